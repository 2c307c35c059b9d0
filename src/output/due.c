/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See due.h. The entries are an open-addressing table by flow id, probed linearly, at most half
 * full; deleting moves later ones back, so there are no tombstones. Ids are ours and grow, no
 * outsider chooses them: multiplying spreads them enough.
 */
#include "output/due.h"

#include <stdlib.h>
#include <string.h>

#include "core/xalloc.h"

struct entry {
	uint64_t id; /* 0 = free */
	struct ft_counts told[2];
	uint64_t since_ns; /* where the next record starts */
	uint32_t seen;     /* the snapshot that had it last */
	bool untold;
	bool introduced;
};

struct ft_due {
	uint64_t idle_ns, active_ns;
	bool tell_new;
	struct entry *entries; /* owned */
	size_t mask, used;
	const struct ft_snapshot *snapshot; /* borrowed */
	size_t row;
	uint32_t number; /* of the snapshot, ours */
	uint64_t missed;
};

struct ft_due *ft_due_new(uint64_t idle_ns, uint64_t active_ns, bool tell_new)
{
	struct ft_due *due = xcalloc(1, sizeof(*due));

	due->idle_ns = idle_ns;
	due->active_ns = active_ns;
	due->tell_new = tell_new;
	due->mask = 1023;
	due->entries = xcalloc(due->mask + 1, sizeof(*due->entries));
	return due;
}

void ft_due_free(struct ft_due *due)
{
	if (!due)
		return;
	free(due->entries);
	free(due);
}

/* Where an id would best be. */
static size_t home(const struct ft_due *due, uint64_t id)
{
	return (size_t)((id * 0x9e3779b97f4a7c15ULL) >> 32) & due->mask;
}

/* The entry of an id, or the free one where it belongs. */
static struct entry *find(const struct ft_due *due, uint64_t id)
{
	size_t at = home(due, id);

	while (due->entries[at].id && due->entries[at].id != id)
		at = (at + 1) & due->mask;
	return &due->entries[at];
}

/* Twice the room. */
static void grow(struct ft_due *due)
{
	struct entry *old = due->entries;
	size_t count = due->mask + 1;

	due->mask = count * 2 - 1;
	due->entries = xcalloc(count * 2, sizeof(*due->entries));
	for (size_t i = 0; i < count; i++)
		if (old[i].id)
			*find(due, old[i].id) = old[i];
	free(old);
}

/* The entry of a flow, made if need be. */
static struct entry *enter(struct ft_due *due, const struct ft_flow_hot *flow)
{
	struct entry *entry = find(due, flow->flow->id);

	if (entry->id)
		return entry;
	if (due->used >= due->mask / 2) {
		grow(due);
		entry = find(due, flow->flow->id);
	}
	*entry = (struct entry){ .id = flow->flow->id, .since_ns = flow->flow->first_ns };
	due->used++;
	return entry;
}

/* Frees a place; those behind it that would rather be there move up. */
static void delete_at(struct ft_due *due, size_t hole)
{
	size_t at = hole;

	due->used--;
	for (;;) {
		due->entries[hole].id = 0;
		do {
			at = (at + 1) & due->mask;
			if (!due->entries[at].id)
				return;
		} while (((at - home(due, due->entries[at].id)) & due->mask) <
			 ((at - hole) & due->mask));
		due->entries[hole] = due->entries[at];
		hole = at;
	}
}

/* Deletes the entries of flows that this snapshot doesn't have any more. */
static void forget(struct ft_due *due)
{
	for (size_t i = 0; i <= due->mask; i++) {
		/* What moves up into the place is looked at, too. */
		while (due->entries[i].id && due->entries[i].seen != due->number) {
			due->missed += due->entries[i].untold;
			delete_at(due, i);
		}
	}
}

void ft_due_begin(struct ft_due *due, const struct ft_snapshot *snapshot)
{
	due->snapshot = snapshot;
	due->row = 0;
	due->number++;
}

/* What was counted since the last record; false if nothing was. */
static bool subtract(const struct ft_flow_hot *flow, const struct entry *entry,
		     struct ft_counts ret_count[2])
{
	for (int dir = 0; dir < 2; dir++)
		ret_count[dir] = (struct ft_counts){
			.packets = flow->total[dir].packets - entry->told[dir].packets,
			.bytes = flow->total[dir].bytes - entry->told[dir].bytes,
			.l2_bytes = flow->total[dir].l2_bytes - entry->told[dir].l2_bytes,
		};
	return ret_count[0].packets || ret_count[1].packets;
}

/* True if it is time for a flow that has something to tell. */
static bool is_time(const struct ft_due *due, const struct ft_flow_hot *flow,
		    const struct entry *entry, enum ft_due_why *ret_why)
{
	uint64_t now = due->snapshot->end_ns;

	*ret_why = FT_DUE_ENDED;
	if (flow->ended || due->snapshot->last)
		return true;
	*ret_why = FT_DUE_IDLE;
	if (now >= flow->last_ns + due->idle_ns)
		return true;
	*ret_why = FT_DUE_ACTIVE;
	return now >= entry->since_ns + due->active_ns;
}

/* The record of a flow that was not told of before; its row comes again. */
static void introduce(struct ft_due *due, struct entry *entry, const struct ft_flow_hot *flow,
		      struct ft_due_record *ret_record)
{
	due->row--;
	entry->introduced = true;
	memset(ret_record, 0, sizeof(*ret_record));
	ret_record->flow = flow;
	ret_record->start_ns = ret_record->end_ns = flow->flow->first_ns;
	ret_record->why = FT_DUE_NEW;
}

bool ft_due_next(struct ft_due *due, struct ft_due_record *ret_record)
{
	const struct ft_flow_hot *flow;
	struct entry *entry;

	while (due->row < due->snapshot->row_count) {
		flow = &due->snapshot->rows[due->row++];
		entry = enter(due, flow);
		entry->seen = due->number;
		entry->untold = subtract(flow, entry, ret_record->count);
		if (due->tell_new && !entry->introduced) {
			introduce(due, entry, flow, ret_record);
			return true;
		}
		if (!entry->untold || !is_time(due, flow, entry, &ret_record->why))
			continue;
		ret_record->flow = flow;
		ret_record->start_ns = entry->since_ns;
		ret_record->end_ns = flow->last_ns;
		memcpy(entry->told, flow->total, sizeof(entry->told));
		entry->since_ns = flow->last_ns;
		entry->untold = false;
		return true;
	}
	forget(due);
	return false;
}

void ft_due_skip(struct ft_due *due)
{
	struct ft_counts count[2];
	struct entry *entry;

	for (; due->row < due->snapshot->row_count; due->row++) {
		entry = enter(due, &due->snapshot->rows[due->row]);
		entry->seen = due->number;
		entry->untold = subtract(&due->snapshot->rows[due->row], entry, count);
	}
	forget(due);
}

uint64_t ft_due_missed(const struct ft_due *due)
{
	return due->missed;
}
