/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Owners of sockets that are older than flowtop: a walk over all open files of all processes,
 * run by user space at start, and again if it had to forget some. What is known already is told
 * as it is; who holds a socket that nothing is known of owns it, the oldest holder if there are
 * several (a server before its workers), and is told of, so that its exec, new name and exit are.
 */
#include "bpf/owner.bpf.h"

SEC("iter/task_file")
int flowtop_seed(struct bpf_iter__task_file *ctx)
{
	struct ft_owner_socket news = { .head.type = FT_OWNER_SOCKET, .how = FT_HOW_HELD };
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct ft_owner_sk *own;
	struct socket *sock;
	struct sock *sk;
	__u64 start_ns;

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
	start_ns = task->group_leader->start_boottime;
	news.head.tgid = task->tgid;
	news.head.start_ns = start_ns;
	news.cookie = bpf_get_socket_cookie(sk);
	if (own->how) {
		own->cookie = news.cookie;
		news.head.tgid = own->tgid;
		news.head.start_ns = own->start_ns;
	} else if (ft_introduce(task, false, task->tgid, start_ns)) {
		own->cookie = news.cookie;
		own->tgid = task->tgid;
		own->start_ns = start_ns;
		own->how = FT_HOW_HELD;
	} /* else whoever uses it next tells of itself */
	bpf_seq_write(ctx->meta->seq, &news, sizeof(news));
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
