/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes, their flows and translations; see table_pair.h. What becomes of them in a snapshot is
 * table_pair_build.c's. */
#include "core/table_pair_priv.h"

#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "core/xalloc.h"

#define FT_NATS_MAX 131072U
#define PLACES_FIRST 1024U
/* Flows that a node remembers: enough for all places, and few enough to be walked through where
 * somebody makes connection after connection with the same ports. */
#define NODE_FLOWS_MAX 64U

/* ---- nodes */

static struct ft_flow_key tuple_of(const struct ft_flow_key *key)
{
	struct ft_flow_key tuple = *key;

	tuple.scope = 0;
	tuple.vlan_outer = tuple.vlan_inner = 0;
	return tuple;
}

/* The tuple of a node: of a flow of it, else of its translation. */
static struct ft_flow_key key_of(const struct ft_table *table, const struct ft_pair_node *node)
{
	if (node->flows)
		return tuple_of(&ft_flow_store_flow(table->store, node->flows - 1)->key);
	return ft_pair_nat(&table->pairs, node->nat)->nat.key[node->nat & 1];
}

static uint32_t hash_of(const struct ft_table *table, const struct ft_flow_key *tuple)
{
	return (uint32_t)ft_table_hash(table, tuple);
}

/* Where a tuple's node is, or would be. */
static uint32_t *find_place(const struct ft_table *table, const struct ft_flow_key *tuple,
			    uint32_t hash)
{
	const struct ft_table_pairs *pairs = &table->pairs;
	uint32_t at = hash & pairs->place_mask;

	for (; pairs->places[at]; at = (at + 1) & pairs->place_mask) {
		const struct ft_pair_node *node = ft_pair_node(pairs, pairs->places[at]);
		struct ft_flow_key key;

		if (node->hash != hash)
			continue;
		key = key_of(table, node);
		if (memcmp(&key, tuple, sizeof(key)) == 0)
			break;
	}
	return &pairs->places[at];
}

/* Twice as many places. */
static void grow_places(struct ft_table_pairs *pairs)
{
	uint32_t size = pairs->places ? 2 * (pairs->place_mask + 1) : PLACES_FIRST;
	uint32_t *places = xcalloc(size, sizeof(*places)), i, at;

	for (i = 0; pairs->places && i <= pairs->place_mask; i++) {
		if (!pairs->places[i])
			continue;
		at = ft_pair_node(pairs, pairs->places[i])->hash & (size - 1);
		while (places[at])
			at = (at + 1) & (size - 1);
		places[at] = pairs->places[i];
	}
	free(pairs->places);
	pairs->places = places;
	pairs->place_mask = size - 1;
}

/* The number of a tuple's node, 0 = there is none. */
static uint32_t find_node(const struct ft_table *table, const struct ft_flow_key *tuple)
{
	return table->pairs.places ? *find_place(table, tuple, hash_of(table, tuple)) : 0;
}

/* The number of a tuple's node, made if need be. An empty one has to get something at once: it
 * knows its tuple by that. */
static uint32_t need_node(struct ft_table *table, const struct ft_flow_key *tuple)
{
	struct ft_table_pairs *pairs = &table->pairs;
	uint32_t hash = hash_of(table, tuple), number, *place;

	if (!pairs->places || 2 * (pairs->node_count + 1) > pairs->place_mask)
		grow_places(pairs);
	place = find_place(table, tuple, hash);
	if (*place)
		return *place;
	number = pairs->node_free;
	if (number) {
		pairs->node_free = ft_pair_node(pairs, number)->flows;
	} else {
		number = ++pairs->node_used;
		ft_region_grow(&pairs->nodes, number * sizeof(struct ft_pair_node));
	}
	*ft_pair_node(pairs, number) = (struct ft_pair_node){ .hash = hash };
	pairs->node_count++;
	*place = number;
	return number;
}

/* Takes a node's place away; those behind it that it kept away move up. */
static void clear_place(struct ft_table_pairs *pairs, uint32_t number)
{
	uint32_t mask = pairs->place_mask;
	uint32_t hole = ft_pair_node(pairs, number)->hash & mask, at;

	while (pairs->places[hole] != number)
		hole = (hole + 1) & mask;
	for (at = (hole + 1) & mask; pairs->places[at]; at = (at + 1) & mask) {
		uint32_t home = ft_pair_node(pairs, pairs->places[at])->hash & mask;

		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		pairs->places[hole] = pairs->places[at];
		hole = at;
	}
	pairs->places[hole] = 0;
}

/* Keeps the list of nodes that matter, after a change to one. */
static void update_joined(struct ft_table_pairs *pairs, uint32_t number)
{
	struct ft_pair_node *node = ft_pair_node(pairs, number);
	bool wanted = node->count > 1 || node->nat;
	uint32_t *joined;

	if (wanted == (node->joined != 0))
		return;
	ft_region_grow(&pairs->joined, (pairs->joined_count + 1ULL) * sizeof(uint32_t));
	joined = pairs->joined.base;
	if (wanted) {
		joined[pairs->joined_count++] = number;
		node->joined = pairs->joined_count;
		return;
	}
	joined[node->joined - 1] = joined[--pairs->joined_count];
	ft_pair_node(pairs, joined[node->joined - 1])->joined = node->joined;
	node->joined = 0;
}

/* What a change may mean: the node matters or doesn't, or is gone. */
static void settle_node(struct ft_table_pairs *pairs, uint32_t number)
{
	struct ft_pair_node *node = ft_pair_node(pairs, number);

	update_joined(pairs, number);
	if (node->flows || node->nat)
		return;
	clear_place(pairs, number);
	node->flows = pairs->node_free;
	pairs->node_free = number;
	pairs->node_count--;
}

/* ---- flows */

/* Addresses that mean another machine on each link. */
static bool is_of_link(const uint8_t addr[16])
{
	static const uint8_t none[16];
	bool v4 = ft_addr_is_v4(addr);

	if (ft_addr_is_multicast(addr) || memcmp(addr, none, 16) == 0)
		return true;
	if (!v4)
		return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
	return (addr[12] == 169 && addr[13] == 254) || memcmp(addr + 12, none, 4) == 0 ||
	       (addr[12] & addr[13] & addr[14] & addr[15]) == 0xff;
}

static bool can_pair(const struct ft_flow_key *key)
{
	return !is_of_link(key->addr_a) && !is_of_link(key->addr_b);
}

/* Makes room for one more flow: the oldest is its node's no more. */
static void drop_oldest(struct ft_table_pairs *pairs, struct ft_pair_node *node)
{
	uint32_t *at = &node->flows;

	if (node->count < NODE_FLOWS_MAX)
		return;
	while (*ft_pair_next(pairs, *at - 1))
		at = ft_pair_next(pairs, *at - 1);
	*at = 0;
	node->count--;
}

void ft_pairs_add(struct ft_table *table, uint32_t slot)
{
	struct ft_table_pairs *pairs = &table->pairs;
	struct ft_flow_key tuple = tuple_of(&ft_flow_store_flow(table->store, slot)->key);
	struct ft_pair_node *node;
	uint32_t number;

	if (!can_pair(&tuple))
		return;
	number = need_node(table, &tuple);
	node = ft_pair_node(pairs, number);
	drop_oldest(pairs, node);
	ft_region_grow(&pairs->next, (slot + 1ULL) * sizeof(uint32_t));
	*ft_pair_next(pairs, slot) = node->flows;
	node->flows = slot + 1;
	node->count++;
	update_joined(pairs, number);
}

uint32_t ft_pairs_node_of(const struct ft_table *table, uint32_t slot)
{
	struct ft_flow_key tuple = tuple_of(&ft_flow_store_flow(table->store, slot)->key);

	return can_pair(&tuple) ? find_node(table, &tuple) : 0;
}

void ft_pairs_note(struct ft_table *table, const struct ft_change *change)
{
	struct ft_table_pairs *pairs = &table->pairs;

	if (!pairs->on)
		return;
	if (change->flags & FT_CHANGE_NEW)
		ft_pairs_add(table, change->slot);
	if (change->flags & (FT_CHANGE_NEW | FT_CHANGE_OWNER))
		ft_pairs_touch(pairs, change->slot);
}

void ft_pairs_touch(struct ft_table_pairs *pairs, uint32_t slot)
{
	ft_region_grow(&pairs->touched, (pairs->touched_count + 1ULL) * sizeof(uint32_t));
	((uint32_t *)pairs->touched.base)[pairs->touched_count++] = slot;
}

/* ---- translations */

static void forget_nat(struct ft_table *table, uint32_t number)
{
	struct ft_table_pairs *pairs = &table->pairs;
	struct ft_nat_state *state = ft_pair_nat(pairs, number << 1);

	for (int side = 0; side < 2; side++) {
		struct ft_pair_node *node = ft_pair_node(pairs, state->node[side]);

		/* A node without flows goes while it still knows its tuple. */
		node->nat = 0;
		settle_node(pairs, state->node[side]);
	}
	state->node[0] = pairs->nat_free;
	state->node[1] = 0;
	pairs->nat_free = number;
	pairs->nat_count--;
}

/* Forgets one that ended, once no flow has it. */
static void forget_ended(struct ft_table *table, uint32_t number)
{
	struct ft_table_pairs *pairs = &table->pairs;
	const struct ft_nat_state *state = ft_pair_nat(pairs, number << 1);

	if (state->ended_ns && !ft_pair_node(pairs, state->node[0])->flows &&
	    !ft_pair_node(pairs, state->node[1])->flows)
		forget_nat(table, number);
}

void ft_pairs_leave(struct ft_table *table, uint32_t slot)
{
	struct ft_table_pairs *pairs = &table->pairs;
	uint32_t number = pairs->on ? ft_pairs_node_of(table, slot) : 0, *at, nat;
	struct ft_pair_node *node;

	if (!number)
		return;
	node = ft_pair_node(pairs, number);
	for (at = &node->flows; *at && *at != slot + 1; at = ft_pair_next(pairs, *at - 1))
		;
	if (!*at)
		return;
	*at = *ft_pair_next(pairs, slot);
	node->count--;
	nat = node->nat;
	settle_node(pairs, number);
	if (nat)
		forget_ended(table, nat >> 1);
}

void ft_pairs_rename(struct ft_table *table, uint32_t slot, uint32_t by)
{
	struct ft_table_pairs *pairs = &table->pairs;
	uint32_t number = pairs->on ? ft_pairs_node_of(table, slot) : 0, *at;

	if (!number)
		return;
	ft_region_grow(&pairs->next, (by + 1ULL) * sizeof(uint32_t));
	at = &ft_pair_node(pairs, number)->flows;
	while (*at && *at != slot + 1)
		at = ft_pair_next(pairs, *at - 1);
	if (!*at)
		return;
	*ft_pair_next(pairs, by) = *ft_pair_next(pairs, slot);
	*at = by + 1;
}

void ft_pairs_shift(struct ft_table_pairs *pairs, uint64_t shift_ns)
{
	for (uint32_t i = 0; i < pairs->nat_used; i++) {
		struct ft_nat_state *state = ft_pair_nat(pairs, (i + 1) << 1);

		if (state->node[1] && state->ended_ns)
			state->ended_ns += shift_ns;
	}
}

/* The number of a translation that is known, 0 = it isn't. */
static uint32_t find_nat(const struct ft_table *table, const struct ft_nat *nat)
{
	uint32_t node = find_node(table, &nat->key[0]);
	uint32_t number = node ? ft_pair_node(&table->pairs, node)->nat >> 1 : 0;

	if (!number || memcmp(&ft_pair_nat(&table->pairs, number << 1)->nat, nat, sizeof(*nat)))
		return 0;
	return number;
}

/* A free number, 0 = there is none. */
static uint32_t take_number(struct ft_table_pairs *pairs)
{
	uint32_t number = pairs->nat_free;

	if (number) {
		pairs->nat_free = ft_pair_nat(pairs, number << 1)->node[0];
	} else {
		if (pairs->nat_used == FT_NATS_MAX)
			return 0;
		number = ++pairs->nat_used;
		ft_region_grow(&pairs->nats, number * sizeof(struct ft_nat_state));
	}
	pairs->nat_count++;
	return number;
}

/* Makes a tuple's node the side of a translation; of another one it is no more. */
static void attach(struct ft_table *table, uint32_t number, unsigned side)
{
	struct ft_table_pairs *pairs = &table->pairs;
	struct ft_flow_key key = ft_pair_nat(pairs, number << 1)->nat.key[side];
	uint32_t at = find_node(table, &key), flow;
	struct ft_pair_node *node;

	if (at && ft_pair_node(pairs, at)->nat)
		forget_nat(table, ft_pair_node(pairs, at)->nat >> 1);
	at = need_node(table, &key);
	node = ft_pair_node(pairs, at);
	node->nat = number << 1 | side;
	ft_pair_nat(pairs, number << 1)->node[side] = at;
	update_joined(pairs, at);
	for (flow = node->flows; flow; flow = *ft_pair_next(pairs, flow - 1))
		ft_pairs_touch(pairs, flow - 1);
}

void ft_table_add_nat(struct ft_table *table, const struct ft_nat *nat, uint32_t round)
{
	struct ft_table_pairs *pairs = &table->pairs;
	uint32_t number = find_nat(table, nat);
	struct ft_nat_state *state;

	if (!number) {
		number = take_number(pairs);
		if (!number) {
			pairs->refused++;
			return;
		}
		*ft_pair_nat(pairs, number << 1) = (struct ft_nat_state){ .nat = *nat };
		attach(table, number, 0);
		attach(table, number, 1);
	}
	state = ft_pair_nat(pairs, number << 1);
	state->ended_ns = 0;
	state->round = round;
}

void ft_table_end_nat(struct ft_table *table, const struct ft_nat *nat, uint64_t when_ns)
{
	uint32_t number = find_nat(table, nat);

	if (!number)
		return;
	ft_pair_nat(&table->pairs, number << 1)->ended_ns = when_ns;
	forget_ended(table, number);
}

void ft_table_end_old_nats(struct ft_table *table, uint32_t round, uint64_t when_ns)
{
	struct ft_table_pairs *pairs = &table->pairs;

	for (uint32_t number = 1; number <= pairs->nat_used; number++) {
		struct ft_nat_state *state = ft_pair_nat(pairs, number << 1);

		if (!state->node[1] || state->round == round || state->ended_ns)
			continue;
		state->ended_ns = when_ns;
		forget_ended(table, number);
	}
}

size_t ft_table_nat_count(const struct ft_table *table)
{
	return table->pairs.nat_count;
}

uint64_t ft_table_nats_refused(const struct ft_table *table)
{
	return table->pairs.refused;
}

/* ---- the whole */

size_t ft_table_pairs_memory(const struct ft_table_pairs *pairs)
{
	return pairs->nodes.bytes + pairs->next.bytes + pairs->nats.bytes + pairs->joined.bytes +
	       pairs->touched.bytes +
	       (pairs->places ? (pairs->place_mask + 1ULL) * sizeof(uint32_t) : 0);
}

void ft_table_pairs_done(struct ft_table_pairs *pairs)
{
	free(pairs->places);
	ft_region_free(&pairs->nodes);
	ft_region_free(&pairs->next);
	ft_region_free(&pairs->nats);
	ft_region_free(&pairs->joined);
	ft_region_free(&pairs->touched);
}
