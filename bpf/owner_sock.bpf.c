/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Owners by use, where the kernel has tracepoints in its send and receive paths (6.3): every
 * send, receive, read, write, sendfile, splice and io_uring operation on a socket. This is what
 * names forked workers, receivers of passed descriptors, and packet sockets. They also tell how
 * many bytes that were: owner_bytes.bpf.c hands them on.
 */
#include "bpf/owner.bpf.h"

#define FT_MSG_PEEK 2

SEC("tp_btf/sock_send_length")
int flowtop_sock_send(__u64 *ctx)
{
	struct ft_owner_sk *own = ft_used((struct sock *)ctx[0]);
	int length = ctx[1];

	if (own && length > 0)
		__sync_fetch_and_add(&own->sent, length);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int flowtop_sock_recv(__u64 *ctx)
{
	struct ft_owner_sk *own = ft_used((struct sock *)ctx[0]);
	int length = ctx[1], flags = ctx[2];

	if (own && length > 0 && !(flags & FT_MSG_PEEK))
		__sync_fetch_and_add(&own->received, length);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
