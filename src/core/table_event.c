/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events derived from the flow table, as a snapshot is made: a handshake that was completed, a SYN
 * that was refused or never answered, an end, the first datagram of a conversation. Where the
 * kernel's programs tell what sockets do (ft_table_derive), only datagrams, and connections of
 * other machines that pass here, are derived: nobody tells of those.
 *
 * Called for each flow that changed or ended, with what its flags were before; the row is
 * complete by then, its owners included.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "core/event.h"
#include "core/table_build.h"

/* True once a SYN was answered and the one who sent it has acknowledged that. */
static bool is_open(const struct ft_flow *flow, const uint8_t flags[2])
{
	unsigned from = flow->initiator;

	if (from == FT_END_NONE)
		return false;
	return (flags[from] & FT_TCP_SYN) && (flags[!from] & FT_TCP_SYN) &&
	       (flags[from] & FT_TCP_ACK);
}

/* True if the beginning was seen: a SYN of who began it. */
static bool is_begun(const struct ft_flow *flow, const uint8_t flags[2])
{
	return flow->initiator != FT_END_NONE && (flags[flow->initiator] & FT_TCP_SYN);
}

/* From the first packet to the last. The clock may have been set back. */
static uint64_t lasted_us(const struct ft_flow_hot *hot)
{
	uint64_t from = hot->flow->first_ns;

	return hot->last_ns > from ? (hot->last_ns - from) / 1000 : 0;
}

/* What all events of a flow have. */
static struct ft_flow_event event_of(const struct ft_flow_hot *hot, enum ft_event_kind kind,
				     uint64_t when_ns)
{
	struct ft_flow_event event = {
		.flow = *hot->flow,
		.flow_id = hot->flow->id,
		.kind = kind & 0xff,
		.closed_by = FT_END_NONE,
		.from_packets = true,
	};

	event.hot.last_ns = when_ns;
	event.hot.owner[0] = hot->owner[0];
	event.hot.owner[1] = hot->owner[1];
	return event;
}

/* The handshake, at the moment when it was complete. */
static void add_open(struct ft_build *build, uint32_t row)
{
	const struct ft_flow_hot *hot = &build->rows[row];
	bool in = hot->flow->path == FT_PATH_HOST && ft_flow_is_in(hot->flow);
	struct ft_handshake shake = ft_flow_tcp_handshake(ft_table_flow_tcp(build->table, row),
							  hot->flow->initiator);
	struct ft_flow_event event = event_of(hot, in ? FT_EVENT_ACCEPT : FT_EVENT_CONNECT, 0);
	uint64_t whole_us = (uint64_t)shake.syn_ack_us + shake.ack_us;
	uint64_t when_ns = hot->flow->first_ns + whole_us * 1000;

	/* Not behind its own close: packets' times are as coarse as the kernel's ticks. */
	if (when_ns > hot->last_ns && hot->last_ns >= hot->flow->first_ns)
		when_ns = hot->last_ns;
	event.hot.last_ns = when_ns;
	event.latency_us = in ? shake.ack_us : shake.syn_ack_us;
	event.known = event.latency_us ? FT_EVENT_LATENCY : 0;
	ft_events_add(build->table->events, &event);
}

/* A SYN that was refused, given up or never answered. */
static void add_failed(struct ft_build *build, uint32_t row)
{
	const struct ft_flow_hot *hot = &build->rows[row];
	unsigned from = hot->flow->initiator;
	struct ft_flow_event event = event_of(hot, FT_EVENT_FAILED, hot->last_ns);

	if (hot->ended == FT_ENDED_RST && (hot->tcp_flags[!from] & FT_TCP_RST))
		event.error = ECONNREFUSED;
	else if (hot->ended == FT_ENDED_IDLE)
		event.error = ETIMEDOUT;
	event.latency_us = lasted_us(hot);
	event.known = FT_EVENT_LATENCY;
	ft_events_add(build->table->events, &event);
}

/* A connection's end. */
static void add_close(struct ft_build *build, uint32_t row, bool begun)
{
	const struct ft_flow_hot *hot = &build->rows[row];
	struct ft_flow_event event = event_of(hot, FT_EVENT_CLOSE, hot->last_ns);

	event.close = hot->ended == FT_ENDED_FIN ? FT_CLOSE_FIN : FT_CLOSE_RST;
	event.hot.total[0] = hot->total[0];
	event.hot.total[1] = hot->total[1];
	event.known = FT_EVENT_WIRE_BYTES;
	if (begun) {
		event.duration_us = lasted_us(hot);
		event.known |= FT_EVENT_DURATION;
	}
	ft_events_add(build->table->events, &event);
}

/* True if nobody else tells what this TCP connection does. */
static bool is_ours_to_tell(const struct ft_table *table, const struct ft_flow_hot *hot)
{
	if (table->derive_tcp)
		return true;
	return hot->flow->path == FT_PATH_TRANSIT && hot->owner[0] < FT_OWNER_FIRST &&
	       hot->owner[1] < FT_OWNER_FIRST;
}

/* TCP: what the flags tell that they did not tell before. */
static void add_tcp(struct ft_build *build, uint32_t row, const uint8_t before[2])
{
	const struct ft_flow_hot *hot = &build->rows[row];
	bool begun = is_begun(hot->flow, hot->tcp_flags), open = is_open(hot->flow, hot->tcp_flags);
	bool answered = begun && (hot->tcp_flags[!hot->flow->initiator] & FT_TCP_SYN);
	bool closed = hot->ended == FT_ENDED_FIN || hot->ended == FT_ENDED_RST;

	if (!is_ours_to_tell(build->table, hot))
		return;
	if (open && !is_open(hot->flow, before) && ft_events_room(build->table->events))
		add_open(build, row);
	if (!hot->ended_now)
		return;
	if (begun && !answered && (closed || hot->ended == FT_ENDED_IDLE)) {
		if (ft_events_room(build->table->events))
			add_failed(build, row);
	} else if (closed && ft_events_room(build->table->events)) {
		add_close(build, row, begun);
	}
}

void ft_build_event(struct ft_build *build, uint32_t row, bool is_new, const uint8_t before[2])
{
	const struct ft_flow_hot *hot = &build->rows[row];

	if (hot->flow->key.protocol == IPPROTO_TCP) {
		add_tcp(build, row, before);
	} else if (hot->flow->key.protocol == IPPROTO_UDP && is_new &&
		   ft_events_room(build->table->events)) {
		struct ft_flow_event event = event_of(hot, FT_EVENT_UDP, hot->flow->first_ns);

		ft_events_add(build->table->events, &event);
	}
}

/* The ends in the order of keys: by address and port. */
static struct ft_flow_key key_of(const struct ft_flow_event *event)
{
	struct ft_flow_key key = event->flow.key;
	int order = memcmp(key.addr_a, key.addr_b, sizeof(key.addr_a));

	if (order == 0)
		order = memcmp(&key.port_a_be, &key.port_b_be, sizeof(key.port_a_be));
	if (order > 0) {
		memcpy(key.addr_a, event->flow.key.addr_b, sizeof(key.addr_a));
		memcpy(key.addr_b, event->flow.key.addr_a, sizeof(key.addr_b));
		key.port_a_be = event->flow.key.port_b_be;
		key.port_b_be = event->flow.key.port_a_be;
	}
	return key;
}

/* The flow of an event's socket: the one with its ends, in the first scope that has one. */
static uint64_t find_flow(void *arg, const struct ft_flow_event *event)
{
	const struct ft_table *table = arg;
	struct ft_flow_key key = key_of(event);

	if (event->kind == FT_EVENT_LISTEN)
		return 0;
	for (uint16_t scope = 0; scope < FT_MAX_SCOPES; scope++) {
		const struct ft_flow *flow;
		uint32_t slot;

		if (!table->scopes[scope])
			continue;
		key.scope = scope;
		slot = ft_index_find(table, &key, ft_table_hash(table, &key));
		if (slot == FT_NO_SLOT)
			continue;
		flow = ft_flow_store_flow(table->store, slot);
		if (flow->first_ns <= event->hot.last_ns + FT_EVENT_TICKS_NS)
			return flow->id;
	}
	return 0;
}

void ft_build_join_events(struct ft_build *build)
{
	ft_events_join(build->table->events, find_flow, build->table);
}

struct ft_events *ft_table_events(struct ft_table *table)
{
	return table->events;
}

void ft_table_derive(struct ft_table *table, bool tcp)
{
	table->derive_tcp = tcp;
}
