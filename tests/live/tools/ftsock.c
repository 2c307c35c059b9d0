/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Acts the ways in which a process can come to own traffic, one a call:
 *
 *	ftsock SCENARIO PORT HOLD [GO-FILE]
 *
 * It runs in namespace "a" (10.0.0.1, fd00::1) and forks what it needs in namespace "b"
 * (10.0.0.2, fd00::2), both joined by v0. Each scenario uses PORT to PORT + 9 on its own side, so
 * that its flows are told apart by them. It prints what has to be found, one flow a line:
 *
 *	SIDE PROTOCOL KEY PID NAME MIN MAX GOT-MIN GOT-MAX
 *
 * SIDE is local (our end's process) or remote; KEY our port, or the id of an echo, or 0; PID 0 means
 * the kernel; MIN and MAX are the L3 bytes that this end must have sent, exact for datagrams,
 * GOT-MIN and GOT-MAX those of the other.
 * Then it prints "acted", and stays until the file HOLD is there (90 s at most, times FT_SLOW), so
 * that sources slower than BPF can look at it; scenarios of short lives don't. A HOLD of digits is
 * so many milliseconds, for where no file can be shared. With GO-FILE it sets up, prints "ready",
 * and acts once that file is there: what is older than flowtop. Exit 77: this kernel doesn't have it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define SKIP 77
#define BYTES 100000
#define DATAGRAM 1000
#define MAX_PEERS 1100

/* For AddressSanitizer. Leaks are looked for by a thread that traces its process by the number that
 * /proc has for it, which is another one in a namespace of our own. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static int port;
static char *hold_file;
static const char *go_file;
static pid_t main_pid;
static char block[BYTES];

static void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Says what failed, and ends. */
static void die(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	fputs("ftsock: ", stderr);
	vfprintf(stderr, format, args);
	fprintf(stderr, ": %s\n", strerror(error));
	va_end(args);
	exit(1);
}

/* A bounded wait; there is no condition to wait for. */
static void sleep_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

/* Waits for a file; 90 s at most, times FT_SLOW. */
static void wait_for_file(const char *file)
{
	const char *slow = getenv("FT_SLOW");
	int tries = 4500 * (slow && atoi(slow) > 0 ? atoi(slow) : 1);

	for (; tries > 0 && access(file, F_OK) < 0; tries--)
		sleep_ms(20);
}

/* All that has to be found is said. */
static void acted(void)
{
	static bool said;

	if (said || getpid() != main_pid)
		return;
	said = true;
	puts("acted");
	fflush(stdout);
}

/* Stays as long as it is to be looked at. */
static void hold(void)
{
	acted();
	if (hold_file[0] >= '0' && hold_file[0] <= '9')
		sleep_ms(atoi(hold_file));
	else
		wait_for_file(hold_file);
}

static void set_name(const char *name)
{
	prctl(PR_SET_NAME, name);
}

/* What has to be found, both ways. */
static void expect_both(const char *side, int protocol, int key, int pid, const char *name,
			long min, long max, long got_min, long got_max)
{
	printf("%s %d %d %d %s %ld %ld %ld %ld\n", side, protocol, key, pid, name, min, max,
	       got_min, got_max);
	fflush(stdout);
}

/* What has to be found, whatever came back. */
static void expect(const char *side, int protocol, int key, int pid, const char *name, long min,
		   long max)
{
	expect_both(side, protocol, key, pid, name, min, max, 0, LONG_MAX);
}

/* TCP: headers, handshake and what else is needed add a little. */
static void expect_tcp(const char *side, int key, int pid, const char *name, long payload)
{
	expect(side, IPPROTO_TCP, key, pid, name, payload, payload + payload / 10 + 4000);
}

/* The same the other way: of ours there is little but what acknowledges it. */
static void expect_download(int key, int pid, const char *name, long payload)
{
	expect_both("local", IPPROTO_TCP, key, pid, name, 40, 20000, payload,
		    payload + payload / 10 + 4000);
}

/* UDP over IPv4 (28 bytes of headers) or IPv6 (48), exactly. */
static void expect_udp(const char *side, int key, int pid, const char *name, int count, int header)
{
	long bytes = (long)count * (DATAGRAM + header);

	expect(side, IPPROTO_UDP, key, pid, name, bytes, bytes);
}

/* ---- addresses and sockets */

static struct sockaddr_in in4(const char *text, int at)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((uint16_t)at) };

	inet_pton(AF_INET, text, &addr.sin_addr);
	return addr;
}

static struct sockaddr_in6 in6(const char *text, int at)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)at) };

	inet_pton(AF_INET6, text, &addr.sin6_addr);
	addr.sin6_scope_id = if_nametoindex("v0");
	return addr;
}

/* Our own or the peer's address with a port, in either family. */
static socklen_t address(int family, bool peer, int at, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (family == AF_INET) {
		struct sockaddr_in addr = in4(peer ? "10.0.0.2" : "10.0.0.1", at);

		memcpy(ret, &addr, sizeof(addr));
		return sizeof(addr);
	}
	struct sockaddr_in6 addr = in6(peer ? "fd00::2" : "fd00::1", at);

	addr.sin6_scope_id = 0;
	memcpy(ret, &addr, sizeof(addr));
	return sizeof(addr);
}

static int open_socket(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol), on = 1;

	if (fd < 0)
		die("socket %d %d %d", family, type, protocol);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return fd;
}

static void bind_to(int fd, int family, int at)
{
	struct sockaddr_storage addr;
	socklen_t size = address(family, false, at, &addr);

	if (bind(fd, (struct sockaddr *)&addr, size) < 0)
		die("bind %d", at);
}

static void connect_to_peer(int fd, int family, int at)
{
	struct sockaddr_storage addr;
	socklen_t size = address(family, true, at, &addr);

	if (connect(fd, (struct sockaddr *)&addr, size) < 0)
		die("connect %d", at);
}

static void send_all(int fd, size_t count)
{
	while (count > 0) {
		ssize_t sent = send(fd, block, count < BYTES ? count : BYTES, MSG_NOSIGNAL);

		if (sent <= 0)
			die("send");
		count -= (size_t)sent;
	}
}

/* Reads so many octets. */
static void receive_all(int fd, size_t count)
{
	while (count > 0) {
		ssize_t got = recv(fd, block, count < BYTES ? count : BYTES, 0);

		if (got <= 0)
			die("recv");
		count -= (size_t)got;
	}
}

/* Waits until the other side has acknowledged all; 30 s at most, times FT_SLOW. */
static void wait_acknowledged(int fd)
{
	const char *slow = getenv("FT_SLOW");
	int tries = 6000 * (slow && atoi(slow) > 0 ? atoi(slow) : 1), left = 1;

	while (tries-- > 0 && ioctl(fd, SIOCOUTQ, &left) == 0 && left > 0)
		sleep_ms(5);
}

/* Reads until the other side is done. */
static void drain(int fd)
{
	char sink[65536];

	while (recv(fd, sink, sizeof(sink), 0) > 0)
		;
}

/* ---- the peer, in namespace b */

static void enter_b(void)
{
	int fd = open("/run/netns/b", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		die("namespace b");
	close(fd);
	set_name("ftpeer");
}

static int ready_pipe[2];

static void ready(void)
{
	if (write(ready_pipe[1], "", 1) != 1)
		die("ready");
}

/* Runs a part in namespace b; returns when that says that it is ready. */
static pid_t in_b(void (*part)(int family, int arg), int family, int arg)
{
	char byte;
	pid_t pid;

	if (pipe2(ready_pipe, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* what the caller has open is not the peer's */
		if (dup2(ready_pipe[1], 3) < 0)
			die("dup2");
		ready_pipe[1] = 3;
		close_range(4, ~0U, 0);
		enter_b();
		part(family, arg);
		_exit(0);
	}
	close(ready_pipe[1]);
	if (read(ready_pipe[0], &byte, 1) != 1)
		die("the peer");
	close(ready_pipe[0]);
	return pid;
}

/* Accepts `arg` connections on port 7000 and something, reads all that comes. */
static int sink_port;
static int sink_protocol;
static void sink(int family, int arg)
{
	struct pollfd fds[MAX_PEERS + 1];
	int listener = open_socket(family, SOCK_STREAM, sink_protocol), count = 1, left = arg;
	struct sockaddr_storage addr;
	socklen_t size = address(family, true, sink_port, &addr);

	if (bind(listener, (struct sockaddr *)&addr, size) < 0 || listen(listener, 1024) < 0)
		die("sink %d", sink_port);
	ready();
	fds[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
	while (left > 0 || count > 1) {
		if (poll(fds, (nfds_t)count, 120000) <= 0)
			return;
		for (int i = count - 1; i > 0; i--) {
			char bytes[65536];

			if (!fds[i].revents)
				continue;
			if (recv(fds[i].fd, bytes, sizeof(bytes), 0) > 0)
				continue;
			close(fds[i].fd);
			fds[i] = fds[--count];
		}
		if (fds[0].revents && left > 0 && count <= MAX_PEERS) {
			fds[count].fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			fds[count].revents = 0;
			fds[count++].events = POLLIN;
			left--;
		}
	}
}

static pid_t start_sink(int family, int connections)
{
	sink_port = port + 5000;
	return in_b(sink, family, connections);
}

/* Accepts one connection, sends BYTES, stays until the other side ends it. */
static void source(int family, int arg)
{
	int listener = open_socket(family, SOCK_STREAM, sink_protocol), fd;
	struct sockaddr_storage addr;
	socklen_t size = address(family, true, sink_port, &addr);

	(void)arg;
	if (bind(listener, (struct sockaddr *)&addr, size) < 0 || listen(listener, 1) < 0)
		die("source %d", sink_port);
	ready();
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		die("accept in b");
	send_all(fd, BYTES);
	drain(fd);
}

/* Answers the first datagram with `arg` others. */
static void answerer(int family, int arg)
{
	int fd = open_socket(family, SOCK_DGRAM, 0);
	struct sockaddr_storage addr, from;
	socklen_t size = address(family, true, port + 5000, &addr), from_size = sizeof(from);

	if (bind(fd, (struct sockaddr *)&addr, size) < 0)
		die("bind in b");
	ready();
	if (recvfrom(fd, block, BYTES, 0, (struct sockaddr *)&from, &from_size) < 0)
		die("recvfrom in b");
	for (int i = 0; i < arg; i++)
		if (sendto(fd, block, DATAGRAM, 0, (struct sockaddr *)&from, from_size) < 0)
			die("answer");
	hold();
}

#define ANSWER 5000
static bool callers_stay;

/* Connects `arg` times, one after the other, to PORT in namespace a; sends, waits for the answer:
 * until the other side closes, or until it has ANSWER octets, and stays. */
static void callers(int family, int arg)
{
	ready();
	for (int i = 0; i < arg; i++) {
		struct sockaddr_storage addr, own;
		socklen_t size = address(family, false, port, &addr);
		int fd = -1;

		for (int tries = 0; tries < 500; tries++) {
			fd = open_socket(family, SOCK_STREAM, sink_protocol);
			address(family, true, port + 5000 + i, &own);
			if (bind(fd, (struct sockaddr *)&own, size) < 0)
				die("bind in b");
			if (connect(fd, (struct sockaddr *)&addr, size) == 0)
				break;
			close(fd);
			fd = -1;
			sleep_ms(10);
		}
		if (fd < 0)
			die("nobody listens on %d", port);
		send_all(fd, 1000);
		shutdown(fd, SHUT_WR);
		if (callers_stay) {
			if (recv(fd, block, ANSWER, MSG_WAITALL) != ANSWER)
				die("no answer");
			continue; /* it stays open */
		}
		drain(fd);
		close(fd);
	}
	if (callers_stay)
		hold();
}

/* Sends one datagram to PORT every 20 ms, `arg` times; returns the socket once all has been held. */
static int talk(int family, int arg)
{
	int fd = open_socket(family, SOCK_DGRAM, 0);
	struct sockaddr_storage addr, own;
	socklen_t size = address(family, false, port, &addr);

	address(family, true, port + 5000, &own);
	if (bind(fd, (struct sockaddr *)&own, size) < 0)
		die("bind in b");
	ready();
	for (int i = 0; i < arg; i++) {
		sendto(fd, block, DATAGRAM, 0, (struct sockaddr *)&addr, size);
		sleep_ms(20);
	}
	hold();
	return fd;
}

static void talker(int family, int arg) { talk(family, arg); }

/* The same, and one datagram more in the end: whoever found the owner late says so then. */
static void late_talker(int family, int arg)
{
	struct sockaddr_storage addr;
	socklen_t size = address(family, false, port, &addr);

	sendto(talk(family, arg), block, DATAGRAM, 0, (struct sockaddr *)&addr, size);
}

/* ---- clients */

static int tcp_socket(int family, int protocol)
{
	int fd;

	sink_protocol = protocol;
	start_sink(family, 1);
	fd = open_socket(family, SOCK_STREAM, protocol);
	bind_to(fd, family, port);
	connect_to_peer(fd, family, port + 5000);
	return fd;
}

static void tcp_client_of(int family)
{
	int fd = tcp_socket(family, 0);

	send_all(fd, BYTES);
	expect_tcp("local", port, getpid(), "ftsock", BYTES);
	hold();
	close(fd);
}

static void tcp_client(void) { tcp_client_of(AF_INET); }
static void tcp6_client(void) { tcp_client_of(AF_INET6); }

/* A connection to what sends BYTES. */
static int download_socket(int family)
{
	int fd;

	sink_protocol = 0;
	sink_port = port + 5000;
	in_b(source, family, 0);
	fd = open_socket(family, SOCK_STREAM, 0);
	bind_to(fd, family, port);
	connect_to_peer(fd, family, port + 5000);
	return fd;
}

static void download_of(int family)
{
	receive_all(download_socket(family), BYTES);
	expect_download(port, getpid(), "ftsock", BYTES);
	hold();
}

static void tcp_download(void) { download_of(AF_INET); }
static void tcp6_download(void) { download_of(AF_INET6); }

/* Two processes at once, one sends, the other gets. */
static void tcp_duplex(void)
{
	static const char *const names[] = { "ftup", "ftdown" };
	pid_t pid;

	sink_port = port + 5000;
	in_b(sink, AF_INET, 1);
	sink_port = port + 5001;
	in_b(source, AF_INET, 0);
	for (int i = 0; i < 2; i++) {
		pid = fork();
		if (pid == 0) {
			int fd = open_socket(AF_INET, SOCK_STREAM, 0);

			set_name(names[i]);
			bind_to(fd, AF_INET, port + i);
			connect_to_peer(fd, AF_INET, port + 5000 + i);
			if (i == 0)
				send_all(fd, BYTES);
			else
				receive_all(fd, BYTES);
			hold();
			_exit(0);
		}
		if (i == 0)
			expect_tcp("local", port, pid, names[i], BYTES);
		else
			expect_download(port + 1, pid, names[i], BYTES);
	}
	acted();
	while (wait(NULL) > 0)
		;
}

/* A little at a time, over several of flowtop's intervals. */
static void tcp_drip(void)
{
	enum { COUNT = 40, EACH = 500 };
	int fd = tcp_socket(AF_INET, 0);

	for (int i = 0; i < COUNT; i++) {
		send_all(fd, EACH);
		wait_acknowledged(fd); /* else several become one segment */
		sleep_ms(25);
	}
	/* each with headers of its own, and with an answer */
	expect("local", IPPROTO_TCP, port, getpid(), "ftsock", COUNT * EACH + COUNT * 52,
	       COUNT * EACH + COUNT * 52 + 4000);
	hold();
}

/* A v6 socket that talks v4. */
static void tcp_mapped(void)
{
	int fd = open_socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 own = in6("::ffff:10.0.0.1", port), to = in6("::ffff:10.0.0.2",
									  port + 5000);

	start_sink(AF_INET, 1);
	own.sin6_scope_id = to.sin6_scope_id = 0;
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("mapped");
	send_all(fd, BYTES);
	expect_tcp("local", port, getpid(), "ftsock", BYTES);
	hold();
}

/* A process that is there for a moment only. */
static void tcp_short(void)
{
	pid_t pid;

	start_sink(AF_INET, 1);
	pid = fork();
	if (pid == 0) {
		int fd = open_socket(AF_INET, SOCK_STREAM, 0);

		set_name("ftshort");
		bind_to(fd, AF_INET, port);
		connect_to_peer(fd, AF_INET, port + 5000);
		send_all(fd, 2000);
		_exit(0);
	}
	expect_tcp("local", port, pid, "ftshort", 2000);
	waitpid(pid, NULL, 0);
}

/* The same of a socket that is done: what was sent twice counts twice. */
static void expect_sent(int fd, int key, const char *name, long payload)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);
	int left = 1;

	while (ioctl(fd, SIOCOUTQ, &left) == 0 && left > 0)
		sleep_ms(1);
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
		die("TCP_INFO");
	payload += (long)info.tcpi_bytes_retrans;
	expect_tcp("local", key, getpid(), name, payload);
}

/* A child with a connection of its own that ends right away; go: it begins when that is closed. */
static pid_t connect_briefly(const char *name, int own_port, size_t bytes, const int go[2])
{
	char byte;
	pid_t pid;

	/* It has the name from its birth: a look into /proc between the two would find another one. */
	set_name(name);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		int fd = open_socket(AF_INET, SOCK_STREAM, 0);

		if (go) {
			close(go[1]);
			(void)!read(go[0], &byte, 1);
		}
		bind_to(fd, AF_INET, own_port);
		connect_to_peer(fd, AF_INET, port + 5000);
		send_all(fd, bytes);
		expect_sent(fd, own_port, name, (long)bytes);
		_exit(0);
	}
	return pid;
}

/* Many such processes, one after the other. */
static void tcp_short_many(void)
{
	enum { COUNT = 20 };

	start_sink(AF_INET, COUNT);
	for (int i = 0; i < COUNT; i++)
		waitpid(connect_briefly("ftbrief", 31000 + i, 50000, NULL), NULL, 0);
}

/* Many of them all at once, each with much to send. */
static void tcp_burst(void)
{
	enum { COUNT = 30, EACH = 256 * 1024 };
	pid_t pids[COUNT];
	int go[2];

	start_sink(AF_INET, COUNT);
	if (pipe2(go, O_CLOEXEC) < 0)
		die("pipe");
	for (int i = 0; i < COUNT; i++)
		pids[i] = connect_briefly("ftburst", 31100 + i, EACH, go);
	close(go[0]);
	close(go[1]);
	for (int i = 0; i < COUNT; i++)
		waitpid(pids[i], NULL, 0);
}

/* One process, one small connection after the other. */
static void tcp_one_by_one(void)
{
	enum { COUNT = 60, EACH = 65536 };

	start_sink(AF_INET, COUNT);
	for (int i = 0; i < COUNT; i++) {
		int fd = open_socket(AF_INET, SOCK_STREAM, 0);

		bind_to(fd, AF_INET, 31200 + i);
		connect_to_peer(fd, AF_INET, port + 5000);
		send_all(fd, EACH);
		close(fd);
		expect_tcp("local", 31200 + i, getpid(), "ftsock", EACH);
	}
	hold();
}

static void many_connections(void)
{
	enum { COUNT = 1000 };
	struct rlimit limit = { 4096, 4096 };
	static int fds[COUNT];

	setrlimit(RLIMIT_NOFILE, &limit);
	start_sink(AF_INET, COUNT);
	for (int i = 0; i < COUNT; i++) {
		fds[i] = open_socket(AF_INET, SOCK_STREAM, 0);
		bind_to(fds[i], AF_INET, 30000 + i);
		connect_to_peer(fds[i], AF_INET, port + 5000);
	}
	for (int i = 0; i < COUNT; i++) {
		send_all(fds[i], 100);
		expect_tcp("local", 30000 + i, getpid(), "ftsock", 100);
	}
	hold();
}

static char exec_folder[] = "/tmp/ftexec.XXXXXX", exec_path[64];

/* Makes the program that become_other runs; unlink_other takes it away. */
static void link_other(void)
{
	if (!mkdtemp(exec_folder))
		die("mkdtemp");
	snprintf(exec_path, sizeof(exec_path), "%s/ftexeced", exec_folder);
	if (symlink("/proc/self/exe", exec_path) < 0)
		die("symlink");
}

static void unlink_other(void)
{
	unlink(exec_path);
	rmdir(exec_folder);
}

/* Becomes a program of another name, which goes on with the socket: execed. */
static void become_other(int fd)
{
	char fd_text[16];
	char *args[] = { exec_path, fd_text, hold_file, NULL }, *environment[] = { NULL };

	fcntl(fd, F_SETFD, 0);
	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	execve(exec_path, args, environment);
	die("exec");
}

/* The socket is made under one name and used under another. */
static void tcp_exec(void)
{
	pid_t pid;
	int fd;

	start_sink(AF_INET, 1);
	link_other();
	pid = fork();
	if (pid == 0) {
		fd = open_socket(AF_INET, SOCK_STREAM, 0);
		bind_to(fd, AF_INET, port);
		connect_to_peer(fd, AF_INET, port + 5000);
		sleep_ms(300); /* it has been seen under its first name */
		become_other(fd);
	}
	expect_tcp("local", port, pid, "ftexeced", BYTES);
	acted();
	waitpid(pid, NULL, 0);
	unlink_other();
}

/* What those become. */
static int execed(int fd)
{
	send_all(fd, BYTES / 2);
	sleep_ms(400);
	send_all(fd, BYTES / 2);
	hold();
	return 0;
}

static void *thread_sends(void *arg)
{
	set_name("ftthread");
	int fd = tcp_socket(AF_INET, 0);

	send_all(fd, BYTES);
	expect_tcp("local", port, getpid(), "ftsock", BYTES);
	hold();
	return arg;
}

/* A child has the socket too, and does nothing with it. */
static void tcp_inherited(void)
{
	int fd = tcp_socket(AF_INET, 0);
	pid_t pid = fork();

	if (pid == 0) {
		set_name("ftheir");
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		hold();
		_exit(0);
	}
	send_all(fd, BYTES);
	expect_tcp("local", port, getpid(), "ftsock", BYTES);
	hold();
}

/* A thread's name is not the process'. */
static void tcp_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, thread_sends, NULL);
	pthread_join(thread, NULL);
}

/* One port, one peer, two processes within a second: two connections. */
static void tcp_port_reuse(void)
{
	static const char *const names[] = { "ftfirst", "ftsecond" };

	start_sink(AF_INET, 2);
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			struct linger linger = { 1, 0 };
			int fd = open_socket(AF_INET, SOCK_STREAM, 0);

			set_name(names[i]);
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
			bind_to(fd, AF_INET, port);
			connect_to_peer(fd, AF_INET, port + 5000);
			send_all(fd, (size_t)(i + 1) * 10000);
			wait_acknowledged(fd);
			sleep_ms(100);
			_exit(0); /* resets the connection */
		}
		expect_tcp("local", port, pid, names[i], (i + 1) * 10000);
		waitpid(pid, NULL, 0);
	}
}

/* A child with this number, if nobody has it; where the kernel lets nobody ask for one, with the
 * next number after the last one given, which others may take. */
static pid_t fork_as(pid_t number)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&number,
		.set_tid_size = 1,
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));
	FILE *last;

	if (pid >= 0)
		return (pid_t)pid;
	last = fopen("/proc/sys/kernel/ns_last_pid", "we");
	if (last) {
		fprintf(last, "%d", number - 1);
		fclose(last);
	}
	return fork();
}

/* Two processes with one number, one after the other. */
static void pid_reuse(void)
{
	pid_t first = 0, pid;
	int tries;

	start_sink(AF_INET, 2);
	for (int i = 0; i < 2; i++) {
		for (tries = 0; tries < 50; tries++) {
			int pipes[2];
			char byte;

			if (pipe(pipes) < 0 || (pid = i ? fork_as(first) : fork()) < 0)
				die("fork");
			if (pid == 0) {
				int fd;

				close(pipes[1]);
				if (read(pipes[0], &byte, 1) != 1)
					_exit(0);
				set_name(i ? "ftnumber2" : "ftnumber1");
				fd = open_socket(AF_INET, SOCK_STREAM, 0);
				bind_to(fd, AF_INET, port + i);
				connect_to_peer(fd, AF_INET, port + 5000);
				send_all(fd, 5000);
				sleep_ms(200);
				_exit(0);
			}
			close(pipes[0]);
			if (i == 0 || pid == first)
				(void)!write(pipes[1], "", 1);
			close(pipes[1]);
			if (i == 0 || pid == first)
				break;
			waitpid(pid, NULL, 0);
		}
		if (tries == 50)
			exit(SKIP); /* others took it each time */
		first = pid;
		expect_tcp("local", port + i, pid, i ? "ftnumber2" : "ftnumber1", 5000);
		waitpid(pid, NULL, 0);
	}
}

/* ---- how bytes can be sent */

static int file_of_bytes(void)
{
	int fd = memfd_create("ftsock", MFD_CLOEXEC);

	if (fd < 0 || write(fd, block, BYTES) != BYTES)
		die("memfd");
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void send_file(void)
{
	int fd = tcp_socket(AF_INET, 0), file = file_of_bytes();
	off_t at = 0;

	while (at < BYTES)
		if (sendfile(fd, file, &at, (size_t)(BYTES - at)) <= 0)
			die("sendfile");
	expect_tcp("local", port, getpid(), "ftsock", BYTES);
	hold();
}

static void splice_bytes(void)
{
	int fd = tcp_socket(AF_INET, 0), file = file_of_bytes(), pipes[2];
	loff_t at = 0;

	if (pipe(pipes) < 0)
		die("pipe");
	while (at < BYTES) {
		ssize_t in = splice(file, &at, pipes[1], NULL, 16384, 0);

		while (in > 0) {
			ssize_t out = splice(pipes[0], NULL, fd, NULL, (size_t)in, 0);

			if (out <= 0)
				die("splice");
			in -= out;
		}
	}
	expect_tcp("local", port, getpid(), "ftsock", BYTES);
	hold();
}

/* Zero-copy the other way. */
static void splice_receive(void)
{
	int fd = download_socket(AF_INET), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	size_t left = BYTES;
	int pipes[2];

	if (null < 0 || pipe(pipes) < 0)
		die("pipe");
	while (left > 0) {
		ssize_t in = splice(fd, NULL, pipes[1], NULL, left < 16384 ? left : 16384, 0);

		if (in <= 0)
			die("splice from a socket");
		left -= (size_t)in;
		while (in > 0) {
			ssize_t out = splice(pipes[0], NULL, null, NULL, (size_t)in, 0);

			if (out <= 0)
				die("splice to /dev/null");
			in -= out;
		}
	}
	expect_download(port, getpid(), "ftsock", BYTES);
	hold();
}

static void zero_copy(void)
{
	int fd = tcp_socket(AF_INET, 0), on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)) < 0)
		exit(SKIP);
	for (size_t at = 0; at < BYTES;) {
		ssize_t sent = send(fd, block + at, BYTES - at, MSG_ZEROCOPY);

		if (sent <= 0)
			die("MSG_ZEROCOPY");
		at += (size_t)sent;
	}
	expect_tcp("local", port, getpid(), "ftsock", BYTES);
	hold();
}

/* One ring, all of it by io_uring: the socket, the connection, the sending. */
struct ring {
	int fd;
	char *sq, *cq;
	struct io_uring_params p;
	struct io_uring_sqe *sqes;
};

static int ring_do(struct ring *ring, const struct io_uring_sqe *sqe)
{
	unsigned *tail = (unsigned *)(ring->sq + ring->p.sq_off.tail);
	unsigned mask = *(unsigned *)(ring->sq + ring->p.sq_off.ring_mask), at = *tail & mask;
	unsigned *head = (unsigned *)(ring->cq + ring->p.cq_off.head);
	struct io_uring_cqe *cqes = (struct io_uring_cqe *)(ring->cq + ring->p.cq_off.cqes);
	unsigned cmask = *(unsigned *)(ring->cq + ring->p.cq_off.ring_mask);
	int result;

	ring->sqes[at] = *sqe;
	((unsigned *)(ring->sq + ring->p.sq_off.array))[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		die("io_uring_enter");
	result = cqes[*head & cmask].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

/* A ring; where there is none the scenario ends. */
static void ring_open(struct ring *ring)
{
	ring->fd = (int)syscall(SYS_io_uring_setup, 8, &ring->p);
	if (ring->fd < 0)
		exit(SKIP);
	ring->sq = mmap(NULL, ring->p.sq_off.array + ring->p.sq_entries * 4,
			PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			IORING_OFF_SQ_RING);
	ring->cq = mmap(NULL, ring->p.cq_off.cqes +
			ring->p.cq_entries * sizeof(struct io_uring_cqe),
			PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			IORING_OFF_CQ_RING);
	ring->sqes = mmap(NULL, ring->p.sq_entries * sizeof(struct io_uring_sqe),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			  IORING_OFF_SQES);
	if (ring->sq == MAP_FAILED || ring->cq == MAP_FAILED || ring->sqes == MAP_FAILED)
		die("mmap");
}

/* Connects by the ring, sends or gets BYTES by it. */
static void transfer_by_ring(uint8_t opcode)
{
	struct ring ring = { .fd = -1 };
	struct sockaddr_storage to;
	socklen_t size = address(AF_INET, true, port + 5000, &to);
	int fd;

	ring_open(&ring);
	fd = open_socket(AF_INET, SOCK_STREAM, 0);
	bind_to(fd, AF_INET, port);
	if (ring_do(&ring, &(struct io_uring_sqe){ .opcode = IORING_OP_CONNECT, .fd = fd,
			.addr = (uint64_t)(uintptr_t)&to, .off = size }) < 0)
		die("IORING_OP_CONNECT");
	for (size_t at = 0; at < BYTES;) {
		int done = ring_do(&ring, &(struct io_uring_sqe){ .opcode = opcode,
			.fd = fd, .addr = (uint64_t)(uintptr_t)(block + at),
			.len = (unsigned)(BYTES - at) });

		if (done <= 0)
			exit(SKIP);
		at += (size_t)done;
	}
}

static void by_io_uring(void)
{
	start_sink(AF_INET, 1);
	transfer_by_ring(IORING_OP_SEND);
	expect_tcp("local", port, getpid(), "ftsock", BYTES);
	hold();
}

static void io_uring_receive(void)
{
	sink_port = port + 5000;
	in_b(source, AF_INET, 0);
	transfer_by_ring(IORING_OP_RECV);
	expect_download(port, getpid(), "ftsock", BYTES);
	hold();
}

/* ---- servers */

static int listener(int family, int protocol)
{
	int fd = open_socket(family, SOCK_STREAM, protocol);

	bind_to(fd, family, port);
	if (listen(fd, 64) < 0)
		die("listen");
	return fd;
}

/* Reads the question, sends the answer, stays. */
static void serve(int fd)
{
	drain(fd);
	send_all(fd, BYTES);
	hold();
	close(fd);
}

static int accept_one(int fd)
{
	int got = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	if (got < 0)
		die("accept");
	return got;
}

static void tcp_server(void)
{
	int fd = listener(AF_INET, 0);

	in_b(callers, AF_INET, 1);
	expect_tcp("local", port, getpid(), "ftsock", BYTES);
	serve(accept_one(fd));
}

/* A child for the connection. */
static void tcp_forked(void)
{
	int fd = listener(AF_INET, 0), connection;
	pid_t pid;

	in_b(callers, AF_INET, 1);
	connection = accept_one(fd);
	pid = fork();
	if (pid == 0) {
		close(fd);
		set_name("ftworker");
		serve(connection);
		_exit(0);
	}
	close(connection);
	expect_tcp("local", port, pid, "ftworker", BYTES);
	acted();
	waitpid(pid, NULL, 0);
}

/* Workers that accept by themselves; who gets a connection says so. */
static void tcp_preforked(void)
{
	int fd = listener(AF_INET, 0), done[2];
	pid_t workers[3];
	char byte;

	if (pipe(done) < 0)
		die("pipe");

	for (int i = 0; i < 3; i++) {
		workers[i] = fork();
		if (workers[i] == 0) {
			set_name("ftworker");
			for (;;) {
				struct sockaddr_in from;
				socklen_t size = sizeof(from);
				int got = accept(fd, (struct sockaddr *)&from, &size);

				/* by the other end's port: ours is the same for all */
				drain(got);
				send_all(got, ANSWER);
				expect_tcp("peer", ntohs(from.sin_port), getpid(), "ftworker",
					   ANSWER);
				(void)!write(done[1], "", 1);
			}
		}
	}
	callers_stay = true;
	in_b(callers, AF_INET, 6);
	for (int i = 0; i < 6; i++)
		(void)!read(done[0], &byte, 1);
	hold();
	for (int i = 0; i < 3; i++)
		kill(workers[i], SIGKILL);
}

/* Accepted by one, handed to another over a unix socket. */
static void passed_fd(void)
{
	int fd = listener(AF_INET, 0), pair[2], connection;
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *head;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0 || (pid = fork()) < 0)
		die("socketpair");
	if (pid == 0) {
		set_name("ftreceiver");
		close(fd);
		if (recvmsg(pair[1], &msg, 0) != 1)
			die("recvmsg");
		memcpy(&connection, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
		serve(connection);
		_exit(0);
	}
	in_b(callers, AF_INET, 1);
	connection = accept_one(fd);
	head = CMSG_FIRSTHDR(&msg);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &connection, sizeof(int));
	if (sendmsg(pair[0], &msg, 0) != 1)
		die("sendmsg");
	close(connection);
	expect_tcp("local", port, pid, "ftreceiver", BYTES);
	acted();
	waitpid(pid, NULL, 0);
}

/* Two processes with a listener each on one port. */
static void reuse_port(void)
{
	pid_t members[2];
	int on = 1;

	for (int i = 0; i < 2; i++) {
		members[i] = fork();
		if (members[i] == 0) {
			int fd = open_socket(AF_INET, SOCK_STREAM, 0);

			set_name(i ? "ftmember2" : "ftmember1");
			setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
			bind_to(fd, AF_INET, port);
			listen(fd, 16);
			for (;;) {
				struct sockaddr_in from;
				socklen_t size = sizeof(from);
				int got = accept(fd, (struct sockaddr *)&from, &size);

				drain(got);
				send_all(got, ANSWER);
				expect_tcp("peer", ntohs(from.sin_port), getpid(),
					   i ? "ftmember2" : "ftmember1", ANSWER);
				close(got);
			}
		}
	}
	sleep_ms(100);
	waitpid(in_b(callers, AF_INET, 8), NULL, 0);
	hold();
	for (int i = 0; i < 2; i++)
		kill(members[i], SIGKILL);
}

/* ---- datagrams */

static void udp_to_peer(int fd, int family, int count)
{
	struct sockaddr_storage to;
	socklen_t size = address(family, true, port + 5000, &to);

	for (int i = 0; i < count; i++)
		sendto(fd, block, DATAGRAM, 0, (struct sockaddr *)&to, size);
}

static void udp_connected(void)
{
	int fd = open_socket(AF_INET, SOCK_DGRAM, 0);

	bind_to(fd, AF_INET, port);
	connect_to_peer(fd, AF_INET, port + 5000);
	for (int i = 0; i < 10; i++)
		while (write(fd, block, DATAGRAM) < 0 && errno == ECONNREFUSED)
			;
	expect_udp("local", port, getpid(), "ftsock", 10, 28);
	hold();
}

static void udp_unconnected_of(int family)
{
	int fd = open_socket(family, SOCK_DGRAM, 0);

	bind_to(fd, family, port);
	udp_to_peer(fd, family, 10);
	expect_udp("local", port, getpid(), "ftsock", 10, family == AF_INET ? 28 : 48);
	hold();
}

static void udp_unconnected(void) { udp_unconnected_of(AF_INET); }
static void udp6_unconnected(void) { udp_unconnected_of(AF_INET6); }

/* To a port that others take for something else. */
static void udp_to_port(int to_port, int count, size_t each)
{
	int fd = open_socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to = in4("10.0.0.2", to_port);
	long bytes = count * ((long)each + 28);

	bind_to(fd, AF_INET, port);
	for (int i = 0; i < count; i++)
		if (sendto(fd, block, each, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			die("to port %d", to_port);
	expect("local", IPPROTO_UDP, port, getpid(), "ftsock", bytes, bytes);
	hold();
}

static void udp_443(void) { udp_to_port(443, 20, 1200); }
static void udp_53(void) { udp_to_port(53, 500, 64); }

/* One asks, ten come back. */
static int udp_ask(int family)
{
	int fd = open_socket(family, SOCK_DGRAM, 0);
	struct timeval wait = { 30, 0 };

	bind_to(fd, family, port);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	in_b(answerer, family, 10);
	udp_to_peer(fd, family, 1);
	return fd;
}

static void expect_answers(int header)
{
	expect_both("local", IPPROTO_UDP, port, getpid(), "ftsock", DATAGRAM + header,
		    DATAGRAM + header, 10L * (DATAGRAM + header), 10L * (DATAGRAM + header));
	hold();
}

static void udp_download_of(int family, int header)
{
	int fd = udp_ask(family);

	for (int i = 0; i < 10; i++)
		if (recv(fd, block, BYTES, 0) != DATAGRAM)
			die("recv");
	expect_answers(header);
}

static void udp_download(void) { udp_download_of(AF_INET, 28); }
static void udp6_download(void) { udp_download_of(AF_INET6, 48); }

/* Ten messages for one call of sendmmsg or recvmmsg. */
static void message_batch(struct mmsghdr messages[10], struct iovec parts[10])
{
	memset(messages, 0, 10 * sizeof(*messages));
	for (int i = 0; i < 10; i++) {
		parts[i] = (struct iovec){ block + i * DATAGRAM, DATAGRAM };
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
}

static void send_batch(void)
{
	int fd = open_socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to = in4("10.0.0.2", port + 5000);
	struct mmsghdr messages[10];
	struct iovec parts[10];

	bind_to(fd, AF_INET, port);
	message_batch(messages, parts);
	for (int i = 0; i < 10; i++) {
		messages[i].msg_hdr.msg_name = &to;
		messages[i].msg_hdr.msg_namelen = sizeof(to);
	}
	if (sendmmsg(fd, messages, 10, 0) != 10)
		die("sendmmsg");
	expect_udp("local", port, getpid(), "ftsock", 10, 28);
	hold();
}

static void receive_batch(void)
{
	int fd = udp_ask(AF_INET);
	struct mmsghdr messages[10];
	struct iovec parts[10];

	message_batch(messages, parts);
	for (int got = 0; got < 10;) {
		int ret = recvmmsg(fd, messages, (unsigned)(10 - got), MSG_WAITFORONE, NULL);

		if (ret <= 0)
			die("recvmmsg");
		got += ret;
	}
	expect_answers(28);
}

/* One datagram and gone. */
static void udp_one_shot(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open_socket(AF_INET, SOCK_DGRAM, 0);

		set_name("ftshot");
		bind_to(fd, AF_INET, port);
		udp_to_peer(fd, AF_INET, 1);
		_exit(0);
	}
	expect_udp("local", port, pid, "ftshot", 1, 28);
	waitpid(pid, NULL, 0);
}

/* Only receives: no packet of its own ever names it. */
static void udp_silent_server(void)
{
	struct timeval wait = { 30, 0 };
	int fd = open_socket(AF_INET, SOCK_DGRAM, 0);
	char bytes[2000];

	bind_to(fd, AF_INET, port);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	in_b(talker, AF_INET, 10);
	for (int i = 0; i < 10; i++)
		(void)!recv(fd, bytes, sizeof(bytes), 0);
	expect("local", IPPROTO_UDP, port, getpid(), "ftsock", 0, 0);
	hold();
}

/* The same, of a process that is gone before anybody could look. */
static void udp_silent_short(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open_socket(AF_INET, SOCK_DGRAM, 0);
		struct timeval wait = { 30, 0 };
		char bytes[2000];

		set_name("ftheard");
		bind_to(fd, AF_INET, port);
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
		in_b(talker, AF_INET, 1);
		(void)!recv(fd, bytes, sizeof(bytes), 0);
		_exit(0);
	}
	expect("local", IPPROTO_UDP, port, pid, "ftheard", 0, 0);
	waitpid(pid, NULL, 0);
}

static void multicast_send(void)
{
	int fd = open_socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to = in4("239.1.2.3", port + 5000);
	struct ip_mreqn via = { .imr_ifindex = (int)if_nametoindex("v0") };

	bind_to(fd, AF_INET, port);
	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &via, sizeof(via));
	for (int i = 0; i < 10; i++)
		if (sendto(fd, block, DATAGRAM, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			die("multicast");
	expect_udp("local", port, getpid(), "ftsock", 10, 28);
	hold();
}

static void link_local(void)
{
	struct ifaddrs *list, *at;
	struct sockaddr_in6 own = { 0 }, to = in6("ff02::1:2:3", port + 5000);
	int fd = open_socket(AF_INET6, SOCK_DGRAM, 0);

	if (getifaddrs(&list) < 0)
		die("getifaddrs");
	for (at = list; at; at = at->ifa_next)
		if (at->ifa_addr && at->ifa_addr->sa_family == AF_INET6 &&
		    !strcmp(at->ifa_name, "v0") &&
		    IN6_IS_ADDR_LINKLOCAL(&((struct sockaddr_in6 *)at->ifa_addr)->sin6_addr))
			memcpy(&own, at->ifa_addr, sizeof(own));
	freeifaddrs(list);
	if (!own.sin6_family)
		exit(SKIP);
	own.sin6_port = htons((uint16_t)port);
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		die("bind link-local");
	for (int i = 0; i < 10; i++)
		if (sendto(fd, block, DATAGRAM, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			die("link-local");
	expect_udp("local", port, getpid(), "ftsock", 10, 48);
	hold();
}

/* ---- without ports */

static uint16_t checksum(const void *data, size_t size)
{
	const uint16_t *word = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < size / 2; i++)
		sum += word[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Three echo requests of 64 bytes. */
static void echoes(int fd, int id)
{
	struct sockaddr_in to = in4("10.0.0.2", 0);
	struct { struct icmphdr head; char rest[56]; } echo;

	for (int i = 0; i < 3; i++) {
		memset(&echo, 0, sizeof(echo));
		echo.head.type = ICMP_ECHO;
		echo.head.un.echo.id = htons((uint16_t)id);
		echo.head.un.echo.sequence = htons((uint16_t)i);
		echo.head.checksum = checksum(&echo, sizeof(echo));
		if (sendto(fd, &echo, sizeof(echo), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			die("echo");
	}
}

static void ping_socket(void)
{
	struct sockaddr_in own = in4("10.0.0.1", port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);

	if (fd < 0)
		exit(SKIP); /* net.ipv4.ping_group_range */
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		die("bind ping");
	echoes(fd, 0);
	expect("local", IPPROTO_ICMP, port, getpid(), "ftsock", 3 * 84, 3 * 84);
	hold();
}

/* Many with much in them, and all the answers. */
static void ping_flood(void)
{
	enum { COUNT = 200 };
	struct sockaddr_in own = in4("10.0.0.1", port), to = in4("10.0.0.2", 0);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
	struct { struct icmphdr head; char rest[1000]; } echo = { .head.type = ICMP_ECHO };
	struct timeval wait = { 30, 0 };
	long bytes = (long)COUNT * (20 + (long)sizeof(echo));

	if (fd < 0)
		exit(SKIP);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		die("bind ping");
	for (int i = 0; i < COUNT; i++) {
		echo.head.un.echo.sequence = htons((uint16_t)i);
		if (sendto(fd, &echo, sizeof(echo), 0, (struct sockaddr *)&to, sizeof(to)) < 0 ||
		    recv(fd, block, BYTES, 0) <= 0)
			die("echo");
	}
	expect_both("local", IPPROTO_ICMP, port, getpid(), "ftsock", bytes, bytes, bytes, bytes);
	hold();
}

static void ping_raw(void)
{
	int fd = open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

	echoes(fd, port);
	expect("local", IPPROTO_ICMP, port, getpid(), "ftsock", 3 * 84, 3 * 84);
	hold();
}

static void raw_253(void)
{
	int fd = open_socket(AF_INET, SOCK_RAW, 253);
	struct sockaddr_in to = in4("10.0.0.2", 0);

	for (int i = 0; i < 10; i++)
		if (sendto(fd, block, DATAGRAM, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			die("raw");
	expect("local", 253, 0, getpid(), "ftsock", 10 * 1020, 10 * 1020);
	hold();
}

/* The same, and gone before anybody could look. */
static void raw_short(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open_socket(AF_INET, SOCK_RAW, 254);
		struct sockaddr_in to = in4("10.0.0.2", 0);

		set_name("ftraw");
		if (sendto(fd, block, DATAGRAM, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			die("raw");
		_exit(0);
	}
	expect("local", 254, 0, pid, "ftraw", 1020, 1020);
	waitpid(pid, NULL, 0);
}

/* Whole frames past the stack. */
static void packet_injection(void)
{
	struct {
		struct ethhdr eth;
		struct iphdr ip;
		struct udphdr udp;
		char data[DATAGRAM];
	} __attribute__((packed)) frame = {
		.eth = { .h_dest = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
			 .h_proto = htons(ETH_P_IP) },
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
			.tot_len = htons(28 + DATAGRAM) },
		.udp = { .source = htons((uint16_t)port), .dest = htons((uint16_t)(port + 5000)),
			 .len = htons(8 + DATAGRAM) },
	};
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = 6,
				  .sll_ifindex = (int)if_nametoindex("v0") };
	int fd = open_socket(AF_PACKET, SOCK_RAW, 0);

	inet_pton(AF_INET, "10.0.0.1", &frame.ip.saddr);
	inet_pton(AF_INET, "10.0.0.2", &frame.ip.daddr);
	frame.ip.check = checksum(&frame.ip, sizeof(frame.ip));
	for (int i = 0; i < 10; i++)
		if (sendto(fd, &frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			die("packet");
	expect_udp("local", port, getpid(), "ftsock", 10, 28);
	hold();
}

/* Runs a program; true if it went well. */
static bool run(const char *const args[])
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, STDERR_FILENO);
		execvp(args[0], (char *const *)(uintptr_t)args);
		_exit(1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* What comes to a tunnel's socket, which no process has. */
static void kernel_socket(void)
{
	pid_t talker_pid;
	char at[16];
	const char *const add[] = { "ip", "link", "add", "ftvx0", "type", "vxlan", "id", "77",
				    "remote", "10.0.0.2", "dstport", at, "dev", "v0", NULL };
	const char *const up[] = { "ip", "link", "set", "ftvx0", "up", NULL };
	const char *const end[] = { "ip", "link", "del", "ftvx0", NULL };

	snprintf(at, sizeof(at), "%d", port);
	if (!run(add))
		exit(SKIP);
	if (!run(up))
		die("the tunnel");
	talker_pid = in_b(late_talker, AF_INET, 10);
	expect_both("local", IPPROTO_UDP, port, 0, "kernel", 0, 0, 11 * (DATAGRAM + 28),
		    11 * (DATAGRAM + 28));
	hold();
	waitpid(talker_pid, NULL, 0);
	run(end);
}

/* The kernel answers an echo by itself. */
static void pinged(int family, int arg)
{
	struct sockaddr_in to = in4("10.0.0.1", 0);
	struct { struct icmphdr head; char rest[56]; } echo = { .head.type = ICMP_ECHO };
	int fd = open_socket(family, SOCK_RAW, IPPROTO_ICMP);

	echo.head.un.echo.id = htons((uint16_t)arg);
	echo.head.checksum = checksum(&echo, sizeof(echo));
	sendto(fd, &echo, sizeof(echo), 0, (struct sockaddr *)&to, sizeof(to));
	ready();
}

static void kernel_answers(void)
{
	in_b(pinged, AF_INET, port);
	expect("local", IPPROTO_ICMP, port, 0, "kernel", 84, 84);
	hold();
}

/* ---- other protocols */

static void mptcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);

	if (fd < 0)
		exit(SKIP);
	close(fd);
	fd = tcp_socket(AF_INET, IPPROTO_MPTCP);
	send_all(fd, BYTES);
	/* its options take up to 28 bytes of each packet */
	expect("local", IPPROTO_TCP, port, getpid(), "ftsock", BYTES, BYTES + BYTES / 5);
	hold();
}

static void sctp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);

	if (fd < 0)
		exit(SKIP);
	close(fd);
	fd = tcp_socket(AF_INET, IPPROTO_SCTP);
	send_all(fd, BYTES);
	expect("local", IPPROTO_SCTP, port, getpid(), "ftsock", BYTES, BYTES + BYTES / 5);
	hold();
}

/* ---- where there are two */

/* Both ends are ours: one flow, two owners. */
static void loopback(void)
{
	struct sockaddr_in server = in4("127.0.0.1", port), client = in4("127.0.0.1", port + 1);
	int fd = open_socket(AF_INET, SOCK_STREAM, 0), connection;
	pid_t pid;

	if (bind(fd, (struct sockaddr *)&server, sizeof(server)) < 0 || listen(fd, 1) < 0)
		die("listen on lo");
	pid = fork();
	if (pid == 0) {
		close(fd);
		set_name("ftcaller");
		fd = open_socket(AF_INET, SOCK_STREAM, 0);
		if (bind(fd, (struct sockaddr *)&client, sizeof(client)) < 0 ||
		    connect(fd, (struct sockaddr *)&server, sizeof(server)) < 0)
			die("connect on lo");
		send_all(fd, 50000);
		hold();
		_exit(0);
	}
	connection = accept_one(fd);
	expect_tcp("any", port + 1, pid, "ftcaller", 50000);
	expect("any", IPPROTO_TCP, port, getpid(), "ftsock", 40, 10000);
	acted();
	drain(connection);
	waitpid(pid, NULL, 0);
}

/* A process of another network namespace on the other end of the wire. */
static void other_namespace(void)
{
	int fd;
	pid_t pid = start_sink(AF_INET, 1);

	fd = open_socket(AF_INET, SOCK_STREAM, 0);
	bind_to(fd, AF_INET, port);
	connect_to_peer(fd, AF_INET, port + 5000);
	send_all(fd, BYTES);
	expect_tcp("local", port, getpid(), "ftsock", BYTES);
	expect("remote", IPPROTO_TCP, port, pid, "ftpeer", 40, 50000);
	hold();
}

/* A process with namespaces of its own behind an interface of ours: what engines make of a
 * container. Its packets are routed on, by another interface. */
static void container(void)
{
	int fd, net = open("/run/netns/c", O_RDONLY | O_CLOEXEC), done[2];
	struct sockaddr_in own = in4("172.30.0.2", port), to = in4("10.0.0.2", port + 5000);
	pid_t pid;
	char byte;

	if (net < 0)
		die("namespace c");
	start_sink(AF_INET, 1);
	if (pipe2(done, O_CLOEXEC) < 0 || unshare(CLONE_NEWPID) < 0 || (pid = fork()) < 0)
		die("fork in a new namespace");
	if (pid == 0) {
		set_name("ftinside");
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setns(net, CLONE_NEWNET) < 0 || unshare(CLONE_NEWNS | CLONE_NEWUTS) < 0)
			die("namespaces");
		fd = open_socket(AF_INET, SOCK_STREAM, 0);
		if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
		    connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
			die("connect from c");
		send_all(fd, BYTES);
		(void)!write(done[1], "", 1);
		hold();
		_exit(0);
	}
	close(done[1]);
	if (read(done[0], &byte, 1) != 1)
		die("the container");
	expect_tcp("any", port, pid, "ftinside", BYTES);
	acted();
	waitpid(pid, NULL, 0);
}

/* ---- older than flowtop */

static void wait_for_go(void)
{
	puts("ready");
	fflush(stdout);
	wait_for_file(go_file);
}

static void old_client(void)
{
	int fd = tcp_socket(AF_INET, 0);

	wait_for_go();
	send_all(fd, BYTES);
	expect_tcp("local", port, getpid(), "ftsock", BYTES);
	hold();
}

/* Another program by the time that the socket is used again. */
static void old_exec(void)
{
	int fd = tcp_socket(AF_INET, 0);
	pid_t pid;

	link_other();
	pid = fork();
	if (pid == 0) {
		wait_for_file(go_file);
		send_all(fd, BYTES);
		sleep_ms(1500); /* it has been seen under its first name */
		become_other(fd);
	}
	close(fd);
	wait_for_go();
	expect_tcp("local", port, pid, "ftexeced", 2 * BYTES);
	acted();
	waitpid(pid, NULL, 0);
	unlink_other();
}

/* It hangs in accept() all the time. */
static void old_listener(void)
{
	int fd = listener(AF_INET, 0);
	pid_t pid = fork();

	if (pid == 0) {
		set_name("ftblocked");
		serve(accept_one(fd));
		_exit(0);
	}
	close(fd);
	wait_for_go();
	in_b(callers, AF_INET, 1);
	expect_tcp("local", port, pid, "ftblocked", BYTES);
	acted();
	waitpid(pid, NULL, 0);
}

static void old_udp(void)
{
	int fd = open_socket(AF_INET, SOCK_DGRAM, 0);

	bind_to(fd, AF_INET, port);
	wait_for_go();
	udp_to_peer(fd, AF_INET, 10);
	expect_udp("local", port, getpid(), "ftsock", 10, 28);
	hold();
}

/* An old socket that never says anything. */
static void old_silent(void)
{
	struct timeval wait = { 30, 0 };
	int fd = open_socket(AF_INET, SOCK_DGRAM, 0);
	char bytes[2000];

	bind_to(fd, AF_INET, port);
	wait_for_go();
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	in_b(talker, AF_INET, 10);
	for (int i = 0; i < 10; i++)
		(void)!recv(fd, bytes, sizeof(bytes), 0);
	expect("local", IPPROTO_UDP, port, getpid(), "ftsock", 0, 0);
	hold();
}

static const struct {
	const char *name;
	void (*act)(void);
} scenarios[] = {
	{ "tcp-client", tcp_client },
	{ "tcp6-client", tcp6_client },
	{ "tcp-download", tcp_download },
	{ "tcp6-download", tcp6_download },
	{ "tcp-duplex", tcp_duplex },
	{ "tcp-drip", tcp_drip },
	{ "tcp-mapped", tcp_mapped },
	{ "tcp-short", tcp_short },
	{ "tcp-short-many", tcp_short_many },
	{ "tcp-burst", tcp_burst },
	{ "tcp-one-by-one", tcp_one_by_one },
	{ "tcp-exec", tcp_exec },
	{ "tcp-inherited", tcp_inherited },
	{ "tcp-thread", tcp_thread },
	{ "tcp-port-reuse", tcp_port_reuse },
	{ "pid-reuse", pid_reuse },
	{ "many-connections", many_connections },
	{ "sendfile", send_file },
	{ "splice", splice_bytes },
	{ "splice-receive", splice_receive },
	{ "zerocopy", zero_copy },
	{ "io_uring", by_io_uring },
	{ "io_uring-receive", io_uring_receive },
	{ "tcp-server", tcp_server },
	{ "tcp-forked", tcp_forked },
	{ "tcp-preforked", tcp_preforked },
	{ "passed-fd", passed_fd },
	{ "reuseport", reuse_port },
	{ "udp-connected", udp_connected },
	{ "udp-unconnected", udp_unconnected },
	{ "udp6-unconnected", udp6_unconnected },
	{ "udp-443", udp_443 },
	{ "udp-53", udp_53 },
	{ "udp-download", udp_download },
	{ "udp6-download", udp6_download },
	{ "sendmmsg", send_batch },
	{ "recvmmsg", receive_batch },
	{ "udp-one-shot", udp_one_shot },
	{ "udp-silent-server", udp_silent_server },
	{ "udp-silent-short", udp_silent_short },
	{ "multicast", multicast_send },
	{ "link-local", link_local },
	{ "ping-socket", ping_socket },
	{ "ping-flood", ping_flood },
	{ "ping-raw", ping_raw },
	{ "raw-253", raw_253 },
	{ "raw-short", raw_short },
	{ "packet-injection", packet_injection },
	{ "kernel-answers", kernel_answers },
	{ "kernel-socket", kernel_socket },
	{ "mptcp", mptcp },
	{ "sctp", sctp },
	{ "loopback", loopback },
	{ "other-namespace", other_namespace },
	{ "container", container },
	{ "old-client", old_client },
	{ "old-exec", old_exec },
	{ "old-listener", old_listener },
	{ "old-udp", old_udp },
	{ "old-silent", old_silent },
};

int main(int argc, char **argv)
{
	const char *self = strrchr(argv[0], '/');

	if (self && !strcmp(self, "/ftexeced") && argc == 3) {
		hold_file = argv[2];
		return execed(atoi(argv[1]));
	}
	if (argc < 4) {
		for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
			puts(scenarios[i].name);
		return argc == 1 ? 0 : 1;
	}
	port = atoi(argv[2]);
	hold_file = argv[3];
	main_pid = getpid();
	go_file = argc > 4 ? argv[4] : "/";
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		if (strcmp(argv[1], scenarios[i].name))
			continue;
		scenarios[i].act();
		acted();
		return 0;
	}
	fprintf(stderr, "ftsock: no scenario %s\n", argv[1]);
	return 1;
}
