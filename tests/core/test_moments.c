/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The past: bounded, thinner the older it is; wishes find their moment, times are understood. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/moments.h"
#include "core/snapshot_own.h"
#include "tests/core/made.h"

#define SECOND 1000000000ULL
#define BEGIN (1000 * SECOND)

static struct ft_moments past;

/* Adds a moment of `rows` flows. */
static void add(uint64_t end_ns, size_t rows)
{
	struct ft_snapshot_room room;
	struct ft_snapshot *snapshot = ft_snapshot_make(rows, 0, &room);

	for (size_t i = 0; i < rows; i++)
		room.rows[i].flow = &room.flows[i];
	snapshot->end_ns = end_ns;
	ft_moments_add(&past, snapshot);
	ft_snapshot_put(snapshot);
}

static void moments_are_bounded_and_thin_out(void **state)
{
	struct ft_span_shown span;
	size_t last_minute = 0;

	(void)state;
	for (unsigned i = 0; i < 3 * FT_MOMENTS_MAX; i++)
		add(BEGIN + i * SECOND, 1);
	assert_int_equal(past.count, FT_MOMENTS_MAX);
	ft_moments_span(&past, &span);
	assert_int_equal(span.count, FT_MOMENTS_MAX);
	assert_int_equal(span.from_ns, BEGIN); /* the oldest is still there */
	assert_int_equal(span.to_ns, BEGIN + (3 * FT_MOMENTS_MAX - 1) * SECOND);
	for (size_t i = 0; i < past.count; i++) {
		if (i > 0)
			assert_true(past.moment[i].snapshot->end_ns >
				    past.moment[i - 1].snapshot->end_ns);
		last_minute += past.moment[i].snapshot->end_ns > span.to_ns - 60 * SECOND;
	}
	assert_int_equal(last_minute, 60); /* nothing of it was taken out */
	ft_moments_done(&past);
	assert_int_equal(past.bytes, 0);
}

static void bytes_are_bounded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 40; i++)
		add(BEGIN + i * SECOND, 20000); /* 4 MB each */
	assert_true(past.bytes <= FT_MOMENTS_BYTES);
	assert_true(past.count >= 10);
	assert_int_equal(past.moment[past.count - 1].snapshot->end_ns, BEGIN + 39 * SECOND);
	add(BEGIN + 100 * SECOND, 100000); /* more than a quarter */
	assert_int_equal(past.moment[past.count - 1].snapshot->end_ns, BEGIN + 39 * SECOND);
	/* The clock was set back. */
	add(BEGIN, 1);
	assert_int_equal(past.count, 1);
	ft_moments_done(&past);
}

/* Where a wish leads who sees the moment `from` seconds after the begin; -1 = to the live one. */
static int64_t wish(unsigned from, enum ft_wish_kind kind, int64_t amount)
{
	const struct ft_wish wish = { kind, amount };
	const struct ft_snapshot *found = ft_moments_find(&past, BEGIN + from * SECOND, &wish);

	return found ? (int64_t)((found->end_ns - BEGIN) / SECOND) : -1;
}

static void wishes_find_their_moment(void **state)
{
	(void)state;
	assert_int_equal(wish(0, FT_WISH_STEPS, -1), -1);
	for (unsigned i = 0; i < 100; i++)
		add(BEGIN + i * SECOND, 1);
	assert_int_equal(wish(99, FT_WISH_STEPS, -1), 98);
	assert_int_equal(wish(50, FT_WISH_STEPS, -1), 49);
	assert_int_equal(wish(0, FT_WISH_STEPS, -1), 0);
	assert_int_equal(wish(50, FT_WISH_STEPS, 1), 51);
	assert_int_equal(wish(98, FT_WISH_STEPS, 1), -1);
	assert_int_equal(wish(50, FT_WISH_STEPS, INT64_MIN), 0);
	assert_int_equal(wish(50, FT_WISH_STEPS, INT64_MAX), -1);
	assert_int_equal(wish(99, FT_WISH_TIME, -60 * (int64_t)SECOND), 39);
	assert_int_equal(wish(10, FT_WISH_TIME, 60 * (int64_t)SECOND), 70);
	assert_int_equal(wish(10, FT_WISH_TIME, -60 * (int64_t)SECOND), 0);
	assert_int_equal(wish(50, FT_WISH_TIME, 60 * (int64_t)SECOND), -1);
	assert_int_equal(wish(50, FT_WISH_AT, (int64_t)(BEGIN + 7 * SECOND)), 7);
	assert_int_equal(wish(50, FT_WISH_AT, 0), 0);
	assert_int_equal(wish(50, FT_WISH_AT, INT64_MAX), -1);
	assert_int_equal(wish(50, FT_WISH_LIVE, 0), -1);
	ft_moments_done(&past);
}

static void a_copy_stands_alone(void **state)
{
	struct made made;
	struct ft_snapshot *copy;

	(void)state;
	made_init(&made, 3);
	made.snapshot.process_count = 0; /* those are static */
	made_add(&made, &(struct made_flow){
		.local = "10.0.0.1", .remote = "192.0.2.1", .protocol = 6, .local_port = 1,
		.remote_port = 2, .tx = { 5, 50, 60 }, .tx_delta = { 1, 10, 12 } });
	copy = ft_snapshot_copy(&made.snapshot);
	assert_true(ft_snapshot_size(copy) > sizeof(struct ft_flow_hot));
	memset(made.flows, 0xff, sizeof(*made.flows));
	memset(made.rows, 0xff, sizeof(*made.rows));
	memset(made.deltas, 0xff, sizeof(*made.deltas));
	assert_int_equal(copy->row_count, 1);
	assert_int_equal(copy->rows[0].flow->key.protocol, 6);
	assert_int_equal(ft_snapshot_delta(copy, &copy->rows[0])[ft_flow_tx(copy->rows[0].flow)].bytes,
			 10);
	assert_string_equal(ft_snapshot_scope_name(copy, 0), "br0");
	ft_snapshot_put(copy);
	made_done(&made);
}

static void times_are_understood(void **state)
{
	static const char *const bad[] = { "", "x", "12", "12:", "25:00", "12:34:99", "-", "+x",
					   "-5parsecs", "12:34 tomorrow", "2026-13-01 10:00" };
	struct ft_wish wish;

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	/* 2026-11-21T10:00:00Z */
	assert_int_equal(ft_wish_parse("12:34:56", 1795255200 * SECOND, &wish), 0);
	assert_int_equal(wish.kind, FT_WISH_AT);
	assert_int_equal(wish.amount, (1795255200 + 2 * 3600 + 34 * 60 + 56) * SECOND);
	assert_int_equal(ft_wish_parse("09:30", 1795255200 * SECOND, &wish), 0);
	assert_int_equal(wish.amount, (1795255200 - 1800) * SECOND);
	assert_int_equal(ft_wish_parse("2026-11-20 10:00", 1795255200 * SECOND, &wish), 0);
	assert_int_equal(wish.amount, (1795255200 - 86400) * SECOND);
	assert_int_equal(ft_wish_parse("-5m", 0, &wish), 0);
	assert_int_equal(wish.kind, FT_WISH_TIME);
	assert_int_equal(wish.amount, -300 * (int64_t)SECOND);
	assert_int_equal(ft_wish_parse("+30s", 0, &wish), 0);
	assert_int_equal(wish.amount, 30 * SECOND);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ft_wish_parse(bad[i], 1795255200 * SECOND, &wish) == 0)
			fail_msg("taken: \"%s\"", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_are_bounded_and_thin_out),
		cmocka_unit_test(bytes_are_bounded),
		cmocka_unit_test(wishes_find_their_moment),
		cmocka_unit_test(a_copy_stands_alone),
		cmocka_unit_test(times_are_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
