/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the owner programs tell user space: which process a socket belongs to.
 *
 *   ft_owner_sk      storage of each socket: who created it or used it last, and how many bytes
 *                    were written to it and read from it; an accepted
 *                    connection inherits its listener's before its first packet (CLONE)
 *   ft_owner_ring    news for user space, without a wake-up but when it is half full; what does
 *                    not fit is not marked as told, so that the next call on the socket tells it
 *                    again
 *   ft_owner_known   processes that user space was told of, those too that held sockets before it
 *                    came; their exec, new name and exit are news
 *   ft_owner_reader  whether user space sleeps: then a new process wakes it, because /proc has more
 *                    of it for as long as it lives. Who reads the ring several times a second is
 *                    never woken. And whether there is anything new to read of open sockets, and
 *                    how many news of processes were lost
 *
 * A process is its thread group's id in the first pid namespace and the time at which it
 * started, in nanoseconds since boot, suspend included (/proc/PID/stat has it in ticks).
 * Same rules as bpf/flow_abi.h.
 */
#ifndef FT_OWNER_ABI_H
#define FT_OWNER_ABI_H

#include <linux/types.h>

/* How a socket's owner became known. Records of user space tell it as owner_how. */
enum ft_owner_how {
	FT_HOW_CREATED = 1, /* it made the socket */
	FT_HOW_USED,        /* it sent or received on it */
	FT_HOW_HELD,        /* it had it open when flowtop started */
	FT_HOW_INHERITED,   /* a connection that its listener accepted */
	FT_HOW_KERNEL,      /* a kernel thread uses it */
};

/* A socket's storage. cookie != the socket's own: inherited, not told yet. */
struct ft_owner_sk {
	__u64 cookie;
	__u64 start_ns; /* 0: nobody's (a kernel thread's) */
	__u32 tgid;
	__u32 how;  /* enum ft_owner_how; 0: nothing is known yet */
	__u32 tick; /* jiffies: begin of a while in which changes are counted */
	__u32 changes;
	__u64 sent, received; /* bytes that programs wrote and read, since both are there */
	__u64 told;           /* their sum when it was told last */
};

enum ft_owner_type {
	FT_OWNER_SOCKET = 1,
	FT_OWNER_PROCESS, /* new, or anew after exec or a new name */
	FT_OWNER_EXIT,
	FT_OWNER_CGROUP,
	FT_OWNER_BYTES,
};

/* What each record begins with. */
struct ft_owner_head {
	__u32 type;
	__u32 tgid;
	__u64 start_ns;
};

struct ft_owner_socket {
	struct ft_owner_head head;
	__u64 cookie;
	__u32 how;
	__u32 zero;
};

/* What programs wrote to a socket and read from it: by the ring when it is closed, by an iterator
 * while it is open. */
struct ft_owner_bytes {
	struct ft_owner_head head; /* tgid, start_ns: zero */
	__u64 cookie;
	__u64 sent, received;
};

#define FT_OWNER_COMM 16
#define FT_OWNER_EXE 64   /* the last part of the path; the rest is in /proc while it lives */
#define FT_OWNER_ARGS 256 /* of the command line, words ended by zero bytes */
struct ft_owner_process {
	struct ft_owner_head head;
	__u64 cgroup_id; /* inode of its directory in the v2 tree */
	__u32 ppid;
	__u32 uid;       /* effective */
	__u32 gid;
	__u32 args_length;
	__u32 netns;     /* inode of its network namespace */
	__u32 lost;      /* what the reader's was then */
	char comm[FT_OWNER_COMM]; /* the leader's, not the thread's */
	char exe[FT_OWNER_EXE];
	char args[FT_OWNER_ARGS];
};

struct ft_owner_exit {
	struct ft_owner_head head;
	__u64 exit_ns; /* like start_ns */
};

/* A cgroup that was made while flowtop watches: it may be gone before anybody asks for it. */
#define FT_OWNER_PATH 256
struct ft_owner_cgroup {
	struct ft_owner_head head; /* tgid, start_ns: zero */
	__u64 id;
	char path[FT_OWNER_PATH];
};

/* Written by both sides. */
struct ft_owner_reader {
	__u32 dozes; /* it reads no news until its descriptor is readable */
	__u32 moved; /* some socket's bytes have changed since it began to read them */
	__u32 lost;  /* news of processes that found no room, so far: what is known of any of them may be
		      * out of date, unless it was told since */
};

#define FT_OWNER_RING_BYTES (1U << 20)
#define FT_OWNER_KNOWN_MAX 16384

_Static_assert(sizeof(struct ft_owner_sk) == 56, "storage is 56 bytes");
_Static_assert(sizeof(struct ft_owner_socket) == 32, "socket records are 32 bytes");
_Static_assert(sizeof(struct ft_owner_process) == 384, "process records are 384 bytes");

#endif
