/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets: any octets behind any link layer, several in a row so that fragments meet. An input
 * is a list of packets: 14 octets of what the hook knows beside it, two of length, its octets.
 * Whatever comes, the line adds up and a flow's key is canonical.
 */
#include <stdlib.h>
#include <string.h>

#include "capture/packet_log.h"
#include "tests/fuzz/fuzz.h"

#define PACKETS_MAX 64

const char fuzz_name[] = "packet";

/* What the hook says, of the input's first octets. */
static struct ft_packet_meta take_meta(const uint8_t **data, size_t *size)
{
	uint64_t bits = fuzz_take(data, size, 1);
	struct ft_packet_meta meta = {
		.link = (enum ft_packet_link)(bits % 5),
		.outgoing = bits & 8,
		.vlan_valid = bits & 16,
		.vlan_aware = bits & 32,
		.scope = bits & 64 ? 1 : 3,
		.ifindex = bits & 128 ? 7 : 8,
		.tick = 1000000000,
	};

	meta.vlan_tci = (uint16_t)fuzz_take(data, size, 2);
	meta.pvid = (uint16_t)fuzz_take(data, size, 2);
	meta.gso_size = (uint16_t)fuzz_take(data, size, 2);
	meta.gso_segs = (uint16_t)fuzz_take(data, size, 2);
	meta.protocol = (uint16_t)fuzz_take(data, size, 2);
	meta.wire_len = (uint32_t)fuzz_take(data, size, 3); /* beyond what was captured */
	return meta;
}

static void check_flow(const struct ft_packet_result *result)
{
	const struct ft_flow_key *key = &result->key;
	int order = memcmp(key->addr_a, key->addr_b, 16);

	FUZZ_CHECK(key->ip_version == 4 || key->ip_version == 6);
	FUZZ_CHECK(result->dir == FT_DIR_AB || result->dir == FT_DIR_BA);
	FUZZ_CHECK(result->bytes <= result->l2_bytes);
	FUZZ_CHECK(order <= 0);
}

/* The log's line after all of them. */
static void check_line(struct ft_packet_log *log)
{
	uint64_t packets = 0, l2_bytes = 0;
	struct ft_batch batch = { 0 };

	ft_packet_log_collect(log, &batch);
	for (size_t i = 0; i < batch.scope_count; i++)
		for (int c = 0; c < FT_C_MAX; c++) {
			const struct ft_tally *tally = &batch.scopes[i].counters.c[c];

			packets += c == FT_C_SEEN ? tally->packets : -tally->packets;
			l2_bytes += c == FT_C_SEEN ? tally->l2_bytes : -tally->l2_bytes;
		}
	for (size_t i = 0; i < batch.span_count; i++)
		for (size_t j = 0; j < batch.spans[i].count; j++)
			for (int dir = 0; dir < 2; dir++) {
				packets -= batch.spans[i].entries[j].dir[dir].packets;
				l2_bytes -= batch.spans[i].entries[j].dir[dir].l2_bytes;
			}
	FUZZ_CHECK(packets == 0 && l2_bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ft_packet_log *log = ft_packet_log_new(16);
	struct ft_frags *frags = ft_frags_new(8);

	for (int i = 0; i < PACKETS_MAX && size > 0; i++) {
		struct ft_packet_meta meta = take_meta(&data, &size);
		size_t length = fuzz_take(&data, &size, 2);
		struct ft_packet_result result;
		uint8_t *octets;

		if (length > size)
			length = size;
		octets = fuzz_copy(data, length);
		data += length;
		size -= length;
		meta.cap_len = (uint32_t)length;
		meta.wire_len += (uint32_t)length;
		ft_packet_parse(octets, &meta, frags, &result);
		if (result.is_flow)
			check_flow(&result);
		else
			FUZZ_CHECK(result.counter > FT_C_SEEN && result.counter < FT_C_MAX);
		FUZZ_CHECK(result.packets >= 1);
		ft_packet_log_add(log, octets, &meta, true);
		free(octets);
	}
	check_line(log);
	ft_frags_free(frags);
	ft_packet_log_free(log);
	return 0;
}
