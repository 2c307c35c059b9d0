/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See sql.h. */
#include "clickhouse/sql.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/xalloc.h"

/* Characters that have a letter behind a backslash, in SQL and in rows. */
static const char escaped[] = "\b\f\n\r\t\\'`";
static const char letters[] = "bfnrt\\'`";

void ft_sql_done(struct ft_sql *sql)
{
	free(sql->data);
	*sql = (struct ft_sql){ NULL };
}

void ft_sql_bytes(struct ft_sql *sql, const char *bytes, size_t length)
{
	if (sql->room - sql->used < length) {
		sql->room = (sql->used + length) * 2 + 256;
		sql->data = xrealloc(sql->data, sql->room);
	}
	if (length > 0)
		memcpy(sql->data + sql->used, bytes, length);
	sql->used += length;
}

void ft_sql_printf(struct ft_sql *sql, const char *format, ...)
{
	char text[1024], *longer = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length >= (int)sizeof(text)) {
		longer = xmalloc((size_t)length + 1);
		va_start(args, format);
		vsnprintf(longer, (size_t)length + 1, format, args);
		va_end(args);
	}
	if (length > 0)
		ft_sql_bytes(sql, longer ? longer : text, (size_t)length);
	free(longer);
}

/* Bytes with what has a meaning escaped; `all`: quotes too, which rows leave alone. */
static void escape(struct ft_sql *sql, const char *bytes, size_t length, bool all)
{
	size_t from = 0;

	for (size_t i = 0; i < length; i++) {
		const char *at = bytes[i] ? strchr(escaped, bytes[i]) : NULL;
		char pair[2] = { '\\', at ? letters[at - escaped] : '0' };

		if ((!at && bytes[i]) || (at && !all && (*at == '\'' || *at == '`')))
			continue;
		ft_sql_bytes(sql, bytes + from, i - from);
		ft_sql_bytes(sql, pair, 2);
		from = i + 1;
	}
	ft_sql_bytes(sql, bytes + from, length - from);
}

void ft_sql_literal(struct ft_sql *sql, const char *bytes, size_t length)
{
	ft_sql_bytes(sql, "'", 1);
	escape(sql, bytes, length, true);
	ft_sql_bytes(sql, "'", 1);
}

void ft_sql_text(struct ft_sql *sql, const char *text)
{
	ft_sql_literal(sql, text, strlen(text));
}

void ft_sql_name(struct ft_sql *sql, const char *name)
{
	ft_sql_bytes(sql, "`", 1);
	escape(sql, name, strlen(name), true);
	ft_sql_bytes(sql, "`", 1);
}

/* ---- rows */

void ft_tsv_bytes(struct ft_sql *to, const char *bytes, size_t length)
{
	escape(to, bytes, length, false);
}

void ft_tsv_text(struct ft_sql *to, const char *text)
{
	if (text)
		escape(to, text, strlen(text), false);
}

void ft_tsv_u64(struct ft_sql *to, uint64_t number)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	ft_sql_bytes(to, digits + at, sizeof(digits) - at);
}

void ft_tsv_next(struct ft_sql *to, bool last)
{
	ft_sql_bytes(to, last ? "\n" : "\t", 1);
}

/* The byte that stands behind a backslash. */
static char unescape(char letter)
{
	const char *at = letter ? strchr(letters, letter) : NULL;

	return letter == '0' ? '\0' : at ? escaped[at - letters] : letter;
}

/* One line, without its end: fields in place, then to its reader. */
static int take_line(struct ft_tsv *tsv)
{
	struct ft_tsv_field fields[FT_TSV_FIELDS_MAX];
	char *data = tsv->line.data, *out = data;
	size_t count = 0, used = tsv->line.used;

	fields[0].text = out;
	for (size_t i = 0; i <= used; i++) {
		if (i < used && data[i] == '\\' && i + 1 < used) {
			*out++ = unescape(data[++i]);
			continue;
		}
		if (i < used && data[i] != '\t') {
			*out++ = data[i];
			continue;
		}
		if (count == tsv->columns)
			return -EBADMSG;
		fields[count].length = (size_t)(out - fields[count].text);
		*out++ = '\0';
		if (++count < tsv->columns)
			fields[count].text = out;
	}
	return count == tsv->columns ? tsv->row(tsv->arg, fields, count) : -EBADMSG;
}

int ft_tsv_feed(struct ft_tsv *tsv, const char *data, size_t size)
{
	int ret;

	while (size > 0) {
		const char *end = memchr(data, '\n', size);
		size_t length = end ? (size_t)(end - data) : size;

		if (tsv->line.used + length > FT_TSV_LINE_MAX)
			return -EBADMSG;
		ft_sql_bytes(&tsv->line, data, length);
		if (!end)
			return 0;
		/* Room for the last field's NUL. */
		ft_sql_bytes(&tsv->line, "", 1);
		tsv->line.used--;
		ret = take_line(tsv);
		tsv->line.used = 0;
		if (ret < 0)
			return ret;
		data = end + 1;
		size -= length + 1;
	}
	return 0;
}

int ft_tsv_end(struct ft_tsv *tsv)
{
	int ret = tsv->line.used > 0 ? -EBADMSG : 0;

	ft_sql_done(&tsv->line);
	return ret;
}

uint64_t ft_tsv_number(const struct ft_tsv_field *field, uint64_t max)
{
	uint64_t number = 0;

	if (field->length == 0)
		return 0;
	for (size_t i = 0; i < field->length; i++) {
		unsigned digit = (unsigned)(field->text[i] - '0');

		if (digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, digit, &number))
			return 0;
	}
	return number <= max ? number : 0;
}

double ft_tsv_real(const struct ft_tsv_field *field)
{
	char *end;
	double value = strtod(field->text, &end);

	return end != field->text && !*end && isfinite(value) && value > 0 ? value : 0;
}
