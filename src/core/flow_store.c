/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cold records: chunks, limbo, living snapshots; see flow_store.h. */
#include "core/flow_store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/xalloc.h"

/* Chunks without a flow that are kept for the next ones. */
#define EMPTY_KEPT 2

struct ft_flow_store *ft_flow_store_new(uint32_t slot_limit)
{
	struct ft_flow_store *store = xcalloc(1, sizeof(*store));

	atomic_init(&store->refs, 1);
	store->slot_limit = slot_limit;
	store->room = FT_NO_SLOT;
	return store;
}

/* 128 KiB of zeros, aligned to their size. */
static struct ft_chunk *map_chunk(void)
{
	size_t bytes = 2 * FT_CHUNK_BYTES, before;
	char *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		xalloc_die();
	before = -(uintptr_t)base & (FT_CHUNK_BYTES - 1);
	if (before > 0)
		munmap(base, before);
	munmap(base + before + FT_CHUNK_BYTES, FT_CHUNK_BYTES - before);
	return (struct ft_chunk *)(void *)(base + before);
}

/* Puts a chunk at the head of those with room. */
static void room_add(struct ft_flow_store *store, struct ft_chunk *chunk)
{
	chunk->prev = FT_NO_SLOT;
	chunk->next = store->room;
	if (chunk->next != FT_NO_SLOT)
		store->chunks[chunk->next]->prev = chunk->number;
	store->room = chunk->number;
}

/* Takes a chunk out of those with room. */
static void room_remove(struct ft_flow_store *store, struct ft_chunk *chunk)
{
	if (chunk->prev != FT_NO_SLOT)
		store->chunks[chunk->prev]->next = chunk->next;
	else
		store->room = chunk->next;
	if (chunk->next != FT_NO_SLOT)
		store->chunks[chunk->next]->prev = chunk->prev;
}

/* A new chunk under the lowest vacant number; NULL when slots would pass the limit. */
static struct ft_chunk *add_chunk(struct ft_flow_store *store)
{
	struct ft_chunk *chunk;
	uint32_t number = store->vacant;

	while (number < store->chunk_count && store->chunks[number])
		number++;
	store->vacant = number;
	if (number >= store->slot_limit >> FT_CHUNK_SHIFT)
		return NULL;
	if (number == store->chunk_space) {
		store->chunk_space = number ? number * 2 : 16;
		store->chunks = xreallocarray(store->chunks, store->chunk_space,
					      sizeof(*store->chunks));
	}
	if (number == store->chunk_count)
		store->chunk_count++;
	chunk = map_chunk();
	chunk->number = number;
	chunk->free = FT_NO_SLOT;
	store->chunks[number] = chunk;
	store->empty++;
	room_add(store, chunk);
	return chunk;
}

uint32_t ft_flow_store_add(struct ft_flow_store *store)
{
	struct ft_chunk *chunk;
	uint32_t slot;

	chunk = store->room != FT_NO_SLOT ? store->chunks[store->room] : add_chunk(store);
	if (!chunk)
		return FT_NO_SLOT;
	if (chunk->free != FT_NO_SLOT) {
		slot = chunk->free;
		chunk->free = *ft_flow_store_link(store, slot);
		memset(ft_flow_store_flow(store, slot), 0, sizeof(struct ft_flow));
	} else {
		slot = chunk->number << FT_CHUNK_SHIFT | chunk->fresh++;
	}
	*ft_flow_store_link(store, slot) = 0;
	if (chunk->used++ == 0)
		store->empty--;
	if (chunk->used == FT_CHUNK_FLOWS)
		room_remove(store, chunk);
	return slot;
}

/* Makes a slot free; an empty chunk goes back to the system, a few excepted. */
static void release_slot(struct ft_flow_store *store, uint32_t slot)
{
	struct ft_chunk *chunk = store->chunks[slot >> FT_CHUNK_SHIFT];

	if (chunk->used == FT_CHUNK_FLOWS)
		room_add(store, chunk);
	*ft_flow_store_link(store, slot) = chunk->free;
	chunk->free = slot;
	if (--chunk->used > 0)
		return;
	if (store->empty < EMPTY_KEPT) {
		store->empty++;
		return;
	}
	room_remove(store, chunk);
	store->chunks[chunk->number] = NULL;
	if (chunk->number < store->vacant)
		store->vacant = chunk->number;
	munmap(chunk, FT_CHUNK_BYTES);
}

void ft_flow_store_remove(struct ft_flow_store *store, uint32_t slot, uint64_t death)
{
	struct ft_limbo *last = store->limbo_count ? &store->limbo[store->limbo_count - 1] : NULL;

	*ft_flow_store_link(store, slot) = FT_NO_SLOT;
	store->dead++;
	if (last && last->death == death) {
		*ft_flow_store_link(store, last->tail) = slot;
		last->tail = slot;
		return;
	}
	if (store->limbo_count == store->limbo_space) {
		store->limbo_space = store->limbo_space ? store->limbo_space * 2 : 16;
		store->limbo = xreallocarray(store->limbo, store->limbo_space,
					     sizeof(*store->limbo));
	}
	store->limbo[store->limbo_count++] = (struct ft_limbo){
		.death = death, .holder = UINT64_MAX, .head = slot, .tail = slot,
	};
}

/* Forgets snapshots that are gone. */
static void sweep_living(struct ft_flow_store *store)
{
	struct ft_living **at = &store->living;

	while (*at) {
		struct ft_living *living = *at;

		if (atomic_load_explicit(&living->gone, memory_order_acquire)) {
			*at = living->next;
			free(living);
		} else {
			at = &living->next;
		}
	}
}

/* The youngest living snapshot older than `death`; 0 = none. */
static uint64_t find_holder(const struct ft_flow_store *store, uint64_t death)
{
	const struct ft_living *living;

	for (living = store->living; living; living = living->next)
		if (living->generation < death)
			return living->generation;
	return 0;
}

/* Frees a batch's flows that were born after `holder`; false when none is left. */
static bool walk_limbo(struct ft_flow_store *store, struct ft_limbo *limbo, uint64_t holder)
{
	uint32_t slot = limbo->head, next;

	limbo->head = limbo->tail = FT_NO_SLOT;
	limbo->holder = holder;
	for (; slot != FT_NO_SLOT; slot = next) {
		uint32_t birth = ft_flow_store_flow(store, slot)->birth;

		next = *ft_flow_store_link(store, slot);
		if (holder == 0 || (int32_t)(birth - (uint32_t)holder) > 0) {
			release_slot(store, slot);
			store->dead--;
			continue;
		}
		*ft_flow_store_link(store, slot) = FT_NO_SLOT;
		if (limbo->head == FT_NO_SLOT)
			limbo->head = slot;
		else
			*ft_flow_store_link(store, limbo->tail) = slot;
		limbo->tail = slot;
	}
	return limbo->head != FT_NO_SLOT;
}

void ft_flow_store_reap(struct ft_flow_store *store)
{
	size_t i, kept = 0;

	sweep_living(store);
	for (i = 0; i < store->limbo_count; i++) {
		struct ft_limbo limbo = store->limbo[i];
		uint64_t holder = find_holder(store, limbo.death);

		if (holder != limbo.holder && !walk_limbo(store, &limbo, holder))
			continue;
		/* Held by the same snapshot: from now on they share their fate. */
		if (kept > 0 && store->limbo[kept - 1].holder == holder) {
			*ft_flow_store_link(store, store->limbo[kept - 1].tail) = limbo.head;
			store->limbo[kept - 1].tail = limbo.tail;
			continue;
		}
		store->limbo[kept++] = limbo;
	}
	store->limbo_count = kept;
}

struct ft_living *ft_flow_store_live(struct ft_flow_store *store, uint64_t generation)
{
	struct ft_living *living = xcalloc(1, sizeof(*living));

	living->store = store;
	living->generation = generation;
	atomic_init(&living->gone, false);
	living->next = store->living;
	store->living = living;
	atomic_fetch_add_explicit(&store->refs, 1, memory_order_relaxed);
	return living;
}

void ft_living_end(struct ft_living *living)
{
	struct ft_flow_store *store = living->store;

	/* From here on the store may free it. */
	atomic_store_explicit(&living->gone, true, memory_order_release);
	ft_flow_store_put(store);
}

void ft_flow_store_put(struct ft_flow_store *store)
{
	uint32_t i;

	if (!store || atomic_fetch_sub_explicit(&store->refs, 1, memory_order_acq_rel) != 1)
		return;
	sweep_living(store);
	for (i = 0; i < store->chunk_count; i++)
		if (store->chunks[i])
			munmap(store->chunks[i], FT_CHUNK_BYTES);
	free(store->chunks);
	free(store->limbo);
	free(store);
}

size_t ft_flow_store_memory(const struct ft_flow_store *store)
{
	size_t bytes = store->chunk_space * sizeof(*store->chunks) +
		       store->limbo_space * sizeof(*store->limbo);
	uint32_t i;

	for (i = 0; i < store->chunk_count; i++)
		if (store->chunks[i])
			bytes += FT_CHUNK_BYTES;
	return bytes;
}
