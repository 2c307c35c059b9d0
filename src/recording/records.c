/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The half of the reader that needs no JSON: opening, and a moment from the rows that were read. A
 * moment shows the newest row of each flow at or before it, unless that ended long ago; see
 * records.h on what a file does not hold.
 */
#include "recording/records.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/nls.h"
#include "core/owner.h"
#include "core/rows.h"
#include "core/snapshot_own.h"
#include "core/xalloc.h"
#include "recording/records_priv.h"

#define SECOND UINT64_C(1000000000)
#define LOOK_BACK_NS (620 * SECOND) /* the longest that a live flow is silent, and a bit */
#define CLOSED_NS (10 * SECOND)	    /* as ft_table_config_init has it */
#define PIECE 65536

/* ---- opening */

bool ft_records_is(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char first = 0;
	bool is;

	if (fd < 0)
		return false;
	is = pread(fd, &first, 1, 0) == 1 && (first == '{' || first == '[');
	close(fd);
	return is;
}

/* All of the file, piece by piece. */
static int read_all(struct ft_records *records, int fd, const char *path, char *err,
		    size_t err_size)
{
	char *piece = xmalloc(PIECE), why[256];
	ssize_t got;
	int ret = 0;

	while (ret == 0 && (got = read(fd, piece, PIECE)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		ret = got < 0 ? -errno
			      : ft_records_feed(records, piece, (size_t)got, why, sizeof(why));
		if (got < 0)
			snprintf(why, sizeof(why), "%s", strerror(-ret));
	}
	if (ret == 0)
		ret = ft_records_end(records, why, sizeof(why));
	if (ret < 0)
		snprintf(err, err_size, "%.200s: %s", path, why);
	free(piece);
	return ret;
}

int ft_records_open(const char *path, struct ft_records **ret_records, char *err, size_t err_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret;
	struct ft_records *records;

	if (fd < 0) {
		ret = -errno;
		snprintf(err, err_size, "%.200s: %s", path, strerror(-ret));
		return ret;
	}
	records = ft_records_new();
	ret = read_all(records, fd, path, err, err_size);
	close(fd);
	if (ret < 0) {
		ft_records_close(records);
		return ret;
	}
	*ret_records = records;
	return 0;
}

static void done_moment(struct ft_records_moment *moment)
{
	for (size_t i = 0; i < moment->note_count; i++)
		free(moment->notes[i]);
	free(moment->notes);
	free(moment->scopes);
	free(moment->backend);
	free(moment->backend_reason);
	free(moment->capture_filter);
	free(moment->owner_source);
}

void ft_records_close(struct ft_records *records)
{
	if (!records)
		return;
	for (size_t i = 0; i < records->moment_count; i++)
		done_moment(&records->moments[i]);
	ft_records_json_free(records->json);
	ft_owners_free(records->owners);
	free(records->observer);
	free(records->flows);
	free(records->identities);
	free(records->index);
	free(records->ids);
	free(records->rows);
	free(records->moments);
	free(records);
}

const char *ft_records_observer(const struct ft_records *records)
{
	return records->observer ? records->observer : "";
}

size_t ft_records_count(const struct ft_records *records)
{
	return records->moment_count;
}

uint64_t ft_records_time(const struct ft_records *records, size_t i)
{
	return records->moments[i].end_ns;
}

uint16_t ft_records_scope(struct ft_records *records, const char *name)
{
	for (size_t i = 0; i < records->scope_count; i++)
		if (strncmp(records->scopes[i], name, IFNAMSIZ - 1) == 0)
			return (uint16_t)i;
	if (records->scope_count == FT_MAX_SCOPES)
		return FT_MAX_SCOPES - 1;
	snprintf(records->scopes[records->scope_count], IFNAMSIZ, "%.*s", IFNAMSIZ - 1, name);
	return (uint16_t)records->scope_count++;
}

/* ---- a moment */

/* A flow in the making: its newest row, and rates up to the end of that row's moment. */
struct work {
	const struct ft_records_row *row;
	size_t moment;
	bool whole;       /* it began in its first row's interval, */
	uint64_t from_ns; /* which began then */
	double bytes[FT_WINDOWS][2], packets[FT_WINDOWS][2];
};

static double seconds(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (double)(to_ns - from_ns) / 1e9 : 0;
}

/* A decaying average goes on: silent for a while, then an interval of this rate. */
static double go_on(double average, double silent, double length, double rate, double window)
{
	double kept = exp(-length / window);

	return average * exp(-silent / window) * kept + rate * (1 - kept);
}

/* True if the flow's first packet is in the interval of its first row: then all of it is told. */
static bool began_in(const struct ft_records_moment *moment, const struct ft_flow *flow)
{
	return flow->first_ns + moment->interval_ns >= moment->end_ns;
}

/* The next row of a flow. Of one that began earlier than its rows do, the rate is taken to have been
 * the same before. */
static void add_row(const struct ft_records *records, struct work *work,
		    const struct ft_records_row *row, size_t at)
{
	const struct ft_records_moment *moment = &records->moments[at];
	double length = (double)moment->interval_ns / 1e9, silent = 0;
	bool first = !work->row;

	if (first) {
		work->whole = began_in(moment, &records->flows[row->flow]);
		work->from_ns = moment->end_ns - moment->interval_ns;
	} else {
		silent = seconds(records->moments[work->moment].end_ns, moment->end_ns) - length;
	}
	silent = fmax(silent, 0);
	work->row = row;
	work->moment = at;
	if (length <= 0)
		return;
	for (int dir = 0; dir < 2; dir++) {
		double bytes = (double)row->delta[dir].bytes / length;
		double packets = (double)row->delta[dir].packets / length;

		for (int w = 0; w < FT_WINDOWS; w++) {
			double window = ft_window_seconds[w];

			if (first && !work->whole) {
				work->bytes[w][dir] = bytes;
				work->packets[w][dir] = packets;
			}
			work->bytes[w][dir] =
				go_on(work->bytes[w][dir], silent, length, bytes, window);
			work->packets[w][dir] =
				go_on(work->packets[w][dir], silent, length, packets, window);
		}
	}
}

/* True if the live screen would have shown it still. */
static bool is_shown(const struct ft_records *records, const struct work *work, size_t now)
{
	uint64_t ago = records->moments[now].end_ns - records->moments[work->moment].end_ns;

	return work->row && (work->row->hot.ended == FT_ENDED_NOT || ago < CLOSED_NS);
}

/* One line of the moment. */
static void put_row(const struct ft_records *records, const struct work *work, size_t now,
		    struct ft_snapshot *snapshot, const struct ft_snapshot_room *room)
{
	size_t place = snapshot->row_count++;
	struct ft_flow_hot *hot = &room->rows[place];
	double age, silent = seconds(records->moments[work->moment].end_ns,
				     records->moments[now].end_ns);

	room->flows[place] = records->flows[work->row->flow];
	*hot = work->row->hot;
	hot->flow = &room->flows[place];
	age = seconds(work->from_ns, records->moments[now].end_ns);
	for (int dir = 0; dir < 2; dir++)
		for (int w = 0; w < FT_WINDOWS; w++) {
			double window = ft_window_seconds[w], decay = exp(-silent / window);

			/* As in core/table_rate.c: an average over its age, while that is short. */
			if (work->whole && age > 0)
				decay /= 1 - exp(-age / window);

			hot->rate_bytes[w][dir] = (float)(work->bytes[w][dir] * decay);
			hot->rate_packets[w][dir] = (float)(work->packets[w][dir] * decay);
		}
	snapshot->live_flows += !ft_flow_is_over(hot);
	hot->ended_now = hot->ended != FT_ENDED_NOT && work->moment == now;
	if (work->moment != now || (!work->row->delta[0].packets && !work->row->delta[1].packets))
		return;
	room->deltas[snapshot->delta_count].row = (uint32_t)place;
	memcpy(room->deltas[snapshot->delta_count].count, work->row->delta,
	       sizeof(work->row->delta));
	hot->delta = (uint32_t)++snapshot->delta_count;
}

/* The line of a flow record's sum, where no summary tells more. */
static void add_flows(struct ft_line *line, const struct ft_counts *counts)
{
	line->flows.packets += counts->packets;
	line->flows.bytes += counts->bytes;
	line->flows.l2_bytes += counts->l2_bytes;
	line->seen.packets += counts->packets;
	line->seen.l2_bytes += counts->l2_bytes;
	line->by.c[FT_C_SEEN] = line->seen;
}

/* Scopes with their lines, and the sums: as the summary has them, or as the flows add up. */
static void fill_scopes(const struct ft_records *records, const struct ft_records_moment *moment,
			struct ft_snapshot *snapshot)
{
	struct ft_snapshot_scope *scopes = xcalloc(FT_MAX_SCOPES, sizeof(*scopes));

	for (size_t i = 0; i < records->scope_count; i++) {
		memcpy(scopes[i].name, records->scopes[i], IFNAMSIZ);
		scopes[i].scope = (uint16_t)i;
	}
	/* Several may share a number: interfaces of one name on several hosts, names beyond the bound. */
	for (size_t i = 0; i < moment->scope_count; i++) {
		const struct ft_snapshot_scope *from = &moment->scopes[i];
		struct ft_snapshot_scope *to = &scopes[from->scope];

		to->present |= from->present;
		ft_line_add(&to->interval, &from->interval);
		ft_line_add(&to->total, &from->total);
	}
	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];
		const struct ft_counts *delta = ft_snapshot_delta(snapshot, row);
		struct ft_snapshot_scope *scope = &scopes[row->flow->key.scope];
		int tx = ft_flow_tx(row->flow);

		for (int dir = 0; dir < 2 && !moment->summed; dir++) {
			add_flows(&scope->interval, &delta[dir]);
			add_flows(&scope->total, &row->total[dir]);
			scope->present = true;
		}
		for (int w = 0; w < FT_WINDOWS; w++) {
			scope->tx_bytes_per_s[w] += (double)row->rate_bytes[w][tx];
			scope->rx_bytes_per_s[w] += (double)row->rate_bytes[w][!tx];
			scope->tx_packets_per_s[w] += (double)row->rate_packets[w][tx];
			scope->rx_packets_per_s[w] += (double)row->rate_packets[w][!tx];
		}
	}
	for (size_t i = 0; i < records->scope_count; i++) {
		ft_line_add(&snapshot->interval, &scopes[i].interval);
		ft_line_add(&snapshot->total, &scopes[i].total);
	}
	snapshot->scopes = scopes;
	snapshot->scope_count = records->scope_count;
}

/* What the file leaves out of this moment. */
static void fill_notes(const struct ft_records *records, const struct ft_records_moment *moment,
		       struct ft_snapshot *snapshot)
{
	uint64_t there = snapshot->live_flows + moment->hidden_flows;
	char **notes = xcalloc(moment->note_count + 3, sizeof(*notes));
	size_t count = 0;

	if (moment->hidden_flows)
		notes[count++] = xasprintf(_("a filter or -L kept %llu flows out of the file"),
					   (unsigned long long)moment->hidden_flows);
	if (moment->live_flows > there)
		notes[count++] = xasprintf(_("the file lacks %llu flows that counted nothing while "
					     "it was written"),
					   (unsigned long long)(moment->live_flows - there));
	if (records->owners_full)
		notes[count++] = xasprintf(_("only %u processes of the file are told apart"),
					   FT_RECORDS_PROCESSES_MAX);
	for (size_t i = 0; i < moment->note_count; i++)
		notes[count++] = xstrdup(moment->notes[i]);
	snapshot->notes = notes;
	snapshot->note_count = count;
}

static void set_text(char **text, const char *by)
{
	if (!by)
		return;
	free(*text);
	*text = xstrdup(by);
}

static void fill_rest(const struct ft_records *records, size_t i, struct ft_snapshot *snapshot)
{
	const struct ft_records_moment *moment = &records->moments[i];

	snapshot->generation = i + 1;
	snapshot->end_ns = moment->end_ns;
	snapshot->interval_ns = moment->interval_ns;
	snapshot->start_ns = records->moments[0].end_ns - records->moments[0].interval_ns;
	snapshot->evicted = moment->evicted;
	snapshot->lengthened = moment->lengthened;
	snapshot->missed = moment->missed;
	snapshot->max_flows = moment->max_flows;
	set_text(&snapshot->backend, moment->backend);
	set_text(&snapshot->backend_reason, moment->backend_reason);
	set_text(&snapshot->capture_filter, moment->capture_filter);
	set_text(&snapshot->owner_source, moment->owner_source);
	snapshot->processes = ft_owners_list(records->owners, &snapshot->process_count);
	/* Records without a summary that have processes were written by one who knew them. */
	if (!moment->summed && ft_owners_count(records->owners) > 0)
		set_text(&snapshot->owner_source, "records");
}

struct ft_snapshot *ft_records_moment(struct ft_records *records, size_t i)
{
	struct work *works = xcalloc(records->flow_count + 1, sizeof(*works));
	const struct ft_records_moment *moment = &records->moments[i];
	struct ft_snapshot_room room;
	struct ft_snapshot *snapshot;
	size_t from = i, shown = 0;

	while (from > 0 && records->moments[from - 1].end_ns + LOOK_BACK_NS > moment->end_ns)
		from--;
	for (size_t at = from; at <= i; at++)
		for (size_t k = 0; k < records->moments[at].row_count; k++) {
			const struct ft_records_row *row =
				&records->rows[records->moments[at].first_row + k];

			add_row(records, &works[row->flow], row, at);
		}
	for (size_t k = 0; k < records->flow_count; k++)
		shown += is_shown(records, &works[k], i);
	snapshot = ft_snapshot_make(shown, shown, &room);
	snapshot->row_count = snapshot->delta_count = snapshot->live_flows = 0;
	for (size_t k = 0; k < records->flow_count; k++)
		if (is_shown(records, &works[k], i))
			put_row(records, &works[k], i, snapshot, &room);
	free(works);
	fill_scopes(records, moment, snapshot);
	fill_rest(records, i, snapshot);
	fill_notes(records, moment, snapshot);
	return snapshot;
}

/* ---- for the player */

static size_t source_refresh(void *source)
{
	return ft_records_count(source);
}

static uint64_t source_time(const void *source, size_t i)
{
	return ft_records_time(source, i);
}

static int source_moment(void *source, size_t i, struct ft_snapshot **ret_snapshot, char *err,
			 size_t err_size)
{
	(void)err;
	(void)err_size;
	*ret_snapshot = ft_records_moment(source, i);
	return 0;
}

static void source_close(void *source)
{
	ft_records_close(source);
}

const struct ft_source_ops ft_source_records = {
	.refresh = source_refresh,
	.time = source_time,
	.moment = source_moment,
	.filter = ft_source_filters_nothing,
	.trouble = ft_source_no_trouble,
	.cancel = ft_source_waits_for_nothing,
	.close = source_close,
};
