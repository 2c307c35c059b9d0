/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rows of a snapshot are printed. All formats walk them through here, so that the flow
 * records of an interval and `hidden` always sum to the line's `flows`.
 */
#include "output/record.h"

#include <stdlib.h>

#include "core/column.h"
#include "core/event.h"

/* Config is borrowed and stays as it is. */
void ft_pick_init(struct ft_pick *pick, const struct ft_output_config *config)
{
	*pick = (struct ft_pick){ .rows = ft_rows_new(), .config = config };
	if (config->query.show)
		pick->show = *config->query.show;
	/* Key z is the screen's: records count since first seen. */
	pick->show.base_ns = 0;
	pick->show.baseline = NULL;
}

/* Frees the rows. */
void ft_pick_done(struct ft_pick *pick)
{
	ft_rows_free(pick->rows);
	pick->rows = NULL;
}

/* Id of the first event that is new in this snapshot. */
static uint64_t fresh_id(const struct ft_event_list *events)
{
	size_t fresh = ft_event_list_fresh(events);

	return fresh < ft_event_list_count(events) ? ft_event_list_at(events, fresh)->flow.id :
						     UINT64_MAX;
}

/* Lists one kind of row anew. */
void ft_pick_begin(struct ft_pick *pick, const struct ft_snapshot *snapshot, enum ft_list list)
{
	struct ft_query query = pick->config->query;

	pick->show.difference = snapshot->difference != NULL;
	query.list = list;
	if (list == FT_LIST_PROCESSES)
		query.group_by = FT_GROUP_PROCESS;
	query.show = &pick->show;
	if (!query.sort || !(query.sort->lists & (1U << list))) {
		query.sort = ft_column_default(list);
		query.ascending = query.sort->ascending;
	}
	ft_rows_fill(pick->rows, snapshot, &query,
		     pick->config->max_rows ? pick->config->max_rows : SIZE_MAX);
	pick->list = list;
	pick->next = 0;
	pick->printed = 0;
	pick->record = (struct ft_record){
		.snapshot = snapshot,
		.observer = pick->config->observer,
		.show = &pick->show,
	};
	/* Only flows count. */
	pick->hidden = list == FT_LIST_SOCKETS || list == FT_LIST_EVENTS ?
			       (struct ft_hidden){ 0 } : ft_rows_hidden(pick->rows);
	pick->fresh_id = fresh_id(snapshot->events);
}

/* True if the interval has something to say about this row. */
static bool is_due(const struct ft_pick *pick, const struct ft_row *row)
{
	if (pick->config->one_moment || pick->record.snapshot->difference)
		return true;
	if (row->socket)
		return true; /* how it is now is what there is to say */
	if (row->event)
		return row->event->flow.id >= pick->fresh_id;
	if (row->flow)
		return row->flow->delta || row->flow->ended_now;
	return row->group->delta_tx.packets || row->group->delta_rx.packets;
}

/* A flow that -L keeps off the page: its counts are hidden. */
static void hide(struct ft_pick *pick, const struct ft_flow_hot *flow)
{
	const struct ft_counts *delta = ft_snapshot_delta(pick->record.snapshot, flow);

	pick->hidden.flows++;
	for (int dir = 0; dir < 2; dir++) {
		pick->hidden.interval.packets += delta[dir].packets;
		pick->hidden.interval.bytes += delta[dir].bytes;
		pick->hidden.interval.l2_bytes += delta[dir].l2_bytes;
	}
}

/* The next row that is printed. */
const struct ft_record *ft_pick_next(struct ft_pick *pick)
{
	size_t count = ft_rows_count(pick->rows);

	while (pick->next < count) {
		pick->row = ft_rows_at(pick->rows, pick->next++);
		if (!is_due(pick, &pick->row))
			continue;
		if (pick->config->max_rows && pick->printed >= pick->config->max_rows) {
			if (pick->row.flow && !pick->row.event)
				hide(pick, pick->row.flow);
			else
				pick->next = count;
			continue;
		}
		pick->printed++;
		pick->record.flow = pick->row.flow;
		pick->record.group = pick->row.group;
		pick->record.socket = pick->row.socket;
		pick->record.event = pick->row.event;
		return &pick->record;
	}
	return NULL;
}
