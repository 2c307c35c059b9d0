/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The beginning that both modes share. Files of /etc are read whole and bounded; the collector
 * gets everything by value or as pointers into options, which outlive it.
 */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "capture/collector.h"
#include "confine.h"
#include "core/column.h"
#include "core/filter.h"
#include "core/names.h"
#include "core/nls.h"
#include "core/xalloc.h"
#include "options.h"
#include "output/caller.h"
#include "output/writers.h"
#include "recording/compare.h"
#include "recording/player.h"

#define NAMES_FILE_MAX (4U << 20)
#define COLLECTOR_NICE (-10)

/* A file's text, NUL-ended, at most NAMES_FILE_MAX; NULL if it is not there. Caller frees. */
static char *read_text(const char *path)
{
	size_t size = 0, used = 0;
	char *text = NULL;
	ssize_t got = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	while (got > 0 && used < NAMES_FILE_MAX) {
		if (used + 4096 >= size) {
			size = size * 2 + 16384;
			text = xrealloc(text, size);
		}
		got = read(fd, text + used, size - used - 1);
		if (got > 0)
			used += (size_t)got;
	}
	close(fd);
	text[used] = '\0';
	return text;
}

/* --until */
static int parse_until(struct ft_session *session, char *err, size_t err_size)
{
	const char *text = session->options->until;
	char why[256];
	size_t where;
	int ret;

	if (!text)
		return 0;
	ret = ft_filter_parse(text, session->names, &session->until, &where, why, sizeof(why));
	if (ret < 0)
		snprintf(err, err_size, "--until \"%s\": %s", text, why);
	return ret;
}

/* What is played, if anything is: the difference of two files, or -r FILE that holds moments. With the
 * rights of who calls us. */
static int open_source(struct ft_session *session, char *err, size_t err_size)
{
	const struct ft_options *options = session->options;
	const char *observer = "", *file = options->read_file;
	struct ft_caller caller;
	char why[512];
	int ret = 0;

	if (!file && !options->diff_before)
		return 0;
	ft_caller_init(&caller);
	ft_caller_enter(&caller);
	session->plays = options->diff_before || ft_source_is(file);
	if (options->diff_before) {
		ret = ft_compare_open(options->diff_before, options->diff_after, &session->source,
				      session->observer, sizeof(session->observer), err, err_size);
	} else if (session->plays) {
		ret = ft_source_open(file, &session->source, &observer, why, sizeof(why));
		if (ret < 0)
			snprintf(err, err_size, strncmp(why, "-r", 2) == 0 ? "%s" : "-r: %s", why);
		else
			snprintf(session->observer, sizeof(session->observer), "%s", observer);
	}
	ft_caller_leave(&caller);
	ft_caller_done(&caller);
	if (ret == 0 && session->plays && options->capture_filter) {
		snprintf(err, err_size, _("-f takes packets: not with -r of a recording"));
		ret = -EINVAL;
	}
	if (ret == 0 && session->plays && ft_options_write_packets(options)) {
		snprintf(err, err_size, _("a recording has no packets: -w %.200s can't be written "
					  "from it"), options->write_file);
		ret = -EINVAL;
	}
	return ret;
}

/* Fills the session; on failure nothing is left. */
int ft_session_open(struct ft_session *session, const struct ft_options *options, char *err,
		    size_t err_size)
{
	char *hosts = read_text("/etc/hosts"), *services = read_text("/etc/services");
	char why[256];
	size_t where;
	int ret;

	*session = (struct ft_session){ .options = options };
	if (gethostname(session->observer, sizeof(session->observer) - 1) < 0 ||
	    !session->observer[0])
		strcpy(session->observer, "localhost");
	session->names = ft_names_new(hosts, services);
	session->output_names = ft_names_new(hosts, services);
	free(hosts);
	free(services);
	ret = ft_filter_parse(options->filter, session->names, &session->filter, &where, why,
			      sizeof(why));
	if (ret < 0)
		snprintf(err, err_size, _("filter \"%s\": %s"), options->filter, why);
	else
		ret = parse_until(session, err, err_size);
	if (ret == 0)
		ret = open_source(session, err, err_size);
	if (ret < 0)
		ft_session_close(session);
	return ret;
}

/* Frees what open filled. */
void ft_session_close(struct ft_session *session)
{
	ft_source_close(&session->source);
	ft_writers_free(session->writers);
	ft_packet_store_free(session->packets);
	ft_packet_way_done(&session->packet_way);
	ft_filter_free(session->filter);
	if (session->until)
		ft_filter_free(session->until);
	ft_names_free(session->output_names);
	ft_names_free(session->names);
	session->writers = NULL;
	session->packets = NULL;
	session->filter = session->until = NULL;
	session->output_names = session->names = NULL;
}

/* Each interface takes a descriptor or more; shells allow 1024 where the system has more. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* The folder that a file is in; NULL for none. Caller frees. */
static char *folder_of(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	if (!path)
		return NULL;
	return slash ? xstrndup(path, slash == path ? 1 : (size_t)(slash - path)) : xstrdup(".");
}

/* Gives up what is not needed any more, now that all is open; files are made in the working
 * directory or at home (key w). */
static void confine(const struct ft_session *session, unsigned now, unsigned later, char *remark,
		    size_t remark_size)
{
	struct ft_caller caller;
	const char *places[3] = { NULL };
	/* SQLite has files beside the recording; packets go into what is open. */
	char *folder = ft_options_write_packets(session->options) ?
			       NULL :
			       folder_of(session->options->write_file);
	struct ft_confine_plan plan = {
		.live = !session->plays && !session->options->read_file,
		.places = places,
		.place_count = session->options->readonly ? 0 : folder ? 3 : 2,
	};

	ft_caller_init(&caller);
	places[0] = ".";
	places[1] = caller.home;
	places[2] = folder;
	ft_confine(&plan, now, later, remark, remark_size);
	free(folder);
	ft_caller_done(&caller);
}

/* Before the collector's thread. That thread alone is left free of Landlock when it is to look at
 * other processes: inside of it one may not look at those outside. */
static void on_opened(void *arg, char *remark, size_t remark_size)
{
	const struct ft_session *session = arg;
	unsigned now = 1U << FT_CONFINE_RIGHTS | 1U << FT_CONFINE_CALLS;
	unsigned files = 1U << FT_CONFINE_FILES;

	if (session->options->read_file)
		confine(session, now | files, 0, remark, remark_size);
	else
		confine(session, now, files, remark, remark_size);
}

/* The collector's thread itself: what Landlock would keep it from, its calls keep it from. Silent
 * where calls can't be given up at all: on_opened has said that. */
static void on_begun(void *arg, char *remark, size_t remark_size)
{
	const struct ft_session *session = arg;
	char why[128];
	int ret = session->options->read_file ? 0 : ft_confine_reader(why, sizeof(why));

	if (ret < 0 && ret != -EOPNOTSUPP)
		snprintf(remark, remark_size, _("the thread that reads /proc may change files: %s"),
			 why);
}

/*
 * Counting comes first: what fills the kernel's log faster than we get the CPU to empty it is lost.
 * A thread begins with the priority of the one that starts it, so that one is ahead for a moment;
 * going back needs no right. Where we may not, all are equal, and who started us by nice meant it.
 * Returns what it was.
 */
static int hurry(void)
{
	int before = getpriority(PRIO_PROCESS, 0);

	if (before > COLLECTOR_NICE && before <= 0)
		(void)setpriority(PRIO_PROCESS, 0, COLLECTOR_NICE);
	return before;
}

/* The queues of the outputs that are open; how many there are. */
static size_t list_outputs(const struct ft_session *session,
			   struct ft_collector_output outputs[FT_WRITERS_MAX])
{
	size_t count = session->writers ? ft_writers_count(session->writers) : 0;
	unsigned flags;

	for (size_t i = 0; i < count; i++) {
		outputs[i].queue = ft_writers_queue(session->writers, i, &flags);
		outputs[i].may_miss = flags & FT_WRITER_MAY_MISS;
	}
	return count;
}

/* Interfaces, backend, thread. */
int ft_session_collect(struct ft_session *session, struct ft_mailbox *mailbox,
		       struct ft_collector **ret_collector, char *err, size_t err_size)
{
	const struct ft_options *options = session->options;
	struct ft_collector_output outputs[FT_WRITERS_MAX];
	struct ft_links_config links_config = {
		.patterns = (const char *const *)options->interfaces,
		.pattern_count = options->interface_count,
	};
	struct ft_collector_config config = {
		.interval_ns = options->interval_ns,
		.intervals = options->intervals,
		.backend_name = options->backend,
		.backend = {
			.capture_filter = options->capture_filter,
			.file = options->read_file,
			.promiscuous = options->promiscuous,
			.packets = session->packets,
		},
		.mailbox = mailbox,
		.outputs = outputs,
		.output_count = list_outputs(session, outputs),
		.opened = on_opened,
		.begun = on_begun,
		.opened_arg = session,
		.packet_way = session->packet_way.queue ? &session->packet_way : NULL,
		.cost = options->health,
		.docker_socket = options->docker_socket,
		.speed = options->speed,
		.sockets = (options->write_file && !ft_options_write_packets(options)) ||
			   (!mailbox && options->lists & FT_ON_SOCKETS),
		.whole_intervals = options->export_count > 0 || options->write_file,
	};
	char remark[256];
	struct ft_links *links = NULL;
	int ret, priority;

	raise_limits();
	if (options->read_file)
		ft_caller_drop_capabilities(); /* the file is the caller's, or none of theirs */
	if (!options->read_file) {
		ret = ft_links_open(&links_config, &links, err, err_size);
		if (ret < 0)
			return ret;
	}
	ft_table_config_init(&config.table);
	config.table.max_flows = options->max_flows;
	config.table.local_nets = options->local_nets;
	config.table.local_net_count = options->local_net_count;
	priority = options->read_file ? 0 : hurry();
	ret = ft_collector_start(&config, links, ret_collector, err, err_size);
	if (!options->read_file)
		(void)setpriority(PRIO_PROCESS, 0, priority);
	if (ret == 0 && !options->read_file)
		confine(session, 1U << FT_CONFINE_FILES, 0, remark, sizeof(remark));
	/* After that, so that it holds for them as well. */
	if (ret == 0 && session->writers)
		ret = ft_writers_start(session->writers, err, err_size);
	return ret;
}

int ft_session_play(struct ft_session *session, struct ft_mailbox *mailbox,
		    struct ft_player **ret_player, char *err, size_t err_size)
{
	struct ft_queue *queues[FT_WRITERS_MAX];
	struct ft_player_config config = {
		.mailbox = mailbox,
		.queues = queues,
		.queue_count = session->writers ? ft_writers_count(session->writers) : 0,
		.intervals = session->options->intervals,
		.speed = session->options->speed,
		.filter = session->filter,
	};
	char remark[256];
	unsigned flags;
	int ret;

	for (size_t i = 0; i < config.queue_count; i++)
		queues[i] = ft_writers_queue(session->writers, i, &flags);
	confine(session, 1U << FT_CONFINE_RIGHTS | 1U << FT_CONFINE_CALLS | 1U << FT_CONFINE_FILES,
		0, remark, sizeof(remark));
	ret = ft_player_start(&config, &session->source, ret_player, err, err_size);
	session->source = (struct ft_source){ NULL, NULL };
	return ret == 0 ? ft_writers_start(session->writers, err, err_size) : ret;
}

/* Before any thread. */
void ft_session_block_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like a full disk */
}
