/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of all sockets as it stood: rows of those that changed, since an interval in which all
 * were written. What TCP says of a socket that flows tell of is in the table tcp.
 */
#include "recording/read.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/xalloc.h"

#define ROWS_MAX (2 * FT_SOCKET_LIST_MAX)
#define MEMORY 14 /* columns of the query */
#define SAMPLE (MEMORY + FT_MEMORY_MAX)

static uint64_t id_of(const void *array, size_t i)
{
	return ((const struct ft_socket_row *)array)[i].socket.id;
}

static struct ft_socket_row *find_row(struct ft_read_sockets *sockets, uint64_t id)
{
	uint32_t *place;

	ft_read_make_room(&sockets->index, sockets->count, id_of, sockets->row);
	place = ft_read_find(&sockets->index, id, id_of, sockets->row);
	if (!*place) {
		if (sockets->count == ROWS_MAX)
			return NULL;
		if (sockets->count == sockets->room) {
			sockets->room = sockets->room ? sockets->room * 2 : 256;
			sockets->row =
				xreallocarray(sockets->row, sockets->room, sizeof(*sockets->row));
		}
		memset(&sockets->row[sockets->count], 0, sizeof(*sockets->row));
		sockets->row[sockets->count++].socket.id = id;
		*place = (uint32_t)sockets->count;
	}
	return &sockets->row[*place - 1];
}

/* All but the id; false if it makes no sense. */
static bool read_socket(struct ft_recording *r, sqlite3_stmt *row, struct ft_socket_row *to)
{
	struct ft_socket *socket = &to->socket;
	uint64_t id = socket->id;

	*to = (struct ft_socket_row){ .socket = { .id = id } };
	to->gone = ft_read_u64(row, 1) != 0;
	if (to->gone)
		return true;
	socket->ip_version = ft_read_up_to(row, 2, 6) == 6 ? 6 : 4;
	socket->protocol = (uint8_t)ft_read_up_to(row, 3, UINT8_MAX);
	socket->raw = ft_read_u64(row, 4) != 0;
	strncpy(socket->iface, ft_read_text(row, 5), sizeof(socket->iface) - 1);
	if (!ft_read_address(row, 6, socket->local) || !ft_read_address(row, 8, socket->remote))
		return false;
	socket->local_port_be = htons((uint16_t)ft_read_up_to(row, 7, UINT16_MAX));
	socket->remote_port_be = htons((uint16_t)ft_read_up_to(row, 9, UINT16_MAX));
	socket->owner = ft_read_owner(r, sqlite3_column_int64(row, 10));
	socket->uid = ft_read_up_to(row, 11, UINT32_MAX);
	socket->inode = ft_read_up_to(row, 12, UINT32_MAX);
	to->tcp = (uint8_t)ft_read_up_to(row, 13, 2);
	socket->has_memory = sqlite3_column_type(row, MEMORY) == SQLITE_INTEGER;
	for (int i = 0; i < FT_MEMORY_MAX; i++)
		socket->memory[i] = ft_read_up_to(row, MEMORY + i, UINT32_MAX);
	ft_read_sample(row, SAMPLE, &socket->health);
	socket->tcp = to->tcp != 0;
	return true;
}

int ft_read_sockets(struct ft_recording *r, size_t now, char *err, size_t err_size)
{
	struct ft_read_sockets *sockets = &r->sockets;
	sqlite3_stmt *row = r->query[FT_Q_SOCKETS];
	int code = SQLITE_DONE;
	size_t from;
	bool whole;

	if (!row)
		return 0;
	if (!ft_read_goes_on(r, now, FT_WHOLE_SOCKETS, sockets->valid, sockets->at, &from,
			     &whole)) {
		sockets->count = 0;
		sockets->whole = false;
		if (sockets->index.place)
			memset(sockets->index.place, 0,
			       sockets->index.size * sizeof(*sockets->index.place));
	}
	sockets->whole |= whole;
	sockets->valid = false;
	if (from <= now) {
		sqlite3_bind_int64(row, 1, r->intervals[from].id);
		sqlite3_bind_int64(row, 2, r->intervals[now].id);
		while ((code = sqlite3_step(row)) == SQLITE_ROW) {
			uint64_t id = (uint64_t)sqlite3_column_int64(row, 0);
			struct ft_socket_row *to = id ? find_row(sockets, id) : NULL;

			if (to && !read_socket(r, row, to))
				to->gone = true;
		}
		sqlite3_reset(row);
	}
	if (code != SQLITE_DONE)
		return ft_recording_error(r->db, "", err, err_size);
	sockets->valid = true;
	sockets->at = now;
	return 0;
}

/* ---- into a snapshot */

/* Samples of flows by their sockets' cookies. */
struct cookies {
	const struct ft_health *health;
	struct ft_read_index index;
};

static uint64_t cookie_of(const void *array, size_t i)
{
	return ((const struct ft_health *)array)[i].cookie;
}

static void find_cookies(const struct ft_snapshot *snapshot, struct cookies *cookies)
{
	size_t count = 0;

	*cookies = (struct cookies){ .health = snapshot->sockets };
	for (size_t i = 0; i < snapshot->tcp_of_count; i++)
		for (int end = 0; snapshot->tcp_of[i] && end < 2; end++)
			if (snapshot->tcps[snapshot->tcp_of[i] - 1].socket[end] > count)
				count = snapshot->tcps[snapshot->tcp_of[i] - 1].socket[end];
	for (size_t i = 0; i < count; i++) {
		ft_read_make_room(&cookies->index, i, cookie_of, cookies->health);
		*ft_read_find(&cookies->index, cookies->health[i].cookie, cookie_of,
			      cookies->health) = (uint32_t)i + 1;
	}
}

/* TCP's numbers from the flow's sample; what only the list knows stays. */
static bool join_sample(struct cookies *cookies, struct ft_socket *socket)
{
	struct ft_health own = socket->health;
	uint32_t *place;

	if (!cookies->index.size)
		return false;
	place = ft_read_find(&cookies->index, own.cookie, cookie_of, cookies->health);
	if (!*place)
		return false;
	socket->health = cookies->health[*place - 1];
	socket->health.state = own.state;
	if (own.known & FT_HEALTH_QUEUES) {
		socket->health.rqueue = own.rqueue;
		socket->health.wqueue = own.wqueue;
		socket->health.drops = own.drops;
	}
	socket->health.known |= own.known & FT_HEALTH_QUEUES;
	if (own.known & FT_HEALTH_TIMER) {
		socket->health.timer = own.timer;
		socket->health.timer_retransmits = own.timer_retransmits;
		socket->health.timer_expires_ms = own.timer_expires_ms;
	}
	socket->health.known &= ~FT_HEALTH_TIMER;
	socket->health.known |= own.known & FT_HEALTH_TIMER;
	return true;
}

void ft_fill_sockets(struct ft_recording *r, size_t now, struct ft_snapshot *snapshot)
{
	sqlite3_stmt *row = r->query[FT_Q_PICTURE];
	struct ft_socket_list *list = NULL;
	struct cookies cookies;

	if (!row || !r->query[FT_Q_SOCKETS])
		return;
	sqlite3_bind_int64(row, 1, r->intervals[now].id);
	if (sqlite3_step(row) == SQLITE_ROW && sqlite3_column_type(row, 6) == SQLITE_INTEGER) {
		list = ft_socket_list_new();
		list->end_ns = ft_read_u64(row, 6);
		list->left_out = ft_read_u64(row, 7);
		list->cut = ft_read_u64(row, 8) != 0 || !r->sockets.whole;
	}
	sqlite3_reset(row);
	if (!list)
		return;
	find_cookies(snapshot, &cookies);
	for (size_t i = 0; i < r->sockets.count; i++) {
		struct ft_socket socket = r->sockets.row[i].socket;

		if (r->sockets.row[i].gone)
			continue;
		if (r->sockets.row[i].tcp == 2)
			socket.tcp = join_sample(&cookies, &socket);
		ft_socket_list_add(list, &socket);
	}
	free(cookies.index.place);
	snapshot->socket_list = list;
}

void ft_read_sockets_done(struct ft_recording *r)
{
	free(r->sockets.row);
	free(r->sockets.index.place);
}
