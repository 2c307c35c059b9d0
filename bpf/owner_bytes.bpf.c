/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What programs wrote to sockets and read from them, as owner_sock.bpf.c counts it: told once more
 * when a socket is closed, and read by user space from those that are open, as far as it has
 * changed since it was told.
 */
#include "bpf/owner.bpf.h"

struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));

struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
} __attribute__((preserve_access_index));

/* The record of a socket; false: there is nothing new in it. */
static __always_inline bool ft_fill_bytes(struct ft_owner_bytes *news, __u64 cookie,
					  const struct ft_owner_sk *own)
{
	news->head.type = FT_OWNER_BYTES;
	news->cookie = cookie;
	news->sent = own->sent;
	news->received = own->received;
	return news->sent + news->received != own->told;
}

SEC("iter/bpf_sk_storage_map")
int flowtop_bytes(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct ft_owner_sk *own = ctx->value;
	struct ft_owner_bytes news = {};
	struct sock *sk = ctx->sk;

	if (!own || !sk)
		return 0;
	if (!ft_fill_bytes(&news, sk->__sk_common.skc_cookie.counter, own))
		return 0;
	/* What found no room is asked for again. */
	if (bpf_seq_write(ctx->meta->seq, &news, sizeof(news)) == 0)
		own->told = news.sent + news.received;
	return 0;
}

SEC("cgroup/sock_release")
int flowtop_release(struct bpf_sock *sk)
{
	struct ft_owner_sk *own = bpf_sk_storage_get(&ft_owner_sk, sk, NULL, 0);
	struct ft_owner_bytes news = {};

	if (own && ft_fill_bytes(&news, bpf_get_socket_cookie(sk), own))
		bpf_ringbuf_output(&ft_owner_ring, &news, sizeof(news), BPF_RB_NO_WAKEUP);
	return 1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
