/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flowtop costs where nothing happens: a thousand sockets that are open and idle, in a network
 * namespace of its own, watched by flowtop on a terminal of its own (nobody looks at that), once with
 * its first pane and once with the list of all those sockets. CPU time of the whole process, by its
 * clock, over some seconds after its start. The bound is for a flowtop that watches; with the list of
 * them it asks the kernel for each of the thousand and all of its numbers, once a second.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAIRS 500
#define LIMIT 0.5       /* percent of a CPU */
#define START_MS 60000  /* for the first picture, at most */
#define SETTLE_MS 3000  /* then caches of names and owners fill */
#define MEASURE_MS 10000

static void die(const char *what)
{
	fprintf(stderr, "bench_idle: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts))
		die("clock");
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/* ---- sockets */

static void enter_namespace(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct rlimit files = { 4096, 4096 };
	int control;

	if (unshare(CLONE_NEWNET) || setrlimit(RLIMIT_NOFILE, &files))
		die("no network namespace of its own");
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (control < 0 || ioctl(control, SIOCSIFFLAGS, &request))
		die("lo");
	close(control);
}

static void open_sockets(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET };
	socklen_t length = sizeof(name);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listener < 0 || bind(listener, (struct sockaddr *)&name, sizeof(name)) ||
	    listen(listener, PAIRS) || getsockname(listener, (struct sockaddr *)&name, &length))
		die("listener");
	for (int i = 0; i < PAIRS; i++) {
		int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (client < 0 || connect(client, (struct sockaddr *)&name, sizeof(name)) ||
		    accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0)
			die("connection");
	}
}

/* ---- flowtop */

/* Reads what it draws until so many milliseconds have passed, or, with `first`, until it draws. */
static void watch(int terminal, int ms, int first)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + (uint64_t)ms * 1000000;
	char text[4096];

	for (;;) {
		uint64_t now = clock_ns(CLOCK_MONOTONIC);
		struct pollfd poll_fd = { .fd = terminal, .events = POLLIN };

		if (now >= end)
			break;
		if (poll(&poll_fd, 1, (int)((end - now) / 1000000) + 1) <= 0)
			continue;
		if (read(terminal, text, sizeof(text)) <= 0)
			die("flowtop ended");
		if (first)
			return;
	}
	if (first)
		die("flowtop draws nothing");
}

static void bench(const char *flowtop, const char *pane, bool bound)
{
	struct winsize size = { .ws_row = 40, .ws_col = 120 };
	uint64_t cpu, wall;
	clockid_t clock;
	int terminal;
	char name[80], figure[64];
	double percent;
	pid_t pid;

	pid = forkpty(&terminal, NULL, NULL, &size);
	if (pid < 0)
		die("terminal");
	if (pid == 0) {
		setenv("TERM", "xterm", 1);
		execl(flowtop, flowtop, "-i", "lo", "-n", "--pane", pane, (char *)NULL);
		_exit(127);
	}
	watch(terminal, START_MS, 1);
	watch(terminal, SETTLE_MS, 0);
	if (clock_getcpuclockid(pid, &clock))
		die("CPU clock");
	cpu = clock_ns(clock);
	wall = clock_ns(CLOCK_MONOTONIC);
	watch(terminal, MEASURE_MS, 0);
	cpu = clock_ns(clock) - cpu;
	wall = clock_ns(CLOCK_MONOTONIC) - wall;
	kill(pid, SIGTERM);
	close(terminal);
	waitpid(pid, NULL, 0);
	percent = 100.0 * (double)cpu / (double)wall;
	if (bound)
		snprintf(name, sizeof(name), "%d idle sockets, pane %s, <= %g %% of a CPU",
			 2 * PAIRS, pane, LIMIT);
	else
		snprintf(name, sizeof(name), "%d idle sockets, pane %s", 2 * PAIRS, pane);
	snprintf(figure, sizeof(figure), "%.2f %%", percent);
	printf("%-58s %-26s %s\n", name, figure,
	       !bound ? "" : percent <= LIMIT ? "met" : "missed");
}

int main(void)
{
	const char *build = getenv("top_builddir");
	char flowtop[4096];

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	snprintf(flowtop, sizeof(flowtop), "%s/flowtop", build ? build : ".");
	enter_namespace();
	open_sockets();
	bench(flowtop, "flows", true);
	bench(flowtop, "sockets", false);
	return 0;
}
