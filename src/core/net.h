/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine's own addresses are: a plain value that capture/links fills and that the
 * table reads to tell the local end of a flow.
 */
#ifndef FT_CORE_NET_H
#define FT_CORE_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An address with the length of its connected subnet; IPv4 mapped, prefix then 96 + n. */
struct ft_net {
	uint8_t addr[16];
	uint8_t prefix;   /* 0..128, of the mapped form */
	bool own;         /* addr itself is an address of this machine */
	uint16_t zero;
	uint32_t ifindex; /* 0 for -F networks */
};

/* Own addresses and connected subnets; nets is sorted by (addr, ifindex). */
struct ft_addr_set {
	struct ft_net *nets; /* owned by whoever holds the set */
	size_t count;
	uint64_t generation; /* grows with each change */
};

/* True if addr (16 bytes, mapped) is one of this machine's own (127/8 and ::1 included). */
bool ft_addr_set_own(const struct ft_addr_set *set, const uint8_t addr[16]);
/* True if addr lies in a connected subnet of the set and is neither multicast nor broadcast. */
bool ft_addr_set_connected(const struct ft_addr_set *set, const uint8_t addr[16]);
/* A group of hosts, which this one may be in: multicast, or broadcast of one of the set's nets. */
bool ft_addr_set_group(const struct ft_addr_set *set, const uint8_t addr[16]);
/* True if addr lies in net. */
bool ft_net_contains(const struct ft_net *net, const uint8_t addr[16]);
/* "10.0.0.0/8", "2001:db8::/32", a bare address (full prefix): fills ret, else -EINVAL + sentence. */
int ft_net_parse(const char *text, struct ft_net *ret_net, char *err, size_t err_size);

#endif
