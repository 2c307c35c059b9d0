/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What connection tracking says, from messages of Linux 6.18: connections that are translated, in
 * both families, with ports and ICMP; those that aren't, or lie in a zone; and that whatever
 * comes, nothing behind a message is read (each lies alone in memory of its size).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/conntrack.h"
#include "core/addr.h"
#include "core/xalloc.h"

struct row {
	const char *name;
	enum ft_conntrack_news news;
	const char *before, *after; /* source, destination, as the packets have it */
	const char *hex;
};

/* Recorded on a little-endian machine: see main. */
static const struct row rows[] = {
	{ "TCP, begun", FT_CONNTRACK_NAT, "6 10.0.0.1/47482 10.0.0.1/81",
	  "6 10.0.0.1/47482 10.0.0.2/82",
	  "c4000000000100060000000000000000020000003400018014000180080001000a000001080002000a000001"
	  "1c000280050001000600000006000200b97a000006000300005100003400028014000180080001000a000002"
	  "080002000a0000011c0002800500010006000000060002000052000006000300b97a000008000c0034f5fdf1"
	  "08000300000001a80800070000000078300004802c0001800500010001000000050002000a00000005000300"
	  "0000000006000400030000000600050000000000" },
	{ "TCP, gone", FT_CONNTRACK_GONE, "6 10.0.0.1/47482 10.0.0.1/81",
	  "6 10.0.0.1/47482 10.0.0.2/82",
	  "a4000000020100000000000000000000020000003400018014000180080001000a000001080002000a000001"
	  "1c000280050001000600000006000200b97a000006000300005100003400028014000180080001000a000002"
	  "080002000a0000011c0002800500010006000000060002000052000006000300b97a000008000c0034f5fdf1"
	  "08000300000003a80800070000000078100004800c0001800500010008000000" },
	{ "in a zone", FT_CONNTRACK_NOTHING, NULL, NULL,
	  "cc000000000100060000000000000000020000003400018014000180080001000a000001080002000a000001"
	  "1c000280050001000600000006000200a740000006000300005b00003400028014000180080001000a000002"
	  "080002000a0000011c0002800500010006000000060002000052000006000300a74000000600120000050000"
	  "08000c0032d0260908000300000001a80800070000000078300004802c000180050001000100000005000200"
	  "0a000000050003000000000006000400030000000600050000000000" },
	{ "not translated", FT_CONNTRACK_NOTHING, NULL, NULL,
	  "c4000000000100060000000000000000020000003400018014000180080001000a000001080002000a000001"
	  "1c000280050001000600000006000200c752000006000300005300003400028014000180080001000a000001"
	  "080002000a0000011c0002800500010006000000060002000053000006000300c752000008000c00d39a44ae"
	  "08000300000001880800070000000078300004802c0001800500010001000000050002000a00000005000300"
	  "0000000006000400030000000600050000000000" },
	{ "UDP over IPv6", FT_CONNTRACK_NAT, "17 fd00::1/37862 fd00::1/53",
	  "17 fd00::1/37862 fd00::2/5353",
	  "c40000000001000600000000000000000a0000004c0001802c00018014000300fd0000000000000000000000"
	  "0000000114000400fd0000000000000000000000000000011c00028005000100110000000600020093e60000"
	  "06000300003500004c0002802c00018014000300fd00000000000000000000000000000214000400fd000000"
	  "0000000000000000000000011c00028005000100110000000600020014e900000600030093e6000008000c00"
	  "31f3dee708000300000001a8080007000000001e" },
	/* An echo goes by its request: id, type << 8 | code. */
	{ "ICMP", FT_CONNTRACK_NAT, "1 10.0.0.1/31776 10.0.0.1/2048",
	  "1 10.0.0.1/31776 10.0.0.2/2048",
	  "a4000000020100000000000000000000020000003c00018014000180080001000a000001080002000a000001"
	  "240002800500010001000000060004007c200000050005000800000005000600000000003c00028014000180"
	  "080001000a000002080002000a000001240002800500010001000000060004007c2000000500050000000000"
	  "050006000000000008000c002f256f5408000300000001a8080007000000001e" },
	{ "ICMPv6", FT_CONNTRACK_NAT, "58 fd00::1/31777 fd00::1/32768",
	  "58 fd00::1/31777 fd00::2/32768",
	  "d40000000001000600000000000000000a000000540001802c00018014000300fd0000000000000000000000"
	  "0000000114000400fd00000000000000000000000000000124000280050001003a000000060007007c210000"
	  "05000800800000000500090000000000540002802c00018014000300fd000000000000000000000000000002"
	  "14000400fd00000000000000000000000000000124000280050001003a000000060007007c21000005000800"
	  "81000000050009000000000008000c007d5bf23508000300000001a8080007000000001e" },
	{ "the end of a listing", FT_CONNTRACK_DONE, NULL, NULL,
	  "140000000300020001000000000000000000" "0000" },
	{ "an error", FT_CONNTRACK_ERROR, NULL, NULL,
	  "2400000002000000010000000000000" "0ffffffff14000000010101030100000000000000" },
	{ "another subsystem's", FT_CONNTRACK_NOTHING, NULL, NULL,
	  "1400000000020000010000000000000002000000" },
	{ "without tuples", FT_CONNTRACK_NOTHING, NULL, NULL,
	  "1400000000010000010000000000000002000000" },
};

/* The bytes of a row in memory of their own. */
static uint8_t *bytes_of(const struct row *row, size_t *ret_length)
{
	size_t length = strlen(row->hex) / 2;
	uint8_t *bytes = xmalloc(length);
	unsigned int byte;

	for (size_t i = 0; i < length; i++) {
		assert_int_equal(sscanf(row->hex + 2 * i, "%2x", &byte), 1);
		bytes[i] = (uint8_t)byte;
	}
	*ret_length = length;
	return bytes;
}

/* "6 10.0.0.1/47482 10.0.0.1/81" of a key, from the end that began. */
static void describe(const struct ft_nat *nat, int side, char *text, size_t size)
{
	const struct ft_flow_key *key = &nat->key[side];
	bool icmp = key->protocol == 1 || key->protocol == 58, b = nat->first[side];
	char from[FT_ADDR_TEXT_MAX], to[FT_ADDR_TEXT_MAX];

	snprintf(text, size, "%u %s/%u %s/%u", key->protocol,
		 ft_addr_format(b ? key->addr_b : key->addr_a, from),
		 ntohs(b && !icmp ? key->port_b_be : key->port_a_be),
		 ft_addr_format(b ? key->addr_a : key->addr_b, to),
		 ntohs(b && !icmp ? key->port_a_be : key->port_b_be));
}

static void test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ft_nat nat;
		char text[200];
		size_t length;
		uint8_t *bytes = bytes_of(&rows[i], &length);
		int error = 1;
		enum ft_conntrack_news news = ft_conntrack_parse(bytes, length, &nat, &error);

		if (news == FT_CONNTRACK_GONE && rows[i].news == FT_CONNTRACK_NAT)
			news = FT_CONNTRACK_NAT; /* recorded when it went */
		if (news != rows[i].news)
			print_error("%s\n", rows[i].name);
		assert_int_equal(news, rows[i].news);
		if (rows[i].news == FT_CONNTRACK_ERROR)
			assert_int_equal(error, -EPERM);
		if (rows[i].before) {
			describe(&nat, 0, text, sizeof(text));
			assert_string_equal(text, rows[i].before);
			describe(&nat, 1, text, sizeof(text));
			assert_string_equal(text, rows[i].after);
			assert_int_equal(nat.key[0].ip_version, strchr(rows[i].before, '.') ? 4 : 6);
		}
		free(bytes);
	}
}

/* Cut short: never what it was, and what it says of its length doesn't matter. */
static void test_cut_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < 7; i++) {
		size_t length;
		uint8_t *bytes = bytes_of(&rows[i], &length);

		for (size_t cut = 0; cut < length; cut++) {
			uint8_t *part = xmalloc(cut ? cut : 1);
			uint32_t said = (uint32_t)cut;
			struct ft_nat nat;
			int error;

			memcpy(part, bytes, cut);
			assert_int_equal(ft_conntrack_parse(part, cut, &nat, &error),
					 FT_CONNTRACK_NOTHING);
			if (cut >= sizeof(said))
				memcpy(part, &said, sizeof(said));
			/* Both tuples end before byte 0x80. */
			if (cut < 0x60)
				assert_int_equal(ft_conntrack_parse(part, cut, &nat, &error),
						 FT_CONNTRACK_NOTHING);
			else
				ft_conntrack_parse(part, cut, &nat, &error);
			free(part);
		}
		free(bytes);
	}
}

/* Bytes that are wrong: it ends, and what it finds has a protocol and a version. */
static void test_broken(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (int n = 0; n < 200000; n++) {
		size_t length;
		uint8_t *bytes = bytes_of(&rows[n % 7], &length);
		struct ft_nat nat;
		enum ft_conntrack_news news;
		int error;

		for (int i = 0; i < 1 + n % 3; i++) {
			random = random * 1664525 + 1013904223;
			bytes[4 + (random >> 8) % (length - 4)] = (uint8_t)(random >> 24);
		}
		news = ft_conntrack_parse(bytes, length, &nat, &error);
		if (news == FT_CONNTRACK_NAT || news == FT_CONNTRACK_GONE) {
			assert_true(nat.key[0].protocol == nat.key[1].protocol);
			assert_true(nat.key[0].ip_version == 4 || nat.key[0].ip_version == 6);
			assert_int_not_equal(memcmp(&nat.key[0], &nat.key[1], sizeof(nat.key[0])), 0);
		}
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_broken),
	};

	if (htonl(1) == 1)
		return 77; /* lengths and types are in the other order */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
