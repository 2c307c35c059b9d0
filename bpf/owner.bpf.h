/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the owner programs have in common: the kernel's structures as far as they are looked at
 * (CO-RE: offsets come from the running kernel), and how a process takes a socket over.
 *
 * All of it runs in the context of the process that acts on the socket. Nothing here changes
 * what the kernel does. Records are written straight into the ring: programs in process context
 * can be preempted by one another, so there is no scratch memory of a CPU's own.
 */
#ifndef FT_OWNER_BPF_H
#define FT_OWNER_BPF_H

#include "bpf/owner_maps.bpf.h"

#include <bpf/bpf_core_read.h>

#define FT_AF_INET 2
#define FT_AF_INET6 10
#define FT_AF_PACKET 17
#define FT_PF_KTHREAD 0x00200000
#define FT_CHANGES_MAX 16    /* a socket that busy processes share changes hands so often ... */
#define FT_CHANGES_TICKS 250 /* ... in so many ticks, a second or less */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct ft_atomic64 {
	__s64 counter;
};
struct qstr {
	const unsigned char *name;
};
struct dentry {
	struct qstr d_name;
};
struct path {
	struct dentry *dentry;
};
struct file {
	struct path f_path;
};
struct mm_struct {
	unsigned long arg_start, arg_end;
	struct file *exe_file;
};
struct kernfs_node {
	__u64 id;
};
struct cgroup_root {
	int hierarchy_id;
};
struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
};
struct css_set {
	struct cgroup *dfl_cgrp;
};
struct ft_kid {
	unsigned int val;
};
struct cred {
	struct ft_kid euid, egid;
};
struct ft_atomic {
	int counter;
};
struct signal_struct {
	struct ft_atomic live;
};
struct ns_common {
	unsigned int inum;
};
struct net {
	struct ns_common ns;
};
struct nsproxy {
	struct net *net_ns;
};
struct task_struct {
	unsigned int flags;
	int tgid;
	__u64 start_boottime;
	struct task_struct *group_leader, *real_parent;
	const struct cred *cred;
	struct mm_struct *mm;
	struct css_set *cgroups;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	char comm[FT_OWNER_COMM];
};
struct sock_common {
	unsigned short skc_family;
	struct ft_atomic64 skc_cookie;
};
struct sock {
	struct sock_common __sk_common;
};
struct socket {
	struct sock *sk;
};
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};
#pragma clang attribute pop

/* tgid -> start_ns of processes that user space was told of. LRU: who is forgotten is told again
 * with the next socket. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FT_OWNER_KNOWN_MAX);
	__type(key, __u32);
	__type(value, __u64);
} ft_owner_known SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ft_owner_reader);
} ft_owner_reader SEC(".maps");

/* The words of the current process' command line. */
static __always_inline void ft_read_args(struct ft_owner_process *news, struct mm_struct *mm)
{
	unsigned long start = BPF_CORE_READ(mm, arg_start);
	__u64 length = BPF_CORE_READ(mm, arg_end) - start;

	if (length > FT_OWNER_ARGS)
		length = FT_OWNER_ARGS;
	if (bpf_probe_read_user(news->args, length, (void *)start) == 0)
		news->args_length = length;
}

/* Wakes the reader if it sleeps until a process is new, once: it is up then, and says so when it
 * goes back to sleep. */
static __always_inline __u64 ft_process_flags(void)
{
	__u32 zero = 0;
	struct ft_owner_reader *reader = bpf_map_lookup_elem(&ft_owner_reader, &zero);

	if (!reader || !reader->dozes)
		return ft_ring_flags(&ft_owner_ring);
	reader->dozes = 0;
	return BPF_RB_FORCE_WAKEUP;
}

/* How many news of processes have found no room, with `more` of them. */
static __always_inline __u32 ft_lost(__u32 more)
{
	__u32 zero = 0;
	struct ft_owner_reader *reader = bpf_map_lookup_elem(&ft_owner_reader, &zero);

	if (!reader)
		return 0;
	if (more)
		__sync_fetch_and_add(&reader->lost, more);
	return reader->lost;
}

/* Tells user space about the process that a task belongs to; of the current one the command line
 * can be read too. name: a new one that isn't in force yet, or NULL. False: no room. */
static __always_inline bool ft_tell_process(struct task_struct *task, bool is_current,
					    const char *name)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct ft_owner_process *news;

	news = bpf_ringbuf_reserve(&ft_owner_ring, sizeof(*news), 0);
	if (!news) {
		ft_lost(1);
		return false;
	}
	__builtin_memset(news, 0, sizeof(*news));
	news->lost = ft_lost(0);
	news->head.type = FT_OWNER_PROCESS;
	news->head.tgid = BPF_CORE_READ(leader, tgid);
	news->head.start_ns = BPF_CORE_READ(leader, start_boottime);
	news->cgroup_id = BPF_CORE_READ(leader, cgroups, dfl_cgrp, kn, id);
	news->ppid = BPF_CORE_READ(leader, real_parent, tgid);
	news->uid = BPF_CORE_READ(task, cred, euid.val);
	news->gid = BPF_CORE_READ(task, cred, egid.val);
	news->netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	bpf_probe_read_kernel_str(news->comm, sizeof(news->comm), name ? name : leader->comm);
	if (mm) {
		const unsigned char *exe = BPF_CORE_READ(mm, exe_file, f_path.dentry, d_name.name);

		bpf_probe_read_kernel_str(news->exe, sizeof(news->exe), exe);
		if (is_current)
			ft_read_args(news, mm);
	}
	bpf_ringbuf_submit(news, ft_process_flags());
	return true;
}

/* Tells user space about a process, the current one or not, unless it knows it. False: it could not
 * be told, or not be noted that it was, without which its exec would be no news: tell it again. (A
 * kernel whose locks give up refuses either where another processor stands still.) */
static __always_inline bool ft_introduce(struct task_struct *task, bool is_current, __u32 tgid,
					 __u64 start_ns)
{
	const __u64 *known = bpf_map_lookup_elem(&ft_owner_known, &tgid);

	if (known && *known == start_ns)
		return true;
	if (!ft_tell_process(task, is_current, NULL))
		return false;
	return bpf_map_update_elem(&ft_owner_known, &tgid, &start_ns, BPF_ANY) == 0;
}

/* The current process owns the socket from now on. */
static __always_inline void ft_own(struct ft_owner_sk *own, __u64 cookie, struct task_struct *task,
				   __u32 tgid, __u64 start_ns, __u32 how)
{
	__u32 now = bpf_jiffies64();

	if (now - own->tick > FT_CHANGES_TICKS) {
		own->tick = now;
		own->changes = 0;
	}
	if (own->changes++ > FT_CHANGES_MAX)
		return;
	if (BPF_CORE_READ(task, flags) & FT_PF_KTHREAD) {
		tgid = 0;
		start_ns = 0;
		how = FT_HOW_KERNEL;
	} else if (!ft_introduce(task, true, tgid, start_ns)) {
		return; /* not marked: the next call tells it again */
	}
	if (!ft_tell_socket(cookie, tgid, start_ns, how))
		return; /* likewise */
	own->cookie = cookie;
	own->tgid = tgid;
	own->start_ns = start_ns;
	own->how = how;
}

/* True if this kind of socket makes packets that flowtop sees. */
static __always_inline bool ft_is_network(const struct sock *sk)
{
	unsigned short family = sk->__sk_common.skc_family;

	return family == FT_AF_INET || family == FT_AF_INET6 || family == FT_AF_PACKET;
}

/* The current process acts on a socket (in a tracing program); the socket's storage, or NULL. */
static __always_inline struct ft_owner_sk *ft_used(struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf(), *leader;
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct ft_owner_sk *own;
	__u64 start_ns, cookie;

	if (!ft_is_network(sk))
		return NULL;
	leader = task->group_leader;
	start_ns = leader->start_boottime;
	cookie = sk->__sk_common.skc_cookie.counter;
	own = bpf_sk_storage_get(&ft_owner_sk, sk, NULL, 0);
	if (own && own->tgid == tgid && own->start_ns == start_ns && own->cookie == cookie &&
	    cookie)
		return own;
	if (!own)
		own = bpf_sk_storage_get(&ft_owner_sk, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!own)
		return NULL;
	cookie = bpf_get_socket_cookie(sk);
	ft_own(own, cookie, task, tgid, start_ns, FT_HOW_USED);
	return own;
}

#endif
