/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/net: networks, own addresses, connected subnets; and core/batch: ticks to time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/addr.h"
#include "core/batch.h"
#include "core/net.h"

/* 16 octets of a text. */
static const uint8_t *addr(const char *text)
{
	static uint8_t octets[16];

	assert_int_equal(ft_addr_parse(text, octets), 0);
	return octets;
}

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int prefix; /* -1 = refused */
		const char *in, *out;
	} rows[] = {
		{ "10.0.0.0/8", 104, "10.255.0.1", "11.0.0.0" },
		{ "192.0.2.7", 128, "192.0.2.7", "192.0.2.6" },
		{ "192.0.2.8/29", 125, "192.0.2.15", "192.0.2.16" },
		{ "0.0.0.0/0", 96, "203.0.113.1", "2001:db8::1" },
		{ "2001:db8::/32", 32, "2001:db8:ffff::1", "2001:db9::" },
		{ "::/0", 0, "2001:db8::1", NULL },
		{ "fe80::1", 128, "fe80::1", "fe80::2" },
		{ "10.0.0.0/33", -1, NULL, NULL },
		{ "10.0.0.0/", -1, NULL, NULL },
		{ "10.0.0.0/-1", -1, NULL, NULL },
		{ "10.0.0.0/8 ", -1, NULL, NULL },
		{ "10.0.0/8", -1, NULL, NULL },
		{ "::/129", -1, NULL, NULL },
		{ "/8", -1, NULL, NULL },
		{ "", -1, NULL, NULL },
		{ "a\x1b[31m", -1, NULL, NULL },
		{ "1:2:3:4:5:6:7:8:9:a:b:c:d:e:f:1:2:3:4:5:6:7:8:9:0/3", -1, NULL, NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ft_net net;
		char err[200] = "";
		int result = ft_net_parse(rows[i].text, &net, err, sizeof(err));

		if (rows[i].prefix < 0) {
			assert_int_equal(result, -EINVAL);
			assert_true(strlen(err) > 0);
			assert_null(strchr(err, '\x1b'));
			continue;
		}
		assert_int_equal(result, 0);
		assert_int_equal(net.prefix, rows[i].prefix);
		assert_true(ft_net_contains(&net, addr(rows[i].in)));
		if (rows[i].out)
			assert_false(ft_net_contains(&net, addr(rows[i].out)));
	}
}

static void test_set(void **state)
{
	struct ft_net nets[4];
	struct ft_addr_set set = { .nets = nets, .count = 4 };
	char err[100];

	(void)state;
	/* sorted by address */
	assert_int_equal(ft_net_parse("10.0.0.2/24", &nets[0], err, sizeof(err)), 0);
	assert_int_equal(ft_net_parse("10.9.0.0/31", &nets[1], err, sizeof(err)), 0);
	assert_int_equal(ft_net_parse("10.9.0.0/31", &nets[2], err, sizeof(err)), 0);
	assert_int_equal(ft_net_parse("2001:db8::5/64", &nets[3], err, sizeof(err)), 0);
	nets[0].own = nets[2].own = nets[3].own = true;

	assert_true(ft_addr_set_own(&set, addr("10.0.0.2")));
	assert_true(ft_addr_set_own(&set, addr("10.9.0.0"))); /* the second of its equals */
	assert_true(ft_addr_set_own(&set, addr("2001:db8::5")));
	assert_true(ft_addr_set_own(&set, addr("127.3.2.1")));
	assert_true(ft_addr_set_own(&set, addr("::1")));
	assert_false(ft_addr_set_own(&set, addr("10.0.0.3")));
	assert_false(ft_addr_set_own(&set, addr("2001:db8::6")));

	assert_true(ft_addr_set_connected(&set, addr("10.0.0.77")));
	assert_true(ft_addr_set_connected(&set, addr("2001:db8::77")));
	assert_true(ft_addr_set_connected(&set, addr("10.9.0.1"))); /* no broadcast in a /31 */
	assert_false(ft_addr_set_connected(&set, addr("10.0.0.255")));
	assert_false(ft_addr_set_connected(&set, addr("255.255.255.255")));
	assert_true(ft_addr_set_group(&set, addr("10.0.0.255")));
	assert_true(ft_addr_set_group(&set, addr("255.255.255.255")));
	assert_true(ft_addr_set_group(&set, addr("224.0.0.251")));
	assert_true(ft_addr_set_group(&set, addr("ff02::1")));
	assert_false(ft_addr_set_group(&set, addr("10.0.0.77")));
	assert_false(ft_addr_set_group(&set, addr("192.0.2.255"))); /* of no net of ours */
	assert_false(ft_addr_set_connected(&set, addr("10.0.1.1")));
	assert_false(ft_addr_set_connected(&set, addr("224.0.0.1")));
	assert_false(ft_addr_set_connected(&set, addr("ff02::1")));
}

static void test_clock(void **state)
{
	struct ft_clock identity = ft_clock_identity();
	/* 250 ticks a second; the second reading lies 2 s later */
	struct ft_clock clock = { 1000, 5000000000, 1500, 7000000000 };
	struct ft_clock huge = { 1, 1, UINT64_MAX, UINT64_MAX };

	(void)state;
	assert_true(ft_clock_ns(&identity, 0) == 0);
	assert_true(ft_clock_ns(&identity, 1763680000123456789) == 1763680000123456789);
	assert_true(ft_clock_ns(&clock, 0) == 0);
	assert_true(ft_clock_ns(&clock, 1000) == 5000000000);
	assert_true(ft_clock_ns(&clock, 1250) == 6000000000);
	assert_true(ft_clock_ns(&clock, 1501) == 7004000000);
	assert_true(ft_clock_ns(&clock, 999) == 4996000000);
	assert_true(ft_clock_ns(&huge, UINT64_MAX / 2) == UINT64_MAX / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
