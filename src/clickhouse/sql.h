/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes to a ClickHouse server and what comes back, as text: SQL whose values are written by
 * one function each, and rows in its TabSeparated form. No network here.
 */
#ifndef FT_CLICKHOUSE_SQL_H
#define FT_CLICKHOUSE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text that grows; zeroed is empty. Not ended by a NUL. */
struct ft_sql {
	char *data; /* owned */
	size_t used, room;
};

void ft_sql_done(struct ft_sql *sql); /* frees; empty again */
void ft_sql_bytes(struct ft_sql *sql, const char *bytes, size_t length);
/* Our own words and numbers only: what comes from anywhere else is a literal or a name. */
void ft_sql_printf(struct ft_sql *sql, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* 'a value', and `a name`, whatever is in it. */
void ft_sql_literal(struct ft_sql *sql, const char *bytes, size_t length);
void ft_sql_text(struct ft_sql *sql, const char *text); /* the same of a string */
void ft_sql_name(struct ft_sql *sql, const char *name);

/* ---- rows: fields with a tab between, a line each */

void ft_tsv_bytes(struct ft_sql *to, const char *bytes, size_t length);
void ft_tsv_text(struct ft_sql *to, const char *text); /* NULL is "" */
void ft_tsv_u64(struct ft_sql *to, uint64_t number);
/* Ends a field, or the row. */
void ft_tsv_next(struct ft_sql *to, bool last);

#define FT_TSV_LINE_MAX (1U << 20)
#define FT_TSV_FIELDS_MAX 128

/* A field as it was before it was escaped, with a NUL behind it that is not counted. */
struct ft_tsv_field {
	const char *text;
	size_t length;
};

/* Takes answers apart as they come. Lines are bounded, fields counted. */
struct ft_tsv {
	/* A row; what it returns below 0 ends the reading. Fields are valid until it returns. */
	int (*row)(void *arg, const struct ft_tsv_field *fields, size_t count);
	void *arg;
	size_t columns; /* each row has so many */
	struct ft_sql line; /* what there is of it */
};

/* 0, what `row` said, or -EBADMSG: that is no answer to what was asked. */
int ft_tsv_feed(struct ft_tsv *tsv, const char *data, size_t size);
/* -EBADMSG if it ends within a line. Frees. */
int ft_tsv_end(struct ft_tsv *tsv);

/* A number; what is none, or is larger than max, is 0. */
uint64_t ft_tsv_number(const struct ft_tsv_field *field, uint64_t max);
/* Finite and not negative, else 0. */
double ft_tsv_real(const struct ft_tsv_field *field);

#endif
