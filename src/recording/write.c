/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writing side: one transaction an interval, in a file of the calling user's. What could not
 * be written (a full disk) is rolled back whole; the next interval tries again, and since rows
 * of counts hold totals, what is missing is that interval's own numbers: counted, and said for
 * good, since the hole stays when there is room again. With the write-ahead log
 * a kill at any moment leaves what was committed; at an orderly end the log goes away and the
 * recording is one file.
 *
 * Rights: each call changes to the calling user first (caller.h). The writer's thread alone uses
 * the struct once open has returned.
 */
#include "recording/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/event.h"
#include "core/health.h"
#include "core/nls.h"
#include "core/xalloc.h"

/* Statements: a text, or rows of so many columns into a table. */
static const struct {
	const char *text;
	int columns;
} statements[FT_RECORDER_STATEMENTS] = {
	[FT_BEGIN] = { "BEGIN IMMEDIATE", 0 },
	[FT_COMMIT] = { "COMMIT", 0 },
	[FT_INTERVAL] = { "INSERT INTO intervals", 23 },
	/* Interfaces of one name, of several hosts, are summed. */
	[FT_LINE] = { "INSERT INTO lines VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
		      "packets=packets+excluded.packets, bytes=bytes+excluded.bytes, "
		      "l2_bytes=l2_bytes+excluded.l2_bytes, "
		      "total_packets=total_packets+excluded.total_packets, "
		      "total_bytes=total_bytes+excluded.total_bytes, "
		      "total_l2_bytes=total_l2_bytes+excluded.total_l2_bytes", 0 },
	[FT_HEALTH] = { "INSERT INTO health", 16 },
	[FT_HOST] = { "INSERT OR IGNORE INTO hosts", 3 },
	[FT_PROCESS] = { "INSERT INTO processes", 22 },
	[FT_FLOW] = { "INSERT OR IGNORE INTO flows", 19 },
	[FT_END] = { "UPDATE flows SET ended=? WHERE id=?", 0 },
	[FT_COUNT] = { "INSERT INTO counts", 22 },
	[FT_STANDING] = { "INSERT INTO standing", 17 },
	[FT_PICTURE] = { "INSERT INTO pictures", 11 },
	[FT_HANDSHAKE] = { "INSERT OR REPLACE INTO handshakes", 3 },
	[FT_TCP] = { "INSERT INTO tcp", 11 + FT_HEALTH_NUMBER_MAX },
	[FT_SOCKET] = { "INSERT INTO sockets", 31 + FT_HEALTH_NUMBER_MAX },
	[FT_EVENT] = { "INSERT INTO events", 35 },
};

static struct ft_recorder *self_of(struct ft_output *output)
{
	return (struct ft_recorder *)output;
}

int ft_recorder_run(struct ft_recorder *self, const struct ft_binder *bound)
{
	int code = sqlite3_step(bound->statement), ret = 0;

	if (code != SQLITE_DONE && code != SQLITE_ROW)
		ret = ft_recording_error(self->db, "", self->base.remark,
					 sizeof(self->base.remark));
	sqlite3_reset(bound->statement);
	return ret;
}

/* One without parameters. */
static int run_plain(struct ft_recorder *self, enum ft_recorder_statement which)
{
	struct ft_binder bound = ft_recorder_begin(self, which);

	return ft_recorder_run(self, &bound);
}

/* ---- a snapshot */

/* All of a transaction but its frame. */
static int write_all(struct ft_recorder *self, const struct ft_snapshot *snapshot)
{
	int ret;

	self->whole = 0;
	ret = ft_recorder_flows(self, snapshot);
	if (ret == 0)
		ret = ft_recorder_sockets(self, snapshot);
	if (ret == 0)
		ret = ft_recorder_events(self, snapshot);
	if (ret == 0)
		ret = ft_recorder_line(self, snapshot);
	if (ret == 0)
		ret = ft_recorder_keep(self, snapshot->end_ns);
	return ret;
}

/* What is remembered of a transaction that was rolled back is not so; the next one is whole. */
static void forget(struct ft_recorder *self)
{
	sqlite3_exec(self->db, "ROLLBACK", NULL, NULL, NULL);
	for (size_t i = 0; i < FT_RECORDER_OWNERS; i++)
		if (self->owners[i].print)
			ft_recorder_retire(self, self->owners[i].row);
	memset(self->owners, 0, FT_RECORDER_OWNERS * sizeof(*self->owners));
	ft_recorder_forget_hosts(self);
	memset(self->samples, 0, FT_RECORDER_SAMPLES * sizeof(*self->samples));
	memset(self->shakes, 0, FT_RECORDER_SAMPLES * sizeof(*self->shakes));
	ft_recorder_forget_sockets(self);
	self->whole_ns = 0;
}

/* Snapshots that never came, or could not be written: their new flows are not in the file. */
static void note_gap(struct ft_recorder *self, uint64_t from, uint64_t to)
{
	if (from >= to)
		return;
	if (self->gap_to == 0)
		self->gap_from = from;
	self->gap_to = to;
}

/* A file that was taken away takes what is recorded with it. */
static int check_place(struct ft_recorder *self)
{
	int moved = 0;

	if (sqlite3_file_control(self->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK ||
	    !moved)
		return 0;
	snprintf(self->base.remark, sizeof(self->base.remark),
		 _("the file was moved or removed, and what is recorded with it"));
	return -ESTALE;
}

/* What the user is to know: why this interval failed (run's words, or check_place's), and how many
 * are missing so far. */
static void remark(struct ft_recorder *self, bool written)
{
	char why[sizeof(self->base.remark)];
	char *text = self->base.remark;
	const size_t size = sizeof(self->base.remark);
	unsigned long long lost = self->lost;

	snprintf(why, sizeof(why), "%s", text);
	if (!written)
		snprintf(text, size, _("%.60s; intervals lost: %llu"), why, lost);
	else if (lost && !why[0])
		snprintf(text, size, _("intervals lost: %llu"), lost);
}

static int recording_write(struct ft_output *output, const struct ft_snapshot *snapshot)
{
	struct ft_recorder *self = self_of(output);
	bool written;
	int ret;

	ft_caller_enter(&self->caller);
	output->remark[0] = '\0';
	self->interval++;
	note_gap(self, self->generation, snapshot->generation - 1);
	ret = run_plain(self, FT_BEGIN);
	if (ret == 0)
		ret = write_all(self, snapshot);
	if (ret == 0)
		ret = run_plain(self, FT_COMMIT);
	written = ret == 0;
	if (!written) {
		self->lost++;
		forget(self);
		note_gap(self, self->generation, snapshot->generation);
	} else {
		self->event = ft_event_list_total(snapshot->events);
		ret = check_place(self);
	}
	remark(self, written);
	self->generation = snapshot->generation;
	ft_caller_leave(&self->caller);
	return ret;
}

/* ---- birth and death */

/* The file: new, the caller's, for nobody else. */
static int create_file(const char *path, char *err, size_t err_size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), ret;

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	ret = -errno;
	if (ret == -EEXIST)
		snprintf(err, err_size, _("-w: %.200s is there already; nothing is overwritten"),
			 path);
	else
		snprintf(err, err_size, "-w: %.200s: %s", path, strerror(-ret));
	return ret;
}

/* Runs SQL text of our own. */
static int execute(sqlite3 *db, const char *sql, char *err, size_t err_size)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return ft_recording_error(db, "-w", err, err_size);
}

/* A line about the recording itself. */
static int write_about(struct ft_recorder *self, const char *name, const char *value, char *err,
		       size_t err_size)
{
	char *sql = sqlite3_mprintf("INSERT INTO recording VALUES(%Q,%Q)", name, value);
	int ret = sql ? execute(self->db, sql, err, err_size) : -ENOMEM;

	sqlite3_free(sql);
	return ret;
}

/* Tables, the rows of owners that are no process, what is said once. */
static int create_tables(struct ft_recorder *self, const struct ft_output_config *config, char *err,
			 size_t err_size)
{
	static const char *const owners[FT_OWNER_FIRST] = { "unknown", "kernel", "transit",
							    "foreign" };
	char pragmas[300];
	int ret;

	/* A confined process may make no file that was not asked for. */
	snprintf(pragmas, sizeof(pragmas),
		 "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA application_id=%d; PRAGMA "
		 "user_version=%d; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
		 "PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY; BEGIN",
		 FT_RECORDING_APPLICATION, FT_RECORDING_VERSION);
	ret = execute(self->db, pragmas, err, err_size);
	for (size_t i = 0; ft_recording_tables[i].name && ret == 0; i++)
		ret = execute(self->db, ft_recording_tables[i].sql, err, err_size);
	for (int i = 0; i < FT_OWNER_FIRST && ret == 0; i++) {
		char sql[100];

		snprintf(sql, sizeof(sql), "INSERT INTO processes(id,owner) VALUES(%d,'%s')", i,
			 owners[i]);
		ret = execute(self->db, sql, err, err_size);
	}
	self->processes = FT_OWNER_FIRST;
	if (ret == 0)
		ret = write_about(self, "observer", config->observer, err, err_size);
	if (ret == 0)
		ret = write_about(self, "program", "flowtop " PACKAGE_VERSION, err, err_size);
	if (ret == 0)
		ret = write_about(self, "filter", self->filter ? ft_filter_text(self->filter) : "",
				  err, err_size);
	return ret == 0 ? execute(self->db, "COMMIT", err, err_size) : ret;
}

/* The statement's text, with a mark for each column. */
static char *statement_text(enum ft_recorder_statement which)
{
	char *text = sqlite3_mprintf("%s%s", statements[which].text,
				     statements[which].columns ? " VALUES(?" : ""), *longer;

	for (int i = 1; i < statements[which].columns && text; i++) {
		longer = sqlite3_mprintf("%s,?", text);
		sqlite3_free(text);
		text = longer;
	}
	if (!text || !statements[which].columns)
		return text;
	longer = sqlite3_mprintf("%s)", text);
	sqlite3_free(text);
	return longer;
}

static int prepare(struct ft_recorder *self, char *err, size_t err_size)
{
	for (int i = 0; i < FT_RECORDER_STATEMENTS; i++) {
		char *text = statement_text((enum ft_recorder_statement)i);
		int code = text ? sqlite3_prepare_v3(self->db, text, -1, SQLITE_PREPARE_PERSISTENT,
						     &self->statement[i], NULL) : SQLITE_NOMEM;

		sqlite3_free(text);
		if (code != SQLITE_OK)
			return ft_recording_error(self->db, "-w", err, err_size);
	}
	return 0;
}

/* Frees; says whether the end could be written. */
static int recording_close(struct ft_output *output)
{
	struct ft_recorder *self = self_of(output);
	int ret = 0;

	ft_caller_enter(&self->caller);
	for (int i = 0; i < FT_RECORDER_STATEMENTS; i++)
		sqlite3_finalize(self->statement[i]);
	ft_recorder_keep_end(self);
	/* One file; if it can't be (somebody reads it), the log stays beside it: nothing is lost. */
	sqlite3_exec(self->db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
	if (sqlite3_close(self->db) != SQLITE_OK)
		ret = -EIO;
	ft_caller_leave(&self->caller);
	ft_caller_done(&self->caller);
	free(self->owners);
	free(self->hosts);
	free(self->samples);
	free(self->shakes);
	ft_recorder_forget_sockets(self);
	free(self);
	return ret;
}

/* Opens the new file and fills it so far that the first interval can come. */
static int open_database(struct ft_recorder *self, const struct ft_output_config *config, char *err,
			 size_t err_size)
{
	/* SQLite takes "file:x" and ":memory:" for more than names. */
	char *path = xasprintf("%s%s", config->target[0] == '/' ? "" : "./", config->target);
	int ret = create_file(path, err, err_size);

	if (ret < 0)
		goto cleanup;
	if (sqlite3_open_v2(path, &self->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		ret = ft_recording_error(self->db, "-w", err, err_size);
	if (ret == 0)
		ret = create_tables(self, config, err, err_size);
	if (ret == 0)
		ret = prepare(self, err, err_size);
	if (ret == 0)
		ft_recorder_keep_begin(self);
	if (ret < 0)
		unlink(path);
cleanup:
	free(path);
	return ret;
}

static int recording_open(const struct ft_output_config *config, struct ft_output **ret_output,
			  char *err, size_t err_size)
{
	struct ft_recorder *self = xcalloc(1, sizeof(*self));
	int ret;

	self->base.ops = &ft_output_recording;
	if (config->query.filter && !ft_filter_is_all(config->query.filter))
		self->filter = config->query.filter;
	self->names = config->query.show ? config->query.show->names : NULL;
	self->owners = xcalloc(FT_RECORDER_OWNERS, sizeof(*self->owners));
	self->hosts = xcalloc(FT_RECORDER_HOSTS, sizeof(*self->hosts));
	self->samples = xcalloc(FT_RECORDER_SAMPLES, sizeof(*self->samples));
	self->shakes = xcalloc(FT_RECORDER_SAMPLES, sizeof(*self->shakes));
	if (config->keep)
		ft_recording_parse_keep(config->keep, &self->keeper.keep); /* checked before */
	ft_caller_init(&self->caller);
	ft_caller_enter(&self->caller);
	ret = open_database(self, config, err, err_size);
	ft_caller_leave(&self->caller);
	if (ret < 0) {
		recording_close(&self->base);
		return ret;
	}
	*ret_output = &self->base;
	return 0;
}

const struct ft_output_ops ft_output_recording = {
	.name = "recording",
	.extension = ".flow",
	.open = recording_open,
	.write = recording_write,
	.close = recording_close,
};
