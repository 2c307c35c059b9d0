/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See proc_info.h. One small file at a time, into a buffer on the stack; a file that cannot be
 * read leaves its field empty, only a missing `stat` means that the process is gone.
 */
#include "capture/proc_info.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/privileged.h"

#define PARENTS_MAX 8

/* Reads up to size - 1 bytes of /proc/PID/NAME; their number or -errno. */
static ssize_t read_file(int32_t pid, const char *name, char *buf, size_t size)
{
	char path[48];
	size_t length = 0;
	ssize_t ret;
	int fd;

	buf[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		ret = read(fd, buf + length, size - 1 - length);
		if (ret > 0)
			length += (size_t)ret;
	} while (ret > 0 && length < size - 1);
	close(fd);
	buf[length] = '\0';
	return ret < 0 && length == 0 ? -errno : (ssize_t)length;
}

/* The name stands in brackets and may hold anything, brackets too: the last one counts. */
int ft_proc_parse_stat(const char *text, int32_t *ret_ppid, uint64_t *ret_start_ticks)
{
	const char *after = strrchr(text, ')');
	unsigned long long start;
	int ppid;

	if (!after ||
	    sscanf(after + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d"
		   " %*d %*d %llu", &ppid, &start) != 2)
		return -EBADMSG;
	*ret_ppid = ppid;
	*ret_start_ticks = start;
	return 0;
}

static uint64_t tick_ns(void)
{
	long hz = sysconf(_SC_CLK_TCK);

	return 1000000000 / (uint64_t)(hz > 0 ? hz : 100);
}

static uint64_t ticks_ns(uint64_t ticks)
{
	return ticks * tick_ns();
}

uint64_t ft_proc_start_ns(uint64_t since_boot_ns, uint64_t boot_ns)
{
	return boot_ns + ticks_ns(since_boot_ns / tick_ns());
}

uint64_t ft_proc_info_start(int32_t pid, uint64_t boot_ns)
{
	uint64_t ticks;
	int32_t ppid;
	char text[1024];

	if (read_file(pid, "stat", text, sizeof(text)) <= 0 ||
	    ft_proc_parse_stat(text, &ppid, &ticks) < 0)
		return 0;
	return boot_ns + ticks_ns(ticks);
}

/* Effective ids from /proc/PID/status. */
static void read_ids(int32_t pid, struct ft_process *process)
{
	char text[4096];
	const char *line;

	if (read_file(pid, "status", text, sizeof(text)) <= 0)
		return;
	line = strstr(text, "\nUid:");
	if (line)
		sscanf(line, "\nUid: %*u %u", &process->uid);
	line = strstr(text, "\nGid:");
	if (line)
		sscanf(line, "\nGid: %*u %u", &process->gid);
}

void ft_proc_join_args(char *args, size_t length)
{
	while (length > 0 && args[length - 1] == '\0')
		length--;
	for (size_t i = 0; i < length; i++) {
		if (args[i] == '\0')
			args[i] = ' ';
	}
}

void ft_proc_read_cmdline(int32_t pid, char *cmdline, size_t size)
{
	ssize_t length = read_file(pid, "cmdline", cmdline, size);

	ft_proc_join_args(cmdline, length > 0 ? (size_t)length : 0);
}

/* The path of the unified hierarchy; on older systems that of systemd's, else of the first. */
void ft_proc_parse_cgroup(const char *text, char *path, size_t path_size)
{
	int best = 0;

	path[0] = '\0';
	while (*text) {
		size_t length = strcspn(text, "\n");
		const char *controllers = memchr(text, ':', length);
		const char *end = text + length, *at = NULL;

		if (controllers)
			at = memchr(controllers + 1, ':', (size_t)(end - controllers - 1));
		if (at) {
			size_t path_length = (size_t)(end - at - 1);
			bool root = path_length <= 1;
			int rank = root ? 1 : 2;

			if (!root && strncmp(controllers, ":name=systemd:", 14) == 0)
				rank = 3;
			if (!root && strncmp(controllers, "::", 2) == 0)
				rank = 4;
			if (rank > best) {
				best = rank;
				snprintf(path, path_size, "%.*s", (int)path_length, at + 1);
			}
		}
		text += length;
		if (*text)
			text++;
	}
}

static bool ends_with(const char *text, size_t length, const char *end)
{
	size_t n = strlen(end);

	return length > n && memcmp(text + length - n, end, n) == 0;
}

/* The innermost directory that systemd named as a service or scope. */
void ft_proc_unit_of(const char *path, char *unit, size_t unit_size)
{
	unit[0] = '\0';
	while (*path) {
		size_t length = strcspn(path, "/");

		if (ends_with(path, length, ".service") || ends_with(path, length, ".scope"))
			snprintf(unit, unit_size, "%.*s", (int)length, path);
		path += length;
		if (*path)
			path++;
	}
}

void ft_proc_container_of(const char *path, char *container, size_t container_size)
{
	struct ft_container found;

	ft_container_of(path, &found);
	ft_container_label(&found, container, container_size);
}

void ft_proc_info_contain(const struct ft_container *found, char *label, size_t size,
			  struct ft_process *process)
{
	ft_container_label(found, label, size);
	process->container = label;
	process->container_id = found->id;
	process->runtime = found->runtime;
	process->image = found->image;
	process->pod = found->pod;
	process->pod_namespace = found->pod_namespace;
}

void ft_proc_info_place(struct ft_users *users, struct ft_proc_info *info)
{
	struct ft_process *process = &info->process;
	char home[128];

	ft_users_name(users, process->uid, info->user, sizeof(info->user));
	ft_users_group(users, process->gid, info->group, sizeof(info->group));
	ft_users_home(users, process->uid, home, sizeof(home));
	ft_proc_unit_of(info->cgroup, info->unit, sizeof(info->unit));
	info->found = *ft_users_container(users, info->cgroup, home);
	ft_proc_parents(process->ppid, info->parents, sizeof(info->parents));
	process->user = info->user;
	process->group = info->group;
	process->parents = info->parents;
	process->cgroup = info->cgroup;
	process->unit = info->unit;
	ft_proc_info_contain(&info->found, info->container, sizeof(info->container), process);
}

int ft_proc_read_cgroup(int32_t pid, char *path, size_t size)
{
	char text[8192];
	ssize_t length = read_file(pid, "cgroup", text, sizeof(text));

	path[0] = '\0';
	if (length <= 0)
		return length < 0 ? (int)length : -ENOENT;
	ft_proc_parse_cgroup(text, path, size);
	return 0;
}

/* The name between the first and the last bracket of stat. */
static void copy_name(const char *stat, char *name, size_t size)
{
	const char *begin = strchr(stat, '('), *end = strrchr(stat, ')');

	name[0] = '\0';
	if (begin && end > begin)
		snprintf(name, size, "%.*s", (int)(end - begin - 1), begin + 1);
}

void ft_proc_parents(int32_t ppid, char *parents, size_t size)
{
	char stat[1024], name[64];
	uint64_t ticks;
	size_t used = 0;

	parents[0] = '\0';
	for (int i = 0; i < PARENTS_MAX && ppid > 0; i++) {
		int32_t pid = ppid;
		int length;

		if (read_file(pid, "stat", stat, sizeof(stat)) <= 0 ||
		    ft_proc_parse_stat(stat, &ppid, &ticks) < 0)
			break;
		copy_name(stat, name, sizeof(name));
		length = snprintf(parents + used, size - used, "%s%s(%d)", i ? " " : "", name, pid);
		if (length < 0 || (size_t)length >= size - used) {
			parents[used] = '\0';
			break;
		}
		used += (size_t)length;
	}
}

uint32_t ft_proc_netns(int32_t pid)
{
	char path[48];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return stat(path, &st) == 0 ? (uint32_t)st.st_ino : 0;
}

int ft_proc_info_read(int32_t pid, uint64_t boot_ns, struct ft_users *users,
		      struct ft_proc_info *ret_info)
{
	struct ft_process *process = &ret_info->process;
	uint64_t ticks;
	char stat[1024];
	ssize_t length = read_file(pid, "stat", stat, sizeof(stat));

	if (length <= 0)
		return length < 0 ? (int)length : -ENOENT;
	memset(ret_info, 0, sizeof(*ret_info));
	process->pid = pid;
	if (ft_proc_parse_stat(stat, &process->ppid, &ticks) < 0)
		return -EBADMSG;
	process->start_ns = boot_ns + ticks_ns(ticks);
	copy_name(stat, ret_info->name, sizeof(ret_info->name));
	read_ids(pid, process);
	ft_proc_read_cmdline(pid, ret_info->cmdline, sizeof(ret_info->cmdline));
	ft_proc_read_cgroup(pid, ret_info->cgroup, sizeof(ret_info->cgroup));
	ft_privileged_exe(pid, ret_info->exe, sizeof(ret_info->exe));
	process->netns = ft_proc_netns(pid);
	process->name = ret_info->name;
	process->exe = ret_info->exe;
	process->cmdline = ret_info->cmdline;
	ft_proc_info_place(users, ret_info);
	return 0;
}
