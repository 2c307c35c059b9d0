/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fixed array of nodes; each is on one hash chain and on the list of recent use, or on the
 * free list (through `next`). Links are node numbers plus one, 0 ends a list. Nothing is
 * allocated after ft_frags_new, so a flood of first fragments costs only itself.
 */
#include "capture/packet_frag.h"

#include <stdlib.h>
#include <string.h>

#include "bpf/flow_abi.h"
#include "core/hash.h"
#include "core/xalloc.h"

struct node {
	struct ft_frag_key key;
	struct ft_frag_value value;
	uint64_t tick;
	uint32_t next;         /* on the chain, or of the free ones */
	uint32_t newer, older; /* by use */
};

struct ft_frags {
	struct node *nodes; /* owned; node n is nodes[n - 1] */
	uint32_t *chains;   /* owned */
	uint32_t chain_mask;
	uint32_t newest, oldest, free;
	struct ft_seed seed; /* senders choose keys: they shall not choose chains */
};

_Static_assert(sizeof(struct ft_frag_key) == 44, "no padding in the key");

/* An empty cache of so many first fragments. */
struct ft_frags *ft_frags_new(size_t capacity)
{
	struct ft_frags *frags = xcalloc(1, sizeof(*frags));
	uint32_t chains = 1;
	uint32_t i;

	while (chains < capacity)
		chains *= 2;
	frags->nodes = xcalloc(capacity, sizeof(*frags->nodes));
	frags->chains = xcalloc(chains, sizeof(*frags->chains));
	frags->chain_mask = chains - 1;
	frags->seed = ft_seed_random();
	for (i = 0; i < capacity; i++)
		frags->nodes[i].next = i + 1 < capacity ? i + 2 : 0;
	frags->free = 1;
	return frags;
}

/* Takes NULL. */
void ft_frags_free(struct ft_frags *frags)
{
	if (!frags)
		return;
	free(frags->nodes);
	free(frags->chains);
	free(frags);
}

/* The chain that a key belongs to. */
static uint32_t *chain_of(struct ft_frags *frags, const struct ft_frag_key *key)
{
	return &frags->chains[ft_hash(&frags->seed, key, sizeof(*key)) & frags->chain_mask];
}

/* Node number n. */
static struct node *at(struct ft_frags *frags, uint32_t n)
{
	return &frags->nodes[n - 1];
}

/* Takes n out of the list of use. */
static void forget_use(struct ft_frags *frags, uint32_t n)
{
	struct node *node = at(frags, n);

	if (node->newer)
		at(frags, node->newer)->older = node->older;
	else
		frags->newest = node->older;
	if (node->older)
		at(frags, node->older)->newer = node->newer;
	else
		frags->oldest = node->newer;
}

/* Makes n the most recently used one; it isn't on the list. */
static void note_use(struct ft_frags *frags, uint32_t n)
{
	struct node *node = at(frags, n);

	node->newer = 0;
	node->older = frags->newest;
	if (frags->newest)
		at(frags, frags->newest)->newer = n;
	else
		frags->oldest = n;
	frags->newest = n;
}

/* Where the number of the node with this key stands on its chain; points at 0 if nowhere. */
static uint32_t *find(struct ft_frags *frags, const struct ft_frag_key *key)
{
	uint32_t *link = chain_of(frags, key);

	while (*link && memcmp(&at(frags, *link)->key, key, sizeof(*key)) != 0)
		link = &at(frags, *link)->next;
	return link;
}

/* Gives the node that *link numbers back to the free ones. */
static void drop(struct ft_frags *frags, uint32_t *link)
{
	uint32_t n = *link;

	*link = at(frags, n)->next;
	forget_use(frags, n);
	at(frags, n)->next = frags->free;
	frags->free = n;
}

void ft_frags_put(struct ft_frags *frags, const struct ft_frag_key *key,
		  const struct ft_frag_value *value, uint64_t now)
{
	uint32_t n = *find(frags, key);
	uint32_t *chain;

	if (n) {
		forget_use(frags, n);
	} else {
		if (!frags->free)
			drop(frags, find(frags, &at(frags, frags->oldest)->key));
		n = frags->free;
		frags->free = at(frags, n)->next;
		chain = chain_of(frags, key);
		at(frags, n)->key = *key;
		at(frags, n)->next = *chain;
		*chain = n;
	}
	note_use(frags, n);
	at(frags, n)->value = *value;
	at(frags, n)->tick = now;
}

bool ft_frags_get(struct ft_frags *frags, const struct ft_frag_key *key, bool last,
		  uint64_t now, struct ft_frag_value *ret_value)
{
	const uint64_t ttl = FT_FRAG_TTL_SEC * 1000000000ull;
	uint32_t *link = find(frags, key);
	struct node *node;

	if (!*link)
		return false;
	node = at(frags, *link);
	if (now > node->tick && now - node->tick > ttl) {
		drop(frags, link);
		return false;
	}
	*ret_value = node->value;
	if (last) {
		drop(frags, link);
	} else {
		forget_use(frags, *link);
		note_use(frags, *link);
	}
	return true;
}
