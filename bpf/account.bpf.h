/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The store: a per-CPU, two-epoch flow log with a hash index, the spill maps behind it, and
 * the counters that must add up (layout in bpf/flow_abi.h).
 *
 * A tc program runs with bottom halves off and never nests on its CPU, so that the CPU's own
 * slot needs no atomics; what several CPUs share (the spill maps, the last slot of the
 * counters) has them. Where that promise doesn't hold (PREEMPT_RT) user space gives no CPU a
 * slot, and everything goes the shared way.
 *
 * The index is a bucket of 16 words, one cache line, probed from a place that the hash says.
 * Words carry a tag, so that a miss rarely touches the log. The hash is NH (UMAC's: a sum of
 * six products of keyed halves) with keys drawn at each start, finished by a full-avalanche
 * mix: nobody who doesn't know the keys can fill one bucket.
 *
 * The control word is read once a packet, by the caller: all that a packet adds lands in one
 * epoch. User space flips the epoch, waits until no program can still hold the old one, then
 * reads and clears the old half.
 *
 * It does so at its own pace, and sooner when it is woken: by the entry that fills a log, or the
 * spill map, up to its mark. That is one entry a CPU and epoch; no other pays for it.
 */
#ifndef FT_ACCOUNT_BPF_H
#define FT_ACCOUNT_BPF_H

#include "bpf/measure.bpf.h"

#define FT_E2BIG 7
#define FT_ENOMEM 12
#define FT_EBUSY 16
#define FT_EEXIST 17
#define FT_SPILL_GENERATIONS 4 /* new connections on one tuple kept apart, per epoch */
#define FT_OWNER_PACKETS 8     /* of each direction and entry: then its socket has been found */
#define FT_SPILL_SUPERSEDED 1  /* in ft_entry.hash of a spilled entry */

/* Set by user space before the load. */
const volatile __u32 ft_slots;       /* CPUs that have a slot; the counters have one more */
const volatile __u32 ft_log_entries; /* per slot and epoch; 0 = no log */
const volatile __u32 ft_buckets;     /* of the index, a power of two; 0 with no log */
const volatile __u32 ft_log_mark;    /* entries with which a log wants to be drained */
const volatile __u32 ft_spill_mark;  /* the same of the spill map */
const volatile __u32 ft_seed[12];    /* keys of the hash */
const volatile bool ft_health_on;    /* sockets are sampled: bpf/health.bpf.h */
const volatile __u32 ft_sample_shift; /* with every 2^n-th packet of a long talk */

const volatile bool ft_owners_on;    /* sockets of ends are found out: bpf/owner_tc.bpf.h */

/* Tables of fixed size are plain memory: cheaper to reach than a map. */
struct ft_iface ft_ifaces[FT_MAX_IFACES] __attribute__((aligned(64)));
struct ft_cpu ft_cpus[FT_MAX_CPUS] __attribute__((aligned(64)));

/* FT_CTL_*; mmapped, written by user space while programs run. Zero: nothing is counted. */
__u32 ft_ctl;
/* Entries in each spill map: tells user space which need a drain. */
__u64 ft_spill_fill[2];

/* What a spill map's new entry is made of: on the stack there is no room for one. */
__u64 ft_zero_entry[sizeof(struct ft_entry) / 8];

/* Sizes are set by user space before the load. */
#define FT_MMAP_ARRAY(name, value_type, entries)           \
	struct {                                           \
		__uint(type, BPF_MAP_TYPE_ARRAY);          \
		__uint(map_flags, BPF_F_MMAPABLE);         \
		__uint(max_entries, entries);              \
		__type(key, __u32);                        \
		__type(value, value_type);                 \
	} name SEC(".maps")

FT_MMAP_ARRAY(ft_index, struct ft_bucket, 1);
FT_MMAP_ARRAY(ft_log, struct ft_entry, 1);
FT_MMAP_ARRAY(ft_scopes, struct ft_scope_counters, 1);
FT_MMAP_ARRAY(ft_hooks, struct ft_iface_counters, 1);

struct ft_spill_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct ft_flow_key); /* key.zero: generation */
	__type(value, struct ft_entry);
};
struct ft_spill_map ft_spill0 SEC(".maps");
struct ft_spill_map ft_spill1 SEC(".maps");

/* By which user space is woken. Sized before the load: one page is the least there is. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ft_wake SEC(".maps");

/* One packet's way through the store. */
struct ft_account {
	struct ft_cpu *cpu;
	__u32 slot;    /* ft_slots: the shared one */
	__u32 epoch;
	__u32 ifindex;
	bool shared;   /* no slot: atomics */
	bool egress;
	struct ft_entry *fresh; /* out: the packet's entry, if it is one of its first packets */
	bool sample;   /* out: the socket that sent this packet is to be looked at */
};

/* Adds to a counter of the caller's CPU, or to a shared one. */
static __always_inline void ft_add(bool shared, __u64 *to, __u64 n)
{
	if (shared)
		__sync_fetch_and_add(to, n);
	else
		*to += n;
}

static __always_inline void ft_tally_add(bool shared, struct ft_tally *tally,
					 const struct ft_packet *pkt)
{
	ft_add(shared, &tally->packets, pkt->segments);
	ft_add(shared, &tally->l2_bytes, pkt->l2_bytes);
}

/* Wakes user space. What the record says doesn't matter; while the ring has no room for it, it is
 * full of others that nobody has read, and its descriptor readable. */
static __always_inline void ft_wake_up(void)
{
	bpf_ringbuf_output(&ft_wake, ft_zero_entry, sizeof(ft_zero_entry[0]), BPF_RB_FORCE_WAKEUP);
}

/* Finds the caller's slot and fixes the epoch. */
static __always_inline void ft_account_begin(struct ft_account *acc, __u32 ctl)
{
	__u32 id = bpf_get_smp_processor_id();

	acc->cpu = &ft_cpus[id & (FT_MAX_CPUS - 1)];
	acc->epoch = ctl & FT_CTL_EPOCH;
	acc->shared = id >= FT_MAX_CPUS || !acc->cpu->slot;
	acc->slot = acc->shared ? ft_slots : acc->cpu->slot - 1;
}

/* The slot of ifindex in the interface table; FT_MAX_IFACES if it isn't watched. */
static __always_inline __u32 ft_iface_find(__u32 ifindex)
{
	__u32 at = FT_IFACE_HASH(ifindex);

	for (int i = 0; i < FT_IFACE_PROBES; i++) {
		__u32 slot = (at + i) & (FT_MAX_IFACES - 1);

		if (ft_ifaces[slot].ifindex == ifindex)
			return slot;
	}
	return FT_MAX_IFACES;
}

/* What the hook saw, raw, whether it counts or not. */
static __always_inline void ft_count_hook(const struct ft_account *acc, __u32 iface,
					  const struct ft_packet *pkt)
{
	__u32 at = (acc->slot * 2 + acc->epoch) * FT_MAX_IFACES + iface;
	struct ft_iface_counters *hook = bpf_map_lookup_elem(&ft_hooks, &at);

	if (hook)
		ft_tally_add(acc->shared, acc->egress ? &hook->tx : &hook->rx, pkt);
}

/* One term of the scope's line. */
static __always_inline void ft_count(const struct ft_account *acc, __u16 scope, __u32 counter,
				     const struct ft_packet *pkt)
{
	__u32 at = (acc->slot * 2 + acc->epoch) * FT_MAX_SCOPES + scope;
	struct ft_scope_counters *counters = bpf_map_lookup_elem(&ft_scopes, &at);

	if (counters && counter < FT_C_MAX)
		ft_tally_add(acc->shared, &counters->c[counter], pkt);
}

/* One keyed product of NH. */
static __always_inline __u64 ft_nh(__u64 word, int i)
{
	__u32 low = (__u32)word + ft_seed[2 * i];
	__u32 high = (__u32)(word >> 32) + ft_seed[2 * i + 1];

	return (__u64)low * high;
}

static __always_inline __u64 ft_hash(const struct ft_flow_key *key)
{
	const __u64 *word = (const __u64 *)key;
	__u64 h = 0;

#pragma unroll
	for (int i = 0; i < 6; i++)
		h += ft_nh(word[i], i);
	h *= 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 32;
}

static __always_inline bool ft_key_equal(const struct ft_flow_key *x, const struct ft_flow_key *y)
{
	const __u64 *a = (const __u64 *)x, *b = (const __u64 *)y;
	__u64 differ = 0;

#pragma unroll
	for (int i = 0; i < 6; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

/* A SYN that asks for a connection. */
static __always_inline bool ft_is_syn(const struct ft_packet *pkt)
{
	return (pkt->found.tcp_flags & (FT_TCP_SYN | FT_TCP_ACK)) == FT_TCP_SYN;
}

/*
 * A pure SYN that meets an entry which has ended begins a new flow; so does one of another socket
 * of ours: that the old one has ended was seen on another CPU.
 */
static __always_inline bool ft_supersedes(struct __sk_buff *skb, const struct ft_account *acc,
					  const struct ft_packet *pkt,
					  const struct ft_entry *entry)
{
	__u32 d = pkt->dir & 1;
	__u64 cookie;

	if (!ft_is_syn(pkt))
		return false;
	if ((entry->tcp_flags[0] | entry->tcp_flags[1]) & (FT_TCP_FIN | FT_TCP_RST))
		return true;
	if (!acc->egress || !entry->cookie[d] || entry->flags[1] & FT_ENTRY_LOOKED_UP(d))
		return false;
	cookie = bpf_get_socket_cookie(skb);
	return cookie && cookie != entry->cookie[d];
}

/* Says what a new entry, all zero else, is about. */
static __always_inline void ft_entry_name(struct ft_entry *entry, const struct ft_packet *pkt,
					  const struct ft_flow_key *key, __u32 hash, __u8 flags)
{
	entry->key = *key;
	entry->first_tick = bpf_jiffies64();
	entry->hash = hash;
	entry->flags[0] = flags | (pkt->dir == FT_DIR_BA ? FT_ENTRY_FIRST_BA : 0);
}

/* Notes the moments of a handshake, with the flags that this direction did not have before. */
static __always_inline void ft_note_shake(struct ft_entry *entry, __u8 fresh, __u32 d)
{
	__u32 now, at = d;

	if (!(fresh & (FT_TCP_SYN | FT_TCP_ACK)))
		return;
	if (entry->tcp_flags[d] & FT_TCP_SYN)
		at = FT_SHAKE_ACK;
	now = bpf_ktime_get_ns() / FT_SHAKE_NS;
	entry->shake[at] = now ? now : 1;
}

/*
 * Whether a packet is one with which its sender is looked at: the entry's 1st, 2nd, 4th, 8th ...
 * of this direction, every 64th (super-packets count many at a time), the last ones. So a short
 * talk is known as well as a long one; a look costs more than counting (bench/bench_health), which a
 * 64th of the packets of a long one bears.
 */
static __always_inline bool ft_sample_due(const struct ft_packet *pkt, __u64 packets)
{
	__u64 before = packets - pkt->segments, crossed = before ^ packets;

	if (pkt->found.tcp_flags & (FT_TCP_FIN | FT_TCP_RST))
		return true;
	return crossed > before || crossed >> (pkt->segments > 1 ? ft_sample_shift + 5 : ft_sample_shift);
}

/* Adds the packet to its entry. */
static __always_inline void ft_entry_add(struct __sk_buff *skb, struct ft_account *acc,
					 struct ft_entry *entry, const struct ft_packet *pkt,
					 bool shared)
{
	__u32 d = pkt->dir & 1;
	struct ft_counts *counts = &entry->dir[d];
	__u64 before = counts->packets;
	__u8 flags = pkt->found.flags;

	if (!counts->packets && (ft_is_syn(pkt) || pkt->found.reply))
		flags |= (d == FT_DIR_AB) != pkt->found.reply ? FT_ENTRY_SYN_AB : FT_ENTRY_SYN_BA;
	ft_add(shared, &counts->packets, pkt->segments);
	ft_add(shared, &counts->bytes, pkt->l3_bytes);
	ft_add(shared, &counts->l2_bytes, pkt->l2_bytes);
	entry->last_tick = bpf_jiffies64();
	entry->ifindex[d] = acc->ifindex;
	if (flags & ~entry->flags[0]) {
		if (flags & (FT_ENTRY_EXTRA_SPI | FT_ENTRY_EXTRA_GRE))
			entry->extra = pkt->found.extra;
		entry->flags[0] |= flags;
	}
	if (pkt->found.tcp_flags & ~entry->tcp_flags[d]) {
		ft_note_shake(entry, pkt->found.tcp_flags & ~entry->tcp_flags[d], d);
		entry->tcp_flags[d] |= pkt->found.tcp_flags;
	}
	if (before < FT_OWNER_PACKETS) {
		/* Only at egress is skb->sk surely the sender's and of this namespace. */
		if (acc->egress && !entry->cookie[d])
			entry->cookie[d] = bpf_get_socket_cookie(skb);
		if (ft_owners_on && !(before & (before - 1)))
			acc->fresh = entry;
	}
	if (ft_health_on && acc->egress && pkt->protocol == IPPROTO_TCP && entry->cookie[d])
		acc->sample = ft_sample_due(pkt, counts->packets);
}

/* The first word of the bucket that is free or carries the tag; NULL if there is none. */
static __always_inline __u32 *ft_bucket_probe(struct ft_bucket *bucket, __u32 start, __u32 tag)
{
	for (__u32 i = 0; i < FT_BUCKET_SLOTS; i++) {
		__u32 *word = &bucket->word[(start + i) & (FT_BUCKET_SLOTS - 1)];

		if (!*word || (*word & ~FT_INDEX_POS_MASK) == tag)
			return word;
	}
	return NULL;
}

/*
 * The index word for this key: *ret_entry is its entry, or NULL if it has none yet. NULL: no
 * place for it in the bucket, or another key with its tag is there, one in many thousands;
 * the spill map takes both.
 */
static __always_inline __u32 *ft_index_find(const struct ft_account *acc,
					    const struct ft_flow_key *key, __u64 hash,
					    struct ft_entry **ret_entry)
{
	__u32 half = acc->slot * 2 + acc->epoch;
	__u32 at = half * ft_buckets + (hash & (ft_buckets - 1));
	struct ft_bucket *bucket = bpf_map_lookup_elem(&ft_index, &at);
	struct ft_entry *entry;
	__u32 *word;

	*ret_entry = NULL;
	if (!bucket)
		return NULL;
	word = ft_bucket_probe(bucket, hash >> 28, (hash >> 32) & ~FT_INDEX_POS_MASK);
	if (!word || !*word)
		return word;
	at = half * ft_log_entries + (*word & FT_INDEX_POS_MASK) - 1;
	entry = bpf_map_lookup_elem(&ft_log, &at);
	if (!entry || !ft_key_equal(&entry->key, key))
		return NULL;
	*ret_entry = entry;
	return word;
}

/* Appends to the log; `word` then points at the new entry. NULL: the log is full. */
static __always_inline struct ft_entry *ft_log_append(const struct ft_account *acc,
						      const struct ft_packet *pkt,
						      const struct ft_flow_key *key, __u64 hash,
						      __u32 *word, __u8 flags)
{
	__u32 half = acc->slot * 2 + acc->epoch;
	__u32 position = acc->cpu->fill[acc->epoch & 1];
	__u32 at = half * ft_log_entries + position;
	struct ft_entry *entry;

	if (position >= ft_log_entries)
		return NULL;
	entry = bpf_map_lookup_elem(&ft_log, &at);
	if (!entry)
		return NULL;
	__builtin_memset(entry, 0, sizeof(*entry));
	ft_entry_name(entry, pkt, key, hash, flags);
	acc->cpu->fill[acc->epoch & 1] = position + 1;
	*word = ((hash >> 32) & ~FT_INDEX_POS_MASK) | (position + 1);
	if (position + 1 == ft_log_mark)
		ft_wake_up();
	return entry;
}

/* Accounts to the log. False: it is full; *new_flow then says what the spill map must know. */
static __always_inline bool ft_log_account(struct __sk_buff *skb, struct ft_account *acc,
					   const struct ft_packet *pkt,
					   const struct ft_flow_key *key, __u8 *new_flow)
{
	__u64 hash = ft_hash(key);
	struct ft_entry *entry, *fresh;
	__u32 *word;

	word = ft_index_find(acc, key, hash, &entry);
	if (!word)
		return false;
	if (!entry || ft_supersedes(skb, acc, pkt, entry)) {
		*new_flow = entry ? FT_ENTRY_NEW : 0;
		fresh = ft_log_append(acc, pkt, key, hash, word, *new_flow);
		if (!fresh) {
			/* What follows belongs to the spilled flow, no longer to this one. */
			if (entry)
				*word ^= FT_INDEX_DISOWN;
			return false;
		}
		entry = fresh;
	}
	ft_entry_add(skb, acc, entry, pkt, false);
	return true;
}

/* Which term a refusal of the spill map counts in. */
static __always_inline enum ft_counter ft_lost(long err)
{
	switch (-err) {
	case FT_E2BIG:
		return FT_C_LOST_FULL;
	case FT_EBUSY:
		return FT_C_LOST_BUSY;
	case FT_ENOMEM:
		return FT_C_LOST_NOMEM;
	default:
		return FT_C_LOST_OTHER;
	}
}

/* Accounts to a spill map: FT_C_SEEN, or the term of the loss. */
static __always_inline enum ft_counter ft_spill_account(struct __sk_buff *skb,
							struct ft_account *acc,
							const struct ft_packet *pkt,
							struct ft_flow_key *key, void *map,
							__u8 new_flow)
{
	struct ft_entry *entry = NULL;
	long err;

	/* The generation keeps a new connection on an old tuple apart; entries show it as 0. */
	for (__u32 i = 0; i < FT_SPILL_GENERATIONS; i++) {
		key->zero = i;
		entry = bpf_map_lookup_elem(map, key);
		if (!entry)
			break;
		if (entry->hash != FT_SPILL_SUPERSEDED && !ft_supersedes(skb, acc, pkt, entry))
			break;
		if (i + 1 == FT_SPILL_GENERATIONS)
			break;
		entry->hash = FT_SPILL_SUPERSEDED;
		new_flow = FT_ENTRY_NEW;
	}
	if (!entry) {
		err = bpf_map_update_elem(map, key, ft_zero_entry, BPF_NOEXIST);
		if (err && err != -FT_EEXIST)
			return ft_lost(err);
		if (!err &&
		    __sync_fetch_and_add(&ft_spill_fill[acc->epoch & 1], 1) + 1 == ft_spill_mark)
			ft_wake_up();
		entry = bpf_map_lookup_elem(map, key);
		if (!entry)
			return FT_C_LOST_OTHER;
	}
	/* Two CPUs may do this at once: they write the same. */
	if (!entry->first_tick) {
		key->zero = 0;
		ft_entry_name(entry, pkt, key, 0, new_flow);
	}
	ft_entry_add(skb, acc, entry, pkt, true);
	return FT_C_SEEN;
}

/* Accounts a packet to its flow: FT_C_SEEN, or the term of the loss. */
static __always_inline enum ft_counter ft_account_flow(struct __sk_buff *skb,
						       struct ft_account *acc,
						       struct ft_packet *pkt)
{
	struct ft_flow_key key;
	__u8 new_flow = 0;

	ft_make_key(pkt, &key);
	if (!acc->shared && ft_log_account(skb, acc, pkt, &key, &new_flow))
		return FT_C_SEEN;
	return ft_spill_account(skb, acc, pkt, &key,
				acc->epoch ? (void *)&ft_spill1 : (void *)&ft_spill0, new_flow);
}

#endif
