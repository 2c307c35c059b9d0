/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which outputs a run has beside the screen: batch's stdout, and what the options name. Each is
 * opened here, by the main thread and before anything is counted, so that what cannot be opened
 * ends the program with a sentence; from then on it is its writer's.
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

#include "capture/clock.h"
#include "core/column.h"
#include "options.h"
#include "output/exporters.h"
#include "output/outputs.h"
#include "output/url.h"
#include "output/writers.h"
#include "recording/recording.h"

/* timeout(1) signals its child and then the child's group: one request comes as two signals. */
#define ONE_REQUEST_NS UINT64_C(1000000000)

/* What the rows are: options as a query. */
static void fill_config(struct ft_session *session, struct ft_output_config *config)
{
	const struct ft_options *options = session->options;
	const struct ft_column *sort = options->sort ? ft_column_find(options->sort) : NULL;

	session->output_show = (struct ft_show){
		.unit = options->unit,
		.prefix = options->prefix,
		.window = options->window,
		.layer = options->layer,
		.numeric_hosts = options->numeric_hosts,
		.numeric_ports = options->numeric_ports,
		.ascii = options->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0,
		.raw = options->raw,
		.names = session->output_names,
	};
	*config = (struct ft_output_config){
		.observer = session->observer,
		.lists = options->lists,
		.query = {
			.filter = session->filter,
			.sort = sort,
			.ascending = options->sort_ascending >= 0 ? options->sort_ascending :
				     sort ? sort->ascending : false,
			.show = &session->output_show,
		},
		.max_rows = options->max_rows,
		.titles = options->titles,
	};
}

/* Opens one and hands it to its writer; the label is for the user to see. */
static int add(struct ft_session *session, const struct ft_output_ops *ops,
	       const struct ft_output_config *config, unsigned flags, const char *label, char *err,
	       size_t err_size)
{
	struct ft_output *output = NULL;
	int ret = ops->open(config, &output, err, err_size);

	if (ret < 0)
		return ret;
	return ft_writers_add(session->writers, output, flags, label, err, err_size);
}

/* Those of --export: all flows, whatever the display filter. They miss what they are too slow for:
 * what they send is made from totals where that can be, and else what is missed is counted. */
static int add_exports(struct ft_session *session, struct ft_output_config config, char *err,
		       size_t err_size)
{
	const struct ft_options *options = session->options;
	const struct ft_exporter *exporter;
	char why[512];
	int ret = 0;

	config.lists = (1U << FT_LIST_MAX) - 1;
	config.query.filter = NULL;
	config.max_rows = 0;
	/* Those of the config file are for what is live. */
	for (size_t i = 0; i < options->export_count && !options->diff_before && ret == 0; i++) {
		char *label = ft_url_public(options->exports[i]);

		config.target = options->exports[i];
		exporter = ft_exporter_find(config.target);
		ret = add(session, exporter->ops, &config, FT_WRITER_MAY_MISS, label, why,
			  sizeof(why));
		free(label);
		if (ret < 0)
			snprintf(err, err_size, "--export: %s", why);
	}
	return ret;
}

/* Packets: all of them into -w's file; and with a live screen those of single flows on demand. */
static int add_packets(struct ft_session *session, struct ft_output_config config, bool screen,
		       char *err, size_t err_size)
{
	const struct ft_options *options = session->options;
	bool all = ft_options_write_packets(options);
	bool single = screen && !options->read_file && !session->plays && !options->readonly;
	int ret;

	if (!all && !single)
		return 0;
	ret = ft_packet_way_init(&session->packet_way, FT_PACKETS_ROOM);
	if (ret < 0) {
		snprintf(err, err_size, "%s", strerror(-ret));
		return ret;
	}
	config.packets = session->packet_way.queue;
	config.capture_filter = options->capture_filter;
	config.target = all ? options->write_file : NULL;
	ret = add(session, &ft_output_packets, &config, all ? 0 : FT_WRITER_MAY_MISS,
		  all ? options->write_file : "", err, err_size);
	if (ret == 0 && all)
		session->packets = ft_packet_store_new(&session->packet_way);
	return ret;
}

int ft_session_open_outputs(struct ft_session *session, bool print, char *err, size_t err_size)
{
	const struct ft_options *options = session->options;
	struct ft_output_config config;
	int ret = 0;

	session->writers = ft_writers_new();
	if (!session->writers) {
		ret = -errno;
		snprintf(err, err_size, "%s", strerror(-ret));
		return ret;
	}
	fill_config(session, &config);
	if (print) {
		config.stream = stdout;
		ret = add(session, ft_output_find(options->format), &config, FT_WRITER_ESSENTIAL,
			  "", err, err_size);
		config.stream = NULL;
	}
	if (ret == 0 && session->until) {
		struct ft_output_config until = config;

		until.query.filter = session->until;
		ret = add(session, &ft_output_until, &until, FT_WRITER_ESSENTIAL, "", err,
			  err_size);
	}
	if (ret == 0)
		ret = add_packets(session, config, !print, err, err_size);
	if (ret == 0 && options->write_file && !ft_options_write_packets(options)) {
		config.target = options->write_file;
		config.keep = options->keep;
		ret = add(session, &ft_output_recording, &config, 0, options->write_file, err,
			  err_size);
		config.target = NULL;
	}
	if (ret == 0)
		ret = add_exports(session, config, err, err_size);
	return ret;
}

/* True if one came that asks to end. */
static bool is_asked_to_end(int signals)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo != SIGTSTP)
			return true;
	return false;
}

int ft_session_end_outputs(struct ft_session *session, bool asked, int signals, char *err,
			   size_t err_size)
{
	const uint64_t start = ft_clock_read(CLOCK_MONOTONIC);
	struct pollfd fds[2] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = ft_writers_fd(session->writers), .events = POLLIN },
	};

	ft_writers_close(session->writers);
	/* Who asks a second time to end does not wait for a reader. */
	while (ft_writers_running(session->writers)) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents && is_asked_to_end(signals) &&
		    !(asked && ft_clock_read(CLOCK_MONOTONIC) - start < ONE_REQUEST_NS))
			_exit(4);
		if (fds[1].revents)
			ft_writers_heard(session->writers);
	}
	return ft_writers_join(session->writers, err, err_size);
}
