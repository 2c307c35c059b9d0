/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of talkers that are grouped by something else than their host (key a, then w). */
#include "output/record_priv.h"

#include "core/addr.h"

FT_FIELD_GET(group_by)
{
	static const char *const words[FT_GROUP_MAX] = {
		[FT_GROUP_NET] = "network",	  [FT_GROUP_PORT] = "port",
		[FT_GROUP_PROTOCOL] = "protocol", [FT_GROUP_USER] = "user",
		[FT_GROUP_IFACE] = "interface",	  [FT_GROUP_VLAN] = "vlan",
		[FT_GROUP_PROCESS] = "process",
	};

	(void)arg;
	ft_cell_text(cell, words[record->group->by]);
}

FT_FIELD_GET(group_address)
{
	(void)arg;
	if (record->group->by == FT_GROUP_HOST || record->group->by == FT_GROUP_NET)
		ft_field_address(record, GROUP, cell);
}

FT_FIELD_GET(group_name)
{
	(void)arg;
	if (record->group->by == FT_GROUP_HOST)
		ft_field_name(record, GROUP, cell);
}

FT_FIELD_GET(group_name_source)
{
	(void)arg;
	if (record->group->by == FT_GROUP_HOST)
		ft_field_name_source(record, GROUP, cell);
}

/* Of IPv4 0 to 32, of IPv6 0 to 128. */
FT_FIELD_GET(group_prefix)
{
	const struct ft_group *group = record->group;

	(void)arg;
	if (group->by == FT_GROUP_NET)
		ft_cell_uint(cell, group->prefix - (ft_addr_is_v4(group->addr) ? 96U : 0U));
}

FT_FIELD_GET(group_protocol)
{
	(void)arg;
	if (record->group->by == FT_GROUP_PORT || record->group->by == FT_GROUP_PROTOCOL)
		ft_cell_uint(cell, record->group->protocol);
}

FT_FIELD_GET(group_protocol_name)
{
	(void)arg;
	if (record->group->by == FT_GROUP_PORT || record->group->by == FT_GROUP_PROTOCOL)
		ft_cell_text(cell, ft_protocol_name(record->group->protocol));
}

/* Protocols without ports are in a group each, without one. */
FT_FIELD_GET(group_port)
{
	(void)arg;
	if (record->group->by == FT_GROUP_PORT && record->group->port)
		ft_cell_uint(cell, record->group->port);
}

FT_FIELD_GET(group_user)
{
	(void)arg;
	if (record->group->by == FT_GROUP_USER)
		ft_field_user(record, GROUP, cell);
}

FT_FIELD_GET(group_uid)
{
	(void)arg;
	if (record->group->by == FT_GROUP_USER)
		ft_field_uid(record, GROUP, cell);
}

FT_FIELD_GET(group_pid)
{
	(void)arg;
	if (record->group->by == FT_GROUP_PROCESS)
		ft_field_pid(record, GROUP, cell);
}

FT_FIELD_GET(group_process)
{
	(void)arg;
	if (record->group->by == FT_GROUP_PROCESS)
		ft_field_process_name(record, GROUP, cell);
}

/* What no user and no process has: "kernel", "transit" ... */
FT_FIELD_GET(group_owner)
{
	(void)arg;
	if (record->group->by == FT_GROUP_USER || record->group->by == FT_GROUP_PROCESS)
		ft_field_owner(record, GROUP, cell);
}

FT_FIELD_GET(group_interface)
{
	const struct ft_group *group = record->group;

	(void)arg;
	if (group->by == FT_GROUP_IFACE)
		ft_cell_text(cell,
			     ft_snapshot_scope_name(record->snapshot, (uint16_t)group->number));
}

/* Outer, then inner; of what has no tag, absent. */
FT_FIELD_GET(group_vlan)
{
	const struct ft_group *group = record->group;

	(void)arg;
	if (group->by != FT_GROUP_VLAN)
		return;
	if (group->number & 0xffff)
		cell->list[cell->list_count++] = group->number & 0xffff;
	if (group->number >> 16)
		cell->list[cell->list_count++] = (uint16_t)(group->number >> 16);
	if (cell->list_count)
		cell->kind = FT_CELL_LIST;
}
