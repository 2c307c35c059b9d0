/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store adds up, exactly: flips under load, logs and spill maps that are far too small,
 * CPUs without a slot, connections that begin anew on an old tuple. Each packet that was sent
 * must come back in exactly one batch, in a flow or as lost.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <cmocka.h>

#include "tc_rig.h"

#define FRAME_LEN 60
#define RUNS 500 /* packets a call, short enough that a grace period gets a word in */
#define RCU_EXPEDITED "/sys/kernel/rcu_expedited"

/* UDP 10.0.0.0:1000 > 10.255.0.1:53; driver_spread writes the source. */
static const uint8_t udp_frame[FRAME_LEN] = {
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, /* Ethernet */
	0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 0, 10, 255, 0, 1, /* IPv4 */
	3, 232, 0, 53, 0, 26, 0, 0, /* UDP */
};
#define UDP_L3_LEN 46

/* TCP 10.0.0.1:1000 > 10.255.0.1:80; the flags are set by each test. */
static const uint8_t tcp_frame[FRAME_LEN] = {
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, /* Ethernet */
	0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 255, 0, 1, /* IPv4 */
	3, 232, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0, 0, 0, 0, 0, 0, 0, /* TCP */
};
#define TCP_FLAGS_AT (14 + 20 + 13)
enum { FIN = 0x01, SYN = 0x02, RST = 0x04, ACK = 0x10 };

/* ---- a wall clock that can be set for this process alone (the linker's --wrap) ---- */

static int64_t wall_offset; /* seconds */

int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);

int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	int ret = __real_clock_gettime(id, ts);

	if (id == CLOCK_REALTIME)
		ts->tv_sec += wall_offset;
	return ret;
}

/* ---- a system call that can be made to fail, in the same way ---- */

static int fail_take; /* in so many calls from now, 0 = never */

int __real_bpf_map_lookup_and_delete_batch(int fd, void *in, void *out, void *keys, void *values,
					   __u32 *count, const struct bpf_map_batch_opts *opts);
int __wrap_bpf_map_lookup_and_delete_batch(int fd, void *in, void *out, void *keys, void *values,
					   __u32 *count, const struct bpf_map_batch_opts *opts);

int __wrap_bpf_map_lookup_and_delete_batch(int fd, void *in, void *out, void *keys, void *values,
					   __u32 *count, const struct bpf_map_batch_opts *opts)
{
	if (fail_take && --fail_take == 0)
		return -ENOMEM;
	return __real_bpf_map_lookup_and_delete_batch(fd, in, out, keys, values, count, opts);
}

/* ---- the same of the ring that programs wake us by ---- */

static bool fail_ring;

struct ring_buffer *__real_ring_buffer__new(int fd, ring_buffer_sample_fn each, void *arg,
					    const struct ring_buffer_opts *opts);
struct ring_buffer *__wrap_ring_buffer__new(int fd, ring_buffer_sample_fn each, void *arg,
					    const struct ring_buffer_opts *opts);

struct ring_buffer *__wrap_ring_buffer__new(int fd, ring_buffer_sample_fn each, void *arg,
					    const struct ring_buffer_opts *opts)
{
	if (!fail_ring)
		return __real_ring_buffer__new(fd, each, arg, opts);
	errno = ENOMEM;
	return NULL;
}

/* ---- load: threads that send without a pause ---- */

struct sender {
	struct tc_rig *rig;
	pthread_t thread;
	int cpu;
	bool *stop;
	uint64_t sent;
	int error;
};

static void *send_until_stopped(void *arg)
{
	const struct tc_rig_packet packet = {
		.octets = udp_frame, .len = FRAME_LEN, .repeat = RUNS,
	};
	struct sender *sender = arg;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sender->cpu, &cpus);
	/* With fewer CPUs than senders they share one: also a case. */
	(void)pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	while (!__atomic_load_n(sender->stop, __ATOMIC_ACQUIRE)) {
		int error = tc_rig_spread(sender->rig, &packet, 0, NULL);

		__atomic_store_n(&sender->error, error, __ATOMIC_RELEASE);
		if (error)
			break;
		__atomic_fetch_add(&sender->sent, RUNS, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Senders on two CPUs while the caller flips; counts what was sent and what came back. */
struct load {
	struct sender senders[2];
	bool stop;
};

static void load_start(struct load *load, struct tc_rig *rig)
{
	memset(load, 0, sizeof(*load));
	for (int i = 0; i < 2; i++) {
		load->senders[i].rig = rig;
		load->senders[i].cpu = i;
		load->senders[i].stop = &load->stop;
		assert_int_equal(pthread_create(&load->senders[i].thread, NULL, send_until_stopped,
						&load->senders[i]), 0);
	}
	/* What follows shall be under load, however slow the machine. */
	for (int i = 0; i < 2; i++)
		while (!__atomic_load_n(&load->senders[i].sent, __ATOMIC_ACQUIRE) &&
		       !__atomic_load_n(&load->senders[i].error, __ATOMIC_ACQUIRE))
			usleep(1000);
}

static uint64_t load_sent(const struct load *load)
{
	return __atomic_load_n(&load->senders[0].sent, __ATOMIC_ACQUIRE) +
	       __atomic_load_n(&load->senders[1].sent, __ATOMIC_ACQUIRE);
}

static uint64_t load_stop(struct load *load)
{
	__atomic_store_n(&load->stop, true, __ATOMIC_RELEASE);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(load->senders[i].thread, NULL), 0);
		assert_int_equal(load->senders[i].error, 0);
	}
	return load_sent(load);
}

static void open_rig(struct tc_rig *rig, uint32_t log, uint32_t spill, uint32_t flows)
{
	char err[FT_REASON_MAX];

	if (tc_rig_open(rig, log, spill, flows, 1, err, sizeof(err)))
		fail_msg("%s", err);
}

static void collect(struct tc_rig *rig, struct tc_rig_sums *sums)
{
	struct ft_batch batch;

	assert_int_equal(ft_tc_store_collect(rig->store, &batch), 0);
	tc_rig_sum(&batch, sums);
}

/* What must hold of `sent` packets of udp_frame, whatever became of them. */
static void check_sums(const struct tc_rig_sums *sums, uint64_t sent)
{
	const struct ft_tally *seen = &sums->counters.c[FT_C_SEEN];

	assert_true(tc_rig_adds_up(sums));
	assert_int_equal(seen->packets, sent);
	assert_int_equal(seen->l2_bytes, sent * FRAME_LEN);
	assert_int_equal(sums->hooks.rx.packets, sent);
	assert_int_equal(sums->hooks.rx.l2_bytes, sent * FRAME_LEN);
	assert_int_equal(sums->flows.bytes, sums->flows.packets * UDP_L3_LEN);
	assert_int_equal(sums->flows.l2_bytes, sums->flows.packets * FRAME_LEN);
}

/* ---- tests ---- */

/* How many flips: many where grace periods are quick, FT_TEST_FLIPS where told. */
static int flips_to_do(bool quick)
{
	const char *text = getenv("FT_TEST_FLIPS");

	return text ? atoi(text) : quick ? 3000 : 100;
}

/* Asks for quick grace periods; returns what was set before, or -1 if they can't be had. */
static int expedite(int value)
{
	FILE *file = fopen(RCU_EXPEDITED, "r+e");
	int before = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &before) == 1) {
		rewind(file);
		if (fprintf(file, "%d", value) < 0 || fflush(file))
			before = -1;
	}
	fclose(file);
	return before;
}

static int expedited_before = -1;

/* However the test ended. */
static int restore_expedited(void **state)
{
	(void)state;
	if (expedited_before >= 0)
		expedite(expedited_before);
	return 0;
}

static void flips_lose_nothing(void **state)
{
	struct tc_rig_sums sums = { 0 };
	int flips;
	uint64_t before;
	struct tc_rig rig;
	struct load load;

	(void)state;
	open_rig(&rig, 4096, 4096, 500);
	expedited_before = expedite(1);
	flips = flips_to_do(expedited_before >= 0);
	load_start(&load, &rig);
	before = load_sent(&load);
	for (int i = 0; i < flips; i++)
		collect(&rig, &sums);
	assert_true(load_sent(&load) > before);
	load_stop(&load);
	collect(&rig, &sums);
	assert_int_equal(rig.store->flips, flips + 1);
	check_sums(&sums, load_sent(&load));
	assert_int_equal(sums.flows.packets, load_sent(&load)); /* there was room for all */
	tc_rig_close(&rig);
}

/* 500 flows, room for 64 in each log and 64 in the spill map: the rest is lost, and said. */
static void tiny_log_tells_its_losses(void **state)
{
	struct tc_rig_sums sums = { 0 };
	struct tc_rig rig;
	struct load load;
	uint64_t lost, sent;

	(void)state;
	open_rig(&rig, 64, 64, 500);
	load_start(&load, &rig);
	for (int i = 0; i < 20; i++)
		collect(&rig, &sums);
	sent = load_stop(&load);
	collect(&rig, &sums);
	check_sums(&sums, sent);
	lost = sums.counters.c[FT_C_LOST_FULL].packets + sums.counters.c[FT_C_LOST_BUSY].packets;
	assert_true(lost > 0);
	assert_int_equal(lost + sums.flows.packets, sent);
	assert_int_equal(sums.counters.c[FT_C_LOST_NOMEM].packets, 0);
	assert_int_equal(sums.counters.c[FT_C_LOST_OTHER].packets, 0);
	tc_rig_close(&rig);
}

/* The kernel has no memory in the middle of a drain: what was taken by then comes later. */
static void drain_is_cut_short(void **state)
{
	enum { FLOWS = 6000, PACKETS = 4 * FLOWS }; /* random: of nearly every flow there is one */
	const struct tc_rig_packet packet = {
		.octets = udp_frame, .len = FRAME_LEN, .repeat = PACKETS,
	};
	struct tc_rig_sums sums = { 0 };
	struct ft_batch batch;
	struct tc_rig rig;

	(void)state;
	open_rig(&rig, 64, 2 * FLOWS, FLOWS);
	assert_int_equal(tc_rig_spread(&rig, &packet, 0, NULL), 0);
	fail_take = 2;
	assert_int_equal(ft_tc_store_collect(rig.store, &batch), -ENOMEM);
	assert_int_equal(fail_take, 0);
	assert_int_equal(tc_rig_spread(&rig, &packet, 0, NULL), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ft_tc_store_collect(rig.store, &batch), 0);
		tc_rig_sum(&batch, &sums);
	}
	assert_int_equal(sums.flows.packets, 2 * PACKETS);
	assert_true(tc_rig_adds_up(&sums));
	tc_rig_close(&rig);
}

/* Without a slot all goes to the spill map and the shared counters, from two CPUs at once. */
static void cpus_without_slot(void **state)
{
	struct tc_rig_sums sums = { 0 };
	struct ft_batch batch;
	struct tc_rig rig;
	struct load load;
	uint64_t sent;

	(void)state;
	open_rig(&rig, 64, 4096, 300);
	for (uint32_t i = 0; i < FT_MAX_CPUS; i++)
		rig.store->cpus[i].slot = 0;
	load_start(&load, &rig);
	for (int i = 0; i < 20; i++)
		collect(&rig, &sums);
	sent = load_stop(&load);
	assert_int_equal(ft_tc_store_collect(rig.store, &batch), 0);
	assert_true(batch.span_count <= 1);
	tc_rig_sum(&batch, &sums);
	check_sums(&sums, sent);
	assert_int_equal(sums.flows.packets + sums.counters.c[FT_C_LOST_BUSY].packets, sent);
	tc_rig_close(&rig);
}

/* No term is derived from another: what is missing in the log is missing in the sum. */
static void line_fails_without_an_entry(void **state)
{
	const struct tc_rig_packet packet = {
		.octets = udp_frame, .len = FRAME_LEN, .repeat = 1000,
	};
	struct tc_rig_sums whole = { 0 }, short_by_one = { 0 };
	struct ft_batch batch;
	struct tc_rig rig;

	(void)state;
	open_rig(&rig, 1024, 64, 10);
	assert_int_equal(tc_rig_spread(&rig, &packet, 0, NULL), 0);
	assert_int_equal(ft_tc_store_collect(rig.store, &batch), 0);
	assert_true(batch.span_count >= 1 && batch.spans[0].count >= 1);
	tc_rig_sum(&batch, &whole);
	assert_true(tc_rig_adds_up(&whole));
	batch.spans[0].count--;
	tc_rig_sum(&batch, &short_by_one);
	assert_false(tc_rig_adds_up(&short_by_one));
	tc_rig_close(&rig);
}

/* The last batch holds both halves, in one piece. */
static void finish_reads_both_halves(void **state)
{
	const struct tc_rig_packet packet = {
		.octets = udp_frame, .len = FRAME_LEN, .repeat = 1000,
	};
	struct tc_rig_sums sums = { 0 };
	struct ft_batch batch;
	struct tc_rig rig;

	(void)state;
	open_rig(&rig, 64, 64, 100);
	assert_int_equal(tc_rig_spread(&rig, &packet, 0, NULL), 0);
	/* As after a flip whose grace period failed: nobody has read the other half. */
	rig.store->epoch = !rig.store->epoch;
	ft_tc_store_enable(rig.store, true);
	assert_int_equal(tc_rig_spread(&rig, &packet, 0, NULL), 0);
	assert_int_equal(ft_tc_store_finish(rig.store, &batch), 0);
	assert_int_equal(batch.scope_count, 1);
	assert_int_equal(batch.iface_count, 1);
	tc_rig_sum(&batch, &sums);
	check_sums(&sums, 2000);
	/* It also stopped the counting. */
	assert_int_equal(tc_rig_spread(&rig, &packet, 0, NULL), 0);
	assert_int_equal(ft_tc_store_finish(rig.store, &batch), 0);
	assert_int_equal(batch.span_count + batch.scope_count + batch.iface_count, 0);
	tc_rig_close(&rig);
}

static void paused_counts_nothing(void **state)
{
	const struct tc_rig_packet packet = { .octets = udp_frame, .len = FRAME_LEN };
	struct tc_rig_sums sums = { 0 };
	struct tc_rig rig;

	(void)state;
	open_rig(&rig, 64, 64, 1);
	ft_tc_store_enable(rig.store, false);
	assert_int_equal(tc_rig_shape(&rig, &packet), 0);
	collect(&rig, &sums);
	assert_int_equal(sums.counters.c[FT_C_SEEN].packets + sums.hooks.rx.packets, 0);
	ft_tc_store_enable(rig.store, true);
	assert_int_equal(tc_rig_shape(&rig, &packet), 0);
	collect(&rig, &sums);
	check_sums(&sums, 1);
	tc_rig_close(&rig);
}

static void send_tcp(struct tc_rig *rig, uint8_t flags)
{
	struct tc_rig_packet packet = { .len = FRAME_LEN };
	uint8_t frame[FRAME_LEN];

	memcpy(frame, tcp_frame, sizeof(frame));
	frame[TCP_FLAGS_AT] = flags;
	packet.octets = frame;
	assert_int_equal(tc_rig_shape(rig, &packet), 0);
}

/* Both connections of one tuple: the first has ended, then a SYN and its data. */
static void send_two_connections(struct tc_rig *rig)
{
	send_tcp(rig, SYN);
	send_tcp(rig, ACK);
	send_tcp(rig, FIN | ACK);
	send_tcp(rig, SYN);
	send_tcp(rig, ACK);
}

static void check_two_connections(const struct ft_entry *first, const struct ft_entry *second)
{
	assert_int_equal(first->dir[0].packets, 3);
	assert_int_equal(first->tcp_flags[0], SYN | ACK | FIN);
	assert_int_equal(first->flags[0], FT_ENTRY_SYN_AB);
	assert_int_equal(second->dir[0].packets, 2);
	assert_int_equal(second->tcp_flags[0], SYN | ACK);
	assert_int_equal(second->flags[0], FT_ENTRY_SYN_AB | FT_ENTRY_NEW);
	assert_memory_equal(&first->key, &second->key, sizeof(first->key));
	assert_int_equal(first->key.zero, 0);
}

/* The test's packets must meet in one CPU's log. */
static void stay_on_one_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	assert_int_equal(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
}

static void syn_after_fin_is_new(void **state)
{
	struct ft_batch batch;
	struct tc_rig rig;

	(void)state;
	open_rig(&rig, 64, 64, 1);
	send_two_connections(&rig);
	assert_int_equal(ft_tc_store_collect(rig.store, &batch), 0);
	assert_int_equal(batch.span_count, 1);
	assert_int_equal(batch.spans[0].count, 2);
	check_two_connections(&batch.spans[0].entries[0], &batch.spans[0].entries[1]);
	tc_rig_close(&rig);
}

/* The log is full when the second connection begins: it lives in the spill map, alone. */
static void syn_after_fin_spills(void **state)
{
	struct ft_batch batch;
	struct tc_rig rig;

	(void)state;
	open_rig(&rig, 1, 64, 1);
	send_two_connections(&rig);
	assert_int_equal(ft_tc_store_collect(rig.store, &batch), 0);
	assert_int_equal(batch.span_count, 2);
	assert_int_equal(batch.spans[0].count, 1);
	assert_int_equal(batch.spans[1].count, 1);
	assert_int_equal(batch.health.spilled, 1);
	check_two_connections(&batch.spans[0].entries[0], &batch.spans[1].entries[0]);
	tc_rig_close(&rig);
}

/* Both in the spill map, which hands them out in no order. */
static void syn_after_fin_in_spill(void **state)
{
	const struct ft_entry *entry;
	struct ft_batch batch;
	struct tc_rig rig;
	int second;

	(void)state;
	open_rig(&rig, 64, 64, 1);
	rig.store->cpus[0].slot = 0;
	send_two_connections(&rig);
	assert_int_equal(ft_tc_store_collect(rig.store, &batch), 0);
	assert_int_equal(batch.span_count, 1);
	assert_int_equal(batch.spans[0].count, 2);
	entry = batch.spans[0].entries;
	second = entry[1].flags[0] & FT_ENTRY_NEW ? 1 : 0;
	check_two_connections(&entry[!second], &entry[second]);
	tc_rig_close(&rig);
}

/* A SYN sent again and a SYN-ACK after RST begin nothing anew. */
static void other_syns_are_not_new(void **state)
{
	struct ft_batch batch;
	struct tc_rig rig;

	(void)state;
	open_rig(&rig, 64, 64, 1);
	send_tcp(&rig, SYN);
	send_tcp(&rig, SYN);
	send_tcp(&rig, RST);
	send_tcp(&rig, SYN | ACK);
	assert_int_equal(ft_tc_store_collect(rig.store, &batch), 0);
	assert_int_equal(batch.span_count, 1);
	assert_int_equal(batch.spans[0].count, 1);
	assert_int_equal(batch.spans[0].entries[0].dir[0].packets, 4);
	tc_rig_close(&rig);
}

static void fill_is_told(void **state)
{
	const struct tc_rig_packet packet = {
		.octets = udp_frame, .len = FRAME_LEN, .repeat = 1,
	};
	struct tc_rig_sums sums = { 0 };
	struct tc_rig rig;

	(void)state;
	open_rig(&rig, 100, 100, 1000000);
	assert_int_equal(ft_tc_store_fill(rig.store), 0);
	for (int i = 0; i < 50; i++)
		assert_int_equal(tc_rig_spread(&rig, &packet, 0, NULL), 0);
	assert_int_equal(ft_tc_store_fill(rig.store), 500);
	for (int i = 0; i < 80; i++)
		assert_int_equal(tc_rig_spread(&rig, &packet, 0, NULL), 0);
	assert_int_equal(ft_tc_store_fill(rig.store), 1000);
	collect(&rig, &sums);
	assert_int_equal(ft_tc_store_fill(rig.store), 0);
	assert_int_equal(sums.entries, 130);
	tc_rig_close(&rig);
}

/* Whether the programs have woken us; what they told is forgotten by the next look at the fill. */
static bool woken(const struct tc_rig *rig)
{
	struct pollfd fd = { .fd = ft_tc_store_fd(rig->store), .events = POLLIN };

	assert_true(fd.fd >= 0);
	return poll(&fd, 1, 0) == 1;
}

/* Sends packets until the fill is this or the programs wake us; each is of a flow of its own. */
static void fill_up(struct tc_rig *rig, int fill)
{
	const struct tc_rig_packet packet = {
		.octets = udp_frame, .len = FRAME_LEN, .repeat = 1,
	};

	while (!woken(rig) && ft_tc_store_fill(rig->store) < fill)
		assert_int_equal(tc_rig_spread(rig, &packet, 0, NULL), 0);
}

/* The log's 50th entry of 100 wakes us, no entry before or after it, and no packet of a flow that
 * is there; so it is in each epoch, and of the spill map for CPUs that have no log. */
static void half_full_wakes(void **state)
{
	const struct tc_rig_packet again = {
		.octets = udp_frame, .len = FRAME_LEN, .repeat = RUNS,
	};
	struct tc_rig_sums sums = { 0 };
	struct tc_rig rig;

	(void)state;
	open_rig(&rig, 100, 100, 1000000);
	for (int i = 0; i < 6; i++) {
		if (i == 4) /* both epochs of the log were seen twice */
			for (uint32_t cpu = 0; cpu < FT_MAX_CPUS; cpu++)
				rig.store->cpus[cpu].slot = 0;
		assert_int_equal(tc_rig_shape(&rig, &again), 0);
		fill_up(&rig, 490);
		assert_int_equal(tc_rig_shape(&rig, &again), 0);
		assert_false(woken(&rig));
		assert_int_equal(ft_tc_store_fill(rig.store), 490);
		fill_up(&rig, 500);
		assert_true(woken(&rig));
		assert_int_equal(ft_tc_store_fill(rig.store), 500);
		assert_false(woken(&rig));
		fill_up(&rig, 1000);
		assert_false(woken(&rig));
		collect(&rig, &sums);
		assert_false(woken(&rig));
	}
	tc_rig_close(&rig);
}

/* More wake-ups than the ring holds, none of them read: still readable, and again after that. */
static void full_ring_wakes(void **state)
{
	const struct tc_rig_packet packet = {
		.octets = udp_frame, .len = FRAME_LEN, .repeat = 1,
	};
	struct tc_rig_sums sums = { 0 };
	struct tc_rig rig;
	long turns = sysconf(_SC_PAGESIZE) / 16 + 10; /* 8 octets with 8 of header each */

	(void)state;
	open_rig(&rig, 2, 64, 1000000);
	expedited_before = expedite(1);
	for (long i = 0; i < turns; i++) {
		assert_int_equal(tc_rig_spread(&rig, &packet, 0, NULL), 0);
		assert_true(woken(&rig));
		collect(&rig, &sums);
	}
	assert_int_equal(sums.entries, turns);
	assert_int_equal(ft_tc_store_fill(rig.store), 0);
	assert_false(woken(&rig));
	fill_up(&rig, 500);
	assert_true(woken(&rig));
	tc_rig_close(&rig);
}

/* Without a ring there is no descriptor, and the fill tells as before. */
static void no_ring_is_no_descriptor(void **state)
{
	const struct tc_rig_packet packet = {
		.octets = udp_frame, .len = FRAME_LEN, .repeat = 1,
	};
	struct tc_rig_sums sums = { 0 };
	struct tc_rig rig;

	(void)state;
	fail_ring = true;
	open_rig(&rig, 2, 64, 1);
	fail_ring = false;
	assert_int_equal(ft_tc_store_fd(rig.store), -1);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(tc_rig_spread(&rig, &packet, 0, NULL), 0);
		assert_int_equal(ft_tc_store_fill(rig.store), 500);
		collect(&rig, &sums);
		assert_int_equal(ft_tc_store_fill(rig.store), 0);
	}
	assert_int_equal(sums.flows.packets, 4);
	tc_rig_close(&rig);
}

/* Counts of an interface that is let go of are in the next batch; then its slot is free. */
static void unwatched_interface(void **state)
{
	const struct tc_rig_packet packet = { .octets = udp_frame, .len = FRAME_LEN };
	struct tc_rig_sums sums = { 0 };
	struct tc_rig rig;

	(void)state;
	open_rig(&rig, 64, 64, 1);
	assert_int_equal(tc_rig_shape(&rig, &packet), 0);
	ft_tc_store_unwatch(rig.store, RIG_IFINDEX);
	assert_int_equal(tc_rig_shape(&rig, &packet), 0); /* no longer watched: not seen */
	collect(&rig, &sums);
	check_sums(&sums, 1);
	for (int i = 0; i < FT_MAX_IFACES; i++)
		assert_int_equal(rig.store->iface_slots[i].ifindex, 0);
	assert_int_equal(tc_rig_watch(&rig, FT_IFACE_COUNT_RX, 0), 0);
	assert_int_equal(tc_rig_shape(&rig, &packet), 0);
	collect(&rig, &sums);
	check_sums(&sums, 2);
	tc_rig_close(&rig);
}

/* The table of interfaces takes many, and says when a place can't be found. */
static void full_interface_table(void **state)
{
	struct ft_iface iface = { .scope = 1, .flags = FT_IFACE_COUNT_RX };
	struct tc_rig rig;
	int error = 0;

	(void)state;
	open_rig(&rig, 64, 64, 1);
	for (iface.ifindex = 2; iface.ifindex <= 500 && !error; iface.ifindex++)
		error = ft_tc_store_watch(rig.store, &iface);
	assert_int_equal(error, 0);
	for (; iface.ifindex <= 2 * FT_MAX_IFACES && !error; iface.ifindex++)
		error = ft_tc_store_watch(rig.store, &iface);
	assert_int_equal(error, -ENOSPC);
	iface.ifindex = 2;
	iface.scope = FT_MAX_SCOPES;
	assert_int_equal(ft_tc_store_watch(rig.store, &iface), -ENOSPC);
	tc_rig_close(&rig);
}

/* Ticks of the kernel become wall-clock time, to a tick or two. */
static void clock_turns_ticks_into_time(void **state)
{
	const struct tc_rig_packet packet = { .octets = udp_frame, .len = FRAME_LEN };
	const uint64_t tolerance = 60000000;
	struct ft_batch batch;
	struct tc_rig rig;

	(void)state;
	open_rig(&rig, 64, 64, 1);
	for (int i = 0; i < 5; i++) {
		struct timespec ts = { .tv_nsec = 100000000 };
		uint64_t sent, told;

		nanosleep(&ts, NULL);
		clock_gettime(CLOCK_REALTIME, &ts);
		sent = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
		assert_int_equal(tc_rig_shape(&rig, &packet), 0);
		assert_int_equal(ft_tc_store_collect(rig.store, &batch), 0);
		assert_int_equal(batch.span_count, 1);
		told = ft_clock_ns(&batch.clock, batch.spans[0].entries[0].last_tick);
		assert_in_range(told, sent - tolerance, sent + tolerance);
		assert_in_range(batch.end_ns, sent, sent + 10 * tolerance);
	}
	tc_rig_close(&rig);
}

/* Somebody sets the clock; it turns ticks into time as before. */
static void clock_may_be_set(void **state)
{
	static const int64_t steps[] = { -3600, 86400 * 365LL, -86400 * 3650LL, 0 };
	const struct tc_rig_packet packet = { .octets = udp_frame, .len = FRAME_LEN };
	const uint64_t tolerance = 60000000;
	struct ft_batch batch;
	struct tc_rig rig;

	(void)state;
	open_rig(&rig, 64, 64, 1);
	for (size_t i = 0; i < 3 * sizeof(steps) / sizeof(steps[0]); i++) {
		struct timespec ts = { .tv_nsec = 100000000 };
		uint64_t sent, told;

		wall_offset = steps[i / 3];
		nanosleep(&ts, NULL);
		clock_gettime(CLOCK_REALTIME, &ts);
		sent = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
		assert_int_equal(tc_rig_shape(&rig, &packet), 0);
		assert_int_equal(ft_tc_store_collect(rig.store, &batch), 0);
		assert_int_equal(batch.span_count, 1);
		told = ft_clock_ns(&batch.clock, batch.spans[0].entries[0].last_tick);
		assert_in_range(told, sent - tolerance, sent + tolerance);
		assert_in_range(batch.end_ns, sent, sent + 10 * tolerance);
	}
	wall_offset = 0;
	tc_rig_close(&rig);
}

/* First part of a datagram in two fragments, then the second, on hooks that count or don't. */
static void uncounted_hook_leaves_fragments_alone(void **state)
{
	struct tc_rig_packet packet = { .len = FRAME_LEN };
	uint8_t frame[FRAME_LEN];
	struct ft_batch batch;
	struct tc_rig rig;

	(void)state;
	open_rig(&rig, 64, 64, 1);
	memcpy(frame, udp_frame, sizeof(frame));
	packet.octets = frame;
	frame[20] = 0x20; /* more fragments */
	assert_int_equal(tc_rig_shape(&rig, &packet), 0);
	frame[20] = 0;
	frame[21] = 4; /* the last one, at 32 */
	assert_int_equal(tc_rig_watch(&rig, FT_IFACE_COUNT_TX, 0), 0);
	assert_int_equal(tc_rig_shape(&rig, &packet), 0);
	assert_int_equal(tc_rig_watch(&rig, FT_IFACE_COUNT_RX, 0), 0);
	assert_int_equal(tc_rig_shape(&rig, &packet), 0);
	assert_int_equal(ft_tc_store_collect(rig.store, &batch), 0);
	assert_int_equal(batch.span_count, 1);
	assert_int_equal(batch.spans[0].count, 1);
	assert_int_equal(batch.spans[0].entries[0].dir[0].packets, 2);
	assert_int_equal(batch.spans[0].entries[0].flags[0], 0);
	tc_rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(flips_lose_nothing, restore_expedited),
		cmocka_unit_test(tiny_log_tells_its_losses),
		cmocka_unit_test(drain_is_cut_short),
		cmocka_unit_test(cpus_without_slot),
		cmocka_unit_test(line_fails_without_an_entry),
		cmocka_unit_test(finish_reads_both_halves),
		cmocka_unit_test(paused_counts_nothing),
		cmocka_unit_test(syn_after_fin_is_new),
		cmocka_unit_test(syn_after_fin_spills),
		cmocka_unit_test(syn_after_fin_in_spill),
		cmocka_unit_test(other_syns_are_not_new),
		cmocka_unit_test(fill_is_told),
		cmocka_unit_test(half_full_wakes),
		cmocka_unit_test_teardown(full_ring_wakes, restore_expedited),
		cmocka_unit_test(no_ring_is_no_descriptor),
		cmocka_unit_test(unwatched_interface),
		cmocka_unit_test(full_interface_table),
		cmocka_unit_test(clock_turns_ticks_into_time),
		cmocka_unit_test(clock_may_be_set),
		cmocka_unit_test(uncounted_hook_leaves_fragments_alone),
	};

	if (tc_rig_skips())
		return 0;
	stay_on_one_cpu();
	return cmocka_run_group_tests_name("tc store", tests, NULL, NULL);
}
