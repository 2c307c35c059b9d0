/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines in an array; wrapping counts cells. */
#include "ui/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fmt.h"
#include "core/xalloc.h"

/* Longest value that is shown: command lines may be megabytes. */
#define VALUE_MAX 8192

void ft_text_init(struct ft_text *text, unsigned width, unsigned indent, bool ascii)
{
	memset(text, 0, sizeof(*text));
	text->width = width;
	text->indent = indent < width / 2 ? indent : width / 2;
	text->ascii = ascii;
}

void ft_text_done(struct ft_text *text)
{
	for (size_t i = 0; i < text->count; i++) {
		free(text->lines[i].label);
		free(text->lines[i].text);
	}
	free(text->lines);
	memset(text, 0, sizeof(*text));
}

/* Adds a line; takes over both strings. */
static void add(struct ft_text *text, enum ft_style style, char *label, char *line)
{
	if (text->count == text->room) {
		text->room = text->room ? text->room * 2 : 32;
		text->lines = xreallocarray(text->lines, text->room, sizeof(text->lines[0]));
	}
	text->lines[text->count].style = style;
	text->lines[text->count].label = label;
	text->lines[text->count].text = line;
	text->count++;
}

void ft_text_heading(struct ft_text *text, const char *heading)
{
	if (text->count)
		add(text, FT_STYLE_TEXT, NULL, xstrdup(""));
	add(text, FT_STYLE_STRONG, NULL, xstrdup(heading));
}

void ft_text_line(struct ft_text *text, enum ft_style style, const char *format, ...)
{
	char line[VALUE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	add(text, style, NULL, xstrdup(line));
}

/* Bytes of the character at text. */
static size_t character(const char *text)
{
	size_t n = 1;

	while ((text[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Bytes of text that fit into `room` cells; breaks after a space if one is near. */
static size_t fitting(const char *text, unsigned room)
{
	char one[16];
	unsigned cells = 0;
	size_t n = 0, space = 0;

	while (text[n]) {
		size_t step = character(text + n);

		if (step >= sizeof(one))
			step = sizeof(one) - 1;
		memcpy(one, text + n, step);
		one[step] = '\0';
		cells += ft_fmt_width(one);
		if (cells > room)
			break;
		n += step;
		if (one[0] == ' ')
			space = n;
	}
	if (text[n] && text[n] != ' ' && space > n / 2)
		return space;
	return n;
}

/* Adds a value from `label` on over as many lines as it takes. */
static void wrap(struct ft_text *text, enum ft_style style, const char *label, const char *value)
{
	unsigned indent = label ? text->indent : 0;
	unsigned room = text->width > indent ? text->width - indent : 1;
	const char *rest = value;
	bool first = true;

	do {
		size_t n = fitting(rest, room);

		if (n == 0 && rest[0])
			n = character(rest);
		add(text, style, label ? xstrdup(first ? label : "") : NULL, xstrndup(rest, n));
		rest += n;
		rest += rest[0] == ' ' && rest[1];
		first = false;
	} while (rest[0]);
}

void ft_text_pair(struct ft_text *text, const char *label, enum ft_style style,
		  const char *format, ...)
{
	char value[VALUE_MAX], escaped[VALUE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	ft_fmt_escape(value, strlen(value), text->ascii, escaped, sizeof(escaped));
	wrap(text, style, label, escaped);
}

void ft_text_wrap(struct ft_text *text, enum ft_style style, const char *sentence)
{
	char escaped[VALUE_MAX];

	ft_fmt_escape(sentence, strlen(sentence), text->ascii, escaped, sizeof(escaped));
	wrap(text, style, NULL, escaped);
}
