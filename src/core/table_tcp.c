/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets and handshakes of the table's flows; see table_tcp.h. */
#include "core/table_tcp.h"

#include <stdlib.h>
#include <string.h>

#include "core/socket.h"
#include "core/table_build.h"
#include "core/xalloc.h"

#define PLACES (2 * FT_SOCKETS_MAX) /* a power of two */
#define CLOSE_MARGIN_NS 100000000U  /* more than ticks are off, as wall-clock time */
#define ALONE_MAX 3                 /* snapshots that a socket waits for its flow */

static uint32_t *rows_of(const struct ft_table_tcp *tcp)
{
	return tcp->of.base;
}

static struct ft_flow_tcp *records_of(const struct ft_table_tcp *tcp)
{
	return tcp->records.base;
}

static struct ft_health *sockets_of(const struct ft_table_tcp *tcp)
{
	return tcp->sockets.base;
}

static struct ft_socket_note *notes_of(const struct ft_table_tcp *tcp)
{
	return tcp->notes.base;
}

/* ---- records of flows */

/* The record's number of a row, 0 = none. */
static uint32_t record_of(const struct ft_table_tcp *tcp, uint32_t row)
{
	return row < tcp->of.bytes / sizeof(uint32_t) ? rows_of(tcp)[row] : 0;
}

const struct ft_flow_tcp *ft_table_flow_tcp(const struct ft_table *table, uint32_t row)
{
	uint32_t number = record_of(&table->tcp, row);

	return number ? &records_of(&table->tcp)[number - 1] : NULL;
}

/* The record of a row, made if need be. */
static struct ft_flow_tcp *need_record(struct ft_table_tcp *tcp, uint32_t row)
{
	uint32_t number = record_of(tcp, row);
	struct ft_flow_tcp *record;

	if (number)
		return &records_of(tcp)[number - 1];
	ft_region_grow(&tcp->of, (row + 1ULL) * sizeof(uint32_t));
	number = tcp->record_free;
	if (!number) {
		ft_region_grow(&tcp->records, (tcp->record_count + 1ULL) * sizeof(*record));
		number = ++tcp->record_count;
	}
	record = &records_of(tcp)[number - 1];
	if (number == tcp->record_free)
		tcp->record_free = record->shake[0];
	*record = (struct ft_flow_tcp){ .shake = { 0 } };
	rows_of(tcp)[row] = number;
	return record;
}

void ft_table_tcp_begin(struct ft_table *table, uint32_t row)
{
	if (record_of(&table->tcp, row))
		rows_of(&table->tcp)[row] = 0;
}

/* The earlier of two moments; 0 is none. */
static uint32_t earlier(uint32_t a, uint32_t b)
{
	if (!a || !b)
		return a | b;
	return (int32_t)(b - a) < 0 ? b : a;
}

/* The first ACK of a direction whose SYN was in an earlier period: it ends the handshake if that
 * is all that it lacks. */
static void note_ack(struct ft_flow_tcp *record, int dir, uint32_t moment)
{
	uint32_t syn = record->shake[dir], answer = record->shake[!dir];

	if (syn && answer && !record->shake[FT_SHAKE_ACK] && (int32_t)(answer - syn) >= 0 &&
	    (int32_t)(moment - answer) >= 0)
		record->shake[FT_SHAKE_ACK] = moment;
}

void ft_table_note_shake(struct ft_table *table, const struct ft_change *change,
			 const struct ft_entry *entry)
{
	bool syn = (entry->tcp_flags[0] | entry->tcp_flags[1]) & FT_TCP_SYN;
	struct ft_flow_tcp *record;
	int dir;

	/* Without a SYN it matters only to handshakes that are known of. */
	if (!syn && !record_of(&table->tcp, change->row))
		return;
	record = need_record(&table->tcp, change->row);
	for (dir = 0; dir < 2; dir++)
		if (entry->tcp_flags[dir] & FT_TCP_SYN)
			record->shake[dir] = earlier(record->shake[dir], entry->shake[dir]);
	record->shake[FT_SHAKE_ACK] = earlier(record->shake[FT_SHAKE_ACK],
					      entry->shake[FT_SHAKE_ACK]);
	for (dir = 0; dir < 2; dir++)
		if (!(entry->tcp_flags[dir] & FT_TCP_SYN) && entry->shake[dir])
			note_ack(record, dir, entry->shake[dir]);
}

/* ---- sockets by cookie */

/* Where a cookie is, or would be: cookies are given out one after the other. */
static uint32_t *find_place(const struct ft_table_tcp *tcp, uint64_t cookie)
{
	uint32_t at = (uint32_t)(cookie * 0x9e3779b97f4a7c15ULL >> 40) & (PLACES - 1);

	while (tcp->places[at] && sockets_of(tcp)[tcp->places[at] - 1].cookie != cookie)
		at = (at + 1) & (PLACES - 1);
	return &tcp->places[at];
}

/* Takes a place out; those behind it that it kept away move up. */
static void clear_place(struct ft_table_tcp *tcp, uint64_t cookie)
{
	uint32_t hole = (uint32_t)(find_place(tcp, cookie) - tcp->places), at = hole;

	for (;;) {
		uint32_t number, home;

		at = (at + 1) & (PLACES - 1);
		number = tcp->places[at];
		if (!number)
			break;
		home = (uint32_t)(sockets_of(tcp)[number - 1].cookie * 0x9e3779b97f4a7c15ULL >>
				  40) & (PLACES - 1);
		if (((at - home) & (PLACES - 1)) < ((at - hole) & (PLACES - 1)))
			continue;
		tcp->places[hole] = number;
		hole = at;
	}
	tcp->places[hole] = 0;
}

/* A new socket without a flow; NULL beyond the bound. */
static struct ft_health *add_socket(struct ft_table_tcp *tcp, uint64_t cookie, uint32_t *place)
{
	uint32_t number = tcp->socket_free;

	if (number) {
		tcp->socket_free = notes_of(tcp)[number - 1].alone;
	} else {
		if (tcp->socket_count == FT_SOCKETS_MAX)
			return NULL;
		ft_region_grow(&tcp->sockets,
			       (tcp->socket_count + 1ULL) * sizeof(struct ft_health));
		ft_region_grow(&tcp->notes,
			       (tcp->socket_count + 1ULL) * sizeof(struct ft_socket_note));
		number = ++tcp->socket_count;
	}
	notes_of(tcp)[number - 1] = (struct ft_socket_note){ .flows = 0 };
	sockets_of(tcp)[number - 1] = (struct ft_health){ .cookie = cookie };
	*place = number;
	ft_region_grow(&tcp->lonely, (tcp->lonely_count + 1ULL) * sizeof(uint32_t));
	((uint32_t *)tcp->lonely.base)[tcp->lonely_count++] = number;
	return &sockets_of(tcp)[number - 1];
}

/* True if a sample is not older than what there is: batches come in the order of time, and so do
 * ticks; within a tick a socket only sends more. Only what is told at a connection's end may come
 * before the last samples of it, by some ticks: a socket that is closed stays so, until it is
 * connected anew. */
static bool is_news(const struct ft_table_tcp *tcp, const struct ft_health *sample,
		    const struct ft_health *known, const struct ft_clock *clock)
{
	const struct ft_socket_note *note = &notes_of(tcp)[known - sockets_of(tcp)];

	if (known->state == FT_HEALTH_CLOSED && sample->state != FT_HEALTH_CLOSED)
		return ft_clock_ns(clock, sample->tick) > known->tick + CLOSE_MARGIN_NS;
	if (note->batch != tcp->batch)
		return true;
	if (sample->tick != note->tick)
		return sample->tick > note->tick;
	return (int32_t)(sample->segs_out - known->segs_out) >= 0;
}

/* A new sample in the place of an older one, which may know of the program's bytes. */
static void replace(struct ft_health *known, const struct ft_health *sample)
{
	uint64_t sent = known->app_sent, received = known->app_received;
	bool app = known->known & FT_HEALTH_APP;

	*known = *sample;
	if (!app || sample->known & FT_HEALTH_APP)
		return;
	known->known |= FT_HEALTH_APP;
	known->app_sent = sent;
	known->app_received = received;
}

static void take_socket(struct ft_table_tcp *tcp, const struct ft_health *sample,
			const struct ft_clock *clock)
{
	uint32_t *place = find_place(tcp, sample->cookie);
	struct ft_socket_note *note;
	struct ft_health *known;

	if (*place) {
		known = &sockets_of(tcp)[*place - 1];
		if (!is_news(tcp, sample, known, clock))
			return;
	} else {
		known = add_socket(tcp, sample->cookie, place);
		if (!known) {
			tcp->refused++;
			return;
		}
	}
	note = &notes_of(tcp)[known - sockets_of(tcp)];
	note->batch = tcp->batch;
	note->tick = sample->tick;
	replace(known, sample);
	known->tick = ft_clock_ns(clock, sample->tick);
	known->congestion[sizeof(known->congestion) - 1] = '\0';
}

void ft_table_take_sockets(struct ft_table *table, const struct ft_batch *batch)
{
	struct ft_table_tcp *tcp = &table->tcp;
	size_t i, j;

	tcp->batch++;
	if (!batch->socket_span_count)
		return;
	if (!tcp->places)
		tcp->places = xcalloc(PLACES, sizeof(*tcp->places));
	for (i = 0; i < batch->socket_span_count; i++) {
		const struct ft_socket_span *span = &batch->socket_spans[i];

		for (j = 0; j < span->count; j++)
			if (span->sockets[j].cookie)
				take_socket(tcp, &span->sockets[j], &batch->clock);
	}
}

void ft_table_refresh_sockets(struct ft_table *table, const struct ft_socket_list *list)
{
	struct ft_table_tcp *tcp = &table->tcp;

	for (size_t i = 0; tcp->places && i < list->count; i++) {
		const struct ft_health *sample = &list->sockets[i].health;
		struct ft_health *known;
		uint32_t place;

		if (!list->sockets[i].tcp || !sample->cookie)
			continue;
		place = *find_place(tcp, sample->cookie);
		known = place ? &sockets_of(tcp)[place - 1] : NULL;
		if (known && sample->tick > known->tick)
			replace(known, sample);
	}
}

void ft_table_add_app_bytes(struct ft_table *table,
			    bool (*find)(void *arg, uint64_t cookie, uint64_t *ret_sent,
					 uint64_t *ret_received), void *arg)
{
	struct ft_health *sockets = sockets_of(&table->tcp);
	uint64_t sent, received;

	for (uint32_t i = 0; i < table->tcp.socket_count; i++) {
		if (!sockets[i].cookie || !find(arg, sockets[i].cookie, &sent, &received))
			continue;
		sockets[i].known |= FT_HEALTH_APP;
		sockets[i].app_sent = sent;
		sockets[i].app_received = received;
	}
}

/* ---- both together */

/* A flow has this socket no more. */
static void put_socket(struct ft_table_tcp *tcp, uint32_t number)
{
	struct ft_socket_note *note;

	if (!number)
		return;
	note = &notes_of(tcp)[number - 1];
	if (--note->flows)
		return;
	clear_place(tcp, sockets_of(tcp)[number - 1].cookie);
	sockets_of(tcp)[number - 1].cookie = 0;
	note->alone = tcp->socket_free;
	tcp->socket_free = number;
}

void ft_table_join_sockets(struct ft_table *table, const struct ft_change *change)
{
	struct ft_table_tcp *tcp = &table->tcp;
	int end;

	for (end = 0; end < 2; end++) {
		uint32_t record = record_of(tcp, change->row), socket;
		uint64_t cookie = change->cookie[end];
		struct ft_flow_tcp *flow;

		if (!cookie)
			continue;
		socket = record ? records_of(tcp)[record - 1].socket[end] : 0;
		if (socket && sockets_of(tcp)[socket - 1].cookie == cookie)
			continue;
		socket = *find_place(tcp, cookie);
		if (!socket)
			continue;
		flow = need_record(tcp, change->row);
		notes_of(tcp)[socket - 1].flows++;
		put_socket(tcp, flow->socket[end]);
		flow->socket[end] = socket;
	}
}

/* True if nothing tells which socket an end of a changed flow has. */
static bool lacks_socket(const struct ft_table_tcp *tcp, const struct ft_change *change, int end)
{
	uint32_t record = record_of(tcp, change->row);

	return !change->cookie[end] && !(record && records_of(tcp)[record - 1].socket[end]);
}

void ft_table_name_sockets(struct ft_table *table,
			   uint64_t (*find)(void *arg, const struct ft_flow_key *key, int end),
			   void *arg)
{
	struct ft_change *changes = ft_table_changes(table);
	uint32_t i;
	int end;

	for (i = 0; table->tcp.socket_count && i < table->change_count; i++) {
		const struct ft_flow *flow = ft_flow_store_flow(table->store, changes[i].slot);

		for (end = 0; end < 2 && flow->key.protocol == 6; end++)
			if (lacks_socket(&table->tcp, &changes[i], end))
				changes[i].cookie[end] = find(arg, &flow->key, end);
	}
}

void ft_table_tcp_leave(struct ft_table *table, uint32_t row, uint32_t last)
{
	struct ft_table_tcp *tcp = &table->tcp;
	uint32_t number = record_of(tcp, row), filler = record_of(tcp, last);

	if (number) {
		struct ft_flow_tcp *record = &records_of(tcp)[number - 1];

		put_socket(tcp, record->socket[0]);
		put_socket(tcp, record->socket[1]);
		*record = (struct ft_flow_tcp){ .shake = { tcp->record_free } };
		tcp->record_free = number;
	}
	if (number || filler) {
		ft_region_grow(&tcp->of, (row + 1ULL) * sizeof(uint32_t));
		rows_of(tcp)[row] = row == last ? 0 : filler;
	}
	if (filler)
		rows_of(tcp)[last] = 0;
}

/* Sockets whose flow didn't come go. */
static void drop_lonely(struct ft_table_tcp *tcp)
{
	uint32_t *lonely = tcp->lonely.base, i, kept = 0;

	for (i = 0; i < tcp->lonely_count; i++) {
		struct ft_socket_note *note = &notes_of(tcp)[lonely[i] - 1];

		if (note->flows || !sockets_of(tcp)[lonely[i] - 1].cookie)
			continue;
		if (++note->alone < ALONE_MAX) {
			lonely[kept++] = lonely[i];
			continue;
		}
		note->flows = 1;
		put_socket(tcp, lonely[i]);
	}
	tcp->lonely_count = kept;
}

/* A copy of the first `size` bytes, NULL if there are none. */
static void *copy(const struct ft_region *region, size_t size)
{
	void *to;

	if (!size)
		return NULL;
	to = xmalloc(size);
	memcpy(to, region->base, size);
	return to;
}

void ft_build_tcp(struct ft_build *build, struct ft_snapshot *shown)
{
	struct ft_table_tcp *tcp = &build->table->tcp;
	size_t rows = tcp->of.bytes / sizeof(uint32_t);

	drop_lonely(tcp);
	if (!tcp->record_count)
		return;
	shown->tcp_of_count = rows < build->row_count ? rows : build->row_count;
	shown->tcp_of = copy(&tcp->of, shown->tcp_of_count * sizeof(uint32_t));
	shown->tcps = copy(&tcp->records, tcp->record_count * sizeof(struct ft_flow_tcp));
	shown->sockets = copy(&tcp->sockets, tcp->socket_count * sizeof(struct ft_health));
}

size_t ft_table_tcp_memory(const struct ft_table_tcp *tcp)
{
	return tcp->of.bytes + tcp->records.bytes + tcp->sockets.bytes + tcp->notes.bytes +
	       tcp->lonely.bytes + (tcp->places ? PLACES * sizeof(*tcp->places) : 0);
}

void ft_table_tcp_done(struct ft_table_tcp *tcp)
{
	ft_region_free(&tcp->of);
	ft_region_free(&tcp->records);
	ft_region_free(&tcp->sockets);
	ft_region_free(&tcp->notes);
	ft_region_free(&tcp->lonely);
	free(tcp->places);
}
