/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collector with a backend and links made of cardboard: what the backend hands out must
 * arrive in snapshots once, whatever the schedule does. No test measures time; each waits for
 * what it expects (a snapshot, the end) and fails by the harness' time-out.
 *
 * The linker takes ft_backend_* and ft_links_* from here, not from the library.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/collector.h"
#include "capture/packet_store.h"
#include "core/snapshot.h"

#define MS UINT64_C(1000000)
#define LONG_NS (UINT64_C(3600) * 1000 * MS) /* no interval of its own within a test */
#define WAIT_MS 20000

/* ---- the backend: each collect hands out one packet of one flow */

static struct {
	struct ft_backend backend;
	atomic_int fill;          /* dispatch's answer; a negative one is an error */
	atomic_int collect_error; /* collect's answer if not 0 */
	atomic_int watch_error;   /* watch's */
	atomic_int collects, dispatches, watches, pauses, stops, closes;
	atomic_ullong handed_out; /* packets */
	atomic_bool off;
	int chunks;               /* of a file: dispatches until it ends */
	bool is_file;
	int choose_error;
	struct ft_entry entry;
	struct ft_span span;
	struct ft_scope_delta scope;
	struct ft_iface_delta iface;
	struct ft_packet_store *store; /* each dispatch keeps packets there */
} fake;

static uint64_t now_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000 * MS + (uint64_t)ts.tv_nsec;
}

/* A batch with one packet, 100 bytes of it. */
static void fill_batch(struct ft_batch *batch)
{
	uint64_t now = now_ns(CLOCK_REALTIME);
	uint64_t n = atomic_fetch_add(&fake.handed_out, 1);

	if (fake.is_file)
		now = (1000 + n) * 1000 * MS; /* a packet a second, long ago */
	memset(&fake.entry, 0, sizeof(fake.entry));
	fake.entry.key.addr_a[10] = fake.entry.key.addr_a[11] = 0xff;
	fake.entry.key.addr_a[12] = 10;
	memcpy(fake.entry.key.addr_b, fake.entry.key.addr_a, 16);
	fake.entry.key.addr_b[15] = 1;
	fake.entry.key.protocol = 17;
	fake.entry.key.ip_version = 4;
	fake.entry.dir[0] = (struct ft_counts){ .packets = 1, .bytes = 86, .l2_bytes = 100 };
	fake.entry.first_tick = fake.entry.last_tick = now;
	fake.entry.ifindex[0] = 7;
	fake.span = (struct ft_span){ .entries = &fake.entry, .count = 1 };
	memset(&fake.scope, 0, sizeof(fake.scope));
	fake.scope.counters.c[FT_C_SEEN] = (struct ft_tally){ .packets = 1, .l2_bytes = 100 };
	memset(&fake.iface, 0, sizeof(fake.iface));
	fake.iface.ifindex = 7;
	fake.iface.counters.tx = (struct ft_tally){ .packets = 1, .l2_bytes = 100 };
	*batch = (struct ft_batch){
		.spans = &fake.span,
		.span_count = 1,
		.clock = ft_clock_identity(),
		.scopes = &fake.scope,
		.scope_count = 1,
		.ifaces = &fake.iface,
		.iface_count = 1,
		.end_ns = now,
		.mono_ns = now_ns(CLOCK_MONOTONIC),
	};
}

static int fake_fd(const struct ft_backend *backend)
{
	(void)backend;
	return -1;
}

/* Looked at often, so that tests don't wait. */
static int fake_patience(const struct ft_backend *backend)
{
	(void)backend;
	return 20;
}

/* 4 MiB of packets at once, as much as a part of a file. */
#define KEPT_OCTETS (256U * 1024)
#define KEPT_PACKETS 16

static void keep_packets(void)
{
	static uint8_t octets[KEPT_OCTETS];
	struct ft_packet_meta meta = { .wire_len = KEPT_OCTETS, .cap_len = KEPT_OCTETS, .tick = 1 };
	struct ft_packet_result result = { .packets = 1 };

	for (int i = 0; i < KEPT_PACKETS; i++)
		ft_packet_store_add(fake.store, octets, &meta, &result);
}

static int fake_dispatch(struct ft_backend *backend)
{
	(void)backend;
	atomic_fetch_add(&fake.dispatches, 1);
	if (fake.is_file && fake.chunks-- == 0)
		return -ENODATA;
	if (fake.store)
		keep_packets();
	return atomic_load(&fake.fill);
}

static int fake_collect(struct ft_backend *backend, struct ft_batch *batch)
{
	int error = atomic_load(&fake.collect_error);

	(void)backend;
	atomic_fetch_add(&fake.collects, 1);
	if (error)
		return error;
	fill_batch(batch);
	return 0;
}

static int fake_watch(struct ft_backend *backend, const struct ft_links *links, char *err,
		      size_t err_size)
{
	int error = atomic_load(&fake.watch_error);

	(void)backend, (void)links;
	if (error)
		snprintf(err, err_size, "no room for card0");
	atomic_fetch_add(&fake.watches, 1);
	return error;
}

static int fake_pause(struct ft_backend *backend, bool paused)
{
	(void)backend;
	atomic_store(&fake.off, paused);
	atomic_fetch_add(&fake.pauses, 1);
	return 0;
}

static int fake_stop(struct ft_backend *backend, struct ft_batch *batch)
{
	(void)backend;
	atomic_fetch_add(&fake.stops, 1);
	fill_batch(batch);
	return 0;
}

static int fake_remark(const struct ft_backend *backend, uint32_t ifindex, char *text,
		       size_t size)
{
	(void)backend;
	snprintf(text, size, "remark %u", ifindex);
	return 0;
}

static int fake_progress(const struct ft_backend *backend)
{
	(void)backend;
	return fake.is_file ? 500 : -1;
}

static void fake_close(struct ft_backend *backend)
{
	(void)backend;
	atomic_fetch_add(&fake.closes, 1);
}

/* It never waits. */
static void fake_call_off(struct ft_backend *backend)
{
	(void)backend;
}

static const struct ft_backend_ops fake_ops = {
	.name = "fake",
	.fd = fake_fd,
	.patience = fake_patience,
	.dispatch = fake_dispatch,
	.call_off = fake_call_off,
	.collect = fake_collect,
	.watch = fake_watch,
	.pause = fake_pause,
	.stop = fake_stop,
	.remark = fake_remark,
	.progress = fake_progress,
	.close = fake_close,
};

/* For the real backends, which are linked but not used. */
int ft_backend_is_told(const struct ft_backend *backend)
{
	return fake_patience(backend);
}

void ft_backend_never_waits(struct ft_backend *backend)
{
	fake_call_off(backend);
}

uint64_t ft_backend_has_no_limit(struct ft_backend *backend, uint64_t until_ns)
{
	(void)backend, (void)until_ns;
	return 0;
}

int ft_backend_choose(const char *name, const struct ft_backend_config *config,
		      const struct ft_links *links, struct ft_backend **ret_backend,
		      char *ret_reason, size_t reason_size, char *err, size_t err_size)
{
	(void)name, (void)links;
	if (fake.choose_error) {
		snprintf(err, err_size, "no rung");
		return fake.choose_error;
	}
	fake.is_file = config->file;
	fake.backend.ops = &fake_ops;
	snprintf(ret_reason, reason_size, "it is a test");
	*ret_backend = &fake.backend;
	return 0;
}

/* ---- links: one interface that can vanish */

static struct {
	int fd;
	bool changed;
	atomic_bool present;
	atomic_int closes;
	struct ft_watch watch;
	struct ft_link link;
	struct ft_addr_set addresses;
	atomic_int reads, read_error;
	bool stale;
} cardboard;

static struct ft_links *links_of_cardboard(void)
{
	cardboard.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	atomic_store(&cardboard.present, true);
	cardboard.watch.iface.ifindex = cardboard.link.ifindex = 7;
	strcpy(cardboard.watch.name, "card0");
	cardboard.link.stats_drops_rx = 5; /* from before */
	cardboard.addresses.generation = 1;
	return (struct ft_links *)&cardboard;
}

void ft_links_close(struct ft_links *links)
{
	assert_ptr_equal(links, &cardboard);
	close(cardboard.fd);
	atomic_fetch_add(&cardboard.closes, 1);
}

int ft_links_fd(const struct ft_links *links)
{
	(void)links;
	return cardboard.fd;
}

int ft_links_refresh(struct ft_links *links)
{
	eventfd_t count;

	(void)links;
	if (eventfd_read(cardboard.fd, &count) == 0)
		cardboard.stale = true;
	if (!cardboard.stale)
		return 0;
	atomic_fetch_add(&cardboard.reads, 1);
	if (atomic_load(&cardboard.read_error))
		return atomic_load(&cardboard.read_error);
	cardboard.stale = false;
	return 1;
}

const struct ft_watch *ft_links_watched(const struct ft_links *links, size_t *ret_count)
{
	(void)links;
	*ret_count = atomic_load(&cardboard.present);
	return &cardboard.watch;
}

const struct ft_link *ft_links_find(const struct ft_links *links, uint32_t ifindex)
{
	(void)links;
	return ifindex == 7 && atomic_load(&cardboard.present) ? &cardboard.link : NULL;
}

size_t ft_links_scope_count(const struct ft_links *links)
{
	(void)links;
	return 1;
}

const char *ft_links_scope_name(const struct ft_links *links, uint16_t scope)
{
	(void)links;
	assert_int_equal(scope, 0);
	return "card0";
}

bool ft_links_scope_present(const struct ft_links *links, uint16_t scope)
{
	(void)links, (void)scope;
	return atomic_load(&cardboard.present);
}

size_t ft_links_scopes_used(const struct ft_links *links)
{
	(void)links;
	return 1;
}

void ft_links_release_scope(struct ft_links *links, uint16_t scope)
{
	(void)links, (void)scope;
	fail_msg("one of %d numbers is used: none has to be released", FT_MAX_SCOPES);
}

size_t ft_links_left_out(const struct ft_links *links)
{
	(void)links;
	return atomic_load(&cardboard.present) ? 0 : 2;
}

const struct ft_addr_set *ft_links_addresses(const struct ft_links *links)
{
	(void)links;
	return &cardboard.addresses;
}

int ft_links_read_stats(struct ft_links *links)
{
	(void)links;
	return 0;
}

/* ---- helpers */

static void drop_snapshot(void *item)
{
	ft_snapshot_put(item);
}

static int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(&cardboard, 0, sizeof(cardboard));
	return 0;
}

static struct ft_collector_config base_config(void)
{
	struct ft_collector_config config = {
		.interval_ns = LONG_NS,
		.backend_name = "auto",
	};

	ft_table_config_init(&config.table);
	config.table.max_flows = 16;
	return config;
}

static struct ft_collector *start(const struct ft_collector_config *config)
{
	struct ft_collector *collector = NULL;
	char err[FT_REASON_MAX] = "";
	struct ft_links *links = config->backend.file ? NULL : links_of_cardboard();

	assert_int_equal(ft_collector_start(config, links, &collector, err, sizeof(err)), 0);
	assert_non_null(collector);
	return collector;
}

static void wait_fd(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
}

/* The next snapshot of a mailbox. */
static const struct ft_snapshot *next(struct ft_mailbox *mailbox)
{
	const struct ft_snapshot *snapshot;

	wait_fd(ft_mailbox_fd(mailbox));
	snapshot = ft_mailbox_take(mailbox);
	assert_non_null(snapshot);
	assert_true(ft_line_adds_up(&snapshot->interval));
	assert_true(ft_line_adds_up(&snapshot->total));
	return snapshot;
}

static void wait_for(atomic_int *what, int at_least)
{
	for (int i = 0; i < WAIT_MS && atomic_load(what) < at_least; i++)
		usleep(1000);
	assert_true(atomic_load(what) >= at_least);
}

/* ---- tests */

/* An empty picture at once, then what kicks end, then the drained rest as the last one. */
static void test_pictures(void **state)
{
	struct ft_collector_config config = base_config();
	struct ft_mailbox *mailbox = config.mailbox = ft_mailbox_new();
	struct ft_collector *collector = start(&config);
	const struct ft_snapshot *snapshot = next(mailbox);

	(void)state;
	assert_int_equal(snapshot->row_count, 0);
	assert_int_equal(snapshot->interval_ns, 0);
	assert_int_equal(snapshot->total.seen.packets, 0);
	assert_string_equal(snapshot->backend, "fake");
	assert_string_equal(snapshot->backend_reason, "it is a test");
	assert_int_equal(snapshot->scope_count, 1);
	assert_string_equal(snapshot->scopes[0].name, "card0");
	assert_int_equal(snapshot->iface_count, 1);
	assert_string_equal(snapshot->ifaces[0].remark, "remark 7");
	assert_int_equal(snapshot->ifaces[0].drops_rx, 0);
	assert_false(ft_collector_done(collector, NULL, NULL, 0));
	ft_snapshot_put(snapshot);

	ft_collector_kick(collector);
	snapshot = next(mailbox);
	assert_int_equal(snapshot->row_count, 1);
	assert_true(snapshot->interval_ns > 0);
	assert_int_equal(snapshot->interval.seen.packets, snapshot->total.seen.packets);
	assert_int_equal(snapshot->ifaces[0].total.tx.packets, snapshot->total.seen.packets);
	assert_false(snapshot->last);
	ft_snapshot_put(snapshot);

	ft_collector_stop(collector);
	ft_collector_stop(collector);
	wait_fd(ft_collector_fd(collector));
	snapshot = next(mailbox);
	assert_true(snapshot->last);
	assert_int_equal(snapshot->total.seen.packets, atomic_load(&fake.handed_out));
	assert_int_equal(snapshot->rows[0].ended, FT_ENDED_STOP);
	ft_snapshot_put(snapshot);
	assert_int_equal(atomic_load(&fake.stops), 1);
	ft_collector_free(collector);
	assert_int_equal(atomic_load(&fake.closes), 1);
	assert_int_equal(atomic_load(&cardboard.closes), 1);
	ft_mailbox_free(mailbox);
}

/* -c 3: three pictures for the outputs, not four; the third is the last, and it is done. */
static void test_count(void **state)
{
	struct ft_collector_config config = base_config();
	struct ft_queue *queue = ft_queue_new(8, drop_snapshot);
	struct ft_collector_output output = { .queue = queue };
	struct ft_collector *collector;
	uint64_t packets = 0;
	char err[64] = "x";
	int error = -1;

	(void)state;
	config.outputs = &output;
	config.output_count = 1;
	config.interval_ns = 20 * MS;
	config.intervals = 3;
	collector = start(&config);
	wait_fd(ft_collector_fd(collector));
	assert_true(ft_collector_done(collector, &error, err, sizeof(err)));
	assert_int_equal(error, 0);
	assert_string_equal(err, "");
	for (int i = 0; i < 3; i++) {
		struct ft_snapshot *snapshot = ft_queue_take(queue);

		assert_non_null(snapshot);
		assert_int_equal(snapshot->last, i == 2);
		assert_true(snapshot->interval_ns > 0);
		packets += snapshot->interval.seen.packets;
		ft_snapshot_put(snapshot);
	}
	assert_null(ft_queue_take(queue));
	assert_int_equal(packets, atomic_load(&fake.handed_out));
	ft_collector_free(collector);
	ft_queue_free(queue);
}

/* A full queue makes the interval longer; nothing that was counted in it is missing. */
static void test_slow_output(void **state)
{
	struct ft_collector_config config = base_config();
	struct ft_queue *queue = ft_queue_new(1, drop_snapshot);
	struct ft_collector_output output = { .queue = queue };
	struct ft_collector *collector;
	struct ft_snapshot *first, *last;

	(void)state;
	config.outputs = &output;
	config.output_count = 1;
	collector = start(&config);
	for (int i = 0; i < 4; i++) { /* the first fills the queue, three find it full */
		ft_collector_kick(collector);
		wait_for(&fake.collects, i + 1);
	}
	ft_collector_stop(collector);
	first = ft_queue_take(queue);
	last = ft_queue_take(queue);
	assert_non_null(first);
	assert_non_null(last);
	assert_null(ft_queue_take(queue));
	assert_int_equal(first->lengthened, 0);
	assert_true(last->lengthened >= 2);
	assert_true(last->last);
	assert_int_equal(first->interval.seen.packets + last->interval.seen.packets,
			 atomic_load(&fake.handed_out));
	assert_int_equal(last->total.seen.packets, atomic_load(&fake.handed_out));
	assert_true(ft_line_adds_up(&last->interval));
	ft_snapshot_put(first);
	ft_snapshot_put(last);
	ft_collector_free(collector);
	ft_queue_free(queue);
}

/* An output that may miss some is not waited for: the others get theirs, and it is counted. */
static void test_missed(void **state)
{
	struct ft_collector_config config = base_config();
	struct ft_queue *slow = ft_queue_new(1, drop_snapshot), *quick = ft_queue_new(8, drop_snapshot);
	struct ft_collector_output outputs[] = { { .queue = slow, .may_miss = true },
						 { .queue = quick } };
	struct ft_collector *collector;
	struct ft_snapshot *snapshot = NULL;
	uint64_t packets = 0, missed = 0;
	int said;

	(void)state;
	config.outputs = outputs;
	config.output_count = 2;
	ft_queue_remark(slow, "what it has to say");
	collector = start(&config);
	for (int i = 0; i < 4; i++) { /* the first fills it, it misses three */
		ft_collector_kick(collector);
		wait_for(&fake.collects, i + 1);
	}
	ft_collector_stop(collector);
	for (int i = 0; i < 5; i++) {
		snapshot = ft_queue_take(quick);
		assert_non_null(snapshot);
		packets += snapshot->interval.seen.packets;
		missed = snapshot->missed;
		assert_int_equal(snapshot->lengthened, 0);
		said = 0;
		for (size_t k = 0; k < snapshot->note_count; k++)
			said += strcmp(snapshot->notes[k], "what it has to say") == 0;
		assert_int_equal(said, 1);
		ft_snapshot_put(snapshot);
	}
	assert_null(ft_queue_take(quick));
	assert_int_equal(packets, atomic_load(&fake.handed_out));
	assert_int_equal(missed, 3);
	snapshot = ft_queue_take(slow);
	assert_int_equal(snapshot->missed, 0);
	ft_snapshot_put(snapshot);
	snapshot = ft_queue_take(slow); /* the last one finds its place all the same */
	assert_true(snapshot->last);
	ft_snapshot_put(snapshot);
	assert_null(ft_queue_take(slow));
	ft_collector_free(collector);
	ft_queue_free(slow);
	ft_queue_free(quick);
}

/* Half full: collected at once, without ending the interval. */
static void test_half_full(void **state)
{
	struct ft_collector_config config = base_config();
	struct ft_mailbox *mailbox = config.mailbox = ft_mailbox_new();
	struct ft_collector *collector;

	(void)state;
	atomic_store(&fake.fill, 499);
	collector = start(&config);
	ft_snapshot_put(next(mailbox));
	wait_for(&fake.dispatches, 3);
	atomic_store(&fake.fill, 500);
	wait_for(&fake.collects, 4);
	atomic_store(&fake.fill, 0);
	assert_null(ft_mailbox_take(mailbox));
	ft_collector_free(collector);
	ft_mailbox_free(mailbox);
}

/* Pause is done when it returns, nothing is collected until it ends, and the gap is told. */
static void test_pause(void **state)
{
	struct ft_collector_config config = base_config();
	struct ft_mailbox *mailbox = config.mailbox = ft_mailbox_new();
	struct ft_collector *collector = start(&config);
	const struct ft_snapshot *snapshot;
	uint64_t begin;
	int collects;

	(void)state;
	begin = now_ns(CLOCK_MONOTONIC);
	ft_collector_pause(collector, true);
	assert_true(atomic_load(&fake.off));
	snapshot = next(mailbox); /* the empty one has been replaced, or this is it: */
	if (!snapshot->paused_watch) {
		ft_snapshot_put(snapshot);
		snapshot = next(mailbox);
	}
	assert_true(snapshot->paused_watch);
	ft_snapshot_put(snapshot);
	collects = atomic_load(&fake.collects);
	ft_collector_kick(collector);
	ft_collector_set_interval(collector, 1 * MS);
	usleep(30000); /* time in which a fault would show */
	assert_int_equal(atomic_load(&fake.collects), collects);
	ft_collector_pause(collector, false);
	assert_false(atomic_load(&fake.off));
	ft_collector_set_interval(collector, LONG_NS);
	ft_collector_stop(collector);
	snapshot = next(mailbox);
	assert_false(snapshot->paused_watch);
	assert_true(snapshot->not_watched_ns >= 30 * MS);
	assert_true(snapshot->not_watched_ns + snapshot->interval_ns <=
		    now_ns(CLOCK_MONOTONIC) - begin);
	assert_int_equal(snapshot->total.seen.packets, atomic_load(&fake.handed_out));
	ft_snapshot_put(snapshot);
	ft_collector_free(collector);
	ft_mailbox_free(mailbox);
}

/* A backend that goes on failing ends it with a sentence; stop still drains. */
static void test_fault(void **state)
{
	struct ft_collector_config config = base_config();
	struct ft_queue *queue = ft_queue_new(4, drop_snapshot);
	struct ft_collector_output output = { .queue = queue };
	struct ft_collector *collector;
	struct ft_snapshot *snapshot;
	char err[FT_REASON_MAX] = "";
	int error = 0;

	(void)state;
	config.outputs = &output;
	config.output_count = 1;
	config.interval_ns = 2 * MS;
	atomic_store(&fake.collect_error, -EIO);
	collector = start(&config);
	wait_fd(ft_collector_fd(collector));
	assert_true(ft_collector_done(collector, &error, err, sizeof(err)));
	assert_int_equal(error, -EIO);
	assert_non_null(strstr(err, "fake"));
	snapshot = ft_queue_take(queue);
	assert_non_null(snapshot);
	assert_true(snapshot->last);
	assert_int_equal(snapshot->total.seen.packets, 1);
	assert_true(snapshot->note_count > 0);
	ft_snapshot_put(snapshot);
	ft_collector_free(collector);
	ft_queue_free(queue);
}

/* -r with -b: one interval from the first packet to the last, then done. */
static void test_file_batch(void **state)
{
	struct ft_collector_config config = base_config();
	struct ft_queue *queue = ft_queue_new(4, drop_snapshot);
	struct ft_collector_output output = { .queue = queue };
	struct ft_collector *collector;
	struct ft_snapshot *snapshot;

	(void)state;
	config.outputs = &output;
	config.output_count = 1;
	config.backend.file = "/nowhere/a-rather-long-name.pcap";
	fake.chunks = 6;
	atomic_store(&fake.fill, 1000); /* each chunk is collected */
	collector = start(&config);
	wait_fd(ft_collector_fd(collector));
	snapshot = ft_queue_take(queue);
	assert_non_null(snapshot);
	assert_null(ft_queue_take(queue));
	assert_true(snapshot->last);
	assert_int_equal(snapshot->total.seen.packets, 8); /* 6 chunks, the end, the drain */
	assert_int_equal(snapshot->interval.seen.packets, 8);
	assert_int_equal(snapshot->end_ns, 1007 * 1000 * MS);
	assert_int_equal(snapshot->interval_ns, 7 * 1000 * MS);
	assert_int_equal(snapshot->start_ns, 1000 * 1000 * MS);
	assert_string_equal(snapshot->scopes[0].name, "a-rather-long-n");
	assert_int_equal(snapshot->iface_count, 1);
	assert_string_equal(snapshot->notes[0], "remark 0");
	ft_snapshot_put(snapshot);
	ft_collector_free(collector);
	ft_queue_free(queue);
}

/* -r with -w of packets: far more than there is room for comes whole, since reading waits for who
 * writes; each list is there when its snapshot is. */
static void test_file_packets(void **state)
{
	struct ft_collector_config config = base_config();
	struct ft_queue *queue = ft_queue_new(4, drop_snapshot);
	struct ft_collector_output output = { .queue = queue };
	struct ft_collector *collector;
	struct ft_packet_way way;
	const struct ft_snapshot *snapshot;
	struct ft_packets *packets;
	uint64_t count = 0, shown = 0;
	bool last = false;

	(void)state;
	assert_int_equal(ft_packet_way_init(&way, FT_PACKETS_ROOM), 0);
	fake.store = config.backend.packets = ft_packet_store_new(&way);
	config.outputs = &output;
	config.output_count = 1;
	config.backend.file = "x.pcap";
	fake.chunks = 40;
	collector = start(&config);
	/* Who writes is slow to begin. */
	for (int i = 0; i < 10000 && !ft_queue_full(queue); i++)
		usleep(1000);
	assert_true(ft_queue_full(queue));
	usleep(100000);
	while (!last && (snapshot = ft_queue_wait(queue)) != NULL) {
		last = snapshot->last;
		assert_int_equal(snapshot->lengthened, 0); /* none was due */
		shown += snapshot->interval.seen.packets;
		/* Lists of later snapshots may be there already. */
		while ((packets = ft_queue_take(way.queue)) != NULL) {
			count += packets->count;
			for (size_t i = 0; i < packets->iface_count; i++)
				assert_int_equal(packets->ifaces[i].no_room, 0);
			assert_true(packets->generation >= snapshot->generation);
			ft_packets_free(packets);
		}
		ft_snapshot_put(snapshot);
	}
	assert_int_equal(count, 40 * KEPT_PACKETS);
	assert_int_equal(shown, atomic_load(&fake.handed_out));
	assert_int_equal(ft_packet_room_used(way.room), 0);
	ft_collector_free(collector);
	ft_packet_store_free(fake.store);
	ft_packet_way_done(&way);
	ft_queue_free(queue);
}

/* A wish for a flow's packets of a file: heard, and its descriptor closed. */
static void test_ask_file(void **state)
{
	struct ft_collector_config config = base_config();
	struct ft_mailbox *mailbox = config.mailbox = ft_mailbox_new();
	struct ft_packet_ask *ask = calloc(1, sizeof(*ask));
	struct ft_collector *collector;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	*ask = (struct ft_packet_ask){ .flow = 1, .path = strdup("/x"), .fd = ends[1] };
	config.backend.file = "x.pcap";
	fake.chunks = 1;
	collector = start(&config);
	assert_true(ft_collector_ask_packets(collector, ask));
	wait_fd(ends[0]); /* nobody can write into it any more */
	ft_collector_stop(collector);
	ft_collector_free(collector);
	ft_mailbox_free(mailbox);
	close(ends[0]);
}

/* -r on a screen: the last picture stays, it isn't done until it is stopped. */
static void test_file_screen(void **state)
{
	struct ft_collector_config config = base_config();
	struct ft_mailbox *mailbox = config.mailbox = ft_mailbox_new();
	struct ft_collector *collector;
	const struct ft_snapshot *snapshot;
	bool last = false;

	(void)state;
	config.backend.file = "x.pcap";
	fake.chunks = 3;
	collector = start(&config);
	while (!last) {
		snapshot = next(mailbox);
		last = snapshot->last;
		if (last) {
			assert_int_equal(snapshot->row_count, 1);
			assert_int_equal(snapshot->total.seen.packets,
					 atomic_load(&fake.handed_out));
		}
		assert_int_equal(snapshot->progress, 500);
		ft_snapshot_put(snapshot);
	}
	assert_false(ft_collector_done(collector, NULL, NULL, 0));
	ft_collector_stop(collector);
	assert_true(ft_collector_done(collector, NULL, NULL, 0));
	assert_null(ft_mailbox_take(mailbox));
	assert_int_equal(atomic_load(&fake.stops), 1);
	ft_collector_free(collector);
	ft_mailbox_free(mailbox);
}

/* An interface vanishes and comes back: drained first, watched anew, said. */
static void test_links(void **state)
{
	struct ft_collector_config config = base_config();
	struct ft_mailbox *mailbox = config.mailbox = ft_mailbox_new();
	struct ft_collector *collector = start(&config);
	const struct ft_snapshot *snapshot;

	(void)state;
	ft_snapshot_put(next(mailbox));
	atomic_store(&cardboard.present, false);
	(void)!eventfd_write(cardboard.fd, 1);
	wait_for(&fake.watches, 1);
	ft_collector_kick(collector);
	snapshot = next(mailbox);
	assert_false(snapshot->scopes[0].present);
	assert_int_equal(snapshot->iface_count, 1);
	assert_false(snapshot->ifaces[0].present);
	assert_int_equal(snapshot->note_count, 2);
	assert_string_equal(snapshot->notes[0],
			    "2 interfaces are not watched: at most 256 can be in one run");
	assert_non_null(strstr(snapshot->notes[1], "card0 vanished"));
	assert_int_equal(snapshot->total.seen.packets, 2);
	ft_snapshot_put(snapshot);

	atomic_store(&cardboard.present, true);
	(void)!eventfd_write(cardboard.fd, 1);
	wait_for(&fake.watches, 2);
	ft_collector_kick(collector);
	snapshot = next(mailbox);
	assert_true(snapshot->scopes[0].present);
	assert_true(snapshot->ifaces[0].present);
	assert_int_equal(snapshot->iface_count, 1);
	assert_non_null(strstr(snapshot->notes[0], "card0 came back"));
	assert_int_equal(snapshot->note_count, 1);
	ft_snapshot_put(snapshot);
	ft_collector_free(collector);
	ft_mailbox_free(mailbox);
}

/* What could not be read or watched is tried again without any notice, until it can be. */
static void test_links_again(void **state)
{
	struct ft_collector_config config = base_config();
	struct ft_mailbox *mailbox = config.mailbox = ft_mailbox_new();
	struct ft_collector *collector = start(&config);
	const struct ft_snapshot *snapshot;
	size_t notes;

	(void)state;
	ft_snapshot_put(next(mailbox));
	atomic_store(&cardboard.read_error, -ENOMEM);
	atomic_store(&fake.watch_error, -EMFILE);
	(void)!eventfd_write(cardboard.fd, 1);
	wait_for(&cardboard.reads, 2);
	assert_int_equal(atomic_load(&fake.watches), 0);
	atomic_store(&cardboard.read_error, 0);
	wait_for(&fake.watches, 2);
	ft_collector_kick(collector);
	snapshot = next(mailbox);
	assert_int_equal(snapshot->note_count, 1);
	assert_string_equal(snapshot->notes[0], "no room for card0");
	ft_snapshot_put(snapshot);
	atomic_store(&fake.watch_error, 0);
	do { /* one try may be under way that fails */
		ft_collector_kick(collector);
		snapshot = next(mailbox);
		notes = snapshot->note_count;
		ft_snapshot_put(snapshot);
	} while (notes > 0);
	ft_collector_free(collector);
	ft_mailbox_free(mailbox);
}

/* No rung works: the sentence comes through, and links are given back. */
static void test_no_backend(void **state)
{
	struct ft_collector_config config = base_config();
	struct ft_collector *collector = NULL;
	char err[FT_REASON_MAX] = "";

	(void)state;
	fake.choose_error = -EPERM;
	assert_int_equal(ft_collector_start(&config, links_of_cardboard(), &collector, err,
					    sizeof(err)), -EPERM);
	assert_null(collector);
	assert_string_equal(err, "no rung");
	assert_int_equal(atomic_load(&cardboard.closes), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_pictures, set_up),
		cmocka_unit_test_setup(test_count, set_up),
		cmocka_unit_test_setup(test_slow_output, set_up),
		cmocka_unit_test_setup(test_missed, set_up),
		cmocka_unit_test_setup(test_half_full, set_up),
		cmocka_unit_test_setup(test_pause, set_up),
		cmocka_unit_test_setup(test_fault, set_up),
		cmocka_unit_test_setup(test_file_batch, set_up),
		cmocka_unit_test_setup(test_file_packets, set_up),
		cmocka_unit_test_setup(test_ask_file, set_up),
		cmocka_unit_test_setup(test_file_screen, set_up),
		cmocka_unit_test_setup(test_links, set_up),
		cmocka_unit_test_setup(test_links_again, set_up),
		cmocka_unit_test_setup(test_no_backend, set_up),
	};

	return cmocka_run_group_tests_name("collector", tests, NULL, NULL);
}
