/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of fields. Getters read a row of an immutable snapshot and keep nothing; a getter
 * that leaves the cell alone says that the field does not apply. `arg` picks one of several
 * alike: a side, a counter.
 */
#include "output/record.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/addr.h"
#include "core/event.h"
#include "core/health.h"
#include "core/names.h"
#include "core/owner.h"
#include "core/socket.h"

/* Sides of a flow, and the owner of a group; sides of a socket. */
enum { LOCAL, REMOTE, GROUP, OWN, PEER };

/* Counters: interval or total, tx or rx, which. */
#define COUNT(total, rx, which) ((total)*6 + (rx)*3 + (which))

/* A number. */
static void uint_cell(struct ft_cell *cell, uint64_t value)
{
	cell->kind = FT_CELL_UINT;
	cell->number = value;
}

/* A text that outlives the cell; NULL and "" do not apply. */
static void text_cell(struct ft_cell *cell, const char *text)
{
	if (!text || !*text)
		return;
	cell->kind = FT_CELL_TEXT;
	cell->text = text;
	cell->length = strlen(text);
}

/* A time; 0 does not apply. */
static void time_cell(struct ft_cell *cell, uint64_t ns)
{
	if (ns)
		text_cell(cell, ft_fmt_time(ns, cell->buf, sizeof(cell->buf)));
}

/* Index of a side's end in the key: 0 = a, 1 = b. The same index is the direction it sends. */
static int end_of(const struct ft_record *record, unsigned side)
{
	int tx = ft_flow_tx(record->flow->flow);

	return side == LOCAL ? tx : !tx;
}

/* ---- head of every record */

static void get_type(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	static const char *const names[FT_LIST_MAX] = {
		[FT_LIST_FLOWS] = "flow",
		[FT_LIST_TALKERS] = "talker",
		[FT_LIST_PROCESSES] = "process",
		[FT_LIST_SOCKETS] = "socket",
		[FT_LIST_EVENTS] = "event",
	};

	(void)record;
	text_cell(cell, names[arg]);
}

static void get_schema(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)record, (void)arg;
	uint_cell(cell, FT_SCHEMA);
}

static void get_observer(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	text_cell(cell, record->observer);
}

static void get_time(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	time_cell(cell, record->snapshot->end_ns);
}

static void get_interval_ns(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	uint_cell(cell, record->snapshot->interval_ns);
}

/* ---- a flow */

static void get_id(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	cell->kind = FT_CELL_ID;
	cell->number = record->flow->flow->id;
}

static void get_interface(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	text_cell(cell, ft_snapshot_scope_name(record->snapshot, record->flow->flow->key.scope));
}

static void get_vlan(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_flow_key *key = &record->flow->flow->key;

	(void)arg;
	if (key->vlan_outer)
		cell->list[cell->list_count++] = key->vlan_outer;
	if (key->vlan_inner)
		cell->list[cell->list_count++] = key->vlan_inner;
	if (cell->list_count)
		cell->kind = FT_CELL_LIST;
}

static void get_ip_version(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	uint_cell(cell, record->flow->flow->key.ip_version);
}

static void get_protocol(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	uint_cell(cell, record->flow->flow->key.protocol);
}

static void get_protocol_name(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	text_cell(cell, ft_protocol_name(record->flow->flow->key.protocol));
}

static void get_path(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	text_cell(cell, ft_path_name((enum ft_path)record->flow->flow->path));
}

static void get_initiator(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_flow *flow = record->flow->flow;

	(void)arg;
	if (flow->initiator != FT_END_NONE)
		text_cell(cell, flow->initiator == flow->local ? "local" : "remote");
}

/* The flows that the same conversation is seen as elsewhere. */
static void get_pair(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_flow_hot *rows[FT_PLACES_MAX];

	(void)arg;
	cell->list_count = ft_snapshot_pairs(record->snapshot, record->flow, rows, FT_PLACES_MAX);
	for (size_t i = 0; i < cell->list_count; i++)
		cell->ids[i] = rows[i]->flow->id;
	if (cell->list_count)
		cell->kind = FT_CELL_IDS;
}

/* What a side is called on the other side of a translation: its key, NULL if there is none, and
 * which end of that. */
static const struct ft_flow_key *nat_of(const struct ft_record *record, unsigned side,
					int *ret_end)
{
	unsigned int which;
	const struct ft_nat *nat = ft_snapshot_nat(record->snapshot, record->flow, &which);

	if (!nat)
		return NULL;
	*ret_end = ft_nat_end(nat, end_of(record, side));
	return &nat->key[!which];
}

static void get_nat_address(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	int end;
	const struct ft_flow_key *key = nat_of(record, arg, &end);

	if (key)
		text_cell(cell, ft_addr_format(end ? key->addr_b : key->addr_a, cell->buf));
}

static void get_nat_port(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	int end;
	const struct ft_flow_key *key = nat_of(record, arg, &end);

	if (key && ft_protocol_has_ports(key->protocol))
		uint_cell(cell, ntohs(end ? key->port_b_be : key->port_a_be));
}

/* ---- one end of a flow, or a talker */

/* The address of a side, or of a talker. */
static const uint8_t *address_of(const struct ft_record *record, unsigned side)
{
	if (side == GROUP)
		return record->group->addr;
	if (side == OWN || side == PEER)
		return side == OWN ? record->socket->local : record->socket->remote;
	return end_of(record, side) ? record->flow->flow->key.addr_b
				    : record->flow->flow->key.addr_a;
}

static void get_address(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	text_cell(cell, ft_addr_format(address_of(record, arg), cell->buf));
}

/* True for protocols whose key holds ports. */
static bool has_ports(const struct ft_flow_key *key)
{
	return key->protocol == IPPROTO_TCP || key->protocol == IPPROTO_UDP ||
	       key->protocol == IPPROTO_SCTP;
}

static void get_port(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_flow_key *key = &record->flow->flow->key;

	if (!has_ports(key))
		return;
	/* Fragments whose first one was not seen: the ports are not known. */
	if ((record->flow->entry_flags & FT_ENTRY_FRAGMENT) && !key->port_a_be && !key->port_b_be)
		return;
	uint_cell(cell, ntohs(end_of(record, arg) ? key->port_b_be : key->port_a_be));
}

/* The name of a side's host, and who says so; NULL if there is none or -n. */
static const char *name_of(const struct ft_record *record, unsigned side,
			   enum ft_name_source *ret_source)
{
	if (!record->show || !record->show->names || record->show->numeric_hosts)
		return NULL;
	return ft_names_host(record->show->names, address_of(record, side), ret_source);
}

static void get_name(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	enum ft_name_source source;

	text_cell(cell, name_of(record, arg, &source));
}

static void get_name_source(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	enum ft_name_source source;

	if (name_of(record, arg, &source))
		text_cell(cell, ft_name_source_name(source));
}

/* The port of a bridge where this side's packets came in. */
static void get_bridge_port(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_snapshot_iface *iface;
	const char *scope;

	iface = ft_snapshot_iface_of(record->snapshot, record->flow, end_of(record, arg));
	scope = ft_snapshot_scope_name(record->snapshot, record->flow->flow->key.scope);
	if (iface && scope && strcmp(iface->name, scope) != 0)
		text_cell(cell, iface->name);
}

/* ---- owners */

/* The owner's id: of a side, or of a process row. */
static uint16_t owner_of(const struct ft_record *record, unsigned side)
{
	if (side == OWN)
		return record->socket->owner;
	return side == GROUP ? record->group->owner : record->flow->owner[end_of(record, side)];
}

static void get_owner(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	static const char *const words[] = {
		[FT_OWNER_UNKNOWN] = "unknown",
		[FT_OWNER_KERNEL] = "kernel",
		[FT_OWNER_TRANSIT] = "transit",
		[FT_OWNER_FOREIGN] = "foreign",
	};
	uint16_t owner = owner_of(record, arg);

	if (owner < FT_OWNER_FIRST)
		text_cell(cell, words[owner]);
	else if (arg != GROUP)
		text_cell(cell, "process");
}

static void get_owner_reason(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const char *source = record->snapshot->owner_source;
	uint16_t owner = owner_of(record, arg);
	unsigned int side;

	if (owner == FT_OWNER_KERNEL)
		text_cell(cell, "no process has its socket");
	else if (owner == FT_OWNER_TRANSIT && arg == GROUP)
		text_cell(cell, "forwarded or bridged");
	else if (owner == FT_OWNER_TRANSIT)
		text_cell(cell, ft_snapshot_nat(record->snapshot, record->flow, &side) ?
					"this machine only translates addresses" :
					"neither end is this machine");
	if (owner != FT_OWNER_UNKNOWN)
		return;
	if (!source || !*source)
		text_cell(cell, "owners are not looked up");
	else if (record->snapshot->owners_unknown_full)
		text_cell(cell, "no owner found, or too many processes");
	else
		text_cell(cell, "no owner found");
}

/* The process of a side or of a row, or NULL. */
static const struct ft_process *process_of(const struct ft_record *record, unsigned side)
{
	return ft_snapshot_process(record->snapshot, owner_of(record, side));
}

static void get_pid(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process && process->pid > 0)
		uint_cell(cell, (uint64_t)process->pid);
}

static void get_ppid(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process && process->ppid > 0)
		uint_cell(cell, (uint64_t)process->ppid);
}

static void get_process_name(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		text_cell(cell, process->name);
}

static void get_user(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		text_cell(cell, process->user);
}

static void get_uid(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		uint_cell(cell, process->uid);
}

static void get_gid(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		uint_cell(cell, process->gid);
}

static void get_exe(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		text_cell(cell, process->exe);
}

static void get_cmdline(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		text_cell(cell, process->cmdline);
}

static void get_cgroup(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		text_cell(cell, process->cgroup);
}

static void get_unit(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		text_cell(cell, process->unit);
}

static void get_start(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		time_cell(cell, process->start_ns);
}

static void get_exited(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		time_cell(cell, process->exited_ns);
}

static void get_group(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		text_cell(cell, process->group);
}

static void get_parents(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		text_cell(cell, process->parents);
}

static void get_netns(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process && process->netns)
		uint_cell(cell, process->netns);
}

/* The whole id, or all that is known of it. */
static void get_container_id(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process && process->container_id && process->container_id[0])
		text_cell(cell, process->container_id);
	else if (process)
		text_cell(cell, process->container);
}

static void get_runtime(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		text_cell(cell, process->runtime);
}

/* The name, unless it is but the begin of the id. */
static void get_container_name(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (!process || !process->container || !process->container_id)
		return;
	if (strlen(process->container) >= strlen(process->container_id) ||
	    strncmp(process->container_id, process->container, strlen(process->container)) != 0)
		text_cell(cell, process->container);
}

static void get_image(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		text_cell(cell, process->image);
}

static void get_pod(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		text_cell(cell, process->pod);
}

static void get_pod_namespace(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		text_cell(cell, process->pod_namespace);
}

/* ---- counters */

/* One of a direction's three. */
static uint64_t count_of(const struct ft_counts *counts, unsigned which)
{
	return which == 0 ? counts->packets : which == 1 ? counts->bytes : counts->l2_bytes;
}

static void get_flow_count(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	int dir = end_of(record, arg % 6 >= 3 ? REMOTE : LOCAL);
	const struct ft_counts *counts = arg >= 6 ? record->flow->total :
					 ft_snapshot_delta(record->snapshot, record->flow);

	uint_cell(cell, count_of(&counts[dir], arg % 3));
}

static void get_group_count(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_group *group = record->group;
	const struct ft_counts *tx = arg >= 6 ? &group->tx : &group->delta_tx;
	const struct ft_counts *rx = arg >= 6 ? &group->rx : &group->delta_rx;

	uint_cell(cell, count_of(arg % 6 >= 3 ? rx : tx, arg % 3));
}

/* ---- times, state and what only some flows have */

static void get_first_seen(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	time_cell(cell, arg == GROUP ? record->group->first_ns : record->flow->flow->first_ns);
}

static void get_last_seen(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	time_cell(cell, arg == GROUP ? record->group->last_ns : record->flow->last_ns);
}

static void get_state(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	if (record->flow->state != FT_STATE_NONE)
		text_cell(cell, ft_state_name((enum ft_state)record->flow->state));
}

static void get_tcp_flags(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	static const char letters[] = "FSRPAUEC"; /* bit 0 first */
	unsigned flags = record->flow->tcp_flags[end_of(record, arg)];
	size_t used = 0;

	if (record->flow->flow->key.protocol != IPPROTO_TCP)
		return;
	for (unsigned bit = 0; bit < 8; bit++)
		if (flags & (1U << bit))
			cell->buf[used++] = letters[bit];
	cell->buf[used] = '\0';
	text_cell(cell, cell->buf);
}

/* True for messages that carry an id: echo, timestamp, information, address mask. */
static bool icmp_has_id(const struct ft_flow_key *key, unsigned type)
{
	if (key->protocol == IPPROTO_ICMPV6)
		return type == 128;
	return type == 8 || type == 13 || type == 15 || type == 17;
}

static void get_icmp(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_flow_key *key = &record->flow->flow->key;
	unsigned slot = ntohs(key->port_b_be);

	if (key->protocol != IPPROTO_ICMP && key->protocol != IPPROTO_ICMPV6)
		return;
	if ((record->flow->entry_flags & FT_ENTRY_FRAGMENT) && !key->port_a_be && !slot)
		return;
	if (arg == 0)
		uint_cell(cell, slot >> 8);
	else if (arg == 1)
		uint_cell(cell, slot & 0xff);
	else if (icmp_has_id(key, slot >> 8))
		uint_cell(cell, ntohs(key->port_a_be));
}

static void get_ended_time(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	unsigned reason = record->flow->ended;

	(void)arg;
	/* FIN and RST are packets; the rest is decided at the end of an interval. */
	if (reason == FT_ENDED_FIN || reason == FT_ENDED_RST)
		time_cell(cell, record->flow->last_ns);
	else if (reason != FT_ENDED_NOT)
		time_cell(cell, record->snapshot->end_ns);
}

static void get_ended_reason(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	text_cell(cell, ft_end_reason_name((enum ft_end_reason)record->flow->ended));
}

static void get_flag(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	if (!(record->flow->entry_flags & arg))
		return;
	cell->kind = FT_CELL_BOOL;
	cell->number = 1;
}

static void get_extra(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	if (record->flow->entry_flags & arg)
		uint_cell(cell, record->flow->flow->extra);
}

/* ---- TCP: the socket at a side, and the handshake */

/* What a side's socket said last; NULL if it is not known. */
static const struct ft_health *socket_of(const struct ft_record *record, unsigned side)
{
	return ft_snapshot_socket(record->snapshot, record->flow, end_of(record, side));
}

/* Side and number of an arg. */
#define TCP_ARG(side, number) ((side) << 8 | (number))

static void get_tcp_number(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_health *health = socket_of(record, arg >> 8);
	uint64_t value;

	if (health && ft_health_get(health, (enum ft_health_number)(arg & 0xff), &value))
		uint_cell(cell, value);
}

static void get_tcp_cookie(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_health *health = socket_of(record, arg);

	if (!health)
		return;
	cell->kind = FT_CELL_ID;
	cell->number = health->cookie;
}

static void get_tcp_time(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_health *health = socket_of(record, arg);

	if (health)
		time_cell(cell, health->tick);
}

static void get_tcp_state(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_health *health = socket_of(record, arg);

	if (health)
		text_cell(cell, ft_health_state(health));
}

static void get_tcp_ca_state(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_health *health = socket_of(record, arg);

	if (health)
		text_cell(cell, ft_health_ca_state(health));
}

static void get_tcp_congestion(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_health *health = socket_of(record, arg);

	if (health)
		text_cell(cell, health->congestion);
}

static void get_tcp_options(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_health *health = socket_of(record, arg);

	if (health)
		text_cell(cell, ft_health_options(health, cell->buf, sizeof(cell->buf)));
}

static void get_app_limited(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_health *health = socket_of(record, arg);

	if (!health || !(health->known & FT_HEALTH_APP_LIMITED))
		return;
	cell->kind = FT_CELL_BOOL;
	cell->number = 1;
}

static void get_overhead(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	uint64_t per_mille;

	(void)arg;
	if (ft_flow_overhead(record->snapshot, record->flow, &per_mille))
		uint_cell(cell, per_mille);
}

static void get_handshake(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	struct ft_handshake shake = ft_snapshot_handshake(record->snapshot, record->flow);
	const uint32_t values[] = {
		ft_snapshot_handshake_us(record->snapshot, record->flow), shake.syn_ack_us,
		shake.ack_us,
	};

	if (values[arg])
		uint_cell(cell, values[arg]);
}

static void get_own(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	cell->kind = FT_CELL_BOOL;
	cell->number = record->group->own;
}

static void get_flows(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	uint_cell(cell, record->group->flows);
}

/* ---- a socket */

static void get_socket_cookie(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	if (!record->socket->health.cookie)
		return;
	cell->kind = FT_CELL_ID;
	cell->number = record->socket->health.cookie;
}

static void get_sampled(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	time_cell(cell, record->socket->health.tick);
}

static void get_socket_kind(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	if (record->socket->raw)
		text_cell(cell, "raw");
	else
		text_cell(cell, record->socket->protocol == IPPROTO_TCP ? "stream" : "datagram");
}

static void get_socket_protocol(const struct ft_record *record, unsigned arg,
				struct ft_cell *cell)
{
	if (arg == 0)
		uint_cell(cell, record->socket->protocol);
	else
		text_cell(cell, ft_protocol_name(record->socket->protocol));
}

static void get_socket_version(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	uint_cell(cell, record->socket->ip_version);
}

static void get_socket_iface(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	text_cell(cell, record->socket->iface);
}

static void get_socket_state(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	text_cell(cell, ft_socket_state(record->socket));
}

/* Of an end that is nobody in particular there is nothing to say. */
static void get_socket_address(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	if (arg == OWN || !ft_addr_is_any(record->socket->remote))
		get_address(record, arg, cell);
}

static void get_socket_name(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	if (!ft_addr_is_any(address_of(record, arg)))
		get_name(record, arg, cell);
}

static void get_socket_name_source(const struct ft_record *record, unsigned arg,
				   struct ft_cell *cell)
{
	if (!ft_addr_is_any(address_of(record, arg)))
		get_name_source(record, arg, cell);
}

static void get_socket_port(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_socket *socket = record->socket;
	uint16_t port = ntohs(arg == OWN ? socket->local_port_be : socket->remote_port_be);

	if (!socket->raw && port)
		uint_cell(cell, port);
}

static void get_socket_uid(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	if (record->socket->inode)
		uint_cell(cell, record->socket->uid);
}

static void get_socket_inode(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	if (record->socket->inode)
		uint_cell(cell, record->socket->inode);
}

static void get_socket_number(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	uint64_t value;

	if (ft_socket_get(record->socket, (enum ft_health_number)arg, &value))
		uint_cell(cell, value);
}

static void get_socket_memory(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	if (record->socket->has_memory)
		uint_cell(cell, record->socket->memory[arg]);
}

enum { WORD_CONGESTION, WORD_CA_STATE, WORD_OPTIONS };

static void get_socket_word(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_health *health = &record->socket->health;

	if (!record->socket->tcp)
		return;
	if (arg == WORD_CONGESTION)
		text_cell(cell, health->congestion);
	else if (arg == WORD_CA_STATE)
		text_cell(cell, ft_health_ca_state(health));
	else
		text_cell(cell, ft_health_options(health, cell->buf, sizeof(cell->buf)));
}

static void get_socket_app_limited(const struct ft_record *record, unsigned arg,
				   struct ft_cell *cell)
{
	(void)arg;
	if (!record->socket->tcp || !(record->socket->health.known & FT_HEALTH_APP_LIMITED))
		return;
	cell->kind = FT_CELL_BOOL;
	cell->number = 1;
}

/* ---- events: their ends, protocol and owner are a flow's */

static void get_event_time(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	time_cell(cell, record->event->hot.last_ns);
}

static void get_event_kind(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	text_cell(cell, ft_event_kind_name((enum ft_event_kind)record->event->kind));
}

static void get_source(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	text_cell(cell, record->event->from_packets ? "packets" : "kernel");
}

static void get_direction(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	if (ft_flow_is_in(&record->event->flow))
		text_cell(cell, "in");
	else if (ft_flow_is_out(&record->event->flow))
		text_cell(cell, "out");
}

/* A listener has no other end. */
static void get_event_remote(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	static void (*const get[])(const struct ft_record *, unsigned, struct ft_cell *) = {
		get_address, get_port, get_name, get_name_source,
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

static void get_event_flow(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	id_cell(cell, record->event->flow_id);
}

static void get_event_socket(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	id_cell(cell, record->event->socket);
}

/* A number of an event, where `known` says that it has it: the arg is the bit. */
static void get_event_number(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_flow_event *event = record->event;

	if (!(event->known & arg))
		return;
	uint_cell(cell, arg == FT_EVENT_LATENCY ? event->latency_us :
			arg == FT_EVENT_DURATION ? event->duration_us : event->segments);
}

static void get_app_bytes(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	if (record->event->known & FT_EVENT_APP_BYTES)
		uint_cell(cell, arg == LOCAL ? record->event->app_tx_bytes :
					       record->event->app_rx_bytes);
}

static void get_wire_count(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	if (record->event->known & FT_EVENT_WIRE_BYTES)
		get_flow_count(record, arg, cell);
}

static void get_event_error(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	if (record->event->error)
		text_cell(cell, ft_event_error_name(record->event->error));
}

static void get_errno(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	if (record->event->error)
		uint_cell(cell, record->event->error);
}

static void get_close(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	(void)arg;
	text_cell(cell, ft_close_name((enum ft_close)record->event->close));
}

static void get_closed_by(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
{
	const struct ft_flow_event *event = record->event;

	(void)arg;
	if (event->closed_by != FT_END_NONE)
		text_cell(cell, event->closed_by == event->flow.local ? "local" : "remote");
}

/* ---- the tables */

/* clang-format off */
#define HEAD(list) \
	{ "type", get_type, list, false }, { "schema", get_schema, 0, false }

#define WHEN \
	{ "observer", get_observer, 0, true }, { "time", get_time, 0, false }, \
	{ "interval_ns", get_interval_ns, 0, false }

#define PROCESS(prefix, side) \
	{ prefix "pid", get_pid, side, false }, \
	{ prefix "name", get_process_name, side, true }, \
	{ prefix "user", get_user, side, true }, \
	{ prefix "uid", get_uid, side, false }, \
	{ prefix "gid", get_gid, side, false }, \
	{ prefix "group", get_group, side, true }, \
	{ prefix "ppid", get_ppid, side, false }, \
	{ prefix "parents", get_parents, side, true }, \
	{ prefix "exe", get_exe, side, true }, \
	{ prefix "cmdline", get_cmdline, side, true }, \
	{ prefix "cgroup", get_cgroup, side, true }, \
	{ prefix "unit", get_unit, side, true }, \
	{ prefix "netns", get_netns, side, false }, \
	{ prefix "start_time", get_start, side, false }, \
	{ prefix "exit_time", get_exited, side, false }

#define CONTAINER(prefix, side) \
	{ prefix "id", get_container_id, side, true }, \
	{ prefix "runtime", get_runtime, side, false }, \
	{ prefix "name", get_container_name, side, true }, \
	{ prefix "image", get_image, side, true }, \
	{ prefix "pod", get_pod, side, true }, \
	{ prefix "pod_namespace", get_pod_namespace, side, true }

#define END(name, side) \
	{ name ".address", get_address, side, false }, \
	{ name ".port", get_port, side, false }, \
	{ name ".name", get_name, side, true }, \
	{ name ".name_source", get_name_source, side, false }, \
	{ name ".bridge_port", get_bridge_port, side, true }, \
	{ name ".owner", get_owner, side, false }, \
	{ name ".owner_reason", get_owner_reason, side, false }, \
	PROCESS(name ".process.", side), \
	CONTAINER(name ".container.", side)

#define COUNTS(name, get, total) \
	{ name ".tx_packets", get, COUNT(total, 0, 0), false }, \
	{ name ".tx_bytes", get, COUNT(total, 0, 1), false }, \
	{ name ".tx_l2_bytes", get, COUNT(total, 0, 2), false }, \
	{ name ".rx_packets", get, COUNT(total, 1, 0), false }, \
	{ name ".rx_bytes", get, COUNT(total, 1, 1), false }, \
	{ name ".rx_l2_bytes", get, COUNT(total, 1, 2), false }

/* X(name ...) of FT_HEALTH_NUMBERS, for a side each. */
#define TCP_LOCAL(name, member, known, none) \
	{ "tcp." #name, get_tcp_number, TCP_ARG(LOCAL, FT_NUMBER_##name), false },
#define TCP_REMOTE(name, member, known, none) \
	{ "tcp.remote." #name, get_tcp_number, TCP_ARG(REMOTE, FT_NUMBER_##name), false },

#define TCP_WORDS(prefix, side) \
	{ prefix "socket", get_tcp_cookie, side, false }, \
	{ prefix "sampled", get_tcp_time, side, false }, \
	{ prefix "state", get_tcp_state, side, false }, \
	{ prefix "congestion", get_tcp_congestion, side, true }, \
	{ prefix "congestion_state", get_tcp_ca_state, side, false }, \
	{ prefix "options", get_tcp_options, side, false }, \
	{ prefix "app_limited", get_app_limited, side, false }

static const struct ft_field flow_fields[] = {
	HEAD(FT_LIST_FLOWS),
	{ "id", get_id, 0, false },
	WHEN,
	{ "interface", get_interface, 0, true },
	{ "vlan", get_vlan, 0, false },
	{ "ip_version", get_ip_version, 0, false },
	{ "protocol", get_protocol, 0, false },
	{ "protocol_name", get_protocol_name, 0, false },
	{ "path", get_path, 0, false },
	{ "initiator", get_initiator, 0, false },
	{ "pair", get_pair, 0, false },
	{ "nat.local.address", get_nat_address, LOCAL, false },
	{ "nat.local.port", get_nat_port, LOCAL, false },
	{ "nat.remote.address", get_nat_address, REMOTE, false },
	{ "nat.remote.port", get_nat_port, REMOTE, false },
	END("local", LOCAL),
	END("remote", REMOTE),
	COUNTS("interval", get_flow_count, 0),
	COUNTS("total", get_flow_count, 1),
	{ "first_seen", get_first_seen, LOCAL, false },
	{ "last_seen", get_last_seen, LOCAL, false },
	{ "state", get_state, 0, false },
	{ "tcp_flags.tx", get_tcp_flags, LOCAL, false },
	{ "tcp_flags.rx", get_tcp_flags, REMOTE, false },
	{ "icmp.type", get_icmp, 0, false },
	{ "icmp.code", get_icmp, 1, false },
	{ "icmp.id", get_icmp, 2, false },
	{ "ended.time", get_ended_time, 0, false },
	{ "ended.reason", get_ended_reason, 0, false },
	{ "fragment", get_flag, FT_ENTRY_FRAGMENT, false },
	{ "inexact", get_flag, FT_ENTRY_INEXACT, false },
	{ "spi", get_extra, FT_ENTRY_EXTRA_SPI, false },
	{ "gre_key", get_extra, FT_ENTRY_EXTRA_GRE, false },
	FT_HEALTH_NUMBERS(TCP_LOCAL)
	TCP_WORDS("tcp.", LOCAL),
	{ "tcp.overhead_per_mille", get_overhead, 0, false },
	{ "tcp.handshake_us", get_handshake, 0, false },
	{ "tcp.syn_ack_us", get_handshake, 1, false },
	{ "tcp.ack_us", get_handshake, 2, false },
	FT_HEALTH_NUMBERS(TCP_REMOTE)
	TCP_WORDS("tcp.remote.", REMOTE),
};

static const struct ft_field talker_fields[] = {
	HEAD(FT_LIST_TALKERS),
	WHEN,
	{ "talker.address", get_address, GROUP, false },
	{ "talker.name", get_name, GROUP, true },
	{ "talker.name_source", get_name_source, GROUP, false },
	{ "own", get_own, 0, false },
	{ "flows", get_flows, 0, false },
	COUNTS("interval", get_group_count, 0),
	COUNTS("total", get_group_count, 1),
	{ "first_seen", get_first_seen, GROUP, false },
	{ "last_seen", get_last_seen, GROUP, false },
};

static const struct ft_field event_fields[] = {
	HEAD(FT_LIST_EVENTS),
	{ "id", get_id, 0, false },
	{ "observer", get_observer, 0, true },
	{ "time", get_event_time, 0, false },
	{ "event", get_event_kind, 0, false },
	{ "source", get_source, 0, false },
	{ "direction", get_direction, 0, false },
	{ "interface", get_interface, 0, true },
	{ "vlan", get_vlan, 0, false },
	{ "ip_version", get_ip_version, 0, false },
	{ "protocol", get_protocol, 0, false },
	{ "protocol_name", get_protocol_name, 0, false },
	END("local", LOCAL),
	{ "remote.address", get_event_remote, 0, false },
	{ "remote.port", get_event_remote, 1, false },
	{ "remote.name", get_event_remote, 2, true },
	{ "remote.name_source", get_event_remote, 3, false },
	{ "latency_us", get_event_number, FT_EVENT_LATENCY, false },
	{ "errno", get_errno, 0, false },
	{ "error", get_event_error, 0, false },
	{ "reason", get_close, 0, false },
	{ "closed_by", get_closed_by, 0, false },
	{ "duration_us", get_event_number, FT_EVENT_DURATION, false },
	{ "app.tx_bytes", get_app_bytes, LOCAL, false },
	{ "app.rx_bytes", get_app_bytes, REMOTE, false },
	COUNTS("total", get_wire_count, 1),
	{ "segments", get_event_number, FT_EVENT_SEGMENTS, false },
	{ "socket", get_event_socket, 0, false },
	{ "flow", get_event_flow, 0, false },
};

static const struct ft_field process_fields[] = {
	HEAD(FT_LIST_PROCESSES),
	WHEN,
	PROCESS("process.", GROUP),
	CONTAINER("container.", GROUP),
	{ "owner", get_owner, GROUP, false },
	{ "owner_reason", get_owner_reason, GROUP, false },
	{ "flows", get_flows, 0, false },
	COUNTS("interval", get_group_count, 0),
	COUNTS("total", get_group_count, 1),
	{ "first_seen", get_first_seen, GROUP, false },
	{ "last_seen", get_last_seen, GROUP, false },
};

#define SOCKET_TCP(name, member, known, none) \
	{ "tcp." #name, get_socket_number, FT_NUMBER_##name, false },
#define SOCKET_COMMON(name, member, known, none) \
	{ #name, get_socket_number, FT_NUMBER_##name, false },

static const struct ft_field socket_fields[] = {
	HEAD(FT_LIST_SOCKETS),
	{ "cookie", get_socket_cookie, 0, false },
	WHEN,
	{ "sampled", get_sampled, 0, false },
	{ "kind", get_socket_kind, 0, false },
	{ "ip_version", get_socket_version, 0, false },
	{ "protocol", get_socket_protocol, 0, false },
	{ "protocol_name", get_socket_protocol, 1, false },
	{ "state", get_socket_state, 0, false },
	{ "bound_interface", get_socket_iface, 0, true },
	{ "local.address", get_socket_address, OWN, false },
	{ "local.port", get_socket_port, OWN, false },
	{ "local.name", get_socket_name, OWN, true },
	{ "local.name_source", get_socket_name_source, OWN, false },
	{ "local.owner", get_owner, OWN, false },
	{ "local.owner_reason", get_owner_reason, OWN, false },
	PROCESS("local.process.", OWN),
	CONTAINER("local.container.", OWN),
	{ "remote.address", get_socket_address, PEER, false },
	{ "remote.port", get_socket_port, PEER, false },
	{ "remote.name", get_socket_name, PEER, true },
	{ "remote.name_source", get_socket_name_source, PEER, false },
	{ "uid", get_socket_uid, 0, false },
	{ "inode", get_socket_inode, 0, false },
	FT_HEALTH_COMMON_NUMBERS(SOCKET_COMMON)
	{ "memory.receive", get_socket_memory, FT_MEMORY_RECEIVE, false },
	{ "memory.receive_limit", get_socket_memory, FT_MEMORY_RECEIVE_LIMIT, false },
	{ "memory.send", get_socket_memory, FT_MEMORY_SEND, false },
	{ "memory.send_limit", get_socket_memory, FT_MEMORY_SEND_LIMIT, false },
	{ "memory.forward", get_socket_memory, FT_MEMORY_FORWARD, false },
	{ "memory.queued", get_socket_memory, FT_MEMORY_QUEUED, false },
	{ "memory.options", get_socket_memory, FT_MEMORY_OPTIONS, false },
	{ "memory.backlog", get_socket_memory, FT_MEMORY_BACKLOG, false },
	FT_HEALTH_TCP_NUMBERS(SOCKET_TCP)
	{ "tcp.congestion", get_socket_word, WORD_CONGESTION, true },
	{ "tcp.congestion_state", get_socket_word, WORD_CA_STATE, false },
	{ "tcp.options", get_socket_word, WORD_OPTIONS, false },
	{ "tcp.app_limited", get_socket_app_limited, 0, false },
};
/* clang-format on */

#define FIELDS(table) { table, sizeof(table) / sizeof((table)[0]) }

/* The table of a list. */
const struct ft_field *ft_record_fields(enum ft_list list, size_t *ret_count)
{
	static const struct {
		const struct ft_field *fields;
		size_t count;
	} tables[FT_LIST_MAX] = {
		[FT_LIST_FLOWS] = FIELDS(flow_fields),
		[FT_LIST_TALKERS] = FIELDS(talker_fields),
		[FT_LIST_PROCESSES] = FIELDS(process_fields),
		[FT_LIST_SOCKETS] = FIELDS(socket_fields),
		[FT_LIST_EVENTS] = FIELDS(event_fields),
	};

	*ret_count = tables[list].count;
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
