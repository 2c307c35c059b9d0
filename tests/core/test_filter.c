/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The display filter: a table of expressions and the flows each lets through, a table of
 * faults with their places, the toggles, and random text that must never crash.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/addr.h"
#include "core/filter.h"
#include "core/names.h"
#include "core/xalloc.h"
#include "tests/core/made.h"

#define CURL FT_OWNER_FIRST
#define SSHD (FT_OWNER_FIRST + 1)
#define WEB (FT_OWNER_FIRST + 3)

static const struct ft_health socket_a = { .srtt_us = 30000 };

/* One letter a flow, in the order of rows. */
static const struct made_flow flows[] = {
	/* A: https out, 8 kbit/s + 72 kbit/s, joined by curl */
	{ .local = "10.0.0.2", .local_port = 51234, .remote = "192.0.2.7", .remote_port = 443,
	  .protocol = 6, .began = 'l', .owner = CURL, .tx_rate = 1000, .rx_rate = 9000,
	  .tx = { 10, 1000, 1140 }, .rx = { 20, 29000, 29280 }, .age_s = 50, .idle_s = 0.2,
	  .state = FT_STATE_ESTABLISHED, .socket = &socket_a },
	/* B: ssh in over IPv6, idle, there until the last interval */
	{ .local = "2001:db8::2", .local_port = 22, .remote = "2001:db8::99",
	  .remote_port = 40000, .protocol = 6, .began = 'r', .owner = SSHD, .age_s = 90,
	  .idle_s = 61, .state = FT_STATE_ESTABLISHED, .ended = FT_ENDED_STOP,
	  .tx = { 5, 500, 570 } },
	/* C: DNS, forwarded, on a VLAN in a VLAN */
	{ .local = "10.1.0.9", .local_port = 5353, .remote = "198.51.100.1", .remote_port = 53,
	  .protocol = 17, .path = FT_PATH_TRANSIT, .vlan_outer = 100, .vlan_inner = 20,
	  .scope = 2, .owner = FT_OWNER_TRANSIT, .age_s = 2, .state = FT_STATE_ACTIVE },
	/* D: ping */
	{ .local = "10.0.0.2", .local_port = 77, .remote = "192.0.2.8", .remote_port = 8 << 8,
	  .protocol = 1, .began = 'l', .owner = FT_OWNER_KERNEL, .age_s = 5,
	  .state = FT_STATE_ACTIVE },
	/* E: ping of IPv6 */
	{ .local = "2001:db8::2", .local_port = 78, .remote = "2001:db8::98",
	  .remote_port = 128 << 8, .protocol = 58, .owner = FT_OWNER_UNKNOWN, .age_s = 5 },
	/* F: loopback, both ends ours */
	{ .local = "127.0.0.1", .local_port = 8080, .remote = "127.0.0.1", .remote_port = 35000,
	  .protocol = 6, .path = FT_PATH_LOOPBACK, .scope = 1, .began = 'r', .owner = WEB,
	  .remote_owner = CURL, .age_s = 10, .state = FT_STATE_CLOSED,
	  .ended = FT_ENDED_FIN },
	/* G: SCTP */
	{ .local = "10.0.0.2", .local_port = 5000, .remote = "10.9.9.9", .remote_port = 5060,
	  .protocol = 132, .owner = FT_OWNER_UNKNOWN, .age_s = 1 },
	/* H: ESP, evicted */
	{ .local = "10.0.0.2", .remote = "203.0.113.5", .protocol = 50, .extra = 0xbeef,
	  .flags = FT_ENTRY_EXTRA_SPI, .owner = FT_OWNER_KERNEL, .age_s = 30,
	  .ended = FT_ENDED_EVICTED },
};
#define FLOWS (sizeof(flows) / sizeof(flows[0]))

static const char hosts[] = "192.0.2.7 web.example www\n127.0.0.1 localhost\n::1 localhost\n";
static const char services[] =
	"https 443/tcp\nssh 22/tcp\ndomain 53/udp\nhttp-alt 8080/tcp webcache\nsip 5060/sctp\n";

static const struct {
	const char *text, *matches;
} good[] = {
	{ "", "ABCDEFGH" },
	{ "   ", "ABCDEFGH" },
	/* protocols and versions */
	{ "tcp", "ABF" },
	{ "TCP", "ABF" },
	{ "udp", "C" },
	{ "icmp", "D" },
	{ "icmp6", "E" },
	{ "icmpv6", "E" },
	{ "sctp", "G" },
	{ "proto 50", "H" },
	{ "proto esp", "H" },
	{ "proto TCP", "ABF" },
	{ "ip", "ACDFGH" },
	{ "ip6", "BE" },
	{ "vlan 100", "C" },
	{ "vlan 20", "C" },
	{ "vlan 7", "" },
	{ "vlan 0", "ABDEFGH" },
	/* ends */
	{ "host 10.0.0.2", "ADGH" },
	{ "host 192.0.2.7", "A" },
	{ "host 2001:db8::2", "BE" },
	{ "host web.example", "A" },
	{ "host WWW", "A" },
	{ "host localhost", "F" },
	{ "net 10.0.0.0/8", "ACDGH" },
	{ "net 10.0.0.0/24", "ADGH" },
	{ "net 2001:db8::/32", "BE" },
	{ "net 10.9.9.9", "G" },
	{ "10.0.0.0/24", "ADGH" },
	{ "port 443", "A" },
	{ "port https", "A" },
	{ "port webcache", "F" },
	{ "port 77", "" }, /* an ICMP id is no port */
	{ "port 0", "" },
	{ "portrange 20-60", "BC" },
	{ "portrange 443-443", "A" },
	{ "local port 22", "B" },
	{ "remote port 22", "" },
	{ "remote port 53", "C" },
	{ "src port 40000", "B" },
	{ "dst port 22", "B" },
	{ "src host 10.0.0.2", "ADGH" },
	{ "dst host 10.0.0.2", "" },
	{ "src 10.0.0.2", "ADGH" },
	{ "dst net 192.0.2.0/24", "AD" },
	{ "dst 192.0.2.0/24", "AD" },
	{ "local net 10.1.0.0/16", "C" },
	{ "remote portrange 400-500", "A" },
	{ "dst port 8080", "F" },
	{ "local 127.0.0.1", "F" },
	/* interfaces, owners, state */
	{ "iface lo", "F" },
	{ "iface br0", "ABDEGH" },
	{ "iface veth1", "ABDEGH" },
	{ "iface br", "" },
	{ "observer hub-a", "ABDEGH" },
	{ "observer HUB-B", "F" },
	{ "observer hub", "" },
	{ "not observer hub-a", "CF" },
	{ "hub-", "ABDEFGH" },
	{ "process curl", "AF" },
	{ "process networkm", "F" },
	{ "process transit", "C" },
	{ "process kernel", "DH" },
	{ "process unknown", "EG" },
	{ "pid 812", "AF" },
	{ "pid 1", "" },
	{ "user alice", "AF" },
	{ "user 0", "BF" },
	{ "user ali", "" },
	{ "container web", "F" },
	{ "container ssh.service", "B" },
	{ "state established", "AB" },
	{ "state est", "AB" },
	{ "state closed", "F" },
	{ "state evicted", "H" },
	{ "state active", "CD" },
	/* numbers */
	{ "rate > 0", "A" },
	{ "rate > 79k", "A" },
	{ "rate >= 80k", "A" },
	{ "rate > 80k", "" },
	{ "rate>1k", "A" },
	{ "rate = 0", "BCDEFGH" },
	{ "rate < 1", "BCDEFGH" },
	{ "bytes >= 30k", "A" },
	{ "total >= 29.3Ki", "" },
	{ "total >= 29.2Ki", "A" },
	{ "packets > 4", "AB" },
	{ "packets == 5", "B" },
	{ "age > 45s", "AB" },
	{ "age <= 1", "G" },
	{ "age < 1m", "ACDEFGH" },
	{ "idle > 1m", "B" },
	{ "rtt > 1ms", "A" },
	{ "rtt > 30ms", "" },
	{ "rtt >= 30ms", "A" },
	{ "rtt < 1m", "A" },
	{ "not rtt > 1ms", "BCDEFGH" },
	/* and, or, not, parentheses */
	{ "tcp and port 443", "A" },
	{ "tcp port 443", "A" },
	{ "tcp && port 443", "A" },
	{ "udp or icmp", "CD" },
	{ "udp || icmp", "CD" },
	{ "not tcp", "CDEGH" },
	{ "!tcp", "CDEGH" },
	{ "! tcp", "CDEGH" },
	{ "not not tcp", "ABF" },
	{ "tcp or udp and ip6", "ABF" },
	{ "(tcp or udp) and ip6", "B" },
	{ "not (tcp or udp)", "DEGH" },
	{ "not (tcp and ip6) and not udp", "ADEFGH" },
	{ "ip and not (tcp or (udp or icmp))", "GH" },
	{ "icmp or tcp and (port 22 or port 443) and not ip6", "AD" },
	{ "ip6 tcp or sctp", "BG" },
	/* words */
	{ "192.0.2", "AD" },
	{ "192.0.2.7:443", "A" },
	{ "[2001:db8::2]:22", "B" },
	{ "db8::9", "BE" },
	{ "[2001", "B" },
	{ "5060", "G" },
	{ "::", "BE" },
	{ "2.7:44", "A" },
	{ "51234", "A" },
	{ "web.example", "A" },
	{ "https", "AF" }, /* port of A, command line of curl */
	{ "CURL", "AF" },
	{ "alice", "ABF" }, /* user of A and F, command line of B */
	{ "pts/3", "B" },
	{ "networkmanager", "F" },
	{ "transit", "C" },
	{ "veth", "ABDEGH" },
	{ "100.20", "C" },
	{ "echo", "DE" },
	{ "0xbeef", "H" },
	{ "evict", "H" },
	{ "esp", "H" },
	{ "\"tcp\"", "ABF" },
	{ "'and'", "" },
	{ "nothing-has-this", "" },
	{ "eth1 udp", "C" },
};

static struct made made;
static struct ft_names *names;

static int setup(void **state)
{
	static char hub_a[] = "hub-a", hub_b[] = "hub-b", *observers[] = { hub_a, hub_b };

	(void)state;
	names = ft_names_new(hosts, services);
	made_init(&made, FLOWS);
	made.snapshot.observers = observers;
	made.snapshot.observer_count = 2;
	made.scopes[0].observer = 1;
	made.scopes[1].observer = 2;
	for (size_t i = 0; i < FLOWS; i++)
		made_add(&made, &flows[i]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	made_done(&made);
	ft_names_free(names);
	return 0;
}

/* Letters of the flows that pass; a run agrees, also the second time when it remembers, and of all
 * flows at once. */
static void matches_of(const struct ft_filter *filter, char letters[FLOWS + 1])
{
	struct ft_filter_run *run = ft_filter_run_new(filter, &made.snapshot);
	size_t fill = 0;
	uint64_t set;

	for (size_t i = 0; i < FLOWS; i++)
		if (ft_filter_match(filter, &made.snapshot, &made.rows[i]))
			letters[fill++] = (char)('A' + i);
	letters[fill] = '\0';
	for (size_t i = 0; i < 2 * FLOWS; i++)
		assert_int_equal(ft_filter_run_match(run, &made.rows[i % FLOWS]),
				 strchr(letters, (char)('A' + i % FLOWS)) != NULL);
	set = ft_filter_run_match_rows(run, made.rows, FLOWS, 0);
	for (size_t i = 0; i < FLOWS; i++)
		assert_int_equal(set >> i & 1, strchr(letters, (char)('A' + i)) != NULL);
	ft_filter_run_free(run);
}

static struct ft_filter *parse(const char *text)
{
	struct ft_filter *filter = NULL;
	char err[160] = "";

	if (ft_filter_parse(text, names, &filter, NULL, err, sizeof(err)) != 0)
		fail_msg("%s: %s", text, err);
	return filter;
}

static void expressions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct ft_filter *filter = parse(good[i].text);
		char letters[FLOWS + 1];

		matches_of(filter, letters);
		if (strcmp(letters, good[i].matches) != 0)
			fail_msg("%s: %s, should be %s", good[i].text, letters, good[i].matches);
		ft_filter_free(filter);
	}
}

static const struct {
	const char *text;
	size_t where;
	const char *err;
} bad[] = {
	{ "tcp and", 7, "something is missing at the end" },
	{ "or tcp", 0, "'or' stands where a test should" },
	{ "tcp or or udp", 7, "'or' stands where a test should" },
	{ "tcp and and udp", 8, "'and' stands where a test should" },
	{ "not", 3, "something is missing at the end" },
	{ "(", 1, "something is missing at the end" },
	{ "(tcp", 4, "a closing parenthesis is missing" },
	{ "tcp)", 3, "')' closes nothing" },
	{ "()", 1, "')' stands where a test should" },
	{ "port", 4, "'port' needs a word after it" },
	{ "port and tcp", 5, "'port' needs a word after it" },
	{ "port 65536", 5, "'65536' is no port (0 to 65535) and no service known here" },
	{ "port nope", 5, "'nope' is no port (0 to 65535) and no service known here" },
	{ "portrange 5", 10, "'5' is no range of ports like 8000-8080" },
	{ "portrange 9-5", 10, "'9-5' is no range of ports like 8000-8080" },
	{ "host nowhere.example", 5, "no address is known for 'nowhere.example'" },
	{ "net 10.0.0.0/33", 4, "'10.0.0.0/33' is no network like 10.0.0.0/8 or 2001:db8::/32" },
	{ "src tcp", 4, "'src' needs host, net, port, portrange or an address after it" },
	{ "local", 5, "'local' needs host, net, port, portrange or an address after it" },
	{ "proto nope", 6, "'nope' is no protocol (a name, or 0 to 255)" },
	{ "proto 256", 6, "'256' is no protocol (a name, or 0 to 255)" },
	{ "vlan 4096", 5, "'4096' is no VLAN (0 to 4095)" },
	{ "pid x", 4, "'x' is no process id" },
	{ "rate", 4, "'rate' needs >, >=, <, <= or = after it" },
	{ "rate 5", 5, "'rate' needs >, >=, <, <= or = after it" },
	{ "rate > fast", 7, "'fast' is no number like 500, 10k or 1.5M" },
	{ "rate >", 6, "'' is no number like 500, 10k or 1.5M" },
	{ "age > 1M5", 6, "'1M5' is no time like 250ms, 10s or 5m" },
	{ "rate != 5", 5, "'rate' needs >, >=, <, <= or = after it" },
	{ "tcp > 5", 4, "'>' stands where a test should" },
	{ "\"open", 0, "the quote is not closed" },
	{ "tcp \"\"", 4, "empty word" },
	{ "port \033[2J", 5, "'\\x1B[2J' is no port (0 to 65535) and no service known here" },
};

static void faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ft_filter *filter = (struct ft_filter *)&made, *const before = filter;
		char err[160] = "";
		size_t where = 4711;

		if (ft_filter_parse(bad[i].text, names, &filter, &where, err, sizeof(err)) !=
		    -EINVAL)
			fail_msg("%s is taken", bad[i].text);
		if (where != bad[i].where || strcmp(err, bad[i].err) != 0)
			fail_msg("%s: at %zu: %s", bad[i].text, where, err);
		assert_ptr_equal(filter, before);
	}
}

/* Too deep, too long, too many tests: refused with a sentence. */
static void bounds(void **state)
{
	struct ft_filter *filter;
	char *text = xmalloc(8192), err[160];

	(void)state;
	memset(text, '(', 100);
	strcpy(text + 100, "tcp");
	assert_int_equal(ft_filter_parse(text, NULL, &filter, NULL, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "too many parentheses or nots inside each other");
	memset(text, '!', 1000);
	assert_int_equal(ft_filter_parse(text, NULL, &filter, NULL, err, sizeof(err)), -EINVAL);
	memset(text, 'x', 5000);
	text[5000] = '\0';
	assert_int_equal(ft_filter_parse(text, NULL, &filter, NULL, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "the filter is too long");
	for (size_t i = 0; i < 1001; i++)
		memcpy(text + 3 * i, "ip ", 4);
	assert_int_equal(ft_filter_parse(text, NULL, &filter, NULL, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "the filter is too long");
	text[3 * 1000] = '\0';
	assert_int_equal(ft_filter_parse(text, NULL, &filter, NULL, err, sizeof(err)), 0);
	assert_true(ft_filter_match(filter, &made.snapshot, &made.rows[0]));
	assert_false(ft_filter_match(filter, &made.snapshot, &made.rows[1]));
	ft_filter_free(filter);
	free(text);
}

static const struct {
	unsigned shown;
	const char *text, *matches, *described;
} toggles[] = {
	{ FT_SHOW_ALL, "", "ABCDEFGH", "" },
	{ FT_SHOW_ALL, "tcp", "ABF", "tcp" },
	{ FT_SHOW_TCP | FT_SHOW_V4 | FT_SHOW_V6, "", "ABF", "tcp" },
	{ FT_SHOW_TCP | FT_SHOW_V4 | FT_SHOW_V6, "port 443", "A", "tcp and (port 443)" },
	{ FT_SHOW_TCP | FT_SHOW_UDP | FT_SHOW_V4 | FT_SHOW_V6, "", "ABCF", "(tcp or udp)" },
	{ FT_SHOW_ICMP | FT_SHOW_V4 | FT_SHOW_V6, "", "DE", "(icmp or icmp6)" },
	{ FT_SHOW_OTHER | FT_SHOW_V4 | FT_SHOW_V6, "", "GH",
	  "not (tcp or udp or icmp or icmp6)" },
	{ FT_SHOW_ALL & ~FT_SHOW_TCP, "", "CDEGH", "not tcp" },
	{ FT_SHOW_ALL & ~FT_SHOW_V6, "", "ACDFGH", "ip" },
	{ FT_SHOW_ALL & ~FT_SHOW_V4, "host 2001:db8::2 or udp", "BE",
	  "ip6 and (host 2001:db8::2 or udp)" },
	{ FT_SHOW_TCP | FT_SHOW_V6, "", "B", "ip6 and tcp" },
	{ FT_SHOW_V4 | FT_SHOW_V6, "", "", "not (ip or ip6)" },
	{ FT_SHOW_ALL_PROTOCOLS, "", "", "not (ip or ip6)" },
};

/* Toggles filter beside the expression, and the description is an expression that says both. */
static void shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(toggles) / sizeof(toggles[0]); i++) {
		struct ft_filter *plain = parse(toggles[i].text);
		struct ft_filter *filter = ft_filter_with_shown(plain, toggles[i].shown);
		char *described = ft_filter_describe(filter), letters[FLOWS + 1];
		struct ft_filter *again = parse(described), *copy = ft_filter_copy(filter);

		ft_filter_free(plain);
		assert_string_equal(described, toggles[i].described);
		assert_string_equal(ft_filter_text(filter), toggles[i].text);
		assert_int_equal(ft_filter_shown(filter), toggles[i].shown);
		assert_int_equal(ft_filter_is_all(filter), toggles[i].described[0] == '\0');
		matches_of(filter, letters);
		assert_string_equal(letters, toggles[i].matches);
		ft_filter_free(filter);
		matches_of(again, letters);
		assert_string_equal(letters, toggles[i].matches);
		matches_of(copy, letters);
		assert_string_equal(letters, toggles[i].matches);
		ft_filter_free(again);
		ft_filter_free(copy);
		free(described);
	}
}

/* Random words of the grammar and random bytes: parsed or refused, matched without harm, and
 * `not (X)` is always the opposite of X. */
static void random_text(void **state)
{
	static const char *const parts[] = {
		"tcp", "and", "or", "not", "(", ")", "port", "443", "host", "10.0.0.2", "src",
		"rate", ">", "5k", "age", "net", "10.0.0.0/8", "curl", "!", "||", "&&", "\"", "'",
		"user", "state", "vlan", "\377", "<=", "udp", "ip6", "dst", "portrange", "1-9",
	};
	char text[512], negated[520], err[160];
	int taken = 0;

	(void)state;
	for (int i = 0; i < 40000; i++) {
		struct ft_filter *filter, *opposite;
		size_t where = SIZE_MAX;

		text[0] = '\0';
		for (uint64_t n = 1 + made_random() % 6; n > 0; n--) {
			strcat(text, parts[made_random() % (sizeof(parts) / sizeof(parts[0]))]);
			strcat(text, made_random() % 8 ? " " : "");
		}
		if (ft_filter_parse(text, names, &filter, &where, err, sizeof(err)) < 0) {
			assert_true(where <= strlen(text));
			continue;
		}
		taken++;
		snprintf(negated, sizeof(negated), "not (%s)", text);
		opposite = parse(negated);
		for (size_t k = 0; k < FLOWS; k++)
			assert_true(ft_filter_match(filter, &made.snapshot, &made.rows[k]) !=
				    ft_filter_match(opposite, &made.snapshot, &made.rows[k]));
		ft_filter_free(filter);
		ft_filter_free(opposite);
	}
	assert_true(taken > 1000);
}

/* Without names, numbers still work and words are only text. */
static void no_names(void **state)
{
	struct ft_filter *filter;
	char err[160];

	(void)state;
	assert_int_equal(ft_filter_parse("port 443 and 192.0.2.7", NULL, &filter, NULL, err,
					 sizeof(err)), 0);
	assert_true(ft_filter_match(filter, &made.snapshot, &made.rows[0]));
	ft_filter_free(filter);
	assert_int_equal(ft_filter_parse("port https", NULL, &filter, NULL, err, sizeof(err)),
			 -EINVAL);
	assert_int_equal(ft_filter_parse("host localhost", NULL, &filter, NULL, err, sizeof(err)),
			 -EINVAL);
}

/* Names are compared as they are, not as a terminal may show them, and whole. */
static void raw_words(void **state)
{
	static const char tail[] = "x-0123456789-0123456789-0123456789-0123456789-0123456789-"
				   "0123456789-0123456789-0123456789-0123456789-end";
	const char *name = made.process[0].name, *container = made.process[0].container;
	char text[256], letters[FLOWS + 1];
	struct ft_filter *filter;

	(void)state;
	made.process[0].name = "gr\xc3\xb6\xc3\x9f\x65r\x01";
	made.process[0].container = tail;
	filter = parse("process 'gr\xc3\xb6\xc3\x9f\x65r\x01'");
	matches_of(filter, letters);
	assert_string_equal(letters, "AF");
	ft_filter_free(filter);
	snprintf(text, sizeof(text), "container %snot", tail);
	filter = parse(text);
	matches_of(filter, letters);
	assert_string_equal(letters, "");
	ft_filter_free(filter);
	made.process[0].name = name;
	made.process[0].container = container;
}

/* ---- many flows at once, against one by one */

#define MANY 450 /* seven times 64 and two more */

/* An address with what makes texts differ: octets of one to three digits, zeros that :: stands for,
 * groups with and without leading zeros. */
static void random_address(bool v6, char text[FT_ADDR_TEXT_MAX])
{
	static const uint8_t octets[] = { 0, 1, 5, 9, 10, 19, 51, 98, 99, 100, 151, 198, 199, 255 };
	static const uint16_t groups[] = { 0, 0, 0, 1, 0xa, 0x10, 0xdb8, 0x2001, 0xfe80, 0xffff,
					   0x100, 0x443 };
	uint8_t addr[16] = { [10] = 0xff, [11] = 0xff };
	uint64_t r = made_random();

	for (size_t i = v6 ? 0 : 12; i < 16; i++) {
		uint16_t group = groups[r % 12];

		if (v6 && i % 2 == 0)
			addr[i] = (uint8_t)(group >> 8);
		if (v6 && i % 2 == 0)
			addr[i + 1] = (uint8_t)group;
		else if (!v6)
			addr[i] = r % 4 ? octets[(r >> 2) % 14] : (uint8_t)(r >> 2);
		r = made_random();
	}
	ft_addr_format(addr, text);
}

/* Flows of all sorts of ends, protocols, owners and states. */
static void make_many(struct made *many)
{
	static const uint8_t protocols[] = { 6, 6, 6, 17, 17, 132, 33, 136, 1, 58, 50, 47 };
	static const uint16_t ports[] = { 0, 4, 22, 44, 53, 443, 4430, 5443, 8080, 44300, 65535 };
	static const uint16_t owners[] = { CURL, SSHD, FT_OWNER_FIRST + 2, WEB, FT_OWNER_KERNEL,
					   FT_OWNER_UNKNOWN, FT_OWNER_TRANSIT };

	made_init(many, MANY);
	many->snapshot.observers = made.snapshot.observers;
	many->snapshot.observer_count = made.snapshot.observer_count;
	many->scopes[0].observer = 1;
	for (size_t i = 0; i < MANY; i++) {
		uint64_t r = made_random();
		char local[FT_ADDR_TEXT_MAX], remote[FT_ADDR_TEXT_MAX];
		bool v6 = r & 1;

		random_address(v6, local);
		random_address(v6, remote);
		made_add(many, &(struct made_flow){
			.local = r % 61 ? local : "198.51.100.9", .remote = r % 61 ? remote : "::1",
			.protocol = protocols[(r >> 1) % 12],
			.local_port = r >> 6 & 1 ? ports[(r >> 7) % 11] : (uint16_t)(r >> 7),
			.remote_port = ports[(r >> 23) % 11], .began = "lr"[r >> 27 & 1],
			.owner = owners[(r >> 28) % 7], .remote_owner = owners[(r >> 31) % 7],
			.path = (uint8_t)((r >> 34) % 3), .scope = (uint16_t)((r >> 36) % 4),
			.vlan_outer = (r >> 38) % 8 ? 0 : 198, .vlan_inner = (r >> 38) % 16 ? 0 : 51,
			.state = (uint8_t)((r >> 42) % 4), .ended = (uint8_t)((r >> 44) % 3),
			.tx_rate = (double)(r >> 46 & 1023),
			.tx = { r >> 41 & 3, r >> 30 & 1023, r >> 30 & 1023 }, .age_s = (double)(r >> 40 & 63),
		});
	}
}

/* A part of what an end looks like, sometimes with a fault in it. */
static void random_word(const struct made *many, char *word, size_t size)
{
	static const char others[] = "0123456789abcdef.:[]x";
	const struct ft_flow_key *key = &many->flows[made_random() % MANY].key;
	char addr[FT_ADDR_TEXT_MAX], text[FT_ADDR_TEXT_MAX + 16];
	uint64_t r = made_random();
	size_t length, from;

	ft_addr_format(r & 1 ? key->addr_a : key->addr_b, addr);
	snprintf(text, sizeof(text), ft_addr_is_v4(key->addr_a) ? "%s:%u" : "[%s]:%u", addr,
		 (unsigned)(r >> 1 & 1 ? 443 : r >> 2 & 0xffff));
	length = strlen(text);
	from = (r >> 20) % length;
	length = 1 + (r >> 32) % (length - from);
	if (length > 9 && r >> 40 & 1)
		length = 9;
	snprintf(word, size, "%.*s", (int)length, text + from);
	if ((r >> 41) % 4 == 0)
		word[(r >> 44) % length] = others[(r >> 50) % (sizeof(others) - 1)];
}

/* A filter says the same of flows one by one as of 64 at a time, also where less are left. */
static void compare_ways(const struct made *many, const char *text)
{
	struct ft_filter *filter = parse(text);
	struct ft_filter_run *run = ft_filter_run_new(filter, &many->snapshot);

	for (size_t from = 0; from < MANY; from += FT_FILTER_ROWS) {
		size_t left = MANY - from, count = left < FT_FILTER_ROWS ? left : FT_FILTER_ROWS;
		uint64_t set = ft_filter_run_match_rows(run, &many->rows[from], count, left - count);

		for (size_t i = 0; i < FT_FILTER_ROWS; i++) {
			bool one = i < count &&
				   ft_filter_match(filter, &many->snapshot, &many->rows[from + i]);

			if ((set >> i & 1) != one)
				fail_msg("%s: row %zu: %d one by one", text, from + i, one);
		}
	}
	ft_filter_run_free(run);
	ft_filter_free(filter);
}

/* Words that numbers, names of hosts and services, owners, states or two of them have, and what
 * other tests ask. */
static void ways(void **state)
{
	static const char *const texts[] = {
		/* octets: at the start, amid, at the end, across, too many */
		"198.51", "51.100", "100.9", "8.5", ".5", "5.", ".", "..", "1..5", ".51.", "1.9.1.1",
		"198.51.100.9", "198.51.100.9:", "9:44", ":443", ":0", ":", "::", "1:", ".:", ".:4",
		"1.1.1.1.1", "256", "1000", "00", "0", "01", "1.0", "0.0", "255.255.255.255:65535",
		/* groups */
		"db8", "2001:db8", "b8:", ":db8", ":10:", "[", "]", "[]", "][", "[2", "[:", "8]", "]:",
		"]:443", "]:4x", "1]:443", "[2001:", "[::]", "[::1]:", "[[", "]]:", "fe8", "f", "0db8",
		"10", "ffff", "fffff", "::1", "1::", "a:a", "[0", "0:0",
		/* names */
		"443", "4", "65535", "https", "sip", "domain", "http", "web", "EXAMPLE", "localhost",
		"a", "e", "curl", "ssh", "alice", "kernel", "transit", "lo", "br0", "eth1", "hub-a",
		"(gone)", "esp", "tcp", "198", "51", "fragments", "echo", "established", "evict", "zzz",
		/* other tests, alone and together */
		"tcp", "not tcp", "port 443", "portrange 44-4430", "src port 443", "dst port 443",
		"local port 443", "remote port 443", "net 198.51.0.0/16", "net 198.51.0.0/17",
		"net 0.0.0.0/0", "net ::/0", "net 2001:db8::/33", "host ::1", "src net fe80::/10",
		"dst net 10.0.0.0/8", "local net 198.0.0.0/7", "remote host 198.51.100.9",
		"ip", "ip6", "vlan 198", "iface lo", "iface br0", "observer hub-a", "process ssh",
		"process transit", "pid 812", "user alice", "container web", "state est", "in", "out",
		"rate > 1k", "rate >= 4096", "rate < 2k",
		"rate <= 0", "rate = 0", "bytes > 500", "packets <= 3", "packets = 2", "age > 30s",
		"rtt > 1ms", "event close", "not (udp or host 198.51.100.9)",
		"tcp port 443 and net 198.0.0.0/8", "198.51 or 443 or curl", "not 10 and not db8",
		"(tcp or 51) and (udp or 19) and not (ssh or net 10.0.0.0/8)",
		"1 or 2 or 3 and 4 or 5 and 6 or 7 and 8 and 9 or 10 or a or b",
	};
	struct made many;
	char word[FT_ADDR_TEXT_MAX + 16], quoted[FT_ADDR_TEXT_MAX + 20];
	uint8_t addr[16];

	(void)state;
	make_many(&many);
	assert_int_equal(ft_addr_parse("198.51.100.9", addr), 0);
	ft_names_add_dns(names, addr, "Long.Example");
	ft_names_add_dns(names, many.flows[5].key.addr_b, "443.cafe.example");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		compare_ways(&many, texts[i]);
	for (int i = 0; i < 1000; i++) {
		random_word(&many, word, sizeof(word));
		snprintf(quoted, sizeof(quoted), "\"%s\"", word);
		compare_ways(&many, quoted);
	}
	made_done(&many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions), cmocka_unit_test(faults),
		cmocka_unit_test(bounds),      cmocka_unit_test(shown),
		cmocka_unit_test(random_text), cmocka_unit_test(no_names),
		cmocka_unit_test(raw_words),   cmocka_unit_test(ways),
	};

	return cmocka_run_group_tests_name("filter", tests, setup, teardown);
}
