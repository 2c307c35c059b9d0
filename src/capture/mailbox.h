/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hand-offs between threads; nothing else is shared.
 *
 *   ft_mailbox    one slot: the newest snapshot for the screen; putting replaces
 *   ft_queue      bounded: every snapshot for the outputs; full = the collector lengthens its
 *                 interval; also commands towards the collector and addresses and names to and
 *                 from the resolver
 *
 * Each has an eventfd that is readable while there is something to take.
 */
#ifndef FT_CAPTURE_MAILBOX_H
#define FT_CAPTURE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

struct ft_snapshot;

struct ft_mailbox;
/* NULL, errno: no descriptor is to be had. */
struct ft_mailbox *ft_mailbox_new(void);
void ft_mailbox_free(struct ft_mailbox *mailbox); /* puts an untaken snapshot */
/* Takes over the caller's reference; an untaken older one is put. */
void ft_mailbox_put(struct ft_mailbox *mailbox, const struct ft_snapshot *snapshot);
/* The newest one with its reference, or NULL. */
const struct ft_snapshot *ft_mailbox_take(struct ft_mailbox *mailbox);
int ft_mailbox_fd(const struct ft_mailbox *mailbox);

/* A bounded first-in first-out queue of pointers; any thread. */
struct ft_queue;
/* NULL, errno: no descriptor is to be had. */
struct ft_queue *ft_queue_new(size_t capacity, void (*drop)(void *item));
void ft_queue_free(struct ft_queue *queue); /* drops what is left */
bool ft_queue_put(struct ft_queue *queue, void *item); /* false if full: not taken over */
/* The same, but one place beyond the capacity is kept for it: what must not be lost at the end. */
bool ft_queue_put_last(struct ft_queue *queue, void *item);
/* Waits while it is full; false once closed: not taken over. */
bool ft_queue_put_wait(struct ft_queue *queue, void *item);
bool ft_queue_full(const struct ft_queue *queue);
size_t ft_queue_count(const struct ft_queue *queue); /* what waits in it */
void *ft_queue_take(struct ft_queue *queue); /* NULL if empty; never waits */
void *ft_queue_wait(struct ft_queue *queue); /* waits; NULL once closed and empty */
void ft_queue_close(struct ft_queue *queue); /* no more puts; waiters return */
int ft_queue_fd(const struct ft_queue *queue);
/* What who takes has to say to who puts ("" = nothing; longer ones are cut): one sentence, the
 * newest, until it says another. */
#define FT_QUEUE_REMARK_MAX 320
void ft_queue_remark(struct ft_queue *queue, const char *text);
void ft_queue_read_remark(const struct ft_queue *queue, char text[FT_QUEUE_REMARK_MAX]);

#endif
