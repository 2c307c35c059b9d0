/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of recordings have in common: a question to a file, a folder that goes. */
#ifndef FT_TESTS_RECORDING_RIG_H
#define FT_TESTS_RECORDING_RIG_H

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/xalloc.h"

/* The number that a statement yields. */
static inline int64_t rig_ask(const char *path, const char *sql)
{
	sqlite3_stmt *query = NULL;
	sqlite3 *db = NULL;
	int64_t number;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &query, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(query), SQLITE_ROW);
	number = sqlite3_column_int64(query, 0);
	sqlite3_finalize(query);
	sqlite3_close(db);
	return number;
}

/* Removes a folder with all that is in it; 0 if that went well. */
static inline int rig_remove(const char *folder)
{
	char *command = xasprintf("rm -rf %s", folder);
	int ret = system(command);

	free(command);
	return ret;
}

#endif
