/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What becomes of processes that own sockets: exec, a new name, the end. Rare events; those of
 * all other processes cost one look-up.
 */
#include "bpf/owner.bpf.h"

/* True if user space knows the task's process. */
static __always_inline bool is_known(struct task_struct *task)
{
	__u32 tgid = task->tgid;
	const __u64 *known = bpf_map_lookup_elem(&ft_owner_known, &tgid);

	return known && *known == task->group_leader->start_boottime;
}

/* What could not be told is counted as lost, and user space looks at the process itself. */
static __always_inline void retell(struct task_struct *task, bool is_current, const char *name)
{
	if (is_known(task))
		ft_tell_process(task, is_current, name);
}

SEC("tp_btf/sched_process_exec")
int flowtop_exec(__u64 *ctx)
{
	retell((struct task_struct *)ctx[0], true, NULL);
	return 0;
}

/* A name by prctl: the leader's alone is the process'. Still the old one is in force here. */
SEC("tp_btf/task_rename")
int flowtop_rename(__u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx[0];

	if (task == task->group_leader)
		retell(task, task == bpf_get_current_task_btf(), (const char *)ctx[1]);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int flowtop_exit(__u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx[0];
	struct ft_owner_exit news = { .head.type = FT_OWNER_EXIT };
	__u32 tgid = task->tgid;

	if (task->signal->live.counter > 0 || !is_known(task))
		return 0;
	news.head.tgid = tgid;
	news.head.start_ns = task->group_leader->start_boottime;
	news.exit_ns = bpf_ktime_get_boot_ns();
	bpf_ringbuf_output(&ft_owner_ring, &news, sizeof(news), ft_ring_flags(&ft_owner_ring));
	bpf_map_delete_elem(&ft_owner_known, &tgid);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
