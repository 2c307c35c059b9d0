/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes there are, as /proc lists them, and the records of those that were asked about.
 * An array ordered by pid is merged with each listing: who is not in it any more has ended, who is
 * new is young. Apart from proc_scan.c, which calls this, because it opens no process' descriptors
 * and knows nothing of sockets.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "capture/clock.h"
#include "capture/proc_scan_priv.h"
#include "core/xalloc.h"

struct process *ft_proc_scan_find_process(struct ft_proc_scan *scan, int32_t pid)
{
	size_t low = 0, high = scan->process_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (scan->processes[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < scan->process_count && scan->processes[low].pid == pid)
		return &scan->processes[low];
	return NULL;
}

bool ft_proc_scan_is_record(const struct ft_proc_scan *scan, uint16_t owner, int32_t pid,
			    uint64_t start_ns)
{
	const struct ft_process *record = ft_owners_process(scan->owners, owner);

	return record && record->pid == pid && record->start_ns == start_ns;
}

void ft_proc_scan_look_at(struct ft_proc_scan *scan, struct process *process, uint64_t max_age)
{
	if (process->owner != FT_OWNER_UNKNOWN && scan->now_ns - process->info_ns <= max_age &&
	    ft_proc_scan_is_record(scan, process->owner, process->pid, process->start_ns))
		return;
	if (ft_proc_info_read(process->pid, scan->boot_ns, &scan->users, &scan->info) < 0)
		return; /* it just ended: what we know of it stays */
	process->owner = ft_owners_add_process(scan->owners, &scan->info.process);
	process->start_ns = scan->info.process.start_ns;
	process->info_ns = scan->now_ns;
}

/* A process that was there is not any more. */
static void ended(struct ft_proc_scan *scan, const struct process *process)
{
	if (process->owner != FT_OWNER_UNKNOWN)
		ft_owners_exited(scan->owners, process->pid, ft_clock_read(CLOCK_REALTIME));
}

static int compare_pids(const void *a, const void *b)
{
	int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;

	return (left > right) - (left < right);
}

/* The pids that /proc lists, ordered; false if it cannot be read (no descriptor is left). */
static bool list_pids(int32_t **ret_pids, size_t *ret_count)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	size_t count = 0, space = 0;
	int32_t *pids = NULL;
	bool ordered = true;

	if (!proc)
		return false;
	for (errno = 0; (entry = readdir(proc)); errno = 0) {
		int32_t pid;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid = atoi(entry->d_name);
		if (count == space) {
			space = space ? space * 2 : 256;
			pids = xreallocarray(pids, space, sizeof(*pids));
		}
		ordered &= count == 0 || pids[count - 1] < pid;
		pids[count++] = pid;
	}
	if (errno) {
		free(pids);
		closedir(proc);
		return false;
	}
	closedir(proc);
	if (!ordered)
		qsort(pids, count, sizeof(*pids), compare_pids);
	*ret_pids = pids;
	*ret_count = count;
	return true;
}

/* Merges the list of pids into what we know. */
static void merge(struct ft_proc_scan *scan, const int32_t *pids, size_t count)
{
	struct process *merged = xcalloc(count ? count : 1, sizeof(*merged));
	size_t old = 0;

	for (size_t i = 0; i < count; i++) {
		while (old < scan->process_count && scan->processes[old].pid < pids[i])
			ended(scan, &scan->processes[old++]);
		if (old < scan->process_count && scan->processes[old].pid == pids[i])
			merged[i] = scan->processes[old++];
		else
			merged[i] = (struct process){
				.pid = pids[i],
				.born_ns = scan->listed_ns ? scan->now_ns : 0,
			};
	}
	while (old < scan->process_count)
		ended(scan, &scan->processes[old++]);
	free(scan->processes);
	scan->processes = merged;
	scan->process_count = count;
	scan->order = xreallocarray(scan->order, count ? count : 1, sizeof(scan->order[0]));
	scan->ordered = false;
}

void ft_proc_scan_list(struct ft_proc_scan *scan)
{
	uint64_t begun = ft_clock_read(CLOCK_MONOTONIC);
	int32_t *pids = NULL;
	size_t count;

	if (list_pids(&pids, &count)) {
		merge(scan, pids, count);
		scan->listing_ns = begun;
	}
	free(pids);
	scan->listed_ns = scan->now_ns;
	scan->list_cost_ns = ft_clock_read(CLOCK_MONOTONIC) - begun;
}
