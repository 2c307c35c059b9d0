/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writer thread: takes snapshots from the queue and hands each to the output, in order. It
 * alone uses the output while it runs. After a failed write it goes on taking, so that nobody
 * waits for it, but writes nothing more; main hears of it by the descriptor.
 */
#include "output/output.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "capture/mailbox.h"
#include "core/snapshot.h"
#include "core/xalloc.h"

struct ft_writer {
	pthread_t thread;
	struct ft_queue *queue;   /* borrowed */
	struct ft_output *output; /* borrowed; closed by its owner after the join */
	int fd;                   /* eventfd: failed or ended */
	int error;                /* the thread's until it is joined */
};

/* Wakes whoever waits for the end. */
static void tell(const struct ft_writer *writer)
{
	uint64_t one = 1;

	if (write(writer->fd, &one, sizeof(one)) < 0)
		abort(); /* an eventfd that counts to two has no reason to fail */
}

/* The thread. */
static void *run(void *arg)
{
	struct ft_writer *writer = arg;
	const struct ft_snapshot *snapshot;

	pthread_setname_np(pthread_self(), "flowtop-write");
	while ((snapshot = ft_queue_wait(writer->queue))) {
		if (writer->error == 0) {
			writer->error = writer->output->ops->write(writer->output, snapshot);
			if (writer->error < 0)
				tell(writer);
		}
		ft_snapshot_put(snapshot);
	}
	tell(writer);
	return NULL;
}

/* Starts it; signals are blocked in all threads already. */
struct ft_writer *ft_writer_start(struct ft_queue *queue, struct ft_output *output)
{
	struct ft_writer *writer = xcalloc(1, sizeof(*writer));

	writer->queue = queue;
	writer->output = output;
	writer->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (writer->fd < 0 || pthread_create(&writer->thread, NULL, run, writer) != 0) {
		if (writer->fd >= 0)
			close(writer->fd);
		free(writer);
		return NULL;
	}
	return writer;
}

/* The queue must be closed, or this waits for it. */
int ft_writer_join(struct ft_writer *writer)
{
	int ret;

	if (!writer)
		return 0;
	pthread_join(writer->thread, NULL);
	ret = writer->error;
	close(writer->fd);
	free(writer);
	return ret;
}

/* Readable once it failed or ended. */
int ft_writer_fd(const struct ft_writer *writer)
{
	return writer->fd;
}
