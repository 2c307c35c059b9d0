/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets of rtnetlink, and what comes by one of them unasked: notices that an interface, an address
 * or a bridge's VLANs changed. Used by links.c, which then reads all anew; apart from the dumps of
 * links_netlink.c because nothing is taken from a notice but who is gone.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "capture/links_netlink.h"
#include "core/xalloc.h"

#define TIMEOUT_SEC 5

static int open_socket(uint32_t groups, int extra_group, int flags, int *ret_fd)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	struct timeval timeout = { .tv_sec = TIMEOUT_SEC };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);
	int error;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0) {
		error = -errno;
		close(fd);
		return error;
	}
	if (extra_group) /* not known to kernels before 5.7; the link group tells most of it */
		(void)setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &extra_group,
				 sizeof(extra_group));
	*ret_fd = fd;
	return 0;
}

int ft_netlink_open_dump(int *ret_fd)
{
	return open_socket(0, 0, 0, ret_fd);
}

int ft_netlink_open_notices(int *ret_fd)
{
	return open_socket(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, RTNLGRP_BRVLAN,
			   SOCK_NONBLOCK, ret_fd);
}

int ft_netlink_drain(int fd, void (*gone)(void *arg, uint32_t ifindex), void *arg)
{
	uint8_t *buffer = xmalloc(FT_NETLINK_BUFFER);
	int any = 0;

	for (;;) {
		ssize_t size = recv(fd, buffer, FT_NETLINK_BUFFER, MSG_DONTWAIT);
		const uint8_t *at = buffer;

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && errno == ENOBUFS) { /* some were lost: all is read anew anyway */
			any = 1;
			continue;
		}
		if (size < 0 && errno != EAGAIN)
			any = -errno;
		if (size <= 0)
			break;
		any = 1;
		while (size >= NLMSG_HDRLEN) {
			const struct nlmsghdr *message = (const void *)at;
			ssize_t step = (ssize_t)NLMSG_ALIGN(message->nlmsg_len);
			const struct ifinfomsg *body = ft_netlink_body(message);

			if (step < NLMSG_HDRLEN || step > size)
				break;
			if (message->nlmsg_type == RTM_DELLINK && body->ifi_family == AF_UNSPEC &&
			    message->nlmsg_len >= NLMSG_LENGTH(sizeof(*body)))
				gone(arg, (uint32_t)body->ifi_index);
			at += step;
			size -= step;
		}
	}
	free(buffer);
	return any;
}
