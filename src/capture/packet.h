/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One packet's octets to what it adds to which flow: the user-space twin of bpf/parse.bpf.h,
 * used for AF_PACKET rings and capture files. A pure function of the octets, what the source
 * knows beside them, and the cache of first fragments; no clock, no globals. Every read is
 * checked against what was captured, every length against what was on the wire.
 */
#ifndef FT_CAPTURE_PACKET_H
#define FT_CAPTURE_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/flow_abi.h"
#include "capture/packet_frag.h"

/* What the octets begin with. Only Ethernet's own header counts into L2 bytes. */
enum ft_packet_link {
	FT_PACKET_ETHERNET,
	FT_PACKET_RAW,  /* the IP header */
	FT_PACKET_SLL,  /* Linux "cooked" capture, version 1 */
	FT_PACKET_SLL2, /* and 2 */
	FT_PACKET_NULL, /* four octets of address family in either byte order */
};

struct ft_packet_meta {
	enum ft_packet_link link;
	uint32_t wire_len;   /* of the frame (super-packet) as the hook saw it */
	uint32_t cap_len;    /* octets that may be read */
	uint32_t ifindex;
	uint16_t scope;
	bool outgoing;
	bool vlan_valid;     /* a tag that isn't among the octets */
	bool vlan_aware;     /* frames without a VLAN take pvid */
	uint16_t vlan_tci;
	uint16_t vlan_tpid;  /* 0 = 802.1Q */
	uint16_t pvid;
	uint16_t gso_size;   /* 0 = no super-packet */
	uint16_t gso_segs;   /* 0 = not known */
	uint16_t protocol;   /* FT_PACKET_RAW: EtherType in host order; 0 = by the IP version */
	uint64_t tick;       /* nanoseconds */
};

struct ft_packet_result {
	bool is_flow;
	enum ft_counter counter; /* if not: the term that counts it */
	uint64_t packets;
	uint64_t bytes;          /* L3; flows only */
	uint64_t l2_bytes;
	struct ft_flow_key key;  /* from here on: flows only */
	uint32_t extra;
	uint8_t dir;             /* FT_DIR_* */
	uint8_t tcp_flags;
	uint8_t flags;           /* FT_ENTRY_FRAGMENT, _INEXACT, _EXTRA_* */
	bool reply;              /* of ICMP: it answers a request */
};

/* Parses and measures one packet. Writes all of *ret_result. */
void ft_packet_parse(const uint8_t *data, const struct ft_packet_meta *meta,
		     struct ft_frags *frags, struct ft_packet_result *ret_result);

#endif
