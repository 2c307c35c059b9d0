/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hand-offs: what is put is taken once, in order; descriptors tell the truth; nothing is
 * lost or doubled between threads (run under ThreadSanitizer too). And how threads begin.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "capture/mailbox.h"
#include "capture/thread.h"
#include "core/owner.h"
#include "core/snapshot.h"
#include "core/table.h"

#define ITEMS 20000

/* Whether a descriptor is readable now. */
static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* A snapshot of an empty table; each has the next generation. */
static const struct ft_snapshot *make_snapshot(struct ft_table *table)
{
	struct ft_snapshot_info info = {
		.end_ns = 1000000000,
		.start_ns = 1,
		.backend = "fake",
		.backend_reason = "",
		.capture_filter = "",
		.owner_source = "",
		.progress = -1,
	};

	return ft_table_snapshot(table, &info, false);
}

static struct ft_table *make_table(struct ft_owners *owners)
{
	struct ft_table_config config;

	ft_table_config_init(&config);
	return ft_table_new(&config, owners);
}

/* The newest one wins; the older one is put (the leak checker sees it if not). */
static void test_mailbox_newest(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_table *table = make_table(owners);
	struct ft_mailbox *mailbox = ft_mailbox_new();
	const struct ft_snapshot *snapshot;

	(void)state;
	assert_null(ft_mailbox_take(mailbox));
	assert_false(readable(ft_mailbox_fd(mailbox)));
	ft_mailbox_put(mailbox, make_snapshot(table));
	assert_true(readable(ft_mailbox_fd(mailbox)));
	ft_mailbox_put(mailbox, make_snapshot(table));
	snapshot = ft_mailbox_take(mailbox);
	assert_non_null(snapshot);
	assert_int_equal(snapshot->generation, 2);
	assert_false(readable(ft_mailbox_fd(mailbox)));
	assert_null(ft_mailbox_take(mailbox));
	ft_snapshot_put(snapshot);
	ft_mailbox_put(mailbox, make_snapshot(table)); /* left inside */
	ft_mailbox_free(mailbox);
	ft_table_free(table);
	ft_owners_free(owners);
}

struct screen {
	struct ft_mailbox *mailbox;
	uint64_t newest;
	bool in_order;
};

/* Takes until the last snapshot came. */
static void *take_snapshots(void *arg)
{
	struct screen *screen = arg;

	screen->in_order = true;
	while (screen->newest < 500) {
		struct pollfd p = { .fd = ft_mailbox_fd(screen->mailbox), .events = POLLIN };
		const struct ft_snapshot *snapshot;

		poll(&p, 1, -1);
		snapshot = ft_mailbox_take(screen->mailbox);
		if (!snapshot)
			continue;
		screen->in_order &= snapshot->generation > screen->newest;
		screen->newest = snapshot->generation;
		ft_snapshot_put(snapshot);
	}
	return NULL;
}

static void test_mailbox_threads(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_table *table = make_table(owners);
	struct screen screen = { .mailbox = ft_mailbox_new() };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, take_snapshots, &screen), 0);
	for (int i = 0; i < 500; i++)
		ft_mailbox_put(screen.mailbox, make_snapshot(table));
	pthread_join(thread, NULL);
	assert_true(screen.in_order);
	assert_int_equal(screen.newest, 500);
	ft_mailbox_free(screen.mailbox);
	ft_table_free(table);
	ft_owners_free(owners);
}

static void *number(uintptr_t n)
{
	return (void *)n;
}

static void test_queue_bounds(void **state)
{
	struct ft_queue *queue = ft_queue_new(3, NULL);

	(void)state;
	assert_false(readable(ft_queue_fd(queue)));
	for (uintptr_t n = 1; n <= 3; n++)
		assert_true(ft_queue_put(queue, number(n)));
	assert_true(ft_queue_full(queue));
	assert_false(ft_queue_put(queue, number(4)));
	assert_true(ft_queue_put_last(queue, number(5)));
	assert_false(ft_queue_put_last(queue, number(6)));
	assert_true(readable(ft_queue_fd(queue)));
	assert_ptr_equal(ft_queue_take(queue), number(1));
	assert_true(ft_queue_full(queue));
	assert_ptr_equal(ft_queue_wait(queue), number(2));
	assert_false(ft_queue_full(queue));
	ft_queue_close(queue);
	assert_false(ft_queue_put(queue, number(7)));
	assert_false(ft_queue_put_last(queue, number(7)));
	assert_ptr_equal(ft_queue_wait(queue), number(3));
	assert_ptr_equal(ft_queue_wait(queue), number(5));
	assert_false(readable(ft_queue_fd(queue)));
	assert_null(ft_queue_wait(queue));
	assert_null(ft_queue_take(queue));
	ft_queue_free(queue);
}

static int dropped;

static void drop(void *item)
{
	(void)item;
	dropped++;
}

static void test_queue_drops_what_is_left(void **state)
{
	struct ft_queue *queue = ft_queue_new(4, drop);

	(void)state;
	dropped = 0;
	for (uintptr_t n = 1; n <= 4; n++)
		assert_true(ft_queue_put(queue, number(n)));
	assert_ptr_equal(ft_queue_take(queue), number(1));
	ft_queue_free(queue);
	assert_int_equal(dropped, 3);
}

struct taker {
	struct ft_queue *queue;
	uintptr_t last;
	size_t count;
	bool in_order;
};

static void *take_items(void *arg)
{
	struct taker *taker = arg;
	void *item;

	taker->in_order = true;
	while ((item = ft_queue_wait(taker->queue))) {
		taker->in_order &= (uintptr_t)item > taker->last;
		taker->last = (uintptr_t)item;
		taker->count++;
	}
	return NULL;
}

/* One thread puts, one takes: all arrive, in order. */
static void test_queue_threads(void **state)
{
	struct taker taker = { .queue = ft_queue_new(8, NULL) };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, take_items, &taker), 0);
	for (uintptr_t n = 1; n <= ITEMS; n++) {
		while (!ft_queue_put(taker.queue, number(n)))
			sched_yield();
	}
	ft_queue_close(taker.queue);
	pthread_join(thread, NULL);
	assert_true(taker.in_order);
	assert_int_equal(taker.count, ITEMS);
	ft_queue_free(taker.queue);
}

static void *tell_mask(void *arg)
{
	pthread_sigmask(SIG_SETMASK, NULL, arg);
	return NULL;
}

static void *tell_stack(void *arg)
{
	sigaltstack(NULL, arg);
	return NULL;
}

/* A thread leaves signals to the main one, but can be told that it is itself at fault, and has a
 * stack for that. */
static void test_thread_signals(void **state)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	static const int others[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH,
				      SIGUSR1, SIGALRM };
	sigset_t mask, before, after;
	pthread_t thread;
	stack_t stack;
	size_t i;

	(void)state;
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(ft_thread_start(&thread, tell_mask, &mask), 0);
	pthread_join(thread, NULL);
	assert_int_equal(ft_thread_start(&thread, tell_stack, &stack), 0);
	pthread_join(thread, NULL);
	assert_false(stack.ss_flags & SS_DISABLE);
	assert_true(stack.ss_size >= (size_t)MINSIGSTKSZ);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		assert_false(sigismember(&mask, faults[i]));
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_true(sigismember(&mask, others[i]));
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (i = 1; i < 32; i++)
		assert_int_equal(sigismember(&after, (int)i), sigismember(&before, (int)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mailbox_newest),
		cmocka_unit_test(test_mailbox_threads),
		cmocka_unit_test(test_queue_bounds),
		cmocka_unit_test(test_queue_drops_what_is_left),
		cmocka_unit_test(test_queue_threads),
		cmocka_unit_test(test_thread_signals),
	};

	return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
