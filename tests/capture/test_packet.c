/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet.c against the table of packets, the fragment cache's bounds, and a parser that
 * survives anything: every prefix of every packet, and octets changed at random (fixed seed),
 * each in a buffer of exactly its length so that AddressSanitizer sees a read too far.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/packet.h"
#include "packets.h"

#define FRAME_MAX (128 * 1024)
#define SCOPE 3

static uint8_t frame[FRAME_MAX];

/* What AF_PACKET or a file would say beside the octets. */
static struct ft_packet_meta case_meta(const struct ft_packet_case *c, size_t len)
{
	static const enum ft_packet_link links[] = {
		[FT_CASE_ETHERNET] = FT_PACKET_ETHERNET, [FT_CASE_L3] = FT_PACKET_RAW,
		[FT_CASE_SLL] = FT_PACKET_SLL,           [FT_CASE_SLL2] = FT_PACKET_SLL2,
		[FT_CASE_NULL] = FT_PACKET_NULL,
	};

	return (struct ft_packet_meta){
		.link = links[c->link],
		.wire_len = (uint32_t)len,
		.cap_len = c->cap_len ? c->cap_len : (uint32_t)len,
		.scope = SCOPE,
		.outgoing = c->egress,
		.vlan_valid = c->vlan_valid,
		.vlan_tci = c->vlan_tci,
		.vlan_aware = c->vlan_aware,
		.pvid = c->pvid,
		.gso_size = c->gso_size,
		.gso_segs = c->gso_segs,
		.tick = 1000000000,
	};
}

/* Says which case failed; cmocka's own message names the expression only. */
#define CHECK(c, condition)                                                        \
	do {                                                                       \
		if (!(condition))                                                  \
			fail_msg("case \"%s\": %s", (c)->name, #condition);        \
	} while (0)

/* Compares one result with its case. */
static void check_case(const struct ft_packet_case *c, const struct ft_packet_result *r)
{
	struct ft_flow_key key;

	CHECK(c, r->is_flow == (c->verdict == FT_CASE_FLOW));
	CHECK(c, r->packets == c->packets);
	CHECK(c, r->l2_bytes == c->l2_bytes);
	if (!r->is_flow) {
		CHECK(c, (int)r->counter == c->verdict);
		return;
	}
	ft_packet_case_key(c, SCOPE, &key);
	CHECK(c, memcmp(r->key.addr_a, key.addr_a, 16) == 0);
	CHECK(c, memcmp(r->key.addr_b, key.addr_b, 16) == 0);
	CHECK(c, r->key.port_a_be == key.port_a_be);
	CHECK(c, r->key.port_b_be == key.port_b_be);
	CHECK(c, r->key.vlan_outer == key.vlan_outer);
	CHECK(c, r->key.vlan_inner == key.vlan_inner);
	CHECK(c, r->key.protocol == key.protocol);
	CHECK(c, memcmp(&r->key, &key, sizeof(key)) == 0);
	CHECK(c, r->dir == c->dir);
	CHECK(c, r->bytes == c->bytes);
	CHECK(c, r->tcp_flags == c->tcp_flags);
	CHECK(c, r->flags == c->flags);
	CHECK(c, r->reply == c->reply);
	CHECK(c, r->extra == c->extra);
}

static void test_table(void **state)
{
	struct ft_frags *frags = ft_frags_new(16);
	struct ft_packet_result result;
	size_t count, i;
	const struct ft_packet_case *cases = ft_packet_cases(&count);

	(void)state;
	for (i = 0; i < count; i++) {
		size_t len = ft_packet_case_bytes(&cases[i], frame, sizeof(frame));
		struct ft_packet_meta meta = case_meta(&cases[i], len);

		assert_true(len > 0);
		ft_packet_parse(frame, &meta, frags, &result);
		check_case(&cases[i], &result);
	}
	ft_frags_free(frags);
}

/* Without gso_segs (AF_PACKET never has them) the ceil formula gives the same. */
static void test_table_without_segments(void **state)
{
	struct ft_frags *frags = ft_frags_new(16);
	struct ft_packet_result result;
	size_t count, i, tried = 0;
	const struct ft_packet_case *cases = ft_packet_cases(&count);

	(void)state;
	for (i = 0; i < count; i++) {
		size_t len = ft_packet_case_bytes(&cases[i], frame, sizeof(frame));
		struct ft_packet_meta meta = case_meta(&cases[i], len);

		if (!cases[i].gso_segs || cases[i].verdict != FT_CASE_FLOW ||
		    (cases[i].flags & FT_ENTRY_INEXACT))
			continue;
		meta.gso_segs = 0;
		ft_packet_parse(frame, &meta, frags, &result);
		check_case(&cases[i], &result);
		tried++;
	}
	assert_true(tried > 10);
	ft_frags_free(frags);
}

/* A ring's snap length of 256 changes no result. */
static void test_table_snapped(void **state)
{
	struct ft_frags *frags = ft_frags_new(16);
	struct ft_packet_result result;
	size_t count, i;
	const struct ft_packet_case *cases = ft_packet_cases(&count);

	(void)state;
	for (i = 0; i < count; i++) {
		size_t len = ft_packet_case_bytes(&cases[i], frame, sizeof(frame));
		struct ft_packet_meta meta = case_meta(&cases[i], len);

		if (meta.cap_len > 256)
			meta.cap_len = 256;
		ft_packet_parse(frame, &meta, frags, &result);
		check_case(&cases[i], &result);
	}
	ft_frags_free(frags);
}

/* One parse from a heap buffer that ends where the packet ends. */
static void parse_exact(const struct ft_packet_meta *meta, struct ft_frags *frags,
			struct ft_packet_result *result)
{
	uint8_t *copy = malloc(meta->cap_len ? meta->cap_len : 1);

	assert_non_null(copy);
	memcpy(copy, frame, meta->cap_len);
	ft_packet_parse(copy, meta, frags, result);
	free(copy);
}

static void test_every_prefix(void **state)
{
	struct ft_frags *frags = ft_frags_new(16);
	struct ft_packet_result result;
	size_t count, i;
	const struct ft_packet_case *cases = ft_packet_cases(&count);

	(void)state;
	for (i = 0; i < count; i++) {
		size_t len = ft_packet_case_bytes(&cases[i], frame, sizeof(frame));
		struct ft_packet_meta meta = case_meta(&cases[i], len);
		uint32_t cut;

		for (cut = 0; cut <= cases[i].head_len && cut <= len; cut++) {
			/* not captured: still one packet of full length, if no super-packet */
			meta.wire_len = (uint32_t)len;
			meta.cap_len = cut;
			parse_exact(&meta, frags, &result);
			CHECK(&cases[i], meta.gso_size || result.packets == 1);
			CHECK(&cases[i], meta.gso_size || result.l2_bytes == cases[i].l2_bytes ||
						 meta.link >= FT_PACKET_SLL);
			/* cut off on the wire */
			meta.wire_len = cut;
			parse_exact(&meta, frags, &result);
			CHECK(&cases[i], result.packets >= 1);
			CHECK(&cases[i], result.is_flow || result.counter < FT_C_MAX);
		}
	}
	ft_frags_free(frags);
}

/* xorshift64, so that every run sees the same packets. */
static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void test_random_octets(void **state)
{
	struct ft_frags *frags = ft_frags_new(16);
	struct ft_packet_result result;
	size_t count, i, round;
	const struct ft_packet_case *cases = ft_packet_cases(&count);
	uint64_t seed = 88172645463325252u;
	uint64_t flows = 0;

	(void)state;
	for (i = 0; i < count; i++) {
		size_t len = ft_packet_case_bytes(&cases[i], frame, sizeof(frame));
		struct ft_packet_meta meta = case_meta(&cases[i], len);

		if (meta.cap_len > 256)
			meta.cap_len = 256;
		for (round = 0; round < 300; round++) {
			size_t at = next_random(&seed) % cases[i].head_len;

			frame[at] = (uint8_t)next_random(&seed);
			meta.gso_size = round % 3 ? cases[i].gso_size : 1;
			parse_exact(&meta, frags, &result);
			flows += result.is_flow;
			CHECK(&cases[i], result.l2_bytes >= meta.wire_len ||
						 meta.link >= FT_PACKET_SLL);
			CHECK(&cases[i], !result.is_flow || result.bytes <= result.l2_bytes);
		}
	}
	assert_true(flows > 1000);
	ft_frags_free(frags);
}

/* A key that differs by id only. */
static struct ft_frag_key frag_key(uint32_t id)
{
	struct ft_frag_key key;

	memset(&key, 0, sizeof(key));
	key.id = id;
	key.protocol = 17;
	return key;
}

static void test_fragments_expire(void **state)
{
	const uint64_t ttl = FT_FRAG_TTL_SEC * 1000000000ull;
	struct ft_frags *frags = ft_frags_new(4);
	struct ft_frag_key key = frag_key(1);
	struct ft_frag_value value = { .protocol = 17, .sport_be = 1, .dport_be = 2 }, got;

	(void)state;
	ft_frags_put(frags, &key, &value, 1000);
	assert_true(ft_frags_get(frags, &key, false, 1000 + ttl, &got));
	assert_int_equal(got.dport_be, 2);
	assert_false(ft_frags_get(frags, &key, false, 1001 + ttl, &got));
	assert_false(ft_frags_get(frags, &key, false, 1000, &got));
	/* a clock that goes back doesn't void anything */
	ft_frags_put(frags, &key, &value, 1000 + ttl);
	assert_true(ft_frags_get(frags, &key, true, 5, &got));
	assert_false(ft_frags_get(frags, &key, true, 5, &got));
	ft_frags_free(frags);
}

static void test_fragments_bounded(void **state)
{
	struct ft_frags *frags = ft_frags_new(64);
	struct ft_frag_value value = { .protocol = 17 }, got;
	struct ft_frag_key key;
	uint32_t i, kept = 0;

	(void)state;
	for (i = 0; i < 1000; i++) {
		key = frag_key(i);
		value.sport_be = (uint16_t)i;
		ft_frags_put(frags, &key, &value, i);
		key = frag_key(0); /* in use all the time: never the least recent */
		assert_true(ft_frags_get(frags, &key, false, i, &got));
		assert_int_equal(got.sport_be, 0);
	}
	for (i = 0; i < 1000; i++) {
		key = frag_key(i);
		if (!ft_frags_get(frags, &key, true, 1000, &got))
			continue;
		assert_int_equal(got.sport_be, i);
		assert_true(i == 0 || i >= 1000 - 63);
		kept++;
	}
	assert_int_equal(kept, 64);
	ft_frags_free(frags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_without_segments),
		cmocka_unit_test(test_table_snapped),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_random_octets),
		cmocka_unit_test(test_fragments_expire),
		cmocka_unit_test(test_fragments_bounded),
	};

	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
