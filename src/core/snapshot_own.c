/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See snapshot_own.h. */
#include "core/snapshot_own.h"

#include <stdlib.h>
#include <string.h>

#include "core/difference.h"
#include "core/snapshot_priv.h"
#include "core/socket.h"
#include "core/xalloc.h"

struct ft_snapshot *ft_snapshot_make(size_t rows, size_t deltas, struct ft_snapshot_room *ret_room)
{
	struct ft_snapshot_box *box = xcalloc(1, sizeof(*box));
	struct ft_snapshot *shown = &box->shown;

	atomic_init(&box->refs, 1);
	box->block = ft_block_new(rows);
	box->block->count = rows;
	ft_region_grow_exact(&box->flows, rows * sizeof(struct ft_flow));
	ft_region_grow_exact(&box->deltas, deltas * sizeof(struct ft_delta));
	shown->rows = ft_block_rows(box->block);
	shown->row_count = rows;
	shown->deltas = box->deltas.base;
	shown->delta_count = deltas;
	shown->backend = xstrdup("");
	shown->backend_reason = xstrdup("");
	shown->capture_filter = xstrdup("");
	shown->owner_source = xstrdup("");
	shown->health_source = xstrdup("");
	shown->event_source = xstrdup("");
	shown->progress = -1;
	*ret_room = (struct ft_snapshot_room){
		.flows = box->flows.base,
		.rows = ft_block_rows(box->block),
		.deltas = box->deltas.base,
	};
	return shown;
}

/* A copy of an array; NULL for none. */
static void *copy(const void *from, size_t count, size_t size)
{
	void *to;

	if (!from || count == 0)
		return NULL;
	to = xcalloc(count, size);
	memcpy(to, from, count * size);
	return to;
}

/* How many samples of sockets the rows name. */
static void count_tcp(const struct ft_snapshot *snapshot, size_t *ret_tcps, size_t *ret_sockets)
{
	*ret_tcps = *ret_sockets = 0;
	for (size_t i = 0; i < snapshot->tcp_of_count; i++)
		if (snapshot->tcp_of[i] > *ret_tcps)
			*ret_tcps = snapshot->tcp_of[i];
	for (size_t i = 0; i < *ret_tcps; i++)
		for (int end = 0; end < 2; end++)
			if (snapshot->tcps[i].socket[end] > *ret_sockets)
				*ret_sockets = snapshot->tcps[i].socket[end];
}

static void copy_tcp(struct ft_snapshot *to, const struct ft_snapshot *from)
{
	size_t tcps, sockets;

	count_tcp(from, &tcps, &sockets);
	to->tcp_of = copy(from->tcp_of, from->tcp_of_count, sizeof(*from->tcp_of));
	to->tcps = copy(from->tcps, tcps, sizeof(*from->tcps));
	to->sockets = copy(from->sockets, sockets, sizeof(*from->sockets));
	to->socket_list = from->socket_list ? ft_socket_list_take(from->socket_list) : NULL;
}

/* Which flows are one conversation, and what owners' flows did that have left. */
static void copy_pairs(struct ft_snapshot *to, const struct ft_snapshot *from)
{
	to->pair_of = from->pair_of ? copy(from->pair_of, from->row_count,
					   sizeof(*from->pair_of)) : NULL;
	to->pairings = copy(from->pairings, from->pairing_count, sizeof(*from->pairings));
	to->nats = copy(from->nats, from->nat_count, sizeof(*from->nats));
	to->past = copy(from->past, from->past_count, sizeof(*from->past));
}

/* Records, each with one more reference. */
static void copy_processes(struct ft_snapshot *to, const struct ft_snapshot *from)
{
	to->processes = copy(from->processes, from->process_count, sizeof(*from->processes));
	for (size_t i = 0; i < from->process_count; i++)
		if (from->processes[i])
			ft_process_take(from->processes[i]);
}

void ft_snapshot_copy_texts(struct ft_snapshot *to, const struct ft_snapshot *from)
{
	to->backend = xstrdup(from->backend ? from->backend : "");
	to->backend_reason = xstrdup(from->backend_reason ? from->backend_reason : "");
	to->capture_filter = xstrdup(from->capture_filter ? from->capture_filter : "");
	to->owner_source = xstrdup(from->owner_source ? from->owner_source : "");
	to->health_source = xstrdup(from->health_source ? from->health_source : "");
	to->event_source = xstrdup(from->event_source ? from->event_source : "");
	to->notes = xcalloc(from->note_count + 1, sizeof(*to->notes));
	for (size_t i = 0; i < from->note_count; i++)
		to->notes[i] = xstrdup(from->notes[i]);
	to->observers = xcalloc(from->observer_count + 1, sizeof(*to->observers));
	for (size_t i = 0; i < from->observer_count; i++)
		to->observers[i] = xstrdup(from->observers[i]);
}

struct ft_snapshot *ft_snapshot_copy(const struct ft_snapshot *from)
{
	struct ft_snapshot_room room;
	struct ft_snapshot *to, made;

	from = ft_difference_moment(from);
	to = ft_snapshot_make(from->row_count, from->delta_count, &room);
	made = *to;
	free(made.backend);
	free(made.backend_reason);
	free(made.capture_filter);
	free(made.owner_source);
	free(made.health_source);
	free(made.event_source);
	*to = *from;
	to->taps = (struct ft_snapshot_taps){ .count = 0 };
	to->events = NULL; /* those of the table's ring: there are only the newest */
	to->rows = made.rows;
	to->deltas = made.deltas;
	if (from->delta_count > 0)
		memcpy(room.deltas, from->deltas, from->delta_count * sizeof(*room.deltas));
	for (size_t i = 0; i < from->row_count; i++) {
		room.flows[i] = *from->rows[i].flow;
		room.rows[i] = from->rows[i];
		room.rows[i].flow = &room.flows[i];
	}
	copy_tcp(to, from);
	copy_pairs(to, from);
	copy_processes(to, from);
	to->scopes = copy(from->scopes, from->scope_count, sizeof(*from->scopes));
	to->ifaces = copy(from->ifaces, from->iface_count, sizeof(*from->ifaces));
	ft_snapshot_copy_texts(to, from);
	return to;
}

size_t ft_snapshot_size(const struct ft_snapshot *snapshot)
{
	size_t tcps, sockets;

	count_tcp(snapshot, &tcps, &sockets);
	return sizeof(struct ft_snapshot_box) +
	       snapshot->row_count * (sizeof(struct ft_flow) + sizeof(struct ft_flow_hot)) +
	       snapshot->delta_count * sizeof(struct ft_delta) +
	       snapshot->tcp_of_count * sizeof(uint32_t) + tcps * sizeof(struct ft_flow_tcp) +
	       sockets * sizeof(struct ft_health) + snapshot->process_count * sizeof(void *) +
	       (snapshot->pair_of ? snapshot->row_count * sizeof(uint32_t) : 0) +
	       snapshot->pairing_count * sizeof(struct ft_pairing) +
	       snapshot->nat_count * sizeof(struct ft_nat) +
	       snapshot->past_count * sizeof(struct ft_past) +
	       snapshot->scope_count * sizeof(struct ft_snapshot_scope) +
	       snapshot->iface_count * sizeof(struct ft_snapshot_iface);
}
