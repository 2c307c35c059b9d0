/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections that tell what they did, for live tests of events.
 *
 *	fttell serve PORT             accepts connections, one after the other, until it is killed
 *	fttell talk ADDRESS PORT fin|rst OCTETS
 *	fttell try ADDRESS PORT       connects once
 *	fttell datagram ADDRESS PORT  sends one, from a port that was bound
 *	fttell -u UID ...             as this user
 *
 * serve prints "ready" when it listens. Of each connection the first octet says how it ends: f, it
 * reads to the end, answers with 50 octets and closes; r, it reads one octet more and closes with
 * the rest unread. talk sends OCTETS (the first says how), prints "ready" and waits for a line on
 * standard input before it goes on: with fin it ends its side and reads to the end, with rst it
 * waits for the reset.
 *
 * All print one line of JSON at the end: pid, port (its own), sent, received, errno (of what
 * failed, 0), open_us (from established to the begin of the end, as seen from outside of the kernel).
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct report {
	unsigned port;
	unsigned long long sent, received, open_us;
	int error;
};

static unsigned long long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long long)ts.tv_sec * 1000000 + (unsigned long long)ts.tv_nsec / 1000;
}

static struct sockaddr_in6 address_of(const char *text, const char *port)
{
	struct sockaddr_in6 name = { .sin6_family = AF_INET6 };
	char mapped[INET6_ADDRSTRLEN + 8];

	snprintf(mapped, sizeof(mapped), strchr(text, ':') ? "%s" : "::ffff:%s", text);
	if (inet_pton(AF_INET6, mapped, &name.sin6_addr) != 1)
		errx(1, "%s is no address", text);
	name.sin6_port = htons((uint16_t)strtoul(port, NULL, 10));
	return name;
}

static unsigned port_of(int fd)
{
	struct sockaddr_in6 name = { .sin6_port = 0 };
	socklen_t size = sizeof(name);

	getsockname(fd, (struct sockaddr *)&name, &size);
	return ntohs(name.sin6_port);
}

static int tell(const struct report *report)
{
	printf("{\"pid\":%d,\"port\":%u,\"sent\":%llu,\"received\":%llu,"
	       "\"errno\":%d,\"open_us\":%llu}\n",
	       (int)getpid(), report->port, report->sent, report->received, report->error,
	       report->open_us);
	fflush(stdout);
	return 0;
}

/* Reads to the end; how many octets came. *ret_error: what ended it. */
static unsigned long long drain(int fd, int *ret_error)
{
	unsigned long long sum = 0;
	char data[65536];
	ssize_t length;

	while ((length = read(fd, data, sizeof(data))) > 0)
		sum += (unsigned long long)length;
	*ret_error = length < 0 ? errno : 0;
	return sum;
}

static unsigned long long fill(int fd, char how, unsigned long long octets)
{
	unsigned long long sum = 0;
	char data[65536];

	memset(data, 'x', sizeof(data));
	data[0] = how;
	while (sum < octets) {
		size_t part = octets - sum < sizeof(data) ? (size_t)(octets - sum) : sizeof(data);
		ssize_t length = write(fd, data, part);

		if (length < 0)
			break;
		sum += (unsigned long long)length;
	}
	return sum;
}

static int serve(const char *port)
{
	struct sockaddr_in6 name = address_of("::", port);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 || listen(fd, 5) < 0)
		err(1, "port %s", port);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		int peer = accept(fd, NULL, NULL);
		struct report report = { .port = port_of(fd) };
		char how = 0, more;

		if (peer < 0)
			return 1;
		report.received = read(peer, &how, 1) == 1;
		if (how == 'f') {
			report.received += drain(peer, &report.error);
			report.sent = fill(peer, 'a', 50);
		} else {
			/* What is looked at stays unread: closing is a reset. */
			(void)!recv(peer, &more, 1, MSG_PEEK);
		}
		close(peer);
		tell(&report);
	}
}

static int talk(char **args)
{
	struct sockaddr_in6 name = address_of(args[0], args[1]);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool fin = !strcmp(args[2], "fin");
	struct report report = { .port = 0 };
	unsigned long long begun;
	char line[16];

	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		err(1, "connect");
	begun = now_us();
	report.port = port_of(fd);
	/* To be reset it has to wait first: the server hears how with what it does not read. */
	if (fin)
		report.sent = fill(fd, 'f', strtoull(args[3], NULL, 10));
	printf("ready\n");
	fflush(stdout);
	(void)!fgets(line, sizeof(line), stdin);
	report.open_us = now_us() - begun;
	if (fin)
		shutdown(fd, SHUT_WR);
	else
		report.sent = fill(fd, 'r', strtoull(args[3], NULL, 10));
	report.received = drain(fd, &report.error);
	close(fd);
	return tell(&report);
}

static int try(char **args)
{
	struct sockaddr_in6 name = address_of(args[0], args[1]);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct report report = { .port = 0 };

	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		report.error = errno;
	report.port = port_of(fd);
	return tell(&report);
}

static int datagram(char **args)
{
	struct sockaddr_in6 name = address_of(args[0], args[1]);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct report report = { .sent = 2 };

	if (sendto(fd, "hi", 2, 0, (struct sockaddr *)&name, sizeof(name)) < 0)
		report.error = errno;
	report.port = port_of(fd);
	return tell(&report);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc > 3 && !strcmp(argv[1], "-u")) {
		if (setuid((uid_t)strtoul(argv[2], NULL, 10)) < 0)
			err(1, "user %s", argv[2]);
		argc -= 2;
		argv += 2;
	}
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(argv[2]);
	if (argc == 6 && !strcmp(argv[1], "talk"))
		return talk(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "try"))
		return try(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "datagram"))
		return datagram(argv + 2);
	errx(1, "usage: fttell [-u UID] serve PORT | talk ADDRESS PORT fin|rst OCTETS | "
		"try ADDRESS PORT | datagram ADDRESS PORT");
}
