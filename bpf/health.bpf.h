/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Samples of TCP sockets: the log, and the program that the accounting one jumps to (by
 * ft_jump[FT_JUMP_HEALTH], at the end of its own work) with some of the packets that a socket
 * sends. It has maps and an epoch of its own, so it shares nothing with the object that jumps
 * here, and can be absent.
 *
 * Two programs are made of this, health_core.bpf.c and health_plain.bpf.c: who includes it
 * defines ft_health_fill, which says how a socket's fields are read.
 */
#ifndef FT_HEALTH_BPF_H
#define FT_HEALTH_BPF_H

#include <linux/bpf.h>
#include <linux/in.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#include "bpf/health_abi.h"

#define FT_NEXT (-1)       /* TC_ACT_UNSPEC, TCX_NEXT */
#define FT_SOCK_STREAM 1   /* linux/net.h is not for everyone */

/* Sizes are set by user space before the load. */
#define FT_HEALTH_MAP(name, value_type)                    \
	struct {                                           \
		__uint(type, BPF_MAP_TYPE_ARRAY);          \
		__uint(map_flags, BPF_F_MMAPABLE);         \
		__uint(max_entries, 1);                    \
		__type(key, __u32);                        \
		__type(value, value_type);                 \
	} name SEC(".maps")

FT_HEALTH_MAP(ft_health_state, struct ft_health_state);
FT_HEALTH_MAP(ft_health_index, struct ft_bucket);
FT_HEALTH_MAP(ft_health_log, struct ft_health);

/* Reads the socket into a record; cookie and tick are the caller's. */
static __always_inline bool ft_health_fill(struct bpf_sock *sock, __u32 tick_us,
					   struct ft_health *to);

/* The record of a cookie in this CPU's half, new if need be; NULL: there is no room. */
static __always_inline struct ft_health *ft_health_place(struct ft_health_state *state,
							 struct ft_cpu *cpu, __u32 epoch,
							 __u64 cookie)
{
	__u32 half = (cpu->slot - 1) * 2 + epoch;
	__u64 hash = cookie * 0x9e3779b97f4a7c15ULL;
	__u32 tag = (__u32)(hash >> 32) & ~FT_INDEX_POS_MASK, start = hash >> 28;
	__u32 at = half * state->buckets + ((__u32)(hash >> 20) & (state->buckets - 1));
	struct ft_bucket *bucket = bpf_map_lookup_elem(&ft_health_index, &at);
	struct ft_health *record;
	__u32 position;

	if (!bucket)
		return NULL;
	for (__u32 i = 0; i < FT_BUCKET_SLOTS; i++) {
		__u32 *word = &bucket->word[(start + i) & (FT_BUCKET_SLOTS - 1)];

		if (*word && (*word & ~FT_INDEX_POS_MASK) != tag)
			continue;
		position = *word ? (*word & FT_INDEX_POS_MASK) - 1 : cpu->fill[epoch & 1];
		if (position >= state->entries)
			return NULL;
		at = half * state->entries + position;
		record = bpf_map_lookup_elem(&ft_health_log, &at);
		if (!record)
			return NULL;
		if (*word && record->cookie != cookie)
			continue;
		if (!*word) {
			*word = tag | (position + 1);
			cpu->fill[epoch & 1] = position + 1;
		}
		return record;
	}
	return NULL;
}

SEC("tc")
int flowtop_health(struct __sk_buff *skb)
{
	__u32 id = bpf_get_smp_processor_id(), zero = 0, epoch;
	struct ft_health_state *state = bpf_map_lookup_elem(&ft_health_state, &zero);
	struct ft_health *record;
	struct bpf_sock *sock;
	struct ft_cpu *cpu;
	__u64 cookie;

	if (!state || !skb->sk || id >= FT_MAX_CPUS)
		return FT_NEXT;
	/* Requests and sockets in TIME_WAIT are none; the kernel's own, which sends resets, says
	 * TCP too, but has no such fields. */
	sock = bpf_sk_fullsock(skb->sk);
	if (!sock || sock->protocol != IPPROTO_TCP || sock->type != FT_SOCK_STREAM)
		return FT_NEXT;
	cpu = &state->cpus[id & (FT_MAX_CPUS - 1)];
	if (!cpu->slot)
		return FT_NEXT;
	cookie = bpf_get_socket_cookie(skb);
	epoch = *(volatile __u32 *)&state->control & FT_CTL_EPOCH;
	record = ft_health_place(state, cpu, epoch, cookie);
	if (!record) {
		__sync_fetch_and_add(&state->missed, 1);
		return FT_NEXT;
	}
	record->tick = bpf_jiffies64();
	record->cookie = ft_health_fill(sock, state->tick_us, record) ? cookie : 0;
	return FT_NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";

#endif
