/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a moment says as a whole: interfaces with their lines, the sums, health, notes. */
#include "recording/read.h"

#include <stdlib.h>
#include <string.h>

#include "core/nls.h"
#include "core/xalloc.h"

#define NOTES_READ 32

/* A term into a line. */
static void add_term(struct ft_line *line, const char *term, struct ft_sum sum, bool inexact)
{
	line->inexact = inexact;
	ft_line_set_term(line, term, sum);
}

/* Scopes with their lines, and the sums. */
static void fill_scopes(struct ft_recording *r, int64_t interval, struct ft_snapshot *snapshot)
{
	struct ft_snapshot_scope *scopes = xcalloc(FT_MAX_SCOPES, sizeof(*scopes));
	sqlite3_stmt *query = r->query[FT_Q_LINES];
	bool inexact = false;

	sqlite3_bind_int64(r->query[FT_Q_INTERVAL], 1, interval);
	if (sqlite3_step(r->query[FT_Q_INTERVAL]) == SQLITE_ROW)
		inexact = sqlite3_column_int64(r->query[FT_Q_INTERVAL], 0) == 0;
	sqlite3_reset(r->query[FT_Q_INTERVAL]);
	sqlite3_bind_int64(query, 1, interval);
	while (sqlite3_step(query) == SQLITE_ROW) {
		struct ft_snapshot_scope *scope = &scopes[ft_read_scope(r, ft_read_text(query, 0))];
		struct ft_counts now = ft_read_counts(query, 2), total = ft_read_counts(query, 5);

		scope->present = true;
		add_term(&scope->interval, ft_read_text(query, 1),
			 (struct ft_sum){ now.packets, now.bytes, now.l2_bytes }, inexact);
		add_term(&scope->total, ft_read_text(query, 1),
			 (struct ft_sum){ total.packets, total.bytes, total.l2_bytes }, inexact);
	}
	sqlite3_reset(query);
	for (size_t i = 0; i < r->scope_count; i++) {
		memcpy(scopes[i].name, r->scopes[i], IFNAMSIZ);
		scopes[i].scope = (uint16_t)i;
		ft_line_add(&snapshot->interval, &scopes[i].interval);
		ft_line_add(&snapshot->total, &scopes[i].total);
	}
	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];
		struct ft_snapshot_scope *scope = &scopes[row->flow->key.scope];
		int tx = ft_flow_tx(row->flow);

		for (int w = 0; w < FT_WINDOWS; w++) {
			scope->tx_bytes_per_s[w] += (double)row->rate_bytes[w][tx];
			scope->rx_bytes_per_s[w] += (double)row->rate_bytes[w][!tx];
			scope->tx_packets_per_s[w] += (double)row->rate_packets[w][tx];
			scope->rx_packets_per_s[w] += (double)row->rate_packets[w][!tx];
		}
	}
	snapshot->scopes = scopes;
	snapshot->scope_count = r->scope_count;
}

/* Lines of text as notes. */
static void fill_notes(struct ft_snapshot *snapshot, const char *text, bool cut)
{
	snapshot->notes = xcalloc(NOTES_READ + 1, sizeof(*snapshot->notes));
	if (cut)
		snapshot->notes[snapshot->note_count++] =
			xasprintf(_("only %u flows of this moment are shown"), FT_READ_FLOWS_MAX);
	while (*text && snapshot->note_count < NOTES_READ) {
		size_t length = strcspn(text, "\n");

		snapshot->notes[snapshot->note_count++] = xstrndup(text, length);
		text += length + (text[length] == '\n');
	}
}

/* Replaces a text of the snapshot. */
static void set_text(char **text, const char *by)
{
	free(*text);
	*text = xstrdup(by);
}

static void fill_health(struct ft_recording *r, int64_t interval, bool cut,
			struct ft_snapshot *snapshot)
{
	sqlite3_stmt *row = r->query[FT_Q_HEALTH];
	bool there;

	sqlite3_bind_int64(row, 1, interval);
	there = sqlite3_step(row) == SQLITE_ROW;
	if (there) {
		set_text(&snapshot->backend, ft_read_text(row, 0));
		set_text(&snapshot->backend_reason, ft_read_text(row, 1));
		set_text(&snapshot->capture_filter, ft_read_text(row, 2));
		set_text(&snapshot->owner_source, ft_read_text(row, 3));
		snapshot->evicted = ft_read_u64(row, 5);
		snapshot->lengthened = ft_read_u64(row, 6);
		snapshot->missed = ft_read_u64(row, 7);
		snapshot->not_watched_ns = ft_read_u64(row, 8);
		snapshot->store.log_fill = ft_read_up_to(row, 9, 1000);
		snapshot->store.spilled = ft_read_u64(row, 10);
		snapshot->store.flips = ft_read_u64(row, 11);
		snapshot->store.map_bytes = ft_read_u64(row, 12);
		snapshot->store.sockets_missed = ft_read_u64(row, 13);
		snapshot->max_flows = ft_read_up_to(row, 14, UINT32_MAX);
	}
	fill_notes(snapshot, there ? ft_read_text(row, 4) : "", cut);
	sqlite3_reset(row);
}

/* How sockets were looked at, and what events cannot tell. */
static void fill_sources(struct ft_recording *r, int64_t interval, struct ft_snapshot *snapshot)
{
	sqlite3_stmt *row = r->query[FT_Q_PICTURE];

	if (!row)
		return;
	sqlite3_bind_int64(row, 1, interval);
	if (sqlite3_step(row) == SQLITE_ROW) {
		set_text(&snapshot->health_source, ft_read_text(row, 0));
		set_text(&snapshot->event_source, ft_read_text(row, 1));
	}
	sqlite3_reset(row);
}

void ft_fill_line(struct ft_recording *r, size_t now, bool cut, struct ft_snapshot *snapshot)
{
	int64_t interval = r->intervals[now].id;

	fill_scopes(r, interval, snapshot);
	fill_health(r, interval, cut, snapshot);
	fill_sources(r, interval, snapshot);
}
