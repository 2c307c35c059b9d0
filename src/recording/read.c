/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reading side: opens a recording, knows its intervals, and puts a moment together from what
 * its other files read (read.h). Nothing in the file is believed: its tables have to be those of
 * schema.h letter by letter, and SQLite is told to trust nothing. Used by one thread at a time.
 */
#include "recording/read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "core/health.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define INTERVALS_MAX (1U << 24)

#define NUMBER(name, member, known, zero_is_none) ", " #name
#define SAMPLE \
	"socket, sampled_ns, known, state, congestion, congestion_state, options, timer" \
	FT_HEALTH_NUMBERS(NUMBER)
#define STATE \
	"total_tx_packets, total_tx_bytes, total_tx_l2_bytes, total_rx_packets, " \
	"total_rx_bytes, total_rx_l2_bytes, last_ns, state, ended, local_process, " \
	"remote_process, tx_tcp_flags, rx_tcp_flags, marks"

static const struct {
	int since; /* version of the layout */
	const char *text;
} queries[FT_READ_QUERIES] = {
	[FT_Q_INTERVALS] = { 1,
		"SELECT id, end_ns, interval_ns FROM intervals WHERE id > ? ORDER BY id" },
	[FT_Q_COUNTS] = { 1,
		"SELECT interval, flow, tx_packets, tx_bytes, tx_l2_bytes, rx_packets, "
		"rx_bytes, rx_l2_bytes, " STATE
		" FROM counts WHERE interval BETWEEN ? AND ? ORDER BY interval, flow" },
	[FT_Q_COUNTED] = { 1,
		"SELECT local_process, remote_process, path='loopback', tx_packets, tx_bytes, "
		"tx_l2_bytes, rx_packets, rx_bytes, rx_l2_bytes, first_ns, last_ns FROM counts "
		"JOIN flows ON flows.id=flow WHERE interval > ? AND interval <= ?" },
	[FT_Q_FLOW] = { 1,
		"SELECT interface, vlan, vlan_inner, ip_version, protocol, local_address, "
		"local_port, remote_address, remote_port, path, initiator, icmp_type, "
		"icmp_code, icmp_id, spi, gre_key, first_ns, id FROM flows WHERE id BETWEEN ? AND ?" },
	[FT_Q_PROCESS] = { 1,
		"SELECT pid, ppid, uid, gid, netns, start_ns, name, user, command, "
		"executable, cgroup, unit, container, container_id, runtime, image, pod, "
		"pod_namespace, user_group, parents FROM processes WHERE id=?" },
	[FT_Q_LINES] = { 1,
		"SELECT interface, term, packets, bytes, l2_bytes, total_packets, "
		"total_bytes, total_l2_bytes FROM lines WHERE interval=?" },
	[FT_Q_HEALTH] = { 1,
		"SELECT backend, backend_reason, capture_filter, owner_source, notes, "
		"evicted, lengthened, missed, not_watched_ns, log_fill_per_mille, spilled, "
		"flips, map_bytes, sockets_missed, max_flows FROM health WHERE interval=?" },
	[FT_Q_INTERVAL] = { 1,
		"SELECT exact FROM intervals WHERE id=?" },
	[FT_Q_STANDING] = { 2,
		"SELECT flow, " STATE ", rates FROM standing WHERE interval=?" },
	[FT_Q_PICTURES] = { 2,
		"SELECT interval, whole FROM pictures WHERE interval > ? AND whole > 0 "
		"ORDER BY interval" },
	[FT_Q_PICTURE] = { 2,
		"SELECT health_source, event_source, events_total, events_lost_ring, events_lost_bound, "
		"events_lost_nested, sockets_ns, sockets_left_out, sockets_cut FROM pictures "
		"WHERE interval=?" },
	[FT_Q_TCP] = { 2,
		"SELECT flow, side, " SAMPLE " FROM tcp WHERE interval BETWEEN ? AND ? "
		"ORDER BY interval, flow, side" },
	[FT_Q_HANDSHAKE] = { 2,
		"SELECT syn_ack_us, ack_us FROM handshakes WHERE flow=?" },
	[FT_Q_SOCKETS] = { 2,
		"SELECT id, gone, ip_version, protocol, raw, interface, local_address, "
		"local_port, remote_address, remote_port, process, uid, inode, tcp, "
		"memory_receive, memory_receive_limit, memory_send, memory_send_limit, "
		"memory_forward, memory_queued, memory_options, memory_backlog, " SAMPLE
		" FROM sockets WHERE interval BETWEEN ? AND ? ORDER BY interval, id" },
	[FT_Q_EVENTS] = { 2,
		"SELECT id, interval, time_ns, event, source, interface, vlan, vlan_inner, "
		"ip_version, protocol, local_address, local_port, remote_address, remote_port, "
		"path, initiator, local_process, remote_process, flow, socket, latency_us, "
		"duration_us, segments, app_tx_bytes, app_rx_bytes, tx_packets, tx_bytes, "
		"tx_l2_bytes, rx_packets, rx_bytes, rx_l2_bytes, errno, reason, closed_by "
		"FROM events WHERE id > ? AND id <= ? ORDER BY id" },
};

/* ---- columns */

uint64_t ft_read_u64(sqlite3_stmt *row, int column)
{
	int64_t number = sqlite3_column_int64(row, column);

	return number < 0 ? 0 : (uint64_t)number;
}

uint32_t ft_read_up_to(sqlite3_stmt *row, int column, uint32_t max)
{
	uint64_t number = ft_read_u64(row, column);

	return number <= max ? (uint32_t)number : 0;
}

const char *ft_read_text(sqlite3_stmt *row, int column)
{
	const char *text;

	if (sqlite3_column_type(row, column) == SQLITE_NULL ||
	    sqlite3_column_bytes(row, column) > FT_READ_TEXT_MAX)
		return "";
	text = (const char *)sqlite3_column_text(row, column);
	return text ? text : "";
}

struct ft_counts ft_read_counts(sqlite3_stmt *row, int column)
{
	return (struct ft_counts){ .packets = ft_read_u64(row, column),
				   .bytes = ft_read_u64(row, column + 1),
				   .l2_bytes = ft_read_u64(row, column + 2) };
}

bool ft_read_address(sqlite3_stmt *row, int column, uint8_t ret_addr[16])
{
	return ft_addr_parse(ft_read_text(row, column), ret_addr) == 0;
}

uint16_t ft_read_scope(struct ft_recording *r, const char *name)
{
	for (size_t i = 0; i < r->scope_count; i++)
		if (strncmp(r->scopes[i], name, IFNAMSIZ - 1) == 0)
			return (uint16_t)i;
	if (r->scope_count == FT_MAX_SCOPES)
		return FT_MAX_SCOPES - 1;
	snprintf(r->scopes[r->scope_count], IFNAMSIZ, "%.*s", IFNAMSIZ - 1, name);
	return (uint16_t)r->scope_count++;
}

/* ---- by id */

uint32_t *ft_read_find(struct ft_read_index *index, uint64_t id,
		       uint64_t (*id_of)(const void *array, size_t i), const void *array)
{
	size_t at = (size_t)ft_hash(&index->seed, &id, sizeof(id)) & (index->size - 1);

	while (index->place[at] && id_of(array, index->place[at] - 1) != id)
		at = (at + 1) & (index->size - 1);
	return &index->place[at];
}

void ft_read_make_room(struct ft_read_index *index, size_t count,
		       uint64_t (*id_of)(const void *array, size_t i), const void *array)
{
	if (2 * (count + 1) <= index->size)
		return;
	if (!index->size)
		index->seed = ft_seed_random();
	index->size = index->size ? index->size * 2 : 1024;
	free(index->place);
	index->place = xcalloc(index->size, sizeof(*index->place));
	for (size_t i = 0; i < count; i++)
		*ft_read_find(index, id_of(array, i), id_of, array) = (uint32_t)i + 1;
}

/* ---- owners */

/* Reads a row of processes; FT_OWNER_UNKNOWN if it isn't there. */
static uint16_t read_process(struct ft_recording *r, int64_t row)
{
	sqlite3_stmt *query = r->query[FT_Q_PROCESS];
	uint16_t id = FT_OWNER_UNKNOWN;
	char *text[14];

	sqlite3_bind_int64(query, 1, row);
	if (sqlite3_step(query) == SQLITE_ROW) {
		for (int i = 0; i < 14; i++)
			text[i] = xstrdup(ft_read_text(query, 6 + i));
		id = ft_owners_add_process(r->owners, &(struct ft_process){
			.pid = (int32_t)ft_read_up_to(query, 0, INT32_MAX),
			.ppid = (int32_t)ft_read_up_to(query, 1, INT32_MAX),
			.uid = ft_read_up_to(query, 2, UINT32_MAX),
			.gid = ft_read_up_to(query, 3, UINT32_MAX),
			.netns = ft_read_up_to(query, 4, UINT32_MAX),
			.start_ns = ft_read_u64(query, 5),
			.name = text[0], .user = text[1], .cmdline = text[2], .exe = text[3],
			.cgroup = text[4], .unit = text[5], .container = text[6],
			.container_id = text[7], .runtime = text[8], .image = text[9],
			.pod = text[10], .pod_namespace = text[11], .group = text[12],
			.parents = text[13],
		});
		for (int i = 0; i < 14; i++)
			free(text[i]);
	}
	sqlite3_reset(query);
	return id;
}

uint16_t ft_read_owner(struct ft_recording *r, int64_t row)
{
	if (row < FT_OWNER_FIRST)
		return row < 0 ? FT_OWNER_UNKNOWN : (uint16_t)row;
	if (row >= FT_OWNER_MAX * 16)
		return FT_OWNER_UNKNOWN;
	if ((size_t)row >= r->owner_room) {
		size_t room = (size_t)row * 2 + 64;

		r->owner_of = xreallocarray(r->owner_of, room, sizeof(*r->owner_of));
		memset(r->owner_of + r->owner_room, 0,
		       (room - r->owner_room) * sizeof(*r->owner_of));
		r->owner_room = room;
	}
	if (!r->owner_of[row])
		r->owner_of[row] = read_process(r, row);
	return r->owner_of[row];
}

/* ---- intervals */

size_t ft_read_place(const struct ft_recording *r, int64_t id)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->intervals[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->count && r->intervals[low].id == id ? low : r->count;
}

size_t ft_read_whole(const struct ft_recording *r, size_t now, unsigned kind)
{
	for (size_t i = now + 1; i-- > 0;)
		if (r->intervals[i].whole & kind)
			return i;
	return r->count;
}

/* The earliest interval that a live flow may have been seen in last. */
static size_t look_back(const struct ft_recording *r, size_t now)
{
	uint64_t end = r->intervals[now].end_ns;
	size_t from = now;

	while (from > 0 && r->intervals[from - 1].end_ns + FT_READ_LOOK_BACK_NS > end &&
	       r->intervals[from - 1].end_ns <= end)
		from--;
	return from;
}

bool ft_read_goes_on(const struct ft_recording *r, size_t now, unsigned kind, bool valid, size_t at,
		     size_t *ret_from, bool *ret_whole)
{
	size_t base = ft_read_whole(r, now, kind);
	bool whole = base < r->count;

	if (!whole)
		base = look_back(r, now);
	if (valid && at <= now && at >= base) {
		*ret_from = at + 1;
		*ret_whole = false;
		return true;
	}
	*ret_from = base;
	*ret_whole = whole;
	return false;
}

/* ---- a moment */

/* The state of all that changes by rows, at this interval's end. */
static int read_all(struct ft_recording *r, size_t i, char *err, size_t err_size)
{
	int ret = ft_read_flows(r, i, err, err_size);

	if (ret == 0)
		ret = ft_read_samples(r, i, err, err_size);
	if (ret == 0)
		ret = ft_read_sockets(r, i, err, err_size);
	return ret < 0 ? ret : ft_read_events(r, i, err, err_size);
}

/* The picture of the interval that all state stands at. */
static struct ft_snapshot *make_picture(struct ft_recording *r, size_t i)
{
	struct ft_snapshot_room room;
	struct ft_snapshot *snapshot = ft_snapshot_make(r->flows.count, r->flows.count, &room);

	snapshot->generation = i + 1;
	snapshot->end_ns = r->intervals[i].end_ns;
	snapshot->interval_ns = r->intervals[i].interval_ns;
	snapshot->start_ns = r->intervals[0].end_ns - r->intervals[0].interval_ns;
	ft_fill_flows(r, i, snapshot, &room);
	ft_fill_tcp(r, snapshot);
	ft_fill_sockets(r, i, snapshot);
	ft_fill_events(r, i, snapshot);
	ft_fill_line(r, i, r->flows.full, snapshot);
	snapshot->processes = ft_owners_list(r->owners, &snapshot->process_count);
	return snapshot;
}

int ft_recording_moment(struct ft_recording *recording, size_t i, struct ft_snapshot **ret_snapshot,
			char *err, size_t err_size)
{
	int ret;

	if (i >= recording->count) {
		snprintf(err, err_size, _("the recording has no such interval"));
		return -ENODATA;
	}
	/* One view of a file that may be written to, and its locks are taken once. */
	sqlite3_exec(recording->db, "BEGIN", NULL, NULL, NULL);
	ret = read_all(recording, i, err, err_size);
	if (ret == 0)
		*ret_snapshot = make_picture(recording, i);
	sqlite3_exec(recording->db, "COMMIT", NULL, NULL, NULL);
	return ret;
}

/* ---- opening */

/* True if a table is there, just so. */
static bool has_table(sqlite3 *db, const struct ft_recording_table *table)
{
	sqlite3_stmt *query = NULL;
	bool is = false;

	if (sqlite3_prepare_v2(db, "SELECT sql FROM sqlite_schema WHERE name=?", -1, &query,
			       NULL) == SQLITE_OK) {
		sqlite3_bind_text(query, 1, table->name, -1, SQLITE_STATIC);
		is = sqlite3_step(query) == SQLITE_ROW &&
		     strcmp(ft_read_text(query, 0), table->sql) == 0;
	}
	sqlite3_finalize(query);
	return is;
}

/* The number of a pragma; -1 with an error. */
static int64_t ask_pragma(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *query = NULL;
	int64_t number = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &query, NULL) == SQLITE_OK &&
	    sqlite3_step(query) == SQLITE_ROW)
		number = sqlite3_column_int64(query, 0);
	sqlite3_finalize(query);
	return number;
}

/* Whether the file is a recording that we understand. */
static int check_layout(sqlite3 *db, const char *path, char *err, size_t err_size)
{
	char what[300];
	int64_t version;

	snprintf(what, sizeof(what), "-r: %.200s", path);
	if (ask_pragma(db, "PRAGMA application_id") < 0)
		return ft_recording_error(db, what, err, err_size);
	if (ask_pragma(db, "PRAGMA application_id") != FT_RECORDING_APPLICATION) {
		snprintf(err, err_size, _("-r: %.200s is a database, but no recording of flowtop's"),
			 path);
		return -EBADMSG;
	}
	version = ask_pragma(db, "PRAGMA user_version");
	if (version > FT_RECORDING_VERSION) {
		snprintf(err, err_size,
			 _("-r: %.200s was written by a newer flowtop (layout %lld, this one knows "
			   "%d)"), path, (long long)version, FT_RECORDING_VERSION);
		return -EBADMSG;
	}
	for (size_t i = 0; ft_recording_tables[i].name; i++) {
		if (ft_recording_tables[i].since > version ||
		    has_table(db, &ft_recording_tables[i]))
			continue;
		snprintf(err, err_size, _("-r: %.200s: the table %s is not as flowtop makes it"),
			 path, ft_recording_tables[i].name);
		return -EBADMSG;
	}
	return 0;
}

/* How the file is opened, one after the other. */
enum way {
	WAY_READ,
	WAY_RECOVER,   /* its writer was killed: the log is put in order first */
	WAY_IMMUTABLE, /* in a folder that we may not write to: without locks */
	WAYS
};

static int open_database(const char *path, enum way way, sqlite3 **ret_db)
{
	char *uri = sqlite3_mprintf("file:"), *next;
	int code;

	/* A name has characters that mean something in a URI. */
	for (const char *at = path; uri && *at; at++) {
		next = strchr("%?#", *at) ? sqlite3_mprintf("%s%%%02x", uri, *at) :
					    sqlite3_mprintf("%s%c", uri, *at);
		sqlite3_free(uri);
		uri = next;
	}
	next = sqlite3_mprintf("%s%s", uri ? uri : "", way == WAY_IMMUTABLE ? "?immutable=1" : "");
	code = sqlite3_open_v2(next, ret_db,
			       (way == WAY_RECOVER ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
				       SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
	sqlite3_free(uri);
	sqlite3_free(next);
	if (code != SQLITE_OK)
		return code;
	sqlite3_busy_timeout(*ret_db, 2000);
	sqlite3_db_config(*ret_db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(*ret_db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_limit(*ret_db, SQLITE_LIMIT_LENGTH, 4 << 20);
	sqlite3_exec(*ret_db, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; "
		     "PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY", NULL, NULL, NULL);
	return sqlite3_exec(*ret_db, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL);
}

static char *read_about(sqlite3 *db, const char *name)
{
	sqlite3_stmt *query = NULL;
	char *value = NULL;

	if (sqlite3_prepare_v2(db, "SELECT value FROM recording WHERE name=?", -1, &query, NULL) ==
	    SQLITE_OK) {
		sqlite3_bind_text(query, 1, name, -1, SQLITE_STATIC);
		if (sqlite3_step(query) == SQLITE_ROW)
			value = xstrndup(ft_read_text(query, 0), 255);
	}
	sqlite3_finalize(query);
	return value ? value : xstrdup("");
}

int ft_recording_open(const char *path, struct ft_recording **ret_recording, char *err,
		      size_t err_size)
{
	struct ft_recording *r = xcalloc(1, sizeof(*r));
	char what[300];
	int64_t version;
	int ret = 0, code;

	snprintf(what, sizeof(what), "-r: %.200s", path);
	r->owners = ft_owners_new();
	code = open_database(path, WAY_READ, &r->db);
	for (int way = WAY_RECOVER; way < WAYS && (code == SQLITE_CANTOPEN ||
						   code == SQLITE_READONLY); way++) {
		sqlite3_close(r->db);
		r->db = NULL;
		code = open_database(path, (enum way)way, &r->db);
	}
	if (code != SQLITE_OK)
		ret = ft_recording_error(r->db, what, err, err_size);
	if (ret == 0)
		ret = check_layout(r->db, path, err, err_size);
	version = ret == 0 ? ask_pragma(r->db, "PRAGMA user_version") : 0;
	for (int i = 0; i < FT_READ_QUERIES && ret == 0; i++)
		if (queries[i].since <= version &&
		    sqlite3_prepare_v3(r->db, queries[i].text, -1, SQLITE_PREPARE_PERSISTENT,
				       &r->query[i], NULL) != SQLITE_OK)
			ret = ft_recording_error(r->db, what, err, err_size);
	if (ret == 0) {
		r->observer = read_about(r->db, "observer");
		if (ft_recording_refresh(r) == 0) {
			snprintf(err, err_size, _("-r: %.200s: no interval was recorded"), path);
			ret = -ENODATA;
		}
	}
	if (ret < 0) {
		ft_recording_close(r);
		return ret;
	}
	*ret_recording = r;
	return 0;
}

void ft_recording_close(struct ft_recording *recording)
{
	if (!recording)
		return;
	ft_read_flows_done(recording);
	ft_read_samples_done(recording);
	ft_read_sockets_done(recording);
	ft_read_events_done(recording);
	for (int i = 0; i < FT_READ_QUERIES; i++)
		sqlite3_finalize(recording->query[i]);
	sqlite3_close(recording->db);
	ft_owners_free(recording->owners);
	free(recording->owner_of);
	free(recording->observer);
	free(recording->intervals);
	free(recording);
}

const char *ft_recording_observer(const struct ft_recording *recording)
{
	return recording->observer;
}

/* What retention left of the time before the first whole interval is no whole moment. */
static void begin_whole(struct ft_recording *r)
{
	size_t first = 0;

	while (first < r->count && !(r->intervals[first].whole & FT_WHOLE_FLOWS))
		first++;
	if (first == r->count)
		return;
	r->count -= first;
	memmove(r->intervals, &r->intervals[first], r->count * sizeof(*r->intervals));
}

/* Notes which of the intervals behind `first` are whole. */
static void read_wholes(struct ft_recording *r, int64_t first)
{
	sqlite3_stmt *query = r->query[FT_Q_PICTURES];

	if (!query)
		return;
	sqlite3_bind_int64(query, 1, first);
	while (sqlite3_step(query) == SQLITE_ROW) {
		size_t at = ft_read_place(r, sqlite3_column_int64(query, 0));

		if (at < r->count)
			r->intervals[at].whole = ft_read_up_to(query, 1, 255);
	}
	sqlite3_reset(query);
}

size_t ft_recording_refresh(struct ft_recording *r)
{
	sqlite3_stmt *query = r->query[FT_Q_INTERVALS];
	int64_t last = r->count ? r->intervals[r->count - 1].id : INT64_MIN;
	size_t before = r->count;

	sqlite3_bind_int64(query, 1, last);
	while (r->count < INTERVALS_MAX && sqlite3_step(query) == SQLITE_ROW) {
		if (r->count == r->room) {
			r->room = r->room ? r->room * 2 : 1024;
			r->intervals = xreallocarray(r->intervals, r->room,
						     sizeof(*r->intervals));
		}
		r->intervals[r->count++] = (struct ft_read_interval){
			.id = sqlite3_column_int64(query, 0),
			.end_ns = ft_read_u64(query, 1),
			.interval_ns = ft_read_u64(query, 2),
		};
	}
	sqlite3_reset(query);
	if (r->count > before)
		read_wholes(r, last);
	if (before == 0)
		begin_whole(r);
	return r->count;
}

uint64_t ft_recording_time(const struct ft_recording *recording, size_t i)
{
	return recording->intervals[i].end_ns;
}

size_t ft_recording_find(const struct ft_recording *recording, uint64_t time_ns)
{
	size_t low = 0, high = recording->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (recording->intervals[middle].end_ns < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low < recording->count ? low : recording->count - 1;
}
