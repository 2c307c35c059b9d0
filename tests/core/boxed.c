/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/core/boxed.h"

#include <stdlib.h>

#include "core/owner.h"
#include "core/snapshot_own.h"
#include "core/xalloc.h"

/* Texts that a test left out. */
static const char *text(const char *text)
{
	return text ? text : "";
}

/* The same record in a cache, with the same id; ids that are not in use get fillers. */
static void add(struct ft_owners *owners, const struct ft_process *from, size_t i)
{
	struct ft_process process = { .pid = 1000000 + (int32_t)i,
				      .name = "",
				      .exe = "",
				      .cmdline = "",
				      .user = "",
				      .cgroup = "",
				      .unit = "",
				      .container = "" };

	if (from)
		process = *from;
	process.name = text(process.name);
	process.user = text(process.user);
	process.cmdline = text(process.cmdline);
	process.unit = text(process.unit);
	process.container = text(process.container);
	process.exe = text(process.exe);
	process.cgroup = text(process.cgroup);
	process.group = text(process.group);
	process.parents = text(process.parents);
	process.container_id = text(process.container_id);
	process.runtime = text(process.runtime);
	process.image = text(process.image);
	process.pod = text(process.pod);
	process.pod_namespace = text(process.pod_namespace);
	if (ft_owners_add_process(owners, &process) != FT_OWNER_FIRST + i)
		abort();
}

struct ft_snapshot *boxed(const struct ft_snapshot *from)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_snapshot plain = *from, *snapshot;

	for (size_t i = 0; i < from->process_count; i++)
		add(owners, from->processes[i], i);
	plain.processes = NULL;
	plain.process_count = 0;
	plain.socket_list = NULL;
	plain.events = NULL;
	snapshot = ft_snapshot_copy(&plain);
	snapshot->processes = ft_owners_list(owners, &snapshot->process_count);
	for (size_t i = 0; i < from->process_count; i++)
		if (!from->processes[i]) {
			ft_process_put(snapshot->processes[i]);
			((const struct ft_process **)(uintptr_t)snapshot->processes)[i] = NULL;
		}
	ft_owners_free(owners);
	return snapshot;
}
