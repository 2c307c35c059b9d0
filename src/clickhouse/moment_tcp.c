/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sockets of a moment's flows said last. There is no NULL: a number that is 0 was 0, or
 * not known, which `known` and the number's own rule (core/health.h) tell.
 */
#include <stdlib.h>
#include <string.h>

#include "clickhouse/picture.h"
#include "clickhouse/where.h"
#include "core/xalloc.h"
#include "recording/sample.h"

#define SAMPLES_MAX (1U << 19)

enum field {
	F_OBSERVER, F_RUN, F_FLOW, F_SIDE, F_SOCKET, F_SAMPLED, F_KNOWN, F_STATE, F_CONGESTION,
	F_CONGESTION_STATE, F_OPTIONS, F_TIMER,
	F_NUMBERS,
	F_FIELDS = F_NUMBERS + FT_HEALTH_NUMBER_MAX
};
_Static_assert(F_FIELDS <= FT_TSV_FIELDS_MAX, "a row can be read");

static void get_sample(struct ft_health *health, const struct ft_tsv_field *fields)
{
	size_t length = fields[F_CONGESTION].length;

	ft_sample_clear(health);
	health->cookie = ft_tsv_number(&fields[F_SOCKET], UINT64_MAX);
	health->tick = ft_tsv_number(&fields[F_SAMPLED], INT64_MAX);
	health->known = (uint32_t)ft_tsv_number(&fields[F_KNOWN], UINT32_MAX);
	health->state = ft_sample_state(fields[F_STATE].text);
	if (length >= sizeof(health->congestion))
		length = sizeof(health->congestion) - 1;
	memcpy(health->congestion, fields[F_CONGESTION].text, length);
	health->ca_state = ft_sample_ca_state(fields[F_CONGESTION_STATE].text);
	health->options = (uint8_t)ft_tsv_number(&fields[F_OPTIONS], UINT8_MAX);
	health->timer = ft_sample_timer(fields[F_TIMER].text);
	for (int i = 0; i < FT_HEALTH_NUMBER_MAX; i++) {
		uint64_t value = ft_tsv_number(&fields[F_NUMBERS + i], UINT64_MAX);

		/* Algorithms share their numbers' place: none puts a 0 over another's. */
		if (value)
			ft_sample_set(health, (enum ft_health_number)i, value);
	}
}

static int take_sample(void *arg, const struct ft_tsv_field *fields, size_t count)
{
	struct ft_ch_picture *picture = arg;
	uint64_t id = ft_ch_flow_id(&fields[F_OBSERVER],
				    ft_tsv_number(&fields[F_RUN], UINT64_MAX),
				    ft_tsv_number(&fields[F_FLOW], UINT64_MAX));
	struct ft_ch_work *work = ft_ch_find_work(picture, id);
	int side = ft_tsv_number(&fields[F_SIDE], 1) != 0;

	(void)count;
	if (!work || work->sample[side] || picture->sample_count == SAMPLES_MAX)
		return 0;
	if (picture->sample_count == picture->sample_room) {
		picture->sample_room = picture->sample_room ? picture->sample_room * 2 : 256;
		picture->samples = xreallocarray(picture->samples, picture->sample_room,
						 sizeof(*picture->samples));
	}
	get_sample(&picture->samples[picture->sample_count], fields);
	work->sample[side] = (uint32_t)++picture->sample_count;
	return 0;
}

/* Rows of a table that lie in the time that is looked back to. */
static void in_time(struct ft_sql *sql, const struct ft_ch_picture *picture,
		    enum ft_ch_table_id table)
{
	ft_ch_table_name(sql, picture->ch->database, table);
	ft_sql_printf(sql, " WHERE time >= toDateTime(%llu) AND time <= toDateTime(%llu) AND "
			   "end_ns > %llu AND end_ns <= %llu",
		      (unsigned long long)(picture->look_back_ns / SECOND),
		      (unsigned long long)(picture->to_ns / SECOND),
		      (unsigned long long)picture->look_back_ns,
		      (unsigned long long)picture->to_ns);
}

int ft_ch_ask_tcp(struct ft_ch_picture *picture, const struct ft_filter *filter, char *err,
		  size_t err_size)
{
	static const char *const words[] = { "socket", "sampled_ns", "known", "state", "congestion",
					     "congestion_state", "options", "timer" };
	struct ft_sql sql = { NULL };
	int ret;

	if (picture->count == 0)
		return 0;
	ft_sql_printf(&sql, "SELECT observer, run, flow, side");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		ft_sql_printf(&sql, ", argMax(%s, end_ns)", words[i]);
	for (int i = 0; i < FT_HEALTH_NUMBER_MAX; i++)
		ft_sql_printf(&sql, ", argMax(%s, end_ns)",
			      ft_health_number_name((enum ft_health_number)i));
	ft_sql_printf(&sql, " FROM ");
	in_time(&sql, picture, FT_CH_TCP);
	if (!ft_filter_is_all(filter)) {
		ft_sql_printf(&sql, " AND (observer, run, flow) IN (SELECT observer, run, flow FROM ");
		in_time(&sql, picture, FT_CH_TRAFFIC);
		ft_sql_printf(&sql, " AND ");
		ft_ch_where(&sql, filter, FT_CH_ROWS, picture->end_ns);
		ft_sql_printf(&sql, ")");
	}
	ft_sql_printf(&sql, " GROUP BY observer, run, flow, side LIMIT %u FORMAT TabSeparated",
		      2 * SAMPLES_MAX);
	ret = ft_ch_query(picture->ch, &sql, F_FIELDS, take_sample, picture, err, err_size);
	ft_sql_done(&sql);
	return ret;
}

void ft_ch_fill_tcp(struct ft_ch_picture *picture, struct ft_snapshot *snapshot)
{
	struct ft_flow_tcp *tcps;
	uint32_t *tcp_of, count = 0;

	if (picture->count == 0)
		return;
	tcp_of = xcalloc(picture->count, sizeof(*tcp_of));
	tcps = xcalloc(picture->count, sizeof(*tcps));
	for (size_t i = 0; i < picture->count; i++) {
		const struct ft_ch_work *work = &picture->works[i];
		struct ft_flow_tcp *tcp = &tcps[count];
		int tx = ft_flow_tx(&work->flow);

		ft_sample_handshake(tcp, work->flow.initiator, work->shake_us[0],
				    work->shake_us[1]);
		tcp->socket[tx] = work->sample[0];
		tcp->socket[!tx] = work->sample[1];
		if (tcp->shake[0] || tcp->shake[1] || tcp->socket[0] || tcp->socket[1])
			tcp_of[i] = ++count;
	}
	snapshot->tcp_of = tcp_of;
	snapshot->tcp_of_count = picture->count;
	snapshot->tcps = tcps;
	snapshot->sockets = picture->samples;
	picture->samples = NULL;
}
