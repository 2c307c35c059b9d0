/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list pane's rows in the order they are drawn: core/rows' order, with pinned rows first.
 * Lines are counted by index in this order. Owned by the screen, one a list; what it hands out
 * is borrowed from the snapshot of the last fill.
 */
#ifndef FT_UI_LISTING_H
#define FT_UI_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/rows.h"

#define FT_PINS_MAX 8

/* Rows that key F keeps on top, by id; a plain value. Those not in the list now are passed over. */
struct ft_pins {
	uint64_t id[FT_PINS_MAX];
	unsigned count;
};

struct ft_listing {
	struct ft_rows *rows;              /* owned */
	const struct ft_snapshot *snapshot; /* of the last fill; borrowed */
	size_t pinned;                     /* pins that are in the list now */
	size_t pin_place[FT_PINS_MAX];     /* their places in rows, as pinned */
	size_t pin_sorted[FT_PINS_MAX];    /* the same, ascending */
};

void ft_listing_init(struct ft_listing *listing);
void ft_listing_done(struct ft_listing *listing);

void ft_listing_fill(struct ft_listing *listing, const struct ft_snapshot *snapshot,
		     const struct ft_query *query, const struct ft_pins *pins, size_t want);
size_t ft_listing_count(const struct ft_listing *listing);
/* index < count. */
struct ft_row ft_listing_at(struct ft_listing *listing, size_t index);
uint64_t ft_listing_id(struct ft_listing *listing, size_t index);
/* SIZE_MAX if there is none. */
size_t ft_listing_find(struct ft_listing *listing, uint64_t id);

#endif
