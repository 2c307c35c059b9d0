/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded first-in first-out queue of pointers between threads: a ring under a mutex, a
 * condition for those who wait, an eventfd for those who poll. The descriptor is readable
 * exactly while something is in the ring.
 *
 *   ring   capacity + 1 places: the one beyond is only for ft_queue_put_last, so that what must
 *          not be lost (the last snapshot) needs no waiting for a consumer that may be gone
 *
 * What is put belongs to the queue until it is taken; `drop` gives back what nobody took.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "capture/mailbox.h"
#include "core/xalloc.h"

struct ft_queue {
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	void (*drop)(void *item);
	size_t capacity;
	size_t head, count;
	bool closed;
	int fd;
	char remark[FT_QUEUE_REMARK_MAX];
	void *ring[]; /* capacity + 1 */
};

/* drop may be NULL: then items are not owned. */
struct ft_queue *ft_queue_new(size_t capacity, void (*drop)(void *item))
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct ft_queue *queue;

	if (fd < 0)
		return NULL;
	queue = xcalloc(1, sizeof(*queue) + (capacity + 1) * sizeof(queue->ring[0]));
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->filled, NULL);
	pthread_cond_init(&queue->emptied, NULL);
	queue->drop = drop;
	queue->capacity = capacity;
	queue->fd = fd;
	return queue;
}

/* Takes NULL. No other thread may use it any more. */
void ft_queue_free(struct ft_queue *queue)
{
	if (!queue)
		return;
	while (queue->count > 0) {
		void *item = ft_queue_take(queue);

		if (queue->drop)
			queue->drop(item);
	}
	close(queue->fd);
	pthread_cond_destroy(&queue->filled);
	pthread_cond_destroy(&queue->emptied);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

/* Appends; there is room and the lock is held. */
static void append(struct ft_queue *queue, void *item)
{
	queue->ring[(queue->head + queue->count) % (queue->capacity + 1)] = item;
	if (queue->count++ == 0)
		(void)!eventfd_write(queue->fd, 1);
	pthread_cond_signal(&queue->filled);
}

/* Appends if fewer than `room` are in. */
static bool put_within(struct ft_queue *queue, void *item, size_t room)
{
	bool done;

	pthread_mutex_lock(&queue->lock);
	done = !queue->closed && queue->count < room;
	if (done)
		append(queue, item);
	pthread_mutex_unlock(&queue->lock);
	return done;
}

/* Waits for room. */
bool ft_queue_put_wait(struct ft_queue *queue, void *item)
{
	bool done;

	pthread_mutex_lock(&queue->lock);
	while (!queue->closed && queue->count >= queue->capacity)
		pthread_cond_wait(&queue->emptied, &queue->lock);
	done = !queue->closed;
	if (done)
		append(queue, item);
	pthread_mutex_unlock(&queue->lock);
	return done;
}

/* False if full or closed: the item stays the caller's. */
bool ft_queue_put(struct ft_queue *queue, void *item)
{
	return put_within(queue, item, queue->capacity);
}

/* Uses the place beyond the capacity; false only if closed, or if it was used already. */
bool ft_queue_put_last(struct ft_queue *queue, void *item)
{
	return put_within(queue, item, queue->capacity + 1);
}

size_t ft_queue_count(const struct ft_queue *queue)
{
	/* The lock is the only thing that changes: the queue's contents stay as they are. */
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&queue->lock;
	size_t count;

	pthread_mutex_lock(lock);
	count = queue->count;
	pthread_mutex_unlock(lock);
	return count;
}

/* With one thread that puts, "not full" stays true until that thread puts. */
bool ft_queue_full(const struct ft_queue *queue)
{
	return ft_queue_count(queue) >= queue->capacity;
}

/* The oldest item, or NULL; the lock is held. */
static void *take_locked(struct ft_queue *queue)
{
	eventfd_t count;
	void *item;

	if (queue->count == 0)
		return NULL;
	item = queue->ring[queue->head];
	queue->head = (queue->head + 1) % (queue->capacity + 1);
	if (--queue->count == 0)
		(void)!eventfd_read(queue->fd, &count);
	pthread_cond_signal(&queue->emptied);
	return item;
}

/* Never waits. */
void *ft_queue_take(struct ft_queue *queue)
{
	void *item;

	pthread_mutex_lock(&queue->lock);
	item = take_locked(queue);
	pthread_mutex_unlock(&queue->lock);
	return item;
}

/* Waits; what was put before the closing is still handed out. */
void *ft_queue_wait(struct ft_queue *queue)
{
	void *item;

	pthread_mutex_lock(&queue->lock);
	while (queue->count == 0 && !queue->closed)
		pthread_cond_wait(&queue->filled, &queue->lock);
	item = take_locked(queue);
	pthread_mutex_unlock(&queue->lock);
	return item;
}

/* May be called from any thread, twice too. */
void ft_queue_close(struct ft_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_cond_broadcast(&queue->filled);
	pthread_cond_broadcast(&queue->emptied);
	pthread_mutex_unlock(&queue->lock);
}

/* For poll; never read it. */
int ft_queue_fd(const struct ft_queue *queue)
{
	return queue->fd;
}

/* Replaces what was said. */
void ft_queue_remark(struct ft_queue *queue, const char *text)
{
	pthread_mutex_lock(&queue->lock);
	snprintf(queue->remark, sizeof(queue->remark), "%s", text);
	pthread_mutex_unlock(&queue->lock);
}

/* A copy of it. */
void ft_queue_read_remark(const struct ft_queue *queue, char text[FT_QUEUE_REMARK_MAX])
{
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&queue->lock;

	pthread_mutex_lock(lock);
	snprintf(text, FT_QUEUE_REMARK_MAX, "%s", queue->remark);
	pthread_mutex_unlock(lock);
}
