/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events up to a moment, in a ring as the table's: the newest FT_EVENTS_MAX, those of the moment's
 * interval being the fresh ones.
 */
#include "recording/read.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/addr.h"
#include "core/xalloc.h"
#include "recording/words.h"

/* ---- a row */

/* Who and where. */
static bool read_ends(struct ft_recording *r, sqlite3_stmt *row, struct ft_flow *flow)
{
	struct ft_flow_key *key = &flow->key;

	if (!ft_read_address(row, 10, key->addr_a) || !ft_read_address(row, 12, key->addr_b))
		return false;
	key->scope = sqlite3_column_type(row, 5) == SQLITE_NULL ?
			     FT_EVENT_NO_SCOPE : ft_read_scope(r, ft_read_text(row, 5));
	key->vlan_outer = (uint16_t)ft_read_up_to(row, 6, 4095);
	key->vlan_inner = (uint16_t)ft_read_up_to(row, 7, 4095);
	key->ip_version = ft_read_up_to(row, 8, 6) == 6 ? 6 : 4;
	key->protocol = (uint8_t)ft_read_up_to(row, 9, UINT8_MAX);
	key->port_a_be = htons((uint16_t)ft_read_up_to(row, 11, UINT16_MAX));
	key->port_b_be = htons((uint16_t)ft_read_up_to(row, 13, UINT16_MAX));
	flow->local = FT_END_A;
	flow->path = ft_word_path(ft_read_text(row, 14)) & 3;
	flow->initiator = ft_word_end(ft_read_text(row, 15)) & 3;
	return true;
}

/* A number that may not be there, and its bit of `known`. */
static uint64_t read_known(sqlite3_stmt *row, int column, struct ft_flow_event *event, unsigned bit)
{
	if (sqlite3_column_type(row, column) != SQLITE_INTEGER)
		return 0;
	event->known |= bit;
	return ft_read_u64(row, column);
}

static void read_numbers(sqlite3_stmt *row, struct ft_flow_event *event)
{
	event->latency_us = read_known(row, 20, event, FT_EVENT_LATENCY);
	event->duration_us = read_known(row, 21, event, FT_EVENT_DURATION);
	event->segments = (uint32_t)read_known(row, 22, event, FT_EVENT_SEGMENTS);
	event->app_tx_bytes = read_known(row, 23, event, FT_EVENT_APP_BYTES);
	event->app_rx_bytes = read_known(row, 24, event, FT_EVENT_APP_BYTES);
	if (sqlite3_column_type(row, 25) == SQLITE_INTEGER) {
		event->known |= FT_EVENT_WIRE_BYTES;
		event->hot.total[0] = ft_read_counts(row, 25);
		event->hot.total[1] = ft_read_counts(row, 28);
	}
	event->error = (uint16_t)ft_read_up_to(row, 31, 4095);
	event->close = ft_word_close(ft_read_text(row, 32));
	event->closed_by = (uint8_t)ft_word_end(ft_read_text(row, 33));
}

/* False if the row makes no sense. */
static bool read_event(struct ft_recording *r, sqlite3_stmt *row, struct ft_flow_event *event)
{
	memset(event, 0, sizeof(*event));
	if (!ft_word_event(ft_read_text(row, 3), &event->kind) || !read_ends(r, row, &event->flow))
		return false;
	event->flow.id = ft_read_u64(row, 0) & ((UINT64_C(1) << 56) - 1);
	event->hot.last_ns = event->flow.first_ns = ft_read_u64(row, 2);
	event->from_packets = strcmp(ft_read_text(row, 4), "packets") == 0;
	for (int end = 0; end < 2; end++)
		event->hot.owner[end] = ft_flow_read_owner(
			&event->flow, end, ft_read_owner(r, sqlite3_column_int64(row, 16 + end)));
	event->flow_id = ft_read_u64(row, 18);
	event->socket = (uint64_t)sqlite3_column_int64(row, 19);
	read_numbers(row, event);
	return true;
}

/* ---- the ring */

/* How far the ids went by the end of an interval; what was lost till then. */
static uint64_t read_total(struct ft_recording *r, size_t now, uint64_t lost[FT_EVENT_LOST_MAX])
{
	sqlite3_stmt *row = r->query[FT_Q_PICTURE];
	uint64_t total = 0;

	sqlite3_bind_int64(row, 1, r->intervals[now].id);
	if (sqlite3_step(row) == SQLITE_ROW) {
		total = ft_read_u64(row, 2) & ((UINT64_C(1) << 56) - 1);
		for (int i = 0; i < FT_EVENT_LOST_MAX; i++)
			lost[i] = ft_read_u64(row, 3 + i);
	}
	sqlite3_reset(row);
	return total;
}

int ft_read_events(struct ft_recording *r, size_t now, char *err, size_t err_size)
{
	struct ft_read_events *events = &r->events;
	sqlite3_stmt *row = r->query[FT_Q_EVENTS];
	uint64_t lost[FT_EVENT_LOST_MAX] = { 0 }, total, from;
	int64_t fresh = r->intervals[now].id;
	bool old = true;
	int code;

	if (!row || !r->query[FT_Q_PICTURE])
		return 0;
	total = read_total(r, now, lost);
	if (!events->ring || !events->valid || events->at >= now || events->last > total) {
		ft_events_free(events->ring);
		events->ring = ft_events_new(FT_EVENTS_MAX, r->owners);
		events->last = 0;
	}
	from = total > FT_EVENTS_MAX ? total - FT_EVENTS_MAX : 0;
	from = events->last > from ? events->last : from;
	sqlite3_bind_int64(row, 1, (sqlite3_int64)from);
	sqlite3_bind_int64(row, 2, (sqlite3_int64)total);
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		struct ft_flow_event event;

		if (old && sqlite3_column_int64(row, 1) >= fresh) {
			ft_event_list_put(ft_events_publish(events->ring));
			old = false;
		}
		if (read_event(r, row, &event))
			ft_events_restore(events->ring, &event);
	}
	sqlite3_reset(row);
	if (old)
		ft_event_list_put(ft_events_publish(events->ring));
	ft_events_restore_counts(events->ring, total, lost);
	events->last = total;
	events->at = now;
	events->valid = code == SQLITE_DONE;
	return events->valid ? 0 : ft_recording_error(r->db, "", err, err_size);
}

void ft_fill_events(struct ft_recording *r, size_t now, struct ft_snapshot *snapshot)
{
	(void)now;
	if (r->events.ring)
		snapshot->events = ft_events_publish(r->events.ring);
}

void ft_read_events_done(struct ft_recording *r)
{
	ft_events_free(r->events.ring);
}
