/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which process a socket belongs to, by the socket's cookie: what the owner programs have told
 * so far. Two halves: when the younger one is full it becomes the older one, and what was there
 * is forgotten; what is asked for in the older half moves to the younger. So the newest and the
 * busiest stay, and memory is bounded without a word from the kernel about closed sockets.
 */
#ifndef FT_CAPTURE_OWNER_SOCKETS_H
#define FT_CAPTURE_OWNER_SOCKETS_H

#include <stdint.h>

#define FT_OWNER_SOCKETS_HALF 131072U /* a power of two; 40 bytes each at a load of a half */

struct ft_owner_socket_of {
	uint64_t cookie;
	uint64_t start_ns; /* of the process; 0 = the kernel */
	uint32_t tgid;
	uint32_t how; /* enum ft_owner_how; 0 = only its bytes are known */
	uint64_t sent, received; /* by programs, as far as told */
};

struct ft_owner_sockets;

/* half: how many a half holds, a power of two; 0 = FT_OWNER_SOCKETS_HALF. */
struct ft_owner_sockets *ft_owner_sockets_new(uint32_t half);
void ft_owner_sockets_free(struct ft_owner_sockets *sockets); /* takes NULL */

/* Newer news of the owner replaces older; what is known of bytes stays. */
void ft_owner_sockets_put(struct ft_owner_sockets *sockets, const struct ft_owner_socket_of *news);
/* Bytes so far. */
void ft_owner_sockets_put_bytes(struct ft_owner_sockets *sockets, uint64_t cookie, uint64_t sent,
				uint64_t received);
/* NULL if nothing is known; valid until the next call. */
const struct ft_owner_socket_of *ft_owner_sockets_find(struct ft_owner_sockets *sockets,
							uint64_t cookie);
/* How many had to be forgotten since start, at most. */
uint64_t ft_owner_sockets_forgotten(const struct ft_owner_sockets *sockets);

#endif
