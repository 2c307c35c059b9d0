/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parser in the kernel against its twin: frames made at random, and those of the table of
 * packets with octets changed, go through the real program (BPF_PROG_TEST_RUN) and through
 * packet_log.c. Key for key and counter for counter both must have counted the same. A
 * difference is narrowed down to its frame, which is printed for the table.
 *
 * The seed is fixed, FT_FUZZ_SEED=N takes another, FT_FUZZ_FRAMES=N more frames. Super-packets
 * are tried at ingress only: at egress the kernel says their length, which a frame made up here
 * would have to compute as the parser does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>

#include <cmocka.h>

#include "capture/packet_log.h"
#include "core/snapshot.h"
#include "packets.h"
#include "tc_rig.h"

#define FRAMES 20000
#define TOGETHER 512         /* frames between two flips */
#define RENEW 8192           /* frames with one cache of fragments: the two evict differently */
#define FRAME_MAX (66 * 1024)
#define HEAD_MAX 256         /* octets that are not zero, those that tc_rig writes anew */
#define WHOLE_MAX 3000       /* longer frames are blown up: then the octets are in them twice */
#define ETHERNET_LEN 14
#define FLAGS (FT_ENTRY_FRAGMENT | FT_ENTRY_INEXACT | FT_ENTRY_EXTRA_SPI | FT_ENTRY_EXTRA_GRE)

/* A frame, and what the hook knows beside it. */
struct frame {
	uint8_t head[HEAD_MAX]; /* zeros follow */
	uint32_t len;
	uint32_t tag;
	uint16_t gso_size, gso_segs;
	bool egress;
};

static struct tc_rig rig;
static struct ft_packet_log *twin;
static struct frame frames[TOGETHER];
static uint8_t octets[FRAME_MAX];
static uint64_t seed = 0x5eed5eed5eed5eed;

/* xorshift64 */
static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint32_t below(uint32_t bound)
{
	return (uint32_t)(next_random() >> 16) % bound;
}

/* ---- frames */

/* An octet or two that mean something in some header. */
static void put_word(uint8_t *at)
{
	static const uint16_t words[] = {
		0x0800, 0x86dd, 0x8100, 0x88a8, 0x0806, 0x8847, 0x8863, 0x8864, 0x0021, 0x0057,
		0x4500, 0x4600, 0x4f00, 0x6000, 0x2000, 0x4000, 0x0001, 0x1fff, 0x2001, 0x0014,
		0x0028, 0x0000, 0xffff, 4789, 6081, 0x0600, 0x05ff, 0x4011, 0x4006,
	};
	uint16_t word = words[below(sizeof(words) / sizeof(words[0]))];

	at[0] = (uint8_t)(word >> 8);
	at[1] = (uint8_t)word;
}

/* Any protocol number, mostly one that parsers know. */
static uint8_t any_protocol(void)
{
	static const uint8_t known[] = { 6, 17, 1, 58, 132, 50, 51, 47, 4, 41, 0, 43, 44, 60, 135,
					 139, 140, 59, 33, 136, 2, 89 };

	return below(4) ? known[below(sizeof(known))] : (uint8_t)next_random();
}

/* Random octets behind headers that are nearly right. */
static void make_frame(struct frame *frame)
{
	uint8_t *at = frame->head + 12, *end = frame->head + HEAD_MAX;
	bool v6 = below(2);

	for (size_t i = 0; i < HEAD_MAX; i++)
		frame->head[i] = (uint8_t)(below(3) ? next_random() : 0);
	for (uint32_t tags = below(4); tags > 0 && tags < 3; tags--, at += 4)
		memcpy(at, below(2) ? "\x81\x00" : "\x88\xa8", 2);
	memcpy(at, v6 ? "\x86\xdd" : "\x08\x00", 2);
	at += 2;
	frame->len = (uint32_t)(at - frame->head) + below(400);
	if (frame->len < ETHERNET_LEN)
		frame->len = ETHERNET_LEN;
	if (!v6) {
		at[0] = (uint8_t)(below(8) ? 0x45 : 0x40 + below(16));
		at[2] = 0;
		at[6] = (uint8_t)(below(3) ? 0x40 : next_random());
		at[7] = (uint8_t)(at[6] & 0x1f ? next_random() : 0);
		at[9] = any_protocol();
		return;
	}
	at[0] = (uint8_t)(below(16) ? 0x60 : next_random());
	at[4] = 0;
	at[6] = any_protocol();
	for (at += 40; at < end - 8 && below(4); at += 8 + at[1] * 8) {
		at[0] = any_protocol();
		at[1] = (uint8_t)(below(4) ? below(3) : next_random());
		if ((at + 16 + at[1] * 8) >= end)
			break;
	}
}

/* One of the table; false if it cannot be run here. */
static bool take_case(struct frame *frame)
{
	size_t count;
	const struct ft_packet_case *cases = ft_packet_cases(&count);
	const struct ft_packet_case *c = &cases[below((uint32_t)count)];
	size_t len = ft_packet_case_bytes(c, octets, sizeof(octets));

	if (!ft_packet_case_in_kernel(c) || c->link != FT_CASE_ETHERNET || len < ETHERNET_LEN)
		return false;
	memset(frame->head, 0, sizeof(frame->head));
	memcpy(frame->head, octets, len < HEAD_MAX ? len : HEAD_MAX);
	frame->len = (uint32_t)len;
	frame->tag = c->vlan_valid ? (uint32_t)c->vlan_proto << 16 | c->vlan_tci : 0;
	frame->gso_size = c->gso_size;
	frame->gso_segs = c->gso_segs;
	frame->egress = c->egress && !c->gso_size;
	return true;
}

/* Changes a little of a frame. */
static void change_frame(struct frame *frame)
{
	uint32_t bound = frame->len < 120 ? frame->len : 120;

	for (uint32_t n = below(5); n > 0; n--) {
		uint32_t at = below(bound);

		switch (below(5)) {
		case 0:
			put_word(&frame->head[at < HEAD_MAX - 2 ? at & ~1U : 0]);
			break;
		case 1:
			frame->head[at] ^= (uint8_t)(1U << below(8));
			break;
		case 2:
			frame->head[at] = any_protocol();
			break;
		default:
			frame->head[at] = (uint8_t)next_random();
		}
	}
	if (!below(6)) /* cut off, or padded */
		frame->len = ETHERNET_LEN + below(below(2) ? 100 : 1600);
	if (!below(10))
		frame->tag = (below(2) ? 0x81000000U : 0x88a80000U) | below(65536);
	if (frame->gso_size && !below(4))
		frame->gso_size = (uint16_t)(1 + below(below(2) ? 1500 : 65534));
	if (frame->gso_size && !below(4))
		frame->gso_segs = (uint16_t)below(100);
}

static void next_frame(struct frame *frame)
{
	memset(frame, 0, sizeof(*frame));
	frame->egress = below(2);
	if (below(4) == 0)
		make_frame(frame);
	else
		while (!take_case(frame))
			;
	if (below(8))
		change_frame(frame);
	/* The kernel forgets segments when a frame is cut off, as those below 64 octets are. */
	if (frame->len < 64)
		frame->gso_size = frame->gso_segs = 0;
}

/* ---- both parsers */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void send_frame(const struct frame *frame)
{
	struct tc_rig_packet packet = {
		.octets = octets,
		.len = frame->len,
		.tag = frame->tag,
		.gso_size = frame->gso_size,
		.gso_segs = frame->gso_segs,
		.egress = frame->egress,
	};
	struct ft_packet_meta meta = {
		.link = FT_PACKET_ETHERNET,
		.wire_len = frame->len,
		.cap_len = frame->len,
		.ifindex = RIG_IFINDEX,
		.scope = RIG_SCOPE,
		.outgoing = frame->egress,
		.vlan_valid = frame->tag != 0,
		.vlan_tci = (uint16_t)frame->tag,
		.gso_size = frame->gso_size,
		.gso_segs = frame->gso_segs,
		.tick = now_ns(),
	};
	uint32_t head = frame->len < HEAD_MAX ? frame->len : HEAD_MAX;

	assert_true(frame->len <= FRAME_MAX);
	memset(octets, 0, frame->len);
	memcpy(octets, frame->head, head);
	assert_int_equal(tc_rig_shape(&rig, &packet), 0);
	if (frame->len > WHOLE_MAX)
		memcpy(octets + frame->len - WHOLE_MAX, frame->head, head);
	memcpy(octets, frame->head, head);
	ft_packet_log_add(twin, octets, &meta, true);
}

/* What was counted for one key. */
struct sum {
	struct ft_flow_key key;
	struct ft_counts dir[2];
	uint8_t tcp_flags[2];
	uint8_t flags;
};

static int compare_sums(const void *a, const void *b)
{
	return memcmp(&((const struct sum *)a)->key, &((const struct sum *)b)->key,
		      sizeof(struct ft_flow_key));
}

/* Entries of one key become one: where a new connection begins isn't asked here. */
static size_t sum_up(const struct ft_batch *batch, struct sum *sums, size_t space)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < batch->span_count; i++)
		for (size_t j = 0; j < batch->spans[i].count; j++) {
			const struct ft_entry *entry = &batch->spans[i].entries[j];
			struct sum *sum = &sums[count++];

			assert_true(count <= space);
			memset(sum, 0, sizeof(*sum));
			sum->key = entry->key;
			memcpy(sum->dir, entry->dir, sizeof(sum->dir));
			memcpy(sum->tcp_flags, entry->tcp_flags, sizeof(sum->tcp_flags));
			sum->flags = entry->flags[0] & FLAGS;
		}
	qsort(sums, count, sizeof(*sums), compare_sums);
	for (size_t i = 0; i < count; i++) {
		struct sum *to = kept ? &sums[kept - 1] : NULL;

		if (!to || compare_sums(to, &sums[i]) != 0) {
			sums[kept++] = sums[i];
			continue;
		}
		for (int d = 0; d < 2; d++) {
			to->dir[d].packets += sums[i].dir[d].packets;
			to->dir[d].bytes += sums[i].dir[d].bytes;
			to->dir[d].l2_bytes += sums[i].dir[d].l2_bytes;
			to->tcp_flags[d] |= sums[i].tcp_flags[d];
		}
		to->flags |= sums[i].flags;
	}
	return kept;
}

static struct sum ours[TOGETHER * 2], theirs[TOGETHER * 2];
static size_t our_count, their_count;
static struct tc_rig_sums their_sums, our_sums;

/* What one of them made of a frame. */
static void print_counts(const char *who, const struct sum *sum, size_t count,
			 const struct tc_rig_sums *sums)
{
	print_error("%s:", who);
	for (int c = 0; c < FT_C_MAX; c++)
		if (sums->counters.c[c].packets)
			print_error(" %s %llu, %llu;",
				    c ? ft_counter_name((enum ft_counter)c) : "seen",
				    (unsigned long long)sums->counters.c[c].packets,
				    (unsigned long long)sums->counters.c[c].l2_bytes);
	for (; count > 0; count--, sum++)
		for (int d = 0; d < 2; d++)
			print_error(" ports %u %u, protocol %u, VLANs %u %u, dir %d: %llu packets,"
				    " %llu, %llu octets, tcp %02x, flags %02x;",
				    ntohs(sum->key.port_a_be), ntohs(sum->key.port_b_be),
				    sum->key.protocol, sum->key.vlan_outer, sum->key.vlan_inner, d,
				    (unsigned long long)sum->dir[d].packets,
				    (unsigned long long)sum->dir[d].bytes,
				    (unsigned long long)sum->dir[d].l2_bytes, sum->tcp_flags[d],
				    sum->flags);
	print_error("\n");
}

/* Flips both; true if they counted the same. *ret_flows: how many. */
static bool same_counts(size_t *ret_flows)
{
	struct ft_batch kernel, user;

	memset(&their_sums, 0, sizeof(their_sums));
	memset(&our_sums, 0, sizeof(our_sums));
	memset(ours, 0, sizeof(ours));
	memset(theirs, 0, sizeof(theirs));
	assert_int_equal(ft_tc_store_collect(rig.store, &kernel), 0);
	ft_packet_log_collect(twin, &user);
	tc_rig_sum(&kernel, &their_sums);
	tc_rig_sum(&user, &our_sums);
	assert_true(tc_rig_adds_up(&their_sums) && tc_rig_adds_up(&our_sums));
	our_count = sum_up(&user, ours, TOGETHER * 2);
	their_count = sum_up(&kernel, theirs, TOGETHER * 2);
	*ret_flows = our_count;
	return their_count == our_count &&
	       memcmp(ours, theirs, our_count * sizeof(ours[0])) == 0 &&
	       memcmp(&their_sums.counters, &our_sums.counters, sizeof(our_sums.counters)) == 0 &&
	       memcmp(&their_sums.hooks, &our_sums.hooks, sizeof(our_sums.hooks)) == 0;
}

static void renew(void)
{
	char err[FT_REASON_MAX];

	if (twin) {
		tc_rig_close(&rig);
		ft_packet_log_free(twin);
	}
	twin = ft_packet_log_new(0);
	assert_int_equal(tc_rig_open(&rig, TOGETHER * 2, 64, 1, 1, err, sizeof(err)), 0);
}

/* Prints the first frame, one by one, that both see differently. */
static void narrow_down(size_t count)
{
	size_t flows;

	renew();
	for (size_t i = 0; i < count; i++) {
		const struct frame *frame = &frames[i];

		send_frame(frame);
		if (same_counts(&flows))
			continue;
		print_error("frame of %u octets, %s, tag %08x, gso %u * %u:\n", frame->len,
			    frame->egress ? "egress" : "ingress", frame->tag, frame->gso_size,
			    frame->gso_segs);
		for (uint32_t at = 0; at < frame->len && at < 160; at++)
			print_error("%02x%s", frame->head[at], at % 16 == 15 ? "\n" : " ");
		print_counts("kernel", theirs, their_count, &their_sums);
		print_counts("twin", ours, our_count, &our_sums);
		fail_msg("the two parsers differ");
	}
	fail_msg("the two parsers differ in frames together, not in one");
}

static void equal_counts(void **state)
{
	const char *wish = getenv("FT_FUZZ_FRAMES");
	unsigned long long want = wish ? strtoull(wish, NULL, 10) : FRAMES, done = 0, flows = 0;

	(void)state;
	while (done < want) {
		size_t some;

		if (done % RENEW == 0)
			renew();
		for (size_t i = 0; i < TOGETHER; i++) {
			next_frame(&frames[i]);
			send_frame(&frames[i]);
		}
		if (!same_counts(&some))
			narrow_down(TOGETHER);
		done += TOGETHER;
		flows += some;
	}
	/* If few were flows, the frames would be too wild to test anything. */
	assert_true(flows > done / 8);
	print_message("# %llu frames, %llu flows\n", done, flows);
}

static int close_rig(void **state)
{
	(void)state;
	if (twin) {
		tc_rig_close(&rig);
		ft_packet_log_free(twin);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(equal_counts) };
	const char *wish = getenv("FT_FUZZ_SEED");

	if (tc_rig_skips())
		return 0;
	if (wish)
		seed ^= strtoull(wish, NULL, 10) * 0x9e3779b97f4a7c15U;
	return cmocka_run_group_tests_name("tc fuzz", tests, NULL, close_rig);
}
