/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes and deltas of the running interval: made at first need, one a flow. */
#include "core/table_priv.h"

struct ft_change *ft_table_change(struct ft_table *table, uint32_t slot)
{
	uint32_t *link = ft_flow_store_link(table->store, slot);
	struct ft_change *change;

	if (*link & FT_LINK_CHANGED)
		return &ft_table_changes(table)[*link & FT_LINK_NUMBER];
	ft_region_grow(&table->changes, (table->change_count + 1ULL) * sizeof(*change));
	change = &ft_table_changes(table)[table->change_count];
	*change = (struct ft_change){
		.slot = slot,
		.row = *link & FT_LINK_NUMBER,
		.first_dir = 2,
	};
	if (*link & FT_LINK_UNOWNED) {
		ft_region_grow(&table->active, (table->active_count + 1ULL) * sizeof(uint32_t));
		((uint32_t *)table->active.base)[table->active_count++] = table->change_count;
	}
	*link = FT_LINK_CHANGED | (*link & FT_LINK_FLAGS) | table->change_count++;
	return change;
}

struct ft_delta *ft_table_delta(struct ft_table *table, struct ft_change *change)
{
	struct ft_delta *deltas;

	if (!change->delta) {
		/* As many as in the last interval are likely. */
		if (table->delta_count == 0)
			ft_region_grow(&table->deltas, table->last_deltas * sizeof(*deltas));
		ft_region_grow(&table->deltas, (table->delta_count + 1ULL) * sizeof(*deltas));
		deltas = table->deltas.base;
		deltas[table->delta_count].row = change->row;
		change->delta = ++table->delta_count;
	}
	return &((struct ft_delta *)table->deltas.base)[change->delta - 1];
}

void ft_table_tcp_flags(const struct ft_table *table, uint32_t slot, uint8_t ret_flags[2])
{
	uint32_t link = *ft_flow_store_link(table->store, slot);
	uint32_t row = link & FT_LINK_NUMBER;

	ret_flags[0] = ret_flags[1] = 0;
	if (link & FT_LINK_CHANGED) {
		const struct ft_change *change = &ft_table_changes(table)[row];

		ret_flags[0] = change->tcp_flags[0];
		ret_flags[1] = change->tcp_flags[1];
		row = change->row;
	}
	if (row < table->base_count) {
		ret_flags[0] |= ft_block_rows(table->base)[row].tcp_flags[0];
		ret_flags[1] |= ft_block_rows(table->base)[row].tcp_flags[1];
	}
}
