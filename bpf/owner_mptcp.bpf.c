/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Owners of MPTCP's subflows: TCP sockets that the kernel makes below the one that the process
 * has, and whose packets are seen. A subflow that is about to send takes its connection's owner.
 */
#include "bpf/owner.bpf.h"

struct mptcp_subflow_context {
	struct sock *tcp_sock;
	struct sock *conn;
} __attribute__((preserve_access_index));

SEC("tp_btf/mptcp_subflow_get_send")
int flowtop_subflow(__u64 *ctx)
{
	struct mptcp_subflow_context *subflow = (struct mptcp_subflow_context *)ctx[0];
	struct sock *sk = subflow->tcp_sock, *connection = subflow->conn;
	struct ft_owner_sk *own, *parent;
	__u64 cookie;

	if (!sk || !connection)
		return 0;
	parent = bpf_sk_storage_get(&ft_owner_sk, connection, NULL, 0);
	if (!parent || !parent->how)
		return 0;
	own = bpf_sk_storage_get(&ft_owner_sk, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!own)
		return 0;
	cookie = sk->__sk_common.skc_cookie.counter;
	if (cookie && own->cookie == cookie && own->tgid == parent->tgid &&
	    own->start_ns == parent->start_ns)
		return 0;
	cookie = bpf_get_socket_cookie(sk);
	if (!ft_tell_socket(cookie, parent->tgid, parent->start_ns, FT_HOW_INHERITED))
		return 0;
	own->cookie = cookie;
	own->tgid = parent->tgid;
	own->start_ns = parent->start_ns;
	own->how = FT_HOW_INHERITED;
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
