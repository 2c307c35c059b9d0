/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One AF_PACKET socket with a TPACKET_V3 ring and PACKET_VNET_HDR: what is received is walked
 * in place, nothing is copied. Knows rings, not flows.
 */
#ifndef FT_CAPTURE_PACKET_RING_H
#define FT_CAPTURE_PACKET_RING_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FT_RING_SNAPLEN 256 /* all headers that are looked at, tunnels' inner ones included */
#define FT_RING_SNAPLEN_WHOLE 262144 /* where packets are kept */
#define FT_RING_RETIRE_MS 40

/* A packet in the ring. `data` is valid inside the callback only. */
struct ft_ring_packet {
	const uint8_t *data;
	uint32_t cap_len;
	uint32_t wire_len;
	uint32_t ifindex;
	uint16_t protocol; /* EtherType as the kernel has it, host order */
	uint16_t vlan_tci;
	uint16_t vlan_tpid;
	uint16_t gso_size; /* 0 = no super-packet */
	bool vlan_valid;
	bool outgoing;
	uint64_t tick;     /* CLOCK_REALTIME, nanoseconds */
};

typedef void (*ft_ring_fn)(void *arg, const struct ft_ring_packet *packet);

struct ft_ring_config {
	uint32_t ifindex;                 /* 0 = all interfaces: the filter must choose */
	const struct sock_filter *filter; /* what comes into the ring; copied by the kernel */
	size_t filter_length;
	size_t bytes;
	bool promiscuous;
};

struct ft_ring;

/* Opens, filters, then binds: nothing foreign gets in. -errno, with a sentence. */
int ft_ring_open(const struct ft_ring_config *config, struct ft_ring **ret_ring, char *err,
		 size_t err_size);
void ft_ring_close(struct ft_ring *ring);

int ft_ring_fd(const struct ft_ring *ring);
size_t ft_ring_bytes(const struct ft_ring *ring);

/* Replaces the filter; packets in flight may still have met the old one. */
int ft_ring_set_filter(struct ft_ring *ring, const struct sock_filter *filter, size_t length);

/* Reads the blocks that are ready, at most each once; stops early when `full` says so. */
void ft_ring_walk(struct ft_ring *ring, ft_ring_fn each, bool (*full)(void *arg), void *arg);

/* skbs dropped since the last call. Also clears a pending error (interface down). */
uint64_t ft_ring_take_drops(struct ft_ring *ring);

/* False once the interface it was bound to is gone for good. */
bool ft_ring_alive(const struct ft_ring *ring);

/*
 * Stopping, in three steps, so that many rings need wait once only: mute lets nothing more in,
 * but for what is under way; settle waits until nothing is any more, in all rings muted before
 * (false: it could not, since the interface is gone; its own have been waited for then); drain
 * hands out all that was received, waiting (a few retire times at most) for the block that is
 * still open. After it only drops and close make sense.
 */
void ft_ring_mute(struct ft_ring *ring);
bool ft_ring_settle(struct ft_ring *ring);
void ft_ring_drain(struct ft_ring *ring, ft_ring_fn each, void *arg);

#endif
