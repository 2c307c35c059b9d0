/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See socket_list.h.
 *
 *   protocols, one after the other ──► sock_diag: details of each socket ──► complete ──► list
 *
 * A socket that changes its place in the kernel's tables while they are walked may come twice
 * (the list keeps the later one, found by its cookie) or, as in ss, not at all.
 */
#include "capture/socket_list.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "capture/clock.h"
#include "capture/sock_diag.h"
#include "core/addr.h"
#include "core/hash.h"
#include "core/owner.h"
#include "core/xalloc.h"

#define COST_FACTOR 10 /* so many times what a list took passes until the next one begins */

static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_RAW,
				     IPPROTO_ICMP };

struct ft_socket_lister {
	struct ft_sock_diag *diag;
	ft_socket_complete_fn complete;
	void *arg;
	struct ft_seed seed; /* of ids of sockets without a cookie */

	const struct ft_socket_list *newest; /* a reference */
	struct ft_socket_list *coming;       /* under way; a reference */
	size_t protocol;                     /* index of the one that is dumped */
	uint64_t cost_ns;                    /* of the list under way */
	uint64_t next_mono;                  /* not earlier than this */
	uint32_t ifindex;                    /* whose name is in iface */
	char iface[IFNAMSIZ];
};

struct ft_socket_lister *ft_socket_lister_new(ft_socket_complete_fn complete, void *arg)
{
	struct ft_socket_lister *lister = xcalloc(1, sizeof(*lister));

	lister->diag = ft_sock_diag_new();
	ft_sock_diag_want_detail(lister->diag);
	lister->complete = complete;
	lister->arg = arg;
	lister->seed = ft_seed_random();
	return lister;
}

void ft_socket_lister_free(struct ft_socket_lister *lister)
{
	if (!lister)
		return;
	ft_sock_diag_free(lister->diag);
	ft_socket_list_put(lister->newest);
	ft_socket_list_put(lister->coming);
	free(lister);
}

/* ---- one socket */

/* What tells sockets apart that the kernel gives no cookie of. */
static uint64_t make_id(const struct ft_socket_lister *lister, const struct ft_sock *sock)
{
	struct {
		uint8_t local[16], remote[16];
		uint16_t local_port_be, remote_port_be;
		uint8_t protocol, raw, zero[2];
		uint32_t inode;
	} key = {
		.local_port_be = sock->local_port_be,
		.remote_port_be = sock->remote_port_be,
		.protocol = sock->protocol,
		.raw = sock->raw,
		.inode = sock->inode,
	};

	memcpy(key.local, sock->local, sizeof(key.local));
	memcpy(key.remote, sock->remote, sizeof(key.remote));
	return ft_hash(&lister->seed, &key, sizeof(key)) | 1ULL << 63;
}

/* The name of an interface; many sockets are bound to the same one. */
static const char *iface_name(struct ft_socket_lister *lister, uint32_t ifindex)
{
	if (ifindex != lister->ifindex) {
		lister->ifindex = ifindex;
		if (!if_indextoname(ifindex, lister->iface))
			lister->iface[0] = '\0';
	}
	return lister->iface;
}

/* One that the kernel told of. */
static void take(void *arg, const struct ft_sock *sock)
{
	struct ft_socket_lister *lister = arg;
	const struct ft_sock_detail *detail = sock->detail;
	bool listens = sock->protocol == IPPROTO_TCP && sock->state == FT_SOCK_LISTEN;
	struct ft_socket socket = {
		.id = sock->cookie ? sock->cookie : make_id(lister, sock),
		.health = detail->health,
		.local_port_be = sock->local_port_be,
		.remote_port_be = sock->remote_port_be,
		.protocol = sock->protocol,
		.ip_version = detail->family == AF_INET || (ft_addr_is_v4(sock->local) &&
							    ft_addr_is_v4(sock->remote)) ? 4 : 6,
		.raw = sock->raw,
		/* of a listener tcp_info has the queues only */
		.tcp = sock->protocol == IPPROTO_TCP && !sock->raw && detail->has_info && !listens,
		.has_memory = detail->has_memory,
		.uid = sock->uid,
		.inode = sock->inode,
	};

	memcpy(socket.local, sock->local, sizeof(socket.local));
	memcpy(socket.remote, sock->remote, sizeof(socket.remote));
	memcpy(socket.memory, detail->memory, sizeof(socket.memory));
	if (detail->ifindex)
		memcpy(socket.iface, iface_name(lister, detail->ifindex), IFNAMSIZ);
	lister->complete(lister->arg, &socket);
	ft_socket_list_add(lister->coming, &socket);
}

/* ---- lists */

/* The list under way is the newest now. */
static void publish(struct ft_socket_lister *lister, bool cut)
{
	uint64_t wait = lister->cost_ns * COST_FACTOR;

	lister->coming->end_ns = ft_clock_read(CLOCK_REALTIME);
	lister->coming->cut |= cut;
	ft_socket_list_put(lister->newest);
	lister->newest = lister->coming;
	lister->coming = NULL;
	lister->next_mono = ft_clock_read(CLOCK_MONOTONIC) + wait;
}

void ft_socket_lister_begin(struct ft_socket_lister *lister, uint64_t now_mono)
{
	if (lister->coming || now_mono < lister->next_mono)
		return;
	lister->coming = ft_socket_list_new();
	lister->protocol = 0;
	lister->cost_ns = 0;
	lister->ifindex = 0;
	ft_sock_diag_dump(lister->diag, protocols[0]);
}

/* The next protocol's dump; false: that was the last. */
static bool next_protocol(struct ft_socket_lister *lister)
{
	if (++lister->protocol == sizeof(protocols))
		return false;
	ft_sock_diag_dump(lister->diag, protocols[lister->protocol]);
	return true;
}

bool ft_socket_lister_step(struct ft_socket_lister *lister, uint64_t budget_ns)
{
	uint64_t begun = ft_clock_read(CLOCK_MONOTONIC), spent = 0;
	bool more = true;

	if (!lister->coming)
		return false;
	while (more && spent < budget_ns) {
		int ret = ft_sock_diag_step(lister->diag, take, lister);

		/* A protocol that the kernel doesn't have has no sockets. */
		lister->coming->cut |= ret < 0 && ret != -EOPNOTSUPP;
		if (ret <= 0)
			more = next_protocol(lister);
		spent = ft_clock_read(CLOCK_MONOTONIC) - begun;
	}
	lister->cost_ns += spent;
	if (!more)
		publish(lister, false);
	return !more;
}

bool ft_socket_lister_busy(const struct ft_socket_lister *lister)
{
	return lister->coming;
}

void ft_socket_lister_cut(struct ft_socket_lister *lister)
{
	if (lister->coming)
		publish(lister, true);
}

void ft_socket_lister_drop(struct ft_socket_lister *lister)
{
	ft_socket_list_put(lister->newest);
	ft_socket_list_put(lister->coming);
	lister->newest = NULL;
	lister->coming = NULL;
	lister->next_mono = 0;
}

const struct ft_socket_list *ft_socket_lister_newest(const struct ft_socket_lister *lister)
{
	return lister->newest;
}
