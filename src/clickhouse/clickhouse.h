/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Beyond one machine: flows of many hosts in a ClickHouse database, sent by --export
 * clickhouse://[USER:PASSWORD@]HOST[:PORT]/DATABASE and read by -r with the same URL. The only room with
 * libcurl; built without it, clickhouse_none.c has the same symbols and says so.
 *
 *   snapshot ─► schema.c ─► parcel.c ─► export.c ─┐
 *                                                 ├─ client.c ─► the server
 *   snapshot ◄─ read.c ◄─ sql.c (rows) ◄──────────┘
 *                  ▲
 *   filter ─► where.c (what of it SQL can say)
 */
#ifndef FT_CLICKHOUSE_CLICKHOUSE_H
#define FT_CLICKHOUSE_CLICKHOUSE_H

#include <stdbool.h>
#include <stddef.h>

#include "output/exporters.h"
#include "recording/source.h"

/* "libcurl 7.88.1", for -V; NULL if built without. */
const char *ft_clickhouse_library(void);

/* True for a URL of ours, whatever else is wrong with it. */
bool ft_clickhouse_is(const char *target);

/* ---- reading */

struct ft_clickhouse;

/* Connects, and looks what there is. -errno + sentence. */
int ft_clickhouse_open(const char *target, struct ft_clickhouse **ret_clickhouse, char *err,
		       size_t err_size);
void ft_clickhouse_close(struct ft_clickhouse *clickhouse); /* NULL is fine */
/* Whose flows: the host, if there is but one; else "DATABASE at HOST". Borrowed. */
const char *ft_clickhouse_observer(const struct ft_clickhouse *clickhouse);

extern const struct ft_source_ops ft_source_clickhouse;

#endif
