/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of sockets made by hand, of each kind one: for tests of what reads it. Owners are the
 * first processes of a snapshot.
 */
#ifndef FT_TESTS_CORE_MADE_SOCKETS_H
#define FT_TESTS_CORE_MADE_SOCKETS_H

#include "core/socket.h"

#define MADE_SOCKETS 10
/* Cookies of some of them. */
enum { MADE_LISTENER = 1, MADE_BUSY, MADE_IDLE, MADE_DNS, MADE_MDNS };

/* As they were at that moment; give the list back. */
struct ft_socket_list *made_sockets(uint64_t end_ns);

#endif
