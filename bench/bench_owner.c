/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What owners cost:
 *
 *  - a packet of a flow that is in the log, and one that begins an entry, of the tc program with
 *    the owner programs' maps beside the same without them. New entries look the receiver up,
 *    in vain, and the sender's storage;
 *  - socket() and a recv with the owner programs in place beside the same without them;
 *  - news for user space never wake it.
 */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <netinet/in.h>

#include "capture/owner_bpf.h"
#include "tests/capture/tc_rig.h"

#define FRAME_LEN 60
#define HITS 1000000
#define NEW 16384 /* entries a round; of NEW_FLOWS, so that hardly one comes twice */
#define NEW_FLOWS (1U << 24)
#define ROUNDS 9
#define CALLS 20000

static const uint8_t frame[FRAME_LEN] = {
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, /* Ethernet */
	0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 0, 10, 255, 0, 1, /* IPv4 */
	3, 232, 0, 53, 0, 26, 0, 0, /* UDP */
};

static void die(const char *what)
{
	fprintf(stderr, "bench_owner: %s\n", what);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static void bound(const char *name, const char *figure, bool met)
{
	printf("%-58s %-26s %s\n", name, figure, met ? "met" : "missed");
}

static void open_rig(struct tc_rig *rig, const struct ft_owner_maps *maps, uint32_t flows)
{
	char err[FT_REASON_MAX];

	if (tc_rig_open_owned(rig, maps, FT_LOG_ENTRIES_MAX, 0, flows, 1, err, sizeof(err)))
		die(err);
}

/* Empties the log of the epoch under way. */
static void drain(struct tc_rig *rig)
{
	struct ft_batch batch = { 0 };

	if (ft_tc_drain(rig->store, rig->store->epoch, false, &batch))
		die("drain");
}

/* One measurement; noise only ever adds, so that the best of several counts. */
static uint32_t run(struct tc_rig *rig, uint32_t repeat, bool fresh)
{
	const struct tc_rig_packet packet = {
		.octets = frame, .len = FRAME_LEN, .repeat = repeat,
	};
	uint32_t ns;

	if (fresh)
		drain(rig);
	if (tc_rig_spread(rig, &packet, 0, &ns))
		die("run");
	return ns;
}

/* Both in turns, so that what disturbs disturbs both. */
static void bench_packets(const struct ft_owner_maps *maps, bool fresh, uint32_t limit)
{
	uint32_t flows = fresh ? NEW_FLOWS : 64, repeat = fresh ? NEW : HITS;
	uint32_t without = UINT32_MAX, with = UINT32_MAX, ns;
	struct tc_rig plain, owned;
	char figure[64], name[64];

	open_rig(&plain, NULL, flows);
	open_rig(&owned, maps, flows);
	for (int i = 0; i < ROUNDS; i++) {
		ns = run(&plain, repeat, fresh);
		without = ns < without ? ns : without;
		ns = run(&owned, repeat, fresh);
		with = ns < with ? ns : with;
	}
	tc_rig_close(&plain);
	tc_rig_close(&owned);
	snprintf(name, sizeof(name), "owners add to %s, <= %u ns", fresh ? "a new entry" : "a hit",
		 limit);
	snprintf(figure, sizeof(figure), "%u ns (%u, %u)", with > without ? with - without : 0,
		 with, without);
	bound(name, figure, with <= without + limit);
}

/* Nanoseconds of a socket() with its close(), and of a recv on a socket that is known. */
static void measure_calls(uint64_t *ret_socket, uint64_t *ret_recv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	uint64_t best_socket = UINT64_MAX, best_recv = UINT64_MAX, begun;
	int fd;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int round = 0; round < ROUNDS; round++) {
		begun = now_ns();
		for (int i = 0; i < CALLS / 10; i++)
			close(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
		begun = (now_ns() - begun) / (CALLS / 10);
		best_socket = begun < best_socket ? begun : best_socket;
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			die("socket");
		begun = now_ns();
		for (int i = 0; i < CALLS; i++)
			(void)!recv(fd, &to, 0, MSG_DONTWAIT);
		begun = (now_ns() - begun) / CALLS;
		best_recv = begun < best_recv ? begun : best_recv;
		close(fd);
	}
	*ret_socket = best_socket;
	*ret_recv = best_recv;
}

/* Sleeps on the ring while another process makes news. */
static void bench_wakeups(const struct ft_owner_maps *maps, struct ft_owner_bpf *source)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), woken;
	struct epoll_event event = { .events = EPOLLIN };
	pid_t pid;

	ft_owner_bpf_drain(source);
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, maps->ring_fd, &event) < 0)
		die("epoll");
	/* The kernel looks once whether there is anything: begin with nothing. */
	for (int tries = 0; tries < 100 && epoll_wait(epoll, &event, 1, 0) > 0; tries++)
		ft_owner_bpf_drain(source);
	pid = fork();
	if (pid == 0) {
		usleep(50000);
		for (int i = 0; i < 1000; i++)
			close(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
		_exit(0);
	}
	woken = epoll_wait(epoll, &event, 1, 500);
	waitpid(pid, NULL, 0);
	bound("1,000 new sockets wake nobody", woken ? "woken" : "asleep for 500 ms", !woken);
	close(epoll);
}

int main(void)
{
	struct ft_owners *owners;
	static struct ft_users users;
	struct ft_owner_bpf *source;
	const struct ft_owner_maps *maps;
	uint64_t socket_without, socket_with, recv_without, recv_with;
	cpu_set_t cpus;

	if (tc_rig_skips())
		return 0;
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	(void)sched_setaffinity(0, sizeof(cpus), &cpus);
	measure_calls(&socket_without, &recv_without);
	owners = ft_owners_new();
	source = ft_owner_bpf_new(owners, 0, &users);
	if (!source)
		die("this kernel takes no owner programs");
	maps = ft_owner_bpf_maps(source);
	measure_calls(&socket_with, &recv_with);
	printf("%-58s %llu ns, %llu ns\n", "socket() and close(), without and with",
	       (unsigned long long)socket_without, (unsigned long long)socket_with);
	printf("%-58s %llu ns, %llu ns\n", "a receive that finds nothing, without and with",
	       (unsigned long long)recv_without, (unsigned long long)recv_with);
	bench_packets(maps, false, 3);
	bench_packets(maps, true, 120);
	bench_wakeups(maps, source);
	ft_owner_bpf_free(source);
	ft_users_done(&users);
	ft_owners_free(owners);
	return 0;
}
