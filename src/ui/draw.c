/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clipping happens here and nowhere else. */
#include "ui/draw.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/column.h"

/* Room for a line of any width: cells of up to four bytes, and escapes. */
#define LINE_BYTES 4096

struct ft_pen ft_pen(WINDOW *window, int y, int x, int end, bool ascii)
{
	struct ft_pen pen = { .window = window, .y = y, .x = x, .end = end, .ascii = ascii };
	int width = getmaxx(window);

	if (pen.end > width)
		pen.end = width;
	return pen;
}

int ft_pen_room(const struct ft_pen *pen)
{
	return pen->end > pen->x ? pen->end - pen->x : 0;
}

/* Writes a text that is known to fit. */
static void put(struct ft_pen *pen, enum ft_style style, const char *text)
{
	wattrset(pen->window, (int)ft_style(style));
	mvwaddstr(pen->window, pen->y, pen->x, text);
	wattrset(pen->window, A_NORMAL);
	pen->x += (int)ft_fmt_width(text);
}

void ft_pen_text(struct ft_pen *pen, enum ft_style style, const char *text)
{
	char line[LINE_BYTES];

	if (ft_pen_room(pen) == 0 || text[0] == '\0')
		return;
	ft_fmt_fit(text, (unsigned)ft_pen_room(pen), FT_ALIGN_LEFT, false, pen->ascii, line,
		   sizeof(line));
	put(pen, style, line);
}

void ft_pen_printf(struct ft_pen *pen, enum ft_style style, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ft_pen_text(pen, style, text);
}

void ft_pen_fit(struct ft_pen *pen, enum ft_style style, const char *text, unsigned width,
		enum ft_align align)
{
	char line[LINE_BYTES];

	if (width > (unsigned)ft_pen_room(pen))
		width = (unsigned)ft_pen_room(pen);
	if (width == 0)
		return;
	ft_fmt_fit(text, width, align, true, pen->ascii, line, sizeof(line));
	put(pen, style, line);
}

bool ft_pen_whole(struct ft_pen *pen, enum ft_style style, const char *text)
{
	if (ft_fmt_width(text) > (unsigned)ft_pen_room(pen))
		return false;
	ft_pen_text(pen, style, text);
	return true;
}

void ft_pen_skip(struct ft_pen *pen, int cells)
{
	pen->x += cells;
}

char *ft_draw_rate(const struct ft_show *show, double bytes, double packets, unsigned width,
		   char *buf, size_t size)
{
	double value = show->unit == FT_UNIT_PACKETS ? packets
		       : show->unit == FT_UNIT_BITS  ? bytes * 8
						     : bytes;

	return ft_fmt_rate(value, show->prefix, width, buf, size);
}

const char *ft_draw_rate_unit(const struct ft_show *show)
{
	return ft_column_rate_unit(show->unit);
}
