/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of flows that need more than their row: the rate in a unit and layer, totals since
 * a baseline. A baseline is all flows' totals at one moment, found by flow id; it holds no
 * snapshot, because a snapshot of a million rows is four times its size.
 */
#include "core/rows.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "core/xalloc.h"

struct base {
	uint64_t id;
	struct ft_counts total[2];
};

struct ft_baseline {
	struct base *bases;
	size_t count;
	uint32_t *index; /* 1 + position, 0 = free; a power of two, at most half full */
	size_t index_size;
};

/* Where an id is in the index, or the free place for it. */
static uint32_t *find(const struct ft_baseline *baseline, uint64_t id)
{
	size_t mask = baseline->index_size - 1;
	size_t at = (size_t)(id * 0x9e3779b97f4a7c15ULL >> 20) & mask;

	while (baseline->index[at] && baseline->bases[baseline->index[at] - 1].id != id)
		at = (at + 1) & mask;
	return &baseline->index[at];
}

struct ft_baseline *ft_baseline_new(const struct ft_snapshot *snapshot)
{
	struct ft_baseline *baseline = xcalloc(1, sizeof(*baseline));

	baseline->index_size = 64;
	while (baseline->index_size < snapshot->row_count * 2)
		baseline->index_size *= 2;
	baseline->index = xcalloc(baseline->index_size, sizeof(*baseline->index));
	baseline->bases = xcalloc(snapshot->row_count + 1, sizeof(*baseline->bases));
	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *flow = &snapshot->rows[i];
		uint32_t *slot = find(baseline, flow->flow->id);
		struct base *base = &baseline->bases[baseline->count];

		if (*slot)
			continue; /* cannot happen: ids are unique */
		base->id = flow->flow->id;
		base->total[0] = flow->total[0];
		base->total[1] = flow->total[1];
		*slot = (uint32_t)++baseline->count;
	}
	return baseline;
}

/* Frees it; NULL is fine. */
void ft_baseline_free(struct ft_baseline *baseline)
{
	if (!baseline)
		return;
	free(baseline->bases);
	free(baseline->index);
	free(baseline);
}

/* What is left of `more` without `less`; 0 on a held moment older than the baseline. */
static uint64_t since(uint64_t more, uint64_t less)
{
	return more > less ? more - less : 0;
}

struct ft_counts ft_flow_total(const struct ft_baseline *baseline, const struct ft_flow_hot *flow,
			       int dir)
{
	struct ft_counts total = flow->total[dir];
	const struct ft_counts *base;
	uint32_t slot;

	if (!baseline)
		return total;
	slot = *find(baseline, flow->flow->id);
	if (!slot)
		return total;
	base = &baseline->bases[slot - 1].total[dir];
	total.packets = since(total.packets, base->packets);
	total.bytes = since(total.bytes, base->bytes);
	total.l2_bytes = since(total.l2_bytes, base->l2_bytes);
	return total;
}

double ft_flow_rate(const struct ft_snapshot *snapshot, const struct ft_flow_hot *flow, int dir,
		    unsigned window, enum ft_unit unit, unsigned layer)
{
	const struct ft_counts *total = &flow->total[dir];
	double rate;

	(void)snapshot; /* rates in rows are final */
	if (unit == FT_UNIT_PACKETS)
		return (double)flow->rate_packets[window][dir];
	rate = (double)flow->rate_bytes[window][dir];
	if (layer == 2 && total->bytes > 0)
		rate *= (double)total->l2_bytes / (double)total->bytes;
	return rate;
}

bool ft_protocol_has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
	       protocol == IPPROTO_DCCP || protocol == IPPROTO_UDPLITE;
}

uint16_t ft_flow_service_port(const struct ft_flow *flow)
{
	uint16_t a = ntohs(flow->key.port_a_be), b = ntohs(flow->key.port_b_be);

	if (!ft_protocol_has_ports(flow->key.protocol))
		return 0;
	if (flow->initiator == FT_END_A)
		return b;
	if (flow->initiator == FT_END_B)
		return a;
	return a < b ? a : b;
}
