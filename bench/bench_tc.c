/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel side costs, as ratios where it can be (times depend on the machine):
 *
 *  - the tc program beside an empty one and beside the simplest store there is, one BPF HASH
 *    and one lookup a packet, at 1, 1 Ki and 16 Ki flows. All three are reached through the
 *    same driver, whose cost with the empty one is subtracted;
 *  - draining a log, its index cleared, beside lookup-and-delete batch on a HASH of its size.
 */
#include <bpf/bpf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/capture/tc_rig.h"

#define FRAME_LEN 60
#define RUNS 1000000
#define ROUNDS 5
#define DRAIN_FLOWS 32768

enum target { TARGET_TC, TARGET_EMPTY = 2, TARGET_HASH, TARGET_MAX };

static const uint8_t frame[FRAME_LEN] = {
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, /* Ethernet */
	0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 0, 10, 255, 0, 1, /* IPv4 */
	3, 232, 0, 53, 0, 26, 0, 0, /* UDP */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static void bound(const char *name, const char *figure, bool met)
{
	printf("%-58s %-26s %s\n", name, figure, met ? "met" : "missed");
}

static void die(const char *what)
{
	fprintf(stderr, "bench_tc: %s\n", what);
	exit(1);
}

static void open_rig(struct tc_rig *rig, uint32_t flows)
{
	char err[FT_REASON_MAX];
	uint32_t at;
	int fd;

	if (tc_rig_open(rig, 0, 0, flows, 1, err, sizeof(err)))
		die(err);
	at = TARGET_EMPTY;
	fd = bpf_program__fd(rig->driver->progs.driver_empty);
	if (bpf_map_update_elem(bpf_map__fd(rig->driver->maps.driver_targets), &at, &fd, BPF_ANY))
		die("driver");
	at = TARGET_HASH;
	fd = bpf_program__fd(rig->driver->progs.driver_bare_hash);
	if (bpf_map_update_elem(bpf_map__fd(rig->driver->maps.driver_targets), &at, &fd, BPF_ANY))
		die("driver");
}

/* Nanoseconds a packet, the best of some rounds: noise only ever adds. */
static uint32_t measure(struct tc_rig *rig, enum target target)
{
	const struct tc_rig_packet packet = {
		.octets = frame, .len = FRAME_LEN, .repeat = RUNS,
	};
	uint32_t best = UINT32_MAX, ns;

	for (int i = 0; i < ROUNDS; i++) {
		if (tc_rig_spread(rig, &packet, target, &ns))
			die("run");
		if (ns < best)
			best = ns;
	}
	return best;
}

static void bench_packets(uint32_t flows)
{
	uint32_t tc, hash, empty;
	char name[64], figure[64];
	struct tc_rig rig;

	open_rig(&rig, flows);
	measure(&rig, TARGET_TC); /* entries are made, caches are warm */
	tc = measure(&rig, TARGET_TC);
	hash = measure(&rig, TARGET_HASH);
	empty = measure(&rig, TARGET_EMPTY);
	tc_rig_close(&rig);
	tc = tc > empty ? tc - empty : 0;
	hash = hash > empty ? hash - empty : 0;
	snprintf(name, sizeof(name), "tc program, %u flows, beside a bare HASH", flows);
	snprintf(figure, sizeof(figure), "%u ns, %u ns (empty %u)", tc, hash, empty);
	if (flows == 1024)
		bound(name, figure, tc < hash);
	else
		printf("%-58s %-26s -\n", name, figure);
}

/* Nanoseconds an entry for a drain of the log alone, without the grace period before it. */
static double drain_log(size_t *ret_entries)
{
	const struct tc_rig_packet packet = {
		.octets = frame, .len = FRAME_LEN, .repeat = RUNS,
	};
	double best = 1e9;
	struct tc_rig rig;

	open_rig(&rig, DRAIN_FLOWS);
	for (int i = 0; i < ROUNDS; i++) {
		volatile uint64_t sum = 0;
		struct ft_batch batch = { 0 };
		uint64_t began, took;

		if (tc_rig_spread(&rig, &packet, TARGET_TC, NULL))
			die("run");
		*ret_entries = 0;
		began = now_ns();
		if (ft_tc_drain(rig.store, rig.store->epoch, false, &batch))
			die("drain");
		/* Reading is part of it: the entries come from memory either way. */
		for (size_t s = 0; s < batch.span_count; s++) {
			for (size_t k = 0; k < batch.spans[s].count; k++)
				sum += batch.spans[s].entries[k].dir[0].bytes;
			*ret_entries += batch.spans[s].count;
		}
		took = now_ns() - began;
		if ((double)took / (double)*ret_entries < best)
			best = (double)took / (double)*ret_entries;
	}
	tc_rig_close(&rig);
	return best;
}

/* The same of a HASH with keys and values of the same size, by the fastest call there is. */
static double drain_hash(size_t entries)
{
	struct ft_flow_key *keys = calloc(entries, sizeof(*keys));
	struct ft_entry *values = calloc(entries, sizeof(*values));
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "bench_drain", sizeof(*keys), sizeof(*values),
				(uint32_t)entries, NULL);
	double best = 1e9;

	if (!keys || !values || fd < 0)
		die("hash");
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t cursor[8], began, took;
		size_t got = 0;
		int error = 0;

		for (uint32_t k = 0; k < entries; k++) {
			memcpy(keys[0].addr_a, &k, sizeof(k));
			if (bpf_map_update_elem(fd, keys, values, BPF_ANY))
				die("hash");
		}
		began = now_ns();
		while (!error) {
			uint32_t n = (uint32_t)(entries - got);

			error = bpf_map_lookup_and_delete_batch(fd, got ? cursor : NULL, cursor,
								keys + got, values + got, &n, NULL);
			got += n;
			if (got == entries)
				break;
		}
		took = now_ns() - began;
		if (got != entries)
			die("hash batch");
		if ((double)took / (double)got < best)
			best = (double)took / (double)got;
		memset(keys, 0, sizeof(*keys));
	}
	free(keys);
	free(values);
	return best;
}

static void bench_drain(void)
{
	char figure[64];
	size_t entries;
	double log = drain_log(&entries), hash = drain_hash(entries);

	snprintf(figure, sizeof(figure), "%.1f ns, %.0f ns, 1 : %.0f", log, hash, hash / log);
	bound("drain a flow beside lookup-and-delete batch, >= 50 times", figure,
	      hash >= 50 * log);
}

int main(void)
{
	const uint32_t flows[] = { 1, 1024, 16384 };
	cpu_set_t cpus;

	if (tc_rig_skips())
		return 0;
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	(void)sched_setaffinity(0, sizeof(cpus), &cpus);
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++)
		bench_packets(flows[i]);
	bench_drain();
	return 0;
}
