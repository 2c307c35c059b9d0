/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of an interval: base rows are copied, decayed on the way, and get what changed. Time
 * goes into memory: one pass over all rows in their order, one over the changes with the rows
 * that they touch asked for in advance. Nothing here reads a cold record of a flow that didn't
 * change.
 */
#include "core/table_build.h"

#include <string.h>

#define AHEAD 12U /* changes whose rows are asked for in advance */
/* Slower than one byte in half an hour is nothing; keeps idle rows out of denormal numbers. */
#define RATE_FLOOR 1e-3F
/* Memory that an interval keeps for the next one, of each kind. */
#define KEPT_BYTES (8UL << 20)

/* Gives a row an end, once. */
void ft_build_end(struct ft_build *build, uint32_t row, enum ft_end_reason reason)
{
	struct ft_flow_hot *hot = &build->rows[row];

	if (hot->ended != FT_ENDED_NOT)
		return;
	hot->ended = reason & 7;
	hot->ended_now = 1;
	if (reason != FT_ENDED_STOP)
		build->live--;
}

/* Rates of a row one interval later, before what the interval counted is added. */
static inline void decay(struct ft_flow_hot *hot, const struct ft_weight *weight)
{
	float *bytes = &hot->rate_bytes[0][0], *packets = &hot->rate_packets[0][0];
	int i;

	for (i = 0; i < 2 * FT_WINDOWS; i++) {
		float b = bytes[i] * weight->keep[i / 2], p = packets[i] * weight->keep[i / 2];

		bytes[i] = b > RATE_FLOOR ? b : 0;
		packets[i] = p > RATE_FLOOR ? p : 0;
	}
}

/* What rarely happens to a copied row: the clock was set, the list of interfaces is another. */
static void adjust(const struct ft_build *build, struct ft_flow_hot *hot)
{
	int dir;

	hot->last_ns += (uint64_t)build->shift_ns;
	for (dir = 0; build->remap && dir < 2; dir++)
		hot->iface_slot[dir] = build->remap[hot->iface_slot[dir]];
}

/* The rows of the last snapshot, one interval older. */
static void copy_rows(struct ft_build *build)
{
	const struct ft_table *table = build->table;
	const struct ft_flow_hot *base = ft_block_rows(table->base);
	const uint32_t *births = table->births.base;
	bool adjusting = build->remap || build->shift_ns;
	uint32_t row;

	for (row = 0; row < table->base_count; row++) {
		struct ft_flow_hot *hot = &build->rows[row];

		*hot = base[row];
		hot->delta = 0;
		hot->ended_now = 0;
		decay(hot, ft_table_weight(table, births[row]));
		if (adjusting)
			adjust(build, hot);
		if (hot->ended == FT_ENDED_NOT)
			build->live++;
		if (!ft_build_is_candidate(build, hot))
			continue;
		ft_region_grow(&build->candidates,
			       (build->candidate_count + 1ULL) * sizeof(uint32_t));
		((uint32_t *)build->candidates.base)[build->candidate_count++] = row;
	}
}

/* A flow's first row; its cold record is complete from here on. */
static void begin_row(struct ft_build *build, const struct ft_change *change)
{
	struct ft_table *table = build->table;
	struct ft_flow *flow = ft_flow_store_flow(table->store, change->slot);
	enum ft_end initiator = ft_flow_initiator(change);
	const uint64_t sender[2] = {
		change->looked_up & 1 ? 0 : change->cookie[0],
		change->looked_up & 2 ? 0 : change->cookie[1],
	};

	flow->initiator = initiator & 3;
	flow->local = ft_table_local_end(table, &flow->key, sender, change->owner, initiator) & 3;
	flow->first_ns = ft_build_time(build, flow->first_ns);
	flow->path = ft_table_path(table, &flow->key) & 3;
	flow->birth = (uint32_t)table->generation;
	((uint32_t *)table->births.base)[change->row] = flow->birth;
	build->rows[change->row] = (struct ft_flow_hot){
		.flow = flow,
		.owner = { change->owner[0], change->owner[1] },
	};
	build->live++;
}

/* Adds one direction's counts to a row's total and rates. */
static void add_counts(const struct ft_build *build, struct ft_flow_hot *hot, int dir,
		       const struct ft_counts *count, const struct ft_weight *weight)
{
	int w;

	hot->total[dir].packets += count->packets;
	hot->total[dir].bytes += count->bytes;
	hot->total[dir].l2_bytes += count->l2_bytes;
	if (build->seconds <= 0 || !count->packets)
		return;
	for (w = 0; w < FT_WINDOWS; w++) {
		double gain = weight->gain[w] / build->seconds;

		hot->rate_bytes[w][dir] += (float)((double)count->bytes * gain);
		hot->rate_packets[w][dir] += (float)((double)count->packets * gain);
	}
}

/* Adds what a flow counted to its row and to its scope's rates. */
static void add_delta(struct ft_build *build, const struct ft_change *change)
{
	struct ft_table *table = build->table;
	struct ft_flow_hot *hot = &build->rows[change->row];
	const struct ft_delta *delta =
		&((const struct ft_delta *)table->deltas.base)[change->delta - 1];
	const struct ft_weight *weight =
		ft_table_weight(table, ((const uint32_t *)table->births.base)[change->row]);
	double *counted = table->scopes[hot->flow->key.scope]->counted;
	uint64_t last_ns = ft_build_time(build, change->last_ns);
	int tx = ft_flow_tx(hot->flow), dir;

	hot->delta = change->delta;
	for (dir = 0; dir < 2; dir++) {
		const struct ft_counts *count = &delta->count[dir];

		add_counts(build, hot, dir, count, weight);
		counted[dir == tx ? FT_RATE_TX_BYTES : FT_RATE_RX_BYTES] += (double)count->bytes;
		counted[dir == tx ? FT_RATE_TX_PACKETS : FT_RATE_RX_PACKETS] +=
			(double)count->packets;
		if (change->ifindex[dir])
			hot->iface_slot[dir] = ft_build_iface_slot(build, change->ifindex[dir]);
		hot->tcp_flags[dir] |= change->tcp_flags[dir];
	}
	if (last_ns > hot->last_ns)
		hot->last_ns = last_ns;
	hot->entry_flags |= change->entry_flags;
	hot->state = ft_flow_state(hot->flow->key.protocol, hot->tcp_flags, hot->flow->initiator,
				   hot->total[0].packets && hot->total[1].packets) & 0xf;
	if (hot->state == FT_STATE_CLOSED)
		ft_build_end(build, change->row, FT_ENDED_FIN);
	else if (hot->state == FT_STATE_RESET)
		ft_build_end(build, change->row, FT_ENDED_RST);
}

/* One change into its row. */
static void add_change(struct ft_build *build, const struct ft_change *change)
{
	struct ft_table *table = build->table;
	uint32_t *link = ft_flow_store_link(table->store, change->slot);
	struct ft_flow_hot *hot = &build->rows[change->row];
	bool is_new = change->flags & FT_CHANGE_NEW;
	uint8_t before[2] = { 0, 0 };

	*link = (*link & FT_LINK_FLAGS) | change->row;
	if (is_new)
		begin_row(build, change);
	else
		memcpy(before, hot->tcp_flags, sizeof(before));
	if (change->delta)
		add_delta(build, change);
	ft_pairs_note(table, change);
	if (table->tcp.socket_count)
		ft_table_join_sockets(table, change);
	if (change->flags & FT_CHANGE_OWNER) {
		hot->owner[0] = change->owner[0];
		hot->owner[1] = change->owner[1];
	}
	if (change->ended != FT_ENDED_NOT)
		ft_build_end(build, change->row, change->ended);
	if (change->flags & FT_CHANGE_SUPERSEDED)
		ft_build_end(build, change->row,
			     (hot->tcp_flags[0] | hot->tcp_flags[1]) & FT_TCP_RST ? FT_ENDED_RST :
										  FT_ENDED_FIN);
	if (change->flags & FT_CHANGE_LEAVE)
		hot->last_ns = 0; /* longer ago than anything that could keep it */
	else
		ft_build_event(build, change->row, is_new, before);
}

/* All changes, in the order in which they were made. */
static void add_changes(struct ft_build *build)
{
	const struct ft_table *table = build->table;
	const struct ft_change *changes = ft_table_changes(table);
	uint32_t i;

	for (i = 0; i < table->change_count; i++) {
		if (i + AHEAD < table->change_count) {
			const struct ft_change *next = &changes[i + AHEAD];
			const char *row = (const char *)&build->rows[next->row];

			__builtin_prefetch(row, 1);
			__builtin_prefetch(row + 64, 1);
			__builtin_prefetch(ft_flow_store_flow(table->store, next->slot));
			__builtin_prefetch(ft_flow_store_link(table->store, next->slot), 1);
		}
		add_change(build, &changes[i]);
	}
}

/* Gives memory back that a busy interval left behind; small things stay. */
static void reset_region(struct ft_region *region)
{
	if (region->bytes > KEPT_BYTES)
		ft_region_free(region);
}

/* The new rows are the table's state from now on; the interval begins anew. */
static void begin_interval(struct ft_build *build)
{
	struct ft_table *table = build->table;

	ft_block_put(table->base);
	table->base = ft_block_take(build->block);
	table->base_count = build->row_count;
	table->held = build->row_count - table->evicted_now;
	table->new_count = table->change_count = table->delta_count = 0;
	table->active_count = table->active_next = 0;
	table->victim_count = table->victim_next = 0;
	table->evicted_now = table->refills = 0;
	table->last_end_ns = build->info->end_ns;
	reset_region(&table->changes);
	reset_region(&table->active);
	reset_region(&table->victims);
}

struct ft_snapshot *ft_table_snapshot(struct ft_table *table, const struct ft_snapshot_info *info,
				      bool last)
{
	struct ft_build build = {
		.table = table,
		.info = info,
		.seconds = (double)info->interval_ns / 1e9,
		.shift_ns = ft_table_clock_shift(table, info),
		.row_count = table->base_count + table->new_count,
	};
	struct ft_snapshot *snapshot;

	table->generation++;
	ft_table_queue_rest(table);
	ft_weights_step(table, build.seconds);
	build.block = ft_block_new(build.row_count);
	build.rows = ft_block_rows(build.block);
	ft_region_grow(&table->births, build.row_count * sizeof(uint32_t));
	ft_build_ifaces(&build);
	copy_rows(&build);
	ft_build_shift(&build);
	ft_build_begin_pairs(&build);
	add_changes(&build);
	ft_build_pair_owners(&build);
	ft_build_age(&build);
	if (table->scopes_ending)
		ft_build_end_scopes(&build);
	if (last)
		ft_build_stop(&build);
	snapshot = ft_build_publish(&build, last);
	begin_interval(&build);
	ft_region_free(&build.candidates);
	ft_flow_store_reap(table->store);
	return snapshot;
}
