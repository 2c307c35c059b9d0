/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the screen does about what happens: takes snapshots, fills the list in front, paints,
 * and carries out the effects of keys. Staleness is in stages (sample, fill, paint): a key
 * that moves only paints, curses sends only what changed.
 */
#include "ui/ui.h"

#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/collector.h"
#include "capture/mailbox.h"
#include "capture/resolver.h"
#include "core/addr.h"
#include "core/difference.h"
#include "core/names.h"
#include "core/nls.h"
#include "core/socket.h"
#include "core/xalloc.h"
#include "options.h"
#include "output/output.h"
#include "recording/player.h"
#include "ui/term.h"
#include "ui/ui_priv.h"

/* The stage of the next step. */
static struct ft_stage stage_of(const struct ft_ui *ui)
{
	return ft_screen_stage(&ui->scene);
}

/* ---- sample, fill, paint */

/* The details among the panes, or NULL. */
static const struct ft_frame *details_frame(const struct ft_view *view)
{
	for (unsigned i = view->depth; i > 0; i--)
		if (view->stack[i - 1].pane == FT_PANE_DETAILS)
			return &view->stack[i - 1];
	return NULL;
}

/* Details keep the newest snapshot that has their flow. */
static void update_subject(struct ft_ui *ui)
{
	const struct ft_frame *details = details_frame(&ui->view);
	const struct ft_flow_hot *row = NULL;
	const struct ft_snapshot *before = ui->subject;

	if (details)
		row = ft_details_find(ui->snapshot, details->subject);
	/* Gone: the last picture of it stays. */
	if (details && !row && ui->subject_row &&
	    ui->subject_row->flow->id == details->subject)
		return;
	ui->subject = details && ui->snapshot ? ft_snapshot_take(ui->snapshot) : NULL;
	ui->subject_row = row;
	ft_snapshot_put(before);
}

/* Fills the list that is in front, or lies below what is. */
static void fill(struct ft_ui *ui)
{
	struct ft_listing *listing = &ui->listing[ft_view_list(&ui->view)];
	struct ft_query query;

	ui->scene.listing = listing;
	if (!ui->snapshot)
		return;
	ft_view_query(&ui->view, &query);
	/* Rows further down are put in order when they are looked at. */
	ft_listing_fill(listing, ui->snapshot, &query, &ui->view.pins[query.list],
			(size_t)ui->scene.page + 1);
}

/* What the scene borrows. */
static void set_scene(struct ft_ui *ui)
{
	ui->scene.window = stdscr;
	ui->scene.view = &ui->view;
	ui->scene.snapshot = ui->snapshot;
	ui->scene.listing = &ui->listing[ft_view_list(&ui->view)];
	ui->scene.observer = ui->config->observer ? ui->config->observer : "";
	ui->scene.warnings = ui->warnings;
	ui->scene.fault = ui->fault;
	ui->scene.auto_backend = !ui->config->options->backend ||
				 strcmp(ui->config->options->backend, "auto") == 0;
}

void ft_ui_update(struct ft_ui *ui, unsigned effects)
{
	struct ft_stage stage;

	if (!(effects & (FT_FX_FILL | FT_FX_PAINT)))
		return;
	set_scene(ui);
	ft_screen_measure(&ui->scene);
	if (effects & FT_FX_FILL) {
		update_subject(ui);
		fill(ui);
		stage = stage_of(ui);
		ft_view_settle(&ui->view, &stage);
	}
	ui->scene.subject = ui->subject;
	ui->scene.subject_row = ui->subject_row;
	stage = stage_of(ui);
	if (stage.listing)
		ft_view_fit(&ui->view, &stage);
	ft_screen_render(&ui->scene);
	/* Texts know their length once they are drawn. */
	stage = stage_of(ui);
	if (!stage.listing)
		ft_view_fit(&ui->view, &stage);
}

/* Asks DNS for what the rows in sight show and nobody knows. */
static void ask_names(struct ft_ui *ui)
{
	const struct ft_frame *front = ft_view_front(&ui->view);
	struct ft_stage stage = stage_of(ui);
	size_t count;

	if (!ui->resolver || ui->view.show.numeric_hosts || !stage.listing)
		return;
	count = ft_listing_count(stage.listing);
	for (size_t i = front->top; i < count && i < front->top + stage.page; i++) {
		struct ft_row row = ft_listing_at(stage.listing, i);
		const uint8_t *addresses[2] = { NULL, NULL };

		if (row.flow) {
			addresses[0] = row.flow->flow->key.addr_a;
			addresses[1] = row.flow->flow->key.addr_b;
		} else if (row.socket) {
			if (!ft_addr_is_any(row.socket->local))
				addresses[0] = row.socket->local;
			if (!ft_addr_is_any(row.socket->remote))
				addresses[1] = row.socket->remote;
		} else if (front->pane == FT_PANE_TALKERS && row.group->by == FT_GROUP_HOST) {
			addresses[0] = row.group->addr;
		}
		for (unsigned k = 0; k < 2; k++)
			if (addresses[k] && !ft_names_known(ui->config->names, addresses[k]))
				ft_resolver_ask(ui->resolver, addresses[k]);
	}
}

void ft_ui_show(struct ft_ui *ui)
{
	ft_term_show();
	ask_names(ui);
}

/* Another moment on the screen, against the baseline if there is one; the reference is taken
 * over. */
static void show_moment(struct ft_ui *ui, const struct ft_snapshot *snapshot)
{
	const struct ft_snapshot *old = ui->snapshot, *moment = snapshot;

	if (ui->view.mark) {
		snapshot = ft_difference_new(ui->view.mark, moment, true);
		ft_snapshot_put(moment);
	}
	ui->snapshot = snapshot;
	ft_view_took(&ui->view, snapshot);
	/* Rows borrow from the old one until they are filled again. */
	ft_ui_update(ui, FT_FX_FILL | FT_FX_PAINT);
	ft_snapshot_put(old);
}

/* Takes what is in the mailbox. In a live run, or of a file that plays, it becomes a part of the past as well, whatever is on
 * the screen. */
static void take_newest(struct ft_ui *ui)
{
	const struct ft_snapshot *newest = ft_mailbox_take(ui->config->mailbox);

	if (!newest)
		return;
	if (ui->player) {
		ft_player_span(ui->player, &ui->view.span);
	} else if ((newest->progress < 0 || ui->view.plays) && newest->interval_ns > 0) {
		ft_moments_add(&ui->moments, newest);
		ft_moments_span(&ui->moments, &ui->view.span);
	}
	ft_ui_note_taps(ui, newest);
	ft_snapshot_put(ui->newest);
	ui->newest = newest;
}

unsigned ft_ui_take(struct ft_ui *ui)
{
	const struct ft_snapshot *newest;

	take_newest(ui);
	if (!ui->newest || (ui->snapshot && (ui->view.paused || ui->view.past)))
		return 0;
	newest = ui->newest;
	ui->newest = NULL;
	show_moment(ui, newest);
	return FT_FX_PAINT;
}

/* Goes to the moment that is wished for. */
static void go(struct ft_ui *ui)
{
	const struct ft_snapshot *moment;

	if (ui->player) {
		ft_player_ask(ui->player, &ui->view.wish);
		return;
	}
	if (!ui->snapshot)
		return;
	moment = ft_moments_find(&ui->moments, ui->snapshot->end_ns, &ui->view.wish);
	if (!moment && ui->moments.count < 2)
		ft_view_say(&ui->view, false, _("there is no past yet"));
	ui->view.past = moment != NULL;
	if (moment) {
		show_moment(ui, ft_snapshot_take(moment));
		return;
	}
	/* Live again: the newest is what waits, or the copy of what was shown. */
	if (!ui->newest && ui->moments.count > 0)
		ui->newest = ft_snapshot_take(ui->moments.moment[ui->moments.count - 1].snapshot);
	ui->view.paused = false;
	ft_ui_take(ui);
}

/* ---- effects */

/* Key w. */
static void write_moment(struct ft_ui *ui)
{
	const struct ft_options *options = ui->config->options;
	const struct ft_output_ops *ops = ft_output_find(options->format ? options->format
									 : "text");
	struct ft_output_config config = {
		.observer = ui->config->observer,
		.lists = 1U << ft_view_list(&ui->view),
		.one_moment = true,
	};
	struct ft_show show = ui->view.show;
	char err[256] = "";
	char *path = NULL;

	ft_view_query(&ui->view, &config.query);
	/* Key z is for the lists on the screen only. */
	show.baseline = NULL;
	show.base_ns = 0;
	config.query.show = &show;
	if (!ops)
		return;
	if (ft_output_snapshot_file(ops, &config, ui->snapshot, &path, err, sizeof(err)) < 0)
		ft_view_say(&ui->view, true, _("not written: %s"), err);
	else
		ft_view_say(&ui->view, false, _("written: %s"), path);
	free(path);
}

/* Key y: the row's cells as wide as they go, with tabs between. */
static void copy_row(struct ft_ui *ui)
{
	struct ft_frame *front = ft_view_front(&ui->view);
	struct ft_stage stage = stage_of(ui);
	enum ft_list list = ft_view_list(&ui->view);
	struct ft_row row = { .flow = NULL };
	char text[16384], cell[1024];
	size_t used = 0;

	if (stage.listing && front->index < ft_listing_count(stage.listing))
		row = ft_listing_at(stage.listing, front->index);
	else if (front->pane == FT_PANE_DETAILS)
		row.flow = ui->subject_row;
	if (!row.flow && !row.group && !row.socket)
		return;
	if (row.flow)
		list = FT_LIST_FLOWS; /* also of details above another list */
	for (size_t i = 0; i < ft_column_count && used < sizeof(text); i++) {
		if (!ft_column_is_on(&ft_columns[i], list, &ui->view.show))
			continue;
		ft_columns[i].format(front->pane == FT_PANE_DETAILS ? ui->subject : ui->snapshot,
				     &row, &ui->view.show, ft_columns[i].max, cell, sizeof(cell));
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
					 used ? "\t" : "", cell);
	}
	ft_term_copy(text, used < sizeof(text) ? used : sizeof(text) - 1);
	ft_view_say(&ui->view, false, _("copied (if the terminal takes OSC 52)"));
}

void ft_ui_switch_resolver(struct ft_ui *ui)
{
	char err[160] = "";

	if (ui->view.resolve && !ui->resolver) {
		ui->resolver = ft_resolver_start(err, sizeof(err));
		if (ui->resolver)
			ft_ui_watch(ui, ft_resolver_fd(ui->resolver), true);
		else
			ft_view_say(&ui->view, true, _("no names from DNS: %s"), err);
	} else if (!ui->view.resolve && ui->resolver) {
		ft_ui_watch(ui, ft_resolver_fd(ui->resolver), false);
		ft_resolver_stop(ui->resolver);
		ui->resolver = NULL;
	}
}

unsigned ft_ui_answers(struct ft_ui *ui)
{
	struct ft_resolver_answer *answer;
	unsigned effects = 0;

	while (ui->resolver && (answer = ft_resolver_take(ui->resolver)) != NULL) {
		ft_names_add_dns(ui->config->names, answer->addr, answer->name);
		if (answer->name)
			effects = FT_FX_PAINT;
		ft_resolver_answer_free(answer);
	}
	return effects;
}

void ft_ui_suspend(struct ft_ui *ui)
{
	struct sigaction stop = { .sa_handler = SIG_DFL }, before;
	sigset_t set, old;

	if (ui->collector)
		ft_collector_pause(ui->collector, true);
	ft_term_leave();
	/* SIGTSTP and not SIGSTOP: where no shell could wake us, the kernel doesn't stop us. */
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaction(SIGTSTP, &stop, &before);
	raise(SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &set, &old);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	sigaction(SIGTSTP, &before, NULL);
	ft_term_enter();
	if (ui->collector)
		ft_collector_pause(ui->collector, false);
	ft_ui_update(ui, FT_FX_FILL | FT_FX_PAINT);
	ft_ui_show(ui);
}

/* True if both let the same through, as far as their words tell. */
static bool is_same_filter(const struct ft_filter *a, const struct ft_filter *b)
{
	return a && ft_filter_shown(a) == ft_filter_shown(b) &&
	       strcmp(ft_filter_text(a), ft_filter_text(b)) == 0;
}

/* Tells the collector, or the player, what is looked at; what is played stands still while the
 * moment is held. */
static void want(struct ft_ui *ui)
{
	if (ui->player)
		ft_player_hold(ui->player, ui->view.held);
	if (ui->player && !is_same_filter(ui->told, ui->view.filter)) {
		ft_player_filter(ui->player, ui->view.filter);
		ft_filter_free(ui->told);
		ui->told = ft_filter_copy(ui->view.filter);
	}
	if (!ui->collector)
		return;
	ft_collector_hold(ui->collector, ui->view.paused);
	ft_collector_want_sockets(ui->collector, ft_view_wants_sockets(&ui->view));
	ft_collector_want_cost(ui->collector, ft_view_wants_cost(&ui->view));
}

void ft_ui_event(struct ft_ui *ui, const struct ft_event *event)
{
	struct ft_stage stage = stage_of(ui);
	unsigned effects = ft_view_step(&ui->view, event, &stage);

	if (effects & FT_FX_QUIT)
		ui->quit = true;
	if ((effects & FT_FX_INTERVAL) && ui->collector)
		ft_collector_set_interval(ui->collector, ui->view.interval_ns);
	if (effects & FT_FX_NAMES)
		ft_ui_switch_resolver(ui);
	if (effects & FT_FX_WRITE)
		write_moment(ui);
	if (effects & FT_FX_COPY)
		copy_row(ui);
	if (effects & FT_FX_PACKETS)
		ft_ui_ask_packets(ui);
	if (effects & FT_FX_PAST)
		go(ui);
	if (effects & FT_FX_MARK)
		show_moment(ui, ft_snapshot_take(ft_difference_moment(ui->snapshot)));
	want(ui);
	if (effects & FT_FX_REDRAW) {
		clearok(curscr, TRUE);
		effects |= FT_FX_PAINT;
	}
	if ((effects & FT_FX_TAKE) && ft_ui_take(ui))
		effects &= ~FT_FX_FILL;
	ft_ui_update(ui, effects);
	if (effects & FT_FX_SUSPEND)
		ft_ui_suspend(ui);
}

/* ---- birth and death */

/* Options' warnings and what the terminal's opening remarked, one a line. */
static char *join_warnings(const char *warnings, const char *remark)
{
	if (!warnings)
		warnings = "";
	return xasprintf("%s%s%s", remark, remark[0] && warnings[0] ? "\n" : "", warnings);
}

/* Sets the view up from the options and the locale. */
static void init_view(struct ft_ui *ui)
{
	ft_view_init(&ui->view, ui->config->options, ui->config->names);
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		ui->view.show.ascii = true;
	for (unsigned i = 0; i < FT_LIST_MAX; i++)
		ft_listing_init(&ui->listing[i]);
	ft_input_init(&ui->input);
}

static void done(struct ft_ui *ui)
{
	ft_resolver_stop(ui->resolver);
	ft_ui_forget_taps(ui);
	for (unsigned i = 0; i < FT_LIST_MAX; i++)
		ft_listing_done(&ui->listing[i]);
	ft_snapshot_put(ui->subject);
	ft_snapshot_put(ui->snapshot);
	ft_snapshot_put(ui->newest);
	ft_filter_free(ui->told);
	ft_moments_done(&ui->moments);
	ft_view_done(&ui->view);
	free(ui->warnings);
	free(ui);
}

int ft_ui_run(const struct ft_ui_config *config, int *ret_signal, char *err, size_t err_size)
{
	struct ft_term_config term = { .mouse = !config->options->no_mouse,
				       .color = !config->options->no_color };
	struct ft_ui *ui = xcalloc(1, sizeof(*ui));
	char remark[200] = "";
	int result;

	ui->config = config;
	ui->epoll = -1;
	init_view(ui);
	result = ft_term_open(&term, remark, sizeof(remark), err, err_size);
	if (result < 0)
		goto cleanup;
	ui->warnings = join_warnings(config->warnings, remark);
	ft_ui_update(ui, FT_FX_FILL | FT_FX_PAINT);
	ft_ui_show(ui);
	result = config->start(config->start_arg, &ui->collector, &ui->player, err, err_size);
	if (result == 0) {
		ui->view.recording = ui->player != NULL;
		ui->view.plays = config->options->speed > 0;
		want(ui);
		result = ft_ui_loop(ui, err, err_size);
	}
	ft_term_close();
	if (result == 0 && ui->fault_error < 0) {
		snprintf(err, err_size, "%s", ui->fault);
		result = ui->fault_error;
	}
	*ret_signal = ui->ended_by;
cleanup:
	done(ui);
	return result;
}
