/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of one snapshot being built: ft_table_snapshot calls the steps in the order in which
 * they stand here. Lives on its stack.
 */
#ifndef FT_CORE_TABLE_BUILD_H
#define FT_CORE_TABLE_BUILD_H

#include "core/table_priv.h"

#define FT_IFACE_PLACES 4096U /* a power of two, four times FT_MAX_IFACES */

struct ft_build {
	struct ft_table *table;
	const struct ft_snapshot_info *info;
	double seconds;         /* of the interval; 0 = no rates */
	int64_t shift_ns;       /* the clock was set: what is past moves with it */
	struct ft_block *block; /* the rows in the making */
	struct ft_flow_hot *rows;
	uint32_t row_count;
	uint32_t live;          /* rows that have not ended */
	struct ft_region candidates; /* uint32_t: rows that may end or leave, ascending */
	uint32_t candidate_count;
	uint16_t *remap;        /* iface_slot of base -> of this snapshot; NULL = unchanged */
	uint32_t place_ifindex[FT_IFACE_PLACES]; /* hash of the interfaces shown; 0 = free */
	uint16_t place_slot[FT_IFACE_PLACES];
};

/* table_snapshot.c: base copied and decayed, then what the interval brought. */
void ft_build_end(struct ft_build *build, uint32_t row, enum ft_end_reason reason);

/* table_clock.c: the clock was set. After base was copied, before anything else is done to rows. */
int64_t ft_table_clock_shift(const struct ft_table *table, const struct ft_snapshot_info *info);
void ft_build_shift(struct ft_build *build);
/* A time of this interval by the clock as it is at its end. */
uint64_t ft_build_time(const struct ft_build *build, uint64_t ns);

/* table_owner.c: flows that wait for their owners have other slots. */
void ft_unowned_rename(struct ft_build *build,
		       uint32_t (*renamed)(const struct ft_build *build, uint32_t slot));

/* table_age.c: who ends and who leaves. */
bool ft_build_is_candidate(const struct ft_build *build, const struct ft_flow_hot *hot);
void ft_build_age(struct ft_build *build);
void ft_build_end_scopes(struct ft_build *build);
void ft_build_stop(struct ft_build *build);

/* table_event.c: what happened to a row, whose flags were `before`. */
void ft_build_event(struct ft_build *build, uint32_t row, bool is_new, const uint8_t before[2]);

/* Names the flows of events that the kernel told. */
void ft_build_join_events(struct ft_build *build);

/* table_publish.c: interfaces before the rows, the rest after them. */
void ft_build_ifaces(struct ft_build *build);
uint16_t ft_build_iface_slot(const struct ft_build *build, uint32_t ifindex);
struct ft_snapshot *ft_build_publish(struct ft_build *build, bool last);

#endif
