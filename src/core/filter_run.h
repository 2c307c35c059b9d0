/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Up to 64 rows that a filter is asked about at once: shared by filter_run.c, which leads them
 * through the filter's tests, and filter_memo.c, which answers those about texts and remembers.
 */
#ifndef FT_CORE_FILTER_RUN_H
#define FT_CORE_FILTER_RUN_H

#include "core/filter_match.h"

struct ft_filter_memo;

/* Rows of a set, a bit each, from the first to the last. */
#define for_each_row(i, set) \
	for (uint64_t left_ = (set), i; left_ && (i = (unsigned)__builtin_ctzll(left_), true); \
	     left_ &= left_ - 1)

static inline uint64_t ft_row_bit(bool yes, uint64_t i)
{
	return (uint64_t)yes << i;
}

/* Rows that come next, to be asked for from memory in advance. */
struct ft_filter_ahead {
	const struct ft_flow_hot *next, *end; /* now */
	const struct ft_flow_hot *rows_end;   /* of all there will be */
};
/* filter_run.c: asks for what is read of some of them. All at once they would be waited for; a few
 * at a time they come while the rows before them are looked at. */
void ft_filter_ask_ahead(struct ft_filter_ahead *ahead, size_t count);

/* Rows, and the test that is asked about some of them. */
struct ft_filter_block {
	const struct ft_snapshot *snapshot;
	const struct ft_names *names;
	const struct ft_flow_hot *rows;
	const struct ft_test *test;
	struct ft_filter_memo *memo; /* of the test; NULL = it has none */
	struct ft_filter_ahead *ahead;
};

/* filter_memo.c: true for tests that look at texts. */
bool ft_filter_memo_helps(const struct ft_test *test);
/* For one test, snapshot and set of names. */
struct ft_filter_memo *ft_filter_memo_new(void);
void ft_filter_memo_free(struct ft_filter_memo *memo); /* NULL is fine */
/* The rows of a set for which the block's test, which has a memo, holds. */
uint64_t ft_filter_memo_match(const struct ft_filter_block *block, uint64_t set);
/* The same of what isn't a row: a socket or an event. */
bool ft_filter_memo_match_one(const struct ft_filter_block *block,
			      const struct ft_subject *subject);

#endif
