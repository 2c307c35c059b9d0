/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See cgroup_paths.h. A chained hash; when it is full it starts anew, for what is still needed can
 * be asked for again while the cgroup lives.
 */
#include "capture/cgroup_paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/xalloc.h"

#define BUCKETS 1024U
#define PATHS_MAX 16384
#define FILEID_KERNFS 0xfe /* include/linux/exportfs.h: the handle is the 64-bit id */

struct entry {
	struct entry *next;
	uint64_t id;
	char path[];
};

struct ft_cgroup_paths {
	int root_fd;
	char root[PATH_MAX]; /* where it is mounted, as /proc/self/fd tells */
	struct entry *buckets[BUCKETS];
	size_t count;
};

/* The path of an open directory; its length or -errno. */
static ssize_t path_of(int fd, char *path, size_t size)
{
	char link[40];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, size - 1);
	if (length < 0)
		return -errno;
	path[length] = '\0';
	return length;
}

struct ft_cgroup_paths *ft_cgroup_paths_new(int root_fd)
{
	struct ft_cgroup_paths *paths = xcalloc(1, sizeof(*paths));

	paths->root_fd = root_fd;
	if (root_fd >= 0 && path_of(root_fd, paths->root, sizeof(paths->root)) < 0)
		paths->root[0] = '\0';
	return paths;
}

static void forget_all(struct ft_cgroup_paths *paths)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (paths->buckets[i]) {
			struct entry *entry = paths->buckets[i];

			paths->buckets[i] = entry->next;
			free(entry);
		}
	}
	paths->count = 0;
}

void ft_cgroup_paths_free(struct ft_cgroup_paths *paths)
{
	if (!paths)
		return;
	forget_all(paths);
	if (paths->root_fd >= 0)
		close(paths->root_fd);
	free(paths);
}

static const struct entry *find_entry(const struct ft_cgroup_paths *paths, uint64_t id)
{
	const struct entry *entry = paths->buckets[id % BUCKETS];

	while (entry && entry->id != id)
		entry = entry->next;
	return entry;
}

void ft_cgroup_paths_put(struct ft_cgroup_paths *paths, uint64_t id, const char *path)
{
	size_t size = strlen(path) + 1;
	struct entry *entry;

	if (find_entry(paths, id))
		return;
	if (paths->count >= PATHS_MAX)
		forget_all(paths);
	entry = xmalloc(sizeof(*entry) + size);
	entry->id = id;
	memcpy(entry->path, path, size);
	entry->next = paths->buckets[id % BUCKETS];
	paths->buckets[id % BUCKETS] = entry;
	paths->count++;
}

/* Asks the kernel; 0 or -errno. */
static int ask(const struct ft_cgroup_paths *paths, uint64_t id, char *path, size_t size)
{
	union {
		struct file_handle head;
		char space[sizeof(struct file_handle) + sizeof(id)];
	} handle = { .head = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
	char full[PATH_MAX];
	size_t root = strlen(paths->root);
	ssize_t length;
	int fd;

	if (paths->root_fd < 0)
		return -ENOENT;
	memcpy(handle.head.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(paths->root_fd, &handle.head, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = path_of(fd, full, sizeof(full));
	close(fd);
	if (length < 0)
		return (int)length;
	if (root == 1)
		root = 0; /* "/" */
	if ((size_t)length < root || strncmp(full, paths->root, root) != 0)
		return -ENOENT;
	snprintf(path, size, "%s", full[root] ? full + root : "/");
	return 0;
}

const char *ft_cgroup_paths_find(struct ft_cgroup_paths *paths, uint64_t id)
{
	const struct entry *entry = find_entry(paths, id);
	char path[PATH_MAX];

	if (!entry && id && ask(paths, id, path, sizeof(path)) == 0) {
		ft_cgroup_paths_put(paths, id, path);
		entry = find_entry(paths, id);
	}
	return entry ? entry->path : NULL;
}

/* ---- the root */

/* Undoes the octal escapes of mountinfo, in place. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
		    text[2] <= '7' && text[3] >= '0' && text[3] <= '7') {
			*to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + text[3] - '0');
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* Opens a directory if it is of the v2 tree. */
static int open_v2(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

/* Opens the v2 tree where mountinfo says that it is; another mount may lie over it. */
static int open_mounted(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t space = 0;
	int fd = -ENOENT;

	while (file && fd < 0 && getline(&line, &space, file) > 0) {
		char root[16], point[PATH_MAX];
		const char *dash = strstr(line, " - ");

		if (!dash || strncmp(dash, " - cgroup2 ", 11) != 0 ||
		    sscanf(line, "%*d %*d %*s %15s %4095s", root, point) != 2 ||
		    strcmp(root, "/") != 0)
			continue;
		unescape(point);
		fd = open_v2(point);
	}
	free(line);
	if (file)
		fclose(file);
	return fd;
}

/* Mounts it for us alone, at no place. */
static int open_unmounted(void)
{
	int fs = (int)syscall(SYS_fsopen, "cgroup2", FSOPEN_CLOEXEC), fd;

	if (fs < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		fd = -errno;
	else
		fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	if (fd == -1)
		fd = -errno;
	close(fs);
	return fd;
}

int ft_cgroup_open_root(void)
{
	int fd = open_mounted();

	return fd >= 0 ? fd : open_unmounted();
}
