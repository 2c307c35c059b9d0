/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The footer's prompt: a line of text, and what is done with it while it grows and at its end.
 * The filter acts as it is typed; what is invalid keeps the last valid one.
 */
#include <stdio.h>
#include <string.h>

#include "core/nls.h"
#include "core/num.h"
#include "ui/view.h"

#define INTERVAL_MIN 0.1
#define INTERVAL_MAX 3600.0

/* Copies what fits whole: texts are cut at the prompt's size when they are typed. */
static void copy(char to[FT_PROMPT_MAX], const char *from)
{
	snprintf(to, FT_PROMPT_MAX, "%s", from);
}

void ft_prompt_open(struct ft_view *view, enum ft_prompt_kind kind, const char *text)
{
	struct ft_prompt *prompt = &view->prompt;

	memset(prompt, 0, sizeof(*prompt));
	prompt->kind = kind;
	copy(prompt->text, text);
	prompt->length = prompt->cursor = strlen(prompt->text);
	copy(prompt->before, view->filter_text);
	prompt->from = ft_view_front(view)->index;
}

/* Bytes of the character before the cursor. */
static size_t character_before(const struct ft_prompt *prompt)
{
	size_t n = 0;

	while (n < prompt->cursor) {
		n++;
		if ((prompt->text[prompt->cursor - n] & 0xc0) != 0x80)
			break;
	}
	return n;
}

/* Bytes of the character at the cursor. */
static size_t character_at(const struct ft_prompt *prompt)
{
	size_t n = 0;

	while (prompt->cursor + n < prompt->length) {
		n++;
		if ((prompt->text[prompt->cursor + n] & 0xc0) != 0x80)
			break;
	}
	return n;
}

/* Takes n bytes before the cursor away. */
static void erase(struct ft_prompt *prompt, size_t n)
{
	memmove(prompt->text + prompt->cursor - n, prompt->text + prompt->cursor,
		prompt->length - prompt->cursor + 1);
	prompt->cursor -= n;
	prompt->length -= n;
}

/* Puts a character at the cursor, if there is room. */
static void insert(struct ft_prompt *prompt, uint32_t code)
{
	char utf8[4];
	size_t n;

	if (code < 0x80) {
		utf8[0] = (char)code;
		n = 1;
	} else if (code < 0x800) {
		utf8[0] = (char)(0xc0 | code >> 6);
		utf8[1] = (char)(0x80 | (code & 0x3f));
		n = 2;
	} else if (code < 0x10000) {
		utf8[0] = (char)(0xe0 | code >> 12);
		utf8[1] = (char)(0x80 | (code >> 6 & 0x3f));
		utf8[2] = (char)(0x80 | (code & 0x3f));
		n = 3;
	} else {
		utf8[0] = (char)(0xf0 | code >> 18);
		utf8[1] = (char)(0x80 | (code >> 12 & 0x3f));
		utf8[2] = (char)(0x80 | (code >> 6 & 0x3f));
		utf8[3] = (char)(0x80 | (code & 0x3f));
		n = 4;
	}
	if (prompt->length + n >= sizeof(prompt->text))
		return;
	memmove(prompt->text + prompt->cursor + n, prompt->text + prompt->cursor,
		prompt->length - prompt->cursor + 1);
	memcpy(prompt->text + prompt->cursor, utf8, n);
	prompt->cursor += n;
	prompt->length += n;
}

/* Takes a word and the spaces behind it away. */
static void erase_word(struct ft_prompt *prompt)
{
	size_t n = 0;

	while (n < prompt->cursor && prompt->text[prompt->cursor - n - 1] == ' ')
		n++;
	while (n < prompt->cursor && prompt->text[prompt->cursor - n - 1] != ' ')
		n++;
	erase(prompt, n);
}

/* Edits the line; true if its text changed. */
static bool edit(struct ft_prompt *prompt, uint32_t key)
{
	size_t before = prompt->length;

	switch (key) {
	case FT_KEY_BACKSPACE:
		erase(prompt, character_before(prompt));
		break;
	case FT_KEY_DELETE:
	case FT_CTRL('D'):
		if (prompt->cursor == prompt->length)
			break;
		prompt->cursor += character_at(prompt);
		erase(prompt, character_before(prompt));
		break;
	case FT_KEY_LEFT:
	case FT_CTRL('B'):
		prompt->cursor -= character_before(prompt);
		break;
	case FT_KEY_RIGHT:
	case FT_CTRL('F'):
		prompt->cursor += character_at(prompt);
		break;
	case FT_KEY_HOME:
	case FT_CTRL('A'):
		prompt->cursor = 0;
		break;
	case FT_KEY_END:
	case FT_CTRL('E'):
		prompt->cursor = prompt->length;
		break;
	case FT_CTRL('U'):
		erase(prompt, prompt->cursor);
		break;
	case FT_CTRL('K'):
		prompt->length = prompt->cursor;
		prompt->text[prompt->length] = '\0';
		break;
	case FT_CTRL('W'):
		erase_word(prompt);
		break;
	default:
		if (key >= 0x20 && key < FT_KEY_FIRST && !(key >= 0x7f && key < 0xa0))
			insert(prompt, key);
		break;
	}
	return prompt->length != before;
}

/* What the text does while it is typed. */
static unsigned typed(struct ft_view *view, const struct ft_stage *stage)
{
	struct ft_prompt *prompt = &view->prompt;

	if (prompt->kind == FT_PROMPT_FILTER)
		return ft_view_set_filter(view, prompt->text) < 0 ? FT_FX_PAINT
								  : FT_FX_FILL | FT_FX_PAINT;
	if (prompt->kind == FT_PROMPT_FIND) {
		copy(view->find_text, prompt->text);
		return ft_find_next(view, prompt->from, stage) | FT_FX_PAINT;
	}
	return FT_FX_PAINT;
}

/* Esc: as it was before. */
static unsigned cancel(struct ft_view *view)
{
	struct ft_prompt *prompt = &view->prompt;
	enum ft_prompt_kind kind = prompt->kind;

	prompt->kind = FT_PROMPT_NONE;
	if (kind == FT_PROMPT_FIND)
		view->find_text[0] = '\0';
	if (kind != FT_PROMPT_FILTER)
		return FT_FX_PAINT;
	ft_view_set_filter(view, prompt->before);
	return FT_FX_FILL | FT_FX_PAINT;
}

/* Enter on an interval: a number of seconds in range; nothing changes nothing. */
static unsigned set_interval(struct ft_view *view)
{
	struct ft_prompt *prompt = &view->prompt;
	double seconds;

	if (!prompt->text[0]) {
		prompt->kind = FT_PROMPT_NONE;
		return FT_FX_PAINT;
	}
	if (ft_num_double(_("interval"), prompt->text, INTERVAL_MIN, INTERVAL_MAX, &seconds,
			  prompt->error, sizeof(prompt->error)) < 0)
		return FT_FX_PAINT;
	view->interval_ns = (uint64_t)(seconds * 1e9);
	prompt->kind = FT_PROMPT_NONE;
	ft_view_say(view, false, _("interval: %g s"), seconds);
	return FT_FX_INTERVAL | FT_FX_PAINT;
}

/* Enter on a time to go to: nothing goes nowhere. */
static unsigned jump(struct ft_view *view, const struct ft_stage *stage)
{
	struct ft_prompt *prompt = &view->prompt;
	uint64_t now = stage->snapshot ? stage->snapshot->end_ns : 0;

	if (prompt->text[0] && ft_wish_parse(prompt->text, now, &view->wish) < 0) {
		snprintf(prompt->error, sizeof(prompt->error), "%s",
			 _("a time: 12:34, 12:34:56, 2026-11-21 12:34, -5m, +30s"));
		return FT_FX_PAINT;
	}
	prompt->kind = FT_PROMPT_NONE;
	return prompt->text[0] ? FT_FX_PAST | FT_FX_PAINT : FT_FX_PAINT;
}

/* Enter: what is invalid stays open, with the reason. */
static unsigned commit(struct ft_view *view, const struct ft_stage *stage)
{
	struct ft_prompt *prompt = &view->prompt;

	if (prompt->kind == FT_PROMPT_JUMP)
		return jump(view, stage);
	if (prompt->kind == FT_PROMPT_INTERVAL)
		return set_interval(view);
	if (prompt->kind == FT_PROMPT_FILTER && prompt->error[0])
		return FT_FX_PAINT;
	prompt->kind = FT_PROMPT_NONE;
	return FT_FX_PAINT;
}

unsigned ft_prompt_step(struct ft_view *view, const struct ft_event *event,
			const struct ft_stage *stage)
{
	struct ft_prompt *prompt = &view->prompt;
	uint32_t key = event->key;

	/* A pasted text is one line of text, whatever is in it. */
	if (event->pasted && key < 0x20)
		key = ' ';
	if (event->pasted)
		return edit(prompt, key) ? typed(view, stage) : FT_FX_PAINT;
	switch (key) {
	case FT_KEY_ESC:
	case FT_CTRL('C'):
		return cancel(view);
	case FT_KEY_ENTER:
		return commit(view, stage);
	case FT_CTRL('L'):
		return FT_FX_REDRAW;
	case FT_CTRL('Z'):
		return FT_FX_SUSPEND;
	case FT_KEY_F1 + 2: /* F3: the next one */
		if (prompt->kind != FT_PROMPT_FIND)
			return 0;
		prompt->from = ft_view_front(view)->index + 1;
		return typed(view, stage);
	case FT_KEY_CLICK:
	case FT_KEY_WHEEL_UP:
	case FT_KEY_WHEEL_DOWN:
		return 0;
	default:
		return edit(prompt, key) ? typed(view, stage) : FT_FX_PAINT;
	}
}
