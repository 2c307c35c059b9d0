/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of the details that is TCP's own view: what holds the connection up, the handshake,
 * and what the kernel says of the socket at an end. Values that a source cannot tell have no
 * line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/health.h"
#include "core/nls.h"
#include "ui/pane.h"

struct socket {
	const struct ft_snapshot *snapshot;
	const struct ft_flow_hot *flow;
	const struct ft_show *show;
	const struct ft_health *health;
	struct ft_text *text;
	int end;
};

/* A short duration in its own buffer. */
struct span {
	char text[16];
};

static struct span span_of(uint64_t us)
{
	struct span span = { "" };

	ft_fmt_span(us, 8, span.text, sizeof(span.text));
	return span;
}

/* A count with a prefix. */
static struct span count_of(const struct socket *s, uint64_t value)
{
	struct span span = { "" };

	ft_fmt_count(value, s->show->prefix, 8, span.text, sizeof(span.text));
	return span;
}

static void add_times(const struct socket *s)
{
	const struct ft_health *h = s->health;

	if (!h->srtt_us)
		return;
	if (h->known & FT_HEALTH_MORE)
		ft_text_pair(s->text, _("round trip"), FT_STYLE_STRONG,
			     _("%s, varies by %s, at least %s; repeats after %s"),
			     span_of(h->srtt_us).text, span_of(h->rttvar_us).text,
			     span_of(h->min_rtt_us).text, span_of(h->rto_us).text);
	else
		ft_text_pair(s->text, _("round trip"), FT_STYLE_STRONG, _("%s, at least %s"),
			     span_of(h->srtt_us).text, span_of(h->min_rtt_us).text);
}

static void add_window(const struct socket *s)
{
	const struct ft_health *h = s->health;
	uint64_t ssthresh;
	char text[64] = "";

	if (ft_health_get(h, FT_NUMBER_ssthresh, &ssthresh))
		snprintf(text, sizeof(text), _(", slow start ended at %" PRIu64), ssthresh);
	ft_text_pair(s->text, _("window"), FT_STYLE_TEXT, _("%u segments of %u bytes%s"), h->cwnd,
		     h->mss, text);
	if (h->known & FT_HEALTH_MORE)
		ft_text_pair(s->text, _("peer takes"), FT_STYLE_TEXT, _("%s bytes"),
			     count_of(s, h->snd_wnd).text);
	ft_text_pair(s->text, _("in flight"), FT_STYLE_TEXT,
		     _("%u segments, of them %u lost, %u out of order, %u sent again"),
		     h->unacked, h->lost, h->sacked, h->retrans);
}

static void add_losses(const struct socket *s)
{
	const struct ft_health *h = s->health;
	double percent = ft_health_retransmitted(h);

	if (percent < 0)
		return;
	ft_text_pair(s->text, _("sent again"), FT_STYLE_TEXT,
		     _("%u of %u segments (%.2f %%), %u in vain"), h->total_retrans,
		     h->data_segs_out, percent, h->dsack_dups);
	if (h->known & FT_HEALTH_MORE)
		ft_text_pair(s->text, _("out of order"), FT_STYLE_TEXT,
			     _("sent: seen %u times, within %u segments; received: %u segments"),
			     h->reord_seen, h->reordering, h->rcv_ooopack);
}

/* A rate of the socket's, if it has it: in bytes where the screen has bytes, else in bits. */
static void add_rate(const struct socket *s, const char *label, enum ft_health_number number)
{
	bool bytes = s->show->unit == FT_UNIT_BYTES;
	uint64_t value;
	char text[32];

	if (!ft_health_get(s->health, number, &value))
		return;
	ft_fmt_rate((bytes ? 1 : 8) * (double)value, s->show->prefix, 8, text, sizeof(text));
	ft_text_pair(s->text, label, FT_STYLE_TEXT, bytes ? "%s byte/s" : "%s bit/s", text);
}

/* The program's bytes beside those on the wire, each way. */
static void add_app(const struct socket *s)
{
	const struct ft_health *h = s->health;
	const struct ft_counts *total = s->flow->total;
	uint64_t per_mille;

	ft_text_pair(s->text, _("program"), FT_STYLE_TEXT,
		     _("sent %" PRIu64 " bytes, on the wire %" PRIu64), (uint64_t)h->app_sent,
		     (uint64_t)total[s->end].bytes);
	ft_text_pair(s->text, "", FT_STYLE_TEXT,
		     _("received %" PRIu64 " bytes, on the wire %" PRIu64),
		     (uint64_t)h->app_received, (uint64_t)total[!s->end].bytes);
	if (ft_flow_overhead(s->snapshot, s->flow, &per_mille))
		ft_text_pair(s->text, _("overhead"), FT_STYLE_TEXT, _("%.1f %% both ways"),
			     (double)per_mille / 10);
}

/* What the programs sent and got, and what that took on the wire where all of it was seen. */
static void add_bytes(const struct socket *s)
{
	const struct ft_health *h = s->health;
	uint64_t wire = s->flow->total[s->end].bytes;
	struct ft_handshake shake = ft_snapshot_handshake(s->snapshot, s->flow);

	ft_text_pair(s->text, _("data"), FT_STYLE_TEXT,
		     _("%" PRIu64 " bytes acknowledged, %" PRIu64 " received"),
		     (uint64_t)h->bytes_acked, (uint64_t)h->bytes_received);
	if (h->known & FT_HEALTH_APP)
		add_app(s);
	else if (shake.syn_ack_us && h->bytes_acked >= 1000 && wire > h->bytes_acked)
		ft_text_pair(s->text, _("overhead"), FT_STYLE_TEXT,
			     _("%.1f %%: %" PRIu64 " bytes on the wire to send it"),
			     100.0 * (double)(wire - h->bytes_acked) / (double)h->bytes_acked,
			     wire);
	if (h->known & FT_HEALTH_MORE)
		ft_text_pair(s->text, _("busy"), FT_STYLE_TEXT,
			     _("%s; of it %s for the peer's window, %s for the send buffer"),
			     span_of(h->busy_us).text, span_of(h->rwnd_limited_us).text,
			     span_of(h->sndbuf_limited_us).text);
	if (h->known & FT_HEALTH_QUEUES)
		ft_text_pair(s->text, _("queues"), FT_STYLE_TEXT,
			     _("%u bytes not read, %u not acknowledged (%u not sent), %u drops"),
			     h->rqueue, h->wqueue, h->notsent_bytes, h->drops);
}

static void add_state(const struct socket *s)
{
	const struct ft_health *h = s->health;
	uint64_t end_ns = s->snapshot->end_ns;
	char options[64], age[16];

	ft_text_pair(s->text, _("state"), FT_STYLE_TEXT, "%s", ft_health_state(h));
	if (h->congestion[0])
		ft_text_pair(s->text, _("congestion"), FT_STYLE_TEXT, "%.16s, %s", h->congestion,
			     ft_health_ca_state(h));
	if (ft_health_options(h, options, sizeof(options))[0])
		ft_text_pair(s->text, _("options"), FT_STYLE_TEXT, "%s", options);
	if (h->known & FT_HEALTH_MORE)
		ft_text_pair(s->text, _("path MTU"), FT_STYLE_TEXT, "%u", h->pmtu);
	ft_text_pair(s->text, _("socket"), FT_STYLE_TEXT, _("%" PRIx64 ", looked at %s ago"),
		     (uint64_t)h->cookie,
		     ft_fmt_age(end_ns > h->tick ? end_ns - h->tick : 0, 8, age, sizeof(age)));
}

/* What its timer waits for, where the kernel was asked. */
static void add_timer(const struct socket *s)
{
	const struct ft_health *h = s->health;

	if (ft_health_timer(h)[0])
		ft_text_pair(s->text, _("timer"), FT_STYLE_TEXT,
			     _("%s in %s, %u sent in a row so far"), ft_health_timer(h),
			     span_of(1000 * (uint64_t)h->timer_expires_ms).text,
			     h->timer_retransmits);
}

/* All of one socket; what holds it up comes first. */
static void add_socket(const struct socket *s, const char *heading)
{
	struct ft_health_words words;

	ft_text_heading(s->text, heading);
	ft_health_explain(s->health, &words);
	for (unsigned i = 0; i < words.count; i++)
		ft_text_pair(s->text, i ? "" : _("held up"), FT_STYLE_WARN, "%s", words.text[i]);
	add_times(s);
	add_window(s);
	add_losses(s);
	add_rate(s, _("delivers"), FT_NUMBER_delivery_bytes_per_s);
	add_rate(s, _("paced at"), FT_NUMBER_pacing_bytes_per_s);
	add_bytes(s);
	add_state(s);
	add_timer(s);
}

void ft_details_tcp(struct ft_text *text, const struct ft_snapshot *snapshot,
		    const struct ft_flow_hot *flow, const struct ft_show *show)
{
	int local = ft_flow_tx(flow->flow);

	for (int i = 0; i < 2; i++) {
		int end = i ? !local : local;
		struct socket s = {
			.snapshot = snapshot, .flow = flow, .show = show, .text = text, .end = end,
			.health = ft_snapshot_socket(snapshot, flow, end),
		};

		if (s.health)
			add_socket(&s, i ? _("Socket of the remote end")
					 : _("Socket of the local end"));
	}
}

/* Each number that is known, named as in records: what the sentences have no words for. */
static void add_numbers(struct ft_text *text, const struct ft_health *health)
{
	char line[4096] = "";
	size_t used = 0;
	uint64_t value;

	for (int n = 0; n < FT_HEALTH_NUMBER_MAX && used < sizeof(line); n++)
		if (ft_health_get(health, (enum ft_health_number)n, &value))
			used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s:%" PRIu64,
						 used ? " " : "",
						 ft_health_number_name((enum ft_health_number)n),
						 value);
	ft_text_wrap(text, FT_STYLE_TEXT, line);
}

void ft_details_numbers(struct ft_text *text, const struct ft_snapshot *snapshot,
			const struct ft_flow_hot *flow)
{
	int local = ft_flow_tx(flow->flow);

	for (int i = 0; i < 2; i++) {
		const struct ft_health *health = ft_snapshot_socket(snapshot, flow,
								    i ? !local : local);

		if (!health)
			continue;
		ft_text_heading(text, i ? _("All numbers of the remote end's socket")
					: _("All numbers of the local end's socket"));
		add_numbers(text, health);
	}
}

void ft_details_handshake(struct ft_text *text, const struct ft_snapshot *snapshot,
			  const struct ft_flow_hot *flow)
{
	struct ft_handshake shake = ft_snapshot_handshake(snapshot, flow);

	if (shake.syn_ack_us && shake.ack_us)
		ft_text_pair(text, _("handshake"), FT_STYLE_TEXT,
			     _("%s to the SYN-ACK, %s from there to the ACK"),
			     span_of(shake.syn_ack_us).text, span_of(shake.ack_us).text);
	else if (shake.syn_ack_us)
		ft_text_pair(text, _("handshake"), FT_STYLE_TEXT, _("%s to the SYN-ACK"),
			     span_of(shake.syn_ack_us).text);
}
