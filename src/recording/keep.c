/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Retention: --keep 7d,2G. Inside of an interval's transaction the oldest intervals go, with what
 * only they refer to:
 *
 *   by age    with every 16th interval, those that are too old, but only so many rows; with each
 *             interval while more is left to go, or while they are big
 *   by size   with each interval, as many as it takes for the pages in use to be few enough: about
 *             as much goes as comes, so that no interval takes long. Pages that become free are
 *             used again, so that the file does not grow.
 *
 * A bound of size is one for the file with its log. Room is left for the log, which is emptied when
 * it is a sixteenth of all, and for what an interval writes, as the last ones did: once into the
 * log, once into the file.
 *
 *   |<--------------------------- bytes --------------------------->|
 *   | pages in use, at most      | 1/16 | log | interval | interval |
 *
 * Rows of flows go when they cannot be shown any more: some seconds after their end. Those of
 * processes once no owner that is known has them and no interval is left in which one had; hosts
 * that no flow is left of, after many new ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/xalloc.h"
#include "recording/write.h"

#define TURNS 16
#define MANY_CHANGES 10000U  /* rows of an interval that is big */
#define MOST_CHANGES 100000U /* rows after which an interval lets go of no older one */
#define LOG_PAGES_MOST 1000 /* SQLite's own bound */
#define LOG_PAGES_LEAST 8
#define INDEX_PAGES 8       /* of the log's index beside it */
#define LINGER_NS (15 * UINT64_C(1000000000)) /* so long a flow is shown after its end, and a bit */
#define FREE_PART 4         /* of the file: more free pages than that go back to the system */
#define HOSTS_TURN 100000U  /* so many new hosts are between two looks for old ones, */
#define HOST_OCTETS 512     /* but of a small recording fewer: about an eighth of it are hosts */
#define RETIRED_MAX (1U << 20)

static const char *const deletions[FT_KEEPER_DELETIONS] = {
	"DELETE FROM counts WHERE interval<?1",
	"DELETE FROM standing WHERE interval<?1",
	"DELETE FROM tcp WHERE interval<?1",
	"DELETE FROM sockets WHERE interval<?1",
	"DELETE FROM events WHERE id<=(SELECT max(events_total) FROM pictures WHERE interval<?1)",
	"DELETE FROM pictures WHERE interval<?1",
	"DELETE FROM lines WHERE interval<?1",
	"DELETE FROM health WHERE interval<?1",
	"DELETE FROM intervals WHERE id<?1",
	"DELETE FROM handshakes WHERE flow IN (SELECT id FROM flows WHERE ended<?2)",
	"DELETE FROM flows WHERE ended<?2",
};

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

/* After a commit: so many pages are in the log. */
static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct ft_recorder_keeper *keeper = arg;
	unsigned now = (unsigned)pages, before = keeper->log_now, wrote;

	wrote = now > before ? now - before : now;
	keeper->interval_pages -= keeper->interval_pages / 64;
	if (wrote > keeper->interval_pages)
		keeper->interval_pages = wrote;
	keeper->log_now = now;
	/* Somebody who reads may be in the way: then it is tried with the next interval. */
	if (now >= keeper->log_pages &&
	    sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) ==
		    SQLITE_OK)
		keeper->log_now = 0;
	return SQLITE_OK;
}

void ft_recorder_keep_begin(struct ft_recorder *self)
{
	struct ft_recorder_keeper *keeper = &self->keeper;
	uint64_t page = (uint64_t)ask(self->db, "PRAGMA page_size", 4096), log;

	keeper->first = keeper->flows_from = 1;
	keeper->hosts_turn = HOSTS_TURN;
	if (!keeper->keep.bytes)
		return;
	if (keeper->keep.bytes / HOST_OCTETS < HOSTS_TURN)
		keeper->hosts_turn = (unsigned)(keeper->keep.bytes / HOST_OCTETS);
	log = keeper->keep.bytes / 16 / page;
	log = log > LOG_PAGES_MOST ? LOG_PAGES_MOST : log < LOG_PAGES_LEAST ? LOG_PAGES_LEAST : log;
	keeper->log_pages = (unsigned)log;
	keeper->most_pages = (keeper->keep.bytes - keeper->keep.bytes / 16) / page - INDEX_PAGES;
	sqlite3_wal_hook(self->db, on_commit, keeper);
}

void ft_recorder_keep_end(struct ft_recorder *self)
{
	for (int i = 0; i < FT_KEEPER_DELETIONS; i++)
		sqlite3_finalize(self->keeper.deletion[i]);
	free(self->keeper.retired);
}

void ft_recorder_retire(struct ft_recorder *self, int64_t row)
{
	struct ft_recorder_keeper *keeper = &self->keeper;

	if ((!keeper->keep.age_ns && !keeper->keep.bytes) || keeper->retired_count == RETIRED_MAX)
		return;
	if (keeper->retired_count == keeper->retired_room) {
		keeper->retired_room = keeper->retired_room ? 2 * keeper->retired_room : 256;
		keeper->retired = xreallocarray(keeper->retired, keeper->retired_room,
						sizeof(*keeper->retired));
	}
	keeper->retired[keeper->retired_count++] =
		(struct ft_retired){ .row = row, .interval = self->interval };
}

/* Runs SQL text of our own. */
static int execute(struct ft_recorder *self, const char *sql)
{
	if (sqlite3_exec(self->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return ft_recording_error(self->db, "", self->base.remark, sizeof(self->base.remark));
}

/* Processes whose last interval has gone. */
static int drop_processes(struct ft_recorder *self, int64_t first)
{
	struct ft_recorder_keeper *keeper = &self->keeper;
	size_t kept = 0, i;
	char sql[80];
	int ret = 0;

	for (i = 0; i < keeper->retired_count && ret == 0; i++) {
		if (keeper->retired[i].interval >= first) {
			keeper->retired[kept++] = keeper->retired[i];
			continue;
		}
		snprintf(sql, sizeof(sql), "DELETE FROM processes WHERE id=%lld",
			 (long long)keeper->retired[i].row);
		ret = execute(self, sql);
	}
	keeper->retired_count = kept;
	return ret;
}

/* Hosts that no flow is left of; what is known of hosts is not so any more. */
static int drop_hosts(struct ft_recorder *self)
{
	if (self->hosts_written < self->keeper.hosts_turn)
		return 0;
	ft_recorder_forget_hosts(self);
	return execute(self, "DELETE FROM hosts WHERE address NOT IN (SELECT local_address FROM "
			     "flows UNION SELECT remote_address FROM flows)");
}

static uint64_t end_of(const struct ft_recorder *self, int64_t interval)
{
	char sql[80];

	snprintf(sql, sizeof(sql), "SELECT end_ns FROM intervals WHERE id=%lld",
		 (long long)interval);
	return (uint64_t)ask(self->db, sql, 0);
}

/* Which flows' ends are so long ago that no interval from `first` on shows them. Ends of intervals
 * that go are remembered for so long. */
static void find_flows(struct ft_recorder *self, int64_t first)
{
	struct ft_recorder_keeper *keeper = &self->keeper;
	size_t size = sizeof(keeper->ends) / sizeof(keeper->ends[0]), old = 0;
	uint64_t first_ns = end_of(self, first);

	for (int64_t id = keeper->first; id < first; id++) {
		if (keeper->end_count == size)
			memmove(keeper->ends, &keeper->ends[1],
				--keeper->end_count * sizeof(keeper->ends[0]));
		keeper->ends[keeper->end_count++] =
			(struct ft_interval_end){ id, end_of(self, id) };
	}
	while (old < keeper->end_count && keeper->ends[old].end_ns + LINGER_NS < first_ns)
		old++;
	keeper->end_count -= old;
	memmove(keeper->ends, &keeper->ends[old], keeper->end_count * sizeof(keeper->ends[0]));
	keeper->flows_from = keeper->end_count ? keeper->ends[0].id : first;
}

/* Takes away the intervals before this one. */
static int drop_before(struct ft_recorder *self, int64_t first)
{
	struct ft_recorder_keeper *keeper = &self->keeper;
	int ret = 0;

	find_flows(self, first);
	for (int i = 0; i < FT_KEEPER_DELETIONS && ret == 0; i++) {
		struct ft_binder to;

		if (!keeper->deletion[i] &&
		    sqlite3_prepare_v3(self->db, deletions[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &keeper->deletion[i], NULL) != SQLITE_OK)
			return ft_recording_error(self->db, "", self->base.remark,
						  sizeof(self->base.remark));
		to = (struct ft_binder){ .statement = keeper->deletion[i] };
		ft_bind_int(&to, (uint64_t)first);
		if (sqlite3_bind_parameter_count(to.statement) > 1)
			ft_bind_int(&to, (uint64_t)keeper->flows_from);
		ret = ft_recorder_run(self, &to);
	}
	keeper->first = first;
	return ret < 0 ? ret : drop_processes(self, first);
}

/* True if it is time to look for what is too old. */
static bool is_turn(struct ft_recorder *self)
{
	struct ft_recorder_keeper *keeper = &self->keeper;
	unsigned before = keeper->changes;

	keeper->changes = (unsigned)sqlite3_total_changes(self->db);
	return keeper->turn % TURNS == 0 || keeper->behind ||
	       keeper->changes - before >= MANY_CHANGES;
}

/* Takes away the intervals before this one, as far as an interval has the time. */
static int drop_old(struct ft_recorder *self, int64_t first)
{
	struct ft_recorder_keeper *keeper = &self->keeper;
	unsigned begin = (unsigned)sqlite3_total_changes(self->db);
	int ret = 0;

	while (ret == 0 && keeper->first < first &&
	       (unsigned)sqlite3_total_changes(self->db) - begin < MOST_CHANGES)
		ret = drop_before(self, keeper->first + 1);
	keeper->behind = keeper->first < first;
	return ret;
}

/* The first interval that is young enough; the first there is if none is too old. */
static int64_t first_by_age(const struct ft_recorder *self, uint64_t end_ns)
{
	const struct ft_recorder_keeper *keeper = &self->keeper;
	char sql[120];

	if (!keeper->keep.age_ns || end_ns <= keeper->keep.age_ns)
		return keeper->first;
	snprintf(sql, sizeof(sql),
		 "SELECT id FROM intervals WHERE end_ns >= %lld ORDER BY id LIMIT 1",
		 (long long)(end_ns - keeper->keep.age_ns));
	return ask(self->db, sql, keeper->first);
}

static bool is_too_big(const struct ft_recorder *self)
{
	const struct ft_recorder_keeper *keeper = &self->keeper;
	uint64_t room = keeper->log_pages + 2 * (uint64_t)keeper->interval_pages;
	int64_t used;

	if (!keeper->keep.bytes)
		return false;
	used = ask(self->db, "PRAGMA page_count", 0) - ask(self->db, "PRAGMA freelist_count", 0);
	return room >= keeper->most_pages || used > (int64_t)(keeper->most_pages - room);
}

/* What was freed and isn't used again soon. */
static int give_back(struct ft_recorder *self)
{
	int64_t pages = ask(self->db, "PRAGMA page_count", 0);
	int64_t unused = ask(self->db, "PRAGMA freelist_count", 0);

	if (unused <= pages / FREE_PART)
		return 0;
	return execute(self, "PRAGMA incremental_vacuum(256)");
}

int ft_recorder_keep(struct ft_recorder *self, uint64_t end_ns)
{
	struct ft_recorder_keeper *keeper = &self->keeper;
	int64_t first, before = keeper->first, step = 1;
	int ret;

	if (!keeper->keep.age_ns && !keeper->keep.bytes)
		return 0;
	keeper->turn++;
	first = is_turn(self) ? first_by_age(self, end_ns) : keeper->first;
	ret = drop_old(self, first);
	for (; ret == 0 && keeper->first < self->interval && is_too_big(self); step *= 2) {
		first = keeper->first + step;
		ret = drop_before(self, first < self->interval ? first : self->interval);
	}
	if (ret < 0 || keeper->first == before)
		return ret;
	ret = drop_hosts(self);
	return ret < 0 || keeper->turn % TURNS ? ret : give_back(self);
}
