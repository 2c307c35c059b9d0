/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners of what has no ports: ICMP, and protocols that only raw sockets speak. Such sockets are few,
 * and no look-up in the kernel finds them by their ends. So all are read, once a round, and kept for a
 * while with the moments between which they must have been open. Called by owner_proc.c, whose other
 * sockets are looked up or come from dumps that take many rounds.
 */
#include <netinet/in.h>
#include <string.h>

#include "capture/owner_proc_priv.h"
#include "core/addr.h"
#include "core/xalloc.h"

#define PROTO_L2TP 115 /* not in netinet/in.h */
#define RAW_MAX 1024   /* raw and ping sockets looked at */
#define RAW_REMEMBER (5 * SECOND)
#define TICK_SLACK (20 * UINT64_C(1000000)) /* flows' times are the kernel's ticks */

static void keep_raw(void *arg, const struct ft_sock *sock)
{
	struct ft_owner_proc *source = arg;
	size_t i = 0;

	while (i < source->raw_count && source->raw[i].sock.inode != sock->inode)
		i++;
	if (i == RAW_MAX)
		return;
	if (i == source->raw_count) {
		source->raw_count++;
		source->raw[i].before_ns = source->raw_read_ns;
	}
	source->raw[i].sock = *sock;
	source->raw[i].after_ns = 0;
	source->raw[i].seen_ns = source->now_ns;
}

/* Notes which are closed by now; those that were long ago don't count any more. */
static void close_raw(struct ft_owner_proc *source)
{
	size_t kept = 0;

	for (size_t i = 0; i < source->raw_count; i++) {
		struct raw *raw = &source->raw[i];

		if (raw->seen_ns != source->now_ns && !raw->after_ns)
			raw->after_ns = source->now_ns;
		if (source->now_ns - raw->seen_ns <= RAW_REMEMBER)
			source->raw[kept++] = *raw;
	}
	source->raw_count = kept;
}

void ft_owner_proc_read_raw(struct ft_owner_proc *source)
{
	static const uint8_t protocols[] = { IPPROTO_RAW, IPPROTO_ICMP };

	if (source->raw_read)
		return;
	if (!source->raw)
		source->raw = xcalloc(RAW_MAX, sizeof(*source->raw));
	source->raw_read = true;
	for (size_t i = 0; i < sizeof(protocols); i++) {
		ft_sock_diag_dump(source->raw_diag, protocols[i]);
		while (ft_sock_diag_step(source->raw_diag, keep_raw, source) > 0)
			;
	}
	close_raw(source);
	ft_owner_proc_note_reading(&source->raw_readings, source->now_ns);
	source->raw_read_ns = source->now_ns;
}

/* True if a raw or ping socket may send and get between these ends, and may have been open when
 * the flow began. */
static bool fits(const struct raw *raw, const struct end *end)
{
	const struct ft_sock *sock = &raw->sock;

	return (ft_addr_is_any(sock->local) || memcmp(sock->local, end->local, 16) == 0) &&
	       (ft_addr_is_any(sock->remote) || memcmp(sock->remote, end->remote, 16) == 0) &&
	       raw->before_ns < end->first_ns + TICK_SLACK &&
	       (!raw->after_ns || raw->after_ns + TICK_SLACK > end->first_ns);
}

/* The ping socket with this id. */
static const struct ft_sock *find_ping(const struct ft_owner_proc *source, const struct end *end,
				       uint16_t id_be)
{
	for (size_t i = 0; i < source->raw_count; i++) {
		const struct ft_sock *sock = &source->raw[i].sock;

		if (!sock->raw && sock->protocol == end->protocol &&
		    sock->local_port_be == id_be && fits(&source->raw[i], end))
			return sock;
	}
	return NULL;
}

/* A raw socket that this may be from or for; *ret_count tells how many there are. */
static const struct ft_sock *find_raw(const struct ft_owner_proc *source, const struct end *end,
				      size_t *ret_count)
{
	const struct ft_sock *found = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < source->raw_count; i++) {
		const struct ft_sock *sock = &source->raw[i].sock;

		/* one of IPPROTO_RAW may have sent anything */
		if (!sock->raw || !fits(&source->raw[i], end) ||
		    (sock->protocol != end->protocol && sock->protocol != IPPROTO_RAW))
			continue;
		found = sock;
		++*ret_count;
	}
	return found;
}

/* An echo, timestamp or such request has an id; what the kernel asks by itself has none. */
static bool has_id(uint8_t protocol, uint8_t type)
{
	if (protocol == IPPROTO_ICMP)
		return type == 8 || type == 13 || type == 15 || type == 17;
	return type == 128;
}

/* ICMPv6 that daemons send too: router solicitation and advertisement. */
static bool is_router_message(uint8_t protocol, uint8_t type)
{
	return protocol == IPPROTO_ICMPV6 && (type == 133 || type == 134);
}

/* The one raw socket for it, or the kernel when there is none. */
static enum answer owner_of_raw(struct ft_owner_proc *source, const struct end *end,
				bool or_kernel, uint16_t *ret_owner)
{
	size_t count;
	const struct ft_sock *sock = find_raw(source, end, &count);

	if (count == 1 && sock->protocol == end->protocol)
		return ft_owner_proc_answer(source, sock, ret_owner);
	if (count > 0 || !or_kernel)
		return ANSWER_NONE;
	*ret_owner = FT_OWNER_KERNEL;
	return ANSWER_OWNER;
}

/* The raw socket with the cookie that the flow's end has. */
static const struct ft_sock *find_raw_cookie(const struct ft_owner_proc *source, uint64_t cookie)
{
	for (size_t i = 0; i < source->raw_count; i++)
		if (cookie && source->raw[i].sock.cookie == cookie)
			return &source->raw[i].sock;
	return NULL;
}

/* A router message is the kernel's as a rule, but a process that has a raw socket can send one
 * too: without the sender's cookie there is no telling as soon as somebody has one (any ping). */
static enum answer owner_of_router_message(struct ft_owner_proc *source, const struct end *end,
					   uint16_t *ret_owner)
{
	const struct ft_sock *sock;
	size_t count;

	ft_owner_proc_read_raw(source);
	sock = find_raw_cookie(source, end->cookie);
	if (sock)
		return ft_owner_proc_answer(source, sock, ret_owner);
	find_raw(source, end, &count);
	if (count > 0 && (!end->cookie || !source->finds_all))
		return ANSWER_NONE;
	*ret_owner = FT_OWNER_KERNEL;
	return ANSWER_OWNER;
}

/* Who asked, or the kernel, which answers and reports errors. */
static enum answer owner_of_icmp(struct ft_owner_proc *source, const struct end *end,
				 const struct ft_owner_query *query, uint16_t *ret_owner)
{
	const struct ft_flow_key *key = &query->flow->key;
	uint8_t type = (uint8_t)(ntohs(key->port_b_be) >> 8);
	const struct ft_sock *ping;

	if (has_id(end->protocol, type) && end->opened_here) {
		ft_owner_proc_read_raw(source);
		ping = find_ping(source, end, key->port_a_be);
		if (ping)
			return ft_owner_proc_answer(source, ping, ret_owner);
		return owner_of_raw(source, end, false, ret_owner);
	}
	if (has_id(end->protocol, type) && query->initiator == FT_END_NONE)
		return ANSWER_NONE;
	if (is_router_message(end->protocol, type))
		return owner_of_router_message(source, end, ret_owner);
	*ret_owner = FT_OWNER_KERNEL;
	return ANSWER_OWNER;
}

/* Protocols that the kernel itself speaks: multicast membership and tunnels. What else came from
 * here was a process', if gone by now. */
static bool is_kernel_protocol(uint8_t protocol)
{
	static const uint8_t protocols[] = {
		IPPROTO_IGMP, IPPROTO_IPIP, IPPROTO_IPV6, IPPROTO_GRE, IPPROTO_ESP,
		IPPROTO_AH, IPPROTO_PIM, IPPROTO_COMP, PROTO_L2TP,
	};

	return memchr(protocols, protocol, sizeof(protocols)) != NULL;
}

enum answer ft_owner_proc_of_raw(struct ft_owner_proc *source, const struct end *end,
				 const struct ft_owner_query *query, uint16_t *ret_owner)
{
	if (end->protocol == IPPROTO_ICMP || end->protocol == IPPROTO_ICMPV6)
		return owner_of_icmp(source, end, query, ret_owner);
	ft_owner_proc_read_raw(source);
	return owner_of_raw(source, end, is_kernel_protocol(end->protocol), ret_owner);
}
