/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A made-up backend; see feed.h. */
#include "feed.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/xalloc.h"

#define LINK_HEADER 14

void feed_init(struct feed *feed)
{
	unsigned int i;

	memset(feed, 0, sizeof(*feed));
	feed->now_ns = 1000000 * FEED_SECOND;
	for (i = 0; i < FT_MAX_SCOPES; i++)
		feed->scopes[i].scope = (uint16_t)i;
}

void feed_done(struct feed *feed)
{
	unsigned int i;

	for (i = 0; i < FEED_SPANS; i++)
		free(feed->entries[i]);
	free(feed->sockets);
}

/* 10.x.y.z, mapped. */
static void put_address(uint8_t to[16], uint32_t number)
{
	uint32_t be = htonl(0x0a000000U | (number & 0xffffffU));

	memset(to, 0, 10);
	to[10] = to[11] = 0xff;
	memcpy(to + 12, &be, 4);
}

struct ft_flow_key feed_key(uint32_t a, uint16_t port_a, uint32_t b, uint16_t port_b,
			    uint8_t protocol)
{
	struct ft_flow_key key = { .protocol = protocol, .ip_version = 4 };

	if (a > b || (a == b && port_a > port_b))
		return feed_key(b, port_b, a, port_a, protocol);
	put_address(key.addr_a, a);
	put_address(key.addr_b, b);
	key.port_a_be = htons(port_a);
	key.port_b_be = htons(port_b);
	return key;
}

void feed_count(struct feed *feed, uint16_t scope, enum ft_counter counter, uint64_t packets,
		uint64_t l2_bytes)
{
	struct ft_scope_counters *counters = &feed->scopes[scope].counters;

	counters->c[counter].packets += packets;
	counters->c[counter].l2_bytes += l2_bytes;
	if (counter != FT_C_SEEN)
		feed_count(feed, scope, FT_C_SEEN, packets, l2_bytes);
}

/* One packet of a direction. */
static void put_packet(struct feed *feed, struct ft_entry *entry, int dir, uint32_t bytes)
{
	if (!bytes)
		return;
	entry->dir[dir].packets = 1;
	entry->dir[dir].bytes = bytes;
	entry->dir[dir].l2_bytes = bytes + LINK_HEADER;
	feed_count(feed, entry->key.scope, FT_C_SEEN, 1, bytes + LINK_HEADER);
}

struct ft_entry *feed_add(struct feed *feed, unsigned int span, const struct ft_flow_key *key,
			  uint32_t bytes_ab, uint32_t bytes_ba)
{
	struct ft_entry *entry;

	if (feed->count[span] == feed->space[span]) {
		feed->space[span] = feed->space[span] ? feed->space[span] * 2 : 64;
		feed->entries[span] = xreallocarray(feed->entries[span], feed->space[span],
						    sizeof(*entry));
	}
	entry = &feed->entries[span][feed->count[span]++];
	memset(entry, 0, sizeof(*entry));
	entry->key = *key;
	entry->first_tick = entry->last_tick = feed->now_ns;
	put_packet(feed, entry, 0, bytes_ab);
	put_packet(feed, entry, 1, bytes_ba);
	return entry;
}

void feed_socket(struct feed *feed, struct ft_health health)
{
	if (feed->socket_count == feed->socket_space) {
		feed->socket_space = feed->socket_space ? feed->socket_space * 2 : 16;
		feed->sockets = xreallocarray(feed->sockets, feed->socket_space,
					      sizeof(*feed->sockets));
	}
	feed->sockets[feed->socket_count++] = health;
}

void feed_apply(struct feed *feed, struct ft_table *table)
{
	struct ft_batch batch = {
		.spans = feed->spans,
		.clock = ft_clock_identity(),
		.scopes = feed->scopes,
		.scope_count = FT_MAX_SCOPES,
		.ifaces = feed->ifaces,
		.iface_count = feed->iface_count,
		.end_ns = feed->now_ns,
		.mono_ns = feed->now_ns,
	};
	struct ft_socket_span sockets = { feed->sockets, feed->socket_count };
	unsigned int i;

	for (i = 0; i < FEED_SPANS; i++)
		if (feed->count[i])
			feed->spans[batch.span_count++] = (struct ft_span){
				.entries = feed->entries[i], .count = feed->count[i],
			};
	batch.socket_spans = &sockets;
	batch.socket_span_count = sockets.count ? 1 : 0;
	while (batch.scope_count > 1 &&
	       feed->scopes[batch.scope_count - 1].counters.c[FT_C_SEEN].packets == 0)
		batch.scope_count--;
	ft_table_apply(table, &batch);
	for (i = 0; i < FEED_SPANS; i++)
		feed->count[i] = 0;
	for (i = 0; i < FT_MAX_SCOPES; i++)
		memset(&feed->scopes[i].counters, 0, sizeof(feed->scopes[i].counters));
	feed->iface_count = 0;
	feed->socket_count = 0;
}

struct ft_snapshot *feed_snapshot(struct feed *feed, struct ft_table *table,
				  uint64_t interval_ns, bool last)
{
	static const struct ft_snapshot_scope scope = { .name = "lo", .present = true };
	static const struct ft_snapshot_iface iface = {
		.name = "lo", .ifindex = 1, .present = true,
	};
	const struct ft_snapshot_info info = {
		.end_ns = feed->now_ns,
		.interval_ns = interval_ns,
		.start_ns = 1000000 * FEED_SECOND,
		.backend = "feed",
		.backend_reason = "made up",
		.capture_filter = "",
		.owner_source = "none",
		.progress = -1,
		.scopes = &scope,
		.scope_count = 1,
		.ifaces = &iface,
		.iface_count = 1,
	};

	return ft_table_snapshot(table, &info, last);
}

void feed_bed_init(struct feed_bed *bed, uint32_t max_flows)
{
	struct ft_table_config config;

	ft_table_config_init(&config);
	if (max_flows)
		config.max_flows = max_flows;
	bed->owners = ft_owners_new();
	bed->table = ft_table_new(&config, bed->owners);
	feed_init(&bed->feed);
}

void feed_bed_done(struct feed_bed *bed)
{
	ft_table_free(bed->table);
	ft_owners_free(bed->owners);
	feed_done(&bed->feed);
}

struct ft_snapshot *feed_bed_step(struct feed_bed *bed, uint64_t seconds)
{
	feed_apply(&bed->feed, bed->table);
	bed->feed.now_ns += seconds * FEED_SECOND;
	return feed_snapshot(&bed->feed, bed->table, seconds * FEED_SECOND, false);
}
