/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header's lines: what is watched and how; rates with graphs; the line that adds up; the
 * note; and the line of panes with what the filter hides. Numbers have fixed places so that
 * nothing trembles from one second to the next.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/difference.h"
#include "core/nls.h"
#include "ui/screen.h"

#define RATE_CELLS 6
#define GRAPH_MAX 40

/* "br0, veth1" or "br0 +3": the scopes' names in at most `width` cells. */
static void scope_names(const struct ft_snapshot *snapshot, bool ascii, unsigned width, char *text,
			size_t size)
{
	char raw[256], name[4 * sizeof(raw)];
	size_t used = 0, first = 0, named = 0;

	text[0] = '\0';
	for (size_t i = 0; i < snapshot->scope_count; i++) {
		const struct ft_snapshot_scope *scope = &snapshot->scopes[i];
		const char *whose = ft_snapshot_observer(snapshot, scope->scope);

		if (*whose && !scope->name[0])
			continue; /* of its events, which no interface told */
		if (named++ && used >= size)
			continue;
		snprintf(raw, sizeof(raw), "%.200s%s%.*s", whose, *whose ? ":" : "", IFNAMSIZ,
			 scope->name);
		ft_fmt_escape(raw, strlen(raw), ascii, name, sizeof(name));
		used += (size_t)snprintf(text + used, size - used, "%s%s", named > 1 ? ", " : "",
					 name);
		if (named == 1)
			first = used < size ? used : size - 1;
	}
	if (named > 1 && (used >= size || ft_fmt_width(text) > width))
		snprintf(text + first, size - first, " +%zu", named - 1);
}

/* "12:34:56", this machine's time of the moment on the screen. */
static void clock_text(uint64_t realtime_ns, char text[16])
{
	time_t seconds = (time_t)(realtime_ns / 1000000000U);
	struct tm tm;

	text[0] = '\0';
	if (realtime_ns && localtime_r(&seconds, &tm))
		strftime(text, 16, "%H:%M:%S", &tm);
}

/* How far before the newest moment this is; of a recording where in it. */
static void past_text(const struct ft_view *view, const struct ft_snapshot *snapshot, char *text,
		      size_t size)
{
	char ago[16];

	if (view->recording)
		snprintf(text, size, " %s %" PRIu64 "/%zu ",
			 !view->plays ? _("RECORDING") : view->held ? _("PAUSED") : _("PLAYING"),
			 snapshot->generation, view->span.count);
	else
		snprintf(text, size, " %s -%s ", _("PAST"),
			 ft_fmt_age(view->span.to_ns > snapshot->end_ns ?
					    view->span.to_ns - snapshot->end_ns : 0,
				    8, ago, sizeof(ago)));
}

/* The span of a recording, with its day if that isn't all of it. */
static void span_text(const struct ft_view *view, char *text, size_t size)
{
	char from[16], to[16], day[32] = "";
	time_t seconds = (time_t)(view->span.from_ns / 1000000000U);
	struct tm tm;

	clock_text(view->span.from_ns, from);
	clock_text(view->span.to_ns, to);
	if (localtime_r(&seconds, &tm))
		strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	snprintf(text, size, "%s %s - %s", day, from, to);
}

/* How long an interval is: of what is read back, the moment's own, in two digits or to a hundredth
 * of a second; else what was asked for. */
static void interval_text(const struct ft_view *view, const struct ft_snapshot *snapshot,
			  char *text, size_t size)
{
	double seconds = (double)view->interval_ns / 1e9;

	if (!view->recording || !snapshot || snapshot->interval_ns == 0) {
		snprintf(text, size, "%gs", seconds);
		return;
	}
	seconds = (double)snapshot->interval_ns / 1e9;
	if (seconds < 1)
		snprintf(text, size, "%.2gs", seconds);
	else
		snprintf(text, size, "%gs", (double)(uint64_t)(seconds * 100 + 0.5) / 100);
}

/* What a difference is against: with its day if that is another than the moment's; "" if the
 * snapshot is none. */
static void since_text(const struct ft_snapshot *snapshot, int width, char *text, size_t size)
{
	uint64_t since = snapshot ? ft_difference_since(snapshot) : 0;
	time_t then = (time_t)(since / 1000000000U), now;
	struct tm tm, today;
	char clock[32];

	text[0] = '\0';
	if (!since)
		return;
	clock_text(since, clock);
	now = (time_t)(snapshot->end_ns / 1000000000U);
	if (width >= 60 && localtime_r(&then, &tm) && localtime_r(&now, &today) &&
	    (tm.tm_yday != today.tm_yday || tm.tm_year != today.tm_year))
		strftime(clock, sizeof(clock), "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(text, size, width >= 60 ? _(" difference since %s ") : _(" diff %s "), clock);
}

/* The right end of the first line; returns where it begins. */
static int render_state(struct ft_scene *scene)
{
	const struct ft_snapshot *snapshot = scene->snapshot;
	char badge[64] = "", clock[16], interval[32], since[96];
	struct ft_pen pen;
	int width, x;

	clock_text(snapshot ? snapshot->end_ns : 0, clock);
	if (snapshot && snapshot->difference && !scene->view->mark)
		badge[0] = '\0'; /* of two files: there is no other moment */
	else if (snapshot && (scene->view->past || scene->view->recording))
		past_text(scene->view, snapshot, badge, sizeof(badge));
	else if (scene->view->paused)
		snprintf(badge, sizeof(badge), " %s ", _("PAUSED"));
	else if (snapshot && snapshot->paused_watch)
		snprintf(badge, sizeof(badge), " %s ", _("NOT WATCHED"));
	else if (snapshot && snapshot->progress >= 0 && snapshot->progress < 1000)
		snprintf(badge, sizeof(badge), " %d%% ", snapshot->progress / 10);
	else if (snapshot && snapshot->last)
		snprintf(badge, sizeof(badge), " %s ", _("END"));
	interval_text(scene->view, snapshot, interval, sizeof(interval));
	since_text(snapshot, scene->width, since, sizeof(since));
	width = (int)ft_fmt_width(since) + (since[0] ? 1 : 0) + (int)ft_fmt_width(badge) + (badge[0] ? 1 : 0) + (int)ft_fmt_width(interval) + 1 +
		(int)ft_fmt_width(clock);
	x = scene->width > width ? scene->width - width : 0;
	pen = ft_pen(scene->window, 0, x, scene->width, scene->view->show.ascii);
	ft_pen_text(&pen, FT_STYLE_BADGE, since);
	ft_pen_skip(&pen, since[0] ? 1 : 0);
	ft_pen_text(&pen, FT_STYLE_BADGE, badge);
	ft_pen_skip(&pen, badge[0] ? 1 : 0);
	ft_pen_printf(&pen, FT_STYLE_DIM, "%s ", interval);
	ft_pen_text(&pen, FT_STYLE_TEXT, clock);
	return x - 1;
}

/* How sockets are looked at, where there is room for all of it. */
static void render_source(struct ft_pen *pen, const struct ft_snapshot *snapshot)
{
	char text[128];

	if (!snapshot->health_source || !snapshot->health_source[0])
		return;
	snprintf(text, sizeof(text), _("TCP by %s"), snapshot->health_source);
	if ((int)ft_fmt_width(text) + 1 < ft_pen_room(pen))
		ft_pen_printf(pen, FT_STYLE_DIM, " %s", text);
}

/* flowtop on router1: br0 (tcx)   filter   PAUSED 1s 12:34:56 */
static void render_title(struct ft_scene *scene)
{
	const struct ft_snapshot *snapshot = scene->snapshot;
	bool ascii = scene->view->show.ascii;
	char names[512] = "", host[256], expression[512];
	struct ft_pen pen = ft_pen(scene->window, 0, 0, render_state(scene), ascii);

	ft_pen_text(&pen, FT_STYLE_STRONG, "flowtop ");
	if (scene->observer[0] && scene->width >= 60) {
		ft_fmt_escape(scene->observer, strlen(scene->observer), ascii, host, sizeof(host));
		ft_pen_printf(&pen, FT_STYLE_DIM, "%s ", host);
	}
	if (!snapshot) {
		ft_pen_text(&pen, FT_STYLE_DIM, _("starting ..."));
		return;
	}
	scope_names(snapshot, ascii, (unsigned)ft_pen_room(&pen) / 2, names, sizeof(names));
	ft_pen_printf(&pen, FT_STYLE_TEXT, "%s ", names);
	if (scene->view->recording && (!snapshot->difference || scene->view->mark)) {
		span_text(scene->view, expression, sizeof(expression));
		ft_pen_printf(&pen, FT_STYLE_DIM, "(%s) ", expression);
	} else if (snapshot->backend && snapshot->backend[0]) {
		ft_pen_printf(&pen, FT_STYLE_DIM, "(%s) ", snapshot->backend);
	}
	if (snapshot->taps.count > 0) {
		ft_pen_printf(&pen, FT_STYLE_BADGE, " %s ", _("PACKETS TO A FILE"));
		ft_pen_skip(&pen, 1);
	}
	if (snapshot->capture_filter && snapshot->capture_filter[0]) {
		ft_fmt_escape(snapshot->capture_filter, strlen(snapshot->capture_filter), ascii,
			      expression, sizeof(expression));
		ft_pen_printf(&pen, FT_STYLE_STRONG, _("only %s"), expression);
	}
	render_source(&pen, snapshot);
}

/* The next of 1, 2, 5, 10, 20 ... : a scale that rests while rates waver. */
static float scale_of(float highest)
{
	static const float steps[] = { 2, 2.5F, 2 };
	float scale = 1;

	for (unsigned i = 0; scale < highest && scale < 1e20F; i++)
		scale *= steps[i % 3];
	return scale;
}

/* The newest points, the last one at the right. */
static void render_graph(struct ft_pen *pen, enum ft_style style, const float *points,
			 const struct ft_history *history, int width)
{
	static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const letters[] = { "_", ".", ":", "-", "=", "+", "*", "#" };
	float highest = 0, scale;

	for (int i = 1; i <= width && i <= (int)history->count; i++) {
		float point = points[(history->next + FT_HISTORY - (unsigned)i) % FT_HISTORY];

		highest = point > highest ? point : highest;
	}
	scale = scale_of(highest);
	for (int i = width; i > 0; i--) {
		float point = -1;
		int level;

		if (i <= (int)history->count)
			point = points[(history->next + FT_HISTORY - (unsigned)i) % FT_HISTORY];
		if (point < 0) {
			ft_pen_text(pen, FT_STYLE_TEXT, " ");
			continue;
		}
		level = (int)(point / scale * 7 + 0.5F);
		ft_pen_text(pen, point > 0 ? style : FT_STYLE_DIM,
			    pen->ascii ? letters[level] : blocks[level]);
	}
}

/* One way: its word, its rate, its graph. */
static void render_way(struct ft_scene *scene, struct ft_pen *pen, enum ft_style style,
		       const char *word, double bytes, double packets, const float *points,
		       int graph)
{
	const struct ft_show *show = &scene->view->show;
	char rate[32];

	ft_draw_rate(show, bytes, packets, RATE_CELLS, rate, sizeof(rate));
	ft_pen_printf(pen, FT_STYLE_DIM, "%s ", word);
	ft_pen_fit(pen, FT_STYLE_STRONG, rate, RATE_CELLS, FT_ALIGN_RIGHT);
	ft_pen_printf(pen, FT_STYLE_DIM, "%s ", ft_draw_rate_unit(show));
	if (graph > 0)
		render_graph(pen, style, points, &scene->view->history, graph);
	ft_pen_skip(pen, graph > 0 ? 2 : 1);
}

/* tx and rx of all scopes over the window, with graphs; the flows. */
static void render_rates(struct ft_scene *scene)
{
	const struct ft_snapshot *snapshot = scene->snapshot;
	const struct ft_view *view = scene->view;
	unsigned window = view->show.window;
	struct ft_pen pen = ft_pen(scene->window, 1, 0, scene->width, view->show.ascii);
	double bytes[2] = { 0, 0 }, packets[2] = { 0, 0 };
	char flows[80];
	int words, graph;

	for (size_t i = 0; i < snapshot->scope_count; i++) {
		bytes[0] += snapshot->scopes[i].tx_bytes_per_s[window];
		bytes[1] += snapshot->scopes[i].rx_bytes_per_s[window];
		packets[0] += snapshot->scopes[i].tx_packets_per_s[window];
		packets[1] += snapshot->scopes[i].rx_packets_per_s[window];
	}
	snprintf(flows, sizeof(flows), _("flows %zu"), ft_snapshot_flows(snapshot));
	words = 2 * ((int)ft_fmt_width(ft_draw_rate_unit(&view->show)) + RATE_CELLS + 4 + 3);
	graph = (scene->width - words - 18) / 2;
	graph = graph < 4 ? 0 : graph > GRAPH_MAX ? GRAPH_MAX : graph;
	render_way(scene, &pen, FT_STYLE_TX, _("tx"), bytes[0], packets[0], view->history.tx,
		   graph);
	render_way(scene, &pen, FT_STYLE_RX, _("rx"), bytes[1], packets[1], view->history.rx,
		   graph);
	ft_pen_text(&pen, FT_STYLE_TEXT, flows);
}

/* One term, "word 123" or, in full, "word 123 (4.5M)" with its octets. */
static void term_text(char *text, size_t size, const char *join, const char *word,
		      uint64_t packets, uint64_t l2_bytes, bool full, unsigned cells,
		      const struct ft_show *show, bool inexact)
{
	char number[32], octets[32];

	ft_fmt_count(packets, show->prefix, cells, number, sizeof(number));
	if (cells >= 20)
		snprintf(number, sizeof(number), "%" PRIu64, packets);
	ft_fmt_count(l2_bytes, show->prefix, 6, octets, sizeof(octets));
	if (full)
		snprintf(text, size, "%s%s %s%s (%sB)", join, word, inexact ? "~" : "", number,
			 octets);
	else
		snprintf(text, size, "%s%s %s%s", join, word, inexact ? "~" : "", number);
}

/* The line that adds up in one of its forms: exact or rounded, with octets or without. */
static void line_text(const struct ft_line *line, const struct ft_show *show, bool full,
		      unsigned cells, char *text, size_t size)
{
	const struct ft_tally not_ip = ft_line_not_ip(line), bad = ft_line_malformed(line);
	const struct ft_tally lost = ft_line_lost(line);
	const struct {
		const char *join, *word;
		uint64_t packets, l2_bytes;
	} terms[] = {
		{ "", _("seen"), line->seen.packets, line->seen.l2_bytes },
		{ " = ", _("flows"), line->flows.packets, line->flows.l2_bytes },
		{ " + ", _("other"), line->other.packets, line->other.l2_bytes },
		{ " + ", _("not IP"), not_ip.packets, not_ip.l2_bytes },
		{ " + ", _("malformed"), bad.packets, bad.l2_bytes },
		{ " + ", _("lost"), lost.packets, lost.l2_bytes },
	};
	size_t used = 0;

	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]) && used < size; i++) {
		bool last = i + 1 == sizeof(terms) / sizeof(terms[0]);
		char term[128];

		term_text(term, sizeof(term), terms[i].join, terms[i].word, terms[i].packets,
			  terms[i].l2_bytes, full, cells, show, last && line->inexact);
		used += (size_t)snprintf(text + used, size - used, "%s", term);
	}
}

/* The fullest form that fits: packets and octets; exact packets; rounded; seen and lost. */
static void render_line(struct ft_scene *scene)
{
	const struct ft_line *line = &scene->snapshot->total;
	const struct ft_show *show = &scene->view->show;
	struct ft_pen pen = ft_pen(scene->window, 2, 0, scene->width, show->ascii);
	uint64_t lost = ft_line_lost(line).packets;
	enum ft_style style = lost || !ft_line_adds_up(line) ? FT_STYLE_WARN : FT_STYLE_DIM;
	static const struct {
		bool full;
		unsigned cells;
	} forms[] = { { true, 20 }, { false, 20 }, { false, 6 }, { false, 5 }, { false, 4 } };
	char text[512];

	for (size_t i = scene->width >= 120 ? 0 : 1; i < sizeof(forms) / sizeof(forms[0]); i++) {
		line_text(line, show, forms[i].full, forms[i].cells, text, sizeof(text));
		if (ft_pen_whole(&pen, style, text))
			return;
	}
	ft_pen_printf(&pen, style, "%s %" PRIu64 "  %s %s%" PRIu64, _("seen"),
		      (uint64_t)line->seen.packets, _("lost"), line->inexact ? "~" : "", lost);
}

/* The most important note, and how many more there are. */
static void render_note(struct ft_scene *scene)
{
	struct ft_pen pen = ft_pen(scene->window, scene->note, 0, scene->width,
				   scene->view->show.ascii);
	char note[FT_NOTE_MAX], more[64] = "";
	size_t count = ft_note_count(scene);

	if (scene->note < 0 || !ft_note(scene, 0, note))
		return;
	if (count > 1)
		snprintf(more, sizeof(more), P_(" (%zu more: i)", " (%zu more: i)", count - 1),
			 count - 1);
	ft_pen_text(&pen, FT_STYLE_WARN, "! ");
	pen.end -= (int)ft_fmt_width(more);
	ft_pen_text(&pen, FT_STYLE_TEXT, note);
	pen.end = scene->width;
	ft_pen_text(&pen, FT_STYLE_DIM, more);
}

void ft_header_render(struct ft_scene *scene)
{
	render_title(scene);
	if (scene->snapshot) {
		render_rates(scene);
		render_line(scene);
	}
	render_note(scene);
}

/* The display filter as the line of the panes' names tells it: its words may be cut. */
struct filter_text {
	char words[1100], hides[100];
};

/* Returns how many cells it takes; 0 = nothing is filtered. */
static int filter_text(const struct ft_scene *scene, struct filter_text *ret_text)
{
	const struct ft_view *view = scene->view;
	struct ft_hidden hidden = { .flows = 0 };
	char escaped[1024], octets[32], *words;
	size_t size = sizeof(ret_text->hides);
	int used = 0;

	ret_text->words[0] = ret_text->hides[0] = '\0';
	if (ft_filter_is_all(view->filter))
		return 0;
	if (scene->listing && scene->listing->snapshot)
		hidden = ft_rows_hidden(scene->listing->rows);
	words = ft_filter_describe(view->filter);
	ft_fmt_escape(words, strlen(words), view->show.ascii, escaped, sizeof(escaped));
	free(words);
	snprintf(ret_text->words, sizeof(ret_text->words), "%s %s", _("filter:"), escaped);
	if (hidden.flows)
		used = snprintf(ret_text->hides, size, _(", hides %" PRIu64), hidden.flows);
	if (hidden.flows && scene->width >= 100 && used < (int)size)
		snprintf(ret_text->hides + used, size - (size_t)used, " (%sB)",
			 ft_fmt_count(hidden.interval.bytes, view->show.prefix, 6, octets,
				      sizeof(octets)));
	return (int)(ft_fmt_width(ret_text->words) + ft_fmt_width(ret_text->hides));
}

/* At the right. Where there is no room for all of it, what it hides is told nevertheless. */
static void render_filter(struct ft_scene *scene, int from, const struct filter_text *text,
			  int cells)
{
	int x = scene->width - cells, hides = (int)ft_fmt_width(text->hides);
	struct ft_pen pen = ft_pen(scene->window, scene->tabs, x < from + 2 ? from + 2 : x,
				   scene->width, scene->view->show.ascii);

	if (ft_pen_room(&pen) > hides + 10)
		pen.end -= hides;
	ft_pen_text(&pen, FT_STYLE_STRONG, text->words);
	pen.end = scene->width;
	ft_pen_text(&pen, FT_STYLE_STRONG, text->hides);
}

/* At the right of the panes' names, where there is room: what the numbers below are in. */
static void render_units(struct ft_scene *scene, int from)
{
	char text[160];
	struct ft_pen pen;
	int x;

	if (!ft_pane_is_list(ft_view_front_const(scene->view)->pane))
		return;
	ft_column_units(&scene->view->show, text, sizeof(text));
	x = scene->width - (int)ft_fmt_width(text);
	if (x < from + 2) {
		ft_column_units_brief(&scene->view->show, text, sizeof(text));
		x = scene->width - (int)ft_fmt_width(text);
	}
	if (x < from + 2)
		return;
	pen = ft_pen(scene->window, scene->tabs, x, scene->width, scene->view->show.ascii);
	ft_pen_text(&pen, FT_STYLE_DIM, text);
}

static const struct ft_pane_ops *const tabs[FT_LIST_MAX] = {
	&ft_pane_flows, &ft_pane_talkers, &ft_pane_processes, &ft_pane_sockets, &ft_pane_events,
};

/* Cells that the panes' names take in full. */
static int names_width(void)
{
	int width = 0;

	for (unsigned i = 0; i < FT_LIST_MAX; i++)
		width += (int)ft_fmt_width(_(tabs[i]->name)) + 4;
	return width;
}

/* The panes' names; of those that are not in front only the numbers where it is narrow. */
static void render_names(struct ft_scene *scene, struct ft_pen *pen, bool narrow)
{
	for (unsigned i = 0; i < FT_LIST_MAX; i++) {
		bool front = scene->view->list == i;
		int x = pen->x;

		if (front || !narrow)
			ft_pen_printf(pen, front ? FT_STYLE_TAB : FT_STYLE_DIM, " %u %s ", i + 1,
				      _(tabs[i]->name));
		else
			ft_pen_printf(pen, FT_STYLE_DIM, " %u ", i + 1);
		ft_map_add(&scene->map, FT_SPOT_PANE, scene->tabs, x, 1, pen->x - x, i);
	}
}

/* From the list to what is in front of it. */
struct path {
	const char *arrow;
	char grouped[80]; /* "by port" */
	char kept[40];    /* " order kept " */
};

static const char *title_of(const struct ft_frame *frame)
{
	return frame->title[0] ? frame->title : _(ft_pane(frame->pane)->name);
}

/* Cells that the path takes from this frame on. */
static int path_width(const struct ft_view *view, const struct path *path, unsigned from)
{
	unsigned width = ft_fmt_width(path->kept), arrow = ft_fmt_width(path->arrow);

	for (unsigned i = from; i < view->depth; i++)
		width += arrow + ft_fmt_width(title_of(&view->stack[i]));
	if (path->grouped[0])
		width += arrow + ft_fmt_width(path->grouped);
	return (int)width;
}

static void fill_path(const struct ft_view *view, struct path *ret_path)
{
	ret_path->arrow = view->show.ascii ? " > " : " › ";
	ret_path->grouped[0] = ret_path->kept[0] = '\0';
	if (view->list == FT_LIST_TALKERS && view->depth == 0 && view->group_by != FT_GROUP_HOST)
		snprintf(ret_path->grouped, sizeof(ret_path->grouped), _("by %s"),
			 _(ft_group_by_name(view->group_by)));
	if (view->frozen)
		snprintf(ret_path->kept, sizeof(ret_path->kept), " %s ", _("order kept"));
}

/* What is in front is told in any case: where there is no room those behind it are left out. */
static void render_path(const struct ft_scene *scene, struct ft_pen *pen, const struct path *path)
{
	const struct ft_view *view = scene->view;
	unsigned first = 0;

	while (first + 1 < view->depth && path_width(view, path, first) > ft_pen_room(pen))
		first++;
	for (unsigned i = first; i < view->depth; i++) {
		ft_pen_text(pen, FT_STYLE_DIM, path->arrow);
		ft_pen_text(pen, FT_STYLE_STRONG, title_of(&view->stack[i]));
	}
	if (path->grouped[0]) {
		ft_pen_text(pen, FT_STYLE_DIM, path->arrow);
		ft_pen_text(pen, FT_STYLE_TEXT, path->grouped);
	}
	ft_pen_text(pen, FT_STYLE_BADGE, path->kept);
}

void ft_tabs_render(struct ft_scene *scene)
{
	const struct ft_view *view = scene->view;
	struct ft_pen pen = ft_pen(scene->window, scene->tabs, 0, scene->width, view->show.ascii);
	struct filter_text filter;
	struct path path;
	int cells = filter_text(scene, &filter), wanted;

	fill_path(view, &path);
	wanted = names_width() + path_width(view, &path, 0) + (cells ? 2 + cells : 0);
	render_names(scene, &pen, scene->width < 60 || wanted > scene->width);
	render_path(scene, &pen, &path);
	if (cells)
		render_filter(scene, pen.x, &filter, cells);
	else
		render_units(scene, pen.x);
}
