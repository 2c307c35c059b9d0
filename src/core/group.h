/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows summed by what they have in common: the inside of rows.c. One set is filled flow by
 * flow and then read as an array; it keeps its memory between fills.
 */
#ifndef FT_CORE_GROUP_H
#define FT_CORE_GROUP_H

#include "core/rows.h"

struct ft_difference;
struct ft_groups;

struct ft_groups *ft_groups_new(void);
void ft_groups_free(struct ft_groups *groups);

/* Empties the set for another way of grouping; a difference's also sums what was. */
void ft_groups_reset(struct ft_groups *groups, enum ft_group_by by,
		     const struct ft_difference *difference);
/* Counts one flow at each of its ends. */
void ft_groups_add(struct ft_groups *groups, const struct ft_snapshot *snapshot,
		   const struct ft_flow_hot *flow, const struct ft_baseline *baseline);
/* Counts what owners' flows did that have left the table; for a set of processes. */
void ft_groups_add_past(struct ft_groups *groups, const struct ft_snapshot *snapshot);
/* After the last add (of past, too), with the same snapshot and baseline: only now all are
 * counted. */
void ft_groups_finish(struct ft_groups *groups, const struct ft_snapshot *snapshot,
		      const struct ft_baseline *baseline);
size_t ft_groups_count(const struct ft_groups *groups);
/* Valid until the next reset or add. */
const struct ft_group *ft_groups_at(const struct ft_groups *groups, size_t index);

/* Three-way order of two groups' keys of the same kind: addresses and numbers ascending. */
int ft_group_compare(const struct ft_group *a, const struct ft_group *b);
/* The first bits of that order, for cheap comparing: a <= b if ft_group_order(a) < (b). */
uint64_t ft_group_order(const struct ft_group *group);

#endif
