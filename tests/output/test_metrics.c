/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page for Prometheus: what OpenMetrics asks of it, the moment's numbers, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "moment.h"
#include "output/metrics.h"
#include "output/utf8.h"

/* The page of a snapshot; caller frees. */
static char *page_of(const struct ft_metrics *metrics, const struct ft_snapshot *snapshot)
{
	size_t size;
	char *text;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	ft_metrics_print(metrics, snapshot, stream);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(strlen(text), size);
	assert_true(ft_utf8_valid(text, size));
	return text;
}

/* True if the page has this line. */
static bool has(const char *page, const char *line)
{
	const char *at = page;
	size_t length = strlen(line);

	while ((at = strstr(at, line))) {
		if ((at == page || at[-1] == '\n') && at[length] == '\n')
			return true;
		at++;
	}
	return false;
}

static void expect(const char *page, const char *line)
{
	if (!has(page, line))
		fail_msg("no line \"%s\" in:\n%s", line, page);
}

/* Each family has its type, then its help, then its samples and nobody else's; no family
 * twice; the end is marked. */
static void test_form(void **state)
{
	struct ft_metrics *metrics = ft_metrics_new();
	char *page, *line, *rest, family[64] = "", *copy, head[80];
	size_t count = 0, length;
	bool counter = false, ended = false;

	(void)state;
	ft_metrics_add(metrics, moment());
	page = page_of(metrics, moment());
	copy = strdup(page);
	assert_non_null(copy);
	for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		assert_false(ended);
		if (!strcmp(line, "# EOF")) {
			ended = true;
		} else if (!strncmp(line, "# TYPE ", 7)) {
			assert_int_equal(sscanf(line + 7, "%63s", family), 1);
			counter = strstr(line, " counter") != NULL;
			assert_true(counter || strstr(line, " gauge"));
			assert_int_equal(strncmp(family, "flowtop_", 8), 0);
			snprintf(head, sizeof(head), "# TYPE %s ", family);
			assert_null(strstr(strstr(page, head) + 1, head));
		} else if (!strncmp(line, "# HELP ", 7)) {
			assert_int_equal(strncmp(line + 7, family, strlen(family)), 0);
		} else {
			length = strlen(family);
			assert_int_equal(strncmp(line, family, length), 0);
			if (counter) {
				assert_int_equal(strncmp(line + length, "_total", 6), 0);
				length += 6;
			}
			assert_true(line[length] == '{' || line[length] == ' ');
			count++;
		}
	}
	assert_true(ended);
	assert_true(count > 40);
	free(copy);
	free(page);
	ft_metrics_free(metrics);
}

/* The moment's numbers; names that need escapes. */
static void test_numbers(void **state)
{
	struct ft_metrics *metrics = ft_metrics_new();
	char *page;

	(void)state;
	ft_metrics_add(metrics, moment());
	ft_metrics_add(metrics, moment());
	page = page_of(metrics, moment());
	expect(page, "flowtop_packets_total{interface=\"br0\",term=\"not_ip\"} 3");
	expect(page, "flowtop_l2_bytes_total{interface=\"br0\",term=\"malformed\"} 60");
	expect(page, "flowtop_packets_total{interface=\"eth\xef\xbf\xbd\",term=\"flows\"} 1");
	expect(page, "flowtop_seen_packets_total{interface=\"eth\xef\xbf\xbd\"} 11");
	expect(page, "flowtop_device_packets_total{device=\"veth3\",direction=\"rx\"} 10");
	/* Sums of two intervals. */
	expect(page, "flowtop_process_bytes_total{process=\"curl\",direction=\"tx\"} 600");
	expect(page, "flowtop_process_bytes_total{process=\"curl\",direction=\"rx\"} 6000");
	expect(page, "flowtop_process_packets_total{process=\"curl\",direction=\"rx\"} 4");
	/* It has both ends of a flow: each byte once, as on the screen. */
	expect(page, "flowtop_process_packets_total{process=\"p\xef\xbf\xbding\xef\xbf\xbd(\","
		     "direction=\"tx\"} 2");
	expect(page, "flowtop_process_bytes_total{process=\"(transit)\",direction=\"tx\"} 10000");
	expect(page, "flowtop_protocol_bytes_total{protocol=\"icmp\"} 336");
	expect(page, "flowtop_protocol_packets_total{protocol=\"gre\"} 10");
	free(page);
	ft_metrics_free(metrics);
}

/* Each flow counts once, wherever its local end stands in the key: not for transit as well. */
static void test_ends(void **state)
{
	static const struct ft_process web = { .name = "web" };
	static const struct ft_process *const list[] = { &web };
	static const struct {
		enum ft_path path;
		uint8_t flags;
		uint16_t owner; /* of end b, the local one; a is a stranger's */
		bool web;       /* whom it counts for, else transit */
	} rows[] = {
		{ FT_PATH_HOST, 0, FT_OWNER_FIRST, true },
		{ FT_PATH_TRANSIT, 0, FT_OWNER_FIRST, true },
		{ FT_PATH_TRANSIT, FT_FLOW_ELSEWHERE, FT_OWNER_FIRST, false },
		{ FT_PATH_TRANSIT, 0, FT_OWNER_FOREIGN, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ft_flow flow = { .local = FT_END_B, .path = rows[i].path & 3 };
		struct ft_flow_hot row = {
			.flow = &flow, .delta = 1, .entry_flags = rows[i].flags,
			.owner = { FT_OWNER_FOREIGN, rows[i].owner },
		};
		struct ft_delta delta = { .count = { { 1, 100, 114 }, { 2, 700, 728 } } };
		struct ft_snapshot snapshot = {
			.rows = &row, .row_count = 1, .deltas = &delta, .delta_count = 1,
			.processes = list, .process_count = 1,
		};
		struct ft_metrics *metrics = ft_metrics_new();
		char *page, line[100];

		ft_metrics_add(metrics, &snapshot);
		page = page_of(metrics, &snapshot);
		snprintf(line, sizeof(line), "flowtop_process_bytes_total{process=\"%s\",direction=\"tx\"} 700",
			 rows[i].web ? "web" : "(transit)");
		expect(page, line);
		assert_null(strstr(page, rows[i].web ? "process=\"(transit)\"" : "process=\"web\""));
		free(page);
		ft_metrics_free(metrics);
	}
}

/* A thousand processes: 256 names and the others, none of their bytes lost. */
static void test_bound(void **state)
{
	enum { MANY = 1000 };
	static struct ft_process processes[MANY];
	static const struct ft_process *list[MANY];
	static struct ft_flow flows[MANY];
	static struct ft_flow_hot rows[MANY];
	static struct ft_delta deltas[MANY];
	static char names[MANY][24];
	struct ft_snapshot snapshot = { .rows = rows, .row_count = MANY, .deltas = deltas,
					.delta_count = MANY, .processes = list,
					.process_count = MANY };
	struct ft_metrics *metrics = ft_metrics_new();
	uint64_t sum = 0, others = 0;
	unsigned count = 0;
	char *page, *at;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "a\"\\\n%u", i);
		processes[i] = (struct ft_process){ .name = names[i] };
		list[i] = &processes[i];
		rows[i] = (struct ft_flow_hot){ .flow = &flows[i], .delta = i + 1,
						.owner = { (uint16_t)(FT_OWNER_FIRST + i),
							   FT_OWNER_FOREIGN } };
		deltas[i] = (struct ft_delta){ .row = i, .count = { { 1, 100, 114 }, { 0, 0, 0 } } };
	}
	ft_metrics_add(metrics, &snapshot);
	page = page_of(metrics, &snapshot);
	expect(page, "flowtop_process_bytes_total{process=\"a\\\"\\\\\\n255\",direction=\"tx\"} 100");
	for (at = page; (at = strstr(at, "\nflowtop_process_bytes_total{")); at++) {
		if (!strstr(at, "direction=\"tx\"") || strchr(at + 1, '\n') < strstr(at, "\"tx\""))
			continue;
		sum += strtoull(strstr(at, "} ") + 2, NULL, 10);
		count++;
	}
	at = strstr(page, "flowtop_process_bytes_total{process=\"(others)\",direction=\"tx\"} ");
	assert_non_null(at);
	others = strtoull(strstr(at, "} ") + 2, NULL, 10);
	assert_int_equal(count, FT_METRICS_NAMES_MAX + 1);
	assert_int_equal(others, (MANY - FT_METRICS_NAMES_MAX) * 100);
	assert_int_equal(sum, MANY * 100);
	free(page);
	ft_metrics_free(metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
