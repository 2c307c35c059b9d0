/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See packet_store.h. */
#include "capture/packet_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/mailbox.h"
#include "core/snapshot.h"
#include "core/xalloc.h"

#define LISTS 64 /* on their way at once */
#define LAST_LISTS (FT_TAPS_MAX + 1) /* places beyond them, for each file's last one */
#define MACS 12U /* where a tag goes: behind the addresses */
#define TAG 4U
#define TPID 0x8100

struct ft_packet_store {
	const struct ft_packet_way *way;
	struct ft_packets *packets; /* owned: the list in work */
	bool one_flow;
	struct ft_flow_key key;
	const char *(*name_of)(const void *arg, uint32_t ifindex);
	const void *name_arg;
	uint64_t hold_ns;
	uint16_t last; /* interface of the packet before: mostly right again */
};

/* What nobody took. */
static void drop(void *item)
{
	struct ft_packets *packets = item;

	if (packets->file.fd >= 0)
		close(packets->file.fd);
	ft_packets_free(packets);
}

int ft_packet_way_init(struct ft_packet_way *way, size_t room_bytes)
{
	way->queue = ft_queue_new(LISTS + LAST_LISTS, drop);
	if (!way->queue)
		return -errno;
	way->room = ft_packet_room_new(room_bytes);
	return 0;
}

bool ft_packet_way_full(const struct ft_packet_way *way)
{
	return ft_queue_count(way->queue) >= LISTS;
}

void ft_packet_way_done(struct ft_packet_way *way)
{
	ft_queue_free(way->queue);
	ft_packet_room_put(way->room);
	*way = (struct ft_packet_way){ .queue = NULL };
}

struct ft_packet_store *ft_packet_store_new(const struct ft_packet_way *way)
{
	struct ft_packet_store *store = xcalloc(1, sizeof(*store));

	store->way = way;
	store->packets = ft_packets_new(way->room);
	return store;
}

void ft_packet_store_free(struct ft_packet_store *store)
{
	if (!store)
		return;
	drop(store->packets);
	free(store);
}

void ft_packet_store_only(struct ft_packet_store *store, const struct ft_flow_key *key,
			  const struct ft_packet_file *file)
{
	store->one_flow = true;
	store->key = *key;
	store->packets->file = *file;
}

void ft_packet_store_names(struct ft_packet_store *store,
			   const char *(*name_of)(const void *arg, uint32_t ifindex),
			   const void *arg)
{
	store->name_of = name_of;
	store->name_arg = arg;
}

void ft_packet_store_hold(struct ft_packet_store *store, uint64_t ns)
{
	store->hold_ns = ns;
}

/* Numbers of the kinds of link layer in files. */
static uint16_t link_type(enum ft_packet_link link)
{
	static const uint16_t types[] = {
		[FT_PACKET_ETHERNET] = 1, [FT_PACKET_RAW] = 101, [FT_PACKET_SLL] = 113,
		[FT_PACKET_SLL2] = 276,	  [FT_PACKET_NULL] = 0,
	};

	return types[link];
}

/* The interface's place in the list in work; NULL: there are too many. */
static struct ft_packet_iface *iface_of(struct ft_packet_store *store, uint32_t ifindex,
					uint16_t type)
{
	struct ft_packets *packets = store->packets;
	const char *name = NULL;

	if (store->last < packets->iface_count &&
	    packets->ifaces[store->last].ifindex == ifindex &&
	    packets->ifaces[store->last].link_type == type)
		return &packets->ifaces[store->last];
	if (store->name_of)
		name = store->name_of(store->name_arg, ifindex);
	store->last = ft_packets_iface(packets, ifindex, type, name ? name : "");
	return store->last == UINT16_MAX ? NULL : &packets->ifaces[store->last];
}

/* True where the tag beside the frame has a place in it. */
static bool has_tag(const struct ft_packet_meta *meta, uint32_t cap_len)
{
	return meta->vlan_valid && meta->link == FT_PACKET_ETHERNET && cap_len >= MACS;
}

/* The frame's octets, its tag among them. */
static void copy_octets(struct ft_packet *packet, const uint8_t *data,
			const struct ft_packet_meta *meta, bool tagged)
{
	uint16_t tpid = meta->vlan_tpid ? meta->vlan_tpid : TPID;
	const uint8_t tag[TAG] = { (uint8_t)(tpid >> 8), (uint8_t)tpid,
				   (uint8_t)(meta->vlan_tci >> 8), (uint8_t)meta->vlan_tci };

	if (!tagged) {
		memcpy(packet->octets, data, packet->cap_len);
		return;
	}
	memcpy(packet->octets, data, MACS);
	memcpy(packet->octets + MACS, tag, TAG);
	memcpy(packet->octets + MACS + TAG, data + MACS, packet->cap_len - MACS - TAG);
}

static uint8_t flags_of(const struct ft_packet_store *store, const struct ft_packet_meta *meta,
			const struct ft_packet_result *result)
{
	bool directed = store->name_of || meta->link == FT_PACKET_SLL ||
			meta->link == FT_PACKET_SLL2;

	return (uint8_t)((result->is_flow ? FT_PACKET_HAS_FLOW : 0) |
			 (directed ? FT_PACKET_DIRECTED : 0) |
			 (meta->outgoing ? FT_PACKET_OUTGOING : 0));
}

void ft_packet_store_add(struct ft_packet_store *store, const uint8_t *data,
			 const struct ft_packet_meta *meta, const struct ft_packet_result *result)
{
	uint32_t cap_len = meta->cap_len < FT_PACKETS_SNAPLEN ? meta->cap_len : FT_PACKETS_SNAPLEN;
	bool tagged = has_tag(meta, cap_len);
	struct ft_packet_iface *iface;
	struct ft_packet *packet;

	if (store->one_flow && (!result->is_flow ||
				memcmp(&store->key, &result->key, sizeof(store->key)) != 0))
		return;
	iface = iface_of(store, meta->ifindex, link_type(meta->link));
	if (!iface)
		return;
	iface->seen++;
	packet = ft_packets_add(store->packets, cap_len + (tagged ? TAG : 0));
	if (!packet) {
		iface->no_room++;
		return;
	}
	packet->time_ns = meta->tick;
	packet->wire_len = meta->wire_len <= UINT32_MAX - TAG && tagged ? meta->wire_len + TAG :
									  meta->wire_len;
	packet->segments = result->packets > UINT32_MAX ? UINT32_MAX : (uint32_t)result->packets;
	packet->iface = store->last;
	packet->flags = flags_of(store, meta, result);
	packet->dir = result->dir;
	if (result->is_flow)
		packet->key = result->key;
	copy_octets(packet, data, meta, tagged);
}

void ft_packet_store_dropped(struct ft_packet_store *store, uint32_t ifindex, uint64_t count)
{
	struct ft_packet_iface *iface = NULL;

	/* Whatever its kind; one that was heard nothing of yet is as good as any. */
	for (size_t i = 0; i < store->packets->iface_count && !iface; i++)
		if (store->packets->ifaces[i].ifindex == ifindex)
			iface = &store->packets->ifaces[i];
	if (!iface)
		iface = iface_of(store, ifindex, link_type(FT_PACKET_ETHERNET));
	if (iface)
		iface->ring += count;
}

size_t ft_packet_store_bytes(const struct ft_packet_store *store)
{
	return store->packets->bytes;
}

/* True if nobody would miss the list. */
static bool is_idle(const struct ft_packet_store *store, bool ends)
{
	const struct ft_packets *packets = store->packets;

	return packets->count == 0 && packets->iface_count == 0 && !packets->file.path && !ends;
}

bool ft_packet_store_flush(struct ft_packet_store *store, uint64_t generation, uint64_t end_ns,
			   bool ends)
{
	struct ft_packets *packets = store->packets, *next;
	bool holds = store->hold_ns && !ends;

	if (is_idle(store, ends))
		return true;
	if (ft_packet_way_full(store->way) && !ends)
		return false;
	next = ft_packets_new(store->way->room);
	next->file.number = packets->file.number;
	next->file.flow = packets->file.flow;
	ft_packets_sort(packets, end_ns - store->hold_ns, holds ? next : NULL);
	packets->generation = generation;
	packets->file.ends = ends;
	store->packets = next;
	store->last = 0;
	/* Only this thread puts; false where nobody takes any more. */
	if (!ft_queue_put(store->way->queue, packets))
		drop(packets);
	return true;
}
