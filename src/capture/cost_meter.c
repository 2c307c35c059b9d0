/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See cost_meter.h. Counters of the kernel only grow, but threads and programs come and go: each
 * reading is compared with the last one of the same thread or descriptor. What is new since the
 * last look began after it, so that all it has used is of this interval: the first one of a run
 * has the programs in it that were loaded once measuring had begun.
 */
#include "capture/cost_meter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/clock.h"
#include "capture/cost_timer.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define READINGS_MAX 256 /* threads and programs that are followed */
#define TYPE_TC 3        /* BPF_PROG_TYPE_SCHED_CLS */

/* What a thread or a program had used when it was last looked at. */
struct reading {
	int number; /* of the thread; of the descriptor */
	bool seen;  /* in this look */
	uint64_t ns, runs;
};

struct readings {
	struct reading *list; /* owned, READINGS_MAX */
	size_t count;
};

struct ft_cost_meter {
	struct ft_cost_timer *timer; /* NULL: timing is begun here, as far as we may */
	int stats_fd; /* without it, while timed */
	bool timed;   /* the kernel times programs for us */
	int stats_error;
	bool from_start, wanted;
	uint64_t last_ns;
	struct readings threads, programs;
};

/* Asks the kernel to time programs: by the timer, where there is one. */
static void start_timing(struct ft_cost_meter *meter)
{
	int ret;

	if (meter->timed)
		return;
	ret = meter->timer ? ft_cost_timer_set(meter->timer, true) : ft_cost_timer_open();
	if (!meter->timer)
		meter->stats_fd = ret;
	meter->timed = ret >= 0;
	meter->stats_error = meter->timed ? 0 : -ret;
}

static void stop_timing(struct ft_cost_meter *meter)
{
	if (!meter->timed)
		return;
	meter->timed = false;
	if (meter->timer)
		(void)ft_cost_timer_set(meter->timer, false);
	else
		close(meter->stats_fd);
}

struct ft_cost_meter *ft_cost_meter_new(bool from_start, bool on_demand)
{
	struct ft_cost_meter *meter = xcalloc(1, sizeof(*meter));

	meter->from_start = from_start;
	meter->threads.list = xcalloc(READINGS_MAX, sizeof(struct reading));
	meter->programs.list = xcalloc(READINGS_MAX, sizeof(struct reading));
	if (on_demand && !from_start)
		meter->timer = ft_cost_timer_new(&meter->stats_error);
	if (from_start)
		start_timing(meter);
	ft_cost_meter_want(meter, from_start);
	return meter;
}

void ft_cost_meter_free(struct ft_cost_meter *meter)
{
	if (!meter)
		return;
	stop_timing(meter);
	ft_cost_timer_free(meter->timer);
	free(meter->threads.list);
	free(meter->programs.list);
	free(meter);
}

/* ---- readings */

static void begin_look(struct readings *readings)
{
	for (size_t i = 0; i < readings->count; i++)
		readings->list[i].seen = false;
}

/* Those that are gone are forgotten. */
static void end_look(struct readings *readings)
{
	size_t kept = 0;

	for (size_t i = 0; i < readings->count; i++)
		if (readings->list[i].seen)
			readings->list[kept++] = readings->list[i];
	readings->count = kept;
}

/* Takes a reading; what was used since the last one is left in ns and runs. */
static void compare(struct readings *readings, int number, uint64_t *ns, uint64_t *runs)
{
	struct reading *reading = NULL, now = { number, true, *ns, *runs };
	bool is_new = false;

	for (size_t i = 0; i < readings->count && !reading; i++)
		if (readings->list[i].number == number)
			reading = &readings->list[i];
	if (!reading && readings->count < READINGS_MAX) {
		reading = &readings->list[readings->count++];
		is_new = true;
	}
	/* less than before: the number is another's now, that is new too */
	if (!reading) {
		*ns = *runs = 0;
	} else if (!is_new && *ns >= reading->ns && *runs >= reading->runs) {
		*ns -= reading->ns;
		*runs -= reading->runs;
	}
	if (reading)
		*reading = now;
}

/* Reads a small file of /proc/self; false if it can't be. */
__attribute__((format(printf, 3, 4)))
static bool read_small(char *text, size_t size, const char *format, ...)
{
	char path[96];
	va_list args;
	ssize_t got;
	int fd;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, text, size - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	return got > 0;
}

/* Calls each for the entries of /proc/self/FOLDER, which are numbers. */
static void walk(struct ft_cost_meter *meter, const char *folder, struct ft_cost *cost,
		 void (*each)(struct ft_cost_meter *meter, const char *number, struct ft_cost *cost))
{
	const struct dirent *entry;
	char path[32];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/self/%s", folder);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			each(meter, entry->d_name, cost);
	if (dir)
		closedir(dir);
}

/* ---- threads */

static void add_thread(struct ft_cost_meter *meter, const char *number, struct ft_cost *cost)
{
	struct ft_cost_thread *thread;
	uint64_t runs = 0, ns;
	char text[128];

	/* nanoseconds on a CPU, waiting for one, and how often */
	if (!read_small(text, sizeof(text), "/proc/self/task/%s/schedstat", number))
		return;
	ns = strtoull(text, NULL, 10);
	compare(&meter->threads, atoi(number), &ns, &runs);
	if (cost->thread_count == FT_COST_THREADS) {
		cost->threads[FT_COST_THREADS - 1].cpu_ns += ns;
		return;
	}
	thread = &cost->threads[cost->thread_count++];
	thread->cpu_ns = ns;
	if (read_small(text, sizeof(text), "/proc/self/task/%s/comm", number))
		snprintf(thread->name, sizeof(thread->name), "%.*s", (int)strcspn(text, "\n"),
			 text);
}

/* ---- programs */

/* A number behind a word of fdinfo; 0 if the word isn't there. */
static uint64_t value_of(const char *fdinfo, const char *word)
{
	const char *at = strstr(fdinfo, word);

	return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

bool ft_cost_parse_program(const char *fdinfo, struct ft_cost_program *ret_program)
{
	if (!strstr(fdinfo, "prog_type:"))
		return false;
	*ret_program = (struct ft_cost_program){
		.type = value_of(fdinfo, "prog_type:"),
		.runs = value_of(fdinfo, "run_cnt:"),
		.ns = value_of(fdinfo, "run_time_ns:"),
	};
	return true;
}

static void add_program(struct ft_cost_meter *meter, const char *number, struct ft_cost *cost)
{
	struct ft_cost_program program;
	struct ft_cost_runs *runs;
	char text[1024];

	if (!read_small(text, sizeof(text), "/proc/self/fdinfo/%s", number) ||
	    strstr(text, "link_type:") || !ft_cost_parse_program(text, &program))
		return;
	runs = &cost->by[program.type == TYPE_TC ? FT_COST_PACKETS : FT_COST_OTHER];
	compare(&meter->programs, atoi(number), &program.ns, &program.runs);
	runs->programs++;
	runs->runs += program.runs;
	runs->ns += program.ns;
}

/* ---- the whole */

static void look(struct ft_cost_meter *meter, struct ft_cost *cost)
{
	char text[128];

	begin_look(&meter->threads);
	begin_look(&meter->programs);
	walk(meter, "task", cost, add_thread);
	walk(meter, "fdinfo", cost, add_program);
	end_look(&meter->threads);
	end_look(&meter->programs);
	/* pages: of all, resident ... */
	if (read_small(text, sizeof(text), "/proc/self/statm") && strchr(text, ' '))
		cost->resident_bytes = strtoull(strchr(text, ' '), NULL, 10) *
				       (uint64_t)sysconf(_SC_PAGESIZE);
}

void ft_cost_meter_want(struct ft_cost_meter *meter, bool wanted)
{
	struct ft_cost cost = { 0 };

	if (wanted == meter->wanted)
		return;
	meter->wanted = wanted;
	if (!wanted) {
		if (!meter->from_start)
			stop_timing(meter);
		return;
	}
	start_timing(meter);
	meter->threads.count = meter->programs.count = 0;
	meter->last_ns = ft_clock_read(CLOCK_MONOTONIC);
	look(meter, &cost);
}

void ft_cost_meter_take(struct ft_cost_meter *meter, struct ft_cost *ret_cost)
{
	uint64_t now = ft_clock_read(CLOCK_MONOTONIC);

	memset(ret_cost, 0, sizeof(*ret_cost));
	if (!meter->wanted)
		return;
	look(meter, ret_cost);
	ret_cost->over_ns = now - meter->last_ns;
	meter->last_ns = now;
	/* who runs this machine may have it on for all: kernel.bpf_stats_enabled */
	ret_cost->timed = meter->timed || ret_cost->by[FT_COST_PACKETS].runs ||
			  ret_cost->by[FT_COST_OTHER].runs;
	if (ret_cost->timed)
		return;
	if (meter->stats_error == EPERM)
		snprintf(ret_cost->why, sizeof(ret_cost->why), "%s",
			 _("timing them needs CAP_SYS_ADMIN, which flowtop was not given"));
	else
		snprintf(ret_cost->why, sizeof(ret_cost->why), "%s",
			 strerror(meter->stats_error));
}
