/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events: each once, in the interval that first shows it; ids grow, so that the last one written
 * tells which are left. */
#include "recording/write.h"

#include <arpa/inet.h>

#include "core/addr.h"
#include "core/event.h"

/* "br0"; NULL if nobody said which. */
static const char *interface_of(const struct ft_snapshot *snapshot, const struct ft_flow *flow)
{
	return flow->key.scope == FT_EVENT_NO_SCOPE ?
		       NULL : ft_snapshot_scope_name(snapshot, flow->key.scope);
}

/* "local", "remote", NULL. */
static const char *side_name(const struct ft_flow *flow, unsigned end)
{
	return end == FT_END_NONE ? NULL : end == flow->local ? "local" : "remote";
}

/* Who and where: a flow's columns. */
static void put_ends(struct ft_binder *to, const struct ft_snapshot *snapshot,
		     const struct ft_flow *flow, char text[2][FT_ADDRESS_SIZE])
{
	const struct ft_flow_key *key = &flow->key;
	const uint8_t *const addr[2] = { key->addr_a, key->addr_b };
	const uint16_t port_be[2] = { key->port_a_be, key->port_b_be };
	int tx = ft_flow_tx(flow);

	ft_bind_bytes(to, interface_of(snapshot, flow));
	ft_bind_if(to, key->vlan_outer, key->vlan_outer);
	ft_bind_if(to, key->vlan_inner, key->vlan_inner);
	ft_bind_int(to, key->ip_version);
	ft_bind_int(to, key->protocol);
	for (int side = 0; side < 2; side++) {
		int end = side == 0 ? tx : !tx;

		ft_bind_word(to, ft_address_text(addr[end], text[side]));
		ft_bind_int(to, ntohs(port_be[end]));
	}
	ft_bind_word(to, ft_path_name((enum ft_path)flow->path));
	ft_bind_word(to, side_name(flow, flow->initiator));
}

/* How long, how much, why. */
static void put_numbers(struct ft_binder *to, const struct ft_flow_event *event)
{
	unsigned known = event->known;
	int tx = ft_flow_tx(&event->flow);

	ft_bind_if(to, known & FT_EVENT_LATENCY, event->latency_us);
	ft_bind_if(to, known & FT_EVENT_DURATION, event->duration_us);
	ft_bind_if(to, known & FT_EVENT_SEGMENTS, event->segments);
	ft_bind_if(to, known & FT_EVENT_APP_BYTES, event->app_tx_bytes);
	ft_bind_if(to, known & FT_EVENT_APP_BYTES, event->app_rx_bytes);
	for (int side = 0; side < 2; side++) {
		const struct ft_counts *counts = &event->hot.total[side == 0 ? tx : !tx];

		ft_bind_if(to, known & FT_EVENT_WIRE_BYTES, counts->packets);
		ft_bind_if(to, known & FT_EVENT_WIRE_BYTES, counts->bytes);
		ft_bind_if(to, known & FT_EVENT_WIRE_BYTES, counts->l2_bytes);
	}
	ft_bind_if(to, event->error, event->error);
	ft_bind_word(to, ft_event_error_name(event->error));
	ft_bind_word(to, ft_close_name((enum ft_close)event->close));
	ft_bind_word(to, side_name(&event->flow, event->closed_by));
}

static int write_event(struct ft_recorder *self, const struct ft_snapshot *snapshot,
		       const struct ft_flow_event *event)
{
	int tx = ft_flow_tx(&event->flow), ret = 0;
	char text[2][FT_ADDRESS_SIZE];
	int64_t owner[2] = { 0, 0 };
	struct ft_binder to;

	for (int side = 0; side < 2 && ret == 0; side++)
		ret = ft_recorder_owner(self, snapshot,
					ft_flow_end_owner(&event->hot, side == 0 ? tx : !tx),
					&owner[side]);
	if (ret < 0)
		return ret;
	to = ft_recorder_begin(self, FT_EVENT);
	ft_bind_int(&to, event->flow.id);
	ft_bind_int(&to, (uint64_t)self->interval);
	ft_bind_int(&to, event->hot.last_ns);
	ft_bind_word(&to, ft_event_kind_name((enum ft_event_kind)event->kind));
	ft_bind_word(&to, event->from_packets ? "packets" : "kernel");
	put_ends(&to, snapshot, &event->flow, text);
	ft_bind_int(&to, (uint64_t)owner[0]);
	ft_bind_int(&to, (uint64_t)owner[1]);
	ft_bind_if(&to, event->flow_id, event->flow_id);
	ft_bind_if(&to, event->socket, event->socket);
	put_numbers(&to, event);
	return ft_recorder_run(self, &to);
}

/* The first that is not in the file. */
static size_t find_fresh(const struct ft_event_list *list, uint64_t last)
{
	size_t low = 0, high = ft_event_list_count(list);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ft_event_list_at(list, middle)->flow.id <= last)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int ft_recorder_events(struct ft_recorder *self, const struct ft_snapshot *snapshot)
{
	const struct ft_event_list *list = snapshot->events;
	size_t count = ft_event_list_count(list), i = find_fresh(list, self->event);
	struct ft_filter_run *filter;
	int ret = 0;

	if (i == count)
		return 0;
	filter = self->filter ? ft_filter_run_new(self->filter, snapshot) : NULL;
	for (; i < count && ret == 0; i++) {
		const struct ft_flow_event *event = ft_event_list_at(list, i);

		if (!filter || ft_filter_run_match_event(filter, event))
			ret = write_event(self, snapshot, event);
	}
	ft_filter_run_free(filter);
	return ret;
}
