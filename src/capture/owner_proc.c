/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners from sock_diag and /proc: ends of a flow -> socket -> inode -> process.
 *
 *   flow's end ──► cookie known?  sock_table ──┐
 *             ──► one look-up in the kernel ───┼──► inode ──► proc_scan ──► process
 *             ──► sock_table (dumps; closed) ──┘
 *
 * Each round (a call of refresh) has a budget of time for dumps and for walking /proc, and one
 * of look-ups. The answer is a process, the kernel, or "unknown"; never a guess:
 *   - a socket that nobody holds any more is unknown, unless it was seen before it was closed
 *   - a connection that others opened to us belongs to the listener's process if its own
 *     socket is gone: it was made for that process and nobody else could have had it. One that
 *     waits to be accepted may become that of any process that holds the listener: it is the
 *     listener's only if it still waits after READINGS
 *   - ICMP and protocols without ports: the one process with a raw socket for them; if several
 *     have one, unknown; if none has, the kernel itself, where it speaks them (owner_proc_raw.c)
 *   - sockets in other network namespaces cannot be seen: unknown
 * A flow is asked about again until the sockets of its protocol were read READINGS times since it
 * began, however long that takes: then nothing is to be expected any more and the answer is final.
 */
#include "capture/owner_proc.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/clock.h"
#include "capture/owner_proc_priv.h"
#include "core/addr.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define LOOK_UPS_MAX 1000       /* a round; some microseconds each */
#define CHECKS 100              /* of them, kept for whether a socket is still there */
#define REMEMBER (30 * SECOND)  /* closed sockets */
#define CLOSE_BY SECOND         /* glances may be so far apart */
#define WALKS 2                 /* whole ones that found no holder of a socket that is open */
#define GLANCE_NS (100 * UINT64_C(1000000)) /* between glances, at least */
#define GLANCE_DUMP_NS (2 * UINT64_C(1000000))
#define GLANCE_SCAN_NS (3 * UINT64_C(1000000))
#define GLANCE_SHARE 100        /* its cost times so much is the time to the next one */

static const uint8_t transport_protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE,
					       IPPROTO_SCTP };

struct ft_owner_proc *ft_owner_proc_new(struct ft_owners *owners)
{
	struct ft_owner_proc *source = xcalloc(1, sizeof(*source));

	source->diag = ft_sock_diag_new();
	source->raw_diag = ft_sock_diag_new();
	source->table = ft_sock_table_new();
	source->scan = ft_proc_scan_new(owners);
	source->dumping = -1;
	for (size_t i = 0; i < sizeof(transport_protocols); i++)
		source->transports[i].protocol = transport_protocols[i];
	return source;
}

void ft_owner_proc_free(struct ft_owner_proc *source)
{
	if (!source)
		return;
	ft_sock_diag_free(source->diag);
	ft_sock_diag_free(source->raw_diag);
	ft_sock_table_free(source->table);
	ft_proc_scan_free(source->scan);
	free(source->raw);
	free(source);
}

void ft_owner_proc_ask_first(struct ft_owner_proc *source,
			     uint16_t (*find)(void *arg, uint64_t cookie), void *arg,
			     bool finds_all)
{
	source->find = find;
	source->find_arg = arg;
	source->finds_all = finds_all;
}

void ft_owner_proc_ask_names(struct ft_owner_proc *source, struct ft_lookup *names,
			     struct ft_lookup *docker)
{
	ft_proc_scan_ask_names(source->scan, names, docker);
}

uint64_t ft_owner_proc_boot_ns(const struct ft_owner_proc *source)
{
	return ft_proc_scan_boot_ns(source->scan);
}

const char *ft_owner_proc_describe(const struct ft_owner_proc *source)
{
	return source->text[0] ? source->text : "sock_diag, /proc";
}

/* Says where the answers come from and what is missing. */
static void describe(struct ft_owner_proc *source)
{
	const char *trouble = ft_sock_diag_trouble(source->diag);
	size_t denied = ft_proc_scan_denied(source->scan);

	if (denied > 0)
		snprintf(source->text, sizeof(source->text),
			 P_("sock_diag, /proc; %zu process cannot be read (CAP_SYS_PTRACE)",
			    "sock_diag, /proc; %zu processes cannot be read (CAP_SYS_PTRACE)",
			    denied), denied);
	else if (trouble[0])
		snprintf(source->text, sizeof(source->text), "sock_diag, /proc; %s", trouble);
	else if (ft_sock_table_refused(source->table) || ft_proc_scan_overflows(source->scan))
		snprintf(source->text, sizeof(source->text), "sock_diag, /proc; %s",
			 _("more sockets than can be remembered"));
	else
		source->text[0] = '\0';
}

/* ---- rounds */

void ft_owner_proc_note_reading(struct readings *readings, uint64_t begun_ns)
{
	readings->begun_ns[readings->next++ % READINGS] = begun_ns;
}

/* True if all that are remembered began after that: had it been there, it would have been found. */
static bool were_all_after(const struct readings *readings, uint64_t when_ns)
{
	return readings->begun_ns[readings->next % READINGS] > when_ns;
}

/* A dumped socket. */
static void remember(void *arg, const struct ft_sock *sock)
{
	struct ft_owner_proc *source = arg;

	ft_sock_table_put(source->table, sock, source->now_ns, source->round);
}

/* Goes on with the dump under way, or starts the next one that is wanted; false if none is. */
static bool step_dump(struct ft_owner_proc *source)
{
	if (source->dumping < 0) {
		for (int i = 0; i < 4 && source->dumping < 0; i++) {
			if (source->transports[i].wanted)
				source->dumping = i;
		}
		if (source->dumping < 0)
			return false;
		source->transports[source->dumping].wanted = false;
		source->transports[source->dumping].begun_ns = ft_clock_read(CLOCK_MONOTONIC);
		ft_sock_diag_dump(source->diag,
				  source->transports[source->dumping].protocol);
	}
	if (ft_sock_diag_step(source->diag, remember, source) <= 0) {
		struct transport *transport = &source->transports[source->dumping];

		ft_owner_proc_note_reading(&transport->readings, transport->begun_ns);
		source->dumping = -1;
	}
	return true;
}

/* Begins a round. */
static void begin_round(struct ft_owner_proc *source, uint64_t now_ns)
{
	source->round++;
	source->now_ns = now_ns;
	source->real_ns = ft_clock_read(CLOCK_REALTIME);
	source->raw_read = false;
}

void ft_owner_proc_refresh(struct ft_owner_proc *source, const struct ft_addr_set *addresses,
			   uint64_t now_ns, uint64_t budget_ns)
{
	uint64_t begun = ft_clock_read(CLOCK_MONOTONIC);
	uint64_t begun_cpu = ft_clock_read(CLOCK_THREAD_CPUTIME_ID);

	(void)addresses; /* the table says which ends are ours */
	begin_round(source, now_ns);
	source->look_ups = LOOK_UPS_MAX;
	while (ft_clock_read(CLOCK_THREAD_CPUTIME_ID) - begun_cpu < budget_ns / 2 && step_dump(source))
		;
	if (now_ns - source->forgotten_ns > REMEMBER / 3 && now_ns > REMEMBER) {
		ft_sock_table_forget(source->table, now_ns - REMEMBER);
		source->forgotten_ns = now_ns;
	}
	ft_proc_scan_begin(source->scan, begun, budget_ns);
	describe(source);
}

/* ---- from a socket to its owner */

static struct transport *find_transport(struct ft_owner_proc *source, uint8_t protocol)
{
	for (int i = 0; i < 4; i++) {
		if (source->transports[i].protocol == protocol)
			return &source->transports[i];
	}
	return NULL;
}

/* 1: the socket is still there, with a file; 0: it is not; -EAGAIN: there was no time to ask or no
 * answer; -EOPNOTSUPP: this cannot be asked. */
static int is_open(struct ft_owner_proc *source, const struct ft_sock *sock)
{
	struct ft_sock now;
	int ret;

	if (sock->raw || !find_transport(source, sock->protocol))
		return -EOPNOTSUPP;
	if (source->look_ups == 0)
		return -EAGAIN;
	source->look_ups--;
	ret = ft_sock_diag_look_up(source->diag, sock->protocol, sock->local, sock->local_port_be,
				   sock->remote, sock->remote_port_be, &now);
	if (ret == -ENOENT || ret == 0)
		return ret == 0 && now.inode == sock->inode;
	return ret == -EOPNOTSUPP ? ret : -EAGAIN;
}

/* True if a socket that nobody is seen to hold is nobody's: BPF was told of all that processes
 * hold, or all of them could be looked into. */
static bool is_all_seen(struct ft_owner_proc *source, const struct ft_sock *sock)
{
	return ft_proc_scan_sees_all(source->scan) ||
	       (source->finds_all && sock->cookie && ft_proc_scan_lists_all(source->scan));
}

/* A socket that is held by no process: the kernel's own, if that is beyond doubt. Only UDP
 * (tunnels): others have no such sockets, user space may hide what it gave to io_uring, and one
 * that is closed by now may have been anybody's. One that is open may have been handed on
 * meanwhile, by a process that wasn't looked at yet to one that was: it is searched once more. */
static enum answer held_by_nobody(struct ft_owner_proc *source, const struct ft_sock *sock,
				  uint16_t *ret_owner)
{
	int open = is_open(source, sock);

	if (open == -EAGAIN)
		return ANSWER_LATER;
	if (open == 0)
		return ANSWER_NEVER;
	if (!ft_proc_scan_was_in_vain(source->scan, sock->inode, WALKS))
		return ANSWER_LATER;
	if (open != 1 || sock->protocol != IPPROTO_UDP || sock->uid != 0 ||
	    sock->remote_port_be != 0 || !is_all_seen(source, sock))
		return ANSWER_NEVER;
	*ret_owner = FT_OWNER_KERNEL;
	return ANSWER_OWNER;
}

/* A socket whose holder let go of it: it was that one's if it is closed; if it is not, somebody
 * else holds it. Where nobody is seen to, the last one that was is the best answer. */
static enum answer held_before(struct ft_owner_proc *source, const struct ft_sock *sock,
			       uint16_t former, uint16_t *ret_owner)
{
	uint16_t owner = former;

	if (is_open(source, sock) != 0 &&
	    ft_proc_scan_find_other(source->scan, sock->inode, &owner) == FT_HOLDER_SEARCHING)
		return ANSWER_LATER;
	*ret_owner = owner;
	return owner == FT_OWNER_UNKNOWN ? ANSWER_LATER : ANSWER_OWNER;
}

enum answer ft_owner_proc_answer(struct ft_owner_proc *source, const struct ft_sock *sock,
				 uint16_t *ret_owner)
{
	uint16_t owner = FT_OWNER_UNKNOWN;

	if (source->find && sock->cookie)
		owner = source->find(source->find_arg, sock->cookie);
	if (owner != FT_OWNER_UNKNOWN) {
		*ret_owner = owner;
		return ANSWER_OWNER;
	}
	switch (ft_proc_scan_find(source->scan, sock->inode, &owner)) {
	case FT_HOLDER_FOUND:
		*ret_owner = owner;
		return owner == FT_OWNER_UNKNOWN ? ANSWER_LATER : ANSWER_OWNER;
	case FT_HOLDER_FORMER:
		return held_before(source, sock, owner, ret_owner);
	case FT_HOLDER_NOBODY:
		return held_by_nobody(source, sock, ret_owner);
	default:
		return ANSWER_LATER;
	}
}

uint16_t ft_owner_proc_of_socket(struct ft_owner_proc *source, const struct ft_sock *sock)
{
	uint16_t owner = FT_OWNER_UNKNOWN;

	if (ft_owner_proc_answer(source, sock, &owner) != ANSWER_OWNER)
		return FT_OWNER_UNKNOWN;
	return owner;
}

/* ---- protocols with ports */

static struct end end_of(const struct ft_owner_proc *source, const struct ft_owner_query *query,
			 int side)
{
	const struct ft_flow_key *key = &query->flow->key;
	uint64_t first = query->flow->first_ns, age;

	age = source->real_ns > first ? source->real_ns - first : 0;

	return (struct end){
		.protocol = key->protocol,
		.local = side ? key->addr_b : key->addr_a,
		.remote = side ? key->addr_a : key->addr_b,
		.local_port_be = side ? key->port_b_be : key->port_a_be,
		.remote_port_be = side ? key->port_a_be : key->port_b_be,
		.cookie = query->cookie[side],
		.first_ns = source->now_ns > age ? source->now_ns - age : 0,
		.opened_here = query->initiator == (enum ft_end)side,
	};
}

/* True if the socket may own this end: a listener only what others opened. */
static bool may_own(const struct ft_sock *sock, const struct end *end)
{
	return sock->inode && !(sock->state == FT_SOCK_LISTEN && sock->remote_port_be == 0 &&
				end->protocol != IPPROTO_UDP && end->opened_here);
}

/* The listener behind a connection whose own socket has no file. -EAGAIN: not asked for lack of
 * time. */
static int look_up_listener(struct ft_owner_proc *source, const struct end *end,
			    struct ft_sock *ret_sock)
{
	uint8_t any[16] = { 0 };

	if (end->opened_here || end->protocol != IPPROTO_TCP)
		return -ENOENT;
	if (source->look_ups <= CHECKS)
		return -EAGAIN;
	source->look_ups--;
	if (ft_addr_is_v4(end->local))
		any[10] = any[11] = 0xff;
	return ft_sock_diag_look_up(source->diag, end->protocol, end->local, end->local_port_be,
				    any, 0, ret_sock);
}

uint16_t ft_owner_proc_of_listener(struct ft_owner_proc *source, const struct ft_sock *sock)
{
	const struct end end = { .protocol = sock->protocol, .local = sock->local,
				 .local_port_be = sock->local_port_be };
	struct ft_sock listener;

	int ret = look_up_listener(source, &end, &listener);

	if (ret == -EAGAIN)
		return FT_OWNER_UNKNOWN;
	if (ret < 0 || listener.state != FT_SOCK_LISTEN)
		return FT_OWNER_KERNEL;
	return ft_owner_proc_of_socket(source, &listener);
}

bool ft_owner_proc_is_waiting(const struct ft_sock *sock)
{
	return sock->protocol == IPPROTO_TCP && !sock->inode &&
	       (sock->state == FT_SOCK_ESTABLISHED || sock->state == FT_SOCK_SYN_RECV ||
		sock->state == FT_SOCK_CLOSE_WAIT);
}

/* Asks the kernel. 0; -ENOENT: there is none with a file; -EINPROGRESS: it will have one when it is
 * accepted; -EAGAIN: not asked for lack of time. */
static int look_up(struct ft_owner_proc *source, const struct end *end, struct ft_sock *ret_sock)
{
	int ret;

	if (source->look_ups <= CHECKS)
		return -EAGAIN;
	source->look_ups--;
	ret = ft_sock_diag_look_up(source->diag, end->protocol, end->local, end->local_port_be,
				   end->remote, end->remote_port_be, ret_sock);
	if (ret == 0)
		ft_sock_table_put(source->table, ret_sock, source->now_ns, source->round);
	if (ret == 0 && !may_own(ret_sock, end))
		ret = ft_owner_proc_is_waiting(ret_sock) && !end->opened_here ? -EINPROGRESS :
									-ENOENT;
	return ret;
}

/* A socket seen before, also one that is closed by now; but no flow began after its socket was
 * closed. */
static const struct ft_sock *recall(const struct ft_owner_proc *source, const struct end *end)
{
	uint64_t seen_ns = 0;
	const struct ft_sock *sock;

	sock = ft_sock_table_match(source->table, end->protocol, end->local, end->local_port_be,
				   end->remote, end->remote_port_be, &seen_ns);
	if (!sock || !may_own(sock, end) || end->first_ns > seen_ns + CLOSE_BY)
		return NULL;
	return sock;
}

static enum answer owner_of_end(struct ft_owner_proc *source, const struct end *end,
				uint16_t *ret_owner)
{
	struct transport *transport = find_transport(source, end->protocol);
	const struct ft_sock *known = ft_sock_table_find_cookie(source->table, end->cookie);
	struct ft_sock sock;
	int ret, of_listener;

	if (known && may_own(known, end))
		return ft_owner_proc_answer(source, known, ret_owner);
	ret = look_up(source, end, &sock);
	if (ret == 0)
		return ft_owner_proc_answer(source, &sock, ret_owner);
	transport->wanted = true;
	if (ret == -EINPROGRESS && !were_all_after(&transport->readings, end->first_ns))
		return ANSWER_LATER;
	known = recall(source, end);
	if (known)
		return ft_owner_proc_answer(source, known, ret_owner);
	of_listener = look_up_listener(source, end, &sock);
	if (of_listener == 0 && sock.state == FT_SOCK_LISTEN && may_own(&sock, end))
		return ft_owner_proc_answer(source, &sock, ret_owner);
	return ret == -EAGAIN || of_listener == -EAGAIN ? ANSWER_LATER : ANSWER_NONE;
}

uint64_t ft_owner_proc_glance(struct ft_owner_proc *source)
{
	uint64_t begun = ft_clock_read(CLOCK_MONOTONIC), next;
	uint64_t begun_cpu = ft_clock_read(CLOCK_THREAD_CPUTIME_ID);

	begin_round(source, begun);
	source->transports[0].wanted = source->transports[1].wanted = true;
	while (ft_clock_read(CLOCK_THREAD_CPUTIME_ID) - begun_cpu < GLANCE_DUMP_NS && step_dump(source))
		;
	ft_owner_proc_read_raw(source);
	ft_proc_scan_glance(source->scan, ft_clock_read(CLOCK_MONOTONIC), GLANCE_SCAN_NS);
	next = (ft_clock_read(CLOCK_MONOTONIC) - begun) * GLANCE_SHARE;
	return next < GLANCE_NS ? GLANCE_NS : next > SECOND ? SECOND : next;
}

/* ---- a flow's ends */

static enum answer owner_of_side(struct ft_owner_proc *source, const struct ft_owner_query *query,
				 int side, uint16_t *ret_owner)
{
	struct end end = end_of(source, query, side);

	if (find_transport(source, end.protocol)) {
		if (end.local_port_be == 0)
			return ANSWER_NEVER; /* fragments without ports */
		return owner_of_end(source, &end, ret_owner);
	}
	return ft_owner_proc_of_raw(source, &end, query, ret_owner);
}

/* True if the sockets that may own the flow's ends were read often enough since it began. */
static bool was_searched(struct ft_owner_proc *source, const struct ft_owner_query *query)
{
	const struct transport *transport =
		find_transport(source, query->flow->key.protocol);

	return were_all_after(transport ? &transport->readings : &source->raw_readings,
			      end_of(source, query, 0).first_ns);
}

void ft_owner_proc_resolve(void *arg, struct ft_owner_query *query)
{
	struct ft_owner_proc *source = arg;
	bool searched = was_searched(source, query);
	bool final = true;

	for (int side = 0; side < 2; side++) {
		if (!query->end_is_own[side] || query->owner[side] != FT_OWNER_UNKNOWN)
			continue;
		switch (owner_of_side(source, query, side, &query->owner[side])) {
		case ANSWER_LATER:
			final = false;
			break;
		case ANSWER_NONE:
			final &= searched;
			break;
		default:
			break;
		}
	}
	query->final = final;
}
