/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Owners by use, where the kernel has tracepoints in its send and receive paths (6.3): every
 * send, receive, read, write, sendfile, splice and io_uring operation on a socket. This is what
 * names forked workers, receivers of passed descriptors, and packet sockets. They also tell how
 * many bytes that were: owner_bytes.bpf.c hands them on.
 */
#include "bpf/owner.bpf.h"

#define FT_MSG_PEEK 2

/* After the bytes: who reads them begins with taking the mark away. Nearly always it is there, so
 * that this writes to no memory that all processors share. */
static __always_inline void ft_mark_moved(void)
{
	__u32 zero = 0;
	struct ft_owner_reader *reader = bpf_map_lookup_elem(&ft_owner_reader, &zero);

	if (reader && !reader->moved)
		reader->moved = 1;
}

SEC("tp_btf/sock_send_length")
int flowtop_sock_send(__u64 *ctx)
{
	struct ft_owner_sk *own = ft_used((struct sock *)ctx[0]);
	int length = ctx[1];

	if (own && length > 0) {
		__sync_fetch_and_add(&own->sent, length);
		ft_mark_moved();
	}
	return 0;
}

SEC("tp_btf/sock_recv_length")
int flowtop_sock_recv(__u64 *ctx)
{
	struct ft_owner_sk *own = ft_used((struct sock *)ctx[0]);
	int length = ctx[1], flags = ctx[2];

	if (own && length > 0 && !(flags & FT_MSG_PEEK)) {
		__sync_fetch_and_add(&own->received, length);
		ft_mark_moved();
	}
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
