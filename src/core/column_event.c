/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Columns of events: what happened, when, how long it took, why. Only rows with an event come. */
#include "core/column_priv.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/event.h"
#include "core/nls.h"

#define SECOND UINT64_C(1000000000)

/* ---- when */

FT_COLUMN_RANK(time)
{
	(void)snapshot;
	(void)show;
	return row->flow->last_ns;
}

FT_COLUMN_GET(time)
{
	(void)snapshot;
	(void)show;
	ret_value->kind = FT_VALUE_TEXT;
	ft_fmt_time(row->flow->last_ns, ret_value->text, sizeof(ret_value->text));
}

/* The time of day here, with as much of the second as there is room for. */
FT_COLUMN_FORMAT(time)
{
	time_t seconds = (time_t)(row->flow->last_ns / SECOND);
	unsigned micros = (unsigned)(row->flow->last_ns % SECOND / 1000);
	char text[32] = "";
	struct tm tm;
	size_t used;

	(void)snapshot;
	if (localtime_r(&seconds, &tm)) {
		used = strftime(text, sizeof(text), "%H:%M:%S", &tm);
		if (width >= used + 7)
			snprintf(text + used, sizeof(text) - used, ".%06u", micros);
		else if (width >= used + 4)
			snprintf(text + used, sizeof(text) - used, ".%03u", micros / 1000);
	}
	ft_fmt_fit(text, width, FT_ALIGN_LEFT, false, show->ascii, buf, size);
}

/* ---- what */

FT_COLUMN_RANK(event)
{
	(void)snapshot;
	(void)show;
	return row->event->kind;
}

FT_COLUMN_GET(event)
{
	(void)snapshot;
	(void)show;
	ret_value->kind = FT_VALUE_TEXT;
	snprintf(ret_value->text, sizeof(ret_value->text), "%s",
		 ft_event_kind_name((enum ft_event_kind)row->event->kind));
}

FT_COLUMN_FORMAT(event)
{
	const char *name = ft_event_kind_name((enum ft_event_kind)row->event->kind);

	(void)snapshot;
	if (row->event->kind == FT_EVENT_FAILED && strlen(name) > width)
		name = "failed";
	else if (row->event->kind == FT_EVENT_RETRANSMIT && strlen(name) > width)
		name = "retrans";
	ft_put_text(name, show, width, buf, size);
}

/* ---- how long */

/* Both spans: a number that is only there for some. */
#define SPAN_COLUMN(name, member, bit) \
	FT_COLUMN_RANK(name) \
	{ \
		(void)snapshot; \
		(void)show; \
		return row->event->known & (bit) ? row->event->member + 1 : 0; \
	} \
	FT_COLUMN_GET(name) \
	{ \
		(void)snapshot; \
		(void)show; \
		ret_value->kind = row->event->known & (bit) ? FT_VALUE_UINT : FT_VALUE_NONE; \
		ret_value->uint = row->event->member; \
	} \
	FT_COLUMN_FORMAT(name) \
	{ \
		(void)snapshot; \
		(void)show; \
		if (row->event->known & (bit)) \
			ft_fmt_span(row->event->member, width, buf, size); \
		else \
			snprintf(buf, size, "%s", ""); \
	}

SPAN_COLUMN(latency, latency_us, FT_EVENT_LATENCY)
SPAN_COLUMN(duration, duration_us, FT_EVENT_DURATION)

/* ---- how much */

/* What went each way: the programs' own octets, or those on the wire; false: neither is known. */
static bool bytes_of(const struct ft_flow_event *event, uint64_t *ret_tx, uint64_t *ret_rx)
{
	int tx = ft_flow_tx(&event->flow);

	if (event->known & FT_EVENT_APP_BYTES) {
		*ret_tx = event->app_tx_bytes;
		*ret_rx = event->app_rx_bytes;
	} else {
		*ret_tx = event->hot.total[tx].bytes;
		*ret_rx = event->hot.total[!tx].bytes;
	}
	return event->known & (FT_EVENT_APP_BYTES | FT_EVENT_WIRE_BYTES);
}

FT_COLUMN_RANK(bytes)
{
	uint64_t tx, rx;

	(void)snapshot;
	(void)show;
	return bytes_of(row->event, &tx, &rx) ? tx + rx + 1 : 0;
}

FT_COLUMN_GET(bytes)
{
	uint64_t tx, rx;

	(void)snapshot;
	(void)show;
	ret_value->kind = bytes_of(row->event, &tx, &rx) ? FT_VALUE_UINT : FT_VALUE_NONE;
	ret_value->uint = tx + rx;
}

FT_COLUMN_FORMAT(bytes)
{
	unsigned part = width > 1 ? (width - 1) / 2 : 0;
	char sent[32], received[32], text[80];
	uint64_t tx, rx;

	(void)snapshot;
	buf[0] = '\0';
	if (!bytes_of(row->event, &tx, &rx))
		return;
	ft_fmt_count(tx, show->prefix, part, sent, sizeof(sent));
	ft_fmt_count(rx, show->prefix, part, received, sizeof(received));
	snprintf(text, sizeof(text), "%s/%s", sent, received);
	ft_fmt_fit(text, width, FT_ALIGN_RIGHT, false, show->ascii, buf, size);
}

/* ---- why */

/* "ECONNREFUSED", "fin, local", "3 segments", "". */
static void text_why(const struct ft_snapshot *snapshot, const struct ft_row *row,
		     const struct ft_show *show, char *buf, size_t size)
{
	const struct ft_flow_event *event = row->event;
	const char *error = ft_event_error_name(event->error);
	const char *close = ft_close_name((enum ft_close)event->close), *by = "";

	(void)snapshot;
	(void)show;
	if (event->closed_by != FT_END_NONE)
		by = event->closed_by == event->flow.local ? ", local" : ", remote";
	if (event->kind == FT_EVENT_RETRANSMIT && (event->known & FT_EVENT_SEGMENTS))
		snprintf(buf, size, P_("%u segment", "%u segments", event->segments),
			 event->segments);
	else if (event->kind == FT_EVENT_CLOSE && close && event->close != FT_CLOSE_ERROR)
		snprintf(buf, size, "%s%s", close, by);
	else if (error)
		ft_text_copy(error, buf, size);
	else if (event->error)
		snprintf(buf, size, "errno %u", event->error);
	else
		ft_text_copy(event->kind == FT_EVENT_FAILED ? _("given up") : "", buf, size);
}

FT_TEXT_FUNCTIONS(why)
