/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running screen: what loop.c (what happens) and ui.c (what is done about it) share. All
 * of it belongs to the main thread.
 */
#ifndef FT_UI_PRIV_H
#define FT_UI_PRIV_H

#include "ui/screen.h"
#include "ui/ui.h"

struct ft_collector;
struct ft_player;
struct ft_resolver;

/* A file that a flow's packets are written to. */
struct ft_ui_writing {
	uint64_t flow;
	char *path;     /* owned */
	uint64_t asked; /* the number of the wish */
	bool begun;     /* the collector has told so */
};

struct ft_ui {
	const struct ft_ui_config *config;
	struct ft_collector *collector; /* borrowed; NULL while the first frame is painted */
	struct ft_player *player;       /* borrowed; of a recording: there is no collector */
	struct ft_filter *told;         /* owned: what the player was told of it; NULL = nothing */
	struct ft_moments moments;            /* of a live run */
	const struct ft_snapshot *newest; /* a reference: taken, but not shown; or NULL */
	struct ft_view view;
	struct ft_listing listing[FT_LIST_MAX];
	struct ft_scene scene;
	const struct ft_snapshot *snapshot; /* a reference; NULL before the first */
	const struct ft_snapshot *subject;  /* a reference while there are details, else NULL */
	const struct ft_flow_hot *subject_row; /* their flow in it */
	struct ft_ui_writing writing[FT_TAPS_MAX];
	unsigned writing_count;
	uint64_t asked;                     /* wishes for packets so far */
	char *warnings;                     /* owned: config's lines and the terminal's */
	char fault[400];                    /* why the collector stopped, "" */
	int fault_error;
	bool finished; /* the collector has told that it is done */
	bool quit;
	struct ft_resolver *resolver; /* while names are asked of DNS */
	int epoll, signals;
	bool behind;  /* the loop is told when the terminal takes more */
	int ended_by; /* signal, 0 = a key */
	struct ft_input input;
};

/* ui.c: what is done. */
/* Rows, then the window's cells; the terminal sees it with ft_ui_show. */
void ft_ui_update(struct ft_ui *ui, unsigned effects);
void ft_ui_show(struct ft_ui *ui);
/* Takes the newest snapshot unless paused; returns effects. */
unsigned ft_ui_take(struct ft_ui *ui);
/* Carries one event and its effects out. */
void ft_ui_event(struct ft_ui *ui, const struct ft_event *event);
/* Stops and comes back, by key or signal. */
void ft_ui_suspend(struct ft_ui *ui);
/* Starts or stops asking DNS, as the view wants it. */
void ft_ui_switch_resolver(struct ft_ui *ui);
/* Names that DNS has found; returns effects. */
unsigned ft_ui_answers(struct ft_ui *ui);

/* packets.c: carries a wish of the view out; hears what became of it; frees. */
void ft_ui_ask_packets(struct ft_ui *ui);
void ft_ui_note_taps(struct ft_ui *ui, const struct ft_snapshot *newest);
void ft_ui_forget_taps(struct ft_ui *ui);

/* loop.c: what happens. Until quit; 0 or -errno with a sentence. */
int ft_ui_loop(struct ft_ui *ui, char *err, size_t err_size);
/* Adds or takes away a descriptor that is watched for reading. */
void ft_ui_watch(struct ft_ui *ui, int fd, bool watched);

#endif
