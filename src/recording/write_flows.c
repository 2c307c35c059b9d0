/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of flows: each flow once, with its hosts, when it is first seen (or again if the
 * transaction that had it failed); what it counted in each interval that it counted or ended in;
 * and in whole intervals what all of them stand at, for readers to begin there:
 *
 *	interval   1     2     3     4     5     6  ...
 *	counts     ##### ##    #     ###   ##    ####      what changed
 *	standing   #####                   #####           all there are, and all rates
 *	whole      yes                     yes             a moment is read from the last one on
 *
 * An interval is whole when the rows since the last one are several times as many as there are
 * flows, so that whole ones cost a part of the rest, and no moment takes more than so many rows.
 * Hosts and processes: once each, as far as a bounded memory tells; SQLite ignores repetitions.
 */
#include "recording/write.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/names.h"

#define ROWS_A_FLOW 4 /* between whole intervals */
#define WHOLE_LEAST 4
#define WHOLE_NS (600 * UINT64_C(1000000000)) /* or so much time */

int ft_recorder_host(struct ft_recorder *self, const uint8_t addr[16], const char *text)
{
	uint64_t halves[2];
	struct ft_binder to;
	uint8_t *known;

	memcpy(halves, addr, sizeof(halves));
	known = self->hosts[((halves[0] ^ halves[1] * 3) * UINT64_C(0x9e3779b97f4a7c15)) >> 48 &
			    (FT_RECORDER_HOSTS - 1)];
	if (memcmp(known, addr, 16) == 0)
		return 0;
	memcpy(known, addr, 16);
	self->hosts_written++;
	to = ft_recorder_begin(self, FT_HOST);
	ft_bind_word(&to, text);
	sqlite3_bind_blob(to.statement, ++to.next, addr, 16, SQLITE_STATIC);
	ft_bind_bytes(&to, self->names ? ft_names_host(self->names, addr, NULL) : NULL);
	return ft_recorder_run(self, &to);
}

void ft_recorder_forget_hosts(struct ft_recorder *self)
{
	memset(self->hosts, 0, FT_RECORDER_HOSTS * sizeof(*self->hosts));
	self->hosts_written = 0;
}

static int write_process(struct ft_recorder *self, int64_t row, const struct ft_process *process)
{
	struct ft_binder to = ft_recorder_begin(self, FT_PROCESS);

	ft_bind_int(&to, (uint64_t)row);
	ft_bind_word(&to, "process");
	ft_bind_int(&to, (uint64_t)process->pid);
	ft_bind_int(&to, (uint64_t)process->ppid);
	ft_bind_int(&to, process->uid);
	ft_bind_int(&to, process->gid);
	ft_bind_int(&to, process->netns);
	ft_bind_int(&to, process->start_ns);
	ft_bind_bytes(&to, process->name);
	ft_bind_bytes(&to, process->user);
	ft_bind_bytes(&to, process->cmdline);
	ft_bind_bytes(&to, process->exe);
	ft_bind_bytes(&to, process->cgroup);
	ft_bind_bytes(&to, process->unit);
	ft_bind_bytes(&to, process->container);
	ft_bind_bytes(&to, process->container_id);
	ft_bind_bytes(&to, process->runtime);
	ft_bind_bytes(&to, process->image);
	ft_bind_bytes(&to, process->pod);
	ft_bind_bytes(&to, process->pod_namespace);
	ft_bind_bytes(&to, process->group);
	ft_bind_bytes(&to, process->parents);
	return ft_recorder_run(self, &to);
}

int ft_recorder_owner(struct ft_recorder *self, const struct ft_snapshot *snapshot, uint16_t owner,
		      int64_t *ret_row)
{
	const struct ft_process *process = ft_snapshot_process(snapshot, owner);
	struct ft_known_owner *known = &self->owners[owner];
	uint64_t print;
	int ret;

	*ret_row = process ? known->row : owner < FT_OWNER_FIRST ? owner : FT_OWNER_UNKNOWN;
	if (!process || known->seen == self->interval)
		return 0;
	known->seen = self->interval;
	print = ft_process_print(process);
	if (known->print == print)
		return 0;
	ret = write_process(self, self->processes, process);
	if (ret < 0)
		return ret;
	if (known->print)
		ft_recorder_retire(self, known->row);
	known->print = print;
	known->row = *ret_row = self->processes++;
	return 0;
}

/* Both ends, the local one first: addresses, and ports where there are any. */
static void put_ends(struct ft_binder *to, const struct ft_flow *flow,
		     const char text[2][FT_ADDRESS_SIZE])
{
	const struct ft_flow_key *key = &flow->key;
	int tx = ft_flow_tx(flow);
	const uint16_t ports[2] = { ntohs(key->port_a_be), ntohs(key->port_b_be) };

	for (int i = 0; i < 2; i++) {
		int end = i == 0 ? tx : !tx;

		ft_bind_word(to, text[end]);
		ft_bind_if(to, ft_protocol_has_ports(key->protocol), ports[end]);
	}
}

/* ICMP's three, SPI, GRE key. */
static void put_extras(struct ft_binder *to, const struct ft_flow_hot *row)
{
	const struct ft_flow_key *key = &row->flow->key;
	bool icmp = key->protocol == IPPROTO_ICMP || key->protocol == IPPROTO_ICMPV6;
	uint16_t request = ntohs(key->port_b_be);

	ft_bind_if(to, icmp, request >> 8);
	ft_bind_if(to, icmp, request & 0xff);
	ft_bind_if(to, icmp, ntohs(key->port_a_be));
	ft_bind_if(to, row->entry_flags & FT_ENTRY_EXTRA_SPI, row->flow->extra);
	ft_bind_if(to, row->entry_flags & FT_ENTRY_EXTRA_GRE, row->flow->extra);
}

/* The flow's own row, with its hosts. */
static int write_flow(struct ft_recorder *self, const struct ft_snapshot *snapshot,
		      const struct ft_flow_hot *row)
{
	const struct ft_flow *flow = row->flow;
	const struct ft_flow_key *key = &flow->key;
	char text[2][FT_ADDRESS_SIZE];
	struct ft_binder to;
	int ret;

	ft_address_text(key->addr_a, text[0]);
	ft_address_text(key->addr_b, text[1]);
	ret = ft_recorder_host(self, key->addr_a, text[0]);
	if (ret == 0)
		ret = ft_recorder_host(self, key->addr_b, text[1]);
	if (ret < 0)
		return ret;
	to = ft_recorder_begin(self, FT_FLOW);
	ft_bind_int(&to, flow->id);
	ft_bind_bytes(&to, ft_snapshot_scope_name(snapshot, key->scope));
	if (!ft_snapshot_scope_name(snapshot, key->scope)[0])
		sqlite3_bind_text(to.statement, to.next, "?", 1, SQLITE_STATIC);
	ft_bind_if(&to, key->vlan_outer, key->vlan_outer);
	ft_bind_if(&to, key->vlan_inner, key->vlan_inner);
	ft_bind_int(&to, key->ip_version);
	ft_bind_int(&to, key->protocol);
	put_ends(&to, flow, (const char(*)[FT_ADDRESS_SIZE])text);
	ft_bind_word(&to, ft_path_name((enum ft_path)flow->path));
	ft_bind_word(&to, flow->initiator == FT_END_NONE ? NULL :
		      flow->initiator == flow->local ? "local" : "remote");
	put_extras(&to, row);
	ft_bind_int(&to, flow->first_ns);
	ft_bind_null(&to);
	return ft_recorder_run(self, &to);
}

/* True if the flow may not be in the file yet. */
static bool is_new(const struct ft_recorder *self, const struct ft_flow *flow)
{
	uint32_t birth = flow->birth; /* low bits: differences count */

	return self->generation == 0 || self->filter ||
	       (int32_t)(birth - (uint32_t)self->generation) > 0 ||
	       ((int32_t)(birth - (uint32_t)self->gap_from) > 0 &&
		(int32_t)((uint32_t)self->gap_to - birth) >= 0);
}

/* The rows of both ends' owners, local first. */
static int find_owners(struct ft_recorder *self, const struct ft_snapshot *snapshot,
		       const struct ft_flow_hot *row, int64_t ret_owner[2])
{
	int tx = ft_flow_tx(row->flow), ret;

	ret = ft_recorder_owner(self, snapshot, ft_flow_end_owner(row, tx), &ret_owner[0]);
	return ret < 0 ? ret : ft_recorder_owner(self, snapshot, ft_flow_end_owner(row, !tx),
						 &ret_owner[1]);
}

/* Both directions, tx first. */
static void put_counts(struct ft_binder *to, const struct ft_counts counts[2], int tx)
{
	for (int k = 0; k < 2; k++) {
		const struct ft_counts *one = &counts[k == 0 ? tx : !tx];

		ft_bind_int(to, one->packets);
		ft_bind_int(to, one->bytes);
		ft_bind_int(to, one->l2_bytes);
	}
}

/* Totals and how it stands: what counts and standing have in common. */
static void put_state(struct ft_binder *to, const struct ft_flow_hot *row, const int64_t owner[2])
{
	int tx = ft_flow_tx(row->flow);

	put_counts(to, row->total, tx);
	ft_bind_int(to, row->last_ns);
	ft_bind_word(to, row->state == FT_STATE_NONE ? NULL :
						       ft_state_name((enum ft_state)row->state));
	ft_bind_word(to, ft_end_reason_name((enum ft_end_reason)row->ended));
	ft_bind_int(to, (uint64_t)owner[0]);
	ft_bind_int(to, (uint64_t)owner[1]);
	ft_bind_int(to, row->tcp_flags[tx]);
	ft_bind_int(to, row->tcp_flags[!tx]);
	ft_bind_int(to, (row->entry_flags & FT_ENTRY_FRAGMENT ? 1U : 0U) |
			(row->entry_flags & FT_ENTRY_INEXACT ? 2U : 0U));
}

#define STATE_COLUMNS 14

/* What the interval counted, and how it stands. */
static int write_counts(struct ft_recorder *self, const struct ft_snapshot *snapshot,
			const struct ft_flow_hot *row)
{
	int64_t owner[2] = { 0, 0 };
	struct ft_binder to;
	int ret = find_owners(self, snapshot, row, owner);

	if (ret < 0)
		return ret;
	to = ft_recorder_begin(self, FT_COUNT);
	ft_bind_int(&to, (uint64_t)self->interval);
	ft_bind_int(&to, row->flow->id);
	put_counts(&to, ft_snapshot_delta(snapshot, row), ft_flow_tx(row->flow));
	put_state(&to, row, owner);
	self->rows_since += !(self->whole & FT_WHOLE_FLOWS);
	return ft_recorder_run(self, &to);
}

/* The rates as the table has them, octet by octet. */
static void put_rates(const struct ft_flow_hot *row, uint8_t rates[FT_RATES_SIZE])
{
	int tx = ft_flow_tx(row->flow);
	uint8_t *to = rates;

	for (int w = 0; w < FT_WINDOWS; w++) {
		const float four[4] = { row->rate_bytes[w][tx], row->rate_bytes[w][!tx],
					row->rate_packets[w][tx], row->rate_packets[w][!tx] };

		for (int i = 0; i < 4; i++) {
			uint32_t bits;

			memcpy(&bits, &four[i], sizeof(bits));
			for (int octet = 0; octet < 4; octet++)
				*to++ = (uint8_t)(bits >> 8 * octet);
		}
	}
}

/* How a flow stands in a whole interval; what counts has already is left out. */
static int write_standing(struct ft_recorder *self, const struct ft_snapshot *snapshot,
			  const struct ft_flow_hot *row, bool counted)
{
	uint8_t rates[FT_RATES_SIZE];
	int64_t owner[2] = { 0, 0 };
	struct ft_binder to;
	int ret = counted ? 0 : find_owners(self, snapshot, row, owner);

	if (ret < 0)
		return ret;
	to = ft_recorder_begin(self, FT_STANDING);
	ft_bind_int(&to, (uint64_t)self->interval);
	ft_bind_int(&to, row->flow->id);
	if (counted)
		ft_bind_nulls(&to, STATE_COLUMNS);
	else
		put_state(&to, row, owner);
	put_rates(row, rates);
	sqlite3_bind_blob(to.statement, ++to.next, rates, sizeof(rates), SQLITE_STATIC);
	return ft_recorder_run(self, &to);
}

/* Notes in the flow's own row that it ended. */
static int write_end(struct ft_recorder *self, const struct ft_flow_hot *row)
{
	struct ft_binder to = ft_recorder_begin(self, FT_END);

	ft_bind_int(&to, (uint64_t)self->interval);
	ft_bind_int(&to, row->flow->id);
	return ft_recorder_run(self, &to);
}

/* True if the interval counted something for the flow, or ended it. */
static bool is_counted(const struct ft_flow_hot *row)
{
	return row->delta || row->ended_now;
}

/* One flow. */
static int write_row(struct ft_recorder *self, const struct ft_snapshot *snapshot,
		     const struct ft_flow_hot *row)
{
	bool counted = is_counted(row), whole = self->whole & FT_WHOLE_FLOWS;
	int ret = 0;

	if ((counted || whole) && is_new(self, row->flow))
		ret = write_flow(self, snapshot, row);
	if (ret == 0 && counted)
		ret = write_counts(self, snapshot, row);
	if (ret == 0 && whole)
		ret = write_standing(self, snapshot, row, counted);
	if (ret == 0 && row->ended_now)
		ret = write_end(self, row);
	return ret < 0 ? ret : ft_recorder_tcp(self, snapshot, row);
}

/* Adds what a flow that is not written counted. */
static int hide(struct ft_recorder *self, const struct ft_snapshot *snapshot,
		const struct ft_flow_hot *row)
{
	const struct ft_counts *delta = ft_snapshot_delta(snapshot, row);

	self->hidden.flows++;
	for (int dir = 0; dir < 2; dir++) {
		self->hidden.interval.packets += delta[dir].packets;
		self->hidden.interval.bytes += delta[dir].bytes;
		self->hidden.interval.l2_bytes += delta[dir].l2_bytes;
	}
	/* It may have been written before, and retention wants to know. */
	return row->ended_now ? write_end(self, row) : 0;
}

/* True if the interval is to be a whole one. */
static bool is_whole_due(const struct ft_recorder *self, const struct ft_snapshot *snapshot)
{
	uint64_t age = self->keeper.keep.age_ns, span = WHOLE_NS;
	int64_t part = (self->interval - self->keeper.first) / 4;

	/* Of what retention keeps, the part before the first whole one is of little use. */
	if (age && age / 8 < span)
		span = age / 8;
	if (part < WHOLE_LEAST)
		part = WHOLE_LEAST; /* else a small bound would hold whole ones alone, and few */
	if (self->keeper.first > 1 && self->interval - self->whole_interval >= part)
		return true;
	return !self->whole_ns || snapshot->end_ns < self->whole_ns ||
	       snapshot->end_ns - self->whole_ns >= span ||
	       self->rows_since >= ROWS_A_FLOW * snapshot->row_count;
}

int ft_recorder_flows(struct ft_recorder *self, const struct ft_snapshot *snapshot)
{
	struct ft_filter_run *filter = self->filter ? ft_filter_run_new(self->filter, snapshot) :
						      NULL;
	int ret = 0;

	self->hidden = (struct ft_hidden){ .flows = 0 };
	if (is_whole_due(self, snapshot)) {
		self->whole |= FT_WHOLE_FLOWS;
		self->whole_ns = snapshot->end_ns;
		self->whole_interval = self->interval;
		self->rows_since = 0;
	}
	for (size_t i = 0; i < snapshot->row_count && ret == 0; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];
		bool counted = is_counted(row);

		if (!counted && !(self->whole & FT_WHOLE_FLOWS) &&
		    (i >= snapshot->tcp_of_count || !snapshot->tcp_of[i]))
			continue;
		if (!filter || ft_filter_run_match(filter, row))
			ret = write_row(self, snapshot, row);
		else if (counted)
			ret = hide(self, snapshot, row);
	}
	if (filter)
		ft_filter_run_free(filter);
	return ret;
}
