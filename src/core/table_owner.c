/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which process owns a flow's own ends. A flow with an own end is unowned from its birth until
 * both its own ends are known or the source says that they never will be; so is one of two other
 * machines' to a group (broadcast, multicast), which processes here may listen to. Two lists say whom
 * to ask about, so that no rows are searched: the changes of unowned flows in this interval
 * (active ones, asked first), and a ring of all others that were asked before or had no turn.
 */
#include <stdlib.h>

#include "core/table_build.h"
#include "core/xalloc.h"

void ft_table_own_new(struct ft_table *table, struct ft_change *change, uint32_t slot)
{
	const struct ft_flow_key *key = &ft_flow_store_flow(table->store, slot)->key;
	bool own_a = ft_addr_set_own(&table->addresses, key->addr_a);
	bool own_b = ft_addr_set_own(&table->addresses, key->addr_b);
	bool passes = !own_a && !own_b;
	bool ask_a = passes ? ft_table_is_group(table, key, FT_END_A) : own_a;
	bool ask_b = passes ? ft_table_is_group(table, key, FT_END_B) : own_b;
	uint16_t foreign = passes ? FT_OWNER_TRANSIT : FT_OWNER_FOREIGN;
	uint32_t number = *ft_flow_store_link(table->store, slot) & FT_LINK_NUMBER;

	change->owner[0] = ask_a ? FT_OWNER_UNKNOWN : foreign;
	change->owner[1] = ask_b ? FT_OWNER_UNKNOWN : foreign;
	if (!ask_a && !ask_b)
		return;
	*ft_flow_store_link(table->store, slot) |= FT_LINK_UNOWNED;
	ft_region_grow(&table->active, (table->active_count + 1ULL) * sizeof(uint32_t));
	((uint32_t *)table->active.base)[table->active_count++] = number;
}

/* True if the item's flow is still in the table: its slot may be free, dead, or another's. */
static bool is_alive(const struct ft_table *table, const struct ft_unowned *item)
{
	const struct ft_flow *flow;
	uint32_t link, number;

	if (!table->store->chunks[item->slot >> FT_CHUNK_SHIFT])
		return false;
	flow = ft_flow_store_flow(table->store, item->slot);
	link = *ft_flow_store_link(table->store, item->slot);
	number = link & FT_LINK_NUMBER;
	if ((uint32_t)flow->id != item->id)
		return false;
	if (link & FT_LINK_CHANGED)
		return number < table->change_count &&
		       ft_table_changes(table)[number].slot == item->slot;
	return number < table->base_count && ft_block_rows(table->base)[number].flow == flow;
}

/* Takes flows that left out of a full ring; makes it twice as large if few had. So it is bounded
 * by the flows that there are, also where new ones come faster than anybody is asked. */
static void make_place(struct ft_table *table)
{
	size_t space = table->queue_space ? table->queue_space : 64, count = 0, i;
	struct ft_unowned *queue;

	for (i = 0; i < table->queue_count; i++) {
		struct ft_unowned item =
			table->queue[(table->queue_head + i) & (table->queue_space - 1)];

		if (is_alive(table, &item))
			table->queue[(table->queue_head + count++) & (table->queue_space - 1)] =
				item;
	}
	table->queue_count = count;
	if (table->queue_space && count < table->queue_space / 2)
		return;
	if (table->queue_space)
		space *= 2;
	queue = xreallocarray(NULL, space, sizeof(*queue));
	for (i = 0; i < count; i++)
		queue[i] = table->queue[(table->queue_head + i) & (table->queue_space - 1)];
	free(table->queue);
	table->queue = queue;
	table->queue_space = space;
	table->queue_head = 0;
}

/* Puts a flow at the end of the ring. */
static void enqueue(struct ft_table *table, uint32_t slot, const uint64_t cookie[2])
{
	if (table->queue_count == table->queue_space)
		make_place(table);
	table->queue[(table->queue_head + table->queue_count++) & (table->queue_space - 1)] =
		(struct ft_unowned){
			.slot = slot,
			.id = (uint32_t)ft_flow_store_flow(table->store, slot)->id,
			.cookie = { cookie[0], cookie[1] },
		};
	*ft_flow_store_link(table->store, slot) |= FT_LINK_QUEUED;
}

/* What is known of the owners so far. */
static void known_owners(const struct ft_table *table, uint32_t slot, uint16_t ret_owner[2])
{
	uint32_t link = *ft_flow_store_link(table->store, slot);
	uint32_t row = link & FT_LINK_NUMBER;

	if (link & FT_LINK_CHANGED) {
		const struct ft_change *change = &ft_table_changes(table)[row];

		row = change->row;
		if (change->flags & (FT_CHANGE_OWNER | FT_CHANGE_NEW)) {
			ret_owner[0] = change->owner[0];
			ret_owner[1] = change->owner[1];
			return;
		}
	}
	ret_owner[0] = ft_block_rows(table->base)[row].owner[0];
	ret_owner[1] = ft_block_rows(table->base)[row].owner[1];
}

/* True if an answer says something, about a process that there is. */
static bool is_answer(const struct ft_table *table, uint16_t owner)
{
	return owner == FT_OWNER_KERNEL || ft_owners_process(table->owners, owner);
}

/* Takes the answers over; true if nothing is left to ask. */
static bool take_answer(struct ft_table *table, uint32_t slot, const uint16_t known[2],
			const struct ft_owner_query *query)
{
	bool done = true;
	int end;

	for (end = 0; end < 2; end++) {
		struct ft_change *change;

		if (known[end] != FT_OWNER_UNKNOWN)
			continue;
		if (!is_answer(table, query->owner[end])) {
			done = false;
			continue;
		}
		change = ft_table_change(table, slot);
		if (!(change->flags & (FT_CHANGE_OWNER | FT_CHANGE_NEW)))
			known_owners(table, slot, change->owner);
		change->flags |= FT_CHANGE_OWNER;
		change->owner[end] = query->owner[end];
		ft_owners_hold(table->owners, query->owner[end]);
	}
	return done || query->final;
}

/* Makes an end of a flow another owner's. */
static void move(struct ft_table *table, uint32_t slot, int end, uint16_t owner)
{
	struct ft_change *change = ft_table_change(table, slot);
	uint16_t known[2];

	known_owners(table, slot, known);
	if (!(change->flags & (FT_CHANGE_OWNER | FT_CHANGE_NEW))) {
		change->owner[0] = known[0];
		change->owner[1] = known[1];
	}
	change->flags |= FT_CHANGE_OWNER;
	ft_owners_release(table->owners, known[end]);
	change->owner[end] = owner;
	ft_owners_hold(table->owners, owner);
}

/*
 * True if a cookie says whose the end is. What a look-up found is who listens there on this machine: good
 * enough only where nothing else is known, and never for another machine's address, which a
 * listener on any address has as well.
 */
static bool is_told(const struct ft_table *table, const struct ft_change *change, int end,
		    uint16_t known)
{
	const struct ft_flow_key *key = &ft_flow_store_flow(table->store, change->slot)->key;
	const uint8_t *addr = end ? key->addr_b : key->addr_a;

	if (!change->cookie[end] || !(change->looked_up & 1 << end))
		return change->cookie[end];
	return !ft_owners_process(table->owners, known) &&
	       (ft_addr_set_own(&table->addresses, addr) || ft_table_is_group(table, key, end));
}

void ft_table_move_owners(struct ft_table *table, uint16_t (*find)(void *arg, uint64_t cookie),
			  void *arg)
{
	for (uint32_t i = 0; i < table->change_count; i++) {
		struct ft_change *change = &ft_table_changes(table)[i];
		uint16_t known[2], owner;

		if (!change->cookie[0] && !change->cookie[1])
			continue;
		known_owners(table, change->slot, known);
		for (int end = 0; end < 2; end++) {
			if (!is_told(table, change, end, known[end]))
				continue;
			owner = find(arg, change->cookie[end]);
			if (owner != known[end] && is_answer(table, owner))
				move(table, change->slot, end, owner);
		}
	}
}

/* Who opened a flow; of one that was in no snapshot yet, as far as its packets tell. */
static enum ft_end initiator_of(const struct ft_table *table, uint32_t slot)
{
	uint32_t link = *ft_flow_store_link(table->store, slot);

	if (link & FT_LINK_CHANGED) {
		const struct ft_change *change = &ft_table_changes(table)[link & FT_LINK_NUMBER];

		if (change->flags & FT_CHANGE_NEW)
			return ft_flow_initiator(change);
	}
	return (enum ft_end)ft_flow_store_flow(table->store, slot)->initiator;
}

/* Asks about one flow; false if it has to be asked again. */
static bool ask(struct ft_table *table, uint32_t slot, const uint64_t cookie[2],
		void (*resolve)(void *arg, struct ft_owner_query *query), void *arg)
{
	uint16_t known[2];
	struct ft_owner_query query = {
		.flow = ft_flow_store_flow(table->store, slot),
		.cookie = { cookie[0], cookie[1] },
		.initiator = initiator_of(table, slot),
	};

	known_owners(table, slot, known);
	query.owner[0] = known[0];
	query.owner[1] = known[1];
	for (int end = 0; end < 2; end++)
		query.end_is_own[end] =
			known[end] != FT_OWNER_FOREIGN && known[end] != FT_OWNER_TRANSIT;
	resolve(arg, &query);
	if (!take_answer(table, slot, known, &query))
		return false;
	*ft_flow_store_link(table->store, slot) &= ~FT_LINK_UNOWNED;
	return true;
}

void ft_unowned_rename(struct ft_build *build,
		       uint32_t (*renamed)(const struct ft_build *build, uint32_t slot))
{
	struct ft_table *table = build->table;

	for (size_t i = 0; i < table->queue_count; i++) {
		struct ft_unowned *item =
			&table->queue[(table->queue_head + i) & (table->queue_space - 1)];

		if (is_alive(table, item))
			item->slot = renamed(build, item->slot);
	}
}

/* Active ones that had no turn get one later. */
void ft_table_queue_rest(struct ft_table *table)
{
	const uint32_t *active = table->active.base;

	for (; table->resolving && table->active_next < table->active_count;
	     table->active_next++) {
		const struct ft_change *change =
			&ft_table_changes(table)[active[table->active_next]];
		uint32_t link = *ft_flow_store_link(table->store, change->slot);

		if ((link & FT_LINK_UNOWNED) && !(link & FT_LINK_QUEUED))
			enqueue(table, change->slot, change->cookie);
	}
	table->active_next = table->active_count;
}

void ft_table_resolve_owners(struct ft_table *table, unsigned max,
			     void (*resolve)(void *arg, struct ft_owner_query *query), void *arg)
{
	size_t idle = table->queue_count;

	table->resolving = true;
	for (; max > 0 && table->active_next < table->active_count; table->active_next++) {
		uint32_t number = ((const uint32_t *)table->active.base)[table->active_next];
		struct ft_change change = ft_table_changes(table)[number];

		if (!(*ft_flow_store_link(table->store, change.slot) & FT_LINK_UNOWNED))
			continue;
		max--;
		if (!ask(table, change.slot, change.cookie, resolve, arg) &&
		    !(*ft_flow_store_link(table->store, change.slot) & FT_LINK_QUEUED))
			enqueue(table, change.slot, change.cookie);
	}
	for (; max > 0 && idle > 0; idle--) {
		struct ft_unowned item = table->queue[table->queue_head];
		uint32_t *link;

		table->queue_head = (table->queue_head + 1) & (table->queue_space - 1);
		table->queue_count--;
		if (!is_alive(table, &item))
			continue;
		link = ft_flow_store_link(table->store, item.slot);
		*link &= ~FT_LINK_QUEUED;
		if (!(*link & FT_LINK_UNOWNED))
			continue;
		max--;
		if (!ask(table, item.slot, item.cookie, resolve, arg))
			enqueue(table, item.slot, item.cookie);
	}
}
