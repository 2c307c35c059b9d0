/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recordings that lie: tables as flowtop makes them (others are refused by their layout), any value
 * in any cell. SQLite's own file format has fuzzers of its own. An input is a list of changes: table,
 * column, which rows, and the value (octet for its kind: number, text, blob, real, NULL); then every
 * moment is read and listed.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/event.h"
#include "core/rows.h"
#include "core/snapshot.h"
#include "core/socket.h"
#include "core/xalloc.h"
#include "recording/recording.h"
#include "tests/fuzz/fuzz.h"
#include "tests/output/moment.h"

#define CHANGES_MAX 16
#define MOMENTS_MAX 8
#define COLUMNS_MAX 192

const char fuzz_name[] = "recording";

/* Tables, what tells their rows apart, and their columns, filled from the file. */
static struct {
	const char *name, *key;
	char *columns[COLUMNS_MAX];
	unsigned count;
} tables[] = {
	{ .name = "intervals", .key = "id" },  { .name = "lines", .key = "interval" },
	{ .name = "health", .key = "interval" }, { .name = "processes", .key = "id" },
	{ .name = "flows", .key = "id" },      { .name = "counts", .key = "flow" },
	{ .name = "standing", .key = "flow" }, { .name = "pictures", .key = "interval" },
	{ .name = "handshakes", .key = "flow" }, { .name = "tcp", .key = "flow" },
	{ .name = "sockets", .key = "interval" }, { .name = "events", .key = "id" },
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

static char folder[] = "/tmp/flowtop-fuzz-XXXXXX";
static char *path;
static sqlite3 *db;
static uint8_t whole[256 * 1024]; /* the file that all inputs change */
static size_t whole_size;

static void clean(void)
{
	unlink(path);
	rmdir(folder);
	free(path);
	for (size_t t = 0; t < TABLES; t++)
		for (unsigned i = 0; i < tables[t].count; i++)
			free(tables[t].columns[i]);
}

static void read_columns(size_t table)
{
	char *sql = xasprintf("SELECT name FROM pragma_table_info('%s')", tables[table].name);
	sqlite3_stmt *row;

	FUZZ_CHECK(sqlite3_prepare_v2(db, sql, -1, &row, NULL) == SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW && tables[table].count < COLUMNS_MAX)
		tables[table].columns[tables[table].count++] =
			xstrdup((const char *)sqlite3_column_text(row, 0));
	sqlite3_finalize(row);
	free(sql);
	FUZZ_CHECK(tables[table].count > 2 && tables[table].count < COLUMNS_MAX);
}

/* Some sockets, one of them curl's. */
static const struct ft_socket_list *list_sockets(const struct ft_snapshot *snapshot)
{
	struct ft_socket_list *list = ft_socket_list_new();

	for (unsigned i = 0; i < 4; i++) {
		struct ft_socket socket = {
			.id = i + 1, .ip_version = 4, .protocol = i % 2 ? 17 : 6, .tcp = i % 2 == 0,
			.owner = FT_OWNER_FIRST, .health = snapshot->sockets[0], .has_memory = true,
		};

		if (i)
			socket.health.cookie = i + 1;
		ft_socket_list_add(list, &socket);
	}
	list->end_ns = snapshot->end_ns;
	return list;
}

static const struct ft_event_list *list_events(struct ft_events *events,
					       const struct ft_snapshot *snapshot)
{
	for (uint8_t kind = 0; kind < FT_EVENT_MAX; kind++) {
		struct ft_flow_event event = {
			.kind = kind, .flow = *snapshot->rows[MOMENT_CURL].flow, .known = UINT32_MAX,
			.hot = { .last_ns = snapshot->end_ns }, .flow_id = 1, .close = kind % 4,
		};

		ft_events_add(events, &event);
	}
	return ft_events_publish(events);
}

/* Writes the recording that all inputs change: three moments. */
static void prepare(void)
{
	struct ft_output_config config = { .observer = "host" };
	struct ft_snapshot later = *moment();
	struct ft_owners *owners = ft_owners_new();
	struct ft_events *events = ft_events_new(FT_EVENTS_MAX, owners);
	struct ft_output *output = NULL;
	char err[300];
	FILE *file;

	FUZZ_CHECK(mkdtemp(folder));
	path = xasprintf("%s/fuzz.flow", folder);
	config.target = path;
	FUZZ_CHECK(ft_output_recording.open(&config, &output, err, sizeof(err)) == 0);
	for (int i = 0; i < 3; i++) {
		later.socket_list = list_sockets(&later);
		later.events = list_events(events, &later);
		FUZZ_CHECK(output->ops->write(output, &later) == 0);
		ft_socket_list_put(later.socket_list);
		ft_event_list_put(later.events);
		later.generation++;
		later.end_ns += 1000000000;
	}
	FUZZ_CHECK(output->ops->close(output) == 0);
	ft_events_free(events);
	ft_owners_free(owners);
	FUZZ_CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	for (size_t t = 0; t < TABLES; t++)
		read_columns(t);
	sqlite3_close(db);
	file = fopen(path, "rbe");
	FUZZ_CHECK(file);
	whole_size = fread(whole, 1, sizeof(whole), file);
	fclose(file);
	FUZZ_CHECK(whole_size > 0 && whole_size < sizeof(whole));
	atexit(clean);
}

/* The file anew, open for changes. */
static void open_copy(void)
{
	FILE *file = fopen(path, "wbe");

	FUZZ_CHECK(file && fwrite(whole, 1, whole_size, file) == whole_size);
	fclose(file);
	FUZZ_CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	sqlite3_exec(db, "PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY", NULL, NULL, NULL);
}

/* A value of any type. */
static void bind_value(sqlite3_stmt *statement, uint64_t kind, const uint8_t **data, size_t *size)
{
	size_t length = *size < 40 ? *size : 40;
	uint64_t bits;
	double real;

	switch (kind % 5) {
	case 0:
		sqlite3_bind_int64(statement, 1, (int64_t)fuzz_take(data, size, 8));
		return;
	case 1:
		sqlite3_bind_text(statement, 1, (const char *)*data, (int)length,
				  SQLITE_TRANSIENT);
		break;
	case 2:
		sqlite3_bind_blob(statement, 1, *data, (int)length, SQLITE_TRANSIENT);
		break;
	case 3:
		bits = fuzz_take(data, size, 8);
		memcpy(&real, &bits, sizeof(real));
		sqlite3_bind_double(statement, 1, real);
		return;
	default:
		sqlite3_bind_null(statement, 1);
		return;
	}
	*data += length;
	*size -= length;
}

/* One change; what the file's constraints refuse isn't made. */
static void change(const uint8_t **data, size_t *size)
{
	size_t table = fuzz_take(data, size, 1) % TABLES;
	const char *column = tables[table].columns[fuzz_take(data, size, 1) % tables[table].count];
	uint64_t rows = fuzz_take(data, size, 1);
	char *sql = xasprintf("UPDATE OR IGNORE %s SET %s=?1 WHERE (%s + %u) %% %u = 0",
			      tables[table].name, column, tables[table].key,
			      (unsigned)(rows & 15), 1 + (unsigned)(rows >> 4 & 7));
	sqlite3_stmt *statement;

	FUZZ_CHECK(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
	bind_value(statement, fuzz_take(data, size, 1), data, size);
	sqlite3_step(statement);
	sqlite3_finalize(statement);
	free(sql);
}

/* What a pane does with a moment. */
static void list(const struct ft_snapshot *snapshot)
{
	static const enum ft_list lists[] = { FT_LIST_FLOWS, FT_LIST_TALKERS, FT_LIST_PROCESSES,
					      FT_LIST_SOCKETS, FT_LIST_EVENTS };
	struct ft_show show = { .window = 0, .layer = 3 };
	struct ft_rows *rows = ft_rows_new();

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct ft_query query = { .list = lists[i], .show = &show };

		ft_rows_fill(rows, snapshot, &query, 100);
		for (size_t k = 0; k < ft_rows_count(rows) && k < 100; k++) {
			struct ft_row row = ft_rows_at(rows, k);

			FUZZ_CHECK(ft_row_id(&row) != 0);
		}
	}
	ft_rows_free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ft_recording *recording = NULL;
	struct ft_snapshot *snapshot;
	char err[400] = "";
	size_t count;

	if (!whole_size)
		prepare();
	open_copy();
	for (int i = 0; i < CHANGES_MAX && size > 0; i++)
		change(&data, &size);
	sqlite3_close(db);
	if (ft_recording_open(path, &recording, err, sizeof(err)) < 0) {
		FUZZ_CHECK(err[0]);
	} else {
		count = ft_recording_refresh(recording);
		for (size_t i = 0; i < count && i < MOMENTS_MAX; i++) {
			FUZZ_CHECK(ft_recording_find(recording,
						     ft_recording_time(recording, i)) < count);
			snapshot = NULL;
			if (ft_recording_moment(recording, i, &snapshot, err, sizeof(err)) < 0)
				continue;
			list(snapshot);
			ft_snapshot_put(snapshot);
		}
		ft_recording_close(recording);
	}
	return 0;
}
