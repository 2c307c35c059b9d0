/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See tc_memory.h. The kernel maps whole pages, however little of the last one the map needs. */
#include "capture/tc_memory.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

int ft_tc_memory_map(const struct bpf_map *map, int prot, struct ft_tc_memory *memory)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (size_t)bpf_map__max_entries(map) * bpf_map__value_size(map);
	void *at;

	size = (size + page - 1) / page * page;
	at = mmap(NULL, size, prot, MAP_SHARED, bpf_map__fd(map), 0);
	if (at == MAP_FAILED)
		return -errno;
	memory->at = at;
	memory->size = size;
	return 0;
}

void ft_tc_memory_unmap(struct ft_tc_memory *memory)
{
	if (memory->at)
		munmap(memory->at, memory->size);
	memory->at = NULL;
}
