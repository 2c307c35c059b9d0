/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the collector thread does with batches: into the table, owners found, pictures taken of
 * it and handed out. When these things are done is collector_loop.c's business.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/collector_priv.h"
#include "core/log.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define NEARLY_FULL 900  /* per mille */
#define FAILURES_MAX 100 /* in a row, then it is a fault */
#define OWNER_BUDGET_NS (20 * UINT64_C(1000000))
#define OWNER_QUERIES_MAX 10000
#define LIST_BUDGET_NS (20 * UINT64_C(1000000))
#define LIST_LAST_NS SECOND
#define LENGTHEN_MAX_NS (10 * SECOND)

/* ---- the end and its reason */

/* Ends the thread's work with an error; the first one is told. */
void ft_collector_fault(struct ft_collector *c, int error, const char *format, ...)
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
void ft_collector_backend_failed(struct ft_collector *c, int error, const char *what)
{
	if (error == -EINTR || error == -EAGAIN)
		return;
	ft_log(FT_LOG_WARN, "backend %s: %s: %s", c->backend->ops->name, what, strerror(-error));
	ft_notes_say(&c->notes, FT_NOTE_BACKEND, ft_collector_mono() + FOR_A_WHILE,
		     _("capture (%s): %s"), c->backend->ops->name, strerror(-error));
	if (++c->failures >= FAILURES_MAX || c->is_file)
		ft_collector_fault(c, error, _("capture failed (%s, %s): %s"),
				   c->backend->ops->name, what, strerror(-error));
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
			     _("more new flows than the log holds: %llu went to the spill map"),
			     (unsigned long long)batch->health.spilled);
	else if (batch->health.log_fill >= NEARLY_FULL)
		ft_notes_say(&c->notes, FT_NOTE_SPILL, until,
			     _("the flow log is %u %% full"), batch->health.log_fill / 10);
}

/* What connections were like that have ended, after the packets that they ended with. */
static void take_closes(struct ft_collector *c)
{
	struct ft_batch batch = { 0 };

	if (ft_socket_closes_take(c->socket_closes, &batch))
		ft_table_take_sockets(c->table, &batch);
	if (!c->sampler)
		ft_table_name_sockets(c->table, ft_socket_closes_find, c->socket_closes);
	c->store.sockets_missed += ft_socket_closes_missed(c->socket_closes);
}

/* Puts a batch into the table. */
void ft_collector_absorb(struct ft_collector *c, const struct ft_batch *batch)
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
	c->store.sockets_missed = batch->health.sockets_missed;
	c->sampler = batch->sampler;
	take_closes(c);
}

/* Ends the backend's period and puts what it counted into the table; 0 or -errno. */
int ft_collector_collect(struct ft_collector *c)
{
	struct ft_batch batch = { 0 };
	int ret;

	/* Events first: then the packets that they are about are in the batch, and so are the
	 * flows whose ids they get. */
	ft_event_source_drain(c->event_source, ft_table_events(c->table));
	ret = c->backend->ops->collect(c->backend, &batch);
	if (ret < 0) {
		ft_collector_backend_failed(c, ret, "collect");
		return ret;
	}
	c->failures = 0;
	ft_collector_absorb(c, &batch);
	return 0;
}

void ft_collector_ask_sockets(struct ft_collector *c)
{
	if (!c->socket_source || c->sampler)
		return;
	if (ft_socket_source_refresh(c->socket_source, ft_collector_mono())) {
		struct ft_batch batch = { 0 };

		ft_socket_source_put(c->socket_source, &batch);
		ft_table_take_sockets(c->table, &batch);
	}
	ft_table_name_sockets(c->table, ft_socket_source_find, c->socket_source);
}

/* ---- the list of all sockets */

void ft_collector_complete_socket(void *arg, struct ft_socket *socket)
{
	struct ft_collector *c = arg;
	struct ft_health *health = &socket->health;
	uint64_t sent, received;

	socket->owner = ft_owner_source_of_socket(c->owner_source, socket);
	if (!ft_owner_source_bytes(c->owner_source, health->cookie, &sent, &received))
		return;
	health->known |= FT_HEALTH_APP;
	health->app_sent = sent;
	health->app_received = received;
}

/* A list is whole, or as whole as it gets: flows take what is newer in it. */
static void take_list(struct ft_collector *c)
{
	const struct ft_socket_list *list = ft_socket_lister_newest(c->lister);

	ft_table_refresh_sockets(c->table, list);
	if (list->left_out)
		ft_notes_say(&c->notes, FT_NOTE_SOCKETS, NEVER,
			     _("more sockets than can be listed: %zu are, %llu are not"),
			     list->count, (unsigned long long)list->left_out);
	else if (list->cut)
		ft_notes_say(&c->notes, FT_NOTE_SOCKETS, ft_collector_mono() + FOR_A_WHILE,
			     _("the list of sockets is not whole"));
	else
		ft_notes_drop(&c->notes, FT_NOTE_SOCKETS);
}

bool ft_collector_list_sockets(struct ft_collector *c)
{
	uint64_t budget = LIST_BUDGET_NS;

	if (!c->lister || !c->list_sockets)
		return false;
	if (budget > c->interval_ns / 10)
		budget = c->interval_ns / 10;
	if (!ft_socket_lister_step(c->lister, budget))
		return false;
	take_list(c);
	return true;
}

void ft_collector_last_sockets(struct ft_collector *c)
{
	if (!c->lister || !c->list_sockets)
		return;
	ft_socket_lister_begin(c->lister, NEVER);
	if (!ft_socket_lister_step(c->lister, LIST_LAST_NS))
		ft_socket_lister_cut(c->lister);
	take_list(c);
}

/* Looks for owners of flows that have none, for a bounded time. */
void ft_collector_find_owners(struct ft_collector *c)
{
	uint64_t budget = OWNER_BUDGET_NS;

	if (!c->owner_source)
		return;
	if (budget > c->interval_ns / 10)
		budget = c->interval_ns / 10;
	ft_owner_source_apply(c->owner_source, c->table,
			      c->links ? ft_links_addresses(c->links) : NULL,
			      ft_collector_mono(), budget, OWNER_QUERIES_MAX);
}

void ft_collector_find_nats(struct ft_collector *c)
{
	uint64_t budget = OWNER_BUDGET_NS;

	if (!c->conntrack)
		return;
	if (budget > c->interval_ns / 10)
		budget = c->interval_ns / 10;
	ft_conntrack_apply(c->conntrack, c->table, ft_collector_mono(), ft_collector_real(),
			   budget);
	if (ft_table_nats_refused(c->table) > c->nats_refused)
		ft_notes_say(&c->notes, FT_NOTE_NATS, ft_collector_mono() + FOR_A_MINUTE, "%s",
			     _("more translated connections than can be remembered"));
	c->nats_refused = ft_table_nats_refused(c->table);
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
void ft_collector_set_addresses(struct ft_collector *c)
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
struct ft_snapshot *ft_collector_take_picture(struct ft_collector *c, bool last)
{
	const char *notes[FT_NOTES_MAX];
	struct ft_snapshot_info info;
	struct ft_snapshot *snapshot;

	if (c->is_file)
		file_times(c);
	if (last)
		ft_event_source_drain(c->event_source, ft_table_events(c->table));
	if (ft_table_is_full(c->table))
		ft_notes_say(&c->notes, FT_NOTE_EVICTED, ft_collector_mono() + FOR_A_MINUTE,
			     _("the table is full (--max-flows %u): what has no place is counted "
			       "as other"), c->config.table.max_flows);
	ft_picture_info(c, notes, &info);
	snapshot = ft_table_snapshot(c->table, &info, last);
	memset(&c->store, 0, offsetof(struct ft_store_health, flips));
	c->interval_mono = c->batch_mono;
	forget_addresses(c);
	return snapshot;
}

/* Gives one output its reference. The last picture always finds a place. */
static void give(struct ft_collector *c, const struct ft_collector_output *output,
		 struct ft_snapshot *snapshot, bool last)
{
	bool taken;

	ft_snapshot_take(snapshot);
	if (last)
		taken = ft_queue_put_last(output->queue, snapshot);
	else
		taken = ft_queue_put(output->queue, snapshot);
	if (taken)
		return;
	ft_snapshot_put(snapshot);
	if (last)
		return; /* closed: nobody writes any more */
	c->missed++;
	ft_notes_say(&c->notes, FT_NOTE_MISSED, ft_collector_mono() + FOR_A_MINUTE,
		     _("an output is too slow; intervals that it missed: %llu"),
		     (unsigned long long)c->missed);
}

/* Hands a picture to the outputs, then to the screen. */
void ft_collector_publish(struct ft_collector *c, struct ft_snapshot *snapshot, bool last)
{
	for (size_t i = 0; i < c->config.output_count; i++)
		give(c, &c->config.outputs[i], snapshot, last);
	if (c->config.mailbox)
		ft_mailbox_put(c->config.mailbox, snapshot);
	else
		ft_snapshot_put(snapshot);
}

bool ft_collector_must_wait(struct ft_collector *c)
{
	uint64_t now = ft_collector_mono();
	bool full = false;

	for (size_t i = 0; i < c->config.output_count; i++)
		full = full || (!c->config.outputs[i].may_miss &&
				ft_queue_full(c->config.outputs[i].queue));
	if (!full)
		return false;
	if (c->lengthened_since == 0)
		c->lengthened_since = now;
	return !c->config.mailbox || now - c->lengthened_since < LENGTHEN_MAX_NS;
}

/* What the outputs have to say goes on the health line. */
static void read_remarks(struct ft_collector *c)
{
	char text[FT_QUEUE_REMARK_MAX];

	for (size_t i = 0; i < c->config.output_count; i++) {
		ft_queue_read_remark(c->config.outputs[i].queue, text);
		if (text[0])
			ft_notes_say(&c->notes, FT_NOTE_REMARK + (uint32_t)i, NEVER, "%s", text);
		else
			ft_notes_drop(&c->notes, FT_NOTE_REMARK + (uint32_t)i);
	}
}

/* Publishes what the interval counted; false: it goes on. */
static bool end_now(struct ft_collector *c)
{
	struct ft_snapshot *snapshot;

	if (ft_collector_must_wait(c)) {
		c->lengthened++;
		ft_notes_say(&c->notes, FT_NOTE_OUTPUT, ft_collector_mono() + FOR_A_WHILE,
			     _("the output is slow: intervals are lengthened"));
		return false;
	}
	c->lengthened_since = 0;
	read_remarks(c);
	snapshot = ft_collector_take_picture(c, false);
	ft_collector_flush_packets(c, snapshot, false);
	ft_collector_publish(c, snapshot, false);
	return true;
}

/* Ends the interval, unless outputs are so far behind that it has to go on. */
void ft_collector_end_interval(struct ft_collector *c)
{
	if (!end_now(c))
		return;
	c->published++;
	ft_scopes_settle(c);
}

bool ft_collector_cut_interval(struct ft_collector *c)
{
	return end_now(c);
}

/* The picture before anything was counted: only for the screen. A file's time is that of its
 * packets, so that its first picture waits for the first of them. */
void ft_collector_first_picture(struct ft_collector *c)
{
	if (c->is_file) {
		ft_picture_of_file(c, NULL);
		return;
	}
	c->batch_end_ns = c->start_ns;
	ft_picture_refresh(c);
	if (c->config.mailbox)
		ft_mailbox_put(c->config.mailbox, ft_collector_take_picture(c, false));
}
