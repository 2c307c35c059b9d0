/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread that reads a recording: it stands where the collector stands in a live run. For a
 * screen it shows moments that are asked for, and follows a recording that is still written to
 * while the newest is shown; for outputs it gives every interval in its order, as fast as they
 * take them.
 */
#ifndef FT_RECORDING_PLAYER_H
#define FT_RECORDING_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/moments.h"

struct ft_mailbox;
struct ft_player;
struct ft_queue;
struct ft_recording;

struct ft_player_config {
	struct ft_mailbox *mailbox;     /* the screen's; NULL: all intervals go to the outputs */
	struct ft_queue *const *queues; /* copied; the queues are borrowed */
	size_t queue_count;
	uint64_t intervals;             /* at most so many; 0 = all */
};

/* Takes the recording over, also on failure. -errno + sentence. */
int ft_player_start(const struct ft_player_config *config, struct ft_recording *recording,
		    struct ft_player **ret_player, char *err, size_t err_size);
/* Never waits; the answer comes by the mailbox. */
void ft_player_ask(struct ft_player *player, const struct ft_wish *wish);
/* Where the span begins and ends, and how many moments there are. */
void ft_player_span(const struct ft_player *player, struct ft_span_shown *ret_span);
/* Readable once all is given out (outputs) or reading failed. */
int ft_player_fd(const struct ft_player *player);
/* 0, or the -errno that reading ended by, with a sentence. */
int ft_player_error(const struct ft_player *player, char *err, size_t err_size);
void ft_player_stop(struct ft_player *player);
void ft_player_free(struct ft_player *player); /* stops first; NULL is fine */

#endif
