/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -r clickhouse://HOST:PORT/DATABASE: flows of all hosts in the same panes. Hosts end their intervals
 * when they like, so time is cut into steps (as long as their intervals mostly are, a second at
 * least): a moment is a step in which an interval of some host ended, and shows
 *
 *   what counted in it     sums over the intervals that ended in the step
 *   flows                  of the last LOOK_BACK_NS, each by its newest row: one row a flow, summed by
 *                          the server; rates by recording/read.c's formula
 *   lines, health          of the intervals in the step
 *
 * A filter goes into the query (where.c) as far as SQL can say it; what it keeps there is counted
 * as `withheld`, so that records add up all the same. The newest step is shown HOLD_NS after its
 * end, when all hosts have sent theirs.
 *
 * Nothing that comes is believed: see sql.h for rows; numbers are cut to their ranges, flows,
 * moments, hosts, interfaces and owners are bounded. What makes no sense is left out. moment.c has
 * the pictures; this file the moments and the conversation.
 */
#include "clickhouse/clickhouse.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clickhouse/read.h"
#include "core/nls.h"
#include "core/num.h"
#include "core/xalloc.h"

#define ANSWER_MS 60000
#define WAIT_MS 500
#define TRIES 3
#define MOMENTS_MAX (1U << 22)
#define STEP_LEAST SECOND
#define STEP_GRAIN (SECOND / 10)

int ft_ch_fail(struct ft_clickhouse *ch, char *err, size_t err_size)
{
	const char *why;
	int error = ft_client_error(ch->client, &why);

	snprintf(err, err_size, "%s", why);
	return error == -EBADMSG || error == -EACCES || error == -EREMOTEIO ? error : -EAGAIN;
}

/* What the client hands on. */
static int receive(void *arg, const char *data, size_t size)
{
	return ft_tsv_feed(arg, data, size);
}

int ft_ch_query(struct ft_clickhouse *ch, const struct ft_sql *sql, size_t columns,
		int (*row)(void *arg, const struct ft_tsv_field *fields, size_t count), void *arg,
		char *err, size_t err_size)
{
	struct ft_tsv tsv = { .row = row, .arg = arg, .columns = columns };
	struct ft_question question = {
		.body = sql->data, .size = sql->used, .timeout_ms = ANSWER_MS,
		.receive = receive, .arg = &tsv,
	};
	enum ft_outcome outcome = FT_OUTCOME_NONE;
	int ret = 0;

	ft_client_ask(ch->client, &question);
	while (outcome == FT_OUTCOME_NONE && !atomic_load(&ch->cancelled))
		outcome = ft_client_work(ch->client, WAIT_MS);
	if (outcome == FT_OUTCOME_NONE) {
		ft_client_drop(ch->client);
		snprintf(err, err_size, "%s", strerror(ECANCELED));
		ret = -EAGAIN;
	} else if (outcome != FT_OUTCOME_GOOD) {
		ret = ft_ch_fail(ch, err, err_size);
	}
	if (ft_tsv_end(&tsv) < 0 && ret == 0) {
		snprintf(err, err_size, _("the answer makes no sense"));
		ret = -EBADMSG;
	}
	return ret;
}

/* ---- moments */

/* A row of the list: step, newest end in it, the server's clock in seconds. */
static int take_moment(void *arg, const struct ft_tsv_field *fields, size_t count)
{
	struct ft_clickhouse *ch = arg;
	uint64_t step = ft_tsv_number(&fields[0], UINT64_MAX / ch->step_ns - 1);
	uint64_t end = ft_tsv_number(&fields[1], INT64_MAX);
	uint64_t now = ft_tsv_number(&fields[2], INT64_MAX / SECOND) * SECOND;

	(void)count;
	if (end <= step * ch->step_ns || end > (step + 1) * ch->step_ns ||
	    (ch->count && step <= ch->moments[ch->count - 1].step))
		return -EBADMSG;
	/* Its hosts may not have sent all yet. */
	if (ch->listed && (step + 1) * ch->step_ns + HOLD_NS > now)
		return 0;
	if (ch->count == MOMENTS_MAX)
		return 0;
	if (ch->count == ch->room) {
		ch->room = ch->room ? ch->room * 2 : 1024;
		ch->moments = xreallocarray(ch->moments, ch->room, sizeof(*ch->moments));
	}
	ch->moments[ch->count++] = (struct ft_ch_moment){ .step = step, .end_ns = end };
	return 0;
}

/* Moments behind those that are known. */
static int list_moments(struct ft_clickhouse *ch, char *err, size_t err_size)
{
	uint64_t from = ch->count ? (ch->moments[ch->count - 1].step + 1) * ch->step_ns :
				    ch->since_ns;
	struct ft_sql sql = { NULL };
	int ret;

	ft_sql_printf(&sql, "SELECT step, newest, clock FROM (SELECT intDiv(end_ns - 1, "
			    "toUInt64(%llu)) AS step, max(end_ns) AS newest, toUInt64(now()) AS "
			    "clock FROM ", (unsigned long long)ch->step_ns);
	ft_ch_table_name(&sql, ch->database, FT_CH_INTERVALS);
	/* Of too many the newest, and so that there is room for those to come. */
	ft_sql_printf(&sql, " WHERE time >= toDateTime(%llu) AND end_ns > %llu GROUP BY step "
			    "ORDER BY step DESC LIMIT %u) ORDER BY step FORMAT TabSeparated",
		      (unsigned long long)(from / SECOND), (unsigned long long)from,
		      MOMENTS_MAX / 2);
	ret = ft_ch_query(ch, &sql, 3, take_moment, ch, err, err_size);
	ft_sql_done(&sql);
	return ret;
}

static size_t refresh(void *source)
{
	struct ft_clickhouse *ch = source;
	char why[160];
	int ret = ch->listed ? list_moments(ch, why, sizeof(why)) : 0;

	ch->listed = true;
	ch->trouble[0] = '\0';
	if (ret < 0)
		snprintf(ch->trouble, sizeof(ch->trouble), _("%s: %.120s"), ch->observer, why);
	return ch->count;
}

static uint64_t time_of(const void *source, size_t i)
{
	const struct ft_clickhouse *ch = source;

	return ch->moments[i].end_ns;
}

/* A server that is started anew is waited for a moment. */
static int moment(void *source, size_t i, struct ft_snapshot **ret_snapshot, char *err,
		  size_t err_size)
{
	struct ft_clickhouse *ch = source;
	int ret = -EAGAIN;

	for (int tries = 0; ret == -EAGAIN && tries < TRIES && !atomic_load(&ch->cancelled);
	     tries++) {
		if (tries)
			poll(NULL, 0, WAIT_MS);
		ret = ft_ch_picture(ch, i, ret_snapshot, err, err_size);
	}
	ch->trouble[0] = '\0';
	if (ret < 0)
		snprintf(ch->trouble, sizeof(ch->trouble), _("%s: %.120s"), ch->observer, err);
	return ret;
}

static bool filter(void *source, const struct ft_filter *wanted)
{
	struct ft_clickhouse *ch = source;
	bool none = ft_filter_is_all(wanted) && (!ch->filter || ft_filter_is_all(ch->filter));

	ft_filter_free(ch->filter);
	ch->filter = ft_filter_copy(wanted);
	return !none;
}

static const char *trouble(const void *source)
{
	const struct ft_clickhouse *ch = source;

	return ch->trouble;
}

static void cancel(void *source)
{
	struct ft_clickhouse *ch = source;

	atomic_store(&ch->cancelled, true);
	ft_client_wake(ch->client);
}

static void close_it(void *source)
{
	ft_clickhouse_close(source);
}

const struct ft_source_ops ft_source_clickhouse = {
	.grows = true,
	.refresh = refresh,
	.time = time_of,
	.moment = moment,
	.filter = filter,
	.trouble = trouble,
	.cancel = cancel,
	.close = close_it,
};

/* ---- birth and death */

/* Are its tables ours? */
static int check_layout(struct ft_clickhouse *ch, char *err, size_t err_size)
{
	struct ft_ch_layout layout = { 0 };
	struct ft_sql sql = { NULL };
	int ret;

	ft_ch_ask_layout(&sql, ch->database);
	ret = ft_ch_query(ch, &sql, FT_CH_LAYOUT_COLUMNS, ft_ch_layout_row, &layout, err, err_size);
	ft_sql_done(&sql);
	return ret < 0 ? ret : ft_ch_layout_check(&layout, err, err_size);
}

/* What is found out at once. */
struct survey {
	uint64_t length_ns;
	char *observer; /* owned; of one of them */
	uint64_t observers;
};

static int take_survey(void *arg, const struct ft_tsv_field *fields, size_t count)
{
	struct survey *survey = arg;

	(void)count;
	survey->length_ns = ft_tsv_number(&fields[0], 3600 * SECOND);
	free(survey->observer);
	survey->observer = xstrndup(fields[1].text, 255);
	survey->observers = ft_tsv_number(&fields[2], UINT64_MAX);
	return 0;
}

/* How long intervals mostly are, of the host where they are longest; and who the hosts are. */
static int make_survey(struct ft_clickhouse *ch, struct survey *survey, char *err, size_t err_size)
{
	struct ft_sql sql = { NULL };
	int ret;

	ft_sql_printf(&sql, "SELECT max(length), any(observer), uniqExact(observer) FROM (SELECT "
			    "observer, toUInt64(quantileExact(interval_ns)) AS length FROM ");
	ft_ch_table_name(&sql, ch->database, FT_CH_INTERVALS);
	ft_sql_printf(&sql, " WHERE end_ns > %llu GROUP BY observer) FORMAT TabSeparated",
		      (unsigned long long)ch->since_ns);
	ret = ft_ch_query(ch, &sql, 3, take_survey, survey, err, err_size);
	ft_sql_done(&sql);
	return ret;
}

/* Parameters of the URL. */
static int read_parameters(struct ft_clickhouse *ch, const struct ft_url *url, char *err,
			   size_t err_size)
{
	const char *since = ft_url_get(url, "since");
	struct timespec now;
	uint64_t ago, step = 0;

	if (ft_url_number(url, "step", 1, 3600, &step, err, err_size) < 0)
		return -EINVAL;
	ch->step_ns = step * SECOND;
	if (!since)
		return 0;
	if (ft_num_duration(since, &ago) < 0) {
		snprintf(err, err_size, _("URL \"%.128s\": since takes a time like 10m or 7d"),
			 url->text);
		return -EINVAL;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	ch->since_ns = (uint64_t)now.tv_sec * SECOND;
	ch->since_ns -= ago < ch->since_ns ? ago : ch->since_ns;
	return 0;
}

/* All that is asked before there is a picture. */
static int look_around(struct ft_clickhouse *ch, const struct ft_url *url, char *err,
		       size_t err_size)
{
	struct survey survey = { 0 };
	int ret = check_layout(ch, err, err_size);

	if (ret == 0)
		ret = make_survey(ch, &survey, err, err_size);
	if (ret == 0 && !ch->step_ns) {
		ch->step_ns = (survey.length_ns + STEP_GRAIN / 2) / STEP_GRAIN * STEP_GRAIN;
		if (ch->step_ns < STEP_LEAST)
			ch->step_ns = STEP_LEAST;
	}
	if (ret == 0)
		ret = list_moments(ch, err, err_size);
	if (ret == 0 && ch->count == 0) {
		snprintf(err, err_size, _("no interval was recorded"));
		ret = -ENODATA;
	}
	ch->observer = survey.observers == 1 ? xstrdup(survey.observer) :
					       xasprintf("%s at %s", ch->database, url->host);
	free(survey.observer);
	return ret;
}

int ft_clickhouse_open(const char *target, struct ft_clickhouse **ret_clickhouse, char *err,
		       size_t err_size)
{
	static const char *const known[] = { "step", "since", NULL };
	struct ft_clickhouse *ch = xcalloc(1, sizeof(*ch));
	char why[256] = "";
	struct ft_url url;
	int ret = ft_ch_url(target, known, &url, &ch->database, err, err_size);

	if (ret < 0) {
		free(ch);
		return ret;
	}
	atomic_init(&ch->cancelled, false);
	ch->owners = ft_owners_new();
	ch->seed = ft_seed_random();
	ret = read_parameters(ch, &url, err, err_size);
	if (ret == 0)
		ret = ft_client_new(&url, &ch->client, err, err_size);
	if (ret == 0) {
		ret = look_around(ch, &url, why, sizeof(why));
		if (ret < 0)
			snprintf(err, err_size, "-r: %.128s: %.200s", url.text, why);
		if (ret == -EAGAIN)
			ret = -EHOSTUNREACH;
	}
	ft_url_done(&url);
	if (ret < 0)
		ft_clickhouse_close(ch);
	else
		*ret_clickhouse = ch;
	return ret;
}

void ft_clickhouse_close(struct ft_clickhouse *ch)
{
	if (!ch)
		return;
	ft_client_free(ch->client);
	ft_filter_free(ch->filter);
	ft_owners_free(ch->owners);
	for (size_t i = 0; i < ch->observer_count; i++)
		free(ch->observers[i]);
	free(ch->process_of);
	free(ch->moments);
	free(ch->database);
	free(ch->observer);
	free(ch);
}

const char *ft_clickhouse_observer(const struct ft_clickhouse *ch)
{
	return ch->observer;
}
