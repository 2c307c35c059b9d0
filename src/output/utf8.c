/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Validity by the table of the Unicode standard (3-7): no overlong forms, no surrogates,
 * nothing above U+10FFFF. Pure functions.
 */
#include "output/utf8.h"

#include <stdint.h>

/* How many bytes follow a first byte, and the bounds of the first of them. */
static size_t lead(unsigned char byte, unsigned char *low, unsigned char *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (byte >= 0xc2 && byte <= 0xdf)
		return 1;
	if (byte >= 0xe0 && byte <= 0xef) {
		if (byte == 0xe0)
			*low = 0xa0;
		if (byte == 0xed)
			*high = 0x9f;
		return 2;
	}
	if (byte >= 0xf0 && byte <= 0xf4) {
		if (byte == 0xf0)
			*low = 0x90;
		if (byte == 0xf4)
			*high = 0x8f;
		return 3;
	}
	return 0;
}

/* Length of one character. */
size_t ft_utf8_length(const char *text, size_t length)
{
	const uint8_t *byte = (const uint8_t *)text;
	unsigned char low, high;
	size_t more;

	if (length == 0)
		return 0;
	if (byte[0] < 0x80)
		return 1;
	more = lead(byte[0], &low, &high);
	if (more == 0 || more >= length || byte[1] < low || byte[1] > high)
		return 0;
	for (size_t i = 2; i <= more; i++)
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
	return more + 1;
}

/* Validity of a whole text. */
bool ft_utf8_valid(const char *text, size_t length)
{
	size_t step;

	for (size_t at = 0; at < length; at += step) {
		step = ft_utf8_length(text + at, length - at);
		if (step == 0)
			return false;
	}
	return true;
}
