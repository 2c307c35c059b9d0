/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the collector tells a snapshot beside the table's own: scopes, interfaces with their
 * drops and remarks, backend and reason, health. Collector thread only.
 *
 * Interfaces keep their place while they are watched; one that vanished is listed as not
 * present for a minute, so that flows which it carried can still name it. The list is bounded
 * by FT_MAX_IFACES: the kernel program watches no more either.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/collector_priv.h"
#include "capture/clock.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define GONE_NS (60 * UINT64_C(1000000000))

uint64_t ft_collector_mono(void)
{
	return ft_clock_read(CLOCK_MONOTONIC);
}

uint64_t ft_collector_real(void)
{
	return ft_clock_read(CLOCK_REALTIME);
}

/* The record of a watched interface: an ifindex is never used for two names at a time. */
static struct picture_iface *find_iface(struct picture *picture, uint32_t ifindex,
					const char *name)
{
	for (size_t i = 0; i < picture->iface_count; i++) {
		struct picture_iface *p = &picture->ifaces[i];

		if (p->iface.ifindex == ifindex && strcmp(p->iface.name, name) == 0)
			return p;
	}
	return NULL;
}

/* Appends one, or returns NULL when there are too many. */
static struct picture_iface *add_iface(struct picture *picture, uint32_t ifindex,
				       uint16_t scope, const char *name)
{
	struct picture_iface *p;

	if (picture->iface_count >= FT_MAX_IFACES)
		return NULL;
	picture->ifaces = xreallocarray(picture->ifaces, picture->iface_count + 1,
					sizeof(picture->ifaces[0]));
	picture->iface_row = xreallocarray(picture->iface_row, picture->iface_count + 1,
					   sizeof(picture->iface_row[0]));
	p = &picture->ifaces[picture->iface_count++];
	memset(p, 0, sizeof(*p));
	snprintf(p->iface.name, sizeof(p->iface.name), "%s", name);
	p->iface.ifindex = ifindex;
	p->iface.scope = scope;
	return p;
}

/* Forgets interfaces that have been gone for long. */
static void forget_gone(struct picture *picture, uint64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < picture->iface_count; i++) {
		struct picture_iface *p = &picture->ifaces[i];

		if (p->iface.present || now - p->gone_ns < GONE_NS)
			picture->ifaces[kept++] = *p;
	}
	picture->iface_count = kept;
}

/* Marks what is watched as present, and the rest as gone from now on. */
static void refresh_ifaces(struct picture *picture, const struct ft_links *links)
{
	uint64_t now = ft_collector_mono();
	size_t count;
	const struct ft_watch *watched = ft_links_watched(links, &count);

	for (size_t i = 0; i < picture->iface_count; i++) {
		if (picture->ifaces[i].iface.present)
			picture->ifaces[i].gone_ns = now;
		picture->ifaces[i].iface.present = false;
	}
	forget_gone(picture, now);
	for (size_t i = 0; i < count; i++) {
		const struct ft_iface *iface = &watched[i].iface;
		const struct ft_link *link = ft_links_find(links, iface->ifindex);
		struct picture_iface *p = find_iface(picture, iface->ifindex, watched[i].name);

		if (!p) {
			p = add_iface(picture, iface->ifindex, iface->scope, watched[i].name);
			if (p && link) {
				p->base_drops_rx = link->stats_drops_rx;
				p->base_drops_tx = link->stats_drops_tx;
				p->base_qdisc_drops = link->qdisc_drops;
			}
		}
		if (p) {
			p->iface.present = true;
			p->iface.scope = iface->scope;
		}
	}
}

/* Room for the scopes that there are now. */
static void size_scopes(struct picture *picture, size_t count)
{
	picture->scopes = xreallocarray(picture->scopes, count, sizeof(picture->scopes[0]));
	if (count > picture->scope_count)
		memset(&picture->scopes[picture->scope_count], 0,
		       (count - picture->scope_count) * sizeof(picture->scopes[0]));
	picture->scope_count = count;
}

/* Says as long as it is so that not all can be watched. */
static void note_left_out(struct ft_collector *collector)
{
	size_t count = ft_links_left_out(collector->links);

	if (count > 0)
		ft_notes_say(&collector->notes, FT_NOTE_LEFT_OUT, NEVER,
			     P_("%zu interface is not watched: at most %d can be in one run",
				"%zu interfaces are not watched: at most %d can be in one run",
				count), count, FT_MAX_SCOPES);
	else
		ft_notes_drop(&collector->notes, FT_NOTE_LEFT_OUT);
}

void ft_picture_refresh(struct ft_collector *collector)
{
	struct picture *picture = &collector->picture;
	const struct ft_links *links = collector->links;
	size_t count;

	if (!links)
		return;
	count = ft_links_scope_count(links);
	if (count > 0)
		size_scopes(picture, count);
	for (uint16_t i = 0; i < count; i++) {
		struct ft_snapshot_scope *scope = &picture->scopes[i];

		snprintf(scope->name, sizeof(scope->name), "%s", ft_links_scope_name(links, i));
		scope->scope = i;
		scope->present = ft_links_scope_present(links, i);
	}
	refresh_ifaces(picture, links);
	note_left_out(collector);
}

/* "trace.pcap" of "/tmp/trace.pcap". */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void ft_picture_of_file(struct ft_collector *collector, const struct ft_batch *batch)
{
	struct picture *picture = &collector->picture;
	const char *name = base_name(collector->config.backend.file);

	if (strcmp(name, "-") == 0)
		name = "stdin";
	if (picture->scope_count == 0) {
		size_scopes(picture, 1);
		snprintf(picture->scopes[0].name, sizeof(picture->scopes[0].name), "%.*s",
			 IFNAMSIZ - 1, name);
		picture->scopes[0].present = true;
	}
	for (size_t i = 0; batch && i < batch->iface_count; i++) {
		uint32_t ifindex = batch->ifaces[i].ifindex;
		struct picture_iface *p;

		if (find_iface(picture, ifindex, picture->scopes[0].name))
			continue;
		p = add_iface(picture, ifindex, 0, picture->scopes[0].name);
		if (p)
			p->iface.present = true;
	}
}

/* What grew since the base; a counter that was set back counts from there. */
static uint64_t since(uint64_t now, uint64_t *base)
{
	if (now < *base)
		*base = 0;
	return now - *base;
}

/* Drops and remark of one interface, as they are now. */
static void look_at(struct ft_collector *collector, struct picture_iface *p)
{
	const struct ft_backend *backend = collector->backend;
	const struct ft_link *link = NULL;
	char remark[FT_REASON_MAX] = "";

	if (collector->links && p->iface.present)
		link = ft_links_find(collector->links, p->iface.ifindex);
	if (link) {
		p->iface.drops_rx = since(link->stats_drops_rx, &p->base_drops_rx);
		p->iface.drops_tx = since(link->stats_drops_tx, &p->base_drops_tx);
		p->iface.qdisc_drops = since(link->qdisc_drops, &p->base_qdisc_drops);
	}
	if (backend->ops->remark(backend, p->iface.ifindex, remark, sizeof(remark)) < 0)
		remark[0] = '\0';
	snprintf(p->iface.remark, sizeof(p->iface.remark), "%.*s",
		 (int)sizeof(p->iface.remark) - 1, remark);
}

/* How sockets are looked at. */
static const char *describe_health(struct ft_collector *collector)
{
	if (collector->is_file)
		return "";
	snprintf(collector->health_source, sizeof(collector->health_source), "%s%s",
		 collector->sampler ? collector->sampler : "inet_diag",
		 collector->socket_closes ? ", set_state" : "");
	return collector->health_source;
}

void ft_picture_info(struct ft_collector *collector, const char *notes[FT_NOTES_MAX],
		     struct ft_snapshot_info *ret_info)
{
	struct picture *picture = &collector->picture;
	const char *filter = collector->config.backend.capture_filter;
	struct ft_cost cost;

	if (collector->links)
		ft_links_read_stats(collector->links);
	ft_cost_meter_take(collector->cost_meter, &cost);
	cost.outputs = (unsigned)collector->config.output_count;
	for (size_t i = 0; i < collector->config.output_count; i++)
		cost.behind += ft_queue_full(collector->config.outputs[i].queue);
	for (size_t i = 0; i < picture->iface_count; i++) {
		look_at(collector, &picture->ifaces[i]);
		picture->iface_row[i] = picture->ifaces[i].iface;
	}
	*ret_info = (struct ft_snapshot_info){
		.end_ns = collector->batch_end_ns,
		.interval_ns = collector->batch_mono - collector->interval_mono,
		.start_ns = collector->start_ns,
		.backend = collector->backend->ops->name,
		.backend_reason = collector->reason,
		.capture_filter = filter ? filter : "",
		.owner_source = collector->owner_source ?
				ft_owner_source_describe(collector->owner_source) : "",
		.health_source = describe_health(collector),
		.event_source = collector->unseen,
		.progress = collector->backend->ops->progress(collector->backend),
		.paused_watch = collector->gap,
		.not_watched_ns = collector->not_watched_ns,
		.store = collector->store,
		.cost = cost,
		.lengthened = collector->lengthened,
		.missed = collector->missed,
		.notes = notes,
		.note_count = ft_notes_list(&collector->notes, ft_collector_mono(), notes),
		.scopes = picture->scopes,
		.scope_count = picture->scope_count,
		.ifaces = picture->iface_row,
		.iface_count = picture->iface_count,
		.socket_list = collector->lister ? ft_socket_lister_newest(collector->lister) :
						   NULL,
	};
	ft_collector_list_taps(collector, &ret_info->taps);
}

void ft_picture_done(struct picture *picture)
{
	free(picture->ifaces);
	free(picture->iface_row);
	free(picture->scopes);
}
