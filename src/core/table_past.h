/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What owners' flows counted that have left the table: with the flows that are there, the totals
 * of processes, also of those that are gone. An account goes with its process' record; pseudo
 * owners (transit, ...) have theirs for good.
 */
#ifndef FT_CORE_TABLE_PAST_H
#define FT_CORE_TABLE_PAST_H

#include <stddef.h>
#include <stdint.h>

#include "core/region.h"

struct ft_build;
struct ft_flow_hot;
struct ft_snapshot;

struct ft_table_past {
	struct ft_region accounts; /* struct ft_past, by owner's id */
};

/* A row leaves. */
void ft_past_leave(struct ft_table_past *past, const struct ft_flow_hot *hot);
/* The clock was set. */
void ft_past_shift(struct ft_table_past *past, uint64_t shift_ns);
/* Hands a copy over; after the snapshot has its processes. */
void ft_build_past(struct ft_build *build, struct ft_snapshot *shown);
void ft_table_past_done(struct ft_table_past *past);

#endif
