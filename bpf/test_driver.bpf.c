/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Only for tests and bench: gives BPF_PROG_TEST_RUN what it refuses by itself, then tail-calls
 * the program under test. It refuses short frames, VLAN tags in metadata, and frames of more
 * than a page, so that
 *
 *   shape   trims the frame; or blows up a super-packet (bpf_skb_change_head leaves gso_size
 *           alone and asks for no MTU then) and writes its head anew; pushes the tag
 *   spread  writes an address that changes from run to run into the frame: so many flows
 *
 * User space says what it wants in skb->cb, see enum ft_driver_cb.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/test_driver.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} driver_targets SEC(".maps");

struct driver_head {
	__u8 octets[FT_DRIVER_HEAD];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct driver_head);
} driver_heads SEC(".maps");

/* spread: how many flows, and how often each is sent in a row. */
const volatile __u32 driver_flows = 1;
const volatile __u32 driver_burst = 1;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} driver_turns SEC(".maps");

/* The simplest store there is, for the bench to compare with: one HASH, one lookup a packet. */
struct driver_pair {
	__u64 packets;
	__u64 bytes;
};
struct driver_key {
	__u64 word[5];
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct driver_key);
	__type(value, struct driver_pair);
} driver_hash SEC(".maps");

SEC("tc")
int driver_shape(struct __sk_buff *skb)
{
	__u32 len = skb->cb[FT_DRIVER_LEN], tag = skb->cb[FT_DRIVER_TAG];
	__u32 target = skb->cb[FT_DRIVER_TARGET], zero = 0;
	struct driver_head *head;

	if (skb->len > len && bpf_skb_change_tail(skb, len, 0))
		return FT_DRIVER_FAILED;
	if (skb->len < len) {
		head = bpf_map_lookup_elem(&driver_heads, &zero);
		if (!head || bpf_skb_change_head(skb, len - skb->len, 0) ||
		    bpf_skb_store_bytes(skb, 0, head, sizeof(*head), 0))
			return FT_DRIVER_FAILED;
	}
	if (tag && bpf_skb_vlan_push(skb, bpf_htons(tag >> 16), tag & 0xffff))
		return FT_DRIVER_FAILED;
	bpf_tail_call(skb, &driver_targets, target);
	return FT_DRIVER_FAILED;
}

SEC("tc")
int driver_spread(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *data_end = (void *)(long)skb->data_end;
	__u32 target = skb->cb[FT_DRIVER_TARGET], zero = 0, at;
	__u64 *turn = bpf_map_lookup_elem(&driver_turns, &zero);

	if (!turn || data + 34 > data_end)
		return FT_DRIVER_FAILED;
	/* Flows in an order that caches can't guess: a full-period generator, then a mix. */
	at = (__u32)(*turn / driver_burst) * 2654435761U;
	at = (at >> 7 ^ at) % driver_flows;
	*turn += 1;
	*(__u32 *)(data + 26) = bpf_htonl(0x0a000000 + at);
	bpf_tail_call(skb, &driver_targets, target);
	return FT_DRIVER_FAILED;
}

SEC("tc")
int driver_empty(struct __sk_buff *skb)
{
	(void)skb;
	return -1;
}

/* Foreign programs that hide packets from those behind them. */
SEC("tc")
int driver_pass(struct __sk_buff *skb)
{
	(void)skb;
	return 0; /* TC_ACT_OK */
}

SEC("tc")
int driver_drop(struct __sk_buff *skb)
{
	(void)skb;
	return 2; /* TC_ACT_SHOT */
}

SEC("tc")
int driver_bare_hash(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *data_end = (void *)(long)skb->data_end;
	struct driver_pair *pair, fresh = { 1, skb->len };
	struct driver_key key = { { 0 } };

	if (data + 38 > data_end)
		return -1;
	key.word[0] = *(__u32 *)(data + 26);
	key.word[1] = *(__u32 *)(data + 30);
	key.word[2] = *(__u32 *)(data + 34);
	pair = bpf_map_lookup_elem(&driver_hash, &key);
	if (!pair) {
		bpf_map_update_elem(&driver_hash, &key, &fresh, BPF_NOEXIST);
		return -1;
	}
	__sync_fetch_and_add(&pair->packets, 1);
	__sync_fetch_and_add(&pair->bytes, skb->len);
	return -1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
