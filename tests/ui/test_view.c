/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view's step: keys in, state out, in one table; and what needs more than one snapshot:
 * the selection that follows its row, pause, pins, details of a flow that goes away.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "options.h"
#include "tests/core/feed.h"
#include "tests/ui/keys.h"
#include "ui/view.h"

#define PAGE 5
#define FLOWS 12

/* A view with its rows, as ui.c keeps them. */
struct desk {
	struct ft_view view;
	struct ft_listing listing[FT_LIST_MAX];
	struct ft_map map;
	struct feed feed;
	struct ft_table *table;
	struct ft_owners *owners;
	const struct ft_snapshot *snapshot;
	unsigned effects; /* of the last keys */
	bool unseen;
};

static struct ft_stage stage_of(struct desk *desk)
{
	bool list = ft_pane_is_list(ft_view_front(&desk->view)->pane);
	struct ft_stage stage = {
		.snapshot = desk->snapshot,
		.listing = list ? &desk->listing[ft_view_list(&desk->view)] : NULL,
		.map = &desk->map,
		.page = PAGE,
		.lines = 40,
		.columns_right = 3,
		.unseen = desk->unseen,
	};

	return stage;
}

/* Fills the list in front. */
static void fill(struct desk *desk)
{
	struct ft_query query;
	struct ft_stage stage;

	ft_view_query(&desk->view, &query);
	ft_listing_fill(&desk->listing[query.list], desk->snapshot, &query,
			&desk->view.pins[query.list], PAGE);
	stage = stage_of(desk);
	ft_view_settle(&desk->view, &stage);
	ft_view_fit(&desk->view, &stage);
}

/* The next second: flow i (1 ..) sends bytes[i - 1]; port 1000 + i to 80, the odd ones udp. */
static void second(struct desk *desk, const uint32_t *bytes, unsigned count)
{
	const struct ft_snapshot *old = desk->snapshot;

	desk->feed.now_ns += FEED_SECOND;
	for (unsigned i = 1; i <= count; i++) {
		struct ft_flow_key key = feed_key(1, (uint16_t)(1000 + i), 2 + i / 4, 80,
						  i % 2 ? 17 : 6);

		if (bytes[i - 1])
			feed_add(&desk->feed, 0, &key, bytes[i - 1], 0);
	}
	feed_apply(&desk->feed, desk->table);
	desk->snapshot = feed_snapshot(&desk->feed, desk->table, FEED_SECOND, false);
	ft_view_took(&desk->view, desk->snapshot);
	fill(desk);
	ft_snapshot_put(old);
}

static void open_desk(struct desk *desk, const struct ft_options *options)
{
	struct ft_table_config config;
	uint32_t bytes[FLOWS];

	memset(desk, 0, sizeof(*desk));
	feed_init(&desk->feed);
	ft_table_config_init(&config);
	desk->owners = ft_owners_new();
	desk->table = ft_table_new(&config, desk->owners);
	ft_view_init(&desk->view, options, NULL);
	for (unsigned i = 0; i < FT_LIST_MAX; i++)
		ft_listing_init(&desk->listing[i]);
	for (unsigned i = 0; i < FLOWS; i++)
		bytes[i] = 1200 - 100 * i;
	second(desk, bytes, FLOWS);
}

static void close_desk(struct desk *desk)
{
	for (unsigned i = 0; i < FT_LIST_MAX; i++)
		ft_listing_done(&desk->listing[i]);
	ft_snapshot_put(desk->snapshot);
	ft_view_done(&desk->view);
	ft_table_free(desk->table);
	ft_owners_free(desk->owners);
	feed_done(&desk->feed);
}

static const struct ft_options defaults = {
	.interval_ns = FEED_SECOND,
	.sort_ascending = -1,
};

/* One event, and what ui.c does about it. */
static void give(void *arg, const struct ft_event *event)
{
	struct desk *desk = arg;
	struct ft_stage stage = stage_of(desk);
	unsigned effects = ft_view_step(&desk->view, event, &stage);

	desk->effects |= effects;
	if (effects & FT_FX_FILL)
		fill(desk);
}

static void press(struct desk *desk, const char *keys)
{
	desk->effects = 0;
	keys_each(keys, give, desk);
}

/* The local port of the selected flow - 1000: which one of the desk's flows it is. */
static unsigned selected_flow(struct desk *desk)
{
	struct ft_frame *front = ft_view_front(&desk->view);
	struct ft_listing *listing = &desk->listing[FT_LIST_FLOWS];
	struct ft_row row;

	if (front->pane != FT_PANE_FLOWS || front->index >= ft_listing_count(listing))
		return 0;
	row = ft_listing_at(listing, front->index);
	return ntohs(row.flow->flow->key.port_a_be) - 1000U;
}

/* The whole state in words. */
static void describe(struct desk *desk, char *text, size_t size)
{
	static const char *const panes[] = { "flows", "talkers", "processes", "sockets", "events", "details",
					     "interfaces", "health", "help" };
	static const char *const units[] = { "bits", "bytes", "packets" };
	static const char *const amounts[] = { "both", "rates", "totals" };
	static const char *const prompts[] = { "none", "filter", "find", "interval", "jump" };
	struct ft_view *view = &desk->view;
	struct ft_frame *front = ft_view_front(view);
	enum ft_list list = ft_view_list(view);
	unsigned shown = ft_filter_shown(view->filter);
	size_t rows = ft_listing_count(&desk->listing[list]);

	snprintf(text, size,
		 " pane:%s depth:%u line:%zu top:%zu flow:%u rows:%zu skip:%u sort:%s%c "
		 "shown:%s%s%s%s%s%s filter:[%s] find:[%s] prompt:%s menu:%d unit:%s amounts:%s "
		 "window:%u group:%s closed:%s hosts:%s services:%s ports:%s command:%s "
		 "order:%s %s interval:%llu base:%s mark:%s fx:%s%s%s%s%s%s%s%s%s%s wish:%d,%lld message:%s ",
		 panes[front->pane], view->depth, front->index, front->top, selected_flow(desk),
		 rows, front->skip, view->sort[list].column->id,
		 view->sort[list].ascending ? '+' : '-', shown & FT_SHOW_TCP ? "T" : "",
		 shown & FT_SHOW_UDP ? "U" : "", shown & FT_SHOW_ICMP ? "I" : "",
		 shown & FT_SHOW_OTHER ? "O" : "", shown & FT_SHOW_V4 ? "4" : "",
		 shown & FT_SHOW_V6 ? "6" : "", view->filter_text, view->find_text,
		 prompts[view->prompt.kind], view->menu.kind, units[view->show.unit],
		 amounts[view->show.amounts], view->show.window, ft_group_by_name(view->group_by),
		 view->hide_closed ? "no" : "yes",
		 view->show.numeric_hosts ? "no" : view->resolve ? "dns" : "yes",
		 view->show.numeric_ports ? "no" : "yes", view->show.hide_ports ? "no" : "yes",
		 view->show.full_command ? "full" : "short", view->frozen ? "kept" : "free",
		 view->paused ? "paused" : "live",
		 (unsigned long long)view->interval_ns / 1000000U, view->baseline ? "now" : "start",
		 view->mark ? "yes" : "no",
		 desk->effects & FT_FX_QUIT ? "Q" : "", desk->effects & FT_FX_WRITE ? "W" : "",
		 desk->effects & FT_FX_COPY ? "C" : "", desk->effects & FT_FX_INTERVAL ? "I" : "",
		 desk->effects & FT_FX_SUSPEND ? "S" : "", desk->effects & FT_FX_REDRAW ? "R" : "",
		 desk->effects & FT_FX_TAKE ? "T" : "", desk->effects & FT_FX_PAST ? "P" : "",
		 desk->effects & FT_FX_MARK ? "M" : "",
		 desk->effects & FT_FX_PACKETS ? "X" : "",
		 (int)view->wish.kind, (long long)view->wish.amount, view->message[0] ? "yes" : "no");
}

/* All words of `wanted` must be in the state. */
static void expect(struct desk *desk, const char *what, const char *wanted)
{
	char state[2048], word[128];

	describe(desk, state, sizeof(state));
	while (*wanted) {
		size_t length = strcspn(wanted, " ");

		snprintf(word, sizeof(word), " %.*s ", (int)length, wanted);
		if (!strstr(state, word))
			fail_msg("%s: no%sin%s", what, word, state);
		wanted += length;
		wanted += strspn(wanted, " ");
	}
}

/* Twelve flows, flow 1 the busiest, flow 12 the least; six tcp, six udp; page of five lines. */
static const struct {
	const char *keys, *state;
} cases[] = {
	{ "", "pane:flows depth:0 line:0 flow:1 rows:12 sort:rate- shown:TUIO46 unit:bits live" },
	/* moving */
	{ "Down Down", "line:2 top:0 flow:3" },
	{ "j j k", "line:1 flow:2" },
	{ "Up", "line:0 flow:1" },
	{ "Down Down Down Down Down", "line:5 top:1 flow:6" },
	{ "End", "line:11 top:7 flow:12" },
	{ "G Down", "line:11 flow:12" },
	{ "G g", "line:0 top:0 flow:1" },
	{ "End Home", "line:0 top:0" },
	{ "PgDn", "line:4 flow:5" },
	{ "PgDn PgDn PgUp", "line:4 top:4" },
	{ "C-f C-b", "line:0" },
	{ "C-d", "line:2" },
	{ "C-d C-u", "line:0" },
	{ "Right Right Left", "skip:1" },
	{ "Right Right Right Right Right", "skip:3" },
	/* panes */
	{ "2", "pane:talkers depth:0" },
	{ "3", "pane:processes" },
	{ "Tab", "pane:talkers" },
	{ "Tab Tab Tab Tab Tab", "pane:flows" },
	{ "S-Tab S-Tab", "pane:sockets rows:0 sort:process+" },
	{ "4 Enter", "pane:sockets depth:0" },
	{ "Down 2 1", "pane:flows line:1 flow:2" },
	/* events: six datagrams; the end is followed until a row is chosen */
	{ "5", "pane:events depth:0 rows:6 line:5 top:1 sort:time+" },
	{ "5 Up", "line:4 top:1" },
	{ "5 Up Down", "line:5 top:1" },
	{ "5 Home", "line:0 top:0" },
	{ "5 Home End", "line:5 top:1" },
	{ "5 > <", "line:5 sort:time+" },
	{ "5 R", "line:0 top:0 sort:time-" },
	{ "5 T", "rows:0" },
	{ "5 Enter", "pane:details depth:1" },
	{ "5 Home Enter Esc", "pane:events depth:0 line:0" },
	/* drilling down and back to the same row */
	{ "2 Down Enter", "pane:flows depth:1" },
	{ "2 Down Enter Esc", "pane:talkers depth:0 line:1" },
	{ "2 Down Enter Bs", "pane:talkers line:1" },
	{ "2 Down Enter q", "pane:talkers line:1 fx:" },
	{ "2 Down Enter Down Enter", "pane:details depth:2" },
	{ "2 Down Enter Down Enter Esc", "pane:flows depth:1 line:1" },
	{ "Down Enter", "pane:details depth:1" },
	{ "Enter Enter", "pane:details depth:1" },
	{ "Enter 2", "pane:talkers depth:0" },
	{ "Esc", "pane:flows depth:0 fx:" },
	/* what lies in front */
	{ "h", "pane:help depth:1" },
	{ "? ?", "pane:flows depth:0" },
	{ "F1 Esc", "pane:flows" },
	{ "h q", "pane:flows fx:" },
	{ "i", "pane:interfaces" },
	{ "i h", "pane:help depth:2" },
	{ "h Down Down", "pane:help top:2" },
	{ "h End", "top:35" },
	{ "h End Home", "top:0" },
	{ "h i h", "pane:help depth:1" },
	{ "h i h i h i", "pane:interfaces depth:2" },
	/* order */
	{ ">", "sort:pps-" },
	{ "<", "sort:rx-" },
	{ "R", "sort:rate+ line:0 flow:12" },
	{ "Down R", "sort:rate+ line:10 flow:2" },
	{ "s", "sort:tx-" },
	{ "r", "sort:rx-" },
	{ "m m s", "amounts:totals sort:tx_total-" },
	{ "o", "order:kept" },
	{ "o o", "order:free" },
	{ "o R", "order:free sort:rate+" },
	{ "F6", "menu:1" },
	{ "F6 Esc", "menu:0 sort:rate-" },
	{ "F6 Home Enter", "menu:0 sort:local+" },
	{ "F6 q", "menu:0 fx:" },
	/* actions: the row stays chosen, whatever comes first later */
	{ "x", "menu:3 pane:flows flow:1" },
	{ "x Esc", "menu:0 fx:" },
	{ "x Enter", "menu:0 fx:X" },
	{ "x x", "menu:0 fx:X" },
	{ "x Down Enter", "menu:0 pane:details depth:1" },
	{ "Down x End Enter", "menu:0 fx:C pane:flows line:1" },
	{ "Enter x x", "menu:0 fx:X pane:details" },
	{ "Enter x Down Enter", "menu:0 fx:C pane:details depth:1" },
	{ "2 x", "menu:0 message:yes fx:" },
	{ "h x", "menu:0 message:yes fx:" },
	/* grouping */
	{ "a", "menu:2 pane:flows" },
	{ "a Down Enter", "menu:0 pane:talkers group:network" },
	{ "F5 F5 Enter", "group:network pane:talkers" },
	{ "a End Enter", "group:process" },
	/* filters */
	{ "T", "shown:T46 rows:6" },
	{ "T U", "shown:TU46 rows:12" },
	{ "T T", "shown:TUIO46 rows:12" },
	{ "T U T", "shown:U46 rows:6" },
	{ "I", "shown:I46 rows:0" },
	{ "O", "shown:O46" },
	{ "T A", "shown:TUIO46" },
	{ "V", "shown:TUIO4 rows:12" },
	{ "V V", "shown:TUIO6 rows:0" },
	{ "V V V", "shown:TUIO46" },
	{ "/ 'tcp'", "prompt:filter filter:[tcp] rows:6" },
	{ "/ 'tcp' Enter", "prompt:none filter:[tcp] rows:6" },
	{ "/ 'tcp' Esc", "prompt:none filter:[] rows:12" },
	{ "/ 'tcp' C-c", "prompt:none filter:[] rows:12 fx:" },
	{ "/ 'tcp' Enter / 'x' Esc", "filter:[tcp] rows:6" },
	{ "F4 'udp' Enter", "filter:[udp]" },
	{ "/ 'tcp and' Enter", "prompt:filter rows:6" },
	{ "/ 'udpx' Bs Enter", "filter:[udp] rows:6" },
	{ "/ 'tcp udp' C-w Enter", "rows:6" },
	{ "/ 'tcp' C-a Del Del Del 'udp' Enter", "filter:[udp]" },
	{ "/ 'tcp' Left Left C-k Enter", "filter:[t]" },
	{ "/ 'tcp' C-u Enter", "filter:[] rows:12" },
	{ "T / 'udp' Enter", "shown:T46 rows:0" },
	{ "T / 'tcp' Enter =", "shown:TUIO46 filter:[] rows:12" },
	{ "c", "closed:no" },
	/* the difference: begun, ended, and no effect on where one is */
	{ "", "mark:no" },
	{ "B", "mark:yes fx:M message:yes line:0 flow:1" },
	{ "B B", "mark:no fx:M message:yes" },
	{ "Down Down B", "mark:yes line:2 flow:3" },
	{ "Enter B", "mark:yes pane:details depth:1" },
	{ "h B", "mark:yes pane:help" },
	/* finding hides nothing */
	{ "J 'port", "prompt:find" },
	{ "J 'port 1005'", "line:4 flow:5 rows:12" },
	{ "J 'port 1005' Enter", "prompt:none line:4 flow:5" },
	{ "J 'udp' Enter", "line:0 flow:1" },
	{ "J 'udp' Enter J", "line:2 flow:3 prompt:none" },
	{ "J 'udp' Enter J J F3", "line:6 flow:7" },
	{ "J 'udp' F3", "line:2 flow:3 prompt:find" },
	{ "End J 'udp' Enter", "line:0 flow:1" },
	{ "J 'port 9' Enter", "line:0 message:no" },
	{ "J 'port 9'", "line:0 message:yes" },
	{ "J 'udp' Esc", "find:[] prompt:none" },
	{ "J 'udp' Enter Esc J", "prompt:find" },
	{ "2 J '10.0.0.3' Enter", "pane:talkers find:[10.0.0.3]" },
	/* what is shown */
	{ "n", "hosts:dns" },
	{ "n n", "hosts:no" },
	{ "n n n", "hosts:yes" },
	{ "N", "services:no" },
	{ "p", "ports:no" },
	{ "l", "command:full" },
	{ "b", "unit:bytes" },
	{ "b b", "unit:packets" },
	{ "b b b", "unit:bits" },
	{ "m", "amounts:rates" },
	{ "t", "window:1" },
	{ "t t t", "window:0" },
	{ "z", "base:now" },
	{ "z z", "base:start" },
	/* doing */
	{ "Space", "paused" },
	{ "P Z", "live fx:T" },
	{ "+", "interval:2000 fx:I" },
	{ "- -", "interval:200 fx:I" },
	{ "- - - - - -", "interval:100" },
	{ "d '0.25' Enter", "interval:250 prompt:none fx:I" },
	{ "d '0.01' Enter", "interval:1000 prompt:interval fx:" },
	{ "d 'x' Enter Esc", "interval:1000 prompt:none" },
	{ "d Enter", "interval:1000 prompt:none fx:" },
	{ "w", "fx:W" },
	{ "y", "fx:C" },
	{ "C-l", "fx:R" },
	{ "C-z", "fx:S" },
	{ "q", "fx:Q" },
	{ "F10", "fx:Q" },
	{ "h Q", "fx:Q" },
	{ "C-c", "fx:Q" },
	{ "/ Q", "fx: filter:[Q]" },
	/* the past */
	{ ",", "fx:P wish:0,-1 live" },
	{ "[", "fx:P wish:0,-1" },
	{ ".", "fx:P wish:0,1" },
	{ "]", "fx:P wish:0,1" },
	{ ";", "fx:P wish:1,-60000000000" },
	{ "{", "fx:P wish:1,-60000000000" },
	{ "}", "fx:P wish:1,60000000000" },
	{ "0", "fx:P wish:3,0" },
	{ ": '-5m'", "fx: prompt:jump" },
	{ ": '-5m' Enter", "fx:P wish:1,-300000000000 prompt:none" },
	{ ": 'never' Enter", "fx: prompt:jump" },
	{ ": Enter", "fx: prompt:none" },
	{ ": '-5m' Esc", "fx: prompt:none" },
	/* what means nothing */
	{ "K W S x f e E 9 H M", "pane:flows depth:0 line:0 sort:rate- fx: prompt:none" },
};

static void test_keys(void **state)
{
	struct desk desk;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_desk(&desk, &defaults);
		press(&desk, cases[i].keys);
		expect(&desk, cases[i].keys, cases[i].state);
		close_desk(&desk);
	}
}

/* Chosen rows are followed; the top is a place. */
static void test_follow(void **state)
{
	static const uint32_t later[FLOWS] = { 10, 20, 9000, 30, 0, 40, 50, 60, 70, 80, 90, 100 };
	struct desk desk;

	(void)state;
	open_desk(&desk, &defaults);
	press(&desk, "Down");
	expect(&desk, "before", "line:1 flow:2");
	second(&desk, later, FLOWS);
	expect(&desk, "after", "flow:2");
	press(&desk, "g");
	expect(&desk, "top", "line:0 top:0 flow:3");
	second(&desk, (const uint32_t[]){ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 90000 }, FLOWS);
	expect(&desk, "top again", "line:0 top:0 flow:12");
	close_desk(&desk);
}

/* A frozen order stays through snapshots and lets go. */
static void test_frozen(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk, &defaults);
	press(&desk, "o");
	second(&desk, (const uint32_t[]){ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 90000 }, FLOWS);
	expect(&desk, "kept", "line:0 flow:1");
	press(&desk, "o");
	expect(&desk, "let go", "line:0 flow:12");
	close_desk(&desk);
}

/* A pinned row is the first line, and leaves its place. */
static void test_pins(void **state)
{
	struct desk desk;
	uint64_t id;

	(void)state;
	open_desk(&desk, &defaults);
	press(&desk, "Down Down F");
	expect(&desk, "pinned", "line:0 flow:3 rows:12");
	id = ft_view_front(&desk.view)->selected;
	press(&desk, "Down");
	expect(&desk, "below", "line:1 flow:1");
	press(&desk, "Down Down");
	expect(&desk, "its place is closed", "line:3 flow:4");
	assert_int_equal(ft_listing_find(&desk.listing[0], id), 0);
	press(&desk, "R");
	assert_int_equal(ft_listing_find(&desk.listing[0], id), 0);
	press(&desk, "R g F");
	expect(&desk, "unpinned", "line:0 flow:1");
	for (int i = 0; i < FT_PINS_MAX + 1; i++)
		press(&desk, "End F");
	assert_int_equal(desk.view.pins[0].count, FT_PINS_MAX);
	expect(&desk, "full", "message:yes");
	/* every row is there exactly once */
	for (size_t i = 0; i < FLOWS; i++)
		assert_int_equal(ft_listing_find(&desk.listing[0],
						 ft_listing_id(&desk.listing[0], i)), i);
	close_desk(&desk);
}

/* The row under the selection goes away: its line is taken over, not lost. */
static void test_gone(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk, &defaults);
	press(&desk, "Down Down");
	press(&desk, "/ 'not port 1003' Enter");
	expect(&desk, "gone", "line:2 flow:4 rows:11");
	press(&desk, "=");
	expect(&desk, "followed from there", "flow:4");
	press(&desk, "End / 'port 1001' Enter");
	expect(&desk, "one left", "line:0 flow:1 rows:1");
	close_desk(&desk);
}

/* Space holds what goes on: not a moment of the past, nor of a recording, unless they play. */
static void test_pause(void **state)
{
	static const struct {
		bool past, recording, plays;
		const char *once, *twice; /* Space */
		bool held;                /* once */
	} pauses[] = {
		{ false, false, false, "paused fx: message:no", "live fx:T message:no", false },
		{ true, false, false, "live fx: message:yes", "live fx: message:yes", false },
		{ false, true, false, "live fx: message:yes", "live fx: message:yes", false },
		{ false, true, true, "live fx: message:no", "live fx: message:no", true },
		/* a capture file */
		{ false, false, true, "paused fx: message:no", "live fx:T message:no", false },
		{ true, false, true, "paused fx: message:no", "live fx:T message:no", false },
	};
	struct desk desk;

	(void)state;
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		char what[32];

		snprintf(what, sizeof(what), "pauses[%zu]", i);
		open_desk(&desk, &defaults);
		desk.view.past = pauses[i].past;
		desk.view.recording = pauses[i].recording;
		desk.view.plays = pauses[i].plays;
		press(&desk, "Space");
		expect(&desk, what, pauses[i].once);
		assert_int_equal(desk.view.held, pauses[i].held);
		press(&desk, "Space");
		expect(&desk, what, pauses[i].twice);
		assert_false(desk.view.held);
		close_desk(&desk);
	}
}

/* The intervals of a recording are what they are, and that is said. */
static void test_recorded_intervals(void **state)
{
	static const char *const keys[] = { "+", "-", "d" };
	struct desk desk;

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		open_desk(&desk, &defaults);
		desk.view.recording = true;
		press(&desk, keys[i]);
		expect(&desk, keys[i], "interval:1000 prompt:none fx: message:yes");
		close_desk(&desk);
	}
}

/* Where there is no row, key x does not speak of one. */
static void test_no_row(void **state)
{
	static const struct {
		const char *keys;
		bool row;
	} panes[] = { { "2 x", true }, { "h x", false }, { "6 x", false }, { "i x", false } };
	struct desk desk;

	(void)state;
	for (size_t i = 0; i < sizeof(panes) / sizeof(panes[0]); i++) {
		open_desk(&desk, &defaults);
		press(&desk, panes[i].keys);
		expect(&desk, panes[i].keys, "menu:0 fx: message:yes");
		assert_int_equal(strstr(desk.view.message, "this row") != NULL, panes[i].row);
		close_desk(&desk);
	}
}

/* --readonly refuses what acts, and says so. */
static void test_readonly(void **state)
{
	struct ft_options options = defaults;
	struct desk desk;

	(void)state;
	options.readonly = true;
	open_desk(&desk, &options);
	press(&desk, "w");
	expect(&desk, "w", "fx: message:yes");
	press(&desk, "x");
	expect(&desk, "x", "menu:0 fx: message:yes");
	close_desk(&desk);
}

/* In a window too small to show anything keys do nothing but end, suspend and redraw. */
static void test_unseen(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk, &defaults);
	desk.unseen = true;
	press(&desk, "x Enter w y F d '5' Enter / 'tcp' Enter 3 h Space B F6 Enter");
	expect(&desk, "unseen", "depth:0 menu:0 filter:[] order:free live mark:no fx: message:no");
	assert_int_equal(desk.effects, 0);
	press(&desk, "C-z");
	assert_int_equal(desk.effects, FT_FX_SUSPEND);
	press(&desk, "q");
	assert_int_equal(desk.effects, FT_FX_QUIT);
	/* Q ends it where a prompt was open, too. */
	desk.unseen = false;
	press(&desk, "/ 'tcp");
	desk.unseen = true;
	press(&desk, "Q");
	assert_int_equal(desk.effects, FT_FX_QUIT);
	close_desk(&desk);
}

/* -s and --pane, and a filter from the command line. */
static void test_options(void **state)
{
	char sort[] = "total", filter[] = "udp";
	struct ft_options options = defaults;
	struct desk desk;

	(void)state;
	options.sort = sort;
	options.sort_ascending = 1;
	options.filter = filter;
	options.first_list = FT_LIST_TALKERS;
	open_desk(&desk, &options);
	expect(&desk, "talkers", "pane:talkers sort:total+ filter:[udp]");
	press(&desk, "1");
	expect(&desk, "flows", "sort:total+ rows:6");
	close_desk(&desk);
}

/* Clicks: rows, titles, panes; twice opens; the wheel scrolls. */
static void test_mouse(void **state)
{
	struct ft_event event = { .key = FT_KEY_CLICK, .x = 3, .y = 12, .when_ns = FEED_SECOND };
	struct desk desk;

	(void)state;
	open_desk(&desk, &defaults);
	desk.map.count = 3;
	desk.map.spot[0] = (struct ft_spot){ FT_SPOT_ROWS, 10, 0, PAGE, 80, 0 };
	desk.map.spot[1] = (struct ft_spot){ FT_SPOT_PANE, 3, 10, 1, 8, FT_LIST_TALKERS };
	desk.map.spot[2] = (struct ft_spot){ FT_SPOT_COLUMN, 4, 20, 1, 5,
					     (size_t)(ft_column_find("tx") - ft_columns) };
	give(&desk, &event);
	expect(&desk, "row", "line:2 flow:3 depth:0");
	event.when_ns += 2 * FEED_SECOND;
	give(&desk, &event);
	expect(&desk, "slowly again", "pane:flows depth:0");
	event.when_ns += FEED_SECOND / 5;
	give(&desk, &event);
	expect(&desk, "twice", "pane:details depth:1");
	press(&desk, "Esc");
	event = (struct ft_event){ .key = FT_KEY_CLICK, .x = 24, .y = 4 };
	give(&desk, &event);
	expect(&desk, "title", "sort:tx-");
	give(&desk, &event);
	expect(&desk, "title again", "sort:tx+");
	event.key = FT_KEY_WHEEL_DOWN;
	press(&desk, "R g");
	give(&desk, &event);
	expect(&desk, "wheel", "top:3 line:3");
	event.key = FT_KEY_WHEEL_UP;
	give(&desk, &event);
	expect(&desk, "wheel back", "top:0 line:3");
	event = (struct ft_event){ .key = FT_KEY_CLICK, .x = 17, .y = 3 };
	give(&desk, &event);
	expect(&desk, "pane", "pane:talkers");
	event = (struct ft_event){ .key = FT_KEY_CLICK, .x = 79, .y = 23 };
	give(&desk, &event);
	expect(&desk, "nothing", "pane:talkers");
	/* In a menu the footer's hints are its own, and what lies below is out of reach. */
	desk.map.count = 4;
	desk.map.spot[3] = (struct ft_spot){ FT_SPOT_ACTION, 22, 0, 1, 12, FT_ACTION_ENTER };
	press(&desk, "1 F6 Home");
	event = (struct ft_event){ .key = FT_KEY_CLICK, .x = 2, .y = 22 };
	give(&desk, &event);
	expect(&desk, "choose", "menu:0 sort:local+");
	press(&desk, "F6 End");
	event = (struct ft_event){ .key = FT_KEY_CLICK, .x = 17, .y = 3 };
	give(&desk, &event);
	expect(&desk, "beside the menu", "menu:0 sort:local+ pane:flows");
	close_desk(&desk);
}

/* A paste is text in a prompt and nothing elsewhere. */
static void test_momentse(void **state)
{
	struct ft_event event = { .pasted = true };
	struct desk desk;

	(void)state;
	open_desk(&desk, &defaults);
	for (const char *c = "qQ2h\r"; *c; c++) {
		event.key = (uint8_t)*c;
		give(&desk, &event);
	}
	expect(&desk, "outside", "pane:flows depth:0 fx:");
	press(&desk, "/");
	for (const char *c = "tcp\rport 80"; *c; c++) {
		event.key = (uint8_t)*c;
		give(&desk, &event);
	}
	assert_string_equal(desk.view.filter_text, "tcp port 80");
	expect(&desk, "inside", "prompt:filter rows:6");
	close_desk(&desk);
}

/* A text longer than the prompt is cut, never beyond its end. */
static void test_long_prompt(void **state)
{
	struct ft_event event = { .key = 0x20ac };
	struct desk desk;

	(void)state;
	open_desk(&desk, &defaults);
	press(&desk, "/");
	for (int i = 0; i < 2 * FT_PROMPT_MAX; i++)
		give(&desk, &event);
	assert_in_range(desk.view.prompt.length, FT_PROMPT_MAX - 4, FT_PROMPT_MAX - 1);
	assert_int_equal(desk.view.prompt.length % 3, 0);
	press(&desk, "Left Left Bs Del C-a Del C-u C-k");
	assert_int_equal(strlen(desk.view.prompt.text), desk.view.prompt.length);
	close_desk(&desk);
}

/* No key means two things, each action is bound, and every name is distinct. */
static void test_keymap(void **state)
{
	char a[FT_KEY_NAME_MAX], b[FT_KEY_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < ft_binding_count; i++)
		for (unsigned k = 0; k < FT_BINDING_KEYS && ft_bindings[i].keys[k]; k++)
			for (size_t n = 0; n < ft_binding_count; n++)
				for (unsigned m = 0; m < FT_BINDING_KEYS; m++) {
					uint32_t key = ft_bindings[n].keys[m];

					if (!key || (n == i && m == k))
						continue;
					ft_key_name(ft_bindings[i].keys[k], a);
					assert_string_not_equal(a, ft_key_name(key, b));
				}
	for (unsigned action = 1; action < FT_ACTION_MAX; action++)
		assert_non_null(ft_binding_of((enum ft_action)action));
}

/* From details to the other places where the conversation is seen, round and round, and back. */
static void test_places(void **state)
{
	struct ft_flow_key key = feed_key(1, 1001, 2, 80, 17);
	const struct ft_snapshot *old;
	struct desk desk;
	uint64_t first, id;

	(void)state;
	open_desk(&desk, &defaults);
	old = desk.snapshot;
	for (uint16_t scope = 0; scope < 3; scope++) {
		key.scope = scope;
		feed_add(&desk.feed, 0, &key, scope ? 1 : 5000, 0);
	}
	feed_apply(&desk.feed, desk.table);
	desk.snapshot = feed_snapshot(&desk.feed, desk.table, FEED_SECOND, false);
	fill(&desk);
	ft_snapshot_put(old);
	press(&desk, "Home Enter");
	first = ft_view_front(&desk.view)->subject;
	assert_int_equal(ft_view_front(&desk.view)->pane, FT_PANE_DETAILS);
	press(&desk, "Enter");
	assert_int_equal(desk.view.depth, 2);
	id = ft_view_front(&desk.view)->subject;
	assert_int_not_equal(id, first);
	press(&desk, "Enter");
	assert_int_equal(desk.view.depth, 3);
	assert_int_not_equal(ft_view_front(&desk.view)->subject, first);
	assert_int_not_equal(ft_view_front(&desk.view)->subject, id);
	/* Once round: these details were there already. */
	press(&desk, "Enter");
	assert_int_equal(desk.view.depth, 1);
	assert_int_equal(ft_view_front(&desk.view)->subject, first);
	press(&desk, "Enter Esc Esc");
	assert_int_equal(desk.view.depth, 0);
	/* One that is seen in one place only stays in front. */
	press(&desk, "Down Enter Enter");
	assert_int_equal(desk.view.depth, 1);
	close_desk(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),	    cmocka_unit_test(test_follow),
		cmocka_unit_test(test_frozen),	    cmocka_unit_test(test_pins),
		cmocka_unit_test(test_gone),	    cmocka_unit_test(test_pause),
		cmocka_unit_test(test_recorded_intervals), cmocka_unit_test(test_no_row),
		cmocka_unit_test(test_readonly),    cmocka_unit_test(test_unseen),
		cmocka_unit_test(test_options),	    cmocka_unit_test(test_mouse),
		cmocka_unit_test(test_momentse),	    cmocka_unit_test(test_long_prompt),
		cmocka_unit_test(test_keymap),     cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
