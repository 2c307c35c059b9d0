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
 *           | ( iface | observer | process | pid | user | container | state | event ) WORD | in | out
 *           | ( rate | bytes | packets | total | age | idle | rtt ) ( > | >= | < | <= | = ) NUMBER
 *           | WORD
 *
 * Keywords know no case; a word in quotes is never a keyword. Depth, length and number of
 * tests are bounded. First a tree, then jumps, made from the last test backwards so that
 * every target is known when it is needed.
 */
#include "core/filter_parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/fmt.h"
#include "core/nls.h"
#include "core/xalloc.h"

/* Says what is wrong at the current token; -EINVAL. */
int ft_parser_fail(struct ft_parser *parser, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parser->err, parser->err_size, format, args);
	va_end(args);
	parser->where = parser->token.where;
	return -EINVAL;
}

/* The current token's text, escaped for a sentence; good until the next call. */
const char *ft_parser_shown(struct ft_parser *parser)
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
static int scan_word(struct ft_parser *parser)
{
	struct ft_token *token = &parser->token;
	char quote = *parser->at == '"' || *parser->at == '\'' ? *parser->at : '\0';
	size_t length = 0;

	token->kind = quote ? FT_TOKEN_QUOTED : FT_TOKEN_WORD;
	token->text[0] = '\0';
	if (quote)
		parser->at++;
	while (quote ? *parser->at && *parser->at != quote : !ends_word(parser->at)) {
		if (length + 1 >= sizeof(token->text))
			return ft_parser_fail(parser, _("a word is too long"));
		token->text[length++] = *parser->at++;
	}
	token->text[length] = '\0';
	if (quote && *parser->at != quote)
		return ft_parser_fail(parser, _("the quote is not closed"));
	if (quote)
		parser->at++;
	if (length == 0)
		return ft_parser_fail(parser, _("empty word"));
	return 0;
}

/* True (and past it) if the text goes on with `sign`. */
static bool take_sign(struct ft_parser *parser, const char *sign)
{
	size_t length = strlen(sign);

	if (strncmp(parser->at, sign, length) != 0)
		return false;
	parser->at += length;
	snprintf(parser->token.text, sizeof(parser->token.text), "%s", sign);
	return true;
}

/* Reads the next token. */
int ft_parser_next(struct ft_parser *parser)
{
	static const struct {
		const char *sign;
		enum ft_token_kind kind;
		enum ft_test_cmp cmp;
	} signs[] = {
		{ "(", FT_TOKEN_OPEN, 0 },		   { ")", FT_TOKEN_CLOSE, 0 },
		{ "&&", FT_TOKEN_AND, 0 },		   { "||", FT_TOKEN_OR, 0 },
		{ "!", FT_TOKEN_NOT, 0 },		   { ">=", FT_TOKEN_CMP, FT_TEST_GE },
		{ "<=", FT_TOKEN_CMP, FT_TEST_LE },   { "==", FT_TOKEN_CMP, FT_TEST_EQ },
		{ ">", FT_TOKEN_CMP, FT_TEST_GT },	   { "<", FT_TOKEN_CMP, FT_TEST_LT },
		{ "=", FT_TOKEN_CMP, FT_TEST_EQ },
	};
	static const struct {
		const char *word;
		enum ft_token_kind kind;
	} words[] = { { "and", FT_TOKEN_AND }, { "or", FT_TOKEN_OR }, { "not", FT_TOKEN_NOT } };
	int result;

	while (isspace((unsigned char)*parser->at))
		parser->at++;
	parser->token.where = (size_t)(parser->at - parser->text);
	parser->token.text[0] = '\0';
	if (!*parser->at) {
		parser->token.kind = FT_TOKEN_END;
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
		if (parser->token.kind == FT_TOKEN_WORD &&
		    strcasecmp(parser->token.text, words[i].word) == 0)
			parser->token.kind = words[i].kind;
	return result;
}

/* ---- tree */

size_t ft_parser_add_node(struct ft_parser *parser, enum ft_node_kind kind)
{
	if (parser->node_count == parser->node_room) {
		parser->node_room = parser->node_room ? parser->node_room * 2 : 32;
		parser->nodes = xreallocarray(parser->nodes, parser->node_room,
					      sizeof(*parser->nodes));
	}
	parser->nodes[parser->node_count] = (struct ft_node){ .kind = kind };
	return parser->node_count++;
}

/* Puts a child to the right of those there are. */
void ft_parser_add_child(struct ft_parser *parser, size_t parent, size_t child)
{
	parser->nodes[child].before = parser->nodes[parent].child;
	parser->nodes[parent].child = child + 1;
}

/* ---- and, or, not, parentheses */

static int parse_any(struct ft_parser *parser, size_t *ret_node);

static int parse_one(struct ft_parser *parser, size_t *ret_node)
{
	size_t child;
	int result = 0;

	switch (parser->token.kind) {
	case FT_TOKEN_WORD:
	case FT_TOKEN_QUOTED:
		return ft_parser_test(parser, ret_node);
	case FT_TOKEN_NOT:
	case FT_TOKEN_OPEN:
		break;
	case FT_TOKEN_END:
		return ft_parser_fail(parser, _("something is missing at the end"));
	default:
		return ft_parser_fail(parser, _("'%s' stands where a test should"),
				      ft_parser_shown(parser));
	}
	if (++parser->depth > FT_FILTER_DEPTH_MAX)
		return ft_parser_fail(parser, _("too many parentheses or nots inside each other"));
	if (parser->token.kind == FT_TOKEN_NOT) {
		result = ft_parser_next(parser) ?: parse_one(parser, &child);
		if (result == 0) {
			*ret_node = ft_parser_add_node(parser, FT_NODE_NOT);
			ft_parser_add_child(parser, *ret_node, child);
		}
	} else {
		result = ft_parser_next(parser) ?: parse_any(parser, ret_node);
		if (result == 0 && parser->token.kind != FT_TOKEN_CLOSE)
			result = ft_parser_fail(parser, _("a closing parenthesis is missing"));
		result = result ?: ft_parser_next(parser);
	}
	parser->depth--;
	return result;
}

static int parse_all(struct ft_parser *parser, size_t *ret_node)
{
	size_t node = ft_parser_add_node(parser, FT_NODE_ALL), child;
	int result = parse_one(parser, &child);

	while (result == 0) {
		ft_parser_add_child(parser, node, child);
		if (parser->token.kind == FT_TOKEN_AND)
			result = ft_parser_next(parser);
		else if (parser->token.kind == FT_TOKEN_END ||
			 parser->token.kind == FT_TOKEN_CLOSE || parser->token.kind == FT_TOKEN_OR)
			break;
		result = result ?: parse_one(parser, &child);
	}
	*ret_node = node;
	return result;
}

static int parse_any(struct ft_parser *parser, size_t *ret_node)
{
	size_t node = ft_parser_add_node(parser, FT_NODE_ANY), child;
	int result = parse_all(parser, &child);

	while (result == 0) {
		ft_parser_add_child(parser, node, child);
		if (parser->token.kind != FT_TOKEN_OR)
			break;
		result = ft_parser_next(parser) ?: parse_all(parser, &child);
	}
	*ret_node = node;
	return result;
}

/* ---- jumps */

/* Makes a node's tests jump to yes or no; returns the first test. Depth is bounded by the
 * parser's: only parentheses and nots nest. */
static uint16_t link_node(struct ft_parser *parser, size_t index, uint16_t yes, uint16_t no)
{
	const struct ft_node *node = &parser->nodes[index];
	uint16_t target;

	switch (node->kind) {
	case FT_NODE_TEST:
		parser->tests[node->test].yes = yes;
		parser->tests[node->test].no = no;
		return (uint16_t)node->test;
	case FT_NODE_NOT:
		return link_node(parser, node->child - 1, no, yes);
	case FT_NODE_ALL:
		target = yes;
		for (size_t i = node->child; i; i = parser->nodes[i - 1].before)
			target = link_node(parser, i - 1, target, no);
		return target;
	case FT_NODE_ANY:
		target = no;
		for (size_t i = node->child; i; i = parser->nodes[i - 1].before)
			target = link_node(parser, i - 1, yes, target);
		return target;
	}
	return no;
}

/* Parses the whole text into tests that jump. */
static int parse_program(struct ft_parser *parser, size_t *ret_root, uint16_t *ret_start)
{
	size_t root;
	int result;

	if (strlen(parser->text) > FT_FILTER_TEXT_MAX)
		return ft_parser_fail(parser, _("the filter is too long"));
	result = ft_parser_next(parser) ?: parse_any(parser, &root);
	if (result < 0)
		return result;
	if (parser->token.kind != FT_TOKEN_END)
		return ft_parser_fail(parser, _("'%s' closes nothing"), ft_parser_shown(parser));
	*ret_root = root;
	*ret_start = link_node(parser, root, FT_FILTER_ACCEPT, FT_FILTER_REJECT);
	return 0;
}

/* A program that takes over the parser's tests, tree and words. */
static struct ft_filter_program *new_program(const struct ft_parser *parser, size_t root,
					     uint16_t start)
{
	struct ft_filter_program *program = xcalloc(1, sizeof(*program));

	atomic_init(&program->references, 1);
	program->names = parser->names;
	program->tests = parser->tests;
	program->count = parser->test_count;
	program->start = start;
	program->nodes = parser->nodes;
	program->root = root;
	program->words = parser->words;
	program->word_count = parser->word_count;
	return program;
}

int ft_filter_parse(const char *text, const struct ft_names *names, struct ft_filter **ret_filter,
		    size_t *ret_where, char *err, size_t err_size)
{
	struct ft_parser parser = {
		.text = text, .at = text, .names = names, .err = err, .err_size = err_size,
	};
	struct ft_filter *filter;
	size_t root = 0;
	uint16_t start = 0;
	bool empty = text[strspn(text, " \t\r\n\v\f")] == '\0';
	int result = empty ? 0 : parse_program(&parser, &root, &start);

	if (result < 0) {
		for (size_t i = 0; i < parser.word_count; i++)
			free(parser.words[i]);
		free(parser.words);
		free(parser.nodes);
		free(parser.tests);
		if (ret_where)
			*ret_where = parser.where;
		return result;
	}
	filter = xcalloc(1, sizeof(*filter));
	filter->text = xstrdup(empty ? "" : text);
	filter->shown = FT_SHOW_ALL;
	filter->program = empty ? NULL : new_program(&parser, root, start);
	*ret_filter = filter;
	return 0;
}
