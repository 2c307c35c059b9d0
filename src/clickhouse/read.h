/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by read.c and moment.c: a database that is read. */
#ifndef FT_CLICKHOUSE_READ_H
#define FT_CLICKHOUSE_READ_H

#include <stdatomic.h>

#include "clickhouse/client.h"
#include "clickhouse/schema.h"
#include "clickhouse/url.h"
#include "core/filter.h"
#include "core/hash.h"
#include "core/owner.h"

#define SECOND UINT64_C(1000000000)
#define HOLD_NS (2 * SECOND)

struct ft_ch_moment {
	uint64_t step;   /* number: it has (step * length, (step + 1) * length] */
	uint64_t end_ns; /* of its newest interval */
};

/* An interface of a host: its place is the scope's number. */
struct ft_ch_scope {
	uint16_t observer; /* 1 + index */
	char name[IFNAMSIZ];
};

/* A row of processes that was read. */
struct ft_ch_process {
	uint64_t run, id; /* id 0 = free: owners that are no process have no row */
	uint16_t observer, owner;
};

struct ft_clickhouse {
	struct ft_client *client; /* owned */
	char *database;           /* owned */
	char *observer;           /* owned; for titles */
	uint64_t step_ns, since_ns;
	struct ft_ch_moment *moments; /* owned */
	size_t count, room;
	bool listed;
	struct ft_filter *filter; /* owned; NULL = all */
	char trouble[200];
	atomic_bool cancelled;

	/* what all moments share, so that numbers mean the same in each */
	char *observers[FT_MAX_SCOPES]; /* owned */
	size_t observer_count;
	struct ft_ch_scope scopes[FT_MAX_SCOPES];
	size_t scope_count;
	struct ft_owners *owners;         /* owned */
	struct ft_ch_process *process_of; /* owned; hashed, a power of two, half full at most */
	size_t process_count, process_room;
	struct ft_seed seed;
};

/* Asks, and hands each row on. -EAGAIN (out of reach), or -errno; with a sentence. */
int ft_ch_query(struct ft_clickhouse *ch, const struct ft_sql *sql, size_t columns,
		int (*row)(void *arg, const struct ft_tsv_field *fields, size_t count), void *arg,
		char *err, size_t err_size);
int ft_ch_fail(struct ft_clickhouse *ch, char *err, size_t err_size);

/* moment.c: the picture of a moment; one reference, the caller's. */
int ft_ch_picture(struct ft_clickhouse *ch, size_t i, struct ft_snapshot **ret_snapshot, char *err,
		  size_t err_size);

#endif
