/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON into rows, by json-c. One record is parsed at a time, whether lines hold it or an array
 * does, so that a file may be large and its memory is that of its rows. A number that is none, or
 * out of range, counts as absent; a record without what tells its flow ends the reading, because a file
 * that is not as we write it is not to be shown as if it were.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "core/nls.h"
#include "core/num.h"
#include "core/owner.h"
#include "core/xalloc.h"
#include "recording/records_json.h"
#include "recording/words.h"

#define DEPTH_MAX 12
#define RECORD_MAX (1U << 20) /* bytes of one record */
#define SCHEMA 1

struct ft_records_json {
	struct json_tokener *tokener;
	bool inside;	 /* of a record */
	size_t bytes;	 /* of it so far */
	uint64_t number; /* of the record, from 1 */
};

/* ---- parts of a record */

static struct ft_counts counts_of(struct json_object *object, const char *way)
{
	char name[3][32];

	snprintf(name[0], sizeof(name[0]), "%s_packets", way);
	snprintf(name[1], sizeof(name[1]), "%s_bytes", way);
	snprintf(name[2], sizeof(name[2]), "%s_l2_bytes", way);
	return (struct ft_counts){
		.packets = ft_member_number(object, name[0], INT64_MAX),
		.bytes = ft_member_number(object, name[1], INT64_MAX),
		.l2_bytes = ft_member_number(object, name[2], INT64_MAX),
	};
}

/* ---- owners */

/* The process of an end, as an owner's id. */
static uint16_t add_process(struct ft_records *r, struct json_object *end,
			    struct json_object *process)
{
	static const char *const names[] = { "name",   "user", "cmdline", "exe",
					     "cgroup", "unit", "group",	  "parents" };
	static const char *const container_names[] = { "name",	"id",  "runtime",
						       "image", "pod", "pod_namespace" };
	struct json_object *container = ft_member_object(end, "container");
	char *text[8], *inside[6];
	uint16_t id;

	if (ft_owners_count(r->owners) >= FT_RECORDS_PROCESSES_MAX) {
		r->owners_full = true;
		return FT_OWNER_UNKNOWN;
	}
	for (int i = 0; i < 8; i++)
		text[i] = ft_member_raw(process, names[i]);
	for (int i = 0; i < 6; i++)
		inside[i] = ft_member_raw(container, container_names[i]);
	/* One without a name is called by its id. */
	if (!inside[0][0] && inside[1][0]) {
		free(inside[0]);
		inside[0] = xstrndup(inside[1], 12);
	}
	id = ft_owners_add_process(
		r->owners,
		&(struct ft_process){
			.pid = (int32_t)ft_member_number(process, "pid", INT32_MAX),
			.ppid = (int32_t)ft_member_number(process, "ppid", INT32_MAX),
			.uid = (uint32_t)ft_member_number(process, "uid", UINT32_MAX),
			.gid = (uint32_t)ft_member_number(process, "gid", UINT32_MAX),
			.netns = (uint32_t)ft_member_number(process, "netns", UINT32_MAX),
			.start_ns = ft_member_time(process, "start_time"),
			.exited_ns = ft_member_time(process, "exit_time"),
			.name = text[0],
			.user = text[1],
			.cmdline = text[2],
			.exe = text[3],
			.cgroup = text[4],
			.unit = text[5],
			.group = text[6],
			.parents = text[7],
			.container = inside[0],
			.container_id = inside[1],
			.runtime = inside[2],
			.image = inside[3],
			.pod = inside[4],
			.pod_namespace = inside[5],
		});
	for (int i = 0; i < 8; i++)
		free(text[i]);
	for (int i = 0; i < 6; i++)
		free(inside[i]);
	return id;
}

static uint16_t owner_of(struct ft_records *r, struct json_object *end)
{
	static const struct {
		const char *word;
		enum ft_owner_id id;
	} words[] = {
		{ "kernel", FT_OWNER_KERNEL },
		{ "transit", FT_OWNER_TRANSIT },
		{ "foreign", FT_OWNER_FOREIGN },
	};
	const char *word = ft_member_text(end, "owner");
	struct json_object *process = ft_member_object(end, "process");

	if (strcmp(word, "process") == 0 && process)
		return add_process(r, end, process);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i].word) == 0)
			return (uint16_t)words[i].id;
	return FT_OWNER_UNKNOWN;
}

/* ---- a flow */

/* VLAN ids, outer and inner. */
static void read_vlans(struct json_object *record, struct ft_flow_key *key)
{
	struct json_object *list = ft_member(record, "vlan", json_type_array);
	uint16_t id[2] = { 0, 0 };

	for (size_t i = 0; list && i < 2 && i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		int64_t number =
			json_object_is_type(one, json_type_int) ? json_object_get_int64(one) : 0;

		if (number > 0 && number < 4096)
			id[i] = (uint16_t)number;
	}
	key->vlan_outer = id[0];
	key->vlan_inner = id[1];
}

/* What stands where ports do. */
static void read_ports(struct json_object *record, struct ft_flow *flow, uint8_t *marks,
		       uint16_t ports[2])
{
	struct json_object *icmp = ft_member_object(record, "icmp");
	uint64_t extra;

	ports[0] =
		(uint16_t)ft_member_number(ft_member_object(record, "local"), "port", UINT16_MAX);
	ports[1] =
		(uint16_t)ft_member_number(ft_member_object(record, "remote"), "port", UINT16_MAX);
	if (flow->key.protocol == IPPROTO_ICMP || flow->key.protocol == IPPROTO_ICMPV6) {
		ports[0] = (uint16_t)ft_member_number(icmp, "id", UINT16_MAX);
		ports[1] = (uint16_t)(ft_member_number(icmp, "type", 255) << 8 |
				      ft_member_number(icmp, "code", 255));
	}
	if (ft_member_get(record, "spi", UINT32_MAX, &extra))
		*marks |= FT_ENTRY_EXTRA_SPI;
	else if (ft_member_get(record, "gre_key", UINT32_MAX, &extra))
		*marks |= FT_ENTRY_EXTRA_GRE;
	else
		return;
	flow->extra = (uint32_t)extra;
}

/* The flow that a record is about; false if it does not say. */
static bool read_flow(struct ft_records *r, struct json_object *record, struct ft_flow *flow,
		      uint8_t *marks)
{
	const char *began = ft_member_text(record, "initiator");
	uint8_t local[16], remote[16];
	uint16_t ports[2];
	uint64_t protocol;
	bool a;

	memset(flow, 0, sizeof(*flow));
	if (ft_addr_parse(ft_member_text(ft_member_object(record, "local"), "address"), local) <
		    0 ||
	    ft_addr_parse(ft_member_text(ft_member_object(record, "remote"), "address"), remote) <
		    0 ||
	    !ft_member_get(record, "protocol", 255, &protocol))
		return false;
	flow->key.scope = ft_member_scope(r, record, "interface");
	flow->key.ip_version = ft_addr_is_v4(local) ? 4 : 6;
	flow->key.protocol = (uint8_t)protocol;
	read_vlans(record, &flow->key);
	read_ports(record, flow, marks, ports);
	a = ft_key_set_ends(&flow->key, local, remote, ports);
	flow->local = a ? FT_END_A : FT_END_B;
	flow->path = ft_word_path(ft_member_text(record, "path")) & 3;
	flow->initiator = FT_END_NONE;
	if (strcmp(began, "local") == 0)
		flow->initiator = flow->local;
	else if (strcmp(began, "remote") == 0)
		flow->initiator = a ? FT_END_B : FT_END_A;
	flow->first_ns = ft_member_time(record, "first_seen");
	return true;
}

/* Where a flow of this identity is, or the free place for it. */
static uint32_t *find_flow(const struct ft_records *r, const struct ft_records_identity *identity)
{
	size_t at = (size_t)ft_hash(&r->seed, identity, sizeof(*identity)) & (r->index_size - 1);

	for (; r->index[at]; at = (at + 1) & (r->index_size - 1))
		if (memcmp(&r->identities[r->index[at] - 1], identity, sizeof(*identity)) == 0)
			break;
	return &r->index[at];
}

/* The same by what flows are called. */
static uint32_t *find_id(const struct ft_records *r, uint64_t id)
{
	size_t at = (size_t)ft_hash(&r->seed, &id, sizeof(id)) & (r->index_size - 1);

	while (r->ids[at] && r->flows[r->ids[at] - 1].id != id)
		at = (at + 1) & (r->index_size - 1);
	return &r->ids[at];
}

static void grow_index(struct ft_records *r)
{
	r->index_size = r->index_size ? r->index_size * 2 : 1024;
	free(r->index);
	free(r->ids);
	r->index = xcalloc(r->index_size, sizeof(*r->index));
	r->ids = xcalloc(r->index_size, sizeof(*r->ids));
	for (size_t i = 0; i < r->flow_count; i++) {
		*find_flow(r, &r->identities[i]) = (uint32_t)i + 1;
		*find_id(r, r->flows[i].id) = (uint32_t)i + 1;
	}
}

/* A flow that no record was about before. Its id is the record's, unless another flow has that: in
 * files that were joined. */
static void new_flow(struct ft_records *r, const struct ft_flow *flow)
{
	uint64_t id = flow->id;

	if (r->flow_count == r->flow_room) {
		r->flow_room = r->flow_room ? r->flow_room * 2 : 256;
		r->flows = xreallocarray(r->flows, r->flow_room, sizeof(*r->flows));
		r->identities = xreallocarray(r->identities, r->flow_room, sizeof(*r->identities));
	}
	while (id == 0 || *find_id(r, id))
		id = ++r->next_id;
	*find_id(r, id) = (uint32_t)r->flow_count + 1;
	r->identities[r->flow_count] = (struct ft_records_identity){ flow->id, flow->first_ns };
	r->flows[r->flow_count] = *flow;
	r->flows[r->flow_count].id = id & UINT64_MAX >> 8;
	r->flow_count++;
}

/* The flow's number; its first record says what it is. FT_RECORDS_FLOWS_MAX if there are too many. */
static uint32_t add_flow(struct ft_records *r, const struct ft_flow *flow)
{
	struct ft_records_identity identity = { flow->id, flow->first_ns };
	uint32_t *slot;

	if (r->index_size < 2 * (r->flow_count + 1))
		grow_index(r);
	slot = find_flow(r, &identity);
	if (*slot)
		return *slot - 1;
	if (r->flow_count == FT_RECORDS_FLOWS_MAX)
		return FT_RECORDS_FLOWS_MAX;
	*slot = (uint32_t)r->flow_count + 1;
	new_flow(r, flow);
	return *slot - 1;
}

/* "SPA" as bits. */
static uint8_t flags_of(struct json_object *record, const char *way)
{
	static const char letters[] = "FSRPAUEC";
	const char *text = ft_member_text(ft_member_object(record, "tcp_flags"), way);
	uint8_t flags = 0;

	for (int bit = 0; bit < 8; bit++)
		if (strchr(text, letters[bit]))
			flags |= (uint8_t)(1U << bit);
	return flags;
}

/* Fills in what the record says beside the flow itself; tx is the local end's direction. */
static void read_row(struct ft_records *r, struct json_object *record, int tx,
		     struct ft_records_row *row)
{
	struct json_object *interval = ft_member_object(record, "interval");
	struct json_object *total = ft_member_object(record, "total"),
			   *ended = ft_member_object(record, "ended"), *pair;

	row->delta[tx] = counts_of(interval, "tx");
	row->delta[!tx] = counts_of(interval, "rx");
	row->hot.total[tx] = counts_of(total, "tx");
	row->hot.total[!tx] = counts_of(total, "rx");
	row->hot.last_ns = ft_member_time(record, "last_seen");
	row->hot.owner[tx] = owner_of(r, ft_member_object(record, "local"));
	row->hot.owner[!tx] = owner_of(r, ft_member_object(record, "remote"));
	row->hot.tcp_flags[tx] = flags_of(record, "tx");
	row->hot.tcp_flags[!tx] = flags_of(record, "rx");
	row->hot.state = (uint8_t)ft_word_state(ft_member_text(record, "state")) & 15;
	if (ended)
		row->hot.ended = (uint8_t)ft_word_reason(ft_member_text(ended, "reason")) & 7;
	if (ft_member_flag(record, "fragment"))
		row->hot.entry_flags |= FT_ENTRY_FRAGMENT;
	if (ft_member_flag(record, "inexact"))
		row->hot.entry_flags |= FT_ENTRY_INEXACT;
	/* Which of several places counts for a process is not told: none where it only passes by. */
	if (r->flows[row->flow].path == FT_PATH_TRANSIT &&
	    json_object_object_get_ex(record, "pair", &pair))
		row->hot.entry_flags |= FT_FLOW_ELSEWHERE;
}

/* ---- records */

/* The moment that a record belongs to: the last one, or a new one. */
static int begin_moment(struct ft_records *r, struct json_object *record, char *err,
			size_t err_size)
{
	uint64_t end_ns = ft_member_time(record, "time");
	struct ft_records_moment *last = r->moment_count ? &r->moments[r->moment_count - 1] : NULL;

	if (!end_ns) {
		snprintf(err, err_size, _("a record has no time"));
		return -EBADMSG;
	}
	if (last && last->end_ns == end_ns)
		return 0;
	if (last && last->end_ns > end_ns) {
		snprintf(err, err_size, _("records are not in the order of their times"));
		return -EBADMSG;
	}
	if (r->moment_count == FT_RECORDS_MOMENTS_MAX) {
		snprintf(err, err_size, _("more than %u moments"), FT_RECORDS_MOMENTS_MAX);
		return -E2BIG;
	}
	if (r->moment_count == r->moment_room) {
		r->moment_room = r->moment_room ? r->moment_room * 2 : 16;
		r->moments = xreallocarray(r->moments, r->moment_room, sizeof(*r->moments));
	}
	r->moments[r->moment_count++] = (struct ft_records_moment){
		.end_ns = end_ns,
		.interval_ns = ft_member_number(record, "interval_ns", INT64_MAX),
		.first_row = r->row_count,
	};
	return 0;
}

static int take_flow(struct ft_records *r, struct json_object *record, char *err, size_t err_size)
{
	struct ft_records_row row;
	struct ft_flow flow;
	uint8_t marks = 0;
	uint64_t id;

	if (!read_flow(r, record, &flow, &marks) ||
	    ft_num_u64("id", ft_member_text(record, "id"), 0, UINT64_MAX >> 9, &id, err, err_size) <
		    0) {
		snprintf(err, err_size, _("a record of a flow does not say which"));
		return -EBADMSG;
	}
	flow.id = id & UINT64_MAX >> 8;
	memset(&row, 0, sizeof(row));
	row.flow = add_flow(r, &flow);
	if (row.flow == FT_RECORDS_FLOWS_MAX || r->row_count == FT_RECORDS_ROWS_MAX) {
		snprintf(err, err_size, _("more than %u flows, or %u records of them"),
			 FT_RECORDS_FLOWS_MAX, FT_RECORDS_ROWS_MAX);
		return -E2BIG;
	}
	row.hot.entry_flags = marks;
	/* The ends may be the other way round than in its first record, in a made-up file. */
	read_row(r, record, ft_flow_tx(&r->flows[row.flow]), &row);
	if (r->row_count == r->row_room) {
		r->row_room = r->row_room ? r->row_room * 2 : 256;
		r->rows = xreallocarray(r->rows, r->row_room, sizeof(*r->rows));
	}
	r->rows[r->row_count++] = row;
	r->moments[r->moment_count - 1].row_count++;
	return 0;
}

/* One record of any type. */
static int take_record(struct ft_records *r, struct json_object *record, char *err, size_t err_size)
{
	const char *type = ft_member_text(record, "type");
	bool flow = strcmp(type, "flow") == 0, summary = strcmp(type, "summary") == 0;
	uint64_t schema = ft_member_number(record, "schema", UINT32_MAX);
	int ret;

	if (!*type || !schema) {
		snprintf(err, err_size, _("this is no record of flowtop's"));
		return -EBADMSG;
	}
	if (schema != SCHEMA) {
		snprintf(err, err_size, _("it is of schema %llu, and this flowtop knows %d"),
			 (unsigned long long)schema, SCHEMA);
		return -EBADMSG;
	}
	if (*ft_member_text(record, "change") || ft_member_object(record, "difference")) {
		snprintf(err, err_size, _("this is a difference, and not one moment"));
		return -EBADMSG;
	}
	if (!flow && !summary) {
		r->other_records++;
		return 0;
	}
	ret = begin_moment(r, record, err, err_size);
	if (ret < 0)
		return ret;
	if (!r->observer)
		r->observer = xstrndup(ft_member_text(record, "observer"), 255);
	return flow ? take_flow(r, record, err, err_size)
		    : ft_records_take_summary(r, record, err, err_size);
}

/* ---- the stream */

struct ft_records *ft_records_new(void)
{
	struct ft_records *r = xcalloc(1, sizeof(*r));

	r->seed = ft_seed_random();
	r->next_id = UINT64_C(1) << 54; /* above what any run counts to */
	r->owners = ft_owners_new();
	r->json = xcalloc(1, sizeof(*r->json));
	r->json->tokener = json_tokener_new_ex(DEPTH_MAX);
	if (!r->json->tokener)
		abort(); /* out of memory */
	json_tokener_set_flags(r->json->tokener,
			       JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	return r;
}

void ft_records_json_free(struct ft_records_json *json)
{
	if (!json)
		return;
	json_tokener_free(json->tokener);
	free(json);
}

/* Some bytes of a record, *ret_used of them. */
static int feed_record(struct ft_records *r, const char *data, size_t size, size_t *ret_used,
		       char *err, size_t err_size)
{
	struct ft_records_json *json = r->json;
	struct json_object *record = json_tokener_parse_ex(json->tokener, data, (int)size);
	enum json_tokener_error error = json_tokener_get_error(json->tokener);
	char why[200];
	int ret;

	*ret_used =
		error == json_tokener_continue ? size : json_tokener_get_parse_end(json->tokener);
	json->bytes += *ret_used;
	if (json->bytes > RECORD_MAX) {
		json_object_put(record);
		snprintf(err, err_size, _("record %llu is larger than %u bytes"),
			 (unsigned long long)json->number, RECORD_MAX);
		return -E2BIG;
	}
	if (error == json_tokener_continue)
		return 0;
	if (error != json_tokener_success || !record) {
		json_object_put(record);
		snprintf(err, err_size, _("record %llu: %s"), (unsigned long long)json->number,
			 json_tokener_error_desc(error));
		return -EBADMSG;
	}
	ret = take_record(r, record, why, sizeof(why));
	json_object_put(record);
	json->inside = false;
	if (ret < 0)
		snprintf(err, err_size, _("record %llu: %s"), (unsigned long long)json->number,
			 why);
	return ret;
}

int ft_records_feed(struct ft_records *records, const char *data, size_t size, char *err,
		    size_t err_size)
{
	struct ft_records_json *json = records->json;
	size_t at = 0, used;
	int ret = 0;

	while (at < size && ret == 0) {
		if (!json->inside && memchr(" \t\r\n,[]", data[at], 7)) {
			at++;
			continue;
		}
		if (!json->inside && data[at] != '{') {
			snprintf(err, err_size, _("this is neither json nor ndjson"));
			return -EBADMSG;
		}
		if (!json->inside) {
			json->inside = true;
			json->bytes = 0;
			json->number++;
			json_tokener_reset(json->tokener);
		}
		used = size - at < INT_MAX ? size - at : INT_MAX;
		ret = feed_record(records, data + at, used, &used, err, err_size);
		at += used;
	}
	return ret;
}

int ft_records_end(struct ft_records *records, char *err, size_t err_size)
{
	bool cut = records->json->inside;

	ft_records_json_free(records->json);
	records->json = NULL;
	if (cut) {
		snprintf(err, err_size, _("it ends within a record"));
		return -EBADMSG;
	}
	if (records->row_count == 0 && records->other_records > 0) {
		snprintf(err, err_size,
			 _("it holds no flows: they are in what is written from the "
			   "pane flows, or with --pane flows or all"));
		return -EBADMSG;
	}
	if (records->moment_count == 0) {
		snprintf(err, err_size, _("it holds no records"));
		return -EBADMSG;
	}
	return 0;
}

const char *ft_records_library(void)
{
	static char name[32];

	snprintf(name, sizeof(name), "json-c %s", json_c_version());
	return name;
}
