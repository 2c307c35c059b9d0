/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See parcel.h. */
#include "clickhouse/parcel.h"

#include <stdlib.h>

#include "core/event.h"
#include "core/xalloc.h"

#define DAY_NS UINT64_C(86400000000000)

struct ft_parcel *ft_parcel_new(uint64_t end_ns)
{
	struct ft_parcel *parcel = xcalloc(1, sizeof(*parcel));

	parcel->from_ns = end_ns;
	parcel->day = end_ns / DAY_NS;
	return parcel;
}

void ft_parcel_free(struct ft_parcel *parcel)
{
	if (!parcel)
		return;
	for (size_t i = 0; i < parcel->count; i++) {
		ft_sql_done(&parcel->parts[i].body);
		ft_sql_done(&parcel->parts[i].proof);
	}
	free(parcel->parts);
	free(parcel);
}

bool ft_parcel_is_past(const struct ft_parcel *parcel, uint64_t end_ns)
{
	return end_ns / DAY_NS != parcel->day;
}

/* How the part is looked for: all of it is there, or nothing. */
static void prove(struct ft_sql *proof, const char *database, enum ft_ch_table_id table,
		  const struct ft_ch_source *from)
{
	ft_sql_printf(proof, "SELECT count() FROM ");
	ft_ch_table_name(proof, database, table);
	ft_sql_printf(proof, " WHERE observer = ");
	ft_sql_text(proof, from->observer);
	ft_sql_printf(proof, " AND run = %llu AND time = toDateTime(%llu)",
		      (unsigned long long)from->run,
		      (unsigned long long)(from->snapshot->end_ns / 1000000000));
	if (table == FT_CH_PROCESSES)
		ft_sql_printf(proof, " AND id = %llu", (unsigned long long)from->process_row[0]);
	else
		ft_sql_printf(proof, " AND interval_id = %llu", (unsigned long long)from->interval);
	if (table == FT_CH_EVENTS)
		ft_sql_printf(proof, " AND id = %llu",
			      (unsigned long long)from->event->flow.id);
	else if (table == FT_CH_TRAFFIC || table == FT_CH_TCP)
		ft_sql_printf(proof, " AND flow = %llu",
			      (unsigned long long)from->row->flow->id);
	ft_sql_printf(proof, " FORMAT TabSeparated");
}

/* A part that rows of a table go to, which begin with this one. */
static struct ft_part *open_part(struct ft_parcel *parcel, const char *database,
				 enum ft_ch_table_id table, const struct ft_ch_source *from)
{
	struct ft_part *part;

	if (parcel->count == parcel->room) {
		parcel->room = parcel->room ? parcel->room * 2 : 8;
		parcel->parts = xreallocarray(parcel->parts, parcel->room, sizeof(*part));
	}
	part = &parcel->parts[parcel->count++];
	*part = (struct ft_part){ .table = table };
	parcel->open[table] = parcel->count;
	ft_ch_insert(&part->body, database, table);
	prove(&part->proof, database, table, from);
	return part;
}

void ft_parcel_row(struct ft_parcel *parcel, const char *database, enum ft_ch_table_id table,
		   const struct ft_ch_source *from)
{
	size_t open = parcel->open[table], before;
	struct ft_part *part = open ? &parcel->parts[open - 1] :
				      open_part(parcel, database, table, from);

	before = part->body.used;
	ft_ch_row(&part->body, table, from);
	parcel->bytes += part->body.used - before;
	if (part->body.used >= FT_PART_MAX)
		parcel->open[table] = 0;
}

static int compare_parts(const void *a, const void *b)
{
	const struct ft_part *left = a, *right = b;

	return left->table < right->table ? -1 : left->table > right->table;
}

void ft_parcel_seal(struct ft_parcel *parcel)
{
	if (parcel->count > 0)
		qsort(parcel->parts, parcel->count, sizeof(*parcel->parts), compare_parts);
}
