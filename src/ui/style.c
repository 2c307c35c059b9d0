/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One table; three colours, each readable on black and on white. */
#include "ui/style.h"

#include <curses.h>

enum { PAIR_WARN = 1, PAIR_TX, PAIR_RX };

static bool in_color;

void ft_style_init(bool color)
{
	in_color = false;
	if (!color || !has_colors() || start_color() == ERR || COLOR_PAIRS <= PAIR_RX)
		return;
	/* Without default colours the pairs would paint a background that is not the user's. */
	if (use_default_colors() == ERR)
		return;
	init_pair(PAIR_WARN, COLOR_RED, -1);
	init_pair(PAIR_TX, COLOR_MAGENTA, -1);
	init_pair(PAIR_RX, COLOR_GREEN, -1);
	in_color = true;
}

unsigned ft_style(enum ft_style style)
{
	static const struct {
		attr_t attributes;
		int pair;
	} styles[FT_STYLE_MAX] = {
		[FT_STYLE_TEXT] = { A_NORMAL, 0 },
		[FT_STYLE_STRONG] = { A_BOLD, 0 },
		[FT_STYLE_DIM] = { A_DIM, 0 },
		[FT_STYLE_HEADER] = { A_DIM | A_UNDERLINE, 0 },
		[FT_STYLE_SORTED] = { A_BOLD | A_UNDERLINE, 0 },
		[FT_STYLE_SELECTED] = { A_REVERSE, 0 },
		[FT_STYLE_TAB] = { A_REVERSE | A_BOLD, 0 },
		[FT_STYLE_BADGE] = { A_REVERSE | A_BOLD, 0 },
		[FT_STYLE_WARN] = { A_BOLD, PAIR_WARN },
		[FT_STYLE_TX] = { A_NORMAL, PAIR_TX },
		[FT_STYLE_RX] = { A_NORMAL, PAIR_RX },
	};
	attr_t attributes = styles[style].attributes;

	if (in_color && styles[style].pair)
		attributes |= (attr_t)COLOR_PAIR(styles[style].pair);
	return attributes;
}
