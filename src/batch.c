/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Batch: collector -> queues -> writers -> stdout and what else there is; main waits for a
 * signal, the end of the collector, or stdout that cannot be written. The end is always the same:
 * the collector stops (detach, drain, last snapshot), the queues are closed, the writers write
 * what is in them.
 */
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "capture/collector.h"
#include "output/writers.h"
#include "recording/player.h"

enum { SIGNAL, SOURCE, WRITERS, SOURCES };

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
	if (collector)
		ft_collector_pause(collector, true);
	raise(SIGSTOP);
	if (collector)
		ft_collector_pause(collector, false);
}

/* Until there is a reason to end; true if it is a signal. */
static bool wait_for_end(struct ft_collector *collector, int source, int writers, int signals)
{
	struct pollfd fds[SOURCES] = {
		[SIGNAL] = { .fd = signals, .events = POLLIN },
		[SOURCE] = { .fd = source, .events = POLLIN },
		[WRITERS] = { .fd = writers, .events = POLLIN },
	};
	int signal;

	for (;;) {
		if (poll(fds, SOURCES, -1) < 0)
			continue;
		if (fds[SOURCE].revents || fds[WRITERS].revents)
			return false;
		while ((signal = next_signal(signals))) {
			if (signal != SIGTSTP)
				return true;
			suspend(collector);
		}
	}
}

/* The end of everything, and which failure counts. */
static int finish(struct ft_session *session, struct ft_collector *collector,
		  struct ft_player *player, bool asked, int signals, char *err, size_t err_size)
{
	char why[FT_REASON_MAX] = "";
	int error = 0, written;

	if (player) {
		ft_player_stop(player);
		error = ft_player_error(player, why, sizeof(why));
	} else {
		ft_collector_stop(collector);
		ft_collector_done(collector, &error, why, sizeof(why));
	}
	written = ft_session_end_outputs(session, asked, signals, err, err_size);
	if (error < 0) {
		snprintf(err, err_size, "%s", why);
		return error;
	}
	/* The reader went away; what --until waits for is there. */
	if (written == -EPIPE || written == -ECANCELED) {
		err[0] = '\0';
		written = 0;
	}
	return written;
}

/* The mode. */
int ft_batch_run(struct ft_session *session, char *err, size_t err_size)
{
	struct ft_collector *collector = NULL;
	struct ft_player *player = NULL;
	int signals, ret;
	bool asked;

	signals = open_signals();
	if (signals < 0) {
		ret = -errno;
		snprintf(err, err_size, "signalfd: %s", strerror(-ret));
		return ret;
	}
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	ret = ft_session_open_outputs(session, true, err, err_size);
	if (ret == 0 && session->plays)
		ret = ft_session_play(session, NULL, &player, err, err_size);
	else if (ret == 0)
		ret = ft_session_collect(session, NULL, &collector, err, err_size);
	if (ret == 0) {
		asked = wait_for_end(collector,
				     player ? ft_player_fd(player) : ft_collector_fd(collector),
				     ft_writers_fd(session->writers), signals);
		ret = finish(session, collector, player, asked, signals, err, err_size);
	}
	ft_player_free(player);
	ft_collector_free(collector);
	close(signals);
	return ret;
}
