/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen's slot: one snapshot, the newest. The collector puts, the screen takes; putting
 * over an untaken one drops that one's reference. A mutex guards the slot and keeps the eventfd
 * in step with it: the descriptor is readable exactly while the slot is full. Neither side ever
 * waits for the other longer than these few instructions.
 */
#include "capture/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/snapshot.h"
#include "core/xalloc.h"

struct ft_mailbox {
	pthread_mutex_t lock;
	const struct ft_snapshot *slot; /* owned: one reference */
	int fd;
};

/* An empty mailbox. */
struct ft_mailbox *ft_mailbox_new(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct ft_mailbox *mailbox;

	if (fd < 0)
		return NULL;
	mailbox = xcalloc(1, sizeof(*mailbox));
	pthread_mutex_init(&mailbox->lock, NULL);
	mailbox->fd = fd;
	return mailbox;
}

/* Takes NULL. No other thread may use it any more. */
void ft_mailbox_free(struct ft_mailbox *mailbox)
{
	if (!mailbox)
		return;
	ft_snapshot_put(mailbox->slot);
	close(mailbox->fd);
	pthread_mutex_destroy(&mailbox->lock);
	free(mailbox);
}

/* Replaces what is in the slot; the old one is put outside the lock since freeing takes time. */
void ft_mailbox_put(struct ft_mailbox *mailbox, const struct ft_snapshot *snapshot)
{
	const struct ft_snapshot *old;

	pthread_mutex_lock(&mailbox->lock);
	old = mailbox->slot;
	mailbox->slot = snapshot;
	if (!old)
		(void)!eventfd_write(mailbox->fd, 1);
	pthread_mutex_unlock(&mailbox->lock);
	ft_snapshot_put(old);
}

/* Empties the slot; the reference goes to the caller. */
const struct ft_snapshot *ft_mailbox_take(struct ft_mailbox *mailbox)
{
	const struct ft_snapshot *snapshot;
	eventfd_t count;

	pthread_mutex_lock(&mailbox->lock);
	snapshot = mailbox->slot;
	mailbox->slot = NULL;
	if (snapshot)
		(void)!eventfd_read(mailbox->fd, &count);
	pthread_mutex_unlock(&mailbox->lock);
	return snapshot;
}

/* For poll; never read it. */
int ft_mailbox_fd(const struct ft_mailbox *mailbox)
{
	return mailbox->fd;
}
