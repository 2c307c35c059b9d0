/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the table of packets as inputs for fuzz_packet into the folder given: eight cases an
 * input, so that fragments stay together. Run by hand when the table has grown (tools/fuzz).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/capture/packets.h"

#define TOGETHER 8
#define HEAD_MAX 200 /* octets kept; the rest of a packet is zeros that only its length tells */

static void put(FILE *file, uint64_t value, int octets)
{
	while (octets-- > 0)
		putc((int)(value >> 8 * octets & 0xff), file);
}

/* One packet as fuzz_packet.c takes it. */
static void put_case(FILE *file, const struct ft_packet_case *c)
{
	static uint8_t frame[128 * 1024];
	size_t length = ft_packet_case_bytes(c, frame, sizeof(frame));
	size_t kept = c->cap_len && c->cap_len < length ? c->cap_len : length;
	unsigned bits = (unsigned)c->link % 5;

	/* the link takes three bits of a number that is taken modulo 5 */
	for (unsigned flags = 0; flags < 256; flags += 8)
		if ((flags & 8) == (c->egress ? 8U : 0U) &&
		    (flags & 16) == (c->vlan_valid ? 16U : 0U) &&
		    (flags & 32) == (c->vlan_aware ? 32U : 0U)) {
			for (unsigned low = 0; low < 8; low++)
				if ((flags + low) % 5 == (unsigned)c->link % 5)
					bits = flags + low;
			break;
		}
	if (kept > HEAD_MAX)
		kept = HEAD_MAX;
	put(file, bits, 1);
	put(file, c->vlan_tci, 2);
	put(file, c->pvid, 2);
	put(file, c->gso_size, 2);
	put(file, c->gso_segs, 2);
	put(file, 0, 2);
	put(file, length - kept, 3);
	put(file, kept, 2);
	fwrite(frame, 1, kept, file);
}

int main(int argc, char *argv[])
{
	size_t count;
	const struct ft_packet_case *cases = ft_packet_cases(&count);
	FILE *file = NULL;

	for (size_t i = 0; argc == 2 && i < count; i++) {
		char path[4096];

		if (i % TOGETHER == 0) {
			if (file)
				fclose(file);
			snprintf(path, sizeof(path), "%s/table-%02zu", argv[1], i / TOGETHER);
			file = fopen(path, "wb");
			if (!file) {
				perror(path);
				return 1;
			}
		}
		put_case(file, &cases[i]);
	}
	if (!file)
		return 1;
	return fclose(file) != 0;
}
