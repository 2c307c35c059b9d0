/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Panes: one file each (the lists share one), behind one const table. A pane draws a
 * function of (snapshot, view, size) and reads no clock, file or global. A new pane is a row in
 * screen.c plus its file.
 */
#ifndef FT_UI_PANE_H
#define FT_UI_PANE_H

#include <curses.h>

#include "ui/draw.h"
#include "ui/listing.h"
#include "ui/text.h"
#include "ui/view.h"

/* What is drawn, where, and what was learnt by drawing it. */
struct ft_scene {
	/* in, all borrowed */
	WINDOW *window;
	const struct ft_view *view;
	const struct ft_snapshot *snapshot; /* NULL before the first */
	const struct ft_snapshot *subject;  /* of details: the newest that has the flow; or NULL */
	const struct ft_flow_hot *subject_row; /* the flow in it; NULL = it is in none */
	struct ft_listing *listing;         /* filled for the list that is in front or below */
	const char *observer;               /* host name, "" */
	const char *warnings;               /* lines about the configuration, "" */
	bool auto_backend;                  /* the user left the choice of backend to us */
	const char *fault;                  /* why counting stopped, "" */
	/* the layout: by ft_screen_measure */
	int width, height;
	int header;  /* lines of the header */
	int note;    /* line of the note, -1 = none */
	int tabs;    /* line of the panes' names */
	int body, page; /* first line below column titles or tabs, and how many */
	int footer;
	/* out */
	struct ft_map map;
	int cursor_y, cursor_x;
	size_t lines;           /* of a text pane */
	unsigned columns_right; /* of a list: columns that may still be scrolled away */
};

struct ft_pane_ops {
	const char *name; /* N_(), in the line of panes */
	/* Draws into the body (a list also its titles, one line above). */
	void (*render)(struct ft_scene *scene, const struct ft_frame *frame);
};

extern const struct ft_pane_ops ft_pane_flows;
extern const struct ft_pane_ops ft_pane_talkers;
extern const struct ft_pane_ops ft_pane_processes;
extern const struct ft_pane_ops ft_pane_sockets;
extern const struct ft_pane_ops ft_pane_events;
extern const struct ft_pane_ops ft_pane_details;
extern const struct ft_pane_ops ft_pane_interfaces;
extern const struct ft_pane_ops ft_pane_health;
extern const struct ft_pane_ops ft_pane_help;

/* A flow by its id, or NULL. */
const struct ft_flow_hot *ft_details_find(const struct ft_snapshot *snapshot, uint64_t id);

/* details_tcp.c: what sockets say, ends in the order local, remote; a line on the handshake. */
void ft_details_tcp(struct ft_text *text, const struct ft_snapshot *snapshot,
		    const struct ft_flow_hot *flow, const struct ft_show *show);
/* And each number of these sockets by its name in records. */
void ft_details_numbers(struct ft_text *text, const struct ft_snapshot *snapshot,
			const struct ft_flow_hot *flow);
void ft_details_handshake(struct ft_text *text, const struct ft_snapshot *snapshot,
			  const struct ft_flow_hot *flow);

/* details_pair.c: where else the conversation is seen. */
void ft_details_pair(struct ft_text *text, const struct ft_snapshot *snapshot,
		     const struct ft_flow_hot *flow);
/* pane_interfaces.c: the line that adds up, of each scope; with_devices: and its interfaces. */
void ft_scope_lines(struct ft_text *text, const struct ft_snapshot *snapshot, bool with_devices);
/* Cells of the labels in these. */
#define FT_LINE_LABEL_CELLS 18

/* Parts of the screen. */
void ft_header_render(struct ft_scene *scene);
void ft_tabs_render(struct ft_scene *scene);
void ft_footer_render(struct ft_scene *scene);
void ft_menu_render(struct ft_scene *scene);

/* Notes: sentences about what is wrong or limited, most important first. */
#define FT_NOTE_MAX 400
/* The n-th note; false if there are no more. */
bool ft_note(const struct ft_scene *scene, size_t n, char note[FT_NOTE_MAX]);
size_t ft_note_count(const struct ft_scene *scene);

/* Draws the part of a text that the frame has scrolled to. */
void ft_text_render(struct ft_scene *scene, const struct ft_frame *frame,
		    const struct ft_text *text);
/* Remembers what is at a place. */
void ft_map_add(struct ft_map *map, enum ft_spot_kind kind, int y, int x, int height, int width,
		size_t arg);

#endif
