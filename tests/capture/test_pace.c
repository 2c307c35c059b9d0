/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock of what is played, by a clock on the wall that the test sets. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/pace.h"

#define SECOND 1000000000ULL

static void it_runs_so_many_times_as_fast(void **state)
{
	static const struct {
		double speed;
		uint64_t passed, played;
	} rows[] = {
		{ 1, 5 * SECOND, 5 * SECOND },
		{ 60, SECOND, 60 * SECOND },
		{ 0.5, 10 * SECOND, 5 * SECOND },
		{ 1e9, SECOND, SECOND * SECOND },
		{ 1, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ft_pace pace = { .speed = rows[i].speed };

		assert_true(ft_pace_is_on(&pace));
		assert_int_equal(ft_pace_at(&pace, 77), 0);
		ft_pace_set(&pace, 1000 * SECOND, 50 * SECOND);
		assert_int_equal(ft_pace_at(&pace, 50 * SECOND + rows[i].passed),
				 1000 * SECOND + rows[i].played);
	}
	assert_false(ft_pace_is_on(&(struct ft_pace){ .speed = 0 }));
}

static void one_waits_until_it_is_due(void **state)
{
	struct ft_pace pace = { .speed = 10 };

	(void)state;
	ft_pace_set(&pace, 1000 * SECOND, 50 * SECOND);
	assert_int_equal(ft_pace_wait(&pace, 1000 * SECOND, 50 * SECOND), 0);
	assert_int_equal(ft_pace_wait(&pace, 900 * SECOND, 50 * SECOND), 0);
	assert_in_range(ft_pace_wait(&pace, 1010 * SECOND, 50 * SECOND), SECOND, SECOND + 10);
	assert_int_equal(ft_pace_wait_ms(&pace, 1010 * SECOND, 50 * SECOND), 1001);
	assert_int_equal(ft_pace_wait_ms(&pace, 1000 * SECOND + 10, 50 * SECOND), 1);
	assert_int_equal(ft_pace_wait(&pace, 1010 * SECOND, 51 * SECOND), 0);
	/* So far away that it does not fit. */
	pace.speed = 1e-9;
	assert_int_equal(ft_pace_wait_ms(&pace, UINT64_MAX, 50 * SECOND), INT_MAX);
	assert_int_equal(ft_pace_wait(&pace, UINT64_MAX, 50 * SECOND), INT64_MAX);
}

static void held_it_stands_still(void **state)
{
	struct ft_pace pace = { .speed = 2 };

	(void)state;
	ft_pace_set(&pace, 1000 * SECOND, 50 * SECOND);
	ft_pace_hold(&pace, true, 53 * SECOND);
	ft_pace_hold(&pace, true, 60 * SECOND);
	assert_int_equal(ft_pace_at(&pace, 99 * SECOND), 1006 * SECOND);
	assert_true(ft_pace_wait(&pace, 1007 * SECOND, 99 * SECOND) == FT_PACE_NEVER);
	assert_int_equal(ft_pace_wait_ms(&pace, 1007 * SECOND, 99 * SECOND), -1);
	ft_pace_hold(&pace, false, 100 * SECOND);
	assert_int_equal(ft_pace_at(&pace, 101 * SECOND), 1008 * SECOND);
	/* A clock that is set goes on from there, held or not. */
	ft_pace_hold(&pace, true, 101 * SECOND);
	ft_pace_set(&pace, 5000 * SECOND, 102 * SECOND);
	assert_int_equal(ft_pace_at(&pace, 200 * SECOND), 5000 * SECOND);
}

/* Times of packets may be anything. */
static void it_ends_before_time_does(void **state)
{
	struct ft_pace pace = { .speed = 1e9 };

	(void)state;
	ft_pace_set(&pace, UINT64_MAX - 10, 0);
	assert_true(ft_pace_at(&pace, INT64_MAX) >= UINT64_MAX - 10);
	ft_pace_set(&pace, 5, 100);
	assert_int_equal(ft_pace_at(&pace, 99), 5); /* a clock that went back */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_runs_so_many_times_as_fast),
		cmocka_unit_test(one_waits_until_it_is_due),
		cmocka_unit_test(held_it_stands_still),
		cmocka_unit_test(it_ends_before_time_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
