/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The moment, by hand: no table, so that what records print does not depend on how it counts. */
#include "moment.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "core/addr.h"

#define SECOND 1000000000ULL

static struct ft_flow flows[MOMENT_ROWS];
static struct ft_flow_hot rows[MOMENT_ROWS];
static struct ft_delta deltas[MOMENT_ROWS];
static struct ft_snapshot_scope scopes[2];
static struct ft_snapshot_iface ifaces[3];
static char note[] = "a note";
static char *notes[] = { note };
static char backend[] = "tcx", reason[] = "tcx works here", nothing[] = "", source[] = "sock_diag";
static char health_source[] = "tcp_sock, set_state";

static const struct ft_process curl = {
	.id = FT_OWNER_FIRST, .pid = 812, .ppid = 1, .uid = 1000, .gid = 1000,
	.start_ns = MOMENT_END_NS - 60 * SECOND, .name = "curl", .exe = "/usr/bin/curl",
	.cmdline = "curl \"https://x\"\t\x1b[31m\\", .user = "alice", .cgroup = "/user.slice",
	.unit = "", .container = "",
};
static const struct ft_process ping = {
	.id = FT_OWNER_FIRST + 1, .pid = 99, .name = "p\xffing\xc3(", .exe = "", .cmdline = "=1+1",
	.user = "root", .cgroup = "", .unit = "ping.service", .container = "0123456789ab",
	.container_id = "0123456789abcdef", .runtime = "docker", .pod = "web-0",
};
static const struct ft_process *const processes[] = { &curl, &ping };

/* What curl's socket said, and its handshake: 2 units of 1024 ns, then 10. */
static const struct ft_health socket_of_curl = {
	.cookie = UINT64_MAX, .tick = MOMENT_END_NS - SECOND / 2,
	.known = FT_HEALTH_MORE | FT_HEALTH_QUEUES | FT_HEALTH_APP, .state = FT_HEALTH_ESTABLISHED,
	.srtt_us = 12345, .min_rtt_us = 9000, .rttvar_us = 500, .rto_us = 204000,
	.cwnd = 10, .ssthresh = FT_HEALTH_NO_SSTHRESH, .mss = 1448, .pmtu = 1500,
	.unacked = 4, .lost = 1, .sacked = 2, .retrans = 1, .total_retrans = 31,
	.data_segs_out = 1000, .delivery_rate = 1250000, .pacing_rate = FT_HEALTH_NO_PACING,
	.bytes_acked = 40000, .bytes_received = 49000, .bytes_sent = 44888,
	.bytes_retrans = 4888, .notsent_bytes = 100, .snd_wnd = 65535, .reordering = 3,
	.app_sent = 38000, .app_received = 45000,
	.busy_us = 1000000, .rwnd_limited_us = 730000, .wqueue = 5892, .drops = 7,
	.options = FT_HEALTH_OPT_TIMESTAMPS | FT_HEALTH_OPT_SACK, .congestion = "cubic",
};
static const struct ft_flow_tcp tcp_of_curl = {
	.shake = { 100, 102, 112 }, .socket = { 1, 0 },
};
/* What curl sends is translated, and seen again as another flow (which is no such thing). */
static const struct ft_pairing pairings[] = {
	{ .next = MOMENT_DELAYED, .nat = 1 }, { .next = MOMENT_CURL, .nat = 1, .side = 1 },
};
static const uint32_t pair_of[MOMENT_ROWS] = { [MOMENT_CURL] = 1, [MOMENT_DELAYED] = 2 };
static struct ft_nat nat;

static const uint32_t tcp_of[] = { [MOMENT_CURL] = 1 };

/* One row: ends, ports, protocol; a is the local end. */
static struct ft_flow_hot *put(int row, const char *a, const char *b, uint16_t port_a,
			       uint16_t port_b, uint8_t protocol)
{
	struct ft_flow *flow = &flows[row];
	struct ft_flow_hot *hot = &rows[row];

	ft_addr_parse(a, flow->key.addr_a);
	ft_addr_parse(b, flow->key.addr_b);
	flow->key.port_a_be = htons(port_a);
	flow->key.port_b_be = htons(port_b);
	flow->key.protocol = protocol;
	flow->key.ip_version = ft_addr_is_v4(flow->key.addr_a) ? 4 : 6;
	flow->id = (uint64_t)row + 1;
	flow->local = FT_END_A;
	flow->initiator = FT_END_NONE;
	flow->first_ns = MOMENT_END_NS - 10 * SECOND;
	hot->flow = flow;
	hot->last_ns = MOMENT_END_NS - SECOND / 2;
	hot->owner[0] = FT_OWNER_UNKNOWN;
	hot->owner[1] = FT_OWNER_FOREIGN;
	for (int dir = 0; dir < 2; dir++)
		hot->total[dir] = (struct ft_counts){ 1000 + (unsigned)row, 50000, 64000 };
	return hot;
}

/* What the interval counted for a row, out and in. */
static void count(int row, uint64_t tx_packets, uint64_t tx_bytes, uint64_t rx_packets,
		  uint64_t rx_bytes)
{
	static uint32_t used;
	struct ft_delta *delta = &deltas[used];

	rows[row].delta = ++used;
	delta->row = (uint32_t)row;
	delta->count[0] = (struct ft_counts){ tx_packets, tx_bytes, tx_bytes + 14 * tx_packets };
	delta->count[1] = (struct ft_counts){ rx_packets, rx_bytes, rx_bytes + 14 * rx_packets };
}

/* Rows 0 to 4. */
static void first_half(void)
{
	struct ft_flow_hot *hot;

	hot = put(MOMENT_CURL, "10.0.0.2", "192.0.2.7", 51234, 443, IPPROTO_TCP);
	hot->owner[0] = FT_OWNER_FIRST;
	hot->state = FT_STATE_ESTABLISHED;
	hot->tcp_flags[0] = hot->tcp_flags[1] = 0x02 | 0x08 | 0x10;
	flows[MOMENT_CURL].initiator = FT_END_A;
	count(MOMENT_CURL, 3, 300, 2, 3000);
	hot = put(MOMENT_PING, "127.0.0.1", "127.0.0.1", 77, 8 << 8, IPPROTO_ICMP);
	hot->owner[0] = hot->owner[1] = FT_OWNER_FIRST + 1;
	flows[MOMENT_PING].path = FT_PATH_LOOPBACK;
	count(MOMENT_PING, 1, 84, 1, 84);
	hot = put(MOMENT_GRE, "198.51.100.1", "203.0.113.1", 0, 0, IPPROTO_GRE);
	hot->owner[0] = hot->owner[1] = FT_OWNER_TRANSIT;
	hot->entry_flags = FT_ENTRY_EXTRA_GRE;
	hot->iface_slot[0] = 2;
	flows[MOMENT_GRE].extra = 4711;
	flows[MOMENT_GRE].path = FT_PATH_TRANSIT;
	flows[MOMENT_GRE].key.vlan_outer = 100;
	flows[MOMENT_GRE].key.vlan_inner = 20;
	count(MOMENT_GRE, 5, 5000, 0, 0);
	hot = put(MOMENT_FRAGMENT, "10.0.0.2", "10.0.0.9", 0, 0, IPPROTO_UDP);
	hot->entry_flags = FT_ENTRY_FRAGMENT | FT_ENTRY_INEXACT;
	count(MOMENT_FRAGMENT, 0, 0, 4, 4000);
	hot = put(MOMENT_EVICTED, "10.0.0.2", "10.0.0.10", 1, 2, IPPROTO_UDP);
	hot->ended = FT_ENDED_EVICTED;
	hot->ended_now = 1;
}

/* Rows 5 and up. */
static void second_half(void)
{
	struct ft_flow_hot *hot;

	hot = put(MOMENT_ENDED, "10.0.0.2", "10.0.0.11", 5, 6, IPPROTO_TCP);
	hot->ended = FT_ENDED_RST;
	hot->ended_now = 1;
	hot->state = FT_STATE_RESET;
	hot->tcp_flags[1] = 0x04;
	count(MOMENT_ENDED, 0, 0, 1, 40);
	hot = put(MOMENT_CLOSED, "10.0.0.2", "10.0.0.12", 5, 6, IPPROTO_TCP);
	hot->ended = FT_ENDED_FIN;
	hot->state = FT_STATE_CLOSED;
	put(MOMENT_QUIET, "10.0.0.2", "10.0.0.13", 5, 6, IPPROTO_UDP);
	hot = put(MOMENT_ESP, "2001:db8::1", "2001:db8::2", 0, 0, IPPROTO_ESP);
	hot->entry_flags = FT_ENTRY_EXTRA_SPI;
	hot->owner[0] = FT_OWNER_KERNEL;
	flows[MOMENT_ESP].extra = 0xdeadbeef;
	count(MOMENT_ESP, 7, 700, 8, 800);
	put(MOMENT_DELAYED, "10.0.0.2", "10.0.0.14", 3868, 40000, IPPROTO_SCTP);
	flows[MOMENT_DELAYED].initiator = FT_END_B;
	count(MOMENT_DELAYED, 1, 100, 0, 0);
}

/* A line with every term in it, for the flows of one scope. */
static void fill_line(struct ft_line *line, uint16_t scope)
{
	for (int row = 0; row < MOMENT_ROWS; row++) {
		if (!rows[row].delta || flows[row].key.scope != scope)
			continue;
		for (int dir = 0; dir < 2; dir++) {
			const struct ft_counts *counts = &deltas[rows[row].delta - 1].count[dir];

			line->flows.packets += counts->packets;
			line->flows.bytes += counts->bytes;
			line->flows.l2_bytes += counts->l2_bytes;
		}
	}
	line->other = (struct ft_sum){ 2, 200, 228 };
	line->by.c[FT_C_NOT_IP_ARP] = (struct ft_tally){ 3, 180 };
	line->by.c[FT_C_BAD_L4] = (struct ft_tally){ 1, 60 };
	line->by.c[FT_C_LOST_FULL] = (struct ft_tally){ 4, 400 };
	line->seen.packets = line->flows.packets + 2 + 3 + 1 + 4;
	line->seen.l2_bytes = line->flows.l2_bytes + 228 + 180 + 60 + 400;
	line->by.c[FT_C_SEEN] = line->seen;
}

/* curl's connection is another one outside. */
static void fill_nat(void)
{
	struct ft_tuple before = {
		.sport_be = htons(51234), .dport_be = htons(443), .protocol = IPPROTO_TCP,
	};
	struct ft_tuple reply = {
		.sport_be = htons(443), .dport_be = htons(61000), .protocol = IPPROTO_TCP,
	};

	ft_addr_parse("10.0.0.2", before.src);
	ft_addr_parse("192.0.2.7", before.dst);
	ft_addr_parse("192.0.2.7", reply.src);
	ft_addr_parse("203.0.113.5", reply.dst);
	ft_nat_set(&nat, &before, &reply);
}

/* Interfaces: br0 with a port, and eth\xff. */
static void fill_interfaces(void)
{
	strcpy(scopes[0].name, "br0");
	strcpy(scopes[1].name, "eth\xff");
	scopes[1].scope = 1;
	scopes[0].present = true;
	flows[MOMENT_DELAYED].key.scope = 1;
	strcpy(ifaces[0].name, "br0");
	strcpy(ifaces[1].name, "veth3");
	strcpy(ifaces[2].name, "eth\xff");
	ifaces[2].scope = 1;
	strcpy(ifaces[2].remark, "a remark");
	for (int i = 0; i < 3; i++) {
		ifaces[i].present = true;
		ifaces[i].total.rx = (struct ft_tally){ 10, 1000 };
	}
	for (uint16_t scope = 0; scope < 2; scope++) {
		fill_line(&scopes[scope].interval, scope);
		scopes[scope].total = scopes[scope].interval;
	}
}

const struct ft_snapshot *moment(void)
{
	static struct ft_snapshot snapshot;

	if (snapshot.generation)
		return &snapshot;
	first_half();
	second_half();
	fill_interfaces();
	fill_nat();
	snapshot = (struct ft_snapshot){
		.generation = 1, .end_ns = MOMENT_END_NS, .interval_ns = MOMENT_INTERVAL_NS,
		.start_ns = MOMENT_END_NS - 100 * SECOND, .rows = rows, .row_count = MOMENT_ROWS,
		.deltas = deltas, .delta_count = MOMENT_ROWS, .live_flows = 7,
		.processes = processes, .process_count = 2, .scopes = scopes, .scope_count = 2,
		.ifaces = ifaces, .iface_count = 3, .backend = backend, .backend_reason = reason,
		.capture_filter = nothing, .owner_source = source,
		.health_source = health_source, .progress = -1,
		.pair_of = pair_of, .pairings = pairings, .pairing_count = 2, .nats = &nat,
		.nat_count = 1, .tcp_of = tcp_of, .tcp_of_count = 1, .tcps = &tcp_of_curl,
		.sockets = &socket_of_curl, .max_flows = 1000, .notes = notes, .note_count = 1,
	};
	for (int scope = 0; scope < 2; scope++) {
		ft_line_add(&snapshot.interval, &scopes[scope].interval);
		ft_line_add(&snapshot.total, &scopes[scope].total);
	}
	return &snapshot;
}
