/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of a snapshot's flows, sockets or events are listed: those that pass the filter and the
 * drill-down, or the groups they add up to. Called once a fill, by rows.c, which ranks and orders
 * what is selected here; apart from it because a selection outlives many orders: it stays while
 * the snapshot and what selects are the same.
 */
#include <stdlib.h>
#include <string.h>

#include "core/difference.h"
#include "core/event.h"
#include "core/filter.h"
#include "core/rows_priv.h"
#include "core/socket.h"
#include "core/xalloc.h"

/* Flows that are selected and ranked together, while a near cache holds them. */
#define BLOCK 1024U

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
	else if (!query->hide_closed || !ft_flow_is_over(flow))
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
		ft_rows_ask_ahead(rows->snapshot, i);
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
			ft_rows_rank(rows, entries, listed, rows->flow_count);
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

struct ft_order_entry *ft_rows_select(struct ft_rows *rows, const struct ft_snapshot *snapshot,
				      const struct ft_query *query)
{
	struct ft_order_entry *ranked = NULL;

	if (!still_selected(rows, snapshot, query)) {
		if (query->list == FT_LIST_SOCKETS)
			select_sockets(rows, query);
		else if (query->list == FT_LIST_EVENTS)
			select_events(rows, query->filter);
		else
			ranked = select_flows(rows, query);
	}
	rows->selected = true;
	return ranked;
}
