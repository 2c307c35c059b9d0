/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots made by hand, for tests of what reads them: rows, columns, filter. Flows are told
 * from the local end's side; the key is put into canonical order here.
 */
#ifndef FT_TESTS_CORE_MADE_H
#define FT_TESTS_CORE_MADE_H

#include "core/snapshot.h"

#define MADE_SEC 1000000000ULL
#define MADE_START (1000000 * MADE_SEC)

struct made {
	struct ft_snapshot snapshot; /* points into what follows */
	struct ft_flow *flows;
	struct ft_flow_hot *rows;
	struct ft_delta *deltas;
	uint32_t *tcp_of;
	struct ft_flow_tcp *tcps;
	struct ft_health *sockets;
	size_t room;
	struct ft_process process[8];
	const struct ft_process *processes[8];
	struct ft_snapshot_scope scopes[3]; /* br0, lo, eth1 */
	struct ft_snapshot_iface ifaces[4]; /* br0, veth1, lo, eth1 */
};

/* Room for `room` flows. Processes: curl (812, alice), sshd (33, root), NetworkManager (700,
 * root), NetworkManager (701, root, container web-1) with ids FT_OWNER_FIRST + 0..3. */
void made_init(struct made *made, size_t room);
void made_done(struct made *made);

struct made_flow {
	const char *local, *remote;
	uint16_t local_port, remote_port; /* ICMP: id, type << 8 | code */
	uint8_t protocol;
	uint16_t vlan_outer, vlan_inner, scope;
	enum ft_path path;
	char began;             /* 'l', 'r', 0 */
	uint16_t owner, remote_owner; /* remote_owner matters on loopback */
	double tx_rate, rx_rate;      /* bytes/s, every window */
	struct ft_counts tx, rx;      /* totals */
	struct ft_counts tx_delta, rx_delta;
	double age_s, idle_s;   /* before the snapshot's end */
	enum ft_state state;
	enum ft_end_reason ended;
	uint8_t flags;          /* FT_ENTRY_* */
	uint8_t tx_tcp, rx_tcp;
	uint32_t extra;
	const struct ft_health *socket; /* of the local end, copied; NULL = not known */
	uint32_t syn_ack_us, ack_us;    /* of a handshake that the initiator (`began`) began */
};
/* Adds a flow with the next id; returns its row. */
struct ft_flow_hot *made_add(struct made *made, const struct made_flow *flow);
/* The next moment: same flows, another generation, a second later. */
void made_tick(struct made *made);

/* One pseudo-random number after the other, the same in every run. */
uint64_t made_random(void);

#endif
