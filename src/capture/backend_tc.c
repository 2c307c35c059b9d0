/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tc rungs of the ladder, `tcx` and `tc`: one store (tc_store.h), programs on both hooks
 * of each watched interface, hung there in one of two ways (tc_attach.h). This file only
 * keeps the list of ports and the order of acts:
 *
 *   attach: into the programs' table first, then the hooks; counting is switched on last
 *   detach: the hooks first, then out of the table: no packet meets a program that doesn't
 *           know its interface
 *   stop:   detach all, wait, read both halves
 *
 * Others may take our programs off (whoever deletes the clsact qdisc does). Nothing tells, so
 * a few ports are looked after each second, in turn; what is missing is put back, and said.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "capture/backend.h"
#include "capture/links.h"
#include "capture/tc_attach.h"
#include "capture/tc_store.h"
#include "core/log.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define LOOPBACK_IFINDEX 1
#define LOOKED_AFTER 16 /* ports at a time */
#define UNREAD_MS 250   /* between looks at the fill of logs that could not be emptied, ... */
#define UNTOLD_MS 20    /* ... and of all where programs cannot wake us */

struct tc_backend {
	struct ft_backend base;
	const struct ft_tc_way *way;
	struct ft_tc_store *store;
	struct ft_tc_port *ports; /* owned; no order */
	size_t port_count;
	size_t looked_after; /* the port whose turn was last */
	time_t looked_sec;   /* when */
	bool unread;         /* the last collect failed: what is past its mark stays silent */
	int promiscuous_fd; /* a packet socket that holds the memberships; -1 = none asked for */
};

static struct tc_backend *of(struct ft_backend *backend)
{
	return (struct tc_backend *)backend;
}

static const struct tc_backend *of_const(const struct ft_backend *backend)
{
	return (const struct tc_backend *)backend;
}

/* The sentence for a failed attach. */
static void explain_attach(const struct ft_tc_way *way, const char *name, int error, char *err,
			   size_t err_size)
{
	if (error == -EPERM || error == -EACCES)
		snprintf(err, err_size,
			 _("attaching to %s needs CAP_NET_ADMIN: run it with sudo, or give it once "
			   "with setcap cap_bpf,cap_net_admin,cap_perfmon,cap_net_raw+ep"),
			 name);
	else if (way == &ft_tc_way_tcx && error == -EINVAL)
		snprintf(err, err_size, _("this kernel has no tcx links (Linux 6.6 has)"));
	else if (way == &ft_tc_way_clsact && (error == -ENOENT || error == -EOPNOTSUPP))
		snprintf(err, err_size, _("this kernel has no clsact with BPF filters"));
	else if (error == -ENOSPC)
		snprintf(err, err_size, _("no room to watch %s: too many interfaces or filters"),
			 name);
	else
		snprintf(err, err_size, _("cannot attach to %s: %s"), name, strerror(-error));
}

/* Takes everything off a port, in the order of the file's head. */
static void release_port(struct tc_backend *tc, struct ft_tc_port *port)
{
	tc->way->detach(port, false);
	tc->way->detach(port, true);
	tc->way->settle(port);
	ft_tc_store_unwatch(tc->store, port->iface.ifindex);
}

static int attach_hook(struct tc_backend *tc, struct ft_tc_port *port, bool egress)
{
	bool l3 = port->iface.flags & FT_IFACE_L3;
	int fd = ft_tc_store_program(tc->store, l3, egress, tc->way->stub);

	return fd < 0 ? fd : tc->way->attach(port, egress, fd);
}

static int attach_port(struct tc_backend *tc, struct ft_tc_port *port)
{
	int error = ft_tc_store_watch(tc->store, &port->iface);

	for (int egress = 0; egress < 2 && !error; egress++)
		error = attach_hook(tc, port, egress);
	if (error)
		release_port(tc, port);
	return error;
}

/* Promiscuous as long as the socket lives; what can't be is said in the log. */
static void promise_port(struct tc_backend *tc, const struct ft_tc_port *port)
{
	struct packet_mreq request = {
		.mr_ifindex = (int)port->iface.ifindex,
		.mr_type = PACKET_MR_PROMISC,
	};

	if (tc->promiscuous_fd >= 0 && setsockopt(tc->promiscuous_fd, SOL_PACKET,
						  PACKET_ADD_MEMBERSHIP, &request, sizeof(request)))
		ft_log(FT_LOG_WARN, "tc: %s does not become promiscuous: %s", port->name,
		       strerror(errno));
}

/* Adds a watched interface; one that vanished meanwhile is no error. */
static int add_port(struct tc_backend *tc, const struct ft_watch *watch, char *err,
		    size_t err_size)
{
	struct ft_tc_port port = { .iface = watch->iface };
	int error;

	snprintf(port.name, sizeof(port.name), "%s", watch->name);
	error = attach_port(tc, &port);
	if (error == -ENODEV || error == -ENXIO)
		return 0;
	if (error) {
		explain_attach(tc->way, port.name, error, err, err_size);
		return error;
	}
	tc->ports = xreallocarray(tc->ports, tc->port_count + 1, sizeof(*tc->ports));
	tc->ports[tc->port_count++] = port;
	promise_port(tc, &port);
	ft_log(FT_LOG_INFO, "tc: attached to %s (%u)", port.name, port.iface.ifindex);
	return 0;
}

static void remove_port(struct tc_backend *tc, size_t at)
{
	ft_log(FT_LOG_INFO, "tc: let go of %s (%u)", tc->ports[at].name,
	       tc->ports[at].iface.ifindex);
	release_port(tc, &tc->ports[at]);
	tc->ports[at] = tc->ports[--tc->port_count];
}

static const struct ft_watch *find_watch(const struct ft_watch *watched, size_t count,
					 uint32_t ifindex)
{
	for (size_t i = 0; i < count; i++)
		if (watched[i].iface.ifindex == ifindex)
			return &watched[i];
	return NULL;
}

static bool has_port(const struct tc_backend *tc, uint32_t ifindex)
{
	for (size_t i = 0; i < tc->port_count; i++)
		if (tc->ports[i].iface.ifindex == ifindex)
			return true;
	return false;
}

/* Whether a port still is what the watched set wants: then only the table may have to change. */
static bool keep_port(struct tc_backend *tc, struct ft_tc_port *port, const struct ft_watch *watch)
{
	if (!watch || (watch->iface.flags ^ port->iface.flags) & FT_IFACE_L3)
		return false;
	/* A device may have gone and another come with its number. */
	if (!tc->way->alive(port, false) || !tc->way->alive(port, true))
		return false;
	snprintf(port->name, sizeof(port->name), "%s", watch->name);
	if (memcmp(&port->iface, &watch->iface, sizeof(port->iface)) == 0)
		return true;
	port->iface = watch->iface;
	return ft_tc_store_watch(tc->store, &port->iface) == 0;
}

static int tc_watch(struct ft_backend *backend, const struct ft_links *links, char *err,
		    size_t err_size)
{
	struct tc_backend *tc = of(backend);
	size_t count;
	const struct ft_watch *watched = ft_links_watched(links, &count);
	int result = 0;

	for (size_t i = tc->port_count; i-- > 0;) {
		struct ft_tc_port *port = &tc->ports[i];

		if (!keep_port(tc, port, find_watch(watched, count, port->iface.ifindex)))
			remove_port(tc, i);
	}
	for (size_t i = 0; i < count; i++) {
		int error = 0;

		if (!has_port(tc, watched[i].iface.ifindex))
			error = add_port(tc, &watched[i], err, err_size);
		if (error && !result)
			result = error;
	}
	return result;
}

static void tc_close(struct ft_backend *backend)
{
	struct tc_backend *tc = of(backend);

	if (!tc)
		return;
	while (tc->port_count)
		remove_port(tc, tc->port_count - 1);
	if (tc->promiscuous_fd >= 0)
		close(tc->promiscuous_fd);
	ft_tc_store_close(tc->store);
	free(tc->ports);
	free(tc);
}

static int open_as(const struct ft_backend_ops *ops, const struct ft_tc_way *way,
		   const struct ft_backend_config *config, const struct ft_links *links,
		   struct ft_backend **ret_backend, char *err, size_t err_size)
{
	struct tc_backend *tc;
	int error;

	if (config->capture_filter) {
		snprintf(err, err_size,
			 _("a capture filter (-f) needs --backend packet: tc cannot filter yet"));
		return -EINVAL;
	}
	tc = xcalloc(1, sizeof(*tc));
	tc->base.ops = ops;
	tc->way = way;
	tc->promiscuous_fd = -1;
	if (config->promiscuous) /* protocol 0: it never receives a packet */
		tc->promiscuous_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	error = ft_tc_store_open(config, &tc->store, err, err_size);
	if (!error)
		error = tc_watch(&tc->base, links, err, err_size);
	if (error) {
		tc_close(&tc->base);
		return error;
	}
	ft_tc_store_enable(tc->store, true);
	*ret_backend = &tc->base;
	return 0;
}

static int tc_fd(const struct ft_backend *backend)
{
	return ft_tc_store_fd(of_const(backend)->store);
}

static int tc_patience(const struct ft_backend *backend)
{
	if (tc_fd(backend) < 0)
		return UNTOLD_MS;
	return of_const(backend)->unread ? UNREAD_MS : -1;
}

static int tc_dispatch(struct ft_backend *backend)
{
	return ft_tc_store_fill(of(backend)->store);
}

/* Puts back what is no longer on a port's hooks. A device that went is left to watch. */
static void look_after(struct tc_backend *tc, struct ft_tc_port *port)
{
	for (int egress = 0; egress < 2; egress++) {
		int error;

		if (tc->way->alive(port, egress))
			continue;
		tc->way->detach(port, egress); /* forgets what the record says */
		error = attach_hook(tc, port, egress);
		if (error == -ENODEV || error == -ENXIO)
			return;
		port->was_taken_off = true;
		ft_log(FT_LOG_WARN, "tc: somebody took the program off %s (%u): %s", port->name,
		       port->iface.ifindex, error ? strerror(-error) : "put back");
	}
}

/* The same for some of all ports, once a second. */
static void look_after_some(struct tc_backend *tc)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (now.tv_sec == tc->looked_sec)
		return;
	tc->looked_sec = now.tv_sec;
	for (size_t n = 0; n < LOOKED_AFTER && n < tc->port_count; n++) {
		tc->looked_after = (tc->looked_after + 1) % tc->port_count;
		look_after(tc, &tc->ports[tc->looked_after]);
	}
}

static int tc_collect(struct ft_backend *backend, struct ft_batch *ret_batch)
{
	struct tc_backend *tc = of(backend);
	int error;

	look_after_some(tc);
	error = ft_tc_store_collect(tc->store, ret_batch);
	tc->unread = error < 0;
	return error;
}

static int tc_pause(struct ft_backend *backend, bool paused)
{
	ft_tc_store_enable(of(backend)->store, !paused);
	return 0;
}

static int tc_stop(struct ft_backend *backend, struct ft_batch *ret_batch)
{
	struct tc_backend *tc = of(backend);

	while (tc->port_count)
		remove_port(tc, tc->port_count - 1);
	return ft_tc_store_finish(tc->store, ret_batch);
}

/* Says that somebody took us off, or names the foreign program ahead of us, ingress first. Whoever
 * shows it says of which interface. */
static int tc_remark(const struct ft_backend *backend, uint32_t ifindex, char *text, size_t size)
{
	const struct tc_backend *tc = of_const(backend);
	char name[64];

	text[0] = '\0';
	for (size_t i = 0; i < tc->port_count; i++) {
		const struct ft_tc_port *port = &tc->ports[i];

		if (port->iface.ifindex == ifindex && port->was_taken_off) {
			snprintf(text, size, "%s",
				 port->hook[0].attached && port->hook[1].attached ?
					 _("somebody took flowtop's program off; it was put "
					   "back, what passed meanwhile is missing") :
					 _("somebody took flowtop's program off; nothing is "
					   "counted there"));
			return 0;
		}
		for (int egress = 0; egress < 2 && port->iface.ifindex == ifindex; egress++) {
			uint32_t id;

			name[0] = '\0';
			id = tc->way->ahead(port, egress, name, sizeof(name));
			if (!id)
				continue;
			/* To ask for a name takes a right that we gave up. */
			snprintf(text, size,
				 egress ? _("the program %s (%u) runs ahead at egress and may "
					    "hide packets") :
					  _("the program %s (%u) runs ahead at ingress and may "
					    "hide packets"),
				 name[0] ? name : "?", id);
			return 0;
		}
	}
	return 0;
}

static int tc_progress(const struct ft_backend *backend)
{
	(void)backend;
	return -1;
}

/* Loads the programs, small, and attaches them to lo for a moment, with counting off. */
static int probe_as(const struct ft_tc_way *way, const char *works, char *why, size_t why_size)
{
	const struct ft_backend_config config = { .log_entries = 64, .spill_entries = 64 };
	struct tc_backend tc = { .way = way, .promiscuous_fd = -1 };
	struct ft_tc_port port = { .iface = { .ifindex = LOOPBACK_IFINDEX }, .name = "lo" };
	int error = ft_tc_store_open(&config, &tc.store, why, why_size);

	if (error)
		return error;
	error = attach_port(&tc, &port);
	if (error) {
		explain_attach(way, port.name, error, why, why_size);
	} else {
		release_port(&tc, &port);
		snprintf(why, why_size, "%s", works);
	}
	ft_tc_store_close(tc.store);
	return error;
}

static int tcx_probe(char *why, size_t why_size)
{
	return probe_as(&ft_tc_way_tcx, _("programs load and attach as tcx links"), why, why_size);
}

static int clsact_probe(char *why, size_t why_size)
{
	return probe_as(&ft_tc_way_clsact, _("programs load and attach as clsact filters"), why,
			why_size);
}

static int tcx_open(const struct ft_backend_config *config, const struct ft_links *links,
		    struct ft_backend **ret_backend, char *err, size_t err_size)
{
	return open_as(&ft_backend_tcx, &ft_tc_way_tcx, config, links, ret_backend, err, err_size);
}

static int clsact_open(const struct ft_backend_config *config, const struct ft_links *links,
		       struct ft_backend **ret_backend, char *err, size_t err_size)
{
	return open_as(&ft_backend_clsact, &ft_tc_way_clsact, config, links, ret_backend, err,
		       err_size);
}

const struct ft_backend_ops ft_backend_tcx = {
	.name = "tcx",
	.probe = tcx_probe,
	.open = tcx_open,
	.fd = tc_fd,
	.patience = tc_patience,
	.dispatch = tc_dispatch,
	.call_off = ft_backend_never_waits,
	.limit = ft_backend_has_no_limit,
	.collect = tc_collect,
	.watch = tc_watch,
	.pause = tc_pause,
	.stop = tc_stop,
	.remark = tc_remark,
	.progress = tc_progress,
	.close = tc_close,
};

const struct ft_backend_ops ft_backend_clsact = {
	.name = "tc",
	.probe = clsact_probe,
	.open = clsact_open,
	.fd = tc_fd,
	.patience = tc_patience,
	.dispatch = tc_dispatch,
	.call_off = ft_backend_never_waits,
	.limit = ft_backend_has_no_limit,
	.collect = tc_collect,
	.watch = tc_watch,
	.pause = tc_pause,
	.stop = tc_stop,
	.remark = tc_remark,
	.progress = tc_progress,
	.close = tc_close,
};
