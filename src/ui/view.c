/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The view's life: from the options, through snapshots, to the end. Steps are in step*.c. */
#include "ui/view.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/column.h"
#include "core/nls.h"
#include "options.h"

/* A list's first order: -s where the list has that column, else its own. */
static void init_sort(struct ft_view *view, const struct ft_options *options, enum ft_list list)
{
	const struct ft_column *column = options->sort ? ft_column_find(options->sort) : NULL;

	if (column && (column->lists & (1U << list)) && options->sort_ascending >= 0) {
		view->sort[list].column = column;
		view->sort[list].ascending = options->sort_ascending > 0;
		return;
	}
	if (!column || !(column->lists & (1U << list)))
		column = ft_column_default(list);
	view->sort[list].column = column;
	view->sort[list].ascending = column->ascending;
}

void ft_view_init(struct ft_view *view, const struct ft_options *options,
		  const struct ft_names *names)
{
	memset(view, 0, sizeof(*view));
	view->show.unit = options->unit;
	view->show.prefix = options->prefix;
	view->show.window = options->window;
	view->show.layer = options->layer;
	view->show.numeric_hosts = options->numeric_hosts;
	view->show.numeric_ports = options->numeric_ports;
	view->show.ascii = options->ascii;
	view->show.names = names;
	view->resolve = options->resolve;
	view->readonly = options->readonly;
	view->interval_ns = options->interval_ns;
	view->list = options->first_list;
	if (options->health)
		view->stack[view->depth++].pane = FT_PANE_HEALTH;
	for (unsigned i = 0; i < FT_LIST_MAX; i++) {
		view->base[i].pane = (enum ft_pane_id)i;
		init_sort(view, options, (enum ft_list)i);
	}
	/* main has parsed it already: a fault here can only be ours, and then all is shown. */
	if (ft_view_set_filter(view, options->filter ? options->filter : "") < 0) {
		ft_view_say(view, true, "%s", view->prompt.error);
		ft_view_set_filter(view, "");
	}
}

void ft_view_done(struct ft_view *view)
{
	ft_filter_free(view->filter);
	ft_baseline_free(view->baseline);
	ft_snapshot_put(view->mark);
	memset(view, 0, sizeof(*view));
}

bool ft_view_wants_sockets(const struct ft_view *view)
{
	bool wanted = view->list == FT_LIST_SOCKETS;

	for (unsigned i = 0; i < view->depth; i++)
		wanted |= view->stack[i].pane == FT_PANE_DETAILS;
	return wanted;
}

bool ft_view_wants_cost(const struct ft_view *view)
{
	for (unsigned i = 0; i < view->depth; i++)
		if (view->stack[i].pane == FT_PANE_HEALTH)
			return true;
	return false;
}

struct ft_frame *ft_view_front(struct ft_view *view)
{
	return view->depth ? &view->stack[view->depth - 1] : &view->base[view->list];
}

const struct ft_frame *ft_view_front_const(const struct ft_view *view)
{
	return view->depth ? &view->stack[view->depth - 1] : &view->base[view->list];
}

/* The list that is in front, or lies below what is. */
static const struct ft_frame *list_frame(const struct ft_view *view)
{
	for (unsigned i = view->depth; i > 0; i--)
		if (ft_pane_is_list(view->stack[i - 1].pane))
			return &view->stack[i - 1];
	return &view->base[view->list];
}

enum ft_list ft_view_list(const struct ft_view *view)
{
	return (enum ft_list)list_frame(view)->pane;
}

const struct ft_column *ft_view_sort(const struct ft_view *view, enum ft_list list)
{
	return view->sort[list].column;
}

void ft_view_query(const struct ft_view *view, struct ft_query *ret_query)
{
	const struct ft_frame *frame = list_frame(view);
	enum ft_list list = (enum ft_list)frame->pane;

	memset(ret_query, 0, sizeof(*ret_query));
	ret_query->list = list;
	ret_query->group_by = view->group_by;
	ret_query->filter = view->filter;
	ret_query->within = frame->drilled ? &frame->within : NULL;
	ret_query->hide_closed = view->hide_closed;
	ret_query->sort = view->sort[list].column;
	ret_query->ascending = view->sort[list].ascending;
	ret_query->frozen = view->frozen;
	ret_query->show = &view->show;
}

bool ft_view_follows_end(const struct ft_view *view, enum ft_pane_id pane)
{
	return pane == FT_PANE_EVENTS && view->sort[FT_LIST_EVENTS].ascending &&
	       view->sort[FT_LIST_EVENTS].column == ft_column_default(FT_LIST_EVENTS);
}

/* Adds one point to the graphs. */
static void push_point(struct ft_history *history, float tx, float rx)
{
	history->tx[history->next] = tx;
	history->rx[history->next] = rx;
	history->next = (history->next + 1) % FT_HISTORY;
	if (history->count < FT_HISTORY)
		history->count++;
}

/* True if the snapshot's source tells who owns a flow. */
static bool has_owners(const struct ft_snapshot *snapshot)
{
	return snapshot->owner_source && snapshot->owner_source[0];
}

void ft_view_took(struct ft_view *view, const struct ft_snapshot *snapshot)
{
	struct ft_history *history = &view->history;
	uint64_t missed;
	double tx = 0, rx = 0;

	view->show.no_owners = !has_owners(snapshot);
	view->show.difference = snapshot->difference != NULL;
	view->show.observers = snapshot->observer_count > 1;
	view->show.interfaces = ft_snapshot_has_interfaces(snapshot);
	if (snapshot->generation <= history->generation || snapshot->interval_ns == 0)
		return;
	/* What passed while the screen was paused was not drawn: a gap, no splice. */
	missed = history->generation ? snapshot->generation - history->generation - 1 : 0;
	for (uint64_t i = 0; i < missed && i < FT_HISTORY; i++)
		push_point(history, -1, -1);
	for (size_t i = 0; i < snapshot->scope_count; i++) {
		tx += snapshot->scopes[i].tx_bytes_per_s[0];
		rx += snapshot->scopes[i].rx_bytes_per_s[0];
	}
	push_point(history, (float)tx, (float)rx);
	history->generation = snapshot->generation;
}

/* Moves the window of lines as little as it takes to have the index in sight. */
static void keep_in_sight(struct ft_frame *frame, size_t count, size_t page)
{
	if (page == 0)
		page = 1;
	if (frame->top + page > count)
		frame->top = count > page ? count - page : 0;
	if (frame->index < frame->top)
		frame->top = frame->index;
	else if (frame->index >= frame->top + page)
		frame->top = frame->index - page + 1;
}

void ft_view_fit(struct ft_view *view, const struct ft_stage *stage)
{
	struct ft_frame *front = ft_view_front(view);

	if (stage->listing)
		keep_in_sight(front, ft_listing_count(stage->listing), stage->page);
	else if (front->top + stage->page > stage->lines)
		front->top = stage->lines > stage->page ? stage->lines - stage->page : 0;
}

void ft_view_settle(struct ft_view *view, const struct ft_stage *stage)
{
	struct ft_frame *front = ft_view_front(view);
	size_t count, index;

	if (!stage->listing)
		return;
	count = ft_listing_count(stage->listing);
	if (front->selected == 0 || count == 0) {
		bool end = count && ft_view_follows_end(view, front->pane);

		front->index = end ? count - 1 : 0;
		if (!end)
			front->top = 0;
		return;
	}
	index = ft_listing_find(stage->listing, front->selected);
	if (index == SIZE_MAX) {
		/* Its row is gone: the one that took its line. */
		index = front->index < count ? front->index : count - 1;
		front->selected = ft_listing_id(stage->listing, index);
	}
	front->index = index;
}

void ft_view_say(struct ft_view *view, bool bad, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(view->message, sizeof(view->message), format, args);
	va_end(args);
	view->message_bad = bad;
}

int ft_view_set_filter(struct ft_view *view, const char *text)
{
	unsigned shown = view->filter ? ft_filter_shown(view->filter) : FT_SHOW_ALL;
	struct ft_filter *parsed = NULL;
	int result;

	view->prompt.error[0] = '\0';
	view->prompt.error_at = 0;
	result = ft_filter_parse(text, view->show.names, &parsed, &view->prompt.error_at,
				 view->prompt.error, sizeof(view->prompt.error));
	if (result < 0)
		return result;
	ft_filter_free(view->filter);
	view->filter = ft_filter_with_shown(parsed, shown);
	ft_filter_free(parsed);
	snprintf(view->filter_text, sizeof(view->filter_text), "%s", text);
	return 0;
}

const char *ft_view_title(const struct ft_view *view, enum ft_list list,
			  const struct ft_column *column, char *text, size_t size)
{
	if (list != FT_LIST_TALKERS || view->group_by == FT_GROUP_HOST ||
	    strcmp(column->id, "host") != 0)
		return _(column->title);
	snprintf(text, size, "%s", _(ft_group_by_name(view->group_by)));
	/* A title begins as titles do; words in other scripts stay as they are. */
	if (text[0] >= 'a' && text[0] <= 'z')
		text[0] = (char)(text[0] - 'a' + 'A');
	return text;
}
