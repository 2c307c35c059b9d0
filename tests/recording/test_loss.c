/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ends a recording, or stands in its way, costs at most the interval in work: a writer that
 * is killed at any moment, a disk that is full for a while, a file that is taken away.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/xalloc.h"
#include "recording/recording.h"
#include "tests/core/feed.h"
#include "tests/recording/rig.h"

#define ROUNDS 24
#define FLOWS 40

static char folder[] = "/tmp/flowtop-loss-XXXXXX";
static char *path;

static int set_up(void **state)
{
	static unsigned number;

	(void)state;
	free(path);
	path = xasprintf("%s/%u.flow", folder, ++number);
	return 0;
}

/* The same numbers at each run. */
static uint32_t next_random(void)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13, state ^= state >> 7, state ^= state << 17;
	return (uint32_t)(state >> 20);
}

static int64_t ask(const char *sql)
{
	return rig_ask(path, sql);
}

static struct ft_output *open_writer(void)
{
	struct ft_output_config config = { .target = path, .observer = "host" };
	struct ft_output *output = NULL;
	char err[300] = "";

	assert_int_equal(ft_output_recording.open(&config, &output, err, sizeof(err)), 0);
	return output;
}

/* A second in which each flow counts something, and some are new. */
static struct ft_snapshot *next_second(struct feed_bed *bed, unsigned second)
{
	for (unsigned i = 0; i < FLOWS; i++) {
		struct ft_flow_key key = feed_key(1, (uint16_t)(1024 + i), 10 + i + second / 3, 443,
						  17);

		feed_add(&bed->feed, 0, &key, 60 + i, 40);
	}
	return (struct ft_snapshot *)(uintptr_t)feed_bed_step(bed, 1);
}

/* What holds of every recording, however it ended: intervals without a hole, each whole. */
static void assert_whole(int64_t intervals)
{
	assert_int_equal(ask("SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
	assert_int_equal(ask("SELECT count(*) FROM intervals"), intervals);
	assert_int_equal(ask("SELECT max(id) FROM intervals"), intervals);
	assert_int_equal(ask("SELECT min(id) FROM intervals"), 1); /* the first is kept */
	assert_int_equal(ask("SELECT count(*) FROM intervals i WHERE flows_packets <> (SELECT "
			     "sum(tx_packets + rx_packets) FROM counts WHERE interval = i.id)"), 0);
	assert_int_equal(ask("SELECT count(*) FROM counts WHERE interval NOT IN "
			     "(SELECT id FROM intervals)"), 0);
	assert_int_equal(ask("SELECT count(*) FROM counts WHERE flow NOT IN "
			     "(SELECT id FROM flows)"), 0);
	assert_int_equal(ask("SELECT count(*) FROM intervals WHERE id NOT IN "
			     "(SELECT interval FROM pictures)"), 0);
}

/* ---- kill -9 */

/* Writes for ever; an octet into the pipe for each interval that is written. */
static void write_on(int report)
{
	struct ft_output *output = open_writer();
	struct feed_bed bed;

	feed_bed_init(&bed, 0);
	for (unsigned second = 0;; second++) {
		struct ft_snapshot *snapshot = next_second(&bed, second);

		if (output->ops->write(output, snapshot) < 0 || write(report, "", 1) != 1)
			_exit(1);
		ft_snapshot_put(snapshot);
	}
}

/* Until so many intervals are written, and a moment more. Returns how many were, for certain. */
static int64_t kill_writer(unsigned intervals, unsigned moment_us)
{
	int report[2], status;
	int64_t written = 0;
	pid_t child;
	char octet;

	assert_int_equal(pipe(report), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(report[0]);
		write_on(report[1]);
	}
	close(report[1]);
	while (written < intervals && read(report[0], &octet, 1) == 1)
		written++;
	usleep(moment_us);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	while (read(report[0], &octet, 1) == 1)
		written++;
	close(report[0]);
	return written;
}

static void a_kill_costs_the_interval_in_work(void **state)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct ft_recording *recording = NULL;
		char err[300] = "";
		int64_t written, kept;

		set_up(state);
		written = kill_writer(1 + next_random() % 20, next_random() % 4000);
		/* flowtop itself is the first that puts the log in order. */
		assert_int_equal(ft_recording_open(path, &recording, err, sizeof(err)), 0);
		kept = (int64_t)ft_recording_refresh(recording);
		for (size_t i = 0; i < (size_t)kept; i++) {
			struct ft_snapshot *snapshot = NULL;

			assert_int_equal(ft_recording_moment(recording, i, &snapshot, err,
							     sizeof(err)), 0);
			assert_int_equal(snapshot->delta_count, FLOWS);
			ft_snapshot_put(snapshot);
		}
		ft_recording_close(recording);
		/* It may have been written, and killed before it could say so. */
		assert_true(kept == written || kept == written + 1);
		assert_whole(kept);
	}
}

/* ---- a full disk */

static void let_grow(rlim_t octets)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = octets ? octets : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Intervals while nothing may grow are lost, one by one; before and after nothing is. How many they
 * are is said for good: the hole stays. */
static void a_full_disk_costs_what_finds_no_room(void **state)
{
	struct ft_output *output = open_writer();
	struct ft_recording *recording = NULL;
	uint64_t packets = 0, lost = 0;
	unsigned failed = 0, first_after = 0;
	struct feed_bed bed;
	char err[300] = "", told[40] = "";

	(void)state;
	feed_bed_init(&bed, 0);
	for (unsigned second = 0; second < 60; second++) {
		struct ft_snapshot *snapshot = next_second(&bed, second);
		uint64_t counted = snapshot->interval.flows.packets;
		int ret;

		if (second == 20)
			let_grow(100000); /* less than the log has already */
		if (second == 30)
			let_grow(0);
		ret = output->ops->write(output, snapshot);
		packets += counted;
		if (ret < 0) {
			assert_in_range(second, 20, 29);
			lost += counted;
			snprintf(told, sizeof(told), "; intervals lost: %u", ++failed);
			/* Why, and then that. */
			assert_true(strlen(output->remark) > strlen(told));
			assert_string_equal(output->remark + strlen(output->remark) - strlen(told),
					    told);
		} else if (second >= 30 && !first_after) {
			first_after = second;
		}
		if (ret == 0)
			assert_string_equal(output->remark, failed ? told + 2 : "");
		ft_snapshot_put(snapshot);
	}
	assert_int_equal(first_after, 30);
	assert_int_equal(output->ops->close(output), 0);
	assert_true(failed > 0);
	assert_int_equal(ask("SELECT count(*) FROM intervals"), 60 - failed);
	assert_int_equal(ask("SELECT sum(flows_packets) FROM intervals"), packets - lost);
	assert_int_equal(ask("SELECT sum(tx_packets + rx_packets) FROM counts"), packets - lost);
	/* Totals have what was lost. */
	assert_int_equal(ask("SELECT total_packets FROM lines WHERE term = 'flows' AND interval = "
			     "(SELECT max(id) FROM intervals)"), packets);
	assert_int_equal(ask("SELECT whole & 1 FROM pictures WHERE interval = 31"), 1);
	assert_int_equal(ask("SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
	assert_int_equal(ft_recording_open(path, &recording, err, sizeof(err)), 0);
	for (size_t i = 0; i < 60 - failed; i++) {
		struct ft_snapshot *read = NULL;

		assert_int_equal(ft_recording_moment(recording, i, &read, err, sizeof(err)), 0);
		assert_int_equal(read->delta_count, FLOWS);
		ft_snapshot_put(read);
	}
	ft_recording_close(recording);
	feed_bed_done(&bed);
}

/* ---- a file that is taken away */

static void a_file_that_is_gone_is_said(void **state)
{
	struct ft_output *output = open_writer();
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	for (unsigned second = 0; second < 6; second++) {
		struct ft_snapshot *snapshot = next_second(&bed, second);
		int ret;

		if (second == 3)
			assert_int_equal(unlink(path), 0);
		ret = output->ops->write(output, snapshot);
		assert_int_equal(ret, second < 3 ? 0 : -ESTALE);
		assert_int_equal(strstr(output->remark, "moved or removed") != NULL, second >= 3);
		ft_snapshot_put(snapshot);
	}
	(void)output->ops->close(output);
	assert_int_equal(access(path, F_OK), -1);
	feed_bed_done(&bed);
}

/* ---- */

static int begin(void **state)
{
	(void)state;
	signal(SIGXFSZ, SIG_IGN); /* as the program does */
	return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	free(path);
	return rig_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kill_costs_the_interval_in_work),
		cmocka_unit_test_setup(a_full_disk_costs_what_finds_no_room, set_up),
		cmocka_unit_test_setup(a_file_that_is_gone_is_said, set_up),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
