/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who owns a socket, from all sources there are, best first: what the kernel told through BPF
 * decides; what it could not tell is asked from sock_diag, and the process from BPF by the
 * socket's cookie or from /proc. The first that knows decides, none guesses. Made by the main
 * thread, used by the collector thread.
 */
#ifndef FT_CAPTURE_OWNER_SOURCE_H
#define FT_CAPTURE_OWNER_SOURCE_H

#include <stdint.h>

#include "capture/lookup.h"
#include "capture/owner_bpf.h"
#include "core/net.h"
#include "core/owner.h"
#include "core/socket.h"
#include "core/table.h"

struct ft_owner_source;

struct ft_owner_source *ft_owner_source_new(struct ft_owners *owners);
void ft_owner_source_free(struct ft_owner_source *source); /* takes NULL */

/* Names that files don't tell are asked for on threads of their own, which start with the first
 * question. Lets Docker's daemon be asked about containers as well, over its socket (docker.h):
 * before rights are given up. -errno and why. */
int ft_owner_source_open_docker(struct ft_owner_source *source, const char *path, char *err,
				size_t err_size);
/* For tests: another function that asks users' and groups' names, before any was asked; who asks by
 * it is borrowed. */
struct ft_lookup *ft_owner_source_ask_by(struct ft_owner_source *source,
					 void (*ask)(void *arg, struct ft_lookup_answer *answer),
					 void *arg);

/* For the capture backend: what its programs share with the owner programs; NULL = nothing. */
const struct ft_owner_maps *ft_owner_source_maps(const struct ft_owner_source *source);

/* Looks for owners in the table, for about budget_ns: moves flows whose socket went to another
 * process, and asks about flows that have no owner, at most `max`. */
void ft_owner_source_apply(struct ft_owner_source *source, struct ft_table *table,
			   const struct ft_addr_set *addresses, uint64_t now_ns,
			   uint64_t budget_ns, unsigned max);
/* A quick look in between, at what may not be there any more next time. Returns after how many
 * nanoseconds to look again. woken: it is because the descriptor was readable. */
uint64_t ft_owner_source_glance(struct ft_owner_source *source, bool woken);
/* To look sooner if it gets readable; -1 if there is none, or not now: each glance may change it. */
int ft_owner_source_fd(const struct ft_owner_source *source);

/* The owner of a socket that is there now. One without a file is the kernel's unless somebody is
 * known to have had it, or is still to accept it. */
uint16_t ft_owner_source_of_socket(struct ft_owner_source *source,
				   const struct ft_socket *socket);
/* Reads what BPF has to tell, and nothing else. */
void ft_owner_source_drain(struct ft_owner_source *source);
/* Whose a socket is by what an event says of it: the process if it says one, else by the cookie. */
struct ft_owner_whose {
	uint64_t cookie, start_ns;
	uint32_t tgid, how; /* as in bpf/owner_abi.h; 0 = not said */
};
uint16_t ft_owner_source_whose(struct ft_owner_source *source, const struct ft_owner_whose *whose);

/* Bytes that programs wrote to a socket and read from it; false if nothing is known of it. arg is
 * the source. */
bool ft_owner_source_bytes(void *arg, uint64_t cookie, uint64_t *ret_sent, uint64_t *ret_received);

/* Which sources are in use, and what is missing. */
const char *ft_owner_source_describe(struct ft_owner_source *source);

#endif
