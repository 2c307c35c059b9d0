/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader: recursive descent over RFC 8259, stricter where our records are (no null, no
 * fractions, no duplicate names). Tests only.
 */
#include "json_read.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "output/utf8.h"

#define DEPTH_MAX 16

static bool read_value(const char **at, struct leaves *leaves, const char *path, int depth);

/* Blanks. */
static void blanks(const char **at)
{
	*at += strspn(*at, " \t\r\n");
}

/* Adds a leaf; false if the path is there already. */
static struct leaf *add(struct leaves *leaves, const char *path, char kind)
{
	struct leaf *leaf;

	if (leaf_find(leaves, path))
		return NULL;
	leaves->list = realloc(leaves->list, (leaves->count + 1) * sizeof(*leaf));
	assert_non_null(leaves->list);
	leaf = &leaves->list[leaves->count++];
	*leaf = (struct leaf){ .kind = kind };
	snprintf(leaf->path, sizeof(leaf->path), "%s", path);
	return leaf;
}

/* An escape behind the backslash; writes one byte (only \u00XX is used by our writer). */
static bool read_escape(const char **at, char *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *known = **at ? strchr(from, **at) : NULL;
	unsigned value;
	char digits[5];

	if (known) {
		*out = to[known - from];
		(*at)++;
		return true;
	}
	if (**at != 'u' || strnlen(*at, 5) < 5)
		return false;
	memcpy(digits, *at + 1, 4);
	digits[4] = '\0';
	if (strspn(digits, "0123456789abcdefABCDEF") != 4)
		return false;
	value = (unsigned)strtoul(digits, NULL, 16);
	*at += 5;
	*out = (char)value;
	return value < 0x80;
}

/* A string; caller frees. */
static char *read_string(const char **at)
{
	char *text = malloc(strlen(*at) + 1), *out = text;

	assert_non_null(text);
	if (*(*at)++ != '"')
		goto fail;
	while (**at != '"') {
		if ((unsigned char)**at < 0x20)
			goto fail; /* the end, too */
		if (**at == '\\') {
			(*at)++;
			if (!read_escape(at, out++))
				goto fail;
			continue;
		}
		*out++ = *(*at)++;
	}
	(*at)++;
	*out = '\0';
	if (ft_utf8_valid(text, (size_t)(out - text)))
		return text;
fail:
	free(text);
	return NULL;
}

/* { ... } */
static bool read_object(const char **at, struct leaves *leaves, const char *path, int depth)
{
	char *name, member[256];
	bool fine = true;

	(*at)++;
	blanks(at);
	if (**at == '}') {
		(*at)++;
		return add(leaves, path, '{') != NULL;
	}
	do {
		blanks(at);
		name = read_string(at);
		if (!name)
			return false;
		snprintf(member, sizeof(member), "%s%s%s", path, *path ? "." : "", name);
		free(name);
		blanks(at);
		fine = *(*at)++ == ':' && read_value(at, leaves, member, depth);
		blanks(at);
	} while (fine && *(*at)++ == ',');
	return fine && (*at)[-1] == '}';
}

/* [ ... ] */
static bool read_array(const char **at, struct leaves *leaves, const char *path, int depth)
{
	char element[256];
	bool fine = true;
	unsigned i = 0;

	(*at)++;
	blanks(at);
	if (**at == ']') {
		(*at)++;
		return add(leaves, path, '[') != NULL;
	}
	do {
		snprintf(element, sizeof(element), "%s[%u]", path, i++);
		fine = read_value(at, leaves, element, depth);
		blanks(at);
	} while (fine && *(*at)++ == ',');
	return fine && (*at)[-1] == ']';
}

/* An unsigned integer without leading zeros. */
static bool read_number(const char **at, struct leaves *leaves, const char *path)
{
	struct leaf *leaf;
	char *end;

	if (**at == '0' && isdigit((unsigned char)(*at)[1]))
		return false;
	leaf = add(leaves, path, 'n');
	if (!leaf)
		return false;
	leaf->number = strtoull(*at, &end, 10);
	*at = end;
	return !strchr(".eE", *end) || !*end;
}

/* Anything. */
static bool read_value(const char **at, struct leaves *leaves, const char *path, int depth)
{
	struct leaf *leaf;
	bool value;

	blanks(at);
	if (depth > DEPTH_MAX)
		return false;
	if (**at == '{')
		return read_object(at, leaves, path, depth + 1);
	if (**at == '[')
		return read_array(at, leaves, path, depth + 1);
	if (isdigit((unsigned char)**at))
		return read_number(at, leaves, path);
	if (**at == '"') {
		leaf = add(leaves, path, 's');
		if (!leaf)
			return false;
		leaf->text = read_string(at);
		return leaf->text != NULL;
	}
	value = !strncmp(*at, "true", 4);
	if (!value && strncmp(*at, "false", 5) != 0)
		return false;
	*at += value ? 4 : 5;
	leaf = add(leaves, path, 'b');
	if (leaf)
		leaf->number = value;
	return leaf != NULL;
}

/* One document. */
bool json_read(const char **at, struct leaves *ret_leaves)
{
	*ret_leaves = (struct leaves){ 0 };
	return read_value(at, ret_leaves, "", 0);
}

/* Frees. */
void leaves_done(struct leaves *leaves)
{
	for (size_t i = 0; i < leaves->count; i++)
		free(leaves->list[i].text);
	free(leaves->list);
	*leaves = (struct leaves){ 0 };
}

/* By path. */
const struct leaf *leaf_find(const struct leaves *leaves, const char *path)
{
	for (size_t i = 0; i < leaves->count; i++)
		if (!strcmp(leaves->list[i].path, path))
			return &leaves->list[i];
	return NULL;
}

/* A number that must be there. */
uint64_t leaf_number(const struct leaves *leaves, const char *path)
{
	const struct leaf *leaf = leaf_find(leaves, path);

	if (!leaf || leaf->kind != 'n')
		fail_msg("no number at %s", path);
	return leaf->number;
}

/* A text that must be there. */
const char *leaf_text(const struct leaves *leaves, const char *path)
{
	const struct leaf *leaf = leaf_find(leaves, path);

	if (!leaf || leaf->kind != 's')
		fail_msg("no text at %s", path);
	return leaf->text;
}
