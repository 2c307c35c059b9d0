/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --diff A B: two moments of files as a source with one, their difference (core/difference.h).
 * Each is a recording, or records as json or ndjson: its last moment, or with FILE@TIME the one
 * that TIME lies in, as key : takes times. A file whose name has an @ is found before a time is
 * looked for.
 */
#ifndef FT_RECORDING_COMPARE_H
#define FT_RECORDING_COMPARE_H

#include "recording/source.h"

/* observer: the later one's host, cut to the buffer. -errno + sentence. */
int ft_compare_open(const char *before, const char *after, struct ft_source *ret_source,
		    char *observer, size_t observer_size, char *err, size_t err_size);

#endif
