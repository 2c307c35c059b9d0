/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The display filter's grammar, by recursive descent:
 *
 *   any     = all { ("or" | "||") all }
 *   all     = one { ["and" | "&&"] one }
 *   one     = ("not" | "!") one | "(" any ")" | test
 *   test    = [ src | dst | local | remote ] ( host | net | port | portrange ) WORD
 *           | [ src | dst | local | remote ] ADDRESS-OR-NET
 *           | tcp | udp | icmp | icmp6 | sctp | proto WORD | ip | ip6 | vlan N
 *           | ( iface | process | pid | user | container | state ) WORD
 *           | ( rate | bytes | packets | total | age | idle | rtt ) ( > | >= | < | <= | = ) NUMBER
 *           | WORD
 *
 * Keywords know no case; a word in quotes is never a keyword. Depth, length and number of
 * tests are bounded. First a tree, then jumps, made from the last test backwards so that
 * every target is known when it is needed.
 */
#include "core/filter_priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/addr.h"
#include "core/fmt.h"
#include "core/names.h"
#include "core/nls.h"
#include "core/num.h"
#include "core/table.h"
#include "core/xalloc.h"

#define HOST_ADDRESSES_MAX 16 /* of one name */

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_AND,
		  TOKEN_OR, TOKEN_NOT, TOKEN_CMP };

struct token {
	enum token_kind kind;
	enum ft_test_cmp cmp;
	size_t where;
	char text[256];
};

enum node_kind { NODE_TEST, NODE_ALL, NODE_ANY, NODE_NOT };

/* Children are chained from the last to the first, the order in which jumps are made. */
struct node {
	enum node_kind kind;
	size_t test;  /* NODE_TEST: index into tests */
	size_t child; /* 1 + index, 0 = none */
	size_t before; /* 1 + index of the sibling to the left */
};

struct parser {
	const char *text, *at;
	const struct ft_names *names;
	struct token token;
	unsigned depth;
	struct ft_test *tests;
	size_t test_count, test_room;
	struct node *nodes;
	size_t node_count, node_room;
	char **words;
	size_t word_count, word_room;
	size_t where; /* of the fault */
	char shown[80];
	char *err;
	size_t err_size;
};

/* Says what is wrong at the current token; -EINVAL. */
static int fail(struct parser *parser, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static int fail(struct parser *parser, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parser->err, parser->err_size, format, args);
	va_end(args);
	parser->where = parser->token.where;
	return -EINVAL;
}

/* The current token's text, escaped for a sentence; good until the next call. */
static const char *shown(struct parser *parser)
{
	return ft_fmt_escape(parser->token.text, strlen(parser->token.text), false,
			     parser->shown, sizeof(parser->shown));
}

/* ---- tokens */

static bool ends_word(const char *at)
{
	return !*at || isspace((unsigned char)*at) || strchr("()<>=\"'", *at) ||
	       (at[0] == '&' && at[1] == '&') || (at[0] == '|' && at[1] == '|');
}

/* A word up to its end, or up to its closing quote. */
static int scan_word(struct parser *parser)
{
	struct token *token = &parser->token;
	char quote = *parser->at == '"' || *parser->at == '\'' ? *parser->at : '\0';
	size_t length = 0;

	token->kind = quote ? TOKEN_QUOTED : TOKEN_WORD;
	token->text[0] = '\0';
	if (quote)
		parser->at++;
	while (quote ? *parser->at && *parser->at != quote : !ends_word(parser->at)) {
		if (length + 1 >= sizeof(token->text))
			return fail(parser, _("a word is too long"));
		token->text[length++] = *parser->at++;
	}
	token->text[length] = '\0';
	if (quote && *parser->at != quote)
		return fail(parser, _("the quote is not closed"));
	if (quote)
		parser->at++;
	if (length == 0)
		return fail(parser, _("empty word"));
	return 0;
}

/* True (and past it) if the text goes on with `sign`. */
static bool take_sign(struct parser *parser, const char *sign)
{
	size_t length = strlen(sign);

	if (strncmp(parser->at, sign, length) != 0)
		return false;
	parser->at += length;
	snprintf(parser->token.text, sizeof(parser->token.text), "%s", sign);
	return true;
}

/* Reads the next token. */
static int next(struct parser *parser)
{
	static const struct {
		const char *sign;
		enum token_kind kind;
		enum ft_test_cmp cmp;
	} signs[] = {
		{ "(", TOKEN_OPEN, 0 },		   { ")", TOKEN_CLOSE, 0 },
		{ "&&", TOKEN_AND, 0 },		   { "||", TOKEN_OR, 0 },
		{ "!", TOKEN_NOT, 0 },		   { ">=", TOKEN_CMP, FT_TEST_GE },
		{ "<=", TOKEN_CMP, FT_TEST_LE },   { "==", TOKEN_CMP, FT_TEST_EQ },
		{ ">", TOKEN_CMP, FT_TEST_GT },	   { "<", TOKEN_CMP, FT_TEST_LT },
		{ "=", TOKEN_CMP, FT_TEST_EQ },
	};
	static const struct {
		const char *word;
		enum token_kind kind;
	} words[] = { { "and", TOKEN_AND }, { "or", TOKEN_OR }, { "not", TOKEN_NOT } };
	int result;

	while (isspace((unsigned char)*parser->at))
		parser->at++;
	parser->token.where = (size_t)(parser->at - parser->text);
	parser->token.text[0] = '\0';
	if (!*parser->at) {
		parser->token.kind = TOKEN_END;
		return 0;
	}
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (!take_sign(parser, signs[i].sign))
			continue;
		parser->token.kind = signs[i].kind;
		parser->token.cmp = signs[i].cmp;
		return 0;
	}
	result = scan_word(parser);
	for (size_t i = 0; result == 0 && i < sizeof(words) / sizeof(words[0]); i++)
		if (parser->token.kind == TOKEN_WORD &&
		    strcasecmp(parser->token.text, words[i].word) == 0)
			parser->token.kind = words[i].kind;
	return result;
}

/* ---- tree */

static size_t add_node(struct parser *parser, enum node_kind kind)
{
	if (parser->node_count == parser->node_room) {
		parser->node_room = parser->node_room ? parser->node_room * 2 : 32;
		parser->nodes = xreallocarray(parser->nodes, parser->node_room,
					      sizeof(*parser->nodes));
	}
	parser->nodes[parser->node_count] = (struct node){ .kind = kind };
	return parser->node_count++;
}

/* Puts a child to the right of those there are. */
static void add_child(struct parser *parser, size_t parent, size_t child)
{
	parser->nodes[child].before = parser->nodes[parent].child;
	parser->nodes[parent].child = child + 1;
}

/* A node with one test; the test is copied. */
static int add_test(struct parser *parser, const struct ft_test *test, size_t *ret_node)
{
	if (parser->test_count >= FT_FILTER_TESTS_MAX)
		return fail(parser, _("the filter is too long"));
	if (parser->test_count == parser->test_room) {
		parser->test_room = parser->test_room ? parser->test_room * 2 : 16;
		parser->tests = xreallocarray(parser->tests, parser->test_room,
					      sizeof(*parser->tests));
	}
	parser->tests[parser->test_count] = *test;
	*ret_node = add_node(parser, NODE_TEST);
	parser->nodes[*ret_node].test = parser->test_count++;
	return 0;
}

/* A lower-case copy of a word that lives as long as the program. */
static const char *keep_word(struct parser *parser, const char *word)
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
	int (*parse)(struct parser *parser, const struct keyword *keyword, enum ft_test_end end,
		     size_t *ret_node);
	uint8_t kind;  /* enum ft_test_kind of the test */
	uint8_t field; /* of FT_TEST_COMPARE */
	uint16_t number; /* of FT_TEST_PROTOCOL, FT_TEST_IP */
	bool ends;     /* may follow src, dst, local, remote */
};

/* The operand of a keyword: the word that is the current token, to be passed by next(). */
static int need_operand(struct parser *parser, const struct keyword *keyword)
{
	int result = next(parser);

	if (result < 0)
		return result;
	if (parser->token.kind != TOKEN_WORD && parser->token.kind != TOKEN_QUOTED)
		return fail(parser, _("'%s' needs a word after it"), keyword->word);
	return 0;
}

/* A test for an address or a network. */
static int add_net(struct parser *parser, enum ft_test_end end, const struct ft_net *net,
		   size_t *ret_node)
{
	struct ft_test test = { .kind = FT_TEST_NET, .end = (uint8_t)end, .net = *net };

	return add_test(parser, &test, ret_node);
}

/* host A: an address, or all addresses known for a name. */
static int parse_host(struct parser *parser, const struct keyword *keyword, enum ft_test_end end,
		      size_t *ret_node)
{
	uint8_t addresses[HOST_ADDRESSES_MAX][16];
	struct ft_net net = { .prefix = 128 };
	size_t count = 0, child;
	int result = need_operand(parser, keyword);

	if (result < 0)
		return result;
	if (ft_addr_parse(parser->token.text, net.addr) == 0)
		return add_net(parser, end, &net, ret_node) ?: next(parser);
	if (parser->names)
		count = ft_names_addresses(parser->names, parser->token.text, addresses,
					   HOST_ADDRESSES_MAX);
	if (count == 0)
		return fail(parser, _("no address is known for '%s'"), shown(parser));
	*ret_node = add_node(parser, NODE_ANY);
	for (size_t i = 0; i < count && i < HOST_ADDRESSES_MAX; i++) {
		memcpy(net.addr, addresses[i], 16);
		result = add_net(parser, end, &net, &child);
		if (result < 0)
			return result;
		add_child(parser, *ret_node, child);
	}
	return next(parser);
}

/* net N/len */
static int parse_net(struct parser *parser, const struct keyword *keyword, enum ft_test_end end,
		     size_t *ret_node)
{
	struct ft_net net;
	char why[160];
	int result = need_operand(parser, keyword);

	if (result < 0)
		return result;
	if (ft_net_parse(parser->token.text, &net, why, sizeof(why)) < 0)
		return fail(parser, _("'%s' is no network like 10.0.0.0/8 or 2001:db8::/32"),
			    shown(parser));
	return add_net(parser, end, &net, ret_node) ?: next(parser);
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
static bool is_port(const struct parser *parser, const char *text, uint16_t *ret_port)
{
	return is_number(text, ret_port) ||
	       (parser->names && ft_names_port(parser->names, text, 0, ret_port) == 0);
}

/* port P */
static int parse_port(struct parser *parser, const struct keyword *keyword, enum ft_test_end end,
		      size_t *ret_node)
{
	struct ft_test test = { .kind = FT_TEST_PORT, .end = (uint8_t)end };
	int result = need_operand(parser, keyword);

	if (result < 0)
		return result;
	if (!is_port(parser, parser->token.text, &test.low))
		return fail(parser, _("'%s' is no port (0 to 65535) and no service known here"),
			    shown(parser));
	test.high = test.low;
	return add_test(parser, &test, ret_node) ?: next(parser);
}

/* portrange A-B */
static int parse_portrange(struct parser *parser, const struct keyword *keyword,
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
		return fail(parser, _("'%s' is no range of ports like 8000-8080"),
			    shown(parser));
	return add_test(parser, &test, ret_node) ?: next(parser);
}

/* tcp, ip6 and the like: no operand */
static int parse_plain(struct parser *parser, const struct keyword *keyword, enum ft_test_end end,
		       size_t *ret_node)
{
	struct ft_test test = { .kind = keyword->kind, .low = keyword->number };

	(void)end;
	return add_test(parser, &test, ret_node) ?: next(parser);
}

/* proto N or name */
static int parse_proto(struct parser *parser, const struct keyword *keyword, enum ft_test_end end,
		       size_t *ret_node)
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
		return fail(parser, _("'%s' is no protocol (a name, or 0 to 255)"),
			    shown(parser));
	return add_test(parser, &test, ret_node) ?: next(parser);
}

/* vlan N */
static int parse_vlan(struct parser *parser, const struct keyword *keyword, enum ft_test_end end,
		      size_t *ret_node)
{
	struct ft_test test = { .kind = FT_TEST_VLAN };
	int result = need_operand(parser, keyword);

	(void)end;
	if (result < 0)
		return result;
	if (!is_number(parser->token.text, &test.low) || test.low > 4095)
		return fail(parser, _("'%s' is no VLAN (0 to 4095)"), shown(parser));
	return add_test(parser, &test, ret_node) ?: next(parser);
}

/* pid N */
static int parse_pid(struct parser *parser, const struct keyword *keyword, enum ft_test_end end,
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
		return fail(parser, _("'%s' is no process id"), shown(parser));
	test.value = (double)pid;
	return add_test(parser, &test, ret_node) ?: next(parser);
}

/* iface, process, user, container, state: any word */
static int parse_named(struct parser *parser, const struct keyword *keyword, enum ft_test_end end,
		       size_t *ret_node)
{
	struct ft_test test = { .kind = keyword->kind };
	int result = need_operand(parser, keyword);

	(void)end;
	if (result < 0)
		return result;
	test.word = keep_word(parser, shown(parser));
	return add_test(parser, &test, ret_node) ?: next(parser);
}

/* rate > 1M, age < 10s */
static int parse_compare(struct parser *parser, const struct keyword *keyword,
			 enum ft_test_end end, size_t *ret_node)
{
	struct ft_test test = { .kind = FT_TEST_COMPARE, .field = keyword->field };
	bool is_time = keyword->field >= FT_FIELD_AGE;
	uint64_t ns;
	int result = next(parser);

	(void)end;
	if (result < 0)
		return result;
	if (parser->token.kind != TOKEN_CMP)
		return fail(parser, _("'%s' needs >, >=, <, <= or = after it"), keyword->word);
	test.cmp = (uint8_t)parser->token.cmp;
	result = next(parser);
	if (result < 0)
		return result;
	if (is_time && (parser->token.kind != TOKEN_WORD ||
			ft_num_duration(parser->token.text, &ns) < 0))
		return fail(parser, _("'%s' is no time like 250ms, 10s or 5m"), shown(parser));
	if (!is_time && (parser->token.kind != TOKEN_WORD ||
			 ft_num_scaled(parser->token.text, &test.value) < 0))
		return fail(parser, _("'%s' is no number like 500, 10k or 1.5M"), shown(parser));
	if (is_time)
		test.value = (double)ns;
	return add_test(parser, &test, ret_node) ?: next(parser);
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
	{ .word = "process", .parse = parse_named, .kind = FT_TEST_PROCESS },
	{ .word = "pid", .parse = parse_pid },
	{ .word = "user", .parse = parse_named, .kind = FT_TEST_USER },
	{ .word = "container", .parse = parse_named, .kind = FT_TEST_CONTAINER },
	{ .word = "state", .parse = parse_named, .kind = FT_TEST_STATE },
	{ .word = "rate", .parse = parse_compare, .field = FT_FIELD_RATE },
	{ .word = "bytes", .parse = parse_compare, .field = FT_FIELD_BYTES },
	{ .word = "total", .parse = parse_compare, .field = FT_FIELD_BYTES },
	{ .word = "packets", .parse = parse_compare, .field = FT_FIELD_PACKETS },
	{ .word = "age", .parse = parse_compare, .field = FT_FIELD_AGE },
	{ .word = "idle", .parse = parse_compare, .field = FT_FIELD_IDLE },
	{ .word = "rtt", .parse = parse_compare, .field = FT_FIELD_RTT },
};

static const struct keyword *find_keyword(const struct token *token)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (token->kind == TOKEN_WORD && strcasecmp(token->text, keywords[i].word) == 0)
			return &keywords[i];
	return NULL;
}

/* Any other word: text of any column; a network where it can only be one. */
static int parse_text(struct parser *parser, size_t *ret_node)
{
	struct ft_test test = { .kind = FT_TEST_WORD };
	struct ft_net net;
	char why[160];

	if (parser->token.kind == TOKEN_WORD && strchr(parser->token.text, '/') &&
	    ft_net_parse(parser->token.text, &net, why, sizeof(why)) == 0)
		return add_net(parser, FT_TEST_EITHER, &net, ret_node) ?: next(parser);
	test.word = keep_word(parser, parser->token.text);
	test.length = (uint16_t)strlen(test.word);
	test.v4_like = strspn(test.word, "0123456789.:") == test.length;
	test.v6_like = strspn(test.word, "0123456789abcdef:[]") == test.length;
	test.port_like = strspn(test.word, "0123456789") == test.length;
	test.beyond = strpbrk(test.word, ":[]") != NULL;
	return add_test(parser, &test, ret_node) ?: next(parser);
}

/* What follows src, dst, local or remote: a keyword about ends, an address or a network. */
static int parse_end(struct parser *parser, enum ft_test_end end, const char *qualifier,
		     size_t *ret_node)
{
	const struct keyword *keyword;
	struct ft_net net;
	char why[160];
	int result = next(parser);

	if (result < 0)
		return result;
	keyword = find_keyword(&parser->token);
	if (keyword && keyword->ends)
		return keyword->parse(parser, keyword, end, ret_node);
	if (parser->token.kind == TOKEN_WORD &&
	    ft_net_parse(parser->token.text, &net, why, sizeof(why)) == 0)
		return add_net(parser, end, &net, ret_node) ?: next(parser);
	return fail(parser, _("'%s' needs host, net, port, portrange or an address after it"),
		    qualifier);
}

/* A test, from its first word on. */
static int parse_test(struct parser *parser, size_t *ret_node)
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
		if (parser->token.kind == TOKEN_WORD &&
		    strcasecmp(parser->token.text, ends[i].word) == 0)
			return parse_end(parser, ends[i].end, ends[i].word, ret_node);
	return parse_text(parser, ret_node);
}

/* ---- and, or, not, parentheses */

static int parse_any(struct parser *parser, size_t *ret_node);

static int parse_one(struct parser *parser, size_t *ret_node)
{
	size_t child;
	int result = 0;

	switch (parser->token.kind) {
	case TOKEN_WORD:
	case TOKEN_QUOTED:
		return parse_test(parser, ret_node);
	case TOKEN_NOT:
	case TOKEN_OPEN:
		break;
	case TOKEN_END:
		return fail(parser, _("something is missing at the end"));
	default:
		return fail(parser, _("'%s' stands where a test should"), shown(parser));
	}
	if (++parser->depth > FT_FILTER_DEPTH_MAX)
		return fail(parser, _("too many parentheses or nots inside each other"));
	if (parser->token.kind == TOKEN_NOT) {
		result = next(parser) ?: parse_one(parser, &child);
		if (result == 0) {
			*ret_node = add_node(parser, NODE_NOT);
			add_child(parser, *ret_node, child);
		}
	} else {
		result = next(parser) ?: parse_any(parser, ret_node);
		if (result == 0 && parser->token.kind != TOKEN_CLOSE)
			result = fail(parser, _("a closing parenthesis is missing"));
		result = result ?: next(parser);
	}
	parser->depth--;
	return result;
}

static int parse_all(struct parser *parser, size_t *ret_node)
{
	size_t node = add_node(parser, NODE_ALL), child;
	int result = parse_one(parser, &child);

	while (result == 0) {
		add_child(parser, node, child);
		if (parser->token.kind == TOKEN_AND)
			result = next(parser);
		else if (parser->token.kind == TOKEN_END || parser->token.kind == TOKEN_CLOSE ||
			 parser->token.kind == TOKEN_OR)
			break;
		result = result ?: parse_one(parser, &child);
	}
	*ret_node = node;
	return result;
}

static int parse_any(struct parser *parser, size_t *ret_node)
{
	size_t node = add_node(parser, NODE_ANY), child;
	int result = parse_all(parser, &child);

	while (result == 0) {
		add_child(parser, node, child);
		if (parser->token.kind != TOKEN_OR)
			break;
		result = next(parser) ?: parse_all(parser, &child);
	}
	*ret_node = node;
	return result;
}

/* ---- jumps */

/* Makes a node's tests jump to yes or no; returns the first test. Depth is bounded by the
 * parser's: only parentheses and nots nest. */
static uint16_t link_node(struct parser *parser, size_t index, uint16_t yes, uint16_t no)
{
	const struct node *node = &parser->nodes[index];
	uint16_t target;

	switch (node->kind) {
	case NODE_TEST:
		parser->tests[node->test].yes = yes;
		parser->tests[node->test].no = no;
		return (uint16_t)node->test;
	case NODE_NOT:
		return link_node(parser, node->child - 1, no, yes);
	case NODE_ALL:
		target = yes;
		for (size_t i = node->child; i; i = parser->nodes[i - 1].before)
			target = link_node(parser, i - 1, target, no);
		return target;
	case NODE_ANY:
		target = no;
		for (size_t i = node->child; i; i = parser->nodes[i - 1].before)
			target = link_node(parser, i - 1, yes, target);
		return target;
	}
	return no;
}

/* Parses the whole text into tests that jump. */
static int parse_program(struct parser *parser, uint16_t *ret_start)
{
	size_t root;
	int result;

	if (strlen(parser->text) > FT_FILTER_TEXT_MAX)
		return fail(parser, _("the filter is too long"));
	result = next(parser) ?: parse_any(parser, &root);
	if (result < 0)
		return result;
	if (parser->token.kind != TOKEN_END)
		return fail(parser, _("'%s' closes nothing"), shown(parser));
	*ret_start = link_node(parser, root, FT_FILTER_ACCEPT, FT_FILTER_REJECT);
	return 0;
}

/* A program that takes over the parser's tests and words. */
static struct ft_filter_program *new_program(const struct parser *parser, uint16_t start)
{
	struct ft_filter_program *program = xcalloc(1, sizeof(*program));

	atomic_init(&program->references, 1);
	program->names = parser->names;
	program->tests = parser->tests;
	program->count = parser->test_count;
	program->start = start;
	program->words = parser->words;
	program->word_count = parser->word_count;
	return program;
}

int ft_filter_parse(const char *text, const struct ft_names *names, struct ft_filter **ret_filter,
		    size_t *ret_where, char *err, size_t err_size)
{
	struct parser parser = {
		.text = text, .at = text, .names = names, .err = err, .err_size = err_size,
	};
	struct ft_filter *filter;
	uint16_t start = 0;
	bool empty = text[strspn(text, " \t\r\n\v\f")] == '\0';
	int result = empty ? 0 : parse_program(&parser, &start);

	free(parser.nodes);
	if (result < 0) {
		for (size_t i = 0; i < parser.word_count; i++)
			free(parser.words[i]);
		free(parser.words);
		free(parser.tests);
		if (ret_where)
			*ret_where = parser.where;
		return result;
	}
	filter = xcalloc(1, sizeof(*filter));
	filter->text = xstrdup(empty ? "" : text);
	filter->shown = FT_SHOW_ALL;
	filter->program = empty ? NULL : new_program(&parser, start);
	*ret_filter = filter;
	return 0;
}
