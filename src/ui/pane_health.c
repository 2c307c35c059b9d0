/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key 6: what flowtop itself costs (programs in the kernel, threads, memory), how full its log,
 * table and queues are, and the line that adds up. Measured while this is in front or below.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/nls.h"
#include "ui/pane.h"

/* So many nanoseconds of the interval as a share of one CPU, in percent. */
static double share_of(uint64_t ns, const struct ft_cost *cost)
{
	return cost->over_ns ? 100.0 * (double)ns / (double)cost->over_ns : 0;
}

static void add_programs(struct ft_text *text, const char *label, const struct ft_cost *cost,
			 const struct ft_cost_runs *runs)
{
	if (!runs->programs)
		return;
	if (!cost->timed)
		ft_text_pair(text, label, FT_STYLE_TEXT, _("%" PRIu64 " programs"),
			     runs->programs);
	else
		ft_text_pair(text, label, FT_STYLE_TEXT,
			     _("%" PRIu64 " ns a run, %" PRIu64 " runs, %.2f%% of a CPU, %" PRIu64
			       " programs"),
			     runs->runs ? runs->ns / runs->runs : 0, runs->runs,
			     share_of(runs->ns, cost), runs->programs);
}

/* Programs in the kernel. A packet is one run. */
static void add_kernel(struct ft_text *text, const struct ft_cost *cost)
{
	ft_text_heading(text, _("In the kernel"));
	if (!cost->by[FT_COST_PACKETS].programs && !cost->by[FT_COST_OTHER].programs) {
		ft_text_wrap(text, FT_STYLE_TEXT, _("flowtop has no programs there."));
		return;
	}
	add_programs(text, _("for packets"), cost, &cost->by[FT_COST_PACKETS]);
	add_programs(text, _("for sockets"), cost, &cost->by[FT_COST_OTHER]);
	if (!cost->timed && cost->why[0])
		ft_text_wrap(text, FT_STYLE_DIM, cost->why);
}

static void add_threads(struct ft_text *text, const struct ft_cost *cost)
{
	char memory[32], name[64];

	ft_text_heading(text, _("Threads, in percent of a CPU"));
	for (size_t i = 0; i < cost->thread_count; i++) {
		const struct ft_cost_thread *thread = &cost->threads[i];

		ft_fmt_escape(thread->name, strlen(thread->name), text->ascii, name,
			      sizeof(name));
		ft_text_pair(text, name, FT_STYLE_TEXT, "%.2f", share_of(thread->cpu_ns, cost));
	}
	ft_text_pair(text, _("memory"), FT_STYLE_TEXT, _("%sB resident"),
		     ft_fmt_count(cost->resident_bytes, FT_PREFIX_IEC, 6, memory,
				  sizeof(memory)));
}

/* What is bounded, and how full it is. */
static void add_fills(struct ft_text *text, const struct ft_snapshot *snapshot)
{
	const struct ft_store_health *store = &snapshot->store;
	char memory[32];

	ft_text_heading(text, _("How full"));
	ft_text_pair(text, _("log"), store->log_fill >= 900 ? FT_STYLE_WARN : FT_STYLE_TEXT,
		     _("%u.%u%%, %" PRIu64 " entries spilled, %sB of maps"), store->log_fill / 10,
		     store->log_fill % 10, store->spilled,
		     ft_fmt_count(store->map_bytes, FT_PREFIX_IEC, 6, memory, sizeof(memory)));
	ft_text_pair(text, _("sockets"), store->sockets_missed ? FT_STYLE_WARN : FT_STYLE_TEXT,
		     _("%" PRIu64 " samples found no room"), store->sockets_missed);
	ft_text_pair(text, _("table"), snapshot->evicted ? FT_STYLE_WARN : FT_STYLE_TEXT,
		     _("%.1f%%, %zu flows of at most %" PRIu32 ", %" PRIu64 " evicted"),
		     snapshot->max_flows ?
			     100.0 * (double)snapshot->live_flows / snapshot->max_flows : 0.0,
		     snapshot->live_flows, snapshot->max_flows, snapshot->evicted);
	ft_text_pair(text, _("outputs"),
		     snapshot->cost.behind || snapshot->lengthened ? FT_STYLE_WARN : FT_STYLE_TEXT,
		     _("%u, %u behind, %" PRIu64 " intervals lengthened, %" PRIu64 " missed"),
		     snapshot->cost.outputs, snapshot->cost.behind, snapshot->lengthened,
		     snapshot->missed);
}

static void render(struct ft_scene *scene, const struct ft_frame *frame)
{
	const struct ft_snapshot *snapshot = scene->snapshot;
	struct ft_text text;

	ft_text_init(&text, (unsigned)scene->width - 1, FT_LINE_LABEL_CELLS,
		     scene->view->show.ascii);
	if (snapshot && snapshot->cost.over_ns) {
		add_kernel(&text, &snapshot->cost);
		add_threads(&text, &snapshot->cost);
	} else {
		ft_text_wrap(&text, FT_STYLE_TEXT,
			     scene->view->recording ?
				     _("What flowtop cost was not recorded.") :
			     scene->view->paused || scene->view->past ?
				     _("What flowtop costs was not measured at the held moment.") :
				     _("Measuring what flowtop costs ..."));
	}
	if (snapshot) {
		add_fills(&text, snapshot);
		ft_scope_lines(&text, snapshot, false);
	}
	ft_text_render(scene, frame, &text);
	ft_text_done(&text);
}

const struct ft_pane_ops ft_pane_health = { .name = N_("health"), .render = render };
