/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See schema.h. The types are those of version 18.16: it has no IPv6, no LowCardinality, no
 * DateTime64. It writes a table's key down without quotes: a key whose column is called interval, as
 * in a recording, is one that it cannot read when it starts the next time.
 */
#include "clickhouse/schema.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/addr.h"
#include "core/event.h"
#include "core/health.h"
#include "core/names.h"
#include "core/nls.h"
#include "core/rows.h"

#define SECOND UINT64_C(1000000000)
#define PUT(name) \
	static void put_##name(struct ft_sql *to, const struct ft_ch_source *from, unsigned arg)

enum side { LOCAL, REMOTE };

/* ---- every row */

PUT(observer)
{
	(void)arg;
	ft_tsv_text(to, from->observer);
}

PUT(run)
{
	(void)arg;
	ft_tsv_u64(to, from->run);
}

PUT(interval)
{
	(void)arg;
	ft_tsv_u64(to, from->interval);
}

PUT(time)
{
	(void)arg;
	ft_tsv_u64(to, from->snapshot->end_ns / SECOND);
}

PUT(end_ns)
{
	(void)arg;
	ft_tsv_u64(to, from->snapshot->end_ns);
}

PUT(interval_ns)
{
	(void)arg;
	ft_tsv_u64(to, from->snapshot->interval_ns);
}

/* ---- a flow */

/* Which end a side is: 0 = a. */
static int end_of(const struct ft_ch_source *from, unsigned side)
{
	int tx = ft_flow_tx(from->row->flow);

	return side == LOCAL ? tx : !tx;
}

static const uint8_t *addr_of(const struct ft_ch_source *from, unsigned side)
{
	const struct ft_flow_key *key = &from->row->flow->key;

	return end_of(from, side) ? key->addr_b : key->addr_a;
}

PUT(flow)
{
	(void)arg;
	ft_tsv_u64(to, from->row->flow->id);
}

PUT(interface)
{
	const char *name = from->scope ? from->scope->name :
			   ft_snapshot_scope_name(from->snapshot, from->row->flow->key.scope);

	(void)arg;
	ft_tsv_text(to, *name ? name : "?");
}

PUT(vlan)
{
	const struct ft_flow_key *key = &from->row->flow->key;

	ft_tsv_u64(to, arg ? key->vlan_inner : key->vlan_outer);
}

PUT(ip_version)
{
	(void)arg;
	ft_tsv_u64(to, from->row->flow->key.ip_version);
}

PUT(protocol)
{
	(void)arg;
	ft_tsv_u64(to, from->row->flow->key.protocol);
}

PUT(address)
{
	char text[FT_ADDR_TEXT_MAX];

	ft_tsv_text(to, ft_addr_format(addr_of(from, arg), text));
}

PUT(addr_bytes)
{
	ft_tsv_bytes(to, (const char *)addr_of(from, arg), 16);
}

PUT(host_name)
{
	if (from->names)
		ft_tsv_text(to, ft_names_host(from->names, addr_of(from, arg), NULL));
}

PUT(port)
{
	const struct ft_flow_key *key = &from->row->flow->key;
	uint16_t port = ntohs(end_of(from, arg) ? key->port_b_be : key->port_a_be);

	ft_tsv_u64(to, ft_protocol_has_ports(key->protocol) ? port : 0);
}

PUT(path)
{
	(void)arg;
	ft_tsv_text(to, ft_path_name((enum ft_path)from->row->flow->path));
}

PUT(initiator)
{
	const struct ft_flow *flow = from->row->flow;

	(void)arg;
	if (flow->initiator != FT_END_NONE)
		ft_tsv_text(to, flow->initiator == flow->local ? "local" : "remote");
}

/* 0 type, 1 code, 2 id */
PUT(icmp)
{
	const struct ft_flow_key *key = &from->row->flow->key;
	uint16_t request = ntohs(key->port_b_be);
	const uint16_t parts[] = { request >> 8, request & 0xff, ntohs(key->port_a_be) };
	bool icmp = key->protocol == IPPROTO_ICMP || key->protocol == IPPROTO_ICMPV6;

	ft_tsv_u64(to, icmp ? parts[arg] : 0);
}

PUT(extra)
{
	ft_tsv_u64(to, from->row->entry_flags & arg ? from->row->flow->extra : 0);
}

PUT(first_ns)
{
	(void)arg;
	ft_tsv_u64(to, from->row->flow->first_ns);
}

#define TX 0U
#define RX 1U
#define TOTAL 2U
#define PACKETS 0U
#define BYTES 4U
#define L2_BYTES 8U

PUT(count)
{
	const struct ft_counts *counts = arg & TOTAL ? from->row->total :
					 ft_snapshot_delta(from->snapshot, from->row);
	const struct ft_counts *way = &counts[end_of(from, arg & RX ? REMOTE : LOCAL)];

	ft_tsv_u64(to, arg & L2_BYTES ? way->l2_bytes : arg & BYTES ? way->bytes : way->packets);
}

PUT(last_ns)
{
	(void)arg;
	ft_tsv_u64(to, from->row->last_ns);
}

PUT(state)
{
	(void)arg;
	if (from->row->state != FT_STATE_NONE)
		ft_tsv_text(to, ft_state_name((enum ft_state)from->row->state));
}

PUT(ended)
{
	(void)arg;
	ft_tsv_text(to, ft_end_reason_name((enum ft_end_reason)from->row->ended));
}

PUT(tcp_flags)
{
	ft_tsv_u64(to, from->row->tcp_flags[end_of(from, arg)]);
}

PUT(marks)
{
	uint8_t flags = from->row->entry_flags;

	(void)arg;
	ft_tsv_u64(to, (flags & FT_ENTRY_FRAGMENT ? 1U : 0U) |
			       (flags & FT_ENTRY_INEXACT ? 2U : 0U) |
			       (flags & FT_ENTRY_EXTRA_SPI ? 4U : 0U) |
			       (flags & FT_ENTRY_EXTRA_GRE ? 8U : 0U));
}

/* ---- owners */

PUT(process_row)
{
	ft_tsv_u64(to, from->process_row[arg]);
}

/* The owner of a side, or of a row of processes. */
static uint16_t owner_of(const struct ft_ch_source *from, unsigned side)
{
	return ft_flow_end_owner(from->row, end_of(from, side));
}

static const struct ft_process *process_of(const struct ft_ch_source *from, unsigned side)
{
	return from->process ? from->process :
			       ft_snapshot_process(from->snapshot, owner_of(from, side));
}

PUT(owner)
{
	static const char *const words[FT_OWNER_FIRST] = {
		[FT_OWNER_UNKNOWN] = "unknown",
		[FT_OWNER_KERNEL] = "kernel",
		[FT_OWNER_TRANSIT] = "transit",
		[FT_OWNER_FOREIGN] = "foreign",
	};
	uint16_t owner = from->process ? FT_OWNER_FIRST : owner_of(from, arg);

	ft_tsv_text(to, owner < FT_OWNER_FIRST ? words[owner] :
			process_of(from, arg) ? "process" : "unknown");
}

/* Numbers of a process; side in the lowest bit. */
enum { PID = 0, PPID = 2, UID = 4, GID = 6, NETNS = 8, START = 10 };

PUT(process_number)
{
	const struct ft_process *process = process_of(from, arg & 1);
	uint64_t number = 0;

	switch (process ? arg & ~1U : START + 2) {
	case PID:
		number = (uint64_t)process->pid;
		break;
	case PPID:
		number = (uint64_t)process->ppid;
		break;
	case UID:
		number = process->uid;
		break;
	case GID:
		number = process->gid;
		break;
	case NETNS:
		number = process->netns;
		break;
	case START:
		number = process->start_ns;
		break;
	}
	ft_tsv_u64(to, number);
}

#define TEXT(member) (unsigned)(offsetof(struct ft_process, member) << 1)

/* A text of a process, by where it is in the record. */
PUT(process_text)
{
	const struct ft_process *process = process_of(from, arg & 1);

	if (process)
		ft_tsv_text(to, *(const char *const *)((const char *)process + (arg >> 1)));
}

/* ---- intervals and lines */

enum { SEEN, FLOWS, OTHER, NOT_IP, MALFORMED, LOST, HIDDEN };

/* A term of the whole line; arg: term << 4 | PACKETS, BYTES or L2_BYTES. */
PUT(line)
{
	const struct ft_line *line = &from->snapshot->interval;
	struct ft_tally tally = { 0, 0 };
	struct ft_sum sum = { 0, 0, 0 };

	switch (arg >> 4) {
	case SEEN:
		tally = line->seen;
		break;
	case FLOWS:
		sum = line->flows;
		break;
	case OTHER:
		sum = line->other;
		break;
	case NOT_IP:
		tally = ft_line_not_ip(line);
		break;
	case MALFORMED:
		tally = ft_line_malformed(line);
		break;
	case LOST:
		tally = ft_line_lost(line);
		break;
	case HIDDEN:
		sum = from->snapshot->withheld.interval;
		break;
	}
	ft_tsv_u64(to, arg & BYTES ? sum.bytes : arg & L2_BYTES ? tally.l2_bytes + sum.l2_bytes :
					tally.packets + sum.packets);
}

PUT(live_flows)
{
	(void)arg;
	ft_tsv_u64(to, from->snapshot->live_flows);
}

PUT(hidden_flows)
{
	(void)arg;
	ft_tsv_u64(to, from->snapshot->withheld.flows);
}

PUT(exact)
{
	(void)arg;
	ft_tsv_u64(to, !from->snapshot->interval.inexact);
}

PUT(term)
{
	(void)arg;
	ft_tsv_text(to, from->term);
}

PUT(sum)
{
	const struct ft_sum *sum = arg & TOTAL ? &from->total : &from->now;

	ft_tsv_u64(to, arg & L2_BYTES ? sum->l2_bytes : arg & BYTES ? sum->bytes : sum->packets);
}

/* ---- health */

#define MEMBER(name) (unsigned)offsetof(struct ft_snapshot, name)

PUT(snapshot_text)
{
	ft_tsv_text(to, *(char *const *)((const char *)from->snapshot + arg));
}

PUT(snapshot_u64)
{
	ft_tsv_u64(to, *(const uint64_t *)(const void *)((const char *)from->snapshot + arg));
}

PUT(log_fill)
{
	(void)arg;
	ft_tsv_u64(to, from->snapshot->store.log_fill);
}

PUT(max_flows)
{
	(void)arg;
	ft_tsv_u64(to, from->snapshot->max_flows);
}

PUT(notes)
{
	(void)arg;
	for (size_t i = 0; i < from->snapshot->note_count; i++) {
		ft_tsv_text(to, i ? "\n" : "");
		ft_tsv_text(to, from->snapshot->notes[i]);
	}
}

/* ---- handshakes and sockets */

PUT(handshake)
{
	struct ft_handshake shake = ft_snapshot_handshake(from->snapshot, from->row);

	ft_tsv_u64(to, arg ? shake.ack_us : shake.syn_ack_us);
}

PUT(side)
{
	(void)arg;
	ft_tsv_u64(to, from->side);
}

PUT(cookie)
{
	(void)arg;
	ft_tsv_u64(to, from->sample->cookie);
}

PUT(sampled)
{
	(void)arg;
	ft_tsv_u64(to, from->sample->tick);
}

PUT(known)
{
	(void)arg;
	ft_tsv_u64(to, from->sample->known);
}

PUT(socket_state)
{
	(void)arg;
	ft_tsv_text(to, ft_health_state(from->sample));
}

PUT(congestion)
{
	const char *name = from->sample->congestion;

	(void)arg;
	ft_tsv_bytes(to, name, strnlen(name, sizeof(from->sample->congestion)));
}

PUT(congestion_state)
{
	(void)arg;
	ft_tsv_text(to, ft_health_ca_state(from->sample));
}

PUT(socket_options)
{
	(void)arg;
	ft_tsv_u64(to, from->sample->known & FT_HEALTH_MORE ? from->sample->options : 0);
}

PUT(socket_timer)
{
	(void)arg;
	ft_tsv_text(to, ft_health_timer(from->sample));
}

PUT(socket_number)
{
	uint64_t value = 0;

	if (!ft_health_get(from->sample, (enum ft_health_number)arg, &value))
		value = 0;
	ft_tsv_u64(to, value);
}

/* ---- events */

PUT(event_id)
{
	(void)arg;
	ft_tsv_u64(to, from->event->flow.id);
}

PUT(event_time)
{
	(void)arg;
	ft_tsv_u64(to, from->event->hot.last_ns);
}

/* 0 what happened, 1 who told, 2 the error's name, 3 why it was closed */
PUT(event_word)
{
	const struct ft_flow_event *event = from->event;

	ft_tsv_text(to, arg == 0 ? ft_event_kind_name((enum ft_event_kind)event->kind) :
			arg == 1 ? (event->from_packets ? "packets" : "kernel") :
			arg == 2 ? ft_event_error_name(event->error) :
				   ft_close_name((enum ft_close)event->close));
}

PUT(event_closer)
{
	const struct ft_flow_event *event = from->event;

	(void)arg;
	if (event->closed_by != FT_END_NONE)
		ft_tsv_text(to, event->closed_by == event->flow.local ? "local" : "remote");
}

enum { E_FLOW, E_SOCKET, E_KNOWN, E_LATENCY, E_DURATION, E_SEGMENTS, E_APP_TX, E_APP_RX, E_ERRNO };

PUT(event_number)
{
	const struct ft_flow_event *event = from->event;
	const uint64_t numbers[] = {
		[E_FLOW] = event->flow_id,	    [E_SOCKET] = event->socket,
		[E_KNOWN] = event->known,	    [E_LATENCY] = event->latency_us,
		[E_DURATION] = event->duration_us,  [E_SEGMENTS] = event->segments,
		[E_APP_TX] = event->app_tx_bytes,   [E_APP_RX] = event->app_rx_bytes,
		[E_ERRNO] = event->error,
	};

	ft_tsv_u64(to, numbers[arg]);
}

/* ---- the tables */

/* clang-format off */
#define WHO \
	{ "observer", "String", put_observer, 0 }, \
	{ "run", "UInt64", put_run, 0 }
#define WHEN \
	WHO, { "interval_id", "UInt64", put_interval, 0 }, \
	{ "time", "DateTime('UTC')", put_time, 0 }, \
	{ "end_ns", "UInt64", put_end_ns, 0 }
#define COUNTS(way, arg) \
	{ way "packets", "UInt64", put_count, (arg) | PACKETS }, \
	{ way "bytes", "UInt64", put_count, (arg) | BYTES }, \
	{ way "l2_bytes", "UInt64", put_count, (arg) | L2_BYTES }
#define TALLY(name, term) \
	{ name "_packets", "UInt64", put_line, (term) << 4 | PACKETS }, \
	{ name "_l2_bytes", "UInt64", put_line, (term) << 4 | L2_BYTES }
#define SUM(name, term) \
	{ name "_packets", "UInt64", put_line, (term) << 4 | PACKETS }, \
	{ name "_bytes", "UInt64", put_line, (term) << 4 | BYTES }, \
	{ name "_l2_bytes", "UInt64", put_line, (term) << 4 | L2_BYTES }

static const struct ft_ch_column processes[] = {
	WHO,
	{ "id", "UInt64", put_process_row, LOCAL },
	{ "time", "DateTime('UTC')", put_time, 0 },
	{ "owner", "String", put_owner, 0 },
	{ "pid", "Int32", put_process_number, PID },
	{ "ppid", "Int32", put_process_number, PPID },
	{ "uid", "UInt32", put_process_number, UID },
	{ "gid", "UInt32", put_process_number, GID },
	{ "netns", "UInt32", put_process_number, NETNS },
	{ "start_ns", "UInt64", put_process_number, START },
	{ "name", "String", put_process_text, TEXT(name) },
	{ "user", "String", put_process_text, TEXT(user) },
	{ "command", "String", put_process_text, TEXT(cmdline) },
	{ "executable", "String", put_process_text, TEXT(exe) },
	{ "cgroup", "String", put_process_text, TEXT(cgroup) },
	{ "unit", "String", put_process_text, TEXT(unit) },
	{ "container", "String", put_process_text, TEXT(container) },
	{ "container_id", "String", put_process_text, TEXT(container_id) },
	{ "runtime", "String", put_process_text, TEXT(runtime) },
	{ "image", "String", put_process_text, TEXT(image) },
	{ "pod", "String", put_process_text, TEXT(pod) },
	{ "pod_namespace", "String", put_process_text, TEXT(pod_namespace) },
	{ "user_group", "String", put_process_text, TEXT(group) },
	{ "parents", "String", put_process_text, TEXT(parents) },
};

static const struct ft_ch_column traffic[] = {
	WHEN,
	{ "interval_ns", "UInt64", put_interval_ns, 0 },
	{ "flow", "UInt64", put_flow, 0 },
	{ "interface", "String", put_interface, 0 },
	{ "vlan", "UInt16", put_vlan, 0 }, { "vlan_inner", "UInt16", put_vlan, 1 },
	{ "ip_version", "UInt8", put_ip_version, 0 },
	{ "protocol", "UInt8", put_protocol, 0 },
	{ "local_address", "String", put_address, LOCAL },
	{ "local_port", "UInt16", put_port, LOCAL },
	{ "local_name", "String", put_host_name, LOCAL },
	{ "local_bytes", "FixedString(16)", put_addr_bytes, LOCAL },
	{ "remote_address", "String", put_address, REMOTE },
	{ "remote_port", "UInt16", put_port, REMOTE },
	{ "remote_name", "String", put_host_name, REMOTE },
	{ "remote_bytes", "FixedString(16)", put_addr_bytes, REMOTE },
	{ "path", "String", put_path, 0 },
	{ "initiator", "String", put_initiator, 0 },
	{ "icmp_type", "UInt8", put_icmp, 0 }, { "icmp_code", "UInt8", put_icmp, 1 },
	{ "icmp_id", "UInt16", put_icmp, 2 },
	{ "spi", "UInt32", put_extra, FT_ENTRY_EXTRA_SPI },
	{ "gre_key", "UInt32", put_extra, FT_ENTRY_EXTRA_GRE },
	{ "first_ns", "UInt64", put_first_ns, 0 },
	{ "syn_ack_us", "UInt32", put_handshake, 0 }, { "ack_us", "UInt32", put_handshake, 1 },
	COUNTS("tx_", TX), COUNTS("rx_", RX),
	COUNTS("total_tx_", TOTAL | TX), COUNTS("total_rx_", TOTAL | RX),
	{ "last_ns", "UInt64", put_last_ns, 0 },
	{ "state", "String", put_state, 0 }, { "ended", "String", put_ended, 0 },
	{ "tx_tcp_flags", "UInt8", put_tcp_flags, LOCAL },
	{ "rx_tcp_flags", "UInt8", put_tcp_flags, REMOTE },
	{ "marks", "UInt8", put_marks, 0 },
	{ "local_process", "UInt64", put_process_row, LOCAL },
	{ "remote_process", "UInt64", put_process_row, REMOTE },
	{ "owner", "String", put_owner, LOCAL },
	{ "pid", "Int32", put_process_number, PID | LOCAL },
	{ "process", "String", put_process_text, TEXT(name) | LOCAL },
	{ "user", "String", put_process_text, TEXT(user) | LOCAL },
	{ "uid", "UInt32", put_process_number, UID | LOCAL },
	{ "container", "String", put_process_text, TEXT(container) | LOCAL },
	{ "unit", "String", put_process_text, TEXT(unit) | LOCAL },
	{ "remote_owner", "String", put_owner, REMOTE },
	{ "remote_pid", "Int32", put_process_number, PID | REMOTE },
	{ "remote_process_name", "String", put_process_text, TEXT(name) | REMOTE },
	{ "remote_user", "String", put_process_text, TEXT(user) | REMOTE },
	{ "remote_uid", "UInt32", put_process_number, UID | REMOTE },
	{ "remote_container", "String", put_process_text, TEXT(container) | REMOTE },
	{ "remote_unit", "String", put_process_text, TEXT(unit) | REMOTE },
};

#define NUMBER(name, member, known, zero_is_none) \
	{ #name, "UInt64", put_socket_number, FT_NUMBER_##name },

static const struct ft_ch_column tcp[] = {
	WHEN,
	{ "flow", "UInt64", put_flow, 0 },
	{ "side", "UInt8", put_side, 0 },
	{ "socket", "UInt64", put_cookie, 0 },
	{ "sampled_ns", "UInt64", put_sampled, 0 },
	{ "known", "UInt32", put_known, 0 },
	{ "state", "String", put_socket_state, 0 },
	{ "congestion", "String", put_congestion, 0 },
	{ "congestion_state", "String", put_congestion_state, 0 },
	{ "options", "UInt8", put_socket_options, 0 },
	{ "timer", "String", put_socket_timer, 0 },
	FT_HEALTH_NUMBERS(NUMBER)
};

static const struct ft_ch_column events[] = {
	WHEN,
	{ "id", "UInt64", put_event_id, 0 },
	{ "time_ns", "UInt64", put_event_time, 0 },
	{ "event", "String", put_event_word, 0 },
	{ "source", "String", put_event_word, 1 },
	{ "interface", "String", put_interface, 0 },
	{ "vlan", "UInt16", put_vlan, 0 }, { "vlan_inner", "UInt16", put_vlan, 1 },
	{ "ip_version", "UInt8", put_ip_version, 0 },
	{ "protocol", "UInt8", put_protocol, 0 },
	{ "local_address", "String", put_address, LOCAL },
	{ "local_port", "UInt16", put_port, LOCAL },
	{ "local_bytes", "FixedString(16)", put_addr_bytes, LOCAL },
	{ "remote_address", "String", put_address, REMOTE },
	{ "remote_port", "UInt16", put_port, REMOTE },
	{ "remote_bytes", "FixedString(16)", put_addr_bytes, REMOTE },
	{ "path", "String", put_path, 0 },
	{ "initiator", "String", put_initiator, 0 },
	{ "local_process", "UInt64", put_process_row, LOCAL },
	{ "remote_process", "UInt64", put_process_row, REMOTE },
	{ "owner", "String", put_owner, LOCAL },
	{ "pid", "Int32", put_process_number, PID | LOCAL },
	{ "process", "String", put_process_text, TEXT(name) | LOCAL },
	{ "user", "String", put_process_text, TEXT(user) | LOCAL },
	{ "flow", "UInt64", put_event_number, E_FLOW },
	{ "socket", "UInt64", put_event_number, E_SOCKET },
	{ "known", "UInt32", put_event_number, E_KNOWN },
	{ "latency_us", "UInt64", put_event_number, E_LATENCY },
	{ "duration_us", "UInt64", put_event_number, E_DURATION },
	{ "segments", "UInt32", put_event_number, E_SEGMENTS },
	{ "app_tx_bytes", "UInt64", put_event_number, E_APP_TX },
	{ "app_rx_bytes", "UInt64", put_event_number, E_APP_RX },
	COUNTS("tx_", TOTAL | TX), COUNTS("rx_", TOTAL | RX),
	{ "errno", "UInt16", put_event_number, E_ERRNO },
	{ "error", "String", put_event_word, 2 },
	{ "reason", "String", put_event_word, 3 },
	{ "closed_by", "String", put_event_closer, 0 },
};

static const struct ft_ch_column lines[] = {
	WHEN,
	{ "interface", "String", put_interface, 0 },
	{ "term", "String", put_term, 0 },
	{ "packets", "UInt64", put_sum, PACKETS }, { "bytes", "UInt64", put_sum, BYTES },
	{ "l2_bytes", "UInt64", put_sum, L2_BYTES },
	{ "total_packets", "UInt64", put_sum, TOTAL | PACKETS },
	{ "total_bytes", "UInt64", put_sum, TOTAL | BYTES },
	{ "total_l2_bytes", "UInt64", put_sum, TOTAL | L2_BYTES },
};

static const struct ft_ch_column health[] = {
	WHEN,
	{ "backend", "String", put_snapshot_text, MEMBER(backend) },
	{ "backend_reason", "String", put_snapshot_text, MEMBER(backend_reason) },
	{ "capture_filter", "String", put_snapshot_text, MEMBER(capture_filter) },
	{ "owner_source", "String", put_snapshot_text, MEMBER(owner_source) },
	{ "evicted", "UInt64", put_snapshot_u64, MEMBER(evicted) },
	{ "lengthened", "UInt64", put_snapshot_u64, MEMBER(lengthened) },
	{ "missed", "UInt64", put_snapshot_u64, MEMBER(missed) },
	{ "not_watched_ns", "UInt64", put_snapshot_u64, MEMBER(not_watched_ns) },
	{ "log_fill_per_mille", "UInt16", put_log_fill, 0 },
	{ "spilled", "UInt64", put_snapshot_u64, MEMBER(store.spilled) },
	{ "flips", "UInt64", put_snapshot_u64, MEMBER(store.flips) },
	{ "map_bytes", "UInt64", put_snapshot_u64, MEMBER(store.map_bytes) },
	{ "sockets_missed", "UInt64", put_snapshot_u64, MEMBER(store.sockets_missed) },
	{ "max_flows", "UInt32", put_max_flows, 0 },
	{ "notes", "String", put_notes, 0 },
};

static const struct ft_ch_column intervals[] = {
	WHEN,
	{ "interval_ns", "UInt64", put_interval_ns, 0 },
	{ "live_flows", "UInt64", put_live_flows, 0 },
	TALLY("seen", SEEN), SUM("flows", FLOWS), SUM("other", OTHER), TALLY("not_ip", NOT_IP),
	TALLY("malformed", MALFORMED), TALLY("lost", LOST),
	{ "exact", "UInt8", put_exact, 0 },
	{ "hidden_flows", "UInt64", put_hidden_flows, 0 },
	SUM("hidden", HIDDEN),
};

#define TABLE(id, order) { #id, order, id, sizeof(id) / sizeof(id[0]) }
const struct ft_ch_table ft_ch_tables[FT_CH_TABLES] = {
	[FT_CH_PROCESSES] = TABLE(processes, "observer, run, id"),
	[FT_CH_TRAFFIC] = TABLE(traffic, "time, observer, run, interval_id, flow"),
	[FT_CH_TCP] = TABLE(tcp, "time, observer, run, interval_id, flow, side"),
	[FT_CH_EVENTS] = TABLE(events, "time, observer, run, interval_id, id"),
	[FT_CH_LINES] = TABLE(lines, "time, observer, run, interval_id, interface, term"),
	[FT_CH_HEALTH] = TABLE(health, "time, observer, run, interval_id"),
	[FT_CH_INTERVALS] = TABLE(intervals, "time, observer, run, interval_id"),
};
/* clang-format on */

void ft_ch_table_name(struct ft_sql *to, const char *database, enum ft_ch_table_id table)
{
	ft_sql_name(to, database);
	ft_sql_printf(to, ".%s", ft_ch_tables[table].name);
}

void ft_ch_create(struct ft_sql *to, const char *database, enum ft_ch_table_id table)
{
	const struct ft_ch_table *is = &ft_ch_tables[table];

	ft_sql_printf(to, "CREATE TABLE IF NOT EXISTS ");
	ft_ch_table_name(to, database, table);
	for (size_t i = 0; i < is->count; i++)
		ft_sql_printf(to, "%s`%s` %s", i ? ", " : " (", is->columns[i].name,
			      is->columns[i].type);
	ft_sql_printf(to, ") ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMMDD(time) "
			  "ORDER BY (%s)", is->order);
}

void ft_ch_insert(struct ft_sql *to, const char *database, enum ft_ch_table_id table)
{
	const struct ft_ch_table *is = &ft_ch_tables[table];

	ft_sql_printf(to, "INSERT INTO ");
	ft_ch_table_name(to, database, table);
	for (size_t i = 0; i < is->count; i++)
		ft_sql_printf(to, "%s`%s`", i ? "," : " (", is->columns[i].name);
	ft_sql_printf(to, ") FORMAT TabSeparated\n");
}

void ft_ch_row(struct ft_sql *to, enum ft_ch_table_id table, const struct ft_ch_source *from)
{
	const struct ft_ch_table *is = &ft_ch_tables[table];

	for (size_t i = 0; i < is->count; i++) {
		is->columns[i].put(to, from, is->columns[i].arg);
		ft_tsv_next(to, i + 1 == is->count);
	}
}

/* ---- what is there */

void ft_ch_ask_layout(struct ft_sql *to, const char *database)
{
	ft_sql_printf(to, "SELECT table, name, type FROM system.columns WHERE database = ");
	ft_sql_text(to, database);
	ft_sql_printf(to, " FORMAT TabSeparated");
}

int ft_ch_layout_row(void *arg, const struct ft_tsv_field *fields, size_t count)
{
	struct ft_ch_layout *layout = arg;

	(void)count;
	for (int t = 0; t < FT_CH_TABLES; t++) {
		const struct ft_ch_table *table = &ft_ch_tables[t];

		if (strcmp(fields[0].text, table->name) != 0)
			continue;
		layout->there[t] = true;
		for (size_t i = 0; i < table->count; i++)
			if (strcmp(fields[1].text, table->columns[i].name) == 0)
				layout->seen[t][i] =
					strcmp(fields[2].text, table->columns[i].type) ? 2 : 1;
	}
	return 0;
}

/* Has nobody made a table of such a name? */
static bool layout_is_empty(const struct ft_ch_layout *layout)
{
	for (int t = 0; t < FT_CH_TABLES; t++)
		if (layout->there[t])
			return false;
	return true;
}

int ft_ch_layout_check(const struct ft_ch_layout *layout, char *err, size_t err_size)
{
	if (layout_is_empty(layout)) {
		snprintf(err, err_size,
			 _("no flowtop has written to this database, or it isn't there"));
		return -ENOENT;
	}
	for (int t = 0; t < FT_CH_TABLES; t++)
		for (size_t i = 0; i < ft_ch_tables[t].count; i++) {
			if (layout->seen[t][i] == 1)
				continue;
			snprintf(err, err_size,
				 _("its table %s is another flowtop's (column %s): take another "
				   "database"),
				 ft_ch_tables[t].name, ft_ch_tables[t].columns[i].name);
			return -EPROTO;
		}
	return 0;
}
