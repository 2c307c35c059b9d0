/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file's rounds on the collector's thread. As fast as can be it is one interval, from its first
 * packet to its last, with pictures of the way there for the screen. With --speed it is played:
 * a clock runs from its first packet on, and intervals end by that clock as those of a live run
 * do. Which packets are in an interval says their time alone: it ends when all before its end are
 * read, however late that is, so that the same file gives the same intervals at any speed.
 */
#include <poll.h>

#include "capture/collector_priv.h"

#define FILE_PICTURE_NS (250 * UINT64_C(1000000))
#define OUTPUT_MS 10 /* between two looks whether a slow output has room */

/* Reads a part of the file, unless its packets have to be written first. */
static void read_file(struct ft_collector *c)
{
	struct pollfd wish = { .fd = c->wish_fd, .events = POLLIN };

	if (ft_collector_read_taps(c) && !ft_collector_cut(c)) {
		poll(&wish, 1, OUTPUT_MS);
		return;
	}
	ft_collector_dispatch(c);
}

/* ---- as fast as can be */

/* How long a pipe may be waited for, as poll has it: until the next picture is due. */
static int file_wait_ms(const struct ft_collector *c, int fd)
{
	uint64_t now = ft_collector_mono();

	if (fd < 0)
		return 0;
	if (!c->config.mailbox)
		return -1;
	return now < c->due_mono ? (int)((c->due_mono - now) / 1000000 + 1) : 0;
}

/* Reads a part of it; now and then a picture of how far it is. */
static void fast_round(struct ft_collector *c)
{
	struct pollfd fds[] = {
		{ .fd = c->wish_fd, .events = POLLIN },
		{ .fd = c->backend->ops->fd(c->backend), .events = POLLIN },
	};

	if (poll(fds, 2, file_wait_ms(c, fds[1].fd)) > 0 && fds[0].revents)
		ft_collector_on_wishes(c);
	if (c->stopping)
		return;
	read_file(c);
	if (c->stopping || !c->config.mailbox || ft_collector_mono() < c->due_mono)
		return;
	if (ft_collector_collect(c) == 0) {
		ft_mailbox_put(c->config.mailbox, ft_collector_take_picture(c, false));
		c->published++;
	}
	c->due_mono = ft_collector_mono() + FILE_PICTURE_NS;
}

/* ---- played */

/* Waits for wishes, for the pipe if it is that, and no longer than so long; true if it is to go on. */
static bool wait_for(struct ft_collector *c, int fd, int ms)
{
	struct pollfd fds[] = {
		{ .fd = c->wish_fd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};

	if (poll(fds, 2, ms) > 0 && fds[0].revents)
		ft_collector_on_wishes(c);
	return !c->stopping;
}

/* How late it is in the file, but for what lies beyond the interval. */
static uint64_t limit_of(const struct ft_collector *c)
{
	uint64_t at = ft_pace_at(&c->pace, ft_collector_mono());

	return at < c->due_file ? at + 1 : c->due_file;
}

/* It is so late in the file; the interval that begins ends at the next step beyond. */
static void set_clock(struct ft_collector *c, uint64_t now)
{
	uint64_t late = now > c->due_file ? now - c->due_file : 0;

	ft_pace_set(&c->pace, now, ft_collector_mono());
	c->due_file = c->due_file ? c->due_file + late / c->interval_ns * c->interval_ns : now;
	if (c->due_file <= now)
		c->due_file += c->interval_ns;
}

/* Its end by the file's clock: all packets before it are counted. False: not yet. */
static bool end_interval(struct ft_collector *c)
{
	if (c->config.intervals > 0 && c->published + 1 >= c->config.intervals) {
		c->batch_end_ns = c->due_file;
		c->stopping = true;
		return true;
	}
	if (ft_collector_must_wait(c)) {
		wait_for(c, -1, OUTPUT_MS);
		return false;
	}
	if (ft_collector_collect(c) < 0)
		return false;
	c->batch_end_ns = c->due_file;
	ft_collector_end_interval(c);
	c->due_file += c->interval_ns;
	return true;
}

/* Reads what is due, then waits for what comes next: a packet's time, the interval's end. */
static void paced_round(struct ft_collector *c)
{
	uint64_t limit = limit_of(c), next;
	bool dry, silent;
	int fd;

	c->backend->ops->limit(c->backend, limit);
	read_file(c);
	if (c->stopping)
		return;
	next = c->backend->ops->limit(c->backend, limit);
	fd = c->backend->ops->fd(c->backend);
	dry = !next && fd >= 0;
	if (!c->pace.begun) {
		if (next)
			set_clock(c, next);
		else
			wait_for(c, fd, dry ? -1 : 0);
		return;
	}
	/* A long silence is not waited for: the interval that follows lasts until it ends. */
	silent = next && next > c->due_file && next - c->due_file > FT_PACE_SILENCE_NS &&
		 !c->pace.held;
	if (silent || (limit == c->due_file && (next || dry))) {
		if (end_interval(c) && silent)
			set_clock(c, next);
		wait_for(c, -1, 0);
		return;
	}
	if (!next || next > c->due_file)
		next = c->due_file;
	wait_for(c, fd,
		 limit == c->due_file ? 0 : ft_pace_wait_ms(&c->pace, next, ft_collector_mono()));
}

void ft_collector_file_round(struct ft_collector *c)
{
	if (ft_pace_is_on(&c->pace))
		paced_round(c);
	else
		fast_round(c);
}

void ft_collector_file_stop(struct ft_collector *c)
{
	uint64_t now = limit_of(c);

	if (ft_pace_is_on(&c->pace) && c->pace.begun && !c->at_end && now > c->batch_end_ns)
		c->batch_end_ns = now;
}
