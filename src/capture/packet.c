/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parser goes down the headers with one struct parse (packet_parse.h). What was not
 * captured though it was on the wire is no fault: the packet is accounted by what is known.
 *
 * Each step returns PARSE_ON, or the enum ft_counter that counts the packet instead of a flow.
 * The rules are those of tests/capture/packets.c, word for word the same as the BPF program's.
 */
#include "capture/packet.h"

#include <arpa/inet.h>
#include <string.h>

#include "capture/packet_parse.h"

/* ---- link layer ---- */

/* Notes a tag's id, unless it is 0 or the third one. */
static void note_vlan(struct parse *p, uint16_t tci)
{
	uint16_t id = tci & 0xfff;

	if (id == 0)
		return;
	if (p->vlan[0] == 0)
		p->vlan[0] = id;
	else if (p->vlan[1] == 0)
		p->vlan[1] = id;
}

/* Steps over a link-layer header whose EtherType stands at type_off. */
static int link_header(struct parse *p, uint32_t len, uint32_t type_off, bool pseudo)
{
	if (!on_wire(p, 0, len))
		return FT_C_BAD_ETHERNET;
	if (!captured(p, 0, len))
		return FT_C_LOST_OTHER;
	p->type = get16(p->data + type_off);
	p->off = len;
	if (pseudo)
		p->pseudo = len;
	return PARSE_ON;
}

/* The IP version as an EtherType, for sources that give nothing else. */
static int link_raw(struct parse *p)
{
	if (p->meta->protocol) {
		p->type = p->meta->protocol;
		return PARSE_ON;
	}
	if (!on_wire(p, 0, 1))
		return FT_C_BAD_IP_HEADER;
	if (!captured(p, 0, 1))
		return FT_C_LOST_OTHER;
	switch (p->data[0] >> 4) {
	case 4:
		p->type = TYPE_IPV4;
		return PARSE_ON;
	case 6:
		p->type = TYPE_IPV6;
		return PARSE_ON;
	default:
		return FT_C_BAD_IP_HEADER;
	}
}

/* Address families as the systems that write such files number them. */
static int link_null(struct parse *p)
{
	uint32_t family;
	int step = link_header(p, 4, 0, true);

	if (step != PARSE_ON)
		return step;
	family = get32(p->data);
	if (family > 0xffff)
		family = (family >> 24) | (family >> 8 & 0xff00);
	switch (family) {
	case 2:
		p->type = TYPE_IPV4;
		return PARSE_ON;
	case 10: /* Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* macOS */
		p->type = TYPE_IPV6;
		return PARSE_ON;
	default:
		return FT_C_NOT_IP_OTHER;
	}
}

/* Finds the EtherType behind whatever the link type puts in front. */
static int parse_link(struct parse *p)
{
	int step;

	switch (p->meta->link) {
	case FT_PACKET_ETHERNET:
		return link_header(p, ETH_LEN, 12, false);
	case FT_PACKET_SLL:
		step = link_header(p, 16, 14, true);
		/* Linux's ETH_P_802_2: the frame had a length where the type is. */
		if (step == PARSE_ON && p->type == 4)
			return FT_C_NOT_IP_STP;
		return step == PARSE_ON && p->type < 0x600 ? FT_C_NOT_IP_OTHER : step;
	case FT_PACKET_SLL2:
		step = link_header(p, 20, 0, true);
		if (step == PARSE_ON && p->type == 4)
			return FT_C_NOT_IP_STP;
		return step == PARSE_ON && p->type < 0x600 ? FT_C_NOT_IP_OTHER : step;
	case FT_PACKET_NULL:
		return link_null(p);
	case FT_PACKET_RAW:
	default:
		return link_raw(p);
	}
}

/* The metadata tag and those in band. */
static int parse_vlans(struct parse *p)
{
	unsigned int n;

	if (p->meta->vlan_valid)
		note_vlan(p, p->meta->vlan_tci);
	for (n = 0; n < FT_VLAN_INBAND_MAX && is_tag(p->type); n++) {
		if (!on_wire(p, p->off, VLAN_LEN))
			return FT_C_BAD_ETHERNET;
		if (!captured(p, p->off, VLAN_LEN))
			return FT_C_LOST_OTHER;
		note_vlan(p, get16(p->data + p->off));
		p->type = get16(p->data + p->off + 2);
		p->off += VLAN_LEN;
	}
	if (is_tag(p->type))
		return FT_C_NOT_IP_VLAN;
	if (p->vlan[0] == 0 && p->meta->vlan_aware)
		p->vlan[0] = p->meta->pvid;
	return PARSE_ON;
}

/* Which counter a frame that carries no IP belongs to. */
static int not_ip(uint16_t type)
{
	switch (type) {
	case 0x0806:
		return FT_C_NOT_IP_ARP;
	case 0x88cc:
		return FT_C_NOT_IP_LLDP;
	case 0x8863:
	case 0x8864:
		return FT_C_NOT_IP_PPPOE;
	case 0x8847:
	case 0x8848:
		return FT_C_NOT_IP_MPLS;
	case 0x888e:
		return FT_C_NOT_IP_EAPOL;
	default:
		return type < 0x600 ? FT_C_NOT_IP_STP : FT_C_NOT_IP_OTHER;
	}
}

/* ---- IP ---- */

/* Writes an IPv4 address mapped into IPv6. */
static void map_v4(uint8_t ret_addr[16], const uint8_t *octets)
{
	memset(ret_addr, 0, 10);
	memset(ret_addr + 10, 0xff, 2);
	memcpy(ret_addr + 12, octets, 4);
}

/*
 * Settles where the IP packet ends: `stated` is what its length field says. A super-packet's
 * field isn't looked at; `zero` (the field is 0) stands for more than 16 bits can say, if that
 * much is there or a hop-by-hop header promises a jumbogram.
 */
static int set_length(struct parse *p, uint32_t stated, uint32_t header, bool zero, bool hops)
{
	uint32_t rest = p->end - p->l3_off;

	if (p->meta->gso_size || (zero && (hops || rest - header >= JUMBO_MIN)))
		stated = rest;
	if (stated < header || stated > rest)
		return FT_C_BAD_IP_LENGTH;
	p->l3_len = stated;
	p->end = p->l3_off + stated;
	return PARSE_ON;
}

static int parse_ipv4(struct parse *p)
{
	const uint8_t *ip = p->data + p->off;
	uint32_t header;
	uint16_t frag;
	int step;

	p->ip_version = 4;
	if (!on_wire(p, p->off, IPV4_LEN))
		return FT_C_BAD_IP_HEADER;
	if (!captured(p, p->off, IPV4_LEN))
		return FT_C_LOST_OTHER;
	header = (ip[0] & 0xfu) * 4;
	if (ip[0] >> 4 != 4 || header < IPV4_LEN || !on_wire(p, p->off, header))
		return FT_C_BAD_IP_HEADER;
	step = set_length(p, get16(ip + 2), header, get16(ip + 2) == 0, false);
	if (step != PARSE_ON)
		return step;
	map_v4(p->src, ip + 12);
	map_v4(p->dst, ip + 16);
	p->protocol = ip[9];
	p->off += header;
	p->l4_known = true;

	frag = get16(ip + 6) & 0x3fff; /* neither DF nor the reserved bit */
	p->frag_first = frag == 0x2000;
	p->frag_later = (frag & 0x1fff) != 0;
	p->frag_last = p->frag_later && !(frag & 0x2000);
	p->frag_id = get16(ip + 4);
	p->frag_protocol = p->protocol;
	return PARSE_ON;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == PROTO_HOPOPTS || protocol == PROTO_ROUTING ||
	       protocol == PROTO_FRAGMENT || protocol == PROTO_AH || protocol == PROTO_DSTOPTS;
}

/* Length of the extension header of this kind that begins with `octets`. */
static uint32_t extension_length(uint8_t protocol, const uint8_t *octets)
{
	if (protocol == PROTO_FRAGMENT)
		return 8;
	if (protocol == PROTO_AH)
		return (octets[1] + 2u) * 4;
	return (octets[1] + 1u) * 8;
}

/* Takes the fragment header's words. */
static void note_fragment(struct parse *p, const uint8_t *header)
{
	uint16_t word = get16(header + 2);

	p->frag_header = true;
	p->frag_later = (word & 0xfff8) != 0;
	p->frag_first = !p->frag_later && (word & 1);
	p->frag_last = p->frag_later && !(word & 1);
	p->frag_id = get32(header + 4);
	p->frag_protocol = header[0];
}

int ft_packet_extensions(struct parse *p)
{
	unsigned int n;

	for (n = 0; is_extension(p->protocol) && !p->frag_later; n++) {
		const uint8_t *header = p->data + p->off;
		uint8_t protocol = p->protocol;
		uint32_t len;

		if (n == FT_IPV6_EXT_MAX || !on_wire(p, p->off, 8))
			return FT_C_BAD_IPV6_EXT;
		if (!captured(p, p->off, 8))
			return PARSE_ON; /* the chain goes on where nothing was captured */
		len = extension_length(protocol, header);
		if (!on_wire(p, p->off, len))
			return FT_C_BAD_IPV6_EXT;
		if (protocol == PROTO_FRAGMENT)
			note_fragment(p, header);
		p->protocol = header[0];
		p->off += len;
	}
	p->l4_known = true;
	return PARSE_ON;
}

static int parse_ipv6(struct parse *p)
{
	const uint8_t *ip = p->data + p->off;
	uint16_t payload;
	int step;

	p->ip_version = 6;
	if (!on_wire(p, p->off, IPV6_LEN))
		return FT_C_BAD_IP_HEADER;
	if (!captured(p, p->off, IPV6_LEN))
		return FT_C_LOST_OTHER;
	if (ip[0] >> 4 != 6)
		return FT_C_BAD_IP_HEADER;
	payload = get16(ip + 4);
	step = set_length(p, IPV6_LEN + payload, IPV6_LEN, payload == 0,
			  ip[6] == PROTO_HOPOPTS);
	if (step != PARSE_ON)
		return step;
	memcpy(p->src, ip + 8, 16);
	memcpy(p->dst, ip + 24, 16);
	p->protocol = ip[6];
	p->off += IPV6_LEN;
	return ft_packet_extensions(p);
}

/* ---- transport ---- */

/* Ports, and for TCP the flags. A first fragment may end within its TCP header. */
static int parse_ports(struct parse *p, uint32_t header)
{
	const uint8_t *l4 = p->data + p->off;
	bool whole = on_wire(p, p->off, header);

	if (!whole && !(p->frag_first && p->protocol == PROTO_TCP && on_wire(p, p->off, 4)))
		return FT_C_BAD_L4;
	if (captured(p, p->off, 4)) {
		p->sport_be = get16_be(l4);
		p->dport_be = get16_be(l4 + 2);
	}
	if (!whole || p->protocol != PROTO_TCP || !captured(p, p->off, 14))
		return PARSE_ON;
	header = (l4[12] >> 4) * 4u;
	if (header < TCP_LEN || (!on_wire(p, p->off, header) && !p->frag_first))
		return FT_C_BAD_L4;
	p->tcp_flags = l4[13];
	return PARSE_ON;
}

/* The request's type of a reply, and whether the type carries an id. */
static uint8_t icmp_request(uint8_t protocol, uint8_t type, bool *ret_has_id)
{
	*ret_has_id = true;
	if (protocol == PROTO_ICMPV6) {
		*ret_has_id = type == 128 || type == 129;
		return type == 129 ? 128 : type;
	}
	switch (type) {
	case 0:
		return 8;
	case 14:
	case 16:
	case 18:
		return type - 1;
	case 8:
	case 13:
	case 15:
	case 17:
		return type;
	default:
		*ret_has_id = false;
		return type;
	}
}

/* Slots of ICMP: id and the request's type and code; see flow_abi.h. */
static int parse_icmp(struct parse *p)
{
	const uint8_t *l4 = p->data + p->off;
	bool has_id;
	uint8_t type;

	if (!on_wire(p, p->off, ICMP_LEN))
		return FT_C_BAD_L4;
	if (!captured(p, p->off, 2))
		return PARSE_ON;
	type = icmp_request(p->protocol, l4[0], &has_id);
	p->reply = type != l4[0];
	p->dport_be = htons((uint16_t)(type << 8 | l4[1]));
	if (has_id && captured(p, p->off, 6))
		p->sport_be = get16_be(l4 + 4);
	return PARSE_ON;
}

/* SPI of ESP and AH, key of GRE: told beside the flow, no part of the key. */
static void parse_extra(struct parse *p)
{
	const uint8_t *l4 = p->data + p->off;
	uint32_t spi_off = p->protocol == PROTO_AH ? 4 : 0;
	uint32_t key_off;

	if (p->protocol != PROTO_GRE) {
		if (!captured(p, p->off + spi_off, 4))
			return;
		p->extra = get32(l4 + spi_off);
		p->flags |= FT_ENTRY_EXTRA_SPI;
		return;
	}
	if (!captured(p, p->off, 4) || !(get16(l4) & GRE_KEY) || (get16(l4) & GRE_VERSION))
		return;
	key_off = get16(l4) & GRE_CHECKSUM ? 8 : 4;
	if (!captured(p, p->off + key_off, 4))
		return;
	p->extra = get32(l4 + key_off);
	p->flags |= FT_ENTRY_EXTRA_GRE;
}

static bool is_icmp(const struct parse *p)
{
	return p->protocol == PROTO_ICMP || p->protocol == PROTO_ICMPV6;
}

static int parse_transport(struct parse *p)
{
	if (!p->l4_known)
		return PARSE_ON;
	if (is_icmp(p))
		return parse_icmp(p);
	switch (p->protocol) {
	case PROTO_TCP:
		return parse_ports(p, TCP_LEN);
	case PROTO_UDP:
		return parse_ports(p, UDP_LEN);
	case PROTO_SCTP:
		return parse_ports(p, SCTP_LEN);
	case PROTO_ESP:
	case PROTO_AH:
	case PROTO_GRE:
		parse_extra(p);
		return PARSE_ON;
	default:
		return PARSE_ON;
	}
}

/* The first fragment leaves its ports for the later ones; these take them. */
static int parse_fragment(struct parse *p, struct ft_frags *frags)
{
	struct ft_frag_key key;
	struct ft_frag_value value;
	int step;

	memset(&key, 0, sizeof(key));
	memcpy(key.src, p->src, 16);
	memcpy(key.dst, p->dst, 16);
	key.id = p->frag_id;
	key.scope = p->meta->scope;
	key.vlan_outer = p->vlan[0];
	key.vlan_inner = p->vlan[1];
	key.protocol = p->frag_protocol;
	key.ip_version = p->ip_version;
	if (p->frag_later) {
		if (!ft_frags_get(frags, &key, p->frag_last, p->meta->tick, &value)) {
			p->flags |= FT_ENTRY_FRAGMENT;
			return PARSE_ON;
		}
		p->protocol = value.protocol;
		p->sport_be = value.sport_be;
		p->dport_be = value.dport_be;
		p->extra = value.extra;
		p->flags |= value.flags;
		return PARSE_ON;
	}
	step = parse_transport(p);
	if (step != PARSE_ON || !p->l4_known)
		return step;
	value.protocol = p->protocol;
	value.sport_be = p->sport_be;
	value.dport_be = p->dport_be;
	value.extra = p->extra;
	value.flags = p->flags;
	ft_frags_put(frags, &key, &value, p->meta->tick);
	return PARSE_ON;
}

/* ---- the whole ---- */

/* Orders the ends and writes the key. */
static void make_key(const struct parse *p, struct ft_packet_result *result)
{
	struct ft_flow_key *key = &result->key;
	int order = memcmp(p->src, p->dst, 16);
	bool swap;

	if (order == 0 && !is_icmp(p))
		order = memcmp(&p->sport_be, &p->dport_be, 2);
	swap = order > 0;
	memcpy(key->addr_a, swap ? p->dst : p->src, 16);
	memcpy(key->addr_b, swap ? p->src : p->dst, 16);
	if (is_icmp(p) || !swap) {
		key->port_a_be = p->sport_be;
		key->port_b_be = p->dport_be;
	} else {
		key->port_a_be = p->dport_be;
		key->port_b_be = p->sport_be;
	}
	key->vlan_outer = p->vlan[0];
	key->vlan_inner = p->vlan[1];
	key->protocol = p->protocol;
	key->ip_version = p->ip_version;
	key->scope = p->meta->scope;
	result->dir = swap ? FT_DIR_BA : FT_DIR_AB;
}

/* All steps down the headers. */
static int walk(struct parse *p, struct ft_frags *frags)
{
	int step = parse_link(p);

	if (step == PARSE_ON)
		step = parse_vlans(p);
	p->l3_off = p->off;
	if (step != PARSE_ON)
		return step;
	if (p->type != TYPE_IPV4 && p->type != TYPE_IPV6)
		return not_ip(p->type);
	step = p->type == TYPE_IPV4 ? parse_ipv4(p) : parse_ipv6(p);
	if (step != PARSE_ON)
		return step;
	if (p->frag_first || p->frag_later)
		return parse_fragment(p, frags);
	return parse_transport(p);
}

void ft_packet_parse(const uint8_t *data, const struct ft_packet_meta *meta,
		     struct ft_frags *frags, struct ft_packet_result *ret_result)
{
	struct parse p = {
		.data = data,
		.meta = meta,
		.cap = meta->cap_len,
		.end = meta->wire_len,
	};
	int step = walk(&p, frags);

	memset(ret_result, 0, sizeof(*ret_result));
	ret_result->is_flow = step == PARSE_ON;
	if (step != PARSE_ON)
		ret_result->counter = (enum ft_counter)step;
	ft_packet_measure(&p, ret_result);
	if (step != PARSE_ON)
		return;
	make_key(&p, ret_result);
	ret_result->extra = p.extra;
	ret_result->tcp_flags = p.tcp_flags;
	ret_result->flags = p.flags;
	ret_result->reply = p.reply;
}
