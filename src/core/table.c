/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table's birth, death and small questions; see table_priv.h for how it is built. */
#include "core/table.h"

#include <stdlib.h>
#include <string.h>

#include "core/event.h"
#include "core/table_priv.h"
#include "core/xalloc.h"

#define SECOND 1000000000ULL
/* Interfaces that counters are kept of, gone ones included. */
#define IFACES_MAX (4U * FT_MAX_IFACES)
/* Rows must fit the number in a link, dead flows (limbo) the slots. */
#define MAX_FLOWS_LIMIT (1U << 26)

void ft_table_config_init(struct ft_table_config *config)
{
	*config = (struct ft_table_config){
		.max_flows = 1000000,
		.idle_ns = 120 * SECOND,
		.tcp_idle_ns = 600 * SECOND,
		.closed_ns = 10 * SECOND,
	};
}

/* Bits for slots: room for the live flows and several times as many dead ones that snapshots
 * still show. What is left of 32 is the index's tag. */
static unsigned int slot_bits(uint32_t max_flows)
{
	unsigned int bits = 16;

	while (bits < 29 && (1ULL << bits) < 8ULL * max_flows)
		bits++;
	return bits;
}

struct ft_table *ft_table_new(const struct ft_table_config *config, struct ft_owners *owners)
{
	struct ft_table *table = xcalloc(1, sizeof(*table));
	unsigned int bits;

	table->config = *config;
	if (table->config.max_flows < 1)
		table->config.max_flows = 1;
	if (table->config.max_flows > MAX_FLOWS_LIMIT)
		table->config.max_flows = MAX_FLOWS_LIMIT;
	table->owners = owners;
	table->seed = ft_seed_random();
	bits = slot_bits(table->config.max_flows);
	table->store = ft_flow_store_new(1U << bits);
	ft_index_init(&table->index, bits);
	table->base = ft_block_new(0);
	table->weights = xcalloc(FT_WEIGHTS, sizeof(*table->weights));
	table->oldest_weight = 1;
	table->events = ft_events_new(FT_EVENTS_MAX, owners);
	table->derive_tcp = true;
	return table;
}

void ft_table_free(struct ft_table *table)
{
	uint32_t row;
	size_t i;

	if (!table)
		return;
	for (row = 0; row < table->base_count; row++) {
		const struct ft_flow_hot *hot = &ft_block_rows(table->base)[row];

		ft_owners_release(table->owners, hot->owner[0]);
		ft_owners_release(table->owners, hot->owner[1]);
	}
	ft_events_free(table->events);
	ft_region_free(&table->index.words);
	ft_block_put(table->base);
	ft_region_free(&table->births);
	ft_region_free(&table->changes);
	ft_region_free(&table->deltas);
	ft_region_free(&table->victims);
	ft_region_free(&table->active);
	for (i = 0; i < FT_MAX_SCOPES; i++)
		free(table->scopes[i]);
	ft_table_tcp_done(&table->tcp);
	ft_table_pairs_done(&table->pairs);
	ft_table_past_done(&table->past);
	free(table->splits);
	free(table->weights);
	free(table->queue);
	free(table->ifaces);
	free(table->shown_ifaces);
	free(table->addresses.nets);
	ft_flow_store_put(table->store);
	free(table);
}

void ft_table_set_addresses(struct ft_table *table, const struct ft_addr_set *set)
{
	struct ft_net *nets = NULL;

	if (set->count) {
		nets = xreallocarray(NULL, set->count, sizeof(*nets));
		memcpy(nets, set->nets, set->count * sizeof(*nets));
	}
	free(table->addresses.nets);
	table->addresses = *set;
	table->addresses.nets = nets;
}

/* A scope's state, made at first need; NULL for numbers that no scope has. */
struct ft_scope_state *ft_table_scope(struct ft_table *table, uint16_t scope)
{
	if (scope >= FT_MAX_SCOPES)
		return NULL;
	if (!table->scopes[scope])
		table->scopes[scope] = xcalloc(1, sizeof(*table->scopes[scope]));
	return table->scopes[scope];
}

/* Where an interface's counters are, or belong. */
static size_t iface_place(const struct ft_table *table, uint32_t ifindex)
{
	size_t low = 0, high = table->iface_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->ifaces[middle].ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* True if the newest snapshot lists the interface. */
static bool is_shown(const struct ft_table *table, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < table->shown_iface_count; i++)
		if (table->shown_ifaces[i] == ifindex)
			return true;
	return false;
}

/* Forgets the interfaces that went; if all are there, the youngest. */
static void forget_ifaces(struct ft_table *table)
{
	size_t i, kept = 0;

	for (i = 0; i < table->iface_count; i++) {
		const struct ft_iface_state *iface = &table->ifaces[i];

		/* One that counted may be too new to have been listed. */
		if (iface->interval.rx.packets || iface->interval.tx.packets ||
		    is_shown(table, iface->ifindex))
			table->ifaces[kept++] = *iface;
	}
	table->iface_count = kept < IFACES_MAX ? kept : IFACES_MAX - 1;
}

/* An interface's counters, made at first need; when there are too many, those that no snapshot
 * lists any more are forgotten. */
struct ft_iface_state *ft_table_iface(struct ft_table *table, uint32_t ifindex)
{
	size_t low = iface_place(table, ifindex);

	if (low < table->iface_count && table->ifaces[low].ifindex == ifindex)
		return &table->ifaces[low];
	if (table->iface_count == IFACES_MAX) {
		forget_ifaces(table);
		low = iface_place(table, ifindex);
	}
	if (table->iface_count == table->iface_space) {
		table->iface_space = table->iface_space ? table->iface_space * 2 : 16;
		table->ifaces = xreallocarray(table->ifaces, table->iface_space,
					      sizeof(*table->ifaces));
	}
	memmove(table->ifaces + low + 1, table->ifaces + low,
		(table->iface_count - low) * sizeof(*table->ifaces));
	table->iface_count++;
	table->ifaces[low] = (struct ft_iface_state){ .ifindex = ifindex };
	return &table->ifaces[low];
}

void ft_table_end_scope(struct ft_table *table, uint16_t scope, uint64_t now_ns)
{
	(void)now_ns; /* the next snapshot's end is when they are shown as ended */
	if (scope >= FT_MAX_SCOPES || !table->scopes[scope] || table->scopes[scope]->ending)
		return;
	table->scopes[scope]->ending = true;
	table->scopes_ending++;
}

void ft_table_clear_scope(struct ft_table *table, uint16_t scope, bool clear)
{
	if (scope < FT_MAX_SCOPES && table->scopes[scope])
		table->scopes[scope]->clearing = clear;
}

/* Takes the mark from scopes that have flows, in rows or still to get one. */
static void keep_used(const struct ft_table *table, bool forget[FT_MAX_SCOPES])
{
	uint32_t i;

	for (i = 0; i < table->base_count; i++)
		forget[ft_block_rows(table->base)[i].flow->key.scope] = false;
	for (i = 0; i < table->change_count; i++) {
		const struct ft_change *change = &ft_table_changes(table)[i];

		forget[ft_flow_store_flow(table->store, change->slot)->key.scope] = false;
	}
}

void ft_table_forget_scopes(struct ft_table *table, bool forget[FT_MAX_SCOPES])
{
	keep_used(table, forget);
	for (uint32_t i = 0; i < FT_MAX_SCOPES; i++) {
		struct ft_scope_state *state = table->scopes[i];

		if (!forget[i] || !state)
			continue; /* one without a state never counted anything */
		if (state->ending) {
			forget[i] = false;
			continue;
		}
		ft_line_add(&table->gone_interval, &state->interval);
		ft_line_add(&table->gone_total, &state->total);
		table->scopes_gone = true;
		table->scopes[i] = NULL;
		free(state);
	}
}

size_t ft_table_count(const struct ft_table *table)
{
	return table->held;
}

size_t ft_table_memory(const struct ft_table *table)
{
	return sizeof(*table) + table->index.words.bytes + table->base->region.bytes +
	       table->births.bytes + table->changes.bytes + table->deltas.bytes +
	       table->victims.bytes + table->active.bytes +
	       table->queue_space * sizeof(*table->queue) +
	       FT_WEIGHTS * sizeof(*table->weights) + ft_table_tcp_memory(&table->tcp) +
	       ft_table_pairs_memory(&table->pairs) + table->past.accounts.bytes +
	       ft_flow_store_memory(table->store);
}
