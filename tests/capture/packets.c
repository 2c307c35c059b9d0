/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of packets (see packets.h). Each case is written as the octets of its headers by
 * the macros below; payload is zeros. Lengths are written out rather than computed, so that a
 * reader can check them against the RFCs: Ethernet 14, tag 4, IPv4 20, IPv6 40, TCP 20, UDP 8,
 * SCTP 12, ICMP 8.
 *
 * Rules that a case decides where the design leaves room:
 *  - VLAN ids: the first two that aren't 0, outermost first; a third is counted, not named.
 *  - pvid: taken when no tag had an id.
 *  - With gso_size the IP length fields aren't looked at (they are 0 above 64 KiB).
 *  - A first fragment may be too short for its whole TCP header: ports yes, flags no.
 *  - A matched later fragment takes protocol and ports of its first one.
 *  - IPv6: AH is walked through; IPv4: AH is a protocol with an SPI.
 */
#include <arpa/inet.h>
#include <string.h>

#include "packets.h"

#define W(x) (uint8_t)(((x) >> 8) & 0xff), (uint8_t)((x) & 0xff)
#define L(x) W((x) >> 16), W(x)

/* Addresses: A < B. */
#define A4 10, 0, 0, 1
#define B4 10, 0, 0, 2
#define LO4 127, 0, 0, 1
#define A6 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define B6 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2
#define A "10.0.0.1"
#define B "10.0.0.2"
#define AA "fd00::1"
#define BB "fd00::2"

/* Link layer. TAG follows MACS or another TAG; TYPE ends it. */
#define MACS 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1
#define TAG(tpid, tci) W(tpid), W(tci)
#define TYPE(type) W(type)
#define ETH4 MACS, W(0x0800)
#define ETH6 MACS, W(0x86dd)
#define SLL(type) W(0), W(1), W(6), MACS_1, 0, 0, W(type)
#define MACS_1 2, 0, 0, 0, 0, 1
#define SLL2(type) W(type), W(0), L(3), W(1), 4, 6, MACS_1, 0, 0

/* Network layer: total or payload length, protocol, source, destination. */
#define IP4(total, proto, ...) 0x45, 0, W(total), W(1), W(0), 64, proto, 0, 0, __VA_ARGS__
#define IP4F(total, id, frag, proto, ...) \
	0x45, 0, W(total), W(id), W(frag), 64, proto, 0, 0, __VA_ARGS__
#define IP4H(first, total, proto, ...) first, 0, W(total), W(1), W(0), 64, proto, 0, 0, __VA_ARGS__
#define IP6(payload, next, ...) 0x60, 0, 0, 0, W(payload), next, 64, __VA_ARGS__
#define MF 0x2000
#define DF 0x4000

/* IPv6 extension headers, 8 octets where not said otherwise; offset in octets, m = more. */
#define EXT8(next) next, 0, 1, 4, 0, 0, 0, 0
#define EXT16(next) next, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define FRAG6(next, offset, m, id) next, 0, W((offset) | (m)), L(id)
#define AH24(next) next, 4, 0, 0, L(0x5151), L(1), L(0), L(0), L(0)
#define JUMBO(next, length) next, 0, 0xc2, 4, L(length)

/* Transport. */
#define TCP(sport, dport, flags) \
	W(sport), W(dport), L(1), L(0), 0x50, flags, W(0xffff), 0, 0, 0, 0
#define TCPD(sport, dport, doff, flags) \
	W(sport), W(dport), L(1), L(0), (doff) << 4, flags, W(0xffff), 0, 0, 0, 0
#define UDP(sport, dport, length) W(sport), W(dport), W(length), 0, 0
#define SCTP(sport, dport) W(sport), W(dport), L(0x1234), L(0)
#define ICMP(type, code, id) type, code, 0, 0, W(id), W(1)
#define VXLAN 8, 0, 0, 0, 0, 0, 42, 0

#define H(...)                                       \
	.head = (const uint8_t[]){ __VA_ARGS__ },    \
	.head_len = sizeof((const uint8_t[]){ __VA_ARGS__ })
#define FLOW4(a_, ap_, b_, bp_, proto_, dir_)                                              \
	.verdict = FT_CASE_FLOW, .a = a_, .a_port = ap_, .b = b_, .b_port = bp_,           \
	.protocol = proto_, .ip_version = 4, .dir = dir_
#define FLOW6(a_, ap_, b_, bp_, proto_, dir_)                                              \
	.verdict = FT_CASE_FLOW, .a = a_, .a_port = ap_, .b = b_, .b_port = bp_,           \
	.protocol = proto_, .ip_version = 6, .dir = dir_
#define WIRE(packets_, bytes_, l2_) .packets = packets_, .bytes = bytes_, .l2_bytes = l2_
#define NOFLOW(counter_, l2_) .verdict = counter_, .packets = 1, .l2_bytes = l2_
#define AB FT_DIR_AB
#define BA FT_DIR_BA
#define META(proto_, tci_) .vlan_valid = true, .vlan_proto = proto_, .vlan_tci = tci_
#define GSO(size_, segs_) .gso_size = size_, .gso_segs = segs_

static const struct ft_packet_case cases[] = {
	/* IPv4 and its transports */
	{ "v4 tcp syn, padded", H(ETH4, IP4(40, 6, A4, B4), TCP(1000, 80, 0x02)), .len = 60,
	  .egress = true, FLOW4(A, 1000, B, 80, 6, AB), .tcp_flags = 0x02, WIRE(1, 40, 60) },
	{ "v4 tcp syn-ack", H(ETH4, IP4(40, 6, B4, A4), TCP(80, 1000, 0x12)), .len = 60,
	  FLOW4(A, 1000, B, 80, 6, BA), .tcp_flags = 0x12, WIRE(1, 40, 60) },
	{ "v4 tcp ecn flags, data", H(ETH4, IP4(1500, 6, A4, B4), TCP(1000, 80, 0xd8)),
	  .len = 1514, .egress = true, FLOW4(A, 1000, B, 80, 6, AB), .tcp_flags = 0xd8,
	  WIRE(1, 1500, 1514) },
	{ "v4 tcp options, doff 15", H(ETH4, IP4(80, 6, A4, B4), TCPD(1000, 80, 15, 0x10)),
	  .len = 94, FLOW4(A, 1000, B, 80, 6, AB), .tcp_flags = 0x10, WIRE(1, 80, 94) },
	{ "v4 udp", H(ETH4, IP4(128, 17, A4, B4), UDP(5000, 53, 108)), .len = 142, .egress = true,
	  FLOW4(A, 5000, B, 53, 17, AB), WIRE(1, 128, 142) },
	{ "v4 udp, empty, padded", H(ETH4, IP4(28, 17, B4, A4), UDP(53, 5000, 8)), .len = 60,
	  FLOW4(A, 5000, B, 53, 17, BA), WIRE(1, 28, 60) },
	{ "v4 udp, ports 0", H(ETH4, IP4(28, 17, A4, B4), UDP(0, 0, 8)), .len = 60,
	  FLOW4(A, 0, B, 0, 17, AB), WIRE(1, 28, 60) },
	{ "v4 udp to a multicast group",
	  H(ETH4, IP4(28, 17, A4, 224, 0, 0, 251), UDP(5353, 5353, 8)), .len = 60, .egress = true,
	  FLOW4(A, 5353, "224.0.0.251", 5353, 17, AB), WIRE(1, 28, 60) },
	{ "v4 sctp", H(ETH4, IP4(48, 132, A4, B4), SCTP(2905, 2906)), .len = 62,
	  FLOW4(A, 2905, B, 2906, 132, AB), WIRE(1, 48, 62) },
	{ "v4 options, ihl 6", H(ETH4, IP4H(0x46, 32, 17, A4, B4), 1, 1, 1, 1, UDP(1, 2, 8)),
	  .len = 60, FLOW4(A, 1, B, 2, 17, AB), WIRE(1, 32, 60) },
	{ "v4 options, ihl 15",
	  H(ETH4, IP4H(0x4f, 68, 17, A4, B4), L(0), L(0), L(0), L(0), L(0), L(0), L(0), L(0), L(0),
	    L(0), UDP(1, 2, 8)), .len = 82, FLOW4(A, 1, B, 2, 17, AB), WIRE(1, 68, 82) },
	{ "v4 DF is not a fragment", H(ETH4, IP4F(28, 9, DF, 17, A4, B4), UDP(1, 2, 8)), .len = 60,
	  FLOW4(A, 1, B, 2, 17, AB), WIRE(1, 28, 60) },
	{ "v4 reserved bit is not a fragment",
	  H(ETH4, IP4F(28, 9, 0x8000, 17, A4, B4), UDP(1, 2, 8)), .len = 60,
	  FLOW4(A, 1, B, 2, 17, AB), WIRE(1, 28, 60) },

	/* canonical order */
	{ "same host, lower port sends", H(ETH4, IP4(28, 17, LO4, LO4), UDP(80, 1000, 8)),
	  .len = 42, .egress = true, FLOW4("127.0.0.1", 80, "127.0.0.1", 1000, 17, AB),
	  WIRE(1, 28, 42) },
	{ "same host, higher port sends", H(ETH4, IP4(28, 17, LO4, LO4), UDP(1000, 80, 8)),
	  .len = 42, .egress = true, FLOW4("127.0.0.1", 80, "127.0.0.1", 1000, 17, BA),
	  WIRE(1, 28, 42) },
	{ "same host, ports compare in network order",
	  H(ETH4, IP4(28, 17, LO4, LO4), UDP(256, 2, 8)), .len = 42, .egress = true,
	  FLOW4("127.0.0.1", 2, "127.0.0.1", 256, 17, BA), WIRE(1, 28, 42) },
	{ "same host, same port", H(ETH4, IP4(28, 17, LO4, LO4), UDP(500, 500, 8)), .len = 42,
	  .egress = true, FLOW4("127.0.0.1", 500, "127.0.0.1", 500, 17, AB), WIRE(1, 28, 42) },
	{ "the address decides before the port", H(ETH4, IP4(28, 17, B4, A4), UDP(1, 65535, 8)),
	  .len = 60, FLOW4(A, 65535, B, 1, 17, BA), WIRE(1, 28, 60) },

	/* ICMP */
	{ "icmp echo request", H(ETH4, IP4(84, 1, A4, B4), ICMP(8, 0, 77)), .len = 98,
	  .egress = true, FLOW4(A, 77, B, 0x0800, 1, AB), WIRE(1, 84, 98) },
	{ "icmp echo reply", H(ETH4, IP4(84, 1, B4, A4), ICMP(0, 0, 77)), .len = 98,
	  FLOW4(A, 77, B, 0x0800, 1, BA), .reply = true, WIRE(1, 84, 98) },
	{ "icmp echo request from the higher address: slots stay",
	  H(ETH4, IP4(84, 1, B4, A4), ICMP(8, 0, 77)), .len = 98,
	  FLOW4(A, 77, B, 0x0800, 1, BA), WIRE(1, 84, 98) },
	{ "icmp echo to oneself: both ways a->b", H(ETH4, IP4(84, 1, LO4, LO4), ICMP(0, 0, 9000)),
	  .len = 98, .egress = true, FLOW4("127.0.0.1", 9000, "127.0.0.1", 0x0800, 1, AB),
	  .reply = true, WIRE(1, 84, 98) },
	{ "icmp timestamp reply", H(ETH4, IP4(40, 1, B4, A4), ICMP(14, 0, 5)), .len = 60,
	  FLOW4(A, 5, B, 0x0d00, 1, BA), .reply = true, WIRE(1, 40, 60) },
	{ "icmp information reply", H(ETH4, IP4(28, 1, B4, A4), ICMP(16, 0, 5)), .len = 60,
	  FLOW4(A, 5, B, 0x0f00, 1, BA), .reply = true, WIRE(1, 28, 60) },
	{ "icmp mask reply", H(ETH4, IP4(32, 1, B4, A4), ICMP(18, 0, 5)), .len = 60,
	  FLOW4(A, 5, B, 0x1100, 1, BA), .reply = true, WIRE(1, 32, 60) },
	{ "icmp port unreachable has no id", H(ETH4, IP4(56, 1, B4, A4), ICMP(3, 3, 77)),
	  .len = 70, FLOW4(A, 0, B, 0x0303, 1, BA), WIRE(1, 56, 70) },
	{ "icmpv6 echo request", H(ETH6, IP6(64, 58, A6, B6), ICMP(128, 0, 77)), .len = 118,
	  .egress = true, FLOW6(AA, 77, BB, 0x8000, 58, AB), WIRE(1, 104, 118) },
	{ "icmpv6 echo reply", H(ETH6, IP6(64, 58, B6, A6), ICMP(129, 0, 77)), .len = 118,
	  FLOW6(AA, 77, BB, 0x8000, 58, BA), .reply = true, WIRE(1, 104, 118) },
	{ "icmpv6 unreachable", H(ETH6, IP6(48, 58, B6, A6), ICMP(1, 4, 77)), .len = 102,
	  FLOW6(AA, 0, BB, 0x0104, 58, BA), WIRE(1, 88, 102) },
	{ "icmpv6 neighbour solicitation", H(ETH6, IP6(32, 58, A6, B6), ICMP(135, 0, 0)),
	  .len = 86, FLOW6(AA, 0, BB, 0x8700, 58, AB), WIRE(1, 72, 86) },
	{ "icmpv6 mld report behind hop-by-hop",
	  H(ETH6, IP6(36, 0, A6, B6), EXT8(58), ICMP(143, 0, 0)), .len = 90,
	  FLOW6(AA, 0, BB, 0x8f00, 58, AB), WIRE(1, 76, 90) },

	/* IPv6 and its extension headers */
	{ "v6 tcp", H(ETH6, IP6(20, 6, A6, B6), TCP(1000, 80, 0x02)), .egress = true,
	  FLOW6(AA, 1000, BB, 80, 6, AB), .tcp_flags = 0x02, WIRE(1, 60, 74) },
	{ "v6 udp", H(ETH6, IP6(108, 17, B6, A6), UDP(53, 5000, 108)), .len = 162,
	  FLOW6(AA, 5000, BB, 53, 17, BA), WIRE(1, 148, 162) },
	{ "v6 sctp", H(ETH6, IP6(28, 132, A6, B6), SCTP(2905, 2906)), .len = 82,
	  FLOW6(AA, 2905, BB, 2906, 132, AB), WIRE(1, 68, 82) },
	{ "v6 hop-by-hop", H(ETH6, IP6(16, 0, A6, B6), EXT8(17), UDP(1, 2, 8)),
	  FLOW6(AA, 1, BB, 2, 17, AB), WIRE(1, 56, 70) },
	{ "v6 routing", H(ETH6, IP6(24, 43, A6, B6), EXT16(17), UDP(1, 2, 8)),
	  FLOW6(AA, 1, BB, 2, 17, AB), WIRE(1, 64, 78) },
	{ "v6 destination options", H(ETH6, IP6(16, 60, A6, B6), EXT8(17), UDP(1, 2, 8)),
	  FLOW6(AA, 1, BB, 2, 17, AB), WIRE(1, 56, 70) },
	{ "v6 AH counts in words of 4 plus 2", H(ETH6, IP6(32, 51, A6, B6), AH24(17), UDP(1, 2, 8)),
	  FLOW6(AA, 1, BB, 2, 17, AB), WIRE(1, 72, 86) },
	{ "v6 hop-by-hop, options, routing, AH, tcp",
	  H(ETH6, IP6(76, 0, A6, B6), EXT8(60), EXT8(43), EXT16(51), AH24(6), TCP(7, 8, 0x10)),
	  FLOW6(AA, 7, BB, 8, 6, AB), .tcp_flags = 0x10, WIRE(1, 116, 130) },
	{ "v6 eight extension headers",
	  H(ETH6, IP6(72, 60, A6, B6), EXT8(60), EXT8(60), EXT8(60), EXT8(60), EXT8(60), EXT8(60),
	    EXT8(60), EXT8(17), UDP(1, 2, 8)), FLOW6(AA, 1, BB, 2, 17, AB), WIRE(1, 112, 126) },
	{ "v6 nine extension headers",
	  H(ETH6, IP6(80, 60, A6, B6), EXT8(60), EXT8(60), EXT8(60), EXT8(60), EXT8(60), EXT8(60),
	    EXT8(60), EXT8(60), EXT8(17), UDP(1, 2, 8)), NOFLOW(FT_C_BAD_IPV6_EXT, 134) },
	{ "v6 no next header, padded", H(ETH6, IP6(0, 59, A6, B6)), .len = 60,
	  FLOW6(AA, 0, BB, 0, 59, AB), WIRE(1, 40, 60) },
	{ "v6 unknown protocol 253", H(ETH6, IP6(10, 253, A6, B6)), .len = 64,
	  FLOW6(AA, 0, BB, 0, 253, AB), WIRE(1, 50, 64) },
	{ "v6 extension header cut off", H(ETH6, IP6(4, 60, A6, B6), 17, 0, 1, 4),
	  NOFLOW(FT_C_BAD_IPV6_EXT, 58) },
	{ "v6 extension header longer than the packet",
	  H(ETH6, IP6(16, 60, A6, B6), 17, 9, 1, 4, L(0), UDP(1, 2, 8)),
	  NOFLOW(FT_C_BAD_IPV6_EXT, 70) },
	{ "v6 fragment header cut off", H(ETH6, IP6(6, 44, A6, B6), 17, 0, W(1), W(0)),
	  NOFLOW(FT_C_BAD_IPV6_EXT, 60) },
	{ "v6 AH longer than the packet",
	  H(ETH6, IP6(16, 51, A6, B6), 17, 4, 0, 0, L(0x5151), UDP(1, 2, 8)),
	  NOFLOW(FT_C_BAD_IPV6_EXT, 70) },
	{ "v6 jumbogram", H(ETH6, IP6(0, 0, A6, B6), JUMBO(6, 70028), TCP(7, 8, 0x10)),
	  .len = 70082, .cap_len = 82, FLOW6(AA, 7, BB, 8, 6, AB), .tcp_flags = 0x10,
	  WIRE(1, 70068, 70082) },

	/* protocols without ports */
	{ "v4 ospf", H(ETH4, IP4(64, 89, A4, B4)), .len = 78, FLOW4(A, 0, B, 0, 89, AB),
	  WIRE(1, 64, 78) },
	{ "v4 proto 253", H(ETH4, IP4(30, 253, B4, A4)), .len = 60, FLOW4(A, 0, B, 0, 253, BA),
	  WIRE(1, 30, 60) },
	{ "v4 igmp", H(ETH4, IP4(28, 2, A4, 224, 0, 0, 22)), .len = 60,
	  FLOW4(A, 0, "224.0.0.22", 0, 2, AB), WIRE(1, 28, 60) },
	{ "v4 esp", H(ETH4, IP4(100, 50, A4, B4), L(0xc0ffee01), L(1)), .len = 114,
	  FLOW4(A, 0, B, 0, 50, AB), .flags = FT_ENTRY_EXTRA_SPI, .extra = 0xc0ffee01,
	  WIRE(1, 100, 114) },
	{ "v6 esp", H(ETH6, IP6(60, 50, A6, B6), L(0xc0ffee02), L(1)), .len = 114,
	  FLOW6(AA, 0, BB, 0, 50, AB), .flags = FT_ENTRY_EXTRA_SPI, .extra = 0xc0ffee02,
	  WIRE(1, 100, 114) },
	{ "v4 AH", H(ETH4, IP4(52, 51, A4, B4), AH24(17), UDP(1, 2, 8)), .len = 66,
	  FLOW4(A, 0, B, 0, 51, AB), .flags = FT_ENTRY_EXTRA_SPI, .extra = 0x5151,
	  WIRE(1, 52, 66) },
	{ "v4 gre with a key", H(ETH4, IP4(56, 47, A4, B4), W(0x2000), W(0x0800), L(4711),
	  IP4(28, 17, A4, B4), UDP(1, 2, 8)), .len = 70, FLOW4(A, 0, B, 0, 47, AB),
	  .flags = FT_ENTRY_EXTRA_GRE, .extra = 4711, WIRE(1, 56, 70) },
	{ "v4 gre with checksum and key", H(ETH4, IP4(60, 47, A4, B4), W(0xa000), W(0x0800), L(0),
	  L(4712), IP4(28, 17, A4, B4), UDP(1, 2, 8)), .len = 74, FLOW4(A, 0, B, 0, 47, AB),
	  .flags = FT_ENTRY_EXTRA_GRE, .extra = 4712, WIRE(1, 60, 74) },
	{ "v4 gre without a key", H(ETH4, IP4(52, 47, A4, B4), W(0), W(0x0800),
	  IP4(28, 17, A4, B4), UDP(1, 2, 8)), .len = 66, FLOW4(A, 0, B, 0, 47, AB),
	  WIRE(1, 52, 66) },
	{ "v4 ipip is its outer header", H(ETH4, IP4(48, 4, A4, B4), IP4(28, 17, A4, B4),
	  UDP(1, 2, 8)), .len = 62, FLOW4(A, 0, B, 0, 4, AB), WIRE(1, 48, 62) },
	{ "v4 6in4", H(ETH4, IP4(68, 41, A4, B4), IP6(8, 17, A6, B6), UDP(1, 2, 8)), .len = 82,
	  FLOW4(A, 0, B, 0, 41, AB), WIRE(1, 68, 82) },

	/* fragments: in order */
	{ "v4 first fragment", H(ETH4, IP4F(1500, 0x1111, MF, 17, A4, B4), UDP(5000, 6000, 3008)),
	  .len = 1514, .egress = true, FLOW4(A, 5000, B, 6000, 17, AB), WIRE(1, 1500, 1514) },
	{ "v4 middle fragment", H(ETH4, IP4F(1500, 0x1111, MF | 185, 17, A4, B4)), .len = 1514,
	  .egress = true, FLOW4(A, 5000, B, 6000, 17, AB), WIRE(1, 1500, 1514) },
	{ "v4 fragment of the other direction with the same id",
	  H(ETH4, IP4F(1500, 0x1111, MF | 185, 17, B4, A4)), .len = 1514,
	  FLOW4(A, 0, B, 0, 17, BA), .flags = FT_ENTRY_FRAGMENT, WIRE(1, 1500, 1514) },
	{ "v4 fragment with the same id on a VLAN",
	  H(ETH4, IP4F(1500, 0x1111, MF | 185, 17, A4, B4)), .len = 1514, META(0x8100, 100),
	  FLOW4(A, 0, B, 0, 17, AB), .vlan_outer = 100, .flags = FT_ENTRY_FRAGMENT,
	  WIRE(1, 1500, 1518) },
	{ "v4 last fragment, padded", H(ETH4, IP4F(28, 0x1111, 370, 17, A4, B4)), .len = 60,
	  .egress = true, FLOW4(A, 5000, B, 6000, 17, AB), WIRE(1, 28, 60) },
	{ "v4 fragment after the last", H(ETH4, IP4F(28, 0x1111, 370, 17, A4, B4)), .len = 60,
	  .egress = true, FLOW4(A, 0, B, 0, 17, AB), .flags = FT_ENTRY_FRAGMENT,
	  WIRE(1, 28, 60) },
	{ "v4 orphan fragment", H(ETH4, IP4F(1500, 0x2222, MF | 185, 6, A4, B4)), .len = 1514,
	  FLOW4(A, 0, B, 0, 6, AB), .flags = FT_ENTRY_FRAGMENT, WIRE(1, 1500, 1514) },
	{ "v4 first fragment of 8 octets of tcp",
	  H(ETH4, IP4F(28, 0x3333, MF, 6, A4, B4), W(1000), W(80), L(1)), .len = 60,
	  FLOW4(A, 1000, B, 80, 6, AB), WIRE(1, 28, 60) },
	{ "v4 its last fragment", H(ETH4, IP4F(40, 0x3333, 1, 6, A4, B4)), .len = 60,
	  FLOW4(A, 1000, B, 80, 6, AB), WIRE(1, 40, 60) },
	{ "v4 first fragment of an echo reply",
	  H(ETH4, IP4F(1500, 0x4444, MF, 1, B4, A4), ICMP(0, 0, 78)), .len = 1514,
	  FLOW4(A, 78, B, 0x0800, 1, BA), .reply = true, WIRE(1, 1500, 1514) },
	{ "v4 last fragment of an echo reply", H(ETH4, IP4F(120, 0x4444, 185, 1, B4, A4)),
	  .len = 134, FLOW4(A, 78, B, 0x0800, 1, BA), WIRE(1, 120, 134) },
	{ "v4 first fragment with DF set", H(ETH4, IP4F(36, 0x6666, DF | MF, 17, A4, B4),
	  UDP(21, 22, 3008)), .len = 60, FLOW4(A, 21, B, 22, 17, AB), WIRE(1, 36, 60) },
	{ "v4 its last fragment, DF set", H(ETH4, IP4F(28, 0x6666, DF | 2, 17, A4, B4)), .len = 60,
	  FLOW4(A, 21, B, 22, 17, AB), WIRE(1, 28, 60) },
	{ "v4 first fragment of esp", H(ETH4, IP4F(1500, 0x5555, MF, 50, A4, B4), L(0xabcd), L(1)),
	  .len = 1514, FLOW4(A, 0, B, 0, 50, AB), .flags = FT_ENTRY_EXTRA_SPI, .extra = 0xabcd,
	  WIRE(1, 1500, 1514) },
	{ "v4 last fragment of esp", H(ETH4, IP4F(120, 0x5555, 185, 50, A4, B4)), .len = 134,
	  FLOW4(A, 0, B, 0, 50, AB), .flags = FT_ENTRY_EXTRA_SPI, .extra = 0xabcd,
	  WIRE(1, 120, 134) },
	{ "v6 first fragment",
	  H(ETH6, IP6(1456, 44, A6, B6), FRAG6(17, 0, 1, 0x77777), UDP(5000, 6000, 3008)),
	  .len = 1510, FLOW6(AA, 5000, BB, 6000, 17, AB), WIRE(1, 1496, 1510) },
	{ "v6 middle fragment", H(ETH6, IP6(1456, 44, A6, B6), FRAG6(17, 1448, 1, 0x77777)),
	  .len = 1510, FLOW6(AA, 5000, BB, 6000, 17, AB), WIRE(1, 1496, 1510) },
	{ "v6 orphan: an id that differs in its upper half",
	  H(ETH6, IP6(1456, 44, A6, B6), FRAG6(17, 1448, 1, 0x17777)), .len = 1510,
	  FLOW6(AA, 0, BB, 0, 17, AB), .flags = FT_ENTRY_FRAGMENT, WIRE(1, 1496, 1510) },
	{ "v6 last fragment", H(ETH6, IP6(120, 44, A6, B6), FRAG6(17, 2896, 0, 0x77777)),
	  .len = 174, FLOW6(AA, 5000, BB, 6000, 17, AB), WIRE(1, 160, 174) },
	{ "v6 fragment after the last", H(ETH6, IP6(120, 44, A6, B6), FRAG6(17, 2896, 0, 0x77777)),
	  .len = 174, FLOW6(AA, 0, BB, 0, 17, AB), .flags = FT_ENTRY_FRAGMENT,
	  WIRE(1, 160, 174) },
	{ "v6 atomic fragment is whole",
	  H(ETH6, IP6(16, 44, A6, B6), FRAG6(17, 0, 0, 0x88), UDP(1, 2, 8)),
	  FLOW6(AA, 1, BB, 2, 17, AB), WIRE(1, 56, 70) },
	{ "v6 first fragment, options behind the fragment header",
	  H(ETH6, IP6(1456, 44, A6, B6), FRAG6(60, 0, 1, 0x99), EXT8(17), UDP(51, 61, 2000)),
	  .len = 1510, FLOW6(AA, 51, BB, 61, 17, AB), WIRE(1, 1496, 1510) },
	{ "v6 its last fragment", H(ETH6, IP6(120, 44, A6, B6), FRAG6(60, 1448, 0, 0x99)),
	  .len = 174, FLOW6(AA, 51, BB, 61, 17, AB), WIRE(1, 160, 174) },

	/* VLAN */
	{ "vlan in band", H(MACS, TAG(0x8100, 100), TYPE(0x0800), IP4(28, 17, A4, B4),
	  UDP(1, 2, 8)), .len = 64, FLOW4(A, 1, B, 2, 17, AB), .vlan_outer = 100,
	  WIRE(1, 28, 64) },
	{ "vlan in metadata, with priority bits", H(ETH4, IP4(28, 17, A4, B4), UDP(1, 2, 8)),
	  .len = 60, META(0x8100, 0xe064), FLOW4(A, 1, B, 2, 17, AB), .vlan_outer = 100,
	  WIRE(1, 28, 64) },
	{ "qinq in band", H(MACS, TAG(0x88a8, 65), TAG(0x8100, 100), TYPE(0x86dd),
	  IP6(8, 17, A6, B6), UDP(1, 2, 8)), FLOW6(AA, 1, BB, 2, 17, AB), .vlan_outer = 65,
	  .vlan_inner = 100, WIRE(1, 48, 70) },
	{ "qinq, outer tag in metadata", H(MACS, TAG(0x8100, 100), TYPE(0x0800),
	  IP4(28, 17, A4, B4), UDP(1, 2, 8)), .len = 64, META(0x88a8, 65),
	  FLOW4(A, 1, B, 2, 17, AB), .vlan_outer = 65, .vlan_inner = 100, WIRE(1, 28, 68) },
	{ "three tags, outer in metadata", H(MACS, TAG(0x8100, 100), TAG(0x8100, 101),
	  TYPE(0x0800), IP4(28, 17, A4, B4), UDP(1, 2, 8)), .len = 64, META(0x88a8, 65),
	  FLOW4(A, 1, B, 2, 17, AB), .vlan_outer = 65, .vlan_inner = 100, WIRE(1, 28, 68) },
	{ "three tags in band", H(MACS, TAG(0x88a8, 65), TAG(0x8100, 100), TAG(0x8100, 101),
	  TYPE(0x0800), IP4(28, 17, A4, B4), UDP(1, 2, 8)), .len = 68,
	  NOFLOW(FT_C_NOT_IP_VLAN, 68) },
	{ "four tags, outer in metadata", H(MACS, TAG(0x8100, 65), TAG(0x8100, 100),
	  TAG(0x8100, 101), TYPE(0x0800), IP4(28, 17, A4, B4), UDP(1, 2, 8)), .len = 68,
	  META(0x88a8, 64), NOFLOW(FT_C_NOT_IP_VLAN, 72) },
	{ "priority tag in band is no VLAN", H(MACS, TAG(0x8100, 0xa000), TYPE(0x0800),
	  IP4(28, 17, A4, B4), UDP(1, 2, 8)), .len = 64, FLOW4(A, 1, B, 2, 17, AB),
	  WIRE(1, 28, 64) },
	{ "priority tag in metadata is no VLAN", H(ETH4, IP4(28, 17, A4, B4), UDP(1, 2, 8)),
	  .len = 60, META(0x8100, 0xa000), FLOW4(A, 1, B, 2, 17, AB), WIRE(1, 28, 64) },
	{ "priority tag around a VLAN", H(MACS, TAG(0x8100, 0), TAG(0x8100, 100), TYPE(0x0800),
	  IP4(28, 17, A4, B4), UDP(1, 2, 8)), .len = 64, FLOW4(A, 1, B, 2, 17, AB),
	  .vlan_outer = 100, WIRE(1, 28, 64) },
	{ "vlan id 4095", H(MACS, TAG(0x8100, 0xffff), TYPE(0x0800), IP4(28, 17, A4, B4),
	  UDP(1, 2, 8)), .len = 64, FLOW4(A, 1, B, 2, 17, AB), .vlan_outer = 4095,
	  WIRE(1, 28, 64) },
	{ "tag cut off", H(MACS, TAG(0x8100, 100)), NOFLOW(FT_C_BAD_ETHERNET, 16) },
	{ "pvid for an untagged frame", H(ETH4, IP4(28, 17, A4, B4), UDP(1, 2, 8)), .len = 60,
	  .vlan_aware = true, .pvid = 7, FLOW4(A, 1, B, 2, 17, AB), .vlan_outer = 7,
	  WIRE(1, 28, 60) },
	{ "pvid for a priority tag", H(ETH4, IP4(28, 17, A4, B4), UDP(1, 2, 8)), .len = 60,
	  .vlan_aware = true, .pvid = 7, META(0x8100, 0x2000), FLOW4(A, 1, B, 2, 17, AB),
	  .vlan_outer = 7, WIRE(1, 28, 64) },
	{ "pvid gives way to a tag", H(ETH4, IP4(28, 17, A4, B4), UDP(1, 2, 8)), .len = 60,
	  .vlan_aware = true, .pvid = 7, META(0x8100, 100), FLOW4(A, 1, B, 2, 17, AB),
	  .vlan_outer = 100, WIRE(1, 28, 64) },
	{ "vlan-aware without a pvid", H(ETH4, IP4(28, 17, A4, B4), UDP(1, 2, 8)), .len = 60,
	  .vlan_aware = true, FLOW4(A, 1, B, 2, 17, AB), WIRE(1, 28, 60) },

	/* super-packets */
	{ "gso tcp v4", H(ETH4, IP4(4240, 6, A4, B4), TCP(7, 8, 0x18)), .len = 4254,
	  .egress = true, GSO(1400, 3), FLOW4(A, 7, B, 8, 6, AB), .tcp_flags = 0x18,
	  WIRE(3, 4320, 4362) },
	{ "gso tcp v4, timestamps", H(ETH4, IP4(4252, 6, A4, B4), TCPD(7, 8, 8, 0x18)),
	  .len = 4266, .egress = true, GSO(1400, 3), FLOW4(A, 7, B, 8, 6, AB), .tcp_flags = 0x18,
	  WIRE(3, 4356, 4398) },
	{ "gro tcp v4 without gso_segs, last one short",
	  H(ETH4, IP4(2940, 6, B4, A4), TCP(8, 7, 0x10)), .len = 2954, GSO(1400, 0),
	  FLOW4(A, 7, B, 8, 6, BA), .tcp_flags = 0x10, WIRE(3, 3020, 3062) },
	{ "gro tcp v4, tag in metadata", H(ETH4, IP4(2940, 6, B4, A4), TCP(8, 7, 0x10)),
	  .len = 2954, GSO(1400, 3), META(0x8100, 100), FLOW4(A, 7, B, 8, 6, BA),
	  .vlan_outer = 100, .tcp_flags = 0x10, WIRE(3, 3020, 3074) },
	{ "gso tcp v4, tag in band", H(MACS, TAG(0x8100, 100), TYPE(0x0800),
	  IP4(2840, 6, A4, B4), TCP(7, 8, 0x10)), .len = 2858, .egress = true, GSO(1400, 2),
	  FLOW4(A, 7, B, 8, 6, AB), .vlan_outer = 100, .tcp_flags = 0x10, WIRE(2, 2880, 2916) },
	{ "gso tcp v6", H(ETH6, IP6(4220, 6, A6, B6), TCP(7, 8, 0x10)), .len = 4274,
	  .egress = true, GSO(1400, 3), FLOW6(AA, 7, BB, 8, 6, AB), .tcp_flags = 0x10,
	  WIRE(3, 4380, 4422) },
	{ "gso tcp v6 behind options", H(ETH6, IP6(2828, 60, A6, B6), EXT8(6), TCP(7, 8, 0x10)),
	  .len = 2882, GSO(1400, 2), FLOW6(AA, 7, BB, 8, 6, AB), .tcp_flags = 0x10,
	  WIRE(2, 2936, 2964) },
	{ "big tcp v6, payload length 0", H(ETH6, IP6(0, 6, A6, B6), TCP(7, 8, 0x10)),
	  .len = 67274, .egress = true, GSO(1400, 48), FLOW6(AA, 7, BB, 8, 6, AB),
	  .tcp_flags = 0x10, WIRE(48, 70080, 70752) },
	{ "big tcp v4, total length 0", H(ETH4, IP4(0, 6, A4, B4), TCP(7, 8, 0x10)),
	  .len = 67254, .egress = true, GSO(1400, 48), FLOW4(A, 7, B, 8, 6, AB),
	  .tcp_flags = 0x10, WIRE(48, 69120, 69792) },
	{ "uso v4", H(ETH4, IP4(5028, 17, A4, B4), UDP(7, 8, 5008)), .len = 5042, .egress = true,
	  GSO(1000, 5), FLOW4(A, 7, B, 8, 17, AB), WIRE(5, 5140, 5210) },
	{ "uso v6 without gso_segs", H(ETH6, IP6(2508, 17, A6, B6), UDP(7, 8, 2508)), .len = 2562,
	  GSO(1000, 0), FLOW6(AA, 7, BB, 8, 17, AB), WIRE(3, 2644, 2686) },
	{ "gso_size with one segment", H(ETH4, IP4(540, 6, A4, B4), TCP(7, 8, 0x10)), .len = 554,
	  .egress = true, GSO(1400, 1), FLOW4(A, 7, B, 8, 6, AB), .tcp_flags = 0x10,
	  WIRE(1, 540, 554) },
	{ "gso vxlan, inner tcp v4", H(ETH4, IP4(4090, 17, A4, B4), UDP(40000, 4789, 4070), VXLAN,
	  ETH4, IP4(4040, 6, B4, A4), TCP(7, 8, 0x10)), .len = 4104, .egress = true,
	  GSO(1000, 4), FLOW4(A, 40000, B, 4789, 17, AB), WIRE(4, 4360, 4416) },
	{ "gro vxlan on 8472, inner vlan and tcp v6, without gso_segs",
	  H(ETH4, IP4(4114, 17, A4, B4), UDP(40000, 8472, 4094), VXLAN, MACS, TAG(0x8100, 5),
	    TYPE(0x86dd), IP6(4020, 6, A6, B6), TCP(7, 8, 0x10)), .len = 4128,
	  GSO(1000, 0), FLOW4(A, 40000, B, 8472, 17, AB), WIRE(4, 4456, 4512) },
	{ "gso vxlan over v6, inner udp v4", H(ETH6, IP6(4058, 17, A6, B6),
	  UDP(40000, 4789, 4058), VXLAN, ETH4, IP4(4028, 17, B4, A4), UDP(7, 8, 4008)),
	  .len = 4112, .egress = true, GSO(1000, 4), FLOW6(AA, 40000, BB, 4789, 17, AB),
	  WIRE(4, 4392, 4448) },
	{ "gro geneve with 8 octets of options, inner tcp v4",
	  H(ETH4, IP4(4098, 17, A4, B4), UDP(40000, 6081, 4078), 2, 0, W(0x6558), L(42 << 8), L(0),
	    L(0), ETH4, IP4(4040, 6, B4, A4), TCP(7, 8, 0x10)), .len = 4112, GSO(1000, 4),
	  FLOW4(A, 40000, B, 6081, 17, AB), WIRE(4, 4392, 4448) },
	{ "gso gre with key, inner tcp v4", H(ETH4, IP4(4068, 47, A4, B4), W(0x2000), W(0x0800),
	  L(4711), IP4(4040, 6, B4, A4), TCP(7, 8, 0x10)), .len = 4082, GSO(1000, 4),
	  FLOW4(A, 0, B, 0, 47, AB), .flags = FT_ENTRY_EXTRA_GRE, .extra = 4711,
	  WIRE(4, 4272, 4328) },
	{ "gso gretap, inner tcp v4", H(ETH4, IP4(4078, 47, A4, B4), W(0), W(0x6558), ETH4,
	  IP4(4040, 6, B4, A4), TCP(7, 8, 0x10)), .len = 4092, GSO(1000, 4),
	  FLOW4(A, 0, B, 0, 47, AB), WIRE(4, 4312, 4368) },
	{ "gso ipip, inner tcp", H(ETH4, IP4(4060, 4, A4, B4), IP4(4040, 6, B4, A4),
	  TCP(7, 8, 0x10)), .len = 4074, GSO(1000, 4), FLOW4(A, 0, B, 0, 4, AB),
	  WIRE(4, 4240, 4296) },
	{ "gso 6in4, inner tcp", H(ETH4, IP4(4080, 41, A4, B4), IP6(4020, 6, A6, B6),
	  TCP(7, 8, 0x10)), .len = 4094, GSO(1000, 4), FLOW4(A, 0, B, 0, 41, AB),
	  WIRE(4, 4320, 4376) },
	{ "gso 4in6, inner udp", H(ETH6, IP6(4028, 4, A6, B6), IP4(4028, 17, B4, A4),
	  UDP(7, 8, 4008)), .len = 4082, GSO(1000, 4), FLOW6(AA, 0, BB, 0, 4, AB),
	  WIRE(4, 4272, 4328) },
	{ "gso of an unknown tunnel: at least the outer headers, marked inexact",
	  H(ETH4, IP4(4186, 50, A4, B4), L(0xc0ffee01), L(1)), .len = 4200, GSO(1000, 4),
	  FLOW4(A, 0, B, 0, 50, AB), .flags = FT_ENTRY_EXTRA_SPI | FT_ENTRY_INEXACT,
	  .extra = 0xc0ffee01, WIRE(4, 4246, 4302) },

	{ "gro that is malformed: segments by gso_segs, the link-layer header repeats",
	  H(ETH4, IP4H(0x44, 4040, 6, A4, B4), TCP(7, 8, 0x10)), .len = 4054, GSO(1000, 4),
	  .verdict = FT_C_BAD_IP_HEADER, .packets = 4, .l2_bytes = 4096 },
	{ "gro of a fragment: there is no such thing, so its headers aren't known",
	  H(ETH4, IP4F(4040, 0x7777, 1, 6, B4, A4), TCP(7, 8, 0x10)), .len = 4054, GSO(1000, 4),
	  FLOW4(A, 0, B, 0, 6, BA), .flags = FT_ENTRY_FRAGMENT | FT_ENTRY_INEXACT,
	  WIRE(4, 4100, 4156) },
	{ "gro ipip, version 5 inside",
	  H(ETH4, IP4(4060, 4, A4, B4), IP4H(0x55, 4040, 6, A4, B4), TCP(7, 8, 0x10)),
	  .len = 4074, GSO(1000, 4), FLOW4(A, 0, B, 0, 4, AB), .flags = FT_ENTRY_INEXACT,
	  WIRE(4, 4120, 4176) },
	{ "gro ipip, a tcp header of 16 octets inside",
	  H(ETH4, IP4(4060, 4, A4, B4), IP4(4040, 6, A4, B4), TCPD(7, 8, 4, 0x10)),
	  .len = 4074, GSO(1000, 4), FLOW4(A, 0, B, 0, 4, AB), .flags = FT_ENTRY_INEXACT,
	  WIRE(4, 4120, 4176) },
	{ "gro 6in4, a fragment header inside",
	  H(ETH4, IP4(4088, 41, A4, B4), IP6(4028, 44, A6, B6), FRAG6(6, 0, 1, 7),
	    TCP(7, 8, 0x10)), .len = 4102, GSO(1000, 4), FLOW4(A, 0, B, 0, 41, AB),
	  .flags = FT_ENTRY_INEXACT, WIRE(4, 4148, 4204) },
	{ "gro of mpls", H(MACS, TYPE(0x8847), L(0x00010140), IP4(4040, 6, A4, B4),
	  TCP(7, 8, 0x10)), .len = 4058, GSO(1000, 4), .verdict = FT_C_NOT_IP_MPLS,
	  .packets = 4, .l2_bytes = 4100 },

	/* not IP */
	{ "arp", H(MACS, TYPE(0x0806), W(1), W(0x0800), 6, 4, W(1)), .len = 60,
	  NOFLOW(FT_C_NOT_IP_ARP, 60) },
	{ "arp, unpadded at egress", H(MACS, TYPE(0x0806), W(1), W(0x0800), 6, 4, W(1)), .len = 42,
	  .egress = true, NOFLOW(FT_C_NOT_IP_ARP, 42) },
	{ "arp, tag in metadata", H(MACS, TYPE(0x0806), W(1), W(0x0800), 6, 4, W(1)), .len = 60,
	  META(0x8100, 100), NOFLOW(FT_C_NOT_IP_ARP, 64) },
	{ "arp, tag in band", H(MACS, TAG(0x8100, 100), TYPE(0x0806), W(1), W(0x0800)), .len = 64,
	  NOFLOW(FT_C_NOT_IP_ARP, 64) },
	{ "stp", H(MACS, TYPE(38), 0x42, 0x42, 3), .len = 60, NOFLOW(FT_C_NOT_IP_STP, 60) },
	{ "lldp", H(MACS, TYPE(0x88cc), 2, 7), .len = 60, NOFLOW(FT_C_NOT_IP_LLDP, 60) },
	{ "eapol", H(MACS, TYPE(0x888e), 1, 1), .len = 60, NOFLOW(FT_C_NOT_IP_EAPOL, 60) },
	{ "mpls", H(MACS, TYPE(0x8847), L(0x00010140), IP4(28, 17, A4, B4), UDP(1, 2, 8)),
	  .len = 60, NOFLOW(FT_C_NOT_IP_MPLS, 60) },
	{ "mpls multicast", H(MACS, TYPE(0x8848), L(0x00010140)), .len = 60,
	  NOFLOW(FT_C_NOT_IP_MPLS, 60) },
	{ "pppoe discovery", H(MACS, TYPE(0x8863), 0x11, 9), .len = 60,
	  NOFLOW(FT_C_NOT_IP_PPPOE, 60) },
	{ "pppoe session", H(MACS, TYPE(0x8864), 0x11, 0, W(1), W(30), W(0x21),
	  IP4(28, 17, A4, B4), UDP(1, 2, 8)), .len = 60, NOFLOW(FT_C_NOT_IP_PPPOE, 60) },
	{ "ptp", H(MACS, TYPE(0x88f7), 0), .len = 60, NOFLOW(FT_C_NOT_IP_OTHER, 60) },

	/* malformed */
	{ "ethernet header cut off", H(2, 0, 0, 0, 0, 2, 2, 0, 0, 0), NOFLOW(FT_C_BAD_ETHERNET, 10) },
	{ "v4 header cut off", H(ETH4, 0x45, 0, W(28), W(1), W(0), 64, 17, 0, 0, A4, 10, 0, 0),
	  NOFLOW(FT_C_BAD_IP_HEADER, 33) },
	{ "v4 of version 5", H(ETH4, IP4H(0x55, 28, 17, A4, B4), UDP(1, 2, 8)), .len = 60,
	  NOFLOW(FT_C_BAD_IP_HEADER, 60) },
	{ "v4 ihl 4", H(ETH4, IP4H(0x44, 28, 17, A4, B4), UDP(1, 2, 8)), .len = 60,
	  NOFLOW(FT_C_BAD_IP_HEADER, 60) },
	{ "v4 options cut off", H(ETH4, IP4H(0x4f, 28, 17, A4, B4), UDP(1, 2, 8)), .len = 60,
	  NOFLOW(FT_C_BAD_IP_HEADER, 60) },
	{ "v4 total length larger than the frame", H(ETH4, IP4(47, 17, A4, B4), UDP(1, 2, 8)),
	  .len = 60, NOFLOW(FT_C_BAD_IP_LENGTH, 60) },
	{ "v4 total length smaller than the header", H(ETH4, IP4(19, 17, A4, B4), UDP(1, 2, 8)),
	  .len = 60, NOFLOW(FT_C_BAD_IP_LENGTH, 60) },
	{ "v4 total length 0", H(ETH4, IP4(0, 17, A4, B4), UDP(1, 2, 8)), .len = 60,
	  NOFLOW(FT_C_BAD_IP_LENGTH, 60) },
	{ "v6 header cut off", H(ETH6, 0x60, 0, 0, 0, W(8), 17, 64, A6), .len = 53,
	  NOFLOW(FT_C_BAD_IP_HEADER, 53) },
	{ "v6 of version 4", H(ETH6, 0x45, 0, 0, 0, W(8), 17, 64, A6, B6, UDP(1, 2, 8)),
	  NOFLOW(FT_C_BAD_IP_HEADER, 62) },
	{ "v6 payload larger than the frame", H(ETH6, IP6(9, 17, A6, B6), UDP(1, 2, 8)),
	  NOFLOW(FT_C_BAD_IP_LENGTH, 62) },
	{ "v4 tcp header cut off by the IP length", H(ETH4, IP4(39, 6, A4, B4), TCP(7, 8, 0x10)),
	  .len = 60, NOFLOW(FT_C_BAD_L4, 60) },
	{ "v4 tcp doff 4", H(ETH4, IP4(40, 6, A4, B4), TCPD(7, 8, 4, 0x10)), .len = 60,
	  NOFLOW(FT_C_BAD_L4, 60) },
	{ "v4 tcp options cut off", H(ETH4, IP4(40, 6, A4, B4), TCPD(7, 8, 6, 0x10)), .len = 60,
	  NOFLOW(FT_C_BAD_L4, 60) },
	{ "v4 udp header cut off", H(ETH4, IP4(27, 17, A4, B4), UDP(1, 2, 8)), .len = 60,
	  NOFLOW(FT_C_BAD_L4, 60) },
	{ "v4 sctp header cut off", H(ETH4, IP4(31, 132, A4, B4), SCTP(1, 2)), .len = 60,
	  NOFLOW(FT_C_BAD_L4, 60) },
	{ "icmp header cut off", H(ETH4, IP4(27, 1, A4, B4), ICMP(8, 0, 1)), .len = 60,
	  NOFLOW(FT_C_BAD_L4, 60) },
	{ "icmpv6 header cut off", H(ETH6, IP6(7, 58, A6, B6), ICMP(128, 0, 1)), .len = 62,
	  NOFLOW(FT_C_BAD_L4, 62) },
	{ "v6 tcp header cut off behind options",
	  H(ETH6, IP6(27, 60, A6, B6), EXT8(6), TCP(7, 8, 0x10)), NOFLOW(FT_C_BAD_L4, 82) },

	/* devices without a link-layer header */
	{ "l3 v4 udp", H(IP4(28, 17, A4, B4), UDP(1, 2, 8)), .link = FT_CASE_L3, .egress = true,
	  FLOW4(A, 1, B, 2, 17, AB), WIRE(1, 28, 28) },
	{ "l3 v6 tcp", H(IP6(20, 6, B6, A6), TCP(8, 7, 0x11)), .link = FT_CASE_L3,
	  FLOW6(AA, 7, BB, 8, 6, BA), .tcp_flags = 0x11, WIRE(1, 60, 60) },
	{ "l3 gso tcp v4", H(IP4(4240, 6, A4, B4), TCP(7, 8, 0x18)), .len = 4240,
	  .link = FT_CASE_L3, .egress = true, GSO(1400, 3), FLOW4(A, 7, B, 8, 6, AB),
	  .tcp_flags = 0x18, WIRE(3, 4320, 4320) },
	{ "l3 v4 cut off", H(0x45, 0, W(20), W(1), W(0), 64, 17), .link = FT_CASE_L3,
	  NOFLOW(FT_C_BAD_IP_HEADER, 10) },

	/* capture files: link types, snap lengths */
	{ "raw, neither v4 nor v6", H(0x55, 0, W(20), L(0), L(0), L(0), L(0)), .cap_len = 20,
	  .link = FT_CASE_L3, NOFLOW(FT_C_BAD_IP_HEADER, 20) },
	{ "sll v4", H(SLL(0x0800), IP4(28, 17, A4, B4), UDP(1, 2, 8)), .link = FT_CASE_SLL,
	  FLOW4(A, 1, B, 2, 17, AB), WIRE(1, 28, 28) },
	{ "sll vlan v6", H(SLL(0x8100), W(100), W(0x86dd), IP6(8, 17, A6, B6), UDP(1, 2, 8)),
	  .link = FT_CASE_SLL, FLOW6(AA, 1, BB, 2, 17, AB), .vlan_outer = 100, WIRE(1, 48, 52) },
	{ "sll arp", H(SLL(0x0806), L(0)), .link = FT_CASE_SLL, NOFLOW(FT_C_NOT_IP_ARP, 4) },
	{ "sll spanning tree", H(SLL(0x0004), L(0)), .link = FT_CASE_SLL,
	  NOFLOW(FT_C_NOT_IP_STP, 4) },
	{ "sll cut off", H(W(0), W(1), W(6)), .link = FT_CASE_SLL, NOFLOW(FT_C_BAD_ETHERNET, 6) },
	{ "sll2 v6", H(SLL2(0x86dd), IP6(8, 17, A6, B6), UDP(1, 2, 8)), .link = FT_CASE_SLL2,
	  FLOW6(AA, 1, BB, 2, 17, AB), WIRE(1, 48, 48) },
	{ "null v4, little-endian", H(2, 0, 0, 0, IP4(28, 17, LO4, LO4), UDP(1, 2, 8)),
	  .link = FT_CASE_NULL, FLOW4("127.0.0.1", 1, "127.0.0.1", 2, 17, AB), WIRE(1, 28, 28) },
	{ "null v6, big-endian, of macOS", H(0, 0, 0, 30, IP6(8, 17, A6, B6), UDP(1, 2, 8)),
	  .link = FT_CASE_NULL, FLOW6(AA, 1, BB, 2, 17, AB), WIRE(1, 48, 48) },
	{ "null of another family", H(7, 0, 0, 0, L(0)), .link = FT_CASE_NULL,
	  NOFLOW(FT_C_NOT_IP_OTHER, 4) },
	{ "snaplen 64: payload gone", H(ETH4, IP4(1500, 6, A4, B4), TCP(7, 8, 0x10)),
	  .len = 1514, .cap_len = 64, FLOW4(A, 7, B, 8, 6, AB), .tcp_flags = 0x10,
	  WIRE(1, 1500, 1514) },
	{ "snaplen 40: ports yes, flags no", H(ETH4, IP4(1500, 6, A4, B4), TCP(7, 8, 0x10)),
	  .len = 1514, .cap_len = 40, FLOW4(A, 7, B, 8, 6, AB), WIRE(1, 1500, 1514) },
	{ "snaplen 36: no ports", H(ETH4, IP4(1500, 6, A4, B4), TCP(7, 8, 0x10)),
	  .len = 1514, .cap_len = 36, FLOW4(A, 0, B, 0, 6, AB), WIRE(1, 1500, 1514) },
	{ "snaplen 40, yet the wire cut it off", H(ETH4, IP4(39, 6, A4, B4), TCP(7, 8, 0x10)),
	  .len = 60, .cap_len = 40, NOFLOW(FT_C_BAD_L4, 60) },
	{ "snaplen 36: icmp without id", H(ETH4, IP4(84, 1, A4, B4), ICMP(8, 0, 77)), .len = 98,
	  .cap_len = 36, FLOW4(A, 0, B, 0x0800, 1, AB), WIRE(1, 84, 98) },
	{ "snaplen 56: chain out of reach", H(ETH6, IP6(16, 60, A6, B6), EXT8(17), UDP(1, 2, 8)),
	  .cap_len = 54, FLOW6(AA, 0, BB, 0, 60, AB), WIRE(1, 56, 70) },
	{ "snaplen 30: IP header out of reach", H(ETH4, IP4(84, 1, A4, B4), ICMP(8, 0, 77)),
	  .len = 98, .cap_len = 30, NOFLOW(FT_C_LOST_OTHER, 98) },
	{ "snaplen 10: link-layer header out of reach", H(ETH4, IP4(84, 1, A4, B4)), .len = 98,
	  .cap_len = 10, NOFLOW(FT_C_LOST_OTHER, 98) },
};

const struct ft_packet_case *ft_packet_cases(size_t *ret_count)
{
	*ret_count = sizeof(cases) / sizeof(cases[0]);
	return cases;
}

bool ft_packet_case_in_kernel(const struct ft_packet_case *c)
{
	return c->cap_len == 0 && (c->link == FT_CASE_ETHERNET || c->link == FT_CASE_L3);
}

size_t ft_packet_case_bytes(const struct ft_packet_case *c, uint8_t *buf, size_t size)
{
	size_t len = c->len ? c->len : c->head_len;
	size_t head = c->head_len < len ? c->head_len : len;

	if (len > size)
		return 0;
	memcpy(buf, c->head, head);
	memset(buf + head, 0, len - head);
	return len;
}

/* Text to 16 octets, IPv4 mapped. */
static void address(const char *text, uint8_t ret_addr[16])
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	memset(ret_addr, 0, 16);
	if (inet_pton(AF_INET6, text, ret_addr) == 1)
		return;
	memcpy(ret_addr, mapped, sizeof(mapped));
	(void)inet_pton(AF_INET, text, ret_addr + 12);
}

void ft_packet_case_key(const struct ft_packet_case *c, uint16_t scope,
			struct ft_flow_key *ret_key)
{
	memset(ret_key, 0, sizeof(*ret_key));
	address(c->a, ret_key->addr_a);
	address(c->b, ret_key->addr_b);
	ret_key->port_a_be = htons(c->a_port);
	ret_key->port_b_be = htons(c->b_port);
	ret_key->vlan_outer = c->vlan_outer;
	ret_key->vlan_inner = c->vlan_inner;
	ret_key->protocol = c->protocol;
	ret_key->ip_version = c->ip_version;
	ret_key->scope = scope;
}

uint32_t ft_packet_case_wire_len(const struct ft_packet_case *c)
{
	return (uint32_t)(c->l2_bytes - (c->vlan_valid ? 4 * c->packets : 0));
}
