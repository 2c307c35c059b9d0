/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Among panes: which list is shown, what is put in front of it, what Enter opens and Esc takes away
 * again. All that changes the stack of panes is here, apart from the other keys, so that its rules
 * (never a pane twice, back to the row one came from) can be read in one place. Called by the table
 * in step.c; how one moves within a pane is in move.c.
 */
#include <string.h>

#include "core/event.h"
#include "core/nls.h"
#include "core/socket.h"
#include "ui/step_priv.h"

void ft_view_show_list(struct ft_view *view, enum ft_list list)
{
	view->depth = 0;
	view->list = list;
}

/* Puts a pane in front; NULL if too many are there already. */
static struct ft_frame *push(struct ft_view *view, enum ft_pane_id pane)
{
	struct ft_frame *frame;

	if (view->depth == FT_STACK_MAX)
		return NULL;
	frame = &view->stack[view->depth++];
	memset(frame, 0, sizeof(*frame));
	frame->pane = pane;
	return frame;
}

/* Help, interfaces: in front, or away again if they are; never twice among the panes. */
static unsigned toggle_pane(struct ft_view *view, enum ft_pane_id pane)
{
	if (ft_view_front(view)->pane == pane) {
		view->depth--;
		return REFILL;
	}
	for (unsigned i = 0; i < view->depth; i++) {
		if (view->stack[i].pane == pane) {
			view->depth = i + 1;
			return REFILL;
		}
	}
	push(view, pane);
	return REFILL;
}

unsigned ft_act_pane(struct ft_view *view, enum ft_action action, const struct ft_stage *stage)
{
	(void)stage;
	ft_view_show_list(view, (enum ft_list)(action - FT_ACTION_PANE_1));
	return REFILL;
}

unsigned ft_act_pane_step(struct ft_view *view, enum ft_action action, const struct ft_stage *stage)
{
	unsigned by = action == FT_ACTION_PANE_NEXT ? 1 : FT_LIST_MAX - 1;

	(void)stage;
	ft_view_show_list(view, (enum ft_list)((view->list + by) % FT_LIST_MAX));
	return REFILL;
}

unsigned ft_act_columns(struct ft_view *view, enum ft_action action, const struct ft_stage *stage)
{
	struct ft_frame *front = ft_view_front(view);

	if (!stage->listing)
		return 0;
	if (action == FT_ACTION_COLUMNS_LEFT)
		front->skip -= front->skip > 0;
	else if (front->skip < stage->columns_right)
		front->skip++;
	return FT_FX_PAINT;
}

/* Puts the details of a flow in front; those of it that are there already come back. */
static unsigned show_details(struct ft_view *view, uint64_t id)
{
	struct ft_frame *frame;

	for (unsigned i = 0; i < view->depth; i++) {
		if (view->stack[i].pane == FT_PANE_DETAILS && view->stack[i].subject == id) {
			view->depth = i + 1;
			return REFILL;
		}
	}
	frame = push(view, FT_PANE_DETAILS);
	if (!frame)
		return 0;
	frame->subject = id;
	return REFILL;
}

/* From a flow's details to the next place where its conversation is seen. */
static unsigned enter_pair(struct ft_view *view, const struct ft_stage *stage)
{
	const struct ft_snapshot *snapshot = stage->snapshot;
	uint64_t id = ft_view_front(view)->subject;

	for (size_t i = 0; snapshot && i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];

		if (row->flow->id != id)
			continue;
		row = ft_snapshot_pair(snapshot, row);
		return row ? show_details(view, row->flow->id) : 0;
	}
	return 0;
}

/* Opens the row under the selection. */
unsigned ft_act_enter(struct ft_view *view, enum ft_action action, const struct ft_stage *stage)
{
	struct ft_frame *front = ft_view_front(view), *frame;
	const struct ft_column *name = NULL;
	struct ft_row row;

	(void)action;
	if (front->pane == FT_PANE_DETAILS)
		return enter_pair(view, stage);
	if (!stage->listing || front->index >= ft_listing_count(stage->listing))
		return 0;
	row = ft_listing_at(stage->listing, front->index);
	if (row.event) {
		row.flow = ft_event_flow(stage->snapshot, row.event);
		if (!row.flow) {
			ft_view_say(view, false, _("its flow is not (or no longer) in the table"));
			return FT_FX_PAINT;
		}
		row.event = NULL;
	}
	/* Coming back means coming back to this row, also if nobody had chosen it yet. */
	front->selected = ft_row_id(&row);
	if (row.socket) {
		row.flow = ft_socket_flow(stage->snapshot, row.socket);
		if (!row.flow) {
			ft_view_say(view, false, _("nothing has passed through this socket yet"));
			return FT_FX_PAINT;
		}
		row.socket = NULL;
	}
	frame = push(view, row.flow ? FT_PANE_DETAILS : FT_PANE_FLOWS);
	if (!frame)
		return 0;
	if (row.flow) {
		frame->subject = ft_row_id(&row);
		return REFILL;
	}
	frame->drilled = true;
	frame->within = *row.group;
	for (size_t i = 0; i < ft_column_count && !name; i++)
		if (ft_columns[i].lists & (1U << front->pane) &&
		    !(ft_columns[i].needs & FT_NEEDS_DIFFERENCE))
			name = &ft_columns[i];
	if (name)
		name->format(stage->snapshot, &row, &view->show, 40, frame->title,
			     sizeof(frame->title));
	return REFILL;
}

unsigned ft_act_back(struct ft_view *view, enum ft_action action, const struct ft_stage *stage)
{
	(void)action;
	(void)stage;
	if (view->depth) {
		view->depth--;
		return REFILL;
	}
	view->find_text[0] = '\0';
	return FT_FX_PAINT;
}

unsigned ft_act_close(struct ft_view *view, enum ft_action action, const struct ft_stage *stage)
{
	return view->depth ? ft_act_back(view, action, stage) : FT_FX_QUIT;
}

unsigned ft_act_overlay(struct ft_view *view, enum ft_action action, const struct ft_stage *stage)
{
	(void)stage;
	if (action == FT_ACTION_HEALTH)
		return toggle_pane(view, FT_PANE_HEALTH);
	return toggle_pane(view, action == FT_ACTION_HELP ? FT_PANE_HELP : FT_PANE_INTERFACES);
}
