/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which curses is loaded, for -V: here, because only this room includes curses. */
#include "ui/ui.h"

#include <curses.h>

/* The library's own words. */
const char *ft_ui_library(void)
{
	return curses_version();
}
