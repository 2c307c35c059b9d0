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
		[FT_PROMPT_INTERVAL] = N_("interval in s, instead of"),
		[FT_PROMPT_JUMP] = N_("time:"),
	};
	const struct ft_prompt *prompt = &scene->view->prompt;
	struct ft_pen pen = ft_pen(scene->window, scene->footer, 0, scene->width,
				   scene->view->show.ascii);
	unsigned room, error;
	char left[FT_PROMPT_MAX];
	size_t from;

	ft_pen_printf(&pen, FT_STYLE_STRONG, "%s ", _(words[prompt->kind]));
	if (prompt->kind == FT_PROMPT_INTERVAL)
		ft_pen_printf(&pen, FT_STYLE_STRONG, "%g: ",
			      (double)scene->view->interval_ns / 1e9);
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

/* What is in front, as far as hints differ. */
enum place {
	PLACE_BASE = 1 << 0,  /* a list, nothing in front of it */
	PLACE_DRILL = 1 << 1, /* the flows of a row */
	PLACE_TEXT = 1 << 2,  /* details, interfaces, help */
	PLACE_MENU = 1 << 3,
};
#define PLACE_LISTS (PLACE_BASE | PLACE_DRILL)
#define PLACE_PANES (PLACE_LISTS | PLACE_TEXT)

/* The most useful first: as many are shown as fit. */
static const struct hint {
	enum ft_action action;
	unsigned places;
	const char *word; /* N_() */
} hints[] = {
	{ FT_ACTION_ENTER, PLACE_MENU, N_("choose") },
	{ FT_ACTION_BACK, PLACE_MENU, N_("cancel") },
	{ FT_ACTION_CLOSE, PLACE_BASE, N_("quit") },
	{ FT_ACTION_BACK, PLACE_DRILL | PLACE_TEXT, N_("back") },
	{ FT_ACTION_HELP, PLACE_PANES, N_("help") },
	{ FT_ACTION_ENTER, PLACE_LISTS, N_("open") },
	{ FT_ACTION_FILTER, PLACE_LISTS, N_("filter") },
	{ FT_ACTION_SORT_MENU, PLACE_LISTS, N_("sort") },
	{ FT_ACTION_GROUP, PLACE_BASE, N_("group") },
	{ FT_ACTION_LIVE, PLACE_PANES, N_("now") },
	{ FT_ACTION_STEP_ON, PLACE_PANES, N_("one moment on") },
	{ FT_ACTION_STEP_BACK, PLACE_PANES, N_("one moment back") },
	{ FT_ACTION_PAUSE, PLACE_PANES, N_("pause") },
	{ FT_ACTION_FIND, PLACE_LISTS, N_("find") },
	{ FT_ACTION_INTERFACES, PLACE_LISTS, N_("interfaces") },
	{ FT_ACTION_WRITE, PLACE_LISTS, N_("write") },
	{ FT_ACTION_ACTIONS, PLACE_LISTS, N_("actions") },
	{ FT_ACTION_QUIT, PLACE_DRILL | PLACE_TEXT, N_("quit") },
};

static enum place place_of(const struct ft_view *view)
{
	if (view->menu.kind != FT_MENU_NONE)
		return PLACE_MENU;
	if (!ft_pane_is_list(ft_view_front_const(view)->pane))
		return PLACE_TEXT;
	return view->depth ? PLACE_DRILL : PLACE_BASE;
}

/* The word of a hint, translated; NULL if its key does nothing here. */
static const char *hint_word(const struct hint *hint, const struct ft_view *view)
{
	if (!(hint->places & place_of(view)))
		return NULL;
	if (hint->action == FT_ACTION_LIVE && (!view->past || view->recording))
		return NULL;
	/* A recording opens at its first moment, and nothing moves. */
	if ((hint->action == FT_ACTION_STEP_ON || hint->action == FT_ACTION_STEP_BACK) &&
	    (!view->recording || view->plays))
		return NULL;
	if (hint->action == FT_ACTION_PAUSE && !ft_view_can_pause(view))
		return NULL;
	if (hint->action == FT_ACTION_PAUSE && (view->paused || view->held))
		return _("resume");
	return _(hint->word);
}

/* The keys that do something here, as many as fit whole. */
static void render_hints(struct ft_scene *scene)
{
	struct ft_pen pen = ft_pen(scene->window, scene->footer, 0, scene->width,
				   scene->view->show.ascii);
	char name[FT_KEY_NAME_MAX];

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		enum ft_action action = hints[i].action;
		const char *word = hint_word(&hints[i], scene->view);
		int x = pen.x;

		if (!word)
			continue;
		ft_key_name(ft_binding_of(action)->keys[0], name);
		if (ft_fmt_width(name) + 1 + ft_fmt_width(word) > (unsigned)ft_pen_room(&pen))
			continue;
		ft_pen_text(&pen, FT_STYLE_STRONG, name);
		ft_pen_printf(&pen, FT_STYLE_DIM, " %s", word);
		ft_map_add(&scene->map, FT_SPOT_ACTION, scene->footer, x, 1, pen.x - x, action);
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

/* The widest title of a choice, 0 if they have none, and the widest text. */
static void measure_menu(const struct ft_view *view, unsigned *ret_title, unsigned *ret_text)
{
	char own[FT_TITLE_MAX];

	*ret_title = *ret_text = 0;
	for (size_t i = 0; i < view->menu.count; i++) {
		unsigned title = ft_fmt_width(ft_menu_title(view, i, own));
		unsigned text = ft_fmt_width(ft_menu_text(view, i));

		*ret_title = title > *ret_title ? title : *ret_title;
		*ret_text = text > *ret_text ? text : *ret_text;
	}
}

void ft_menu_render(struct ft_scene *scene)
{
	const struct ft_menu *menu = &scene->view->menu;
	static const char *const headings[] = {
		[FT_MENU_NONE] = "",
		[FT_MENU_SORT] = N_("sort by"),
		[FT_MENU_GROUP] = N_("group talkers by"),
		[FT_MENU_ACTIONS] = N_("this row"),
	};
	const char *heading = menu->kind == FT_MENU_NONE ? "" : _(headings[menu->kind]);
	bool ascii = scene->view->show.ascii;
	char own[FT_TITLE_MAX];
	unsigned title, text;
	int width, x, y, lines;
	size_t top = 0;

	if (menu->kind == FT_MENU_NONE)
		return;
	measure_menu(scene->view, &title, &text);
	title += title ? 2 : 0;
	width = (int)(title + text > ft_fmt_width(heading) ? title + text : ft_fmt_width(heading));
	width = width + 4 < scene->width ? width + 4 : scene->width;
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
		if (i >= 0)
			ft_pen_fit(&pen, style, ft_menu_title(scene->view, choice, own), title,
				   FT_ALIGN_LEFT);
		ft_pen_fit(&pen, style, i < 0 ? heading : ft_menu_text(scene->view, choice),
			   (unsigned)ft_pen_room(&pen), FT_ALIGN_LEFT);
	}
	ft_map_add(&scene->map, FT_SPOT_CHOICE, y + 1, x, lines, width, top);
	scene->cursor_y = y + 1 + (int)(menu->chosen - top);
	scene->cursor_x = x + 2;
}
