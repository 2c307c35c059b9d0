/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key J: the next row that matches, hiding nothing. Flows, sockets and events are matched by the
 * display filter's grammar (so that a bare word means any column), groups by the text of their
 * cells.
 */
#include <string.h>

#include "core/nls.h"
#include "core/xalloc.h"
#include "ui/view.h"

/* True if a group's row has the text in any of its cells. */
static bool group_matches(const struct ft_view *view, const struct ft_snapshot *snapshot,
			  const struct ft_row *row)
{
	enum ft_list list = ft_view_list(view);
	char cell[1024];

	for (size_t i = 0; i < ft_column_count; i++) {
		if (!ft_column_is_on(&ft_columns[i], list, &view->show))
			continue;
		ft_columns[i].format(snapshot, row, &view->show, 255, cell, sizeof(cell));
		if (strcasestr(cell, view->find_text))
			return true;
	}
	return false;
}

static bool row_matches(const struct ft_view *view, const struct ft_filter *filter,
			const struct ft_snapshot *snapshot, const struct ft_row *row)
{
	if (row->event)
		return ft_filter_match_event(filter, snapshot, row->event);
	if (row->flow)
		return ft_filter_match(filter, snapshot, row->flow);
	if (row->socket)
		return ft_filter_match_socket(filter, snapshot, row->socket);
	return group_matches(view, snapshot, row);
}

/* The first match at or after `from`, round the end; SIZE_MAX if there is none. */
static size_t search(struct ft_view *view, const struct ft_filter *filter, size_t from,
		     const struct ft_stage *stage)
{
	size_t count = ft_listing_count(stage->listing);

	for (size_t n = 0; n < count; n++) {
		size_t index = (from + n) % count;
		struct ft_row row = ft_listing_at(stage->listing, index);

		if (row_matches(view, filter, stage->snapshot, &row))
			return index;
	}
	return SIZE_MAX;
}

/* True for lists whose rows are sums: they have texts only. */
static bool is_grouped(enum ft_list list)
{
	return list == FT_LIST_TALKERS || list == FT_LIST_PROCESSES;
}

unsigned ft_find_next(struct ft_view *view, size_t from, const struct ft_stage *stage)
{
	struct ft_prompt *prompt = &view->prompt;
	struct ft_filter *filter = NULL;
	size_t index;

	prompt->error[0] = '\0';
	if (!stage->listing || !stage->snapshot || view->find_text[0] == '\0')
		return 0;
	if (!is_grouped(ft_view_list(view)) &&
	    ft_filter_parse(view->find_text, view->show.names, &filter, &prompt->error_at,
			    prompt->error, sizeof(prompt->error)) < 0) {
		ft_view_say(view, true, "%s", prompt->error);
		return FT_FX_PAINT;
	}
	index = search(view, filter, from, stage);
	ft_filter_free(filter);
	if (index != SIZE_MAX)
		ft_move_to(view, index, stage);
	else
		ft_view_say(view, true, _("no row matches \"%s\""), view->find_text);
	return FT_FX_PAINT;
}
