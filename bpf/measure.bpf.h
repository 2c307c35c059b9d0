/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How many packets and octets a parsed skb is on the wire.
 *
 * A super-packet (gso_size set: TSO, GSO, GRO, USO) becomes many packets, and each repeats the
 * headers: L2 = len + (segments - 1) * headers. `headers` goes from the link layer to the end
 * of the innermost transport header, that is through VXLAN, Geneve, GRE, IPIP and 6in4: the
 * outer headers alone undercount VXLAN by 4.8 %. skb->wire_len says the same at egress, on
 * kernels that know of tunnels; it is what is left for a super-packet whose headers are not
 * known here, and such an entry is flagged inexact.
 *
 * A VLAN tag in metadata is in neither length: it adds 4 octets to each segment.
 */
#ifndef FT_MEASURE_BPF_H
#define FT_MEASURE_BPF_H

#include "bpf/parse.bpf.h"

#define FT_GSO_BY_FRAGS 0xffff /* gso_size of SCTP: segments lie in the fragment list */

/* Link-layer header inside a tunnel; updates *off to the IP header. Nonzero: not known. */
static __always_inline int ft_inner_link(struct __sk_buff *skb, __u32 *off, __u16 *ethertype)
{
	if (ft_fetch16(skb, *off + 2 * ETH_ALEN, ethertype))
		return -1;
	*off += ETH_HLEN;
#pragma unroll
	for (int i = 0; i < FT_VLAN_INBAND_MAX; i++) {
		if (!ft_is_vlan(*ethertype))
			break;
		if (ft_fetch16(skb, *off + 2, ethertype))
			return -1;
		*off += FT_VLAN_LEN;
	}
	return 0;
}

/* IP header inside a tunnel; updates *off to the transport header. Nonzero: not known. */
static __always_inline int ft_inner_ip(struct __sk_buff *skb, __u32 *off, __u16 ethertype,
				       __u8 *protocol)
{
	__u32 word[3], first;
	__u64 walk;

	if (ft_fetch(skb, *off, word, sizeof(word)))
		return -1;
	first = bpf_ntohl(word[0]) >> 24;
	if (ethertype == ETH_P_IP) {
		if (first >> 4 != 4 || (first & 0xf) * 4 < FT_IPV4_LEN)
			return -1;
		*protocol = bpf_ntohl(word[2]) >> 16 & 0xff;
		*off += (first & 0xf) * 4;
		return 0;
	}
	if (ethertype != ETH_P_IPV6 || first >> 4 != 6)
		return -1;
	*protocol = bpf_ntohl(word[1]) >> 8 & 0xff;
	*off += FT_IPV6_LEN;
	if (!ft_ipv6_ext_len(*protocol, 0))
		return 0;
	walk = ft_walk_ipv6(skb, *off, skb->len, *protocol);
	*off = FT_WALK_OFF(walk);
	*protocol = FT_WALK_PROTOCOL(walk);
	return walk && !FT_WALK_FRAG(walk) ? 0 : -1;
}

/* End of the innermost transport header of what begins at off; 0 if it is not known. */
static __always_inline __u32 ft_inner_headers(struct __sk_buff *skb, __u32 off, __u16 ethertype)
{
	__u8 protocol;
	__u16 word;
	__u32 header;

	FT_FORGET16(off);
	FT_FORGET16(ethertype);
	if (ethertype == ETH_P_TEB && ft_inner_link(skb, &off, &ethertype))
		return 0;
	if (ft_inner_ip(skb, &off, ethertype, &protocol))
		return 0;
	switch (protocol) {
	case IPPROTO_TCP:
		if (ft_fetch16(skb, off + 12, &word))
			return 0;
		header = (word >> 12) * 4;
		if (header < FT_TCP_LEN)
			return 0;
		break;
	case IPPROTO_UDP:
		header = FT_UDP_LEN;
		break;
	case IPPROTO_SCTP:
		header = FT_SCTP_LEN;
		break;
	default:
		return 0;
	}
	return off + header > skb->len ? 0 : off + header;
}

/* What a GRE header announces: where it ends (in *off) and which EtherType follows. */
static __always_inline int ft_inner_gre(struct __sk_buff *skb, __u32 *off, __u16 *ethertype)
{
	__u16 flags;

	if (ft_fetch16(skb, *off, &flags) || ft_fetch16(skb, *off + 2, ethertype))
		return -1;
	if (flags & FT_GRE_VERSION)
		return -1;
	*off += 4;
	if (flags & FT_GRE_CHECKSUM)
		*off += 4;
	if (flags & FT_GRE_KEY)
		*off += 4;
	if (flags & FT_GRE_SEQUENCE)
		*off += 4;
	return 0;
}

/* What a UDP tunnel announces; nonzero if the port names none that is known. */
static __always_inline int ft_inner_udp(struct __sk_buff *skb, __u32 dport, __u32 *off,
					__u16 *ethertype)
{
	__u16 first;

	*off += FT_UDP_LEN;
	if (dport == FT_PORT_GENEVE) {
		if (ft_fetch16(skb, *off, &first) || ft_fetch16(skb, *off + 2, ethertype))
			return -1;
		*off += 8 + (first >> 8 & 0x3f) * 4;
		return 0;
	}
	*ethertype = ETH_P_TEB;
	*off += 8;
	return dport == FT_PORT_VXLAN || dport == FT_PORT_VXLAN_LINUX ? 0 : -1;
}

/*
 * End of the headers that each segment of a tunnel's super-packet repeats; 0 if the tunnel is
 * not known. off: of the tunnel's header, protocol and dport: of the outer packet. A global
 * function, as ft_walk_ipv6 is.
 */
__noinline __u32 ft_tunnel_headers(struct __sk_buff *skb, __u32 off, __u32 protocol, __u32 dport)
{
	__u16 ethertype;

	switch (protocol) {
	case IPPROTO_UDP:
		if (ft_inner_udp(skb, dport, &off, &ethertype))
			return 0;
		break;
	case IPPROTO_GRE:
		if (ft_inner_gre(skb, &off, &ethertype))
			return 0;
		break;
	case IPPROTO_IPIP:
		ethertype = ETH_P_IP;
		break;
	case IPPROTO_IPV6:
		ethertype = ETH_P_IPV6;
		break;
	default:
		return 0;
	}
	return ft_inner_headers(skb, off, ethertype);
}

static __always_inline bool ft_is_tunnel_port(__u16 dport)
{
	return dport == FT_PORT_VXLAN || dport == FT_PORT_VXLAN_LINUX || dport == FT_PORT_GENEVE;
}

/* Octets that each segment repeats, from the start of the frame; 0 if they are not known. */
static __always_inline __u32 ft_headers(struct __sk_buff *skb, const struct ft_packet *pkt)
{
	__u16 dport = bpf_ntohs(pkt->found.dport);
	__u8 protocol = pkt->protocol;

	if (protocol == IPPROTO_TCP || protocol == IPPROTO_SCTP ||
	    (protocol == IPPROTO_UDP && !ft_is_tunnel_port(dport)))
		return pkt->l4_off + pkt->found.l4_len;
	return ft_tunnel_headers(skb, pkt->l4_off, protocol, dport);
}

/*
 * A super-packet. headers 0: what repeats is not known, `least` is the part of it that is.
 * At egress the kernel's own sum stands in, else the entry says at least the truth.
 */
static __always_inline void ft_measure_super(struct __sk_buff *skb, struct ft_packet *pkt,
					     __u32 headers, __u32 least, const bool egress)
{
	__u32 segments = FT_SKB_FIELD(skb, gso_segs), size = pkt->gso_size;
	__u32 repeat = headers ? headers : least;
	__u64 frame;

	if (!segments && size != FT_GSO_BY_FRAGS && pkt->len > repeat)
		segments = (pkt->len - repeat + size - 1) / size;
	if (!segments)
		segments = 1;
	if (!headers)
		pkt->found.flags |= FT_ENTRY_INEXACT;
	if (!headers && egress)
		frame = FT_SKB_FIELD(skb, wire_len);
	else
		frame = pkt->len + (__u64)(segments - 1) * repeat;
	pkt->segments = segments;
	pkt->l3_bytes = frame - (__u64)segments * pkt->l3_off;
	pkt->l2_bytes = frame + (__u64)segments * (pkt->tagged ? FT_VLAN_LEN : 0);
}

/* Fills segments, l3_bytes and l2_bytes. `parsed`: the parser found a flow. */
static __always_inline void ft_measure(struct __sk_buff *skb, struct ft_packet *pkt, bool parsed,
				       const bool egress)
{
	if (!pkt->gso_size) {
		pkt->segments = 1;
		pkt->l3_bytes = pkt->found.l3_len;
		pkt->l2_bytes = pkt->len + (pkt->tagged ? FT_VLAN_LEN : 0);
	} else if (parsed && !pkt->found.frag_off && !pkt->found.frag_more) {
		ft_measure_super(skb, pkt, ft_headers(skb, pkt), pkt->l4_off, egress);
	} else {
		/* A fragment is no super-packet: whoever says so isn't believed. */
		ft_measure_super(skb, pkt, 0, parsed ? pkt->l4_off : pkt->l3_off, egress);
	}
}

#endif
