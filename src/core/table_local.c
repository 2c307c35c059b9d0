/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which end of a flow is the local one: the first rule that holds for exactly one end decides.
 * The rules stand in the order of design.md, with two more: of what only passes by, a group that a
 * process of this machine listens to, then the end whose socket is on it (a container's). The last one
 * always decides.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "core/table_priv.h"

/* What a rule looks at. */
struct ends {
	const struct ft_table *table;
	const struct ft_flow_key *key;
	const uint64_t *cookie;
	const uint16_t *owner;
	enum ft_end initiator;
};

bool ft_table_is_group(const struct ft_table *table, const struct ft_flow_key *key, int end)
{
	switch (key->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return false;
	default:
		return ft_addr_set_group(&table->addresses, end == FT_END_A ? key->addr_a : key->addr_b);
	}
}

static const uint8_t *address(const struct ends *ends, int end)
{
	return end == FT_END_A ? ends->key->addr_a : ends->key->addr_b;
}

/* One of this machine's addresses. */
static bool is_own(const struct ends *ends, int end)
{
	return ft_addr_set_own(&ends->table->addresses, address(ends, end));
}

/* In a network that the user called local (-F). */
static bool is_in_local_net(const struct ends *ends, int end)
{
	size_t i;

	for (i = 0; i < ends->table->config.local_net_count; i++)
		if (ft_net_contains(&ends->table->config.local_nets[i], address(ends, end)))
			return true;
	return false;
}

/* Broadcast or multicast that a process of this machine listens to, and none is known to have sent. (A
 * sender's cookie alone says little: what a virtual machine sends has its tap's.) */
static bool is_heard(const struct ends *ends, int end)
{
	return ends->owner[end] >= FT_OWNER_FIRST && ends->owner[!end] < FT_OWNER_FIRST &&
	       ft_table_is_group(ends->table, ends->key, end) &&
	       ft_table_path(ends->table, ends->key) == FT_PATH_TRANSIT;
}

/* It passes by, and comes from a socket of this machine. */
static bool has_socket(const struct ends *ends, int end)
{
	return ends->cookie[end] && ft_table_path(ends->table, ends->key) == FT_PATH_TRANSIT;
}

/* On a connected subnet, and no group of hosts. */
static bool is_connected(const struct ends *ends, int end)
{
	return ft_addr_set_connected(&ends->table->addresses, address(ends, end));
}

static bool is_initiator(const struct ends *ends, int end)
{
	return ends->initiator == (enum ft_end)end;
}

/* Services have low ports. ICMP's slots are no ports. */
static bool has_higher_port(const struct ends *ends, int end)
{
	uint16_t a = ntohs(ends->key->port_a_be), b = ntohs(ends->key->port_b_be);

	if (ends->key->protocol == 1 || ends->key->protocol == 58)
		return false;
	return end == FT_END_A ? a > b : b > a;
}

/* Decides even between equals. */
static bool has_lower_address(const struct ends *ends, int end)
{
	bool a = memcmp(ends->key->addr_a, ends->key->addr_b, 16) <= 0;

	return end == FT_END_A ? a : !a;
}

static bool (*const rules[])(const struct ends *ends, int end) = {
	is_own, is_in_local_net, is_heard, has_socket, is_connected, is_initiator, has_higher_port,
	has_lower_address,
};

enum ft_end ft_table_local_end(const struct ft_table *table, const struct ft_flow_key *key,
			       const uint64_t cookie[2], const uint16_t owner[2], enum ft_end initiator)
{
	const struct ends ends = {
		.table = table, .key = key, .cookie = cookie, .owner = owner,
		.initiator = initiator,
	};
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		bool a = rules[i](&ends, FT_END_A), b = rules[i](&ends, FT_END_B);

		if (a != b)
			return a ? FT_END_A : FT_END_B;
	}
	return FT_END_A;
}

enum ft_path ft_table_path(const struct ft_table *table, const struct ft_flow_key *key)
{
	bool a = ft_addr_set_own(&table->addresses, key->addr_a);
	bool b = ft_addr_set_own(&table->addresses, key->addr_b);

	if (a && b)
		return FT_PATH_LOOPBACK;
	return a || b ? FT_PATH_HOST : FT_PATH_TRANSIT;
}
