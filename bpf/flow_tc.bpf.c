/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The programs at the tc hooks. One copy for devices with a link-layer header and one for
 * those without, each for ingress and egress: what differs is constant in each, and what it
 * rules out is gone. A tcx link attaches them directly; a clsact filter attaches a stub that
 * tail-calls through ft_jump, which only the flowtop process holds: when that dies, however it
 * dies, the kernel empties the array, and a filter that stays behind counts nothing more.
 *
 * They return TC_ACT_UNSPEC (TCX_NEXT) always: nothing is changed, dropped or hidden.
 * src/capture/tc_store.c loads them and reads what they leave.
 */
#include "bpf/account.bpf.h"
#include "bpf/owner_tc.bpf.h"

#define FT_NEXT (-1) /* TC_ACT_UNSPEC, TCX_NEXT */

/* Indices of ft_jump. */
enum {
	FT_JUMP_L2_RX,
	FT_JUMP_L2_TX,
	FT_JUMP_L3_RX,
	FT_JUMP_L3_TX,
	FT_JUMP_HEALTH, /* of bpf/health.bpf.h: may be empty */
	FT_JUMP_MAX,
};

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, FT_JUMP_MAX);
	__type(key, __u32);
	__type(value, __u32);
} ft_jump SEC(".maps");

/* An update of an array of maps returns only after a grace period: user space's way to wait. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(max_entries, 1);
		__type(key, __u32);
		__type(value, __u32);
	});
} ft_grace SEC(".maps");

/* What ft_clock read: both at the same moment. */
__u64 ft_clock_tick;
__u64 ft_clock_mono;

/* One term of the scope's line, and the flow if it is one. */
static __always_inline void ft_count_packet(struct __sk_buff *skb, struct ft_account *acc,
					    struct ft_packet *pkt, enum ft_counter verdict)
{
	__u16 scope = pkt->scope;

	ft_count(acc, scope, FT_C_SEEN, pkt);
	if (verdict == FT_C_SEEN)
		verdict = ft_account_flow(skb, acc, pkt);
	if (verdict != FT_C_SEEN)
		ft_count(acc, scope, verdict, pkt);
}

static __always_inline int ft_hook(struct __sk_buff *skb, const bool l3, const bool egress)
{
	__u32 ctl = *(volatile __u32 *)&ft_ctl;
	struct ft_account acc = { .egress = egress };
	enum ft_counter verdict = FT_C_NOT_IP_OTHER;
	struct ft_packet pkt;
	struct ft_iface iface;
	__u16 pvid = 0;
	bool counts;
	__u32 slot;

	if (!(ctl & FT_CTL_ENABLED))
		return FT_NEXT;
	acc.ifindex = FT_SKB_FIELD(skb, ifindex);
	slot = ft_iface_find(acc.ifindex);
	if (slot >= FT_MAX_IFACES)
		return FT_NEXT; /* let go of while the packet was on its way: not watched */
	iface = ft_ifaces[slot];
	ft_account_begin(&acc, ctl);
	ft_packet_begin(&pkt);
	pkt.len = FT_SKB_FIELD(skb, len);
	pkt.gso_size = FT_SKB_FIELD(skb, gso_size);
	pkt.tagged = FT_SKB_FIELD(skb, vlan_present);
	pkt.scope = iface.scope;

	/* What another hook of the scope counts is only measured: that needs its headers only
	 * where they repeat. */
	counts = iface.flags & (egress ? FT_IFACE_COUNT_TX : FT_IFACE_COUNT_RX);
	if (iface.flags & FT_IFACE_VLAN_AWARE)
		pvid = iface.pvid;
	if (counts || pkt.gso_size)
		verdict = ft_parse(skb, &pkt, l3, counts, pvid);
	ft_measure(skb, &pkt, verdict == FT_C_SEEN, egress);
	ft_count_hook(&acc, slot, &pkt);
	if (counts)
		ft_count_packet(skb, &acc, &pkt, verdict);
	if (acc.fresh)
		ft_owner_note(skb, &acc, acc.fresh, pkt.dir & 1);
	/* Doesn't come back; nothing is left to be done. */
	if (ft_health_on && egress && acc.sample)
		bpf_tail_call(skb, &ft_jump, FT_JUMP_HEALTH);
	return FT_NEXT;
}

SEC("tc")
int flowtop_l2_rx(struct __sk_buff *skb)
{
	return ft_hook(skb, false, false);
}

SEC("tc")
int flowtop_l2_tx(struct __sk_buff *skb)
{
	return ft_hook(skb, false, true);
}

SEC("tc")
int flowtop_l3_rx(struct __sk_buff *skb)
{
	return ft_hook(skb, true, false);
}

SEC("tc")
int flowtop_l3_tx(struct __sk_buff *skb)
{
	return ft_hook(skb, true, true);
}

SEC("tc")
int flowtop_s_l2_rx(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &ft_jump, FT_JUMP_L2_RX);
	return FT_NEXT;
}

SEC("tc")
int flowtop_s_l2_tx(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &ft_jump, FT_JUMP_L2_TX);
	return FT_NEXT;
}

SEC("tc")
int flowtop_s_l3_rx(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &ft_jump, FT_JUMP_L3_RX);
	return FT_NEXT;
}

SEC("tc")
int flowtop_s_l3_tx(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &ft_jump, FT_JUMP_L3_TX);
	return FT_NEXT;
}

/* Never attached: user space runs it to read jiffies and the clock together. */
SEC("tc")
int flowtop_clock(struct __sk_buff *skb)
{
	(void)skb;
	ft_clock_tick = bpf_jiffies64();
	ft_clock_mono = bpf_ktime_get_ns();
	return FT_NEXT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
