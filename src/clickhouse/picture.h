/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A moment in the making, shared by moment.c and moment_*.c: see moment.c. */
#ifndef FT_CLICKHOUSE_PICTURE_H
#define FT_CLICKHOUSE_PICTURE_H

#include "bpf/health_abi.h"
#include "clickhouse/read.h"
#include "core/snapshot.h"

#define LOOK_BACK_NS (620 * SECOND) /* the longest that a live flow is silent, and a bit */
#define CLOSED_NS (10 * SECOND)     /* as ft_table_config_init has it */
#define FLOWS_MAX (1U << 20)

struct ft_events;

/* A flow that was read, in the making: sides are [0] local, [1] remote. */
struct ft_ch_work {
	struct ft_flow flow;
	struct ft_flow_hot hot;
	struct ft_counts delta[2];
	float rate[FT_WINDOWS][4]; /* bytes tx, rx; packets tx, rx */
	uint64_t run, process[2];
	uint16_t observer;
	uint16_t short_owner[2]; /* from the flow's own row, if `processes` has none */
	uint32_t shake_us[2];    /* to the answer, from there to the first ACK; 0 = not seen */
	uint32_t sample[2];      /* 1 + index of the socket's, of the local end, of the remote one */
};

/* A moment in the making. */
struct ft_ch_picture {
	struct ft_clickhouse *ch;
	uint64_t from_ns, to_ns; /* the step */
	uint64_t end_ns;         /* the newest interval's end in it */
	uint64_t look_back_ns;
	struct ft_ch_work *works; /* owned */
	size_t count, room;
	bool cut;
	struct ft_snapshot_scope *scopes; /* owned: FT_MAX_SCOPES */
	struct ft_snapshot *snapshot; /* owned: what is known before rows are */
	struct ft_line line;          /* the sum, by `intervals` */
	bool inexact[FT_MAX_SCOPES + 1]; /* by observer */
	struct ft_health *samples;    /* owned */
	size_t sample_count, sample_room;
	struct ft_events *events;     /* owned; NULL = none were read */
	uint64_t flows;               /* with those that the filter leaves out */
	bool unfiltered;              /* rates of scopes are those of all flows */
};

/* moment.c: numbers of names. 1 + the host's index; those beyond the bound share the last. */
uint16_t ft_ch_observer(struct ft_clickhouse *ch, const struct ft_tsv_field *field);
/* The same of its interface: the scope's number. */
uint16_t ft_ch_scope_of(struct ft_clickhouse *ch, uint16_t observer,
			const struct ft_tsv_field *field);
/* Three fields. */
struct ft_counts ft_ch_counts(const struct ft_tsv_field *fields);

/* moment_flows.c: fills works; all flows summed by interface, for what a filter keeps out. */
int ft_ch_ask_flows(struct ft_ch_picture *picture, const struct ft_filter *filter, char *err,
		    size_t err_size);
int ft_ch_ask_all(struct ft_ch_picture *picture, const struct ft_filter *all, char *err,
		  size_t err_size);
/* The same for a flow of a host's run in all moments; 55 bits, because those of 56 are not read back
 * from records. */
uint64_t ft_ch_flow_id(const struct ft_tsv_field *observer, uint64_t run, uint64_t flow);
/* The work of a flow (works are in order), or NULL. */
struct ft_ch_work *ft_ch_find_work(const struct ft_ch_picture *picture, uint64_t id);

/* moment_owners.c: reads rows of processes that no moment had before. */
int ft_ch_ask_owners(struct ft_ch_picture *picture, char *err, size_t err_size);
uint16_t ft_ch_owner(const struct ft_clickhouse *ch, const struct ft_ch_work *work, int side);

/* moment_tcp.c: newest samples of the sockets of works; into the snapshot, rows as works. */
int ft_ch_ask_tcp(struct ft_ch_picture *picture, const struct ft_filter *filter, char *err,
		  size_t err_size);
void ft_ch_fill_tcp(struct ft_ch_picture *picture, struct ft_snapshot *snapshot);

/* moment_events.c: the newest events, those of the step as fresh ones. */
int ft_ch_ask_events(struct ft_ch_picture *picture, char *err, size_t err_size);

#endif
