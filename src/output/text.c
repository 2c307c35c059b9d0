/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -o text: for people. For each interval a line that says when and where, for each pane the
 * screen's own columns with their titles (--header), and the line that adds up in raw numbers.
 * Everything from outside has been escaped by the columns' formatters. With --raw numbers are
 * whole, in the smallest unit: bits or bytes or packets, nanoseconds, microseconds.
 */
#include "output/outputs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/column.h"
#include "core/difference.h"
#include "core/nls.h"
#include "core/num.h"
#include "core/xalloc.h"
#include "output/record.h"

#define WIDTH_DEFAULT 132
#define CELL_MAX 2048 /* bytes of a cell: escapes and wide characters included */

struct text_output {
	struct ft_output base;
	struct ft_output_config config;
	struct ft_pick pick;
	unsigned width;
	unsigned titled; /* lists that have had their titles */
};

/* The terminal's width if it is one, else COLUMNS, else WIDTH_DEFAULT. */
static unsigned width_of(FILE *stream)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	char err[64];
	uint64_t width;

	if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	if (columns && ft_num_u64("COLUMNS", columns, 20, 1000, &width, err, sizeof(err)) == 0)
		return (unsigned)width;
	return WIDTH_DEFAULT;
}

/* When, how long, what: "2026-..Z  1.000 s  br0 (tcx)  12 flows". */
static void write_when(struct text_output *output, const struct ft_snapshot *snapshot)
{
	FILE *stream = output->config.stream;
	char raw[256], time[64], name[4 * sizeof(raw)], units[160];
	size_t flows;

	fprintf(stream, "%s  %.3f s ", ft_fmt_time(snapshot->end_ns, time, sizeof(time)),
		(double)snapshot->interval_ns / 1e9);
	for (size_t i = 0; i < snapshot->scope_count; i++) {
		const struct ft_snapshot_scope *scope = &snapshot->scopes[i];
		const char *whose = ft_snapshot_observer(snapshot, scope->scope);

		if (*whose && !scope->name[0])
			continue; /* of its events, which no interface told */
		snprintf(raw, sizeof(raw), "%.200s%s%.*s", whose, *whose ? ":" : "", IFNAMSIZ,
			 scope->name);
		fprintf(stream, " %s",
			ft_fmt_escape(raw, strlen(raw), output->pick.show.ascii, name,
				      sizeof(name)));
	}
	if (snapshot->backend)
		fprintf(stream, " (%s)", snapshot->backend);
	flows = ft_snapshot_flows(snapshot);
	fprintf(stream, P_("  %zu flow", "  %zu flows", flows), flows);
	fprintf(stream, "  %s", ft_column_units(&output->pick.show, units, sizeof(units)));
	if (snapshot->difference)
		fprintf(stream, _("  difference since %s"),
			ft_fmt_time(ft_difference_since(snapshot), time, sizeof(time)));
	fputc('\n', stream);
}

/* A line without blanks at its end. */
static void write_line(FILE *stream, char *line)
{
	size_t length = strlen(line);

	while (length && line[length - 1] == ' ')
		length--;
	fprintf(stream, "%.*s\n", (int)length, line);
}

/* A value as a whole number; false for texts, which are written as on the screen. */
static bool put_raw(const struct ft_column *column, const struct ft_snapshot *snapshot,
		    const struct ft_row *row, const struct ft_show *show, char *cell, size_t size)
{
	struct ft_value value = { .kind = FT_VALUE_NONE };

	column->get(snapshot, row, show, &value);
	switch (value.kind) {
	case FT_VALUE_UINT:
		snprintf(cell, size, "%llu", (unsigned long long)value.uint);
		return true;
	case FT_VALUE_INT:
		snprintf(cell, size, "%lld", (long long)value.sint);
		return true;
	case FT_VALUE_REAL:
		snprintf(cell, size, "%.0f", round(value.real) + 0.0); /* -0 is 0 */
		return true;
	case FT_VALUE_NONE:
		cell[0] = '\0';
		return true;
	case FT_VALUE_TEXT:
		break;
	}
	return false;
}

/* One cell. A whole number stays whole, where it needs more room than it has, too. */
static void put_cell(const struct ft_column *column, const struct ft_snapshot *snapshot,
		     const struct ft_row *row, const struct ft_show *show, unsigned width,
		     char *cell, size_t size)
{
	char value[CELL_MAX];

	if (show->raw && column->align == FT_ALIGN_RIGHT &&
	    put_raw(column, snapshot, row, show, value, sizeof(value))) {
		snprintf(cell, size, "%*s", (int)width, value);
		return;
	}
	column->format(snapshot, row, show, width, value, sizeof(value));
	ft_fmt_fit(value, width, column->align, true, show->ascii, cell, size);
}

/* One line of cells: titles (row NULL) or values. */
static void write_cells(struct text_output *output, const struct ft_layout *layout,
			const struct ft_snapshot *snapshot, const struct ft_row *row)
{
	const struct ft_show *show = &output->pick.show;
	char *line = xmalloc(layout->count * (CELL_MAX + 1) + 1);
	char fitted[CELL_MAX];
	size_t used = 0;

	line[0] = '\0';
	for (size_t i = 0; i < layout->count; i++) {
		const struct ft_column *column = layout->cell[i].column;
		unsigned width = layout->cell[i].width;

		if (row)
			put_cell(column, snapshot, row, show, width, fitted, sizeof(fitted));
		else
			ft_fmt_fit(_(column->title), width, column->align, true, show->ascii,
				   fitted, sizeof(fitted));
		used += (size_t)sprintf(line + used, "%s%s", i ? " " : "", fitted);
	}
	write_line(output->config.stream, line);
	free(line);
}

/* True if the titles of a list are due (--header). */
static bool take_titles(struct text_output *output, enum ft_list list)
{
	bool had = output->titled & 1U << list;

	output->titled |= 1U << list;
	return output->config.titles == FT_TITLES_ALWAYS ||
	       (output->config.titles == FT_TITLES_ONCE && !had);
}

/* One pane. */
static void write_list(struct text_output *output, const struct ft_snapshot *snapshot,
		       enum ft_list list)
{
	const struct ft_column *sort = output->config.query.sort;
	struct ft_layout layout;
	const struct ft_record *record;

	if (sort && !(sort->lists & (1U << list)))
		sort = NULL;
	ft_column_layout(list, &output->pick.show, output->width, 0,
			 sort ? sort : ft_column_default(list), &layout);
	if (take_titles(output, list))
		write_cells(output, &layout, NULL, NULL);
	ft_pick_begin(&output->pick, snapshot, list);
	while ((record = ft_pick_next(&output->pick)) && !ferror(output->config.stream))
		write_cells(output, &layout, record->snapshot, &output->pick.row);
}

/* Why packets were lost: " (ring 12, log_full 3)". */
static void write_causes(FILE *stream, const struct ft_line *line)
{
	const char *join = " (";

	for (unsigned i = 0; i < FT_C_MAX; i++) {
		if (!ft_counter_is_lost((enum ft_counter)i) || !line->by.c[i].packets)
			continue;
		fprintf(stream, "%s%s %llu", join, ft_counter_name((enum ft_counter)i),
			(unsigned long long)line->by.c[i].packets);
		join = ", ";
	}
	fputs(*join == ',' ? ")" : "", stream);
}

/* "word P packets B bytes". */
static void write_term(FILE *stream, const char *before, const char *word, uint64_t packets,
		       uint64_t l2_bytes)
{
	fprintf(stream, "%s%s %llu/%llu", before, word, (unsigned long long)packets,
		(unsigned long long)l2_bytes);
}

/* The line that adds up, in packets/L2 bytes. */
static void write_footer(struct text_output *output, const struct ft_snapshot *snapshot,
			 const struct ft_hidden *hidden)
{
	const struct ft_line *line = &snapshot->interval;
	struct ft_tally not_ip = ft_line_not_ip(line), bad = ft_line_malformed(line);
	struct ft_tally lost = ft_line_lost(line);
	FILE *stream = output->config.stream;

	write_term(stream, "", _("seen"), line->seen.packets, line->seen.l2_bytes);
	write_term(stream, " = ", _("flows"), line->flows.packets, line->flows.l2_bytes);
	write_term(stream, " + ", _("other"), line->other.packets, line->other.l2_bytes);
	write_term(stream, " + ", _("not IP"), not_ip.packets, not_ip.l2_bytes);
	write_term(stream, " + ", _("malformed"), bad.packets, bad.l2_bytes);
	write_term(stream, " + ", _("lost"), lost.packets, lost.l2_bytes);
	if (line->inexact)
		fputs("~", stream);
	write_causes(stream, line);
	if (hidden->flows)
		write_term(stream, "; ", _("hidden"), hidden->interval.packets,
			   hidden->interval.l2_bytes);
	fputs(_(" (packets/L2 bytes)\n\n"), stream);
}

/* What flowtop itself used, where somebody asked (--pane health). */
static void write_cost(struct text_output *output, const struct ft_snapshot *snapshot)
{
	static const char *const programs[FT_COST_PROGRAMS_MAX] = {
		N_("programs for packets"), N_("programs for sockets")
	};
	const struct ft_cost *cost = &snapshot->cost;
	FILE *stream = output->config.stream;
	char name[64];

	if (!cost->over_ns)
		return;
	for (int i = 0; i < FT_COST_PROGRAMS_MAX; i++) {
		const struct ft_cost_runs *runs = &cost->by[i];

		if (runs->programs && cost->timed)
			fprintf(stream, _("%s: %llu ns a run, %llu runs\n"), _(programs[i]),
				(unsigned long long)(runs->runs ? runs->ns / runs->runs : 0),
				(unsigned long long)runs->runs);
	}
	if (cost->why[0])
		fprintf(stream, "! %s\n", cost->why);
	for (size_t i = 0; i < cost->thread_count; i++)
		fprintf(stream, _("%s: %.2f%% of a CPU\n"),
			ft_fmt_escape(cost->threads[i].name, strlen(cost->threads[i].name),
				      output->pick.show.ascii, name, sizeof(name)),
			100.0 * (double)cost->threads[i].cpu_ns / (double)cost->over_ns);
	fprintf(stream, _("memory: %llu bytes resident; log %u.%u%% full, %zu flows of %u, %u of "
			  "%u outputs behind\n"),
		(unsigned long long)cost->resident_bytes, snapshot->store.log_fill / 10,
		snapshot->store.log_fill % 10, snapshot->live_flows, snapshot->max_flows,
		cost->behind, cost->outputs);
}

/* What the user should know: a file that is cut off, an interface that went. */
static void write_notes(struct text_output *output, const struct ft_snapshot *snapshot)
{
	char note[1024];

	for (size_t i = 0; i < snapshot->note_count; i++)
		fprintf(output->config.stream, "! %s\n",
			ft_fmt_escape(snapshot->notes[i], strlen(snapshot->notes[i]),
				      output->pick.show.ascii, note, sizeof(note)));
}

/* One snapshot. */
static int text_write(struct ft_output *base, const struct ft_snapshot *snapshot)
{
	struct text_output *output = (struct text_output *)base;
	struct ft_hidden hidden = { 0 };
	bool first = true;

	errno = 0;
	output->pick.show.difference = snapshot->difference != NULL;
	output->pick.show.no_owners = !snapshot->owner_source || !*snapshot->owner_source;
	output->pick.show.observers = snapshot->observer_count > 1;
	output->pick.show.interfaces = ft_snapshot_has_interfaces(snapshot);
	write_when(output, snapshot);
	for (unsigned list = 0; list < FT_LIST_MAX; list++) {
		if (!(output->config.lists & (1U << list)))
			continue;
		write_list(output, snapshot, (enum ft_list)list);
		if (first)
			hidden = output->pick.hidden;
		first = false;
	}
	write_cost(output, snapshot);
	write_notes(output, snapshot);
	write_footer(output, snapshot, &hidden);
	if (fflush(output->config.stream) != 0 || ferror(output->config.stream))
		return errno ? -errno : -EIO;
	return 0;
}

/* Frees. */
static int text_close(struct ft_output *base)
{
	struct text_output *output = (struct text_output *)base;
	int ret = fflush(output->config.stream) != 0 ? -errno : 0;

	ft_pick_done(&output->pick);
	free(output);
	return ret;
}

/* Always works. */
static int text_open(const struct ft_output_config *config, struct ft_output **ret_output,
		     char *err, size_t err_size)
{
	struct text_output *output = xcalloc(1, sizeof(*output));

	(void)err, (void)err_size;
	output->base.ops = &ft_output_text;
	output->config = *config;
	output->width = width_of(config->stream);
	ft_pick_init(&output->pick, &output->config);
	*ret_output = &output->base;
	return 0;
}

const struct ft_output_ops ft_output_text = {
	.name = "text",
	.extension = ".txt",
	.open = text_open,
	.write = text_write,
	.close = text_close,
};
