/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See metrics.h. What the snapshot itself sums since start is printed as it is; what it does not,
 * because rows come and go (processes, protocols), is summed here from the intervals.
 *
 * A family is a row of a table where there is one value an interface; the others have a function
 * each. OpenMetrics wants a family's samples together, so families are the outer loop.
 */
#include "output/metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/rows.h"
#include "core/xalloc.h"
#include "output/utf8.h"

/* What one owner of sockets sent and got. */
struct name {
	char *text; /* owned */
	struct ft_counts tx, rx;
};

struct ft_metrics {
	struct name names[FT_METRICS_NAMES_MAX + 1]; /* in order of appearance; the last: others */
	size_t name_count;
	struct ft_counts protocol[256];
	uint16_t *entry_of; /* owned; [owner]: 1 + index into names, in this snapshot; 0 = not asked */
};
#define OWNERS 65536

struct ft_metrics *ft_metrics_new(void)
{
	struct ft_metrics *metrics = xcalloc(1, sizeof(*metrics));

	metrics->entry_of = xcalloc(OWNERS, sizeof(*metrics->entry_of));
	return metrics;
}

void ft_metrics_free(struct ft_metrics *metrics)
{
	if (!metrics)
		return;
	for (size_t i = 0; i <= FT_METRICS_NAMES_MAX; i++)
		free(metrics->names[i].text);
	free(metrics->entry_of);
	free(metrics);
}

/* ---- sums */

static void add(struct ft_counts *sum, const struct ft_counts *counts)
{
	sum->packets += counts->packets;
	sum->bytes += counts->bytes;
	sum->l2_bytes += counts->l2_bytes;
}

/* Whom an owner's bytes are listed under. */
static const char *name_of(const struct ft_snapshot *snapshot, uint16_t owner)
{
	static const char *const words[] = {
		[FT_OWNER_UNKNOWN] = "(unknown)",
		[FT_OWNER_KERNEL] = "(kernel)",
		[FT_OWNER_TRANSIT] = "(transit)",
		[FT_OWNER_FOREIGN] = "(transit)", /* which it counts for */
	};
	const struct ft_process *process;

	if (owner < FT_OWNER_FIRST)
		return words[owner];
	process = ft_snapshot_process(snapshot, owner);
	return process ? process->name : words[FT_OWNER_UNKNOWN];
}

/* The place of a name, made while there is room. */
static size_t enter(struct ft_metrics *metrics, const char *text)
{
	struct name *others = &metrics->names[FT_METRICS_NAMES_MAX];

	for (size_t i = 0; i < metrics->name_count; i++)
		if (!strcmp(metrics->names[i].text, text))
			return i;
	if (metrics->name_count == FT_METRICS_NAMES_MAX) {
		if (!others->text)
			others->text = xstrdup("(others)");
		return FT_METRICS_NAMES_MAX;
	}
	metrics->names[metrics->name_count].text = xstrdup(text);
	return metrics->name_count++;
}

/* What an end of a flow counts for an owner. */
static void add_end(struct ft_metrics *metrics, const struct ft_snapshot *snapshot,
		    uint16_t owner, const struct ft_delta *delta, int end)
{
	struct name *name;

	if (!metrics->entry_of[owner])
		metrics->entry_of[owner] =
			(uint16_t)(1 + enter(metrics, name_of(snapshot, owner)));
	name = &metrics->names[metrics->entry_of[owner] - 1];
	add(&name->tx, &delta->count[end]);
	add(&name->rx, &delta->count[!end]);
}

void ft_metrics_add(struct ft_metrics *metrics, const struct ft_snapshot *snapshot)
{
	/* An id may be another process in the next snapshot. */
	memset(metrics->entry_of, 0, OWNERS * sizeof(*metrics->entry_of));
	for (size_t i = 0; i < snapshot->delta_count; i++) {
		const struct ft_delta *delta = &snapshot->deltas[i];
		const struct ft_flow_hot *row = &snapshot->rows[delta->row];
		uint8_t protocol = row->flow->key.protocol;
		int tx = ft_flow_tx(row->flow);
		uint16_t owner[2];
		int owners = ft_flow_owners(row, owner);

		for (int end = 0; end < 2; end++)
			add(&metrics->protocol[protocol], &delta->count[end]);
		add_end(metrics, snapshot, owner[0], delta, tx);
		if (owners == 2)
			add_end(metrics, snapshot, owner[1], delta, !tx);
	}
}

/* ---- text */

/* A label's value: escaped, and valid UTF-8. */
static void print_label(FILE *stream, const char *text)
{
	size_t length = strlen(text), step;

	for (size_t at = 0; at < length; at += step) {
		step = ft_utf8_length(text + at, length - at);
		if (step == 0) {
			fputs("\xef\xbf\xbd", stream);
			step = 1;
		} else if (text[at] == '\n') {
			fputs("\\n", stream);
		} else {
			if (text[at] == '"' || text[at] == '\\')
				putc('\\', stream);
			fwrite(text + at, 1, step, stream);
		}
	}
}

/* The head of a family. */
static void head(FILE *stream, const char *name, const char *type, const char *help)
{
	fprintf(stream, "# TYPE flowtop_%s %s\n# HELP flowtop_%s %s\n", name, type, name, help);
}

/* A sample with an interface and one more label; either may be NULL. */
static void sample(FILE *stream, const char *name, const char *suffix, const char *label,
		   const char *value, const char *label2, const char *value2, uint64_t number)
{
	fprintf(stream, "flowtop_%s%s", name, suffix);
	if (label) {
		fprintf(stream, "{%s=\"", label);
		print_label(stream, value);
		if (label2)
			fprintf(stream, "\",%s=\"%s", label2, value2);
		fputs("\"}", stream);
	}
	fprintf(stream, " %" PRIu64 "\n", number);
}

/* The terms of the line, and what is seen, since start. */
static void print_line(FILE *stream, const struct ft_snapshot *snapshot, bool packets)
{
	const char *seen = packets ? "seen_packets" : "seen_l2_bytes";
	const char *name = packets ? "packets" : "l2_bytes";

	head(stream, seen, "counter", packets ? "Packets that passed the hook." :
						"Bytes of their frames.");
	for (size_t i = 0; i < snapshot->scope_count; i++) {
		const struct ft_line *line = &snapshot->scopes[i].total;

		sample(stream, seen, "_total", "interface", snapshot->scopes[i].name, NULL, NULL,
		       packets ? line->seen.packets : line->seen.l2_bytes);
	}
	head(stream, name, "counter",
	     packets ? "Packets by what became of them; the terms sum to what was seen." :
		       "Bytes of frames by what became of them.");
	for (size_t i = 0; i < snapshot->scope_count; i++) {
		const struct ft_line *line = &snapshot->scopes[i].total;
		const struct {
			const char *name;
			struct ft_tally tally;
		} terms[] = {
			{ "flows", { line->flows.packets, line->flows.l2_bytes } },
			{ "other", { line->other.packets, line->other.l2_bytes } },
			{ "not_ip", ft_line_not_ip(line) },
			{ "malformed", ft_line_malformed(line) },
			{ "lost", ft_line_lost(line) },
		};

		for (size_t t = 0; t < sizeof(terms) / sizeof(terms[0]); t++)
			sample(stream, name, "_total", "interface", snapshot->scopes[i].name,
			       "term", terms[t].name,
			       packets ? terms[t].tally.packets : terms[t].tally.l2_bytes);
	}
}

/* L3 bytes, which the line does not have. */
static void print_flow_bytes(FILE *stream, const struct ft_snapshot *snapshot)
{
	head(stream, "flow_bytes", "counter", "L3 bytes of flows, both directions.");
	for (size_t i = 0; i < snapshot->scope_count; i++)
		sample(stream, "flow_bytes", "_total", "interface", snapshot->scopes[i].name, NULL,
		       NULL, snapshot->scopes[i].total.flows.bytes);
}

/* What the hooks of each device saw, and what the kernel dropped. */
static void print_devices(FILE *stream, const struct ft_snapshot *snapshot)
{
	static const char *const names[] = { "device_packets", "device_l2_bytes",
					     "device_drops" };
	static const char *const helps[] = { "Packets at the device's hooks.",
					     "Bytes of their frames.",
					     "Packets that the kernel dropped, as it says." };

	for (int family = 0; family < 3; family++) {
		head(stream, names[family], "counter", helps[family]);
		for (size_t i = 0; i < snapshot->iface_count; i++) {
			const struct ft_snapshot_iface *iface = &snapshot->ifaces[i];
			const uint64_t values[3][2] = {
				{ iface->total.rx.packets, iface->total.tx.packets },
				{ iface->total.rx.l2_bytes, iface->total.tx.l2_bytes },
				{ iface->drops_rx, iface->drops_tx + iface->qdisc_drops },
			};

			for (int tx = 0; tx < 2; tx++)
				sample(stream, names[family], "_total", "device", iface->name,
				       "direction", tx ? "tx" : "rx", values[family][tx]);
		}
	}
}

/* One name's samples. */
static void print_name(FILE *stream, const char *family, const struct name *name, bool packets)
{
	if (!name->text)
		return;
	sample(stream, family, "_total", "process", name->text, "direction", "tx",
	       packets ? name->tx.packets : name->tx.bytes);
	sample(stream, family, "_total", "process", name->text, "direction", "rx",
	       packets ? name->rx.packets : name->rx.bytes);
}

/* What processes sent and got, by their names. */
static void print_processes(const struct ft_metrics *metrics, FILE *stream, bool packets)
{
	const char *family = packets ? "process_packets" : "process_bytes";

	head(stream, family, "counter",
	     packets ? "Packets that processes of this name sent and got." :
		       "L3 bytes that processes of this name sent and got.");
	for (size_t i = 0; i <= FT_METRICS_NAMES_MAX; i++)
		print_name(stream, family, &metrics->names[i], packets);
}

/* By protocol; those that were seen. */
static void print_protocols(const struct ft_metrics *metrics, FILE *stream, bool packets)
{
	const char *family = packets ? "protocol_packets" : "protocol_bytes", *name;
	char number[8];

	head(stream, family, "counter", packets ? "Packets of flows, by protocol." :
						  "L3 bytes of flows, by protocol.");
	for (unsigned protocol = 0; protocol < 256; protocol++) {
		const struct ft_counts *counts = &metrics->protocol[protocol];

		if (!counts->packets)
			continue;
		name = ft_protocol_name((uint8_t)protocol);
		snprintf(number, sizeof(number), "%u", protocol);
		sample(stream, family, "_total", "protocol", name ? name : number, NULL, NULL,
		       packets ? counts->packets : counts->bytes);
	}
}

/* How flowtop itself fares. */
static void print_self(FILE *stream, const struct ft_snapshot *snapshot)
{
	const struct {
		const char *name, *type, *suffix, *help;
		uint64_t number;
	} rows[] = {
		{ "live_flows", "gauge", "", "Flows that have not ended.", snapshot->live_flows },
		{ "max_flows", "gauge", "", "Flows that the table can hold.", snapshot->max_flows },
		{ "evicted", "counter", "_total", "Flows that had to leave the full table.",
		  snapshot->evicted },
		{ "intervals_lengthened", "counter", "_total",
		  "Times that an interval went on because an output was slow.",
		  snapshot->lengthened },
		{ "intervals_missed", "counter", "_total",
		  "Intervals that slow outputs did not get.", snapshot->missed },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		head(stream, rows[i].name, rows[i].type, rows[i].help);
		sample(stream, rows[i].name, rows[i].suffix, NULL, NULL, NULL, NULL,
		       rows[i].number);
	}
}

void ft_metrics_print(const struct ft_metrics *metrics, const struct ft_snapshot *snapshot,
		      FILE *stream)
{
	print_line(stream, snapshot, true);
	print_line(stream, snapshot, false);
	print_flow_bytes(stream, snapshot);
	print_devices(stream, snapshot);
	print_processes(metrics, stream, true);
	print_processes(metrics, stream, false);
	print_protocols(metrics, stream, true);
	print_protocols(metrics, stream, false);
	print_self(stream, snapshot);
	fputs("# EOF\n", stream);
}
