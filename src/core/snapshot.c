/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The immutable picture: references and look-ups. Building one is table_snapshot.c's. */
#include "core/snapshot.h"

#include <stdlib.h>

#include "core/difference.h"
#include "core/event.h"
#include "core/snapshot_priv.h"
#include "core/socket.h"
#include "core/xalloc.h"

static const struct ft_counts nothing[2];

struct ft_block *ft_block_new(size_t capacity)
{
	struct ft_block *block = xcalloc(1, sizeof(*block));

	atomic_init(&block->refs, 1);
	ft_region_grow_exact(&block->region, capacity * sizeof(struct ft_flow_hot));
	return block;
}

struct ft_block *ft_block_take(struct ft_block *block)
{
	atomic_fetch_add_explicit(&block->refs, 1, memory_order_relaxed);
	return block;
}

void ft_block_put(struct ft_block *block)
{
	if (!block || atomic_fetch_sub_explicit(&block->refs, 1, memory_order_acq_rel) != 1)
		return;
	ft_region_free(&block->region);
	free(block);
}

/* The box around a snapshot that was handed out const. */
static struct ft_snapshot_box *open_box(const struct ft_snapshot *snapshot)
{
	return (struct ft_snapshot_box *)(uintptr_t)snapshot;
}

const struct ft_snapshot *ft_snapshot_take(const struct ft_snapshot *snapshot)
{
	atomic_fetch_add_explicit(&open_box(snapshot)->refs, 1, memory_order_relaxed);
	return snapshot;
}

/* Frees what the snapshot alone owns and lets go of what it shares. */
static void free_box(struct ft_snapshot_box *box)
{
	struct ft_snapshot *shown = &box->shown;
	size_t i;

	if (shown->difference)
		ft_difference_let_go(shown);
	for (i = 0; i < shown->process_count; i++)
		ft_process_put(shown->processes[i]);
	free((void *)(uintptr_t)shown->processes);
	free((void *)(uintptr_t)shown->scopes);
	free((void *)(uintptr_t)shown->ifaces);
	free(shown->backend);
	free(shown->backend_reason);
	free(shown->capture_filter);
	free(shown->owner_source);
	free(shown->health_source);
	free(shown->event_source);
	ft_event_list_put(shown->events);
	for (i = 0; i < shown->note_count; i++)
		free(shown->notes[i]);
	free(shown->notes);
	for (i = 0; i < shown->observer_count; i++)
		free(shown->observers[i]);
	free(shown->observers);
	free((void *)(uintptr_t)shown->tcp_of);
	free((void *)(uintptr_t)shown->tcps);
	free((void *)(uintptr_t)shown->sockets);
	ft_socket_list_put(shown->socket_list);
	free((void *)(uintptr_t)shown->past);
	free((void *)(uintptr_t)shown->pair_of);
	free((void *)(uintptr_t)shown->pairings);
	free((void *)(uintptr_t)shown->nats);
	ft_region_free(&box->deltas);
	ft_block_put(box->block);
	ft_region_free(&box->flows);
	if (box->living)
		ft_living_end(box->living);
	free(box);
}

void ft_snapshot_put(const struct ft_snapshot *snapshot)
{
	struct ft_snapshot_box *box = open_box(snapshot);

	if (box && atomic_fetch_sub_explicit(&box->refs, 1, memory_order_acq_rel) == 1)
		free_box(box);
}

const struct ft_process *ft_snapshot_process(const struct ft_snapshot *snapshot, uint16_t owner)
{
	if (owner < FT_OWNER_FIRST || (size_t)(owner - FT_OWNER_FIRST) >= snapshot->process_count)
		return NULL;
	return snapshot->processes[owner - FT_OWNER_FIRST];
}

size_t ft_snapshot_flows(const struct ft_snapshot *snapshot)
{
	if (snapshot->last && snapshot->difference)
		return snapshot->difference->after_rows;
	return snapshot->last && snapshot->progress >= 0 ? snapshot->row_count : snapshot->live_flows;
}

const struct ft_counts *ft_snapshot_delta(const struct ft_snapshot *snapshot,
					  const struct ft_flow_hot *row)
{
	return row->delta ? snapshot->deltas[row->delta - 1].count : nothing;
}

/* What is known of a row's TCP, or NULL. */
static const struct ft_flow_tcp *tcp_of(const struct ft_snapshot *snapshot,
					const struct ft_flow_hot *row)
{
	size_t at = (size_t)(row - snapshot->rows);

	if (at >= snapshot->tcp_of_count || !snapshot->tcp_of[at])
		return NULL;
	return &snapshot->tcps[snapshot->tcp_of[at] - 1];
}

const struct ft_health *ft_snapshot_socket(const struct ft_snapshot *snapshot,
					   const struct ft_flow_hot *row, int end)
{
	const struct ft_flow_tcp *tcp = tcp_of(snapshot, row);

	return tcp && tcp->socket[end] ? &snapshot->sockets[tcp->socket[end] - 1] : NULL;
}

/* Microseconds between two moments, at least 1; 0 if one was not seen, or they are no pair. */
static uint32_t between(uint32_t from, uint32_t to)
{
	uint32_t units = to - from;

	if (!from || !to || units > INT32_MAX)
		return 0;
	return units ? (uint32_t)((uint64_t)units * FT_SHAKE_NS / 1000) : 1;
}

struct ft_handshake ft_flow_tcp_handshake(const struct ft_flow_tcp *tcp, unsigned first)
{
	struct ft_handshake shake = { 0, 0 };

	if (!tcp || first == FT_END_NONE)
		return shake;
	shake.syn_ack_us = between(tcp->shake[first], tcp->shake[!first]);
	if (shake.syn_ack_us)
		shake.ack_us = between(tcp->shake[!first], tcp->shake[FT_SHAKE_ACK]);
	return shake;
}

struct ft_handshake ft_snapshot_handshake(const struct ft_snapshot *snapshot,
					  const struct ft_flow_hot *row)
{
	return ft_flow_tcp_handshake(tcp_of(snapshot, row), row->flow->initiator);
}

uint32_t ft_snapshot_handshake_us(const struct ft_snapshot *snapshot,
				  const struct ft_flow_hot *row)
{
	struct ft_handshake shake = ft_snapshot_handshake(snapshot, row);

	if (row->flow->path == FT_PATH_HOST && row->flow->initiator != row->flow->local)
		return shake.ack_us ? shake.syn_ack_us + shake.ack_us : 0;
	return shake.syn_ack_us;
}

/* What is known of a row's conversation, or NULL. What an event tells of its flow is no row. */
static const struct ft_pairing *pairing_of(const struct ft_snapshot *snapshot,
					   const struct ft_flow_hot *row)
{
	uintptr_t first = (uintptr_t)snapshot->rows, at = (uintptr_t)row;
	uint32_t number;

	if (!snapshot->pair_of || at < first ||
	    (at - first) / sizeof(*row) >= snapshot->row_count)
		return NULL;
	number = snapshot->pair_of[(at - first) / sizeof(*row)];
	return number ? &snapshot->pairings[number - 1] : NULL;
}

const struct ft_flow_hot *ft_snapshot_pair(const struct ft_snapshot *snapshot,
					   const struct ft_flow_hot *row)
{
	const struct ft_pairing *pairing = pairing_of(snapshot, row);
	const struct ft_flow_hot *next = pairing ? &snapshot->rows[pairing->next] : row;

	return next == row ? NULL : next;
}

size_t ft_snapshot_pairs(const struct ft_snapshot *snapshot, const struct ft_flow_hot *row,
			 const struct ft_flow_hot **ret_rows, size_t max)
{
	const struct ft_flow_hot *next = ft_snapshot_pair(snapshot, row);
	size_t count = 0;

	while (next && next != row && count < max) {
		ret_rows[count++] = next;
		next = ft_snapshot_pair(snapshot, next);
	}
	return count;
}

const struct ft_nat *ft_snapshot_nat(const struct ft_snapshot *snapshot,
				     const struct ft_flow_hot *row, unsigned int *ret_side)
{
	const struct ft_pairing *pairing = pairing_of(snapshot, row);

	if (!pairing || !pairing->nat)
		return NULL;
	*ret_side = pairing->side;
	return &snapshot->nats[pairing->nat - 1];
}

/* The record of a scope, or NULL. */
static const struct ft_snapshot_scope *scope_of(const struct ft_snapshot *snapshot, uint16_t scope)
{
	/* Scopes are numbered as they come: nearly always their number is their place. */
	if (scope < snapshot->scope_count && snapshot->scopes[scope].scope == scope)
		return &snapshot->scopes[scope];
	for (size_t i = 0; i < snapshot->scope_count; i++)
		if (snapshot->scopes[i].scope == scope)
			return &snapshot->scopes[i];
	return NULL;
}

bool ft_snapshot_has_interfaces(const struct ft_snapshot *snapshot)
{
	unsigned count = 0;

	for (size_t i = 0; i < snapshot->scope_count && count < 2; i++)
		count += snapshot->scopes[i].total.seen.packets > 0;
	return count > 1;
}

const char *ft_snapshot_scope_name(const struct ft_snapshot *snapshot, uint16_t scope)
{
	const struct ft_snapshot_scope *at = scope_of(snapshot, scope);

	return at ? at->name : "";
}

const char *ft_snapshot_observer(const struct ft_snapshot *snapshot, uint16_t scope)
{
	const struct ft_snapshot_scope *at = scope_of(snapshot, scope);

	return at && at->observer && at->observer <= snapshot->observer_count ?
		       snapshot->observers[at->observer - 1] : "";
}

const struct ft_snapshot_iface *ft_snapshot_iface_of(const struct ft_snapshot *snapshot,
						     const struct ft_flow_hot *row, int dir)
{
	size_t slot = row->iface_slot[dir];

	return slot > 0 && slot <= snapshot->iface_count ? &snapshot->ifaces[slot - 1] : NULL;
}
