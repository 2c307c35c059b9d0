/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who called us: under sudo the user who typed the command, not root. Files are opened with
 * that user's rights, so that nobody reads or writes through us what they could not themselves.
 */
#ifndef FT_OUTPUT_CALLER_H
#define FT_OUTPUT_CALLER_H

#include <stdbool.h>
#include <sys/types.h>

struct ft_caller {
	uid_t uid;
	gid_t gid;
	bool by_sudo; /* we are root and uid is somebody else */
	char *home;   /* owned; NULL if not known */
};

void ft_caller_init(struct ft_caller *caller);
void ft_caller_done(struct ft_caller *caller);

/* File access of this thread is the caller's from here on, until ft_caller_leave. */
void ft_caller_enter(const struct ft_caller *caller);
void ft_caller_leave(const struct ft_caller *caller);

/* Gives up for good, before there are threads, what the program's file lends to whoever calls it
 * (setcap); nothing if we are root. */
void ft_caller_drop_capabilities(void);

#endif
