/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See file_stream.h. The stream has no buffer of stdio's, but one here, so that it is known
 * whether something is left in it. Waiting is a poll for the pipe, for the event by which it is
 * called off, and at first for signals; these are only seen, never taken: they stay pending for
 * the one who waits for them.
 */
#include "capture/file_stream.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/xalloc.h"

#define BUFFER 65536

struct ft_file_stream {
	int fd;
	int off_fd;     /* an eventfd: called off */
	int signals_fd; /* -1 once opened */
	bool at_end, called_off;
	size_t from, until; /* what is left in the buffer */
	char buffer[BUFFER];
};

/* Waits until the pipe can be read; false if it was called off before. */
static bool wait_for_data(struct ft_file_stream *stream)
{
	struct pollfd fds[] = {
		{ .fd = stream->fd, .events = POLLIN },
		{ .fd = stream->off_fd, .events = POLLIN },
		{ .fd = stream->signals_fd, .events = POLLIN },
	};

	while (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0) {
		if (errno != EINTR)
			return true; /* read() will say why */
	}
	return fds[0].revents != 0;
}

/* Fills the empty buffer; 0 at the end. */
static ssize_t fill(struct ft_file_stream *stream)
{
	ssize_t got = -1;

	errno = EAGAIN;
	while (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		if (!wait_for_data(stream)) {
			stream->called_off = stream->at_end = true;
			return 0;
		}
		got = read(stream->fd, stream->buffer, BUFFER);
	}
	stream->at_end = got <= 0;
	stream->from = 0;
	stream->until = got > 0 ? (size_t)got : 0;
	return got;
}

/* For stdio: some octets. */
static ssize_t stream_read(void *cookie, char *to, size_t size)
{
	struct ft_file_stream *stream = cookie;
	size_t left;

	if (stream->from == stream->until && !stream->at_end) {
		ssize_t got = fill(stream);

		if (got < 0)
			return got;
	}
	left = stream->until - stream->from;
	if (size > left)
		size = left;
	memcpy(to, stream->buffer + stream->from, size);
	stream->from += size;
	return (ssize_t)size;
}

static int stream_close(void *cookie)
{
	struct ft_file_stream *stream = cookie;

	ft_file_stream_opened(stream);
	close(stream->fd);
	if (stream->off_fd >= 0)
		close(stream->off_fd);
	free(stream);
	return 0;
}

/* Those that end a program, if they are blocked, which they are where somebody waits for them. */
static int watch_signals(void)
{
	sigset_t set, blocked;

	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	for (int i = 0; i < 3; i++) {
		const int signals[] = { SIGINT, SIGTERM, SIGHUP };

		if (sigismember(&blocked, signals[i]) == 1)
			sigaddset(&set, signals[i]);
	}
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

struct ft_file_stream *ft_file_stream_new(int fd, FILE **ret_file)
{
	struct ft_file_stream *stream = xcalloc(1, sizeof(*stream));
	const cookie_io_functions_t functions = { .read = stream_read, .close = stream_close };

	stream->fd = fd;
	stream->off_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	stream->signals_fd = watch_signals();
	*ret_file = fopencookie(stream, "rb", functions);
	if (!*ret_file) {
		stream_close(stream);
		return NULL;
	}
	setvbuf(*ret_file, NULL, _IONBF, 0);
	return stream;
}

void ft_file_stream_call_off(struct ft_file_stream *stream)
{
	(void)!eventfd_write(stream->off_fd, 1);
}

void ft_file_stream_opened(struct ft_file_stream *stream)
{
	if (stream->signals_fd >= 0)
		close(stream->signals_fd);
	stream->signals_fd = -1;
}

bool ft_file_stream_called_off(const struct ft_file_stream *stream)
{
	return stream->called_off;
}

int ft_file_stream_fd(const struct ft_file_stream *stream)
{
	return stream->from == stream->until && !stream->at_end ? stream->fd : -1;
}

bool ft_file_stream_is_dry(const struct ft_file_stream *stream)
{
	struct pollfd fd = { .fd = ft_file_stream_fd(stream), .events = POLLIN };

	return fd.fd >= 0 && poll(&fd, 1, 0) == 0;
}
