/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the collector: collector.c is what other threads see of it, collector_loop.c the
 * thread and its schedule, collector_take.c what becomes of a batch, collector_packets.c what of
 * packets that are written to files, collector_picture.c what a snapshot is told beside the
 * table's own, collector_scopes.c scopes that come and go. Nobody else includes this.
 */
#ifndef FT_CAPTURE_COLLECTOR_PRIV_H
#define FT_CAPTURE_COLLECTOR_PRIV_H

#include <pthread.h>

#include "capture/collector.h"
#include "capture/pace.h"
#include "capture/conntrack.h"
#include "capture/event_source.h"
#include "capture/cost_meter.h"
#include "capture/notes.h"
#include "capture/socket_list.h"
#include "capture/socket_closes.h"
#include "capture/socket_source.h"
#include "capture/owner_source.h"
#include "core/snapshot.h"

#define SECOND UINT64_C(1000000000)
#define FOR_A_MINUTE (60 * SECOND) /* how long a note is news */
#define FOR_A_WHILE (10 * SECOND)
#define NEVER (UINT64_MAX / 4) /* a time-out that adding a time to does not wrap */

/* An interface that is or was watched, and what its own counters said when it was first seen. */
struct picture_iface {
	struct ft_snapshot_iface iface; /* interval and total stay zero: they are the table's */
	uint64_t base_drops_rx, base_drops_tx, base_qdisc_drops;
	uint64_t gone_ns; /* CLOCK_MONOTONIC of its vanishing */
};

/* What the collector tells a snapshot. Thread's own. */
struct picture {
	struct picture_iface *ifaces; /* owned */
	size_t iface_count;
	struct ft_snapshot_iface *iface_row; /* owned; handed out */
	struct ft_snapshot_scope *scopes;    /* owned; handed out */
	size_t scope_count;
};

/* A scope whose interface is gone. */
struct scope_end {
	uint64_t gone; /* in which interval, from 1; 0 = it is there, or nobody has the number */
	bool clearing; /* its flows leave the table, so that the number gets free */
};

/*
 * What other threads ask for, under `lock`: wishes, not messages. Asking twice before the
 * thread looks leaves the newer wish, so that nothing can overflow and nobody waits.
 */
struct wishes {
	uint64_t interval_ns; /* 0 = no wish */
	bool kick, stop, paused, held, sockets, cost;
};

/* A flow whose packets are written. */
struct ft_collector_tap {
	uint64_t flow; /* id */
	struct ft_flow_key key;
	struct ft_backend *backend;    /* owned; NULL = no tap */
	struct ft_packet_store *store; /* owned */
	uint64_t ended_mono;           /* when its flow was first seen to be over */
	bool stopping;
};

struct ft_collector {
	/* constant once the thread runs */
	struct ft_collector_config config;
	struct ft_collector_output *outputs; /* owned; config.outputs points here */
	char reason[FT_REASON_MAX];
	bool is_file;
	uint64_t start_ns; /* CLOCK_REALTIME */
	pthread_t thread;
	int wish_fd, done_fd;
	struct ft_queue *asks; /* of struct ft_packet_ask */

	/* shared, under lock */
	pthread_mutex_t lock;
	pthread_cond_t answered; /* pause_answer or done changed */
	struct wishes wishes;
	bool pause_answer;
	bool done;
	int error;
	char err[FT_REASON_MAX];

	/* the caller's of ft_collector_stop */
	bool joined;

	/* the thread's own */
	struct ft_backend *backend;
	struct ft_links *links; /* NULL: a file */
	struct ft_owners *owners;
	struct ft_table *table;
	struct ft_owner_source *owner_source; /* NULL: a file */
	struct ft_socket_source *socket_source; /* NULL: a file */
	struct ft_event_source *event_source; /* NULL: events are derived from packets */
	char unseen[FT_REASON_MAX];   /* what events can't be seen, and why */
	struct ft_conntrack *conntrack; /* NULL: a file */
	uint64_t nats_refused;        /* as last said */
	const char *sampler;          /* how the backend looks at sockets; NULL: it doesn't */
	struct ft_socket_closes *socket_closes; /* NULL: a file, or nobody tells */
	char health_source[64];       /* all of these, for the user */
	struct ft_socket_lister *lister; /* NULL: a file */
	bool list_sockets;            /* somebody wants to see them all */
	bool list_hasty;              /* and waits for the first list */
	struct ft_collector_tap taps[FT_TAPS_MAX];
	uint64_t packet_files, packets_asked;
	struct ft_cost_meter *cost_meter;
	struct ft_notes notes;
	struct picture picture;
	struct scope_end scope_ends[FT_MAX_SCOPES];
	bool rewatch;                 /* what is there and what is watched may differ: try again */
	struct ft_addr_set addresses; /* as told to the table; nets owned */
	bool old_addresses;           /* some of them are gone already */

	int timer_fd;
	uint64_t interval_ns;
	uint64_t interval_mono; /* begin of the interval: of the last snapshot's batch */
	uint64_t due_mono;      /* schedule: the interval ends then */
	uint64_t beat_mono;     /* schedule: owners are looked for then */
	uint64_t list_mono;     /* schedule: the list of sockets goes on */
	uint64_t glance_mono;   /* schedule: a quick look for sockets that won't live that long */
	uint64_t batch_mono, batch_end_ns; /* of the last batch */
	uint64_t file_first_ns; /* of a file: its first packet, 0 = none yet */
	struct ft_pace pace;    /* of a file that is played: its clock */
	uint64_t due_file;      /* by that clock: the interval ends then; 0 = not begun */
	struct ft_store_health store; /* over the interval */
	uint64_t published;     /* intervals ended */
	uint64_t lengthened;
	uint64_t lengthened_since; /* CLOCK_MONOTONIC; 0 = this interval isn't */
	uint64_t missed;        /* snapshots that outputs did not get */
	uint64_t not_watched_ns, paused_mono;
	bool paused, gap;       /* gap: counting really is off */
	bool stopping, at_end;
	unsigned failures;      /* of the backend, in a row */
	int fault;              /* 0 or -errno that ends it */
	char fault_text[FT_REASON_MAX];
};

/* CLOCK_MONOTONIC and CLOCK_REALTIME, nanoseconds. */
uint64_t ft_collector_mono(void);
uint64_t ft_collector_real(void);

/* ---- collector_loop.c */

void *ft_collector_run(void *collector); /* the thread */
/* Does what other threads asked for since the last look. */
void ft_collector_on_wishes(struct ft_collector *c);
/* Lets the backend do what is due; collects when its store is half full. */
void ft_collector_dispatch(struct ft_collector *c);
/* Ends the interval early, so that packets that are kept can be written; false: it goes on. */
bool ft_collector_cut(struct ft_collector *c);

/* ---- collector_file.c */

/* Reads a part of a file, or waits for what is played next. */
void ft_collector_file_round(struct ft_collector *c);
/* What is played stops here: the last interval ends now. */
void ft_collector_file_stop(struct ft_collector *c);

/* ---- collector_take.c */

/* Ends the thread's work with an error; the first one is told. */
void ft_collector_fault(struct ft_collector *c, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Tells who started us how far it is (config.opened, .begun); what that says of it is a note. */
void ft_collector_tell(struct ft_collector *c, void (*whom)(void *arg, char *remark, size_t size));
/* A backend's call failed: said on the health line, a fault if it goes on. */
void ft_collector_backend_failed(struct ft_collector *c, int error, const char *what);
/* Ends the backend's period and puts what it counted into the table; 0 or -errno. */
int ft_collector_collect(struct ft_collector *c);
/* Puts a batch into the table. */
void ft_collector_absorb(struct ft_collector *c, const struct ft_batch *batch);
/* Looks for owners of flows that have none, for a bounded time. */
void ft_collector_find_owners(struct ft_collector *c);
/* Asks what is translated. */
void ft_collector_find_nats(struct ft_collector *c);
/* Asks about sockets, where the backend doesn't sample them. */
void ft_collector_ask_sockets(struct ft_collector *c);
/* For the lister; arg is the collector. */
void ft_collector_complete_socket(void *arg, struct ft_socket *socket);
/* Begins the list of all sockets if it is wanted, and goes on with it for a bounded time; true: it
 * is whole. At the end what can be had in a while is the list. */
bool ft_collector_list_sockets(struct ft_collector *c);
void ft_collector_last_sockets(struct ft_collector *c);
/* Tells the table which addresses are ours, if that changed. */
void ft_collector_set_addresses(struct ft_collector *c);
/* The picture before anything was counted: only for the screen. */
void ft_collector_first_picture(struct ft_collector *c);
/* Makes the picture of this moment. */
struct ft_snapshot *ft_collector_take_picture(struct ft_collector *c, bool last);
/* Hands a picture to the outputs, then to the screen. The last one always finds a place. */
void ft_collector_publish(struct ft_collector *c, struct ft_snapshot *snapshot, bool last);
/* True if an output that may miss nothing is so far behind that the interval has to go on. With
 * a screen not for ever: its user is to see what goes on. */
bool ft_collector_must_wait(struct ft_collector *c);
/* Ends the interval, unless outputs are so far behind that it has to go on. */
void ft_collector_end_interval(struct ft_collector *c);
/* The same before its time: it is none of those that are counted. False: it goes on. */
bool ft_collector_cut_interval(struct ft_collector *c);

/* ---- collector_packets.c */

/* What other threads asked for; true if they did. */
bool ft_collector_answer_packets(struct ft_collector *c);
/* Interfaces changed; counting goes off or on. */
void ft_collector_watch_taps(struct ft_collector *c);
void ft_collector_pause_taps(struct ft_collector *c, bool paused);
/* Empties the taps' rings. True: there is so much that the interval should end. */
bool ft_collector_read_taps(struct ft_collector *c);
/* Hands packets on; before the snapshot that goes with them. */
void ft_collector_flush_packets(struct ft_collector *c, const struct ft_snapshot *snapshot,
				bool last);
void ft_collector_list_taps(const struct ft_collector *c, struct ft_snapshot_taps *ret_taps);
void ft_collector_free_taps(struct ft_collector *c);
/* A filter that lets at least these packets through, with the user's own (NULL = none); caller
 * frees. */
char *ft_packet_ask_filter(const struct ft_flow_key *key, bool ethernet, const char *user);

/* ---- collector_scopes.c */

/* Says which scopes came and went, and ends the flows of those that went. */
void ft_scopes_compare(struct ft_collector *c);
/* After an interval: sees to it that numbers are free for scopes that may come. */
void ft_scopes_settle(struct ft_collector *c);

/* ---- collector_picture.c */

/* Builds scopes and interfaces anew from links, after each change; notes what came and went. */
void ft_picture_refresh(struct ft_collector *collector);
/* A file has no links: its one interface. */
void ft_picture_of_file(struct ft_collector *collector, const struct ft_batch *batch);
/* Reads statistics and remarks and fills info; what it points to lasts until the next call. */
void ft_picture_info(struct ft_collector *collector, const char *notes[FT_NOTES_MAX],
		     struct ft_snapshot_info *ret_info);
void ft_picture_done(struct picture *picture);

#endif
