/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Retention: a recording of a life in which flows, hosts, processes, sockets and events come and
 * go without end stays as old and as big as it is told to, at every moment and with its log; what
 * is left of it reads as it was.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/event.h"
#include "core/socket.h"
#include "core/xalloc.h"
#include "recording/recording.h"
#include "tests/core/feed.h"
#include "tests/recording/rig.h"

#define INTERVALS 600
#define QUIET 5 /* flows that live on, and say something seldom */

static char folder[] = "/tmp/flowtop-keep-XXXXXX";
static char *path;
static size_t rows_of[INTERVALS]; /* of each live moment */
static uint64_t end_of[INTERVALS];

static int set_up(void **state)
{
	static unsigned number;

	(void)state;
	free(path);
	path = xasprintf("%s/%u.flow", folder, ++number);
	return 0;
}

/* The number that a statement yields. */
static int64_t ask(const char *sql)
{
	return rig_ask(path, sql);
}

static uint64_t size_of(const char *suffix)
{
	char *name = xasprintf("%s%s", path, suffix);
	struct stat status;
	uint64_t size = stat(name, &status) == 0 ? (uint64_t)status.st_size : 0;

	free(name);
	return size;
}

/* What the recording takes on disk now, with its log. */
static uint64_t whole_size(void)
{
	return size_of("") + size_of("-wal") + size_of("-shm");
}

/* A second: connections from new hosts that end at once, by new processes, and a few that stay. */
static const struct ft_snapshot *next_second(struct feed_bed *bed, unsigned second, unsigned flows)
{
	struct ft_socket_list *list = ft_socket_list_new();
	struct ft_snapshot *snapshot;

	for (unsigned i = 0; i < flows; i++) {
		struct ft_flow_key key = feed_key(1, (uint16_t)(1024 + i), 10 + second * flows + i,
						  443, 6);
		struct ft_entry *entry = feed_add(&bed->feed, 0, &key, 60, 40);

		entry->flags[0] = FT_ENTRY_SYN_AB;
		entry->tcp_flags[0] = 0x02;
		entry->tcp_flags[1] = 0x14; /* refused: an event, too */
	}
	for (unsigned i = 0; i < QUIET; i++) {
		struct ft_flow_key key = feed_key(1, (uint16_t)(100 + i), 2, 53, 17);

		if (second % 50 == i)
			feed_add(&bed->feed, 0, &key, 100, 200);
	}
	snapshot = (struct ft_snapshot *)(uintptr_t)feed_bed_step(bed, 1);
	for (unsigned i = 0; i < 6; i++)
		ft_socket_list_add(list, &(struct ft_socket){
			.id = i < 3 ? i + 1 : 100 + second * 10 + i, .protocol = 17, .ip_version = 4,
			.local_port_be = htons((uint16_t)i), .inode = second, .has_memory = true,
		});
	list->end_ns = snapshot->end_ns;
	snapshot->socket_list = list;
	return snapshot;
}

/* Lives and writes all of it; `most` is never exceeded (0: whatever). */
static void live(const char *keep, unsigned flows, uint64_t most)
{
	struct ft_output_config config = { .target = path, .observer = "host", .keep = keep };
	struct ft_output *output = NULL;
	struct feed_bed bed;
	char err[300] = "";

	assert_int_equal(ft_output_recording.open(&config, &output, err, sizeof(err)), 0);
	feed_bed_init(&bed, 0);
	for (unsigned i = 0; i < INTERVALS; i++) {
		const struct ft_snapshot *snapshot = next_second(&bed, i, flows);

		assert_int_equal(output->ops->write(output, snapshot), 0);
		assert_string_equal(output->remark, "");
		rows_of[i] = snapshot->row_count;
		end_of[i] = snapshot->end_ns;
		ft_snapshot_put(snapshot);
		if (most && whole_size() > most)
			fail_msg("after %u intervals %llu octets, %llu of them log", i + 1,
				 (unsigned long long)whole_size(),
				 (unsigned long long)size_of("-wal"));
	}
	assert_int_equal(output->ops->close(output), 0);
	feed_bed_done(&bed);
}

/* When more sockets change than are written with a list, each has its turn. */
static void sockets_take_turns(void **state)
{
	enum { MANY = 16384 + 100 }; /* see CHANGED_MAX */
	struct ft_output_config config = { .target = path, .observer = "host" };
	struct ft_output *output = NULL;
	struct feed_bed bed;
	char err[300] = "";

	(void)state;
	assert_int_equal(ft_output_recording.open(&config, &output, err, sizeof(err)), 0);
	feed_bed_init(&bed, 0);
	for (unsigned round = 0; round < 3; round++) {
		struct ft_socket_list *list = ft_socket_list_new();
		struct ft_snapshot *snapshot =
			(struct ft_snapshot *)(uintptr_t)feed_bed_step(&bed, 1);

		for (unsigned i = 0; i < MANY; i++)
			ft_socket_list_add(list, &(struct ft_socket){
				.id = i + 1, .protocol = 17, .ip_version = 4, .inode = 1 + round,
			});
		list->end_ns = snapshot->end_ns;
		snapshot->socket_list = list;
		assert_int_equal(output->ops->write(output, snapshot), 0);
		ft_snapshot_put(snapshot);
	}
	assert_int_equal(output->ops->close(output), 0);
	feed_bed_done(&bed);
	assert_int_equal(ask("SELECT count(*) FROM sockets WHERE interval = 1"), MANY);
	assert_int_equal(ask("SELECT count(*) FROM sockets WHERE interval = 2"), MANY - 100);
	assert_int_equal(ask("SELECT count(DISTINCT id) FROM sockets WHERE interval > 1"), MANY);
}

/* Nothing refers to what is gone, nothing is left that nothing refers to. */
static void assert_sound(void)
{
	static const char *const none[] = {
		"SELECT count(*) FROM counts WHERE interval NOT IN (SELECT id FROM intervals)",
		"SELECT count(*) FROM standing WHERE interval NOT IN (SELECT id FROM intervals)",
		"SELECT count(*) FROM tcp WHERE interval NOT IN (SELECT id FROM intervals)",
		"SELECT count(*) FROM sockets WHERE interval NOT IN (SELECT id FROM intervals)",
		"SELECT count(*) FROM events WHERE interval NOT IN (SELECT id FROM intervals)",
		"SELECT count(*) FROM lines WHERE interval NOT IN (SELECT id FROM intervals)",
		"SELECT count(*) FROM health WHERE interval NOT IN (SELECT id FROM intervals)",
		"SELECT count(*) FROM pictures WHERE interval NOT IN (SELECT id FROM intervals)",
		"SELECT count(*) FROM handshakes WHERE flow NOT IN (SELECT id FROM flows)",
		"SELECT count(*) FROM counts WHERE flow NOT IN (SELECT id FROM flows)",
		"SELECT count(*) FROM standing WHERE flow NOT IN (SELECT id FROM flows)",
		"SELECT count(*) FROM flows WHERE ended < (SELECT min(id) - 17 FROM intervals)",
		"SELECT count(*) FROM flows WHERE remote_address NOT IN (SELECT address FROM hosts)",
		"SELECT max(id) - min(id) + 1 - count(*) FROM intervals",
	};

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (ask(none[i]) != 0)
			fail_msg("%lld: %s", (long long)ask(none[i]), none[i]);
	assert_int_equal(ask("SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
	assert_int_equal(ask("SELECT max(id) FROM intervals"), INTERVALS);
}

/* Every moment that the reader has is as it was; returns how many there are. */
static size_t read_all(void)
{
	struct ft_recording *recording = NULL;
	char err[300] = "";
	size_t count, first;

	assert_int_equal(ft_recording_open(path, &recording, err, sizeof(err)), 0);
	count = ft_recording_refresh(recording);
	first = INTERVALS - count;
	for (size_t i = 0; i < count; i++) {
		struct ft_snapshot *snapshot = NULL;

		assert_int_equal(ft_recording_moment(recording, i, &snapshot, err, sizeof(err)), 0);
		assert_int_equal(snapshot->end_ns, end_of[first + i]);
		assert_int_equal(snapshot->row_count, rows_of[first + i]);
		assert_int_equal(snapshot->socket_list->count, 6);
		assert_true(ft_event_list_count(snapshot->events) > 0);
		ft_snapshot_put(snapshot);
	}
	ft_recording_close(recording);
	return count;
}

static void so_old(void **state)
{
	int64_t intervals;

	(void)state;
	live("100s", 20, 0);
	assert_sound();
	/* It looks with every sixteenth. */
	intervals = ask("SELECT count(*) FROM intervals");
	assert_in_range(intervals, 100, 100 + 16);
	/* The reader begins with the first whole one: they are an eighth of the age apart. */
	assert_in_range(read_all(), (uint64_t)intervals - 14, (uint64_t)intervals);
	/* What went is used again. */
	assert_true(whole_size() < 2500000);
}

static void so_big(void **state)
{
	(void)state;
	live("4M", 20, 4000000);
	assert_sound();
	assert_true(ask("SELECT count(*) FROM intervals") > 100);
	assert_true(read_all() > 60);
	/* It is not kept smaller than need be. */
	assert_true(whole_size() > 2000000);
}

/* The bound comes before the age, and holds for few big intervals as well. */
static void so_big_and_old(void **state)
{
	(void)state;
	live("1h,6M", 100, 6000000);
	assert_sound();
	assert_true(ask("SELECT count(*) FROM intervals") > 10);
	assert_true(read_all() > 0);
}

static sqlite3_vfs system_vfs;

/* As for one that may make no file but its own. */
static int open_own(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	if (flags & (SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_TRANSIENT_DB | SQLITE_OPEN_TEMP_JOURNAL |
		     SQLITE_OPEN_SUBJOURNAL))
		return SQLITE_CANTOPEN;
	return system_vfs.xOpen(vfs, name, file, flags, ret_flags);
}

/* What goes may be more than SQLite keeps in memory by itself: a quarter of a million flows were, and
 * the recording of a confined flowtop grew without end and lost one interval in sixteen. */
static void without_other_files(void **state)
{
	enum { BUSY = 15, REST = 33 - BUSY, CROWD = 20000 };
	struct ft_output_config config = { .target = path, .observer = "host", .keep = "2s" };
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	struct ft_output *output = NULL;
	struct feed_bed bed;
	char err[300] = "";

	(void)state;
	system_vfs = *vfs;
	vfs->xOpen = open_own;
	assert_int_equal(ft_output_recording.open(&config, &output, err, sizeof(err)), 0);
	feed_bed_init(&bed, 0);
	for (unsigned i = 0; i < BUSY + REST; i++) {
		const struct ft_snapshot *snapshot = next_second(&bed, i, i < BUSY ? CROWD : 1);

		assert_int_equal(output->ops->write(output, snapshot), 0);
		assert_string_equal(output->remark, "");
		ft_snapshot_put(snapshot);
		/* Big intervals go one by one. */
		if (i > 4 && i < BUSY)
			assert_int_equal(ask("SELECT count(*) FROM intervals"), 3);
	}
	assert_int_equal(output->ops->close(output), 0);
	feed_bed_done(&bed);
	vfs->xOpen = system_vfs.xOpen;
	assert_int_equal(ask("SELECT count(*) FROM intervals"), 3);
	assert_in_range(ask("SELECT count(*) FROM flows"), 1, CROWD + 100);
}

/* A rush, then silence: what was big goes over several intervals, and all of it goes. */
static void after_a_rush(void **state)
{
	enum { RUSH = 5, CROWD = 20000, END = 24 };
	struct ft_output_config config = { .target = path, .observer = "host", .keep = "7s" };
	struct ft_output *output = NULL;
	struct feed_bed bed;
	char err[300] = "";
	int64_t first = 1;

	(void)state;
	assert_int_equal(ft_output_recording.open(&config, &output, err, sizeof(err)), 0);
	feed_bed_init(&bed, 0);
	for (unsigned i = 0; i < END; i++) {
		const struct ft_snapshot *snapshot = next_second(&bed, i, i < RUSH ? CROWD : 1);

		assert_int_equal(output->ops->write(output, snapshot), 0);
		ft_snapshot_put(snapshot);
		if (first <= RUSH) {
			assert_in_range(ask("SELECT min(id) FROM intervals"), first, first + 4);
			first = ask("SELECT min(id) FROM intervals");
		}
	}
	assert_int_equal(output->ops->close(output), 0);
	feed_bed_done(&bed);
	assert_in_range(ask("SELECT min(id) FROM intervals"), END - 16, END - 7);
}

static void all_of_it(void **state)
{
	(void)state;
	live(NULL, 3, 0);
	assert_sound();
	assert_int_equal(ask("SELECT count(*) FROM intervals"), INTERVALS);
	assert_int_equal(ask("SELECT min(id) FROM intervals"), 1);
	assert_int_equal(read_all(), INTERVALS);
}

static int begin(void **state)
{
	(void)state;
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
		cmocka_unit_test_setup(so_old, set_up),
		cmocka_unit_test_setup(so_big, set_up),
		cmocka_unit_test_setup(so_big_and_old, set_up),
		cmocka_unit_test_setup(without_other_files, set_up),
		cmocka_unit_test_setup(after_a_rush, set_up),
		cmocka_unit_test_setup(all_of_it, set_up),
		cmocka_unit_test_setup(sockets_take_turns, set_up),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
