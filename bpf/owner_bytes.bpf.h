/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What programs wrote to sockets and read from them, as owner_sock.bpf.c counts it: told once more
 * when a socket is closed, and read by user space from those that are open, as far as it has
 * changed since it was told. Two objects do this, and one is enough: owner_bytes.bpf.c reads all
 * sockets that have something to tell; owner_bytes_held.bpf.c those that processes hold, where the
 * kernel lets nobody walk through the storage of sockets.
 */
#ifndef FT_OWNER_BYTES_BPF_H
#define FT_OWNER_BYTES_BPF_H

#include "bpf/owner.bpf.h"

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

/* Hands an open socket's bytes to who reads the iterator. */
static __always_inline void ft_hand_bytes(struct bpf_iter_meta *meta, struct sock *sk,
					  struct ft_owner_sk *own)
{
	struct ft_owner_bytes news = {};

	if (!ft_fill_bytes(&news, sk->__sk_common.skc_cookie.counter, own))
		return;
	/* What found no room is asked for again. */
	if (bpf_seq_write(meta->seq, &news, sizeof(news)) == 0)
		own->told = news.sent + news.received;
}

/* A socket is closed: its last bytes. */
static __always_inline void ft_tell_last_bytes(struct bpf_sock *sk)
{
	struct ft_owner_sk *own = bpf_sk_storage_get(&ft_owner_sk, sk, NULL, 0);
	struct ft_owner_bytes news = {};

	if (own && ft_fill_bytes(&news, bpf_get_socket_cookie(sk), own))
		bpf_ringbuf_output(&ft_owner_ring, &news, sizeof(news),
				   ft_ring_flags(&ft_owner_ring));
}

#endif
