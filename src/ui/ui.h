/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen, as main sees it: one call that runs until the user quits.
 */
#ifndef FT_UI_UI_H
#define FT_UI_UI_H

#include <stdbool.h>
#include <stddef.h>

struct ft_collector;
struct ft_mailbox;
struct ft_names;
struct ft_options;
struct ft_player;

struct ft_ui_config {
	const struct ft_options *options;
	struct ft_mailbox *mailbox;     /* borrowed */
	/*
	 * Starts the collector: called once the first frame is on the screen, so that it does
	 * not wait for programs to load; or, for a recording, a player. It stays the callee's. 0,
	 * or -errno with a sentence: then the terminal is put back and ft_ui_run returns it.
	 */
	int (*start)(void *arg, struct ft_collector **ret_collector,
		     struct ft_player **ret_player, char *err, size_t err_size);
	void *start_arg;
	struct ft_names *names;         /* borrowed */
	const char *observer;           /* host name */
	const char *warnings;           /* lines to show at first (config, TERM), or NULL */
};

/*
 * Opens the terminal (newterm on stdin/stdout), runs the loop, restores the terminal.
 * SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH must be blocked in all threads.
 * 0, or -errno with a sentence (-ENOTTY: no terminal). *ret_signal: the signal that ended it, 0.
 */
int ft_ui_run(const struct ft_ui_config *config, int *ret_signal, char *err, size_t err_size);

/* Puts the terminal back, from any thread or signal handler, whatever state it is in. */
void ft_ui_emergency_restore(void);

/* "ncurses 6.4.20221231", for -V. */
const char *ft_ui_library(void);

#endif
