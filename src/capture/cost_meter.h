/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures what flowtop itself costs, while somebody looks: CPU of its threads and memory from
 * /proc/self, programs in the kernel from what it says of their descriptors (fdinfo). The kernel
 * times programs only while it is asked to (it costs some 20 ns a run), and only for
 * CAP_SYS_ADMIN, which is given up at the start: a process of its own keeps it (cost_timer.h).
 * Collector thread only.
 */
#ifndef FT_CAPTURE_COST_METER_H
#define FT_CAPTURE_COST_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cost.h"

struct ft_cost_meter;

/* from_start: programs are timed from now on until it is freed; on_demand: they can be later, while
 * somebody looks. */
struct ft_cost_meter *ft_cost_meter_new(bool from_start, bool on_demand);
void ft_cost_meter_free(struct ft_cost_meter *meter); /* takes NULL */

/* Somebody looks from now on, or nobody any more. */
void ft_cost_meter_want(struct ft_cost_meter *meter, bool wanted);
/* What was used since the last call, or since somebody began to look; over_ns 0 if nobody does. */
void ft_cost_meter_take(struct ft_cost_meter *meter, struct ft_cost *ret_cost);

/* The pieces, for their tests. A line of fdinfo of a program: true if it is one. */
struct ft_cost_program {
	uint64_t type, runs, ns;
};
bool ft_cost_parse_program(const char *fdinfo, struct ft_cost_program *ret_program);

#endif
