/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of the screen, and the pure step (view, event, what is on the screen) -> (view,
 * effects). The step reads no clock, does no input or output and calls no curses: what has to
 * happen outside comes back as effects, which ui.c carries out.
 *
 *   base[list]     each list pane's own place; digits and Tab change between them
 *   stack          what lies in front: flows of a talker, details, interfaces, help; Esc takes
 *                  the top away and uncovers what was below, at the row it was left on
 *   menu, prompt   in front of all that, one at a time
 *
 * A selection is a row's id and follows its row. 0 means that nobody has chosen yet (or Home
 * was pressed): then the first line is selected, whatever is there. Of events as they came it is
 * the last line (and End): the list follows its end.
 *
 * Owned by the UI thread. Holds its filters and baselines; borrows snapshot rows never.
 */
#ifndef FT_UI_VIEW_H
#define FT_UI_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/column.h"
#include "core/filter.h"
#include "core/moments.h"
#include "core/rows.h"
#include "ui/input.h"
#include "ui/keymap.h"
#include "ui/listing.h"

struct ft_options;

#define FT_STACK_MAX 8
#define FT_PROMPT_MAX 512
#define FT_HISTORY 48 /* points of the header's graphs */

enum ft_pane_id {
	FT_PANE_FLOWS, /* the lists first, numbered as enum ft_list */
	FT_PANE_TALKERS,
	FT_PANE_PROCESSES,
	FT_PANE_SOCKETS,
	FT_PANE_EVENTS,
	FT_PANE_DETAILS,
	FT_PANE_INTERFACES,
	FT_PANE_HEALTH,
	FT_PANE_HELP,
	FT_PANE_MAX
};

struct ft_frame {
	enum ft_pane_id pane;
	bool drilled;           /* only the flows of `within` */
	struct ft_group within;
	char title[96];         /* what within or subject is called; escaped */
	uint64_t subject;       /* of details: the flow's id */
	uint64_t selected;      /* a row's id; 0 = the first line */
	size_t index;           /* where it is */
	size_t top;             /* first line shown */
	unsigned skip;          /* columns scrolled away */
};

/* What is asked of a flow's packets. */
struct ft_packets_wish {
	bool stop;
	uint64_t flow; /* id */
	struct ft_flow_key key;
};

enum ft_menu_kind { FT_MENU_NONE, FT_MENU_SORT, FT_MENU_GROUP, FT_MENU_ACTIONS };
struct ft_menu {
	enum ft_menu_kind kind;
	size_t count, chosen;
};

enum ft_prompt_kind { FT_PROMPT_NONE, FT_PROMPT_FILTER, FT_PROMPT_FIND, FT_PROMPT_INTERVAL,
		      FT_PROMPT_JUMP };
struct ft_prompt {
	enum ft_prompt_kind kind;
	char text[FT_PROMPT_MAX]; /* valid UTF-8 */
	size_t length, cursor;    /* bytes */
	char before[FT_PROMPT_MAX]; /* the filter that Esc brings back */
	size_t from;              /* of find: the index it begins at */
	char error[200];          /* "" = what is typed is valid */
	size_t error_at;          /* byte that the error is about */
};

/* Rates a second, in bytes, one point a snapshot; < 0 = not watched or paused. */
struct ft_history {
	float tx[FT_HISTORY], rx[FT_HISTORY];
	unsigned count, next;
	uint64_t generation; /* of the newest point */
};

struct ft_view {
	struct ft_show show;
	enum ft_list list; /* the base in use */
	struct ft_frame base[FT_LIST_MAX];
	struct ft_frame stack[FT_STACK_MAX];
	unsigned depth;
	struct {
		const struct ft_column *column;
		bool ascending;
	} sort[FT_LIST_MAX];
	struct ft_pins pins[FT_LIST_MAX];
	enum ft_group_by group_by;
	bool hide_closed, frozen, paused, readonly;
	bool resolve; /* names from reverse DNS */
	bool recording;       /* a recording is read: all of it is past */
	bool plays;           /* what is read goes on by itself: --speed */
	bool held;            /* a recording that plays stands still */
	bool past;            /* a moment before the newest is shown */
	struct ft_wish wish;  /* with FT_FX_PAST: where to */
	struct ft_span_shown span; /* what can be walked through */
	struct ft_packets_wish packets; /* of the menu of actions; with FT_FX_PACKETS */
	uint64_t writing[FT_TAPS_MAX];  /* flows whose packets are written */
	unsigned writing_count;
	uint64_t interval_ns;

	struct ft_filter *filter; /* owned; never NULL */
	char filter_text[FT_PROMPT_MAX];
	char find_text[FT_PROMPT_MAX];
	struct ft_baseline *baseline; /* owned; key z */
	const struct ft_snapshot *mark; /* a reference; key B: a copy of the baseline, or NULL */

	struct ft_menu menu;
	struct ft_prompt prompt;
	struct ft_history history;
	char message[256]; /* in the footer until the next key */
	bool message_bad;
	uint64_t click_ns, click_id; /* of the click before, for double ones */
};

/* What is where on the screen: filled by the renderers, asked when the mouse is pressed. */
enum ft_spot_kind {
	FT_SPOT_PANE,   /* arg: enum ft_list */
	FT_SPOT_COLUMN, /* arg: index into ft_columns */
	FT_SPOT_ROWS,   /* arg: index of the first line */
	FT_SPOT_ACTION, /* arg: enum ft_action */
	FT_SPOT_CHOICE, /* arg: first line of the menu */
};
struct ft_spot {
	enum ft_spot_kind kind;
	int y, x, height, width;
	size_t arg;
};
#define FT_SPOTS_MAX 128
struct ft_map {
	struct ft_spot spot[FT_SPOTS_MAX];
	size_t count;
};

/* What the step acts upon, all borrowed. */
struct ft_stage {
	const struct ft_snapshot *snapshot; /* NULL before the first */
	struct ft_listing *listing;         /* of the front pane, NULL if it is no list */
	const struct ft_map *map;
	size_t page;  /* lines that the front pane shows */
	size_t lines; /* lines that it has, if it is no list */
	unsigned columns_right; /* most columns that may be scrolled away */
	bool unseen;  /* the window is too small to show anything */
};

/* Effects: what became stale, and what is to be done outside. */
#define FT_FX_PAINT (1U << 0)
#define FT_FX_FILL (1U << 1)   /* rows: filter, order, list */
#define FT_FX_TAKE (1U << 2)   /* no longer paused: take the newest snapshot */
#define FT_FX_WRITE (1U << 3)
#define FT_FX_COPY (1U << 4)
#define FT_FX_INTERVAL (1U << 5)
#define FT_FX_NAMES (1U << 6)  /* resolve changed */
#define FT_FX_REDRAW (1U << 7)
#define FT_FX_SUSPEND (1U << 8)
#define FT_FX_QUIT (1U << 9)
#define FT_FX_PAST (1U << 10)  /* the moment that view->wish means */
#define FT_FX_PACKETS (1U << 11) /* what view->packets means */
#define FT_FX_MARK (1U << 12)  /* the baseline changed: show the moment against view->mark */

/* options are read during the call only; names is borrowed for good. */
void ft_view_init(struct ft_view *view, const struct ft_options *options,
		  const struct ft_names *names);
void ft_view_done(struct ft_view *view);
/* True while what is in front, or below it, shows all sockets or how one is now. */
bool ft_view_wants_sockets(const struct ft_view *view);
/* True while a pane shows what flowtop costs. */
bool ft_view_wants_cost(const struct ft_view *view);

/* The pane in front. */
struct ft_frame *ft_view_front(struct ft_view *view);
const struct ft_frame *ft_view_front_const(const struct ft_view *view);
static inline bool ft_pane_is_list(enum ft_pane_id pane)
{
	return pane <= FT_PANE_EVENTS;
}
/* True if there is something that can be held: a moment of the past stands still by itself, unless
 * its source plays. */
static inline bool ft_view_can_pause(const struct ft_view *view)
{
	return view->plays || (!view->recording && !view->past);
}
/* What the list in front, or below what is, asks of core/rows; points into the view. */
void ft_view_query(const struct ft_view *view, struct ft_query *ret_query);
/* The column that a list is sorted by. */
const struct ft_column *ft_view_sort(const struct ft_view *view, enum ft_list list);

/* True if a list has its newest row at the end, and the end is followed while nobody has chosen a
 * row: then `selected` 0 means the last line. */
bool ft_view_follows_end(const struct ft_view *view, enum ft_pane_id pane);

/* A snapshot has been taken: a point for the graphs. */
void ft_view_took(struct ft_view *view, const struct ft_snapshot *snapshot);
/* After a fill: the selection is where its row is now. Looks at all rows. */
void ft_view_settle(struct ft_view *view, const struct ft_stage *stage);
/* Before drawing: the selection is in sight; after drawing a text: it is not scrolled too far. */
void ft_view_fit(struct ft_view *view, const struct ft_stage *stage);
/* One event; returns effects. */
unsigned ft_view_step(struct ft_view *view, const struct ft_event *event,
		      const struct ft_stage *stage);
/* A line for the footer. */
void ft_view_say(struct ft_view *view, bool bad, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Shows text as the display filter; -EINVAL and the prompt's error if it is none. */
int ft_view_set_filter(struct ft_view *view, const char *text);

/* For step.c, move.c, prompt.c and menu.c among each other. */
unsigned ft_move(struct ft_view *view, enum ft_action action, const struct ft_stage *stage);
void ft_move_to(struct ft_view *view, size_t index, const struct ft_stage *stage);
unsigned ft_mouse(struct ft_view *view, const struct ft_event *event,
		  const struct ft_stage *stage);
unsigned ft_act(struct ft_view *view, enum ft_action action, const struct ft_stage *stage);
void ft_prompt_open(struct ft_view *view, enum ft_prompt_kind kind, const char *text);
unsigned ft_prompt_step(struct ft_view *view, const struct ft_event *event,
			const struct ft_stage *stage);
unsigned ft_find_next(struct ft_view *view, size_t from, const struct ft_stage *stage);
void ft_menu_open(struct ft_view *view, enum ft_menu_kind kind);
unsigned ft_menu_step(struct ft_view *view, const struct ft_event *event,
		      const struct ft_stage *stage);
unsigned ft_menu_choose(struct ft_view *view, size_t choice, const struct ft_stage *stage);
/* Translated title of a choice, "" if it has none, perhaps in `text`; and its text. */
#define FT_TITLE_MAX 64
const char *ft_menu_title(const struct ft_view *view, size_t choice, char text[FT_TITLE_MAX]);
const char *ft_menu_text(const struct ft_view *view, size_t choice);
/* actions.c: the menu of key x. */
unsigned ft_actions_open(struct ft_view *view, const struct ft_stage *stage);
size_t ft_actions_count(const struct ft_view *view);
const char *ft_actions_text(const struct ft_view *view, size_t choice);
unsigned ft_actions_choose(struct ft_view *view, size_t choice, const struct ft_stage *stage);
bool ft_view_is_writing(const struct ft_view *view, uint64_t flow);
void ft_view_sort_by(struct ft_view *view, const struct ft_column *column);
void ft_view_show_list(struct ft_view *view, enum ft_list list);
/* The list that sort keys mean: the front one, or what lies below. */
enum ft_list ft_view_list(const struct ft_view *view);
/* A column's translated title; of the one that names talkers, made in `text`, the word for what they
 * are grouped by. */
const char *ft_view_title(const struct ft_view *view, enum ft_list list,
			  const struct ft_column *column, char *text, size_t size);

#endif
