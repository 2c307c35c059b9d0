/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of /proc/net/{tcp,udp,raw,icmp}{,6} as a socket. The kernel prints each 32-bit word of
 * an address as a number in its own byte order, so reading the number back restores the bytes.
 */
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include "capture/sock_diag.h"

/* 8 hex digits: IPv4, mapped; 32: IPv6. */
static bool parse_addr(const char *hex, uint8_t addr[16])
{
	size_t length = strlen(hex), words = length / 8;
	uint8_t *to = addr;

	if (length != 8 && length != 32)
		return false;
	memset(addr, 0, 16);
	if (words == 1) {
		addr[10] = addr[11] = 0xff;
		to = addr + 12;
	}
	for (size_t i = 0; i < words; i++) {
		unsigned int word;
		uint32_t bits;

		if (sscanf(hex + 8 * i, "%8x", &word) != 1)
			return false;
		bits = word;
		memcpy(to + 4 * i, &bits, 4);
	}
	return true;
}

/* The last word of a datagram socket's line; TCP's ends in other things. */
static uint32_t parse_drops(const char *line, uint8_t protocol)
{
	const char *last = strrchr(line, ' ');
	unsigned int drops = 0;

	if (protocol == IPPROTO_TCP || !last || sscanf(last, " %u", &drops) != 1)
		return 0;
	return drops;
}

bool ft_proc_net_parse(const char *line, uint8_t protocol, bool raw, struct ft_sock *ret_sock,
		       struct ft_proc_queues *ret_queues)
{
	struct ft_proc_queues queues = { .drops = parse_drops(line, protocol) };
	char local[33], remote[33];
	unsigned int local_port, remote_port, state, send, receive, uid, inode;
	struct ft_sock sock = { .raw = raw };

	if (sscanf(line, " %*u: %32[0-9A-Fa-f]:%4x %32[0-9A-Fa-f]:%4x %2x %8x:%8x %*x:%*x %*x %u"
		   " %*u %u", local, &local_port, remote, &remote_port, &state, &send, &receive,
		   &uid, &inode) != 9)
		return false;
	if (!parse_addr(local, sock.local) || !parse_addr(remote, sock.remote))
		return false;
	sock.protocol = raw ? (uint8_t)local_port : protocol;
	sock.local_port_be = htons((uint16_t)local_port);
	sock.remote_port_be = htons((uint16_t)remote_port);
	sock.state = (uint8_t)state;
	sock.uid = uid;
	sock.inode = inode;
	queues.send = send;
	queues.receive = receive;
	*ret_sock = sock;
	*ret_queues = queues;
	return true;
}
