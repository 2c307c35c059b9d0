/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See json_find.h. A cursor that steps over values without recursion: nesting is a counter, for
 * only its end matters of what is stepped over.
 */
#include "capture/json_find.h"

#include <stdint.h>
#include <string.h>

struct cursor {
	const char *at, *end;
};

static void skip_space(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' ||
				  *c->at == '\r'))
		c->at++;
}

/* Steps over a character if it is next. */
static bool take(struct cursor *c, char what)
{
	skip_space(c);
	if (c->at >= c->end || *c->at != what)
		return false;
	c->at++;
	return true;
}

/* Steps over a string whose first quote is next; *ret_body is what stands between the quotes. */
static bool take_string(struct cursor *c, struct cursor *ret_body)
{
	if (!take(c, '"'))
		return false;
	ret_body->at = c->at;
	while (c->at < c->end && *c->at != '"')
		c->at += *c->at == '\\' && c->end - c->at > 1 ? 2 : 1;
	if (c->at >= c->end)
		return false;
	ret_body->end = c->at++;
	return true;
}

/* Steps over any value. */
static bool skip_value(struct cursor *c)
{
	struct cursor body;
	size_t depth = 0;

	do {
		skip_space(c);
		if (c->at >= c->end)
			return false;
		if (*c->at == '"') {
			if (!take_string(c, &body))
				return false;
		} else if (*c->at == '{' || *c->at == '[') {
			depth++;
			c->at++;
		} else if (*c->at == '}' || *c->at == ']') {
			if (depth == 0)
				return false;
			depth--;
			c->at++;
		} else if (*c->at == ',' || *c->at == ':') {
			if (depth == 0)
				return false;
			c->at++;
		} else {
			/* a number, true, false, null */
			while (c->at < c->end && !strchr(" \t\n\r,:{}[]\"", *c->at))
				c->at++;
			if (c->at < c->end && *c->at == '\0')
				return false;
		}
	} while (depth > 0);
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Four hex digits, or -1. */
static int32_t take_unit(struct cursor *c)
{
	int32_t unit = 0;

	if (c->end - c->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(*c->at++);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* A code point after \u, surrogates joined; U+FFFD for what is none. */
static uint32_t take_code(struct cursor *c)
{
	int32_t high = take_unit(c), low;

	if (high < 0)
		return 0xfffd;
	if (high < 0xd800 || high > 0xdfff)
		return (uint32_t)high;
	if (high > 0xdbff || c->end - c->at < 2 || c->at[0] != '\\' || c->at[1] != 'u')
		return 0xfffd;
	c->at += 2;
	low = take_unit(c);
	if (low < 0xdc00 || low > 0xdfff)
		return 0xfffd;
	return 0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
}

/* A code point as UTF-8; its length. */
static size_t encode(uint32_t code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* The next character of a string's body, escapes undone; its length, 0 at the end. */
static size_t next_character(struct cursor *body, char out[4])
{
	static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *escape;

	if (body->at >= body->end)
		return 0;
	out[0] = *body->at++;
	if (out[0] != '\\' || body->at >= body->end)
		return 1;
	if (*body->at == 'u') {
		body->at++;
		return encode(take_code(body), out);
	}
	escape = *body->at ? strchr(escapes, *body->at) : NULL;
	out[0] = escape ? meant[escape - escapes] : *body->at;
	body->at++;
	return 1;
}

static void copy_string(struct cursor body, char *buf, size_t size)
{
	size_t used = 0, length;
	char out[4];

	while ((length = next_character(&body, out)) > 0 && out[0] && used + length < size) {
		memcpy(buf + used, out, length);
		used += length;
	}
	buf[used] = '\0';
}

/* True if a member's name is this one. */
static bool is_name(struct cursor body, const char *name)
{
	size_t length;
	char out[4];

	if (strcmp(name, "*") == 0)
		return true;
	while ((length = next_character(&body, out)) > 0) {
		/* a zero in it is no end of ours: nothing lies behind that */
		if (!*name || strncmp(name, out, length) != 0)
			return false;
		name += length;
	}
	return !*name;
}

/* The value of the path below the value at the cursor; its recursion is as deep as the path. */
static bool find(struct cursor *c, const char *const path[], char *buf, size_t size)
{
	struct cursor name, value, body;
	bool object;

	if (!path[0]) {
		if (!take_string(c, &body))
			return false;
		copy_string(body, buf, size);
		return true;
	}
	skip_space(c);
	object = c->at < c->end && *c->at == '{';
	if (!take(c, '{') && !(strcmp(path[0], "*") == 0 && take(c, '[')))
		return false;
	do {
		if (object && (!take_string(c, &name) || !take(c, ':')))
			return false;
		value = *c;
		if (!skip_value(c))
			return false;
		value.end = c->at;
		if ((!object || is_name(name, path[0])) && find(&value, path + 1, buf, size))
			return true;
	} while (take(c, ','));
	return false;
}

bool ft_json_find(const char *text, size_t length, const char *const path[], char *buf,
		  size_t size)
{
	struct cursor c = { text, text + length };

	buf[0] = '\0';
	return find(&c, path, buf, size);
}

bool ft_json_each(const char *text, size_t length,
		  bool (*each)(void *arg, const char *element, size_t length), void *arg)
{
	struct cursor c = { text, text + length };

	if (!take(&c, '['))
		return false;
	do {
		const char *begin;

		skip_space(&c);
		begin = c.at;
		if (!skip_value(&c))
			return false;
		if (each(arg, begin, (size_t)(c.at - begin)))
			return true;
	} while (take(&c, ','));
	return false;
}
