/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot's lines: select (filter, drill-down), group, rank, order.
 *
 *   select   indexes of the flows that pass, or the groups they add up to; kept as long as
 *            the snapshot and what selects stay the same, so that a change of the sort
 *            column only ranks and orders. A million flows are more than caches hold: those
 *            of a block are ranked right after they were selected (rows_select.c)
 *   rank     a 64-bit number from the sort column, complemented for ascending order; of texts
 *            that many rows have in common the place among those (distinct.h), if they are few:
 *            then nothing has to be compared later
 *   order    made lazily, see order.h
 *   frozen   ranks by row id, kept from the moment of freezing: rows keep the rank they had,
 *            rows that came later go to the end
 */
#include "core/rows.h"

#include <stdlib.h>
#include <string.h>

#include "core/column.h"
#include "core/event.h"
#include "core/rows_priv.h"
#include "core/socket.h"
#include "core/xalloc.h"

/* Flows' ids are compared by as many bits as a tie holds. */
#define ID_MASK (UINT64_MAX >> FT_ORDER_INDEX_BITS)

/* Rank at the moment of freezing, by row id. */
struct frozen_rank {
	uint64_t id; /* 0 = free */
	uint64_t rank;
};

const char *ft_list_name(enum ft_list list)
{
	static const char *const names[FT_LIST_MAX] = {
		[FT_LIST_FLOWS] = "flows",
		[FT_LIST_TALKERS] = "talkers",
		[FT_LIST_PROCESSES] = "processes",
		[FT_LIST_SOCKETS] = "sockets",
		[FT_LIST_EVENTS] = "events",
	};

	return list < FT_LIST_MAX ? names[list] : NULL;
}

struct ft_rows *ft_rows_new(void)
{
	struct ft_rows *rows = xcalloc(1, sizeof(*rows));

	rows->groups = ft_groups_new();
	rows->order = ft_order_new();
	rows->distinct = ft_distinct_new();
	return rows;
}

/* Frees all; NULL is fine. */
void ft_rows_free(struct ft_rows *rows)
{
	if (!rows)
		return;
	free(rows->by_text);
	free(rows->flows);
	free(rows->frozen);
	ft_groups_free(rows->groups);
	ft_order_free(rows->order);
	ft_distinct_free(rows->distinct);
	free(rows);
}

/* Flows, sockets and events are listed one by one, and told apart by as many bits of their ids as
 * a tie holds; the other lists are groups. */
static bool lists_each(enum ft_list list)
{
	return list == FT_LIST_FLOWS || list == FT_LIST_SOCKETS || list == FT_LIST_EVENTS;
}

/* The row that an index of the selection means. */
static struct ft_row row_of(const struct ft_rows *rows, uint32_t index)
{
	if (rows->list == FT_LIST_FLOWS)
		return (struct ft_row){ .flow = &rows->snapshot->rows[index] };
	if (rows->list == FT_LIST_SOCKETS)
		return (struct ft_row){ .socket = &rows->snapshot->socket_list->sockets[index] };
	if (rows->list == FT_LIST_EVENTS) {
		const struct ft_flow_event *event =
			ft_event_list_at(rows->snapshot->events, index);

		return (struct ft_row){ .flow = &event->hot, .event = event };
	}
	return (struct ft_row){ .group = ft_groups_at(rows->groups, index) };
}

/* ---- rank */

/* What orders rows of equal rank without looking at their texts. */
static uint64_t tie_of(const struct ft_row *row, uint32_t index)
{
	uint64_t bits = row->group ? ft_group_order(row->group) >> FT_ORDER_INDEX_BITS
				   : ft_row_id(row) & ID_MASK;

	return bits << FT_ORDER_INDEX_BITS | index;
}

/* The index that number i of the selection means. */
static uint32_t selected_index(const struct ft_rows *rows, size_t i)
{
	return lists_each(rows->list) && !rows->all_flows ? rows->flows[i] : (uint32_t)i;
}

/* A rank that names a text: its number, settled later, and what orders rows of one text. Even:
 * it says all, see ft_column. */
#define TOKEN_RANK (1ULL << 63)
#define TOKEN_SHIFT 17
_Static_assert(FT_DISTINCT_BITS + TOKEN_SHIFT < 63, "a number fits");

/* The rank of a row at a place of the selection, of rows that tokens tell apart not settled yet. */
static uint64_t rank_of(struct ft_rows *rows, const struct ft_row *row, uint32_t index,
			size_t place)
{
	const struct ft_column *column = rows->column;
	struct ft_token token;
	uint32_t number;

	if (!column->token || rows->many_at || row->group ||
	    !column->token(rows->snapshot, row, &rows->show, &token))
		return column->rank(rows->snapshot, row, &rows->show);
	number = ft_distinct_add(rows->distinct, &token, index);
	if (number == FT_DISTINCT_MAX)
		rows->many_at = place + 1;
	return TOKEN_RANK | (uint64_t)number << TOKEN_SHIFT | (uint64_t)token.minor << 1;
}

void ft_rows_rank(struct ft_rows *rows, struct ft_order_entry *entries, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		uint32_t index = selected_index(rows, i);
		struct ft_row row = row_of(rows, index);

		if (rows->list == FT_LIST_FLOWS)
			ft_rows_ask_ahead(rows->snapshot, index);
		entries[i].rank = rank_of(rows, &row, index, i);
		entries[i].tie = tie_of(&row, index);
	}
}

/* Orders two rows by the sort column's texts. */
static int compare_texts(const void *arg, uint32_t index_a, uint32_t index_b)
{
	const struct ft_rows *rows = arg;
	struct ft_row a = row_of(rows, index_a), b = row_of(rows, index_b);

	return rows->column->compare(rows->snapshot, &a, &b, &rows->show);
}

/* Ranks become final: texts' numbers their places, and the order ascending if it is asked for. */
static void settle_ranks(struct ft_rows *rows, struct ft_order_entry *entries, size_t count)
{
	uint64_t flip = rows->ascending ? UINT64_MAX : 0;
	bool tokens = rows->column->token && !rows->many_at;

	if (rows->many_at)
		ft_rows_rank(rows, entries, 0, rows->many_at); /* no tokens this time */
	if (tokens)
		ft_distinct_sort(rows->distinct, compare_texts, rows);
	for (size_t i = 0; i < count && (tokens || flip); i++) {
		uint64_t rank = entries[i].rank;

		if (tokens && rank & TOKEN_RANK) {
			uint32_t number = (rank ^ TOKEN_RANK) >> TOKEN_SHIFT;

			rank &= ~((uint64_t)(FT_DISTINCT_MAX - 1) << TOKEN_SHIFT);
			rank |= (uint64_t)ft_distinct_place(rows->distinct, number) << TOKEN_SHIFT;
		}
		entries[i].rank = rank ^ flip;
	}
}

/* ---- frozen ranks */

/* Where a row's frozen rank is, or the free place for it. */
static struct frozen_rank *frozen_slot(const struct ft_rows *rows, uint64_t id)
{
	size_t at = (size_t)(id * 0x9e3779b97f4a7c15ULL >> 20) & (rows->frozen_size - 1);

	while (rows->frozen[at].id != 0 && rows->frozen[at].id != id)
		at = (at + 1) & (rows->frozen_size - 1);
	return &rows->frozen[at];
}

/* Id of an entry's row, as far as it is known without its snapshot, which may be gone. */
static uint64_t entry_id(const struct ft_rows *rows, const struct ft_order_entry *entry)
{
	if (lists_each(rows->list))
		return entry->tie >> FT_ORDER_INDEX_BITS;
	return ft_groups_at(rows->groups, ft_order_index(entry))->id;
}

/* Keeps the ranks of the last fill. */
static void freeze(struct ft_rows *rows)
{
	const struct ft_order_entry *entries = ft_order_entries(rows->order);
	size_t count = ft_order_count(rows->order);

	rows->frozen_size = 64;
	while (rows->frozen_size < count * 2)
		rows->frozen_size *= 2;
	rows->frozen = xcalloc(rows->frozen_size, sizeof(*rows->frozen));
	for (size_t i = 0; i < count; i++) {
		uint64_t id = entry_id(rows, &entries[i]);
		struct frozen_rank *slot;

		if (id == 0)
			continue;
		slot = frozen_slot(rows, id);
		slot->id = id;
		slot->rank = entries[i].rank;
	}
}

/* Freezes, keeps frozen or thaws, before the last fill's rows are overwritten. */
static void update_frozen(struct ft_rows *rows, const struct ft_query *query,
			  const struct ft_column *column)
{
	bool same = rows->selected && rows->list == query->list && rows->column == column &&
		    rows->ascending == query->ascending &&
		    (query->list != FT_LIST_TALKERS || rows->by.group_by == query->group_by);

	if (rows->frozen && (!query->frozen || !same)) {
		free(rows->frozen);
		rows->frozen = NULL;
	} else if (!rows->frozen && query->frozen && same) {
		freeze(rows);
	}
}

/* ---- order */

/* Orders rows of equal rank by the column's text, then groups by their keys. */
static int resolve_tie(const void *arg, const struct ft_order_entry *a,
		       const struct ft_order_entry *b)
{
	const struct ft_rows *rows = arg;
	uint64_t tie_a = a->tie >> FT_ORDER_INDEX_BITS, tie_b = b->tie >> FT_ORDER_INDEX_BITS;
	struct ft_row row_a, row_b;
	int way = 0;

	if (rows->column->compare && (a->rank & 1) != rows->ascending) {
		row_a = row_of(rows, ft_order_index(a));
		row_b = row_of(rows, ft_order_index(b));
		way = rows->column->compare(rows->snapshot, &row_a, &row_b, &rows->show);
		if (way != 0)
			return rows->ascending ? way : -way;
	}
	if (lists_each(rows->list) || tie_a != tie_b)
		return (tie_a > tie_b) - (tie_a < tie_b);
	return ft_group_compare(ft_groups_at(rows->groups, ft_order_index(a)),
				ft_groups_at(rows->groups, ft_order_index(b)));
}

/* Ranks rows as they were frozen, known ones first; returns how many are known. */
static size_t rank_by_frozen(struct ft_rows *rows, struct ft_order_entry *entries, size_t count)
{
	uint64_t mask = lists_each(rows->list) ? ID_MASK : UINT64_MAX;
	size_t known = 0, later = count;

	for (size_t i = 0; i < count; i++) {
		uint32_t index = selected_index(rows, i);
		struct ft_row row = row_of(rows, index);
		const struct frozen_rank *slot = frozen_slot(rows, ft_row_id(&row) & mask);
		struct ft_order_entry *entry = &entries[slot->id ? known++ : --later];

		entry->rank = slot->rank;
		entry->tie = tie_of(&row, index);
	}
	return known;
}

/* Ranks the selection, unless `ranked` holds it, and starts a new order of it. */
static void order_rows(struct ft_rows *rows, struct ft_order_entry *ranked)
{
	bool each = lists_each(rows->list);
	size_t count = each ? rows->flow_count : ft_groups_count(rows->groups), known;
	struct ft_order_entry *entries = ranked;

	if (count > FT_ORDER_MAX)
		count = FT_ORDER_MAX;
	known = count;
	if (!entries) {
		entries = ft_order_reset(rows->order, count);
		if (rows->frozen)
			known = rank_by_frozen(rows, entries, count);
		else
			ft_rows_rank(rows, entries, 0, count);
	}
	if (!rows->frozen)
		settle_ranks(rows, entries, count);
	ft_order_start(rows->order, count, each && !rows->column->compare ? NULL : resolve_tie,
		       rows->ascending, rows);
	ft_order_split(rows->order, known);
}

void ft_rows_fill(struct ft_rows *rows, const struct ft_snapshot *snapshot,
		  const struct ft_query *query, size_t want)
{
	const struct ft_column *column = query->sort;
	size_t count;

	if (!column || !(column->lists & (1U << query->list)))
		column = ft_column_default(query->list);
	update_frozen(rows, query, column);
	rows->snapshot = snapshot;
	rows->show = *query->show;
	/* A difference has its own baseline. */
	if (snapshot->difference)
		rows->show.baseline = NULL;
	rows->list = query->list;
	rows->column = column;
	rows->ascending = query->ascending;
	ft_distinct_reset(rows->distinct);
	rows->many_at = 0;
	order_rows(rows, ft_rows_select(rows, snapshot, query));
	count = ft_order_count(rows->order);
	for (size_t i = 0; i < want && i < count; i++)
		ft_order_at(rows->order, i);
}

/* ---- what panes and outputs read */

size_t ft_rows_count(const struct ft_rows *rows)
{
	return ft_order_count(rows->order);
}

struct ft_row ft_rows_at(struct ft_rows *rows, size_t place)
{
	return row_of(rows, ft_order_index(ft_order_at(rows->order, place)));
}

uint64_t ft_row_id(const struct ft_row *row)
{
	if (row->flow)
		return row->flow->flow->id;
	if (row->socket)
		return row->socket->id;
	return row->group ? row->group->id : 0;
}

size_t ft_rows_find(struct ft_rows *rows, uint64_t id)
{
	const struct ft_order_entry *entries = ft_order_entries(rows->order);
	size_t count = ft_order_count(rows->order);
	bool each = lists_each(rows->list);

	for (size_t i = 0; i < count; i++) {
		struct ft_row row;

		if (each && entries[i].tie >> FT_ORDER_INDEX_BITS != (id & ID_MASK))
			continue;
		row = row_of(rows, ft_order_index(&entries[i]));
		if (ft_row_id(&row) == id)
			return ft_order_place(rows->order, i);
	}
	return SIZE_MAX;
}

struct ft_hidden ft_rows_hidden(const struct ft_rows *rows)
{
	return rows->hidden;
}
