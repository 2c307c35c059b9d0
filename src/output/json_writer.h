/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A streaming JSON writer into one growing buffer: objects, arrays, integers, texts. It sets the
 * commas; the caller balances begin and end. Texts come out as valid UTF-8 whatever they hold.
 * Names of members are ours and are not escaped; NULL inside arrays and for the outermost.
 */
#ifndef FT_OUTPUT_JSON_WRITER_H
#define FT_OUTPUT_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ft_json {
	char *data; /* owned; not NUL-ended */
	size_t used, size;
	bool comma; /* the next member or element needs one */
};

void ft_json_done(struct ft_json *json); /* frees; init is {0} */
void ft_json_reset(struct ft_json *json); /* empties, keeps memory */
void ft_json_raw(struct ft_json *json, const char *bytes, size_t length);

void ft_json_begin(struct ft_json *json, const char *name, size_t name_length); /* { */
void ft_json_end(struct ft_json *json);
void ft_json_array(struct ft_json *json, const char *name); /* [ */
void ft_json_array_end(struct ft_json *json);
void ft_json_uint(struct ft_json *json, const char *name, uint64_t value);
void ft_json_int(struct ft_json *json, const char *name, int64_t value);
/* A number with three places: 1234 as 1.234. */
void ft_json_thousandths(struct ft_json *json, const char *name, uint64_t value);
void ft_json_bool(struct ft_json *json, const char *name, bool value);
/* Bad bytes become U+FFFD, and then the member NAME_hex holds the raw ones. */
void ft_json_text(struct ft_json *json, const char *name, const char *text, size_t length);
void ft_json_string(struct ft_json *json, const char *name, const char *text); /* NUL-ended */

#endif
