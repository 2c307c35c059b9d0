/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both halves of the reader of records share: records_read.c turns JSON into the rows here,
 * records.c turns them into moments.
 */
#ifndef FT_RECORDING_RECORDS_PRIV_H
#define FT_RECORDING_RECORDS_PRIV_H

#include "core/hash.h"
#include "core/snapshot.h"
#include "recording/records.h"

#define FT_RECORDS_FLOWS_MAX (1U << 20)
#define FT_RECORDS_ROWS_MAX (1U << 21)
#define FT_RECORDS_MOMENTS_MAX (1U << 16)
#define FT_RECORDS_SCOPES_MAX (1U << 18)   /* of all moments */
#define FT_RECORDS_PROCESSES_MAX (1U << 14)
#define FT_RECORDS_NOTES_MAX 32            /* of a moment */

/* What one record says of its flow; sides are the key's directions. */
struct ft_records_row {
	uint32_t flow;
	struct ft_flow_hot hot;     /* its flow is set when a moment is made */
	struct ft_counts delta[2];
};

struct ft_records_moment {
	uint64_t end_ns, interval_ns;
	size_t first_row, row_count;
	/* of its summary, where there is one */
	bool summed;
	uint64_t live_flows, hidden_flows;
	struct ft_snapshot_scope *scopes; /* owned */
	size_t scope_count;
	char *backend, *backend_reason, *capture_filter, *owner_source; /* owned or NULL */
	char **notes;                     /* owned */
	size_t note_count;
	uint64_t evicted, lengthened, missed;
	uint32_t max_flows;
};

/* What tells flows of a file apart: an id, and when it was first seen (files may be joined). */
struct ft_records_identity {
	uint64_t id, first_ns;
};

struct ft_records {
	char *observer;
	struct ft_flow *flows; /* owned; each as its first record said */
	struct ft_records_identity *identities; /* owned, by flow */
	size_t flow_count, flow_room;
	uint32_t *index;       /* 1 + flow by identity; a power of two, at most half full */
	uint32_t *ids;         /* the same by id, of those whose id was new */
	size_t index_size;     /* of both */
	uint64_t next_id;      /* for flows whose id another has */
	struct ft_seed seed;
	struct ft_records_row *rows;
	size_t row_count, row_room;
	struct ft_records_moment *moments;
	size_t moment_count, moment_room;
	size_t scopes_held;
	struct ft_owners *owners;
	bool owners_full;
	char scopes[FT_MAX_SCOPES][IFNAMSIZ];
	size_t scope_count;
	uint64_t other_records; /* of lists that nothing is made of */
	struct ft_records_json *json; /* records_read.c's; NULL once all is read */
};

/* The number of an interface's name; names beyond the bound share the last. */
uint16_t ft_records_scope(struct ft_records *records, const char *name);
/* records_read.c: frees what reading needed; NULL is fine. */
void ft_records_json_free(struct ft_records_json *json);

#endif
