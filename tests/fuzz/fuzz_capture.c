/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture files, pcap and pcapng, read to their end as -r reads them. What libpcap makes of the
 * bytes goes through the same log as live packets, so the line adds up here too.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "capture/backend.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ft_backend_ops *ops = &ft_backend_file;
	struct ft_backend_config config = { .file = fuzz_file(data, size), .log_entries = 64 };
	char err[FT_REASON_MAX] = "";
	struct ft_backend *backend = NULL;
	struct ft_batch batch = { 0 };
	int fill;

	if (ops->open(&config, NULL, &backend, err, sizeof(err)) < 0) {
		FUZZ_CHECK(err[0] && fuzz_is_harmless(err));
		return 0;
	}
	do {
		fill = ops->dispatch(backend);
		FUZZ_CHECK(ops->progress(backend) >= 0 && ops->progress(backend) <= 1000);
		FUZZ_CHECK(ops->collect(backend, &batch) == 0);
		FUZZ_CHECK(rest_of(&batch) == 0);
	} while (fill >= 0);
	FUZZ_CHECK(fill == -ENODATA);
	FUZZ_CHECK(ops->remark(backend, 0, err, sizeof(err)) == 0 && fuzz_is_harmless(err));
	ops->close(backend);
	return 0;
}
