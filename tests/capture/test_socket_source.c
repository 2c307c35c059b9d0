/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets asked of the kernel: a connection of this process on loopback is found by its ends
 * under the cookie that the kernel gives it, and its record says what TCP_INFO says. Messages
 * of any length and content are taken without harm. Needs no privilege.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "capture/socket_ends.h"
#include "capture/socket_source.h"

#define SECOND UINT64_C(1000000000)

/* A connection on loopback, both ends ours. */
struct pair {
	int listener, client, server;
	struct sockaddr_in client_name, server_name;
};

static void make_pair(struct pair *pair)
{
	struct sockaddr_in name = { .sin_family = AF_INET };
	socklen_t length = sizeof(name);

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	pair->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(pair->listener, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(pair->listener, 1), 0);
	assert_int_equal(getsockname(pair->listener, (struct sockaddr *)&pair->server_name,
				     &length), 0);
	pair->client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(pair->client, (struct sockaddr *)&pair->server_name, length), 0);
	pair->server = accept(pair->listener, NULL, NULL);
	assert_true(pair->server >= 0);
	assert_int_equal(getsockname(pair->client, (struct sockaddr *)&pair->client_name, &length),
			 0);
}

static void close_pair(struct pair *pair)
{
	close(pair->client);
	close(pair->server);
	close(pair->listener);
}

static void put_end(const struct sockaddr_in *name, uint8_t addr[16], __be16 *port)
{
	memset(addr, 0, 10);
	addr[10] = addr[11] = 0xff;
	memcpy(addr + 12, &name->sin_addr, 4);
	*port = name->sin_port;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length), 0);
	return cookie;
}

/* Asks until a whole answer came; the kernel never makes it wait. */
static void ask(struct ft_socket_source *source, uint64_t now)
{
	for (int i = 0; i < 1000; i++)
		if (ft_socket_source_refresh(source, now))
			return;
	fail_msg("no answer");
}

/* The newest record of a cookie, or NULL. */
static const struct ft_health *record_of(struct ft_socket_source *source, uint64_t cookie)
{
	struct ft_batch batch = { 0 };

	ft_socket_source_put(source, &batch);
	for (size_t i = 0; i < batch.socket_span_count; i++)
		for (size_t j = 0; j < batch.socket_spans[i].count; j++)
			if (batch.socket_spans[i].sockets[j].cookie == cookie)
				return &batch.socket_spans[i].sockets[j];
	return NULL;
}

static void test_a_connection_is_found(void **state)
{
	struct ft_socket_source *source = ft_socket_source_new();
	struct ft_flow_key key = { .protocol = IPPROTO_TCP, .ip_version = 4 };
	const struct ft_health *health;
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);
	char data[5000] = { 0 };
	struct pair pair;

	(void)state;
	make_pair(&pair);
	put_end(&pair.client_name, key.addr_a, &key.port_a_be);
	put_end(&pair.server_name, key.addr_b, &key.port_b_be);
	assert_int_equal(ft_socket_source_find(source, &key, 0), 0); /* nothing asked yet */
	assert_int_equal(send(pair.client, data, sizeof(data), 0), sizeof(data));
	assert_int_equal(recv(pair.server, data, 1000, MSG_WAITALL), 1000);
	ask(source, SECOND);
	assert_int_equal(ft_socket_source_find(source, &key, 0), cookie_of(pair.client));
	assert_int_equal(ft_socket_source_find(source, &key, 1), cookie_of(pair.server));
	key.port_b_be ^= 1;
	assert_int_equal(ft_socket_source_find(source, &key, 0), 0);

	health = record_of(source, cookie_of(pair.client));
	assert_non_null(health);
	assert_int_equal(getsockopt(pair.client, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
	assert_int_equal(health->state, FT_HEALTH_ESTABLISHED);
	assert_int_equal(health->bytes_acked, info.tcpi_bytes_acked);
	assert_int_equal(health->srtt_us, info.tcpi_rtt);
	assert_int_equal(health->cwnd, info.tcpi_snd_cwnd);
	assert_int_equal(health->mss, info.tcpi_snd_mss);
	assert_int_equal(health->total_retrans, info.tcpi_total_retrans);
	assert_int_equal(health->segs_out, info.tcpi_segs_out);
	assert_true(health->congestion[0] != '\0');
	health = record_of(source, cookie_of(pair.server));
	assert_non_null(health);
	assert_int_equal(health->bytes_received, 5000);
	assert_int_equal(health->rqueue, 4000);

	/* Gone at once, it is in no new answer; between answers nobody asks. */
	assert_false(ft_socket_source_refresh(source, SECOND + 1));
	close_pair(&pair);
	key.port_b_be ^= 1;
	ask(source, 1000 * SECOND);
	assert_int_equal(ft_socket_source_find(source, &key, 1), 0);
	ft_socket_source_free(source);
}

/* A listener is no end of a flow. */
static void test_listeners_are_left_out(void **state)
{
	struct ft_socket_source *source = ft_socket_source_new();
	struct pair pair;

	(void)state;
	make_pair(&pair);
	ask(source, SECOND);
	assert_null(record_of(source, cookie_of(pair.listener)));
	assert_non_null(record_of(source, cookie_of(pair.client)));
	close_pair(&pair);
	ft_socket_source_free(source);
}

/* Nor is what the kernel keeps of a connection that this side has closed and the other one has not:
 * it is in FIN_WAIT2, as a socket would be, and all its numbers are nothing. */
static void test_leftovers_are_left_out(void **state)
{
	struct ft_socket_source *source = ft_socket_source_new();
	struct ft_flow_key key = { .protocol = IPPROTO_TCP, .ip_version = 4 };
	uint64_t cookie, now = SECOND;
	struct pair pair;

	(void)state;
	make_pair(&pair);
	put_end(&pair.client_name, key.addr_a, &key.port_a_be);
	put_end(&pair.server_name, key.addr_b, &key.port_b_be);
	cookie = cookie_of(pair.client);
	close(pair.client);
	/* Until the end was acknowledged it is a socket. */
	for (int tries = 0; tries < 2000; tries++) {
		ask(source, now += 1000 * SECOND);
		if (!record_of(source, cookie))
			break;
		usleep(5000);
	}
	assert_null(record_of(source, cookie));
	assert_int_equal(ft_socket_source_find(source, &key, 0), 0);
	assert_int_equal(ft_socket_source_find(source, &key, 1), cookie_of(pair.server));
	close(pair.server);
	close(pair.listener);
	ft_socket_source_free(source);
}

/* ---- messages as old, new and broken kernels would send them */

union message {
	struct inet_diag_msg msg;
	uint8_t bytes[1024];
	uint32_t words[256];
};

static size_t add_attribute(union message *message, size_t used, unsigned short type,
			    const void *data, size_t size)
{
	struct rtattr *attribute = (struct rtattr *)&message->bytes[used];

	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(size);
	memcpy(RTA_DATA(attribute), data, size);
	return used + RTA_SPACE(size);
}

/* Where tcp_info of newer headers has rcv_wnd. */
#define RCV_WND (offsetof(struct tcp_info, tcpi_snd_wnd) + 4)

static void test_tcp_info_of_any_length(void **state)
{
	struct tcp_info info = { .tcpi_rtt = 777, .tcpi_total_retrans = 5, .tcpi_bytes_sent = 9,
				 .tcpi_min_rtt = UINT32_MAX };
	uint8_t longer[sizeof(info) + 64] = { 0 };
	const uint32_t rcv_wnd = 4711;
	struct ft_health health;

	(void)state;
	memcpy(longer, &info, sizeof(info));
	memcpy(longer + RCV_WND, &rcv_wnd, sizeof(rcv_wnd));
	for (size_t size = 0; size <= sizeof(longer); size += 4) {
		union message message = { .msg = { .idiag_family = AF_INET } };
		size_t used = add_attribute(&message, sizeof(message.msg), INET_DIAG_INFO, longer,
					    size);

		used = add_attribute(&message, used, INET_DIAG_CONG, "abcdefghijklmnopqrst", 21);
		ft_health_from_diag(&message.msg, (uint32_t)used, 5, &health);
		assert_int_equal(health.srtt_us,
				 size >= offsetof(struct tcp_info, tcpi_rtt) + 4 ? 777 : 0);
		assert_int_equal(!!(health.known & FT_HEALTH_MORE),
				 size >= RCV_WND);
		assert_int_equal(!!(health.known & FT_HEALTH_RCV_WND), size >= RCV_WND + 4);
		assert_int_equal(health.rcv_wnd, size >= RCV_WND + 4 ? rcv_wnd : 0);
		assert_int_equal(health.min_rtt_us, 0);
		assert_string_equal(health.congestion, "abcdefghijklmno");
		assert_int_equal(health.tick, 5);
	}
}

/* Behind the receive window: time-outs (6.7), accurate ECN (6.18), each whole or not at all. */
static void test_newer_kernels(void **state)
{
	const struct {
		uint32_t rcv_wnd, rehash;
		uint16_t rto, rto_recoveries;
		uint32_t rto_ms;
		uint32_t received_ce, delivered[3], received[3];
		uint16_t fail_mode, option;
	} more = { 1, 2, 3, 4, 5, 6, { 7, 8, 9 }, { 10, 11, 12 }, 13, 2 };
	uint8_t info[RCV_WND + sizeof(more)] = { 0 };
	struct ft_health health;

	(void)state;
	memcpy(info + RCV_WND, &more, sizeof(more));
	for (size_t size = RCV_WND; size <= sizeof(info); size += 4) {
		union message message = { .msg = { .idiag_family = AF_INET } };
		size_t used = add_attribute(&message, sizeof(message.msg), INET_DIAG_INFO, info,
					    size);

		ft_health_from_diag(&message.msg, (uint32_t)used, 5, &health);
		assert_int_equal(!!(health.known & FT_HEALTH_TIMEOUTS), size >= RCV_WND + 16);
		assert_int_equal(health.total_rto_ms, size >= RCV_WND + 16 ? 5 : 0);
		assert_int_equal(!!(health.known & FT_HEALTH_ACCECN), size == sizeof(info));
	}
	assert_int_equal(health.total_rto, 3);
	assert_int_equal(health.total_rto_recoveries, 4);
	assert_int_equal(health.received_ce, 6);
	assert_int_equal(health.accecn_delivered_bytes[2], 9);
	assert_int_equal(health.accecn_received_bytes[0], 10);
	assert_int_equal(health.accecn_fail_mode, 13);
	assert_int_equal(health.accecn_option, 2);
}

/* What an algorithm tells of itself, timers and marks; cut short, it tells nothing. */
static void test_attributes(void **state)
{
	const struct tcp_bbr_info bbr = { 5, 1, 20100, 739, 512 };
	const struct tcpvegas_info vegas = { 1, 9, 0x7fffffff, 300 };
	const struct tcp_dctcp_info dctcp = { 1, 0, 1024, 10, 20 };
	const uint8_t tos = 0x10, tclass = 0xb8;
	union message message = { .msg = { .idiag_family = AF_INET6, .idiag_timer = 1,
					   .idiag_retrans = 3, .idiag_expires = 204 } };
	const size_t begin = sizeof(message.msg);
	struct ft_health health;
	size_t used;

	(void)state;
	used = add_attribute(&message, begin, INET_DIAG_TOS, &tos, sizeof(tos));
	used = add_attribute(&message, used, INET_DIAG_TCLASS, &tclass, sizeof(tclass));
	used = add_attribute(&message, used, INET_DIAG_BBRINFO, &bbr, sizeof(bbr));
	ft_health_from_diag(&message.msg, (uint32_t)used, 5, &health);
	assert_int_equal(health.known, FT_HEALTH_QUEUES | FT_HEALTH_TIMER | FT_HEALTH_TOS |
				       FT_HEALTH_TCLASS | FT_HEALTH_BBR);
	assert_int_equal(health.timer, FT_HEALTH_TIMER_RETRANSMIT);
	assert_int_equal(health.timer_retransmits, 3);
	assert_int_equal(health.timer_expires_ms, 204);
	assert_int_equal(health.tos, 0x10);
	assert_int_equal(health.tclass, 0xb8);
	assert_int_equal(health.bbr.bandwidth, (1ULL << 32) + 5);
	assert_int_equal(health.bbr.min_rtt_us, 20100);
	assert_int_equal(health.bbr.pacing_gain, 2886);
	assert_int_equal(health.bbr.cwnd_gain, 2000);

	message.msg.idiag_timer = 0;
	used = add_attribute(&message, begin, INET_DIAG_VEGASINFO, &vegas, sizeof(vegas));
	ft_health_from_diag(&message.msg, (uint32_t)used, 5, &health);
	assert_int_equal(health.known, FT_HEALTH_QUEUES | FT_HEALTH_VEGAS);
	assert_int_equal(health.vegas.rtt_count, 9);
	assert_int_equal(health.vegas.rtt_us, 0);
	assert_int_equal(health.vegas.min_rtt_us, 300);
	used = add_attribute(&message, used, INET_DIAG_DCTCPINFO, &dctcp, sizeof(dctcp));
	ft_health_from_diag(&message.msg, (uint32_t)used, 5, &health);
	assert_int_equal(health.known, FT_HEALTH_QUEUES | FT_HEALTH_DCTCP);
	assert_int_equal(health.dctcp.alpha, 1024);
	assert_int_equal(health.dctcp.bytes, 20);

	used = add_attribute(&message, begin, INET_DIAG_BBRINFO, &bbr, sizeof(bbr) - 4);
	used = add_attribute(&message, used, INET_DIAG_VEGASINFO, &vegas, sizeof(vegas) - 4);
	used = add_attribute(&message, used, INET_DIAG_DCTCPINFO, &dctcp, sizeof(dctcp) - 4);
	used = add_attribute(&message, used, INET_DIAG_TOS, "", 0);
	used = add_attribute(&message, used, INET_DIAG_TCLASS, "", 0);
	ft_health_from_diag(&message.msg, (uint32_t)used, 5, &health);
	assert_int_equal(health.known, FT_HEALTH_QUEUES);
}

/* Cut off anywhere, and with lengths that lie: no harm (the sanitizers look on). */
static void test_broken_messages(void **state)
{
	uint64_t x = 88172645463325252ULL;

	(void)state;
	for (int turn = 0; turn < 20000; turn++) {
		union message message;
		struct ft_health health;
		uint32_t length;

		for (size_t i = 0; i < 256; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			/* Often a likely length and type. */
			message.words[i] = x & 1 ? (uint32_t)(x >> 8) :
						   (uint32_t)(x >> 8 & 0x1f) << 16 |
							   (uint32_t)(x >> 16 & 0x7f);
		}
		length = (uint32_t)(sizeof(message.msg) +
				    (x >> 32) % (sizeof(message) - sizeof(message.msg) + 1));
		ft_health_from_diag(&message.msg, length, 1, &health);
		assert_int_equal(health.congestion[15], '\0');
	}
}

/* Ends of sockets, and which of them is at the ends of a flow: numbers are the last octet of an
 * address, then the port. */
static void test_ends(void **state)
{
	static const struct {
		uint8_t local, remote;
		uint16_t local_port, remote_port;
	} sockets[] = {
		{ 1, 2, 5000, 80 }, { 2, 1, 80, 5000 }, { 1, 2, 5001, 80 },
		{ 1, 2, 5000, 80 }, /* the same ends met again */
		{ 1, 3, 5000, 80 }, { 1, 1, 90, 90 },
	};
	static const struct {
		uint8_t addr[2];
		uint16_t port[2];
		int place[2]; /* at each end; -1 = none */
	} flows[] = {
		{ { 1, 2 }, { 5000, 80 }, { 3, 1 } }, { { 1, 2 }, { 5001, 80 }, { 2, -1 } },
		{ { 1, 3 }, { 5000, 80 }, { 4, -1 } }, { { 1, 1 }, { 90, 90 }, { 5, 5 } },
		{ { 1, 2 }, { 80, 5000 }, { -1, -1 } }, { { 2, 3 }, { 5000, 80 }, { -1, -1 } },
	};
	struct ft_socket_ends ends[sizeof(sockets) / sizeof(sockets[0]) + 1000] = { 0 };
	struct ft_ends_index index = { .seed = ft_seed_random() };
	size_t count = sizeof(sockets) / sizeof(sockets[0]), place;
	struct ft_flow_key key = { 0 };

	(void)state;
	assert_false(ft_ends_index_find(&index, ends, &key, 0, &place)); /* there is none yet */
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		ends[i].local[15] = i < count ? sockets[i].local : 9;
		ends[i].remote[15] = i < count ? sockets[i].remote : 9;
		ends[i].local_port_be = htons(i < count ? sockets[i].local_port : (uint16_t)i);
		ends[i].remote_port_be = htons(i < count ? sockets[i].remote_port : 1);
	}
	for (int round = 0; round < 2; round++) { /* few, then many */
		ft_ends_index_build(&index, ends, round ? sizeof(ends) / sizeof(ends[0]) : count);
		for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
			key.addr_a[15] = flows[i].addr[0];
			key.addr_b[15] = flows[i].addr[1];
			key.port_a_be = htons(flows[i].port[0]);
			key.port_b_be = htons(flows[i].port[1]);
			for (int end = 0; end < 2; end++) {
				bool found = ft_ends_index_find(&index, ends, &key, end, &place);

				if ((found ? (int)place : -1) != flows[i].place[end])
					fail_msg("flow %zu, end %d: %d", i, end, found ? (int)place : -1);
			}
		}
	}
	ft_ends_index_done(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_connection_is_found),
		cmocka_unit_test(test_listeners_are_left_out),
		cmocka_unit_test(test_leftovers_are_left_out),
		cmocka_unit_test(test_tcp_info_of_any_length),
		cmocka_unit_test(test_newer_kernels),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_broken_messages),
		cmocka_unit_test(test_ends),
	};
	int probe = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);

	if (probe < 0) {
		puts("1..0 # SKIP no sock_diag here");
		return 0;
	}
	close(probe);
	return cmocka_run_group_tests_name("socket_source", tests, NULL, NULL);
}
