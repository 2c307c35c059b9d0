/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/region: growing arrays, and the few small ones that are used again. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/region.h"

#define PAGE 4096UL
#define KIB 1024UL
#define MIB (1024UL * KIB)

static bool is_zero(const struct ft_region *region, size_t from)
{
	const unsigned char *bytes = region->base;

	for (size_t i = from; i < region->bytes; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Contents stay; what is new reads as zero. */
static void test_grow(void **state)
{
	struct ft_region region = { .base = NULL };
	size_t before;

	(void)state;
	for (size_t bytes = 1; bytes < 20 * MIB; bytes *= 3) {
		before = region.bytes;
		ft_region_grow(&region, bytes);
		assert_true(region.bytes >= bytes && region.bytes % PAGE == 0);
		assert_true(is_zero(&region, before));
		for (size_t i = 0; i < before; i++)
			assert_int_equal(((unsigned char *)region.base)[i], 0xa5);
		memset(region.base, 0xa5, region.bytes);
	}
	before = region.bytes;
	ft_region_grow(&region, 1);
	assert_int_equal(region.bytes, before);
	ft_region_free(&region);
	assert_null(region.base);
	assert_int_equal(region.bytes, 0);
	ft_region_free(&region);
}

/* What was freed, then asked for: the same pages or others, and always zeros. */
static void test_again(void **state)
{
	static const struct {
		size_t freed, asked;
		bool again; /* what was freed is what one gets */
	} cases[] = {
		{ 128 * KIB, 128 * KIB, true },
		{ 128 * KIB, 127 * KIB, true },
		{ 128 * KIB, 32 * KIB, true },
		{ 128 * KIB, 28 * KIB, false }, /* much more than asked for */
		{ 128 * KIB, 129 * KIB, false },
		{ 2 * MIB, 1 * MIB, true },
		{ 2 * MIB + 1, 2 * MIB, false }, /* large ones go back to the system */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ft_region region = { .base = NULL }, held[8] = { { .base = NULL } };
		size_t whole;

		/* What others left: out of the way. */
		for (size_t j = 0; j < 8; j++)
			ft_region_grow_exact(&held[j], PAGE);
		for (size_t j = 0; j < 8; j++)
			ft_region_free(&held[j]);
		ft_region_grow_exact(&region, cases[i].freed);
		whole = region.bytes;
		memset(region.base, 0xa5, whole);
		ft_region_free(&region);
		ft_region_grow_exact(&region, cases[i].asked);
		assert_true(region.bytes >= cases[i].asked);
		assert_int_equal(region.bytes == whole, cases[i].again);
		assert_true(is_zero(&region, 0));
		ft_region_free(&region);
	}
}

/* Pages go back if they are many: half of a small one, any of a large one. */
static void test_trim(void **state)
{
	static const struct {
		size_t bytes, to, left;
	} cases[] = {
		{ 128 * KIB, 100 * KIB, 128 * KIB },
		{ 128 * KIB, 60 * KIB, 60 * KIB },
		{ 128 * KIB, 200 * KIB, 128 * KIB },
		{ 4 * MIB, 3 * MIB + 1, 3 * MIB + PAGE },
		{ 128 * KIB, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ft_region region = { .base = NULL };

		ft_region_grow_exact(&region, cases[i].bytes);
		memset(region.base, 0xa5, region.bytes);
		ft_region_trim(&region, cases[i].to);
		assert_int_equal(region.bytes, cases[i].left);
		for (size_t at = 0; at < region.bytes; at++)
			assert_int_equal(((unsigned char *)region.base)[at], 0xa5);
		ft_region_free(&region);
	}
}

#define ROUNDS 2000
static void *use(void *arg)
{
	unsigned char mark = *(unsigned char *)arg;

	for (size_t i = 0; i < ROUNDS; i++) {
		struct ft_region region = { .base = NULL };

		ft_region_grow_exact(&region, (1 + i % 7) * PAGE);
		if (!is_zero(&region, 0))
			return arg;
		memset(region.base, mark, region.bytes);
		for (size_t at = 0; at < region.bytes; at++)
			if (((unsigned char *)region.base)[at] != mark)
				return arg;
		ft_region_free(&region);
	}
	return NULL;
}

/* Pictures are freed by whoever drops them last: no two threads get the same pages. */
static void test_threads(void **state)
{
	unsigned char marks[4] = { 1, 2, 3, 4 };
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, &marks[i]), 0);
	for (size_t i = 0; i < 4; i++) {
		void *wrong;

		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("region", tests, NULL, NULL);
}
