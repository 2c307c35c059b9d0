/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of all hosts up to a moment, the newest FT_EVENTS_MAX, in a ring as a table's: those of the
 * step are the fresh ones. A host's ids say nothing among several hosts: here an event's id is its
 * time in microseconds, or the next that is free.
 */
#include <arpa/inet.h>
#include <string.h>

#include "clickhouse/picture.h"
#include "core/event.h"
#include "core/xalloc.h"
#include "recording/words.h"

static const char *const columns[] = {
	"observer", "run", "end_ns", "time_ns", "event", "source", "interface", "vlan",
	"vlan_inner", "ip_version", "protocol", "local_port", "local_bytes", "remote_port",
	"remote_bytes", "path", "initiator", "owner", "pid", "process", "user", "flow", "socket",
	"known", "latency_us", "duration_us", "segments", "app_tx_bytes", "app_rx_bytes",
	"tx_packets", "tx_bytes", "tx_l2_bytes", "rx_packets", "rx_bytes", "rx_l2_bytes", "errno",
	"reason", "closed_by",
};
enum field {
	F_OBSERVER, F_RUN, F_END_NS, F_TIME_NS, F_EVENT, F_SOURCE, F_INTERFACE, F_VLAN,
	F_VLAN_INNER, F_IP_VERSION, F_PROTOCOL, F_LOCAL_PORT, F_LOCAL, F_REMOTE_PORT, F_REMOTE,
	F_PATH, F_INITIATOR, F_OWNER, F_PID, F_PROCESS, F_USER, F_FLOW, F_SOCKET, F_KNOWN,
	F_LATENCY, F_DURATION, F_SEGMENTS, F_APP_TX, F_APP_RX, F_COUNTS,
	F_ERRNO = F_COUNTS + 6, F_REASON, F_CLOSED_BY, F_FIELDS
};
_Static_assert(sizeof(columns) / sizeof(columns[0]) == F_FIELDS, "columns have their places");

/* Reading in the making. */
struct reading {
	struct ft_ch_picture *picture;
	uint64_t last; /* id */
	bool old;      /* before the step */
};

/* Who and where. */
static void get_ends(struct ft_clickhouse *ch, const struct ft_tsv_field *fields,
		     struct ft_flow *flow)
{
	static const struct ft_tsv_field nowhere = { "", 0 };
	struct ft_flow_key *key = &flow->key;

	memcpy(key->addr_a, fields[F_LOCAL].text, 16);
	memcpy(key->addr_b, fields[F_REMOTE].text, 16);
	/* One without an interface has a host all the same. */
	key->scope = ft_ch_scope_of(ch, ft_ch_observer(ch, &fields[F_OBSERVER]),
				    strcmp(fields[F_INTERFACE].text, "?") == 0 ?
					    &nowhere : &fields[F_INTERFACE]);
	key->vlan_outer = (uint16_t)ft_tsv_number(&fields[F_VLAN], 4095);
	key->vlan_inner = (uint16_t)ft_tsv_number(&fields[F_VLAN_INNER], 4095);
	key->ip_version = ft_tsv_number(&fields[F_IP_VERSION], 6) == 6 ? 6 : 4;
	key->protocol = (uint8_t)ft_tsv_number(&fields[F_PROTOCOL], UINT8_MAX);
	key->port_a_be = htons((uint16_t)ft_tsv_number(&fields[F_LOCAL_PORT], UINT16_MAX));
	key->port_b_be = htons((uint16_t)ft_tsv_number(&fields[F_REMOTE_PORT], UINT16_MAX));
	flow->local = FT_END_A;
	flow->path = ft_word_path(fields[F_PATH].text) & 3;
	flow->initiator = ft_word_end(fields[F_INITIATOR].text) & 3;
}

/* Whose it is. */
static uint16_t get_owner(struct ft_clickhouse *ch, const struct ft_tsv_field *fields)
{
	const char *owner = fields[F_OWNER].text;

	if (strcmp(owner, "process") != 0)
		return strcmp(owner, "kernel") == 0 ? FT_OWNER_KERNEL :
		       strcmp(owner, "unknown") == 0 ? FT_OWNER_UNKNOWN : FT_OWNER_TRANSIT;
	return ft_owners_add_process(ch->owners, &(struct ft_process){
		.pid = (int32_t)ft_tsv_number(&fields[F_PID], INT32_MAX),
		.name = fields[F_PROCESS].text, .user = fields[F_USER].text,
		.cmdline = "", .exe = "", .cgroup = "", .unit = "", .container = "", .group = "",
		.parents = "", .container_id = "", .runtime = "", .image = "", .pod = "",
		.pod_namespace = "",
	});
}

static void get_numbers(const struct ft_tsv_field *fields, struct ft_flow_event *event)
{
	event->known = (uint32_t)ft_tsv_number(&fields[F_KNOWN], UINT32_MAX);
	event->latency_us = ft_tsv_number(&fields[F_LATENCY], UINT64_MAX);
	event->duration_us = ft_tsv_number(&fields[F_DURATION], UINT64_MAX);
	event->segments = (uint32_t)ft_tsv_number(&fields[F_SEGMENTS], UINT32_MAX);
	event->app_tx_bytes = ft_tsv_number(&fields[F_APP_TX], UINT64_MAX);
	event->app_rx_bytes = ft_tsv_number(&fields[F_APP_RX], UINT64_MAX);
	event->hot.total[0] = ft_ch_counts(&fields[F_COUNTS]);
	event->hot.total[1] = ft_ch_counts(&fields[F_COUNTS + 3]);
	event->error = (uint16_t)ft_tsv_number(&fields[F_ERRNO], 4095);
	event->close = ft_word_close(fields[F_REASON].text);
	event->closed_by = (uint8_t)ft_word_end(fields[F_CLOSED_BY].text);
	event->socket = ft_tsv_number(&fields[F_SOCKET], UINT64_MAX);
}

static int take_event(void *arg, const struct ft_tsv_field *fields, size_t count)
{
	struct reading *reading = arg;
	struct ft_ch_picture *picture = reading->picture;
	struct ft_flow_event event = { .hot = { 0 } };
	uint64_t flow = ft_tsv_number(&fields[F_FLOW], UINT64_MAX);
	uint64_t id;

	(void)count;
	if (fields[F_LOCAL].length != 16 || fields[F_REMOTE].length != 16 ||
	    !ft_word_event(fields[F_EVENT].text, &event.kind))
		return 0;
	event.hot.last_ns = event.flow.first_ns = ft_tsv_number(&fields[F_TIME_NS], INT64_MAX);
	id = event.hot.last_ns / 1000;
	event.flow.id = reading->last = id > reading->last ? id : reading->last + 1;
	event.from_packets = strcmp(fields[F_SOURCE].text, "packets") == 0;
	get_ends(picture->ch, fields, &event.flow);
	event.hot.owner[0] = get_owner(picture->ch, fields);
	event.hot.owner[1] = FT_OWNER_FOREIGN;
	if (flow)
		event.flow_id = ft_ch_flow_id(&fields[F_OBSERVER],
					      ft_tsv_number(&fields[F_RUN], UINT64_MAX), flow);
	get_numbers(fields, &event);
	/* What was there before the step is no news. */
	if (reading->old && ft_tsv_number(&fields[F_END_NS], INT64_MAX) > picture->from_ns) {
		ft_event_list_put(ft_events_publish(picture->events));
		reading->old = false;
	}
	ft_events_restore(picture->events, &event);
	return 0;
}

int ft_ch_ask_events(struct ft_ch_picture *picture, char *err, size_t err_size)
{
	static const uint64_t lost[FT_EVENT_LOST_MAX];
	struct reading reading = { .picture = picture, .old = true };
	struct ft_sql sql = { NULL };
	int ret;

	picture->events = ft_events_new(FT_EVENTS_MAX, picture->ch->owners);
	/* The newest, oldest first; those of the step behind all others. */
	ft_sql_printf(&sql, "SELECT * FROM (SELECT ");
	for (size_t i = 0; i < F_FIELDS; i++)
		ft_sql_printf(&sql, "%s%s", i ? ", " : "", columns[i]);
	ft_sql_printf(&sql, " FROM ");
	ft_ch_table_name(&sql, picture->ch->database, FT_CH_EVENTS);
	ft_sql_printf(&sql, " FINAL WHERE time >= toDateTime(%llu) AND time <= toDateTime(%llu) AND "
			    "end_ns > %llu AND end_ns <= %llu ORDER BY end_ns > %llu DESC, "
			    "time_ns DESC LIMIT %u) ORDER BY end_ns > %llu, time_ns "
			    "FORMAT TabSeparated",
		      (unsigned long long)(picture->look_back_ns / SECOND),
		      (unsigned long long)(picture->to_ns / SECOND),
		      (unsigned long long)picture->look_back_ns,
		      (unsigned long long)picture->to_ns, (unsigned long long)picture->from_ns,
		      FT_EVENTS_MAX, (unsigned long long)picture->from_ns);
	ret = ft_ch_query(picture->ch, &sql, F_FIELDS, take_event, &reading, err, err_size);
	ft_sql_done(&sql);
	if (reading.old)
		ft_event_list_put(ft_events_publish(picture->events));
	ft_events_restore_counts(picture->events, reading.last, lost);
	return ret;
}
