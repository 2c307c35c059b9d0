/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --export clickhouse://HOST:PORT/DATABASE: rows of each interval are gathered for `every` seconds
 * (one, if not said) into a parcel, which waits its turn and is delivered part by part:
 *
 *   make the database ─► make the tables ─► look at their columns ─► [ unsure? ask ] ─► INSERT ...
 *        ▲                                                                                 │
 *        └────────────────── after a while, longer each time ◄── whatever fails ◄──────────┘
 *
 * Once each: a part whose answer was lost is looked for before it is sent again: first whether the
 * server is still at it (by its id), then whether its first row is there, since the server takes
 * a part whole or not at all. Should one still come twice (a server that stood still read it
 * later than we asked), its tables replace equal rows by one.
 *
 * Never in the way: writing an interval works on deliveries for a part of the interval and no
 * longer, all others wait in memory, QUEUE_MAX bytes; beyond that the oldest go, counted by
 * intervals. At the end END_MS are left for what waits. Used by its writer's thread alone.
 */
#include "clickhouse/clickhouse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clickhouse/client.h"
#include "clickhouse/parcel.h"
#include "clickhouse/url.h"
#include "core/event.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define SECOND UINT64_C(1000000000)
#define QUEUE_MAX (64U << 20)
#define ANSWER_MS 10000    /* for a question's answer */
#define WORK_LEAST_MS 50   /* of an interval, for deliveries: half of it within these */
#define WORK_MOST_MS 5000
#define FULL_MS 2000       /* while nothing is wrong and there is no room */
#define END_MS 4000
#define BACKOFF_MAX 30     /* seconds */
#define REFUSED_MAX 5      /* times that the server may say no to a part */
#define LATE_MAX 5         /* times that a part gets twice the time it had before */
#define OWNERS 65536U

/* What is asked now, in the order of a connection's life. */
enum stage { MAKE_DATABASE, MAKE_TABLES, LOOK, ASK_RUNNING, ASK_THERE, INSERT };

/* What an owner's id meant when it was last sent. */
struct known_owner {
	uint64_t print; /* 0 = never */
	uint64_t row, seen;
};

struct ch_output {
	struct ft_output base;
	struct ft_client *client; /* owned */
	char *database;           /* owned */
	char *observer;           /* owned */
	const struct ft_names *names; /* borrowed */
	uint64_t run, interval, every_ns;
	struct known_owner *owners; /* owned: OWNERS */
	uint64_t processes;         /* rows that were made */
	uint64_t event;             /* the last one that was sent */

	struct ft_parcel *filling;  /* owned; NULL = none */
	struct ft_parcel *first, **last; /* owned: those that wait, oldest first */
	size_t waiting_bytes;
	uint64_t waiting; /* intervals */

	enum stage stage;
	int table; /* of MAKE_TABLES */
	bool asked;
	struct ft_sql sql;          /* the question */
	struct ft_ch_layout layout;
	struct ft_tsv tsv;

	unsigned backoff;  /* seconds; 0 = all is well */
	uint64_t retry_ns; /* CLOCK_MONOTONIC */
	int error;
	char why[140];
	char refusal[256]; /* of MAKE_... */
	uint64_t lost;     /* intervals */
};

/* CLOCK_MONOTONIC. */
static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/* ---- what waits */

/* Adds one behind the others. */
static void enqueue(struct ch_output *output, struct ft_parcel *parcel)
{
	ft_parcel_seal(parcel);
	for (size_t i = 0; i < parcel->count; i++)
		snprintf(parcel->parts[i].id, sizeof(parcel->parts[i].id), "flowtop-%llx-%llx-%zx",
			 (unsigned long long)output->run, (unsigned long long)output->interval, i);
	output->waiting_bytes += parcel->bytes;
	output->waiting += parcel->intervals;
	*output->last = parcel;
	output->last = &parcel->next;
}

/* Takes one out: delivered, or lost. */
static void dequeue(struct ch_output *output, struct ft_parcel **at, bool delivered)
{
	struct ft_parcel *parcel = *at;

	*at = parcel->next;
	if (output->last == &parcel->next)
		output->last = at;
	output->waiting_bytes -= parcel->bytes;
	output->waiting -= parcel->intervals;
	if (!delivered) {
		output->lost += parcel->intervals;
		/* Its processes may have been named there alone. */
		memset(output->owners, 0, OWNERS * sizeof(*output->owners));
	}
	ft_parcel_free(parcel);
}

/* The oldest go while there is too much; the one that is being delivered stays. */
static void keep_bounds(struct ch_output *output)
{
	while (output->waiting_bytes > QUEUE_MAX && output->first && output->first->next)
		dequeue(output, output->asked || output->first->at ? &output->first->next :
								     &output->first, false);
}

/* ---- deliveries */

/* As much of a sentence as there is room for: its end is not cut inside a word. */
static void keep_words(char *to, size_t size, const char *sentence)
{
	static const char more[] = " ...";
	size_t end = size - sizeof(more);

	if ((size_t)snprintf(to, size, "%s", sentence) < size)
		return;
	while (end > 0 && to[end] != ' ')
		end--;
	if (end == 0) /* one word */
		for (end = size - sizeof(more); (to[end] & 0xc0) == 0x80;)
			end--;
	snprintf(to + end, size - end, "%s", more);
}

/* Something failed: later, and from the start, since it may be another server then. */
static void fail(struct ch_output *output, int error, const char *why)
{
	output->error = error;
	keep_words(output->why, sizeof(output->why), why);
	output->backoff = output->backoff ? output->backoff * 2 : 1;
	if (output->backoff > BACKOFF_MAX)
		output->backoff = BACKOFF_MAX;
	output->retry_ns = now_ns() + output->backoff * SECOND;
	output->stage = MAKE_DATABASE;
}

/* The part in work; NULL if nothing waits. */
static struct ft_part *part_of(const struct ch_output *output)
{
	return output->first ? &output->first->parts[output->first->at] : NULL;
}

/* Where a ready connection goes on. */
static void choose_stage(struct ch_output *output)
{
	const struct ft_part *part = part_of(output);

	output->stage = part && part->unsure ? ASK_RUNNING : INSERT;
}

/* The question of the stage. */
static void ask(struct ch_output *output)
{
	const struct ft_part *part = part_of(output);
	struct ft_question question = { .timeout_ms = ANSWER_MS };

	output->sql.used = 0;
	switch (output->stage) {
	case MAKE_DATABASE:
		ft_sql_printf(&output->sql, "CREATE DATABASE IF NOT EXISTS ");
		ft_sql_name(&output->sql, output->database);
		break;
	case MAKE_TABLES:
		ft_ch_create(&output->sql, output->database, (enum ft_ch_table_id)output->table);
		break;
	case LOOK:
		memset(&output->layout, 0, sizeof(output->layout));
		ft_ch_ask_layout(&output->sql, output->database);
		break;
	case ASK_RUNNING:
		ft_sql_printf(&output->sql, "SELECT count() FROM system.processes WHERE query_id = ");
		ft_sql_text(&output->sql, part->id);
		break;
	case ASK_THERE:
		ft_sql_bytes(&output->sql, part->proof.data, part->proof.used);
		break;
	case INSERT:
		question.id = part->id;
		/* What a slow line did not carry in time would not be carried in the same time again. */
		question.timeout_ms <<= part->late;
		break;
	}
	question.body = output->stage == INSERT ? part->body.data : output->sql.data;
	question.size = output->stage == INSERT ? part->body.used : output->sql.used;
	ft_client_ask(output->client, &question);
	output->asked = true;
}

/* The part is there: on to the next. */
static void delivered(struct ch_output *output)
{
	output->backoff = 0;
	output->error = 0;
	output->why[0] = '\0';
	if (++output->first->at == output->first->count)
		dequeue(output, &output->first, true);
	choose_stage(output);
}

/* The columns that there are: ours? */
static void judge_layout(struct ch_output *output)
{
	char err[160];
	const char *data;
	size_t size;
	int ret;

	output->tsv = (struct ft_tsv){ .row = ft_ch_layout_row, .arg = &output->layout,
				       .columns = FT_CH_LAYOUT_COLUMNS };
	data = ft_client_answer(output->client, &size);
	ret = ft_tsv_feed(&output->tsv, data, size);
	if (ft_tsv_end(&output->tsv) < 0 || ret < 0) {
		fail(output, -EBADMSG, _("the answer makes no sense"));
		return;
	}
	ret = ft_ch_layout_check(&output->layout, err, sizeof(err));
	if (ret < 0) /* because it may not be made? */
		fail(output, ret, output->refusal[0] ? output->refusal : err);
	else
		choose_stage(output);
	output->refusal[0] = '\0';
}

/* A good answer. */
static void go_on(struct ch_output *output)
{
	const char *answer;
	size_t size;

	switch (output->stage) {
	case MAKE_DATABASE:
		output->stage = MAKE_TABLES;
		output->table = 0;
		break;
	case MAKE_TABLES:
		if (++output->table == FT_CH_TABLES)
			output->stage = LOOK;
		break;
	case LOOK:
		judge_layout(output);
		break;
	case ASK_RUNNING:
		if (strcmp(ft_client_answer(output->client, &size), "0\n") == 0)
			output->stage = ASK_THERE;
		else
			fail(output, -EBUSY, _("the server is not done with what it got"));
		break;
	case ASK_THERE:
		answer = ft_client_answer(output->client, &size);
		if (strcmp(answer, "0\n") == 0) {
			part_of(output)->unsure = false;
			output->stage = INSERT;
		} else if (answer[0] >= '1' && answer[0] <= '9') {
			delivered(output);
		} else {
			fail(output, -EBADMSG, _("the answer makes no sense"));
		}
		break;
	case INSERT:
		delivered(output);
		break;
	}
}

/* An INSERT failed: what does that mean for its part? */
static void note_failure(struct ch_output *output, enum ft_outcome outcome, int error)
{
	struct ft_part *part = part_of(output);

	if (error == -ETIMEDOUT && outcome == FT_OUTCOME_UNKNOWN && part->late < LATE_MAX)
		part->late++;
	part->unsure = outcome != FT_OUTCOME_NOT_SENT;
	if (outcome == FT_OUTCOME_REFUSED && ++part->refused == REFUSED_MAX)
		dequeue(output, &output->first, false);
}

/* True if the server's no is no end: who may not make tables may still fill those that are there,
 * and who may not look at what runs can still ask what arrived. */
static bool may_go_on(const struct ch_output *output, enum ft_outcome outcome)
{
	return outcome == FT_OUTCOME_REFUSED &&
	       (output->stage == MAKE_DATABASE || output->stage == MAKE_TABLES ||
		output->stage == ASK_RUNNING);
}

/* Takes the next step, or waits for it; false if there is nothing to do until later. */
static bool step(struct ch_output *output, unsigned wait_ms)
{
	enum ft_outcome outcome;
	const char *why;
	int error;

	if (!output->asked) {
		if (!output->first || (output->backoff && now_ns() < output->retry_ns))
			return false;
		ask(output);
	}
	outcome = ft_client_work(output->client, wait_ms);
	if (outcome == FT_OUTCOME_NONE)
		return true;
	output->asked = false;
	error = ft_client_error(output->client, &why);
	if (may_go_on(output, outcome)) {
		snprintf(output->refusal, sizeof(output->refusal), "%s", why);
		output->stage = output->stage == ASK_RUNNING ? ASK_THERE : LOOK;
		return true;
	}
	if (outcome == FT_OUTCOME_GOOD) {
		go_on(output);
		return true;
	}
	if (output->stage == INSERT)
		note_failure(output, outcome, error);
	fail(output, error, why);
	return true;
}

/* Delivers for so long; `enough`: until no more than so many bytes wait. */
static void work(struct ch_output *output, unsigned ms, size_t enough)
{
	uint64_t end = now_ns() + ms * UINT64_C(1000000), now;

	while ((now = now_ns()) < end && (output->waiting_bytes > enough || enough == 0))
		if (!step(output, (unsigned)((end - now) / 1000000) + 1))
			return;
}

/* ---- rows */

/* The row of an owner, made if its record is new. */
static uint64_t owner_row(struct ch_output *output, struct ft_ch_source *from, uint16_t owner)
{
	const struct ft_process *process = ft_snapshot_process(from->snapshot, owner);
	struct known_owner *known = &output->owners[owner];
	struct ft_ch_source row = *from;
	uint64_t print;

	if (!process)
		return owner < FT_OWNER_FIRST ? owner : FT_OWNER_UNKNOWN;
	if (known->seen == output->interval)
		return known->row;
	known->seen = output->interval;
	print = ft_process_print(process);
	if (known->print == print)
		return known->row;
	known->print = print;
	known->row = FT_OWNER_FIRST + output->processes++;
	row.process = process;
	row.process_row[0] = known->row;
	ft_parcel_row(output->filling, output->database, FT_CH_PROCESSES, &row);
	return known->row;
}

/* Flows that counted something or ended. */
static void add_traffic(struct ch_output *output, struct ft_ch_source *from)
{
	for (size_t i = 0; i < from->snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &from->snapshot->rows[i];
		int tx = ft_flow_tx(row->flow);

		if (!row->delta && !row->ended_now)
			continue;
		from->row = row;
		from->process_row[0] = owner_row(output, from, ft_flow_end_owner(row, tx));
		from->process_row[1] = owner_row(output, from, ft_flow_end_owner(row, !tx));
		ft_parcel_row(output->filling, output->database, FT_CH_TRAFFIC, from);
	}
}

/* Samples of sockets that are from this interval. */
static void add_tcp(struct ch_output *output, struct ft_ch_source *from)
{
	const struct ft_snapshot *snapshot = from->snapshot;

	for (size_t i = 0; i < snapshot->row_count && i < snapshot->tcp_of_count; i++) {
		int tx = ft_flow_tx(snapshot->rows[i].flow);

		from->row = &snapshot->rows[i];
		for (from->side = 0; snapshot->tcp_of[i] && from->side < 2; from->side++) {
			from->sample = ft_snapshot_socket(snapshot, from->row,
							  from->side == 0 ? tx : !tx);
			if (from->sample &&
			    from->sample->tick + snapshot->interval_ns > snapshot->end_ns)
				ft_parcel_row(output->filling, output->database, FT_CH_TCP, from);
		}
	}
}

/* Events that were not sent before: ids grow. */
static void add_events(struct ch_output *output, struct ft_ch_source *from)
{
	size_t count = ft_event_list_count(from->snapshot->events);

	for (size_t i = 0; i < count; i++) {
		const struct ft_flow_event *event = ft_event_list_at(from->snapshot->events, i);
		int tx = ft_flow_tx(&event->flow);

		if (event->flow.id <= output->event)
			continue;
		output->event = event->flow.id;
		from->event = event;
		from->row = &event->hot;
		from->process_row[0] = owner_row(output, from, ft_flow_end_owner(from->row, tx));
		from->process_row[1] = owner_row(output, from, ft_flow_end_owner(from->row, !tx));
		ft_parcel_row(output->filling, output->database, FT_CH_EVENTS, from);
	}
}

/* One term of a scope's line, if it ever counted anything. */
static void add_term(struct ch_output *output, struct ft_ch_source *from, const char *term,
		     struct ft_sum now, struct ft_sum total)
{
	if (!total.packets && !total.l2_bytes && !now.packets && !now.l2_bytes)
		return;
	from->term = term;
	from->now = now;
	from->total = total;
	ft_parcel_row(output->filling, output->database, FT_CH_LINES, from);
}

static struct ft_sum sum_of(struct ft_tally tally)
{
	return (struct ft_sum){ .packets = tally.packets, .l2_bytes = tally.l2_bytes };
}

static void add_lines(struct ch_output *output, struct ft_ch_source *from)
{
	for (size_t i = 0; i < from->snapshot->scope_count; i++) {
		const struct ft_line *now = &from->snapshot->scopes[i].interval;
		const struct ft_line *total = &from->snapshot->scopes[i].total;

		from->scope = &from->snapshot->scopes[i];
		add_term(output, from, "seen", sum_of(now->seen), sum_of(total->seen));
		add_term(output, from, "flows", now->flows, total->flows);
		add_term(output, from, "other", now->other, total->other);
		for (int c = FT_C_SEEN + 1; c < FT_C_MAX; c++)
			add_term(output, from, ft_counter_term((enum ft_counter)c),
				 sum_of(now->by.c[c]), sum_of(total->by.c[c]));
	}
	from->scope = NULL;
}

/* All rows of an interval, into the parcel that is filled. */
static void add_interval(struct ch_output *output, const struct ft_snapshot *snapshot)
{
	struct ft_ch_source from = {
		.observer = output->observer,
		.run = output->run,
		.interval = ++output->interval,
		.snapshot = snapshot,
		.names = output->names,
	};

	if (output->filling && ft_parcel_is_past(output->filling, snapshot->end_ns)) {
		enqueue(output, output->filling);
		output->filling = NULL;
	}
	if (!output->filling)
		output->filling = ft_parcel_new(snapshot->end_ns);
	add_traffic(output, &from);
	add_tcp(output, &from);
	add_events(output, &from);
	add_lines(output, &from);
	ft_parcel_row(output->filling, output->database, FT_CH_HEALTH, &from);
	ft_parcel_row(output->filling, output->database, FT_CH_INTERVALS, &from);
	output->filling->intervals++;
	/* While others wait it grows: a server takes a few large parts better than many small ones. */
	if (snapshot->last || output->filling->bytes >= FT_PART_MAX ||
	    (!output->first && snapshot->end_ns + snapshot->interval_ns >=
				       output->filling->from_ns + output->every_ns)) {
		enqueue(output, output->filling);
		output->filling = NULL;
	}
}

/* The health line's sentence. */
static void remark(struct ch_output *output)
{
	unsigned long long lost = output->lost, waiting = output->waiting;
	char *text = output->base.remark;
	size_t size = sizeof(output->base.remark);

	text[0] = '\0';
	waiting += output->filling ? output->filling->intervals : 0;
	if (output->error < 0 && lost)
		snprintf(text, size, _("%s; intervals waiting: %llu, lost: %llu"), output->why,
			 waiting, lost);
	else if (output->error < 0)
		snprintf(text, size, _("%s; intervals waiting: %llu"), output->why, waiting);
	else if (lost)
		snprintf(text, size, _("intervals lost: %llu"), lost);
}

/* The end: what waits gets its chance at once, and then no other. */
static void finish(struct ch_output *output)
{
	output->retry_ns = 0;
	work(output, END_MS, 0);
	if (output->first && output->error == 0)
		fail(output, -ETIMEDOUT, _("the server is too slow"));
	ft_client_drop(output->client);
	output->asked = false;
	while (output->first)
		dequeue(output, &output->first, false);
}

static int ch_write(struct ft_output *base, const struct ft_snapshot *snapshot)
{
	struct ch_output *output = (struct ch_output *)base;
	uint64_t ms = snapshot->interval_ns / 2000000;

	add_interval(output, snapshot);
	ms = ms < WORK_LEAST_MS ? WORK_LEAST_MS : ms > WORK_MOST_MS ? WORK_MOST_MS : ms;
	if (snapshot->last) {
		finish(output);
	} else {
		work(output, (unsigned)ms, 0);
		/* A file's intervals come as fast as they are taken. */
		if (output->waiting_bytes > QUEUE_MAX && output->error == 0)
			work(output, FULL_MS, QUEUE_MAX / 2);
		keep_bounds(output);
	}
	remark(output);
	return output->error;
}

static int ch_close(struct ft_output *base)
{
	struct ch_output *output = (struct ch_output *)base;

	ft_client_free(output->client);
	while (output->first)
		dequeue(output, &output->first, false);
	ft_parcel_free(output->filling);
	ft_sql_done(&output->sql);
	free(output->owners);
	free(output->database);
	free(output->observer);
	free(output);
	return 0;
}

/* Connects to nobody yet: the server may come later. */
static int ch_open(const struct ft_output_config *config, struct ft_output **ret_output, char *err,
		   size_t err_size)
{
	static const char *const known[] = { "every", NULL };
	struct ch_output *output;
	struct timespec now;
	uint64_t every = 1;
	struct ft_url url;
	char *database;
	int ret = ft_ch_url(config->target, known, &url, &database, err, err_size);

	if (ret < 0)
		return ret;
	output = xcalloc(1, sizeof(*output));
	output->base.ops = &ft_export_clickhouse;
	output->last = &output->first;
	output->database = database;
	output->observer = xstrdup(config->observer);
	output->names = config->query.show ? config->query.show->names : NULL;
	output->owners = xcalloc(OWNERS, sizeof(*output->owners));
	clock_gettime(CLOCK_REALTIME, &now);
	output->run = (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
	ret = ft_url_number(&url, "every", 1, 3600, &every, err, err_size);
	output->every_ns = every * SECOND;
	if (ret == 0)
		ret = ft_client_new(&url, &output->client, err, err_size);
	ft_url_done(&url);
	if (ret < 0)
		ch_close(&output->base);
	else
		*ret_output = &output->base;
	return ret;
}

const struct ft_output_ops ft_export_clickhouse = {
	.name = "clickhouse",
	.extension = "",
	.open = ch_open,
	.write = ch_write,
	.close = ch_close,
};
