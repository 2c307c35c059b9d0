/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8 as records need it: what is valid, and where what is not begins. No locale. */
#ifndef FT_OUTPUT_UTF8_H
#define FT_OUTPUT_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at text (1 to 4), 0 if there is no valid one within length. */
size_t ft_utf8_length(const char *text, size_t length);
/* True if all of it is valid. */
bool ft_utf8_valid(const char *text, size_t length);

#endif
