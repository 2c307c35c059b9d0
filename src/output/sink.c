/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See sink.h. Sockets never block: what would is waited for with poll, and the wait has an end.
 * Names are looked up at each try, for a collector may move; all its addresses are tried.
 */
#include "output/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "capture/clock.h"
#include "core/nls.h"
#include "core/xalloc.h"
#include "output/caller.h"

#define SECOND 1000000000ULL
#define CONNECT_MS 3000
#define STALL_MS 5000 /* without a byte taken: it is stuck */
#define BACKOFF_MAX 60
#define ADDRESSES_MAX 4
#define BURST 32      /* datagrams, then receivers get a moment */

struct ft_sink {
	enum ft_sink_kind kind;
	char *host; /* owned */
	uint16_t port;
	int fd;
	unsigned backoff;    /* seconds; doubled with each failure */
	uint64_t retry_ns;   /* CLOCK_MONOTONIC */
	unsigned burst;
	int error;           /* -errno of the last failure */
	char why[128];
};

struct ft_sink *ft_sink_new(enum ft_sink_kind kind, const char *host, uint16_t port)
{
	struct ft_sink *sink = xcalloc(1, sizeof(*sink));

	sink->kind = kind;
	sink->host = xstrdup(host);
	sink->port = port;
	sink->fd = -1;
	return sink;
}

/* Closes what is open. */
static void drop(struct ft_sink *sink)
{
	if (sink->fd >= 0)
		close(sink->fd);
	sink->fd = -1;
}

void ft_sink_free(struct ft_sink *sink)
{
	if (!sink)
		return;
	drop(sink);
	free(sink->host);
	free(sink);
}

/* A failure: lets go, and says when to try again. */
static void fail(struct ft_sink *sink, int error, const char *why)
{
	drop(sink);
	sink->error = error;
	sink->backoff = sink->backoff ? sink->backoff * 2 : 1;
	if (sink->backoff > BACKOFF_MAX)
		sink->backoff = BACKOFF_MAX;
	sink->retry_ns = ft_clock_read(CLOCK_MONOTONIC) + sink->backoff * SECOND;
	snprintf(sink->why, sizeof(sink->why), "%s", why);
}

/* Connects a new socket within bounded time; -errno. */
static int connect_to(struct ft_sink *sink, int family, int type, const struct sockaddr *address,
		      socklen_t size)
{
	struct pollfd poller;
	socklen_t length;
	int fd, error;

	fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	error = connect(fd, address, size) < 0 ? errno : 0;
	if (error == EINPROGRESS) {
		poller = (struct pollfd){ .fd = fd, .events = POLLOUT };
		length = sizeof(error);
		if (poll(&poller, 1, CONNECT_MS) <= 0)
			error = ETIMEDOUT;
		else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
			error = errno;
	}
	if (error) {
		close(fd);
		return -error;
	}
	sink->fd = fd;
	return 0;
}

/* A collector's name, or its address. */
static void connect_host(struct ft_sink *sink)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = sink->kind == FT_SINK_UDP ? SOCK_DGRAM : SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV,
	};
	struct addrinfo *list = NULL, *at;
	char port[8];
	int ret, tries = 0;

	snprintf(port, sizeof(port), "%u", sink->port);
	ret = getaddrinfo(sink->host, port, &hints, &list);
	if (ret) {
		fail(sink, -EHOSTUNREACH, gai_strerror(ret));
		return;
	}
	ret = -EHOSTUNREACH;
	for (at = list; at && sink->fd < 0 && tries++ < ADDRESSES_MAX; at = at->ai_next)
		ret = connect_to(sink, at->ai_family, at->ai_socktype, at->ai_addr,
				 at->ai_addrlen);
	freeaddrinfo(list);
	if (sink->fd < 0)
		fail(sink, ret, strerror(-ret));
}

/* A unix socket; -errno. */
static int connect_unix(struct ft_sink *sink)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(sink->host) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, sink->host);
	return connect_to(sink, AF_UNIX, SOCK_STREAM, (struct sockaddr *)&address,
			  sizeof(address));
}

/* A FIFO that somebody reads; -errno. */
static int open_fifo(struct ft_sink *sink)
{
	struct stat there;
	int fd = open(sink->host, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &there) < 0 || !S_ISFIFO(there.st_mode)) {
		close(fd);
		return -EEXIST;
	}
	sink->fd = fd;
	return 0;
}

/* What is in the file system, as the calling user. */
static void connect_path(struct ft_sink *sink)
{
	struct ft_caller caller;
	int ret;

	ft_caller_init(&caller);
	ft_caller_enter(&caller);
	ret = sink->kind == FT_SINK_UNIX ? connect_unix(sink) : open_fifo(sink);
	ft_caller_leave(&caller);
	ft_caller_done(&caller);
	if (ret < 0)
		fail(sink, ret, ret == -ENXIO ? _("nobody reads it") : strerror(-ret));
}

bool ft_sink_ready(struct ft_sink *sink, bool now, bool *ret_fresh)
{
	*ret_fresh = false;
	if (sink->fd >= 0)
		return true;
	if (!now && ft_clock_read(CLOCK_MONOTONIC) < sink->retry_ns)
		return false;
	if (sink->kind == FT_SINK_UNIX || sink->kind == FT_SINK_FIFO)
		connect_path(sink);
	else
		connect_host(sink);
	*ret_fresh = sink->fd >= 0;
	return *ret_fresh;
}

/* One datagram. What comes back may be of an earlier one: this one is sent all the same. */
static int send_datagram(struct ft_sink *sink, const void *data, size_t size)
{
	static const struct timespec moment = { .tv_nsec = 1000000 };
	int error = 0;
	ssize_t sent;

	for (int tries = 0; tries < 2; tries++) {
		sent = send(sink->fd, data, size, MSG_NOSIGNAL);
		if (sent < 0 && errno == EAGAIN)
			poll(&(struct pollfd){ .fd = sink->fd, .events = POLLOUT }, 1, STALL_MS);
		if (sent >= 0)
			break;
		error = -errno;
	}
	if (++sink->burst % BURST == 0)
		nanosleep(&moment, NULL);
	sink->error = error;
	if (error < 0)
		snprintf(sink->why, sizeof(sink->why), "%s", strerror(-error));
	return error;
}

/* All of it into a stream. */
static int send_stream(struct ft_sink *sink, const char *data, size_t size)
{
	struct pollfd poller = { .fd = sink->fd, .events = POLLOUT };
	ssize_t sent;
	int error;

	while (size) {
		sent = sink->kind == FT_SINK_FIFO ? write(sink->fd, data, size) :
						    send(sink->fd, data, size, MSG_NOSIGNAL);
		if (sent > 0) {
			data += sent;
			size -= (size_t)sent;
			continue;
		}
		if (sent < 0 && errno != EAGAIN && errno != EINTR) {
			error = -errno;
			fail(sink, error, strerror(-error));
			return error;
		}
		if (poll(&poller, 1, STALL_MS) == 0) {
			fail(sink, -ETIMEDOUT, _("it takes nothing"));
			return -ETIMEDOUT;
		}
	}
	sink->error = 0;
	sink->backoff = 0; /* it is really there */
	return 0;
}

int ft_sink_send(struct ft_sink *sink, const void *data, size_t size)
{
	if (sink->fd < 0)
		return sink->error ? sink->error : -ENOTCONN;
	return sink->kind == FT_SINK_UDP ? send_datagram(sink, data, size) :
					   send_stream(sink, data, size);
}

int ft_sink_error(const struct ft_sink *sink, const char **ret_why)
{
	*ret_why = sink->error ? sink->why : NULL;
	return sink->error;
}
