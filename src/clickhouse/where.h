/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A display filter as conditions of SQL, so that a server sends no more than is looked at. What SQL
 * cannot say (a word in any text, rates) is taken for true, whichever way it is asked: a condition never
 * leaves out what the filter would let through. Who reads applies the filter itself afterwards.
 */
#ifndef FT_CLICKHOUSE_WHERE_H
#define FT_CLICKHOUSE_WHERE_H

#include "clickhouse/sql.h"
#include "core/filter.h"

enum ft_ch_level {
	FT_CH_ROWS,   /* of rows of `traffic`: only what is the same in all rows of a flow */
	FT_CH_NEWEST, /* of flows, whose columns are those of their newest row, named n_... */
};

/* One condition, "1" if there is nothing to say. end_ns: the moment that is asked for. */
void ft_ch_where(struct ft_sql *to, const struct ft_filter *filter, enum ft_ch_level level,
		 uint64_t end_ns);

#endif
