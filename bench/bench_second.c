/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One second of flowtop, again and again: a batch is applied, the interval ends, the snapshot is
 * ranked and painted (curses draws on /dev/null), with so many flows live and so many of them
 * counting something in that second. CPU time of the whole process, the median of a few seconds; a
 * new order of flows each time. What the kernel's log costs to drain is bench_tc's. Prints "bound
 * figure met|missed".
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/table.h"
#include "core/xalloc.h"
#include "options.h"
#include "tests/core/feed.h"
#include "ui/ui_priv.h"

#define SECONDS 9

static const struct load {
	const char *name;
	uint32_t live, active;
	double bound_ms; /* 0 = none of its own */
} loads[] = {
	{ "idle: 1,000 flows, none of them active", 1000, 0, 5 },
	{ "10,000 flows, a tenth of them active", 10000, 1000, 0 },
	{ "100,000 flows, a tenth of them active", 100000, 10000, 0 },
	{ "1,000,000 flows, 100,000 of them active", 1000000, 100000, 500 },
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Packets of `count` flows out of `live`, neighbours in no order that a cache likes. */
static void fill(struct feed *feed, uint32_t live, uint32_t count, uint32_t round)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t flow = (uint32_t)((round * 7919ULL + i * 2654435761ULL) % live);
		struct ft_flow_key key = feed_key(flow & 0xffff, 1024, 0x100000 + flow, 443, 17);

		feed_add(feed, 0, &key, 1400, 60);
	}
}

/* The second: what it took. The screen shows the new snapshot; the old one goes. */
static double run(struct feed *feed, struct ft_table *table, struct ft_ui *ui)
{
	struct ft_snapshot *snapshot;
	double start = now_ms();

	feed->now_ns += FEED_SECOND;
	feed_apply(feed, table);
	snapshot = feed_snapshot(feed, table, FEED_SECOND, false);
	ft_snapshot_put(ui->snapshot);
	ui->snapshot = snapshot;
	ft_ui_update(ui, FT_FX_FILL | FT_FX_PAINT);
	ft_ui_show(ui);
	return now_ms() - start;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const struct load *load, struct ft_ui *ui)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_table_config config;
	struct ft_table *table;
	struct feed feed;
	double took[SECONDS], median;

	ft_table_config_init(&config);
	table = ft_table_new(&config, owners);
	feed_init(&feed);
	fill(&feed, load->live, load->live, 0);
	run(&feed, table, ui);
	for (uint32_t i = 0; i < SECONDS; i++) {
		fill(&feed, load->live, load->active, i + 1);
		took[i] = run(&feed, table, ui);
	}
	if (ft_table_count(table) != load->live)
		abort();
	qsort(took, SECONDS, sizeof(took[0]), compare);
	median = took[SECONDS / 2];
	if (load->bound_ms > 0)
		printf("%-52s bound %7.2f ms  figure %7.2f ms  %s\n", load->name, load->bound_ms,
		       median, median <= load->bound_ms ? "met" : "missed");
	else
		printf("%-52s bound       -     figure %7.2f ms\n", load->name, median);
	ft_snapshot_put(ui->snapshot);
	ui->snapshot = NULL;
	ft_table_free(table);
	ft_owners_free(owners);
	feed_done(&feed);
}

int main(void)
{
	static const struct ft_options options = { .interval_ns = FEED_SECOND,
						   .sort_ascending = -1 };
	static const struct ft_ui_config ui_config = { .options = &options, .observer = "bench" };
	struct ft_ui *ui = xcalloc(1, sizeof(*ui));
	FILE *out = fopen("/dev/null", "we"), *in = fopen("/dev/null", "re");

	setlocale(LC_ALL, "C.UTF-8");
	setlocale(LC_NUMERIC, "C");
	setenv("LINES", "60", 1);
	setenv("COLUMNS", "200", 1);
	if (!out || !in || !newterm("xterm-256color", out, in))
		return 1;
	ui->config = &ui_config;
	ui->epoll = -1;
	ft_view_init(&ui->view, &options, NULL);
	ft_input_init(&ui->input);
	for (unsigned i = 0; i < FT_LIST_MAX; i++)
		ft_listing_init(&ui->listing[i]);
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		measure(&loads[i], ui);
	endwin();
	for (unsigned i = 0; i < FT_LIST_MAX; i++)
		ft_listing_done(&ui->listing[i]);
	ft_view_done(&ui->view);
	free(ui);
	return 0;
}
