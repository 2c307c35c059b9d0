/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See http_answer.h. A cursor over the text; nothing is copied, nothing is remembered. */
#include "capture/http_answer.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* The end of the line at `at`, behind its newline, or NULL if it hasn't come yet. */
static const char *line_end(const char *at, const char *end)
{
	const char *newline = memchr(at, '\n', (size_t)(end - at));

	return newline ? newline + 1 : NULL;
}

/* True if a line holds nothing. */
static bool is_empty(const char *line, const char *next)
{
	return next - line == 1 || (next - line == 2 && line[0] == '\r');
}

/* A number at the begin of a text; its end, or NULL if there is none, or too large a one. */
static const char *take_number(const char *at, const char *end, unsigned base, size_t *ret_number)
{
	const char *begin = at;
	size_t number = 0;

	for (; at < end; at++) {
		int c = tolower((unsigned char)*at);
		unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') :
				 c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : base;

		if (digit >= base)
			break;
		if (number > (INT32_MAX - digit) / base) /* sums of two fit wherever we run */
			return NULL;
		number = number * base + digit;
	}
	*ret_number = number;
	return at > begin ? at : NULL;
}

/* The value of a header if the line has that name, else NULL. */
static const char *value_of(const char *line, const char *next, const char *name)
{
	size_t length = strlen(name);

	if ((size_t)(next - line) <= length || strncasecmp(line, name, length) != 0)
		return NULL;
	line += length;
	while (line < next && (*line == ' ' || *line == '\t'))
		line++;
	return line;
}

/* True if a value begins with this word. */
static bool is_word(const char *value, const char *next, const char *word)
{
	return value && (size_t)(next - value) > strlen(word) &&
	       strncasecmp(value, word, strlen(word)) == 0;
}

/* Walks over chunks; 1: there is the last one; 0: more has to come; -EBADMSG. */
static int walk_chunks(const char *at, const char *end, const char **ret_end)
{
	for (;;) {
		const char *next = line_end(at, end);
		size_t size;

		if (!next)
			return end - at > 256 ? -EBADMSG : 0;
		if (!take_number(at, next, 16, &size))
			return -EBADMSG;
		if (size == 0) {
			at = next;
			break;
		}
		if ((size_t)(end - next) < size + 2)
			return 0;
		at = next + size;
		next = line_end(at, end);
		if (!next || !is_empty(at, next))
			return next || end - at > 2 ? -EBADMSG : 0;
		at = next;
	}
	for (;;) { /* what may follow the last one, to an empty line */
		const char *next = line_end(at, end);

		if (!next)
			return end - at > FT_HTTP_HEAD_MAX ? -EBADMSG : 0;
		if (is_empty(at, next)) {
			*ret_end = next;
			return 1;
		}
		at = next;
	}
}

/* "HTTP/1.1 200 OK"; -EBADMSG if that isn't it. */
static int parse_status(const char *line, const char *next, struct ft_http_answer *answer)
{
	size_t status;

	if (next - line < 14 || memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ' ||
	    !take_number(line + 9, next, 10, &status) || status < 200 || status > 599)
		return -EBADMSG;
	answer->closes = line[7] == '0';
	answer->status = (unsigned)status;
	return 0;
}

int ft_http_answer_parse(const char *text, size_t length, bool closed,
			 struct ft_http_answer *ret_answer)
{
	struct ft_http_answer answer = { .closes = false };
	const char *end = text + length, *line = text, *next = line_end(line, end), *last = end;
	size_t size = 0;
	bool sized = false;
	int ret;

	if (next && parse_status(line, next, &answer) < 0)
		return -EBADMSG;
	while (next && !is_empty(line, next)) {
		const char *value = value_of(line, next, "content-length:");

		if (value && !take_number(value, next, 10, &size))
			return -EBADMSG;
		sized |= value != NULL;
		answer.chunked |= is_word(value_of(line, next, "transfer-encoding:"), next,
					  "chunked");
		answer.closes |= is_word(value_of(line, next, "connection:"), next, "close");
		line = next;
		next = line_end(line, end);
	}
	if (!next || next - text > FT_HTTP_HEAD_MAX)
		return closed || length > FT_HTTP_HEAD_MAX ? -EBADMSG : 0;
	answer.body = (size_t)(next - text);
	if (answer.chunked) {
		ret = walk_chunks(next, end, &last);
	} else if (sized) {
		ret = (size_t)(end - next) >= size;
		last = ret ? next + size : end;
	} else {
		answer.closes = true;
		ret = closed;
	}
	if (ret == 0 && closed)
		return -EBADMSG;
	answer.length = (size_t)(last - next);
	if (ret == 1)
		*ret_answer = answer;
	return ret;
}

size_t ft_http_answer_join(char *body, size_t length)
{
	const char *at = body, *end = body + length, *next;
	size_t have = 0, size;

	while ((next = line_end(at, end)) && take_number(at, next, 16, &size) && size > 0 &&
	       (size_t)(end - next) >= size) {
		memmove(body + have, next, size);
		have += size;
		next = line_end(next + size, end);
		if (!next)
			break;
		at = next;
	}
	return have;
}
