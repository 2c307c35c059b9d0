/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records that lie, as json and ndjson: the first octet says in which pieces the rest is fed. What
 * is not refused has moments; each is listed, and the first is compared with the others.
 */
#include <stdlib.h>
#include <string.h>

#include "core/column.h"
#include "core/difference.h"
#include "core/rows.h"
#include "core/snapshot.h"
#include "recording/records.h"
#include "tests/fuzz/fuzz.h"

#define MOMENTS_MAX 8
#define ROWS_SHOWN 16

const char fuzz_name[] = "records";

/* What a screen would do with it. */
static void list(const struct ft_snapshot *snapshot)
{
	struct ft_show show = { .layer = 3, .difference = snapshot->difference != NULL };
	struct ft_rows *rows = ft_rows_new();
	char cell[2048];

	for (int which = 0; which <= FT_LIST_PROCESSES; which++) {
		struct ft_query query = { .list = (enum ft_list)which,
					  .show = &show,
					  .sort = ft_column_find("total") };

		ft_rows_fill(rows, snapshot, &query, ROWS_SHOWN);
		for (size_t i = 0; i < ft_rows_count(rows) && i < ROWS_SHOWN; i++) {
			struct ft_row row = ft_rows_at(rows, i);

			for (size_t c = 0; c < ft_column_count; c++) {
				if (!(ft_columns[c].lists & 1U << which))
					continue;
				ft_columns[c].format(snapshot, &row, &show, 12, cell, sizeof(cell));
				FUZZ_CHECK(fuzz_is_harmless(cell));
			}
		}
	}
	ft_rows_free(rows);
}

/* What everybody relies on. */
static void check(const struct ft_snapshot *snapshot)
{
	size_t live = 0;

	FUZZ_CHECK(snapshot->delta_count <= snapshot->row_count);
	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];

		FUZZ_CHECK(row->flow->local == FT_END_A || row->flow->local == FT_END_B);
		FUZZ_CHECK(row->flow->key.scope < FT_MAX_SCOPES);
		FUZZ_CHECK(row->flow->id != 0);
		FUZZ_CHECK(row->delta <= snapshot->delta_count);
		live += !ft_flow_is_over(row);
		for (int end = 0; end < 2; end++)
			FUZZ_CHECK(row->owner[end] < FT_OWNER_FIRST ||
				   ft_snapshot_process(snapshot, row->owner[end]));
	}
	FUZZ_CHECK(live == snapshot->live_flows);
}

static void look(struct ft_records *records)
{
	size_t count = ft_records_count(records);
	struct ft_snapshot *first = ft_records_moment(records, 0);

	for (size_t i = 0; i < count && i < MOMENTS_MAX; i++) {
		struct ft_snapshot *moment = ft_records_moment(records, count - 1 - i);
		struct ft_snapshot *difference = ft_difference_new(first, moment, i % 2);
		size_t rows = 0;

		check(moment);
		list(moment);
		list(difference);
		for (int differs = 0; differs < FT_DIFFERS_MAX; differs++)
			rows += difference->difference->flows[differs];
		FUZZ_CHECK(rows == difference->row_count);
		ft_snapshot_put(difference);
		ft_snapshot_put(moment);
	}
	ft_snapshot_put(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = 1 + (size_t)fuzz_take(&data, &size, 1) % 64 * 61, part;
	struct ft_records *records = ft_records_new();
	char err[256] = "";
	int ret = 0;

	for (; size > 0 && ret == 0; data += part, size -= part) {
		char *copy;

		part = piece < size ? piece : size;
		copy = (char *)fuzz_copy(data, part);
		ret = ft_records_feed(records, copy, part, err, sizeof(err));
		free(copy);
	}
	if (ret == 0)
		ret = ft_records_end(records, err, sizeof(err));
	FUZZ_CHECK((ret == 0) == (err[0] == '\0'));
	if (ret == 0)
		look(records);
	ft_records_close(records);
	return 0;
}
