/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events: the ring's order, bound, sharing and its hold on owners; what is derived from flows,
 * interval by interval; which events each expression lets through.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/column.h"
#include "core/event.h"
#include "core/filter.h"
#include "core/rows.h"
#include "feed.h"

#define TCP 6
#define UDP 17
#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10
#define SHAKE(us) ((uint32_t)((us) * 1000 / FT_SHAKE_NS))

/* An event of a moment, of socket n. */
static struct ft_flow_event event_at(uint64_t when_ns, uint64_t n)
{
	return (struct ft_flow_event){
		.hot = { .last_ns = when_ns }, .socket = n, .closed_by = FT_END_NONE,
	};
}

static void add_at(struct ft_events *events, uint64_t when_ns, uint64_t n)
{
	struct ft_flow_event event = event_at(when_ns, n);

	ft_events_add(events, &event);
}

/* ---- the ring */

static void test_order(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_events *events = ft_events_new(100, owners);
	const struct ft_event_list *list = ft_events_publish(events);

	(void)state;
	assert_int_equal(ft_event_list_count(list), 0);
	assert_int_equal(ft_event_list_fresh(list), 0);
	ft_event_list_put(list);
	add_at(events, 30, 1);
	add_at(events, 10, 2);
	add_at(events, 20, 3);
	add_at(events, 10, 4);
	list = ft_events_publish(events);
	assert_int_equal(ft_event_list_count(list), 4);
	assert_int_equal(ft_event_list_fresh(list), 0);
	for (size_t i = 0; i < 4; i++) {
		const struct ft_flow_event *event = ft_event_list_at(list, i);

		/* By time; of one moment as they came. */
		assert_int_equal(event->socket, ((uint64_t[]){ 2, 4, 3, 1 })[i]);
		assert_int_equal(event->flow.id, i + 1);
		assert_ptr_equal(event->hot.flow, &event->flow);
	}
	ft_event_list_put(list);
	add_at(events, 5, 5); /* came late: the order of printing is that of coming */
	list = ft_events_publish(events);
	assert_int_equal(ft_event_list_count(list), 5);
	assert_int_equal(ft_event_list_fresh(list), 4);
	assert_int_equal(ft_event_list_at(list, 4)->socket, 5);
	assert_int_equal(ft_event_list_total(list), 5);
	ft_event_list_put(list);
	list = ft_events_publish(events);
	assert_int_equal(ft_event_list_fresh(list), 5);
	ft_event_list_put(list);
	ft_events_free(events);
	ft_owners_free(owners);
	assert_int_equal(ft_event_list_count(NULL), 0);
}

/* Over the bound in one interval, and over it in the ring: exactly counted, exactly kept. */
static void test_bound(void **state)
{
	const size_t bound = 3 * FT_EVENT_CHUNK / 2;
	struct ft_owners *owners = ft_owners_new();
	struct ft_events *events = ft_events_new(bound, owners);
	const struct ft_event_list *lists[20];
	uint64_t n = 0, total = 0;

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		size_t count = i == 7 ? bound + 11 : 37 * i, kept = count < bound ? count : bound;
		size_t want = total + kept < bound ? total + kept : bound;

		for (size_t k = 0; k < count; k++)
			add_at(events, 1000 + n, n), n++;
		if (i == 7)
			ft_events_lost(events, FT_EVENT_LOST_RING, 5);
		total += kept;
		lists[i] = ft_events_publish(events);
		assert_int_equal(ft_event_list_total(lists[i]), total);
		assert_int_equal(ft_event_list_count(lists[i]), want);
		assert_int_equal(ft_event_list_fresh(lists[i]), want - kept);
		assert_int_equal(ft_event_list_lost(lists[i], FT_EVENT_LOST_BOUND),
				 i >= 7 ? n - total : 0);
		assert_int_equal(ft_event_list_lost(lists[i], FT_EVENT_LOST_RING), i >= 7 ? 5 : 0);
	}
	/* Each list still shows its own, the ring is gone. */
	ft_events_free(events);
	for (size_t i = 0; i < 20; i++) {
		uint64_t last = ft_event_list_total(lists[i]);
		size_t count = ft_event_list_count(lists[i]);

		for (size_t k = 0; k < count; k++)
			assert_int_equal(ft_event_list_at(lists[i], k)->flow.id,
					 last - count + k + 1);
		ft_event_list_put(lists[i]);
	}
	ft_owners_free(owners);
}

/* Reads a list over and over while the ring goes on, then lets go of it. */
static void *read_list(void *arg)
{
	const struct ft_event_list *list = arg;
	size_t count = ft_event_list_count(list);
	uint64_t sum = 0, *ret_sum = malloc(sizeof(*ret_sum));

	for (int turn = 0; turn < 50; turn++)
		for (size_t i = 0; i < count; i++)
			sum += ft_event_list_at(list, i)->socket;
	ft_event_list_put(list);
	*ret_sum = sum / 50;
	return ret_sum;
}

static void test_threads(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_events *events = ft_events_new(300, owners);
	pthread_t threads[8];
	uint64_t wanted[8];

	(void)state;
	for (uint64_t i = 0; i < 8; i++) {
		const struct ft_event_list *list;

		for (uint64_t k = 0; k < 100; k++)
			add_at(events, i * 100 + k, i * 100 + k);
		list = ft_events_publish(events);
		wanted[i] = 0;
		for (size_t k = 0; k < ft_event_list_count(list); k++)
			wanted[i] += ft_event_list_at(list, k)->socket;
		assert_int_equal(pthread_create(&threads[i], NULL, read_list,
						(void *)(uintptr_t)list), 0);
	}
	ft_events_free(events);
	for (int i = 0; i < 8; i++) {
		void *sum;

		pthread_join(threads[i], &sum);
		assert_int_equal(*(uint64_t *)sum, wanted[i]);
		free(sum);
	}
	ft_owners_free(owners);
}

/* Who lived for a millisecond stays named as long as an event names it, and no longer. */
static void test_owner(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_events *events = ft_events_new(2, owners);
	struct ft_flow_event event = event_at(1, 1);
	uint64_t later = 10 * FT_OWNER_KEEP_NS;

	(void)state;
	event.hot.owner[0] = ft_owners_add_process(owners, &(struct ft_process){
		.pid = 77, .start_ns = 5, .name = "brief" });
	ft_events_add(events, &event);
	ft_owners_exited(owners, 77, 6);
	ft_owners_reap(owners, later);
	assert_non_null(ft_owners_process(owners, event.hot.owner[0]));
	ft_event_list_put(ft_events_publish(events));
	ft_owners_reap(owners, later);
	assert_non_null(ft_owners_process(owners, event.hot.owner[0]));
	assert_string_equal(ft_owners_process(owners, event.hot.owner[0])->name, "brief");
	add_at(events, 2, 2);
	add_at(events, 3, 3); /* the ring holds two */
	ft_event_list_put(ft_events_publish(events));
	ft_owners_reap(owners, later);
	assert_null(ft_owners_process(owners, event.hot.owner[0]));
	ft_events_free(events);
	ft_owners_free(owners);
}

/* ---- derived from flows */

struct bed {
	struct ft_owners *owners;
	struct ft_table *table;
	struct feed feed;
	struct ft_snapshot *snapshot;
};

/* 10.0.0.1 is ours. */
static void make_bed(struct bed *bed)
{
	struct ft_net own = { .prefix = 128, .ifindex = 1, .own = true };
	struct ft_flow_key key = feed_key(1, 0, 2, 0, UDP);
	struct ft_table_config config;

	ft_table_config_init(&config);
	bed->owners = ft_owners_new();
	bed->table = ft_table_new(&config, bed->owners);
	memcpy(own.addr, key.addr_a, 16);
	ft_table_set_addresses(bed->table, &(struct ft_addr_set){ .nets = &own, .count = 1 });
	feed_init(&bed->feed);
	bed->snapshot = NULL;
}

static void unmake_bed(struct bed *bed)
{
	ft_snapshot_put(bed->snapshot);
	ft_table_free(bed->table);
	ft_owners_free(bed->owners);
	feed_done(&bed->feed);
}

/* The next snapshot, some seconds later. */
static void step(struct bed *bed, uint64_t seconds)
{
	feed_apply(&bed->feed, bed->table);
	bed->feed.now_ns += seconds * FEED_SECOND;
	ft_snapshot_put(bed->snapshot);
	bed->snapshot = feed_snapshot(&bed->feed, bed->table, seconds * FEED_SECOND, false);
}

/* What is new in the snapshot: "connect out 10.0.0.1>10.0.0.2:80, ...". */
static const char *fresh(const struct bed *bed)
{
	static char text[2000];
	const struct ft_event_list *list = bed->snapshot->events;
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = ft_event_list_fresh(list); i < ft_event_list_count(list); i++) {
		const struct ft_flow_event *event = ft_event_list_at(list, i);
		const char *error = ft_event_error_name(event->error);
		const char *reason = ft_close_name((enum ft_close)event->close);

		assert_true(event->from_packets);
		assert_int_not_equal(event->flow_id, 0);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %s%s%s%s%s",
					 used ? ", " : "",
					 ft_event_kind_name((enum ft_event_kind)event->kind),
					 ft_flow_is_in(&event->flow) ? "in" :
					 ft_flow_is_out(&event->flow) ? "out" : "?",
					 error ? " " : "", error ? error : "",
					 reason ? " " : "", reason ? reason : "");
	}
	return text;
}

/* An entry of TCP with these flags each way; 10.0.0.1 is end a. */
static struct ft_entry *put(struct bed *bed, uint32_t other, uint16_t port, uint8_t tx, uint8_t rx)
{
	struct ft_flow_key key = feed_key(1, 4000, other, port, TCP);
	struct ft_entry *entry = feed_add(&bed->feed, 0, &key, tx ? 100 : 0, rx ? 60 : 0);

	entry->tcp_flags[0] = tx;
	entry->tcp_flags[1] = rx;
	if ((tx & SYN) && !(rx & SYN && !(rx & ACK)) && !(tx & ACK && !rx))
		entry->flags[0] |= FT_ENTRY_SYN_AB;
	return entry;
}

/* The same, begun by the other end. */
static struct ft_entry *put_in(struct bed *bed, uint32_t other, uint16_t port, uint8_t tx,
			       uint8_t rx)
{
	struct ft_entry *entry = put(bed, other, port, tx, rx);

	entry->flags[0] = rx & SYN ? FT_ENTRY_SYN_BA | FT_ENTRY_FIRST_BA : 0;
	return entry;
}

static const struct ft_flow_event *newest(const struct bed *bed)
{
	const struct ft_event_list *list = bed->snapshot->events;

	return ft_event_list_at(list, ft_event_list_count(list) - 1);
}

/* The first event of this run. */
static const struct ft_flow_event *opened(const struct bed *bed)
{
	return ft_event_list_at(bed->snapshot->events, 0);
}

static void test_life(void **state)
{
	struct bed bed;
	struct ft_entry *entry;

	(void)state;
	make_bed(&bed);
	/* Step by step: SYN; SYN-ACK and ACK; data; both FINs. */
	put(&bed, 2, 80, SYN, 0);
	step(&bed, 1);
	assert_string_equal(fresh(&bed), "");
	entry = put(&bed, 2, 80, ACK, SYN | ACK);
	entry->flags[0] = 0;
	step(&bed, 1);
	assert_string_equal(fresh(&bed), "connect out");
	put(&bed, 2, 80, ACK, ACK);
	step(&bed, 1);
	assert_string_equal(fresh(&bed), "");
	put(&bed, 2, 80, FIN | ACK, FIN | ACK);
	step(&bed, 1);
	assert_string_equal(fresh(&bed), "close out fin");
	assert_int_equal(newest(&bed)->known, FT_EVENT_WIRE_BYTES | FT_EVENT_DURATION);
	assert_int_equal(newest(&bed)->duration_us, 3000000);
	assert_int_equal(newest(&bed)->hot.total[0].bytes, 400);
	assert_int_equal(newest(&bed)->hot.total[1].bytes, 180);
	step(&bed, 1);
	assert_string_equal(fresh(&bed), "");
	unmake_bed(&bed);
}

static void test_short_lives(void **state)
{
	struct bed bed;
	struct ft_entry *entry;

	(void)state;
	make_bed(&bed);
	/* All in one interval, with a handshake of 2 ms; begun by the other side, 3 ms and 4 ms. */
	entry = put(&bed, 2, 80, SYN | ACK | FIN, SYN | ACK | FIN);
	entry->shake[0] = SHAKE(1000);
	entry->shake[1] = SHAKE(3048);
	step(&bed, 1);
	assert_string_equal(fresh(&bed), "connect out, close out fin");
	assert_int_equal(opened(&bed)->known, FT_EVENT_LATENCY);
	assert_in_range(opened(&bed)->latency_us, 2046, 2050);
	entry = put_in(&bed, 3, 80, SYN | ACK, SYN | ACK);
	entry->shake[1] = SHAKE(1000);
	entry->shake[0] = SHAKE(4072);
	entry->shake[FT_SHAKE_ACK] = SHAKE(8168);
	step(&bed, 1);
	assert_string_equal(fresh(&bed), "accept in");
	assert_in_range(newest(&bed)->latency_us, 4094, 4098);
	put(&bed, 3, 80, RST, 0);
	step(&bed, 1);
	assert_string_equal(fresh(&bed), "close in rst");
	/* Refused: a RST comes back; given up: we send it ourselves. */
	put(&bed, 2, 81, SYN, RST | ACK);
	step(&bed, 1);
	assert_string_equal(fresh(&bed), "connect_failed out ECONNREFUSED");
	put(&bed, 2, 82, SYN | RST, 0);
	step(&bed, 1);
	assert_string_equal(fresh(&bed), "connect_failed out");
	/* Joined in the middle: there is an end, but no beginning to measure from. */
	put(&bed, 2, 83, ACK, ACK);
	step(&bed, 1);
	assert_string_equal(fresh(&bed), "");
	put(&bed, 2, 83, FIN | ACK, FIN | ACK);
	step(&bed, 1);
	assert_memory_equal(fresh(&bed), "close ", 6);
	assert_int_equal(newest(&bed)->known, FT_EVENT_WIRE_BYTES);
	unmake_bed(&bed);
}

/* A SYN that nobody answers: known to have failed when the flow is given up. */
static void test_timeout(void **state)
{
	struct bed bed;

	(void)state;
	make_bed(&bed);
	put(&bed, 2, 80, SYN, 0);
	step(&bed, 1);
	put(&bed, 2, 80, SYN, 0);
	step(&bed, 100);
	assert_string_equal(fresh(&bed), "");
	step(&bed, 100);
	assert_string_equal(fresh(&bed), "connect_failed out ETIMEDOUT");
	assert_int_equal(newest(&bed)->latency_us, 1000000);
	step(&bed, 100);
	assert_string_equal(fresh(&bed), "");
	unmake_bed(&bed);
}

static void test_udp(void **state)
{
	struct ft_flow_key key = feed_key(1, 5000, 2, 53, UDP);
	struct bed bed;

	(void)state;
	make_bed(&bed);
	ft_table_derive(bed.table, false);
	feed_add(&bed.feed, 0, &key, 80, 0);
	step(&bed, 1);
	assert_string_equal(fresh(&bed), "udp out");
	feed_add(&bed.feed, 0, &key, 80, 80);
	step(&bed, 1);
	assert_string_equal(fresh(&bed), "");
	/* Our connections are the kernel's to tell; those that only pass here are not. */
	put(&bed, 2, 80, SYN | ACK | FIN, SYN | ACK | FIN);
	step(&bed, 1);
	assert_string_equal(fresh(&bed), "");
	key = feed_key(8, 4000, 9, 80, TCP);
	feed_add(&bed.feed, 0, &key, 80, 80)->flags[0] = FT_ENTRY_SYN_AB;
	bed.feed.entries[0][0].tcp_flags[0] = SYN | ACK;
	bed.feed.entries[0][0].tcp_flags[1] = SYN | ACK;
	step(&bed, 1);
	assert_string_equal(fresh(&bed), "connect out");
	assert_int_equal(newest(&bed)->flow.path, FT_PATH_TRANSIT);
	unmake_bed(&bed);
}

/* More conversations in one interval than events are kept of: the rest is counted. */
static void test_flood(void **state)
{
	const uint32_t flows = FT_EVENTS_MAX + 123;
	struct bed bed;

	(void)state;
	make_bed(&bed);
	for (uint32_t i = 0; i < flows; i++) {
		struct ft_flow_key key = feed_key(1, (uint16_t)i, 2 + i / 60000, 53, UDP);

		feed_add(&bed.feed, 0, &key, 80, 0);
	}
	step(&bed, 1);
	assert_int_equal(ft_event_list_count(bed.snapshot->events), FT_EVENTS_MAX);
	assert_int_equal(ft_event_list_lost(bed.snapshot->events, FT_EVENT_LOST_BOUND), 123);
	unmake_bed(&bed);
}

/* ---- lists and filters */

/* A letter for each: a connect out, an accept in, a failure, a close in, a retransmit, a
 * listener, a datagram out, over IPv6. */
static void put_all(struct bed *bed)
{
	static const struct {
		uint8_t kind, protocol, initiator, close;
		uint16_t error;
	} rows[] = {
		{ FT_EVENT_CONNECT, TCP, FT_END_A, 0, 0 },
		{ FT_EVENT_ACCEPT, TCP, FT_END_B, 0, 0 },
		{ FT_EVENT_FAILED, TCP, FT_END_A, 0, ECONNREFUSED },
		{ FT_EVENT_CLOSE, TCP, FT_END_B, FT_CLOSE_RST, ECONNRESET },
		{ FT_EVENT_RETRANSMIT, TCP, FT_END_NONE, 0, 0 },
		{ FT_EVENT_LISTEN, TCP, FT_END_NONE, 0, 0 },
		{ FT_EVENT_UDP, UDP, FT_END_A, 0, 0 },
	};
	uint16_t owner = ft_owners_add_process(bed->owners, &(struct ft_process){
		.pid = 812, .start_ns = 5, .name = "curl", .user = "alice", .uid = 1000,
		.container = "web-1", .cmdline = "curl -s" });

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ft_flow_event event = event_at(bed->feed.now_ns, i);

		event.flow.key = feed_key(1, (uint16_t)(4000 + i), 2, 443, rows[i].protocol);
		event.flow.key.scope = FT_EVENT_NO_SCOPE;
		event.flow.initiator = rows[i].initiator & 3;
		event.flow.local = FT_END_A;
		event.kind = rows[i].kind;
		event.close = rows[i].close;
		event.error = rows[i].error;
		event.hot.owner[0] = i == 0 ? owner : FT_OWNER_UNKNOWN;
		event.hot.owner[1] = FT_OWNER_FOREIGN;
		ft_events_add(ft_table_events(bed->table), &event);
	}
}

static void test_filter(void **state)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{ "", "ABCDEFG" },
		{ "tcp", "ABCDEF" },
		{ "udp", "G" },
		{ "in", "BD" },
		{ "out", "ACG" },
		{ "not in and not out", "EF" },
		{ "event close", "D" },
		{ "event connect", "AC" },
		{ "event connect_failed", "C" },
		{ "event CLOSE or event retransmit", "DE" },
		{ "event retransmit", "E" },
		{ "event retransmits", "E" },
		{ "event closes", "D" },
		{ "event retransmission", "" },
		{ "event failed", "C" },
		{ "event FAIL or event accepts", "BC" },
		{ "event listen", "F" },
		{ "event udp", "G" },
		{ "event nothing", "" },
		{ "econnrefused", "C" },
		{ "rst", "D" },
		{ "local port 4003", "D" },
		{ "remote port 443", "ABCDEFG" },
		{ "process curl", "A" },
		{ "pid 812", "A" },
		{ "user alice", "A" },
		{ "container web", "A" },
		{ "state established", "" },
		{ "rtt > 1us", "" },
		{ "age < 10s", "ABCDEFG" },
		{ "iface lo", "" },
	};
	struct bed bed;

	(void)state;
	make_bed(&bed);
	put_all(&bed);
	step(&bed, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ft_filter_run *run;
		struct ft_filter *filter;
		char got[16] = "", err[200];
		size_t count = ft_event_list_count(bed.snapshot->events), used = 0, where;

		assert_int_equal(ft_filter_parse(rows[i].text, NULL, &filter, &where, err,
						 sizeof(err)), 0);
		run = ft_filter_run_new(filter, bed.snapshot);
		for (size_t k = 0; k < count; k++) {
			const struct ft_flow_event *event =
				ft_event_list_at(bed.snapshot->events, k);
			bool yes = ft_filter_run_match_event(run, event);

			assert_int_equal(ft_filter_match_event(filter, bed.snapshot, event), yes);
			if (yes)
				got[used++] = (char)('A' + k);
		}
		got[used] = '\0';
		if (strcmp(got, rows[i].wanted) != 0)
			fail_msg("\"%s\": got %s, wanted %s", rows[i].text, got, rows[i].wanted);
		ft_filter_run_free(run);
		ft_filter_free(filter);
	}
	unmake_bed(&bed);
}

/* As lists: in the order of time, found by id, sorted by any column; the filter's count. */
static void test_rows(void **state)
{
	struct ft_show show = { .unit = FT_UNIT_BITS, .layer = 3, .numeric_hosts = true };
	struct ft_query query = { .list = FT_LIST_EVENTS, .show = &show, .ascending = true };
	struct ft_rows *rows = ft_rows_new();
	struct ft_filter *filter;
	char err[200], cell[64];
	struct ft_row row;
	struct bed bed;
	size_t where;

	(void)state;
	make_bed(&bed);
	put_all(&bed);
	step(&bed, 1);
	ft_rows_fill(rows, bed.snapshot, &query, 100);
	assert_int_equal(ft_rows_count(rows), 7);
	for (size_t i = 0; i < 7; i++) {
		row = ft_rows_at(rows, i);
		assert_ptr_equal(row.flow, &row.event->hot);
		assert_int_equal(ft_row_id(&row), i + 1);
		assert_int_equal(ft_rows_find(rows, i + 1), i);
	}
	query.sort = ft_column_find("event");
	query.ascending = false;
	ft_rows_fill(rows, bed.snapshot, &query, 100);
	row = ft_rows_at(rows, 0);
	assert_int_equal(row.event->kind, FT_EVENT_UDP);
	assert_int_equal(ft_filter_parse("in", NULL, &filter, &where, err, sizeof(err)), 0);
	query.filter = filter;
	ft_rows_fill(rows, bed.snapshot, &query, 100);
	assert_int_equal(ft_rows_count(rows), 2);
	assert_int_equal(ft_rows_hidden(rows).flows, 5);
	row = ft_rows_at(rows, 0);
	ft_column_find("why")->format(bed.snapshot, &row, &show, 12, cell, sizeof(cell));
	assert_string_equal(cell, "rst");
	ft_filter_free(filter);
	ft_rows_free(rows);
	unmake_bed(&bed);
}

/* Enter: the flow by its id, by its ends whichever is a; the youngest one before the event. */
static void test_flow_of(void **state)
{
	struct ft_flow_event event;
	struct bed bed;

	(void)state;
	make_bed(&bed);
	put(&bed, 2, 80, SYN | ACK | FIN, SYN | ACK | FIN);
	step(&bed, 1);
	put(&bed, 2, 80, SYN | ACK, SYN | ACK);
	step(&bed, 1);
	assert_int_equal(bed.snapshot->row_count, 2);
	event = *newest(&bed);
	assert_int_equal(ft_event_flow(bed.snapshot, &event)->flow->id, 2);
	event.flow_id = 0;
	assert_int_equal(ft_event_flow(bed.snapshot, &event)->flow->id, 2);
	event.flow.key = (struct ft_flow_key){ .protocol = TCP,
		.port_a_be = event.flow.key.port_b_be, .port_b_be = event.flow.key.port_a_be };
	memcpy(event.flow.key.addr_a, newest(&bed)->flow.key.addr_b, 16);
	memcpy(event.flow.key.addr_b, newest(&bed)->flow.key.addr_a, 16);
	assert_int_equal(ft_event_flow(bed.snapshot, &event)->flow->id, 2);
	event.hot.last_ns -= FEED_SECOND / 2;
	assert_int_equal(ft_event_flow(bed.snapshot, &event)->flow->id, 1);
	event.flow.key.port_a_be = htons(9);
	assert_null(ft_event_flow(bed.snapshot, &event));
	unmake_bed(&bed);
}

/* What the kernel told gets the id of the flow with its ends, whichever is a, in any scope. */
static void test_join(void **state)
{
	struct ft_flow_event event = event_at(0, 1);
	struct bed bed;

	(void)state;
	make_bed(&bed);
	ft_table_derive(bed.table, false);
	put(&bed, 2, 80, SYN | ACK, SYN | ACK)->key.scope = 3;
	event.hot.last_ns = bed.feed.now_ns;
	for (int turn = 0; turn < 4; turn++) {
		event.flow.key = feed_key(1, 4000, 2, (uint16_t)(turn == 3 ? 81 : 80), TCP);
		event.flow.key.scope = FT_EVENT_NO_SCOPE;
		if (turn == 1) {
			struct ft_flow_key key = event.flow.key;

			memcpy(event.flow.key.addr_a, key.addr_b, 16);
			memcpy(event.flow.key.addr_b, key.addr_a, 16);
			event.flow.key.port_a_be = key.port_b_be;
			event.flow.key.port_b_be = key.port_a_be;
		}
		/* Before the flow there was another, which is gone. */
		if (turn == 2)
			event.hot.last_ns -= FEED_SECOND;
		ft_events_add(ft_table_events(bed.table), &event);
	}
	step(&bed, 1);
	assert_int_equal(ft_event_list_count(bed.snapshot->events), 4);
	/* By time: the two older ones come first. */
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(ft_event_list_at(bed.snapshot->events, i)->flow_id, i < 2 ? 0 : 1);
	unmake_bed(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	    cmocka_unit_test(test_bound),
		cmocka_unit_test(test_threads),	    cmocka_unit_test(test_owner),
		cmocka_unit_test(test_life),	    cmocka_unit_test(test_short_lives),
		cmocka_unit_test(test_timeout),	    cmocka_unit_test(test_udp),
		cmocka_unit_test(test_filter),	    cmocka_unit_test(test_rows),
		cmocka_unit_test(test_flow_of),	    cmocka_unit_test(test_join),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
