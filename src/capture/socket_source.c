/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See socket_source.h. A dump of both families goes step by step; when it is whole it takes the
 * place of the one before, with an index by ends. What comes from the kernel is still checked
 * for length: old kernels have a shorter tcp_info.
 */
#include "capture/socket_source.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>

#include "capture/clock.h"
#include "capture/socket_ends.h"
#include "core/log.h"
#include "core/xalloc.h"

#define BUFFER_SIZE 32768
#define BUDGET_NS 20000000ULL    /* of one refresh */
#define PERIOD_NS 50000000ULL    /* between two dumps, at least: less than any interval */
#define COST_FACTOR 100          /* and so many times what the last one took */
#define SOCKETS_MAX 65536U
/* All states but TIME_WAIT (6), CLOSE (7), LISTEN (10) and NEW_SYN_RECV (12). */
#define STATES (0xfffU & ~(1U << 6 | 1U << 7 | 1U << 10))
/* Of tcp_info since 6.2, which older headers don't have. */
#define RCV_WND_OFFSET (offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof(uint32_t))
#define TIMEOUTS_SIZE 12 /* of what follows it since 6.7 */
#define VEGAS_NO_RTT 0x7fffffffU

/* One answer. */
struct answer {
	struct ft_health *sockets;   /* owned */
	struct ft_socket_ends *ends; /* owned; of each */
	uint32_t count, space;
};

struct ft_socket_source {
	int fd; /* -1: cannot be asked */
	char *buffer;
	uint32_t sequence;

	struct answer answer;       /* the newest whole one */
	struct ft_socket_span span; /* of it */
	struct ft_ends_index index; /* of it */

	/* the dump under way */
	struct answer coming;
	int family;              /* 0 = none */
	uint64_t cost_ns;        /* of it so far */
	uint64_t next_mono;      /* the next one begins */
};

static void open_netlink(struct ft_socket_source *source)
{
	source->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    NETLINK_SOCK_DIAG);
	if (source->fd < 0)
		ft_log(FT_LOG_INFO, "sockets: no sock_diag: %s", strerror(errno));
}

struct ft_socket_source *ft_socket_source_new(void)
{
	struct ft_socket_source *source = xcalloc(1, sizeof(*source));

	source->buffer = xmalloc(BUFFER_SIZE);
	source->index.seed = ft_seed_random();
	open_netlink(source);
	return source;
}

void ft_socket_source_free(struct ft_socket_source *source)
{
	if (!source)
		return;
	if (source->fd >= 0)
		close(source->fd);
	free(source->buffer);
	free(source->answer.sockets);
	free(source->answer.ends);
	free(source->coming.sockets);
	free(source->coming.ends);
	ft_ends_index_done(&source->index);
	free(source);
}

/* ---- one message */

/* What tcp_info has behind the receive window since 6.7. */
static void take_timeouts(const void *data, size_t length, struct ft_health *to)
{
	struct {
		uint32_t rehash;
		uint16_t rto, rto_recoveries;
		uint32_t rto_ms;
	} more;
	size_t at = RCV_WND_OFFSET + sizeof(to->rcv_wnd);

	static_assert(sizeof(more) == TIMEOUTS_SIZE, "as tcp_info has them");
	if (length < at + sizeof(more))
		return;
	memcpy(&more, (const char *)data + at, sizeof(more));
	to->known |= FT_HEALTH_TIMEOUTS;
	to->rehashes = more.rehash;
	to->total_rto = more.rto;
	to->total_rto_recoveries = more.rto_recoveries;
	to->total_rto_ms = more.rto_ms;
}

/* And behind that, of accurate ECN, since 6.18. */
static void take_accecn(const void *data, size_t length, struct ft_health *to)
{
	struct {
		uint32_t received_ce, delivered[3], received[3];
		uint16_t fail_mode, option;
	} more;
	size_t at = RCV_WND_OFFSET + sizeof(to->rcv_wnd) + TIMEOUTS_SIZE;

	if (length < at + sizeof(more))
		return;
	memcpy(&more, (const char *)data + at, sizeof(more));
	to->known |= FT_HEALTH_ACCECN;
	to->received_ce = more.received_ce;
	memcpy(to->accecn_delivered_bytes, more.delivered, sizeof(more.delivered));
	memcpy(to->accecn_received_bytes, more.received, sizeof(more.received));
	to->accecn_fail_mode = (uint8_t)more.fail_mode;
	to->accecn_option = (uint8_t)more.option;
}

/* What tcp_info says; `length` of it came. */
static void take_info(const void *data, size_t length, struct ft_health *to)
{
	struct tcp_info info = { 0 };

	memcpy(&info, data, length < sizeof(info) ? length : sizeof(info));
	if (length >= RCV_WND_OFFSET)
		to->known |= FT_HEALTH_MORE;
	if (info.tcpi_delivery_rate_app_limited)
		to->known |= FT_HEALTH_APP_LIMITED;
	if (length >= RCV_WND_OFFSET + sizeof(to->rcv_wnd)) {
		memcpy(&to->rcv_wnd, (const char *)data + RCV_WND_OFFSET, sizeof(to->rcv_wnd));
		to->known |= FT_HEALTH_RCV_WND;
	}
	take_timeouts(data, length, to);
	take_accecn(data, length, to);
	to->bytes_acked = info.tcpi_bytes_acked;
	to->bytes_received = info.tcpi_bytes_received;
	to->bytes_sent = info.tcpi_bytes_sent;
	to->bytes_retrans = info.tcpi_bytes_retrans;
	to->delivery_rate = info.tcpi_delivery_rate;
	to->pacing_rate = info.tcpi_pacing_rate;
	to->max_pacing_rate = info.tcpi_max_pacing_rate;
	to->last_data_sent_ms = info.tcpi_last_data_sent;
	to->last_data_received_ms = info.tcpi_last_data_recv;
	to->last_ack_received_ms = info.tcpi_last_ack_recv;
	to->fastopen_fail = info.tcpi_fastopen_client_fail;
	to->busy_us = info.tcpi_busy_time;
	to->rwnd_limited_us = info.tcpi_rwnd_limited;
	to->sndbuf_limited_us = info.tcpi_sndbuf_limited;
	to->srtt_us = info.tcpi_rtt;
	to->min_rtt_us = info.tcpi_min_rtt == UINT32_MAX ? 0 : info.tcpi_min_rtt;
	to->rttvar_us = info.tcpi_rttvar;
	to->rcv_rtt_us = info.tcpi_rcv_rtt;
	to->rto_us = info.tcpi_rto;
	to->ato_us = info.tcpi_ato;
	to->cwnd = info.tcpi_snd_cwnd;
	to->ssthresh = info.tcpi_snd_ssthresh;
	to->mss = info.tcpi_snd_mss;
	to->rcv_mss = info.tcpi_rcv_mss;
	to->advmss = info.tcpi_advmss;
	to->pmtu = info.tcpi_pmtu;
	to->reordering = info.tcpi_reordering;
	to->unacked = info.tcpi_unacked;
	to->sacked = info.tcpi_sacked;
	to->lost = info.tcpi_lost;
	to->retrans = info.tcpi_retrans;
	to->total_retrans = info.tcpi_total_retrans;
	to->segs_out = info.tcpi_segs_out;
	to->segs_in = info.tcpi_segs_in;
	to->data_segs_out = info.tcpi_data_segs_out;
	to->data_segs_in = info.tcpi_data_segs_in;
	to->delivered = info.tcpi_delivered;
	to->delivered_ce = info.tcpi_delivered_ce;
	to->dsack_dups = info.tcpi_dsack_dups;
	to->reord_seen = info.tcpi_reord_seen;
	to->rcv_ooopack = info.tcpi_rcv_ooopack;
	to->notsent_bytes = info.tcpi_notsent_bytes;
	to->snd_wnd = info.tcpi_snd_wnd;
	to->rcv_space = info.tcpi_rcv_space;
	to->rcv_ssthresh = info.tcpi_rcv_ssthresh;
	to->ca_state = info.tcpi_ca_state;
	to->retransmits = info.tcpi_retransmits;
	to->backoff = info.tcpi_backoff;
	to->probes = info.tcpi_probes;
	to->options = info.tcpi_options;
	to->snd_wscale = info.tcpi_snd_wscale;
	to->rcv_wscale = info.tcpi_rcv_wscale;
}

static void take_congestion(const void *data, size_t length, struct ft_health *to)
{
	if (length > sizeof(to->congestion) - 1)
		length = sizeof(to->congestion) - 1;
	memcpy(to->congestion, data, length);
}

static void take_memory(const void *data, size_t length, struct ft_health *to)
{
	if (length >= (SK_MEMINFO_DROPS + 1) * sizeof(to->drops))
		memcpy(&to->drops, (const char *)data + SK_MEMINFO_DROPS * sizeof(to->drops),
		       sizeof(to->drops));
}

static void take_tos(const void *data, size_t length, struct ft_health *to)
{
	if (length < sizeof(to->tos))
		return;
	to->known |= FT_HEALTH_TOS;
	memcpy(&to->tos, data, sizeof(to->tos));
}

static void take_tclass(const void *data, size_t length, struct ft_health *to)
{
	if (length < sizeof(to->tclass))
		return;
	to->known |= FT_HEALTH_TCLASS;
	memcpy(&to->tclass, data, sizeof(to->tclass));
}

/* What an algorithm tells of itself. A message has one of these three, if any: they share their
 * place, so that of several the last one holds. */
#define ALGORITHMS (FT_HEALTH_BBR | FT_HEALTH_VEGAS | FT_HEALTH_DCTCP)

static void take_bbr(const void *data, size_t length, struct ft_health *to)
{
	struct tcp_bbr_info info;

	if (length < sizeof(info))
		return;
	memcpy(&info, data, sizeof(info));
	to->known = (to->known & ~ALGORITHMS) | FT_HEALTH_BBR;
	to->bbr.bandwidth = (uint64_t)info.bbr_bw_hi << 32 | info.bbr_bw_lo;
	to->bbr.min_rtt_us = info.bbr_min_rtt == UINT32_MAX ? 0 : info.bbr_min_rtt;
	to->bbr.pacing_gain = (uint32_t)((uint64_t)info.bbr_pacing_gain * 1000 >> 8);
	to->bbr.cwnd_gain = (uint32_t)((uint64_t)info.bbr_cwnd_gain * 1000 >> 8);
}

static void take_vegas(const void *data, size_t length, struct ft_health *to)
{
	struct tcpvegas_info info;

	if (length < sizeof(info))
		return;
	memcpy(&info, data, sizeof(info));
	to->known = (to->known & ~ALGORITHMS) | FT_HEALTH_VEGAS;
	to->vegas.enabled = info.tcpv_enabled;
	to->vegas.rtt_count = info.tcpv_rttcnt;
	to->vegas.rtt_us = info.tcpv_rtt == VEGAS_NO_RTT ? 0 : info.tcpv_rtt;
	to->vegas.min_rtt_us = info.tcpv_minrtt == VEGAS_NO_RTT ? 0 : info.tcpv_minrtt;
}

static void take_dctcp(const void *data, size_t length, struct ft_health *to)
{
	struct tcp_dctcp_info info;

	if (length < sizeof(info))
		return;
	memcpy(&info, data, sizeof(info));
	to->known = (to->known & ~ALGORITHMS) | FT_HEALTH_DCTCP;
	to->dctcp.enabled = info.dctcp_enabled;
	to->dctcp.ce_state = info.dctcp_ce_state;
	to->dctcp.alpha = info.dctcp_alpha;
	to->dctcp.ecn_bytes = info.dctcp_ab_ecn;
	to->dctcp.bytes = info.dctcp_ab_tot;
}

/* One attribute of a message. */
static void take_attribute(const struct rtattr *attribute, struct ft_health *to)
{
	static void (*const takers[])(const void *, size_t, struct ft_health *) = {
		[INET_DIAG_INFO] = take_info,
		[INET_DIAG_VEGASINFO] = take_vegas,
		[INET_DIAG_CONG] = take_congestion,
		[INET_DIAG_TOS] = take_tos,
		[INET_DIAG_TCLASS] = take_tclass,
		[INET_DIAG_SKMEMINFO] = take_memory,
		[INET_DIAG_DCTCPINFO] = take_dctcp,
		[INET_DIAG_BBRINFO] = take_bbr,
	};
	unsigned type = attribute->rta_type;

	if (type < sizeof(takers) / sizeof(takers[0]) && takers[type])
		takers[type](RTA_DATA(attribute), RTA_PAYLOAD(attribute), to);
}

static void take_timer(const struct inet_diag_msg *msg, struct ft_health *to)
{
	if (!msg->idiag_timer)
		return;
	to->known |= FT_HEALTH_TIMER;
	to->timer = msg->idiag_timer;
	to->timer_retransmits = msg->idiag_retrans;
	to->timer_expires_ms = msg->idiag_expires;
}

void ft_health_from_diag(const struct inet_diag_msg *msg, uint32_t length, uint64_t now_ns,
			 struct ft_health *ret_health)
{
	const struct rtattr *attribute = (const void *)(msg + 1);
	int left = (int)(length - sizeof(*msg));

	*ret_health = (struct ft_health){
		.cookie = (uint64_t)msg->id.idiag_cookie[1] << 32 | msg->id.idiag_cookie[0],
		.tick = now_ns,
		.known = FT_HEALTH_QUEUES,
		.state = msg->idiag_state,
		.rqueue = msg->idiag_rqueue,
		.wqueue = msg->idiag_wqueue,
	};
	take_timer(msg, ret_health);
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
		take_attribute(attribute, ret_health);
}

/* Addresses of both families in the form of flow keys. */
static void copy_address(int family, const __be32 words[4], uint8_t to[16])
{
	if (family == AF_INET6) {
		memcpy(to, words, 16);
		return;
	}
	memset(to, 0, 10);
	to[10] = to[11] = 0xff;
	memcpy(to + 12, words, 4);
}

/* False of what is left of an orphan in FIN_WAIT2: it is listed as if it were in that state, by another
 * cookie, and knows no number any more. What it knew was told when it was closed. */
static bool has_info(const struct inet_diag_msg *msg, uint32_t length)
{
	const struct rtattr *attribute = (const void *)(msg + 1);
	int left = (int)(length - sizeof(*msg));

	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
		if (attribute->rta_type == INET_DIAG_INFO)
			return true;
	return false;
}

/* One socket into the answer that is coming. */
static void take_message(struct ft_socket_source *source, const struct nlmsghdr *header,
			 uint64_t now_ns)
{
	const struct inet_diag_msg *msg = NLMSG_DATA(header);
	struct answer *coming = &source->coming;
	struct ft_socket_ends *ends;

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*msg)) || coming->count >= SOCKETS_MAX)
		return;
	if (!has_info(msg, header->nlmsg_len - NLMSG_HDRLEN))
		return;
	if (coming->count == coming->space) {
		coming->space = coming->space ? coming->space * 2 : 64;
		coming->sockets = xreallocarray(coming->sockets, coming->space,
						sizeof(*coming->sockets));
		coming->ends = xreallocarray(coming->ends, coming->space, sizeof(*coming->ends));
	}
	ends = &coming->ends[coming->count];
	memset(ends, 0, sizeof(*ends));
	copy_address(msg->idiag_family, msg->id.idiag_src, ends->local);
	copy_address(msg->idiag_family, msg->id.idiag_dst, ends->remote);
	ends->local_port_be = msg->id.idiag_sport;
	ends->remote_port_be = msg->id.idiag_dport;
	ft_health_from_diag(msg, header->nlmsg_len - NLMSG_HDRLEN, now_ns,
			    &coming->sockets[coming->count++]);
}

/* ---- the dump */

/* Asks for a family; false if that cannot be. */
static bool ask(struct ft_socket_source *source)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 body;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = ++source->sequence,
		},
		.body = {
			.sdiag_family = (uint8_t)source->family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_ext = FT_HEALTH_DIAG_EXTENSIONS,
			.idiag_states = STATES,
		},
	};

	return sendto(source->fd, &request, sizeof(request), 0, (const struct sockaddr *)&kernel,
		      sizeof(kernel)) >= 0;
}

/* The answer is whole: it is the newest from now on, found by its ends. */
static void finish(struct ft_socket_source *source, uint64_t now_mono)
{
	struct answer old = source->answer;

	source->answer = source->coming;
	source->coming = old;
	source->span = (struct ft_socket_span){ source->answer.sockets, source->answer.count };
	source->family = 0;
	source->next_mono = now_mono + source->cost_ns * COST_FACTOR;
	if (source->next_mono < now_mono + PERIOD_NS)
		source->next_mono = now_mono + PERIOD_NS;
	ft_ends_index_build(&source->index, source->answer.ends, source->answer.count);
}

/* A family is done, well or not: the next one, or the end. True: it was the last. */
static bool next_family(struct ft_socket_source *source)
{
	if (source->family == AF_INET) {
		source->family = AF_INET6;
		if (ask(source))
			return false;
	}
	return true;
}

/* Reads what is there. True: all of both families came. */
static bool step(struct ft_socket_source *source)
{
	int length = (int)recv(source->fd, source->buffer, BUFFER_SIZE, MSG_DONTWAIT);
	const struct nlmsghdr *header = (const void *)source->buffer;
	uint64_t now_ns = ft_clock_read(CLOCK_REALTIME);

	if (length < 0)
		return next_family(source);
	/* A last message that isn't padded leaves a negative length. */
	for (; length > 0 && NLMSG_OK(header, (unsigned int)length);
	     header = NLMSG_NEXT(header, length)) {
		if (header->nlmsg_seq != source->sequence)
			continue;
		if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
			return next_family(source);
		take_message(source, header, now_ns);
	}
	return false;
}

bool ft_socket_source_refresh(struct ft_socket_source *source, uint64_t now_mono)
{
	uint64_t begun = ft_clock_read(CLOCK_MONOTONIC), spent = 0;
	bool whole = false;

	if (source->fd < 0)
		return false;
	if (!source->family) {
		if (now_mono < source->next_mono)
			return false;
		source->coming.count = 0;
		source->cost_ns = 0;
		source->family = AF_INET;
		whole = !ask(source) && next_family(source);
	}
	while (!whole && spent < BUDGET_NS) {
		whole = step(source);
		spent = ft_clock_read(CLOCK_MONOTONIC) - begun;
	}
	source->cost_ns += spent;
	if (whole)
		finish(source, now_mono);
	return whole;
}

/* ---- what came */

void ft_socket_source_put(struct ft_socket_source *source, struct ft_batch *batch)
{
	batch->socket_spans = &source->span;
	batch->socket_span_count = source->span.count ? 1 : 0;
	batch->clock = ft_clock_identity();
}

uint64_t ft_socket_source_find(void *arg, const struct ft_flow_key *key, int end)
{
	const struct ft_socket_source *source = arg;
	size_t place;

	return ft_ends_index_find(&source->index, source->answer.ends, key, end, &place) ?
		       source->answer.sockets[place].cookie : 0;
}
