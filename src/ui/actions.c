/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key x: what can be done with a row, as a menu; one row of a table each. All but packets have keys
 * of their own and are those. Which row is meant is settled when the menu opens: rows may move below
 * it.
 */
#include <stddef.h>

#include "core/difference.h"
#include "core/event.h"
#include "core/nls.h"
#include "core/socket.h"
#include "ui/view.h"

bool ft_view_is_writing(const struct ft_view *view, uint64_t flow)
{
	for (unsigned i = 0; i < view->writing_count; i++)
		if (view->writing[i] == flow)
			return true;
	return false;
}

static unsigned act_packets(struct ft_view *view)
{
	view->packets.stop = ft_view_is_writing(view, view->packets.flow);
	return FT_FX_PACKETS | FT_FX_PAINT;
}

static const struct item {
	enum ft_action action;
	bool lists_only;
	const char *text, *otherwise; /* N_(); otherwise: while packets are written */
} items[] = {
	{ FT_ACTION_ACTIONS, false, N_("write its packets to a file"),
	  N_("stop writing its packets") },
	{ FT_ACTION_ENTER, true, N_("details"), NULL },
	{ FT_ACTION_PIN, true, N_("pin the row to the top, or let it go"), NULL },
	{ FT_ACTION_COPY, false, N_("copy the row to the clipboard (OSC 52)"), NULL },
};
#define ITEMS (sizeof(items) / sizeof(items[0]))

/* The n-th that can be done in the pane in front. */
static const struct item *item_of(const struct ft_view *view, size_t n)
{
	bool list = ft_pane_is_list(ft_view_front_const(view)->pane);

	for (size_t i = 0; i < ITEMS; i++)
		if ((list || !items[i].lists_only) && n-- == 0)
			return &items[i];
	return NULL;
}

size_t ft_actions_count(const struct ft_view *view)
{
	size_t count = 0;

	while (item_of(view, count))
		count++;
	return count;
}

const char *ft_actions_text(const struct ft_view *view, size_t choice)
{
	const struct item *item = item_of(view, choice);

	if (!item)
		return "";
	if (item->otherwise && ft_view_is_writing(view, view->packets.flow))
		return _(item->otherwise);
	return _(item->text);
}

unsigned ft_actions_choose(struct ft_view *view, size_t choice, const struct ft_stage *stage)
{
	const struct item *item = item_of(view, choice);

	if (!item)
		return FT_FX_PAINT;
	if (item->action == FT_ACTION_ACTIONS)
		return act_packets(view);
	return ft_act(view, item->action, stage) | FT_FX_PAINT;
}

/* The flow of the row in front, or of the details; NULL: it has none. */
static const struct ft_flow_hot *flow_of(const struct ft_view *view, const struct ft_stage *stage)
{
	const struct ft_frame *front = ft_view_front_const(view);
	const struct ft_snapshot *snapshot = stage->snapshot;
	struct ft_row row;

	for (size_t i = 0; front->pane == FT_PANE_DETAILS && i < snapshot->row_count; i++)
		if (snapshot->rows[i].flow->id == front->subject)
			return &snapshot->rows[i];
	if (!stage->listing || front->index >= ft_listing_count(stage->listing))
		return NULL;
	row = ft_listing_at(stage->listing, front->index);
	if (row.event)
		return ft_event_flow(snapshot, row.event);
	if (row.socket)
		return ft_socket_flow(snapshot, row.socket);
	return row.flow;
}

/* Why a flow's packets can't be had, NULL if they can. */
static const char *refusal(const struct ft_view *view, const struct ft_snapshot *snapshot,
			   const struct ft_flow_hot *flow)
{
	if (view->readonly)
		return N_("read-only: nothing is written (--readonly)");
	if (view->recording)
		return N_("a recording has no packets");
	if (snapshot->progress >= 0)
		return N_("packets of a capture file: -r FILE -w OTHER.pcapng writes them");
	if (!flow && !ft_pane_is_list(ft_view_front_const(view)->pane))
		return N_("packets are written of a flow, and there is none here");
	if (!flow)
		return N_("packets are written of a flow, and this row is none: Enter shows its flows");
	if (ft_view_is_writing(view, flow->flow->id))
		return NULL;
	if (flow->ended != FT_ENDED_NOT || ft_flow_has_vanished(snapshot, flow))
		return N_("this flow has ended: it sends no more packets");
	if (view->writing_count == FT_TAPS_MAX)
		return N_("packets of no more flows can be written at once");
	return NULL;
}

unsigned ft_actions_open(struct ft_view *view, const struct ft_stage *stage)
{
	const struct ft_flow_hot *flow;
	const char *why;

	if (!stage->snapshot)
		return 0;
	flow = flow_of(view, stage);
	why = refusal(view, stage->snapshot, flow);
	if (why) {
		ft_view_say(view, true, "%s", _(why));
		return FT_FX_PAINT;
	}
	view->packets = (struct ft_packets_wish){ .flow = flow->flow->id, .key = flow->flow->key };
	if (stage->listing)
		ft_view_front(view)->selected =
			ft_listing_id(stage->listing, ft_view_front_const(view)->index);
	ft_menu_open(view, FT_MENU_ACTIONS);
	return FT_FX_PAINT;
}
