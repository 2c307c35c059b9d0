/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups: a dense array of sums with an open-addressing index over the key's hash. Called by
 * rows.c only. The hash is seeded once a run, because whoever sends packets chooses addresses.
 *
 * Which members a flow counts for, and what each of them sent:
 *
 *   host, network   both ends, each sent its own direction
 *   process, user   the owner of the local end; on loopback the owners of both ends; transit
 *                   for what only passes by between others
 *   everything else the flow itself, seen from its local end
 *
 * Two ends that are the same member count once, seen from the local end.
 */
#include "core/group.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <arpa/inet.h>

#include "core/addr.h"
#include "core/difference.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define NET_BITS_V4 (96 + 24)
#define NET_BITS_V6 64

/* What tells groups of one kind apart; zero where it does not apply. */
struct key {
	uint8_t addr[16];
	uint32_t number;
	uint16_t port;
	uint16_t owner;
	uint8_t protocol;
	uint8_t prefix;
	uint8_t by;
	uint8_t zero[5];
};
_Static_assert(sizeof(struct key) == 32, "hashed as four words");

/* A member of a group that a flow counts for; tx is the direction that it sent. */
struct member {
	struct key key;
	int tx;
	bool own;
};

/*
 * A member to be counted. Groups lie all over the memory, so adding works in three strides over
 * a few dozen members: where the index may have it, where the group is, the sums. Each stride
 * asks the memory for what the next one needs.
 */
struct pending {
	struct member member;
	uint64_t id;
	const struct ft_flow_hot *flow;
	uint32_t group;
};
#define PENDING_MAX 32

struct slot {
	uint32_t hash;  /* upper half of the id */
	uint32_t group; /* 1 + index, 0 = free */
};

struct ft_groups {
	enum ft_group_by by;
	struct ft_group *groups;
	size_t count, room;
	const struct ft_difference *difference; /* of the snapshot; NULL = none */
	struct ft_group_was *was; /* of a difference: by group */
	size_t was_room;
	struct slot *index;
	size_t index_size; /* a power of two, at most half full */
	struct pending pending[PENDING_MAX];
	size_t pending_count;
};

const char *ft_group_by_name(enum ft_group_by by)
{
	static const char *const names[FT_GROUP_MAX] = {
		[FT_GROUP_HOST] = N_("host"),	  [FT_GROUP_NET] = N_("network"),
		[FT_GROUP_PORT] = N_("port"),	  [FT_GROUP_PROTOCOL] = N_("protocol"),
		[FT_GROUP_USER] = N_("user"),	  [FT_GROUP_IFACE] = N_("interface"),
		[FT_GROUP_VLAN] = N_("VLAN"),	  [FT_GROUP_PROCESS] = N_("process"),
	};

	return by < FT_GROUP_MAX ? names[by] : names[FT_GROUP_HOST];
}

/* ---- keys */

/* This run's secret; whichever thread asks first makes it. */
static uint64_t seed(void)
{
	static _Atomic uint64_t secret;
	uint64_t value = atomic_load_explicit(&secret, memory_order_relaxed), expected = 0;

	if (value)
		return value;
	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
		value = (uintptr_t)&value; /* no entropy yet: the stack's address is some */
	value |= 1;
	return atomic_compare_exchange_strong(&secret, &expected, value) ? value : expected;
}

/* Both halves of a 128-bit product, folded. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A key's identity for this run; never 0. */
static uint64_t hash_of(const struct key *key)
{
	uint64_t word[4], secret = seed(), hash;

	memcpy(word, key, sizeof(word));
	hash = mix(word[0] ^ secret, word[1] ^ 0x9e3779b97f4a7c15ULL);
	hash = mix(hash ^ word[2] ^ 0xa0761d6478bd642fULL,
		   word[3] ^ secret ^ 0xe7037ed1a0b428dbULL);
	return hash ? hash : 1;
}

/* Keeps the first `bits` bits. */
static void mask_addr(uint8_t addr[16], unsigned bits)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits > i * 8 ? bits - i * 8 : 0;

		if (keep < 8)
			addr[i] &= (uint8_t)(0xff00U >> keep);
	}
}

/* The member that one end of a flow is. */
static void end_member(enum ft_group_by by, const struct ft_flow *flow, int end,
		       struct member *member)
{
	struct key *key = &member->key;

	memcpy(key->addr, end == FT_END_B ? flow->key.addr_b : flow->key.addr_a, 16);
	member->own = flow->path == FT_PATH_LOOPBACK ||
		      (flow->path == FT_PATH_HOST && (int)flow->local == end);
	if (by == FT_GROUP_NET) {
		key->prefix = ft_addr_is_v4(key->addr) ? NET_BITS_V4 : NET_BITS_V6;
		mask_addr(key->addr, key->prefix);
	}
}

/* The member that the owner of one end is. A process that the snapshot doesn't list (it never
 * should happen) is unknown rather than a row without a name. */
static void owner_member(enum ft_group_by by, const struct ft_snapshot *snapshot,
			 const struct ft_flow_hot *hot, int end, struct member *member)
{
	uint16_t owner = ft_flow_owner(hot, end);
	const struct ft_process *process = ft_snapshot_process(snapshot, owner);

	if (owner >= FT_OWNER_FIRST && !process)
		owner = FT_OWNER_UNKNOWN;
	member->key.owner = owner;
	member->own = process != NULL;
	if (by == FT_GROUP_USER && process) {
		member->key.owner = FT_OWNER_FIRST; /* any: the uid tells */
		member->key.number = process->uid;
	}
}

/* The one member that a flow as a whole counts for. */
static void flow_member(enum ft_group_by by, const struct ft_flow *flow, struct member *member)
{
	struct key *key = &member->key;

	switch (by) {
	case FT_GROUP_PORT:
		key->protocol = flow->key.protocol;
		key->port = ft_flow_service_port(flow);
		break;
	case FT_GROUP_PROTOCOL:
		key->protocol = flow->key.protocol;
		break;
	case FT_GROUP_IFACE:
		key->number = flow->key.scope;
		break;
	case FT_GROUP_VLAN:
		key->number = (uint32_t)flow->key.vlan_inner << 16 | flow->key.vlan_outer;
		break;
	default:
		break;
	}
}

/* Who a flow counts for: one or two members, the local one first; returns how many. */
static int members_of(enum ft_group_by by, const struct ft_snapshot *snapshot,
		      const struct ft_flow_hot *hot, struct member member[2])
{
	const struct ft_flow *flow = hot->flow;
	int local = ft_flow_tx(flow), count = 1;

	memset(member, 0, 2 * sizeof(member[0]));
	for (int i = 0; i < 2; i++) {
		int end = i == 0 ? local : !local;

		member[i].key.by = (uint8_t)by;
		member[i].tx = end;
		switch (by) {
		case FT_GROUP_HOST:
		case FT_GROUP_NET:
			end_member(by, flow, end, &member[i]);
			count = 2;
			break;
		case FT_GROUP_USER:
		case FT_GROUP_PROCESS:
			owner_member(by, snapshot, hot, end, &member[i]);
			count = flow->path == FT_PATH_LOOPBACK ? 2 : 1;
			break;
		default:
			flow_member(by, flow, &member[i]);
			break;
		}
	}
	if (count == 2 && memcmp(&member[0].key, &member[1].key, sizeof(member[0].key)) == 0)
		count = 1;
	return count;
}

/* The key that a group was made from. */
static struct key key_of(const struct ft_group *group)
{
	struct key key = {
		.number = group->number, .port = group->port, .owner = group->owner,
		.protocol = group->protocol, .prefix = group->prefix, .by = group->by,
	};

	memcpy(key.addr, group->addr, sizeof(key.addr));
	if (group->by == FT_GROUP_USER && key.owner > FT_OWNER_FIRST)
		key.owner = FT_OWNER_FIRST;
	return key;
}

/* ---- the set */

struct ft_groups *ft_groups_new(void)
{
	return xcalloc(1, sizeof(struct ft_groups));
}

/* Frees the set; NULL is fine. */
void ft_groups_free(struct ft_groups *groups)
{
	if (!groups)
		return;
	free(groups->groups);
	free(groups->was);
	free(groups->index);
	free(groups);
}

void ft_groups_reset(struct ft_groups *groups, enum ft_group_by by,
		     const struct ft_difference *difference)
{
	groups->by = by;
	groups->difference = difference;
	groups->count = 0;
	groups->pending_count = 0;
	if (groups->index_size > 0)
		memset(groups->index, 0, groups->index_size * sizeof(*groups->index));
}

/* Makes the index four times as large and enters all groups anew. */
static void grow_index(struct ft_groups *groups)
{
	groups->index_size = groups->index_size ? groups->index_size * 4 : 1024;
	free(groups->index);
	groups->index = xcalloc(groups->index_size, sizeof(*groups->index));
	for (size_t i = 0; i < groups->count; i++) {
		size_t at = groups->groups[i].id & (groups->index_size - 1);

		while (groups->index[at].group)
			at = (at + 1) & (groups->index_size - 1);
		groups->index[at] = (struct slot){
			.hash = (uint32_t)(groups->groups[i].id >> 32),
			.group = (uint32_t)i + 1,
		};
	}
}

/* A new, empty group for a key, at the end. */
static void add_group(struct ft_groups *groups, const struct key *key, uint64_t id)
{
	struct ft_group *group;

	if (groups->count == groups->room) {
		groups->room = groups->room ? groups->room * 2 : 256;
		groups->groups = xreallocarray(groups->groups, groups->room,
					       sizeof(*groups->groups));
	}
	if (groups->difference && groups->was_room < groups->room) {
		groups->was_room = groups->room;
		groups->was = xreallocarray(groups->was, groups->was_room, sizeof(*groups->was));
	}
	if (groups->difference)
		memset(&groups->was[groups->count], 0, sizeof(*groups->was));
	group = &groups->groups[groups->count++];
	memset(group, 0, sizeof(*group));
	group->id = id;
	group->by = key->by;
	group->protocol = key->protocol;
	group->prefix = key->prefix;
	group->port = key->port;
	group->owner = key->owner;
	group->number = key->number;
	memcpy(group->addr, key->addr, sizeof(group->addr));
	group->first_ns = UINT64_MAX;
}

/* Number of the group with this key, made if need be. Identity is the 64-bit hash: it is seeded,
 * so two keys share one by bad luck only, once in 10^7 runs with a million groups. */
static uint32_t find_group(struct ft_groups *groups, const struct key *key, uint64_t id)
{
	uint32_t high = (uint32_t)(id >> 32);
	size_t at;

	if (groups->count * 2 >= groups->index_size)
		grow_index(groups);
	for (at = id & (groups->index_size - 1); groups->index[at].group;
	     at = (at + 1) & (groups->index_size - 1)) {
		uint32_t number = groups->index[at].group - 1;

		if (groups->index[at].hash == high && groups->groups[number].id == id)
			return number;
	}
	groups->index[at] = (struct slot){ .hash = high, .group = (uint32_t)groups->count + 1 };
	add_group(groups, key, id);
	return (uint32_t)groups->count - 1;
}

static void add_counts(struct ft_counts *sum, struct ft_counts more)
{
	sum->packets += more.packets;
	sum->bytes += more.bytes;
	sum->l2_bytes += more.l2_bytes;
}

/* Adds a flow to a group, seen from the end that sent direction tx. */
static void add_flow(struct ft_group *group, const struct ft_snapshot *snapshot,
		     const struct ft_flow_hot *hot, int tx, const struct ft_baseline *baseline)
{
	add_counts(&group->tx, ft_flow_total(baseline, hot, tx));
	add_counts(&group->rx, ft_flow_total(baseline, hot, !tx));
	if (hot->delta) {
		const struct ft_counts *delta = ft_snapshot_delta(snapshot, hot);

		add_counts(&group->delta_tx, delta[tx]);
		add_counts(&group->delta_rx, delta[!tx]);
	}
	for (int w = 0; w < FT_WINDOWS; w++) {
		group->rate_bytes[w][0] += hot->rate_bytes[w][tx];
		group->rate_bytes[w][1] += hot->rate_bytes[w][!tx];
		group->rate_packets[w][0] += hot->rate_packets[w][tx];
		group->rate_packets[w][1] += hot->rate_packets[w][!tx];
	}
	group->flows++;
	if (hot->flow->first_ns < group->first_ns)
		group->first_ns = hot->flow->first_ns;
	if (hot->last_ns > group->last_ns)
		group->last_ns = hot->last_ns;
}

/* Adds the baseline's row of a flow, seen from the same end. */
static void add_was(struct ft_group_was *was, const struct ft_flow_hot *hot, int tx)
{
	add_counts(&was->tx, hot->total[tx]);
	add_counts(&was->rx, hot->total[!tx]);
	for (int w = 0; w < FT_WINDOWS; w++) {
		was->rate_bytes[w][0] += hot->rate_bytes[w][tx];
		was->rate_bytes[w][1] += hot->rate_bytes[w][!tx];
		was->rate_packets[w][0] += hot->rate_packets[w][tx];
		was->rate_packets[w][1] += hot->rate_packets[w][!tx];
	}
	was->flows++;
	was->before = true;
}

/* Adds a row of a difference: what it was, and unless it vanished what it is. */
static void add_both(struct ft_group *group, struct ft_group_was *was,
		     const struct ft_snapshot *snapshot, const struct ft_flow_hot *hot, int tx)
{
	const struct ft_flow_hot *old = ft_flow_was(snapshot, hot);

	if (old)
		add_was(was, old, tx);
	if (!ft_flow_has_vanished(snapshot, hot)) {
		add_flow(group, snapshot, hot, tx, NULL);
		was->after = true;
		return;
	}
	if (hot->flow->first_ns < group->first_ns)
		group->first_ns = hot->flow->first_ns;
	if (hot->last_ns > group->last_ns)
		group->last_ns = hot->last_ns;
}

/* Counts what is pending. */
static void add_pending(struct ft_groups *groups, const struct ft_snapshot *snapshot,
			const struct ft_baseline *baseline)
{
	for (size_t i = 0; i < groups->pending_count; i++) {
		struct pending *pending = &groups->pending[i];
		const char *group;

		pending->group = find_group(groups, &pending->member.key, pending->id);
		group = (const char *)&groups->groups[pending->group];
		for (size_t line = 0; line < sizeof(struct ft_group); line += 64)
			__builtin_prefetch(group + line, 1);
	}
	for (size_t i = 0; i < groups->pending_count; i++) {
		const struct pending *pending = &groups->pending[i];
		struct ft_group *group = &groups->groups[pending->group];

		group->own |= pending->member.own;
		/* a user's group keeps one of its processes, which knows the user's name */
		if (groups->by == FT_GROUP_USER && group->owner == FT_OWNER_FIRST)
			group->owner = ft_flow_owner(pending->flow, pending->member.tx);
		if (groups->difference)
			add_both(group, &groups->was[pending->group], snapshot, pending->flow,
				 pending->member.tx);
		else
			add_flow(group, snapshot, pending->flow, pending->member.tx, baseline);
	}
	groups->pending_count = 0;
}

void ft_groups_add(struct ft_groups *groups, const struct ft_snapshot *snapshot,
		   const struct ft_flow_hot *flow, const struct ft_baseline *baseline)
{
	struct member member[2];
	int count = members_of(groups->by, snapshot, flow, member);

	for (int i = 0; i < count; i++) {
		struct pending *pending = &groups->pending[groups->pending_count++];

		pending->member = member[i];
		pending->id = hash_of(&member[i].key);
		pending->flow = flow;
		if (groups->index_size > 0)
			__builtin_prefetch(&groups->index[pending->id & (groups->index_size - 1)]);
		if (groups->pending_count == PENDING_MAX)
			add_pending(groups, snapshot, baseline);
	}
}

void ft_groups_finish(struct ft_groups *groups, const struct ft_snapshot *snapshot,
		      const struct ft_baseline *baseline)
{
	add_pending(groups, snapshot, baseline);
	for (size_t i = 0; groups->difference && i < groups->count; i++)
		groups->groups[i].was = &groups->was[i];
}

/* What an owner's flows counted that had left, now or in a difference's baseline. */
static void add_past(struct ft_groups *groups, const struct ft_snapshot *snapshot,
		     const struct ft_past *list, size_t count, bool before)
{
	for (size_t owner = 0; owner < count; owner++) {
		const struct ft_past *past = &list[owner];
		struct key key = { .by = FT_GROUP_PROCESS, .owner = (uint16_t)owner };
		struct ft_group *group;
		uint32_t number;

		if (!past->tx.packets && !past->rx.packets)
			continue;
		number = find_group(groups, &key, hash_of(&key)); /* may move them */
		group = &groups->groups[number];
		group->own |= ft_snapshot_process(snapshot, (uint16_t)owner) != NULL;
		if (before) {
			add_counts(&groups->was[number].tx, past->tx);
			add_counts(&groups->was[number].rx, past->rx);
			groups->was[number].before = true;
		} else {
			add_counts(&group->tx, past->tx);
			add_counts(&group->rx, past->rx);
			if (groups->difference)
				groups->was[number].after = true;
		}
		if (past->first_ns < group->first_ns)
			group->first_ns = past->first_ns;
		if (past->last_ns > group->last_ns)
			group->last_ns = past->last_ns;
	}
}

void ft_groups_add_past(struct ft_groups *groups, const struct ft_snapshot *snapshot)
{
	add_past(groups, snapshot, snapshot->past, snapshot->past_count, false);
	if (groups->difference)
		add_past(groups, snapshot, groups->difference->past,
			 groups->difference->past_count, true);
}

size_t ft_groups_count(const struct ft_groups *groups)
{
	return groups->count;
}

const struct ft_group *ft_groups_at(const struct ft_groups *groups, size_t index)
{
	return &groups->groups[index];
}

/* ---- reading groups */

bool ft_group_has(const struct ft_group *group, const struct ft_snapshot *snapshot,
		  const struct ft_flow_hot *flow)
{
	struct key key = key_of(group);
	struct member member[2];
	int count = members_of((enum ft_group_by)group->by, snapshot, flow, member);

	for (int i = 0; i < count; i++)
		if (memcmp(&member[i].key, &key, sizeof(key)) == 0)
			return true;
	return false;
}

/* IPv4 before IPv6, then by number. */
static int compare_addr(const uint8_t a[16], const uint8_t b[16])
{
	bool a4 = ft_addr_is_v4(a), b4 = ft_addr_is_v4(b);

	return a4 != b4 ? (a4 ? -1 : 1) : memcmp(a, b, 16);
}

int ft_group_compare(const struct ft_group *a, const struct ft_group *b)
{
	struct key x = key_of(a), y = key_of(b);
	int order = compare_addr(x.addr, y.addr);

	if (order != 0)
		return order;
	if (x.owner != y.owner)
		return x.owner < y.owner ? -1 : 1;
	if (x.protocol != y.protocol)
		return x.protocol < y.protocol ? -1 : 1;
	if (x.port != y.port)
		return x.port < y.port ? -1 : 1;
	return x.number < y.number ? -1 : x.number > y.number;
}

uint64_t ft_group_order(const struct ft_group *group)
{
	struct key key = key_of(group);
	uint64_t high;
	uint32_t v4;

	if (group->by != FT_GROUP_HOST && group->by != FT_GROUP_NET)
		return (uint64_t)key.owner << 48 | (uint64_t)key.protocol << 40 |
		       (uint64_t)key.port << 24 | key.number >> 8;
	if (ft_addr_is_v4(key.addr)) {
		memcpy(&v4, key.addr + 12, sizeof(v4));
		return (uint64_t)ntohl(v4) << 24;
	}
	memcpy(&high, key.addr, sizeof(high));
	return 1ULL << 63 | be64toh(high) >> 1;
}
