/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses to text and back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/addr.h"

/* text in; "" = what comes out is the same; v4, multicast, loopback */
static const struct {
	const char *text, *out;
	bool v4, multicast, loopback;
} good[] = {
	{ "0.0.0.0", "", true, false, false },
	{ "10.0.0.1", "", true, false, false },
	{ "127.0.0.1", "", true, false, true },
	{ "127.255.255.254", "", true, false, true },
	{ "128.0.0.1", "", true, false, false },
	{ "223.255.255.255", "", true, false, false },
	{ "224.0.0.1", "", true, true, false },
	{ "239.99.109.9", "", true, true, false },
	{ "240.0.0.0", "", true, false, false },
	{ "255.255.255.255", "", true, false, false },
	{ "::ffff:192.0.2.33", "192.0.2.33", true, false, false },
	{ "::", "", false, false, false },
	{ "::1", "", false, false, true },
	{ "2001:db8::1", "", false, false, false },
	{ "2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1", false, false, false },
	{ "fe80::dead:beef", "", false, false, false },
	{ "1::", "", false, false, false },
	{ "1:0:0:2::3", "1:0:0:2::3", false, false, false },
	{ "1:0:2:0:3:0:4:0", "", false, false, false },
	{ "0:1:2:3:4:5:6:7", "", false, false, false },
	{ "0:0:1:0:0:0:1:0", "0:0:1::1:0", false, false, false },
	{ "1:2:3:4:5:6:0:0", "1:2:3:4:5:6::", false, false, false },
	{ "2001:db8:10a:f00::f", "", false, false, false },
	{ "ff02::fb", "", false, true, false },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", false, true, false },
};

static const char *const bad[] = {
	"", " ", "10.0.0", "10.0.0.256", "10.0.0.1 ", " 10.0.0.1", "10.0.0.1/8", "[::1]",
	"fe80::1%eth0", ":::", "1:2:3:4:5:6:7:8:9", "localhost", "1.2.3.4.5", "0x7f.1.1.1",
};

static void parse_and_format(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		uint8_t addr[16];
		char text[FT_ADDR_TEXT_MAX];

		assert_int_equal(ft_addr_parse(good[i].text, addr), 0);
		assert_string_equal(ft_addr_format(addr, text),
				    good[i].out[0] ? good[i].out : good[i].text);
		assert_int_equal(ft_addr_is_v4(addr), good[i].v4);
		assert_int_equal(ft_addr_is_multicast(addr), good[i].multicast);
		assert_int_equal(ft_addr_is_loopback(addr), good[i].loopback);
	}
}

static void refuse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t addr[16], before[16];

		memset(addr, 0x5a, sizeof(addr));
		memcpy(before, addr, sizeof(addr));
		assert_int_equal(ft_addr_parse(bad[i], addr), -EINVAL);
		assert_memory_equal(addr, before, sizeof(addr));
	}
}

/* Every octet has its own decimal text. */
static void every_octet(void **state)
{
	(void)state;
	for (unsigned octet = 0; octet < 256; octet++) {
		uint8_t addr[16] = { [10] = 0xff, [11] = 0xff, [12] = (uint8_t)octet, [13] = 1,
				     [14] = (uint8_t)(255 - octet) };
		char text[FT_ADDR_TEXT_MAX], wanted[FT_ADDR_TEXT_MAX];
		uint8_t back[16];

		snprintf(wanted, sizeof(wanted), "%u.1.%u.0", octet, 255 - octet);
		assert_string_equal(ft_addr_format(addr, text), wanted);
		assert_int_equal(ft_addr_parse(text, back), 0);
		assert_memory_equal(back, addr, sizeof(addr));
	}
}

/* Whatever the groups: what is written reads back, and never takes more room than it may. */
static void every_pattern_of_zeros(void **state)
{
	(void)state;
	for (unsigned pattern = 0; pattern < 256; pattern++) {
		uint8_t addr[16] = { 0 }, back[16];
		char text[FT_ADDR_TEXT_MAX];

		for (unsigned i = 0; i < 8; i++)
			if (pattern & 1U << i) {
				addr[2 * i] = (uint8_t)(0xff >> i);
				addr[2 * i + 1] = (uint8_t)(0x10 + i);
			}
		ft_addr_format(addr, text);
		assert_true(strlen(text) < FT_ADDR_TEXT_MAX);
		assert_int_equal(ft_addr_parse(text, back), 0);
		assert_memory_equal(back, addr, sizeof(addr));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_and_format),
		cmocka_unit_test(refuse),
		cmocka_unit_test(every_octet),
		cmocka_unit_test(every_pattern_of_zeros),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
