/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ends and departures. A flow that was idle too long ends; a row leaves after a snapshot has
 * shown it as ended and, but for evicted ones, closed_ns have passed since. The copying pass has
 * picked the few rows that may be concerned; they are looked at again here, because a change
 * may have woken them.
 */
#include "core/table_build.h"

/* How long such a flow may be silent. */
static uint64_t idle_limit(const struct ft_table *table, const struct ft_flow_hot *hot)
{
	return hot->state == FT_STATE_ESTABLISHED ? table->config.tcp_idle_ns :
						    table->config.idle_ns;
}

/* True if more than `limit` has passed since; times ahead of the clock are no time. */
static bool is_past(const struct ft_build *build, uint64_t since_ns, uint64_t limit)
{
	uint64_t now_ns = build->info->end_ns;

	return now_ns > since_ns && now_ns - since_ns >= limit;
}

bool ft_build_is_candidate(const struct ft_build *build, const struct ft_flow_hot *hot)
{
	return hot->ended != FT_ENDED_NOT ||
	       is_past(build, hot->last_ns, idle_limit(build->table, hot));
}

/* True if a row has been shown as ended for long enough. */
static bool is_leaving(const struct ft_build *build, uint32_t row)
{
	const struct ft_table *table = build->table;
	const struct ft_flow_hot *hot = &build->rows[row];
	uint64_t limit = table->config.closed_ns;

	/* What counted in this interval is shown with it. */
	if (ft_block_rows(table->base)[row].ended == FT_ENDED_NOT || hot->delta)
		return false;
	if (hot->ended == FT_ENDED_EVICTED || hot->last_ns == 0 ||
	    table->scopes[hot->flow->key.scope]->clearing)
		return true;
	if (hot->ended == FT_ENDED_IDLE)
		limit += idle_limit(table, hot);
	return is_past(build, hot->last_ns, limit);
}

/* The key belongs to whoever comes next. */
static void forget_key(struct ft_table *table, const struct ft_flow *flow)
{
	ft_index_remove(table, ft_table_hash(table, &flow->key), ft_flow_slot(flow));
}

/* An evicted flow's totals leave with it. */
static void move_to_other(struct ft_table *table, const struct ft_flow_hot *hot)
{
	struct ft_line *line = &table->scopes[hot->flow->key.scope]->total;
	int dir;

	for (dir = 0; dir < 2; dir++) {
		line->flows.packets -= hot->total[dir].packets;
		line->flows.bytes -= hot->total[dir].bytes;
		line->flows.l2_bytes -= hot->total[dir].l2_bytes;
		line->other.packets += hot->total[dir].packets;
		line->other.bytes += hot->total[dir].bytes;
		line->other.l2_bytes += hot->total[dir].l2_bytes;
	}
}

/* Takes a row out; the last row takes its place. */
static void remove_row(struct ft_build *build, uint32_t row)
{
	struct ft_table *table = build->table;
	struct ft_flow_hot *hot = &build->rows[row];
	uint32_t last = --build->row_count, *births = table->births.base, *link;

	if (hot->ended == FT_ENDED_EVICTED)
		move_to_other(table, hot);
	else
		forget_key(table, hot->flow);
	ft_owners_release(table->owners, hot->owner[0]);
	ft_owners_release(table->owners, hot->owner[1]);
	ft_pairs_leave(table, ft_flow_slot(hot->flow));
	ft_past_leave(&table->past, hot);
	ft_flow_store_remove(table->store, ft_flow_slot(hot->flow), table->generation);
	ft_table_tcp_leave(table, row, last);
	if (row == last)
		return;
	*hot = build->rows[last];
	births[row] = births[last];
	link = ft_flow_store_link(table->store, ft_flow_slot(hot->flow));
	*link = (*link & FT_LINK_FLAGS) | row;
	if (hot->delta)
		((struct ft_delta *)table->deltas.base)[hot->delta - 1].row = row;
}

void ft_build_age(struct ft_build *build)
{
	uint32_t *candidates = build->candidates.base, leaving = 0, i;

	for (i = 0; i < build->candidate_count; i++) {
		uint32_t row = candidates[i];
		const struct ft_flow_hot *hot = &build->rows[row];

		if (is_leaving(build, row)) {
			candidates[leaving++] = row;
		} else if (hot->ended == FT_ENDED_NOT &&
			   is_past(build, hot->last_ns, idle_limit(build->table, hot))) {
			ft_build_end(build, row, FT_ENDED_IDLE);
			ft_build_event(build, row, false, hot->tcp_flags);
			forget_key(build->table, hot->flow);
		}
	}
	/* From the end: the row that fills the hole is never one that leaves. */
	while (leaving > 0)
		remove_row(build, candidates[--leaving]);
}

/* Ends the flows of scopes whose interface vanished. */
void ft_build_end_scopes(struct ft_build *build)
{
	struct ft_table *table = build->table;
	uint32_t row, scope;

	for (row = 0; row < build->row_count; row++) {
		const struct ft_flow *flow = build->rows[row].flow;

		if (!table->scopes[flow->key.scope]->ending ||
		    build->rows[row].ended != FT_ENDED_NOT)
			continue;
		ft_build_end(build, row, FT_ENDED_INTERFACE);
		forget_key(table, flow);
	}
	for (scope = 0; scope < FT_MAX_SCOPES; scope++)
		if (table->scopes[scope])
			table->scopes[scope]->ending = false;
	table->scopes_ending = 0;
}

/* The last snapshot: whatever lives ends here. */
void ft_build_stop(struct ft_build *build)
{
	uint32_t row;

	for (row = 0; row < build->row_count; row++)
		ft_build_end(build, row, FT_ENDED_STOP);
}
