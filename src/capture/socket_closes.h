/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How TCP connections were when they ended, told by a program in the kernel at that moment
 * (bpf/health_close.bpf.c), whatever the backend is: of those that live for some milliseconds this
 * is all that can be had. Collector thread only; without BPF there is never one (NULL).
 */
#ifndef FT_CAPTURE_SOCKET_CLOSES_H
#define FT_CAPTURE_SOCKET_CLOSES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/batch.h"

struct ft_socket_closes;

/* ring_bytes: 0 = the usual; tests want little. NULL: the kernel takes no such program. */
struct ft_socket_closes *ft_socket_closes_new(uint32_t ring_bytes);
void ft_socket_closes_free(struct ft_socket_closes *closes); /* takes NULL */

/* Puts what was told since the last time into an empty batch, borrowed until the next time; false:
 * nothing was, or there is no source (NULL). */
bool ft_socket_closes_take(struct ft_socket_closes *closes, struct ft_batch *batch);
/* Connections that found no room in the ring, since start; NULL: 0. */
uint64_t ft_socket_closes_missed(const struct ft_socket_closes *closes);
/* For ft_table_name_sockets: the cookie of the socket at an end of a flow, if it is among those
 * taken last or the time before; 0 = it isn't. */
uint64_t ft_socket_closes_find(void *closes, const struct ft_flow_key *key, int end);

/* --doctor: 0 or -errno. */
int ft_socket_closes_probe(void);

#endif
