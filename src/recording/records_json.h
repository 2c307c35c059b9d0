/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of a record, checked: what is missing, of another kind, too long or out of range is as if
 * it were not there. An object may be NULL: it has no members. For the files that read records.
 */
#ifndef FT_RECORDING_RECORDS_JSON_H
#define FT_RECORDING_RECORDS_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "recording/records_priv.h"

/* One of a kind, borrowed; NULL if there is none. */
struct json_object *ft_member(struct json_object *object, const char *name, enum json_type type);
struct json_object *ft_member_object(struct json_object *object, const char *name);
/* A whole number from 0 to max; false, or 0, if there is none. */
bool ft_member_get(struct json_object *object, const char *name, uint64_t max,
		   uint64_t *ret_value);
uint64_t ft_member_number(struct json_object *object, const char *name, uint64_t max);
/* A text of bounded length, borrowed; "" if there is none. */
const char *ft_member_text(struct json_object *object, const char *name);
/* The same with the bytes that were no UTF-8, if NAME_hex has them. Caller frees. */
char *ft_member_raw(struct json_object *object, const char *name);
/* 0 if there is none. */
uint64_t ft_member_time(struct json_object *object, const char *name);
bool ft_member_flag(struct json_object *object, const char *name);
/* The number of the interface that is named there. */
uint16_t ft_member_scope(struct ft_records *r, struct json_object *object, const char *name);

/* records_summary.c: a summary record into the last moment. -errno + sentence. */
int ft_records_take_summary(struct ft_records *r, struct json_object *record, char *err,
			    size_t err_size);

#endif
