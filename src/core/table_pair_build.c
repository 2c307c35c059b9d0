/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a snapshot makes of nodes and translations: conversations, and who owns their ends.
 *
 * An owner is found where a socket was found, and holds wherever else the conversation is seen.
 * The address that a translation made up is no socket's: what a look-up finds under it (a proxy
 * that listens there too) doesn't own the flow. Its owner is that of the real end; if nothing is
 * known of that and it isn't ours, the flow is transit.
 */
#include <stdlib.h>

#include "core/table_pair_priv.h"
#include "core/xalloc.h"

#define MEMBERS_MAX 64U
/* Clocks tick in milliseconds, and a conversation isn't seen everywhere at once. */
#define SLACK_NS 1000000000ULL

struct member {
	uint32_t slot, row;
	unsigned int side;
	const struct ft_flow *flow;
};

struct conversation {
	const struct ft_nat_state *nat; /* NULL = nothing is translated */
	uint32_t nat_number;            /* as nodes have it, without the side */
	unsigned int count;
	struct member member[MEMBERS_MAX];
};

/* The flows of a node, newest first. */
static void collect(const struct ft_table *table, const struct ft_pair_node *node,
		    unsigned int side, struct conversation *talk)
{
	const struct ft_table_pairs *pairs = &table->pairs;
	uint32_t at;

	for (at = node->flows; at && talk->count < MEMBERS_MAX;
	     at = *ft_pair_next(pairs, at - 1)) {
		uint32_t slot = at - 1;

		talk->member[talk->count++] = (struct member){
			.slot = slot,
			.row = *ft_flow_store_link(table->store, slot) & FT_LINK_NUMBER,
			.side = side,
			.flow = ft_flow_store_flow(table->store, slot),
		};
	}
}

/* Earlier connections with the same addresses and ports are others: of each place only the newest
 * flow is meant, and only if it goes on when the newest of all begins. */
static void drop_others(const struct ft_build *build, struct conversation *talk)
{
	const struct ft_flow *newest = talk->member[0].flow;
	unsigned int i, j, kept = 0;

	for (i = 1; i < talk->count; i++)
		if (talk->member[i].flow->first_ns > newest->first_ns)
			newest = talk->member[i].flow;
	for (i = 0; i < talk->count; i++) {
		struct member member = talk->member[i];
		const struct ft_flow_key *key = &member.flow->key;

		if (build->rows[member.row].last_ns + SLACK_NS < newest->first_ns)
			continue;
		for (j = 0; j < kept; j++) {
			const struct ft_flow_key *other = &talk->member[j].flow->key;

			if (talk->member[j].side == member.side && other->scope == key->scope &&
			    other->vlan_outer == key->vlan_outer &&
			    other->vlan_inner == key->vlan_inner)
				break;
		}
		if (j == kept)
			talk->member[kept++] = member;
	}
	talk->count = kept;
}

/* True if a flow that began then may have been translated. */
static bool in_force(const struct ft_nat_state *nat, const struct ft_flow *flow)
{
	return !nat->ended_ns || flow->first_ns <= nat->ended_ns + SLACK_NS;
}

/* The conversation that a node's flows belong to; false if there is nothing to tell of it. */
static bool gather(const struct ft_build *build, uint32_t number, struct conversation *talk)
{
	const struct ft_table *table = build->table;
	const struct ft_pair_node *node = ft_pair_node(&table->pairs, number);
	unsigned int side = node->nat & 1;

	talk->nat = NULL;
	talk->nat_number = node->nat & ~1U;
	talk->count = 0;
	collect(table, node, side, talk);
	if (node->nat && (!talk->count ||
			  in_force(ft_pair_nat(&table->pairs, node->nat), talk->member[0].flow))) {
		talk->nat = ft_pair_nat(&table->pairs, node->nat);
		collect(table, ft_pair_node(&table->pairs, talk->nat->node[!side]), !side, talk);
	}
	if (!talk->count)
		return false;
	drop_others(build, talk);
	return talk->count > 1 || talk->nat;
}

/* ---- owners */

/* The end of a member's key that is the one who began (0) or the other (1); as they stand in the
 * keys where nothing is translated. */
static int end_of(const struct conversation *talk, const struct member *member, int who)
{
	return talk->nat ? talk->nat->nat.first[member->side] ^ who : who;
}

/* True if a socket may have this address. */
static bool is_true(const struct conversation *talk, const struct member *member, int end)
{
	return !talk->nat || ft_nat_is_true(&talk->nat->nat, member->side, end);
}

/* The process at one end of a conversation, as found where it is real; best where there is news
 * of it. 0 = none is known. */
static uint16_t find_process(const struct ft_build *build, const struct conversation *talk,
			     int who, uint32_t news)
{
	uint16_t found = 0;
	unsigned int i;

	for (i = 0; i < talk->count; i++) {
		const struct member *member = &talk->member[i];
		int end = end_of(talk, member, who);
		uint16_t owner = build->rows[member->row].owner[end];

		if (owner < FT_OWNER_FIRST || !is_true(talk, member, end))
			continue;
		if (!found || member->slot == news)
			found = owner;
	}
	return found;
}

/* True if the real address of an end is one of this machine's. */
static bool is_ours(const struct ft_table *table, const struct conversation *talk, int who)
{
	const struct ft_nat *nat = &talk->nat->nat;
	unsigned int side = who ? 1 : 0; /* where it is real */
	const struct ft_flow_key *key = &nat->key[side];
	int end = nat->first[side] ^ who;

	return ft_addr_set_own(&table->addresses, end ? key->addr_b : key->addr_a);
}

static void set_owner(struct ft_build *build, const struct member *member, int end, uint16_t owner)
{
	struct ft_owners *owners = build->table->owners;
	uint16_t *now = &build->rows[member->row].owner[end];

	if (*now == owner)
		return;
	ft_owners_hold(owners, owner);
	ft_owners_release(owners, *now);
	*now = owner;
}

/* One end of a conversation has the same owner wherever it is seen. */
static void agree(struct ft_build *build, const struct conversation *talk, int who, uint32_t news)
{
	uint16_t process = find_process(build, talk, who, news);
	unsigned int i;

	for (i = 0; i < talk->count; i++) {
		const struct member *member = &talk->member[i];
		int end = end_of(talk, member, who);
		uint16_t owner = build->rows[member->row].owner[end];

		if (process)
			set_owner(build, member, end, process);
		else if (owner != FT_OWNER_FOREIGN && owner != FT_OWNER_TRANSIT &&
			 !is_true(talk, member, end) && !is_ours(build->table, talk, who))
			set_owner(build, member, end, FT_OWNER_TRANSIT);
	}
}

/* A process' bytes count once: not where they only pass by if the conversation is seen at an address of
 * this machine (its masquerade), else where it was seen first. What doesn't count never will: its
 * bytes have been another flow's, which may have left. */
static void choose(struct ft_build *build, const struct conversation *talk)
{
	const struct ft_flow *first = NULL;
	unsigned int i;

	for (i = 0; i < talk->count; i++) {
		const struct ft_flow *flow = talk->member[i].flow;
		bool better = !first || flow->id < first->id;

		if (build->rows[talk->member[i].row].entry_flags & FT_FLOW_ELSEWHERE)
			continue;
		if (first && (first->path == FT_PATH_TRANSIT) != (flow->path == FT_PATH_TRANSIT))
			better = flow->path != FT_PATH_TRANSIT;
		if (better)
			first = flow;
	}
	for (i = 0; i < talk->count; i++) {
		struct ft_flow_hot *row = &build->rows[talk->member[i].row];

		if (talk->member[i].flow != first && row->flow->path == FT_PATH_TRANSIT)
			row->entry_flags |= FT_FLOW_ELSEWHERE;
	}
}

void ft_build_pair_owners(struct ft_build *build)
{
	struct ft_table_pairs *pairs = &build->table->pairs;
	const uint32_t *touched = pairs->touched.base;
	struct conversation talk;
	uint32_t i;

	for (i = 0; pairs->on && i < pairs->touched_count; i++) {
		uint32_t number = ft_pairs_node_of(build->table, touched[i]);

		if (!number || !ft_pair_node(pairs, number)->joined ||
		    !gather(build, number, &talk))
			continue;
		agree(build, &talk, 0, touched[i]);
		agree(build, &talk, 1, touched[i]);
		choose(build, &talk);
	}
	pairs->touched_count = 0;
}

/* ---- pairs */

/* True if flows can be seen in several places at all. */
static bool is_of_use(const struct ft_table *table)
{
	unsigned int scope, scopes = 0;

	if (table->pairs.on || table->pairs.nat_count)
		return true;
	for (scope = 0; scope < FT_MAX_SCOPES && scopes < 2; scope++)
		scopes += table->scopes[scope] && table->scopes[scope]->total.flows.packets;
	return scopes > 1;
}

void ft_build_begin_pairs(struct ft_build *build)
{
	struct ft_table *table = build->table;
	uint32_t row;

	if (table->pairs.on || !is_of_use(table))
		return;
	table->pairs.on = true;
	for (row = 0; row < table->base_count; row++) {
		uint32_t slot = ft_flow_slot(build->rows[row].flow);

		ft_pairs_add(table, slot);
		ft_pairs_touch(&table->pairs, slot);
	}
}

/* The place of a translation among those that the snapshot shows, counted from 1. */
static uint32_t show_nat(struct ft_nat *nats, size_t *count, const struct conversation *talk)
{
	if (!talk->nat)
		return 0;
	nats[*count] = talk->nat->nat;
	return (uint32_t)++*count;
}

void ft_build_pairs(struct ft_build *build, struct ft_snapshot *shown)
{
	const struct ft_table_pairs *pairs = &build->table->pairs;
	const uint32_t *joined = pairs->joined.base;
	struct ft_pairing *pairings = NULL;
	struct ft_nat *nats = NULL;
	size_t space = 0;
	uint32_t *pair_of, i, j;
	struct conversation talk;

	if (!pairs->on || !pairs->joined_count)
		return;
	pair_of = xcalloc(build->row_count, sizeof(*pair_of));
	nats = xcalloc(2ULL * pairs->nat_count, sizeof(*nats)); /* at most one a node */
	for (i = 0; i < pairs->joined_count; i++) {
		uint32_t nat;

		if (!gather(build, joined[i], &talk) || pair_of[talk.member[0].row])
			continue;
		if (shown->pairing_count + talk.count > space) {
			space = 2 * (shown->pairing_count + talk.count);
			pairings = xreallocarray(pairings, space, sizeof(*pairings));
		}
		nat = show_nat(nats, &shown->nat_count, &talk);
		for (j = 0; j < talk.count; j++) {
			pairings[shown->pairing_count++] = (struct ft_pairing){
				.next = talk.member[(j + 1) % talk.count].row,
				.nat = nat,
				.side = talk.member[j].side,
			};
			pair_of[talk.member[j].row] = (uint32_t)shown->pairing_count;
		}
	}
	shown->pair_of = pair_of;
	shown->pairings = pairings;
	shown->nats = nats;
}
