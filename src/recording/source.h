/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where moments of the past come from: a recording, a file of records, the difference of two, a
 * database. What the player asks, behind one const table. Used by one thread at a time, but for
 * cancel.
 */
#ifndef FT_RECORDING_SOURCE_H
#define FT_RECORDING_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ft_filter;
struct ft_snapshot;

struct ft_source_ops {
	/* Others add to it all the time: its end is what to look at first. */
	bool grows;
	/* Looks again how far it goes; how many moments there are, at least one. */
	size_t (*refresh)(void *source);
	/* When moment i ended, i < count; they are in order. */
	uint64_t (*time)(const void *source, size_t i);
	/* Its picture, one reference, the caller's. -errno + sentence; -EAGAIN: it is out of reach
	 * for now. */
	int (*moment)(void *source, size_t i, struct ft_snapshot **ret_snapshot, char *err,
		      size_t err_size);
	/* From now on only rows that pass need be in pictures (the filter is copied); true if that
	 * changes what they have. */
	bool (*filter)(void *source, const struct ft_filter *filter);
	/* Why it is out of reach; "" if it is not. */
	const char *(*trouble)(const void *source);
	/* From any thread: what is waited for is given up, now and from now on. */
	void (*cancel)(void *source);
	void (*close)(void *source); /* NULL is fine */
};

/* For sources that are all here: rows are filtered by who looks at them, nothing is waited for. */
bool ft_source_filters_nothing(void *source, const struct ft_filter *filter);
const char *ft_source_no_trouble(const void *source);
void ft_source_waits_for_nothing(void *source);

struct ft_source {
	const struct ft_source_ops *ops; /* NULL: there is none */
	void *arg;                       /* owned */
};

/* True if the file is a recording, or records in json or ndjson; or if this is a database's URL. */
bool ft_source_is(const char *path);
/* Opens one that is. The observer (a host's name) is borrowed from it. -errno + sentence. */
int ft_source_open(const char *path, struct ft_source *ret_source, const char **ret_observer,
		   char *err, size_t err_size);
void ft_source_close(struct ft_source *source); /* what is none is fine */

#endif
