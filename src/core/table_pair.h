/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of the table's flows are one conversation, seen in several places.
 *
 *   node      an address tuple, whatever the scope and VLAN: the flows that have it; the
 *             translation that it is a side of. Places by hash.
 *   next      slot of a flow -> the next flow of its node, newest first
 *   nats      translations, as they are told
 *   joined    nodes with several flows or with a translation: all that a snapshot looks at
 *
 * A conversation is the flows of a node and of the node on the other side of its translation.
 * While there is but one scope and no translation, nothing of this is kept. Addresses that
 * only mean something on their link (multicast, link-local ones) are in no node: the same ones
 * on two links are two conversations.
 *
 * Bounded by the number of flows and by FT_NATS_MAX.
 */
#ifndef FT_CORE_TABLE_PAIR_H
#define FT_CORE_TABLE_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/nat.h"
#include "core/region.h"

struct ft_build;
struct ft_change;
struct ft_snapshot;
struct ft_table;

/* A translation and whether it still is in force. */
struct ft_nat_state {
	struct ft_nat nat;
	uint64_t ended_ns; /* CLOCK_REALTIME; 0 = it is */
	uint32_t node[2];  /* numbers; of a free one node[0] is the next free one */
	uint32_t round;    /* of the listing that it was in last */
	uint32_t shown;    /* 1 + index among those of the snapshot being made */
};

struct ft_pair_node {
	uint32_t hash;
	uint32_t flows;  /* 1 + slot of the newest; of a free node the next free one */
	uint32_t count;
	uint32_t nat;    /* 1 + number << 1 | side; 0 = none */
	uint32_t joined; /* 1 + place in the list of joined ones */
};

struct ft_table_pairs {
	bool on;                  /* flows are in nodes */
	struct ft_region nodes;   /* struct ft_pair_node; numbers are 1 + index */
	uint32_t node_count, node_used, node_free;
	uint32_t *places;         /* 0 = free */
	uint32_t place_mask;
	struct ft_region next;    /* uint32_t by slot: 1 + slot */
	struct ft_region nats;    /* struct ft_nat_state */
	uint32_t nat_count, nat_used, nat_free;
	uint64_t refused;         /* translations beyond the bound, since start */
	struct ft_region joined;  /* uint32_t */
	uint32_t joined_count;
	struct ft_region touched; /* uint32_t: slots whose owners are news */
	uint32_t touched_count;
};

/* A snapshot is made: a flow begins, or has another owner. */
void ft_pairs_note(struct ft_table *table, const struct ft_change *change);
/* A flow leaves; before its slot is given back. */
void ft_pairs_leave(struct ft_table *table, uint32_t slot);
/* The flow in a slot is in another one now: both hold its key. */
void ft_pairs_rename(struct ft_table *table, uint32_t slot, uint32_t by);
/* The clock was set. */
void ft_pairs_shift(struct ft_table_pairs *pairs, uint64_t shift_ns);
/* Before the changes are added: flows are put into nodes from now on if that is of use. */
void ft_build_begin_pairs(struct ft_build *build);
/* After the changes: the ends of a conversation have the same owners wherever it is seen, and it is
 * settled which of its flows counts for them (FT_FLOW_ELSEWHERE). */
void ft_build_pair_owners(struct ft_build *build);
/* Hands over who belongs together. */
void ft_build_pairs(struct ft_build *build, struct ft_snapshot *shown);
size_t ft_table_pairs_memory(const struct ft_table_pairs *pairs);
void ft_table_pairs_done(struct ft_table_pairs *pairs);

#endif
