/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Owners of sockets that are older than flowtop: a walk over all open files of all processes,
 * run by user space at start, and again if it had to forget some. What is known already is told
 * as it is; who holds a socket that nothing is known of owns it, the oldest holder if there are
 * several (a server before its workers).
 */
#include "bpf/owner.bpf.h"

struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
} __attribute__((preserve_access_index));

SEC("iter/task_file")
int flowtop_seed(struct bpf_iter__task_file *ctx)
{
	struct ft_owner_socket news = { .head.type = FT_OWNER_SOCKET, .how = FT_HOW_HELD };
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct ft_owner_sk *own;
	struct socket *sock;
	struct sock *sk;

	if (!file || !task)
		return 0;
	sock = bpf_sock_from_file(file);
	if (!sock)
		return 0;
	sk = sock->sk;
	if (!sk || !ft_is_network(sk))
		return 0;
	own = bpf_sk_storage_get(&ft_owner_sk, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!own)
		return 0;
	if (!own->how) {
		own->tgid = task->tgid;
		own->start_ns = task->group_leader->start_boottime;
		own->how = FT_HOW_HELD;
	}
	own->cookie = bpf_get_socket_cookie(sk);
	news.head.tgid = own->tgid;
	news.head.start_ns = own->start_ns;
	news.cookie = own->cookie;
	bpf_seq_write(ctx->meta->seq, &news, sizeof(news));
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
