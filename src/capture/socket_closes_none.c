/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In a build without BPF nobody tells of ends. See socket_closes.h. */
#include "capture/socket_closes.h"

#include <errno.h>
#include <stddef.h>

struct ft_socket_closes *ft_socket_closes_new(uint32_t ring_bytes)
{
	(void)ring_bytes;
	return NULL;
}

void ft_socket_closes_free(struct ft_socket_closes *closes)
{
	(void)closes;
}

bool ft_socket_closes_take(struct ft_socket_closes *closes, struct ft_batch *batch)
{
	(void)closes, (void)batch;
	return false;
}

uint64_t ft_socket_closes_missed(const struct ft_socket_closes *closes)
{
	(void)closes;
	return 0;
}

uint64_t ft_socket_closes_find(void *closes, const struct ft_flow_key *key, int end)
{
	(void)closes, (void)key, (void)end;
	return 0;
}

int ft_socket_closes_probe(void)
{
	return -EOPNOTSUPP;
}
