/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which connections' addresses this machine translates, as the kernel's connection tracking tells
 * over netlink: once all of them, in steps, then news of each. Nothing is loaded or switched on
 * for it: where nf_conntrack isn't, nothing is translated. Used by the collector thread; it never
 * waits for anything.
 */
#ifndef FT_CAPTURE_CONNTRACK_H
#define FT_CAPTURE_CONNTRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/nat.h"
#include "core/table.h"

struct ft_conntrack;

/* Never fails: what cannot be asked isn't. */
struct ft_conntrack *ft_conntrack_new(void);
void ft_conntrack_free(struct ft_conntrack *conntrack); /* takes NULL */

/* Tells the table what became known, for about budget_ns. now_ns: CLOCK_MONOTONIC; real_ns:
 * CLOCK_REALTIME. */
void ft_conntrack_apply(struct ft_conntrack *conntrack, struct ft_table *table, uint64_t now_ns,
			uint64_t real_ns, uint64_t budget_ns);

/* 0 if translations can be read here, or -errno; why it can't, or what that means. */
int ft_conntrack_probe(char *why, size_t why_size);

/* For the above and its test: what one message says. */
enum ft_conntrack_news {
	FT_CONNTRACK_NOTHING, /* no connection that is translated, or none that can be understood */
	FT_CONNTRACK_NAT,
	FT_CONNTRACK_GONE,
	FT_CONNTRACK_DONE, /* that was all of a listing */
	FT_CONNTRACK_ERROR,
};
enum ft_conntrack_news ft_conntrack_parse(const void *message, size_t length,
					  struct ft_nat *ret_nat, int *ret_error);

#endif
