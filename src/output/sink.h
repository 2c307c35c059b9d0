/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection to a collector: connects by itself, waits a bounded time for one that is slow,
 * and lets go of one that is stuck; then it tries again after 1, 2, 4 ... 60 seconds. What was
 * handed to it and could not be sent is gone: the caller counts it. Used by one thread, which it
 * may keep waiting for some seconds.
 */
#ifndef FT_OUTPUT_SINK_H
#define FT_OUTPUT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ft_sink_kind {
	FT_SINK_UDP,
	FT_SINK_TCP,
	FT_SINK_UNIX, /* a stream; host is the path; opened with the calling user's rights */
	FT_SINK_FIFO, /* the same; somebody must have it open for reading; SIGPIPE is ignored */
};

struct ft_sink;
struct ft_sink *ft_sink_new(enum ft_sink_kind kind, const char *host, uint16_t port);
void ft_sink_free(struct ft_sink *sink); /* NULL is fine */

/*
 * True if there is a connection: it is made if it is time to try, or at once with `now`.
 * *ret_fresh says that it is a new one, which the collector knows nothing of.
 */
bool ft_sink_ready(struct ft_sink *sink, bool now, bool *ret_fresh);
/* All of it, or -errno; a stream is closed then. For UDP that is what the network said of an
 * earlier datagram, too. */
int ft_sink_send(struct ft_sink *sink, const void *data, size_t size);
/* -errno of the last failure and what it was, NULL after a success. */
int ft_sink_error(const struct ft_sink *sink, const char **ret_why);

#endif
