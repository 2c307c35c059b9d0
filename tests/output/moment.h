/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up moment with one flow of each kind that records tell apart. Its line adds up: an
 * interface and the sum hold what the flows' intervals hold, and a little of every other term.
 */
#ifndef FT_TESTS_MOMENT_H
#define FT_TESTS_MOMENT_H

#include "core/snapshot.h"

/* Rows of the moment. */
enum {
	MOMENT_CURL,     /* tcp out to 192.0.2.7:443, owner curl, three packets out, two in */
	MOMENT_PING,     /* icmp echo on loopback, both ends owned by ping; path loopback */
	MOMENT_GRE,      /* transit, VLANs 100.20, with a GRE key; came in by port veth3 */
	MOMENT_FRAGMENT, /* udp fragments without ports, owner unknown, inexact */
	MOMENT_EVICTED,  /* no packet in the interval, evicted */
	MOMENT_ENDED,    /* tcp, RST in this interval */
	MOMENT_CLOSED,   /* tcp, ended by FIN in an earlier interval: not printed */
	MOMENT_QUIET,    /* live, no packet in the interval: not printed */
	MOMENT_ESP,      /* esp with SPI, IPv6, owner kernel */
	MOMENT_DELAYED,  /* sctp, remote initiator */
	MOMENT_ROWS
};
#define MOMENT_PRINTED 8

#define MOMENT_END_NS 1795255200123456789ULL /* 2026-11-21T10:00:00.123456789Z */
#define MOMENT_INTERVAL_NS 1000211340ULL

/* Static; the same at each call. The process's names hold what must be escaped. */
const struct ft_snapshot *moment(void);

#endif
