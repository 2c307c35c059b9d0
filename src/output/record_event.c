/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of events: their ends, protocol and owner are a flow's. */
#include "output/record_priv.h"

#include "core/event.h"

FT_FIELD_GET(event_time)
{
	(void)arg;
	ft_cell_time(cell, record->event->hot.last_ns);
}

FT_FIELD_GET(event_kind)
{
	(void)arg;
	ft_cell_text(cell, ft_event_kind_name((enum ft_event_kind)record->event->kind));
}

FT_FIELD_GET(source)
{
	(void)arg;
	ft_cell_text(cell, record->event->from_packets ? "packets" : "kernel");
}

FT_FIELD_GET(direction)
{
	(void)arg;
	if (ft_flow_is_in(&record->event->flow))
		ft_cell_text(cell, "in");
	else if (ft_flow_is_out(&record->event->flow))
		ft_cell_text(cell, "out");
}

/* A listener has no other end. */
FT_FIELD_GET(event_remote)
{
	static void (*const get[])(const struct ft_record *, unsigned, struct ft_cell *) = {
		ft_field_address,
		ft_field_port,
		ft_field_name,
		ft_field_name_source,
	};

	if (record->event->kind != FT_EVENT_LISTEN)
		get[arg](record, REMOTE, cell);
}

/* An id, if it is known. */
static void id_cell(struct ft_cell *cell, uint64_t id)
{
	if (!id)
		return;
	cell->kind = FT_CELL_ID;
	cell->number = id;
}

FT_FIELD_GET(event_flow)
{
	(void)arg;
	id_cell(cell, record->event->flow_id);
}

FT_FIELD_GET(event_socket)
{
	(void)arg;
	id_cell(cell, record->event->socket);
}

/* A number of an event, where `known` says that it has it: the arg is the bit. */
FT_FIELD_GET(event_number)
{
	const struct ft_flow_event *event = record->event;

	if (!(event->known & arg))
		return;
	ft_cell_uint(cell, arg == FT_EVENT_LATENCY    ? event->latency_us
			   : arg == FT_EVENT_DURATION ? event->duration_us
						      : event->segments);
}

FT_FIELD_GET(app_bytes)
{
	if (record->event->known & FT_EVENT_APP_BYTES)
		ft_cell_uint(cell, arg == LOCAL ? record->event->app_tx_bytes
						: record->event->app_rx_bytes);
}

FT_FIELD_GET(wire_count)
{
	if (record->event->known & FT_EVENT_WIRE_BYTES)
		ft_field_flow_count(record, arg, cell);
}

FT_FIELD_GET(event_error)
{
	(void)arg;
	if (record->event->error)
		ft_cell_text(cell, ft_event_error_name(record->event->error));
}

FT_FIELD_GET(errno)
{
	(void)arg;
	if (record->event->error)
		ft_cell_uint(cell, record->event->error);
}

FT_FIELD_GET(close)
{
	(void)arg;
	ft_cell_text(cell, ft_close_name((enum ft_close)record->event->close));
}

FT_FIELD_GET(closed_by)
{
	const struct ft_flow_event *event = record->event;

	(void)arg;
	if (event->closed_by != FT_END_NONE)
		ft_cell_text(cell, event->closed_by == event->flow.local ? "local" : "remote");
}
