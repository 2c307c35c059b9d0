/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collector as other threads see it: birth, commands, death. The thread itself is in
 * collector_loop.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "capture/collector_priv.h"
#include "capture/thread.h"
#include "core/nls.h"
#include "core/xalloc.h"

/* Changes the wishes and wakes the thread; called with the lock held. */
static void wake(struct ft_collector *c)
{
	(void)!eventfd_write(c->wish_fd, 1);
}

/* Releases all but the thread. */
static void release(struct ft_collector *c)
{
	ft_collector_free_taps(c);
	if (c->backend)
		c->backend->ops->close(c->backend);
	ft_socket_lister_free(c->lister);
	ft_cost_meter_free(c->cost_meter);
	ft_event_source_free(c->event_source);
	ft_owner_source_free(c->owner_source);
	ft_socket_closes_free(c->socket_closes);
	ft_socket_source_free(c->socket_source);
	ft_conntrack_free(c->conntrack);
	ft_table_free(c->table);
	ft_owners_free(c->owners);
	if (c->links)
		ft_links_close(c->links);
	ft_picture_done(&c->picture);
	free(c->addresses.nets);
	free(c->outputs);
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
	if (c->is_file)
		c->pace.speed = c->config.speed;
	if (c->is_file && !ft_pace_is_on(&c->pace)) {
		/* all its flows stay: there is no now that they could be too old for */
		c->config.table.idle_ns = NEVER;
		c->config.table.tcp_idle_ns = NEVER;
		c->config.table.closed_ns = NEVER;
	}
	c->owners = ft_owners_new();
	c->table = ft_table_new(&c->config.table, c->owners);
	if (!c->is_file) {
		c->owner_source = ft_owner_source_new(c->owners);
		c->socket_source = ft_socket_source_new();
		c->socket_closes = ft_socket_closes_new(0);
		c->lister = ft_socket_lister_new(ft_collector_complete_socket, c);
		c->list_sockets = c->wishes.sockets = c->config.sockets;
		c->conntrack = ft_conntrack_new();
	}
	c->asks = ft_queue_new(FT_TAPS_MAX, ft_packet_ask_free);
	c->cost_meter = ft_cost_meter_new(c->config.cost, c->config.mailbox && !c->is_file);
	c->wishes.cost = c->config.cost;
	c->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	c->wish_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return !c->asks || c->timer_fd < 0 || c->wish_fd < 0 || c->done_fd < 0 ? -errno : 0;
}

/* Tells who started us how far it is; what that says of it is a note. */
void ft_collector_tell(struct ft_collector *c, void (*whom)(void *arg, char *remark, size_t size))
{
	char remark[FT_NOTE_TEXT_MAX] = "";

	if (whom)
		whom(c->config.opened_arg, remark, sizeof(remark));
	if (remark[0])
		ft_notes_say(&c->notes, FT_NOTE_RIGHTS, ft_collector_mono() + FOR_A_WHILE, "%s",
			     remark);
}

/* Where events come from: the kernel if it may be asked and tells, else what passes. */
static void open_events(struct ft_collector *c)
{
	const struct ft_backend_ops *ops = c->backend->ops;
	char why[FT_REASON_MAX] = "";

	if (c->is_file)
		snprintf(why, sizeof(why), "%s", _("a file has packets only"));
	else if (ops != &ft_backend_tcx && ops != &ft_backend_clsact)
		snprintf(why, sizeof(why), _("the backend is %s"), ops->name);
	else
		c->event_source = ft_event_source_new(c->owner_source, 0, 0, why, sizeof(why));
	ft_table_derive(c->table, !c->event_source);
	if (c->event_source)
		snprintf(c->unseen, sizeof(c->unseen), "%s",
			 ft_event_source_unseen(c->event_source));
	else
		snprintf(c->unseen, sizeof(c->unseen),
			 _("events are taken from packets (%.200s): no listeners, retransmits "
			   "or local errors"), why);
}

int ft_collector_start(const struct ft_collector_config *config, struct ft_links *links,
		       struct ft_collector **ret_collector, char *err, size_t err_size)
{
	struct ft_collector *c = xcalloc(1, sizeof(*c));
	int ret;

	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->answered, NULL);
	c->config = *config;
	c->outputs = xcalloc(config->output_count + 1, sizeof(*c->outputs));
	if (config->output_count > 0)
		memcpy(c->outputs, config->outputs, config->output_count * sizeof(*c->outputs));
	c->config.outputs = c->outputs;
	c->links = links;
	c->is_file = config->backend.file;
	c->interval_ns = config->interval_ns ? config->interval_ns : SECOND;
	c->timer_fd = c->wish_fd = c->done_fd = -1;
	ret = set_up(c);
	if (ret < 0) {
		snprintf(err, err_size, "%s", strerror(-ret));
		goto cleanup;
	}
	if (c->owner_source)
		c->config.backend.owner_maps = ft_owner_source_maps(c->owner_source);
	if (c->owner_source && config->docker_socket) {
		ret = ft_owner_source_open_docker(c->owner_source, config->docker_socket, err,
						  err_size);
		if (ret < 0)
			goto cleanup;
	}
	ret = ft_backend_choose(config->backend_name, &c->config.backend, links, &c->backend,
				c->reason, sizeof(c->reason), err, err_size);
	if (ret < 0)
		goto cleanup;
	open_events(c);
	if (links && !c->is_file)
		ft_collector_set_addresses(c);
	ft_collector_tell(c, c->config.opened);
	c->start_ns = ft_collector_real();
	c->interval_mono = c->batch_mono = ft_collector_mono();
	ret = ft_thread_start(&c->thread, ft_collector_run, c);
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

void ft_collector_want_sockets(struct ft_collector *collector, bool wanted)
{
	wanted |= collector->config.sockets;
	pthread_mutex_lock(&collector->lock);
	if (collector->wishes.sockets != wanted) {
		collector->wishes.sockets = wanted;
		wake(collector);
	}
	pthread_mutex_unlock(&collector->lock);
}

void ft_collector_hold(struct ft_collector *collector, bool held)
{
	pthread_mutex_lock(&collector->lock);
	if (collector->wishes.held != held) {
		collector->wishes.held = held;
		wake(collector);
	}
	pthread_mutex_unlock(&collector->lock);
}

void ft_collector_want_cost(struct ft_collector *collector, bool wanted)
{
	pthread_mutex_lock(&collector->lock);
	if (collector->wishes.cost != wanted) {
		collector->wishes.cost = wanted;
		wake(collector);
	}
	pthread_mutex_unlock(&collector->lock);
}

bool ft_collector_ask_packets(struct ft_collector *collector, struct ft_packet_ask *ask)
{
	bool taken;

	pthread_mutex_lock(&collector->lock);
	taken = ft_queue_put(collector->asks, ask);
	wake(collector);
	pthread_mutex_unlock(&collector->lock);
	return taken;
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
	if (collector->is_file)
		return; /* it waits for nobody, and may itself be waiting for a pipe */
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
	collector->backend->ops->call_off(collector->backend);
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
