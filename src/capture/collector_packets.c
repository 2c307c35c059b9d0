/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that are written to files: those that the backend keeps (-w FILE.pcapng) are handed on
 * with each snapshot; and those of single flows (key x), for which a tap is opened:
 *
 *   tap = an AF_PACKET backend of its own for the flow's scope, with a filter in the kernel for the
 *         flow's two hosts, whose store keeps exactly the flow's packets. What it counts is thrown
 *         away: counting is the other backend's, whichever that is.
 *
 * A tap ends when it is told to, or some time after its flow. Its file is the output's business.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/collector_priv.h"
#include "capture/packet_store.h"
#include "capture/privileged.h"
#include "core/nls.h"
#include "core/xalloc.h"

/* A tag in band moves what libpcap's words look at: there the flow's key alone decides. */
#define TAGGED " or ether[12:2] = 0x8100 or ether[12:2] = 0x88a8"
#define RING_BYTES (8UL << 20)
#define GRACE_NS (3 * SECOND) /* for what comes after the end of a flow */
/* So much in one list is handed on before the interval is over. A file's parts are of 4 MiB, and six
 * lists may wait for a slow output: they find room. */
#define CUT_BYTES (FT_PACKETS_ROOM / 16)

void ft_packet_ask_free(void *item)
{
	struct ft_packet_ask *ask = item;

	if (!ask)
		return;
	if (ask->fd >= 0)
		close(ask->fd);
	free(ask->path);
	free(ask);
}

/* ---- the filter */

/* The ports, where libpcap's words find them; what has a fragment's offset or an extension header
 * in front of them gets through with any. */
static void describe_ports(const struct ft_flow_key *key, char *text, size_t size)
{
	uint16_t a = ntohs(key->port_a_be), b = ntohs(key->port_b_be);

	text[0] = '\0';
	if (key->protocol != IPPROTO_TCP && key->protocol != IPPROTO_UDP &&
	    key->protocol != IPPROTO_SCTP)
		return;
	if (key->ip_version == 4)
		snprintf(text, size,
			 " and ((ip proto %u and port %u and port %u) or ip[6:2] & 0x1fff != 0)",
			 key->protocol, a, b);
	else
		snprintf(text, size,
			 " and ((ip6 proto %u and port %u and port %u) or ip6[6] != %u)",
			 key->protocol, a, b, key->protocol);
}

char *ft_packet_ask_filter(const struct ft_flow_key *key, bool ethernet, const char *user)
{
	char ends[2][INET6_ADDRSTRLEN], ports[160], *own, *both;
	const char *family = key->ip_version == 4 ? "ip" : "ip6";
	const uint8_t *addr[2] = { key->addr_a, key->addr_b };

	for (int i = 0; i < 2; i++)
		if (key->ip_version == 4)
			inet_ntop(AF_INET, addr[i] + 12, ends[i], sizeof(ends[i]));
		else
			inet_ntop(AF_INET6, addr[i], ends[i], sizeof(ends[i]));
	describe_ports(key, ports, sizeof(ports));
	own = xasprintf("(%s host %s and %s host %s%s)%s", family, ends[0], family, ends[1], ports,
			ethernet ? TAGGED : "");
	if (!user)
		return own;
	/* The user's last: "vlan" in it moves what stands behind. */
	both = xasprintf("(%s) and (%s)", own, user);
	free(own);
	return both;
}

/* True if the flow's packets begin with a link-layer header. */
static bool is_ethernet(const struct ft_collector *c, uint16_t scope)
{
	size_t count;
	const struct ft_watch *watches = ft_links_watched(c->links, &count);

	for (size_t i = 0; i < count; i++)
		if (watches[i].iface.scope == scope)
			return !(watches[i].iface.flags & FT_IFACE_L3);
	return true;
}

/* ---- taps */

static struct ft_collector_tap *tap_of(struct ft_collector *c, uint64_t flow)
{
	for (size_t i = 0; i < FT_TAPS_MAX; i++)
		if (c->taps[i].backend && c->taps[i].flow == flow)
			return &c->taps[i];
	return NULL;
}

static void free_tap(struct ft_collector_tap *tap)
{
	if (tap->backend)
		tap->backend->ops->close(tap->backend);
	ft_packet_store_free(tap->store);
	*tap = (struct ft_collector_tap){ .flow = 0 };
}

/* A file that never gets a packet: its name isn't kept. */
static void refuse(struct ft_collector *c, const char *why)
{
	ft_notes_say(&c->notes, FT_NOTE_PACKETS, ft_collector_mono() + FOR_A_WHILE,
		     _("packets are not written: %s"), why);
}

/* Opens a tap; the file is taken over. The file begins, and ends at once if there is none. */
static void begin_tap(struct ft_collector *c, struct ft_collector_tap *tap,
		      struct ft_packet_ask *ask)
{
	struct ft_packet_file file = { .number = ++c->packet_files, .flow = ask->flow,
				       .path = ask->path, .fd = ask->fd };
	char *filter = ft_packet_ask_filter(&ask->key, is_ethernet(c, ask->key.scope),
					    c->config.backend.capture_filter);
	struct ft_backend_config config = {
		.capture_filter = filter,
		.promiscuous = c->config.backend.promiscuous,
		.ring_bytes = RING_BYTES,
		.scope = ask->key.scope + 1,
	};
	char err[FT_REASON_MAX] = "";

	ask->path = NULL;
	ask->fd = -1;
	tap->store = ft_packet_store_new(c->config.packet_way);
	ft_packet_store_only(tap->store, &ask->key, &file);
	tap->flow = ask->flow;
	tap->key = ask->key;
	config.packets = tap->store;
	if (ft_privileged_open_tap(&config, c->links, &tap->backend, err, sizeof(err)) < 0) {
		refuse(c, err);
		free_tap(tap);
	}
	free(filter);
}

/* One wish. */
static void answer(struct ft_collector *c, struct ft_packet_ask *ask)
{
	struct ft_collector_tap *tap = tap_of(c, ask->flow);

	c->packets_asked++;
	if (ask->stop) {
		if (tap)
			tap->stopping = true;
		return;
	}
	for (size_t i = 0; i < FT_TAPS_MAX && !tap; i++) {
		if (c->taps[i].backend)
			continue;
		begin_tap(c, &c->taps[i], ask);
		return;
	}
	if (!tap)
		refuse(c, _("of no more flows at once"));
}

bool ft_collector_answer_packets(struct ft_collector *c)
{
	struct ft_packet_ask *ask;
	bool any = false;

	while (c->asks && (ask = ft_queue_take(c->asks))) {
		if (c->is_file || !c->config.packet_way)
			c->packets_asked++;
		else
			answer(c, ask);
		ft_packet_ask_free(ask);
		any = true;
	}
	return any;
}

void ft_collector_watch_taps(struct ft_collector *c)
{
	char err[FT_REASON_MAX] = "";

	for (size_t i = 0; i < FT_TAPS_MAX; i++) {
		struct ft_backend *backend = c->taps[i].backend;

		if (backend && backend->ops->watch(backend, c->links, err, sizeof(err)) < 0)
			refuse(c, err);
	}
}

void ft_collector_pause_taps(struct ft_collector *c, bool paused)
{
	for (size_t i = 0; i < FT_TAPS_MAX; i++)
		if (c->taps[i].backend)
			(void)c->taps[i].backend->ops->pause(c->taps[i].backend, paused);
}

/* What a tap counted is nobody's. */
static void read_tap(struct ft_collector_tap *tap)
{
	struct ft_batch batch;

	(void)tap->backend->ops->collect(tap->backend, &batch);
}

bool ft_collector_read_taps(struct ft_collector *c)
{
	const struct ft_packet_store *kept = c->config.backend.packets;
	bool cut = kept && ft_packet_store_bytes(kept) >= CUT_BYTES;

	for (size_t i = 0; i < FT_TAPS_MAX; i++) {
		if (!c->taps[i].backend)
			continue;
		read_tap(&c->taps[i]);
		cut = cut || ft_packet_store_bytes(c->taps[i].store) >= CUT_BYTES;
	}
	return cut;
}

/* Marks a tap whose flow has ended, or left. */
static void look_after(struct ft_collector_tap *tap, const struct ft_snapshot *snapshot)
{
	uint64_t now = ft_collector_mono();
	bool live = false;

	for (size_t i = 0; i < snapshot->row_count && !live; i++)
		live = snapshot->rows[i].flow->id == tap->flow &&
		       snapshot->rows[i].ended == FT_ENDED_NOT;
	if (live)
		tap->ended_mono = 0;
	else if (tap->ended_mono == 0)
		tap->ended_mono = now;
	else if (now - tap->ended_mono >= GRACE_NS)
		tap->stopping = true;
}

/* Hands on what one tap has; ends it if it is time. */
static void flush_tap(struct ft_collector *c, struct ft_collector_tap *tap,
		      const struct ft_snapshot *snapshot, bool last)
{
	struct ft_batch batch;

	look_after(tap, snapshot);
	if (tap->stopping || last)
		(void)tap->backend->ops->stop(tap->backend, &batch);
	else
		read_tap(tap);
	/* Its last list waits as others do; the places for those are for the run's end. */
	if (!last && ft_packet_way_full(c->config.packet_way))
		return;
	/* What came after the snapshot's end goes with this list: its flow is known anyway. */
	if (ft_packet_store_flush(tap->store, snapshot->generation, ft_collector_real(),
				  tap->stopping || last) &&
	    (tap->stopping || last))
		free_tap(tap);
}

void ft_collector_flush_packets(struct ft_collector *c, const struct ft_snapshot *snapshot,
				bool last)
{
	if (c->config.backend.packets)
		ft_packet_store_flush(c->config.backend.packets, snapshot->generation,
				      snapshot->end_ns, last);
	for (size_t i = 0; i < FT_TAPS_MAX; i++)
		if (c->taps[i].backend)
			flush_tap(c, &c->taps[i], snapshot, last);
}

void ft_collector_list_taps(const struct ft_collector *c, struct ft_snapshot_taps *ret_taps)
{
	*ret_taps = (struct ft_snapshot_taps){ .asked = c->packets_asked };
	for (size_t i = 0; i < FT_TAPS_MAX; i++)
		if (c->taps[i].backend && !c->taps[i].stopping)
			ret_taps->flow[ret_taps->count++] = c->taps[i].flow;
}

void ft_collector_free_taps(struct ft_collector *c)
{
	for (size_t i = 0; i < FT_TAPS_MAX; i++)
		free_tap(&c->taps[i]);
	ft_queue_free(c->asks);
}
