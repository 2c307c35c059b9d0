/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key x: the files of single flows' packets. The file is made here, as the calling user, so that
 * its name can be told at once; the collector is asked to fill it, and the snapshots say which
 * flows it does that for. One that never began is taken away again.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/collector.h"
#include "core/nls.h"
#include "core/xalloc.h"
#include "output/caller.h"
#include "output/new_file.h"
#include "ui/ui_priv.h"

/* What the view is to know. */
static void tell_view(struct ft_ui *ui)
{
	ui->view.writing_count = ui->writing_count;
	for (unsigned i = 0; i < ui->writing_count; i++)
		ui->view.writing[i] = ui->writing[i].flow;
}

/* A file with this name is nothing: away with it, as the caller. */
static void take_away(const char *path)
{
	struct ft_caller caller;

	ft_caller_init(&caller);
	ft_caller_enter(&caller);
	(void)unlink(path);
	ft_caller_leave(&caller);
	ft_caller_done(&caller);
}

/* A new file; its descriptor or -errno. */
static int make_file(const struct ft_ui *ui, char **ret_path)
{
	struct ft_caller caller;
	int fd;

	ft_caller_init(&caller);
	ft_caller_enter(&caller);
	fd = ft_new_file_here(&caller, ui->config->observer ? ui->config->observer : "",
			      (uint64_t)time(NULL) * 1000000000U, ".pcapng", ret_path);
	ft_caller_leave(&caller);
	ft_caller_done(&caller);
	return fd;
}

/* Hands a wish on; true if it was taken. */
static bool ask(struct ft_ui *ui, const struct ft_packets_wish *wish, char *path, int fd)
{
	struct ft_packet_ask *ask = xcalloc(1, sizeof(*ask));

	*ask = (struct ft_packet_ask){
		.stop = wish->stop,
		.flow = wish->flow,
		.key = wish->key,
		.path = path,
		.fd = fd,
	};
	if (ft_collector_ask_packets(ui->collector, ask)) {
		ui->asked++;
		return true;
	}
	ft_packet_ask_free(ask);
	return false;
}

/* Begins a file. */
static void begin(struct ft_ui *ui, const struct ft_packets_wish *wish)
{
	char *path = NULL;
	int fd = make_file(ui, &path);

	if (fd < 0) {
		ft_view_say(&ui->view, true, _("not written: %s"), strerror(-fd));
		return;
	}
	if (!ask(ui, wish, xstrdup(path), fd)) {
		ft_view_say(&ui->view, true, "%s", _("not written: too much was asked for at once"));
		take_away(path);
		free(path);
		return;
	}
	ft_view_say(&ui->view, false, _("its packets are written to %s"), path);
	ui->writing[ui->writing_count++] = (struct ft_ui_writing){
		.flow = wish->flow, .path = path, .asked = ui->asked,
	};
	tell_view(ui);
}

void ft_ui_ask_packets(struct ft_ui *ui)
{
	const struct ft_packets_wish *wish = &ui->view.packets;

	if (!ui->collector)
		return;
	if (wish->stop)
		(void)ask(ui, wish, NULL, -1);
	else if (ui->writing_count < FT_TAPS_MAX && !ft_view_is_writing(&ui->view, wish->flow))
		begin(ui, wish);
}

static bool is_tapped(const struct ft_snapshot_taps *taps, uint64_t flow)
{
	for (size_t i = 0; i < taps->count; i++)
		if (taps->flow[i] == flow)
			return true;
	return false;
}

/* Says how a file ended, and forgets it. */
static void end(struct ft_ui *ui, unsigned i)
{
	struct ft_ui_writing *one = &ui->writing[i];

	if (one->begun) {
		ft_view_say(&ui->view, false, _("its packets are in %s"), one->path);
	} else {
		ft_view_say(&ui->view, true, "%s", _("its packets are not written: see the notes"));
		take_away(one->path);
	}
	free(one->path);
	ui->writing[i] = ui->writing[--ui->writing_count];
}

void ft_ui_note_taps(struct ft_ui *ui, const struct ft_snapshot *newest)
{
	const struct ft_snapshot_taps *taps = &newest->taps;

	for (unsigned i = ui->writing_count; i > 0; i--) {
		struct ft_ui_writing *one = &ui->writing[i - 1];

		if (is_tapped(taps, one->flow))
			one->begun = true;
		else if (one->begun || taps->asked >= one->asked)
			end(ui, i - 1);
	}
	tell_view(ui);
}

void ft_ui_forget_taps(struct ft_ui *ui)
{
	while (ui->writing_count > 0)
		free(ui->writing[--ui->writing_count].path);
}
