/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture by AF_PACKET: for machines without BPF, and for -f.
 *
 * A tap is a ring with what it is for. An interface that counts both ways has one tap. One that
 * counts a single direction (lo, a bridge, its ports) has one tap for that direction, so that
 * drops of the ring are exactly drops of what counts, and a small one for the other, which
 * feeds the interface's raw counters only. A bridge with many ports shares the two among all
 * ports: sockets bound to no interface, whose filters choose the ports.
 *
 * plan() says which taps the watched set wants; watch() keeps those that are there already,
 * drains and closes the rest, opens what is missing. Packets go through packet_log.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "capture/backend.h"
#include "capture/clock.h"
#include "capture/links.h"
#include "capture/packet_filter.h"
#include "capture/packet_log.h"
#include "capture/packet_ring.h"
#include "capture/packet_store.h"
#include "core/log.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define RING_BYTES (64u << 20)    /* all that count, together */
#define RING_BYTES_MIN (1u << 20) /* each, however many there are */
#define MAX_PORTS 16              /* of a bridge, with two taps each, which take long to open */
#define DISPATCH_FULL 500         /* per mille; see backend.h */

struct tap {
	struct ft_ring *ring; /* owned; NULL while planned only */
	uint32_t ifindex;     /* 0 = shared by the ports of a bridge */
	uint16_t scope;
	bool rx, tx;          /* which directions it hears */
	bool counts;          /* what it hears enters the scope's accounts */
	uint64_t drops;       /* since it was opened */
};

struct backend_packet {
	struct ft_backend base;
	char *capture_filter; /* owned; NULL = none */
	bool promiscuous;
	size_t ring_bytes;
	int scope; /* only this one, + 1; 0 = all */
	struct ft_packet_store *store; /* borrowed; NULL = packets aren't kept */
	struct ft_packet_log *log;
	struct tap *taps; /* owned */
	size_t tap_count;
	struct ft_watch *watches; /* owned; ordered by ifindex */
	size_t watch_count;
	struct ft_watch *former;  /* owned; those before: a shared ring may hold packets of theirs */
	size_t former_count;
	const struct ft_watch *last; /* of the packet before: mostly right again */
	int epoll_fd;
	uint64_t flips;
	bool paused;
	bool refilter_all; /* some filter is not as `paused` says */
};

static struct backend_packet *self_of(struct ft_backend *backend)
{
	return (struct backend_packet *)backend;
}

/* ---- packets ---- */

/* The interface of this number among those; NULL if it isn't. */
static const struct ft_watch *find_watch(const struct ft_watch *watches, size_t count,
					 uint32_t ifindex)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (watches[middle].iface.ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && watches[low].iface.ifindex == ifindex ? &watches[low] : NULL;
}

/* The watched interface of this number; NULL if it isn't watched. */
static const struct ft_watch *watch_of(const struct backend_packet *self, uint32_t ifindex)
{
	return find_watch(self->watches, self->watch_count, ifindex);
}

/* What a watched interface is called, for what is kept of it. */
static const char *name_of(const void *arg, uint32_t ifindex)
{
	const struct backend_packet *self = arg;
	const struct ft_watch *watch = watch_of(self, ifindex);

	if (!watch)
		watch = find_watch(self->former, self->former_count, ifindex);
	return watch ? watch->name : NULL;
}

/* One packet of a ring into the log. */
static void on_packet(void *arg, const struct ft_ring_packet *packet)
{
	struct backend_packet *self = arg;
	const struct ft_watch *watch = self->last;
	struct ft_packet_meta meta;
	uint8_t counted;

	if (!watch || watch->iface.ifindex != packet->ifindex)
		watch = watch_of(self, packet->ifindex);
	if (!watch)
		watch = find_watch(self->former, self->former_count, packet->ifindex);
	if (!watch)
		return;
	self->last = watch;
	counted = packet->outgoing ? FT_IFACE_COUNT_TX : FT_IFACE_COUNT_RX;
	meta = (struct ft_packet_meta){
		.link = watch->iface.flags & FT_IFACE_L3 ? FT_PACKET_RAW : FT_PACKET_ETHERNET,
		.wire_len = packet->wire_len,
		.cap_len = packet->cap_len < packet->wire_len ? packet->cap_len :
								packet->wire_len,
		.ifindex = packet->ifindex,
		.scope = watch->iface.scope,
		.outgoing = packet->outgoing,
		.vlan_valid = packet->vlan_valid,
		.vlan_tci = packet->vlan_tci,
		.vlan_tpid = packet->vlan_tpid,
		.vlan_aware = (watch->iface.flags & FT_IFACE_VLAN_AWARE) != 0,
		.pvid = watch->iface.pvid,
		.gso_size = packet->gso_size,
		.protocol = packet->protocol,
		.tick = packet->tick,
	};
	ft_packet_log_add(self->log, packet->data, &meta, watch->iface.flags & counted);
}

/* True when the log wants to be collected before more is read. */
static bool log_full(void *arg)
{
	const struct backend_packet *self = arg;

	return ft_packet_log_fill(self->log) >= DISPATCH_FULL;
}

/* ---- taps ---- */

/* Accounts what a ring dropped. */
static void note_drops(struct backend_packet *self, const struct tap *tap, uint64_t drops)
{
	if (!drops || !tap->counts)
		return;
	ft_packet_log_dropped(self->log, tap->scope, drops);
	if (self->store)
		ft_packet_store_dropped(self->store, tap->ifindex, drops);
}

/* Hears all that is left in a tap that was stopped, accounts its drops and closes it. */
static void close_tap(struct backend_packet *self, struct tap *tap)
{
	uint64_t drops;

	if (!tap->ring)
		return;
	(void)epoll_ctl(self->epoll_fd, EPOLL_CTL_DEL, ft_ring_fd(tap->ring), NULL);
	ft_ring_drain(tap->ring, on_packet, self);
	drops = ft_ring_take_drops(tap->ring);
	note_drops(self, tap, drops);
	ft_ring_close(tap->ring);
	tap->ring = NULL;
}

/* Stops taps and closes them. One waiting is enough for all of them. */
static void close_taps(struct backend_packet *self, struct tap *taps, size_t count)
{
	bool settled = false;
	size_t i;

	for (i = 0; i < count; i++)
		if (taps[i].ring)
			ft_ring_mute(taps[i].ring);
	for (i = 0; i < count && !settled; i++)
		if (taps[i].ring)
			settled = ft_ring_settle(taps[i].ring);
	for (i = 0; i < count; i++)
		close_tap(self, &taps[i]);
}

/* The ports of a shared tap's bridge: ordered; their count is returned. */
static size_t shared_ports(const struct backend_packet *self, const struct tap *tap,
			   uint32_t *ret_ports)
{
	size_t i, n = 0;

	for (i = 0; i < self->watch_count; i++) {
		const struct ft_iface *iface = &self->watches[i].iface;

		if (iface->scope == tap->scope && (iface->flags & FT_IFACE_COUNT_RX) &&
		    !(iface->flags & FT_IFACE_COUNT_TX))
			ret_ports[n++] = iface->ifindex;
	}
	return n;
}

/* The program for a tap as things are. While paused it lets nothing in. */
static int tap_filter(const struct backend_packet *self, const struct tap *tap,
		      struct ft_packet_filter *ret_filter, char *err, size_t err_size)
{
	uint32_t *ports = xcalloc(self->watch_count + 1, sizeof(*ports));
	uint32_t snaplen = self->store && tap->counts ? FT_RING_SNAPLEN_WHOLE : FT_RING_SNAPLEN;
	struct ft_packet_filter user = { 0 };
	const struct ft_watch *watch;
	size_t port_count = 0;
	int result = 0;

	if (tap->ifindex == 0)
		port_count = shared_ports(self, tap, ports);
	watch = watch_of(self, tap->ifindex ? tap->ifindex : ports[0]);
	if (self->capture_filter && watch)
		result = ft_packet_filter_compile(self->capture_filter, watch->name,
						  watch->iface.flags & FT_IFACE_L3, &user, err,
						  err_size);
	if (result == 0)
		ft_packet_filter_build(ports, port_count, tap->rx, tap->tx,
				       self->capture_filter ? &user : NULL,
				       self->paused ? 0 : snaplen, ret_filter);
	ft_packet_filter_done(&user);
	free(ports);
	return result;
}

/* Opens a planned tap. */
static int open_tap(struct backend_packet *self, struct tap *tap, size_t bytes, char *err,
		    size_t err_size)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct ft_packet_filter filter = { 0 };
	struct ft_ring_config config = {
		.ifindex = tap->ifindex,
		.bytes = bytes,
		.promiscuous = self->promiscuous,
	};
	int result = tap_filter(self, tap, &filter, err, err_size);

	if (result < 0)
		return result;
	config.filter = filter.insns;
	config.filter_length = filter.count;
	do /* a small machine gets a small ring; what it drops is counted */
		result = ft_ring_open(&config, &tap->ring, err, err_size);
	while (result == -ENOMEM && (config.bytes /= 2) >= RING_BYTES_MIN);
	ft_packet_filter_done(&filter);
	if (result < 0)
		return result;
	if (epoll_ctl(self->epoll_fd, EPOLL_CTL_ADD, ft_ring_fd(tap->ring), &event) < 0) {
		result = -errno;
		snprintf(err, err_size, _("cannot wait for a socket: %s"), strerror(-result));
	}
	return result;
}

static bool same_tap(const struct tap *a, const struct tap *b)
{
	return a->ifindex == b->ifindex && a->scope == b->scope && a->rx == b->rx &&
	       a->tx == b->tx && a->counts == b->counts;
}

/* Appends to a plan, unless it is there (the ports of a bridge share). */
static void plan_tap(struct tap *plan, size_t *count, struct tap tap)
{
	size_t i;

	for (i = 0; i < *count; i++)
		if (same_tap(&plan[i], &tap))
			return;
	plan[(*count)++] = tap;
}

/* The taps that the watched set wants; owned by the caller. */
static struct tap *plan_taps(const struct backend_packet *self, size_t *ret_count)
{
	struct tap *plan = xcalloc(self->watch_count * 2 + 1, sizeof(*plan));
	uint32_t *ports = xcalloc(self->watch_count + 1, sizeof(*ports));
	size_t i;

	*ret_count = 0;
	for (i = 0; i < self->watch_count; i++) {
		const struct ft_iface *iface = &self->watches[i].iface;
		struct tap tap = { .ifindex = iface->ifindex, .scope = iface->scope,
				   .rx = (iface->flags & FT_IFACE_COUNT_RX) != 0,
				   .tx = (iface->flags & FT_IFACE_COUNT_TX) != 0,
				   .counts = true };

		if (tap.rx && !tap.tx && shared_ports(self, &tap, ports) > MAX_PORTS)
			tap.ifindex = 0;
		plan_tap(plan, ret_count, tap);
		if (tap.rx && tap.tx)
			continue;
		tap.rx = !tap.rx;
		tap.tx = !tap.tx;
		tap.counts = false;
		plan_tap(plan, ret_count, tap);
	}
	free(ports);
	return plan;
}

/* How many taps count. */
static size_t count_counting(const struct backend_packet *self)
{
	size_t counting = 0;

	for (size_t i = 0; i < self->tap_count; i++)
		counting += self->taps[i].counts;
	return counting;
}

/* Ring size for each of the counting taps of a plan. */
static size_t ring_share(const struct backend_packet *self, const struct tap *plan, size_t count)
{
	size_t counting = 0, i, share;

	for (i = 0; i < count; i++)
		counting += plan[i].counts;
	share = counting ? self->ring_bytes / counting : self->ring_bytes;
	return share > RING_BYTES_MIN ? share : RING_BYTES_MIN;
}

/* Moves the rings that stay into the plan; drains and closes the others. */
static void keep_taps(struct backend_packet *self, struct tap *plan, size_t count)
{
	size_t i, j;

	for (i = 0; i < self->tap_count; i++) {
		struct tap *tap = &self->taps[i];

		for (j = 0; j < count && tap->ring; j++)
			if (same_tap(&plan[j], tap) && ft_ring_alive(tap->ring)) {
				plan[j] = *tap;
				tap->ring = NULL;
			}
	}
	close_taps(self, self->taps, self->tap_count);
	free(self->taps);
	self->taps = plan;
	self->tap_count = count;
}

/* Filters of taps that are there already, again: ports changed, or pausing. One that fails
 * doesn't keep the others from theirs; the first failure is told. */
static int refilter(struct backend_packet *self, bool shared_only, char *err, size_t err_size)
{
	int first = 0;
	size_t i;

	for (i = 0; i < self->tap_count; i++) {
		struct ft_packet_filter filter = { 0 };
		struct tap *tap = &self->taps[i];
		int result;

		if (!tap->ring || (shared_only && tap->ifindex))
			continue;
		result = tap_filter(self, tap, &filter, err, err_size);
		if (result == 0)
			result = ft_ring_set_filter(tap->ring, filter.insns, filter.count);
		ft_packet_filter_done(&filter);
		if (result < 0 && first == 0)
			first = result;
	}
	return first;
}

/*
 * Opens what the plan lacks. An interface that vanished between notice and socket is left to
 * the next change of the watched set; other failures are told.
 */
static int open_missing(struct backend_packet *self, char *err, size_t err_size)
{
	size_t share = ring_share(self, self->taps, self->tap_count);
	int first = 0;
	size_t i;

	for (i = 0; i < self->tap_count; i++) {
		struct tap *tap = &self->taps[i];
		int result;

		if (tap->ring)
			continue;
		result = open_tap(self, tap, tap->counts ? share : RING_BYTES_MIN, err, err_size);
		if (result < 0 && result != -ENODEV && result != -ENXIO && first == 0)
			first = result;
	}
	return first;
}

/* ---- operations ---- */

/* Those of a watched set that are ours; how many. */
static size_t choose_watches(const struct backend_packet *self, const struct ft_watch *wanted,
			     size_t count, struct ft_watch *ret_chosen)
{
	size_t chosen = 0;

	for (size_t i = 0; i < count; i++)
		if (self->scope == 0 || wanted[i].iface.scope == self->scope - 1)
			ret_chosen[chosen++] = wanted[i];
	return chosen;
}

static int packet_watch(struct ft_backend *backend, const struct ft_links *links, char *err,
			size_t err_size)
{
	struct backend_packet *self = self_of(backend);
	struct ft_watch *old = self->watches, *fresh;
	size_t old_count = self->watch_count, count, plan_count;
	const struct ft_watch *wanted = ft_links_watched(links, &count);
	struct tap *plan;
	int result;

	fresh = xcalloc(count + 1, sizeof(*fresh));
	count = choose_watches(self, wanted, count, fresh);
	self->watches = fresh;
	self->watch_count = count;
	plan = plan_taps(self, &plan_count);

	/* What the old taps still hold belongs to the interfaces as they were. */
	self->watches = old;
	self->watch_count = old_count;
	keep_taps(self, plan, plan_count);
	free(self->former);
	self->former = old;
	self->former_count = old_count;
	self->watches = fresh;
	self->watch_count = count;
	self->last = NULL;

	result = refilter(self, !self->refilter_all, err, err_size);
	if (result == 0)
		self->refilter_all = false;
	/* Rings are read one after the other, and each hands out what is some time old. */
	if (self->store)
		ft_packet_store_hold(self->store, count_counting(self) > 1 ?
				     3 * FT_RING_RETIRE_MS * UINT64_C(1000000) : 0);
	return result < 0 ? result : open_missing(self, err, err_size);
}

static void packet_close(struct ft_backend *backend)
{
	struct backend_packet *self = self_of(backend);
	size_t i;

	if (!self)
		return;
	for (i = 0; i < self->tap_count; i++)
		ft_ring_close(self->taps[i].ring);
	if (self->epoll_fd >= 0)
		close(self->epoll_fd);
	ft_packet_log_free(self->log);
	free(self->taps);
	free(self->watches);
	free(self->former);
	free(self->capture_filter);
	free(self);
}

static int packet_open(const struct ft_backend_config *config, const struct ft_links *links,
		       struct ft_backend **ret_backend, char *err, size_t err_size)
{
	struct backend_packet *self = xcalloc(1, sizeof(*self));
	int result;

	self->base.ops = &ft_backend_packet;
	self->capture_filter = config->capture_filter ? xstrdup(config->capture_filter) : NULL;
	self->promiscuous = config->promiscuous;
	self->ring_bytes = config->ring_bytes ? config->ring_bytes : RING_BYTES;
	self->scope = config->scope;
	self->store = config->packets;
	self->log = ft_packet_log_new(config->log_entries);
	ft_packet_log_keep(self->log, self->store);
	if (self->store)
		ft_packet_store_names(self->store, name_of, self);
	self->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (self->epoll_fd < 0) {
		result = -errno;
		snprintf(err, err_size, _("cannot wait for sockets: %s"), strerror(-result));
	} else {
		result = packet_watch(&self->base, links, err, err_size);
	}
	if (result < 0) {
		packet_close(&self->base);
		return result;
	}
	*ret_backend = &self->base;
	return 0;
}

static int packet_fd(const struct ft_backend *backend)
{
	return ((const struct backend_packet *)backend)->epoll_fd;
}

/* Reads all rings and accounts what they dropped. */
static void read_rings(struct backend_packet *self)
{
	size_t i;

	for (i = 0; i < self->tap_count; i++) {
		struct tap *tap = &self->taps[i];
		uint64_t drops;

		if (!tap->ring)
			continue;
		ft_ring_walk(tap->ring, on_packet, log_full, self);
		drops = ft_ring_take_drops(tap->ring);
		tap->drops += drops;
		note_drops(self, tap, drops);
	}
}

static int packet_dispatch(struct ft_backend *backend)
{
	struct backend_packet *self = self_of(backend);

	read_rings(self);
	return (int)ft_packet_log_fill(self->log);
}

/* Hands out what the log holds. */
static void take_batch(struct backend_packet *self, struct ft_batch *ret_batch)
{
	size_t i;

	ft_packet_log_collect(self->log, ret_batch);
	ret_batch->end_ns = ft_clock_read(CLOCK_REALTIME);
	ret_batch->mono_ns = ft_clock_read(CLOCK_MONOTONIC);
	ret_batch->health.flips = ++self->flips;
	for (i = 0; i < self->tap_count; i++)
		if (self->taps[i].ring)
			ret_batch->health.map_bytes += ft_ring_bytes(self->taps[i].ring);
}

static int packet_collect(struct ft_backend *backend, struct ft_batch *ret_batch)
{
	struct backend_packet *self = self_of(backend);

	read_rings(self);
	take_batch(self, ret_batch);
	return 0;
}

static int packet_pause(struct ft_backend *backend, bool paused)
{
	struct backend_packet *self = self_of(backend);
	char err[FT_REASON_MAX];
	int result;

	self->paused = paused;
	result = refilter(self, false, err, sizeof(err));
	self->refilter_all = result < 0;
	return result;
}

static int packet_stop(struct ft_backend *backend, struct ft_batch *ret_batch)
{
	struct backend_packet *self = self_of(backend);

	close_taps(self, self->taps, self->tap_count);
	take_batch(self, ret_batch);
	return 0;
}

static int packet_remark(const struct ft_backend *backend, uint32_t ifindex, char *text,
			 size_t size)
{
	const struct backend_packet *self = (const struct backend_packet *)backend;
	const struct ft_watch *watch = watch_of(self, ifindex);
	uint64_t drops = 0;
	size_t i;

	for (i = 0; watch && i < self->tap_count; i++)
		if (self->taps[i].counts && self->taps[i].scope == watch->iface.scope &&
		    (self->taps[i].ifindex == ifindex || self->taps[i].ifindex == 0))
			drops += self->taps[i].drops;
	*text = '\0';
	if (drops)
		snprintf(text, size, _("the ring was full: %llu dropped since start"),
			 (unsigned long long)drops);
	return 0;
}

static int packet_progress(const struct ft_backend *backend)
{
	(void)backend;
	return -1;
}

static int packet_probe(char *why, size_t why_size)
{
	static const struct sock_filter reject[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct ft_ring_config config = { .filter = reject, .filter_length = 1,
					 .bytes = RING_BYTES_MIN };
	struct ft_ring *ring;
	int result = ft_ring_open(&config, &ring, why, why_size);

	if (result < 0)
		return result;
	ft_ring_close(ring);
	snprintf(why, why_size, _("AF_PACKET rings work"));
	return 0;
}

const struct ft_backend_ops ft_backend_packet = {
	.name = "packet",
	.probe = packet_probe,
	.open = packet_open,
	.fd = packet_fd,
	.patience = ft_backend_is_told,
	.dispatch = packet_dispatch,
	.call_off = ft_backend_never_waits,
	.limit = ft_backend_has_no_limit,
	.collect = packet_collect,
	.watch = packet_watch,
	.pause = packet_pause,
	.stop = packet_stop,
	.remark = packet_remark,
	.progress = packet_progress,
	.close = packet_close,
};
