/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What waits to be delivered: parcels of rows, each of some intervals. A parcel has parts, one for
 * each table or more, since a part is what the server takes as a whole: it is bounded in bytes
 * and lies within a day. Parts of a parcel go out in their order, that of `intervals` last.
 */
#ifndef FT_CLICKHOUSE_PARCEL_H
#define FT_CLICKHOUSE_PARCEL_H

#include "clickhouse/schema.h"

#define FT_PART_MAX (4U << 20) /* a part that has reached it gets no more rows */

struct ft_part {
	enum ft_ch_table_id table;
	struct ft_sql body;  /* INSERT and rows */
	struct ft_sql proof; /* SELECT count() of its first row: whether the part is there */
	char id[40];         /* the INSERT's, for the server */
	bool unsure;         /* it was sent, and what became of it is not known */
	unsigned refused;    /* times */
	unsigned late;       /* times that its answer did not come in time */
};

struct ft_parcel {
	struct ft_parcel *next;
	struct ft_part *parts; /* owned */
	size_t count, room;
	size_t at; /* the part to deliver */
	size_t bytes;
	uint64_t intervals;
	uint64_t from_ns, day; /* of its first interval's end */
	size_t open[FT_CH_TABLES]; /* 1 + the part that the table's rows go to, 0 = none */
};

struct ft_parcel *ft_parcel_new(uint64_t end_ns);
void ft_parcel_free(struct ft_parcel *parcel); /* NULL is fine */
/* True if an interval that ended then is none for it: of another day. */
bool ft_parcel_is_past(const struct ft_parcel *parcel, uint64_t end_ns);
/* Adds a row. */
void ft_parcel_row(struct ft_parcel *parcel, const char *database, enum ft_ch_table_id table,
		   const struct ft_ch_source *from);
/* No more rows: puts parts into the order they go out in. */
void ft_parcel_seal(struct ft_parcel *parcel);

#endif
