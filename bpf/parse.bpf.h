/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * From octets to a key: one inline parser per header, working on copies.
 *
 * ft_fetch() copies a header to the stack, straight from the linear part where it lies there
 * and through bpf_skb_load_bytes where it doesn't (at egress only headers are linear, and after
 * a raw sender not always these). So each parser is written once, and each length is checked
 * twice: by ft_fetch against the frame, by the caller against the IP length, since Ethernet
 * padding is no payload.
 *
 * Offsets that come from a packet are masked with FT_OFF_MASK right before use, which bounds
 * them for the verifier. Where ways meet, FT_FORGET makes them look alike to it, and what
 * branches most (extension headers here, tunnels in measure.bpf.h) is a global function, which
 * it verifies by itself: without both, it walks a million instructions and gives up.
 *
 * The twin in user space is src/capture/packet.c; tests/capture/packets.c holds both to one
 * table of packets. The only map touched here is the cache of fragments.
 */
#ifndef FT_PARSE_BPF_H
#define FT_PARSE_BPF_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/compat.bpf.h"
#include "bpf/flow_abi.h"

#define FT_OFF_MASK 0x7fffU /* > 22 + 40 + 8 * 2048, the longest chain of headers */

#define FT_VLAN_LEN 4
#define FT_IPV4_LEN 20
#define FT_IPV6_LEN 40
#define FT_TCP_LEN 20
#define FT_UDP_LEN 8
#define FT_SCTP_LEN 12
#define FT_ICMP_LEN 8

#define FT_PROTO_MOBILITY 135
#define FT_PORT_VXLAN 4789
#define FT_PORT_VXLAN_LINUX 8472 /* the kernel's default before the RFC */
#define FT_PORT_GENEVE 6081

#define FT_TCP_FIN 0x01
#define FT_TCP_SYN 0x02
#define FT_TCP_RST 0x04
#define FT_TCP_ACK 0x10

#define FT_GRE_CHECKSUM 0x8000
#define FT_GRE_KEY 0x2000
#define FT_GRE_SEQUENCE 0x1000
#define FT_GRE_VERSION 0x0007

/*
 * What the parsers find out. Offsets count from skb->data; addresses are two words in memory
 * order, both ends in packet order. The caller sets scope, len, gso_size and tagged, zeroes
 * `found` (ft_packet_begin), and leaves the rest to the parsers.
 */
struct ft_packet {
	struct {
		__u16 vlan_outer;
		__u16 vlan_inner;
		__be16 sport;
		__be16 dport;
		__u32 extra;
		__u32 l3_len;   /* of the IP packet, by its header */
		__u32 l4_len;   /* of the transport header, if the kernel segments it */
		__u16 frag_off; /* in units of 8 octets */
		__u8 frag_more;
		__u8 flags;     /* FT_ENTRY_* */
		__u8 tcp_flags;
		__u8 reply;     /* of ICMP: it answers a request */
		__u8 zero[6];
	} found;
	__u64 src[2];
	__u64 dst[2];
	__u64 l3_bytes;
	__u64 l2_bytes;
	__u32 segments;  /* packets on the wire */
	__u32 len;       /* skb->len */
	__u32 gso_size;  /* 0: no super-packet */
	__u32 l3_off;    /* of the IP header; what lies before it repeats in each segment */
	__u32 l4_off;    /* of the header of protocol */
	__u32 frag_id;   /* if frag_off or frag_more */
	__u16 scope;
	__u8 protocol;   /* of the last header found */
	__u8 ip_version;
	__u8 frag_proto;
	__u8 dir;
	__u8 tagged;     /* a VLAN tag in metadata */
};

/*
 * Zeroes what parsers only sometimes set. The packet stays in memory: in registers it would be
 * some thirty values that each early return has to set anew, 150 instructions a packet.
 */
static __always_inline void ft_packet_begin(struct ft_packet *pkt)
{
	__builtin_memset(&pkt->found, 0, sizeof(pkt->found));
	asm volatile("" : : "r"(pkt) : "memory");
}

/* First fragments leave their ports here for the later ones. A cache: eviction costs only
 * the ports of a fragment, never its count. */
struct ft_frag_key {
	__u64 src[2];
	__u64 dst[2];
	__u32 id;
	__u16 scope;
	__u16 vlan_outer;
	__u16 vlan_inner;
	__u8 protocol;
	__u8 ip_version;
	__u32 zero;
};

struct ft_frag {
	__u64 seen_ns;
	__be16 sport;
	__be16 dport;
	__u32 extra;
	__u8 protocol;
	__u8 flags;
	__u8 zero[6];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ft_frag_key);
	__type(value, struct ft_frag);
} ft_frags SEC(".maps");

/*
 * Copies len octets (a multiple of 4) at off; nonzero if the frame ends before. `to` never
 * goes to a helper, so that clang keeps it in registers where the packet is linear.
 */
static __always_inline int ft_fetch(struct __sk_buff *skb, __u32 off, __u32 *to, const __u32 len)
{
	void *data_end = (void *)FT_SKB_FIELD(skb, data_end);
	__u32 copy[FT_IPV6_LEN / 4];
	const __u32 *from;
	int err;

	/* Opaque, or clang proves the mask useless and drops it. */
	asm volatile("%0 &= %1" : "+r"(off) : "i"(FT_OFF_MASK));
	from = (void *)FT_SKB_FIELD(skb, data) + off;
	if ((void *)from + len > data_end) {
		err = bpf_skb_load_bytes(skb, off, copy, len);
		if (err)
			return err;
#pragma unroll
		for (__u32 i = 0; i < len / 4; i++)
			to[i] = copy[i];
		return 0;
	}
#pragma unroll
	for (__u32 i = 0; i < len / 4; i++)
		to[i] = from[i];
	return 0;
}

/* Reads one 16-bit word at off; nonzero if the frame ends before. */
static __always_inline int ft_fetch16(struct __sk_buff *skb, __u32 off, __u16 *to)
{
	void *data_end = (void *)FT_SKB_FIELD(skb, data_end);
	const __be16 *from;
	__be16 copy;
	int err;

	asm volatile("%0 &= %1" : "+r"(off) : "i"(FT_OFF_MASK));
	from = (void *)FT_SKB_FIELD(skb, data) + off;
	if ((void *)(from + 1) > data_end) {
		err = bpf_skb_load_bytes(skb, off, &copy, sizeof(copy));
		if (err)
			return err;
		*to = bpf_ntohs(copy);
		return 0;
	}
	*to = bpf_ntohs(*from);
	return 0;
}

static __always_inline bool ft_is_vlan(__u16 ethertype)
{
	return ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD;
}

/* The first VLAN id that is one becomes the outer, the next the inner. */
static __always_inline void ft_note_vlan(struct ft_packet *pkt, __u16 tci)
{
	__u16 id = tci & 0xfff;

	if (!id)
		return;
	if (!pkt->found.vlan_outer)
		pkt->found.vlan_outer = id;
	else if (!pkt->found.vlan_inner)
		pkt->found.vlan_inner = id;
}

/* Which term a frame that is not IP counts in. */
static __always_inline enum ft_counter ft_not_ip(__u16 ethertype)
{
	if (ethertype < ETH_P_802_3_MIN)
		return FT_C_NOT_IP_STP;
	switch (ethertype) {
	case ETH_P_ARP:
		return FT_C_NOT_IP_ARP;
	case ETH_P_LLDP:
		return FT_C_NOT_IP_LLDP;
	case ETH_P_PPP_DISC:
	case ETH_P_PPP_SES:
		return FT_C_NOT_IP_PPPOE;
	case ETH_P_MPLS_UC:
	case ETH_P_MPLS_MC:
		return FT_C_NOT_IP_MPLS;
	case ETH_P_PAE:
		return FT_C_NOT_IP_EAPOL;
	case ETH_P_8021Q:
	case ETH_P_8021AD:
		return FT_C_NOT_IP_VLAN;
	default:
		return FT_C_NOT_IP_OTHER;
	}
}

/*
 * The link layer: finds where IP begins, the EtherType there, and the VLAN ids. The tag in
 * metadata is the outer one; skb->data never holds it.
 */
static __always_inline enum ft_counter ft_parse_link(struct __sk_buff *skb, struct ft_packet *pkt,
						     const bool l3, __u16 *ret_ethertype)
{
	__u16 ethertype, tci;

	if (pkt->tagged)
		ft_note_vlan(pkt, FT_SKB_FIELD(skb, vlan_tci));
	if (l3) {
		*ret_ethertype = bpf_ntohs((__be16)FT_SKB_FIELD(skb, protocol));
		pkt->l3_off = 0;
		return FT_C_SEEN;
	}
	if (ft_fetch16(skb, 2 * ETH_ALEN, &ethertype))
		return FT_C_BAD_ETHERNET;
	pkt->l3_off = ETH_HLEN;
#pragma unroll
	for (int i = 0; i < FT_VLAN_INBAND_MAX; i++) {
		if (!ft_is_vlan(ethertype))
			break;
		if (ft_fetch16(skb, pkt->l3_off, &tci) ||
		    ft_fetch16(skb, pkt->l3_off + 2, &ethertype))
			return FT_C_BAD_ETHERNET;
		ft_note_vlan(pkt, tci);
		pkt->l3_off += FT_VLAN_LEN;
	}
	*ret_ethertype = ethertype;
	return FT_C_SEEN;
}

/* An IPv4 address as the mapped IPv6 one, ::ffff:a.b.c.d. */
static __always_inline void ft_map_ipv4(__u64 to[2], __be32 address)
{
	union {
		__be32 half[2];
		__u64 word;
	} low;

	low.half[0] = bpf_htonl(0xffff);
	low.half[1] = address;
	to[0] = 0;
	to[1] = low.word;
}

static __always_inline enum ft_counter ft_parse_ipv4(struct __sk_buff *skb, struct ft_packet *pkt)
{
	__u32 word[FT_IPV4_LEN / 4];
	__u32 first, frag, header, total;

	if (ft_fetch(skb, pkt->l3_off, word, sizeof(word)))
		return FT_C_BAD_IP_HEADER;
	first = bpf_ntohl(word[0]);
	frag = bpf_ntohl(word[1]);
	header = (first >> 24 & 0xf) * 4;
	if (first >> 28 != 4 || header < FT_IPV4_LEN || pkt->l3_off + header > pkt->len)
		return FT_C_BAD_IP_HEADER;

	/* A super-packet may be longer than the field can say (BIG TCP): it has no padding. */
	total = pkt->gso_size ? pkt->len - pkt->l3_off : first & 0xffff;
	if (total < header || pkt->l3_off + total > pkt->len)
		return FT_C_BAD_IP_LENGTH;
	pkt->found.l3_len = total;
	pkt->l4_off = pkt->l3_off + header;
	pkt->ip_version = 4;
	pkt->protocol = bpf_ntohl(word[2]) >> 16 & 0xff;
	ft_map_ipv4(pkt->src, word[3]);
	ft_map_ipv4(pkt->dst, word[4]);
	pkt->frag_id = frag >> 16;
	pkt->found.frag_off = frag & 0x1fff;
	pkt->found.frag_more = frag >> 13 & 1;
	pkt->frag_proto = pkt->protocol;
	return FT_C_SEEN;
}

/* Length of an IPv6 extension header that is walked over; 0 for everything else. */
static __always_inline __u32 ft_ipv6_ext_len(__u8 protocol, __u8 length)
{
	switch (protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return (length + 1U) * 8;
	case IPPROTO_FRAGMENT:
		return 8;
	case IPPROTO_AH:
		return (length + 2U) * 4; /* the one that counts words of 4 */
	default:
		return 0;
	}
}

/*
 * What a walk over extension headers found, in one word: where the chain ends, the header
 * there, and where the fragment header was (0: none). 0: the chain is malformed.
 */
#define FT_WALK(off, protocol, frag) \
	((__u64)(off) | (__u64)(protocol) << 16 | (__u64)(frag) << 32)
#define FT_WALK_OFF(walk) ((__u32)(walk)&0xffff)
#define FT_WALK_PROTOCOL(walk) ((__u32)(walk) >> 16 & 0xff)
#define FT_WALK_FRAG(walk) ((__u32)((walk) >> 32))

/*
 * Walks the extension headers from off to end; stops at the first header that is none, or at
 * a later fragment. A global function: a verifier looks at it once and takes the result for
 * any number, instead of following every chain into all that comes after.
 */
__noinline __u64 ft_walk_ipv6(struct __sk_buff *skb, __u32 off, __u32 end, __u32 protocol)
{
	__u32 frag = 0, word, len;
	__u16 fragment = 0;

	for (int i = 0; i <= FT_IPV6_EXT_MAX; i++) {
		/* 0 for any length: not an extension header. */
		if (!ft_ipv6_ext_len(protocol, 0))
			return FT_WALK(off, protocol, frag);
		if (i == FT_IPV6_EXT_MAX || off + 8 > end || ft_fetch(skb, off, &word, 4))
			return 0;
		len = ft_ipv6_ext_len(protocol, bpf_ntohl(word) >> 16 & 0xff);
		if (protocol == IPPROTO_FRAGMENT) {
			frag = off;
			fragment = (__u16)bpf_ntohl(word) >> 3;
		}
		protocol = bpf_ntohl(word) >> 24;
		off += len;
		if (off > end || off > FT_OFF_MASK)
			return 0;
		FT_FORGET16(off);
		FT_FORGET16(frag);
		if (fragment)
			return FT_WALK(off, protocol, frag);
	}
	return 0;
}

/* Extension headers of the outer packet: the transport header, and the fragment. */
static __always_inline enum ft_counter ft_parse_ipv6_ext(struct __sk_buff *skb,
							 struct ft_packet *pkt, __u32 end)
{
	__u64 walk = ft_walk_ipv6(skb, pkt->l4_off, end, pkt->protocol);
	__u32 word[2];

	if (!walk)
		return FT_C_BAD_IPV6_EXT;
	pkt->l4_off = FT_WALK_OFF(walk);
	pkt->protocol = FT_WALK_PROTOCOL(walk);
	if (FT_WALK_FRAG(walk) && !ft_fetch(skb, FT_WALK_FRAG(walk), word, 8)) {
		pkt->found.frag_off = (bpf_ntohl(word[0]) & 0xffff) >> 3;
		pkt->found.frag_more = bpf_ntohl(word[0]) & 1;
		pkt->frag_id = bpf_ntohl(word[1]);
		pkt->frag_proto = bpf_ntohl(word[0]) >> 24;
	}
	return FT_C_SEEN;
}

static __always_inline enum ft_counter ft_parse_ipv6(struct __sk_buff *skb, struct ft_packet *pkt)
{
	__u32 word[FT_IPV6_LEN / 4];
	__u32 payload, total;
	__u8 next;

	if (ft_fetch(skb, pkt->l3_off, word, sizeof(word)))
		return FT_C_BAD_IP_HEADER;
	if (bpf_ntohl(word[0]) >> 28 != 6)
		return FT_C_BAD_IP_HEADER;
	payload = bpf_ntohl(word[1]) >> 16;
	next = bpf_ntohl(word[1]) >> 8 & 0xff;

	/* Jumbograms and BIG TCP say 0. */
	if (pkt->gso_size || (!payload && next == IPPROTO_HOPOPTS))
		total = pkt->len - pkt->l3_off;
	else
		total = FT_IPV6_LEN + payload;
	if (pkt->l3_off + total > pkt->len)
		return FT_C_BAD_IP_LENGTH;
	pkt->found.l3_len = total;
	pkt->l4_off = pkt->l3_off + FT_IPV6_LEN;
	pkt->ip_version = 6;
	pkt->protocol = next;
	__builtin_memcpy(pkt->src, &word[2], 16);
	__builtin_memcpy(pkt->dst, &word[6], 16);
	if (!ft_ipv6_ext_len(next, 0))
		return FT_C_SEEN;
	return ft_parse_ipv6_ext(skb, pkt, pkt->l3_off + total);
}

/*
 * ICMP in the port slots: the id and the request's type and code; a reply takes the type of
 * what it answers, so that both directions meet in one flow.
 */
static __always_inline void ft_note_icmp(struct ft_packet *pkt, __u32 first, __u32 second)
{
	__u32 type = first >> 24, code = first >> 16 & 0xff;
	bool has_id = false;

	if (pkt->protocol == IPPROTO_ICMPV6) {
		has_id = type == 128 || type == 129;
		pkt->found.reply = type == 129;
		if (type == 129)
			type = 128;
	} else {
		has_id = type == 0 || type == 8 || (type >= 13 && type <= 18);
		pkt->found.reply = type == 0 || type == 14 || type == 16 || type == 18;
		if (type == 0)
			type = 8;
		else if (pkt->found.reply)
			type--;
	}
	pkt->found.sport = has_id ? bpf_htons(second >> 16) : 0;
	pkt->found.dport = bpf_htons(type << 8 | code);
}

/* The SPI of ESP and AH, the key of GRE; a packet too short for it simply has none. */
static __always_inline void ft_note_extra(struct __sk_buff *skb, struct ft_packet *pkt, __u32 room)
{
	__u32 off = pkt->l4_off;
	__u32 word, need = 8;
	__u16 gre;

	switch (pkt->protocol) {
	case IPPROTO_ESP:
		need = 4;
		break;
	case IPPROTO_AH:
		off += 4;
		break;
	case IPPROTO_GRE:
		if (room < 8 || ft_fetch16(skb, off, &gre) || !(gre & FT_GRE_KEY) ||
		    (gre & FT_GRE_VERSION))
			return;
		off += 4;
		if (gre & FT_GRE_CHECKSUM) {
			off += 4;
			need = 12;
		}
		break;
	default:
		return;
	}
	if (room < need || ft_fetch(skb, off, &word, sizeof(word)))
		return;
	pkt->found.extra = bpf_ntohl(word);
	pkt->found.flags |= pkt->protocol == IPPROTO_GRE ? FT_ENTRY_EXTRA_GRE : FT_ENTRY_EXTRA_SPI;
}

/* The transport header: ports, TCP flags, what identifies the rest. */
static __always_inline enum ft_counter ft_parse_l4(struct __sk_buff *skb, struct ft_packet *pkt)
{
	__u32 room = pkt->l3_off + pkt->found.l3_len - pkt->l4_off;
	__u32 word[4];

	switch (pkt->protocol) {
	case IPPROTO_TCP:
		if (room < FT_TCP_LEN) {
			/* A first fragment may be that short: it has ports, and no flags. */
			if (!pkt->found.frag_more || room < 4 || ft_fetch(skb, pkt->l4_off, word, 4))
				return FT_C_BAD_L4;
			break;
		}
		if (ft_fetch(skb, pkt->l4_off, word, 16))
			return FT_C_BAD_L4;
		pkt->found.l4_len = (bpf_ntohl(word[3]) >> 28) * 4;
		if (pkt->found.l4_len < FT_TCP_LEN || (pkt->found.l4_len > room && !pkt->found.frag_more))
			return FT_C_BAD_L4;
		pkt->found.tcp_flags = bpf_ntohl(word[3]) >> 16 & 0xff;
		break;
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		pkt->found.l4_len = pkt->protocol == IPPROTO_UDP ? FT_UDP_LEN : FT_SCTP_LEN;
		if (room < pkt->found.l4_len || ft_fetch(skb, pkt->l4_off, word, 4))
			return FT_C_BAD_L4;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (room < FT_ICMP_LEN || ft_fetch(skb, pkt->l4_off, word, FT_ICMP_LEN))
			return FT_C_BAD_L4;
		ft_note_icmp(pkt, bpf_ntohl(word[0]), bpf_ntohl(word[1]));
		return FT_C_SEEN;
	default:
		ft_note_extra(skb, pkt, room);
		return FT_C_SEEN;
	}
	pkt->found.sport = bpf_htons(bpf_ntohl(word[0]) >> 16);
	pkt->found.dport = bpf_htons(bpf_ntohl(word[0]));
	return FT_C_SEEN;
}

static __always_inline void ft_frag_key(const struct ft_packet *pkt, struct ft_frag_key *key)
{
	key->src[0] = pkt->src[0];
	key->src[1] = pkt->src[1];
	key->dst[0] = pkt->dst[0];
	key->dst[1] = pkt->dst[1];
	key->id = pkt->frag_id;
	key->scope = pkt->scope;
	key->vlan_outer = pkt->found.vlan_outer;
	key->vlan_inner = pkt->found.vlan_inner;
	key->protocol = pkt->frag_proto;
	key->ip_version = pkt->ip_version;
	key->zero = 0;
}

/* A first fragment: what identifies the flow is remembered for those that follow. */
static __always_inline void ft_frag_put(const struct ft_packet *pkt)
{
	struct ft_frag_key key;
	struct ft_frag frag = {
		.seen_ns = bpf_ktime_get_ns(),
		.sport = pkt->found.sport,
		.dport = pkt->found.dport,
		.extra = pkt->found.extra,
		.protocol = pkt->protocol,
		.flags = pkt->found.flags,
	};

	ft_frag_key(pkt, &key);
	bpf_map_update_elem(&ft_frags, &key, &frag, BPF_ANY);
}

/* A later fragment: takes the ports of its first one, or is flagged to have none. */
static __always_inline void ft_frag_take(struct ft_packet *pkt)
{
	struct ft_frag_key key;
	struct ft_frag *frag;

	ft_frag_key(pkt, &key);
	frag = bpf_map_lookup_elem(&ft_frags, &key);
	if (!frag || bpf_ktime_get_ns() - frag->seen_ns > FT_FRAG_TTL_SEC * 1000000000ULL) {
		pkt->found.flags |= FT_ENTRY_FRAGMENT;
		return;
	}
	pkt->found.sport = frag->sport;
	pkt->found.dport = frag->dport;
	pkt->found.extra = frag->extra;
	pkt->protocol = frag->protocol;
	pkt->found.flags |= frag->flags;
	if (!pkt->found.frag_more)
		bpf_map_delete_elem(&ft_frags, &key);
}

/* Whether the packet goes b->a in canonical order. */
static __always_inline bool ft_reversed(const struct ft_packet *pkt)
{
	if (pkt->src[0] != pkt->dst[0])
		return bpf_be64_to_cpu(pkt->src[0]) > bpf_be64_to_cpu(pkt->dst[0]);
	if (pkt->src[1] != pkt->dst[1])
		return bpf_be64_to_cpu(pkt->src[1]) > bpf_be64_to_cpu(pkt->dst[1]);
	if (pkt->protocol == IPPROTO_ICMP || pkt->protocol == IPPROTO_ICMPV6)
		return false;
	return bpf_ntohs(pkt->found.sport) > bpf_ntohs(pkt->found.dport);
}

/* Four 16-bit words as they lie in memory, in one: written and read whole, it costs least. */
static __always_inline __u64 ft_words16(__u64 a, __u64 b, __u64 c, __u64 d)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return a | b << 16 | c << 32 | d << 48;
#else
	return a << 48 | b << 32 | c << 16 | d;
#endif
}

/* Builds the key, the smaller end first. */
static __always_inline void ft_make_key(struct ft_packet *pkt, struct ft_flow_key *key)
{
	bool icmp = pkt->protocol == IPPROTO_ICMP || pkt->protocol == IPPROTO_ICMPV6;
	bool reversed = ft_reversed(pkt);
	bool swap = reversed && !icmp;
	__u64 *word = (__u64 *)key;

	word[0] = reversed ? pkt->dst[0] : pkt->src[0];
	word[1] = reversed ? pkt->dst[1] : pkt->src[1];
	word[2] = reversed ? pkt->src[0] : pkt->dst[0];
	word[3] = reversed ? pkt->src[1] : pkt->dst[1];
	word[4] = ft_words16(swap ? pkt->found.dport : pkt->found.sport,
			     swap ? pkt->found.sport : pkt->found.dport, pkt->found.vlan_outer,
			     pkt->found.vlan_inner);
	word[5] = ft_words16(bpf_htons(pkt->protocol << 8 | pkt->ip_version), pkt->scope, 0, 0);
	pkt->dir = reversed ? FT_DIR_BA : FT_DIR_AB;
}

/*
 * The whole packet: FT_C_SEEN if it belongs to a flow (ft_make_key says to which), else the
 * term it counts in. `fragments` is false where a packet is only measured, not counted: the
 * hook that counts it does the cache's work.
 */
static __always_inline enum ft_counter ft_parse(struct __sk_buff *skb, struct ft_packet *pkt,
						const bool l3, bool fragments, __u16 pvid)
{
	enum ft_counter verdict;
	__u16 ethertype;

	verdict = ft_parse_link(skb, pkt, l3, &ethertype);
	if (verdict != FT_C_SEEN)
		return verdict;
	if (!pkt->found.vlan_outer)
		pkt->found.vlan_outer = pvid;
	if (ethertype == ETH_P_IP)
		verdict = ft_parse_ipv4(skb, pkt);
	else if (ethertype == ETH_P_IPV6)
		verdict = ft_parse_ipv6(skb, pkt);
	else
		return ft_not_ip(ethertype);
	if (verdict != FT_C_SEEN)
		return verdict;

	if (!pkt->found.frag_off) {
		verdict = ft_parse_l4(skb, pkt);
		if (verdict != FT_C_SEEN)
			return verdict;
		if (pkt->found.frag_more && fragments)
			ft_frag_put(pkt);
	} else if (fragments) {
		ft_frag_take(pkt);
	}
	return FT_C_SEEN;
}

#endif
