/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See packet_log.h for the layout. One thread uses a log; nothing here locks. */
#include "capture/packet_log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "capture/packet_store.h"
#include "core/xalloc.h"

#define MAX_ENTRIES (256u * 1024)
#define MIN_ENTRIES 1024u
#define FRAGMENTS 4096 /* first fragments remembered, as many as in the kernel */

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

struct bank {
	struct ft_entry *entries; /* owned */
	uint32_t count;
	uint32_t capacity;
};

struct ft_packet_log {
	struct bank banks[2];
	struct bank *bank;   /* the one being filled */
	uint32_t max_entries;
	uint32_t *index;     /* owned */
	uint32_t index_mask;
	uint64_t seed;       /* random, so that no sender can choose colliding flows */
	struct ft_frags *frags;
	struct ft_packet_store *store; /* borrowed; NULL = packets are not kept */

	struct ft_scope_counters scopes[FT_MAX_SCOPES];
	uint64_t skbs[FT_MAX_SCOPES];    /* counted calls in this period: a super-packet is one */
	uint64_t mean_l2[FT_MAX_SCOPES]; /* a skb's, of the last period that saw any; else 0 */
	struct ft_iface_delta *ifaces;   /* owned; never shrinks */
	size_t iface_count;

	/* What the last batch borrows. */
	struct ft_span span;
	struct ft_scope_delta *scope_deltas; /* owned, FT_MAX_SCOPES */
	struct ft_iface_delta *iface_deltas; /* owned */
};

struct ft_packet_log *ft_packet_log_new(uint32_t max_entries)
{
	struct ft_packet_log *log = xcalloc(1, sizeof(*log));
	int i;

	log->max_entries = max_entries ? max_entries : MAX_ENTRIES;
	for (i = 0; i < 2; i++) {
		log->banks[i].capacity = MIN_ENTRIES;
		log->banks[i].entries = xcalloc(MIN_ENTRIES, sizeof(struct ft_entry));
	}
	log->bank = &log->banks[0];
	log->index_mask = MIN_ENTRIES * 2 - 1;
	log->index = xcalloc(log->index_mask + 1, sizeof(*log->index));
	log->scope_deltas = xcalloc(FT_MAX_SCOPES, sizeof(*log->scope_deltas));
	log->frags = ft_frags_new(FRAGMENTS);
	/* a predictable seed is worse, not wrong */
	if (getrandom(&log->seed, sizeof(log->seed), GRND_NONBLOCK) != sizeof(log->seed))
		log->seed = (uint64_t)(uintptr_t)log;
	return log;
}

void ft_packet_log_free(struct ft_packet_log *log)
{
	if (!log)
		return;
	free(log->banks[0].entries);
	free(log->banks[1].entries);
	free(log->index);
	free(log->ifaces);
	free(log->scope_deltas);
	free(log->iface_deltas);
	ft_frags_free(log->frags);
	free(log);
}

void ft_packet_log_keep(struct ft_packet_log *log, struct ft_packet_store *store)
{
	log->store = store;
}

/* Each bit of the key moves each bit of the hash. */
static uint32_t hash_key(const struct ft_packet_log *log, const struct ft_flow_key *key)
{
	uint64_t words[sizeof(*key) / 8];
	uint64_t hash = log->seed;
	size_t i;

	memcpy(words, key, sizeof(words));
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	hash *= 0xff51afd7ed558ccdu;
	return (uint32_t)(hash >> 32);
}

/* Doubles the index and enters all of the bank again, later entries of a key over earlier. */
static void grow_index(struct ft_packet_log *log)
{
	const struct bank *bank = log->bank;
	uint32_t i, at;

	log->index_mask = log->index_mask * 2 + 1;
	free(log->index);
	log->index = xcalloc((size_t)log->index_mask + 1, sizeof(*log->index));
	for (i = 0; i < bank->count; i++) {
		const struct ft_entry *entry = &bank->entries[i];

		for (at = entry->hash & log->index_mask; log->index[at];
		     at = (at + 1) & log->index_mask) {
			const struct ft_entry *other = &bank->entries[log->index[at] - 1];

			if (other->hash == entry->hash &&
			    memcmp(&other->key, &entry->key, sizeof(entry->key)) == 0)
				break;
		}
		log->index[at] = i + 1;
	}
}

/* Appends an empty entry and points the index slot at it; NULL if the log is full. */
static struct ft_entry *append(struct ft_packet_log *log, const struct ft_flow_key *key,
			       uint32_t hash, uint32_t *slot)
{
	struct bank *bank = log->bank;
	struct ft_entry *entry;

	if (bank->count == log->max_entries)
		return NULL;
	if (bank->count == bank->capacity) {
		bank->capacity *= 2;
		bank->entries = xreallocarray(bank->entries, bank->capacity,
					      sizeof(*bank->entries));
	}
	entry = &bank->entries[bank->count++];
	memset(entry, 0, sizeof(*entry));
	entry->key = *key;
	entry->hash = hash;
	*slot = bank->count;
	if (bank->count * 2 > log->index_mask)
		grow_index(log);
	return entry;
}

/* True for a SYN that opens a connection. */
static bool is_pure_syn(const struct ft_packet_result *result)
{
	return result->key.protocol == 6 && (result->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* The entry that this packet adds to, made if need be; NULL if the log is full. */
static struct ft_entry *entry_for(struct ft_packet_log *log,
				  const struct ft_packet_result *result)
{
	uint32_t hash = hash_key(log, &result->key);
	uint32_t at = hash & log->index_mask;
	struct ft_entry *entry;

	for (; log->index[at]; at = (at + 1) & log->index_mask) {
		entry = &log->bank->entries[log->index[at] - 1];
		if (entry->hash != hash ||
		    memcmp(&entry->key, &result->key, sizeof(entry->key)) != 0)
			continue;
		if (!is_pure_syn(result) ||
		    !((entry->tcp_flags[0] | entry->tcp_flags[1]) & (TCP_FIN | TCP_RST)))
			return entry;
		entry = append(log, &result->key, hash, &log->index[at]);
		if (entry)
			entry->flags[0] |= FT_ENTRY_NEW;
		return entry;
	}
	return append(log, &result->key, hash, &log->index[at]);
}

/* Notes the moments of a handshake, as the kernel's program does. */
static void note_shake(struct ft_entry *entry, const struct ft_packet_result *result,
		       uint64_t tick)
{
	uint8_t had = entry->tcp_flags[result->dir], fresh = result->tcp_flags & (uint8_t)~had;
	uint32_t now = (uint32_t)(tick / FT_SHAKE_NS), at = result->dir;

	if (!(fresh & (TCP_SYN | TCP_ACK)))
		return;
	if (had & TCP_SYN)
		at = FT_SHAKE_ACK;
	entry->shake[at] = now ? now : 1;
}

/* Adds one packet to its entry. */
static void add_to_entry(struct ft_entry *entry, const struct ft_packet_result *result,
			 const struct ft_packet_meta *meta)
{
	struct ft_counts *counts = &entry->dir[result->dir];
	bool reverse = result->dir == FT_DIR_BA;

	if (entry->first_tick == 0 || meta->tick < entry->first_tick) {
		entry->first_tick = meta->tick;
		entry->flags[0] &= (uint8_t)~FT_ENTRY_FIRST_BA;
		entry->flags[0] |= reverse ? FT_ENTRY_FIRST_BA : 0;
	}
	if (meta->tick > entry->last_tick)
		entry->last_tick = meta->tick;
	if (counts->packets == 0 && (is_pure_syn(result) || result->reply))
		entry->flags[0] |= reverse != result->reply ? FT_ENTRY_SYN_BA : FT_ENTRY_SYN_AB;
	counts->packets += result->packets;
	counts->bytes += result->bytes;
	counts->l2_bytes += result->l2_bytes;
	entry->ifindex[result->dir] = meta->ifindex;
	note_shake(entry, result, meta->tick);
	entry->tcp_flags[result->dir] |= result->tcp_flags;
	entry->flags[0] |= result->flags;
	if (result->flags & (FT_ENTRY_EXTRA_SPI | FT_ENTRY_EXTRA_GRE))
		entry->extra = result->extra;
}

static void tally(struct ft_tally *to, const struct ft_packet_result *result)
{
	to->packets += result->packets;
	to->l2_bytes += result->l2_bytes;
}

/* The raw counters of an interface, made at first sight. There are few; ordered by arrival. */
static struct ft_iface_counters *iface_counters(struct ft_packet_log *log, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < log->iface_count; i++)
		if (log->ifaces[i].ifindex == ifindex) {
			/* the busy ones gather at the front */
			if (i > 0) {
				struct ft_iface_delta swap = log->ifaces[i];

				log->ifaces[i] = log->ifaces[i - 1];
				log->ifaces[i - 1] = swap;
				i--;
			}
			return &log->ifaces[i].counters;
		}
	log->ifaces = xreallocarray(log->ifaces, log->iface_count + 1, sizeof(*log->ifaces));
	memset(&log->ifaces[i], 0, sizeof(log->ifaces[i]));
	log->ifaces[i].ifindex = ifindex;
	log->iface_count++;
	return &log->ifaces[i].counters;
}

void ft_packet_log_add(struct ft_packet_log *log, const uint8_t *data,
		       const struct ft_packet_meta *meta, bool counts)
{
	struct ft_iface_counters *raw = iface_counters(log, meta->ifindex);
	struct ft_tally *terms = log->scopes[meta->scope].c;
	struct ft_packet_result result;
	struct ft_entry *entry;

	ft_packet_parse(data, meta, log->frags, &result);
	tally(meta->outgoing ? &raw->tx : &raw->rx, &result);
	if (!counts)
		return;
	log->skbs[meta->scope]++;
	tally(&terms[FT_C_SEEN], &result);
	if (log->store)
		ft_packet_store_add(log->store, data, meta, &result);
	if (!result.is_flow) {
		tally(&terms[result.counter], &result);
		return;
	}
	entry = entry_for(log, &result);
	if (entry)
		add_to_entry(entry, &result, meta);
	else
		tally(&terms[FT_C_LOST_FULL], &result);
}

void ft_packet_log_dropped(struct ft_packet_log *log, uint16_t scope, uint64_t packets)
{
	struct ft_tally *terms = log->scopes[scope].c;
	/* The estimate must not feed on earlier estimates of this period. */
	uint64_t octets = terms[FT_C_SEEN].l2_bytes - terms[FT_C_RING].l2_bytes;
	uint64_t mean = log->skbs[scope] ? octets / log->skbs[scope] : log->mean_l2[scope];
	uint64_t lost = packets * mean;

	terms[FT_C_RING].packets += packets;
	terms[FT_C_RING].l2_bytes += lost;
	terms[FT_C_SEEN].packets += packets;
	terms[FT_C_SEEN].l2_bytes += lost;
}

uint32_t ft_packet_log_fill(const struct ft_packet_log *log)
{
	return (uint32_t)((uint64_t)log->bank->count * 1000 / log->max_entries);
}

/* Copies the scopes that counted something, and empties all. */
static size_t take_scopes(struct ft_packet_log *log)
{
	size_t count = 0;
	unsigned int scope;

	for (scope = 0; scope < FT_MAX_SCOPES; scope++) {
		struct ft_scope_counters *counters = &log->scopes[scope];
		const struct ft_tally *seen = &counters->c[FT_C_SEEN];
		const struct ft_tally *ring = &counters->c[FT_C_RING];

		if (seen->packets == 0)
			continue;
		if (log->skbs[scope])
			log->mean_l2[scope] = (seen->l2_bytes - ring->l2_bytes) /
					      log->skbs[scope];
		log->skbs[scope] = 0;
		log->scope_deltas[count].scope = (uint16_t)scope;
		log->scope_deltas[count].lost_inexact = ring->packets > 0;
		log->scope_deltas[count].counters = *counters;
		count++;
		memset(counters, 0, sizeof(*counters));
	}
	return count;
}

/* The same for interfaces. */
static size_t take_ifaces(struct ft_packet_log *log)
{
	size_t i, count = 0;

	if (log->iface_count == 0)
		return 0;
	log->iface_deltas = xreallocarray(log->iface_deltas, log->iface_count,
					  sizeof(*log->iface_deltas));
	for (i = 0; i < log->iface_count; i++) {
		struct ft_iface_delta *iface = &log->ifaces[i];

		if (iface->counters.rx.packets || iface->counters.tx.packets)
			log->iface_deltas[count++] = *iface;
	}
	/* Empty, so that interfaces that went don't stay; the busy ones are back at once. */
	log->iface_count = 0;
	return count;
}

/* Makes the other bank the one being filled; after a burst, its memory goes back. */
static void swap_banks(struct ft_packet_log *log)
{
	uint32_t used = log->bank->count;
	struct bank *next = log->bank == &log->banks[0] ? &log->banks[1] : &log->banks[0];

	if (next->capacity > MIN_ENTRIES && next->capacity / 8 > used) {
		next->capacity /= 4;
		if (next->capacity < MIN_ENTRIES)
			next->capacity = MIN_ENTRIES;
		next->entries = xreallocarray(next->entries, next->capacity,
					      sizeof(*next->entries));
	}
	next->count = 0;
	log->bank = next;
	if (log->index_mask + 1 > MIN_ENTRIES * 2 && log->index_mask / 16 > used) {
		log->index_mask /= 2;
		free(log->index);
		log->index = xcalloc((size_t)log->index_mask + 1, sizeof(*log->index));
		return;
	}
	memset(log->index, 0, ((size_t)log->index_mask + 1) * sizeof(*log->index));
}

void ft_packet_log_collect(struct ft_packet_log *log, struct ft_batch *ret_batch)
{
	memset(ret_batch, 0, sizeof(*ret_batch));
	log->span.entries = log->bank->entries;
	log->span.count = log->bank->count;
	ret_batch->spans = &log->span;
	ret_batch->span_count = log->span.count ? 1 : 0;
	ret_batch->clock = ft_clock_identity();
	ret_batch->health.log_fill = ft_packet_log_fill(log);
	ret_batch->scopes = log->scope_deltas;
	ret_batch->scope_count = take_scopes(log);
	ret_batch->iface_count = take_ifaces(log);
	ret_batch->ifaces = log->iface_deltas;
	swap_banks(log);
}
