/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *   ring: block 0 | block 1 | ... | block N-1      the kernel fills one, hands it over when it
 *   block: header, frame, frame, ...               is full or FT_RING_RETIRE_MS old
 *   frame: tpacket3_hdr, sockaddr_ll, ..., virtio_net_hdr, frame octets (at tp_mac)
 *
 * PACKET_VNET_HDR is what tells a super-packet's segment size; it must be set before the ring.
 * The socket is made with protocol 0, so that it hears nothing until filter and ring stand.
 * Delivered packets are counted by the kernel too: stopping is complete when as many were read.
 */
#include "capture/packet_ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define BLOCK_SIZE (256u * 1024)
#define FRAME_SIZE 2048u /* V3 looks at its alignment only */
#define MIN_BLOCKS 4u
#ifndef ETH_P_802_EX1
#define ETH_P_802_EX1 0x88b5
#endif
#define STOP_TRIES 50    /* of 10 ms */

struct ft_ring {
	int fd;
	uint32_t ifindex;
	uint8_t *map; /* owned; NULL = not mapped */
	size_t map_size;
	uint32_t block_count;
	uint32_t next; /* the block that is ready next */
	uint64_t read, delivered, dropped; /* dropped: not taken yet */
};

/* Version, vnet header, ring, map: in this order. */
static int set_up(struct ft_ring *ring, size_t bytes)
{
	int version = TPACKET_V3, one = 1;
	struct tpacket_req3 request = {
		.tp_block_size = BLOCK_SIZE,
		.tp_frame_size = FRAME_SIZE,
		.tp_retire_blk_tov = FT_RING_RETIRE_MS,
	};
	void *map;

	request.tp_block_nr = bytes / BLOCK_SIZE > MIN_BLOCKS ? (unsigned int)(bytes / BLOCK_SIZE) :
								MIN_BLOCKS;
	request.tp_frame_nr = BLOCK_SIZE / FRAME_SIZE * request.tp_block_nr;
	if (setsockopt(ring->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
	    setsockopt(ring->fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) < 0 ||
	    setsockopt(ring->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) < 0)
		return -errno;
	ring->block_count = request.tp_block_nr;
	ring->map_size = (size_t)BLOCK_SIZE * ring->block_count;
	map = mmap(NULL, ring->map_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	ring->map = map;
	return 0;
}

/* From here on packets come; protocol 0 ends that. */
static int bind_to(const struct ft_ring *ring, uint16_t protocol)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = (int)ring->ifindex,
	};

	return bind(ring->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

static int set_promiscuous(const struct ft_ring *ring)
{
	struct packet_mreq request = { .mr_ifindex = (int)ring->ifindex,
				       .mr_type = PACKET_MR_PROMISC };

	return setsockopt(ring->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request,
			  sizeof(request)) < 0 ? -errno : 0;
}

/* One sentence for a failure to open. */
static void explain(int error, char *err, size_t err_size)
{
	if (error == -EPERM || error == -EACCES)
		snprintf(err, err_size,
			 _("AF_PACKET needs CAP_NET_RAW: run with sudo, or setcap "
			   "cap_net_raw,cap_net_admin,cap_bpf,cap_perfmon+ep "
			   "$(command -v flowtop)"));
	else if (error == -EAFNOSUPPORT)
		snprintf(err, err_size, _("this kernel has no AF_PACKET (CONFIG_PACKET)"));
	else if (error == -ENOMEM)
		snprintf(err, err_size, _("not enough memory for the ring of an AF_PACKET socket"));
	else
		snprintf(err, err_size, _("cannot open an AF_PACKET ring: %s"), strerror(-error));
}

int ft_ring_open(const struct ft_ring_config *config, struct ft_ring **ret_ring, char *err,
		 size_t err_size)
{
	struct ft_ring *ring = xcalloc(1, sizeof(*ring));
	int result = 0;

	ring->ifindex = config->ifindex;
	ring->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ring->fd < 0)
		result = -errno;
	if (result == 0)
		result = ft_ring_set_filter(ring, config->filter, config->filter_length);
	if (result == 0)
		result = set_up(ring, config->bytes);
	if (result == 0)
		result = bind_to(ring, ETH_P_ALL);
	if (result == 0 && config->promiscuous && config->ifindex)
		result = set_promiscuous(ring);
	if (result < 0) {
		explain(result, err, err_size);
		ft_ring_close(ring);
		return result;
	}
	*ret_ring = ring;
	return 0;
}

void ft_ring_close(struct ft_ring *ring)
{
	if (!ring)
		return;
	if (ring->map)
		munmap(ring->map, ring->map_size);
	if (ring->fd >= 0)
		close(ring->fd);
	free(ring);
}

int ft_ring_fd(const struct ft_ring *ring)
{
	return ring->fd;
}

size_t ft_ring_bytes(const struct ft_ring *ring)
{
	return ring->map_size;
}

int ft_ring_set_filter(struct ft_ring *ring, const struct sock_filter *filter, size_t length)
{
	struct sock_filter *copy = xreallocarray(NULL, length, sizeof(*copy));
	struct sock_fprog program = { .len = (unsigned short)length, .filter = copy };
	int result = 0;

	memcpy(copy, filter, length * sizeof(*copy));
	if (length > BPF_MAXINSNS)
		result = -E2BIG;
	else if (setsockopt(ring->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		result = -errno;
	free(copy);
	return result;
}

/* Turns one frame of the ring into what the callback gets. */
static void hand_out(const struct tpacket3_hdr *frame, ft_ring_fn each, void *arg)
{
	const uint8_t *base = (const uint8_t *)frame;
	const struct sockaddr_ll *from = (const void *)(base + TPACKET_ALIGN(sizeof(*frame)));
	struct virtio_net_hdr vnet;
	struct ft_ring_packet packet = {
		.data = base + frame->tp_mac,
		.cap_len = frame->tp_snaplen,
		.wire_len = frame->tp_len,
		.ifindex = (uint32_t)from->sll_ifindex,
		.protocol = ntohs(from->sll_protocol),
		.vlan_tci = (uint16_t)frame->hv1.tp_vlan_tci,
		.vlan_tpid = frame->tp_status & TP_STATUS_VLAN_TPID_VALID ? frame->hv1.tp_vlan_tpid : 0,
		.vlan_valid = (frame->tp_status & TP_STATUS_VLAN_VALID) != 0,
		.outgoing = from->sll_pkttype == PACKET_OUTGOING,
		.tick = frame->tp_sec * 1000000000ull + frame->tp_nsec,
	};

	memcpy(&vnet, packet.data - sizeof(vnet), sizeof(vnet)); /* not aligned */
	if (vnet.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		packet.gso_size = vnet.gso_size;
	each(arg, &packet);
}

/* All frames of a block that is ours. */
static void walk_block(struct ft_ring *ring, const struct tpacket_block_desc *block,
		       ft_ring_fn each, void *arg)
{
	const uint8_t *base = (const uint8_t *)block;
	uint32_t count = block->hdr.bh1.num_pkts;
	uint32_t offset = block->hdr.bh1.offset_to_first_pkt;
	uint32_t i;

	for (i = 0; i < count; i++) {
		const struct tpacket3_hdr *frame = (const void *)(base + offset);

		if (offset > BLOCK_SIZE - sizeof(*frame) ||
		    (uint64_t)offset + frame->tp_mac + frame->tp_snaplen > BLOCK_SIZE) {
			ft_log(FT_LOG_ERROR, "a ring frame points out of its block");
			return;
		}
		hand_out(frame, each, arg);
		ring->read++;
		offset += frame->tp_next_offset;
	}
}

void ft_ring_walk(struct ft_ring *ring, ft_ring_fn each, bool (*full)(void *arg), void *arg)
{
	uint32_t n;

	for (n = 0; n < ring->block_count && !full(arg); n++) {
		struct tpacket_block_desc *block =
			(void *)(ring->map + (size_t)ring->next * BLOCK_SIZE);

		if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
		      TP_STATUS_USER))
			return;
		walk_block(ring, block, each, arg);
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		ring->next = (ring->next + 1) % ring->block_count;
	}
}

/* Adds what the kernel counted since the last reading (it then starts from 0). */
static void read_statistics(struct ft_ring *ring)
{
	struct tpacket_stats_v3 stats;
	socklen_t size = sizeof(stats);

	if (getsockopt(ring->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) < 0)
		return;
	ring->dropped += stats.tp_drops;
	ring->delivered += stats.tp_packets - stats.tp_drops; /* packets include drops */
}

uint64_t ft_ring_take_drops(struct ft_ring *ring)
{
	socklen_t size = sizeof(int);
	uint64_t drops;
	int error;

	/* A pending error keeps the descriptor readable; what it means, ft_ring_alive knows. */
	(void)getsockopt(ring->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	read_statistics(ring);
	drops = ring->dropped;
	ring->dropped = 0;
	return drops;
}

bool ft_ring_alive(const struct ft_ring *ring)
{
	struct sockaddr_ll address;
	socklen_t size = sizeof(address);

	if (getsockname(ring->fd, (struct sockaddr *)&address, &size) < 0)
		return false;
	return address.sll_ifindex == (int)ring->ifindex;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

void ft_ring_mute(struct ft_ring *ring)
{
	static const struct sock_filter reject[] = { BPF_STMT(BPF_RET | BPF_K, 0) };

	(void)ft_ring_set_filter(ring, reject, 1);
}

/*
 * Binding anew makes the kernel wait for those that still run with an old filter, of whatever
 * socket (an RCU grace period). The protocol is one for local experiments; that it is heard
 * then means nothing, since the filter rejects it. An interface that is gone has been waited for
 * already.
 */
bool ft_ring_settle(struct ft_ring *ring)
{
	return bind_to(ring, ETH_P_802_EX1) == 0;
}

void ft_ring_drain(struct ft_ring *ring, ft_ring_fn each, void *arg)
{
	int tries;

	for (tries = 0; tries < STOP_TRIES; tries++) {
		ft_ring_walk(ring, each, never, arg);
		read_statistics(ring);
		if (ring->read >= ring->delivered)
			return;
		poll(NULL, 0, 10);
	}
	ft_log(FT_LOG_WARN, "a ring kept %llu packets back",
	       (unsigned long long)(ring->delivered - ring->read));
}
