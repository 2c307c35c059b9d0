/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows move to the owner of their socket: when it becomes known, when the socket is handed on, when
 * its cookie was looked up only, and at ends that aren't ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/addr.h"
#include "core/column.h"
#include "core/owner.h"
#include "core/rows.h"
#include "tests/core/feed.h"

#define SOCKETS 8

struct bed {
	struct feed feed;
	struct ft_owners *owners;
	struct ft_table *table;
	uint16_t owner[SOCKETS]; /* of the socket with this cookie */
	unsigned int asked;
};

static struct bed bed;

static int make_bed(void **state)
{
	struct ft_table_config config;
	struct ft_net net = { .prefix = 128, .own = true };
	const struct ft_addr_set set = { .nets = &net, .count = 1 };

	(void)state;
	memset(&bed, 0, sizeof(bed));
	ft_table_config_init(&config);
	feed_init(&bed.feed);
	bed.owners = ft_owners_new();
	bed.table = ft_table_new(&config, bed.owners);
	assert_int_equal(ft_addr_parse("10.0.0.1", net.addr), 0);
	ft_table_set_addresses(bed.table, &set);
	return 0;
}

static int unmake_bed(void **state)
{
	(void)state;
	feed_done(&bed.feed);
	ft_table_free(bed.table);
	ft_owners_free(bed.owners);
	return 0;
}

static uint16_t add_process(int32_t pid, const char *name)
{
	return ft_owners_add_process(bed.owners, &(struct ft_process){ .pid = pid, .name = name });
}

static uint16_t find(void *arg, uint64_t cookie)
{
	assert_ptr_equal(arg, &bed);
	assert_true(cookie > 0 && cookie < SOCKETS);
	bed.asked++;
	return bed.owner[cookie];
}

/* One entry, from 10.0.0.1 (end a) to another; with the cookies of its ends. */
static void packet(const struct ft_flow_key *key, unsigned int span, uint64_t a, uint64_t b,
		   uint8_t looked_up)
{
	struct ft_entry *entry = feed_add(&bed.feed, span, key, 100, 100);

	entry->cookie[0] = a;
	entry->cookie[1] = b;
	entry->flags[1] = looked_up;
}

/* Applies, moves, and tells the only row's owners. */
static void see(uint16_t want_a, uint16_t want_b)
{
	struct ft_snapshot *snapshot;

	feed_apply(&bed.feed, bed.table);
	ft_table_move_owners(bed.table, find, &bed);
	snapshot = feed_snapshot(&bed.feed, bed.table, FEED_SECOND, false);
	assert_int_equal(snapshot->row_count, 1);
	assert_int_equal(snapshot->rows[0].owner[0], want_a);
	assert_int_equal(snapshot->rows[0].owner[1], want_b);
	ft_snapshot_put(snapshot);
	bed.feed.now_ns += FEED_SECOND;
}

static void test_handed_on(void **state)
{
	struct ft_flow_key key = feed_key(1, 4000, 0x80000, 80, 6);
	uint16_t first = add_process(7, "parent"), second = add_process(8, "worker");

	(void)state;
	packet(&key, 0, 3, 0, 0);
	see(FT_OWNER_UNKNOWN, FT_OWNER_FOREIGN); /* nothing is known of it yet */
	bed.owner[3] = first;
	packet(&key, 0, 3, 0, 0);
	see(first, FT_OWNER_FOREIGN);
	bed.owner[3] = second;
	see(first, FT_OWNER_FOREIGN); /* no packet: nothing moves */
	packet(&key, 0, 3, 0, 0);
	see(second, FT_OWNER_FOREIGN);
	bed.owner[3] = FT_OWNER_UNKNOWN; /* forgotten: the last word stays */
	packet(&key, 0, 3, 0, 0);
	see(second, FT_OWNER_FOREIGN);
	bed.owner[3] = FT_OWNER_KERNEL;
	packet(&key, 0, 3, 0, 0);
	see(FT_OWNER_KERNEL, FT_OWNER_FOREIGN);
}

/* A connection on the tuple of one that was reset, by another process: the other processor's entry
 * holds what came behind the SYN too, and its cookie is the new socket's. */
static void test_same_tuple(void **state)
{
	struct ft_flow_key key = feed_key(1, 4000, 0x80000, 80, 6);
	uint16_t first = add_process(7, "first"), second = add_process(8, "second");
	struct ft_snapshot *snapshot;
	struct ft_entry *entry;

	(void)state;
	bed.owner[1] = first;
	bed.owner[2] = second;
	packet(&key, 0, 1, 0, 0);
	see(first, FT_OWNER_FOREIGN);
	entry = feed_add(&bed.feed, 1, &key, 100, 0);
	entry->tcp_flags[0] = 0x14; /* RST, ACK */
	entry->cookie[0] = 2;
	entry = feed_add(&bed.feed, 0, &key, 100, 100);
	entry->tcp_flags[0] = 0x12; /* SYN, then ACK */
	entry->flags[0] = FT_ENTRY_SYN_AB;
	entry->cookie[0] = 2;
	feed_apply(&bed.feed, bed.table);
	ft_table_move_owners(bed.table, find, &bed);
	snapshot = feed_snapshot(&bed.feed, bed.table, FEED_SECOND, false);
	assert_int_equal(snapshot->row_count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(snapshot->rows[i].owner[0],
				 snapshot->rows[i].flow->id == 1 ? first : second);
	ft_snapshot_put(snapshot);
}

/* The socket on this machine counts more than the address. */
static void test_other_namespace(void **state)
{
	struct ft_flow_key own = feed_key(1, 4000, 0x80000, 80, 6);
	uint16_t here = add_process(7, "here"), there = add_process(8, "there");

	(void)state;
	bed.owner[1] = here;
	bed.owner[2] = there;
	packet(&own, 0, 1, 2, 0);
	see(here, there);
}

static void test_looked_up(void **state)
{
	struct ft_flow_key key = feed_key(1, 4000, 0x80000, 80, 6);
	uint16_t listener = add_process(7, "listener"), worker = add_process(8, "worker");

	(void)state;
	bed.owner[1] = listener;
	bed.owner[2] = worker;
	packet(&key, 0, 1, 0, FT_ENTRY_LOOKED_UP(0));
	see(listener, FT_OWNER_FOREIGN); /* better than nothing */
	packet(&key, 0, 2, 0, 0);
	see(worker, FT_OWNER_FOREIGN);
	packet(&key, 0, 1, 0, FT_ENTRY_LOOKED_UP(0));
	see(worker, FT_OWNER_FOREIGN); /* but not better than a packet's own socket */
	/* entries of two CPUs, in either order */
	packet(&key, 0, 2, 0, 0);
	packet(&key, 1, 1, 0, FT_ENTRY_LOOKED_UP(0));
	see(worker, FT_OWNER_FOREIGN);
	packet(&key, 0, 1, 0, FT_ENTRY_LOOKED_UP(0));
	packet(&key, 1, 2, 0, 0);
	see(worker, FT_OWNER_FOREIGN);
}

/* What moved is held by its new owner alone: the old one can be dropped, the new one cannot. */
static void test_holds(void **state)
{
	struct ft_flow_key key = feed_key(1, 4000, 0x80000, 80, 6);
	uint16_t first = add_process(7, "first"), second = add_process(8, "second");

	(void)state;
	bed.owner[1] = first;
	packet(&key, 0, 1, 0, 0);
	see(first, FT_OWNER_FOREIGN);
	bed.owner[1] = second;
	packet(&key, 0, 1, 0, 0);
	see(second, FT_OWNER_FOREIGN);
	ft_owners_exited(bed.owners, 7, 1);
	ft_owners_exited(bed.owners, 8, 1);
	for (int i = 0; i < 4; i++)
		ft_owners_reap(bed.owners, FT_OWNER_KEEP_NS + 10);
	assert_null(ft_owners_process(bed.owners, first));
	assert_non_null(ft_owners_process(bed.owners, second));
}

/* Nobody is asked for flows that had no packet, or none with a cookie. */
static void test_asks(void **state)
{
	struct ft_flow_key key = feed_key(1, 4000, 0x80000, 80, 6);

	(void)state;
	packet(&key, 0, 0, 0, 0);
	see(FT_OWNER_UNKNOWN, FT_OWNER_FOREIGN);
	see(FT_OWNER_UNKNOWN, FT_OWNER_FOREIGN);
	assert_int_equal(bed.asked, 0);
	packet(&key, 0, 1, 0, 0);
	see(FT_OWNER_UNKNOWN, FT_OWNER_FOREIGN);
	assert_int_equal(bed.asked, 1);
}

/* "P7 100/200, transit 0/0 ..." of the processes that a snapshot lists: octets in total. */
static void list_processes(const struct ft_snapshot *snapshot,
			   char *text, size_t size)
{
	const struct ft_show show = { .unit = FT_UNIT_BYTES };
	const struct ft_query query = {
		.list = FT_LIST_PROCESSES, .group_by = FT_GROUP_PROCESS,
		.show = &show, .sort = ft_column_find("pid"), .ascending = true,
	};
	struct ft_rows *rows = ft_rows_new();
	size_t used = 0;

	text[0] = '\0';
	ft_rows_fill(rows, snapshot, &query, 10);
	for (size_t i = 0; i < ft_rows_count(rows) && used < size; i++) {
		const struct ft_group *group = ft_rows_at(rows, i).group;
		const struct ft_process *process = ft_snapshot_process(snapshot, group->owner);

		used += (size_t)snprintf(text + used, size - used, "%s%s%d %llu/%llu %u flows",
					 i ? ", " : "", process && process->exited_ns ? "gone " : "",
					 process ? (int)process->pid : -(int)group->owner,
					 (unsigned long long)group->tx.bytes,
					 (unsigned long long)group->rx.bytes, group->flows);
	}
	ft_rows_free(rows);
}

/* The next second; what the list of processes says then. */
static void expect_processes(uint64_t seconds, const char *want)
{
	struct ft_snapshot *snapshot;
	char text[256];

	feed_apply(&bed.feed, bed.table);
	ft_table_move_owners(bed.table, find, &bed);
	bed.feed.now_ns += seconds * FEED_SECOND;
	snapshot = feed_snapshot(&bed.feed, bed.table, seconds * FEED_SECOND, false);
	list_processes(snapshot, text, sizeof(text));
	assert_string_equal(text, want);
	ft_snapshot_put(snapshot);
}

/* A process keeps its totals when its flows have left, and when it is gone itself. */
static void test_totals_stay(void **state)
{
	struct ft_flow_key key = feed_key(1, 4000, 0x80000, 80, 132);
	struct ft_flow_key other = feed_key(1, 4001, 0x80000, 80, 132);
	struct ft_flow_key transit = feed_key(3, 4001, 0x80000, 80, 132);

	/* Of a protocol that is no event: those remember processes too. */
	(void)state;
	bed.owner[1] = add_process(7, "first");
	bed.owner[2] = add_process(8, "second");
	packet(&key, 0, 1, 0, 0);
	packet(&other, 0, 2, 0, 0);
	packet(&transit, 0, 0, 0, 0);
	expect_processes(1, "-2 100/100 1 flows, 7 100/100 1 flows, 8 100/100 1 flows");
	packet(&key, 0, 1, 0, 0);
	expect_processes(1, "-2 100/100 1 flows, 7 200/200 1 flows, 8 100/100 1 flows");
	/* Idle: they end, and then they leave. */
	ft_owners_exited(bed.owners, 7, bed.feed.now_ns);
	expect_processes(125, "-2 100/100 1 flows, gone 7 200/200 1 flows, 8 100/100 1 flows");
	expect_processes(125, "-2 100/100 0 flows, gone 7 200/200 0 flows, 8 100/100 0 flows");
	packet(&key, 0, 2, 0, 0);
	expect_processes(1, "-2 100/100 0 flows, gone 7 200/200 0 flows, 8 200/200 1 flows");
	/* What is no more remembered leaves nothing to who gets its number. */
	expect_processes(FT_OWNER_KEEP_NS / FEED_SECOND,
			 "-2 100/100 0 flows, 8 200/200 1 flows");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_bed, unmake_bed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_handed_on), TEST(test_other_namespace), TEST(test_looked_up),
		TEST(test_same_tuple),
		TEST(test_holds), TEST(test_asks), TEST(test_totals_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
