/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key i: the line that adds up of each scope with the causes of its terms, the interfaces with
 * their raw counters and drops, how samples come in, and all notes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/nls.h"
#include "ui/pane.h"

#define NARROW 78 /* below it: packets only, a shorter label */
#define NARROW_LABEL_CELLS 15

/* One term in packets and L2 octets, interval and since start. */
static void add_term(struct ft_text *text, const char *word, uint64_t packets, uint64_t bytes,
		     uint64_t total_packets, uint64_t total_bytes, bool inexact)
{
	bool narrow = text->width < NARROW;
	char label[80];

	ft_fmt_fit(word, narrow ? NARROW_LABEL_CELLS : FT_LINE_LABEL_CELLS, FT_ALIGN_LEFT, true,
		   text->ascii, label, sizeof(label));
	if (narrow) {
		ft_text_line(text, FT_STYLE_TEXT, "%s%10" PRIu64 " %12" PRIu64, label, packets,
			     total_packets);
		return;
	}
	ft_text_line(text, FT_STYLE_TEXT,
		     "%s%10" PRIu64 " %13" PRIu64 " %12" PRIu64 " %16" PRIu64 "%s", label,
		     packets, bytes, total_packets, total_bytes, inexact ? " ~" : "");
}

/* Causes of a term that have counted something. */
static void add_causes(struct ft_text *text, const struct ft_line *interval,
		       const struct ft_line *total, bool (*is_cause)(enum ft_counter counter))
{
	char word[64];

	for (unsigned c = 0; c < FT_C_MAX; c++) {
		const struct ft_tally *now = &interval->by.c[c], *all = &total->by.c[c];

		if (!is_cause((enum ft_counter)c) || (all->packets == 0 && all->l2_bytes == 0))
			continue;
		snprintf(word, sizeof(word), "  %s", ft_counter_name((enum ft_counter)c));
		add_term(text, word, now->packets, now->l2_bytes, all->packets, all->l2_bytes,
			 false);
	}
}

/* The whole line of a scope, or of the sum. */
static void add_line(struct ft_text *text, const struct ft_line *interval,
		     const struct ft_line *total)
{
	struct ft_tally not_ip[2] = { ft_line_not_ip(interval), ft_line_not_ip(total) };
	struct ft_tally bad[2] = { ft_line_malformed(interval), ft_line_malformed(total) };
	struct ft_tally lost[2] = { ft_line_lost(interval), ft_line_lost(total) };

	add_term(text, _("seen"), interval->seen.packets, interval->seen.l2_bytes,
		 total->seen.packets, total->seen.l2_bytes, false);
	add_term(text, _("= flows"), interval->flows.packets, interval->flows.l2_bytes,
		 total->flows.packets, total->flows.l2_bytes, false);
	add_term(text, _("+ other"), interval->other.packets, interval->other.l2_bytes,
		 total->other.packets, total->other.l2_bytes, false);
	add_term(text, _("+ not IP"), not_ip[0].packets, not_ip[0].l2_bytes, not_ip[1].packets,
		 not_ip[1].l2_bytes, false);
	add_causes(text, interval, total, ft_counter_is_not_ip);
	add_term(text, _("+ malformed"), bad[0].packets, bad[0].l2_bytes, bad[1].packets,
		 bad[1].l2_bytes, false);
	add_causes(text, interval, total, ft_counter_is_malformed);
	add_term(text, _("+ lost"), lost[0].packets, lost[0].l2_bytes, lost[1].packets,
		 lost[1].l2_bytes, total->inexact);
	add_causes(text, interval, total, ft_counter_is_lost);
	if (!ft_line_adds_up(total))
		ft_text_line(text, FT_STYLE_WARN, "%s", _("This does not add up."));
}

/* Titles of the two pairs of columns. */
static void add_titles(struct ft_text *text)
{
	char packets[2][80], bytes[2][80];

	ft_fmt_fit(_("packets"), 10, FT_ALIGN_RIGHT, true, text->ascii, packets[0], 80);
	ft_fmt_fit(_("L2 bytes"), 13, FT_ALIGN_RIGHT, true, text->ascii, bytes[0], 80);
	ft_fmt_fit(_("in total"), 12, FT_ALIGN_RIGHT, true, text->ascii, packets[1], 80);
	ft_fmt_fit(_("L2 bytes"), 16, FT_ALIGN_RIGHT, true, text->ascii, bytes[1], 80);
	if (text->width < NARROW) {
		ft_text_line(text, FT_STYLE_DIM, "%*s%s %s", NARROW_LABEL_CELLS, "", packets[0],
			     packets[1]);
		return;
	}
	ft_text_line(text, FT_STYLE_DIM, "%*s%s %s %s %s", FT_LINE_LABEL_CELLS, "", packets[0], bytes[0],
		     packets[1], bytes[1]);
}

/* Raw counters of one interface, and what the kernel dropped. */
static void add_interface(struct ft_text *text, const struct ft_snapshot_iface *iface)
{
	char name[4 * IFNAMSIZ + 1], word[96];

	ft_fmt_escape(iface->name, strnlen(iface->name, IFNAMSIZ), text->ascii, name,
		      sizeof(name));
	snprintf(word, sizeof(word), "%s rx", name);
	add_term(text, word, iface->interval.rx.packets, iface->interval.rx.l2_bytes,
		 iface->total.rx.packets, iface->total.rx.l2_bytes, false);
	snprintf(word, sizeof(word), "%s tx", name);
	add_term(text, word, iface->interval.tx.packets, iface->interval.tx.l2_bytes,
		 iface->total.tx.packets, iface->total.tx.l2_bytes, false);
	if (iface->drops_rx || iface->drops_tx || iface->qdisc_drops)
		ft_text_pair(text, "", FT_STYLE_WARN,
			     _("dropped by the kernel: rx %" PRIu64 ", tx %" PRIu64
			       ", by the queue %" PRIu64),
			     iface->drops_rx, iface->drops_tx, iface->qdisc_drops);
	if (!iface->present)
		ft_text_pair(text, "", FT_STYLE_WARN, "%s", _("is gone"));
	if (iface->remark[0])
		ft_text_pair(text, "", FT_STYLE_TEXT, "%s", iface->remark);
}

/* How samples and owners come in, and what the store holds. */
static void add_sources(struct ft_text *text, const struct ft_snapshot *snapshot)
{
	char memory[32], age[16];

	ft_text_heading(text, _("Sources"));
	ft_text_pair(text, _("backend"), FT_STYLE_TEXT, "%s",
		     snapshot->backend ? snapshot->backend : "");
	if (snapshot->backend_reason && snapshot->backend_reason[0])
		ft_text_pair(text, _("why"), FT_STYLE_TEXT, "%s", snapshot->backend_reason);
	if (snapshot->capture_filter && snapshot->capture_filter[0])
		ft_text_pair(text, _("capture filter"), FT_STYLE_TEXT, "%s",
			     snapshot->capture_filter);
	if (snapshot->owner_source && snapshot->owner_source[0])
		ft_text_pair(text, _("owners"), FT_STYLE_TEXT, "%s", snapshot->owner_source);
	if (snapshot->health_source && snapshot->health_source[0])
		ft_text_pair(text, _("TCP by"), FT_STYLE_TEXT, "%s", snapshot->health_source);
	ft_text_pair(text, _("store"), FT_STYLE_TEXT,
		     _("%u.%u%% full, %" PRIu64 " entries spilled, %" PRIu64 " flips, %sB of maps"),
		     snapshot->store.log_fill / 10, snapshot->store.log_fill % 10,
		     snapshot->store.spilled, snapshot->store.flips,
		     ft_fmt_count(snapshot->store.map_bytes, FT_PREFIX_IEC, 6, memory,
				  sizeof(memory)));
	ft_text_pair(text, _("table"), FT_STYLE_TEXT,
		     _("%zu flows of at most %" PRIu32 ", %" PRIu64 " evicted"),
		     snapshot->live_flows, snapshot->max_flows, snapshot->evicted);
	ft_text_pair(text, _("interval"), FT_STYLE_TEXT, _("%.3f s measured"),
		     (double)snapshot->interval_ns / 1e9);
	if (snapshot->not_watched_ns)
		ft_text_pair(text, _("not watched"), FT_STYLE_WARN, "%s",
			     ft_fmt_age(snapshot->not_watched_ns, 8, age, sizeof(age)));
}

/* All notes, not only the first. */
static void add_notes(const struct ft_scene *scene, struct ft_text *text)
{
	char note[FT_NOTE_MAX];

	if (ft_note_count(scene) == 0)
		return;
	ft_text_heading(text, _("Notes"));
	for (size_t i = 0; ft_note(scene, i, note); i++)
		ft_text_wrap(text, FT_STYLE_TEXT, note);
}

void ft_scope_lines(struct ft_text *text, const struct ft_snapshot *snapshot, bool with_devices)
{
	char raw[256], name[4 * sizeof(raw)];
	size_t shown = 0;

	for (size_t i = 0; i < snapshot->scope_count; i++) {
		const struct ft_snapshot_scope *scope = &snapshot->scopes[i];
		const char *whose = ft_snapshot_observer(snapshot, scope->scope);

		if (*whose && !scope->name[0])
			continue; /* of its events, which no interface told */
		shown++;
		snprintf(raw, sizeof(raw), "%.200s%s%.*s", whose, *whose ? ":" : "", IFNAMSIZ,
			 scope->name);
		ft_fmt_escape(raw, strlen(raw), text->ascii, name, sizeof(name));
		ft_text_heading(text, name);
		add_titles(text);
		add_line(text, &scope->interval, &scope->total);
		for (size_t k = 0; with_devices && k < snapshot->iface_count; k++)
			if (snapshot->ifaces[k].scope == scope->scope)
				add_interface(text, &snapshot->ifaces[k]);
	}
	if (shown > 1) {
		ft_text_heading(text, _("Sum of all"));
		add_titles(text);
		add_line(text, &snapshot->interval, &snapshot->total);
	}
}

static void render(struct ft_scene *scene, const struct ft_frame *frame)
{
	const struct ft_snapshot *snapshot = scene->snapshot;
	struct ft_text text;

	ft_text_init(&text, (unsigned)scene->width - 1, FT_LINE_LABEL_CELLS,
		     scene->view->show.ascii);
	add_notes(scene, &text);
	if (snapshot) {
		ft_scope_lines(&text, snapshot, true);
		add_sources(&text, snapshot);
	}
	ft_text_render(scene, frame, &text);
	ft_text_done(&text);
}

const struct ft_pane_ops ft_pane_interfaces = { .name = N_("interfaces"), .render = render };
