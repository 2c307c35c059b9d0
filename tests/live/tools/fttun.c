/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The far side of a tun device, for live tests: fttun IF [COUNT SIZE]
 *
 * Makes the device IF (no link-layer header), prints "ready", reads a line from standard input,
 * then writes COUNT UDP packets of SIZE payload bytes, 10.9.0.2:5000 to 10.9.0.1:4000, into it;
 * prints what it wrote as JSON. From then on it swallows whatever the kernel sends there until
 * standard input ends. With each further line it writes as many to 10.9.0.255:4001, to which it listens
 * itself (and reads nothing).
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned fold(const uint8_t *at, unsigned len)
{
	unsigned sum = 0;

	for (; len > 1; at += 2, len -= 2)
		sum += at[0] << 8 | at[1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static unsigned make_packet(uint8_t *p, unsigned size, bool broadcast)
{
	static const uint8_t head[28] = { 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 9,
					  0,    2, 10, 9, 0, 1, 5000 >> 8, 5000 & 255,
					  4000 >> 8, 4000 & 255 };
	unsigned sum;

	memset(p, 'x', 28 + size);
	memcpy(p, head, sizeof(head));
	p[2] = (28 + size) >> 8;
	p[3] = 28 + size;
	if (broadcast) {
		p[19] = 255;
		p[23]++;
	}
	p[24] = (8 + size) >> 8;
	p[25] = 8 + size;
	sum = fold(p, 20);
	p[10] = sum >> 8;
	p[11] = sum;
	return 28 + size;
}

static void write_all(int tun, unsigned count, unsigned size, bool broadcast)
{
	uint8_t packet[2048];
	unsigned len = make_packet(packet, size, broadcast);

	for (unsigned i = 0; i < count; i++)
		if (write(tun, packet, len) != (ssize_t)len)
			err(1, "cannot write");
	printf("{\"packets\":%u,\"bytes\":%u,\"l2_bytes\":%u}\n", count, count * len, count * len);
	fflush(stdout);
}

static void listen_to_all(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(4001) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		err(1, "port 4001");
}

int main(int argc, char **argv)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	struct pollfd poll_fds[2];
	uint8_t packet[2048];
	unsigned count, size;
	char line[64];
	int tun;

	if (argc != 4)
		errx(1, "usage: fttun IF COUNT SIZE");
	count = strtoul(argv[2], NULL, 10);
	size = strtoul(argv[3], NULL, 10);
	if (size > 1400)
		errx(1, "too long");
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tun < 0)
		err(77, "/dev/net/tun");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", argv[1]);
	if (ioctl(tun, TUNSETIFF, &request) < 0)
		err(77, "no tun device here");
	listen_to_all();
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 0;
	write_all(tun, count, size, false);
	poll_fds[0] = (struct pollfd){ .fd = 0, .events = POLLIN };
	poll_fds[1] = (struct pollfd){ .fd = tun, .events = POLLIN };
	while (poll(poll_fds, 2, -1) > 0) {
		if (poll_fds[1].revents && read(tun, packet, sizeof(packet)) < 0)
			break;
		if (poll_fds[0].revents && read(0, line, sizeof(line)) <= 0)
			break;
		if (poll_fds[0].revents)
			write_all(tun, count, size, true);
	}
	return 0;
}
