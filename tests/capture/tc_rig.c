/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tc_rig.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RUN_MAX 3000   /* octets that BPF_PROG_TEST_RUN takes everywhere: a page less overhead */
#define RUN_MIN 64     /* what it takes of any EtherType */
#define WIRE_MAX 65536 /* GSO_MAX_SIZE, its bound for wire_len */

bool tc_rig_skips(void)
{
	struct tc_rig rig;
	char why[FT_REASON_MAX];
	int error;

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return true;
	}
	error = tc_rig_open(&rig, 64, 64, 1, 1, why, sizeof(why));
	if (error == -EPERM || error == -EACCES) {
		printf("1..0 # SKIP needs root with CAP_BPF: %s\n", why);
		return true;
	}
	if (!error)
		tc_rig_close(&rig);
	return false;
}

static int load_driver(struct tc_rig *rig, uint32_t flows, uint32_t burst)
{
	int error;

	rig->driver = test_driver_bpf__open();
	if (!rig->driver)
		return -errno;
	rig->driver->rodata->driver_flows = flows;
	rig->driver->rodata->driver_burst = burst;
	error = test_driver_bpf__load(rig->driver);
	for (uint32_t i = 0; i < 2 && !error; i++) {
		int fd = ft_tc_store_program(rig->store, false, i, false);

		error = bpf_map_update_elem(bpf_map__fd(rig->driver->maps.driver_targets), &i, &fd,
					    BPF_ANY);
	}
	return error;
}

int tc_rig_open(struct tc_rig *rig, uint32_t log_entries, uint32_t spill_entries, uint32_t flows,
		uint32_t burst, char *err, size_t err_size)
{
	return tc_rig_open_owned(rig, NULL, log_entries, spill_entries, flows, burst, err,
				 err_size);
}

int tc_rig_open_owned(struct tc_rig *rig, const struct ft_owner_maps *maps, uint32_t log_entries,
		      uint32_t spill_entries, uint32_t flows, uint32_t burst, char *err,
		      size_t err_size)
{
	struct ft_backend_config config = {
		.owner_maps = maps,
		.log_entries = log_entries,
		.spill_entries = spill_entries,
	};
	int error;

	memset(rig, 0, sizeof(*rig));
	error = ft_tc_store_open(&config, &rig->store, err, err_size);
	if (error)
		return error;
	error = load_driver(rig, flows, burst);
	if (!error)
		error = tc_rig_watch(rig, FT_IFACE_COUNT_RX | FT_IFACE_COUNT_TX, 0);
	if (error) {
		snprintf(err, err_size, "test driver: %s", strerror(-error));
		tc_rig_close(rig);
		return error;
	}
	ft_tc_store_enable(rig->store, true);
	return 0;
}

void tc_rig_close(struct tc_rig *rig)
{
	test_driver_bpf__destroy(rig->driver);
	ft_tc_store_close(rig->store);
}

int tc_rig_watch(struct tc_rig *rig, uint8_t flags, uint16_t pvid)
{
	struct ft_iface iface = {
		.ifindex = RIG_IFINDEX,
		.scope = RIG_SCOPE,
		.pvid = pvid,
		.flags = flags,
	};

	return ft_tc_store_watch(rig->store, &iface);
}

/* Runs a driver program; -EIO if the target was not reached. */
static int run(int fd, const struct tc_rig_packet *packet, uint32_t size, uint32_t target,
	       uint32_t *ret_ns)
{
	static __thread uint8_t data[RUN_MAX];
	struct __sk_buff ctx = {
		.gso_size = packet->gso_size,
		.gso_segs = packet->gso_segs,
		.cb = { packet->len, packet->tag, target },
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = size,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx),
		    .repeat = (int)packet->repeat);
	int error;

	memset(data, 0, sizeof(data));
	memcpy(data, packet->octets, packet->len < size ? packet->len : size);
	/* The kernel wants at least the frame's own length, which the driver shapes only later. */
	if (packet->wire_len >= size && packet->wire_len <= WIRE_MAX)
		ctx.wire_len = packet->wire_len;
	error = bpf_prog_test_run_opts(fd, &opts);
	if (error)
		return error;
	if (opts.retval != (uint32_t)-1)
		return -EIO;
	if (ret_ns)
		*ret_ns = opts.duration;
	return 0;
}

int tc_rig_shape(struct tc_rig *rig, const struct tc_rig_packet *packet)
{
	uint8_t head[FT_DRIVER_HEAD] = { 0 };
	uint32_t zero = 0, size = packet->len;
	int error;

	memcpy(head, packet->octets, packet->len < sizeof(head) ? packet->len : sizeof(head));
	error = bpf_map_update_elem(bpf_map__fd(rig->driver->maps.driver_heads), &zero, head,
				    BPF_ANY);
	if (error)
		return error;
	if (size < RUN_MIN)
		size = RUN_MIN;
	if (size > RUN_MAX)
		size = RUN_MAX;
	return run(bpf_program__fd(rig->driver->progs.driver_shape), packet, size, packet->egress,
		   NULL);
}

int tc_rig_spread(struct tc_rig *rig, const struct tc_rig_packet *packet, uint32_t target,
		  uint32_t *ret_ns)
{
	return run(bpf_program__fd(rig->driver->progs.driver_spread), packet, packet->len, target,
		   ret_ns);
}

static void add_counts(struct ft_counts *to, const struct ft_counts *from)
{
	to->packets += from->packets;
	to->bytes += from->bytes;
	to->l2_bytes += from->l2_bytes;
}

static void add_tally(struct ft_tally *to, const struct ft_tally *from)
{
	to->packets += from->packets;
	to->l2_bytes += from->l2_bytes;
}

void tc_rig_sum(const struct ft_batch *batch, struct tc_rig_sums *sums)
{
	for (size_t i = 0; i < batch->span_count; i++) {
		const struct ft_span *span = &batch->spans[i];

		sums->entries += span->count;
		for (size_t j = 0; j < span->count; j++)
			for (int d = 0; d < 2; d++)
				add_counts(&sums->flows, &span->entries[j].dir[d]);
	}
	for (size_t i = 0; i < batch->scope_count; i++)
		for (int c = 0; c < FT_C_MAX; c++)
			add_tally(&sums->counters.c[c], &batch->scopes[i].counters.c[c]);
	for (size_t i = 0; i < batch->iface_count; i++) {
		add_tally(&sums->hooks.rx, &batch->ifaces[i].counters.rx);
		add_tally(&sums->hooks.tx, &batch->ifaces[i].counters.tx);
	}
}

bool tc_rig_adds_up(const struct tc_rig_sums *sums)
{
	const struct ft_tally *seen = &sums->counters.c[FT_C_SEEN];
	uint64_t packets = sums->flows.packets, l2_bytes = sums->flows.l2_bytes;

	for (int c = FT_C_SEEN + 1; c < FT_C_MAX; c++) {
		packets += sums->counters.c[c].packets;
		l2_bytes += sums->counters.c[c].l2_bytes;
	}
	return packets == seen->packets && l2_bytes == seen->l2_bytes;
}
