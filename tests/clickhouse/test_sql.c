/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes into SQL goes in as a value, whatever is in it; rows come back as they were, however the
 * answer is cut into pieces; and what is no row of ours is refused.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clickhouse/sql.h"

#define TEXT(literal) literal, sizeof(literal) - 1

static void test_values(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *literal, *field;
	} rows[] = {
		{ TEXT(""), "''", "" },
		{ TEXT("web1"), "'web1'", "web1" },
		{ TEXT("it's"), "'it\\'s'", "it's" },
		{ TEXT("'; DROP TABLE traffic --"), "'\\'; DROP TABLE traffic --'",
		  "'; DROP TABLE traffic --" },
		{ TEXT("\\' OR 1=1"), "'\\\\\\' OR 1=1'", "\\\\' OR 1=1" },
		{ TEXT("\\"), "'\\\\'", "\\\\" },
		{ TEXT("a\tb\nc\r"), "'a\\tb\\nc\\r'", "a\\tb\\nc\\r" },
		{ TEXT("a\0b"), "'a\\0b'", "a\\0b" },
		{ TEXT("\b\f"), "'\\b\\f'", "\\b\\f" },
		{ TEXT("`x`"), "'\\`x\\`'", "`x`" },
		{ TEXT("\xff\xfe"), "'\xff\xfe'", "\xff\xfe" },
		{ TEXT("%s%n"), "'%s%n'", "%s%n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ft_sql sql = { NULL }, row = { NULL };

		ft_sql_literal(&sql, rows[i].bytes, rows[i].length);
		ft_tsv_bytes(&row, rows[i].bytes, rows[i].length);
		assert_int_equal(sql.used, strlen(rows[i].literal));
		assert_memory_equal(sql.data, rows[i].literal, sql.used);
		assert_int_equal(row.used, strlen(rows[i].field));
		if (row.used)
			assert_memory_equal(row.data, rows[i].field, row.used);
		ft_sql_done(&sql);
		ft_sql_done(&row);
	}
}

static void test_names(void **state)
{
	struct ft_sql sql = { NULL };

	(void)state;
	ft_sql_name(&sql, "flows");
	ft_sql_name(&sql, "a`.b\\");
	ft_sql_printf(&sql, "%c", 0);
	assert_string_equal(sql.data, "`flows``a\\`.b\\\\`");
	ft_sql_done(&sql);
}

/* Fields of the rows that came, one behind the other: length, bytes. */
struct seen {
	char text[512];
	size_t used, rows;
	int answer;
};

static int take(void *arg, const struct ft_tsv_field *fields, size_t count)
{
	struct seen *seen = arg;

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(fields[i].text[fields[i].length], 0);
		seen->used += (size_t)snprintf(seen->text + seen->used,
					       sizeof(seen->text) - seen->used, "%zu:",
					       fields[i].length);
		memcpy(seen->text + seen->used, fields[i].text, fields[i].length);
		seen->used += fields[i].length;
	}
	seen->rows++;
	return seen->answer;
}

/* In pieces of every size. */
static void test_rows(void **state)
{
	static const char bytes[] = "\0\t\n\\'`\b\f\r\xff";
	struct ft_sql all = { NULL };

	(void)state;
	ft_tsv_text(&all, "one");
	ft_tsv_next(&all, false);
	ft_tsv_bytes(&all, bytes, sizeof(bytes) - 1);
	ft_tsv_next(&all, false);
	ft_tsv_u64(&all, UINT64_MAX);
	ft_tsv_next(&all, true);
	ft_tsv_next(&all, false);
	ft_tsv_next(&all, false);
	ft_tsv_text(&all, NULL);
	ft_tsv_next(&all, true);
	for (size_t piece = 1; piece <= all.used; piece++) {
		struct seen seen = { .used = 0 };
		struct ft_tsv tsv = { .row = take, .arg = &seen, .columns = 3 };

		for (size_t at = 0; at < all.used; at += piece) {
			size_t size = all.used - at < piece ? all.used - at : piece;

			assert_int_equal(ft_tsv_feed(&tsv, all.data + at, size), 0);
		}
		assert_int_equal(ft_tsv_end(&tsv), 0);
		assert_int_equal(seen.rows, 2);
		assert_memory_equal(seen.text, "3:one10:", 8);
		assert_memory_equal(seen.text + 8, bytes, 10);
		assert_memory_equal(seen.text + 18, "20:184467440737095516150:0:0:", 29);
	}
	ft_sql_done(&all);
}

static void test_bad_rows(void **state)
{
	static const char *const rows[] = { "a\n", "a\tb\tc\n", "\n", "a\tb\n\n", "a\tb\na\n",
					    "a\\\tb\n" };
	struct seen seen = { .answer = 0 };
	struct ft_tsv tsv = { .row = take, .arg = &seen, .columns = 2 };
	char *long_line = malloc(FT_TSV_LINE_MAX + 2);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ft_tsv_feed(&tsv, rows[i], strlen(rows[i])), -EBADMSG);
		ft_tsv_end(&tsv);
	}
	assert_int_equal(ft_tsv_feed(&tsv, "a\tb", 3), 0);
	assert_int_equal(ft_tsv_end(&tsv), -EBADMSG); /* cut off */
	memset(long_line, 'x', FT_TSV_LINE_MAX + 2);
	assert_int_equal(ft_tsv_feed(&tsv, long_line, FT_TSV_LINE_MAX + 1), -EBADMSG);
	ft_tsv_end(&tsv);
	free(long_line);
	seen.answer = -ENOSPC;
	assert_int_equal(ft_tsv_feed(&tsv, "a\tb\nc\td\n", 8), -ENOSPC);
	ft_tsv_end(&tsv);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max, number;
		double real;
	} rows[] = {
		{ "0", 9, 0, 0 }, { "9", 9, 9, 9 }, { "10", 9, 0, 10 }, { "-1", 9, 0, 0 },
		{ "", 9, 0, 0 }, { " 1", 9, 0, 1 }, { "1 ", 9, 0, 0 }, { "0x1", 9, 0, 1 },
		{ "18446744073709551615", UINT64_MAX, UINT64_MAX, 18446744073709551615.0 },
		{ "18446744073709551616", UINT64_MAX, 0, 18446744073709551616.0 },
		{ "1.5", 9, 0, 1.5 }, { "nan", 9, 0, 0 }, { "inf", 9, 0, 0 }, { "1e999", 9, 0, 0 },
		{ "-2.5", 9, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ft_tsv_field field = { rows[i].text, strlen(rows[i].text) };

		assert_int_equal(ft_tsv_number(&field, rows[i].max), rows[i].number);
		assert_true(ft_tsv_real(&field) == rows[i].real);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),   cmocka_unit_test(test_names),
		cmocka_unit_test(test_rows),     cmocka_unit_test(test_bad_rows),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
