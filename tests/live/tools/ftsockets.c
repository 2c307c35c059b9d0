/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has sockets of every kind, all idle, for live tests of the list of sockets:
 *
 *	ftsockets [COUNT]
 *
 * On loopback: listeners (v4, v6, both) with connections that nobody accepts, a connection with
 * unread data both ways, one half closed, one in TIME_WAIT, UDP bound, connected, with unread
 * and with dropped datagrams, bound to an interface, raw. With COUNT also so many UDP sockets.
 * Prints "ready" once all of it is there, and ends with its standard input.
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define DATAGRAM 500

static int make(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		err(1, "socket %d %d", family, type);
	return fd;
}

/* Loopback, of the family. */
static socklen_t name_of(int family, uint16_t port, struct sockaddr_storage *name)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)name;
	struct sockaddr_in *v4 = (struct sockaddr_in *)name;

	memset(name, 0, sizeof(*name));
	name->ss_family = (sa_family_t)family;
	if (family == AF_INET6) {
		v6->sin6_port = htons(port);
		v6->sin6_addr = in6addr_loopback;
		return sizeof(*v6);
	}
	v4->sin_port = htons(port);
	v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof(*v4);
}

static void bind_to(int fd, int family, uint16_t port)
{
	struct sockaddr_storage name;
	socklen_t size = name_of(family, port, &name);

	if (bind(fd, (struct sockaddr *)&name, size) < 0)
		err(1, "bind %u", port);
}

static void connect_to(int fd, int family, uint16_t port)
{
	struct sockaddr_storage name;
	socklen_t size = name_of(family, port, &name);

	if (connect(fd, (struct sockaddr *)&name, size) < 0)
		err(1, "connect %u", port);
}

static int listener(int family, uint16_t port, int backlog)
{
	int fd = make(family, SOCK_STREAM, 0);

	bind_to(fd, family, port);
	if (listen(fd, backlog) < 0)
		err(1, "listen %u", port);
	return fd;
}

/* A connection; *ret_other is the accepted end. */
static int connection(int family, int listening, uint16_t port, int *ret_other)
{
	int fd = make(family, SOCK_STREAM, 0);

	connect_to(fd, family, port);
	*ret_other = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	if (*ret_other < 0)
		err(1, "accept");
	return fd;
}

static void send_all(int fd, size_t size)
{
	static char data[65536];

	if (send(fd, data, size, 0) != (ssize_t)size)
		err(1, "send");
}

/* Waits until all that was sent is acknowledged. */
static void flush(int fd)
{
	int left = 1;

	while (ioctl(fd, SIOCOUTQ, &left) == 0 && left > 0)
		usleep(1000);
}

static void set_number(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)) < 0)
		err(1, "option %d", option);
}

static void tcp(void)
{
	int v4 = listener(AF_INET, 7001, 7), v6 = listener(AF_INET6, 7002, 9), other, fd;
	int both = make(AF_INET6, SOCK_STREAM, 0), end;
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(7003) };
	char data[1000];

	if (bind(both, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(both, 5) < 0)
		err(1, "listen 7003");
	/* unread data both ways, some of it read */
	fd = connection(AF_INET, v4, 7001, &other);
	send_all(fd, 30000);
	send_all(other, 1234);
	if (recv(other, data, sizeof(data), MSG_WAITALL) != sizeof(data))
		err(1, "recv");
	flush(fd);
	flush(other);
	fd = connection(AF_INET6, v6, 7002, &other);
	set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_number(fd, IPPROTO_IPV6, IPV6_TCLASS, 0xb8);
	send_all(fd, 77);
	flush(fd);
	/* an algorithm that tells of itself, where there is one */
	fd = connection(AF_INET6, v6, 7002, &other);
	(void)!setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "bbr", 3);
	send_all(fd, 20000);
	flush(fd);
	/* half closed: FIN_WAIT2 and CLOSE_WAIT */
	fd = connection(AF_INET, v4, 7001, &other);
	set_number(fd, IPPROTO_IP, IP_TOS, 0x10);
	shutdown(fd, SHUT_WR);
	/* whoever closes first is in TIME_WAIT */
	end = connection(AF_INET, v4, 7001, &other);
	close(end);
	while (recv(other, data, sizeof(data), 0) > 0)
		;
	close(other);
	/* two that nobody accepts */
	connect_to(make(AF_INET, SOCK_STREAM, 0), AF_INET, 7001);
	connect_to(make(AF_INET, SOCK_STREAM, 0), AF_INET, 7001);
}

static void udp(void)
{
	static const char lo[] = "lo";
	int full = make(AF_INET, SOCK_DGRAM, 0), some = make(AF_INET, SOCK_DGRAM, 0), room = 4096;
	int v6 = make(AF_INET6, SOCK_DGRAM, 0), bound = make(AF_INET, SOCK_DGRAM, 0), fd;

	setsockopt(full, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	bind_to(full, AF_INET, 7011);
	bind_to(some, AF_INET, 7012);
	bind_to(v6, AF_INET6, 7013);
	if (setsockopt(bound, SOL_SOCKET, SO_BINDTODEVICE, lo, sizeof(lo)) < 0)
		err(1, "SO_BINDTODEVICE");
	bind_to(bound, AF_INET, 7014);
	fd = make(AF_INET, SOCK_DGRAM, 0);
	connect_to(fd, AF_INET, 7011);
	for (int i = 0; i < 50; i++)
		send_all(fd, DATAGRAM);
	fd = make(AF_INET, SOCK_DGRAM, 0);
	connect_to(fd, AF_INET, 7012);
	for (int i = 0; i < 3; i++)
		send_all(fd, DATAGRAM);
	connect_to(make(AF_INET6, SOCK_DGRAM, 0), AF_INET6, 7013);
}

/* UDP sockets number `from` to `to`; 127.1.0.x: one address has not so many ports. */
static void some(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct sockaddr_in name = { .sin_family = AF_INET };
		int fd = make(AF_INET, SOCK_DGRAM, 0);

		name.sin_addr.s_addr = htonl(0x7f010000U + i / 20000);
		name.sin_port = htons((uint16_t)(10000 + i % 20000));
		if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
			err(1, "bind");
	}
}

/* Many of them: by children, as many as one may have each. They end with the input too. */
static void many(unsigned count)
{
	struct rlimit limit;
	unsigned each;
	int ready[2];
	char word;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || pipe(ready) < 0)
		err(1, "RLIMIT_NOFILE");
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	each = limit.rlim_cur > 20100 ? 20000 : (unsigned)limit.rlim_cur - 100;
	for (unsigned from = 0; from < count; from += each) {
		pid_t child = fork();

		if (child < 0)
			err(1, "fork");
		if (child == 0) {
			some(from, from + each < count ? from + each : count);
			if (write(ready[1], "r", 1) != 1)
				_exit(1);
			while (read(STDIN_FILENO, &word, 1) > 0)
				;
			_exit(0);
		}
	}
	for (unsigned from = 0; from < count; from += each)
		if (read(ready[0], &word, 1) != 1)
			errx(1, "a child ended");
}

int main(int argc, char **argv)
{
	tcp();
	udp();
	make(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	make(AF_INET, SOCK_RAW, 253);
	make(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	if (argc > 1)
		many((unsigned)strtoul(argv[1], NULL, 10));
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
