/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of each flow a collector is to hear, and when: a flow's record is due when it ended, was
 * idle for a while, or has been active for long; it then holds what was counted since its last
 * one. Works from totals, so an interval that was missed is in the next record; only what ended
 * in it is gone, and that is counted.
 *
 *   snapshot's rows ──► id ──► what the collector was told so far ──► records that are due
 *
 * One entry for each flow that has something to tell or was told of, never more than the
 * snapshot has rows. Used by one thread.
 */
#ifndef FT_OUTPUT_DUE_H
#define FT_OUTPUT_DUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/snapshot.h"

enum ft_due_why {
	FT_DUE_ENDED,
	FT_DUE_IDLE,
	FT_DUE_ACTIVE,
	FT_DUE_NEW, /* the flow is there: counts nothing, and what it counted comes later */
};

struct ft_due_record {
	const struct ft_flow_hot *flow; /* borrowed from the snapshot */
	struct ft_counts count[2];      /* since the last record; [0] a->b */
	uint64_t start_ns, end_ns;      /* CLOCK_REALTIME */
	enum ft_due_why why;
};

struct ft_due;
/* tell_new: each flow begins with a record FT_DUE_NEW. */
struct ft_due *ft_due_new(uint64_t idle_ns, uint64_t active_ns, bool tell_new);
void ft_due_free(struct ft_due *due); /* NULL is fine */

/* Begins a snapshot, which is borrowed until the next one. */
void ft_due_begin(struct ft_due *due, const struct ft_snapshot *snapshot);
/* The next record of it that is due, as told from now on; false behind the last, and then the
 * entries of flows that are gone are too. */
bool ft_due_next(struct ft_due *due, struct ft_due_record *ret_record);
/* All of the snapshot without a record: nobody listens. What is due stays so. */
void ft_due_skip(struct ft_due *due);
/* Flows that went away with something untold, since start. */
uint64_t ft_due_missed(const struct ft_due *due);

#endif
