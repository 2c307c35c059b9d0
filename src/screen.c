/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen: mailbox, collector, ft_ui_run, and the same in reverse. A signal that says that
 * the program is broken, or that ends it in any other unforeseen way, puts the terminal back
 * first and then takes its course.
 */
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "capture/collector.h"
#include "core/nls.h"
#include "core/xalloc.h"
#include "options.h"
#include "recording/player.h"
#include "ui/ui.h"

/* SA_RESETHAND: the second one is the default action. */
static void fatal(int number)
{
	ft_ui_emergency_restore();
	raise(number);
}

/* On a stack of their own: the cause may be a full one. */
static void catch_fatal_signals(void)
{
	static const int signals[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE,    SIGILL,  SIGTRAP,
				       SIGSYS,  SIGQUIT, SIGXCPU, SIGALRM, SIGUSR1, SIGUSR2,
				       SIGPOLL, SIGPROF, SIGVTALRM };
	static char stack[65536];
	stack_t where = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_handler = fatal, .sa_flags = (int)(SA_RESETHAND |
									   SA_ONSTACK) };

	sigaltstack(&where, NULL);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
	xalloc_set_die_hook(ft_ui_emergency_restore);
}

/* What the screen starts once its first frame is up. */
struct start {
	struct ft_session *session;
	struct ft_mailbox *mailbox;
	struct ft_collector *collector; /* one of the two */
	struct ft_player *player;
};

static int start(void *arg, struct ft_collector **ret_collector, struct ft_player **ret_player,
		 char *err, size_t err_size)
{
	struct start *s = arg;
	int ret;

	if (s->session->plays)
		ret = ft_session_play(s->session, s->mailbox, &s->player, err, err_size);
	else
		ret = ft_session_collect(s->session, s->mailbox, &s->collector, err, err_size);
	if (ret == 0) {
		*ret_collector = s->collector;
		*ret_player = s->player;
	}
	return ret;
}

/* The end of collector and outputs, once the terminal is ours no more; the first failure counts. */
static int finish(struct ft_session *session, struct ft_collector *collector, bool asked, int ret,
		  char *err, size_t err_size)
{
	char why[FT_REASON_MAX] = "";
	int error = 0, signals;
	sigset_t set;

	if (collector) {
		ft_collector_stop(collector);
		ft_collector_done(collector, &error, why, sizeof(why));
	}
	if (ret == 0 && error < 0) {
		snprintf(err, err_size, "%s", why);
		ret = error;
	}
	/* An output may take its time, and Ctrl-C is to end that. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	error = ft_session_end_outputs(session, asked, signals, why, sizeof(why));
	if (signals >= 0)
		close(signals);
	if (ret == 0 && error < 0) {
		snprintf(err, err_size, "%s", why);
		ret = error;
	}
	return ret;
}

/* The mode. */
int ft_screen_run(struct ft_session *session, char *err, size_t err_size)
{
	struct start arg = { .session = session };
	struct ft_ui_config config = {
		.start = start,
		.start_arg = &arg,
		.options = session->options,
		.names = session->names,
		.observer = session->observer,
		.warnings = session->warnings,
	};
	int ret, signal = 0;

	/* A difference needs nobody to look at it. */
	if (session->options->diff_before && !isatty(STDOUT_FILENO))
		return ft_batch_run(session, err, err_size);
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		snprintf(err, err_size, _("needs a terminal: use ssh -t, or -b"));
		return -ENOTTY;
	}
	ret = ft_session_open_outputs(session, false, err, err_size);
	if (ret < 0)
		return ret;
	arg.mailbox = ft_mailbox_new();
	if (!arg.mailbox) {
		ret = -errno;
		snprintf(err, err_size, "%s", strerror(-ret));
		return ret;
	}
	config.mailbox = arg.mailbox;
	catch_fatal_signals();
	ret = ft_ui_run(&config, &signal, err, err_size);
	if (arg.player)
		ft_player_stop(arg.player);
	ret = finish(session, arg.collector, signal != 0, ret, err, err_size);
	ft_player_free(arg.player);
	ft_collector_free(arg.collector);
	ft_mailbox_free(arg.mailbox);
	return ret;
}
