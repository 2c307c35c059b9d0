/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reading side: a moment becomes a snapshot as the live screen had it. A flow is shown if it
 * counted something in the time that idle flows stay (LOOK_BACK_NS); its row is the newest of
 * counts, its rates are summed from the intervals before by the formula of core/table_rate.c:
 *
 *	rate = sum of x_i (1 - exp(-d_i/T)) exp(-(t - t_i)/T) / (1 - exp(-age/T))
 *
 * Nothing in the file is believed: its tables have to be those of schema.c letter by letter, its
 * numbers are cut to their ranges, texts are bounded, how many flows and owners there can be is
 * bounded, and SQLite is told to trust nothing. Used by one thread at a time.
 */
#include "recording/recording.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/addr.h"
#include "core/nls.h"
#include "core/snapshot_own.h"
#include "core/xalloc.h"
#include "recording/schema.h"

#define SECOND UINT64_C(1000000000)
#define LOOK_BACK_NS (620 * SECOND) /* the longest that a live flow is silent, and a bit */
#define CLOSED_NS (10 * SECOND)     /* as ft_table_config_init has it */
#define FLOWS_MAX (1U << 20)
#define INTERVALS_MAX (1U << 24)
#define TEXT_MAX 65536
#define NOTES_READ 32

enum query { Q_INTERVALS, Q_COUNTS, Q_FLOW, Q_PROCESS, Q_LINES, Q_HEALTH, Q_INTERVAL, QUERIES };

static const char *const queries[QUERIES] = {
	[Q_INTERVALS] = "SELECT id, end_ns, interval_ns FROM intervals WHERE id > ? ORDER BY id",
	[Q_COUNTS] = "SELECT interval, flow, tx_packets, tx_bytes, tx_l2_bytes, rx_packets, "
		     "rx_bytes, rx_l2_bytes, total_tx_packets, total_tx_bytes, total_tx_l2_bytes, "
		     "total_rx_packets, total_rx_bytes, total_rx_l2_bytes, last_ns, state, ended, "
		     "local_process, remote_process, tx_tcp_flags, rx_tcp_flags, marks "
		     "FROM counts WHERE interval BETWEEN ? AND ? ORDER BY interval, flow",
	[Q_FLOW] = "SELECT interface, vlan, vlan_inner, ip_version, protocol, local_address, "
		   "local_port, remote_address, remote_port, path, initiator, icmp_type, "
		   "icmp_code, icmp_id, spi, gre_key, first_ns FROM flows WHERE id=?",
	[Q_PROCESS] = "SELECT pid, ppid, uid, gid, netns, start_ns, name, user, command, "
		      "executable, cgroup, unit, container, container_id, runtime, image, pod, "
		      "pod_namespace, user_group, parents FROM processes WHERE id=?",
	[Q_LINES] = "SELECT interface, term, packets, bytes, l2_bytes, total_packets, "
		    "total_bytes, total_l2_bytes FROM lines WHERE interval=?",
	[Q_HEALTH] = "SELECT backend, backend_reason, capture_filter, owner_source, notes, "
		     "evicted, lengthened, missed, not_watched_ns, log_fill_per_mille, spilled, "
		     "flips, map_bytes, sockets_missed, max_flows FROM health WHERE interval=?",
	[Q_INTERVAL] = "SELECT exact FROM intervals WHERE id=?",
};

struct interval {
	int64_t id;
	uint64_t end_ns, interval_ns;
};

struct ft_recording {
	sqlite3 *db;
	sqlite3_stmt *query[QUERIES];
	char *observer;
	struct interval *intervals;
	size_t count, room;
	struct ft_owners *owners;
	uint16_t *owner_of; /* by row of processes; 0 = not looked up */
	size_t owner_room;
	char scopes[FT_MAX_SCOPES][IFNAMSIZ];
	size_t scope_count;
};

/* A flow in the making. */
struct work {
	int64_t id;
	size_t at; /* interval of its newest row */
	struct ft_flow_hot hot; /* sides: [0] local, until the flow's own row is known */
	struct ft_counts delta[2];
	double rate[FT_WINDOWS][4]; /* bytes tx, rx; packets tx, rx */
	int64_t process[2];
};

struct works {
	struct work *work;
	size_t count, room;
	uint32_t *index; /* 1 + place */
	size_t index_size;
	bool full;
};

/* ---- columns */

static uint64_t get_u64(sqlite3_stmt *row, int column)
{
	int64_t number = sqlite3_column_int64(row, column);

	return number < 0 ? 0 : (uint64_t)number;
}

/* A number up to `max`, larger ones as 0. */
static uint32_t get_up_to(sqlite3_stmt *row, int column, uint32_t max)
{
	uint64_t number = get_u64(row, column);

	return number <= max ? (uint32_t)number : 0;
}

/* A text of bounded length; "" if there is none. What it returns lasts until the next step. */
static const char *get_text(sqlite3_stmt *row, int column)
{
	const char *text;

	if (sqlite3_column_type(row, column) == SQLITE_NULL ||
	    sqlite3_column_bytes(row, column) > TEXT_MAX)
		return "";
	text = (const char *)sqlite3_column_text(row, column);
	return text ? text : "";
}

static struct ft_counts get_counts(sqlite3_stmt *row, int column)
{
	return (struct ft_counts){ .packets = get_u64(row, column),
				   .bytes = get_u64(row, column + 1),
				   .l2_bytes = get_u64(row, column + 2) };
}

/* ---- flows by id */

static void index_grow(struct works *works)
{
	works->index_size = works->index_size ? works->index_size * 2 : 4096;
	free(works->index);
	works->index = xcalloc(works->index_size, sizeof(*works->index));
	for (size_t i = 0; i < works->count; i++) {
		size_t at = (size_t)((uint64_t)works->work[i].id * UINT64_C(0x9e3779b97f4a7c15) >>
				     20) & (works->index_size - 1);

		while (works->index[at])
			at = (at + 1) & (works->index_size - 1);
		works->index[at] = (uint32_t)i + 1;
	}
}

/* The flow's work, new if need be; NULL when there are too many. */
static struct work *find_work(struct works *works, int64_t id)
{
	struct work *work;
	size_t at;

	if (2 * (works->count + 1) > works->index_size)
		index_grow(works);
	at = (size_t)((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (works->index_size - 1);
	for (; works->index[at]; at = (at + 1) & (works->index_size - 1))
		if (works->work[works->index[at] - 1].id == id)
			return &works->work[works->index[at] - 1];
	if (works->count == FLOWS_MAX) {
		works->full = true;
		return NULL;
	}
	if (works->count == works->room) {
		works->room = works->room ? works->room * 2 : 1024;
		works->work = xreallocarray(works->work, works->room, sizeof(*works->work));
	}
	work = &works->work[works->count++];
	memset(work, 0, sizeof(*work));
	work->id = id;
	works->index[at] = (uint32_t)works->count;
	return work;
}

/* ---- words */

static enum ft_state state_of(const char *word)
{
	for (int i = 1; i < FT_STATE_MAX; i++)
		if (strcmp(word, ft_state_name((enum ft_state)i)) == 0)
			return (enum ft_state)i;
	return FT_STATE_NONE;
}

static enum ft_end_reason reason_of(const char *word)
{
	for (int i = 1; i < FT_ENDED_MAX; i++)
		if (strcmp(word, ft_end_reason_name((enum ft_end_reason)i)) == 0)
			return (enum ft_end_reason)i;
	return FT_ENDED_NOT;
}

static enum ft_path path_of(const char *word)
{
	for (int i = 0; i <= FT_PATH_TRANSIT; i++)
		if (strcmp(word, ft_path_name((enum ft_path)i)) == 0)
			return (enum ft_path)i;
	return FT_PATH_HOST;
}

/* The number of an interface's name; names beyond the bound share the last. */
static uint16_t scope_of(struct ft_recording *r, const char *name)
{
	for (size_t i = 0; i < r->scope_count; i++)
		if (strncmp(r->scopes[i], name, IFNAMSIZ - 1) == 0)
			return (uint16_t)i;
	if (r->scope_count == FT_MAX_SCOPES)
		return FT_MAX_SCOPES - 1;
	snprintf(r->scopes[r->scope_count], IFNAMSIZ, "%.*s", IFNAMSIZ - 1, name);
	return (uint16_t)r->scope_count++;
}

/* ---- owners */

/* Reads a row of processes; FT_OWNER_UNKNOWN if it isn't there. */
static uint16_t read_owner(struct ft_recording *r, int64_t row)
{
	sqlite3_stmt *query = r->query[Q_PROCESS];
	uint16_t id = FT_OWNER_UNKNOWN;
	char *text[14];

	sqlite3_bind_int64(query, 1, row);
	if (sqlite3_step(query) == SQLITE_ROW) {
		for (int i = 0; i < 14; i++)
			text[i] = xstrdup(get_text(query, 6 + i));
		id = ft_owners_add_process(r->owners, &(struct ft_process){
			.pid = (int32_t)get_up_to(query, 0, INT32_MAX),
			.ppid = (int32_t)get_up_to(query, 1, INT32_MAX),
			.uid = get_up_to(query, 2, UINT32_MAX),
			.gid = get_up_to(query, 3, UINT32_MAX),
			.netns = get_up_to(query, 4, UINT32_MAX),
			.start_ns = get_u64(query, 5),
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

/* The owner's id of a row of processes. */
static uint16_t owner_of(struct ft_recording *r, int64_t row)
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
		r->owner_of[row] = read_owner(r, row);
	return r->owner_of[row];
}

/* ---- a moment */

/* Where an interval's id is; count if it isn't there. */
static size_t place_of(const struct ft_recording *r, int64_t id)
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

/* One row of counts into its flow. */
static void add_counts(const struct ft_recording *r, struct works *works, size_t now,
		       sqlite3_stmt *row)
{
	size_t at = place_of(r, sqlite3_column_int64(row, 0));
	const struct interval *in = &r->intervals[at];
	struct work *work;
	double length, ago;

	if (at >= r->count || !(work = find_work(works, sqlite3_column_int64(row, 1))))
		return;
	work->at = at;
	work->delta[0] = get_counts(row, 2);
	work->delta[1] = get_counts(row, 5);
	work->hot.total[0] = get_counts(row, 8);
	work->hot.total[1] = get_counts(row, 11);
	work->hot.last_ns = get_u64(row, 14);
	work->hot.state = (uint8_t)state_of(get_text(row, 15)) & 15;
	work->hot.ended = (uint8_t)reason_of(get_text(row, 16)) & 7;
	work->process[0] = sqlite3_column_int64(row, 17);
	work->process[1] = sqlite3_column_int64(row, 18);
	work->hot.tcp_flags[0] = (uint8_t)get_up_to(row, 19, 255);
	work->hot.tcp_flags[1] = (uint8_t)get_up_to(row, 20, 255);
	work->hot.entry_flags = get_u64(row, 21) & 1 ? FT_ENTRY_FRAGMENT : 0;
	if (get_u64(row, 21) & 2)
		work->hot.entry_flags |= FT_ENTRY_INEXACT;
	length = (double)in->interval_ns / 1e9;
	ago = ((double)r->intervals[now].end_ns - (double)in->end_ns) / 1e9;
	if (length <= 0 || ago < 0)
		return;
	for (int w = 0; w < FT_WINDOWS; w++) {
		double part = (1 - exp(-length / ft_window_seconds[w])) *
			      exp(-ago / ft_window_seconds[w]) / length;

		for (int side = 0; side < 2; side++) {
			work->rate[w][side] += (double)work->delta[side].bytes * part;
			work->rate[w][2 + side] += (double)work->delta[side].packets * part;
		}
	}
}

/* True if the live screen would have shown it still. */
static bool is_shown(const struct ft_recording *r, const struct work *work, size_t now)
{
	return work->hot.ended == FT_ENDED_NOT ||
	       r->intervals[now].end_ns - r->intervals[work->at].end_ns < CLOSED_NS;
}

/* The parts of a flow's key that depend on its protocol. */
static void read_ports(struct ft_flow *flow, uint8_t *marks, sqlite3_stmt *row, uint16_t ports[2])
{
	uint8_t protocol = flow->key.protocol;

	ports[0] = (uint16_t)get_up_to(row, 6, UINT16_MAX);
	ports[1] = (uint16_t)get_up_to(row, 8, UINT16_MAX);
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) {
		ports[0] = (uint16_t)get_up_to(row, 13, UINT16_MAX);
		ports[1] = (uint16_t)(get_up_to(row, 11, 255) << 8 | get_up_to(row, 12, 255));
	}
	if (sqlite3_column_type(row, 14) == SQLITE_INTEGER) {
		*marks |= FT_ENTRY_EXTRA_SPI;
		flow->extra = get_up_to(row, 14, UINT32_MAX);
	} else if (sqlite3_column_type(row, 15) == SQLITE_INTEGER) {
		*marks |= FT_ENTRY_EXTRA_GRE;
		flow->extra = get_up_to(row, 15, UINT32_MAX);
	}
}

/* The key in its canonical order; true if the local end is end a. */
static bool order_key(struct ft_flow_key *key, const uint8_t local[16], const uint8_t remote[16],
		      const uint16_t ports[2])
{
	bool icmp = key->protocol == IPPROTO_ICMP || key->protocol == IPPROTO_ICMPV6;
	int order = memcmp(local, remote, 16);
	bool a = order < 0 || (order == 0 && (icmp || ports[0] <= ports[1]));

	memcpy(key->addr_a, a ? local : remote, 16);
	memcpy(key->addr_b, a ? remote : local, 16);
	key->port_a_be = htons(ports[a || icmp ? 0 : 1]);
	key->port_b_be = htons(ports[a || icmp ? 1 : 0]);
	return a;
}

/* The flow's own row; false if there is none that makes sense. */
static bool read_flow(struct ft_recording *r, struct work *work, struct ft_flow *flow,
		      sqlite3_stmt *row)
{
	uint8_t local[16], remote[16], marks = 0;
	const char *began;
	uint16_t ports[2];
	bool a;

	if (ft_addr_parse(get_text(row, 5), local) < 0 ||
	    ft_addr_parse(get_text(row, 7), remote) < 0)
		return false;
	memset(flow, 0, sizeof(*flow));
	flow->id = (uint64_t)work->id & ((UINT64_C(1) << 56) - 1);
	flow->key.scope = scope_of(r, get_text(row, 0));
	flow->key.vlan_outer = (uint16_t)get_up_to(row, 1, 4095);
	flow->key.vlan_inner = (uint16_t)get_up_to(row, 2, 4095);
	flow->key.ip_version = ft_addr_is_v4(local) ? 4 : 6;
	flow->key.protocol = (uint8_t)get_up_to(row, 4, 255);
	read_ports(flow, &marks, row, ports);
	a = order_key(&flow->key, local, remote, ports);
	flow->local = a ? FT_END_A : FT_END_B;
	flow->path = path_of(get_text(row, 9)) & 3;
	began = get_text(row, 10);
	flow->initiator = FT_END_NONE;
	if (strcmp(began, "local") == 0)
		flow->initiator = flow->local;
	else if (strcmp(began, "remote") == 0)
		flow->initiator = a ? FT_END_B : FT_END_A;
	flow->first_ns = get_u64(row, 16);
	work->hot.entry_flags |= marks;
	return true;
}

/* The finished row, from the work whose sides are local, remote. */
static void finish_row(struct ft_recording *r, const struct work *work, const struct ft_flow *flow,
		       size_t now, struct ft_flow_hot *hot)
{
	double age = ((double)r->intervals[now].end_ns - (double)flow->first_ns) / 1e9;
	int tx = ft_flow_tx(flow);

	*hot = work->hot;
	hot->flow = flow;
	if (age < (double)r->intervals[now].interval_ns / 1e9)
		age = (double)r->intervals[now].interval_ns / 1e9;
	for (int side = 0; side < 2; side++) {
		int dir = side == 0 ? tx : !tx;

		hot->total[dir] = work->hot.total[side];
		hot->tcp_flags[dir] = work->hot.tcp_flags[side];
		hot->owner[dir] = owner_of(r, work->process[side]);
		for (int w = 0; w < FT_WINDOWS && age > 0; w++) {
			double weight = 1 - exp(-age / ft_window_seconds[w]);

			hot->rate_bytes[w][dir] = (float)(work->rate[w][side] / weight);
			hot->rate_packets[w][dir] = (float)(work->rate[w][2 + side] / weight);
		}
	}
	hot->ended_now = hot->ended != FT_ENDED_NOT && work->at == now;
}

static int compare_works(const void *a, const void *b)
{
	const struct work *left = a, *right = b;

	return left->id < right->id ? -1 : left->id > right->id;
}

/* All flows that counted something lately. */
static int read_works(struct ft_recording *r, size_t now, struct works *works, char *err,
		      size_t err_size)
{
	sqlite3_stmt *query = r->query[Q_COUNTS];
	uint64_t end = r->intervals[now].end_ns;
	size_t from = now;
	int code;

	while (from > 0 && r->intervals[from - 1].end_ns + LOOK_BACK_NS > end &&
	       r->intervals[from - 1].end_ns <= end)
		from--;
	sqlite3_bind_int64(query, 1, r->intervals[from].id);
	sqlite3_bind_int64(query, 2, r->intervals[now].id);
	while ((code = sqlite3_step(query)) == SQLITE_ROW)
		add_counts(r, works, now, query);
	sqlite3_reset(query);
	if (code != SQLITE_DONE)
		return ft_recording_error(r->db, "", err, err_size);
	if (works->count > 0)
		qsort(works->work, works->count, sizeof(*works->work), compare_works);
	return 0;
}

/* Rows and what the interval counted, into room for as many as there are works. */
static void fill_rows(struct ft_recording *r, const struct works *works, size_t now,
		      struct ft_snapshot *snapshot, const struct ft_snapshot_room *room)
{
	sqlite3_stmt *query = r->query[Q_FLOW];
	size_t rows = 0, deltas = 0;

	snapshot->live_flows = 0;
	for (size_t i = 0; i < works->count; i++) {
		struct work *work = &works->work[i];
		struct ft_flow_hot *hot = &room->rows[rows];
		bool there;

		if (!is_shown(r, work, now))
			continue;
		sqlite3_bind_int64(query, 1, work->id);
		there = sqlite3_step(query) == SQLITE_ROW &&
			read_flow(r, work, &room->flows[rows], query);
		sqlite3_reset(query);
		if (!there)
			continue;
		finish_row(r, work, &room->flows[rows], now, hot);
		snapshot->live_flows += hot->ended == FT_ENDED_NOT;
		if (work->at == now && (work->delta[0].packets || work->delta[1].packets)) {
			int tx = ft_flow_tx(hot->flow);

			room->deltas[deltas].row = (uint32_t)rows;
			room->deltas[deltas].count[tx] = work->delta[0];
			room->deltas[deltas].count[!tx] = work->delta[1];
			hot->delta = (uint32_t)++deltas;
		}
		rows++;
	}
	snapshot->row_count = rows;
	snapshot->delta_count = deltas;
}

/* A term into a line. */
static void add_term(struct ft_line *line, const char *term, struct ft_sum sum, bool inexact)
{
	struct ft_tally tally = { sum.packets, sum.l2_bytes };

	line->inexact = inexact;
	if (strcmp(term, "flows") == 0) {
		line->flows = sum;
	} else if (strcmp(term, "other") == 0) {
		line->other = sum;
	} else if (strcmp(term, "seen") == 0) {
		line->seen = line->by.c[FT_C_SEEN] = tally;
	} else {
		for (int c = FT_C_SEEN + 1; c < FT_C_MAX; c++)
			if (strcmp(term, ft_counter_name((enum ft_counter)c)) == 0)
				line->by.c[c] = tally;
	}
}

/* Scopes with their lines, and the sums. */
static void fill_scopes(struct ft_recording *r, int64_t interval, struct ft_snapshot *snapshot)
{
	struct ft_snapshot_scope *scopes = xcalloc(FT_MAX_SCOPES, sizeof(*scopes));
	sqlite3_stmt *query = r->query[Q_LINES];
	bool inexact = false;

	sqlite3_bind_int64(r->query[Q_INTERVAL], 1, interval);
	if (sqlite3_step(r->query[Q_INTERVAL]) == SQLITE_ROW)
		inexact = sqlite3_column_int64(r->query[Q_INTERVAL], 0) == 0;
	sqlite3_reset(r->query[Q_INTERVAL]);
	sqlite3_bind_int64(query, 1, interval);
	while (sqlite3_step(query) == SQLITE_ROW) {
		struct ft_snapshot_scope *scope = &scopes[scope_of(r, get_text(query, 0))];
		struct ft_counts now = get_counts(query, 2), total = get_counts(query, 5);

		scope->present = true;
		add_term(&scope->interval, get_text(query, 1),
			 (struct ft_sum){ now.packets, now.bytes, now.l2_bytes }, inexact);
		add_term(&scope->total, get_text(query, 1),
			 (struct ft_sum){ total.packets, total.bytes, total.l2_bytes }, inexact);
	}
	sqlite3_reset(query);
	for (size_t i = 0; i < r->scope_count; i++) {
		memcpy(scopes[i].name, r->scopes[i], IFNAMSIZ);
		scopes[i].scope = (uint16_t)i;
		ft_line_add(&snapshot->interval, &scopes[i].interval);
		ft_line_add(&snapshot->total, &scopes[i].total);
	}
	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];
		struct ft_snapshot_scope *scope = &scopes[row->flow->key.scope];
		int tx = ft_flow_tx(row->flow);

		for (int w = 0; w < FT_WINDOWS; w++) {
			scope->tx_bytes_per_s[w] += (double)row->rate_bytes[w][tx];
			scope->rx_bytes_per_s[w] += (double)row->rate_bytes[w][!tx];
			scope->tx_packets_per_s[w] += (double)row->rate_packets[w][tx];
			scope->rx_packets_per_s[w] += (double)row->rate_packets[w][!tx];
		}
	}
	snapshot->scopes = scopes;
	snapshot->scope_count = r->scope_count;
}

/* Lines of text as notes. */
static void fill_notes(struct ft_snapshot *snapshot, const char *text, bool cut)
{
	snapshot->notes = xcalloc(NOTES_READ + 1, sizeof(*snapshot->notes));
	if (cut)
		snapshot->notes[snapshot->note_count++] =
			xasprintf(_("only %u flows of this moment are shown"), FLOWS_MAX);
	while (*text && snapshot->note_count < NOTES_READ) {
		size_t length = strcspn(text, "\n");

		snapshot->notes[snapshot->note_count++] = xstrndup(text, length);
		text += length + (text[length] == '\n');
	}
}

/* Replaces a text of the snapshot. */
static void set_text(char **text, const char *by)
{
	free(*text);
	*text = xstrdup(by);
}

static void fill_health(struct ft_recording *r, int64_t interval, bool cut,
			struct ft_snapshot *snapshot)
{
	sqlite3_stmt *row = r->query[Q_HEALTH];
	bool there;

	sqlite3_bind_int64(row, 1, interval);
	there = sqlite3_step(row) == SQLITE_ROW;
	if (there) {
		set_text(&snapshot->backend, get_text(row, 0));
		set_text(&snapshot->backend_reason, get_text(row, 1));
		set_text(&snapshot->capture_filter, get_text(row, 2));
		set_text(&snapshot->owner_source, get_text(row, 3));
		snapshot->evicted = get_u64(row, 5);
		snapshot->lengthened = get_u64(row, 6);
		snapshot->missed = get_u64(row, 7);
		snapshot->not_watched_ns = get_u64(row, 8);
		snapshot->store.log_fill = get_up_to(row, 9, 1000);
		snapshot->store.spilled = get_u64(row, 10);
		snapshot->store.flips = get_u64(row, 11);
		snapshot->store.map_bytes = get_u64(row, 12);
		snapshot->store.sockets_missed = get_u64(row, 13);
		snapshot->max_flows = get_up_to(row, 14, UINT32_MAX);
	}
	fill_notes(snapshot, there ? get_text(row, 4) : "", cut);
	sqlite3_reset(row);
}

int ft_recording_moment(struct ft_recording *recording, size_t i, struct ft_snapshot **ret_snapshot,
			char *err, size_t err_size)
{
	struct works works = { NULL };
	struct ft_snapshot_room room;
	struct ft_snapshot *snapshot;
	int ret;

	if (i >= recording->count) {
		snprintf(err, err_size, _("the recording has no such interval"));
		return -ENODATA;
	}
	ret = read_works(recording, i, &works, err, err_size);
	if (ret == 0) {
		snapshot = ft_snapshot_make(works.count, works.count, &room);
		snapshot->generation = i + 1;
		snapshot->end_ns = recording->intervals[i].end_ns;
		snapshot->interval_ns = recording->intervals[i].interval_ns;
		snapshot->start_ns = recording->intervals[0].end_ns -
				     recording->intervals[0].interval_ns;
		fill_rows(recording, &works, i, snapshot, &room);
		fill_scopes(recording, recording->intervals[i].id, snapshot);
		fill_health(recording, recording->intervals[i].id, works.full, snapshot);
		snapshot->processes = ft_owners_list(recording->owners, &snapshot->process_count);
		*ret_snapshot = snapshot;
	}
	free(works.work);
	free(works.index);
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
		     strcmp(get_text(query, 0), table->sql) == 0;
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
		if (has_table(db, &ft_recording_tables[i]))
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
	sqlite3_exec(*ret_db, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0", NULL, NULL, NULL);
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
			value = xstrndup(get_text(query, 0), 255);
	}
	sqlite3_finalize(query);
	return value ? value : xstrdup("");
}

int ft_recording_open(const char *path, struct ft_recording **ret_recording, char *err,
		      size_t err_size)
{
	struct ft_recording *r = xcalloc(1, sizeof(*r));
	char what[300];
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
	for (int i = 0; i < QUERIES && ret == 0; i++)
		if (sqlite3_prepare_v3(r->db, queries[i], -1, SQLITE_PREPARE_PERSISTENT,
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
	for (int i = 0; i < QUERIES; i++)
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

size_t ft_recording_refresh(struct ft_recording *r)
{
	sqlite3_stmt *query = r->query[Q_INTERVALS];

	sqlite3_bind_int64(query, 1, r->count ? r->intervals[r->count - 1].id : 0);
	while (r->count < INTERVALS_MAX && sqlite3_step(query) == SQLITE_ROW) {
		if (r->count == r->room) {
			r->room = r->room ? r->room * 2 : 1024;
			r->intervals = xreallocarray(r->intervals, r->room,
						     sizeof(*r->intervals));
		}
		r->intervals[r->count++] = (struct interval){
			.id = sqlite3_column_int64(query, 0),
			.end_ns = get_u64(query, 1),
			.interval_ns = get_u64(query, 2),
		};
	}
	sqlite3_reset(query);
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
