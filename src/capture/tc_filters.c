/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTM_GETTFILTER, one request and one answer in many parts. A short-lived socket each time:
 * it is asked at start, at stop, and for remarks.
 */
#include "capture/tc_filters.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
	struct nlmsghdr header;
	struct tcmsg tc;
};

/* Copies a string attribute, bounded and terminated. */
static void copy_text(char *to, size_t size, const struct rtattr *attr)
{
	size_t len = RTA_PAYLOAD(attr);

	if (len >= size)
		len = size - 1;
	memcpy(to, RTA_DATA(attr), len);
	to[len] = '\0';
}

static void parse_bpf(const struct rtattr *options, struct ft_tc_filter *filter)
{
	int left = (int)RTA_PAYLOAD(options);

	for (const struct rtattr *attr = RTA_DATA(options); RTA_OK(attr, left);
	     attr = RTA_NEXT(attr, left)) {
		if (attr->rta_type == TCA_BPF_NAME)
			copy_text(filter->name, sizeof(filter->name), attr);
		else if (attr->rta_type == TCA_BPF_ID && RTA_PAYLOAD(attr) >= sizeof(uint32_t))
			memcpy(&filter->program, RTA_DATA(attr), sizeof(uint32_t));
	}
}

static void parse_filter(const struct nlmsghdr *header, struct ft_tc_filter *filter)
{
	const struct tcmsg *tc = NLMSG_DATA(header);
	int left = (int)(header->nlmsg_len - NLMSG_LENGTH(sizeof(*tc)));
	const struct rtattr *options = NULL;

	memset(filter, 0, sizeof(*filter));
	filter->preference = TC_H_MAJ(tc->tcm_info) >> 16;
	filter->protocol = ntohs((uint16_t)TC_H_MIN(tc->tcm_info));
	filter->handle = tc->tcm_handle;
	for (const struct rtattr *attr = (const struct rtattr *)(tc + 1); RTA_OK(attr, left);
	     attr = RTA_NEXT(attr, left)) {
		if (attr->rta_type == TCA_KIND)
			copy_text(filter->kind, sizeof(filter->kind), attr);
		else if (attr->rta_type == TCA_OPTIONS)
			options = attr;
	}
	if (options && strcmp(filter->kind, "bpf") == 0)
		parse_bpf(options, filter);
}

/* Reads one datagram of the answer. 1: more follow, 0: done, -errno. */
static int read_part(int fd, bool (*each)(void *arg, const struct ft_tc_filter *filter), void *arg)
{
	union {
		struct nlmsghdr header;
		uint8_t bytes[32768];
	} answer;
	ssize_t got = recv(fd, &answer, sizeof(answer), 0);
	ssize_t left = got; /* negative behind a last message that isn't padded */

	if (got < 0)
		return errno == EINTR ? 1 : -errno;
	for (const struct nlmsghdr *header = &answer.header;
	     left > 0 && NLMSG_OK(header, (size_t)left); header = NLMSG_NEXT(header, left)) {
		struct ft_tc_filter filter;

		if (header->nlmsg_type == NLMSG_DONE)
			return 0;
		if (header->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *error = NLMSG_DATA(header);

			return header->nlmsg_len < NLMSG_LENGTH(sizeof(*error)) ? -EBADMSG :
										 error->error;
		}
		if (header->nlmsg_type != RTM_NEWTFILTER ||
		    header->nlmsg_len < NLMSG_LENGTH(sizeof(struct tcmsg)))
			continue;
		parse_filter(header, &filter);
		if (!each(arg, &filter))
			return 0;
	}
	return 1;
}

int ft_tc_filters(uint32_t ifindex, bool egress,
		  bool (*each)(void *arg, const struct ft_tc_filter *filter), void *arg)
{
	struct request request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_GETTFILTER,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.tc = {
			.tcm_family = AF_UNSPEC,
			.tcm_ifindex = (int)ifindex,
			.tcm_parent = TC_H_MAKE(TC_H_CLSACT,
						egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS),
		},
	};
	struct timeval patience = { .tv_sec = 2 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int more = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, &request, sizeof(request), 0) < 0)
		more = -errno;
	while (more > 0)
		more = read_part(fd, each, arg);
	close(fd);
	return more;
}
