/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Room for one more flow when the table is full. Rows that were shown as ended go first and
 * leave no trace; then the flow idle longest is evicted: it is shown once more, with that
 * reason, and from then counts in `other`. Flows that changed in this interval stay.
 *
 * Victims are searched for many at a time (one pass to see how old rows are, one to collect the
 * oldest), so that the search costs little for each. At most max_flows / 8 are evicted in an
 * interval and only a few searches are made: what comes then is not held.
 */
#include <stdlib.h>

#include "core/table_priv.h"

#define SEARCHES 4U   /* in one interval */
#define BUCKETS 1024U /* of the histogram of ages */

/* How many flows may be evicted in one interval. */
static uint32_t eviction_limit(const struct ft_table *table)
{
	return table->config.max_flows / 8 ? table->config.max_flows / 8 : 1;
}

/* True if a row may go; *ret_key is 0 for ended ones, else when it was last seen. */
static bool is_victim(const struct ft_table *table, uint32_t row, uint64_t *ret_key)
{
	const struct ft_flow_hot *hot = &ft_block_rows(table->base)[row];

	if (hot->ended == FT_ENDED_EVICTED ||
	    *ft_flow_store_link(table->store, ft_flow_slot(hot->flow)) & FT_LINK_CHANGED)
		return false;
	*ret_key = hot->ended != FT_ENDED_NOT ? 0 : hot->last_ns;
	return true;
}

/* The bucket of a key between first and last. */
static uint32_t bucket_of(uint64_t key, uint64_t first, uint64_t last)
{
	if (key <= first)
		return 0;
	return (uint32_t)((unsigned __int128)(key - first) * (BUCKETS - 1) / (last - first));
}

/* The bucket up to which at least `want` victims are; first and last bound their keys. */
static uint32_t find_limit(const struct ft_table *table, uint32_t want, uint64_t *ret_first,
			   uint64_t *ret_last)
{
	uint64_t key, first = UINT64_MAX, last = 0;
	uint32_t counts[BUCKETS] = { 0 }, row, bucket, sum = 0;

	for (row = 0; row < table->base_count; row++)
		if (is_victim(table, row, &key) && key) {
			first = key < first ? key : first;
			last = key > last ? key : last;
		}
	*ret_first = first;
	*ret_last = last;
	if (first >= last)
		return BUCKETS;
	for (row = 0; row < table->base_count; row++)
		if (is_victim(table, row, &key))
			counts[key ? bucket_of(key, first, last) : 0]++;
	for (bucket = 0; bucket < BUCKETS; bucket++) {
		sum += counts[bucket];
		if (sum >= want)
			break;
	}
	return bucket;
}

/* Oldest first; equal ones by row, so that the order is total. */
static int compare_victims(const void *a, const void *b)
{
	const struct ft_victim *one = a, *two = b;

	if (one->last_ns != two->last_ns)
		return one->last_ns < two->last_ns ? -1 : 1;
	return one->row < two->row ? -1 : one->row > two->row;
}

/* Collects the next victims; false if there are none. */
static bool search(struct ft_table *table)
{
	uint32_t want = eviction_limit(table), limit, row;
	struct ft_victim *victims;
	uint64_t key, first, last;

	table->victim_count = table->victim_next = 0;
	if (table->refills++ >= SEARCHES)
		return false;
	limit = find_limit(table, want, &first, &last);
	for (row = 0; row < table->base_count && table->victim_count < 2ULL * want; row++) {
		if (!is_victim(table, row, &key) ||
		    (key && limit < BUCKETS && bucket_of(key, first, last) > limit))
			continue;
		ft_region_grow(&table->victims, (table->victim_count + 1) * sizeof(*victims));
		victims = table->victims.base;
		victims[table->victim_count++] = (struct ft_victim){ .last_ns = key, .row = row };
	}
	if (table->victim_count == 0) {
		table->refills = SEARCHES;
		return false;
	}
	qsort(table->victims.base, table->victim_count, sizeof(*victims), compare_victims);
	return true;
}

/* Lets a victim go if it still may; false if it doesn't make room. */
static bool let_go(struct ft_table *table, const struct ft_victim *victim)
{
	const struct ft_flow *flow = ft_block_rows(table->base)[victim->row].flow;
	struct ft_change *change;
	uint64_t key;

	if (!is_victim(table, victim->row, &key))
		return false;
	if (key && table->evicted_now >= eviction_limit(table))
		return false;
	ft_index_remove(table, ft_table_hash(table, &flow->key), ft_flow_slot(flow));
	change = ft_table_change(table, ft_flow_slot(flow));
	if (key) {
		change->ended = FT_ENDED_EVICTED;
		table->evicted_now++;
		table->evicted++;
	} else {
		change->flags |= FT_CHANGE_LEAVE;
	}
	table->held--;
	return true;
}

bool ft_table_is_full(const struct ft_table *table)
{
	bool full = table->evicted_now > 0;

	for (size_t i = 0; i < FT_MAX_SCOPES; i++)
		full |= table->scopes[i] && table->scopes[i]->interval.other.packets > 0;
	return full;
}

bool ft_table_make_room(struct ft_table *table)
{
	if (table->held < table->config.max_flows)
		return true;
	do {
		while (table->victim_next < table->victim_count) {
			const struct ft_victim *victims = table->victims.base;

			if (let_go(table, &victims[table->victim_next++]))
				return true;
		}
	} while (search(table));
	return false;
}
