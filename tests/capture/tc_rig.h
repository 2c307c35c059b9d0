/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tc programs without an interface: a store, and the driver that hands packets to its
 * programs by BPF_PROG_TEST_RUN. They see ifindex 1, which the rig watches as SCOPE; nothing
 * is attached, so that no real packet comes between.
 */
#ifndef FT_TESTS_CAPTURE_TC_RIG_H
#define FT_TESTS_CAPTURE_TC_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/test_driver.h"
#include "bpf/test_driver.skel.h"
#include "capture/backend.h"
#include "capture/tc_store_priv.h"

#define RIG_SCOPE 3
#define RIG_IFINDEX 1

struct tc_rig {
	struct ft_tc_store *store;
	struct test_driver_bpf *driver;
};

/* What the packet is beside its octets. */
struct tc_rig_packet {
	const uint8_t *octets;
	uint32_t len;      /* that the program shall see */
	uint32_t wire_len; /* 0 = len */
	uint32_t tag;      /* tpid << 16 | tci in metadata; 0 = none */
	uint16_t gso_size, gso_segs;
	bool egress;
	uint32_t repeat; /* 0 = once */
};

/*
 * 0, or -errno with a sentence. driver: what to run instead of the shaping driver, from
 * rig->driver once it is open; flows and burst are those of driver_spread.
 */
int tc_rig_open(struct tc_rig *rig, uint32_t log_entries, uint32_t spill_entries, uint32_t flows,
		uint32_t burst, char *err, size_t err_size);
/* The same with the owner programs' maps: sockets of ends are found out. */
int tc_rig_open_owned(struct tc_rig *rig, const struct ft_owner_maps *maps, uint32_t log_entries,
		      uint32_t spill_entries, uint32_t flows, uint32_t burst, char *err,
		      size_t err_size);
void tc_rig_close(struct tc_rig *rig);

/* Prints TAP's "skip all" and returns true if the tests may not run here. */
bool tc_rig_skips(void);

/* Watches the rig's interface with these flags. */
int tc_rig_watch(struct tc_rig *rig, uint8_t flags, uint16_t pvid);

/* Sends one packet (or `repeat`) through driver_shape; 0 if the target was reached. */
int tc_rig_shape(struct tc_rig *rig, const struct tc_rig_packet *packet);

/* Sends through driver_spread; *ret_ns: average time of one run, if not NULL. */
int tc_rig_spread(struct tc_rig *rig, const struct tc_rig_packet *packet, uint32_t target,
		  uint32_t *ret_ns);

/* Sums of a batch. */
struct tc_rig_sums {
	struct ft_counts flows;
	struct ft_scope_counters counters;
	struct ft_iface_counters hooks;
	size_t entries;
};
void tc_rig_sum(const struct ft_batch *batch, struct tc_rig_sums *sums); /* adds */
/* Whether seen = flows + all other terms, in packets and L2 octets. */
bool tc_rig_adds_up(const struct tc_rig_sums *sums);

#endif
