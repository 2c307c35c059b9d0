/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the keys do: one small function an action, in one table; those that change panes are in
 * step_panes.c. Each changes the view and says what has become stale; none does input or output.
 */
#include <stdio.h>
#include <string.h>

#include "core/nls.h"
#include "core/snapshot_own.h"
#include "ui/step_priv.h"

typedef unsigned (*ft_act_fn)(struct ft_view *view, enum ft_action action,
			      const struct ft_stage *stage);

void ft_view_sort_by(struct ft_view *view, const struct ft_column *column)
{
	enum ft_list list = ft_view_list(view);

	if (view->sort[list].column == column) {
		view->sort[list].ascending = !view->sort[list].ascending;
	} else {
		view->sort[list].column = column;
		view->sort[list].ascending = column->ascending;
	}
	view->frozen = false;
}

static unsigned act_menu(struct ft_view *view, enum ft_action action,
			 const struct ft_stage *stage)
{
	(void)stage;
	ft_menu_open(view, action == FT_ACTION_GROUP ? FT_MENU_GROUP : FT_MENU_SORT);
	return FT_FX_PAINT;
}

/* The column beside the sort column, in table order, among those on the screen's list. */
static unsigned act_sort_step(struct ft_view *view, enum ft_action action,
			      const struct ft_stage *stage)
{
	enum ft_list list = ft_view_list(view);
	size_t at = (size_t)(view->sort[list].column - ft_columns);
	size_t by = action == FT_ACTION_SORT_NEXT ? 1 : ft_column_count - 1;

	(void)stage;
	do
		at = (at + by) % ft_column_count;
	while (!ft_column_is_on(&ft_columns[at], list, &view->show));
	if (&ft_columns[at] != view->sort[list].column)
		ft_view_sort_by(view, &ft_columns[at]);
	return REFILL;
}

static unsigned act_reverse(struct ft_view *view, enum ft_action action,
			    const struct ft_stage *stage)
{
	enum ft_list list = ft_view_list(view);

	(void)action;
	(void)stage;
	view->sort[list].ascending = !view->sort[list].ascending;
	view->frozen = false;
	return REFILL;
}

/* Keys s and r: by rate, or by total where only totals are shown. */
static unsigned act_sort_way(struct ft_view *view, enum ft_action action,
			     const struct ft_stage *stage)
{
	bool totals = view->show.amounts == FT_AMOUNTS_TOTALS;
	const char *id = action == FT_ACTION_SORT_SENT ? (totals ? "tx_total" : "tx")
						       : (totals ? "rx_total" : "rx");
	const struct ft_column *column = ft_column_find(id);
	enum ft_list list = ft_view_list(view);

	(void)stage;
	if (!column || !(column->lists & (1U << list)))
		return 0;
	view->sort[list].column = column;
	view->sort[list].ascending = false;
	view->frozen = false;
	return REFILL;
}

static unsigned act_freeze(struct ft_view *view, enum ft_action action,
			   const struct ft_stage *stage)
{
	(void)action;
	(void)stage;
	view->frozen = !view->frozen;
	ft_view_say(view, false, "%s",
		    view->frozen ? _("the order is kept as it is") : _("rows are sorted again"));
	return REFILL;
}

static unsigned act_pin(struct ft_view *view, enum ft_action action, const struct ft_stage *stage)
{
	struct ft_frame *front = ft_view_front(view);
	struct ft_pins *pins;
	uint64_t id;

	(void)action;
	if (!stage->listing || front->index >= ft_listing_count(stage->listing))
		return 0;
	pins = &view->pins[front->pane];
	id = ft_listing_id(stage->listing, front->index);
	for (unsigned i = 0; i < pins->count; i++) {
		if (pins->id[i] != id)
			continue;
		memmove(&pins->id[i], &pins->id[i + 1],
			(pins->count - i - 1) * sizeof(pins->id[0]));
		pins->count--;
		return REFILL;
	}
	if (pins->count == FT_PINS_MAX) {
		/* Pins of rows that are gone make room. */
		for (unsigned i = 0; i < pins->count; i++) {
			if (ft_listing_find(stage->listing, pins->id[i]) == SIZE_MAX) {
				pins->id[i] = id;
				return REFILL;
			}
		}
		ft_view_say(view, true, _("no more than %d rows can be pinned"), FT_PINS_MAX);
		return FT_FX_PAINT;
	}
	pins->id[pins->count++] = id;
	return REFILL;
}

static unsigned act_filter(struct ft_view *view, enum ft_action action,
			   const struct ft_stage *stage)
{
	(void)action;
	(void)stage;
	ft_prompt_open(view, FT_PROMPT_FILTER, view->filter_text);
	return FT_FX_PAINT;
}

static unsigned act_find(struct ft_view *view, enum ft_action action,
			 const struct ft_stage *stage)
{
	(void)action;
	if (!stage->listing)
		return 0;
	if (view->find_text[0])
		return ft_find_next(view, ft_view_front(view)->index + 1, stage);
	ft_prompt_open(view, FT_PROMPT_FIND, "");
	return FT_FX_PAINT;
}

/* Another set of protocols and versions, with the same expression. */
static unsigned show_set(struct ft_view *view, unsigned shown)
{
	struct ft_filter *filter = ft_filter_with_shown(view->filter, shown);

	ft_filter_free(view->filter);
	view->filter = filter;
	return REFILL;
}

static unsigned act_clear(struct ft_view *view, enum ft_action action,
			  const struct ft_stage *stage)
{
	(void)action;
	(void)stage;
	view->find_text[0] = '\0';
	ft_view_set_filter(view, "");
	ft_view_say(view, false, _("filters cleared"));
	return show_set(view, FT_SHOW_ALL);
}

static unsigned act_protocol(struct ft_view *view, enum ft_action action,
			     const struct ft_stage *stage)
{
	static const unsigned bits[] = { FT_SHOW_TCP, FT_SHOW_UDP, FT_SHOW_ICMP, FT_SHOW_OTHER };
	unsigned bit = bits[action - FT_ACTION_TCP];
	unsigned shown = ft_filter_shown(view->filter);
	unsigned protocols = shown & FT_SHOW_ALL_PROTOCOLS;

	(void)stage;
	/* From all, the first press means only this; what leaves nothing means all again. */
	protocols = protocols == FT_SHOW_ALL_PROTOCOLS ? bit : protocols ^ bit;
	if (protocols == 0)
		protocols = FT_SHOW_ALL_PROTOCOLS;
	return show_set(view, (shown & ~FT_SHOW_ALL_PROTOCOLS) | protocols);
}

static unsigned act_all(struct ft_view *view, enum ft_action action, const struct ft_stage *stage)
{
	(void)action;
	(void)stage;
	return show_set(view, ft_filter_shown(view->filter) | FT_SHOW_ALL_PROTOCOLS);
}

static unsigned act_version(struct ft_view *view, enum ft_action action,
			    const struct ft_stage *stage)
{
	const unsigned both = FT_SHOW_V4 | FT_SHOW_V6;
	unsigned shown = ft_filter_shown(view->filter);
	unsigned versions = shown & both;

	(void)action;
	(void)stage;
	versions = versions == both ? FT_SHOW_V4 : versions == FT_SHOW_V4 ? FT_SHOW_V6 : both;
	return show_set(view, (shown & ~both) | versions);
}

/* Switches that are one flag. */
static unsigned act_flag(struct ft_view *view, enum ft_action action,
			 const struct ft_stage *stage)
{
	bool *flag = action == FT_ACTION_SERVICES ? &view->show.numeric_ports
		     : action == FT_ACTION_PORTS  ? &view->show.hide_ports
		     : action == FT_ACTION_CLOSED ? &view->hide_closed
						  : &view->show.full_command;

	(void)stage;
	*flag = !*flag;
	if (action == FT_ACTION_CLOSED)
		ft_view_say(view, false, "%s",
			    view->hide_closed ? _("closed flows are not listed, but counted")
					      : _("closed flows are listed"));
	return REFILL;
}

/* From /etc/hosts -> from DNS too -> none -> ... */
static unsigned act_hosts(struct ft_view *view, enum ft_action action,
			  const struct ft_stage *stage)
{
	(void)action;
	(void)stage;
	if (view->show.numeric_hosts) {
		view->show.numeric_hosts = false;
		view->resolve = false;
		ft_view_say(view, false, _("names: from /etc/hosts"));
	} else if (!view->resolve) {
		view->resolve = true;
		ft_view_say(view, false, _("names: from /etc/hosts and DNS"));
	} else {
		view->show.numeric_hosts = true;
		view->resolve = false;
		ft_view_say(view, false, _("names: none, addresses only"));
	}
	return FT_FX_NAMES | REFILL;
}

static unsigned act_unit(struct ft_view *view, enum ft_action action,
			 const struct ft_stage *stage)
{
	static const char *const names[] = { N_("bits"), N_("bytes"), N_("packets") };

	(void)action;
	(void)stage;
	view->show.unit = view->show.unit == FT_UNIT_BITS    ? FT_UNIT_BYTES
			  : view->show.unit == FT_UNIT_BYTES ? FT_UNIT_PACKETS
							     : FT_UNIT_BITS;
	ft_view_say(view, false, _("unit: %s"), _(names[view->show.unit]));
	return REFILL;
}

static unsigned act_amounts(struct ft_view *view, enum ft_action action,
			    const struct ft_stage *stage)
{
	static const char *const names[] = { N_("rates and totals"), N_("rates"), N_("totals") };

	(void)action;
	(void)stage;
	view->show.amounts = view->show.amounts == FT_AMOUNTS_BOTH    ? FT_AMOUNTS_RATES
			     : view->show.amounts == FT_AMOUNTS_RATES ? FT_AMOUNTS_TOTALS
								      : FT_AMOUNTS_BOTH;
	ft_view_say(view, false, _("shown: %s"), _(names[view->show.amounts]));
	return REFILL;
}

static unsigned act_window(struct ft_view *view, enum ft_action action,
			   const struct ft_stage *stage)
{
	(void)action;
	(void)stage;
	view->show.window = (view->show.window + 1) % FT_WINDOWS;
	ft_view_say(view, false, _("rates over %g s"), ft_window_seconds[view->show.window]);
	return REFILL;
}

static unsigned act_zero(struct ft_view *view, enum ft_action action,
			 const struct ft_stage *stage)
{
	(void)action;
	if (!view->baseline && !stage->snapshot)
		return 0;
	if (view->baseline) {
		ft_baseline_free(view->baseline);
		view->baseline = NULL;
		view->show.base_ns = 0;
		ft_view_say(view, false, _("totals: since start"));
	} else {
		view->baseline = ft_baseline_new(stage->snapshot);
		view->show.base_ns = stage->snapshot->end_ns;
		ft_view_say(view, false, _("totals: from now on"));
	}
	view->show.baseline = view->baseline;
	return REFILL;
}

/* Steps through the past, and out of it. */
static unsigned act_past(struct ft_view *view, enum ft_action action, const struct ft_stage *stage)
{
	static const struct {
		enum ft_action action;
		struct ft_wish wish;
	} wishes[] = {
		{ FT_ACTION_STEP_BACK, { FT_WISH_STEPS, -1 } },
		{ FT_ACTION_STEP_ON, { FT_WISH_STEPS, 1 } },
		{ FT_ACTION_MINUTE_BACK, { FT_WISH_TIME, -60000000000 } },
		{ FT_ACTION_MINUTE_ON, { FT_WISH_TIME, 60000000000 } },
		{ FT_ACTION_LIVE, { FT_WISH_LIVE, 0 } },
	};

	(void)stage;
	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
		if (wishes[i].action == action)
			view->wish = wishes[i].wish;
	return FT_FX_PAST | FT_FX_PAINT;
}

static unsigned act_jump(struct ft_view *view, enum ft_action action, const struct ft_stage *stage)
{
	(void)action;
	(void)stage;
	ft_prompt_open(view, FT_PROMPT_JUMP, "");
	return FT_FX_PAINT;
}

/* What only a difference can be sorted by is no order any more. */
static void end_difference(struct ft_view *view)
{
	ft_snapshot_put(view->mark);
	view->mark = NULL;
	for (unsigned i = 0; i < FT_LIST_MAX; i++) {
		if (!(view->sort[i].column->needs & FT_NEEDS_DIFFERENCE))
			continue;
		view->sort[i].column = ft_column_default((enum ft_list)i);
		view->sort[i].ascending = view->sort[i].column->ascending;
	}
	ft_view_say(view, false, _("the difference is over"));
}

static unsigned act_difference(struct ft_view *view, enum ft_action action,
			       const struct ft_stage *stage)
{
	(void)action;
	if (!stage->snapshot)
		return 0;
	if (view->mark) {
		end_difference(view);
		return FT_FX_MARK | REFILL;
	}
	if (stage->snapshot->difference) {
		ft_view_say(view, false, _("this is a difference of two files already"));
		return FT_FX_PAINT;
	}
	/* A copy: it is kept for long, and is to keep nothing of the table. */
	view->mark = ft_snapshot_copy(stage->snapshot);
	ft_view_say(view, false, _("baseline: this moment; B again ends the difference"));
	return FT_FX_MARK | REFILL;
}

static unsigned act_pause(struct ft_view *view, enum ft_action action,
			  const struct ft_stage *stage)
{
	(void)action;
	(void)stage;
	if (view->recording && view->plays) {
		view->held = !view->held;
		return FT_FX_PAINT;
	}
	if (!ft_view_can_pause(view)) {
		ft_view_say(view, false, "%s",
			    view->recording ?
				    _("a recording: , and . go from moment to moment") :
				    _("the past: , and . go from moment to moment, 0 back to now"));
		return FT_FX_PAINT;
	}
	view->paused = !view->paused;
	return view->paused ? FT_FX_PAINT : FT_FX_TAKE | FT_FX_PAINT;
}

/* Says why there is nothing to set; false: there is. */
static bool has_own_intervals(struct ft_view *view)
{
	if (view->recording)
		ft_view_say(view, false, _("a recording has the intervals that it was made with"));
	return view->recording;
}

static unsigned act_interval(struct ft_view *view, enum ft_action action,
			     const struct ft_stage *stage)
{
	(void)action;
	(void)stage;
	if (has_own_intervals(view))
		return FT_FX_PAINT;
	ft_prompt_open(view, FT_PROMPT_INTERVAL, "");
	return FT_FX_PAINT;
}

static unsigned act_interval_step(struct ft_view *view, enum ft_action action,
				  const struct ft_stage *stage)
{
	static const unsigned steps_ms[] = { 100,   200,   500,	   1000,   2000,    5000,
					     10000, 30000, 60000, 300000, 1800000, 3600000 };
	const size_t count = sizeof(steps_ms) / sizeof(steps_ms[0]);
	uint64_t wanted = view->interval_ns;

	(void)stage;
	if (has_own_intervals(view))
		return FT_FX_PAINT;
	if (action == FT_ACTION_SLOWER) {
		for (size_t i = count; i > 0; i--)
			if (steps_ms[i - 1] * 1000000ULL > view->interval_ns)
				wanted = steps_ms[i - 1] * 1000000ULL;
	} else {
		for (size_t i = 0; i < count; i++)
			if (steps_ms[i] * 1000000ULL < view->interval_ns)
				wanted = steps_ms[i] * 1000000ULL;
	}
	ft_view_say(view, false, _("interval: %g s"), (double)wanted / 1e9);
	if (wanted == view->interval_ns)
		return FT_FX_PAINT;
	view->interval_ns = wanted;
	return FT_FX_INTERVAL | FT_FX_PAINT;
}

static unsigned act_write(struct ft_view *view, enum ft_action action,
			  const struct ft_stage *stage)
{
	(void)action;
	if (view->readonly) {
		ft_view_say(view, true, _("read-only: nothing is written (--readonly)"));
		return FT_FX_PAINT;
	}
	return stage->snapshot ? FT_FX_WRITE | FT_FX_PAINT : 0;
}

static unsigned act_copy(struct ft_view *view, enum ft_action action,
			 const struct ft_stage *stage)
{
	(void)view;
	(void)action;
	return stage->snapshot ? FT_FX_COPY | FT_FX_PAINT : 0;
}

static unsigned act_actions(struct ft_view *view, enum ft_action action,
			    const struct ft_stage *stage)
{
	(void)action;
	return ft_actions_open(view, stage);
}

static unsigned act_redraw(struct ft_view *view, enum ft_action action,
			   const struct ft_stage *stage)
{
	(void)view;
	(void)action;
	(void)stage;
	return FT_FX_REDRAW;
}

static unsigned act_suspend(struct ft_view *view, enum ft_action action,
			    const struct ft_stage *stage)
{
	(void)view;
	(void)action;
	(void)stage;
	return FT_FX_SUSPEND;
}

static unsigned act_quit(struct ft_view *view, enum ft_action action,
			 const struct ft_stage *stage)
{
	(void)view;
	(void)action;
	(void)stage;
	return FT_FX_QUIT;
}

static const ft_act_fn acts[FT_ACTION_MAX] = {
	[FT_ACTION_PANE_1] = ft_act_pane,
	[FT_ACTION_PANE_2] = ft_act_pane,
	[FT_ACTION_PANE_3] = ft_act_pane,
	[FT_ACTION_PANE_4] = ft_act_pane,
	[FT_ACTION_PANE_5] = ft_act_pane,
	[FT_ACTION_HEALTH] = ft_act_overlay,
	[FT_ACTION_PANE_NEXT] = ft_act_pane_step,
	[FT_ACTION_PANE_PREVIOUS] = ft_act_pane_step,
	[FT_ACTION_COLUMNS_LEFT] = ft_act_columns,
	[FT_ACTION_COLUMNS_RIGHT] = ft_act_columns,
	[FT_ACTION_ENTER] = ft_act_enter,
	[FT_ACTION_BACK] = ft_act_back,
	[FT_ACTION_HELP] = ft_act_overlay,
	[FT_ACTION_INTERFACES] = ft_act_overlay,
	[FT_ACTION_GROUP] = act_menu,
	[FT_ACTION_SORT_PREVIOUS] = act_sort_step,
	[FT_ACTION_SORT_NEXT] = act_sort_step,
	[FT_ACTION_SORT_MENU] = act_menu,
	[FT_ACTION_REVERSE] = act_reverse,
	[FT_ACTION_SORT_SENT] = act_sort_way,
	[FT_ACTION_SORT_RECEIVED] = act_sort_way,
	[FT_ACTION_FREEZE] = act_freeze,
	[FT_ACTION_PIN] = act_pin,
	[FT_ACTION_FILTER] = act_filter,
	[FT_ACTION_FIND] = act_find,
	[FT_ACTION_CLEAR] = act_clear,
	[FT_ACTION_TCP] = act_protocol,
	[FT_ACTION_UDP] = act_protocol,
	[FT_ACTION_ICMP] = act_protocol,
	[FT_ACTION_OTHER] = act_protocol,
	[FT_ACTION_ALL] = act_all,
	[FT_ACTION_VERSION] = act_version,
	[FT_ACTION_CLOSED] = act_flag,
	[FT_ACTION_HOSTS] = act_hosts,
	[FT_ACTION_SERVICES] = act_flag,
	[FT_ACTION_PORTS] = act_flag,
	[FT_ACTION_COMMAND] = act_flag,
	[FT_ACTION_UNIT] = act_unit,
	[FT_ACTION_AMOUNTS] = act_amounts,
	[FT_ACTION_WINDOW] = act_window,
	[FT_ACTION_ZERO] = act_zero,
	[FT_ACTION_STEP_BACK] = act_past,
	[FT_ACTION_STEP_ON] = act_past,
	[FT_ACTION_MINUTE_BACK] = act_past,
	[FT_ACTION_MINUTE_ON] = act_past,
	[FT_ACTION_JUMP] = act_jump,
	[FT_ACTION_LIVE] = act_past,
	[FT_ACTION_DIFFERENCE] = act_difference,
	[FT_ACTION_PAUSE] = act_pause,
	[FT_ACTION_INTERVAL] = act_interval,
	[FT_ACTION_SLOWER] = act_interval_step,
	[FT_ACTION_FASTER] = act_interval_step,
	[FT_ACTION_WRITE] = act_write,
	[FT_ACTION_COPY] = act_copy,
	[FT_ACTION_ACTIONS] = act_actions,
	[FT_ACTION_REDRAW] = act_redraw,
	[FT_ACTION_SUSPEND] = act_suspend,
	[FT_ACTION_CLOSE] = ft_act_close,
	[FT_ACTION_QUIT] = act_quit,
};

unsigned ft_act(struct ft_view *view, enum ft_action action, const struct ft_stage *stage)
{
	if (action >= FT_ACTION_UP && action <= FT_ACTION_END)
		return ft_move(view, action, stage);
	return acts[action] ? acts[action](view, action, stage) : 0;
}

/* What nobody sees is not acted upon: no file is written by a key that was meant for a menu. */
static unsigned step_unseen(struct ft_view *view, const struct ft_event *event,
			    const struct ft_stage *stage)
{
	enum ft_action action = ft_action_of(event->key);

	switch (event->pasted ? FT_ACTION_NONE : action) {
	case FT_ACTION_CLOSE:
	case FT_ACTION_QUIT:
	case FT_ACTION_SUSPEND:
	case FT_ACTION_REDRAW:
		return ft_act(view, action, stage);
	default:
		return 0;
	}
}

unsigned ft_view_step(struct ft_view *view, const struct ft_event *event,
		      const struct ft_stage *stage)
{
	unsigned effects = view->message[0] ? FT_FX_PAINT : 0;

	if (stage->unseen)
		return step_unseen(view, event, stage);
	view->message[0] = '\0';
	if (view->prompt.kind != FT_PROMPT_NONE)
		return effects | ft_prompt_step(view, event, stage);
	if (event->pasted)
		return effects;
	if (event->key >= FT_KEY_CLICK)
		return effects | ft_mouse(view, event, stage);
	if (view->menu.kind != FT_MENU_NONE)
		return effects | ft_menu_step(view, event, stage);
	return effects | ft_act(view, ft_action_of(event->key), stage);
}
