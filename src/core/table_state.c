/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flags tell. They are collected for each direction over the whole life of a flow, so their
 * order is lost; what is known beyond them is which direction began with a pure SYN.
 */
#include "core/table_priv.h"

/* Both ends finished: a reset behind that (closing with data unread) changes nothing. */
static enum ft_state ending(const uint8_t flags[2])
{
	if (flags[0] & flags[1] & FT_TCP_FIN)
		return FT_STATE_CLOSED;
	if ((flags[0] | flags[1]) & FT_TCP_RST)
		return FT_STATE_RESET;
	return (flags[0] | flags[1]) & FT_TCP_FIN ? FT_STATE_CLOSING : FT_STATE_NONE;
}

/* One direction's flags are known to have a SYN, the other's not. */
static enum ft_state half_opened(uint8_t with, uint8_t without, bool with_initiated)
{
	if (!(with & FT_TCP_ACK))
		return FT_STATE_SYN_SENT;
	/* A SYN-ACK and its ACK, or a SYN and an ACK to a SYN-ACK that took another way. */
	return (without & FT_TCP_ACK) || with_initiated ? FT_STATE_ESTABLISHED : FT_STATE_SYN_ACK;
}

enum ft_state ft_flow_state(uint8_t protocol, const uint8_t flags[2], enum ft_end initiator,
			    bool both_ways)
{
	enum ft_state state;
	int from;

	if (protocol != 6)
		return both_ways ? FT_STATE_ACTIVE : FT_STATE_NONE;
	if (!flags[0] && !flags[1]) /* no flag at all: fragments, or not a real packet */
		return FT_STATE_NONE;
	state = ending(flags);
	if (state != FT_STATE_NONE)
		return state;
	if (!((flags[0] | flags[1]) & FT_TCP_SYN)) /* joined in the middle */
		return FT_STATE_ESTABLISHED;
	if (flags[0] & flags[1] & FT_TCP_SYN) {
		from = initiator == FT_END_B ? 1 : 0;
		return flags[from] & FT_TCP_ACK ? FT_STATE_ESTABLISHED : FT_STATE_SYN_ACK;
	}
	from = flags[1] & FT_TCP_SYN ? 1 : 0;
	return half_opened(flags[from], flags[!from], initiator == (enum ft_end)from);
}

enum ft_end ft_flow_initiator(const struct ft_change *change)
{
	int dir;

	/* A pure SYN one way only; both ways is a simultaneous open, or two CPUs' stories. */
	if (change->syn == 1)
		return FT_END_A;
	if (change->syn == 2)
		return FT_END_B;
	/* A SYN that wasn't pure is a SYN-ACK: the other side began. */
	for (dir = 0; dir < 2 && !change->syn; dir++)
		if ((change->tcp_flags[dir] & (FT_TCP_SYN | FT_TCP_ACK)) ==
			    (FT_TCP_SYN | FT_TCP_ACK) &&
		    !(change->tcp_flags[!dir] & FT_TCP_SYN))
			return dir == 0 ? FT_END_B : FT_END_A;
	if (change->first_dir > 1)
		return FT_END_NONE;
	return change->first_dir == 0 ? FT_END_A : FT_END_B;
}
