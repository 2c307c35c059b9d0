/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets seen of late, by their ends and by cookie; closed ones too, for a while, so that a
 * flow whose socket is gone still finds it. A plain container without a clock: owner_proc.c
 * fills it and says what time it is. Bounded: beyond FT_SOCK_TABLE_MAX what was not seen for
 * longest goes first, and if that isn't enough new ones are not taken (counted).
 */
#ifndef FT_CAPTURE_SOCK_TABLE_H
#define FT_CAPTURE_SOCK_TABLE_H

#include <stddef.h>

#include "capture/sock_diag.h"

#define FT_SOCK_TABLE_MAX 65536

struct ft_sock_table;

struct ft_sock_table *ft_sock_table_new(void);
void ft_sock_table_free(struct ft_sock_table *table); /* takes NULL */

/*
 * Takes a socket, or says that it was seen again. One without an inode changes nothing: its
 * file is closed, and what was known of it before is better. Connected sockets seen in the same
 * `round`, or bound ones seen one after the other, share their ends (SO_REUSEPORT): for half a
 * minute they answer to none.
 */
void ft_sock_table_put(struct ft_sock_table *table, const struct ft_sock *sock, uint64_t now_ns,
		       uint64_t round);

/* The socket that gets what comes from remote: connected, else bound to the address, else to
 * any (v6's any takes v4 too). NULL if unknown, or if several share those ends. *ret_seen_ns:
 * when it was seen last. */
const struct ft_sock *ft_sock_table_match(const struct ft_sock_table *table, uint8_t protocol,
					  const uint8_t local[16], uint16_t local_port_be,
					  const uint8_t remote[16], uint16_t remote_port_be,
					  uint64_t *ret_seen_ns);
const struct ft_sock *ft_sock_table_find_cookie(const struct ft_sock_table *table,
						uint64_t cookie);

/* Forgets what was not seen since before_ns. */
void ft_sock_table_forget(struct ft_sock_table *table, uint64_t before_ns);
size_t ft_sock_table_count(const struct ft_sock_table *table);
uint64_t ft_sock_table_refused(const struct ft_sock_table *table);

#endif
