/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How a TCP socket is read on kernels that describe their types: all that tcp_info has. The structs
 * below name only what is read; the loader finds where that lies in the running kernel.
 *
 * Reading follows tcp_get_info (net/ipv4/tcp.c), for what its numbers mean is what ss shows.
 */
#ifndef FT_HEALTH_READ_BPF_H
#define FT_HEALTH_READ_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "bpf/health_abi.h"

#define FT_RECORD __attribute__((preserve_access_index))

struct minmax_sample {
	__u32 v;
} FT_RECORD;

struct minmax {
	struct minmax_sample s[3];
} FT_RECORD;

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
} FT_RECORD;

struct ns_common {
	unsigned int inum;
} FT_RECORD;

struct net {
	struct ns_common ns;
} FT_RECORD;

typedef struct {
	struct net *net;
} FT_RECORD possible_net_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	unsigned short skc_family;
	unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
} FT_RECORD;

typedef struct {
	int counter;
} FT_RECORD atomic_t;

struct sock {
	struct sock_common __sk_common;
	unsigned long sk_pacing_rate;
	unsigned long sk_max_pacing_rate;
	atomic_t sk_drops;
} FT_RECORD;

struct ipv6_pinfo {
	__u8 tclass;
} FT_RECORD;

struct inet_sock {
	struct ipv6_pinfo *pinet6;
	__be16 inet_sport;
	__u8 tos;
} FT_RECORD;

struct tcp_congestion_ops {
	char name[16];
} FT_RECORD;

struct inet_connection_sock {
	const struct tcp_congestion_ops *icsk_ca_ops;
	__u32 icsk_rto;
	__u32 icsk_pmtu_cookie;
	__u8 icsk_ca_state : 5;
	__u8 icsk_retransmits;
	__u8 icsk_backoff;
	__u8 icsk_probes_out;
	struct {
		__u32 ato : 8; /* no bit-field before 6.7; read as one it is found either way */
		__u32 lrcvtime;
		__u16 rcv_mss;
	} icsk_ack;
	__u64 icsk_ca_priv[1]; /* of the algorithm: one of the three below */
} FT_RECORD;

struct bbr {
	__u32 min_rtt_us;
	struct minmax bw;
	__u32 lt_use_bw : 1;
	__u32 lt_bw;
	__u32 pacing_gain : 10;
	__u32 cwnd_gain : 10;
} FT_RECORD;

struct vegas {
	__u8 doing_vegas_now;
	__u16 cntRTT;
	__u32 minRTT;
	__u32 baseRTT;
} FT_RECORD;

struct dctcp {
	__u32 old_delivered;
	__u32 old_delivered_ce;
	__u32 dctcp_alpha;
	__u32 ce_state;
} FT_RECORD;

struct tcp_options_received {
	__u16 tstamp_ok : 1;
	__u16 wscale_ok : 1;
	__u16 sack_ok : 3;
	__u16 snd_wscale : 4;
	__u16 rcv_wscale : 4;
} FT_RECORD;

struct tcp_sock {
	__u64 bytes_received;
	__u64 bytes_acked;
	__u64 bytes_sent;
	__u64 bytes_retrans;
	__u32 chrono_start;
	__u32 chrono_stat[3];
	__u8 chrono_type : 2; /* no bit-field since 6.8; the same */
	struct minmax rtt_min;
	__u32 srtt_us;
	__u32 mdev_us;
	__u32 snd_cwnd;
	__u32 snd_ssthresh;
	__u32 mss_cache;
	__u16 advmss;
	__u32 reordering;
	__u32 packets_out;
	__u32 sacked_out;
	__u32 lost_out;
	__u32 retrans_out;
	__u32 total_retrans;
	__u32 segs_out;
	__u32 segs_in;
	__u32 data_segs_out;
	__u32 data_segs_in;
	__u32 delivered;
	__u32 delivered_ce;
	__u32 dsack_dups;
	__u32 reord_seen;
	__u32 rcv_ooopack;
	__u32 rate_delivered;
	__u32 rate_interval_us;
	__u8 rate_app_limited : 1;
	__u32 write_seq;
	__u32 snd_nxt;
	__u32 snd_una;
	__u32 rcv_nxt;
	__u32 copied_seq;
	__u32 snd_wnd;
	__u32 rcv_wnd;
	__u32 rcv_ssthresh;
	__u8 ecn_flags;
	__u8 syn_data_acked : 1;
	__u8 fastopen_client_fail : 2;
	__u32 lsndtime;
	__u32 rcv_tstamp;
	__u16 timeout_rehash;
	__u16 total_rto, total_rto_recoveries;
	__u32 total_rto_time;
	__u8 tcp_usec_ts : 1;
	__u8 syn_fastopen_child : 1;
	__u32 received_ce;
	__u32 received_ecn_bytes[3];
	__u32 delivered_ecn_bytes[3];
	__u8 accecn_fail_mode : 4;
	__u8 saw_accecn_opt : 2;
	struct tcp_options_received rx_opt;
	struct {
		__u32 rtt_us;
	} rcv_rtt_est;
	struct {
		__u32 space;
	} rcvq_space;
} FT_RECORD;

enum { FT_CHRONO_UNSPEC, FT_CHRONO_BUSY, FT_CHRONO_RWND_LIMITED, FT_CHRONO_SNDBUF_LIMITED };

/* How long the socket was busy, and what held it up: the kind that runs counts to now. */
static __always_inline void ft_fill_chrono(const struct tcp_sock *tp, __u32 tick_us,
					   struct ft_health *to)
{
	__u32 running = BPF_CORE_READ_BITFIELD(tp, chrono_type);
	__u32 since = (__u32)bpf_jiffies64() - tp->chrono_start;
	__u64 busy, rwnd, sndbuf;

	busy = tp->chrono_stat[0];
	rwnd = tp->chrono_stat[1];
	sndbuf = tp->chrono_stat[2];
	if (running == FT_CHRONO_BUSY)
		busy += since;
	else if (running == FT_CHRONO_RWND_LIMITED)
		rwnd += since;
	else if (running == FT_CHRONO_SNDBUF_LIMITED)
		sndbuf += since;
	to->busy_us = (busy + rwnd + sndbuf) * tick_us;
	to->rwnd_limited_us = rwnd * tick_us;
	to->sndbuf_limited_us = sndbuf * tick_us;
}

static __always_inline void ft_fill_counts(const struct tcp_sock *tp, struct ft_health *to)
{
	to->bytes_acked = tp->bytes_acked;
	to->bytes_received = tp->bytes_received;
	to->bytes_sent = tp->bytes_sent;
	to->bytes_retrans = tp->bytes_retrans;
	to->total_retrans = tp->total_retrans;
	to->segs_out = tp->segs_out;
	to->segs_in = tp->segs_in;
	to->data_segs_out = tp->data_segs_out;
	to->data_segs_in = tp->data_segs_in;
	to->delivered = tp->delivered;
	to->delivered_ce = tp->delivered_ce;
	to->dsack_dups = tp->dsack_dups;
	to->reord_seen = tp->reord_seen;
	to->rcv_ooopack = bpf_core_field_exists(tp->rcv_ooopack) ? tp->rcv_ooopack : 0;
}

/* How long ago what last happened, and the time-outs that there were (6.7). */
static __always_inline void ft_fill_ages(const struct tcp_sock *tp,
					 const struct inet_connection_sock *icsk, __u32 tick_us,
					 struct ft_health *to)
{
	__u32 now = (__u32)bpf_jiffies64();

	to->last_data_sent_ms = (__u64)(now - tp->lsndtime) * tick_us / 1000;
	to->last_data_received_ms = (__u64)(now - icsk->icsk_ack.lrcvtime) * tick_us / 1000;
	to->last_ack_received_ms = (__u64)(now - tp->rcv_tstamp) * tick_us / 1000;
	if (!bpf_core_field_exists(tp->total_rto))
		return;
	to->known |= FT_HEALTH_TIMEOUTS;
	to->rehashes = tp->timeout_rehash;
	to->total_rto = tp->total_rto;
	to->total_rto_recoveries = tp->total_rto_recoveries;
	to->total_rto_ms = tp->total_rto_time;
}

static __always_inline void ft_fill_window(const struct tcp_sock *tp, struct ft_health *to)
{
	__u32 interval = tp->rate_interval_us;

	to->cwnd = tp->snd_cwnd;
	to->ssthresh = tp->snd_ssthresh;
	to->mss = tp->mss_cache;
	to->advmss = tp->advmss;
	to->reordering = tp->reordering;
	to->unacked = tp->packets_out;
	to->sacked = tp->sacked_out;
	to->lost = tp->lost_out;
	to->retrans = tp->retrans_out;
	to->delivery_rate = interval ? (__u64)tp->rate_delivered * tp->mss_cache * 1000000 /
					       interval : 0;
	to->notsent_bytes = (__s32)(tp->write_seq - tp->snd_nxt) > 0 ?
			    tp->write_seq - tp->snd_nxt : 0;
	to->snd_wnd = tp->snd_wnd;
	to->rcv_wnd = tp->rcv_wnd;
	to->rcv_space = tp->rcvq_space.space;
	to->rcv_ssthresh = tp->rcv_ssthresh;
	to->rqueue = (__s32)(tp->rcv_nxt - tp->copied_seq) > 0 ? tp->rcv_nxt - tp->copied_seq : 0;
	to->wqueue = tp->write_seq - tp->snd_una;
}

static __always_inline void ft_fill_options(const struct tcp_sock *tp, struct ft_health *to)
{
	const struct tcp_options_received *options = &tp->rx_opt;

	to->snd_wscale = to->rcv_wscale = 0;
	to->options = BPF_CORE_READ_BITFIELD(options, tstamp_ok) ? FT_HEALTH_OPT_TIMESTAMPS : 0;
	if (BPF_CORE_READ_BITFIELD(options, sack_ok))
		to->options |= FT_HEALTH_OPT_SACK;
	if (BPF_CORE_READ_BITFIELD(options, wscale_ok)) {
		to->options |= FT_HEALTH_OPT_WSCALE;
		to->snd_wscale = BPF_CORE_READ_BITFIELD(options, snd_wscale);
		to->rcv_wscale = BPF_CORE_READ_BITFIELD(options, rcv_wscale);
	}
	if (tp->ecn_flags & 1)
		to->options |= FT_HEALTH_OPT_ECN;
	if (tp->ecn_flags & 8)
		to->options |= FT_HEALTH_OPT_ECN_SEEN;
	if (BPF_CORE_READ_BITFIELD(tp, syn_data_acked))
		to->options |= FT_HEALTH_OPT_SYN_DATA;
	if (bpf_core_field_exists(tp->tcp_usec_ts) && BPF_CORE_READ_BITFIELD(tp, tcp_usec_ts))
		to->options |= FT_HEALTH_OPT_USEC_TS;
	if (bpf_core_field_exists(tp->syn_fastopen_child) &&
	    BPF_CORE_READ_BITFIELD(tp, syn_fastopen_child))
		to->options |= FT_HEALTH_OPT_FASTOPEN;
	to->fastopen_fail = BPF_CORE_READ_BITFIELD(tp, fastopen_client_fail);
}

/* Accurate ECN: counts of what was marked how, each way (6.18). */
static __always_inline void ft_fill_accecn(const struct tcp_sock *tp, struct ft_health *to)
{
	if (!bpf_core_field_exists(tp->accecn_fail_mode))
		return;
	to->known |= FT_HEALTH_ACCECN;
	to->received_ce = tp->received_ce;
	for (int i = 0; i < 3; i++) {
		to->accecn_delivered_bytes[i] = tp->delivered_ecn_bytes[i];
		to->accecn_received_bytes[i] = tp->received_ecn_bytes[i];
	}
	to->accecn_fail_mode = BPF_CORE_READ_BITFIELD(tp, accecn_fail_mode);
	to->accecn_option = BPF_CORE_READ_BITFIELD(tp, saw_accecn_opt);
}

/* As bbr_get_info: bandwidth is in segments a microsecond, times 2^24; gains are of 256. */
static __always_inline void ft_fill_bbr(const struct bbr *bbr, __u32 mss, struct ft_health *to)
{
	__u64 bw = BPF_CORE_READ_BITFIELD(bbr, lt_use_bw) ? bbr->lt_bw : bbr->bw.s[0].v;

	to->known |= FT_HEALTH_BBR;
	to->bbr.bandwidth = bw * mss * 1000000 >> 24;
	to->bbr.min_rtt_us = bbr->min_rtt_us == ~0U ? 0 : bbr->min_rtt_us;
	to->bbr.pacing_gain = BPF_CORE_READ_BITFIELD(bbr, pacing_gain) * 1000 >> 8;
	to->bbr.cwnd_gain = BPF_CORE_READ_BITFIELD(bbr, cwnd_gain) * 1000 >> 8;
}

static __always_inline void ft_fill_vegas(const struct vegas *vegas, struct ft_health *to)
{
	to->known |= FT_HEALTH_VEGAS;
	to->vegas.enabled = vegas->doing_vegas_now;
	to->vegas.rtt_count = vegas->cntRTT;
	to->vegas.rtt_us = vegas->baseRTT == 0x7fffffff ? 0 : vegas->baseRTT;
	to->vegas.min_rtt_us = vegas->minRTT == 0x7fffffff ? 0 : vegas->minRTT;
}

static __always_inline void ft_fill_dctcp(const struct dctcp *dctcp, const struct tcp_sock *tp,
					  struct ft_health *to)
{
	to->known |= FT_HEALTH_DCTCP;
	to->dctcp.enabled = 1;
	to->dctcp.ce_state = dctcp->ce_state;
	to->dctcp.alpha = dctcp->dctcp_alpha;
	to->dctcp.ecn_bytes = (tp->delivered_ce - dctcp->old_delivered_ce) * tp->mss_cache;
	to->dctcp.bytes = (tp->delivered - dctcp->old_delivered) * tp->mss_cache;
}

/* size: with the zero at the end. */
static __always_inline bool ft_is_named(const struct ft_health *to, const char *name, __u32 size)
{
	for (__u32 i = 0; i < size; i++)
		if (to->congestion[i] != name[i])
			return false;
	return true;
}

#define FT_IS_NAMED(to, name) ft_is_named(to, name, sizeof(name))

/* What the congestion algorithm tells of itself, if it is built in or was loaded before us. */
static __always_inline void ft_fill_algorithm(const struct tcp_sock *tp,
					      const struct inet_connection_sock *icsk,
					      struct ft_health *to)
{
	const void *own = icsk->icsk_ca_priv;

	if (bpf_core_type_exists(struct bbr) && FT_IS_NAMED(to, "bbr"))
		ft_fill_bbr(own, tp->mss_cache, to);
	else if (bpf_core_type_exists(struct vegas) &&
		 (FT_IS_NAMED(to, "vegas") || FT_IS_NAMED(to, "yeah")))
		ft_fill_vegas(own, to);
	else if (bpf_core_type_exists(struct dctcp) && FT_IS_NAMED(to, "dctcp"))
		ft_fill_dctcp(own, tp, to);
}

/* How its packets are marked, to be treated on their way. */
static __always_inline void ft_fill_marks(const struct inet_sock *inet, struct ft_health *to)
{
	to->known |= FT_HEALTH_TOS;
	to->tos = inet->tos;
	if (!bpf_core_field_exists(inet->pinet6) || !inet->pinet6)
		return;
	to->known |= FT_HEALTH_TCLASS;
	to->tclass = inet->pinet6->tclass;
}

static __always_inline void ft_fill_connection(const struct inet_connection_sock *icsk,
					       __u32 tick_us, struct ft_health *to)
{
	const struct tcp_congestion_ops *ops = icsk->icsk_ca_ops;
	const __u64 *name;

	to->rto_us = icsk->icsk_rto * tick_us;
	to->ato_us = BPF_CORE_READ_BITFIELD(icsk, icsk_ack.ato) * tick_us;
	to->rcv_mss = icsk->icsk_ack.rcv_mss;
	to->pmtu = icsk->icsk_pmtu_cookie;
	to->ca_state = BPF_CORE_READ_BITFIELD(icsk, icsk_ca_state);
	to->retransmits = icsk->icsk_retransmits;
	to->backoff = icsk->icsk_backoff;
	to->probes = icsk->icsk_probes_out;
	name = (const __u64 *)ops->name;
	__builtin_memcpy(to->congestion, name, 16);
}

/* All of it; cookie and tick are the caller's. */
static __always_inline void ft_health_read(const struct tcp_sock *tp, __u32 tick_us,
					   struct ft_health *to)
{
	const struct sock *sk = (const struct sock *)tp;
	__u32 min_rtt;

	to->known = FT_HEALTH_MORE | FT_HEALTH_QUEUES | FT_HEALTH_RCV_WND;
	if (BPF_CORE_READ_BITFIELD(tp, rate_app_limited))
		to->known |= FT_HEALTH_APP_LIMITED;
	to->state = sk->__sk_common.skc_state;
	to->pacing_rate = sk->sk_pacing_rate;
	to->max_pacing_rate = sk->sk_max_pacing_rate;
	to->drops = sk->sk_drops.counter;
	to->srtt_us = tp->srtt_us >> 3;
	min_rtt = tp->rtt_min.s[0].v;
	to->min_rtt_us = min_rtt == ~0U ? 0 : min_rtt;
	to->rttvar_us = tp->mdev_us >> 2;
	to->rcv_rtt_us = tp->rcv_rtt_est.rtt_us >> 3;
	ft_fill_window(tp, to);
	ft_fill_counts(tp, to);
	ft_fill_chrono(tp, tick_us, to);
	ft_fill_options(tp, to);
	ft_fill_ages(tp, (const struct inet_connection_sock *)tp, tick_us, to);
	ft_fill_accecn(tp, to);
	ft_fill_marks((const struct inet_sock *)tp, to);
	ft_fill_connection((const struct inet_connection_sock *)tp, tick_us, to);
	ft_fill_algorithm(tp, (const struct inet_connection_sock *)tp, to);
}

#endif
