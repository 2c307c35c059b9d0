/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets on their way to a file: what is kept of them, in which order, how much at once, where the
 * tag goes that came beside the frame; and the filters of single flows, against libpcap.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "capture/collector_priv.h"
#include "capture/packet_log.h"
#include "capture/packet_store.h"
#include "packets.h"

static struct ft_packet_way way;
static struct ft_packet_store *store;

static int open_store(size_t room)
{
	if (ft_packet_way_init(&way, room) < 0)
		return -1;
	store = ft_packet_store_new(&way);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	return open_store(1 << 20);
}

static int tear_down(void **state)
{
	(void)state;
	ft_packet_store_free(store);
	ft_packet_way_done(&way);
	return 0;
}

/* One packet of so many octets, each the packet's number. */
static void add(unsigned number, uint32_t cap_len, uint64_t tick, const struct ft_flow_key *key)
{
	struct ft_packet_meta meta = { .link = FT_PACKET_ETHERNET, .wire_len = cap_len + 5,
				       .cap_len = cap_len, .ifindex = 3, .tick = tick };
	struct ft_packet_result result = { .is_flow = key != NULL, .packets = 1 };
	uint8_t *data = malloc(cap_len + 1);

	memset(data, (int)number, cap_len);
	if (key)
		result.key = *key;
	ft_packet_store_add(store, data, &meta, &result);
	free(data);
}

static struct ft_packets *flush(uint64_t generation, uint64_t end_ns, bool ends)
{
	assert_true(ft_packet_store_flush(store, generation, end_ns, ends));
	return ft_queue_take(way.queue);
}

static void test_order(void **state)
{
	static const uint64_t ticks[] = { 50, 10, 40, 10, 30, 20, 20, 60, 5 };
	static const uint8_t order[] = { 8, 1, 3, 5, 6, 4, 2, 0, 7 };
	struct ft_packets *packets;

	(void)state;
	for (unsigned i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++)
		add(i, 20 + i, ticks[i], NULL);
	packets = flush(7, 1000, false);
	assert_int_equal(packets->generation, 7);
	assert_int_equal(packets->count, sizeof(order));
	for (unsigned i = 0; i < sizeof(order); i++) {
		assert_int_equal(packets->packet[i]->octets[0], order[i]);
		assert_int_equal(packets->packet[i]->cap_len, 20 + order[i]);
		assert_int_equal(packets->packet[i]->wire_len, 25 + order[i]);
	}
	assert_int_equal(packets->iface_count, 1);
	assert_int_equal(packets->ifaces[0].seen, sizeof(order));
	ft_packets_free(packets);
	assert_null(flush(8, 2000, false)); /* nothing came: nothing goes */
}

/* Of several sources the newest wait; at the end nothing does. */
static void test_hold(void **state)
{
	struct ft_packets *packets;

	(void)state;
	ft_packet_store_hold(store, 100);
	add(1, 20, 900, NULL);
	add(2, 20, 901, NULL);
	add(3, 20, 850, NULL);
	packets = flush(1, 1000, false);
	assert_int_equal(packets->count, 2);
	ft_packets_free(packets);
	add(4, 20, 880, NULL);
	packets = flush(2, 1050, false);
	assert_int_equal(packets->count, 2);
	assert_int_equal(packets->packet[0]->octets[0], 4);
	assert_int_equal(packets->packet[1]->octets[0], 2);
	ft_packets_free(packets);
	add(5, 20, 1100, NULL);
	packets = flush(3, 1100, true);
	assert_int_equal(packets->count, 1);
	assert_true(packets->file.ends);
	ft_packets_free(packets);
	assert_int_equal(ft_packet_room_used(way.room), 0);
}

/* What finds no room is counted; there is room again when a list was read. */
static void test_bound(void **state)
{
	struct ft_packets *packets;
	uint64_t no_room;

	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		add(i, 1000, i, NULL);
	assert_true(ft_packet_room_used(way.room) <= 1 << 20);
	packets = flush(1, 5000, false);
	no_room = packets->ifaces[0].no_room;
	assert_true(no_room > 1900 && no_room < 2300);
	assert_int_equal(packets->count + no_room, 3000);
	assert_int_equal(packets->ifaces[0].seen, 3000);
	add(1, 1000, 1, NULL);
	ft_packets_free(packets);
	packets = flush(2, 5000, false);
	assert_int_equal(packets->count, 0);
	assert_int_equal(packets->ifaces[0].no_room, 1);
	ft_packets_free(packets);
	add(1, 1000, 1, NULL);
	packets = flush(3, 5000, false);
	assert_int_equal(packets->count, 1);
	ft_packets_free(packets);
	assert_int_equal(ft_packet_room_used(way.room), 0);
}

/* A way that is full keeps all of it for later. */
static void test_full_way(void **state)
{
	struct ft_packets *packets;
	unsigned lists = 0;
	size_t count = 0;

	(void)state;
	tear_down(NULL);
	assert_int_equal(open_store(64 << 20), 0);
	for (unsigned i = 0; i < 100; i++) {
		add(i, 20, i, NULL);
		lists += ft_packet_store_flush(store, i, i, false);
	}
	assert_true(lists < 100);
	while ((packets = ft_queue_take(way.queue)) != NULL) {
		count += packets->count;
		ft_packets_free(packets);
	}
	assert_int_equal(count, lists);
	packets = flush(101, 101, true);
	assert_int_equal(packets->count, 100 - lists);
	ft_packets_free(packets);
}

/* The run ends while the way is full: the last list of each file goes all the same. */
static void test_full_at_the_end(void **state)
{
	const size_t files = FT_TAPS_MAX + 1;
	struct ft_packets *packets;
	size_t ended = 0;

	(void)state;
	tear_down(NULL);
	assert_int_equal(open_store(64 << 20), 0);
	do
		add(1, 20, 1, NULL);
	while (ft_packet_store_flush(store, 1, 1, false));
	assert_true(ft_packet_way_full(&way));
	for (size_t i = 0; i < files; i++) {
		add(2, 20, 2, NULL);
		assert_true(ft_packet_store_flush(store, 2, 2, true));
		ft_packet_store_free(store);
		store = ft_packet_store_new(&way);
	}
	while ((packets = ft_queue_take(way.queue)) != NULL) {
		ended += packets->file.ends;
		assert_in_range(packets->count, 1, 2);
		ft_packets_free(packets);
	}
	assert_int_equal(ended, files);
	assert_false(ft_packet_way_full(&way));
}

/* No more octets than files say. */
static void test_snaplen(void **state)
{
	struct ft_packets *packets;

	(void)state;
	add(1, FT_PACKETS_SNAPLEN + 100, 1, NULL);
	packets = flush(1, 1, false);
	assert_int_equal(packets->packet[0]->cap_len, FT_PACKETS_SNAPLEN);
	assert_int_equal(packets->packet[0]->wire_len, FT_PACKETS_SNAPLEN + 105);
	ft_packets_free(packets);
}

/* One flow's packets, into its file. */
static void test_only(void **state)
{
	struct ft_flow_key wanted = { .port_a_be = 1 }, other = { .port_a_be = 2 };
	struct ft_packet_file file = { .number = 3, .flow = 77, .path = strdup("/x"), .fd = -1 };
	struct ft_packets *packets;

	(void)state;
	ft_packet_store_only(store, &wanted, &file);
	packets = flush(1, 1, false); /* a file begins, with packets or without */
	assert_string_equal(packets->file.path, "/x");
	ft_packets_free(packets);
	add(1, 20, 1, &wanted);
	add(2, 20, 2, &other);
	add(3, 20, 3, NULL);
	packets = flush(2, 9, false);
	assert_int_equal(packets->count, 1);
	assert_int_equal(packets->packet[0]->octets[0], 1);
	assert_int_equal(packets->packet[0]->flags & FT_PACKET_HAS_FLOW, FT_PACKET_HAS_FLOW);
	assert_int_equal(packets->file.number, 3);
	assert_int_equal(packets->file.flow, 77);
	assert_null(packets->file.path);
	ft_packets_free(packets);
}

static const char *name_of(const void *arg, uint32_t ifindex)
{
	(void)ifindex;
	return arg;
}

/* The tag beside a frame goes into it, if there is a place for it. */
static void test_tag(void **state)
{
	static const struct {
		uint32_t cap_len;
		uint16_t tpid;
		enum ft_packet_link link;
		const char *octets; /* from the twelfth on */
		uint32_t wanted;
	} cases[] = {
		{ 16, 0, FT_PACKET_ETHERNET, "\x81\x00\x20\x64\x0c\x0d\x0e\x0f", 20 },
		{ 16, 0x88a8, FT_PACKET_ETHERNET, "\x88\xa8\x20\x64\x0c\x0d\x0e\x0f", 20 },
		{ 12, 0, FT_PACKET_ETHERNET, "\x81\x00\x20\x64", 16 },
		{ 11, 0, FT_PACKET_ETHERNET, "", 11 },
		{ 16, 0, FT_PACKET_RAW, "\x0c\x0d\x0e\x0f", 16 },
	};
	static const uint8_t frame[16] = { 0, 1, 2,  3,	 4,  5,	 6,  7,
					   8, 9, 10, 11, 12, 13, 14, 15 };

	(void)state;
	ft_packet_store_names(store, name_of, "br0");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ft_packet_meta meta = { .link = cases[i].link, .wire_len = 16,
					       .cap_len = cases[i].cap_len, .vlan_valid = true,
					       .vlan_tci = 0x2064, .vlan_tpid = cases[i].tpid,
					       .outgoing = true };
		struct ft_packet_result result = { .packets = 1 };
		struct ft_packets *packets;
		const struct ft_packet *packet;

		ft_packet_store_add(store, frame, &meta, &result);
		packets = flush(1, 1, false);
		packet = packets->packet[0];
		assert_string_equal(packets->ifaces[0].name, "br0");
		assert_int_equal(packet->cap_len, cases[i].wanted);
		assert_int_equal(packet->wire_len, 16 + cases[i].wanted - cases[i].cap_len);
		if (packet->cap_len > 12)
			assert_memory_equal(packet->octets + 12, cases[i].octets,
					    packet->cap_len - 12);
		assert_int_equal(packet->flags, FT_PACKET_DIRECTED | FT_PACKET_OUTGOING);
		ft_packets_free(packets);
	}
}

/* Every packet of the table that counts is kept, with the flow that it counted for. */
static void test_log(void **state)
{
	static uint8_t frame[128 * 1024];
	struct ft_packet_log *log = ft_packet_log_new(0);
	struct ft_packets *packets;
	struct ft_batch batch;
	size_t count, kept = 0, i;
	const struct ft_packet_case *cases = ft_packet_cases(&count);

	(void)state;
	tear_down(NULL);
	assert_int_equal(open_store(64 << 20), 0);
	ft_packet_log_keep(log, store);
	for (i = 0; i < count; i++) {
		struct ft_packet_meta meta = { .link = FT_PACKET_ETHERNET, .tick = i + 1 };

		if (cases[i].link != FT_CASE_ETHERNET)
			continue;
		meta.wire_len = (uint32_t)ft_packet_case_bytes(&cases[i], frame, sizeof(frame));
		meta.cap_len = cases[i].cap_len ? cases[i].cap_len : meta.wire_len;
		ft_packet_log_add(log, frame, &meta, true);
		ft_packet_log_add(log, frame, &meta, false);
		kept++;
	}
	ft_packet_log_collect(log, &batch);
	packets = flush(1, UINT64_MAX, false);
	assert_int_equal(packets->count, kept);
	assert_int_equal(batch.scopes[0].counters.c[FT_C_SEEN].packets, kept);
	for (i = 0; i < packets->count; i++) {
		bool found = !(packets->packet[i]->flags & FT_PACKET_HAS_FLOW);

		for (size_t k = 0; k < batch.spans[0].count && !found; k++)
			found = memcmp(&batch.spans[0].entries[k].key, &packets->packet[i]->key,
				       sizeof(struct ft_flow_key)) == 0;
		assert_true(found);
	}
	ft_packets_free(packets);
	ft_packet_log_free(log);
}

/* A flow's filter lets each of its packets through, whatever is in the way. */
static void test_filter(void **state)
{
	static uint8_t frame[128 * 1024];
	struct ft_frags *frags = ft_frags_new(64);
	size_t count, tried = 0;
	const struct ft_packet_case *cases = ft_packet_cases(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		struct ft_packet_meta meta = { .link = FT_PACKET_ETHERNET, .tick = i + 1 };
		struct pcap_pkthdr header = { 0 };
		struct ft_packet_result result;
		struct bpf_program program;
		pcap_t *pcap;
		char *text;

		if (cases[i].link != FT_CASE_ETHERNET || cases[i].cap_len)
			continue;
		meta.wire_len = (uint32_t)ft_packet_case_bytes(&cases[i], frame, sizeof(frame));
		meta.cap_len = meta.wire_len;
		meta.gso_size = cases[i].gso_size;
		ft_packet_parse(frame, &meta, frags, &result);
		if (!result.is_flow)
			continue;
		text = ft_packet_ask_filter(&result.key, true, NULL);
		pcap = pcap_open_dead(DLT_EN10MB, 262144);
		if (pcap_compile(pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN) < 0)
			fail_msg("%s: %s", text, pcap_geterr(pcap));
		header.caplen = meta.cap_len;
		header.len = meta.wire_len;
		if (!pcap_offline_filter(&program, &header, frame))
			fail_msg("%s: not let through by %s", cases[i].name, text);
		pcap_freecode(&program);
		pcap_close(pcap);
		free(text);
		tried++;
	}
	if (tried < 20)
		fail_msg("only %zu packets of the table were tried", tried);
	ft_frags_free(frags);
}

/* And not everything: other hosts, other ports. With the user's own, both hold. */
static void test_narrow(void **state)
{
	struct ft_flow_key key = { .protocol = 6, .ip_version = 4, .port_a_be = htons(80),
				   .port_b_be = htons(5000) };
	char *text;

	(void)state;
	memset(key.addr_a + 10, 0xff, 2);
	memset(key.addr_b + 10, 0xff, 2);
	memcpy(key.addr_a + 12, "\x0a\0\0\1", 4);
	memcpy(key.addr_b + 12, "\x0a\0\0\2", 4);
	text = ft_packet_ask_filter(&key, false, "vlan 3");
	assert_string_equal(text, "((ip host 10.0.0.1 and ip host 10.0.0.2 and ((ip proto 6 and port 80 "
				  "and port 5000) or ip[6:2] & 0x1fff != 0))) and (vlan 3)");
	free(text);
	key.protocol = 1;
	text = ft_packet_ask_filter(&key, false, NULL);
	assert_string_equal(text, "(ip host 10.0.0.1 and ip host 10.0.0.2)");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hold, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bound, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_at_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_snaplen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tag, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_log, set_up, tear_down),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_narrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
