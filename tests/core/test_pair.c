/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One conversation seen in several places: by equal addresses in several scopes, by translations
 * told before or after its flows; whom its ends belong to wherever it is seen; and a long random
 * life against a plain definition.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/addr.h"
#include "core/rows.h"
#include "feed.h"

#define TCP 6
#define UDP 17

static const struct ft_flow_hot *row_of(const struct ft_snapshot *snapshot,
					const struct ft_flow_key *key)
{
	for (size_t i = snapshot->row_count; i > 0; i--)
		if (memcmp(&snapshot->rows[i - 1].flow->key, key, sizeof(*key)) == 0 &&
		    snapshot->rows[i - 1].ended == FT_ENDED_NOT)
			return &snapshot->rows[i - 1];
	return NULL;
}

static struct ft_flow_key in_scope(struct ft_flow_key key, uint16_t scope)
{
	key.scope = scope;
	return key;
}

static struct ft_tuple tuple(const char *src, uint16_t sport, const char *dst, uint16_t dport,
			     uint8_t protocol)
{
	struct ft_tuple tuple = {
		.sport_be = (uint16_t)(sport << 8 | sport >> 8),
		.dport_be = (uint16_t)(dport << 8 | dport >> 8), .protocol = protocol,
	};

	assert_int_equal(ft_addr_parse(src, tuple.src), 0);
	assert_int_equal(ft_addr_parse(dst, tuple.dst), 0);
	return tuple;
}

static void assert_pair(const struct ft_snapshot *snapshot, const struct ft_flow_key *one,
			const struct ft_flow_key *other)
{
	const struct ft_flow_hot *a = row_of(snapshot, one), *b = row_of(snapshot, other);

	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_equal(ft_snapshot_pair(snapshot, a), b);
	assert_ptr_equal(ft_snapshot_pair(snapshot, b), a);
}

/* ---- translations as values */

static void test_nat_values(void **state)
{
	/* A container's connection, masqueraded; one from outside to a forwarded port. */
	const struct ft_tuple out = tuple("172.17.0.2", 4000, "192.0.2.9", 443, TCP);
	const struct ft_tuple out_reply = tuple("192.0.2.9", 443, "10.0.0.1", 61000, TCP);
	const struct ft_tuple in = tuple("192.0.2.7", 5000, "10.0.0.1", 80, TCP);
	const struct ft_tuple in_reply = tuple("172.17.0.2", 8080, "192.0.2.7", 5000, TCP);
	const struct ft_tuple plain_reply = tuple("192.0.2.9", 443, "172.17.0.2", 4000, TCP);
	struct ft_nat nat;

	(void)state;
	assert_false(ft_nat_set(&nat, &out, &plain_reply));
	assert_true(ft_nat_set(&nat, &out, &out_reply));
	/* 172.17.0.2 < 192.0.2.9, 10.0.0.1 < 192.0.2.9: who began is a in both. */
	assert_int_equal(nat.first[0], 0);
	assert_int_equal(nat.first[1], 0);
	assert_true(ft_nat_is_true(&nat, 0, 0));
	assert_true(ft_nat_is_true(&nat, 0, 1));
	assert_false(ft_nat_is_true(&nat, 1, 0));
	assert_true(ft_nat_is_true(&nat, 1, 1));
	assert_true(ft_nat_set(&nat, &in, &in_reply));
	/* 10.0.0.1 < 192.0.2.7: who began is b; 172.17.0.2 < 192.0.2.7: b again. */
	assert_int_equal(nat.first[0], 1);
	assert_int_equal(nat.first[1], 1);
	assert_true(ft_nat_is_true(&nat, 0, 1));
	assert_false(ft_nat_is_true(&nat, 0, 0));
	assert_true(ft_nat_is_true(&nat, 1, 0));
	assert_int_equal(ft_nat_end(&nat, 1), 1);
}

/* ---- who belongs together */

static void test_same_addresses(void **state)
{
	struct ft_flow_key key = feed_key(1, 1000, 2, 80, TCP), other = in_scope(key, 1);
	struct ft_flow_key third = in_scope(key, 7), alone = feed_key(1, 1001, 2, 80, TCP);
	struct ft_flow_key reused = feed_key(1, 1000, 2, 80, UDP);
	const struct ft_flow_hot *rows[4];
	struct ft_snapshot *snapshot;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	feed_add(&bed.feed, 0, &key, 100, 0);
	feed_add(&bed.feed, 0, &alone, 100, 0);
	snapshot = feed_bed_step(&bed, 1);
	assert_null(snapshot->pair_of);
	assert_null(ft_snapshot_pair(snapshot, row_of(snapshot, &key)));
	ft_snapshot_put(snapshot);

	/* A second scope: what was there before is joined too. */
	feed_add(&bed.feed, 0, &key, 100, 0);
	feed_add(&bed.feed, 0, &other, 100, 0);
	reused.scope = 1;
	feed_add(&bed.feed, 0, &reused, 100, 0);
	snapshot = feed_bed_step(&bed, 1);
	assert_pair(snapshot, &key, &other);
	assert_null(ft_snapshot_pair(snapshot, row_of(snapshot, &alone)));
	assert_null(ft_snapshot_pair(snapshot, row_of(snapshot, &reused)));

	/* What lies elsewhere, as what events tell of flows does, is nowhere else seen. */
	{
		struct ft_flow_hot copy = *row_of(snapshot, &key);
		unsigned int side;

		assert_null(ft_snapshot_pair(snapshot, &copy));
		assert_null(ft_snapshot_nat(snapshot, &copy, &side));
		assert_null(ft_snapshot_pair(snapshot, snapshot->rows + snapshot->row_count));
	}
	ft_snapshot_put(snapshot);

	/* A third one, and a tag more: all four of them. */
	feed_add(&bed.feed, 0, &third, 10, 10);
	third.vlan_outer = 5;
	feed_add(&bed.feed, 0, &third, 10, 10);
	feed_add(&bed.feed, 0, &key, 10, 10);
	feed_add(&bed.feed, 0, &other, 10, 10);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(ft_snapshot_pairs(snapshot, row_of(snapshot, &key), rows, 4), 3);
	assert_int_equal(ft_snapshot_pairs(snapshot, row_of(snapshot, &key), rows, 2), 2);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* Addresses that every link has its own of. */
static void test_addresses_of_links(void **state)
{
	static const char *const addresses[] = {
		"fe80::1", "ff02::fb", "224.0.0.251", "255.255.255.255", "169.254.1.1", "0.0.0.0",
		"::",
	};
	struct feed_bed bed;

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct ft_tuple packet = tuple("10.0.0.1", 5353, "10.0.0.2", 5353, UDP);
		struct ft_snapshot *snapshot;
		struct ft_flow_key key;

		feed_bed_init(&bed, 0);
		assert_int_equal(ft_addr_parse(addresses[i], packet.dst), 0);
		ft_tuple_key(&packet, &key);
		feed_add(&bed.feed, 0, &key, 100, 0);
		key.scope = 1;
		feed_add(&bed.feed, 0, &key, 100, 0);
		snapshot = feed_bed_step(&bed, 1);
		assert_int_equal(snapshot->row_count, 2);
		assert_null(ft_snapshot_pair(snapshot, &snapshot->rows[0]));
		ft_snapshot_put(snapshot);
		feed_bed_done(&bed);
	}
}

/* A connection that came after another with the same ports belongs to its own time. */
static void test_times(void **state)
{
	struct ft_flow_key key = feed_key(1, 1000, 2, 80, UDP), other = in_scope(key, 1);
	struct ft_flow_key third = feed_key(9, 1, 8, 1, UDP);
	struct ft_snapshot *snapshot;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	third.scope = 2;
	feed_add(&bed.feed, 0, &third, 100, 0);
	feed_add(&bed.feed, 0, &key, 100, 0);
	ft_snapshot_put(feed_bed_step(&bed, 10));
	feed_add(&bed.feed, 0, &other, 100, 0);
	snapshot = feed_bed_step(&bed, 1);
	assert_null(ft_snapshot_pair(snapshot, row_of(snapshot, &key)));
	ft_snapshot_put(snapshot);
	/* It was the same one after all. */
	feed_add(&bed.feed, 0, &key, 100, 0);
	snapshot = feed_bed_step(&bed, 1);
	assert_pair(snapshot, &key, &other);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

static void test_translated(void **state)
{
	const struct ft_tuple before = tuple("172.17.0.2", 4000, "192.0.2.9", 443, TCP);
	const struct ft_tuple after = tuple("10.0.0.1", 61000, "192.0.2.9", 443, TCP);
	const struct ft_tuple reply = tuple("192.0.2.9", 443, "10.0.0.1", 61000, TCP);
	const struct ft_tuple later = tuple("192.0.2.9", 443, "10.0.0.1", 61001, TCP);
	struct ft_flow_key key[2];
	struct ft_nat nat, newer;
	unsigned int side;

	(void)state;
	ft_tuple_key(&before, &key[0]);
	ft_tuple_key(&after, &key[1]);
	key[1].scope = 1;
	assert_true(ft_nat_set(&nat, &before, &reply));
	assert_true(ft_nat_set(&newer, &before, &later));
	/* Told before its flows (0), or after (1). */
	for (int when = 0; when < 2; when++) {
		struct ft_snapshot *snapshot;
		struct feed_bed bed;

		feed_bed_init(&bed, 0);
		if (when == 0)
			ft_table_add_nat(bed.table, &nat, 1);
		feed_add(&bed.feed, 0, &key[0], 100, 100);
		feed_add(&bed.feed, 0, &key[1], 100, 100);
		snapshot = feed_bed_step(&bed, 1);
		if (when == 1) {
			assert_null(ft_snapshot_pair(snapshot, row_of(snapshot, &key[0])));
			ft_snapshot_put(snapshot);
			ft_table_add_nat(bed.table, &nat, 1);
			snapshot = feed_bed_step(&bed, 1);
		}
		assert_pair(snapshot, &key[0], &key[1]);
		assert_memory_equal(ft_snapshot_nat(snapshot, row_of(snapshot, &key[1]), &side),
				    &nat, sizeof(nat));
		assert_int_equal(side, 1);
		assert_non_null(ft_snapshot_nat(snapshot, row_of(snapshot, &key[0]), &side));
		assert_int_equal(side, 0);
		ft_snapshot_put(snapshot);

		/* It goes: its flows remain what they were; then another takes its place. */
		ft_table_end_nat(bed.table, &nat, bed.feed.now_ns);
		snapshot = feed_bed_step(&bed, 1);
		assert_pair(snapshot, &key[0], &key[1]);
		ft_snapshot_put(snapshot);
		ft_table_add_nat(bed.table, &newer, 1);
		assert_int_equal(ft_table_nat_count(bed.table), 1);
		snapshot = feed_bed_step(&bed, 1);
		assert_null(ft_snapshot_pair(snapshot, row_of(snapshot, &key[0])));
		assert_non_null(ft_snapshot_nat(snapshot, row_of(snapshot, &key[0]), &side));
		assert_null(ft_snapshot_nat(snapshot, row_of(snapshot, &key[1]), &side));
		ft_snapshot_put(snapshot);
		ft_table_end_old_nats(bed.table, 1, bed.feed.now_ns);
		assert_int_equal(ft_table_nat_count(bed.table), 1);
		ft_table_end_old_nats(bed.table, 2, bed.feed.now_ns);
		/* The flow still holds it, until it goes. */
		assert_int_equal(ft_table_nat_count(bed.table), 1);
		ft_snapshot_put(feed_bed_step(&bed, 700));
		ft_snapshot_put(feed_bed_step(&bed, 700));
		assert_int_equal(ft_table_nat_count(bed.table), 0);
		feed_bed_done(&bed);
	}
}

/* ---- owners */

struct told {
	uint64_t cookie[4];
	uint16_t owner[4];
};

static uint16_t find_told(void *arg, uint64_t cookie)
{
	const struct told *told = arg;

	for (int i = 0; i < 4; i++)
		if (told->cookie[i] == cookie)
			return told->owner[i];
	return FT_OWNER_UNKNOWN;
}

static uint16_t add_process(struct feed_bed *bed, int32_t pid)
{
	const struct ft_process process = {
		.pid = pid, .start_ns = 1, .name = "p", .exe = "", .cmdline = "", .user = "",
		.cgroup = "", .unit = "", .container = "", .group = "", .parents = "",
		.container_id = "", .runtime = "", .image = "", .pod = "", .pod_namespace = "",
	};

	return ft_owners_add_process(bed->owners, &process);
}

static void own_address(struct feed_bed *bed, const char *text)
{
	struct ft_net net = { .prefix = 128, .own = true };
	const struct ft_addr_set set = { .nets = &net, .count = 1 };

	assert_int_equal(ft_addr_parse(text, net.addr), 0);
	ft_table_set_addresses(bed->table, &set);
}

/* What a container sends: its process is known behind the bridge, and so outside. */
static void test_owner_through_nat(void **state)
{
	const struct ft_tuple before = tuple("172.17.0.2", 4000, "192.0.2.9", 443, TCP);
	const struct ft_tuple after = tuple("10.0.0.1", 61000, "192.0.2.9", 443, TCP);
	const struct ft_tuple reply = tuple("192.0.2.9", 443, "10.0.0.1", 61000, TCP);
	struct told told = { .cookie = { 7, 8 } };
	struct ft_flow_key inside, outside;
	struct ft_snapshot *snapshot;
	struct ft_nat nat;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	own_address(&bed, "10.0.0.1");
	told.owner[0] = add_process(&bed, 100);
	told.owner[1] = add_process(&bed, 200);
	ft_tuple_key(&before, &inside);
	ft_tuple_key(&after, &outside);
	outside.scope = 1;
	assert_true(ft_nat_set(&nat, &before, &reply));

	/* Nothing is known inside: what is under our address isn't ours. */
	ft_table_add_nat(bed.table, &nat, 1);
	feed_add(&bed.feed, 0, &outside, 100, 100);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(row_of(snapshot, &outside)->owner[0], FT_OWNER_TRANSIT);
	assert_int_equal(row_of(snapshot, &outside)->owner[1], FT_OWNER_FOREIGN);
	ft_snapshot_put(snapshot);

	/* The process inside is found; a proxy that has the same port outside is no owner. */
	feed_add(&bed.feed, 0, &inside, 100, 100)->cookie[0] = 7;
	feed_add(&bed.feed, 0, &outside, 100, 100)->cookie[0] = 8;
	feed_apply(&bed.feed, bed.table);
	ft_table_move_owners(bed.table, find_told, &told);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(row_of(snapshot, &inside)->owner[0], told.owner[0]);
	assert_int_equal(row_of(snapshot, &outside)->owner[0], told.owner[0]);
	assert_int_equal(row_of(snapshot, &inside)->owner[1], FT_OWNER_TRANSIT);
	ft_snapshot_put(snapshot);

	/* The socket is handed on: it is so everywhere. */
	told.owner[0] = add_process(&bed, 300);
	feed_add(&bed.feed, 0, &inside, 100, 100)->cookie[0] = 7;
	feed_apply(&bed.feed, bed.table);
	ft_table_move_owners(bed.table, find_told, &told);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(row_of(snapshot, &outside)->owner[0], told.owner[0]);
	ft_snapshot_put(snapshot);

	/* All of them let go of their processes. */
	ft_snapshot_put(feed_bed_step(&bed, 700));
	ft_snapshot_put(feed_bed_step(&bed, 700));
	assert_int_equal(ft_table_count(bed.table), 0);
	ft_owners_exited(bed.owners, 100, 1);
	ft_owners_exited(bed.owners, 200, 1);
	ft_owners_exited(bed.owners, 300, 1);
	for (int i = 0; i < 100; i++)
		ft_owners_reap(bed.owners, UINT64_MAX / 2);
	assert_int_equal(ft_owners_count(bed.owners), 0);
	feed_bed_done(&bed);
}

/* Whom the local end of a flow counts for. */
static uint16_t counts_for(const struct ft_snapshot *snapshot, const struct ft_flow_key *key)
{
	const struct ft_flow_hot *row = row_of(snapshot, key);

	return ft_flow_owner(row, ft_flow_tx(row->flow));
}

/* A container's bytes are its process', once: where they pass by, but not if our own address or an
 * earlier place has them. */
static void test_process_counts_once(void **state)
{
	const struct ft_tuple before = tuple("172.17.0.2", 4000, "192.0.2.9", 443, TCP);
	const struct ft_tuple after = tuple("10.0.0.1", 61000, "192.0.2.9", 443, TCP);
	const struct ft_tuple reply = tuple("192.0.2.9", 443, "10.0.0.1", 61000, TCP);
	struct told told = { .cookie = { 7, 8 } };
	struct ft_flow_key inside, outside, again;
	struct ft_snapshot *snapshot;
	struct ft_nat nat;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	own_address(&bed, "10.0.0.1");
	told.owner[0] = add_process(&bed, 100);
	ft_tuple_key(&before, &inside);
	ft_tuple_key(&after, &outside);
	assert_true(ft_nat_set(&nat, &before, &reply));
	outside.scope = 1;
	again = in_scope(inside, 2);

	/* Behind its bridge alone; whose it is, is not known at once. */
	feed_add(&bed.feed, 0, &inside, 100, 100);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(counts_for(snapshot, &inside), FT_OWNER_TRANSIT);
	ft_snapshot_put(snapshot);
	feed_add(&bed.feed, 0, &inside, 100, 100)->cookie[0] = 7;
	feed_apply(&bed.feed, bed.table);
	ft_table_move_owners(bed.table, find_told, &told);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(counts_for(snapshot, &inside), told.owner[0]);
	/* Not its other end, which nobody here has. */
	assert_int_equal(ft_flow_owner(row_of(snapshot, &inside),
				       !ft_flow_tx(row_of(snapshot, &inside)->flow)),
			 FT_OWNER_TRANSIT);
	ft_snapshot_put(snapshot);

	/* Another place where it passes by: the first one counts. */
	feed_add(&bed.feed, 0, &inside, 100, 100);
	feed_add(&bed.feed, 0, &again, 100, 100);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(row_of(snapshot, &again)->owner[0], told.owner[0]);
	assert_int_equal(counts_for(snapshot, &inside), told.owner[0]);
	assert_int_equal(counts_for(snapshot, &again), FT_OWNER_TRANSIT);
	ft_snapshot_put(snapshot);

	/* Our address, which is lent to it: that counts, and nothing else. */
	ft_table_add_nat(bed.table, &nat, 1);
	feed_add(&bed.feed, 0, &outside, 100, 100);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(counts_for(snapshot, &outside), told.owner[0]);
	assert_int_equal(counts_for(snapshot, &inside), FT_OWNER_TRANSIT);
	assert_int_equal(counts_for(snapshot, &again), FT_OWNER_TRANSIT);
	ft_snapshot_put(snapshot);

	/* What counted leaves, and comes back: what has not counted so far never will, since its bytes
	 * are in what left. */
	ft_table_end_scope(bed.table, 1, bed.feed.now_ns);
	snapshot = feed_bed_step(&bed, 1);
	ft_snapshot_put(snapshot);
	feed_add(&bed.feed, 0, &again, 100, 100);
	feed_add(&bed.feed, 0, &outside, 100, 100);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(counts_for(snapshot, &inside), FT_OWNER_TRANSIT);
	assert_int_equal(counts_for(snapshot, &again), FT_OWNER_TRANSIT);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* A server in a container, asked by a machine on a subnet of ours: the server's end is the local one. */
static void test_server_passes_by(void **state)
{
	const struct ft_tuple asks = tuple("10.0.0.7", 4000, "172.17.0.2", 80, TCP);
	struct told told = { .cookie = { 7, 8 } };
	struct ft_net nets[3] = { { .prefix = 128, .own = true }, { .prefix = 120 }, { .prefix = 112 } };
	const struct ft_addr_set set = { .nets = nets, .count = 3 };
	struct ft_snapshot *snapshot;
	const struct ft_flow_hot *row;
	struct ft_flow_key key;
	struct ft_entry *entry;
	struct feed_bed bed;
	int server;

	(void)state;
	assert_int_equal(ft_addr_parse("10.0.0.1", nets[0].addr), 0);
	assert_int_equal(ft_addr_parse("10.0.0.0", nets[1].addr), 0);
	assert_int_equal(ft_addr_parse("172.17.0.0", nets[2].addr), 0);
	feed_bed_init(&bed, 0);
	ft_table_set_addresses(bed.table, &set);
	told.owner[0] = add_process(&bed, 100);
	ft_tuple_key(&asks, &key);
	server = memcmp(key.addr_b, asks.dst, sizeof(key.addr_b)) ? 0 : 1;
	entry = feed_add(&bed.feed, 0, &key, 100, 100);
	entry->flags[0] |= server ? FT_ENTRY_SYN_AB : FT_ENTRY_SYN_BA;
	entry->cookie[server] = 7;
	feed_apply(&bed.feed, bed.table);
	ft_table_move_owners(bed.table, find_told, &told);
	snapshot = feed_bed_step(&bed, 1);
	row = row_of(snapshot, &key);
	assert_int_equal(row->flow->path, FT_PATH_TRANSIT);
	assert_int_equal(row->flow->initiator, server ? FT_END_A : FT_END_B);
	assert_int_equal(ft_flow_tx(row->flow), server);
	assert_int_equal(counts_for(snapshot, &key), told.owner[0]);
	ft_snapshot_put(snapshot);

	/* Between others, past a listener of ours on any address: a look-up finds that, and is wrong. */
	key.port_a_be ^= htons(1);
	entry = feed_add(&bed.feed, 0, &key, 100, 100);
	entry->flags[0] |= server ? FT_ENTRY_SYN_AB : FT_ENTRY_SYN_BA;
	entry->cookie[server] = 7;
	entry->flags[1] |= FT_ENTRY_LOOKED_UP(server);
	feed_apply(&bed.feed, bed.table);
	ft_table_move_owners(bed.table, find_told, &told);
	snapshot = feed_bed_step(&bed, 1);
	row = row_of(snapshot, &key);
	assert_int_equal(row->owner[server], FT_OWNER_TRANSIT);
	assert_int_equal(ft_flow_tx(row->flow), !server);
	assert_int_equal(counts_for(snapshot, &key), FT_OWNER_TRANSIT);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* A proxy listens on the port that is forwarded into a container: it doesn't own the flow. */
static void test_proxy_is_no_owner(void **state)
{
	const struct ft_tuple in = tuple("192.0.2.7", 5000, "10.0.0.1", 80, TCP);
	const struct ft_tuple reply = tuple("172.17.0.2", 8080, "192.0.2.7", 5000, TCP);
	struct told told = { .cookie = { 8 } };
	struct ft_flow_key outside;
	struct ft_snapshot *snapshot;
	struct ft_nat nat;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	own_address(&bed, "10.0.0.1");
	told.owner[0] = add_process(&bed, 200);
	ft_tuple_key(&in, &outside);
	feed_add(&bed.feed, 0, &outside, 100, 100)->cookie[0] = 8;
	feed_apply(&bed.feed, bed.table);
	ft_table_move_owners(bed.table, find_told, &told);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(row_of(snapshot, &outside)->owner[0], told.owner[0]);
	ft_snapshot_put(snapshot);
	assert_true(ft_nat_set(&nat, &in, &reply));
	ft_table_add_nat(bed.table, &nat, 1);
	snapshot = feed_bed_step(&bed, 1);
	assert_int_equal(row_of(snapshot, &outside)->owner[0], FT_OWNER_TRANSIT);
	ft_snapshot_put(snapshot);
	feed_bed_done(&bed);
}

/* ---- a long life */

#define TUPLES 12
#define SCOPES 4
#define STEPS 3000

static uint64_t random_state = 88172645463325252ULL;

static uint32_t random_below(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 20) % below;
}

/* Which tuple a key is. */
static uint32_t number_of(const struct ft_flow_key *key)
{
	return (uint32_t)(key->addr_a[15] - 1);
}

/* peer[t]: the tuple on the other side of t's translation, or -1. */
static void check_life(const struct ft_snapshot *snapshot, const int peer[TUPLES])
{
	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i], *rows[FT_PLACES_MAX];
		size_t count = ft_snapshot_pairs(snapshot, row, rows, FT_PLACES_MAX);
		uint32_t tuple = number_of(&row->flow->key);
		size_t wanted = 0;

		assert_true(count < FT_PLACES_MAX);
		for (size_t j = 0; j < snapshot->row_count; j++) {
			uint32_t other = number_of(&snapshot->rows[j].flow->key);

			wanted += i != j && (other == tuple || (int)other == peer[tuple]);
		}
		assert_int_equal(count, wanted);
		for (size_t j = 0; j < count; j++) {
			uint32_t other = number_of(&rows[j]->flow->key);

			assert_true(other == tuple || (int)other == peer[tuple]);
			assert_false(other == tuple &&
				     rows[j]->flow->key.scope == row->flow->key.scope);
		}
	}
}

static void test_long_life(void **state)
{
	struct ft_flow_key keys[TUPLES];
	int peer[TUPLES];
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	for (uint32_t i = 0; i < TUPLES; i++) {
		keys[i] = feed_key(i + 1, 1000, 200 + i, 80, UDP);
		peer[i] = -1;
	}
	for (int n = 0; n < STEPS; n++) {
		uint32_t a = random_below(TUPLES), b = random_below(TUPLES);
		struct ft_snapshot *snapshot;
		bool seen[TUPLES][SCOPES] = { { false } };

		if (a != b && random_below(4) == 0) {
			struct ft_nat nat = { .key = { keys[a], keys[b] } };

			/* What it contradicts is forgotten. */
			for (uint32_t i = 0; i < TUPLES; i++)
				if (peer[i] == (int)a || peer[i] == (int)b)
					peer[i] = -1;
			peer[a] = (int)b;
			peer[b] = (int)a;
			ft_table_add_nat(bed.table, &nat, 1);
		}
		for (int i = 0; i < 6; i++) {
			uint32_t tuple = random_below(TUPLES), scope = random_below(SCOPES);
			struct ft_flow_key key = in_scope(keys[tuple], (uint16_t)scope);

			seen[tuple][scope] = true;
			feed_add(&bed.feed, 0, &key, 100, random_below(2) * 50);
		}
		/* All that is there goes on, so that all times fit, but now and then all ends. */
		snapshot = feed_bed_step(&bed, 1);
		for (size_t i = 0; i < snapshot->row_count; i++) {
			const struct ft_flow_key *key = &snapshot->rows[i].flow->key;

			if (snapshot->rows[i].ended == FT_ENDED_NOT &&
			    !seen[number_of(key)][key->scope])
				feed_add(&bed.feed, 0, key, 1, 1);
		}
		ft_snapshot_put(snapshot);
		snapshot = feed_bed_step(&bed, 1);
		if (n % 50 != 49)
			check_life(snapshot, peer);
		ft_snapshot_put(snapshot);
		if (n % 50 == 49) {
			ft_snapshot_put(feed_bed_step(&bed, 700));
			ft_snapshot_put(feed_bed_step(&bed, 700));
			assert_int_equal(ft_table_count(bed.table), 0);
		}
	}
	feed_bed_done(&bed);
}

/* The same ports again and again: a node doesn't grow, and nothing is walked through for long. */
static void test_port_reuse(void **state)
{
	struct ft_flow_key key = feed_key(1, 1000, 2, 80, TCP), other = in_scope(key, 1);
	struct ft_snapshot *snapshot;
	struct feed_bed bed;

	(void)state;
	feed_bed_init(&bed, 0);
	for (int i = 0; i < 500; i++) {
		struct ft_entry *entry;

		for (int scope = 0; scope < 2; scope++) {
			entry = feed_add(&bed.feed, 0, scope ? &other : &key, 60, 60);
			entry->flags[0] |= FT_ENTRY_NEW | FT_ENTRY_SYN_AB;
			entry->tcp_flags[0] = 0x02;
			entry->tcp_flags[1] = 0x04;
		}
		ft_snapshot_put(feed_bed_step(&bed, 0));
	}
	feed_add(&bed.feed, 0, &key, 60, 60)->flags[0] |= FT_ENTRY_NEW | FT_ENTRY_SYN_AB;
	feed_add(&bed.feed, 0, &other, 60, 60)->flags[0] |= FT_ENTRY_NEW | FT_ENTRY_SYN_AB;
	snapshot = feed_bed_step(&bed, 0);
	assert_true(snapshot->row_count > 900);
	assert_pair(snapshot, &key, &other);
	ft_snapshot_put(snapshot);
	ft_snapshot_put(feed_bed_step(&bed, 700));
	ft_snapshot_put(feed_bed_step(&bed, 700));
	assert_int_equal(ft_table_count(bed.table), 0);
	feed_bed_done(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nat_values),
		cmocka_unit_test(test_same_addresses),
		cmocka_unit_test(test_addresses_of_links),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_translated),
		cmocka_unit_test(test_owner_through_nat),
		cmocka_unit_test(test_process_counts_once),
		cmocka_unit_test(test_server_passes_by),
		cmocka_unit_test(test_proxy_is_no_owner),
		cmocka_unit_test(test_long_life),
		cmocka_unit_test(test_port_reuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
