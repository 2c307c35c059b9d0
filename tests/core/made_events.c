/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/core/made_events.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"

#define TCP 6
#define UDP 17

static const struct {
	const char *local, *remote;
	uint16_t local_port, remote_port, error;
	uint8_t kind, protocol, initiator, close, closed_by;
	uint64_t latency_us, duration_us, tx, rx;
	uint32_t known, segments;
} rows[MADE_EVENTS] = {
	{ .kind = FT_EVENT_CONNECT, .local = "10.0.0.2", .local_port = 51234,
	  .remote = "192.0.2.7", .remote_port = 443, .protocol = TCP, .initiator = FT_END_A,
	  .closed_by = FT_END_NONE, .known = FT_EVENT_LATENCY, .latency_us = 12345 },
	{ .kind = FT_EVENT_LISTEN, .local = "::", .local_port = 8080, .remote = "::",
	  .protocol = TCP, .initiator = FT_END_NONE, .closed_by = FT_END_NONE },
	{ .kind = FT_EVENT_ACCEPT, .local = "2001:db8::2", .local_port = 22,
	  .remote = "2001:db8::99", .remote_port = 40000, .protocol = TCP, .initiator = FT_END_B,
	  .closed_by = FT_END_NONE, .known = FT_EVENT_LATENCY, .latency_us = 870 },
	{ .kind = FT_EVENT_FAILED, .local = "10.0.0.2", .local_port = 51236,
	  .remote = "192.0.2.8", .remote_port = 5432, .protocol = TCP, .initiator = FT_END_A,
	  .closed_by = FT_END_NONE, .error = ECONNREFUSED, .known = FT_EVENT_LATENCY,
	  .latency_us = 410 },
	{ .kind = FT_EVENT_UDP, .local = "10.0.0.2", .local_port = 39000,
	  .remote = "192.0.2.53", .remote_port = 53, .protocol = UDP, .initiator = FT_END_A,
	  .closed_by = FT_END_NONE },
	{ .kind = FT_EVENT_RETRANSMIT, .local = "10.0.0.2", .local_port = 51234,
	  .remote = "192.0.2.7", .remote_port = 443, .protocol = TCP, .initiator = FT_END_A,
	  .closed_by = FT_END_NONE, .known = FT_EVENT_SEGMENTS, .segments = 3 },
	{ .kind = FT_EVENT_FAILED, .local = "10.0.0.2", .local_port = 51240,
	  .remote = "198.51.100.9", .remote_port = 22, .protocol = TCP, .initiator = FT_END_A,
	  .closed_by = FT_END_NONE, .error = ETIMEDOUT, .known = FT_EVENT_LATENCY,
	  .latency_us = 130000000 },
	{ .kind = FT_EVENT_CLOSE, .local = "2001:db8::2", .local_port = 22,
	  .remote = "2001:db8::99", .remote_port = 40000, .protocol = TCP, .initiator = FT_END_B,
	  .close = FT_CLOSE_RST, .closed_by = FT_END_B, .error = ECONNRESET,
	  .known = FT_EVENT_DURATION | FT_EVENT_APP_BYTES, .duration_us = 3723000000,
	  .tx = 123456789, .rx = 4321 },
	{ .kind = FT_EVENT_CLOSE, .local = "10.0.0.2", .local_port = 51234,
	  .remote = "192.0.2.7", .remote_port = 443, .protocol = TCP, .initiator = FT_END_A,
	  .close = FT_CLOSE_FIN, .closed_by = FT_END_A,
	  .known = FT_EVENT_DURATION | FT_EVENT_APP_BYTES, .duration_us = 250000, .tx = 517,
	  .rx = 98304 },
	{ .kind = FT_EVENT_FAILED, .local = "10.0.0.2", .local_port = 51242,
	  .remote = "192.0.2.9", .remote_port = 80, .protocol = TCP, .initiator = FT_END_A,
	  .closed_by = FT_END_NONE },
};

/* An address, or an abort that names it. */
static void parse(const char *text, uint8_t addr[16])
{
	if (ft_addr_parse(text, addr) < 0) {
		fprintf(stderr, "made_events: %s\n", text);
		abort();
	}
}

static struct ft_flow_event make(size_t i, uint64_t when_ns, uint16_t owner)
{
	struct ft_flow_event event = {
		.hot = { .last_ns = when_ns },
		.socket = 1000 + i,
		.kind = rows[i].kind,
		.error = rows[i].error,
		.close = rows[i].close,
		.closed_by = rows[i].closed_by,
		.latency_us = rows[i].latency_us,
		.duration_us = rows[i].duration_us,
		.app_tx_bytes = rows[i].tx,
		.app_rx_bytes = rows[i].rx,
		.known = rows[i].known,
		.segments = rows[i].segments,
		.from_packets = rows[i].protocol == UDP,
	};

	event.flow.key = (struct ft_flow_key){
		.port_a_be = htons(rows[i].local_port), .port_b_be = htons(rows[i].remote_port),
		.protocol = rows[i].protocol, .ip_version = strchr(rows[i].local, ':') ? 6 : 4,
		.scope = FT_EVENT_NO_SCOPE,
	};
	parse(rows[i].local, event.flow.key.addr_a);
	parse(rows[i].remote, event.flow.key.addr_b);
	event.flow.local = FT_END_A;
	event.flow.initiator = rows[i].initiator & 3;
	event.hot.owner[0] = rows[i].initiator == FT_END_A ? owner : FT_OWNER_UNKNOWN;
	event.hot.owner[1] = FT_OWNER_FOREIGN;
	return event;
}

const struct ft_event_list *made_events(uint64_t end_ns, uint16_t owner, uint64_t flow_id,
					size_t kept)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_events *events = ft_events_new(kept, owners);
	const struct ft_event_list *list;

	for (size_t i = 0; i < MADE_EVENTS; i++) {
		uint64_t before_ns = (MADE_EVENTS - i) * 50123456ULL;
		struct ft_flow_event event = make(i, end_ns - before_ns, owner);

		if (i == 0)
			event.flow_id = flow_id;
		ft_events_add(events, &event);
	}
	if (kept < MADE_EVENTS)
		ft_events_lost(events, FT_EVENT_LOST_RING, 7);
	list = ft_events_publish(events);
	ft_events_free(events);
	ft_owners_free(owners);
	return list;
}
