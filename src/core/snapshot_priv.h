/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a snapshot holds besides what it shows. Made by table_snapshot.c, freed by the last
 * ft_snapshot_put; the rows are shared with the table, whose state they are.
 */
#ifndef FT_CORE_SNAPSHOT_PRIV_H
#define FT_CORE_SNAPSHOT_PRIV_H

#include <stdatomic.h>

#include "core/flow_store.h"
#include "core/region.h"
#include "core/snapshot.h"

/* Rows of one moment; immutable once published. */
struct ft_block {
	atomic_uint refs;
	struct ft_region region;
	size_t count;
};

struct ft_block *ft_block_new(size_t capacity); /* one reference */
struct ft_block *ft_block_take(struct ft_block *block);
void ft_block_put(struct ft_block *block); /* NULL is fine */

static inline struct ft_flow_hot *ft_block_rows(const struct ft_block *block)
{
	return block->region.base;
}

struct ft_snapshot_box {
	struct ft_snapshot shown; /* first: a snapshot is its box */
	atomic_uint refs;
	struct ft_block *block;
	struct ft_region deltas;
	struct ft_region flows;   /* cold records of a snapshot that no table has made */
	struct ft_living *living; /* NULL: no table has made it */
};

/* Texts and notes, copied; snapshot_own.c. */
void ft_snapshot_copy_texts(struct ft_snapshot *to, const struct ft_snapshot *from);
/* What the last put does first with a difference; difference.c. */
void ft_difference_let_go(struct ft_snapshot *shown);

#endif
