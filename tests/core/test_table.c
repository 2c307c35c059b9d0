/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table: the line adds up whatever comes, connections are split right, flows age, end, are
 * evicted and leave as table.h says, memory is bounded.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/addr.h"
#include "core/rows.h"
#include "core/xalloc.h"
#include "feed.h"

#define TCP 6
#define UDP 17
#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

/* The only row with this key that has not ended, or with any state if there is just one. */
static const struct ft_flow_hot *find_live(const struct ft_snapshot *snapshot,
					   const struct ft_flow_key *key)
{
	const struct ft_flow_hot *found = NULL;
	size_t i;

	for (i = 0; i < snapshot->row_count; i++)
		if (memcmp(&snapshot->rows[i].flow->key, key, sizeof(*key)) == 0 &&
		    snapshot->rows[i].ended == FT_ENDED_NOT) {
			assert_null(found);
			found = &snapshot->rows[i];
		}
	return found;
}

static const struct ft_flow_hot *find_id(const struct ft_snapshot *snapshot, uint64_t id)
{
	size_t i;

	for (i = 0; i < snapshot->row_count; i++)
		if (snapshot->rows[i].flow->id == id)
			return &snapshot->rows[i];
	return NULL;
}

static uint64_t packets_of(const struct ft_flow_hot *row)
{
	return row->total[0].packets + row->total[1].packets;
}

/* --- the line --------------------------------------------------------------------------------- */

static uint64_t random_state = 88172645463325252ULL;

static uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 11) % limit);
}

/* What must hold for the totals of flows that are no rows any more. */
struct ledger {
	struct { uint64_t id; struct ft_sum total; bool evicted; } *rows;
	size_t count;
	struct ft_sum left; /* of flows that left in the ordinary way */
	uint64_t evicted;   /* flows that left as evicted */
};

static void add_counts(struct ft_sum *sum, const struct ft_counts counts[2])
{
	int dir;

	for (dir = 0; dir < 2; dir++) {
		sum->packets += counts[dir].packets;
		sum->bytes += counts[dir].bytes;
		sum->l2_bytes += counts[dir].l2_bytes;
	}
}

static void assert_sums_equal(const struct ft_sum *a, const struct ft_sum *b)
{
	assert_int_equal(a->packets, b->packets);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->l2_bytes, b->l2_bytes);
}

static int compare_ids(const void *a, const void *b)
{
	const uint64_t *one = a, *two = b;

	return *one < *two ? -1 : *one > *two;
}

/* Books who left since the last snapshot and checks total.flows. */
static void check_ledger(struct ledger *ledger, const struct ft_snapshot *snapshot)
{
	uint64_t *ids = xcalloc(snapshot->row_count, sizeof(*ids));
	struct ft_sum sum = ledger->left;
	size_t i;

	for (i = 0; i < snapshot->row_count; i++)
		ids[i] = snapshot->rows[i].flow->id;
	if (snapshot->row_count)
		qsort(ids, snapshot->row_count, sizeof(*ids), compare_ids);
	for (i = 1; i < snapshot->row_count; i++)
		assert_true(ids[i - 1] < ids[i]);
	for (i = 0; i < ledger->count; i++) {
		if (snapshot->row_count && bsearch(&ledger->rows[i].id, ids, snapshot->row_count,
						   sizeof(*ids), compare_ids)) {
			/* shown as evicted once and not again */
			assert_false(ledger->rows[i].evicted);
			continue;
		}
		if (ledger->rows[i].evicted) {
			ledger->evicted++;
		} else {
			ledger->left.packets += ledger->rows[i].total.packets;
			ledger->left.bytes += ledger->rows[i].total.bytes;
			ledger->left.l2_bytes += ledger->rows[i].total.l2_bytes;
		}
	}
	free(ids);
	sum = ledger->left;
	ledger->rows = xreallocarray(ledger->rows, snapshot->row_count, sizeof(*ledger->rows));
	ledger->count = snapshot->row_count;
	for (i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];

		ledger->rows[i].id = row->flow->id;
		ledger->rows[i].evicted = row->ended == FT_ENDED_EVICTED;
		ledger->rows[i].total = (struct ft_sum){ 0, 0, 0 };
		add_counts(&ledger->rows[i].total, row->total);
		add_counts(&sum, row->total);
	}
	assert_sums_equal(&sum, &snapshot->total.flows);
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(*(const struct ft_flow *const *)a, *(const struct ft_flow *const *)b,
		      sizeof(struct ft_flow_key));
}

/* A key has one flow at a time. */
static void check_keys(const struct ft_snapshot *snapshot)
{
	const struct ft_flow **live = xcalloc(snapshot->row_count, sizeof(*live));
	size_t i, count = 0;

	for (i = 0; i < snapshot->row_count; i++)
		if (snapshot->rows[i].ended == FT_ENDED_NOT)
			live[count++] = snapshot->rows[i].flow;
	qsort(live, count, sizeof(*live), compare_keys);
	for (i = 1; i < count; i++)
		assert_true(compare_keys(&live[i - 1], &live[i]) < 0);
	free(live);
}

/* What every snapshot promises. */
static void check_snapshot(const struct ft_snapshot *snapshot)
{
	struct ft_sum sum = { 0, 0, 0 };
	struct ft_line interval = { .inexact = false }, total = { .inexact = false };
	size_t i, live = 0, with_delta = 0;

	assert_true(ft_line_adds_up(&snapshot->interval));
	assert_true(ft_line_adds_up(&snapshot->total));
	for (i = 0; i < snapshot->scope_count; i++) {
		assert_true(ft_line_adds_up(&snapshot->scopes[i].interval));
		assert_true(ft_line_adds_up(&snapshot->scopes[i].total));
		ft_line_add(&interval, &snapshot->scopes[i].interval);
		ft_line_add(&total, &snapshot->scopes[i].total);
	}
	assert_memory_equal(&interval, &snapshot->interval, sizeof(interval));
	assert_memory_equal(&total, &snapshot->total, sizeof(total));
	for (i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];

		live += !ft_flow_is_over(row);
		if (row->delta) {
			with_delta++;
			assert_int_equal(snapshot->deltas[row->delta - 1].row, i);
		}
		add_counts(&sum, ft_snapshot_delta(snapshot, row));
	}
	assert_int_equal(live, snapshot->live_flows);
	assert_int_equal(with_delta, snapshot->delta_count);
	assert_sums_equal(&sum, &snapshot->interval.flows);
	assert_true(snapshot->row_count <= snapshot->max_flows + snapshot->max_flows / 8 + 1);
	check_keys(snapshot);
}

/* Random entries of a small world: keys meet again, connections begin and end, spans mix. */
static void put_random(struct feed_bed *bed, uint32_t hosts, unsigned int spans)
{
	uint32_t n = random_below(200), i;

	for (i = 0; i < n; i++) {
		bool tcp = random_below(2);
		struct ft_flow_key key = feed_key(random_below(hosts), (uint16_t)random_below(3),
						  random_below(hosts), 443, tcp ? TCP : UDP);
		struct ft_entry *entry;

		key.scope = (uint16_t)random_below(3);
		entry = feed_add(&bed->feed, random_below(spans), &key, 40 + random_below(1460),
				 random_below(2) * 52);
		entry->first_tick -= random_below(1000) * 1000000ULL;
		entry->last_tick = entry->first_tick + random_below(1000);
		if (!tcp)
			continue;
		entry->tcp_flags[0] = (uint8_t)random_below(32);
		entry->tcp_flags[1] = (uint8_t)random_below(32);
		if (random_below(4) == 0)
			entry->flags[0] |= FT_ENTRY_SYN_AB;
		if (random_below(8) == 0)
			entry->flags[0] |= FT_ENTRY_NEW | FT_ENTRY_SYN_AB;
	}
	for (i = 1; i < FT_C_MAX; i++)
		if (random_below(3) == 0)
			feed_count(&bed->feed, (uint16_t)random_below(3), (enum ft_counter)i,
				   random_below(50), random_below(5000));
}

static void test_line_adds_up(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 7, 16, 100, 1000, 100000 };
	size_t s;

	(void)state;
	for (s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct ledger ledger = { .rows = NULL };
		struct ft_snapshot *snapshot = NULL;
		struct feed_bed bed;
		size_t live;
		int round;

		feed_bed_init(&bed, sizes[s]);
		for (round = 0; round < 120; round++) {
			int batches = 1 + (int)random_below(3);

			while (batches-- > 0) {
				put_random(&bed, 2 + sizes[s] / 4,
					   1 + random_below(FEED_SPANS));
				feed_apply(&bed.feed, bed.table);
			}
			ft_snapshot_put(snapshot);
			snapshot = feed_bed_step(&bed, random_below(10) ? 1 : 15);
			check_snapshot(snapshot);
			check_ledger(&ledger, snapshot);
		}
		assert_true(snapshot->total.seen.packets > 1000);
		assert_true(sizes[s] > 100 || snapshot->evicted > 0);
		assert_int_equal(ledger.evicted + snapshot->row_count > 0, 1);
		/* That we stop counting is no flow's end; that they were idle for long was. */
		live = snapshot->live_flows;
		ft_snapshot_put(snapshot);
		snapshot = feed_snapshot(&bed.feed, bed.table, 1, true);
		check_snapshot(snapshot);
		assert_int_equal(snapshot->live_flows, live);
		assert_int_equal(ft_snapshot_flows(snapshot), live);
		ft_snapshot_put(snapshot);
		free(ledger.rows);
		feed_bed_done(&bed);
	}
}

/* The terms are counted apart: a lost entry shows. */
static void test_line_fails_without_an_entry(void **state)
{
	struct ft_flow_key key = feed_key(1, 1, 2, 2, UDP), other = feed_key(3, 1, 2, 2, UDP);
	struct ft_snapshot *snapshot;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	feed_add(&bed.feed, 0, &key, 100, 100);
	feed_add(&bed.feed, 0, &other, 100, 0);
	bed.feed.count[0]--; /* the entry is gone, the packet was seen */
	snapshot = feed_bed_step(&bed, 1);
	assert_false(ft_line_adds_up(&snapshot->interval));
	assert_false(ft_line_adds_up(&snapshot->total));
	assert_int_equal(snapshot->interval.seen.packets, 3);
	assert_int_equal(snapshot->interval.flows.packets, 2);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* Packets and bytes are held apart. */
static void test_line_terms(void **state)
{
	struct ft_line line = {
		.seen = { 10, 1000 }, .flows = { 4, 300, 400 }, .other = { 1, 90, 100 },
	};
	unsigned int i, terms = 0;

	(void)state;
	line.by.c[FT_C_NOT_IP_ARP] = (struct ft_tally){ 2, 120 };
	line.by.c[FT_C_BAD_L4] = (struct ft_tally){ 1, 80 };
	line.by.c[FT_C_RING] = (struct ft_tally){ 2, 300 };
	assert_true(ft_line_adds_up(&line));
	line.flows.l2_bytes--;
	assert_false(ft_line_adds_up(&line));
	line.flows.l2_bytes++;
	line.seen.packets++;
	assert_false(ft_line_adds_up(&line));
	for (i = 0; i < FT_C_MAX; i++) {
		int of = ft_counter_is_not_ip(i) + ft_counter_is_malformed(i) +
			 ft_counter_is_lost(i);

		assert_int_equal(of, i == FT_C_SEEN ? 0 : 1);
		assert_true((ft_counter_name(i) != NULL) == (i != FT_C_SEEN));
		terms += (unsigned int)of;
	}
	assert_int_equal(terms, FT_C_MAX - 1);
}

/* --- eviction and memory ---------------------------------------------------------------------- */

static void test_eviction_takes_the_idle_longest(void **state)
{
	struct ft_snapshot *snapshot;
	struct ft_flow_key key;
	uint64_t first_id = 0;
	struct feed_bed bed;
	uint32_t i;

	(void)state;
	feed_bed_init(&bed, 64);
	for (i = 0; i < 64; i++) { /* one a second: flow 0 is the oldest */
		key = feed_key(i, 9, 1000, 53, UDP);
		feed_add(&bed.feed, 0, &key, 100, 0);
		ft_snapshot_put(feed_bed_step(&bed, 1));
	}
	key = feed_key(0, 9, 1000, 53, UDP); /* ... but it wakes up */
	feed_add(&bed.feed, 0, &key, 100, 0);
	ft_snapshot_put(feed_bed_step(&bed, 1));
	key = feed_key(500, 9, 1000, 53, UDP);
	feed_add(&bed.feed, 0, &key, 100, 0);
	snapshot = feed_bed_step(&bed, 1);
	check_snapshot(snapshot);
	assert_int_equal(snapshot->row_count, 65);
	assert_int_equal(snapshot->evicted, 1);
	for (i = 0; i < snapshot->row_count; i++)
		if (snapshot->rows[i].ended == FT_ENDED_EVICTED)
			first_id = snapshot->rows[i].flow->id;
	assert_int_equal(first_id, 2);
	assert_int_equal(snapshot->total.flows.packets, 66);
	assert_int_equal(snapshot->total.other.packets, 0);
	ft_snapshot_put(snapshot);

	snapshot = feed_bed_step(&bed, 1);
	check_snapshot(snapshot);
	assert_null(find_id(snapshot, 2));
	assert_int_equal(snapshot->row_count, 64);
	assert_int_equal(snapshot->total.flows.packets, 65);
	assert_int_equal(snapshot->total.other.packets, 1);
	assert_int_equal(snapshot->interval.other.packets, 0);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* Rows that were shown as ended make room without a trace. */
static void test_ended_rows_make_room(void **state)
{
	struct ft_snapshot *snapshot;
	struct ft_flow_key key;
	struct feed_bed bed;
	uint32_t i;

	(void)state;
	feed_bed_init(&bed, 16);
	for (i = 0; i < 16; i++) {
		key = feed_key(i, 9, 1000, 80, TCP);
		feed_add(&bed.feed, 0, &key, 100, 100)->tcp_flags[0] = RST;
	}
	ft_snapshot_put(feed_bed_step(&bed, 1));
	for (i = 0; i < 16; i++) {
		key = feed_key(100 + i, 9, 1000, 80, TCP);
		feed_add(&bed.feed, 0, &key, 100, 100);
	}
	snapshot = feed_bed_step(&bed, 1);
	check_snapshot(snapshot);
	assert_int_equal(snapshot->evicted, 0);
	assert_int_equal(snapshot->interval.other.packets, 0);
	assert_int_equal(snapshot->total.other.packets, 0);
	assert_int_equal(snapshot->live_flows, 16);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* Ten times as many flows as there is room for, in one interval and over many. */
static void test_memory_is_bounded(void **state)
{
	enum { MAX = 2000 };
	struct ft_snapshot *snapshot;
	size_t most = 0, early = 0;
	struct feed_bed bed;
	uint32_t i, round;

	(void)state;
	feed_bed_init(&bed, MAX);
	for (i = 0; i < 10 * MAX; i++) {
		struct ft_flow_key key = feed_key(i, 9, 0x200000, 53, UDP);

		feed_add(&bed.feed, 0, &key, 100, 0);
	}
	snapshot = feed_bed_step(&bed, 1);
	check_snapshot(snapshot);
	assert_int_equal(snapshot->live_flows, MAX);
	assert_int_equal(snapshot->interval.other.packets, 9 * MAX);
	ft_snapshot_put(snapshot);
	for (round = 0; round < 200; round++) {
		for (i = 0; i < MAX / 10; i++) {
			struct ft_flow_key key = feed_key(0x10000 + round * MAX + i, 9, 0x200000,
							  53, UDP);

			feed_add(&bed.feed, 0, &key, 100, 0);
		}
		snapshot = feed_bed_step(&bed, 1);
		check_snapshot(snapshot);
		assert_int_equal(snapshot->interval.other.packets, 0);
		ft_snapshot_put(snapshot);
		if (round == 20)
			early = ft_table_memory(bed.table);
		if (ft_table_memory(bed.table) > most)
			most = ft_table_memory(bed.table);
	}
	assert_int_equal(ft_table_count(bed.table), MAX);
	assert_true(most <= early + early / 8);
	assert_true(most < 2U << 20);
	feed_bed_done(&bed);
}

/* Departures leave no hole in the index behind which a flow could not be found. */
static void test_departures_hide_nobody(void **state)
{
	enum { FLOWS = 1000, ROUNDS = 4 };
	struct ft_snapshot *snapshot;
	struct feed_bed bed;
	uint32_t i, round;

	(void)state;
	feed_bed_init(&bed, 0);
	for (round = 0; round <= ROUNDS; round++) { /* each time every second one falls silent */
		for (i = 0; i < FLOWS; i += 1U << round) {
			struct ft_flow_key key = feed_key(i, 9, 0x200000, 53, UDP);

			feed_add(&bed.feed, 0, &key, 100, 0);
		}
		ft_snapshot_put(feed_bed_step(&bed, 119));
	}
	ft_snapshot_put(feed_bed_step(&bed, 0));
	snapshot = feed_bed_step(&bed, 0);
	check_snapshot(snapshot);
	assert_int_equal(snapshot->live_flows, (FLOWS + (1 << ROUNDS) - 1) >> ROUNDS);
	for (i = 0; i < snapshot->row_count; i++)
		assert_true(snapshot->rows[i].flow->id <= FLOWS);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* --- ageing ----------------------------------------------------------------------------------- */

static void test_idle_flows_end_and_leave(void **state)
{
	struct ft_flow_key udp = feed_key(1, 1, 2, 53, UDP), tcp = feed_key(1, 1, 2, 22, TCP);
	struct ft_snapshot *snapshot;
	struct ft_entry *entry;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	feed_add(&bed.feed, 0, &udp, 100, 100);
	entry = feed_add(&bed.feed, 0, &tcp, 100, 100);
	entry->tcp_flags[0] = entry->tcp_flags[1] = ACK;
	ft_snapshot_put(feed_bed_step(&bed, 119));
	snapshot = feed_bed_step(&bed, 0);
	assert_int_equal(snapshot->live_flows, 2);
	ft_snapshot_put(snapshot);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(snapshot->live_flows, 1);
	assert_int_equal(find_id(snapshot, 1)->ended, FT_ENDED_IDLE);
	ft_snapshot_put(snapshot);
	snapshot = feed_bed_step(&bed, 9);
	assert_non_null(find_id(snapshot, 1));
	ft_snapshot_put(snapshot);
	feed_add(&bed.feed, 0, &udp, 100, 100); /* it is over: this is another flow */
	snapshot = feed_bed_step(&bed, 1);
	assert_null(find_id(snapshot, 1));
	assert_int_equal(find_live(snapshot, &udp)->flow->id, 3);
	assert_int_equal(snapshot->total.flows.packets, 6);
	ft_snapshot_put(snapshot);
	ft_snapshot_put(feed_bed_step(&bed, 469));
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(find_id(snapshot, 2)->ended, FT_ENDED_IDLE);
	ft_snapshot_put(snapshot);
	ft_snapshot_put(feed_bed_step(&bed, 10));
	assert_int_equal(ft_table_count(bed.table), 0);
	feed_bed_done(&bed);
}

/* FIN both ways: closed, visible for 10 s, late packets count on. */
static void test_closed_flows(void **state)
{
	struct ft_flow_key key = feed_key(1, 1000, 2, 80, TCP);
	struct ft_snapshot *snapshot;
	struct ft_entry *entry;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	entry = feed_add(&bed.feed, 0, &key, 100, 100);
	entry->tcp_flags[0] = ACK | FIN;
	entry->tcp_flags[1] = ACK;
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(find_id(snapshot, 1)->state, FT_STATE_CLOSING);
	assert_int_equal(find_id(snapshot, 1)->ended, FT_ENDED_NOT);
	ft_snapshot_put(snapshot);
	feed_add(&bed.feed, 0, &key, 0, 40)->tcp_flags[1] = ACK | FIN;
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(find_id(snapshot, 1)->state, FT_STATE_CLOSED);
	assert_int_equal(find_id(snapshot, 1)->ended, FT_ENDED_FIN);
	ft_snapshot_put(snapshot);
	ft_snapshot_put(feed_bed_step(&bed, 5));
	feed_add(&bed.feed, 0, &key, 40, 0)->tcp_flags[0] = ACK;
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(snapshot->row_count, 1);
	assert_int_equal(packets_of(find_id(snapshot, 1)), 4);
	assert_int_equal(find_id(snapshot, 1)->ended, FT_ENDED_FIN);
	ft_snapshot_put(snapshot);
	ft_snapshot_put(feed_bed_step(&bed, 8));
	assert_int_equal(ft_table_count(bed.table), 1);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(snapshot->row_count, 0);
	assert_int_equal(snapshot->total.flows.packets, 4);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* However long the interval, an end is shown once. */
static void test_end_is_shown_before_leaving(void **state)
{
	struct ft_flow_key key = feed_key(1, 1000, 2, 80, TCP);
	struct ft_snapshot *snapshot;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	feed_add(&bed.feed, 0, &key, 100, 0)->tcp_flags[0] = RST;
	snapshot = feed_bed_step(&bed, 3600);
	assert_int_equal(snapshot->rows[0].ended, FT_ENDED_RST);
	ft_snapshot_put(snapshot);
	snapshot = feed_bed_step(&bed, 3600);
	assert_int_equal(snapshot->row_count, 0);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

static void test_scope_ends(void **state)
{
	struct ft_flow_key here = feed_key(1, 1, 2, 53, UDP), gone = here;
	struct ft_snapshot *snapshot;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	gone.scope = 5;
	feed_add(&bed.feed, 0, &here, 100, 0);
	feed_add(&bed.feed, 0, &gone, 100, 0);
	feed_apply(&bed.feed, bed.table);
	ft_table_end_scope(bed.table, 5, bed.feed.now_ns);
	ft_table_end_scope(bed.table, 6, bed.feed.now_ns);
	snapshot = feed_bed_step(&bed, 1);
	check_snapshot(snapshot);
	assert_int_equal(find_live(snapshot, &here)->flow->id, 1);
	assert_int_equal(find_id(snapshot, 2)->ended, FT_ENDED_INTERFACE);
	ft_snapshot_put(snapshot);
	feed_add(&bed.feed, 0, &gone, 100, 0); /* it came back */
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(find_live(snapshot, &gone)->flow->id, 3);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* A scope that is gone for good is forgotten, once its flows were shown as ended: its totals stay in the
 * sums, and who gets its number begins anew. One that has flows, or came back, is not. */
static void test_scope_is_forgotten(void **state)
{
	struct ft_flow_key here = feed_key(1, 1, 2, 53, UDP), gone = here, back = here;
	bool forget[FT_MAX_SCOPES] = { false };
	const struct ft_snapshot_scope *last;
	struct ft_snapshot *snapshot;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	gone.scope = 5;
	back.scope = 6;
	feed_add(&bed.feed, 0, &here, 100, 0);
	feed_add(&bed.feed, 0, &gone, 1000, 0);
	feed_add(&bed.feed, 0, &back, 100, 0);
	feed_apply(&bed.feed, bed.table);
	ft_table_end_scope(bed.table, 5, bed.feed.now_ns);
	ft_table_end_scope(bed.table, 6, bed.feed.now_ns);
	forget[5] = true; /* not yet */
	ft_table_forget_scopes(bed.table, forget);
	assert_false(forget[5]);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(find_id(snapshot, 2)->ended, FT_ENDED_INTERFACE);
	ft_snapshot_put(snapshot);

	ft_table_clear_scope(bed.table, 5, true);
	ft_table_clear_scope(bed.table, 6, true);
	ft_table_clear_scope(bed.table, 6, false);
	snapshot = feed_bed_step(&bed, 1);
	check_snapshot(snapshot);
	assert_int_equal(snapshot->row_count, 2); /* here, and the one of 6, that has its time */
	ft_snapshot_put(snapshot);
	memset(forget, 0, sizeof(forget));
	forget[5] = forget[6] = true;
	ft_table_forget_scopes(bed.table, forget);
	assert_true(forget[5]);
	assert_false(forget[6]);

	feed_add(&bed.feed, 0, &gone, 10, 0); /* another one under the number */
	snapshot = feed_bed_step(&bed, 1);
	check_snapshot(snapshot);
	assert_int_equal(find_live(snapshot, &gone)->flow->id, 4);
	last = &snapshot->scopes[snapshot->scope_count - 1];
	assert_int_equal(last->scope, FT_SCOPE_GONE);
	assert_string_equal(last->name, "(gone)");
	assert_int_equal(last->total.flows.bytes, 1000);
	assert_int_equal(snapshot->scopes[5].total.flows.bytes, 10);
	assert_int_equal(snapshot->total.flows.bytes, 100 + 1000 + 100 + 10);
	assert_true(ft_line_adds_up(&snapshot->total));
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* CLOCK_REALTIME is set by a day: nobody ages by it. */
static void test_clock_jump(void **state)
{
	struct ft_flow_key key = feed_key(1, 1, 2, 53, UDP);
	const uint64_t day = 86400 * FEED_SECOND;
	struct ft_snapshot *snapshot;
	struct feed_bed bed;
	int sign;

	(void)state;
	for (sign = -1; sign <= 1; sign += 2) {
		feed_bed_init(&bed, 0);
		feed_add(&bed.feed, 0, &key, 100, 0);
		ft_snapshot_put(feed_bed_step(&bed, 1));
		bed.feed.now_ns += sign > 0 ? day : -day;
		snapshot = feed_bed_step(&bed, 1);
		assert_int_equal(snapshot->live_flows, 1);
		assert_int_equal(snapshot->end_ns - snapshot->rows[0].last_ns, 2 * FEED_SECOND);
		assert_int_equal(snapshot->end_ns - snapshot->rows[0].flow->first_ns,
				 2 * FEED_SECOND);
		ft_snapshot_put(snapshot);
		ft_snapshot_put(feed_bed_step(&bed, 117));
		assert_int_equal(ft_table_count(bed.table), 1);
		snapshot = feed_bed_step(&bed, 1);
		assert_int_equal(snapshot->rows[0].ended, FT_ENDED_IDLE);
		ft_snapshot_put(snapshot);
		feed_bed_done(&bed);
	}
}

/* Flows of every kind while the clock is set: ones that were, ones that are told of before and after it,
 * ones that begin before and after it, and one that nobody owns yet. All have the age that they
 * had, whoever still shows them as they were; all are found by their keys, and leave in the end. */
static void check_set_clock(int64_t shift, bool held)
{
	struct ft_flow_key key[6];
	struct ft_snapshot *before, *after;
	struct feed_bed bed;
	uint64_t first;

	feed_bed_init(&bed, 0);
	for (uint16_t i = 0; i < 6; i++)
		key[i] = feed_key(1, (uint16_t)(1000 + i), 2, 53, UDP);
	key[3] = key[2]; /* seen in two places */
	key[3].scope = 1;
	for (int i = 0; i < 4; i++)
		feed_add(&bed.feed, 0, &key[i], 100, 0);
	before = feed_bed_step(&bed, 1);
	first = before->rows[0].flow->first_ns;
	if (!held)
		ft_snapshot_put(before);
	feed_add(&bed.feed, 0, &key[0], 100, 0);
	feed_add(&bed.feed, 0, &key[4], 100, 0);
	feed_apply(&bed.feed, bed.table);
	bed.feed.now_ns += (uint64_t)shift;
	feed_add(&bed.feed, 0, &key[1], 0, 100);
	feed_add(&bed.feed, 0, &key[5], 100, 0);
	after = feed_bed_step(&bed, 1);
	check_snapshot(after);
	assert_int_equal(after->live_flows, 6);
	for (int i = 0; i < 6; i++) {
		const struct ft_flow_hot *row = find_live(after, &key[i]);
		uint64_t age = after->end_ns - row->flow->first_ns;

		assert_int_equal(row->flow->id, i + 1);
		assert_int_equal(age, (i < 4 ? 2 : 1) * FEED_SECOND);
		assert_int_equal(after->end_ns - row->last_ns, (i == 2 || i == 3 ? 2 : 1) * FEED_SECOND);
	}
	assert_ptr_equal(ft_snapshot_pair(after, find_live(after, &key[2])), find_live(after, &key[3]));
	if (held) {
		assert_int_equal(before->rows[0].flow->first_ns, first);
		assert_int_equal(before->row_count, 4);
		ft_snapshot_put(before);
	}
	ft_snapshot_put(after);
	/* Known ones are no new ones, and nobody goes before the time. */
	for (int i = 0; i < 6; i++)
		feed_add(&bed.feed, 0, &key[i], 100, 0);
	after = feed_bed_step(&bed, 1);
	check_snapshot(after);
	assert_int_equal(after->row_count, 6);
	ft_snapshot_put(after);
	after = feed_bed_step(&bed, 118);
	assert_int_equal(after->live_flows, 6);
	ft_snapshot_put(after);
	after = feed_bed_step(&bed, 1);
	assert_int_equal(after->live_flows, 0);
	ft_snapshot_put(after);
	ft_snapshot_put(feed_bed_step(&bed, 11));
	ft_snapshot_put(feed_bed_step(&bed, 1));
	assert_int_equal(ft_table_count(bed.table), 0);
	feed_bed_done(&bed);
}

static void test_clock_is_set(void **state)
{
	const int64_t day = 86400 * (int64_t)FEED_SECOND;

	(void)state;
	check_set_clock(day, false);
	check_set_clock(-day, false);
	check_set_clock(400 * day, true);
	check_set_clock(-10 * (int64_t)FEED_SECOND, true);
}

/* --- new connections on an old tuple ---------------------------------------------------------- */

/* An entry of a connection in a batch: when (ms), on which CPU, and what it says. */
struct piece {
	unsigned int batch, span;
	int ms;
	uint8_t flags, tcp_ab, tcp_ba;
	unsigned int flow; /* which connection it must count for, 1 = the first */
};

#define OLD (SYN | ACK | FIN)
#define NEW (FT_ENTRY_NEW | FT_ENTRY_SYN_AB)

static const struct reuse {
	const char *name;
	struct piece pieces[6];
	unsigned int flows;
} reuses[] = {
	{ "a SYN after FIN in a later batch",
	  { { 0, 0, 0, FT_ENTRY_SYN_AB, OLD, OLD, 1 },
	    { 1, 0, 500, FT_ENTRY_SYN_AB, SYN, SYN | ACK, 2 } }, 2 },
	{ "a SYN after RST",
	  { { 0, 0, 0, FT_ENTRY_SYN_AB, SYN, RST | ACK, 1 },
	    { 1, 0, 500, FT_ENTRY_SYN_AB, SYN, 0, 2 } }, 2 },
	{ "a SYN again, nothing ended",
	  { { 0, 0, 0, FT_ENTRY_SYN_AB, SYN, 0, 1 },
	    { 1, 0, 500, FT_ENTRY_SYN_AB, SYN, 0, 1 } }, 1 },
	{ "no SYN after FIN: late packets",
	  { { 0, 0, 0, FT_ENTRY_SYN_AB, OLD, OLD, 1 },
	    { 1, 0, 500, 0, ACK, 0, 1 } }, 1 },
	{ "both in one log",
	  { { 0, 0, 0, FT_ENTRY_SYN_AB, OLD, OLD, 1 },
	    { 0, 0, 500, NEW, SYN, SYN | ACK, 2 } }, 2 },
	{ "both in one log at the same tick",
	  { { 0, 0, 0, FT_ENTRY_SYN_AB, OLD, OLD, 1 },
	    { 0, 0, 0, NEW, SYN, SYN | ACK, 2 } }, 2 },
	{ "three in one log at the same tick, a second CPU beside it",
	  { { 0, 0, 0, FT_ENTRY_SYN_AB, OLD, 0, 1 },
	    { 0, 0, 0, NEW, OLD, 0, 2 },
	    { 0, 0, 0, NEW, OLD, 0, 3 },
	    { 0, 1, 200, 0, 0, SYN | ACK, 3 } }, 3 },
	{ "old and new on two CPUs, the old flow known before",
	  { { 0, 0, -900, FT_ENTRY_SYN_AB, SYN | ACK, 0, 1 },
	    { 0, 1, -900, 0, 0, SYN | ACK, 1 },
	    { 1, 0, 0, 0, ACK | FIN, 0, 1 },
	    { 1, 1, 0, 0, 0, ACK | FIN, 1 },
	    { 1, 0, 500, NEW, SYN | ACK, 0, 2 },
	    { 2, 1, 1500, 0, 0, SYN | ACK, 2 } }, 2 },
	{ "the second CPU saw only the new one, the old flow ended before",
	  { { 0, 0, -900, FT_ENTRY_SYN_AB, OLD, OLD, 1 },
	    { 1, 1, 502, 0, 0, SYN | ACK, 2 },
	    { 1, 0, 500, FT_ENTRY_SYN_AB, SYN | ACK, 0, 2 },
	    { 1, 2, 300, 0, 0, ACK, 1 } }, 2 },
	{ "a new one whose past is in this batch, on the lower CPU",
	  { { 0, 1, 500, NEW, SYN | ACK, 0, 2 },
	    { 0, 0, 0, FT_ENTRY_SYN_AB, OLD, 0, 1 },
	    { 0, 2, 1, 0, 0, OLD, 1 },
	    { 0, 3, 502, 0, 0, SYN | ACK, 2 } }, 2 },
	{ "one short connection in one batch, split over two CPUs",
	  { { 0, 0, 2, 0, 0, SYN | ACK | FIN, 1 },
	    { 0, 1, 0, FT_ENTRY_SYN_AB, SYN | ACK | FIN, 0, 1 } }, 1 },
	{ "the same at one tick",
	  { { 0, 0, 0, 0, 0, SYN | ACK | FIN, 1 },
	    { 0, 1, 0, FT_ENTRY_SYN_AB, SYN | ACK | FIN, 0, 1 } }, 1 },
	{ "a SYN on the other CPU after the FIN that came in the same batch",
	  { { 0, 0, -900, FT_ENTRY_SYN_AB, SYN | ACK, SYN | ACK, 1 },
	    { 1, 0, 0, 0, ACK | FIN, ACK | FIN, 1 },
	    { 1, 1, 500, FT_ENTRY_SYN_AB, SYN, 0, 2 } }, 2 },
	{ "a UDP-like entry: no flags, never split",
	  { { 0, 0, 0, 0, 0, 0, 1 },
	    { 0, 1, 0, 0, 0, 0, 1 },
	    { 1, 0, 500, 0, 0, 0, 1 } }, 1 },
};

static bool is_piece(const struct piece *piece)
{
	return piece->flow != 0;
}

static void run_reuse(const struct reuse *reuse)
{
	static const uint32_t amounts[6] = { 1, 3, 9, 27, 81, 243 }; /* once or twice: all differ */
	struct ft_flow_key key = feed_key(1, 40000, 2, 80, TCP);
	uint64_t want[4] = { 0 }, start;
	bool found[4] = { false };
	struct ft_snapshot *snapshot;
	unsigned int batch, flow, i, ended = 0;
	struct feed_bed bed;

	feed_bed_init(&bed, 0);
	start = bed.feed.now_ns;
	for (batch = 0; batch < 3; batch++) {
		for (i = 0; i < 6 && is_piece(&reuse->pieces[i]); i++) {
			const struct piece *piece = &reuse->pieces[i];
			struct ft_entry *entry;

			if (piece->batch != batch)
				continue;
			bed.feed.now_ns = start + FEED_SECOND + (uint64_t)(piece->ms * 1000000LL);
			entry = feed_add(&bed.feed, piece->span, &key,
					 piece->tcp_ab ? amounts[i] : 0,
					 piece->tcp_ba || !piece->tcp_ab ? amounts[i] : 0);
			entry->flags[0] = piece->flags;
			entry->tcp_flags[0] = piece->tcp_ab;
			entry->tcp_flags[1] = piece->tcp_ba;
			want[piece->flow] += entry->dir[0].bytes + entry->dir[1].bytes;
		}
		feed_apply(&bed.feed, bed.table);
	}
	bed.feed.now_ns = start + 4 * FEED_SECOND;
	snapshot = feed_snapshot(&bed.feed, bed.table, 4 * FEED_SECOND, false);
	check_snapshot(snapshot);
	if (snapshot->row_count != reuse->flows)
		print_error("%s: %zu flows\n", reuse->name, snapshot->row_count);
	assert_int_equal(snapshot->row_count, reuse->flows);
	/* Every piece has an amount of its own, so a flow is told by its sum. */
	for (i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];
		uint64_t sum = row->total[0].bytes + row->total[1].bytes;

		for (flow = 1; flow < 4 && want[flow] != sum; flow++)
			;
		if (flow == 4)
			print_error("%s: a flow has %lu bytes\n", reuse->name, (unsigned long)sum);
		assert_true(flow < 4);
		if (found[flow])
			print_error("%s: flow %u twice\n", reuse->name, flow);
		assert_false(found[flow]);
		found[flow] = true;
		ended += row->ended != FT_ENDED_NOT;
	}
	assert_true(ended + 1 >= reuse->flows); /* who lost its key has ended */
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

static void test_new_connection_on_old_tuple(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(reuses) / sizeof(reuses[0]); i++)
		run_reuse(&reuses[i]);
}

/* A full table: the old flow can't be sent away for its own successor. */
static void test_new_connection_without_room(void **state)
{
	struct ft_flow_key key = feed_key(1, 40000, 2, 80, TCP);
	struct ft_snapshot *snapshot;
	struct ft_entry *entry;
	struct feed_bed bed;
	int round;

	(void)state;
	feed_bed_init(&bed, 1);
	for (round = 0; round < 4; round++) {
		entry = feed_add(&bed.feed, 0, &key, 100, 100);
		entry->flags[0] = FT_ENTRY_SYN_AB;
		entry->tcp_flags[0] = entry->tcp_flags[1] = OLD;
		feed_apply(&bed.feed, bed.table);
		feed_add(&bed.feed, 0, &key, 100, 0)->tcp_flags[0] = ACK;
		snapshot = feed_bed_step(&bed, 1);
		check_snapshot(snapshot);
		assert_int_equal(snapshot->row_count, 1);
		assert_int_equal(snapshot->interval.other.packets, 0);
		ft_snapshot_put(snapshot);
	}
	assert_int_equal(ft_table_count(bed.table), 1);
	feed_bed_done(&bed);
}

/* --- ends, initiator, state ------------------------------------------------------------------- */

/* Whose the only socket is. */
static uint16_t find_ear(void *arg, uint64_t cookie)
{
	assert_int_equal(cookie, 7);
	return *(const uint16_t *)arg;
}

/* A machine with 10.0.0.1/24 and 10.0.1.1/24 and a local network 10.9.0.0/16. */
static const struct local_case {
	const char *name;
	uint32_t a, b; /* of 10.0.0.0/8 */
	uint16_t port_a, port_b;
	uint8_t protocol, flags;
	uint8_t address_b[16]; /* instead of b if its first octet isn't 0 */
	enum ft_end local;
	enum ft_path path;
	uint64_t cookie_b;    /* of the socket that a look-up for b finds */
} local_cases[] = {
	{ "own is a", 0x000001, 0x080808, 80, 4000, TCP, FT_ENTRY_SYN_BA, { 0 }, FT_END_A,
	    FT_PATH_HOST, 0 },
	{ "own is b", 0x000000, 0x000001, 4000, 80, TCP, FT_ENTRY_SYN_AB, { 0 }, FT_END_B,
	    FT_PATH_HOST, 0 },
	{ "both own: the initiator", 0x000001, 0x000101, 80, 4000, TCP, FT_ENTRY_SYN_BA, { 0 },
	    FT_END_B, FT_PATH_LOOPBACK, 0 },
	{ "-F before subnet", 0x000005, 0x090001, 4000, 80, TCP, FT_ENTRY_SYN_AB, { 0 }, FT_END_B,
	    FT_PATH_TRANSIT, 0 },
	{ "subnet before initiator", 0x000005, 0x200000, 80, 4000, TCP, FT_ENTRY_SYN_BA, { 0 },
	    FT_END_A, FT_PATH_TRANSIT, 0 },
	{ "both on subnets: the initiator", 0x000005, 0x000105, 80, 4000, TCP, FT_ENTRY_SYN_BA,
	    { 0 }, FT_END_B, FT_PATH_TRANSIT, 0 },
	{ "broadcast is no host of the subnet", 0x000005, 0x0000ff, 137, 137, UDP, 0, { 0 },
	    FT_END_A, FT_PATH_TRANSIT, 0 },
	{ "neither: the initiator is a", 0x300000, 0x400000, 80, 4000, TCP, FT_ENTRY_SYN_AB,
	    { 0 }, FT_END_A, FT_PATH_TRANSIT, 0 },
	{ "neither: the earlier packet", 0x300000, 0x400000, 80, 4000, UDP, FT_ENTRY_FIRST_BA,
	    { 0 }, FT_END_B, FT_PATH_TRANSIT, 0 },
	{ "multicast", 0x000005, 0, 5353, 5353, UDP, FT_ENTRY_FIRST_BA, { 0xff, 2, [15] = 0xfb },
	    FT_END_A, FT_PATH_TRANSIT, 0 },
	{ "multicast that is heard here", 0x000005, 0, 5353, 5353, UDP, 0,
	    { 0xff, 2, [15] = 0xfb }, FT_END_B, FT_PATH_TRANSIT, 7 },
	{ "broadcast that is heard here", 0x000005, 0x0000ff, 137, 137, UDP, 0, { 0 }, FT_END_B,
	    FT_PATH_TRANSIT, 7 },
	{ "what a listener on any address would hear", 0x000005, 0x200000, 137, 137, UDP, 0, { 0 },
	    FT_END_A, FT_PATH_TRANSIT, 7 },
	{ "no connection goes to a group", 0x000005, 0x0000ff, 4000, 80, TCP, FT_ENTRY_SYN_AB, { 0 },
	    FT_END_A, FT_PATH_TRANSIT, 7 },
	{ "-F before what is heard", 0x090001, 0, 5353, 5353, UDP, 0, { 0xff, 2, [15] = 0xfb },
	    FT_END_A, FT_PATH_TRANSIT, 7 },
	{ "own before what is heard", 0x000001, 0x0000ff, 137, 137, UDP, 0, { 0 }, FT_END_A,
	    FT_PATH_HOST, 7 },
};

static void test_local_end(void **state)
{
	struct ft_net nets[2] = {
		{ .prefix = 96 + 24, .own = true, .ifindex = 1 },
		{ .prefix = 96 + 24, .own = true, .ifindex = 2 },
	};
	struct ft_addr_set set = { .nets = nets, .count = 2, .generation = 1 };
	struct ft_table_config config;
	struct ft_net local = { .prefix = 96 + 16 };
	size_t i;

	(void)state;
	assert_int_equal(ft_addr_parse("10.0.0.1", nets[0].addr), 0);
	assert_int_equal(ft_addr_parse("10.0.1.1", nets[1].addr), 0);
	assert_int_equal(ft_addr_parse("10.9.0.0", local.addr), 0);
	ft_table_config_init(&config);
	config.local_nets = &local;
	config.local_net_count = 1;
	for (i = 0; i < sizeof(local_cases) / sizeof(local_cases[0]); i++) {
		const struct local_case *c = &local_cases[i];
		struct ft_owners *owners = ft_owners_new();
		struct ft_table *table = ft_table_new(&config, owners);
		struct ft_flow_key key = feed_key(c->a, c->port_a, c->b, c->port_b, c->protocol);
		struct ft_snapshot *snapshot;
		const struct ft_flow *flow;
		struct ft_entry *entry;
		struct feed feed;
		uint16_t ear = ft_owners_add_process(owners, &(struct ft_process){ .pid = 7, .name = "ear" });
		uint16_t owner = c->path == FT_PATH_TRANSIT ? FT_OWNER_TRANSIT : FT_OWNER_UNKNOWN;

		if (c->address_b[0]) {
			struct ft_flow_key swap = feed_key(0, 0, c->a, c->port_a, c->protocol);

			key = swap;
			memcpy(key.addr_a, swap.addr_b, 16);
			memcpy(key.addr_b, c->address_b, 16);
			key.port_a_be = key.port_b_be = swap.port_b_be;
		}
		feed_init(&feed);
		ft_table_set_addresses(table, &set);
		entry = feed_add(&feed, 0, &key, 100, 100);
		entry->flags[0] = c->flags;
		entry->cookie[1] = c->cookie_b;
		entry->flags[1] = FT_ENTRY_LOOKED_UP(1);
		feed_apply(&feed, table);
		ft_table_move_owners(table, find_ear, &ear);
		snapshot = feed_snapshot(&feed, table, FEED_SECOND, false);
		flow = snapshot->rows[0].flow;
		if (flow->local != c->local || flow->path != c->path)
			print_error("%s: local %u, path %u\n", c->name, (unsigned int)flow->local,
				    (unsigned int)flow->path);
		assert_int_equal(flow->local, c->local);
		assert_int_equal(flow->path, c->path);
		if (c->cookie_b && c->local == FT_END_B)
			owner = ear;
		assert_int_equal(snapshot->rows[0].owner[c->local], owner);
		if (c->path == FT_PATH_HOST)
			assert_int_equal(snapshot->rows[0].owner[!c->local],
					 c->cookie_b ? ear : FT_OWNER_FOREIGN);
		ft_snapshot_put(snapshot);
		ft_table_free(table);
		ft_owners_free(owners);
		feed_done(&feed);
	}
}

/* Finds who listens to end b. */
static void find_listener(void *arg, struct ft_owner_query *query)
{
	const uint16_t *listener = arg;

	assert_false(query->end_is_own[0]);
	assert_true(query->end_is_own[1]);
	query->owner[0] = query->owner[1] = *listener;
	query->final = true;
}

/* Another machine's broadcast counts for the process that listens to it: received, not in transit. Of
 * one that nobody listens to its sender is the local end, as of all that passes by. */
static void test_heard(void **state)
{
	struct ft_flow_key key = feed_key(5, 137, 0xff, 137, UDP);
	struct ft_net net = { .prefix = 96 + 24, .own = true };
	const struct ft_addr_set set = { .nets = &net, .count = 1 };

	(void)state;
	for (int heard = 0; heard < 2; heard++) {
		struct ft_snapshot *snapshot;
		const struct ft_flow_hot *row;
		struct feed_bed bed;
		uint16_t owner[2], listener = FT_OWNER_KERNEL;

		feed_bed_init(&bed, 0);
		assert_int_equal(ft_addr_parse("10.0.0.1", net.addr), 0);
		ft_table_set_addresses(bed.table, &set);
		if (heard)
			listener = ft_owners_add_process(bed.owners, &(struct ft_process){ .pid = 7, .name = "ear" });
		feed_add(&bed.feed, 0, &key, 100, 0);
		feed_apply(&bed.feed, bed.table);
		ft_table_resolve_owners(bed.table, 4, find_listener, &listener);
		snapshot = feed_bed_step(&bed, 1);
		row = find_live(snapshot, &key);
		assert_int_equal(row->flow->local, heard ? FT_END_B : FT_END_A);
		assert_int_equal(ft_flow_owners(row, owner), 1);
		assert_int_equal(owner[0], heard ? listener : FT_OWNER_TRANSIT);
		ft_snapshot_put(snapshot);
		feed_bed_done(&bed);
	}
}

/* Two CPUs, one tick, no SYN: nobody knows who began, so ports and addresses decide. */
static void test_unknown_initiator(void **state)
{
	static const struct {
		uint16_t port_a, port_b;
		uint8_t protocol;
		enum ft_end local;
	} cases[] = {
		{ 53, 4000, UDP, FT_END_B }, { 4000, 53, UDP, FT_END_A },
		{ 123, 123, UDP, FT_END_A }, { 7, 0x0800, 1, FT_END_A },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ft_flow_key key = feed_key(1, cases[i].port_a, 2, cases[i].port_b,
						  cases[i].protocol);
		struct ft_snapshot *snapshot;
		struct feed_bed bed;

		feed_bed_init(&bed, 0);
		feed_add(&bed.feed, 0, &key, 100, 0);
		feed_add(&bed.feed, 1, &key, 0, 100);
		snapshot = feed_bed_step(&bed, 1);
		assert_int_equal(snapshot->rows[0].flow->initiator, FT_END_NONE);
		assert_int_equal(snapshot->rows[0].flow->local, cases[i].local);
		ft_snapshot_put(snapshot);
		/* Once shown it stays, whatever comes. */
		feed_add(&bed.feed, 0, &key, 100, 0)->flags[0] = FT_ENTRY_SYN_AB;
		snapshot = feed_bed_step(&bed, 1);
		assert_int_equal(snapshot->rows[0].flow->initiator, FT_END_NONE);
		assert_int_equal(snapshot->rows[0].flow->local, cases[i].local);
		ft_snapshot_put(snapshot);
		feed_bed_done(&bed);
	}
}

static const struct state_case {
	uint8_t protocol, entry_flags, tcp_ab, tcp_ba;
	uint32_t bytes_ab, bytes_ba;
	enum ft_state state;
	enum ft_end initiator;
	enum ft_end_reason ended;
} state_cases[] = {
	{ UDP, 0, 0, 0, 100, 0, FT_STATE_NONE, FT_END_A, FT_ENDED_NOT },
	{ UDP, FT_ENTRY_FIRST_BA, 0, 0, 100, 100, FT_STATE_ACTIVE, FT_END_B, FT_ENDED_NOT },
	{ TCP, FT_ENTRY_SYN_AB, SYN, 0, 40, 0, FT_STATE_SYN_SENT, FT_END_A, FT_ENDED_NOT },
	{ TCP, FT_ENTRY_SYN_BA | FT_ENTRY_FIRST_BA, 0, SYN, 0, 40, FT_STATE_SYN_SENT, FT_END_B,
	    FT_ENDED_NOT },
	{ TCP, FT_ENTRY_SYN_AB, SYN, SYN | ACK, 40, 40, FT_STATE_SYN_ACK, FT_END_A, FT_ENDED_NOT },
	{ TCP, FT_ENTRY_SYN_AB, SYN | ACK, SYN | ACK, 80, 40, FT_STATE_ESTABLISHED, FT_END_A,
	    FT_ENDED_NOT },
	/* only the answers pass here */
	{ TCP, FT_ENTRY_FIRST_BA, 0, SYN | ACK, 0, 40, FT_STATE_SYN_ACK, FT_END_A, FT_ENDED_NOT },
	{ TCP, 0, SYN | ACK, 0, 40, 0, FT_STATE_SYN_ACK, FT_END_B, FT_ENDED_NOT },
	/* only the client's packets pass here */
	{ TCP, FT_ENTRY_SYN_AB, SYN | ACK, 0, 80, 0, FT_STATE_ESTABLISHED, FT_END_A, FT_ENDED_NOT },
	/* the SYN was missed */
	{ TCP, FT_ENTRY_FIRST_BA, ACK, SYN | ACK, 40, 40, FT_STATE_ESTABLISHED, FT_END_A,
	    FT_ENDED_NOT },
	/* joined in the middle */
	{ TCP, 0, ACK, ACK, 40, 40, FT_STATE_ESTABLISHED, FT_END_A, FT_ENDED_NOT },
	{ TCP, 0, ACK, ACK | FIN, 40, 40, FT_STATE_CLOSING, FT_END_A, FT_ENDED_NOT },
	{ TCP, 0, ACK | FIN, ACK | FIN, 40, 40, FT_STATE_CLOSED, FT_END_A, FT_ENDED_FIN },
	{ TCP, 0, ACK | FIN | RST, ACK | FIN, 40, 40, FT_STATE_CLOSED, FT_END_A, FT_ENDED_FIN },
	{ TCP, 0, ACK | FIN, ACK | RST, 40, 40, FT_STATE_RESET, FT_END_A, FT_ENDED_RST },
	{ TCP, FT_ENTRY_SYN_AB, SYN, RST | ACK, 40, 40, FT_STATE_RESET, FT_END_A, FT_ENDED_RST },
	{ TCP, 0, 0, 0, 40, 0, FT_STATE_NONE, FT_END_A, FT_ENDED_NOT },
};

static void test_states(void **state)
{
	struct feed_bed bed;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(state_cases) / sizeof(state_cases[0]); i++) {
		const struct state_case *c = &state_cases[i];
		struct ft_flow_key key = feed_key(1, 4000, 2, 80, c->protocol);
		struct ft_snapshot *snapshot;
		struct ft_entry *entry;

		feed_bed_init(&bed, 0);
		entry = feed_add(&bed.feed, 0, &key, c->bytes_ab, c->bytes_ba);
		entry->flags[0] = c->entry_flags;
		entry->tcp_flags[0] = c->tcp_ab;
		entry->tcp_flags[1] = c->tcp_ba;
		snapshot = feed_bed_step(&bed, 1);
		if (snapshot->rows[0].state != c->state)
			print_error("case %zu: %s\n", i, ft_state_name(snapshot->rows[0].state));
		assert_int_equal(snapshot->rows[0].state, c->state);
		assert_int_equal(snapshot->rows[0].flow->initiator, c->initiator);
		assert_int_equal(snapshot->rows[0].ended, c->ended);
		ft_snapshot_put(snapshot);
		feed_bed_done(&bed);
	}
}

/* What entries say besides counts. */
static void test_entry_facts(void **state)
{
	struct ft_flow_key key = feed_key(1, 0, 2, 0, 50);
	struct ft_snapshot *snapshot;
	struct ft_entry *entry;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	entry = feed_add(&bed.feed, 0, &key, 100, 0);
	entry->first_tick -= 5000;
	entry->extra = 0xabcd;
	entry->flags[0] = FT_ENTRY_EXTRA_SPI | FT_ENTRY_INEXACT;
	entry->ifindex[0] = 1;
	entry = feed_add(&bed.feed, 1, &key, 0, 100);
	entry->flags[0] = FT_ENTRY_FRAGMENT;
	entry->ifindex[1] = 99; /* not shown */
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(snapshot->row_count, 1);
	assert_int_equal(snapshot->rows[0].flow->extra, 0xabcd);
	assert_int_equal(snapshot->rows[0].entry_flags,
			 FT_ENTRY_EXTRA_SPI | FT_ENTRY_INEXACT | FT_ENTRY_FRAGMENT);
	assert_int_equal(snapshot->rows[0].iface_slot[0], 1);
	assert_int_equal(snapshot->rows[0].iface_slot[1], 0);
	assert_int_equal(snapshot->rows[0].flow->first_ns, 1000000 * FEED_SECOND - 5000);
	assert_int_equal(snapshot->rows[0].last_ns, 1000000 * FEED_SECOND);
	ft_snapshot_put(snapshot);
	/* An entry that comes late makes nothing older. */
	entry = feed_add(&bed.feed, 0, &key, 100, 0);
	entry->first_tick = entry->last_tick = 1000000 * FEED_SECOND - 9000;
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(snapshot->rows[0].last_ns, 1000000 * FEED_SECOND);
	assert_int_equal(snapshot->rows[0].flow->first_ns, 1000000 * FEED_SECOND - 5000);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* --- rates ------------------------------------------------------------------------------------ */

/* The formula of table_rate.c by its definition: weighted mean of all intervals since birth. */
static double mean_by_definition(const double *x, unsigned int count, double d, double tau)
{
	double sum = 0, weights = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		double weight = exp(-(double)(count - 1 - i) * d / tau);

		sum += x[i] * weight;
		weights += weight;
	}
	return sum / weights;
}

static void assert_near(double value, double want)
{
	if (fabs(value - want) > 1e-3 * fabs(want) + 1e-2)
		print_error("%g is not %g\n", value, want);
	assert_true(fabs(value - want) <= 1e-3 * fabs(want) + 1e-2);
}

static void test_rates(void **state)
{
	enum { ROUNDS = 400, BORN = 7 };
	struct ft_flow_key key = feed_key(1, 4000, 2, 80, UDP), noise = feed_key(3, 1, 4, 1, UDP);
	struct ft_flow_key leaving = feed_key(5, 1, 6, 1, TCP);
	double bytes[ROUNDS] = { 0 }, packets[ROUNDS] = { 0 };
	struct feed_bed bed;
	unsigned int i, w;

	(void)state;
	feed_bed_init(&bed, 0);
	for (i = 0; i < ROUNDS; i++) {
		struct ft_snapshot *snapshot;
		const struct ft_flow_hot *row;
		uint32_t size = i >= BORN && random_below(3) ? 40 + random_below(100000) : 0;

		feed_add(&bed.feed, 0, &noise, 1, 1);
		if (i == 3) /* leaves: the row of our flow takes its place */
			feed_add(&bed.feed, 0, &leaving, 1, 1)->tcp_flags[0] = RST;
		if (size || i == BORN) {
			size = size ? size : 40;
			feed_add(&bed.feed, 0, &key, size, 0);
			bytes[i] = size / 2.0;
			packets[i] = 0.5;
		}
		snapshot = feed_bed_step(&bed, 2);
		row = find_live(snapshot, &key);
		for (w = 0; row && w < FT_WINDOWS; w++) {
			assert_near((double)row->rate_bytes[w][0],
				    mean_by_definition(bytes + BORN, i + 1 - BORN, 2,
						       ft_window_seconds[w]));
			assert_near((double)row->rate_packets[w][0],
				    mean_by_definition(packets + BORN, i + 1 - BORN, 2,
						       ft_window_seconds[w]));
			assert_true(row->rate_bytes[w][1] == 0);
		}
		assert_true((row != NULL) == (i >= BORN));
		ft_snapshot_put(snapshot);
	}
	feed_bed_done(&bed);
}

/* Steady traffic shows its rate from the first second on, in the header as in the rows. */
static void test_steady_rate(void **state)
{
	struct ft_flow_key key = feed_key(1, 4000, 2, 80, UDP);
	struct ft_snapshot *snapshot;
	struct feed_bed bed;
	unsigned int i, w;

	(void)state;
	feed_bed_init(&bed, 0);
	for (i = 0; i < 20; i++) {
		feed_add(&bed.feed, 0, &key, 1000, 300); /* a is the local end: it sent first */
		snapshot = feed_bed_step(&bed, 1);
		for (w = 0; w < FT_WINDOWS; w++) {
			assert_near((double)snapshot->rows[0].rate_bytes[w][0], 1000);
			assert_near((double)snapshot->rows[0].rate_bytes[w][1], 300);
			assert_near(snapshot->scopes[0].tx_bytes_per_s[w], 1000);
			assert_near(snapshot->scopes[0].rx_bytes_per_s[w], 300);
			assert_near(snapshot->scopes[0].rx_packets_per_s[w], 1);
		}
		ft_snapshot_put(snapshot);
	}
	/* No time, no rate, no harm. */
	feed_add(&bed.feed, 0, &key, 1000, 300);
	snapshot = feed_bed_step(&bed, 0);
	assert_near((double)snapshot->rows[0].rate_bytes[0][0], 1000);
	assert_near(snapshot->scopes[0].tx_bytes_per_s[0], 1000);
	ft_snapshot_put(snapshot);
	snapshot = feed_bed_step(&bed, 100);
	assert_true(snapshot->rows[0].rate_bytes[0][0] < 1);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* --- owners ----------------------------------------------------------------------------------- */

struct oracle {
	struct ft_owners *owners;
	unsigned int asked;
	uint64_t ids[64];
	uint64_t cookies[64];
	uint16_t answer;
	bool final;
};

static void ask_oracle(void *arg, struct ft_owner_query *query)
{
	struct oracle *oracle = arg;

	if (oracle->asked < 64) {
		oracle->ids[oracle->asked] = query->flow->id;
		oracle->cookies[oracle->asked] = query->cookie[0];
	}
	oracle->asked++;
	assert_true(query->end_is_own[0]);
	assert_false(query->end_is_own[1]);
	assert_int_equal(query->owner[1], FT_OWNER_FOREIGN);
	query->owner[0] = oracle->answer;
	query->owner[1] = oracle->answer; /* not asked for: ignored */
	query->final = oracle->final;
}

static void own_address(struct feed_bed *bed, const char *text)
{
	struct ft_net net = { .prefix = 128, .own = true };
	const struct ft_addr_set set = { .nets = &net, .count = 1 };

	assert_int_equal(ft_addr_parse(text, net.addr), 0);
	ft_table_set_addresses(bed->table, &set);
}

static void test_owners(void **state)
{
	struct ft_process process = { .pid = 7, .name = "curl" };
	struct ft_snapshot *snapshot;
	struct oracle oracle = { .asked = 0 };
	struct ft_flow_key key;
	struct feed_bed bed;
	uint32_t i;

	(void)state;
	feed_bed_init(&bed, 0);
	own_address(&bed, "10.0.0.1");
	for (i = 0; i < 10; i++) {
		key = feed_key(1, (uint16_t)(4000 + i), 0x80000, 80, TCP);
		feed_add(&bed.feed, 0, &key, 100, 0)->cookie[0] = 100 + i;
	}
	key = feed_key(0x90000, 1, 0x80000, 80, TCP);
	feed_add(&bed.feed, 0, &key, 100, 0);
	feed_apply(&bed.feed, bed.table);

	/* Bounded; who had no turn gets one. */
	ft_table_resolve_owners(bed.table, 4, ask_oracle, &oracle);
	assert_int_equal(oracle.asked, 4);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(find_live(snapshot, &key)->owner[0], FT_OWNER_TRANSIT);
	ft_snapshot_put(snapshot);

	/* Active ones first: flow 8 has a packet. */
	key = feed_key(1, 4007, 0x80000, 80, TCP);
	feed_add(&bed.feed, 0, &key, 100, 0);
	feed_apply(&bed.feed, bed.table);
	oracle.asked = 0;
	ft_table_resolve_owners(bed.table, 7, ask_oracle, &oracle);
	assert_int_equal(oracle.asked, 7);
	assert_int_equal(oracle.ids[0], 8);
	assert_int_equal(oracle.cookies[1], 100); /* remembered */
	ft_snapshot_put(feed_bed_step(&bed, 1));

	/* Answers reach the rows, everybody once. */
	oracle.answer = ft_owners_add_process(bed.owners, &process);
	oracle.asked = 0;
	ft_table_resolve_owners(bed.table, 100, ask_oracle, &oracle);
	assert_int_equal(oracle.asked, 10);
	ft_table_resolve_owners(bed.table, 100, ask_oracle, &oracle);
	assert_int_equal(oracle.asked, 10);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(snapshot->delta_count, 0);
	for (i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];

		if (row->flow->path == FT_PATH_TRANSIT)
			continue;
		assert_int_equal(row->owner[0], oracle.answer);
		assert_int_equal(row->owner[1], FT_OWNER_FOREIGN);
		assert_string_equal(ft_snapshot_process(snapshot, row->owner[0])->name, "curl");
	}
	ft_snapshot_put(snapshot);

	/* The process is forgotten when its flows are. */
	ft_owners_exited(bed.owners, 7, bed.feed.now_ns);
	ft_snapshot_put(feed_bed_step(&bed, 130));
	assert_int_equal(ft_owners_count(bed.owners), 1);
	ft_snapshot_put(feed_bed_step(&bed, 600));
	ft_snapshot_put(feed_bed_step(&bed, 10));
	ft_snapshot_put(feed_bed_step(&bed, 1));
	assert_int_equal(ft_owners_count(bed.owners), 0);
	assert_int_equal(ft_table_count(bed.table), 0);

	/* New ones are asked about; `final` means never again; a made-up id is no answer. */
	key = feed_key(1, 5000, 0x80000, 80, TCP);
	feed_add(&bed.feed, 0, &key, 100, 0);
	feed_apply(&bed.feed, bed.table);
	oracle.asked = 0;
	oracle.answer = 4711;
	ft_table_resolve_owners(bed.table, 100, ask_oracle, &oracle);
	assert_int_equal(oracle.asked, 1);
	ft_snapshot_put(feed_bed_step(&bed, 1));
	oracle.final = true;
	ft_table_resolve_owners(bed.table, 100, ask_oracle, &oracle);
	assert_int_equal(oracle.asked, 2);
	ft_table_resolve_owners(bed.table, 100, ask_oracle, &oracle);
	assert_int_equal(oracle.asked, 2);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(find_live(snapshot, &key)->owner[0], FT_OWNER_UNKNOWN);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* Flows that go while they wait for an owner are not asked about. */
static void test_owner_queue_forgets_the_dead(void **state)
{
	struct oracle oracle = { .asked = 0 };
	struct ft_flow_key key = feed_key(1, 4000, 0x80000, 53, UDP);
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	own_address(&bed, "10.0.0.1");
	feed_add(&bed.feed, 0, &key, 100, 0);
	feed_apply(&bed.feed, bed.table);
	ft_table_resolve_owners(bed.table, 100, ask_oracle, &oracle);
	ft_snapshot_put(feed_bed_step(&bed, 120));
	ft_snapshot_put(feed_bed_step(&bed, 120));
	ft_snapshot_put(feed_bed_step(&bed, 1));
	assert_int_equal(ft_table_count(bed.table), 0);
	feed_add(&bed.feed, 0, &key, 100, 0); /* in the same slot */
	feed_apply(&bed.feed, bed.table);
	oracle.asked = 0;
	ft_table_resolve_owners(bed.table, 100, ask_oracle, &oracle);
	assert_int_equal(oracle.asked, 1);
	assert_int_equal(oracle.ids[0], 2);
	feed_bed_done(&bed);
}

/* Where own flows come faster than owners are asked for, those that went leave no trace. */
static void test_owner_queue_is_bounded(void **state)
{
	enum { MAX = 1000 };
	struct oracle oracle = { .asked = 0 };
	size_t early = 0;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, MAX);
	own_address(&bed, "10.0.0.1");
	for (uint32_t round = 0; round < 1000; round++) {
		for (uint32_t i = 0; i < MAX / 8; i++) {
			struct ft_flow_key key = feed_key(1, 53, 0x10000 + round * MAX + i, 9, UDP);

			feed_add(&bed.feed, 0, &key, 100, 0);
		}
		feed_apply(&bed.feed, bed.table);
		oracle.asked = 0;
		ft_table_resolve_owners(bed.table, 10, ask_oracle, &oracle);
		assert_int_equal(oracle.asked, 10);
		ft_snapshot_put(feed_bed_step(&bed, 1));
		if (round == 50)
			early = ft_table_memory(bed.table);
	}
	assert_true(ft_table_memory(bed.table) <= early + early / 8);
	feed_bed_done(&bed);
}

/* An interface that is there keeps its total however many others come and go. */
static void test_ifaces_that_stay(void **state)
{
	struct ft_snapshot *snapshot;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	for (uint32_t i = 0; i < 3 * 4 * FT_MAX_IFACES; i++) {
		bed.feed.ifaces[0] = (struct ft_iface_delta){ .ifindex = 1 };
		bed.feed.ifaces[0].counters.rx.packets = 1;
		bed.feed.ifaces[1] = (struct ft_iface_delta){ .ifindex = 2 + i };
		bed.feed.ifaces[1].counters.tx.packets = 1;
		bed.feed.iface_count = 2;
		feed_apply(&bed.feed, bed.table);
		if (i % 100 == 0)
			ft_snapshot_put(feed_bed_step(&bed, 1));
	}
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(snapshot->ifaces[0].ifindex, 1);
	assert_int_equal(snapshot->ifaces[0].total.rx.packets, 3 * 4 * FT_MAX_IFACES);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_adds_up),
		cmocka_unit_test(test_line_fails_without_an_entry),
		cmocka_unit_test(test_line_terms),
		cmocka_unit_test(test_eviction_takes_the_idle_longest),
		cmocka_unit_test(test_ended_rows_make_room),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_departures_hide_nobody),
		cmocka_unit_test(test_idle_flows_end_and_leave),
		cmocka_unit_test(test_closed_flows),
		cmocka_unit_test(test_end_is_shown_before_leaving),
		cmocka_unit_test(test_scope_ends),
		cmocka_unit_test(test_scope_is_forgotten),
		cmocka_unit_test(test_clock_jump),
		cmocka_unit_test(test_clock_is_set),
		cmocka_unit_test(test_new_connection_on_old_tuple),
		cmocka_unit_test(test_new_connection_without_room),
		cmocka_unit_test(test_local_end),
		cmocka_unit_test(test_heard),
		cmocka_unit_test(test_unknown_initiator),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_entry_facts),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_steady_rate),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_owner_queue_forgets_the_dead),
		cmocka_unit_test(test_owner_queue_is_bounded),
		cmocka_unit_test(test_ifaces_that_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
