/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink, spoken directly: dumps into plain arrays (links_netlink.c), and a socket that tells of
 * changes (links_notices.c). Private to links*.c. Errors are -errno.
 */
#ifndef FT_CAPTURE_LINKS_NETLINK_H
#define FT_CAPTURE_LINKS_NETLINK_H

#include "capture/links.h"

struct nlmsghdr;

#define FT_NETLINK_BUFFER (256 * 1024) /* for what one read gives */

/* A socket for dumps (groups 0) or for notices of links, addresses and bridge VLANs. */
int ft_netlink_open_dump(int *ret_fd);
int ft_netlink_open_notices(int *ret_fd);

/* All interfaces, ordered by ifindex, with PVIDs and statistics; owned by the caller. */
int ft_netlink_links(int fd, struct ft_link **ret_links, size_t *ret_count);

/* All addresses as nets, ordered by (addr, ifindex); owned by the caller. */
int ft_netlink_addresses(int fd, struct ft_net **ret_nets, size_t *ret_count);

/* Sets qdisc_drops of the links from their root qdiscs. */
int ft_netlink_qdiscs(int fd, struct ft_link *links, size_t count);

/* The interface of the best default route, IPv4 first; 0 if there is none. */
int ft_netlink_default_route(int fd, uint32_t *ret_ifindex);

/*
 * Reads and discards all waiting notices. 1 if there were any (or some were lost), 0 if not;
 * calls gone() for each interface that was deleted.
 */
int ft_netlink_drain(int fd, void (*gone)(void *arg, uint32_t ifindex), void *arg);

/* What follows a message's header. */
const void *ft_netlink_body(const struct nlmsghdr *message);

#endif
