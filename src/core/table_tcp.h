/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the table knows of TCP beyond counts: the sockets of its flows, and handshakes.
 *
 *   of       row -> 1 + record, 0 = none; as long as rows, only once there is a record
 *   records  struct ft_flow_tcp, by number: what only some TCP flows have
 *   sockets  struct ft_health, by number: the newest sample of a socket; places by cookie
 *
 * A socket comes with a sample, and is joined to a flow when an entry of that names its cookie,
 * in whatever order; without a flow it goes after a few snapshots. Two flows may have the same
 * socket (one conversation in two scopes). A snapshot has copies of all three arrays, so what
 * is here may change. Bounded by FT_SOCKETS_MAX and by the number of rows.
 */
#ifndef FT_CORE_TABLE_TCP_H
#define FT_CORE_TABLE_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/health_abi.h"
#include "core/region.h"

#define FT_SOCKETS_MAX 65536U

struct ft_batch;
struct ft_build;
struct ft_change;
struct ft_snapshot;
struct ft_table;

/* What is beside a socket's sample. */
struct ft_socket_note {
	uint64_t tick;  /* as the producer said it; the sample has it in nanoseconds */
	uint64_t batch; /* number of the batch that it came with */
	uint32_t flows; /* that have it */
	uint32_t alone; /* snapshots without a flow */
};

struct ft_table_tcp {
	struct ft_region of;      /* uint32_t */
	struct ft_region records; /* struct ft_flow_tcp */
	uint32_t record_count, record_free; /* free ones are a list: 1 + number in shake[0] */
	struct ft_region sockets; /* struct ft_health */
	struct ft_region notes;   /* struct ft_socket_note */
	uint32_t socket_count, socket_free; /* free ones are a list: 1 + number in notes' alone */
	uint32_t *places;         /* by cookie: 1 + socket, 0 = free; NULL until the first one */
	uint64_t batch;
	uint64_t refused;         /* samples of sockets beyond the bound, since start */
	struct ft_region lonely;  /* uint32_t: sockets without a flow */
	uint32_t lonely_count;
};

/* Moments of a handshake that an entry brings. */
void ft_table_note_shake(struct ft_table *table, const struct ft_change *change,
			 const struct ft_entry *entry);
/* A flow begins: its row's number may have been another's. */
void ft_table_tcp_begin(struct ft_table *table, uint32_t row);
/* A snapshot is made: joins sockets to the flow whose change names their cookies. */
void ft_table_join_sockets(struct ft_table *table, const struct ft_change *change);
/* A row leaves, the last one takes its place. */
void ft_table_tcp_leave(struct ft_table *table, uint32_t row, uint32_t last);
/* Hands copies over, and lets go of sockets that nobody has. */
void ft_build_tcp(struct ft_build *build, struct ft_snapshot *shown);
size_t ft_table_tcp_memory(const struct ft_table_tcp *tcp);
void ft_table_tcp_done(struct ft_table_tcp *tcp);

#endif
