/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -o ndjson: one object a line. -o json: the same objects, one array an interval, on one line.
 * Each object is made whole in memory and written in one piece; a broken pipe is -EPIPE.
 */
#include "output/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/xalloc.h"
#include "output/outputs.h"

struct json_output {
	struct ft_output base;
	struct ft_output_config config;
	struct ft_pick pick;
	struct ft_json json;
	bool array; /* json, not ndjson */
};

/* Leaves objects until what is open is a beginning of path; returns what is open. */
static size_t leave(struct ft_json *json, const char *open, size_t length, const char *path)
{
	while (length && strncmp(open, path, length) != 0) {
		ft_json_end(json);
		do
			length--;
		while (length && open[length - 1] != '.');
	}
	return length;
}

/* Enters the objects of path behind the first `length` bytes; returns where the name begins. */
static const char *enter(struct ft_json *json, const char *path, size_t length)
{
	const char *at = path + length, *dot;

	for (dot = strchr(at, '.'); dot; dot = strchr(at, '.')) {
		ft_json_begin(json, at, (size_t)(dot - at));
		at = dot + 1;
	}
	return at;
}

/* An id: a string, so that no reader rounds it. */
static void put_id(struct ft_json *json, const char *name, uint64_t id)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)id);
	ft_json_string(json, name, digits);
}

/* One member. */
static void put_cell(struct ft_json *json, const char *name, const struct ft_cell *cell)
{
	switch (cell->kind) {
	case FT_CELL_UINT:
		ft_json_uint(json, name, cell->number);
		break;
	case FT_CELL_INT:
		ft_json_int(json, name, (int64_t)cell->number);
		break;
	case FT_CELL_ID:
		put_id(json, name, cell->number);
		break;
	case FT_CELL_BOOL:
		ft_json_bool(json, name, cell->number != 0);
		break;
	case FT_CELL_TEXT:
		ft_json_text(json, name, cell->text, cell->length);
		break;
	case FT_CELL_LIST:
		ft_json_array(json, name);
		for (size_t i = 0; i < cell->list_count; i++)
			ft_json_uint(json, NULL, cell->list[i]);
		ft_json_array_end(json);
		break;
	case FT_CELL_IDS:
		ft_json_array(json, name);
		for (size_t i = 0; i < cell->list_count; i++)
			put_id(json, NULL, cell->ids[i]);
		ft_json_array_end(json);
		break;
	case FT_CELL_NONE:
		break;
	}
}

/* A record as an object; members of one object stand together in the table. */
void ft_json_record(struct ft_json *json, enum ft_list list, const struct ft_record *record)
{
	size_t count, length = 0;
	const struct ft_field *fields = ft_record_fields(list, true, &count);
	const char *open = "", *name;
	struct ft_cell cell;

	ft_json_begin(json, NULL, 0);
	for (size_t i = 0; i < count; i++) {
		ft_field_get(&fields[i], record, &cell);
		if (cell.kind == FT_CELL_NONE)
			continue;
		length = leave(json, open, length, fields[i].path);
		name = enter(json, fields[i].path, length);
		open = fields[i].path;
		length = (size_t)(name - open);
		put_cell(json, name, &cell);
	}
	leave(json, open, length, "\n"); /* no path begins so: leaves all */
	ft_json_end(json);
}

/* Hands what is in the buffer to stdio. */
static int flush_buffer(struct json_output *output)
{
	struct ft_json *json = &output->json;
	bool comma = json->comma;
	size_t written;

	errno = 0;
	written = fwrite(json->data, 1, json->used, output->config.stream);
	/* On a line-buffered stream a failed flush still counts as written. */
	if (written != json->used || ferror(output->config.stream))
		return errno ? -errno : -EIO;
	ft_json_reset(json);
	json->comma = comma && output->array;
	return 0;
}

/* Ends one object: a line of its own, or an element. */
static int end_object(struct json_output *output)
{
	if (!output->array)
		ft_json_raw(&output->json, "\n", 1);
	return flush_buffer(output);
}

/* The records of one list. */
static int write_list(struct json_output *output, const struct ft_snapshot *snapshot,
		      enum ft_list list)
{
	const struct ft_record *record;
	int ret = 0;

	ft_pick_begin(&output->pick, snapshot, list);
	while (ret == 0 && (record = ft_pick_next(&output->pick))) {
		ft_json_record(&output->json, list, record);
		ret = end_object(output);
	}
	return ret;
}

/* One snapshot. */
static int json_write(struct ft_output *base, const struct ft_snapshot *snapshot)
{
	struct json_output *output = (struct json_output *)base;
	struct ft_hidden hidden;
	bool have_hidden = false;
	int ret;

	ft_json_reset(&output->json);
	if (output->array)
		ft_json_array(&output->json, NULL);
	for (unsigned list = 0; list < FT_LIST_MAX; list++) {
		if (!(output->config.lists & (1U << list)))
			continue;
		ret = write_list(output, snapshot, (enum ft_list)list);
		if (ret < 0)
			return ret;
		/* The flows come first; only they know what -L hid. */
		if (!have_hidden)
			hidden = output->pick.hidden;
		have_hidden = true;
	}
	if (!have_hidden)
		hidden = (struct ft_hidden){ 0 };
	ft_json_summary(&output->json, &output->config, snapshot, &hidden);
	if (output->array) {
		ft_json_array_end(&output->json);
		ft_json_raw(&output->json, "\n", 1);
		output->json.comma = false;
		ret = flush_buffer(output);
	} else {
		ret = end_object(output);
	}
	if (ret == 0 && fflush(output->config.stream) != 0)
		ret = -errno;
	return ret;
}

/* Frees. */
static int json_close(struct ft_output *base)
{
	struct json_output *output = (struct json_output *)base;
	int ret = fflush(output->config.stream) != 0 ? -errno : 0;

	ft_json_done(&output->json);
	ft_pick_done(&output->pick);
	free(output);
	return ret;
}

/* Both formats. */
static void json_new(const struct ft_output_ops *ops, const struct ft_output_config *config,
		     bool array, struct ft_output **ret_output)
{
	struct json_output *output = xcalloc(1, sizeof(*output));

	output->base.ops = ops;
	output->config = *config;
	output->array = array;
	ft_pick_init(&output->pick, &output->config);
	*ret_output = &output->base;
}

static int ndjson_open(const struct ft_output_config *config, struct ft_output **ret_output,
		       char *err, size_t err_size);
static int json_open(const struct ft_output_config *config, struct ft_output **ret_output,
		     char *err, size_t err_size);

const struct ft_output_ops ft_output_ndjson = {
	.name = "ndjson",
	.extension = ".ndjson",
	.open = ndjson_open,
	.write = json_write,
	.close = json_close,
};

const struct ft_output_ops ft_output_json = {
	.name = "json",
	.extension = ".json",
	.open = json_open,
	.write = json_write,
	.close = json_close,
};

/* Lines. */
static int ndjson_open(const struct ft_output_config *config, struct ft_output **ret_output,
		       char *err, size_t err_size)
{
	(void)err, (void)err_size;
	json_new(&ft_output_ndjson, config, false, ret_output);
	return 0;
}

/* Arrays. */
static int json_open(const struct ft_output_config *config, struct ft_output **ret_output,
		     char *err, size_t err_size)
{
	(void)err, (void)err_size;
	json_new(&ft_output_json, config, true, ret_output);
	return 0;
}
