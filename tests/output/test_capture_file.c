/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture files: a table of packets goes into pcapng and pcap and comes back through libpcap; what
 * libpcap passes over (options, statistics) is read block by block; a disk that is full cuts
 * nothing in two and costs no description; names choose the format.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "core/packets.h"
#include "output/capture_file.h"

#define START UINT64_C(1795255200123456789)

/* What is written, and has to come back. */
static const struct {
	uint32_t cap_len, wire_len;
	const char *comment;
	uint8_t flags;
} packets[] = {
	{ 60, 60, "process curl (pid 812), user alice, container web", FT_PACKET_DIRECTED },
	{ 61, 61, "", FT_PACKET_DIRECTED | FT_PACKET_OUTGOING }, /* each padding */
	{ 62, 1514, "x", 0 },
	{ 63, 65549, "xy\xc3\xbc", FT_PACKET_OUTGOING }, /* not known: a file */
	{ 0, 14, "", 0 },
	{ FT_PACKETS_SNAPLEN, FT_PACKETS_SNAPLEN, "a long one", 0 },
};
#define PACKETS (sizeof(packets) / sizeof(packets[0]))

static const struct ft_capture_about about = { .hardware = "toaster", .os = "Linux 6.1",
					       .program = "flowtop 0", .capture_filter = "not arp" };
static const struct ft_packet_iface eth0 = { .name = "eth0", .ifindex = 2, .link_type = 1,
					     .seen = 9, .no_room = 2, .ring = 3 };
static const struct ft_packet_iface tun0 = { .name = "tun0", .ifindex = 3, .link_type = 101 };

static char path[64];
static int fd;

static int set_up(void **state)
{
	(void)state;
	strcpy(path, "/tmp/flowtop-capture-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

/* One of the table's packets, the i-th nanosecond and second of the file. */
static struct ft_packet *make(size_t i)
{
	struct ft_packet *packet = calloc(1, sizeof(*packet) + packets[i].cap_len);

	assert_non_null(packet);
	packet->time_ns = START + i * 1000000001;
	packet->cap_len = packets[i].cap_len;
	packet->wire_len = packets[i].wire_len;
	packet->flags = packets[i].flags;
	packet->segments = 1;
	for (uint32_t k = 0; k < packet->cap_len; k++)
		packet->octets[k] = (uint8_t)(k * 7 + i);
	return packet;
}

static void add(struct ft_capture_file *file, int number, size_t i)
{
	struct ft_packet *packet = make(i);

	ft_capture_file_packet(file, number, packet, packets[i].comment);
	free(packet);
}

/* The file has these packets of the table, one after the other. */
static void read_back(const size_t *which, size_t count)
{
	char err[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO,
							       err);
	struct pcap_pkthdr *header;
	const u_char *data;

	if (!pcap)
		fail_msg("%s", err);
	assert_int_equal(pcap_datalink(pcap), DLT_EN10MB);
	for (size_t i = 0; i < count; i++) {
		struct ft_packet *packet = make(which[i]);

		assert_int_equal(pcap_next_ex(pcap, &header, &data), 1);
		assert_int_equal(header->caplen, packet->cap_len);
		assert_int_equal(header->len, packet->wire_len);
		assert_int_equal((uint64_t)header->ts.tv_sec * 1000000000 +
				 (uint64_t)header->ts.tv_usec, packet->time_ns);
		if (packet->cap_len)
			assert_memory_equal(data, packet->octets, packet->cap_len);
		free(packet);
	}
	assert_int_equal(pcap_next_ex(pcap, &header, &data), PCAP_ERROR_BREAK);
	pcap_close(pcap);
}

static const size_t all[PACKETS] = { 0, 1, 2, 3, 4, 5 };

static void test_both(void **state)
{
	const enum ft_capture_format format = *(const enum ft_capture_format *)*state;
	struct ft_capture_file *file = ft_capture_file_new(fd, format, &about);

	for (size_t i = 0; i < PACKETS; i++) {
		add(file, ft_capture_file_iface(file, &eth0), i);
		if (i % 2)
			assert_int_equal(ft_capture_file_flush(file), 0);
	}
	assert_int_equal(ft_capture_file_flush(file), 0);
	assert_int_equal(ft_capture_file_written(file), PACKETS);
	assert_int_equal(ft_capture_file_lost(file), 0);
	read_back(all, PACKETS); /* whole before its end, too */
	assert_int_equal(ft_capture_file_close(file, START), 0);
	read_back(all, PACKETS);
}

/* A pcap has one link layer, and may have no packet at all. */
static void test_pcap(void **state)
{
	struct ft_capture_file *file = ft_capture_file_new(fd, FT_CAPTURE_PCAP, &about);
	struct ft_packet_iface eth1 = eth0;

	(void)state;
	eth1.ifindex = 7;
	assert_int_equal(ft_capture_file_iface(file, &eth0), 0);
	assert_int_equal(ft_capture_file_iface(file, &eth1), 0);
	assert_int_equal(ft_capture_file_iface(file, &tun0), -1);
	assert_int_equal(ft_capture_file_close(file, START), 0);
	read_back(NULL, 0);
}

static void test_empty(void **state)
{
	const enum ft_capture_format format = *(const enum ft_capture_format *)*state;
	struct ft_capture_file *file = ft_capture_file_new(fd, format, &about);

	assert_int_equal(ft_capture_file_close(file, START), 0);
	read_back(NULL, 0);
}

/* ---- blocks */

struct block {
	uint32_t kind, length;
	uint8_t octets[512];
};

/* The next block, of which the first part is kept; false at the end. */
static bool next_block(FILE *file, struct block *block)
{
	uint32_t again;
	size_t body, kept;

	if (fread(&block->kind, 4, 1, file) != 1)
		return false;
	assert_int_equal(fread(&block->length, 4, 1, file), 1);
	assert_true(block->length >= 12 && block->length % 4 == 0);
	body = block->length - 12;
	kept = body < sizeof(block->octets) ? body : sizeof(block->octets);
	memset(block->octets, 0, sizeof(block->octets));
	assert_int_equal(fread(block->octets, 1, kept, file), kept);
	assert_int_equal(fseek(file, (long)(body - kept), SEEK_CUR), 0);
	assert_int_equal(fread(&again, 4, 1, file), 1);
	assert_int_equal(again, block->length);
	return true;
}

/* An option behind the fixed part; its length, -1: there is none. */
static int option(const struct block *block, size_t fixed, uint16_t wanted, const void **ret_value)
{
	size_t at = fixed;
	uint16_t kind = 1, length;

	while (at + 4 <= block->length - 12 && kind) {
		memcpy(&kind, block->octets + at, 2);
		memcpy(&length, block->octets + at + 2, 2);
		if (kind == wanted && kind) {
			*ret_value = block->octets + at + 4;
			return length;
		}
		at += 4 + ((length + 3U) & ~3U);
	}
	return -1;
}

static void expect_text(const struct block *block, size_t fixed, uint16_t kind, const char *text)
{
	const void *value = NULL;

	assert_int_equal(option(block, fixed, kind, &value), (int)strlen(text));
	assert_memory_equal(value, text, strlen(text));
}

static void expect_number(const struct block *block, uint16_t kind, uint64_t wanted)
{
	const void *value = NULL;
	uint64_t number;

	assert_int_equal(option(block, 12, kind, &value), 8);
	memcpy(&number, value, sizeof(number));
	assert_int_equal(number, wanted);
}

static void test_blocks(void **state)
{
	struct ft_capture_file *file = ft_capture_file_new(fd, FT_CAPTURE_PCAPNG, &about);
	const void *value = NULL;
	struct block block;
	FILE *stream;
	uint32_t flags;

	(void)state;
	add(file, ft_capture_file_iface(file, &eth0), 0);
	add(file, ft_capture_file_iface(file, &eth0), 1);
	assert_int_equal(ft_capture_file_iface(file, &tun0), 1);
	ft_capture_file_count(file, 0, &eth0, 4);
	ft_capture_file_count(file, 0, &eth0, 4);
	assert_int_equal(ft_capture_file_close(file, START + 5), 0);
	stream = fopen(path, "rbe");
	assert_true(next_block(stream, &block));
	assert_int_equal(block.kind, 0x0a0d0d0a);
	expect_text(&block, 16, 2, "toaster");
	expect_text(&block, 16, 3, "Linux 6.1");
	expect_text(&block, 16, 4, "flowtop 0");
	assert_true(next_block(stream, &block));
	assert_int_equal(block.kind, 1);
	expect_text(&block, 8, 2, "eth0");
	assert_int_equal(option(&block, 8, 9, &value), 1);
	assert_int_equal(*(const uint8_t *)value, 9);
	assert_int_equal(option(&block, 8, 11, &value), 8); /* an octet 0, then the text */
	assert_memory_equal(value, "\0not arp", 8);
	assert_true(next_block(stream, &block));
	assert_int_equal(block.kind, 6);
	expect_text(&block, 20 + 60, 1, packets[0].comment);
	assert_int_equal(option(&block, 20 + 60, 2, &value), 4);
	memcpy(&flags, value, 4);
	assert_int_equal(flags, 1); /* in */
	assert_true(next_block(stream, &block));
	assert_int_equal(option(&block, 20 + 64, 1, &value), -1);
	assert_int_equal(option(&block, 20 + 64, 2, &value), 4);
	memcpy(&flags, value, 4);
	assert_int_equal(flags, 2); /* out */
	assert_true(next_block(stream, &block));
	assert_int_equal(block.kind, 1);
	expect_text(&block, 8, 2, "tun0");
	assert_true(next_block(stream, &block));
	assert_int_equal(block.kind, 5);
	expect_number(&block, 4, 18);
	expect_number(&block, 5, 10); /* no room, and the ring */
	expect_number(&block, 6, 8);
	expect_number(&block, 7, 6);
	expect_number(&block, 8, 2);
	assert_true(next_block(stream, &block));
	assert_int_equal(block.kind, 5);
	expect_number(&block, 4, 0);
	assert_false(next_block(stream, &block));
	fclose(stream);
}

/* A comment that is too long is cut, and not within a character. */
static void test_comment(void **state)
{
	struct ft_capture_file *file = ft_capture_file_new(fd, FT_CAPTURE_PCAPNG, &about);
	int number = ft_capture_file_iface(file, &eth0);
	struct ft_packet *packet = make(4);
	char comment[6000] = "x";
	const void *value;
	struct block block;
	FILE *stream;
	int length;

	(void)state;
	for (size_t i = 1; i + 3 < sizeof(comment); i += 2)
		memcpy(comment + i, "\xc3\xbc", 3);
	ft_capture_file_packet(file, number, packet, comment);
	free(packet);
	assert_int_equal(ft_capture_file_close(file, START), 0);
	stream = fopen(path, "rbe");
	while (next_block(stream, &block) && block.kind != 6)
		;
	fclose(stream);
	length = option(&block, 20, 1, &value);
	assert_true(length > 1000 && length <= 2048 && length % 2 == 1);
}

/* ---- a full disk */

/* Whatever is left of room: what was not written is whole away, and what comes later is there. */
static void test_full(void **state)
{
	static const size_t first[] = { 0 }, kept[] = { 0, 2 }, later[] = { 2 };
	const enum ft_capture_format format = *(const enum ft_capture_format *)*state;

	for (unsigned room = 0; room < 400; room += 13) {
		struct ft_capture_file *file;
		struct rlimit old, limit;
		bool begun;
		int ret;

		set_up(NULL);
		file = ft_capture_file_new(fd, format, &about);
		assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
		limit = old;
		limit.rlim_cur = room;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		add(file, ft_capture_file_iface(file, &eth0), 0);
		begun = ft_capture_file_flush(file) == 0;
		add(file, ft_capture_file_iface(file, &eth0), 3);
		add(file, ft_capture_file_iface(file, &eth0), 3);
		add(file, ft_capture_file_iface(file, &eth0), 3);
		add(file, ft_capture_file_iface(file, &eth0), 3);
		ret = ft_capture_file_flush(file);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_int_equal(ret, -EFBIG);
		assert_int_equal(ft_capture_file_lost(file), begun ? 4 : 5);
		if (begun)
			read_back(first, 1);
		add(file, ft_capture_file_iface(file, &eth0), 2);
		assert_int_equal(ft_capture_file_close(file, START), 0);
		read_back(begun ? kept : later, begun ? 2 : 1);
		unlink(path);
	}
	set_up(NULL);
	close(fd);
}

static void test_gone(void **state)
{
	struct ft_capture_file *file = ft_capture_file_new(fd, FT_CAPTURE_PCAPNG, &about);

	(void)state;
	assert_false(ft_capture_file_is_gone(file));
	unlink(path);
	assert_true(ft_capture_file_is_gone(file));
	assert_int_equal(ft_capture_file_close(file, START), 0);
	set_up(NULL);
	close(fd);
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		int format; /* -1 = none */
	} names[] = {
		{ "x.pcapng", FT_CAPTURE_PCAPNG }, { "/a/b.pcap", FT_CAPTURE_PCAP },
		{ ".pcap", FT_CAPTURE_PCAP },	   { "x.flow", -1 },
		{ "pcap", -1 },			   { "", -1 },
		{ "x.pcap.gz", -1 },		   { "x.PCAP", -1 },
	};
	enum ft_capture_format format;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(ft_capture_format_of(names[i].name, &format),
				 names[i].format >= 0);
		if (names[i].format >= 0)
			assert_int_equal((int)format, names[i].format);
	}
}

int main(void)
{
	static enum ft_capture_format pcapng = FT_CAPTURE_PCAPNG, pcap = FT_CAPTURE_PCAP;
	const struct CMUnitTest tests[] = {
		{ "pcapng", test_both, set_up, tear_down, &pcapng },
		{ "pcap", test_both, set_up, tear_down, &pcap },
		cmocka_unit_test_setup_teardown(test_pcap, set_up, tear_down),
		{ "empty, pcapng", test_empty, set_up, tear_down, &pcapng },
		{ "empty, pcap", test_empty, set_up, tear_down, &pcap },
		cmocka_unit_test_setup_teardown(test_blocks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_comment, set_up, tear_down),
		{ "a full disk, pcapng", test_full, NULL, tear_down, &pcapng },
		{ "a full disk, pcap", test_full, NULL, tear_down, &pcap },
		cmocka_unit_test_setup_teardown(test_gone, set_up, tear_down),
		cmocka_unit_test(test_names),
	};

	signal(SIGXFSZ, SIG_IGN); /* as the program does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
