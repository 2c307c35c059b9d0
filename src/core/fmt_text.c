/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts for the terminal: escaping, width in cells, cutting at cell boundaries. UTF-8 is
 * decoded here, strictly and without the locale; how many cells a character takes is the
 * locale's wcwidth, so in the C locale everything beyond ASCII is shown escaped.
 */
#include "core/fmt.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define INVALID UINT32_MAX

/*
 * One character of at most `length` bytes: its code point, or INVALID for a byte that starts
 * none (overlong forms, surrogates and what lies beyond U+10FFFF included). length > 0.
 */
static uint32_t decode(const unsigned char *at, size_t length, size_t *ret_used)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t point = at[0];
	size_t need;

	*ret_used = 1;
	if (point < 0x80)
		return point;
	need = point >= 0xf0 ? 4 : point >= 0xe0 ? 3 : 2;
	if (point < 0xc2 || point > 0xf4 || length < need)
		return INVALID;
	point &= 0xffU >> (need + 1);
	for (size_t i = 1; i < need; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return INVALID;
		point = point << 6 | (at[i] & 0x3f);
	}
	if (point < least[need] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return INVALID;
	*ret_used = need;
	return point;
}

/* True for characters that a terminal may act on, that turn text round, or that hide. */
static bool is_harmful(uint32_t point)
{
	if (point < 0x20 || (point >= 0x7f && point < 0xa0))
		return true;
	if (point < 0xa0)
		return false;
	return point == 0xad ||				/* soft hyphen */
	       point == 0x61c ||			/* Arabic letter mark */
	       point == 0x115f || point == 0x1160 ||	/* Hangul fillers */
	       point == 0x3164 || point == 0xffa0 ||
	       point == 0x180e || point == 0xfeff ||	/* zero-width no-break space */
	       (point >= 0x200b && point <= 0x200f) ||	/* zero width, left-to-right marks */
	       (point >= 0x2028 && point <= 0x202e) ||	/* separators, bidi */
	       (point >= 0x2060 && point <= 0x206f) ||	/* invisible, bidi isolates */
	       (point >= 0xfff0 && point <= 0xfffb) || (point >= 0xe0000 && point <= 0xe0fff) ||
	       wcwidth((wchar_t)point) <= 0;
}

/* Text made safe; as much of it as fits, whole characters and escapes only. */
char *ft_fmt_escape(const char *text, size_t length, bool ascii, char *buf, size_t size)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + length;
	size_t used, fill = 0;

	if (size == 0)
		return buf;
	for (; at < end; at += used) {
		uint32_t point = decode(at, (size_t)(end - at), &used);
		char escape[16];
		size_t need = used;

		if (point == INVALID || point < 0x20 || point == 0x7f)
			need = (size_t)snprintf(escape, sizeof(escape), "\\x%02X", *at);
		else if ((ascii && point > 0x7e) || is_harmful(point))
			need = (size_t)snprintf(escape, sizeof(escape), "\\u{%X}", point);
		else
			memcpy(escape, at, used);
		if (need >= size - fill)
			break;
		memcpy(buf + fill, escape, need);
		fill += need;
	}
	buf[fill] = '\0';
	return buf;
}

/* Cells of one character; what has no width of its own counts one. */
static unsigned cells(uint32_t point)
{
	int width;

	if (point == INVALID || (point >= 0x20 && point < 0x7f))
		return 1;
	width = wcwidth((wchar_t)point);
	return width < 0 ? 1 : (unsigned)width;
}

/* Cells of a text. */
unsigned ft_fmt_width(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t length = strlen(text), used;
	unsigned width = 0;

	for (; length > 0; at += used, length -= used)
		width += cells(decode(at, length, &used));
	return width;
}

/* Bytes of the longest start of text that takes at most `width` cells and `room` bytes. */
static size_t prefix_of(const char *text, unsigned width, size_t room, unsigned *ret_cells)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t length = strlen(text), bytes = 0, used;
	unsigned taken = 0;

	while (bytes < length) {
		unsigned more = cells(decode(at + bytes, length - bytes, &used));

		if (taken + more > width || bytes + used > room)
			break;
		taken += more;
		bytes += used;
	}
	*ret_cells = taken;
	return bytes;
}

/* Appends up to `count` spaces while there is room. */
static size_t put_spaces(char *buf, size_t fill, size_t size, unsigned count)
{
	while (count-- > 0 && fill + 1 < size)
		buf[fill++] = ' ';
	return fill;
}

/* Text cut to a width, with an ellipsis if cut, and padded to it if asked. */
char *ft_fmt_fit(const char *text, unsigned width, enum ft_align align, bool pad, bool ascii,
		 char *buf, size_t size)
{
	const char *ellipsis = ascii ? "~" : "…";
	size_t bytes, fill = 0, tail = 0;
	unsigned taken;

	if (size == 0)
		return buf;
	bytes = prefix_of(text, width, size - 1, &taken);
	if (text[bytes] && width > 0 && size > strlen(ellipsis)) {
		tail = strlen(ellipsis);
		bytes = prefix_of(text, width - 1, size - 1 - tail, &taken);
		taken++;
	}
	if (pad && align == FT_ALIGN_RIGHT && bytes + tail + (width - taken) < size)
		fill = put_spaces(buf, fill, size, width - taken);
	memcpy(buf + fill, text, bytes);
	memcpy(buf + fill + bytes, ellipsis, tail);
	fill += bytes + tail;
	if (pad && align == FT_ALIGN_LEFT)
		fill = put_spaces(buf, fill, size, width - taken);
	buf[fill] = '\0';
	return buf;
}
