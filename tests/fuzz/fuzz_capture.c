/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture files, pcap and pcapng, read to their end as -r reads them. What libpcap makes of the
 * bytes goes through the same log as live packets, so the line adds up here too; and all that was
 * seen is kept as it is for -w FILE.pcapng.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "capture/backend.h"
#include "capture/mailbox.h"
#include "capture/packet_store.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "capture";

/* seen less everything that it must be the sum of. */
static uint64_t rest_of(const struct ft_batch *batch)
{
	uint64_t packets = 0;

	for (size_t i = 0; i < batch->scope_count; i++)
		for (int c = 0; c < FT_C_MAX; c++)
			packets += c == FT_C_SEEN ? batch->scopes[i].counters.c[c].packets
						  : -batch->scopes[i].counters.c[c].packets;
	for (size_t i = 0; i < batch->span_count; i++)
		for (size_t j = 0; j < batch->spans[i].count; j++)
			packets -= batch->spans[i].entries[j].dir[0].packets +
				   batch->spans[i].entries[j].dir[1].packets;
	return packets;
}

/* seen of a batch. */
static uint64_t seen_of(const struct ft_batch *batch)
{
	uint64_t packets = 0;

	for (size_t i = 0; i < batch->scope_count; i++)
		packets += batch->scopes[i].counters.c[FT_C_SEEN].packets;
	return packets;
}

/* How many packets a list accounts for; its order and lengths are as promised. */
static uint64_t read_list(struct ft_packets *packets)
{
	uint64_t count = 0;

	for (size_t i = 0; packets && i < packets->iface_count; i++)
		count += packets->ifaces[i].no_room;
	for (size_t i = 0; packets && i < packets->count; i++) {
		FUZZ_CHECK(packets->packet[i]->cap_len <= FT_PACKETS_SNAPLEN);
		FUZZ_CHECK(i == 0 ||
			   packets->packet[i - 1]->time_ns <= packets->packet[i]->time_ns);
		count++;
	}
	ft_packets_free(packets);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ft_backend_ops *ops = &ft_backend_file;
	struct ft_packet_way way;
	struct ft_backend_config config = { .file = fuzz_file(data, size), .log_entries = 64 };
	char err[FT_REASON_MAX] = "";
	struct ft_backend *backend = NULL;
	struct ft_batch batch = { 0 };
	uint64_t packets;
	int fill;

	FUZZ_CHECK(ft_packet_way_init(&way, 1 << 20) == 0);
	config.packets = ft_packet_store_new(&way);
	if (ops->open(&config, NULL, &backend, err, sizeof(err)) < 0) {
		FUZZ_CHECK(err[0] && fuzz_is_harmless(err));
		ft_packet_store_free(config.packets);
		ft_packet_way_done(&way);
		return 0;
	}
	do {
		fill = ops->dispatch(backend);
		FUZZ_CHECK(ops->progress(backend) >= 0 && ops->progress(backend) <= 1000);
		FUZZ_CHECK(ops->collect(backend, &batch) == 0);
		FUZZ_CHECK(rest_of(&batch) == 0);
		FUZZ_CHECK(ft_packet_store_flush(config.packets, 1, UINT64_MAX, false));
		packets = seen_of(&batch);
		/* A super-packet is one packet here, but no file tells of any. */
		FUZZ_CHECK(read_list(ft_queue_take(way.queue)) == packets);
	} while (fill >= 0);
	FUZZ_CHECK(fill == -ENODATA);
	FUZZ_CHECK(ops->remark(backend, 0, err, sizeof(err)) == 0 && fuzz_is_harmless(err));
	ops->close(backend);
	ft_packet_store_free(config.packets);
	FUZZ_CHECK(ft_packet_room_used(way.room) == 0);
	ft_packet_way_done(&way);
	return 0;
}
