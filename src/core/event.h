/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened to conversations, one record each time: a connection made, accepted, refused or
 * closed, a segment sent again, a listener, the first datagram. Told by the kernel's programs
 * (capture/event_source) or derived from the flow table (table_event.c); kept in one bounded
 * ring, of which each snapshot shares the newest part.
 *
 *   add ──► waiting (this interval's, at most FT_EVENTS_MAX) ──► publish: sorted by time, numbered
 *                                                                   │
 *   chunks of FT_EVENT_CHUNK, oldest first:  [....####][########][####    ] ◄── appended
 *                                                 ▲                  ▲
 *   a list (a snapshot's) holds references to chunks, and says from where to where
 *
 * What a list shows is never written again: appending writes behind its end. Only the collector
 * thread adds and publishes; lists are read and put on any thread.
 *
 * An event looks like a flow (`hot`, `flow`: its ends, protocol, owner, time), so that columns,
 * filter and records of flows work on it too. While it is in the ring it holds its owner.
 */
#ifndef FT_CORE_EVENT_H
#define FT_CORE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/event_abi.h"
#include "core/owner.h"
#include "core/table.h"

#define FT_EVENTS_MAX 10000 /* in the ring, and between two snapshots */
#define FT_EVENT_CHUNK 256
/* Times of flows are those of the kernel's ticks, those of events exact: a flow may seem to begin
 * so much behind its events. */
#define FT_EVENT_TICKS_NS UINT64_C(100000000)
#define FT_EVENT_NO_SCOPE 0xffff /* flow.key.scope: nobody said which interface */

/* Why a connection is closed. */
enum ft_close {
	FT_CLOSE_NONE, /* no such event, or not known */
	FT_CLOSE_FIN,
	FT_CLOSE_RST,
	FT_CLOSE_TIMEOUT,
	FT_CLOSE_ERROR, /* see error */
	FT_CLOSE_MAX
};

/* ft_event.known: which of the numbers say something. */
#define FT_EVENT_LATENCY (1U << 0)
#define FT_EVENT_DURATION (1U << 1)
#define FT_EVENT_APP_BYTES (1U << 2)
#define FT_EVENT_WIRE_BYTES (1U << 3) /* hot.total */
#define FT_EVENT_SEGMENTS (1U << 4)

struct ft_flow_event {
	struct ft_flow_hot hot; /* last_ns: when it happened */
	struct ft_flow flow;    /* hot.flow; id: the event's, grows by one; end a or b is local */
	uint64_t flow_id;       /* the flow that it happened to, 0 = not known */
	uint64_t socket;        /* cookie, 0 = not known */
	uint64_t latency_us;    /* of the handshake; of a failure, until it was known */
	uint64_t duration_us;   /* of a closed connection */
	uint64_t app_tx_bytes;  /* what the program sent and what came for it */
	uint64_t app_rx_bytes;
	uint32_t known;         /* FT_EVENT_LATENCY ... */
	uint32_t segments;      /* sent again */
	uint16_t error;         /* an errno, 0 = none */
	uint8_t kind;           /* enum ft_event_kind */
	uint8_t close;          /* enum ft_close */
	uint8_t closed_by;      /* enum ft_end: who began to close it */
	bool from_packets;      /* derived from what passed, not told by the kernel */
};

/* "connect" "accept" "connect_failed" "close" "retransmit" "listen" "udp": records, filter. */
const char *ft_event_kind_name(enum ft_event_kind kind);
const char *ft_close_name(enum ft_close reason); /* "fin", NULL for NONE */
/* "ECONNREFUSED"; NULL for those without a place in the table. */
const char *ft_event_error_name(unsigned error);
/* True if the other end (our end) began the conversation; neither if nobody knows. */
bool ft_flow_is_in(const struct ft_flow *flow);
bool ft_flow_is_out(const struct ft_flow *flow);

struct ft_snapshot;
/* The flow that it happened to, as the snapshot has it, or NULL: by its id where that is known,
 * else the youngest with its ends that isn't younger than the event. Looks at all flows. */
const struct ft_flow_hot *ft_event_flow(const struct ft_snapshot *snapshot,
					const struct ft_flow_event *event);

/* Why events are not there. */
enum ft_event_loss {
	FT_EVENT_LOST_RING,  /* the kernel's ring was full */
	FT_EVENT_LOST_BOUND, /* more than FT_EVENTS_MAX in one interval */
	FT_EVENT_LOST_NESTED, /* the kernel ran no program inside the program on one CPU */
	FT_EVENT_LOST_MAX
};
const char *ft_event_loss_name(enum ft_event_loss loss); /* "ring" "bound" "nested" */

/* ---- the ring; the collector thread's */

struct ft_events;
struct ft_event_list;

/* bound: at most so many in the ring and waiting. Owners are borrowed. */
struct ft_events *ft_events_new(size_t bound, struct ft_owners *owners);
void ft_events_free(struct ft_events *events); /* NULL is fine */
/* Copied; hot.flow, flow.id and flow.first_ns are set here. */
void ft_events_add(struct ft_events *events, const struct ft_flow_event *event);
/* False, and one counted as lost, if no more fit into this interval: a flood should cost no more
 * than to ask. */
bool ft_events_room(struct ft_events *events);
void ft_events_lost(struct ft_events *events, enum ft_event_loss loss, uint64_t count);
/* Asks for the flow's id of each event that waits and has none; 0 = not known. */
void ft_events_join(struct ft_events *events,
		    uint64_t (*find)(void *arg, const struct ft_flow_event *event), void *arg);
/* For what is read back: an event with the id and the times that it had, newer than all there are;
 * how many there had been by then, and how many were lost. */
void ft_events_restore(struct ft_events *events, const struct ft_flow_event *event);
void ft_events_restore_counts(struct ft_events *events, uint64_t total,
			      const uint64_t lost[FT_EVENT_LOST_MAX]);
/* Ends the interval: what waited is in the ring. A list with one reference, the caller's. */
const struct ft_event_list *ft_events_publish(struct ft_events *events);

/* ---- a snapshot's part of it */

void ft_event_list_put(const struct ft_event_list *list); /* NULL is fine, and is empty */
size_t ft_event_list_count(const struct ft_event_list *list);
/* Oldest first; index < count. */
const struct ft_flow_event *ft_event_list_at(const struct ft_event_list *list, size_t index);
/* Index of the first event that no list before had; count if there is none. */
size_t ft_event_list_fresh(const struct ft_event_list *list);
/* Events since start, with those that left the ring; those lost since start. */
uint64_t ft_event_list_total(const struct ft_event_list *list);
uint64_t ft_event_list_lost(const struct ft_event_list *list, enum ft_event_loss loss);

#endif
