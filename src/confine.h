/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flowtop gives up once all is open. Three parts, each by itself and each optional in the
 * kernel and in the build; what could not be applied is told, never passed over:
 *
 *   rights  the user root if sudo lent it, and every capability but those of the table below
 *   calls   system calls that it never makes (seccomp)
 *   files   making, changing, removing and running files, but in the places named (Landlock)
 *
 * They hold for the thread that applies them and for those that it starts afterwards, so that
 * they are applied before there are any. Called by session and, on trial, by doctor.
 */
#ifndef FT_CONFINE_H
#define FT_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

/* A capability that a session keeps: the only table of what flowtop needs. */
struct ft_right {
	unsigned bit;     /* CAP_NET_ADMIN */
	const char *name; /* "CAP_NET_ADMIN" */
	const char *use;  /* N_() */
};
extern const struct ft_right ft_rights[];
extern const size_t ft_right_count;

struct ft_confine_plan {
	bool live;                 /* interfaces are watched: the table's capabilities are kept */
	const char *const *places; /* folders where files may be made; borrowed; "" or NULL: none */
	size_t place_count;
};

enum ft_confine_part { FT_CONFINE_RIGHTS, FT_CONFINE_CALLS, FT_CONFINE_FILES, FT_CONFINE_PARTS };

/* Name and use of a part, for people. */
const char *ft_confine_name(enum ft_confine_part part);
const char *ft_confine_use(enum ft_confine_part part);

/* Applies one part. -errno and why; -EOPNOTSUPP: not in this kernel or build. */
int ft_confine_apply(enum ft_confine_part part, const struct ft_confine_plan *plan, char *why,
		     size_t why_size);
/* Applies those of a set (1U << part) now and tries those that will be applied later. remark: "" if
 * all went well, else a sentence about what did not. */
void ft_confine(const struct ft_confine_plan *plan, unsigned now, unsigned later, char *remark,
		size_t remark_size);
/* Whether a part could be applied here: tried in a child process. */
int ft_confine_try(enum ft_confine_part part, char *why, size_t why_size);

/* The calling thread alone, and what it starts: from now on it makes, changes and removes no file
 * and opens none but for reading. For the thread that looks at other processes, which Landlock can't
 * hold: whoever is in a domain of Landlock's may not look at processes outside of it, whatever its
 * rules are. -errno and why. */
int ft_confine_reader(char *why, size_t why_size);

/* ---- the parts; each is in a file of its own, or in that of the builds without it */

int ft_confine_rights(const struct ft_confine_plan *plan, char *why, size_t why_size);
int ft_confine_calls(const struct ft_confine_plan *plan, char *why, size_t why_size);
int ft_confine_files(const struct ft_confine_plan *plan, char *why, size_t why_size);

#endif
