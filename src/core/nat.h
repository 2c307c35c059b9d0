/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection whose addresses this machine translates, as plain values: what capture/conntrack
 * reads, the table joins flows by, and snapshots show.
 *
 *      original           translated            the machine that
 *   one ─────────► [NAT] ─────────────► other   one:   key[0], end first[0]; key[1]'s is made up
 *       key[0]            key[1]                other: key[1], end !first[1]; key[0]'s is made up
 *
 * Keys are those of flows, with neither scope nor VLAN.
 */
#ifndef FT_CORE_NAT_H
#define FT_CORE_NAT_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/flow_abi.h"

struct ft_nat {
	struct ft_flow_key key[2]; /* of the packets before, and after; different ones */
	uint8_t first[2];          /* which end of each began: 0 = a, 1 = b */
	uint16_t zero;
};

/* A packet's addresses; of ICMP sport is the id and dport the request's type << 8 | code. */
struct ft_tuple {
	uint8_t src[16], dst[16];
	uint16_t sport_be, dport_be;
	uint8_t protocol;
};

/* The key of a tuple; returns which end the source is. */
uint8_t ft_tuple_key(const struct ft_tuple *tuple, struct ft_flow_key *ret_key);

/* False if nothing is translated: one goes out with `before`, its answers come in with `reply`. */
bool ft_nat_set(struct ft_nat *nat, const struct ft_tuple *before, const struct ft_tuple *reply);

/* The same machine's end on the other side. */
static inline int ft_nat_end(const struct ft_nat *nat, int end)
{
	return end ^ nat->first[0] ^ nat->first[1];
}

/* True if the address and port of this end are its machine's own, not made up. */
bool ft_nat_is_true(const struct ft_nat *nat, unsigned side, int end);

#endif
