/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text to numbers: tables of what is taken, what is refused, and what is said then. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/num.h"

#define MAX UINT64_MAX

static const struct {
	const char *text;
	uint64_t min, max;
	int result;
	uint64_t value;
	const char *err;
} integers[] = {
	{ "0", 0, 10, 0, 0, NULL },
	{ "10", 0, 10, 0, 10, NULL },
	{ "007", 0, 10, 0, 7, NULL },
	{ "18446744073709551615", 0, MAX, 0, MAX, NULL },
	{ "18446744073709551616", 0, MAX, -ERANGE, 0,
	  "-c: must be between 0 and 18446744073709551615" },
	{ "99999999999999999999999", 0, MAX, -ERANGE, 0, NULL },
	{ "11", 0, 10, -ERANGE, 0, "-c: must be between 0 and 10" },
	{ "1", 2, 10, -ERANGE, 0, "-c: must be between 2 and 10" },
	{ "1", 2, MAX, -ERANGE, 0, "-c: must be at least 2" },
	{ "", 0, 10, -EINVAL, 0, "-c: '' is not a number" },
	{ "12abc", 0, MAX, -EINVAL, 0, "-c: '12abc' is not a number" },
	{ "-1", 1, MAX, -ERANGE, 0, "-c: must be at least 1" },
	{ "-1", 0, 10, -ERANGE, 0, "-c: must be between 0 and 10" },
	{ "-", 0, MAX, -EINVAL, 0, "-c: '-' is not a number" },
	{ "--1", 0, MAX, -EINVAL, 0, "-c: '--1' is not a number" },
	{ "-1x", 0, MAX, -EINVAL, 0, "-c: '-1x' is not a number" },
	{ "+1", 0, MAX, -EINVAL, 0, NULL },
	{ " 1", 0, MAX, -EINVAL, 0, NULL },
	{ "1 ", 0, MAX, -EINVAL, 0, NULL },
	{ "0x10", 0, MAX, -EINVAL, 0, NULL },
	{ "1.0", 0, MAX, -EINVAL, 0, NULL },
	{ "\033[2J", 0, MAX, -EINVAL, 0, "-c: '\\x1B[2J' is not a number" },
};

static void u64(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
		char err[128] = "";
		uint64_t value = 4711;

		assert_int_equal(ft_num_u64("-c", integers[i].text, integers[i].min,
					    integers[i].max, &value, err, sizeof(err)),
				 integers[i].result);
		assert_int_equal(value, integers[i].result ? 4711 : integers[i].value);
		if (integers[i].err)
			assert_string_equal(err, integers[i].err);
		assert_int_equal(err[0] == '\0', integers[i].result == 0);
	}
}

static const struct {
	const char *text;
	int result;
	double value;
} doubles[] = {
	{ "0.1", 0, 0.1 },	 { "1", 0, 1 },		 { "3600", 0, 3600 },
	{ ".5", 0, 0.5 },	 { "5.", 0, 5 },	 { "0.25", 0, 0.25 },
	{ "0.05", -ERANGE, 0 },	 { "3601", -ERANGE, 0 }, { "", -EINVAL, 0 },
	{ ".", -EINVAL, 0 },	 { "1e3", -EINVAL, 0 },	 { "inf", -EINVAL, 0 },
	{ "nan", -EINVAL, 0 },	 { "-1", -ERANGE, 0 },	 { "1,5", -EINVAL, 0 },
	{ "1.2.3", -EINVAL, 0 }, { "0x1", -EINVAL, 0 },	 { "-", -EINVAL, 0 },
};

static void real(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(doubles) / sizeof(doubles[0]); i++) {
		char err[128] = "";
		double value = 47;

		assert_int_equal(ft_num_double("-d", doubles[i].text, 0.1, 3600, &value, err,
					       sizeof(err)),
				 doubles[i].result);
		assert_true(value == (doubles[i].result ? 47 : doubles[i].value));
		assert_int_equal(err[0] == '\0', doubles[i].result == 0);
	}
}

/* A number of a thousand digits is refused, not infinite. */
static void absurdly_long(void **state)
{
	char text[1001], err[128];
	double value = 47;
	uint64_t ns = 47;

	(void)state;
	memset(text, '9', 1000);
	text[1000] = '\0';
	assert_int_equal(ft_num_double("-d", text, 0, HUGE_VAL, &value, err, sizeof(err)), -EINVAL);
	assert_int_equal(ft_num_scaled(text, &value), -EINVAL);
	assert_int_equal(ft_num_duration(text, &ns), -EINVAL);
	assert_true(value == 47 && ns == 47);
}

static const struct {
	const char *text;
	double value; /* -1 = refused */
} scaled[] = {
	{ "0", 0 },	    { "500", 500 },	{ "1k", 1000 },	    { "1K", 1000 },
	{ "1M", 1e6 },	    { "1m", 1e6 },	{ "1.5M", 1.5e6 },  { "2G", 2e9 },
	{ "3T", 3e12 },	    { "1P", 1e15 },	{ "1Ki", 1024 },    { "1.5Ki", 1536 },
	{ "1Mi", 1048576 }, { "2gi", 2147483648. }, { "", -1 },	    { "k", -1 },
	{ "1i", -1 },	    { "1kk", -1 },	{ "1 k", -1 },	    { "1Mb", -1 },
	{ "-1k", -1 },	    { "1x", -1 },	{ "1kix", -1 },
};

static void with_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scaled) / sizeof(scaled[0]); i++) {
		double value = 47;
		int result = ft_num_scaled(scaled[i].text, &value);

		assert_int_equal(result, scaled[i].value < 0 ? -EINVAL : 0);
		assert_true(value == (scaled[i].value < 0 ? 47 : scaled[i].value));
	}
}

static const struct {
	const char *text;
	int result;
	uint64_t ns;
} durations[] = {
	{ "3", 0, 3000000000 },
	{ "0.5", 0, 500000000 },
	{ "250ms", 0, 250000000 },
	{ "10us", 0, 10000 },
	{ "7ns", 0, 7 },
	{ "3s", 0, 3000000000 },
	{ "2m", 0, 120000000000 },
	{ "1h", 0, 3600000000000 },
	{ "1d", 0, 86400000000000 },
	{ "2h05m", 0, 7500000000000 },
	{ "1.5h", 0, 5400000000000 },
	{ "600y", -EINVAL, 0 },
	{ "300000d", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ "s", -EINVAL, 0 },
	{ "3 s", -EINVAL, 0 },
	{ "1h30", -EINVAL, 0 },
	{ "5min", -EINVAL, 0 },
	{ "-3s", -EINVAL, 0 },
};

/* What ft_fmt_time writes, and nothing else. */
static void time_of_records(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns; /* 0 = refused */
	} times[] = {
		{ "2026-11-21T10:00:00.123456Z", 1795255200123456000 },
		{ "2026-11-21T10:00:00Z", 1795255200000000000 },
		{ "2026-11-21T10:00:00.5Z", 1795255200500000000 },
		{ "2026-11-21T10:00:00.123456789Z", 1795255200123456789 },
		{ "2024-02-29T23:59:60.000001Z", 1709251200000001000 },
		{ "2261-12-31T23:59:59.999999Z", 9214646399999999000 },
		{ "2026-11-21T10:00:00.1234567890Z", 0 },
		{ "2262-01-01T00:00:00Z", 0 },
		{ "1969-12-31T23:59:59Z", 0 },
		{ "2026-13-21T10:00:00Z", 0 },
		{ "2026-11-00T10:00:00Z", 0 },
		{ "2026-11-21T24:00:00Z", 0 },
		{ "2026-11-21T10:60:00Z", 0 },
		{ "2026-11-21 10:00:00Z", 0 },
		{ "2026-11-21T10:00:00", 0 },
		{ "2026-11-21T10:00:00+01:00", 0 },
		{ "2026-11-21T10:00:00.123456Zx", 0 },
		{ "-026-11-21T10:00:00Z", 0 },
		{ "2026-11-2", 0 },
		{ "", 0 },
	};
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		ns = 47;
		assert_int_equal(ft_num_time(times[i].text, &ns), times[i].ns ? 0 : -EINVAL);
		assert_true(ns == (times[i].ns ? times[i].ns : 47));
	}
}

static void duration(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		uint64_t ns = 47;

		assert_int_equal(ft_num_duration(durations[i].text, &ns), durations[i].result);
		assert_int_equal(ns, durations[i].result ? 47 : durations[i].ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u64),	       cmocka_unit_test(real),
		cmocka_unit_test(absurdly_long), cmocka_unit_test(with_prefix),
		cmocka_unit_test(duration),    cmocka_unit_test(time_of_records),
	};

	return cmocka_run_group_tests_name("num", tests, NULL, NULL);
}
