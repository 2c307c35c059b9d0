/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See proc_info.h. One small file at a time, into a buffer on the stack; a file that cannot be
 * read leaves its field empty, only a missing `stat` means that the process is gone.
 */
#include "capture/proc_info.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/privileged.h"

#define HEX_ID 64   /* length of a container's id in a path */
#define SHORT_ID 12 /* as docker ps shows it */

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

/* Local users first: asking the name service may mean to wait for a network. */
static bool local_user(uint32_t uid, char *name, size_t size)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd entry, *found = NULL;
	char buf[2048];

	if (!file)
		return false;
	while (fgetpwent_r(file, &entry, buf, sizeof(buf), &found) == 0) {
		if (entry.pw_uid == uid) {
			snprintf(name, size, "%s", entry.pw_name);
			break;
		}
		found = NULL;
	}
	fclose(file);
	return found;
}

void ft_users_name(struct ft_users *users, uint32_t uid, char *name, size_t size)
{
	struct passwd entry, *found = NULL;
	char buf[2048];
	size_t i;

	for (i = 0; i < users->count; i++) {
		if (users->user[i].uid == uid) {
			snprintf(name, size, "%s", users->user[i].name);
			return;
		}
	}
	if (!local_user(uid, name, size)) {
		if (getpwuid_r(uid, &entry, buf, sizeof(buf), &found) == 0 && found)
			snprintf(name, size, "%s", found->pw_name);
		else
			snprintf(name, size, "%u", uid);
	}
	i = users->next++ % (sizeof(users->user) / sizeof(users->user[0]));
	if (users->count <= i)
		users->count = i + 1;
	users->user[i].uid = uid;
	snprintf(users->user[i].name, sizeof(users->user[i].name), "%s", name);
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

/* The first run of exactly 64 hex digits, which is what container engines name cgroups by. */
static const char *find_id(const char *path)
{
	while (*path) {
		size_t n = 0;

		while (isxdigit((unsigned char)path[n]))
			n++;
		if (n == HEX_ID)
			return path;
		path += n ? n : 1;
	}
	return NULL;
}

/* lxc names its cgroups: /lxc/NAME, /lxc.payload.NAME; systemd-machined: machine-NAME.scope. */
static const char *find_name(const char *path, size_t *ret_length)
{
	static const struct { const char *before, *end; } forms[] = {
		{ "/lxc.payload.", "/" },
		{ "/lxc/", "/" },
		{ "/machine.slice/machine-", "." },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *at = strstr(path, forms[i].before);

		if (!at)
			continue;
		at += strlen(forms[i].before);
		*ret_length = strcspn(at, forms[i].end);
		if (*ret_length > 0)
			return at;
	}
	return NULL;
}

void ft_proc_container_of(const char *path, char *container, size_t container_size)
{
	size_t length = SHORT_ID;
	const char *at = find_id(path);

	if (!at)
		at = find_name(path, &length);
	snprintf(container, container_size, "%.*s", at ? (int)length : 0, at ? at : "");
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

/* Cgroup, and what its path says. */
static void read_cgroup(int32_t pid, struct ft_proc_info *info)
{
	if (ft_proc_read_cgroup(pid, info->cgroup, sizeof(info->cgroup)) < 0)
		return;
	ft_proc_unit_of(info->cgroup, info->unit, sizeof(info->unit));
	ft_proc_container_of(info->cgroup, info->container, sizeof(info->container));
}

/* The name between the first and the last bracket of stat. */
static void copy_name(const char *stat, char *name, size_t size)
{
	const char *begin = strchr(stat, '('), *end = strrchr(stat, ')');

	name[0] = '\0';
	if (begin && end > begin)
		snprintf(name, size, "%.*s", (int)(end - begin - 1), begin + 1);
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
	read_cgroup(pid, ret_info);
	ft_privileged_exe(pid, ret_info->exe, sizeof(ret_info->exe));
	ft_users_name(users, process->uid, ret_info->user, sizeof(ret_info->user));
	process->name = ret_info->name;
	process->exe = ret_info->exe;
	process->cmdline = ret_info->cmdline;
	process->user = ret_info->user;
	process->cgroup = ret_info->cgroup;
	process->unit = ret_info->unit;
	process->container = ret_info->container;
	return 0;
}
