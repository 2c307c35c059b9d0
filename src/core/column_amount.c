/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Columns of amounts and times, the same for flows and groups. Rates are in the unit of
 * ft_show; totals are bytes for bits too (a total of bits is of no use to anyone), packets
 * for packets. Layer 2 takes the frame's bytes.
 */
#include "core/column_priv.h"

#include <stdio.h>
#include <string.h>

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

/* A row's total; sent or received by the local end or the group's member. */
static struct ft_counts total_of(const struct ft_row *row, const struct ft_show *show, bool sent)
{
	int tx;

	if (row->group)
		return sent ? row->group->tx : row->group->rx;
	tx = ft_flow_tx(row->flow->flow);
	return ft_flow_total(show->baseline, row->flow, sent ? tx : !tx);
}

/* A row's rate of one side: bits, bytes or packets a second. */
static double rate_of(const struct ft_snapshot *snapshot, const struct ft_row *row,
		      const struct ft_show *show, enum ft_unit unit, bool sent)
{
	const struct ft_group *group = row->group;
	const struct ft_counts *total;
	double rate;

	if (!group) {
		int tx = ft_flow_tx(row->flow->flow);

		rate = ft_flow_rate(snapshot, row->flow, sent ? tx : !tx, show->window, unit,
				    show->layer);
		return unit == FT_UNIT_BITS ? rate * 8 : rate;
	}
	if (unit == FT_UNIT_PACKETS)
		return (double)group->rate_packets[show->window][sent ? 0 : 1];
	rate = (double)group->rate_bytes[show->window][sent ? 0 : 1];
	total = sent ? &group->tx : &group->rx;
	if (show->layer == 2 && total->bytes > 0)
		rate *= (double)total->l2_bytes / (double)total->bytes;
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
	return rate_of(snapshot, row, show, show->unit, true) +
	       rate_of(snapshot, row, show, show->unit, false);
}

static double value_pps(const struct ft_snapshot *snapshot, const struct ft_row *row,
			const struct ft_show *show)
{
	return rate_of(snapshot, row, show, FT_UNIT_PACKETS, true) +
	       rate_of(snapshot, row, show, FT_UNIT_PACKETS, false);
}

static uint64_t value_tx_total(const struct ft_snapshot *snapshot, const struct ft_row *row,
			       const struct ft_show *show)
{
	(void)snapshot;
	return amount_of(total_of(row, show, true), show);
}

static uint64_t value_rx_total(const struct ft_snapshot *snapshot, const struct ft_row *row,
			       const struct ft_show *show)
{
	(void)snapshot;
	return amount_of(total_of(row, show, false), show);
}

static uint64_t value_total(const struct ft_snapshot *snapshot, const struct ft_row *row,
			    const struct ft_show *show)
{
	return value_tx_total(snapshot, row, show) + value_rx_total(snapshot, row, show);
}

static uint64_t value_packets(const struct ft_snapshot *snapshot, const struct ft_row *row,
			      const struct ft_show *show)
{
	(void)snapshot;
	return total_of(row, show, true).packets + total_of(row, show, false).packets;
}

/* Since first seen; an ended flow's age stands still. */
static uint64_t value_age(const struct ft_snapshot *snapshot, const struct ft_row *row,
			  const struct ft_show *show)
{
	uint64_t end = snapshot->end_ns;

	(void)show;
	if (row->flow && row->flow->ended != FT_ENDED_NOT)
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
		return ft_rank_real(value_##name(snapshot, row, show)); \
	} \
	FT_COLUMN_GET(name) \
	{ \
		ret_value->kind = FT_VALUE_REAL; \
		ret_value->real = value_##name(snapshot, row, show); \
	} \
	FT_COLUMN_FORMAT(name) \
	{ \
		ft_fmt_rate(value_##name(snapshot, row, show), show->prefix, width, buf, size); \
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

static void put_count(uint64_t value, const struct ft_show *show, unsigned width, char *buf,
		      size_t size)
{
	ft_fmt_count(value, show->prefix, width, buf, size);
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
UINT_COLUMN(tx_total, put_count)
UINT_COLUMN(rx_total, put_count)
UINT_COLUMN(total, put_count)
UINT_COLUMN(packets, put_count)
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
