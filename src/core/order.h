/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An order that is made only where somebody looks: the inside of rows.c.
 *
 * A screen shows fifty rows of a million, so sorting all of them is work for nothing. Entries
 * lie in segments, each of which is wholly before the next; asking for a place splits the
 * segment around it until it is small and sorts that. What was split once stays split:
 *
 *   at first     [ ............................................. ]
 *   place 0..50  [50 sorted][ ~1000 ][ ......................... ]
 *   the end      [50 sorted][ ~1000 ][ ............][ ~2000 ][ s ]
 */
#ifndef FT_CORE_ORDER_H
#define FT_CORE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Upper bits of tie order entries of equal rank, the lower FT_ORDER_INDEX_BITS name the row. */
#define FT_ORDER_INDEX_BITS 24
#define FT_ORDER_INDEX_MASK ((1ULL << FT_ORDER_INDEX_BITS) - 1)
#define FT_ORDER_MAX ((size_t)1 << FT_ORDER_INDEX_BITS)

struct ft_order_entry {
	uint64_t rank; /* bigger comes first */
	uint64_t tie;  /* then: smaller comes first */
};

static inline uint32_t ft_order_index(const struct ft_order_entry *entry)
{
	return (uint32_t)(entry->tie & FT_ORDER_INDEX_MASK);
}

struct ft_order;

struct ft_order *ft_order_new(void);
void ft_order_free(struct ft_order *order);

/* Empties it and makes room for `room` entries, which the caller writes and then announces by
 * ft_order_start. */
struct ft_order_entry *ft_order_reset(struct ft_order *order, size_t room);
/* `resolve` orders entries of equal rank before tie does: < 0 if a comes first; NULL = tie
 * alone. It must be total together with tie. Asked only about odd ranks (even ones with `even`), and
 * where the upper bits of tie are equal too: elsewhere it must say what tie says. */
void ft_order_start(struct ft_order *order, size_t count,
		    int (*resolve)(const void *arg, const struct ft_order_entry *a,
				   const struct ft_order_entry *b),
		    bool even, const void *arg);
/* Right after start: whatever is at `at` and behind stays behind what is before. */
void ft_order_split(struct ft_order *order, size_t at);
size_t ft_order_count(const struct ft_order *order);
/* All entries, in the order made so far. */
const struct ft_order_entry *ft_order_entries(const struct ft_order *order);
/* The entry at a place < count; makes the order there. */
const struct ft_order_entry *ft_order_at(struct ft_order *order, size_t place);
/* The place that the entry now at `position` has in the full order; sorts nothing. */
size_t ft_order_place(const struct ft_order *order, size_t position);

#endif
