/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What json and ndjson wrote is read back: the moment is the same but for what records do not hold.
 * Files that are not as we write them are refused with a sentence. And --diff's way to two moments.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <unistd.h>

#include "core/column.h"
#include "core/difference.h"
#include "core/snapshot.h"
#include "output/output.h"
#include "recording/compare.h"
#include "recording/records.h"
#include "tests/core/boxed.h"
#include "tests/output/moment.h"

#define SECOND UINT64_C(1000000000)

static const struct ft_show show = { .layer = 3 };

/* Snapshots as a format writes them; caller frees. */
static char *written(const char *format, unsigned lists, bool one_moment,
		     const struct ft_snapshot *const *snapshots, size_t count)
{
	struct ft_output_config config = { .observer = "router1",
					   .lists = lists,
					   .query = { .show = &show },
					   .one_moment = one_moment };
	struct ft_output *output;
	char *text = NULL, err[128];
	size_t size = 0;

	config.stream = open_memstream(&text, &size);
	assert_int_equal(ft_output_find(format)->open(&config, &output, err, sizeof(err)), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(output->ops->write(output, snapshots[i]), 0);
	assert_int_equal(output->ops->close(output), 0);
	fclose(config.stream);
	return text;
}

static char *written_moment(const char *format)
{
	const struct ft_snapshot *one = moment();

	return written(format, FT_ON_FLOWS, true, &one, 1);
}

/* Fed in pieces of that size. */
static int read_text(const char *text, size_t piece, struct ft_records **ret_records, char *err,
		     size_t size)
{
	size_t length = strlen(text);
	int ret = 0;

	*ret_records = ft_records_new();
	for (size_t at = 0; at < length && ret == 0; at += piece)
		ret = ft_records_feed(*ret_records, text + at,
				      piece < length - at ? piece : length - at, err, size);
	return ret < 0 ? ret : ft_records_end(*ret_records, err, size);
}

static struct ft_records *must_read(const char *text, size_t piece)
{
	struct ft_records *records;
	char err[256] = "";

	if (read_text(text, piece, &records, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	return records;
}

static void check_counts(const struct ft_counts *a, const struct ft_counts *b)
{
	assert_memory_equal(a, b, 2 * sizeof(*a));
}

/* The process of an end, "" if it is none. */
static const char *name_at(const struct ft_snapshot *snapshot, const struct ft_flow_hot *row,
			   int end)
{
	const struct ft_process *process = ft_snapshot_process(snapshot, row->owner[end]);

	return process ? process->name : "";
}

static void check_row(const struct ft_snapshot *a, const struct ft_flow_hot *x,
		      const struct ft_snapshot *b, const struct ft_flow_hot *y)
{
	struct ft_flow_key key = x->flow->key;

	key.scope = y->flow->key.scope;
	assert_string_equal(ft_snapshot_scope_name(a, x->flow->key.scope),
			    ft_snapshot_scope_name(b, y->flow->key.scope));
	assert_memory_equal(&key, &y->flow->key, sizeof(key));
	assert_int_equal(x->flow->local, y->flow->local);
	assert_int_equal(x->flow->initiator, y->flow->initiator);
	assert_int_equal(x->flow->path, y->flow->path);
	assert_int_equal(x->flow->extra, y->flow->extra);
	assert_true(x->flow->first_ns / 1000 == y->flow->first_ns / 1000);
	assert_true(x->last_ns / 1000 == y->last_ns / 1000);
	check_counts(x->total, y->total);
	check_counts(ft_snapshot_delta(a, x), ft_snapshot_delta(b, y));
	assert_memory_equal(x->tcp_flags, y->tcp_flags, 2);
	assert_int_equal(x->state, y->state);
	assert_int_equal(x->ended, y->ended);
	assert_int_equal(x->entry_flags, y->entry_flags);
	for (int end = 0; end < 2; end++) {
		assert_string_equal(name_at(a, x, end), name_at(b, y, end));
		if (x->owner[end] < FT_OWNER_FIRST)
			assert_int_equal(x->owner[end], y->owner[end]);
	}
}

/* Each row of the moment, from either format, in pieces of any size. */
static void a_moment_comes_back(void **state)
{
	static const char *const formats[] = { "ndjson", "json" };
	static const size_t pieces[] = { 1, 7, 4096, 1 << 20 };
	const struct ft_process *ping;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		char *text = written_moment(formats[i % 2]);
		struct ft_records *records = must_read(text, pieces[i / 2]);
		struct ft_snapshot *back;
		size_t found = 0;

		assert_int_equal(ft_records_count(records), 1);
		assert_string_equal(ft_records_observer(records), "router1");
		assert_true(ft_records_time(records, 0) == MOMENT_END_NS / 1000 * 1000);
		back = ft_records_moment(records, 0);
		assert_int_equal(back->row_count, MOMENT_ROWS);
		assert_true(back->interval_ns == MOMENT_INTERVAL_NS);
		for (size_t a = 0; a < MOMENT_ROWS; a++)
			for (size_t b = 0; b < MOMENT_ROWS; b++) {
				const struct ft_flow_hot *x = &moment()->rows[a];
				const struct ft_flow_hot *y = &back->rows[b];

				if (x->total[0].packets != y->total[0].packets)
					continue;
				check_row(moment(), x, back, y);
				found++;
			}
		assert_int_equal(found, MOMENT_ROWS);
		/* The line, its terms and causes; bytes that are no UTF-8; what goes with it. */
		assert_true(ft_line_adds_up(&back->interval) && ft_line_adds_up(&back->total));
		assert_true(back->interval.seen.packets == moment()->interval.seen.packets);
		assert_true(ft_line_lost(&back->total).packets ==
			    ft_line_lost(&moment()->total).packets);
		assert_string_equal(back->scopes[1].name, "eth\xff");
		assert_string_equal(back->backend, "tcx");
		assert_string_equal(back->owner_source, "sock_diag");
		assert_string_equal(back->notes[back->note_count - 1], "a note");
		ping = back->processes[1];
		assert_string_equal(ping->name, "p\xffing\xc3(");
		assert_string_equal(ping->container_id, "0123456789abcdef");
		assert_int_equal(ping->pid, 99);
		ft_snapshot_put(back);
		ft_records_close(records);
		free(text);
	}
}

/* Rates are those of the interval. */
static void rates_are_of_the_intervals(void **state)
{
	char *text = written_moment("ndjson");
	struct ft_records *records = must_read(text, 4096);
	struct ft_snapshot *back = ft_records_moment(records, 0);
	double wanted = 5000 / (MOMENT_INTERVAL_NS / 1e9);

	(void)state;
	for (size_t i = 0; i < back->row_count; i++)
		if (back->rows[i].flow->key.protocol == IPPROTO_GRE)
			for (int w = 0; w < FT_WINDOWS; w++)
				assert_float_equal(back->rows[i].rate_bytes[w][0], wanted, 0.01);
	ft_snapshot_put(back);
	ft_records_close(records);
	free(text);
}

/* A flow that began in the file has the rates that the table gives it, see core/table_rate.c: here
 * 1000 bytes in its first second, nothing in the next. */
static void rates_of_a_new_flow(void **state)
{
	static const char form[] =
		"{\"type\":\"flow\",\"schema\":1,\"id\":\"1\",\"protocol\":17,"
		"\"time\":\"2026-11-21T10:00:01Z\",\"interval_ns\":1000000000,"
		"\"local\":{\"address\":\"10.0.0.1\"},\"remote\":{\"address\":\"10.0.0.2\"},"
		"\"interval\":{\"tx_bytes\":1000},\"first_seen\":\"2026-11-21T10:00:00Z\"}"
		"{\"type\":\"summary\",\"schema\":1,\"time\":\"2026-11-21T10:00:02Z\","
		"\"interval_ns\":1000000000}";
	struct ft_records *records = must_read(form, 4096);
	struct ft_snapshot *back;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		back = ft_records_moment(records, i);
		for (int w = 0; w < FT_WINDOWS; w++) {
			double window = ft_window_seconds[w], wanted = 1000;

			if (i == 1)
				wanted *= (1 - exp(-1 / window)) * exp(-1 / window) /
					  (1 - exp(-2 / window));
			assert_float_equal(back->rows[0].rate_bytes[w][0], wanted, 0.01);
		}
		ft_snapshot_put(back);
	}
	ft_records_close(records);
}

/* Of several hosts, whose interfaces have one name, the line is the sum. */
static void interfaces_of_one_name_add_up(void **state)
{
	static const char text[] =
		"{\"type\":\"summary\",\"schema\":1,\"time\":\"2026-11-21T10:00:02Z\","
		"\"interval_ns\":1000000000,\"interfaces\":["
		"{\"observer\":\"web1\",\"name\":\"eth0\",\"present\":true,\"interval\":{"
		"\"seen\":{\"packets\":3,\"l2_bytes\":300},"
		"\"flows\":{\"packets\":3,\"bytes\":258,\"l2_bytes\":300}}},"
		"{\"observer\":\"web2\",\"name\":\"eth0\",\"present\":false,\"interval\":{"
		"\"seen\":{\"packets\":5,\"l2_bytes\":500},"
		"\"flows\":{\"packets\":4,\"bytes\":344,\"l2_bytes\":400},"
		"\"not_ip\":{\"packets\":1,\"l2_bytes\":100,\"by\":{\"arp\":1}}}}]}";
	struct ft_records *records = must_read(text, 4096);
	struct ft_snapshot *back = ft_records_moment(records, 0);

	(void)state;
	assert_int_equal(back->scope_count, 1);
	assert_true(back->scopes[0].present);
	assert_int_equal(back->interval.seen.packets, 8);
	assert_int_equal(back->interval.seen.l2_bytes, 800);
	assert_int_equal(back->interval.flows.bytes, 602);
	assert_int_equal(ft_line_not_ip(&back->interval).packets, 1);
	ft_snapshot_put(back);
	ft_records_close(records);
}

/* The moment and the one a second later: only curl counted something. */
static void make_second(struct ft_snapshot **ret_first, struct ft_snapshot **ret_second)
{
	struct ft_snapshot *first = boxed(moment()), *second = boxed(moment());
	struct ft_flow_hot *rows = (struct ft_flow_hot *)(uintptr_t)second->rows;

	second->generation = 2;
	second->end_ns += SECOND;
	for (size_t i = 0; i < second->row_count; i++) {
		rows[i].ended_now = 0;
		if (i != MOMENT_CURL)
			rows[i].delta = 0;
	}
	rows[MOMENT_CURL].total[0].packets += 3;
	rows[MOMENT_CURL].total[0].bytes += 300;
	rows[MOMENT_CURL].total[0].l2_bytes += 342;
	*ret_first = first;
	*ret_second = second;
}

/* Batch writes what counted something: a moment is made of all that was told up to it. */
static void intervals_add_up(void **state)
{
	struct ft_snapshot *snapshots[2], *back;
	struct ft_records *records;
	char *text;

	(void)state;
	make_second(&snapshots[0], &snapshots[1]);
	text = written("ndjson", FT_ON_FLOWS | FT_ON_TALKERS | FT_ON_PROCESSES, false,
		       (const struct ft_snapshot *const *)snapshots, 2);
	records = must_read(text, 4096);
	assert_int_equal(ft_records_count(records), 2);
	back = ft_records_moment(records, 0);
	assert_int_equal(back->row_count, MOMENT_PRINTED);
	assert_int_equal(back->delta_count, MOMENT_PRINTED - 1); /* one was evicted */
	ft_snapshot_put(back);
	back = ft_records_moment(records, 1);
	assert_int_equal(back->row_count, MOMENT_PRINTED); /* the ended ones for ten seconds */
	assert_int_equal(back->delta_count, 1);
	ft_snapshot_put(back);
	ft_records_close(records);
	free(text);
	ft_snapshot_put(snapshots[0]);
	ft_snapshot_put(snapshots[1]);
}

#define HEAD "\"type\":\"flow\",\"schema\":1,\"id\":\"1\",\"time\":\"2026-11-21T10:00:00Z\","
#define ENDS                                                                                    \
	"\"protocol\":6,\"local\":{\"address\":\"10.0.0.1\"},\"remote\":{\"address\":\"10.0.0." \
	"2\"}"

/* What is refused, and why; "" = it is read. */
static void others_are_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "{" HEAD ENDS "}", "" },
		{ "[{" HEAD ENDS "}]\n", "" },
		{ "{" HEAD ENDS ",\"new\":[1,{\"x\":null}]}", "" },
		{ "{" HEAD ENDS ",\"vlan\":[70000,-1,\"x\"],\"total\":{\"tx_bytes\":-5}}", "" },
		{ "{" HEAD ENDS ",\"local\":7}",
		  "record 1: a record of a flow does not say which" },
		{ "{" HEAD "\"protocol\":6}", "record 1: a record of a flow does not say which" },
		{ "{" HEAD "\"protocol\":300}", "record 1: a record of a flow does not say which" },
		{ "{" HEAD ENDS ",\"id\":\"x\"}",
		  "record 1: a record of a flow does not say which" },
		{ "{" HEAD ENDS ",\"change\":\"grew\"}",
		  "record 1: this is a difference, and not one moment" },
		{ "{" HEAD ENDS "}{" HEAD ENDS ",\"time\":\"2026-11-21T09:59:59Z\"}",
		  "record 2: records are not in the order of their times" },
		{ "{" HEAD ENDS ",\"time\":\"now\"}", "record 1: a record has no time" },
		{ "{" HEAD ENDS ",\"schema\":2}",
		  "record 1: it is of schema 2, and this flowtop knows 1" },
		{ "{\"a\":1}", "record 1: this is no record of flowtop's" },
		{ "{" HEAD ENDS, "it ends within a record" },
		{ "{" HEAD ENDS "]", "record 1: object value separator ',' expected" },
		{ "{\"type\":\"talker\",\"schema\":1}",
		  "it holds no flows: they are in what is written from the pane flows, or with "
		  "--pane flows or all" },
		{ "[]", "it holds no records" },
		{ "", "it holds no records" },
		{ "7", "this is neither json nor ndjson" },
		{ "{}{}", "record 1: this is no record of flowtop's" },
		{ "{\"type\":\"summary\",\"schema\":1,\"time\":\"2026-11-21T10:00:00Z\"}"
		  "{\"type\":\"summary\",\"schema\":1,\"time\":\"2026-11-21T10:00:00Z\"}",
		  "record 2: two summaries of one moment" },
		{ "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
		  "\"a\":{\"a\":1}}}}}}}}}}}}}",
		  "record 1: nesting too deep" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t piece = 1; piece < 10000; piece *= 100) {
			struct ft_records *records;
			char err[256] = "";
			int ret = read_text(cases[i].text, piece, &records, err, sizeof(err));

			if (strcmp(err, cases[i].why) != 0)
				fail_msg("%s\nwanted: %s\nbut: %s", cases[i].text, cases[i].why,
					 err);
			assert_int_equal(ret, cases[i].why[0] ? -EBADMSG : 0);
			if (ret == 0)
				ft_snapshot_put(ft_records_moment(records, 0));
			ft_records_close(records);
		}
}

/* A record that never ends costs a megabyte. */
static void a_record_is_bounded(void **state)
{
	struct ft_records *records = ft_records_new();
	char piece[4096], err[256] = "";
	size_t fed = 0;
	int ret = ft_records_feed(records, "{\"a\":\"", 6, err, sizeof(err));

	(void)state;
	memset(piece, 'x', sizeof(piece));
	for (; ret == 0 && fed < 1UL << 24; fed += sizeof(piece))
		ret = ft_records_feed(records, piece, sizeof(piece), err, sizeof(err));
	assert_int_equal(ret, -E2BIG);
	assert_in_range(fed, 1UL << 20, (1UL << 20) + 2 * sizeof(piece));
	assert_string_equal(err, "record 1 is larger than 1048576 bytes");
	ft_records_close(records);
}

/* ---- --diff */

static char folder[] = "/tmp/flowtop-back-XXXXXX";

static void put_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* One moment, then the other, in files: of both there is curl, and what differs is its 300 bytes. */
static int open_files(void **state)
{
	struct ft_snapshot *snapshots[2];
	const struct ft_snapshot *const *both = (const struct ft_snapshot *const *)snapshots;
	char *text;

	(void)state;
	if (!mkdtemp(folder) || chdir(folder) < 0)
		return -1;
	make_second(&snapshots[0], &snapshots[1]);
	text = written("ndjson", FT_ON_FLOWS, true, both, 1);
	put_file("first.ndjson", text);
	free(text);
	text = written("json", FT_ON_FLOWS, true, both + 1, 1);
	put_file("second.json", text);
	free(text);
	text = written("ndjson", FT_ON_FLOWS, false, both, 2);
	put_file("both", text);
	put_file("a@b", text);
	free(text);
	text = written("text", FT_ON_FLOWS, false, both, 1);
	put_file("text", text);
	free(text);
	text = written("csv", FT_ON_FLOWS, false, both, 1);
	put_file("csv", text);
	free(text);
	ft_snapshot_put(snapshots[0]);
	ft_snapshot_put(snapshots[1]);
	return 0;
}

static int remove_files(void **state)
{
	static const char *const names[] = { "first.ndjson", "second.json", "both",
					     "a@b",	     "text",	    "csv" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	return chdir("/") < 0 || rmdir(folder) < 0 ? -1 : 0;
}

/* How many flows differ how, "grew 1 same 9"; or the sentence. */
static void compare(const char *before, const char *after, char *text, size_t size)
{
	static const char letters[FT_DIFFERS_MAX] = { [FT_DIFFERS_SAME] = '=',
						      [FT_DIFFERS_SHRANK] = '<',
						      [FT_DIFFERS_GREW] = '>',
						      [FT_DIFFERS_VANISHED] = '-',
						      [FT_DIFFERS_APPEARED] = '+' };
	struct ft_source source;
	struct ft_snapshot *snapshot;
	char observer[64], err[64];
	size_t used = 0;

	if (ft_compare_open(before, after, &source, observer, sizeof(observer), text, size) < 0)
		return;
	assert_string_equal(observer, "router1");
	assert_int_equal(source.ops->refresh(source.arg), 1);
	assert_int_equal(source.ops->moment(source.arg, 0, &snapshot, err, sizeof(err)), 0);
	for (int i = 0; i < FT_DIFFERS_MAX; i++)
		used += (size_t)snprintf(text + used, size - used, "%c%zu", letters[i],
					 snapshot->difference->flows[i]);
	ft_snapshot_put(snapshot);
	ft_source_close(&source);
}

static void two_files_differ(void **state)
{
	static const struct {
		const char *before, *after, *wanted;
	} cases[] = {
		{ "first.ndjson", "second.json", "=9<0>1-0+0" },
		{ "second.json", "first.ndjson", "=9<1>0-0+0" },
		{ "first.ndjson", "first.ndjson", "=10<0>0-0+0" },
		/* batch: of two flows nothing was told, since they counted nothing */
		{ "first.ndjson", "both", "=7<0>1-2+0" },
		{ "both", "second.json", "=8<0>0-0+2" },
		{ "both@-1s", "both", "=7<0>1-0+0" },
		{ "both@10:00", "both@10:00:02", "=7<0>1-0+0" },
		{ "./both@2026-11-21 10:00", "both@+1h", "=7<0>1-0+0" },
		{ "a@b", "a@b@-1s", "=7<1>0-0+0" },
		{ "text", "both",
		  "--diff: text is neither a recording (-w) nor a snapshot in json or "
		  "ndjson (-o); text, csv and packets cannot be compared" },
		{ "both", "csv",
		  "--diff: csv is neither a recording (-w) nor a snapshot in json or "
		  "ndjson (-o); text, csv and packets cannot be compared" },
		{ "nowhere", "both", "--diff: nowhere: No such file or directory" },
		{ "both@noon", "both",
		  "--diff: \"noon\" is no time: 12:34, 12:34:56, \"2026-11-21 12:34\", -5m" },
		{ "both", "both@",
		  "--diff: \"\" is no time: 12:34, 12:34:56, \"2026-11-21 12:34\", "
		  "-5m" },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		compare(cases[i].before, cases[i].after, text, sizeof(text));
		if (strcmp(text, cases[i].wanted) != 0)
			fail_msg("%s %s\nwanted: %s\nbut: %s", cases[i].before, cases[i].after,
				 cases[i].wanted, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_moment_comes_back),
		cmocka_unit_test(rates_are_of_the_intervals),
		cmocka_unit_test(rates_of_a_new_flow),
		cmocka_unit_test(intervals_add_up),
		cmocka_unit_test(interfaces_of_one_name_add_up),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(a_record_is_bounded),
		cmocka_unit_test_setup_teardown(two_files_differ, open_files, remove_files),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
