/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of sockets, found by id: open addressing beside the array; see socket.h. */
#include "core/socket.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/snapshot.h"
#include "core/xalloc.h"

#define FT_TCP_TIME_WAIT 6
#define FT_TCP_CLOSE 7

/* What is behind a list that is handed out. */
struct box {
	struct ft_socket_list shown; /* first: a list is its box */
	atomic_uint refs;
	size_t room;
	uint32_t *index; /* 1 + place, 0 = free; a power of two, at most half full */
	size_t index_size;
};

static struct box *open_box(const struct ft_socket_list *list)
{
	return (struct box *)(uintptr_t)list;
}

/* Where an id is in the index, or the free place for it. */
static uint32_t *find_place(const struct box *box, uint64_t id)
{
	size_t mask = box->index_size - 1;
	size_t at = (size_t)(id * 0x9e3779b97f4a7c15ULL >> 20) & mask;

	while (box->index[at] && box->shown.sockets[box->index[at] - 1].id != id)
		at = (at + 1) & mask;
	return &box->index[at];
}

/* Twice the room, and the index anew. */
static void grow(struct box *box)
{
	box->room = box->room ? 2 * box->room : 64;
	box->shown.sockets = xreallocarray(box->shown.sockets, box->room,
					   sizeof(*box->shown.sockets));
	free(box->index);
	box->index_size = 2 * box->room;
	box->index = xcalloc(box->index_size, sizeof(*box->index));
	for (size_t i = 0; i < box->shown.count; i++)
		*find_place(box, box->shown.sockets[i].id) = (uint32_t)i + 1;
}

struct ft_socket_list *ft_socket_list_new(void)
{
	struct box *box = xcalloc(1, sizeof(*box));

	atomic_init(&box->refs, 1);
	grow(box);
	return &box->shown;
}

void ft_socket_list_add(struct ft_socket_list *list, const struct ft_socket *socket)
{
	struct box *box = open_box(list);
	uint32_t *place = find_place(box, socket->id);

	if (*place) {
		list->sockets[*place - 1] = *socket;
		return;
	}
	if (list->count == FT_SOCKET_LIST_MAX) {
		list->left_out++;
		return;
	}
	if (list->count == box->room) {
		grow(box);
		place = find_place(box, socket->id);
	}
	list->sockets[list->count] = *socket;
	*place = (uint32_t)++list->count;
}

const struct ft_socket *ft_socket_list_find(const struct ft_socket_list *list, uint64_t id)
{
	uint32_t place = id ? *find_place(open_box(list), id) : 0;

	return place ? &list->sockets[place - 1] : NULL;
}

bool ft_socket_list_partial(const struct ft_socket_list *list)
{
	return list->cut || list->left_out;
}

const struct ft_socket_list *ft_socket_list_take(const struct ft_socket_list *list)
{
	atomic_fetch_add_explicit(&open_box(list)->refs, 1, memory_order_relaxed);
	return list;
}

void ft_socket_list_put(const struct ft_socket_list *list)
{
	struct box *box = open_box(list);

	if (!box || atomic_fetch_sub_explicit(&box->refs, 1, memory_order_acq_rel) != 1)
		return;
	free(box->shown.sockets);
	free(box->index);
	free(box);
}

/* ---- one socket */

bool ft_socket_get(const struct ft_socket *socket, enum ft_health_number number,
		   uint64_t *ret_value)
{
	if (!socket->tcp && !ft_health_is_common(number))
		return false;
	return ft_health_get(&socket->health, number, ret_value);
}

const char *ft_socket_state(const struct ft_socket *socket)
{
	if (socket->protocol != IPPROTO_TCP && socket->health.state == FT_TCP_CLOSE)
		return "unconnected";
	return ft_health_state(&socket->health);
}

bool ft_socket_is_over(const struct ft_socket *socket)
{
	return socket->protocol == IPPROTO_TCP && (socket->health.state == FT_TCP_TIME_WAIT ||
						   socket->health.state == FT_TCP_CLOSE);
}

/* ---- its flow */

/* True if an end of the flow is the socket's, and the other one its peer. */
static bool has_ends(const struct ft_flow_key *key, const struct ft_socket *socket, bool b)
{
	return memcmp(b ? key->addr_b : key->addr_a, socket->local, 16) == 0 &&
	       memcmp(b ? key->addr_a : key->addr_b, socket->remote, 16) == 0 &&
	       (b ? key->port_b_be : key->port_a_be) == socket->local_port_be &&
	       (b ? key->port_a_be : key->port_b_be) == socket->remote_port_be;
}

static bool has_cookie(const struct ft_snapshot *snapshot, const struct ft_flow_hot *flow,
		       uint64_t cookie)
{
	for (int end = 0; cookie && end < 2; end++) {
		const struct ft_health *health = ft_snapshot_socket(snapshot, flow, end);

		if (health && health->cookie == cookie)
			return true;
	}
	return false;
}

const struct ft_flow_hot *ft_socket_flow(const struct ft_snapshot *snapshot,
					 const struct ft_socket *socket)
{
	const struct ft_flow_hot *found = NULL;

	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *flow = &snapshot->rows[i];
		const struct ft_flow_key *key = &flow->flow->key;

		if (key->protocol != socket->protocol)
			continue;
		if (has_cookie(snapshot, flow, socket->health.cookie))
			return flow;
		/* The newest with these ends: an older one was another socket's. */
		if (!socket->raw && socket->remote_port_be &&
		    (!found || flow->flow->first_ns > found->flow->first_ns) &&
		    (has_ends(key, socket, false) || has_ends(key, socket, true)))
			found = flow;
	}
	return found;
}
