/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A million flows on a screen: CPU time from a key's bytes to the painted frame, through the
 * decoder, the view's step, rows and curses (which draws on /dev/null). The median of a few
 * rounds. Prints "bound figure met|missed".
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "options.h"
#include "tests/core/made.h"
#include "ui/ui_priv.h"

#define ROWS 1000000U
#define ROUNDS 5
#define MOVE_MS 16.0
#define SORT_MS 50.0

static struct made made;

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* As bench_rows has them. */
static void make_flows(void)
{
	made_init(&made, ROWS);
	for (uint32_t i = 0; i < ROWS; i++) {
		uint64_t r = made_random();
		char local[46], remote[46];
		bool active = (r >> 8) % 8 == 0;

		snprintf(local, sizeof(local), "10.0.%u.7", (unsigned)(r >> 12) & 15);
		snprintf(remote, sizeof(remote), "198.%u.%u.9", (unsigned)(r >> 16) & 255,
			 (unsigned)(r >> 24) & 255);
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

/* Types bytes and paints. */
static void type(struct ft_ui *ui, const char *bytes)
{
	static uint64_t now = 10000000000ULL;
	struct ft_event events[FT_INPUT_EVENTS];

	now += 10000000000ULL;
	for (; *bytes; bytes++) {
		unsigned count = ft_input_byte(&ui->input, (uint8_t)*bytes, now, events);

		for (unsigned i = 0; i < count; i++)
			ft_ui_event(ui, &events[i]);
	}
	ft_ui_show(ui);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median time of `keys`, each round after `before` from the same beginning. */
static void measure(struct ft_ui *ui, const char *what, const char *before, const char *keys,
		    double bound)
{
	double took[ROUNDS], median;

	for (int i = 0; i < ROUNDS; i++) {
		double start;

		type(ui, "=1g");
		type(ui, before);
		start = now_ms();
		type(ui, keys);
		took[i] = now_ms() - start;
		type(ui, "\003"); /* leaves a prompt */
		ui->quit = false;
	}
	qsort(took, ROUNDS, sizeof(took[0]), compare);
	median = took[ROUNDS / 2];
	printf("%-52s bound %7.2f ms  figure %7.2f ms  %s\n", what, bound, median,
	       median <= bound ? "met" : "missed");
}

int main(void)
{
	static const struct ft_options options = { .interval_ns = 1000000000,
						   .sort_ascending = -1 };
	static const struct ft_ui_config config = { .options = &options, .observer = "bench" };
	struct ft_ui *ui = calloc(1, sizeof(*ui));
	FILE *out = fopen("/dev/null", "we"), *in = fopen("/dev/null", "re");

	setlocale(LC_ALL, "C.UTF-8");
	setlocale(LC_NUMERIC, "C");
	setenv("LINES", "60", 1);
	setenv("COLUMNS", "200", 1);
	if (!ui || !out || !in || !newterm("xterm-256color", out, in))
		return 1;
	make_flows();
	ui->config = &config;
	ui->epoll = -1;
	ui->snapshot = &made.snapshot;
	ft_view_init(&ui->view, &options, NULL);
	ft_input_init(&ui->input);
	for (unsigned i = 0; i < FT_LIST_MAX; i++)
		ft_listing_init(&ui->listing[i]);
	ft_ui_update(ui, FT_FX_FILL | FT_FX_PAINT);
	ft_ui_show(ui);

	measure(ui, "a row down, to the frame", "", "\033[B", MOVE_MS);
	measure(ui, "a page down, to the frame", "", "\033[6~", MOVE_MS);
	measure(ui, "to the end, to the frame", "", "\033[F", MOVE_MS);
	measure(ui, "a row up at the end, to the frame", "\033[F", "\033[A", MOVE_MS);
	measure(ui, "sort by the next column, to the frame", "", ">", SORT_MS);
	measure(ui, "reverse, to the frame", "", "R", SORT_MS);
	measure(ui, "reverse with a row far down chosen, to the frame", "\033[F", "R", SORT_MS);
	measure(ui, "a character of a filter, to the frame", "/tcp port 44", "3", SORT_MS);
	measure(ui, "a character of a word filter, to the frame", "/198.5", "1", SORT_MS);
	measure(ui, "only TCP, to the frame", "", "T", SORT_MS);
	endwin();
	for (unsigned i = 0; i < FT_LIST_MAX; i++)
		ft_listing_done(&ui->listing[i]);
	ft_view_done(&ui->view);
	made_done(&made);
	free(ui);
	return 0;
}
