/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A million rows in a list: CPU time from a key to the rows of a screen. Sorting anew by each
 * kind of column, typing a filter, moving, jumping to the end, and the lists that sum. Times
 * are the best of a few rounds. Prints "bound figure met|missed".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/column.h"
#include "core/filter.h"
#include "core/names.h"
#include "core/xalloc.h"
#include "tests/core/made.h"

#define ROWS 1000000U
#define SCREEN 60U
#define ROUNDS 5
#define MOVE_MS 16.0
#define SORT_MS 50.0

/* As flowtop reads them: a word is looked for in names too. */
static const char hosts[] = "127.0.0.1 localhost\n10.0.3.7 gateway\n198.51.100.9 web.example\n";
static const char services[] = "ssh 22/tcp\ndomain 53/tcp\ndomain 53/udp\nhttps 443/tcp\n"
			       "https 443/udp\nhttp-alt 8080/tcp\n";

static struct made made;
static struct ft_show show = { .layer = 3 };

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void report(const char *what, double figure, double bound)
{
	printf("%-52s bound %7.2f ms  figure %7.2f ms  %s\n", what, bound, figure,
	       figure <= bound ? "met" : "missed");
}

/* A list's figure that has no bound of its own. */
static void report_only(const char *what, double figure)
{
	printf("%-52s bound       -     figure %7.2f ms\n", what, figure);
}

/* Hosts on a few networks talk to many; one flow in eight is active. */
static void make_flows(void)
{
	made_init(&made, ROWS);
	for (uint32_t i = 0; i < ROWS; i++) {
		uint64_t r = made_random();
		char local[46], remote[46];
		bool v6 = r % 8 == 0, active = (r >> 8) % 8 == 0;

		snprintf(local, sizeof(local), v6 ? "2001:db8::%x" : "10.0.%u.7",
			 (unsigned)(r >> 12) & 15);
		snprintf(remote, sizeof(remote), v6 ? "2001:db8:%x:%x::1" : "198.%u.%u.9",
			 (unsigned)(r >> 16) & 255, (unsigned)(r >> 24) & 255);
		made_add(&made, &(struct made_flow){
			.local = local, .remote = remote, .protocol = r % 3 ? 6 : 17,
			.local_port = (uint16_t)(r >> 32), .remote_port = r % 2 ? 443 : 53,
			.began = 'l', .owner = (uint16_t)(FT_OWNER_FIRST + i % 4),
			.tx_rate = active ? (double)(r >> 20 & 0xffff) : 0,
			.rx_rate = active ? (double)(r >> 28 & 0xffff) : 0,
			.tx = { 1 + (r & 0xff), r >> 20 & 0xffffff, r >> 20 & 0xffffff },
			.tx_delta = { active, 100, 114 }, .age_s = (double)(r >> 36 & 63),
			.state = FT_STATE_ESTABLISHED,
		});
	}
}

/* Fills and reads a screenful at the top; another moment, so that nothing is kept. */
static double fill_ms(struct ft_rows *rows, const struct ft_query *query, bool same_moment)
{
	double best = 1e9, start;

	for (int i = 0; i < ROUNDS; i++) {
		if (!same_moment)
			made_tick(&made);
		start = now_ms();
		ft_rows_fill(rows, &made.snapshot, query, SCREEN);
		start = now_ms() - start;
		best = start < best ? start : best;
	}
	return best;
}

/* Sort keys on the moment that is on the screen. */
static void bench_sort(struct ft_rows *rows)
{
	static const char *const columns[] = { "rate", "tx", "total", "packets", "age", "idle",
					       "remote", "local", "protocol", "state", "process",
					       "user", "iface", "service" };

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		struct ft_query query = { .list = FT_LIST_FLOWS, .show = &show,
					  .sort = ft_column_find(columns[i]) };
		char what[64];

		snprintf(what, sizeof(what), "sort 1M flows by %s", columns[i]);
		report(what, fill_ms(rows, &query, true), SORT_MS);
	}
}

/* A character typed: another filter, the same moment. */
static void bench_filter(struct ft_rows *rows)
{
	static const char *const filters[] = {
		"tcp", "tcp port 443 and net 198.51.0.0/16", "rate > 1k", "process curl",
		"198.51", "curl", "zzz", "not (udp or host 10.0.3.7)", "port 443", "process ssh",
		"net 10.0.0.0/8", "rate > 1M", "container web", "host 10.0.3.7 and tcp",
		"firefox", "443", "2001:db8", "https", "gateway",
	};
	struct ft_names *names = ft_names_new(hosts, services);

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct ft_query query = { .list = FT_LIST_FLOWS, .show = &show };
		struct ft_filter *filter = NULL;
		char what[64], err[160];

		if (ft_filter_parse(filters[i], names, &filter, NULL, err, sizeof(err)) < 0)
			abort();
		query.filter = filter;
		snprintf(what, sizeof(what), "filter 1M flows: %s", filters[i]);
		report(what, fill_ms(rows, &query, false), SORT_MS);
		ft_filter_free(filter);
	}
	ft_names_free(names);
}

/* CPU time to find the row with an id and to read the screen around a place. */
static double move_ms(struct ft_rows *rows, uint64_t id, size_t place)
{
	double start = now_ms();
	volatile uint64_t sum = 0;

	if (id && ft_rows_find(rows, id) == SIZE_MAX)
		abort();
	for (size_t i = 0; i < SCREEN; i++) {
		struct ft_row row = ft_rows_at(rows, place + i);

		sum = sum + ft_row_id(&row);
	}
	return now_ms() - start;
}

/* Movement keys, each on an order that knows only the first screen. */
static void bench_move(struct ft_rows *rows)
{
	struct ft_query query = { .list = FT_LIST_FLOWS, .show = &show };
	double down = 0, end = 0, middle = 0, took;

	for (int i = 0; i < ROUNDS; i++) {
		struct ft_row row;

		ft_rows_fill(rows, &made.snapshot, &query, SCREEN);
		row = ft_rows_at(rows, 10);
		took = move_ms(rows, ft_row_id(&row), 11);
		down = took > down ? took : down;
		took = move_ms(rows, 0, ROWS - SCREEN);
		end = took > end ? took : end;
		row = ft_rows_at(rows, ROWS - 1);
		took = move_ms(rows, ft_row_id(&row), ROWS / 2);
		middle = took > middle ? took : middle;
	}
	report("move down a row (worst)", down, MOVE_MS);
	report("jump to the end (worst)", end, MOVE_MS);
	report("jump to the middle (worst)", middle, MOVE_MS);
}

/* Lists that sum, and a frozen order: once a second, beside the bounds of keys. */
static void bench_lists(struct ft_rows *rows)
{
	struct ft_query query = { .list = FT_LIST_FLOWS, .show = &show };

	report_only("a new moment of 1M flows", fill_ms(rows, &query, false));
	query.list = FT_LIST_TALKERS;
	report_only("talkers of 1M flows, new moment", fill_ms(rows, &query, false));
	report("talkers of 1M flows, sort", fill_ms(rows, &query, true), SORT_MS);
	query.list = FT_LIST_PROCESSES;
	report_only("processes of 1M flows, new moment", fill_ms(rows, &query, false));
	query.list = FT_LIST_FLOWS;
	fill_ms(rows, &query, false);
	query.frozen = true;
	report_only("a new moment of 1M flows, frozen", fill_ms(rows, &query, false));
}

int main(void)
{
	struct ft_rows *rows = ft_rows_new();

	make_flows();
	bench_sort(rows);
	bench_filter(rows);
	bench_move(rows);
	bench_lists(rows);
	ft_rows_free(rows);
	made_done(&made);
	return 0;
}
