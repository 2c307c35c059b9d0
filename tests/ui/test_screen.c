/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole screens, without a terminal: newterm on /dev/null, render into stdscr, read the cells
 * back and hold them against tests/ui/goldens/NAME.txt. GENERATE=1 rewrites these; look at the
 * diff. What attributes say (the selection, titles) is tested apart.
 */
#define NCURSES_WIDECHAR 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <curses.h>
#include <errno.h>
#include <libintl.h>
#include <locale.h>
#include <sys/stat.h>
#include <time.h>
#include <wchar.h>

#include "core/difference.h"
#include "core/names.h"
#include "core/socket.h"
#include "options.h"
#include "tests/core/boxed.h"
#include "tests/core/made_sockets.h"
#include "tests/output/moment.h"
#include "tests/core/made_events.h"
#include "tests/ui/keys.h"
#include "tests/ui/recorded.h"
#include "ui/screen.h"

/* Keywords of the system's files, so that the machine's own do not matter. */
static const char hosts[] = "192.0.2.7 www.example.org\n10.0.0.3 backup\n";
static const char services[] = "ssh 22/tcp\ndomain 53/udp\nhttps 443/tcp\npostgresql 5432/tcp\n"
			       "rsync 873/tcp\nmdns 5353/udp\n";

/* A screen with its view, as ui.c keeps them. */
struct desk {
	struct ft_view view;
	struct ft_listing listing[FT_LIST_MAX];
	struct ft_scene scene;
	const struct ft_snapshot *snapshot;
	const struct ft_snapshot *difference; /* owned: the snapshot, while it is one; or NULL */
};

static struct ft_snapshot *recorded;
static struct ft_names *names;

/* Fill, settle, draw. */
static void draw(struct desk *desk)
{
	struct ft_scene *scene = &desk->scene;
	struct ft_query query;
	struct ft_stage stage;

	scene->window = stdscr;
	scene->view = &desk->view;
	scene->snapshot = desk->snapshot;
	scene->subject = desk->snapshot;
	scene->listing = &desk->listing[ft_view_list(&desk->view)];
	ft_screen_measure(scene);
	ft_view_query(&desk->view, &query);
	if (desk->snapshot)
		ft_listing_fill(scene->listing, desk->snapshot, &query,
				&desk->view.pins[query.list], (size_t)scene->page);
	scene->subject_row = ft_details_find(desk->snapshot, ft_view_front(&desk->view)->subject);
	stage = ft_screen_stage(scene);
	ft_view_settle(&desk->view, &stage);
	if (stage.listing)
		ft_view_fit(&desk->view, &stage);
	ft_screen_render(scene);
	stage = ft_screen_stage(scene);
	if (!stage.listing)
		ft_view_fit(&desk->view, &stage);
}

/* A moment, against the baseline if there is one; borrowed. */
static void show(struct desk *desk, const struct ft_snapshot *moment)
{
	const struct ft_snapshot *old = desk->difference;

	desk->difference = desk->view.mark && moment ? ft_difference_new(desk->view.mark, moment, true) :
						       NULL;
	desk->snapshot = desk->difference ? desk->difference : moment;
	if (moment)
		ft_view_took(&desk->view, desk->snapshot);
	draw(desk);
	ft_snapshot_put(old);
}

static void give(void *arg, const struct ft_event *event)
{
	struct desk *desk = arg;
	struct ft_stage stage = ft_screen_stage(&desk->scene);

	if (ft_view_step(&desk->view, event, &stage) & FT_FX_MARK)
		show(desk, ft_difference_moment(desk->snapshot));
	draw(desk);
}

static void open_desk(struct desk *desk, const struct ft_snapshot *snapshot, int width,
		      int height, bool ascii)
{
	struct ft_options options = { .interval_ns = 1000000000, .sort_ascending = -1,
				      .ascii = ascii };

	memset(desk, 0, sizeof(*desk));
	resizeterm(height, width);
	ft_view_init(&desk->view, &options, names);
	for (unsigned i = 0; i < FT_LIST_MAX; i++)
		ft_listing_init(&desk->listing[i]);
	desk->snapshot = snapshot;
	desk->scene.observer = "router1";
	desk->scene.warnings = "";
	desk->scene.fault = "";
	desk->scene.auto_backend = true;
	/* A graph with a shape, and a gap where the screen was paused. */
	for (int i = 0; i < 30 && snapshot; i++) {
		desk->view.history.tx[i] = i == 12 || i == 13 ? -1 : (float)(i * 37 % 23) * 1000;
		desk->view.history.rx[i] = i == 12 || i == 13 ? -1 : (float)(i % 8) * 500;
	}
	desk->view.history.count = desk->view.history.next = snapshot ? 30 : 0;
	draw(desk);
}

static void close_desk(struct desk *desk)
{
	for (unsigned i = 0; i < FT_LIST_MAX; i++)
		ft_listing_done(&desk->listing[i]);
	ft_snapshot_put(desk->difference);
	ft_view_done(&desk->view);
}

/* One line's cells as UTF-8, without the blanks at its end. */
static void read_line(int y, char *text, size_t size)
{
	size_t used = 0, end = 0;

	text[0] = '\0';
	for (int x = 0; x < COLS; x++) {
		wchar_t cell[CCHARW_MAX + 1] = L"";
		attr_t attributes;
		cchar_t packed;
		short pair;

		mvwin_wch(stdscr, y, x, &packed);
		getcchar(&packed, cell, &attributes, &pair, NULL);
		for (wchar_t *c = cell; *c && used + MB_CUR_MAX < size; c++) {
			int n = wctomb(text + used, *c);

			used += n > 0 ? (size_t)n : 0;
		}
		if (cell[0] != L' ')
			end = used;
		if (wcwidth(cell[0]) == 2)
			x++;
	}
	text[end] = '\0';
}

/* The whole screen; the cursor's place is part of it. */
static char *read_screen(const struct desk *desk)
{
	char line[8192], *all = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&all, &size);

	for (int y = 0; y < LINES; y++) {
		read_line(y, line, sizeof(line));
		fprintf(stream, "%s\n", line);
	}
	fprintf(stream, "(cursor %d,%d)\n", desk->scene.cursor_x, desk->scene.cursor_y);
	fclose(stream);
	return all;
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return NULL;
	if (getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

/* Holds the screen against its golden, or rewrites that. */
static void check(const struct desk *desk, const char *name)
{
	const char *top = getenv("top_srcdir") ? getenv("top_srcdir") : ".";
	const char *generate = getenv("GENERATE");
	char *screen = read_screen(desk), *golden, path[512];

	snprintf(path, sizeof(path), "%s/tests/ui/goldens/%s.txt", top, name);
	if (generate && strcmp(generate, "1") == 0) {
		FILE *file = fopen(path, "we");

		assert_non_null(file);
		fputs(screen, file);
		fclose(file);
	}
	golden = read_file(path);
	if (!golden)
		fail_msg("%s: %s", path, strerror(errno));
	if (strcmp(golden, screen) != 0)
		fail_msg("%s: wanted\n%s\nbut there is\n%s", name, golden, screen);
	free(golden);
	free(screen);
}

static const struct {
	const char *name;
	int width, height;
	bool ascii;
	const char *keys;
} cases[] = {
	{ "flows-40x10", 40, 10, false, "" },
	{ "flows-80x24", 80, 24, false, "Down Down" },
	{ "flows-80x24-ascii", 80, 24, true, "Down Down" },
	{ "flows-120x30", 120, 30, false, "" },
	{ "flows-300x50", 300, 50, false, "" },
	{ "flows-bytes-totals", 80, 24, false, "b m m" },
	{ "flows-numbers-packets", 100, 24, false, "n n N b b" },
	{ "flows-scrolled", 80, 12, false, "End Right Right" },
	{ "flows-sorted", 80, 24, false, "< R" },
	{ "flows-filter", 80, 24, false, "/ 'tcp port 443' Enter" },
	{ "flows-filter-long", 60, 12, false,
	  "/ 'tcp port 443 or udp port 53 or host 10.0.0.2 or rate > 100M' Enter" },
	{ "flows-filter-40", 40, 10, false, "/ 'tcp port 443' Enter" },
	{ "flows-none", 80, 24, false, "/ 'port 1' Enter" },
	{ "prompt-error", 80, 24, false, "/ 'tcp and'" },
	{ "prompt-interval", 40, 10, false, "d '2'" },
	{ "prompt-long", 40, 10, false,
	  "/ 'host 10.0.0.1 or host 10.0.0.2 or host 10.0.0.3' Left Left" },
	{ "paused", 80, 24, false, "Space Down F" },
	{ "talkers-80x24", 80, 24, false, "2" },
	{ "talkers-40x10", 40, 10, false, "2" },
	{ "talkers-by-port", 80, 24, false, "a Down Down Enter" },
	{ "talkers-drilled", 80, 24, false, "2 Down Enter" },
	{ "processes-80x24", 80, 24, false, "3" },
	{ "processes-40x10", 40, 10, false, "3" },
	{ "processes-200x20", 200, 20, false, "3 l" },
	{ "processes-transit", 80, 24, false, "3 J 'transit' Enter Enter" },
	{ "details-80x24", 80, 24, false, "Enter" },
	{ "details-80x24-end", 80, 24, false, "Enter End" },
	{ "details-40x10", 40, 10, false, "Down Enter PgDn" },
	{ "details-icmp", 100, 60, false, "J 'icmp' Enter Enter" },
	{ "interfaces-80x24", 80, 24, false, "i" },
	{ "interfaces-40x10", 40, 10, false, "i" },
	{ "help-80x24", 80, 24, false, "h" },
	{ "help-60x15", 60, 15, false, "h" },
	{ "help-above-others", 40, 10, false, "i 6 h" },
	{ "help-40x10", 40, 10, true, "h PgDn" },
	{ "help-120x90", 120, 90, false, "?" },
	{ "menu-group", 80, 24, false, "a Down" },
	{ "menu-sort", 40, 10, false, "F6 End" },
	{ "menu-actions", 80, 24, false, "Down x Down" },
	{ "menu-actions-details", 60, 20, true, "Enter x" },
	{ "too-small", 39, 9, false, "" },
};

/* While a flow's packets are written the header says so, and the menu offers the other way. */
static void test_writing(void **state)
{
	struct ft_snapshot writing = *recorded;
	struct desk desk;

	(void)state;
	open_desk(&desk, &writing, 80, 24, false);
	desk.view.writing[0] = writing.taps.flow[0] = ft_listing_id(desk.scene.listing, 0);
	desk.view.writing_count = 1;
	writing.taps.count = 1;
	keys_each("x", give, &desk);
	check(&desk, "writing");
	close_desk(&desk);
}

/* The recorded snapshot, at several sizes and after keys. */
static void test_recorded(void **state)
{
	struct desk desk;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_desk(&desk, recorded, cases[i].width, cases[i].height, cases[i].ascii);
		keys_each(cases[i].keys, give, &desk);
		check(&desk, cases[i].name);
		close_desk(&desk);
	}
}

/* Flows of each kind, names that would harm a terminal, notes, two scopes. */
static void test_moment(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk, moment(), 100, 30, false);
	check(&desk, "moment-flows");
	keys_each("i", give, &desk);
	check(&desk, "moment-interfaces");
	close_desk(&desk);
	open_desk(&desk, moment(), 80, 60, true);
	keys_each("J 'curl' Enter Enter", give, &desk);
	check(&desk, "moment-details-ascii");
	close_desk(&desk);
}

/* What flowtop costs: timed by the kernel, not timed, not measured. */
static void test_health(void **state)
{
	struct ft_snapshot busy = *moment();
	struct desk desk;

	(void)state;
	busy.max_flows = 1000000;
	busy.store.sockets_missed = 42;
	busy.cost = (struct ft_cost){
		.over_ns = 1000000000, .timed = true,
		.by = { { 4, 250000, 25000000 }, { 9, 1200, 600000 } },
		.thread_count = 3,
		.threads = { { "flowtop", 4100000 }, { "flowtop-collect", 12345678 },
			     { "bad\033[31m", 0 } },
		.resident_bytes = 61 << 20, .outputs = 2, .behind = 1,
	};
	open_desk(&desk, &busy, 80, 40, false);
	keys_each("6", give, &desk);
	check(&desk, "health-80x40");
	busy.cost.timed = false;
	snprintf(busy.cost.why, sizeof(busy.cost.why), "not timed, for a reason");
	draw(&desk);
	check(&desk, "health-not-timed");
	close_desk(&desk);
	open_desk(&desk, recorded, 40, 12, true);
	keys_each("6", give, &desk);
	check(&desk, "health-not-measured");
	desk.view.past = true;
	draw(&desk);
	check(&desk, "health-past");
	desk.view.recording = true;
	draw(&desk);
	check(&desk, "health-recording");
	desk.view.past = desk.view.recording = false;
	keys_each("6", give, &desk); /* away again */
	assert_int_equal(ft_view_front(&desk.view)->pane, FT_PANE_FLOWS);
	close_desk(&desk);
}

/* Live, the interval that was asked for; read back, the shown moment's own. */
static void test_interval(void **state)
{
	static const struct {
		bool recording;
		uint64_t ns;
		const char *words;
	} intervals[] = {
		{ false, 300123456, " 1s " },	   { true, 300123456, " 0.3s " },
		{ true, 99912345, " 0.1s " },	   { true, 250001234, " 0.25s " },
		{ true, 3123456, " 0.0031s " },	   { true, 1000123456, " 1s " },
		{ true, 1503123456, " 1.5s " },	   { true, 3600001234567, " 3600s " },
		{ true, 0, " 1s " },
	};
	struct ft_snapshot moment = *recorded;
	struct desk desk;
	char line[400];

	(void)state;
	open_desk(&desk, &moment, 80, 24, false);
	for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
		desk.view.recording = intervals[i].recording;
		moment.interval_ns = intervals[i].ns;
		draw(&desk);
		read_line(0, line, sizeof(line));
		if (!strstr(line, intervals[i].words))
			fail_msg("%zu: no%sin%s", i, intervals[i].words, line);
	}
	close_desk(&desk);
}

/* The bar names pause where it does something, what leads out of the past, and how one goes
 * through a recording that stands still. */
static void test_hints(void **state)
{
	static const struct {
		bool past, recording, plays, paused, held;
		const char *words; /* between those before and behind */
	} hints[] = {
		{ false, false, false, false, false, "group  Space pause  J" },
		{ false, false, false, true, false, "group  Space resume  J" },
		{ true, false, false, false, false, "group  0 now  J" },
		{ true, false, false, true, false, "group  0 now  J" },
		{ false, true, false, false, false,
		  "group  . one moment on  , one moment back  J" },
		{ false, true, true, false, false, "group  Space pause  J" },
		{ false, true, true, false, true, "group  Space resume  J" },
		{ true, false, true, false, false, "group  0 now  Space pause  J" },
	};
	struct desk desk;
	char line[400];

	(void)state;
	open_desk(&desk, recorded, 120, 24, false);
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		desk.view.past = hints[i].past;
		desk.view.recording = hints[i].recording;
		desk.view.plays = hints[i].plays;
		desk.view.paused = hints[i].paused;
		desk.view.held = hints[i].held;
		draw(&desk);
		read_line(23, line, sizeof(line));
		if (!strstr(line, hints[i].words))
			fail_msg("%zu: no %s in %s", i, hints[i].words, line);
	}
	close_desk(&desk);
}

/* The first column of talkers has the name of what they are grouped by, also when it is narrow. */
static void test_group_titles(void **state)
{
	static const char *const titles[FT_GROUP_MAX] = {
		[FT_GROUP_HOST] = " Host",	 [FT_GROUP_NET] = " Network",
		[FT_GROUP_PORT] = " Port",	 [FT_GROUP_PROTOCOL] = " Protocol",
		[FT_GROUP_USER] = " User",	 [FT_GROUP_IFACE] = " Interface",
		[FT_GROUP_VLAN] = " VLAN",	 [FT_GROUP_PROCESS] = " Process",
	};
	struct desk desk;
	char line[400], wanted[40], own[FT_TITLE_MAX];

	(void)state;
	open_desk(&desk, recorded, 40, 10, true);
	keys_each("2", give, &desk);
	for (int sorted = 0; sorted < 2; sorted++) {
		for (size_t i = 0; i < FT_GROUP_MAX; i++) {
			desk.view.group_by = (enum ft_group_by)i;
			draw(&desk);
			read_line(desk.scene.body - 1, line, sizeof(line));
			snprintf(wanted, sizeof(wanted), "%s%c", titles[i], sorted ? '^' : ' ');
			if (strncmp(line, wanted, strlen(wanted)) != 0)
				fail_msg("%zu: no %s in %s", i, wanted, line);
			/* The menu to sort by calls it the same. */
			ft_menu_open(&desk.view, FT_MENU_SORT);
			assert_string_equal(ft_menu_title(&desk.view, 0, own), titles[i] + 1);
			desk.view.menu.kind = FT_MENU_NONE;
		}
		ft_view_sort_by(&desk.view, ft_column_find("host"));
	}
	close_desk(&desk);
}

/* All sockets of a machine; before there is a list, and where there is none to have. */
static void test_sockets(void **state)
{
	static const struct {
		const char *name;
		int width, height;
		bool ascii;
		const char *keys;
	} sockets[] = {
		{ "sockets-80x24", 80, 24, false, "4 Down" },
		{ "sockets-40x10", 40, 10, true, "4" },
		{ "sockets-120x20", 120, 20, false, "4 F6 End Up Enter" },
		{ "sockets-500x20", 500, 20, false, "4" },
		{ "sockets-filter", 80, 24, false, "4 / 'state estab or udp' Enter" },
		{ "sockets-none", 80, 24, false, "4 / 'port 1' Enter" },
		{ "sockets-no-flow", 80, 24, false, "4 Enter" },
	};
	struct ft_snapshot listed = *recorded;
	struct desk desk;

	(void)state;
	listed.socket_list = made_sockets(recorded->end_ns);
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		open_desk(&desk, &listed, sockets[i].width, sockets[i].height, sockets[i].ascii);
		keys_each(sockets[i].keys, give, &desk);
		check(&desk, sockets[i].name);
		close_desk(&desk);
	}
	ft_socket_list_put(listed.socket_list);
	listed.socket_list = NULL;
	open_desk(&desk, &listed, 80, 24, false);
	keys_each("4 Enter Down y F", give, &desk);
	check(&desk, "sockets-asking");
	desk.view.past = true;
	draw(&desk);
	check(&desk, "sockets-past");
	desk.view.past = false;
	keys_each("Space", give, &desk);
	check(&desk, "sockets-held");
	close_desk(&desk);
	listed.progress = 1000;
	open_desk(&desk, &listed, 80, 24, false);
	keys_each("4", give, &desk);
	check(&desk, "sockets-file");
	close_desk(&desk);
}

/* A list before anything has happened. */
static const struct ft_event_list *no_events(void)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_events *events = ft_events_new(1, owners);
	const struct ft_event_list *list = ft_events_publish(events);

	ft_events_free(events);
	ft_owners_free(owners);
	return list;
}

/* Events of each kind: the end is followed, and left; filters; what is missing. */
static void test_events(void **state)
{
	static const struct {
		const char *name;
		int width, height;
		bool ascii;
		const char *keys;
	} events[] = {
		{ "events-80x24", 80, 24, false, "5" },
		{ "events-80x12", 80, 12, false, "5" },
		{ "events-80x12-scrolled", 80, 12, false, "5 Home Down" },
		{ "events-80x12-end", 80, 12, false, "5 Home End" },
		{ "events-40x10", 40, 10, true, "5" },
		{ "events-200x20", 200, 20, false, "5 n n" },
		{ "events-filter", 80, 24, false, "5 / 'event close or event retransmit' Enter" },
		{ "events-in", 80, 24, false, "5 / 'in' Enter" },
		{ "events-udp", 80, 24, false, "5 U" },
		{ "events-none", 80, 24, false, "5 / 'port 1' Enter" },
		{ "events-sorted", 80, 24, false, "5 > >" },
		{ "events-details", 80, 24, false, "5 Home Enter" },
		{ "events-no-flow", 80, 24, false, "5 Enter" },
	};
	struct ft_snapshot told = *recorded;
	char unseen[] = "events are taken from packets (a file has packets only): no listeners, "
			"retransmits or local errors";
	struct desk desk;

	(void)state;
	told.events = made_events(recorded->end_ns, recorded->rows[0].owner[0],
				  recorded->rows[0].flow->id, MADE_EVENTS);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		open_desk(&desk, &told, events[i].width, events[i].height, events[i].ascii);
		keys_each(events[i].keys, give, &desk);
		check(&desk, events[i].name);
		close_desk(&desk);
	}
	ft_event_list_put(told.events);
	told.events = NULL;
	open_desk(&desk, &told, 80, 24, false);
	keys_each("5", give, &desk);
	check(&desk, "events-moment");
	close_desk(&desk);
	told.events = no_events();
	told.event_source = unseen;
	open_desk(&desk, &told, 80, 24, false);
	keys_each("5 Enter Down End y F", give, &desk);
	check(&desk, "events-packets");
	close_desk(&desk);
	ft_event_list_put(told.events);
	told.events = made_events(recorded->end_ns, FT_OWNER_UNKNOWN, 0, MADE_EVENTS - 2);
	open_desk(&desk, &told, 80, 24, false);
	keys_each("5", give, &desk);
	check(&desk, "events-dropped");
	close_desk(&desk);
	ft_event_list_put(told.events);
}

/* Nobody tells owners (a file): other columns have their place. */
static void test_no_owners(void **state)
{
	struct ft_snapshot file = *recorded;
	struct desk desk;

	(void)state;
	file.owner_source = NULL;
	open_desk(&desk, &file, 80, 24, false);
	ft_view_took(&desk.view, &file);
	draw(&desk);
	check(&desk, "flows-no-owners");
	close_desk(&desk);
}

/* Before the first snapshot, and with one that has nothing in it. */
static void test_empty(void **state)
{
	struct ft_snapshot empty = *recorded;
	struct desk desk;

	(void)state;
	open_desk(&desk, NULL, 80, 24, false);
	check(&desk, "starting");
	keys_each("Down Enter i h 2 Esc z w y J F", give, &desk);
	close_desk(&desk);
	empty.row_count = empty.live_flows = empty.delta_count = 0;
	open_desk(&desk, &empty, 80, 24, false);
	check(&desk, "empty");
	keys_each("Down End Enter F J 'x' Enter 2 Enter 3 Enter", give, &desk);
	close_desk(&desk);
	/* The very first picture says that it is one. */
	empty.interval_ns = 0;
	open_desk(&desk, &empty, 80, 24, false);
	check(&desk, "first");
	close_desk(&desk);
	/* -i named none that is there. */
	empty.scope_count = 0;
	open_desk(&desk, &empty, 80, 24, false);
	check(&desk, "no-interface");
	close_desk(&desk);
	/* Nor has a file without packets. */
	empty.progress = 1000;
	empty.last = true;
	open_desk(&desk, &empty, 80, 24, false);
	check(&desk, "no-flows-in-file");
	close_desk(&desk);
	empty.progress = -1;
	empty.last = false;
	/* Nor has a recording's first picture any, if nothing was counted in it. */
	open_desk(&desk, &empty, 80, 24, false);
	desk.view.recording = true;
	draw(&desk);
	check(&desk, "no-flows-then");
	close_desk(&desk);
}

/* What is wrong is said: above the panes, in the footer of a low screen, in full behind i. */
static void test_notes(void **state)
{
	struct ft_snapshot troubled = *recorded;
	char backend[] = "packet", reason[] = "tcx: needs CAP_BPF; AF_PACKET is used", why[] = "no";
	char note[] = "an \033[31modd\033[0m note", *notes[] = { note };
	struct desk desk;

	(void)state;
	troubled.backend = backend;
	troubled.backend_reason = reason;
	troubled.capture_filter = why;
	troubled.notes = notes;
	troubled.note_count = 1;
	troubled.evicted = 12;
	troubled.total.by.c[FT_C_RING].packets = 7;
	troubled.total.seen.packets += 7;
	troubled.total.inexact = true;
	open_desk(&desk, &troubled, 80, 24, false);
	desk.scene.warnings = "config:3: no such key";
	draw(&desk);
	check(&desk, "notes-80x24");
	keys_each("i", give, &desk);
	check(&desk, "notes-all");
	close_desk(&desk);
	open_desk(&desk, &troubled, 40, 10, false);
	check(&desk, "notes-40x10");
	close_desk(&desk);
}

/* True if all cells of a line have the attribute. */
static bool line_has(int y, attr_t attribute)
{
	for (int x = 0; x < COLS; x++)
		if (!(mvwinch(stdscr, y, x) & attribute))
			return false;
	return true;
}

/* The selection is told by reverse video and the cursor, the sort column by an arrow. */
static void test_attributes(void **state)
{
	struct desk desk;
	int reverse = 0;

	(void)state;
	open_desk(&desk, recorded, 80, 24, false);
	keys_each("Down Down", give, &desk);
	for (int y = desk.scene.body; y < desk.scene.footer; y++)
		reverse += line_has(y, A_REVERSE);
	assert_int_equal(reverse, 1);
	assert_true(line_has(desk.scene.cursor_y, A_REVERSE));
	assert_int_equal(getcury(stdscr), desk.scene.cursor_y);
	assert_true(line_has(desk.scene.body - 1, A_UNDERLINE));
	close_desk(&desk);
}

/* At any size no line is too long, nothing crashes, and the cursor is on the screen. */
static void test_sizes(void **state)
{
	static const char *const keys[] = { "", "2 Down", "3 End", "Enter End", "i PgDn", "h PgDn",
					    "a End", "F6 End", "/ 'tcp or udp or host x'",
					    "4 Down", "4 F6 End" };
	struct ft_snapshot listed = *recorded;
	struct desk desk;

	(void)state;
	listed.socket_list = made_sockets(recorded->end_ns);
	for (int height = 1; height <= 60; height += height < 12 ? 1 : 7) {
		for (int width = 1; width <= 320; width += width < 50 ? 3 : 29) {
			for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
				open_desk(&desk, &listed, width, height, k & 1);
				keys_each(keys[k], give, &desk);
				assert_in_range(desk.scene.cursor_y, 0, height - 1);
				assert_in_range(desk.scene.cursor_x, 0, width);
				close_desk(&desk);
			}
		}
	}
	ft_socket_list_put(listed.socket_list);
}

/* With --ascii no cell is anything else, whatever names hold. */
static void test_ascii(void **state)
{
	static const char *const keys[] = { "", "2", "3", "Enter", "i", "h", "a", "Space" };
	struct desk desk;
	char *screen;

	(void)state;
	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		open_desk(&desk, moment(), 120, 40, true);
		keys_each(keys[k], give, &desk);
		screen = read_screen(&desk);
		for (const char *c = screen; *c; c++)
			assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
		free(screen);
		close_desk(&desk);
	}
}

/* Two moments a minute apart: a flow came, one went, one counted more, one slowed down. */
static void make_pair(struct ft_snapshot **ret_before, struct ft_snapshot **ret_after)
{
	struct ft_snapshot *before = boxed(recorded), *after = boxed(recorded);
	struct ft_flow_hot *rows = (struct ft_flow_hot *)(uintptr_t)after->rows;

	before->row_count--;
	after->end_ns += 65000000000ULL;
	after->generation++;
	rows[0].total[0].packets += 1200;
	rows[0].total[0].bytes += 1700000;
	rows[0].total[0].l2_bytes += 1716800;
	for (int w = 0; w < FT_WINDOWS; w++)
		rows[1].rate_bytes[w][0] = rows[1].rate_bytes[w][1] = 0;
	memmove(&rows[2], &rows[3], (after->row_count - 3) * sizeof(rows[0]));
	after->row_count--;
	*ret_before = before;
	*ret_after = after;
}

/* Key B: marked, against a later moment, in each list, at each size; and ended. */
static void test_difference(void **state)
{
	static const struct {
		const char *name;
		int width, height;
		bool ascii;
		const char *keys;
	} differences[] = {
		{ "difference-120x24", 120, 24, false, "" },
		{ "difference-80x24", 80, 24, false, "m m R" },
		{ "difference-40x10", 40, 10, true, "" },
		{ "difference-talkers", 100, 24, false, "2" },
		{ "difference-processes", 100, 24, false, "3" },
		{ "difference-details", 100, 40, false, "F6 Home Enter Enter" },
		{ "difference-gone", 100, 40, false, "F6 Home Enter Down Enter" },
		{ "difference-gone-actions", 100, 24, false, "F6 Home Enter Down x" },
		{ "difference-filter", 100, 24, false, "/ 'tcp' Enter" },
		{ "difference-over", 80, 24, false, "F6 Home Enter B" },
	};
	struct ft_snapshot *before, *after;
	struct desk desk;

	(void)state;
	make_pair(&before, &after);
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
		open_desk(&desk, before, differences[i].width, differences[i].height,
			  differences[i].ascii);
		keys_each("B", give, &desk);
		if (i == 0)
			check(&desk, "difference-marked");
		show(&desk, after);
		keys_each(differences[i].keys, give, &desk);
		check(&desk, differences[i].name);
		close_desk(&desk);
	}
	ft_snapshot_put(before);
	ft_snapshot_put(after);
}

/* What clicks find is where it is drawn. */
static void test_map(void **state)
{
	unsigned found[FT_SPOT_CHOICE + 1] = { 0 }, hints = 0;
	struct desk desk;

	(void)state;
	open_desk(&desk, recorded, 80, 24, false);
	for (size_t i = 0; i < desk.scene.map.count; i++)
		hints += desk.scene.map.spot[i].kind == FT_SPOT_ACTION;
	assert_in_range(hints, 6, 12);
	keys_each("a", give, &desk);
	for (size_t i = 0; i < desk.scene.map.count; i++) {
		const struct ft_spot *spot = &desk.scene.map.spot[i];

		found[spot->kind]++;
		assert_in_range(spot->x, 0, COLS - 1);
		assert_in_range(spot->x + spot->width, 1, COLS);
		assert_in_range(spot->y + spot->height, 1, LINES);
	}
	assert_int_equal(found[FT_SPOT_PANE], FT_LIST_MAX);
	assert_int_equal(found[FT_SPOT_ROWS], 1);
	assert_int_equal(found[FT_SPOT_CHOICE], 1);
	assert_in_range(found[FT_SPOT_COLUMN], 5, 30);
	assert_int_equal(found[FT_SPOT_ACTION], 2); /* choose, cancel */
	close_desk(&desk);
}

/* Any keys in any order, at changing sizes and moments: the screen stands. */
static void test_random_keys(void **state)
{
	static const char text[] = "tcp ort43()<>=10.\"/:x";
	struct ft_snapshot *listed = boxed(recorded), *made = boxed(moment());
	const struct ft_snapshot *moments[] = { listed, made, NULL };
	struct ft_event event = { .key = 0 };
	struct desk desk;

	(void)state;
	listed->socket_list = made_sockets(recorded->end_ns);
	srandom(11);
	for (int round = 0; round < 40; round++) {
		open_desk(&desk, moments[random() % 2], 80, 24, random() % 2);
		for (int i = 0; i < 400; i++) {
			const struct ft_binding *binding = &ft_bindings[(size_t)random() %
									ft_binding_count];
			long dice = random() % 100;

			event.key = binding->keys[0];
			event.when_ns += 50000000;
			event.x = (int)(random() % 90);
			event.y = (int)(random() % 30);
			if (dice < 20)
				event.key = (uint8_t)text[(size_t)random() % (sizeof(text) - 1)];
			else if (dice < 40)
				event.key = FT_KEY_CLICK + (uint32_t)(random() % 3);
			else if (dice < 45)
				resizeterm(1 + (int)(random() % 60), 1 + (int)(random() % 200));
			else if (dice < 50)
				show(&desk, moments[random() % 3]);
			give(&desk, &event);
			assert_in_range(desk.scene.cursor_y, 0, LINES - 1);
			assert_in_range(desk.scene.cursor_x, 0, COLS);
		}
		close_desk(&desk);
	}
	ft_snapshot_put(listed);
	ft_snapshot_put(made);
}

#if ENABLE_NLS
/* The translation that the build made, on screens where words are tight. */
static void test_german(void **state)
{
	static const struct {
		const char *name;
		int width, height;
		const char *keys;
	} german[] = {
		{ "de-flows-80x24", 80, 24, "" },	 { "de-flows-40x10", 40, 10, "Space" },
		{ "de-talkers-80x24", 80, 24, "2" },	 { "de-details-80x40", 80, 40, "Enter" },
		{ "de-interfaces-80x24", 80, 24, "i" },	 { "de-help-80x90", 80, 90, "h" },
		{ "de-menu-group", 80, 24, "a" },	 { "de-filter", 80, 24, "/ 'tcp and'" },
	};
	const char *top = getenv("top_builddir") ? getenv("top_builddir") : ".";
	struct desk desk;
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/po/locale", top);
	setenv("LANGUAGE", "de", 1);
	bindtextdomain("flowtop", path);
	textdomain("flowtop");
	assert_string_not_equal(gettext("talkers"), "talkers");
	for (size_t i = 0; i < sizeof(german) / sizeof(german[0]); i++) {
		open_desk(&desk, recorded, german[i].width, german[i].height, false);
		keys_each(german[i].keys, give, &desk);
		check(&desk, german[i].name);
		close_desk(&desk);
	}
	setenv("LANGUAGE", "en", 1);
	textdomain("messages");
}
#endif

/* A screen on /dev/null, and the fixtures. */
static int open_screen(void **state)
{
	const char *top = getenv("top_srcdir") ? getenv("top_srcdir") : ".";
	FILE *out = fopen("/dev/null", "we"), *in = fopen("/dev/null", "re");
	char path[512];

	(void)state;
	setenv("TZ", "UTC", 1);
	setlocale(LC_ALL, "C.UTF-8");
	setlocale(LC_NUMERIC, "C");
	if (!newterm("xterm-256color", out, in))
		return -1;
	ft_style_init(true);
	snprintf(path, sizeof(path), "%s/tests/ui/recorded.txt", top);
	recorded = recorded_load(path);
	names = ft_names_new(hosts, services);
	return 0;
}

static int close_screen(void **state)
{
	(void)state;
	endwin();
	recorded_free(recorded);
	ft_names_free(names);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_writing), cmocka_unit_test(test_moment),
		cmocka_unit_test(test_no_owners), cmocka_unit_test(test_interval),
		cmocka_unit_test(test_hints),	 cmocka_unit_test(test_group_titles),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_empty),	 cmocka_unit_test(test_notes),
		cmocka_unit_test(test_attributes), cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_ascii),	 cmocka_unit_test(test_map),
		cmocka_unit_test(test_difference),
		cmocka_unit_test(test_random_keys),
#if ENABLE_NLS
		cmocka_unit_test(test_german),
#endif
	};

	return cmocka_run_group_tests(tests, open_screen, close_screen);
}
