/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flowtop itself costs, over the interval of a snapshot: a plain value that the collector
 * fills while somebody looks (capture/cost_meter).
 */
#ifndef FT_CORE_COST_H
#define FT_CORE_COST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FT_COST_THREADS 12 /* more are summed up in the last one */

/* Programs in the kernel, by what they are for. */
enum ft_cost_programs {
	FT_COST_PACKETS, /* run for each packet: the tc programs */
	FT_COST_OTHER,   /* for sockets and events */
	FT_COST_PROGRAMS_MAX
};

struct ft_cost_runs {
	uint64_t programs; /* there are so many */
	uint64_t runs, ns; /* in the interval */
};

struct ft_cost_thread {
	char name[16];
	uint64_t cpu_ns; /* in the interval */
};

struct ft_cost {
	uint64_t over_ns; /* the interval; 0: nobody looked, and the rest means nothing */
	bool timed;       /* the kernel times the programs; else runs and ns are 0 */
	char why[160];    /* why it doesn't, "" */
	struct ft_cost_runs by[FT_COST_PROGRAMS_MAX];
	size_t thread_count;
	struct ft_cost_thread threads[FT_COST_THREADS]; /* in the order they were started */
	uint64_t resident_bytes;
	unsigned outputs, behind; /* queues of outputs, and those that are full */
};

#endif
