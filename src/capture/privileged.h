/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The acts that need privilege after the start, in one place: so that one can read in a minute
 * what flowtop does with its rights, and so that they can be moved to another process without
 * touching their callers. Now: looking into other users' processes (CAP_SYS_PTRACE, and the
 * owner's uid or CAP_DAC_READ_SEARCH); a ring for a flow's packets (CAP_NET_RAW). Collector thread only.
 * Having the kernel time programs is another process' already: cost_timer.h.
 */
#ifndef FT_CAPTURE_PRIVILEGED_H
#define FT_CAPTURE_PRIVILEGED_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

struct ft_backend;
struct ft_backend_config;
struct ft_links;

/* An AF_PACKET backend beside the one that counts. As ft_backend_ops.open. */
int ft_privileged_open_tap(const struct ft_backend_config *config, const struct ft_links *links,
			   struct ft_backend **ret_backend, char *err, size_t err_size);
/* Opens a process' list of descriptors; -EACCES: not ours to read; -ENOENT: it is gone. The
 * caller closes it (closedir). */
int ft_privileged_open_fds(int32_t pid, DIR **ret_fds);
/* Looks at the next descriptor. 1: *ret_inode is its socket's inode, 0 if it is no socket, and
 * *ret_fd its number if it is one; 0: that was the last one; -EACCES: not ours to look at. */
int ft_privileged_next_fd(DIR *fds, int *ret_fd, uint32_t *ret_inode);
/* Looks at one descriptor of a process: its socket's inode, 0 if it is no socket. -ENOENT: there
 * is no such descriptor or process; -EACCES: not ours to look at. */
int ft_privileged_fd(int32_t pid, int fd, uint32_t *ret_inode);
/* The program that a process runs; "" if it can't be told. */
int ft_privileged_exe(int32_t pid, char *buf, size_t size);

#endif
