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
#include "core/difference.h"
#include "core/names.h"
#include "core/nls.h"
#include "ui/pane.h"

#define LABEL_CELLS 16
#define TCP_SYN 0x02

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
	if (process->group && process->group[0])
		ft_text_pair(text, _("group"), FT_STYLE_TEXT, "%s (%u)", process->group,
			     (unsigned)process->gid);
	pair_if(text, _("command"), process->cmdline);
	pair_if(text, _("program"), process->exe);
	pair_if(text, _("parents"), process->parents);
	pair_if(text, _("unit"), process->unit);
	pair_if(text, _("container"), process->container);
	pair_if(text, _("container id"), process->container_id);
	pair_if(text, _("runtime"), process->runtime);
	pair_if(text, _("image"), process->image);
	pair_if(text, _("pod"), process->pod);
	pair_if(text, _("pod namespace"), process->pod_namespace);
	pair_if(text, _("cgroup"), process->cgroup);
	if (process->netns)
		ft_text_pair(text, _("network ns"), FT_STYLE_TEXT, "%u", process->netns);
	if (process->start_ns)
		pair_if(text, _("started"), ft_fmt_time(process->start_ns, when, sizeof(when)));
	if (process->exited_ns)
		pair_if(text, _("exited"), ft_fmt_time(process->exited_ns, when, sizeof(when)));
}

/* Who owns an end, or why nobody is named. */
static void add_owner(const struct subject *s, int end)
{
	uint16_t owner = ft_flow_seen_owner(s->hot, end);
	const struct ft_process *process = ft_snapshot_process(s->snapshot, owner);
	unsigned int side;
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
		why = ft_snapshot_nat(s->snapshot, s->hot, &side) ?
			      _("transit: this machine only translates addresses") :
			      _("transit: neither end is this machine");
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

/* Both ends in one line: what this is about. */
static void add_title(const struct subject *s)
{
	static const char *const columns[] = { "local", "dir", "remote" };
	struct ft_row row = { .flow = s->hot };
	char text[3][512];

	for (int i = 0; i < 3; i++)
		ft_column_find(columns[i])->format(s->snapshot, &row, s->show, 60, text[i],
						   sizeof(text[i]));
	ft_text_line(s->text, FT_STYLE_STRONG, "%s %s %s", text[0], text[1], text[2]);
}

/* False for TCP whose beginning was not seen: then the first packet is all that we know. */
static bool knows_beginning(const struct subject *s)
{
	return s->flow->key.protocol != IPPROTO_TCP ||
	       ((s->hot->tcp_flags[0] | s->hot->tcp_flags[1]) & TCP_SYN);
}

/* State, times, who began it, where it was seen. */
static void add_life(const struct subject *s)
{
	const struct ft_flow *flow = s->flow;
	const char *ended = ft_end_reason_name((enum ft_end_reason)s->hot->ended);
	char name[4 * IFNAMSIZ + 1];

	add_title(s);
	add_protocol(s);
	ft_text_pair(s->text, _("state"), FT_STYLE_TEXT, "%s%s%s",
		     ft_state_name((enum ft_state)s->hot->state), ended ? _(", ended: ") : "",
		     ended ? ended : "");
	if (flow->initiator != FT_END_NONE)
		ft_text_pair(s->text,
			     knows_beginning(s) ? _("begun by") : _("first packet by"),
			     FT_STYLE_TEXT, "%s",
			     flow->initiator == flow->local ? _("the local end")
							    : _("the remote end"));
	ft_details_handshake(s->text, s->snapshot, s->hot);
	ft_text_pair(s->text, _("path"), FT_STYLE_TEXT, "%s",
		     ft_path_name((enum ft_path)flow->path));
	snprintf(name, sizeof(name), "%s", ft_snapshot_scope_name(s->snapshot, flow->key.scope));
	ft_text_pair(s->text, _("interface"), FT_STYLE_TEXT, "%s", name);
	if (ft_snapshot_observer(s->snapshot, flow->key.scope)[0])
		ft_text_pair(s->text, _("observer"), FT_STYLE_TEXT, "%s",
			     ft_snapshot_observer(s->snapshot, flow->key.scope));
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

/* Cells of a table's label and columns: exact numbers where there is room. */
struct table {
	unsigned label, packets, bytes;
	bool exact;
};

static struct table table_of(const struct ft_text *text)
{
	return text->width >= 66 ? (struct table){ 14, 14, 17, true }
				 : (struct table){ 12, 8, 8, false };
}

/* One line of cells: a label, then texts against the right. */
static void add_cells(struct ft_text *text, enum ft_style style, const char *label,
		      const char *const cells[3])
{
	struct table table = table_of(text);
	char word[4][160];

	ft_fmt_fit(label, table.label, FT_ALIGN_LEFT, true, text->ascii, word[0], sizeof(word[0]));
	for (int i = 0; i < 3; i++)
		ft_fmt_fit(cells[i], i ? table.bytes : table.packets, FT_ALIGN_RIGHT, true,
			   text->ascii, word[i + 1], sizeof(word[0]));
	ft_text_line(text, style, "%s%s %s %s", word[0], word[1], word[2], word[3]);
}

/* One row of counts. */
static void add_count(const struct subject *s, const char *label, const struct ft_counts *counts)
{
	const uint64_t values[] = { counts->packets, counts->bytes, counts->l2_bytes };
	struct table table = table_of(s->text);
	char text[3][32];
	const char *const cells[] = { text[0], text[1], text[2] };

	for (int i = 0; i < 3; i++) {
		if (table.exact)
			snprintf(text[i], sizeof(text[i]), "%" PRIu64, values[i]);
		else
			ft_fmt_count(values[i], s->show->prefix, 8, text[i], sizeof(text[i]));
	}
	add_cells(s->text, FT_STYLE_TEXT, label, cells);
}

/* What a direction counted since a difference's baseline; what has vanished counts as nothing. */
static void add_more(const struct subject *s, const char *label, int dir)
{
	static const struct ft_counts nothing;
	const struct ft_flow_hot *old = ft_flow_was(s->snapshot, s->hot);
	const struct ft_counts *now = ft_flow_has_vanished(s->snapshot, s->hot) ?
					      &nothing : &s->hot->total[dir];
	const struct ft_counts *was = old ? &old->total[dir] : &nothing;
	const int64_t values[] = {
		(int64_t)(now->packets - was->packets),
		(int64_t)(now->bytes - was->bytes),
		(int64_t)(now->l2_bytes - was->l2_bytes),
	};
	struct table table = table_of(s->text);
	char text[3][32];
	const char *const cells[] = { text[0], text[1], text[2] };

	for (int i = 0; i < 3; i++) {
		if (table.exact)
			snprintf(text[i], sizeof(text[i]), "%" PRId64, values[i]);
		else
			ft_fmt_signed(values[i], s->show->prefix, 8, text[i], sizeof(text[i]));
	}
	add_cells(s->text, FT_STYLE_TEXT, label, cells);
}

/* How the flow differs from the baseline. */
static void add_difference(const struct subject *s)
{
	int tx = ft_flow_tx(s->flow);
	char when[40];

	if (!s->snapshot->difference)
		return;
	add_more(s, _("differs tx"), tx);
	add_more(s, _("differs rx"), !tx);
	ft_text_pair(s->text, _("baseline"), FT_STYLE_TEXT, _("%s; since then: %s"),
		     ft_fmt_time(ft_difference_since(s->snapshot), when, sizeof(when)),
		     _(ft_differs_name(ft_differs(s->snapshot, &(struct ft_row){
							       .flow = s->hot }))));
}

/* Interval and totals, each way. */
static void add_counts(const struct subject *s)
{
	const char *const titles[] = { _("packets"), _("L3 bytes"), _("L2 bytes") };
	const struct ft_counts *interval = ft_snapshot_delta(s->snapshot, s->hot);
	const struct ft_baseline *baseline = s->show->baseline;
	int tx = ft_flow_tx(s->flow);
	struct ft_counts total;
	char span[16], length[80];

	ft_text_heading(s->text, baseline ? _("Counts (totals since z)") : _("Counts"));
	/* Not all are as long as key d says: one ends early when sockets begin to be looked at. */
	ft_fmt_span(s->snapshot->interval_ns / 1000, 4, span, sizeof(span));
	snprintf(length, sizeof(length), "%s %s", _("interval"), span);
	add_cells(s->text, FT_STYLE_DIM, length, titles);
	add_count(s, _("interval tx"), &interval[tx]);
	add_count(s, _("interval rx"), &interval[!tx]);
	total = ft_flow_total(baseline, s->hot, tx);
	add_count(s, _("total tx"), &total);
	total = ft_flow_total(baseline, s->hot, !tx);
	add_count(s, _("total rx"), &total);
	add_difference(s);
}

/* One way's rates over the windows. */
static void add_rate(const struct subject *s, const char *label, int dir)
{
	char rate[FT_WINDOWS][32];
	const char *const cells[] = { rate[0], rate[1], rate[2] };

	for (unsigned w = 0; w < FT_WINDOWS; w++) {
		double value = ft_flow_rate(s->snapshot, s->hot, dir, w, s->show->unit,
					    s->show->layer);

		ft_draw_rate(s->show, value, value, 8, rate[w], sizeof(rate[w]));
	}
	add_cells(s->text, FT_STYLE_TEXT, label, cells);
}

/* All windows, each way. */
static void add_rates(const struct subject *s)
{
	char window[FT_WINDOWS][32], heading[80];
	const char *const cells[] = { window[0], window[1], window[2] };

	for (unsigned w = 0; w < FT_WINDOWS; w++)
		snprintf(window[w], sizeof(window[w]), _("%g s"), ft_window_seconds[w]);
	snprintf(heading, sizeof(heading), _("Rates in %s, over"), ft_draw_rate_unit(s->show));
	ft_text_heading(s->text, heading);
	add_cells(s->text, FT_STYLE_DIM, "", cells);
	add_rate(s, _("tx"), ft_flow_tx(s->flow));
	add_rate(s, _("rx"), !ft_flow_tx(s->flow));
}

static void render(struct ft_scene *scene, const struct ft_frame *frame)
{
	struct ft_text text;
	struct subject s = { .snapshot = scene->subject, .show = &scene->view->show,
			     .text = &text };
	int local;

	ft_text_init(&text, (unsigned)scene->width - 1, LABEL_CELLS, scene->view->show.ascii);
	s.hot = scene->subject_row;
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
		ft_details_pair(&text, s.snapshot, s.hot);
		add_rates(&s);
		add_counts(&s);
		ft_details_tcp(&text, s.snapshot, s.hot, s.show);
		add_end(&s, local);
		add_end(&s, !local);
		ft_details_numbers(&text, s.snapshot, s.hot);
	}
	ft_text_render(scene, frame, &text);
	ft_text_done(&text);
}

const struct ft_pane_ops ft_pane_details = { .name = N_("details"), .render = render };
