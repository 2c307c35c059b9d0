/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples of sockets on their way up: connections on loopback in a network namespace of the test's
 * own, more than the log of samples has room for. What doesn't fit is counted, what is in it stays
 * new, packets are counted all the same, and the next half has room again. The same of the ring by
 * which ends of connections are told.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/links.h"
#include "capture/socket_closes.h"
#include "tc_rig.h"

#define SCOPE 5
#define LOG_ENTRIES 64 /* of a half */
#define PAIRS 100      /* so many connections have twice as many sockets */
#define OCTETS 700

/* ---- loopback is watched, whatever links say ---- */

static struct ft_watch loopback;

const struct ft_watch *ft_links_watched(const struct ft_links *links, size_t *ret_count)
{
	(void)links;
	*ret_count = 1;
	return &loopback;
}

static void watch_loopback(void)
{
	loopback = (struct ft_watch){
		.iface = { .ifindex = if_nametoindex("lo"), .scope = SCOPE,
			   .flags = FT_IFACE_COUNT_TX },
		.name = "lo",
	};
}

/* ---- connections ---- */

struct pair {
	int client, server;
	uint64_t cookie; /* of the client */
};

static struct pair pairs[PAIRS];

static void send_octets(int fd, size_t count)
{
	static const char octets[OCTETS];

	assert_int_equal(send(fd, octets, count, MSG_NOSIGNAL), (ssize_t)count);
}

/* All of them; the clients send nothing yet. */
static void connect_all(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET };
	socklen_t length = sizeof(name);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(listener, PAIRS), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &length), 0);
	for (size_t i = 0; i < PAIRS; i++) {
		struct pair *pair = &pairs[i];
		socklen_t size = sizeof(pair->cookie);

		pair->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_true(pair->client >= 0);
		setsockopt(pair->client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		assert_int_equal(connect(pair->client, (struct sockaddr *)&name, sizeof(name)), 0);
		pair->server = accept(listener, NULL, NULL);
		assert_true(pair->server >= 0);
		assert_int_equal(getsockopt(pair->client, SOL_SOCKET, SO_COOKIE, &pair->cookie,
					    &size), 0);
	}
	close(listener);
}

static void close_all(void)
{
	for (size_t i = 0; i < PAIRS; i++) {
		close(pairs[i].client);
		close(pairs[i].server);
	}
}

/* ---- what came ---- */

/* Samples of a cookie in a batch, the last one in *ret_health; in all if it is 0. */
static size_t find_samples(const struct ft_batch *batch, uint64_t cookie,
			   struct ft_health *ret_health)
{
	size_t found = 0;

	for (size_t i = 0; i < batch->socket_span_count; i++)
		for (size_t j = 0; j < batch->socket_spans[i].count; j++) {
			const struct ft_health *health = &batch->socket_spans[i].sockets[j];

			if (!health->cookie || (cookie && health->cookie != cookie))
				continue;
			found++;
			if (ret_health)
				*ret_health = *health;
		}
	return found;
}

static void check_line(const struct ft_batch *batch)
{
	struct tc_rig_sums sums = { 0 };

	tc_rig_sum(batch, &sums);
	assert_true(tc_rig_adds_up(&sums));
	assert_true(sums.counters.c[FT_C_SEEN].packets > 0);
	assert_int_equal(sums.flows.packets, sums.counters.c[FT_C_SEEN].packets);
}

static void full_log(void **state)
{
	const struct ft_backend_config config = {
		.log_entries = LOG_ENTRIES, .spill_entries = 4096, /* flows find room, then */
	};
	struct ft_backend *backend = NULL;
	struct ft_batch batch;
	struct ft_health health;
	char err[FT_REASON_MAX];
	uint64_t missed;

	(void)state;
	if (ft_backend_clsact.open(&config, NULL, &backend, err, sizeof(err)))
		fail_msg("%s", err);
	connect_all();
	send_octets(pairs[0].client, OCTETS);
	shutdown(pairs[0].client, SHUT_WR); /* with its FIN it is looked at once more */
	assert_int_equal(backend->ops->collect(backend, &batch), 0);

	/* The first one finds its place, and so do some others; most don't. */
	check_line(&batch);
	assert_non_null(batch.sampler);
	assert_int_equal(find_samples(&batch, pairs[0].cookie, &health), 1);
	assert_in_range(find_samples(&batch, 0, NULL), 2, LOG_ENTRIES);
	/* Each client was looked at with its SYN and with the ACK that followed. */
	assert_true(batch.health.sockets_missed >= 2 * (PAIRS - LOG_ENTRIES));
	/* Full as it was, it has the newest of whom it knows. */
	assert_int_equal(health.data_segs_out, 1);
	missed = batch.health.sockets_missed;

	/* The half is empty again: who was missed is seen with the next thing that it sends. */
	for (size_t i = PAIRS - 3; i < PAIRS; i++) {
		send_octets(pairs[i].client, 100);
		shutdown(pairs[i].client, SHUT_WR);
	}
	assert_int_equal(backend->ops->collect(backend, &batch), 0);
	check_line(&batch);
	for (size_t i = PAIRS - 3; i < PAIRS; i++) {
		assert_int_equal(find_samples(&batch, pairs[i].cookie, &health), 1);
		assert_int_equal(health.data_segs_out, 1);
	}
	assert_int_equal(batch.health.sockets_missed, missed);
	close_all();
	backend->ops->close(backend);
}

/* What is done about a packet may be done a moment later; so long at most. */
#define TRIES 2000
#define TRY_US 5000

static void wait_for_missed(const struct ft_socket_closes *closes, uint64_t count)
{
	for (int i = 0; i < TRIES && ft_socket_closes_missed(closes) < count; i++)
		usleep(TRY_US);
	assert_true(ft_socket_closes_missed(closes) >= count);
}

/* Takes until so many ends are told or missed; how many were told, and the last one. */
static size_t take_all(struct ft_socket_closes *closes, size_t count, struct ft_health *ret_health)
{
	static size_t told;
	size_t before = told;

	for (int i = 0; i < TRIES && told + ft_socket_closes_missed(closes) < count; i++) {
		struct ft_batch batch = { 0 };

		if (!ft_socket_closes_take(closes, &batch)) {
			usleep(TRY_US);
			continue;
		}
		told += find_samples(&batch, 0, ret_health);
		assert_in_range(ft_clock_ns(&batch.clock, ret_health->tick) / 1000000000,
				(uint64_t)time(NULL) - 60, (uint64_t)time(NULL) + 1);
	}
	return told - before;
}

static void full_ring(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t room = page / sizeof(struct ft_health_close);
	struct ft_socket_closes *closes = ft_socket_closes_new((uint32_t)page);
	struct ft_batch batch = { 0 };
	struct ft_health health;
	size_t told;

	(void)state;
	assert_non_null(closes);
	assert_false(ft_socket_closes_take(closes, &batch)); /* nothing has ended yet */
	connect_all();
	close_all();
	wait_for_missed(closes, 2 * PAIRS - room);
	told = take_all(closes, 2 * PAIRS, &health);
	assert_in_range(told, 1, 2 * PAIRS - 1);
	assert_int_equal(health.state, FT_HEALTH_CLOSED);
	assert_int_equal(told + ft_socket_closes_missed(closes), 2 * PAIRS);

	/* There is room again. */
	connect_all();
	close(pairs[0].client);
	close(pairs[0].server);
	told += take_all(closes, 2 * PAIRS + 2, &health);
	assert_int_equal(told + ft_socket_closes_missed(closes), 2 * PAIRS + 2);
	assert_in_range(health.bytes_acked, 1, 2); /* SYN and FIN, or the FIN alone */
	pairs[0].client = pairs[0].server = -1;
	close_all();
	ft_socket_closes_free(closes);
}

/* A namespace of its own, with loopback, on one CPU: one log half takes it all. */
static int enter_namespace(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct rlimit files = { 4096, 4096 };
	cpu_set_t cpus;
	int control;

	if (unshare(CLONE_NEWNET))
		return -errno;
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	(void)sched_setaffinity(0, sizeof(cpus), &cpus);
	(void)setrlimit(RLIMIT_NOFILE, &files);
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (control < 0 || ioctl(control, SIOCSIFFLAGS, &request) < 0)
		return -errno;
	close(control);
	watch_loopback();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_log),
		cmocka_unit_test(full_ring),
	};

	if (tc_rig_skips())
		return 0;
	if (enter_namespace()) {
		printf("1..0 # SKIP needs root: no network namespace of its own\n");
		return 0;
	}
	return cmocka_run_group_tests_name("tc health", tests, NULL, NULL);
}
