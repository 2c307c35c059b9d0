/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The tc programs' part in finding owners: which socket a flow entry's ends have, at the first
 * packets of an entry.
 *
 *   sender    skb->sk: at egress, and at ingress from a veth, which keeps it. A connection that
 *             was accepted has inherited its listener's storage; that it has a cookie of its own
 *             is told here, before its process has touched it
 *   receiver  at ingress, and at lo, where only egress is counted: looked up as the kernel will do
 *             it, in the namespace of the device. Less than the sender's own packet: a SYN
 *             finds the listener, one of a group may be another than the kernel takes
 */
#ifndef FT_OWNER_TC_BPF_H
#define FT_OWNER_TC_BPF_H

#include "bpf/account.bpf.h"
#include "bpf/owner_maps.bpf.h"

#define FT_LOOPBACK_IFINDEX 1 /* of lo, in every namespace */
#define FT_TCP_LISTEN 10

/* The tuple by which the receiver of direction d is found; its size, 0 if it has no ports. */
static __always_inline __u32 ft_owner_tuple(const struct ft_flow_key *key, __u32 d,
					    struct bpf_sock_tuple *tuple)
{
	const __u8 *from = d == FT_DIR_AB ? key->addr_a : key->addr_b;
	const __u8 *to = d == FT_DIR_AB ? key->addr_b : key->addr_a;
	__be16 sport = d == FT_DIR_AB ? key->port_a_be : key->port_b_be;
	__be16 dport = d == FT_DIR_AB ? key->port_b_be : key->port_a_be;

	if (!dport)
		return 0;
	if (key->ip_version == 4) {
		__builtin_memcpy(&tuple->ipv4.saddr, from + 12, 4);
		__builtin_memcpy(&tuple->ipv4.daddr, to + 12, 4);
		tuple->ipv4.sport = sport;
		tuple->ipv4.dport = dport;
		return sizeof(tuple->ipv4);
	}
	__builtin_memcpy(tuple->ipv6.saddr, from, 16);
	__builtin_memcpy(tuple->ipv6.daddr, to, 16);
	tuple->ipv6.sport = sport;
	tuple->ipv6.dport = dport;
	return sizeof(tuple->ipv6);
}

/* The cookie of the socket that will get the packet, as its storage has it; 0 if there is none. */
static __always_inline __u64 ft_owner_look_up(struct __sk_buff *skb, const struct ft_entry *entry,
					      __u32 d)
{
	struct bpf_sock_tuple tuple = {};
	__u32 size = ft_owner_tuple(&entry->key, d, &tuple);
	struct ft_owner_sk *own = NULL;
	struct bpf_sock *sk, *full;
	__u64 cookie = 0;

	if (!size)
		return 0;
	if (entry->key.protocol == IPPROTO_TCP)
		sk = bpf_skc_lookup_tcp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	else if (entry->key.protocol == IPPROTO_UDP)
		sk = bpf_sk_lookup_udp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	else
		return 0;
	if (!sk)
		return 0;
	full = bpf_sk_fullsock(sk);
	if (full)
		own = bpf_sk_storage_get(&ft_owner_sk, full, NULL, 0);
	if (own)
		cookie = own->cookie;
	bpf_sk_release(sk);
	return cookie;
}

/* Tells that a socket has inherited its owner, if that wasn't told yet. */
static __always_inline void ft_owner_inherit(struct bpf_sock *sk, __u64 cookie)
{
	struct bpf_sock *full = bpf_sk_fullsock(sk); /* of a SYN-ACK: the listener */
	struct ft_owner_sk *own;

	if (!full)
		return;
	own = bpf_sk_storage_get(&ft_owner_sk, full, NULL, 0);
	if (!own || !own->how || own->cookie == cookie)
		return;
	if (ft_tell_socket(cookie, own->tgid, own->start_ns, FT_HOW_INHERITED) &&
	    full->state != FT_TCP_LISTEN)
		own->cookie = cookie;
}

/* Finds out which sockets the ends of a packet's flow have. */
static __always_inline void ft_owner_note(struct __sk_buff *skb, const struct ft_account *acc,
					  struct ft_entry *entry, __u32 d)
{
	struct bpf_sock *sk = skb->sk;
	__u32 other = d ^ 1;
	__u64 cookie;

	if (sk) {
		/* Not the entry's: that may be of the connection before, on the same tuple. */
		cookie = bpf_get_socket_cookie(skb);
		if (!entry->cookie[d] || entry->flags[1] & FT_ENTRY_LOOKED_UP(d)) {
			entry->cookie[d] = cookie;
			entry->flags[1] &= ~FT_ENTRY_LOOKED_UP(d);
		}
		ft_owner_inherit(sk, cookie);
	}
	if (acc->egress && acc->ifindex != FT_LOOPBACK_IFINDEX)
		return;
	if (!entry->cookie[other]) {
		entry->cookie[other] = ft_owner_look_up(skb, entry, d);
		if (entry->cookie[other])
			entry->flags[1] |= FT_ENTRY_LOOKED_UP(other);
	}
}

#endif
