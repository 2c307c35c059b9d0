/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of all sockets: a row for each that is new, says something else than when it was last
 * written, or is gone. What a flow's sample tells already (the table tcp) is not told again.
 * At most CHANGED_MAX changes are written with one list, the rest with the next ones, each in its
 * turn; now and then all of them are, for readers to begin there.
 *
 * What was written last is kept by id in a hash table that is made anew with each list: what is
 * left over in the old one is gone.
 */
#include "recording/write.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "core/socket.h"
#include "core/xalloc.h"

#define CHANGED_MAX 16384
#define KNOWN_MAX (2 * FT_SOCKET_LIST_MAX)
#define ROWS_A_SOCKET 4 /* between two times that all are written */

struct ft_known_socket {
	uint64_t id;    /* 0 = a free place */
	uint64_t print; /* of what was written; 0 = nothing yet */
	bool seen;      /* it is in the new list, too */
};

/* Sockets that flows have samples of, by cookie. */
struct cookies {
	uint64_t *cookie; /* 0 = a free place */
	size_t size;      /* a power of two */
};

/* One list in work. */
struct listing {
	const struct ft_snapshot *snapshot;
	struct cookies sampled;
	struct ft_known_socket *known; /* of this list */
	size_t size, count;
	size_t changed;
	bool whole;
};

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

/* A power of two that leaves half of the places free. */
static size_t size_for(size_t count)
{
	size_t size = 64;

	while (size < 2 * count)
		size *= 2;
	return size;
}

/* ---- which sockets flows tell of */

static void add_cookie(struct cookies *cookies, uint64_t cookie)
{
	size_t at = (size_t)(mix(3, cookie) >> 20) & (cookies->size - 1);

	while (cookies->cookie[at] && cookies->cookie[at] != cookie)
		at = (at + 1) & (cookies->size - 1);
	cookies->cookie[at] = cookie;
}

static bool has_cookie(const struct cookies *cookies, uint64_t cookie)
{
	size_t at = (size_t)(mix(3, cookie) >> 20) & (cookies->size - 1);

	for (; cookies->cookie[at]; at = (at + 1) & (cookies->size - 1))
		if (cookies->cookie[at] == cookie)
			return true;
	return false;
}

/* With a filter some flows are not written: then each socket tells all by itself. */
static void find_sampled(const struct ft_recorder *self, struct listing *work)
{
	const struct ft_snapshot *snapshot = work->snapshot;
	size_t count = self->filter ? 0 : snapshot->tcp_of_count;

	work->sampled.size = size_for(2 * count);
	work->sampled.cookie = xcalloc(work->sampled.size, sizeof(uint64_t));
	for (size_t i = 0; i < count; i++) {
		for (int end = 0; snapshot->tcp_of[i] && end < 2; end++) {
			const struct ft_health *health =
				ft_snapshot_socket(snapshot, &snapshot->rows[i], end);

			if (health && health->cookie)
				add_cookie(&work->sampled, health->cookie);
		}
	}
}

/* ---- what was written last */

/* The place of an id, free or taken. */
static struct ft_known_socket *find_known(struct ft_known_socket *known, size_t size, uint64_t id)
{
	size_t at = (size_t)(mix(5, id) >> 20) & (size - 1);

	while (known[at].id && known[at].id != id)
		at = (at + 1) & (size - 1);
	return &known[at];
}

/* A number of all that a row says, never 0. */
static uint64_t print_of(const struct ft_socket *socket, int64_t owner, bool sampled)
{
	const struct ft_health *health = &socket->health;
	const uint64_t numbers[] = {
		(uint64_t)owner, health->state, socket->uid, socket->inode, socket->raw,
		health->rqueue, health->wqueue, health->drops, health->app_sent,
		health->app_received, health->known, socket->tcp, sampled, socket->has_memory,
		health->timer, health->timer_retransmits, health->tos, health->tclass,
	};
	uint64_t hash = 1;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		hash = mix(hash, numbers[i]);
	for (int i = 0; i < FT_MEMORY_MAX; i++)
		hash = mix(hash, socket->memory[i]);
	for (const char *at = socket->iface; *at; at++)
		hash = mix(hash, (uint8_t)*at);
	if (socket->tcp && !sampled)
		hash = mix(hash, ft_sample_print(health));
	return hash ? hash : 1;
}

/* ---- rows */

/* An address, or NULL for any; its port, or NULL for 0. */
static void put_end(struct ft_binder *to, const uint8_t addr[16], uint16_t port_be,
		    char text[FT_ADDRESS_SIZE])
{
	ft_bind_word(to, ft_address_text(addr, text));
	ft_bind_if(to, port_be, ntohs(port_be));
}

static int write_socket(struct ft_recorder *self, const struct ft_socket *socket, int64_t owner,
			bool sampled)
{
	struct ft_binder to = ft_recorder_begin(self, FT_SOCKET);
	char text[2][FT_ADDRESS_SIZE];

	ft_bind_int(&to, (uint64_t)self->interval);
	ft_bind_int(&to, socket->id);
	ft_bind_null(&to);
	ft_bind_int(&to, socket->ip_version);
	ft_bind_int(&to, socket->protocol);
	ft_bind_int(&to, socket->raw);
	ft_bind_bytes(&to, socket->iface);
	put_end(&to, socket->local, socket->local_port_be, text[0]);
	put_end(&to, socket->remote, socket->remote_port_be, text[1]);
	ft_bind_int(&to, (uint64_t)owner);
	ft_bind_int(&to, socket->uid);
	ft_bind_if(&to, socket->inode, socket->inode);
	for (int i = 0; i < FT_MEMORY_MAX; i++)
		ft_bind_if(&to, socket->has_memory, socket->memory[i]);
	ft_bind_int(&to, !socket->tcp ? 0 : sampled ? 2 : 1);
	ft_bind_sample(&to, &socket->health, ft_socket_state(socket), !socket->tcp || sampled);
	return ft_recorder_run(self, &to);
}

static int write_gone(struct ft_recorder *self, uint64_t id)
{
	struct ft_binder to = ft_recorder_begin(self, FT_SOCKET);

	sqlite3_clear_bindings(to.statement);
	ft_bind_int(&to, (uint64_t)self->interval);
	ft_bind_int(&to, id);
	ft_bind_int(&to, 1);
	self->sockets_since++;
	return ft_recorder_run(self, &to);
}

/* One socket of the list. */
static int take_socket(struct ft_recorder *self, struct listing *work,
		       const struct ft_socket *socket)
{
	struct ft_known_socket *was = find_known(self->sockets, self->socket_room, socket->id);
	struct ft_known_socket *now = find_known(work->known, work->size, socket->id);
	bool sampled = socket->tcp && has_cookie(&work->sampled, socket->health.cookie);
	uint64_t print, before = was->id ? was->print : 0;
	int64_t owner;
	int ret = ft_recorder_owner(self, work->snapshot, socket->owner, &owner);

	if (ret < 0)
		return ret;
	was->seen = true;
	work->count += !now->id;
	print = print_of(socket, owner, sampled);
	*now = (struct ft_known_socket){ .id = socket->id, .print = before };
	if (!work->whole && (print == before || work->changed >= CHANGED_MAX))
		return 0;
	now->print = print;
	work->changed++;
	return write_socket(self, socket, owner, sampled);
}

/* What was there and is not any more; of a list that isn't whole nobody knows. */
static int take_gone(struct ft_recorder *self, struct listing *work, bool partial)
{
	int ret = 0;

	for (size_t i = 0; i < self->socket_room && ret == 0; i++) {
		const struct ft_known_socket *was = &self->sockets[i];

		if (!was->id || was->seen)
			continue;
		if (partial && work->count < KNOWN_MAX) {
			*find_known(work->known, work->size, was->id) = *was;
			work->count++;
		} else if (was->print && !work->whole) {
			ret = write_gone(self, was->id);
		}
	}
	return ret;
}

/* True if all are to be written: the first time, with flows that are, or after many changes. */
static bool is_whole_due(const struct ft_recorder *self, size_t count)
{
	if (!self->sockets)
		return true;
	return self->sockets_since >= (self->whole & FT_WHOLE_FLOWS ? 1 : ROWS_A_SOCKET) * count;
}

static int take_list(struct ft_recorder *self, struct listing *work,
		     const struct ft_socket_list *list, struct ft_filter_run *filter)
{
	size_t begin = list->count ? self->socket_turn % list->count : 0;
	int ret = 0;

	for (size_t i = 0; i < list->count && ret == 0; i++) {
		const struct ft_socket *socket = &list->sockets[(begin + i) % list->count];
		size_t before = work->changed;

		if (filter && !ft_filter_run_match_socket(filter, socket))
			continue;
		ret = take_socket(self, work, socket);
		/* Those behind the last one that had room come first the next time. */
		if (work->changed > before && work->changed == CHANGED_MAX)
			self->socket_turn = (begin + i) % list->count + 1;
	}
	return ret < 0 ? ret : take_gone(self, work, ft_socket_list_partial(list));
}

int ft_recorder_sockets(struct ft_recorder *self, const struct ft_snapshot *snapshot)
{
	const struct ft_socket_list *list = snapshot->socket_list;
	struct listing work = { .snapshot = snapshot };
	struct ft_filter_run *filter;
	int ret;

	if (!list || list->end_ns == self->sockets_ns)
		return 0;
	filter = self->filter ? ft_filter_run_new(self->filter, snapshot) : NULL;
	work.whole = is_whole_due(self, list->count);
	if (!self->sockets) {
		self->socket_room = size_for(0);
		self->sockets = xcalloc(self->socket_room, sizeof(*self->sockets));
	}
	work.size = size_for(list->count + self->socket_count);
	work.known = xcalloc(work.size, sizeof(*work.known));
	find_sampled(self, &work);
	ret = take_list(self, &work, list, filter);
	ft_filter_run_free(filter);
	free(work.sampled.cookie);
	free(self->sockets);
	self->sockets = work.known;
	self->socket_room = work.size;
	self->socket_count = work.count;
	self->sockets_ns = list->end_ns;
	if (work.whole) {
		self->whole |= FT_WHOLE_SOCKETS;
		self->sockets_since = 0;
	} else {
		self->sockets_since += work.changed;
	}
	return ret;
}

void ft_recorder_forget_sockets(struct ft_recorder *self)
{
	free(self->sockets);
	self->sockets = NULL;
	self->socket_room = self->socket_count = 0;
	self->sockets_ns = 0;
}
