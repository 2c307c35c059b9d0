/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flowtop costs, measured in this process: a thread that works is seen to work, memory is
 * there, nothing is said while nobody looks; and what the kernel says of programs.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/cost_meter.h"
#include "capture/cost_timer.h"

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
	struct ft_cost_meter *meter = ft_cost_meter_new(false, false);
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

/* A thread that works until it is told to end. */
static void *worker(void *arg)
{
	sem_t *sems = arg;

	work();
	sem_post(&sems[0]);
	sem_wait(&sems[1]);
	return NULL;
}

/* What began after the last look is of this interval as a whole, from its beginning. */
static void test_new_is_whole(void **state)
{
	struct ft_cost_meter *meter = ft_cost_meter_new(false, false);
	struct ft_cost cost;
	pthread_t thread;
	sem_t sems[2];

	(void)state;
	sem_init(&sems[0], 0, 0);
	sem_init(&sems[1], 0, 0);
	ft_cost_meter_want(meter, true);
	assert_int_equal(pthread_create(&thread, NULL, worker, sems), 0);
	sem_wait(&sems[0]);
	ft_cost_meter_take(meter, &cost);
	assert_true(cost.thread_count >= 2);
	/* as above: at ticks */
	assert_true(cost.threads[cost.thread_count - 1].cpu_ns >= WORK_NS - 11000000);
	sem_post(&sems[1]);
	pthread_join(thread, NULL);
	sem_destroy(&sems[0]);
	sem_destroy(&sems[1]);
	ft_cost_meter_free(meter);
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

/* The process beside us, found by its parent; 0 if there is none. */
static int find_timer(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int found = 0;

	assert_non_null(proc);
	while ((entry = readdir(proc))) {
		char path[64], name[64] = "";
		int pid, parent;
		FILE *file;

		if (snprintf(path, sizeof(path), "/proc/%.20s/stat", entry->d_name) < 0)
			continue;
		file = atoi(entry->d_name) > 0 ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		if (fscanf(file, "%d (%63[^)]) %*c %d", &pid, name, &parent) == 3 &&
		    parent == getpid() && strcmp(name, "flowtop-timer") == 0)
			found = pid;
		fclose(file);
	}
	closedir(proc);
	return found;
}

/* Descriptors of a process; those that make the kernel time programs are counted in *ret_stats. */
static unsigned count_fds(int pid, unsigned *ret_stats)
{
	char path[300], target[64];
	struct dirent *entry;
	unsigned count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	assert_non_null(dir);
	*ret_stats = 0;
	while ((entry = readdir(dir))) {
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/%d/fd/%.20s", pid, entry->d_name);
		length = readlink(path, target, sizeof(target) - 1);
		if (length < 0)
			continue;
		target[length] = '\0';
		count++;
		*ret_stats += strstr(target, "bpf-stats") != NULL;
	}
	closedir(dir);
	return count;
}

/* Timing begins and ends as asked, and a process of its own does it, which has nothing else. */
static void test_timer(void **state)
{
	struct ft_cost_timer *timer;
	unsigned stats;
	int error, pid;

	(void)state;
	timer = ft_cost_timer_new(&error);
	if (!timer) { /* not for us: then there is a reason, and no process */
		assert_true(error != 0);
		assert_int_equal(find_timer(), 0);
		return;
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ft_cost_timer_set(timer, true), 0);
		pid = find_timer();
		assert_true(pid > 0);
		assert_int_equal(count_fds(pid, &stats), 2);
		assert_int_equal(stats, 1);
		assert_int_equal(ft_cost_timer_set(timer, false), 0);
		assert_int_equal(count_fds(pid, &stats), 1);
		assert_int_equal(stats, 0);
	}
	assert_int_equal(ft_cost_timer_set(timer, true), 0);
	ft_cost_timer_free(timer);
	assert_int_equal(find_timer(), 0);

	/* Ended by somebody: nobody waits for it in vain. */
	timer = ft_cost_timer_new(&error);
	assert_non_null(timer);
	assert_int_equal(ft_cost_timer_set(timer, true), 0);
	assert_int_equal(kill(find_timer(), SIGKILL), 0);
	for (int i = 0; i < 1000 && ft_cost_timer_set(timer, true) == 0; i++)
		usleep(10000);
	assert_int_equal(ft_cost_timer_set(timer, true), -EPIPE);
	ft_cost_timer_free(timer);

	/* It doesn't answer: it is left alone, and ends, timing or not, once it runs again. */
	timer = ft_cost_timer_new(&error);
	assert_non_null(timer);
	assert_int_equal(ft_cost_timer_set(timer, true), 0); /* it has its name by then */
	pid = find_timer();
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(ft_cost_timer_set(timer, true), -EAGAIN);
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(ft_cost_timer_set(timer, false), -EPIPE);
	ft_cost_timer_free(timer);
	assert_int_equal(find_timer(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_is_seen), cmocka_unit_test(test_new_is_whole),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_timer),
	};

	return cmocka_run_group_tests_name("cost", tests, NULL, NULL);
}
