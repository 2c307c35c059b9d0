/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of counters, and of a difference by how much they are more. */
#include "output/record_priv.h"

#include "core/difference.h"

/* ---- counters */

/* One of a direction's three. */
static uint64_t count_of(const struct ft_counts *counts, unsigned which)
{
	return which == 0 ? counts->packets : which == 1 ? counts->bytes : counts->l2_bytes;
}

FT_FIELD_GET(flow_count)
{
	int dir = ft_record_end(record, arg % 6 >= 3 ? REMOTE : LOCAL);
	const struct ft_counts *counts =
		arg >= 6 ? record->flow->total : ft_snapshot_delta(record->snapshot, record->flow);

	ft_cell_uint(cell, count_of(&counts[dir], arg % 3));
}

FT_FIELD_GET(group_count)
{
	const struct ft_group *group = record->group;
	const struct ft_counts *tx = arg >= 6 ? &group->tx : &group->delta_tx;
	const struct ft_counts *rx = arg >= 6 ? &group->rx : &group->delta_rx;

	ft_cell_uint(cell, count_of(arg % 6 >= 3 ? rx : tx, arg % 3));
}

/* ---- how a row of a difference differs from the baseline */

FT_FIELD_GET(change)
{
	const struct ft_row row = { .flow = record->flow, .group = record->group };

	(void)arg;
	if (record->snapshot->difference)
		ft_cell_text(cell, ft_differs_name(ft_differs(record->snapshot, &row)));
}

FT_FIELD_GET(since)
{
	(void)arg;
	ft_cell_time(cell, ft_difference_since(record->snapshot));
}

/* By how much `now` is more than `was`. */
static void int_cell(struct ft_cell *cell, uint64_t now, uint64_t was)
{
	cell->kind = FT_CELL_INT;
	cell->number = now - was;
}

FT_FIELD_GET(flow_more)
{
	static const struct ft_counts nothing;
	const struct ft_snapshot *snapshot = record->snapshot;
	const struct ft_flow_hot *was = ft_flow_was(snapshot, record->flow);
	int dir = ft_record_end(record, arg % 6 >= 3 ? REMOTE : LOCAL);
	bool gone = ft_flow_has_vanished(snapshot, record->flow);

	if (snapshot->difference)
		int_cell(cell, count_of(gone ? &nothing : &record->flow->total[dir], arg % 3),
			 count_of(was ? &was->total[dir] : &nothing, arg % 3));
}

FT_FIELD_GET(group_more)
{
	const struct ft_group *group = record->group;
	bool rx = arg % 6 >= 3;

	if (group->was)
		int_cell(cell, count_of(rx ? &group->rx : &group->tx, arg % 3),
			 count_of(rx ? &group->was->rx : &group->was->tx, arg % 3));
}

FT_FIELD_GET(flows_more)
{
	(void)arg;
	if (record->group->was)
		int_cell(cell, record->group->flows, record->group->was->flows);
}
