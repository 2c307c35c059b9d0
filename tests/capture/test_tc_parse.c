/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parser in the kernel against the table of packets: every case that a program in the
 * kernel can be given goes through the real program and comes back by a flip. Devices without
 * a link-layer header are in test_tc_tun.c: BPF_PROG_TEST_RUN knows Ethernet only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packets.h"
#include "tc_rig.h"

#define FRAME_MAX (128 * 1024)
#define ETHERNET_LEN 14
/* What a case says of ft_entry.flags; the rest depends on what came before. */
#define CASE_FLAGS \
	(FT_ENTRY_FRAGMENT | FT_ENTRY_INEXACT | FT_ENTRY_EXTRA_SPI | FT_ENTRY_EXTRA_GRE)

static struct tc_rig rig;
static uint8_t frame[FRAME_MAX];

/* Says which case failed; cmocka's own message names the expression only. */
#define CHECK(c, condition)                                                 \
	do {                                                                \
		if (!(condition))                                           \
			fail_msg("case \"%s\": %s", (c)->name, #condition); \
	} while (0)

/* Whether BPF_PROG_TEST_RUN can be brought to give the program this case. */
static bool can_run(const struct ft_packet_case *c, size_t len)
{
	return ft_packet_case_in_kernel(c) && c->link == FT_CASE_ETHERNET && len >= ETHERNET_LEN;
}

/* Sends the case; the batch is what a flip right after it brings. */
static void run_case(const struct ft_packet_case *c, size_t len, struct ft_batch *batch)
{
	struct tc_rig_packet packet = {
		.octets = frame,
		.len = (uint32_t)len,
		.wire_len = c->egress && c->gso_size ? ft_packet_case_wire_len(c) : 0,
		.tag = c->vlan_valid ? (uint32_t)c->vlan_proto << 16 | c->vlan_tci : 0,
		.gso_size = c->gso_size,
		.gso_segs = c->gso_segs,
		.egress = c->egress,
	};
	uint8_t flags = FT_IFACE_COUNT_RX | FT_IFACE_COUNT_TX;

	if (c->vlan_aware)
		flags |= FT_IFACE_VLAN_AWARE;
	assert_int_equal(tc_rig_watch(&rig, flags, c->pvid), 0);
	CHECK(c, tc_rig_shape(&rig, &packet) == 0);
	assert_int_equal(ft_tc_store_collect(rig.store, batch), 0);
}

/* The flag of the end that began the conversation, if the packet tells. */
static uint8_t who_began(const struct ft_packet_case *c)
{
	if (c->reply)
		return c->dir == FT_DIR_AB ? FT_ENTRY_SYN_BA : FT_ENTRY_SYN_AB;
	if ((c->tcp_flags & 0x12) != 0x02) /* SYN without ACK */
		return 0;
	return c->dir == FT_DIR_AB ? FT_ENTRY_SYN_AB : FT_ENTRY_SYN_BA;
}

static void check_flow(const struct ft_packet_case *c, const struct ft_batch *batch)
{
	const struct ft_entry *entry;
	const struct ft_counts *there, *back;
	struct ft_flow_key key;

	CHECK(c, batch->span_count == 1 && batch->spans[0].count == 1);
	entry = &batch->spans[0].entries[0];
	there = &entry->dir[c->dir];
	back = &entry->dir[!c->dir];
	ft_packet_case_key(c, RIG_SCOPE, &key);
	CHECK(c, memcmp(&entry->key, &key, sizeof(key)) == 0);
	CHECK(c, there->packets == c->packets);
	CHECK(c, there->bytes == c->bytes);
	CHECK(c, there->l2_bytes == c->l2_bytes);
	CHECK(c, back->packets == 0 && back->bytes == 0 && back->l2_bytes == 0);
	CHECK(c, entry->tcp_flags[c->dir] == c->tcp_flags && entry->tcp_flags[!c->dir] == 0);
	CHECK(c, (entry->flags[0] & CASE_FLAGS) == c->flags);
	CHECK(c, (entry->flags[0] & (FT_ENTRY_SYN_AB | FT_ENTRY_SYN_BA)) == who_began(c));
	CHECK(c, !(entry->flags[0] & FT_ENTRY_FIRST_BA) == (c->dir == FT_DIR_AB));
	CHECK(c, entry->extra == c->extra);
	CHECK(c, entry->ifindex[c->dir] == RIG_IFINDEX && entry->ifindex[!c->dir] == 0);
	CHECK(c, entry->first_tick && entry->last_tick >= entry->first_tick);
	CHECK(c, entry->flags[1] == 0);
	CHECK(c, !entry->shake[c->dir] == !(c->tcp_flags & 0x12)); /* SYN, ACK */
	CHECK(c, !entry->shake[!c->dir] && !entry->shake[FT_SHAKE_ACK]);
}

static void check_case(const struct ft_packet_case *c, const struct ft_batch *batch)
{
	struct tc_rig_sums sums = { 0 };
	const struct ft_tally *hook = c->egress ? &sums.hooks.tx : &sums.hooks.rx;
	const struct ft_tally *other = c->egress ? &sums.hooks.rx : &sums.hooks.tx;

	tc_rig_sum(batch, &sums);
	if (c->verdict == FT_CASE_FLOW) {
		check_flow(c, batch);
	} else {
		CHECK(c, sums.entries == 0);
		CHECK(c, sums.counters.c[c->verdict].packets == c->packets);
		CHECK(c, sums.counters.c[c->verdict].l2_bytes == c->l2_bytes);
	}
	CHECK(c, tc_rig_adds_up(&sums));
	CHECK(c, sums.counters.c[FT_C_SEEN].packets == c->packets);
	CHECK(c, sums.counters.c[FT_C_SEEN].l2_bytes == c->l2_bytes);
	CHECK(c, hook->packets == c->packets && hook->l2_bytes == c->l2_bytes);
	CHECK(c, other->packets == 0);
}

static void every_case(void **state)
{
	size_t count, ran = 0, runts = 0;
	const struct ft_packet_case *cases = ft_packet_cases(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		size_t len = ft_packet_case_bytes(&cases[i], frame, sizeof(frame));
		struct ft_batch batch;

		assert_int_not_equal(len, 0);
		if (cases[i].link == FT_CASE_ETHERNET && !cases[i].cap_len && len < ETHERNET_LEN)
			runts++;
		if (!can_run(&cases[i], len))
			continue;
		run_case(&cases[i], len, &batch);
		check_case(&cases[i], &batch);
		ran++;
	}
	assert_true(ran >= 100);
	/* No frame can be made shorter than its Ethernet header: the one case is the twin's. */
	assert_true(runts <= 1);
}

/* A hook that doesn't count only measures: no term of the line, no trace in the fragments. */
static void uncounted_hook(void **state)
{
	size_t count;
	const struct ft_packet_case *cases = ft_packet_cases(&count);

	(void)state;
	assert_int_equal(tc_rig_watch(&rig, 0, 0), 0);
	for (size_t i = 0; i < count; i++) {
		const struct ft_packet_case *c = &cases[i];
		size_t len = ft_packet_case_bytes(c, frame, sizeof(frame));
		struct tc_rig_packet packet = {
			.octets = frame,
			.len = (uint32_t)len,
			.gso_size = c->gso_size,
			.gso_segs = c->gso_segs,
			.egress = c->egress,
		};
		struct tc_rig_sums sums = { 0 };
		struct ft_batch batch;

		if (!can_run(c, len) || c->vlan_valid || !c->gso_size ||
		    c->flags & FT_ENTRY_INEXACT)
			continue;
		CHECK(c, tc_rig_shape(&rig, &packet) == 0);
		assert_int_equal(ft_tc_store_collect(rig.store, &batch), 0);
		tc_rig_sum(&batch, &sums);
		CHECK(c, batch.scope_count == 0 && sums.entries == 0);
		CHECK(c, sums.hooks.rx.l2_bytes + sums.hooks.tx.l2_bytes == c->l2_bytes);
		CHECK(c, sums.hooks.rx.packets + sums.hooks.tx.packets == c->packets);
	}
	assert_int_equal(tc_rig_watch(&rig, FT_IFACE_COUNT_RX | FT_IFACE_COUNT_TX, 0), 0);
}

static int open_rig(void **state)
{
	char err[FT_REASON_MAX];

	(void)state;
	if (tc_rig_open(&rig, 64, 64, 1, 1, err, sizeof(err)) == 0)
		return 0;
	print_error("%s\n", err);
	return -1;
}

static int close_rig(void **state)
{
	(void)state;
	tc_rig_close(&rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case),
		cmocka_unit_test(uncounted_hook),
	};

	if (tc_rig_skips())
		return 0;
	return cmocka_run_group_tests_name("tc parser", tests, open_rig, close_rig);
}
