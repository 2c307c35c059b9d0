/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests of the display filter's grammar (filter_parse.c has it whole): one row of a table
 * for each keyword, with the function that reads what follows it. A new keyword is a row here
 * and, if it looks at something new, a case in filter_match.c.
 */
#include "core/filter_parse.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/addr.h"
#include "core/names.h"
#include "core/nls.h"
#include "core/num.h"
#include "core/table.h"
#include "core/xalloc.h"

#define HOST_ADDRESSES_MAX 16 /* of one name */

/* A node with one test; the test is copied. */
static int add_test(struct ft_parser *parser, const struct ft_test *test, size_t *ret_node)
{
	if (parser->test_count >= FT_FILTER_TESTS_MAX)
		return ft_parser_fail(parser, _("the filter is too long"));
	if (parser->test_count == parser->test_room) {
		parser->test_room = parser->test_room ? parser->test_room * 2 : 16;
		parser->tests = xreallocarray(parser->tests, parser->test_room,
					      sizeof(*parser->tests));
	}
	parser->tests[parser->test_count] = *test;
	*ret_node = ft_parser_add_node(parser, FT_NODE_TEST);
	parser->nodes[*ret_node].test = parser->test_count++;
	return 0;
}

/* A lower-case copy of a word that lives as long as the program. */
static const char *keep_word(struct ft_parser *parser, const char *word)
{
	char *copy = xstrdup(word);

	for (char *at = copy; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	if (parser->word_count == parser->word_room) {
		parser->word_room = parser->word_room ? parser->word_room * 2 : 16;
		parser->words = xreallocarray(parser->words, parser->word_room,
					      sizeof(*parser->words));
	}
	parser->words[parser->word_count++] = copy;
	return copy;
}

/* ---- tests */

/* A row of the table of keywords that take a word. */
struct keyword {
	const char *word;
	int (*parse)(struct ft_parser *parser, const struct keyword *keyword, enum ft_test_end end,
		     size_t *ret_node);
	uint8_t kind;  /* enum ft_test_kind of the test */
	uint8_t field; /* of FT_TEST_COMPARE */
	uint16_t number; /* of FT_TEST_PROTOCOL, FT_TEST_IP */
	bool ends;     /* may follow src, dst, local, remote */
};

/* The operand of a keyword: the word that is the current token, to be passed by next(). */
static int need_operand(struct ft_parser *parser, const struct keyword *keyword)
{
	int result = ft_parser_next(parser);

	if (result < 0)
		return result;
	if (parser->token.kind != FT_TOKEN_WORD && parser->token.kind != FT_TOKEN_QUOTED)
		return ft_parser_fail(parser, _("'%s' needs a word after it"), keyword->word);
	return 0;
}

/* A test for an address or a network. */
static int add_net(struct ft_parser *parser, enum ft_test_end end, const struct ft_net *net,
		   size_t *ret_node)
{
	struct ft_test test = { .kind = FT_TEST_NET, .end = (uint8_t)end, .net = *net };

	return add_test(parser, &test, ret_node);
}

/* host A: an address, or all addresses known for a name. */
static int parse_host(struct ft_parser *parser, const struct keyword *keyword, enum ft_test_end end,
		      size_t *ret_node)
{
	uint8_t addresses[HOST_ADDRESSES_MAX][16];
	struct ft_net net = { .prefix = 128 };
	size_t count = 0, child;
	int result = need_operand(parser, keyword);

	if (result < 0)
		return result;
	if (ft_addr_parse(parser->token.text, net.addr) == 0)
		return add_net(parser, end, &net, ret_node) ?: ft_parser_next(parser);
	if (parser->names)
		count = ft_names_addresses(parser->names, parser->token.text, addresses,
					   HOST_ADDRESSES_MAX);
	if (count == 0)
		return ft_parser_fail(parser, _("no address is known for '%s'"),
				      ft_parser_shown(parser));
	*ret_node = ft_parser_add_node(parser, FT_NODE_ANY);
	for (size_t i = 0; i < count && i < HOST_ADDRESSES_MAX; i++) {
		memcpy(net.addr, addresses[i], 16);
		result = add_net(parser, end, &net, &child);
		if (result < 0)
			return result;
		ft_parser_add_child(parser, *ret_node, child);
	}
	return ft_parser_next(parser);
}

/* net N/len */
static int parse_net(struct ft_parser *parser, const struct keyword *keyword, enum ft_test_end end,
		     size_t *ret_node)
{
	struct ft_net net;
	char why[160];
	int result = need_operand(parser, keyword);

	if (result < 0)
		return result;
	if (ft_net_parse(parser->token.text, &net, why, sizeof(why)) < 0)
		return ft_parser_fail(parser,
				      _("'%s' is no network like 10.0.0.0/8 or 2001:db8::/32"),
				      ft_parser_shown(parser));
	return add_net(parser, end, &net, ret_node) ?: ft_parser_next(parser);
}

/* A number of at most 16 bits, whole. */
static bool is_number(const char *text, uint16_t *ret_number)
{
	uint64_t value;
	char why[80];

	if (ft_num_u64("", text, 0, UINT16_MAX, &value, why, sizeof(why)) < 0)
		return false;
	*ret_number = (uint16_t)value;
	return true;
}

/* A port by number or service name. */
static bool is_port(const struct ft_parser *parser, const char *text, uint16_t *ret_port)
{
	return is_number(text, ret_port) ||
	       (parser->names && ft_names_port(parser->names, text, 0, ret_port) == 0);
}

/* port P */
static int parse_port(struct ft_parser *parser, const struct keyword *keyword, enum ft_test_end end,
		      size_t *ret_node)
{
	struct ft_test test = { .kind = FT_TEST_PORT, .end = (uint8_t)end };
	int result = need_operand(parser, keyword);

	if (result < 0)
		return result;
	if (!is_port(parser, parser->token.text, &test.low))
		return ft_parser_fail(parser,
				      _("'%s' is no port (0 to 65535) and no service known here"),
				      ft_parser_shown(parser));
	test.high = test.low;
	return add_test(parser, &test, ret_node) ?: ft_parser_next(parser);
}

/* portrange A-B */
static int parse_portrange(struct ft_parser *parser, const struct keyword *keyword,
			   enum ft_test_end end, size_t *ret_node)
{
	struct ft_test test = { .kind = FT_TEST_PORT, .end = (uint8_t)end };
	char first[sizeof(parser->token.text)], *dash;
	int result = need_operand(parser, keyword);

	if (result < 0)
		return result;
	snprintf(first, sizeof(first), "%s", parser->token.text);
	dash = strchr(first, '-');
	if (dash)
		*dash = '\0';
	if (!dash || !is_number(first, &test.low) || !is_number(dash + 1, &test.high) ||
	    test.low > test.high)
		return ft_parser_fail(parser, _("'%s' is no range of ports like 8000-8080"),
				      ft_parser_shown(parser));
	return add_test(parser, &test, ret_node) ?: ft_parser_next(parser);
}

/* tcp, ip6 and the like: no operand */
static int parse_plain(struct ft_parser *parser, const struct keyword *keyword,
		       enum ft_test_end end, size_t *ret_node)
{
	struct ft_test test = { .kind = keyword->kind, .low = keyword->number };

	(void)end;
	return add_test(parser, &test, ret_node) ?: ft_parser_next(parser);
}

/* proto N or name */
static int parse_proto(struct ft_parser *parser, const struct keyword *keyword,
		       enum ft_test_end end, size_t *ret_node)
{
	struct ft_test test = { .kind = FT_TEST_PROTOCOL };
	int result = need_operand(parser, keyword);
	bool found;

	(void)end;
	if (result < 0)
		return result;
	found = is_number(parser->token.text, &test.low) && test.low <= UINT8_MAX;
	for (unsigned i = 0; !found && i <= UINT8_MAX; i++) {
		const char *name = ft_protocol_name((uint8_t)i);

		found = name && strcasecmp(name, parser->token.text) == 0;
		test.low = (uint16_t)i;
	}
	if (!found)
		return ft_parser_fail(parser, _("'%s' is no protocol (a name, or 0 to 255)"),
				      ft_parser_shown(parser));
	return add_test(parser, &test, ret_node) ?: ft_parser_next(parser);
}

/* vlan N */
static int parse_vlan(struct ft_parser *parser, const struct keyword *keyword, enum ft_test_end end,
		      size_t *ret_node)
{
	struct ft_test test = { .kind = FT_TEST_VLAN };
	int result = need_operand(parser, keyword);

	(void)end;
	if (result < 0)
		return result;
	if (!is_number(parser->token.text, &test.low) || test.low > 4095)
		return ft_parser_fail(parser, _("'%s' is no VLAN (0 to 4095)"),
				      ft_parser_shown(parser));
	return add_test(parser, &test, ret_node) ?: ft_parser_next(parser);
}

/* pid N */
static int parse_pid(struct ft_parser *parser, const struct keyword *keyword, enum ft_test_end end,
		     size_t *ret_node)
{
	struct ft_test test = { .kind = FT_TEST_PID };
	uint64_t pid;
	char why[80];
	int result = need_operand(parser, keyword);

	(void)end;
	if (result < 0)
		return result;
	if (ft_num_u64("", parser->token.text, 0, INT32_MAX, &pid, why, sizeof(why)) < 0)
		return ft_parser_fail(parser, _("'%s' is no process id"), ft_parser_shown(parser));
	test.value = (double)pid;
	return add_test(parser, &test, ret_node) ?: ft_parser_next(parser);
}

/* iface, observer, process, user, container, state, event: any word */
static int parse_named(struct ft_parser *parser, const struct keyword *keyword,
		       enum ft_test_end end, size_t *ret_node)
{
	struct ft_test test = { .kind = keyword->kind };
	int result = need_operand(parser, keyword);

	(void)end;
	if (result < 0)
		return result;
	test.word = keep_word(parser, parser->token.text);
	return add_test(parser, &test, ret_node) ?: ft_parser_next(parser);
}

/* rate > 1M, age < 10s */
static int parse_compare(struct ft_parser *parser, const struct keyword *keyword,
			 enum ft_test_end end, size_t *ret_node)
{
	struct ft_test test = { .kind = FT_TEST_COMPARE, .field = keyword->field };
	bool is_time = keyword->field >= FT_FIELD_AGE;
	uint64_t ns;
	int result = ft_parser_next(parser);

	(void)end;
	if (result < 0)
		return result;
	if (parser->token.kind != FT_TOKEN_CMP)
		return ft_parser_fail(parser, _("'%s' needs >, >=, <, <= or = after it"),
				      keyword->word);
	test.cmp = (uint8_t)parser->token.cmp;
	result = ft_parser_next(parser);
	if (result < 0)
		return result;
	if (is_time && (parser->token.kind != FT_TOKEN_WORD ||
			ft_num_duration(parser->token.text, &ns) < 0))
		return ft_parser_fail(parser, _("'%s' is no time like 250ms, 10s or 5m"),
				      ft_parser_shown(parser));
	if (!is_time && (parser->token.kind != FT_TOKEN_WORD ||
			 ft_num_scaled(parser->token.text, &test.value) < 0))
		return ft_parser_fail(parser, _("'%s' is no number like 500, 10k or 1.5M"),
				      ft_parser_shown(parser));
	if (is_time)
		test.value = (double)ns;
	return add_test(parser, &test, ret_node) ?: ft_parser_next(parser);
}

static const struct keyword keywords[] = {
	{ .word = "host", .parse = parse_host, .ends = true },
	{ .word = "net", .parse = parse_net, .ends = true },
	{ .word = "port", .parse = parse_port, .ends = true },
	{ .word = "portrange", .parse = parse_portrange, .ends = true },
	{ .word = "tcp", .parse = parse_plain, .kind = FT_TEST_PROTOCOL, .number = 6 },
	{ .word = "udp", .parse = parse_plain, .kind = FT_TEST_PROTOCOL, .number = 17 },
	{ .word = "icmp", .parse = parse_plain, .kind = FT_TEST_PROTOCOL, .number = 1 },
	{ .word = "icmp6", .parse = parse_plain, .kind = FT_TEST_PROTOCOL, .number = 58 },
	{ .word = "icmpv6", .parse = parse_plain, .kind = FT_TEST_PROTOCOL, .number = 58 },
	{ .word = "sctp", .parse = parse_plain, .kind = FT_TEST_PROTOCOL, .number = 132 },
	{ .word = "proto", .parse = parse_proto },
	{ .word = "ip", .parse = parse_plain, .kind = FT_TEST_IP, .number = 4 },
	{ .word = "ip6", .parse = parse_plain, .kind = FT_TEST_IP, .number = 6 },
	{ .word = "vlan", .parse = parse_vlan },
	{ .word = "iface", .parse = parse_named, .kind = FT_TEST_IFACE },
	{ .word = "observer", .parse = parse_named, .kind = FT_TEST_OBSERVER },
	{ .word = "process", .parse = parse_named, .kind = FT_TEST_PROCESS },
	{ .word = "pid", .parse = parse_pid },
	{ .word = "user", .parse = parse_named, .kind = FT_TEST_USER },
	{ .word = "container", .parse = parse_named, .kind = FT_TEST_CONTAINER },
	{ .word = "state", .parse = parse_named, .kind = FT_TEST_STATE },
	{ .word = "in", .parse = parse_plain, .kind = FT_TEST_WAY, .number = FT_TEST_IN },
	{ .word = "out", .parse = parse_plain, .kind = FT_TEST_WAY, .number = FT_TEST_OUT },
	{ .word = "event", .parse = parse_named, .kind = FT_TEST_EVENT },
	{ .word = "rate", .parse = parse_compare, .field = FT_FIELD_RATE },
	{ .word = "bytes", .parse = parse_compare, .field = FT_FIELD_BYTES },
	{ .word = "total", .parse = parse_compare, .field = FT_FIELD_BYTES },
	{ .word = "packets", .parse = parse_compare, .field = FT_FIELD_PACKETS },
	{ .word = "age", .parse = parse_compare, .field = FT_FIELD_AGE },
	{ .word = "idle", .parse = parse_compare, .field = FT_FIELD_IDLE },
	{ .word = "rtt", .parse = parse_compare, .field = FT_FIELD_RTT },
};

static const struct keyword *find_keyword(const struct ft_token *token)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (token->kind == FT_TOKEN_WORD && strcasecmp(token->text, keywords[i].word) == 0)
			return &keywords[i];
	return NULL;
}

/* Any other word: text of any column; a network where it can only be one. */
static int parse_text(struct ft_parser *parser, size_t *ret_node)
{
	struct ft_test test = { .kind = FT_TEST_WORD };
	struct ft_net net;
	char why[160];

	if (parser->token.kind == FT_TOKEN_WORD && strchr(parser->token.text, '/') &&
	    ft_net_parse(parser->token.text, &net, why, sizeof(why)) == 0)
		return add_net(parser, FT_TEST_EITHER, &net, ret_node) ?: ft_parser_next(parser);
	test.word = keep_word(parser, parser->token.text);
	test.length = (uint16_t)strlen(test.word);
	test.v4_like = strspn(test.word, "0123456789.:") == test.length;
	test.v6_like = strspn(test.word, "0123456789abcdef:[]") == test.length;
	test.port_like = strspn(test.word, "0123456789") == test.length;
	test.beyond = strpbrk(test.word, ":[]") != NULL;
	return add_test(parser, &test, ret_node) ?: ft_parser_next(parser);
}

/* What follows src, dst, local or remote: a keyword about ends, an address or a network. */
static int parse_end(struct ft_parser *parser, enum ft_test_end end, const char *qualifier,
		     size_t *ret_node)
{
	const struct keyword *keyword;
	struct ft_net net;
	char why[160];
	int result = ft_parser_next(parser);

	if (result < 0)
		return result;
	keyword = find_keyword(&parser->token);
	if (keyword && keyword->ends)
		return keyword->parse(parser, keyword, end, ret_node);
	if (parser->token.kind == FT_TOKEN_WORD &&
	    ft_net_parse(parser->token.text, &net, why, sizeof(why)) == 0)
		return add_net(parser, end, &net, ret_node) ?: ft_parser_next(parser);
	return ft_parser_fail(parser,
			      _("'%s' needs host, net, port, portrange or an address after it"),
			      qualifier);
}

/* A test, from its first word on. */
int ft_parser_test(struct ft_parser *parser, size_t *ret_node)
{
	static const struct {
		const char *word;
		enum ft_test_end end;
	} ends[] = {
		{ "src", FT_TEST_SRC }, { "dst", FT_TEST_DST },
		{ "local", FT_TEST_LOCAL }, { "remote", FT_TEST_REMOTE },
	};
	const struct keyword *keyword = find_keyword(&parser->token);

	if (keyword)
		return keyword->parse(parser, keyword, FT_TEST_EITHER, ret_node);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (parser->token.kind == FT_TOKEN_WORD &&
		    strcasecmp(parser->token.text, ends[i].word) == 0)
			return parse_end(parser, ends[i].end, ends[i].word, ret_node);
	return parse_text(parser, ret_node);
}
