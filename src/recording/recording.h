/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recordings: what the snapshots of a run said, in an SQLite file. One side writes (an output
 * as others, on its writer's thread), the other reads moments back (player.c, on a thread of its
 * own, which stands where the collector stands in a live run).
 *
 *   intervals  one row an interval: when, how long, the line that adds up
 *   lines      its terms, for each interface, in this interval and since start
 *   health     one row an interval: backend, losses, notes
 *   flows      one row a flow: its ends, what never changes
 *   counts     one row a flow and interval that it counted in or ended in; totals too, so that
 *              an interval that could not be written leaves a gap and no error
 *   hosts      addresses with their names; processes: owners of flows
 *   tcp        one row a flow, end and interval in which the sample of its socket changed
 *   handshakes of flows: how long they took
 *   sockets    one row a socket of this machine and interval in which it changed or went
 *   events     what happened to connections
 *   standing   now and then what all flows stand at, so that reading a moment begins there
 *   pictures   one row an interval: which are such, when sockets were listed, events counted
 *
 * Addresses are text as inet_ntop writes them, IPv6 as IPv6; hosts has their 16 bytes too (IPv4
 * mapped), which sort. Bytes from outside (names of processes) are BLOBs where they are no valid
 * UTF-8. Times are nanoseconds since 1970 UTC. The layout is versioned by user_version.
 *
 * Built without SQLite, recording_none.c has the same symbols and says so.
 */
#ifndef FT_RECORDING_RECORDING_H
#define FT_RECORDING_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/output.h"
#include "recording/source.h"

/* -w FILE. config->target names the file: made anew (-EEXIST), 0600, the calling user's. */
extern const struct ft_output_ops ft_output_recording;

/* "7d,2G": an age, a size, or both, as --keep takes them. 0 = without bound. */
struct ft_recording_keep {
	uint64_t age_ns, bytes;
};
int ft_recording_parse_keep(const char *text, struct ft_recording_keep *ret_keep);

/* True if the file begins as an SQLite file does. */
bool ft_recording_is(const char *path);

/* "SQLite 3.40.1", for -V; NULL if built without. */
const char *ft_recording_library(void);

/* ---- reading */

/* The arg is a struct ft_recording. */
extern const struct ft_source_ops ft_source_recording;

struct ft_recording;
struct ft_snapshot;

/* Opens for reading and checks the layout. -errno + sentence (-EBADMSG: it is none of ours). */
int ft_recording_open(const char *path, struct ft_recording **ret_recording, char *err,
		      size_t err_size);
void ft_recording_close(struct ft_recording *recording); /* NULL is fine */
/* "router1"; borrowed. */
const char *ft_recording_observer(const struct ft_recording *recording);
/* Looks again how far it goes: it may still be written to. How many intervals there are. */
size_t ft_recording_refresh(struct ft_recording *recording);
/* When an interval of it ended (i < count). */
uint64_t ft_recording_time(const struct ft_recording *recording, size_t i);
/* The interval that the moment lies in: the first that ended then or later, else the last. */
size_t ft_recording_find(const struct ft_recording *recording, uint64_t time_ns);
/* The picture of an interval's end, as the live screen showed it; one reference, the caller's.
 * -errno + sentence. */
int ft_recording_moment(struct ft_recording *recording, size_t i, struct ft_snapshot **ret_snapshot,
			char *err, size_t err_size);
/* Two of them, for a difference: totals of processes differ by all that was counted in between, also
 * by flows that are in neither. */
int ft_recording_moments(struct ft_recording *recording, size_t earlier, size_t later,
			 struct ft_snapshot *ret_snapshots[2], char *err, size_t err_size);

#endif
