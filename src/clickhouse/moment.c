/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A moment of a database as a picture: see read.c. Its questions, in their order:
 *
 *   intervals   what the step's line says, by host
 *   lines       its terms, by host and interface
 *   health      of the newest interval of each host
 *   traffic     flows, one row each; with a filter once more without it, summed by interface, for
 *               what is withheld and the rates above the columns
 *   tcp         the newest sample of each of their sockets
 *   events      the newest of all hosts
 *   processes   owners that no moment had before
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clickhouse/picture.h"
#include "core/event.h"
#include "core/nls.h"
#include "core/rows.h"
#include "core/snapshot_own.h"
#include "core/xalloc.h"

#define NOTES_READ 32

/* ---- numbers of names */

/* 1 + the host's index; those beyond the bound share the last. */
uint16_t ft_ch_observer(struct ft_clickhouse *ch, const struct ft_tsv_field *field)
{
	for (size_t i = 0; i < ch->observer_count; i++)
		if (strncmp(ch->observers[i], field->text, 255) == 0)
			return (uint16_t)(i + 1);
	if (ch->observer_count == FT_MAX_SCOPES)
		return FT_MAX_SCOPES;
	ch->observers[ch->observer_count++] = xstrndup(field->text, 255);
	return (uint16_t)ch->observer_count;
}

/* The same of its interface. */
uint16_t ft_ch_scope_of(struct ft_clickhouse *ch, uint16_t observer,
			const struct ft_tsv_field *field)
{
	struct ft_ch_scope *scope;

	for (size_t i = 0; i < ch->scope_count; i++)
		if (ch->scopes[i].observer == observer &&
		    strncmp(ch->scopes[i].name, field->text, IFNAMSIZ - 1) == 0)
			return (uint16_t)i;
	if (ch->scope_count == FT_MAX_SCOPES)
		return FT_MAX_SCOPES - 1;
	scope = &ch->scopes[ch->scope_count];
	scope->observer = observer;
	snprintf(scope->name, IFNAMSIZ, "%.*s", IFNAMSIZ - 1, field->text);
	return (uint16_t)ch->scope_count++;
}

struct ft_counts ft_ch_counts(const struct ft_tsv_field *fields)
{
	return (struct ft_counts){ .packets = ft_tsv_number(&fields[0], UINT64_MAX),
				   .bytes = ft_tsv_number(&fields[1], UINT64_MAX),
				   .l2_bytes = ft_tsv_number(&fields[2], UINT64_MAX) };
}

static struct ft_sum get_sum(const struct ft_tsv_field *fields)
{
	struct ft_counts counts = ft_ch_counts(fields);

	return (struct ft_sum){ counts.packets, counts.bytes, counts.l2_bytes };
}

/* ---- intervals, lines, health */

/* FROM a table, WHERE rows are of the step. */
static void from_step(struct ft_sql *sql, const struct ft_ch_picture *picture, enum ft_ch_table_id table)
{
	ft_sql_printf(sql, " FROM ");
	ft_ch_table_name(sql, picture->ch->database, table);
	ft_sql_printf(sql, " FINAL WHERE time >= toDateTime(%llu) AND time <= toDateTime(%llu) AND "
			   "end_ns > %llu AND end_ns <= %llu",
		      (unsigned long long)(picture->from_ns / SECOND),
		      (unsigned long long)(picture->to_ns / SECOND),
		      (unsigned long long)picture->from_ns, (unsigned long long)picture->to_ns);
}

static int take_interval(void *arg, const struct ft_tsv_field *fields, size_t count)
{
	struct ft_ch_picture *picture = arg;
	struct ft_snapshot *snapshot = picture->snapshot;
	uint64_t length = ft_tsv_number(&fields[1], INT64_MAX);
	struct ft_sum flows = get_sum(&fields[3]);

	(void)count;
	if (length > snapshot->interval_ns)
		snapshot->interval_ns = length;
	snapshot->live_flows += ft_tsv_number(&fields[2], UINT32_MAX);
	picture->line.flows.packets += flows.packets;
	picture->line.flows.bytes += flows.bytes;
	picture->line.flows.l2_bytes += flows.l2_bytes;
	picture->inexact[ft_ch_observer(picture->ch, &fields[0])] |=
		ft_tsv_number(&fields[6], 1) == 0;
	return 0;
}

static int ask_intervals(struct ft_ch_picture *picture, char *err, size_t err_size)
{
	struct ft_sql sql = { NULL };
	int ret;

	ft_sql_printf(&sql, "SELECT observer, sum(interval_ns), argMax(live_flows, end_ns), "
			    "sum(flows_packets), sum(flows_bytes), sum(flows_l2_bytes), min(exact)");
	from_step(&sql, picture, FT_CH_INTERVALS);
	ft_sql_printf(&sql, " GROUP BY observer LIMIT %u FORMAT TabSeparated", FT_MAX_SCOPES);
	ret = ft_ch_query(picture->ch, &sql, 7, take_interval, picture, err, err_size);
	ft_sql_done(&sql);
	return ret;
}

static int take_line(void *arg, const struct ft_tsv_field *fields, size_t count)
{
	struct ft_ch_picture *picture = arg;
	uint16_t observer = ft_ch_observer(picture->ch, &fields[0]);
	struct ft_snapshot_scope *scope =
		&picture->scopes[ft_ch_scope_of(picture->ch, observer, &fields[1])];

	(void)count;
	scope->present = true;
	scope->interval.inexact = scope->total.inexact = picture->inexact[observer];
	ft_line_set_term(&scope->interval, fields[2].text, get_sum(&fields[3]));
	ft_line_set_term(&scope->total, fields[2].text, get_sum(&fields[6]));
	return 0;
}

static int ask_lines(struct ft_ch_picture *picture, char *err, size_t err_size)
{
	struct ft_sql sql = { NULL };
	int ret;

	ft_sql_printf(&sql, "SELECT observer, interface, term, sum(packets), sum(bytes), "
			    "sum(l2_bytes), argMax(total_packets, end_ns), "
			    "argMax(total_bytes, end_ns), argMax(total_l2_bytes, end_ns)");
	from_step(&sql, picture, FT_CH_LINES);
	ft_sql_printf(&sql, " GROUP BY observer, interface, term ORDER BY observer, interface LIMIT "
			    "%u FORMAT TabSeparated", FT_MAX_SCOPES * FT_C_MAX);
	ret = ft_ch_query(picture->ch, &sql, 9, take_line, picture, err, err_size);
	ft_sql_done(&sql);
	return ret;
}

/* Replaces a text by what a host says; by nothing, if they don't agree. */
static void agree(char **text, const char *by, bool first)
{
	if (!first && strcmp(*text, by) == 0)
		return;
	free(*text);
	*text = xstrdup(first ? by : "");
}

/* Lines of a host as notes, its name in front where there are several. */
static void add_notes(struct ft_snapshot *snapshot, const char *observer, const char *text)
{
	while (*text && snapshot->note_count < NOTES_READ) {
		size_t length = strcspn(text, "\n");

		snapshot->notes[snapshot->note_count++] =
			xasprintf("%s%s%.*s", observer, *observer ? ": " : "", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static int take_health(void *arg, const struct ft_tsv_field *fields, size_t count)
{
	struct ft_ch_picture *picture = arg;
	struct ft_snapshot *snapshot = picture->snapshot;
	bool first = snapshot->max_flows == 0 && snapshot->note_count == 0 && !snapshot->backend[0];
	uint32_t fill = (uint32_t)ft_tsv_number(&fields[9], 1000);

	(void)count;
	agree(&snapshot->backend, fields[1].text, first);
	agree(&snapshot->backend_reason, fields[2].text, first);
	agree(&snapshot->capture_filter, fields[3].text, first);
	/* Somebody tells owners: then there are columns for them. */
	if (first || fields[4].length > 0) {
		free(snapshot->owner_source);
		snapshot->owner_source = xstrdup(fields[4].text);
	}
	snapshot->evicted += ft_tsv_number(&fields[5], UINT64_MAX);
	snapshot->lengthened += ft_tsv_number(&fields[6], UINT64_MAX);
	snapshot->missed += ft_tsv_number(&fields[7], UINT64_MAX);
	snapshot->not_watched_ns += ft_tsv_number(&fields[8], UINT64_MAX);
	if (fill > snapshot->store.log_fill)
		snapshot->store.log_fill = fill;
	snapshot->store.spilled += ft_tsv_number(&fields[10], UINT64_MAX);
	snapshot->store.flips += ft_tsv_number(&fields[11], UINT64_MAX);
	snapshot->store.map_bytes += ft_tsv_number(&fields[12], UINT64_MAX);
	snapshot->store.sockets_missed += ft_tsv_number(&fields[13], UINT64_MAX);
	snapshot->max_flows += (uint32_t)ft_tsv_number(&fields[14], UINT32_MAX);
	add_notes(snapshot, picture->ch->observer_count > 1 ? fields[0].text : "", fields[15].text);
	return 0;
}

static int ask_health(struct ft_ch_picture *picture, char *err, size_t err_size)
{
	static const char *const columns[] = {
		"backend", "backend_reason", "capture_filter", "owner_source", "evicted",
		"lengthened", "missed", "not_watched_ns", "log_fill_per_mille", "spilled", "flips",
		"map_bytes", "sockets_missed", "max_flows", "notes",
	};
	size_t count = sizeof(columns) / sizeof(columns[0]);
	struct ft_sql sql = { NULL };
	int ret;

	ft_sql_printf(&sql, "SELECT observer");
	for (size_t i = 0; i < count; i++)
		ft_sql_printf(&sql, ", argMax(%s, end_ns)", columns[i]);
	from_step(&sql, picture, FT_CH_HEALTH);
	ft_sql_printf(&sql, " GROUP BY observer ORDER BY observer LIMIT %u FORMAT TabSeparated",
		      FT_MAX_SCOPES);
	ret = ft_ch_query(picture->ch, &sql, 1 + count, take_health, picture, err, err_size);
	ft_sql_done(&sql);
	return ret;
}

/* ---- the picture */

/* The finished row, from the work whose sides are local, remote. */
static void finish_row(const struct ft_ch_picture *picture, const struct ft_ch_work *work,
		       const struct ft_flow *flow, struct ft_flow_hot *hot)
{
	double least = (double)picture->snapshot->interval_ns / 1e9;
	double age = ((double)picture->end_ns - (double)flow->first_ns) / 1e9;
	int tx = ft_flow_tx(flow);

	*hot = work->hot;
	hot->flow = flow;
	if (age < least)
		age = least;
	for (int side = 0; side < 2; side++) {
		int dir = side == 0 ? tx : !tx;

		hot->total[dir] = work->hot.total[side];
		hot->tcp_flags[dir] = work->hot.tcp_flags[side];
		hot->owner[dir] = ft_flow_read_owner(flow, dir,
						     ft_ch_owner(picture->ch, work, side));
		for (int w = 0; w < FT_WINDOWS && age > 0; w++) {
			float weight = (float)(1 - exp(-age / ft_window_seconds[w]));

			hot->rate_bytes[w][dir] = work->rate[w][side] / weight;
			hot->rate_packets[w][dir] = work->rate[w][2 + side] / weight;
		}
	}
}

/* Takes from a sum what a flow counted. */
static void take_from(struct ft_sum *sum, const struct ft_counts *counts)
{
	sum->packets -= counts->packets < sum->packets ? counts->packets : sum->packets;
	sum->bytes -= counts->bytes < sum->bytes ? counts->bytes : sum->bytes;
	sum->l2_bytes -= counts->l2_bytes < sum->l2_bytes ? counts->l2_bytes : sum->l2_bytes;
}

/* Rows, what the step counted, and what of it has no row. */
static void fill_rows(const struct ft_ch_picture *picture, struct ft_snapshot *snapshot,
		      const struct ft_snapshot_room *room)
{
	struct ft_sum rest = picture->line.flows;
	size_t deltas = 0;

	for (size_t i = 0; i < picture->count; i++) {
		const struct ft_ch_work *work = &picture->works[i];
		struct ft_flow_hot *hot = &room->rows[i];
		int tx = ft_flow_tx(&work->flow);

		room->flows[i] = work->flow;
		/* Each moment has flows of its own: to who writes them down they are new. */
		room->flows[i].birth = (uint32_t)snapshot->generation;
		finish_row(picture, work, &room->flows[i], hot);
		if (!work->delta[0].packets && !work->delta[1].packets)
			continue;
		room->deltas[deltas].row = (uint32_t)i;
		room->deltas[deltas].count[tx] = work->delta[0];
		room->deltas[deltas].count[!tx] = work->delta[1];
		hot->delta = (uint32_t)++deltas;
		take_from(&rest, &work->delta[0]);
		take_from(&rest, &work->delta[1]);
	}
	snapshot->delta_count = deltas;
	snapshot->withheld.interval = rest;
	if (picture->flows > picture->count)
		snapshot->withheld.flows = picture->flows - picture->count;
}

/* Scopes with their names and rates, the sums, hosts. */
static void fill_scopes(struct ft_ch_picture *picture, struct ft_snapshot *snapshot)
{
	const struct ft_clickhouse *ch = picture->ch;

	for (size_t i = 0; i < ch->scope_count; i++) {
		struct ft_snapshot_scope *scope = &picture->scopes[i];

		memcpy(scope->name, ch->scopes[i].name, IFNAMSIZ);
		scope->scope = (uint16_t)i;
		scope->observer = ch->scopes[i].observer;
		ft_line_add(&snapshot->interval, &scope->interval);
		ft_line_add(&snapshot->total, &scope->total);
	}
	for (size_t i = 0; !picture->unfiltered && i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];
		struct ft_snapshot_scope *scope = &picture->scopes[row->flow->key.scope];
		int tx = ft_flow_tx(row->flow);

		for (int w = 0; w < FT_WINDOWS; w++) {
			scope->tx_bytes_per_s[w] += (double)row->rate_bytes[w][tx];
			scope->rx_bytes_per_s[w] += (double)row->rate_bytes[w][!tx];
			scope->tx_packets_per_s[w] += (double)row->rate_packets[w][tx];
			scope->rx_packets_per_s[w] += (double)row->rate_packets[w][!tx];
		}
	}
	snapshot->scopes = picture->scopes;
	snapshot->scope_count = ch->scope_count;
	picture->scopes = NULL;
	snapshot->observers = xcalloc(ch->observer_count + 1, sizeof(*snapshot->observers));
	for (size_t i = 0; i < ch->observer_count; i++)
		snapshot->observers[i] = xstrdup(ch->observers[i]);
	snapshot->observer_count = ch->observer_count;
}

/* What the first answers said. */
static void fill_health(struct ft_ch_picture *picture, struct ft_snapshot *snapshot)
{
	struct ft_snapshot *from = picture->snapshot;
	char **to[] = { &snapshot->backend, &snapshot->backend_reason, &snapshot->capture_filter,
			&snapshot->owner_source };
	char **by[] = { &from->backend, &from->backend_reason, &from->capture_filter,
			&from->owner_source };

	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		char *text = *to[i];

		*to[i] = *by[i];
		*by[i] = text;
	}
	snapshot->interval_ns = from->interval_ns;
	snapshot->live_flows = from->live_flows;
	snapshot->evicted = from->evicted;
	snapshot->lengthened = from->lengthened;
	snapshot->missed = from->missed;
	snapshot->not_watched_ns = from->not_watched_ns;
	snapshot->store = from->store;
	snapshot->max_flows = from->max_flows;
	snapshot->notes = from->notes;
	snapshot->note_count = from->note_count;
	from->notes = NULL;
	from->note_count = 0;
	if (picture->cut)
		snapshot->notes[snapshot->note_count++] =
			xasprintf(_("only %u flows of this moment are shown"), FLOWS_MAX);
}

/* All questions. */
static int ask(struct ft_ch_picture *picture, char *err, size_t err_size)
{
	const struct ft_filter *filter = picture->ch->filter;
	struct ft_filter *all = NULL;
	int ret = ask_intervals(picture, err, err_size);

	if (ret == 0)
		ret = ask_lines(picture, err, err_size);
	if (ret == 0)
		ret = ask_health(picture, err, err_size);
	ft_filter_parse("", NULL, &all, NULL, NULL, 0);
	if (ret == 0)
		ret = ft_ch_ask_flows(picture, filter ? filter : all, err, err_size);
	if (ret == 0 && ((filter && !ft_filter_is_all(filter)) || picture->cut))
		ret = ft_ch_ask_all(picture, all, err, err_size);
	if (ret == 0)
		ret = ft_ch_ask_tcp(picture, filter ? filter : all, err, err_size);
	if (ret == 0)
		ret = ft_ch_ask_events(picture, err, err_size);
	ft_filter_free(all);
	return ret == 0 ? ft_ch_ask_owners(picture, err, err_size) : ret;
}

/* The picture, when all is known. */
static struct ft_snapshot *finish(struct ft_ch_picture *picture, size_t i)
{
	const struct ft_clickhouse *ch = picture->ch;
	struct ft_snapshot_room room;
	struct ft_snapshot *snapshot;

	snapshot = ft_snapshot_make(picture->count, picture->count, &room);
	snapshot->generation = i + 1;
	snapshot->end_ns = picture->end_ns;
	snapshot->start_ns = ch->moments[0].step * ch->step_ns;
	fill_health(picture, snapshot);
	fill_rows(picture, snapshot, &room);
	ft_ch_fill_tcp(picture, snapshot);
	snapshot->events = picture->events ? ft_events_publish(picture->events) : NULL;
	fill_scopes(picture, snapshot);
	snapshot->processes = ft_owners_list(ch->owners, &snapshot->process_count);
	return snapshot;
}

int ft_ch_picture(struct ft_clickhouse *ch, size_t i, struct ft_snapshot **ret_snapshot, char *err,
		  size_t err_size)
{
	struct ft_snapshot_room room;
	struct ft_ch_picture picture = { .ch = ch };
	int ret;

	if (i >= ch->count) {
		snprintf(err, err_size, _("the recording has no such interval"));
		return -ENODATA;
	}
	picture.from_ns = ch->moments[i].step * ch->step_ns;
	picture.to_ns = picture.from_ns + ch->step_ns;
	picture.end_ns = ch->moments[i].end_ns;
	picture.look_back_ns = picture.end_ns > LOOK_BACK_NS ? picture.end_ns - LOOK_BACK_NS : 0;
	if (picture.look_back_ns > picture.from_ns)
		picture.look_back_ns = picture.from_ns;
	picture.scopes = xcalloc(FT_MAX_SCOPES, sizeof(*picture.scopes));
	picture.snapshot = ft_snapshot_make(0, 0, &room);
	picture.snapshot->notes = xcalloc(NOTES_READ + 1, sizeof(*picture.snapshot->notes));
	ret = ask(&picture, err, err_size);
	if (ret == 0)
		*ret_snapshot = finish(&picture, i);
	free(picture.works);
	free(picture.samples);
	ft_events_free(picture.events);
	free(picture.scopes);
	ft_snapshot_put(picture.snapshot);
	return ret;
}
