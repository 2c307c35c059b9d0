/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON writer. One buffer a record, handed to stdio in one piece, so that a line is never
 * mixed with another. Called by json.c on whichever thread writes; holds nothing but the buffer.
 */
#include "output/json_writer.h"

#include <stdlib.h>
#include <string.h>

#include "core/xalloc.h"
#include "output/utf8.h"

/* Frees the buffer. */
void ft_json_done(struct ft_json *json)
{
	free(json->data);
	*json = (struct ft_json){ 0 };
}

/* A new document in the old memory. */
void ft_json_reset(struct ft_json *json)
{
	json->used = 0;
	json->comma = false;
}

/* Bytes as they are. */
void ft_json_raw(struct ft_json *json, const char *bytes, size_t length)
{
	if (json->used + length > json->size) {
		json->size = (json->used + length) * 2 + 1024;
		json->data = xrealloc(json->data, json->size);
	}
	memcpy(json->data + json->used, bytes, length);
	json->used += length;
}

/* One byte. */
static void put(struct ft_json *json, char byte)
{
	ft_json_raw(json, &byte, 1);
}

/* The comma if one is due, and the member's name. */
static void name_of(struct ft_json *json, const char *name, size_t length)
{
	if (json->comma)
		put(json, ',');
	json->comma = true;
	if (!name)
		return;
	put(json, '"');
	ft_json_raw(json, name, length);
	ft_json_raw(json, "\":", 2);
}

/* The same for a NUL-ended name. */
static void member(struct ft_json *json, const char *name)
{
	name_of(json, name, name ? strlen(name) : 0);
}

/* Begins an object. */
void ft_json_begin(struct ft_json *json, const char *name, size_t name_length)
{
	name_of(json, name, name_length);
	put(json, '{');
	json->comma = false;
}

/* Ends an object. */
void ft_json_end(struct ft_json *json)
{
	put(json, '}');
	json->comma = true;
}

/* Begins an array. */
void ft_json_array(struct ft_json *json, const char *name)
{
	member(json, name);
	put(json, '[');
	json->comma = false;
}

/* Ends an array. */
void ft_json_array_end(struct ft_json *json)
{
	put(json, ']');
	json->comma = true;
}

/* A number. */
void ft_json_uint(struct ft_json *json, const char *name, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	member(json, name);
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	ft_json_raw(json, digits + at, sizeof(digits) - at);
}

/* A number that may be negative. */
void ft_json_int(struct ft_json *json, const char *name, int64_t value)
{
	if (value >= 0) {
		ft_json_uint(json, name, (uint64_t)value);
		return;
	}
	member(json, name);
	ft_json_raw(json, "-", 1);
	json->comma = false; /* the sign is no member of its own */
	ft_json_uint(json, NULL, -(uint64_t)value);
}

/* A number with three places. */
void ft_json_thousandths(struct ft_json *json, const char *name, uint64_t value)
{
	char places[4] = { '.', (char)('0' + value / 100 % 10), (char)('0' + value / 10 % 10),
			   (char)('0' + value % 10) };

	ft_json_uint(json, name, value / 1000);
	ft_json_raw(json, places, sizeof(places));
}

/* true or false. */
void ft_json_bool(struct ft_json *json, const char *name, bool value)
{
	member(json, name);
	ft_json_raw(json, value ? "true" : "false", value ? 4 : 5);
}

/* One ASCII character that JSON, or a terminal, wants escaped. */
static void put_escaped(struct ft_json *json, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = { '\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15] };

	if (byte == '"' || byte == '\\') {
		put(json, '\\');
		put(json, (char)byte);
	} else {
		ft_json_raw(json, text, sizeof(text));
	}
}

/* NAME_hex beside a text that had bad bytes. */
static void put_hex(struct ft_json *json, const char *name, const char *text, size_t length)
{
	static const char hex[] = "0123456789abcdef";
	char *long_name = xasprintf("%s_hex", name);

	member(json, long_name);
	free(long_name);
	put(json, '"');
	for (size_t i = 0; i < length; i++) {
		put(json, hex[(unsigned char)text[i] >> 4]);
		put(json, hex[(unsigned char)text[i] & 15]);
	}
	put(json, '"');
}

/* How many bytes from here on are put as they are: nearly all of nearly all texts. */
static size_t plain_length(const char *text, size_t length)
{
	size_t n = 0;

	while (n < length && text[n] >= 0x20 && text[n] < 0x7f && text[n] != '"' && text[n] != '\\')
		n++;
	return n;
}

/* A text of any bytes. */
void ft_json_text(struct ft_json *json, const char *name, const char *text, size_t length)
{
	bool bad = false;
	size_t step;

	member(json, name);
	put(json, '"');
	for (size_t at = 0; at < length; at += step) {
		step = plain_length(text + at, length - at);
		if (step) {
			ft_json_raw(json, text + at, step);
			continue;
		}
		step = ft_utf8_length(text + at, length - at);
		if (step == 1) {
			put_escaped(json, (unsigned char)text[at]);
		} else if (step > 1) {
			ft_json_raw(json, text + at, step);
		} else {
			ft_json_raw(json, "\xef\xbf\xbd", 3);
			step = 1;
			bad = true;
		}
	}
	put(json, '"');
	if (bad && name)
		put_hex(json, name, text, length);
}

/* A NUL-ended text. */
void ft_json_string(struct ft_json *json, const char *name, const char *text)
{
	ft_json_text(json, name, text, strlen(text));
}
