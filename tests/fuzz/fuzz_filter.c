/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Display filters. What parses lets the same flows through whether it is asked one by one or in a
 * run, its own text parses again, and to the same; what doesn't has a place and a sentence.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/filter.h"
#include "core/names.h"
#include "tests/core/made.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "filter";

static const struct ft_health socket_a = { .srtt_us = 30000 };

static const struct made_flow flows[] = {
	{ .local = "10.0.0.2", .local_port = 51234, .remote = "192.0.2.7", .remote_port = 443,
	  .protocol = 6, .began = 'l', .owner = FT_OWNER_FIRST, .tx_rate = 1000, .rx_rate = 9000,
	  .tx = { 10, 1000, 1140 }, .rx = { 20, 29000, 29280 }, .age_s = 50, .idle_s = 0.2,
	  .state = FT_STATE_ESTABLISHED, .socket = &socket_a },
	{ .local = "2001:db8::2", .local_port = 22, .remote = "2001:db8::99",
	  .remote_port = 40000, .protocol = 6, .began = 'r', .owner = FT_OWNER_FIRST + 1,
	  .age_s = 90, .idle_s = 61, .state = FT_STATE_ESTABLISHED, .tx = { 5, 500, 570 } },
	{ .local = "10.1.0.9", .local_port = 5353, .remote = "198.51.100.1", .remote_port = 53,
	  .protocol = 17, .path = FT_PATH_TRANSIT, .vlan_outer = 100, .vlan_inner = 20,
	  .scope = 2, .owner = FT_OWNER_TRANSIT, .age_s = 2, .state = FT_STATE_ACTIVE },
	{ .local = "10.0.0.2", .local_port = 77, .remote = "192.0.2.8", .remote_port = 8 << 8,
	  .protocol = 1, .began = 'l', .owner = FT_OWNER_KERNEL, .age_s = 5 },
	{ .local = "127.0.0.1", .local_port = 8080, .remote = "127.0.0.1", .remote_port = 35000,
	  .protocol = 6, .path = FT_PATH_LOOPBACK, .scope = 1, .began = 'r',
	  .owner = FT_OWNER_FIRST + 3, .remote_owner = FT_OWNER_FIRST, .age_s = 10,
	  .state = FT_STATE_CLOSED, .ended = FT_ENDED_FIN },
	{ .local = "10.0.0.2", .remote = "203.0.113.5", .protocol = 50, .extra = 0xbeef,
	  .flags = FT_ENTRY_EXTRA_SPI, .owner = FT_OWNER_KERNEL, .age_s = 30,
	  .ended = FT_ENDED_EVICTED },
};
#define FLOWS (sizeof(flows) / sizeof(flows[0]))

static struct made made;
static struct ft_names *names;

static void prepare(void)
{
	if (names)
		return;
	made_init(&made, FLOWS);
	for (size_t i = 0; i < FLOWS; i++)
		made_add(&made, &flows[i]);
	names = ft_names_new("192.0.2.7 web.example www\n::1 localhost\n",
			     "https 443/tcp\ndomain 53/udp\n");
}

/* A bit a flow that it lets through. */
static unsigned matches(const struct ft_filter *filter)
{
	struct ft_filter_run *run = ft_filter_run_new(filter, &made.snapshot);
	unsigned bits = 0;

	for (size_t i = 0; i < FLOWS; i++) {
		bool one = ft_filter_match(filter, &made.snapshot, &made.rows[i]);

		FUZZ_CHECK(one == ft_filter_run_match(run, &made.rows[i]));
		FUZZ_CHECK(one == ft_filter_run_match(run, &made.rows[i])); /* remembered */
		bits |= (unsigned)one << i;
	}
	FUZZ_CHECK(bits == ft_filter_run_match_rows(run, made.rows, FLOWS, 0));
	ft_filter_run_free(run);
	return bits;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *described, err[200] = "";
	struct ft_filter *filter = NULL, *again = NULL, *shown;
	size_t where = 0;

	prepare();
	if (ft_filter_parse(text, names, &filter, &where, err, sizeof(err)) == 0) {
		FUZZ_CHECK(filter != NULL);
		FUZZ_CHECK(ft_filter_parse(ft_filter_text(filter), names, &again, &where, err,
					   sizeof(err)) == 0);
		FUZZ_CHECK(matches(filter) == matches(again));
		FUZZ_CHECK(!ft_filter_is_all(filter) || matches(filter) == (1U << FLOWS) - 1);
		shown = ft_filter_with_shown(filter, FT_SHOW_TCP | FT_SHOW_V4);
		FUZZ_CHECK((matches(shown) & ~matches(filter)) == 0);
		described = ft_filter_describe(shown);
		FUZZ_CHECK(described != NULL);
		free(described);
		ft_filter_free(shown);
		ft_filter_free(again);
		ft_filter_free(filter);
	} else {
		FUZZ_CHECK(filter == NULL && err[0]);
		FUZZ_CHECK(where <= strlen(text));
	}
	free(text);
	return 0;
}
