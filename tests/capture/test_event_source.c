/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel tells of our own sockets, in a network namespace of our own: each kind of event
 * with its ends, numbers and owner; what the kernel's ring cannot hold is counted, exactly.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/event_source.h"

#define PATIENCE_S 20

static struct ft_owners *owners;
static struct ft_owner_source *owner_source;
static struct ft_event_source *source;
static struct ft_events *events;
static const struct ft_event_list *list; /* what came since the last take */
static uint32_t netns;

static uint64_t now_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static size_t count(void)
{
	return ft_event_list_count(list) - ft_event_list_fresh(list);
}

static const struct ft_flow_event *event(size_t i)
{
	return ft_event_list_at(list, ft_event_list_fresh(list) + i);
}

/* Takes events until there are so many; softirqs may be late. */
static void take(size_t wanted)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + PATIENCE_S * UINT64_C(1000000000);
	struct ft_event_list const *before = list;
	uint64_t had = ft_event_list_total(before);

	do {
		const struct ft_event_list *last = list != before ? list : NULL;

		ft_event_source_drain(source, events);
		list = ft_events_publish(events);
		ft_event_list_put(last);
	} while (ft_event_list_total(list) - had < wanted && now_ns(CLOCK_MONOTONIC) < end);
	ft_event_list_put(before);
	assert_int_equal(ft_event_list_total(list) - had, wanted);
}

/* The n-th of the last `wanted` ones: take may have published them in parts. */
static const struct ft_flow_event *taken(size_t wanted, size_t n)
{
	return ft_event_list_at(list, ft_event_list_count(list) - wanted + n);
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size), 0);
	return cookie;
}

/* A socket bound to a loopback address and any port. */
static int bound(int family, struct sockaddr_storage *name, socklen_t *size)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(name, 0, sizeof(*name));
	name->ss_family = (sa_family_t)family;
	*size = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	if (family == AF_INET)
		((struct sockaddr_in *)name)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)name)->sin6_addr = in6addr_loopback;
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)name, *size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)name, size), 0);
	return fd;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage name;
	socklen_t size = sizeof(name);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	return name.ss_family == AF_INET ? ((struct sockaddr_in *)&name)->sin_port :
					   ((struct sockaddr_in6 *)&name)->sin6_port;
}

/* What every event of ours has. */
static void check(const struct ft_flow_event *got, enum ft_event_kind kind, uint64_t cookie,
		  uint16_t port_be, uint16_t remote_be, pid_t pid)
{
	const struct ft_process *process = ft_owners_process(owners, got->hot.owner[0]);
	uint64_t now = now_ns(CLOCK_REALTIME);

	assert_string_equal(ft_event_kind_name((enum ft_event_kind)got->kind),
			    ft_event_kind_name(kind));
	assert_int_equal(got->socket, cookie);
	assert_int_equal(got->flow.key.port_a_be, port_be);
	assert_int_equal(got->flow.key.port_b_be, remote_be);
	assert_int_equal(got->flow.key.protocol, IPPROTO_TCP);
	assert_true(got->hot.last_ns <= now && now - got->hot.last_ns < 2 * PATIENCE_S *
									 UINT64_C(1000000000));
	assert_false(got->from_packets);
	assert_non_null(process);
	assert_int_equal(process->pid, pid);
}

static void send_all(int from, int to, size_t size)
{
	char data[4096] = "";

	while (size) {
		size_t part = size < sizeof(data) ? size : sizeof(data);

		assert_int_equal(send(from, data, part, 0), part);
		assert_int_equal(recv(to, data, part, MSG_WAITALL), part);
		size -= part;
	}
}

/* A whole life: who closes first is known, the octets are the program's own. */
static void whole_life(int family, unsigned version)
{
	struct sockaddr_storage name;
	socklen_t size;
	int listener = bound(family, &name, &size), client, server;
	uint64_t listener_cookie = cookie_of(listener), cookies[2], begun;
	uint16_t port, own;
	char byte;

	assert_int_equal(listen(listener, 5), 0);
	client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	begun = now_ns(CLOCK_MONOTONIC);
	assert_int_equal(connect(client, (struct sockaddr *)&name, size), 0);
	server = accept(listener, NULL, NULL);
	port = port_of(listener);
	own = port_of(client);
	cookies[0] = cookie_of(client);
	cookies[1] = cookie_of(server);
	take(3);
	check(taken(3, 0), FT_EVENT_LISTEN, listener_cookie, port, 0, getpid());
	assert_int_equal(taken(3, 0)->flow.initiator, FT_END_NONE);
	check(taken(3, 1), FT_EVENT_CONNECT, cookies[0], own, port, getpid());
	assert_true(ft_flow_is_out(&taken(3, 1)->flow));
	check(taken(3, 2), FT_EVENT_ACCEPT, cookies[1], port, own, getpid());
	assert_true(ft_flow_is_in(&taken(3, 2)->flow));
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(taken(3, i)->flow.key.ip_version, version);
	assert_int_equal(taken(3, 1)->known, FT_EVENT_LATENCY);
	assert_true(taken(3, 1)->latency_us <= (now_ns(CLOCK_MONOTONIC) - begun) / 1000);

	send_all(client, server, 100000);
	send_all(server, client, 50);
	close(client);
	assert_int_equal(recv(server, &byte, 1, 0), 0);
	close(server);
	take(2);
	check(taken(2, 0), FT_EVENT_CLOSE, cookies[0], own, port, getpid());
	check(taken(2, 1), FT_EVENT_CLOSE, cookies[1], port, own, getpid());
	for (size_t i = 0; i < 2; i++) {
		const struct ft_flow_event *got = taken(2, i);

		assert_int_equal(got->close, FT_CLOSE_FIN);
		assert_int_equal(got->closed_by, i == 0 ? FT_END_A : FT_END_B);
		assert_int_equal(got->error, 0);
		assert_int_equal(got->known, FT_EVENT_DURATION | FT_EVENT_APP_BYTES);
		assert_int_equal(got->app_tx_bytes, i == 0 ? 100000 : 50);
		assert_int_equal(got->app_rx_bytes, i == 0 ? 50 : 100000);
		assert_true(got->duration_us <= (now_ns(CLOCK_MONOTONIC) - begun) / 1000);
	}
	close(listener);
}

static void test_life(void **state)
{
	(void)state;
	whole_life(AF_INET, 4);
	whole_life(AF_INET6, 6);
}

/* A socket of IPv6 that talks IPv4. */
static void test_mapped(void **state)
{
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6 };
	struct sockaddr_storage name;
	socklen_t size;
	int closed = bound(AF_INET, &name, &size), client;
	static const uint8_t loopback[16] = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 };

	(void)state;
	mapped.sin6_port = port_of(closed);
	memcpy(&mapped.sin6_addr, loopback, 16);
	client = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&mapped, sizeof(mapped)), -1);
	take(1);
	assert_int_equal(taken(1, 0)->flow.key.ip_version, 4);
	assert_memory_equal(taken(1, 0)->flow.key.addr_a, loopback, 16);
	assert_memory_equal(taken(1, 0)->flow.key.addr_b, loopback, 16);
	close(client);
	close(closed);
}

static void test_refused(void **state)
{
	struct sockaddr_storage name;
	socklen_t size;
	int closed = bound(AF_INET, &name, &size), client; /* bound, and nobody listens */
	uint64_t cookie;

	(void)state;
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cookie = cookie_of(client);
	assert_int_equal(connect(client, (struct sockaddr *)&name, size), -1);
	assert_int_equal(errno, ECONNREFUSED);
	take(1);
	assert_int_equal(taken(1, 0)->kind, FT_EVENT_FAILED);
	assert_int_equal(taken(1, 0)->error, ECONNREFUSED);
	assert_int_equal(taken(1, 0)->socket, cookie);
	assert_int_equal(taken(1, 0)->flow.key.port_b_be, port_of(closed));
	assert_int_not_equal(taken(1, 0)->flow.key.port_a_be, 0);
	assert_true(ft_flow_is_out(&taken(1, 0)->flow));
	assert_int_equal(taken(1, 0)->known, FT_EVENT_LATENCY);
	close(client);
	close(closed);
}

/* Closed with data unread: a RST, told at both ends; and a peer that is reset while it sends. */
static void test_reset(void **state)
{
	struct sockaddr_storage name;
	socklen_t size;
	int listener = bound(AF_INET, &name, &size), client, server;
	uint64_t cookies[2];
	char byte;

	(void)state;
	assert_int_equal(listen(listener, 5), 0);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&name, size), 0);
	server = accept(listener, NULL, NULL);
	cookies[0] = cookie_of(client);
	cookies[1] = cookie_of(server);
	assert_int_equal(send(client, "xy", 2, 0), 2);
	assert_int_equal(recv(server, &byte, 1, MSG_PEEK), 1);
	close(server);
	assert_int_equal(recv(client, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	close(client);
	take(5);
	check(taken(5, 3), FT_EVENT_CLOSE, cookies[1], taken(5, 2)->flow.key.port_a_be,
	      taken(5, 2)->flow.key.port_b_be, getpid());
	check(taken(5, 4), FT_EVENT_CLOSE, cookies[0], taken(5, 1)->flow.key.port_a_be,
	      taken(5, 1)->flow.key.port_b_be, getpid());
	assert_int_equal(taken(5, 3)->close, FT_CLOSE_RST);
	assert_int_equal(taken(5, 3)->closed_by, FT_END_A);
	assert_int_equal(taken(5, 3)->error, 0);
	assert_int_equal(taken(5, 3)->app_rx_bytes, 2);
	assert_int_equal(taken(5, 4)->close, FT_CLOSE_RST);
	assert_int_equal(taken(5, 4)->closed_by, FT_END_B);
	assert_int_equal(taken(5, 4)->error, ECONNRESET);
	assert_int_equal(taken(5, 4)->app_tx_bytes, 2);
	close(listener);
}

/* A process that did nothing but connect, and was gone before anybody looked. */
static void test_short_life(void **state)
{
	struct sockaddr_storage name;
	const struct ft_process *process;
	socklen_t size;
	int closed = bound(AF_INET, &name, &size);
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		(void)!connect(fd, (struct sockaddr *)&name, size);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	take(1);
	process = ft_owners_process(owners, taken(1, 0)->hot.owner[0]);
	assert_non_null(process);
	assert_int_equal(process->pid, pid);
	assert_int_equal(process->ppid, getpid());
	assert_true(strstr(process->exe, "test_event_source") != NULL);
	close(closed);
}

/* A ring of one page holds some dozen records: the rest is counted, then there is room again. */
static void test_full_ring(void **state)
{
	const unsigned int tried = 100;
	struct sockaddr_storage name;
	uint64_t before, lost;
	socklen_t size;
	int closed = bound(AF_INET, &name, &size);
	char why[200];

	(void)state;
	ft_event_source_free(source);
	source = ft_event_source_new(owner_source, netns, (uint32_t)sysconf(_SC_PAGESIZE), why,
				     sizeof(why));
	assert_non_null(source);
	for (int turn = 0; turn < 2; turn++) {
		before = ft_event_list_total(list);
		lost = ft_event_list_lost(list, FT_EVENT_LOST_RING);
		for (unsigned int i = 0; i < tried; i++) {
			int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

			assert_int_equal(connect(fd, (struct sockaddr *)&name, size), -1);
			close(fd);
		}
		ft_event_source_drain(source, events);
		ft_event_list_put(list);
		list = ft_events_publish(events);
		lost = ft_event_list_lost(list, FT_EVENT_LOST_RING) - lost;
		assert_in_range(lost, 1, tried - 1);
		assert_int_equal(ft_event_list_total(list) - before + lost, tried);
		assert_int_equal(count(), tried - lost);
		for (size_t i = 0; i < count(); i++)
			assert_int_equal(event(i)->error, ECONNREFUSED);
	}
	close(closed);
}

static void count_report(void *arg, const char *name, int result, const char *why)
{
	unsigned int *counted = arg;

	assert_true(name[0] && why[0]);
	assert_int_equal(result, 0);
	++*counted;
}

static void test_probe(void **state)
{
	unsigned int counted = 0;

	(void)state;
	ft_event_source_probe_all(count_report, &counted);
	assert_int_equal(counted, 2);
	assert_string_equal(ft_event_source_unseen(source), "");
	ft_event_source_drain(NULL, events);
}

/* A namespace of our own with loopback up; its inode, 0 = not allowed. */
static uint32_t own_namespace(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct stat about;
	int fd, error;

	if (unshare(CLONE_NEWNET) < 0)
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	error = ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
	return error || stat("/proc/self/ns/net", &about) < 0 ? 0 : (uint32_t)about.st_ino;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),	   cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_refused),	   cmocka_unit_test(test_reset),
		cmocka_unit_test(test_short_life), cmocka_unit_test(test_probe),
		cmocka_unit_test(test_full_ring),
	};
	char why[200] = "";
	int failed;

	netns = geteuid() == 0 ? own_namespace() : 0;
	if (!netns) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	owners = ft_owners_new();
	owner_source = ft_owner_source_new(owners);
	source = ft_event_source_new(owner_source, netns, 0, why, sizeof(why));
	if (!source) {
		printf("1..0 # SKIP needs root with CAP_BPF (%s)\n", why);
		return 0;
	}
	events = ft_events_new(FT_EVENTS_MAX, owners);
	list = ft_events_publish(events);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ft_event_list_put(list);
	ft_events_free(events);
	ft_event_source_free(source);
	ft_owner_source_free(owner_source);
	ft_owners_free(owners);
	return failed;
}
