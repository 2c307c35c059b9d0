/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recordings: what is written is what is read, row by row; files that are none, or are newer, or
 * were made to do harm, get a sentence.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/filter.h"
#include "core/snapshot_own.h"
#include "core/xalloc.h"
#include "recording/recording.h"
#include "tests/output/moment.h"
#include "tests/recording/rig.h"

#define SECOND 1000000000ULL

static char folder[] = "/tmp/flowtop-recording-XXXXXX";
static char *path;

static int set_up(void **state)
{
	static unsigned number;

	(void)state;
	free(path);
	path = xasprintf("%s/%u.flow", folder, ++number);
	return 0;
}

/* A writer on `path`. */
static struct ft_output *open_writer(const struct ft_filter *filter, const char *keep)
{
	struct ft_output_config config = { .target = path, .observer = "host", .keep = keep,
					   .query = { .filter = filter } };
	struct ft_output *output = NULL;
	char err[300] = "";
	int ret = ft_output_recording.open(&config, &output, err, sizeof(err));

	assert_string_equal(err, "");
	assert_int_equal(ret, 0);
	return output;
}

static void write_one(struct ft_output *output, const struct ft_snapshot *snapshot)
{
	assert_int_equal(output->ops->write(output, snapshot), 0);
	assert_string_equal(output->remark, "");
}

static struct ft_recording *open_reader(void)
{
	struct ft_recording *recording = NULL;
	char err[400] = "";
	int ret = ft_recording_open(path, &recording, err, sizeof(err));

	assert_string_equal(err, "");
	assert_int_equal(ret, 0);
	return recording;
}

static struct ft_snapshot *read_moment(struct ft_recording *recording, size_t i)
{
	struct ft_snapshot *snapshot = NULL;
	char err[200] = "";

	assert_int_equal(ft_recording_moment(recording, i, &snapshot, err, sizeof(err)), 0);
	return snapshot;
}

/* The number that a statement yields, in the file at `path`. */
static int64_t ask(const char *sql)
{
	return rig_ask(path, sql);
}

static void execute(const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static const struct ft_flow_hot *find_row(const struct ft_snapshot *snapshot, uint64_t id)
{
	for (size_t i = 0; i < snapshot->row_count; i++)
		if (snapshot->rows[i].flow->id == id)
			return &snapshot->rows[i];
	return NULL;
}

/* A flow read back is the flow that was written. */
static void assert_same(const struct ft_snapshot *a, const struct ft_flow_hot *left,
			const struct ft_snapshot *b, const struct ft_flow_hot *right)
{
	const struct ft_process *process[2];

	assert_non_null(right);
	assert_memory_equal(left->flow->key.addr_a, right->flow->key.addr_a, 32);
	assert_int_equal(left->flow->key.port_a_be, right->flow->key.port_a_be);
	assert_int_equal(left->flow->key.port_b_be, right->flow->key.port_b_be);
	assert_int_equal(left->flow->key.vlan_outer, right->flow->key.vlan_outer);
	assert_int_equal(left->flow->key.vlan_inner, right->flow->key.vlan_inner);
	assert_int_equal(left->flow->key.protocol, right->flow->key.protocol);
	assert_int_equal(left->flow->key.ip_version, right->flow->key.ip_version);
	assert_string_equal(ft_snapshot_scope_name(b, right->flow->key.scope),
			    left->flow->key.scope ? "eth\xff" : "br0");
	assert_int_equal(left->flow->local, right->flow->local);
	assert_int_equal(left->flow->initiator, right->flow->initiator);
	assert_int_equal(left->flow->path, right->flow->path);
	assert_int_equal(left->flow->extra, right->flow->extra);
	assert_int_equal(left->flow->first_ns, right->flow->first_ns);
	assert_int_equal(left->last_ns, right->last_ns);
	assert_int_equal(left->state, right->state);
	assert_int_equal(left->ended, right->ended);
	assert_int_equal(left->ended_now, right->ended_now);
	assert_int_equal(left->entry_flags, right->entry_flags);
	assert_memory_equal(left->tcp_flags, right->tcp_flags, 2);
	assert_memory_equal(left->total, right->total, sizeof(left->total));
	assert_memory_equal(ft_snapshot_delta(a, left), ft_snapshot_delta(b, right),
			    2 * sizeof(struct ft_counts));
	for (int end = 0; end < 2; end++) {
		process[0] = ft_snapshot_process(a, ft_flow_end_owner(left, end));
		process[1] = ft_snapshot_process(b, right->owner[end]);
		if (!process[0]) {
			assert_int_equal(ft_flow_end_owner(left, end), right->owner[end]);
			continue;
		}
		assert_non_null(process[1]);
		assert_int_equal(process[0]->pid, process[1]->pid);
		assert_string_equal(process[0]->name, process[1]->name);
		assert_string_equal(process[0]->cmdline, process[1]->cmdline);
		assert_string_equal(process[0]->container, process[1]->container);
	}
}

static void what_is_written_is_read(void **state)
{
	const struct ft_snapshot *written = moment();
	struct ft_output *output = open_writer(NULL, NULL);
	struct ft_recording *recording;
	struct ft_snapshot *read;
	struct stat stat_of;

	(void)state;
	write_one(output, written);
	assert_int_equal(output->ops->close(output), 0);
	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 07777, 0600);
	recording = open_reader();
	assert_int_equal(ft_recording_refresh(recording), 1);
	assert_string_equal(ft_recording_observer(recording), "host");
	assert_int_equal(ft_recording_time(recording, 0), MOMENT_END_NS);
	read = read_moment(recording, 0);
	assert_int_equal(read->end_ns, written->end_ns);
	assert_int_equal(read->interval_ns, written->interval_ns);
	assert_int_equal(read->row_count, MOMENT_ROWS);
	for (size_t i = 0; i < written->row_count; i++)
		assert_same(written, &written->rows[i], read,
			    find_row(read, written->rows[i].flow->id));
	assert_memory_equal(&read->interval, &written->interval, sizeof(read->interval));
	assert_memory_equal(&read->total, &written->total, sizeof(read->total));
	assert_true(ft_line_adds_up(&read->interval));
	assert_int_equal(read->note_count, 1);
	assert_string_equal(read->notes[0], "a note");
	assert_string_equal(read->backend, "tcx");
	ft_snapshot_put(read);
	ft_recording_close(recording);
}

/* The far end of a flow of ours is another machine's, not transit; also in a file that says so, as
 * they did once. */
static void far_ends_are_no_transit(void **state)
{
	const struct ft_snapshot *written = moment();
	uint64_t curl = written->rows[MOMENT_CURL].flow->id, gre = written->rows[MOMENT_GRE].flow->id;
	struct ft_output *output = open_writer(NULL, NULL);

	(void)state;
	write_one(output, written);
	assert_int_equal(output->ops->close(output), 0);
	for (int old = 0; old < 2; old++) {
		struct ft_recording *recording;
		const struct ft_flow_hot *row;
		struct ft_snapshot *read;

		if (old) {
			assert_true(ask("SELECT count(*) FROM counts WHERE remote_process=3") > 0);
			execute("UPDATE counts SET remote_process=2 WHERE remote_process=3");
		}
		recording = open_reader();
		assert_int_equal(ft_recording_refresh(recording), 1);
		read = read_moment(recording, 0);
		row = find_row(read, curl);
		assert_int_equal(row->owner[!ft_flow_tx(row->flow)], FT_OWNER_FOREIGN);
		row = find_row(read, gre);
		for (int end = 0; end < 2; end++)
			assert_int_equal(row->owner[end], FT_OWNER_TRANSIT);
		ft_snapshot_put(read);
		ft_recording_close(recording);
	}
}

/* Without processes: those of the moment are not counted. */
static struct ft_snapshot *copy_of_moment(void)
{
	struct ft_snapshot from = *moment();

	from.process_count = 0;
	return ft_snapshot_copy(&from);
}

/* A copy of the moment `seconds` later, in which nothing was counted but by curl; after long
 * nothing else is there any more. */
static struct ft_snapshot *later(unsigned seconds, uint64_t generation)
{
	struct ft_snapshot *snapshot = copy_of_moment();

	snapshot->end_ns += seconds * SECOND;
	snapshot->generation = generation;
	if (seconds > 600)
		snapshot->row_count = MOMENT_CURL + 1;
	for (size_t i = 0; i < snapshot->row_count; i++) {
		struct ft_flow_hot *row = (struct ft_flow_hot *)(uintptr_t)&snapshot->rows[i];

		row->ended_now = 0;
		if (i != MOMENT_CURL)
			row->delta = 0;
		else
			row->last_ns += seconds * SECOND;
	}
	return snapshot;
}

/* Flows stay for as long as they may be silent; ended ones for ten seconds, evicted ones for none. */
static void moments_hold_what_lived(void **state)
{
	struct ft_output *output = open_writer(NULL, NULL);
	struct ft_recording *recording;
	struct ft_snapshot *snapshot;
	static const unsigned after[] = { 5, 15, 700 };
	static const size_t rows[] = { MOMENT_ROWS - 1, MOMENT_ROWS - 3, 1 };

	(void)state;
	write_one(output, moment());
	for (uint64_t i = 0; i < 3; i++) {
		snapshot = later(after[i], i + 2);
		write_one(output, snapshot);
		ft_snapshot_put(snapshot);
	}
	assert_int_equal(output->ops->close(output), 0);
	recording = open_reader();
	assert_int_equal(ft_recording_refresh(recording), 4);
	for (size_t i = 0; i < 3; i++) {
		snapshot = read_moment(recording, i + 1);
		assert_int_equal(snapshot->row_count, rows[i]);
		assert_int_equal(snapshot->delta_count, 1);
		ft_snapshot_put(snapshot);
	}
	assert_int_equal(ft_recording_find(recording, 0), 0);
	assert_int_equal(ft_recording_find(recording, MOMENT_END_NS + 5 * SECOND), 1);
	assert_int_equal(ft_recording_find(recording, MOMENT_END_NS + 6 * SECOND), 2);
	assert_int_equal(ft_recording_find(recording, UINT64_MAX), 3);
	ft_recording_close(recording);
}

/* What the filter hides is counted as hidden, and flows that it shows later are there. */
static void the_filter_holds(void **state)
{
	struct ft_filter *filter = NULL;
	struct ft_output *output;
	char err[100];
	size_t where;

	(void)state;
	assert_int_equal(ft_filter_parse("tcp", NULL, &filter, &where, err, sizeof(err)), 0);
	output = open_writer(filter, NULL);
	write_one(output, moment());
	assert_int_equal(output->ops->close(output), 0);
	assert_int_equal(ask("SELECT count(*) FROM flows WHERE protocol <> 6"), 0);
	assert_int_equal(ask("SELECT count(*) FROM counts"), 2);
	assert_int_equal(ask("SELECT (SELECT sum(tx_bytes + rx_bytes) FROM counts) + hidden_bytes"
			     " - flows_bytes FROM intervals"), 0);
	assert_int_equal(ask("SELECT hidden_flows FROM intervals"), MOMENT_PRINTED - 2);
	ft_filter_free(filter);
}

/* Every term and cause has a row of its own, and comes back. */
static void every_cause_is_told_apart(void **state)
{
	struct ft_output *output = open_writer(NULL, NULL);
	struct ft_snapshot *snapshot = copy_of_moment(), *read;
	struct ft_recording *recording;
	struct ft_line *line = &((struct ft_snapshot_scope *)(uintptr_t)snapshot->scopes)->total;

	(void)state;
	for (int c = FT_C_SEEN + 1; c < FT_C_MAX; c++)
		line->by.c[c] = (struct ft_tally){ (unsigned)c, 1000U + (unsigned)c };
	write_one(output, snapshot);
	assert_int_equal(output->ops->close(output), 0);
	recording = open_reader();
	read = read_moment(recording, 0);
	assert_memory_equal(&read->scopes[0].total, line, sizeof(*line));
	ft_snapshot_put(read);
	ft_snapshot_put(snapshot);
	ft_recording_close(recording);
}

/* Snapshots that never came don't take their new flows with them. */
static void a_gap_loses_no_flow(void **state)
{
	struct ft_output *output = open_writer(NULL, NULL);
	struct ft_snapshot *snapshot = later(1, 2);

	(void)state;
	snapshot->row_count = MOMENT_CURL + 1; /* the others come later */
	write_one(output, snapshot);
	ft_snapshot_put(snapshot);
	snapshot = later(2, 5);
	for (size_t i = 0; i < snapshot->row_count; i++) /* born in what was missed */
		((struct ft_flow *)(uintptr_t)snapshot->rows[i].flow)->birth = 4;
	write_one(output, snapshot);
	ft_snapshot_put(snapshot);
	snapshot = copy_of_moment();
	snapshot->generation = 6;
	snapshot->end_ns += 3 * SECOND;
	for (size_t i = 0; i < snapshot->row_count; i++)
		((struct ft_flow *)(uintptr_t)snapshot->rows[i].flow)->birth = 4;
	write_one(output, snapshot);
	ft_snapshot_put(snapshot);
	assert_int_equal(output->ops->close(output), 0);
	assert_int_equal(ask("SELECT count(*) FROM counts WHERE flow NOT IN "
			     "(SELECT id FROM flows)"), 0);
	assert_int_equal(ask("SELECT count(*) FROM flows"), MOMENT_PRINTED);
}

static void nothing_is_overwritten(void **state)
{
	struct ft_output_config config = { .target = path, .observer = "host" };
	struct ft_output *output = open_writer(NULL, NULL), *second = NULL;
	char err[300] = "";

	(void)state;
	assert_int_equal(ft_output_recording.open(&config, &second, err, sizeof(err)), -EEXIST);
	assert_non_null(strstr(err, "is there already"));
	assert_int_equal(output->ops->close(output), 0);
	assert_int_equal(access(path, F_OK), 0);
	config.target = "/nowhere/at-all.flow";
	assert_int_equal(ft_output_recording.open(&config, &second, err, sizeof(err)), -ENOENT);
}

/* Opening must fail with this in the sentence. */
static void assert_refused(const char *words)
{
	struct ft_recording *recording = NULL;
	char err[400] = "";

	assert_true(ft_recording_open(path, &recording, err, sizeof(err)) < 0);
	if (!strstr(err, words))
		fail_msg("\"%s\" is not in: %s", words, err);
}

static void write_bytes(off_t at, const void *bytes, size_t count)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, count, at), (ssize_t)count);
	close(fd);
}

static void strangers_are_refused(void **state)
{
	struct ft_output *output = open_writer(NULL, NULL);

	(void)state;
	assert_int_equal(output->ops->close(output), 0);
	assert_true(ft_recording_is(path));
	assert_refused("no interval was recorded");
	execute("PRAGMA user_version=3");
	assert_refused("newer flowtop");
	execute("PRAGMA user_version=2; DROP VIEW traffic; DROP TABLE health; "
		"CREATE VIEW health AS SELECT 1");
	assert_refused("health is not as flowtop makes it");
	execute("PRAGMA application_id=7");
	assert_refused("no recording of flowtop's");
	set_up(state);
	write_bytes(0, "certainly no database, but long enough to be read as one", 56);
	assert_false(ft_recording_is(path));
	assert_refused("not a database");
	set_up(state);
	assert_refused("unable to open");
}

/* A file with any part overwritten is read to its end or refused, and never believed. */
static void broken_files_do_no_harm(void **state)
{
	uint64_t random = 88172645463325252ULL;
	unsigned refused = 0, read = 0;

	for (int round = 0; round < 60; round++) {
		struct ft_output *output;
		struct ft_recording *recording = NULL;
		struct stat stat_of;
		char err[400] = "";

		set_up(state);
		output = open_writer(NULL, NULL);
		write_one(output, moment());
		assert_int_equal(output->ops->close(output), 0);
		assert_int_equal(stat(path, &stat_of), 0);
		for (int k = 0; k < 1 + round; k++) {
			uint8_t bytes[8];

			random ^= random << 13, random ^= random >> 7, random ^= random << 17;
			memcpy(bytes, &random, sizeof(bytes));
			write_bytes((off_t)(random % (uint64_t)stat_of.st_size), bytes,
				    1 + round % 8);
		}
		if (ft_recording_open(path, &recording, err, sizeof(err)) < 0) {
			assert_string_not_equal(err, "");
			refused++;
		} else {
			for (size_t i = 0; i < ft_recording_refresh(recording); i++) {
				struct ft_snapshot *snapshot = NULL;

				if (ft_recording_moment(recording, i, &snapshot, err,
							sizeof(err)) == 0)
					ft_snapshot_put(snapshot);
			}
			read++;
		}
		ft_recording_close(recording);
		unlink(path);
	}
	assert_true(refused > 0);
	assert_true(read > 0);
}

/* Numbers that cannot be are cut, texts that are long are left out. */
static void lies_are_not_believed(void **state)
{
	struct ft_output *output = open_writer(NULL, NULL);
	struct ft_recording *recording;
	struct ft_snapshot *snapshot;

	(void)state;
	write_one(output, moment());
	assert_int_equal(output->ops->close(output), 0);
	execute("UPDATE flows SET local_port=70000, protocol=-1, vlan=99999, path='nowhere';"
		"UPDATE counts SET tx_bytes=-5, state='?', ended='never', local_process=1<<40;"
		"UPDATE standing SET total_tx_bytes=-5, state='?', ended='never', rates=x'ff';"
		"UPDATE flows SET local_address='not an address' WHERE id=1;"
		"UPDATE lines SET term='x' || term, packets=-1;"
		"UPDATE health SET notes=replace(hex(zeroblob(40000)), '00', x'0a');"
		"UPDATE processes SET name=zeroblob(200000) WHERE id>3;"
		"UPDATE flows SET interface=id || 'a name that is longer than an interface has'");
	recording = open_reader();
	snapshot = read_moment(recording, 0);
	assert_int_equal(snapshot->row_count, MOMENT_ROWS - 1);
	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];

		assert_int_equal(row->flow->key.vlan_outer, 0);
		assert_int_equal(row->ended, FT_ENDED_NOT);
		assert_true(row->flow->key.scope < snapshot->scope_count);
		assert_true(ft_snapshot_delta(snapshot, row)[ft_flow_tx(row->flow)].bytes == 0);
	}
	assert_true(snapshot->note_count <= 33);
	ft_snapshot_put(snapshot);
	ft_recording_close(recording);
}

static void keep_is_parsed(void **state)
{
	struct ft_recording_keep keep = { 1, 1 };
	static const char *const bad[] = { "", ",", "7", "7d,", ",2G", "2G,3G", "7d,8d", "x", "-1d",
					   "10", "1k", "7d,2G,1", "2G,7x", "nan" };

	(void)state;
	assert_int_equal(ft_recording_parse_keep("7d,2G", &keep), 0);
	assert_int_equal(keep.age_ns, 7 * 86400 * SECOND);
	assert_int_equal(keep.bytes, 2000000000);
	assert_int_equal(ft_recording_parse_keep("500Mi", &keep), 0);
	assert_int_equal(keep.age_ns, 0);
	assert_int_equal(keep.bytes, 500 << 20);
	assert_int_equal(ft_recording_parse_keep("2G,1h", &keep), 0);
	assert_int_equal(keep.age_ns, 3600 * SECOND);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ft_recording_parse_keep(bad[i], &keep) == 0)
			fail_msg("taken: \"%s\"", bad[i]);
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
		cmocka_unit_test_setup(what_is_written_is_read, set_up),
		cmocka_unit_test_setup(far_ends_are_no_transit, set_up),
		cmocka_unit_test_setup(moments_hold_what_lived, set_up),
		cmocka_unit_test_setup(the_filter_holds, set_up),
		cmocka_unit_test_setup(every_cause_is_told_apart, set_up),
		cmocka_unit_test_setup(a_gap_loses_no_flow, set_up),
		cmocka_unit_test_setup(nothing_is_overwritten, set_up),
		cmocka_unit_test_setup(strangers_are_refused, set_up),
		cmocka_unit_test_setup(broken_files_do_no_harm, set_up),
		cmocka_unit_test_setup(lies_are_not_believed, set_up),
		cmocka_unit_test(keep_is_parsed),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
