/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flowtop costs, measured in this process: a thread that works is seen to work, memory is
 * there, nothing is said while nobody looks; and what the kernel says of programs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "capture/cost_meter.h"

#define WORK_NS 30000000 /* of CPU */

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Uses so much CPU, however long that takes. */
static void work(void)
{
	uint64_t end = cpu_ns() + WORK_NS;

	while (cpu_ns() < end)
		;
}

static uint64_t sum_of(const struct ft_cost *cost)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < cost->thread_count; i++)
		sum += cost->threads[i].cpu_ns;
	return sum;
}

static void test_work_is_seen(void **state)
{
	struct ft_cost_meter *meter = ft_cost_meter_new(false);
	uint64_t before, used, said;
	struct ft_cost cost;

	(void)state;
	ft_cost_meter_take(meter, &cost);
	assert_int_equal(cost.over_ns, 0); /* nobody looks */
	before = cpu_ns();
	ft_cost_meter_want(meter, true);
	work();
	ft_cost_meter_take(meter, &cost);
	said = sum_of(&cost);
	assert_true(cost.over_ns >= WORK_NS);
	assert_true(cost.thread_count >= 1 && cost.threads[0].name[0]);
	assert_true(cost.resident_bytes > 100000);
	/* The kernel brings a running thread's figure up to date at ticks: 10 ms late at most. */
	assert_true(said >= WORK_NS - 11000000);

	/* What was said once isn't said again: all in all no more than was used. */
	ft_cost_meter_take(meter, &cost);
	said += sum_of(&cost);
	used = cpu_ns() - before;
	assert_true(said <= used + 11000000);
	ft_cost_meter_want(meter, false);
	ft_cost_meter_take(meter, &cost);
	assert_int_equal(cost.over_ns, 0);
	assert_int_equal(cost.thread_count, 0);
	ft_cost_meter_free(meter);
	ft_cost_meter_free(NULL);
}

static void test_programs(void **state)
{
	static const struct {
		const char *fdinfo;
		bool is_program;
		struct ft_cost_program want;
	} rows[] = {
		{ "pos:\t0\nflags:\t02000002\nprog_type:\t3\nprog_jited:\t1\nprog_id:\t7\n"
		  "run_time_ns:\t5000\nrun_cnt:\t25\nrecursion_misses:\t0\n", true,
		  { 3, 25, 5000 } },
		{ "pos:\t0\nprog_type:\t26\n", true, { 26, 0, 0 } },
		{ "pos:\t0\nmap_type:\t1\n", false, { 0 } },
		{ "", false, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ft_cost_program got = { 0 };

		assert_int_equal(ft_cost_parse_program(rows[i].fdinfo, &got), rows[i].is_program);
		assert_int_equal(got.type, rows[i].want.type);
		assert_int_equal(got.runs, rows[i].want.runs);
		assert_int_equal(got.ns, rows[i].want.ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_is_seen),
		cmocka_unit_test(test_programs),
	};

	return cmocka_run_group_tests_name("cost", tests, NULL, NULL);
}
