/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collector thread and its schedule.
 *
 *            ┌──────────────── poll: wishes, links, backend, timer ◄────────────────┐
 *            │                                                                      │
 *   wishes ──┤ interval, kick, pause, stop                                          │
 *   links  ──┤ drain, then watch what is there now                                  │
 *   backend ─┤ dispatch; half full: collect + apply at once                         │
 *   timer  ──┤ beat (each second, or each interval if shorter): collect + apply,    │
 *            │   look for owners while their sockets are still there                │
 *            │ glance (some a second): sockets and processes too short-lived for a beat
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
 * A file is read as fast as it can be: one interval that lasts from its first packet to its
 * last, with pictures of the way there for the screen.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "capture/collector_priv.h"
#include "core/log.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define SECOND UINT64_C(1000000000)
#define BEAT_NS SECOND
#define POLL_MS 20          /* of a backend without a descriptor */
#define HALF_FULL 500       /* per mille */
#define NEARLY_FULL 900
#define FAILURES_MAX 100    /* in a row, then it is a fault */
#define OWNER_BUDGET_NS (20 * UINT64_C(1000000))
#define OWNER_QUERIES_MAX 10000
#define FILE_PICTURE_NS (250 * UINT64_C(1000000))
#define FOR_A_MINUTE (60 * SECOND)
#define FOR_A_WHILE (10 * SECOND)
#define NEVER (UINT64_MAX / 4) /* a time-out that adding a time to does not wrap */

/* ---- the end and its reason */

/* Ends the thread's work with an error; the first one is told. */
static void fault(struct ft_collector *c, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void fault(struct ft_collector *c, int error, const char *format, ...)
{
	va_list args;

	c->stopping = true;
	if (c->fault)
		return;
	c->fault = error;
	va_start(args, format);
	vsnprintf(c->fault_text, sizeof(c->fault_text), format, args);
	va_end(args);
	ft_log(FT_LOG_ERROR, "collector: %s", c->fault_text);
}

/* A backend's call failed: said on the health line, a fault if it goes on. */
static void backend_failed(struct ft_collector *c, int error, const char *what)
{
	if (error == -EINTR || error == -EAGAIN)
		return;
	ft_log(FT_LOG_WARN, "backend %s: %s: %s", c->backend->ops->name, what, strerror(-error));
	ft_notes_say(&c->notes, FT_NOTE_BACKEND, ft_collector_mono() + FOR_A_WHILE,
		     _("capture (%s): %s"), c->backend->ops->name, strerror(-error));
	if (++c->failures >= FAILURES_MAX || c->is_file)
		fault(c, error, _("capture failed (%s, %s): %s"), c->backend->ops->name, what,
		      strerror(-error));
}

/* ---- batches */

/* The earliest packet of a batch, for the length of a file's interval. */
static void find_first(struct ft_collector *c, const struct ft_batch *batch)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < batch->span_count; i++) {
		for (size_t j = 0; j < batch->spans[i].count; j++) {
			if (batch->spans[i].entries[j].first_tick < first)
				first = batch->spans[i].entries[j].first_tick;
		}
	}
	if (first == UINT64_MAX)
		return;
	first = ft_clock_ns(&batch->clock, first);
	if (c->file_first_ns == 0 || first < c->file_first_ns)
		c->file_first_ns = first;
}

/* What the store and the counters tell that a user should know. */
static void note_health(struct ft_collector *c, const struct ft_batch *batch)
{
	uint64_t until = ft_collector_mono() + FOR_A_WHILE, lost = 0;

	for (size_t i = 0; i < batch->scope_count; i++) {
		for (int n = FT_C_LOST_FULL; n < FT_C_MAX; n++)
			lost += batch->scopes[i].counters.c[n].packets;
	}
	if (lost > 0)
		ft_notes_say(&c->notes, FT_NOTE_LOST, until,
			     _("packets were seen but not counted to a flow: see lost"));
	if (batch->health.spilled > 0)
		ft_notes_say(&c->notes, FT_NOTE_SPILL, until,
			     _("more new flows than the log holds: %llu went to the slower spill map"),
			     (unsigned long long)batch->health.spilled);
	else if (batch->health.log_fill >= NEARLY_FULL)
		ft_notes_say(&c->notes, FT_NOTE_SPILL, until,
			     _("the flow log is %u %% full"), batch->health.log_fill / 10);
}

/* Puts a batch into the table. */
static void absorb(struct ft_collector *c, const struct ft_batch *batch)
{
	if (c->is_file) {
		find_first(c, batch);
		ft_picture_of_file(c, batch);
	}
	ft_table_apply(c->table, batch);
	note_health(c, batch);
	if (!c->is_file || batch->end_ns > c->batch_end_ns)
		c->batch_end_ns = batch->end_ns; /* a file's last batch may be empty */
	c->batch_mono = batch->mono_ns;
	if (batch->health.log_fill > c->store.log_fill)
		c->store.log_fill = batch->health.log_fill;
	c->store.spilled += batch->health.spilled;
	c->store.flips = batch->health.flips;
	c->store.map_bytes = batch->health.map_bytes;
}

/* Ends the backend's period and puts what it counted into the table; 0 or -errno. */
static int collect(struct ft_collector *c)
{
	struct ft_batch batch = { 0 };
	int ret = c->backend->ops->collect(c->backend, &batch);

	if (ret < 0) {
		backend_failed(c, ret, "collect");
		return ret;
	}
	c->failures = 0;
	absorb(c, &batch);
	return 0;
}

/* Looks for owners of flows that have none, for a bounded time. */
static void find_owners(struct ft_collector *c)
{
	uint64_t budget = OWNER_BUDGET_NS;

	if (!c->owner_source)
		return;
	if (budget > c->interval_ns / 10)
		budget = c->interval_ns / 10;
	ft_owner_proc_refresh(c->owner_source, c->links ? ft_links_addresses(c->links) : NULL,
			      ft_collector_mono(), budget);
	ft_table_resolve_owners(c->table, OWNER_QUERIES_MAX, ft_owner_proc_resolve,
				c->owner_source);
}

/* ---- addresses */

/* The order that ft_addr_set promises; equal ones are the same address of the same interface. */
static int compare_nets(const void *a, const void *b)
{
	const struct ft_net *left = a, *right = b;
	int order = memcmp(left->addr, right->addr, sizeof(left->addr));

	if (order != 0)
		return order;
	if (left->ifindex != right->ifindex)
		return left->ifindex < right->ifindex ? -1 : 1;
	return left->prefix - right->prefix;
}

/* Adds a set's addresses to another set. */
static void join_addresses(struct ft_addr_set *to, const struct ft_addr_set *from)
{
	size_t kept = 0;

	to->nets = xreallocarray(to->nets, to->count + from->count + 1, sizeof(to->nets[0]));
	if (from->count > 0)
		memcpy(&to->nets[to->count], from->nets, from->count * sizeof(to->nets[0]));
	to->count += from->count;
	if (to->count > 0)
		qsort(to->nets, to->count, sizeof(to->nets[0]), compare_nets);
	for (size_t i = 0; i < to->count; i++) {
		if (i == 0 || compare_nets(&to->nets[kept - 1], &to->nets[i]) != 0)
			to->nets[kept++] = to->nets[i];
	}
	to->count = kept;
	to->generation = from->generation;
}

/* Addresses that went still are ours for what they carried: until a snapshot has fixed the
 * ends of the flows that there are now. */
static void forget_addresses(struct ft_collector *c)
{
	if (!c->links || !c->old_addresses)
		return;
	c->old_addresses = false;
	c->addresses.count = 0;
	join_addresses(&c->addresses, ft_links_addresses(c->links));
	ft_table_set_addresses(c->table, &c->addresses);
}

/* Tells the table which addresses are ours, if that changed. */
static void set_addresses(struct ft_collector *c)
{
	const struct ft_addr_set *set = ft_links_addresses(c->links);

	if (set->generation == c->addresses.generation)
		return;
	c->old_addresses = c->addresses.count > 0;
	join_addresses(&c->addresses, set);
	ft_table_set_addresses(c->table, &c->addresses);
}

/* ---- pictures */

/* A file's times are those of its packets; live ones are measured. */
static void file_times(struct ft_collector *c)
{
	if (c->published == 0 && c->file_first_ns) {
		c->start_ns = c->file_first_ns;
		c->interval_mono = c->file_first_ns;
	}
	c->batch_mono = c->batch_end_ns;
	if (c->batch_mono < c->interval_mono)
		c->batch_mono = c->interval_mono;
}

/* Makes the picture of this moment, without ending anything for the collector. */
static struct ft_snapshot *take_picture(struct ft_collector *c, bool last)
{
	const char *notes[FT_NOTES_MAX];
	struct ft_snapshot_info info;
	struct ft_snapshot *snapshot;

	if (c->is_file)
		file_times(c);
	ft_picture_info(c, notes, &info);
	snapshot = ft_table_snapshot(c->table, &info, last);
	if (snapshot->evicted > c->evicted)
		ft_notes_say(&c->notes, FT_NOTE_EVICTED, ft_collector_mono() + FOR_A_MINUTE,
			     _("the table is full (--max-flows %u): the flows idle longest are "
			       "counted as other"), snapshot->max_flows);
	c->evicted = snapshot->evicted;
	memset(&c->store, 0, offsetof(struct ft_store_health, flips));
	c->interval_mono = c->batch_mono;
	forget_addresses(c);
	return snapshot;
}

/* Hands a picture to the outputs, then to the screen. The last one always finds a place. */
static void publish(struct ft_collector *c, struct ft_snapshot *snapshot, bool last)
{
	struct ft_queue *outputs = c->config.outputs;

	if (outputs) {
		ft_snapshot_take(snapshot);
		if (!(last ? ft_queue_put_last(outputs, snapshot) : ft_queue_put(outputs, snapshot)))
			ft_snapshot_put(snapshot); /* closed: nobody writes any more */
	}
	if (c->config.mailbox)
		ft_mailbox_put(c->config.mailbox, snapshot);
	else
		ft_snapshot_put(snapshot);
}

/* Ends the interval, unless outputs are so far behind that it has to go on. */
static void end_interval(struct ft_collector *c)
{
	if (c->config.outputs && ft_queue_full(c->config.outputs)) {
		c->lengthened++;
		ft_notes_say(&c->notes, FT_NOTE_OUTPUT, ft_collector_mono() + FOR_A_WHILE,
			     _("the output is slow: intervals are lengthened"));
		return;
	}
	publish(c, take_picture(c, false), false);
	c->published++;
}

/* The picture before anything was counted: only for the screen. A file's time is that of its
 * packets, so that its first picture waits for the first of them. */
static void first_picture(struct ft_collector *c)
{
	if (c->is_file) {
		ft_picture_of_file(c, NULL);
		return;
	}
	c->batch_end_ns = c->start_ns;
	ft_picture_refresh(c);
	if (c->config.mailbox)
		ft_mailbox_put(c->config.mailbox, take_picture(c, false));
}

/* ---- the schedule */

/* Sets the timer to the next thing that is due. */
static void arm(struct ft_collector *c)
{
	uint64_t next = c->beat_mono < c->due_mono ? c->beat_mono : c->due_mono;
	struct itimerspec when = { 0 };

	if (c->glance_mono < next)
		next = c->glance_mono;

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
	arm(c);
}

/* Collects; ends the interval if asked. -c N: the last of them is made by finish. */
static void beat(struct ft_collector *c, bool due)
{
	if (due && c->config.intervals > 0 && c->published + 1 >= c->config.intervals) {
		c->stopping = true;
		return;
	}
	if (collect(c) < 0)
		return;
	find_owners(c);
	if (due)
		end_interval(c);
}

/* A quick look for owners when nothing else is due. */
static void glance(struct ft_collector *c)
{
	uint64_t wait = ft_owner_proc_glance(c->owner_source);

	c->glance_mono = ft_collector_mono() + wait;
	arm(c);
}

/* The timer fired (or a batch took so long that it would have). */
static void on_timer(struct ft_collector *c)
{
	uint64_t now = ft_collector_mono();
	bool due = now >= c->due_mono;

	if (!due && now < c->beat_mono) {
		if (now >= c->glance_mono)
			glance(c);
		return;
	}
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

	c->paused = true;
	c->gap = ret == 0;
	if (ret < 0 && ret != -EOPNOTSUPP)
		backend_failed(c, ret, "pause");
	if (collect(c) == 0) {
		find_owners(c);
		end_interval(c);
	}
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

		if (ret < 0)
			backend_failed(c, ret, "resume");
	}
	end_gap(c);
	schedule(c, ft_collector_mono());
}

/* Does what other threads asked for since the last look. */
static void on_wishes(struct ft_collector *c)
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
	if (wishes.interval_ns) {
		uint64_t begun = c->due_mono - c->interval_ns;

		c->interval_ns = wishes.interval_ns;
		c->due_mono = begun + c->interval_ns;
		arm(c);
	}
	if (wishes.paused && !c->paused && !c->is_file)
		pause_counting(c);
	else if (!wishes.paused && c->paused)
		resume_counting(c);
	if (wishes.kick && !c->paused && !c->stopping && !c->is_file) {
		beat(c, true);
		schedule(c, ft_collector_mono());
	}
	pthread_mutex_lock(&c->lock);
	c->pause_answer = wishes.paused;
	pthread_cond_broadcast(&c->answered);
	pthread_mutex_unlock(&c->lock);
}

/* ---- interfaces */

/* Says which scopes came and went, and ends the flows of those that went. */
static void compare_scopes(struct ft_collector *c)
{
	uint64_t until = ft_collector_mono() + FOR_A_MINUTE;

	for (uint16_t i = 0; i < c->picture.scope_count; i++) {
		const struct ft_snapshot_scope *was = &c->picture.scopes[i];
		bool present = ft_links_scope_present(c->links, i);

		if (was->present && !present) {
			ft_table_end_scope(c->table, i, c->batch_end_ns);
			ft_notes_say(&c->notes, FT_NOTE_SCOPE + i, until,
				     _("%s vanished; it is watched again when it comes back"),
				     was->name);
		} else if (!was->present && present) {
			ft_notes_say(&c->notes, FT_NOTE_SCOPE + i, until,
				     _("%s came back"), was->name);
		}
	}
}

/* rtnetlink has news: drain what was counted so far, then watch what is there now. */
static void on_links(struct ft_collector *c)
{
	char err[FT_REASON_MAX] = "";
	int ret = ft_links_refresh(c->links);

	if (ret < 0) {
		ft_notes_say(&c->notes, FT_NOTE_WATCH, ft_collector_mono() + FOR_A_WHILE,
			     _("cannot read the list of interfaces: %s"), strerror(-ret));
		return;
	}
	set_addresses(c);
	if (ret == 0)
		return;
	collect(c);
	ret = c->backend->ops->watch(c->backend, c->links, err, sizeof(err));
	if (ret < 0)
		ft_notes_say(&c->notes, FT_NOTE_WATCH, ft_collector_mono() + FOR_A_MINUTE, "%s",
			     err[0] ? err : strerror(-ret));
	else
		ft_notes_drop(&c->notes, FT_NOTE_WATCH);
	compare_scopes(c);
	ft_picture_refresh(c);
}

/* ---- the loop */

/* Lets the backend do what is due; collects when its store is half full. */
static void dispatch(struct ft_collector *c)
{
	int fill = c->backend->ops->dispatch(c->backend);

	if (fill == -ENODATA)
		c->at_end = c->stopping = true;
	else if (fill < 0)
		backend_failed(c, fill, "dispatch");
	else if (fill >= HALF_FULL)
		collect(c);
}

/* Live: waits for the next thing to do, and does it. */
static void live_round(struct ft_collector *c)
{
	int backend_fd = c->paused ? -1 : c->backend->ops->fd(c->backend);
	bool look = !c->paused && backend_fd < 0; /* it has no descriptor: look each 20 ms */
	struct pollfd fds[] = {
		{ .fd = c->wish_fd, .events = POLLIN },
		{ .fd = c->timer_fd, .events = POLLIN },
		{ .fd = c->links && !c->paused ? ft_links_fd(c->links) : -1, .events = POLLIN },
		{ .fd = backend_fd, .events = POLLIN },
	};

	if (poll(fds, sizeof(fds) / sizeof(fds[0]), look ? POLL_MS : -1) < 0)
		return; /* EINTR: signals are blocked, a debugger may still do it */
	if (fds[0].revents)
		on_wishes(c);
	if (c->stopping || c->paused)
		return;
	if (fds[2].revents)
		on_links(c);
	if (fds[3].revents || look)
		dispatch(c);
	if (fds[1].revents && !c->stopping)
		on_timer(c);
}

/* A file: reads a part of it; now and then a picture of how far it is. */
static void file_round(struct ft_collector *c)
{
	struct pollfd wish = { .fd = c->wish_fd, .events = POLLIN };

	if (poll(&wish, 1, 0) > 0)
		on_wishes(c);
	if (c->stopping)
		return;
	dispatch(c);
	if (c->stopping || !c->config.mailbox || ft_collector_mono() < c->due_mono)
		return;
	if (collect(c) == 0) {
		ft_mailbox_put(c->config.mailbox, take_picture(c, false));
		c->published++;
	}
	c->due_mono = ft_collector_mono() + FILE_PICTURE_NS;
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
	int ret;

	if (c->paused)
		end_gap(c);
	if (c->at_end)
		collect(c);
	ret = c->backend->ops->stop(c->backend, &batch);
	if (ret == 0)
		absorb(c, &batch);
	else
		fault(c, ret, _("capture could not be drained at the end (%s): %s"),
		      c->backend->ops->name, strerror(-ret));
	find_owners(c);
	if (c->is_file)
		note_file(c);
	publish(c, take_picture(c, true), true);
	c->published++;
}

/* The screen keeps a file's last picture until its user quits. */
static void wait_for_stop(struct ft_collector *c)
{
	bool stop = false;

	while (!stop) {
		struct pollfd wish = { .fd = c->wish_fd, .events = POLLIN };

		poll(&wish, 1, -1);
		on_wishes(c);
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
static void *run(void *arg)
{
	struct ft_collector *c = arg;

	pthread_setname_np(pthread_self(), "flowtop-collect");
	first_picture(c);
	if (!c->is_file)
		schedule(c, c->interval_mono);
	while (!c->stopping) {
		if (c->is_file)
			file_round(c);
		else
			live_round(c);
	}
	finish(c);
	if (c->at_end && !c->fault && c->config.mailbox)
		wait_for_stop(c);
	set_done(c);
	return NULL;
}

/* ---- the other threads' side */

/* Changes the wishes and wakes the thread; called with the lock held. */
static void wake(struct ft_collector *c)
{
	(void)!eventfd_write(c->wish_fd, 1);
}

/* Releases all but the thread. */
static void release(struct ft_collector *c)
{
	if (c->backend)
		c->backend->ops->close(c->backend);
	ft_owner_proc_free(c->owner_source);
	ft_table_free(c->table);
	ft_owners_free(c->owners);
	if (c->links)
		ft_links_close(c->links);
	ft_picture_done(&c->picture);
	free(c->addresses.nets);
	if (c->timer_fd >= 0)
		close(c->timer_fd);
	if (c->wish_fd >= 0)
		close(c->wish_fd);
	if (c->done_fd >= 0)
		close(c->done_fd);
	pthread_cond_destroy(&c->answered);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Table, owners and descriptors. */
static int set_up(struct ft_collector *c)
{
	if (c->is_file) {
		/* all its flows stay: there is no now that they could be too old for */
		c->config.table.idle_ns = NEVER;
		c->config.table.tcp_idle_ns = NEVER;
		c->config.table.closed_ns = NEVER;
	}
	c->owners = ft_owners_new();
	c->table = ft_table_new(&c->config.table, c->owners);
	if (!c->is_file)
		c->owner_source = ft_owner_proc_new(c->owners);
	c->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	c->wish_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return c->timer_fd < 0 || c->wish_fd < 0 || c->done_fd < 0 ? -errno : 0;
}

/* Starts the thread with all signals blocked in it. */
static int start_thread(struct ft_collector *c)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&c->thread, NULL, run, c);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -ret;
}

int ft_collector_start(const struct ft_collector_config *config, struct ft_links *links,
		       struct ft_collector **ret_collector, char *err, size_t err_size)
{
	struct ft_collector *c = xcalloc(1, sizeof(*c));
	int ret;

	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->answered, NULL);
	c->config = *config;
	c->links = links;
	c->is_file = config->backend.file;
	c->interval_ns = config->interval_ns ? config->interval_ns : SECOND;
	c->timer_fd = c->wish_fd = c->done_fd = -1;
	ret = set_up(c);
	if (ret < 0) {
		snprintf(err, err_size, "%s", strerror(-ret));
		goto cleanup;
	}
	ret = ft_backend_choose(config->backend_name, &config->backend, links, &c->backend,
				c->reason, sizeof(c->reason), err, err_size);
	if (ret < 0)
		goto cleanup;
	if (links && !c->is_file)
		set_addresses(c);
	c->start_ns = ft_collector_real();
	c->interval_mono = c->batch_mono = ft_collector_mono();
	ret = start_thread(c);
	if (ret < 0) {
		snprintf(err, err_size, _("cannot start a thread: %s"), strerror(-ret));
		goto cleanup;
	}
	*ret_collector = c;
	return 0;
cleanup:
	release(c);
	return ret;
}

void ft_collector_set_interval(struct ft_collector *collector, uint64_t interval_ns)
{
	pthread_mutex_lock(&collector->lock);
	collector->wishes.interval_ns = interval_ns;
	wake(collector);
	pthread_mutex_unlock(&collector->lock);
}

void ft_collector_kick(struct ft_collector *collector)
{
	pthread_mutex_lock(&collector->lock);
	collector->wishes.kick = true;
	wake(collector);
	pthread_mutex_unlock(&collector->lock);
}

void ft_collector_pause(struct ft_collector *collector, bool paused)
{
	pthread_mutex_lock(&collector->lock);
	collector->wishes.paused = paused;
	wake(collector);
	while (collector->pause_answer != paused && !collector->done)
		pthread_cond_wait(&collector->answered, &collector->lock);
	pthread_mutex_unlock(&collector->lock);
}

void ft_collector_stop(struct ft_collector *collector)
{
	if (collector->joined)
		return;
	pthread_mutex_lock(&collector->lock);
	collector->wishes.stop = true;
	wake(collector);
	pthread_mutex_unlock(&collector->lock);
	pthread_join(collector->thread, NULL);
	collector->joined = true;
}

bool ft_collector_done(const struct ft_collector *collector, int *ret_error, char *err,
		       size_t err_size)
{
	/* The lock is the only thing that changes. */
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&collector->lock;
	bool done;

	pthread_mutex_lock(lock);
	done = collector->done;
	if (done && ret_error)
		*ret_error = collector->error;
	if (done && err && err_size > 0)
		snprintf(err, err_size, "%s", collector->err);
	pthread_mutex_unlock(lock);
	return done;
}

int ft_collector_fd(const struct ft_collector *collector)
{
	return collector->done_fd;
}

void ft_collector_free(struct ft_collector *collector)
{
	if (!collector)
		return;
	ft_collector_stop(collector);
	release(collector);
}
