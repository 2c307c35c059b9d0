/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See writers.h. A thread takes until its queue is closed, also when it cannot write any more,
 * so that nobody waits for it.
 */
#include "output/writers.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "capture/mailbox.h"
#include "capture/thread.h"
#include "core/nls.h"
#include "core/snapshot.h"
#include "core/xalloc.h"

#define QUEUE_LENGTH 4

struct writer {
	struct ft_writers *all;
	pthread_t thread;
	bool started;
	struct ft_queue *queue;
	struct ft_output *output; /* owned; the thread's until it is joined */
	char *label;              /* owned; escaped */
	unsigned flags;
	int error;                /* the thread's until it is joined: of the last write, or of */
	char why[FT_QUEUE_REMARK_MAX]; /* the first one if it is essential; and its words */
};

struct ft_writers {
	struct writer *writer[FT_WRITERS_MAX]; /* owned */
	size_t count;
	atomic_size_t running;
	bool joined;
	int fd; /* eventfd: an essential one failed, or all ended */
};

/* A snapshot that nobody took. */
static void drop_snapshot(void *item)
{
	ft_snapshot_put(item);
}

struct ft_writers *ft_writers_new(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct ft_writers *writers;

	if (fd < 0)
		return NULL;
	writers = xcalloc(1, sizeof(*writers));
	atomic_init(&writers->running, 0);
	writers->fd = fd;
	return writers;
}

/* Says through the queue how it stands: the output's own words, else those of the error. */
static void say(struct writer *writer, int error)
{
	const char *words = writer->output->remark;

	if (!words[0] && error < 0)
		words = strerror(-error);
	writer->why[0] = '\0';
	if (words[0])
		snprintf(writer->why, sizeof(writer->why), "%.80s%s%s", writer->label,
			 writer->label[0] ? ": " : "", words);
	ft_queue_remark(writer->queue, writer->why);
}

/* One snapshot. */
static void write_one(struct writer *writer, const struct ft_snapshot *snapshot)
{
	bool essential = writer->flags & FT_WRITER_ESSENTIAL;

	if (essential && writer->error < 0)
		return;
	writer->error = writer->output->ops->write(writer->output, snapshot);
	say(writer, writer->error);
	if (essential && writer->error < 0)
		(void)!eventfd_write(writer->all->fd, 1);
}

/* A thread. */
static void *run(void *arg)
{
	struct writer *writer = arg;
	const struct ft_snapshot *snapshot;

	pthread_setname_np(pthread_self(), "flowtop-write");
	while ((snapshot = ft_queue_wait(writer->queue))) {
		write_one(writer, snapshot);
		ft_snapshot_put(snapshot);
	}
	if (atomic_fetch_sub(&writer->all->running, 1) == 1)
		(void)!eventfd_write(writer->all->fd, 1);
	return NULL;
}

/* Frees one whose thread doesn't run. */
static int free_writer(struct writer *writer)
{
	int ret = writer->output->ops->close(writer->output);

	ft_queue_free(writer->queue);
	free(writer->label);
	free(writer);
	return ret;
}

int ft_writers_add(struct ft_writers *writers, struct ft_output *output, unsigned flags,
		   const char *label, char *err, size_t err_size)
{
	struct writer *writer = xcalloc(1, sizeof(*writer));
	char safe[256];

	writer->all = writers;
	writer->output = output;
	writer->flags = flags;
	writer->label = xstrdup(ft_fmt_escape(label, strlen(label), false, safe, sizeof(safe)));
	writer->queue = ft_queue_new(QUEUE_LENGTH, drop_snapshot);
	if (!writer->queue) {
		int error = -errno;

		snprintf(err, err_size, "%s", strerror(-error));
		free_writer(writer);
		return error;
	}
	if (writers->count == FT_WRITERS_MAX) {
		snprintf(err, err_size, _("no more than %d outputs at once"), FT_WRITERS_MAX);
		free_writer(writer);
		return -ENOSPC;
	}
	writers->writer[writers->count++] = writer;
	return 0;
}

int ft_writers_start(struct ft_writers *writers, char *err, size_t err_size)
{
	int ret;

	for (size_t i = 0; i < writers->count; i++) {
		struct writer *writer = writers->writer[i];

		atomic_fetch_add(&writers->running, 1);
		ret = ft_thread_start(&writer->thread, run, writer);
		writer->started = ret == 0;
		if (ret < 0) {
			snprintf(err, err_size, _("cannot start a thread: %s"), strerror(-ret));
			atomic_fetch_sub(&writers->running, 1);
			return ret;
		}
	}
	return 0;
}

size_t ft_writers_count(const struct ft_writers *writers)
{
	return writers->count;
}

struct ft_queue *ft_writers_queue(const struct ft_writers *writers, size_t i, unsigned *ret_flags)
{
	*ret_flags = writers->writer[i]->flags;
	return writers->writer[i]->queue;
}

int ft_writers_fd(const struct ft_writers *writers)
{
	return writers->fd;
}

void ft_writers_heard(struct ft_writers *writers)
{
	eventfd_t count;

	(void)!eventfd_read(writers->fd, &count);
}

size_t ft_writers_running(const struct ft_writers *writers)
{
	return atomic_load(&writers->running);
}

void ft_writers_close(struct ft_writers *writers)
{
	for (size_t i = 0; i < writers->count; i++)
		ft_queue_close(writers->writer[i]->queue);
}

/* One thread's end; its failure if it is the first, or the first of an essential one. */
static void join_one(struct writer *writer, int *error, bool *essential, char *err,
		     size_t err_size)
{
	bool own = writer->flags & FT_WRITER_ESSENTIAL;
	char why[FT_QUEUE_REMARK_MAX], label[FT_QUEUE_REMARK_MAX];
	int ret, end;

	if (writer->started)
		pthread_join(writer->thread, NULL);
	ret = writer->error;
	snprintf(why, sizeof(why), "%s", writer->why);
	snprintf(label, sizeof(label), "%.80s", writer->label);
	end = free_writer(writer);
	if (ret == 0 && end < 0) {
		ret = end;
		snprintf(why, sizeof(why), "%.80s%s%s", label, label[0] ? ": " : "",
			 strerror(-end));
	}
	if (ret < 0 && (*error == 0 || (own && !*essential))) {
		*error = ret;
		*essential = own;
		snprintf(err, err_size, _("cannot write: %s"), why);
	}
}

int ft_writers_join(struct ft_writers *writers, char *err, size_t err_size)
{
	bool essential = false;
	int error = 0;

	for (size_t i = 0; i < writers->count; i++)
		join_one(writers->writer[i], &error, &essential, err, err_size);
	writers->count = 0;
	writers->joined = true;
	return error;
}

void ft_writers_free(struct ft_writers *writers)
{
	char err[FT_QUEUE_REMARK_MAX];

	if (!writers)
		return;
	ft_writers_close(writers);
	if (!writers->joined)
		ft_writers_join(writers, err, sizeof(err));
	close(writers->fd);
	free(writers);
}
