/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets with their snapshot: which are written, with what comment, into which file, and when. The
 * moment is made by hand; files are read by libpcap, comments are looked for in the octets.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "capture/mailbox.h"
#include "core/filter.h"
#include "core/packets.h"
#include "moment.h"
#include "output/outputs.h"

static char folder[64], path[96];
static struct ft_queue *queue;
static struct ft_packet_room *room;
static struct ft_packets *list;
static struct ft_filter *filter;

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/flowtop-packets-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/out.pcapng", folder);
	queue = ft_queue_new(16, NULL);
	room = ft_packet_room_new(1 << 20);
	list = ft_packets_new(room);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ft_packets_free(list);
	assert_int_equal(ft_packet_room_used(room), 0);
	ft_packet_room_put(room);
	ft_queue_free(queue);
	if (filter)
		ft_filter_free(filter);
	filter = NULL;
	unlink(path);
	return rmdir(folder);
}

static struct ft_output *open_output(const char *expression)
{
	struct ft_output_config config = { .target = path, .packets = queue };
	struct ft_output *output = NULL;
	char err[256] = "";
	size_t where;

	assert_int_equal(ft_filter_parse(expression, NULL, &filter, &where, err, sizeof(err)), 0);
	config.query.filter = filter;
	if (ft_output_packets.open(&config, &output, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	return output;
}

/* A packet of a row, or of no flow (row -1), of so many octets. */
static struct ft_packet *add(int row, uint32_t cap_len, uint8_t dir)
{
	uint16_t iface = ft_packets_iface(list, 2, 1, "eth0");
	struct ft_packet *packet = ft_packets_add(list, cap_len);

	assert_non_null(packet);
	memset(packet->octets, 0, cap_len);
	packet->time_ns = MOMENT_END_NS - 1000 + list->count;
	packet->wire_len = cap_len;
	packet->segments = 1;
	packet->iface = iface;
	packet->dir = dir;
	list->ifaces[iface].seen++;
	if (row >= 0) {
		packet->flags = FT_PACKET_HAS_FLOW;
		packet->key = moment()->rows[row].flow->key;
	}
	return packet;
}

/* Hands the list on. */
static void put(uint64_t generation)
{
	list->generation = generation;
	assert_true(ft_queue_put(queue, list));
	list = ft_packets_new(room);
}

/* Lengths of the file's packets, as text. */
static const char *lengths(const char *name)
{
	static char text[512];
	char err[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(name, err);
	struct pcap_pkthdr *header;
	const u_char *data;
	size_t used = 0;

	if (!pcap)
		fail_msg("%s: %s", name, err);
	text[0] = '\0';
	while (pcap_next_ex(pcap, &header, &data) == 1)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u",
					 used ? " " : "", header->len);
	pcap_close(pcap);
	return text;
}

/* How often the file holds a text. */
static unsigned occurrences(const char *text)
{
	FILE *file = fopen(path, "rbe");
	static char octets[65536];
	size_t size, length = strlen(text);
	unsigned count = 0;

	assert_non_null(file);
	size = fread(octets, 1, sizeof(octets), file);
	fclose(file);
	for (size_t i = 0; i + length <= size; i++)
		count += memcmp(octets + i, text, length) == 0;
	return count;
}

/* Without a filter everything; comments say who sends and who gets. */
static void test_all(void **state)
{
	struct ft_output *output = open_output("");
	struct stat there;

	(void)state;
	add(MOMENT_CURL, 60, 0);
	add(MOMENT_CURL, 61, 1);
	add(-1, 62, 0);
	add(MOMENT_PING, 63, 0);
	add(MOMENT_ESP, 64, 0);
	add(MOMENT_GRE, 65, 0);
	add(MOMENT_CURL, 66, 0)->segments = 45;
	add(MOMENT_GRE, 67, 0)->segments = 2;
	add(MOMENT_QUIET, 68, 0)->key.port_a_be++; /* a flow that isn't there (any more) */
	put(1);
	assert_int_equal(output->ops->write(output, moment()), 0);
	assert_string_equal(output->remark, "");
	assert_int_equal(output->ops->close(output), 0);
	assert_string_equal(lengths(path), "60 61 62 63 64 65 66 67 68");
	assert_int_equal(occurrences("from process curl (pid 812), user alice"), 2);
	assert_int_equal(occurrences("to process curl (pid 812), user alice"), 1);
	assert_int_equal(occurrences("from process curl (pid 812), user alice; 45 packets on the wire"), 1);
	assert_int_equal(occurrences("from process p\\xFFing\\xC3( (pid 99), user root, container "
				     "0123456789ab; to process"), 1);
	assert_int_equal(occurrences("from the kernel"), 1);
	assert_int_equal(occurrences("2 packets on the wire"), 1);
	assert_int_equal(stat(path, &there), 0);
	assert_int_equal(there.st_mode & 07777, 0600);
}

/* With a filter: only flows that pass it; what can't be judged isn't written, and that is said. */
static void test_filtered(void **state)
{
	struct ft_output *output = open_output("tcp and process curl");

	(void)state;
	add(MOMENT_CURL, 60, 0);
	add(-1, 61, 0);
	add(MOMENT_PING, 62, 0);
	add(MOMENT_CURL, 63, 1);
	put(1);
	assert_int_equal(output->ops->write(output, moment()), 0);
	assert_string_equal(output->remark, "");
	add(MOMENT_CURL, 64, 0)->key.port_a_be++;
	put(1);
	assert_int_equal(output->ops->write(output, moment()), 0);
	assert_string_equal(output->remark, "packets that the filter could not be asked about: 1");
	assert_int_equal(output->ops->close(output), 0);
	assert_string_equal(lengths(path), "60 63");
}

/* Lists wait for the snapshot that shows their flows. */
static void test_waits(void **state)
{
	struct ft_output *output = open_output("");
	struct ft_snapshot later = *moment();

	(void)state;
	later.generation = 3;
	add(-1, 60, 0);
	put(1);
	add(-1, 61, 0);
	put(2);
	add(-1, 62, 0);
	put(4);
	assert_int_equal(output->ops->write(output, moment()), 0);
	assert_string_equal(lengths(path), "60");
	assert_int_equal(output->ops->write(output, &later), 0); /* one was missed */
	assert_string_equal(lengths(path), "60 61");
	assert_int_equal(output->ops->close(output), 0);
	assert_string_equal(lengths(path), "60 61");
}

/* Two connections on one tuple, one after the other. */
static void test_tuple(void **state)
{
	struct ft_output *output = open_output("process curl");
	struct ft_snapshot two = *moment();
	struct ft_flow older = *two.rows[MOMENT_CURL].flow;
	struct ft_flow_hot rows[2] = { two.rows[MOMENT_CURL], two.rows[MOMENT_CURL] };

	(void)state;
	older.first_ns -= 1000000;
	older.id += 1000;
	rows[0].flow = &older;
	rows[0].owner[0] = FT_OWNER_UNKNOWN;
	two.rows = rows;
	two.row_count = 2;
	add(MOMENT_CURL, 60, 0)->time_ns = rows[1].flow->first_ns - 1;
	add(MOMENT_CURL, 61, 0)->time_ns = rows[1].flow->first_ns;
	add(MOMENT_CURL, 62, 0)->time_ns = older.first_ns - 1;
	add(MOMENT_CURL, 63, 0)->time_ns = older.first_ns;
	put(1);
	assert_int_equal(output->ops->write(output, &two), 0);
	assert_int_equal(output->ops->close(output), 0);
	assert_string_equal(lengths(path), "61");
}

/* Many connections on one tuple, in any order: each packet is that of the youngest by then. */
static void test_tuple_again(void **state)
{
	enum { MANY = 300, OURS = 137 };
	struct ft_output *output = open_output("process curl");
	struct ft_snapshot many = *moment();
	const struct ft_flow_hot *curl = &many.rows[MOMENT_CURL];
	struct ft_flow flows[MANY];
	struct ft_flow_hot rows[MANY];
	uint64_t first = curl->flow->first_ns;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		unsigned n = i * 7 % MANY;

		flows[i] = *curl->flow;
		flows[i].first_ns = first + n * 1000;
		flows[i].id += 1000 + i;
		rows[i] = *curl;
		rows[i].flow = &flows[i];
		if (n != OURS)
			rows[i].owner[0] = FT_OWNER_UNKNOWN;
	}
	many.rows = rows;
	many.row_count = MANY;
	add(MOMENT_CURL, 60, 0)->time_ns = first + OURS * 1000 - 1;
	add(MOMENT_CURL, 61, 0)->time_ns = first + OURS * 1000;
	add(MOMENT_CURL, 62, 0)->time_ns = first + OURS * 1000 + 999;
	add(MOMENT_CURL, 63, 0)->time_ns = first + OURS * 1000 + 1000;
	add(MOMENT_CURL, 64, 0)->time_ns = first + MANY * 1000 * 2;
	put(1);
	assert_int_equal(output->ops->write(output, &many), 0);
	assert_int_equal(output->ops->close(output), 0);
	assert_string_equal(lengths(path), "61 62");
}

/* A flow's own file begins and ends with lists; only its connection is in it. */
static void test_one_flow(void **state)
{
	struct ft_output *output = open_output("udp");
	char own[128];

	(void)state;
	snprintf(own, sizeof(own), "%s/own.pcapng", folder);
	list->file = (struct ft_packet_file){
		.number = 1, .flow = moment()->rows[MOMENT_CURL].flow->id, .path = strdup(own),
		.fd = -1,
	};
	{
		FILE *file = fopen(own, "wxe");

		list->file.fd = dup(fileno(file));
		fclose(file);
	}
	add(MOMENT_CURL, 60, 0);
	put(1);
	assert_int_equal(output->ops->write(output, moment()), 0);
	assert_string_equal(lengths(own), "60");
	list->file = (struct ft_packet_file){ .number = 1, .fd = -1, .ends = true,
					      .flow = moment()->rows[MOMENT_CURL].flow->id };
	add(MOMENT_CURL, 61, 0);
	add(MOMENT_CURL, 62, 0)->key.port_a_be++; /* it has left, as far as is known */
	put(1);
	assert_int_equal(output->ops->write(output, moment()), 0);
	list->file = (struct ft_packet_file){ .number = 1, .fd = -1 };
	add(MOMENT_CURL, 63, 0);
	put(1);
	assert_int_equal(output->ops->write(output, moment()), 0); /* of a file that has ended */
	assert_string_equal(lengths(own), "60 61 62");
	assert_int_equal(output->ops->close(output), 0);
	assert_string_equal(lengths(path), "");
	unlink(own);
}

/* Losses on the way are said. */
static void test_losses(void **state)
{
	struct ft_output *output = open_output("");

	(void)state;
	add(-1, 60, 0);
	list->ifaces[0].no_room = 5;
	put(1);
	assert_int_equal(output->ops->write(output, moment()), -ENOBUFS);
	assert_string_equal(output->remark, "packets that found no room before they were written: 5");
	unlink(path);
	add(-1, 60, 0);
	put(1);
	assert_int_equal(output->ops->write(output, moment()), 0);
	assert_string_equal(output->remark, "the file was removed while it was written");
	assert_int_equal(output->ops->close(output), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_filtered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tuple, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tuple_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_flow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_losses, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
