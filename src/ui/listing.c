/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pinned rows are few, so each step between index and place walks over all of them. */
#include "ui/listing.h"

#include <string.h>

void ft_listing_init(struct ft_listing *listing)
{
	memset(listing, 0, sizeof(*listing));
	listing->rows = ft_rows_new();
}

void ft_listing_done(struct ft_listing *listing)
{
	ft_rows_free(listing->rows);
	memset(listing, 0, sizeof(*listing));
}

/* Adds a pinned row's place to both orders. */
static void add_pin(struct ft_listing *listing, size_t place)
{
	size_t n = listing->pinned++;

	listing->pin_place[n] = place;
	while (n > 0 && listing->pin_sorted[n - 1] > place) {
		listing->pin_sorted[n] = listing->pin_sorted[n - 1];
		n--;
	}
	listing->pin_sorted[n] = place;
}

void ft_listing_fill(struct ft_listing *listing, const struct ft_snapshot *snapshot,
		     const struct ft_query *query, const struct ft_pins *pins, size_t want)
{
	ft_rows_fill(listing->rows, snapshot, query, want);
	listing->snapshot = snapshot;
	listing->pinned = 0;
	for (unsigned i = 0; i < pins->count; i++) {
		size_t place = ft_rows_find(listing->rows, pins->id[i]);

		if (place != SIZE_MAX)
			add_pin(listing, place);
	}
}

size_t ft_listing_count(const struct ft_listing *listing)
{
	return listing->snapshot ? ft_rows_count(listing->rows) : 0;
}

struct ft_row ft_listing_at(struct ft_listing *listing, size_t index)
{
	size_t place = index;

	if (index < listing->pinned)
		return ft_rows_at(listing->rows, listing->pin_place[index]);
	place -= listing->pinned;
	for (size_t i = 0; i < listing->pinned && listing->pin_sorted[i] <= place; i++)
		place++;
	return ft_rows_at(listing->rows, place);
}

uint64_t ft_listing_id(struct ft_listing *listing, size_t index)
{
	struct ft_row row = ft_listing_at(listing, index);

	return ft_row_id(&row);
}

size_t ft_listing_find(struct ft_listing *listing, uint64_t id)
{
	size_t place, before = 0;

	if (!listing->snapshot || id == 0)
		return SIZE_MAX;
	place = ft_rows_find(listing->rows, id);
	if (place == SIZE_MAX)
		return SIZE_MAX;
	for (size_t i = 0; i < listing->pinned; i++) {
		if (listing->pin_place[i] == place)
			return i;
		before += listing->pin_place[i] < place;
	}
	return listing->pinned + place - before;
}
