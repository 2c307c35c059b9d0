/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The summary of a moment: the line that adds up, for each interface, and what else a screen says of
 * the moment as a whole.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/nls.h"
#include "core/xalloc.h"
#include "recording/records_json.h"

#define NOTE_MAX 4096

static struct ft_tally tally_of(struct json_object *object)
{
	return (struct ft_tally){ .packets = ft_member_number(object, "packets", INT64_MAX),
				  .l2_bytes = ft_member_number(object, "l2_bytes", INT64_MAX) };
}

static struct ft_sum sum_of(struct json_object *object)
{
	return (struct ft_sum){ .packets = ft_member_number(object, "packets", INT64_MAX),
				.bytes = ft_member_number(object, "bytes", INT64_MAX),
				.l2_bytes = ft_member_number(object, "l2_bytes", INT64_MAX) };
}

/* Causes are told in packets; all bytes of a term are with the first of them. */
static void read_term(struct json_object *term, struct ft_line *line,
		      bool (*belongs)(enum ft_counter counter))
{
	struct json_object *by = ft_member_object(term, "by");
	struct ft_tally all = tally_of(term);
	bool first = true;

	for (int counter = FT_C_SEEN + 1; counter < FT_C_MAX; counter++) {
		uint64_t packets;

		if (!belongs((enum ft_counter)counter) ||
		    !ft_member_get(by, ft_counter_name((enum ft_counter)counter), INT64_MAX,
				   &packets))
			continue;
		line->by.c[counter].packets = packets;
		line->by.c[counter].l2_bytes = first ? all.l2_bytes : 0;
		first = false;
	}
}

static struct ft_line line_of(struct json_object *object)
{
	struct json_object *lost = ft_member_object(object, "lost"), *exact;
	struct ft_line line;

	memset(&line, 0, sizeof(line));
	line.seen = line.by.c[FT_C_SEEN] = tally_of(ft_member_object(object, "seen"));
	line.flows = sum_of(ft_member_object(object, "flows"));
	line.other = sum_of(ft_member_object(object, "other"));
	read_term(ft_member_object(object, "not_ip"), &line, ft_counter_is_not_ip);
	read_term(ft_member_object(object, "malformed"), &line, ft_counter_is_malformed);
	read_term(lost, &line, ft_counter_is_lost);
	exact = ft_member(lost, "exact", json_type_boolean);
	line.inexact = exact && !json_object_get_boolean(exact);
	return line;
}

static int read_interfaces(struct ft_records *r, struct json_object *record,
			   struct ft_records_moment *moment, char *err, size_t err_size)
{
	struct json_object *list = ft_member(record, "interfaces", json_type_array);
	size_t count = list ? json_object_array_length(list) : 0;

	if (count > FT_MAX_SCOPES || r->scopes_held + count > FT_RECORDS_SCOPES_MAX) {
		snprintf(err, err_size, _("more than %u interfaces, or %u in all moments"),
			 FT_MAX_SCOPES, FT_RECORDS_SCOPES_MAX);
		return -E2BIG;
	}
	moment->scopes = xcalloc(count + 1, sizeof(*moment->scopes));
	for (size_t i = 0; i < count; i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		struct ft_snapshot_scope *scope = &moment->scopes[moment->scope_count++];

		scope->scope = ft_member_scope(r, one, "name");
		memcpy(scope->name, r->scopes[scope->scope], IFNAMSIZ);
		scope->present = ft_member_flag(one, "present");
		scope->interval = line_of(ft_member_object(one, "interval"));
		scope->total = line_of(ft_member_object(one, "total"));
		if (!moment->backend) {
			moment->backend = ft_member_raw(one, "backend");
			moment->backend_reason = ft_member_raw(one, "backend_reason");
		}
	}
	r->scopes_held += count;
	return 0;
}

static void read_notes(struct json_object *health, struct ft_records_moment *moment)
{
	struct json_object *list = ft_member(health, "notes", json_type_array);
	size_t count = list ? json_object_array_length(list) : 0;

	if (count > FT_RECORDS_NOTES_MAX)
		count = FT_RECORDS_NOTES_MAX;
	moment->notes = xcalloc(count + 1, sizeof(*moment->notes));
	for (size_t i = 0; i < count; i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		if (json_object_is_type(one, json_type_string) &&
		    json_object_get_string_len(one) <= NOTE_MAX)
			moment->notes[moment->note_count++] = xstrdup(json_object_get_string(one));
	}
}

int ft_records_take_summary(struct ft_records *r, struct json_object *record, char *err,
			    size_t err_size)
{
	struct ft_records_moment *moment = &r->moments[r->moment_count - 1];
	struct json_object *health = ft_member_object(record, "health");
	int ret;

	if (moment->summed) {
		snprintf(err, err_size, _("two summaries of one moment"));
		return -EBADMSG;
	}
	moment->summed = true;
	ret = read_interfaces(r, record, moment, err, err_size);
	if (ret < 0)
		return ret;
	moment->live_flows = ft_member_number(record, "live_flows", UINT32_MAX);
	moment->hidden_flows =
		ft_member_number(ft_member_object(record, "hidden"), "flows", UINT32_MAX);
	moment->capture_filter = ft_member_raw(record, "capture_filter");
	moment->owner_source = ft_member_raw(health, "owner_source");
	moment->evicted = ft_member_number(health, "evicted", INT64_MAX);
	moment->lengthened = ft_member_number(health, "lengthened", INT64_MAX);
	moment->missed = ft_member_number(health, "missed", INT64_MAX);
	moment->max_flows = (uint32_t)ft_member_number(health, "max_flows", UINT32_MAX);
	read_notes(health, moment);
	return 0;
}
