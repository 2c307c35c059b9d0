/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the event programs tell user space: what TCP sockets do, in all network namespaces.
 *
 *   ft_event_ring   one record an event, without a wake-up but when it is half full
 *   ft_event_state  how many found no room
 *   ft_event_sk     storage of each socket: who began it and when, until it is closed
 *
 * Same rules as bpf/flow_abi.h.
 */
#ifndef FT_EVENT_ABI_H
#define FT_EVENT_ABI_H

#include <linux/types.h>

enum ft_event_kind {
	FT_EVENT_CONNECT,    /* a connection that this end began is established */
	FT_EVENT_ACCEPT,     /* one that the other end began is */
	FT_EVENT_FAILED,     /* it never was */
	FT_EVENT_CLOSE,
	FT_EVENT_RETRANSMIT,
	FT_EVENT_LISTEN,
	FT_EVENT_UDP,        /* first datagram of a conversation */
	FT_EVENT_MAX
};

/* ft_event_news.role: who began the connection. */
#define FT_ROLE_ACTIVE 1
#define FT_ROLE_PASSIVE 2

/* ft_event_news.known */
#define FT_NEWS_DURATION (1U << 0)
#define FT_NEWS_LATENCY (1U << 1)

struct ft_event_news {
	__u64 time_ns;    /* CLOCK_MONOTONIC */
	__u64 cookie;
	__u64 start_ns;   /* of the process, as in owner_abi.h */
	__u64 latency_ns;
	__u64 duration_ns;
	__u64 app_tx_bytes, app_rx_bytes;
	__u8 local[16], remote[16]; /* IPv4 mapped */
	__be16 local_port_be, remote_port_be;
	__u32 tgid;       /* 0 = not known here: by the cookie */
	__u32 how;        /* enum ft_owner_how */
	__u32 segments;
	__u16 error;      /* sk_err */
	__u8 kind;        /* enum ft_event_kind */
	__u8 role;        /* 0 = not known */
	__u8 old_state;   /* of a close: the kernel's numbers */
	__u8 ip_version;
	__u8 known;
	__u8 zero[5];
};

struct ft_event_state {
	__u64 lost; /* records that found no room in the ring */
	__u64 zero[7];
};

/* A socket's storage. */
struct ft_event_sk {
	__u64 begun_ns; /* connect() */
	__u64 open_ns;  /* established; 0 = not yet */
	__u64 start_ns; /* of the process that called connect() */
	__u32 tgid;
	__u32 role;
};

#define FT_EVENT_RING_BYTES (1U << 20)

_Static_assert(sizeof(struct ft_event_news) == 120, "event records are 120 bytes");
_Static_assert(sizeof(struct ft_event_sk) == 32, "storage is 32 bytes");

#endif
