/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets of this machine at one moment, listening and idle ones too: what the pane of
 * sockets lists. A list is filled by its maker (capture/socket_list), who then publishes it: from
 * there on nobody changes it, and snapshots share it by counted references (atomic). Bounded by
 * FT_SOCKET_LIST_MAX; what did not fit, or did not come in time, makes it partial.
 */
#ifndef FT_CORE_SOCKET_H
#define FT_CORE_SOCKET_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/health_abi.h"
#include "core/health.h"

#define FT_SOCKET_LIST_MAX 131072U

/* Bytes of memory, in the order of the kernel's sk_meminfo. */
enum ft_socket_memory {
	FT_MEMORY_RECEIVE,
	FT_MEMORY_RECEIVE_LIMIT,
	FT_MEMORY_SEND,
	FT_MEMORY_SEND_LIMIT,
	FT_MEMORY_FORWARD,
	FT_MEMORY_QUEUED,
	FT_MEMORY_OPTIONS,
	FT_MEMORY_BACKLOG,
	FT_MEMORY_MAX
};

struct ft_socket {
	uint64_t id;             /* of the row: the cookie, else made of its ends; never 0 */
	struct ft_health health; /* state and queues of all; the rest of connected TCP only */
	uint8_t local[16], remote[16]; /* mapped; zero = any */
	uint16_t local_port_be, remote_port_be; /* 0 = any; a ping socket's id is local */
	uint8_t protocol;
	uint8_t ip_version;
	bool raw;                /* a raw socket */
	bool tcp;                /* health has TCP's numbers */
	bool has_memory;
	uint16_t owner;          /* enum ft_owner_id */
	uint32_t uid;
	uint32_t inode;          /* 0 = no file (any more) */
	uint32_t memory[FT_MEMORY_MAX];
	char iface[IFNAMSIZ];    /* that it is bound to, "" */
};

struct ft_socket_list {
	struct ft_socket *sockets; /* in the order of the kernel's answer */
	size_t count;
	uint64_t end_ns;      /* CLOCK_REALTIME: it was whole then */
	uint64_t left_out;    /* that found no place */
	bool cut;             /* the kernel's answer broke off */
};

/* Empty, with one reference, the caller's; not published yet. */
struct ft_socket_list *ft_socket_list_new(void);
/* Adds a socket, or replaces the one with the same id. Only before the list is published. */
void ft_socket_list_add(struct ft_socket_list *list, const struct ft_socket *socket);
/* The one with this id (or cookie), NULL if there is none. */
const struct ft_socket *ft_socket_list_find(const struct ft_socket_list *list, uint64_t id);
/* True if sockets are missing in it. */
bool ft_socket_list_partial(const struct ft_socket_list *list);

const struct ft_socket_list *ft_socket_list_take(const struct ft_socket_list *list); /* +1 */
void ft_socket_list_put(const struct ft_socket_list *list); /* -1; NULL is fine */

/* One of its numbers; false if it has none such. */
bool ft_socket_get(const struct ft_socket *socket, enum ft_health_number number,
		   uint64_t *ret_value);
/* "established", "listen", "unconnected" (not TCP). */
const char *ft_socket_state(const struct ft_socket *socket);
/* True if it only waits to be forgotten: TIME_WAIT, or closed. */
bool ft_socket_is_over(const struct ft_socket *socket);

/* A flow of the snapshot that passes through this socket: by its cookie, else by its ends; NULL
 * if there is none. Looks at all flows. */
const struct ft_flow_hot *ft_socket_flow(const struct ft_snapshot *snapshot,
					 const struct ft_socket *socket);

#endif
