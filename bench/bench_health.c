/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What looking at senders adds to a packet. BPF_PROG_TEST_RUN has no TCP socket to look at, so real
 * packets are timed by the kernel: a connection on loopback, in a network namespace of its own,
 * passes several stores one after the other, that differ only in how often they look. All see
 * the same packets; each order is tried, for the first one finds caches colder.
 */
#include <bpf/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/links.h"
#include "tests/capture/tc_rig.h"

#define TURNS 10000 /* there and back, a burst: twice as many packets */
#define BURSTS 20
#define TCX_EGRESS 47
#define LIMIT 5 /* percent */

enum way { NEVER, EVERY_64, EVERY_16, EVERY_2, WAYS };

static const uint32_t every[WAYS] = {
	[NEVER] = 1, [EVERY_64] = 64, [EVERY_16] = 16, [EVERY_2] = 2,
};

static struct ft_watch loopback;

/* Loopback is watched, whatever links say. */
const struct ft_watch *ft_links_watched(const struct ft_links *links, size_t *ret_count)
{
	(void)links;
	*ret_count = 1;
	return &loopback;
}

static void die(const char *what)
{
	fprintf(stderr, "bench_health: %s\n", what);
	exit(1);
}

/* ---- stores */

struct store {
	struct ft_backend *backend;
	int program; /* its descriptor */
};

struct times {
	uint64_t ns, runs;
};

static struct times read_times(const struct store *store)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(store->program, &info, &size))
		die("program");
	return (struct times){ info.run_time_ns, info.run_cnt };
}

/* The program at loopback that was not there yet: the one that was put in front of the others. */
static void open_store(struct store *store, enum way way)
{
	const struct ft_backend_config config = { .sample_every = every[way] };
	uint32_t ids[16], count = 16;
	char err[FT_REASON_MAX];

	if (ft_backend_tcx.open(&config, NULL, &store->backend, err, sizeof(err)))
		die(err);
	if (bpf_prog_query((int)loopback.iface.ifindex, TCX_EGRESS, 0, NULL, ids, &count) || !count)
		die("query");
	store->program = bpf_prog_get_fd_by_id(ids[0]);
	if (store->program < 0)
		die("program");
}

static void close_store(struct store *store)
{
	close(store->program);
	store->backend->ops->close(store->backend);
}

/* ---- traffic */

struct pair {
	int client, server;
};

static void open_pair(struct pair *pair)
{
	struct sockaddr_in name = { .sin_family = AF_INET };
	socklen_t length = sizeof(name);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	pair->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || pair->client < 0 ||
	    bind(listener, (struct sockaddr *)&name, sizeof(name)) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&name, &length) ||
	    connect(pair->client, (struct sockaddr *)&name, sizeof(name)))
		die("connection");
	pair->server = accept(listener, NULL, NULL);
	close(listener);
	setsockopt(pair->client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(pair->server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* An octet there and back, again and again. */
static void talk(const struct pair *pair)
{
	char octet = 0;

	for (int i = 0; i < TURNS; i++)
		if (send(pair->client, &octet, 1, 0) != 1 ||
		    recv(pair->server, &octet, 1, 0) != 1 ||
		    send(pair->server, &octet, 1, 0) != 1 ||
		    recv(pair->client, &octet, 1, 0) != 1)
			die("talk");
}

/* ---- figures */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, BURSTS, sizeof(*values), compare);
	return (values[BURSTS / 2 - 1] + values[BURSTS / 2]) / 2;
}

/* Nanoseconds a packet for each way, during one burst. */
static void measure(const struct store *stores, const struct pair *pair, double ns[WAYS])
{
	struct times before[WAYS];

	for (int way = 0; way < WAYS; way++)
		before[way] = read_times(&stores[way]);
	talk(pair);
	for (int way = 0; way < WAYS; way++) {
		struct times after = read_times(&stores[way]);

		ns[way] = (double)(after.ns - before[way].ns) /
			  (double)(after.runs - before[way].runs);
	}
}

/* With the stores in one order: what each way takes beyond NEVER, and what that takes. */
static void measure_order(int order, double ret_ns[WAYS])
{
	double values[WAYS][BURSTS], ns[WAYS];
	struct store stores[WAYS];
	struct pair pair;

	for (int i = 0; i < WAYS; i++)
		open_store(&stores[(i + order) % WAYS], (enum way)((i + order) % WAYS));
	open_pair(&pair);
	talk(&pair); /* caches are warm, windows are open */
	for (int burst = 0; burst < BURSTS; burst++) {
		measure(stores, &pair, ns);
		for (int way = 0; way < WAYS; way++)
			values[way][burst] = ns[way] - (way == NEVER ? 0 : ns[NEVER]);
	}
	for (int way = 0; way < WAYS; way++)
		ret_ns[way] = median(values[way]);
	close(pair.client);
	close(pair.server);
	for (int i = 0; i < WAYS; i++)
		close_store(&stores[(WAYS - 1 - i + order) % WAYS]);
}

static void print(const char *name, const char *figure, const char *verdict)
{
	printf("%-58s %-26s %s\n", name, figure, verdict);
}

/*
 * A look is measured where there are many, for a 64th of one drowns in noise; then what it adds to a
 * packet that is one of so many, beside what the program takes without (the kernel's timing is part
 * of that).
 */
static void bench(void)
{
	double sum[WAYS] = { 0 }, ns[WAYS], look, part;
	char name[80], figure[64];

	for (int order = 0; order < WAYS; order++) {
		measure_order(order, ns);
		for (int way = 0; way < WAYS; way++)
			sum[way] += ns[way] / WAYS;
	}
	look = (sum[EVERY_2] - sum[EVERY_64]) / (1.0 / 2 - 1.0 / 64);
	snprintf(figure, sizeof(figure), "%.0f ns, %.0f ns", look, sum[NEVER]);
	print("a look at a socket, beside counting a packet", figure, "-");
	for (int way = EVERY_64; way <= EVERY_16; way++) {
		part = look / every[way];
		snprintf(name, sizeof(name), "... with every %uth packet, <= %d %% of counting",
			 every[way], LIMIT);
		snprintf(figure, sizeof(figure), "%.1f ns, %.1f %%", part, 100 * part / sum[NEVER]);
		print(name, figure, way == EVERY_16 ? "-" :
		      100 * part <= LIMIT * sum[NEVER] ? "met" : "missed");
	}
	snprintf(figure, sizeof(figure), "%.1f ns", sum[EVERY_64]);
	print("... as it comes out, all in all, within the noise", figure, "-");
}

/* A namespace with loopback, all on one CPU. */
static void enter_namespace(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int control;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	(void)sched_setaffinity(0, sizeof(cpus), &cpus);
	if (unshare(CLONE_NEWNET))
		die("no network namespace of its own");
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (control < 0 || ioctl(control, SIOCSIFFLAGS, &request) < 0)
		die("lo");
	close(control);
	loopback = (struct ft_watch){
		.iface = { .ifindex = if_nametoindex("lo"), .scope = 1,
			   .flags = FT_IFACE_COUNT_TX },
		.name = "lo",
	};
}

int main(void)
{
	char why[FT_REASON_MAX];
	int stats;

	if (tc_rig_skips())
		return 0;
	if (ft_backend_tcx.probe(why, sizeof(why))) {
		printf("1..0 # SKIP %s\n", why);
		return 0;
	}
	stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (stats < 0)
		die("the kernel times no programs");
	enter_namespace();
	bench();
	close(stats);
	return 0;
}
