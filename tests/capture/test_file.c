/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture files: the table of packets, written as pcap of each link type and as pcapng, comes
 * back with the table's keys and counts; files that are cut off, foreign, empty or of another
 * link type get a sentence and keep what was read. The files stand in tests/captures too, for
 * other tests; GENERATE=1 rewrites them.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/backend.h"
#include "packets.h"

#define SNAPLEN 160
#define START 1700000000u

static char directory[] = "/tmp/flowtop-test-file-XXXXXX";

/* A growing file image. */
struct image {
	uint8_t octets[64 * 1024];
	size_t size;
};

static struct image image;

static void put(struct image *to, const void *octets, size_t size)
{
	assert_true(to->size + size <= sizeof(to->octets));
	memcpy(to->octets + to->size, octets, size);
	to->size += size;
}

static void put32(struct image *to, uint32_t value)
{
	uint8_t octets[4] = { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
			      (uint8_t)(value >> 24) };

	put(to, octets, 4);
}

/* Cases that a file of this link type can hold: nothing that only a hook knows. */
static bool in_file(const struct ft_packet_case *c, enum ft_case_link link)
{
	return c->link == link && !c->vlan_valid && !c->gso_size && !c->vlan_aware;
}

/* Captured and wire length of a case; the octets go to `frame`. */
static uint32_t case_octets(const struct ft_packet_case *c, uint8_t *frame, size_t size,
			    uint32_t *ret_wire)
{
	uint32_t wire = (uint32_t)ft_packet_case_bytes(c, frame, size);
	uint32_t cap = c->cap_len ? c->cap_len : wire;

	*ret_wire = wire;
	return cap < SNAPLEN ? cap : SNAPLEN;
}

/* Little-endian pcap, written by hand so that no library has a say in what is read back. */
static void build_pcap(enum ft_case_link link, uint32_t linktype)
{
	static uint8_t frame[128 * 1024];
	uint32_t number = 0; /* within the file: one file's packets don't date another's */
	size_t count, i;
	const struct ft_packet_case *cases = ft_packet_cases(&count);

	image.size = 0;
	put32(&image, 0xa1b2c3d4);
	put32(&image, 2 | 4 << 16);
	put32(&image, 0);
	put32(&image, 0);
	put32(&image, SNAPLEN);
	put32(&image, linktype);
	for (i = 0; i < count; i++) {
		uint32_t wire, cap;

		if (!in_file(&cases[i], link))
			continue;
		cap = case_octets(&cases[i], frame, sizeof(frame), &wire);
		put32(&image, START + number++);
		put32(&image, 250000);
		put32(&image, cap);
		put32(&image, wire);
		put(&image, frame, cap);
	}
}

/* Ethernet as pcapng: a section, an interface with nanoseconds, a block a packet. */
static void build_pcapng(void)
{
	static uint8_t frame[128 * 1024];
	static const uint8_t pad[4];
	size_t count, i, number = 0;
	const struct ft_packet_case *cases = ft_packet_cases(&count);

	image.size = 0;
	put32(&image, 0x0a0d0d0a);
	put32(&image, 28);
	put32(&image, 0x1a2b3c4d);
	put32(&image, 1);
	put32(&image, 0xffffffff);
	put32(&image, 0xffffffff);
	put32(&image, 28);
	put32(&image, 1); /* interface description */
	put32(&image, 32);
	put32(&image, 1); /* Ethernet */
	put32(&image, SNAPLEN);
	put32(&image, 9 | 1 << 16); /* if_tsresol: 10^-9 */
	put32(&image, 9);
	put32(&image, 0);
	put32(&image, 32);
	for (i = 0; i < count; i++) {
		uint64_t time = (START + number) * 1000000000ull + 250000001;
		uint32_t wire, cap, padded;

		if (!in_file(&cases[i], FT_CASE_ETHERNET))
			continue;
		number++;
		cap = case_octets(&cases[i], frame, sizeof(frame), &wire);
		padded = (cap + 3) & ~3u;
		put32(&image, 6);
		put32(&image, 32 + padded);
		put32(&image, 0);
		put32(&image, (uint32_t)(time >> 32));
		put32(&image, (uint32_t)time);
		put32(&image, cap);
		put32(&image, wire);
		put(&image, frame, cap);
		put(&image, pad, padded - cap);
		put32(&image, 32 + padded);
	}
}

/* Writes the first `size` octets of the image to a file of the temporary directory. */
static const char *write_file(const char *name, size_t size)
{
	static char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(image.octets, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	return path;
}

/* What was read of a file. */
struct reading {
	struct ft_tally terms[FT_C_MAX];
	uint64_t packets, bytes, l2_bytes; /* of flows */
	struct ft_entry *entries;
	size_t entry_count;
	uint64_t end_ns;
	char remark[FT_REASON_MAX];
};

static void absorb(struct reading *reading, const struct ft_batch *batch)
{
	size_t i, s;

	for (s = 0; s < batch->scope_count; s++) {
		assert_int_equal(batch->scopes[s].scope, 0);
		for (i = 0; i < FT_C_MAX; i++) {
			reading->terms[i].packets += batch->scopes[s].counters.c[i].packets;
			reading->terms[i].l2_bytes += batch->scopes[s].counters.c[i].l2_bytes;
		}
	}
	for (s = 0; s < batch->span_count; s++)
		for (i = 0; i < batch->spans[s].count; i++) {
			const struct ft_entry *e = &batch->spans[s].entries[i];

			reading->packets += e->dir[0].packets + e->dir[1].packets;
			reading->bytes += e->dir[0].bytes + e->dir[1].bytes;
			reading->l2_bytes += e->dir[0].l2_bytes + e->dir[1].l2_bytes;
			reading->entries = realloc(reading->entries, (reading->entry_count + 1) *
						   sizeof(*reading->entries));
			assert_non_null(reading->entries);
			reading->entries[reading->entry_count++] = *e;
		}
	reading->end_ns = batch->end_ns;
}

/* Reads a whole file the way the collector does. */
static void read_file(const char *path, const char *filter, struct reading *reading)
{
	struct ft_backend_config config = { .file = path, .capture_filter = filter };
	struct ft_backend *backend = NULL;
	struct ft_batch batch;
	char reason[FT_REASON_MAX], err[FT_REASON_MAX];
	int result, progress, last = 0;

	memset(reading, 0, sizeof(*reading));
	result = ft_backend_choose("auto", &config, NULL, &backend, reason, sizeof(reason), err,
				   sizeof(err));
	if (result != 0)
		fail_msg("%s: %s", path, err);
	do {
		result = backend->ops->dispatch(backend);
		progress = backend->ops->progress(backend);
		assert_true(progress >= last && progress <= 1000);
		last = progress;
	} while (result >= 0);
	assert_int_equal(result, -ENODATA);
	assert_int_equal(progress, 1000);
	assert_int_equal(backend->ops->dispatch(backend), -ENODATA);
	assert_int_equal(backend->ops->collect(backend, &batch), 0);
	absorb(reading, &batch);
	assert_int_equal(backend->ops->stop(backend, &batch), 0);
	absorb(reading, &batch);
	backend->ops->remark(backend, 0, reading->remark, sizeof(reading->remark));
	backend->ops->close(backend);
}

/* The first entry with this key that has packets in this direction. */
static const struct ft_entry *find(const struct reading *reading, const struct ft_flow_key *key,
				   uint8_t dir)
{
	size_t i;

	for (i = 0; i < reading->entry_count; i++)
		if (memcmp(&reading->entries[i].key, key, sizeof(*key)) == 0 &&
		    reading->entries[i].dir[dir].packets)
			return &reading->entries[i];
	return NULL;
}

/* Holds what was read against the table. */
static void check_reading(const struct reading *reading, enum ft_case_link link)
{
	struct ft_tally terms[FT_C_MAX] = { { 0 } };
	uint64_t packets = 0, bytes = 0, l2_bytes = 0;
	size_t count, i;
	const struct ft_packet_case *cases = ft_packet_cases(&count);

	for (i = 0; i < count; i++) {
		const struct ft_packet_case *c = &cases[i];
		const struct ft_entry *entry;
		struct ft_flow_key key;

		if (!in_file(c, link))
			continue;
		terms[FT_C_SEEN].packets += c->packets;
		terms[FT_C_SEEN].l2_bytes += c->l2_bytes;
		if (c->verdict != FT_CASE_FLOW) {
			terms[c->verdict].packets += c->packets;
			terms[c->verdict].l2_bytes += c->l2_bytes;
			continue;
		}
		packets += c->packets;
		bytes += c->bytes;
		l2_bytes += c->l2_bytes;
		ft_packet_case_key(c, 0, &key);
		entry = find(reading, &key, c->dir);
		if (!entry)
			fail_msg("case \"%s\" is in no entry", c->name);
		assert_true(entry->first_tick >= START * 1000000000ull);
		assert_true(entry->last_tick <= reading->end_ns);
	}
	for (i = 0; i < FT_C_MAX; i++) {
		assert_int_equal(reading->terms[i].packets, terms[i].packets);
		assert_int_equal(reading->terms[i].l2_bytes, terms[i].l2_bytes);
	}
	assert_true(packets > 0);
	assert_int_equal(reading->packets, packets);
	assert_int_equal(reading->bytes, bytes);
	assert_int_equal(reading->l2_bytes, l2_bytes);
	assert_string_equal(reading->remark, "");
}

static const struct {
	const char *name;
	enum ft_case_link link;
	uint32_t linktype; /* 0 = pcapng */
} files[] = {
	{ "ethernet.pcap", FT_CASE_ETHERNET, 1 },
	{ "ethernet.pcapng", FT_CASE_ETHERNET, 0 },
	{ "raw.pcap", FT_CASE_L3, 101 },
	{ "sll.pcap", FT_CASE_SLL, 113 },
	{ "sll2.pcap", FT_CASE_SLL2, 276 },
	{ "null.pcap", FT_CASE_NULL, 0x100 }, /* LINKTYPE_NULL is 0 */
};

static void build(size_t n)
{
	if (files[n].linktype)
		build_pcap(files[n].link, files[n].linktype & 0xff ? files[n].linktype : 0);
	else
		build_pcapng();
}

static void test_all_kinds(void **state)
{
	struct reading reading;
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(files) / sizeof(files[0]); n++) {
		build(n);
		read_file(write_file(files[n].name, image.size), NULL, &reading);
		check_reading(&reading, files[n].link);
		free(reading.entries);
	}
}

/* tests/captures holds the same octets. */
static void test_committed(void **state)
{
	const char *top = getenv("top_srcdir");
	static uint8_t octets[sizeof(image.octets)];
	char path[4096];
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(files) / sizeof(files[0]); n++) {
		bool generate = getenv("GENERATE") != NULL;
		FILE *file;

		build(n);
		snprintf(path, sizeof(path), "%s/tests/captures/%s", top ? top : ".",
			 files[n].name);
		file = fopen(path, generate ? "wb" : "rb");
		if (!file)
			fail_msg("%s: %s", path, strerror(errno));
		if (generate)
			assert_int_equal(fwrite(image.octets, 1, image.size, file), image.size);
		else if (fread(octets, 1, sizeof(octets), file) != image.size ||
			 memcmp(octets, image.octets, image.size) != 0)
			fail_msg("%s is not what the table says: GENERATE=1", path);
		assert_int_equal(fclose(file), 0);
	}
}

static void test_times(void **state)
{
	struct reading reading;
	size_t i, packets = 0, count;
	const struct ft_packet_case *cases = ft_packet_cases(&count);

	(void)state;
	for (i = 0; i < count; i++)
		if (in_file(&cases[i], FT_CASE_ETHERNET))
			packets++;
	build_pcapng();
	read_file(write_file("times", image.size), NULL, &reading);
	assert_int_equal(reading.entries[0].first_tick, START * 1000000000ull + 250000001);
	assert_int_equal(reading.end_ns, (START + packets - 1) * 1000000000ull + 250000001);
	free(reading.entries);
}

/* Cut anywhere: what was whole is read, and a sentence says so unless the cut is between two. */
static void test_cut_off(void **state)
{
	struct reading whole, reading;
	size_t size, between = 0;
	uint64_t before = 0;

	(void)state;
	build_pcap(FT_CASE_SLL, 113);
	read_file(write_file("cut", image.size), NULL, &whole);
	for (size = 24; size < image.size; size++) {
		read_file(write_file("cut", size), NULL, &reading);
		assert_true(reading.terms[FT_C_SEEN].packets >= before);
		before = reading.terms[FT_C_SEEN].packets;
		if (!reading.remark[0])
			between++;
		else
			assert_non_null(strstr(reading.remark, "cut off"));
		free(reading.entries);
	}
	assert_int_equal(before, whole.terms[FT_C_SEEN].packets - 1);
	assert_int_equal(between, whole.terms[FT_C_SEEN].packets);
	free(whole.entries);
}

/* Opens what can't be read; the sentence must hold `what`. */
static void refused(const char *path, const char *filter, int result, const char *what)
{
	struct ft_backend_config config = { .file = path, .capture_filter = filter };
	struct ft_backend *backend = NULL;
	char reason[FT_REASON_MAX], err[FT_REASON_MAX] = "";

	assert_int_equal(ft_backend_choose("auto", &config, NULL, &backend, reason, sizeof(reason),
					   err, sizeof(err)), result);
	assert_null(backend);
	if (!strstr(err, what))
		fail_msg("\"%s\" doesn't say \"%s\"", err, what);
}

static void test_refused(void **state)
{
	size_t size;

	(void)state;
	refused("/nonexistent/file.pcap", NULL, -ENOENT, "/nonexistent/file.pcap");
	image.size = 0;
	put(&image, "not a capture at all, just text", 31);
	refused(write_file("foreign", image.size), NULL, -EBADMSG, "not a capture file");
	refused(write_file("empty", 0), NULL, -EBADMSG, "not a capture file");
	build_pcap(FT_CASE_ETHERNET, 1);
	for (size = 1; size < 24; size++)
		refused(write_file("stub", size), NULL, -EBADMSG, "not a capture file");
	build_pcap(FT_CASE_ETHERNET, 105); /* 802.11 */
	refused(write_file("wireless", image.size), NULL, -EBADMSG, "IEEE802_11");
	build_pcap(FT_CASE_ETHERNET, 1);
	refused(write_file("filter", image.size), "tcp prot 80", -EINVAL, "-f: ");
}

static void test_filter(void **state)
{
	struct reading reading;

	(void)state;
	build_pcap(FT_CASE_ETHERNET, 1);
	read_file(write_file("filter", image.size), "arp or (udp port 5000 and dst host 10.0.0.2)",
		  &reading);
	assert_int_equal(reading.terms[FT_C_NOT_IP_ARP].packets,
			 reading.terms[FT_C_SEEN].packets - reading.packets);
	assert_true(reading.terms[FT_C_NOT_IP_ARP].packets >= 2);
	assert_true(reading.packets >= 2);
	free(reading.entries);
}

/* A chunk at a time, and a log that is full in between, lose nothing. */
static void test_chunks(void **state)
{
	struct ft_backend_config config = { .log_entries = 16 };
	struct ft_backend *backend;
	struct reading reading = { .entries = NULL };
	struct ft_batch batch;
	char err[FT_REASON_MAX];
	unsigned int collected = 0;
	int result;

	(void)state;
	build_pcap(FT_CASE_ETHERNET, 1);
	config.file = write_file("chunks", image.size);
	assert_int_equal(ft_backend_file.open(&config, NULL, &backend, err, sizeof(err)), 0);
	do {
		result = backend->ops->dispatch(backend);
		if (result >= 500) {
			assert_int_equal(backend->ops->collect(backend, &batch), 0);
			absorb(&reading, &batch);
			collected++;
		}
	} while (result != -ENODATA);
	assert_int_equal(backend->ops->stop(backend, &batch), 0);
	absorb(&reading, &batch);
	backend->ops->close(backend);
	assert_true(collected > 2);
	assert_int_equal(reading.terms[FT_C_LOST_FULL].packets, 0);
	check_reading(&reading, FT_CASE_ETHERNET);
	free(reading.entries);
}

/* Packets behind a limit wait, whatever is asked how often, and none gets lost. */
static void test_limit(void **state)
{
	const uint64_t first = START * 1000000000ull + 250000000, second = 1000000000;
	struct ft_backend_config config = { .log_entries = 4096 };
	struct reading reading = { .entries = NULL };
	struct ft_backend *backend;
	struct ft_batch batch;
	char err[FT_REASON_MAX];
	uint64_t seen = 0;

	(void)state;
	build_pcap(FT_CASE_ETHERNET, 1);
	config.file = write_file("limit", image.size);
	assert_int_equal(ft_backend_file.open(&config, NULL, &backend, err, sizeof(err)), 0);
	assert_int_equal(backend->ops->limit(backend, 0), 0); /* nothing was read yet */
	for (unsigned i = 0; i < 3; i++) {
		assert_true(backend->ops->dispatch(backend) >= 0);
		assert_int_equal(backend->ops->limit(backend, 0), first);
	}
	for (unsigned i = 1; i <= 10; i++) {
		assert_int_equal(backend->ops->limit(backend, first + i * 2 * second), 0);
		assert_true(backend->ops->dispatch(backend) >= 0);
		assert_int_equal(backend->ops->limit(backend, first + i * 2 * second),
				 first + i * 2 * second);
		assert_int_equal(backend->ops->collect(backend, &batch), 0);
		absorb(&reading, &batch);
		assert_int_equal(reading.terms[FT_C_SEEN].packets, seen + 2);
		seen += 2;
	}
	backend->ops->limit(backend, UINT64_MAX);
	assert_int_equal(backend->ops->dispatch(backend), -ENODATA);
	assert_int_equal(backend->ops->stop(backend, &batch), 0);
	absorb(&reading, &batch);
	backend->ops->close(backend);
	check_reading(&reading, FT_CASE_ETHERNET);
	free(reading.entries);
}

/* A pipe whose writer pauses lets nobody wait: between packets one is told that nothing is there, and
 * inside of one, that it may be called off. */
static void test_pipe(void **state)
{
	struct ft_backend_config config = { .log_entries = 4096 };
	struct ft_backend *backend;
	struct reading whole, reading = { .entries = NULL };
	struct ft_batch batch;
	char path[128], err[FT_REASON_MAX];
	size_t third;
	int writer;

	(void)state;
	build_pcap(FT_CASE_SLL, 113);
	read_file(write_file("whole", image.size), NULL, &whole);
	third = image.size - 10; /* inside of the last packet */
	snprintf(path, sizeof(path), "%s/pipe", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	writer = open(path, O_RDWR | O_CLOEXEC);
	assert_true(writer >= 0);
	assert_int_equal(write(writer, image.octets, 24), 24);
	config.file = path;
	assert_int_equal(ft_backend_file.open(&config, NULL, &backend, err, sizeof(err)), 0);
	assert_true(ft_backend_file.fd(backend) >= 0);
	assert_true(ft_backend_file.dispatch(backend) >= 0); /* nothing yet */
	assert_int_equal(write(writer, image.octets + 24, third - 24), third - 24);
	ft_backend_file.call_off(backend);
	while (ft_backend_file.dispatch(backend) >= 0)
		;
	assert_int_equal(ft_backend_file.fd(backend), -1);
	assert_int_equal(ft_backend_file.stop(backend, &batch), 0);
	absorb(&reading, &batch);
	assert_int_equal(reading.terms[FT_C_SEEN].packets, whole.terms[FT_C_SEEN].packets - 1);
	ft_backend_file.remark(backend, 0, err, sizeof(err));
	assert_string_equal(err, ""); /* the file is not cut off: we left */
	ft_backend_file.close(backend);
	close(writer);
	free(reading.entries);
	free(whole.entries);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "ethernet.pcap", "ethernet.pcapng", "raw.pcap",
		"sll.pcap", "sll2.pcap", "null.pcap", "times", "cut", "foreign", "empty", "stub",
		"wireless", "filter", "chunks", "pipe", "whole", "limit" };
	char path[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		unlink(path);
	}
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_committed),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_pipe),
	};

	return cmocka_run_group_tests_name("file", tests, set_up, tear_down);
}
