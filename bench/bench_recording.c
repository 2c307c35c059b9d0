/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recordings of 100,000 flows that all count something in each second: how long an interval takes
 * to write, first when all flows are new, then when they are known, then with what TCP says of
 * each; and how long it takes to read a moment, and the one after it. Elapsed time, and processor
 * time beside it, since a loaded machine says more of its load; the file is in the working
 * directory. Prints "bound figure met|missed".
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/snapshot.h"
#include "core/xalloc.h"
#include "recording/recording.h"
#include "tests/core/feed.h"

#define FLOWS 100000U
#define ROUNDS 8
#define INTERVAL_MS 1000.0

struct times {
	double elapsed, cpu; /* ms */
};

static double clock_ms(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static struct times begin(void)
{
	return (struct times){ clock_ms(CLOCK_MONOTONIC), clock_ms(CLOCK_PROCESS_CPUTIME_ID) };
}

static struct times since(struct times from)
{
	struct times now = begin();

	return (struct times){ now.elapsed - from.elapsed, now.cpu - from.cpu };
}

static void report(const char *what, struct times took)
{
	printf("%-52s bound %7.1f ms  figure %7.1f ms  %-6s (processor %.1f)\n", what, INTERVAL_MS,
	       took.elapsed, took.elapsed <= INTERVAL_MS ? "met" : "missed", took.cpu);
}

/* The next interval: every flow sends and gets a packet; with a sample of a socket of each. */
static struct ft_snapshot *next(struct feed *feed, struct ft_table *table, bool samples)
{
	feed->now_ns += FEED_SECOND;
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct ft_flow_key key = feed_key(1 + i % 64, (uint16_t)(1024 + i / 64),
						  1000 + i / 16, 443, 6);
		struct ft_entry *entry = feed_add(feed, 0, &key, 100, 1400);

		if (!samples)
			continue;
		entry->cookie[0] = i + 1;
		feed_socket(feed, (struct ft_health){
			.cookie = i + 1, .tick = feed->now_ns, .known = FT_HEALTH_MORE,
			.state = FT_HEALTH_ESTABLISHED, .srtt_us = (uint32_t)(feed->now_ns >> 20),
			.min_rtt_us = 900, .cwnd = 10, .mss = 1448, .segs_out = i,
			.bytes_acked = feed->now_ns >> 10, .congestion = "cubic",
		});
	}
	feed_apply(feed, table);
	return feed_snapshot(feed, table, FEED_SECOND, false);
}

/* Writes so many intervals; how long the slowest took. */
static struct times write_some(struct ft_output *output, struct feed *feed,
			       struct ft_table *table, int count, bool samples)
{
	struct times worst = { 0, 0 };

	for (int i = 0; i < count; i++) {
		struct ft_snapshot *snapshot = next(feed, table, samples);
		struct times from = begin(), took;

		if (output->ops->write(output, snapshot) < 0) {
			fprintf(stderr, "%s\n", output->remark);
			exit(1);
		}
		took = since(from);
		if (took.elapsed > worst.elapsed)
			worst = took;
		ft_snapshot_put(snapshot);
	}
	return worst;
}

static struct times read_one(struct ft_recording *recording, size_t i)
{
	struct ft_snapshot *snapshot = NULL;
	struct times from = begin(), took;
	char err[300] = "";

	if (ft_recording_moment(recording, i, &snapshot, err, sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	took = since(from);
	ft_snapshot_put(snapshot);
	return took;
}

static void read_some(const char *path)
{
	struct ft_recording *recording = NULL;
	struct times took, worst = { 0, 0 };
	char err[300] = "";

	if (ft_recording_open(path, &recording, err, sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	report("read a moment of 100k flows", read_one(recording, ROUNDS - 2));
	for (size_t i = ROUNDS - 1; i <= 2 * ROUNDS; i++) {
		took = read_one(recording, i);
		if (took.elapsed > worst.elapsed)
			worst = took;
	}
	report("step from moment to moment (worst, with TCP)", worst);
	report("step back", read_one(recording, 2 * ROUNDS - 1));
	ft_recording_close(recording);
}

int main(void)
{
	char *path = xasprintf("bench-%d.flow", (int)getpid());
	struct ft_output_config config = { .target = path, .observer = "bench" };
	struct ft_owners *owners = ft_owners_new();
	struct ft_table_config table_config;
	struct ft_output *output = NULL;
	struct ft_table *table;
	struct feed feed;
	char err[300] = "";

	ft_table_config_init(&table_config);
	table_config.max_flows = 2 * FLOWS;
	table = ft_table_new(&table_config, owners);
	feed_init(&feed);
	if (ft_output_recording.open(&config, &output, err, sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	report("record an interval of 100k new flows",
	       write_some(output, &feed, table, 1, false));
	report("record an interval of 100k changed flows (worst)",
	       write_some(output, &feed, table, ROUNDS, false));
	report("the same with a sample of TCP of each (worst)",
	       write_some(output, &feed, table, ROUNDS, true));
	output->ops->close(output);
	read_some(path);
	unlink(path);
	free(path);
	feed_done(&feed);
	ft_table_free(table);
	ft_owners_free(owners);
	return 0;
}
