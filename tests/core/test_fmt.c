/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formatters: tables of value, width and text; then that no value and no width overflow. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/fmt.h"

#define SI FT_PREFIX_SI
#define IEC FT_PREFIX_IEC
#define SEC 1000000000ULL

static const struct {
	uint64_t value;
	enum ft_prefix prefix;
	unsigned width;
	const char *text;
} counts[] = {
	{ 0, SI, 6, "0" },
	{ 7, SI, 1, "7" },
	{ 999, SI, 6, "999" },
	{ 1000, SI, 6, "1.00k" },
	{ 1234567, SI, 6, "1.23M" },
	{ 1234567, SI, 5, "1.23M" },
	{ 1234567, SI, 4, "1.2M" },
	{ 1234567, SI, 3, "1M" },
	{ 1234567, SI, 2, "1M" },
	{ 1234567, SI, 1, "#" },
	{ 1234567, SI, 0, "" },
	{ 12345678, SI, 5, "12.3M" },
	{ 123456789, SI, 5, "123M" },
	{ 123456, SI, 3, ".1M" },
	{ 999499, SI, 6, "999k" },
	{ 999500, SI, 6, "1.00M" },
	{ 999999, SI, 6, "1.00M" },
	{ 99949, SI, 6, "99.9k" },
	{ 99950, SI, 6, "100k" },
	{ 9994, SI, 6, "9.99k" },
	{ 9996, SI, 6, "10.0k" },
	{ UINT64_MAX, SI, 6, "18.4E" },
	{ 1023, IEC, 6, "1023" },
	{ 1024, IEC, 6, "1.00Ki" },
	{ 1234567, IEC, 6, "1.18Mi" },
	{ 1234567, IEC, 5, "1.2Mi" },
	{ 1234567, IEC, 4, "1Mi" },
	{ 1047552, IEC, 6, "1023Ki" },
	{ 1048575, IEC, 6, "1.00Mi" },
	{ 1000000, IEC, 5, "977Ki" },
	{ 1023000, IEC, 5, "999Ki" },
	{ 873, SI, 2, "1k" },
};

static void count(void **state)
{
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		assert_string_equal(ft_fmt_count(counts[i].value, counts[i].prefix,
						 counts[i].width, text, sizeof(text)),
				    counts[i].text);
}

static const struct {
	double value;
	enum ft_prefix prefix;
	unsigned width;
	const char *text;
} rates[] = {
	{ 0, SI, 6, "0" },
	{ -1, SI, 6, "0" },
	{ 0.0001, SI, 6, "<1" },
	{ 0.99, SI, 6, "<1" },
	{ 1, SI, 6, "1" },
	{ 1.4, SI, 6, "1" },
	{ 873.4, SI, 6, "873" },
	{ 999.4, SI, 6, "999" },
	{ 999.6, SI, 6, "1.00k" },
	{ 12345678.9, SI, 6, "12.3M" },
	{ 12345678.9, SI, 3, "12M" },
	{ 1e10, SI, 6, "10.0G" },
	{ 2.5e19, SI, 6, "25.0E" },
	{ 2.5e22, SI, 6, "25.0Z" },
	{ 1e300, SI, 3, "###" },
	{ 1023.4, IEC, 6, "1023" },
	{ 1023.6, IEC, 6, "1.00Ki" },
	{ 1e6, IEC, 6, "977Ki" },
	{ 0.5, SI, 1, "#" },
};

/* Differences: the sign takes a cell. */
static const struct {
	int64_t value;
	enum ft_prefix prefix;
	unsigned width;
	const char *text;
} differences[] = {
	{ 0, SI, 6, "0" },
	{ 873, SI, 6, "873" },
	{ -873, SI, 6, "-873" },
	{ -1234567, SI, 6, "-1.23M" },
	{ -1234567, SI, 5, "-1.2M" },
	{ -1234567, IEC, 7, "-1.18Mi" },
	{ INT64_MIN, SI, 6, "-9.22E" },
	{ INT64_MAX, SI, 6, "9.22E" },
	{ -873, SI, 2, "-#" },
	{ -1, SI, 1, "#" },
};

static void difference(void **state)
{
	static const struct {
		double value;
		const char *text;
	} reals[] = { { 0, "0" },	     { 0.9, "0" },	  { -0.9, "0" },
		      { -1, "-1" },	     { 1, "1" },	  { -12345678.9, "-12.3M" },
		      { 12345678.9, "12.3M" }, { -999.6, "-1.00k" } };
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		assert_string_equal(ft_fmt_signed(differences[i].value, differences[i].prefix,
						  differences[i].width, text, sizeof(text)),
				    differences[i].text);
	for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++)
		assert_string_equal(ft_fmt_signed_rate(reals[i].value, SI, 6, text,
						       sizeof(text)), reals[i].text);
}

static void rate(void **state)
{
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		assert_string_equal(ft_fmt_rate(rates[i].value, rates[i].prefix, rates[i].width,
						text, sizeof(text)),
				    rates[i].text);
}

static const struct {
	uint64_t ns;
	unsigned width;
	const char *text;
} ages[] = {
	{ 0, 6, "0.0s" },
	{ 300000000, 6, "0.3s" },
	{ 9999999999, 6, "9.9s" },
	{ 9999999999, 2, "9s" },
	{ 10 * SEC, 6, "10s" },
	{ 59 * SEC, 6, "59s" },
	{ 192 * SEC, 6, "3m12s" },
	{ 192 * SEC, 4, "3m" },
	{ 3599 * SEC, 6, "59m59s" },
	{ 7500 * SEC, 6, "2h05m" },
	{ 86399 * SEC, 6, "23h59m" },
	{ 86399 * SEC, 5, "23h" },
	{ 273600 * SEC, 6, "3d04h" },
	{ 45 * 86400 * SEC, 6, "45d" },
	{ 9999 * 86400 * SEC, 6, "9999d" },
	{ 9999 * 86400 * SEC, 3, "27y" },
	{ UINT64_MAX, 6, "584y" },
	{ 192 * SEC, 1, "#" },
	{ 0, 0, "" },
};

static const struct {
	uint64_t us;
	unsigned width;
	const char *text;
} spans[] = {
	{ 0, 6, "0" },
	{ 1, 6, "1us" },
	{ 850, 6, "850us" },
	{ 999, 6, "999us" },
	{ 1000, 6, "1.00ms" },
	{ 1250, 6, "1.25ms" },
	{ 1250, 5, "1.2ms" },
	{ 1250, 3, "1ms" },
	{ 12345, 6, "12.3ms" },
	{ 12345, 4, "12ms" },
	{ 123456, 6, "123ms" },
	{ 123456, 4, ".12s" },
	{ 999999, 6, "1.00s" },
	{ 1500000, 6, "1.50s" },
	{ 99900000, 6, "99.9s" },
	{ 192000000, 6, "3m12s" },
	{ UINT64_MAX, 6, "584y" },
	{ 850, 1, "#" },
	{ 850, 0, "" },
};

static void span(void **state)
{
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		assert_string_equal(ft_fmt_span(spans[i].us, spans[i].width, text, sizeof(text)),
				    spans[i].text);
}

static void age(void **state)
{
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++)
		assert_string_equal(ft_fmt_age(ages[i].ns, ages[i].width, text, sizeof(text)),
				    ages[i].text);
}

static void rfc3339(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(ft_fmt_time(0, text, sizeof(text)), "1970-01-01T00:00:00.000000Z");
	assert_string_equal(ft_fmt_time(1795255200123456789ULL, text, sizeof(text)),
			    "2026-11-21T10:00:00.123456Z");
	assert_int_equal(strlen(text) + 1, 28);
}

/* One pseudo-random number after the other, the same in every run. */
static uint64_t random64(void)
{
	static uint64_t x = 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x >> (x & 63);
}

/* No value takes more cells than it may, and from five cells on (six with IEC prefixes) every
 * value has digits. */
static void never_too_wide(void **state)
{
	char text[64];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint64_t value = random64();
		unsigned width = (unsigned)(random64() % 9);
		enum ft_prefix prefix = i & 1 ? SI : IEC;

		memset(text, 'x', sizeof(text));
		ft_fmt_count(value, prefix, width, text, sizeof(text));
		assert_true(strlen(text) <= width);
		assert_true(width < 5 || !strchr(text, '#'));
		ft_fmt_rate((double)value / 1000, prefix, width, text, sizeof(text));
		assert_true(strlen(text) <= width);
		assert_true(width < 5 || !strchr(text, '#'));
		ft_fmt_age(value, width, text, sizeof(text));
		assert_true(strlen(text) <= width);
		assert_true(width < 4 || !strchr(text, '#'));
		ft_fmt_span(value, width, text, sizeof(text));
		assert_true(strlen(text) <= width);
		assert_true(width < 5 || !strchr(text, '#'));
	}
}

/* What is shown is within half of its last digit of what is meant. */
static void never_lies(void **state)
{
	char text[64];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t value = random64();
		double shown, unit = 1;
		char *end;

		ft_fmt_count(value, SI, 6, text, sizeof(text));
		shown = strtod(text, &end);
		for (const char *at = "kMGTPE"; *end && *at; at++) {
			unit *= 1000;
			if (*at == *end)
				break;
		}
		shown *= unit;
		if (value < 1000)
			assert_true(shown == (double)value);
		else
			assert_true(shown > (double)value * 0.9949 &&
				    shown < (double)value * 1.0051);
	}
}

static const struct {
	const char *text;
	size_t length; /* 0 = strlen */
	bool ascii;
	const char *out;
} escapes[] = {
	{ "plain text", 0, false, "plain text" },
	{ "tab\tnl\n", 0, false, "tab\\x09nl\\x0A" },
	{ "a\0b", 3, false, "a\\x00b" },
	{ "\033]52;c;Zm9v\a", 0, false, "\\x1B]52;c;Zm9v\\x07" },
	{ "del\177", 0, false, "del\\x7F" },
	{ "c1\302\233", 0, false, "c1\\u{9B}" },
	{ "gr\303\274n", 0, false, "gr\303\274n" },
	{ "gr\303\274n", 0, true, "gr\\u{FC}n" },
	{ "\346\274\242", 0, false, "\346\274\242" },
	{ "bad\377\300\257", 0, false, "bad\\xFF\\xC0\\xAF" },
	{ "cut\303", 0, false, "cut\\xC3" },
	{ "surrogate\355\240\200", 0, false, "surrogate\\xED\\xA0\\x80" },
	{ "big\364\220\200\200", 0, false, "big\\xF4\\x90\\x80\\x80" },
	{ "rlo\342\200\256x", 0, false, "rlo\\u{202E}x" },
	{ "lri\342\201\246x", 0, false, "lri\\u{2066}x" },
	{ "pdi\342\201\251x", 0, false, "pdi\\u{2069}x" },
	{ "zwsp\342\200\213", 0, false, "zwsp\\u{200B}" },
	{ "zwj\342\200\215", 0, false, "zwj\\u{200D}" },
	{ "bom\357\273\277", 0, false, "bom\\u{FEFF}" },
	{ "shy\302\255", 0, false, "shy\\u{AD}" },
	{ "combining e\314\201", 0, false, "combining e\\u{301}" },
	{ "tag\363\240\201\201", 0, false, "tag\\u{E0041}" },
	{ "ls\342\200\250", 0, false, "ls\\u{2028}" },
};

static void escape(void **state)
{
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++)
		assert_string_equal(ft_fmt_escape(escapes[i].text,
						  escapes[i].length ? escapes[i].length
								    : strlen(escapes[i].text),
						  escapes[i].ascii, text, sizeof(text)),
				    escapes[i].out);
}

/* A short buffer ends before a character or an escape, never inside. */
static void escape_cuts_between(void **state)
{
	static const char *const wanted[] = { "", "", "a", "a", "a", "a", "a\\x1B", "a\\x1B",
					      "a\\x1B\303\274", "a\\x1B\303\274z" };
	char text[16];

	(void)state;
	for (size_t size = 1; size < sizeof(wanted) / sizeof(wanted[0]); size++) {
		memset(text, 'x', sizeof(text));
		ft_fmt_escape("a\033\303\274z", 5, false, text, size);
		assert_string_equal(text, wanted[size]);
	}
}

/* In a locale that has no such characters they are escaped too, so that cells add up. */
static void escape_in_c_locale(void **state)
{
	char text[64];

	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C"));
	ft_fmt_escape("gr\303\274n", 5, false, text, sizeof(text));
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	assert_string_equal(text, "gr\\u{FC}n");
}

/* Whatever bytes come: what goes out is printable and takes as many cells as it says. */
static void escape_random(void **state)
{
	char bytes[40], text[512];

	(void)state;
	for (int i = 0; i < 50000; i++) {
		size_t length = random64() % sizeof(bytes);

		for (size_t k = 0; k < length; k++)
			bytes[k] = (char)random64();
		ft_fmt_escape(bytes, length, i & 1, text, sizeof(text));
		for (const char *at = text; *at; at++) {
			assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
			assert_true(!(i & 1) || (unsigned char)*at < 0x7f);
		}
		assert_null(strstr(text, "\342\200\256"));
	}
}

static void width(void **state)
{
	(void)state;
	assert_int_equal(ft_fmt_width(""), 0);
	assert_int_equal(ft_fmt_width("abc"), 3);
	assert_int_equal(ft_fmt_width("gr\303\274n"), 4);
	assert_int_equal(ft_fmt_width("\346\274\242\345\255\227"), 4);
	assert_int_equal(ft_fmt_width("bad\377"), 4);
}

static const struct {
	const char *text;
	unsigned width;
	enum ft_align align;
	bool pad, ascii;
	const char *out;
} fits[] = {
	{ "abc", 5, FT_ALIGN_LEFT, false, false, "abc" },
	{ "abc", 5, FT_ALIGN_LEFT, true, false, "abc  " },
	{ "abc", 5, FT_ALIGN_RIGHT, true, false, "  abc" },
	{ "abcde", 5, FT_ALIGN_LEFT, true, false, "abcde" },
	{ "abcdef", 5, FT_ALIGN_LEFT, true, false, "abcd…" },
	{ "abcdef", 5, FT_ALIGN_RIGHT, true, true, "abcd~" },
	{ "abcdef", 1, FT_ALIGN_LEFT, false, false, "…" },
	{ "abcdef", 0, FT_ALIGN_LEFT, true, false, "" },
	{ "\346\274\242\345\255\227", 4, FT_ALIGN_LEFT, false, false, "\346\274\242\345\255\227" },
	{ "\346\274\242\345\255\227", 3, FT_ALIGN_LEFT, true, false, "\346\274\242…" },
	{ "\346\274\242\345\255\227x", 4, FT_ALIGN_LEFT, true, false, "\346\274\242… " },
	{ "\346\274\242\345\255\227x", 4, FT_ALIGN_RIGHT, true, false, " \346\274\242…" },
};

static void fit(void **state)
{
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]); i++)
		assert_string_equal(ft_fmt_fit(fits[i].text, fits[i].width, fits[i].align,
					       fits[i].pad, fits[i].ascii, text, sizeof(text)),
				    fits[i].out);
}

/* A padded text takes exactly its cells; no buffer is written past its end. */
static void fit_random(void **state)
{
	static const char *const parts[] = { "a", "\303\274", "\346\274\242", "\377", "xyz" };
	char in[128], out[256];

	(void)state;
	for (int i = 0; i < 50000; i++) {
		unsigned cells = (unsigned)(random64() % 24);
		size_t size = 1 + random64() % 100;

		in[0] = '\0';
		for (uint64_t n = random64() % 16; n > 0; n--)
			strcat(in, parts[random64() % 5]);
		ft_fmt_fit(in, cells, i & 1, true, i & 2, out, sizeof(out));
		assert_int_equal(ft_fmt_width(out), cells);
		memset(out, 'Q', sizeof(out));
		ft_fmt_fit(in, cells, i & 1, true, i & 2, out, size);
		assert_true(strlen(out) < size);
		assert_true(ft_fmt_width(out) <= cells);
		assert_int_equal(out[size], 'Q');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(count),
		cmocka_unit_test(rate),
		cmocka_unit_test(difference),
		cmocka_unit_test(age),
		cmocka_unit_test(span),
		cmocka_unit_test(rfc3339),
		cmocka_unit_test(never_too_wide),
		cmocka_unit_test(never_lies),
		cmocka_unit_test(escape),
		cmocka_unit_test(escape_cuts_between),
		cmocka_unit_test(escape_in_c_locale),
		cmocka_unit_test(escape_random),
		cmocka_unit_test(width),
		cmocka_unit_test(fit),
		cmocka_unit_test(fit_random),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8")) {
		printf("1..0 # SKIP no C.UTF-8 locale here\n");
		return 0;
	}
	return cmocka_run_group_tests_name("fmt", tests, NULL, NULL);
}
