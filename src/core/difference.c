/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two moments into one snapshot, see difference.h. The numbers of the later moment (scopes, owners,
 * places of interfaces) stay as they are, so that ids of groups do; those of the baseline are put
 * into them by name, and what has no like there gets numbers that are free.
 *
 * Rows of the later moment keep its cold records, of which the reference to it takes care; rows
 * that vanished have records of their own, because their numbers are others. What the later moment
 * points to and nobody changes is shared with it.
 */
#include "core/difference.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/nls.h"
#include "core/snapshot_priv.h"
#include "core/socket.h"
#include "core/xalloc.h"

#define OWNERS_MAX (UINT16_MAX + 1 - FT_OWNER_FIRST)
#define START_SLACK_NS 1000000000ULL /* a process's start is reckoned from clocks */

/* The baseline's numbers in those of the difference. */
struct maps {
	uint16_t scope[FT_MAX_SCOPES];
	uint16_t *owner; /* by owner of the baseline */
	size_t owner_count;
	uint16_t *iface; /* by its slot */
	size_t iface_count;
};

/* ---- scopes and interfaces, by name */

/* The number of a host that watched; of one that only the baseline has, a new one. */
static uint16_t join_observer(struct ft_snapshot *shown, const char *name)
{
	size_t i = 0;

	if (!name[0])
		return 0;
	while (i < shown->observer_count && strcmp(shown->observers[i], name) != 0)
		i++;
	if (i == shown->observer_count) {
		shown->observers = xreallocarray(shown->observers, i + 1,
						 sizeof(*shown->observers));
		shown->observers[i] = xstrdup(name);
		shown->observer_count++;
	}
	return (uint16_t)(i + 1);
}

static uint16_t free_scope(const struct ft_snapshot_scope *scopes, size_t count)
{
	bool used[FT_MAX_SCOPES] = { false };
	uint16_t number = 0;

	for (size_t i = 0; i < count; i++)
		if (scopes[i].scope < FT_MAX_SCOPES)
			used[scopes[i].scope] = true;
	while (number < FT_MAX_SCOPES - 1 && used[number])
		number++;
	return number; /* all taken: the last is shared */
}

/* Those of the later moment, and behind them those that only the baseline has. Several hosts may
 * have interfaces of one name. */
static void join_scopes(struct ft_snapshot *shown, const struct ft_snapshot *before,
			const struct ft_snapshot *after, struct maps *maps)
{
	struct ft_snapshot_scope *scopes =
		xcalloc(after->scope_count + before->scope_count + 1, sizeof(*scopes));
	size_t count = after->scope_count;

	if (count > 0)
		memcpy(scopes, after->scopes, count * sizeof(*scopes));
	for (size_t i = 0; i < before->scope_count; i++) {
		const struct ft_snapshot_scope *old = &before->scopes[i];
		uint16_t observer = join_observer(shown, ft_snapshot_observer(before, old->scope));
		size_t at = 0;

		while (at < count && (scopes[at].observer != observer ||
				      strncmp(scopes[at].name, old->name, IFNAMSIZ) != 0))
			at++;
		if (at == count) {
			/* It is watched no more: its line and rates are nothing. */
			memcpy(scopes[at].name, old->name, IFNAMSIZ);
			scopes[at].scope = free_scope(scopes, count);
			scopes[at].observer = observer;
			count++;
		}
		if (old->scope < FT_MAX_SCOPES)
			maps->scope[old->scope] = scopes[at].scope;
	}
	shown->scopes = scopes;
	shown->scope_count = count;
}

/* Interfaces that only the baseline has are not named: 0. */
static void map_ifaces(const struct ft_snapshot *before, const struct ft_snapshot *after,
		       struct maps *maps)
{
	maps->iface_count = before->iface_count;
	maps->iface = xcalloc(before->iface_count + 1, sizeof(*maps->iface));
	for (size_t i = 0; i < before->iface_count; i++)
		for (size_t j = 0; j < after->iface_count && !maps->iface[i]; j++)
			if (strncmp(before->ifaces[i].name, after->ifaces[j].name, IFNAMSIZ) == 0)
				maps->iface[i] = (uint16_t)(j + 1);
}

/* ---- owners */

static bool is_same_process(const struct ft_process *a, const struct ft_process *b)
{
	uint64_t apart =
		a->start_ns > b->start_ns ? a->start_ns - b->start_ns : b->start_ns - a->start_ns;

	return a->pid == b->pid && (!a->start_ns || !b->start_ns || apart < START_SLACK_NS) &&
	       strcmp(a->name, b->name) == 0 && strcmp(a->cmdline, b->cmdline) == 0;
}

static int compare_pids(const void *a, const void *b)
{
	const struct ft_process *x = *(const struct ft_process *const *)a;
	const struct ft_process *y = *(const struct ft_process *const *)b;

	return x->pid != y->pid ? (x->pid < y->pid ? -1 : 1) : (x->id > y->id) - (x->id < y->id);
}

/* The id that the same process has among some sorted by pid; 0 = none. */
static uint16_t find_process(const struct ft_process *const *sorted, size_t count,
			     const struct ft_process *process)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sorted[middle]->pid < process->pid)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < count && sorted[low]->pid == process->pid; low++)
		if (is_same_process(sorted[low], process))
			return sorted[low]->id;
	return 0;
}

/* Processes of the later moment under their ids, and those that only the baseline has: under their
 * own id if it is free, else behind. */
static void join_processes(struct ft_snapshot *shown, const struct ft_snapshot *before,
			   const struct ft_snapshot *after, struct maps *maps)
{
	size_t most = after->process_count + before->process_count, sorted_count = 0;
	const struct ft_process **all, **sorted;
	size_t count = after->process_count > before->process_count ? after->process_count
								    : before->process_count;

	all = xcalloc(most + 1, sizeof(*all));
	sorted = xcalloc(most + 1, sizeof(*sorted));
	maps->owner_count = before->process_count + FT_OWNER_FIRST;
	maps->owner = xcalloc(maps->owner_count, sizeof(*maps->owner));
	for (uint16_t id = 0; id < FT_OWNER_FIRST; id++)
		maps->owner[id] = id;
	for (size_t i = 0; i < after->process_count; i++)
		if (after->processes[i]) {
			all[i] = ft_process_take(after->processes[i]);
			sorted[sorted_count++] = all[i];
		}
	qsort(sorted, sorted_count, sizeof(*sorted), compare_pids);
	for (size_t i = 0; i < before->process_count; i++) {
		const struct ft_process *process = before->processes[i];
		size_t at = i;
		uint16_t id;

		if (!process)
			continue;
		id = find_process(sorted, sorted_count, process);
		if (id) {
			maps->owner[FT_OWNER_FIRST + i] = id;
			continue;
		}
		if (all[at])
			at = count++;
		if (at >= OWNERS_MAX)
			continue; /* stays unknown */
		all[at] = ft_process_take(process);
		maps->owner[FT_OWNER_FIRST + i] = (uint16_t)(FT_OWNER_FIRST + at);
	}
	free(sorted);
	shown->processes = all;
	shown->process_count = count < OWNERS_MAX ? count : OWNERS_MAX;
}

static uint16_t map_owner(const struct maps *maps, uint16_t owner)
{
	return owner < maps->owner_count ? maps->owner[owner] : FT_OWNER_UNKNOWN;
}

/* What flows counted that had left before the baseline, by the difference's owners. */
static void join_past(struct ft_difference *difference, const struct ft_snapshot *before,
		      size_t process_count, const struct maps *maps)
{
	struct ft_past *past;

	if (before->past_count == 0)
		return;
	difference->past_count = FT_OWNER_FIRST + process_count;
	past = xcalloc(difference->past_count, sizeof(*past));
	for (size_t i = 0; i < before->past_count; i++) {
		const struct ft_past *old = &before->past[i];
		struct ft_past *sum = &past[map_owner(maps, (uint16_t)i)];
		const struct ft_past was = *sum;

		*sum = *old;
		sum->tx.packets += was.tx.packets;
		sum->tx.bytes += was.tx.bytes;
		sum->tx.l2_bytes += was.tx.l2_bytes;
		sum->rx.packets += was.rx.packets;
		sum->rx.bytes += was.rx.bytes;
		sum->rx.l2_bytes += was.rx.l2_bytes;
	}
	difference->past = past;
}

/* ---- flows */

/* By packets; bytes tell where these are equal. */
static enum ft_differs compare_counts(const struct ft_counts now[2], const struct ft_counts was[2])
{
	uint64_t packets = now[0].packets + now[1].packets;
	uint64_t packets_was = was[0].packets + was[1].packets;
	uint64_t bytes = now[0].l2_bytes + now[1].l2_bytes;
	uint64_t bytes_was = was[0].l2_bytes + was[1].l2_bytes;

	if (packets != packets_was)
		return packets > packets_was ? FT_DIFFERS_GREW : FT_DIFFERS_SHRANK;
	if (bytes != bytes_was)
		return bytes > bytes_was ? FT_DIFFERS_GREW : FT_DIFFERS_SHRANK;
	return FT_DIFFERS_SAME;
}

/* What tells flows apart: the key with the difference's scope, and the flow's id or when it was first
 * seen in microseconds. */
struct identity {
	struct ft_flow_key key;
	uint64_t which;
};
_Static_assert(sizeof(struct identity) % 8 == 0, "hashed as words");

/* Rows of the baseline by their identities. */
struct slot {
	uint32_t row;  /* 1 + row, 0 = free */
	uint32_t hash; /* upper half, so that few identities are looked at in vain */
};
struct index {
	struct ft_seed seed;
	struct slot *slots;
	size_t size;  /* a power of two, at most half full */
	bool one_run; /* of both moments: ids tell flows apart */
};

static struct identity identity_of(const struct index *index, const struct ft_flow *flow,
				   const struct maps *maps)
{
	struct identity identity;

	memset(&identity, 0, sizeof(identity)); /* compared as bytes */
	memcpy(&identity.key, &flow->key, sizeof(identity.key));
	if (maps && identity.key.scope < FT_MAX_SCOPES)
		identity.key.scope = maps->scope[identity.key.scope];
	identity.which = index->one_run ? flow->id : flow->first_ns / 1000;
	return identity;
}

/* Under a seed, because whoever sends packets chooses addresses; by multiplication, because there
 * are millions of them every second. */
static uint64_t hash_of(const struct index *index, const struct identity *identity)
{
	uint64_t word[sizeof(*identity) / 8], hash = index->seed.k[0];

	memcpy(word, identity, sizeof(word));
	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		unsigned __int128 product =
			(unsigned __int128)(hash ^ word[i]) * (index->seed.k[1] | 1);

		hash = (uint64_t)product ^ (uint64_t)(product >> 64);
	}
	return hash;
}

/* The slot with a row of this identity, or the free one for it. */
static struct slot *find_slot(const struct index *index, const struct ft_snapshot *before,
			      const struct maps *maps, const struct identity *identity,
			      uint64_t hash)
{
	size_t at = (size_t)hash & (index->size - 1);

	for (; index->slots[at].row; at = (at + 1) & (index->size - 1)) {
		struct identity other;

		if (index->slots[at].hash != (uint32_t)(hash >> 32))
			continue;
		other = identity_of(index, before->rows[index->slots[at].row - 1].flow, maps);
		if (memcmp(&other, identity, sizeof(other)) == 0)
			break;
	}
	return &index->slots[at];
}

/* Of several that are alike (a made-up file) the first is found. */
static void index_rows(struct index *index, const struct ft_snapshot *before,
		       const struct maps *maps)
{
	index->seed = ft_seed_random();
	index->size = 64;
	while (index->size < before->row_count * 2)
		index->size *= 2;
	index->slots = xcalloc(index->size, sizeof(*index->slots));
	for (size_t i = 0; i < before->row_count; i++) {
		struct identity identity = identity_of(index, before->rows[i].flow, maps);
		uint64_t hash = hash_of(index, &identity);
		struct slot *slot = find_slot(index, before, maps, &identity, hash);

		if (!slot->row)
			*slot = (struct slot){ (uint32_t)i + 1, (uint32_t)(hash >> 32) };
	}
}

/* 1 + the baseline's row of a flow, 0 = it has none. A row is found once only. */
static uint32_t find_row(const struct index *index, const struct ft_snapshot *before,
			 const struct maps *maps, const struct ft_flow *flow, bool *found)
{
	struct identity identity = identity_of(index, flow, NULL);
	uint32_t row = find_slot(index, before, maps, &identity, hash_of(index, &identity))->row;

	if (!row || found[row - 1])
		return 0;
	found[row - 1] = true;
	return row;
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Ids of rows that vanished: their own, unless the later moment has another flow under it. */
static void give_ids(struct ft_flow *flows, size_t count, const struct ft_snapshot *after)
{
	uint64_t *ids = xcalloc(after->row_count + 1, sizeof(*ids)), next = 0;

	for (size_t i = 0; i < after->row_count; i++)
		ids[i] = after->rows[i].flow->id;
	qsort(ids, after->row_count, sizeof(*ids), compare_ids);
	if (after->row_count > 0)
		next = ids[after->row_count - 1];
	for (size_t i = 0; i < count; i++)
		next = flows[i].id > next ? flows[i].id : next;
	for (size_t i = 0; i < count; i++) {
		uint64_t id = flows[i].id;

		if (bsearch(&id, ids, after->row_count, sizeof(*ids), compare_ids))
			flows[i].id = ++next & (UINT64_MAX >> 8);
	}
	free(ids);
}

/* A row that vanished, as the baseline had it. */
static void put_vanished(struct ft_flow_hot *row, struct ft_flow *flow,
			 const struct ft_flow_hot *old, const struct maps *maps)
{
	*flow = *old->flow;
	if (flow->key.scope < FT_MAX_SCOPES)
		flow->key.scope = maps->scope[flow->key.scope];
	*row = *old;
	row->flow = flow;
	row->delta = 0;
	row->ended_now = 0;
	for (int end = 0; end < 2; end++) {
		uint16_t slot = old->iface_slot[end];

		row->owner[end] = map_owner(maps, old->owner[end]);
		row->iface_slot[end] =
			slot && slot <= maps->iface_count ? maps->iface[slot - 1] : 0;
	}
}

/* All rows, and what each of them was. */
static void join_rows(struct ft_snapshot_box *box, struct ft_difference *difference,
		      const struct maps *maps, bool one_run)
{
	const struct ft_snapshot *before = difference->before, *after = difference->after;
	struct ft_snapshot *shown = &box->shown;
	bool *found = xcalloc(before->row_count + 1, sizeof(*found));
	uint32_t *was = xcalloc(after->row_count + before->row_count + 1, sizeof(*was));
	struct index index = { .one_run = one_run };
	struct ft_flow_hot *rows;
	struct ft_flow *flows;
	size_t vanished = before->row_count, count = after->row_count;
	bool any = false, ids_differ = false;

	index_rows(&index, before, maps);
	for (size_t i = 0; i < after->row_count; i++) {
		const struct ft_flow_hot *now = &after->rows[i], *old;

		was[i] = find_row(&index, before, maps, now->flow, found);
		old = was[i] ? &before->rows[was[i] - 1] : NULL;
		difference->flows[old ? compare_counts(now->total, old->total)
				      : FT_DIFFERS_APPEARED]++;
		vanished -= old != NULL;
		any |= old != NULL;
		ids_differ |= old && old->flow->id != now->flow->id;
	}
	difference->flows[FT_DIFFERS_VANISHED] = vanished;
	box->block = ft_block_new(after->row_count + vanished);
	box->block->count = after->row_count + vanished;
	rows = ft_block_rows(box->block);
	if (after->row_count > 0)
		memcpy(rows, after->rows, after->row_count * sizeof(*rows));
	ft_region_grow_exact(&box->flows, vanished * sizeof(*flows));
	flows = box->flows.base;
	for (size_t i = 0; i < before->row_count; i++) {
		if (found[i])
			continue;
		put_vanished(&rows[count], &flows[count - after->row_count], &before->rows[i],
			     maps);
		was[count++] = (uint32_t)i + 1;
	}
	/* In one run no flow has another's id; two files are of one if they agree on those of all
	 * flows that they share. */
	if (vanished > 0 && !one_run && (!any || ids_differ))
		give_ids(flows, vanished, after);
	free(index.slots);
	free(found);
	shown->rows = rows;
	shown->row_count = count;
	difference->was = was;
	difference->after_rows = after->row_count;
}

/* ---- the snapshot */

/* Interfaces of its own, and for pairs as many places as there are rows. */
static void copy_own(struct ft_snapshot *shown, const struct ft_snapshot *after)
{
	if (after->iface_count > 0) {
		struct ft_snapshot_iface *ifaces = xcalloc(after->iface_count, sizeof(*ifaces));

		memcpy(ifaces, after->ifaces, after->iface_count * sizeof(*ifaces));
		shown->ifaces = ifaces;
	}
	if (after->pair_of) {
		uint32_t *pair_of = xcalloc(shown->row_count + 1, sizeof(*pair_of));

		memcpy(pair_of, after->pair_of, after->row_count * sizeof(*pair_of));
		shown->pair_of = pair_of;
	}
}

struct ft_snapshot *ft_difference_new(const struct ft_snapshot *before,
				      const struct ft_snapshot *after, bool one_run)
{
	static _Atomic uint64_t serial;
	struct ft_snapshot_box *box = xcalloc(1, sizeof(*box));
	struct ft_difference *difference = xcalloc(1, sizeof(*difference));
	struct ft_snapshot *shown = &box->shown;
	struct maps maps = { .owner = NULL };

	before = ft_difference_moment(before);
	after = ft_difference_moment(after);
	difference->serial = atomic_fetch_add_explicit(&serial, 1, memory_order_relaxed) + 1;
	difference->before = ft_snapshot_take(before);
	difference->after = ft_snapshot_take(after);
	atomic_init(&box->refs, 1);
	*shown = *after;
	shown->difference = difference;
	ft_snapshot_copy_texts(shown, after);
	join_scopes(shown, before, after, &maps);
	map_ifaces(before, after, &maps);
	join_processes(shown, before, after, &maps);
	join_past(difference, before, shown->process_count, &maps);
	join_rows(box, difference, &maps, one_run);
	copy_own(shown, after);
	free(maps.owner);
	free(maps.iface);
	return shown;
}

/* Called by the last put, before the rest is freed: what is the later moment's stays. */
void ft_difference_let_go(struct ft_snapshot *shown)
{
	struct ft_difference *difference = (struct ft_difference *)(uintptr_t)shown->difference;

	shown->events = NULL;
	shown->tcp_of = NULL;
	shown->tcps = NULL;
	shown->sockets = NULL;
	shown->socket_list = NULL;
	shown->past = NULL;
	shown->pairings = NULL;
	shown->nats = NULL;
	ft_snapshot_put(difference->before);
	ft_snapshot_put(difference->after);
	free((void *)(uintptr_t)difference->was);
	free((void *)(uintptr_t)difference->past);
	free(difference);
}

/* ---- reading it */

const struct ft_snapshot *ft_difference_moment(const struct ft_snapshot *snapshot)
{
	return snapshot->difference ? snapshot->difference->after : snapshot;
}

uint64_t ft_difference_since(const struct ft_snapshot *snapshot)
{
	return snapshot->difference ? snapshot->difference->before->end_ns : 0;
}

/* A row's place; SIZE_MAX for what is none (an event's flow). */
static size_t place_of(const struct ft_snapshot *snapshot, const struct ft_flow_hot *row)
{
	uintptr_t first = (uintptr_t)snapshot->rows, at = (uintptr_t)row;

	if (at < first || (at - first) / sizeof(*row) >= snapshot->row_count)
		return SIZE_MAX;
	return (at - first) / sizeof(*row);
}

const struct ft_flow_hot *ft_flow_was(const struct ft_snapshot *snapshot,
				      const struct ft_flow_hot *row)
{
	const struct ft_difference *difference = snapshot->difference;
	size_t place = difference ? place_of(snapshot, row) : SIZE_MAX;

	if (place == SIZE_MAX || !difference->was[place])
		return NULL;
	return &difference->before->rows[difference->was[place] - 1];
}

bool ft_flow_has_vanished(const struct ft_snapshot *snapshot, const struct ft_flow_hot *row)
{
	size_t place = snapshot->difference ? place_of(snapshot, row) : SIZE_MAX;

	return place != SIZE_MAX && place >= snapshot->difference->after_rows;
}

static enum ft_differs group_differs(const struct ft_group *group)
{
	const struct ft_group_was *was = group->was;

	if (!was)
		return FT_DIFFERS_SAME;
	if (!was->before)
		return FT_DIFFERS_APPEARED;
	if (!was->after)
		return FT_DIFFERS_VANISHED;
	return compare_counts((const struct ft_counts[]){ group->tx, group->rx },
			      (const struct ft_counts[]){ was->tx, was->rx });
}

enum ft_differs ft_differs(const struct ft_snapshot *snapshot, const struct ft_row *row)
{
	const struct ft_flow_hot *was;

	if (!snapshot->difference || row->socket || row->event)
		return FT_DIFFERS_SAME;
	if (row->group)
		return group_differs(row->group);
	if (ft_flow_has_vanished(snapshot, row->flow))
		return FT_DIFFERS_VANISHED;
	was = ft_flow_was(snapshot, row->flow);
	return was ? compare_counts(row->flow->total, was->total) : FT_DIFFERS_APPEARED;
}

const char *ft_differs_name(enum ft_differs differs)
{
	static const char *const names[FT_DIFFERS_MAX] = {
		[FT_DIFFERS_SAME] = N_("same"),		[FT_DIFFERS_SHRANK] = N_("shrank"),
		[FT_DIFFERS_GREW] = N_("grew"),		[FT_DIFFERS_VANISHED] = N_("vanished"),
		[FT_DIFFERS_APPEARED] = N_("appeared"),
	};

	return names[differs];
}

const char *ft_differs_mark(enum ft_differs differs)
{
	static const char *const marks[FT_DIFFERS_MAX] = {
		[FT_DIFFERS_SAME] = "=",     [FT_DIFFERS_SHRANK] = "<",	  [FT_DIFFERS_GREW] = ">",
		[FT_DIFFERS_VANISHED] = "-", [FT_DIFFERS_APPEARED] = "+",
	};

	return marks[differs];
}
