/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How a TCP socket is: the contract between the programs that sample sockets, the dump of
 * inet_diag, and everything above them. One record is one socket at one moment, named by its
 * cookie; of several records of a socket the newest holds.
 *
 * Units are in the names; counts are since the socket was made. What a source cannot tell is 0
 * and its bit of `known` is not set. Rules as in flow_abi.h.
 */
#ifndef FT_HEALTH_ABI_H
#define FT_HEALTH_ABI_H

#include "bpf/flow_abi.h"

/* ft_health.known: what the source tells beside what every source does. */
#define FT_HEALTH_MORE (1U << 0)   /* all that is marked "more" below */
#define FT_HEALTH_QUEUES (1U << 1) /* rqueue, wqueue, drops */
#define FT_HEALTH_RCV_WND (1U << 2)
#define FT_HEALTH_APP_LIMITED (1U << 3) /* delivery_rate is what the program gave to send */
#define FT_HEALTH_APP (1U << 4)    /* app_sent, app_received: of sockets of all kinds */
#define FT_HEALTH_TIMEOUTS (1U << 5) /* rehashes and total_rto* */
#define FT_HEALTH_TIMER (1U << 6)  /* timer*: one is set; told by inet_diag alone, for a sample is
				    * taken while the socket sends, just before it sets one */
#define FT_HEALTH_TOS (1U << 7)    /* of sockets of all kinds, as FT_HEALTH_TCLASS */
#define FT_HEALTH_TCLASS (1U << 8)
#define FT_HEALTH_BBR (1U << 9)    /* what the congestion algorithm tells: one of these three */
#define FT_HEALTH_VEGAS (1U << 10)
#define FT_HEALTH_DCTCP (1U << 11)
#define FT_HEALTH_ACCECN (1U << 12) /* received_ce and accecn_* */

/* ft_health.state: the kernel's numbers (net/tcp_states.h). */
#define FT_HEALTH_ESTABLISHED 1
#define FT_HEALTH_CLOSED 7
#define FT_HEALTH_LISTEN 10

/* ft_health.options, as in tcp_info. */
#define FT_HEALTH_OPT_TIMESTAMPS (1U << 0)
#define FT_HEALTH_OPT_SACK (1U << 1)
#define FT_HEALTH_OPT_WSCALE (1U << 2)
#define FT_HEALTH_OPT_ECN (1U << 3)
#define FT_HEALTH_OPT_ECN_SEEN (1U << 4)
#define FT_HEALTH_OPT_SYN_DATA (1U << 5)
#define FT_HEALTH_OPT_USEC_TS (1U << 6)
#define FT_HEALTH_OPT_FASTOPEN (1U << 7) /* it came from a listener by fast open */

/* ft_health.timer: the kernel's numbers (idiag_timer). */
#define FT_HEALTH_TIMER_RETRANSMIT 1
#define FT_HEALTH_TIMER_KEEPALIVE 2
#define FT_HEALTH_TIMER_TIME_WAIT 3
#define FT_HEALTH_TIMER_PROBE 4

#define FT_HEALTH_NO_PACING UINT64_MAX /* pacing_rate: as fast as it can */
#define FT_HEALTH_NO_SSTHRESH 0x7fffffffU /* ssthresh: never left slow start */

struct ft_health {
	__u64 cookie;
	__u64 tick;             /* when, in the batch's clock */
	__u64 bytes_acked;
	__u64 bytes_received;
	__u64 bytes_sent;       /* more; with retransmitted ones */
	__u64 bytes_retrans;    /* more */
	__u64 delivery_rate;    /* bytes/s of the last sample, 0 = none yet */
	__u64 pacing_rate;      /* more; bytes/s */
	__u64 busy_us;          /* more; there was data to send or unacknowledged */
	__u64 rwnd_limited_us;  /* more; of it, the receiver's window was in the way */
	__u64 sndbuf_limited_us; /* more; the send buffer */
	__u64 max_pacing_rate;  /* more; bytes/s that the program allows */
	__u64 app_sent;         /* if known; bytes that the program wrote and read since both ... */
	__u64 app_received;     /* ... the socket and flowtop are there */
	union { /* what the algorithm tells of itself, if known */
		struct {
			__u64 bandwidth;     /* bytes/s */
			__u32 min_rtt_us;
			__u32 pacing_gain;   /* per mille */
			__u32 cwnd_gain;     /* per mille */
			__u32 zero;
		} bbr;
		struct {
			__u32 enabled;
			__u32 rtt_count;     /* round trips measured in this one */
			__u32 rtt_us;        /* as on an empty way; 0 = none yet */
			__u32 min_rtt_us;    /* of this round trip; 0 = none yet */
			__u32 zero[2];
		} vegas;
		struct {
			__u32 enabled;
			__u32 ce_state;
			__u32 alpha;         /* marked part, of 1024 */
			__u32 ecn_bytes;     /* in the window under way: acknowledged as marked ... */
			__u32 bytes;         /* ... of all */
			__u32 zero;
		} dctcp;
	};
	__u32 known;
	__u32 srtt_us;          /* 0 = not measured yet */
	__u32 min_rtt_us;       /* 0 = not measured yet */
	__u32 rttvar_us;        /* more */
	__u32 rcv_rtt_us;       /* more; as the receiver estimates it */
	__u32 rto_us;           /* more */
	__u32 ato_us;           /* more */
	__u32 cwnd;             /* segments */
	__u32 ssthresh;
	__u32 mss;
	__u32 rcv_mss;          /* more */
	__u32 advmss;           /* more */
	__u32 pmtu;             /* more */
	__u32 reordering;       /* more */
	__u32 unacked;          /* segments in flight */
	__u32 sacked;
	__u32 lost;             /* of those in flight, as the kernel thinks now */
	__u32 retrans;          /* retransmitted ones in flight */
	__u32 total_retrans;    /* segments retransmitted */
	__u32 segs_out;
	__u32 segs_in;
	__u32 data_segs_out;
	__u32 data_segs_in;
	__u32 delivered;
	__u32 delivered_ce;
	__u32 dsack_dups;
	__u32 reord_seen;       /* more */
	__u32 rcv_ooopack;      /* more */
	__u32 notsent_bytes;    /* more */
	__u32 snd_wnd;          /* more; bytes that the peer takes */
	__u32 rcv_wnd;          /* if known */
	__u32 rcv_space;        /* more */
	__u32 rcv_ssthresh;     /* more */
	__u32 rqueue;           /* if known; bytes not read; of a listener connections waiting */
	__u32 wqueue;           /* if known; bytes not acknowledged; of a listener the backlog */
	__u32 drops;            /* if known */
	__u32 last_data_sent_ms; /* more; so long ago */
	__u32 last_data_received_ms; /* more */
	__u32 last_ack_received_ms;  /* more */
	__u32 rehashes;         /* if known; ways through the network that were given up */
	__u32 total_rto;        /* if known; runs of time-outs */
	__u32 total_rto_recoveries; /* if known; that ended with an answer */
	__u32 total_rto_ms;     /* if known; how long those took */
	__u32 timer_expires_ms; /* if known; the timer goes off in so long */
	__u32 received_ce;      /* if known; segments received that had met congestion */
	__u32 accecn_delivered_bytes[3]; /* if known; that arrived as ECT(1), ECT(0), CE ... */
	__u32 accecn_received_bytes[3];  /* ... and were received so */
	__u8 state;
	__u8 ca_state;          /* more; 0 open, 1 disorder, 2 cwr, 3 recovery, 4 loss */
	__u8 retransmits;       /* time-outs in a row */
	__u8 backoff;           /* more */
	__u8 probes;            /* more */
	__u8 options;           /* more; FT_HEALTH_OPT_* */
	__u8 snd_wscale;        /* more */
	__u8 rcv_wscale;        /* more */
	char congestion[16];    /* more; zero-terminated by whoever reads it */
	__u8 fastopen_fail;     /* more; 0 = none, else why it failed, as in tcp_info */
	__u8 timer;             /* if known; FT_HEALTH_TIMER_* */
	__u8 timer_retransmits; /* if known; repeats or probes so far */
	__u8 tos, tclass;       /* if known; as it sends */
	__u8 accecn_fail_mode;  /* if known; 0 = none, else bits as in tcp_info */
	__u8 accecn_option;     /* if known; whether the option was seen, as in tcp_info */
	__u8 zero[13];
};

/*
 * The log of samples, shared by bpf/health.bpf.h (writer) and src/capture/tc_health.c (reader):
 * as the flow log, but keyed by the cookie and behind no spill map. What doesn't fit is missed
 * until the socket sends again.
 *
 *   index [slot][epoch][bucket]    log [slot][epoch][position]
 */
struct ft_health_state {
	__u32 control;   /* FT_CTL_EPOCH */
	__u32 entries;   /* of a log half */
	__u32 buckets;   /* of an index half, a power of two */
	__u32 tick_us;   /* length of a jiffy */
	__u64 missed;    /* samples that found no room */
	__u32 zero[10];
	struct ft_cpu cpus[FT_MAX_CPUS];
};

/*
 * What bpf/health_close.bpf.c tells of a connection that has ended, by a ring: health.tick is
 * CLOCK_MONOTONIC nanoseconds there.
 */
struct ft_health_close {
	struct ft_health health;
	__u8 local[16], remote[16]; /* IPv4 mapped */
	__be16 local_port_be, remote_port_be;
	__u32 zero;
};

#define FT_CLOSE_RING_BYTES (1U << 21)

FT_STATIC_ASSERT(sizeof(struct ft_health_close) == 424, "no hidden padding");
FT_STATIC_ASSERT(sizeof(struct ft_health) == 384, "a sample is six cache lines");
FT_STATIC_ASSERT(sizeof(struct ft_health_state) == 64 + 64 * FT_MAX_CPUS, "cpus are lines");

#endif
