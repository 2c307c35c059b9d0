/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets found by who talks to whom: for flows of backends that know no cookies. An index over an
 * array of ends, which stays its owner's: places in it are what it finds.
 */
#ifndef FT_CAPTURE_SOCKET_ENDS_H
#define FT_CAPTURE_SOCKET_ENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/flow_abi.h"
#include "core/hash.h"

/* Who a socket talks to, as its own side sees it. */
struct ft_socket_ends {
	uint8_t local[16], remote[16];
	uint16_t local_port_be, remote_port_be;
	uint32_t zero;
};

struct ft_ends_index {
	struct ft_seed seed;
	uint32_t *places; /* owned; 1 + place, 0 = free */
	uint32_t mask;
};

/* All zero but for a seed is an empty one. */
void ft_ends_index_done(struct ft_ends_index *index);
/* What it was before is forgotten. */
void ft_ends_index_build(struct ft_ends_index *index, const struct ft_socket_ends *ends,
			 size_t count);
/* The place of the socket at an end of a flow, the last one if there are several; false: none. */
bool ft_ends_index_find(const struct ft_ends_index *index, const struct ft_socket_ends *ends,
			const struct ft_flow_key *key, int end, size_t *ret_place);

#endif
