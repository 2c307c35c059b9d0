/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store of the tc programs as user space sees it: loads them, sizes and maps their memory,
 * flips the epoch and reads what the idle half holds. Which hooks the programs hang on is
 * none of its business (tc_attach.h). One owner, the backend; one thread.
 */
#ifndef FT_CAPTURE_TC_STORE_H
#define FT_CAPTURE_TC_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/flow_abi.h"
#include "core/batch.h"

struct ft_backend_config;
struct ft_tc_store;

/* Loads the programs; counting is off until ft_tc_store_enable. */
int ft_tc_store_open(const struct ft_backend_config *config, struct ft_tc_store **ret_store,
		     char *err, size_t err_size);
void ft_tc_store_close(struct ft_tc_store *store); /* takes NULL */

/*
 * The program for a hook: the accounting one, or the stub that jumps to it. Borrowed fd, or
 * -errno: the programs for L3 devices are loaded when they are first asked for, since a
 * verifier takes its time and most machines have no such device.
 */
int ft_tc_store_program(struct ft_tc_store *store, bool l3, bool egress, bool stub);

/* Makes the programs know an interface, or know it anew; -ENOSPC if the table is full. */
int ft_tc_store_watch(struct ft_tc_store *store, const struct ft_iface *iface);
/* Forgets an interface whose hooks are detached; its counts are still in the next batch. */
void ft_tc_store_unwatch(struct ft_tc_store *store, uint32_t ifindex);

void ft_tc_store_enable(struct ft_tc_store *store, bool on);

/* Fill of the fullest log or of the spill map, per mille; what woke us is forgotten. */
int ft_tc_store_fill(struct ft_tc_store *store);

/* Readable once a log or the spill map is half full; -1: nothing tells (tc_wake.c). */
int ft_tc_store_fd(const struct ft_tc_store *store);

/*
 * Flips, waits a grace period, reads the half that is idle now. The batch borrows from the
 * store until the next collect or close.
 */
int ft_tc_store_collect(struct ft_tc_store *store, struct ft_batch *ret_batch);

/* The last batch, after the hooks are detached: no flip, both halves are read. */
int ft_tc_store_finish(struct ft_tc_store *store, struct ft_batch *ret_batch);

#endif
