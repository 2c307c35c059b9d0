/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -o csv: RFC 4180, a header line, one pane. The columns are the fields of the list's record
 * with their dotted names, all of them in every line; a field that does not apply is an empty
 * cell. Text from outside has a column NAME_hex beside it for bytes that are no UTF-8. A text
 * that a spreadsheet would take for a formula gets a ' in front. The summary is not printed:
 * it has no place in a table of flows.
 */
#include "output/outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/fmt.h"
#include "core/nls.h"
#include "core/snapshot.h"
#include "core/xalloc.h"
#include "output/record.h"
#include "output/utf8.h"

struct csv_output {
	struct ft_output base;
	struct ft_output_config config;
	struct ft_pick pick;
	enum ft_list list;
	bool header; /* is written */
};

/* A text cell: guarded, valid UTF-8, quoted where RFC 4180 wants it. */
static void put_text(FILE *stream, const char *text, size_t length)
{
	bool quote = false;
	size_t step;

	for (size_t i = 0; i < length; i++)
		quote |= strchr(",\"\r\n", text[i]) != NULL; /* NUL counts: harmless */
	if (quote)
		putc('"', stream);
	if (length && strchr("=+-@", text[0]) && text[0])
		putc('\'', stream);
	for (size_t at = 0; at < length; at += step) {
		step = ft_utf8_length(text + at, length - at);
		if (step == 0) {
			fputs("\xef\xbf\xbd", stream);
			step = 1;
			continue;
		}
		if (text[at] == '"')
			putc('"', stream);
		fwrite(text + at, 1, step, stream);
	}
	if (quote)
		putc('"', stream);
}

/* Any cell. */
static void put_cell(FILE *stream, const struct ft_cell *cell)
{
	switch (cell->kind) {
	case FT_CELL_INT:
		fprintf(stream, "%lld", (long long)cell->number);
		break;
	case FT_CELL_UINT:
	case FT_CELL_ID:
		fprintf(stream, "%llu", (unsigned long long)cell->number);
		break;
	case FT_CELL_BOOL:
		fputs(cell->number ? "true" : "false", stream);
		break;
	case FT_CELL_TEXT:
		put_text(stream, cell->text, cell->length);
		break;
	case FT_CELL_LIST:
		for (size_t i = 0; i < cell->list_count; i++)
			fprintf(stream, "%s%u", i ? " " : "", cell->list[i]);
		break;
	case FT_CELL_IDS:
		for (size_t i = 0; i < cell->list_count; i++)
			fprintf(stream, "%s%llu", i ? " " : "", (unsigned long long)cell->ids[i]);
		break;
	case FT_CELL_NONE:
		break;
	}
}

/* The raw bytes of a text that is no UTF-8, else nothing. */
static void put_hex(FILE *stream, const struct ft_cell *cell)
{
	if (cell->kind != FT_CELL_TEXT || ft_utf8_valid(cell->text, cell->length))
		return;
	for (size_t i = 0; i < cell->length; i++)
		fprintf(stream, "%02x", (unsigned char)cell->text[i]);
}

/* The names of all columns. */
static void write_header(struct csv_output *output, const struct ft_snapshot *snapshot)
{
	size_t count;
	const struct ft_field *fields = ft_record_fields(output->list,
							 snapshot->difference != NULL, &count);
	FILE *stream = output->config.stream;

	for (size_t i = 0; i < count; i++) {
		fprintf(stream, "%s%s", i ? "," : "", fields[i].path);
		if (fields[i].raw)
			fprintf(stream, ",%s_hex", fields[i].path);
	}
	fputs("\r\n", stream);
	output->header = true;
}

/* One line. */
static void write_record(struct csv_output *output, const struct ft_record *record)
{
	size_t count;
	const struct ft_field *fields =
		ft_record_fields(output->list, record->snapshot->difference != NULL, &count);
	FILE *stream = output->config.stream;
	struct ft_cell cell;

	for (size_t i = 0; i < count; i++) {
		ft_field_get(&fields[i], record, &cell);
		if (i)
			putc(',', stream);
		put_cell(stream, &cell);
		if (fields[i].raw) {
			putc(',', stream);
			put_hex(stream, &cell);
		}
	}
	fputs("\r\n", stream);
}

/* What text and json have among their rows: csv has no place for it. */
static void tell_notes(const struct ft_snapshot *snapshot)
{
	char note[1024];

	for (size_t i = 0; i < snapshot->note_count; i++)
		fprintf(stderr, "flowtop: %s\n",
			ft_fmt_escape(snapshot->notes[i], strlen(snapshot->notes[i]), false, note,
				      sizeof(note)));
}

/* One snapshot. */
static int csv_write(struct ft_output *base, const struct ft_snapshot *snapshot)
{
	struct csv_output *output = (struct csv_output *)base;
	const struct ft_record *record;

	errno = 0;
	if (!output->header)
		write_header(output, snapshot);
	ft_pick_begin(&output->pick, snapshot, output->list);
	while ((record = ft_pick_next(&output->pick)) && !ferror(output->config.stream))
		write_record(output, record);
	if (snapshot->last && !output->config.one_moment)
		tell_notes(snapshot);
	if (fflush(output->config.stream) != 0 || ferror(output->config.stream))
		return errno ? -errno : -EIO;
	return 0;
}

/* Frees. */
static int csv_close(struct ft_output *base)
{
	struct csv_output *output = (struct csv_output *)base;
	int ret = fflush(output->config.stream) != 0 ? -errno : 0;

	ft_pick_done(&output->pick);
	free(output);
	return ret;
}

/* One pane only. */
static int csv_open(const struct ft_output_config *config, struct ft_output **ret_output,
		    char *err, size_t err_size)
{
	struct csv_output *output;
	unsigned list = 0;

	while (list < FT_LIST_MAX && config->lists != 1U << list)
		list++;
	if (list == FT_LIST_MAX) {
		snprintf(err, err_size, _("csv holds one pane"));
		return -EINVAL;
	}
	output = xcalloc(1, sizeof(*output));
	output->base.ops = &ft_output_csv;
	output->config = *config;
	output->list = (enum ft_list)list;
	ft_pick_init(&output->pick, &output->config);
	*ret_output = &output->base;
	return 0;
}

const struct ft_output_ops ft_output_csv = {
	.name = "csv",
	.extension = ".csv",
	.open = csv_open,
	.write = csv_write,
	.close = csv_close,
};
