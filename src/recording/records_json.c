/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See records_json.h. */
#include "recording/records_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/num.h"
#include "core/xalloc.h"

#define TEXT_MAX 65536

struct json_object *ft_member(struct json_object *object, const char *name, enum json_type type)
{
	struct json_object *value = NULL;

	if (!object || !json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, name, &value) || !value ||
	    !json_object_is_type(value, type))
		return NULL;
	return value;
}

struct json_object *ft_member_object(struct json_object *object, const char *name)
{
	return ft_member(object, name, json_type_object);
}

bool ft_member_get(struct json_object *object, const char *name, uint64_t max, uint64_t *ret_value)
{
	struct json_object *value = ft_member(object, name, json_type_int);
	uint64_t number;

	if (!value || json_object_get_int64(value) < 0)
		return false;
	number = json_object_get_uint64(value);
	if (number > max)
		return false;
	*ret_value = number;
	return true;
}

uint64_t ft_member_number(struct json_object *object, const char *name, uint64_t max)
{
	uint64_t value = 0;

	ft_member_get(object, name, max, &value);
	return value;
}

const char *ft_member_text(struct json_object *object, const char *name)
{
	struct json_object *value = ft_member(object, name, json_type_string);

	if (!value || json_object_get_string_len(value) > TEXT_MAX)
		return "";
	return json_object_get_string(value);
}

static int nibble(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

char *ft_member_raw(struct json_object *object, const char *name)
{
	char hex_name[64], *bytes;
	const char *hex;
	size_t length;

	snprintf(hex_name, sizeof(hex_name), "%s_hex", name);
	hex = ft_member_text(object, hex_name);
	length = strlen(hex);
	if (length == 0 || length % 2 != 0)
		return xstrdup(ft_member_text(object, name));
	bytes = xcalloc(length / 2 + 1, 1);
	for (size_t i = 0; i < length / 2; i++) {
		int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);

		if (high < 0 || low < 0 || (high == 0 && low == 0)) {
			free(bytes);
			return xstrdup(ft_member_text(object, name));
		}
		bytes[i] = (char)(high << 4 | low);
	}
	return bytes;
}

bool ft_member_flag(struct json_object *object, const char *name)
{
	struct json_object *value = ft_member(object, name, json_type_boolean);

	return value && json_object_get_boolean(value);
}

uint16_t ft_member_scope(struct ft_records *r, struct json_object *object, const char *name)
{
	char *raw = ft_member_raw(object, name);
	uint16_t scope = ft_records_scope(r, raw);

	free(raw);
	return scope;
}

/* A time; 0 if there is none. */
uint64_t ft_member_time(struct json_object *object, const char *name)
{
	uint64_t ns;

	return ft_num_time(ft_member_text(object, name), &ns) == 0 ? ns : 0;
}
