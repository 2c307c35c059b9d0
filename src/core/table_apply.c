/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A batch's entries and counters into the running interval.
 *
 * One CPU's log is in the order of time, so a single span is applied as it stands. Several
 * spans may hold the same flow (a connection's two directions often live on two CPUs), and
 * when a new connection takes over an old one's tuple, each entry must go to the right one:
 *
 *   1. Beginnings, in the order of their first tick: entries that start with a pure SYN. Those
 *      that certainly begin a new connection (the producer says so, or the flow had FIN or RST
 *      before this batch) do it now and leave a split: key, tick, the flow before.
 *   2. All other entries. One that meets a split and began earlier belongs to the flow before.
 *   3. The remaining beginnings: mostly plain new connections, or the flow got FIN or RST in 2.
 *
 * An entry that holds packets of both connections (of a CPU that saw no SYN) counts where it
 * began. No byte is lost or counted twice whatever the order: each entry is counted once.
 */
#include <stdlib.h>

#include "core/log.h"
#include "core/table_priv.h"
#include "core/xalloc.h"

#define AHEAD 16U /* entries whose memory is asked for in advance */
#define FLAG_STARTS (FT_ENTRY_NEW | FT_ENTRY_SYN_AB | FT_ENTRY_SYN_BA)
#define FLAG_KEPT \
	(FT_ENTRY_FRAGMENT | FT_ENTRY_INEXACT | FT_ENTRY_EXTRA_SPI | FT_ENTRY_EXTRA_GRE)

/* Where an entry stands: what "before" means when ticks are equal. */
struct place {
	const struct ft_span *span;
	const struct ft_entry *entry;
	uint64_t hash; /* of its key */
};

struct apply {
	struct ft_table *table;
	const struct ft_batch *batch;
	struct place *starts; /* entries that begin with a SYN */
	size_t start_count, start_space;
	uint64_t memo_tick, memo_ns;
};

/* True if the entry begins a TCP connection. */
static bool is_start(const struct ft_entry *entry)
{
	return (entry->flags[0] & FLAG_STARTS) && entry->key.protocol == 6;
}

/* Ticks to nanoseconds; neighbours often share their tick. */
static uint64_t tick_ns(struct apply *apply, uint64_t tick)
{
	if (tick != apply->memo_tick) {
		apply->memo_tick = tick;
		apply->memo_ns = ft_clock_ns(&apply->batch->clock, tick);
	}
	return apply->memo_ns;
}

/* sum += both directions of an entry. */
static void add_entry(struct ft_sum *sum, const struct ft_entry *entry)
{
	sum->packets += entry->dir[0].packets + entry->dir[1].packets;
	sum->bytes += entry->dir[0].bytes + entry->dir[1].bytes;
	sum->l2_bytes += entry->dir[0].l2_bytes + entry->dir[1].l2_bytes;
}

/* Who sent first in an entry; 2 if nobody did. */
static uint8_t first_dir(const struct ft_entry *entry)
{
	if (!entry->dir[0].packets)
		return entry->dir[1].packets ? 1 : 2;
	return entry->dir[1].packets && (entry->flags[0] & FT_ENTRY_FIRST_BA) ? 1 : 0;
}

/* A new flow for an entry's key, not in the index yet; FT_NO_SLOT if there is no room. */
static uint32_t bear(struct apply *apply, const struct ft_entry *entry)
{
	struct ft_table *table = apply->table;
	struct ft_change *change;
	struct ft_flow *flow;
	uint32_t slot;

	if (!ft_table_make_room(table))
		return FT_NO_SLOT;
	slot = ft_flow_store_add(table->store);
	if (slot == FT_NO_SLOT)
		return FT_NO_SLOT;
	flow = ft_flow_store_flow(table->store, slot);
	flow->key = entry->key;
	flow->id = ++table->last_id;
	flow->first_ns = tick_ns(apply, entry->first_tick);
	flow->initiator = FT_END_NONE;
	flow->local = FT_END_NONE;
	*ft_flow_store_link(table->store, slot) = table->base_count + table->new_count++;
	table->held++;
	change = ft_table_change(table, slot);
	change->flags = FT_CHANGE_NEW;
	change->first_dir = first_dir(entry);
	ft_table_tcp_begin(table, change->row);
	ft_table_own_new(table, change, slot);
	return slot;
}

/* Remembers that a flow began in this batch. */
static void add_split(struct ft_table *table, uint32_t slot, uint32_t before,
		      const struct ft_entry *entry)
{
	if (table->split_count == table->split_space) {
		table->split_space = table->split_space ? table->split_space * 2 : 16;
		table->splits = xreallocarray(table->splits, table->split_space,
					      sizeof(*table->splits));
	}
	table->splits[table->split_count++] = (struct ft_split){
		.slot = slot, .before = before, .tick = entry->first_tick, .entry = entry,
	};
	ft_table_change(table, slot)->split = (uint32_t)table->split_count;
}

/* What another processor saw of the new connection may have been counted for the old flow before
 * its SYN was met: the old one's socket is not the new one's. */
static void forget_cookies(struct ft_change *change, const struct ft_entry *start)
{
	for (int end = 0; end < 2; end++) {
		if (change->cookie[end] == start->cookie[end])
			change->cookie[end] = 0;
	}
}

/* A new connection takes a flow's key over. The old flow stays if there is no room. */
static uint32_t succeed(struct apply *apply, const struct place *place, uint32_t before)
{
	const struct ft_entry *entry = place->entry;
	struct ft_table *table = apply->table;
	uint32_t slot;

	/* Before there is room to be made: what counts now can't be the victim. */
	ft_table_change(table, before);
	slot = bear(apply, entry);
	if (slot == FT_NO_SLOT)
		return before;
	ft_table_change(table, before)->flags |= FT_CHANGE_SUPERSEDED;
	forget_cookies(ft_table_change(table, before), entry);
	ft_index_replace(table, place->hash, before, slot);
	add_split(table, slot, before, entry);
	return slot;
}

/* The flow that an entry belongs to if it began before the split that it meets. */
static uint32_t find_before(struct apply *apply, const struct place *place, uint32_t slot)
{
	struct ft_table *table = apply->table;
	const struct ft_entry *entry = place->entry, *end = place->span->entries +
							    place->span->count;
	uint32_t link = *ft_flow_store_link(table->store, slot);

	while (link & FT_LINK_CHANGED) {
		uint32_t number = ft_table_changes(table)[link & FT_LINK_NUMBER].split;
		struct ft_split *split;
		uint32_t before;

		if (!number)
			break;
		split = &table->splits[number - 1];
		if (entry->first_tick > split->tick)
			break;
		/* In one span what stands earlier is older; across spans nobody knows. */
		if (entry->first_tick == split->tick &&
		    (split->entry <= entry || split->entry >= end))
			break;
		if (split->before == FT_NO_SLOT) {
			before = bear(apply, entry);
			if (before == FT_NO_SLOT)
				break;
			ft_table_change(table, before)->flags |= FT_CHANGE_SUPERSEDED;
			table->splits[number - 1].before = before;
		}
		slot = table->splits[number - 1].before;
		link = *ft_flow_store_link(table->store, slot);
	}
	return slot;
}

/* True if an entry that begins with a SYN is a new connection on this flow's tuple. */
static bool is_new_connection(struct apply *apply, const struct ft_entry *entry, uint32_t slot)
{
	const struct ft_flow *flow = ft_flow_store_flow(apply->table->store, slot);
	uint8_t flags[2];

	if (entry->flags[0] & FT_ENTRY_NEW)
		return true;
	ft_table_tcp_flags(apply->table, slot, flags);
	if (!((flags[0] | flags[1]) & (FT_TCP_FIN | FT_TCP_RST)))
		return false;
	/* A whole short connection in one batch, on two CPUs: its end isn't before its SYN. */
	return flow->id < apply->table->batch_first_id ||
	       flow->first_ns < tick_ns(apply, entry->first_tick);
}

/* An older beginning or a second opinion on who began, for a flow that nobody has seen yet. */
static void note_birth(struct apply *apply, struct ft_change *change, struct ft_flow *flow,
		       const struct ft_entry *entry)
{
	uint64_t first_ns = tick_ns(apply, entry->first_tick);
	uint8_t dir = first_dir(entry);

	if (first_ns < flow->first_ns) {
		flow->first_ns = first_ns;
		change->first_dir = dir;
	} else if (first_ns == flow->first_ns && dir != change->first_dir) {
		change->first_dir = 2;
	}
	if (entry->flags[0] & (FT_ENTRY_EXTRA_SPI | FT_ENTRY_EXTRA_GRE))
		flow->extra = entry->extra;
}

/* The socket of a direction: one that a packet came from counts more than one looked up. */
static void note_cookie(struct ft_change *change, const struct ft_entry *entry, int dir)
{
	uint8_t bit = (uint8_t)(1 << dir);
	bool looked_up = entry->flags[1] & FT_ENTRY_LOOKED_UP(dir);

	if (!entry->cookie[dir])
		return;
	/* The entry may go on into the connection that followed. */
	if (change->flags & FT_CHANGE_SUPERSEDED &&
	    (!(change->flags & FT_CHANGE_NEW) || change->cookie[dir]))
		return;
	if (looked_up && change->cookie[dir] && !(change->looked_up & bit))
		return;
	change->cookie[dir] = entry->cookie[dir];
	change->looked_up = (uint8_t)(looked_up ? change->looked_up | bit :
						  change->looked_up & ~bit);
}

/* Counts an entry for a flow. */
static void count(struct apply *apply, const struct ft_entry *entry, uint32_t slot)
{
	struct ft_table *table = apply->table;
	struct ft_change *change = ft_table_change(table, slot);
	struct ft_delta *delta = ft_table_delta(table, change);
	uint64_t last_ns = tick_ns(apply, entry->last_tick);
	bool newest = last_ns >= change->last_ns;
	int dir;

	if (newest)
		change->last_ns = last_ns;
	for (dir = 0; dir < 2; dir++) {
		delta->count[dir].packets += entry->dir[dir].packets;
		delta->count[dir].bytes += entry->dir[dir].bytes;
		delta->count[dir].l2_bytes += entry->dir[dir].l2_bytes;
		change->tcp_flags[dir] |= entry->tcp_flags[dir];
		if (entry->ifindex[dir] && (newest || !change->ifindex[dir]))
			change->ifindex[dir] = entry->ifindex[dir];
		note_cookie(change, entry, dir);
	}
	change->entry_flags |= entry->flags[0] & FLAG_KEPT;
	change->syn |= ((entry->flags[0] & FT_ENTRY_SYN_AB) ? 1 : 0) |
		       ((entry->flags[0] & FT_ENTRY_SYN_BA) ? 2 : 0);
	if (entry->shake[0] | entry->shake[1])
		ft_table_note_shake(table, change, entry);
	if (change->flags & FT_CHANGE_NEW)
		note_birth(apply, change, ft_flow_store_flow(table->store, slot), entry);
}

/* Finds or makes the flow of an entry. */
static uint32_t find_flow(struct apply *apply, const struct place *place)
{
	struct ft_table *table = apply->table;
	const struct ft_entry *entry = place->entry;
	uint32_t slot = ft_index_find(table, &entry->key, place->hash);

	if (slot == FT_NO_SLOT) {
		slot = bear(apply, entry);
		if (slot == FT_NO_SLOT)
			return slot;
		ft_index_add(table, place->hash, slot);
		if (is_start(entry) && (entry->flags[0] & FT_ENTRY_NEW))
			add_split(table, slot, FT_NO_SLOT, entry);
		return slot;
	}
	if (table->split_count) {
		uint32_t before = find_before(apply, place, slot);

		if (before != slot)
			return before;
	}
	if (is_start(entry) && is_new_connection(apply, entry, slot))
		return succeed(apply, place, slot);
	return slot;
}

/* One entry: into its flow, or into `other` if that can't be held. */
static void apply_entry(struct apply *apply, const struct place *place)
{
	const struct ft_entry *entry = place->entry;
	struct ft_scope_state *scope = ft_table_scope(apply->table, entry->key.scope);
	uint32_t slot;

	if (!scope) {
		ft_log(FT_LOG_ERROR, "an entry of scope %u was dropped: there is none",
		       entry->key.scope);
		return;
	}
	slot = find_flow(apply, place);
	if (slot == FT_NO_SLOT) {
		add_entry(&scope->interval.other, entry);
		add_entry(&scope->total.other, entry);
		return;
	}
	count(apply, entry, slot);
	add_entry(&scope->interval.flows, entry);
	add_entry(&scope->total.flows, entry);
}

/* All entries of a span, or only those that don't begin with a SYN; fetches memory ahead. */
static void apply_span(struct apply *apply, const struct ft_span *span, bool with_starts)
{
	struct ft_table *table = apply->table;
	uint64_t hashes[2 * AHEAD];
	size_t i, hashed = 0;

	for (i = 0; i < span->count; i++) {
		struct place place = { .span = span, .entry = &span->entries[i] };

		for (; hashed < span->count && hashed < i + 2 * AHEAD; hashed++) {
			if (!with_starts && is_start(&span->entries[hashed]))
				continue;
			hashes[hashed % (2 * AHEAD)] =
				ft_table_hash(table, &span->entries[hashed].key);
			ft_index_prefetch(table, hashes[hashed % (2 * AHEAD)]);
		}
		if (i + AHEAD < span->count &&
		    (with_starts || !is_start(&span->entries[i + AHEAD])))
			ft_index_prefetch_flow(table, hashes[(i + AHEAD) % (2 * AHEAD)]);
		place.hash = hashes[i % (2 * AHEAD)];
		if (with_starts || !is_start(place.entry))
			apply_entry(apply, &place);
	}
}

/* The beginning that has its turn; fetches memory for the next ones. */
static const struct place *take_start(const struct apply *apply, size_t i)
{
	if (i + 2 * AHEAD < apply->start_count)
		ft_index_prefetch(apply->table, apply->starts[i + 2 * AHEAD].hash);
	if (i + AHEAD < apply->start_count)
		ft_index_prefetch_flow(apply->table, apply->starts[i + AHEAD].hash);
	return &apply->starts[i];
}

/* By tick; equal ones as they stand in memory, so that the order is total. */
static int compare_starts(const void *a, const void *b)
{
	const struct place *one = a, *two = b;

	if (one->entry->first_tick != two->entry->first_tick)
		return one->entry->first_tick < two->entry->first_tick ? -1 : 1;
	return one->entry < two->entry ? -1 : one->entry > two->entry;
}

/* Remembers an entry for later. */
static void add_start(struct apply *apply, struct place place)
{
	if (apply->start_count == apply->start_space) {
		apply->start_space = apply->start_space ? apply->start_space * 2 : 64;
		apply->starts = xreallocarray(apply->starts, apply->start_space,
					      sizeof(*apply->starts));
	}
	apply->starts[apply->start_count++] = place;
}

/* Collects the entries that begin with a SYN, in the order of time. */
static void find_starts(struct apply *apply)
{
	size_t i, j;

	for (i = 0; i < apply->batch->span_count; i++) {
		const struct ft_span *span = &apply->batch->spans[i];

		for (j = 0; j < span->count; j++) {
			if (!is_start(&span->entries[j]))
				continue;
			add_start(apply, (struct place){
				.span = span,
				.entry = &span->entries[j],
				.hash = ft_table_hash(apply->table, &span->entries[j].key),
			});
		}
	}
	if (apply->start_count)
		qsort(apply->starts, apply->start_count, sizeof(*apply->starts), compare_starts);
}

/* Step 1: applies the certain beginnings and keeps the others. */
static void apply_certain(struct apply *apply)
{
	struct ft_table *table = apply->table;
	size_t i, kept = 0;

	for (i = 0; i < apply->start_count; i++) {
		const struct place *place = take_start(apply, i);
		bool certain = place->entry->flags[0] & FT_ENTRY_NEW;

		if (!certain) {
			uint32_t slot = ft_index_find(table, &place->entry->key, place->hash);

			certain = slot != FT_NO_SLOT &&
				  is_new_connection(apply, place->entry, slot);
		}
		if (certain)
			apply_entry(apply, place);
		else
			apply->starts[kept++] = *place;
	}
	apply->start_count = kept;
}

/* Several spans: the three steps of the comment above. */
static void apply_spans(struct apply *apply)
{
	size_t i;

	find_starts(apply);
	apply_certain(apply);
	for (i = 0; i < apply->batch->span_count; i++)
		apply_span(apply, &apply->batch->spans[i], false);
	for (i = 0; i < apply->start_count; i++)
		apply_entry(apply, take_start(apply, i));
}

/* sum += counters. */
static void add_counters(struct ft_line *line, const struct ft_scope_delta *delta)
{
	unsigned int i;

	for (i = 0; i < FT_C_MAX; i++) {
		line->by.c[i].packets += delta->counters.c[i].packets;
		line->by.c[i].l2_bytes += delta->counters.c[i].l2_bytes;
	}
	line->seen = line->by.c[FT_C_SEEN];
	line->inexact |= delta->lost_inexact;
}

/* sum += counters. */
static void add_iface(struct ft_iface_counters *sum, const struct ft_iface_counters *value)
{
	sum->rx.packets += value->rx.packets;
	sum->rx.l2_bytes += value->rx.l2_bytes;
	sum->tx.packets += value->tx.packets;
	sum->tx.l2_bytes += value->tx.l2_bytes;
}

/* The counters beside the entries. */
static void apply_counters(struct ft_table *table, const struct ft_batch *batch)
{
	size_t i;

	for (i = 0; i < batch->scope_count; i++) {
		struct ft_scope_state *scope = ft_table_scope(table, batch->scopes[i].scope);

		if (!scope)
			continue;
		add_counters(&scope->interval, &batch->scopes[i]);
		add_counters(&scope->total, &batch->scopes[i]);
	}
	for (i = 0; i < batch->iface_count; i++) {
		struct ft_iface_state *iface = ft_table_iface(table, batch->ifaces[i].ifindex);

		add_iface(&iface->interval, &batch->ifaces[i].counters);
		add_iface(&iface->total, &batch->ifaces[i].counters);
	}
}

void ft_table_apply(struct ft_table *table, const struct ft_batch *batch)
{
	struct apply apply = { .table = table, .batch = batch };
	size_t i;

	table->batch_first_id = table->last_id + 1;
	apply_counters(table, batch);
	if (batch->span_count == 1)
		apply_span(&apply, &batch->spans[0], true);
	else
		apply_spans(&apply);
	for (i = 0; i < table->split_count; i++) {
		const struct ft_split *split = &table->splits[i];

		ft_table_change(table, split->slot)->split = 0;
	}
	table->split_count = 0;
	ft_table_take_sockets(table, batch);
	free(apply.starts);
}
