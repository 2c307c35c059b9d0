/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last line: the prompt while one is open, else the message, else (on low screens) the
 * note, else the keys' hints, which can be clicked. And the menu, which lies over the pane.
 */
#include <stdio.h>
#include <string.h>

#include "core/nls.h"
#include "ui/screen.h"

/* The part of the prompt's text that is shown: as much as fits before the cursor. */
static size_t shown_from(const struct ft_prompt *prompt, unsigned room)
{
	char left[FT_PROMPT_MAX];
	size_t from = 0;

	memcpy(left, prompt->text, prompt->cursor);
	left[prompt->cursor] = '\0';
	while (left[from] && ft_fmt_width(left + from) >= room) {
		from++;
		while ((left[from] & 0xc0) == 0x80)
			from++;
	}
	return from;
}

/* Word, text, and at the right why it is not valid yet. */
static void render_prompt(struct ft_scene *scene)
{
	static const char *const words[] = {
		[FT_PROMPT_NONE] = "",
		[FT_PROMPT_FILTER] = N_("filter:"),
		[FT_PROMPT_FIND] = N_("find:"),
		[FT_PROMPT_INTERVAL] = N_("interval in s:"),
	};
	const struct ft_prompt *prompt = &scene->view->prompt;
	struct ft_pen pen = ft_pen(scene->window, scene->footer, 0, scene->width,
				   scene->view->show.ascii);
	unsigned room, error;
	char left[FT_PROMPT_MAX];
	size_t from;

	ft_pen_printf(&pen, FT_STYLE_STRONG, "%s ", _(words[prompt->kind]));
	error = prompt->error[0] ? ft_fmt_width(prompt->error) + 2 : 0;
	room = (unsigned)ft_pen_room(&pen);
	if (error > room / 2)
		error = room / 2;
	from = shown_from(prompt, room - error);
	memcpy(left, prompt->text + from, prompt->cursor - from);
	left[prompt->cursor - from] = '\0';
	scene->cursor_y = scene->footer;
	scene->cursor_x = pen.x + (int)ft_fmt_width(left);
	pen.end -= (int)error;
	ft_pen_text(&pen, FT_STYLE_TEXT, prompt->text + from);
	if (!error)
		return;
	pen = ft_pen(scene->window, scene->footer, scene->width - (int)error + 1, scene->width,
		     scene->view->show.ascii);
	ft_pen_text(&pen, FT_STYLE_WARN, prompt->error);
}

/* Keys with a hint, as many as fit whole. */
static void render_hints(struct ft_scene *scene)
{
	struct ft_pen pen = ft_pen(scene->window, scene->footer, 0, scene->width,
				   scene->view->show.ascii);
	char name[FT_KEY_NAME_MAX];

	for (size_t i = ft_binding_count; i > 0; i--) {
		const struct ft_binding *binding = &ft_bindings[i - 1];
		int x = pen.x;
		unsigned need;

		if (!binding->hint)
			continue;
		ft_key_name(binding->keys[0], name);
		need = ft_fmt_width(name) + 1 + ft_fmt_width(_(binding->hint));
		if (need > (unsigned)ft_pen_room(&pen))
			continue;
		ft_pen_text(&pen, FT_STYLE_STRONG, name);
		ft_pen_printf(&pen, FT_STYLE_DIM, " %s", _(binding->hint));
		ft_map_add(&scene->map, FT_SPOT_ACTION, scene->footer, x, 1, pen.x - x,
			   binding->action);
		ft_pen_skip(&pen, 2);
	}
}

void ft_footer_render(struct ft_scene *scene)
{
	const struct ft_view *view = scene->view;
	struct ft_pen pen = ft_pen(scene->window, scene->footer, 0, scene->width,
				   view->show.ascii);
	char text[1024];

	if (view->prompt.kind != FT_PROMPT_NONE) {
		render_prompt(scene);
	} else if (view->message[0]) {
		ft_fmt_escape(view->message, strlen(view->message), view->show.ascii, text,
			      sizeof(text));
		ft_pen_text(&pen, view->message_bad ? FT_STYLE_WARN : FT_STYLE_STRONG, text);
	} else if (scene->note < 0 && ft_note(scene, 0, text)) {
		ft_pen_text(&pen, FT_STYLE_WARN, "! ");
		ft_pen_text(&pen, FT_STYLE_TEXT, text);
	} else {
		render_hints(scene);
	}
}

/* The widest choice, within what the screen has. */
static int menu_width(const struct ft_scene *scene, const char *title)
{
	unsigned widest = ft_fmt_width(title);

	for (size_t i = 0; i < scene->view->menu.count; i++) {
		unsigned width = ft_fmt_width(ft_menu_text(scene->view, i));

		widest = width > widest ? width : widest;
	}
	return (int)widest + 4 < scene->width ? (int)widest + 4 : scene->width;
}

void ft_menu_render(struct ft_scene *scene)
{
	const struct ft_menu *menu = &scene->view->menu;
	const char *title = menu->kind == FT_MENU_GROUP ? _("group talkers by") : _("sort by");
	bool ascii = scene->view->show.ascii;
	int width, x, y, lines;
	size_t top = 0;

	if (menu->kind == FT_MENU_NONE)
		return;
	width = menu_width(scene, title);
	lines = scene->footer - scene->tabs - 2;
	if ((size_t)lines > menu->count)
		lines = (int)menu->count;
	if (menu->chosen >= (size_t)lines)
		top = menu->chosen - (size_t)lines + 1;
	x = scene->width - width;
	y = scene->tabs + 1;
	for (int i = -1; i < lines; i++) {
		size_t choice = top + (size_t)i;
		struct ft_pen pen = ft_pen(scene->window, y + 1 + i, x, scene->width, ascii);
		enum ft_style style = i < 0 ? FT_STYLE_HEADER
				      : choice == menu->chosen ? FT_STYLE_SELECTED
							       : FT_STYLE_TEXT;

		ft_pen_text(&pen, FT_STYLE_DIM, ascii ? "| " : "│ ");
		ft_pen_fit(&pen, style, i < 0 ? title : ft_menu_text(scene->view, choice),
			   (unsigned)ft_pen_room(&pen), FT_ALIGN_LEFT);
	}
	ft_map_add(&scene->map, FT_SPOT_CHOICE, y + 1, x, lines, width, top);
	scene->cursor_y = y + 1 + (int)(menu->chosen - top);
	scene->cursor_x = x + 2;
}
