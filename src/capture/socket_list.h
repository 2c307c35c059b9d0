/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes lists of all sockets of this network namespace, as ss does, while somebody wants to see
 * them. The kernel is asked step by step (sock_diag, /proc/net), so that a hundred thousand
 * sockets hold nobody up: a list is published when it is whole, until then the one before stands.
 * Collector thread only; it never waits.
 */
#ifndef FT_CAPTURE_SOCKET_LIST_H
#define FT_CAPTURE_SOCKET_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "core/socket.h"

struct ft_socket_lister;

/* Fills in what sock_diag doesn't tell of a socket: the owner, what programs wrote and read. */
typedef void (*ft_socket_complete_fn)(void *arg, struct ft_socket *socket);

struct ft_socket_lister *ft_socket_lister_new(ft_socket_complete_fn complete, void *arg);
void ft_socket_lister_free(struct ft_socket_lister *lister); /* takes NULL */

/* Begins a list, unless one is under way or the last one cost so much that it is too early. */
void ft_socket_lister_begin(struct ft_socket_lister *lister, uint64_t now_mono);
/* Goes on with it for about so long. True: it is whole, and the newest from now on. */
bool ft_socket_lister_step(struct ft_socket_lister *lister, uint64_t budget_ns);
bool ft_socket_lister_busy(const struct ft_socket_lister *lister);
/* No more time: what there is of a list under way becomes the newest, as a partial one. */
void ft_socket_lister_cut(struct ft_socket_lister *lister);
/* Nobody wants to see them any more. */
void ft_socket_lister_drop(struct ft_socket_lister *lister);

/* The newest list, NULL if there is none; borrowed. */
const struct ft_socket_list *ft_socket_lister_newest(const struct ft_socket_lister *lister);

#endif
