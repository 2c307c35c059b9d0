/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of records for the model's enumerations. They never change meaning (interface.md). */
#include "core/table.h"

static const char *const states[FT_STATE_MAX] = {
	[FT_STATE_NONE] = "none",
	[FT_STATE_ACTIVE] = "active",
	[FT_STATE_SYN_SENT] = "syn_sent",
	[FT_STATE_SYN_ACK] = "syn_ack",
	[FT_STATE_ESTABLISHED] = "established",
	[FT_STATE_CLOSING] = "closing",
	[FT_STATE_CLOSED] = "closed",
	[FT_STATE_RESET] = "reset",
};

static const char *const end_reasons[FT_ENDED_MAX] = {
	[FT_ENDED_NOT] = NULL,
	[FT_ENDED_FIN] = "fin",
	[FT_ENDED_RST] = "rst",
	[FT_ENDED_IDLE] = "idle",
	[FT_ENDED_EVICTED] = "evicted",
	[FT_ENDED_INTERFACE] = "interface",
	[FT_ENDED_STOP] = "stop",
};

/* IANA's numbers under the names that people type. */
static const char *const protocols[256] = {
	[0] = "hopopt",   [1] = "icmp",      [2] = "igmp",    [4] = "ipip",
	[6] = "tcp",      [8] = "egp",       [9] = "igp",     [17] = "udp",
	[27] = "rdp",     [33] = "dccp",     [41] = "ipv6",   [43] = "ipv6-route",
	[44] = "ipv6-frag", [46] = "rsvp",   [47] = "gre",    [50] = "esp",
	[51] = "ah",      [58] = "icmpv6",   [59] = "ipv6-nonxt", [60] = "ipv6-opts",
	[73] = "rspf",    [81] = "vmtp",     [88] = "eigrp",  [89] = "ospf",
	[93] = "ax.25",   [97] = "etherip", [98] = "encap",
	[103] = "pim",    [108] = "ipcomp",  [112] = "vrrp",  [113] = "pgm",
	[115] = "l2tp",   [124] = "isis",    [132] = "sctp",  [133] = "fc",
	[135] = "mobility", [136] = "udplite", [137] = "mpls", [138] = "manet",
	[139] = "hip",    [140] = "shim6",   [142] = "rohc",  [143] = "ethernet",
	[144] = "aggfrag",
};

const char *ft_state_name(enum ft_state state)
{
	return (unsigned int)state < FT_STATE_MAX ? states[state] : states[FT_STATE_NONE];
}

const char *ft_end_reason_name(enum ft_end_reason reason)
{
	return (unsigned int)reason < FT_ENDED_MAX ? end_reasons[reason] : NULL;
}

const char *ft_path_name(enum ft_path path)
{
	static const char *const paths[] = { "host", "loopback", "transit" };

	return (unsigned int)path < 3 ? paths[path] : paths[FT_PATH_TRANSIT];
}

const char *ft_protocol_name(uint8_t protocol)
{
	return protocols[protocol];
}
