/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One dump = one request and a walk over the answers; each message type has a function that
 * adds to a growing array. A dump that the kernel marks as interrupted (something changed
 * meanwhile) is asked again. Attributes are checked against the message's end even though the
 * kernel wrote them.
 */
#include "capture/links_netlink.h"

#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/xalloc.h"

#define DUMP_TRIES 5
#define ATTRS_MAX 128

/* A request: the header and whichever body the type wants. */
struct request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg addr;
		struct tcmsg tc;
		struct rtmsg route;
	} body;
	struct rtattr attr; /* behind a link body: IFLA_EXT_MASK */
	uint32_t mask;
};

/* Attributes by type; NULL where absent. */
struct attrs {
	const struct rtattr *at[ATTRS_MAX];
};

typedef void (*message_fn)(void *arg, const struct nlmsghdr *message);

/* ---- attributes ---- */

static const void *attr_data(const struct rtattr *attr)
{
	return (const uint8_t *)attr + RTA_LENGTH(0);
}

static size_t attr_size(const struct rtattr *attr)
{
	return attr->rta_len - RTA_LENGTH(0);
}

/* The attribute at data if it lies within size octets; *ret_step is the way to the next. */
static const struct rtattr *attr_at(const uint8_t *data, size_t size, size_t *ret_step)
{
	const struct rtattr *attr = (const void *)data;

	if (size < sizeof(*attr) || attr->rta_len < sizeof(*attr) || attr->rta_len > size)
		return NULL;
	*ret_step = RTA_ALIGN(attr->rta_len);
	if (*ret_step > size)
		*ret_step = size;
	return attr;
}

/* Sorts size octets of attributes by type. */
static void parse_attrs(const void *data, size_t size, struct attrs *ret_attrs)
{
	const uint8_t *at = data;
	const struct rtattr *attr;
	size_t step;

	memset(ret_attrs, 0, sizeof(*ret_attrs));
	for (; (attr = attr_at(at, size, &step)) != NULL; at += step, size -= step) {
		unsigned int type = attr->rta_type & NLA_TYPE_MASK;

		if (type < ATTRS_MAX)
			ret_attrs->at[type] = attr;
	}
}

/* The same for a nested attribute; empty if it is absent. */
static void parse_nested(const struct rtattr *attr, struct attrs *ret_attrs)
{
	if (attr)
		parse_attrs(attr_data(attr), attr_size(attr), ret_attrs);
	else
		memset(ret_attrs, 0, sizeof(*ret_attrs));
}

/* The same for what follows a message's body; false if the message is too short. */
static bool parse_message(const struct nlmsghdr *message, size_t body, struct attrs *ret_attrs)
{
	size_t front = NLMSG_HDRLEN + NLMSG_ALIGN(body);

	if (message->nlmsg_len < front)
		return false;
	parse_attrs((const uint8_t *)message + front, message->nlmsg_len - front, ret_attrs);
	return true;
}

/* An attribute's first octets as a number; `otherwise` if it is absent or short. */
static uint32_t attr_u32(const struct rtattr *attr, uint32_t otherwise)
{
	uint32_t value;

	if (!attr || attr_size(attr) < sizeof(value))
		return otherwise;
	memcpy(&value, attr_data(attr), sizeof(value));
	return value;
}

/* Copies an attribute's text. */
static void attr_text(const struct rtattr *attr, char *text, size_t size)
{
	size_t length = attr ? strnlen(attr_data(attr), attr_size(attr)) : 0;

	if (length >= size)
		length = size - 1;
	if (length)
		memcpy(text, attr_data(attr), length);
	text[length] = '\0';
}

const void *ft_netlink_body(const struct nlmsghdr *message)
{
	return (const uint8_t *)message + NLMSG_HDRLEN;
}

/* ---- dumps ---- */

/* Hands one buffer's messages on. 1 = the dump is done, 0 = more to come, -errno. */
static int walk_answer(const uint8_t *buffer, size_t size, uint32_t sequence, message_fn each,
		       void *arg, bool *interrupted)
{
	while (size >= NLMSG_HDRLEN) {
		const struct nlmsghdr *message = (const void *)buffer;
		size_t step;

		if (message->nlmsg_len < NLMSG_HDRLEN || message->nlmsg_len > size)
			return -EBADMSG;
		step = NLMSG_ALIGN(message->nlmsg_len);
		if (message->nlmsg_seq == sequence) {
			*interrupted |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
			if (message->nlmsg_type == NLMSG_DONE)
				return 1;
			if (message->nlmsg_type == NLMSG_ERROR) {
				const struct nlmsgerr *error = ft_netlink_body(message);

				return error->error ? error->error : -EBADMSG;
			}
			each(arg, message);
		}
		buffer += step < size ? step : size;
		size -= step < size ? step : size;
	}
	return 0;
}

/* Reads answers until the dump with this sequence number is done; -EINTR as the kernel says. */
static int read_dump(int fd, uint32_t sequence, message_fn each, void *arg)
{
	uint8_t *buffer = xmalloc(FT_NETLINK_BUFFER);
	bool interrupted = false;
	int result = 0;

	while (result == 0) {
		ssize_t size = recv(fd, buffer, FT_NETLINK_BUFFER, MSG_TRUNC);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			result = errno == EAGAIN ? -ETIMEDOUT : -errno;
		else if (size > FT_NETLINK_BUFFER)
			result = -EMSGSIZE;
		else
			result = walk_answer(buffer, (size_t)size, sequence, each, arg,
					     &interrupted);
	}
	free(buffer);
	if (result < 0)
		return result;
	return interrupted ? -EINTR : 0;
}

/* Sends a dump request and walks its answers. -EINTR: inconsistent, ask again. */
static int dump(int fd, struct request *request, size_t size, message_fn each, void *arg)
{
	static _Atomic uint32_t sequences;
	uint32_t sequence = ++sequences;
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	request->header.nlmsg_len = (uint32_t)size;
	request->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->header.nlmsg_seq = sequence;
	if (sendto(fd, request, size, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	return read_dump(fd, sequence, each, arg);
}

/* ---- links ---- */

struct link_list {
	struct ft_link *links;
	size_t count, capacity;
};

/* IFLA_LINKINFO: kind, and of a bridge whether it looks at VLANs. */
static void read_link_info(const struct rtattr *attr, struct ft_link *link)
{
	struct attrs info, data;
	const struct rtattr *filtering;

	parse_nested(attr, &info);
	attr_text(info.at[IFLA_INFO_KIND], link->kind, sizeof(link->kind));
	if (strcmp(link->kind, "bridge") != 0)
		return;
	parse_nested(info.at[IFLA_INFO_DATA], &data);
	filtering = data.at[IFLA_BR_VLAN_FILTERING];
	link->vlan_filtering = filtering && attr_size(filtering) >= 1 &&
			       *(const uint8_t *)attr_data(filtering);
}

static void read_link_stats(const struct rtattr *attr, struct ft_link *link)
{
	struct rtnl_link_stats64 stats;
	size_t size = attr ? attr_size(attr) : 0;

	memset(&stats, 0, sizeof(stats));
	if (size > sizeof(stats))
		size = sizeof(stats);
	if (size)
		memcpy(&stats, attr_data(attr), size);
	link->stats_drops_rx = stats.rx_dropped + stats.rx_missed_errors;
	link->stats_drops_tx = stats.tx_dropped;
}

/* RTM_NEWLINK of the dump over all families. */
static void add_link(void *arg, const struct nlmsghdr *message)
{
	struct link_list *list = arg;
	const struct ifinfomsg *body = ft_netlink_body(message);
	struct attrs attrs;
	struct ft_link *link;

	if (message->nlmsg_type != RTM_NEWLINK ||
	    !parse_message(message, sizeof(*body), &attrs) || body->ifi_index <= 0)
		return;
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 16;
		list->links = xreallocarray(list->links, list->capacity, sizeof(*list->links));
	}
	link = &list->links[list->count++];
	memset(link, 0, sizeof(*link));
	link->ifindex = (uint32_t)body->ifi_index;
	link->type = body->ifi_type;
	link->flags = body->ifi_flags;
	link->master = attr_u32(attrs.at[IFLA_MASTER], 0);
	link->lower = attr_u32(attrs.at[IFLA_LINK], 0);
	link->lower_foreign = attrs.at[IFLA_LINK_NETNSID] != NULL;
	if (link->lower == link->ifindex && !link->lower_foreign)
		link->lower = 0;
	link->mtu = attr_u32(attrs.at[IFLA_MTU], 0);
	attr_text(attrs.at[IFLA_IFNAME], link->name, sizeof(link->name));
	read_link_info(attrs.at[IFLA_LINKINFO], link);
	read_link_stats(attrs.at[IFLA_STATS64], link);
	/*
	 * Not asked from sysfs, which shows the namespace it was mounted in: a driver of real
	 * hardware has no kind, or names its bus device (since 5.14).
	 */
	link->physical = attrs.at[IFLA_PARENT_DEV_NAME] != NULL ||
			 (link->kind[0] == '\0' && !(link->flags & IFF_LOOPBACK));
}

static int compare_links(const void *a, const void *b)
{
	const struct ft_link *la = a, *lb = b;

	return la->ifindex < lb->ifindex ? -1 : la->ifindex > lb->ifindex;
}

static struct ft_link *find_link(struct link_list *list, uint32_t ifindex)
{
	struct ft_link key = { .ifindex = ifindex };

	if (list->count == 0)
		return NULL;
	return bsearch(&key, list->links, list->count, sizeof(key), compare_links);
}

/* RTM_NEWLINK of the bridge family: the VLAN that untagged frames get. */
static void add_pvid(void *arg, const struct nlmsghdr *message)
{
	const struct ifinfomsg *body = ft_netlink_body(message);
	struct ft_link *link;
	struct attrs attrs;
	const struct rtattr *spec, *attr;
	const uint8_t *at;
	size_t size, step;

	if (message->nlmsg_type != RTM_NEWLINK || !parse_message(message, sizeof(*body), &attrs))
		return;
	link = find_link(arg, (uint32_t)body->ifi_index);
	spec = attrs.at[IFLA_AF_SPEC];
	if (!link || !spec)
		return;
	at = attr_data(spec);
	size = attr_size(spec);
	for (; (attr = attr_at(at, size, &step)) != NULL; at += step, size -= step) {
		struct bridge_vlan_info vlan;

		if ((attr->rta_type & NLA_TYPE_MASK) != IFLA_BRIDGE_VLAN_INFO ||
		    attr_size(attr) < sizeof(vlan))
			continue;
		memcpy(&vlan, attr_data(attr), sizeof(vlan));
		if (vlan.flags & BRIDGE_VLAN_INFO_PVID)
			link->pvid = vlan.vid;
	}
}

/* A link request of one family. */
static int dump_links(int fd, uint8_t family, uint32_t mask, message_fn each, void *arg)
{
	struct request request;
	size_t size = NLMSG_LENGTH(sizeof(request.body.link));
	uint8_t *attr = (uint8_t *)&request + size;
	struct rtattr header = { .rta_type = IFLA_EXT_MASK, .rta_len = RTA_LENGTH(sizeof(mask)) };

	memset(&request, 0, sizeof(request));
	request.header.nlmsg_type = RTM_GETLINK;
	request.body.link.ifi_family = family;
	if (mask) {
		memcpy(attr, &header, sizeof(header));
		memcpy(attr + RTA_LENGTH(0), &mask, sizeof(mask));
		size += header.rta_len;
	}
	return dump(fd, &request, size, each, arg);
}

int ft_netlink_links(int fd, struct ft_link **ret_links, size_t *ret_count)
{
	struct link_list list = { 0 };
	int result, tries;

	for (tries = 0; tries < DUMP_TRIES; tries++) {
		list.count = 0;
		result = dump_links(fd, AF_UNSPEC, 0, add_link, &list);
		if (result == 0) {
			if (list.count)
				qsort(list.links, list.count, sizeof(*list.links),
				      compare_links);
			result = dump_links(fd, AF_BRIDGE, RTEXT_FILTER_BRVLAN, add_pvid, &list);
			if (result == -EOPNOTSUPP || result == -ENOENT)
				result = 0; /* a kernel without bridges */
		}
		if (result != -EINTR)
			break;
	}
	if (result == -EINTR)
		result = 0; /* changing all the time: the notices will bring us back */
	if (result < 0) {
		free(list.links);
		return result;
	}
	*ret_links = list.links;
	*ret_count = list.count;
	return 0;
}

/* ---- addresses ---- */

struct net_list {
	struct ft_net *nets;
	size_t count, capacity;
};

/* Appends one net, mapped; prefix is that of the family. */
static void add_net(struct net_list *list, const struct rtattr *attr, uint8_t family,
		    uint8_t prefix, bool own, uint32_t ifindex)
{
	size_t size = family == AF_INET ? 4 : 16;
	struct ft_net *net;

	if (!attr || attr_size(attr) < size)
		return;
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 16;
		list->nets = xreallocarray(list->nets, list->capacity, sizeof(*list->nets));
	}
	net = &list->nets[list->count++];
	memset(net, 0, sizeof(*net));
	if (size == 4)
		memset(net->addr + 10, 0xff, 2);
	memcpy(net->addr + 16 - size, attr_data(attr), size);
	net->prefix = (uint8_t)(prefix + (size == 4 ? 96 : 0));
	net->own = own;
	net->ifindex = ifindex;
}

/* RTM_NEWADDR: an address and its subnet, or, with a peer, the two apart. */
static void add_address(void *arg, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *body = ft_netlink_body(message);
	const struct rtattr *local, *peer;
	uint8_t full, family;
	struct attrs attrs;

	if (message->nlmsg_type != RTM_NEWADDR || !parse_message(message, sizeof(*body), &attrs))
		return;
	family = body->ifa_family;
	if (family != AF_INET && family != AF_INET6)
		return;
	full = family == AF_INET ? 32 : 128;
	if (body->ifa_prefixlen > full)
		return;
	peer = attrs.at[IFA_ADDRESS];
	local = attrs.at[IFA_LOCAL] ? attrs.at[IFA_LOCAL] : peer;
	if (!local || !peer || attr_size(local) != attr_size(peer) ||
	    memcmp(attr_data(local), attr_data(peer), attr_size(local)) == 0) {
		add_net(arg, local, family, body->ifa_prefixlen, true, body->ifa_index);
		return;
	}
	add_net(arg, local, family, full, true, body->ifa_index);
	add_net(arg, peer, family, body->ifa_prefixlen, false, body->ifa_index);
}

/* Total: by address, interface, prefix, own. */
static int compare_nets(const void *a, const void *b)
{
	const struct ft_net *na = a, *nb = b;
	int order = memcmp(na->addr, nb->addr, sizeof(na->addr));

	if (order == 0)
		order = na->ifindex < nb->ifindex ? -1 : na->ifindex > nb->ifindex;
	if (order == 0)
		order = na->prefix - nb->prefix;
	return order ? order : na->own - nb->own;
}

int ft_netlink_addresses(int fd, struct ft_net **ret_nets, size_t *ret_count)
{
	struct request request;
	struct net_list list = { 0 };
	int result, tries;

	memset(&request, 0, sizeof(request));
	request.header.nlmsg_type = RTM_GETADDR;
	for (tries = 0; tries < DUMP_TRIES; tries++) {
		list.count = 0;
		result = dump(fd, &request, NLMSG_LENGTH(sizeof(request.body.addr)), add_address,
			      &list);
		if (result != -EINTR)
			break;
	}
	if (result < 0 && result != -EINTR) {
		free(list.nets);
		return result;
	}
	if (list.count)
		qsort(list.nets, list.count, sizeof(*list.nets), compare_nets);
	*ret_nets = list.nets;
	*ret_count = list.count;
	return 0;
}

/* ---- qdiscs ---- */

/* RTM_NEWQDISC: a root qdisc's drops to its link. */
static void add_qdisc(void *arg, const struct nlmsghdr *message)
{
	const struct tcmsg *body = ft_netlink_body(message);
	struct gnet_stats_queue queue;
	struct attrs attrs, stats;
	struct ft_link *link;

	if (message->nlmsg_type != RTM_NEWQDISC ||
	    !parse_message(message, sizeof(*body), &attrs) || body->tcm_parent != TC_H_ROOT)
		return;
	link = find_link(arg, (uint32_t)body->tcm_ifindex);
	parse_nested(attrs.at[TCA_STATS2], &stats);
	if (!link || !stats.at[TCA_STATS_QUEUE] ||
	    attr_size(stats.at[TCA_STATS_QUEUE]) < sizeof(queue))
		return;
	memcpy(&queue, attr_data(stats.at[TCA_STATS_QUEUE]), sizeof(queue));
	link->qdisc_drops = queue.drops;
}

int ft_netlink_qdiscs(int fd, struct ft_link *links, size_t count)
{
	struct link_list list = { .links = links, .count = count };
	struct request request;
	int result;

	memset(&request, 0, sizeof(request));
	request.header.nlmsg_type = RTM_GETQDISC;
	result = dump(fd, &request, NLMSG_LENGTH(sizeof(request.body.tc)), add_qdisc, &list);
	return result == -EINTR ? 0 : result;
}

/* ---- routes ---- */

struct best_route {
	uint32_t ifindex;
	uint32_t priority;
};

/* RTM_NEWROUTE: a default route of the main table, if it is better than the one so far. */
static void add_route(void *arg, const struct nlmsghdr *message)
{
	struct best_route *best = arg;
	const struct rtmsg *body = ft_netlink_body(message);
	struct attrs attrs;
	uint32_t ifindex, priority;

	if (message->nlmsg_type != RTM_NEWROUTE || !parse_message(message, sizeof(*body), &attrs))
		return;
	if (body->rtm_dst_len != 0 || body->rtm_type != RTN_UNICAST ||
	    attr_u32(attrs.at[RTA_TABLE], body->rtm_table) != RT_TABLE_MAIN)
		return;
	ifindex = attr_u32(attrs.at[RTA_OIF], 0);
	if (!ifindex && attrs.at[RTA_MULTIPATH] &&
	    attr_size(attrs.at[RTA_MULTIPATH]) >= sizeof(struct rtnexthop)) {
		const struct rtnexthop *hop = attr_data(attrs.at[RTA_MULTIPATH]);

		ifindex = (uint32_t)hop->rtnh_ifindex;
	}
	priority = attr_u32(attrs.at[RTA_PRIORITY], 0);
	if (ifindex && (!best->ifindex || priority < best->priority)) {
		best->ifindex = ifindex;
		best->priority = priority;
	}
}

int ft_netlink_default_route(int fd, uint32_t *ret_ifindex)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct best_route best = { 0 };
	size_t i;

	for (i = 0; i < sizeof(families) && !best.ifindex; i++) {
		struct request request;
		int result;

		memset(&request, 0, sizeof(request));
		request.header.nlmsg_type = RTM_GETROUTE;
		request.body.route.rtm_family = families[i];
		result = dump(fd, &request, NLMSG_LENGTH(sizeof(request.body.route)), add_route,
			      &best);
		if (result < 0 && result != -EINTR && result != -EOPNOTSUPP)
			return result;
	}
	*ret_ifindex = best.ifindex;
	return 0;
}
