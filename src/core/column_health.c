/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Columns of a flow's TCP: what the socket at its local end says (on loopback, or where only
 * the other end has one, that one), and its handshake, which transit flows have too. What is
 * not known is an empty cell, and the least when sorted by.
 */
#include "core/column_priv.h"

#include "core/health.h"

/* A number of the row's socket; false if there is none. */
static bool number_of(const struct ft_snapshot *snapshot, const struct ft_row *row,
		      enum ft_health_number number, uint64_t *ret_value)
{
	const struct ft_health *health = ft_flow_socket(snapshot, row->flow);

	return health && ft_health_get(health, number, ret_value);
}

static bool value_handshake(const struct ft_snapshot *snapshot, const struct ft_row *row,
			    uint64_t *ret_value)
{
	*ret_value = ft_snapshot_handshake_us(snapshot, row->flow);
	return *ret_value != 0;
}

#define SOCKET_VALUE(name, number) \
	static bool value_##name(const struct ft_snapshot *snapshot, const struct ft_row *row, \
				 uint64_t *ret_value) \
	{ \
		return number_of(snapshot, row, FT_NUMBER_##number, ret_value); \
	}

SOCKET_VALUE(rtt, rtt_us)
SOCKET_VALUE(min_rtt, min_rtt_us)
SOCKET_VALUE(retrans, retransmits)
SOCKET_VALUE(lost, lost)
SOCKET_VALUE(cwnd, cwnd)
SOCKET_VALUE(delivery, delivery_bytes_per_s)

/* ---- the three functions of each column, from its value */

#define HEALTH_COLUMN(name, put) \
	FT_COLUMN_RANK(name) \
	{ \
		uint64_t value; \
\
		(void)show; \
		return value_##name(snapshot, row, &value) ? value + 1 : 0; \
	} \
	FT_COLUMN_GET(name) \
	{ \
		(void)show; \
		ret_value->kind = FT_VALUE_NONE; \
		if (value_##name(snapshot, row, &ret_value->uint)) \
			ret_value->kind = FT_VALUE_UINT; \
	} \
	FT_COLUMN_FORMAT(name) \
	{ \
		uint64_t value; \
\
		ft_text_copy("", buf, size); \
		if (value_##name(snapshot, row, &value)) \
			put(value, show, width, buf, size); \
	}

static void put_span(uint64_t value, const struct ft_show *show, unsigned width, char *buf,
		     size_t size)
{
	(void)show;
	ft_fmt_span(value, width, buf, size);
}

static void put_count(uint64_t value, const struct ft_show *show, unsigned width, char *buf,
		      size_t size)
{
	ft_fmt_count(value, show->prefix, width, buf, size);
}

/* Bytes a second; bits where rates are in bits. */
static void put_rate(uint64_t value, const struct ft_show *show, unsigned width, char *buf,
		     size_t size)
{
	double rate = (double)value;

	ft_fmt_rate(show->unit == FT_UNIT_BITS ? rate * 8 : rate, show->prefix, width, buf, size);
}

HEALTH_COLUMN(rtt, put_span)
HEALTH_COLUMN(min_rtt, put_span)
HEALTH_COLUMN(handshake, put_span)
HEALTH_COLUMN(retrans, put_count)
HEALTH_COLUMN(lost, put_count)
HEALTH_COLUMN(cwnd, put_count)
HEALTH_COLUMN(delivery, put_rate)
