/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Owners by use, for kernels before 6.3 that let programs be attached to functions: the checks
 * that every send and receive of every family passes, packet sockets too (there in kernels
 * with CONFIG_SECURITY_NETWORK). Used only where owner_sock cannot be loaded.
 */
#include "bpf/owner.bpf.h"

SEC("fentry/security_socket_sendmsg")
int flowtop_send(__u64 *ctx)
{
	ft_used(((struct socket *)ctx[0])->sk);
	return 0;
}

SEC("fentry/security_socket_recvmsg")
int flowtop_recv(__u64 *ctx)
{
	ft_used(((struct socket *)ctx[0])->sk);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
