/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Segments that are sent again: the tracepoint is called once for each packet handed down, which
 * may hold many segments.
 */
#include "bpf/event.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct sk_buff {
	char cb[48];
};
struct tcp_skb_cb {
	__u16 tcp_gso_segs;
};
#pragma clang attribute pop

SEC("tp_btf/tcp_retransmit_skb")
int flowtop_event_retransmit(__u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];
	struct sk_buff *skb = (struct sk_buff *)ctx[1];
	struct ft_event_news *news;
	__u16 segments = 0;

	if (!ft_is_watched(sk))
		return 0;
	news = ft_begin(sk, FT_EVENT_RETRANSMIT, bpf_sk_storage_get(&ft_event_sk, sk, NULL, 0));
	if (!news)
		return 0;
	bpf_probe_read_kernel(&segments, sizeof(segments),
			      &((struct tcp_skb_cb *)skb->cb)->tcp_gso_segs);
	news->segments = segments ? segments : 1;
	ft_submit(news);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
