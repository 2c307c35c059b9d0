/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording's writer: how long an interval takes of 100,000 flows that changed, first when all
 * are new, then when they are known; and how long it takes to read the last moment back. Elapsed
 * time; the file is in the working directory. Prints "bound figure met|missed".
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
#define ROUNDS 5
#define INTERVAL_MS 1000.0

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void report(const char *what, double figure)
{
	printf("%-52s bound %7.1f ms  figure %7.1f ms  %s\n", what, INTERVAL_MS, figure,
	       figure <= INTERVAL_MS ? "met" : "missed");
}

/* The next interval: every flow sends and gets a packet. */
static struct ft_snapshot *next(struct feed *feed, struct ft_table *table)
{
	feed->now_ns += FEED_SECOND;
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct ft_flow_key key = feed_key(1 + i % 64, (uint16_t)(1024 + i / 64),
						  1000 + i / 16, 443, 6);

		feed_add(feed, 0, &key, 100, 1400);
	}
	feed_apply(feed, table);
	return feed_snapshot(feed, table, FEED_SECOND, false);
}

/* Writes the intervals and says how long they took. */
static void write_all(struct ft_output *output, struct feed *feed, struct ft_table *table)
{
	double worst = 0;

	for (int i = 0; i <= ROUNDS; i++) {
		struct ft_snapshot *snapshot = next(feed, table);
		double begin = now_ms(), took;

		if (output->ops->write(output, snapshot) < 0) {
			fprintf(stderr, "%s\n", output->remark);
			exit(1);
		}
		took = now_ms() - begin;
		ft_snapshot_put(snapshot);
		if (i == 0)
			report("record an interval of 100k new flows", took);
		else
			worst = took > worst ? took : worst;
	}
	report("record an interval of 100k changed flows (worst)", worst);
}

/* Reads the last moment. */
static void read_last(const char *path)
{
	struct ft_recording *recording = NULL;
	struct ft_snapshot *snapshot = NULL;
	char err[300] = "";
	double begin;

	if (ft_recording_open(path, &recording, err, sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	begin = now_ms();
	if (ft_recording_moment(recording, ROUNDS, &snapshot, err, sizeof(err)) == 0)
		printf("%-52s bound       -     figure %7.1f ms\n",
		       "read a moment of 100k flows, six intervals", now_ms() - begin);
	ft_snapshot_put(snapshot);
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
	write_all(output, &feed, table);
	output->ops->close(output);
	read_last(path);
	unlink(path);
	free(path);
	feed_done(&feed);
	ft_table_free(table);
	ft_owners_free(owners);
	return 0;
}
