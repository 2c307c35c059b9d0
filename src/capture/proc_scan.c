/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See proc_scan.h. Processes are an array ordered by pid (proc_scan_list.c); sockets a chained hash
 * over one growing array. Both are bounded: pids by the kernel, sockets by FT_SCAN_SOCKETS_MAX,
 * beyond which those not asked for of late give way.
 *
 * A process may hold a socket for a moment only: what was just forked holds all that its parent
 * has open, until it closes it or becomes another program. So what a young process has under the
 * same number as its parent is the parent's, and so it is while the child is the same program of
 * the same user: which one we come to first says nothing. Before a holder is named the descriptor
 * in which the socket was seen is looked at once more.
 */
#include "capture/proc_scan.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/clock.h"
#include "capture/privileged.h"
#include "capture/proc_scan_priv.h"
#include "core/xalloc.h"

#define SECOND UINT64_C(1000000000)
#define SOCKETS_WEIGHT 2           /* how often processes with sockets come, the others once */
#define LOOK_AGAIN (5 * SECOND)    /* a process' name may have changed */
#define LIST_IDLE (2 * SECOND)     /* how often /proc is listed when nothing is searched */
#define FORGET (60 * SECOND)       /* sockets not asked for */
#define NOBODYS (60 * SECOND)      /* a socket is, before it is searched again */
#define GLANCE_FDS 256             /* of a young process; those with more live longer */
#define YOUNG (2 * SECOND)         /* a process is looked at in each glance for so long */
#define GENERATIONS 4              /* of processes that were just forked */
#define CHECK_EACH 32              /* descriptors between looks at the clock */
#define WAITING 8                  /* a budget is time of the processor; so much of the wall at most */
#define NONE UINT32_MAX
#define INIT_PID_NS 0xEFFFFFFCU    /* PROC_PID_INIT_INO: the namespace that sees all */

struct socket {
	uint32_t inode;
	uint32_t next;
	int32_t pid;         /* 0 = not found yet */
	int fd;              /* the descriptor of the holder's in which it was seen */
	uint16_t owner;      /* the holder's record when it was seen */
	bool former;         /* the holder doesn't hold it any more */
	uint8_t in_vain;     /* searches that found nobody, one after another */
	uint64_t vain_ns;    /* when they were as many as is asked for */
	uint64_t since_ns;   /* since when it is searched */
	uint64_t asked_ns;   /* last asked for */
	uint64_t seen_ns;    /* begin of the look that saw it */
	uint64_t start_ns;   /* the holder's */
};

/* True if we are in the first pid namespace, where every process can be seen. */
static bool in_init_pid_ns(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == INIT_PID_NS;
}

struct ft_proc_scan *ft_proc_scan_new(struct ft_owners *owners)
{
	struct ft_proc_scan *scan = xcalloc(1, sizeof(*scan));

	scan->owners = owners;
	scan->boot_ns = ft_clock_read(CLOCK_REALTIME) - ft_clock_read(CLOCK_BOOTTIME);
	scan->init_pid_ns = in_init_pid_ns();
	memset(scan->buckets, 0xff, sizeof(scan->buckets)); /* NONE */
	return scan;
}

void ft_proc_scan_ask_names(struct ft_proc_scan *scan, struct ft_lookup *names,
			    struct ft_lookup *docker)
{
	scan->users.names = names;
	scan->users.docker = docker;
}

/* Ends a look. */
static void close_look(struct look *look)
{
	if (look->fds)
		closedir(look->fds);
	look->fds = NULL;
}

void ft_proc_scan_free(struct ft_proc_scan *scan)
{
	if (!scan)
		return;
	close_look(&scan->walk_look);
	free(scan->processes);
	free(scan->order);
	free(scan->sockets);
	ft_users_done(&scan->users);
	free(scan);
}

/* ---- sockets */

static uint32_t *chain_of(struct ft_proc_scan *scan, uint32_t inode)
{
	/* The kernel counts inodes up: no hash is needed to spread them. */
	return &scan->buckets[inode % BUCKETS];
}

static struct socket *find_socket(struct ft_proc_scan *scan, uint32_t inode)
{
	for (uint32_t i = *chain_of(scan, inode); i != NONE; i = scan->sockets[i].next) {
		if (scan->sockets[i].inode == inode)
			return &scan->sockets[i];
	}
	return NULL;
}

/* Forgets what nobody asked for within `age`, and packs the rest. */
static void forget(struct ft_proc_scan *scan, uint64_t age)
{
	size_t kept = 0;

	memset(scan->buckets, 0xff, sizeof(scan->buckets));
	for (size_t i = 0; i < scan->socket_count; i++) {
		struct socket *socket = &scan->sockets[kept];
		uint32_t *chain;

		if (scan->now_ns - scan->sockets[i].asked_ns > age)
			continue;
		*socket = scan->sockets[i];
		chain = chain_of(scan, socket->inode);
		socket->next = *chain;
		*chain = (uint32_t)kept++;
	}
	scan->socket_count = kept;
}

/* Adds one; NULL when there is no room. */
static struct socket *add_socket(struct ft_proc_scan *scan, uint32_t inode)
{
	struct socket *socket;
	uint32_t *chain;

	if (scan->socket_count >= FT_SCAN_SOCKETS_MAX) {
		scan->overflows++;
		return NULL;
	}
	if (scan->socket_count == scan->socket_space) {
		scan->socket_space = scan->socket_space ? scan->socket_space * 2 : 256;
		scan->sockets = xreallocarray(scan->sockets, scan->socket_space,
					      sizeof(scan->sockets[0]));
	}
	socket = &scan->sockets[scan->socket_count];
	memset(socket, 0, sizeof(*socket));
	socket->inode = inode;
	socket->asked_ns = socket->since_ns = scan->now_ns;
	chain = chain_of(scan, inode);
	socket->next = *chain;
	*chain = (uint32_t)scan->socket_count++;
	return socket;
}

/* ---- the walk */

/* How long it wasn't looked at, by which it has its place in the walk. Of those that were, all come
 * around before any comes too often, however many rounds that takes. */
static uint64_t age(const struct ft_proc_scan *scan, const struct process *process)
{
	if (process->scanned_ns == 0)
		return UINT64_MAX;
	return (scan->now_ns - process->scanned_ns) * (process->sockets ? SOCKETS_WEIGHT : 1);
}

static int compare_ages(const void *a, const void *b, void *arg)
{
	const struct ft_proc_scan *scan = arg;
	const struct process *left = &scan->processes[*(const uint32_t *)a];
	const struct process *right = &scan->processes[*(const uint32_t *)b];
	uint64_t l = age(scan, left), r = age(scan, right);

	if (l != r)
		return l > r ? -1 : 1;
	/* among new ones the youngest first */
	return left->pid > right->pid ? -1 : left->pid < right->pid;
}

/* Plans this round's walk. */
static void plan(struct ft_proc_scan *scan)
{
	if (scan->listed_ns != scan->now_ns && (scan->process_count == 0 ||
	    scan->now_ns - scan->listed_ns > 50 * scan->list_cost_ns))
		ft_proc_scan_list(scan);
	scan->order_count = scan->order_next = 0;
	scan->walked = false;
	for (size_t i = 0; i < scan->process_count; i++) {
		if (scan->processes[i].scanned_ns < scan->now_ns)
			scan->order[scan->order_count++] = (uint32_t)i;
	}
	if (scan->order_count > 1)
		qsort_r(scan->order, scan->order_count, sizeof(scan->order[0]), compare_ages,
			scan);
	scan->ordered = true;
}

/* Since when has every process been looked at? A walk may take many rounds, and who was looked at
 * in an earlier one needn't be again. */
static void note_complete(struct ft_proc_scan *scan)
{
	uint64_t since = scan->listing_ns;

	scan->denied = 0;
	for (size_t i = 0; i < scan->process_count; i++) {
		if (scan->processes[i].scanned_ns < since)
			since = scan->processes[i].scanned_ns;
		scan->denied += scan->processes[i].denied;
	}
	if (since > scan->complete_ns) /* one that is new takes back nothing */
		scan->complete_ns = since;
}

/* True if a process is no more than a copy of its parent, as far as can be told: it is young, or
 * the same program under the same user. (A server's child that took another user's rights holds its
 * connection in its own right, as sshd's does.) */
static bool is_copy(const struct ft_proc_scan *scan, const struct process *process,
		    const struct process *parent)
{
	const struct ft_process *copy = ft_owners_process(scan->owners, process->owner);
	const struct ft_process *original = ft_owners_process(scan->owners, parent->owner);

	if (process->born_ns && scan->now_ns - process->born_ns <= YOUNG)
		return true;
	return copy && original && copy->uid == original->uid && copy->exe[0] &&
	       strcmp(copy->exe, original->exe) == 0;
}

/* The one that a process has a socket from: its parent, or that one's, if it is a copy of it and
 * that holds the same under the same number; else itself. */
static struct process *first_holder(struct ft_proc_scan *scan, struct process *process, int fd,
				    uint32_t inode)
{
	for (int i = 0; i < GENERATIONS; i++) {
		const struct ft_process *record =
			ft_owners_process(scan->owners, process->owner);
		struct process *parent = record ? ft_proc_scan_find_process(scan, record->ppid) : NULL;
		uint32_t of_parent;

		if (!parent || ft_privileged_fd(parent->pid, fd, &of_parent) < 0 ||
		    of_parent != inode)
			break;
		ft_proc_scan_look_at(scan, parent, 0); /* it may be another program by now */
		if (!is_copy(scan, process, parent))
			break;
		process = parent;
	}
	return process;
}

/* True if it is known that the process has the socket there: most are, in most walks, and need no
 * look at what the process is. */
static bool is_held(const struct socket *socket, const struct process *process, int fd)
{
	return socket->pid == process->pid && socket->start_ns == process->start_ns &&
	       socket->fd == fd && !socket->former;
}

/* Notes that a process holds a socket. */
static void hold(struct ft_proc_scan *scan, struct look *look, struct process *process, int fd,
		 uint32_t inode)
{
	struct socket *socket = find_socket(scan, inode);
	const struct process *holder;

	look->sockets++;
	if (!socket)
		socket = add_socket(scan, inode);
	if (!socket)
		return;
	if (is_held(socket, process, fd)) {
		socket->seen_ns = look->begun_ns;
		ft_proc_scan_look_at(scan, process, FORGET);
		return;
	}
	/* Several may hold it (a listener's workers): the first one known keeps it while it can. */
	holder = socket->pid == process->pid ? NULL : ft_proc_scan_find_process(scan, socket->pid);
	if (holder && !socket->former && socket->seen_ns >= holder->scanned_ns)
		return;
	/* A socket that wasn't there may be of another program: exec keeps the pid. */
	ft_proc_scan_look_at(scan, process, 0);
	process = first_holder(scan, process, fd, inode);
	socket->seen_ns = look->begun_ns;
	socket->former = false;
	socket->fd = fd;
	socket->pid = process->pid;
	socket->owner = process->owner;
	socket->start_ns = process->start_ns;
}

/* Begins a look at a process; false if its descriptors cannot be read. */
static bool open_look(struct ft_proc_scan *scan, struct look *look, struct process *process)
{
	int ret = ft_privileged_open_fds(process->pid, &look->fds);

	/* Whatever keeps us from looking, but for its end: what it holds is not known then. */
	process->denied = ret < 0 && ret != -ENOENT && ret != -ESRCH;
	look->pid = process->pid;
	look->begun_ns = ft_clock_read(CLOCK_MONOTONIC);
	look->sockets = 0;
	if (ret == 0)
		return true;
	look->fds = NULL;
	process->scanned_ns = scan->now_ns;
	process->sockets = 0;
	return false;
}

/* Looks at up to CHECK_EACH descriptors; ends the look after the last one. */
static void go_on(struct ft_proc_scan *scan, struct look *look)
{
	struct process *process = ft_proc_scan_find_process(scan, look->pid);

	for (int i = 0; process && i < CHECK_EACH; i++) {
		uint32_t inode;
		int fd, ret = ft_privileged_next_fd(look->fds, &fd, &inode);

		if (ret <= 0) {
			process->denied |= ret < 0;
			process->scanned_ns = look->begun_ns;
			process->sockets = look->sockets;
			process = NULL;
		} else if (inode) {
			hold(scan, look, process, fd, inode);
		}
	}
	if (!process)
		close_look(look);
}

/* Begins with the next process of the walk; false at its end. */
static bool open_next(struct ft_proc_scan *scan)
{
	while (scan->order_next < scan->order_count) {
		uint32_t next = scan->order[scan->order_next++];

		if (open_look(scan, &scan->walk_look, &scan->processes[next]))
			return true;
	}
	scan->walked = true;
	return false;
}

void ft_proc_scan_begin(struct ft_proc_scan *scan, uint64_t now_ns, uint64_t budget_ns)
{
	scan->now_ns = now_ns;
	scan->left_ns = budget_ns;
	scan->ordered = false;
	if (scan->process_count > 0 && now_ns - scan->listed_ns >
	    LIST_IDLE + 50 * scan->list_cost_ns)
		ft_proc_scan_list(scan);
	if (scan->socket_count > FT_SCAN_SOCKETS_MAX / 2)
		forget(scan, FORGET);
	if (scan->socket_count > FT_SCAN_SOCKETS_MAX - FT_SCAN_SOCKETS_MAX / 8)
		forget(scan, FORGET / 30);
}

void ft_proc_scan_glance(struct ft_proc_scan *scan, uint64_t now_ns, uint64_t budget_ns)
{
	uint64_t deadline_ns = now_ns + budget_ns;
	struct look look = { .fds = NULL };

	scan->now_ns = now_ns;
	if (now_ns - scan->listed_ns > 50 * scan->list_cost_ns)
		ft_proc_scan_list(scan);
	for (size_t i = scan->process_count; i > 0; i--) {
		struct process *process = &scan->processes[i - 1];

		if (process->born_ns == 0 || now_ns - process->born_ns > YOUNG)
			continue;
		if (ft_clock_read(CLOCK_MONOTONIC) >= deadline_ns)
			break;
		if (!open_look(scan, &look, process))
			continue;
		for (int n = 0; look.fds && n < GLANCE_FDS; n += CHECK_EACH)
			go_on(scan, &look);
		close_look(&look);
	}
}

/* True while it isn't known who holds the socket. */
static bool is_searched(const struct socket *socket)
{
	return !socket->pid || socket->former;
}

/* Walks until the socket is found, the walk is at its end, or time is up. */
static void walk(struct ft_proc_scan *scan, uint32_t inode)
{
	uint64_t begun, begun_wall, spent = 0;
	const struct socket *socket;

	if (!scan->left_ns || (scan->ordered && scan->walked))
		return;
	begun = ft_clock_read(CLOCK_THREAD_CPUTIME_ID);
	begun_wall = ft_clock_read(CLOCK_MONOTONIC);
	if (!scan->ordered)
		plan(scan);
	do {
		if (!scan->walk_look.fds && !open_next(scan))
			break;
		go_on(scan, &scan->walk_look);
		spent = ft_clock_read(CLOCK_THREAD_CPUTIME_ID) - begun;
		socket = find_socket(scan, inode);
	} while (socket && is_searched(socket) && spent < scan->left_ns &&
		 ft_clock_read(CLOCK_MONOTONIC) - begun_wall < WAITING * scan->left_ns);
	scan->left_ns -= spent < scan->left_ns ? spent : scan->left_ns;
	note_complete(scan);
}

/* The holder's record as it is now; a new one if it was dropped or has changed. */
static uint16_t record_of(struct ft_proc_scan *scan, struct socket *socket)
{
	struct process *process = ft_proc_scan_find_process(scan, socket->pid);

	if (process && socket->start_ns == 0)
		socket->start_ns = process->start_ns; /* its record could not be read then */
	if (process && process->start_ns == socket->start_ns) {
		ft_proc_scan_look_at(scan, process, LOOK_AGAIN);
		if (process->start_ns == socket->start_ns)
			socket->owner = process->owner;
	}
	if (!ft_proc_scan_is_record(scan, socket->owner, socket->pid, socket->start_ns))
		return FT_OWNER_UNKNOWN;
	return socket->owner;
}

/* Notes if the holder doesn't hold it any more; where that cannot be told it does. */
static void check_holder(struct socket *socket)
{
	uint32_t inode;
	int ret = ft_privileged_fd(socket->pid, socket->fd, &inode);

	if (ret == -EACCES || (ret == 0 && inode == socket->inode))
		return;
	socket->former = true;
	socket->since_ns = ft_clock_read(CLOCK_MONOTONIC);
}

/* Walks on for a socket whose holder isn't known; the socket if there is one then. */
static struct socket *search(struct ft_proc_scan *scan, struct socket *socket, bool *ret_all)
{
	uint64_t since = socket->since_ns;
	uint32_t inode = socket->inode;

	socket->asked_ns = scan->now_ns;
	if (scan->complete_ns <= since) {
		walk(scan, inode);
		socket = find_socket(scan, inode); /* the array may have moved */
	}
	*ret_all = scan->complete_ns > since;
	return socket && !is_searched(socket) ? socket : NULL;
}

enum ft_holder ft_proc_scan_find(struct ft_proc_scan *scan, uint32_t inode, uint16_t *ret_owner)
{
	struct socket *socket = find_socket(scan, inode);
	bool all;

	if (!socket) {
		socket = add_socket(scan, inode);
		if (!socket)
			return FT_HOLDER_SEARCHING;
		socket->since_ns = ft_clock_read(CLOCK_MONOTONIC);
	}
	if (!socket->pid) {
		socket = search(scan, socket, &all);
		if (!socket)
			return all ? FT_HOLDER_NOBODY : FT_HOLDER_SEARCHING;
	}
	if (!socket->former)
		check_holder(socket);
	if (!socket->former)
		socket->asked_ns = scan->now_ns;
	*ret_owner = record_of(scan, socket);
	return socket->former ? FT_HOLDER_FORMER : FT_HOLDER_FOUND;
}

enum ft_holder ft_proc_scan_find_other(struct ft_proc_scan *scan, uint32_t inode,
				       uint16_t *ret_owner)
{
	struct socket *socket = find_socket(scan, inode);
	bool all;

	if (!socket || !socket->former)
		return ft_proc_scan_find(scan, inode, ret_owner);
	socket = search(scan, socket, &all);
	if (!socket)
		return all ? FT_HOLDER_NOBODY : FT_HOLDER_SEARCHING;
	*ret_owner = record_of(scan, socket);
	return FT_HOLDER_FOUND;
}

bool ft_proc_scan_was_in_vain(struct ft_proc_scan *scan, uint32_t inode, unsigned times)
{
	struct socket *socket = find_socket(scan, inode);

	if (!socket)
		return false;
	if (socket->in_vain >= times && scan->now_ns - socket->vain_ns <= NOBODYS)
		return true;
	socket->in_vain = socket->in_vain >= times ? 0 : (uint8_t)(socket->in_vain + 1);
	if (socket->in_vain >= times) {
		socket->vain_ns = scan->now_ns;
		return true;
	}
	socket->since_ns = ft_clock_read(CLOCK_MONOTONIC);
	return false;
}

uint64_t ft_proc_scan_boot_ns(const struct ft_proc_scan *scan)
{
	return scan->boot_ns;
}

bool ft_proc_scan_sees_all(struct ft_proc_scan *scan)
{
	const struct process *first = ft_proc_scan_find_process(scan, 1);

	return scan->init_pid_ns && first && first->scanned_ns > 0 && scan->denied == 0;
}

bool ft_proc_scan_lists_all(const struct ft_proc_scan *scan)
{
	return scan->init_pid_ns;
}

size_t ft_proc_scan_denied(const struct ft_proc_scan *scan)
{
	return scan->denied;
}

uint64_t ft_proc_scan_overflows(const struct ft_proc_scan *scan)
{
	return scan->overflows;
}
