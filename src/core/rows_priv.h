/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside a snapshot's lines: rows_select.c tells which rows are listed, rows.c ranks and orders them.
 * Nobody else includes this.
 */
#ifndef FT_CORE_ROWS_PRIV_H
#define FT_CORE_ROWS_PRIV_H

#include "core/distinct.h"
#include "core/group.h"
#include "core/order.h"
#include "core/rows.h"

/* Rows of which the cold record is asked for in advance: it may lie anywhere. */
#define AHEAD 16U

/* What a selection was made from: the same values give the same selection. */
struct selected_by {
	uint64_t generation;
	enum ft_list list;
	enum ft_group_by group_by;
	uint64_t within; /* group's id, 0 = none */
	bool hide_closed;
	unsigned shown;
	const struct ft_baseline *baseline;
	uint64_t base_ns; /* tells baselines apart that had the same memory */
	const struct ft_snapshot *snapshot;
	uint64_t difference; /* its serial, 0 = none */
};

struct frozen_rank; /* rows.c's */

struct ft_rows {
	const struct ft_snapshot *snapshot;
	struct ft_show show;
	enum ft_list list;
	const struct ft_column *column;
	bool ascending;

	struct selected_by by;
	char *by_text;      /* the filter's expression */
	bool selected;      /* by, flows and groups hold a selection */
	uint32_t *flows;    /* indexes of flows or sockets that pass */
	size_t flow_count, flow_room;
	bool all_flows;     /* every row passes: flows is not filled */
	struct ft_groups *groups;
	struct ft_hidden hidden;

	struct ft_order *order;
	struct ft_distinct *distinct; /* texts of the sort column */
	size_t many_at;               /* rows ranked when it had more than that holds, 0 = it has not */
	struct frozen_rank *frozen; /* NULL = not frozen */
	size_t frozen_size;         /* a power of two */
};

/* Asks for what selecting and ranking read of a flow some rows behind this one. */
static inline void ft_rows_ask_ahead(const struct ft_snapshot *snapshot, size_t row)
{
	const char *cold;

	if (row + AHEAD >= snapshot->row_count)
		return;
	cold = (const char *)snapshot->rows[row + AHEAD].flow;
	__builtin_prefetch(cold);
	__builtin_prefetch(cold + sizeof(struct ft_flow) - 1);
}

/* Selects what query asks for, unless the rows hold it. Returns what is listed if it was ranked on
 * the way, else NULL. */
struct ft_order_entry *ft_rows_select(struct ft_rows *rows, const struct ft_snapshot *snapshot,
				      const struct ft_query *query);
/* rows.c: ranks the numbers from..to - 1 of the selection by the sort column. */
void ft_rows_rank(struct ft_rows *rows, struct ft_order_entry *entries, size_t from, size_t to);

#endif
