/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up backend for tests and benches of the model: entries and counters are put in one by
 * one, and a batch of them is handed to the table. Ticks are nanoseconds. Every entry is also
 * counted as seen, as a real producer does it, so the line adds up if the table loses nothing.
 */
#ifndef FT_TESTS_CORE_FEED_H
#define FT_TESTS_CORE_FEED_H

#include "core/batch.h"
#include "core/snapshot.h"

#define FEED_SPANS 4
#define FEED_SECOND 1000000000ULL

struct feed {
	struct ft_entry *entries[FEED_SPANS];
	size_t count[FEED_SPANS], space[FEED_SPANS];
	struct ft_span spans[FEED_SPANS];
	struct ft_scope_delta scopes[FT_MAX_SCOPES];
	struct ft_iface_delta ifaces[8];
	size_t iface_count;
	struct ft_health *sockets; /* owned */
	size_t socket_count, socket_space;
	uint64_t now_ns; /* end of the batch and of the snapshot */
};

/* Starts at 1,000,000 s; everything is owned by the feed. */
void feed_init(struct feed *feed);
void feed_done(struct feed *feed);

/* A key between 10.0.0.0/8 addresses by number, in canonical order; protocol 6 or 17. */
struct ft_flow_key feed_key(uint32_t a, uint16_t port_a, uint32_t b, uint16_t port_b,
			    uint8_t protocol);
/* An entry with a packet of `bytes` each way (0 = none that way), seen at feed->now_ns. Borrowed
 * until the next add to that span. */
struct ft_entry *feed_add(struct feed *feed, unsigned int span, const struct ft_flow_key *key,
			  uint32_t bytes_ab, uint32_t bytes_ba);
/* Packets that are no flow's. */
void feed_count(struct feed *feed, uint16_t scope, enum ft_counter counter, uint64_t packets,
		uint64_t l2_bytes);
/* A sample of a socket; its tick is in nanoseconds. */
void feed_socket(struct feed *feed, struct ft_health health);
/* Applies what was put in, in as many spans as were used, and empties the feed. */
void feed_apply(struct feed *feed, struct ft_table *table);
/* The snapshot of an interval that ends now and took so long; of one scope "lo", live. */
struct ft_snapshot *feed_snapshot(struct feed *feed, struct ft_table *table,
				  uint64_t interval_ns, bool last);

/* A table with its owners and a feed. */
struct feed_bed {
	struct ft_owners *owners;
	struct ft_table *table;
	struct feed feed;
};

/* max_flows: 0 = as by default. */
void feed_bed_init(struct feed_bed *bed, uint32_t max_flows);
void feed_bed_done(struct feed_bed *bed);
/* Applies what is in the feed, lets time go on, and ends the interval. Caller puts the snapshot. */
struct ft_snapshot *feed_bed_step(struct feed_bed *bed, uint64_t seconds);

#endif
