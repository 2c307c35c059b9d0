/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layout and the order of drawing; what lies in front is drawn last. */
#include "ui/screen.h"

#include <string.h>

#include "core/nls.h"

static const struct ft_pane_ops *const panes[FT_PANE_MAX] = {
	[FT_PANE_FLOWS] = &ft_pane_flows,
	[FT_PANE_TALKERS] = &ft_pane_talkers,
	[FT_PANE_PROCESSES] = &ft_pane_processes,
	[FT_PANE_SOCKETS] = &ft_pane_sockets,
	[FT_PANE_EVENTS] = &ft_pane_events,
	[FT_PANE_DETAILS] = &ft_pane_details,
	[FT_PANE_INTERFACES] = &ft_pane_interfaces,
	[FT_PANE_HEALTH] = &ft_pane_health,
	[FT_PANE_HELP] = &ft_pane_help,
};

const struct ft_pane_ops *ft_pane(enum ft_pane_id pane)
{
	return panes[pane];
}

void ft_screen_measure(struct ft_scene *scene)
{
	const struct ft_frame *front = ft_view_front_const(scene->view);
	int line = 3;

	getmaxyx(scene->window, scene->height, scene->width);
	scene->header = line;
	scene->note = -1;
	/* On a low screen the footer shows the note, where the hints would be. */
	if (scene->height >= 14 && ft_note_count(scene))
		scene->note = line++;
	scene->tabs = line++;
	if (ft_pane_is_list(front->pane))
		line++;
	scene->body = line;
	scene->footer = scene->height - 1;
	scene->page = scene->footer > line ? scene->footer - line : 1;
}

static bool is_too_small(const struct ft_scene *scene)
{
	return scene->width < FT_SCREEN_MIN_WIDTH || scene->height < FT_SCREEN_MIN_HEIGHT;
}

struct ft_stage ft_screen_stage(const struct ft_scene *scene)
{
	bool list = ft_pane_is_list(ft_view_front_const(scene->view)->pane);
	struct ft_stage stage = {
		.snapshot = scene->snapshot,
		.listing = list && scene->snapshot ? scene->listing : NULL,
		.map = &scene->map,
		.page = (size_t)scene->page,
		.lines = scene->lines,
		.columns_right = scene->columns_right,
		.unseen = is_too_small(scene),
	};

	return stage;
}

void ft_map_add(struct ft_map *map, enum ft_spot_kind kind, int y, int x, int height, int width,
		size_t arg)
{
	struct ft_spot spot = { kind, y, x, height, width, arg };

	if (map->count < FT_SPOTS_MAX && width > 0 && height > 0)
		map->spot[map->count++] = spot;
}

void ft_text_render(struct ft_scene *scene, const struct ft_frame *frame,
		    const struct ft_text *text)
{
	size_t page = (size_t)scene->page;
	size_t last = text->count > page ? text->count - page : 0;
	size_t top = frame->top < last ? frame->top : last;

	scene->lines = text->count;
	scene->cursor_y = scene->body;
	scene->cursor_x = 0;
	for (size_t i = 0; i < page && top + i < text->count; i++) {
		const struct ft_text_line *line = &text->lines[top + i];
		struct ft_pen pen = ft_pen(scene->window, scene->body + (int)i, 1, scene->width,
					   text->ascii);

		if (line->label)
			ft_pen_fit(&pen, FT_STYLE_DIM, line->label, text->indent, FT_ALIGN_LEFT);
		ft_pen_text(&pen, line->style, line->text);
	}
}

/* The sentence for a window that is too small. */
static void render_too_small(struct ft_scene *scene)
{
	struct ft_pen pen = ft_pen(scene->window, 0, 0, scene->width, scene->view->show.ascii);

	ft_pen_printf(&pen, FT_STYLE_STRONG, _("needs %dx%d"), FT_SCREEN_MIN_WIDTH,
		      FT_SCREEN_MIN_HEIGHT);
	scene->cursor_y = 0;
	scene->cursor_x = 0;
}

void ft_screen_render(struct ft_scene *scene)
{
	const struct ft_frame *front = ft_view_front_const(scene->view);

	scene->map.count = 0;
	scene->columns_right = 0;
	scene->lines = 0;
	werase(scene->window);
	if (is_too_small(scene)) {
		render_too_small(scene);
	} else {
		ft_header_render(scene);
		ft_tabs_render(scene);
		panes[front->pane]->render(scene, front);
		ft_footer_render(scene);
		ft_menu_render(scene);
	}
	wmove(scene->window, scene->cursor_y, scene->cursor_x);
}
