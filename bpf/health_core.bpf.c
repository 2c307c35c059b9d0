/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Samples of sockets on kernels that describe their types: all that tcp_info has. */
#include "bpf/health.bpf.h"
#include "bpf/health_read.bpf.h"

static __always_inline bool ft_health_fill(struct bpf_sock *sock, __u32 tick_us,
					   struct ft_health *to)
{
	const struct tcp_sock *tp = (const void *)bpf_skc_to_tcp_sock(sock);

	if (!tp)
		return false;
	ft_health_read(tp, tick_us, to);
	return true;
}
