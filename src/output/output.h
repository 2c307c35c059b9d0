/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What leaves flowtop: batch on stdout and the snapshot key's file, one file a format behind
 * one const table; and what opens its own target (a recording, a collector). Called on a writer
 * thread (writers.h) or the UI thread (key w), never both on one output.
 */
#ifndef FT_OUTPUT_OUTPUT_H
#define FT_OUTPUT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/rows.h"

/* When text has column titles. */
enum ft_titles { FT_TITLES_ALWAYS, FT_TITLES_ONCE, FT_TITLES_NEVER };

struct ft_output;
struct ft_queue;

struct ft_output_config {
	FILE *stream;           /* borrowed; line-buffered for batch; NULL with a target */
	const char *target;     /* file or URL of outputs that open it themselves; borrowed */
	struct ft_queue *packets; /* of ft_output_packets: where they come from; borrowed */
	const char *capture_filter; /* -f, for its file; borrowed or NULL */
	const char *keep;       /* what of a recording is kept: --keep; borrowed or NULL */
	const char *observer;   /* host name; borrowed */
	unsigned lists;         /* FT_ON_* bits to print */
	struct ft_query query;  /* filter, sort, show; list is set for each */
	size_t max_rows;        /* -L; 0 = all */
	enum ft_titles titles;  /* --header */
	bool one_moment;        /* key w: all rows of the moment, not only what the interval changed */
};

struct ft_output_ops {
	const char *name;      /* "text" "json" "ndjson" "csv": -o */
	const char *extension; /* ".txt" ".json" ".ndjson" ".csv" */
	/* 0 or -EINVAL + sentence (csv with several panes). */
	int (*open)(const struct ft_output_config *config, struct ft_output **ret_output,
		    char *err, size_t err_size);
	/* Writes one snapshot; -EPIPE on a broken pipe, -errno otherwise. */
	int (*write)(struct ft_output *output, const struct ft_snapshot *snapshot);
	/* Ends it (closing brackets); frees. -errno if the end could not be written. */
	int (*close)(struct ft_output *output);
};

#define FT_OUTPUT_REMARK_MAX 232 /* with a label before it, it fits FT_QUEUE_REMARK_MAX */
struct ft_output {
	const struct ft_output_ops *ops;
	/* What the user is to know of it, on the health line: set by write, kept until it is set
	 * again; "" = nothing. With a failed write: why, better than strerror can say. */
	char remark[FT_OUTPUT_REMARK_MAX];
};

extern const struct ft_output_ops *const ft_outputs[]; /* NULL-ended */
const struct ft_output_ops *ft_output_find(const char *name);

/*
 * Key w: a file flowtop-HOST-TIME.EXT in the working directory, else the calling user's home;
 * O_EXCL, 0600, owned by the calling user (SUDO_UID). ret_path: caller frees.
 */
int ft_output_snapshot_file(const struct ft_output_ops *ops, const struct ft_output_config *config,
			    const struct ft_snapshot *snapshot, char **ret_path, char *err,
			    size_t err_size);

#endif
