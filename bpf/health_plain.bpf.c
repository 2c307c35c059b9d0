/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Samples of sockets where the kernel describes no types (no BTF): what bpf_tcp_sock tells,
 * which all kernels since 5.1 do.
 */
#include "bpf/health.bpf.h"

static __always_inline bool ft_health_fill(struct bpf_sock *sock, __u32 tick_us,
					   struct ft_health *to)
{
	struct bpf_tcp_sock *tcp = bpf_tcp_sock(sock);
	__u32 interval;

	(void)tick_us;
	if (!tcp)
		return false;
	/* Of a log half that is used again: only what is written below is ever set in it. */
	to->state = sock->state;
	to->srtt_us = tcp->srtt_us >> 3;
	to->min_rtt_us = tcp->rtt_min == ~0U ? 0 : tcp->rtt_min;
	to->cwnd = tcp->snd_cwnd;
	to->ssthresh = tcp->snd_ssthresh;
	to->mss = tcp->mss_cache;
	interval = tcp->rate_interval_us;
	to->delivery_rate = interval ? (__u64)tcp->rate_delivered * tcp->mss_cache * 1000000 /
					       interval : 0;
	to->unacked = tcp->packets_out;
	to->retrans = tcp->retrans_out;
	to->total_retrans = tcp->total_retrans;
	to->segs_in = tcp->segs_in;
	to->data_segs_in = tcp->data_segs_in;
	to->segs_out = tcp->segs_out;
	to->data_segs_out = tcp->data_segs_out;
	to->lost = tcp->lost_out;
	to->sacked = tcp->sacked_out;
	to->bytes_received = tcp->bytes_received;
	to->bytes_acked = tcp->bytes_acked;
	to->dsack_dups = tcp->dsack_dups;
	to->delivered = tcp->delivered;
	to->delivered_ce = tcp->delivered_ce;
	to->retransmits = tcp->icsk_retransmits;
	return true;
}
