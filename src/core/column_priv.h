/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the column table share: the texts of ends, owners and states, and the
 * functions that column.c lists in its rows. The filter's word match uses the same texts.
 */
#ifndef FT_CORE_COLUMN_PRIV_H
#define FT_CORE_COLUMN_PRIV_H

#include "core/column.h"

#define FT_CELL_TEXT 256 /* raw text of a cell, as in ft_value */

/* A text cut to a buffer, a number in decimal: made by the million when rows are sorted by a
 * text, where snprintf would be most of the time. size > 0; both return buf. */
char *ft_text_copy(const char *text, char *buf, size_t size);
char *ft_text_number(unsigned number, char *buf, size_t size);

/* Raw texts, to be escaped before they are shown; all return buf. */
char *ft_text_host(const struct ft_show *show, const uint8_t addr[16], char *buf, size_t size);
char *ft_text_port(const struct ft_show *show, uint16_t port, uint8_t protocol, char *buf,
		   size_t size);
char *ft_text_protocol(uint8_t protocol, char *buf, size_t size);
/* "curl", "transit"; with `command` the whole command line where there is one. */
char *ft_text_owner(const struct ft_snapshot *snapshot, uint16_t owner, bool command, char *buf,
		    size_t size);
/* "established", "reset", or why the flow ended. */
const char *ft_text_state(const struct ft_flow_hot *flow);
/* "https", "8080", "echo" (ICMP), "spi 0x1f", "" */
char *ft_text_service(const struct ft_show *show, const struct ft_flow_hot *flow, char *buf,
		      size_t size);
/* "100", "100.20" (outer.inner), "" */
char *ft_text_vlan(uint32_t outer, uint32_t inner, char *buf, size_t size);

/* Order-preserving bits of a number >= 0. */
uint64_t ft_rank_real(double value);
/* Of any number: of a difference, which may be negative. */
uint64_t ft_rank_signed_real(double value);
uint64_t ft_rank_signed(int64_t value);
/* Ranks of texts: the first seven bytes, case folded; lowest bit set if there is more. */
uint64_t ft_rank_text(const char *text);
/* Case-insensitive, then exact. */
int ft_compare_text(const char *a, const char *b);
/* IPv4 before IPv6; lowest bit set for IPv6, whose rank doesn't tell all. */
uint64_t ft_rank_addr(const uint8_t addr[16], uint16_t port);
int ft_compare_addr(const uint8_t a[16], uint16_t port_a, const uint8_t b[16], uint16_t port_b);

/* Escaped, cut. */
void ft_put_text(const char *raw, const struct ft_show *show, unsigned width, char *buf,
		 size_t size);

/* The functions of a column, as they stand in a row of the table. */
#define FT_COLUMN_RANK(name) \
	uint64_t ft_rank_##name(const struct ft_snapshot *snapshot, const struct ft_row *row, \
				const struct ft_show *show)
#define FT_COLUMN_COMPARE(name) \
	int ft_compare_##name(const struct ft_snapshot *snapshot, const struct ft_row *a, \
			      const struct ft_row *b, const struct ft_show *show)
#define FT_COLUMN_GET(name) \
	void ft_get_##name(const struct ft_snapshot *snapshot, const struct ft_row *row, \
			   const struct ft_show *show, struct ft_value *ret_value)
#define FT_COLUMN_FORMAT(name) \
	void ft_format_##name(const struct ft_snapshot *snapshot, const struct ft_row *row, \
			      const struct ft_show *show, unsigned width, char *buf, size_t size)

#define FT_NUMBER_COLUMN(name) \
	FT_COLUMN_RANK(name); \
	FT_COLUMN_GET(name); \
	FT_COLUMN_FORMAT(name)
#define FT_TEXT_COLUMN(name) \
	FT_NUMBER_COLUMN(name); \
	FT_COLUMN_COMPARE(name)

#define FT_COLUMN_TOKEN(name) \
	bool ft_token_##name(const struct ft_snapshot *snapshot, const struct ft_row *row, \
			     const struct ft_show *show, struct ft_token *ret_token)
#define FT_COMMON_COLUMN(name) \
	FT_TEXT_COLUMN(name); \
	FT_COLUMN_TOKEN(name)

/* Made from a function text_NAME(snapshot, row, show, buf, size). */
#define FT_TEXT_RANK(name) \
	FT_COLUMN_RANK(name) \
	{ \
		char text[FT_CELL_TEXT]; \
\
		text_##name(snapshot, row, show, text, sizeof(text)); \
		return ft_rank_text(text); \
	}
#define FT_TEXT_CELL(name) \
	FT_COLUMN_GET(name) \
	{ \
		ret_value->kind = FT_VALUE_TEXT; \
		text_##name(snapshot, row, show, ret_value->text, sizeof(ret_value->text)); \
	} \
	FT_COLUMN_FORMAT(name) \
	{ \
		char text[FT_CELL_TEXT]; \
\
		text_##name(snapshot, row, show, text, sizeof(text)); \
		ft_put_text(text, show, width, buf, size); \
	}
#define FT_TEXT_FUNCTIONS(name) \
	FT_TEXT_RANK(name) \
	FT_COLUMN_COMPARE(name) \
	{ \
		char x[FT_CELL_TEXT], y[FT_CELL_TEXT]; \
\
		text_##name(snapshot, a, show, x, sizeof(x)); \
		text_##name(snapshot, b, show, y, sizeof(y)); \
		return ft_compare_text(x, y); \
	} \
	FT_TEXT_CELL(name)

/* column_difference.c */
FT_NUMBER_COLUMN(change);
/* column_flow.c */
FT_TEXT_COLUMN(observer);
FT_COMMON_COLUMN(local);
FT_COMMON_COLUMN(remote);
FT_NUMBER_COLUMN(dir);
FT_NUMBER_COLUMN(protocol);
FT_COMMON_COLUMN(service);
FT_COMMON_COLUMN(iface);
FT_NUMBER_COLUMN(vlan);
FT_NUMBER_COLUMN(state);
FT_NUMBER_COLUMN(flags);
/* column_event.c */
FT_NUMBER_COLUMN(time);
FT_NUMBER_COLUMN(event);
FT_NUMBER_COLUMN(latency);
FT_NUMBER_COLUMN(duration);
FT_NUMBER_COLUMN(bytes);
FT_TEXT_COLUMN(why);
/* column_group.c */
FT_TEXT_COLUMN(host);
FT_NUMBER_COLUMN(own);
FT_NUMBER_COLUMN(flows);
FT_COMMON_COLUMN(process);
FT_NUMBER_COLUMN(pid);
FT_COMMON_COLUMN(user);
FT_COMMON_COLUMN(container);
FT_COMMON_COLUMN(unit);
FT_COMMON_COLUMN(command);
/* column_health.c */
FT_NUMBER_COLUMN(rtt);
FT_NUMBER_COLUMN(min_rtt);
FT_NUMBER_COLUMN(handshake);
FT_NUMBER_COLUMN(retrans);
FT_NUMBER_COLUMN(lost);
FT_NUMBER_COLUMN(cwnd);
FT_NUMBER_COLUMN(delivery);
FT_NUMBER_COLUMN(recvq);
FT_NUMBER_COLUMN(sendq);
FT_NUMBER_COLUMN(rttvar);
FT_NUMBER_COLUMN(rto);
FT_NUMBER_COLUMN(unacked);
FT_NUMBER_COLUMN(timeouts);
FT_NUMBER_COLUMN(sent);
FT_NUMBER_COLUMN(acked);
FT_NUMBER_COLUMN(received);
FT_NUMBER_COLUMN(resent);
FT_NUMBER_COLUMN(unsent);
FT_NUMBER_COLUMN(drops);
FT_NUMBER_COLUMN(mss);
FT_NUMBER_COLUMN(pmtu);
FT_NUMBER_COLUMN(ssthresh);
FT_NUMBER_COLUMN(pacing);
FT_NUMBER_COLUMN(snd_wnd);
FT_NUMBER_COLUMN(rcv_wnd);
FT_NUMBER_COLUMN(busy);
FT_NUMBER_COLUMN(rwnd_limited);
FT_NUMBER_COLUMN(sndbuf_limited);
FT_NUMBER_COLUMN(reordering);
FT_NUMBER_COLUMN(reord_seen);
FT_NUMBER_COLUMN(out_of_order);
FT_NUMBER_COLUMN(sacked);
FT_NUMBER_COLUMN(in_flight);
FT_NUMBER_COLUMN(dsack);
FT_NUMBER_COLUMN(delivered);
FT_NUMBER_COLUMN(delivered_ce);
FT_NUMBER_COLUMN(segs_out);
FT_NUMBER_COLUMN(segs_in);
FT_NUMBER_COLUMN(data_out);
FT_NUMBER_COLUMN(data_in);
FT_NUMBER_COLUMN(rcv_rtt);
FT_NUMBER_COLUMN(ato);
FT_NUMBER_COLUMN(rcv_mss);
FT_NUMBER_COLUMN(advmss);
FT_NUMBER_COLUMN(rcv_space);
FT_NUMBER_COLUMN(rcv_ssthresh);
FT_NUMBER_COLUMN(backoff);
FT_NUMBER_COLUMN(probes);
FT_NUMBER_COLUMN(snd_wscale);
FT_NUMBER_COLUMN(rcv_wscale);
FT_NUMBER_COLUMN(bbr_bw);
FT_NUMBER_COLUMN(bbr_rtt);
FT_NUMBER_COLUMN(bbr_pacing);
FT_NUMBER_COLUMN(bbr_cwnd);
FT_NUMBER_COLUMN(vegas_on);
FT_NUMBER_COLUMN(vegas_count);
FT_NUMBER_COLUMN(vegas_rtt);
FT_NUMBER_COLUMN(vegas_min_rtt);
FT_NUMBER_COLUMN(dctcp_on);
FT_NUMBER_COLUMN(dctcp_ce);
FT_NUMBER_COLUMN(dctcp_alpha);
FT_NUMBER_COLUMN(dctcp_ecn);
FT_NUMBER_COLUMN(dctcp_total);
FT_NUMBER_COLUMN(received_ce);
FT_NUMBER_COLUMN(delivered_ect_one);
FT_NUMBER_COLUMN(delivered_ect_zero);
FT_NUMBER_COLUMN(delivered_ce_bytes);
FT_NUMBER_COLUMN(received_ect_one);
FT_NUMBER_COLUMN(received_ect_zero);
FT_NUMBER_COLUMN(received_ce_bytes);
FT_NUMBER_COLUMN(accecn_failure);
FT_NUMBER_COLUMN(accecn_option);
FT_NUMBER_COLUMN(tos);
FT_NUMBER_COLUMN(tclass);
FT_NUMBER_COLUMN(expires);
FT_NUMBER_COLUMN(timer_repeats);
FT_NUMBER_COLUMN(mem_received);
FT_NUMBER_COLUMN(mem_receive_limit);
FT_NUMBER_COLUMN(mem_sent);
FT_NUMBER_COLUMN(mem_send_limit);
FT_NUMBER_COLUMN(mem_forward);
FT_NUMBER_COLUMN(mem_queued);
FT_NUMBER_COLUMN(mem_options);
FT_NUMBER_COLUMN(mem_backlog);
FT_NUMBER_COLUMN(uid);
FT_NUMBER_COLUMN(inode);
FT_NUMBER_COLUMN(max_pacing);
FT_NUMBER_COLUMN(last_sent);
FT_NUMBER_COLUMN(last_received);
FT_NUMBER_COLUMN(last_ack);
FT_NUMBER_COLUMN(rehashes);
FT_NUMBER_COLUMN(timeouts_total);
FT_NUMBER_COLUMN(timeouts_recovered);
FT_NUMBER_COLUMN(timeouts_time);
FT_NUMBER_COLUMN(fastopen_failure);
FT_NUMBER_COLUMN(app_sent);
FT_NUMBER_COLUMN(app_received);
FT_NUMBER_COLUMN(overhead);
FT_TEXT_COLUMN(congestion);
FT_TEXT_COLUMN(ca_state);
FT_TEXT_COLUMN(options);
FT_TEXT_COLUMN(app_limited);
FT_TEXT_COLUMN(timer);
/* column_amount.c */
FT_NUMBER_COLUMN(age);
FT_NUMBER_COLUMN(idle);
FT_NUMBER_COLUMN(tx);
FT_NUMBER_COLUMN(rx);
FT_NUMBER_COLUMN(rate);
FT_NUMBER_COLUMN(pps);
FT_NUMBER_COLUMN(tx_total);
FT_NUMBER_COLUMN(rx_total);
FT_NUMBER_COLUMN(total);
FT_NUMBER_COLUMN(packets);

#endif
