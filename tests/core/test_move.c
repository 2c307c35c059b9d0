/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows move to the owner of their socket: when it becomes known, when the socket is handed on, when
 * its cookie was looked up only, and at ends that aren't ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/addr.h"
#include "core/owner.h"
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

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_bed, unmake_bed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_handed_on), TEST(test_other_namespace), TEST(test_looked_up),
		TEST(test_holds), TEST(test_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
