/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The test that knows interface.md's page "Records": every record of a made-up moment has only
 * the fields of that page, with their types, the required ones always; what does not apply is
 * absent; the sums are identities. CSV against the same page.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/column.h"
#include "core/filter.h"
#include "core/health.h"
#include "core/names.h"
#include "output/json_read.h"
#include "output/moment.h"
#include "output/output.h"
#include "output/utf8.h"
#include "tests/core/made_events.h"

/* kinds: n integer, s text, b bool, t time, i id, x hex. '!' behind it: always there. */
struct page {
	const char *path;
	const char *kind;
};

#define COUNTS(name) \
	{ name ".tx_packets", "n!" }, { name ".tx_bytes", "n!" }, { name ".tx_l2_bytes", "n!" }, \
	{ name ".rx_packets", "n!" }, { name ".rx_bytes", "n!" }, { name ".rx_l2_bytes", "n!" }
#define PROCESS(p) \
	{ p ".pid", "n" }, { p ".name", "s" }, { p ".name_hex", "x" }, { p ".user", "s" }, \
	{ p ".uid", "n" }, { p ".gid", "n" }, { p ".group", "s" }, { p ".ppid", "n" }, \
	{ p ".parents", "s" }, { p ".exe", "s" }, { p ".cmdline", "s" }, { p ".cgroup", "s" }, \
	{ p ".unit", "s" }, { p ".netns", "n" }, \
	{ p ".start_time", "t" }, { p ".exit_time", "t" }
#define CONTAINER(c) \
	{ c ".id", "s" }, { c ".runtime", "s" }, { c ".name", "s" }, { c ".image", "s" }, \
	{ c ".pod", "s" }, { c ".pod_namespace", "s" }
#define END(e) \
	{ e ".address", "s!" }, { e ".port", "n" }, { e ".name", "s" }, { e ".name_source", "s" }, \
	{ e ".bridge_port", "s" }, { e ".owner", "s!" }, { e ".owner_reason", "s" }, \
	PROCESS(e ".process"), CONTAINER(e ".container")
#define HEAD \
	{ "type", "s!" }, { "schema", "n!" }, { "observer", "s!" }, { "time", "t!" }, \
	{ "interval_ns", "n!" }

/* Numbers of sockets as the table of them has them. */
#define TCP_LOCAL(name, member, known, none) { "tcp." #name, "n" },
#define TCP_REMOTE(name, member, known, none) { "tcp.remote." #name, "n" },
#define TCP(prefix) \
	{ prefix "socket", "i" }, { prefix "sampled", "t" }, { prefix "state", "s" }, \
	{ prefix "congestion", "s" }, { prefix "congestion_state", "s" }, \
	{ prefix "options", "s" }, { prefix "timer", "s" }, { prefix "app_limited", "b" }

static const struct page flow_page[] = {
	HEAD, { "id", "i!" }, { "interface", "s!" }, { "interface_hex", "x" }, { "vlan[]", "n" },
	{ "ip_version", "n!" }, { "protocol", "n!" }, { "protocol_name", "s" }, { "path", "s!" },
	{ "initiator", "s" }, { "pair[]", "i" }, { "nat.local.address", "s" },
	{ "nat.local.port", "n" }, { "nat.remote.address", "s" }, { "nat.remote.port", "n" },
	END("local"), END("remote"), COUNTS("interval"), COUNTS("total"),
	{ "first_seen", "t!" }, { "last_seen", "t!" }, { "state", "s" }, { "tcp_flags.tx", "s" },
	{ "tcp_flags.rx", "s" }, { "icmp.type", "n" }, { "icmp.code", "n" }, { "icmp.id", "n" },
	{ "ended.time", "t" }, { "ended.reason", "s" }, { "fragment", "b" }, { "inexact", "b" },
	{ "spi", "n" }, { "gre_key", "n" }, FT_HEALTH_NUMBERS(TCP_LOCAL)
	FT_HEALTH_NUMBERS(TCP_REMOTE) TCP("tcp."), TCP("tcp.remote."),
	{ "tcp.overhead_per_mille", "n" }, { "tcp.handshake_us", "n" },
	{ "tcp.syn_ack_us", "n" }, { "tcp.ack_us", "n" },
	{ NULL, NULL },
};

static const struct page talker_page[] = {
	HEAD, { "talker.address", "s!" }, { "talker.name", "s" }, { "talker.name_source", "s" },
	{ "talker.by", "s" }, { "talker.prefix_length", "n" }, { "talker.protocol", "n" },
	{ "talker.protocol_name", "s" }, { "talker.port", "n" }, { "talker.user", "s" },
	{ "talker.uid", "n" }, { "talker.process.pid", "n" }, { "talker.process.name", "s" },
	{ "talker.owner", "s" }, { "talker.interface", "s" }, { "talker.vlan[]", "n" },
	{ "own", "b!" }, { "flows", "n!" }, COUNTS("interval"), COUNTS("total"),
	{ "first_seen", "t!" }, { "last_seen", "t!" }, { NULL, NULL },
};

static const struct page process_page[] = {
	HEAD, PROCESS("process"), CONTAINER("container"), { "owner", "s" },
	{ "owner_reason", "s" }, { "flows", "n!" }, COUNTS("interval"), COUNTS("total"),
	{ "first_seen", "t!" }, { "last_seen", "t!" }, { NULL, NULL },
};

static const struct page event_page[] = {
	{ "type", "s!" }, { "schema", "n!" }, { "id", "i!" }, { "observer", "s!" },
	{ "time", "t!" }, { "event", "s!" }, { "source", "s!" }, { "direction", "s" },
	{ "interface", "s" }, { "vlan[]", "n" }, { "ip_version", "n!" }, { "protocol", "n!" },
	{ "protocol_name", "s" }, END("local"), { "remote.address", "s" }, { "remote.port", "n" },
	{ "remote.name", "s" }, { "remote.name_source", "s" }, { "latency_us", "n" },
	{ "errno", "n" }, { "error", "s" }, { "reason", "s" }, { "closed_by", "s" },
	{ "duration_us", "n" }, { "app.tx_bytes", "n" }, { "app.rx_bytes", "n" },
	{ "segments", "n" }, { "socket", "i" }, { "flow", "i" }, { NULL, NULL },
};

#define TALLY(t) { t ".packets", "n!" }, { t ".l2_bytes", "n!" }
#define SUM(s) TALLY(s), { s ".bytes", "n!" }
#define LINE(l) \
	TALLY(l ".seen"), SUM(l ".flows"), SUM(l ".other"), TALLY(l ".not_ip"), \
	{ l ".not_ip.by", "{" }, { l ".not_ip.by.arp", "n" }, TALLY(l ".malformed"), \
	{ l ".malformed.by", "{" }, { l ".malformed.by.l4", "n" }, TALLY(l ".lost"), \
	{ l ".lost.by", "{" }, { l ".lost.by.log_full", "n" }, { l ".lost.exact", "b!" }
#define DEVICE(d) \
	TALLY(d ".rx"), TALLY(d ".tx"), { d ".drops.rx", "n" }, { d ".drops.tx", "n" }, \
	{ d ".drops.qdisc", "n" }, { d ".remark", "s" }

static const struct page summary_page[] = {
	HEAD, { "live_flows", "n!" }, { "last", "b" }, { "filter", "s" }, { "capture_filter", "s" },
	LINE("interval"), LINE("total"), SUM("hidden"), { "hidden.flows", "n!" },
	{ "events.total", "n" }, { "events.dropped", "n" }, { "events.by", "{" },
	{ "events.by.ring", "n" }, { "events.by.bound", "n" }, { "events.by.nested", "n" }, { "events.unseen", "s" },
	{ "interfaces[].name", "s!" }, { "interfaces[].name_hex", "x" },
	{ "interfaces[].present", "b!" }, { "interfaces[].backend", "s!" },
	{ "interfaces[].backend_reason", "s!" }, DEVICE("interfaces[]"),
	LINE("interfaces[].interval"), LINE("interfaces[].total"),
	{ "interfaces[].ports[].name", "s" }, { "interfaces[].ports[].present", "b" },
	{ "interfaces[].ports[].rx.packets", "n" }, { "interfaces[].ports[].rx.l2_bytes", "n" },
	{ "interfaces[].ports[].tx.packets", "n" }, { "interfaces[].ports[].tx.l2_bytes", "n" },
	{ "interfaces[].ports[].drops.rx", "n" }, { "interfaces[].ports[].drops.tx", "n" },
	{ "interfaces[].ports[].drops.qdisc", "n" }, { "health.max_flows", "n!" },
	{ "health.evicted", "n!" }, { "health.lengthened", "n!" }, { "health.missed", "n!" },
	{ "health.log_fill_per_mille", "n!" }, { "health.spilled", "n!" },
	{ "health.flips", "n!" }, { "health.map_bytes", "n!" },
	{ "health.sockets_missed", "n!" }, { "health.owner_source", "s" },
	{ "health.health_source", "s" },
	{ "health.notes[]", "s" }, { NULL, NULL },
};

/* Options of a run. */
struct run {
	const char *format, *filter;
	unsigned lists;
	size_t max_rows;
	bool one_moment;
};

/* Writes the moment twice over when `times` is 2; caller frees the text. */
static char *write_moment(const struct run *run, const struct ft_snapshot *snapshot, int times)
{
	const struct ft_output_ops *ops = ft_output_find(run->format);
	struct ft_names *names = ft_names_new("192.0.2.7 web.example\n", NULL);
	struct ft_show show = { .layer = 3, .names = names };
	struct ft_output_config config = {
		.observer = "router1", .lists = run->lists, .max_rows = run->max_rows,
		.one_moment = run->one_moment, .query = { .show = &show },
	};
	struct ft_filter *filter = NULL;
	struct ft_output *output;
	char *text = NULL, err[256];
	size_t size, where;

	if (run->filter)
		assert_int_equal(ft_filter_parse(run->filter, names, &filter, &where, err,
						 sizeof(err)), 0);
	config.query.filter = filter;
	config.stream = open_memstream(&text, &size);
	assert_non_null(config.stream);
	assert_int_equal(ops->open(&config, &output, err, sizeof(err)), 0);
	while (times--)
		assert_int_equal(ops->write(output, snapshot), 0);
	assert_int_equal(ops->close(output), 0);
	fclose(config.stream);
	ft_filter_free(filter);
	ft_names_free(names);
	assert_true(ft_utf8_valid(text, size));
	return text;
}

/* All records of a run; ends with count 0. Caller frees by free_records. */
static struct leaves *read_records(const char *text)
{
	struct leaves *records = calloc(64, sizeof(*records));
	size_t count = 0;

	while (*text) {
		assert_true(count < 63);
		assert_true(json_read(&text, &records[count++]));
		assert_int_equal(*text++, '\n');
	}
	return records;
}

static void free_records(struct leaves *records)
{
	for (size_t i = 0; records[i].count; i++)
		leaves_done(&records[i]);
	free(records);
}

/* "interfaces[3].x" -> "interfaces[].x". */
static void without_numbers(const char *path, char *out)
{
	for (; *path; path++) {
		*out++ = *path;
		if (*path == '[')
			path += strspn(path + 1, "0123456789");
	}
	*out = '\0';
}

static bool is_time(const char *text)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.ddddddZ";

	if (strlen(text) != strlen(shape))
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			return false;
	return true;
}

/* True if a leaf is of the kind that the page says. */
static bool is_kind(const struct leaf *leaf, char kind)
{
	switch (kind) {
	case 's':
		return leaf->kind == 's' && *leaf->text;
	case 't':
		return leaf->kind == 's' && is_time(leaf->text);
	case 'i':
		return leaf->kind == 's' && strspn(leaf->text, "0123456789") == strlen(leaf->text);
	case 'x':
		return leaf->kind == 's' && strspn(leaf->text, "0123456789abcdef") ==
						    strlen(leaf->text);
	default:
		return leaf->kind == kind;
	}
}

/* Nothing that is not on the page, nothing of another kind, and all that must be there. */
static void check_page(const struct leaves *record, const struct page *page)
{
	char path[160];
	size_t found;

	for (size_t i = 0; i < record->count; i++) {
		without_numbers(record->list[i].path, path);
		for (found = 0; page[found].path && strcmp(page[found].path, path) != 0; found++)
			;
		if (!page[found].path)
			fail_msg("%s is not on the page", record->list[i].path);
		if (!is_kind(&record->list[i], page[found].kind[0]))
			fail_msg("%s is no %s", record->list[i].path, page[found].kind);
	}
	for (size_t i = 0; page[i].path; i++) {
		if (page[i].kind[1] != '!')
			continue;
		for (found = 0; found < record->count; found++) {
			without_numbers(record->list[found].path, path);
			if (!strcmp(path, page[i].path))
				break;
		}
		if (found == record->count)
			fail_msg("%s is missing", page[i].path);
	}
}

/* The record of a flow by its id, or NULL. */
static const struct leaves *flow_of(const struct leaves *records, int row)
{
	char id[16];

	snprintf(id, sizeof(id), "%d", row + 1);
	for (; records->count; records++)
		if (leaf_find(records, "id") && !strcmp(leaf_text(records, "id"), id))
			return records;
	return NULL;
}

static const struct leaves *summary_of(const struct leaves *records)
{
	for (; records->count; records++)
		if (!strcmp(leaf_text(records, "type"), "summary"))
			return records;
	fail_msg("no summary");
	return NULL;
}

static const struct run all_lists = { .format = "ndjson", .lists = 7 };

static void every_record_is_on_the_page(void **state)
{
	static const struct {
		const char *type;
		const struct page *page;
		unsigned count;
	} types[] = {
		{ "flow", flow_page, MOMENT_PRINTED },
		{ "talker", talker_page, 10 },
		{ "process", process_page, 5 },
		{ "summary", summary_page, 1 },
	};
	unsigned counts[4] = { 0 };
	char *text = write_moment(&all_lists, moment(), 1);
	struct leaves *records = read_records(text);

	(void)state;
	for (size_t i = 0; records[i].count; i++)
		for (size_t type = 0; type < 4; type++)
			if (!strcmp(leaf_text(&records[i], "type"), types[type].type)) {
				check_page(&records[i], types[type].page);
				assert_int_equal(leaf_number(&records[i], "schema"), 1);
				assert_string_equal(leaf_text(&records[i], "observer"), "router1");
				assert_string_equal(leaf_text(&records[i], "time"),
						    "2026-11-21T10:00:00.123456Z");
				counts[type]++;
			}
	for (size_t type = 0; type < 4; type++)
		assert_int_equal(counts[type], types[type].count);
	free_records(records);
	free(text);
}

/* A row of expected values: "path=value", "!path" for what must be absent. */
static void check_values(const struct leaves *record, const char *const *values)
{
	const struct leaf *leaf;
	char path[128], value[32];

	assert_non_null(record);
	for (; *values; values++) {
		if (**values == '!') {
			for (size_t i = 0; i < record->count; i++)
				if (!strncmp(record->list[i].path, *values + 1, strlen(*values + 1)))
					fail_msg("%s is there", record->list[i].path);
			continue;
		}
		snprintf(path, sizeof(path), "%.*s", (int)strcspn(*values, "="), *values);
		leaf = leaf_find(record, path);
		if (!leaf)
			fail_msg("no %s", path);
		snprintf(value, sizeof(value), "%llu", (unsigned long long)leaf->number);
		assert_string_equal(leaf->kind == 's' ? leaf->text : value,
				    *values + strlen(path) + 1);
	}
}

static void fields_say_what_the_row_says(void **state)
{
	static const char *const expected[MOMENT_ROWS][64] = {
		[MOMENT_CURL] = { "interface=br0", "ip_version=4", "protocol=6",
			"protocol_name=tcp", "path=host", "initiator=local",
			"local.address=10.0.0.2", "local.port=51234", "local.owner=process",
			"local.process.pid=812", "local.process.name=curl",
			"local.process.cmdline=curl \"https://x\"\t\x1b[31m\\",
			"remote.name=web.example", "remote.name_source=hosts",
			"remote.owner=foreign", "interval.tx_packets=3", "interval.rx_bytes=3000",
			"total.tx_packets=1000", "state=established", "tcp_flags.tx=SPA", "!vlan",
			"!ended", "!icmp", "tcp.rtt_us=12345", "tcp.min_rtt_us=9000",
			"tcp.retransmits=31", "tcp.retransmits_in_flight=1", "tcp.lost=1",
			"tcp.cwnd=10", "!tcp.ssthresh", "!tcp.pacing_bytes_per_s", "!tcp.rcv_wnd",
			"tcp.delivery_bytes_per_s=1250000", "tcp.rwnd_limited_us=730000",
			"tcp.drops=7", "tcp.app_bytes_sent=38000",
			"tcp.app_bytes_received=45000", "tcp.overhead_per_mille=204", "tcp.socket=18446744073709551615",
			"tcp.sampled=2026-11-21T09:59:59.623456Z", "tcp.state=established",
			"tcp.congestion=cubic", "tcp.congestion_state=open",
			"tcp.options=timestamps sack", "tcp.handshake_us=2", "tcp.syn_ack_us=2",
			"tcp.ack_us=10", "!tcp.remote", "!tcp.app_limited",
			"pair[0]=10", "nat.local.address=203.0.113.5", "nat.local.port=61000",
			"nat.remote.address=192.0.2.7", "nat.remote.port=443" },
		[MOMENT_PING] = { "path=loopback", "icmp.type=8", "icmp.code=0", "icmp.id=77",
			"!local.port", "!tcp_flags", "local.process.name=p\xef\xbf\xbding\xef\xbf\xbd(",
			"local.process.name_hex=70ff696e67c328", "local.container.id=0123456789abcdef",
			"local.container.runtime=docker", "local.container.pod=web-0",
			"!local.container.name",
			"remote.owner=process", "!state", "!initiator" },
		[MOMENT_GRE] = { "vlan[0]=100", "vlan[1]=20", "gre_key=4711", "!spi",
			"path=transit", "local.owner=transit", "remote.owner=transit",
			"local.owner_reason=neither end is this machine", "!pair", "!nat",
			"local.bridge_port=veth3", "!remote.bridge_port", "protocol_name=gre" },
		[MOMENT_FRAGMENT] = { "fragment=1", "inexact=1", "!local.port", "!remote.port",
			"local.owner=unknown", "local.owner_reason=no owner found" },
		[MOMENT_EVICTED] = { "ended.reason=evicted",
			"ended.time=2026-11-21T10:00:00.123456Z", "interval.tx_packets=0", "!tcp." },
		[MOMENT_ENDED] = { "ended.reason=rst", "ended.time=2026-11-21T09:59:59.623456Z",
			"tcp_flags.rx=R", "!tcp_flags.tx" },
		[MOMENT_ESP] = { "spi=3735928559", "ip_version=6", "local.address=2001:db8::1",
			"local.owner=kernel", "local.owner_reason=no process has its socket", "!gre_key", "!local.port" },
		[MOMENT_DELAYED] = { "initiator=remote", "interface=eth\xef\xbf\xbd",
			"interface_hex=657468ff", "protocol_name=sctp", "local.port=3868" },
	};
	char *text = write_moment(&all_lists, moment(), 1);
	struct leaves *records = read_records(text);

	(void)state;
	for (int row = 0; row < MOMENT_ROWS; row++) {
		if (row == MOMENT_CLOSED || row == MOMENT_QUIET)
			assert_null(flow_of(records, row));
		else
			check_values(flow_of(records, row), expected[row]);
	}
	free_records(records);
	free(text);
}

/* seen = flows + other + not_ip + malformed + lost at a place of the summary. */
static void check_line(const struct leaves *summary, const char *place)
{
	static const char *const terms[] = { "flows", "other", "not_ip", "malformed", "lost" };
	static const char *const units[] = { "packets", "l2_bytes" };
	char path[128];
	uint64_t sum;

	for (size_t unit = 0; unit < 2; unit++) {
		sum = 0;
		for (size_t term = 0; term < 5; term++) {
			snprintf(path, sizeof(path), "%s.%s.%s", place, terms[term], units[unit]);
			sum += leaf_number(summary, path);
		}
		snprintf(path, sizeof(path), "%s.seen.%s", place, units[unit]);
		assert_int_equal(leaf_number(summary, path), sum);
		assert_true(sum > 0);
	}
}

static void lines_add_up(void **state)
{
	char *text = write_moment(&all_lists, moment(), 1);
	struct leaves *records = read_records(text);
	const struct leaves *summary = summary_of(records);

	(void)state;
	check_line(summary, "interval");
	check_line(summary, "total");
	check_line(summary, "interfaces[0].interval");
	check_line(summary, "interfaces[1].interval");
	assert_int_equal(leaf_number(summary, "interval.not_ip.by.arp"), 6);
	assert_int_equal(leaf_number(summary, "interval.lost.by.log_full"), 8);
	free_records(records);
	free(text);
}

/* Records' tx + rx plus hidden, in one unit, is interval.flows. */
static void check_sum(const struct leaves *records, const char *unit)
{
	const struct leaves *summary = summary_of(records);
	char tx[64], rx[64], hidden[64], flows[64];
	uint64_t sum = 0;

	snprintf(tx, sizeof(tx), "interval.tx_%s", unit);
	snprintf(rx, sizeof(rx), "interval.rx_%s", unit);
	snprintf(hidden, sizeof(hidden), "hidden.%s", unit);
	snprintf(flows, sizeof(flows), "interval.flows.%s", unit);
	for (; records->count; records++)
		if (!strcmp(leaf_text(records, "type"), "flow"))
			sum += leaf_number(records, tx) + leaf_number(records, rx);
	assert_int_equal(sum + leaf_number(summary, hidden), leaf_number(summary, flows));
}

static void flows_and_hidden_sum_to_the_line(void **state)
{
	static const struct run runs[] = {
		{ .format = "ndjson", .lists = FT_ON_FLOWS },
		{ .format = "ndjson", .lists = FT_ON_FLOWS, .filter = "tcp" },
		{ .format = "ndjson", .lists = FT_ON_FLOWS, .max_rows = 3 },
		{ .format = "ndjson", .lists = 7, .max_rows = 1, .filter = "not icmp" },
		{ .format = "ndjson", .lists = FT_ON_FLOWS, .filter = "port 9999" },
	};
	struct leaves *records;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		text = write_moment(&runs[i], moment(), 1);
		records = read_records(text);
		check_sum(records, "packets");
		check_sum(records, "bytes");
		check_sum(records, "l2_bytes");
		assert_int_equal(leaf_find(summary_of(records), "filter") != NULL,
				 runs[i].filter != NULL);
		free_records(records);
		free(text);
	}
}

static void limit_is_a_limit(void **state)
{
	static const struct run run = { .format = "ndjson", .lists = 7, .max_rows = 2 };
	char *text = write_moment(&run, moment(), 1);
	struct leaves *records = read_records(text);
	size_t count = 0;

	(void)state;
	while (records[count].count)
		count++;
	assert_int_equal(count, 2 * 3 + 1);
	assert_int_equal(leaf_number(summary_of(records), "hidden.flows"), MOMENT_PRINTED - 2);
	free_records(records);
	free(text);
}

static void a_moment_has_all_rows(void **state)
{
	static const struct run run = { .format = "ndjson", .lists = FT_ON_FLOWS,
					.one_moment = true };
	char *text = write_moment(&run, moment(), 1);
	struct leaves *records = read_records(text);

	(void)state;
	assert_non_null(flow_of(records, MOMENT_QUIET));
	assert_non_null(flow_of(records, MOMENT_CLOSED));
	free_records(records);
	free(text);
}

static void json_is_one_array_an_interval(void **state)
{
	static const struct run run = { .format = "json", .lists = FT_ON_FLOWS };
	char *text = write_moment(&run, moment(), 2);
	struct leaves *records = read_records(text);
	char path[64];

	(void)state;
	assert_int_equal(records[1].count, records[0].count);
	assert_int_equal(records[2].count, 0);
	assert_string_equal(leaf_text(&records[0], "[0].type"), "flow");
	snprintf(path, sizeof(path), "[%d].type", MOMENT_PRINTED);
	assert_string_equal(leaf_text(&records[1], path), "summary");
	free_records(records);
	free(text);
}

#define CSV_MAX 400 /* columns */

/* Cells of a CSV line into an array, unquoted; returns how many. Moves behind the line. */
static size_t read_csv_line(const char **at, char cells[CSV_MAX][128])
{
	size_t count = 0, used = 0;
	bool quoted = false;

	for (;; (*at)++) {
		assert_true(**at != '\0' && count < CSV_MAX && used < 127);
		if (**at == '"' && quoted && (*at)[1] == '"') {
			cells[count][used++] = *++*at;
		} else if (**at == '"') {
			quoted = !quoted;
		} else if (!quoted && (**at == ',' || **at == '\r')) {
			cells[count++][used] = '\0';
			used = 0;
			if (**at == '\r')
				break;
		} else {
			cells[count][used++] = **at;
		}
	}
	assert_int_equal((*at)[1], '\n');
	*at += 2;
	return count;
}

/* The value of a column in a line. */
static const char *csv_value(char names[CSV_MAX][128], char cells[CSV_MAX][128], size_t count,
			     const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return cells[i];
	fail_msg("no column %s", name);
	return NULL;
}

/* Each column is on the flows' page, or the _hex of one. */
static void check_csv_names(char names[CSV_MAX][128], size_t count)
{
	size_t length, page;

	for (size_t i = 0; i < count; i++) {
		length = strlen(names[i]);
		if (length > 4 && !strcmp(names[i] + length - 4, "_hex"))
			length -= 4;
		for (page = 0; flow_page[page].path; page++)
			if (!strncmp(flow_page[page].path, names[i], length) &&
			    strspn(flow_page[page].path + length, "[]") ==
				    strlen(flow_page[page].path + length))
				break;
		if (!flow_page[page].path)
			fail_msg("column %s is not on the page", names[i]);
	}
}

static void csv_is_the_same_page(void **state)
{
	static const struct run run = { .format = "csv", .lists = FT_ON_FLOWS };
	static char names[CSV_MAX][128], cells[CSV_MAX][128];
	char *text = write_moment(&run, moment(), 2);
	const char *at = text;
	size_t count = read_csv_line(&at, names), lines = 0;

	(void)state;
	check_csv_names(names, count);
	for (; *at; lines++) {
		assert_int_equal(read_csv_line(&at, cells), count);
		if (!strcmp(csv_value(names, cells, count, "id"), "2")) {
			assert_string_equal(csv_value(names, cells, count, "local.process.cmdline"),
					    "'=1+1");
			assert_string_equal(csv_value(names, cells, count,
						      "local.process.name_hex"),
					    "70ff696e67c328");
			assert_string_equal(csv_value(names, cells, count, "state"), "");
		}
		if (!strcmp(csv_value(names, cells, count, "id"), "3"))
			assert_string_equal(csv_value(names, cells, count, "vlan"), "100 20");
		if (!strcmp(csv_value(names, cells, count, "id"), "1"))
			assert_string_equal(csv_value(names, cells, count, "pair"), "10");
		if (!strcmp(csv_value(names, cells, count, "id"), "1"))
			assert_string_equal(csv_value(names, cells, count, "local.process.cmdline"),
					    "curl \"https://x\"\t\x1b[31m\\");
	}
	assert_int_equal(lines, 2 * MOMENT_PRINTED);
	free(text);
}

static void csv_refuses_several_panes(void **state)
{
	struct ft_output_config config = { .lists = 3, .stream = stdout };
	struct ft_output *output;
	char err[128] = "";

	(void)state;
	assert_int_equal(ft_output_find("csv")->open(&config, &output, err, sizeof(err)), -EINVAL);
	assert_true(*err);
	assert_null(ft_output_find("xml"));
}

static void text_has_titles_rows_and_the_line(void **state)
{
	static const struct run run = { .format = "text", .lists = FT_ON_FLOWS };
	char *text = write_moment(&run, moment(), 1);
	size_t lines = 0;

	(void)state;
	for (const char *at = text; *at; at++) {
		lines += *at == '\n';
		assert_true(*at == '\n' || (unsigned char)*at >= 0x20);
	}
	/* when, titles, rows, a note, the line, an empty one */
	assert_int_equal(lines, 1 + 1 + MOMENT_PRINTED + 1 + 2);
	assert_non_null(strstr(text, "\n! a note\n"));
	assert_non_null(strstr(text, "web.example:443"));
	assert_non_null(strstr(text, "seen "));
	free(text);
}

/* A pipe that nobody reads any more, whatever the buffering. */
static void a_broken_pipe_is_told(void **state)
{
	static const int modes[] = { _IOLBF, _IOFBF };
	struct ft_show show = { .layer = 3 };
	struct ft_output_config config = { .observer = "r", .lists = FT_ON_FLOWS,
					   .query = { .show = &show } };
	struct ft_output *output;
	char err[128];
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; ft_outputs[i]; i++)
		for (size_t mode = 0; mode < 2; mode++) {
			assert_int_equal(pipe(ends), 0);
			config.stream = fdopen(ends[1], "w");
			setvbuf(config.stream, NULL, modes[mode], 4096);
			assert_int_equal(ft_outputs[i]->open(&config, &output, err, sizeof(err)),
					 0);
			assert_int_equal(output->ops->write(output, moment()), 0);
			close(ends[0]);
			assert_int_equal(output->ops->write(output, moment()), -EPIPE);
			output->ops->close(output);
			fclose(config.stream);
		}
}

/* Each kind of event: what it has, and what does not apply. */
static void events_say_what_happened(void **state)
{
	static const char *const expected[MADE_EVENTS][24] = {
		{ "id=1", "event=connect", "source=kernel", "direction=out", "ip_version=4",
		  "protocol=6", "local.address=10.0.0.2", "local.port=51234",
		  "local.owner=process", "local.process.name=curl", "remote.address=192.0.2.7",
		  "remote.port=443", "remote.name=web.example", "latency_us=12345", "socket=1000",
		  "flow=1", "time=2026-11-21T09:59:59.622222Z", "!errno", "!error", "!reason",
		  "!duration", "!app", "!total" },
		{ "event=listen", "ip_version=6", "local.address=::", "local.port=8080", "!remote",
		  "!direction", "!latency", "!flow", "!interface", "local.owner=unknown" },
		{ "event=accept", "direction=in", "local.address=2001:db8::2", "latency_us=870" },
		{ "event=connect_failed", "errno=111", "error=ECONNREFUSED", "latency_us=410" },
		{ "event=udp", "source=packets", "protocol_name=udp", "!latency" },
		{ "event=retransmit", "segments=3", "!reason" },
		{ "event=connect_failed", "errno=110", "error=ETIMEDOUT" },
		{ "event=close", "reason=rst", "closed_by=remote", "errno=104", "error=ECONNRESET",
		  "duration_us=3723000000", "app.tx_bytes=123456789", "app.rx_bytes=4321",
		  "!latency", "!total" },
		{ "event=close", "reason=fin", "closed_by=local", "duration_us=250000", "!errno" },
		{ "id=10", "event=connect_failed", "!errno", "!error" },
	};
	struct run run = { .format = "ndjson", .lists = FT_ON_EVENTS };
	struct ft_snapshot told = *moment();
	struct leaves *records;
	char *text, csv_line[] = "\r\n";
	size_t lines = 0;

	(void)state;
	told.events = made_events(told.end_ns, FT_OWNER_FIRST, 1, MADE_EVENTS);
	text = write_moment(&run, &told, 1);
	records = read_records(text);
	for (size_t i = 0; i < MADE_EVENTS; i++) {
		assert_string_equal(leaf_text(&records[i], "type"), "event");
		check_page(&records[i], event_page);
		check_values(&records[i], expected[i]);
	}
	assert_int_equal(leaf_number(&records[MADE_EVENTS], "events.total"), MADE_EVENTS);
	assert_int_equal(leaf_number(&records[MADE_EVENTS], "events.dropped"), 0);
	free_records(records);
	free(text);
	run.filter = "event close and in";
	text = write_moment(&run, &told, 1);
	records = read_records(text);
	assert_string_equal(leaf_text(&records[0], "id"), "8");
	assert_string_equal(leaf_text(&records[1], "type"), "summary");
	free_records(records);
	free(text);
	run.filter = NULL;
	run.format = "csv";
	text = write_moment(&run, &told, 1);
	for (const char *at = text; (at = strstr(at, csv_line)); at += 2)
		lines++;
	assert_int_equal(lines, 1 + MADE_EVENTS);
	free(text);
	ft_event_list_put(told.events);
	/* What the bound and the ring took is in the summary. */
	told.events = made_events(told.end_ns, FT_OWNER_FIRST, 1, MADE_EVENTS - 3);
	run.format = "ndjson";
	text = write_moment(&run, &told, 1);
	records = read_records(text);
	check_page(summary_of(records), summary_page);
	assert_int_equal(leaf_number(summary_of(records), "events.total"), MADE_EVENTS - 3);
	assert_int_equal(leaf_number(summary_of(records), "events.dropped"), 10);
	assert_int_equal(leaf_number(summary_of(records), "events.by.ring"), 7);
	assert_int_equal(leaf_number(summary_of(records), "events.by.bound"), 3);
	free_records(records);
	free(text);
	ft_event_list_put(told.events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_record_is_on_the_page),
		cmocka_unit_test(fields_say_what_the_row_says),
		cmocka_unit_test(lines_add_up),
		cmocka_unit_test(flows_and_hidden_sum_to_the_line),
		cmocka_unit_test(limit_is_a_limit),
		cmocka_unit_test(a_moment_has_all_rows),
		cmocka_unit_test(json_is_one_array_an_interval),
		cmocka_unit_test(csv_is_the_same_page),
		cmocka_unit_test(csv_refuses_several_panes),
		cmocka_unit_test(text_has_titles_rows_and_the_line),
		cmocka_unit_test(events_say_what_happened),
		cmocka_unit_test(a_broken_pipe_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
