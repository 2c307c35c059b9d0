/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collector thread: poll -> collect -> apply -> age -> snapshot -> publish. It alone owns
 * the backend, the links, the table and the owners. The screen talks to it by commands, it
 * answers with snapshots.
 */
#ifndef FT_CAPTURE_COLLECTOR_H
#define FT_CAPTURE_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/backend.h"
#include "capture/links.h"
#include "capture/mailbox.h"
#include "core/table.h"

/* One of the queues that get every snapshot. */
struct ft_collector_output {
	struct ft_queue *queue; /* borrowed */
	bool may_miss; /* when full it misses snapshots (counted); else the interval goes on */
};

struct ft_collector_config {
	uint64_t interval_ns;       /* -d */
	uint64_t intervals;         /* -c: stop after so many; 0 = until told; a file has one */
	struct ft_table_config table;
	const char *backend_name;   /* --backend */
	struct ft_backend_config backend;
	struct ft_mailbox *mailbox; /* the screen's; NULL in batch; borrowed */
	bool cost;                  /* measure what flowtop costs, from the start to the end */
	const struct ft_packet_way *packet_way; /* of single flows' packets; borrowed; NULL = none */
	const char *docker_socket;  /* --docker-socket; NULL: Docker is not asked; borrowed */
	double speed;               /* a file is played, so many times as fast; 0 = it is read */
	bool sockets;               /* list all sockets, always: outputs have them */
	bool whole_intervals;       /* none ends early for the screen: others get them, too */
	const struct ft_collector_output *outputs; /* copied; the queues are borrowed */
	size_t output_count;
	/* Called when all is open, before the thread is there; NULL: nothing. remark: "", or a
	 * sentence for the health line. */
	void (*opened)(void *arg, char *remark, size_t remark_size);
	/* Called by the thread itself before it does anything; NULL: nothing. */
	void (*begun)(void *arg, char *remark, size_t remark_size);
	void *opened_arg; /* of both */
};

struct ft_collector;
struct ft_packet_way;

/* Asks for a flow's packets, or no more of them; made by xcalloc, the collector's once taken. */
struct ft_packet_ask {
	bool stop;
	uint64_t flow; /* id */
	struct ft_flow_key key;
	char *path;    /* owned; the file that begins */
	int fd;        /* owned; -1 = none */
};
void ft_packet_ask_free(void *ask); /* NULL is fine; closes */

/*
 * Opens the backend and starts the thread (see thread.h for its signals). links is taken over,
 * also on failure; NULL with config->backend.file. Errors as ft_backend_choose. A first, empty
 * snapshot is published at once so that the screen has something to draw.
 */
int ft_collector_start(const struct ft_collector_config *config, struct ft_links *links,
		       struct ft_collector **ret_collector, char *err, size_t err_size);

/* Commands; they never wait, except as said. */
void ft_collector_set_interval(struct ft_collector *collector, uint64_t interval_ns);
/* From now on snapshots have a list of all sockets, or have none any more. The first one ends an
 * interval that has more than a second to go, so that the screen needn't wait for it; not with
 * whole_intervals. */
void ft_collector_want_sockets(struct ft_collector *collector, bool wanted);
/* From the next interval on snapshots say what flowtop itself costs, or don't any more. */
void ft_collector_want_cost(struct ft_collector *collector, bool wanted);
/* True: taken over. How it was answered the snapshots' taps tell. */
bool ft_collector_ask_packets(struct ft_collector *collector, struct ft_packet_ask *ask);
/* A file that is played stands still, or goes on. */
void ft_collector_hold(struct ft_collector *collector, bool held);
/* Ends the interval now (a snapshot follows). */
void ft_collector_kick(struct ft_collector *collector);
/* Counting off / on, waits until it is done (Ctrl-Z). */
void ft_collector_pause(struct ft_collector *collector, bool paused);

/*
 * Stops: detach, drain, last snapshot to mailbox and outputs, thread joined. Safe to call
 * twice. After it the mailbox holds the last snapshot.
 */
void ft_collector_stop(struct ft_collector *collector);
/* True once the thread has published its last snapshot (-c reached, file at its end and no
 * mailbox, stopped, or a fault; *ret_error is 0 or -errno with a sentence). A file that is read
 * for the screen is never done by itself: its last snapshot stays until the user quits. */
bool ft_collector_done(const struct ft_collector *collector, int *ret_error, char *err,
		       size_t err_size);
/* Readable once that is so, and from then on; owned by the collector. */
int ft_collector_fd(const struct ft_collector *collector);
void ft_collector_free(struct ft_collector *collector); /* stops first */

#endif
