/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers of netlink: interfaces, addresses, qdiscs, routes, notices, sockets. The calls that
 * send and receive are wrapped: whatever is asked, the input is the answer, its messages with the
 * number of the question so that they are looked at. An input: which question, then buffers, each
 * with two octets of length before it.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "capture/links_netlink.h"
#include "capture/sock_diag.h"
#include "capture/socket_source.h"
#include "core/addr.h"
#include "tests/fuzz/fuzz.h"

#define STEPS_MAX 64

const char fuzz_name[] = "netlink";

/* What is still to be received. */
static const uint8_t *left;
static size_t left_size;
static uint32_t sequence;

ssize_t __wrap_sendto(int fd, const void *data, size_t size, int flags,
		      const struct sockaddr *to, socklen_t to_size);
ssize_t __wrap_recv(int fd, void *buffer, size_t size, int flags);

ssize_t __wrap_sendto(int fd, const void *data, size_t size, int flags,
		      const struct sockaddr *to, socklen_t to_size)
{
	(void)fd;
	(void)flags;
	(void)to;
	(void)to_size;
	sequence = ((const struct nlmsghdr *)data)->nlmsg_seq;
	return (ssize_t)size;
}

ssize_t __wrap_recv(int fd, void *buffer, size_t size, int flags)
{
	size_t length = fuzz_take(&left, &left_size, 2), at = 0;

	(void)fd;
	if (left_size == 0) {
		errno = EAGAIN;
		return -1;
	}
	if (length > left_size)
		length = left_size;
	memcpy(buffer, left, length < size ? length : size);
	left += length;
	left_size -= length;
	if (length > size)
		return flags & MSG_TRUNC ? (ssize_t)length : (ssize_t)size;
	while (at + sizeof(struct nlmsghdr) <= length) {
		struct nlmsghdr *message = (void *)((char *)buffer + at);

		message->nlmsg_seq = sequence;
		if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > length - at)
			break;
		at += NLMSG_ALIGN(message->nlmsg_len);
	}
	return (ssize_t)length;
}

static void ask_links(void)
{
	struct ft_link *links = NULL;
	size_t count = 0;

	if (ft_netlink_links(-1, &links, &count) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		FUZZ_CHECK(links[i].ifindex > 0);
		FUZZ_CHECK(memchr(links[i].name, 0, sizeof(links[i].name)));
		FUZZ_CHECK(memchr(links[i].kind, 0, sizeof(links[i].kind)));
		FUZZ_CHECK(i == 0 || links[i - 1].ifindex <= links[i].ifindex);
	}
	ft_netlink_qdiscs(-1, links, count);
	free(links);
}

static void ask_addresses(void)
{
	struct ft_net *nets = NULL;
	size_t count = 0;

	if (ft_netlink_addresses(-1, &nets, &count) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		FUZZ_CHECK(nets[i].prefix <= 128);
	free(nets);
}

static void note_gone(void *arg, uint32_t ifindex)
{
	(void)ifindex;
	++*(size_t *)arg;
}

static void note_sock(void *arg, const struct ft_sock *sock)
{
	FUZZ_CHECK(sock->protocol == 6);
	++*(size_t *)arg;
}

static void ask_sockets(bool one)
{
	static const uint8_t v4[16] = { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1 };
	struct ft_sock_diag *diag = ft_sock_diag_new();
	struct ft_sock sock;
	size_t count = 0;

	if (one) {
		ft_sock_diag_look_up(diag, 6, v4, 80, v4, 81, &sock);
	} else {
		ft_sock_diag_dump(diag, 6);
		for (int i = 0; i < STEPS_MAX && left_size > 0; i++)
			if (ft_sock_diag_step(diag, note_sock, &count) <= 0)
				break;
	}
	ft_sock_diag_free(diag);
}

static void ask_tcp(void)
{
	struct ft_socket_source *source = ft_socket_source_new();
	struct ft_flow_key key = { .protocol = 6, .ip_version = 4 };
	struct ft_batch batch = { 0 };

	for (int i = 0; i < STEPS_MAX && left_size > 0; i++)
		if (ft_socket_source_refresh(source, (uint64_t)(i + 1) * 1000000000))
			break;
	ft_socket_source_put(source, &batch);
	ft_socket_source_find(source, &key, 0);
	ft_socket_source_free(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t which;
	size_t gone = 0;
	uint32_t ifindex = 0;

	left = data;
	left_size = size;
	which = fuzz_take(&left, &left_size, 1);
	switch (which % 7) {
	case 0:
		ask_links();
		break;
	case 1:
		ask_addresses();
		break;
	case 2:
		ft_netlink_default_route(-1, &ifindex);
		break;
	case 3:
		ft_netlink_drain(-1, note_gone, &gone);
		break;
	case 4:
	case 5:
		ask_sockets(which % 7 == 4);
		break;
	default:
		ask_tcp();
	}
	return 0;
}
