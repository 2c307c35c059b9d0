/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of columns, its layout at every width, and that no cell is ever wider than told,
 * whatever the row holds. Titles are held against their width in every translation there is
 * in $top_srcdir/po.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <glob.h>

#include "core/column.h"
#include "core/names.h"
#include "core/xalloc.h"
#include "tests/core/made.h"

#define CURL FT_OWNER_FIRST
#define WEB (FT_OWNER_FIRST + 3)

static const struct ft_show plain = { .layer = 3 };

/* ---- the table */

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ft_column_count; i++) {
		const struct ft_column *column = &ft_columns[i];

		assert_ptr_equal(ft_column_find(column->id), column); /* ids are unique */
		assert_true(column->title[0] && column->help[0]);
		assert_true(column->lists != 0);
		assert_true(column->min > 0 && column->min <= column->normal);
		assert_true(column->normal <= column->max);
		assert_non_null(column->rank);
		assert_non_null(column->get);
		assert_non_null(column->format);
		assert_int_equal(strspn(column->id, "abcdefghijklmnopqrstuvwxyz_"),
				 strlen(column->id));
	}
	assert_null(ft_column_find("nope"));
	assert_null(ft_column_find(""));
	for (int list = 0; list < FT_LIST_MAX; list++) {
		const struct ft_column *column = ft_column_default((enum ft_list)list);

		size_t count = 0;

		assert_true(column->lists & 1U << list);
		for (size_t i = 0; i < ft_column_count; i++)
			count += (ft_columns[i].lists & 1U << list) != 0;
		/* A layout has room for all of them. */
		assert_true(count <= sizeof(((struct ft_layout *)0)->cell) /
					     sizeof(((struct ft_layout *)0)->cell[0]));
	}
}

/* ---- titles */

/* The string of a line of a catalogue, joined and unescaped as far as titles need it. */
static bool po_string(const char *line, const char *keyword, char *buf, size_t size)
{
	size_t length = strlen(keyword);
	const char *end;

	if (strncmp(line, keyword, length) != 0 || line[length] != ' ' || line[length + 1] != '"')
		return false;
	line += length + 2;
	end = strrchr(line, '"');
	if (!end || (size_t)(end - line) >= size)
		return false;
	snprintf(buf, size, "%.*s", (int)(end - line), line);
	return true;
}

/* True if a title with this text is in the table. */
static void check_title(const char *file, const char *original, const char *translated)
{
	for (size_t i = 0; i < ft_column_count; i++)
		if (strcmp(ft_columns[i].title, original) == 0 &&
		    ft_fmt_width(translated) > ft_columns[i].min)
			fail_msg("%s: title \"%s\" of column %s takes %u cells, has %u", file,
				 translated, ft_columns[i].id, ft_fmt_width(translated),
				 ft_columns[i].min);
}

static void titles_fit(void **state)
{
	const char *top = getenv("top_srcdir");
	char pattern[4096], line[2048], original[256] = "", text[256];
	glob_t found;

	(void)state;
	for (size_t i = 0; i < ft_column_count; i++)
		check_title("the source", ft_columns[i].title, ft_columns[i].title);
	snprintf(pattern, sizeof(pattern), "%s/po/*.po", top ? top : ".");
	if (glob(pattern, 0, NULL, &found) != 0)
		return; /* no translation yet */
	for (size_t i = 0; i < found.gl_pathc; i++) {
		FILE *file = fopen(found.gl_pathv[i], "r");

		assert_non_null(file);
		while (fgets(line, sizeof(line), file)) {
			if (po_string(line, "msgid", original, sizeof(original)))
				continue;
			if (po_string(line, "msgstr", text, sizeof(text)))
				check_title(found.gl_pathv[i], original, text);
		}
		fclose(file);
	}
	globfree(&found);
}

/* ---- layout */

static const struct ft_column *column_of(const struct ft_layout *layout, const char *id)
{
	for (size_t i = 0; i < layout->count; i++)
		if (strcmp(layout->cell[i].column->id, id) == 0)
			return layout->cell[i].column;
	return NULL;
}

/* At every width, with every sort column, scrolled or not: within the width, in table order,
 * one cell apart, and the columns that must be there are; the sort column has room for its mark. */
static void layouts_fit(void **state)
{
	static const struct {
		enum ft_list list;
		const char *id;
	} stays[FT_LIST_MAX] = {
		{ FT_LIST_FLOWS, "remote" },	  { FT_LIST_TALKERS, "host" },
		{ FT_LIST_PROCESSES, "process" }, { FT_LIST_SOCKETS, "local" },
		{ FT_LIST_EVENTS, "event" },
	};

	(void)state;
	for (unsigned width = 1; width <= 320; width++) {
		for (size_t s = 0; s <= ft_column_count; s++) {
			const struct ft_column *sort = s < ft_column_count ? &ft_columns[s] : NULL;
			enum ft_list list = (enum ft_list)((width + s) % FT_LIST_MAX);
			unsigned skip = (unsigned)(s * 7 + width) % 5, x = 0;
			struct ft_show show = { .layer = 3, .amounts = (enum ft_amounts)(s % 3) };
			struct ft_layout layout;

			if (sort && !(sort->lists & 1U << list))
				sort = NULL;
			ft_column_layout(list, &show, width, skip, sort, &layout);
			for (size_t i = 0; i < layout.count; i++) {
				const struct ft_column *column = layout.cell[i].column;
				unsigned marked = ft_fmt_width(column->title) + 1;

				assert_int_equal(layout.cell[i].x, x);
				assert_true(layout.cell[i].width > 0);
				assert_true(layout.cell[i].width <= column->max ||
					    (column == sort && layout.cell[i].width == marked));
				assert_true(width < 40 || column != sort ||
					    layout.cell[i].width >= marked);
				assert_true(width < 40 || layout.cell[i].width >= column->min);
				assert_true(column->lists & 1U << list);
				assert_true(i == 0 || column > layout.cell[i - 1].column);
				x += layout.cell[i].width + 1;
			}
			assert_true(x <= width + 1);
			if (width < 40)
				continue;
			assert_true(!sort || column_of(&layout, sort->id));
			for (size_t i = 0; i < FT_LIST_MAX; i++)
				if (stays[i].list == list)
					assert_non_null(column_of(&layout, stays[i].id));
		}
	}
}

/* Ids of a layout, joined. */
static const char *ids_of(enum ft_list list, enum ft_amounts amounts, unsigned width,
			  unsigned skip, bool no_owners, char *buf, size_t size)
{
	struct ft_show show = { .layer = 3, .amounts = amounts, .no_owners = no_owners };
	struct ft_layout layout;
	size_t fill = 0;

	ft_column_layout(list, &show, width, skip,
			 ft_column_find(amounts == FT_AMOUNTS_TOTALS ? "total" : "rate"), &layout);
	buf[0] = '\0';
	for (size_t i = 0; i < layout.count; i++)
		fill += (size_t)snprintf(buf + fill, size - fill, "%s%s", i ? " " : "",
					 layout.cell[i].column->id);
	return buf;
}

#define BOTH FT_AMOUNTS_BOTH
#define RATES FT_AMOUNTS_RATES
#define TOTALS FT_AMOUNTS_TOTALS

static const struct {
	enum ft_list list;
	enum ft_amounts amounts;
	unsigned width, skip;
	const char *ids;
} layouts[] = {
	{ FT_LIST_FLOWS, BOTH, 40, 0, "remote process rate" },
	{ FT_LIST_FLOWS, BOTH, 80, 0, "local dir remote protocol process tx rx rate total" },
	{ FT_LIST_FLOWS, RATES, 80, 0, "local dir remote protocol process tx rx rate" },
	{ FT_LIST_FLOWS, TOTALS, 80, 0,
	  "local dir remote protocol process tx_total rx_total total" },
	{ FT_LIST_FLOWS, TOTALS, 40, 0, "remote process total" },
	{ FT_LIST_FLOWS, BOTH, 120, 0,
	  "local dir remote protocol process pid state tx rx rate total" },
	{ FT_LIST_FLOWS, BOTH, 80, 3, "remote process state tx rx rate total" },
	{ FT_LIST_FLOWS, BOTH, 300, 0,
	  "local dir remote protocol service process pid user iface vlan state flags age idle tx "
	  "rx rate pps tx_total rx_total total packets rtt min_rtt handshake retrans lost "
	  "cwnd delivery app_sent app_received overhead container" },
	{ FT_LIST_TALKERS, BOTH, 40, 0, "host flows tx rx rate" },
	{ FT_LIST_TALKERS, BOTH, 80, 0, "host own idle flows tx rx rate total" },
	{ FT_LIST_PROCESSES, BOTH, 40, 0, "process flows tx rx rate total" },
	{ FT_LIST_PROCESSES, BOTH, 80, 0, "process pid user idle flows tx rx rate total" },
	{ FT_LIST_PROCESSES, BOTH, 300, 0,
	  "process pid user age idle flows tx rx rate pps tx_total rx_total total packets "
	  "container unit command" },
	{ FT_LIST_EVENTS, BOTH, 40, 0, "event remote process" },
	{ FT_LIST_EVENTS, BOTH, 80, 0, "time event local dir remote process latency why" },
	{ FT_LIST_EVENTS, BOTH, 120, 0,
	  "time event local dir remote process latency why duration" },
	{ FT_LIST_SOCKETS, BOTH, 40, 0, "local protocol process state" },
	{ FT_LIST_SOCKETS, BOTH, 80, 0, "local remote protocol process state recvq sendq" },
	{ FT_LIST_SOCKETS, BOTH, 120, 0,
	  "local remote protocol process pid user state recvq sendq rtt retrans" },
};

static void what_is_shown(void **state)
{
	char ids[512];

	(void)state;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		assert_string_equal(ids_of(layouts[i].list, layouts[i].amounts, layouts[i].width,
					   layouts[i].skip, false, ids, sizeof(ids)),
				    layouts[i].ids);
	/* Columns of owners that nobody tells give way; what names a row stays. */
	assert_string_equal(ids_of(FT_LIST_FLOWS, BOTH, 120, 0, true, ids, sizeof(ids)),
			    "local dir remote protocol iface state age idle tx rx rate total");
	assert_string_equal(ids_of(FT_LIST_PROCESSES, BOTH, 80, 0, true, ids, sizeof(ids)),
			    "process age idle flows tx rx rate tx_total rx_total total");
}

/* Several interfaces: a flow that passes two of them has two rows, which are told apart by name. */
static void several_interfaces(void **state)
{
	struct ft_show show = { .layer = 3, .interfaces = true };
	struct ft_snapshot_scope scopes[3] = { { .name = "lo" }, { .name = "eth0" }, { .name = "eth1" } };
	struct ft_snapshot snapshot = { .scopes = scopes, .scope_count = 3 };
	struct ft_layout layout;

	(void)state;
	ft_column_layout(FT_LIST_FLOWS, &show, 120, 0, ft_column_find("rate"), &layout);
	assert_non_null(column_of(&layout, "iface"));
	ft_column_layout(FT_LIST_FLOWS, &show, 80, 0, ft_column_find("rate"), &layout);
	assert_null(column_of(&layout, "iface"));
	/* Those that are watched and never see a packet make no column. */
	scopes[1].total.seen.packets = 1;
	assert_false(ft_snapshot_has_interfaces(&snapshot));
	scopes[2].total.seen.packets = 1;
	assert_true(ft_snapshot_has_interfaces(&snapshot));
}

/* Several hosts: then a column tells whose a flow is; or where it is sorted by. */
static void several_observers(void **state)
{
	struct ft_show show = { .layer = 3, .observers = true };
	struct ft_layout layout;

	(void)state;
	ft_column_layout(FT_LIST_FLOWS, &show, 100, 0, ft_column_find("rate"), &layout);
	assert_non_null(column_of(&layout, "observer"));
	show.observers = false;
	ft_column_layout(FT_LIST_FLOWS, &show, 300, 0, ft_column_find("rate"), &layout);
	assert_null(column_of(&layout, "observer"));
	ft_column_layout(FT_LIST_FLOWS, &show, 100, 0, ft_column_find("observer"), &layout);
	assert_non_null(column_of(&layout, "observer"));
}

/* ---- cells */

static const struct ft_health healthy = {
	.srtt_us = 12345, .min_rtt_us = 850, .total_retrans = 1449, .lost = 3, .cwnd = 10,
	.delivery_rate = 1250000, .known = FT_HEALTH_APP, .app_sent = 1200000,
	.app_received = 90000000,
};

static const struct made_flow flow = {
	.local = "10.0.0.2", .local_port = 51234, .remote = "192.0.2.7", .remote_port = 443,
	.protocol = 6, .began = 'l', .owner = CURL, .vlan_outer = 100, .vlan_inner = 20,
	.tx_rate = 125000, .rx_rate = 1e6, .tx = { 1000, 1234567, 1240000 },
	.rx = { 2000, 98765432, 98800000 }, .age_s = 192, .idle_s = 0.3,
	.state = FT_STATE_ESTABLISHED, .tx_tcp = 0x1a, .rx_tcp = 0x12,
	.socket = &healthy, .syn_ack_us = 2500, .ack_us = 7000,
};

static const struct {
	const char *id;
	unsigned width;
	struct ft_show show; /* layer 0 = 3; names are always there */
	const char *text;
} cells[] = {
	{ "local", 21, { 0 }, "10.0.0.2:51234" },
	{ "local", 13, { 0 }, "10.0.0…:51234" },
	{ "local", 13, { .ascii = true }, "10.0.0~:51234" },
	{ "local", 13, { .hide_ports = true }, "10.0.0.2" },
	{ "remote", 21, { 0 }, "web.example:https" },
	{ "remote", 15, { 0 }, "web.exam…:https" },
	{ "remote", 8, { 0 }, "web.exa…" },
	{ "remote", 21, { .numeric_hosts = true }, "192.0.2.7:https" },
	{ "remote", 21, { .numeric_hosts = true, .numeric_ports = true }, "192.0.2.7:443" },
	{ "dir", 1, { 0 }, "→" },
	{ "dir", 1, { .ascii = true }, ">" },
	{ "protocol", 4, { 0 }, "tcp" },
	{ "service", 10, { 0 }, "https" },
	{ "process", 14, { 0 }, "curl" },
	{ "process", 14, { .full_command = true }, "curl https://…" },
	{ "pid", 7, { 0 }, "812" },
	{ "user", 9, { 0 }, "alice" },
	{ "iface", 9, { 0 }, "br0/veth1" },
	{ "vlan", 6, { 0 }, "100.20" },
	{ "state", 11, { 0 }, "established" },
	{ "state", 6, { 0 }, "estab" },
	{ "flags", 9, { 0 }, "SPA/SA" },
	{ "age", 6, { 0 }, "3m12s" },
	{ "idle", 6, { 0 }, "0.3s" },
	{ "tx", 6, { 0 }, "1.00M" },
	{ "tx", 6, { .unit = FT_UNIT_BYTES }, "125k" },
	{ "tx", 6, { .unit = FT_UNIT_BYTES, .prefix = FT_PREFIX_IEC }, "122Ki" },
	{ "tx", 6, { .unit = FT_UNIT_PACKETS }, "1.25k" },
	{ "tx", 6, { .layer = 2, .unit = FT_UNIT_BYTES }, "126k" },
	{ "rx", 6, { 0 }, "8.00M" },
	{ "rate", 6, { 0 }, "9.00M" },
	{ "rate", 4, { 0 }, "9.0M" },
	{ "pps", 6, { 0 }, "11.2k" },
	{ "tx_total", 6, { 0 }, "1.23M" },
	{ "tx_total", 6, { .layer = 2 }, "1.24M" },
	{ "tx_total", 6, { .unit = FT_UNIT_PACKETS }, "1.00k" },
	{ "rx_total", 6, { 0 }, "98.8M" },
	{ "total", 6, { 0 }, "100M" },
	{ "packets", 6, { 0 }, "3.00k" },
	{ "container", 9, { 0 }, "" },
	{ "rtt", 6, { 0 }, "12.3ms" },
	{ "rtt", 4, { 0 }, "12ms" },
	{ "min_rtt", 6, { 0 }, "850us" },
	{ "handshake", 6, { 0 }, "2.50ms" }, /* begun here: to the SYN-ACK */
	{ "retrans", 5, { 0 }, "1.45k" },
	{ "lost", 5, { 0 }, "3" },
	{ "cwnd", 5, { 0 }, "10" },
	{ "delivery", 6, { 0 }, "10.0M" },
	{ "delivery", 6, { .unit = FT_UNIT_BYTES }, "1.25M" },
	{ "app_sent", 6, { 0 }, "1.20M" },
	{ "app_received", 6, { 0 }, "90.0M" },
	{ "overhead", 6, { 0 }, "9.6%" }, /* of 91.2 MB, 100 MB were on the wire */
};

static void flow_cells(void **state)
{
	struct ft_names *names = ft_names_new("192.0.2.7 web.example\n", "https 443/tcp\n");
	struct ft_row row = { 0 };
	struct made made;

	(void)state;
	made_init(&made, 1);
	row.flow = made_add(&made, &flow);
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		const struct ft_column *column = ft_column_find(cells[i].id);
		struct ft_show show = cells[i].show;
		char text[256];

		assert_non_null(column);
		show.names = names;
		show.layer = show.layer ? show.layer : 3;
		column->format(&made.snapshot, &row, &show, cells[i].width, text, sizeof(text));
		if (strcmp(text, cells[i].text) != 0)
			fail_msg("%s in %u: \"%s\", should be \"%s\"", cells[i].id, cells[i].width,
				 text, cells[i].text);
	}
	made_done(&made);
	ft_names_free(names);
}

static const struct {
	struct made_flow flow;
	const char *id;
	unsigned width;
	const char *text;
} others[] = {
	{ { .local = "2001:db8::2", .local_port = 22, .remote = "2001:db8::99",
	    .remote_port = 40000, .protocol = 6, .began = 'r' }, "local", 21, "[2001:db8::2]:22" },
	{ { .local = "2001:db8:1234:5678::2", .local_port = 22, .remote = "2001:db8::99",
	    .remote_port = 40000, .protocol = 6, .began = 'r' }, "local", 21,
	  "[2001:db8:1234:5…]:22" },
	{ { .local = "2001:db8::2", .local_port = 22, .remote = "2001:db8::99",
	    .remote_port = 40000, .protocol = 6, .began = 'r' }, "dir", 1, "←" },
	{ { .local = "10.0.0.2", .local_port = 7, .remote = "10.0.0.3", .remote_port = 8 << 8,
	    .protocol = 1 }, "remote", 21, "10.0.0.3" },
	{ { .local = "10.0.0.2", .local_port = 7, .remote = "10.0.0.3", .remote_port = 8 << 8,
	    .protocol = 1 }, "service", 21, "echo" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 1, .remote_port = 99 << 8 },
	  "service", 21, "type 99" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 17,
	    .flags = FT_ENTRY_FRAGMENT }, "remote", 21, "10.0.0.3" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 17,
	    .flags = FT_ENTRY_FRAGMENT }, "service", 21, "fragments" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 50, .extra = 0xbeef,
	    .flags = FT_ENTRY_EXTRA_SPI }, "service", 21, "spi 0xbeef" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 50 }, "dir", 1, "–" },
	{ { .local = "fe80::1", .remote = "ff02::1", .protocol = 58 }, "protocol", 6, "icmpv6" },
	{ { .local = "fe80::1", .remote = "ff02::1", .protocol = 58 }, "protocol", 4, "icm6" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 200 }, "protocol", 6, "200" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 17,
	    .path = FT_PATH_TRANSIT }, "process", 14, "transit" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 17,
	    .owner = FT_OWNER_KERNEL }, "process", 14, "kernel" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 17 }, "process", 14,
	  "unknown" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 17 }, "pid", 7, "" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 17, .owner = WEB },
	  "process", 10, "NetworkMa…" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 17, .owner = WEB },
	  "container", 10, "web-1" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 17, .vlan_outer = 7 },
	  "vlan", 5, "7" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 17, .scope = 2 }, "iface", 9,
	  "eth1" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6, .ended = FT_ENDED_EVICTED },
	  "state", 11, "evicted" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 17, .ended = FT_ENDED_STOP },
	  "state", 11, "-" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6, .state = FT_STATE_RESET,
	    .ended = FT_ENDED_RST }, "state", 11, "reset" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6, .tx_rate = 0.01 }, "tx", 6,
	  "<1" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6 }, "tx", 6, "0" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 17 }, "flags", 6, "" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6 }, "rtt", 6, "" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6 }, "retrans", 6, "" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6 }, "handshake", 6, "" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6, .tx = { 3, 500, 0 },
	    .socket = &(struct ft_health){ .known = FT_HEALTH_APP, .app_sent = 100 } },
	  "overhead", 6, "400%" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6, .tx = { 3, 99, 0 },
	    .socket = &(struct ft_health){ .known = FT_HEALTH_APP, .app_sent = 100 } },
	  "overhead", 6, "" }, /* not all of it was seen */
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6, .tx = { 3, 500, 0 },
	    .socket = &(struct ft_health){ .cwnd = 1 } }, "overhead", 6, "" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6, .socket = &(struct ft_health){
	    .cwnd = 1 } }, "rtt", 6, "" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6, .began = 'r',
	    .syn_ack_us = 2500, .ack_us = 7000 }, "handshake", 6, "9.50ms" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6, .began = 'r',
	    .syn_ack_us = 2500 }, "handshake", 6, "" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6, .began = 'r',
	    .path = FT_PATH_TRANSIT, .syn_ack_us = 2500, .ack_us = 7000 }, "handshake", 6,
	  "2.50ms" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6, .age_s = 60, .idle_s = 50,
	    .ended = FT_ENDED_FIN }, "age", 6, "10s" },
	{ { .local = "10.0.0.2", .remote = "10.0.0.3", .protocol = 6, .age_s = 60, .idle_s = 50,
	    .ended = FT_ENDED_STOP }, "age", 6, "1m00s" },
};

static void other_cells(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct ft_row row = { 0 };
		struct made made;
		char text[256];

		made_init(&made, 1);
		row.flow = made_add(&made, &others[i].flow);
		ft_column_find(others[i].id)->format(&made.snapshot, &row, &plain,
						     others[i].width, text, sizeof(text));
		if (strcmp(text, others[i].text) != 0)
			fail_msg("%zu %s: \"%s\", should be \"%s\"", i, others[i].id, text,
				 others[i].text);
		made_done(&made);
	}
}

/* Raw values: numbers in the show's unit, texts unescaped and whole. */
static void raw_values(void **state)
{
	struct ft_row row = { 0 };
	struct made made;
	struct ft_value value;

	(void)state;
	made_init(&made, 1);
	row.flow = made_add(&made, &flow);
	ft_column_find("tx")->get(&made.snapshot, &row, &plain, &value);
	assert_int_equal(value.kind, FT_VALUE_REAL);
	assert_true(value.real == 1e6);
	ft_column_find("total")->get(&made.snapshot, &row, &plain, &value);
	assert_int_equal(value.kind, FT_VALUE_UINT);
	assert_int_equal(value.uint, 1234567 + 98765432);
	ft_column_find("age")->get(&made.snapshot, &row, &plain, &value);
	assert_int_equal(value.uint, 192 * MADE_SEC);
	made.process[0].name = "evil\033[2J";
	ft_column_find("process")->get(&made.snapshot, &row, &plain, &value);
	assert_int_equal(value.kind, FT_VALUE_TEXT);
	assert_string_equal(value.text, "evil\033[2J");
	made.rows[0].owner[ft_flow_tx(row.flow->flow)] = FT_OWNER_UNKNOWN;
	ft_column_find("pid")->get(&made.snapshot, &row, &plain, &value);
	assert_int_equal(value.kind, FT_VALUE_NONE);
	made_done(&made);
}

/* A random row with hostile names. */
static struct ft_flow_hot *add_hostile(struct made *made)
{
	static const char *const addresses[] = { "10.0.0.2", "255.255.255.255", "2001:db8::1",
						 "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", "::" };
	uint64_t r = made_random();
	struct made_flow hostile = {
		.local = addresses[r % 2], .remote = addresses[r >> 8 & 1],
		.local_port = (uint16_t)(r >> 16), .remote_port = (uint16_t)(r >> 24),
		.protocol = (uint8_t)(r >> 32), .vlan_outer = (uint16_t)(r >> 20 & 4095),
		.vlan_inner = (uint16_t)(r >> 28 & 4095), .scope = (uint16_t)(r % 3),
		.path = (enum ft_path)(r % 3), .began = "lr\0"[r >> 4 & 1],
		.owner = (uint16_t)(r >> 12 & 7), .remote_owner = (uint16_t)(r >> 9 & 7),
		.tx_rate = (double)(made_random() >> (r & 63)), .rx_rate = (double)(r >> 40) / 7,
		.tx = { r >> 3, made_random(), made_random() }, .age_s = (double)(r >> 30 & 1023),
		.rx = { r >> 3, made_random(), made_random() }, .idle_s = (double)(r >> 50 & 255),
		.state = (enum ft_state)(r >> 5 & 7), .ended = (enum ft_end_reason)(r >> 7 & 3),
		.flags = (uint8_t)(r >> 44), .tx_tcp = (uint8_t)(r >> 36), .rx_tcp = 0xff,
		.extra = (uint32_t)r,
	};

	if (r & 1 << 10) {
		hostile.local = addresses[2 + (r >> 11) % 3];
		hostile.remote = addresses[2 + (r >> 13) % 3];
	}
	return made_add(made, &hostile);
}

/* A text of random bytes, long. */
static char *hostile_text(size_t length)
{
	char *text = xmalloc(length + 1);

	for (size_t i = 0; i < length; i++)
		text[i] = (char)(made_random() % 255 + 1);
	text[length] = '\0';
	return text;
}

/* No column of no row is ever wider than told or ill-formed, flows and groups alike. */
static void never_too_wide(void **state)
{
	struct ft_rows *rows = ft_rows_new();
	struct ft_names *names;
	struct made made;
	char *text[6];

	(void)state;
	names = ft_names_new("10.0.0.2 \303\244\346\274\242\377\033[2J-long-name-of-a-host\n",
			     "odd\001\033service 443/tcp\n");
	made_init(&made, 300);
	for (size_t i = 0; i < 6; i++)
		text[i] = hostile_text(i * 150);
	for (size_t i = 0; i < 4; i++) {
		made.process[i].name = text[i];
		made.process[i].cmdline = text[i + 2];
		made.process[i].user = text[i + 1];
		made.process[i].container = text[i];
		made.process[i].unit = text[5 - i];
	}
	for (int i = 0; i < 300; i++)
		add_hostile(&made);
	for (int round = 0; round < 3 * 8 * 12; round++) {
		enum ft_list list = (enum ft_list)(round % 3);
		struct ft_show show = {
			.unit = (enum ft_unit)(round % 3), .prefix = (enum ft_prefix)(round & 1),
			.window = (unsigned)round % FT_WINDOWS, .layer = round & 2 ? 2 : 3,
			.numeric_hosts = round & 4, .numeric_ports = round & 8,
			.hide_ports = (round & 48) == 48, .full_command = round & 16,
			.ascii = round & 32, .names = names,
		};
		struct ft_query query = { .list = list, .show = &show,
					  .group_by = (enum ft_group_by)(round / 3 % 8) };

		ft_rows_fill(rows, &made.snapshot, &query, 3);
		for (size_t i = 0; i < ft_rows_count(rows); i += 1 + i / 4) {
			struct ft_row row = ft_rows_at(rows, i);

			for (size_t c = 0; c < ft_column_count; c++) {
				unsigned width = (unsigned)(made_random() % 40);
				char cell[160];
				struct ft_value value;

				if (!(ft_columns[c].lists & 1U << list))
					continue;
				ft_columns[c].format(&made.snapshot, &row, &show, width, cell,
						     sizeof(cell));
				if (ft_fmt_width(cell) > width)
					fail_msg("%s: %u cells of %u", ft_columns[c].id,
						 ft_fmt_width(cell), width);
				for (const char *at = cell; *at; at++) {
					assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
					assert_true(!show.ascii || !(*at & 0x80));
				}
				ft_columns[c].get(&made.snapshot, &row, &show, &value);
				assert_true(value.kind != FT_VALUE_TEXT ||
					    memchr(value.text, 0, sizeof(value.text)));
			}
		}
	}
	for (size_t i = 0; i < 6; i++)
		free(text[i]);
	made_done(&made);
	ft_rows_free(rows);
	ft_names_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),	 cmocka_unit_test(titles_fit),
		cmocka_unit_test(layouts_fit),	 cmocka_unit_test(what_is_shown), cmocka_unit_test(several_observers),
		cmocka_unit_test(several_interfaces),
		cmocka_unit_test(flow_cells),	 cmocka_unit_test(other_cells),
		cmocka_unit_test(raw_values),	 cmocka_unit_test(never_too_wide),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8")) {
		printf("1..0 # SKIP no C.UTF-8 locale here\n");
		return 0;
	}
	return cmocka_run_group_tests_name("column", tests, NULL, NULL);
}
