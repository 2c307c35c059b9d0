/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables at a ClickHouse server against those of a recording: what one has the other has, so
 * that they don't part; and their rows, of a made-up moment.
 */
#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clickhouse/parcel.h"
#include "clickhouse/picture.h"
#include "recording/schema.h"
#include "tests/output/moment.h"

/* What a recording has under another name, or as a table of its own that joins. */
static const struct {
	const char *table, *column, *here; /* "" = not here, for the reason that stands there */
} others[] = {
	{ "intervals", "id", "interval_id" },
	{ "intervals", "interval", "interval_id" },
	{ "lines", "interval", "interval_id" },
	{ "health", "interval", "interval_id" },
	{ "counts", "interval", "interval_id" },
	{ "tcp", "interval", "interval_id" },
	{ "events", "interval", "interval_id" },
	{ "flows", "id", "flow" },
	{ "flows", "ended", "ended" }, /* the interval, there; here each row says whether */
	{ "hosts", "address", "local_address" },
	{ "hosts", "bytes", "local_bytes" },
	{ "hosts", "name", "local_name" },
	{ "traffic", "interval", "interval_id" },
};
/* Whose rows become parts of which table's. */
static const struct {
	const char *there;
	enum ft_ch_table_id here;
} tables[] = {
	{ "intervals", FT_CH_INTERVALS }, { "lines", FT_CH_LINES }, { "health", FT_CH_HEALTH },
	{ "processes", FT_CH_PROCESSES }, { "flows", FT_CH_TRAFFIC }, { "counts", FT_CH_TRAFFIC },
	{ "hosts", FT_CH_TRAFFIC }, { "traffic", FT_CH_TRAFFIC }, { "tcp", FT_CH_TCP },
	{ "events", FT_CH_EVENTS }, { "handshakes", FT_CH_TRAFFIC },
};
/* Left to recordings, on purpose: see schema.h. */
static const char *const left_out[] = { "recording", "standing", "pictures", "sockets",
					"flows_ended" /* an index */ };
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool has_column(enum ft_ch_table_id table, const char *name)
{
	for (size_t i = 0; i < ft_ch_tables[table].count; i++)
		if (strcmp(ft_ch_tables[table].columns[i].name, name) == 0)
			return true;
	return false;
}

/* The name it has here. */
static const char *name_here(const char *table, const char *column)
{
	for (size_t i = 0; i < COUNT(others); i++)
		if (strcmp(others[i].table, table) == 0 && strcmp(others[i].column, column) == 0)
			return others[i].here;
	return column;
}

static void test_same(void **state)
{
	sqlite3 *db = NULL;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	for (size_t i = 0; ft_recording_tables[i].name; i++)
		assert_int_equal(sqlite3_exec(db, ft_recording_tables[i].sql, NULL, NULL, NULL),
				 SQLITE_OK);
	for (size_t t = 0; t < COUNT(tables); t++) {
		char sql[100];
		sqlite3_stmt *row = NULL;
		size_t columns = 0;

		snprintf(sql, sizeof(sql), "SELECT name FROM pragma_table_info('%s')",
			 tables[t].there);
		assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
		for (; sqlite3_step(row) == SQLITE_ROW; columns++) {
			const char *name = (const char *)sqlite3_column_text(row, 0);
			const char *here = name_here(tables[t].there, name);

			if (!has_column(tables[t].here, here))
				fail_msg("a recording's %s.%s is no column of %s", tables[t].there,
					 name, ft_ch_tables[tables[t].here].name);
		}
		sqlite3_finalize(row);
		assert_true(columns > 2);
	}
	/* A table of a recording's that nobody thought of here. */
	for (size_t i = 0; ft_recording_tables[i].name; i++) {
		bool known = false;

		for (size_t k = 0; k < COUNT(left_out); k++)
			known |= strcmp(ft_recording_tables[i].name, left_out[k]) == 0;
		for (size_t t = 0; t < COUNT(tables); t++)
			known |= strcmp(ft_recording_tables[i].name, tables[t].there) == 0;
		if (!known)
			fail_msg("a recording's table %s is not here", ft_recording_tables[i].name);
	}
	sqlite3_close(db);
}

/* What the server's version would not keep: see schema.c; and terms, each another. */
static void test_names(void **state)
{
	(void)state;
	for (int c = FT_C_SEEN + 1; c < FT_C_MAX; c++) {
		assert_string_not_equal(ft_counter_term((enum ft_counter)c), "other");
		for (int k = FT_C_SEEN + 1; k < c; k++)
			assert_string_not_equal(ft_counter_term((enum ft_counter)c),
						ft_counter_term((enum ft_counter)k));
	}
	for (int t = 0; t < FT_CH_TABLES; t++) {
		const struct ft_ch_table *table = &ft_ch_tables[t];

		assert_true(table->count <= FT_TSV_FIELDS_MAX);
		assert_string_equal(table->columns[0].name, "observer");
		assert_string_equal(table->columns[1].name, "run");
		assert_true(has_column((enum ft_ch_table_id)t, "time"));
		assert_false(has_column((enum ft_ch_table_id)t, "interval"));
		for (size_t i = 0; i < table->count; i++)
			for (size_t k = 0; k < i; k++)
				assert_string_not_equal(table->columns[i].name,
							table->columns[k].name);
	}
}

/* Ids that records have are read back up to 55 bits (recording/records_read.c). */
static void test_flow_ids(void **state)
{
	static const struct ft_tsv_field web1 = { "web1", 4 }, web2 = { "web2", 4 };

	(void)state;
	for (uint64_t flow = 1; flow < 1000; flow++) {
		uint64_t id = ft_ch_flow_id(&web1, 7, flow);

		assert_in_range(id, 1, UINT64_MAX >> 9);
		assert_true(id == ft_ch_flow_id(&web1, 7, flow));
		assert_true(id != ft_ch_flow_id(&web2, 7, flow));
		assert_true(id != ft_ch_flow_id(&web1, 8, flow));
	}
}

/* A field of the only row. */
struct wanted {
	enum ft_ch_table_id table;
	const char *column, *value;
	bool met;
};

static int check_row(void *arg, const struct ft_tsv_field *fields, size_t count)
{
	struct wanted *wanted = arg;

	assert_int_equal(count, ft_ch_tables[wanted->table].count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(ft_ch_tables[wanted->table].columns[i].name, wanted->column) != 0)
			continue;
		assert_string_equal(fields[i].text, wanted->value);
		wanted->met = true;
	}
	return 0;
}

static void expect(const struct ft_ch_source *from, enum ft_ch_table_id table, const char *column,
		   const char *value)
{
	struct wanted wanted = { table, column, value, false };
	struct ft_tsv tsv = { .row = check_row, .arg = &wanted,
			      .columns = ft_ch_tables[table].count };
	struct ft_sql row = { NULL };

	ft_ch_row(&row, table, from);
	assert_int_equal(ft_tsv_feed(&tsv, row.data, row.used), 0);
	assert_int_equal(ft_tsv_end(&tsv), 0);
	assert_true(wanted.met);
	ft_sql_done(&row);
}

static void test_rows(void **state)
{
	const struct ft_snapshot *snapshot = moment();
	struct ft_ch_source from = {
		.observer = "we\tb", .run = 7, .interval = 3, .snapshot = snapshot,
		.row = &snapshot->rows[MOMENT_CURL], .process_row = { 4, 1 },
	};

	(void)state;
	expect(&from, FT_CH_TRAFFIC, "observer", "we\tb");
	expect(&from, FT_CH_TRAFFIC, "interval_id", "3");
	expect(&from, FT_CH_TRAFFIC, "time", "1795255200");
	expect(&from, FT_CH_TRAFFIC, "remote_address", "192.0.2.7");
	expect(&from, FT_CH_TRAFFIC, "remote_port", "443");
	expect(&from, FT_CH_TRAFFIC, "tx_packets", "3");
	expect(&from, FT_CH_TRAFFIC, "rx_packets", "2");
	expect(&from, FT_CH_TRAFFIC, "initiator", "local");
	expect(&from, FT_CH_TRAFFIC, "owner", "process");
	expect(&from, FT_CH_TRAFFIC, "local_process", "4");
	expect(&from, FT_CH_TRAFFIC, "remote_owner", "foreign");
	expect(&from, FT_CH_TRAFFIC, "spi", "0");
	from.row = &snapshot->rows[MOMENT_GRE];
	expect(&from, FT_CH_TRAFFIC, "vlan", "100");
	expect(&from, FT_CH_TRAFFIC, "vlan_inner", "20");
	expect(&from, FT_CH_TRAFFIC, "path", "transit");
	expect(&from, FT_CH_TRAFFIC, "owner", "transit");
	expect(&from, FT_CH_TRAFFIC, "marks", "8");
	from.row = &snapshot->rows[MOMENT_PING];
	expect(&from, FT_CH_TRAFFIC, "icmp_type", "8");
	expect(&from, FT_CH_TRAFFIC, "local_port", "0");
	from.row = &snapshot->rows[MOMENT_EVICTED];
	expect(&from, FT_CH_TRAFFIC, "ended", "evicted");
	expect(&from, FT_CH_INTERVALS, "exact", snapshot->interval.inexact ? "0" : "1");
	from.scope = &snapshot->scopes[0];
	from.term = "arp";
	from.now = (struct ft_sum){ 1, 0, 42 };
	from.total = (struct ft_sum){ 2, 0, 84 };
	expect(&from, FT_CH_LINES, "term", "arp");
	expect(&from, FT_CH_LINES, "l2_bytes", "42");
	expect(&from, FT_CH_LINES, "total_l2_bytes", "84");
}

/* Columns that are there: all of ours, one that is not, one of another type, others' beside. */
static void test_layout(void **state)
{
	static const struct {
		int leave_out, change, ret;
	} rows[] = { { -1, -1, 0 }, { 0, -1, -EPROTO }, { 7, -1, -EPROTO }, { -1, 3, -EPROTO } };

	(void)state;
	for (size_t r = 0; r < COUNT(rows); r++) {
		struct ft_ch_layout layout = { 0 };
		char err[200] = "";
		int number = 0;

		for (int t = 0; t < FT_CH_TABLES; t++)
			for (size_t i = 0; i < ft_ch_tables[t].count; i++, number++) {
				const struct ft_ch_column *column = &ft_ch_tables[t].columns[i];
				const char *type = number == rows[r].change ? "Int8" : column->type;
				struct ft_tsv_field fields[3] = {
					{ ft_ch_tables[t].name, strlen(ft_ch_tables[t].name) },
					{ column->name, strlen(column->name) },
					{ type, strlen(type) },
				};

				if (number != rows[r].leave_out)
					assert_int_equal(ft_ch_layout_row(&layout, fields, 3), 0);
				fields[1].text = "something_else";
				assert_int_equal(ft_ch_layout_row(&layout, fields, 3), 0);
			}
		assert_int_equal(ft_ch_layout_check(&layout, err, sizeof(err)), rows[r].ret);
		assert_int_equal(err[0] != '\0', rows[r].ret != 0);
		/* Another's table is not the same as none. */
		if (rows[r].ret)
			assert_non_null(strstr(err, "another flowtop's"));
	}
}

/* A database that isn't there has no columns, nor has one of others' tables only. */
static void test_no_layout(void **state)
{
	static const struct ft_tsv_field other[3] = { { "mice", 4 }, { "time", 4 }, { "Int8", 4 } };
	struct ft_ch_layout layout = { 0 };
	char err[200] = "";

	(void)state;
	assert_int_equal(ft_ch_layout_check(&layout, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "no flowtop has written"));
	assert_int_equal(ft_ch_layout_row(&layout, other, 3), 0);
	assert_int_equal(ft_ch_layout_check(&layout, err, sizeof(err)), -ENOENT);
}

/* Parts are bounded, in the order in which they are sent, and within a day. */
static void test_parcel(void **state)
{
	const struct ft_snapshot *snapshot = moment();
	struct ft_ch_source from = {
		.observer = "o", .snapshot = snapshot, .row = &snapshot->rows[MOMENT_CURL],
	};
	struct ft_parcel *parcel = ft_parcel_new(snapshot->end_ns);
	size_t bytes = 0;

	(void)state;
	ft_parcel_row(parcel, "d", FT_CH_INTERVALS, &from);
	for (size_t i = 0; i < 30000; i++)
		ft_parcel_row(parcel, "d", FT_CH_TRAFFIC, &from);
	ft_parcel_row(parcel, "d", FT_CH_INTERVALS, &from);
	ft_parcel_seal(parcel);
	assert_true(parcel->count > 3);
	assert_int_equal(parcel->parts[parcel->count - 1].table, FT_CH_INTERVALS);
	for (size_t i = 0; i + 1 < parcel->count; i++)
		assert_int_equal(parcel->parts[i].table, FT_CH_TRAFFIC);
	for (size_t i = 0; i < parcel->count; i++) {
		assert_true(parcel->parts[i].body.used < FT_PART_MAX + 4096);
		bytes += parcel->parts[i].body.used;
	}
	assert_true(parcel->bytes <= bytes && parcel->bytes > bytes / 2);
	assert_false(ft_parcel_is_past(parcel, snapshot->end_ns + 1));
	assert_true(ft_parcel_is_past(parcel, snapshot->end_ns + UINT64_C(86400000000000)));
	ft_parcel_free(parcel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same), cmocka_unit_test(test_names),
		cmocka_unit_test(test_rows), cmocka_unit_test(test_layout),
		cmocka_unit_test(test_no_layout), cmocka_unit_test(test_parcel),
		cmocka_unit_test(test_flow_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
