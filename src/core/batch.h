/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What any backend delivers for one period: every packet that was seen in it, exactly once,
 * either inside an entry or inside a counter.
 *
 * A batch borrows: the spans point into the backend's own memory (for tc, straight into the
 * mmapped log) and stay valid until the next call of that backend's collect, stop or close.
 * The table reads it once (ft_table_apply) and keeps nothing of it.
 */
#ifndef FT_CORE_BATCH_H
#define FT_CORE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/flow_abi.h"
#include "bpf/health_abi.h"

struct ft_span {
	const struct ft_entry *entries; /* borrowed from the backend */
	size_t count;
};

/* Samples of TCP sockets; several may be of one, and then the newest holds. */
struct ft_socket_span {
	const struct ft_health *sockets; /* borrowed from the backend */
	size_t count;
};

/*
 * Two readings that turn ticks into CLOCK_REALTIME nanoseconds by linear interpolation (and
 * extrapolation). A producer whose ticks are nanoseconds already sets both readings equal to
 * (t, t): see ft_clock_identity. tick1 > tick0 unless identity.
 */
struct ft_clock {
	uint64_t tick0, ns0;
	uint64_t tick1, ns1;
};

/* One scope's counters for this period, summed over CPUs. */
struct ft_scope_delta {
	uint16_t scope;
	bool lost_inexact; /* c[FT_C_RING].l2_bytes is an estimate, packets are skbs */
	struct ft_scope_counters counters;
};

/* One interface's raw hook counters for this period. */
struct ft_iface_delta {
	uint32_t ifindex;
	struct ft_iface_counters counters;
};

/* What the store itself tells, for the health line. Fills are in per mille of capacity. */
struct ft_store_health {
	uint32_t log_fill;     /* fullest CPU's log at the drain */
	uint64_t spilled;      /* entries that came from the spill maps in this period */
	uint64_t flips;        /* epochs changed since start */
	uint64_t map_bytes;    /* memory of the kernel maps or the ring, listed apart from RSS */
	uint64_t sockets_missed; /* samples of sockets that found no room, since start */
};

struct ft_batch {
	struct ft_span *spans; /* owned by the backend */
	size_t span_count;
	struct ft_clock clock;
	struct ft_scope_delta *scopes; /* owned by the backend; one per scope with a count */
	size_t scope_count;
	struct ft_iface_delta *ifaces; /* owned by the backend */
	size_t iface_count;
	uint64_t end_ns;  /* CLOCK_REALTIME at the flip that ended the period */
	uint64_t mono_ns; /* CLOCK_MONOTONIC at the same moment; rates divide by its differences */
	struct ft_store_health health;
	struct ft_socket_span *socket_spans; /* owned by the backend */
	size_t socket_span_count;
	const char *sampler; /* the backend looks at sockets by itself, so: "tcp_sock"; else NULL */
};

/* CLOCK_REALTIME nanoseconds of a tick; 0 stays 0. */
uint64_t ft_clock_ns(const struct ft_clock *clock, uint64_t tick);

/* The clock of a producer whose ticks are CLOCK_REALTIME nanoseconds. */
struct ft_clock ft_clock_identity(void);

#endif
