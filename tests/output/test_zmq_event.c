/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events for ntopng: header and members as libebpfflow sends them, all of them, in its order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "moment.h"
#include "output/zmq_event.h"

/* The event of a row of the moment, of a kind; caller frees. */
static char *event_of(int row, enum ft_due_why why)
{
	const struct ft_snapshot *snapshot = moment();
	struct ft_due_record record = { .flow = &snapshot->rows[row], .why = why };
	struct ft_json json = { 0 };
	char *text;

	record.start_ns = record.flow->flow->first_ns;
	record.end_ns = record.flow->last_ns;
	if (why != FT_DUE_NEW) {
		record.count[0] = (struct ft_counts){ 3, 300, 342 };
		record.count[1] = (struct ft_counts){ 2, 3000, 3028 };
	}
	ft_zmq_event(&json, snapshot, &record);
	text = strndup(json.data, json.used);
	assert_non_null(text);
	ft_json_done(&json);
	return text;
}

static void expect(int row, enum ft_due_why why, const char *wanted)
{
	char *text = event_of(row, why);

	assert_string_equal(text, wanted);
	free(text);
}

static void test_header(void **state)
{
	struct ft_zmq_header header = ft_zmq_header(0x01020304);
	const unsigned char *bytes = (const unsigned char *)&header;
	uint32_t number = 0x01020304;

	(void)state;
	assert_string_equal((const char *)bytes, "flow");
	for (int i = 4; i < 36; i++)
		assert_int_equal(bytes[i], 0);
	assert_memory_equal(bytes + 36, &number, 4);
}

#define CURL_ENDS                                                                               \
	"\"IPV4_SRC_ADDR\":\"10.0.0.2\",\"IPV4_DST_ADDR\":\"192.0.2.7\",\"PROTOCOL\":6,"         \
	"\"L4_SRC_PORT\":51234,\"L4_DST_PORT\":443,"
#define CURL_PROCESS                                                                            \
	"\"LOCAL_PROCESS\":{\"PID\":812,\"UID\":1000,\"UID_NAME\":\"alice\",\"GID\":1000,"       \
	"\"TID\":812,\"PROCESS_PATH\":\"/usr/bin/curl\","                                        \
	"\"PROCESS_CMDLINE\":\"curl \\\"https://x\\\"\\u0009\\u001b[31m\\\\\"},"                 \
	"\"LOCAL_FATHER_PROCESS\":{\"PID\":1}}"

static void test_connection(void **state)
{
	(void)state;
	expect(MOMENT_CURL, FT_DUE_NEW,
	       "{\"timestamp\":\"1795255199.623456\",\"INTERFACE_NAME\":\"br0\","
	       "\"IP_PROTOCOL_VERSION\":4,\"TCP_EVENT_TYPE\":\"CONNECT\"," CURL_ENDS
	       "\"NW_LATENCY_MS\":0.002," CURL_PROCESS);
	expect(MOMENT_CURL, FT_DUE_ACTIVE,
	       "{\"timestamp\":\"1795255199.623456\",\"INTERFACE_NAME\":\"br0\","
	       "\"IP_PROTOCOL_VERSION\":4," CURL_ENDS
	       "\"IN_BYTES\":300,\"IN_PKTS\":3,\"OUT_BYTES\":3000,\"OUT_PKTS\":2,"
	       "\"FIRST_SWITCHED\":1795255190,\"LAST_SWITCHED\":1795255199,"
	       "\"NW_LATENCY_MS\":0.002," CURL_PROCESS);
	expect(MOMENT_CURL, FT_DUE_ENDED,
	       "{\"timestamp\":\"1795255199.623456\",\"INTERFACE_NAME\":\"br0\","
	       "\"IP_PROTOCOL_VERSION\":4,\"TCP_EVENT_TYPE\":\"CLOSE\"," CURL_ENDS
	       "\"IN_BYTES\":300,\"IN_PKTS\":3,\"OUT_BYTES\":3000,\"OUT_PKTS\":2,"
	       "\"FIRST_SWITCHED\":1795255190,\"LAST_SWITCHED\":1795255199,"
	       "\"NW_LATENCY_MS\":0.002,\"RETRAN_PKTS\":31," CURL_PROCESS);
}

/* True if the event has this. */
static void expect_part(int row, enum ft_due_why why, const char *part)
{
	char *text = event_of(row, why);

	if (!strstr(text, part))
		fail_msg("no %s in %s", part, text);
	free(text);
}

static void test_others(void **state)
{
	(void)state;
	expect_part(MOMENT_ENDED, FT_DUE_ENDED, "\"TCP_EVENT_TYPE\":\"CONNECT_FAILED\"");
	expect_part(MOMENT_FRAGMENT, FT_DUE_NEW, "\"UDP_EVENT_TYPE\":\"SEND\"");
	expect_part(MOMENT_ESP, FT_DUE_NEW,
		    "\"IP_PROTOCOL_VERSION\":6,\"IPV6_SRC_ADDR\":\"2001:db8::1\","
		    "\"IPV6_DST_ADDR\":\"2001:db8::2\",\"PROTOCOL\":50,\"L4_SRC_PORT\":0,"
		    "\"L4_DST_PORT\":0}");
	/* The other end began: it is the source, and what it sent comes first. */
	expect_part(MOMENT_DELAYED, FT_DUE_IDLE,
		    "\"IPV4_SRC_ADDR\":\"10.0.0.14\",\"IPV4_DST_ADDR\":\"10.0.0.2\","
		    "\"PROTOCOL\":132,\"L4_SRC_PORT\":40000,\"L4_DST_PORT\":3868,"
		    "\"IN_BYTES\":3000,\"IN_PKTS\":2,\"OUT_BYTES\":300,\"OUT_PKTS\":3,");
	expect_part(MOMENT_PING, FT_DUE_NEW,
		    "\"LOCAL_CONTAINER\":{\"K8S\":{\"ID\":\"0123456789abcdef\","
		    "\"NAME\":\"0123456789ab\",\"POD\":\"web-0\"}}");
	expect_part(MOMENT_PING, FT_DUE_NEW, "\"PROCESS_PATH\":\"p\xef\xbf\xbding\xef\xbf\xbd(\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
