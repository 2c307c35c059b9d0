/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets as they were captured, on their way from the capture side to a file: lists of one
 * period, each built by one thread, handed on whole, then only read, and freed by who read it.
 *
 *   list: interfaces, and chunks of memory: [packet, octets][packet, octets] ... | [packet ...
 *   room: how many bytes all lists together may take; what finds no room is counted in the list
 *
 * A VLAN tag that the kernel keeps beside the frame is put back among the octets, so that cap_len
 * and wire_len are those of the frame with it.
 */
#ifndef FT_CORE_PACKETS_H
#define FT_CORE_PACKETS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/flow_abi.h"

#define FT_PACKETS_SNAPLEN 262144U /* octets of a packet that are kept, as many as tcpdump keeps */
#define FT_PACKETS_ROOM (64UL << 20)

/* ft_packet.flags */
#define FT_PACKET_HAS_FLOW (1U << 0)  /* key and dir are set */
#define FT_PACKET_DIRECTED (1U << 1)  /* it is known whether it was sent or received */
#define FT_PACKET_OUTGOING (1U << 2)

struct ft_packet {
	uint64_t time_ns;  /* CLOCK_REALTIME */
	uint32_t cap_len;
	uint32_t wire_len; /* of the frame, or super-packet, as it was captured */
	uint32_t segments; /* packets that it is on the wire: 1, more of a super-packet */
	uint16_t iface;    /* index into the list's */
	uint8_t flags;
	uint8_t dir;       /* FT_DIR_* */
	struct ft_flow_key key;
	uint8_t octets[];
};

/* Where packets of a list come from, and what became of others of this period. */
struct ft_packet_iface {
	char name[IFNAMSIZ]; /* "" = not known: a file */
	uint32_t ifindex;
	uint16_t link_type;  /* LINKTYPE_*, as files number them */
	uint64_t seen;       /* wanted ones, whether they found room or not */
	uint64_t no_room;
	uint64_t ring;       /* dropped before: the ring was full */
};

struct ft_packet_room;
struct ft_packet_room *ft_packet_room_new(size_t bytes); /* one reference */
void ft_packet_room_put(struct ft_packet_room *room);   /* lists hold it as well; NULL is fine */
size_t ft_packet_room_used(const struct ft_packet_room *room);

/* A file that begins with a list, or ends with it. */
struct ft_packet_file {
	uint64_t number; /* 0 = the one that the output has from the start */
	uint64_t flow;   /* id: only this one; 0 = all */
	char *path;      /* owned; NULL = it has begun already */
	int fd;          /* with path: owned until who reads takes it and sets -1 */
	bool ends;
};

struct ft_packets {
	uint64_t generation; /* of the first snapshot that shows their flows */
	struct ft_packet_file file;
	struct ft_packet_iface *ifaces; /* owned */
	size_t iface_count;
	const struct ft_packet **packet; /* owned; in the order of time once ft_packets_sort was called */
	size_t count;
	size_t bytes; /* of room that it takes */
	/* inside */
	struct ft_packet_chunk *chunks;
	size_t space;
	struct ft_packet_room *room;
};

/* Empty; takes a reference on room. */
struct ft_packets *ft_packets_new(struct ft_packet_room *room);
void ft_packets_free(struct ft_packets *packets); /* NULL is fine */
/* A new packet with room for so many octets, to be filled; NULL: there is no room. */
struct ft_packet *ft_packets_add(struct ft_packets *packets, uint32_t cap_len);
/* The interface's number, made at first sight; UINT16_MAX: there are too many. */
uint16_t ft_packets_iface(struct ft_packets *packets, uint32_t ifindex, uint16_t link_type,
			  const char *name);
/* Sorts by time, keeping the order of what is equal; those later than until_ns go to `later`, an
 * empty list (NULL: they stay). */
void ft_packets_sort(struct ft_packets *packets, uint64_t until_ns, struct ft_packets *later);

#endif
