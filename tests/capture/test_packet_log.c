/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log in user space: what is added is what is collected, the line adds up (and a missing
 * entry is noticed), the bound holds, a SYN after FIN starts a new flow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "capture/packet_log.h"
#include "packets.h"

#define SCOPE 5

/* A TCP packet of 60 octets from 10.0.0.1:sport to 10.0.0.2:80, or back. */
static void add_tcp(struct ft_packet_log *log, uint16_t sport, uint8_t flags, bool back,
		    uint64_t tick)
{
	uint8_t f[60] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 40, 0, 1, 0, 0,
			  64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2 };
	struct ft_packet_meta meta = { .link = FT_PACKET_ETHERNET, .wire_len = 60, .cap_len = 60,
				       .ifindex = 7, .scope = SCOPE, .outgoing = !back,
				       .tick = tick };

	f[back ? 36 : 34] = (uint8_t)(sport >> 8);
	f[back ? 37 : 35] = (uint8_t)sport;
	f[back ? 35 : 37] = 80;
	if (back) {
		f[29] = 2;
		f[33] = 1;
	}
	f[46] = 0x50;
	f[47] = flags;
	ft_packet_log_add(log, f, &meta, true);
}

/* seen minus all that is accounted for, in packets; 0 if the line adds up. */
static int64_t line_gap(const struct ft_batch *batch, bool leave_out_one_entry)
{
	int64_t gap = 0;
	size_t i, span, scope;

	for (scope = 0; scope < batch->scope_count; scope++) {
		gap += (int64_t)batch->scopes[scope].counters.c[FT_C_SEEN].packets;
		for (i = FT_C_SEEN + 1; i < FT_C_MAX; i++)
			gap -= (int64_t)batch->scopes[scope].counters.c[i].packets;
	}
	for (span = 0; span < batch->span_count; span++)
		for (i = leave_out_one_entry; i < batch->spans[span].count; i++)
			gap -= (int64_t)(batch->spans[span].entries[i].dir[0].packets +
					 batch->spans[span].entries[i].dir[1].packets);
	return gap;
}

static void test_table_adds_up(void **state)
{
	static uint8_t frame[128 * 1024];
	struct ft_packet_log *log = ft_packet_log_new(0);
	struct ft_batch batch;
	uint64_t packets = 0, l2 = 0, flows = 0, entries = 0, bytes = 0, want_bytes = 0;
	size_t count, i;
	const struct ft_packet_case *cases = ft_packet_cases(&count);

	(void)state;
	for (i = 0; i < count; i++) {
		const struct ft_packet_case *c = &cases[i];
		struct ft_packet_meta meta = { .scope = SCOPE, .ifindex = 7, .tick = i + 1 };

		if (!ft_packet_case_in_kernel(c) || c->link != FT_CASE_ETHERNET)
			continue;
		meta.wire_len = (uint32_t)ft_packet_case_bytes(c, frame, sizeof(frame));
		meta.cap_len = meta.wire_len;
		meta.vlan_valid = c->vlan_valid;
		meta.vlan_tci = c->vlan_tci;
		meta.vlan_aware = c->vlan_aware;
		meta.pvid = c->pvid;
		meta.gso_size = c->gso_size;
		meta.gso_segs = c->gso_segs;
		meta.outgoing = c->egress;
		ft_packet_log_add(log, frame, &meta, true);
		packets += c->packets;
		l2 += c->l2_bytes;
		want_bytes += c->verdict == FT_CASE_FLOW ? c->bytes : 0;
		flows += c->verdict == FT_CASE_FLOW;
	}
	ft_packet_log_collect(log, &batch);
	assert_int_equal(batch.scope_count, 1);
	assert_int_equal(batch.scopes[0].scope, SCOPE);
	assert_int_equal(batch.scopes[0].counters.c[FT_C_SEEN].packets, packets);
	assert_int_equal(batch.scopes[0].counters.c[FT_C_SEEN].l2_bytes, l2);
	assert_false(batch.scopes[0].lost_inexact);
	assert_int_equal(line_gap(&batch, false), 0);
	assert_true(line_gap(&batch, true) > 0);
	assert_int_equal(batch.iface_count, 1);
	assert_int_equal(batch.ifaces[0].ifindex, 7);
	assert_int_equal(batch.ifaces[0].counters.rx.packets +
			 batch.ifaces[0].counters.tx.packets, packets);
	for (i = 0; i < batch.spans[0].count; i++) {
		const struct ft_entry *e = &batch.spans[0].entries[i];

		bytes += e->dir[0].bytes + e->dir[1].bytes;
		assert_true(e->first_tick > 0 && e->first_tick <= e->last_tick);
		entries++;
	}
	assert_int_equal(bytes, want_bytes);
	assert_true(entries > 20 && entries <= flows);
	ft_packet_log_collect(log, &batch);
	assert_int_equal(batch.span_count, 0);
	assert_int_equal(batch.scope_count, 0);
	assert_int_equal(batch.iface_count, 0);
	ft_packet_log_free(log);
}

static void test_many_flows(void **state)
{
	struct ft_packet_log *log = ft_packet_log_new(0);
	struct ft_batch batch;
	uint64_t packets = 0;
	unsigned int port, round;
	size_t i;

	(void)state;
	for (round = 0; round < 3; round++) {
		unsigned int flows = round == 1 ? 10 : 60000; /* grows, shrinks, grows */

		for (port = 1; port <= flows; port++)
			add_tcp(log, (uint16_t)port, 0x10, false, 1);
		for (port = 1; port <= flows; port++)
			add_tcp(log, (uint16_t)port, 0x10, true, 2);
		ft_packet_log_collect(log, &batch);
		assert_int_equal(batch.spans[0].count, flows);
		assert_int_equal(line_gap(&batch, false), 0);
		for (i = 0; i < batch.spans[0].count; i++) {
			const struct ft_entry *e = &batch.spans[0].entries[i];

			assert_int_equal(e->dir[FT_DIR_AB].packets, 1);
			assert_int_equal(e->dir[FT_DIR_BA].packets, 1);
			assert_int_equal(e->ifindex[FT_DIR_BA], 7);
			packets += 2;
		}
	}
	assert_int_equal(packets, 2 * (60000 + 10 + 60000));
	ft_packet_log_free(log);
}

static void test_bound(void **state)
{
	struct ft_packet_log *log = ft_packet_log_new(64);
	struct ft_batch batch;
	unsigned int port;

	(void)state;
	for (port = 1; port <= 32; port++)
		add_tcp(log, (uint16_t)port, 0x10, false, 1);
	assert_int_equal(ft_packet_log_fill(log), 500);
	for (port = 1; port <= 100; port++)
		add_tcp(log, (uint16_t)port, 0x10, false, 1);
	assert_int_equal(ft_packet_log_fill(log), 1000);
	ft_packet_log_collect(log, &batch);
	assert_int_equal(batch.spans[0].count, 64);
	assert_int_equal(batch.scopes[0].counters.c[FT_C_LOST_FULL].packets, 36);
	assert_int_equal(batch.scopes[0].counters.c[FT_C_LOST_FULL].l2_bytes, 36 * 60);
	assert_int_equal(line_gap(&batch, false), 0);
	add_tcp(log, 1, 0x10, false, 1);
	ft_packet_log_collect(log, &batch);
	assert_int_equal(batch.spans[0].count, 1);
	ft_packet_log_free(log);
}

static void test_new_connection(void **state)
{
	struct ft_packet_log *log = ft_packet_log_new(0);
	struct ft_batch batch;
	const struct ft_entry *e;

	(void)state;
	add_tcp(log, 1000, 0x02, false, 10);
	add_tcp(log, 1000, 0x12, true, 11);
	add_tcp(log, 1000, 0x02, false, 12); /* a retransmission: the same connection */
	add_tcp(log, 1000, 0x11, false, 13);
	add_tcp(log, 1000, 0x12, true, 14);  /* not pure */
	add_tcp(log, 1000, 0xc2, false, 15); /* ECN set-up: pure */
	add_tcp(log, 1000, 0x10, true, 9);   /* seen late, yet the earliest */
	ft_packet_log_collect(log, &batch);
	assert_int_equal(batch.spans[0].count, 2);
	e = batch.spans[0].entries;
	assert_int_equal(e[0].flags[0], FT_ENTRY_SYN_AB);
	assert_int_equal(e[0].dir[0].packets, 3);
	assert_int_equal(e[0].dir[1].packets, 2);
	assert_int_equal(e[0].tcp_flags[0], 0x13);
	assert_int_equal(e[0].first_tick, 10);
	assert_int_equal(e[0].last_tick, 14);
	assert_int_equal(e[1].flags[0], FT_ENTRY_SYN_AB | FT_ENTRY_NEW | FT_ENTRY_FIRST_BA);
	assert_int_equal(e[1].first_tick, 9);
	assert_int_equal(e[1].dir[1].packets, 1);
	ft_packet_log_free(log);
}

static void test_ring_drops(void **state)
{
	struct ft_packet_log *log = ft_packet_log_new(0);
	struct ft_batch batch;

	(void)state;
	add_tcp(log, 1, 0x10, false, 1);
	ft_packet_log_dropped(log, SCOPE, 10);
	ft_packet_log_dropped(log, SCOPE, 10);
	ft_packet_log_collect(log, &batch);
	assert_true(batch.scopes[0].lost_inexact);
	assert_int_equal(batch.scopes[0].counters.c[FT_C_SEEN].packets, 21);
	assert_int_equal(batch.scopes[0].counters.c[FT_C_RING].packets, 20);
	assert_int_equal(batch.scopes[0].counters.c[FT_C_RING].l2_bytes, 1200);
	assert_int_equal(line_gap(&batch, false), 0);
	/* nothing read in this period: by the mean of the last one */
	ft_packet_log_dropped(log, SCOPE, 2);
	ft_packet_log_collect(log, &batch);
	assert_int_equal(batch.scopes[0].counters.c[FT_C_RING].l2_bytes, 120);
	ft_packet_log_free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_adds_up),
		cmocka_unit_test(test_many_flows),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_new_connection),
		cmocka_unit_test(test_ring_drops),
	};

	return cmocka_run_group_tests_name("packet_log", tests, NULL, NULL);
}
