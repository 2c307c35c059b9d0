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

#include "capture/mailbox.h"
#include "capture/thread.h"
#include "core/nls.h"
#include "core/snapshot.h"
#include "core/xalloc.h"
#include "recording/recording.h"

#define WISHES 16
#define FOLLOW_MS 500 /* how often it looks whether the recording has grown */

struct ft_player {
	struct ft_player_config config;
	struct ft_queue **queues; /* owned array */
	struct ft_recording *recording;
	pthread_t thread;
	bool joined;
	int wish_fd, done_fd;

	/* shared, under lock */
	pthread_mutex_t lock;
	struct ft_wish wish[WISHES];
	size_t wish_count;
	bool stop;
	struct ft_span_shown span;
	int error;
	char err[256];

	/* the thread's own */
	size_t at;
	bool follow; /* the newest is shown */
};

static uint64_t time_of(const void *arg, size_t i)
{
	return ft_recording_time(arg, i);
}

/* Tells where the recording begins and ends now. */
static size_t refresh(struct ft_player *player)
{
	size_t count = ft_recording_refresh(player->recording);

	pthread_mutex_lock(&player->lock);
	player->span = (struct ft_span_shown){
		.from_ns = ft_recording_time(player->recording, 0),
		.to_ns = ft_recording_time(player->recording, count - 1),
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

/* Reads the moment at `at` for the screen. */
static void show(struct ft_player *player)
{
	struct ft_snapshot *snapshot = NULL;
	char err[200] = "";
	int ret = ft_recording_moment(player->recording, player->at, &snapshot, err, sizeof(err));

	if (ret < 0)
		fail(player, ret, err);
	else
		ft_mailbox_put(player->config.mailbox, snapshot);
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
	eventfd_t rung;

	(void)!eventfd_read(player->wish_fd, &rung);
	pthread_mutex_lock(&player->lock);
	wishes = player->wish_count;
	memcpy(wish, player->wish, wishes * sizeof(wish[0]));
	player->wish_count = 0;
	pthread_mutex_unlock(&player->lock);
	for (size_t i = 0; i < wishes; i++) {
		player->at = ft_wish_place(&wish[i], player->at, count, time_of,
					   player->recording);
		player->at -= player->at == count;
		player->follow = wish[i].kind == FT_WISH_LIVE;
	}
	return player->at != before;
}

/* For a screen: until it is told to stop. */
static void serve(struct ft_player *player)
{
	player->at = 0;
	refresh(player);
	show(player);
	while (!is_stopped(player)) {
		struct pollfd wish = { .fd = player->wish_fd, .events = POLLIN };
		size_t count;
		bool moved;

		poll(&wish, 1, player->follow ? FOLLOW_MS : -1);
		count = refresh(player);
		moved = take_wishes(player, count);
		if (player->follow && player->at + 1 < count) {
			player->at = count - 1;
			moved = true;
		}
		if (moved && !is_stopped(player))
			show(player);
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

		ret = ft_recording_moment(player->recording, i, &snapshot, err, sizeof(err));
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
	ft_recording_close(player->recording);
	close(player->wish_fd);
	close(player->done_fd);
	pthread_mutex_destroy(&player->lock);
	free(player->queues);
	free(player);
}

int ft_player_start(const struct ft_player_config *config, struct ft_recording *recording,
		    struct ft_player **ret_player, char *err, size_t err_size)
{
	struct ft_player *player = xcalloc(1, sizeof(*player));
	int ret;

	player->config = *config;
	player->recording = recording;
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
