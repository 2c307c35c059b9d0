/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Columns of a socket's health, and of a flow's TCP: what the socket at its local end says (on
 * loopback, or where only the other end has one, that one), and its handshake, which transit
 * flows have too. What is not known is an empty cell, and the least when sorted by.
 */
#include "core/column_priv.h"

#include <stdio.h>

#include "core/health.h"
#include "core/socket.h"

/* A number of the row's socket; false if there is none. */
static bool number_of(const struct ft_snapshot *snapshot, const struct ft_row *row,
		      enum ft_health_number number, uint64_t *ret_value)
{
	const struct ft_health *health;

	if (row->socket)
		return ft_socket_get(row->socket, number, ret_value);
	health = ft_flow_socket(snapshot, row->flow);
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
SOCKET_VALUE(app_sent, app_bytes_sent)
SOCKET_VALUE(app_received, app_bytes_received)
SOCKET_VALUE(recvq, receive_queue)
SOCKET_VALUE(max_pacing, max_pacing_bytes_per_s)
SOCKET_VALUE(last_sent, last_data_sent_ms)
SOCKET_VALUE(last_received, last_data_received_ms)
SOCKET_VALUE(last_ack, last_ack_received_ms)
SOCKET_VALUE(rehashes, rehashes)
SOCKET_VALUE(timeouts_total, timeouts_total)
SOCKET_VALUE(timeouts_recovered, timeouts_recovered)
SOCKET_VALUE(timeouts_time, timeouts_ms)
SOCKET_VALUE(fastopen_failure, fastopen_failure)
SOCKET_VALUE(sendq, send_queue)
SOCKET_VALUE(rttvar, rttvar_us)
SOCKET_VALUE(rto, rto_us)
SOCKET_VALUE(unacked, unacked)
SOCKET_VALUE(timeouts, timeouts)
SOCKET_VALUE(sent, bytes_sent)
SOCKET_VALUE(acked, bytes_acked)
SOCKET_VALUE(received, bytes_received)
SOCKET_VALUE(resent, bytes_retransmitted)
SOCKET_VALUE(unsent, bytes_not_sent)
SOCKET_VALUE(drops, drops)
SOCKET_VALUE(mss, mss)
SOCKET_VALUE(pmtu, pmtu)
SOCKET_VALUE(ssthresh, ssthresh)
SOCKET_VALUE(pacing, pacing_bytes_per_s)
SOCKET_VALUE(snd_wnd, snd_wnd)
SOCKET_VALUE(rcv_wnd, rcv_wnd)
SOCKET_VALUE(busy, busy_us)
SOCKET_VALUE(rwnd_limited, rwnd_limited_us)
SOCKET_VALUE(sndbuf_limited, sndbuf_limited_us)
SOCKET_VALUE(reordering, reordering)
SOCKET_VALUE(reord_seen, reordering_seen)
SOCKET_VALUE(out_of_order, rcv_out_of_order)
SOCKET_VALUE(sacked, sacked)
SOCKET_VALUE(in_flight, retransmits_in_flight)
SOCKET_VALUE(dsack, dsack_dups)
SOCKET_VALUE(delivered, delivered)
SOCKET_VALUE(delivered_ce, delivered_ce)
SOCKET_VALUE(segs_out, segments_sent)
SOCKET_VALUE(segs_in, segments_received)
SOCKET_VALUE(data_out, data_segments_sent)
SOCKET_VALUE(data_in, data_segments_received)
SOCKET_VALUE(rcv_rtt, rcv_rtt_us)
SOCKET_VALUE(ato, ato_us)
SOCKET_VALUE(rcv_mss, rcv_mss)
SOCKET_VALUE(advmss, advmss)
SOCKET_VALUE(rcv_space, rcv_space)
SOCKET_VALUE(rcv_ssthresh, rcv_ssthresh)
SOCKET_VALUE(backoff, backoff)
SOCKET_VALUE(probes, probes)
SOCKET_VALUE(snd_wscale, snd_wscale)
SOCKET_VALUE(rcv_wscale, rcv_wscale)
SOCKET_VALUE(bbr_bw, bbr_bytes_per_s)
SOCKET_VALUE(bbr_rtt, bbr_min_rtt_us)
SOCKET_VALUE(bbr_pacing, bbr_pacing_gain_per_mille)
SOCKET_VALUE(bbr_cwnd, bbr_cwnd_gain_per_mille)
SOCKET_VALUE(vegas_on, vegas_enabled)
SOCKET_VALUE(vegas_count, vegas_rtt_count)
SOCKET_VALUE(vegas_rtt, vegas_rtt_us)
SOCKET_VALUE(vegas_min_rtt, vegas_min_rtt_us)
SOCKET_VALUE(dctcp_on, dctcp_enabled)
SOCKET_VALUE(dctcp_ce, dctcp_ce_state)
SOCKET_VALUE(dctcp_alpha, dctcp_alpha)
SOCKET_VALUE(dctcp_ecn, dctcp_ecn_bytes)
SOCKET_VALUE(dctcp_total, dctcp_bytes)
SOCKET_VALUE(received_ce, received_ce)
SOCKET_VALUE(delivered_ect_one, accecn_delivered_e1_bytes)
SOCKET_VALUE(delivered_ect_zero, accecn_delivered_e0_bytes)
SOCKET_VALUE(delivered_ce_bytes, accecn_delivered_ce_bytes)
SOCKET_VALUE(received_ect_one, accecn_received_e1_bytes)
SOCKET_VALUE(received_ect_zero, accecn_received_e0_bytes)
SOCKET_VALUE(received_ce_bytes, accecn_received_ce_bytes)
SOCKET_VALUE(accecn_failure, accecn_failure)
SOCKET_VALUE(accecn_option, accecn_option)
SOCKET_VALUE(tos, tos)
SOCKET_VALUE(tclass, traffic_class)
SOCKET_VALUE(expires, timer_expires_ms)
SOCKET_VALUE(timer_repeats, timer_retransmits)

#define MEMORY_VALUE(name, kind) \
	static bool value_##name(const struct ft_snapshot *snapshot, const struct ft_row *row, \
				 uint64_t *ret_value) \
	{ \
		(void)snapshot; \
		*ret_value = row->socket->memory[FT_MEMORY_##kind]; \
		return row->socket->has_memory; \
	}

MEMORY_VALUE(mem_received, RECEIVE)
MEMORY_VALUE(mem_receive_limit, RECEIVE_LIMIT)
MEMORY_VALUE(mem_sent, SEND)
MEMORY_VALUE(mem_send_limit, SEND_LIMIT)
MEMORY_VALUE(mem_forward, FORWARD)
MEMORY_VALUE(mem_queued, QUEUED)
MEMORY_VALUE(mem_options, OPTIONS)
MEMORY_VALUE(mem_backlog, BACKLOG)

static bool value_uid(const struct ft_snapshot *snapshot, const struct ft_row *row,
		      uint64_t *ret_value)
{
	(void)snapshot;
	*ret_value = row->socket->uid;
	return row->socket->inode;
}

static bool value_inode(const struct ft_snapshot *snapshot, const struct ft_row *row,
			uint64_t *ret_value)
{
	(void)snapshot;
	*ret_value = row->socket->inode;
	return row->socket->inode;
}

static bool value_overhead(const struct ft_snapshot *snapshot, const struct ft_row *row,
			   uint64_t *ret_value)
{
	return ft_flow_overhead(snapshot, row->flow, ret_value);
}

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

static void put_ms(uint64_t value, const struct ft_show *show, unsigned width, char *buf,
		   size_t size)
{
	put_span(1000 * value, show, width, buf, size);
}

/* "4.3%", "120%"; what is beyond all measure (a keep-alive's) is only told to be so. */
static void put_per_mille(uint64_t value, const struct ft_show *show, unsigned width, char *buf,
			  size_t size)
{
	char text[24];

	(void)show;
	if (value < 1000)
		snprintf(text, sizeof(text), "%u.%u%%", (unsigned)value / 10, (unsigned)value % 10);
	else if (value < 100000)
		snprintf(text, sizeof(text), "%u%%", (unsigned)value / 10);
	else
		snprintf(text, sizeof(text), ">9999%%");
	ft_fmt_fit(text, width, FT_ALIGN_LEFT, false, true, buf, size);
}

/* "2.89": a factor. */
static void put_ratio(uint64_t value, const struct ft_show *show, unsigned width, char *buf,
		      size_t size)
{
	char text[24];

	(void)show;
	snprintf(text, sizeof(text), "%.2f", (double)value / 1000);
	ft_fmt_fit(text, width, FT_ALIGN_LEFT, false, true, buf, size);
}

/* A number that is a name: all of its digits. */
static void put_number(uint64_t value, const struct ft_show *show, unsigned width, char *buf,
		       size_t size)
{
	char text[24];

	(void)show;
	ft_text_number((unsigned)value, text, sizeof(text));
	ft_fmt_fit(text, width, FT_ALIGN_LEFT, false, true, buf, size);
}

static void put_count(uint64_t value, const struct ft_show *show, unsigned width, char *buf,
		      size_t size)
{
	ft_fmt_count(value, show->prefix, width, buf, size);
}

/* Sizes of packets are known by heart: whole where there is room. */
static void put_size(uint64_t value, const struct ft_show *show, unsigned width, char *buf,
		     size_t size)
{
	if (value <= UINT16_MAX && width >= 5)
		ft_text_number((unsigned)value, buf, size);
	else
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
HEALTH_COLUMN(app_sent, put_count)
HEALTH_COLUMN(app_received, put_count)
HEALTH_COLUMN(overhead, put_per_mille)
HEALTH_COLUMN(recvq, put_count)
HEALTH_COLUMN(max_pacing, put_rate)
HEALTH_COLUMN(last_sent, put_ms)
HEALTH_COLUMN(last_received, put_ms)
HEALTH_COLUMN(last_ack, put_ms)
HEALTH_COLUMN(rehashes, put_count)
HEALTH_COLUMN(timeouts_total, put_count)
HEALTH_COLUMN(timeouts_recovered, put_count)
HEALTH_COLUMN(timeouts_time, put_ms)
HEALTH_COLUMN(fastopen_failure, put_count)
HEALTH_COLUMN(sendq, put_count)
HEALTH_COLUMN(rttvar, put_span)
HEALTH_COLUMN(rto, put_span)
HEALTH_COLUMN(unacked, put_count)
HEALTH_COLUMN(timeouts, put_count)
HEALTH_COLUMN(sent, put_count)
HEALTH_COLUMN(acked, put_count)
HEALTH_COLUMN(received, put_count)
HEALTH_COLUMN(resent, put_count)
HEALTH_COLUMN(unsent, put_count)
HEALTH_COLUMN(drops, put_count)
HEALTH_COLUMN(mss, put_size)
HEALTH_COLUMN(pmtu, put_size)
HEALTH_COLUMN(ssthresh, put_count)
HEALTH_COLUMN(pacing, put_rate)
HEALTH_COLUMN(snd_wnd, put_count)
HEALTH_COLUMN(rcv_wnd, put_count)
HEALTH_COLUMN(busy, put_span)
HEALTH_COLUMN(rwnd_limited, put_span)
HEALTH_COLUMN(sndbuf_limited, put_span)
HEALTH_COLUMN(reordering, put_count)
HEALTH_COLUMN(reord_seen, put_count)
HEALTH_COLUMN(out_of_order, put_count)
HEALTH_COLUMN(sacked, put_count)
HEALTH_COLUMN(in_flight, put_count)
HEALTH_COLUMN(dsack, put_count)
HEALTH_COLUMN(delivered, put_count)
HEALTH_COLUMN(delivered_ce, put_count)
HEALTH_COLUMN(segs_out, put_count)
HEALTH_COLUMN(segs_in, put_count)
HEALTH_COLUMN(data_out, put_count)
HEALTH_COLUMN(data_in, put_count)
HEALTH_COLUMN(rcv_rtt, put_span)
HEALTH_COLUMN(ato, put_span)
HEALTH_COLUMN(rcv_mss, put_size)
HEALTH_COLUMN(advmss, put_size)
HEALTH_COLUMN(rcv_space, put_count)
HEALTH_COLUMN(rcv_ssthresh, put_count)
HEALTH_COLUMN(backoff, put_count)
HEALTH_COLUMN(probes, put_count)
HEALTH_COLUMN(snd_wscale, put_count)
HEALTH_COLUMN(rcv_wscale, put_count)
HEALTH_COLUMN(bbr_bw, put_rate)
HEALTH_COLUMN(bbr_rtt, put_span)
HEALTH_COLUMN(bbr_pacing, put_ratio)
HEALTH_COLUMN(bbr_cwnd, put_ratio)
HEALTH_COLUMN(vegas_on, put_count)
HEALTH_COLUMN(vegas_count, put_count)
HEALTH_COLUMN(vegas_rtt, put_span)
HEALTH_COLUMN(vegas_min_rtt, put_span)
HEALTH_COLUMN(dctcp_on, put_count)
HEALTH_COLUMN(dctcp_ce, put_count)
HEALTH_COLUMN(dctcp_alpha, put_count)
HEALTH_COLUMN(dctcp_ecn, put_count)
HEALTH_COLUMN(dctcp_total, put_count)
HEALTH_COLUMN(received_ce, put_count)
HEALTH_COLUMN(delivered_ect_one, put_count)
HEALTH_COLUMN(delivered_ect_zero, put_count)
HEALTH_COLUMN(delivered_ce_bytes, put_count)
HEALTH_COLUMN(received_ect_one, put_count)
HEALTH_COLUMN(received_ect_zero, put_count)
HEALTH_COLUMN(received_ce_bytes, put_count)
HEALTH_COLUMN(accecn_failure, put_count)
HEALTH_COLUMN(accecn_option, put_count)
HEALTH_COLUMN(tos, put_count)
HEALTH_COLUMN(tclass, put_count)
HEALTH_COLUMN(expires, put_ms)
HEALTH_COLUMN(timer_repeats, put_count)
HEALTH_COLUMN(mem_received, put_count)
HEALTH_COLUMN(mem_receive_limit, put_count)
HEALTH_COLUMN(mem_sent, put_count)
HEALTH_COLUMN(mem_send_limit, put_count)
HEALTH_COLUMN(mem_forward, put_count)
HEALTH_COLUMN(mem_queued, put_count)
HEALTH_COLUMN(mem_options, put_count)
HEALTH_COLUMN(mem_backlog, put_count)
HEALTH_COLUMN(uid, put_number)
HEALTH_COLUMN(inode, put_number)

/* ---- words */

static void text_congestion(const struct ft_snapshot *snapshot, const struct ft_row *row,
			    const struct ft_show *show, char *buf, size_t size)
{
	(void)snapshot;
	(void)show;
	ft_text_copy(row->socket->tcp ? row->socket->health.congestion : "", buf, size);
}

static void text_ca_state(const struct ft_snapshot *snapshot, const struct ft_row *row,
			  const struct ft_show *show, char *buf, size_t size)
{
	(void)snapshot;
	(void)show;
	ft_text_copy(row->socket->tcp ? ft_health_ca_state(&row->socket->health) : "", buf, size);
}

static void text_options(const struct ft_snapshot *snapshot, const struct ft_row *row,
			 const struct ft_show *show, char *buf, size_t size)
{
	(void)snapshot;
	(void)show;
	ft_text_copy("", buf, size);
	if (row->socket->tcp)
		ft_health_options(&row->socket->health, buf, size);
}

static void text_app_limited(const struct ft_snapshot *snapshot, const struct ft_row *row,
			     const struct ft_show *show, char *buf, size_t size)
{
	bool limited = row->socket->tcp && row->socket->health.known & FT_HEALTH_APP_LIMITED;

	(void)snapshot;
	(void)show;
	ft_text_copy(limited ? "app" : "", buf, size);
}

static void text_timer(const struct ft_snapshot *snapshot, const struct ft_row *row,
		       const struct ft_show *show, char *buf, size_t size)
{
	(void)snapshot;
	(void)show;
	ft_text_copy(ft_health_timer(&row->socket->health), buf, size);
}

FT_TEXT_FUNCTIONS(congestion)
FT_TEXT_FUNCTIONS(ca_state)
FT_TEXT_FUNCTIONS(options)
FT_TEXT_FUNCTIONS(app_limited)
FT_TEXT_FUNCTIONS(timer)
