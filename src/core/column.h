/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of columns. The screen lays them out and draws `format`, sorting uses `rank`
 * and `compare`, text batch prints `format` (or raw values), help and the man page are tested
 * against the rows. A new column is a row here plus its functions.
 */
#ifndef FT_CORE_COLUMN_H
#define FT_CORE_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/fmt.h"
#include "core/rows.h"

enum ft_value_kind { FT_VALUE_NONE, FT_VALUE_UINT, FT_VALUE_INT, FT_VALUE_REAL, FT_VALUE_TEXT };

/* Raw value of a cell: what text batch prints with raw numbers. */
struct ft_value {
	enum ft_value_kind kind;
	uint64_t uint;
	int64_t sint; /* of a difference */
	double real;
	char text[256]; /* unescaped */
};

/* Names a text that many rows have, without making it: equal tokens, equal texts. */
struct ft_token {
	uint64_t word[2];
	uint16_t minor; /* orders rows of one text before anything else does */
};

#define FT_ON_FLOWS (1U << FT_LIST_FLOWS)
#define FT_ON_TALKERS (1U << FT_LIST_TALKERS)
#define FT_ON_PROCESSES (1U << FT_LIST_PROCESSES)
#define FT_ON_SOCKETS (1U << FT_LIST_SOCKETS)
#define FT_ON_EVENTS (1U << FT_LIST_EVENTS)

#define FT_PRIORITY_EXTRA 10

/* What a column needs to have anything to say; without it, it is not laid out. */
#define FT_NEEDS_OWNER (1U << 0)
#define FT_NEEDS_DIFFERENCE (1U << 1)
#define FT_NEEDS_OBSERVERS (1U << 2) /* several */

/* Which of key m's two kinds of amount a column is. */
enum ft_amount { FT_AMOUNT_NONE, FT_AMOUNT_RATE, FT_AMOUNT_TOTAL };

struct ft_column {
	const char *id;    /* -s word, config word: "rate", "tx", "rx", "total", "local", ... */
	const char *title; /* N_(), fits `min` cells in every translation (tested) */
	const char *help;  /* N_(), one line */
	unsigned lists;    /* FT_ON_* */
	unsigned min, normal, max; /* cells; grows from normal towards max when there is room */
	/* 0 = never dropped; the highest goes first when it is narrow. Those from
	 * FT_PRIORITY_EXTRA on are there only while all fit at normal width. */
	unsigned priority;
	unsigned on_sockets; /* 1 + its priority on the list of sockets; 0 = the same */
	unsigned on_events;  /* and on that of events */
	enum ft_align align;
	bool ascending;    /* first direction when it is sorted by */
	unsigned needs;
	enum ft_amount amount;
	/* A number that orders rows by itself (bigger = bigger); full width. */
	uint64_t (*rank)(const struct ft_snapshot *snapshot, const struct ft_row *row,
			 const struct ft_show *show);
	/* For texts: full three-way order among rows of equal rank; NULL if rank says all. Asked
	 * only for ranks whose lowest bit is set: a text that fits its rank needs no second
	 * look. */
	int (*compare)(const struct ft_snapshot *snapshot, const struct ft_row *a,
		       const struct ft_row *b, const struct ft_show *show);
	/* Of texts that many flows have in common: the row's one. False = it has none and its rank,
	 * below 2^63, says all: such rows come before all others. NULL = texts are compared. */
	bool (*token)(const struct ft_snapshot *snapshot, const struct ft_row *row,
		      const struct ft_show *show, struct ft_token *ret_token);
	void (*get)(const struct ft_snapshot *snapshot, const struct ft_row *row,
		    const struct ft_show *show, struct ft_value *ret_value);
	/* The cell, escaped, at most `width` cells, not padded. */
	void (*format)(const struct ft_snapshot *snapshot, const struct ft_row *row,
		       const struct ft_show *show, unsigned width, char *buf, size_t size);
};

extern const struct ft_column ft_columns[];
extern const size_t ft_column_count;

/* By id; NULL if none. */
const struct ft_column *ft_column_find(const char *id);
/* True if a list has the column, as it is shown: it can be sorted by. */
bool ft_column_is_on(const struct ft_column *column, enum ft_list list,
		     const struct ft_show *show);
/* The list's default sort column. */
const struct ft_column *ft_column_default(enum ft_list list);

/* "bit/s", "B/s", "pkt/s". */
const char *ft_column_rate_unit(enum ft_unit unit);
/* What the amounts are in: "rates in bit/s over 2s, totals in bytes". */
char *ft_column_units(const struct ft_show *show, char *buf, size_t size);
/* The same where there is little room: "bit/s over 2s, bytes". */
char *ft_column_units_brief(const struct ft_show *show, char *buf, size_t size);

/* Layout to a width: which columns, in table order, and how many cells each. */
struct ft_layout {
	size_t count;
	struct {
		const struct ft_column *column;
		unsigned x, width;
	} cell[160]; /* more than there are columns */
};
/* `skip`: columns scrolled away at the left (the first one, which names the row, stays).
 * The sort column is never dropped, and has a cell more than its title, for the mark. One cell of
 * space between columns. show->amounts leaves out rate or total columns (unless sorted by). */
void ft_column_layout(enum ft_list list, const struct ft_show *show, unsigned width,
		      unsigned skip, const struct ft_column *sort, struct ft_layout *ret_layout);

#endif
