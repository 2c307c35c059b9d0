/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads one half of the store and clears it. Nobody writes to that half meanwhile (the grace
 * period of ft_tc_store_collect), so plain loads and stores do. The log is not copied: spans
 * point at it. Its entries are overwritten only after the next flip but one.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "capture/tc_store_priv.h"
#include "core/log.h"
#include "core/xalloc.h"

#define SPILL_BATCH 4096

/* Moves all entries of a spill map to the end of store->spilled. */
static int take_spilled(struct ft_tc_store *store, int fd, size_t *count)
{
	uint64_t cursor[2][sizeof(struct ft_flow_key) / 8]; /* the kernel's mark, at most a key */
	size_t capacity = 2 * (size_t)store->spill_entries;
	void *in = NULL;
	int turn = 0;

	if (!store->spilled) {
		store->spilled = xcalloc(capacity + SPILL_BATCH, sizeof(*store->spilled));
		store->spill_keys = xcalloc(SPILL_BATCH, sizeof(*store->spill_keys));
	}
	for (;;) {
		uint32_t n = SPILL_BATCH;
		int error;

		if (*count > capacity)
			return -EOVERFLOW;
		error = bpf_map_lookup_and_delete_batch(fd, in, cursor[turn], store->spill_keys,
							store->spilled + *count, &n, NULL);
		if (error && error != -ENOENT)
			return error;
		*count += n;
		if (error)
			return 0;
		in = cursor[turn];
		turn = !turn;
	}
}

/* What spilled in an epoch; no system call if nothing did. */
static int drain_spill(struct ft_tc_store *store, uint32_t epoch, size_t *count)
{
	const struct bpf_map *map = epoch ? store->skel->maps.ft_spill1 :
					    store->skel->maps.ft_spill0;
	int error;

	if (!store->skel->bss->ft_spill_fill[epoch])
		return 0;
	error = take_spilled(store, bpf_map__fd(map), count);
	if (error)
		ft_log(FT_LOG_ERROR, "tc: spill map: %s", strerror(-error));
	else
		store->skel->bss->ft_spill_fill[epoch] = 0;
	return error;
}

/* One span per CPU that logged something; the index and the fill are cleared. */
static void drain_logs(struct ft_tc_store *store, uint32_t epoch, struct ft_batch *batch)
{
	for (uint32_t i = 0; i < store->cpu_end; i++) {
		struct ft_cpu *cpu = &store->cpus[i];
		uint32_t fill = cpu->fill[epoch];
		size_t half;

		if (!cpu->slot || !fill)
			continue;
		half = (size_t)(cpu->slot - 1) * 2 + epoch;
		store->spans[batch->span_count++] = (struct ft_span){
			.entries = store->log + half * store->log_entries,
			.count = fill,
		};
		memset(store->index + half * store->buckets, 0,
		       store->buckets * sizeof(struct ft_bucket));
		cpu->fill[epoch] = 0;
		fill = (uint32_t)((uint64_t)fill * 1000 / store->log_entries);
		if (fill > batch->health.log_fill)
			batch->health.log_fill = fill;
	}
}

/* Adds the words of `from` to those of `to` and zeroes them; true if any was not zero. */
static bool take_words(void *to, void *from, size_t size)
{
	uint64_t *sum = to, *word = from, any = 0;

	for (size_t i = 0; i < size / sizeof(*word); i++) {
		sum[i] += word[i];
		any |= word[i];
	}
	if (any)
		memset(from, 0, size);
	return any != 0;
}

/* Counters of the scopes ever watched, summed over CPUs. */
static void drain_scopes(struct ft_tc_store *store, uint32_t half, uint32_t halves,
			 struct ft_batch *batch)
{
	for (size_t scope = 0; scope < FT_MAX_SCOPES; scope++) {
		struct ft_scope_delta *delta = &store->scope_deltas[batch->scope_count];
		bool any = false;

		if (!store->scope_used[scope])
			continue;
		memset(delta, 0, sizeof(*delta));
		delta->scope = (uint16_t)scope;
		for (size_t at = half; at < 2 * ((size_t)store->slots + 1); at += 3 - halves)
			any |= take_words(&delta->counters,
					  &store->scopes[at * FT_MAX_SCOPES + scope],
					  sizeof(delta->counters));
		if (any)
			batch->scope_count++;
	}
}

/* Raw counters of the hooks; a slot whose interface left is free after this. */
static void drain_hooks(struct ft_tc_store *store, uint32_t half, uint32_t halves,
			struct ft_batch *batch)
{
	for (size_t i = 0; i < FT_MAX_IFACES; i++) {
		struct ft_iface_delta *delta = &store->iface_deltas[batch->iface_count];
		struct ft_tc_slot *slot = &store->iface_slots[i];
		bool any = false;

		if (!slot->ifindex)
			continue;
		memset(delta, 0, sizeof(*delta));
		delta->ifindex = slot->ifindex;
		for (size_t at = half; at < 2 * ((size_t)store->slots + 1); at += 3 - halves)
			any |= take_words(&delta->counters, &store->hooks[at * FT_MAX_IFACES + i],
					  sizeof(delta->counters));
		if (any)
			batch->iface_count++;
		if (slot->leaving)
			*slot = (struct ft_tc_slot){ 0 };
	}
}

int ft_tc_drain(struct ft_tc_store *store, uint32_t first, bool both, struct ft_batch *batch)
{
	uint32_t half = both ? 0 : first, halves = both ? 2 : 1;
	size_t spilled = store->spill_taken;
	int error;

	/* The spill maps first: only they can fail, and then nothing else was touched but what
	 * was taken out of them: the next batch has it. */
	error = drain_spill(store, first, &spilled);
	if (!error && both)
		error = drain_spill(store, !first, &spilled);
	store->spill_taken = error ? spilled : 0;
	if (error)
		return error;
	batch->spans = store->spans;
	batch->scopes = store->scope_deltas;
	batch->ifaces = store->iface_deltas;
	drain_logs(store, first, batch);
	if (both)
		drain_logs(store, !first, batch);
	/* After the logs: what a connection that ended left there is older than its successor. */
	if (spilled)
		store->spans[batch->span_count++] = (struct ft_span){ store->spilled, spilled };
	batch->health.spilled = spilled;
	drain_scopes(store, half, halves, batch);
	drain_hooks(store, half, halves, batch);
	if (store->health)
		ft_tc_health_drain(store->health, first, batch);
	if (store->health && both)
		ft_tc_health_drain(store->health, !first, batch);
	return 0;
}
