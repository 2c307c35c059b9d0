/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder: a machine of six states. Called by the loop with each byte of stdin; tests call
 * it with bytes and times of their own.
 */
#include "ui/input.h"

#include <string.h>

#define REPLACEMENT 0xfffdU

void ft_input_init(struct ft_input *input)
{
	memset(input, 0, sizeof(*input));
}

/* Puts one key among the events. */
static void emit(const struct ft_input *input, uint32_t key, struct ft_event *events,
		 unsigned *count)
{
	struct ft_event event = { .key = key, .pasted = input->pasting,
				  .when_ns = input->last_ns };

	if (*count < FT_INPUT_EVENTS)
		events[(*count)++] = event;
}

/* A mouse report: buttons as in xterm's SGR mode, x and y from 1. */
static void emit_mouse(const struct ft_input *input, unsigned button, int x, int y,
		       struct ft_event *events, unsigned *count)
{
	unsigned before = *count;
	uint32_t key;

	if (button == 0)
		key = FT_KEY_CLICK;
	else if (button == 64)
		key = FT_KEY_WHEEL_UP;
	else if (button == 65)
		key = FT_KEY_WHEEL_DOWN;
	else
		return;
	emit(input, key, events, count);
	if (*count > before) {
		events[before].x = x - 1;
		events[before].y = y - 1;
	}
}

/* The key of an xterm letter, with ESC [ or ESC O before it; 0 = unknown. */
static uint32_t letter_key(uint8_t letter)
{
	switch (letter) {
	case 'A': return FT_KEY_UP;
	case 'B': return FT_KEY_DOWN;
	case 'C': return FT_KEY_RIGHT;
	case 'D': return FT_KEY_LEFT;
	case 'H': return FT_KEY_HOME;
	case 'F': return FT_KEY_END;
	case 'P': return FT_KEY_F1;
	case 'Q': return FT_KEY_F1 + 1;
	case 'R': return FT_KEY_F1 + 2;
	case 'S': return FT_KEY_F1 + 3;
	case 'Z': return FT_KEY_SHIFT_TAB;
	default: return 0;
	}
}

/* The key of ESC [ number ~; 0 = unknown. */
static uint32_t number_key(unsigned number)
{
	static const uint8_t functions[] = { 11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24 };

	for (unsigned i = 0; i < sizeof(functions); i++)
		if (functions[i] == number)
			return FT_KEY_F1 + i;
	switch (number) {
	case 1: case 7: return FT_KEY_HOME;
	case 2: return FT_KEY_INSERT;
	case 3: return FT_KEY_DELETE;
	case 4: case 8: return FT_KEY_END;
	case 5: return FT_KEY_PAGE_UP;
	case 6: return FT_KEY_PAGE_DOWN;
	default: return 0;
	}
}

/* Reads the numbers between semicolons; absent ones are 0. */
static void parameters(const uint8_t *text, unsigned length, unsigned value[3])
{
	unsigned n = 0;

	memset(value, 0, 3 * sizeof(value[0]));
	for (unsigned i = 0; i < length && n < 3; i++) {
		if (text[i] == ';')
			n++;
		else if (text[i] >= '0' && text[i] <= '9' && value[n] < 100000)
			value[n] = value[n] * 10 + (text[i] - '0');
	}
}

/* A control sequence is complete: acts if it is known. */
static void finish_csi(struct ft_input *input, uint8_t final, struct ft_event *events,
		       unsigned *count)
{
	bool mouse = input->length > 0 && input->sequence[0] == '<';
	unsigned value[3];
	uint32_t key = 0;

	input->state = FT_INPUT_GROUND;
	if (input->length > sizeof(input->sequence))
		return;
	parameters(input->sequence + mouse, input->length - mouse, value);
	if (mouse) {
		if (final == 'M' && value[1] > 0 && value[2] > 0)
			emit_mouse(input, value[0], (int)value[1], (int)value[2], events, count);
		return;
	}
	if (input->length > 0 && (input->sequence[0] < '0' || input->sequence[0] > ';'))
		return;
	if (final == '~' && (value[0] == 200 || value[0] == 201)) {
		input->pasting = value[0] == 200;
		return;
	}
	key = final == '~' ? number_key(value[0]) : letter_key(final);
	if (key)
		emit(input, key, events, count);
}

/* A byte inside ESC [ ... */
static void feed_csi(struct ft_input *input, uint8_t byte, struct ft_event *events,
		     unsigned *count)
{
	if (byte == '[' && input->length == 0) {
		input->state = FT_INPUT_LINUX;
	} else if (byte == 'M' && input->length == 0) {
		input->state = FT_INPUT_X10;
	} else if (byte >= 0x40 && byte <= 0x7e) {
		finish_csi(input, byte, events, count);
	} else {
		if (input->length < sizeof(input->sequence))
			input->sequence[input->length] = byte;
		if (input->length <= sizeof(input->sequence))
			input->length++;
	}
}

/* A byte of the old mouse report: button, x, y, each + 32. */
static void feed_x10(struct ft_input *input, uint8_t byte, struct ft_event *events,
		     unsigned *count)
{
	input->sequence[input->length++] = byte;
	if (input->length < 3)
		return;
	input->state = FT_INPUT_GROUND;
	if (input->sequence[0] >= 32 && input->sequence[1] > 32 && input->sequence[2] > 32)
		emit_mouse(input, input->sequence[0] - 32U, input->sequence[1] - 32,
			   input->sequence[2] - 32, events, count);
}

/* A byte inside ESC O: keypad keys have digits (modifiers) before the letter. */
static void feed_ss3(struct ft_input *input, uint8_t byte, struct ft_event *events,
		     unsigned *count)
{
	uint32_t key;

	if ((byte >= '0' && byte <= '9') || byte == ';')
		return;
	input->state = FT_INPUT_GROUND;
	key = byte == 'M' ? (uint32_t)FT_KEY_ENTER : letter_key(byte);
	if (key)
		emit(input, key, events, count);
}

/* Begins a character of several bytes, or finds that it is none. */
static void begin_utf8(struct ft_input *input, uint8_t byte)
{
	if (byte >= 0xc2 && byte <= 0xdf) {
		input->missing = 1;
		input->code = byte & 0x1f;
		input->least = 0x80;
	} else if (byte >= 0xe0 && byte <= 0xef) {
		input->missing = 2;
		input->code = byte & 0x0f;
		input->least = 0x800;
	} else if (byte >= 0xf0 && byte <= 0xf4) {
		input->missing = 3;
		input->code = byte & 0x07;
		input->least = 0x10000;
	}
}

/* A byte outside any sequence. */
static void feed_ground(struct ft_input *input, uint8_t byte, struct ft_event *events,
			unsigned *count)
{
	if (input->missing) {
		if ((byte & 0xc0) == 0x80) {
			input->code = input->code << 6 | (byte & 0x3f);
			if (--input->missing)
				return;
			if (input->code < input->least || input->code > 0x10ffff ||
			    (input->code >= 0xd800 && input->code <= 0xdfff))
				input->code = REPLACEMENT;
			emit(input, input->code, events, count);
			return;
		}
		input->missing = 0;
	}
	if (byte == 0x1b) {
		input->state = FT_INPUT_ESC;
		input->esc_ns = input->last_ns;
		input->acted = false;
	} else if (byte == '\n') {
		emit(input, FT_KEY_ENTER, events, count);
	} else if (byte == 0x7f || byte == 0x08) {
		emit(input, FT_KEY_BACKSPACE, events, count);
	} else if (byte >= 0x80) {
		begin_utf8(input, byte);
	} else {
		emit(input, byte, events, count);
	}
}

/* Begins a sequence if it still may, else gives the Esc out; true if the byte is used up. */
static bool after_esc(struct ft_input *input, uint8_t byte, struct ft_event *events,
		      unsigned *count)
{
	bool in_time = input->last_ns - input->esc_ns <= FT_ESC_SEQUENCE_NS;

	if (in_time && (byte == '[' || byte == 'O')) {
		input->state = byte == '[' ? FT_INPUT_CSI : FT_INPUT_SS3;
		input->length = 0;
		return true;
	}
	input->state = FT_INPUT_GROUND;
	if (!input->acted)
		emit(input, FT_KEY_ESC, events, count);
	return false;
}

unsigned ft_input_byte(struct ft_input *input, uint8_t byte, uint64_t now_ns,
		       struct ft_event *events)
{
	bool late = now_ns - input->last_ns > FT_ESC_SEQUENCE_NS;
	unsigned count = 0;

	/* What was torn off for so long does not come any more. */
	if (late) {
		input->pasting = false;
		input->missing = 0;
		if (input->state > FT_INPUT_ESC)
			input->state = FT_INPUT_GROUND;
	}
	input->last_ns = now_ns;
	if (input->state == FT_INPUT_ESC && after_esc(input, byte, events, &count))
		return count;
	/* Control characters end any sequence and act. */
	if (input->state > FT_INPUT_ESC && input->state != FT_INPUT_X10 && byte < 0x20)
		input->state = FT_INPUT_GROUND;

	switch (input->state) {
	case FT_INPUT_CSI:
		feed_csi(input, byte, events, &count);
		break;
	case FT_INPUT_SS3:
		feed_ss3(input, byte, events, &count);
		break;
	case FT_INPUT_LINUX:
		input->state = FT_INPUT_GROUND;
		if (byte >= 'A' && byte <= 'E')
			emit(input, FT_KEY_F1 + (byte - 'A'), events, &count);
		break;
	case FT_INPUT_X10:
		feed_x10(input, byte, events, &count);
		break;
	case FT_INPUT_GROUND:
	case FT_INPUT_ESC:
		feed_ground(input, byte, events, &count);
		break;
	}
	return count;
}

unsigned ft_input_tick(struct ft_input *input, uint64_t now_ns, struct ft_event *events)
{
	unsigned count = 0;

	if (ft_input_deadline(input) && now_ns >= ft_input_deadline(input)) {
		input->acted = true;
		emit(input, FT_KEY_ESC, events, &count);
	}
	return count;
}

uint64_t ft_input_deadline(const struct ft_input *input)
{
	if (input->state != FT_INPUT_ESC || input->acted)
		return 0;
	return input->esc_ns + FT_ESC_ALONE_NS;
}
