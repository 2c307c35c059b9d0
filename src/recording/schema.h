/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of a recording, said once: the writer makes its tables by these statements, the
 * reader takes no file whose tables say anything else. A change is a new version: new tables are
 * added at the end, so that older recordings differ only by what they lack.
 */
#ifndef FT_RECORDING_SCHEMA_H
#define FT_RECORDING_SCHEMA_H

#include <sqlite3.h>
#include <stddef.h>

#include "core/snapshot.h"

#define FT_RECORDING_APPLICATION 0x666c6f77 /* "flow" */
#define FT_RECORDING_VERSION 2
#define FT_RATES_SIZE 48U /* standing.rates */

/* pictures.whole */
#define FT_WHOLE_FLOWS 1U
#define FT_WHOLE_SOCKETS 2U

struct ft_recording_table {
	const char *name;
	const char *sql; /* CREATE ..., as SQLite keeps it */
	int since;       /* version of the layout; older recordings are read without */
};
extern const struct ft_recording_table ft_recording_tables[]; /* ended by a NULL name */

/* 0 or -errno, and a sentence about an SQLite error. */
int ft_recording_error(sqlite3 *db, const char *what, char *err, size_t err_size);

#endif
