/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where cold records (struct ft_flow) live and when they may go.
 *
 *   chunk (128 KiB, aligned to its size)
 *   +--------+------------------------------+-------------------+
 *   | header | flows[0 .. 1722]   72 bytes  | links[]  4 bytes  |
 *   +--------+------------------------------+-------------------+
 *   slot = chunk number << 11 | place; chunk = address of a flow, rounded down
 *
 * A link is the table's word for a live flow (where its row or its change is), and the next
 * slot of a list for a free or dead one.
 *
 * Generations: snapshot g shows a flow if birth <= g < death, where birth is the generation of
 * the first snapshot that shows it and death that of the first one that doesn't. A dead record
 * is free once no living snapshot's generation lies in [birth, death). Dead ones wait in
 * limbo, one batch a death; a batch is walked again only when the snapshot that holds it went.
 *
 * Shared by counted references: the table holds one, each snapshot another, so a snapshot may
 * outlive its table. Only the table's thread changes the store; any thread may end a snapshot.
 */
#ifndef FT_CORE_FLOW_STORE_H
#define FT_CORE_FLOW_STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/table.h"

#define FT_CHUNK_BYTES (128UL << 10)
#define FT_CHUNK_SHIFT 11
#define FT_CHUNK_MASK ((1U << FT_CHUNK_SHIFT) - 1)
#define FT_CHUNK_HEADER 64UL
#define FT_CHUNK_FLOWS \
	((FT_CHUNK_BYTES - FT_CHUNK_HEADER) / (sizeof(struct ft_flow) + sizeof(uint32_t)))
#define FT_NO_SLOT UINT32_MAX

struct ft_chunk {
	uint32_t number;
	uint32_t used;       /* live and dead ones */
	uint32_t fresh;      /* places from here on were never used */
	uint32_t free;       /* first free slot, FT_NO_SLOT = none */
	uint32_t prev, next; /* chunks with room, by number */
	uint32_t zero[10];
	struct ft_flow flows[FT_CHUNK_FLOWS];
	uint32_t links[FT_CHUNK_FLOWS];
};
_Static_assert(offsetof(struct ft_chunk, flows) == FT_CHUNK_HEADER, "header is a cache line");
_Static_assert(sizeof(struct ft_chunk) <= FT_CHUNK_BYTES, "a chunk fits");
_Static_assert(FT_CHUNK_FLOWS <= FT_CHUNK_MASK + 1, "a place fits its bits");

/* A snapshot that lives, as the store sees it; freed by the store once it is gone. */
struct ft_living {
	struct ft_living *next;
	struct ft_flow_store *store;
	uint64_t generation;
	atomic_bool gone;
};

/* Flows that died in one generation (or several, when nothing tells them apart any more). */
struct ft_limbo {
	uint64_t death;
	uint64_t holder; /* youngest living snapshot before death at the last walk */
	uint32_t head, tail;
};

struct ft_flow_store {
	atomic_uint refs;
	uint32_t slot_limit;
	struct ft_chunk **chunks; /* NULL where a number is vacant */
	uint32_t chunk_count, chunk_space;
	uint32_t vacant;          /* no vacant number below */
	uint32_t room;            /* first chunk with room, FT_NO_SLOT = none */
	uint32_t empty;           /* chunks without a flow that are kept */
	struct ft_living *living; /* youngest first */
	struct ft_limbo *limbo;   /* by death, oldest first */
	size_t limbo_count, limbo_space;
	size_t dead;              /* flows in limbo */
};

/* Slots are below slot_limit. */
struct ft_flow_store *ft_flow_store_new(uint32_t slot_limit);
void ft_flow_store_put(struct ft_flow_store *store);

/* A zeroed record's slot, or FT_NO_SLOT when all are taken. */
uint32_t ft_flow_store_add(struct ft_flow_store *store);
/* The flow isn't in snapshot `death` any more; freed when nothing shows it. */
void ft_flow_store_remove(struct ft_flow_store *store, uint32_t slot, uint64_t death);
/* Frees what no living snapshot shows. */
void ft_flow_store_reap(struct ft_flow_store *store);
size_t ft_flow_store_memory(const struct ft_flow_store *store);

/* Registers a snapshot; ended on any thread by ft_living_end. */
struct ft_living *ft_flow_store_live(struct ft_flow_store *store, uint64_t generation);
void ft_living_end(struct ft_living *living);

static inline struct ft_flow *ft_flow_store_flow(const struct ft_flow_store *store, uint32_t slot)
{
	return &store->chunks[slot >> FT_CHUNK_SHIFT]->flows[slot & FT_CHUNK_MASK];
}

static inline uint32_t *ft_flow_store_link(const struct ft_flow_store *store, uint32_t slot)
{
	return &store->chunks[slot >> FT_CHUNK_SHIFT]->links[slot & FT_CHUNK_MASK];
}

/* The slot of a record. */
static inline uint32_t ft_flow_slot(const struct ft_flow *flow)
{
	const struct ft_chunk *chunk =
		(const struct ft_chunk *)((uintptr_t)flow & ~(FT_CHUNK_BYTES - 1));

	return chunk->number << FT_CHUNK_SHIFT | (uint32_t)(flow - chunk->flows);
}

#endif
