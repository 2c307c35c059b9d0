/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses as 16 bytes, IPv4 mapped into IPv6, to text and back. Pure functions; the
 * writers are by hand because the display filter writes millions of addresses a keystroke.
 */
#include "core/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* True for ::ffff:a.b.c.d. */
bool ft_addr_is_v4(const uint8_t addr[16])
{
	return memcmp(addr, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

bool ft_addr_is_any(const uint8_t addr[16])
{
	static const uint8_t any6[16];
	static const uint8_t any4[16] = { [10] = 0xff, [11] = 0xff };

	return memcmp(addr, any6, 16) == 0 || memcmp(addr, any4, 16) == 0;
}

/* True for 224.0.0.0/4 and ff00::/8. */
bool ft_addr_is_multicast(const uint8_t addr[16])
{
	return ft_addr_is_v4(addr) ? (addr[12] & 0xf0) == 0xe0 : addr[0] == 0xff;
}

/* True for 127.0.0.0/8 and ::1. */
bool ft_addr_is_loopback(const uint8_t addr[16])
{
	static const uint8_t one[16] = { [15] = 1 };

	return ft_addr_is_v4(addr) ? addr[12] == 127 : memcmp(addr, one, sizeof(one)) == 0;
}

/* One octet in decimal; returns where the next character goes. */
static char *put_octet(char *at, unsigned octet)
{
	if (octet >= 100) {
		*at++ = (char)('0' + octet / 100);
		octet %= 100;
		*at++ = (char)('0' + octet / 10);
	} else if (octet >= 10) {
		*at++ = (char)('0' + octet / 10);
	}
	*at++ = (char)('0' + octet % 10);
	return at;
}

/* Sixteen bits in hexadecimal without leading zeros. */
static char *put_group(char *at, unsigned group)
{
	static const char digits[] = "0123456789abcdef";

	for (int shift = group > 0xfff ? 12 : group > 0xff ? 8 : group > 0xf ? 4 : 0; shift >= 0;
	     shift -= 4)
		*at++ = digits[group >> shift & 15];
	return at;
}

/* The longest run of at least two zero groups, the first of equals: what :: stands for. */
static int longest_run(const unsigned group[8], int *ret_length)
{
	int best = -1, best_length = 1;

	for (int i = 0; i < 8; i++) {
		int length = 0;

		while (i + length < 8 && group[i + length] == 0)
			length++;
		if (length > best_length) {
			best = i;
			best_length = length;
		}
		i += length;
	}
	*ret_length = best_length;
	return best;
}

/* IPv6 as RFC 5952 writes it. */
static char *format_v6(const uint8_t addr[16], char *text)
{
	unsigned group[8];
	int run, run_length;
	char *at = text;

	for (int i = 0; i < 8; i++)
		group[i] = (unsigned)addr[2 * i] << 8 | addr[2 * i + 1];
	run = longest_run(group, &run_length);
	for (int i = 0; i < 8; i++) {
		if (i == run) {
			*at++ = ':';
			if (i == 0)
				*at++ = ':';
			i += run_length - 1;
			continue;
		}
		at = put_group(at, group[i]);
		if (i < 7)
			*at++ = ':';
	}
	*at = '\0';
	return text;
}

/* Shortest text of an address; returns text. */
char *ft_addr_format(const uint8_t addr[16], char text[FT_ADDR_TEXT_MAX])
{
	char *at = text;

	if (!ft_addr_is_v4(addr))
		return format_v6(addr, text);
	for (int i = 12; i < 16; i++) {
		at = put_octet(at, addr[i]);
		*at++ = i < 15 ? '.' : '\0';
	}
	return text;
}

/* The whole text as an address, v4 mapped; -EINVAL and ret_addr untouched if it is none. */
int ft_addr_parse(const char *text, uint8_t ret_addr[16])
{
	uint8_t addr[16];

	memcpy(addr, mapped_prefix, sizeof(mapped_prefix));
	if (inet_pton(AF_INET, text, addr + 12) != 1 && inet_pton(AF_INET6, text, addr) != 1)
		return -EINVAL;
	memcpy(ret_addr, addr, sizeof(addr));
	return 0;
}
