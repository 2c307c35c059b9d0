/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sockets of flows said last, and how long handshakes took. The numbers are those of the
 * table; one that is NULL is not known, or there is none.
 */
#include "recording/read.h"

#include <stdlib.h>
#include <string.h>

#include "core/xalloc.h"
#include "recording/sample.h"

#define SAMPLES_MAX (1U << 19)

/* ---- one sample */

void ft_read_sample(sqlite3_stmt *row, int column, struct ft_health *health)
{
	ft_sample_clear(health);
	health->cookie = (uint64_t)sqlite3_column_int64(row, column);
	health->tick = ft_read_u64(row, column + 1);
	health->known = ft_read_up_to(row, column + 2, UINT32_MAX);
	health->state = ft_sample_state(ft_read_text(row, column + 3));
	strncpy(health->congestion, ft_read_text(row, column + 4), sizeof(health->congestion) - 1);
	health->ca_state = ft_sample_ca_state(ft_read_text(row, column + 5));
	health->options = (uint8_t)ft_read_up_to(row, column + 6, UINT8_MAX);
	health->timer = ft_sample_timer(ft_read_text(row, column + 7));
	for (int i = 0; i < FT_HEALTH_NUMBER_MAX; i++)
		if (sqlite3_column_type(row, column + 8 + i) != SQLITE_NULL)
			ft_sample_set(health, (enum ft_health_number)i,
				      ft_read_u64(row, column + 8 + i));
}

/* ---- all of them */

static uint64_t id_of(const void *array, size_t i)
{
	return ((const struct ft_read_sample *)array)[i].id;
}

/* The place for a sample, new if need be; NULL when there are too many. */
static struct ft_health *find_sample(struct ft_read_samples *samples, uint64_t id)
{
	uint32_t *place;

	ft_read_make_room(&samples->index, samples->count, id_of, samples->sample);
	place = ft_read_find(&samples->index, id, id_of, samples->sample);
	if (!*place) {
		if (samples->count == SAMPLES_MAX)
			return NULL;
		if (samples->count == samples->room) {
			samples->room = samples->room ? samples->room * 2 : 256;
			samples->sample = xreallocarray(samples->sample, samples->room,
							sizeof(*samples->sample));
		}
		samples->sample[samples->count++].id = id;
		*place = (uint32_t)samples->count;
	}
	return &samples->sample[*place - 1].health;
}

int ft_read_samples(struct ft_recording *r, size_t now, char *err, size_t err_size)
{
	struct ft_read_samples *samples = &r->samples;
	sqlite3_stmt *row = r->query[FT_Q_TCP];
	int code = SQLITE_DONE;
	size_t from;
	bool whole;

	if (!row)
		return 0;
	if (!ft_read_goes_on(r, now, FT_WHOLE_FLOWS, samples->valid, samples->at, &from, &whole)) {
		samples->count = 0;
		if (samples->index.place)
			memset(samples->index.place, 0,
			       samples->index.size * sizeof(*samples->index.place));
	}
	samples->valid = false;
	if (from <= now) {
		sqlite3_bind_int64(row, 1, r->intervals[from].id);
		sqlite3_bind_int64(row, 2, r->intervals[now].id);
		while ((code = sqlite3_step(row)) == SQLITE_ROW) {
			uint64_t id = (uint64_t)sqlite3_column_int64(row, 0) << 1 |
				      (ft_read_u64(row, 1) != 0);
			struct ft_health *health = find_sample(samples, id);

			if (health)
				ft_read_sample(row, 2, health);
		}
		sqlite3_reset(row);
	}
	if (code != SQLITE_DONE)
		return ft_recording_error(r->db, "", err, err_size);
	samples->valid = true;
	samples->at = now;
	return 0;
}

const struct ft_health *ft_read_find_sample(struct ft_recording *r, uint64_t flow, unsigned side)
{
	uint32_t *place;

	if (r->samples.count == 0)
		return NULL;
	place = ft_read_find(&r->samples.index, flow << 1 | side, id_of, r->samples.sample);
	return *place ? &r->samples.sample[*place - 1].health : NULL;
}

void ft_read_samples_done(struct ft_recording *r)
{
	free(r->samples.sample);
	free(r->samples.index.place);
}

/* ---- into a snapshot */

/* Arrays of a snapshot in the making. */
struct filling {
	uint32_t *tcp_of;
	struct ft_flow_tcp *tcps;
	struct ft_health *sockets;
	uint32_t tcp_count, socket_count;
};

static void fill_flow(struct ft_recording *r, const struct ft_read_work *work, struct filling *to)
{
	struct ft_flow_tcp *tcp = &to->tcps[to->tcp_count];
	int tx = ft_flow_tx(&work->flow);

	ft_sample_handshake(tcp, work->flow.initiator, work->shake_us[0], work->shake_us[1]);
	for (unsigned side = 0; side < 2; side++) {
		const struct ft_health *health = ft_read_find_sample(r, (uint64_t)work->id, side);

		if (!health)
			continue;
		to->sockets[to->socket_count++] = *health;
		tcp->socket[side == 0 ? tx : !tx] = to->socket_count;
	}
	if (tcp->shake[0] || tcp->shake[1] || tcp->socket[0] || tcp->socket[1])
		to->tcp_of[work->row - 1] = ++to->tcp_count;
}

/* A handshake was read with the flow; samples are of sockets of all kinds. */
static bool may_have_tcp(const struct ft_recording *r, const struct ft_read_work *work)
{
	return work->row && (work->shake_us[0] || r->samples.count > 0);
}

void ft_fill_tcp(struct ft_recording *r, struct ft_snapshot *snapshot)
{
	struct filling to = { NULL };
	size_t count = 0;

	for (size_t i = 0; i < r->flows.count; i++)
		count += may_have_tcp(r, &r->flows.work[i]);
	if (count == 0)
		return;
	to.tcp_of = xcalloc(snapshot->row_count, sizeof(*to.tcp_of));
	to.tcps = xcalloc(count + 1, sizeof(*to.tcps));
	to.sockets = xcalloc(r->samples.count + 1, sizeof(*to.sockets));
	for (size_t i = 0; i < r->flows.count; i++)
		if (may_have_tcp(r, &r->flows.work[i]))
			fill_flow(r, &r->flows.work[i], &to);
	snapshot->tcp_of = to.tcp_of;
	snapshot->tcp_of_count = snapshot->row_count;
	snapshot->tcps = to.tcps;
	snapshot->sockets = to.sockets;
}
