/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who listens where flowtop sends:
 *   ftlisten unix PATH       prints what comes through a unix socket
 *   ftlisten tcp PORT PORT2  takes IPFIX over TCP on loopback and hands each message on as a
 *                            datagram to PORT2, for collectors that know UDP only
 * One connection after the other. Ends on a message that is none.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "ftlisten: %s: %s\n", what, strerror(errno));
	return 1;
}

/* Loopback. */
static struct sockaddr_in address_of(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)atoi(port)),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return address;
}

/* Whole, or 0 at the end. */
static int read_whole(int fd, void *data, size_t size)
{
	size_t used = 0;
	ssize_t got;

	while (used < size) {
		got = read(fd, (char *)data + used, size - used);
		if (got <= 0)
			return 0;
		used += (size_t)got;
	}
	return 1;
}

/* The messages of a connection; -1 for what is none. */
static int relay(int from, int to)
{
	static unsigned char message[65536];
	size_t size;

	while (read_whole(from, message, 4)) {
		size = (size_t)message[2] << 8 | message[3];
		if (message[0] != 0 || message[1] != 10 || size < 16)
			return -1;
		if (!read_whole(from, message + 4, size - 4))
			return 0; /* cut off with the connection */
		if (send(to, message, size, 0) != (ssize_t)size)
			return -1;
	}
	return 0;
}

static int listen_tcp(const char *port, const char *port2)
{
	struct sockaddr_in here = address_of(port), there = address_of(port2);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, peer;
	int udp = socket(AF_INET, SOCK_DGRAM, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (connect(udp, (struct sockaddr *)&there, sizeof(there)) < 0 ||
	    bind(listener, (struct sockaddr *)&here, sizeof(here)) < 0 || listen(listener, 4) < 0)
		return fail(port);
	while ((peer = accept(listener, NULL, NULL)) >= 0) {
		if (relay(peer, udp) < 0)
			return fail("not IPFIX, or nobody takes it");
		close(peer);
	}
	return fail("accept");
}

static int listen_unix(const char *path)
{
	struct sockaddr_un here = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), peer;
	char data[65536];
	ssize_t got;

	snprintf(here.sun_path, sizeof(here.sun_path), "%s", path);
	if (bind(listener, (struct sockaddr *)&here, sizeof(here)) < 0 || listen(listener, 4) < 0)
		return fail(path);
	while ((peer = accept(listener, NULL, NULL)) >= 0) {
		while ((got = read(peer, data, sizeof(data))) > 0)
			if (write(STDOUT_FILENO, data, (size_t)got) != got)
				return fail("stdout");
		close(peer);
	}
	return fail("accept");
}

int main(int argc, char *argv[])
{
	if (argc == 3 && !strcmp(argv[1], "unix"))
		return listen_unix(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "tcp"))
		return listen_tcp(argv[2], argv[3]);
	fprintf(stderr, "usage: ftlisten unix PATH | tcp PORT PORT2\n");
	return 1;
}
