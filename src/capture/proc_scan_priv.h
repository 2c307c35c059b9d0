/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the scan of /proc: proc_scan_list.c knows which processes there are, proc_scan.c walks over
 * their descriptors and answers who holds a socket. Nobody else includes this.
 */
#ifndef FT_CAPTURE_PROC_SCAN_PRIV_H
#define FT_CAPTURE_PROC_SCAN_PRIV_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/proc_info.h"
#include "capture/proc_scan.h"

#define BUCKETS 8192U

struct socket; /* proc_scan.c's */

struct process {
	int32_t pid;
	uint32_t sockets;    /* at the last look */
	uint64_t scanned_ns; /* begin of the last whole look at its descriptors, 0 = never */
	uint64_t born_ns;    /* when it was first listed; 0 = it was there before us */
	uint64_t info_ns;    /* when its record was read */
	uint64_t start_ns;   /* from the record: tells it from another under its number */
	uint16_t owner;      /* its record; FT_OWNER_UNKNOWN = not read */
	bool denied;         /* its descriptors may not be read */
};

/* A look at one process' descriptors under way. */
struct look {
	DIR *fds; /* owned; NULL = none under way */
	int32_t pid;
	uint64_t begun_ns;
	uint32_t sockets; /* so far */
};

struct ft_proc_scan {
	struct ft_owners *owners; /* borrowed */
	uint64_t boot_ns;
	bool init_pid_ns;

	struct process *processes; /* owned, ordered by pid */
	size_t process_count;
	uint32_t *order;           /* owned: this round's walk, indices of processes */
	size_t order_count, order_next;
	bool ordered;              /* order is of this round */
	bool walked;               /* this round's walk is at its end */

	struct socket *sockets;    /* owned */
	size_t socket_count, socket_space;
	uint32_t buckets[BUCKETS];
	uint64_t overflows;

	uint64_t now_ns;       /* of this round */
	uint64_t left_ns;      /* time left for walking in this round */
	uint64_t complete_ns;  /* every process that was there then was looked at since */
	uint64_t listed_ns, list_cost_ns;
	uint64_t listing_ns;   /* begin of the last listing: what came later isn't in it */
	size_t denied;

	struct look walk_look; /* the process that the last round was cut off in */

	struct ft_users users;
	struct ft_proc_info info; /* scratch */
};

/* proc_scan_list.c */
/* NULL if the last listing had no such process. */
struct process *ft_proc_scan_find_process(struct ft_proc_scan *scan, int32_t pid);
/* True if the record that we know of the process is still there and still its own. */
bool ft_proc_scan_is_record(const struct ft_proc_scan *scan, uint16_t owner, int32_t pid,
			    uint64_t start_ns);
/* Reads the record of a process, unless the one there is no older than max_age. */
void ft_proc_scan_look_at(struct ft_proc_scan *scan, struct process *process, uint64_t max_age);
/* Lists /proc; what that cost decides how soon it is done again. If it cannot be read, what we
 * know stays: nobody ended because of that. */
void ft_proc_scan_list(struct ft_proc_scan *scan);

#endif
