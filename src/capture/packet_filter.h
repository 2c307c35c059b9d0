/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The classic BPF program of a ring: which interfaces, which direction, the user's -f, and how
 * many octets are kept. Plain values; libpcap is used for -f only.
 */
#ifndef FT_CAPTURE_PACKET_FILTER_H
#define FT_CAPTURE_PACKET_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ft_packet_filter {
	struct sock_filter *insns; /* owned */
	size_t count;
};

/*
 * Compiles a pcap-filter expression for an interface. For one with a link-layer header an
 * activated handle is used, since only with it libpcap knows tags that are in metadata. -EINVAL
 * with libpcap's sentence if the expression is wrong.
 */
int ft_packet_filter_compile(const char *expression, const char *interface, bool l3,
			     struct ft_packet_filter *ret_filter, char *err, size_t err_size);
void ft_packet_filter_done(struct ft_packet_filter *filter);

/*
 * The whole program: ifindexes (sorted; 0 of them = no test), then direction, then `user`
 * (NULL = all), keeping `snaplen` octets.
 */
void ft_packet_filter_build(const uint32_t *ifindexes, size_t ifindex_count, bool rx, bool tx,
			    const struct ft_packet_filter *user, uint32_t snaplen,
			    struct ft_packet_filter *ret_filter);

#endif
