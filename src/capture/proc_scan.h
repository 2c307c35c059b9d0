/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which process holds a socket: found by walking /proc/PID/fd, a bit at a time. All sockets of
 * a process that was looked at are remembered, so that one walk answers many questions.
 *
 *   processes   by pid: when its descriptors were last looked at, how many sockets it had
 *   sockets     by inode: which process held it when last seen
 *
 * Order of the walk: processes never looked at first (a new socket is likely theirs), then by
 * the time of the last look, those with sockets a few seconds ahead of those without: so the
 * busy ones come often and none is left out. A walk goes on where its time ran out, in
 * the middle of a process too. Used by owner_proc.c on the collector thread.
 */
#ifndef FT_CAPTURE_PROC_SCAN_H
#define FT_CAPTURE_PROC_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/owner.h"

#define FT_SCAN_SOCKETS_MAX 65536

struct ft_lookup;
struct ft_proc_scan;

struct ft_proc_scan *ft_proc_scan_new(struct ft_owners *owners);
void ft_proc_scan_free(struct ft_proc_scan *scan); /* takes NULL */

/* Names that have to be waited for are asked for there (borrowed; NULL: see proc_info.h). */
void ft_proc_scan_ask_names(struct ft_proc_scan *scan, struct ft_lookup *names,
			    struct ft_lookup *docker);

/* A new round at now_ns (monotonic), with so much time for looking at processes: the processor's,
 * so that a busy machine makes rounds longer, not walks. Also notices processes that ended. */
void ft_proc_scan_begin(struct ft_proc_scan *scan, uint64_t now_ns, uint64_t budget_ns);

/* A look between rounds at processes that began a moment ago: some won't live until the next
 * round. */
void ft_proc_scan_glance(struct ft_proc_scan *scan, uint64_t now_ns, uint64_t budget_ns);

enum ft_holder {
	FT_HOLDER_FOUND,
	FT_HOLDER_FORMER,    /* it held it when last looked at, and doesn't any more */
	FT_HOLDER_SEARCHING, /* not found yet, processes are left to look at: ask next round */
	FT_HOLDER_NOBODY,    /* all were looked at since it was first asked for */
};

/* The holder of a socket; walks on within this round's time if it isn't known. */
enum ft_holder ft_proc_scan_find(struct ft_proc_scan *scan, uint32_t inode, uint16_t *ret_owner);
/* Who holds a socket now whose holder was a FORMER one: NOBODY if all were looked at since. */
enum ft_holder ft_proc_scan_find_other(struct ft_proc_scan *scan, uint32_t inode,
				       uint16_t *ret_owner);

/* After NOBODY: true if so many searches, one after another, found nobody; else the socket is
 * searched anew, from now on. It stays true for a minute, so that what else concerns that socket
 * needs none. */
bool ft_proc_scan_was_in_vain(struct ft_proc_scan *scan, uint32_t inode, unsigned times);

/* CLOCK_REALTIME of the boot, by which it tells when processes started. */
uint64_t ft_proc_scan_boot_ns(const struct ft_proc_scan *scan);

/* True if NOBODY means that no process of this machine holds it: all could be looked into (pid 1
 * is the test for a /proc that hides others). */
bool ft_proc_scan_sees_all(struct ft_proc_scan *scan);
/* True if all processes of this machine are listed, if not all can be looked into. */
bool ft_proc_scan_lists_all(const struct ft_proc_scan *scan);
/* Processes that could not be looked into in the last whole walk. */
size_t ft_proc_scan_denied(const struct ft_proc_scan *scan);
/* Sockets that could not be remembered since start. */
uint64_t ft_proc_scan_overflows(const struct ft_proc_scan *scan);

#endif
