/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/ui/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t key;
} names[] = {
	{ "Up", FT_KEY_UP },	    { "Down", FT_KEY_DOWN },	 { "Home", FT_KEY_HOME },
	{ "End", FT_KEY_END },	    { "PgUp", FT_KEY_PAGE_UP },	 { "PgDn", FT_KEY_PAGE_DOWN },
	{ "Left", FT_KEY_LEFT },    { "Right", FT_KEY_RIGHT },	 { "Enter", FT_KEY_ENTER },
	{ "Esc", FT_KEY_ESC },	    { "Tab", FT_KEY_TAB },	 { "S-Tab", FT_KEY_SHIFT_TAB },
	{ "Bs", FT_KEY_BACKSPACE }, { "Del", FT_KEY_DELETE },	 { "Space", ' ' },
	{ "F1", FT_KEY_F1 },	    { "F3", FT_KEY_F1 + 2 },	 { "F4", FT_KEY_F1 + 3 },
	{ "F5", FT_KEY_F1 + 4 },    { "F6", FT_KEY_F1 + 5 },	 { "F10", FT_KEY_F1 + 9 },
	{ "C-a", FT_CTRL('A') },    { "C-b", FT_CTRL('B') },	 { "C-c", FT_CTRL('C') },
	{ "C-d", FT_CTRL('D') },    { "C-f", FT_CTRL('F') },	 { "C-k", FT_CTRL('K') },
	{ "C-l", FT_CTRL('L') },    { "C-u", FT_CTRL('U') },	 { "C-w", FT_CTRL('W') },
	{ "C-z", FT_CTRL('Z') },
};

/* The key of a name of this length; a single character is itself. */
static uint32_t key_of(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == length && strncmp(name, names[i].name, length) == 0)
			return names[i].key;
	if (length == 1)
		return (uint8_t)*name;
	fprintf(stderr, "no such key: %.*s\n", (int)length, name);
	exit(99);
}

void keys_each(const char *keys, void (*give)(void *arg, const struct ft_event *event), void *arg)
{
	struct ft_event event = { .key = 0 };

	while (*keys) {
		if (*keys == '\'') {
			for (keys++; *keys && *keys != '\''; keys++) {
				event.key = (uint8_t)*keys;
				give(arg, &event);
			}
			keys += *keys == '\'';
		} else {
			size_t length = strcspn(keys, " ");

			event.key = key_of(keys, length);
			give(arg, &event);
			keys += length;
		}
		keys += strspn(keys, " ");
	}
}
