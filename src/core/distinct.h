/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The distinct texts of a sort column: the inside of rows.c.
 *
 * A million flows have a few dozen processes, interfaces, local addresses. To compare their texts
 * a million times over is work for nothing: each distinct one is met once by its token, then
 * only those are compared with each other, and a row's rank is its text's place among them.
 */
#ifndef FT_CORE_DISTINCT_H
#define FT_CORE_DISTINCT_H

#include <stddef.h>
#include <stdint.h>

#include "core/column.h"

#define FT_DISTINCT_BITS 12
#define FT_DISTINCT_MAX (1U << FT_DISTINCT_BITS)

struct ft_distinct;

struct ft_distinct *ft_distinct_new(void);
void ft_distinct_free(struct ft_distinct *distinct);
void ft_distinct_reset(struct ft_distinct *distinct);
/* The token's number, 0, 1, 2 ...; FT_DISTINCT_MAX if there are too many. `row` is the index of a
 * row that has it. */
uint32_t ft_distinct_add(struct ft_distinct *distinct, const struct ft_token *token, uint32_t row);
/* Puts them in order by two of their rows; equal ones get the same place. */
void ft_distinct_sort(struct ft_distinct *distinct,
		      int (*compare)(const void *arg, uint32_t row_a, uint32_t row_b),
		      const void *arg);
/* The place of a token's text among all of them, from 0. */
uint32_t ft_distinct_place(const struct ft_distinct *distinct, uint32_t number);

#endif
