/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * See owner_bytes.bpf.h: of the sockets that processes have open. Those on their way from one process
 * to another, and what only io_uring holds, tell of themselves when they are closed.
 */
#include "bpf/owner_bytes.bpf.h"

SEC("iter/task_file")
int flowtop_bytes_held(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	struct ft_owner_sk *own;
	struct socket *sock;
	struct sock *sk;

	if (!file)
		return 0;
	sock = bpf_sock_from_file(file);
	if (!sock)
		return 0;
	sk = sock->sk;
	if (!sk || !ft_is_network(sk))
		return 0;
	own = bpf_sk_storage_get(&ft_owner_sk, sk, NULL, 0);
	if (own)
		ft_hand_bytes(ctx->meta, sk, own);
	return 0;
}

SEC("cgroup/sock_release")
int flowtop_release(struct bpf_sock *sk)
{
	ft_tell_last_bytes(sk);
	return 1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
