/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP sockets asked of the kernel (inet_diag with tcp_info), where no program samples them:
 * AF_PACKET, old kernels. Gives the same records as the sampling does, and finds the cookie of
 * the socket at an end of a flow, which AF_PACKET cannot know. Collector thread only; it never
 * waits, and asks so rarely that it costs about a hundredth of a CPU.
 */
#ifndef FT_CAPTURE_SOCKET_SOURCE_H
#define FT_CAPTURE_SOCKET_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/batch.h"

struct ft_socket_source;
struct inet_diag_msg;

struct ft_socket_source *ft_socket_source_new(void);
void ft_socket_source_free(struct ft_socket_source *source); /* takes NULL */

/* Goes on asking, for a bounded time. True if a whole answer has come: take it now. */
bool ft_socket_source_refresh(struct ft_socket_source *source, uint64_t now_mono);
/* Adds the newest whole answer to a batch; borrowed until the next refresh. */
void ft_socket_source_put(struct ft_socket_source *source, struct ft_batch *batch);
/* For ft_table_name_sockets: the cookie of the socket at an end of a flow, 0 = none known. */
uint64_t ft_socket_source_find(void *source, const struct ft_flow_key *key, int end);

/* What a dump asks for beside the sockets (needs linux/inet_diag.h): all that
 * ft_health_from_diag can read. Asked for Vegas, each algorithm tells its own. */
#define FT_HEALTH_DIAG_EXTENSION(name) (1U << ((name) - 1))
#define FT_HEALTH_DIAG_EXTENSIONS \
	(FT_HEALTH_DIAG_EXTENSION(INET_DIAG_INFO) | FT_HEALTH_DIAG_EXTENSION(INET_DIAG_VEGASINFO) | \
	 FT_HEALTH_DIAG_EXTENSION(INET_DIAG_CONG) | FT_HEALTH_DIAG_EXTENSION(INET_DIAG_TOS) | \
	 FT_HEALTH_DIAG_EXTENSION(INET_DIAG_TCLASS) | \
	 FT_HEALTH_DIAG_EXTENSION(INET_DIAG_SKMEMINFO))

/* A message with its attributes as a record; for the tests too. */
void ft_health_from_diag(const struct inet_diag_msg *msg, uint32_t length, uint64_t now_ns,
			 struct ft_health *ret_health);

#endif
