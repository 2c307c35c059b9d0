/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Columns of amounts and times, the same for flows and groups. Rates are in the unit of
 * ft_show; totals are bytes for bits too (a total of bits is of no use to anyone), packets
 * for packets. Layer 2 takes the frame's bytes. Of a difference each is the difference.
 */
#include "core/column_priv.h"

#include <stdio.h>
#include <string.h>

#include "core/difference.h"
#include "core/nls.h"

const char *ft_column_rate_unit(enum ft_unit unit)
{
	switch (unit) {
	case FT_UNIT_BITS: return _("bit/s");
	case FT_UNIT_BYTES: return _("B/s");
	case FT_UNIT_PACKETS: return _("pkt/s");
	}
	return "";
}

/* What the units of the columns are called. */
struct words {
	const char *layer, *rate, *total;
	unsigned seconds;
};

static struct words words_of(const struct ft_show *show)
{
	bool packets = show->unit == FT_UNIT_PACKETS;

	return (struct words){
		.layer = show->layer == 2 && !packets ? "L2 " : "",
		.rate = ft_column_rate_unit(show->unit),
		.total = packets ? _("packets") : _("bytes"),
		.seconds = (unsigned)ft_window_seconds[show->window],
	};
}

char *ft_column_units(const struct ft_show *show, char *buf, size_t size)
{
	struct words w = words_of(show);

	if (show->amounts == FT_AMOUNTS_RATES)
		snprintf(buf, size, _("rates in %s%s over %us"), w.layer, w.rate,
			 w.seconds);
	else if (show->amounts == FT_AMOUNTS_TOTALS)
		snprintf(buf, size, _("totals in %s%s"), w.layer, w.total);
	else
		snprintf(buf, size, _("rates in %s%s over %us, totals in %s%s"), w.layer,
			 w.rate, w.seconds, w.layer, w.total);
	return buf;
}

char *ft_column_units_brief(const struct ft_show *show, char *buf, size_t size)
{
	struct words w = words_of(show);

	if (show->amounts == FT_AMOUNTS_RATES)
		snprintf(buf, size, _("%s%s over %us"), w.layer, w.rate, w.seconds);
	else if (show->amounts == FT_AMOUNTS_TOTALS)
		snprintf(buf, size, "%s%s", w.layer, w.total);
	else
		snprintf(buf, size, _("%s%s over %us, %s"), w.layer, w.rate, w.seconds,
			 w.total);
	return buf;
}

/* ---- one side of a row: what the local end or the group's member sent, or what it got */

/* The row of the flow in the moment that is shown; NULL if it has vanished. */
static const struct ft_flow_hot *flow_now(const struct ft_snapshot *snapshot,
					  const struct ft_row *row)
{
	return snapshot->difference && ft_flow_has_vanished(snapshot, row->flow) ? NULL :
										   row->flow;
}

/* Since first seen, or since key z. */
static struct ft_counts total_now(const struct ft_snapshot *snapshot, const struct ft_row *row,
				  const struct ft_show *show, bool sent)
{
	const struct ft_flow_hot *flow;
	int tx;

	if (row->group)
		return sent ? row->group->tx : row->group->rx;
	flow = flow_now(snapshot, row);
	tx = ft_flow_tx(row->flow->flow);
	if (!flow)
		return (struct ft_counts){ 0 };
	return ft_flow_total(snapshot->difference ? NULL : show->baseline, flow, sent ? tx : !tx);
}

/* In a difference's baseline. */
static struct ft_counts total_was(const struct ft_snapshot *snapshot, const struct ft_row *row,
				  bool sent)
{
	const struct ft_flow_hot *flow;
	int tx;

	if (row->group && row->group->was)
		return sent ? row->group->was->tx : row->group->was->rx;
	flow = row->group ? NULL : ft_flow_was(snapshot, row->flow);
	if (!flow)
		return (struct ft_counts){ 0 };
	tx = ft_flow_tx(row->flow->flow);
	return flow->total[sent ? tx : !tx];
}

/* The rate of a side, from its two parts: bits, bytes or packets a second. */
static double rate_in(float bytes, float packets, const struct ft_counts *total,
		      const struct ft_show *show, enum ft_unit unit)
{
	double rate = (double)bytes;

	if (unit == FT_UNIT_PACKETS)
		return (double)packets;
	if (show->layer == 2 && total->bytes > 0)
		rate *= (double)total->l2_bytes / (double)total->bytes;
	return unit == FT_UNIT_BITS ? rate * 8 : rate;
}

static double flow_rate(const struct ft_flow_hot *flow, int dir, const struct ft_show *show,
			enum ft_unit unit)
{
	if (!flow)
		return 0;
	return rate_in(flow->rate_bytes[show->window][dir], flow->rate_packets[show->window][dir],
		       &flow->total[dir], show, unit);
}

/* A row's rate of one side; of a difference how much more it is than it was. */
static double rate_of(const struct ft_snapshot *snapshot, const struct ft_row *row,
		      const struct ft_show *show, enum ft_unit unit, bool sent)
{
	const struct ft_group *group = row->group;
	unsigned side = sent ? 0 : 1, w = show->window;
	double rate;
	int dir;

	if (!group) {
		dir = sent ? ft_flow_tx(row->flow->flow) : !ft_flow_tx(row->flow->flow);
		rate = flow_rate(flow_now(snapshot, row), dir, show, unit);
		if (snapshot->difference)
			rate -= flow_rate(ft_flow_was(snapshot, row->flow), dir, show, unit);
		return rate;
	}
	rate = rate_in(group->rate_bytes[w][side], group->rate_packets[w][side],
		       sent ? &group->tx : &group->rx, show, unit);
	if (group->was)
		rate -= rate_in(group->was->rate_bytes[w][side], group->was->rate_packets[w][side],
				sent ? &group->was->tx : &group->was->rx, show, unit);
	return rate;
}

/* Both sides together: of a flow the two directions, whichever is whose. */
static double both_rates(const struct ft_snapshot *snapshot, const struct ft_row *row,
			 const struct ft_show *show, enum ft_unit unit)
{
	double rate;

	if (row->group || snapshot->difference)
		return rate_of(snapshot, row, show, unit, true) +
		       rate_of(snapshot, row, show, unit, false);
	rate = ft_flow_rate(snapshot, row->flow, 0, show->window, unit, show->layer) +
	       ft_flow_rate(snapshot, row->flow, 1, show->window, unit, show->layer);
	return unit == FT_UNIT_BITS ? rate * 8 : rate;
}

/* The part of a count that the unit and layer ask for. */
static uint64_t amount_of(struct ft_counts counts, const struct ft_show *show)
{
	if (show->unit == FT_UNIT_PACKETS)
		return counts.packets;
	return show->layer == 2 ? counts.l2_bytes : counts.bytes;
}

/* Nanoseconds from `from` to `to`, 0 if the clock was set back between them. */
static uint64_t span(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

static uint64_t last_of(const struct ft_row *row)
{
	return row->flow ? row->flow->last_ns : row->group->last_ns;
}

/* ---- values */

static double value_tx(const struct ft_snapshot *snapshot, const struct ft_row *row,
		       const struct ft_show *show)
{
	return rate_of(snapshot, row, show, show->unit, true);
}

static double value_rx(const struct ft_snapshot *snapshot, const struct ft_row *row,
		       const struct ft_show *show)
{
	return rate_of(snapshot, row, show, show->unit, false);
}

static double value_rate(const struct ft_snapshot *snapshot, const struct ft_row *row,
			 const struct ft_show *show)
{
	return both_rates(snapshot, row, show, show->unit);
}

static double value_pps(const struct ft_snapshot *snapshot, const struct ft_row *row,
			const struct ft_show *show)
{
	return both_rates(snapshot, row, show, FT_UNIT_PACKETS);
}

/* Totals, from both sides' counts. */
static uint64_t value_tx_total(struct ft_counts tx, struct ft_counts rx, const struct ft_show *show)
{
	(void)rx;
	return amount_of(tx, show);
}

static uint64_t value_rx_total(struct ft_counts tx, struct ft_counts rx, const struct ft_show *show)
{
	(void)tx;
	return amount_of(rx, show);
}

static uint64_t value_total(struct ft_counts tx, struct ft_counts rx, const struct ft_show *show)
{
	return amount_of(tx, show) + amount_of(rx, show);
}

static uint64_t value_packets(struct ft_counts tx, struct ft_counts rx, const struct ft_show *show)
{
	(void)show;
	return tx.packets + rx.packets;
}

/* Since first seen; an ended flow's age stands still. */
static uint64_t value_age(const struct ft_snapshot *snapshot, const struct ft_row *row,
			  const struct ft_show *show)
{
	uint64_t end = snapshot->end_ns;

	(void)show;
	if (row->flow && ft_flow_is_over(row->flow))
		end = row->flow->last_ns;
	return span(row->flow ? row->flow->flow->first_ns : row->group->first_ns, end);
}

static uint64_t value_idle(const struct ft_snapshot *snapshot, const struct ft_row *row,
			   const struct ft_show *show)
{
	(void)show;
	return span(last_of(row), snapshot->end_ns);
}

/* ---- the three functions of each column, from its value */

#define RATE_COLUMN(name) \
	FT_COLUMN_RANK(name) \
	{ \
		double value = value_##name(snapshot, row, show); \
\
		return snapshot->difference ? ft_rank_signed_real(value) : ft_rank_real(value); \
	} \
	FT_COLUMN_GET(name) \
	{ \
		ret_value->kind = FT_VALUE_REAL; \
		ret_value->real = value_##name(snapshot, row, show); \
	} \
	FT_COLUMN_FORMAT(name) \
	{ \
		double value = value_##name(snapshot, row, show); \
\
		if (snapshot->difference) \
			ft_fmt_signed_rate(value, show->prefix, width, buf, size); \
		else \
			ft_fmt_rate(value, show->prefix, width, buf, size); \
	}

/* now_ is a number; more_ in a difference by how much it is more than it was. */
#define TOTAL_COLUMN(name) \
	static uint64_t now_##name(const struct ft_snapshot *snapshot, const struct ft_row *row, \
				   const struct ft_show *show) \
	{ \
		return value_##name(total_now(snapshot, row, show, true), \
				    total_now(snapshot, row, show, false), show); \
	} \
	static int64_t more_##name(const struct ft_snapshot *snapshot, const struct ft_row *row, \
				   const struct ft_show *show) \
	{ \
		return (int64_t)(now_##name(snapshot, row, show) - \
				 value_##name(total_was(snapshot, row, true), \
					      total_was(snapshot, row, false), show)); \
	} \
	FT_COLUMN_RANK(name) \
	{ \
		if (snapshot->difference) \
			return ft_rank_signed(more_##name(snapshot, row, show)); \
		return now_##name(snapshot, row, show); \
	} \
	FT_COLUMN_GET(name) \
	{ \
		ret_value->kind = snapshot->difference ? FT_VALUE_INT : FT_VALUE_UINT; \
		if (snapshot->difference) \
			ret_value->sint = more_##name(snapshot, row, show); \
		else \
			ret_value->uint = now_##name(snapshot, row, show); \
	} \
	FT_COLUMN_FORMAT(name) \
	{ \
		if (snapshot->difference) \
			ft_fmt_signed(more_##name(snapshot, row, show), show->prefix, width, buf, \
				      size); \
		else \
			ft_fmt_count(now_##name(snapshot, row, show), show->prefix, width, buf, \
				     size); \
	}

#define UINT_COLUMN(name, put) \
	FT_COLUMN_RANK(name) \
	{ \
		return value_##name(snapshot, row, show); \
	} \
	FT_COLUMN_GET(name) \
	{ \
		ret_value->kind = FT_VALUE_UINT; \
		ret_value->uint = value_##name(snapshot, row, show); \
	} \
	FT_COLUMN_FORMAT(name) \
	{ \
		put(value_##name(snapshot, row, show), show, width, buf, size); \
	}

static void put_age(uint64_t value, const struct ft_show *show, unsigned width, char *buf,
		    size_t size)
{
	(void)show;
	ft_fmt_age(value, width, buf, size);
}

RATE_COLUMN(tx)
RATE_COLUMN(rx)
RATE_COLUMN(rate)
RATE_COLUMN(pps)
TOTAL_COLUMN(tx_total)
TOTAL_COLUMN(rx_total)
TOTAL_COLUMN(total)
TOTAL_COLUMN(packets)
UINT_COLUMN(age, put_age)
UINT_COLUMN(idle, put_age)

/* Bits of a non-negative double order like the number. */
uint64_t ft_rank_real(double value)
{
	uint64_t bits;

	if (!(value > 0))
		return 0;
	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* Negative numbers before all others. */
uint64_t ft_rank_signed(int64_t value)
{
	return (uint64_t)value ^ 1ULL << 63;
}

uint64_t ft_rank_signed_real(double value)
{
	const uint64_t sign = 1ULL << 63;
	uint64_t bits;

	value += 0.0; /* -0 is 0 */
	memcpy(&bits, &value, sizeof(bits));
	return bits & sign ? ~bits : bits | sign;
}
