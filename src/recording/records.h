/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our own records read back: what -o json and ndjson wrote, by key w (one moment, all of its flows)
 * or by batch (every interval, the flows that counted something in it). The moments that they tell
 * become snapshots again, as those of a recording do.
 *
 * Flow and summary records are read; the other lists are made of the flows again. What records do
 * not hold, a moment does not have: sockets, events, TCP's health, what processes counted in flows
 * that had left. Rates are reckoned from the intervals that are in the file; a flow that began before
 * them is taken to have had the rate of its first one.
 *
 * The whole file is read at once, when it is opened. Nothing in it is believed: how large a record
 * may be, how deep, how many records, moments, flows and processes there are is bounded, numbers
 * and words are checked.
 *
 * Built without json-c, records_none.c has the symbols of the reading half and says so.
 */
#ifndef FT_RECORDING_RECORDS_H
#define FT_RECORDING_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recording/source.h"

struct ft_records;

/* True if the file begins as json and ndjson do. */
bool ft_records_is(const char *path);
/* -errno + sentence (-EBADMSG: it holds nothing that we could show). */
int ft_records_open(const char *path, struct ft_records **ret_records, char *err, size_t err_size);
void ft_records_close(struct ft_records *records); /* NULL is fine */

/* "router1"; borrowed. */
const char *ft_records_observer(const struct ft_records *records);
size_t ft_records_count(const struct ft_records *records);
uint64_t ft_records_time(const struct ft_records *records, size_t i);
/* The picture at the end of a moment (i < count); one reference, the caller's. */
struct ft_snapshot *ft_records_moment(struct ft_records *records, size_t i);
/* The arg is a struct ft_records. */
extern const struct ft_source_ops ft_source_records;

/* The same, from memory: pieces of any size, then the end. -EBADMSG + sentence. */
struct ft_records *ft_records_new(void);
int ft_records_feed(struct ft_records *records, const char *data, size_t size, char *err,
		    size_t err_size);
int ft_records_end(struct ft_records *records, char *err, size_t err_size);

/* "json-c 0.16", for -V; NULL if built without. */
const char *ft_records_library(void);

#endif
