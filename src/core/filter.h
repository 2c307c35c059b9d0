/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one display-filter grammar (interface.md, "Display filter"): parsed once into a small
 * immutable program, matched against rows of a snapshot. `/`, trailing words of the command
 * line, the T U I O A V keys, later --until, alerts and recordings.
 *
 * What the grammar leaves open:
 *   src, dst    the end that began the flow and the other one; the local end and the remote one
 *               if that isn't known
 *   rate        bits a second (L3), both ways, over the shortest window: `rate > 1M` is 1 Mbit/s
 *   bytes       L3 bytes since first seen, both ways; `total` is the same; `packets` likewise
 *   age, idle   since first seen, since the last packet: `age > 5m`; rtt is that of the
 *               flow's socket; where none is known, no comparison holds
 *   process     part of a name (of the local end's owner; on loopback of either owner), also
 *               transit, kernel, unknown; `user` a whole name or a number; `container` part of
 *               a container's name or of a systemd unit; `state` the start of a state's name
 *   observer    the whole name of the host that saw the flow, where there may be several
 *   in, out     the remote end began the conversation, the local one did
 *   event       the start of an event's name (connect, connect_failed, close, ...): of events
 *               alone, no flow is one
 *   icmp        version 4 only, as in tcpdump; icmp6 or icmpv6 is the other
 *   word        part of any column's text, without case; 10.0.0.0/8 is a network; in quotes it
 *               is never a keyword
 */
#ifndef FT_CORE_FILTER_H
#define FT_CORE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/snapshot.h"

struct ft_flow_event;
struct ft_names;
struct ft_filter;
struct ft_socket;

/* The key toggles: which protocols and IP versions are shown, beside the expression. */
#define FT_SHOW_TCP (1U << 0)
#define FT_SHOW_UDP (1U << 1)
#define FT_SHOW_ICMP (1U << 2)
#define FT_SHOW_OTHER (1U << 3)
#define FT_SHOW_ALL_PROTOCOLS 0xfU
#define FT_SHOW_V4 (1U << 4)
#define FT_SHOW_V6 (1U << 5)
#define FT_SHOW_ALL 0x3fU

/*
 * Parses text ("" = everything). -EINVAL with a sentence and the byte position of the fault.
 * names is borrowed for word matches (may be NULL). The filter is immutable; free it.
 */
int ft_filter_parse(const char *text, const struct ft_names *names, struct ft_filter **ret_filter,
		    size_t *ret_where, char *err, size_t err_size);
/* The same filter with other toggles; never fails. `shown` is a set of FT_SHOW_*. */
struct ft_filter *ft_filter_with_shown(const struct ft_filter *filter, unsigned shown);
struct ft_filter *ft_filter_copy(const struct ft_filter *filter);
void ft_filter_free(struct ft_filter *filter);

/* True for everything (no expression, all shown): callers skip matching. */
bool ft_filter_is_all(const struct ft_filter *filter);
unsigned ft_filter_shown(const struct ft_filter *filter);
/* The expression's text, and the whole with toggles in words ("tcp and port 443"). */
const char *ft_filter_text(const struct ft_filter *filter);
char *ft_filter_describe(const struct ft_filter *filter); /* caller frees */

bool ft_filter_match_event(const struct ft_filter *filter, const struct ft_snapshot *snapshot,
			   const struct ft_flow_event *event);
bool ft_filter_match(const struct ft_filter *filter, const struct ft_snapshot *snapshot,
		     const struct ft_flow_hot *flow);
bool ft_filter_match_socket(const struct ft_filter *filter, const struct ft_snapshot *snapshot,
			    const struct ft_socket *socket);

/*
 * The same for many flows of one snapshot: a run remembers what texts of owners, ports and
 * interfaces a word matched. Filter and snapshot are borrowed until it is freed, and until then
 * no host may get a name.
 */
#define FT_FILTER_ROWS 64 /* rows that are matched at once, at most */
struct ft_filter_run;
struct ft_filter_run *ft_filter_run_new(const struct ft_filter *filter,
					const struct ft_snapshot *snapshot);
bool ft_filter_run_match(struct ft_filter_run *run, const struct ft_flow_hot *flow);
/* Flows that are beside each other, 1 to FT_FILTER_ROWS: bit i says that rows[i] passes. Faster
 * than one by one. So many more, `ahead`, lie behind them and come next: they are asked for from
 * memory. */
uint64_t ft_filter_run_match_rows(struct ft_filter_run *run, const struct ft_flow_hot *rows,
				  size_t count, size_t ahead);
/* A socket as a flow that it would have: its own end is the local one, what only flows have is not
 * known; `state` is the socket's, `bytes` what TCP acknowledged and got. */
bool ft_filter_run_match_socket(struct ft_filter_run *run, const struct ft_socket *socket);
bool ft_filter_run_match_event(struct ft_filter_run *run, const struct ft_flow_event *event);
void ft_filter_run_free(struct ft_filter_run *run);

#endif
