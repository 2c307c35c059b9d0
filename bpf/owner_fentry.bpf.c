/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Owners by use, for kernels before 6.3 that let programs be attached to functions: the
 * functions below every send and receive of the internet families. Used only where owner_sock
 * cannot be loaded.
 */
#include "bpf/owner.bpf.h"

SEC("fentry/inet_sendmsg")
int flowtop_inet_send(__u64 *ctx)
{
	ft_used(((struct socket *)ctx[0])->sk);
	return 0;
}

SEC("fentry/inet_recvmsg")
int flowtop_inet_recv(__u64 *ctx)
{
	ft_used(((struct socket *)ctx[0])->sk);
	return 0;
}

SEC("fentry/inet6_sendmsg")
int flowtop_inet6_send(__u64 *ctx)
{
	ft_used(((struct socket *)ctx[0])->sk);
	return 0;
}

SEC("fentry/inet6_recvmsg")
int flowtop_inet6_recv(__u64 *ctx)
{
	ft_used(((struct socket *)ctx[0])->sk);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
