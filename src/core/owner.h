/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who owns a socket: the cache, filled from outside (capture/owner_proc, later owner_bpf) and
 * asked by the table. It holds no descriptors and reads no files.
 *
 * A process is a record that never changes once published, except for `exited_ns` which is
 * written once by the collector before a snapshot is published: what changes (exec, a new
 * name) makes a new record. Records are freed when no snapshot can name them any more.
 * Bounded: at most FT_OWNER_MAX processes; beyond it the oldest exited ones go, and then
 * flows are owned by "unknown" with the reason "too many processes", counted.
 */
#ifndef FT_CORE_OWNER_H
#define FT_CORE_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/flow_abi.h"

#define FT_OWNER_MAX 60000

/* Ids below FT_OWNER_FIRST are not processes. An id names one record and is reused only when
 * no snapshot names it any more. */
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
	uint64_t start_ns;  /* CLOCK_REALTIME, 0 = unknown */
	uint64_t exited_ns; /* 0 = alive when last looked at */
	/* All owned by the record, never NULL, raw bytes as the kernel gave them. */
	const char *name;      /* comm */
	const char *exe;       /* "" if unreadable */
	const char *cmdline;   /* arguments joined with spaces */
	const char *user;      /* name, or the number as text */
	const char *cgroup;    /* path */
	const char *unit;      /* systemd unit, "" */
	const char *container; /* short id or name, "" */
};

struct ft_owners;

struct ft_owners *ft_owners_new(void);
void ft_owners_free(struct ft_owners *owners);

/* What capture tells. The strings of `process` are copied; id is ignored and given. Same
 * (pid, start_ns, name, cmdline) returns the existing id. FT_OWNER_UNKNOWN when full. */
uint16_t ft_owners_add_process(struct ft_owners *owners, const struct ft_process *process);
void ft_owners_exited(struct ft_owners *owners, int32_t pid, uint64_t when_ns);

/* NULL for ids that are no process. Borrowed; valid while owners or a snapshot naming it lives. */
const struct ft_process *ft_owners_process(const struct ft_owners *owners, uint16_t id);

/* Generations as in the table: records that died in generation g are freed once every living
 * snapshot is younger (ft_table calls it). */
void ft_owners_reap(struct ft_owners *owners, const uint64_t *living, size_t living_count,
		    uint64_t now_generation);
void ft_owners_drop(struct ft_owners *owners, uint16_t id, uint64_t now_generation);
size_t ft_owners_count(const struct ft_owners *owners);

#endif
