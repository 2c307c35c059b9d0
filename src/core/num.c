/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text to numbers, for options, the config file and the display filter: the whole string or
 * nothing, no plus, no blanks, no locale, no hexadecimal. Sentences name the option and the
 * text (escaped: it may come from a file).
 */
#include "core/num.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <strings.h>

#include "core/fmt.h"
#include "core/nls.h"

#define NS_PER_SEC 1000000000ULL

/* Writes "WHAT: 'TEXT' is not a number" and returns -EINVAL. */
static int not_a_number(const char *what, const char *text, char *err, size_t err_size)
{
	char shown[64];

	ft_fmt_escape(text, strlen(text), false, shown, sizeof(shown));
	snprintf(err, err_size, _("%s: '%s' is not a number"), what, shown);
	return -EINVAL;
}

/* A decimal integer that fits. One below zero is a number too: who wrote it is told which ones do. */
int ft_num_u64(const char *what, const char *text, uint64_t min, uint64_t max,
	       uint64_t *ret_value, char *err, size_t err_size)
{
	bool negative = *text == '-', too_big = false;
	uint64_t value = 0;

	if (!text[negative])
		return not_a_number(what, text, err, err_size);
	for (const char *at = text + negative; *at; at++) {
		if (*at < '0' || *at > '9')
			return not_a_number(what, text, err, err_size);
		too_big |= __builtin_mul_overflow(value, 10U, &value);
		too_big |= __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value);
	}
	if (negative || too_big || value < min || value > max) {
		if (!too_big && max == UINT64_MAX)
			snprintf(err, err_size, _("%s: must be at least %llu"), what,
				 (unsigned long long)min);
		else
			snprintf(err, err_size, _("%s: must be between %llu and %llu"), what,
				 (unsigned long long)min, (unsigned long long)max);
		return -ERANGE;
	}
	*ret_value = value;
	return 0;
}

/*
 * Digits with at most one point and at least one digit; returns what follows, NULL if there
 * is no number. Up to 15 digits come out correctly rounded, which strtod would do too, but
 * strtod also takes signs, "inf", "0x1p3" and the locale's decimal sign.
 */
static const char *scan_decimal(const char *text, double *ret_value)
{
	double value = 0, scale = 1;
	bool point = false, digit = false;
	const char *at = text;

	for (; *at; at++) {
		if (*at >= '0' && *at <= '9') {
			digit = true;
			value = value * 10 + (*at - '0');
			if (point)
				scale *= 10;
		} else if (*at == '.' && !point) {
			point = true;
		} else {
			break;
		}
	}
	if (!digit || !isfinite(value) || !isfinite(scale))
		return NULL;
	*ret_value = value / scale;
	return at;
}

/* A decimal number that fits; as above. */
int ft_num_double(const char *what, const char *text, double min, double max, double *ret_value,
		  char *err, size_t err_size)
{
	bool negative = *text == '-';
	const char *end;
	double value;

	end = scan_decimal(text + negative, &value);
	if (!end || *end)
		return not_a_number(what, text, err, err_size);
	if (negative || value < min || value > max) {
		snprintf(err, err_size, _("%s: must be between %.10g and %.10g"), what, min, max);
		return -ERANGE;
	}
	*ret_value = value;
	return 0;
}

/* A number with a decimal (k M G T P) or binary (Ki Mi Gi Ti Pi) prefix behind it. */
int ft_num_scaled(const char *text, double *ret_value)
{
	static const char letters[] = "kmgtp";
	const char *at, *letter;
	double value;

	at = scan_decimal(text, &value);
	if (!at)
		return -EINVAL;
	if (*at) {
		letter = strchr(letters, tolower((unsigned char)*at));
		if (!letter)
			return -EINVAL;
		at++;
		value *= pow(*at == 'i' ? 1024 : 1000, (double)(letter - letters + 1));
		if (*at == 'i')
			at++;
	}
	if (*at)
		return -EINVAL;
	*ret_value = value;
	return 0;
}

/* One number with its unit, or a bare number of seconds at the end; returns what follows. */
static const char *scan_duration_part(const char *text, bool first, double *ret_ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {
		{ "ns", 1 },	   { "us", 1e3 },	{ "ms", 1e6 },	      { "s", 1e9 },
		{ "m", 60 * 1e9 }, { "h", 3600 * 1e9 }, { "d", 86400 * 1e9 },
	};
	const char *at;
	double value;

	at = scan_decimal(text, &value);
	if (!at)
		return NULL;
	if (!*at && first) {
		*ret_ns = value * 1e9;
		return at;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t length = strlen(units[i].unit);

		if (strncmp(at, units[i].unit, length) == 0 &&
		    !isalpha((unsigned char)at[length])) {
			*ret_ns = value * units[i].ns;
			return at + length;
		}
	}
	return NULL;
}

/* "250ms", "1.5s", "2h05m", "3" (seconds). -EINVAL, or -ERANGE beyond 584 years. */
int ft_num_duration(const char *text, uint64_t *ret_ns)
{
	const char *at = text;
	double sum = 0, part;

	do {
		at = scan_duration_part(at, at == text, &part);
		if (!at)
			return -EINVAL;
		sum += part;
	} while (*at);
	if (sum >= 18446744073709551615.0)
		return -ERANGE;
	*ret_ns = (uint64_t)(sum + 0.5);
	return 0;
}

/* As many digits as there are letters in the form; -1 if they are none. */
static int digits(const char **at, int count)
{
	int number = 0;

	for (; count > 0; count--, (*at)++) {
		if (**at < '0' || **at > '9')
			return -1;
		number = number * 10 + (**at - '0');
	}
	return number;
}

int ft_num_time(const char *text, uint64_t *ret_ns)
{
	static const struct {
		int digits, least, most;
		char behind;
	} parts[] = {
		{ 4, 1970, 2261, '-' }, { 2, 1, 12, '-' }, { 2, 1, 31, 'T' },
		{ 2, 0, 23, ':' },	{ 2, 0, 59, ':' }, { 2, 0, 60, '\0' },
	};
	int part[6];
	struct tm tm;
	uint64_t fraction = 0, unit = 1000000000;

	for (int i = 0; i < 6; i++) {
		part[i] = digits(&text, parts[i].digits);
		if (part[i] < parts[i].least || part[i] > parts[i].most)
			return -EINVAL;
		if (parts[i].behind && *text++ != parts[i].behind)
			return -EINVAL;
	}
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9'; text++) {
			unit /= 10;
			if (unit == 0)
				return -EINVAL;
			fraction += (uint64_t)(*text - '0') * unit;
		}
	if (strcmp(text, "Z") != 0)
		return -EINVAL;
	tm = (struct tm){ .tm_year = part[0] - 1900, .tm_mon = part[1] - 1, .tm_mday = part[2],
			  .tm_hour = part[3], .tm_min = part[4], .tm_sec = part[5] };
	*ret_ns = (uint64_t)timegm(&tm) * 1000000000 + fraction;
	return 0;
}
