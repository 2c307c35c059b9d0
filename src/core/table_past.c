/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Totals of flows that left, by owner; see table_past.h. Who a flow counts for is as in group.c. */
#include "core/table_past.h"

#include <stdlib.h>
#include <string.h>

#include "core/rows.h"
#include "core/table_build.h"
#include "core/xalloc.h"

static void add_counts(struct ft_counts *sum, const struct ft_counts *more)
{
	sum->packets += more->packets;
	sum->bytes += more->bytes;
	sum->l2_bytes += more->l2_bytes;
}

/* Adds a flow, seen from the end that sent direction tx. */
static void add_flow(struct ft_table_past *past, uint16_t owner, const struct ft_flow_hot *hot,
		     int tx)
{
	struct ft_past *account;

	ft_region_grow(&past->accounts, (owner + 1ULL) * sizeof(*account));
	account = (struct ft_past *)past->accounts.base + owner;
	add_counts(&account->tx, &hot->total[tx]);
	add_counts(&account->rx, &hot->total[!tx]);
	if (!account->first_ns || hot->flow->first_ns < account->first_ns)
		account->first_ns = hot->flow->first_ns;
	if (hot->last_ns > account->last_ns)
		account->last_ns = hot->last_ns;
}

void ft_past_leave(struct ft_table_past *past, const struct ft_flow_hot *hot)
{
	int tx = ft_flow_tx(hot->flow);
	uint16_t owner[2];
	int count = ft_flow_owners(hot, owner);

	add_flow(past, owner[0], hot, tx);
	if (count == 2)
		add_flow(past, owner[1], hot, !tx);
}

void ft_past_shift(struct ft_table_past *past, uint64_t shift_ns)
{
	struct ft_past *accounts = past->accounts.base;

	for (size_t i = 0; i < past->accounts.bytes / sizeof(*accounts); i++) {
		accounts[i].first_ns += accounts[i].first_ns ? shift_ns : 0;
		accounts[i].last_ns += accounts[i].last_ns ? shift_ns : 0;
	}
}

void ft_build_past(struct ft_build *build, struct ft_snapshot *shown)
{
	struct ft_past *accounts = build->table->past.accounts.base, *copy;
	size_t count = build->table->past.accounts.bytes / sizeof(*accounts), i;

	if (count > shown->process_count + FT_OWNER_FIRST)
		count = shown->process_count + FT_OWNER_FIRST;
	/* An id that is free, or another process' by now, begins anew. */
	for (i = FT_OWNER_FIRST; i < count; i++) {
		const struct ft_process *process = shown->processes[i - FT_OWNER_FIRST];

		if (process && !accounts[i].start_ns) {
			accounts[i].pid = process->pid;
			accounts[i].start_ns = process->start_ns ? process->start_ns : 1;
		} else if (!process || accounts[i].pid != process->pid ||
			   accounts[i].start_ns != (process->start_ns ? process->start_ns : 1)) {
			memset(&accounts[i], 0, sizeof(accounts[i]));
		}
	}
	if (!count)
		return;
	copy = xreallocarray(NULL, count, sizeof(*copy));
	memcpy(copy, accounts, count * sizeof(*copy));
	shown->past = copy;
	shown->past_count = count;
}

void ft_table_past_done(struct ft_table_past *past)
{
	ft_region_free(&past->accounts);
}
