/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a pane or an output lists: a snapshot's flows, filtered, then grouped (talkers,
 * processes, ...) and put in order. The one path from a snapshot to lines, used by the screen,
 * batch and the snapshot key alike, so that all of them agree.
 *
 * ft_rows is owned by its user (a pane, an output) and refilled for each snapshot, filter or
 * sort change; it keeps its memory between fills. Order is total: ties are broken by the
 * flow's id or the group's key. Only the first `want` rows are sorted at once (a screen shows
 * fifty of a million); asking for more extends the order without starting anew.
 */
#ifndef FT_CORE_ROWS_H
#define FT_CORE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/fmt.h"
#include "core/snapshot.h"

struct ft_filter;
struct ft_flow_event;
struct ft_group_was;
struct ft_column;
struct ft_names;
struct ft_socket;

enum ft_list {
	FT_LIST_FLOWS,
	FT_LIST_TALKERS,
	FT_LIST_PROCESSES,
	FT_LIST_SOCKETS,
	FT_LIST_EVENTS,
	FT_LIST_MAX
};
const char *ft_list_name(enum ft_list list); /* "flows" "talkers" ...: --pane */

/* How talkers are grouped (key `a`); processes group by process. */
enum ft_group_by {
	FT_GROUP_HOST,
	FT_GROUP_NET,      /* /24 and /64 */
	FT_GROUP_PORT,     /* protocol and service port */
	FT_GROUP_PROTOCOL,
	FT_GROUP_USER,
	FT_GROUP_IFACE,    /* scope */
	FT_GROUP_VLAN,
	FT_GROUP_PROCESS,
	FT_GROUP_MAX
};
const char *ft_group_by_name(enum ft_group_by by); /* N_() text: "host", "network", ... */

/* One group: a talker, a process. Sides: tx is what the group's member sent (its local end, when
 * it is no end of a flow, as a port or VLAN). A flow whose two ends are the same member counts
 * once, seen from its local end. */
struct ft_group {
	uint64_t id;       /* of the row: the key's hash, seeded for this run; never 0 */
	uint8_t by;        /* enum ft_group_by */
	bool own;          /* a host that is this machine; a user of ours */
	uint8_t protocol;  /* of PORT and PROTOCOL */
	uint8_t prefix;    /* of NET: 0..128 of the mapped form */
	uint16_t port;     /* host order, of PORT */
	uint16_t owner;    /* of PROCESS: owner id; of USER: any process of that user, or < FIRST */
	uint32_t number;   /* scope, VLAN, uid */
	uint8_t addr[16];  /* of HOST, NET */
	uint32_t flows;    /* of them, live and ended in this snapshot */
	uint32_t hosts;    /* of PROCESS: unused for now, 0 */
	struct ft_counts tx, rx;             /* since first seen */
	struct ft_counts delta_tx, delta_rx; /* this interval */
	float rate_bytes[FT_WINDOWS][2];     /* [0] tx, [1] rx; decayed to the snapshot's end */
	float rate_packets[FT_WINDOWS][2];
	uint64_t first_ns, last_ns;
	const struct ft_group_was *was; /* of a difference: what it was; else NULL */
};

/* One line of a list: one is set. An event is one and, as flow, what it tells of its conversation.
 * Borrowed from snapshot and rows. */
struct ft_row {
	const struct ft_flow_hot *flow;
	const struct ft_group *group;
	const struct ft_socket *socket;
	const struct ft_flow_event *event;
};

/* Key m. */
enum ft_amounts { FT_AMOUNTS_BOTH, FT_AMOUNTS_RATES, FT_AMOUNTS_TOTALS };

/*
 * Key z: the totals of all flows at one moment, kept by the view and named by ft_show. Totals
 * on the screen, groups' too, are then what was counted since; a flow not in it began later.
 */
struct ft_baseline;
struct ft_baseline *ft_baseline_new(const struct ft_snapshot *snapshot);
void ft_baseline_free(struct ft_baseline *baseline);
/* What a direction of a flow counted since the baseline (since first seen if NULL). */
struct ft_counts ft_flow_total(const struct ft_baseline *baseline, const struct ft_flow_hot *flow,
			       int dir);

/* How to show and compare: the view's switches, or batch's options. A plain value. */
struct ft_show {
	enum ft_unit unit;      /* -u, key b */
	enum ft_prefix prefix;  /* --si, --iec */
	unsigned window;        /* index into ft_window_seconds; key t */
	unsigned layer;         /* 2 or 3: bytes on the screen */
	enum ft_amounts amounts; /* key m: which of the rate and total columns are laid out */
	bool numeric_hosts;     /* -n */
	bool numeric_ports;     /* -N */
	bool hide_ports;        /* key p */
	bool full_command;      /* key l */
	bool ascii;             /* --ascii */
	bool raw;               /* --raw: wide columns, for whole numbers */
	bool no_owners;         /* nobody tells owners (a file): no columns for them */
	bool difference;        /* a difference is shown: the columns for it, too */
	bool observers;         /* several hosts watched: a column tells which */
	bool interfaces;        /* several saw packets: which one comes before what else has to go */
	const struct ft_names *names; /* borrowed; NULL = numbers only */
	uint64_t base_ns;       /* key z: totals count from this moment; 0 = since start */
	/* key z: what to take off totals, unless a difference is shown; borrowed or NULL */
	const struct ft_baseline *baseline;
};

struct ft_query {
	enum ft_list list;
	enum ft_group_by group_by;      /* of talkers */
	const struct ft_filter *filter; /* NULL = all */
	/* drill-down: only flows of this group (its key fields), NULL = all */
	const struct ft_group *within;
	/* key c: closed flows and sockets not listed (groups still sum them) */
	bool hide_closed;
	const struct ft_column *sort;   /* NULL = the list's default */
	bool ascending;
	bool frozen;                    /* key o: keep the order there was, new rows at the end */
	const struct ft_show *show;
};

struct ft_rows;

struct ft_rows *ft_rows_new(void);
void ft_rows_free(struct ft_rows *rows);

/* Refills. The snapshot is borrowed until the next fill or free; the first `want` rows are in
 * order afterwards. Sums what the filter hid (interval), for the header and records. */
void ft_rows_fill(struct ft_rows *rows, const struct ft_snapshot *snapshot,
		  const struct ft_query *query, size_t want);
size_t ft_rows_count(const struct ft_rows *rows);
/* The row at a place < count; extends the order to there if need be. Borrowed until the next
 * fill. */
struct ft_row ft_rows_at(struct ft_rows *rows, size_t place);
/* Identity of a row that survives re-sorting and new snapshots: a flow's or event's id, a group's
 * hash, a socket's cookie. Never 0. */
uint64_t ft_row_id(const struct ft_row *row);
/* Where the row with this id is now, or SIZE_MAX. */
size_t ft_rows_find(struct ft_rows *rows, uint64_t id);
/* What the filter (neither the drill-down nor hide_closed) left out: how many flows (of a list of
 * sockets: sockets), and what they counted in the snapshot's interval. */
struct ft_hidden ft_rows_hidden(const struct ft_rows *rows);

/* True if a flow is over; that we stop counting is not its end. */
static inline bool ft_flow_is_over(const struct ft_flow_hot *flow)
{
	return flow->ended != FT_ENDED_NOT && flow->ended != FT_ENDED_STOP;
}
/*
 * The owner that an end of a flow counts for: as the row says; transit of what only passes by, unless
 * its socket is on this machine (a container's, in a network namespace of its own) and no other
 * flow of the conversation counts for it.
 */
static inline uint16_t ft_flow_owner(const struct ft_flow_hot *flow, int end)
{
	uint16_t owner = flow->owner[end];
	bool passes = owner < FT_OWNER_FIRST || (flow->entry_flags & FT_FLOW_ELSEWHERE);

	if (owner == FT_OWNER_FOREIGN || (passes && flow->flow->path == FT_PATH_TRANSIT))
		return FT_OWNER_TRANSIT;
	return owner;
}
/*
 * The owners that a flow counts for, the local end's first: on loopback both, unless one process has
 * both ends, which has every byte once. Returns how many. Of ret_owner[1] what it sent is what the
 * far end sent.
 */
static inline int ft_flow_owners(const struct ft_flow_hot *flow, uint16_t ret_owner[2])
{
	int local = ft_flow_tx(flow->flow);

	ret_owner[0] = ft_flow_owner(flow, local);
	if (flow->flow->path != FT_PATH_LOOPBACK)
		return 1;
	ret_owner[1] = ft_flow_owner(flow, !local);
	return ret_owner[0] == ret_owner[1] ? 1 : 2;
}
/* Whose an end is, whether the flow counts for it or not: of what passes by, which is nobody's that was
 * found, transit. */
static inline uint16_t ft_flow_seen_owner(const struct ft_flow_hot *flow, int end)
{
	bool passes = flow->flow->path == FT_PATH_TRANSIT;

	return passes && flow->owner[end] < FT_OWNER_FIRST ? FT_OWNER_TRANSIT : flow->owner[end];
}
/* The owner as recordings have it: who it counts for, but the far end of a flow of ours is another
 * machine. */
static inline uint16_t ft_flow_end_owner(const struct ft_flow_hot *flow, int end)
{
	bool far = flow->flow->path == FT_PATH_HOST && end != ft_flow_tx(flow->flow);

	return far && flow->owner[end] == FT_OWNER_FOREIGN ? FT_OWNER_FOREIGN :
							     ft_flow_owner(flow, end);
}
/* Read back: what was written before far ends were told apart has transit there. */
static inline uint16_t ft_flow_read_owner(const struct ft_flow *flow, int end, uint16_t owner)
{
	bool far = flow->path == FT_PATH_HOST && end != ft_flow_tx(flow);

	return far && owner == FT_OWNER_TRANSIT ? FT_OWNER_FOREIGN : owner;
}
/* TCP, UDP, SCTP, DCCP, UDP-Lite: the key's port slots are ports. */
bool ft_protocol_has_ports(uint8_t protocol);
/* The port that names the service: of the end that did not begin the flow, if that isn't known
 * the lower one; host order, 0 if there is none. */
uint16_t ft_flow_service_port(const struct ft_flow *flow);

/* True if the group counts this flow: drill-down. */
bool ft_group_has(const struct ft_group *group, const struct ft_snapshot *snapshot,
		  const struct ft_flow_hot *flow);

/* Rate of a flow's direction over a window at the snapshot's end: packets/s for
 * FT_UNIT_PACKETS, else bytes/s of the layer (bits are the caller's times eight). L2 rates are
 * L3 ones times the flow's own ratio of totals. */
double ft_flow_rate(const struct ft_snapshot *snapshot, const struct ft_flow_hot *flow, int dir,
		    unsigned window, enum ft_unit unit, unsigned layer);

#endif
