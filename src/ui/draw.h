/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pen that writes along one line of a window and never beyond its end. Texts are valid UTF-8,
 * already escaped; widths are cells.
 */
#ifndef FT_UI_DRAW_H
#define FT_UI_DRAW_H

#include <curses.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/fmt.h"
#include "core/rows.h"
#include "ui/style.h"

struct ft_pen {
	WINDOW *window;
	int y, x, end; /* x: the next cell; end: the first that is not ours */
	bool ascii;
};

/* Cells from x to end of line y. */
struct ft_pen ft_pen(WINDOW *window, int y, int x, int end, bool ascii);
/* As much as fits, an ellipsis at the end if not all does. */
void ft_pen_text(struct ft_pen *pen, enum ft_style style, const char *text);
void ft_pen_printf(struct ft_pen *pen, enum ft_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Exactly `width` cells. */
void ft_pen_fit(struct ft_pen *pen, enum ft_style style, const char *text, unsigned width,
		enum ft_align align);
/* All of it or nothing; true if it was written. */
bool ft_pen_whole(struct ft_pen *pen, enum ft_style style, const char *text);
void ft_pen_skip(struct ft_pen *pen, int cells);
int ft_pen_room(const struct ft_pen *pen);

/* "12.3M" of a bytes/s or packets/s figure in the unit shown, without the unit's word. */
char *ft_draw_rate(const struct ft_show *show, double bytes, double packets, unsigned width,
		   char *buf, size_t size);
/* "bit/s", "B/s", "pkt/s". */
const char *ft_draw_rate_unit(const struct ft_show *show);

#endif
