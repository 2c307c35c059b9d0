/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A slow and lossy line, for live tests: ftlossy NETNS IF NETNS IF DELAY_MS EVERY
 *
 * Makes a tun device in each of two network namespaces (names under /run/netns), prints "ready",
 * and carries packets between them, each way DELAY_MS late. Of the packets with more than 200
 * octets every EVERY-th of a direction is lost (0: none), so that loss is the same in every run.
 * Ends when standard input does. Exit status 77 where there is no tun device.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PACKET_MAX 2048
#define QUEUE 4096 /* packets on the line, each way; what doesn't fit is lost */

struct packet {
	uint64_t due_ns;
	uint16_t length;
	uint8_t octets[PACKET_MAX];
};

struct way {
	int from, to;
	struct packet queue[QUEUE];
	unsigned head, count, large;
};

static struct way ways[2];
static uint64_t delay_ns;
static unsigned every, lost;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static int make_device(const char *netns, const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	char path[256];
	int ns, tun;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		err(1, "%s", path);
	close(ns);
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (tun < 0)
		err(77, "/dev/net/tun");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(tun, TUNSETIFF, &request) < 0)
		err(77, "no tun device here");
	return tun;
}

/* Takes what has come onto the line. */
static void take(struct way *way)
{
	while (way->count < QUEUE) {
		struct packet *packet = &way->queue[(way->head + way->count) % QUEUE];
		ssize_t length = read(way->from, packet->octets, sizeof(packet->octets));

		if (length <= 0)
			return;
		if (length > 200 && every && ++way->large % every == 0)
			continue;
		packet->length = (uint16_t)length;
		packet->due_ns = now_ns() + delay_ns;
		way->count++;
	}
}

/* Hands out what is due; the time until the next one, in ns. */
static uint64_t give(struct way *way)
{
	while (way->count) {
		struct packet *packet = &way->queue[way->head];
		uint64_t now = now_ns();

		if (packet->due_ns > now)
			return packet->due_ns - now;
		if (write(way->to, packet->octets, packet->length) < 0)
			lost++; /* the device is down, or full */
		way->head = (way->head + 1) % QUEUE;
		way->count--;
	}
	return UINT64_MAX;
}

int main(int argc, char **argv)
{
	struct pollfd fds[3] = { { .fd = 0, .events = POLLIN } };

	if (argc != 7)
		errx(1, "usage: ftlossy NETNS IF NETNS IF DELAY_MS EVERY");
	delay_ns = strtoul(argv[5], NULL, 10) * 1000000U;
	every = (unsigned)strtoul(argv[6], NULL, 10);
	ways[0].from = ways[1].to = make_device(argv[1], argv[2]);
	ways[1].from = ways[0].to = make_device(argv[3], argv[4]);
	puts("ready");
	fflush(stdout);
	for (;;) {
		uint64_t wait = 1000000000U;
		struct timespec ts;

		for (int i = 0; i < 2; i++) {
			uint64_t next;

			take(&ways[i]);
			next = give(&ways[i]);
			wait = next < wait ? next : wait;
			fds[i + 1] = (struct pollfd){ .fd = ways[i].from, .events = POLLIN };
		}
		ts = (struct timespec){ .tv_sec = (time_t)(wait / 1000000000U),
					.tv_nsec = (long)(wait % 1000000000U) };
		if (ppoll(fds, 3, &ts, NULL) > 0 && fds[0].revents)
			return lost > 0; /* not meant to be */
	}
}
