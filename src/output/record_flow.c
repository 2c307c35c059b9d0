/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields that every record begins with, and those of flows and their ends. */
#include "output/record_priv.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/addr.h"
#include "core/names.h"
#include "core/socket.h"

/* ---- head of every record */

FT_FIELD_GET(type)
{
	static const char *const names[FT_LIST_MAX] = {
		[FT_LIST_FLOWS] = "flow",	 [FT_LIST_TALKERS] = "talker",
		[FT_LIST_PROCESSES] = "process", [FT_LIST_SOCKETS] = "socket",
		[FT_LIST_EVENTS] = "event",
	};

	(void)record;
	ft_cell_text(cell, names[arg]);
}

FT_FIELD_GET(schema)
{
	(void)record, (void)arg;
	ft_cell_uint(cell, FT_SCHEMA);
}

FT_FIELD_GET(observer)
{
	const char *own =
		record->flow ? ft_snapshot_observer(record->snapshot, record->flow->flow->key.scope)
			     : "";

	(void)arg;
	ft_cell_text(cell, *own ? own : record->observer);
}

FT_FIELD_GET(time)
{
	(void)arg;
	ft_cell_time(cell, record->snapshot->end_ns);
}

FT_FIELD_GET(interval_ns)
{
	(void)arg;
	ft_cell_uint(cell, record->snapshot->interval_ns);
}

/* ---- a flow */

FT_FIELD_GET(id)
{
	(void)arg;
	cell->kind = FT_CELL_ID;
	cell->number = record->flow->flow->id;
}

FT_FIELD_GET(interface)
{
	(void)arg;
	ft_cell_text(cell, ft_snapshot_scope_name(record->snapshot, record->flow->flow->key.scope));
}

FT_FIELD_GET(vlan)
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

FT_FIELD_GET(ip_version)
{
	(void)arg;
	ft_cell_uint(cell, record->flow->flow->key.ip_version);
}

FT_FIELD_GET(protocol)
{
	(void)arg;
	ft_cell_uint(cell, record->flow->flow->key.protocol);
}

FT_FIELD_GET(protocol_name)
{
	(void)arg;
	ft_cell_text(cell, ft_protocol_name(record->flow->flow->key.protocol));
}

FT_FIELD_GET(path)
{
	(void)arg;
	ft_cell_text(cell, ft_path_name((enum ft_path)record->flow->flow->path));
}

FT_FIELD_GET(initiator)
{
	const struct ft_flow *flow = record->flow->flow;

	(void)arg;
	if (flow->initiator != FT_END_NONE)
		ft_cell_text(cell, flow->initiator == flow->local ? "local" : "remote");
}

/* The flows that the same conversation is seen as elsewhere. */
FT_FIELD_GET(pair)
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
static const struct ft_flow_key *nat_of(const struct ft_record *record, unsigned side, int *ret_end)
{
	unsigned int which;
	const struct ft_nat *nat = ft_snapshot_nat(record->snapshot, record->flow, &which);

	if (!nat)
		return NULL;
	*ret_end = ft_nat_end(nat, ft_record_end(record, side));
	return &nat->key[!which];
}

FT_FIELD_GET(nat_address)
{
	int end;
	const struct ft_flow_key *key = nat_of(record, arg, &end);

	if (key)
		ft_cell_text(cell, ft_addr_format(end ? key->addr_b : key->addr_a, cell->buf));
}

FT_FIELD_GET(nat_port)
{
	int end;
	const struct ft_flow_key *key = nat_of(record, arg, &end);

	if (key && ft_protocol_has_ports(key->protocol))
		ft_cell_uint(cell, ntohs(end ? key->port_b_be : key->port_a_be));
}

/* ---- one end of a flow, or a talker */

/* The address of a side, or of a talker. */
const uint8_t *ft_record_address(const struct ft_record *record, unsigned side)
{
	if (side == GROUP)
		return record->group->addr;
	if (side == OWN || side == PEER)
		return side == OWN ? record->socket->local : record->socket->remote;
	return ft_record_end(record, side) ? record->flow->flow->key.addr_b
					   : record->flow->flow->key.addr_a;
}

FT_FIELD_GET(address)
{
	ft_cell_text(cell, ft_addr_format(ft_record_address(record, arg), cell->buf));
}

/* True for protocols whose key holds ports. */
static bool has_ports(const struct ft_flow_key *key)
{
	return key->protocol == IPPROTO_TCP || key->protocol == IPPROTO_UDP ||
	       key->protocol == IPPROTO_SCTP;
}

FT_FIELD_GET(port)
{
	const struct ft_flow_key *key = &record->flow->flow->key;

	if (!has_ports(key))
		return;
	/* Fragments whose first one was not seen: the ports are not known. */
	if ((record->flow->entry_flags & FT_ENTRY_FRAGMENT) && !key->port_a_be && !key->port_b_be)
		return;
	ft_cell_uint(cell, ntohs(ft_record_end(record, arg) ? key->port_b_be : key->port_a_be));
}

/* The name of a side's host, and who says so; NULL if there is none or -n. */
static const char *name_of(const struct ft_record *record, unsigned side,
			   enum ft_name_source *ret_source)
{
	if (!record->show || !record->show->names || record->show->numeric_hosts)
		return NULL;
	return ft_names_host(record->show->names, ft_record_address(record, side), ret_source);
}

FT_FIELD_GET(name)
{
	enum ft_name_source source;

	ft_cell_text(cell, name_of(record, arg, &source));
}

FT_FIELD_GET(name_source)
{
	enum ft_name_source source;

	if (name_of(record, arg, &source))
		ft_cell_text(cell, ft_name_source_name(source));
}

/* The port of a bridge where this side's packets came in. */
FT_FIELD_GET(bridge_port)
{
	const struct ft_snapshot_iface *iface;
	const char *scope;

	iface = ft_snapshot_iface_of(record->snapshot, record->flow, ft_record_end(record, arg));
	scope = ft_snapshot_scope_name(record->snapshot, record->flow->flow->key.scope);
	if (iface && scope && strcmp(iface->name, scope) != 0)
		ft_cell_text(cell, iface->name);
}

/* ---- times, state and what only some flows have */

FT_FIELD_GET(first_seen)
{
	ft_cell_time(cell, arg == GROUP ? record->group->first_ns : record->flow->flow->first_ns);
}

FT_FIELD_GET(last_seen)
{
	ft_cell_time(cell, arg == GROUP ? record->group->last_ns : record->flow->last_ns);
}

FT_FIELD_GET(state)
{
	(void)arg;
	if (record->flow->state != FT_STATE_NONE)
		ft_cell_text(cell, ft_state_name((enum ft_state)record->flow->state));
}

FT_FIELD_GET(tcp_flags)
{
	static const char letters[] = "FSRPAUEC"; /* bit 0 first */
	unsigned flags = record->flow->tcp_flags[ft_record_end(record, arg)];
	size_t used = 0;

	if (record->flow->flow->key.protocol != IPPROTO_TCP)
		return;
	for (unsigned bit = 0; bit < 8; bit++)
		if (flags & (1U << bit))
			cell->buf[used++] = letters[bit];
	cell->buf[used] = '\0';
	ft_cell_text(cell, cell->buf);
}

/* True for messages that carry an id: echo, timestamp, information, address mask. */
static bool icmp_has_id(const struct ft_flow_key *key, unsigned type)
{
	if (key->protocol == IPPROTO_ICMPV6)
		return type == 128;
	return type == 8 || type == 13 || type == 15 || type == 17;
}

FT_FIELD_GET(icmp)
{
	const struct ft_flow_key *key = &record->flow->flow->key;
	unsigned slot = ntohs(key->port_b_be);

	if (key->protocol != IPPROTO_ICMP && key->protocol != IPPROTO_ICMPV6)
		return;
	if ((record->flow->entry_flags & FT_ENTRY_FRAGMENT) && !key->port_a_be && !slot)
		return;
	if (arg == 0)
		ft_cell_uint(cell, slot >> 8);
	else if (arg == 1)
		ft_cell_uint(cell, slot & 0xff);
	else if (icmp_has_id(key, slot >> 8))
		ft_cell_uint(cell, ntohs(key->port_a_be));
}

FT_FIELD_GET(ended_time)
{
	unsigned reason = record->flow->ended;

	(void)arg;
	/* FIN and RST are packets; the rest is decided at the end of an interval. */
	if (reason == FT_ENDED_FIN || reason == FT_ENDED_RST)
		ft_cell_time(cell, record->flow->last_ns);
	else if (reason != FT_ENDED_NOT)
		ft_cell_time(cell, record->snapshot->end_ns);
}

FT_FIELD_GET(ended_reason)
{
	(void)arg;
	ft_cell_text(cell, ft_end_reason_name((enum ft_end_reason)record->flow->ended));
}

FT_FIELD_GET(flag)
{
	if (!(record->flow->entry_flags & arg))
		return;
	cell->kind = FT_CELL_BOOL;
	cell->number = 1;
}

FT_FIELD_GET(extra)
{
	if (record->flow->entry_flags & arg)
		ft_cell_uint(cell, record->flow->flow->extra);
}
