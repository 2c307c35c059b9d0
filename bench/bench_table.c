/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model at a million flows: CPU time of applying a batch in which every flow counts and of
 * the snapshot behind it, new flows and known ones, and the memory that the process then has
 * with two snapshots alive. Prints "bound figure met|missed".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/table.h"
#include "core/xalloc.h"
#include "tests/core/feed.h"

#define FLOWS 1000000U
#define ROUNDS 5U

/* CPU time of the process so far, in seconds. */
static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Resident memory of the process in MiB. */
static double resident_mib(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long size = 0, resident = 0;

	if (file) {
		if (fscanf(file, "%lu %lu", &size, &resident) != 2)
			resident = 0;
		fclose(file);
	}
	return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* One line of the report. */
static void report(const char *what, double figure, double bound, const char *unit)
{
	printf("%-52s bound %7.2f %-3s figure %7.2f %-3s %s\n", what, bound, unit, figure, unit,
	       figure <= bound ? "met" : "missed");
}

/* Another order of the flows, the same in each run. */
static void shuffle(uint32_t *order)
{
	static uint64_t state = 1;
	uint32_t i;

	for (i = FLOWS - 1; i > 0; i--) {
		uint32_t j, swap = order[i];

		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		j = (uint32_t)((state >> 33) % (i + 1));
		order[i] = order[j];
		order[j] = swap;
	}
}

/* The flows' numbers. */
static uint32_t *new_order(void)
{
	uint32_t *order = xreallocarray(NULL, FLOWS, sizeof(*order)), i;

	for (i = 0; i < FLOWS; i++)
		order[i] = i;
	return order;
}

/* All flows, or one of `every`, once in a random order. */
static void fill(struct feed *feed, uint32_t *order, uint32_t every)
{
	uint32_t i;

	shuffle(order);
	for (i = 0; i < FLOWS / every; i++) {
		struct ft_flow_key key = feed_key(order[i] & 0xffff, 1024, 0x100000 + order[i],
						  443, 17);

		feed_add(feed, 0, &key, 1400, 60);
	}
}

/* One interval: the time that apply and snapshot took. */
static double run(struct feed *feed, struct ft_table *table, struct ft_snapshot **ret_snapshot)
{
	double start = cpu_seconds(), applied;

	feed->now_ns += FEED_SECOND;
	feed_apply(feed, table);
	applied = cpu_seconds();
	*ret_snapshot = feed_snapshot(feed, table, FEED_SECOND, false);
	printf("# apply %.3f s, snapshot %.3f s\n", applied - start, cpu_seconds() - applied);
	return cpu_seconds() - start;
}

int main(void)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_snapshot *snapshots[2] = { NULL, NULL };
	struct ft_table_config config;
	double first, worst = 0, empty, memory[2];
	struct ft_table *table;
	struct feed feed;
	uint32_t *order;
	unsigned int i, every;

	ft_table_config_init(&config);
	table = ft_table_new(&config, owners);
	feed_init(&feed);
	run(&feed, table, &snapshots[1]);
	empty = resident_mib();
	order = new_order();
	fill(&feed, order, 1);
	first = run(&feed, table, &snapshots[0]);
	for (i = 1; i < ROUNDS; i++) {
		double took;

		fill(&feed, order, 1);
		ft_snapshot_put(snapshots[i % 2]);
		took = run(&feed, table, &snapshots[i % 2]);
		worst = took > worst ? took : worst;
	}
	report("apply + snapshot, 1M new flows", first, 1, "s");
	report("apply + snapshot, 1M known flows, all active", worst, 1, "s");

	/* Memory: once with every flow active in both snapshots, once with a tenth of them. The
	 * feed is the bench's own and goes before. */
	for (every = 1, i = 0; i < 2; i++, every = 10) {
		unsigned int j;

		for (j = 0; j < 2; j++) {
			ft_snapshot_put(snapshots[j]);
			fill(&feed, order, every);
			run(&feed, table, &snapshots[j]);
			feed_done(&feed);
			memset(feed.entries, 0, sizeof(feed.entries));
			memset(feed.space, 0, sizeof(feed.space));
		}
		memory[i] = resident_mib() - (double)FLOWS * sizeof(*order) / (1 << 20);
		if (ft_table_count(table) != FLOWS) {
			printf("there are %zu flows, not a million\n", ft_table_count(table));
			return 1;
		}
	}
	report("resident with no flows", empty, 15, "MiB");
	report("resident, 1M live, 2 snapshots, a tenth active", memory[1], 450, "MiB");
	report("resident, 1M live, 2 snapshots, all active", memory[0], 450, "MiB");
	ft_snapshot_put(snapshots[0]);
	ft_snapshot_put(snapshots[1]);
	ft_table_free(table);
	ft_owners_free(owners);
	feed_done(&feed);
	free(order);
	return 0;
}
