/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See sock_diag.h. Two netlink sockets: one for look-ups, whose answers are there when sendmsg
 * returns, and one for dumps, where the kernel works out the next part only when the last one
 * has been read: so a dump can be left alone between steps without any cost.
 *
 *   dump = a list of sources, tried in order: sock_diag v4, v6 (of TCP both at once, where the kernel
 *   still has its first protocol for that: each dump walks through the same large table); those that
 *   it refuses, and what it doesn't know (ping sockets; raw ones where the kernel has no raw_diag), in
 *   /proc/net
 *
 * What comes from the kernel is still checked for length; nothing is trusted to be there.
 */
#include "capture/sock_diag.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>

#include "capture/clock.h"
#include "capture/socket_source.h"
#include "core/addr.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define BUFFER_SIZE 32768
#define BOTH AF_MAX /* a family that stands for IPv4 and IPv6 */
#define LINES_A_STEP 256
/* All states but TIME_WAIT (6), CLOSE (7) of TCP and NEW_SYN_RECV (12): those have no file. */
#define TCP_STATES (0xfffU & ~(1U << 6 | 1U << 7))

struct ft_sock_diag {
	int ask_fd, dump_fd; /* -1 = cannot be used */
	uint32_t sequence;
	bool refused[256];   /* by protocol: sock_diag doesn't know it */
	bool apart;          /* it doesn't dump both families of TCP at once */
	char trouble[128];
	char *buffer;        /* owned, BUFFER_SIZE */

	/* the dump under way */
	uint8_t protocol;
	int family;     /* AF_INET, AF_INET6, BOTH, 0 = none left */
	bool asked;     /* the request for this family is sent */
	bool want_detail;
	struct ft_sock_detail detail; /* of the socket that is handed out */
	FILE *proc_net; /* owned; this family is read from /proc/net */
};

static int open_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
}

struct ft_sock_diag *ft_sock_diag_new(void)
{
	struct ft_sock_diag *diag = xcalloc(1, sizeof(*diag));

	diag->buffer = xmalloc(BUFFER_SIZE);
	diag->ask_fd = open_netlink();
	diag->dump_fd = open_netlink();
	if (diag->ask_fd < 0 || diag->dump_fd < 0)
		snprintf(diag->trouble, sizeof(diag->trouble), _("no sock_diag: %s"),
			 strerror(errno));
	return diag;
}

void ft_sock_diag_free(struct ft_sock_diag *diag)
{
	if (!diag)
		return;
	if (diag->proc_net)
		fclose(diag->proc_net);
	if (diag->ask_fd >= 0)
		close(diag->ask_fd);
	if (diag->dump_fd >= 0)
		close(diag->dump_fd);
	free(diag->buffer);
	free(diag);
}

const char *ft_sock_diag_trouble(const struct ft_sock_diag *diag)
{
	return diag->trouble;
}

/* ---- requests and answers */

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

/* Sends a message to the kernel, whole; 0 or -errno. */
static int send_message(int fd, const struct nlmsghdr *header)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (sendto(fd, header, header->nlmsg_len, 0, (const struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		return -errno;
	return 0;
}

static int send_request(struct ft_sock_diag *diag, int fd, uint16_t flags,
			const struct inet_diag_req_v2 *body)
{
	struct request request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
			.nlmsg_seq = ++diag->sequence,
		},
		.body = *body,
	};

	return send_message(fd, &request.header);
}

/* Dumps TCP's sockets of both families: only the request of old, which has no family, does that. */
static int send_old_request(struct ft_sock_diag *diag, const struct inet_diag_req_v2 *body)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req body;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = TCPDIAG_GETSOCK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = ++diag->sequence,
		},
		.body = {
			.idiag_family = AF_INET,
			.idiag_ext = body->idiag_ext,
			.idiag_states = body->idiag_states,
		},
	};

	return send_message(diag->dump_fd, &request.header);
}

/* What the message tells beside the socket itself. */
static void read_detail(const struct nlmsghdr *header, struct ft_sock_detail *detail)
{
	const struct inet_diag_msg *msg = NLMSG_DATA(header);
	uint32_t length = (uint32_t)(header->nlmsg_len - NLMSG_HDRLEN);
	const struct rtattr *attribute = (const void *)(msg + 1);
	int left = (int)(length - sizeof(*msg));

	memset(detail, 0, sizeof(*detail));
	ft_health_from_diag(msg, length, ft_clock_read(CLOCK_REALTIME), &detail->health);
	detail->family = msg->idiag_family;
	detail->ifindex = msg->id.idiag_if;
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		detail->has_info |= attribute->rta_type == INET_DIAG_INFO;
		if (attribute->rta_type == INET_DIAG_SKMEMINFO &&
		    RTA_PAYLOAD(attribute) >= sizeof(detail->memory)) {
			memcpy(detail->memory, RTA_DATA(attribute), sizeof(detail->memory));
			detail->has_memory = true;
		}
	}
}

/* The same of a line of /proc/net, which has only queues and drops. */
static void read_proc_detail(const struct ft_sock *sock, int family,
			     const struct ft_proc_queues *queues, struct ft_sock_detail *detail)
{
	*detail = (struct ft_sock_detail){
		.health = {
			.tick = ft_clock_read(CLOCK_REALTIME),
			.known = FT_HEALTH_QUEUES,
			.state = sock->state,
			.rqueue = queues->receive,
			.wqueue = queues->send,
			.drops = queues->drops,
		},
		.family = (uint8_t)family,
	};
}

/* 4 or 16 bytes as the diag has them, to 16. */
static void from_diag(int family, const __be32 words[4], uint8_t addr[16])
{
	if (family == AF_INET) {
		memset(addr, 0, 10);
		addr[10] = addr[11] = 0xff;
		memcpy(addr + 12, words, 4);
	} else {
		memcpy(addr, words, 16);
	}
}

static void to_diag(int family, const uint8_t addr[16], __be32 words[4])
{
	if (family == AF_INET)
		memcpy(words, addr + 12, 4);
	else
		memcpy(words, addr, 16);
}

/* The answer's socket; false if it is too short or of a strange family. */
static bool read_message(const struct nlmsghdr *header, uint8_t protocol, struct ft_sock *sock)
{
	const struct inet_diag_msg *msg = NLMSG_DATA(header);

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*msg)) ||
	    (msg->idiag_family != AF_INET && msg->idiag_family != AF_INET6))
		return false;
	memset(sock, 0, sizeof(*sock));
	from_diag(msg->idiag_family, msg->id.idiag_src, sock->local);
	from_diag(msg->idiag_family, msg->id.idiag_dst, sock->remote);
	sock->local_port_be = msg->id.idiag_sport;
	sock->remote_port_be = msg->id.idiag_dport;
	sock->protocol = protocol;
	sock->state = msg->idiag_state;
	sock->uid = msg->idiag_uid;
	sock->inode = msg->idiag_inode;
	sock->cookie = (uint64_t)msg->id.idiag_cookie[1] << 32 | msg->id.idiag_cookie[0];
	if (protocol == IPPROTO_RAW) { /* raw_diag has the protocol in place of a port */
		sock->raw = true;
		sock->protocol = (uint8_t)ntohs(sock->local_port_be);
		sock->local_port_be = sock->remote_port_be = 0;
	}
	return true;
}

/* -errno of an NLMSG_ERROR, 0 if it is an acknowledgement. */
static int read_error(const struct nlmsghdr *header)
{
	const struct nlmsgerr *error = NLMSG_DATA(header);

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*error)))
		return -EBADMSG;
	return error->error;
}

/* The kernel's verdict at the end of a dump: an int, 0 if absent. */
static int read_done(const struct nlmsghdr *header)
{
	int error = 0;

	if (header->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
		memcpy(&error, NLMSG_DATA(header), sizeof(error));
	return error < 0 ? error : 0;
}

/* ---- one socket */

/* Reads until the answer to our last question; older ones are stale. */
static int read_answer(struct ft_sock_diag *diag, uint8_t protocol, struct ft_sock *ret_sock)
{
	for (;;) {
		ssize_t length = recv(diag->ask_fd, diag->buffer, BUFFER_SIZE, MSG_DONTWAIT);
		const struct nlmsghdr *header = (const void *)diag->buffer;

		if (length < 0)
			return -errno;
		if (!NLMSG_OK(header, (size_t)length) || header->nlmsg_seq != diag->sequence)
			continue;
		if (header->nlmsg_type == NLMSG_ERROR)
			return read_error(header);
		return read_message(header, protocol, ret_sock) ? 0 : -EBADMSG;
	}
}

int ft_sock_diag_look_up(struct ft_sock_diag *diag, uint8_t protocol, const uint8_t local[16],
			 uint16_t local_port_be, const uint8_t remote[16],
			 uint16_t remote_port_be, struct ft_sock *ret_sock)
{
	int family = ft_addr_is_v4(local) ? AF_INET : AF_INET6;
	struct inet_diag_req_v2 body = {
		.sdiag_family = (uint8_t)family,
		.sdiag_protocol = protocol,
		.idiag_states = ~0U,
	};
	struct inet_diag_sockid *id = &body.id;
	struct ft_sock sock = { 0 };
	int ret;

	if (diag->ask_fd < 0 || diag->refused[protocol])
		return -EOPNOTSUPP;
	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	if (protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE) {
		/* udp_diag wants the packet's source first: "swapped for historical reasons" */
		to_diag(family, remote, id->idiag_src);
		to_diag(family, local, id->idiag_dst);
		id->idiag_sport = remote_port_be;
		id->idiag_dport = local_port_be;
	} else {
		to_diag(family, local, id->idiag_src);
		to_diag(family, remote, id->idiag_dst);
		id->idiag_sport = local_port_be;
		id->idiag_dport = remote_port_be;
	}
	ret = send_request(diag, diag->ask_fd, 0, &body);
	if (ret == 0)
		ret = read_answer(diag, protocol, &sock);
	if (ret == 0)
		*ret_sock = sock;
	return ret;
}

/* ---- all sockets, step by step */

/* Gives up what is under way; what the kernel still has to say is thrown away. */
static void abandon(struct ft_sock_diag *diag)
{
	if (diag->proc_net)
		fclose(diag->proc_net);
	diag->proc_net = NULL;
	if (diag->asked && diag->dump_fd >= 0) {
		close(diag->dump_fd);
		diag->dump_fd = open_netlink();
	}
	diag->asked = false;
	diag->family = 0;
}

int ft_sock_diag_dump(struct ft_sock_diag *diag, uint8_t protocol)
{
	abandon(diag);
	diag->protocol = protocol;
	diag->family = protocol == IPPROTO_TCP && !diag->apart && !diag->refused[protocol] &&
				       diag->dump_fd >= 0 ? BOTH : AF_INET;
	return 0;
}

/* This family is done: the next one, or none. */
static int next_family(struct ft_sock_diag *diag)
{
	if (diag->proc_net)
		fclose(diag->proc_net);
	diag->proc_net = NULL;
	diag->asked = false;
	diag->family = diag->family == AF_INET ? AF_INET6 : 0;
	return diag->family ? 1 : 0;
}

/* File of /proc/net that lists a protocol; NULL if there is none. */
static const char *proc_net_name(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_UDPLITE:
		return "udplite";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_RAW:
		return "raw";
	default:
		return NULL;
	}
}

/* Opens this family's file; without one (no IPv6) there are no such sockets. */
static int open_proc_net(struct ft_sock_diag *diag)
{
	const char *name = proc_net_name(diag->protocol);
	char path[64];

	if (!name)
		return next_family(diag) ? 1 : -EOPNOTSUPP;
	snprintf(path, sizeof(path), "/proc/thread-self/net/%s%s", name,
		 diag->family == AF_INET6 ? "6" : "");
	diag->proc_net = fopen(path, "re");
	if (!diag->proc_net)
		return next_family(diag);
	return 1;
}

/* Some lines of /proc/net. */
static int step_proc_net(struct ft_sock_diag *diag,
			 void (*each)(void *arg, const struct ft_sock *sock), void *arg)
{
	uint8_t protocol = diag->protocol;
	char line[512];

	if (protocol == IPPROTO_ICMP && diag->family == AF_INET6)
		protocol = IPPROTO_ICMPV6;
	for (int i = 0; i < LINES_A_STEP; i++) {
		struct ft_proc_queues queues;
		struct ft_sock sock;

		if (!fgets(line, sizeof(line), diag->proc_net))
			return next_family(diag);
		if (!ft_proc_net_parse(line, protocol, diag->protocol == IPPROTO_RAW, &sock,
				       &queues))
			continue;
		if (diag->want_detail) {
			read_proc_detail(&sock, diag->family, &queues, &diag->detail);
			sock.detail = &diag->detail;
		}
		each(arg, &sock);
	}
	return 1;
}

/* The end of a family's dump. If sock_diag refused, /proc/net is read from now on. */
static int end_family(struct ft_sock_diag *diag, int error)
{
	if (error == 0)
		return next_family(diag);
	if (error != -ENOENT && error != -EINVAL && error != -EOPNOTSUPP && error != -EPERM)
		return error;
	diag->asked = false;
	if (diag->family == BOTH) {
		diag->apart = true;
		diag->family = AF_INET;
		return 1;
	}
	diag->refused[diag->protocol] = true;
	if (proc_net_name(diag->protocol))
		snprintf(diag->trouble, sizeof(diag->trouble),
			 _("no sock_diag for protocol %u, so /proc/net is read"), diag->protocol);
	return 1;
}

void ft_sock_diag_want_detail(struct ft_sock_diag *diag)
{
	diag->want_detail = true;
}

/* True if a protocol's sockets are read from /proc/net: sock_diag doesn't know ping sockets, and
 * has of raw ones nothing that an owner's search needs, but a module to load. */
static bool is_read_from_proc(const struct ft_sock_diag *diag)
{
	return diag->dump_fd < 0 || diag->refused[diag->protocol] ||
	       diag->protocol == IPPROTO_ICMP ||
	       (diag->protocol == IPPROTO_RAW && !diag->want_detail);
}

/* Asks for this family, or opens its file. */
static int begin_family(struct ft_sock_diag *diag)
{
	bool all = diag->want_detail || diag->protocol != IPPROTO_TCP;
	struct inet_diag_req_v2 body = {
		.sdiag_family = (uint8_t)diag->family,
		.sdiag_protocol = diag->protocol,
		.idiag_ext = diag->want_detail ? FT_HEALTH_DIAG_EXTENSIONS : 0,
		.idiag_states = all ? ~0U : TCP_STATES,
	};
	int ret;

	if (is_read_from_proc(diag))
		return open_proc_net(diag);
	ret = diag->family == BOTH ? send_old_request(diag, &body) :
				     send_request(diag, diag->dump_fd, NLM_F_DUMP, &body);
	if (ret < 0)
		return end_family(diag, ret);
	diag->asked = true;
	return 1;
}

int ft_sock_diag_step(struct ft_sock_diag *diag,
		      void (*each)(void *arg, const struct ft_sock *sock), void *arg)
{
	const struct nlmsghdr *header = (const void *)diag->buffer;
	ssize_t received;
	int length;

	if (!diag->family)
		return 0;
	if (diag->proc_net)
		return step_proc_net(diag, each, arg);
	if (!diag->asked)
		return begin_family(diag);
	received = recv(diag->dump_fd, diag->buffer, BUFFER_SIZE, MSG_DONTWAIT);
	if (received < 0) {
		int error = -errno;

		abandon(diag);
		return error;
	}
	/* A last message that isn't padded leaves a negative length. */
	for (length = (int)received; length > 0 && NLMSG_OK(header, (unsigned int)length);
	     header = NLMSG_NEXT(header, length)) {
		struct ft_sock sock;

		if (header->nlmsg_type == NLMSG_DONE)
			return end_family(diag, read_done(header));
		if (header->nlmsg_type == NLMSG_ERROR)
			return end_family(diag, read_error(header));
		if (!read_message(header, diag->protocol, &sock))
			continue;
		if (diag->want_detail) {
			read_detail(header, &diag->detail);
			sock.detail = &diag->detail;
		}
		each(arg, &sock);
	}
	return 1;
}
