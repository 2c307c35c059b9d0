/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists: what is in them, how they are summed, and that every order made bit by bit is the
 * order that a full sort makes.
 */
#include <math.h>
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
#include "core/filter.h"
#include "core/xalloc.h"
#include "tests/core/made.h"

#define CURL FT_OWNER_FIRST
#define SSHD (FT_OWNER_FIRST + 1)

static const struct ft_show plain = { .layer = 3 };

static struct ft_query query_of(enum ft_list list, const char *sort, bool ascending)
{
	return (struct ft_query){
		.list = list, .sort = sort ? ft_column_find(sort) : NULL, .ascending = ascending,
		.show = &plain,
	};
}

/* ---- order */

/* Flows of random values with many ties; of so many local hosts and remote ports. */
static void make_spread(struct made *made, size_t count, unsigned spread)
{
	static const enum ft_state states[] = { FT_STATE_NONE, FT_STATE_ESTABLISHED,
						FT_STATE_CLOSING, FT_STATE_RESET };

	made_init(made, count);
	for (size_t i = 0; i < count; i++) {
		char local[46], remote[46];
		uint64_t r = made_random();
		bool v6 = r % 5 == 0;

		snprintf(local, sizeof(local), v6 ? "2001:db8::%x" : "10.0.0.%u",
			 (unsigned)(r >> 8) % (v6 ? spread : 4));
		snprintf(remote, sizeof(remote), v6 ? "2001:db8:1::%x:%x" : "192.0.%u.%u",
			 (unsigned)(r >> 12) % 3, (unsigned)(r >> 16) % 200);
		made_add(made, &(struct made_flow){
			.local = local, .remote = remote, .protocol = r % 3 ? 6 : 17,
			.local_port = (uint16_t)(r >> 24), 
			.remote_port = (uint16_t)(r % (spread + 3) + 1),
			.tx_rate = (double)(r >> 20 & 15), .rx_rate = (double)(r >> 28 & 3) * 1e6,
			.tx = { r & 7, r & 63, r & 63 }, .rx = { 0, r & 1, 0 },
			.tx_delta = { r & 1, r & 63, r & 63 },
			.owner = (uint16_t)(r % 6 == 5 ? FT_OWNER_UNKNOWN
						       : FT_OWNER_FIRST + (r >> 32 & 3)),
			.age_s = (double)(r >> 36 & 31), .idle_s = (double)(r >> 40 & 7),
			.state = states[r >> 44 & 3],
			.ended = r % 11 == 0 ? FT_ENDED_FIN : FT_ENDED_NOT,
			.began = "lr\0"[r % 3],
		});
	}
}

static void make_random(struct made *made, size_t count)
{
	make_spread(made, count, 4);
}

/* What the comparison below orders by: qsort has no argument. */
static const struct ft_snapshot *by_snapshot;
static const struct ft_column *by_column;
static bool by_ascending;

/* The order as column.h words it, from rank, compare and id alone. */
static int compare_rows(const void *a, const void *b)
{
	const struct ft_row *x = a, *y = b;
	uint64_t rank_x = by_column->rank(by_snapshot, x, &plain);
	uint64_t rank_y = by_column->rank(by_snapshot, y, &plain);
	uint64_t id_x = ft_row_id(x), id_y = ft_row_id(y);
	int way = (rank_x > rank_y) - (rank_x < rank_y);

	if (way == 0 && by_column->compare && rank_x & 1)
		way = by_column->compare(by_snapshot, x, y, &plain);
	if (way != 0)
		return by_ascending ? way : -way;
	return (id_x > id_y) - (id_x < id_y);
}

/* Every column of flows, both ways; asked for in the order of `places`. */
static void check_order(const struct made *made, const struct ft_column *column, bool ascending,
			size_t want, bool backwards)
{
	size_t count = made->snapshot.row_count;
	struct ft_query query = query_of(FT_LIST_FLOWS, column->id, ascending);
	struct ft_row *wanted = xcalloc(count, sizeof(*wanted));
	struct ft_rows *rows = ft_rows_new();

	for (size_t i = 0; i < count; i++)
		wanted[i].flow = &made->rows[i];
	by_snapshot = &made->snapshot;
	by_column = column;
	by_ascending = ascending;
	qsort(wanted, count, sizeof(*wanted), compare_rows);
	ft_rows_fill(rows, &made->snapshot, &query, want);
	assert_int_equal(ft_rows_count(rows), count);
	for (size_t i = 0; i < count; i++) {
		size_t place = backwards ? count - 1 - i : i;
		struct ft_row row;

		/* first where it will be, which sorts nothing, then what is there */
		assert_int_equal(ft_rows_find(rows, wanted[place].flow->flow->id), place);
		row = ft_rows_at(rows, place);
		if (row.flow != wanted[place].flow)
			fail_msg("%s: place %zu", column->id, place);
	}
	ft_rows_free(rows);
	free(wanted);
}

static void order_is_total(void **state)
{
	struct made made;

	(void)state;
	make_random(&made, 700);
	for (size_t i = 0; i < ft_column_count; i++)
		if (ft_columns[i].lists & FT_ON_FLOWS)
			for (int way = 0; way < 4; way++)
				check_order(&made, &ft_columns[i], way & 1, way ? 50 : 0, way & 2);
	made_done(&made);
}

/* Random places of a larger list, without ever asking for all. */
static void order_in_parts(void **state)
{
	struct made made;
	struct ft_query query = query_of(FT_LIST_FLOWS, "tx", false);
	struct ft_rows *rows = ft_rows_new();
	struct ft_row *wanted;

	(void)state;
	make_random(&made, 30000);
	wanted = xcalloc(30000, sizeof(*wanted));
	for (size_t i = 0; i < 30000; i++)
		wanted[i].flow = &made.rows[i];
	by_snapshot = &made.snapshot;
	by_column = query.sort;
	by_ascending = false;
	qsort(wanted, 30000, sizeof(*wanted), compare_rows);
	ft_rows_fill(rows, &made.snapshot, &query, 40);
	for (int i = 0; i < 400; i++) {
		size_t place = made_random() % 30000;

		assert_int_equal(ft_rows_find(rows, wanted[place].flow->flow->id), place);
		assert_ptr_equal(ft_rows_at(rows, place).flow, wanted[place].flow);
		assert_int_equal(ft_rows_find(rows, wanted[place].flow->flow->id), place);
	}
	assert_int_equal(ft_rows_find(rows, 30001), SIZE_MAX);
	ft_rows_free(rows);
	free(wanted);
	made_done(&made);
}

/* A column's whole order of what a filter lets through. */
static void check_texts(const struct made *made, const struct ft_column *column, bool ascending,
			struct ft_filter *filter)
{
	struct ft_query query = query_of(FT_LIST_FLOWS, column->id, ascending);
	struct ft_row *wanted = xcalloc(made->snapshot.row_count, sizeof(*wanted));
	struct ft_rows *rows = ft_rows_new();
	size_t count = 0;

	for (size_t i = 0; i < made->snapshot.row_count; i++)
		if (!filter || ft_filter_match(filter, &made->snapshot, &made->rows[i]))
			wanted[count++].flow = &made->rows[i];
	by_snapshot = &made->snapshot;
	by_column = column;
	by_ascending = ascending;
	qsort(wanted, count, sizeof(*wanted), compare_rows);
	query.filter = filter;
	ft_rows_fill(rows, &made->snapshot, &query, 50);
	assert_int_equal(ft_rows_count(rows), count);
	for (size_t i = 0; i < count; i++)
		if (ft_rows_at(rows, i).flow != wanted[i].flow)
			fail_msg("%s: place %zu", column->id, i);
	ft_rows_free(rows);
	free(wanted);
}

/* Texts that flows have in common, few of them and more than distinct.h holds; all flows, and
 * those that a filter lets through, which are ranked while they are selected. */
static void order_of_texts(void **state)
{
	static const unsigned spreads[] = { 4, 60000 };
	struct ft_filter *filter = NULL;
	char err[160];

	(void)state;
	assert_int_equal(ft_filter_parse("not net 10.0.0.3/32", NULL, &filter, NULL, err,
					 sizeof(err)), 0);
	for (size_t i = 0; i < 2; i++) {
		struct made made;

		make_spread(&made, 40000, spreads[i]);
		for (size_t c = 0; c < ft_column_count; c++) {
			if (!ft_columns[c].token || !(ft_columns[c].lists & FT_ON_FLOWS))
				continue;
			for (int way = 0; way < 4; way++)
				check_texts(&made, &ft_columns[c], way & 1,
					    way & 2 ? filter : NULL);
		}
		made_done(&made);
	}
	ft_filter_free(filter);
}

/* ---- contents */

static const struct made_flow few[] = {
	/* 1: curl out */
	{ .local = "10.0.0.2", .local_port = 50000, .remote = "192.0.2.7", .remote_port = 443,
	  .protocol = 6, .began = 'l', .owner = CURL, .tx_rate = 100, .rx_rate = 1000,
	  .tx = { 10, 1000, 1140 }, .rx = { 20, 20000, 20280 },
	  .tx_delta = { 1, 100, 114 }, .rx_delta = { 2, 2000, 2028 }, .age_s = 9 },
	/* 2: curl out, another remote */
	{ .local = "10.0.0.2", .local_port = 50001, .remote = "192.0.2.8", .remote_port = 80,
	  .protocol = 6, .began = 'l', .owner = CURL, .tx_rate = 10, .rx_rate = 10,
	  .tx = { 1, 100, 114 }, .rx = { 1, 200, 214 }, .age_s = 5 },
	/* 3: loopback, curl to sshd */
	{ .local = "127.0.0.1", .local_port = 22, .remote = "127.0.0.1", .remote_port = 40000,
	  .protocol = 6, .path = FT_PATH_LOOPBACK, .scope = 1, .began = 'r', .owner = SSHD,
	  .remote_owner = CURL, .tx_rate = 7, .rx_rate = 3,
	  .tx = { 7, 700, 798 }, .rx = { 3, 300, 342 }, .tx_delta = { 7, 700, 798 }, .age_s = 3 },
	/* 4: forwarded */
	{ .local = "10.1.0.9", .local_port = 53, .remote = "192.0.2.7", .remote_port = 5353,
	  .protocol = 17, .path = FT_PATH_TRANSIT, .scope = 2, .owner = FT_OWNER_TRANSIT,
	  .vlan_outer = 100, .tx_rate = 5, .rx_rate = 5, .tx = { 5, 500, 570 },
	  .rx = { 5, 600, 670 }, .rx_delta = { 1, 60, 74 }, .age_s = 2 },
	/* 5: ended, unknown owner */
	{ .local = "10.0.0.2", .local_port = 50002, .remote = "192.0.2.8", .remote_port = 80,
	  .protocol = 6, .began = 'l', .owner = FT_OWNER_UNKNOWN, .tx = { 1, 40, 54 },
	  .ended = FT_ENDED_FIN, .age_s = 1 },
};
#define FEW (sizeof(few) / sizeof(few[0]))

static struct made made_few;

static int setup(void **state)
{
	(void)state;
	made_init(&made_few, FEW);
	for (size_t i = 0; i < FEW; i++)
		made_add(&made_few, &few[i]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	made_done(&made_few);
	return 0;
}

/* A line a group: name flows tx rx (bytes in total), tx rx (interval), rates, own. */
static void print_groups(struct ft_rows *rows, char *buf, size_t size)
{
	const struct ft_column *name = ft_column_find("host");
	size_t fill = 0;

	for (size_t i = 0; i < ft_rows_count(rows); i++) {
		struct ft_row row = ft_rows_at(rows, i);
		struct ft_value value;

		name->get(&made_few.snapshot, &row, &plain, &value);
		fill += (size_t)snprintf(buf + fill, size - fill,
					 "%s %u %llu/%llu %llu/%llu %g/%g%s\n", value.text,
					 row.group->flows, (unsigned long long)row.group->tx.bytes,
					 (unsigned long long)row.group->rx.bytes,
					 (unsigned long long)row.group->delta_tx.bytes,
					 (unsigned long long)row.group->delta_rx.bytes,
					 (double)row.group->rate_bytes[0][0],
					 (double)row.group->rate_bytes[0][1],
					 row.group->own ? " own" : "");
		assert_true(fill < size);
	}
}

static const struct {
	enum ft_list list;
	enum ft_group_by by;
	const char *filter, *lines;
} groups[] = {
	{ FT_LIST_TALKERS, FT_GROUP_HOST, "",
	  "10.0.0.2 3 1140/20200 100/2000 110/1010 own\n"
	  "192.0.2.7 2 20600/1500 2060/100 1005/105\n"
	  "192.0.2.8 2 200/140 0/0 10/10\n"
	  /* tied with the next one: the lower address first */
	  "10.1.0.9 1 500/600 0/60 5/5\n"
	  "127.0.0.1 1 700/300 700/0 7/3 own\n" },
	{ FT_LIST_TALKERS, FT_GROUP_NET, "",
	  "192.0.2.0/24 4 20800/1640 2060/100 1015/115\n"
	  "10.0.0.0/24 3 1140/20200 100/2000 110/1010 own\n"
	  "10.1.0.0/24 1 500/600 0/60 5/5\n"
	  "127.0.0.0/24 1 700/300 700/0 7/3 own\n" },
	{ FT_LIST_TALKERS, FT_GROUP_PORT, "",
	  "tcp/443 1 1000/20000 100/2000 100/1000\n"
	  "tcp/80 2 140/200 0/0 10/10\n"
	  "tcp/22 1 700/300 700/0 7/3\n"
	  "udp/53 1 500/600 0/60 5/5\n" },
	{ FT_LIST_TALKERS, FT_GROUP_PROTOCOL, "",
	  "tcp 4 1840/20500 800/2000 117/1013\nudp 1 500/600 0/60 5/5\n" },
	{ FT_LIST_TALKERS, FT_GROUP_IFACE, "not iface lo",
	  "br0 3 1140/20200 100/2000 110/1010\neth1 1 500/600 0/60 5/5\n" },
	{ FT_LIST_TALKERS, FT_GROUP_VLAN, "",
	  "none 4 1840/20500 800/2000 117/1013\n100 1 500/600 0/60 5/5\n" },
	{ FT_LIST_TALKERS, FT_GROUP_USER, "",
	  "alice 3 1400/20900 100/2700 113/1017 own\n"
	  "transit 1 500/600 0/60 5/5\n"
	  "root 1 700/300 700/0 7/3 own\n"
	  "unknown 1 40/0 0/0 0/0\n" },
	{ FT_LIST_PROCESSES, FT_GROUP_HOST, "",
	  "curl (812) 3 1400/20900 100/2700 113/1017 own\n"
	  "transit 1 500/600 0/60 5/5\n"
	  "sshd (33) 1 700/300 700/0 7/3 own\n"
	  "unknown 1 40/0 0/0 0/0\n" },
	{ FT_LIST_TALKERS, FT_GROUP_HOST, "remote host 192.0.2.8",
	  "10.0.0.2 2 140/200 0/0 10/10 own\n192.0.2.8 2 200/140 0/0 10/10\n" },
	{ FT_LIST_TALKERS, FT_GROUP_HOST, "sctp", "" },
};

static struct ft_filter *filter_of(const char *text)
{
	struct ft_filter *filter = NULL;
	char err[160];

	assert_int_equal(ft_filter_parse(text, NULL, &filter, NULL, err, sizeof(err)), 0);
	return filter;
}

static void grouped(void **state)
{
	struct ft_rows *rows = ft_rows_new(); /* one for all: nothing may be left over */

	(void)state;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct ft_filter *filter = filter_of(groups[i].filter);
		struct ft_query query = query_of(groups[i].list, NULL, false);
		char lines[1024] = "";

		query.group_by = groups[i].by;
		query.filter = filter;
		ft_rows_fill(rows, &made_few.snapshot, &query, 10);
		print_groups(rows, lines, sizeof(lines));
		assert_string_equal(lines, groups[i].lines);
		ft_filter_free(filter);
	}
	ft_rows_free(rows);
}

/* Every flow counts at both ends of talkers: twice the flows' sums, unless both are one. */
static void talkers_add_up(void **state)
{
	struct ft_rows *rows = ft_rows_new();
	struct ft_query query = query_of(FT_LIST_TALKERS, NULL, false);
	uint64_t flows = 0, groups_sum = 0;
	struct made made;

	(void)state;
	make_random(&made, 5000);
	for (size_t i = 0; i < 5000; i++)
		flows += made.rows[i].total[0].bytes + made.rows[i].total[1].bytes;
	ft_rows_fill(rows, &made.snapshot, &query, 0);
	for (size_t i = 0; i < ft_rows_count(rows); i++) {
		const struct ft_group *group = ft_rows_at(rows, i).group;

		groups_sum += group->tx.bytes + group->rx.bytes;
	}
	assert_int_equal(groups_sum, 2 * flows);
	query.list = FT_LIST_PROCESSES;
	ft_rows_fill(rows, &made.snapshot, &query, 0);
	groups_sum = 0;
	for (size_t i = 0; i < ft_rows_count(rows); i++) {
		const struct ft_group *group = ft_rows_at(rows, i).group;

		groups_sum += group->tx.bytes + group->rx.bytes;
	}
	assert_int_equal(groups_sum, flows);
	ft_rows_free(rows);
	made_done(&made);
}

/* Ids of a list's rows in order, as digits. */
static void ids_of(struct ft_rows *rows, char *buf)
{
	size_t count = ft_rows_count(rows);

	for (size_t i = 0; i < count; i++)
		buf[i] = (char)('0' + ft_rows_at(rows, i).flow->flow->id);
	buf[count] = '\0';
}

/* Drilling down from a group lists exactly the flows that it counts. */
static void within(void **state)
{
	static const struct {
		enum ft_list list;
		enum ft_group_by by;
		const char *name, *ids;
	} drills[] = {
		{ FT_LIST_TALKERS, FT_GROUP_HOST, "192.0.2.7", "14" },
		{ FT_LIST_TALKERS, FT_GROUP_HOST, "10.0.0.2", "125" },
		{ FT_LIST_TALKERS, FT_GROUP_NET, "192.0.2.0/24", "1245" },
		{ FT_LIST_TALKERS, FT_GROUP_PORT, "tcp/80", "25" },
		{ FT_LIST_TALKERS, FT_GROUP_PROTOCOL, "udp", "4" },
		{ FT_LIST_TALKERS, FT_GROUP_USER, "alice", "123" },
		{ FT_LIST_TALKERS, FT_GROUP_IFACE, "lo", "3" },
		{ FT_LIST_TALKERS, FT_GROUP_VLAN, "100", "4" },
		{ FT_LIST_PROCESSES, 0, "curl (812)", "123" },
		{ FT_LIST_PROCESSES, 0, "sshd (33)", "3" },
		{ FT_LIST_PROCESSES, 0, "transit", "4" },
		{ FT_LIST_PROCESSES, 0, "unknown", "5" },
	};
	const struct ft_column *name = ft_column_find("host");

	(void)state;
	for (size_t i = 0; i < sizeof(drills) / sizeof(drills[0]); i++) {
		struct ft_rows *list = ft_rows_new(), *flows = ft_rows_new();
		struct ft_query query = query_of(drills[i].list, NULL, false);
		struct ft_group group = { 0 };
		char ids[16];

		query.group_by = drills[i].by;
		ft_rows_fill(list, &made_few.snapshot, &query, 0);
		for (size_t k = 0; k < ft_rows_count(list); k++) {
			struct ft_row row = ft_rows_at(list, k);
			struct ft_value value;

			name->get(&made_few.snapshot, &row, &plain, &value);
			if (strcmp(value.text, drills[i].name) == 0)
				group = *row.group;
		}
		assert_true(group.id != 0);
		assert_int_equal(ft_rows_find(list, group.id) < ft_rows_count(list), 1);
		query = query_of(FT_LIST_FLOWS, "age", false);
		query.within = &group;
		ft_rows_fill(flows, &made_few.snapshot, &query, 9);
		ids_of(flows, ids);
		assert_string_equal(ids, drills[i].ids);
		assert_int_equal(ft_rows_hidden(flows).flows, 0);
		ft_rows_free(list);
		ft_rows_free(flows);
	}
}

/* What the filter hides is counted; flows shown and hidden together are the interval. */
static void hidden(void **state)
{
	struct ft_rows *rows = ft_rows_new();
	struct ft_query query = query_of(FT_LIST_FLOWS, "total", false);
	struct ft_filter *filter = filter_of("udp or iface lo");
	struct ft_hidden left_out;
	char ids[16];

	(void)state;
	query.filter = filter;
	ft_rows_fill(rows, &made_few.snapshot, &query, 9);
	ids_of(rows, ids);
	assert_string_equal(ids, "43");
	left_out = ft_rows_hidden(rows);
	assert_int_equal(left_out.flows, 3);
	assert_int_equal(left_out.interval.packets, 3);
	assert_int_equal(left_out.interval.bytes, 2100);
	assert_int_equal(left_out.interval.l2_bytes, 2142);
	query.hide_closed = true;
	query.filter = NULL;
	ft_rows_fill(rows, &made_few.snapshot, &query, 9);
	ids_of(rows, ids);
	assert_string_equal(ids, "1432");
	assert_int_equal(ft_rows_hidden(rows).flows, 0);
	/* So is what a filter kept from being read. */
	made_few.snapshot.withheld = (struct ft_hidden){ 7, { 10, 1000, 1140 } };
	query.filter = filter;
	ft_rows_fill(rows, &made_few.snapshot, &query, 9);
	assert_int_equal(ft_rows_hidden(rows).flows, 10);
	assert_int_equal(ft_rows_hidden(rows).interval.packets, 13);
	query.filter = NULL;
	ft_rows_fill(rows, &made_few.snapshot, &query, 9);
	assert_int_equal(ft_rows_hidden(rows).flows, 7);
	assert_int_equal(ft_rows_hidden(rows).interval.bytes, 1000);
	made_few.snapshot.withheld = (struct ft_hidden){ 0 };
	ft_filter_free(filter);
	ft_rows_free(rows);
}

/* A changed sort, filter, list or moment always shows; nothing of the last fill is left. */
static void refill(void **state)
{
	struct ft_rows *rows = ft_rows_new();
	struct ft_query query = query_of(FT_LIST_FLOWS, "total", false);
	struct ft_filter *filter;
	char ids[16];

	(void)state;
	ft_rows_fill(rows, &made_few.snapshot, &query, 2);
	ids_of(rows, ids);
	assert_string_equal(ids, "14325");
	query.ascending = true;
	ft_rows_fill(rows, &made_few.snapshot, &query, 2);
	ids_of(rows, ids);
	assert_string_equal(ids, "52341");
	query.sort = ft_column_find("remote");
	ft_rows_fill(rows, &made_few.snapshot, &query, 2);
	ids_of(rows, ids);
	assert_string_equal(ids, "31425");
	filter = filter_of("host 192.0.2.8");
	query.filter = filter;
	ft_rows_fill(rows, &made_few.snapshot, &query, 2);
	ids_of(rows, ids);
	assert_string_equal(ids, "25");
	ft_filter_free(filter);
	filter = filter_of("host 192.0.2.7");
	query.filter = filter;
	query.sort = ft_column_find("rate");
	ft_rows_fill(rows, &made_few.snapshot, &query, 2);
	ids_of(rows, ids);
	assert_string_equal(ids, "41");
	made_few.rows[3].rate_bytes[0][0] += 5000;
	made_tick(&made_few);
	query.ascending = false;
	ft_rows_fill(rows, &made_few.snapshot, &query, 2);
	ids_of(rows, ids);
	assert_string_equal(ids, "41");
	made_few.rows[3].rate_bytes[0][0] -= 5000;
	made_tick(&made_few);
	ft_filter_free(filter);
	ft_rows_free(rows);
}

/* ---- frozen */

/* The order stands while values change; rows that come later go to the end; thawing and
 * sorting anew make a new order. */
static void frozen(void **state)
{
	struct ft_rows *rows = ft_rows_new();
	struct ft_query query = query_of(FT_LIST_FLOWS, "rate", false);
	struct made made;
	char ids[16];

	(void)state;
	made_init(&made, FEW + 2);
	for (size_t i = 0; i < FEW; i++)
		made_add(&made, &few[i]);
	ft_rows_fill(rows, &made.snapshot, &query, 9);
	ids_of(rows, ids);
	assert_string_equal(ids, "12345");
	query.frozen = true;
	made.rows[4].rate_bytes[0][0] = 1e6F;
	made_tick(&made);
	ft_rows_fill(rows, &made.snapshot, &query, 9);
	ids_of(rows, ids);
	assert_string_equal(ids, "12345");
	made_add(&made, &few[0]);
	made_add(&made, &few[1]);
	made_tick(&made);
	ft_rows_fill(rows, &made.snapshot, &query, 9);
	ids_of(rows, ids);
	assert_string_equal(ids, "1234567");
	/* a row that is gone leaves the others where they are */
	made.rows[1].ended = FT_ENDED_IDLE;
	made.rows[2].ended = FT_ENDED_STOP; /* as all are in a recording's last picture */
	query.hide_closed = true;
	ft_rows_fill(rows, &made.snapshot, &query, 9);
	ids_of(rows, ids);
	assert_string_equal(ids, "13467");
	made.rows[2].ended = FT_ENDED_NOT;
	query.hide_closed = false;
	/* another column orders anew, and freezes that */
	query.sort = ft_column_find("total");
	ft_rows_fill(rows, &made.snapshot, &query, 9);
	ids_of(rows, ids);
	assert_string_equal(ids, "1643275");
	made.rows[4].total[0].bytes = 1 << 30;
	made_tick(&made);
	ft_rows_fill(rows, &made.snapshot, &query, 9);
	ids_of(rows, ids);
	assert_string_equal(ids, "1643275");
	query.frozen = false;
	ft_rows_fill(rows, &made.snapshot, &query, 9);
	ids_of(rows, ids);
	assert_string_equal(ids, "5164327");
	ft_rows_free(rows);
	made_done(&made);
}

/* Texts longer than their rank, groups, ascending: frozen orders are the ones there were. */
static void frozen_everything(void **state)
{
	struct made made;

	(void)state;
	make_random(&made, 500);
	for (size_t i = 0; i < ft_column_count; i++) {
		for (int way = 0; way < 4; way++) {
			enum ft_list list = way & 2 ? FT_LIST_TALKERS : FT_LIST_FLOWS;
			struct ft_query query = query_of(list, ft_columns[i].id, way & 1);
			struct ft_rows *rows = ft_rows_new();
			uint64_t before[600];
			size_t count;

			if (!(ft_columns[i].lists & 1U << list)) {
				ft_rows_free(rows);
				continue;
			}
			ft_rows_fill(rows, &made.snapshot, &query, 1000);
			count = ft_rows_count(rows);
			for (size_t k = 0; k < count; k++) {
				struct ft_row row = ft_rows_at(rows, k);

				before[k] = ft_row_id(&row);
			}
			query.frozen = true;
			made_tick(&made);
			ft_rows_fill(rows, &made.snapshot, &query, 3);
			for (size_t k = 0; k < count; k++) {
				struct ft_row row = ft_rows_at(rows, k);

				if (ft_row_id(&row) != before[k])
					fail_msg("%s: place %zu", ft_columns[i].id, k);
			}
			ft_rows_free(rows);
		}
	}
	made_done(&made);
}

/* ---- baseline and rates */

static void baseline(void **state)
{
	struct ft_rows *rows = ft_rows_new();
	struct ft_show show = plain;
	struct ft_query query = query_of(FT_LIST_PROCESSES, "process", true);
	struct ft_baseline *base;
	struct made made;
	const struct ft_group *curl;

	(void)state;
	made_init(&made, FEW + 1);
	for (size_t i = 0; i < FEW; i++)
		made_add(&made, &few[i]);
	base = ft_baseline_new(&made.snapshot);
	made.rows[0].total[ft_flow_tx(made.rows[0].flow)].bytes += 77;
	made_add(&made, &few[0]); /* began after the baseline: counts whole */
	made_tick(&made);
	assert_int_equal(ft_flow_total(base, &made.rows[0], ft_flow_tx(made.rows[0].flow)).bytes,
			 77);
	assert_int_equal(ft_flow_total(base, &made.rows[1], 0).bytes, 0);
	assert_int_equal(ft_flow_total(NULL, &made.rows[1], ft_flow_tx(made.rows[1].flow)).bytes,
			 100);
	show.baseline = base;
	query.show = &show;
	ft_rows_fill(rows, &made.snapshot, &query, 1);
	curl = ft_rows_at(rows, 0).group;
	assert_int_equal(curl->owner, CURL);
	assert_int_equal(curl->tx.bytes, 77 + 1000);
	assert_int_equal(curl->rx.bytes, 20000);
	/* a moment older than the baseline has counted nothing since */
	made.rows[0].total[0] = made.rows[0].total[1] = (struct ft_counts){ 0 };
	assert_int_equal(ft_flow_total(base, &made.rows[0], 0).bytes, 0);
	ft_baseline_free(base);
	ft_baseline_free(NULL);
	ft_rows_free(rows);
	made_done(&made);
}

static void rates(void **state)
{
	const struct ft_flow_hot *flow = &made_few.rows[0];
	int tx = ft_flow_tx(flow->flow);

	(void)state;
	assert_true(ft_flow_rate(&made_few.snapshot, flow, tx, 1, FT_UNIT_BYTES, 3) == 100);
	assert_true(ft_flow_rate(&made_few.snapshot, flow, tx, 1, FT_UNIT_BITS, 3) == 100);
	assert_true(ft_flow_rate(&made_few.snapshot, flow, !tx, 0, FT_UNIT_PACKETS, 2) == 10);
	/* layer 2: by the flow's own ratio, 1140 of 1000 */
	assert_true(fabs(ft_flow_rate(&made_few.snapshot, flow, tx, 1, FT_UNIT_BYTES, 2) - 114) <
		    1e-9);
}

/* Nothing at all is a list of no rows. */
static void empty(void **state)
{
	struct ft_rows *rows = ft_rows_new();
	struct made made;

	(void)state;
	made_init(&made, 0);
	for (int list = 0; list < FT_LIST_MAX; list++) {
		struct ft_query query = query_of((enum ft_list)list, NULL, false);

		ft_rows_fill(rows, &made.snapshot, &query, 50);
		assert_int_equal(ft_rows_count(rows), 0);
		assert_int_equal(ft_rows_find(rows, 1), SIZE_MAX);
		assert_non_null(ft_list_name((enum ft_list)list));
	}
	made_done(&made);
	ft_rows_free(rows);
	ft_rows_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_total), cmocka_unit_test(order_in_parts),
		cmocka_unit_test(order_of_texts),
		cmocka_unit_test(grouped),	  cmocka_unit_test(talkers_add_up),
		cmocka_unit_test(within),	  cmocka_unit_test(hidden),
		cmocka_unit_test(refill),	  cmocka_unit_test(frozen),
		cmocka_unit_test(frozen_everything), cmocka_unit_test(baseline),
		cmocka_unit_test(rates),	  cmocka_unit_test(empty),
	};

	return cmocka_run_group_tests_name("rows", tests, setup, teardown);
}
