/* SPDX-License-Identifier: GPL-2.0-or-later */
/* URLs of --export: what is read, and what is refused with a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "output/exporters.h"
#include "output/url.h"

static void test_good(void **state)
{
	static const struct {
		const char *text, *scheme, *host, *path, *x;
		unsigned port;
	} rows[] = {
		{ "ipfix://host.example:4739", "ipfix", "host.example", "", NULL, 4739 },
		{ "ipfix+tcp://[2001:db8::1]:1/", "ipfix+tcp", "2001:db8::1", "/", NULL, 1 },
		{ "a9://10.0.0.1", "a9", "10.0.0.1", "", NULL, 0 },
		{ "ndjson:///var/log/a%20b.ndjson", "ndjson", "", "/var/log/a b.ndjson", NULL, 0 },
		{ "m://*:65535/metrics?x=1", "m", "*", "/metrics", "1", 65535 },
		{ "m://h:1?y=2&x=a%2Fb%26", "m", "h", "", "a/b&", 1 },
		{ "m://h:1?x=", "m", "h", "", "", 1 },
		{ "m://h:1?", "m", "h", "", NULL, 1 },
		{ "m://", "m", "", "", NULL, 0 },
	};
	struct ft_url url;
	char err[256];
	const char *x;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (ft_url_parse(rows[i].text, &url, err, sizeof(err)) < 0)
			fail_msg("%s: %s", rows[i].text, err);
		assert_string_equal(url.scheme, rows[i].scheme);
		assert_string_equal(url.host, rows[i].host);
		assert_string_equal(url.path, rows[i].path);
		assert_int_equal(url.port, rows[i].port);
		x = ft_url_get(&url, "x");
		assert_int_equal(x == NULL, rows[i].x == NULL);
		if (x)
			assert_string_equal(x, rows[i].x);
		ft_url_done(&url);
	}
}

static void test_bad(void **state)
{
	static const char *const rows[] = {
		"", "ipfix", "ipfix:", "ipfix:/host:1", "IPFIX://h:1", "://h:1", "ip fix://h:1",
		"m://user@h:1", "m://user:secret@h:1", "m://h:0", "m://h:65536", "m://h:", "m://h:1x",
		"m://h: 1", "m://h:-1", "m://h:1:2", "m://[::1:4739", "m://[]:1", "m://[::1]4739",
		"m://[fe80::1%25eth0]:1", "m://[g::1]:1", "m://h h:1", "m://h;:1", "m://h/%", "m://h/%4",
		"m://h/%zz", "m://h/%00", "m://h?x", "m://h?=1", "m://h?x=1&", "m://h?x=1&x=2",
		"m://h?x=%0", "m://h?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1", "m://\x1b[31m:1",
	};
	struct ft_url url;
	char err[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err[0] = '\0';
		if (ft_url_parse(rows[i], &url, err, sizeof(err)) == 0)
			fail_msg("taken: %s", rows[i]);
		assert_true(strlen(err) > 10);
	}
}

/* Users and passwords: read where they may be, shown nowhere. */
static void test_login(void **state)
{
	static const struct {
		const char *text, *user, *password, *public, *hidden;
	} rows[] = {
		{ "m://h:1/d", NULL, NULL, "m://h:1/d", "m://h:1/d" },
		{ "m://ana@h:1/d", "ana", NULL, "m://h:1/d", "m://xxx@h:1/d" },
		{ "m://ana:secret@h", "ana", "secret", "m://h", "m://xxxxxxxxxx@h" },
		{ "m://ana:@h", "ana", "", "m://h", "m://xxxx@h" },
		{ "m://a%40b:p%3a%2f@[::1]:2", "a@b", "p:/", "m://[::1]:2", "m://xxxxxxxxxxxxx@[::1]:2" },
		{ "m://h/d?x=a@b", NULL, NULL, "m://h/d?x=a@b", "m://h/d?x=a@b" },
	};
	static const char *const bad[] = { "m://@h", "m://:secret@h", "m://a:secret@b@h", "m://ana:%00@h",
					   "m://ana:sec/ret@h:1", "m://ana:secret@h;" };
	struct ft_url url;
	char err[256], text[64], *public;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (ft_url_parse_login(rows[i].text, &url, err, sizeof(err)) < 0)
			fail_msg("%s: %s", rows[i].text, err);
		assert_int_equal(url.user == NULL, rows[i].user == NULL);
		if (url.user)
			assert_string_equal(url.user, rows[i].user);
		assert_int_equal(url.password == NULL, rows[i].password == NULL);
		if (url.password)
			assert_string_equal(url.password, rows[i].password);
		assert_string_equal(url.text, rows[i].public);
		ft_url_done(&url);
		assert_int_equal(ft_url_parse(rows[i].text, &url, err, sizeof(err)),
				 rows[i].user ? -22 : 0);
		if (!rows[i].user)
			ft_url_done(&url);
		public = ft_url_public(rows[i].text);
		assert_string_equal(public, rows[i].public);
		free(public);
		snprintf(text, sizeof(text), "%s", rows[i].text);
		ft_url_hide(text);
		assert_string_equal(text, rows[i].hidden);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(ft_url_parse_login(bad[i], &url, err, sizeof(err)), -22);
		assert_null(strstr(err, "sec"));
		assert_int_equal(ft_url_parse(bad[i], &url, err, sizeof(err)), -22);
		assert_null(strstr(err, "sec"));
	}
	assert_true(ft_exporter_check("clickhoue://ana:secret@h/d", err, sizeof(err)) < 0);
	assert_null(strstr(err, "secret"));
	assert_true(ft_exporter_check("ipfix://ana:secret@h:1", err, sizeof(err)) < 0);
	assert_null(strstr(err, "secret"));
	assert_int_equal(ft_exporter_check("clickhouse://ana:secret@h/d", err, sizeof(err)), 0);
}

/* Numbers within bounds; names that nobody knows. */
static void test_parameters(void **state)
{
	static const char *const known[] = { "idle", "x", NULL };
	uint64_t value = 7;
	struct ft_url url;
	char err[256];

	(void)state;
	assert_int_equal(ft_url_parse("m://h:1?idle=20&x=abc", &url, err, sizeof(err)), 0);
	assert_int_equal(ft_url_check(&url, known, err, sizeof(err)), 0);
	assert_int_equal(ft_url_check(&url, known + 1, err, sizeof(err)), -22);
	assert_non_null(strstr(err, "\"idle\""));
	assert_int_equal(ft_url_number(&url, "other", 1, 100, &value, err, sizeof(err)), 0);
	assert_int_equal(value, 7);
	assert_int_equal(ft_url_number(&url, "idle", 1, 100, &value, err, sizeof(err)), 0);
	assert_int_equal(value, 20);
	assert_true(ft_url_number(&url, "idle", 1, 10, &value, err, sizeof(err)) < 0);
	assert_true(ft_url_number(&url, "x", 1, 10, &value, err, sizeof(err)) < 0);
	assert_int_equal(value, 20);
	ft_url_done(&url);
}

/* Each kind of collector opens what its form says, or says what it was built without; all of
 * them refuse what they do not know. */
static void test_kinds(void **state)
{
	struct ft_output_config config = { .observer = "me" };
	struct ft_output *output;
	char target[128], err[512];

	(void)state;
	assert_true(ft_exporter_check("http://h:1", err, sizeof(err)) < 0);
	for (size_t i = 0; ft_exporters[i].scheme; i++) {
		assert_non_null(strstr(err, ft_exporters[i].form));
		assert_ptr_equal(ft_exporter_find(ft_exporters[i].form), &ft_exporters[i]);
	}
	assert_null(ft_exporter_find("ipfi://h:1"));
	assert_null(ft_exporter_find("ipfixx://h:1"));
	for (size_t i = 0; ft_exporters[i].scheme; i++) {
		snprintf(target, sizeof(target), "%s://127.0.0.1:1/nothing?nonsense=1",
			 ft_exporters[i].scheme);
		config.target = target;
		err[0] = '\0';
		output = NULL;
		assert_int_equal(ft_exporter_check(target, err, sizeof(err)), 0);
		assert_int_equal(ft_exporters[i].ops->open(&config, &output, err, sizeof(err)),
				 -22);
		assert_null(output);
		assert_true(strlen(err) > 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
