/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New files of the calling user's: mode 0600, never over one that is there, through no link.
 */
#ifndef FT_OUTPUT_NEW_FILE_H
#define FT_OUTPUT_NEW_FILE_H

#include <stddef.h>
#include <stdint.h>

struct ft_caller;

/* One that an option names, with the caller's rights: its descriptor, or -errno and a sentence
 * that begins with `what`. */
int ft_new_file_named(const char *what, const char *path, char *err, size_t err_size);
/*
 * flowtop-HOST-TIME.EXT in the working directory, else in the calling user's home; as who the thread
 * is now (caller.h). A descriptor, or -errno. ret_path: caller frees.
 */
int ft_new_file_here(const struct ft_caller *caller, const char *observer, uint64_t time_ns,
		     const char *extension, char **ret_path);

#endif
