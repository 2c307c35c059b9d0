/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows of a moment: what the last whole interval says of each, and the rows of counts since. A
 * flow's rates are those of the whole interval, decayed, and what came since, by the formula of
 * core/table_rate.c:
 *
 *	rate = (r W exp(-t/T) + sum of x_i (1 - exp(-d_i/T)) exp(-t_i/T)) / (1 - exp(-age/T))
 *
 * Where there is no whole interval (an older layout, or retention took it away) reading begins as
 * far back as a live flow can be silent. Cold records stay with their work from moment to moment.
 */
#include "recording/read.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "core/rows.h"
#include "core/xalloc.h"
#include "recording/words.h"

#define NOWHERE SIZE_MAX /* of a work that no row was read for */
#define STATE_COLUMNS 14 /* what counts and standing have in common */
#define MANY 64          /* rows of flows that are read together */
#define SHAKE_NS (60 * UINT64_C(1000000000)) /* longer than that no handshake takes */

static uint64_t id_of(const void *array, size_t i)
{
	return (uint64_t)((const struct ft_read_work *)array)[i].id;
}

/* The flow's work, new if need be; NULL when there are too many, or when no flow has such an id: what
 * shifts it or cuts it to its bits must not take one for another. */
static struct ft_read_work *find_work(struct ft_read_flows *flows, int64_t id)
{
	struct ft_read_work *work;
	uint32_t *place;

	if (id <= 0 || id >> 56)
		return NULL;
	ft_read_make_room(&flows->index, flows->count, id_of, flows->work);
	place = ft_read_find(&flows->index, (uint64_t)id, id_of, flows->work);
	if (*place)
		return &flows->work[*place - 1];
	if (flows->count == FT_READ_FLOWS_MAX) {
		flows->full = true;
		return NULL;
	}
	if (flows->count == flows->room) {
		flows->room = flows->room ? flows->room * 2 : 1024;
		flows->work = xreallocarray(flows->work, flows->room, sizeof(*flows->work));
	}
	work = &flows->work[flows->count++];
	memset(work, 0, sizeof(*work));
	work->id = id;
	work->at = work->counted_at = NOWHERE;
	*place = (uint32_t)flows->count;
	return work;
}

/* Takes works out that `is_out` says, and finds the rest anew. */
static void compact(struct ft_recording *r, size_t now,
		    bool (*is_out)(const struct ft_recording *r, const struct ft_read_work *work,
				   size_t now))
{
	struct ft_read_flows *flows = &r->flows;
	size_t kept = 0;

	for (size_t i = 0; i < flows->count; i++)
		if (!is_out(r, &flows->work[i], now))
			flows->work[kept++] = flows->work[i];
	flows->count = 0;
	memset(flows->index.place, 0, flows->index.size * sizeof(*flows->index.place));
	while (flows->count < kept) {
		uint32_t *place = ft_read_find(&flows->index, id_of(flows->work, flows->count),
					       id_of, flows->work);

		*place = (uint32_t)++flows->count;
	}
}

/* ---- rows of counts and standing */

/* From the totals on: how the flow stands. */
static void read_state(struct ft_read_work *work, sqlite3_stmt *row, int column)
{
	uint64_t marks = ft_read_u64(row, column + 13);

	work->hot.total[0] = ft_read_counts(row, column);
	work->hot.total[1] = ft_read_counts(row, column + 3);
	work->hot.last_ns = ft_read_u64(row, column + 6);
	work->hot.state = (uint8_t)ft_word_state(ft_read_text(row, column + 7)) & 15;
	work->hot.ended = (uint8_t)ft_word_reason(ft_read_text(row, column + 8)) & 7;
	work->process[0] = sqlite3_column_int64(row, column + 9);
	work->process[1] = sqlite3_column_int64(row, column + 10);
	work->hot.tcp_flags[0] = (uint8_t)ft_read_up_to(row, column + 11, 255);
	work->hot.tcp_flags[1] = (uint8_t)ft_read_up_to(row, column + 12, 255);
	work->hot.entry_flags = marks & 1 ? FT_ENTRY_FRAGMENT : 0;
	if (marks & 2)
		work->hot.entry_flags |= FT_ENTRY_INEXACT;
}

/* exp(-t/T) for each T. Rows come in their order: mostly the last answer is the next one too. */
struct decay {
	double seconds;
	double factor[FT_WINDOWS];
};

static const double *decay_of(struct decay *decay, double seconds)
{
	if (decay->seconds != seconds) {
		decay->seconds = seconds;
		for (int w = 0; w < FT_WINDOWS; w++)
			decay->factor[w] = exp(-seconds / ft_window_seconds[w]);
	}
	return decay->factor;
}

/* Seconds from the end of an interval to that of a later one; 0 where the clock was set back. */
static double seconds_between(const struct ft_recording *r, size_t from, size_t to)
{
	double seconds = ((double)r->intervals[to].end_ns - (double)r->intervals[from].end_ns) / 1e9;

	return seconds > 0 ? seconds : 0;
}

/* What an interval counted, into the rates. */
static void add_rates(const struct ft_recording *r, struct ft_read_work *work, size_t at,
		      struct decay *gap, struct decay *length)
{
	double seconds = (double)r->intervals[at].interval_ns / 1e9;
	const double *keep, *gain;

	if (seconds <= 0)
		return;
	gain = decay_of(length, seconds);
	keep = decay_of(gap, seconds_between(r, work->rated_at, at));
	for (int w = 0; w < FT_WINDOWS; w++) {
		double part = (1 - gain[w]) / seconds;

		for (int side = 0; side < 2; side++) {
			double *bytes = &work->rate[w][side], *packets = &work->rate[w][2 + side];

			*bytes = *bytes * keep[w] + (double)work->delta[side].bytes * part;
			*packets = *packets * keep[w] + (double)work->delta[side].packets * part;
		}
	}
	work->rated_at = at;
}

/* Rows of counts of the intervals from `from` to `to`. */
static int read_counts(struct ft_recording *r, size_t from, size_t to, char *err, size_t err_size)
{
	sqlite3_stmt *row = r->query[FT_Q_COUNTS];
	struct decay gap = { .seconds = -1 }, length = { .seconds = -1 };
	size_t at = from;
	int code;

	sqlite3_bind_int64(row, 1, r->intervals[from].id);
	sqlite3_bind_int64(row, 2, r->intervals[to].id);
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(row, 0);
		struct ft_read_work *work;
		bool new;

		if (r->intervals[at].id != id && (at = ft_read_place(r, id)) == r->count) {
			at = from;
			continue;
		}
		work = find_work(&r->flows, sqlite3_column_int64(row, 1));
		if (!work)
			continue;
		new = work->at == NOWHERE;
		if (new || work->hot.ended == FT_ENDED_NOT)
			work->ended_at = at;
		work->at = work->counted_at = at;
		work->delta[0] = ft_read_counts(row, 2);
		work->delta[1] = ft_read_counts(row, 5);
		read_state(work, row, 8);
		if (new)
			work->rated_at = at;
		add_rates(r, work, at, &gap, &length);
	}
	sqlite3_reset(row);
	return code == SQLITE_DONE ? 0 : ft_recording_error(r->db, "", err, err_size);
}

/* Twelve floats; what is no rate is none. */
static void read_rates(struct ft_read_work *work, sqlite3_stmt *row, int column)
{
	const uint8_t *octets = sqlite3_column_blob(row, column);

	if (!octets || sqlite3_column_bytes(row, column) != (int)FT_RATES_SIZE)
		return;
	for (int i = 0; i < 4 * FT_WINDOWS; i++, octets += 4) {
		uint32_t bits = (uint32_t)octets[0] | (uint32_t)octets[1] << 8 |
				(uint32_t)octets[2] << 16 | (uint32_t)octets[3] << 24;
		float rate;

		memcpy(&rate, &bits, sizeof(rate));
		work->base[i / 4][i % 4] = isfinite(rate) && rate > 0 ? rate : 0;
	}
}

/* What a whole interval says: how flows stand that it did not count, and the rates of all. */
static int read_standing(struct ft_recording *r, size_t at, char *err, size_t err_size)
{
	sqlite3_stmt *row = r->query[FT_Q_STANDING];
	int code;

	sqlite3_bind_int64(row, 1, r->intervals[at].id);
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		struct ft_read_work *work = find_work(&r->flows, sqlite3_column_int64(row, 0));

		if (!work)
			continue;
		if (work->at != at) {
			read_state(work, row, 1);
			work->ended_at = NOWHERE;
		}
		work->at = work->base_at = work->rated_at = at;
		work->has_base = true;
		memset(work->rate, 0, sizeof(work->rate));
		memset(work->base, 0, sizeof(work->base));
		read_rates(work, row, 1 + STATE_COLUMNS);
	}
	sqlite3_reset(row);
	return code == SQLITE_DONE ? 0 : ft_recording_error(r->db, "", err, err_size);
}

/* ---- the state */

/* Nothing is known of any flow any more but what never changes. */
static void start_anew(struct ft_read_flows *flows)
{
	for (size_t i = 0; i < flows->count; i++) {
		struct ft_read_work *work = &flows->work[i], fresh = {
			.id = work->id, .at = NOWHERE, .counted_at = NOWHERE, .flow = work->flow,
			.marks = work->marks, .known = work->known,
		};

		*work = fresh;
	}
	flows->full = false;
}

static bool is_unread(const struct ft_recording *r, const struct ft_read_work *work, size_t now)
{
	(void)r;
	(void)now;
	return work->at == NOWHERE;
}

int ft_read_flows(struct ft_recording *r, size_t now, char *err, size_t err_size)
{
	struct ft_read_flows *flows = &r->flows;
	size_t from;
	bool whole, on = ft_read_goes_on(r, now, FT_WHOLE_FLOWS, flows->valid, flows->at, &from,
					 &whole);
	int ret = 0;

	flows->valid = false;
	if (!on)
		start_anew(flows);
	if (from <= now)
		ret = read_counts(r, from, whole ? from : now, err, err_size);
	if (ret == 0 && whole)
		ret = read_standing(r, from, err, err_size);
	if (ret == 0 && whole && from < now)
		ret = read_counts(r, from + 1, now, err, err_size);
	if (!on && flows->count > 0)
		compact(r, now, is_unread);
	flows->valid = ret == 0;
	flows->at = now;
	return ret;
}

/* ---- cold records */

/* The parts of a flow's key that depend on its protocol. */
static void read_ports(struct ft_flow *flow, uint8_t *marks, sqlite3_stmt *row, uint16_t ports[2])
{
	uint8_t protocol = flow->key.protocol;

	ports[0] = (uint16_t)ft_read_up_to(row, 6, UINT16_MAX);
	ports[1] = (uint16_t)ft_read_up_to(row, 8, UINT16_MAX);
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) {
		ports[0] = (uint16_t)ft_read_up_to(row, 13, UINT16_MAX);
		ports[1] = (uint16_t)(ft_read_up_to(row, 11, 255) << 8 | ft_read_up_to(row, 12, 255));
	}
	if (sqlite3_column_type(row, 14) == SQLITE_INTEGER) {
		*marks |= FT_ENTRY_EXTRA_SPI;
		flow->extra = ft_read_up_to(row, 14, UINT32_MAX);
	} else if (sqlite3_column_type(row, 15) == SQLITE_INTEGER) {
		*marks |= FT_ENTRY_EXTRA_GRE;
		flow->extra = ft_read_up_to(row, 15, UINT32_MAX);
	}
}

/* The flow's own row; false if there is none that makes sense. */
static bool read_flow(struct ft_recording *r, struct ft_read_work *work, sqlite3_stmt *row)
{
	struct ft_flow *flow = &work->flow;
	uint8_t local[16], remote[16];
	const char *began;
	uint16_t ports[2];
	bool a;

	if (!ft_read_address(row, 5, local) || !ft_read_address(row, 7, remote))
		return false;
	memset(flow, 0, sizeof(*flow));
	flow->id = (uint64_t)work->id & ((UINT64_C(1) << 56) - 1);
	flow->key.scope = ft_read_scope(r, ft_read_text(row, 0));
	flow->key.vlan_outer = (uint16_t)ft_read_up_to(row, 1, 4095);
	flow->key.vlan_inner = (uint16_t)ft_read_up_to(row, 2, 4095);
	flow->key.ip_version = ft_addr_is_v4(local) ? 4 : 6;
	flow->key.protocol = (uint8_t)ft_read_up_to(row, 4, 255);
	read_ports(flow, &work->marks, row, ports);
	a = ft_key_set_ends(&flow->key, local, remote, ports);
	flow->local = a ? FT_END_A : FT_END_B;
	flow->path = ft_word_path(ft_read_text(row, 9)) & 3;
	began = ft_read_text(row, 10);
	flow->initiator = FT_END_NONE;
	if (strcmp(began, "local") == 0)
		flow->initiator = flow->local;
	else if (strcmp(began, "remote") == 0)
		flow->initiator = a ? FT_END_B : FT_END_A;
	flow->first_ns = ft_read_u64(row, 16);
	return true;
}

/* True if the live screen doesn't show it any more; see core/table_age.c. */
static bool is_gone(const struct ft_recording *r, const struct ft_read_work *work, size_t now)
{
	uint64_t end_ns = r->intervals[now].end_ns, limit;
	struct ft_table_config config;

	if (work->hot.ended == FT_ENDED_NOT)
		return end_ns > r->intervals[work->at].end_ns + FT_READ_LOOK_BACK_NS;
	if (work->ended_at == now || work->counted_at == now)
		return false;
	if (work->hot.ended == FT_ENDED_EVICTED)
		return true;
	ft_table_config_init(&config);
	limit = config.closed_ns;
	if (work->hot.ended == FT_ENDED_IDLE)
		limit += work->hot.state == FT_STATE_ESTABLISHED ? config.tcp_idle_ns :
								   config.idle_ns;
	return end_ns > work->hot.last_ns && end_ns - work->hot.last_ns >= limit;
}

/* True if a work needs its flow's row for this moment. */
static bool is_wanted(const struct ft_recording *r, const struct ft_read_work *work, size_t now)
{
	return !work->known && !is_gone(r, work, now);
}

/* Many at once, in one pass over that part of the table, if most of that is wanted. */
static void read_many(struct ft_recording *r, size_t now)
{
	sqlite3_stmt *row = r->query[FT_Q_FLOW];
	struct ft_read_flows *flows = &r->flows;
	int64_t low = INT64_MAX, high = 0;
	size_t wanted = 0;

	for (size_t i = 0; i < flows->count; i++) {
		const struct ft_read_work *work = &flows->work[i];

		if (work->id < 0 || !is_wanted(r, work, now))
			continue;
		wanted++;
		low = work->id < low ? work->id : low;
		high = work->id > high ? work->id : high;
	}
	if (wanted < MANY || (uint64_t)(high - low) / 8 > wanted)
		return;
	sqlite3_bind_int64(row, 1, low);
	sqlite3_bind_int64(row, 2, high);
	while (sqlite3_step(row) == SQLITE_ROW) {
		uint32_t *place = ft_read_find(&flows->index,
					       (uint64_t)sqlite3_column_int64(row, 17), id_of,
					       flows->work);
		struct ft_read_work *work = *place ? &flows->work[*place - 1] : NULL;

		if (work && !work->known)
			work->known = read_flow(r, work, row) ? 1 : 2;
	}
	sqlite3_reset(row);
}

/* Reads the flow's own row, once; false if there is none that makes sense. */
static bool has_flow(struct ft_recording *r, struct ft_read_work *work)
{
	sqlite3_stmt *query = r->query[FT_Q_FLOW];

	if (!work->known) {
		sqlite3_bind_int64(query, 1, work->id);
		sqlite3_bind_int64(query, 2, work->id);
		work->known = sqlite3_step(query) == SQLITE_ROW && read_flow(r, work, query) ? 1 : 2;
		sqlite3_reset(query);
	}
	return work->known == 1;
}

/* How long the handshake took. It may come after the flow; what does not come for long never will. */
static void find_handshake(struct ft_recording *r, struct ft_read_work *work, size_t now)
{
	sqlite3_stmt *query = r->query[FT_Q_HANDSHAKE];

	if (work->shaken || work->flow.key.protocol != IPPROTO_TCP || !query)
		return;
	sqlite3_bind_int64(query, 1, work->id);
	if (sqlite3_step(query) == SQLITE_ROW) {
		work->shake_us[0] = ft_read_up_to(query, 0, INT32_MAX);
		work->shake_us[1] = ft_read_up_to(query, 1, INT32_MAX);
	}
	sqlite3_reset(query);
	work->shaken = work->shake_us[1] ||
		       r->intervals[now].end_ns > work->flow.first_ns + SHAKE_NS;
}

/* ---- rows of a snapshot */

/* Seconds since the begin of the interval that a flow was born in: what its averages have seen. */
static double age_of(const struct ft_recording *r, const struct ft_read_work *work, size_t at)
{
	size_t birth = ft_recording_find(r, work->flow.first_ns + 1);
	uint64_t from = r->intervals[birth].end_ns - r->intervals[birth].interval_ns;
	double age, least = (double)r->intervals[at].interval_ns / 1e9;

	if (birth == 0 && work->flow.first_ns < from)
		from = work->flow.first_ns; /* what was before the recording */
	age = ((double)r->intervals[at].end_ns - (double)from) / 1e9;
	return age > least ? age : least;
}

/* The finished row, from the work whose sides are local, remote. */
static void finish_row(struct ft_recording *r, const struct ft_read_work *work,
		       const struct ft_flow *flow, size_t now, struct decay decays[2],
		       struct ft_flow_hot *hot)
{
	double age = age_of(r, work, now);
	double base_age = work->has_base ? age_of(r, work, work->base_at) : 0;
	const double *since = decay_of(&decays[0], seconds_between(r, work->rated_at, now));
	const double *base = decay_of(&decays[1], seconds_between(r, work->base_at, now));
	int tx = ft_flow_tx(flow);

	*hot = work->hot;
	hot->flow = flow;
	hot->entry_flags |= work->marks;
	for (int side = 0; side < 2; side++) {
		int dir = side == 0 ? tx : !tx;

		hot->total[dir] = work->hot.total[side];
		hot->tcp_flags[dir] = work->hot.tcp_flags[side];
		hot->owner[dir] = ft_flow_read_owner(flow, dir,
						     ft_read_owner(r, work->process[side]));
	}
	for (int w = 0; w < FT_WINDOWS && age > 0; w++) {
		double seen = 1 - exp(-age / ft_window_seconds[w]);
		double seen_base = work->has_base ? (1 - exp(-base_age / ft_window_seconds[w])) *
							    base[w] : 0;

		for (int side = 0; side < 2; side++) {
			int dir = side == 0 ? tx : !tx;

			hot->rate_bytes[w][dir] =
				(float)(((double)work->base[w][side] * seen_base +
					 work->rate[w][side] * since[w]) / seen);
			hot->rate_packets[w][dir] =
				(float)(((double)work->base[w][2 + side] * seen_base +
					 work->rate[w][2 + side] * since[w]) / seen);
		}
	}
	hot->ended_now = hot->ended != FT_ENDED_NOT && work->ended_at == now;
}

void ft_fill_flows(struct ft_recording *r, size_t now, struct ft_snapshot *snapshot,
		   const struct ft_snapshot_room *room)
{
	struct decay decays[2] = { { .seconds = -1 }, { .seconds = -1 } };
	size_t rows = 0, deltas = 0;

	snapshot->live_flows = 0;
	read_many(r, now);
	for (size_t i = 0; i < r->flows.count; i++) {
		struct ft_read_work *work = &r->flows.work[i];
		struct ft_flow_hot *hot = &room->rows[rows];

		work->row = 0;
		if (is_gone(r, work, now) || !has_flow(r, work))
			continue;
		find_handshake(r, work, now);
		room->flows[rows] = work->flow;
		finish_row(r, work, &room->flows[rows], now, decays, hot);
		snapshot->live_flows += !ft_flow_is_over(hot);
		if (work->counted_at == now &&
		    (work->delta[0].packets || work->delta[1].packets)) {
			int tx = ft_flow_tx(hot->flow);

			room->deltas[deltas].row = (uint32_t)rows;
			room->deltas[deltas].count[tx] = work->delta[0];
			room->deltas[deltas].count[!tx] = work->delta[1];
			hot->delta = (uint32_t)++deltas;
		}
		work->row = ++rows;
	}
	snapshot->row_count = rows;
	snapshot->delta_count = deltas;
	if (r->flows.count > 2 * rows + 1024)
		compact(r, now, is_gone);
}

void ft_read_flows_done(struct ft_recording *r)
{
	free(r->flows.work);
	free(r->flows.index.place);
}
