/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to the screen: bytes from the terminal, signals (through a descriptor), new
 * snapshots, answers from DNS, a terminal that takes more after it took nothing, and time, but only while a
 * lone Esc waits to act. One paint at the end of each turn, whatever came in it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "capture/collector.h"
#include "capture/mailbox.h"
#include "capture/resolver.h"
#include "core/nls.h"
#include "options.h"
#include "recording/player.h"
#include "ui/term.h"
#include "ui/ui_priv.h"

#define EVENTS 8
#define DONE_POLL_MS 50

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

void ft_ui_watch(struct ft_ui *ui, int fd, bool watched)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0 || ui->epoll < 0)
		return;
	if (watched)
		epoll_ctl(ui->epoll, EPOLL_CTL_ADD, fd, &event); /* EEXIST is fine */
	else
		epoll_ctl(ui->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* Has the loop woken when the terminal takes more, for as long as it has not taken all. */
static void watch_terminal(struct ft_ui *ui)
{
	struct epoll_event event = { .events = EPOLLOUT, .data.fd = ft_term_fd() };

	if (ui->behind == ft_term_is_behind())
		return;
	ui->behind = !ui->behind;
	epoll_ctl(ui->epoll, ui->behind ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, ft_term_fd(), &event);
}

/* Hands decoded events on. */
static void give(struct ft_ui *ui, const struct ft_event *events, unsigned count)
{
	for (unsigned i = 0; i < count && !ui->quit; i++)
		ft_ui_event(ui, &events[i]);
}

/* Reads keys; a terminal that is gone ends the screen as SIGHUP does. */
static void read_keys(struct ft_ui *ui)
{
	struct ft_event events[FT_INPUT_EVENTS];
	uint8_t bytes[4096];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
	uint64_t now = now_ns();

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		ui->ended_by = SIGHUP;
		ui->quit = true;
		return;
	}
	for (ssize_t i = 0; i < n && !ui->quit; i++)
		give(ui, events, ft_input_byte(&ui->input, bytes[i], now, events));
}

/* Signals end, stop, wake or resize. */
static void read_signals(struct ft_ui *ui)
{
	struct signalfd_siginfo info;

	while (read(ui->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTSTP:
			ft_ui_suspend(ui);
			break;
		case SIGCONT: /* somebody may have written over the screen meanwhile */
			clearok(curscr, TRUE);
			ft_ui_update(ui, FT_FX_PAINT);
			break;
		case SIGWINCH:
			ft_term_resize();
			ft_ui_update(ui, FT_FX_FILL | FT_FX_PAINT);
			break;
		default:
			ui->ended_by = (int)info.ssi_signo;
			ui->quit = true;
			return;
		}
	}
}

/* Once the collector has ended: by -c the screen ends too, by a fault it says so. */
static void look_for_end(struct ft_ui *ui)
{
	char sentence[FT_REASON_MAX] = "";
	int error = 0;

	bool done = false;

	if (ui->collector)
		done = ft_collector_done(ui->collector, &error, sentence, sizeof(sentence));
	else if (ui->player && (error = ft_player_error(ui->player, sentence, sizeof(sentence))) < 0)
		done = true;

	/* A file's last picture stays until its user quits, unless -c said how long. */
	if (!done && ui->config->options->read_file && ui->config->options->intervals)
		ui->quit = true;
	if (ui->finished || !done)
		return;
	ui->finished = true;
	if (error < 0) {
		ui->fault_error = error;
		snprintf(ui->fault, sizeof(ui->fault), _("counting has stopped: %s"), sentence);
		ft_ui_update(ui, FT_FX_FILL | FT_FX_PAINT);
	} else if (ui->config->options->intervals) {
		ui->quit = true;
	}
}

/* Milliseconds until something is due without an event; -1 = nothing is. */
static int time_left(const struct ft_ui *ui)
{
	uint64_t deadline = ft_input_deadline(&ui->input), now;

	if (deadline) {
		now = now_ns();
		return deadline <= now ? 0 : (int)((deadline - now) / 1000000U) + 1;
	}
	return ui->snapshot && ui->snapshot->last && !ui->finished ? DONE_POLL_MS : -1;
}

/* One descriptor that has something. */
static void handle(struct ft_ui *ui, const struct epoll_event *event)
{
	int fd = event->data.fd;

	if (fd == STDIN_FILENO)
		read_keys(ui);
	else if (fd == ui->signals)
		read_signals(ui);
	else if (fd == ft_mailbox_fd(ui->config->mailbox))
		ft_ui_take(ui);
	else if (fd != ft_term_fd()) /* the turn's end is what it waits for */
		ft_ui_update(ui, ft_ui_answers(ui));
}

/* Waits, and does what came. */
static int turn(struct ft_ui *ui, char *err, size_t err_size)
{
	struct ft_event events[FT_INPUT_EVENTS];
	struct epoll_event ready[EVENTS];
	int count = epoll_wait(ui->epoll, ready, EVENTS, time_left(ui));

	if (count < 0 && errno != EINTR) {
		int error = errno;

		snprintf(err, err_size, "epoll: %s", strerror(error));
		return -error;
	}
	for (int i = 0; i < count && !ui->quit; i++)
		handle(ui, &ready[i]);
	give(ui, events, ft_input_tick(&ui->input, now_ns(), events));
	if (!ui->snapshot || ui->snapshot->last)
		look_for_end(ui);
	if (!ui->quit)
		ft_ui_show(ui);
	watch_terminal(ui);
	return 0;
}

/* Descriptors for signals and for waiting. */
static int open_descriptors(struct ft_ui *ui, char *err, size_t err_size)
{
	static const int wanted[] = { SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		sigaddset(&set, wanted[i]);
	ui->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	ui->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (ui->signals < 0 || ui->epoll < 0) {
		int error = errno;

		snprintf(err, err_size, "signalfd, epoll: %s", strerror(error));
		return -error;
	}
	ft_ui_watch(ui, STDIN_FILENO, true);
	ft_ui_watch(ui, ui->signals, true);
	ft_ui_watch(ui, ft_mailbox_fd(ui->config->mailbox), true);
	return 0;
}

int ft_ui_loop(struct ft_ui *ui, char *err, size_t err_size)
{
	int result;

	ui->signals = -1;
	result = open_descriptors(ui, err, err_size);
	if (result < 0)
		goto cleanup;
	ft_ui_switch_resolver(ui);
	ft_term_resize();
	ft_ui_update(ui, FT_FX_FILL | FT_FX_PAINT);
	ft_ui_take(ui);
	ft_ui_show(ui);
	watch_terminal(ui);
	while (!ui->quit && result == 0)
		result = turn(ui, err, err_size);
cleanup:
	if (ui->signals >= 0)
		close(ui->signals);
	if (ui->epoll >= 0)
		close(ui->epoll);
	ui->epoll = -1;
	return result;
}
