/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two moments and what differs: which flows are the same, what lists and columns make of it, and
 * that numbers of scopes, owners and ids which mean something else in the other moment do not mix.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/addr.h"
#include "core/column.h"
#include "core/difference.h"
#include "core/filter.h"
#include "core/snapshot_own.h"
#include "core/xalloc.h"
#include "tests/core/boxed.h"
#include "tests/core/made.h"

#define CURL FT_OWNER_FIRST
#define SSHD (FT_OWNER_FIRST + 1)

static const struct ft_show plain = { .layer = 3, .difference = true };

static struct ft_query query_of(enum ft_list list, const char *sort)
{
	return (struct ft_query){ .list = list, .sort = ft_column_find(sort), .show = &plain };
}

/* A flow of the local port, owned by curl; older flows began before both moments. */
static struct ft_flow_hot *add(struct made *made, uint16_t port, uint64_t bytes, double rate)
{
	return made_add(made, &(struct made_flow){
				      .local = "10.0.0.1",
				      .remote = port < 2000 ? "192.0.2.7" : "192.0.2.8",
				      .local_port = port,
				      .remote_port = 443,
				      .protocol = 6,
				      .began = 'l',
				      .owner = CURL,
				      .tx_rate = rate,
				      .tx = { bytes / 100, bytes, bytes + 14 },
				      .rx = { 1, 40, 54 },
				      .age_s = 60,
				      .state = FT_STATE_ESTABLISHED,
			      });
}

/* The same flow in the later moment: made_add reckons ages from the end. */
static struct ft_flow_hot *add_later(struct made *made, uint16_t port, uint64_t bytes, double rate)
{
	struct ft_flow_hot *hot = add(made, port, bytes, rate);

	made->flows[hot - made->rows].first_ns -= 10 * MADE_SEC;
	return hot;
}

/* Before: 1001 (stays the same), 1002 (grows), 1003 (vanishes). Ten seconds later also 2001. */
struct moments {
	struct made made[2];
	struct ft_snapshot *before, *after, *difference;
};

static void box(struct moments *m)
{
	m->before = boxed(&m->made[0].snapshot);
	m->after = boxed(&m->made[1].snapshot);
	m->difference = ft_difference_new(m->before, m->after, false);
}

static void begin(struct moments *m)
{
	memset(m, 0, sizeof(*m));
	made_init(&m->made[0], 8);
	made_init(&m->made[1], 8);
	m->made[1].snapshot.generation = 11;
	m->made[1].snapshot.end_ns += 10 * MADE_SEC;
}

static void open_moments(struct moments *m)
{
	begin(m);
	add(&m->made[0], 1001, 1000, 100);
	add(&m->made[0], 1002, 2000, 200);
	add(&m->made[0], 1003, 3000, 300);
	/* in another order, under other ids */
	add_later(&m->made[1], 2001, 500, 50);
	add_later(&m->made[1], 1002, 2700, 150);
	add_later(&m->made[1], 1001, 1000, 0);
	box(m);
}

static void close_moments(struct moments *m)
{
	ft_snapshot_put(m->difference);
	ft_snapshot_put(m->before);
	ft_snapshot_put(m->after);
	made_done(&m->made[0]);
	made_done(&m->made[1]);
}

/* "1002 grew 700": local port, change, difference of totals, in the list's order. */
static void describe(const struct ft_snapshot *snapshot, const struct ft_query *query, char *text,
		     size_t size)
{
	const struct ft_column *name = ft_column_find(query->list == FT_LIST_FLOWS     ? "local"
						      : query->list == FT_LIST_TALKERS ? "host"
										       : "process");
	struct ft_rows *rows = ft_rows_new();
	size_t used = 0;

	text[0] = '\0';
	ft_rows_fill(rows, snapshot, query, 1);
	for (size_t i = 0; i < ft_rows_count(rows); i++) {
		struct ft_row row = ft_rows_at(rows, i);
		struct ft_value value;
		char total[64];

		name->get(snapshot, &row, &plain, &value);
		ft_column_find("total")->format(snapshot, &row, &plain, 12, total, sizeof(total));
		used += (size_t)snprintf(text + used, size - used, "%s%s %s %s", i ? ", " : "",
					 value.text, ft_differs_name(ft_differs(snapshot, &row)),
					 total);
	}
	ft_rows_free(rows);
}

static void expect(const struct ft_snapshot *snapshot, enum ft_list list, const char *sort,
		   const char *wanted)
{
	struct ft_query query = query_of(list, sort);
	char text[1024];

	describe(snapshot, &query, text, sizeof(text));
	assert_string_equal(text, wanted);
}

static void lists_show_what_differs(void **state)
{
	struct moments m;

	(void)state;
	open_moments(&m);
	expect(m.difference, FT_LIST_FLOWS, "total",
	       "10.0.0.1:1002 grew 700, 10.0.0.1:2001 appeared 540, 10.0.0.1:1001 same 0, "
	       "10.0.0.1:1003 vanished -3.04k");
	/* 50 came, 50 and 100 are less, 300 went */
	expect(m.difference, FT_LIST_FLOWS, "rate",
	       "10.0.0.1:2001 appeared 540, 10.0.0.1:1002 grew 700, 10.0.0.1:1001 same 0, "
	       "10.0.0.1:1003 vanished -3.04k");
	expect(m.difference, FT_LIST_FLOWS, "change",
	       "10.0.0.1:2001 appeared 540, 10.0.0.1:1003 vanished -3.04k, "
	       "10.0.0.1:1002 grew 700, 10.0.0.1:1001 same 0");
	expect(m.difference, FT_LIST_TALKERS, "total",
	       "192.0.2.8 appeared 540, 10.0.0.1 shrank -1.80k, 192.0.2.7 shrank -2.34k");
	expect(m.difference, FT_LIST_PROCESSES, "total", "curl shrank -1.80k");
	assert_int_equal(m.difference->difference->flows[FT_DIFFERS_GREW], 1);
	assert_int_equal(m.difference->difference->flows[FT_DIFFERS_VANISHED], 1);
	assert_true(ft_difference_since(m.difference) == m.before->end_ns);
	assert_true(ft_difference_since(m.after) == 0);
	close_moments(&m);
}

/* What flows counted that have left is in a process's totals, so that these only grow. */
static void processes_keep_what_left(void **state)
{
	struct ft_past past[2][FT_OWNER_FIRST + 2] = { { { .pid = 0 } } };
	struct moments m;

	(void)state;
	begin(&m);
	add(&m.made[0], 1001, 1000, 100);
	add(&m.made[0], 1002, 2000, 0);
	add_later(&m.made[1], 1001, 1100, 100);
	past[0][CURL].tx = (struct ft_counts){ 5, 500, 570 };
	past[0][CURL].first_ns = past[0][CURL].last_ns = MADE_START;
	past[1][CURL] = past[0][CURL];
	past[1][CURL].tx = (struct ft_counts){ 26, 2600, 2684 }; /* 1002 with 100 bytes more */
	past[1][CURL].rx = (struct ft_counts){ 1, 40, 54 };
	past[1][SSHD] = past[0][CURL];
	m.made[0].snapshot.past = past[0];
	m.made[1].snapshot.past = past[1];
	m.made[0].snapshot.past_count = m.made[1].snapshot.past_count = FT_OWNER_FIRST + 2;
	box(&m);
	expect(m.difference, FT_LIST_PROCESSES, "total", "sshd appeared 500, curl grew 200");
	close_moments(&m);
}

/* The same ends and ports, first seen at another time: another flow. */
static void a_tuple_used_again_is_another_flow(void **state)
{
	struct moments m;

	(void)state;
	begin(&m);
	add(&m.made[0], 1001, 1000, 0);
	add(&m.made[1], 1001, 1500, 0); /* began ten seconds later */
	box(&m);
	expect(m.difference, FT_LIST_FLOWS, "total",
	       "10.0.0.1:1001 appeared 1.54k, 10.0.0.1:1001 vanished -1.04k");
	close_moments(&m);
	/* Records hold microseconds: what is below them does not tell flows apart. */
	begin(&m);
	add(&m.made[0], 1001, 1000, 0);
	add_later(&m.made[1], 1001, 1500, 0);
	m.made[0].flows[0].first_ns += 999;
	box(&m);
	expect(m.difference, FT_LIST_FLOWS, "total", "10.0.0.1:1001 grew 500");
	close_moments(&m);
}

/* In one run it is the id that tells: when a flow was first seen moves with the clock. */
static void a_set_clock_tells_nothing(void **state)
{
	struct ft_snapshot *difference;
	struct moments m;

	(void)state;
	begin(&m);
	add(&m.made[0], 1001, 1000, 0);
	add(&m.made[0], 1002, 1000, 0);
	add(&m.made[1], 1001, 1500, 0); /* ten seconds later by the clock */
	add(&m.made[1], 1002, 1500, 0);
	m.made[1].flows[1].id = 7; /* another flow on the same tuple */
	box(&m);
	difference = ft_difference_new(m.before, m.after, true);
	expect(difference, FT_LIST_FLOWS, "total",
	       "10.0.0.1:1002 appeared 1.54k, 10.0.0.1:1001 grew 500, "
	       "10.0.0.1:1002 vanished -1.04k");
	ft_snapshot_put(difference);
	close_moments(&m);
}

/* Interfaces are told by name, processes by what they are, whatever their numbers. */
static void numbers_of_the_other_moment_do_not_mix(void **state)
{
	struct ft_process processes[8];
	struct ft_query query = query_of(FT_LIST_TALKERS, "total");
	struct moments m;
	char text[512];

	(void)state;
	begin(&m);
	add(&m.made[0], 1001, 1000, 0);
	add(&m.made[0], 1002, 1000, 0)->owner[ft_flow_tx(&m.made[0].flows[1])] = SSHD;
	add_later(&m.made[1], 1001, 1100, 0);
	/* There br0 is number 2 and eth1 number 0, and what was curl's number is sshd's. */
	memcpy(m.made[1].scopes[0].name, "eth1", 5);
	memcpy(m.made[1].scopes[2].name, "br0", 4);
	m.made[1].flows[0].key.scope = 2;
	memcpy(processes, m.made[1].process, sizeof(processes));
	m.made[1].process[0] = processes[2];
	m.made[1].process[1] = processes[0];
	m.made[1].process[2] = processes[3];
	m.made[1].snapshot.process_count = 3;
	m.made[1].rows[0].owner[ft_flow_tx(&m.made[1].flows[0])] = SSHD;
	box(&m);
	expect(m.difference, FT_LIST_PROCESSES, "total", "curl grew 100, sshd vanished -1.04k");
	query.group_by = FT_GROUP_IFACE;
	describe(m.difference, &query, text, sizeof(text));
	assert_string_equal(text, "br0 shrank -940");
	close_moments(&m);
}

/* Several hosts (of a database) have interfaces of one name, in an order of the moment's own; one
 * that only the baseline has keeps its name. */
static void hosts_do_not_mix(void **state)
{
	char web1[] = "web1", web2[] = "web2", web3[] = "web3";
	char *hosts[2][2] = { { web1, web2 }, { web2, web3 } };
	struct ft_snapshot_scope scopes[2][2];
	struct moments m;

	(void)state;
	begin(&m);
	memset(scopes, 0, sizeof(scopes));
	for (int k = 0; k < 2; k++) {
		for (uint16_t i = 0; i < 2; i++) {
			memcpy(scopes[k][i].name, "eth0", 5);
			scopes[k][i].scope = i;
			scopes[k][i].observer = i + 1;
		}
		m.made[k].snapshot.scopes = scopes[k];
		m.made[k].snapshot.scope_count = 2;
		m.made[k].snapshot.observers = hosts[k];
		m.made[k].snapshot.observer_count = 2;
	}
	add(&m.made[0], 1001, 1000, 0);
	m.made[0].flows[0].key.scope = 0; /* web1's */
	add(&m.made[0], 1002, 1000, 0);
	m.made[0].flows[1].key.scope = 1; /* web2's */
	add_later(&m.made[1], 1002, 1100, 0);
	m.made[1].flows[0].key.scope = 0;
	box(&m);
	expect(m.difference, FT_LIST_FLOWS, "total",
	       "10.0.0.1:1002 grew 100, 10.0.0.1:1001 vanished -1.04k");
	assert_string_equal(ft_snapshot_observer(m.difference, m.difference->rows[0].flow->key.scope),
			    "web2");
	assert_string_equal(ft_snapshot_observer(m.difference, m.difference->rows[1].flow->key.scope),
			    "web1");
	close_moments(&m);
}

/* Ids are a moment's own: what vanished gets another where its own is taken. */
static void ids_stay_unique(void **state)
{
	struct moments m;

	(void)state;
	open_moments(&m);
	for (size_t i = 0; i < m.difference->row_count; i++)
		for (size_t j = i + 1; j < m.difference->row_count; j++)
			assert_true(m.difference->rows[i].flow->id !=
				    m.difference->rows[j].flow->id);
	close_moments(&m);
}

static void filters_see_what_vanished(void **state)
{
	struct ft_query query = query_of(FT_LIST_FLOWS, "total");
	struct ft_filter *filter;
	struct moments m;
	char text[512], err[160];
	size_t where;

	(void)state;
	open_moments(&m);
	assert_int_equal(
		ft_filter_parse("port 1003 or port 2001", NULL, &filter, &where, err, sizeof(err)),
		0);
	query.filter = filter;
	describe(m.difference, &query, text, sizeof(text));
	assert_string_equal(text, "10.0.0.1:2001 appeared 540, 10.0.0.1:1003 vanished -3.04k");
	query.list = FT_LIST_PROCESSES;
	describe(m.difference, &query, text, sizeof(text));
	assert_string_equal(text, "curl shrank -2.50k");
	ft_filter_free(filter);
	close_moments(&m);
}

/* What is left of a difference when everybody else let go; and what a copy of it is. */
static void it_lives_alone(void **state)
{
	struct ft_snapshot *copy, *again;
	struct moments m;

	(void)state;
	open_moments(&m);
	copy = ft_snapshot_copy(m.difference);
	assert_null(copy->difference);
	assert_int_equal(copy->row_count, 3);
	again = ft_difference_new(m.difference, m.difference, true); /* stands for the later moment */
	ft_snapshot_put(m.before);
	ft_snapshot_put(m.after);
	m.before = m.after = NULL;
	expect(m.difference, FT_LIST_FLOWS, "total",
	       "10.0.0.1:1002 grew 700, 10.0.0.1:2001 appeared 540, 10.0.0.1:1001 same 0, "
	       "10.0.0.1:1003 vanished -3.04k");
	assert_int_equal(again->difference->flows[FT_DIFFERS_SAME], 3);
	assert_ptr_equal(ft_difference_moment(copy), copy);
	ft_snapshot_put(again);
	ft_snapshot_put(copy);
	close_moments(&m);
}

/* Nothing before, nothing after, flows that are all alike. */
static void edges(void **state)
{
	struct moments m;

	(void)state;
	begin(&m);
	box(&m);
	assert_int_equal(m.difference->row_count, 0);
	expect(m.difference, FT_LIST_PROCESSES, "total", "");
	close_moments(&m);
	begin(&m);
	for (int i = 0; i < 3; i++) {
		add(&m.made[0], 1001, 1000, 0);
		add_later(&m.made[1], 1001, 1000, 0);
	}
	box(&m);
	/* one of them is found, and the others are none's */
	assert_int_equal(m.difference->row_count, 5);
	assert_int_equal(m.difference->difference->flows[FT_DIFFERS_SAME], 1);
	close_moments(&m);
}

/* More interfaces in both moments than there are numbers. */
static void scopes_are_bounded(void **state)
{
	struct ft_snapshot_scope scopes[2][FT_MAX_SCOPES];
	struct moments m;

	(void)state;
	begin(&m);
	memset(scopes, 0, sizeof(scopes));
	for (int k = 0; k < 2; k++) {
		for (uint16_t i = 0; i < FT_MAX_SCOPES; i++) {
			snprintf(scopes[k][i].name, IFNAMSIZ, "%c%u", 'a' + k, (unsigned)i);
			scopes[k][i].scope = i;
		}
		m.made[k].snapshot.scopes = scopes[k];
		m.made[k].snapshot.scope_count = FT_MAX_SCOPES;
	}
	add(&m.made[0], 1001, 1000, 0);
	box(&m);
	assert_in_range(m.difference->rows[0].flow->key.scope, 0, FT_MAX_SCOPES - 1);
	expect(m.difference, FT_LIST_FLOWS, "total", "10.0.0.1:1001 vanished -1.04k");
	close_moments(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_show_what_differs),
		cmocka_unit_test(processes_keep_what_left),
		cmocka_unit_test(a_tuple_used_again_is_another_flow),
		cmocka_unit_test(a_set_clock_tells_nothing),
		cmocka_unit_test(numbers_of_the_other_moment_do_not_mix),
		cmocka_unit_test(hosts_do_not_mix),
		cmocka_unit_test(ids_stay_unique),
		cmocka_unit_test(filters_see_what_vanished),
		cmocka_unit_test(it_lives_alone),
		cmocka_unit_test(edges),
		cmocka_unit_test(scopes_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
