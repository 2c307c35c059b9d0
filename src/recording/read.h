/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reading side's common parts. A moment is put together from what each file here reads:
 *
 *   read.c          opening, intervals, the picture as a whole; owners
 *   read_flows.c    flows: counts, standing, cold records
 *   read_tcp.c      what flows' sockets said
 *   read_sockets.c  the list of all sockets
 *   read_events.c   what happened
 *   read_line.c     interfaces, the line, health
 *   read_past.c     two moments, and what was counted between them
 *
 * Each kind that changes by rows (flows, samples, sockets, events) has a state that stands at an
 * interval. A later moment is reached by reading the rows between; for others reading begins
 * anew, with the last interval of which all rows were written (pictures.whole).
 *
 * Nothing in the file is believed: numbers are cut to their ranges, texts are bounded, how much
 * of each kind there can be is bounded.
 */
#ifndef FT_RECORDING_READ_H
#define FT_RECORDING_READ_H

#include <net/if.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"
#include "core/hash.h"
#include "core/owner.h"
#include "core/snapshot_own.h"
#include "core/socket.h"
#include "recording/recording.h"
#include "recording/schema.h"

#define FT_READ_LOOK_BACK_NS (620 * UINT64_C(1000000000)) /* the longest that a live flow is silent */
#define FT_READ_FLOWS_MAX (1U << 20)
#define FT_READ_TEXT_MAX 65536

enum ft_read_query {
	FT_Q_INTERVALS, FT_Q_COUNTS, FT_Q_STANDING, FT_Q_FLOW, FT_Q_PROCESS, FT_Q_LINES,
	FT_Q_HEALTH, FT_Q_INTERVAL, FT_Q_PICTURES, FT_Q_PICTURE, FT_Q_TCP, FT_Q_HANDSHAKE,
	FT_Q_SOCKETS, FT_Q_EVENTS, FT_Q_COUNTED, FT_READ_QUERIES
};

struct ft_read_interval {
	int64_t id;
	uint64_t end_ns, interval_ns;
	unsigned whole; /* FT_WHOLE_* */
};

/* ---- by id: open addressing, for whatever has rows */

struct ft_read_index {
	uint32_t *place; /* 1 + place in an array; 0 = free */
	size_t size;     /* a power of two, at most half full */
	struct ft_seed seed; /* who made the file chose the ids */
};

/* A flow in the making. Sides: [0] local, [1] remote. */
struct ft_read_work {
	int64_t id;
	size_t at;              /* interval of its newest row */
	size_t counted_at;      /* interval that delta is of */
	size_t ended_at;        /* that it ended in, if it has */
	size_t row;             /* 1 + its row in the snapshot that was filled last */
	struct ft_flow_hot hot; /* sides instead of ends */
	struct ft_counts delta[2];
	size_t rated_at;                /* interval that `rate` stands at, with the rates of ... */
	size_t base_at;                 /* ... a whole one (if has_base), and what came since */
	bool has_base;
	float base[FT_WINDOWS][4];
	double rate[FT_WINDOWS][4]; /* bytes tx, rx; packets tx, rx */
	int64_t process[2];
	struct ft_flow flow;    /* once it was read */
	uint8_t marks;          /* FT_ENTRY_EXTRA_* of it */
	uint8_t known;          /* 0 not read, 1 read, 2 there is no such flow */
	uint32_t shake_us[2];   /* to the answer, to the ACK */
	bool shaken;            /* nothing more is to come */
};

struct ft_read_flows {
	struct ft_read_work *work;
	size_t count, room;
	struct ft_read_index index;
	bool full;  /* more than FT_READ_FLOWS_MAX */
	bool valid; /* it stands at `at` */
	size_t at;
};

/* The newest sample of a flow's end. */
struct ft_read_sample {
	uint64_t id;             /* of the flow * 2 + side */
	struct ft_health health; /* tick: CLOCK_REALTIME */
};

struct ft_read_samples {
	struct ft_read_sample *sample;
	size_t count, room;
	struct ft_read_index index;
	bool valid;
	size_t at;
};

struct ft_read_sockets {
	struct ft_socket_row {
		struct ft_socket socket;
		uint8_t tcp; /* as in the table */
		bool gone;
	} *row;
	size_t count, room;
	struct ft_read_index index;
	bool valid, whole; /* whole: nothing is missing from before */
	size_t at;
};

struct ft_read_events {
	struct ft_events *ring;
	bool valid;
	size_t at;
	uint64_t last; /* id of the newest in the ring */
};

struct ft_recording {
	sqlite3 *db;
	sqlite3_stmt *query[FT_READ_QUERIES]; /* NULL: its table is not there yet */
	char *observer;
	struct ft_read_interval *intervals;
	size_t count, room;
	struct ft_owners *owners;
	uint16_t *owner_of; /* by row of processes; 0 = not looked up */
	size_t owner_room;
	char scopes[FT_MAX_SCOPES][IFNAMSIZ];
	size_t scope_count;
	struct ft_read_flows flows;
	struct ft_read_samples samples;
	struct ft_read_sockets sockets;
	struct ft_read_events events;
};

/* ---- read.c: columns, words, places */

uint64_t ft_read_u64(sqlite3_stmt *row, int column); /* negative ones as 0 */
/* A number up to `max`, larger ones as 0. */
uint32_t ft_read_up_to(sqlite3_stmt *row, int column, uint32_t max);
/* A text of bounded length; "" if there is none. What it returns lasts until the next step. */
const char *ft_read_text(sqlite3_stmt *row, int column);
/* Three columns. */
struct ft_counts ft_read_counts(sqlite3_stmt *row, int column);
/* An address; false if it is none. */
bool ft_read_address(sqlite3_stmt *row, int column, uint8_t ret_addr[16]);
/* The number of an interface's name; names beyond the bound share the last. */
uint16_t ft_read_scope(struct ft_recording *r, const char *name);
/* The owner's id of a row of processes. */
uint16_t ft_read_owner(struct ft_recording *r, int64_t row);
/* Where an interval's id is; count if it isn't there. */
size_t ft_read_place(const struct ft_recording *r, int64_t id);
/* The last interval up to `now` of which all rows of a kind were written; count if there is none. */
size_t ft_read_whole(const struct ft_recording *r, size_t now, unsigned kind);
/* Where reading for `now` begins, given what state there is: its interval's place; count:
 * anew at *ret_base, which is whole if *ret_whole. */
bool ft_read_goes_on(const struct ft_recording *r, size_t now, unsigned kind, bool valid, size_t at,
		     size_t *ret_from, bool *ret_whole);
/* The place of an id (ids by `id_of`), or where a new one goes. */
uint32_t *ft_read_find(struct ft_read_index *index, uint64_t id,
		       uint64_t (*id_of)(const void *array, size_t i), const void *array);
/* Makes room for one more of `count`. */
void ft_read_make_room(struct ft_read_index *index, size_t count,
		       uint64_t (*id_of)(const void *array, size_t i), const void *array);

/* ---- the kinds; 0 or -errno + sentence */

int ft_read_flows(struct ft_recording *r, size_t now, char *err, size_t err_size);
/* How many rows at most they are; into room for so many. */
void ft_fill_flows(struct ft_recording *r, size_t now, struct ft_snapshot *snapshot,
		   const struct ft_snapshot_room *room);
void ft_read_flows_done(struct ft_recording *r);

int ft_read_samples(struct ft_recording *r, size_t now, char *err, size_t err_size);
/* After the flows; handshake_of tells of a row what its flow's took. */
void ft_fill_tcp(struct ft_recording *r, struct ft_snapshot *snapshot);
/* A sample's columns, from the cookie on. */
void ft_read_sample(sqlite3_stmt *row, int column, struct ft_health *health);
const struct ft_health *ft_read_find_sample(struct ft_recording *r, uint64_t flow, unsigned side);
void ft_read_samples_done(struct ft_recording *r);

int ft_read_sockets(struct ft_recording *r, size_t now, char *err, size_t err_size);
void ft_fill_sockets(struct ft_recording *r, size_t now, struct ft_snapshot *snapshot);
void ft_read_sockets_done(struct ft_recording *r);

int ft_read_events(struct ft_recording *r, size_t now, char *err, size_t err_size);
void ft_fill_events(struct ft_recording *r, size_t now, struct ft_snapshot *snapshot);
void ft_read_events_done(struct ft_recording *r);

/* Scopes with their lines, the sums, health. */
void ft_fill_line(struct ft_recording *r, size_t now, bool cut, struct ft_snapshot *snapshot);

#endif
