/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of sockets: what they hold, which of them the filter and the pane show, in which order,
 * what their cells say, and which flow is theirs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/column.h"
#include "core/filter.h"
#include "core/names.h"
#include "core/socket.h"
#include "tests/core/made.h"
#include "tests/core/made_sockets.h"

static const struct ft_show plain = { .layer = 3 };

/* ---- the list */

static void list(void **state)
{
	struct ft_socket_list *sockets = ft_socket_list_new();
	struct ft_socket socket = { .id = 1 };

	(void)state;
	for (uint64_t id = 1; id <= 1000; id++) {
		socket.id = id * 4096; /* as cookies of another CPU are */
		socket.inode = (uint32_t)id;
		ft_socket_list_add(sockets, &socket);
	}
	socket.id = 7 * 4096; /* came twice: the later one counts */
	socket.inode = 77;
	ft_socket_list_add(sockets, &socket);
	assert_int_equal(sockets->count, 1000);
	assert_int_equal(ft_socket_list_find(sockets, 7 * 4096)->inode, 77);
	assert_int_equal(ft_socket_list_find(sockets, 1000 * 4096)->inode, 1000);
	assert_null(ft_socket_list_find(sockets, 7));
	assert_null(ft_socket_list_find(sockets, 0));
	assert_false(ft_socket_list_partial(sockets));
	ft_socket_list_put(ft_socket_list_take(sockets));
	assert_int_equal(sockets->count, 1000);
	ft_socket_list_put(sockets);
	ft_socket_list_put(NULL);
}

/* What finds no place is counted, what has one may still be news. */
static void bound(void **state)
{
	struct ft_socket_list *sockets = ft_socket_list_new();
	struct ft_socket socket = { .id = 1 };

	(void)state;
	for (uint64_t id = 1; id <= FT_SOCKET_LIST_MAX + 3; id++) {
		socket.id = id;
		ft_socket_list_add(sockets, &socket);
	}
	socket.id = 5;
	socket.inode = 55;
	ft_socket_list_add(sockets, &socket);
	assert_int_equal(sockets->count, FT_SOCKET_LIST_MAX);
	assert_int_equal(sockets->left_out, 3);
	assert_true(ft_socket_list_partial(sockets));
	assert_int_equal(ft_socket_list_find(sockets, 5)->inode, 55);
	assert_null(ft_socket_list_find(sockets, FT_SOCKET_LIST_MAX + 1));
	ft_socket_list_put(sockets);
}

/* A listener has queues and nothing else, whatever is in its sample. */
static void numbers(void **state)
{
	struct ft_socket_list *sockets = made_sockets(1);
	const struct ft_socket *listener = ft_socket_list_find(sockets, MADE_LISTENER);
	const struct ft_socket *busy = ft_socket_list_find(sockets, MADE_BUSY);
	uint64_t value;

	(void)state;
	for (int n = 0; n < FT_HEALTH_NUMBER_MAX; n++)
		assert_int_equal(ft_socket_get(listener, (enum ft_health_number)n, &value),
				 n == FT_NUMBER_receive_queue || n == FT_NUMBER_send_queue ||
				 n == FT_NUMBER_drops);
	assert_true(ft_socket_get(listener, FT_NUMBER_send_queue, &value));
	assert_int_equal(value, 128);
	assert_true(ft_socket_get(busy, FT_NUMBER_rto_us, &value));
	assert_int_equal(value, 252000);
	ft_socket_list_put(sockets);
}

/* ---- rows */

/* A snapshot with the list; what the other lists have doesn't matter. */
struct desk {
	struct made made;
	struct ft_socket_list *sockets;
	struct ft_names *names;
	struct ft_show show;
	struct ft_rows *rows;
};

static void open_desk(struct desk *desk)
{
	memset(desk, 0, sizeof(*desk));
	made_init(&desk->made, 4);
	desk->sockets = made_sockets(desk->made.snapshot.end_ns);
	desk->made.snapshot.socket_list = desk->sockets;
	desk->names = ft_names_new("192.0.2.7 web.example\n", "https 443/tcp\ndomain 53/udp\n");
	desk->show = plain;
	desk->show.names = desk->names;
	desk->rows = ft_rows_new();
}

static void close_desk(struct desk *desk)
{
	ft_rows_free(desk->rows);
	ft_socket_list_put(desk->sockets);
	ft_names_free(desk->names);
	made_done(&desk->made);
}

/* Ids of the rows in their order: "1 2 3"; those made up are "-". */
static const char *ids_of(struct desk *desk, struct ft_query *query, const char *filter, char *buf,
			  size_t size)
{
	struct ft_filter *parsed = NULL;
	char err[200];
	size_t used = 0, where;

	if (filter && ft_filter_parse(filter, desk->names, &parsed, &where, err, sizeof(err)) < 0)
		fail_msg("%s: %s", filter, err);
	query->list = FT_LIST_SOCKETS;
	query->filter = parsed;
	query->show = &desk->show;
	ft_rows_fill(desk->rows, &desk->made.snapshot, query, 100);
	buf[0] = '\0';
	for (size_t i = 0; i < ft_rows_count(desk->rows); i++) {
		struct ft_row row = ft_rows_at(desk->rows, i);
		char id[24] = "-";

		assert_true(row.socket && !row.flow && !row.group);
		assert_int_equal(ft_rows_find(desk->rows, ft_row_id(&row)), i);
		if (row.socket->health.cookie)
			snprintf(id, sizeof(id), "%llu", (unsigned long long)ft_row_id(&row));
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? " " : "", id);
	}
	ft_filter_free(parsed);
	return buf;
}

static const struct {
	const char *filter, *ids;
} filters[] = {
	{ "", "1 2 3 4 5 6 7 8 9 -" },
	{ "tcp", "1 2 3 7 8" },
	{ "udp", "4 5 6" },
	{ "icmp6", "-" },
	{ "proto 89", "9" },
	{ "ip6", "3 5 -" },
	{ "port 443", "2 7 8" },
	{ "local port 22", "1 3" },
	{ "remote host 192.0.2.7", "2 7 8" },
	{ "net 10.0.0.0/8", "2 6 7 8" },
	{ "process ssh", "1 3" },
	{ "process kernel", "7" },
	{ "process unknown", "5" },
	{ "user alice", "2 6 8 -" },
	{ "pid 33", "1 3" },
	{ "state listen", "1" },
	{ "state unconn", "4 5 9 -" },
	{ "state estab", "2 3 6" },
	{ "state time-wait", "7" },
	{ "iface eth1", "9" },
	{ "iface lo", "4" },
	{ "rtt > 10ms", "2 8" },
	{ "rtt < 1ms", "3" },
	{ "bytes > 1M", "2" },
	{ "rate > 0", "" }, /* what sockets don't have is neither small nor large */
	{ "rate < 1", "" },
	{ "age < 1h", "" },
	{ "web.example", "2 7 8" },
	{ "https", "2 6 7 8 -" }, /* the service, or a command line */
	{ "listen", "1" },
	{ "eth1", "9" },
	{ "5353", "5" },
	{ "not tcp and not udp", "9 -" },
};

static void filtered(void **state)
{
	struct desk desk;
	char ids[128];

	(void)state;
	open_desk(&desk);
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct ft_query query = { .sort = NULL };
		struct ft_filter *filter;
		size_t where, count = 0;
		char err[200];

		/* nobody has it: in the order of their ids */
		query.sort = ft_column_find("ato");
		ids_of(&desk, &query, filters[i].filter, ids, sizeof(ids));
		assert_int_equal(ft_filter_parse(filters[i].filter, desk.names, &filter, &where,
						 err, sizeof(err)), 0);
		for (size_t k = 0; k < desk.sockets->count; k++)
			count += ft_filter_match_socket(filter, &desk.made.snapshot,
							&desk.sockets->sockets[k]);
		assert_int_equal(count, ft_rows_count(desk.rows));
		assert_int_equal(ft_rows_hidden(desk.rows).flows, MADE_SOCKETS - count);
		assert_int_equal(ft_rows_hidden(desk.rows).interval.packets, 0);
		ft_filter_free(filter);
		if (strcmp(ids, filters[i].ids) != 0)
			fail_msg("%s: %s, should be %s", filters[i].filter, ids, filters[i].ids);
	}
	close_desk(&desk);
}

static const struct {
	const char *column;
	bool ascending;
	const char *ids;
} orders[] = {
	{ "recvq", false, "4 1 8 2 3 5 6 7 9 -" },
	{ "sendq", false, "2 1 3 4 5 6 7 8 9 -" },
	{ "rtt", false, "8 2 3 1 4 5 6 7 9 -" },
	{ "drops", false, "4 1 2 3 5 6 7 8 9 -" },
	{ "acked", true, "1 4 5 6 7 9 - 8 3 2" },
	{ "state", true, "8 2 3 6 1 7 4 5 9 -" },
	{ "congestion", true, "1 4 5 6 7 9 - 3 2 8" },
	{ NULL, true, "2 6 8 - 7 4 9 1 3 5" }, /* process */
};

static void ordered(void **state)
{
	struct desk desk;
	char ids[128];

	(void)state;
	open_desk(&desk);
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct ft_query query = { .ascending = orders[i].ascending };

		if (orders[i].column)
			query.sort = ft_column_find(orders[i].column);
		ids_of(&desk, &query, NULL, ids, sizeof(ids));
		if (strcmp(ids, orders[i].ids) != 0)
			fail_msg("%s: %s, should be %s", orders[i].column, ids, orders[i].ids);
	}
	close_desk(&desk);
}

/* Key c hides what only waits to be forgotten; key o keeps the order, and new ones go last. */
static void hidden_and_frozen(void **state)
{
	struct ft_query query = { .sort = ft_column_find("rtt") };
	struct ft_socket_list *sockets;
	struct desk desk;
	char ids[128];

	(void)state;
	open_desk(&desk);
	query.hide_closed = true;
	assert_string_equal(ids_of(&desk, &query, NULL, ids, sizeof(ids)), "8 2 3 1 4 5 6 9 -");
	query.frozen = true;
	sockets = made_sockets(2);
	sockets->sockets[2].health.srtt_us = 999999;
	ft_socket_list_add(sockets, &(struct ft_socket){ .id = 50, .tcp = true, .protocol = 6,
		.ip_version = 4, .health = { .cookie = 50, .state = 1, .srtt_us = 5000000 } });
	ft_socket_list_put(desk.sockets);
	desk.made.snapshot.socket_list = desk.sockets = sockets;
	made_tick(&desk.made);
	assert_string_equal(ids_of(&desk, &query, NULL, ids, sizeof(ids)),
			    "8 2 3 1 4 5 6 9 - 50");
	query.frozen = false;
	assert_string_equal(ids_of(&desk, &query, NULL, ids, sizeof(ids)),
			    "50 3 8 2 1 4 5 6 9 -");
	/* a moment without a list has no rows */
	desk.made.snapshot.socket_list = NULL;
	made_tick(&desk.made);
	assert_string_equal(ids_of(&desk, &query, NULL, ids, sizeof(ids)), "");
	close_desk(&desk);
}

/* ---- cells */

static const struct {
	uint64_t cookie;
	const char *id;
	unsigned width;
	const char *text;
} cells[] = {
	{ MADE_LISTENER, "local", 21, "0.0.0.0:22" },
	{ MADE_LISTENER, "remote", 21, "*" },
	{ MADE_LISTENER, "state", 11, "listen" },
	{ MADE_LISTENER, "process", 14, "sshd" },
	{ MADE_LISTENER, "recvq", 5, "2" },
	{ MADE_LISTENER, "sendq", 5, "128" },
	{ MADE_LISTENER, "rtt", 6, "" },
	{ MADE_LISTENER, "cwnd", 5, "" },
	{ MADE_LISTENER, "congestion", 7, "" },
	{ MADE_BUSY, "remote", 21, "web.example:https" },
	{ MADE_BUSY, "state", 11, "established" },
	{ MADE_BUSY, "state", 6, "estab" },
	{ MADE_BUSY, "rtt", 6, "48.2ms" },
	{ MADE_BUSY, "rttvar", 6, "2.40ms" },
	{ MADE_BUSY, "rto", 6, "252ms" },
	{ MADE_BUSY, "ato", 6, "" }, /* 0 is none */
	{ MADE_BUSY, "cwnd", 5, "42" },
	{ MADE_BUSY, "ssthresh", 6, "38" },
	{ MADE_BUSY, "retrans", 5, "17" },
	{ MADE_BUSY, "acked", 6, "2.60M" },
	{ MADE_BUSY, "delivery", 6, "10.0M" },
	{ MADE_BUSY, "pacing", 6, "14.4M" },
	{ MADE_BUSY, "rcv_wnd", 6, "64.2k" },
	{ MADE_BUSY, "busy", 6, "2.10s" },
	{ MADE_BUSY, "congestion", 7, "cubic" },
	{ MADE_BUSY, "ca_state", 8, "recovery" },
	{ MADE_IDLE, "local", 21, "[2001:db8::2]:22" },
	{ MADE_IDLE, "rcv_wnd", 6, "" }, /* not told */
	{ MADE_IDLE, "bbr_bw", 6, "10.0M" }, /* in bits, as rates are here */
	{ MADE_IDLE, "bbr_rtt", 6, "300us" },
	{ MADE_IDLE, "bbr_cwnd", 6, "2.89" },
	{ MADE_IDLE, "vegas_rtt", 6, "" }, /* one algorithm tells of itself, no other */
	{ MADE_IDLE, "dctcp_alpha", 6, "" },
	{ MADE_IDLE, "options", 21, "sack wscale" },
	{ MADE_IDLE, "app_limited", 5, "app" },
	{ MADE_IDLE, "timer", 10, "keepalive" },
	{ MADE_IDLE, "expires", 6, "1h59m" },
	{ MADE_IDLE, "timer_repeats", 6, "0" },
	{ MADE_IDLE, "tclass", 6, "184" },
	{ MADE_IDLE, "inode", 7, "102" },
	{ MADE_IDLE, "mem_receive_limit", 6, "213k" },
	{ MADE_BUSY, "uid", 6, "1000" },
	{ MADE_BUSY, "timer", 10, "" },
	{ MADE_BUSY, "bbr_bw", 6, "" },
	{ MADE_DNS, "local", 21, "127.0.0.53:domain" },
	{ MADE_DNS, "protocol", 4, "udp" },
	{ MADE_DNS, "state", 11, "unconnected" },
	{ MADE_DNS, "state", 6, "unconn" },
	{ MADE_DNS, "iface", 9, "lo" },
	{ MADE_DNS, "drops", 6, "5" },
	{ MADE_MDNS, "local", 21, "[::]:5353" },
	{ MADE_MDNS, "process", 14, "unknown" },
	{ MADE_MDNS, "user", 9, "108" },
	{ MADE_MDNS, "pid", 7, "" },
	{ 7, "process", 14, "kernel" },
	{ 7, "user", 9, "" }, /* without a file it has none */
	{ 7, "state", 11, "time-wait" },
	{ 9, "local", 21, "0.0.0.0" }, /* raw: no ports */
	{ 9, "protocol", 4, "ospf" },
};

static void cells_say(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		struct ft_row row = {
			.socket = ft_socket_list_find(desk.sockets, cells[i].cookie),
		};
		const struct ft_column *column = ft_column_find(cells[i].id);
		char text[256];

		assert_non_null(column);
		assert_true(column->lists & FT_ON_SOCKETS);
		column->format(&desk.made.snapshot, &row, &desk.show, cells[i].width, text,
			       sizeof(text));
		if (strcmp(text, cells[i].text) != 0)
			fail_msg("%zu %s: \"%s\", should be \"%s\"", i, cells[i].id, text,
				 cells[i].text);
	}
	close_desk(&desk);
}

/* Every number that a sample has is a column, so that it can be sorted by. */
static void every_number_has_a_column(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	for (int n = 0; n < FT_HEALTH_NUMBER_MAX; n++) {
		struct ft_socket socket = { .tcp = true, .protocol = 6, .health = {
			.known = ~0U, .srtt_us = 77 } }; /* its variance needs it */
		struct ft_row row = { .socket = &socket };
		char *bytes = (char *)&socket.health;
		uint64_t value = 0;
		bool found = false;

		/* sets one byte after the other, until this number is not 0 */
		for (size_t b = 0; b < sizeof(socket.health) && !value; b++) {
			uint8_t before = (uint8_t)bytes[b];

			bytes[b] = 1;
			socket.health.known = ~0U;
			if (!ft_socket_get(&socket, (enum ft_health_number)n, &value))
				value = 0;
			for (size_t i = 0; value && i < ft_column_count && !found; i++)
				found = (ft_columns[i].lists & FT_ON_SOCKETS) &&
					ft_columns[i].rank(&desk.made.snapshot, &row,
							   &desk.show) == value + 1;
			bytes[b] = (char)before;
		}
		if (!found)
			fail_msg("%s", ft_health_number_name((enum ft_health_number)n));
	}
	close_desk(&desk);
}

/* ---- its flow */

static void its_flow(void **state)
{
	static const struct ft_health sampled = { .cookie = MADE_IDLE };
	static const struct made_flow flows[] = {
		{ .local = "10.0.0.2", .remote = "10.0.0.3", .local_port = 40001,
		  .remote_port = 5000, .protocol = 6, .age_s = 1 }, /* another protocol */
		{ .local = "10.0.0.2", .remote = "10.0.0.3", .local_port = 40001,
		  .remote_port = 5000, .protocol = 17, .age_s = 90 },
		{ .local = "10.0.0.2", .remote = "10.0.0.3", .local_port = 40001,
		  .remote_port = 5000, .protocol = 17, .age_s = 5 }, /* the newer one */
		{ .local = "10.9.9.9", .remote = "10.8.8.8", .local_port = 1, .remote_port = 2,
		  .protocol = 6, .socket = &sampled }, /* by its cookie, whatever its ends */
	};
	struct desk desk;
	const struct ft_snapshot *snapshot = &desk.made.snapshot;

	(void)state;
	open_desk(&desk);
	for (size_t i = 0; i < 4; i++)
		made_add(&desk.made, &flows[i]);
	assert_ptr_equal(ft_socket_flow(snapshot, ft_socket_list_find(desk.sockets, 6)),
			 &desk.made.rows[2]);
	assert_ptr_equal(ft_socket_flow(snapshot, ft_socket_list_find(desk.sockets, MADE_IDLE)),
			 &desk.made.rows[3]);
	assert_null(ft_socket_flow(snapshot, ft_socket_list_find(desk.sockets, MADE_BUSY)));
	assert_null(ft_socket_flow(snapshot, ft_socket_list_find(desk.sockets, MADE_LISTENER)));
	close_desk(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list),		     cmocka_unit_test(bound),
		cmocka_unit_test(numbers),	     cmocka_unit_test(filtered),
		cmocka_unit_test(ordered),	     cmocka_unit_test(hidden_and_frozen),
		cmocka_unit_test(cells_say),	     cmocka_unit_test(every_number_has_a_column),
		cmocka_unit_test(its_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
