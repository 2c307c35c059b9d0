/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving: keys over rows and text, and the mouse over what the map says is there. Nothing here
 * refills or sorts, so that a movement costs the same at a million rows; only going far down
 * extends the order.
 */
#include <string.h>

#include "ui/view.h"

#define WHEEL_LINES 3
#define DOUBLE_CLICK_NS 400000000ULL

void ft_move_to(struct ft_view *view, size_t index, const struct ft_stage *stage)
{
	struct ft_frame *front = ft_view_front(view);
	size_t count = ft_listing_count(stage->listing);
	size_t page = stage->page ? stage->page : 1;

	if (count == 0)
		return;
	front->index = index < count ? index : count - 1;
	front->selected = ft_listing_id(stage->listing, front->index);
	if (front->index == count - 1 && ft_view_follows_end(view, front->pane))
		front->selected = 0;
	if (front->index < front->top)
		front->top = front->index;
	else if (front->index >= front->top + page)
		front->top = front->index - page + 1;
}

/* How far an action goes in lines; 0 for Home and End. */
static long distance(enum ft_action action, size_t page)
{
	long full = page > 1 ? (long)page - 1 : 1;
	long half = page > 2 ? (long)page / 2 : 1;

	switch (action) {
	case FT_ACTION_UP: return -1;
	case FT_ACTION_DOWN: return 1;
	case FT_ACTION_PAGE_UP: return -full;
	case FT_ACTION_PAGE_DOWN: return full;
	case FT_ACTION_HALF_UP: return -half;
	case FT_ACTION_HALF_DOWN: return half;
	default: return 0;
	}
}

/* position + by, within 0 .. last. */
static size_t go(size_t position, long by, size_t last)
{
	if (by < 0)
		return position > (size_t)-by ? position - (size_t)-by : 0;
	return last - position > (size_t)by ? position + (size_t)by : last;
}

/* Panes of text scroll. */
static void move_text(struct ft_frame *front, enum ft_action action, const struct ft_stage *stage)
{
	size_t last = stage->lines > stage->page ? stage->lines - stage->page : 0;

	if (front->top > last)
		front->top = last;
	if (action == FT_ACTION_HOME)
		front->top = 0;
	else if (action == FT_ACTION_END)
		front->top = last;
	else
		front->top = go(front->top, distance(action, stage->page), last);
}

unsigned ft_move(struct ft_view *view, enum ft_action action, const struct ft_stage *stage)
{
	struct ft_frame *front = ft_view_front(view);
	size_t count;

	if (!stage->listing) {
		move_text(front, action, stage);
		return FT_FX_PAINT;
	}
	count = ft_listing_count(stage->listing);
	if (count && action == FT_ACTION_HOME && ft_view_follows_end(view, front->pane)) {
		ft_move_to(view, 0, stage);
	} else if (action == FT_ACTION_HOME || count == 0) {
		front->selected = 0;
		front->index = 0;
		front->top = 0;
	} else if (action == FT_ACTION_END) {
		ft_move_to(view, count - 1, stage);
	} else {
		ft_move_to(view, go(front->index, distance(action, stage->page), count - 1), stage);
	}
	return FT_FX_PAINT;
}

/* The wheel moves the window; the selection stays in it. */
static unsigned wheel(struct ft_view *view, long by, const struct ft_stage *stage)
{
	struct ft_frame *front = ft_view_front(view);
	size_t count, last, page = stage->page ? stage->page : 1;

	if (!stage->listing) {
		last = stage->lines > page ? stage->lines - page : 0;
		front->top = go(front->top > last ? last : front->top, by, last);
		return FT_FX_PAINT;
	}
	count = ft_listing_count(stage->listing);
	last = count > page ? count - page : 0;
	if (count == 0 || last == 0)
		return 0;
	front->top = go(front->top > last ? last : front->top, by, last);
	if (front->index < front->top)
		ft_move_to(view, front->top, stage);
	else if (front->index >= front->top + page)
		ft_move_to(view, front->top + page - 1, stage);
	return FT_FX_PAINT;
}

/* A click on a row selects it; a second one soon after opens it. */
static unsigned click_row(struct ft_view *view, size_t index, uint64_t when_ns,
			  const struct ft_stage *stage)
{
	struct ft_frame *front = ft_view_front(view);
	bool second;

	if (!stage->listing || index >= ft_listing_count(stage->listing))
		return 0;
	ft_move_to(view, index, stage);
	second = view->click_id == front->selected &&
		 when_ns - view->click_ns <= DOUBLE_CLICK_NS;
	view->click_id = second ? 0 : front->selected;
	view->click_ns = when_ns;
	return second ? ft_act(view, FT_ACTION_ENTER, stage) : FT_FX_PAINT;
}

/* What a press on a spot does. */
static unsigned click(struct ft_view *view, const struct ft_spot *spot,
		      const struct ft_event *event, const struct ft_stage *stage)
{
	size_t line = (size_t)(event->y - spot->y);

	switch (spot->kind) {
	case FT_SPOT_PANE:
		ft_view_show_list(view, (enum ft_list)spot->arg);
		return FT_FX_FILL | FT_FX_PAINT;
	case FT_SPOT_COLUMN:
		ft_view_sort_by(view, &ft_columns[spot->arg]);
		return FT_FX_FILL | FT_FX_PAINT;
	case FT_SPOT_ROWS:
		return click_row(view, spot->arg + line, event->when_ns, stage);
	case FT_SPOT_ACTION:
		return ft_act(view, (enum ft_action)spot->arg, stage);
	case FT_SPOT_CHOICE:
		return ft_menu_choose(view, spot->arg + line, stage);
	}
	return 0;
}

unsigned ft_mouse(struct ft_view *view, const struct ft_event *event,
		  const struct ft_stage *stage)
{
	bool menu = view->menu.kind != FT_MENU_NONE;

	if (event->key == FT_KEY_WHEEL_UP)
		return menu ? 0 : wheel(view, -WHEEL_LINES, stage);
	if (event->key == FT_KEY_WHEEL_DOWN)
		return menu ? 0 : wheel(view, WHEEL_LINES, stage);
	/* What was drawn last lies on top. */
	for (size_t i = stage->map ? stage->map->count : 0; i > 0; i--) {
		const struct ft_spot *spot = &stage->map->spot[i - 1];

		if (event->y < spot->y || event->y >= spot->y + spot->height ||
		    event->x < spot->x || event->x >= spot->x + spot->width)
			continue;
		if (menu && spot->kind == FT_SPOT_ACTION && spot->arg == FT_ACTION_ENTER)
			return ft_menu_choose(view, view->menu.chosen, stage);
		if (menu && spot->kind != FT_SPOT_CHOICE)
			break;
		return click(view, spot, event, stage);
	}
	if (!menu)
		return 0;
	view->menu.kind = FT_MENU_NONE;
	return FT_FX_PAINT;
}
