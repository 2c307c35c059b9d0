/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Owners by use, where the kernel has tracepoints in its send and receive paths (6.3): every
 * send, receive, read, write, sendfile, splice and io_uring operation on a socket. This is what
 * names forked workers, receivers of passed descriptors, and packet sockets.
 */
#include "bpf/owner.bpf.h"

SEC("tp_btf/sock_send_length")
int flowtop_sock_send(__u64 *ctx)
{
	ft_used((struct sock *)ctx[0]);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int flowtop_sock_recv(__u64 *ctx)
{
	ft_used((struct sock *)ctx[0]);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
