/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the store, for tc_store.c (birth, tables, flip), tc_drain.c (reading a half),
 * tc_wake.c (when to) and their tests, which make CPUs slotless and logs tiny.
 */
#ifndef FT_CAPTURE_TC_STORE_PRIV_H
#define FT_CAPTURE_TC_STORE_PRIV_H

#include "capture/tc_health.h"
#include "capture/tc_memory.h"
#include "capture/tc_store.h"

#include "bpf/flow_tc.skel.h" /* its structs are those of bpf/flow_abi.h */

/* A slot of the interface table. */
struct ft_tc_slot {
	uint32_t ifindex; /* whose counts it holds; 0 = none */
	bool leaving;     /* unwatched: free after the next collect */
};

struct ring_buffer;

struct ft_tc_store {
	struct flow_tc_bpf *skel;
	struct flow_tc_bpf *l3; /* the programs for L3 devices, on skel's maps; NULL until needed */
	uint32_t sample_shift;       /* sockets are sampled with every 2^n-th packet */
	struct ft_tc_health *health; /* NULL: sockets are not sampled */
	int grace_fd; /* inner map for the array of maps that makes the kernel wait */

	struct ring_buffer *wake; /* NULL: the programs cannot wake us */

	uint32_t slots;       /* CPUs with a log; the counters have one more */
	uint32_t cpu_end;     /* no id from here on has a slot */
	uint32_t log_entries; /* per slot and epoch */
	uint32_t buckets;     /* of an index half */
	uint32_t spill_entries;
	uint64_t map_bytes;
	uint32_t epoch; /* the half that programs write to */
	bool enabled;

	/* The programs' memory; index, counters and cpus are written here, the log only read. */
	struct ft_tc_memory index_memory, log_memory, scopes_memory, hooks_memory;
	struct ft_iface *ifaces;           /* [FT_MAX_IFACES] */
	struct ft_cpu *cpus;               /* [FT_MAX_CPUS] */
	struct ft_bucket *index;           /* [slots][2][buckets] */
	const struct ft_entry *log;        /* [slots][2][log_entries] */
	struct ft_scope_counters *scopes;  /* [slots + 1][2][FT_MAX_SCOPES] */
	struct ft_iface_counters *hooks;   /* [slots + 1][2][FT_MAX_IFACES] */

	struct ft_tc_slot iface_slots[FT_MAX_IFACES];
	bool scope_used[FT_MAX_SCOPES]; /* ever: only these are read */

	/* The batch handed out last. */
	struct ft_span *spans; /* [2 * slots + 1]: the last is the spill's */
	struct ft_scope_delta *scope_deltas; /* [FT_MAX_SCOPES] */
	struct ft_iface_delta *iface_deltas; /* [FT_MAX_IFACES] */
	struct ft_entry *spilled; /* NULL until something spills */
	struct ft_flow_key *spill_keys;
	size_t spill_taken; /* entries at the front of spilled that no batch has had yet */
	uint64_t flips;
	struct ft_clock clock; /* CLOCK_MONOTONIC: reading 0 is the base, reading 1 the newest */
};

/*
 * Reads halves into the batch and clears them (tc_drain.c): `first`, and the other one too if
 * `both`. On failure what was not read stays for the next time.
 */
int ft_tc_drain(struct ft_tc_store *store, uint32_t first, bool both, struct ft_batch *batch);

/* Tells the programs when to wake us, before they are loaded; 0 or -errno. */
int ft_tc_wake_prepare(struct ft_tc_store *store);
/* Makes ready to be woken, once they are; what fails is said in the log. */
void ft_tc_wake_open(struct ft_tc_store *store);
void ft_tc_wake_close(struct ft_tc_store *store);

#endif
