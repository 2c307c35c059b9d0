/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of owners: of an end, of a group, of a socket. */
#include "output/record_priv.h"

#include <string.h>

#include "core/owner.h"
#include "core/socket.h"

/* The owner's id: of a side, or of a process row. */
static uint16_t owner_of(const struct ft_record *record, unsigned side)
{
	if (side == OWN)
		return record->socket->owner;
	return side == GROUP ? record->group->owner
			     : ft_flow_seen_owner(record->flow, ft_record_end(record, side));
}

FT_FIELD_GET(owner)
{
	static const char *const words[] = {
		[FT_OWNER_UNKNOWN] = "unknown",
		[FT_OWNER_KERNEL] = "kernel",
		[FT_OWNER_TRANSIT] = "transit",
		[FT_OWNER_FOREIGN] = "foreign",
	};
	uint16_t owner = owner_of(record, arg);

	if (owner < FT_OWNER_FIRST)
		ft_cell_text(cell, words[owner]);
	else if (arg != GROUP)
		ft_cell_text(cell, "process");
}

FT_FIELD_GET(owner_reason)
{
	const char *source = record->snapshot->owner_source;
	uint16_t owner = owner_of(record, arg);
	unsigned int side;

	if (owner == FT_OWNER_KERNEL)
		ft_cell_text(cell, "no process has its socket");
	else if (owner == FT_OWNER_TRANSIT && arg == GROUP)
		ft_cell_text(cell, "forwarded or bridged");
	else if (owner == FT_OWNER_TRANSIT)
		ft_cell_text(cell, ft_snapshot_nat(record->snapshot, record->flow, &side)
					   ? "this machine only translates addresses"
					   : "neither end is this machine");
	if (owner != FT_OWNER_UNKNOWN)
		return;
	if (!source || !*source)
		ft_cell_text(cell, "owners are not looked up");
	else if (record->snapshot->owners_unknown_full)
		ft_cell_text(cell, "no owner found, or too many processes");
	else
		ft_cell_text(cell, "no owner found");
}

/* The process of a side or of a row, or NULL. */
static const struct ft_process *process_of(const struct ft_record *record, unsigned side)
{
	return ft_snapshot_process(record->snapshot, owner_of(record, side));
}

FT_FIELD_GET(pid)
{
	const struct ft_process *process = process_of(record, arg);

	if (process && process->pid > 0)
		ft_cell_uint(cell, (uint64_t)process->pid);
}

FT_FIELD_GET(ppid)
{
	const struct ft_process *process = process_of(record, arg);

	if (process && process->ppid > 0)
		ft_cell_uint(cell, (uint64_t)process->ppid);
}

FT_FIELD_GET(process_name)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_text(cell, process->name);
}

FT_FIELD_GET(user)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_text(cell, process->user);
}

FT_FIELD_GET(uid)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_uint(cell, process->uid);
}

FT_FIELD_GET(gid)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_uint(cell, process->gid);
}

FT_FIELD_GET(exe)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_text(cell, process->exe);
}

FT_FIELD_GET(cmdline)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_text(cell, process->cmdline);
}

FT_FIELD_GET(cgroup)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_text(cell, process->cgroup);
}

FT_FIELD_GET(unit)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_text(cell, process->unit);
}

FT_FIELD_GET(start)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_time(cell, process->start_ns);
}

FT_FIELD_GET(exited)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_time(cell, process->exited_ns);
}

FT_FIELD_GET(group)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_text(cell, process->group);
}

FT_FIELD_GET(parents)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_text(cell, process->parents);
}

FT_FIELD_GET(netns)
{
	const struct ft_process *process = process_of(record, arg);

	if (process && process->netns)
		ft_cell_uint(cell, process->netns);
}

/* The whole id, or all that is known of it. */
FT_FIELD_GET(container_id)
{
	const struct ft_process *process = process_of(record, arg);

	if (process && process->container_id && process->container_id[0])
		ft_cell_text(cell, process->container_id);
	else if (process)
		ft_cell_text(cell, process->container);
}

FT_FIELD_GET(runtime)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_text(cell, process->runtime);
}

/* The name, unless it is but the begin of the id. */
FT_FIELD_GET(container_name)
{
	const struct ft_process *process = process_of(record, arg);

	if (!process || !process->container || !process->container_id)
		return;
	if (strlen(process->container) >= strlen(process->container_id) ||
	    strncmp(process->container_id, process->container, strlen(process->container)) != 0)
		ft_cell_text(cell, process->container);
}

FT_FIELD_GET(image)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_text(cell, process->image);
}

FT_FIELD_GET(pod)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_text(cell, process->pod);
}

FT_FIELD_GET(pod_namespace)
{
	const struct ft_process *process = process_of(record, arg);

	if (process)
		ft_cell_text(cell, process->pod_namespace);
}
