/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Retention: --keep 7d,2G. With every 16th interval the oldest ones go, at most INTERVALS of them
 * at a time, as long as they are too old or the file is too big; then rows of flows that ended
 * before what is left. The space is used again; what is left over goes back to the file system.
 * Rows of hosts and processes stay: they are few.
 */
#include "recording/write.h"

#include <stdio.h>

#include "recording/schema.h"

#define TURNS 16
#define INTERVALS 64
#define FLOWS 50000
#define FULL(bytes) ((bytes) / 10 * 9) /* the log beside the file has its part */

/* The one number that a query yields; `otherwise` if it yields none. */
static int64_t ask(sqlite3 *db, const char *sql, int64_t otherwise)
{
	sqlite3_stmt *statement = NULL;
	int64_t number = otherwise;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW &&
	    sqlite3_column_type(statement, 0) == SQLITE_INTEGER)
		number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

/* Bytes of the file that are in use. */
static uint64_t used_bytes(sqlite3 *db)
{
	int64_t pages = ask(db, "PRAGMA page_count", 0) - ask(db, "PRAGMA freelist_count", 0);

	return (uint64_t)(pages * ask(db, "PRAGMA page_size", 4096));
}

/* The first interval that stays. */
static int64_t find_first(const struct ft_recorder_keeper *keeper, sqlite3 *db, int64_t interval,
			  uint64_t end_ns)
{
	int64_t first = keeper->first;
	char sql[120];

	if (keeper->keep.age_ns && end_ns > keeper->keep.age_ns) {
		snprintf(sql, sizeof(sql),
			 "SELECT min(id) FROM intervals WHERE end_ns >= %lld AND id >= %lld",
			 (long long)(end_ns - keeper->keep.age_ns), (long long)first);
		first = ask(db, sql, first);
	}
	if (keeper->keep.bytes && used_bytes(db) > FULL(keeper->keep.bytes)) {
		/* A part of what there is: a tenth at least, or it would never end. */
		int64_t part = keeper->first + 1 + (interval - keeper->first) / 8;

		first = part > first ? part : first;
	}
	if (first > interval)
		first = interval;
	return first > keeper->first + INTERVALS && !keeper->keep.bytes ?
		       keeper->first + INTERVALS : first;
}

int ft_recorder_keep(struct ft_recorder_keeper *keeper, sqlite3 *db, int64_t interval,
		     uint64_t end_ns, char *err, size_t err_size)
{
	int64_t first;
	char *sql;
	int code;

	if ((!keeper->keep.age_ns && !keeper->keep.bytes) || ++keeper->turn % TURNS)
		return 0;
	first = find_first(keeper, db, interval, end_ns);
	if (first <= keeper->first)
		return 0;
	sql = sqlite3_mprintf("DELETE FROM counts WHERE interval<%lld;"
			      "DELETE FROM lines WHERE interval<%lld;"
			      "DELETE FROM health WHERE interval<%lld;"
			      "DELETE FROM intervals WHERE id<%lld;"
			      "DELETE FROM flows WHERE id>=%lld AND id<%lld AND ended<%lld;"
			      "PRAGMA incremental_vacuum(256)",
			      first, first, first, first, keeper->flows_from,
			      keeper->flows_from + FLOWS, first);
	code = sql ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
	sqlite3_free(sql);
	if (code != SQLITE_OK)
		return ft_recording_error(db, "", err, err_size);
	keeper->first = first;
	keeper->flows_from += FLOWS;
	if (keeper->flows_from > ask(db, "SELECT max(id) FROM flows", 0))
		keeper->flows_from = 0;
	return 0;
}
