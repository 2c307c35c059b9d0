/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parser of the display filter, shared by its two files: filter_parse.c has tokens, `and`,
 * `or`, `not` and parentheses, filter_words.c the tests.
 */
#ifndef FT_CORE_FILTER_PARSE_H
#define FT_CORE_FILTER_PARSE_H

#include "core/filter_priv.h"

enum ft_token_kind {
	FT_TOKEN_END,
	FT_TOKEN_WORD,
	FT_TOKEN_QUOTED,
	FT_TOKEN_OPEN,
	FT_TOKEN_CLOSE,
	FT_TOKEN_AND,
	FT_TOKEN_OR,
	FT_TOKEN_NOT,
	FT_TOKEN_CMP,
};

struct ft_token {
	enum ft_token_kind kind;
	enum ft_test_cmp cmp;
	size_t where;
	char text[256];
};

struct ft_parser {
	const char *text, *at;
	const struct ft_names *names;
	struct ft_token token;
	unsigned depth;
	struct ft_test *tests;
	size_t test_count, test_room;
	struct ft_node *nodes;
	size_t node_count, node_room;
	char **words;
	size_t word_count, word_room;
	size_t where; /* of the fault */
	char shown[80];
	char *err;
	size_t err_size;
};

/* filter_parse.c: says what is wrong at the current token; -EINVAL. */
int ft_parser_fail(struct ft_parser *parser, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The current token's text, escaped for a sentence; good until the next call. */
const char *ft_parser_shown(struct ft_parser *parser);
/* Reads the next token; 0 or -EINVAL. */
int ft_parser_next(struct ft_parser *parser);
/* The tree: a new node, and a child to the right of those there are. */
size_t ft_parser_add_node(struct ft_parser *parser, enum ft_node_kind kind);
void ft_parser_add_child(struct ft_parser *parser, size_t parent, size_t child);

/* filter_words.c: parses a test from its first word on, up to the token behind it. */
int ft_parser_test(struct ft_parser *parser, size_t *ret_node);

#endif
