/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths of cgroups of the v2 tree by their ids (the inodes of their directories): told by the
 * kernel as they are made, or asked for by handle. Bounded; collector thread only.
 */
#ifndef FT_CAPTURE_CGROUP_PATHS_H
#define FT_CAPTURE_CGROUP_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ft_cgroup_paths;

/* root_fd: a directory of the v2 tree's root, owned from now on; -1: there is none. */
struct ft_cgroup_paths *ft_cgroup_paths_new(int root_fd);
void ft_cgroup_paths_free(struct ft_cgroup_paths *paths); /* takes NULL */

void ft_cgroup_paths_put(struct ft_cgroup_paths *paths, uint64_t id, const char *path);
/* NULL if it cannot be told (any more); "/" is the root. Borrowed until the next call. */
const char *ft_cgroup_paths_find(struct ft_cgroup_paths *paths, uint64_t id);

/* The root of the v2 tree, wherever it is mounted, or of a mount made for it alone; O_DIRECTORY,
 * CLOEXEC; -errno. */
int ft_cgroup_open_root(void);

#endif
