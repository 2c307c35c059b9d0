/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process as /proc/PID tells it, with its container and unit read from its cgroup's path.
 * All text is bytes from outside: any of it may be long, empty or hostile; it is cut to its
 * buffer here and escaped where it is shown.
 */
#ifndef FT_CAPTURE_PROC_INFO_H
#define FT_CAPTURE_PROC_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/container.h"
#include "capture/lookup.h"
#include "core/owner.h"

#define FT_CMDLINE_MAX 4096

/* Buffers behind a struct ft_process; `process` points into them. */
struct ft_proc_info {
	struct ft_process process;
	char name[64];
	char exe[1024];
	char cmdline[FT_CMDLINE_MAX + 1];
	char user[64];
	char group[64];
	char parents[256];
	char cgroup[1024];
	char unit[256];
	char container[128];
	struct ft_container found;
};

/* Names of users and groups, kept: a look-up may ask a directory service over the network, for
 * which nobody waits if it is asked by `names`: until it answers, the number is the name. And of
 * containers, whose files are read once; of what they don't name, `docker` is asked. */
#define FT_NAMES_KEPT 64
struct ft_users {
	struct ft_lookup *names;  /* borrowed; NULL: asked at once */
	struct ft_lookup *docker; /* borrowed; NULL: not asked */
	struct ft_names_kept {
		size_t count, next;
		struct {
			uint32_t id;
			char name[64];
			char home[128]; /* of users */
			bool elsewhere; /* no local file has it */
		} row[FT_NAMES_KEPT];
	} users, groups;
	struct ft_containers *containers; /* owned; made when it is needed */
};
void ft_users_done(struct ft_users *users);

/* Reads one. boot_ns: CLOCK_REALTIME of the boot, always the same one. -ENOENT: it is gone. */
int ft_proc_info_read(int32_t pid, uint64_t boot_ns, struct ft_users *users,
		      struct ft_proc_info *ret_info);
/* Only when it started, to tell it from another one under its number; 0 if it is gone. */
uint64_t ft_proc_info_start(int32_t pid, uint64_t boot_ns);

/* The same from the kernel's own time, which is finer: start_boottime. */
uint64_t ft_proc_start_ns(uint64_t since_boot_ns, uint64_t boot_ns);

/* Asks the name service, which may take long: the function for `names`. */
void ft_users_ask(void *arg, struct ft_lookup_answer *answer);
/* A user's or group's name, or the number as text; asked once. */
void ft_users_name(struct ft_users *users, uint32_t uid, char *name, size_t size);
void ft_users_group(struct ft_users *users, uint32_t gid, char *name, size_t size);
/* A user's home, "" if it isn't known. */
void ft_users_home(struct ft_users *users, uint32_t uid, char *home, size_t size);
/* The container of a cgroup, all empty if it is none. */
const struct ft_container *ft_users_container(struct ft_users *users, const char *cgroup,
					      const char *home);

/* Fills in what follows from ids and cgroup: names, unit, container, parents. */
void ft_proc_info_place(struct ft_users *users, struct ft_proc_info *info);
/* Points a process to what is known of its container, and to its label, which is written. */
void ft_proc_info_contain(const struct ft_container *found, char *label, size_t size,
			  struct ft_process *process);
/* "bash(812) sshd(77) systemd(1)": who is above a process. */
void ft_proc_parents(int32_t ppid, char *parents, size_t size);
/* The network namespace, by its inode; 0 if it can't be told. */
uint32_t ft_proc_netns(int32_t pid);
/* Arguments joined with spaces, "" if they cannot be read. */
void ft_proc_read_cmdline(int32_t pid, char *cmdline, size_t size);
/* Joins arguments that zero bytes end; args[length] is zero. */
void ft_proc_join_args(char *args, size_t length);
/* The path of a process' cgroup; 0 or -errno, then "". */
int ft_proc_read_cgroup(int32_t pid, char *path, size_t size);

/* The pieces, for their tests: 0 or -EBADMSG. */
int ft_proc_parse_stat(const char *text, int32_t *ret_ppid, uint64_t *ret_start_ticks);
void ft_proc_parse_cgroup(const char *text, char *path, size_t path_size);
void ft_proc_unit_of(const char *path, char *unit, size_t unit_size);
void ft_proc_container_of(const char *path, char *container, size_t container_size);

#endif
