/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store: birth, sizes, tables, clock, flip. Memory is the kernel's: array maps, mapped
 * here. A flip is four steps that must keep their order:
 *
 *   1. store the control word with the other epoch: from now on packets land in that half,
 *      which the previous collect left empty;
 *   2. read the clocks: this is the moment that ends the period;
 *   3. grace: wait until each program that may have read the old word has returned;
 *   4. read the old half and clear it (tc_drain.c): nobody else touches it.
 *
 * Log entries stay where they are until the half is used again, so the batch points at them.
 */
#include "capture/tc_store.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "capture/backend.h"
#include "capture/clock.h"
#include "capture/owner_bpf.h"
#include "capture/tc_store_priv.h"
#include "core/log.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define SAMPLE_EVERY 64 /* packets; why not 16 says HACKING.md */
#define LOG_BYTES_MAX (64U << 20) /* all logs and indices together */
#define LOG_ENTRIES_MIN 2048
#define SPILL_ENTRIES 32768       /* behind a log */
#define SPILL_ENTRIES_ALONE 131072 /* with no log before it */
#define HASH_ENTRY_OVERHEAD 64    /* struct htab_elem and its bucket, about */
#define CLOCK_BASE_NS 2000000000ULL /* the clock's first reading is at least that old */

/* libbpf's words go to the log: stderr belongs to the screen. */
static int print_to_log(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level; /* its warnings are the daily bread of probing */

	ft_vlog(FT_LOG_DEBUG, format, args);
	return 0;
}

/* The sentence for a failed load. */
static void explain_load(int error, char *err, size_t err_size)
{
	if (error == -EPERM || error == -EACCES)
		snprintf(err, err_size,
			 _("loading BPF programs needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON: "
			   "run it with sudo, or give them once with setcap "
			   "cap_bpf,cap_net_admin,cap_perfmon,cap_net_raw+ep"));
	else
		snprintf(err, err_size, _("this kernel does not take the BPF programs: %s"),
			 strerror(-error));
}

/* On PREEMPT_RT a tc program can be preempted by another on its CPU: no CPU may own a slot. */
static bool kernel_is_rt(void)
{
	struct utsname name;

	if (access("/sys/kernel/realtime", F_OK) == 0)
		return true;
	return uname(&name) == 0 && strstr(name.version, "PREEMPT_RT");
}

/* Calls `each` for every number of a list like "0-3,8"; stops at what is no number. */
static void for_each_cpu(const char *list, void (*each)(void *arg, uint32_t cpu), void *arg)
{
	while (*list >= '0' && *list <= '9') {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && first < UINT32_MAX; first++)
			each(arg, (uint32_t)first);
		if (*end != ',')
			break;
		list = end + 1;
	}
}

/* CPUs that are online, a list; at least "0". */
static void online_cpus(char *list, size_t size)
{
	FILE *file = fopen("/sys/devices/system/cpu/online", "re");

	if (!file || !fgets(list, (int)size, file))
		snprintf(list, size, "0");
	if (file)
		fclose(file);
}

static void count_cpu(void *arg, uint32_t cpu)
{
	struct ft_tc_store *store = arg;

	if (cpu < FT_MAX_CPUS)
		store->slots++;
}

/* Gives a CPU the next slot; store->slots counts up to what was sized. */
struct assign {
	struct ft_tc_store *store;
	uint32_t next;
};

static void assign_cpu(void *arg, uint32_t cpu)
{
	struct assign *assign = arg;

	if (cpu >= FT_MAX_CPUS || assign->next >= assign->store->slots)
		return;
	assign->store->cpus[cpu].slot = ++assign->next;
	if (cpu >= assign->store->cpu_end)
		assign->store->cpu_end = cpu + 1;
}

static uint32_t round_up_power(uint32_t n)
{
	uint32_t power = 1;

	while (power < n)
		power *= 2;
	return power;
}

/* How large each half is: as much as fits into LOG_BYTES_MAX, with limits. */
static void size_store(struct ft_tc_store *store, const struct ft_backend_config *config)
{
	uint64_t per_entry = sizeof(struct ft_entry) + 2 * sizeof(uint32_t);
	uint32_t entries = FT_LOG_ENTRIES_MAX;

	while (entries > LOG_ENTRIES_MIN &&
	       entries * per_entry * 2 * store->slots > LOG_BYTES_MAX)
		entries /= 2;
	if (config->log_entries)
		entries = config->log_entries < FT_LOG_ENTRIES_MAX ? config->log_entries :
								     FT_LOG_ENTRIES_MAX;
	store->log_entries = store->slots ? entries : 0;
	/* Two words an entry: a quarter of them is used when the collector drains at half. */
	store->buckets = round_up_power((2 * entries + FT_BUCKET_SLOTS - 1) / FT_BUCKET_SLOTS);
	store->spill_entries = config->spill_entries;
	if (!store->spill_entries)
		store->spill_entries = store->slots ? SPILL_ENTRIES : SPILL_ENTRIES_ALONE;
}

static int set_size(struct ft_tc_store *store, struct bpf_map *map, uint64_t entries)
{
	if (entries == 0)
		entries = 1;
	if (entries > UINT32_MAX)
		return -E2BIG;
	store->map_bytes += entries * (bpf_map__value_size(map) +
				       (bpf_map__type(map) == BPF_MAP_TYPE_HASH ?
						sizeof(struct ft_flow_key) + HASH_ENTRY_OVERHEAD :
						0));
	return bpf_map__set_max_entries(map, (uint32_t)entries);
}

static int set_sizes(struct ft_tc_store *store)
{
	struct flow_tc_bpf *skel = store->skel;
	uint64_t halves = 2 * (uint64_t)store->slots, counters = halves + 2;
	int error;

	error = set_size(store, skel->maps.ft_index, halves * store->buckets);
	if (!error)
		error = set_size(store, skel->maps.ft_log, halves * store->log_entries);
	if (!error)
		error = set_size(store, skel->maps.ft_scopes, counters * FT_MAX_SCOPES);
	if (!error)
		error = set_size(store, skel->maps.ft_hooks, counters * FT_MAX_IFACES);
	if (!error)
		error = set_size(store, skel->maps.ft_spill0, store->spill_entries);
	if (!error)
		error = set_size(store, skel->maps.ft_spill1, store->spill_entries);
	return error;
}

static int map_all(struct ft_tc_store *store)
{
	struct flow_tc_bpf *skel = store->skel;
	const int rw = PROT_READ | PROT_WRITE;
	int error;

	error = ft_tc_memory_map(skel->maps.ft_index, rw, &store->index_memory);
	if (!error)
		error = ft_tc_memory_map(skel->maps.ft_log, PROT_READ, &store->log_memory);
	if (!error)
		error = ft_tc_memory_map(skel->maps.ft_scopes, rw, &store->scopes_memory);
	if (!error)
		error = ft_tc_memory_map(skel->maps.ft_hooks, rw, &store->hooks_memory);
	if (error)
		return error;
	store->ifaces = skel->bss->ft_ifaces;
	store->cpus = skel->bss->ft_cpus;
	store->index = store->index_memory.at;
	store->log = store->log_memory.at;
	store->scopes = store->scopes_memory.at;
	store->hooks = store->hooks_memory.at;
	return 0;
}

/* Leaves out of a load what is for the other kind of device. */
static void choose_programs(struct flow_tc_bpf *skel, bool l3)
{
	bpf_program__set_autoload(skel->progs.flowtop_l2_rx, !l3);
	bpf_program__set_autoload(skel->progs.flowtop_l2_tx, !l3);
	bpf_program__set_autoload(skel->progs.flowtop_s_l2_rx, !l3);
	bpf_program__set_autoload(skel->progs.flowtop_s_l2_tx, !l3);
	bpf_program__set_autoload(skel->progs.flowtop_clock, !l3);
	bpf_program__set_autoload(skel->progs.flowtop_l3_rx, l3);
	bpf_program__set_autoload(skel->progs.flowtop_l3_tx, l3);
	bpf_program__set_autoload(skel->progs.flowtop_s_l3_rx, l3);
	bpf_program__set_autoload(skel->progs.flowtop_s_l3_tx, l3);
}

/* Puts the programs into the array that the stubs jump through; only this process holds it. */
static int fill_jumps(struct ft_tc_store *store, struct flow_tc_bpf *skel, bool l3)
{
	const struct bpf_program *const target[] = {
		l3 ? skel->progs.flowtop_l3_rx : skel->progs.flowtop_l2_rx,
		l3 ? skel->progs.flowtop_l3_tx : skel->progs.flowtop_l2_tx,
	};

	for (uint32_t i = 0; i < 2; i++) {
		uint32_t at = i + (l3 ? 2 : 0); /* FT_JUMP_* */
		int fd = bpf_program__fd(target[i]);

		if (bpf_map_update_elem(bpf_map__fd(store->skel->maps.ft_jump), &at, &fd, BPF_ANY))
			return -errno;
	}
	return 0;
}

/* Loads the programs for L3 devices onto the maps that are there. */
static int load_l3(struct ft_tc_store *store)
{
	struct flow_tc_bpf *l3 = flow_tc_bpf__open();
	struct bpf_map *map;
	int error = 0;

	if (!l3)
		return -errno;
	choose_programs(l3, true);
	bpf_object__for_each_map(map, l3->obj) {
		const struct bpf_map *ours =
			bpf_object__find_map_by_name(store->skel->obj, bpf_map__name(map));

		if (!error)
			error = ours ? bpf_map__reuse_fd(map, bpf_map__fd(ours)) : -ENOENT;
	}
	if (!error)
		error = flow_tc_bpf__load(l3);
	if (!error)
		error = fill_jumps(store, l3, true);
	if (error) {
		flow_tc_bpf__destroy(l3);
		return error;
	}
	store->l3 = l3;
	return 0;
}

/* Reads jiffies and the monotonic clock at one moment. */
static int read_clock(struct ft_tc_store *store, uint64_t *ret_tick, uint64_t *ret_mono)
{
	uint8_t frame[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame));
	int error;

	error = bpf_prog_test_run_opts(bpf_program__fd(store->skel->progs.flowtop_clock), &opts);
	if (error)
		return error;
	*ret_tick = store->skel->bss->ft_clock_tick;
	*ret_mono = store->skel->bss->ft_clock_mono;
	return 0;
}

/* The readings as wall-clock time by what that is now. It can be set, the readings cannot: so
 * a batch's times are those of the clock as it stands, whatever it was before. */
static struct ft_clock wall_clock(const struct ft_tc_store *store)
{
	uint64_t offset = ft_clock_read(CLOCK_REALTIME) - ft_clock_read(CLOCK_MONOTONIC);
	struct ft_clock clock = store->clock;

	clock.ns0 += offset;
	clock.ns1 += offset;
	return clock;
}

/*
 * A new reading at each flip. A tick is coarse, so the base stays until it is old enough; it
 * does not stay for ever, because the monotonic clock is slewed.
 */
static void tend_clock(struct ft_tc_store *store)
{
	struct ft_clock *clock = &store->clock;
	uint64_t tick, ns;

	if (read_clock(store, &tick, &ns))
		return;
	if (clock->tick1 > clock->tick0 && clock->ns1 - clock->ns0 >= CLOCK_BASE_NS) {
		clock->tick0 = clock->tick1;
		clock->ns0 = clock->ns1;
	}
	clock->tick1 = tick;
	clock->ns1 = ns;
	if (clock->tick1 <= clock->tick0 || clock->ns1 <= clock->ns0) {
		clock->tick1 = clock->tick0 + 1; /* within one tick of the start: any slope does */
		clock->ns1 = clock->ns0 + 4000000;
	}
}

/* Shares the owner programs' maps, or makes do with the smallest ones. */
static int set_owners(struct ft_tc_store *store, const struct ft_owner_maps *maps)
{
	struct flow_tc_bpf *skel = store->skel;
	int error;

	if (!maps)
		return bpf_map__set_max_entries(skel->maps.ft_owner_ring,
						(uint32_t)sysconf(_SC_PAGESIZE));
	error = bpf_map__reuse_fd(skel->maps.ft_owner_sk, maps->sk_fd);
	if (!error)
		error = bpf_map__reuse_fd(skel->maps.ft_owner_ring, maps->ring_fd);
	if (!error)
		skel->rodata->ft_owners_on = true;
	return error;
}

/* Opens, sizes and loads the programs for devices with a link-layer header. */
static int load_programs(struct ft_tc_store *store, const struct ft_owner_maps *maps)
{
	uint32_t seed[sizeof(store->skel->rodata->ft_seed) / sizeof(uint32_t)];
	int error;

	store->skel = flow_tc_bpf__open();
	if (!store->skel)
		return -errno;
	store->map_bytes = 0;
	error = set_sizes(store);
	if (!error)
		error = set_owners(store, maps);
	if (!error)
		error = ft_tc_wake_prepare(store);
	if (error)
		return error;
	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		return -EIO;
	memcpy(store->skel->rodata->ft_seed, seed, sizeof(seed));
	store->skel->rodata->ft_slots = store->slots;
	store->skel->rodata->ft_log_entries = store->log_entries;
	store->skel->rodata->ft_buckets = store->buckets;
	store->skel->rodata->ft_health_on = store->health != NULL;
	store->skel->rodata->ft_sample_shift = store->sample_shift;
	choose_programs(store->skel, false);
	return flow_tc_bpf__load(store->skel);
}

/* Lets the accounting programs jump to the one that looks at sockets. */
static int join_health(struct ft_tc_store *store)
{
	uint32_t at = 4; /* FT_JUMP_HEALTH */
	int fd;

	if (!store->health)
		return 0;
	fd = ft_tc_health_program(store->health);
	ft_tc_health_assign(store->health, store->cpus);
	store->map_bytes += ft_tc_health_bytes(store->health);
	if (bpf_map_update_elem(bpf_map__fd(store->skel->maps.ft_jump), &at, &fd, BPF_ANY))
		return -errno;
	return 0;
}

/* All programs and their memory. Some kernels refuse a program with functions that jumps, so
 * that sockets cannot be looked at there: the rest goes without. */
static int load(struct ft_tc_store *store, const struct ft_backend_config *config)
{
	char cpus[4096];
	int error;

	libbpf_set_print(print_to_log);
	online_cpus(cpus, sizeof(cpus));
	if (!kernel_is_rt())
		for_each_cpu(cpus, count_cpu, store);
	size_store(store, config);
	store->sample_shift = (uint32_t)__builtin_ctz(config->sample_every ? config->sample_every :
								      SAMPLE_EVERY);
	if (store->sample_shift)
		store->health = ft_tc_health_open(store->slots, config->log_entries);
	error = load_programs(store, config->owner_maps);
	if (error && store->health) {
		flow_tc_bpf__destroy(store->skel);
		ft_tc_health_close(store->health);
		store->health = NULL;
		error = load_programs(store, config->owner_maps);
	}
	if (!error)
		error = map_all(store);
	if (error)
		return error;
	for_each_cpu(cpus, assign_cpu, &(struct assign){ .store = store });
	error = join_health(store);
	if (error)
		return error;
	return fill_jumps(store, store->skel, false);
}

int ft_tc_store_open(const struct ft_backend_config *config, struct ft_tc_store **ret_store,
		     char *err, size_t err_size)
{
	struct ft_tc_store *store = xcalloc(1, sizeof(*store));
	int error;

	store->grace_fd = -1;
	error = load(store, config);
	if (error)
		goto cleanup;
	ft_tc_wake_open(store);
	store->grace_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ft_grace_inner", 4, 4, 1, NULL);
	if (store->grace_fd < 0) {
		error = -errno;
		goto cleanup;
	}
	error = read_clock(store, &store->clock.tick0, &store->clock.ns0);
	if (error)
		goto cleanup;
	store->spans = xcalloc(2 * (size_t)store->slots + 1, sizeof(*store->spans));
	store->scope_deltas = xcalloc(FT_MAX_SCOPES, sizeof(*store->scope_deltas));
	store->iface_deltas = xcalloc(FT_MAX_IFACES, sizeof(*store->iface_deltas));
	*ret_store = store;
	return 0;

cleanup:
	explain_load(error, err, err_size);
	ft_tc_store_close(store);
	return error;
}

void ft_tc_store_close(struct ft_tc_store *store)
{
	if (!store)
		return;
	ft_tc_memory_unmap(&store->index_memory);
	ft_tc_memory_unmap(&store->log_memory);
	ft_tc_memory_unmap(&store->scopes_memory);
	ft_tc_memory_unmap(&store->hooks_memory);
	if (store->grace_fd >= 0)
		close(store->grace_fd);
	ft_tc_wake_close(store);
	flow_tc_bpf__destroy(store->l3);
	flow_tc_bpf__destroy(store->skel);
	ft_tc_health_close(store->health);
	free(store->spans);
	free(store->scope_deltas);
	free(store->iface_deltas);
	free(store->spilled);
	free(store->spill_keys);
	free(store);
}

static int program_fd(const struct flow_tc_bpf *skel, bool l3, bool egress, bool stub)
{
	const struct bpf_program *const program[] = {
		skel->progs.flowtop_l2_rx,   skel->progs.flowtop_l2_tx,
		skel->progs.flowtop_l3_rx,   skel->progs.flowtop_l3_tx,
		skel->progs.flowtop_s_l2_rx, skel->progs.flowtop_s_l2_tx,
		skel->progs.flowtop_s_l3_rx, skel->progs.flowtop_s_l3_tx,
	};

	return bpf_program__fd(program[4 * stub + 2 * l3 + egress]);
}

int ft_tc_store_program(struct ft_tc_store *store, bool l3, bool egress, bool stub)
{
	if (l3 && !store->l3) {
		int error = load_l3(store);

		if (error)
			return error;
	}
	return program_fd(l3 ? store->l3 : store->skel, l3, egress, stub);
}

/* Where ifindex is in the table, or the first free slot for it; -ENOSPC. */
static int find_slot(const struct ft_tc_store *store, uint32_t ifindex)
{
	uint32_t at = FT_IFACE_HASH(ifindex);
	int free_slot = -ENOSPC;

	for (uint32_t i = 0; i < FT_IFACE_PROBES; i++) {
		uint32_t slot = (at + i) & (FT_MAX_IFACES - 1);

		if (store->iface_slots[slot].ifindex == ifindex)
			return (int)slot;
		if (free_slot < 0 && !store->iface_slots[slot].ifindex)
			free_slot = (int)slot;
	}
	return free_slot;
}

int ft_tc_store_watch(struct ft_tc_store *store, const struct ft_iface *iface)
{
	int slot = find_slot(store, iface->ifindex);
	uint64_t word[2];

	if (slot < 0)
		return slot;
	if (iface->scope >= FT_MAX_SCOPES)
		return -ENOSPC;
	store->iface_slots[slot].ifindex = iface->ifindex;
	store->iface_slots[slot].leaving = false;
	store->scope_used[iface->scope] = true;
	/* Programs look for the ifindex, in the first word: it appears last and with its scope. */
	memcpy(word, iface, sizeof(word));
	__atomic_store_n((uint64_t *)&store->ifaces[slot] + 1, word[1], __ATOMIC_SEQ_CST);
	__atomic_store_n((uint64_t *)&store->ifaces[slot], word[0], __ATOMIC_SEQ_CST);
	return 0;
}

void ft_tc_store_unwatch(struct ft_tc_store *store, uint32_t ifindex)
{
	int slot = find_slot(store, ifindex);

	if (slot < 0 || store->iface_slots[slot].ifindex != ifindex)
		return;
	__atomic_store_n((uint64_t *)&store->ifaces[slot], 0, __ATOMIC_SEQ_CST);
	store->iface_slots[slot].leaving = true;
}

/* Tells the programs epoch and switch in one word. */
static void set_control(struct ft_tc_store *store)
{
	uint32_t word = (store->epoch ? FT_CTL_EPOCH : 0) | (store->enabled ? FT_CTL_ENABLED : 0);

	__atomic_store_n(&store->skel->bss->ft_ctl, word, __ATOMIC_SEQ_CST);
}

void ft_tc_store_enable(struct ft_tc_store *store, bool on)
{
	store->enabled = on;
	set_control(store);
}

/* Waits until no program runs that began before the call. */
static int wait_grace(struct ft_tc_store *store)
{
	uint32_t zero = 0;

	/* The kernel waits for RCU after the update of a map of maps, before it returns. */
	if (bpf_map_update_elem(bpf_map__fd(store->skel->maps.ft_grace), &zero, &store->grace_fd,
				BPF_ANY) == 0)
		return 0;
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0)
		return 0;
	return -errno;
}

/* Ends the period at this moment, waits, reads. */
static int read_halves(struct ft_tc_store *store, uint32_t first, bool both,
		       struct ft_batch *ret_batch)
{
	struct ft_batch batch = {
		.end_ns = ft_clock_read(CLOCK_REALTIME),
		.mono_ns = ft_clock_read(CLOCK_MONOTONIC),
	};
	int error;

	tend_clock(store);
	error = wait_grace(store);
	if (!error)
		error = ft_tc_drain(store, first, both, &batch);
	if (error)
		return error;
	batch.clock = wall_clock(store);
	batch.health.flips = store->flips;
	batch.health.map_bytes = store->map_bytes;
	*ret_batch = batch;
	return 0;
}

int ft_tc_store_collect(struct ft_tc_store *store, struct ft_batch *ret_batch)
{
	uint32_t old = store->epoch;

	store->epoch = !old;
	store->flips++;
	set_control(store);
	if (store->health)
		ft_tc_health_flip(store->health, store->epoch);
	return read_halves(store, old, false, ret_batch);
}

int ft_tc_store_finish(struct ft_tc_store *store, struct ft_batch *ret_batch)
{
	ft_tc_store_enable(store, false);
	return read_halves(store, !store->epoch, true, ret_batch);
}
