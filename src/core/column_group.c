/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Columns of talkers and processes, and those about owners, which flows have too (the owner
 * of the local end). Rows without a process (transit, kernel, unknown) have their word in the
 * process column and nothing in the others.
 */
#include "core/column_priv.h"

#include <stdio.h>
#include <string.h>

#include "core/addr.h"
#include "core/difference.h"
#include "core/nls.h"
#include "core/socket.h"

/* ---- what a talker is */

/* Text of a group of any kind, raw. */
static void text_host(const struct ft_snapshot *snapshot, const struct ft_row *row,
		      const struct ft_show *show, char *buf, size_t size)
{
	const struct ft_group *group = row->group;
	const struct ft_process *process;
	char addr[FT_ADDR_TEXT_MAX], protocol[32], port[64];
	unsigned mapped = ft_addr_is_v4(group->addr) ? 96 : 0;

	switch (group->by) {
	case FT_GROUP_HOST:
		ft_text_host(show, group->addr, buf, size);
		break;
	case FT_GROUP_NET:
		ft_addr_format(group->addr, addr);
		snprintf(buf, size, "%s/%u", addr, group->prefix - mapped);
		break;
	case FT_GROUP_PORT:
		ft_text_protocol(group->protocol, protocol, sizeof(protocol));
		ft_text_port(show, group->port, group->protocol, port, sizeof(port));
		snprintf(buf, size, group->port ? "%s/%s" : "%s", protocol, port);
		break;
	case FT_GROUP_PROTOCOL:
		ft_text_protocol(group->protocol, buf, size);
		break;
	case FT_GROUP_USER:
		process = ft_snapshot_process(snapshot, group->owner);
		if (process)
			ft_text_copy(process->user, buf, size);
		else
			ft_text_owner(snapshot, group->owner, false, buf, size);
		break;
	case FT_GROUP_IFACE:
		ft_text_copy(ft_snapshot_scope_name(snapshot, (uint16_t)group->number), buf, size);
		break;
	case FT_GROUP_VLAN:
		ft_text_vlan(group->number & 0xffff, group->number >> 16, buf, size);
		if (!buf[0])
			ft_text_copy(_("none"), buf, size);
		break;
	default:
		ft_text_owner(snapshot, group->owner, show->full_command, buf, size);
		process = ft_snapshot_process(snapshot, group->owner);
		if (process && process->pid > 0) /* several have one name */
			snprintf(buf + strlen(buf), size - strlen(buf), " (%d)", process->pid);
		break;
	}
}

static bool has_address(const struct ft_group *group)
{
	return group->by == FT_GROUP_HOST || group->by == FT_GROUP_NET;
}

/* Addresses by number, ports by number, everything else by its text. */
FT_COLUMN_RANK(host)
{
	const struct ft_group *group = row->group;
	char text[FT_CELL_TEXT];

	if (has_address(group))
		return ft_rank_addr(group->addr, 0);
	if (group->by == FT_GROUP_PORT)
		return (uint64_t)group->protocol << 16 | group->port;
	if (group->by == FT_GROUP_VLAN)
		return (uint64_t)group->number << 16 | group->number >> 16;
	text_host(snapshot, row, show, text, sizeof(text));
	return ft_rank_text(text);
}

FT_COLUMN_COMPARE(host)
{
	char x[FT_CELL_TEXT], y[FT_CELL_TEXT];

	if (has_address(a->group))
		return ft_compare_addr(a->group->addr, 0, b->group->addr, 0);
	if (a->group->by == FT_GROUP_PORT || a->group->by == FT_GROUP_VLAN)
		return 0;
	text_host(snapshot, a, show, x, sizeof(x));
	text_host(snapshot, b, show, y, sizeof(y));
	return ft_compare_text(x, y);
}

FT_COLUMN_GET(host)
{
	ret_value->kind = FT_VALUE_TEXT;
	text_host(snapshot, row, show, ret_value->text, sizeof(ret_value->text));
}

FT_COLUMN_FORMAT(host)
{
	char text[FT_CELL_TEXT];

	text_host(snapshot, row, show, text, sizeof(text));
	ft_put_text(text, show, width, buf, size);
}

FT_COLUMN_RANK(own)
{
	(void)snapshot;
	(void)show;
	return row->group->own;
}

FT_COLUMN_GET(own)
{
	(void)snapshot;
	(void)show;
	ret_value->kind = FT_VALUE_UINT;
	ret_value->uint = row->group->own;
}

FT_COLUMN_FORMAT(own)
{
	(void)snapshot;
	(void)show;
	snprintf(buf, size, "%s", row->group->own && width > 0 ? "*" : "");
}

/* How many more there are than there were. */
static int64_t more_flows(const struct ft_group *group)
{
	return (int64_t)group->flows - (int64_t)group->was->flows;
}

FT_COLUMN_RANK(flows)
{
	(void)snapshot;
	(void)show;
	return row->group->was ? ft_rank_signed(more_flows(row->group)) : row->group->flows;
}

FT_COLUMN_GET(flows)
{
	(void)snapshot;
	(void)show;
	ret_value->kind = row->group->was ? FT_VALUE_INT : FT_VALUE_UINT;
	ret_value->uint = row->group->flows;
	if (row->group->was)
		ret_value->sint = more_flows(row->group);
}

FT_COLUMN_FORMAT(flows)
{
	(void)snapshot;
	if (row->group->was)
		ft_fmt_signed(more_flows(row->group), show->prefix, width, buf, size);
	else
		ft_fmt_count(row->group->flows, show->prefix, width, buf, size);
}

/* ---- owners */

static uint16_t owner_of(const struct ft_row *row)
{
	if (row->group)
		return row->group->owner;
	if (row->socket)
		return row->socket->owner;
	return ft_flow_owner(row->flow, ft_flow_tx(row->flow->flow));
}

static const struct ft_process *process_of(const struct ft_snapshot *snapshot,
					   const struct ft_row *row)
{
	return ft_snapshot_process(snapshot, owner_of(row));
}

static void text_process(const struct ft_snapshot *snapshot, const struct ft_row *row,
			 const struct ft_show *show, char *buf, size_t size)
{
	ft_text_owner(snapshot, owner_of(row), show->full_command, buf, size);
}

/* A field of the process, "" where there is none. */
#define PROCESS_TEXT(name, field) \
	static void text_##name(const struct ft_snapshot *snapshot, const struct ft_row *row, \
				const struct ft_show *show, char *buf, size_t size) \
	{ \
		const struct ft_process *process = process_of(snapshot, row); \
\
		(void)show; \
		ft_text_copy(process ? process->field : "", buf, size); \
	}

/* Of a socket without a process that is known, the user that the kernel says, as a number. */
static void text_user(const struct ft_snapshot *snapshot, const struct ft_row *row,
		      const struct ft_show *show, char *buf, size_t size)
{
	const struct ft_process *process = process_of(snapshot, row);

	(void)show;
	ft_text_copy(process ? process->user : "", buf, size);
	if (!process && row->socket && row->socket->inode)
		ft_text_number(row->socket->uid, buf, size);
}

/* The owner tells the process and all that is known of it; of a socket without one the user is
 * known all the same. */
#define OWNER_TOKEN(name) \
	FT_COLUMN_TOKEN(name) \
	{ \
		bool uid = row->socket && row->socket->inode; \
\
		(void)snapshot; \
		(void)show; \
		ret_token->word[0] = owner_of(row); \
		ret_token->word[1] = uid ? 1ULL << 32 | row->socket->uid : 0; \
		ret_token->minor = 0; \
		return true; \
	}

PROCESS_TEXT(container, container)
PROCESS_TEXT(unit, unit)
PROCESS_TEXT(command, cmdline)

FT_TEXT_FUNCTIONS(process)
FT_TEXT_FUNCTIONS(user)
FT_TEXT_FUNCTIONS(container)
FT_TEXT_FUNCTIONS(unit)
FT_TEXT_FUNCTIONS(command)
OWNER_TOKEN(process)
OWNER_TOKEN(user)
OWNER_TOKEN(container)
OWNER_TOKEN(unit)
OWNER_TOKEN(command)

FT_COLUMN_RANK(pid)
{
	const struct ft_process *process = process_of(snapshot, row);

	(void)show;
	return process && process->pid > 0 ? (uint64_t)process->pid : 0;
}

FT_COLUMN_GET(pid)
{
	ret_value->kind = process_of(snapshot, row) ? FT_VALUE_UINT : FT_VALUE_NONE;
	ret_value->uint = ft_rank_pid(snapshot, row, show);
}

FT_COLUMN_FORMAT(pid)
{
	const struct ft_process *process = process_of(snapshot, row);
	char text[16] = "";

	(void)show;
	if (process)
		snprintf(text, sizeof(text), "%d", process->pid);
	ft_fmt_fit(text, width, FT_ALIGN_RIGHT, false, show->ascii, buf, size);
}
