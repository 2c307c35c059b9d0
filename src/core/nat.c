/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of tuples, and which ends of a translated connection are real. */
#include "core/nat.h"

#include <netinet/in.h>
#include <string.h>

/* ICMP's slots are no ports: they stay where they are. */
static bool has_slots(uint8_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

uint8_t ft_tuple_key(const struct ft_tuple *tuple, struct ft_flow_key *ret_key)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	int order = memcmp(tuple->src, tuple->dst, 16);
	bool swap, slots = has_slots(tuple->protocol);

	if (order == 0 && !slots)
		order = memcmp(&tuple->sport_be, &tuple->dport_be, sizeof(tuple->sport_be));
	swap = order > 0;
	memset(ret_key, 0, sizeof(*ret_key));
	memcpy(ret_key->addr_a, swap ? tuple->dst : tuple->src, 16);
	memcpy(ret_key->addr_b, swap ? tuple->src : tuple->dst, 16);
	ret_key->port_a_be = swap && !slots ? tuple->dport_be : tuple->sport_be;
	ret_key->port_b_be = swap && !slots ? tuple->sport_be : tuple->dport_be;
	ret_key->protocol = tuple->protocol;
	ret_key->ip_version = memcmp(tuple->src, mapped, sizeof(mapped)) == 0 ? 4 : 6;
	return swap;
}

bool ft_nat_set(struct ft_nat *nat, const struct ft_tuple *before, const struct ft_tuple *reply)
{
	nat->zero = 0;
	nat->first[0] = ft_tuple_key(before, &nat->key[0]);
	/* Answers go to who began, under the name that it got. */
	nat->first[1] = !ft_tuple_key(reply, &nat->key[1]);
	return memcmp(&nat->key[0], &nat->key[1], sizeof(nat->key[0])) != 0;
}

/* Address and port of an end; ICMP's id is everybody's. */
static bool same_end(const struct ft_flow_key *one, int end, const struct ft_flow_key *other,
		     int other_end)
{
	const uint8_t *addr = end ? one->addr_b : one->addr_a;
	const uint8_t *other_addr = other_end ? other->addr_b : other->addr_a;
	uint16_t port = end ? one->port_b_be : one->port_a_be;
	uint16_t other_port = other_end ? other->port_b_be : other->port_a_be;

	if (has_slots(one->protocol))
		return memcmp(addr, other_addr, 16) == 0 && one->port_a_be == other->port_a_be;
	return memcmp(addr, other_addr, 16) == 0 && port == other_port;
}

bool ft_nat_is_true(const struct ft_nat *nat, unsigned side, int end)
{
	bool began = end == nat->first[side];

	/* Who began says so itself in the packets before; who answers, in those after. */
	if (began == (side == 0))
		return true;
	return same_end(&nat->key[side], end, &nat->key[!side], ft_nat_end(nat, end));
}
