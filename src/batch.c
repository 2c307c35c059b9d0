/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Batch: collector -> queue -> writer -> stdout; main waits for a signal, the end of the
 * collector, or a writer that cannot write. The end is always the same: the collector stops
 * (detach, drain, last snapshot), the queue is closed, the writer writes what is in it.
 */
#include "session.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "capture/collector.h"
#include "core/column.h"
#include "core/nls.h"
#include "core/snapshot.h"
#include "options.h"
#include "output/output.h"

#define QUEUE_LENGTH 4

enum { SIGNAL, COLLECTOR, WRITER, SOURCES };

/* A snapshot that nobody took. */
static void drop_snapshot(void *item)
{
	ft_snapshot_put(item);
}

/* The signals we wait for; one that was ignored when we started (nohup) stays so. */
static int open_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGTSTP };
	struct sigaction action;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&set, signals[i]);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The next signal that came, or 0. */
static int next_signal(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}

/* Ctrl-Z: counting is off while we are stopped, and the gap is told. */
static void suspend(struct ft_collector *collector)
{
	ft_collector_pause(collector, true);
	raise(SIGSTOP);
	ft_collector_pause(collector, false);
}

/* Until there is a reason to end. */
static void wait_for_end(struct ft_collector *collector, struct ft_writer *writer, int signals)
{
	struct pollfd fds[SOURCES] = {
		[SIGNAL] = { .fd = signals, .events = POLLIN },
		[COLLECTOR] = { .fd = ft_collector_fd(collector), .events = POLLIN },
		[WRITER] = { .fd = ft_writer_fd(writer), .events = POLLIN },
	};
	int signal;

	for (;;) {
		if (poll(fds, SOURCES, -1) < 0)
			continue;
		if (fds[COLLECTOR].revents || fds[WRITER].revents)
			return;
		while ((signal = next_signal(signals))) {
			if (signal != SIGTSTP)
				return;
			suspend(collector);
		}
	}
}

/* What is in the queue is written; who asks a second time to end does not wait for a reader. */
static void wait_for_writer(struct ft_writer *writer, int signals)
{
	struct pollfd fds[2] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = ft_writer_fd(writer), .events = POLLIN },
	};
	int signal;

	while (!fds[1].revents) {
		if (poll(fds, 2, -1) < 0)
			continue;
		while ((signal = next_signal(signals)))
			if (signal != SIGTSTP)
				_exit(4);
	}
}

/* What the rows are: options as a query. */
static void fill_config(const struct ft_session *session, struct ft_show *show,
			struct ft_output_config *config)
{
	const struct ft_options *options = session->options;
	const struct ft_column *sort = options->sort ? ft_column_find(options->sort) : NULL;

	*show = (struct ft_show){
		.unit = options->unit,
		.prefix = options->prefix,
		.window = options->window,
		.layer = options->layer,
		.numeric_hosts = options->numeric_hosts,
		.numeric_ports = options->numeric_ports,
		.ascii = options->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0,
		.names = session->names,
	};
	*config = (struct ft_output_config){
		.stream = stdout,
		.observer = session->observer,
		.lists = options->lists,
		.query = {
			.filter = session->filter,
			.sort = sort,
			.ascending = options->sort_ascending >= 0 ? options->sort_ascending :
				     sort ? sort->ascending : false,
			.show = show,
		},
		.max_rows = options->max_rows,
	};
}

/* The end of everything, and which failure counts. */
static int finish(struct ft_collector *collector, struct ft_writer *writer,
		  struct ft_queue *queue, int signals, char *err, size_t err_size)
{
	char why[FT_REASON_MAX] = "";
	int error = 0, written;

	ft_collector_stop(collector);
	ft_collector_done(collector, &error, why, sizeof(why));
	ft_queue_close(queue);
	wait_for_writer(writer, signals);
	written = ft_writer_join(writer);
	if (error < 0) {
		snprintf(err, err_size, "%s", why);
		return error;
	}
	if (written < 0 && written != -EPIPE)
		snprintf(err, err_size, _("cannot write: %s"), strerror(-written));
	return written == -EPIPE ? 0 : written;
}

/* The mode. */
int ft_batch_run(struct ft_session *session, char *err, size_t err_size)
{
	const struct ft_output_ops *ops = ft_output_find(session->options->format);
	struct ft_collector *collector = NULL;
	struct ft_queue *queue = NULL;
	struct ft_output_config config;
	struct ft_output *output = NULL;
	struct ft_writer *writer;
	struct ft_show show;
	int signals, ret;

	signals = open_signals();
	if (signals < 0) {
		ret = -errno;
		snprintf(err, err_size, "signalfd: %s", strerror(-ret));
		return ret;
	}
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	fill_config(session, &show, &config);
	ret = ops->open(&config, &output, err, err_size);
	if (ret < 0)
		goto cleanup;
	queue = ft_queue_new(QUEUE_LENGTH, drop_snapshot);
	ret = ft_session_collect(session, NULL, queue, &collector, err, err_size);
	if (ret < 0)
		goto cleanup;
	writer = ft_writer_start(queue, output);
	if (!writer) {
		ret = -EAGAIN;
		snprintf(err, err_size, _("cannot start a thread"));
		goto cleanup;
	}
	wait_for_end(collector, writer, signals);
	ret = finish(collector, writer, queue, signals, err, err_size);
cleanup:
	ft_collector_free(collector);
	if (queue)
		ft_queue_free(queue);
	if (output)
		output->ops->close(output);
	close(signals);
	return ret;
}
