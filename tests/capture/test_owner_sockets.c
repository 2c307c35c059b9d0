/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of sockets: newest news, bounds, and that the busy ones stay.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stddef.h>
#include <cmocka.h>

#include "capture/owner_sockets.h"

#define HALF 1024

static void put(struct ft_owner_sockets *sockets, uint64_t cookie, uint32_t tgid)
{
	ft_owner_sockets_put(sockets, &(struct ft_owner_socket_of){
		.cookie = cookie, .tgid = tgid, .start_ns = 1, .how = 2,
	});
}

/* Its process, 0 if it isn't known. */
static uint32_t find(struct ft_owner_sockets *sockets, uint64_t cookie)
{
	const struct ft_owner_socket_of *found = ft_owner_sockets_find(sockets, cookie);

	if (found)
		assert_true(found->cookie == cookie);
	return found ? found->tgid : 0;
}

static void test_news(void **state)
{
	struct ft_owner_sockets *sockets = ft_owner_sockets_new(HALF);

	(void)state;
	assert_int_equal(find(sockets, 1), 0);
	assert_int_equal(find(sockets, 0), 0);
	put(sockets, 0, 9); /* no cookie: no socket */
	assert_int_equal(find(sockets, 0), 0);
	put(sockets, 1, 7);
	put(sockets, UINT64_MAX, 8);
	assert_int_equal(find(sockets, 1), 7);
	assert_int_equal(find(sockets, UINT64_MAX), 8);
	put(sockets, 1, 9);
	assert_int_equal(find(sockets, 1), 9);
	ft_owner_sockets_free(sockets);
	ft_owner_sockets_free(NULL);
}

/* The newest half is always there, and what was asked for; what wasn't goes, and that is told. */
static void test_bounds(void **state)
{
	struct ft_owner_sockets *sockets = ft_owner_sockets_new(HALF);
	uint64_t known = 0;

	(void)state;
	for (uint64_t i = 1; i <= 10 * HALF; i++) {
		put(sockets, i, (uint32_t)i);
		assert_int_equal(find(sockets, 1), 1); /* the busy one */
		if (i > HALF)
			continue;
		assert_int_equal(ft_owner_sockets_forgotten(sockets), 0);
	}
	for (uint64_t i = 10 * HALF; i > 9 * HALF + 1; i--)
		assert_int_equal(find(sockets, i), i);
	assert_int_equal(find(sockets, 2), 0);
	assert_true(ft_owner_sockets_forgotten(sockets) > 0);
	for (uint64_t i = 1; i <= 10 * HALF; i++)
		known += find(sockets, i) != 0;
	assert_true(known <= 2 * HALF);
	ft_owner_sockets_free(sockets);
}

/* News of one that is in the older half replace what was there. */
static void test_old_news(void **state)
{
	struct ft_owner_sockets *sockets = ft_owner_sockets_new(HALF);

	(void)state;
	put(sockets, 5, 1);
	for (uint64_t i = 100; i < 100 + HALF; i++)
		put(sockets, i, 3);
	put(sockets, 5, 2);
	assert_int_equal(find(sockets, 5), 2);
	ft_owner_sockets_free(sockets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_news),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_old_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
