/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of an interval as a whole: the line that adds up, its terms, health, what pictures hold. */
#include "recording/write.h"

#include <stdlib.h>

#include "core/event.h"
#include "core/socket.h"
#include "core/xalloc.h"

/* One term of an interface's line, if it ever counted anything. */
static int write_term(struct ft_recorder *self, const char *interface, const char *term,
		      struct ft_sum now, struct ft_sum total)
{
	struct ft_binder to;

	if (!total.packets && !total.l2_bytes && !now.packets && !now.l2_bytes)
		return 0;
	to = ft_recorder_begin(self, FT_LINE);
	ft_bind_int(&to, (uint64_t)self->interval);
	ft_bind_bytes(&to, interface);
	ft_bind_word(&to, term);
	ft_bind_int(&to, now.packets);
	ft_bind_int(&to, now.bytes);
	ft_bind_int(&to, now.l2_bytes);
	ft_bind_int(&to, total.packets);
	ft_bind_int(&to, total.bytes);
	ft_bind_int(&to, total.l2_bytes);
	return ft_recorder_run(self, &to);
}

static struct ft_sum sum_of(struct ft_tally tally)
{
	return (struct ft_sum){ .packets = tally.packets, .l2_bytes = tally.l2_bytes };
}

/* The line of one interface. */
static int write_line(struct ft_recorder *self, const struct ft_snapshot_scope *scope)
{
	const char *name = scope->name[0] ? scope->name : "?";
	const struct ft_line *now = &scope->interval, *total = &scope->total;
	int ret = write_term(self, name, "seen", sum_of(now->seen), sum_of(total->seen));

	if (ret == 0)
		ret = write_term(self, name, "flows", now->flows, total->flows);
	if (ret == 0)
		ret = write_term(self, name, "other", now->other, total->other);
	for (int c = FT_C_SEEN + 1; c < FT_C_MAX && ret == 0; c++)
		ret = write_term(self, name, ft_counter_term((enum ft_counter)c),
				 sum_of(now->by.c[c]), sum_of(total->by.c[c]));
	return ret;
}

static void put_tally(struct ft_binder *to, struct ft_tally tally)
{
	ft_bind_int(to, tally.packets);
	ft_bind_int(to, tally.l2_bytes);
}

static void put_sum(struct ft_binder *to, const struct ft_sum *sum)
{
	ft_bind_int(to, sum->packets);
	ft_bind_int(to, sum->bytes);
	ft_bind_int(to, sum->l2_bytes);
}

static int write_interval(struct ft_recorder *self, const struct ft_snapshot *snapshot)
{
	const struct ft_line *line = &snapshot->interval;
	struct ft_binder to = ft_recorder_begin(self, FT_INTERVAL);

	ft_bind_int(&to, (uint64_t)self->interval);
	ft_bind_int(&to, snapshot->end_ns);
	ft_bind_int(&to, snapshot->interval_ns);
	ft_bind_int(&to, snapshot->live_flows);
	put_tally(&to, line->seen);
	put_sum(&to, &line->flows);
	put_sum(&to, &line->other);
	put_tally(&to, ft_line_not_ip(line));
	put_tally(&to, ft_line_malformed(line));
	put_tally(&to, ft_line_lost(line));
	ft_bind_int(&to, !line->inexact);
	ft_bind_int(&to, self->hidden.flows);
	put_sum(&to, &self->hidden.interval);
	return ft_recorder_run(self, &to);
}

static int write_health(struct ft_recorder *self, const struct ft_snapshot *snapshot)
{
	struct ft_binder to = ft_recorder_begin(self, FT_HEALTH);
	char *notes = xstrdup(""), *joined;
	int ret;

	for (size_t i = 0; i < snapshot->note_count; i++) {
		joined = xasprintf("%s%s%s", notes, i ? "\n" : "", snapshot->notes[i]);
		free(notes);
		notes = joined;
	}
	ft_bind_int(&to, (uint64_t)self->interval);
	ft_bind_bytes(&to, snapshot->backend);
	ft_bind_bytes(&to, snapshot->backend_reason);
	ft_bind_bytes(&to, snapshot->capture_filter);
	ft_bind_bytes(&to, snapshot->owner_source);
	ft_bind_int(&to, snapshot->evicted);
	ft_bind_int(&to, snapshot->lengthened);
	ft_bind_int(&to, snapshot->missed);
	ft_bind_int(&to, snapshot->not_watched_ns);
	ft_bind_int(&to, snapshot->store.log_fill);
	ft_bind_int(&to, snapshot->store.spilled);
	ft_bind_int(&to, snapshot->store.flips);
	ft_bind_int(&to, snapshot->store.map_bytes);
	ft_bind_int(&to, snapshot->store.sockets_missed);
	ft_bind_int(&to, snapshot->max_flows);
	ft_bind_bytes(&to, notes);
	ret = ft_recorder_run(self, &to);
	sqlite3_clear_bindings(to.statement);
	free(notes);
	return ret;
}

/* Which rows make this moment's picture whole, and what stands beside sockets and events. */
static int write_picture(struct ft_recorder *self, const struct ft_snapshot *snapshot)
{
	const struct ft_socket_list *list = snapshot->socket_list;
	struct ft_binder to = ft_recorder_begin(self, FT_PICTURE);

	ft_bind_int(&to, (uint64_t)self->interval);
	ft_bind_int(&to, self->whole);
	ft_bind_bytes(&to, snapshot->health_source);
	ft_bind_bytes(&to, snapshot->event_source);
	ft_bind_int(&to, ft_event_list_total(snapshot->events));
	for (int loss = 0; loss < FT_EVENT_LOST_MAX; loss++)
		ft_bind_int(&to, ft_event_list_lost(snapshot->events, (enum ft_event_loss)loss));
	ft_bind_if(&to, list, list ? list->end_ns : 0);
	ft_bind_if(&to, list, list ? list->left_out : 0);
	ft_bind_if(&to, list, list && list->cut);
	return ft_recorder_run(self, &to);
}

int ft_recorder_line(struct ft_recorder *self, const struct ft_snapshot *snapshot)
{
	int ret = write_interval(self, snapshot);

	for (size_t i = 0; i < snapshot->scope_count && ret == 0; i++)
		ret = write_line(self, &snapshot->scopes[i]);
	if (ret == 0)
		ret = write_health(self, snapshot);
	return ret < 0 ? ret : write_picture(self, snapshot);
}
