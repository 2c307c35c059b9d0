/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/core/made.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "core/xalloc.h"

static void set_process(struct made *made, size_t i, const char *name, int pid, const char *user,
			unsigned uid, const char *command, const char *container)
{
	made->process[i] = (struct ft_process){
		.id = (uint16_t)(FT_OWNER_FIRST + i), .pid = pid, .uid = uid, .name = name,
		.user = user, .cmdline = command, .exe = "", .cgroup = "/system.slice",
		.unit = i == 1 ? "ssh.service" : "", .container = container,
	};
	made->processes[i] = &made->process[i];
}

void made_init(struct made *made, size_t room)
{
	static const char *const scopes[] = { "br0", "lo", "eth1" };
	static const char *const ifaces[] = { "br0", "veth1", "lo", "eth1" };

	memset(made, 0, sizeof(*made));
	made->room = room;
	made->flows = xcalloc(room + 1, sizeof(*made->flows));
	made->rows = xcalloc(room + 1, sizeof(*made->rows));
	made->deltas = xcalloc(room + 1, sizeof(*made->deltas));
	made->tcp_of = xcalloc(room + 1, sizeof(*made->tcp_of));
	made->tcps = xcalloc(room + 1, sizeof(*made->tcps));
	made->sockets = xcalloc(room + 1, sizeof(*made->sockets));
	set_process(made, 0, "curl", 812, "alice", 1000, "curl https://example.org/", "");
	set_process(made, 1, "sshd", 33, "root", 0, "sshd: alice@pts/3", "");
	set_process(made, 2, "NetworkManager", 700, "root", 0, "/usr/sbin/NetworkManager -n", "");
	set_process(made, 3, "NetworkManager", 701, "root", 0, "", "web-1");
	for (uint16_t i = 0; i < 3; i++) {
		snprintf(made->scopes[i].name, IFNAMSIZ, "%s", scopes[i]);
		made->scopes[i].scope = i;
		made->scopes[i].present = true;
	}
	for (size_t i = 0; i < 4; i++)
		snprintf(made->ifaces[i].name, IFNAMSIZ, "%s", ifaces[i]);
	made->snapshot = (struct ft_snapshot){
		.generation = 1, .start_ns = MADE_START, .end_ns = MADE_START + 100 * MADE_SEC,
		.interval_ns = MADE_SEC, .rows = made->rows, .deltas = made->deltas,
		.processes = made->processes, .process_count = 4,
		.scopes = made->scopes, .scope_count = 3,
		.ifaces = made->ifaces, .iface_count = 4, .progress = -1,
		.tcp_of = made->tcp_of, .tcp_of_count = room, .tcps = made->tcps,
		.sockets = made->sockets,
	};
}

void made_done(struct made *made)
{
	free(made->flows);
	free(made->rows);
	free(made->deltas);
	free(made->tcp_of);
	free(made->tcps);
	free(made->sockets);
}

/* The address, or an abort that names it. */
static void parse(const char *text, uint8_t addr[16])
{
	if (ft_addr_parse(text, addr) < 0) {
		fprintf(stderr, "made: %s\n", text);
		abort();
	}
}

/* Fills the key; returns true if the local end is end a. */
static bool make_key(struct ft_flow_key *key, const struct made_flow *flow)
{
	uint8_t local[18], remote[18];
	uint16_t local_port = htons(flow->local_port), remote_port = htons(flow->remote_port);
	bool icmp = flow->protocol == IPPROTO_ICMP || flow->protocol == IPPROTO_ICMPV6;
	bool a;

	memset(key, 0, sizeof(*key));
	parse(flow->local, local);
	parse(flow->remote, remote);
	memcpy(local + 16, &local_port, 2);
	memcpy(remote + 16, &remote_port, 2);
	a = memcmp(local, remote, icmp ? 16 : 18) <= 0;
	memcpy(key->addr_a, a ? local : remote, 16);
	memcpy(key->addr_b, a ? remote : local, 16);
	key->port_a_be = a || icmp ? local_port : remote_port;
	key->port_b_be = a || icmp ? remote_port : local_port;
	key->protocol = flow->protocol;
	key->ip_version = ft_addr_is_v4(local) ? 4 : 6;
	key->vlan_outer = flow->vlan_outer;
	key->vlan_inner = flow->vlan_inner;
	key->scope = flow->scope;
	return a;
}

/* Microseconds as moments have them, rounded up so that they are told as they were given. */
static uint32_t shake_units(uint32_t us)
{
	return (uint32_t)(((uint64_t)us * 1000 + FT_SHAKE_NS - 1) / FT_SHAKE_NS);
}

/* Socket and handshake of the flow in row i. */
static void add_tcp(struct made *made, size_t i, const struct made_flow *flow, int tx)
{
	struct ft_flow_tcp *tcp = &made->tcps[i];
	unsigned first = made->flows[i].initiator;

	if (!flow->socket && !flow->syn_ack_us)
		return;
	made->tcp_of[i] = (uint32_t)i + 1;
	if (flow->socket) {
		made->sockets[i] = *flow->socket;
		tcp->socket[tx] = (uint32_t)i + 1;
	}
	if (flow->syn_ack_us && first != FT_END_NONE) {
		tcp->shake[first] = UINT32_MAX; /* the clock's low word may wrap */
		tcp->shake[!first] = tcp->shake[first] + shake_units(flow->syn_ack_us);
		if (flow->ack_us)
			tcp->shake[FT_SHAKE_ACK] =
				tcp->shake[!first] + shake_units(flow->ack_us);
	}
}

struct ft_flow_hot *made_add(struct made *made, const struct made_flow *flow)
{
	size_t i = made->snapshot.row_count++;
	struct ft_flow *cold = &made->flows[i];
	struct ft_flow_hot *hot = &made->rows[i];
	bool a;
	int tx;

	if (i >= made->room)
		abort();
	a = make_key(&cold->key, flow);
	tx = a ? 0 : 1;
	cold->id = i + 1;
	cold->local = a ? FT_END_A : FT_END_B;
	cold->initiator = FT_END_NONE;
	if (flow->began)
		cold->initiator = (flow->began == 'l') == a ? FT_END_A : FT_END_B;
	cold->path = flow->path;
	cold->extra = flow->extra;
	cold->first_ns = made->snapshot.end_ns - (uint64_t)(flow->age_s * 1e9);
	hot->flow = cold;
	hot->total[tx] = flow->tx;
	hot->total[!tx] = flow->rx;
	for (int w = 0; w < FT_WINDOWS; w++) {
		hot->rate_bytes[w][tx] = (float)flow->tx_rate;
		hot->rate_bytes[w][!tx] = (float)flow->rx_rate;
		hot->rate_packets[w][tx] = (float)flow->tx_rate / 100;
		hot->rate_packets[w][!tx] = (float)flow->rx_rate / 100;
	}
	hot->last_ns = made->snapshot.end_ns - (uint64_t)(flow->idle_s * 1e9);
	hot->owner[tx] = flow->owner;
	hot->owner[!tx] = flow->path == FT_PATH_LOOPBACK ? flow->remote_owner : FT_OWNER_FOREIGN;
	hot->iface_slot[tx] = (uint16_t)(flow->scope == 0 ? 1 : flow->scope + 2);
	hot->iface_slot[!tx] = (uint16_t)(flow->scope == 0 ? 2 : flow->scope + 2);
	hot->tcp_flags[tx] = flow->tx_tcp;
	hot->tcp_flags[!tx] = flow->rx_tcp;
	hot->state = (uint8_t)flow->state & 15;
	hot->ended = (uint8_t)flow->ended & 15;
	hot->entry_flags = flow->flags;
	add_tcp(made, i, flow, tx);
	if (flow->tx_delta.packets + flow->rx_delta.packets > 0) {
		struct ft_delta *delta = &made->deltas[made->snapshot.delta_count++];

		delta->row = (uint32_t)i;
		delta->count[tx] = flow->tx_delta;
		delta->count[!tx] = flow->rx_delta;
		hot->delta = (uint32_t)made->snapshot.delta_count;
	}
	return hot;
}

void made_tick(struct made *made)
{
	made->snapshot.generation++;
	made->snapshot.end_ns += MADE_SEC;
}

uint64_t made_random(void)
{
	static uint64_t x = 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x * 0x2545f4914f6cdd1dULL >> 16;
}
