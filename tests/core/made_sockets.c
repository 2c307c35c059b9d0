/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/core/made_sockets.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "core/owner.h"

static const struct row {
	uint64_t cookie;
	const char *local, *remote;
	uint16_t local_port, remote_port;
	uint8_t protocol, state;
	bool raw;
	uint16_t owner;
	uint32_t uid, inode;
	const char *iface;
	struct ft_health health; /* all but cookie, state, tick */
} rows[MADE_SOCKETS] = {
	{ MADE_LISTENER, "0.0.0.0", "0.0.0.0", 22, 0, 6, 10, false, FT_OWNER_FIRST + 1, 0, 100, "",
	  { .known = FT_HEALTH_QUEUES, .rqueue = 2, .wqueue = 128 } },
	{ MADE_BUSY, "10.0.0.2", "192.0.2.7", 51234, 443, 6, 1, false, FT_OWNER_FIRST, 1000, 101,
	  "", { .known = FT_HEALTH_QUEUES | FT_HEALTH_MORE | FT_HEALTH_RCV_WND,
		.rqueue = 0, .wqueue = 81920, .srtt_us = 48200, .rttvar_us = 2400,
		.min_rtt_us = 47000, .rto_us = 252000, .cwnd = 42, .ssthresh = 38, .mss = 1448,
		.total_retrans = 17, .data_segs_out = 1900, .segs_out = 2000, .segs_in = 900,
		.lost = 3, .unacked = 40, .bytes_acked = 2600000, .bytes_received = 900,
		.bytes_sent = 2700000, .delivery_rate = 1250000, .pacing_rate = 1800000,
		.snd_wnd = 65536, .rcv_wnd = 64240, .busy_us = 2100000, .pmtu = 1500,
		.congestion = "cubic", .ca_state = 3 } },
	{ MADE_IDLE, "2001:db8::2", "2001:db8::99", 22, 40000, 6, 1, false, FT_OWNER_FIRST + 1, 0,
	  102, "", { .known = FT_HEALTH_QUEUES | FT_HEALTH_MORE | FT_HEALTH_BBR | FT_HEALTH_TIMER |
			      FT_HEALTH_TOS | FT_HEALTH_TCLASS | FT_HEALTH_APP_LIMITED,
		     .srtt_us = 900, .min_rtt_us = 300,
		     .cwnd = 10, .mss = 1428, .bytes_acked = 5000, .bytes_received = 7000,
		     .bbr = { .bandwidth = 1250000, .min_rtt_us = 300, .pacing_gain = 2886,
			      .cwnd_gain = 2886 },
		     .timer = FT_HEALTH_TIMER_KEEPALIVE, .timer_expires_ms = 7199000, .tclass = 184,
		     .options = FT_HEALTH_OPT_SACK | FT_HEALTH_OPT_WSCALE,
		     .congestion = "bbr" } },
	{ MADE_DNS, "127.0.0.53", "0.0.0.0", 53, 0, 17, 7, false, FT_OWNER_FIRST + 2, 101, 103,
	  "lo", { .known = FT_HEALTH_QUEUES, .rqueue = 2304, .drops = 5 } },
	{ MADE_MDNS, "::", "::", 5353, 0, 17, 7, false, FT_OWNER_UNKNOWN, 108, 104, "",
	  { .known = FT_HEALTH_QUEUES } },
	{ 6, "10.0.0.2", "10.0.0.3", 40001, 5000, 17, 1, false, FT_OWNER_FIRST, 1000, 105, "",
	  { .known = FT_HEALTH_QUEUES } },
	{ 7, "10.0.0.2", "192.0.2.7", 51200, 443, 6, 6, false, FT_OWNER_KERNEL, 0, 0, "",
	  { .known = FT_HEALTH_QUEUES } },
	{ 8, "10.0.0.2", "192.0.2.7", 51201, 443, 6, 8, false, FT_OWNER_FIRST, 1000, 106, "",
	  { .known = FT_HEALTH_QUEUES | FT_HEALTH_MORE, .rqueue = 1, .srtt_us = 50000, .cwnd = 10,
	    .mss = 1448, .bytes_acked = 300, .congestion = "cubic" } },
	{ 9, "0.0.0.0", "0.0.0.0", 0, 0, 89, 7, true, FT_OWNER_FIRST + 2, 0, 107, "eth1",
	  { .known = FT_HEALTH_QUEUES } },
	{ 0, "::", "::", 7, 0, 58, 7, false, FT_OWNER_FIRST, 1000, 108, "",
	  { .known = FT_HEALTH_QUEUES } },
};

static void parse(const char *text, uint8_t addr[16])
{
	if (ft_addr_parse(text, addr) < 0) {
		fprintf(stderr, "made: %s\n", text);
		abort();
	}
}

struct ft_socket_list *made_sockets(uint64_t end_ns)
{
	struct ft_socket_list *list = ft_socket_list_new();

	for (size_t i = 0; i < MADE_SOCKETS; i++) {
		const struct row *row = &rows[i];
		struct ft_socket socket = {
			.id = row->cookie ? row->cookie : 1ULL << 63 | i,
			.health = row->health,
			.local_port_be = htons(row->local_port),
			.remote_port_be = htons(row->remote_port),
			.protocol = row->protocol,
			.raw = row->raw,
			.tcp = row->health.known & FT_HEALTH_MORE,
			.has_memory = row->cookie,
			.memory = { [FT_MEMORY_RECEIVE_LIMIT] = 212992 },
			.owner = row->owner,
			.uid = row->uid,
			.inode = row->inode,
		};

		parse(row->local, socket.local);
		parse(row->remote, socket.remote);
		socket.ip_version = ft_addr_is_v4(socket.local) ? 4 : 6;
		socket.health.cookie = row->cookie;
		socket.health.state = row->state;
		socket.health.tick = end_ns;
		snprintf(socket.iface, sizeof(socket.iface), "%s", row->iface);
		ft_socket_list_add(list, &socket);
	}
	list->end_ns = end_ns;
	return list;
}
