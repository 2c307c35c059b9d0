/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which sockets there are in this network namespace, as the kernel tells over
 * NETLINK_SOCK_DIAG, and where it doesn't (raw and ping sockets, kernels without the diag
 * modules), as /proc/net tells. Two ways to ask:
 *
 *   look_up   one socket, found by the kernel's own look-up, wildcards and listeners included
 *   dump      all sockets of a protocol, in steps, so that a caller can stop at its deadline
 *             and go on later
 *
 * Used by owner_proc.c and socket_list.c on the collector thread. It never waits for anything.
 */
#ifndef FT_CAPTURE_SOCK_DIAG_H
#define FT_CAPTURE_SOCK_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/socket.h"

/* What is told beside that on demand: state and queues of all, TCP's numbers where has_info. */
struct ft_sock_detail {
	struct ft_health health;
	bool has_info, has_memory;
	uint8_t family;      /* AF_INET, AF_INET6 */
	uint32_t ifindex;    /* bound to; 0 = to none */
	uint32_t memory[FT_MEMORY_MAX];
};

/* One socket. Addresses are mapped; unbound ones are zero (v6) or mapped zero (v4). */
struct ft_sock {
	uint8_t local[16], remote[16];
	uint16_t local_port_be, remote_port_be;
	uint8_t protocol; /* of raw sockets the one they are bound to; ping sockets: 1 or 58 */
	uint8_t state;    /* TCP_* of the kernel, UDP: 1 connected, 7 not */
	bool raw;         /* a raw socket: ports mean nothing */
	uint32_t uid;
	uint32_t inode;   /* 0: the socket has no file (any more) */
	uint64_t cookie;  /* 0 = not known */
	const struct ft_sock_detail *detail; /* of a dump that was asked for it; borrowed */
};

/* The states that matter here (net/tcp_states.h, which no uapi header repeats). */
#define FT_SOCK_ESTABLISHED 1
#define FT_SOCK_SYN_RECV 3
#define FT_SOCK_CLOSE_WAIT 8
#define FT_SOCK_LISTEN 10

struct ft_sock_diag;

/* Never fails: what cannot be opened is answered with -EOPNOTSUPP later. */
struct ft_sock_diag *ft_sock_diag_new(void);
void ft_sock_diag_free(struct ft_sock_diag *diag); /* takes NULL */

/*
 * The socket that would get a packet from remote to local. protocol: TCP, UDP, UDP-Lite, SCTP.
 * -ENOENT: none; -EOPNOTSUPP: this cannot be asked here (then dump).
 */
int ft_sock_diag_look_up(struct ft_sock_diag *diag, uint8_t protocol, const uint8_t local[16],
			 uint16_t local_port_be, const uint8_t remote[16],
			 uint16_t remote_port_be, struct ft_sock *ret_sock);

/*
 * Starts to dump all sockets of a protocol, of both families (IPPROTO_ICMP: all ping sockets;
 * IPPROTO_RAW: all raw sockets, with the protocol that each is bound to). An unfinished dump
 * is given up.
 */
int ft_sock_diag_dump(struct ft_sock_diag *diag, uint8_t protocol);
/* Dumps tell details from now on, and list TIME_WAIT, half-open and closed ones too. */
void ft_sock_diag_want_detail(struct ft_sock_diag *diag);
/*
 * Hands out some of them. 1: there may be more, call again; 0: that was all; -errno: it ended
 * early (-EOPNOTSUPP: neither sock_diag nor /proc/net know the protocol).
 */
int ft_sock_diag_step(struct ft_sock_diag *diag,
		      void (*each)(void *arg, const struct ft_sock *sock), void *arg);

/* Why sock_diag isn't used ("" if it is), for the user. */
const char *ft_sock_diag_trouble(const struct ft_sock_diag *diag);

/*
 * One line of /proc/net/{tcp,udp,raw,icmp ...}{,6}; false if it is none (the heading). For
 * ft_sock_diag_step and its test.
 */
struct ft_proc_queues {
	uint32_t receive, send; /* bytes */
	uint32_t drops;
};
bool ft_proc_net_parse(const char *line, uint8_t protocol, bool raw, struct ft_sock *ret_sock,
		       struct ft_proc_queues *ret_queues);

#endif
