/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See owner_sockets.h. Each half is an open-addressing table, filled to a half at most and never
 * deleted from, so that a look-up ends at the first free place. It grows as it is needed.
 */
#include "capture/owner_sockets.h"

#include <stdlib.h>
#include <string.h>

#include "core/xalloc.h"

#define SPACE_MIN 1024U

struct half {
	struct ft_owner_socket_of *place; /* owned; cookie 0 = free */
	uint32_t space; /* a power of two */
	uint32_t count;
};

struct ft_owner_sockets {
	uint32_t limit;
	struct half young, old;
	uint64_t forgotten;
};

struct ft_owner_sockets *ft_owner_sockets_new(uint32_t half)
{
	struct ft_owner_sockets *sockets = xcalloc(1, sizeof(*sockets));

	sockets->limit = half ? half : FT_OWNER_SOCKETS_HALF;
	return sockets;
}

void ft_owner_sockets_free(struct ft_owner_sockets *sockets)
{
	if (!sockets)
		return;
	free(sockets->young.place);
	free(sockets->old.place);
	free(sockets);
}

/* The place of a cookie, or the free one where it belongs. */
static struct ft_owner_socket_of *find_place(const struct half *half, uint64_t cookie)
{
	uint32_t at = (uint32_t)((cookie * UINT64_C(0x9e3779b97f4a7c15)) >> 32);

	while (half->place[at & (half->space - 1)].cookie &&
	       half->place[at & (half->space - 1)].cookie != cookie)
		at++;
	return &half->place[at & (half->space - 1)];
}

/* Makes room for one more. */
static void grow(struct half *half)
{
	struct half larger = { .space = half->space ? half->space * 2 : SPACE_MIN };

	if (half->space && half->count < half->space / 2)
		return;
	larger.place = xcalloc(larger.space, sizeof(*larger.place));
	larger.count = half->count;
	for (uint32_t i = 0; i < half->space; i++)
		if (half->place[i].cookie)
			*find_place(&larger, half->place[i].cookie) = half->place[i];
	free(half->place);
	*half = larger;
}

/* The younger half becomes the older one. */
static void turn(struct ft_owner_sockets *sockets)
{
	sockets->forgotten += sockets->old.count;
	free(sockets->old.place);
	sockets->old = sockets->young;
	sockets->young = (struct half){ .place = NULL };
}

/* Writes a record into the younger half. */
static void put(struct ft_owner_sockets *sockets, const struct ft_owner_socket_of *news)
{
	struct ft_owner_socket_of *place;

	if (!news->cookie)
		return;
	grow(&sockets->young);
	place = find_place(&sockets->young, news->cookie);
	if (!place->cookie && sockets->young.count >= sockets->limit) {
		turn(sockets);
		grow(&sockets->young);
		place = find_place(&sockets->young, news->cookie);
	}
	if (!place->cookie)
		sockets->young.count++;
	*place = *news;
}

void ft_owner_sockets_put(struct ft_owner_sockets *sockets, const struct ft_owner_socket_of *news)
{
	const struct ft_owner_socket_of *known = ft_owner_sockets_find(sockets, news->cookie);
	struct ft_owner_socket_of whole = *news;

	if (known) {
		whole.sent = known->sent;
		whole.received = known->received;
	}
	put(sockets, &whole);
}

void ft_owner_sockets_put_bytes(struct ft_owner_sockets *sockets, uint64_t cookie, uint64_t sent,
				uint64_t received)
{
	const struct ft_owner_socket_of *known = ft_owner_sockets_find(sockets, cookie);
	struct ft_owner_socket_of whole = { .cookie = cookie };

	if (known)
		whole = *known;
	whole.sent = sent;
	whole.received = received;
	put(sockets, &whole);
}

const struct ft_owner_socket_of *ft_owner_sockets_find(struct ft_owner_sockets *sockets,
							uint64_t cookie)
{
	const struct ft_owner_socket_of *place;
	struct ft_owner_socket_of found;

	if (!cookie)
		return NULL;
	if (sockets->young.space) {
		place = find_place(&sockets->young, cookie);
		if (place->cookie)
			return place;
	}
	if (!sockets->old.space)
		return NULL;
	place = find_place(&sockets->old, cookie);
	if (!place->cookie)
		return NULL;
	found = *place; /* the halves may turn */
	put(sockets, &found);
	return find_place(&sockets->young, cookie);
}

uint64_t ft_owner_sockets_forgotten(const struct ft_owner_sockets *sockets)
{
	return sockets->forgotten;
}
