/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners from sock_diag and /proc: the source that works everywhere. Collector thread only.
 * One sock_diag dump a protocol and family at most each `period`, single look-ups in between;
 * socket inode -> process by scanning /proc/<pid>/fd incrementally, bounded in time by
 * `budget_ns` a call, cached; recent results (closed sockets too) are kept for a while, so
 * that a flow whose socket just closed still finds its owner.
 */
#ifndef FT_CAPTURE_OWNER_PROC_H
#define FT_CAPTURE_OWNER_PROC_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/sock_diag.h"
#include "core/net.h"
#include "core/owner.h"
#include "core/table.h"

struct ft_lookup;
struct ft_owner_proc;

struct ft_owner_proc *ft_owner_proc_new(struct ft_owners *owners);
void ft_owner_proc_free(struct ft_owner_proc *source);

/* Refreshes what is stale; call before resolving, which then may walk /proc for budget_ns. */
void ft_owner_proc_refresh(struct ft_owner_proc *source, const struct ft_addr_set *addresses,
			   uint64_t now_ns, uint64_t budget_ns);
/*
 * A quick look between refreshes at sockets and processes that may not live until the next one.
 * Returns after how many nanoseconds to look again: so that it costs about a hundredth of a CPU.
 */
uint64_t ft_owner_proc_glance(struct ft_owner_proc *source);
/* A better source, asked first about each socket that was found: its answer counts unless it is
 * FT_OWNER_UNKNOWN. finds_all: sockets that it doesn't know are no process'. */
void ft_owner_proc_ask_first(struct ft_owner_proc *source,
			     uint16_t (*find)(void *arg, uint64_t cookie), void *arg,
			     bool finds_all);
/* Names that have to be waited for are asked for there (borrowed; NULL: see proc_info.h). */
void ft_owner_proc_ask_names(struct ft_owner_proc *source, struct ft_lookup *names,
			     struct ft_lookup *docker);
/* CLOCK_REALTIME of the boot, by which it tells when processes started. */
uint64_t ft_owner_proc_boot_ns(const struct ft_owner_proc *source);
/* For ft_table_resolve_owners; arg is the source. */
void ft_owner_proc_resolve(void *arg, struct ft_owner_query *query);
/* The owner of a socket that is there now; FT_OWNER_UNKNOWN: not found (yet). */
uint16_t ft_owner_proc_of_socket(struct ft_owner_proc *source, const struct ft_sock *sock);
/* True of a TCP connection that its listener has not accepted yet: closed ones have no file either,
 * but are in other states. */
bool ft_owner_proc_is_waiting(const struct ft_sock *sock);
/* The owner of the listener in front of a TCP connection that it has not accepted yet; FT_OWNER_KERNEL:
 * there is none, FT_OWNER_UNKNOWN: not found yet, or too many were asked for in this round. */
uint16_t ft_owner_proc_of_listener(struct ft_owner_proc *source, const struct ft_sock *sock);
/* "sock_diag and /proc", or what is missing and why. */
const char *ft_owner_proc_describe(const struct ft_owner_proc *source);

#endif
