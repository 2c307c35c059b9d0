/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How things look: a meaning in, attributes out. The terminal's own background and foreground
 * stay; meaning comes from bold, dim and reverse first and from colour second, so that 8
 * colours, light terminals and none at all tell the same.
 */
#ifndef FT_UI_STYLE_H
#define FT_UI_STYLE_H

#include <stdbool.h>

enum ft_style {
	FT_STYLE_TEXT,
	FT_STYLE_STRONG,
	FT_STYLE_DIM,      /* labels, zeros, hints, what has ended */
	FT_STYLE_HEADER,   /* column titles */
	FT_STYLE_SORTED,   /* the title of the sort column */
	FT_STYLE_SELECTED, /* the row under the cursor; the chosen line of a menu */
	FT_STYLE_TAB,      /* the pane in front */
	FT_STYLE_BADGE,    /* PAUSED */
	FT_STYLE_WARN,
	FT_STYLE_TX,
	FT_STYLE_RX,
	FT_STYLE_MAX
};

/* After newterm; without colour only attributes are used. */
void ft_style_init(bool color);
/* Attributes for curses (attr_t). */
unsigned ft_style(enum ft_style style);

#endif
