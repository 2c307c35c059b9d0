/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots never change while the table goes on, hold what they name for as long as they live,
 * on whatever thread they end, and give everything back afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "core/hash.h"
#include "feed.h"

#define TCP 6
#define UDP 17
#define RST 0x04
#define MAX_FLOWS 3000U

static const struct ft_seed seed = { { 1, 2 } };

/* One number for all that a snapshot shows, cold records and processes included. */
static uint64_t digest(const struct ft_snapshot *snapshot)
{
	uint64_t sum = snapshot->generation;
	size_t i;

	sum ^= ft_hash(&seed, snapshot->rows, snapshot->row_count * sizeof(*snapshot->rows));
	if (snapshot->delta_count)
		sum += ft_hash(&seed, snapshot->deltas,
			       snapshot->delta_count * sizeof(*snapshot->deltas));
	for (i = 0; i < snapshot->row_count; i++)
		sum = sum * 31 + ft_hash(&seed, snapshot->rows[i].flow, sizeof(struct ft_flow));
	for (i = 0; i < snapshot->process_count; i++)
		if (snapshot->processes[i])
			sum = sum * 31 + ft_hash(&seed, snapshot->processes[i]->name,
						 strlen(snapshot->processes[i]->name)) +
			      snapshot->processes[i]->exited_ns;
	sum += ft_hash(&seed, &snapshot->total, sizeof(snapshot->total));
	return sum * 31 + ft_hash(&seed, snapshot->scopes,
				  snapshot->scope_count * sizeof(*snapshot->scopes));
}

/* A busy world: old flows count, end, are evicted, new ones come. */
static void put_round(struct feed *feed, uint32_t round)
{
	uint32_t i;

	for (i = 0; i < 400; i++) {
		struct ft_flow_key key = feed_key(round * 150 + i, 99, 0x800000, 80,
						  i % 3 ? UDP : TCP);

		feed_add(feed, i % 2, &key, 100 + i, 60)->tcp_flags[0] = i % 6 ? 0 : RST;
	}
}

struct held {
	const struct ft_snapshot *snapshot;
	uint64_t digest;
};

static void *end_on_thread(void *arg)
{
	struct held *held = arg;
	uint64_t again = digest(held->snapshot);

	ft_snapshot_put(held->snapshot);
	held->snapshot = NULL;
	return again == held->digest ? NULL : held;
}

/* Snapshots of all ages are held while the table goes on, and end here and on other threads. */
static void test_snapshots_never_change(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_process process = { .pid = 1, .name = "one" };
	struct ft_table_config config;
	struct held held[8] = { { NULL, 0 } };
	struct ft_table *table;
	struct feed feed;
	uint32_t round, i;

	(void)state;
	ft_table_config_init(&config);
	config.max_flows = MAX_FLOWS;
	config.idle_ns = 8 * FEED_SECOND;
	table = ft_table_new(&config, owners);
	feed_init(&feed);
	ft_owners_add_process(owners, &process);
	for (round = 0; round < 300; round++) {
		struct held *place = &held[(round * 7) % 8];

		put_round(&feed, round);
		feed_apply(&feed, table);
		feed.now_ns += FEED_SECOND;
		if (round % 8 == 3) {
			process.pid++;
			ft_owners_add_process(owners, &process);
			ft_owners_exited(owners, process.pid - 1, feed.now_ns);
		}
		if (place->snapshot && round % 3) {
			assert_true(digest(place->snapshot) == place->digest);
			ft_snapshot_put(place->snapshot);
			place->snapshot = NULL;
		} else if (place->snapshot) {
			pthread_t thread;
			void *bad;

			assert_int_equal(pthread_create(&thread, NULL, end_on_thread, place), 0);
			ft_snapshot_put(feed_snapshot(&feed, table, FEED_SECOND, false));
			assert_int_equal(pthread_join(thread, &bad), 0);
			assert_null(bad);
		}
		place->snapshot = feed_snapshot(&feed, table, FEED_SECOND, false);
		place->digest = digest(place->snapshot);
		assert_true(place->snapshot->row_count > 0);
		for (i = 0; i < 8; i++)
			if (held[i].snapshot)
				assert_true(digest(held[i].snapshot) == held[i].digest);
	}
	/* They outlive the table and the owners. */
	ft_table_free(table);
	ft_owners_free(owners);
	for (i = 0; i < 8; i++) {
		assert_true(digest(held[i].snapshot) == held[i].digest);
		ft_snapshot_put(held[i].snapshot);
	}
	feed_done(&feed);
}

/* A snapshot that is held for long (pause, baseline) holds its own flows and no others. */
static void test_held_snapshot_holds_only_its_flows(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	const struct ft_snapshot *held = NULL;
	struct ft_table_config config;
	struct ft_table *table;
	size_t before = 0, most = 0;
	struct feed feed;
	uint64_t sum = 0;
	uint32_t round;

	(void)state;
	ft_table_config_init(&config);
	config.max_flows = MAX_FLOWS;
	config.idle_ns = config.closed_ns = 2 * FEED_SECOND;
	table = ft_table_new(&config, owners);
	feed_init(&feed);
	for (round = 0; round < 1000; round++) {
		struct ft_snapshot *snapshot;

		put_round(&feed, round * 3);
		feed_apply(&feed, table);
		feed.now_ns += FEED_SECOND;
		snapshot = feed_snapshot(&feed, table, FEED_SECOND, false);
		if (round == 50) {
			held = snapshot;
			sum = digest(held);
			before = ft_table_memory(table);
			continue;
		}
		ft_snapshot_put(snapshot);
		if (round > 50 && ft_table_memory(table) > most)
			most = ft_table_memory(table);
	}
	assert_non_null(held);
	assert_true(digest(held) == sum);
	/* Its 2,000 cold records are two chunks at most, nothing grows with time. */
	assert_true(most <= before + (512U << 10));
	ft_snapshot_put(held);
	ft_table_free(table);
	ft_owners_free(owners);
	feed_done(&feed);
}

/* Memory of a peak goes back when its flows have left. */
static void test_peak_is_given_back(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_table_config config;
	struct ft_table *table;
	struct feed feed;
	size_t peak;
	uint32_t i;

	(void)state;
	ft_table_config_init(&config);
	table = ft_table_new(&config, owners);
	feed_init(&feed);
	for (i = 0; i < 200000; i++) {
		struct ft_flow_key key = feed_key(i, 9, 0x800000, 53, UDP);

		feed_add(&feed, 0, &key, 100, 0);
	}
	feed_apply(&feed, table);
	ft_snapshot_put(feed_snapshot(&feed, table, FEED_SECOND, false));
	peak = ft_table_memory(table);
	for (i = 0; i < 3; i++) {
		feed.now_ns += 200 * FEED_SECOND;
		ft_snapshot_put(feed_snapshot(&feed, table, 200 * FEED_SECOND, false));
	}
	assert_int_equal(ft_table_count(table), 0);
	assert_true(peak > 40U << 20);
	assert_true(ft_table_memory(table) < peak / 8);
	ft_table_free(table);
	ft_owners_free(owners);
	feed_done(&feed);
}

/* The collector's words are copied, scopes and interfaces get their counters. */
static void test_frame(void **state)
{
	char backend[] = "tcx", note[] = "one note";
	const char *const notes[] = { note };
	struct ft_snapshot_scope scopes[2] = {
		{ .name = "br0", .scope = 3, .present = true }, { .name = "lo", .scope = 0 },
	};
	struct ft_snapshot_iface ifaces[2] = {
		{ .name = "veth1", .ifindex = 7, .scope = 3, .remark = "r", .drops_rx = 5 },
		{ .name = "veth2", .ifindex = 9, .scope = 3 },
	};
	struct ft_snapshot_info info = {
		.end_ns = 1000001 * FEED_SECOND, .interval_ns = FEED_SECOND, .backend = backend,
		.notes = notes, .note_count = 1, .scopes = scopes, .scope_count = 2,
		.ifaces = ifaces, .iface_count = 2, .progress = -1,
	};
	struct ft_flow_key key = feed_key(1, 2, 3, 4, UDP);
	struct ft_owners *owners = ft_owners_new();
	struct ft_table_config config;
	struct ft_snapshot *snapshot;
	struct ft_entry *entry;
	struct ft_table *table;
	struct feed feed;

	(void)state;
	ft_table_config_init(&config);
	table = ft_table_new(&config, owners);
	feed_init(&feed);
	key.scope = 3;
	entry = feed_add(&feed, 0, &key, 100, 50);
	entry->ifindex[0] = 7;
	entry->ifindex[1] = 9;
	feed_count(&feed, 3, FT_C_NOT_IP_ARP, 2, 84);
	feed_count(&feed, 3, FT_C_RING, 1, 60);
	feed.scopes[3].lost_inexact = true;
	feed.ifaces[0] = (struct ft_iface_delta){ .ifindex = 7, .counters.rx = { 3, 300 } };
	feed.iface_count = 1;
	feed_apply(&feed, table);
	feed.scopes[3].lost_inexact = false;
	snapshot = ft_table_snapshot(table, &info, false);
	backend[0] = note[0] = scopes[0].name[0] = ifaces[0].name[0] = 'X';
	assert_string_equal(snapshot->backend, "tcx");
	assert_string_equal(snapshot->capture_filter, "");
	assert_string_equal(snapshot->notes[0], "one note");
	assert_string_equal(ft_snapshot_scope_name(snapshot, 3), "br0");
	assert_string_equal(ft_snapshot_scope_name(snapshot, 0), "lo");
	assert_string_equal(ft_snapshot_scope_name(snapshot, 99), "");
	assert_string_equal(ft_snapshot_iface_of(snapshot, snapshot->rows, 0)->name, "veth1");
	assert_string_equal(ft_snapshot_iface_of(snapshot, snapshot->rows, 1)->name, "veth2");
	assert_int_equal(snapshot->ifaces[0].interval.rx.packets, 3);
	assert_int_equal(snapshot->ifaces[0].drops_rx, 5);
	assert_int_equal(snapshot->scopes[0].interval.seen.packets, 5);
	assert_int_equal(ft_line_not_ip(&snapshot->interval).l2_bytes, 84);
	assert_true(snapshot->scopes[0].interval.inexact);
	assert_true(snapshot->interval.inexact);
	assert_int_equal(ft_snapshot_delta(snapshot, snapshot->rows)[0].bytes, 100);
	ft_snapshot_put(snapshot);

	/* The list changes: rows keep naming the same interface; totals go on. */
	ifaces[0] = ifaces[1];
	info.iface_count = 1;
	snapshot = ft_table_snapshot(table, &info, false);
	assert_null(ft_snapshot_iface_of(snapshot, snapshot->rows, 0));
	assert_string_equal(ft_snapshot_iface_of(snapshot, snapshot->rows, 1)->name, "veth2");
	assert_int_equal(ft_snapshot_delta(snapshot, snapshot->rows)[0].bytes, 0);
	assert_int_equal(snapshot->interval.seen.packets, 0);
	assert_false(snapshot->interval.inexact);
	assert_true(snapshot->total.inexact);
	assert_true(ft_line_adds_up(&snapshot->total));
	ft_snapshot_put(ft_snapshot_take(snapshot));
	ft_snapshot_put(snapshot);
	ft_snapshot_put(NULL);
	ft_table_free(table);
	ft_owners_free(owners);
	feed_done(&feed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snapshots_never_change),
		cmocka_unit_test(test_held_snapshot_holds_only_its_flows),
		cmocka_unit_test(test_peak_is_given_back),
		cmocka_unit_test(test_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
