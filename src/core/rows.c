/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot's lines: select (filter, drill-down), group, rank, order.
 *
 *   select   indexes of the flows that pass, or the groups they add up to; kept as long as
 *            the snapshot and what selects stay the same, so that a change of the sort
 *            column only ranks and orders
 *   rank     a 64-bit number from the sort column, complemented for ascending order
 *   order    made lazily, see order.h
 *   frozen   ranks by row id, kept from the moment of freezing: rows keep the rank they had,
 *            rows that came later go to the end
 */
#include "core/rows.h"

#include <stdlib.h>
#include <string.h>

#include "core/column.h"
#include "core/event.h"
#include "core/filter.h"
#include "core/group.h"
#include "core/order.h"
#include "core/socket.h"
#include "core/xalloc.h"

/* Flows' ids are compared by as many bits as a tie holds. */
#define ID_MASK (UINT64_MAX >> FT_ORDER_INDEX_BITS)

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
	by.list = query->list;
	by.group_by = query->list == FT_LIST_TALKERS ? query->group_by : FT_GROUP_PROCESS;
	by.within = query->within ? query->within->id : 0;
	by.hide_closed = query->hide_closed;
	by.shown = query->filter ? ft_filter_shown(query->filter) : FT_SHOW_ALL;
	by.baseline = query->show->baseline;
	by.base_ns = query->show->base_ns;
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

/* Runs the filter over all flows; lists those that pass, or adds them to the groups. */
static void select_flows(struct ft_rows *rows, const struct ft_query *query)
{
	const struct ft_snapshot *snapshot = rows->snapshot;
	const struct ft_filter *filter = query->filter;
	bool list_flows = query->list == FT_LIST_FLOWS;
	struct ft_filter_run *run;
	size_t count = snapshot->row_count < FT_ORDER_MAX ? snapshot->row_count : FT_ORDER_MAX;

	rows->hidden = (struct ft_hidden){ 0 };
	rows->flow_count = 0;
	if (filter && ft_filter_is_all(filter))
		filter = NULL;
	rows->all_flows = list_flows && !filter && !query->within && !query->hide_closed;
	if (!list_flows)
		ft_groups_reset(rows->groups, rows->by.group_by);
	if (rows->all_flows) {
		rows->flow_count = count;
		return;
	}
	if (list_flows)
		make_room(rows, count);
	run = filter ? ft_filter_run_new(filter, snapshot) : NULL;
	for (size_t i = 0; i < count; i++) {
		const struct ft_flow_hot *flow = &snapshot->rows[i];

		if (run && !ft_filter_run_match(run, flow))
			hide(&rows->hidden, snapshot, flow);
		else if (query->within && !ft_group_has(query->within, snapshot, flow))
			continue;
		else if (!list_flows)
			ft_groups_add(rows->groups, snapshot, flow, query->show->baseline);
		else if (!query->hide_closed || flow->ended == FT_ENDED_NOT)
			rows->flows[rows->flow_count++] = (uint32_t)i;
	}
	if (!list_flows)
		ft_groups_finish(rows->groups, snapshot, query->show->baseline);
	/* Flows that left can neither be filtered nor told from those before the baseline. */
	if (rows->by.list == FT_LIST_PROCESSES && !filter && !query->within &&
	    !query->show->baseline)
		ft_groups_add_past(rows->groups, snapshot);
	ft_filter_run_free(run);
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

/* ---- rank and order */

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

/* Ranks rows by the sort column. */
static void rank_by_column(struct ft_rows *rows, struct ft_order_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t index = selected_index(rows, i);
		struct ft_row row = row_of(rows, index);
		uint64_t rank = rows->column->rank(rows->snapshot, &row, &rows->show);

		entries[i].rank = rows->ascending ? ~rank : rank;
		entries[i].tie = tie_of(&row, index);
	}
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

/* Ranks the selection and starts a new order of it. */
static void rank_rows(struct ft_rows *rows)
{
	bool each = lists_each(rows->list);
	size_t count = each ? rows->flow_count : ft_groups_count(rows->groups), known;
	struct ft_order_entry *entries;

	if (count > FT_ORDER_MAX)
		count = FT_ORDER_MAX;
	entries = ft_order_reset(rows->order, count);
	known = rows->frozen ? rank_by_frozen(rows, entries, count) : count;
	if (!rows->frozen)
		rank_by_column(rows, entries, count);
	ft_order_start(rows->order, count, each && !rows->column->compare ? NULL : resolve_tie,
		       rows);
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
	rows->list = query->list;
	rows->column = column;
	rows->ascending = query->ascending;
	if (!still_selected(rows, snapshot, query)) {
		if (query->list == FT_LIST_SOCKETS)
			select_sockets(rows, query);
		else if (query->list == FT_LIST_EVENTS)
			select_events(rows, query->filter);
		else
			select_flows(rows, query);
	}
	rows->selected = true;
	rank_rows(rows);
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
