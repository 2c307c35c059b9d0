/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short lists to choose from: the column to sort by, what to group talkers by, what to do. */
#include <stddef.h>

#include "core/nls.h"
#include "ui/view.h"

/* The n-th column that a list has, in table order. */
static const struct ft_column *column_of(const struct ft_view *view, enum ft_list list, size_t n)
{
	for (size_t i = 0; i < ft_column_count; i++)
		if (ft_column_is_on(&ft_columns[i], list, &view->show) && n-- == 0)
			return &ft_columns[i];
	return NULL;
}

void ft_menu_open(struct ft_view *view, enum ft_menu_kind kind)
{
	enum ft_list list = ft_view_list(view);
	struct ft_menu *menu = &view->menu;
	const struct ft_column *column;

	menu->kind = kind;
	menu->count = FT_GROUP_MAX;
	menu->chosen = view->group_by;
	if (kind == FT_MENU_ACTIONS) {
		menu->count = ft_actions_count(view);
		menu->chosen = 0;
	}
	if (kind != FT_MENU_SORT)
		return;
	menu->chosen = 0;
	for (menu->count = 0; (column = column_of(view, list, menu->count)) != NULL; menu->count++)
		if (column == view->sort[list].column)
			menu->chosen = menu->count;
}

const char *ft_menu_title(const struct ft_view *view, size_t choice, char text[FT_TITLE_MAX])
{
	const struct ft_column *column = NULL;
	enum ft_list list = ft_view_list(view);

	if (view->menu.kind == FT_MENU_SORT)
		column = column_of(view, list, choice);
	return column ? ft_view_title(view, list, column, text, FT_TITLE_MAX) : "";
}

const char *ft_menu_text(const struct ft_view *view, size_t choice)
{
	const struct ft_column *column;

	if (view->menu.kind == FT_MENU_GROUP)
		return _(ft_group_by_name((enum ft_group_by)choice));
	if (view->menu.kind == FT_MENU_ACTIONS)
		return ft_actions_text(view, choice);
	column = column_of(view, ft_view_list(view), choice);
	return column ? _(column->help) : "";
}

/* Talkers grouped another way are other rows. */
static void group_by(struct ft_view *view, enum ft_group_by by)
{
	struct ft_frame *talkers = &view->base[FT_LIST_TALKERS];

	if (view->group_by != by) {
		view->group_by = by;
		talkers->selected = 0;
		talkers->index = 0;
		talkers->top = 0;
		view->pins[FT_LIST_TALKERS].count = 0;
	}
	ft_view_show_list(view, FT_LIST_TALKERS);
}

unsigned ft_menu_choose(struct ft_view *view, size_t choice, const struct ft_stage *stage)
{
	enum ft_menu_kind kind = view->menu.kind;
	const struct ft_column *column;

	if (choice >= view->menu.count)
		return 0;
	view->menu.kind = FT_MENU_NONE;
	if (kind == FT_MENU_ACTIONS)
		return ft_actions_choose(view, choice, stage);
	if (kind == FT_MENU_GROUP) {
		group_by(view, (enum ft_group_by)choice);
	} else {
		column = column_of(view, ft_view_list(view), choice);
		if (column && column != view->sort[ft_view_list(view)].column)
			ft_view_sort_by(view, column);
	}
	return FT_FX_FILL | FT_FX_PAINT;
}

unsigned ft_menu_step(struct ft_view *view, const struct ft_event *event,
		      const struct ft_stage *stage)
{
	struct ft_menu *menu = &view->menu;

	switch (ft_action_of(event->key)) {
	case FT_ACTION_UP:
		menu->chosen -= menu->chosen > 0;
		break;
	case FT_ACTION_DOWN:
		menu->chosen += menu->chosen + 1 < menu->count;
		break;
	case FT_ACTION_HOME:
	case FT_ACTION_PAGE_UP:
		menu->chosen = 0;
		break;
	case FT_ACTION_END:
	case FT_ACTION_PAGE_DOWN:
		menu->chosen = menu->count - 1;
		break;
	case FT_ACTION_ENTER:
		return ft_menu_choose(view, menu->chosen, stage);
	case FT_ACTION_ACTIONS: /* again: this one */
		if (menu->kind == FT_MENU_ACTIONS)
			return ft_menu_choose(view, menu->chosen, stage);
		break;
	case FT_ACTION_QUIT:
		return FT_FX_QUIT;
	case FT_ACTION_SUSPEND:
		return FT_FX_SUSPEND;
	case FT_ACTION_REDRAW:
		return FT_FX_REDRAW;
	case FT_ACTION_GROUP: /* again: the next one */
	case FT_ACTION_SORT_MENU:
		menu->chosen = (menu->chosen + 1) % menu->count;
		break;
	case FT_ACTION_BACK:
	case FT_ACTION_CLOSE:
		menu->kind = FT_MENU_NONE;
		break;
	default:
		break;
	}
	return FT_FX_PAINT;
}
