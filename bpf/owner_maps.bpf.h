/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The maps that all owner programs and the tc programs share (user space makes the objects use
 * the same ones), and how a socket's owner is told. See bpf/owner_abi.h.
 */
#ifndef FT_OWNER_MAPS_BPF_H
#define FT_OWNER_MAPS_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#include "bpf/owner_abi.h"

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct ft_owner_sk);
} ft_owner_sk SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, FT_OWNER_RING_BYTES);
} ft_owner_ring SEC(".maps");

/* Tells user space who owns a socket; false: no room, try again later. */
static __always_inline bool ft_tell_socket(__u64 cookie, __u32 tgid, __u64 start_ns, __u32 how)
{
	struct ft_owner_socket news = {
		.head = { .type = FT_OWNER_SOCKET, .tgid = tgid, .start_ns = start_ns },
		.cookie = cookie,
		.how = how,
	};

	return bpf_ringbuf_output(&ft_owner_ring, &news, sizeof(news), BPF_RB_NO_WAKEUP) == 0;
}

#endif
