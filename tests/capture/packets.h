/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * THE table of packets: bytes, what the hook knows beside them, and what must come of it.
 * It drives every parser that flowtop has (src/capture/packet.c, bpf/parse.bpf.h, and the
 * reading of capture files), so that equal bytes give equal keys and equal counts everywhere.
 *
 * The cases are run in order against one fragment cache: a first fragment comes before its
 * later ones. Nothing here knows a parser; a case is plain data.
 */
#ifndef FT_TESTS_CAPTURE_PACKETS_H
#define FT_TESTS_CAPTURE_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/flow_abi.h"

enum ft_case_link {
	FT_CASE_ETHERNET,
	FT_CASE_L3,   /* no link-layer header: tun, wg, ppp; DLT_RAW in a file */
	FT_CASE_SLL,  /* the rest: capture files only */
	FT_CASE_SLL2,
	FT_CASE_NULL, /* 4 octets of address family, either byte order */
};

#define FT_CASE_FLOW (-1) /* verdict: a flow; else an enum ft_counter */

struct ft_packet_case {
	const char *name;

	/* The packet: `head`, then zeros up to `len`. */
	const uint8_t *head;
	uint32_t head_len;
	uint32_t len;     /* skb->len (of the super-packet, if it is one); 0 = head_len */
	uint32_t cap_len; /* captured octets, for user space's parsers only; 0 = all */
	enum ft_case_link link;

	/* What the hook knows beside the octets. */
	bool egress;
	bool vlan_valid;     /* a tag in metadata */
	uint16_t vlan_tci;
	uint16_t vlan_proto; /* 0x8100 or 0x88a8, host order */
	uint16_t gso_size;
	uint16_t gso_segs;   /* 0 with gso_size: by the ceil formula (AF_PACKET: always) */
	bool vlan_aware;     /* FT_IFACE_VLAN_AWARE with ... */
	uint16_t pvid;

	/* What must come of it. Ports in host order; for ICMP a_port is the id, b_port type/code. */
	int verdict;
	const char *a, *b; /* ends in canonical order */
	uint16_t a_port, b_port;
	uint16_t vlan_outer, vlan_inner;
	uint8_t protocol, ip_version;
	uint8_t dir;       /* FT_DIR_AB or FT_DIR_BA */
	uint8_t tcp_flags;
	uint8_t flags;     /* of FT_ENTRY_FRAGMENT, _INEXACT, _EXTRA_* */
	bool reply;        /* of ICMP: it answers a request */
	uint32_t extra;
	uint64_t packets, bytes, l2_bytes; /* bytes: flows only */
};

/* All cases; static. */
const struct ft_packet_case *ft_packet_cases(size_t *ret_count);

/* True for cases that a program in the kernel can be given (no file link types, no snaplen). */
bool ft_packet_case_in_kernel(const struct ft_packet_case *c);

/* The frame, `len` octets, into buf; returns its length (0 if it doesn't fit). */
size_t ft_packet_case_bytes(const struct ft_packet_case *c, uint8_t *buf, size_t size);

/* The key that is expected of a flow case. */
void ft_packet_case_key(const struct ft_packet_case *c, uint16_t scope,
			struct ft_flow_key *ret_key);

/* qdisc_skb_cb(skb)->pkt_len, i.e. __sk_buff.wire_len, as the kernel has it at egress. */
uint32_t ft_packet_case_wire_len(const struct ft_packet_case *c);

#endif
