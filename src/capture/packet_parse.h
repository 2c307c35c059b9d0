/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What packet.c (down the headers) and packet_measure.c (octets on the wire) share: the state
 * of one parse, and reads that are checked. Private to them.
 *
 * `off` is where the parser is, `end` where the packet ends on the wire (of the frame first, of
 * the IP packet then: Ethernet padding is no payload), `cap` where the captured octets end. A
 * header may thus be there, cut off on the wire (malformed), or merely not captured.
 */
#ifndef FT_CAPTURE_PACKET_PARSE_H
#define FT_CAPTURE_PACKET_PARSE_H

#include <string.h>

#include "capture/packet.h"

#define PARSE_ON (-1)

#define PROTO_HOPOPTS 0
#define PROTO_ICMP 1
#define PROTO_IPIP 4
#define PROTO_TCP 6
#define PROTO_UDP 17
#define PROTO_IPV6 41
#define PROTO_ROUTING 43
#define PROTO_FRAGMENT 44
#define PROTO_GRE 47
#define PROTO_ESP 50
#define PROTO_AH 51
#define PROTO_ICMPV6 58
#define PROTO_DSTOPTS 60
#define PROTO_SCTP 132

#define TYPE_IPV4 0x0800
#define TYPE_IPV6 0x86dd
#define TYPE_VLAN 0x8100
#define TYPE_QINQ 0x88a8
#define TYPE_TEB 0x6558 /* Ethernet in GRE or Geneve */

#define PORT_VXLAN 4789
#define PORT_VXLAN_LINUX 8472
#define PORT_GENEVE 6081

#define GRE_CHECKSUM 0x8000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_VERSION 0x0007

#define ETH_LEN 14
#define VLAN_LEN 4
#define IPV4_LEN 20
#define IPV6_LEN 40
#define TCP_LEN 20
#define UDP_LEN 8
#define SCTP_LEN 12
#define ICMP_LEN 8 /* of ICMPv6 too */
#define GSO_BY_FRAGS 0xffff /* gso_size of SCTP: segments lie in a list */
#define JUMBO_MIN 65536 /* a length field of 0 is believed from here on */

struct parse {
	const uint8_t *data;
	const struct ft_packet_meta *meta;
	uint32_t cap;
	uint32_t end;
	uint32_t off;
	uint32_t pseudo;   /* octets in front that weren't on the wire */
	uint32_t l3_off;
	uint32_t l3_len;
	uint16_t type;     /* EtherType */
	uint16_t vlan[2];  /* ids that aren't 0, outermost first */
	uint8_t ip_version;
	uint8_t protocol;
	uint8_t src[16], dst[16];
	uint16_t sport_be, dport_be;
	bool l4_known;     /* off is at the transport header */
	bool frag_first, frag_later, frag_last;
	bool frag_header;  /* of IPv6, whatever it says */
	uint8_t frag_protocol;
	uint32_t frag_id;
	uint8_t tcp_flags;
	uint8_t flags;
	bool reply;        /* of ICMP: it answers a request */
	uint32_t extra;
};

/* Big-endian reads; the caller has checked. */
static inline uint16_t get16(const uint8_t *octets)
{
	return (uint16_t)(octets[0] << 8 | octets[1]);
}

static inline uint32_t get32(const uint8_t *octets)
{
	return (uint32_t)get16(octets) << 16 | get16(octets + 2);
}

/* The same, left in network order. */
static inline uint16_t get16_be(const uint8_t *octets)
{
	uint16_t value;

	memcpy(&value, octets, sizeof(value));
	return value;
}

/* True if len octets from off were on the wire. */
static inline bool on_wire(const struct parse *p, uint32_t off, uint32_t len)
{
	return off <= p->end && len <= p->end - off;
}

/* True if they were captured too, so that they can be read. */
static inline bool captured(const struct parse *p, uint32_t off, uint32_t len)
{
	return on_wire(p, off, len) && off <= p->cap && len <= p->cap - off;
}

/* True for the EtherTypes of VLAN tags. */
static inline bool is_tag(uint16_t type)
{
	return type == TYPE_VLAN || type == TYPE_QINQ;
}

/*
 * Walks IPv6 extension headers from p->off to the transport header, or to where a later
 * fragment's data is. PARSE_ON, or FT_C_BAD_IPV6_EXT; l4_known tells whether the end was in
 * reach.
 */
int ft_packet_extensions(struct parse *p);

/* Fills packets, bytes and l2_bytes; may flag the packet inexact. */
void ft_packet_measure(struct parse *p, struct ft_packet_result *result);

#endif
