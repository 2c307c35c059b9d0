/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot's lines: select (filter, drill-down), group, rank, order.
 *
 *   select   indexes of the flows that pass, or the groups they add up to; kept as long as
 *            the snapshot and what selects stay the same, so that a change of the sort
 *            column only ranks and orders. A million flows are more than caches hold: those
 *            of a block are ranked right after they were selected
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
#include "core/difference.h"
#include "core/distinct.h"
#include "core/event.h"
#include "core/filter.h"
#include "core/group.h"
#include "core/order.h"
#include "core/socket.h"
#include "core/xalloc.h"

/* Flows' ids are compared by as many bits as a tie holds. */
#define ID_MASK (UINT64_MAX >> FT_ORDER_INDEX_BITS)
/* Flows that are selected and ranked together, while a near cache holds them. */
#define BLOCK 1024U
/* Rows of which the cold record is asked for in advance: it may lie anywhere. */
#define AHEAD 16U

/* What a selection was made from: the same values give the same selection. */
struct selected_by {
	uint64_t generation;
	enum ft_list list;
	enum ft_group_by group_by;
	uint64_t within; /* group's id, 0 = none */
	bool hide_closed;
	unsigned shown;
	const struct ft_baseline *baseline;
	uint64_t base_ns; /* tells baselines apart that had the same memory */
	const struct ft_snapshot *snapshot;
	uint64_t difference; /* its serial, 0 = none */
};

/* Rank at the moment of freezing, by row id. */
struct frozen_rank {
	uint64_t id; /* 0 = free */
	uint64_t rank;
};

struct ft_rows {
	const struct ft_snapshot *snapshot;
	struct ft_show show;
	enum ft_list list;
	const struct ft_column *column;
	bool ascending;

	struct selected_by by;
	char *by_text;      /* the filter's expression */
	bool selected;      /* by, flows and groups hold a selection */
	uint32_t *flows;    /* indexes of flows or sockets that pass */
	size_t flow_count, flow_room;
	bool all_flows;     /* every row passes: flows is not filled */
	struct ft_groups *groups;
	struct ft_hidden hidden;

	struct ft_order *order;
	struct ft_distinct *distinct; /* texts of the sort column */
	size_t many_at;               /* rows ranked when it had more than that holds, 0 = it has not */
	struct frozen_rank *frozen; /* NULL = not frozen */
	size_t frozen_size;         /* a power of two */
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

/* Asks for what selecting and ranking read of a flow some rows behind this one. */
static inline void ask_ahead(const struct ft_snapshot *snapshot, size_t row)
{
	const char *cold;

	if (row + AHEAD >= snapshot->row_count)
		return;
	cold = (const char *)snapshot->rows[row + AHEAD].flow;
	__builtin_prefetch(cold);
	__builtin_prefetch(cold + sizeof(struct ft_flow) - 1);
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

/* Ranks the numbers from..to - 1 of the selection by the sort column. */
static void rank_by_column(struct ft_rows *rows, struct ft_order_entry *entries, size_t from,
			   size_t to)
{
	for (size_t i = from; i < to; i++) {
		uint32_t index = selected_index(rows, i);
		struct ft_row row = row_of(rows, index);

		if (rows->list == FT_LIST_FLOWS)
			ask_ahead(rows->snapshot, index);
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
		rank_by_column(rows, entries, 0, rows->many_at); /* no tokens this time */
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

/* ---- select */

/* True if the rows hold the selection that query asks for. Remembers what it asks for. */
static bool still_selected(struct ft_rows *rows, const struct ft_snapshot *snapshot,
			   const struct ft_query *query)
{
	const char *text = query->filter ? ft_filter_text(query->filter) : "";
	struct selected_by by;
	bool same;

	memset(&by, 0, sizeof(by)); /* padding too: compared as bytes */
	by.generation = snapshot->generation;
	by.snapshot = snapshot;
	by.difference = snapshot->difference ? snapshot->difference->serial : 0;
	by.list = query->list;
	by.group_by = query->list == FT_LIST_TALKERS ? query->group_by : FT_GROUP_PROCESS;
	by.within = query->within ? query->within->id : 0;
	by.hide_closed = query->hide_closed;
	by.shown = query->filter ? ft_filter_shown(query->filter) : FT_SHOW_ALL;
	by.baseline = rows->show.baseline;
	by.base_ns = rows->show.base_ns;
	same = rows->selected && memcmp(&by, &rows->by, sizeof(by)) == 0 &&
	       strcmp(text, rows->by_text) == 0;
	if (!same) {
		char *copy = xstrdup(text);

		free(rows->by_text);
		rows->by_text = copy;
		memcpy(&rows->by, &by, sizeof(by));
	}
	return same;
}

/* Counts a flow that the filter leaves out. */
static void hide(struct ft_hidden *hidden, const struct ft_snapshot *snapshot,
		 const struct ft_flow_hot *flow)
{
	const struct ft_counts *delta;

	hidden->flows++;
	if (!flow->delta)
		return;
	delta = ft_snapshot_delta(snapshot, flow);
	for (int dir = 0; dir < 2; dir++) {
		hidden->interval.packets += delta[dir].packets;
		hidden->interval.bytes += delta[dir].bytes;
		hidden->interval.l2_bytes += delta[dir].l2_bytes;
	}
}

/* Room for as many indexes. */
static void make_room(struct ft_rows *rows, size_t count)
{
	if (rows->flow_room >= count)
		return;
	free(rows->flows);
	rows->flow_room = count + count / 8;
	rows->flows = xreallocarray(NULL, rows->flow_room, sizeof(*rows->flows));
}

/* Runs the filter over all sockets. */
static void select_sockets(struct ft_rows *rows, const struct ft_query *query)
{
	const struct ft_socket_list *list = rows->snapshot->socket_list;
	const struct ft_filter *filter = query->filter;
	size_t count = list ? list->count : 0;
	struct ft_filter_run *run;

	rows->hidden = (struct ft_hidden){ 0 };
	rows->flow_count = 0;
	rows->all_flows = false;
	make_room(rows, count);
	run = filter && !ft_filter_is_all(filter) ? ft_filter_run_new(filter, rows->snapshot) :
						    NULL;
	for (size_t i = 0; i < count; i++) {
		if (run && !ft_filter_run_match_socket(run, &list->sockets[i]))
			rows->hidden.flows++;
		else if (!query->hide_closed || !ft_socket_is_over(&list->sockets[i]))
			rows->flows[rows->flow_count++] = (uint32_t)i;
	}
	ft_filter_run_free(run);
}

/* Lists the events that pass the filter. */
static void select_events(struct ft_rows *rows, const struct ft_filter *filter)
{
	const struct ft_event_list *events = rows->snapshot->events;
	size_t count = ft_event_list_count(events);
	struct ft_filter_run *run;

	rows->hidden = (struct ft_hidden){ 0 };
	rows->flow_count = count;
	rows->all_flows = !filter || ft_filter_is_all(filter);
	if (rows->all_flows)
		return;
	make_room(rows, count);
	rows->flow_count = 0;
	run = ft_filter_run_new(filter, rows->snapshot);
	for (size_t i = 0; i < count; i++)
		if (ft_filter_run_match_event(run, ft_event_list_at(events, i)))
			rows->flows[rows->flow_count++] = (uint32_t)i;
	rows->hidden.flows = count - rows->flow_count;
	ft_filter_run_free(run);
}

/* A flow that passes the filter: lists it, or adds it to the groups. */
static inline void select_flow(struct ft_rows *rows, const struct ft_query *query, size_t index)
{
	const struct ft_flow_hot *flow = &rows->snapshot->rows[index];

	if (query->within && !ft_group_has(query->within, rows->snapshot, flow))
		return;
	if (query->list != FT_LIST_FLOWS)
		ft_groups_add(rows->groups, rows->snapshot, flow, rows->show.baseline);
	else if (!query->hide_closed || flow->ended == FT_ENDED_NOT)
		rows->flows[rows->flow_count++] = (uint32_t)index;
}

/* Runs the filter over the flows of some rows; lists those that pass, or adds them to the
 * groups. */
static void filter_block(struct ft_rows *rows, const struct ft_query *query,
			 struct ft_filter_run *run, size_t from, size_t to)
{
	const struct ft_snapshot *snapshot = rows->snapshot;

	for (; from < to; from += FT_FILTER_ROWS) {
		size_t count = to - from < FT_FILTER_ROWS ? to - from : FT_FILTER_ROWS;
		uint64_t pass = ft_filter_run_match_rows(run, &snapshot->rows[from], count,
							 snapshot->row_count - from - count);
		uint64_t asked = count < FT_FILTER_ROWS ? (1ULL << count) - 1 : UINT64_MAX;
		uint64_t fail = ~pass & asked;

		for (uint64_t left = pass; left; left &= left - 1)
			select_flow(rows, query, from + (size_t)__builtin_ctzll(left));
		for (uint64_t left = fail; left; left &= left - 1)
			hide(&rows->hidden, snapshot,
			     &snapshot->rows[from + (size_t)__builtin_ctzll(left)]);
	}
}

/* The same where all flows pass. */
static void select_block(struct ft_rows *rows, const struct ft_query *query, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		ask_ahead(rows->snapshot, i);
		select_flow(rows, query, i);
	}
}

/* All flows, a block at a time; with `entries` those that are listed are ranked too. */
static void select_blocks(struct ft_rows *rows, const struct ft_query *query,
			  const struct ft_filter *filter, struct ft_order_entry *entries)
{
	size_t count = rows->snapshot->row_count < FT_ORDER_MAX ? rows->snapshot->row_count :
								  FT_ORDER_MAX;
	struct ft_filter_run *run = filter ? ft_filter_run_new(filter, rows->snapshot) : NULL;

	for (size_t from = 0; from < count; from += BLOCK) {
		size_t listed = rows->flow_count, to = from + BLOCK < count ? from + BLOCK : count;

		if (run)
			filter_block(rows, query, run, from, to);
		else
			select_block(rows, query, from, to);
		if (entries)
			rank_by_column(rows, entries, listed, rows->flow_count);
	}
	ft_filter_run_free(run);
}

/* Selects flows, for a list of them or for groups. Returns what is listed if it is ranked. */
static struct ft_order_entry *select_flows(struct ft_rows *rows, const struct ft_query *query)
{
	const struct ft_snapshot *snapshot = rows->snapshot;
	const struct ft_filter *filter = query->filter;
	bool list_flows = query->list == FT_LIST_FLOWS;
	struct ft_order_entry *entries = NULL;
	size_t count = snapshot->row_count < FT_ORDER_MAX ? snapshot->row_count : FT_ORDER_MAX;

	rows->hidden = snapshot->withheld;
	rows->flow_count = 0;
	if (filter && ft_filter_is_all(filter))
		filter = NULL;
	rows->all_flows = list_flows && !filter && !query->within && !query->hide_closed;
	if (rows->all_flows) {
		rows->flow_count = count;
		return NULL;
	}
	if (list_flows) {
		make_room(rows, count);
		if (!rows->frozen)
			entries = ft_order_reset(rows->order, count);
		select_blocks(rows, query, filter, entries);
		return entries;
	}
	ft_groups_reset(rows->groups, rows->by.group_by, snapshot->difference);
	select_blocks(rows, query, filter, NULL);
	/* Flows that left can neither be filtered nor told from those before the baseline. */
	if (rows->by.list == FT_LIST_PROCESSES && !filter && !query->within &&
	    !rows->show.baseline)
		ft_groups_add_past(rows->groups, snapshot);
	ft_groups_finish(rows->groups, snapshot, rows->show.baseline);
	return NULL;
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
			rank_by_column(rows, entries, 0, count);
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
	struct ft_order_entry *ranked = NULL;
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
	if (!still_selected(rows, snapshot, query)) {
		if (query->list == FT_LIST_SOCKETS)
			select_sockets(rows, query);
		else if (query->list == FT_LIST_EVENTS)
			select_events(rows, query->filter);
		else
			ranked = select_flows(rows, query);
	}
	rows->selected = true;
	order_rows(rows, ranked);
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
