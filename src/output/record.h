/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records as interface.md writes them: for each type one table of fields, each with its place
 * ("local.process.pid") and the function that gets it from a row. json.c nests them, csv.c
 * makes columns of them; a new field is a row. Also here: which rows an interval prints, so
 * that every format prints the same.
 */
#ifndef FT_OUTPUT_RECORD_H
#define FT_OUTPUT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/rows.h"
#include "output/output.h"

#define FT_SCHEMA 1

/* Where a record comes from; all borrowed. flow, group or socket is set; of an event flow too. */
struct ft_record {
	const struct ft_snapshot *snapshot;
	const char *observer;
	const struct ft_show *show;
	const struct ft_flow_hot *flow;
	const struct ft_group *group;
	const struct ft_socket *socket;
	const struct ft_flow_event *event;
};

enum ft_cell_kind {
	FT_CELL_NONE, /* does not apply: absent */
	FT_CELL_UINT,
	FT_CELL_INT,  /* a difference; number is its two's complement */
	FT_CELL_ID,   /* a 64-bit id: a string of digits */
	FT_CELL_BOOL,
	FT_CELL_TEXT,
	FT_CELL_LIST, /* VLAN ids */
	FT_CELL_IDS,  /* several 64-bit ids */
};

/* A value; text points into the snapshot, a constant, or buf. */
struct ft_cell {
	enum ft_cell_kind kind;
	uint64_t number;
	const char *text;
	size_t length;
	uint16_t list[2];
	uint64_t ids[FT_PLACES_MAX];
	size_t list_count; /* of list or ids */
	char buf[64];
};

struct ft_field {
	const char *path;
	void (*get)(const struct ft_record *record, unsigned arg, struct ft_cell *cell);
	unsigned arg;
	bool raw; /* bytes from outside: may need PATH_hex beside it */
};

/* The fields of a list's records, in the order they are printed; those that only a difference has
 * are the last ones. */
const struct ft_field *ft_record_fields(enum ft_list list, bool difference, size_t *ret_count);

/* The value of a field; kind NONE if it does not apply. */
void ft_field_get(const struct ft_field *field, const struct ft_record *record,
		  struct ft_cell *ret_cell);

/*
 * The rows of one snapshot that are printed: flows that counted something or ended in the
 * interval, groups that counted something, all sockets, events that no interval before printed;
 * with one_moment, and of a difference, all. What max_rows leaves out is
 * counted in `hidden` beside what the filter left out.
 */
struct ft_pick {
	struct ft_rows *rows;  /* owned */
	const struct ft_output_config *config; /* borrowed */
	struct ft_show show; /* the query's, without the screen's baseline */
	struct ft_record record;
	struct ft_row row;
	enum ft_list list;
	size_t next, printed;
	uint64_t fresh_id; /* events from this one on are new */
	struct ft_hidden hidden; /* complete once the flows are walked, or filled for a group */
};

void ft_pick_init(struct ft_pick *pick, const struct ft_output_config *config);
void ft_pick_done(struct ft_pick *pick);
void ft_pick_begin(struct ft_pick *pick, const struct ft_snapshot *snapshot, enum ft_list list);
/* The next record of the list, or NULL; valid until the next call. */
const struct ft_record *ft_pick_next(struct ft_pick *pick);

#endif
