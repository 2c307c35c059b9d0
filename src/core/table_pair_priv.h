/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What table_pair.c and table_pair_build.c share; nobody else includes this. */
#ifndef FT_CORE_TABLE_PAIR_PRIV_H
#define FT_CORE_TABLE_PAIR_PRIV_H

#include "core/table_build.h"

static inline struct ft_pair_node *ft_pair_node(const struct ft_table_pairs *pairs,
						uint32_t number)
{
	return (struct ft_pair_node *)pairs->nodes.base + number - 1;
}

/* As a node names it: number << 1 | side. */
static inline struct ft_nat_state *ft_pair_nat(const struct ft_table_pairs *pairs, uint32_t nat)
{
	return (struct ft_nat_state *)pairs->nats.base + (nat >> 1) - 1;
}

static inline uint32_t *ft_pair_next(const struct ft_table_pairs *pairs, uint32_t slot)
{
	return (uint32_t *)pairs->next.base + slot;
}

/* Puts a flow into the node of its tuple. */
void ft_pairs_add(struct ft_table *table, uint32_t slot);
/* The number of a flow's node, 0 = it has none. */
uint32_t ft_pairs_node_of(const struct ft_table *table, uint32_t slot);
/* Its owners are looked at with the next snapshot. */
void ft_pairs_touch(struct ft_table_pairs *pairs, uint32_t slot);

#endif
