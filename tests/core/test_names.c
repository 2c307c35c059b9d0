/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names: both files, DNS answers, and that whatever a file holds does no harm. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/addr.h"
#include "core/names.h"

static const char hosts[] =
	"# comment\n"
	"127.0.0.1\tlocalhost localhost.localdomain # me\n"
	"127.0.0.1 second\n"
	"::1 localhost ip6-localhost\r\n"
	"  10.0.0.2   router\trouter.example  gw\n"
	"2001:db8::7 seven#eight\n"
	"not-an-address name\n"
	"10.0.0.3\n"
	"10.0.0.300 wrong\n"
	"10.0.0.4 last";

static const char services[] =
	"http\t80/tcp\twww # web\n"
	"https 443/tcp\n"
	"https 443/udp\n"
	"domain 53/udp\n"
	"late-http 80/tcp\n"
	"sip 5060/sctp\n"
	"x 70000/tcp\n"
	"y -1/tcp\n"
	"z 12\n"
	"odd 99/ddp\n"
	"# http 81/tcp\n"
	"syslog 514/udp";

static const char *host(const struct ft_names *names, const char *text,
			enum ft_name_source *ret_source)
{
	uint8_t addr[16];

	assert_int_equal(ft_addr_parse(text, addr), 0);
	return ft_names_host(names, addr, ret_source);
}

static void hosts_file(void **state)
{
	struct ft_names *names = ft_names_new(hosts, NULL);
	enum ft_name_source source;
	uint8_t addr[4][16];

	(void)state;
	assert_string_equal(host(names, "127.0.0.1", &source), "localhost");
	assert_int_equal(source, FT_NAME_HOSTS);
	assert_string_equal(ft_name_source_name(source), "hosts");
	assert_string_equal(host(names, "::1", NULL), "localhost");
	assert_string_equal(host(names, "10.0.0.2", NULL), "router");
	assert_string_equal(host(names, "2001:db8::7", NULL), "seven");
	assert_string_equal(host(names, "10.0.0.4", NULL), "last");
	assert_null(host(names, "10.0.0.3", &source));
	assert_int_equal(source, FT_NAME_NONE);
	assert_int_equal(ft_names_addresses(names, "LOCALHOST", addr, 4), 2);
	assert_int_equal(addr[0][12], 127);
	assert_int_equal(addr[1][15], 1);
	assert_int_equal(ft_names_addresses(names, "gw", addr, 4), 1);
	assert_int_equal(ft_names_addresses(names, "localhost", addr, 1), 2);
	assert_int_equal(ft_names_addresses(names, "nobody", addr, 4), 0);
	ft_names_free(names);
}

static void services_file(void **state)
{
	struct ft_names *names = ft_names_new(NULL, services);
	uint16_t port = 0;

	(void)state;
	assert_string_equal(ft_names_service(names, 80, 6), "http");
	assert_string_equal(ft_names_service(names, 443, 6), "https");
	assert_string_equal(ft_names_service(names, 443, 17), "https");
	assert_string_equal(ft_names_service(names, 5060, 132), "sip");
	assert_string_equal(ft_names_service(names, 514, 17), "syslog");
	assert_null(ft_names_service(names, 80, 17));
	assert_null(ft_names_service(names, 81, 6));
	assert_null(ft_names_service(names, 12, 6));
	assert_null(ft_names_service(names, 99, 6));
	assert_null(ft_names_service(names, 70000 & 0xffff, 6));
	assert_int_equal(ft_names_port(names, "WWW", 0, &port), 0);
	assert_int_equal(port, 80);
	assert_int_equal(ft_names_port(names, "domain", 17, &port), 0);
	assert_int_equal(port, 53);
	assert_int_equal(ft_names_port(names, "domain", 6, &port), -ENOENT);
	assert_int_equal(ft_names_port(names, "odd", 0, &port), -ENOENT);
	ft_names_free(names);
}

static void empty(void **state)
{
	struct ft_names *names = ft_names_new(NULL, "");
	uint8_t addr[16] = { 1 };

	(void)state;
	assert_null(ft_names_host(names, addr, NULL));
	assert_null(ft_names_service(names, 80, 6));
	assert_false(ft_names_known(names, addr));
	ft_names_free(names);
	ft_names_free(NULL);
}

static void dns(void **state)
{
	struct ft_names *names = ft_names_new(hosts, NULL);
	uint8_t one[16] = { 1 }, router[16];
	enum ft_name_source source;

	(void)state;
	ft_names_add_dns(names, one, "first.example");
	assert_string_equal(ft_names_host(names, one, &source), "first.example");
	assert_int_equal(source, FT_NAME_DNS);
	assert_true(ft_names_known(names, one));
	ft_names_add_dns(names, one, NULL);
	assert_null(ft_names_host(names, one, &source));
	assert_int_equal(source, FT_NAME_NONE);
	assert_true(ft_names_known(names, one));
	ft_names_add_dns(names, one, "again.example");
	assert_string_equal(ft_names_host(names, one, NULL), "again.example");
	/* the hosts file has precedence */
	assert_int_equal(ft_addr_parse("10.0.0.2", router), 0);
	ft_names_add_dns(names, router, "other.example");
	assert_string_equal(ft_names_host(names, router, NULL), "router");
	ft_names_free(names);
}

static void number_addr(uint8_t addr[16], uint32_t number)
{
	memset(addr, 0, 16);
	memcpy(addr, &number, sizeof(number));
	addr[8] = 1;
}

/* Beyond the bound the oldest answer gives way; those of the file and newer ones stay. */
static void dns_is_bounded(void **state)
{
	struct ft_names *names = ft_names_new(hosts, NULL);
	char name[32];
	uint8_t addr[16];

	(void)state;
	for (uint32_t i = 0; i < FT_NAMES_MAX + 1000; i++) {
		number_addr(addr, i);
		snprintf(name, sizeof(name), "host%u", i);
		ft_names_add_dns(names, addr, name);
	}
	for (uint32_t i = 0; i < FT_NAMES_MAX + 1000; i++) {
		number_addr(addr, i);
		assert_int_equal(ft_names_known(names, addr), i >= 1000);
		snprintf(name, sizeof(name), "host%u", i);
		if (i >= 1000)
			assert_string_equal(ft_names_host(names, addr, NULL), name);
	}
	assert_string_equal(host(names, "10.0.0.4", NULL), "last");
	ft_names_free(names);
}

/* Random bytes with the files' own separators: nothing may crash (the sanitizers watch). */
static void any_bytes(void **state)
{
	static const char alphabet[] = "0123456789abc.:/# \t\n\rtcpudp\377";
	char text[512];
	unsigned x = 12345;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct ft_names *names;

		for (size_t i = 0; i < sizeof(text) - 1; i++) {
			x = x * 1103515245 + 12345;
			text[i] = alphabet[(x >> 16) % (sizeof(alphabet) - 1)];
		}
		text[sizeof(text) - 1] = '\0';
		names = ft_names_new(text, text);
		assert_non_null(names);
		for (unsigned port = 0; port < 100; port++) {
			const char *name = ft_names_service(names, (uint16_t)port, 6);

			assert_true(!name || strlen(name) < sizeof(text));
		}
		ft_names_free(names);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_file), cmocka_unit_test(services_file),
		cmocka_unit_test(empty),      cmocka_unit_test(dns),
		cmocka_unit_test(dns_is_bounded), cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
