/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sender that knows what it sent, for live tests: the oracle for exact counts.
 *
 * Frames are built by hand, outermost header last, and sent through AF_PACKET, so that anything
 * can be sent: tags, extension headers, fragments, super-packets (virtio header), rubbish. Two
 * kinds use sockets instead (udpsock, tcpsock), and sink receives. One line of JSON on stdout
 * says what went out, as flowtop is to count it:
 *	{"kind":"udp","frames":10,"packets":10,"bytes":920,"l2_bytes":1060}
 * frames: what the device was given; packets, bytes (L3), l2_bytes: wire packets, each segment of
 * a super-packet being one. For rubbish and what is not IP, bytes is 0.
 *
 * Test code: it dies on the first error, with exit status 1 and a sentence.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <linux/tcp.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define MAX_FRAME 65536
#define HEADROOM 512
#define MAX_LIST 12

/* What to send; filled from the command line. */
struct spec {
	const char *kind, *ifname, *bad;
	uint8_t family; /* 4 or 6 */
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
	unsigned count, flows, size, gap_us;
	unsigned frag;  /* L4 bytes in a fragment, 0 = none */
	unsigned gso;   /* payload bytes in a segment, 0 = none */
	unsigned pad;   /* frames are padded to this length */
	unsigned ipopt; /* bytes of IPv4 options */
	uint8_t tcp_flags, ttl;
	bool orphans; /* leave the first fragment out */
	int number;   /* protocol of kind "proto", SPI, GRE key, ICMP id */
	int icmp_type, icmp_code;
	uint8_t ext[MAX_LIST];
	unsigned ext_count;
	struct {
		uint16_t proto, tci;
	} vlan[MAX_LIST];
	unsigned vlan_count;
	uint8_t smac[6], dmac[6];
};

struct tally {
	uint64_t frames, packets, bytes, l2_bytes;
};

/* A frame under construction: grows towards both ends. */
struct frame {
	uint8_t buf[HEADROOM + MAX_FRAME];
	unsigned start, end;
	unsigned l4;     /* where the transport header begins */
	unsigned l4_len; /* its length */
};

static int packet_fd = -1;
static bool l3_device;
static struct sockaddr_ll out_addr;
static uint16_t ip_id;

static uint8_t *push_front(struct frame *f, unsigned n)
{
	if (f->start < n)
		errx(1, "headers too long");
	f->start -= n;
	return memset(f->buf + f->start, 0, n);
}

static uint8_t *push_back(struct frame *f, unsigned n, int fill)
{
	uint8_t *at = f->buf + f->end;

	if (f->end + n > sizeof(f->buf))
		errx(1, "frame too long");
	f->end += n;
	return memset(at, fill, n);
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static uint32_t sum16(const uint8_t *data, size_t len, uint32_t sum)
{
	for (; len > 1; data += 2, len -= 2)
		sum += (uint32_t)(data[0] << 8 | data[1]);
	if (len)
		sum += (uint32_t)data[0] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t pseudo_sum(const struct spec *s, uint8_t protocol, unsigned len)
{
	unsigned n = s->family == 4 ? 4 : 16;

	return sum16(s->src, n, sum16(s->dst, n, protocol + len));
}

/* The protocol number that the kind stands for; -1: not IP. */
static int kind_protocol(const struct spec *s)
{
	static const struct {
		const char *kind;
		int protocol;
	} kinds[] = { { "udp", 17 },   { "tcp", 6 },  { "icmp", 1 }, { "icmpv6", 58 },
		      { "sctp", 132 }, { "gre", 47 }, { "esp", 50 } };

	if (!strcmp(s->kind, "proto"))
		return s->number;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(s->kind, kinds[i].kind))
			return kinds[i].protocol;
	return -1;
}

/* Length of the transport header of this protocol. */
static unsigned l4_header(int protocol)
{
	switch (protocol) {
	case 6: return 20;
	case 132: return 12;
	case 1: case 17: case 50: case 58: return 8;
	case 47: return 8; /* with key */
	default: return 0;
	}
}

/* Transport header and payload, `flow` moves the source port. */
static void build_l4(struct frame *f, const struct spec *s, int protocol, unsigned flow)
{
	unsigned sport = (uint16_t)(s->sport + flow);
	int checksum_at = -1;
	uint8_t *h;

	f->l4 = f->start;
	f->l4_len = l4_header(protocol);
	h = push_back(f, f->l4_len, 0);
	push_back(f, s->size, 0xa5);
	switch (protocol) {
	case 17:
		put16(h + 4, 8 + s->size);
		checksum_at = 6;
		break;
	case 6:
		put32(h + 4, 1);
		h[12] = s->bad && !strcmp(s->bad, "doff") ? 0x20 : 0x50;
		h[13] = s->tcp_flags;
		put16(h + 14, 65535);
		checksum_at = 16;
		break;
	case 1:
	case 58:
		h[0] = s->icmp_type >= 0 ? s->icmp_type : protocol == 1 ? 8 : 128;
		h[1] = s->icmp_code;
		put16(h + 4, (uint16_t)(s->number + (int)flow));
		put16(h + 2, 0xffff & ~fold(sum16(h, f->end - f->l4,
						  protocol == 58 ? pseudo_sum(s, 58, f->end - f->l4) : 0)));
		break;
	case 47:
		h[0] = 0x20; /* key present */
		put16(h + 2, 0x88be);
		put32(h + 4, s->number);
		break;
	case 50:
		put32(h, s->number);
		break;
	}
	if (protocol == 6 || protocol == 17 || protocol == 132) {
		put16(h, sport);
		put16(h + 2, s->dport);
	}
	if (checksum_at >= 0) {
		uint32_t pseudo = pseudo_sum(s, protocol, f->end - f->l4);

		/* A super-packet's checksum is left to the device: only the pseudo header. */
		put16(h + checksum_at,
		      s->gso ? fold(pseudo) : 0xffff & ~fold(sum16(h, f->end - f->l4, pseudo)));
	}
}

/* One extension header in front of what is there; returns its number for the previous one. */
static uint8_t build_ext(struct frame *f, uint8_t type, uint8_t next)
{
	uint8_t *h = push_front(f, type == 51 ? 16 : 8);

	h[0] = next;
	if (type == 51)
		h[1] = 2; /* AH counts in 4 bytes, less 2 */
	if (type == 0 || type == 60) {
		h[2] = 1; /* PadN over the rest */
		h[3] = 4;
	}
	return type;
}

/* The IP header. frag_offset in bytes; more: more fragments follow; -1: not a fragment. */
static void build_ip(struct frame *f, const struct spec *s, uint8_t next, int frag_offset, bool more)
{
	unsigned options = (s->ipopt + 3) & ~3U, payload;
	uint8_t *h;

	if (s->family == 4) {
		payload = f->end - f->start;
		h = push_front(f, 20 + options);
		h[0] = 0x40 | (5 + options / 4);
		put16(h + 2, 20 + options + payload);
		put16(h + 4, ip_id);
		if (frag_offset >= 0)
			put16(h + 6, (unsigned)frag_offset / 8 | (more ? 0x2000 : 0));
		else
			put16(h + 6, 0x4000);
		h[8] = s->ttl;
		h[9] = next;
		memcpy(h + 12, s->src, 4);
		memcpy(h + 16, s->dst, 4);
		memset(h + 20, 1, options); /* no-operation */
		put16(h + 10, 0xffff & ~fold(sum16(h, 20 + options, 0)));
		return;
	}
	if (frag_offset >= 0) {
		h = push_front(f, 8);
		h[0] = next;
		put16(h + 2, (unsigned)frag_offset | more);
		put32(h + 4, ip_id);
		next = 44;
	}
	for (unsigned i = s->ext_count; i > 0; i--)
		next = build_ext(f, s->ext[i - 1], next);
	payload = f->end - f->start;
	h = push_front(f, 40);
	h[0] = 0x60;
	put16(h + 4, payload);
	h[6] = next;
	h[7] = s->ttl;
	memcpy(h + 8, s->src, 16);
	memcpy(h + 24, s->dst, 16);
}

/* Spoils a finished IP packet in the way asked for. */
static void spoil(struct frame *f, const struct spec *s)
{
	uint8_t *ip = f->buf + f->start;
	unsigned header = s->family == 4 ? 20 + ((s->ipopt + 3) & ~3U) : 40;

	if (!s->bad || !strcmp(s->bad, "doff"))
		return;
	if (!strcmp(s->bad, "version"))
		ip[0] = 0x70 | (ip[0] & 15);
	else if (!strcmp(s->bad, "ihl"))
		ip[0] = (ip[0] & 0xf0) | 4;
	else if (!strcmp(s->bad, "length"))
		put16(ip + (s->family == 4 ? 2 : 4), f->end - f->start + 100);
	else if (!strcmp(s->bad, "short"))
		f->end = f->start + 10;
	else if (!strcmp(s->bad, "l4") || !strcmp(s->bad, "ext")) {
		f->end = f->start + header + 3; /* consistent lengths, cut within the next header */
		put16(ip + (s->family == 4 ? 2 : 4), s->family == 4 ? header + 3 : 3);
	} else
		errx(1, "unknown way to spoil: %s", s->bad);
}

static void build_l2(struct frame *f, const struct spec *s, uint16_t ethertype)
{
	uint8_t *h;

	if (l3_device)
		return;
	for (unsigned i = s->vlan_count; i > 0; i--) {
		h = push_front(f, 4);
		put16(h, s->vlan[i - 1].tci);
		put16(h + 2, ethertype);
		ethertype = s->vlan[i - 1].proto;
	}
	h = push_front(f, 14);
	memcpy(h, s->dmac, 6);
	memcpy(h + 6, s->smac, 6);
	put16(h + 12, ethertype);
	if (f->end - f->start < s->pad)
		push_back(f, s->pad - (f->end - f->start), 0);
}

/* Sends a finished frame, as a super-packet if asked for, and counts it. */
static void send_frame(const struct frame *f, const struct spec *s, unsigned l3_len,
		       struct tally *t)
{
	struct virtio_net_hdr vnet = { 0 };
	unsigned len = f->end - f->start, segments = 1, l3_headers = 0;
	struct iovec iov[2] = { { &vnet, sizeof(vnet) },
				{ (void *)(uintptr_t)(f->buf + f->start), len } };
	struct msghdr msg = { .msg_name = &out_addr, .msg_namelen = sizeof(out_addr),
			      .msg_iov = s->gso ? iov : iov + 1, .msg_iovlen = s->gso ? 2 : 1 };
	ssize_t n;

	if (s->gso) {
		bool tcp = !strcmp(s->kind, "tcp");

		vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		vnet.csum_start = f->l4 - f->start;
		vnet.csum_offset = tcp ? 16 : 6;
		vnet.hdr_len = vnet.csum_start + f->l4_len;
		vnet.gso_size = s->gso;
		vnet.gso_type = !tcp ? VIRTIO_NET_HDR_GSO_UDP_L4 :
				s->family == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
		segments = (s->size + s->gso - 1) / s->gso;
		l3_headers = l3_len - s->size;
	}
	do
		n = sendmsg(packet_fd, &msg, 0);
	while (n < 0 && (errno == ENOBUFS || errno == EINTR));
	if (n < 0)
		err(1, "sendmsg of %u bytes", len);
	t->frames++;
	t->packets += segments;
	t->bytes += l3_len + (uint64_t)(segments - 1) * l3_headers;
	t->l2_bytes += len + (uint64_t)(segments - 1) * (len - s->size);
	if (s->gap_us)
		usleep(s->gap_us);
}

/* Wraps the L4 bytes [from, to) of `whole` (all of them if frag_offset < 0), and sends them. */
static void send_ip(const struct frame *whole, const struct spec *s, uint8_t protocol, int from,
		    unsigned to, bool more, struct tally *t)
{
	static struct frame f;
	unsigned l3_len, first = from < 0 ? 0 : (unsigned)from;

	f.start = f.end = f.l4 = HEADROOM;
	f.l4_len = whole->l4_len;
	memcpy(push_back(&f, to - first, 0), whole->buf + whole->l4 + first, to - first);
	build_ip(&f, s, protocol, from, more);
	spoil(&f, s);
	l3_len = s->bad ? 0 : f.end - f.start;
	build_l2(&f, s, s->family == 4 ? ETHERTYPE_IP : ETHERTYPE_IPV6);
	send_frame(&f, s, l3_len, t);
}

static void send_datagram(const struct spec *s, int protocol, unsigned flow, struct tally *t)
{
	static struct frame whole;
	unsigned len, at;

	whole.start = whole.end = HEADROOM;
	build_l4(&whole, s, protocol, flow);
	len = whole.end - whole.l4;
	ip_id++;
	if (!s->frag) {
		send_ip(&whole, s, protocol, -1, len, false, t);
		return;
	}
	for (at = 0; at < len; at += s->frag) {
		unsigned to = at + s->frag < len ? at + s->frag : len;

		if (at || !s->orphans)
			send_ip(&whole, s, protocol, at, to, to < len, t);
	}
}

/* Frames that are not IP: nothing but an EtherType and rubbish behind it. */
static void send_not_ip(const struct spec *s, struct tally *t)
{
	static const struct {
		const char *kind;
		uint16_t ethertype;
	} kinds[] = { { "arp", 0x0806 },   { "lldp", 0x88cc }, { "eapol", 0x888e },
		      { "mpls", 0x8847 },  { "pppoe", 0x8864 }, { "stp", 38 },
		      { "other", 0x88b5 } };
	static struct frame f;
	unsigned ethertype = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(s->kind, kinds[i].kind))
			ethertype = kinds[i].ethertype;
	if (!ethertype)
		errx(1, "unknown kind: %s", s->kind);
	f.start = f.end = HEADROOM;
	push_back(&f, s->size, 0x42);
	build_l2(&f, s, ethertype);
	send_frame(&f, s, 0, t);
}

static void open_packet(struct spec *s)
{
	struct ifreq ifr = { 0 };
	int on = 1, protocol = kind_protocol(s);

	packet_fd = socket(AF_PACKET, SOCK_RAW, 0); /* 0: it receives nothing */
	if (packet_fd < 0)
		err(1, "socket(AF_PACKET)");
	if (!s->ifname || strlen(s->ifname) >= sizeof(ifr.ifr_name))
		errx(1, "which interface? (-i IF)");
	strcpy(ifr.ifr_name, s->ifname);
	if (ioctl(packet_fd, SIOCGIFHWADDR, &ifr))
		err(1, "%s", s->ifname);
	l3_device = ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER &&
		    ifr.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK;
	if (!memcmp(s->smac, "\0\0\0\0\0\0", 6))
		memcpy(s->smac, ifr.ifr_hwaddr.sa_data, 6);
	if (s->gso && setsockopt(packet_fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)))
		err(1, "PACKET_VNET_HDR");
	out_addr.sll_family = AF_PACKET;
	out_addr.sll_ifindex = if_nametoindex(s->ifname);
	out_addr.sll_halen = 6;
	memcpy(out_addr.sll_addr, s->dmac, 6);
	out_addr.sll_protocol = htons(s->vlan_count ? s->vlan[0].proto :
				      protocol < 0  ? ETH_P_ALL :
				      s->family == 4 ? ETH_P_IP : ETH_P_IPV6);
}

/* A socket address of the wanted end. */
static socklen_t end_address(const struct spec *s, const uint8_t *addr, unsigned port,
			     struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (s->family == 4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, addr, 4);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, addr, 16);
	return sizeof(*in6);
}

static int open_socket(const struct spec *s, int type)
{
	struct sockaddr_storage local, remote;
	socklen_t local_len = end_address(s, s->src, s->sport, &local);
	socklen_t remote_len = end_address(s, s->dst, s->dport, &remote);
	int on = 1, fd = socket(s->family == 4 ? AF_INET : AF_INET6, type, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		err(1, "socket");
	if (bind(fd, (struct sockaddr *)&local, local_len))
		err(1, "bind");
	if (connect(fd, (struct sockaddr *)&remote, remote_len))
		err(1, "connect");
	return fd;
}

/* Datagrams through a socket, with UDP_SEGMENT if --gso. */
static void send_udp_socket(const struct spec *s, struct tally *t)
{
	static char payload[MAX_FRAME];
	unsigned segments = s->gso ? (s->size + s->gso - 1) / s->gso : 1;
	unsigned headers = (s->family == 4 ? 20 : 40) + 8;
	int gso = s->gso, fd = open_socket(s, SOCK_DGRAM);

	if (gso && setsockopt(fd, SOL_UDP, UDP_SEGMENT, &gso, sizeof(gso)))
		err(1, "UDP_SEGMENT");
	for (unsigned i = 0; i < s->count; i++) {
		/* An earlier "port unreachable" is told once and says nothing of this one. */
		if (send(fd, payload, s->size, 0) < 0 && errno == ECONNREFUSED &&
		    send(fd, payload, s->size, 0) < 0)
			err(1, "send");
		t->frames++;
		t->packets += segments;
		t->bytes += s->size + (uint64_t)segments * headers;
		t->l2_bytes += s->size + (uint64_t)segments * (headers + 14);
		if (s->gap_us)
			usleep(s->gap_us);
	}
	close(fd);
}

/* Bytes through a TCP connection; how many segments that takes only the kernel knows. */
static void send_tcp_socket(const struct spec *s)
{
	static char payload[MAX_FRAME];
	struct tcp_info info = { 0 };
	socklen_t info_len = sizeof(info);
	uint64_t sent = 0;
	char rest[64];
	int fd = open_socket(s, SOCK_STREAM);

	for (unsigned i = 0; i < s->count; i++) {
		for (unsigned done = 0; done < s->size;) {
			ssize_t n = write(fd, payload + done, s->size - done);

			if (n < 0)
				err(1, "write");
			done += n;
			sent += n;
		}
		if (s->gap_us)
			usleep(s->gap_us);
	}
	shutdown(fd, SHUT_WR);
	while (read(fd, rest, sizeof(rest)) > 0)
		;
	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_len);
	close(fd);
	printf("{\"kind\":\"tcpsock\",\"payload\":%llu,\"segments_out\":%u,\"segments_in\":%u}\n",
	       (unsigned long long)sent, info.tcpi_segs_out, info.tcpi_segs_in);
}

/* Accepts --count TCP connections on --src:--sport, one after the other, and reads each dry. */
static void sink(const struct spec *s)
{
	struct sockaddr_storage local;
	socklen_t len = end_address(s, s->src, s->sport, &local);
	int on = 1, fd = socket(s->family == 4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
	static char buf[MAX_FRAME];
	uint64_t bytes = 0;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&local, len) || listen(fd, 16))
		err(1, "listen");
	for (unsigned i = 0; i < s->count; i++) {
		ssize_t n;
		int peer = accept(fd, NULL, NULL);

		if (peer < 0)
			err(1, "accept");
		while ((n = read(peer, buf, sizeof(buf))) > 0)
			bytes += n;
		close(peer);
	}
	close(fd);
	printf("{\"kind\":\"sink\",\"payload\":%llu}\n", (unsigned long long)bytes);
}

static void parse_address(struct spec *s, uint8_t *to, const char *text)
{
	uint8_t family = strchr(text, ':') ? 6 : 4;

	if (inet_pton(family == 4 ? AF_INET : AF_INET6, text, to) != 1)
		errx(1, "bad address: %s", text);
	if (s->family && s->family != family)
		errx(1, "addresses of two families");
	s->family = family;
}

static void parse_mac(uint8_t *to, const char *text)
{
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &to[0], &to[1], &to[2], &to[3], &to[4],
		   &to[5]) != 6)
		errx(1, "bad MAC address: %s", text);
}

/* TCI or PROTO:TCI, numbers as C writes them. */
static void parse_vlan(struct spec *s, const char *text)
{
	const char *colon = strchr(text, ':');

	if (s->vlan_count == MAX_LIST)
		errx(1, "too many tags");
	s->vlan[s->vlan_count].proto = colon ? strtoul(text, NULL, 0) : 0x8100;
	s->vlan[s->vlan_count++].tci = strtoul(colon ? colon + 1 : text, NULL, 0);
}

/* hop,routing,dest,ah in the order of the wire. */
static void parse_ext(struct spec *s, char *text)
{
	static const struct {
		const char *name;
		uint8_t type;
	} names[] = { { "hop", 0 }, { "routing", 43 }, { "dest", 60 }, { "ah", 51 } };

	for (char *word = strtok(text, ","); word; word = strtok(NULL, ",")) {
		size_t i = 0;

		while (i < 4 && strcmp(word, names[i].name) != 0)
			i++;
		if (i == 4 || s->ext_count == MAX_LIST)
			errx(1, "bad extension headers at %s", word);
		s->ext[s->ext_count++] = names[i].type;
	}
}

static uint8_t parse_flags(const char *text)
{
	static const char letters[] = "FSRPAUEC";
	uint8_t flags = 0;

	for (; *text; text++) {
		const char *at = strchr(letters, *text);

		if (!at)
			errx(1, "bad TCP flag: %c", *text);
		flags |= 1U << (at - letters);
	}
	return flags;
}

static void usage(void)
{
	puts("ftsend [options] KIND\n"
	     "KIND    udp tcp icmp icmpv6 sctp gre esp proto | arp lldp eapol mpls pppoe stp other\n"
	     "        udpsock tcpsock (sockets) | sink (receives -n TCP connections on --src:--sport)\n"
	     " -i IF  -S MAC -D MAC (own, broadcast)   -n COUNT (1)  -s PAYLOAD-BYTES (64)  -g GAP-US\n"
	     " --src A --dst A (10.0.0.1 10.0.0.2)  --sport P --dport P (4000 5000)\n"
	     " --flows N    the source port (or ICMP id) goes round N values, one a datagram\n"
	     " --vlan [PROTO:]TCI  repeat, outermost first; in band\n"
	     " --ext LIST   IPv6: hop,routing,dest,ah     --ipopt BYTES   IPv4 options\n"
	     " --frag N     fragments of N bytes (of 8)   --orphans       without the first\n"
	     " --gso N      one super-packet, N payload bytes a segment (udp, tcp, udpsock)\n"
	     " --flags SA   TCP flags, of FSRPAUEC (A)    --ttl N         --pad N   frame length\n"
	     " --number N   protocol, SPI, GRE key, ICMP id; --type N --code N  of ICMP\n"
	     " --bad WHAT   version ihl length short l4 ext doff");
	exit(0);
}

static const struct option options[] = {
	{ "src", 1, NULL, 1 },    { "dst", 1, NULL, 2 },    { "sport", 1, NULL, 3 },
	{ "dport", 1, NULL, 4 },  { "flows", 1, NULL, 5 },  { "vlan", 1, NULL, 6 },
	{ "ext", 1, NULL, 7 },    { "ipopt", 1, NULL, 8 },  { "frag", 1, NULL, 9 },
	{ "orphans", 0, NULL, 10 }, { "gso", 1, NULL, 11 }, { "flags", 1, NULL, 12 },
	{ "ttl", 1, NULL, 13 },   { "pad", 1, NULL, 14 },   { "number", 1, NULL, 15 },
	{ "type", 1, NULL, 16 },  { "code", 1, NULL, 17 },  { "bad", 1, NULL, 18 },
	{ "help", 0, NULL, 'h' }, { NULL, 0, NULL, 0 }
};

static void parse_option(struct spec *s, int option)
{
	unsigned value = optarg ? strtoul(optarg, NULL, 0) : 0;

	switch (option) {
	case 'i': s->ifname = optarg; break;
	case 'S': parse_mac(s->smac, optarg); break;
	case 'D': parse_mac(s->dmac, optarg); break;
	case 'n': s->count = value; break;
	case 's': s->size = value; break;
	case 'g': s->gap_us = value; break;
	case 1: parse_address(s, s->src, optarg); break;
	case 2: parse_address(s, s->dst, optarg); break;
	case 3: s->sport = value; break;
	case 4: s->dport = value; break;
	case 5: s->flows = value; break;
	case 6: parse_vlan(s, optarg); break;
	case 7: parse_ext(s, optarg); break;
	case 8: s->ipopt = value; break;
	case 9: s->frag = value & ~7U; break;
	case 10: s->orphans = true; break;
	case 11: s->gso = value; break;
	case 12: s->tcp_flags = parse_flags(optarg); break;
	case 13: s->ttl = value; break;
	case 14: s->pad = value; break;
	case 15: s->number = (int)value; break;
	case 16: s->icmp_type = (int)value; break;
	case 17: s->icmp_code = (int)value; break;
	case 18: s->bad = optarg; break;
	case 'h': usage(); break;
	default: exit(1);
	}
}

static void parse_args(struct spec *s, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "i:S:D:n:s:g:h", options, NULL)) != -1)
		parse_option(s, option);
	if (optind != argc - 1)
		errx(1, "one KIND is needed; -h for help");
	s->kind = argv[optind];
	if (!s->family) {
		s->family = 4;
		memcpy(s->src, "\x0a\0\0\1", 4);
		memcpy(s->dst, "\x0a\0\0\2", 4);
	}
	if (s->gso && (s->frag || s->bad || s->pad))
		errx(1, "--gso goes with none of --frag, --bad, --pad");
	if (s->ipopt > 40 || s->size > 65000)
		errx(1, "too long");
}

int main(int argc, char **argv)
{
	struct spec s = { .count = 1, .flows = 1, .size = 64, .sport = 4000, .dport = 5000,
			  .tcp_flags = 0x10, .ttl = 64, .number = 1, .icmp_type = -1,
			  .dmac = { 255, 255, 255, 255, 255, 255 } };
	struct tally t = { 0 };
	int protocol;

	parse_args(&s, argc, argv);
	if (!strcmp(s.kind, "sink")) {
		sink(&s);
		return 0;
	}
	if (!strcmp(s.kind, "tcpsock")) {
		send_tcp_socket(&s);
		return 0;
	}
	if (!strcmp(s.kind, "udpsock")) {
		send_udp_socket(&s, &t);
	} else {
		open_packet(&s);
		protocol = kind_protocol(&s);
		for (unsigned i = 0; i < s.count; i++) {
			if (protocol < 0)
				send_not_ip(&s, &t);
			else
				send_datagram(&s, protocol, i % s.flows, &t);
		}
	}
	printf("{\"kind\":\"%s\",\"frames\":%llu,\"packets\":%llu,\"bytes\":%llu,\"l2_bytes\":%llu}\n",
	       s.kind, (unsigned long long)t.frames, (unsigned long long)t.packets,
	       (unsigned long long)t.bytes, (unsigned long long)t.l2_bytes);
	return 0;
}
