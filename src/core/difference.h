/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The difference between two moments, as a snapshot: the rows of the later one, in their order,
 * and behind them those of the earlier one (the baseline) that it has no more. So filter, groups,
 * panes and outputs show it as they show any other; what they say of a row's baseline stands here.
 *
 *	rows      [ 0 .. after_rows )   of the later moment: appeared, grew, shrank or the same
 *	          [ after_rows .. )     vanished: as the baseline had them
 *	was       by row: 1 + its row in the baseline, 0 = it had none
 *
 * What is absent counts as nothing: the difference of a vanished row is what it had, with a minus.
 *
 * A flow of one moment is that of the other if the interface's name (of several hosts also who
 * saw it) and all of the key (ends, ports, protocol, VLANs) are equal, and when it was first seen, to the microsecond that records
 * hold: the same tuple used again is another connection. So is one that two runs of flowtop
 * counted, from two beginnings: their totals have nothing to do with each other. Processes are the
 * same if pid, name, command line and start are; the owner of a row is the later moment's, also for
 * what was before, because an owner that is found later has had the flow all the time.
 */
#ifndef FT_CORE_DIFFERENCE_H
#define FT_CORE_DIFFERENCE_H

#include "core/rows.h"

enum ft_differs {
	FT_DIFFERS_SAME,
	FT_DIFFERS_SHRANK,
	FT_DIFFERS_GREW,
	FT_DIFFERS_VANISHED,
	FT_DIFFERS_APPEARED,
	FT_DIFFERS_MAX
};

struct ft_difference {
	uint64_t serial; /* unique in this run, never 0: tells differences apart */
	const struct ft_snapshot *before, *after; /* references */
	const uint32_t *was; /* owned */
	size_t after_rows;
	/* past of the baseline, by this snapshot's owners; owned */
	const struct ft_past *past;
	size_t past_count;
	size_t flows[FT_DIFFERS_MAX]; /* how many rows of each */
};

/* What a group was in the baseline. */
struct ft_group_was {
	struct ft_counts tx, rx;
	float rate_bytes[FT_WINDOWS][2]; /* [0] tx, [1] rx */
	float rate_packets[FT_WINDOWS][2];
	uint32_t flows;
	bool before, after; /* it is in that moment */
};

/*
 * One reference, the caller's; takes one of each moment. What is a difference itself stands for
 * its later moment. one_run: both are known to be of one run or file, so that ids tell flows apart,
 * which do not change when the clock is set, as when they were first seen does.
 */
struct ft_snapshot *ft_difference_new(const struct ft_snapshot *before,
				      const struct ft_snapshot *after, bool one_run);
/* The moment that a snapshot shows: itself, or of a difference the later one. Borrowed. */
const struct ft_snapshot *ft_difference_moment(const struct ft_snapshot *snapshot);
/* When the baseline was; 0 if the snapshot is no difference. */
uint64_t ft_difference_since(const struct ft_snapshot *snapshot);

/* Of a row of a difference. */
enum ft_differs ft_differs(const struct ft_snapshot *snapshot, const struct ft_row *row);
bool ft_flow_has_vanished(const struct ft_snapshot *snapshot, const struct ft_flow_hot *row);
/* The row in the baseline that it was; NULL if it had none, or the snapshot is no difference. */
const struct ft_flow_hot *ft_flow_was(const struct ft_snapshot *snapshot,
				      const struct ft_flow_hot *row);

const char *ft_differs_name(enum ft_differs differs); /* N_(): "appeared", ... */
/* "+", "-" (vanished), ">" (grew), "<" (shrank), "=" */
const char *ft_differs_mark(enum ft_differs differs);

#endif
