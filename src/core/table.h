/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live flows: what every batch adds up to. Owned and called by the collector thread alone.
 *
 *   cold record   key, id, first seen, ends; immutable once a snapshot has shown it, shared with
 *                 snapshots, freed when no living snapshot can name it (flow_store.h)
 *   hot record    totals, decaying rates, last seen, state, owners: the rows of a snapshot. The
 *                 table has no copy of its own: the newest snapshot's rows are its state, and what
 *                 happened since waits beside them as changes (table_priv.h)
 *   delta         what the current interval counted, only for flows that counted something
 *
 * Bounded by max_flows: when full, the flow idle longest is evicted; it is shown once as
 * evicted and from then its totals are in `other`. At most max_flows / 8 flows are evicted in one
 * interval (they are rows of the next snapshot, so they are memory too); what cannot be held
 * then goes straight to `other`. Totals never lie:
 * seen = flows + other + not IP + malformed + lost, for the interval and since start.
 */
#ifndef FT_CORE_TABLE_H
#define FT_CORE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/batch.h"
#include "core/nat.h"
#include "core/net.h"
#include "core/owner.h"

#define FT_WINDOWS 3 /* time constants 2, 10, 40 s */
extern const double ft_window_seconds[FT_WINDOWS];

enum ft_end { FT_END_A, FT_END_B, FT_END_NONE };
enum ft_path { FT_PATH_HOST, FT_PATH_LOOPBACK, FT_PATH_TRANSIT };

/* TCP's state as far as flags tell; for others NEW, then ACTIVE once both sides spoke. */
enum ft_state {
	FT_STATE_NONE,        /* one way only, no handshake known */
	FT_STATE_ACTIVE,      /* packets both ways (not TCP) */
	FT_STATE_SYN_SENT,
	FT_STATE_SYN_ACK,     /* SYN-ACK seen, ACK not yet */
	FT_STATE_ESTABLISHED, /* data or ACKs both ways, or joined in the middle */
	FT_STATE_CLOSING,     /* one FIN */
	FT_STATE_CLOSED,      /* both FINs */
	FT_STATE_RESET,
	FT_STATE_MAX
};

enum ft_end_reason {
	FT_ENDED_NOT,
	FT_ENDED_FIN,
	FT_ENDED_RST,
	FT_ENDED_IDLE,
	FT_ENDED_EVICTED,
	FT_ENDED_INTERFACE,
	FT_ENDED_STOP,
	FT_ENDED_MAX
};

const char *ft_state_name(enum ft_state state);             /* record value: "established" */
const char *ft_end_reason_name(enum ft_end_reason reason);  /* "fin", NULL for NOT */
const char *ft_path_name(enum ft_path path);                /* "host" "loopback" "transit" */
/* "tcp" for 6; NULL if the protocol has no well-known name. */
const char *ft_protocol_name(uint8_t protocol);

struct ft_flow {
	struct ft_flow_key key;
	uint64_t first_ns;    /* CLOCK_REALTIME */
	uint64_t id : 56;     /* unique in this run, grows */
	uint64_t local : 2;   /* enum ft_end; never NONE: design.md's last rules always decide */
	uint64_t initiator : 2; /* enum ft_end; NONE = not known */
	uint64_t path : 2;    /* enum ft_path */
	uint64_t spare : 2;
	uint32_t extra;       /* SPI or GRE key, see FT_ENTRY_EXTRA_* */
	uint32_t birth;       /* generation, low 32 bits: for freeing */
};
_Static_assert(sizeof(struct ft_flow) == 72, "cold records are small");

/* Directions are the key's: [0] a->b, [1] b->a. Sides: [0] end a, [1] end b. */
struct ft_flow_hot {
	const struct ft_flow *flow;           /* the cold record */
	struct ft_counts total[2];
	float rate_bytes[FT_WINDOWS][2];      /* L3 bytes/s, final: decayed to the snapshot's end, */
	float rate_packets[FT_WINDOWS][2];    /* so readers use them as they are (table_rate.c) */
	uint64_t last_ns;                     /* CLOCK_REALTIME of the last packet */
	uint32_t delta;                       /* 1 + index into the interval's deltas, 0 = none */
	uint16_t owner[2];                    /* enum ft_owner_id of end a, of end b */
	uint16_t iface_slot[2];               /* 1 + index into the snapshot's interfaces, of the
					       * interface that last carried this direction; 0 = none */
	uint8_t tcp_flags[2];
	uint8_t state : 4;                    /* enum ft_state */
	uint8_t ended : 3;                    /* enum ft_end_reason */
	uint8_t ended_now : 1;                /* in this interval: its end is news */
	uint8_t entry_flags;                  /* FT_ENTRY_FRAGMENT, _INEXACT, _EXTRA_* kept;
					       * FT_FLOW_ELSEWHERE */
};
/* What only passes by here counts for its process where else the conversation is seen. */
#define FT_FLOW_ELSEWHERE FT_ENTRY_SYN_AB /* a bit that rows have no use for */
_Static_assert(sizeof(struct ft_flow_hot) == 128, "two cache lines a row");

/* What the interval counted for one flow. */
struct ft_delta {
	uint32_t row; /* the snapshot's row */
	uint32_t zero;
	struct ft_counts count[2];
};

/* What only some TCP flows have: a handshake that was seen, sockets that were sampled. */
struct ft_flow_tcp {
	uint32_t shake[3];  /* as in struct ft_entry */
	uint32_t socket[2]; /* of end a, of end b: 1 + index into the snapshot's sockets, 0 = none */
};

/* What flows of an owner counted that have left the table. */
struct ft_past {
	struct ft_counts tx, rx;    /* what the owner sent, what it got */
	uint64_t first_ns, last_ns; /* CLOCK_REALTIME */
	uint64_t start_ns;          /* of the process, 0 = not known yet */
	int32_t pid;
	uint32_t zero;
};

/* A place of several where a conversation is seen, or one whose addresses are translated. */
struct ft_pairing {
	uint32_t next; /* row of the next place; after the last the first */
	uint32_t nat;  /* 1 + index into the snapshot's nats, 0 = not translated */
	uint32_t side; /* which of its keys this flow has */
};

struct ft_table_config {
	uint32_t max_flows;          /* --max-flows */
	const struct ft_net *local_nets; /* -F; borrowed, constant */
	size_t local_net_count;
	uint64_t idle_ns;            /* a flow without packets for so long ends; default 120 s
				      * (TCP established: tcp_idle_ns, default 600 s) */
	uint64_t tcp_idle_ns;
	uint64_t closed_ns;          /* a closed flow stays visible so long; default 10 s */
};
void ft_table_config_init(struct ft_table_config *config);

struct ft_events;
struct ft_table;
struct ft_snapshot;
struct ft_snapshot_info;
struct ft_socket_list;

/* owners is borrowed and shared with the collector's owner sources (same thread). */
struct ft_table *ft_table_new(const struct ft_table_config *config, struct ft_owners *owners);
void ft_table_free(struct ft_table *table);

/* The set is read during the call only; a flow's local end is fixed at its first snapshot. */
void ft_table_set_addresses(struct ft_table *table, const struct ft_addr_set *set);

/* Adds a batch: entries in order of their first tick for equal keys, FT_ENTRY_NEW or a pure
 * SYN after the end of the old flow starts a new one. */
void ft_table_apply(struct ft_table *table, const struct ft_batch *batch);

/*
 * Asks `resolve` for the owners of flows that have none yet: called by the collector before a
 * snapshot with a bound on how many it asks for; active ones first. The callback gets the
 * flow and the cookies known, and answers both ends' owner ids (FT_OWNER_UNKNOWN = ask again
 * later; `final` = don't).
 */
struct ft_owner_query {
	const struct ft_flow *flow;
	uint64_t cookie[2];
	enum ft_end initiator; /* flow->initiator is set by the first snapshot only */
	bool end_is_own[2];
	uint16_t owner[2]; /* in: what is known; out: the answer */
	bool final;
};
void ft_table_resolve_owners(struct ft_table *table, unsigned max,
			     void (*resolve)(void *arg, struct ft_owner_query *query), void *arg);

/*
 * Asks `find` about the socket of each end that was heard of in this interval, and moves the flow
 * to its owner if that is another than before (FT_OWNER_UNKNOWN leaves it): a socket may be
 * handed on. Ends that aren't ours get an owner too if their socket is on this machine (another
 * network namespace).
 */
void ft_table_move_owners(struct ft_table *table, uint16_t (*find)(void *arg, uint64_t cookie),
			  void *arg);

/* Samples of sockets alone; ft_table_apply does it for those that come with entries. */
void ft_table_take_sockets(struct ft_table *table, const struct ft_batch *batch);
/* The same of sockets that flows have, where the list is newer than what is known: those that sent
 * nothing of late. */
void ft_table_refresh_sockets(struct ft_table *table, const struct ft_socket_list *list);
/* Asks what programs wrote and read, of each socket that flows have. */
void ft_table_add_app_bytes(struct ft_table *table,
			    bool (*find)(void *arg, uint64_t cookie, uint64_t *ret_sent,
					 uint64_t *ret_received), void *arg);
/* For backends that don't know the cookie of a packet's socket: asks for those of the TCP flows
 * that counted something in this interval and have no socket yet. 0 = not known. */
void ft_table_name_sockets(struct ft_table *table,
			   uint64_t (*find)(void *arg, const struct ft_flow_key *key, int end),
			   void *arg);

/*
 * A connection whose addresses are translated here: flows before and after it are one
 * conversation. One that is told again is renewed; what it contradicts is forgotten. `round`
 * numbers the listings of all that there are, so that what was in an earlier one only can be ended.
 */
void ft_table_add_nat(struct ft_table *table, const struct ft_nat *nat, uint32_t round);
void ft_table_end_nat(struct ft_table *table, const struct ft_nat *nat, uint64_t when_ns);
void ft_table_end_old_nats(struct ft_table *table, uint32_t round, uint64_t when_ns);
size_t ft_table_nat_count(const struct ft_table *table);
/* Those that found no room since start. */
uint64_t ft_table_nats_refused(const struct ft_table *table);

/* Marks flows of vanished scopes ended (FT_ENDED_INTERFACE). */
void ft_table_end_scope(struct ft_table *table, uint16_t scope, uint64_t now_ns);
/* Numbers of scopes may be used again. Of one whose interface is gone, and whose flows were shown
 * as ended, the flows leave with the next snapshot (clear; false: it came back). Then it is
 * forgotten, and its totals are those of FT_SCOPE_GONE, so that sums stay sums: of those that are
 * marked the ones that still have flows stay, and are marked no more. */
void ft_table_clear_scope(struct ft_table *table, uint16_t scope, bool clear);
void ft_table_forget_scopes(struct ft_table *table, bool forget[FT_MAX_SCOPES]);

/* True if flows had to leave in this interval, or found no place: what they counted is `other`. */
bool ft_table_is_full(const struct ft_table *table);

/*
 * Ends the interval: ages (idle, closed, evicted flows leave after having been in one
 * snapshot as ended), decays rates, and publishes the immutable picture. `info` is what the
 * collector knows and the table doesn't (times, interfaces, backend, health). `last` marks
 * all flows as ended by FT_ENDED_STOP. Returns a snapshot with one reference, the caller's.
 */
struct ft_snapshot *ft_table_snapshot(struct ft_table *table, const struct ft_snapshot_info *info,
				      bool last);

/* The ring of events, which the table publishes with each snapshot. Others may add to it. */
struct ft_events *ft_table_events(struct ft_table *table);
/* Whether connections of this machine's sockets are events too, because nobody tells them. On
 * from the beginning; see table_event.c. */
void ft_table_derive(struct ft_table *table, bool tcp);

/* Flows live now. */
size_t ft_table_count(const struct ft_table *table);
/* Bytes of memory that the table holds. */
size_t ft_table_memory(const struct ft_table *table);

#endif
