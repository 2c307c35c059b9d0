/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of columns and their layout. Left to right: who, what, when, how much. Rows that
 * are laid out together in a narrow terminal are the ones with a priority below
 * FT_PRIORITY_EXTRA; at 40 columns a flow shows remote end, process and rate.
 *
 * A new column: three or four functions, declared in column_priv.h, and a row here.
 */
#include "core/column_priv.h"

#include <string.h>

#include "core/nls.h"

#define ALL_LISTS (FT_ON_FLOWS | FT_ON_TALKERS | FT_ON_PROCESSES)
#define OWNED_LISTS (FT_ON_FLOWS | FT_ON_PROCESSES | FT_ON_SOCKETS | FT_ON_EVENTS)
#define ENDED_LISTS (FT_ON_FLOWS | FT_ON_SOCKETS)

#define NUMBER(name) \
	.id = #name, .align = FT_ALIGN_RIGHT, .rank = ft_rank_##name, .get = ft_get_##name, \
	.format = ft_format_##name
#define MARK(name) \
	.id = #name, .align = FT_ALIGN_LEFT, .rank = ft_rank_##name, .get = ft_get_##name, \
	.format = ft_format_##name
#define TEXT(name) \
	MARK(name), .ascending = true, .compare = ft_compare_##name
#define COMMON(name) TEXT(name), .token = ft_token_##name
#define WIDTHS(least, usual, most) .min = least, .normal = usual, .max = most

/* A number of the sockets' list. */
#define HEALTH(name, rank_) \
	NUMBER(name), .lists = FT_ON_SOCKETS, WIDTHS(6, 6, 8), .priority = rank_

/* clang-format off */
const struct ft_column ft_columns[] = {
	/* what happened */
	{ MARK(time), .title = N_("Time"), .help = N_("when it happened"),
	  .lists = FT_ON_EVENTS, WIDTHS(8, 12, 15), .priority = 3, .ascending = true },
	{ MARK(event), .title = N_("Event"),
	  .help = N_("connect, accept, connect_failed, close, retransmit, listen; udp: the first "
		     "datagram"),
	  .lists = FT_ON_EVENTS, WIDTHS(7, 10, 14), .priority = 0, .ascending = true },
	/* how it differs from the baseline */
	{ MARK(change), .title = N_("Change"),
	  .help = N_("difference: appeared +, vanished -, grew >, shrank <, same ="),
	  .lists = ALL_LISTS, WIDTHS(8, 8, 12), .priority = 2, .needs = FT_NEEDS_DIFFERENCE },
	/* who */
	{ COMMON(local), .title = N_("Local"), .help = N_("this side: address or name, and port"),
	  .lists = ENDED_LISTS | FT_ON_EVENTS, WIDTHS(13, 21, 47), .priority = 3, .on_sockets = 1,
	  .on_events = 1 + 5 },
	{ MARK(dir), .title = N_("D"),
	  .help = N_("who began it: > the local end, < the remote end"),
	  .lists = FT_ON_FLOWS | FT_ON_EVENTS, WIDTHS(1, 1, 1), .priority = 8 },
	{ COMMON(remote), .title = N_("Remote"),
	  .help = N_("the other side: address or name, and port"),
	  .lists = ENDED_LISTS | FT_ON_EVENTS, WIDTHS(15, 21, 47), .priority = 0,
	  .on_sockets = 1 + 4, .on_events = 1 + 1 },
	{ TEXT(host), .title = N_("Host"), .help = N_("host, or what talkers are grouped by"),
	  .lists = FT_ON_TALKERS, WIDTHS(15, 28, 56), .priority = 0 },
	{ MARK(own), .title = N_("Own"), .help = N_("* marks what is this machine's"),
	  .lists = FT_ON_TALKERS, WIDTHS(5, 5, 5), .priority = 9 },
	{ MARK(protocol), .title = N_("Prot"), .help = N_("protocol above IP"),
	  .lists = ENDED_LISTS | FT_ON_EVENTS, WIDTHS(4, 6, 6), .priority = 4,
	  .on_sockets = 1 + 2, .on_events = 1 + 11,
	  .ascending = true },
	{ COMMON(service), .title = N_("Service"), .help = N_("service, ICMP type, SPI or GRE key"),
	  .lists = FT_ON_FLOWS, WIDTHS(7, 10, 16), .priority = 16 },
	{ COMMON(process), .title = N_("Process"),
	  .help = N_("owner of the local end: process, kernel, transit or unknown"),
	  .lists = OWNED_LISTS, WIDTHS(9, 14, 40), .priority = 0, .needs = FT_NEEDS_OWNER,
	  .on_events = 1 + 2 },
	{ NUMBER(pid), .title = N_("PID"), .help = N_("process id"),
	  .lists = OWNED_LISTS, WIDTHS(7, 7, 7), .priority = 11, .ascending = true,
	  .needs = FT_NEEDS_OWNER },
	{ COMMON(user), .title = N_("User"), .help = N_("user of the process"),
	  .lists = OWNED_LISTS, WIDTHS(6, 9, 16), .priority = 13, .needs = FT_NEEDS_OWNER },
	/* how it went */
	{ NUMBER(latency), .title = N_("Lat"),
	  .help = N_("time that the handshake took, or until it was known to have failed"),
	  .lists = FT_ON_EVENTS, WIDTHS(6, 6, 8), .priority = 6 },
	{ TEXT(why), .title = N_("Why"),
	  .help = N_("error; how and by which end it was closed; segments sent again"),
	  .lists = FT_ON_EVENTS, WIDTHS(12, 12, 16), .priority = 4 },
	{ NUMBER(duration), .title = N_("Lasted"), .help = N_("how long the connection was there"),
	  .lists = FT_ON_EVENTS, WIDTHS(6, 6, 8), .priority = 9 },
	{ NUMBER(bytes), .title = N_("Bytes"),
	  .help = N_("sent/received: the programs' own octets; known from packets alone, those "
		     "on the wire"),
	  .lists = FT_ON_EVENTS, WIDTHS(9, 11, 13), .priority = 10 },
	/* where */
	{ TEXT(observer), .title = N_("Observer"), .help = N_("host that saw it, of several"),
	  .lists = FT_ON_FLOWS | FT_ON_EVENTS, WIDTHS(8, 10, 24), .priority = 2,
	  .on_events = 1 + 3, .needs = FT_NEEDS_OBSERVERS },
	{ COMMON(iface), .title = N_("Iface"), .help = N_("interface; of a bridge, its port"),
	  .lists = ENDED_LISTS, WIDTHS(6, 9, 20), .priority = 14, .on_sockets = 1 + 24 },
	{ MARK(vlan), .title = N_("VLAN"), .help = N_("VLAN id, outer.inner"),
	  .lists = FT_ON_FLOWS, WIDTHS(4, 5, 9), .priority = 20, .ascending = true },
	/* when and how */
	{ MARK(state), .title = N_("State"),
	  .help = N_("state of the conversation, or why it ended"),
	  .lists = ENDED_LISTS, WIDTHS(6, 11, 11), .priority = 10, .on_sockets = 1 + 1,
	  .ascending = true },
	{ MARK(flags), .title = N_("Flags"), .help = N_("TCP flags seen, sent/received"),
	  .lists = FT_ON_FLOWS, WIDTHS(7, 9, 17), .priority = 22, .ascending = true },
	{ NUMBER(age), .title = N_("Age"), .help = N_("time since first seen"),
	  .lists = ALL_LISTS, WIDTHS(6, 6, 6), .priority = 15 },
	{ NUMBER(idle), .title = N_("Idle"), .help = N_("time since the last packet"),
	  .lists = ALL_LISTS, WIDTHS(6, 6, 6), .priority = 12, .ascending = true },
	{ NUMBER(recvq), .title = N_("RecvQ"),
	  .help = N_("bytes not read yet; of a listener: connections not accepted yet"),
	  .lists = FT_ON_SOCKETS, WIDTHS(5, 5, 8), .priority = 5 },
	{ NUMBER(sendq), .title = N_("SendQ"),
	  .help = N_("bytes not acknowledged yet; of a listener: how many may wait"),
	  .lists = FT_ON_SOCKETS, WIDTHS(5, 5, 8), .priority = 6 },
	/* how much */
	{ NUMBER(flows), .title = N_("Flows"), .help = N_("flows summed in this row"),
	  .lists = FT_ON_TALKERS | FT_ON_PROCESSES, WIDTHS(5, 6, 7), .priority = 4 },
	{ NUMBER(tx), .title = N_("Tx"), .help = N_("rate sent"),
	  .lists = ALL_LISTS, WIDTHS(5, 6, 8), .priority = 5, .amount = FT_AMOUNT_RATE },
	{ NUMBER(rx), .title = N_("Rx"), .help = N_("rate received"),
	  .lists = ALL_LISTS, WIDTHS(5, 6, 8), .priority = 6, .amount = FT_AMOUNT_RATE },
	{ NUMBER(rate), .title = N_("Rate"), .help = N_("rate sent and received"),
	  .lists = ALL_LISTS, WIDTHS(5, 6, 8), .priority = 1, .amount = FT_AMOUNT_RATE },
	{ NUMBER(pps), .title = N_("Pkt/s"), .help = N_("packets a second"),
	  .lists = ALL_LISTS, WIDTHS(5, 6, 8), .priority = 21, .amount = FT_AMOUNT_RATE },
	{ NUMBER(tx_total), .title = N_("Sent"), .help = N_("sent in total"),
	  .lists = ALL_LISTS, WIDTHS(5, 6, 8), .priority = 17, .amount = FT_AMOUNT_TOTAL },
	{ NUMBER(rx_total), .title = N_("Recv"), .help = N_("received in total"),
	  .lists = ALL_LISTS, WIDTHS(5, 6, 8), .priority = 18, .amount = FT_AMOUNT_TOTAL },
	{ NUMBER(total), .title = N_("Total"), .help = N_("sent and received in total"),
	  .lists = ALL_LISTS, WIDTHS(5, 6, 8), .priority = 7, .amount = FT_AMOUNT_TOTAL },
	{ NUMBER(packets), .title = N_("Pkts"), .help = N_("packets sent and received in total"),
	  .lists = ALL_LISTS, WIDTHS(5, 6, 8), .priority = 19, .amount = FT_AMOUNT_TOTAL },
	/* how well: TCP's own view */
	{ NUMBER(rtt), .title = N_("RTT"), .help = N_("TCP: round-trip time, smoothed"),
	  .lists = ENDED_LISTS, WIDTHS(6, 6, 6), .priority = 16, .on_sockets = 1 + 12 },
	{ NUMBER(min_rtt), .title = N_("MinRTT"), .help = N_("TCP: least round-trip time"),
	  .lists = ENDED_LISTS, WIDTHS(6, 6, 6), .priority = 27 },
	{ NUMBER(handshake), .title = N_("Shake"),
	  .help = N_("TCP: from SYN to SYN-ACK; where the other side began it, to its ACK"),
	  .lists = FT_ON_FLOWS, WIDTHS(6, 6, 6), .priority = 26 },
	{ NUMBER(retrans), .title = N_("Retr"), .help = N_("TCP: segments sent again"),
	  .lists = ENDED_LISTS, WIDTHS(5, 5, 6), .priority = 22, .on_sockets = 1 + 14 },
	{ NUMBER(lost), .title = N_("Lost"), .help = N_("TCP: segments in flight, taken for lost"),
	  .lists = ENDED_LISTS, WIDTHS(5, 5, 6), .priority = 30 },
	{ NUMBER(cwnd), .title = N_("Cwnd"), .help = N_("TCP: congestion window in segments"),
	  .lists = ENDED_LISTS, WIDTHS(5, 5, 6), .priority = 28 },
	{ NUMBER(delivery), .title = N_("Deliv"), .help = N_("TCP: rate that arrived, newest sample"),
	  .lists = ENDED_LISTS, WIDTHS(6, 6, 8), .priority = 29 },
	{ NUMBER(app_sent), .title = N_("AppTx"), .help = N_("bytes that the program sent"),
	  .lists = ENDED_LISTS, WIDTHS(6, 6, 8), .priority = 31, .on_sockets = 1 + 26 },
	{ NUMBER(app_received), .title = N_("AppRx"), .help = N_("bytes that the program received"),
	  .lists = ENDED_LISTS, WIDTHS(6, 6, 8), .priority = 32, .on_sockets = 1 + 27 },
	{ NUMBER(overhead), .title = N_("Ovhd"),
	  .help = N_("what the wire took beyond the program's bytes, both ways, in percent of them"),
	  .lists = FT_ON_FLOWS, WIDTHS(6, 6, 6), .priority = 33 },
	/* the rest of what a socket tells */
	{ HEALTH(rttvar, 31), .title = N_("RTTvar"),
	  .help = N_("TCP: how much the round-trip time varies") },
	{ HEALTH(rto, 32), .title = N_("RTO"),
	  .help = N_("TCP: a segment is sent again after so long") },
	{ HEALTH(unacked, 33), .title = N_("Unack"),
	  .help = N_("TCP: segments in flight") },
	{ HEALTH(timeouts, 34), .title = N_("Tmout"),
	  .help = N_("TCP: time-outs in a row") },
	{ HEALTH(sent, 35), .title = N_("BSent"),
	  .help = N_("TCP: bytes sent, those sent again included") },
	{ HEALTH(acked, 36), .title = N_("Acked"),
	  .help = N_("TCP: bytes that the other side acknowledged") },
	{ HEALTH(received, 37), .title = N_("Rcvd"),
	  .help = N_("TCP: bytes received") },
	{ HEALTH(resent, 38), .title = N_("Resent"),
	  .help = N_("TCP: bytes sent again") },
	{ HEALTH(unsent, 39), .title = N_("Unsent"),
	  .help = N_("TCP: bytes that wait to be sent") },
	{ HEALTH(drops, 40), .title = N_("Drops"),
	  .help = N_("packets that the socket dropped") },
	{ HEALTH(mss, 41), .title = N_("MSS"),
	  .help = N_("TCP: bytes of a full segment sent") },
	{ HEALTH(pmtu, 42), .title = N_("PMTU"),
	  .help = N_("TCP: MTU of the path") },
	{ HEALTH(ssthresh, 43), .title = N_("SSthr"),
	  .help = N_("TCP: congestion window at which slow start ends") },
	{ HEALTH(pacing, 44), .title = N_("Pacing"),
	  .help = N_("TCP: rate that it may send at") },
	{ HEALTH(snd_wnd, 45), .title = N_("SndWnd"),
	  .help = N_("TCP: bytes that the other side takes") },
	{ HEALTH(rcv_wnd, 46), .title = N_("RcvWnd"),
	  .help = N_("TCP: bytes that it takes itself") },
	{ HEALTH(busy, 47), .title = N_("Busy"),
	  .help = N_("TCP: time with something to send") },
	{ HEALTH(rwnd_limited, 48), .title = N_("RwndL"),
	  .help = N_("TCP: of it, waiting for the receiver's window") },
	{ HEALTH(sndbuf_limited, 49), .title = N_("SndbL"),
	  .help = N_("TCP: of it, waiting for the send buffer") },
	{ HEALTH(reordering, 50), .title = N_("Reord"),
	  .help = N_("TCP: segments within which the order may change") },
	{ HEALTH(reord_seen, 51), .title = N_("RSeen"),
	  .help = N_("TCP: times that the order had changed") },
	{ HEALTH(out_of_order, 52), .title = N_("OOO"),
	  .help = N_("TCP: segments received out of order") },
	{ HEALTH(sacked, 53), .title = N_("Sackd"),
	  .help = N_("TCP: segments in flight that arrived out of order") },
	{ HEALTH(in_flight, 54), .title = N_("ReFly"),
	  .help = N_("TCP: segments in flight that were sent again") },
	{ HEALTH(dsack, 55), .title = N_("Dsack"),
	  .help = N_("TCP: segments sent again in vain") },
	{ HEALTH(delivered, 56), .title = N_("Dlvrd"),
	  .help = N_("TCP: segments that arrived") },
	{ HEALTH(delivered_ce, 57), .title = N_("CE"),
	  .help = N_("TCP: of them, marked as having met congestion") },
	{ HEALTH(segs_out, 58), .title = N_("SegOut"),
	  .help = N_("TCP: segments sent") },
	{ HEALTH(segs_in, 59), .title = N_("SegIn"),
	  .help = N_("TCP: segments received") },
	{ HEALTH(data_out, 60), .title = N_("DatOut"),
	  .help = N_("TCP: segments sent with data") },
	{ HEALTH(data_in, 61), .title = N_("DatIn"),
	  .help = N_("TCP: segments received with data") },
	{ HEALTH(rcv_rtt, 62), .title = N_("RcvRTT"),
	  .help = N_("TCP: round-trip time as the receiver estimates it") },
	{ HEALTH(ato, 63), .title = N_("ATO"),
	  .help = N_("TCP: an acknowledgement waits so long") },
	{ HEALTH(rcv_mss, 64), .title = N_("RcvMSS"),
	  .help = N_("TCP: bytes of a full segment received") },
	{ HEALTH(advmss, 65), .title = N_("AdvMSS"),
	  .help = N_("TCP: segment size told to the other side") },
	{ HEALTH(rcv_space, 66), .title = N_("RcvSpc"),
	  .help = N_("TCP: bytes read in a round trip") },
	{ HEALTH(rcv_ssthresh, 67), .title = N_("RcvSst"),
	  .help = N_("TCP: the window that it takes grows to this") },
	{ HEALTH(backoff, 68), .title = N_("Back"),
	  .help = N_("TCP: how often the time-out was doubled") },
	{ HEALTH(probes, 69), .title = N_("Probe"),
	  .help = N_("TCP: probes of a closed window without an answer") },
	{ HEALTH(snd_wscale, 70), .title = N_("SndWs"),
	  .help = N_("TCP: scale of the other side's window") },
	{ HEALTH(rcv_wscale, 71), .title = N_("RcvWs"),
	  .help = N_("TCP: scale of its own window") },
	{ HEALTH(max_pacing, 72), .title = N_("MaxPac"),
	  .help = N_("TCP: rate that the program allows") },
	{ HEALTH(last_sent, 73), .title = N_("LSent"),
	  .help = N_("TCP: time since data was sent, when it was looked at") },
	{ HEALTH(last_received, 74), .title = N_("LRcvd"),
	  .help = N_("TCP: time since data was received, when it was looked at") },
	{ HEALTH(last_ack, 75), .title = N_("LAck"),
	  .help = N_("TCP: time since the last acknowledgement, when it was looked at") },
	{ HEALTH(rehashes, 76), .title = N_("Rehash"),
	  .help = N_("TCP: ways through the network that were given up") },
	{ HEALTH(timeouts_total, 77), .title = N_("Tmouts"),
	  .help = N_("TCP: runs of time-outs since it began") },
	{ HEALTH(timeouts_recovered, 78), .title = N_("TmRec"),
	  .help = N_("TCP: of them, those that ended with an answer") },
	{ HEALTH(timeouts_time, 79), .title = N_("TmTime"),
	  .help = N_("TCP: time spent in time-outs") },
	{ HEALTH(fastopen_failure, 80), .title = N_("FOFail"),
	  .help = N_("TCP: why fast open failed, as in tcp_info") },
	{ HEALTH(bbr_bw, 81), .title = N_("BbrBw"),
	  .help = N_("BBR: bandwidth of the path, as it estimates it") },
	{ HEALTH(bbr_rtt, 82), .title = N_("BbrRTT"),
	  .help = N_("BBR: least round-trip time of the last ten seconds") },
	{ HEALTH(bbr_pacing, 83), .title = N_("BbrPac"),
	  .help = N_("BBR: of the bandwidth, it sends so much") },
	{ HEALTH(bbr_cwnd, 84), .title = N_("BbrCwn"),
	  .help = N_("BBR: of what fits into the path, its window holds so much") },
	{ HEALTH(vegas_on, 85), .title = N_("VegOn"),
	  .help = N_("Vegas: 1 while it steers") },
	{ HEALTH(vegas_count, 86), .title = N_("VegCnt"),
	  .help = N_("Vegas: round trips measured in this one") },
	{ HEALTH(vegas_rtt, 87), .title = N_("VegRTT"),
	  .help = N_("Vegas: round-trip time of an empty path") },
	{ HEALTH(vegas_min_rtt, 88), .title = N_("VegMin"),
	  .help = N_("Vegas: least round-trip time of this round trip") },
	{ HEALTH(dctcp_on, 89), .title = N_("DcOn"),
	  .help = N_("DCTCP: 1 while it steers") },
	{ HEALTH(dctcp_ce, 90), .title = N_("DcCE"),
	  .help = N_("DCTCP: 1 if the last segment had met congestion") },
	{ HEALTH(dctcp_alpha, 91), .title = N_("DcAlph"),
	  .help = N_("DCTCP: part that met congestion, of 1024") },
	{ HEALTH(dctcp_ecn, 92), .title = N_("DcEcn"),
	  .help = N_("DCTCP: bytes of this window that met congestion") },
	{ HEALTH(dctcp_total, 93), .title = N_("DcTot"),
	  .help = N_("DCTCP: bytes of this window acknowledged") },
	{ HEALTH(received_ce, 94), .title = N_("RcvCE"),
	  .help = N_("TCP: segments received that had met congestion") },
	{ HEALTH(delivered_ect_one, 95), .title = N_("DlvE1"),
	  .help = N_("accurate ECN: bytes that arrived as ECT(1)") },
	{ HEALTH(delivered_ect_zero, 96), .title = N_("DlvE0"),
	  .help = N_("accurate ECN: bytes that arrived as ECT(0)") },
	{ HEALTH(delivered_ce_bytes, 97), .title = N_("DlvCE"),
	  .help = N_("accurate ECN: bytes that arrived and had met congestion") },
	{ HEALTH(received_ect_one, 98), .title = N_("RcvE1"),
	  .help = N_("accurate ECN: bytes received as ECT(1)") },
	{ HEALTH(received_ect_zero, 99), .title = N_("RcvE0"),
	  .help = N_("accurate ECN: bytes received as ECT(0)") },
	{ HEALTH(received_ce_bytes, 100), .title = N_("RcvCEB"),
	  .help = N_("accurate ECN: bytes received that had met congestion") },
	{ HEALTH(accecn_failure, 101), .title = N_("AEFail"),
	  .help = N_("accurate ECN: why it failed, as in tcp_info") },
	{ HEALTH(accecn_option, 102), .title = N_("AEOpt"),
	  .help = N_("accurate ECN: whether its option was seen, as in tcp_info") },
	{ HEALTH(tos, 103), .title = N_("TOS"),
	  .help = N_("type of service of what it sends over IPv4") },
	{ HEALTH(tclass, 104), .title = N_("TClass"),
	  .help = N_("traffic class of what it sends over IPv6") },
	{ HEALTH(expires, 105), .title = N_("Expire"),
	  .help = N_("its timer goes off in so long, when it was looked at") },
	{ HEALTH(timer_repeats, 106), .title = N_("TmRep"),
	  .help = N_("what the timer has sent so far, in a row") },
	{ HEALTH(mem_received, 107), .title = N_("MemRcv"),
	  .help = N_("memory: bytes of packets received") },
	{ HEALTH(mem_receive_limit, 108), .title = N_("MRcvMx"),
	  .help = N_("memory: receive buffer, at most") },
	{ HEALTH(mem_sent, 109), .title = N_("MemSnd"),
	  .help = N_("memory: bytes of packets on their way out") },
	{ HEALTH(mem_send_limit, 110), .title = N_("MSndMx"),
	  .help = N_("memory: send buffer, at most") },
	{ HEALTH(mem_forward, 111), .title = N_("MemFwd"),
	  .help = N_("memory: bytes set aside for what comes") },
	{ HEALTH(mem_queued, 112), .title = N_("MemQd"),
	  .help = N_("memory: bytes of packets that wait to be acknowledged or sent") },
	{ HEALTH(mem_options, 113), .title = N_("MemOpt"),
	  .help = N_("memory: bytes of the socket's options") },
	{ HEALTH(mem_backlog, 114), .title = N_("MemBkl"),
	  .help = N_("memory: bytes of packets that wait while the socket is in use") },
	{ NUMBER(uid), .title = N_("UID"), .help = N_("number of the user that the socket belongs to"),
	  .lists = FT_ON_SOCKETS, WIDTHS(6, 6, 10), .priority = 115, .ascending = true },
	{ NUMBER(inode), .title = N_("Inode"), .help = N_("inode of the socket's file"),
	  .lists = FT_ON_SOCKETS, WIDTHS(6, 7, 10), .priority = 116, .ascending = true },
	{ TEXT(congestion), .title = N_("Congest"), .help = N_("TCP: congestion algorithm"),
	  .lists = FT_ON_SOCKETS, WIDTHS(7, 7, 15), .priority = 40 },
	{ TEXT(ca_state), .title = N_("CState"), .help = N_("TCP: state of congestion control"),
	  .lists = FT_ON_SOCKETS, WIDTHS(8, 8, 8), .priority = 45 },
	{ TEXT(options), .title = N_("Options"), .help = N_("TCP: what both ends agreed upon"),
	  .lists = FT_ON_SOCKETS, WIDTHS(7, 21, 62), .priority = 117 },
	{ TEXT(app_limited), .title = N_("Limit"),
	  .help = N_("TCP: app, if delivery is what the program gave to send"),
	  .lists = FT_ON_SOCKETS, WIDTHS(5, 5, 5), .priority = 118 },
	{ TEXT(timer), .title = N_("Timer"),
	  .help = N_("what its timer waits for: retransmit, keepalive, time-wait, probe"),
	  .lists = FT_ON_SOCKETS, WIDTHS(6, 10, 10), .priority = 119 },
	/* the rest of who, at the right because it may be long */
	{ COMMON(container), .title = N_("Container"), .help = N_("container of the process"),
	  .lists = OWNED_LISTS, WIDTHS(9, 12, 24), .priority = 23, .needs = FT_NEEDS_OWNER },
	{ COMMON(unit), .title = N_("Unit"), .help = N_("systemd unit of the process"),
	  .lists = FT_ON_PROCESSES, WIDTHS(8, 18, 32), .priority = 24, .needs = FT_NEEDS_OWNER },
	{ COMMON(command), .title = N_("Command"), .help = N_("command line of the process"),
	  .lists = FT_ON_PROCESSES, WIDTHS(12, 30, 200), .priority = 25, .needs = FT_NEEDS_OWNER },
};
/* clang-format on */
const size_t ft_column_count = sizeof(ft_columns) / sizeof(ft_columns[0]);

const struct ft_column *ft_column_find(const char *id)
{
	for (size_t i = 0; i < ft_column_count; i++)
		if (strcmp(ft_columns[i].id, id) == 0)
			return &ft_columns[i];
	return NULL;
}

bool ft_column_is_on(const struct ft_column *column, enum ft_list list, const struct ft_show *show)
{
	return column->lists & (1U << list) &&
	       (show->difference || !(column->needs & FT_NEEDS_DIFFERENCE));
}

/* The busiest first; sockets by whose they are, events as they came. */
const struct ft_column *ft_column_default(enum ft_list list)
{
	if (list == FT_LIST_EVENTS)
		return ft_column_find("time");
	return ft_column_find(list == FT_LIST_SOCKETS ? "process" : "rate");
}

/* ---- layout */

#define RAW_CELLS 13
#define CELLS_MAX (sizeof(((struct ft_layout *)0)->cell) / sizeof(((struct ft_layout *)0)->cell[0]))

/* A column that may be laid out. */
struct candidate {
	const struct ft_column *column;
	unsigned priority; /* on this list, with key m's choice: totals alone take rates' places */
	bool fixed;        /* names the row or is sorted by: stays */
};

/* Priority on a list, when totals are shown in place of rates, and where one flow may be seen on
 * several interfaces: without a name its rows are the same one twice. */
static unsigned priority_of(const struct ft_column *column, enum ft_list list,
			    const struct ft_show *show)
{
	static const struct {
		const char *total, *rate;
	} twins[] = { { "total", "rate" }, { "tx_total", "tx" }, { "rx_total", "rx" } };
	const struct ft_column *twin = NULL;

	if (list == FT_LIST_SOCKETS && column->on_sockets)
		return column->on_sockets - 1;
	if (list == FT_LIST_EVENTS && column->on_events)
		return column->on_events - 1;
	if (show->interfaces && strcmp(column->id, "iface") == 0)
		return FT_PRIORITY_EXTRA;
	for (size_t i = 0; show->amounts == FT_AMOUNTS_TOTALS && i < 3; i++)
		if (strcmp(column->id, twins[i].total) == 0)
			twin = ft_column_find(twins[i].rate);
	return (twin ? twin : column)->priority;
}

/* True if key m hides it, or it would be empty. */
static bool is_left_out(const struct ft_column *column, const struct ft_show *show)
{
	if (show->no_owners && (column->needs & FT_NEEDS_OWNER))
		return true;
	if (!show->difference && (column->needs & FT_NEEDS_DIFFERENCE))
		return true;
	if (!show->observers && (column->needs & FT_NEEDS_OBSERVERS))
		return true;
	return (show->amounts == FT_AMOUNTS_RATES && column->amount == FT_AMOUNT_TOTAL) ||
	       (show->amounts == FT_AMOUNTS_TOTALS && column->amount == FT_AMOUNT_RATE);
}

/* The columns of a list, without what is hidden or scrolled away; in table order. */
static size_t collect(enum ft_list list, const struct ft_show *show, unsigned skip,
		      const struct ft_column *sort, struct candidate *candidates)
{
	const struct ft_column *name = NULL;
	size_t count = 0;

	for (size_t i = 0; i < ft_column_count && count < CELLS_MAX; i++) {
		const struct ft_column *column = &ft_columns[i];
		bool fixed;

		if (!(column->lists & 1U << list))
			continue;
		if (!name && priority_of(column, list, show) == 0)
			name = column;
		fixed = column == name || column == sort;
		if (!fixed && is_left_out(column, show))
			continue;
		if (!fixed && skip > 0) {
			skip--;
			continue;
		}
		candidates[count++] = (struct candidate){
			.column = column,
			.priority = priority_of(column, list, show),
			.fixed = fixed,
		};
	}
	return count;
}

enum width { WIDTH_MIN, WIDTH_NORMAL, WIDTH_MAX };

/* Cells that a column wants; whole numbers want room for a terabyte, the sort column's title for
 * its mark. */
static unsigned cells_of(const struct ft_column *column, const struct ft_show *show,
			 const struct ft_column *sort, enum width width)
{
	const unsigned cells[] = { column->min, column->normal, column->max };
	bool whole = show->raw && column->align == FT_ALIGN_RIGHT;
	unsigned marked = column == sort ? ft_fmt_width(_(column->title)) + 1 : 0;
	unsigned least = whole && marked < RAW_CELLS ? RAW_CELLS : marked;

	return cells[width] < least ? least : cells[width];
}

/* Cells that all candidates take, at normal or at minimal width, with the gaps. */
static unsigned needed(const struct candidate *candidates, size_t count,
		       const struct ft_show *show, const struct ft_column *sort, enum width width)
{
	unsigned sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (i > 0) + cells_of(candidates[i].column, show, sort, width);
	return sum;
}

/* Takes away the least important column that may go and is at least as unimportant as `floor`. */
static bool drop_one(struct candidate *candidates, size_t *count, unsigned floor)
{
	size_t worst = SIZE_MAX;

	for (size_t i = 0; i < *count; i++) {
		if (candidates[i].fixed || candidates[i].priority < floor)
			continue;
		if (worst == SIZE_MAX || candidates[i].priority >= candidates[worst].priority)
			worst = i;
	}
	if (worst == SIZE_MAX)
		return false;
	memmove(&candidates[worst], &candidates[worst + 1],
		(*count - worst - 1) * sizeof(*candidates));
	(*count)--;
	return true;
}

/* Gives spare cells one by one to the column that lacks most of its normal or largest width;
 * returns what is left over. */
static unsigned stretch(struct ft_layout *layout, const struct ft_show *show,
			const struct ft_column *sort, unsigned spare, enum width to)
{
	for (; spare > 0; spare--) {
		unsigned most = 0;
		size_t needy = 0;

		for (size_t i = 0; i < layout->count; i++) {
			unsigned goal = cells_of(layout->cell[i].column, show, sort, to);

			if (goal > layout->cell[i].width && goal - layout->cell[i].width > most) {
				most = goal - layout->cell[i].width;
				needy = i;
			}
		}
		if (most == 0)
			break;
		layout->cell[needy].width++;
	}
	return spare;
}

/* Takes cells from the widest columns until the sum fits: a terminal narrower than any
 * layout. Columns without a cell go. */
static void squeeze(struct ft_layout *layout, unsigned excess)
{
	while (excess > 0 && layout->count > 0) {
		size_t widest = 0;

		for (size_t i = 1; i < layout->count; i++)
			if (layout->cell[i].width > layout->cell[widest].width)
				widest = i;
		if (layout->cell[widest].width > 1) {
			layout->cell[widest].width--;
			excess--;
		} else {
			layout->count--;
			excess -= excess < 2 ? excess : 2; /* the cell and its gap */
		}
	}
}

void ft_column_layout(enum ft_list list, const struct ft_show *show, unsigned width,
		      unsigned skip, const struct ft_column *sort, struct ft_layout *ret_layout)
{
	struct candidate candidates[CELLS_MAX];
	size_t count = collect(list, show, skip, sort, candidates);
	unsigned sum, x = 0;

	while (needed(candidates, count, show, sort, WIDTH_NORMAL) > width &&
	       drop_one(candidates, &count, FT_PRIORITY_EXTRA))
		;
	while (needed(candidates, count, show, sort, WIDTH_MIN) > width && drop_one(candidates, &count, 1))
		;
	ret_layout->count = count;
	for (size_t i = 0; i < count; i++) {
		ret_layout->cell[i].column = candidates[i].column;
		ret_layout->cell[i].width = cells_of(candidates[i].column, show, sort, WIDTH_MIN);
	}
	sum = needed(candidates, count, show, sort, WIDTH_MIN);
	if (sum > width)
		squeeze(ret_layout, sum - width);
	else
		stretch(ret_layout, show, sort,
			stretch(ret_layout, show, sort, width - sum, WIDTH_NORMAL), WIDTH_MAX);
	for (size_t i = 0; i < ret_layout->count; i++) {
		ret_layout->cell[i].x = x;
		x += ret_layout->cell[i].width + 1;
	}
}
