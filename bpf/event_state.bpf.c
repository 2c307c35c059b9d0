/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What TCP sockets do, by the tracepoint in every change of their state:
 *
 *   CLOSE -> SYN_SENT          connect() was called: remembered in the socket's storage
 *   SYN_SENT -> ESTABLISHED    connect; its latency is the handshake's
 *   SYN_SENT -> CLOSE          connect failed; sk_err says why
 *   SYN_RECV -> ESTABLISHED    accept: the handshake is complete, whoever waits in accept() gets it
 *   any -> LISTEN              listen
 *   any other -> CLOSE         close; sk_err and the old state say how
 */
#include "bpf/event.bpf.h"

/* connect() was called, by the current process. */
static __always_inline void begin_connect(struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ft_event_sk *mine;

	mine = bpf_sk_storage_get(&ft_event_sk, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!mine)
		return;
	mine->begun_ns = bpf_ktime_get_ns();
	mine->open_ns = 0;
	mine->tgid = bpf_get_current_pid_tgid() >> 32;
	mine->start_ns = task->group_leader->start_boottime;
	mine->role = FT_ROLE_ACTIVE;
}

/* It is established. */
static __always_inline void tell_open(struct sock *sk)
{
	struct ft_event_sk *mine = bpf_sk_storage_get(&ft_event_sk, sk, NULL,
						      BPF_SK_STORAGE_GET_F_CREATE);
	bool active = mine && mine->role == FT_ROLE_ACTIVE;
	struct tcp_sock *tcp = (struct tcp_sock *)bpf_skc_to_tcp_sock(sk);
	__u64 now = bpf_ktime_get_ns();
	struct ft_event_news *news;

	if (mine) {
		mine->open_ns = now;
		mine->role = active ? FT_ROLE_ACTIVE : FT_ROLE_PASSIVE;
	}
	news = ft_begin(sk, active ? FT_EVENT_CONNECT : FT_EVENT_ACCEPT, mine);
	if (!news)
		return;
	news->role = active ? FT_ROLE_ACTIVE : FT_ROLE_PASSIVE;
	if (active) {
		news->latency_ns = now - mine->begun_ns;
		news->known = FT_NEWS_LATENCY;
		news->tgid = mine->tgid;
		news->start_ns = mine->start_ns;
	} else if (tcp && tcp->srtt_us >> 3) {
		/* From our SYN-ACK to its ACK: the first sample, not smoothed yet. */
		news->latency_ns = (__u64)(tcp->srtt_us >> 3) * 1000;
		news->known = FT_NEWS_LATENCY;
	}
	ft_submit(news);
}

/* connect() came to nothing. */
static __always_inline void tell_failed(struct sock *sk)
{
	struct ft_event_sk *mine = bpf_sk_storage_get(&ft_event_sk, sk, NULL, 0);
	struct ft_event_news *news = ft_begin(sk, FT_EVENT_FAILED, mine);

	if (!news)
		return;
	news->role = FT_ROLE_ACTIVE;
	news->error = sk->sk_err;
	if (mine) {
		news->latency_ns = news->time_ns - mine->begun_ns;
		news->known = FT_NEWS_LATENCY;
		news->tgid = mine->tgid;
		news->start_ns = mine->start_ns;
	}
	ft_submit(news);
}

/* It was established, and is closed. */
static __always_inline void tell_close(struct sock *sk, __u8 old_state)
{
	struct ft_event_sk *mine = bpf_sk_storage_get(&ft_event_sk, sk, NULL, 0);
	struct tcp_sock *tcp = (struct tcp_sock *)bpf_skc_to_tcp_sock(sk);
	struct ft_event_news *news = ft_begin(sk, FT_EVENT_CLOSE, mine);

	if (!news)
		return;
	news->error = sk->sk_err;
	news->old_state = old_state;
	if (mine && mine->open_ns) {
		news->duration_ns = news->time_ns - mine->open_ns;
		news->known = FT_NEWS_DURATION;
	}
	if (tcp) {
		news->app_tx_bytes = tcp->bytes_sent - tcp->bytes_retrans;
		news->app_rx_bytes = tcp->bytes_received;
		/* The FIN counts as an octet there. */
		if (sk->__sk_common.skc_flags & (1UL << FT_SOCK_DONE) && news->app_rx_bytes)
			news->app_rx_bytes--;
	}
	ft_submit(news);
}

SEC("tp_btf/inet_sock_set_state")
int flowtop_event_state(__u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];
	int from = (int)ctx[1], to = (int)ctx[2];
	struct ft_event_news *news;

	if (from == to || !ft_is_watched(sk))
		return 0;
	switch (to) {
	case FT_TCP_SYN_SENT:
		begin_connect(sk);
		break;
	case FT_TCP_ESTABLISHED:
		tell_open(sk);
		break;
	case FT_TCP_LISTEN:
		news = ft_begin(sk, FT_EVENT_LISTEN, NULL);
		if (news)
			ft_submit(news);
		break;
	case FT_TCP_CLOSE:
		if (from == FT_TCP_SYN_SENT)
			tell_failed(sk);
		else if (from != FT_TCP_SYN_RECV && from != FT_TCP_LISTEN &&
			 from != FT_TCP_NEW_SYN_RECV)
			tell_close(sk, from);
		break;
	default:
		break;
	}
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
