/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of fields. Their getters (record_*.c) read a row of an immutable snapshot and keep
 * nothing; one that leaves the cell alone says that the field does not apply. `arg` picks one of
 * several alike: a side, a counter.
 */
#include "output/record_priv.h"

#include <string.h>

#include "core/event.h"
#include "core/health.h"
#include "core/socket.h"

/* A number. */
void ft_cell_uint(struct ft_cell *cell, uint64_t value)
{
	cell->kind = FT_CELL_UINT;
	cell->number = value;
}

/* A text that outlives the cell; NULL and "" do not apply. */
void ft_cell_text(struct ft_cell *cell, const char *text)
{
	if (!text || !*text)
		return;
	cell->kind = FT_CELL_TEXT;
	cell->text = text;
	cell->length = strlen(text);
}

/* A time; 0 does not apply. */
void ft_cell_time(struct ft_cell *cell, uint64_t ns)
{
	if (ns)
		ft_cell_text(cell, ft_fmt_time(ns, cell->buf, sizeof(cell->buf)));
}

/* Index of a side's end in the key: 0 = a, 1 = b. The same index is the direction it sends. */
int ft_record_end(const struct ft_record *record, unsigned side)
{
	int tx = ft_flow_tx(record->flow->flow);

	return side == LOCAL ? tx : !tx;
}

/* ---- the tables */

/* clang-format off */
#define HEAD(list) \
	{ "type", ft_field_type, list, false }, { "schema", ft_field_schema, 0, false }

#define WHEN \
	{ "observer", ft_field_observer, 0, true }, { "time", ft_field_time, 0, false }, \
	{ "interval_ns", ft_field_interval_ns, 0, false }

#define PROCESS(prefix, side) \
	{ prefix "pid", ft_field_pid, side, false }, \
	{ prefix "name", ft_field_process_name, side, true }, \
	{ prefix "user", ft_field_user, side, true }, \
	{ prefix "uid", ft_field_uid, side, false }, \
	{ prefix "gid", ft_field_gid, side, false }, \
	{ prefix "group", ft_field_group, side, true }, \
	{ prefix "ppid", ft_field_ppid, side, false }, \
	{ prefix "parents", ft_field_parents, side, true }, \
	{ prefix "exe", ft_field_exe, side, true }, \
	{ prefix "cmdline", ft_field_cmdline, side, true }, \
	{ prefix "cgroup", ft_field_cgroup, side, true }, \
	{ prefix "unit", ft_field_unit, side, true }, \
	{ prefix "netns", ft_field_netns, side, false }, \
	{ prefix "start_time", ft_field_start, side, false }, \
	{ prefix "exit_time", ft_field_exited, side, false }

#define CONTAINER(prefix, side) \
	{ prefix "id", ft_field_container_id, side, true }, \
	{ prefix "runtime", ft_field_runtime, side, false }, \
	{ prefix "name", ft_field_container_name, side, true }, \
	{ prefix "image", ft_field_image, side, true }, \
	{ prefix "pod", ft_field_pod, side, true }, \
	{ prefix "pod_namespace", ft_field_pod_namespace, side, true }

#define END(name, side) \
	{ name ".address", ft_field_address, side, false }, \
	{ name ".port", ft_field_port, side, false }, \
	{ name ".name", ft_field_name, side, true }, \
	{ name ".name_source", ft_field_name_source, side, false }, \
	{ name ".bridge_port", ft_field_bridge_port, side, true }, \
	{ name ".owner", ft_field_owner, side, false }, \
	{ name ".owner_reason", ft_field_owner_reason, side, false }, \
	PROCESS(name ".process.", side), \
	CONTAINER(name ".container.", side)

#define COUNTS(name, get, total) \
	{ name ".tx_packets", get, COUNT(total, 0, 0), false }, \
	{ name ".tx_bytes", get, COUNT(total, 0, 1), false }, \
	{ name ".tx_l2_bytes", get, COUNT(total, 0, 2), false }, \
	{ name ".rx_packets", get, COUNT(total, 1, 0), false }, \
	{ name ".rx_bytes", get, COUNT(total, 1, 1), false }, \
	{ name ".rx_l2_bytes", get, COUNT(total, 1, 2), false }

/* What only differences have: the last fields of a table. */
#define DIFFERENCE(get) \
	{ "change", ft_field_change, 0, false }, \
	{ "since", ft_field_since, 0, false }, \
	COUNTS("difference", get, 1)
#define FLOW_DIFFERENCE_FIELDS 8
#define GROUP_DIFFERENCE_FIELDS (FLOW_DIFFERENCE_FIELDS + 1)

/* X(name ...) of FT_HEALTH_NUMBERS, for a side each. */
#define TCP_LOCAL(name, member, known, none) \
	{ "tcp." #name, ft_field_tcp_number, TCP_ARG(LOCAL, FT_NUMBER_##name), false },
#define TCP_REMOTE(name, member, known, none) \
	{ "tcp.remote." #name, ft_field_tcp_number, TCP_ARG(REMOTE, FT_NUMBER_##name), false },

#define TCP_WORDS(prefix, side) \
	{ prefix "socket", ft_field_tcp_cookie, side, false }, \
	{ prefix "sampled", ft_field_tcp_time, side, false }, \
	{ prefix "state", ft_field_tcp_state, side, false }, \
	{ prefix "congestion", ft_field_tcp_congestion, side, true }, \
	{ prefix "congestion_state", ft_field_tcp_ca_state, side, false }, \
	{ prefix "options", ft_field_tcp_options, side, false }, \
	{ prefix "timer", ft_field_tcp_timer, side, false }, \
	{ prefix "app_limited", ft_field_app_limited, side, false }

static const struct ft_field flow_fields[] = {
	HEAD(FT_LIST_FLOWS),
	{ "id", ft_field_id, 0, false },
	WHEN,
	{ "interface", ft_field_interface, 0, true },
	{ "vlan", ft_field_vlan, 0, false },
	{ "ip_version", ft_field_ip_version, 0, false },
	{ "protocol", ft_field_protocol, 0, false },
	{ "protocol_name", ft_field_protocol_name, 0, false },
	{ "path", ft_field_path, 0, false },
	{ "initiator", ft_field_initiator, 0, false },
	{ "pair", ft_field_pair, 0, false },
	{ "nat.local.address", ft_field_nat_address, LOCAL, false },
	{ "nat.local.port", ft_field_nat_port, LOCAL, false },
	{ "nat.remote.address", ft_field_nat_address, REMOTE, false },
	{ "nat.remote.port", ft_field_nat_port, REMOTE, false },
	END("local", LOCAL),
	END("remote", REMOTE),
	COUNTS("interval", ft_field_flow_count, 0),
	COUNTS("total", ft_field_flow_count, 1),
	{ "first_seen", ft_field_first_seen, LOCAL, false },
	{ "last_seen", ft_field_last_seen, LOCAL, false },
	{ "state", ft_field_state, 0, false },
	{ "tcp_flags.tx", ft_field_tcp_flags, LOCAL, false },
	{ "tcp_flags.rx", ft_field_tcp_flags, REMOTE, false },
	{ "icmp.type", ft_field_icmp, 0, false },
	{ "icmp.code", ft_field_icmp, 1, false },
	{ "icmp.id", ft_field_icmp, 2, false },
	{ "ended.time", ft_field_ended_time, 0, false },
	{ "ended.reason", ft_field_ended_reason, 0, false },
	{ "fragment", ft_field_flag, FT_ENTRY_FRAGMENT, false },
	{ "inexact", ft_field_flag, FT_ENTRY_INEXACT, false },
	{ "spi", ft_field_extra, FT_ENTRY_EXTRA_SPI, false },
	{ "gre_key", ft_field_extra, FT_ENTRY_EXTRA_GRE, false },
	FT_HEALTH_NUMBERS(TCP_LOCAL)
	TCP_WORDS("tcp.", LOCAL),
	{ "tcp.overhead_per_mille", ft_field_overhead, 0, false },
	{ "tcp.handshake_us", ft_field_handshake, 0, false },
	{ "tcp.syn_ack_us", ft_field_handshake, 1, false },
	{ "tcp.ack_us", ft_field_handshake, 2, false },
	FT_HEALTH_NUMBERS(TCP_REMOTE)
	TCP_WORDS("tcp.remote.", REMOTE),
	DIFFERENCE(ft_field_flow_more),
};

static const struct ft_field talker_fields[] = {
	HEAD(FT_LIST_TALKERS),
	WHEN,
	{ "talker.address", ft_field_group_address, 0, false },
	{ "talker.name", ft_field_group_name, 0, true },
	{ "talker.name_source", ft_field_group_name_source, 0, false },
	{ "talker.by", ft_field_group_by, 0, false },
	{ "talker.prefix_length", ft_field_group_prefix, 0, false },
	{ "talker.protocol", ft_field_group_protocol, 0, false },
	{ "talker.protocol_name", ft_field_group_protocol_name, 0, false },
	{ "talker.port", ft_field_group_port, 0, false },
	{ "talker.user", ft_field_group_user, 0, true },
	{ "talker.uid", ft_field_group_uid, 0, false },
	{ "talker.process.pid", ft_field_group_pid, 0, false },
	{ "talker.process.name", ft_field_group_process, 0, true },
	{ "talker.owner", ft_field_group_owner, 0, false },
	{ "talker.interface", ft_field_group_interface, 0, true },
	{ "talker.vlan", ft_field_group_vlan, 0, false },
	{ "own", ft_field_own, 0, false },
	{ "flows", ft_field_flows, 0, false },
	COUNTS("interval", ft_field_group_count, 0),
	COUNTS("total", ft_field_group_count, 1),
	{ "first_seen", ft_field_first_seen, GROUP, false },
	{ "last_seen", ft_field_last_seen, GROUP, false },
	DIFFERENCE(ft_field_group_more),
	{ "difference.flows", ft_field_flows_more, 0, false },
};

static const struct ft_field event_fields[] = {
	HEAD(FT_LIST_EVENTS),
	{ "id", ft_field_id, 0, false },
	{ "observer", ft_field_observer, 0, true },
	{ "time", ft_field_event_time, 0, false },
	{ "event", ft_field_event_kind, 0, false },
	{ "source", ft_field_source, 0, false },
	{ "direction", ft_field_direction, 0, false },
	{ "interface", ft_field_interface, 0, true },
	{ "vlan", ft_field_vlan, 0, false },
	{ "ip_version", ft_field_ip_version, 0, false },
	{ "protocol", ft_field_protocol, 0, false },
	{ "protocol_name", ft_field_protocol_name, 0, false },
	END("local", LOCAL),
	{ "remote.address", ft_field_event_remote, 0, false },
	{ "remote.port", ft_field_event_remote, 1, false },
	{ "remote.name", ft_field_event_remote, 2, true },
	{ "remote.name_source", ft_field_event_remote, 3, false },
	{ "latency_us", ft_field_event_number, FT_EVENT_LATENCY, false },
	{ "errno", ft_field_errno, 0, false },
	{ "error", ft_field_event_error, 0, false },
	{ "reason", ft_field_close, 0, false },
	{ "closed_by", ft_field_closed_by, 0, false },
	{ "duration_us", ft_field_event_number, FT_EVENT_DURATION, false },
	{ "app.tx_bytes", ft_field_app_bytes, LOCAL, false },
	{ "app.rx_bytes", ft_field_app_bytes, REMOTE, false },
	COUNTS("total", ft_field_wire_count, 1),
	{ "segments", ft_field_event_number, FT_EVENT_SEGMENTS, false },
	{ "socket", ft_field_event_socket, 0, false },
	{ "flow", ft_field_event_flow, 0, false },
};

static const struct ft_field process_fields[] = {
	HEAD(FT_LIST_PROCESSES),
	WHEN,
	PROCESS("process.", GROUP),
	CONTAINER("container.", GROUP),
	{ "owner", ft_field_owner, GROUP, false },
	{ "owner_reason", ft_field_owner_reason, GROUP, false },
	{ "flows", ft_field_flows, 0, false },
	COUNTS("interval", ft_field_group_count, 0),
	COUNTS("total", ft_field_group_count, 1),
	{ "first_seen", ft_field_first_seen, GROUP, false },
	{ "last_seen", ft_field_last_seen, GROUP, false },
	DIFFERENCE(ft_field_group_more),
	{ "difference.flows", ft_field_flows_more, 0, false },
};

#define SOCKET_TCP(name, member, known, none) \
	{ "tcp." #name, ft_field_socket_number, FT_NUMBER_##name, false },
#define SOCKET_COMMON(name, member, known, none) \
	{ #name, ft_field_socket_number, FT_NUMBER_##name, false },

static const struct ft_field socket_fields[] = {
	HEAD(FT_LIST_SOCKETS),
	{ "cookie", ft_field_socket_cookie, 0, false },
	WHEN,
	{ "sampled", ft_field_sampled, 0, false },
	{ "kind", ft_field_socket_kind, 0, false },
	{ "ip_version", ft_field_socket_version, 0, false },
	{ "protocol", ft_field_socket_protocol, 0, false },
	{ "protocol_name", ft_field_socket_protocol, 1, false },
	{ "state", ft_field_socket_state, 0, false },
	{ "bound_interface", ft_field_socket_iface, 0, true },
	{ "local.address", ft_field_socket_address, OWN, false },
	{ "local.port", ft_field_socket_port, OWN, false },
	{ "local.name", ft_field_socket_name, OWN, true },
	{ "local.name_source", ft_field_socket_name_source, OWN, false },
	{ "local.owner", ft_field_owner, OWN, false },
	{ "local.owner_reason", ft_field_owner_reason, OWN, false },
	PROCESS("local.process.", OWN),
	CONTAINER("local.container.", OWN),
	{ "remote.address", ft_field_socket_address, PEER, false },
	{ "remote.port", ft_field_socket_port, PEER, false },
	{ "remote.name", ft_field_socket_name, PEER, true },
	{ "remote.name_source", ft_field_socket_name_source, PEER, false },
	{ "uid", ft_field_socket_uid, 0, false },
	{ "inode", ft_field_socket_inode, 0, false },
	FT_HEALTH_COMMON_NUMBERS(SOCKET_COMMON)
	{ "timer", ft_field_socket_timer, 0, false },
	{ "memory.receive", ft_field_socket_memory, FT_MEMORY_RECEIVE, false },
	{ "memory.receive_limit", ft_field_socket_memory, FT_MEMORY_RECEIVE_LIMIT, false },
	{ "memory.send", ft_field_socket_memory, FT_MEMORY_SEND, false },
	{ "memory.send_limit", ft_field_socket_memory, FT_MEMORY_SEND_LIMIT, false },
	{ "memory.forward", ft_field_socket_memory, FT_MEMORY_FORWARD, false },
	{ "memory.queued", ft_field_socket_memory, FT_MEMORY_QUEUED, false },
	{ "memory.options", ft_field_socket_memory, FT_MEMORY_OPTIONS, false },
	{ "memory.backlog", ft_field_socket_memory, FT_MEMORY_BACKLOG, false },
	FT_HEALTH_TCP_NUMBERS(SOCKET_TCP)
	{ "tcp.congestion", ft_field_socket_word, WORD_CONGESTION, true },
	{ "tcp.congestion_state", ft_field_socket_word, WORD_CA_STATE, false },
	{ "tcp.options", ft_field_socket_word, WORD_OPTIONS, false },
	{ "tcp.app_limited", ft_field_socket_app_limited, 0, false },
};
/* clang-format on */

#define FIELDS(table, only_difference) \
	{ table, sizeof(table) / sizeof((table)[0]), only_difference }

/* The table of a list. */
const struct ft_field *ft_record_fields(enum ft_list list, bool difference, size_t *ret_count)
{
	static const struct {
		const struct ft_field *fields;
		size_t count, only_difference;
	} tables[FT_LIST_MAX] = {
		[FT_LIST_FLOWS] = FIELDS(flow_fields, FLOW_DIFFERENCE_FIELDS),
		[FT_LIST_TALKERS] = FIELDS(talker_fields, GROUP_DIFFERENCE_FIELDS),
		[FT_LIST_PROCESSES] = FIELDS(process_fields, GROUP_DIFFERENCE_FIELDS),
		[FT_LIST_SOCKETS] = FIELDS(socket_fields, 0),
		[FT_LIST_EVENTS] = FIELDS(event_fields, 0),
	};

	*ret_count = tables[list].count - (difference ? 0 : tables[list].only_difference);
	return tables[list].fields;
}

/* One value. */
void ft_field_get(const struct ft_field *field, const struct ft_record *record,
		  struct ft_cell *ret_cell)
{
	ret_cell->kind = FT_CELL_NONE;
	ret_cell->list_count = 0;
	field->get(record, field->arg, ret_cell);
}
