/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between write.c and keep.c: what of a recording is kept. */
#ifndef FT_RECORDING_WRITE_H
#define FT_RECORDING_WRITE_H

#include <sqlite3.h>

#include "recording/recording.h"

struct ft_recorder_keeper {
	struct ft_recording_keep keep;
	int64_t first;      /* the oldest interval that may be there */
	int64_t flows_from; /* rows of flows are looked at from here on */
	unsigned turn;
};

/* Inside the transaction of an interval: takes away a bounded part of what is too old or too
 * much. 0 or -errno with words. */
int ft_recorder_keep(struct ft_recorder_keeper *keeper, sqlite3 *db, int64_t interval,
		     uint64_t end_ns, char *err, size_t err_size);

#endif
