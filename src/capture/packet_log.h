/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow log in user space: what bpf/account.bpf.h is in the kernel. Backends that get
 * packets (AF_PACKET, capture files) hand each to ft_packet_log_add and give the collector
 * what ft_packet_log_collect makes of them.
 *
 *   entries: bank 0 | bank 1    one is filled while the last batch borrows the other
 *   index: open addressing, entry number + 1, at most half full
 *   counters: one struct ft_scope_counters a scope, one struct ft_iface_counters an interface
 *
 * `seen` is counted before anything is parsed into an entry, by itself. The log is bounded: a
 * packet of a new flow that finds it full counts as lost (FT_C_LOST_FULL).
 */
#ifndef FT_CAPTURE_PACKET_LOG_H
#define FT_CAPTURE_PACKET_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/packet.h"
#include "core/batch.h"

struct ft_packet_log;
struct ft_packet_store;

/* max_entries per period; 0 = default. */
struct ft_packet_log *ft_packet_log_new(uint32_t max_entries);
void ft_packet_log_free(struct ft_packet_log *log);
/* From now on packets that count are kept there as well; borrowed, NULL = nowhere. */
void ft_packet_log_keep(struct ft_packet_log *log, struct ft_packet_store *store);

/*
 * Parses one packet, bumps its interface's raw counters, and, if `counts`, its scope's
 * accounts. meta->scope must be < FT_MAX_SCOPES.
 */
void ft_packet_log_add(struct ft_packet_log *log, const uint8_t *data,
		       const struct ft_packet_meta *meta, bool counts);

/*
 * skbs that a ring dropped: into FT_C_RING and FT_C_SEEN, with an estimate of their octets by
 * the mean skb of the scope in this period (of the last one that saw any, else 0).
 */
void ft_packet_log_dropped(struct ft_packet_log *log, uint16_t scope, uint64_t packets);

/* Per mille of max_entries that is used. */
uint32_t ft_packet_log_fill(const struct ft_packet_log *log);

/*
 * Ends the period: all that was added since the last collect. The batch borrows from the log
 * until the next collect. Sets spans, clock, scopes, interfaces and health.log_fill; the
 * caller sets the times and the rest of the health.
 */
void ft_packet_log_collect(struct ft_packet_log *log, struct ft_batch *ret_batch);

#endif
