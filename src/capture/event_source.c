/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event programs and what they tell.
 *
 *   ring ──► told[] ──► owners' ring is read ──► owners by (process) or by cookie ──► events
 *
 * The owners' news is read between the two, so that whose socket it was is known for every record
 * that was there: who made the socket was told before anything could happen to it.
 *
 * Two objects: the kernel may refuse the one that looks at retransmitted segments without harm to
 * the other, whose maps it uses.
 */
#include "capture/event_source.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/event_abi.h"
#include "bpf/event_retransmit.skel.h"
#include "bpf/event_state.skel.h"
#include "capture/clock.h"
#include "core/log.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define TCP_FIN_WAIT2 5
#define TCP_TIME_WAIT 6
#define TCP_LAST_ACK 9
#define TCP_CLOSING 11

enum part { PART_STATE, PART_RETRANSMIT, PARTS };

static const struct {
	const char *name, *use;
	const void *(*bytes)(size_t *size);
} parts[PARTS] = {
	[PART_STATE] = { "connections", N_("connections made, failed and closed, listeners"),
			 event_state_bpf__elf_bytes },
	[PART_RETRANSMIT] = { "retransmits", N_("segments that are sent again"),
			      event_retransmit_bpf__elf_bytes },
};

struct ft_event_source {
	struct ft_owner_source *owners; /* borrowed */
	struct {
		struct bpf_object *object; /* owned; NULL = not loaded */
		struct bpf_link *link;
		int error;
	} part[PARTS];
	struct ring_buffer *ring;
	const struct ft_event_state *state; /* the kernel's memory */
	uint64_t lost, nested;              /* already told */
	struct ft_event_news *told;         /* owned; read, and not yet added */
	size_t told_count, told_space;
	char unseen[200];
};

/* libbpf's words go to the log: stderr belongs to the screen. */
static int print_to_log(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	ft_vlog(FT_LOG_DEBUG, format, args);
	return 0;
}

/* ---- loading */

/* Makes an object use maps that there are already, the owners' and those of the first part. */
static int share_maps(const struct ft_event_source *source, struct bpf_object *object)
{
	const struct ft_owner_maps *owner_maps = ft_owner_source_maps(source->owners);
	struct bpf_map *map;
	int error = 0;

	bpf_object__for_each_map(map, object) {
		const char *name = bpf_map__name(map);
		const struct bpf_map *first = NULL;

		if (source->part[PART_STATE].object && source->part[PART_STATE].object != object)
			first = bpf_object__find_map_by_name(source->part[PART_STATE].object, name);
		if (error)
			break;
		if (strcmp(name, "ft_owner_sk") == 0)
			error = bpf_map__reuse_fd(map, owner_maps->sk_fd);
		else if (strcmp(name, "ft_owner_ring") == 0)
			error = bpf_map__reuse_fd(map, owner_maps->ring_fd);
		else if (first && bpf_map__type(map) != BPF_MAP_TYPE_ARRAY)
			error = bpf_map__reuse_fd(map, bpf_map__fd(first));
		else if (first && strcmp(name, "ft_event_state") == 0)
			error = bpf_map__reuse_fd(map, bpf_map__fd(first));
	}
	return error;
}

/* Writes the constants, and the ring's size, before the load. */
static int configure(struct bpf_object *object, uint32_t netns, uint32_t ring_bytes)
{
	struct bpf_map *ring = bpf_object__find_map_by_name(object, "ft_event_ring"), *map;

	bpf_object__for_each_map(map, object)
		if (strstr(bpf_map__name(map), ".rodata") && netns &&
		    bpf_map__set_initial_value(map, &netns, sizeof(netns)) < 0)
			return -EINVAL;
	return ring_bytes ? bpf_map__set_max_entries(ring, ring_bytes) : 0;
}

/* Loads and attaches one; its error says how it went. */
static void load_part(struct ft_event_source *source, enum part which, uint32_t netns,
		      uint32_t ring_bytes)
{
	struct bpf_program *program;
	struct bpf_object *object;
	size_t size;
	const void *data = parts[which].bytes(&size);
	int error;

	object = bpf_object__open_mem(data, size, NULL);
	error = object ? configure(object, netns, ring_bytes) : -errno;
	if (!error)
		error = share_maps(source, object);
	if (!error)
		error = bpf_object__load(object);
	if (!error) {
		program = bpf_object__next_program(object, NULL);
		source->part[which].link = bpf_program__attach(program);
		error = source->part[which].link ? 0 : -errno;
	}
	source->part[which].error = error;
	if (error)
		bpf_object__close(object);
	else
		source->part[which].object = object;
}

/* Both; 0 if at least what sockets do is told. */
static int load(struct ft_event_source *source, uint32_t netns, uint32_t ring_bytes)
{
	libbpf_set_print(print_to_log);
	if (!ft_owner_source_maps(source->owners))
		return source->part[PART_STATE].error = -EOPNOTSUPP;
	load_part(source, PART_STATE, netns, ring_bytes);
	if (source->part[PART_STATE].error)
		return source->part[PART_STATE].error;
	load_part(source, PART_RETRANSMIT, netns, ring_bytes);
	return 0;
}

static void unload(struct ft_event_source *source)
{
	for (int i = PARTS - 1; i >= 0; i--) {
		bpf_link__destroy(source->part[i].link);
		bpf_object__close(source->part[i].object);
		source->part[i].link = NULL;
		source->part[i].object = NULL;
	}
}

/* ---- what was told */

/* Keeps a record until owners are known. Bounded by the size of the kernel's ring. */
static int on_news(void *arg, void *data, size_t size)
{
	struct ft_event_source *source = arg;

	if (size < sizeof(struct ft_event_news))
		return 0;
	if (source->told_count == source->told_space) {
		source->told_space = source->told_space ? source->told_space * 2 : 64;
		source->told = xreallocarray(source->told, source->told_space,
					     sizeof(*source->told));
	}
	memcpy(&source->told[source->told_count++], data, sizeof(source->told[0]));
	return 0;
}

/* How and by whom a connection was closed, from the socket's error and the state it was in. */
static void explain_close(const struct ft_event_news *news, struct ft_flow_event *event)
{
	bool ours = news->old_state == TCP_FIN_WAIT2 || news->old_state == TCP_CLOSING ||
		    news->old_state == TCP_TIME_WAIT;

	switch (news->error) {
	case 0:
		if (ours || news->old_state == TCP_LAST_ACK) {
			event->close = FT_CLOSE_FIN;
			event->closed_by = ours ? FT_END_A : FT_END_B;
		} else {
			event->close = FT_CLOSE_RST;
			event->closed_by = FT_END_A;
		}
		break;
	case ECONNRESET:
	case EPIPE:
		event->close = FT_CLOSE_RST;
		event->closed_by = FT_END_B;
		break;
	case ETIMEDOUT:
		event->close = FT_CLOSE_TIMEOUT;
		break;
	default:
		event->close = FT_CLOSE_ERROR;
		break;
	}
}

/* The flow that stands for a socket: its end is a, and local. */
static void put_ends(const struct ft_event_news *news, struct ft_flow_event *event)
{
	event->flow.key = (struct ft_flow_key){
		.port_a_be = news->local_port_be,
		.port_b_be = news->remote_port_be,
		.protocol = 6,
		.ip_version = news->ip_version,
		.scope = FT_EVENT_NO_SCOPE,
	};
	memcpy(event->flow.key.addr_a, news->local, sizeof(news->local));
	memcpy(event->flow.key.addr_b, news->remote, sizeof(news->remote));
	event->flow.local = FT_END_A;
	event->flow.path = FT_PATH_HOST;
	event->flow.initiator = news->role == FT_ROLE_ACTIVE  ? FT_END_A :
				news->role == FT_ROLE_PASSIVE ? FT_END_B :
								FT_END_NONE;
}

/* A record as an event. offset_ns: from CLOCK_MONOTONIC to CLOCK_REALTIME. */
static void add(struct ft_event_source *source, struct ft_events *events,
		const struct ft_event_news *news, uint64_t offset_ns)
{
	struct ft_flow_event event = {
		.socket = news->cookie,
		.kind = news->kind,
		.latency_us = news->latency_ns / 1000,
		.duration_us = news->duration_ns / 1000,
		.app_tx_bytes = news->app_tx_bytes,
		.app_rx_bytes = news->app_rx_bytes,
		.segments = news->segments,
		.closed_by = FT_END_NONE,
	};

	if (news->kind >= FT_EVENT_MAX)
		return;
	put_ends(news, &event);
	event.hot.last_ns = news->time_ns + offset_ns;
	event.hot.owner[0] = ft_owner_source_whose(source->owners, &(struct ft_owner_whose){
		.cookie = news->cookie, .tgid = news->tgid, .start_ns = news->start_ns,
		.how = news->how,
	});
	event.hot.owner[1] = FT_OWNER_FOREIGN;
	event.known = (news->known & FT_NEWS_LATENCY ? FT_EVENT_LATENCY : 0) |
		      (news->known & FT_NEWS_DURATION ? FT_EVENT_DURATION : 0);
	if (news->kind == FT_EVENT_RETRANSMIT)
		event.known |= FT_EVENT_SEGMENTS;
	if (news->kind == FT_EVENT_FAILED)
		event.error = news->error;
	if (news->kind == FT_EVENT_CLOSE) {
		event.known |= FT_EVENT_APP_BYTES;
		explain_close(news, &event);
		event.error = event.close == FT_CLOSE_FIN ? 0 : news->error;
	}
	ft_events_add(events, &event);
}

/* How often the kernel did not run a program because one ran already on that CPU. */
static uint64_t read_nested(const struct ft_event_source *source)
{
	uint64_t sum = 0;

	for (int i = 0; i < PARTS; i++) {
		const struct bpf_program *program;
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);

		if (!source->part[i].object)
			continue;
		program = bpf_object__next_program(source->part[i].object, NULL);
		if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) == 0)
			sum += info.recursion_misses;
	}
	return sum;
}

/* Tells the ring what is missing in it, also where nothing was told: what nested may be the last. */
static void count_lost(struct ft_event_source *source, struct ft_events *events)
{
	uint64_t lost = *(const volatile __u64 *)&source->state->lost;
	uint64_t nested = read_nested(source);

	ft_events_lost(events, FT_EVENT_LOST_RING, lost - source->lost);
	ft_events_lost(events, FT_EVENT_LOST_NESTED, nested - source->nested);
	source->lost = lost;
	source->nested = nested;
}

void ft_event_source_drain(struct ft_event_source *source, struct ft_events *events)
{
	uint64_t offset_ns;

	if (!source)
		return;
	ring_buffer__consume(source->ring);
	count_lost(source, events);
	if (!source->told_count)
		return;
	ft_owner_source_drain(source->owners);
	offset_ns = ft_clock_read(CLOCK_REALTIME) - ft_clock_read(CLOCK_MONOTONIC);
	for (size_t i = 0; i < source->told_count; i++)
		add(source, events, &source->told[i], offset_ns);
	source->told_count = 0;
}

int ft_event_source_fd(const struct ft_event_source *source)
{
	return source ? ring_buffer__epoll_fd(source->ring) : -1;
}

/* ---- birth and death */

/* Opens the ring and the counter; 0 or -errno. */
static int open_maps(struct ft_event_source *source)
{
	struct bpf_object *object = source->part[PART_STATE].object;
	int ring_fd = bpf_object__find_map_fd_by_name(object, "ft_event_ring");
	int state_fd = bpf_object__find_map_fd_by_name(object, "ft_event_state");
	void *at;

	source->ring = ring_buffer__new(ring_fd, on_news, source, NULL);
	if (!source->ring)
		return -errno;
	at = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, state_fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	source->state = at;
	return 0;
}

struct ft_event_source *ft_event_source_new(struct ft_owner_source *owners, uint32_t netns,
					    uint32_t ring_bytes, char *why, size_t why_size)
{
	struct ft_event_source *source = xcalloc(1, sizeof(*source));
	int error;

	source->owners = owners;
	error = load(source, netns, ring_bytes);
	if (!error)
		error = open_maps(source);
	if (error) {
		snprintf(why, why_size, _("the kernel takes no program that tells: %s"),
			 strerror(-error));
		ft_event_source_free(source);
		return NULL;
	}
	error = source->part[PART_RETRANSMIT].error;
	if (error)
		snprintf(source->unseen, sizeof(source->unseen),
			 _("retransmits are not seen: %s"), strerror(-error));
	return source;
}

void ft_event_source_free(struct ft_event_source *source)
{
	if (!source)
		return;
	ring_buffer__free(source->ring);
	if (source->state)
		munmap((void *)(uintptr_t)source->state, (size_t)sysconf(_SC_PAGESIZE));
	unload(source);
	free(source->told);
	free(source);
}

const char *ft_event_source_unseen(const struct ft_event_source *source)
{
	return source->unseen;
}

void ft_event_source_probe_all(void (*report)(void *arg, const char *name, int result,
					      const char *why), void *arg)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_event_source source = { .owners = ft_owner_source_new(owners) };

	load(&source, 0, 0);
	for (int i = 0; i < PARTS; i++) {
		int error = source.part[PART_STATE].error ? source.part[PART_STATE].error :
							    source.part[i].error;

		report(arg, parts[i].name, error, error ? strerror(-error) : _(parts[i].use));
	}
	unload(&source);
	ft_owner_source_free(source.owners);
	ft_owners_free(owners);
}
