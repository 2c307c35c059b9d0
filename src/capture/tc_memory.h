/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An array map's memory, mapped: how the collector thread reads and clears what tc programs log,
 * without a system call. Of tc_store.c and tc_health.c, each of which owns its mappings.
 */
#ifndef FT_CAPTURE_TC_MEMORY_H
#define FT_CAPTURE_TC_MEMORY_H

#include <stddef.h>

struct bpf_map;

/* A mapped array map. */
struct ft_tc_memory {
	void *at; /* NULL = not mapped */
	size_t size;
};

/* Maps it; prot as for mmap. 0 or -errno. */
int ft_tc_memory_map(const struct bpf_map *map, int prot, struct ft_tc_memory *memory);
void ft_tc_memory_unmap(struct ft_tc_memory *memory);

#endif
