/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the owner source of sock_diag and /proc: owner_proc.c has its rounds and finds owners of
 * protocols with ports, owner_proc_raw.c of those without. Nobody else includes this.
 */
#ifndef FT_CAPTURE_OWNER_PROC_PRIV_H
#define FT_CAPTURE_OWNER_PROC_PRIV_H

#include "capture/owner_proc.h"
#include "capture/proc_scan.h"
#include "capture/sock_diag.h"
#include "capture/sock_table.h"

#define SECOND UINT64_C(1000000000)
#define READINGS 4 /* whole ones since a flow began, without its socket */

/* What an end's owner is: an id, or why there is none. */
enum answer {
	ANSWER_OWNER, /* *ret_owner is set */
	ANSWER_LATER, /* ask again: something wasn't looked at for lack of time */
	ANSWER_NONE,  /* not found */
	ANSWER_NEVER, /* it cannot be found any more */
};

/* A raw or ping socket, and between which readings it must have been open. */
struct raw {
	struct ft_sock sock;
	uint64_t before_ns; /* the last reading that didn't list it yet, 0 = none */
	uint64_t after_ns;  /* the first that didn't list it any more, 0 = it is open */
	uint64_t seen_ns;
};

/* When the last whole readings of some sockets began, in a ring. */
struct readings {
	uint64_t begun_ns[READINGS];
	unsigned next;
};

/* Protocols that have ports, and whether their sockets are to be dumped. */
struct transport {
	uint8_t protocol;
	bool wanted;
	uint64_t begun_ns; /* of the dump under way */
	struct readings readings;
};

struct ft_owner_proc {
	struct ft_sock_diag *diag;
	struct ft_sock_diag *raw_diag; /* a second one: it doesn't disturb the dump under way */
	struct ft_sock_table *table;
	struct ft_proc_scan *scan;
	struct transport transports[4];
	int dumping; /* index of the dump under way, -1 = none */

	struct raw *raw; /* owned: raw and ping sockets seen a moment ago */
	size_t raw_count;
	bool raw_read;
	uint64_t raw_read_ns; /* the reading before the one under way */
	struct readings raw_readings;

	uint64_t round;
	uint64_t now_ns, real_ns; /* of this round: monotonic, real time */
	uint64_t forgotten_ns;
	unsigned look_ups;        /* left in this round */

	uint16_t (*find)(void *arg, uint64_t cookie); /* the better source; NULL = none */
	void *find_arg;
	bool finds_all;           /* what it doesn't find is no process' socket */
	char text[160];
};

/* One end of a flow, as its socket would see it. */
struct end {
	uint8_t protocol;
	const uint8_t *local, *remote;
	uint16_t local_port_be, remote_port_be;
	uint64_t cookie;
	uint64_t first_ns; /* the flow's, monotonic */
	bool opened_here; /* this end opened the connection, so no listener made its socket */
};

/* A reading that began then is done. */
void ft_owner_proc_note_reading(struct readings *readings, uint64_t begun_ns);
/* The owner of a socket. */
enum answer ft_owner_proc_answer(struct ft_owner_proc *source, const struct ft_sock *sock,
				 uint16_t *ret_owner);

/* owner_proc_raw.c */
/* Reads the raw and ping sockets, once a round. There are few. */
void ft_owner_proc_read_raw(struct ft_owner_proc *source);
/* The owner of an end of a flow whose protocol has no ports. */
enum answer ft_owner_proc_of_raw(struct ft_owner_proc *source, const struct end *end,
				 const struct ft_owner_query *query, uint16_t *ret_owner);

#endif
