/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sentences for the health line, each with a moment at which it stops being news. One note a
 * subject: saying something again replaces what was said and moves it to the front. A plain
 * value inside the collector, used by its thread alone; snapshots copy the texts.
 */
#ifndef FT_CAPTURE_NOTES_H
#define FT_CAPTURE_NOTES_H

#include <stddef.h>
#include <stdint.h>

#define FT_NOTES_MAX 8
#define FT_NOTE_TEXT_MAX 320

/* What a note is about. From FT_NOTE_SCOPE up there is one for each scope,
 * from FT_NOTE_REMARK one for each output. */
enum ft_note_subject {
	FT_NOTE_BACKEND = 1,
	FT_NOTE_WATCH,
	FT_NOTE_FILE,
	FT_NOTE_LOST,
	FT_NOTE_SPILL,
	FT_NOTE_EVICTED,
	FT_NOTE_OWNERS,
	FT_NOTE_OUTPUT,
	FT_NOTE_MISSED,
	FT_NOTE_LEFT_OUT,
	FT_NOTE_NATS,
	FT_NOTE_RIGHTS,
	FT_NOTE_SOCKETS,
	FT_NOTE_PACKETS,
	FT_NOTE_SCOPE,                /* + scope number */
	FT_NOTE_REMARK = 0x10000,     /* + number of the output */
};

struct ft_notes {
	size_t count; /* newest first */
	struct ft_note {
		uint32_t subject;
		uint64_t until_ns; /* CLOCK_MONOTONIC */
		char text[FT_NOTE_TEXT_MAX];
	} note[FT_NOTES_MAX];
};

/* Says `format` about subject until until_ns; the oldest gives way when there are too many. */
void ft_notes_say(struct ft_notes *notes, uint32_t subject, uint64_t until_ns,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Takes back what was said about subject. */
void ft_notes_drop(struct ft_notes *notes, uint32_t subject);
/* Forgets what is no news any more and lists the rest, newest first; returns how many. */
size_t ft_notes_list(struct ft_notes *notes, uint64_t now_ns, const char *list[FT_NOTES_MAX]);

#endif
