/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread that reads a recording, or another source of moments: it stands where the collector stands in a live run. For a
 * screen it shows moments that are asked for, and follows a recording that is still written to
 * while the newest is shown; for outputs it gives every interval in its order, as fast as they
 * take them. With a speed both go on by themselves, as fast as the intervals' times say.
 */
#ifndef FT_RECORDING_PLAYER_H
#define FT_RECORDING_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/moments.h"

struct ft_filter;
struct ft_mailbox;
struct ft_player;
struct ft_queue;
struct ft_source;

struct ft_player_config {
	struct ft_mailbox *mailbox;     /* the screen's; NULL: all intervals go to the outputs */
	struct ft_queue *const *queues; /* copied; the queues are borrowed */
	size_t queue_count;
	uint64_t intervals;             /* at most so many; 0 = all */
	double speed;                   /* played, so many times as fast as it happened; 0 = not */
	const struct ft_filter *filter; /* rows that will be looked at; borrowed during start */
};

/* Takes what is in the source over, also on failure. -errno + sentence. */
int ft_player_start(const struct ft_player_config *config, const struct ft_source *source,
		    struct ft_player **ret_player, char *err, size_t err_size);
/* Never waits; the answer comes by the mailbox. */
void ft_player_ask(struct ft_player *player, const struct ft_wish *wish);
/* What is played stands still, or goes on. */
void ft_player_hold(struct ft_player *player, bool held);
/* Which rows are looked at from now on (copied): the moment comes again if that makes a
 * difference. Never waits. */
void ft_player_filter(struct ft_player *player, const struct ft_filter *filter);
/* Where the span begins and ends, and how many moments there are. */
void ft_player_span(const struct ft_player *player, struct ft_span_shown *ret_span);
/* Readable once all is given out (outputs) or reading failed. */
int ft_player_fd(const struct ft_player *player);
/* 0, or the -errno that reading ended by, with a sentence. */
int ft_player_error(const struct ft_player *player, char *err, size_t err_size);
void ft_player_stop(struct ft_player *player);
void ft_player_free(struct ft_player *player); /* stops first; NULL is fine */

#endif
