/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rings' filter programs, run by a small interpreter of just what they are made of: the
 * kernel's own would need a socket, libpcap's doesn't know the kernel's ancillary loads.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/packet_filter.h"

#define SNAPLEN 256

/* Octets that a program keeps of a packet of this interface and type; all jumps are checked. */
static uint32_t run(const struct ft_packet_filter *filter, uint32_t ifindex, uint32_t type,
		    const uint8_t *data, size_t size)
{
	uint32_t a = 0;
	size_t pc = 0, steps;

	for (steps = 0; steps <= filter->count; steps++) {
		const struct sock_filter *insn = &filter->insns[pc++];

		assert_true(pc <= filter->count);
		switch (insn->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(insn->k == (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX) ||
				    insn->k == (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
			a = insn->k == (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX) ? ifindex : type;
			break;
		case BPF_LD | BPF_H | BPF_ABS:
			assert_true(insn->k + 2 <= size);
			a = (uint32_t)data[insn->k] << 8 | data[insn->k + 1];
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == insn->k ? insn->jt : insn->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= insn->k ? insn->jt : insn->jf;
			break;
		case BPF_JMP | BPF_JA:
			pc += insn->k;
			break;
		case BPF_RET | BPF_K:
			return insn->k;
		default:
			fail_msg("instruction %#x", insn->code);
		}
	}
	fail_msg("the program doesn't end");
	return 0;
}

static void test_directions(void **state)
{
	static const struct {
		bool rx, tx;
		uint32_t in, out;
	} rows[] = {
		{ true, true, SNAPLEN, SNAPLEN },
		{ true, false, SNAPLEN, 0 },
		{ false, true, 0, SNAPLEN },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ft_packet_filter filter;

		ft_packet_filter_build(NULL, 0, rows[i].rx, rows[i].tx, NULL, SNAPLEN, &filter);
		assert_int_equal(run(&filter, 1, PACKET_HOST, NULL, 0), rows[i].in);
		assert_int_equal(run(&filter, 1, PACKET_OTHERHOST, NULL, 0), rows[i].in);
		assert_int_equal(run(&filter, 1, PACKET_OUTGOING, NULL, 0), rows[i].out);
		ft_packet_filter_done(&filter);
	}
}

/* Every number of interfaces: those listed pass, their neighbours don't. */
static void test_interfaces(void **state)
{
	uint32_t ifindexes[1024];
	size_t count, i;

	(void)state;
	for (i = 0; i < 1024; i++)
		ifindexes[i] = (uint32_t)(3 * i + 2 + (i > 500 ? 1000000 : 0));
	for (count = 1; count <= 1024; count += count < 70 ? 1 : 106) {
		struct ft_packet_filter filter;

		ft_packet_filter_build(ifindexes, count, true, false, NULL, SNAPLEN, &filter);
		assert_true(filter.count <= BPF_MAXINSNS);
		for (i = 0; i < count; i++) {
			assert_int_equal(run(&filter, ifindexes[i], PACKET_HOST, NULL, 0),
					 SNAPLEN);
			assert_int_equal(run(&filter, ifindexes[i], PACKET_OUTGOING, NULL, 0), 0);
			assert_int_equal(run(&filter, ifindexes[i] + 1, PACKET_HOST, NULL, 0), 0);
			assert_int_equal(run(&filter, ifindexes[i] - 1, PACKET_HOST, NULL, 0), 0);
		}
		assert_int_equal(run(&filter, 0xffffffff, PACKET_HOST, NULL, 0), 0);
		ft_packet_filter_done(&filter);
	}
}

/* -f behind the tests, and set to the ring's snap length. */
static void test_user(void **state)
{
	static const uint8_t arp[60] = { [12] = 8, [13] = 6 }, other[60] = { [12] = 8 };
	struct ft_packet_filter user, filter;
	uint32_t ifindexes[] = { 4, 9 };
	char err[200] = "";

	(void)state;
	/* "l3 = false" for an interface that isn't there: judged without it */
	assert_int_equal(ft_packet_filter_compile("arp", "no-such-if", false, &user, err,
						  sizeof(err)), 0);
	ft_packet_filter_build(ifindexes, 2, false, true, &user, 99, &filter);
	assert_int_equal(run(&filter, 9, PACKET_OUTGOING, arp, sizeof(arp)), 99);
	assert_int_equal(run(&filter, 9, PACKET_OUTGOING, other, sizeof(other)), 0);
	assert_int_equal(run(&filter, 9, PACKET_HOST, arp, sizeof(arp)), 0);
	assert_int_equal(run(&filter, 8, PACKET_OUTGOING, arp, sizeof(arp)), 0);
	ft_packet_filter_done(&filter);

	/* paused: nothing passes */
	ft_packet_filter_build(NULL, 0, true, true, &user, 0, &filter);
	assert_int_equal(run(&filter, 9, PACKET_HOST, arp, sizeof(arp)), 0);
	ft_packet_filter_done(&filter);
	ft_packet_filter_done(&user);
}

static void test_wrong_expressions(void **state)
{
	static const char *const wrong[] = { "tcp prot 80", "host", "(", "port 99999",
					     "host 1.2.3.4.5" };
	struct ft_packet_filter filter;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char err[200] = "";

		assert_int_equal(ft_packet_filter_compile(wrong[i], "lo", i & 1, &filter, err,
							  sizeof(err)), -EINVAL);
		assert_int_equal(strncmp(err, "-f: ", 4), 0);
		assert_true(strlen(err) > 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_wrong_expressions),
	};

	return cmocka_run_group_tests_name("packet_filter", tests, NULL, NULL);
}
