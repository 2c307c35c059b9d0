/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list panes: flows, talkers, processes, sockets, events. They differ in the columns that
 * core/column gives them and in what they say when they are empty. The first cell of a line is its
 * mark: + began in this interval, x ended, ^ pinned, * this machine (where no column says it); of a
 * difference how the row differs. The hardware cursor rests there on the selected row.
 */
#include <stdio.h>
#include <string.h>

#include "core/difference.h"
#include "core/event.h"
#include "core/nls.h"
#include "core/socket.h"
#include "ui/pane.h"

#define MARK_CELLS 1
#define CELL_BYTES 2048

/* Column titles, the sort column with its direction. */
static void render_titles(struct ft_scene *scene, const struct ft_layout *layout,
			  enum ft_list list)
{
	const struct ft_view *view = scene->view;
	bool ascii = view->show.ascii;
	const char *down = ascii ? "v" : "▼", *up = ascii ? "^" : "▲";
	struct ft_pen line = ft_pen(scene->window, scene->body - 1, 0, scene->width, ascii);

	ft_pen_fit(&line, FT_STYLE_HEADER, "", (unsigned)scene->width, FT_ALIGN_LEFT);
	for (size_t i = 0; i < layout->count; i++) {
		const struct ft_column *column = layout->cell[i].column;
		bool sorted = column == ft_view_sort(view, list);
		int x = MARK_CELLS + (int)layout->cell[i].x;
		struct ft_pen pen = ft_pen(scene->window, scene->body - 1, x,
					   x + (int)layout->cell[i].width, ascii);
		char own[64], title[256];
		const char *word = ft_view_title(view, list, column, own, sizeof(own));

		if (sorted && ft_fmt_width(word) < layout->cell[i].width)
			snprintf(title, sizeof(title), "%s%s", word,
				 view->sort[list].ascending ? up : down);
		else
			snprintf(title, sizeof(title), "%s", word);
		ft_pen_fit(&pen, sorted ? FT_STYLE_SORTED : FT_STYLE_HEADER, title,
			   layout->cell[i].width, column->align);
		ft_map_add(&scene->map, FT_SPOT_COLUMN, scene->body - 1, x, 1,
			   (int)layout->cell[i].width, (size_t)(column - ft_columns));
	}
}

/* True if a column is on the screen. */
static bool has_column(const struct ft_layout *layout, const char *id)
{
	for (size_t i = 0; i < layout->count; i++)
		if (strcmp(layout->cell[i].column->id, id) == 0)
			return true;
	return false;
}

/* The mark of a row. */
static const char *mark_of(const struct ft_scene *scene, const struct ft_layout *layout,
			   const struct ft_row *row, bool pinned)
{
	const struct ft_snapshot *snapshot = scene->snapshot;

	if (pinned)
		return "^";
	if (row->socket || row->event)
		return " ";
	if (snapshot->difference)
		return ft_differs_mark(ft_differs(snapshot, row));
	if (!row->flow)
		return row->group->own && !has_column(layout, "own") &&
				       ft_view_list(scene->view) == FT_LIST_TALKERS
			       ? "*"
			       : " ";
	if (ft_flow_is_over(row->flow))
		return "x";
	if (row->flow->flow->first_ns + snapshot->interval_ns > snapshot->end_ns)
		return "+";
	return " ";
}

/* How a cell looks: nothing is quiet. */
static enum ft_style cell_style(const struct ft_snapshot *snapshot, const struct ft_row *row,
				const char *cell, bool selected)
{
	if (selected)
		return FT_STYLE_SELECTED;
	if (row->event && row->event->kind == FT_EVENT_FAILED)
		return FT_STYLE_WARN;
	if (ft_differs(snapshot, row) == FT_DIFFERS_VANISHED)
		return FT_STYLE_DIM;
	if ((row->flow && ft_flow_is_over(row->flow)) || (row->socket && ft_socket_is_over(row->socket)))
		return FT_STYLE_DIM;
	if (strcmp(cell, "0") == 0 || strcmp(cell, "-") == 0 || strcmp(cell, "*") == 0)
		return FT_STYLE_DIM;
	return FT_STYLE_TEXT;
}

/* One row. */
static void render_row(struct ft_scene *scene, const struct ft_layout *layout, int y,
		       const struct ft_row *row, bool selected, bool pinned)
{
	const struct ft_show *show = &scene->view->show;
	struct ft_pen pen = ft_pen(scene->window, y, 0, scene->width, show->ascii);
	char cell[CELL_BYTES];

	ft_pen_fit(&pen, selected ? FT_STYLE_SELECTED : FT_STYLE_STRONG,
		   mark_of(scene, layout, row, pinned), MARK_CELLS, FT_ALIGN_LEFT);
	if (selected)
		ft_pen_fit(&pen, FT_STYLE_SELECTED, "", (unsigned)ft_pen_room(&pen),
			   FT_ALIGN_LEFT);
	for (size_t i = 0; i < layout->count; i++) {
		const struct ft_column *column = layout->cell[i].column;
		int x = MARK_CELLS + (int)layout->cell[i].x;

		column->format(scene->snapshot, row, show, layout->cell[i].width, cell,
			       sizeof(cell));
		pen = ft_pen(scene->window, y, x, x + (int)layout->cell[i].width, show->ascii);
		if (column->align == FT_ALIGN_RIGHT) {
			unsigned width = ft_fmt_width(cell);

			if (width < layout->cell[i].width)
				ft_pen_skip(&pen, (int)(layout->cell[i].width - width));
		}
		ft_pen_text(&pen, cell_style(scene->snapshot, row, cell, selected), cell);
	}
}

/* Why there is no socket to list. */
static const char *no_sockets(const struct ft_scene *scene)
{
	const struct ft_snapshot *snapshot = scene->snapshot;

	if (snapshot->progress >= 0)
		return _("A file tells nothing of sockets.");
	if (!snapshot->socket_list && scene->view->recording)
		return _("The recording has no list of sockets of this moment.");
	if (!snapshot->socket_list && scene->view->past)
		return _("This moment has no list of sockets: they were not looked at.");
	if (!snapshot->socket_list && scene->view->paused)
		return _("The held moment has no list of sockets. Space lets it go.");
	if (!snapshot->socket_list)
		return _("Asking the kernel for its sockets ...");
	if (snapshot->socket_list->count)
		return _("The filter hides all sockets. = clears it, / changes it.");
	return _("There are no sockets.");
}

/* Why there is no event to list. */
static const char *no_events(const struct ft_scene *scene)
{
	if (!scene->snapshot->events && scene->view->recording)
		return _("The recording has no events.");
	if (!scene->snapshot->events)
		return _("This moment has no events: only the newest are kept.");
	if (ft_event_list_count(scene->snapshot->events))
		return _("The filter hides all events. = clears it, / changes it.");
	return _("Nothing has happened yet. Connections that are made, fail or close appear here.");
}

/* Instead of rows: why there are none, and what to do. */
static void render_empty(struct ft_scene *scene, const struct ft_frame *frame)
{
	const struct ft_snapshot *snapshot = scene->snapshot;
	struct ft_frame still = { .top = 0 };
	struct ft_text text;
	char sentence[512], name[4 * IFNAMSIZ + 1] = "";

	ft_text_init(&text, (unsigned)scene->width - 2, 0, scene->view->show.ascii);
	ft_text_line(&text, FT_STYLE_TEXT, "%s", "");
	if (!snapshot) {
		ft_text_wrap(&text, FT_STYLE_TEXT, _("Starting ..."));
	} else if (frame->pane == FT_PANE_SOCKETS) {
		ft_text_wrap(&text, FT_STYLE_TEXT, no_sockets(scene));
	} else if (frame->pane == FT_PANE_EVENTS) {
		ft_text_wrap(&text, FT_STYLE_TEXT, no_events(scene));
	} else if (!ft_filter_is_all(scene->view->filter) && snapshot->row_count) {
		ft_text_wrap(&text, FT_STYLE_TEXT,
			     _("The filter hides all flows. = clears it, / changes it."));
	} else if (frame->drilled) {
		ft_text_wrap(&text, FT_STYLE_TEXT, _("It has no flows any more. Esc goes back."));
	} else if (snapshot->row_count && scene->view->hide_closed) {
		ft_text_wrap(&text, FT_STYLE_TEXT, _("All flows are closed. c lists them."));
	} else if (snapshot->last && snapshot->progress >= 0) {
		ft_text_wrap(&text, FT_STYLE_TEXT, _("The file has no flows."));
	} else if (scene->view->recording || scene->view->past) {
		ft_text_wrap(&text, FT_STYLE_TEXT,
			     _("At this moment there are no flows: press . for the next moment, : for "
			       "a time."));
	} else if (snapshot->scope_count == 0) {
		ft_text_wrap(&text, FT_STYLE_TEXT,
			     _("No such interface is there yet; it is watched as soon as it "
			       "appears."));
	} else if (snapshot->interval_ns == 0) {
		ft_text_wrap(&text, FT_STYLE_TEXT,
			     _("Counting. Flows appear when the first interval has passed."));
	} else {
		ft_fmt_escape(snapshot->scopes[0].name,
			      strnlen(snapshot->scopes[0].name, IFNAMSIZ), text.ascii, name,
			      sizeof(name));
		snprintf(sentence, sizeof(sentence),
			 _("No traffic seen yet on %s. Flows appear here with their first packet; "
			   "i shows what each interface has seen, h helps, q quits."),
			 name);
		ft_text_wrap(&text, FT_STYLE_TEXT, sentence);
	}
	ft_text_render(scene, &still, &text);
	ft_text_done(&text);
	scene->lines = 0;
}

/* Most columns that may be scrolled away: all but the first and the last. */
static unsigned columns_right(enum ft_list list, const struct ft_show *show)
{
	unsigned count = 0;

	for (size_t i = 0; i < ft_column_count; i++)
		count += ft_column_is_on(&ft_columns[i], list, show);
	return count > 2 ? count - 2 : 0;
}

/* Titles and rows from the frame's top on. */
static void render_list(struct ft_scene *scene, const struct ft_frame *frame)
{
	enum ft_list list = (enum ft_list)frame->pane;
	size_t count = scene->snapshot ? ft_listing_count(scene->listing) : 0;
	struct ft_layout layout;

	ft_column_layout(list, &scene->view->show, (unsigned)scene->width - MARK_CELLS,
			 frame->skip, ft_view_sort(scene->view, list), &layout);
	render_titles(scene, &layout, list);
	scene->columns_right = columns_right(list, &scene->view->show);
	scene->cursor_y = scene->body;
	scene->cursor_x = 0;
	if (count == 0) {
		render_empty(scene, frame);
		return;
	}
	for (size_t i = 0; i < (size_t)scene->page && frame->top + i < count; i++) {
		size_t index = frame->top + i;
		struct ft_row row = ft_listing_at(scene->listing, index);
		bool selected = index == frame->index;

		render_row(scene, &layout, scene->body + (int)i, &row, selected,
			   index < scene->listing->pinned);
		if (selected)
			scene->cursor_y = scene->body + (int)i;
	}
	ft_map_add(&scene->map, FT_SPOT_ROWS, scene->body, 0, scene->page, scene->width,
		   frame->top);
}

const struct ft_pane_ops ft_pane_flows = { .name = N_("flows"), .render = render_list };
const struct ft_pane_ops ft_pane_talkers = { .name = N_("talkers"), .render = render_list };
const struct ft_pane_ops ft_pane_processes = { .name = N_("processes"), .render = render_list };
const struct ft_pane_ops ft_pane_sockets = { .name = N_("sockets"), .render = render_list };
const struct ft_pane_ops ft_pane_events = { .name = N_("events"), .render = render_list };
