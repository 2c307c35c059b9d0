/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic for bench/compare:
 *
 *	compare_load udp IF MAC ADDRESS FLOWS PACKETS SIZE PER_SECOND
 *	    UDP datagrams of SIZE octets (L3) by AF_PACKET, through the queueing discipline, from
 *	    FLOWS sources of 10/8 in an order that caches can't guess; PER_SECOND 0: as fast as it goes
 *	compare_load tcp ADDRESS PORT CONNECTIONS
 *	    connections one after the other: a request, an answer, the end
 *	compare_load sink PORT
 *	    answers those until it is killed; takes the datagrams (port 9) and drops them
 *
 * udp and tcp print how many nanoseconds they took. Errors end it with a sentence.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TOGETHER 32
#define FRAME_MAX 1514
#define HEADERS (ETH_HLEN + sizeof(struct iphdr) + sizeof(struct udphdr))
#define DISCARD 9

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end)
		errx(1, "%s is no number", text);
	return value;
}

/* The header's checksum with its field zero. */
static uint16_t checksum(const struct iphdr *ip)
{
	uint32_t sum = 0;
	uint16_t word;

	for (size_t i = 0; i < sizeof(*ip); i += 2) {
		memcpy(&word, (const char *)ip + i, 2);
		sum += word;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~(sum + (sum >> 16));
}

/* One frame of a flow. */
static void make_frame(uint8_t *frame, const uint8_t mac[6], in_addr_t to, uint32_t flow,
		       size_t size)
{
	struct iphdr ip = {
		.version = 4, .ihl = 5, .tot_len = htons((uint16_t)size), .ttl = 64,
		.protocol = IPPROTO_UDP, .daddr = to,
		.saddr = htonl(0x0a000000 + 256 + flow), /* not 10.0.0/24: those are the ends' */
	};
	struct udphdr udp = {
		.source = htons(40000), .dest = htons(DISCARD),
		.len = htons((uint16_t)(size - sizeof(ip))),
	};
	static const uint8_t from[6] = { 2, 0, 0, 0, 0, 1 };

	ip.check = checksum(&ip);
	memcpy(frame, mac, 6);
	memcpy(frame + 6, from, 6);
	memcpy(frame + 12, "\x08\x00", 2);
	memcpy(frame + ETH_HLEN, &ip, sizeof(ip));
	memcpy(frame + ETH_HLEN + sizeof(ip), &udp, sizeof(udp));
}

/* Sends all of them, waiting where the queue is full. */
static void send_frames(int fd, struct mmsghdr *messages, unsigned count)
{
	while (count > 0) {
		int sent = sendmmsg(fd, messages, count, 0);

		if (sent < 0 && errno != ENOBUFS && errno != EINTR)
			err(1, "sendmmsg");
		if (sent < 0)
			continue;
		messages += sent;
		count -= (unsigned)sent;
	}
}

/* Holds the rate: sleeps until so many may have been sent. */
static void keep_pace(uint64_t begun, uint64_t sent, uint64_t per_second)
{
	uint64_t due = per_second ? begun + sent * 1000000000 / per_second : 0, now = now_ns();
	struct timespec wait;

	if (due <= now + 50000)
		return;
	wait = (struct timespec){ .tv_sec = (time_t)((due - now) / 1000000000),
				  .tv_nsec = (long)((due - now) % 1000000000) };
	nanosleep(&wait, NULL);
}

static int send_udp(char *argv[])
{
	static uint8_t frames[TOGETHER][FRAME_MAX];
	struct sockaddr_ll name = { .sll_family = AF_PACKET };
	uint32_t flows = (uint32_t)number(argv[3]);
	uint64_t packets = number(argv[4]), per_second = number(argv[6]), begun;
	size_t size = number(argv[5]);
	struct mmsghdr messages[TOGETHER];
	struct iovec parts[TOGETHER];
	in_addr_t to = inet_addr(argv[2]);
	unsigned mac[6];
	uint8_t octets[6];
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	name.sll_ifindex = (int)if_nametoindex(argv[0]);
	if (fd < 0 || !name.sll_ifindex || bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		err(1, "%s", argv[0]);
	if (sscanf(argv[1], "%x:%x:%x:%x:%x:%x", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
		   &mac[5]) != 6)
		errx(1, "%s is no MAC address", argv[1]);
	for (int i = 0; i < 6; i++)
		octets[i] = (uint8_t)mac[i];
	if (!flows || flows > 16000000 || size + ETH_HLEN < HEADERS || size + ETH_HLEN > FRAME_MAX)
		errx(1, "flows or size out of range");
	memset(messages, 0, sizeof(messages));
	for (unsigned i = 0; i < TOGETHER; i++) {
		parts[i] = (struct iovec){ frames[i], size + ETH_HLEN };
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	begun = now_ns();
	for (uint64_t sent = 0; sent < packets;) {
		unsigned count = packets - sent < TOGETHER ? (unsigned)(packets - sent) : TOGETHER;

		for (unsigned i = 0; i < count; i++)
			make_frame(frames[i], octets, to,
				   (uint32_t)((sent + i) * 2654435761U % flows), size);
		send_frames(fd, messages, count);
		sent += count;
		keep_pace(begun, sent, per_second);
	}
	printf("%llu\n", (unsigned long long)(now_ns() - begun));
	return 0;
}

static struct sockaddr_in end_of(const char *address, const char *port)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons((uint16_t)number(port)),
				    .sin_addr.s_addr = inet_addr(address) };

	return name;
}

static int send_tcp(char *argv[])
{
	struct sockaddr_in name = end_of(argv[0], argv[1]);
	unsigned long count = number(argv[2]);
	uint64_t begun = now_ns();
	char data[1000] = { 0 };

	for (; count > 0; count--) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0 || connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
			err(1, "connect");
		if (write(fd, data, 200) != 200)
			err(1, "write");
		while (read(fd, data, sizeof(data)) > 0)
			;
		close(fd);
	}
	printf("%llu\n", (unsigned long long)(now_ns() - begun));
	return 0;
}

static int sink(char *argv[])
{
	struct sockaddr_in name = end_of("0.0.0.0", argv[0]), discard = end_of("0.0.0.0", "9");
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char data[1000] = { 0 };

	/* Nobody reads the datagrams: the socket is there so that the kernel complains to nobody. */
	if (fd < 0 || udp < 0 || bind(udp, (struct sockaddr *)&discard, sizeof(discard)) < 0)
		err(1, "port 9");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 || listen(fd, 1024) < 0)
		err(1, "port %s", argv[0]);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int peer = accept(fd, NULL, NULL);

		if (peer < 0)
			err(1, "accept");
		if (read(peer, data, 200) > 0 && write(peer, data, sizeof(data)) < 0)
			warn("write");
		close(peer);
	}
}

int main(int argc, char *argv[])
{
	const char *kind = argc > 1 ? argv[1] : "";

	if (argc == 9 && strcmp(kind, "udp") == 0)
		return send_udp(argv + 2);
	if (argc == 5 && strcmp(kind, "tcp") == 0)
		return send_tcp(argv + 2);
	if (argc == 3 && strcmp(kind, "sink") == 0)
		return sink(argv + 2);
	errx(1, "usage: see the source's first lines");
}
