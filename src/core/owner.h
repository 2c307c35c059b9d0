/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who owns a socket: the cache, filled from outside (capture/owner_proc, later owner_bpf) and
 * asked by the table. It holds no descriptors and reads no files.
 *
 * A process is a record that never changes: what changes (exec, a new name, its exit) makes a
 * new record. Records are counted references: the cache holds one, each snapshot that lists the
 * process another; the last one to let go frees it, on whatever thread. An exit and what was
 * learned later replace the record under the same id, older snapshots keep the one they had.
 * Bounded: at most FT_OWNER_MAX processes; beyond it the oldest exited ones that own no flow go,
 * and then flows are owned by "unknown" with the reason "too many processes", counted.
 */
#ifndef FT_CORE_OWNER_H
#define FT_CORE_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/flow_abi.h"

#define FT_OWNER_MAX 60000

/* Ids below FT_OWNER_FIRST are not processes. An id names one process; ids are given out round and
 * round, so that one is not used again soon. */
enum ft_owner_id {
	FT_OWNER_UNKNOWN, /* ours, and we could not tell: see ft_owner_reason */
	FT_OWNER_KERNEL,  /* a socket of the kernel itself, or traffic without a socket (ICMP, ARP) */
	FT_OWNER_TRANSIT, /* neither end is ours: forwarded or bridged */
	FT_OWNER_FOREIGN, /* this end is another machine */
	FT_OWNER_FIRST,
};

struct ft_process {
	uint16_t id; /* >= FT_OWNER_FIRST */
	int32_t pid; /* thread group */
	int32_t ppid;
	uint32_t uid;
	uint32_t gid;
	uint32_t netns;     /* inode of its network namespace, 0 = unknown */
	uint64_t start_ns;  /* CLOCK_REALTIME, 0 = unknown */
	uint64_t exited_ns; /* 0 = alive when last looked at */
	/* All owned by the record, never NULL, raw bytes as the kernel gave them. */
	const char *name;      /* comm */
	const char *exe;       /* "" if unreadable */
	const char *cmdline;   /* arguments joined with spaces */
	const char *user;      /* name, or the number as text */
	const char *cgroup;    /* path */
	const char *unit;      /* systemd unit, "" */
	const char *container; /* name or short id, "" */
	const char *group;     /* name, or the number as text */
	const char *parents;   /* "bash(812) sshd(77) systemd(1)", as far as they were there */
	const char *container_id; /* whole */
	const char *runtime;      /* of the container: "docker", ... */
	const char *image;
	const char *pod, *pod_namespace;
};

struct ft_owners;

struct ft_owners *ft_owners_new(void);
void ft_owners_free(struct ft_owners *owners);

/* What capture tells. The strings of `process` are copied; id is ignored and given. Same
 * (pid, start_ns, name, cmdline) returns the existing id. FT_OWNER_UNKNOWN when full. */
uint16_t ft_owners_add_process(struct ft_owners *owners, const struct ft_process *process);
void ft_owners_exited(struct ft_owners *owners, int32_t pid, uint64_t when_ns);

/* What was learned later (a name that had to be waited for): `change` gets a copy of each record,
 * and returns true if it changed something; then that is the record. */
void ft_owners_update(struct ft_owners *owners,
		      bool (*change)(void *arg, struct ft_process *process), void *arg);

/* NULL for ids that are no process. Borrowed until the next call that changes owners. */
const struct ft_process *ft_owners_process(const struct ft_owners *owners, uint16_t id);

/* Flows that name an id hold it: the table says which (FT_OWNER_FIRST and up only; others are
 * ignored). */
void ft_owners_hold(struct ft_owners *owners, uint16_t id);
void ft_owners_release(struct ft_owners *owners, uint16_t id);
/* Lets go of what exited FT_OWNER_KEEP_NS ago and owns no flow; a bounded step a call. The table
 * calls it with each snapshot. */
#define FT_OWNER_KEEP_NS (600 * 1000000000ULL)
void ft_owners_reap(struct ft_owners *owners, uint64_t now_ns);

/* For snapshots: the records of all ids by (id - FT_OWNER_FIRST), NULL where free, each with one
 * more reference; owned by the caller. */
const struct ft_process **ft_owners_list(const struct ft_owners *owners, size_t *ret_count);
void ft_process_put(const struct ft_process *process); /* NULL is fine */
const struct ft_process *ft_process_take(const struct ft_process *process); /* +1 */
/* What it says as one number, never 0: for who writes each record once. */
uint64_t ft_process_print(const struct ft_process *process);

/* Processes that could not be added since start because the cache was full. */
uint64_t ft_owners_refused(const struct ft_owners *owners);
size_t ft_owners_count(const struct ft_owners *owners);

#endif
