/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many packets and octets a parsed packet is on the wire; the twin of bpf/measure.bpf.h.
 * A super-packet's headers go to the end of the innermost transport header: through VXLAN,
 * Geneve, GRE, IPIP and 6in4. Called by packet.c once it knows all it will know.
 */
#include <arpa/inet.h>

#include "capture/packet_parse.h"

/* End of the TCP, UDP or SCTP header at off; 0 if it is none of them or out of reach. */
static uint32_t transport_end(const struct parse *p, uint8_t protocol, uint32_t off)
{
	uint32_t header;

	if (protocol == PROTO_UDP)
		return captured(p, off, UDP_LEN) ? off + UDP_LEN : 0;
	if (protocol == PROTO_SCTP)
		return captured(p, off, SCTP_LEN) ? off + SCTP_LEN : 0;
	if (protocol != PROTO_TCP || !captured(p, off, TCP_LEN))
		return 0;
	header = (p->data[off + 12] >> 4) * 4u;
	return header >= TCP_LEN && on_wire(p, off, header) ? off + header : 0;
}

/* End of the headers of an IP packet inside a tunnel; 0 if they are of no known kind. */
static uint32_t inner_ip_end(const struct parse *p, uint16_t type, uint32_t off)
{
	struct parse inner = *p;
	uint32_t header;

	if (type == TYPE_IPV4) {
		if (!captured(p, off, IPV4_LEN))
			return 0;
		header = (p->data[off] & 0xfu) * 4;
		if (p->data[off] >> 4 != 4 || header < IPV4_LEN)
			return 0;
		return transport_end(p, p->data[off + 9], off + header);
	}
	if (type != TYPE_IPV6 || !captured(p, off, IPV6_LEN) || p->data[off] >> 4 != 6)
		return 0;
	inner.protocol = p->data[off + 6];
	inner.off = off + IPV6_LEN;
	inner.l4_known = false;
	if (ft_packet_extensions(&inner) != PARSE_ON || !inner.l4_known || inner.frag_header)
		return 0;
	return transport_end(p, inner.protocol, inner.off);
}

/* The same for an Ethernet frame inside a tunnel. */
static uint32_t inner_ethernet_end(const struct parse *p, uint32_t off)
{
	unsigned int n;
	uint16_t type;

	if (!captured(p, off, ETH_LEN))
		return 0;
	type = get16(p->data + off + 12);
	off += ETH_LEN;
	for (n = 0; n < FT_VLAN_INBAND_MAX && is_tag(type); n++) {
		if (!captured(p, off, VLAN_LEN))
			return 0;
		type = get16(p->data + off + 2);
		off += VLAN_LEN;
	}
	return inner_ip_end(p, type, off);
}

/* VXLAN and Geneve, told by their ports; `off` is behind the UDP header. */
static uint32_t udp_tunnel_end(const struct parse *p, uint16_t port, uint32_t off)
{
	uint16_t type;

	if (!captured(p, off, 8))
		return 0;
	if (port != PORT_GENEVE)
		return inner_ethernet_end(p, off + 8);
	type = get16(p->data + off + 2);
	off += 8 + (p->data[off] & 0x3fu) * 4;
	return type == TYPE_TEB ? inner_ethernet_end(p, off) : inner_ip_end(p, type, off);
}

static uint32_t gre_end(const struct parse *p)
{
	uint32_t off = p->off;
	uint16_t bits, type;

	if (!captured(p, off, 4))
		return 0;
	bits = get16(p->data + off);
	type = get16(p->data + off + 2);
	if (bits & GRE_VERSION)
		return 0;
	off += 4;
	off += bits & GRE_CHECKSUM ? 4 : 0;
	off += bits & GRE_KEY ? 4 : 0;
	off += bits & GRE_SEQUENCE ? 4 : 0;
	return type == TYPE_TEB ? inner_ethernet_end(p, off) : inner_ip_end(p, type, off);
}

/* End of all headers that each segment of this super-packet carries; 0 = unknown tunnel. */
static uint32_t headers_end(const struct parse *p)
{
	uint16_t port = ntohs(p->dport_be);

	if (!p->l4_known || p->frag_later || p->frag_first)
		return 0;
	switch (p->protocol) {
	case PROTO_TCP:
	case PROTO_SCTP:
		return transport_end(p, p->protocol, p->off);
	case PROTO_UDP:
		if (port == PORT_VXLAN || port == PORT_VXLAN_LINUX || port == PORT_GENEVE)
			return udp_tunnel_end(p, port, p->off + UDP_LEN);
		return transport_end(p, PROTO_UDP, p->off);
	case PROTO_GRE:
		return gre_end(p);
	case PROTO_IPIP:
		return inner_ip_end(p, TYPE_IPV4, p->off);
	case PROTO_IPV6:
		return inner_ip_end(p, TYPE_IPV6, p->off);
	default:
		return 0;
	}
}

/*
 * A super-packet: each segment repeats the headers. Where they aren't known, what lies in front
 * of the unknown part is the least that repeats.
 */
static void measure_super(struct parse *p, struct ft_packet_result *result)
{
	const struct ft_packet_meta *meta = p->meta;
	uint64_t frame = meta->wire_len - p->pseudo;
	uint32_t end = result->is_flow ? headers_end(p) : 0;
	uint64_t repeat, segments = meta->gso_segs;

	if (!end) {
		p->flags |= FT_ENTRY_INEXACT;
		end = result->is_flow ? p->off : p->l3_off;
	}
	repeat = end > p->pseudo ? end - p->pseudo : 0;
	if (!segments && frame > repeat && meta->gso_size != GSO_BY_FRAGS)
		segments = (frame - repeat + meta->gso_size - 1) / meta->gso_size;
	if (!segments)
		segments = 1;
	result->packets = segments;
	result->l2_bytes = frame + (segments - 1) * repeat;
	if (result->is_flow)
		result->bytes = result->l2_bytes - segments * (p->l3_off - p->pseudo);
}

/* Packets and octets on the wire; a tag in metadata is part of each segment. */
void ft_packet_measure(struct parse *p, struct ft_packet_result *result)
{
	if (p->meta->gso_size) {
		measure_super(p, result);
	} else {
		result->packets = 1;
		result->l2_bytes = p->meta->wire_len - p->pseudo;
		result->bytes = result->is_flow ? p->l3_len : 0;
	}
	if (p->meta->vlan_valid)
		result->l2_bytes += VLAN_LEN * result->packets;
}
