/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners told by the kernel, through BPF: the exact source. Several programs, each of which
 * may be refused by a kernel without harm to the others; what they tell is in bpf/owner_abi.h.
 * Opened by the main thread before the capture backend, whose programs share its maps; used by
 * the collector thread. After the opening nothing here needs a privilege but looks into /proc.
 */
#ifndef FT_CAPTURE_OWNER_BPF_H
#define FT_CAPTURE_OWNER_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/proc_info.h"
#include "core/owner.h"

struct ft_owner_bpf;

/* Maps that the tc programs read and write too; borrowed. */
struct ft_owner_maps {
	int sk_fd, ring_fd;
};

/* Loads what this kernel takes, and reads the sockets that there are. NULL: it takes nothing.
 * boot_ns: see proc_info.h; users: borrowed. */
struct ft_owner_bpf *ft_owner_bpf_new(struct ft_owners *owners, uint64_t boot_ns,
				      struct ft_users *users);
void ft_owner_bpf_free(struct ft_owner_bpf *source); /* takes NULL */

/* NULL for a NULL source. */
const struct ft_owner_maps *ft_owner_bpf_maps(const struct ft_owner_bpf *source);

/* Reads the news; true if there was a process among them. Costs no system call when there are none. */
bool ft_owner_bpf_drain(struct ft_owner_bpf *source);
/* Before a sleep that a new process is to end, or very much news: the descriptor that is readable
 * then, until it is drained. -1: nobody can be woken, come again by the clock; or `on` was false:
 * nobody wants to be. */
int ft_owner_bpf_doze(struct ft_owner_bpf *source, bool on);
/* Who owns the socket: a process, FT_OWNER_KERNEL, or FT_OWNER_UNKNOWN; NULL knows nothing. */
uint16_t ft_owner_bpf_find(struct ft_owner_bpf *source, uint64_t cookie);
/* The process, by its number and the time at which it started (as the kernel tells it). */
uint16_t ft_owner_bpf_process(struct ft_owner_bpf *source, uint32_t tgid, uint64_t start_ns);
/* Reads what programs wrote and read since the last time; seldom enough to cost a hundredth of a CPU
 * at most. */
void ft_owner_bpf_read_bytes(struct ft_owner_bpf *source);
/* Bytes that programs wrote to a socket and read from it; false if nothing is known of it. */
bool ft_owner_bpf_bytes(struct ft_owner_bpf *source, uint64_t cookie, uint64_t *ret_sent,
			uint64_t *ret_received);
/* True if each socket of a process is known: those before us and those since. */
bool ft_owner_bpf_complete(const struct ft_owner_bpf *source);

/* "BPF (created, used, held)". */
const char *ft_owner_bpf_describe(const struct ft_owner_bpf *source);

/* --doctor: tries each program: 0 or -errno, and a sentence. Leaves nothing behind. */
void ft_owner_bpf_probe_all(void (*report)(void *arg, const char *name, int result,
					   const char *why), void *arg);

#endif
