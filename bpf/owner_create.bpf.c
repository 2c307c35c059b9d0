/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Owners by birth: each socket() of an internet family, in every network namespace, before it
 * can send anything. Attached to the root of the v2 tree, which all processes are below, also
 * on machines that use the v1 trees. Sockets of the kernel's own don't pass here.
 */
#include "bpf/owner.bpf.h"

SEC("cgroup/sock_create")
int flowtop_sock_create(struct bpf_sock *sk)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	__u64 start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	struct ft_owner_sk *own;

	own = bpf_sk_storage_get(&ft_owner_sk, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (own)
		ft_own(own, bpf_get_socket_cookie(sk), task, tgid, start_ns, FT_HOW_CREATED);
	return 1; /* allow */
}

char _license[] SEC("license") = "Dual BSD/GPL";
