/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The summary record: the line that adds up, for the sum and for each interface, for the
 * interval and since start, with the causes beside it. Numbers are taken as they are counted;
 * nothing here is derived from the others.
 */
#include "output/json.h"

#include <stdlib.h>
#include <string.h>

#include "core/difference.h"
#include "core/event.h"
#include "core/filter.h"
#include "core/socket.h"

/* Begins a member object. */
static void begin(struct ft_json *json, const char *name)
{
	ft_json_begin(json, name, name ? strlen(name) : 0);
}

/* packets and l2_bytes into the object that is open. */
static void put_tally(struct ft_json *json, struct ft_tally tally)
{
	ft_json_uint(json, "packets", tally.packets);
	ft_json_uint(json, "l2_bytes", tally.l2_bytes);
}

/* A member with packets and l2_bytes. */
static void tally_member(struct ft_json *json, const char *name, struct ft_tally tally)
{
	begin(json, name);
	put_tally(json, tally);
	ft_json_end(json);
}

/* A member with packets, bytes, l2_bytes. */
static void sum_member(struct ft_json *json, const char *name, const struct ft_sum *sum)
{
	begin(json, name);
	ft_json_uint(json, "packets", sum->packets);
	ft_json_uint(json, "bytes", sum->bytes);
	ft_json_uint(json, "l2_bytes", sum->l2_bytes);
	ft_json_end(json);
}

/* A term with its causes in packets; causes that did not happen are left out. */
static void term(struct ft_json *json, const char *name, struct ft_tally tally,
		 const struct ft_line *line, bool (*belongs)(enum ft_counter counter))
{
	begin(json, name);
	put_tally(json, tally);
	begin(json, "by");
	for (int counter = 0; counter < FT_C_MAX; counter++)
		if (belongs((enum ft_counter)counter) && line->by.c[counter].packets)
			ft_json_uint(json, ft_counter_name((enum ft_counter)counter),
				     line->by.c[counter].packets);
	ft_json_end(json);
}

/* The line as one member. */
static void line_member(struct ft_json *json, const char *name, const struct ft_line *line)
{
	begin(json, name);
	tally_member(json, "seen", line->seen);
	sum_member(json, "flows", &line->flows);
	sum_member(json, "other", &line->other);
	term(json, "not_ip", ft_line_not_ip(line), line, ft_counter_is_not_ip);
	ft_json_end(json);
	term(json, "malformed", ft_line_malformed(line), line, ft_counter_is_malformed);
	ft_json_end(json);
	term(json, "lost", ft_line_lost(line), line, ft_counter_is_lost);
	ft_json_bool(json, "exact", !line->inexact);
	ft_json_end(json);
	ft_json_end(json);
}

/* What the hooks of one device saw since start, and what the kernel dropped beside them. */
static void put_device(struct ft_json *json, const struct ft_snapshot_iface *iface)
{
	tally_member(json, "rx", iface->total.rx);
	tally_member(json, "tx", iface->total.tx);
	begin(json, "drops");
	ft_json_uint(json, "rx", iface->drops_rx);
	ft_json_uint(json, "tx", iface->drops_tx);
	ft_json_uint(json, "qdisc", iface->qdisc_drops);
	ft_json_end(json);
	if (iface->remark[0])
		ft_json_string(json, "remark", iface->remark);
}

/* The devices of a scope beside the one it is named after: the ports of a bridge. */
static void put_ports(struct ft_json *json, const struct ft_snapshot *snapshot,
		      const struct ft_snapshot_scope *scope)
{
	bool any = false;

	for (size_t i = 0; i < snapshot->iface_count; i++) {
		const struct ft_snapshot_iface *iface = &snapshot->ifaces[i];

		if (iface->scope != scope->scope || !strcmp(iface->name, scope->name))
			continue;
		if (!any)
			ft_json_array(json, "ports");
		any = true;
		begin(json, NULL);
		ft_json_string(json, "name", iface->name);
		ft_json_bool(json, "present", iface->present);
		put_device(json, iface);
		ft_json_end(json);
	}
	if (any)
		ft_json_array_end(json);
}

/* One watched interface. */
static void put_scope(struct ft_json *json, const struct ft_snapshot *snapshot,
		      const struct ft_snapshot_scope *scope)
{
	const char *observer = ft_snapshot_observer(snapshot, scope->scope);

	if (*observer && !scope->name[0])
		return; /* of events that no interface told */
	begin(json, NULL);
	if (*observer)
		ft_json_string(json, "observer", observer);
	ft_json_string(json, "name", scope->name);
	ft_json_bool(json, "present", scope->present);
	if (snapshot->backend && *snapshot->backend)
		ft_json_string(json, "backend", snapshot->backend);
	if (snapshot->backend_reason && *snapshot->backend_reason)
		ft_json_string(json, "backend_reason", snapshot->backend_reason);
	for (size_t i = 0; i < snapshot->iface_count; i++)
		if (snapshot->ifaces[i].scope == scope->scope &&
		    !strcmp(snapshot->ifaces[i].name, scope->name))
			put_device(json, &snapshot->ifaces[i]);
	line_member(json, "interval", &scope->interval);
	line_member(json, "total", &scope->total);
	put_ports(json, snapshot, scope);
	ft_json_end(json);
}

/* The filters that were on. */
static void put_filters(struct ft_json *json, const struct ft_output_config *config,
			const struct ft_snapshot *snapshot)
{
	char *text;

	if (config->query.filter && !ft_filter_is_all(config->query.filter)) {
		text = ft_filter_describe(config->query.filter);
		ft_json_string(json, "filter", text);
		free(text);
	}
	if (snapshot->capture_filter && *snapshot->capture_filter)
		ft_json_string(json, "capture_filter", snapshot->capture_filter);
}

/* Beside the line: what bounds did and what the store tells. */
static void put_health(struct ft_json *json, const struct ft_snapshot *snapshot)
{
	begin(json, "health");
	ft_json_uint(json, "max_flows", snapshot->max_flows);
	ft_json_uint(json, "evicted", snapshot->evicted);
	ft_json_uint(json, "lengthened", snapshot->lengthened);
	ft_json_uint(json, "missed", snapshot->missed);
	if (snapshot->not_watched_ns)
		ft_json_uint(json, "not_watched_ns", snapshot->not_watched_ns);
	ft_json_uint(json, "log_fill_per_mille", snapshot->store.log_fill);
	ft_json_uint(json, "spilled", snapshot->store.spilled);
	ft_json_uint(json, "flips", snapshot->store.flips);
	ft_json_uint(json, "map_bytes", snapshot->store.map_bytes);
	ft_json_uint(json, "sockets_missed", snapshot->store.sockets_missed);
	if (snapshot->owner_source && *snapshot->owner_source)
		ft_json_string(json, "owner_source", snapshot->owner_source);
	if (snapshot->health_source && *snapshot->health_source)
		ft_json_string(json, "health_source", snapshot->health_source);
	if (snapshot->note_count) {
		ft_json_array(json, "notes");
		for (size_t i = 0; i < snapshot->note_count; i++)
			ft_json_string(json, NULL, snapshot->notes[i]);
		ft_json_array_end(json);
	}
	ft_json_end(json);
}

/* Programs in the kernel. */
static void put_runs(struct ft_json *json, const char *name, const struct ft_cost *cost,
		     const struct ft_cost_runs *runs)
{
	begin(json, name);
	ft_json_uint(json, "programs", runs->programs);
	if (cost->timed) {
		ft_json_uint(json, "runs", runs->runs);
		ft_json_uint(json, "run_ns", runs->ns);
	}
	ft_json_end(json);
}

/* What flowtop itself used, where somebody asked (--pane health). */
static void put_cost(struct ft_json *json, const struct ft_snapshot *snapshot)
{
	const struct ft_cost *cost = &snapshot->cost;

	if (!cost->over_ns)
		return;
	begin(json, "cost");
	ft_json_uint(json, "over_ns", cost->over_ns);
	put_runs(json, "packet_programs", cost, &cost->by[FT_COST_PACKETS]);
	put_runs(json, "other_programs", cost, &cost->by[FT_COST_OTHER]);
	ft_json_array(json, "threads");
	for (size_t i = 0; i < cost->thread_count; i++) {
		begin(json, NULL);
		ft_json_string(json, "name", cost->threads[i].name);
		ft_json_uint(json, "cpu_ns", cost->threads[i].cpu_ns);
		ft_json_end(json);
	}
	ft_json_array_end(json);
	ft_json_uint(json, "resident_bytes", cost->resident_bytes);
	ft_json_uint(json, "outputs", cost->outputs);
	ft_json_uint(json, "outputs_behind", cost->behind);
	ft_json_end(json);
}

/* How whole the list of sockets is, where one was asked for. */
static void put_sockets(struct ft_json *json, const struct ft_snapshot *snapshot)
{
	const struct ft_socket_list *list = snapshot->socket_list;
	char time[64];

	if (!list)
		return;
	begin(json, "sockets");
	ft_json_uint(json, "listed", list->count);
	ft_json_string(json, "time", ft_fmt_time(list->end_ns, time, sizeof(time)));
	if (ft_socket_list_partial(list))
		ft_json_bool(json, "partial", true);
	if (list->left_out)
		ft_json_uint(json, "left_out", list->left_out);
	ft_json_end(json);
}

/* How many events there were since start, and those that are in no record. */
static void put_events(struct ft_json *json, const struct ft_snapshot *snapshot)
{
	uint64_t dropped = 0;

	if (!snapshot->events)
		return;
	for (int loss = 0; loss < FT_EVENT_LOST_MAX; loss++)
		dropped += ft_event_list_lost(snapshot->events, (enum ft_event_loss)loss);
	begin(json, "events");
	ft_json_uint(json, "total", ft_event_list_total(snapshot->events));
	ft_json_uint(json, "dropped", dropped);
	begin(json, "by");
	for (int loss = 0; loss < FT_EVENT_LOST_MAX; loss++) {
		uint64_t count =
			ft_event_list_lost(snapshot->events, (enum ft_event_loss)loss);

		if (count)
			ft_json_uint(json, ft_event_loss_name((enum ft_event_loss)loss), count);
	}
	ft_json_end(json);
	if (snapshot->event_source && *snapshot->event_source)
		ft_json_string(json, "unseen", snapshot->event_source);
	ft_json_end(json);
}

/* What the moment is compared with, and how many flows differ how. */
static void put_difference(struct ft_json *json, const struct ft_snapshot *snapshot)
{
	const struct ft_difference *difference = snapshot->difference;
	char time[64];

	if (!difference)
		return;
	begin(json, "difference");
	ft_json_string(json, "since",
		       ft_fmt_time(difference->before->end_ns, time, sizeof(time)));
	begin(json, "flows");
	for (int differs = 0; differs < FT_DIFFERS_MAX; differs++)
		ft_json_uint(json, ft_differs_name((enum ft_differs)differs),
			     difference->flows[differs]);
	ft_json_end(json);
	ft_json_end(json);
}

/* The whole record. */
void ft_json_summary(struct ft_json *json, const struct ft_output_config *config,
		     const struct ft_snapshot *snapshot, const struct ft_hidden *hidden)
{
	char time[64];

	begin(json, NULL);
	ft_json_string(json, "type", "summary");
	ft_json_uint(json, "schema", FT_SCHEMA);
	ft_json_string(json, "observer", config->observer);
	ft_json_string(json, "time", ft_fmt_time(snapshot->end_ns, time, sizeof(time)));
	ft_json_uint(json, "interval_ns", snapshot->interval_ns);
	ft_json_uint(json, "live_flows", snapshot->live_flows);
	if (snapshot->last)
		ft_json_bool(json, "last", true);
	put_filters(json, config, snapshot);
	line_member(json, "interval", &snapshot->interval);
	line_member(json, "total", &snapshot->total);
	begin(json, "hidden");
	ft_json_uint(json, "flows", hidden->flows);
	ft_json_uint(json, "packets", hidden->interval.packets);
	ft_json_uint(json, "bytes", hidden->interval.bytes);
	ft_json_uint(json, "l2_bytes", hidden->interval.l2_bytes);
	ft_json_end(json);
	put_difference(json, snapshot);
	put_events(json, snapshot);
	ft_json_array(json, "interfaces");
	for (size_t i = 0; i < snapshot->scope_count; i++)
		put_scope(json, snapshot, &snapshot->scopes[i]);
	ft_json_array_end(json);
	put_sockets(json, snapshot);
	put_health(json, snapshot);
	put_cost(json, snapshot);
	ft_json_end(json);
}
