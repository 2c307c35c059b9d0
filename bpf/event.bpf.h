/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the event programs have in common: their maps, the kernel's structures as far as they are
 * looked at (CO-RE), and how a record gets its socket. Most of it runs in softirq, where the
 * current process has nothing to do with the socket; whose it is says the owner programs' storage,
 * which is shared. Nothing here changes what the kernel does.
 */
#ifndef FT_EVENT_BPF_H
#define FT_EVENT_BPF_H

#include "bpf/event_abi.h"
#include "bpf/owner_maps.bpf.h"

#include <bpf/bpf_core_read.h>

#define FT_AF_INET 2
#define FT_AF_INET6 10
#define FT_IPPROTO_TCP 6
#define FT_SOCK_DONE 1 /* bit of skc_flags: the other side's FIN has come */

#define FT_TCP_ESTABLISHED 1
#define FT_TCP_SYN_SENT 2
#define FT_TCP_SYN_RECV 3
#define FT_TCP_CLOSE 7
#define FT_TCP_LISTEN 10
#define FT_TCP_NEW_SYN_RECV 12

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct task_struct {
	__u64 start_boottime;
	struct task_struct *group_leader;
};
struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};
struct ns_common {
	unsigned int inum;
};
struct net {
	struct ns_common ns;
};
typedef struct {
	struct net *net;
} possible_net_t;
struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	possible_net_t skc_net;
	unsigned long skc_flags;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};
struct sock {
	struct sock_common __sk_common;
	int sk_err;
	__u16 sk_protocol;
};
struct inet_sock {
	struct sock sk;
	__be16 inet_sport;
};
struct tcp_sock {
	__u64 bytes_sent;
	__u64 bytes_retrans;
	__u64 bytes_received;
	__u32 srtt_us;
};
#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, FT_EVENT_RING_BYTES);
} ft_event_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ft_event_state);
} ft_event_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ft_event_sk);
} ft_event_sk SEC(".maps");

/* 0 = all network namespaces, else the inode of the only one (tests). */
const volatile __u32 ft_event_netns = 0;

/* True if the socket's events are told. */
static __always_inline bool ft_is_watched(const struct sock *sk)
{
	unsigned short family = sk->__sk_common.skc_family;

	if ((family != FT_AF_INET && family != FT_AF_INET6) ||
	    sk->sk_protocol != FT_IPPROTO_TCP)
		return false;
	return !ft_event_netns || ft_event_netns == sk->__sk_common.skc_net.net->ns.inum;
}

/* An IPv4 address as a mapped one. */
static __always_inline void ft_map_address(__u8 to[16], __be32 addr)
{
	__builtin_memset(to, 0, 10);
	to[10] = to[11] = 0xff;
	__builtin_memcpy(to + 12, &addr, sizeof(addr));
}

/* Both ends. The port that inet_sport has is there longer than the one of skc_num. */
static __always_inline void ft_fill_ends(struct ft_event_news *news, struct sock *sk)
{
	const struct sock_common *common = &sk->__sk_common;
	/* Not read directly: to a verifier sk is a sock, and this lies behind its end. */
	__be16 port = BPF_CORE_READ((struct inet_sock *)sk, inet_sport);

	news->local_port_be = port ? port : __builtin_bswap16(common->skc_num);
	news->remote_port_be = common->skc_dport;
	news->ip_version = 4;
	if (common->skc_family == FT_AF_INET || !bpf_core_field_exists(common->skc_v6_daddr)) {
		ft_map_address(news->local, common->skc_rcv_saddr);
		ft_map_address(news->remote, common->skc_daddr);
		return;
	}
	bpf_probe_read_kernel(news->local, sizeof(news->local), &sk->__sk_common.skc_v6_rcv_saddr);
	bpf_probe_read_kernel(news->remote, sizeof(news->remote), &sk->__sk_common.skc_v6_daddr);
	if (*(__u64 *)news->remote != 0 || *(__u32 *)(news->remote + 8) != 0xffff0000)
		news->ip_version = 6;
}

/* Whose the socket is: as the owner programs say it, else who called connect(). */
static __always_inline void ft_fill_owner(struct ft_event_news *news, struct sock *sk,
					  const struct ft_event_sk *mine)
{
	const struct ft_owner_sk *own = bpf_sk_storage_get(&ft_owner_sk, sk, NULL, 0);

	if (own && own->how) {
		news->tgid = own->tgid;
		news->start_ns = own->start_ns;
		news->how = own->how;
	} else if (mine) {
		news->tgid = mine->tgid;
		news->start_ns = mine->start_ns;
	}
}

/* A new record of a socket's event, to be submitted; NULL: there is no room, which is counted. */
static __always_inline struct ft_event_news *ft_begin(struct sock *sk, __u8 kind,
						      const struct ft_event_sk *mine)
{
	struct ft_event_news *news = bpf_ringbuf_reserve(&ft_event_ring, sizeof(*news), 0);
	struct ft_event_state *state;
	__u32 zero = 0;

	if (!news) {
		state = bpf_map_lookup_elem(&ft_event_state, &zero);
		if (state)
			__sync_fetch_and_add(&state->lost, 1);
		return NULL;
	}
	__builtin_memset(news, 0, sizeof(*news));
	news->time_ns = bpf_ktime_get_ns();
	news->cookie = bpf_get_socket_cookie(sk);
	news->kind = kind;
	news->role = mine ? mine->role : 0;
	ft_fill_ends(news, sk);
	ft_fill_owner(news, sk, mine);
	return news;
}

static __always_inline void ft_submit(struct ft_event_news *news)
{
	bpf_ringbuf_submit(news, ft_ring_flags(&ft_event_ring));
}

#endif
