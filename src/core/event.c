/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ring of events and its lists; see event.h for the drawing. */
#include "core/event.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/snapshot.h"
#include "core/xalloc.h"

struct chunk {
	atomic_uint refs;
	struct ft_flow_event events[FT_EVENT_CHUNK];
};

struct ft_events {
	struct ft_owners *owners; /* borrowed */
	size_t bound;
	struct ft_flow_event *waiting; /* owned; this interval's */
	size_t waiting_count, waiting_space;
	struct chunk **chunks; /* owned, a reference each; oldest first */
	size_t chunk_count, chunk_space;
	size_t skip;  /* events of the first chunk that have left */
	size_t count; /* in the ring */
	size_t restored; /* since the last list, beside those that waited */
	uint64_t last_id;
	uint64_t lost[FT_EVENT_LOST_MAX];
};

struct ft_event_list {
	atomic_uint refs;
	size_t skip, count, fresh;
	uint64_t total;
	uint64_t lost[FT_EVENT_LOST_MAX];
	size_t chunk_count;
	struct chunk *chunks[]; /* a reference each */
};

/* ---- words */

const char *ft_event_kind_name(enum ft_event_kind kind)
{
	static const char *const names[FT_EVENT_MAX] = {
		[FT_EVENT_CONNECT] = "connect", [FT_EVENT_ACCEPT] = "accept",
		[FT_EVENT_FAILED] = "connect_failed", [FT_EVENT_CLOSE] = "close",
		[FT_EVENT_RETRANSMIT] = "retransmit", [FT_EVENT_LISTEN] = "listen",
		[FT_EVENT_UDP] = "udp",
	};

	return kind < FT_EVENT_MAX ? names[kind] : NULL;
}

const char *ft_close_name(enum ft_close reason)
{
	static const char *const names[FT_CLOSE_MAX] = {
		[FT_CLOSE_FIN] = "fin",
		[FT_CLOSE_RST] = "rst",
		[FT_CLOSE_TIMEOUT] = "timeout",
		[FT_CLOSE_ERROR] = "error",
	};

	return reason < FT_CLOSE_MAX ? names[reason] : NULL;
}

const char *ft_event_loss_name(enum ft_event_loss loss)
{
	static const char *const names[FT_EVENT_LOST_MAX] = {
		[FT_EVENT_LOST_RING] = "ring",
		[FT_EVENT_LOST_BOUND] = "bound",
		[FT_EVENT_LOST_NESTED] = "nested",
	};

	return loss < FT_EVENT_LOST_MAX ? names[loss] : NULL;
}

const char *ft_event_error_name(unsigned error)
{
	static const struct {
		unsigned error;
		const char *name;
	} names[] = {
#define NAME(error) { error, #error }
		NAME(ECONNREFUSED), NAME(ETIMEDOUT), NAME(ECONNRESET), NAME(EPIPE),
		NAME(EHOSTUNREACH), NAME(ENETUNREACH), NAME(EHOSTDOWN), NAME(ENETDOWN),
		NAME(ECONNABORTED), NAME(EADDRNOTAVAIL), NAME(EADDRINUSE), NAME(EACCES),
		NAME(EPERM), NAME(ENOPROTOOPT), NAME(EPROTO), NAME(EMSGSIZE), NAME(ENOBUFS),
		NAME(ENOMEM), NAME(EINVAL), NAME(EOPNOTSUPP), NAME(ENONET), NAME(EINTR),
#undef NAME
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].error == error)
			return names[i].name;
	return NULL;
}

bool ft_flow_is_in(const struct ft_flow *flow)
{
	return flow->initiator != FT_END_NONE && flow->initiator != flow->local;
}

bool ft_flow_is_out(const struct ft_flow *flow)
{
	return flow->initiator != FT_END_NONE && flow->initiator == flow->local;
}

/* True if the flow's ends are the event's, whichever is a. */
static bool has_ends(const struct ft_flow_key *key, const struct ft_flow_key *ends)
{
	if (key->protocol != ends->protocol)
		return false;
	if (key->port_a_be == ends->port_a_be && key->port_b_be == ends->port_b_be &&
	    memcmp(key->addr_a, ends->addr_a, 16) == 0 &&
	    memcmp(key->addr_b, ends->addr_b, 16) == 0)
		return true;
	return key->port_a_be == ends->port_b_be && key->port_b_be == ends->port_a_be &&
	       memcmp(key->addr_a, ends->addr_b, 16) == 0 &&
	       memcmp(key->addr_b, ends->addr_a, 16) == 0;
}

const struct ft_flow_hot *ft_event_flow(const struct ft_snapshot *snapshot,
					const struct ft_flow_event *event)
{
	const struct ft_flow_hot *found = NULL;
	uint64_t until_ns = event->hot.last_ns + FT_EVENT_TICKS_NS;

	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];

		if (event->flow_id ? row->flow->id == event->flow_id :
				     has_ends(&row->flow->key, &event->flow.key) &&
				     row->flow->first_ns <= until_ns &&
				     (!found || row->flow->first_ns > found->flow->first_ns))
			found = row;
	}
	return found;
}

/* ---- chunks */

static void put_chunk(struct chunk *chunk)
{
	if (atomic_fetch_sub_explicit(&chunk->refs, 1, memory_order_acq_rel) == 1)
		free(chunk);
}

static struct chunk *take_chunk(struct chunk *chunk)
{
	atomic_fetch_add_explicit(&chunk->refs, 1, memory_order_relaxed);
	return chunk;
}

/* The place behind the newest event, in a new chunk if need be. */
static struct ft_flow_event *next_place(struct ft_events *events)
{
	size_t at = events->skip + events->count;

	if (at == events->chunk_count * FT_EVENT_CHUNK) {
		struct chunk *chunk = xcalloc(1, sizeof(*chunk));

		atomic_init(&chunk->refs, 1);
		if (events->chunk_count == events->chunk_space) {
			events->chunk_space = events->chunk_space ? events->chunk_space * 2 : 8;
			events->chunks = xreallocarray(events->chunks, events->chunk_space,
						       sizeof(*events->chunks));
		}
		events->chunks[events->chunk_count++] = chunk;
	}
	return &events->chunks[at / FT_EVENT_CHUNK]->events[at % FT_EVENT_CHUNK];
}

/* Both ends' owners. */
static void hold(struct ft_owners *owners, const struct ft_flow_event *event)
{
	ft_owners_hold(owners, event->hot.owner[0]);
	ft_owners_hold(owners, event->hot.owner[1]);
}

static void release(struct ft_owners *owners, const struct ft_flow_event *event)
{
	ft_owners_release(owners, event->hot.owner[0]);
	ft_owners_release(owners, event->hot.owner[1]);
}

/* The oldest event leaves the ring; lists that show it keep its chunk. */
static void drop_oldest(struct ft_events *events)
{
	release(events->owners, &events->chunks[0]->events[events->skip]);
	events->count--;
	if (++events->skip < FT_EVENT_CHUNK)
		return;
	put_chunk(events->chunks[0]);
	events->chunk_count--;
	memmove(&events->chunks[0], &events->chunks[1],
		events->chunk_count * sizeof(*events->chunks));
	events->skip = 0;
}

/* ---- the ring */

struct ft_events *ft_events_new(size_t bound, struct ft_owners *owners)
{
	struct ft_events *events = xcalloc(1, sizeof(*events));

	events->owners = owners;
	events->bound = bound ? bound : 1;
	return events;
}

void ft_events_free(struct ft_events *events)
{
	if (!events)
		return;
	for (size_t i = 0; i < events->waiting_count; i++)
		release(events->owners, &events->waiting[i]);
	while (events->count)
		drop_oldest(events);
	for (size_t i = 0; i < events->chunk_count; i++)
		put_chunk(events->chunks[i]);
	free(events->chunks);
	free(events->waiting);
	free(events);
}

/* The beginning of a burst stays: it costs nothing to drop what follows. */
bool ft_events_room(struct ft_events *events)
{
	if (events->waiting_count < events->bound)
		return true;
	events->lost[FT_EVENT_LOST_BOUND]++;
	return false;
}

void ft_events_add(struct ft_events *events, const struct ft_flow_event *event)
{
	struct ft_flow_event *to;

	if (!ft_events_room(events))
		return;
	if (events->waiting_count == events->waiting_space) {
		events->waiting_space = events->waiting_space ? events->waiting_space * 2 : 64;
		events->waiting = xreallocarray(events->waiting, events->waiting_space,
						sizeof(*events->waiting));
	}
	to = &events->waiting[events->waiting_count++];
	*to = *event;
	to->flow.first_ns = event->hot.last_ns;
	to->flow.id = ++events->last_id; /* until they are sorted: the order of coming */
	hold(events->owners, to);
}

void ft_events_lost(struct ft_events *events, enum ft_event_loss loss, uint64_t count)
{
	events->lost[loss] += count;
}

void ft_events_join(struct ft_events *events,
		    uint64_t (*find)(void *arg, const struct ft_flow_event *event), void *arg)
{
	for (size_t i = 0; i < events->waiting_count; i++)
		if (!events->waiting[i].flow_id)
			events->waiting[i].flow_id = find(arg, &events->waiting[i]);
}

/* By time; those of one moment as they came. */
static int compare_events(const void *a, const void *b)
{
	const struct ft_flow_event *x = a, *y = b;

	if (x->hot.last_ns != y->hot.last_ns)
		return x->hot.last_ns < y->hot.last_ns ? -1 : 1;
	return x->flow.id < y->flow.id ? -1 : x->flow.id > y->flow.id;
}

/* Puts what waited into the ring, in order; returns how many. */
static size_t append(struct ft_events *events)
{
	size_t count = events->waiting_count;
	uint64_t id = events->last_id - count;

	if (!count)
		return 0;
	qsort(events->waiting, count, sizeof(*events->waiting), compare_events);
	for (size_t i = 0; i < count; i++) {
		struct ft_flow_event *to = next_place(events);

		*to = events->waiting[i];
		to->flow.id = ++id;
		to->hot.flow = &to->flow;
		events->count++;
	}
	while (events->count > events->bound)
		drop_oldest(events);
	free(events->waiting);
	events->waiting = NULL;
	events->waiting_count = events->waiting_space = 0;
	return count;
}

void ft_events_restore(struct ft_events *events, const struct ft_flow_event *event)
{
	struct ft_flow_event *to = next_place(events);

	*to = *event;
	to->hot.flow = &to->flow;
	hold(events->owners, to);
	events->last_id = event->flow.id;
	events->count++;
	events->restored++;
	if (events->count > events->bound)
		drop_oldest(events);
}

void ft_events_restore_counts(struct ft_events *events, uint64_t total,
			      const uint64_t lost[FT_EVENT_LOST_MAX])
{
	events->last_id = total;
	memcpy(events->lost, lost, sizeof(events->lost));
}

const struct ft_event_list *ft_events_publish(struct ft_events *events)
{
	size_t fresh = append(events) + events->restored;
	struct ft_event_list *list =
		xcalloc(1, sizeof(*list) + events->chunk_count * sizeof(list->chunks[0]));

	atomic_init(&list->refs, 1);
	list->skip = events->skip;
	list->count = events->count;
	list->fresh = events->count - (fresh < events->count ? fresh : events->count);
	events->restored = 0;
	list->total = events->last_id;
	memcpy(list->lost, events->lost, sizeof(list->lost));
	list->chunk_count = events->chunk_count;
	for (size_t i = 0; i < events->chunk_count; i++)
		list->chunks[i] = take_chunk(events->chunks[i]);
	return list;
}

/* ---- lists */

void ft_event_list_put(const struct ft_event_list *list)
{
	/* The count of references is the only thing that changes. */
	struct ft_event_list *mine = (struct ft_event_list *)(uintptr_t)list;

	if (!mine || atomic_fetch_sub_explicit(&mine->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < mine->chunk_count; i++)
		put_chunk(mine->chunks[i]);
	free(mine);
}

size_t ft_event_list_count(const struct ft_event_list *list)
{
	return list ? list->count : 0;
}

const struct ft_flow_event *ft_event_list_at(const struct ft_event_list *list, size_t index)
{
	size_t at = list->skip + index;

	return &list->chunks[at / FT_EVENT_CHUNK]->events[at % FT_EVENT_CHUNK];
}

size_t ft_event_list_fresh(const struct ft_event_list *list)
{
	return list ? list->fresh : 0;
}

uint64_t ft_event_list_total(const struct ft_event_list *list)
{
	return list ? list->total : 0;
}

uint64_t ft_event_list_lost(const struct ft_event_list *list, enum ft_event_loss loss)
{
	return list ? list->lost[loss] : 0;
}
