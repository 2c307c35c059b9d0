/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets and handshakes of flows: samples find their flow in whatever order they come, the
 * newest holds, what is gone leaves nothing behind; a long random life against a plain model.
 * And what a sample says: its numbers, and what holds the connection up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/health.h"
#include "core/socket.h"
#include "feed.h"

#define TCP 6
#define FIN 0x01
#define SYN 0x02
#define ACK 0x10

/* The row of a key that has not ended, or NULL. */
static const struct ft_flow_hot *row_of(const struct ft_snapshot *snapshot,
					const struct ft_flow_key *key)
{
	for (size_t i = 0; i < snapshot->row_count; i++)
		if (memcmp(&snapshot->rows[i].flow->key, key, sizeof(*key)) == 0 &&
		    snapshot->rows[i].ended == FT_ENDED_NOT)
			return &snapshot->rows[i];
	return NULL;
}

/* A sample with numbers made from its cookie and segments. */
static struct ft_health sample(uint64_t cookie, uint64_t tick, uint32_t segs_out)
{
	return (struct ft_health){
		.cookie = cookie, .tick = tick, .segs_out = segs_out,
		.srtt_us = (uint32_t)cookie * 1000 + segs_out,
	};
}

/* ---- joining */

static void test_samples_find_flows(void **state)
{
	struct feed_bed bed;
	struct ft_flow_key key = feed_key(1, 1000, 2, 80, TCP), other = feed_key(1, 1001, 2, 80, TCP);
	struct ft_snapshot *snapshot, *old;
	const struct ft_health *health;

	(void)state;
	feed_bed_init(&bed, 0);
	/* The sample comes a period before its flow. */
	feed_socket(&bed.feed, sample(7, bed.feed.now_ns, 1));
	feed_add(&bed.feed, 0, &other, 100, 0)->cookie[0] = 9;
	old = feed_bed_step(&bed, 1);
	assert_null(ft_snapshot_socket(old, row_of(old, &other), 0));
	feed_add(&bed.feed, 0, &key, 100, 0)->cookie[0] = 7;
	snapshot = feed_bed_step(&bed, 1);
	health = ft_snapshot_socket(snapshot, row_of(snapshot, &key), 0);
	assert_non_null(health);
	assert_int_equal(health->srtt_us, 7001);
	assert_null(ft_snapshot_socket(snapshot, row_of(snapshot, &key), 1));
	assert_null(ft_snapshot_socket(snapshot, row_of(snapshot, &other), 0));
	ft_snapshot_put(snapshot);

	/* A newer one comes while the flow is idle; the flow's other end has one too. */
	feed_socket(&bed.feed, sample(7, bed.feed.now_ns, 2));
	feed_socket(&bed.feed, sample(8, bed.feed.now_ns, 5));
	feed_add(&bed.feed, 0, &key, 0, 50)->cookie[1] = 8;
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(ft_snapshot_socket(snapshot, row_of(snapshot, &key), 0)->srtt_us, 7002);
	assert_int_equal(ft_snapshot_socket(snapshot, row_of(snapshot, &key), 1)->srtt_us, 8005);
	/* What was published stays as it was. */
	assert_null(ft_snapshot_socket(old, row_of(old, &other), 0));
	ft_snapshot_put(old);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

static void test_newest_sample_holds(void **state)
{
	struct feed_bed bed;
	struct ft_flow_key key = feed_key(1, 1000, 2, 80, TCP);
	struct ft_snapshot *snapshot;
	uint64_t now;

	(void)state;
	feed_bed_init(&bed, 0);
	now = bed.feed.now_ns;
	feed_add(&bed.feed, 0, &key, 100, 0)->cookie[0] = 7;
	/* Of two CPUs, in no order; within a tick the one that has sent more. */
	feed_socket(&bed.feed, sample(7, now + 10, 50));
	feed_socket(&bed.feed, sample(7, now + 20, 70));
	feed_socket(&bed.feed, sample(7, now + 20, 60));
	feed_socket(&bed.feed, sample(7, now + 5, 90));
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(ft_snapshot_socket(snapshot, row_of(snapshot, &key), 0)->segs_out, 70);
	ft_snapshot_put(snapshot);
	/* A later batch is newer, whatever its clock says. */
	feed_socket(&bed.feed, sample(7, now - 1000, 71));
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(ft_snapshot_socket(snapshot, row_of(snapshot, &key), 0)->segs_out, 71);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* The cookie of a flow's end, as somebody else would find it: the lower port. */
static uint64_t find_cookie(void *arg, const struct ft_flow_key *key, int end)
{
	unsigned *asked = arg;
	uint16_t port = (uint16_t)(key->port_a_be << 8 | key->port_a_be >> 8);

	++*asked;
	return end == 0 ? port : 0;
}

/* How it was at its end holds, though samples taken just before may come later; until the same
 * socket is connected anew. */
static void test_end_holds(void **state)
{
	struct feed_bed bed;
	struct ft_flow_key key = feed_key(1, 1000, 2, 80, TCP);
	struct ft_health end;
	struct ft_snapshot *snapshot;
	const struct ft_health *known;
	uint64_t now;

	(void)state;
	feed_bed_init(&bed, 0);
	now = bed.feed.now_ns;
	feed_add(&bed.feed, 0, &key, 100, 0)->cookie[0] = 7;
	end = sample(7, now + 1000, 80);
	end.state = FT_HEALTH_CLOSED;
	feed_socket(&bed.feed, sample(7, now + 900, 79));
	feed_socket(&bed.feed, end);
	ft_snapshot_put(feed_bed_step(&bed, 1));
	/* With the FIN, some ticks before or, as ticks go, after it. */
	feed_socket(&bed.feed, sample(7, now + 950, 78));
	feed_socket(&bed.feed, sample(7, now + 50000000, 78));
	snapshot = feed_bed_step(&bed, 1);
	known = ft_snapshot_socket(snapshot, row_of(snapshot, &key), 0);
	assert_int_equal(known->segs_out, 80);
	assert_int_equal(known->state, FT_HEALTH_CLOSED);
	ft_snapshot_put(snapshot);
	feed_socket(&bed.feed, sample(7, now + 3000000000, 1));
	snapshot = feed_bed_step(&bed, 1);
	known = ft_snapshot_socket(snapshot, row_of(snapshot, &key), 0);
	assert_int_equal(known->segs_out, 1);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

static void test_sockets_are_named(void **state)
{
	struct feed_bed bed;
	struct ft_flow_key key = feed_key(1, 1000, 2, 80, TCP), udp = feed_key(1, 1000, 2, 53, 17);
	struct ft_snapshot *snapshot;
	unsigned asked = 0;

	(void)state;
	feed_bed_init(&bed, 0);
	feed_add(&bed.feed, 0, &key, 100, 0);
	feed_add(&bed.feed, 0, &udp, 100, 0);
	feed_socket(&bed.feed, sample(1000, bed.feed.now_ns, 3));
	feed_apply(&bed.feed, bed.table);
	ft_table_name_sockets(bed.table, find_cookie, &asked);
	assert_int_equal(asked, 2); /* both ends of the TCP flow */
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(ft_snapshot_socket(snapshot, row_of(snapshot, &key), 0)->segs_out, 3);
	assert_null(ft_snapshot_socket(snapshot, row_of(snapshot, &udp), 0));
	ft_snapshot_put(snapshot);
	/* What is known is not asked again. */
	feed_add(&bed.feed, 0, &key, 100, 0);
	feed_apply(&bed.feed, bed.table);
	ft_table_name_sockets(bed.table, find_cookie, &asked);
	assert_int_equal(asked, 3);
	feed_bed_done(&bed);
}

/* Bytes of the program of socket 7, whose sender it is told to. */
static bool find_bytes(void *arg, uint64_t cookie, uint64_t *ret_sent, uint64_t *ret_received)
{
	const uint64_t *sent = arg;

	*ret_sent = *sent;
	*ret_received = 11;
	return cookie == 7;
}

/* They stay when a newer sample comes, but not with the next socket in the same place. */
static void test_app_bytes(void **state)
{
	struct feed_bed bed;
	struct ft_flow_key key = feed_key(1, 1000, 2, 80, TCP), next = feed_key(1, 1001, 2, 80, TCP);
	struct ft_snapshot *snapshot;
	const struct ft_health *health;
	uint64_t sent = 5000, value;

	(void)state;
	feed_bed_init(&bed, 0);
	ft_table_add_app_bytes(bed.table, find_bytes, &sent); /* nothing to ask about yet */
	feed_add(&bed.feed, 0, &key, 100, 0)->cookie[0] = 7;
	feed_socket(&bed.feed, sample(7, bed.feed.now_ns, 1));
	feed_apply(&bed.feed, bed.table);
	ft_table_add_app_bytes(bed.table, find_bytes, &sent);
	snapshot = feed_bed_step(&bed, 1);
	health = ft_snapshot_socket(snapshot, row_of(snapshot, &key), 0);
	assert_true(ft_health_get(health, FT_NUMBER_app_bytes_sent, &value));
	assert_int_equal(value, 5000);
	assert_true(ft_health_get(health, FT_NUMBER_app_bytes_received, &value));
	assert_int_equal(value, 11);
	ft_snapshot_put(snapshot);
	feed_add(&bed.feed, 0, &key, 100, 0)->cookie[0] = 7;
	feed_socket(&bed.feed, sample(7, bed.feed.now_ns, 2));
	snapshot = feed_bed_step(&bed, 1);
	health = ft_snapshot_socket(snapshot, row_of(snapshot, &key), 0);
	assert_int_equal(health->segs_out, 2);
	assert_true(ft_health_get(health, FT_NUMBER_app_bytes_sent, &value));
	assert_int_equal(value, 5000);
	ft_snapshot_put(snapshot);
	/* its flow goes, and another one takes the place */
	ft_snapshot_put(feed_bed_step(&bed, 3000));
	ft_snapshot_put(feed_bed_step(&bed, 100));
	feed_add(&bed.feed, 0, &next, 100, 0)->cookie[0] = 8;
	feed_socket(&bed.feed, sample(8, bed.feed.now_ns, 1));
	snapshot = feed_bed_step(&bed, 1);
	health = ft_snapshot_socket(snapshot, row_of(snapshot, &next), 0);
	assert_non_null(health);
	assert_false(ft_health_get(health, FT_NUMBER_app_bytes_sent, &value));
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* A list of all sockets has news of those that flows have, if it is newer; others it passes by. */
static void test_lists_refresh(void **state)
{
	struct ft_socket_list *list = ft_socket_list_new();
	struct ft_socket socket = { .tcp = true, .protocol = TCP };
	struct ft_flow_key key = feed_key(1, 1000, 2, 80, TCP);
	struct ft_snapshot *snapshot;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	ft_table_refresh_sockets(bed.table, list);
	feed_add(&bed.feed, 0, &key, 100, 0)->cookie[0] = 7;
	feed_socket(&bed.feed, sample(7, bed.feed.now_ns, 5));
	feed_apply(&bed.feed, bed.table);
	for (uint64_t cookie = 6; cookie <= 8; cookie++) {
		socket.id = cookie;
		socket.health = sample(cookie, bed.feed.now_ns - 1, 4); /* older than what is known */
		ft_socket_list_add(list, &socket);
	}
	ft_table_refresh_sockets(bed.table, list);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(ft_snapshot_socket(snapshot, row_of(snapshot, &key), 0)->segs_out, 5);
	ft_snapshot_put(snapshot);
	socket.id = 7;
	socket.health = sample(7, bed.feed.now_ns, 9);
	ft_socket_list_add(list, &socket);
	ft_table_refresh_sockets(bed.table, list);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(ft_snapshot_socket(snapshot, row_of(snapshot, &key), 0)->segs_out, 9);
	ft_snapshot_put(snapshot);
	ft_socket_list_put(list);
	feed_bed_done(&bed);
}

/* ---- a long life */

#define MODEL_FLOWS 300
#define MODEL_STEPS 400

static unsigned live_with_socket; /* rows looked at, so that the test tests something */

/* Flow number i has the cookie i + 1. */
struct model {
	struct ft_flow_key key;
	uint32_t segs_out; /* of its last sample */
	bool fresh;        /* that came in this step */
	uint64_t had;      /* id of the flow that had a socket in the last snapshot */
};

static uint32_t random_below(uint32_t limit)
{
	static uint64_t x = 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)((x * 0x2545f4914f6cdd1dULL >> 33) % limit);
}

/*
 * A socket is never another flow's, and never old. One that was sampled is there, and one that
 * was there stays.
 */
static void check_model(const struct ft_snapshot *snapshot, struct model *model)
{
	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];
		const struct ft_health *health = ft_snapshot_socket(snapshot, row, 0);
		struct model *m = &model[row->flow->extra];

		assert_memory_equal(&row->flow->key, &m->key, sizeof(row->flow->key));
		assert_null(ft_snapshot_socket(snapshot, row, 1));
		if (health) {
			assert_int_equal(health->cookie, m - model + 1);
			assert_int_equal(health->segs_out, m->segs_out);
		}
		if (row->ended != FT_ENDED_NOT)
			continue;
		assert_true(health || !(m->fresh || m->had == row->flow->id));
		m->had = health ? row->flow->id : 0;
		live_with_socket += health != NULL;
	}
}

static void test_long_life(void **state)
{
	static struct model model[MODEL_FLOWS];
	struct ft_snapshot *held = NULL;
	uint32_t segments = 0;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 200); /* evictions too */
	for (uint32_t i = 0; i < MODEL_FLOWS; i++)
		model[i].key = feed_key(1, (uint16_t)(2000 + i), 2, 80, TCP);
	for (int turn = 0; turn < MODEL_STEPS; turn++) {
		struct ft_snapshot *snapshot;
		bool seen[MODEL_FLOWS] = { false };

		for (int n = 0; n < 60; n++) {
			uint32_t i = random_below(MODEL_FLOWS);
			struct ft_entry *entry;

			if (seen[i])
				continue;
			seen[i] = true;
			entry = feed_add(&bed.feed, random_below(3), &model[i].key, 100, 0);
			entry->cookie[0] = i + 1;
			entry->extra = i; /* tells the flow's number, whatever its protocol */
			entry->flags[0] |= FT_ENTRY_EXTRA_GRE;
			if (random_below(8) == 0)
				entry->tcp_flags[0] = entry->tcp_flags[1] = FIN | ACK;
			if (random_below(3) == 0) {
				feed_socket(&bed.feed, sample(i + 1, bed.feed.now_ns, ++segments));
				model[i].segs_out = segments;
				model[i].fresh = true;
			}
		}
		snapshot = feed_bed_step(&bed, 1 + random_below(20));
		check_model(snapshot, model);
		for (uint32_t i = 0; i < MODEL_FLOWS; i++)
			model[i].fresh = false;
		ft_snapshot_put(held);
		held = snapshot;
	}
	ft_snapshot_put(held);
	assert_true(live_with_socket > MODEL_STEPS * 20);
	feed_bed_done(&bed);
}

/* ---- handshakes */

/* Moments in units, 0 = not seen, and TCP flags a->b, b->a, of two entries; who began; what is
 * told. */
static const struct {
	const char *what;
	struct {
		uint32_t shake[3];
		uint8_t flags[2];
	} entry[2];
	bool by_b;
	uint32_t syn_ack_us, ack_us;
} shakes[] = {
	{ "all in one entry", { { { 1000, 2000, 3000 }, { SYN | ACK, SYN | ACK } } }, false, 1024,
	  1024 },
	{ "begun by b", { { { 2000, 1000, 3000 }, { SYN | ACK, SYN | ACK } } }, true, 1024, 1024 },
	{ "each way on a CPU of its own",
	  { { { 1000, 0, 3000 }, { SYN | ACK, 0 } }, { { 0, 2000, 0 }, { 0, SYN | ACK } } }, false,
	  1024, 1024 },
	{ "the first SYN counts, on whatever CPU",
	  { { { 1500, 0, 0 }, { SYN, 0 } }, { { 1000, 2000, 0 }, { SYN, SYN | ACK } } }, false,
	  1024, 0 },
	{ "the clock's word wraps", { { { UINT32_MAX - 499, 500, 1500 }, { SYN | ACK, SYN | ACK } } },
	  false, 1024, 1024 },
	{ "at once", { { { 5, 5, 5 }, { SYN | ACK, SYN | ACK } } }, false, 1, 1 },
	{ "no answer", { { { 1000, 0, 0 }, { SYN, 0 } } }, false, 0, 0 },
	{ "no pair: the answer is older", { { { 2000, 1000, 0 }, { SYN, SYN | ACK } } }, false, 0,
	  0 },
	{ "joined in the middle", { { { 1000, 2000, 0 }, { ACK, ACK } } }, false, 0, 0 },
};

/* Puts such entries into the feed, from the first one on. */
static void put_shakes(struct feed *feed, size_t row, unsigned first, unsigned end)
{
	struct ft_flow_key key = feed_key(1, 1000, 2, 80, TCP);
	bool by_b = shakes[row].by_b;

	for (unsigned i = first; i < end; i++) {
		struct ft_entry *entry;

		if (!(shakes[row].entry[i].flags[0] | shakes[row].entry[i].flags[1]))
			continue;
		entry = feed_add(feed, i, &key, 100, 100);
		memcpy(entry->shake, shakes[row].entry[i].shake, sizeof(entry->shake));
		memcpy(entry->tcp_flags, shakes[row].entry[i].flags, sizeof(entry->tcp_flags));
		if (entry->shake[by_b] && entry->tcp_flags[by_b] & SYN)
			entry->flags[0] |= by_b ? FT_ENTRY_SYN_BA : FT_ENTRY_SYN_AB;
	}
}

static void check_shake(const struct ft_snapshot *snapshot, const char *what, uint32_t syn_ack_us,
			uint32_t ack_us)
{
	struct ft_flow_key key = feed_key(1, 1000, 2, 80, TCP);
	struct ft_handshake shake = ft_snapshot_handshake(snapshot, row_of(snapshot, &key));

	if (shake.syn_ack_us != syn_ack_us || shake.ack_us != ack_us)
		fail_msg("%s: %u and %u us, should be %u and %u", what, shake.syn_ack_us,
			 shake.ack_us, syn_ack_us, ack_us);
}

static void test_handshakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shakes) / sizeof(shakes[0]); i++) {
		struct ft_snapshot *snapshot;
		struct feed_bed bed;

		feed_bed_init(&bed, 0);
		put_shakes(&bed.feed, i, 0, 2);
		snapshot = feed_bed_step(&bed, 1);
		check_shake(snapshot, shakes[i].what, shakes[i].syn_ack_us, shakes[i].ack_us);
		ft_snapshot_put(snapshot);
		/* Idle, it keeps it. */
		snapshot = feed_bed_step(&bed, 1);
		check_shake(snapshot, shakes[i].what, shakes[i].syn_ack_us, shakes[i].ack_us);
		ft_snapshot_put(snapshot);
		feed_bed_done(&bed);
	}
}

/* The line is slow, periods are short: each packet of a handshake comes in one of its own. */
static void test_handshakes_over_periods(void **state)
{
	static const struct {
		uint32_t shake[3];
		uint8_t flags[2];
		uint32_t syn_ack_us, ack_us;
	} periods[] = {
		{ { 1000, 0, 0 }, { SYN, 0 }, 0, 0 },
		{ { 0, 2000, 0 }, { 0, SYN | ACK }, 1024, 0 },
		{ { 0, 2500, 0 }, { 0, ACK }, 1024, 0 }, /* not the initiator's */
		{ { 3000, 0, 0 }, { ACK, 0 }, 1024, 1024 },
		{ { 4000, 5000, 0 }, { ACK, ACK }, 1024, 1024 },
	};
	struct ft_flow_key key = feed_key(1, 1000, 2, 80, TCP);
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
		struct ft_entry *entry = feed_add(&bed.feed, 0, &key, 100, 100);
		struct ft_snapshot *snapshot;

		memcpy(entry->shake, periods[i].shake, sizeof(entry->shake));
		memcpy(entry->tcp_flags, periods[i].flags, sizeof(entry->tcp_flags));
		if (i == 0)
			entry->flags[0] |= FT_ENTRY_SYN_AB;
		snapshot = feed_bed_step(&bed, 1);
		check_shake(snapshot, "over periods", periods[i].syn_ack_us, periods[i].ack_us);
		ft_snapshot_put(snapshot);
	}
	feed_bed_done(&bed);
}

/* ---- what a sample says */

static void test_numbers(void **state)
{
	struct ft_health health = { .srtt_us = 5, .busy_us = 9, .snd_wscale = 7 };
	uint64_t value = 99;

	(void)state;
	assert_true(ft_health_get(&health, FT_NUMBER_rtt_us, &value));
	assert_int_equal(value, 5);
	assert_false(ft_health_get(&health, FT_NUMBER_min_rtt_us, &value));
	assert_false(ft_health_get(&health, FT_NUMBER_busy_us, &value));
	assert_int_equal(value, 5);
	health.known = FT_HEALTH_MORE;
	assert_true(ft_health_get(&health, FT_NUMBER_busy_us, &value));
	assert_int_equal(value, 9);
	assert_true(ft_health_get(&health, FT_NUMBER_snd_wscale, &value));
	assert_int_equal(value, 7);
	assert_true(ft_health_get(&health, FT_NUMBER_retransmits, &value));
	assert_int_equal(value, 0);
	assert_false(ft_health_get(&health, FT_NUMBER_rcv_wnd, &value));
	health.pacing_rate = FT_HEALTH_NO_PACING;
	health.ssthresh = FT_HEALTH_NO_SSTHRESH;
	assert_false(ft_health_get(&health, FT_NUMBER_pacing_bytes_per_s, &value));
	assert_false(ft_health_get(&health, FT_NUMBER_ssthresh, &value));
	health.pacing_rate = 1ULL << 40;
	assert_true(ft_health_get(&health, FT_NUMBER_pacing_bytes_per_s, &value));
	assert_true(value == 1ULL << 40);
	assert_true(ft_health_get(&health, FT_NUMBER_rttvar_us, &value));
	assert_int_equal(value, 0);
	health.srtt_us = 0;
	assert_false(ft_health_get(&health, FT_NUMBER_rttvar_us, &value));
}

static void test_words(void **state)
{
	static const struct {
		struct ft_health health;
		const char *text[FT_HEALTH_WORDS_MAX];
	} cases[] = {
		{ { .srtt_us = 100 }, { NULL } },
		{ { .known = FT_HEALTH_MORE, .busy_us = 1000, .rwnd_limited_us = 730,
		    .data_segs_out = 1000, .total_retrans = 31 },
		  { "limited by the receiver's window 73 % of the time",
		    "3.1 % of segments retransmitted" } },
		{ { .known = 0, .busy_us = 1000, .rwnd_limited_us = 730 }, { NULL } },
		{ { .known = FT_HEALTH_MORE, .busy_us = 1000, .sndbuf_limited_us = 1000 },
		  { "limited by its send buffer 100 % of the time" } },
		{ { .retransmits = 3, .delivered_ce = 4 },
		  { "no answer: 3 time-outs in a row",
		    "the network marks congestion (4 segments)" } },
		{ { .known = FT_HEALTH_APP_LIMITED }, { "the program gives it too little to send" } },
		{ { .known = FT_HEALTH_MORE | FT_HEALTH_APP_LIMITED, .busy_us = 100,
		    .rwnd_limited_us = 50, .sndbuf_limited_us = 50, .retransmits = 255,
		    .data_segs_out = 1, .total_retrans = UINT32_MAX, .delivered_ce = UINT32_MAX },
		  { "limited by the receiver's window 50 % of the time",
		    "limited by its send buffer 50 % of the time",
		    "no answer: 255 time-outs in a row",
		    "429496729500.0 % of segments retransmitted",
		    "the network marks congestion (4294967295 segments)",
		    "the program gives it too little to send" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ft_health_words words;
		unsigned count = 0;

		ft_health_explain(&cases[i].health, &words);
		while (count < FT_HEALTH_WORDS_MAX && cases[i].text[count])
			count++;
		assert_int_equal(words.count, count);
		for (unsigned n = 0; n < count; n++)
			assert_string_equal(words.text[n], cases[i].text[n]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples_find_flows),
		cmocka_unit_test(test_newest_sample_holds),
		cmocka_unit_test(test_end_holds),
		cmocka_unit_test(test_sockets_are_named),
		cmocka_unit_test(test_app_bytes),
		cmocka_unit_test(test_lists_refresh),
		cmocka_unit_test(test_long_life),
		cmocka_unit_test(test_handshakes),
		cmocka_unit_test(test_handshakes_over_periods),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
