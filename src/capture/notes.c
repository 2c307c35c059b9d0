/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See notes.h. Eight notes of 320 bytes, kept in order by moving them: there are never enough
 * to be clever about.
 */
#include "capture/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Takes one note out. */
static void remove_at(struct ft_notes *notes, size_t i)
{
	memmove(&notes->note[i], &notes->note[i + 1],
		(notes->count - i - 1) * sizeof(notes->note[0]));
	notes->count--;
}

void ft_notes_drop(struct ft_notes *notes, uint32_t subject)
{
	for (size_t i = 0; i < notes->count; i++) {
		if (notes->note[i].subject == subject) {
			remove_at(notes, i);
			return;
		}
	}
}

void ft_notes_say(struct ft_notes *notes, uint32_t subject, uint64_t until_ns,
		  const char *format, ...)
{
	va_list args;

	ft_notes_drop(notes, subject);
	if (notes->count == FT_NOTES_MAX)
		notes->count--;
	memmove(&notes->note[1], &notes->note[0], notes->count * sizeof(notes->note[0]));
	notes->count++;
	notes->note[0].subject = subject;
	notes->note[0].until_ns = until_ns;
	va_start(args, format);
	vsnprintf(notes->note[0].text, sizeof(notes->note[0].text), format, args);
	va_end(args);
}

size_t ft_notes_list(struct ft_notes *notes, uint64_t now_ns, const char *list[FT_NOTES_MAX])
{
	size_t i = 0;

	while (i < notes->count) {
		if (notes->note[i].until_ns <= now_ns) {
			remove_at(notes, i);
		} else {
			list[i] = notes->note[i].text;
			i++;
		}
	}
	return notes->count;
}
