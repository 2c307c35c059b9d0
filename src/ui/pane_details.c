/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything known about one flow. Its subject is the flow's id and never changes while the
 * pane is open; when the flow has left the table, the last picture of it stays.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/addr.h"
#include "core/names.h"
#include "core/nls.h"
#include "ui/pane.h"

#define LABEL_CELLS 16

/* What the sections write about. */
struct subject {
	const struct ft_snapshot *snapshot;
	const struct ft_flow_hot *hot;
	const struct ft_flow *flow;
	const struct ft_show *show;
	struct ft_text *text;
};

const struct ft_flow_hot *ft_details_find(const struct ft_snapshot *snapshot, uint64_t id)
{
	for (size_t i = 0; snapshot && i < snapshot->row_count; i++)
		if (snapshot->rows[i].flow->id == id)
			return &snapshot->rows[i];
	return NULL;
}

/* Pairs whose value is unknown are left out. */
static void pair_if(struct ft_text *text, const char *label, const char *value)
{
	if (value && value[0])
		ft_text_pair(text, label, FT_STYLE_TEXT, "%s", value);
}

/* Address, port and names of one end. */
static void add_address(const struct subject *s, int end)
{
	const struct ft_flow_key *key = &s->flow->key;
	const uint8_t *addr = end ? key->addr_b : key->addr_a;
	uint16_t port = ntohs(end ? key->port_b_be : key->port_a_be);
	enum ft_name_source source = FT_NAME_NONE;
	const char *name, *service = NULL;
	char text[FT_ADDR_TEXT_MAX];
	bool icmp = key->protocol == 1 || key->protocol == 58;

	ft_text_pair(s->text, _("address"), FT_STYLE_STRONG, "%s", ft_addr_format(addr, text));
	if (!s->show->names)
		name = NULL;
	else
		name = ft_names_host(s->show->names, addr, &source);
	if (name)
		ft_text_pair(s->text, _("name"), FT_STYLE_TEXT, "%s (%s)", name,
			     ft_name_source_name(source));
	if (icmp || (port == 0 && key->protocol != 6 && key->protocol != 17))
		return;
	if (s->show->names)
		service = ft_names_service(s->show->names, port, key->protocol);
	if (service)
		ft_text_pair(s->text, _("port"), FT_STYLE_TEXT, "%u (%s)", port, service);
	else
		ft_text_pair(s->text, _("port"), FT_STYLE_TEXT, "%u", port);
}

/* A process with everything that was found out. */
static void add_process(const struct subject *s, const struct ft_process *process)
{
	struct ft_text *text = s->text;
	char when[40];

	ft_text_pair(text, _("process"), FT_STYLE_STRONG, "%s", process->name);
	ft_text_pair(text, _("pid"), FT_STYLE_TEXT, "%d", (int)process->pid);
	ft_text_pair(text, _("user"), FT_STYLE_TEXT, "%s (%u)", process->user,
		     (unsigned)process->uid);
	pair_if(text, _("command"), process->cmdline);
	pair_if(text, _("program"), process->exe);
	pair_if(text, _("unit"), process->unit);
	pair_if(text, _("container"), process->container);
	pair_if(text, _("cgroup"), process->cgroup);
	if (process->start_ns)
		pair_if(text, _("started"), ft_fmt_time(process->start_ns, when, sizeof(when)));
	if (process->exited_ns)
		pair_if(text, _("exited"), ft_fmt_time(process->exited_ns, when, sizeof(when)));
}

/* Who owns an end, or why nobody is named. */
static void add_owner(const struct subject *s, int end)
{
	uint16_t owner = s->hot->owner[end];
	const struct ft_process *process = ft_snapshot_process(s->snapshot, owner);
	const char *why;

	if (process) {
		add_process(s, process);
		return;
	}
	switch (owner) {
	case FT_OWNER_KERNEL:
		why = _("the kernel: no process has this socket");
		break;
	case FT_OWNER_TRANSIT:
		why = _("transit: neither end is this machine");
		break;
	case FT_OWNER_FOREIGN:
		why = _("another machine");
		break;
	default:
		why = _("unknown: its socket was not found, or is gone");
		break;
	}
	ft_text_pair(s->text, _("owner"), FT_STYLE_TEXT, "%s", why);
}

/* One end with its owner and the interface that its packets came over. */
static void add_end(const struct subject *s, int end)
{
	const struct ft_snapshot_iface *iface = ft_snapshot_iface_of(s->snapshot, s->hot, end);
	bool local = s->flow->local == (unsigned)end;

	ft_text_heading(s->text, local ? _("Local end") : _("Remote end"));
	add_address(s, end);
	add_owner(s, end);
	if (iface)
		ft_text_pair(s->text, _("packets over"), FT_STYLE_TEXT, "%s", iface->name);
}

/* "SPA" of a TCP flags octet. */
static const char *flags_text(uint8_t flags, char text[9])
{
	static const char letters[] = "FSRPAUEC";
	unsigned n = 0;

	for (unsigned i = 0; i < 8; i++)
		if (flags & (1U << i))
			text[n++] = letters[i];
	text[n] = '\0';
	return n ? text : "-";
}

/* ICMP's type, code and id; SPI and GRE key; VLANs. */
static void add_protocol(const struct subject *s)
{
	const struct ft_flow_key *key = &s->flow->key;
	const char *protocol = ft_protocol_name(key->protocol);
	uint16_t request = ntohs(key->port_b_be);
	char flags[2][9];
	int tx = ft_flow_tx(s->flow);

	ft_text_pair(s->text, _("protocol"), FT_STYLE_TEXT, "%s (%u), IPv%u",
		     protocol ? protocol : _("without a name"), key->protocol, key->ip_version);
	if (key->protocol == 1 || key->protocol == 58)
		ft_text_pair(s->text, "ICMP", FT_STYLE_TEXT, _("type %u, code %u, id %u"),
			     request >> 8, request & 0xff, ntohs(key->port_a_be));
	if (key->protocol == 6)
		ft_text_pair(s->text, _("TCP flags"), FT_STYLE_TEXT, "tx %s, rx %s",
			     flags_text(s->hot->tcp_flags[tx], flags[0]),
			     flags_text(s->hot->tcp_flags[!tx], flags[1]));
	if (s->hot->entry_flags & FT_ENTRY_EXTRA_SPI)
		ft_text_pair(s->text, "SPI", FT_STYLE_TEXT, "0x%08" PRIx32, s->flow->extra);
	if (s->hot->entry_flags & FT_ENTRY_EXTRA_GRE)
		ft_text_pair(s->text, _("GRE key"), FT_STYLE_TEXT, "%" PRIu32, s->flow->extra);
	if (key->vlan_outer && key->vlan_inner)
		ft_text_pair(s->text, "VLAN", FT_STYLE_TEXT, _("%u, in it %u"), key->vlan_outer,
			     key->vlan_inner);
	else if (key->vlan_outer)
		ft_text_pair(s->text, "VLAN", FT_STYLE_TEXT, "%u", key->vlan_outer);
}

/* A moment, and how long ago it was. */
static void add_time(const struct subject *s, const char *label, uint64_t when_ns)
{
	uint64_t end_ns = s->snapshot->end_ns;
	char when[40], age[16];

	ft_text_pair(s->text, label, FT_STYLE_TEXT, _("%s, %s ago"),
		     ft_fmt_time(when_ns, when, sizeof(when)),
		     ft_fmt_age(end_ns > when_ns ? end_ns - when_ns : 0, 8, age, sizeof(age)));
}

/* State, times, who began it, where it was seen. */
static void add_life(const struct subject *s)
{
	const struct ft_flow *flow = s->flow;
	const char *ended = ft_end_reason_name((enum ft_end_reason)s->hot->ended);
	char name[4 * IFNAMSIZ + 1];

	ft_text_heading(s->text, _("Flow"));
	add_protocol(s);
	ft_text_pair(s->text, _("state"), FT_STYLE_TEXT, "%s%s%s",
		     ft_state_name((enum ft_state)s->hot->state), ended ? _(", ended: ") : "",
		     ended ? ended : "");
	if (flow->initiator != FT_END_NONE)
		ft_text_pair(s->text, _("begun by"), FT_STYLE_TEXT, "%s",
			     flow->initiator == flow->local ? _("the local end")
							    : _("the remote end"));
	ft_text_pair(s->text, _("path"), FT_STYLE_TEXT, "%s",
		     ft_path_name((enum ft_path)flow->path));
	snprintf(name, sizeof(name), "%s", ft_snapshot_scope_name(s->snapshot, flow->key.scope));
	ft_text_pair(s->text, _("interface"), FT_STYLE_TEXT, "%s", name);
	add_time(s, _("first seen"), flow->first_ns);
	add_time(s, _("last seen"), s->hot->last_ns);
	ft_text_pair(s->text, "id", FT_STYLE_TEXT, "%" PRIu64, (uint64_t)flow->id);
	if (s->hot->entry_flags & FT_ENTRY_FRAGMENT)
		ft_text_pair(s->text, _("note"), FT_STYLE_TEXT, "%s",
			     _("fragments whose first part was not seen: their ports are unknown"));
	if (s->hot->entry_flags & FT_ENTRY_INEXACT)
		ft_text_pair(s->text, _("note"), FT_STYLE_TEXT, "%s",
			     _("segments of an unknown tunnel: bytes are a little too low"));
}

/* One row of counts. */
static void count_line(struct ft_text *text, const char *label, const struct ft_counts *counts)
{
	ft_text_line(text, FT_STYLE_TEXT, "%s%12" PRIu64 " %16" PRIu64 " %16" PRIu64, label,
		     (uint64_t)counts->packets, (uint64_t)counts->bytes,
		     (uint64_t)counts->l2_bytes);
}

/* A translated word in a fixed room, for lines of a table. */
static const char *cell(const char *word, unsigned width, enum ft_align align, bool ascii,
			char buf[80])
{
	return ft_fmt_fit(word, width, align, true, ascii, buf, 80);
}

/* Interval and totals, each way. */
static void add_counts(const struct subject *s)
{
	const struct ft_counts *interval = ft_snapshot_delta(s->snapshot, s->hot);
	const struct ft_baseline *baseline = s->show->baseline;
	int tx = ft_flow_tx(s->flow);
	bool ascii = s->text->ascii;
	char a[80], b[80], c[80], d[80];
	struct ft_counts total;

	ft_text_heading(s->text, baseline ? _("Counts (totals since z)") : _("Counts"));
	ft_text_line(s->text, FT_STYLE_DIM, "%s%s %s %s", cell("", 12, FT_ALIGN_LEFT, ascii, a),
		     cell(_("packets"), 12, FT_ALIGN_RIGHT, ascii, b),
		     cell(_("bytes (L3)"), 16, FT_ALIGN_RIGHT, ascii, c),
		     cell(_("bytes (L2)"), 16, FT_ALIGN_RIGHT, ascii, d));
	count_line(s->text, cell(_("interval tx"), 12, FT_ALIGN_LEFT, ascii, a), &interval[tx]);
	count_line(s->text, cell(_("interval rx"), 12, FT_ALIGN_LEFT, ascii, a), &interval[!tx]);
	total = ft_flow_total(baseline, s->hot, tx);
	count_line(s->text, cell(_("total tx"), 12, FT_ALIGN_LEFT, ascii, a), &total);
	total = ft_flow_total(baseline, s->hot, !tx);
	count_line(s->text, cell(_("total rx"), 12, FT_ALIGN_LEFT, ascii, a), &total);
}

/* One way's rates over the windows. */
static void rate_line(const struct subject *s, const char *label, int dir)
{
	char rate[FT_WINDOWS][32], word[80];

	for (unsigned w = 0; w < FT_WINDOWS; w++) {
		double value = ft_flow_rate(s->snapshot, s->hot, dir, w, s->show->unit,
					    s->show->layer);

		ft_draw_rate(s->show, value, value, 8, rate[w], sizeof(rate[w]));
	}
	ft_text_line(s->text, FT_STYLE_TEXT, "%s%10s %10s %10s  %s",
		     cell(label, 12, FT_ALIGN_LEFT, s->text->ascii, word), rate[0], rate[1],
		     rate[2], ft_draw_rate_unit(s->show));
}

/* All windows, each way. */
static void add_rates(const struct subject *s)
{
	char window[FT_WINDOWS][32];

	for (unsigned w = 0; w < FT_WINDOWS; w++)
		snprintf(window[w], sizeof(window[w]), "%g s", ft_window_seconds[w]);
	ft_text_heading(s->text, _("Rates"));
	ft_text_line(s->text, FT_STYLE_DIM, "%12s%10s %10s %10s", "", window[0], window[1],
		     window[2]);
	rate_line(s, "tx", ft_flow_tx(s->flow));
	rate_line(s, "rx", !ft_flow_tx(s->flow));
}

static void render(struct ft_scene *scene, const struct ft_frame *frame)
{
	struct ft_text text;
	struct subject s = { .snapshot = scene->subject, .show = &scene->view->show,
			     .text = &text };
	int local;

	ft_text_init(&text, (unsigned)scene->width - 1, LABEL_CELLS, scene->view->show.ascii);
	s.hot = ft_details_find(scene->subject, frame->subject);
	if (!s.hot) {
		ft_text_wrap(&text, FT_STYLE_TEXT,
			     _("This flow has ended and left the table. Esc goes back."));
	} else {
		s.flow = s.hot->flow;
		local = s.flow->local == FT_END_B;
		if (scene->subject != scene->snapshot)
			ft_text_wrap(&text, FT_STYLE_WARN,
				     _("This flow has left the table; here is the last of it."));
		add_life(&s);
		add_rates(&s);
		add_counts(&s);
		add_end(&s, local);
		add_end(&s, !local);
	}
	ft_text_render(scene, frame, &text);
	ft_text_done(&text);
}

const struct ft_pane_ops ft_pane_details = { .name = N_("details"), .render = render };
