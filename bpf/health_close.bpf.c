/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How each TCP connection of this network namespace was when it ended, by the tracepoint in every
 * change of a socket's state: a sample taken with the last packet that it sent knows nothing of what
 * came back, and a connection of a few milliseconds is gone before anybody asks. Runs where the
 * state changes, with or without the current process, so that it has a ring of its own and writes
 * into no log of health.bpf.h, whose only writer is the tc program.
 */
#include "bpf/health_read.bpf.h"

#define FT_AF_INET 2
#define FT_TCP_CLOSE 7
#define FT_TCP_LISTEN 10
#define FT_TCP_NEW_SYN_RECV 12

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, FT_CLOSE_RING_BYTES);
} ft_close_ring SEC(".maps");

const volatile __u32 ft_close_tick_us = 0; /* length of a jiffy */
const volatile __u32 ft_close_netns = 0;   /* inode of the network namespace */

__u64 ft_close_missed; /* that found no room in the ring */

static __always_inline void ft_map_address(__u8 to[16], __be32 addr)
{
	__builtin_memset(to, 0, 10);
	to[10] = to[11] = 0xff;
	__builtin_memcpy(to + 12, &addr, sizeof(addr));
}

/* inet_sport: that in sock_common is given back already. */
static __always_inline void ft_fill_ends(struct sock *sk, const struct inet_sock *inet,
					 struct ft_health_close *to)
{
	const struct sock_common *common = &sk->__sk_common;

	to->local_port_be = inet->inet_sport;
	to->remote_port_be = common->skc_dport;
	if (common->skc_family == FT_AF_INET || !bpf_core_field_exists(common->skc_v6_daddr)) {
		ft_map_address(to->local, common->skc_rcv_saddr);
		ft_map_address(to->remote, common->skc_daddr);
		return;
	}
	bpf_probe_read_kernel(to->local, sizeof(to->local), &sk->__sk_common.skc_v6_rcv_saddr);
	bpf_probe_read_kernel(to->remote, sizeof(to->remote), &sk->__sk_common.skc_v6_daddr);
}

SEC("tp_btf/inet_sock_set_state")
int flowtop_health_close(__u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];
	int from = (int)ctx[1], to = (int)ctx[2];
	const struct tcp_sock *tp;
	struct ft_health_close *told;

	/* Only what was a connection, or tried to become one. */
	if (to != FT_TCP_CLOSE || from == FT_TCP_CLOSE || from == FT_TCP_LISTEN ||
	    from == FT_TCP_NEW_SYN_RECV)
		return 0;
	tp = (const void *)bpf_skc_to_tcp_sock(sk);
	if (!tp || sk->__sk_common.skc_net.net->ns.inum != ft_close_netns)
		return 0;
	told = bpf_ringbuf_reserve(&ft_close_ring, sizeof(*told), 0);
	if (!told) {
		__sync_fetch_and_add(&ft_close_missed, 1);
		return 0;
	}
	__builtin_memset(told, 0, sizeof(*told));
	ft_health_read(tp, ft_close_tick_us, &told->health);
	told->health.cookie = bpf_get_socket_cookie(sk);
	told->health.tick = bpf_ktime_get_ns();
	told->health.state = FT_TCP_CLOSE;
	ft_fill_ends(sk, (const struct inet_sock *)tp, told);
	bpf_ringbuf_submit(told, BPF_RB_NO_WAKEUP);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
