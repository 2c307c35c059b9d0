/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a half wants to be drained before the interval ends: at half full, which leaves the other
 * half of it for what comes until the flip.
 *
 *   entry fills log or spill map to its mark ─► ring ft_wake ─► its descriptor is readable
 *   ─► the collector asks for the fill, which empties the ring ─► half full: it flips
 *
 * A program wakes us after it has counted the entry, and we empty the ring before we look: what
 * fills up behind our back has us woken again. So who waits for the descriptor misses nothing;
 * nearly, for a half that could not be read (tc_drain.c) is past its mark and stays silent. Whoever
 * waits then looks now and then all the same, and often where there is no ring.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "capture/tc_store_priv.h"
#include "core/log.h"

/* The least with which ft_tc_store_fill says 500. */
static uint32_t half_of(uint32_t entries)
{
	return (entries + 1) / 2;
}

int ft_tc_wake_prepare(struct ft_tc_store *store)
{
	store->skel->rodata->ft_log_mark = half_of(store->log_entries);
	store->skel->rodata->ft_spill_mark = half_of(store->spill_entries);
	return bpf_map__set_max_entries(store->skel->maps.ft_wake, (uint32_t)sysconf(_SC_PAGESIZE));
}

/* That there is a record is all that it says. */
static int on_wake(void *arg, void *data, size_t size)
{
	(void)arg;
	(void)data;
	(void)size;
	return 0;
}

void ft_tc_wake_open(struct ft_tc_store *store)
{
	store->wake = ring_buffer__new(bpf_map__fd(store->skel->maps.ft_wake), on_wake, NULL, NULL);
	if (!store->wake)
		ft_log(FT_LOG_WARN, "tc: programs cannot wake us, so we look often: %s",
		       strerror(errno));
}

void ft_tc_wake_close(struct ft_tc_store *store)
{
	ring_buffer__free(store->wake);
}

int ft_tc_store_fd(const struct ft_tc_store *store)
{
	return store->wake ? bpf_map__fd(store->skel->maps.ft_wake) : -1;
}

int ft_tc_store_fill(struct ft_tc_store *store)
{
	uint64_t fill = 0, most;

	if (store->wake)
		ring_buffer__consume(store->wake);
	for (uint32_t i = 0; i < store->cpu_end; i++) {
		uint32_t n = __atomic_load_n(&store->cpus[i].fill[store->epoch], __ATOMIC_RELAXED);

		if (n > fill)
			fill = n;
	}
	most = store->log_entries ? fill * 1000 / store->log_entries : 0;
	fill = __atomic_load_n(&store->skel->bss->ft_spill_fill[store->epoch], __ATOMIC_RELAXED);
	fill = fill * 1000 / store->spill_entries;
	return (int)(fill > most ? fill : most);
}
