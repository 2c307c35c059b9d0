/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See privileged.h: four ways to read /proc/PID, and a ring. */
#include "capture/privileged.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/backend.h"

int ft_privileged_open_tap(const struct ft_backend_config *config, const struct ft_links *links,
			   struct ft_backend **ret_backend, char *err, size_t err_size)
{
	return ft_backend_packet.open(config, links, ret_backend, err, err_size);
}

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

/* The inode of the socket that a link of /proc/PID/fd leads to, 0 if it is no socket. */
static int read_link(int dir, const char *path, uint32_t *ret_inode)
{
	unsigned int inode;
	char link[64];
	ssize_t length = readlinkat(dir, path, link, sizeof(link) - 1);

	if (length < 0)
		return errno == EACCES || errno == EPERM ? -EACCES : -ENOENT;
	link[length] = '\0';
	*ret_inode = sscanf(link, "socket:[%u]", &inode) == 1 ? inode : 0;
	return 0;
}

int ft_privileged_next_fd(DIR *fds, int *ret_fd, uint32_t *ret_inode)
{
	const struct dirent *entry = readdir(fds);

	*ret_inode = 0;
	if (!entry)
		return 0; /* the end; a process that goes away meanwhile ends it too */
	if (entry->d_name[0] == '.')
		return 1;
	*ret_fd = atoi(entry->d_name);
	return read_link(dirfd(fds), entry->d_name, ret_inode) == -EACCES ? -EACCES : 1;
}

int ft_privileged_fd(int32_t pid, int fd, uint32_t *ret_inode)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	return read_link(AT_FDCWD, path, ret_inode);
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
