/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See socket_ends.h. Open addressing, at most half full; ports and addresses are others', so that
 * the hash has a seed. */
#include "capture/socket_ends.h"

#include <stdlib.h>
#include <string.h>

#include "core/xalloc.h"

#define PLACES_MIN 64

void ft_ends_index_done(struct ft_ends_index *index)
{
	free(index->places);
	index->places = NULL;
}

static uint32_t home_of(const struct ft_ends_index *index, const struct ft_socket_ends *ends)
{
	return (uint32_t)ft_hash(&index->seed, ends, sizeof(*ends)) & index->mask;
}

void ft_ends_index_build(struct ft_ends_index *index, const struct ft_socket_ends *ends,
			 size_t count)
{
	uint32_t size = PLACES_MIN;

	while (size < 2 * count)
		size *= 2;
	ft_ends_index_done(index);
	index->places = xcalloc(size, sizeof(*index->places));
	index->mask = size - 1;
	/* The last one is found first. */
	for (size_t i = count; i-- > 0;) {
		uint32_t at = home_of(index, &ends[i]);

		while (index->places[at])
			at = (at + 1) & index->mask;
		index->places[at] = (uint32_t)i + 1;
	}
}

bool ft_ends_index_find(const struct ft_ends_index *index, const struct ft_socket_ends *ends,
			const struct ft_flow_key *key, int end, size_t *ret_place)
{
	struct ft_socket_ends wanted;

	if (!index->places)
		return false;
	memset(&wanted, 0, sizeof(wanted));
	memcpy(wanted.local, end ? key->addr_b : key->addr_a, 16);
	memcpy(wanted.remote, end ? key->addr_a : key->addr_b, 16);
	wanted.local_port_be = end ? key->port_b_be : key->port_a_be;
	wanted.remote_port_be = end ? key->port_a_be : key->port_b_be;
	for (uint32_t at = home_of(index, &wanted); index->places[at];
	     at = (at + 1) & index->mask) {
		uint32_t place = index->places[at] - 1;

		if (memcmp(&ends[place], &wanted, sizeof(wanted)) == 0) {
			*ret_place = place;
			return true;
		}
	}
	return false;
}
