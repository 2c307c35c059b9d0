/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Config files: lines of `key = value`, the keys being the long options that may stand there.
 * A file only yields a list of assignments; options.c applies them, the command line last.
 */
#ifndef FT_CONFIG_FILE_H
#define FT_CONFIG_FILE_H

#include <stddef.h>

struct ft_option;

/* One thing the user said, and where, for messages. */
struct ft_assignment {
	const struct ft_option *option; /* borrowed: a row of the table */
	char *value;                    /* owned; NULL for a flag */
	char *what;                     /* owned; "-d", "--pane", "/etc/flowtop.conf:3: interval" */
};

struct ft_assignments {
	struct ft_assignment *list; /* owned */
	size_t count;
};

/* Copies value and what. */
void ft_assignments_add(struct ft_assignments *assignments, const struct ft_option *option,
			const char *value, const char *what);
void ft_assignments_done(struct ft_assignments *assignments);

/* Appends one line to a text that the caller frees. */
void ft_warn(char **warnings, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Reads one file, with the rights of the calling user if sudo made us root. 0, or -errno if it
 * cannot be read; a bad line is a warning and goes on.
 */
int ft_config_file_read(const char *path, struct ft_assignments *assignments, char **warnings);

/* $XDG_CONFIG_HOME/flowtop/config of the calling user; NULL if there is no home. Caller frees. */
char *ft_config_file_user(void);

#define FT_CONFIG_FILE_SYSTEM "/etc/flowtop.conf"

#endif
