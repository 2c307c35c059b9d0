/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See tc_health.h. Two programs are tried: one that reads all that tcp_info has and needs the
 * kernel's description of its types (BTF), and one that makes do with what a helper tells.
 * Memory is that of array maps, mapped here, as in tc_store.c; the order of a flip is the
 * store's, whose grace period covers both logs.
 */
#include "capture/tc_health.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "bpf/health_abi.h"
#include "bpf/health_core.skel.h"
#include "bpf/health_plain.skel.h"
#include "capture/tc_memory.h"
#include "core/log.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define LOG_BYTES_MAX (16U << 20) /* all halves together */
#define LOG_ENTRIES_MAX 8192
#define LOG_ENTRIES_MIN 64

struct ft_tc_health {
	struct health_core_bpf *core;   /* one of both */
	struct health_plain_bpf *plain;
	struct bpf_object *object;      /* of it */
	uint32_t slots, entries, buckets;
	uint32_t cpu_end;               /* no id from here on has a slot */
	struct ft_tc_memory state_memory, index_memory, log_memory;
	struct ft_health_state *state;
	struct ft_bucket *index;        /* [slots][2][buckets] */
	const struct ft_health *log;    /* [slots][2][entries] */
	struct ft_socket_span *spans;   /* [2 * slots], handed out */
};

static struct bpf_map *find_map(const struct ft_tc_health *health, const char *name)
{
	return bpf_object__find_map_by_name(health->object, name);
}

static void close_object(struct ft_tc_health *health)
{
	health_core_bpf__destroy(health->core);
	health_plain_bpf__destroy(health->plain);
	health->core = NULL;
	health->plain = NULL;
	health->object = NULL;
}

/* Sizes the maps and loads the object that is open. */
static int load(struct ft_tc_health *health)
{
	uint32_t halves = 2 * health->slots;
	int error;

	error = bpf_map__set_max_entries(find_map(health, "ft_health_index"),
					 halves * health->buckets);
	if (!error)
		error = bpf_map__set_max_entries(find_map(health, "ft_health_log"),
						 halves * health->entries);
	if (!error)
		error = bpf_object__load(health->object);
	return error;
}

/* Opens and loads one of the programs; leaves nothing behind if that fails. */
static int load_one(struct ft_tc_health *health, bool by_type)
{
	int error;

	if (by_type) {
		health->core = health_core_bpf__open();
		health->object = health->core ? health->core->obj : NULL;
	} else {
		health->plain = health_plain_bpf__open();
		health->object = health->plain ? health->plain->obj : NULL;
	}
	error = health->object ? load(health) : -errno;
	if (error) {
		ft_log(FT_LOG_INFO, "tc: sockets%s: %s", by_type ? " by type" : "",
		       strerror(-error));
		close_object(health);
	}
	return error;
}

/* Tries one program after the other, the better one first. */
static int load_best(struct ft_tc_health *health)
{
	return load_one(health, true) ? load_one(health, false) : 0;
}

static int map_all(struct ft_tc_health *health)
{
	int error;

	error = ft_tc_memory_map(find_map(health, "ft_health_state"), PROT_READ | PROT_WRITE,
				 &health->state_memory);
	if (!error)
		error = ft_tc_memory_map(find_map(health, "ft_health_index"),
					 PROT_READ | PROT_WRITE, &health->index_memory);
	if (!error)
		error = ft_tc_memory_map(find_map(health, "ft_health_log"), PROT_READ,
					 &health->log_memory);
	health->state = health->state_memory.at;
	health->index = health->index_memory.at;
	health->log = health->log_memory.at;
	return error;
}

/* Length of a jiffy: the coarse clock's step is one. */
static uint32_t jiffy_us(void)
{
	struct timespec step = { 0 };

	clock_getres(CLOCK_MONOTONIC_COARSE, &step);
	return (uint32_t)(step.tv_nsec / 1000);
}

/* As many as fit, a power of two; two index words for each. */
static void size_log(struct ft_tc_health *health, uint32_t max_entries)
{
	uint32_t entries = LOG_ENTRIES_MAX;
	uint64_t bytes = sizeof(struct ft_health) + 2 * sizeof(uint32_t);

	while (entries > LOG_ENTRIES_MIN && entries * bytes * 2 * health->slots > LOG_BYTES_MAX)
		entries /= 2;
	while (max_entries && entries > LOG_ENTRIES_MIN && entries > max_entries)
		entries /= 2;
	health->entries = entries;
	health->buckets = 2 * entries / FT_BUCKET_SLOTS;
}

struct ft_tc_health *ft_tc_health_open(uint32_t slots, uint32_t max_entries)
{
	struct ft_tc_health *health;

	if (!slots)
		return NULL;
	health = xcalloc(1, sizeof(*health));
	health->slots = slots;
	size_log(health, max_entries);
	if (load_best(health) || map_all(health)) {
		ft_tc_health_close(health);
		return NULL;
	}
	health->state->entries = health->entries;
	health->state->buckets = health->buckets;
	health->state->tick_us = jiffy_us();
	health->spans = xcalloc(2 * (size_t)slots, sizeof(*health->spans));
	return health;
}

void ft_tc_health_close(struct ft_tc_health *health)
{
	if (!health)
		return;
	ft_tc_memory_unmap(&health->state_memory);
	ft_tc_memory_unmap(&health->index_memory);
	ft_tc_memory_unmap(&health->log_memory);
	close_object(health);
	free(health->spans);
	free(health);
}

int ft_tc_health_program(const struct ft_tc_health *health)
{
	return bpf_program__fd(bpf_object__find_program_by_name(health->object,
								"flowtop_health"));
}

void ft_tc_health_assign(struct ft_tc_health *health, const struct ft_cpu *cpus)
{
	for (uint32_t i = 0; i < FT_MAX_CPUS; i++) {
		if (cpus[i].slot) {
			health->state->cpus[i].slot = cpus[i].slot;
			health->cpu_end = i + 1;
		}
	}
}

void ft_tc_health_flip(struct ft_tc_health *health, uint32_t epoch)
{
	__atomic_store_n(&health->state->control, epoch ? FT_CTL_EPOCH : 0, __ATOMIC_SEQ_CST);
}

void ft_tc_health_drain(struct ft_tc_health *health, uint32_t epoch, struct ft_batch *batch)
{
	batch->socket_spans = health->spans;
	batch->sampler = health->core ? "tcp_sock" : "bpf_tcp_sock";
	for (uint32_t i = 0; i < health->cpu_end; i++) {
		struct ft_cpu *cpu = &health->state->cpus[i];
		uint32_t fill = cpu->fill[epoch];
		size_t half;

		if (!cpu->slot || !fill)
			continue;
		half = (size_t)(cpu->slot - 1) * 2 + epoch;
		health->spans[batch->socket_span_count++] = (struct ft_socket_span){
			.sockets = health->log + half * health->entries,
			.count = fill,
		};
		memset(health->index + half * health->buckets, 0,
		       health->buckets * sizeof(struct ft_bucket));
		cpu->fill[epoch] = 0;
	}
	batch->health.sockets_missed = __atomic_load_n(&health->state->missed, __ATOMIC_RELAXED);
}

uint64_t ft_tc_health_bytes(const struct ft_tc_health *health)
{
	return health->state_memory.size + health->index_memory.size + health->log_memory.size;
}

void ft_tc_health_probe_all(void (*each)(void *arg, const char *name, int result,
					 const char *why), void *arg)
{
	static const struct {
		const char *name, *works;
		bool by_type;
	} ways[] = {
		{ "tcp_sock", N_("a program reads all that ss tells, as packets are sent"), true },
		{ "bpf_tcp_sock", N_("a program reads some of it, as packets are sent"), false },
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct ft_tc_health health = { .slots = 1, .entries = 64, .buckets = 8 };
		int error = load_one(&health, ways[i].by_type);

		each(arg, ways[i].name, error, error ? strerror(-error) : _(ways[i].works));
		close_object(&health);
	}
}
