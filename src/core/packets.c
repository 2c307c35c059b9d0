/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See packets.h. The room's number is all that threads share. */
#include "core/packets.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/xalloc.h"

#define CHUNK_BYTES (128UL << 10)
#define IFACES_MAX 4096 /* of a list */
#define ALIGN 8

struct ft_packet_room {
	atomic_uint refs;
	atomic_size_t used;
	size_t bytes;
};

struct ft_packet_chunk {
	struct ft_packet_chunk *next;
	size_t used, size;
	_Alignas(ALIGN) uint8_t bytes[];
};

struct ft_packet_room *ft_packet_room_new(size_t bytes)
{
	struct ft_packet_room *room = xcalloc(1, sizeof(*room));

	atomic_init(&room->refs, 1);
	atomic_init(&room->used, 0);
	room->bytes = bytes;
	return room;
}

void ft_packet_room_put(struct ft_packet_room *room)
{
	if (room && atomic_fetch_sub_explicit(&room->refs, 1, memory_order_acq_rel) == 1)
		free(room);
}

size_t ft_packet_room_used(const struct ft_packet_room *room)
{
	return atomic_load_explicit(&room->used, memory_order_relaxed);
}

/* Takes bytes if there are so many left. */
static bool take_room(struct ft_packet_room *room, size_t bytes)
{
	if (atomic_fetch_add_explicit(&room->used, bytes, memory_order_relaxed) + bytes <=
	    room->bytes)
		return true;
	atomic_fetch_sub_explicit(&room->used, bytes, memory_order_relaxed);
	return false;
}

struct ft_packets *ft_packets_new(struct ft_packet_room *room)
{
	struct ft_packets *packets = xcalloc(1, sizeof(*packets));

	atomic_fetch_add_explicit(&room->refs, 1, memory_order_relaxed);
	packets->room = room;
	packets->file.fd = -1;
	return packets;
}

void ft_packets_free(struct ft_packets *packets)
{
	if (!packets)
		return;
	while (packets->chunks) {
		struct ft_packet_chunk *chunk = packets->chunks;

		packets->chunks = chunk->next;
		free(chunk);
	}
	atomic_fetch_sub_explicit(&packets->room->used, packets->bytes, memory_order_relaxed);
	ft_packet_room_put(packets->room);
	free(packets->file.path);
	free(packets->ifaces);
	free(packets->packet);
	free(packets);
}

/* A chunk with so many bytes left; NULL: there is no room. */
static struct ft_packet_chunk *chunk_for(struct ft_packets *packets, size_t bytes)
{
	struct ft_packet_chunk *chunk = packets->chunks;
	size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;

	if (chunk && chunk->size - chunk->used >= bytes)
		return chunk;
	if (!take_room(packets->room, sizeof(*chunk) + size))
		return NULL;
	chunk = xmalloc(sizeof(*chunk) + size);
	*chunk = (struct ft_packet_chunk){ .next = packets->chunks, .size = size };
	packets->chunks = chunk;
	packets->bytes += sizeof(*chunk) + size;
	return chunk;
}

struct ft_packet *ft_packets_add(struct ft_packets *packets, uint32_t cap_len)
{
	size_t bytes = (sizeof(struct ft_packet) + cap_len + ALIGN - 1) / ALIGN * ALIGN;
	struct ft_packet_chunk *chunk = chunk_for(packets, bytes);
	struct ft_packet *packet;

	if (!chunk)
		return NULL;
	if (packets->count == packets->space) {
		packets->space = packets->space ? packets->space * 2 : 256;
		packets->packet = xreallocarray(packets->packet, packets->space,
						sizeof(*packets->packet));
	}
	packet = (void *)(chunk->bytes + chunk->used);
	*packet = (struct ft_packet){ .cap_len = cap_len };
	chunk->used += bytes;
	packets->packet[packets->count++] = packet;
	return packet;
}

uint16_t ft_packets_iface(struct ft_packets *packets, uint32_t ifindex, uint16_t link_type,
			  const char *name)
{
	struct ft_packet_iface *iface;
	size_t i;

	for (i = 0; i < packets->iface_count; i++)
		if (packets->ifaces[i].ifindex == ifindex &&
		    packets->ifaces[i].link_type == link_type)
			return (uint16_t)i;
	if (i == IFACES_MAX)
		return UINT16_MAX;
	packets->ifaces = xreallocarray(packets->ifaces, i + 1, sizeof(*packets->ifaces));
	iface = &packets->ifaces[i];
	*iface = (struct ft_packet_iface){ .ifindex = ifindex, .link_type = link_type };
	snprintf(iface->name, sizeof(iface->name), "%s", name);
	packets->iface_count++;
	return (uint16_t)i;
}

/* Merges two halves in order; what is equal stays as it was. */
static void merge(const struct ft_packet **to, const struct ft_packet *const *from, size_t low,
		  size_t middle, size_t high)
{
	size_t left = low, right = middle;

	for (size_t i = low; i < high; i++)
		if (right == high ||
		    (left < middle && from[left]->time_ns <= from[right]->time_ns))
			to[i] = from[left++];
		else
			to[i] = from[right++];
}

/* A merge sort from below; most lists are in order already. */
static void sort(struct ft_packets *packets)
{
	const struct ft_packet **from = packets->packet, **to, **swap;
	size_t count = packets->count, i;

	for (i = 1; i < count && from[i - 1]->time_ns <= from[i]->time_ns; i++)
		;
	if (i >= count)
		return;
	to = xreallocarray(NULL, packets->space, sizeof(*to));
	for (size_t width = 1; width < count; width *= 2) {
		for (size_t low = 0; low < count; low += 2 * width) {
			size_t middle = low + width < count ? low + width : count;
			size_t high = low + 2 * width < count ? low + 2 * width : count;

			merge(to, from, low, middle, high);
		}
		swap = from;
		from = to;
		to = swap;
	}
	packets->packet = from;
	free(to);
}

/* Gives one to another list, where it may find no room. */
static void move(const struct ft_packets *packets, const struct ft_packet *packet,
		 struct ft_packets *later)
{
	const struct ft_packet_iface *iface = &packets->ifaces[packet->iface];
	uint16_t number = ft_packets_iface(later, iface->ifindex, iface->link_type, iface->name);
	struct ft_packet *copy = ft_packets_add(later, packet->cap_len);

	if (!copy) {
		later->ifaces[number].no_room++;
		return;
	}
	memcpy(copy, packet, sizeof(*packet) + packet->cap_len);
	copy->iface = number;
}

void ft_packets_sort(struct ft_packets *packets, uint64_t until_ns, struct ft_packets *later)
{
	size_t kept = packets->count;

	sort(packets);
	while (later && kept > 0 && packets->packet[kept - 1]->time_ns > until_ns)
		kept--;
	for (size_t i = kept; i < packets->count; i++)
		move(packets, packets->packet[i], later);
	packets->count = kept;
}
