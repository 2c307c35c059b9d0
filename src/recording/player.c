/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See player.h. Other threads reach in through the wishes, which add up while the thread reads:
 * who holds a key down waits for one moment, not for all that lie between.
 */
#include "recording/player.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "capture/clock.h"
#include "capture/mailbox.h"
#include "capture/pace.h"
#include "capture/thread.h"
#include "core/filter.h"
#include "core/nls.h"
#include "core/snapshot_own.h"
#include "core/xalloc.h"
#include "recording/source.h"

#define WISHES 16
#define FOLLOW_MS 500 /* how often it looks whether the recording has grown */

struct ft_player {
	struct ft_player_config config;
	struct ft_queue **queues; /* owned array */
	struct ft_source source;
	pthread_t thread;
	bool joined;
	int wish_fd, done_fd;

	/* shared, under lock */
	pthread_mutex_t lock;
	struct ft_wish wish[WISHES];
	size_t wish_count;
	struct ft_filter *filter; /* owned; NULL: as it was */
	bool stop, held;
	struct ft_span_shown span;
	int error;
	char err[256];

	/* the thread's own */
	size_t at;
	bool follow; /* the newest is shown */
	struct ft_pace pace;
	const struct ft_snapshot *shown; /* a reference */
	char trouble[200];               /* that was told */
};

static uint64_t time_of(const void *arg, size_t i)
{
	const struct ft_source *source = arg;

	return source->ops->time(source->arg, i);
}

/* Tells where the recording begins and ends now. */
static size_t refresh(struct ft_player *player)
{
	size_t count = player->source.ops->refresh(player->source.arg);

	pthread_mutex_lock(&player->lock);
	player->span = (struct ft_span_shown){
		.from_ns = time_of(&player->source, 0),
		.to_ns = time_of(&player->source, count - 1),
		.count = count,
	};
	pthread_mutex_unlock(&player->lock);
	return count;
}

/* Reading failed: told once. */
static void fail(struct ft_player *player, int error, const char *err)
{
	pthread_mutex_lock(&player->lock);
	player->error = error;
	snprintf(player->err, sizeof(player->err), _("the recording cannot be read: %.200s"), err);
	pthread_mutex_unlock(&player->lock);
	(void)!eventfd_write(player->done_fd, 1);
}

/* Gives a picture to the screen; the reference is taken over. */
static void put(struct ft_player *player, const struct ft_snapshot *snapshot)
{
	ft_snapshot_put(player->shown);
	player->shown = ft_snapshot_take(snapshot);
	ft_mailbox_put(player->config.mailbox, snapshot);
}

/* Says that the source is out of reach, or is no more: what is shown comes again, with a note. */
static void tell_trouble(struct ft_player *player)
{
	const char *trouble = player->source.ops->trouble(player->source.arg);
	struct ft_snapshot *copy;

	if (strcmp(trouble, player->trouble) == 0 || !player->shown)
		return;
	copy = ft_snapshot_copy(player->shown);
	/* Notes are the newest first, and the one there was is ours. */
	if (player->trouble[0] && copy->note_count > 0) {
		free(copy->notes[0]);
		memmove(copy->notes, copy->notes + 1,
			(copy->note_count - 1) * sizeof(*copy->notes));
		copy->note_count--;
	}
	snprintf(player->trouble, sizeof(player->trouble), "%s", trouble);
	if (trouble[0]) {
		copy->notes = xreallocarray(copy->notes, copy->note_count + 1,
					    sizeof(*copy->notes));
		memmove(copy->notes + 1, copy->notes, copy->note_count * sizeof(*copy->notes));
		copy->notes[0] = xstrdup(trouble);
		copy->note_count++;
	}
	put(player, copy);
}

/* Reads the moment at `at` for the screen. */
static void show(struct ft_player *player)
{
	struct ft_snapshot *snapshot = NULL;
	char err[200] = "";
	int ret = player->source.ops->moment(player->source.arg, player->at, &snapshot, err,
					     sizeof(err));

	if (ret == -EAGAIN) {
		tell_trouble(player);
	} else if (ret < 0) {
		fail(player, ret, err);
	} else {
		player->trouble[0] = '\0';
		put(player, snapshot);
	}
}

static bool is_stopped(struct ft_player *player)
{
	bool stop;

	pthread_mutex_lock(&player->lock);
	stop = player->stop;
	pthread_mutex_unlock(&player->lock);
	return stop;
}

/* Does what was asked for; true if another moment is to be shown. */
static bool take_wishes(struct ft_player *player, size_t count)
{
	struct ft_wish wish[WISHES];
	size_t wishes, before = player->at;
	struct ft_filter *filter;
	bool again = false;
	eventfd_t rung;
	bool held;

	(void)!eventfd_read(player->wish_fd, &rung);
	pthread_mutex_lock(&player->lock);
	wishes = player->wish_count;
	memcpy(wish, player->wish, wishes * sizeof(wish[0]));
	player->wish_count = 0;
	held = player->held;
	filter = player->filter;
	player->filter = NULL;
	pthread_mutex_unlock(&player->lock);
	ft_pace_hold(&player->pace, held, ft_clock_read(CLOCK_MONOTONIC));
	if (filter)
		again = player->source.ops->filter(player->source.arg, filter);
	ft_filter_free(filter);
	for (size_t i = 0; i < wishes; i++) {
		player->at = ft_wish_place(&wish[i], player->at, count, time_of,
					   &player->source);
		player->at -= player->at == count;
		player->follow = wish[i].kind == FT_WISH_LIVE;
	}
	if (player->at != before)
		ft_pace_set(&player->pace, time_of(&player->source, player->at),
			    ft_clock_read(CLOCK_MONOTONIC));
	return player->at != before || again;
}

/* Goes to where the clock is; true if that is another moment. What nothing was recorded in for
 * long is not waited for, nor a clock that was set back. */
static bool play_on(struct ft_player *player, size_t count)
{
	uint64_t now = ft_clock_read(CLOCK_MONOTONIC), late = ft_pace_at(&player->pace, now), time, next;
	size_t before = player->at;

	if (!ft_pace_is_on(&player->pace) || player->pace.held)
		return false;
	for (; player->at + 1 < count; player->at++) {
		time = time_of(&player->source, player->at);
		next = time_of(&player->source, player->at + 1);
		if (next < time || next - time > FT_PACE_SILENCE_NS)
			ft_pace_set(&player->pace, late = next, now);
		if (next > late)
			break;
	}
	return player->at != before;
}

/* How long nothing is to be done, as poll has it. */
static int wait_ms(const struct ft_player *player, size_t count)
{
	bool plays = ft_pace_is_on(&player->pace);

	if (plays && player->at + 1 < count)
		return ft_pace_wait_ms(&player->pace,
				       time_of(&player->source, player->at + 1),
				       ft_clock_read(CLOCK_MONOTONIC));
	return player->follow || plays ? FOLLOW_MS : -1;
}

/* For a screen: until it is told to stop. */
static void serve(struct ft_player *player)
{
	size_t count = refresh(player);

	/* What is played is played from its beginning. */
	player->follow = player->source.ops->grows && !ft_pace_is_on(&player->pace);
	player->at = player->follow ? count - 1 : 0;
	ft_pace_set(&player->pace, time_of(&player->source, player->at),
		    ft_clock_read(CLOCK_MONOTONIC));
	show(player);
	while (!is_stopped(player)) {
		struct pollfd wish = { .fd = player->wish_fd, .events = POLLIN };
		bool moved;

		poll(&wish, 1, wait_ms(player, count));
		count = refresh(player);
		moved = take_wishes(player, count);
		moved |= play_on(player, count);
		if (player->follow && player->at + 1 < count) {
			player->at = count - 1;
			moved = true;
		}
		if (moved && !is_stopped(player))
			show(player);
		else
			tell_trouble(player);
	}
}

/* One interval to all outputs, when they have room. */
static void give(struct ft_player *player, struct ft_snapshot *snapshot)
{
	for (size_t i = 0; i < player->config.queue_count; i++) {
		ft_snapshot_take(snapshot);
		if (!ft_queue_put_wait(player->queues[i], snapshot))
			ft_snapshot_put(snapshot);
	}
	ft_snapshot_put(snapshot);
}

/* Waits until an interval is due, if they are played. */
static void wait_for(struct ft_player *player, size_t i)
{
	uint64_t time = time_of(&player->source, i), before;

	if (!ft_pace_is_on(&player->pace))
		return;
	before = i ? time_of(&player->source, i - 1) : time;
	if (i == 0 || time < before || time - before > FT_PACE_SILENCE_NS)
		ft_pace_set(&player->pace, time, ft_clock_read(CLOCK_MONOTONIC));
	while (ft_pace_wait(&player->pace, time, ft_clock_read(CLOCK_MONOTONIC)) > 0 && !is_stopped(player)) {
		struct pollfd wish = { .fd = player->wish_fd, .events = POLLIN };

		poll(&wish, 1, ft_pace_wait_ms(&player->pace, time, ft_clock_read(CLOCK_MONOTONIC)));
	}
}

/* For outputs: every interval there is. */
static void give_all(struct ft_player *player)
{
	size_t count = refresh(player);
	uint64_t most = player->config.intervals;
	char err[200] = "";
	int ret;

	if (most && most < count)
		count = (size_t)most;
	for (size_t i = 0; i < count && !is_stopped(player); i++) {
		struct ft_snapshot *snapshot = NULL;

		wait_for(player, i);
		if (is_stopped(player))
			break;
		ret = player->source.ops->moment(player->source.arg, i, &snapshot, err,
						 sizeof(err));
		if (ret < 0 && is_stopped(player))
			return;
		if (ret < 0) {
			fail(player, ret, err);
			return;
		}
		snapshot->last = i + 1 == count;
		give(player, snapshot);
	}
	(void)!eventfd_write(player->done_fd, 1);
}

static void *run(void *arg)
{
	struct ft_player *player = arg;

	pthread_setname_np(pthread_self(), "flowtop-read");
	if (player->config.mailbox)
		serve(player);
	else
		give_all(player);
	return NULL;
}

static void release(struct ft_player *player)
{
	ft_snapshot_put(player->shown);
	ft_filter_free(player->filter);
	player->source.ops->close(player->source.arg);
	close(player->wish_fd);
	close(player->done_fd);
	pthread_mutex_destroy(&player->lock);
	free(player->queues);
	free(player);
}

int ft_player_start(const struct ft_player_config *config, const struct ft_source *source,
		    struct ft_player **ret_player, char *err, size_t err_size)
{
	struct ft_player *player = xcalloc(1, sizeof(*player));
	int ret;

	player->config = *config;
	player->source = *source;
	player->pace.speed = config->speed;
	player->config.filter = NULL; /* the source has a copy */
	if (config->filter)
		source->ops->filter(source->arg, config->filter);
	player->queues = xcalloc(config->queue_count + 1, sizeof(*player->queues));
	for (size_t i = 0; i < config->queue_count; i++)
		player->queues[i] = config->queues[i];
	pthread_mutex_init(&player->lock, NULL);
	player->wish_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	player->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (player->wish_fd < 0 || player->done_fd < 0)
		abort(); /* no descriptors at the start: nothing can work */
	ret = ft_thread_start(&player->thread, run, player);
	if (ret < 0) {
		snprintf(err, err_size, _("cannot start a thread: %s"), strerror(-ret));
		release(player);
		return ret;
	}
	*ret_player = player;
	return 0;
}

void ft_player_ask(struct ft_player *player, const struct ft_wish *wish)
{
	pthread_mutex_lock(&player->lock);
	if (player->wish_count < WISHES)
		player->wish[player->wish_count++] = *wish;
	(void)!eventfd_write(player->wish_fd, 1);
	pthread_mutex_unlock(&player->lock);
}

void ft_player_hold(struct ft_player *player, bool held)
{
	pthread_mutex_lock(&player->lock);
	if (player->held != held) {
		player->held = held;
		(void)!eventfd_write(player->wish_fd, 1);
	}
	pthread_mutex_unlock(&player->lock);
}

void ft_player_filter(struct ft_player *player, const struct ft_filter *filter)
{
	pthread_mutex_lock(&player->lock);
	ft_filter_free(player->filter);
	player->filter = ft_filter_copy(filter);
	(void)!eventfd_write(player->wish_fd, 1);
	pthread_mutex_unlock(&player->lock);
}

void ft_player_span(const struct ft_player *player, struct ft_span_shown *ret_span)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&player->lock;

	pthread_mutex_lock(lock);
	*ret_span = player->span;
	pthread_mutex_unlock(lock);
}

int ft_player_fd(const struct ft_player *player)
{
	return player->done_fd;
}

int ft_player_error(const struct ft_player *player, char *err, size_t err_size)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&player->lock;
	int error;

	pthread_mutex_lock(lock);
	error = player->error;
	if (error < 0)
		snprintf(err, err_size, "%s", player->err);
	pthread_mutex_unlock(lock);
	return error;
}

void ft_player_stop(struct ft_player *player)
{
	if (player->joined)
		return;
	pthread_mutex_lock(&player->lock);
	player->stop = true;
	(void)!eventfd_write(player->wish_fd, 1);
	pthread_mutex_unlock(&player->lock);
	player->source.ops->cancel(player->source.arg);
	for (size_t i = 0; i < player->config.queue_count; i++)
		ft_queue_close(player->queues[i]);
	pthread_join(player->thread, NULL);
	player->joined = true;
}

void ft_player_free(struct ft_player *player)
{
	if (!player)
		return;
	ft_player_stop(player);
	release(player);
}
