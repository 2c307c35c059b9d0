/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Large growing arrays; see region.h. */
#include "core/region.h"

#include <stdint.h>
#include <sys/mman.h>

#include "core/xalloc.h"

#define PAGE 4096UL
/* From here on huge pages are worth asking for; below they would only cost memory. */
#define HUGE_FROM (8UL << 20)

/* Rounded up to whole pages; out of memory if that overflows. */
static size_t whole_pages(size_t bytes)
{
	if (bytes > SIZE_MAX / 2)
		xalloc_die();
	return (bytes + PAGE - 1) & ~(PAGE - 1);
}

void ft_region_grow_exact(struct ft_region *region, size_t bytes)
{
	void *base;

	bytes = whole_pages(bytes);
	if (bytes <= region->bytes)
		return;
	if (region->base)
		base = mremap(region->base, region->bytes, bytes, MREMAP_MAYMOVE);
	else
		base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
	if (base == MAP_FAILED)
		xalloc_die();
	if (bytes >= HUGE_FROM)
		(void)madvise(base, bytes, MADV_HUGEPAGE); /* a wish: fewer faults and misses */
	region->base = base;
	region->bytes = bytes;
}

void ft_region_grow(struct ft_region *region, size_t bytes)
{
	if (bytes <= region->bytes)
		return;
	if (bytes < region->bytes * 2)
		bytes = region->bytes * 2;
	ft_region_grow_exact(region, bytes < PAGE ? PAGE : bytes);
}

void ft_region_trim(struct ft_region *region, size_t bytes)
{
	bytes = whole_pages(bytes);
	if (bytes == 0) {
		ft_region_free(region);
	} else if (bytes < region->bytes) {
		munmap((char *)region->base + bytes, region->bytes - bytes);
		region->bytes = bytes;
	}
}

void ft_region_free(struct ft_region *region)
{
	if (region->base)
		munmap(region->base, region->bytes);
	region->base = NULL;
	region->bytes = 0;
}
