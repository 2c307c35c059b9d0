/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small hash table of tokens, open addressing, and their order. Numbers are given in the order
 * of first sight. Tokens come from packets, so the table's hash is a seeded one; before it
 * stands a memo with a cheap one, where the few that most rows have are found.
 */
#include "core/distinct.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/xalloc.h"

#define PLACES (2U * FT_DISTINCT_MAX)
#define MEMO_BITS 10

struct entry {
	struct ft_token token;
	uint32_t row;   /* one that has it */
	uint32_t place; /* in the order of texts */
};

struct ft_distinct {
	struct entry *entries;
	uint32_t count, room;
	struct ft_seed seed;
	uint32_t *places; /* 1 + number, 0 = free; PLACES of them, made at first need */
	uint32_t *order;  /* numbers, sorted */
	uint32_t memo[1U << MEMO_BITS]; /* as places: the last one that fell there */
};

struct ft_distinct *ft_distinct_new(void)
{
	struct ft_distinct *distinct = xcalloc(1, sizeof(*distinct));

	distinct->seed = ft_seed_random();
	return distinct;
}

/* Frees it; NULL is fine. */
void ft_distinct_free(struct ft_distinct *distinct)
{
	if (!distinct)
		return;
	free(distinct->entries);
	free(distinct->places);
	free(distinct->order);
	free(distinct);
}

void ft_distinct_reset(struct ft_distinct *distinct)
{
	if (distinct->count)
		memset(distinct->places, 0, PLACES * sizeof(*distinct->places));
	memset(distinct->memo, 0, sizeof(distinct->memo));
	distinct->count = 0;
}

static inline bool same(const struct ft_token *a, const struct ft_token *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}

/* Where a token's number is, or belongs. */
static uint32_t *place_of(const struct ft_distinct *distinct, const struct ft_token *token)
{
	uint32_t at = (uint32_t)ft_hash(&distinct->seed, token->word, sizeof(token->word)) &
		      (PLACES - 1);

	while (distinct->places[at] &&
	       !same(&distinct->entries[distinct->places[at] - 1].token, token))
		at = (at + 1) & (PLACES - 1);
	return &distinct->places[at];
}

/* Room for one more. */
static void grow(struct ft_distinct *distinct)
{
	if (!distinct->places)
		distinct->places = xcalloc(PLACES, sizeof(*distinct->places));
	if (distinct->count < distinct->room)
		return;
	distinct->room = distinct->room ? distinct->room * 2 : 64;
	distinct->entries = xreallocarray(distinct->entries, distinct->room,
					  sizeof(*distinct->entries));
}

/* The same from the table itself, where it is put if it is new. */
static uint32_t add(struct ft_distinct *distinct, const struct ft_token *token, uint32_t row)
{
	uint32_t *place;

	grow(distinct);
	place = place_of(distinct, token);
	if (!*place) {
		if (distinct->count == FT_DISTINCT_MAX)
			return FT_DISTINCT_MAX;
		distinct->entries[distinct->count] = (struct entry){ .token = *token, .row = row };
		*place = ++distinct->count;
	}
	return *place - 1;
}

uint32_t ft_distinct_add(struct ft_distinct *distinct, const struct ft_token *token, uint32_t row)
{
	uint64_t mixed = (token->word[0] ^ token->word[1] << 1) * 0x9e3779b97f4a7c15ULL;
	uint32_t *memo = &distinct->memo[mixed >> (64 - MEMO_BITS)], number;

	if (*memo && same(&distinct->entries[*memo - 1].token, token))
		return *memo - 1;
	number = add(distinct, token, row);
	if (number < FT_DISTINCT_MAX)
		*memo = number + 1;
	return number;
}

struct sorting {
	const struct entry *entries;
	int (*compare)(const void *arg, uint32_t row_a, uint32_t row_b);
	const void *arg;
};

static int compare_numbers(const void *a, const void *b, void *arg)
{
	const struct sorting *sorting = arg;

	return sorting->compare(sorting->arg, sorting->entries[*(const uint32_t *)a].row,
				sorting->entries[*(const uint32_t *)b].row);
}

void ft_distinct_sort(struct ft_distinct *distinct,
		      int (*compare)(const void *arg, uint32_t row_a, uint32_t row_b),
		      const void *arg)
{
	struct sorting sorting = { distinct->entries, compare, arg };
	uint32_t place = 0;

	distinct->order = xreallocarray(distinct->order, distinct->count,
					sizeof(*distinct->order));
	for (uint32_t i = 0; i < distinct->count; i++)
		distinct->order[i] = i;
	qsort_r(distinct->order, distinct->count, sizeof(*distinct->order), compare_numbers,
		&sorting);
	for (uint32_t i = 0; i < distinct->count; i++) {
		if (i > 0 && compare_numbers(&distinct->order[i - 1], &distinct->order[i],
					     &sorting) != 0)
			place++;
		distinct->entries[distinct->order[i]].place = place;
	}
}

uint32_t ft_distinct_place(const struct ft_distinct *distinct, uint32_t number)
{
	return distinct->entries[number].place;
}
