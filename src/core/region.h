/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Large growing arrays: contiguous pages from the kernel that grow by moving page tables, not
 * bytes, and go back to the system when they are freed, but for a few small ones that are used again.
 * What was never touched costs nothing.
 * For what has a million elements; small things live in the heap.
 */
#ifndef FT_CORE_REGION_H
#define FT_CORE_REGION_H

#include <stddef.h>

struct ft_region {
	void *base;   /* NULL while bytes is 0; page-aligned */
	size_t bytes; /* whole pages; what is new reads as zero */
};

/* Makes room for at least `bytes` (doubling); base may move, contents stay. */
void ft_region_grow(struct ft_region *region, size_t bytes);
/* The same to just `bytes`, rounded up to pages. */
void ft_region_grow_exact(struct ft_region *region, size_t bytes);
/* Gives pages behind `bytes` back, if they are many. */
void ft_region_trim(struct ft_region *region, size_t bytes);
/* Gives all back; an empty region is fine. */
void ft_region_free(struct ft_region *region);

#endif
