/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal itself: opening it (newterm, never initscr), its modes, leaving it for a while,
 * and putting it back whatever happens. One at a time; the main thread's, but for
 * ft_ui_emergency_restore.
 */
#ifndef FT_UI_TERM_H
#define FT_UI_TERM_H

#include <stdbool.h>
#include <stddef.h>

struct ft_term_config {
	bool mouse, color;
};

/*
 * Opens stdin/stdout. 0 or -errno with a sentence (-ENOTTY: no terminal). `remark` gets a line
 * about an unknown TERM, or "".
 */
int ft_term_open(const struct ft_term_config *config, char *remark, size_t remark_size, char *err,
		 size_t err_size);
/* Puts the terminal back; fine if it is not open. */
void ft_term_close(void);

/*
 * Shows what was drawn since the last time. In one piece: curses (6.4) writes at each move of the
 * cursor, and over SSH each write can be a packet, and a screen that is half old. Does not wait for the terminal:
 * while that has not taken all, nothing new is drawn, and calls send the rest.
 */
void ft_term_show(void);
/* True if there is something that the terminal did not take; once it takes more (EPOLLOUT of ft_term_fd), ft_term_show
 * is to be called again. */
bool ft_term_is_behind(void);
int ft_term_fd(void);

/* Ctrl-Z: the user's modes, and ours again with everything drawn anew. */
void ft_term_leave(void);
void ft_term_enter(void);
/* Reads the window's size; true if it changed. */
bool ft_term_resize(void);
/* Copies a text to the terminal's clipboard (OSC 52). */
void ft_term_copy(const char *text, size_t size);

#endif
