/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a TCP socket's sample (struct ft_health) says: its numbers by name, its words, and a
 * sentence on what holds the connection up. The names are those of records ("tcp.NAME").
 */
#ifndef FT_CORE_HEALTH_H
#define FT_CORE_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/health_abi.h"
#include "core/snapshot.h"

/* The numbers: name, member, the bit of `known` that it needs (0 = none), whether 0 is none. */
#define FT_HEALTH_NUMBERS(X) \
	FT_HEALTH_TCP_NUMBERS(X) \
	FT_HEALTH_COMMON_NUMBERS(X)

#define FT_HEALTH_TCP_NUMBERS(X) \
	X(rtt_us, srtt_us, 0, true) \
	X(min_rtt_us, min_rtt_us, 0, true) \
	X(rttvar_us, rttvar_us, FT_HEALTH_MORE, false) \
	X(rcv_rtt_us, rcv_rtt_us, FT_HEALTH_MORE, true) \
	X(rto_us, rto_us, FT_HEALTH_MORE, true) \
	X(ato_us, ato_us, FT_HEALTH_MORE, true) \
	X(cwnd, cwnd, 0, false) \
	X(ssthresh, ssthresh, 0, true) \
	X(mss, mss, 0, true) \
	X(rcv_mss, rcv_mss, FT_HEALTH_MORE, true) \
	X(advmss, advmss, FT_HEALTH_MORE, true) \
	X(pmtu, pmtu, FT_HEALTH_MORE, true) \
	X(retransmits, total_retrans, 0, false) \
	X(retransmits_in_flight, retrans, 0, false) \
	X(timeouts, retransmits, 0, false) \
	X(backoff, backoff, FT_HEALTH_MORE, false) \
	X(probes, probes, FT_HEALTH_MORE, false) \
	X(lost, lost, 0, false) \
	X(unacked, unacked, 0, false) \
	X(sacked, sacked, 0, false) \
	X(reordering, reordering, FT_HEALTH_MORE, false) \
	X(reordering_seen, reord_seen, FT_HEALTH_MORE, false) \
	X(dsack_dups, dsack_dups, 0, false) \
	X(rcv_out_of_order, rcv_ooopack, FT_HEALTH_MORE, false) \
	X(delivered, delivered, 0, false) \
	X(delivered_ce, delivered_ce, 0, false) \
	X(delivery_bytes_per_s, delivery_rate, 0, true) \
	X(pacing_bytes_per_s, pacing_rate, FT_HEALTH_MORE, true) \
	X(max_pacing_bytes_per_s, max_pacing_rate, FT_HEALTH_MORE, true) \
	X(bytes_acked, bytes_acked, 0, false) \
	X(bytes_received, bytes_received, 0, false) \
	X(bytes_sent, bytes_sent, FT_HEALTH_MORE, false) \
	X(bytes_retransmitted, bytes_retrans, FT_HEALTH_MORE, false) \
	X(bytes_not_sent, notsent_bytes, FT_HEALTH_MORE, false) \
	X(segments_sent, segs_out, 0, false) \
	X(segments_received, segs_in, 0, false) \
	X(data_segments_sent, data_segs_out, 0, false) \
	X(data_segments_received, data_segs_in, 0, false) \
	X(snd_wnd, snd_wnd, FT_HEALTH_MORE, false) \
	X(rcv_wnd, rcv_wnd, FT_HEALTH_RCV_WND, false) \
	X(rcv_space, rcv_space, FT_HEALTH_MORE, false) \
	X(rcv_ssthresh, rcv_ssthresh, FT_HEALTH_MORE, false) \
	X(busy_us, busy_us, FT_HEALTH_MORE, false) \
	X(rwnd_limited_us, rwnd_limited_us, FT_HEALTH_MORE, false) \
	X(sndbuf_limited_us, sndbuf_limited_us, FT_HEALTH_MORE, false) \
	X(last_data_sent_ms, last_data_sent_ms, FT_HEALTH_MORE, false) \
	X(last_data_received_ms, last_data_received_ms, FT_HEALTH_MORE, false) \
	X(last_ack_received_ms, last_ack_received_ms, FT_HEALTH_MORE, false) \
	X(rehashes, rehashes, FT_HEALTH_TIMEOUTS, false) \
	X(timeouts_total, total_rto, FT_HEALTH_TIMEOUTS, false) \
	X(timeouts_recovered, total_rto_recoveries, FT_HEALTH_TIMEOUTS, false) \
	X(timeouts_ms, total_rto_ms, FT_HEALTH_TIMEOUTS, false) \
	X(fastopen_failure, fastopen_fail, FT_HEALTH_MORE, true) \
	X(snd_wscale, snd_wscale, FT_HEALTH_MORE, false) \
	X(rcv_wscale, rcv_wscale, FT_HEALTH_MORE, false) \
	X(bbr_bytes_per_s, bbr.bandwidth, FT_HEALTH_BBR, false) \
	X(bbr_min_rtt_us, bbr.min_rtt_us, FT_HEALTH_BBR, true) \
	X(bbr_pacing_gain_per_mille, bbr.pacing_gain, FT_HEALTH_BBR, false) \
	X(bbr_cwnd_gain_per_mille, bbr.cwnd_gain, FT_HEALTH_BBR, false) \
	X(vegas_enabled, vegas.enabled, FT_HEALTH_VEGAS, false) \
	X(vegas_rtt_count, vegas.rtt_count, FT_HEALTH_VEGAS, false) \
	X(vegas_rtt_us, vegas.rtt_us, FT_HEALTH_VEGAS, true) \
	X(vegas_min_rtt_us, vegas.min_rtt_us, FT_HEALTH_VEGAS, true) \
	X(dctcp_enabled, dctcp.enabled, FT_HEALTH_DCTCP, false) \
	X(dctcp_ce_state, dctcp.ce_state, FT_HEALTH_DCTCP, false) \
	X(dctcp_alpha, dctcp.alpha, FT_HEALTH_DCTCP, false) \
	X(dctcp_ecn_bytes, dctcp.ecn_bytes, FT_HEALTH_DCTCP, false) \
	X(dctcp_bytes, dctcp.bytes, FT_HEALTH_DCTCP, false) \
	X(received_ce, received_ce, FT_HEALTH_ACCECN, false) \
	X(accecn_delivered_e1_bytes, accecn_delivered_bytes[0], FT_HEALTH_ACCECN, false) \
	X(accecn_delivered_e0_bytes, accecn_delivered_bytes[1], FT_HEALTH_ACCECN, false) \
	X(accecn_delivered_ce_bytes, accecn_delivered_bytes[2], FT_HEALTH_ACCECN, false) \
	X(accecn_received_e1_bytes, accecn_received_bytes[0], FT_HEALTH_ACCECN, false) \
	X(accecn_received_e0_bytes, accecn_received_bytes[1], FT_HEALTH_ACCECN, false) \
	X(accecn_received_ce_bytes, accecn_received_bytes[2], FT_HEALTH_ACCECN, false) \
	X(accecn_failure, accecn_fail_mode, FT_HEALTH_ACCECN, true) \
	X(accecn_option, accecn_option, FT_HEALTH_ACCECN, false)

/* Of all kinds of sockets. */
#define FT_HEALTH_COMMON_NUMBERS(X) \
	X(app_bytes_sent, app_sent, FT_HEALTH_APP, false) \
	X(app_bytes_received, app_received, FT_HEALTH_APP, false) \
	X(receive_queue, rqueue, FT_HEALTH_QUEUES, false) \
	X(send_queue, wqueue, FT_HEALTH_QUEUES, false) \
	X(drops, drops, FT_HEALTH_QUEUES, false) \
	X(timer_expires_ms, timer_expires_ms, FT_HEALTH_TIMER, true) \
	X(timer_retransmits, timer_retransmits, FT_HEALTH_TIMER, false) \
	X(tos, tos, FT_HEALTH_TOS, false) \
	X(traffic_class, tclass, FT_HEALTH_TCLASS, false)

enum ft_health_number {
#define X(name, member, known, zero_is_none) FT_NUMBER_##name,
	FT_HEALTH_NUMBERS(X)
#undef X
	FT_HEALTH_NUMBER_MAX
};

/* One of its numbers; false if the sample doesn't have it. */
bool ft_health_get(const struct ft_health *health, enum ft_health_number number,
		   uint64_t *ret_value);
/* True for what all kinds of sockets have: queues, drops, bytes of the program, timer, marks. */
bool ft_health_is_common(enum ft_health_number number);
/* The name of a number, as in records. */
const char *ft_health_number_name(enum ft_health_number number);

/* Words of records, "" if not known: "established", "recovery", "timestamps sack wscale". */
const char *ft_health_state(const struct ft_health *health);
const char *ft_health_ca_state(const struct ft_health *health);
/* What its timer waits for: "retransmit", "keepalive", "time-wait", "probe"; "" if none is set. */
const char *ft_health_timer(const struct ft_health *health);
char *ft_health_options(const struct ft_health *health, char *buf, size_t size);

/* Segments retransmitted of those sent with data, in percent; < 0 if nothing was sent. */
double ft_health_retransmitted(const struct ft_health *health);

/* Sentences on what holds a connection up, the heaviest first, translated; "" behind the last.
 * None: nothing does, or nothing is known. */
#define FT_HEALTH_WORDS_MAX 6
struct ft_health_words {
	char text[FT_HEALTH_WORDS_MAX][128];
	unsigned count;
};
void ft_health_explain(const struct ft_health *health, struct ft_health_words *ret_words);

/* What a flow took on the wire (L3) beyond what the program at its local end (else at the other)
 * sent and received, in per mille of that; false if that isn't known, or the flow is not all of
 * it. */
bool ft_flow_overhead(const struct ft_snapshot *snapshot, const struct ft_flow_hot *flow,
		      uint64_t *ret_per_mille);

/* The sample that a flow is shown by: its local end's, else the other end's; NULL if none. */
const struct ft_health *ft_flow_socket(const struct ft_snapshot *snapshot,
				       const struct ft_flow_hot *flow);

#endif
