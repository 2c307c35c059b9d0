/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See sock_table.h. One growing array; two chained hashes through it, one over the ends (with
 * a random seed: remote ends come from outside), one over cookies (the kernel counts them up).
 * Forgetting packs the array and links both anew.
 */
#include "capture/sock_table.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/xalloc.h"

#define BUCKETS 8192U
#define NONE UINT32_MAX
#define SHARED_NS (30 * UINT64_C(1000000000)) /* then one of them is taken to be gone */

struct slot {
	struct ft_sock sock;
	uint64_t seen_ns;
	uint64_t round;
	uint32_t next, next_cookie;
	uint64_t shared_ns; /* when another socket with these ends was seen last, 0 = never */
};

struct ft_sock_table {
	struct ft_seed seed;
	struct slot *slots; /* owned */
	size_t count, space;
	uint64_t refused;
	uint64_t now_ns; /* of the last put */
	uint32_t ends[BUCKETS], cookies[BUCKETS];
};

/* What is hashed and compared. No padding. */
struct ends {
	uint8_t local[16], remote[16];
	uint16_t local_port_be, remote_port_be;
	uint8_t protocol, zero[3];
};

static struct ends ends_of(uint8_t protocol, const uint8_t local[16], uint16_t local_port_be,
			   const uint8_t remote[16], uint16_t remote_port_be)
{
	struct ends ends = { .local_port_be = local_port_be, .remote_port_be = remote_port_be,
			     .protocol = protocol };

	memcpy(ends.local, local, 16);
	memcpy(ends.remote, remote, 16);
	return ends;
}

static struct ends ends_of_sock(const struct ft_sock *sock)
{
	return ends_of(sock->protocol, sock->local, sock->local_port_be, sock->remote,
		       sock->remote_port_be);
}

struct ft_sock_table *ft_sock_table_new(void)
{
	struct ft_sock_table *table = xcalloc(1, sizeof(*table));

	table->seed = ft_seed_random();
	memset(table->ends, 0xff, sizeof(table->ends)); /* NONE */
	memset(table->cookies, 0xff, sizeof(table->cookies));
	return table;
}

void ft_sock_table_free(struct ft_sock_table *table)
{
	if (!table)
		return;
	free(table->slots);
	free(table);
}

static uint32_t bucket_of(const struct ft_sock_table *table, const struct ends *ends)
{
	return (uint32_t)(ft_hash(&table->seed, ends, sizeof(*ends)) % BUCKETS);
}

/* Links a slot into its chain of ends. */
static void link_ends(struct ft_sock_table *table, uint32_t i)
{
	struct ends ends = ends_of_sock(&table->slots[i].sock);
	uint32_t *chain = &table->ends[bucket_of(table, &ends)];

	table->slots[i].next = *chain;
	*chain = i;
}

/* Links a slot into its chain of cookies, if it has one. */
static void link_cookie(struct ft_sock_table *table, uint32_t i)
{
	uint64_t cookie = table->slots[i].sock.cookie;
	uint32_t *chain = &table->cookies[cookie % BUCKETS];

	table->slots[i].next_cookie = NONE;
	if (!cookie)
		return;
	table->slots[i].next_cookie = *chain;
	*chain = i;
}

static void unlink_cookie(struct ft_sock_table *table, uint32_t i)
{
	uint64_t cookie = table->slots[i].sock.cookie;
	uint32_t *at = &table->cookies[cookie % BUCKETS];

	if (!cookie)
		return;
	while (*at != i)
		at = &table->slots[*at].next_cookie;
	*at = table->slots[i].next_cookie;
}

static struct slot *find_slot(const struct ft_sock_table *table, const struct ends *ends)
{
	for (uint32_t i = table->ends[bucket_of(table, ends)]; i != NONE;
	     i = table->slots[i].next) {
		struct ends other = ends_of_sock(&table->slots[i].sock);

		if (memcmp(&other, ends, sizeof(other)) == 0)
			return &table->slots[i];
	}
	return NULL;
}

/* A new slot, or NULL when full. */
static struct slot *add_slot(struct ft_sock_table *table)
{
	if (table->count >= FT_SOCK_TABLE_MAX) {
		table->refused++;
		return NULL;
	}
	if (table->count == table->space) {
		table->space = table->space ? table->space * 2 : 256;
		table->slots = xreallocarray(table->slots, table->space,
					     sizeof(table->slots[0]));
	}
	memset(&table->slots[table->count], 0, sizeof(table->slots[0]));
	return &table->slots[table->count++];
}

void ft_sock_table_put(struct ft_sock_table *table, const struct ft_sock *sock, uint64_t now_ns,
		       uint64_t round)
{
	struct ends ends = ends_of_sock(sock);
	struct slot *slot;

	if (!sock->inode)
		return;
	slot = find_slot(table, &ends);
	if (!slot) {
		slot = add_slot(table);
		if (!slot)
			return;
		slot->sock = *sock;
		link_ends(table, (uint32_t)(slot - table->slots));
		link_cookie(table, (uint32_t)(slot - table->slots));
	} else if (slot->sock.inode != sock->inode) {
		/* beside the one we knew, or after it: bound ones may be either */
		if (slot->round == round || sock->remote_port_be == 0)
			slot->shared_ns = now_ns;
		unlink_cookie(table, (uint32_t)(slot - table->slots));
		slot->sock = *sock;
		link_cookie(table, (uint32_t)(slot - table->slots));
	}
	slot->sock.state = sock->state;
	slot->seen_ns = table->now_ns = now_ns;
	slot->round = round;
}

/* True if it cannot be said which of several sockets is meant. */
static bool is_shared(const struct ft_sock_table *table, const struct slot *slot)
{
	return slot->shared_ns && table->now_ns - slot->shared_ns < SHARED_NS;
}

const struct ft_sock *ft_sock_table_match(const struct ft_sock_table *table, uint8_t protocol,
					  const uint8_t local[16], uint16_t local_port_be,
					  const uint8_t remote[16], uint16_t remote_port_be,
					  uint64_t *ret_seen_ns)
{
	static const uint8_t any6[16];
	static const uint8_t any4[16] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *const locals[] = { local, any4, any6 };
	bool v4 = memcmp(local, any4, 12) == 0;

	for (size_t i = 0; i < 3; i++) {
		const uint8_t *own = locals[i];

		if (own == any4 && !v4)
			continue;
		for (int connected = 1; connected >= 0; connected--) {
			const uint8_t *any = own == any6 || !v4 ? any6 : any4;
			struct ends ends = ends_of(protocol, own, local_port_be,
						   connected ? remote : any,
						   connected ? remote_port_be : 0);
			const struct slot *slot = find_slot(table, &ends);

			if (!slot)
				continue;
			*ret_seen_ns = slot->seen_ns;
			return is_shared(table, slot) ? NULL : &slot->sock;
		}
	}
	return NULL;
}

const struct ft_sock *ft_sock_table_find_cookie(const struct ft_sock_table *table,
						uint64_t cookie)
{
	if (!cookie)
		return NULL;
	for (uint32_t i = table->cookies[cookie % BUCKETS]; i != NONE;
	     i = table->slots[i].next_cookie) {
		if (table->slots[i].sock.cookie == cookie)
			return &table->slots[i].sock;
	}
	return NULL;
}

void ft_sock_table_forget(struct ft_sock_table *table, uint64_t before_ns)
{
	size_t count = table->count;

	memset(table->ends, 0xff, sizeof(table->ends));
	memset(table->cookies, 0xff, sizeof(table->cookies));
	table->count = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t to = (uint32_t)table->count;

		if (table->slots[i].seen_ns < before_ns)
			continue;
		table->slots[to] = table->slots[i];
		table->count++;
		link_ends(table, to);
		link_cookie(table, to);
	}
}

size_t ft_sock_table_count(const struct ft_sock_table *table)
{
	return table->count;
}

uint64_t ft_sock_table_refused(const struct ft_sock_table *table)
{
	return table->refused;
}
