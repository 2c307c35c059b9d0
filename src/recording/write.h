/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writing side's common parts. One struct, one transaction, and a file for each kind of rows:
 *
 *   write.c          the transaction, the file, its birth and death
 *   write_flows.c    hosts, processes, flows, counts, standing
 *   write_tcp.c      tcp, handshakes
 *   write_sockets.c  sockets
 *   write_events.c   events
 *   write_line.c     intervals, lines, health, pictures
 *   keep.c           what goes again
 *
 * Functions return 0, or -errno with the output's remark set.
 */
#ifndef FT_RECORDING_WRITE_H
#define FT_RECORDING_WRITE_H

#include <sqlite3.h>

#include "core/filter.h"
#include "core/snapshot.h"
#include "output/caller.h"
#include "recording/bind.h"
#include "recording/recording.h"
#include "recording/schema.h"

enum ft_recorder_statement {
	FT_BEGIN, FT_COMMIT, FT_INTERVAL, FT_LINE, FT_HEALTH, FT_HOST, FT_PROCESS, FT_FLOW, FT_END,
	FT_COUNT, FT_STANDING, FT_PICTURE, FT_HANDSHAKE, FT_TCP, FT_SOCKET, FT_EVENT,
	FT_RECORDER_STATEMENTS
};

#define FT_KEEPER_DELETIONS 11

/* A row of processes that is not written any more. */
struct ft_retired {
	int64_t row, interval; /* the last one that may refer to it */
};

struct ft_recorder_keeper {
	struct ft_recording_keep keep;
	sqlite3_stmt *deletion[FT_KEEPER_DELETIONS];
	uint64_t most_pages; /* of the file and its log; see keep.c */
	unsigned log_pages;  /* the log is emptied when it has so many */
	unsigned log_now, interval_pages; /* it has so many; the last intervals wrote so many */
	int64_t first;       /* the oldest interval that may be there */
	int64_t flows_from;  /* flows that ended before this one are not shown any more */
	struct ft_interval_end {
		int64_t id;
		uint64_t end_ns;
	} ends[256];         /* of the last intervals that went */
	size_t end_count;
	unsigned turn;
	bool behind;         /* intervals that are too old are left */
	unsigned changes;    /* rows that were written, or taken away, up to the last turn */
	unsigned hosts_turn; /* new hosts between two looks for old ones */
	struct ft_retired *retired;
	size_t retired_count, retired_room;
};

/* What an owner's id meant when it was last written. */
struct ft_known_owner {
	uint64_t print; /* of the record's contents; 0 = never written */
	int64_t row;
	int64_t seen;   /* interval in which the record was looked at */
};

/* What was last written of something, by a number of its contents. Bounded memories: two that
 * share a place are written more often than they need to be, and no more. */
struct ft_known_print {
	uint64_t id, print;
};

struct ft_known_socket; /* write_sockets.c */

struct ft_recorder {
	struct ft_output base;
	sqlite3 *db;
	sqlite3_stmt *statement[FT_RECORDER_STATEMENTS];
	struct ft_caller caller;
	const struct ft_filter *filter; /* borrowed; NULL = all pass */
	const struct ft_names *names;   /* borrowed */
	uint64_t generation;            /* of the last snapshot that was written */
	uint64_t gap_from, gap_to;      /* flows born in these generations may not be in the file */
	uint64_t lost;                  /* intervals that could not be written */
	int64_t interval;               /* number of the one in work */
	unsigned whole;                 /* of the one in work: FT_WHOLE_* */
	uint64_t whole_ns;              /* end of the last one whose flows are whole; 0 = none */
	int64_t whole_interval;         /* and its number */
	uint64_t rows_since;            /* rows of flows since then */
	int64_t processes;              /* rows that there are */
	struct ft_known_owner *owners;  /* FT_RECORDER_OWNERS */
	uint8_t (*hosts)[16];           /* FT_RECORDER_HOSTS, by hash */
	unsigned hosts_written;         /* since it was looked which are left */
	struct ft_known_print *samples; /* FT_RECORDER_SAMPLES, by flow and end */
	uint64_t *shakes;               /* FT_RECORDER_SAMPLES: flows whose handshake is written */
	struct ft_known_socket *sockets;
	size_t socket_count, socket_room;
	size_t socket_turn;             /* where the next list begins to be written */
	size_t sockets_since;           /* rows of sockets since all were written */
	uint64_t sockets_ns;            /* of the last list */
	uint64_t event;                 /* id of the last event that is in the file */
	struct ft_hidden hidden;
	struct ft_recorder_keeper keeper;
};

#define FT_RECORDER_HOSTS 65536U
#define FT_RECORDER_OWNERS 65536U
#define FT_RECORDER_SAMPLES 131072U

static inline struct ft_binder ft_recorder_begin(struct ft_recorder *self,
						 enum ft_recorder_statement which)
{
	return (struct ft_binder){ .statement = self->statement[which] };
}

/* Runs it. */
int ft_recorder_run(struct ft_recorder *self, const struct ft_binder *bound);

/* ---- write_flows.c */

/* The row of an owner, written if its record is new. */
int ft_recorder_owner(struct ft_recorder *self, const struct ft_snapshot *snapshot, uint16_t owner,
		      int64_t *ret_row);
/* A host, unless it is known to be there. */
int ft_recorder_host(struct ft_recorder *self, const uint8_t addr[16], const char *text);
/* All rows of flows, with what is TCP's. */
int ft_recorder_flows(struct ft_recorder *self, const struct ft_snapshot *snapshot);

/* ---- the others */

/* What the sockets of a flow say, if it is news (or the interval is whole), and its handshake. */
int ft_recorder_tcp(struct ft_recorder *self, const struct ft_snapshot *snapshot,
		    const struct ft_flow_hot *row);
/* A number of a sample's contents, without what grows by itself. */
uint64_t ft_sample_print(const struct ft_health *health);
/* Its words and numbers, as the tables have them; common: only those that all sockets have. */
void ft_bind_sample(struct ft_binder *to, const struct ft_health *health, const char *state,
		    bool common);
int ft_recorder_sockets(struct ft_recorder *self, const struct ft_snapshot *snapshot);
void ft_recorder_forget_sockets(struct ft_recorder *self);
int ft_recorder_events(struct ft_recorder *self, const struct ft_snapshot *snapshot);
/* Intervals, lines, health, pictures. */
int ft_recorder_line(struct ft_recorder *self, const struct ft_snapshot *snapshot);

/* What is known of hosts is not so any more. */
void ft_recorder_forget_hosts(struct ft_recorder *self);

/* ---- keep.c */

/* With the open database. */
void ft_recorder_keep_begin(struct ft_recorder *self);
void ft_recorder_keep_end(struct ft_recorder *self);
/* Nobody will refer to this row of processes from the next interval on. */
void ft_recorder_retire(struct ft_recorder *self, int64_t row);
/* Inside the transaction of an interval: takes away what is too old or too much. */
int ft_recorder_keep(struct ft_recorder *self, uint64_t end_ns);

#endif
