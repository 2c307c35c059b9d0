/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What batch and screen have in common: names, display filter, the start of the collector; and
 * the two modes themselves, each one call from main.
 */
#ifndef FT_SESSION_H
#define FT_SESSION_H

#include <stddef.h>
#include <stdio.h>

#include "capture/packet_store.h"
#include "core/rows.h"
#include "recording/source.h"

struct ft_collector;
struct ft_filter;
struct ft_mailbox;
struct ft_names;
struct ft_options;
struct ft_player;
struct ft_writers;

struct ft_session {
	const struct ft_options *options; /* borrowed */
	const char *warnings;             /* of the options; borrowed, NULL if none */
	char observer[65];                /* this host's name */
	struct ft_names *names;           /* owned: hosts and services of /etc */
	struct ft_filter *filter;         /* owned */
	struct ft_filter *until;          /* owned; NULL: no --until */
	/* What the outputs beside the screen read: nobody changes it while they run. */
	struct ft_names *output_names;    /* owned */
	struct ft_show output_show;
	struct ft_writers *writers;       /* owned */
	struct ft_packet_way packet_way;  /* owned; queue NULL: no packets are written */
	struct ft_packet_store *packets;  /* owned; all packets; NULL: -w names no such file */
	struct ft_source source;          /* owned until it is played; none: nothing is played */
	bool plays;                       /* moments of the past: there is no collector */
};

/* -EINVAL + sentence if the display filter is none. */
int ft_session_open(struct ft_session *session, const struct ft_options *options, char *err,
		    size_t err_size);
void ft_session_close(struct ft_session *session);

/* Opens links and backend and starts the collector for the screen's mailbox (NULL in batch) and
 * the outputs that are open. -errno + sentence. */
int ft_session_collect(struct ft_session *session, struct ft_mailbox *mailbox,
		       struct ft_collector **ret_collector, char *err, size_t err_size);

/* The same for moments of the past: the player stands for the collector. */
int ft_session_play(struct ft_session *session, struct ft_mailbox *mailbox,
		    struct ft_player **ret_player, char *err, size_t err_size);

/* session_outputs.c: opens what the options ask for beside the screen, and with `print` batch's
 * stdout. Before the collector. -errno + sentence; what is open stays the session's. */
int ft_session_open_outputs(struct ft_session *session, bool print, char *err, size_t err_size);
/* After the collector has stopped: they write what they have. Signals (a signalfd; -1 = none)
 * that come meanwhile end the program without waiting; `asked`: one was why it ends, and what comes
 * at once is the same request. As ft_writers_join. */
int ft_session_end_outputs(struct ft_session *session, bool asked, int signals, char *err,
			   size_t err_size);

/* Signals that end or stop us, blocked before there are threads; SIGPIPE and
 * SIGXFSZ are ignored. */
void ft_session_block_signals(void);

/* The modes, to their end: 0, or -errno + sentence. */
int ft_batch_run(struct ft_session *session, char *err, size_t err_size);
int ft_screen_run(struct ft_session *session, char *err, size_t err_size);

/* --doctor */
void ft_doctor(FILE *stream);

#endif
