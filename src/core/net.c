/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks and sets of addresses; see net.h. IPv4 is mapped, so one code serves both. */
#include "core/net.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/addr.h"
#include "core/fmt.h"
#include "core/nls.h"

#define V4_OFFSET 96 /* prefix bits that the mapping puts in front */

/* True if the first `bits` bits are equal. */
static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int octets = bits / 8;
	uint8_t mask = (uint8_t)(0xff00 >> (bits % 8));

	if (memcmp(a, b, octets) != 0)
		return false;
	return bits % 8 == 0 || ((a[octets] ^ b[octets]) & mask) == 0;
}

bool ft_net_contains(const struct ft_net *net, const uint8_t addr[16])
{
	return bits_equal(net->addr, addr, net->prefix <= 128 ? net->prefix : 128);
}

/* True if addr is the broadcast address of an IPv4 net that has one, or of all nets. */
static bool is_broadcast(const struct ft_net *net, const uint8_t addr[16])
{
	unsigned int bit;

	if (!ft_addr_is_v4(addr))
		return false;
	if (memcmp(addr + 12, "\xff\xff\xff\xff", 4) == 0)
		return true;
	if (net->prefix < V4_OFFSET || net->prefix > 126) /* /31 and /32 have none */
		return false;
	for (bit = net->prefix; bit < 128; bit++)
		if (!(addr[bit / 8] & (0x80 >> (bit % 8))))
			return false;
	return true;
}

bool ft_addr_set_own(const struct ft_addr_set *set, const uint8_t addr[16])
{
	size_t low = 0, high = set->count;

	if (ft_addr_is_loopback(addr))
		return true;
	while (low < high) { /* the first one not below addr */
		size_t middle = low + (high - low) / 2;

		if (memcmp(set->nets[middle].addr, addr, 16) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < set->count && memcmp(set->nets[low].addr, addr, 16) == 0; low++)
		if (set->nets[low].own)
			return true;
	return false;
}

bool ft_addr_set_group(const struct ft_addr_set *set, const uint8_t addr[16])
{
	static const struct ft_net none = { .prefix = 128 };

	if (ft_addr_is_multicast(addr) || is_broadcast(&none, addr))
		return true;
	for (size_t i = 0; i < set->count; i++)
		if (ft_net_contains(&set->nets[i], addr) && is_broadcast(&set->nets[i], addr))
			return true;
	return false;
}

bool ft_addr_set_connected(const struct ft_addr_set *set, const uint8_t addr[16])
{
	if (ft_addr_set_group(set, addr))
		return false;
	for (size_t i = 0; i < set->count; i++)
		if (ft_net_contains(&set->nets[i], addr))
			return true;
	return false;
}

/* The prefix length behind the slash, or -1. */
static int parse_prefix(const char *text, int max)
{
	int value = 0;

	if (*text == '\0')
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (*text - '0');
		if (value > max)
			return -1;
	}
	return value;
}

int ft_net_parse(const char *text, struct ft_net *ret_net, char *err, size_t err_size)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	char address[FT_ADDR_TEXT_MAX], shown[128];
	struct ft_net net = { .prefix = 128 };
	int prefix;

	if (length >= sizeof(address))
		goto bad;
	memcpy(address, text, length);
	address[length] = '\0';
	if (ft_addr_parse(address, net.addr) < 0)
		goto bad;
	if (slash) {
		bool v4 = strchr(address, ':') == NULL;

		prefix = parse_prefix(slash + 1, v4 ? 32 : 128);
		if (prefix < 0)
			goto bad;
		net.prefix = (uint8_t)(prefix + (v4 ? V4_OFFSET : 0));
	}
	*ret_net = net;
	return 0;
bad:
	snprintf(err, err_size, _("%s is not a network (10.0.0.0/8 and 2001:db8::/32 are)"),
		 ft_fmt_escape(text, strlen(text), false, shown, sizeof(shown)));
	return -EINVAL;
}
