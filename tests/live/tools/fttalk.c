/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TCP connection that does as it is told, for live tests.
 *
 *	fttalk listen PORT          accepts one connection, reads until it ends
 *	fttalk connect ADDRESS PORT [CONGESTION]
 *
 * connect prints "ready", then for each line with a number on standard input sends so many
 * octets, waits until all of them are acknowledged, and prints "sent". It closes when the
 * input ends. listen prints "ready" when it listens, and at the end how many octets came.
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int make_socket(struct sockaddr_in *name, const char *address, const char *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(1, "socket");
	*name = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
	};
	if (inet_pton(AF_INET, address, &name->sin_addr) != 1)
		errx(1, "%s is no address", address);
	return fd;
}

static void say(const char *word)
{
	puts(word);
	fflush(stdout);
}

static int listen_once(const char *port)
{
	static char data[65536];
	unsigned long long sum = 0;
	struct sockaddr_in name;
	int fd = make_socket(&name, "0.0.0.0", port), peer;
	ssize_t length;

	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 || listen(fd, 1) < 0)
		err(1, "port %s", port);
	say("ready");
	peer = accept(fd, NULL, NULL);
	while ((length = read(peer, data, sizeof(data))) > 0)
		sum += (unsigned long long)length;
	printf("%llu\n", sum);
	return 0;
}

static void send_all(int fd, unsigned long octets)
{
	static const char data[65536];
	int left = 1;

	while (octets > 0) {
		ssize_t length = write(fd, data, octets < sizeof(data) ? octets : sizeof(data));

		if (length < 0)
			err(1, "write");
		octets -= (unsigned long)length;
	}
	while (ioctl(fd, SIOCOUTQ, &left) == 0 && left > 0)
		usleep(1000);
}

int main(int argc, char **argv)
{
	struct sockaddr_in name;
	char line[64];
	int fd;

	if (argc == 3 && !strcmp(argv[1], "listen"))
		return listen_once(argv[2]);
	if (argc < 4 || argc > 5 || strcmp(argv[1], "connect") != 0)
		errx(1, "usage: fttalk listen PORT | connect ADDRESS PORT [CONGESTION]");
	fd = make_socket(&name, argv[2], argv[3]);
	if (argc == 5 && setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, argv[4],
				    (socklen_t)strlen(argv[4])) < 0)
		err(77, "%s", argv[4]);
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		err(1, "connect");
	say("ready");
	while (fgets(line, sizeof(line), stdin)) {
		send_all(fd, strtoul(line, NULL, 10));
		say("sent");
	}
	return 0;
}
