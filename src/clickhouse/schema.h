/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables at a ClickHouse server, said once: each column with its type and the function that
 * writes it, so that what is made, what is sent and what is checked are the same. They are the
 * recording's (recording/recording.h), with three things more in front of each row:
 *
 *   observer  the host that watched     run  which of its flowtops (when it began)
 *   time      when the interval ended, in seconds: days are parts, and rows are in its order
 *
 *   intervals, lines, health, processes, tcp, events   as in a recording
 *   traffic    a recording's counts with their flows, hosts, handshakes and owners in one row,
 *              since joins cost there what columns don't
 *
 * What a recording has so that it shows each moment as the screen did (all sockets, what stood
 * when it began) is left to recordings.
 *
 * What a recording calls interval (and intervals.id) is interval_id: the other is a word of SQL's.
 * There is no NULL: what does not apply is 0 or ''. A test holds the names against the recording's.
 * A column that is not ours is left alone; one that is missing is a server that we don't write to.
 *
 * Rows of `intervals` are sent last: an interval that is there is there whole. All tables replace
 * equal rows (observer, run, interval_id, ...) by one, in time; FINAL in a query does it at once.
 */
#ifndef FT_CLICKHOUSE_SCHEMA_H
#define FT_CLICKHOUSE_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "clickhouse/sql.h"
#include "core/snapshot.h"

struct ft_flow_event;
struct ft_health;
struct ft_names;

enum ft_ch_table_id { /* in the order in which rows are sent */
	FT_CH_PROCESSES,
	FT_CH_TRAFFIC,
	FT_CH_TCP,
	FT_CH_EVENTS,
	FT_CH_LINES,
	FT_CH_HEALTH,
	FT_CH_INTERVALS,
	FT_CH_TABLES
};

/* What a row is made from; all borrowed. */
struct ft_ch_source {
	const char *observer;
	uint64_t run, interval;
	const struct ft_snapshot *snapshot;
	const struct ft_names *names;       /* NULL = none */
	const struct ft_flow_hot *row;      /* traffic, tcp; events: its own */
	uint64_t process_row[2];            /* traffic, events: of the local and the remote owner */
	const struct ft_health *sample;     /* tcp: of the socket at a side, 0 = local */
	unsigned side;
	const struct ft_flow_event *event;
	const struct ft_process *process;   /* processes; its row is process_row[0] */
	const struct ft_snapshot_scope *scope; /* lines */
	const char *term;
	struct ft_sum now, total;
};

struct ft_ch_column {
	const char *name, *type;
	void (*put)(struct ft_sql *to, const struct ft_ch_source *from, unsigned arg);
	unsigned arg;
};

struct ft_ch_table {
	const char *name;
	const char *order; /* a row's identity, in the order of the table */
	const struct ft_ch_column *columns;
	size_t count;
};
extern const struct ft_ch_table ft_ch_tables[FT_CH_TABLES];

/* CREATE TABLE IF NOT EXISTS ... */
void ft_ch_create(struct ft_sql *to, const char *database, enum ft_ch_table_id table);
/* INSERT INTO ... FORMAT TabSeparated, up to where rows begin. */
void ft_ch_insert(struct ft_sql *to, const char *database, enum ft_ch_table_id table);
/* `database`.`table` */
void ft_ch_table_name(struct ft_sql *to, const char *database, enum ft_ch_table_id table);
/* A row. */
void ft_ch_row(struct ft_sql *to, enum ft_ch_table_id table, const struct ft_ch_source *from);

/*
 * What is there: asks for the columns of the database; the answer, row by row (-EBADMSG ends it);
 * and the judgement: 0, or a sentence and -EPROTO, or -ENOENT where nobody has made any of ours.
 */
struct ft_ch_layout {
	unsigned char seen[FT_CH_TABLES][FT_TSV_FIELDS_MAX]; /* by column: 1 = there, 2 = other type */
	bool there[FT_CH_TABLES]; /* a table of that name */
};
void ft_ch_ask_layout(struct ft_sql *to, const char *database);
int ft_ch_layout_row(void *layout, const struct ft_tsv_field *fields, size_t count);
int ft_ch_layout_check(const struct ft_ch_layout *layout, char *err, size_t err_size);
#define FT_CH_LAYOUT_COLUMNS 3

#endif
