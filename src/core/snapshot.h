/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The immutable picture of one moment: what the screen draws, what batch prints, what `w`
 * writes. Built by ft_table_snapshot on the collector thread; from then on nobody changes it.
 * Shared by counted references (atomic); the last put frees it, on whatever thread. The table
 * learns which snapshots still live through their shared registry, so that it knows which
 * cold records it may free: see ft_table_snapshot.
 */
#ifndef FT_CORE_SNAPSHOT_H
#define FT_CORE_SNAPSHOT_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cost.h"
#include "core/table.h"

struct ft_difference;
struct ft_event_list;
struct ft_socket_list;

struct ft_sum { /* packets, L3 and L2 bytes */
	uint64_t packets, bytes, l2_bytes;
};

/* The line that adds up; of one scope or of the sum, for the interval or since start.
 * seen = flows + other + not_ip + malformed + lost in packets and l2_bytes. */
struct ft_line {
	struct ft_tally seen;
	struct ft_sum flows;
	struct ft_sum other;
	struct ft_scope_counters by; /* the counters themselves: causes of not_ip, malformed, lost */
	bool inexact;                /* lost has an estimate in it (ring) */
};
struct ft_tally ft_line_not_ip(const struct ft_line *line);
struct ft_tally ft_line_malformed(const struct ft_line *line);
struct ft_tally ft_line_lost(const struct ft_line *line);
/* True if it adds up, in packets and in bytes. */
bool ft_line_adds_up(const struct ft_line *line);
void ft_line_add(struct ft_line *sum, const struct ft_line *line);
/* Word of a counter in records: "arp", "log_full", "ring", ...; NULL for FT_C_SEEN. */
const char *ft_counter_name(enum ft_counter counter);
bool ft_counter_is_not_ip(enum ft_counter counter);
bool ft_counter_is_malformed(enum ft_counter counter);
bool ft_counter_is_lost(enum ft_counter counter);
/* The same as a term of a line, where each has a word of its own: "not_ip_other". */
const char *ft_counter_term(enum ft_counter counter);
/* Sets the term of a line that is read back: "seen", "flows", "other" or a counter's; any other
 * word is passed over. */
void ft_line_set_term(struct ft_line *line, const char *term, struct ft_sum sum);

/* The number of what stands for all scopes that had to be forgotten, "(gone)". */
#define FT_SCOPE_GONE FT_MAX_SCOPES
#define FT_SCOPE_GONE_NAME "(gone)"

/* Flows that are not on a list, and what they counted in the snapshot's interval. */
struct ft_hidden {
	uint64_t flows;
	struct ft_sum interval;
};

struct ft_snapshot_scope {
	char name[IFNAMSIZ];
	uint16_t scope;
	uint16_t observer; /* 1 + index into the snapshot's observers, 0 = this run's own */
	bool present; /* false while its interface is gone */
	struct ft_line interval, total;
	/* Rates over the windows at the snapshot's end: tx is what the local ends of the scope's
	 * flows sent, rx what they got, so the header agrees with the columns; L3 bytes. */
	double tx_bytes_per_s[FT_WINDOWS], rx_bytes_per_s[FT_WINDOWS];
	double tx_packets_per_s[FT_WINDOWS], rx_packets_per_s[FT_WINDOWS];
};

struct ft_snapshot_iface {
	char name[IFNAMSIZ];
	uint32_t ifindex;
	uint16_t scope;
	bool present;
	char remark[160]; /* what the user should know of it; "" */
	struct ft_iface_counters interval, total; /* raw, beside the line */
	uint64_t drops_rx, drops_tx, qdisc_drops; /* as the kernel says, since flowtop started */
};

/* Flows whose packets are being written to files of their own (key x). */
#define FT_TAPS_MAX 8
struct ft_snapshot_taps {
	size_t count;
	uint64_t flow[FT_TAPS_MAX]; /* ids */
	uint64_t asked;             /* how many wishes of the screen have been looked at */
};

/* What the collector tells beside the table's own: copied. */
struct ft_snapshot_info {
	uint64_t end_ns;      /* CLOCK_REALTIME, end of the interval */
	uint64_t interval_ns; /* measured, monotonic */
	uint64_t start_ns;    /* CLOCK_REALTIME of flowtop's start */
	const char *backend;        /* "tcx" ... */
	const char *backend_reason; /* one sentence */
	const char *capture_filter; /* "" if none */
	const char *owner_source;   /* "sock_diag+/proc", ... */
	const char *health_source;  /* how sockets are looked at: "tcp_sock, set_state" */
	const char *event_source;   /* what events can't be seen, and why; "" = all are */
	int progress;         /* per mille of a file, -1 live */
	bool paused_watch;    /* counting is off (Ctrl-Z) */
	uint64_t not_watched_ns; /* sum of such gaps */
	struct ft_store_health store;
	struct ft_cost cost;  /* what flowtop itself used, while somebody looks */
	uint64_t lengthened;  /* intervals lengthened because an output was slow, since start */
	uint64_t missed;      /* intervals that an output did not get, summed, since start */
	uint64_t owners_unknown_full;
	const char *const *notes; /* sentences for the health line, newest first */
	size_t note_count;
	const struct ft_snapshot_scope *scopes; /* name, scope, present are taken */
	size_t scope_count;
	const struct ft_snapshot_iface *ifaces; /* all but interval/total are taken */
	size_t iface_count;
	const struct ft_socket_list *socket_list; /* shared; NULL = nobody asked for one */
	struct ft_snapshot_taps taps;
};

/* What a member points to, snapshot.c frees, snapshot_own.c copies and difference.c copies or shares:
 * a new one is a line in each. */
/* One process that a flow of this snapshot (or a process still listed) is owned by. */
struct ft_snapshot {
	/* times */
	uint64_t generation; /* 1, 2, 3 ... */
	uint64_t end_ns, interval_ns, start_ns;
	bool last; /* capture has stopped and all is drained */

	/* what it is compared with; NULL: with nothing (difference.h) */
	const struct ft_difference *difference;

	/* flows: rows[i].delta - 1 indexes deltas */
	const struct ft_flow_hot *rows;
	size_t row_count;
	const struct ft_delta *deltas;
	size_t delta_count;
	size_t live_flows;  /* rows that are not over (ft_flow_is_over) */

	/* TCP: tcp_of[row] - 1 indexes tcps, for rows below tcp_of_count; their sockets' newest
	 * samples, with ticks as CLOCK_REALTIME. NULL while there are none. */
	const uint32_t *tcp_of;
	size_t tcp_of_count;
	const struct ft_flow_tcp *tcps;
	const struct ft_health *sockets;

	/* all sockets of this machine, NULL while nobody asks for them; a reference */
	const struct ft_socket_list *socket_list;

	/* what happened: the newest FT_EVENTS_MAX; a reference */
	const struct ft_event_list *events;

	/* Conversations: pair_of[row] - 1 indexes pairings. NULL while there are none. */
	const uint32_t *pair_of;
	const struct ft_pairing *pairings;
	size_t pairing_count;
	const struct ft_nat *nats;
	size_t nat_count;

	/* processes: processes[id - FT_OWNER_FIRST], NULL where an id is not in use */
	const struct ft_process *const *processes;
	size_t process_count;
	/* what flows counted that have left: past[id], of pseudo owners too */
	const struct ft_past *past;
	size_t past_count;

	const struct ft_snapshot_scope *scopes;
	size_t scope_count;
	const struct ft_snapshot_iface *ifaces;
	size_t iface_count;
	struct ft_line interval, total; /* sums over scopes */
	/* hosts that watched, where there may be several (a collector's database); their scopes are
	 * not each other's */
	char **observers;
	size_t observer_count;
	struct ft_hidden withheld; /* what a filter kept from being read: is no row here */

	/* health */
	char *backend, *backend_reason, *capture_filter, *owner_source, *health_source,
		*event_source;
	int progress;
	bool paused_watch;
	uint64_t not_watched_ns;
	struct ft_store_health store;
	struct ft_cost cost;
	struct ft_snapshot_taps taps;
	uint64_t lengthened, missed;
	uint64_t evicted, owners_unknown_full; /* since start */
	uint32_t max_flows;
	char **notes;
	size_t note_count;
};

const struct ft_snapshot *ft_snapshot_take(const struct ft_snapshot *snapshot); /* +1 */
void ft_snapshot_put(const struct ft_snapshot *snapshot); /* -1; NULL is fine */

/* NULL for ids that are no process. */
const struct ft_process *ft_snapshot_process(const struct ft_snapshot *snapshot, uint16_t owner);
/* The interval's counts of a row: zeros if none; [0] a->b. */
const struct ft_counts *ft_snapshot_delta(const struct ft_snapshot *snapshot,
					  const struct ft_flow_hot *row);
/* The newest sample of the socket at an end (0 = a) of a flow; NULL if there is none. */
const struct ft_health *ft_snapshot_socket(const struct ft_snapshot *snapshot,
					   const struct ft_flow_hot *row, int end);
/* How long the handshake took: to the answer, from there to the first ACK. 0 = not seen. */
struct ft_handshake {
	uint32_t syn_ack_us, ack_us;
};
struct ft_handshake ft_flow_tcp_handshake(const struct ft_flow_tcp *tcp, unsigned initiator);
struct ft_handshake ft_snapshot_handshake(const struct ft_snapshot *snapshot,
					  const struct ft_flow_hot *row);
/* The one number of it: to the answer, and where the remote end began it, to its ACK: what the
 * way and the far end took, seen from here. 0 = not seen. */
uint32_t ft_snapshot_handshake_us(const struct ft_snapshot *snapshot,
				  const struct ft_flow_hot *row);
/*
 * Where else the conversation of a row is seen: the next place, NULL if there is none. From place
 * to place they come back to the first one, mostly: walks have to be bounded (FT_PLACES_MAX).
 */
#define FT_PLACES_MAX 64
const struct ft_flow_hot *ft_snapshot_pair(const struct ft_snapshot *snapshot,
					   const struct ft_flow_hot *row);
/* All of them but the row itself, at most max; returns how many. */
size_t ft_snapshot_pairs(const struct ft_snapshot *snapshot, const struct ft_flow_hot *row,
			 const struct ft_flow_hot **ret_rows, size_t max);
/* The translation that a row's flow is a side of, and which; NULL if there is none. */
const struct ft_nat *ft_snapshot_nat(const struct ft_snapshot *snapshot,
				     const struct ft_flow_hot *row, unsigned int *ret_side);
/* How many flows there are: those that live; at the end of a capture file all that are listed (of a
 * difference, in the later moment). */
size_t ft_snapshot_flows(const struct ft_snapshot *snapshot);
/* "br0" for a flow's scope. */
/* True if more than one of the interfaces that are watched saw packets. */
bool ft_snapshot_has_interfaces(const struct ft_snapshot *snapshot);
const char *ft_snapshot_scope_name(const struct ft_snapshot *snapshot, uint16_t scope);
/* The host that watched a scope; "" if that is this run's own. */
const char *ft_snapshot_observer(const struct ft_snapshot *snapshot, uint16_t scope);
/* The interface that carried a direction last, or NULL. */
const struct ft_snapshot_iface *ft_snapshot_iface_of(const struct ft_snapshot *snapshot,
						     const struct ft_flow_hot *row, int dir);

/* The direction index (0 or 1) of tx, from the local end's view: what the local end sent. */
static inline int ft_flow_tx(const struct ft_flow *flow)
{
	return flow->local == FT_END_B ? 1 : 0;
}

#endif
