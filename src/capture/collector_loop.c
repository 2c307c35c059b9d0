/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collector thread and its schedule.
 *
 *            ┌──────────── poll: wishes, links, backend, news, timer ◄──────────────┐
 *            │                                                                      │
 *   wishes ──┤ interval, kick, pause, stop                                          │
 *   links  ──┤ drain, then watch what is there now                                  │
 *   backend ─┤ dispatch (also at each wake-up, and now and then, of one whose       │
 *            │ descriptor may not tell all); half full: collect + apply at once     │
 *   timer  ──┤ beat (each second, or each interval if shorter): collect + apply,    │
 *            │   look for owners while their sockets are still there                │
 *            │ list (some a second, while one is made): the next part of all sockets
 *            │ glance (some a second, or when woken): sockets and processes too short-lived for a beat
 *            └ due: the interval ends: snapshot -> mailbox, outputs ────────────────┘
 *
 * The schedule is absolute: a late interval does not make the next ones late, and what was
 * missed is not caught up with. Lengths are measured between the flips of the batches, on the
 * monotonic clock, so that setting the wall clock changes no rate. When outputs are full the
 * interval goes on instead of ending: nothing is lost, later pictures cover more.
 *
 * Other threads reach in through `wishes` and get snapshots; `done`, `error`, `err` are the
 * only other things they may read, under the same lock. The backend is opened by the caller of
 * start (errors have to reach the command line) and belongs to the thread from then on.
 *
 * Files have rounds of their own: collector_file.c.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "capture/collector_priv.h"
#include "core/nls.h"

#define BEAT_NS SECOND
#define FAR_NS SECOND
#define LIST_NS (50 * UINT64_C(1000000)) /* between parts of a list of sockets */
#define HALF_FULL 500 /* per mille */

/* ---- interfaces */

/* rtnetlink has news: drain what was counted so far, then watch what is there now. What fails
 * (no memory, no descriptor) is tried again with each beat, and said as long as it does. */
static void on_links(struct ft_collector *c)
{
	char err[FT_REASON_MAX] = "";
	int ret = ft_links_refresh(c->links);

	if (ret < 0) {
		c->rewatch = true;
		ft_notes_say(&c->notes, FT_NOTE_WATCH, ft_collector_mono() + FOR_A_WHILE,
			     _("cannot read the list of interfaces: %s"), strerror(-ret));
		return;
	}
	ft_collector_set_addresses(c);
	if (ret == 0 && !c->rewatch)
		return;
	ft_collector_collect(c);
	ret = c->backend->ops->watch(c->backend, c->links, err, sizeof(err));
	ft_collector_watch_taps(c);
	c->rewatch = ret < 0;
	if (ret < 0)
		ft_notes_say(&c->notes, FT_NOTE_WATCH, ft_collector_mono() + FOR_A_MINUTE, "%s",
			     err[0] ? err : strerror(-ret));
	else
		ft_notes_drop(&c->notes, FT_NOTE_WATCH);
	ft_scopes_compare(c);
	ft_picture_refresh(c);
}

/* ---- the schedule */

/* Sets the timer to the next thing that is due. */
static void arm(struct ft_collector *c)
{
	uint64_t next = c->beat_mono < c->due_mono ? c->beat_mono : c->due_mono;
	struct itimerspec when = { 0 };

	if (c->glance_mono < next)
		next = c->glance_mono;
	if (c->list_mono < next)
		next = c->list_mono;

	if (!c->paused) {
		when.it_value.tv_sec = (time_t)(next / SECOND);
		when.it_value.tv_nsec = (long)(next % SECOND);
	}
	timerfd_settime(c->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* The first moment of the schedule `from` + n * step that lies after now. */
static uint64_t next_after(uint64_t from, uint64_t step, uint64_t now)
{
	if (now < from)
		return from;
	return from + ((now - from) / step + 1) * step;
}

/* Starts the schedule anew at `from`. */
static void schedule(struct ft_collector *c, uint64_t from)
{
	c->due_mono = from + c->interval_ns;
	c->beat_mono = from + BEAT_NS;
	c->glance_mono = c->owner_source ? from : NEVER;
	c->list_mono = c->list_sockets ? from : NEVER;
	arm(c);
}

/* A list begins with each interval's end, and goes on between them if it takes long. */
static bool list_sockets(struct ft_collector *c)
{
	bool whole;

	if (!c->list_sockets)
		return false;
	ft_socket_lister_begin(c->lister, ft_collector_mono());
	whole = ft_collector_list_sockets(c);
	c->list_mono = ft_socket_lister_busy(c->lister) ? ft_collector_mono() + LIST_NS : NEVER;
	return whole;
}

/* Collects; ends the interval if asked. -c N: the last of them is made by finish. */
static void beat(struct ft_collector *c, bool due)
{
	if (due && c->config.intervals > 0 && c->published + 1 >= c->config.intervals) {
		c->stopping = true;
		return;
	}
	if (ft_collector_collect(c) < 0)
		return;
	ft_collector_ask_sockets(c);
	ft_collector_find_owners(c);
	ft_collector_find_nats(c);
	if (due) {
		list_sockets(c);
		ft_collector_end_interval(c);
	}
}

/* Ends the interval before its time: packets that wait to be written have become many, or the
 * screen waits for an answer. */
bool ft_collector_cut(struct ft_collector *c)
{
	/* Outputs that are behind: it isn't due yet, so that nothing is lengthened, nor collected. */
	if (ft_collector_must_wait(c) || ft_collector_collect(c) < 0)
		return false;
	ft_collector_ask_sockets(c);
	ft_collector_find_owners(c);
	return ft_collector_cut_interval(c);
}

/* What was counted so far is an interval, with all that is known of its flows. */
static void end_early(struct ft_collector *c)
{
	if (ft_collector_collect(c) < 0)
		return;
	ft_collector_ask_sockets(c);
	ft_collector_find_owners(c);
	ft_collector_find_nats(c);
	ft_collector_end_interval(c);
}

/*
 * Somebody at the screen who waits for the first list gets it before the interval's end, if that is far.
 * Not where collectors and recordings get the intervals: what -d says is theirs, whatever keys are pressed.
 */
static void go_on_listing(struct ft_collector *c)
{
	if (!list_sockets(c) || !c->list_hasty)
		return;
	c->list_hasty = false;
	if (!c->config.mailbox || c->config.intervals > 0 || c->config.whole_intervals ||
	    ft_collector_mono() + FAR_NS > c->due_mono)
		return;
	end_early(c);
}

/* A quick look for owners when nothing else is due, or because much has come (woken). */
static void glance(struct ft_collector *c, bool woken)
{
	uint64_t wait = ft_owner_source_glance(c->owner_source, woken);

	ft_event_source_drain(c->event_source, ft_table_events(c->table));
	c->glance_mono = wait < NEVER ? ft_collector_mono() + wait : NEVER;
	arm(c);
}

/* The timer fired (or a batch took so long that it would have). */
static void on_timer(struct ft_collector *c)
{
	uint64_t now = ft_collector_mono();
	bool due = now >= c->due_mono;

	if (!due && now < c->beat_mono) {
		if (now >= c->list_mono)
			go_on_listing(c);
		if (now >= c->glance_mono)
			glance(c, false);
		else
			arm(c);
		return;
	}
	if (c->rewatch)
		on_links(c);
	beat(c, due);
	now = ft_collector_mono();
	if (due)
		c->due_mono = next_after(c->due_mono, c->interval_ns, now);
	c->beat_mono = next_after(c->beat_mono, BEAT_NS, now);
	arm(c);
}

/* ---- wishes */

/* Counting off: what was counted is shown at once, and the gap measured from here. */
static void pause_counting(struct ft_collector *c)
{
	int ret = c->backend->ops->pause(c->backend, true);

	ft_collector_pause_taps(c, true);
	c->paused = true;
	c->gap = ret == 0;
	if (ret < 0 && ret != -EOPNOTSUPP)
		ft_collector_backend_failed(c, ret, "pause");
	end_early(c);
	c->paused_mono = ft_collector_mono();
	arm(c);
}

/* The gap ends now: it belongs to no interval. */
static void end_gap(struct ft_collector *c)
{
	uint64_t now = ft_collector_mono();

	if (c->gap) {
		c->not_watched_ns += now - c->paused_mono;
		c->interval_mono += now - c->paused_mono;
	}
	c->paused = c->gap = false;
}

/* Counting on again. */
static void resume_counting(struct ft_collector *c)
{
	if (c->gap) {
		int ret = c->backend->ops->pause(c->backend, false);

		if (ret < 0) {
			ft_collector_backend_failed(c, ret, "resume");
			c->rewatch = true;
		}
	}
	ft_collector_pause_taps(c, false);
	end_gap(c);
	schedule(c, ft_collector_mono());
}

/* Lists of all sockets from now on, or none any more. */
static void want_sockets(struct ft_collector *c, bool wanted)
{
	c->list_sockets = c->list_hasty = wanted;
	if (!wanted) {
		ft_socket_lister_drop(c->lister);
		ft_notes_drop(&c->notes, FT_NOTE_SOCKETS);
	}
	c->list_mono = wanted ? ft_collector_mono() : NEVER;
	arm(c);
}

/* Does what other threads asked for since the last look. */
void ft_collector_on_wishes(struct ft_collector *c)
{
	struct wishes wishes;
	eventfd_t count;

	(void)!eventfd_read(c->wish_fd, &count);
	pthread_mutex_lock(&c->lock);
	wishes = c->wishes;
	c->wishes.interval_ns = 0;
	c->wishes.kick = false;
	pthread_mutex_unlock(&c->lock);

	if (wishes.stop)
		c->stopping = true;
	if (wishes.interval_ns && c->is_file)
		c->interval_ns = wishes.interval_ns;
	else if (wishes.interval_ns) {
		uint64_t begun = c->due_mono - c->interval_ns;

		c->interval_ns = wishes.interval_ns;
		c->due_mono = begun + c->interval_ns;
		arm(c);
	}
	ft_cost_meter_want(c->cost_meter, wishes.cost);
	if (wishes.sockets != c->list_sockets && c->lister)
		want_sockets(c, wishes.sockets);
	if (ft_pace_is_on(&c->pace))
		ft_pace_hold(&c->pace, wishes.held || wishes.paused, ft_collector_mono());
	if (wishes.paused && !c->paused && !c->is_file)
		pause_counting(c);
	else if (!wishes.paused && c->paused)
		resume_counting(c);
	if (ft_collector_answer_packets(c) && !c->paused && !c->stopping && !c->is_file)
		ft_collector_cut(c);
	if (wishes.kick && !c->paused && !c->stopping && !c->is_file) {
		beat(c, true);
		schedule(c, ft_collector_mono());
	}
	pthread_mutex_lock(&c->lock);
	c->pause_answer = wishes.paused;
	pthread_cond_broadcast(&c->answered);
	pthread_mutex_unlock(&c->lock);
}

/* ---- the loop */

void ft_collector_dispatch(struct ft_collector *c)
{
	int fill = c->backend->ops->dispatch(c->backend);

	if (fill == -ENODATA)
		c->at_end = c->stopping = true;
	else if (fill < 0)
		ft_collector_backend_failed(c, fill, "dispatch");
	else if (fill >= HALF_FULL)
		ft_collector_collect(c);
	if (!c->stopping && !c->is_file && ft_collector_read_taps(c))
		ft_collector_cut(c);
}

/* What the thread waits for. */
enum { AT_WISHES, AT_TIMER, AT_LINKS, AT_BACKEND, AT_OWNERS, AT_EVENTS, AT_TAPS };

/* Live: waits for the next thing to do, and does it. */
static void live_round(struct ft_collector *c)
{
	int backend_fd = c->paused ? -1 : c->backend->ops->fd(c->backend);
	int patience = c->paused ? -1 : c->backend->ops->patience(c->backend);
	int owner_fd = c->owner_source && !c->paused ? ft_owner_source_fd(c->owner_source) : -1;
	struct pollfd fds[AT_TAPS + FT_TAPS_MAX] = {
		[AT_WISHES] = { .fd = c->wish_fd, .events = POLLIN },
		[AT_TIMER] = { .fd = c->timer_fd, .events = POLLIN },
		[AT_LINKS] = { .fd = c->links && !c->paused ? ft_links_fd(c->links) : -1,
			       .events = POLLIN },
		[AT_BACKEND] = { .fd = backend_fd, .events = POLLIN },
		[AT_OWNERS] = { .fd = owner_fd, .events = POLLIN },
		/* Only beside the owners' one: else it is read by the clock. */
		[AT_EVENTS] = { .fd = owner_fd < 0 ? -1 : ft_event_source_fd(c->event_source),
				.events = POLLIN },
	};
	bool tapped = false;

	for (size_t i = 0; i < FT_TAPS_MAX; i++) {
		const struct ft_backend *tap = c->paused ? NULL : c->taps[i].backend;

		fds[AT_TAPS + i] = (struct pollfd){ .fd = tap ? tap->ops->fd(tap) : -1,
						    .events = POLLIN };
	}

	if (poll(fds, sizeof(fds) / sizeof(fds[0]), patience) < 0)
		return; /* EINTR: signals are blocked, a debugger may still do it */
	if (fds[AT_WISHES].revents)
		ft_collector_on_wishes(c);
	if (c->stopping || c->paused)
		return;
	if (fds[AT_LINKS].revents)
		on_links(c);
	for (size_t i = 0; i < FT_TAPS_MAX; i++)
		tapped = tapped || fds[AT_TAPS + i].revents;
	if (fds[AT_BACKEND].revents || patience >= 0 || tapped)
		ft_collector_dispatch(c);
	if ((fds[AT_OWNERS].revents || fds[AT_EVENTS].revents) && !c->stopping)
		glance(c, true);
	if (fds[AT_TIMER].revents && !c->stopping)
		on_timer(c);
}

/* What a file's backend has to say about the file as a whole (cut short, foreign parts). */
static void note_file(struct ft_collector *c)
{
	char text[FT_REASON_MAX] = "";

	if (c->backend->ops->remark(c->backend, 0, text, sizeof(text)) == 0 && text[0])
		ft_notes_say(&c->notes, FT_NOTE_FILE, NEVER, "%s", text);
}

/* Detaches, drains what is left, and publishes the last picture. */
static void finish(struct ft_collector *c)
{
	struct ft_batch batch = { 0 };
	struct ft_snapshot *snapshot;
	int ret;

	if (c->paused)
		end_gap(c);
	if (c->at_end)
		ft_collector_collect(c);
	if (c->is_file)
		ft_collector_file_stop(c);
	ret = c->backend->ops->stop(c->backend, &batch);
	if (ret == 0)
		ft_collector_absorb(c, &batch);
	else
		ft_collector_fault(c, ret, _("capture could not be drained at the end (%s): %s"),
				   c->backend->ops->name, strerror(-ret));
	ft_collector_ask_sockets(c);
	ft_collector_find_owners(c);
	ft_collector_last_sockets(c);
	ft_collector_find_nats(c);
	if (c->is_file)
		note_file(c);
	snapshot = ft_collector_take_picture(c, true);
	ft_collector_flush_packets(c, snapshot, true);
	ft_collector_publish(c, snapshot, true);
	c->published++;
}

/* The screen keeps a file's last picture until its user quits. */
static void wait_for_stop(struct ft_collector *c)
{
	bool stop = false;

	while (!stop) {
		struct pollfd wish = { .fd = c->wish_fd, .events = POLLIN };

		poll(&wish, 1, -1);
		ft_collector_on_wishes(c);
		pthread_mutex_lock(&c->lock);
		stop = c->wishes.stop;
		pthread_mutex_unlock(&c->lock);
	}
}

/* Says that all is published. */
static void set_done(struct ft_collector *c)
{
	pthread_mutex_lock(&c->lock);
	c->done = true;
	c->error = c->fault;
	memcpy(c->err, c->fault_text, sizeof(c->err));
	pthread_cond_broadcast(&c->answered);
	pthread_mutex_unlock(&c->lock);
	(void)!eventfd_write(c->done_fd, 1);
}

/* The thread. */
void *ft_collector_run(void *arg)
{
	struct ft_collector *c = arg;

	pthread_setname_np(pthread_self(), "flowtop-collect");
	ft_collector_tell(c, c->config.begun);
	ft_collector_first_picture(c);
	if (!c->is_file)
		schedule(c, c->interval_mono);
	while (!c->stopping) {
		if (c->is_file)
			ft_collector_file_round(c);
		else
			live_round(c);
	}
	finish(c);
	if (c->at_end && !c->fault && c->config.mailbox)
		wait_for_stop(c);
	set_done(c);
	return NULL;
}
