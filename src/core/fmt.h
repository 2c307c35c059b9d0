/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers, ages and texts into a budget of cells: each formatter degrades (fewer decimals, a
 * bigger unit) until the text fits, and never writes more than `width` cells. Widths count
 * terminal cells. All return the buffer given. LC_NUMERIC is C: the decimal sign is a point.
 */
#ifndef FT_CORE_FMT_H
#define FT_CORE_FMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ft_unit { FT_UNIT_BITS, FT_UNIT_BYTES, FT_UNIT_PACKETS };
enum ft_prefix { FT_PREFIX_SI, FT_PREFIX_IEC }; /* powers of 1000: k M G; of 1024: Ki Mi Gi */

/* 1234567 -> "1.23M" / "1.18Mi"; exact below 1000 ("873"); no unit letter. */
char *ft_fmt_count(uint64_t value, enum ft_prefix prefix, unsigned width, char *buf, size_t size);
/* A rate a second in `unit` of a bytes/s or packets/s figure: "12.3M"; 0 -> "0"; <1 -> "<1". */
char *ft_fmt_rate(double per_second, enum ft_prefix prefix, unsigned width, char *buf,
		  size_t size);
/* The same of differences: "-1.23M", "873"; between -1 and 1 a rate is "0". */
char *ft_fmt_signed(int64_t value, enum ft_prefix prefix, unsigned width, char *buf, size_t size);
char *ft_fmt_signed_rate(double per_second, enum ft_prefix prefix, unsigned width, char *buf,
			 size_t size);
/* Duration: "0.3s" "12s" "3m12s" "2h05m" "3d04h" "45d". */
char *ft_fmt_age(uint64_t ns, unsigned width, char *buf, size_t size);
/* Short durations: "85us" "1.25ms" "12.5ms" "125ms" "1.25s", then as ages. */
char *ft_fmt_span(uint64_t us, unsigned width, char *buf, size_t size);
/* RFC 3339 UTC with microseconds: "2026-11-21T10:00:00.123456Z" (28 bytes with NUL). */
char *ft_fmt_time(uint64_t realtime_ns, char *buf, size_t size);

/*
 * Any text from outside made safe for a terminal: control, bidi (U+202A-E, U+2066-9),
 * zero-width and invalid bytes become \xNN / \u{N}. Never splits an escape or character when
 * `size` is short. `ascii` writes everything above 0x7e as \u{N}.
 */
char *ft_fmt_escape(const char *text, size_t length, bool ascii, char *buf, size_t size);
/* Cells that a valid UTF-8 text takes (wcwidth); invalid bytes count one. */
unsigned ft_fmt_width(const char *text);
/*
 * Copies text cut to at most `width` cells at a cell boundary, the last cell an ellipsis
 * ("…" or "~" when ascii) if cut; pads with spaces to the left or right if `pad` asks.
 */
enum ft_align { FT_ALIGN_LEFT, FT_ALIGN_RIGHT };
char *ft_fmt_fit(const char *text, unsigned width, enum ft_align align, bool pad, bool ascii,
		 char *buf, size_t size);

#endif
