/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See privileged.h: three ways to read /proc/PID, nothing else yet. */
#include "capture/privileged.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int ft_privileged_open_fds(int32_t pid, DIR **ret_fds)
{
	char path[32];
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	fds = opendir(path);
	if (!fds)
		return -errno;
	*ret_fds = fds;
	return 0;
}

int ft_privileged_next_fd(DIR *fds, uint32_t *ret_inode)
{
	const struct dirent *entry = readdir(fds);
	unsigned int inode;
	char link[64];
	ssize_t length;

	*ret_inode = 0;
	if (!entry)
		return 0; /* the end; a process that goes away meanwhile ends it too */
	if (entry->d_name[0] == '.')
		return 1;
	length = readlinkat(dirfd(fds), entry->d_name, link, sizeof(link) - 1);
	if (length <= 0)
		return 1;
	link[length] = '\0';
	if (sscanf(link, "socket:[%u]", &inode) == 1)
		*ret_inode = inode;
	return 1;
}

int ft_privileged_exe(int32_t pid, char *buf, size_t size)
{
	char path[32];
	ssize_t length;

	buf[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	length = readlink(path, buf, size - 1);
	if (length < 0)
		return -errno;
	buf[length] = '\0';
	return 0;
}
