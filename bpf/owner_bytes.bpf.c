/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* See owner_bytes.bpf.h: of every socket that has storage, whoever holds it. */
#include "bpf/owner_bytes.bpf.h"

struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
} __attribute__((preserve_access_index));

SEC("iter/bpf_sk_storage_map")
int flowtop_bytes(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct ft_owner_sk *own = ctx->value;
	struct sock *sk = ctx->sk;

	if (own && sk)
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
