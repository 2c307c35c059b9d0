/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder: bytes and pauses in, keys out. In a case's bytes, \1 to \4 are pauses of 50 ms,
 * 150 ms, 900 ms and 1.5 s (with a tick when a lone Esc is due); all else is sent as it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ui/input.h"
#include "ui/keymap.h"

#define MS 1000000ULL

struct log {
	char text[512];
	struct ft_event last;
};

/* Appends events as words. */
static void note(struct log *log, const struct ft_event *events, unsigned count)
{
	char name[FT_KEY_NAME_MAX], word[48];

	for (unsigned i = 0; i < count; i++) {
		uint32_t key = events[i].key;

		if (key == FT_KEY_CLICK)
			snprintf(word, sizeof(word), "click(%d,%d)", events[i].x, events[i].y);
		else if (key == FT_KEY_WHEEL_UP || key == FT_KEY_WHEEL_DOWN)
			snprintf(word, sizeof(word), "wheel%s(%d,%d)",
				 key == FT_KEY_WHEEL_UP ? "-" : "+", events[i].x, events[i].y);
		else if (key == FT_KEY_DELETE || key == FT_KEY_INSERT)
			snprintf(word, sizeof(word), key == FT_KEY_DELETE ? "Del" : "Ins");
		else if (key >= 0x7f && key < FT_KEY_FIRST)
			snprintf(word, sizeof(word), "U+%04X", (unsigned)key);
		else
			snprintf(word, sizeof(word), "%s", ft_key_name(key, name));
		if (log->text[0])
			strcat(log->text, " ");
		if (events[i].pasted)
			strcat(log->text, "p:");
		strcat(log->text, word);
		log->last = events[i];
	}
}

/* Lets time pass as the loop does: ticks come when they are due. */
static uint64_t pass(struct ft_input *input, uint64_t now, uint64_t by, struct log *log)
{
	struct ft_event events[FT_INPUT_EVENTS];
	uint64_t deadline = ft_input_deadline(input);

	if (deadline && deadline <= now + by)
		note(log, events, ft_input_tick(input, deadline, events));
	return now + by;
}

static void run(const char *bytes, struct log *log)
{
	static const uint64_t pauses[] = { 0, 50 * MS, 150 * MS, 900 * MS, 1500 * MS };
	struct ft_input input;
	struct ft_event events[FT_INPUT_EVENTS];
	uint64_t now = 5000 * MS;

	memset(log, 0, sizeof(*log));
	ft_input_init(&input);
	for (; *bytes; bytes++) {
		if (*bytes >= 1 && *bytes <= 4)
			now = pass(&input, now, pauses[(unsigned char)*bytes], log);
		else
			note(log, events, ft_input_byte(&input, (uint8_t)*bytes, now, events));
	}
	pass(&input, now, 200 * MS, log);
}

static const struct {
	const char *bytes, *keys;
} cases[] = {
	{ "q", "q" },
	{ "jjk", "j j k" },
	{ "\r\n\t", "Enter Enter Tab" },
	{ "\x7f\x08", "Backspace Backspace" },
	{ "\x0c\x1a", "Ctrl-L Ctrl-Z" },
	/* arrows and their kin, in both modes of a terminal */
	{ "\033[A\033[B\033[C\033[D", "Up Down Right Left" },
	{ "\033OA\033OB\033OC\033OD", "Up Down Right Left" },
	{ "\033[H\033[F\033OH\033OF", "Home End Home End" },
	{ "\033[1~\033[4~\033[7~\033[8~", "Home End Home End" },
	{ "\033[5~\033[6~\033[2~\033[3~", "PgUp PgDn Ins Del" },
	{ "\033[Z", "Shift-Tab" },
	{ "\033OP\033OQ\033OR\033OS", "F1 F2 F3 F4" },
	{ "\033[11~\033[15~\033[17~\033[21~\033[24~", "F1 F5 F6 F10 F12" },
	{ "\033[[A\033[[E", "F1 F5" },
	{ "\033[1;5A\033[1;2P", "Up F1" },
	{ "\033OM", "Enter" },
	/* Esc: alone after 100 ms */
	{ "\033", "Esc" },
	{ "\033\2", "Esc" },
	{ "\033\2j", "Esc j" },
	{ "\033j", "Esc j" },
	{ "\033\033", "Esc Esc" },
	{ "\033\033[A", "Esc Up" },
	/* torn sequences: never the keys that their letters would be */
	{ "\033\1[A", "Up" },
	{ "\033\2[A", "Esc Up" },
	{ "\033\3[A", "Esc Up" },
	{ "\033\3[\2A", "Esc Up" },
	{ "\033[\3A", "Up" },
	{ "\033\2OA", "Esc Up" },
	{ "\033\4[", "Esc [" },
	{ "\033\4O", "Esc O" },
	/* unknown ones are swallowed whole */
	{ "\033[99~j", "j" },
	{ "\033[?1;2cj", "j" },
	{ "\033[>41;370;0cj", "j" },
	{ "\033[Ij\033[Oj", "j j" },
	{ "\033[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20;21xq", "q" },
	{ "\033[12$yq", "q" },
	{ "\033OXq", "q" },
	/* cut off for good: later keys are keys again */
	{ "\033[\4j", "j" },
	{ "\033[12\4q", "q" },
	{ "\033O\4T", "T" },
	/* control characters act inside of sequences too */
	{ "\033[1\x15", "Ctrl-U" },
	{ "\033[1\033[A", "Up" },
	/* mouse, SGR and the old way */
	{ "\033[<0;10;5M", "click(9,4)" },
	{ "\033[<0;10;5m", "" },
	{ "\033[<64;1;1M\033[<65;300;50M", "wheel-(0,0) wheel+(299,49)" },
	{ "\033[<2;10;5M\033[<35;3;3M", "" },
	{ "\033[<0;0;0M", "" },
	{ "\033[M !\"q", "click(0,1) q" },
	/* text */
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "U+00E4 U+20AC U+1F600" },
	{ "\xff\xfeq", "q" },
	{ "\xc3q", "q" },
	{ "\xe0\x80\x80q", "U+FFFD q" },
	{ "\xed\xa0\x80q", "U+FFFD q" },
	{ "\xf4\xbf\xbf\xbfq", "U+FFFD q" },
	/* a paste is text, whatever is in it */
	{ "\033[200~qQ\r\033[201~q", "p:q p:Q p:Enter q" },
	{ "\033[200~q\4q", "p:q q" },
};

static void test_cases(void **state)
{
	struct log log;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run(cases[i].bytes, &log);
		if (strcmp(log.text, cases[i].keys) != 0)
			fail_msg("case %zu: \"%s\", wanted \"%s\"", i, log.text, cases[i].keys);
	}
}

/* Any bytes at any pace: no more events than promised, and a quiet moment later all is well. */
static void test_noise(void **state)
{
	struct ft_event events[FT_INPUT_EVENTS];
	struct ft_input input;
	uint64_t now = MS;

	(void)state;
	srandom(7);
	for (int round = 0; round < 2000; round++) {
		ft_input_init(&input);
		for (int i = 0; i < 64; i++) {
			static const uint8_t often[] = { 0x1b, '[', 'O', '<', ';', 'M', '~', 'A' };
			long dice = random();
			uint8_t byte = dice & 1 ? (uint8_t)(dice >> 8) : often[dice >> 8 & 7];

			now += (uint64_t)(random() % 3) * 80 * MS;
			assert_in_range(ft_input_byte(&input, byte, now, events), 0,
					FT_INPUT_EVENTS);
		}
		now += 2000 * MS;
		ft_input_tick(&input, now, events);
		assert_int_equal(ft_input_deadline(&input), 0);
		assert_int_equal(ft_input_byte(&input, 'q', now, events), 1);
		assert_int_equal(events[0].key, 'q');
		assert_false(events[0].pasted);
	}
}

/* Nobody is woken for nothing: a deadline only while a lone Esc waits. */
static void test_deadline(void **state)
{
	struct ft_event events[FT_INPUT_EVENTS];
	struct ft_input input;

	(void)state;
	ft_input_init(&input);
	assert_int_equal(ft_input_deadline(&input), 0);
	ft_input_byte(&input, 0x1b, 500 * MS, events);
	assert_int_equal(ft_input_deadline(&input), 600 * MS);
	assert_int_equal(ft_input_tick(&input, 599 * MS, events), 0);
	assert_int_equal(ft_input_tick(&input, 600 * MS, events), 1);
	assert_int_equal(ft_input_deadline(&input), 0);
	assert_int_equal(ft_input_tick(&input, 700 * MS, events), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
