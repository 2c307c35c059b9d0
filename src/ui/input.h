/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the terminal's bytes to events: a decoder that is a value, fed with bytes and the time
 * they came at. It reads nothing, waits for nothing and knows no terminfo: what terminals send
 * for a key has been the same few sequences for decades, and curses' own decoder cannot be
 * told how long to wait for what.
 *
 * The rule of Esc: alone it acts after FT_ESC_ALONE_NS; but for FT_ESC_SEQUENCE_NS after any
 * Esc a `[` or `O` begins a sequence, which is swallowed whole if it is unknown. So a slow line
 * that tears ESC [ A apart never types `[` and `A`.
 */
#ifndef FT_UI_INPUT_H
#define FT_UI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FT_ESC_ALONE_NS 100000000ULL
#define FT_ESC_SEQUENCE_NS 1000000000ULL

#define FT_CTRL(letter) ((letter) & 0x1f)

/* Keys below FT_KEY_FIRST are characters (code points) and control characters. */
enum ft_key {
	FT_KEY_TAB = 0x09,
	FT_KEY_ENTER = 0x0d,
	FT_KEY_ESC = 0x1b,
	FT_KEY_FIRST = 0x110000,
	FT_KEY_UP = FT_KEY_FIRST,
	FT_KEY_DOWN,
	FT_KEY_LEFT,
	FT_KEY_RIGHT,
	FT_KEY_HOME,
	FT_KEY_END,
	FT_KEY_PAGE_UP,
	FT_KEY_PAGE_DOWN,
	FT_KEY_INSERT,
	FT_KEY_DELETE,
	FT_KEY_BACKSPACE,
	FT_KEY_SHIFT_TAB,
	FT_KEY_F1,
	FT_KEY_F12 = FT_KEY_F1 + 11,
	FT_KEY_CLICK, /* left button down */
	FT_KEY_WHEEL_UP,
	FT_KEY_WHEEL_DOWN,
};

struct ft_event {
	uint32_t key;     /* enum ft_key or a code point */
	bool pasted;      /* came inside a bracketed paste: text, never a command */
	int x, y;         /* of mouse events, from 0 */
	uint64_t when_ns; /* monotonic */
};

/* Most events that one byte, or one tick, makes. */
#define FT_INPUT_EVENTS 2

enum ft_input_state {
	FT_INPUT_GROUND,
	FT_INPUT_ESC,   /* an Esc has come */
	FT_INPUT_CSI,   /* ESC [ */
	FT_INPUT_SS3,   /* ESC O */
	FT_INPUT_LINUX, /* ESC [ [ */
	FT_INPUT_X10,   /* ESC [ M: three bytes follow */
};

/* A plain value; all of it private. */
struct ft_input {
	enum ft_input_state state;
	bool acted;         /* the Esc that began this has been given out as a key */
	bool pasting;
	uint64_t esc_ns;    /* when it came */
	uint64_t last_ns;   /* when the last byte came */
	uint8_t sequence[32];
	unsigned length;    /* of the sequence, counted on beyond its room */
	uint32_t code;      /* UTF-8 */
	unsigned missing;
	uint32_t least;
};

void ft_input_init(struct ft_input *input);
/* Feeds one byte; writes at most FT_INPUT_EVENTS events and returns how many. */
unsigned ft_input_byte(struct ft_input *input, uint8_t byte, uint64_t now_ns,
		       struct ft_event *events);
/* Lets time pass: a lone Esc acts. */
unsigned ft_input_tick(struct ft_input *input, uint64_t now_ns, struct ft_event *events);
/* When ft_input_tick has something to do; 0 = never. */
uint64_t ft_input_deadline(const struct ft_input *input);

#endif
