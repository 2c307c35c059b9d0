/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A text of lines that a pane scrolls through: details, interfaces, help. Made anew for each
 * painting, from values that are escaped here; long values go on in the next line.
 */
#ifndef FT_UI_TEXT_H
#define FT_UI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/style.h"

struct ft_text_line {
	enum ft_style style; /* of `text` */
	char *label;         /* owned; NULL = none */
	char *text;          /* owned */
};

struct ft_text {
	struct ft_text_line *lines; /* owned */
	size_t count, room;
	unsigned width;             /* cells of a line */
	unsigned indent;            /* cells of the labels */
	bool ascii;
};

void ft_text_init(struct ft_text *text, unsigned width, unsigned indent, bool ascii);
void ft_text_done(struct ft_text *text);
/* A heading, after an empty line unless it is the first. */
void ft_text_heading(struct ft_text *text, const char *heading);
/* A line without a label; our own words, not escaped, cut at the width. */
void ft_text_line(struct ft_text *text, enum ft_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Label and value, wrapped; the value is escaped. */
void ft_text_pair(struct ft_text *text, const char *label, enum ft_style style,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same for sentences without a label: wrapped at words where possible. */
void ft_text_wrap(struct ft_text *text, enum ft_style style, const char *sentence);

#endif
