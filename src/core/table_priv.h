/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table's inside, shared by table*.c and nobody else.
 *
 *   index      hash of a key -> slot: open addressing, 4 bytes a place
 *   store      slot -> cold record and link (flow_store.h)
 *   link       slot -> where the flow's state is: its row, or its change
 *   base       rows of the newest snapshot: the state at the end of the last interval
 *   changes    what happened to a flow since; one a flow, in the order of first need
 *   deltas     what was counted since; handed over to the snapshot as it is
 *   weights    how the rates of rows of one age decay (table_rate.c)
 *
 * A snapshot is: copy base, add the changes, let rows leave, publish, forget the changes. So the
 * hot state exists once per living snapshot and nowhere else, and nothing that is published
 * is ever written again.
 *
 * Row numbers are fixed during an interval: old flows have their place in base, new ones follow
 * behind it in the order of their birth. What the table holds in slots of links:
 */
#ifndef FT_CORE_TABLE_PRIV_H
#define FT_CORE_TABLE_PRIV_H

#include "core/flow_store.h"
#include "core/hash.h"
#include "core/region.h"
#include "core/snapshot_priv.h"
#include "core/table.h"
#include "core/table_pair.h"
#include "core/table_past.h"
#include "core/table_tcp.h"

#define FT_LINK_CHANGED (1U << 31) /* the number is a change's, else a row's */
#define FT_LINK_UNOWNED (1U << 30) /* an own end has no owner yet and shall get one */
#define FT_LINK_QUEUED (1U << 29)  /* stands in the queue of unowned flows */
#define FT_LINK_NUMBER (FT_LINK_QUEUED - 1)
#define FT_LINK_FLAGS (FT_LINK_UNOWNED | FT_LINK_QUEUED)

#define FT_TCP_FIN 0x01
#define FT_TCP_SYN 0x02
#define FT_TCP_RST 0x04
#define FT_TCP_ACK 0x10

/* ft_change.flags */
#define FT_CHANGE_NEW (1U << 0)        /* born in this interval */
#define FT_CHANGE_OWNER (1U << 1)      /* owner[] is to be set */
#define FT_CHANGE_LEAVE (1U << 2)      /* was shown as ended: goes without being shown again */
#define FT_CHANGE_SUPERSEDED (1U << 3) /* a new connection took its key */

struct ft_change {
	uint64_t last_ns;
	uint64_t cookie[2];
	uint32_t slot;
	uint32_t row;
	uint32_t delta;       /* 1 + index, 0 = counted nothing */
	uint32_t split;       /* 1 + index of what is known of its beginning; during an apply */
	uint32_t ifindex[2];
	uint16_t owner[2];
	uint8_t tcp_flags[2];
	uint8_t entry_flags;
	uint8_t ended;        /* a reason, or FT_ENDED_NOT = as it was */
	uint8_t flags;
	uint8_t syn;          /* bit d: direction d began with a pure SYN */
	uint8_t first_dir;    /* of a new flow: who sent first; 2 = both at the same tick */
	uint8_t looked_up;    /* bit d: cookie[d] was looked up, see FT_ENTRY_LOOKED_UP */
	uint8_t zero[4];
};
_Static_assert(sizeof(struct ft_change) == 64, "a change is a cache line");

/* A connection that began in the batch being applied: older entries belong to the one before. */
struct ft_split {
	uint32_t slot;                 /* of the new flow */
	uint32_t before;               /* of the flow before, FT_NO_SLOT = not seen so far */
	uint64_t tick;                 /* the SYN's */
	const struct ft_entry *entry;  /* that began it */
};

struct ft_index {
	struct ft_region words; /* uint32_t: tag << slot_bits | slot + 1; 0 = free */
	uint32_t mask;
	uint32_t count;
	unsigned int slot_bits;
};

/* Rates of all rows that were born in one generation decay alike. */
struct ft_weight {
	float weight[FT_WINDOWS];
	float keep[FT_WINDOWS]; /* rate = rate * keep + mean of the interval * gain */
	float gain[FT_WINDOWS];
};
#define FT_WEIGHTS 4096U /* a power of two */

enum { FT_RATE_TX_BYTES, FT_RATE_RX_BYTES, FT_RATE_TX_PACKETS, FT_RATE_RX_PACKETS, FT_RATES };

struct ft_scope_state {
	struct ft_line interval, total;
	double counted[FT_RATES];            /* this interval, as the local ends see it */
	double rate[FT_WINDOWS][FT_RATES];
	double weight[FT_WINDOWS];
	bool ending;                         /* its flows end with this interval */
	bool clearing;                       /* its ended flows leave with this interval */
};

struct ft_iface_state {
	uint32_t ifindex;
	struct ft_iface_counters interval, total;
};

/* A flow that waits for its owner. */
struct ft_unowned {
	uint32_t slot;
	uint32_t id; /* low bits: the slot may have another flow by now */
	uint64_t cookie[2];
};

struct ft_victim {
	uint64_t last_ns; /* 0: shown as ended, leaves first */
	uint32_t row;
	uint32_t zero;
};

struct ft_table {
	struct ft_table_config config;
	struct ft_owners *owners; /* borrowed */
	struct ft_addr_set addresses; /* a copy */
	struct ft_seed seed;

	struct ft_flow_store *store;
	struct ft_index index;
	struct ft_block *base;
	struct ft_region births;  /* uint32_t per row: low bits of the generation of its birth */
	uint32_t base_count;
	uint32_t new_count;
	uint32_t held;            /* rows that count against max_flows */
	uint64_t last_id;
	uint64_t batch_first_id;  /* flows from here on were born in the batch being applied */
	uint64_t generation;
	uint64_t last_end_ns;

	struct ft_region changes;
	uint32_t change_count;
	struct ft_region deltas;
	uint32_t delta_count, last_deltas; /* of this interval and of the last one */
	struct ft_split *splits;
	size_t split_count, split_space;

	struct ft_table_tcp tcp;
	struct ft_events *events; /* owned */
	bool derive_tcp;          /* connections are events */
	struct ft_table_pairs pairs;
	struct ft_table_past past;

	struct ft_region victims; /* oldest first */
	size_t victim_count, victim_next;
	uint32_t evicted_now;     /* in this interval */
	uint32_t refills;         /* how often victims were searched in this interval */
	uint64_t evicted;

	struct ft_weight *weights; /* FT_WEIGHTS, by generation */
	struct ft_weight steady;   /* of all older ones */
	uint64_t oldest_weight;    /* generation; the ones below are steady */

	struct ft_region active;   /* uint32_t: changes of unowned flows, in their order */
	uint32_t active_count, active_next;
	struct ft_unowned *queue;  /* ring */
	size_t queue_space, queue_head, queue_count;
	bool resolving;            /* somebody asks for owners */

	struct ft_scope_state *scopes[FT_MAX_SCOPES];
	struct ft_line gone_interval, gone_total; /* of scopes that were forgotten */
	bool scopes_gone;
	uint32_t scopes_ending;
	struct ft_iface_state *ifaces; /* by ifindex */
	size_t iface_count, iface_space;
	uint32_t *shown_ifaces;    /* ifindexes of the newest snapshot's list, in its order */
	size_t shown_iface_count;
};

/* table.c */
struct ft_scope_state *ft_table_scope(struct ft_table *table, uint16_t scope);
struct ft_iface_state *ft_table_iface(struct ft_table *table, uint32_t ifindex);

/* table_index.c; hash is of the whole key */
void ft_index_init(struct ft_index *index, unsigned int slot_bits);
uint32_t ft_index_find(const struct ft_table *table, const struct ft_flow_key *key, uint64_t hash);
void ft_index_add(struct ft_table *table, uint64_t hash, uint32_t slot);
/* False if the slot isn't in the index (another flow has its key, or it left already). */
bool ft_index_replace(struct ft_table *table, uint64_t hash, uint32_t slot, uint32_t by);
bool ft_index_remove(struct ft_table *table, uint64_t hash, uint32_t slot);
void ft_index_prefetch(const struct ft_table *table, uint64_t hash);
void ft_index_prefetch_flow(const struct ft_table *table, uint64_t hash);

static inline uint64_t ft_table_hash(const struct ft_table *table, const struct ft_flow_key *key)
{
	return ft_hash(&table->seed, key, sizeof(*key));
}

/* table_change.c */
struct ft_change *ft_table_change(struct ft_table *table, uint32_t slot); /* made if need be */
struct ft_delta *ft_table_delta(struct ft_table *table, struct ft_change *change);
/* What is known of a flow now: of base and change together. */
void ft_table_tcp_flags(const struct ft_table *table, uint32_t slot, uint8_t ret_flags[2]);

static inline struct ft_change *ft_table_changes(const struct ft_table *table)
{
	return table->changes.base;
}

/* What is known of a row's TCP, or NULL. */
const struct ft_flow_tcp *ft_table_flow_tcp(const struct ft_table *table, uint32_t row);

/* table_room.c: makes room for one more row; false = it can't be held in this interval. */
bool ft_table_make_room(struct ft_table *table);

/* table_owner.c */
void ft_table_own_new(struct ft_table *table, struct ft_change *change, uint32_t slot);
void ft_table_queue_rest(struct ft_table *table);

/* table_local.c; cookie: of the sockets that end a's, end b's packets came from, 0 = none known;
 * owner: as far as they are known */
enum ft_end ft_table_local_end(const struct ft_table *table, const struct ft_flow_key *key,
			       const uint64_t cookie[2], const uint16_t owner[2], enum ft_end initiator);
/* True if the end is broadcast or multicast, to which sockets may listen: connections go to one host,
 * whatever a listener on any address would take. */
bool ft_table_is_group(const struct ft_table *table, const struct ft_flow_key *key, int end);
enum ft_path ft_table_path(const struct ft_table *table, const struct ft_flow_key *key);

/* table_state.c */
enum ft_state ft_flow_state(uint8_t protocol, const uint8_t tcp_flags[2], enum ft_end initiator,
			    bool both_ways);
enum ft_end ft_flow_initiator(const struct ft_change *change);

/* table_rate.c */
void ft_weights_step(struct ft_table *table, double seconds);
const struct ft_weight *ft_table_weight(const struct ft_table *table, uint32_t birth);
void ft_scope_rates_step(struct ft_scope_state *scope, double seconds);

#endif
