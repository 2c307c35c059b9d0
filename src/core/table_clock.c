/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wall clock was set while flowtop runs: what is past moves with it, so that nobody is older, or
 * idle for longer, than they were. Rows are copied for each snapshot and are simply changed;
 * cold records may be shown by other snapshots and never change, so that flows get new ones: each
 * gives its slot's place (in its row, change, index, node, queue) to a copy with another first_ns
 * and dies. As this hardly ever happens it may take as long as a snapshot.
 *
 * In the interval in which it was set some times are those of the clock before, and some of the one
 * after. The latter lie in the interval as it is now, and mostly only they: after a step that is
 * shorter than the interval a time may be off by it.
 */
#include "core/table_build.h"

/* A step of the clock by less is drift and slew. */
#define JUMP_NS 2000000000LL

/* By how much CLOCK_REALTIME was set since the last snapshot. Files have times of their own. */
int64_t ft_table_clock_shift(const struct ft_table *table, const struct ft_snapshot_info *info)
{
	int64_t jump;

	if (info->progress >= 0 || !table->last_end_ns)
		return 0;
	jump = (int64_t)(info->end_ns - table->last_end_ns - info->interval_ns);
	return jump > JUMP_NS || jump < -JUMP_NS ? jump : 0;
}

uint64_t ft_build_time(const struct ft_build *build, uint64_t ns)
{
	uint64_t end = build->info->end_ns, slack = JUMP_NS / 2;

	if (!build->shift_ns || !ns ||
	    (ns <= end + slack && ns + build->info->interval_ns + slack >= end))
		return ns;
	return ns + (uint64_t)build->shift_ns;
}

/* The slot that a flow of the last snapshot has now. */
static uint32_t renewed(const struct ft_build *build, uint32_t slot)
{
	const struct ft_table *table = build->table;
	uint32_t link = *ft_flow_store_link(table->store, slot), row = link & FT_LINK_NUMBER;

	if (link & FT_LINK_CHANGED)
		row = ft_table_changes(table)[row].row;
	return row < table->base_count ? ft_flow_slot(build->rows[row].flow) : slot;
}

/* A copy of a row's cold record that began at another time; its old one still says where it is. */
static void renew(struct ft_build *build, uint32_t row)
{
	struct ft_table *table = build->table;
	struct ft_flow_hot *hot = &build->rows[row];
	uint32_t old = ft_flow_slot(hot->flow), slot = ft_flow_store_add(table->store);
	struct ft_flow *flow;

	if (slot == FT_NO_SLOT)
		return; /* so many snapshots are alive that it is not the time to be exact */
	flow = ft_flow_store_flow(table->store, slot);
	*flow = *hot->flow;
	flow->first_ns += (uint64_t)build->shift_ns;
	flow->birth = (uint32_t)table->generation;
	*ft_flow_store_link(table->store, slot) = *ft_flow_store_link(table->store, old);
	ft_index_replace(table, ft_table_hash(table, &flow->key), old, slot);
	ft_pairs_rename(table, old, slot);
	hot->flow = flow;
}

/* Translations that ended and owners' accounts have times as well. */
static void shift_rest(struct ft_build *build)
{
	struct ft_table *table = build->table;
	uint64_t shift = (uint64_t)build->shift_ns;

	ft_pairs_shift(&table->pairs, shift);
	ft_past_shift(&table->past, shift);
}

void ft_build_shift(struct ft_build *build)
{
	struct ft_table *table = build->table;
	const struct ft_flow_hot *base = ft_block_rows(table->base);
	struct ft_change *changes = ft_table_changes(table);
	uint32_t i;

	if (!build->shift_ns)
		return;
	for (i = 0; i < table->base_count; i++)
		renew(build, i);
	ft_unowned_rename(build, renewed); /* asks the changes */
	for (i = 0; i < table->change_count; i++)
		changes[i].slot = renewed(build, changes[i].slot);
	for (i = 0; i < table->base_count; i++)
		if (base[i].flow != build->rows[i].flow)
			ft_flow_store_remove(table->store, ft_flow_slot(base[i].flow),
					     table->generation);
	shift_rest(build);
}
