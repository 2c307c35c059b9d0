/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See conntrack.h. Two netlink sockets: one that is told of each connection that begins or goes,
 * one for listings, where the kernel works out the next part only when the last one has been read.
 *
 *   closed ──nf_conntrack is there──► listing ──all read──► news only
 *      ▲                                 ▲                     │ some were lost
 *      └─────────── an error ────────────┴─────────────────────┘
 *
 * A connection is told when it is confirmed: behind the last rule, before its first packet goes
 * out. So reading the news before each snapshot is early enough. Those in a zone are left out:
 * another zone may have the same addresses. Of GRE tracking knows more than a flow's key does.
 */
#include "capture/conntrack.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/clock.h"
#include "core/log.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define BUFFER_SIZE 65536
#define NEWS_BUFFER (2 << 20) /* of the socket, for what happens between two looks */
#define RETRY_NS (5 * UINT64_C(1000000000))
#define LIST_AGAIN 100 /* times as long as a listing took, at least, between two */
#define ATTRS_MAX 32   /* types that are looked at are below */
/* There where nf_conntrack is; asking the kernel any other way would load it. */
#define CONNTRACK_FILE "/proc/sys/net/netfilter/nf_conntrack_count"

struct ft_conntrack {
	int news_fd, list_fd; /* -1 = not open */
	uint64_t retry_ns;
	bool wanted, listing;
	uint32_t sequence, round;
	uint64_t listed_ns;   /* when the last listing ended */
	uint64_t cost_ns;     /* of the one under way, or the last */
	char *buffer;         /* owned, BUFFER_SIZE */
};

/* ---- messages */

struct attrs {
	const struct nlattr *at[ATTRS_MAX];
};

static const void *data_of(const struct nlattr *attr)
{
	return (const uint8_t *)attr + NLA_HDRLEN;
}

static size_t size_of(const struct nlattr *attr)
{
	return attr ? (size_t)attr->nla_len - NLA_HDRLEN : 0;
}

/* Attributes by type; false if they don't fit into what holds them. */
static bool read_attrs(const void *data, size_t size, struct attrs *ret_attrs)
{
	const uint8_t *at = data;

	memset(ret_attrs, 0, sizeof(*ret_attrs));
	while (size >= NLA_HDRLEN) {
		const struct nlattr *attr = (const void *)at;
		unsigned int type = attr->nla_type & NLA_TYPE_MASK;
		size_t step = NLA_ALIGN(attr->nla_len);

		if (attr->nla_len < NLA_HDRLEN || attr->nla_len > size)
			return false;
		if (type < ATTRS_MAX)
			ret_attrs->at[type] = attr;
		if (step >= size)
			break;
		at += step;
		size -= step;
	}
	return true;
}

static bool read_nested(const struct nlattr *attr, struct attrs *ret_attrs)
{
	return attr && read_attrs(data_of(attr), size_of(attr), ret_attrs);
}

/* An address of either family, 4 or 16 bytes; false if it has neither. */
static bool read_addr(const struct nlattr *v4, const struct nlattr *v6, uint8_t ret_addr[16])
{
	if (size_of(v4) == 4) {
		memset(ret_addr, 0, 10);
		ret_addr[10] = ret_addr[11] = 0xff;
		memcpy(ret_addr + 12, data_of(v4), 4);
		return true;
	}
	if (size_of(v6) != 16)
		return false;
	memcpy(ret_addr, data_of(v6), 16);
	return true;
}

/* Two bytes as they are on the wire, 0 if they aren't there. */
static uint16_t read_be16(const struct nlattr *attr)
{
	uint16_t value = 0;

	if (size_of(attr) == sizeof(value))
		memcpy(&value, data_of(attr), sizeof(value));
	return value;
}

static uint8_t read_u8(const struct nlattr *attr)
{
	return size_of(attr) == 1 ? *(const uint8_t *)data_of(attr) : 0;
}

/* Ports, or what ICMP has in their place. */
static bool read_ports(const struct attrs *proto, struct ft_tuple *tuple)
{
	if (size_of(proto->at[CTA_PROTO_NUM]) != 1)
		return false;
	tuple->protocol = read_u8(proto->at[CTA_PROTO_NUM]);
	switch (tuple->protocol) {
	case IPPROTO_GRE:
		return false;
	case IPPROTO_ICMP:
		tuple->sport_be = read_be16(proto->at[CTA_PROTO_ICMP_ID]);
		tuple->dport_be = htons((uint16_t)(read_u8(proto->at[CTA_PROTO_ICMP_TYPE]) << 8 |
						   read_u8(proto->at[CTA_PROTO_ICMP_CODE])));
		return true;
	case IPPROTO_ICMPV6:
		tuple->sport_be = read_be16(proto->at[CTA_PROTO_ICMPV6_ID]);
		tuple->dport_be =
			htons((uint16_t)(read_u8(proto->at[CTA_PROTO_ICMPV6_TYPE]) << 8 |
					 read_u8(proto->at[CTA_PROTO_ICMPV6_CODE])));
		return true;
	default:
		tuple->sport_be = read_be16(proto->at[CTA_PROTO_SRC_PORT]);
		tuple->dport_be = read_be16(proto->at[CTA_PROTO_DST_PORT]);
		return true;
	}
}

static bool read_tuple(const struct nlattr *attr, struct ft_tuple *ret_tuple)
{
	struct attrs tuple, ip, proto;

	memset(ret_tuple, 0, sizeof(*ret_tuple));
	return read_nested(attr, &tuple) && !tuple.at[CTA_TUPLE_ZONE] &&
	       read_nested(tuple.at[CTA_TUPLE_IP], &ip) &&
	       read_nested(tuple.at[CTA_TUPLE_PROTO], &proto) &&
	       read_addr(ip.at[CTA_IP_V4_SRC], ip.at[CTA_IP_V6_SRC], ret_tuple->src) &&
	       read_addr(ip.at[CTA_IP_V4_DST], ip.at[CTA_IP_V6_DST], ret_tuple->dst) &&
	       read_ports(&proto, ret_tuple);
}

/* True if both tuples are there and differ. */
static bool read_nat(const struct attrs *attrs, struct ft_nat *ret_nat)
{
	struct ft_tuple before, reply;

	if (attrs->at[CTA_ZONE] || !read_tuple(attrs->at[CTA_TUPLE_ORIG], &before) ||
	    !read_tuple(attrs->at[CTA_TUPLE_REPLY], &reply) || before.protocol != reply.protocol)
		return false;
	/* Flows of ICMP go by the request. */
	if (before.protocol == IPPROTO_ICMP || before.protocol == IPPROTO_ICMPV6)
		reply.dport_be = before.dport_be;
	return ft_nat_set(ret_nat, &before, &reply);
}

/* The verdict of an error, 0 of an acknowledgement. */
static int read_error(const void *body, size_t size)
{
	int error = 0;

	if (size < sizeof(error))
		return -EBADMSG;
	memcpy(&error, body, sizeof(error));
	return error;
}

enum ft_conntrack_news ft_conntrack_parse(const void *message, size_t length,
					  struct ft_nat *ret_nat, int *ret_error)
{
	const struct nlmsghdr *header = message;
	const size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	const uint8_t *bytes = message;
	struct attrs attrs;

	if (length < sizeof(*header) || header->nlmsg_len < NLMSG_HDRLEN ||
	    header->nlmsg_len > length)
		return FT_CONNTRACK_NOTHING;
	if (header->nlmsg_type == NLMSG_DONE)
		return FT_CONNTRACK_DONE;
	if (header->nlmsg_type == NLMSG_ERROR) {
		*ret_error = read_error(bytes + NLMSG_HDRLEN, header->nlmsg_len - NLMSG_HDRLEN);
		return FT_CONNTRACK_ERROR;
	}
	if (header->nlmsg_type >> 8 != NFNL_SUBSYS_CTNETLINK || header->nlmsg_len < head ||
	    !read_attrs(bytes + head, header->nlmsg_len - head, &attrs) ||
	    !read_nat(&attrs, ret_nat))
		return FT_CONNTRACK_NOTHING;
	switch (header->nlmsg_type & 0xff) {
	case IPCTNL_MSG_CT_NEW:
		return FT_CONNTRACK_NAT;
	case IPCTNL_MSG_CT_DELETE:
		return FT_CONNTRACK_GONE;
	default:
		return FT_CONNTRACK_NOTHING;
	}
}

/* ---- sockets */

static int open_netlink(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);

	return fd < 0 ? -errno : fd;
}

/* Asks to be told of connections that begin and go. A socket without an address of its own would
 * pass for the sender of the news, and get none. */
static int subscribe(int fd)
{
	const struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	static const int groups[] = { NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_DESTROY };
	const int size = NEWS_BUFFER;

	if (bind(fd, (const struct sockaddr *)&own, sizeof(own)) < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(groups[i])) < 0)
			return -errno;
	return 0;
}

/* Asks for all connections. */
static int ask(int fd, uint32_t sequence)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct {
		struct nlmsghdr header;
		struct nfgenmsg body;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = sequence,
		},
		.body = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 },
	};

	if (sendto(fd, &request, sizeof(request), 0, (const struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		return -errno;
	return 0;
}

/* One datagram of the kernel's; bytes, 0 for what others sent, -errno. */
static ssize_t receive(struct ft_conntrack *conntrack, int fd)
{
	struct sockaddr_nl from = { .nl_family = AF_UNSPEC };
	socklen_t from_size = sizeof(from);
	ssize_t length = recvfrom(fd, conntrack->buffer, BUFFER_SIZE, MSG_DONTWAIT,
				  (struct sockaddr *)&from, &from_size);

	if (length < 0)
		return -errno;
	return from.nl_family == AF_NETLINK && from.nl_pid == 0 ? length : 0;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* All is closed; later it is tried again. */
static void give_up(struct ft_conntrack *conntrack, int error, uint64_t now_ns)
{
	ft_log(FT_LOG_INFO, "conntrack: %s", strerror(-error));
	shut(&conntrack->news_fd);
	shut(&conntrack->list_fd);
	conntrack->listing = false;
	conntrack->retry_ns = now_ns + RETRY_NS;
}

/* Opens the news, and wants a listing; false if there is nothing to read. */
static bool be_open(struct ft_conntrack *conntrack, uint64_t now_ns)
{
	int error;

	if (conntrack->news_fd >= 0)
		return true;
	if (now_ns < conntrack->retry_ns)
		return false;
	conntrack->retry_ns = now_ns + RETRY_NS;
	if (access(CONNTRACK_FILE, F_OK) < 0)
		return false;
	conntrack->news_fd = open_netlink();
	error = conntrack->news_fd < 0 ? conntrack->news_fd : subscribe(conntrack->news_fd);
	if (error < 0) {
		give_up(conntrack, error, now_ns);
		return false;
	}
	conntrack->wanted = true;
	return true;
}

/* ---- what was read, into the table */

struct target {
	struct ft_table *table;
	uint32_t round;
	uint64_t real_ns;
};

/* All messages of a datagram; what the last one was, with its error. */
static enum ft_conntrack_news take(const struct ft_conntrack *conntrack, size_t length,
				   const struct target *target, int *ret_error)
{
	enum ft_conntrack_news news = FT_CONNTRACK_NOTHING;
	const char *at = conntrack->buffer;
	struct ft_nat nat;

	while (length >= sizeof(struct nlmsghdr)) {
		size_t step = NLMSG_ALIGN(((const struct nlmsghdr *)(const void *)at)->nlmsg_len);

		news = ft_conntrack_parse(at, length, &nat, ret_error);
		if (news == FT_CONNTRACK_NAT)
			ft_table_add_nat(target->table, &nat, target->round);
		else if (news == FT_CONNTRACK_GONE)
			ft_table_end_nat(target->table, &nat, target->real_ns);
		if (step < sizeof(struct nlmsghdr) || step >= length)
			break;
		at += step;
		length -= step;
	}
	return news;
}

/* What happened since; after a loss all is listed again. */
static void read_news(struct ft_conntrack *conntrack, const struct target *target,
		      uint64_t now_ns, uint64_t until_ns)
{
	int ignored;

	do {
		ssize_t length = receive(conntrack, conntrack->news_fd);

		if (length == -EAGAIN)
			return;
		if (length == -ENOBUFS) {
			conntrack->wanted = true;
			continue;
		}
		if (length < 0) {
			give_up(conntrack, (int)length, now_ns);
			return;
		}
		take(conntrack, (size_t)length, target, &ignored);
	} while (ft_clock_read(CLOCK_MONOTONIC) < until_ns);
}

/* Begins a listing if one is wanted and the last one is long enough ago. */
static int begin_listing(struct ft_conntrack *conntrack, uint64_t now_ns)
{
	int error;

	if (conntrack->listing || !conntrack->wanted ||
	    now_ns < conntrack->listed_ns + LIST_AGAIN * conntrack->cost_ns)
		return 0;
	shut(&conntrack->list_fd);
	conntrack->list_fd = open_netlink();
	if (conntrack->list_fd < 0)
		return conntrack->list_fd;
	error = ask(conntrack->list_fd, ++conntrack->sequence);
	if (error < 0)
		return error;
	conntrack->listing = true;
	conntrack->wanted = false;
	conntrack->round++;
	conntrack->cost_ns = 0;
	return 0;
}

/* The listing is complete: what wasn't in it is gone. */
static void end_listing(struct ft_conntrack *conntrack, const struct target *target)
{
	ft_table_end_old_nats(target->table, conntrack->round, target->real_ns);
	conntrack->listing = false;
	conntrack->listed_ns = ft_clock_read(CLOCK_MONOTONIC);
	shut(&conntrack->list_fd);
}

/* Goes on with the listing under way; 0 or -errno. */
static int read_listing(struct ft_conntrack *conntrack, const struct target *target,
			uint64_t until_ns)
{
	uint64_t begun = ft_clock_read(CLOCK_MONOTONIC);
	int error = 0;

	while (conntrack->listing && ft_clock_read(CLOCK_MONOTONIC) < until_ns) {
		ssize_t length = receive(conntrack, conntrack->list_fd);

		if (length == -EAGAIN)
			break;
		if (length < 0)
			return (int)length;
		switch (take(conntrack, (size_t)length, target, &error)) {
		case FT_CONNTRACK_DONE:
			end_listing(conntrack, target);
			break;
		case FT_CONNTRACK_ERROR:
			if (error)
				return error;
			break;
		default:
			break;
		}
	}
	conntrack->cost_ns += ft_clock_read(CLOCK_MONOTONIC) - begun;
	return 0;
}

void ft_conntrack_apply(struct ft_conntrack *conntrack, struct ft_table *table, uint64_t now_ns,
			uint64_t real_ns, uint64_t budget_ns)
{
	struct target target = { .table = table, .real_ns = real_ns };
	uint64_t begun = ft_clock_read(CLOCK_MONOTONIC);
	int error;

	if (!be_open(conntrack, now_ns))
		return;
	error = begin_listing(conntrack, begun);
	target.round = conntrack->round;
	read_news(conntrack, &target, now_ns, begun + budget_ns);
	if (error == 0 && conntrack->listing)
		error = read_listing(conntrack, &target, begun + budget_ns);
	if (error < 0)
		give_up(conntrack, error, now_ns);
}

/* ---- birth and death */

struct ft_conntrack *ft_conntrack_new(void)
{
	struct ft_conntrack *conntrack = xcalloc(1, sizeof(*conntrack));

	conntrack->news_fd = conntrack->list_fd = -1;
	conntrack->buffer = xmalloc(BUFFER_SIZE);
	return conntrack;
}

void ft_conntrack_free(struct ft_conntrack *conntrack)
{
	if (!conntrack)
		return;
	shut(&conntrack->news_fd);
	shut(&conntrack->list_fd);
	free(conntrack->buffer);
	free(conntrack);
}

int ft_conntrack_probe(char *why, size_t why_size)
{
	int fd, error;

	if (access(CONNTRACK_FILE, F_OK) < 0) {
		snprintf(why, why_size, "%s",
			 _("nf_conntrack is not loaded: this machine translates no addresses"));
		return -ENOENT;
	}
	fd = open_netlink();
	error = fd < 0 ? fd : subscribe(fd);
	if (error == 0)
		snprintf(why, why_size, "%s",
			 _("tells what a connection is called before and after NAT"));
	else if (error == -EPERM)
		snprintf(why, why_size, "%s", _("needs CAP_NET_ADMIN"));
	else
		snprintf(why, why_size, "%s", strerror(-error));
	if (fd >= 0)
		close(fd);
	return error;
}
