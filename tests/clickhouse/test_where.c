/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The display filter in SQL: what is said to the server of each kind of test, of rows and of flows;
 * and that nothing a filter can hold gets out of its quotes. That both mean the same is
 * tests/live/t_clickhouse.sh's, which has a server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clickhouse/where.h"

#define PORTS "IN (6,17,33,132,136)"
#define V4 "00000000000000000000ffff"

static const struct {
	const char *filter, *rows, *newest;
} cases[] = {
	{ "", "1", "1" },
	{ "tcp", "(((`protocol` = 6)))", "(((`n_protocol` = 6)))" },
	{ "ip6", "(((`ip_version` = 6)))", "(((`n_ip_version` = 6)))" },
	{ "local port 22",
	  "(((`protocol` " PORTS " AND ((`local_port` BETWEEN 22 AND 22)))))", NULL },
	{ "src host 10.0.0.1",
	  "(((if(`initiator` = 'remote', "
	  "(`remote_bytes` >= unhex('" V4 "0a000001') AND `remote_bytes` <= unhex('" V4
	  "0a000001')), (`local_bytes` >= unhex('" V4 "0a000001') AND `local_bytes` <= unhex('" V4
	  "0a000001'))))))", NULL },
	{ "remote net 10.0.0.0/9",
	  "((((`remote_bytes` >= unhex('" V4 "0a000000') AND `remote_bytes` <= unhex('" V4
	  "0a7fffff')))))", NULL },
	{ "vlan 0", "(((`vlan` = 0)))", NULL },
	{ "vlan 5", "(((`vlan` = 5 OR `vlan_inner` = 5)))", NULL },
	{ "observer Web1", "(((lower(`observer`) = 'web1')))",
	  "(((lower(`n_observer`) = 'web1')))" },
	{ "observer W\xc3\xa4rter", "((1))", "((1))" },
	{ "iface v0", "(((lower(substring(`interface`, 1, 15)) = 'v0')))", NULL },
	{ "in", "(((`initiator` = 'remote')))", NULL },
	{ "event close", "(((0)))", "(((0)))" },
	/* what changes is asked of the newest row alone */
	{ "process curl", "((1))",
	  "((((if(`n_owner` = 'process', positionCaseInsensitive(`n_process`, 'curl') > 0, "
	  "`n_owner` IN (''))) OR `n_path` = 'loopback' AND (if(`n_remote_owner` = 'process', "
	  "positionCaseInsensitive(`n_remote_process_name`, 'curl') > 0, `n_remote_owner` IN "
	  "(''))))))" },
	{ "bytes > 10k", "((1))",
	  "(((toFloat64(`n_total_tx_bytes` + `n_total_rx_bytes`) > toFloat64(10000))))" },
	{ "state idle", "((1))",
	  "(((if(`n_ended` IN ('idle','evicted','interface'), `n_ended` IN ('idle'), 0))))" },
	/* what can't be said is true, either way */
	{ "rate > 1M", "((1))", "((1))" },
	{ "not rate > 1M", "((1))", "((1))" },
	{ "word", "((1))", "((1))" },
	{ "udp and not word", "((1 AND (`protocol` = 17)))", NULL },
	{ "not (udp and process x)", "((((1 OR NOT (`protocol` = 17)))))", NULL },
	{ "not (udp or ip)", "((((NOT (`ip_version` = 4)) AND (NOT (`protocol` = 17)))))", NULL },
};

/* The condition; caller frees. */
static char *where(const struct ft_filter *filter, enum ft_ch_level level)
{
	struct ft_sql sql = { NULL };

	ft_ch_where(&sql, filter, level, 5000000000);
	ft_sql_bytes(&sql, "", 1);
	return sql.data;
}

static struct ft_filter *parse(const char *text)
{
	struct ft_filter *filter = NULL;
	char err[200];

	if (ft_filter_parse(text, NULL, &filter, NULL, err, sizeof(err)) < 0)
		fail_msg("%s: %s", text, err);
	return filter;
}

static void check(const char *filter, const char *got, const char *wanted)
{
	if (wanted && strcmp(got, wanted) != 0)
		fail_msg("%s\n   got: %s\nwanted: %s", filter, got, wanted);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ft_filter *filter = parse(cases[i].filter);
		char *rows = where(filter, FT_CH_ROWS), *newest = where(filter, FT_CH_NEWEST);

		check(cases[i].filter, rows, cases[i].rows);
		check(cases[i].filter, newest, cases[i].newest);
		free(rows);
		free(newest);
		ft_filter_free(filter);
	}
}

/* The keys T U I O A V. */
static void test_shown(void **state)
{
	struct ft_filter *all = parse("udp"), *some;
	char *text;

	(void)state;
	some = ft_filter_with_shown(all, FT_SHOW_ALL & ~(FT_SHOW_V6 | FT_SHOW_OTHER));
	text = where(some, FT_CH_ROWS);
	check("keys", text, "(((`protocol` = 17))) AND NOT (`ip_version` = 6) AND NOT (`protocol` "
			    "NOT IN (1,6,17,58))");
	free(text);
	ft_filter_free(some);
	ft_filter_free(all);
}

/* Parentheses and quotes are closed, whatever words there are; a filter that is too long for a
 * query is not sent. */
static void test_hostile(void **state)
{
	static const char *const words[] = { "it's", "a\\", "\\' OR 1=1 --", "`", "')) OR 1 OR ((", "\t\n",
					     "/*", "%s%n%d" };
	static const char *const keys[] = { "process", "user", "container", "observer", "iface",
					    "state", "event" };

	(void)state;
	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			char filter[100];
			int depth = 0;
			struct ft_filter *parsed;
			char *text;
			bool quoted = false;

			snprintf(filter, sizeof(filter), "%s \"%s\" or udp", keys[k], words[i]);
			parsed = parse(filter);
			text = where(parsed, FT_CH_NEWEST);
			for (const char *at = text; *at; at++) {
				if (quoted && *at == '\\')
					at++;
				else if (*at == '\'')
					quoted = !quoted;
				else if (!quoted)
					depth += (*at == '(') - (*at == ')');
				assert_true(depth >= 0);
			}
			assert_false(quoted);
			assert_int_equal(depth, 0);
			free(text);
			ft_filter_free(parsed);
		}
}

static void test_long(void **state)
{
	char filter[4000] = "src net fd00::/8";
	struct ft_filter *parsed;
	char *text;

	(void)state;
	while (strlen(filter) < sizeof(filter) - 40)
		strcat(filter, " or user a");
	parsed = parse(filter);
	text = where(parsed, FT_CH_NEWEST);
	assert_string_equal(text, "1");
	free(text);
	ft_filter_free(parsed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases), cmocka_unit_test(test_shown),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
