/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See socket_closes.h.
 *
 *   ring ──► sockets[] (samples, for the table) and ends[] (who talked to whom, for AF_PACKET,
 *            which knows no cookies), both by the same number, until the next reading but one:
 *            the last packet may be read after the end that it made
 */
#include "capture/socket_closes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "bpf/health_abi.h"
#include "bpf/health_close.skel.h"
#include "capture/clock.h"
#include "capture/socket_ends.h"
#include "core/log.h"
#include "core/xalloc.h"

/* A reading's end, though more comes meanwhile: four times what the ring holds. */
#define READING_MAX (4 * FT_CLOSE_RING_BYTES / sizeof(struct ft_health_close))

struct ft_socket_closes {
	struct health_close_bpf *skel;
	struct ring_buffer *ring;
	struct ft_health *sockets;   /* owned; at most READING_MAX, twice */
	struct ft_socket_ends *ends; /* owned; of each */
	struct ft_ends_index index;
	bool indexed;                /* index is of what is here now */
	size_t count, space;
	size_t old;                /* the first ones, of the reading before the last */
	struct ft_socket_span span;
};

/* libbpf's words go to the log: stderr belongs to the screen. */
static int print_to_log(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	ft_vlog(FT_LOG_DEBUG, format, args);
	return 0;
}

/* One record. */
static int on_close(void *arg, void *data, size_t size)
{
	struct ft_socket_closes *closes = arg;
	struct ft_health_close told;

	if (size < sizeof(told))
		return 0;
	memcpy(&told, data, sizeof(told));
	if (closes->count == closes->space) {
		closes->space = closes->space ? 2 * closes->space : 64;
		closes->sockets = xreallocarray(closes->sockets, closes->space,
						sizeof(*closes->sockets));
		closes->ends = xreallocarray(closes->ends, closes->space, sizeof(*closes->ends));
	}
	closes->sockets[closes->count] = told.health;
	closes->ends[closes->count] = (struct ft_socket_ends){
		.local_port_be = told.local_port_be,
		.remote_port_be = told.remote_port_be,
	};
	memcpy(closes->ends[closes->count].local, told.local, sizeof(told.local));
	memcpy(closes->ends[closes->count].remote, told.remote, sizeof(told.remote));
	closes->count++;
	return closes->count - closes->old < READING_MAX ? 0 : -ENOSPC; /* the rest waits */
}

/* The program with its constants: sockets of this network namespace only, as flows are. */
static int load(struct health_close_bpf **ret_skel, uint32_t ring_bytes)
{
	struct health_close_bpf *skel;
	struct timespec step = { 0 };
	struct stat netns;
	int error;

	libbpf_set_print(print_to_log);
	if (stat("/proc/self/ns/net", &netns) < 0)
		return -errno;
	skel = health_close_bpf__open();
	if (!skel)
		return -errno;
	clock_getres(CLOCK_MONOTONIC_COARSE, &step); /* is one jiffy */
	skel->rodata->ft_close_tick_us = (uint32_t)(step.tv_nsec / 1000);
	skel->rodata->ft_close_netns = (uint32_t)netns.st_ino;
	error = ring_bytes ? bpf_map__set_max_entries(skel->maps.ft_close_ring, ring_bytes) : 0;
	if (!error)
		error = health_close_bpf__load(skel);
	if (error)
		health_close_bpf__destroy(skel);
	else
		*ret_skel = skel;
	return error;
}

struct ft_socket_closes *ft_socket_closes_new(uint32_t ring_bytes)
{
	struct ft_socket_closes *closes = xcalloc(1, sizeof(*closes));
	int error = load(&closes->skel, ring_bytes);

	closes->index.seed = ft_seed_random();
	if (!error)
		closes->ring = ring_buffer__new(bpf_map__fd(closes->skel->maps.ft_close_ring),
						on_close, closes, NULL);
	if (!error)
		error = closes->ring ? health_close_bpf__attach(closes->skel) : -errno;
	if (error) {
		ft_log(FT_LOG_INFO, "sockets: their ends are not told: %s", strerror(-error));
		ft_socket_closes_free(closes);
		return NULL;
	}
	return closes;
}

void ft_socket_closes_free(struct ft_socket_closes *closes)
{
	if (!closes)
		return;
	ring_buffer__free(closes->ring);
	health_close_bpf__destroy(closes->skel);
	ft_ends_index_done(&closes->index);
	free(closes->sockets);
	free(closes->ends);
	free(closes);
}

/* Lets go of the older reading; the last one is the older one now. */
static void age(struct ft_socket_closes *closes)
{
	size_t kept = closes->count - closes->old;

	if (closes->old && kept) {
		memmove(closes->sockets, closes->sockets + closes->old,
			kept * sizeof(*closes->sockets));
		memmove(closes->ends, closes->ends + closes->old, kept * sizeof(*closes->ends));
	}
	closes->count = closes->old = kept;
	closes->indexed = false;
}

bool ft_socket_closes_take(struct ft_socket_closes *closes, struct ft_batch *batch)
{
	if (!closes)
		return false;
	age(closes);
	ring_buffer__consume(closes->ring);
	if (closes->count == closes->old)
		return false;
	closes->span = (struct ft_socket_span){
		closes->sockets + closes->old, closes->count - closes->old,
	};
	batch->socket_spans = &closes->span;
	batch->socket_span_count = 1;
	/* One reading is enough: both clocks count nanoseconds. */
	batch->clock = (struct ft_clock){
		.tick0 = ft_clock_read(CLOCK_MONOTONIC), .ns0 = ft_clock_read(CLOCK_REALTIME),
	};
	return true;
}

uint64_t ft_socket_closes_missed(const struct ft_socket_closes *closes)
{
	return closes ? __atomic_load_n(&closes->skel->bss->ft_close_missed, __ATOMIC_RELAXED) : 0;
}

uint64_t ft_socket_closes_find(void *arg, const struct ft_flow_key *key, int end)
{
	struct ft_socket_closes *closes = arg;
	size_t place;

	if (!closes || !closes->count)
		return 0;
	if (!closes->indexed)
		ft_ends_index_build(&closes->index, closes->ends, closes->count);
	closes->indexed = true;
	/* The same ends may have met twice: the newest. */
	return ft_ends_index_find(&closes->index, closes->ends, key, end, &place) ?
		       closes->sockets[place].cookie : 0;
}

int ft_socket_closes_probe(void)
{
	struct health_close_bpf *skel;
	int error = load(&skel, 0);

	if (error)
		return error;
	error = health_close_bpf__attach(skel);
	health_close_bpf__destroy(skel);
	return error;
}
