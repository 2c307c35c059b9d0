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

#define FT_RING_MARK 4096 /* octets beyond half a ring: several records of any kind */

/* With what a record is submitted: without a wake-up, but for the few that make a ring half full,
 * because who reads it may sleep for a second. */
static __always_inline __u64 ft_ring_flags(void *ring)
{
	__u64 over = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) -
		     bpf_ringbuf_query(ring, BPF_RB_RING_SIZE) / 2;

	return over < FT_RING_MARK ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/* Tells user space who owns a socket; false: no room, try again later. */
static __always_inline bool ft_tell_socket(__u64 cookie, __u32 tgid, __u64 start_ns, __u32 how)
{
	struct ft_owner_socket news = {
		.head = { .type = FT_OWNER_SOCKET, .tgid = tgid, .start_ns = start_ns },
		.cookie = cookie,
		.how = how,
	};

	return bpf_ringbuf_output(&ft_owner_ring, &news, sizeof(news),
				  ft_ring_flags(&ft_owner_ring)) == 0;
}

#endif
