/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers, rates, ages and times as text of a bounded number of cells. Three significant
 * digits, so that a column of them stands still; fewer decimals, then a bigger unit, when
 * the budget is small; '#' in every cell when not even that fits. Texts are in fmt_text.c.
 */
#include "core/fmt.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_SEC 1000000000ULL
#define UNIT_LETTERS "kMGTPEZY"

/* Copies a text that fits both budgets; false (buffer untouched) if it doesn't. */
static bool put(const char *text, unsigned width, char *buf, size_t size)
{
	size_t length = strlen(text);

	if (length > width || length >= size)
		return false;
	memcpy(buf, text, length + 1);
	return true;
}

/* What a cell shows that is too narrow for any number. */
static char *put_overflow(unsigned width, char *buf, size_t size)
{
	size_t length = width < size ? width : size - 1;

	memset(buf, '#', length);
	buf[length] = '\0';
	return buf;
}

/* True if the rounded number is 0, or belongs to the next unit ("1000k" is "1.00M"). */
static bool misleads(const char *number, double base)
{
	double shown = 0, digit = 0.1;
	const char *at = number;

	for (; *at && *at != '.'; at++)
		shown = shown * 10 + (*at - '0');
	if (*at == '.')
		for (at++; *at; at++, digit /= 10)
			shown += (*at - '0') * digit;
	return shown <= 0 || shown >= base;
}

/* One try: value in a unit with so many decimals, ".12" if the leading zero doesn't fit. */
static bool put_scaled(double value, int decimals, const char *unit, double base, unsigned width,
		       char *buf, size_t size)
{
	char number[40], text[48];

	snprintf(number, sizeof(number), "%.*f", decimals, value);
	if (misleads(number, base))
		return false;
	snprintf(text, sizeof(text), "%s%s", number, unit);
	if (put(text, width, buf, size))
		return true;
	return text[0] == '0' && put(text + 1, width, buf, size);
}

/* A value of at least 1 with a unit prefix; tries units from the natural one upwards. */
static char *put_prefixed(double value, enum ft_prefix prefix, unsigned width, char *buf,
			  size_t size)
{
	double base = prefix == FT_PREFIX_IEC ? 1024 : 1000;

	for (size_t i = 0; i < sizeof(UNIT_LETTERS) - 1; i++) {
		char unit[3] = { UNIT_LETTERS[i] };
		int decimals;

		if (prefix == FT_PREFIX_IEC) {
			unit[0] = (char)toupper((unsigned char)unit[0]); /* k but Ki */
			unit[1] = 'i';
		}
		value /= base;
		if (value >= base)
			continue;
		decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
		for (; decimals >= 0; decimals--)
			if (put_scaled(value, decimals, unit, base, width, buf, size))
				return buf;
	}
	return put_overflow(width, buf, size);
}

/* A whole number: exact while it is small, then three digits and a prefix. */
char *ft_fmt_count(uint64_t value, enum ft_prefix prefix, unsigned width, char *buf, size_t size)
{
	char text[24];

	if (size == 0)
		return buf;
	if (value < (prefix == FT_PREFIX_IEC ? 1024U : 1000U)) {
		snprintf(text, sizeof(text), "%u", (unsigned)value);
		if (put(text, width, buf, size))
			return buf;
	}
	return put_prefixed((double)value, prefix, width, buf, size);
}

/* A rate: "0" is exactly nothing, "<1" is more than nothing. */
char *ft_fmt_rate(double per_second, enum ft_prefix prefix, unsigned width, char *buf, size_t size)
{
	double base = prefix == FT_PREFIX_IEC ? 1024 : 1000;

	if (size == 0)
		return buf;
	if (!(per_second > 0))
		return put("0", width, buf, size) ? buf : put_overflow(width, buf, size);
	if (per_second < 1)
		return put("<1", width, buf, size) ? buf : put_overflow(width, buf, size);
	if (per_second < base - 0.5)
		return ft_fmt_count((uint64_t)(per_second + 0.5), prefix, width, buf, size);
	if (per_second > 1e26)
		return put_overflow(width, buf, size);
	/* 1023.9 is "1.00Ki", 999.9 is "1.00k" */
	return put_prefixed(fmax(per_second, base), prefix, width, buf, size);
}

/* A minus before what `buf` + 1 holds. */
static char *put_minus(char *buf)
{
	buf[0] = '-';
	return buf;
}

char *ft_fmt_signed(int64_t value, enum ft_prefix prefix, unsigned width, char *buf, size_t size)
{
	if (value >= 0)
		return ft_fmt_count((uint64_t)value, prefix, width, buf, size);
	if (width < 2 || size < 3)
		return put_overflow(width, buf, size);
	ft_fmt_count(-(uint64_t)value, prefix, width - 1, buf + 1, size - 1);
	return put_minus(buf);
}

/* What is less than 1 either way is no difference that anybody could see. */
char *ft_fmt_signed_rate(double per_second, enum ft_prefix prefix, unsigned width, char *buf,
			 size_t size)
{
	if (per_second > -1)
		return ft_fmt_rate(per_second < 1 ? 0 : per_second, prefix, width, buf, size);
	if (width < 2 || size < 3)
		return put_overflow(width, buf, size);
	ft_fmt_rate(-per_second, prefix, width - 1, buf + 1, size - 1);
	return put_minus(buf);
}

/* The first of two spellings that fits. */
static char *put_either(const char *full, const char *brief, unsigned width, char *buf, size_t size)
{
	if (put(full, width, buf, size) || put(brief, width, buf, size))
		return buf;
	return put_overflow(width, buf, size);
}

/* A duration in its two largest units, or its largest one. */
char *ft_fmt_age(uint64_t ns, unsigned width, char *buf, size_t size)
{
	uint64_t s = ns / NS_PER_SEC, m = s / 60, h = m / 60, d = h / 24;
	char full[32], brief[32];

	if (size == 0)
		return buf;
	if (s < 10) {
		snprintf(full, sizeof(full), "%u.%us", (unsigned)s,
			 (unsigned)(ns / (NS_PER_SEC / 10) % 10));
		snprintf(brief, sizeof(brief), "%us", (unsigned)s);
	} else if (s < 60) {
		snprintf(full, sizeof(full), "%us", (unsigned)s);
		snprintf(brief, sizeof(brief), "<1m");
	} else if (m < 60) {
		snprintf(full, sizeof(full), "%um%02us", (unsigned)m, (unsigned)(s % 60));
		snprintf(brief, sizeof(brief), "%um", (unsigned)m);
	} else if (h < 24) {
		snprintf(full, sizeof(full), "%uh%02um", (unsigned)h, (unsigned)(m % 60));
		snprintf(brief, sizeof(brief), "%uh", (unsigned)h);
	} else if (d < 10) {
		snprintf(full, sizeof(full), "%ud%02uh", (unsigned)d, (unsigned)(h % 24));
		snprintf(brief, sizeof(brief), "%ud", (unsigned)d);
	} else {
		snprintf(full, sizeof(full), "%ud", (unsigned)d);
		snprintf(brief, sizeof(brief), "%uy", (unsigned)(d / 365));
	}
	return put_either(full, brief, width, buf, size);
}

/* Three digits and a unit; fewer decimals, then a bigger unit, where it is narrow. */
char *ft_fmt_span(uint64_t us, unsigned width, char *buf, size_t size)
{
	static const char *const units[] = { "us", "ms", "s" };
	double value = (double)us;

	if (size == 0)
		return buf;
	if (us >= 100 * 1000000ULL)
		return ft_fmt_age(us < UINT64_MAX / 1000 ? us * 1000 : UINT64_MAX, width, buf, size);
	if (us == 0)
		return put("0", width, buf, size) ? buf : put_overflow(width, buf, size);
	for (size_t i = 0; i < 3; i++, value /= 1000) {
		int decimals = i == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;

		for (; decimals >= 0 && value < 1000; decimals--)
			if (put_scaled(value, decimals, units[i], 1000, width, buf, size))
				return buf;
	}
	return put_overflow(width, buf, size);
}

/* RFC 3339, UTC, microseconds. */
char *ft_fmt_time(uint64_t realtime_ns, char *buf, size_t size)
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_SEC);
	struct tm tm = { 0 };

	if (size == 0)
		return buf;
	gmtime_r(&seconds, &tm);
	snprintf(buf, size, "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (unsigned)(realtime_ns % NS_PER_SEC / 1000));
	return buf;
}
