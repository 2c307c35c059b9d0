/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a backend puts the packets that are to be written to a file (-w FILE.pcapng, key x), and
 * from where they go to their output: a list a period, through a queue.
 *
 *   backend ─► packet log ─► store ── flush, once the period's snapshot is made ─► queue ─► output
 *
 * A list goes before the snapshot that shows its flows, so that who reads it has it when the
 * snapshot comes. Bounded by the room that all lists share: what finds none is counted. Of one
 * thread, the collector's; queue and room are what the output's shares with it.
 */
#ifndef FT_CAPTURE_PACKET_STORE_H
#define FT_CAPTURE_PACKET_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/packet.h"
#include "core/packets.h"

struct ft_queue;

/* The way to the output. */
struct ft_packet_way {
	struct ft_queue *queue; /* of struct ft_packets */
	struct ft_packet_room *room;
};
/* 0, or -errno: no descriptor is to be had. */
int ft_packet_way_init(struct ft_packet_way *way, size_t room_bytes);
/* True if there are places only for what ends files, at the run's end. */
bool ft_packet_way_full(const struct ft_packet_way *way);
void ft_packet_way_done(struct ft_packet_way *way); /* once neither end is in use */

struct ft_packet_store;

/* way is borrowed. */
struct ft_packet_store *ft_packet_store_new(const struct ft_packet_way *way);
void ft_packet_store_free(struct ft_packet_store *store); /* NULL is fine */
/* Only the packets of this flow, into the file that begins here; path and fd are taken over. */
void ft_packet_store_only(struct ft_packet_store *store, const struct ft_flow_key *key,
			  const struct ft_packet_file *file);
/* How interfaces are called: of live ones. Without it neither names nor directions are known. */
void ft_packet_store_names(struct ft_packet_store *store,
			   const char *(*name_of)(const void *arg, uint32_t ifindex),
			   const void *arg);
/* With several sources each in an order of its own the newest packets wait for those beside them:
 * so long. */
void ft_packet_store_hold(struct ft_packet_store *store, uint64_t ns);

/* Keeps a copy of one packet, if it is wanted. */
void ft_packet_store_add(struct ft_packet_store *store, const uint8_t *data,
			 const struct ft_packet_meta *meta, const struct ft_packet_result *result);
/* skbs that the ring of an interface (0 = of several) dropped. */
void ft_packet_store_dropped(struct ft_packet_store *store, uint32_t ifindex, uint64_t count);
/* Memory of what waits for the period's end. */
size_t ft_packet_store_bytes(const struct ft_packet_store *store);
/*
 * Ends the period at end_ns and hands its list on; `ends`: and with it the file; then nothing waits
 * any more. False: the way is full; all of it waits for the next call.
 */
bool ft_packet_store_flush(struct ft_packet_store *store, uint64_t generation, uint64_t end_ns,
			   bool ends);

#endif
