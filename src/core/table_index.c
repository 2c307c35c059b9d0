/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key -> slot. A power of two of places, at most half full, probed linearly. A place holds a slot
 * and, in the bits that slots don't need, a tag of the hash, so that a wrong key is nearly
 * always told without looking at its record. Removing shifts what follows back: no tombstones.
 */
#include <string.h>

#include "core/table_priv.h"

#define FIRST_PLACES 2048U
#define AHEAD 16U /* records asked for in advance while growing */

static uint32_t *places(const struct ft_index *index)
{
	return index->words.base;
}

/* The slot that a word names. */
static uint32_t slot_of(const struct ft_index *index, uint32_t word)
{
	return (word & ((1U << index->slot_bits) - 1)) - 1;
}

/* The word for a slot under a hash: tag from the top, place from the bottom of it. */
static uint32_t make_word(const struct ft_index *index, uint64_t hash, uint32_t slot)
{
	return (uint32_t)(hash >> 32 >> index->slot_bits) << index->slot_bits | (slot + 1);
}

/* True if a word's tag is that of the hash. */
static bool tag_fits(const struct ft_index *index, uint32_t word, uint64_t hash)
{
	return ((word ^ (uint32_t)(hash >> 32 >> index->slot_bits << index->slot_bits)) >>
		index->slot_bits) == 0;
}

void ft_index_init(struct ft_index *index, unsigned int slot_bits)
{
	*index = (struct ft_index){ .slot_bits = slot_bits, .mask = FIRST_PLACES - 1 };
	ft_region_grow_exact(&index->words, FIRST_PLACES * sizeof(uint32_t));
}

uint32_t ft_index_find(const struct ft_table *table, const struct ft_flow_key *key, uint64_t hash)
{
	const struct ft_index *index = &table->index;
	uint32_t i = (uint32_t)hash & index->mask, word;

	for (; (word = places(index)[i]) != 0; i = (i + 1) & index->mask) {
		uint32_t slot = slot_of(index, word);

		if (tag_fits(index, word, hash) &&
		    memcmp(&ft_flow_store_flow(table->store, slot)->key, key, sizeof(*key)) == 0)
			return slot;
	}
	return FT_NO_SLOT;
}

/* Puts a word into the first free place from its hash on. */
static void put(struct ft_index *index, uint64_t hash, uint32_t word)
{
	uint32_t i = (uint32_t)hash & index->mask;

	while (places(index)[i])
		i = (i + 1) & index->mask;
	places(index)[i] = word;
}

/* Asks for the record that a word names. */
static void prefetch_word(const struct ft_table *table, uint32_t word)
{
	if (word)
		__builtin_prefetch(ft_flow_store_flow(table->store,
						      slot_of(&table->index, word)));
}

/* Four times the places, so that few are ever moved; hashes are computed anew. */
static void grow(struct ft_table *table)
{
	struct ft_index *index = &table->index;
	struct ft_index old = *index;
	uint32_t i;

	index->words = (struct ft_region){ .base = NULL };
	index->mask = old.mask * 4 + 3;
	ft_region_grow_exact(&index->words, ((size_t)index->mask + 1) * sizeof(uint32_t));
	for (i = 0; i <= old.mask; i++) {
		uint32_t word = places(&old)[i];

		if (i + AHEAD <= old.mask)
			prefetch_word(table, places(&old)[i + AHEAD]);
		if (word)
			put(index, ft_table_hash(table, &ft_flow_store_flow(table->store,
				slot_of(index, word))->key), word);
	}
	ft_region_free(&old.words);
}

void ft_index_add(struct ft_table *table, uint64_t hash, uint32_t slot)
{
	struct ft_index *index = &table->index;

	if (index->count > index->mask / 2)
		grow(table);
	put(index, hash, make_word(index, hash, slot));
	index->count++;
}

/* The place of a slot, or -1. */
static int64_t find_place(const struct ft_index *index, uint64_t hash, uint32_t slot)
{
	uint32_t i = (uint32_t)hash & index->mask;

	for (; places(index)[i]; i = (i + 1) & index->mask)
		if (slot_of(index, places(index)[i]) == slot)
			return i;
	return -1;
}

bool ft_index_replace(struct ft_table *table, uint64_t hash, uint32_t slot, uint32_t by)
{
	struct ft_index *index = &table->index;
	int64_t place = find_place(index, hash, slot);

	if (place < 0)
		return false;
	places(index)[place] = make_word(index, hash, by);
	return true;
}

bool ft_index_remove(struct ft_table *table, uint64_t hash, uint32_t slot)
{
	struct ft_index *index = &table->index;
	int64_t place = find_place(index, hash, slot);
	uint32_t hole, i, home;

	if (place < 0)
		return false;
	hole = (uint32_t)place;
	for (i = (hole + 1) & index->mask; places(index)[i]; i = (i + 1) & index->mask) {
		home = (uint32_t)ft_table_hash(table, &ft_flow_store_flow(table->store,
			slot_of(index, places(index)[i]))->key) & index->mask;
		/* Moves back unless its home lies behind the hole. */
		if (((i - home) & index->mask) < ((i - hole) & index->mask))
			continue;
		places(index)[hole] = places(index)[i];
		hole = i;
	}
	places(index)[hole] = 0;
	index->count--;
	return true;
}

void ft_index_prefetch(const struct ft_table *table, uint64_t hash)
{
	__builtin_prefetch(&places(&table->index)[(uint32_t)hash & table->index.mask]);
}

/* To be called when the place is in the cache: fetches the record that it probably names. */
void ft_index_prefetch_flow(const struct ft_table *table, uint64_t hash)
{
	const struct ft_index *index = &table->index;
	uint32_t word = places(index)[(uint32_t)hash & index->mask];
	const char *flow;

	if (!word || !tag_fits(index, word, hash))
		return;
	flow = (const char *)ft_flow_store_flow(table->store, slot_of(index, word));
	__builtin_prefetch(flow);
	__builtin_prefetch(flow + 47);
	__builtin_prefetch(ft_flow_store_link(table->store, slot_of(index, word)));
}
