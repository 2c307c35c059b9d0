/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A snapshot's frame: scopes with their lines, interfaces, processes, health. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/event.h"
#include "core/socket.h"
#include "core/table_build.h"
#include "core/xalloc.h"

/* Interfaces that rows can name; more are shown, but rows of theirs name none. */
#define NAMED_MAX (FT_IFACE_PLACES / 2)

/* The first place of an ifindex in the map. */
static uint32_t first_place(uint32_t ifindex)
{
	return ((ifindex * 0x9e3779b1U) >> 16) & (FT_IFACE_PLACES - 1);
}

uint16_t ft_build_iface_slot(const struct ft_build *build, uint32_t ifindex)
{
	uint32_t i = first_place(ifindex);

	for (; build->place_ifindex[i]; i = (i + 1) & (FT_IFACE_PLACES - 1))
		if (build->place_ifindex[i] == ifindex)
			return build->place_slot[i];
	return 0;
}

/* Remembers where an interface stands in the list. */
static void place_iface(struct ft_build *build, uint32_t ifindex, size_t slot)
{
	uint32_t i = first_place(ifindex);

	if (!ifindex || slot > NAMED_MAX)
		return;
	while (build->place_ifindex[i])
		i = (i + 1) & (FT_IFACE_PLACES - 1);
	build->place_ifindex[i] = ifindex;
	build->place_slot[i] = (uint16_t)slot;
}

/* Maps interfaces to places; where the list differs from the last one, rows are translated. */
void ft_build_ifaces(struct ft_build *build)
{
	struct ft_table *table = build->table;
	const struct ft_snapshot_info *info = build->info;
	bool same = info->iface_count == table->shown_iface_count;
	size_t i;

	for (i = 0; i < info->iface_count; i++) {
		place_iface(build, info->ifaces[i].ifindex, i + 1);
		same = same && info->ifaces[i].ifindex == table->shown_ifaces[i];
	}
	if (same)
		return;
	build->remap = xcalloc(UINT16_MAX + 1U, sizeof(*build->remap));
	for (i = 0; i < table->shown_iface_count && i < UINT16_MAX; i++)
		build->remap[i + 1] = ft_build_iface_slot(build, table->shown_ifaces[i]);
	table->shown_iface_count = info->iface_count;
	table->shown_ifaces = xreallocarray(table->shown_ifaces, info->iface_count,
					    sizeof(*table->shown_ifaces));
	for (i = 0; i < info->iface_count; i++)
		table->shown_ifaces[i] = info->ifaces[i].ifindex;
}

/* A scope's line and rates; the interval's part begins anew. */
static void publish_scope(const struct ft_build *build, struct ft_snapshot *shown,
			  struct ft_snapshot_scope *to)
{
	struct ft_scope_state *scope = ft_table_scope(build->table, to->scope);
	int w;

	memset(&to->interval, 0, sizeof(*to) - offsetof(struct ft_snapshot_scope, interval));
	if (!scope)
		return;
	ft_scope_rates_step(scope, build->seconds);
	to->interval = scope->interval;
	to->total = scope->total;
	for (w = 0; w < FT_WINDOWS; w++) {
		to->tx_bytes_per_s[w] = scope->rate[w][FT_RATE_TX_BYTES];
		to->rx_bytes_per_s[w] = scope->rate[w][FT_RATE_RX_BYTES];
		to->tx_packets_per_s[w] = scope->rate[w][FT_RATE_TX_PACKETS];
		to->rx_packets_per_s[w] = scope->rate[w][FT_RATE_RX_PACKETS];
	}
	ft_line_add(&shown->interval, &scope->interval);
	ft_line_add(&shown->total, &scope->total);
	scope->interval = (struct ft_line){ .inexact = false };
	memset(scope->counted, 0, sizeof(scope->counted));
}

/* What is left of scopes that were forgotten. */
static void publish_gone(struct ft_table *table, struct ft_snapshot *shown,
			 struct ft_snapshot_scope *to)
{
	snprintf(to->name, sizeof(to->name), "%s", FT_SCOPE_GONE_NAME);
	to->scope = FT_SCOPE_GONE;
	to->interval = table->gone_interval;
	to->total = table->gone_total;
	ft_line_add(&shown->interval, &to->interval);
	ft_line_add(&shown->total, &to->total);
	table->gone_interval = (struct ft_line){ .inexact = false };
	shown->scope_count++;
}

/* How many scopes the table knows, and one for those that are gone. */
static size_t count_scopes(const struct ft_table *table)
{
	size_t count = 1;

	for (size_t i = 0; i < FT_MAX_SCOPES; i++)
		count += table->scopes[i] != NULL;
	return count;
}

/* The scopes that the collector names, then any other that counted, so that sums are sums. */
static void publish_scopes(const struct ft_build *build, struct ft_snapshot *shown)
{
	const struct ft_snapshot_info *info = build->info;
	struct ft_snapshot_scope *scopes =
		xcalloc(info->scope_count + count_scopes(build->table), sizeof(*scopes));
	bool named[FT_MAX_SCOPES] = { false };
	uint32_t i;

	for (i = 0; i < info->scope_count; i++) {
		struct ft_snapshot_scope *to = &scopes[shown->scope_count];

		if (info->scopes[i].scope >= FT_MAX_SCOPES || named[info->scopes[i].scope])
			continue;
		if (!info->scopes[i].name[0] && !build->table->scopes[info->scopes[i].scope])
			continue; /* a number that is free */
		named[info->scopes[i].scope] = true;
		*to = info->scopes[i];
		publish_scope(build, shown, to);
		shown->scope_count++;
	}
	for (i = 0; i < FT_MAX_SCOPES; i++) {
		struct ft_snapshot_scope *to = &scopes[shown->scope_count];

		if (named[i] || !build->table->scopes[i])
			continue;
		to->scope = (uint16_t)i;
		publish_scope(build, shown, to);
		shown->scope_count++;
	}
	if (build->table->scopes_gone)
		publish_gone(build->table, shown, &scopes[shown->scope_count]);
	shown->scopes = scopes;
}

/* The interfaces as the collector tells them, with the counters kept here. */
static void publish_ifaces(const struct ft_build *build, struct ft_snapshot *shown)
{
	const struct ft_snapshot_info *info = build->info;
	struct ft_snapshot_iface *ifaces = xcalloc(info->iface_count, sizeof(*ifaces));
	struct ft_table *table = build->table;
	size_t i;

	for (i = 0; i < info->iface_count; i++) {
		struct ft_iface_state *state = ft_table_iface(table, info->ifaces[i].ifindex);

		ifaces[i] = info->ifaces[i];
		ifaces[i].interval = state->interval;
		ifaces[i].total = state->total;
	}
	for (i = 0; i < table->iface_count; i++)
		memset(&table->ifaces[i].interval, 0, sizeof(table->ifaces[i].interval));
	shown->ifaces = ifaces;
	shown->iface_count = info->iface_count;
}

/* A copy; "" for NULL. */
static char *copy_text(const char *text)
{
	return xstrdup(text ? text : "");
}

/* What the collector tells. */
static void publish_health(const struct ft_build *build, struct ft_snapshot *shown)
{
	const struct ft_snapshot_info *info = build->info;
	size_t i;

	shown->backend = copy_text(info->backend);
	shown->backend_reason = copy_text(info->backend_reason);
	shown->capture_filter = copy_text(info->capture_filter);
	shown->owner_source = copy_text(info->owner_source);
	shown->health_source = copy_text(info->health_source);
	shown->event_source = copy_text(info->event_source);
	shown->progress = info->progress;
	shown->paused_watch = info->paused_watch;
	shown->not_watched_ns = info->not_watched_ns;
	shown->store = info->store;
	shown->cost = info->cost;
	shown->taps = info->taps;
	shown->store.sockets_missed += build->table->tcp.refused;
	shown->lengthened = info->lengthened;
	shown->missed = info->missed;
	shown->evicted = build->table->evicted;
	shown->owners_unknown_full = info->owners_unknown_full +
				     ft_owners_refused(build->table->owners);
	shown->max_flows = build->table->config.max_flows;
	shown->notes = xcalloc(info->note_count, sizeof(*shown->notes));
	shown->note_count = info->note_count;
	for (i = 0; i < info->note_count; i++)
		shown->notes[i] = copy_text(info->notes[i]);
}

/* Hands the rows over: shared with the table, whose state they are from now on. */
static void publish_rows(struct ft_build *build, struct ft_snapshot_box *box)
{
	struct ft_table *table = build->table;
	struct ft_snapshot *shown = &box->shown;

	ft_region_trim(&build->block->region,
		       (size_t)build->row_count * sizeof(struct ft_flow_hot));
	build->block->count = build->row_count;
	build->rows = ft_block_rows(build->block);
	box->block = build->block;
	shown->rows = build->rows;
	shown->row_count = build->row_count;
	shown->live_flows = build->live;

	box->deltas = table->deltas;
	table->last_deltas = table->delta_count;
	table->deltas = (struct ft_region){ .base = NULL };
	ft_region_trim(&box->deltas, (size_t)table->delta_count * sizeof(struct ft_delta));
	shown->deltas = box->deltas.base;
	shown->delta_count = table->delta_count;
}

struct ft_snapshot *ft_build_publish(struct ft_build *build, bool last)
{
	struct ft_table *table = build->table;
	struct ft_snapshot_box *box = xcalloc(1, sizeof(*box));
	struct ft_snapshot *shown = &box->shown;

	atomic_init(&box->refs, 1);
	shown->generation = table->generation;
	shown->end_ns = build->info->end_ns;
	shown->interval_ns = build->info->interval_ns;
	shown->start_ns = build->info->start_ns;
	shown->last = last;
	publish_rows(build, box);
	/* Before processes that only an old event names may go. */
	ft_build_join_events(build);
	shown->events = ft_events_publish(table->events);
	ft_owners_reap(table->owners, build->info->end_ns);
	shown->processes = ft_owners_list(table->owners, &shown->process_count);
	ft_build_past(build, shown);
	ft_build_tcp(build, shown);
	if (build->info->socket_list)
		shown->socket_list = ft_socket_list_take(build->info->socket_list);
	ft_build_pairs(build, shown);
	publish_scopes(build, shown);
	publish_ifaces(build, shown);
	publish_health(build, shown);
	box->living = ft_flow_store_live(table->store, table->generation);
	free(build->remap);
	return shown;
}
