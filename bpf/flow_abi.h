/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The contract between the programs in the kernel and everything above them.
 *
 * A packet becomes one addition to one flow entry. The key says which conversation, in
 * canonical order (a < b); the entry holds both directions, index 0 for a->b and 1 for b->a.
 * The user-space twin (src/capture/packet.c) fills the very same structs, so that all
 * backends agree by construction on what a flow is.
 *
 * Rules: fixed-width types, explicit padding that is always zero, byte order in the name.
 * Included by BPF programs and by user space; includes nothing but <linux/types.h>.
 */
#ifndef FT_FLOW_ABI_H
#define FT_FLOW_ABI_H

#include <linux/types.h>

/* Direction inside an entry: who sent, in the key's canonical order. */
#define FT_DIR_AB 0
#define FT_DIR_BA 1

#define FT_MAX_SCOPES 256  /* scopes watched at once */
#define FT_MAX_IFACES 1024 /* slots of the interface table, a power of two */
#define FT_IPV6_EXT_MAX 8  /* extension headers walked before giving up */
#define FT_VLAN_INBAND_MAX 2
#define FT_FRAG_TTL_SEC 30

/*
 * Which conversation. IPv4 addresses are mapped (::ffff:a.b.c.d). Canonical order:
 * memcmp(addr_a . port_a, addr_b . port_b) <= 0, with these exceptions:
 *  - ICMP and ICMPv6: port_a_be is the id, port_b_be is (type << 8 | code) of the *request*;
 *    the order is that of the addresses alone and the port slots are never swapped. A reply
 *    (0, 14, 16, 18 of ICMP; 129 of ICMPv6) takes its request's type (8, 13, 15, 17; 128).
 *    Types that carry no id have id 0.
 *  - protocols without ports: both 0.
 * VLAN ids are 0 when there is no tag (a priority tag, id 0, is no VLAN).
 */
struct ft_flow_key {
	__u8 addr_a[16];
	__u8 addr_b[16];
	__be16 port_a_be;
	__be16 port_b_be;
	__u16 vlan_outer;
	__u16 vlan_inner;
	__u8 protocol;   /* the last header found: 6, 17, 1, 58, 132, ... */
	__u8 ip_version; /* 4 or 6 */
	__u16 scope;
	__u32 zero;
};

/* What one direction of a flow carried. */
struct ft_counts {
	__u64 packets;  /* on the wire: every segment of a super-packet is one */
	__u64 bytes;    /* L3: IP header and up, without Ethernet padding */
	__u64 l2_bytes; /* frame with padding, without FCS, 4 more a VLAN tag and segment */
};

/* ft_entry.flags */
#define FT_ENTRY_FRAGMENT (1U << 0) /* holds fragments whose ports are unknown (ports 0) */
#define FT_ENTRY_INEXACT (1U << 1)  /* a super-packet of a tunnel that the parser doesn't know */
#define FT_ENTRY_SYN_AB (1U << 2)   /* a began: the entry's first packet a->b was a pure SYN,
				     * or the first one b->a an ICMP reply */
#define FT_ENTRY_SYN_BA (1U << 3)   /* the same of b */
#define FT_ENTRY_FIRST_BA (1U << 4) /* the earliest packet went b->a */
#define FT_ENTRY_NEW (1U << 5)      /* begins with a pure SYN after FIN or RST: a new flow */
#define FT_ENTRY_EXTRA_SPI (1U << 6) /* extra is an ESP or AH SPI */
#define FT_ENTRY_EXTRA_GRE (1U << 7) /* extra is a GRE key */

/* ft_entry.flags[1]: the direction's cookie is that of the socket which would get a packet of the
 * other direction, found by a look-up; else it is of the socket that a packet came from. */
#define FT_ENTRY_LOOKED_UP(d) (1U << (d))

/*
 * One flow, one CPU, one epoch. Times are in the producer's ticks (jiffies64 in the kernel,
 * nanoseconds in user space); ft_batch.clock turns them into nanoseconds.
 */
struct ft_entry {
	struct ft_flow_key key;
	struct ft_counts dir[2];
	__u64 first_tick;
	__u64 last_tick;
	__u64 cookie[2];   /* socket cookie of the sender of this direction, 0 = not known */
	__u32 ifindex[2];  /* interface that last carried this direction (the port of a bridge) */
	__u32 hash;        /* of the key, private to the producer */
	__u32 extra;       /* SPI or GRE key, host order, see flags */
	__u8 tcp_flags[2]; /* OR of the TCP flags octets */
	__u8 flags[2];     /* [0]: FT_ENTRY_*; [1]: FT_ENTRY_LOOKED_UP */
	/* Of a handshake, low words of a clock in FT_SHAKE_NS, 0 = not seen: [direction] the first
	 * SYN, with ACK or without; where the entry has none (its SYN may be in another epoch's)
	 * the first ACK; [2] the first ACK behind a SYN of the same side. Only differences mean
	 * something. */
	__u32 shake[3];
};
#define FT_SHAKE_ACK 2
#define FT_SHAKE_NS 1024

/* Terms of the line that adds up: seen = flows + other + not IP + malformed + lost. */
enum ft_counter {
	FT_C_SEEN,
	/* not IP, by EtherType */
	FT_C_NOT_IP_ARP,
	FT_C_NOT_IP_STP,  /* 802.2 LLC: spanning tree and kin (EtherType field < 0x600) */
	FT_C_NOT_IP_LLDP,
	FT_C_NOT_IP_PPPOE,
	FT_C_NOT_IP_MPLS,
	FT_C_NOT_IP_EAPOL,
	FT_C_NOT_IP_VLAN, /* more tags in band than are looked at */
	FT_C_NOT_IP_OTHER,
	/* malformed */
	FT_C_BAD_ETHERNET,  /* shorter than its link-layer header */
	FT_C_BAD_IP_HEADER, /* version, ihl, or cut off before the end of the header */
	FT_C_BAD_IP_LENGTH, /* total length smaller than the header or larger than the frame */
	FT_C_BAD_IPV6_EXT,  /* extension chain cut off or longer than FT_IPV6_EXT_MAX */
	FT_C_BAD_L4,        /* TCP, UDP, SCTP, ICMP header cut off, or doff < 5 */
	/* lost: seen, parsed, and not accounted to a flow, by what the spill map said */
	FT_C_LOST_FULL,  /* E2BIG: log and spill are full */
	FT_C_LOST_BUSY,  /* EBUSY: bucket lock held */
	FT_C_LOST_NOMEM, /* ENOMEM */
	FT_C_LOST_OTHER, /* anything else (AF_PACKET: cut off by the snap length) */
	FT_C_RING,       /* AF_PACKET only: dropped by the ring; skbs, bytes estimated */
	FT_C_MAX
};

struct ft_tally {
	__u64 packets;
	__u64 l2_bytes;
};

/* Per CPU, per epoch, per scope. */
struct ft_scope_counters {
	struct ft_tally c[FT_C_MAX];
};

/* Per CPU, per epoch, per interface slot: what the hooks saw, raw, whether it counts or not. */
struct ft_iface_counters {
	struct ft_tally rx;
	struct ft_tally tx;
};

/* ft_iface.flags */
#define FT_IFACE_COUNT_RX (1U << 0) /* ingress enters the scope's accounts */
#define FT_IFACE_COUNT_TX (1U << 1) /* egress enters the scope's accounts */
#define FT_IFACE_VLAN_AWARE (1U << 2) /* untagged frames take pvid */
#define FT_IFACE_L3 (1U << 3)       /* no link-layer header (tun, wg, ppp, ...) */

/*
 * A watched interface. In the kernel: a slot of an open-addressing table of FT_MAX_IFACES,
 * starting at ft_iface_hash(ifindex), probed linearly FT_IFACE_PROBES times; ifindex 0 is free.
 */
#define FT_IFACE_PROBES 8
struct ft_iface {
	__u32 ifindex;
	__u16 scope;
	__u16 pvid;
	__u8 flags;
	__u8 zero[7];
};

/*
 * The store, shared by bpf/account.bpf.h (writer) and src/capture/tc_store.c (reader).
 *
 *   cpus  [cpu id]                  which slot a CPU writes to, how full its logs are
 *   index [slot][epoch][bucket]     16 words, one cache line: where in the log a key is
 *   log   [slot][epoch][position]   struct ft_entry, dense: 0 .. fill-1
 *   scope counters, iface counters  [slot][epoch][scope or slot of the interface table]
 *
 * A slot has one writer, its CPU, so its words are added to without atomics. CPUs that came
 * after the store was sized have no slot: they use the spill maps and the last slot of the
 * counters, both with atomics.
 */
#define FT_BUCKET_SLOTS 16
#define FT_LOG_ENTRIES_MAX 65536 /* a position + 1 fits FT_INDEX_POS_BITS */
#define FT_INDEX_POS_BITS 17
#define FT_INDEX_POS_MASK ((1U << FT_INDEX_POS_BITS) - 1)
/* Flips a bit of the tag: the key of an entry that was superseded finds it no more. */
#define FT_INDEX_DISOWN (1U << FT_INDEX_POS_BITS)
#define FT_MAX_CPUS 1024 /* ids beyond have no slot */

/* Index words are tag << FT_INDEX_POS_BITS | position + 1; 0 is free. */
struct ft_bucket {
	__u32 word[FT_BUCKET_SLOTS];
};

struct ft_cpu {
	__u32 slot;    /* 0 = none, else slot + 1 */
	__u32 fill[2]; /* entries in the log, per epoch */
	__u32 zero[13]; /* a cache line for itself */
};

/* First slot of the interface table that ifindex may have. */
#define FT_IFACE_HASH(ifindex) (((ifindex)*0x9e3779b1U) >> 22)

/* Bits of the control word, which a program reads once a packet. */
#define FT_CTL_EPOCH (1U << 0)
#define FT_CTL_ENABLED (1U << 1)

#define FT_STATIC_ASSERT(cond, what) _Static_assert(cond, what)
FT_STATIC_ASSERT(sizeof(struct ft_flow_key) == 48, "key is 48 bytes");
FT_STATIC_ASSERT(sizeof(struct ft_counts) == 24, "counts are 24 bytes");
FT_STATIC_ASSERT(sizeof(struct ft_entry) == 160, "entry is 160 bytes");
FT_STATIC_ASSERT(sizeof(struct ft_iface) == 16, "iface is 16 bytes");
FT_STATIC_ASSERT(sizeof(struct ft_bucket) == 64, "bucket is a cache line");
FT_STATIC_ASSERT(sizeof(struct ft_cpu) == 64, "cpu is a cache line");
FT_STATIC_ASSERT(FT_MAX_IFACES == 1024, "FT_IFACE_HASH yields 10 bits");

#endif
