/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Large growing arrays; see region.h. */
#include "core/region.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "core/xalloc.h"

#define PAGE 4096UL
/* From here on huge pages are worth asking for; below they would only cost memory. */
#define HUGE_FROM (8UL << 20)

/*
 * Regions that were freed last, unless they are large. Each second a picture wants what the last but
 * one gave back, and a page that is fetched from the kernel costs many times what it costs to fill it,
 * most of all in a virtual machine. In its first bytes a spare one has its size. Whoever takes one
 * out of its place has it alone.
 */
#define SPARES 4
#define SPARE_MAX (2UL << 20)
static _Atomic(size_t *) spares[SPARES];
static atomic_uint next_spare;

static void unmap_spare(size_t *spare)
{
	if (spare)
		munmap(spare, *spare);
}

/* Into a place that is free, or another one's. */
static void keep_spare(size_t *spare)
{
	for (size_t i = 0; i < SPARES; i++) {
		size_t *none = NULL;

		if (atomic_compare_exchange_strong(&spares[i], &none, spare))
			return;
	}
	unmap_spare(atomic_exchange(&spares[atomic_fetch_add(&next_spare, 1) % SPARES], spare));
}

/* A spare one that has room for so much, and not for much more; as new: all zeros. */
static bool take_spare(struct ft_region *region, size_t bytes)
{
	if (bytes > SPARE_MAX)
		return false;
	for (size_t i = 0; i < SPARES; i++) {
		size_t *spare = atomic_exchange(&spares[i], NULL);

		if (spare && *spare >= bytes && *spare <= 4 * bytes) {
			*region = (struct ft_region){ .base = spare, .bytes = *spare };
			memset(region->base, 0, region->bytes);
			return true;
		}
		if (spare)
			keep_spare(spare);
	}
	return false;
}

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
	if (bytes <= region->bytes || (!region->base && take_spare(region, bytes)))
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
	} else if (bytes < region->bytes &&
		   (region->bytes > SPARE_MAX || bytes < region->bytes / 2)) {
		munmap((char *)region->base + bytes, region->bytes - bytes);
		region->bytes = bytes;
	}
}

void ft_region_free(struct ft_region *region)
{
	if (region->base && region->bytes <= SPARE_MAX) {
		*(size_t *)region->base = region->bytes;
		keep_spare(region->base);
	} else if (region->base) {
		munmap(region->base, region->bytes);
	}
	region->base = NULL;
	region->bytes = 0;
}
