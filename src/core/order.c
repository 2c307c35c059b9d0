/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lazy quicksort. No two entries are equal (tie holds the row's index), so a segment can
 * always be split. Pivots are samples taken at random places, near the wanted place rather
 * than the middle: the first page of a million rows costs one pass over them.
 */
#include "core/order.h"

#include <stdlib.h>
#include <string.h>

#include "core/xalloc.h"

#define SMALL 96    /* segments of at most so many are sorted at once */
#define SAMPLES 128 /* taken from large segments */

struct segment {
	uint32_t start; /* ends where the next one starts */
	bool sorted;
};

struct ft_order {
	struct ft_order_entry *entries;
	size_t count, room;
	struct segment *segments;
	size_t segment_count, segment_room;
	int (*resolve)(const void *arg, const struct ft_order_entry *a,
		       const struct ft_order_entry *b);
	const void *arg;
	bool even; /* see ft_order_start */
	uint64_t random;
};

struct ft_order *ft_order_new(void)
{
	struct ft_order *order = xcalloc(1, sizeof(*order));

	order->random = 0x2545f4914f6cdd1dULL;
	return order;
}

/* Frees it; NULL is fine. */
void ft_order_free(struct ft_order *order)
{
	if (!order)
		return;
	free(order->entries);
	free(order->segments);
	free(order);
}

struct ft_order_entry *ft_order_reset(struct ft_order *order, size_t room)
{
	/* keeps memory between fills, but not a million rows' for a thousand */
	if (room > order->room || room < order->room / 8) {
		free(order->entries);
		order->room = room + room / 8 + 64;
		order->entries = xreallocarray(NULL, order->room, sizeof(*order->entries));
	}
	order->count = 0;
	order->segment_count = 0;
	return order->entries;
}

/* A new segment before number `at`. */
static void insert_segment(struct ft_order *order, size_t at, size_t start, bool sorted)
{
	if (order->segment_count == order->segment_room) {
		order->segment_room = order->segment_room ? order->segment_room * 2 : 64;
		order->segments = xreallocarray(order->segments, order->segment_room,
						sizeof(*order->segments));
	}
	memmove(&order->segments[at + 1], &order->segments[at],
		(order->segment_count - at) * sizeof(*order->segments));
	order->segments[at] = (struct segment){ .start = (uint32_t)start, .sorted = sorted };
	order->segment_count++;
}

void ft_order_start(struct ft_order *order, size_t count,
		    int (*resolve)(const void *arg, const struct ft_order_entry *a,
				   const struct ft_order_entry *b),
		    bool even, const void *arg)
{
	order->count = count;
	order->resolve = resolve;
	order->even = even;
	order->arg = arg;
	order->segment_count = 0;
	if (count > 0)
		insert_segment(order, 0, 0, count == 1);
}

void ft_order_split(struct ft_order *order, size_t at)
{
	if (at > 0 && at < order->count)
		insert_segment(order, 1, at, false);
}

size_t ft_order_count(const struct ft_order *order)
{
	return order->count;
}

const struct ft_order_entry *ft_order_entries(const struct ft_order *order)
{
	return order->entries;
}

/* True if neither rank nor tie tell the two apart well enough. */
static inline bool is_open(const struct ft_order *order, const struct ft_order_entry *a,
			   const struct ft_order_entry *b)
{
	return a->rank == b->rank && ((a->rank & 1) != order->even ||
				      (a->tie ^ b->tie) >> FT_ORDER_INDEX_BITS == 0);
}

/* True if a comes before b. Without branches where nothing needs resolving. */
static inline bool is_before(const struct ft_order *order, const struct ft_order_entry *a,
			     const struct ft_order_entry *b)
{
	if (order->resolve && is_open(order, a, b)) {
		int way = order->resolve(order->arg, a, b);

		if (way != 0)
			return way < 0;
	}
	return (a->rank > b->rank) | ((a->rank == b->rank) & (a->tie < b->tie));
}

static inline void swap(struct ft_order_entry *a, struct ft_order_entry *b)
{
	struct ft_order_entry held = *a;

	*a = *b;
	*b = held;
}

/* xorshift64*: good enough to pick samples that nobody can predict into the worst case. */
static size_t random_below(struct ft_order *order, size_t bound)
{
	order->random ^= order->random >> 12;
	order->random ^= order->random << 25;
	order->random ^= order->random >> 27;
	return (size_t)((order->random * 0x2545f4914f6cdd1dULL >> 32) * bound >> 32);
}

/* Sorts a few entries. */
static void sort_small(const struct ft_order *order, struct ft_order_entry *entries, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct ft_order_entry held = entries[i];
		size_t at = i;

		for (; at > 0 && is_before(order, &held, &entries[at - 1]); at--)
			entries[at] = entries[at - 1];
		entries[at] = held;
	}
}

/* Index of a good pivot for a place in [start, end): a sample a little behind the place, or a
 * little before it if the place is in the second half, so that the part with it is small. */
static size_t choose_pivot(struct ft_order *order, size_t start, size_t end, size_t place)
{
	struct ft_order_entry *first = order->entries + start;
	size_t count = end - start, samples = count >= 4096 ? SAMPLES : 9, wanted;

	for (size_t i = 0; i < samples; i++)
		swap(&first[i], &first[i + random_below(order, count - i)]);
	sort_small(order, first, samples);
	wanted = (place - start) * samples / count;
	if (wanted < samples / 2)
		wanted += samples / 64 + 1;
	else
		wanted -= samples / 64 + 1;
	return start + wanted;
}

/* Moves what comes before the pivot to the front; returns where the pivot is then. */
static size_t partition(struct ft_order *order, size_t start, size_t end, size_t pivot)
{
	struct ft_order_entry *entries = order->entries, key = entries[pivot];
	size_t store = start;

	swap(&entries[pivot], &entries[end - 1]);
	for (size_t i = start; i < end - 1; i++) {
		struct ft_order_entry held = entries[i];
		bool front = is_before(order, &held, &key);

		entries[i] = entries[store];
		entries[store] = held;
		store += front;
	}
	swap(&entries[store], &entries[end - 1]);
	return store;
}

/* Number of the segment that holds a place. */
static size_t segment_of(const struct ft_order *order, size_t place)
{
	size_t low = 0, high = order->segment_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (order->segments[middle].start <= place)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Where a segment ends. */
static size_t segment_end(const struct ft_order *order, size_t number)
{
	return number + 1 < order->segment_count ? order->segments[number + 1].start
						 : order->count;
}

const struct ft_order_entry *ft_order_at(struct ft_order *order, size_t place)
{
	size_t number = segment_of(order, place);

	while (!order->segments[number].sorted) {
		size_t start = order->segments[number].start, end = segment_end(order, number);
		size_t middle;

		if (end - start <= SMALL) {
			sort_small(order, order->entries + start, end - start);
			order->segments[number].sorted = true;
			break;
		}
		middle = partition(order, start, end, choose_pivot(order, start, end, place));
		if (middle + 1 < end)
			insert_segment(order, number + 1, middle + 1, false);
		if (middle > start)
			insert_segment(order, number + 1, middle, true);
		else
			order->segments[number].sorted = true; /* the pivot alone */
		number = segment_of(order, place);
	}
	return &order->entries[place];
}

size_t ft_order_place(const struct ft_order *order, size_t position)
{
	size_t number = segment_of(order, position);
	size_t start = order->segments[number].start, end = segment_end(order, number);
	size_t place = start;

	if (order->segments[number].sorted)
		return position;
	for (size_t i = start; i < end; i++)
		place += is_before(order, &order->entries[i], &order->entries[position]);
	return place;
}
