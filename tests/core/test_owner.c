/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cache of processes: records never change, ids are not reused soon, all is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/owner.h"

#define SECOND 1000000000ULL

static void put_list(const struct ft_process **list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		ft_process_put(list[i]);
	free((void *)(uintptr_t)list);
}

static void test_same_process_same_id(void **state)
{
	char name[] = "curl";
	struct ft_process process = {
		.pid = 10, .uid = 1000, .start_ns = 5, .name = name, .cmdline = "curl x",
	};
	struct ft_owners *owners = ft_owners_new();
	const struct ft_process *record;
	uint16_t id, other;

	(void)state;
	id = ft_owners_add_process(owners, &process);
	assert_true(id >= FT_OWNER_FIRST);
	assert_int_equal(ft_owners_add_process(owners, &process), id);
	name[0] = 'X'; /* strings are copied */
	record = ft_owners_process(owners, id);
	assert_string_equal(record->name, "curl");
	assert_string_equal(record->cmdline, "curl x");
	assert_string_equal(record->exe, "");
	assert_int_equal(record->id, id);
	assert_int_equal(record->uid, 1000);
	other = ft_owners_add_process(owners, &process); /* it called itself something else */
	assert_int_not_equal(other, id);
	process.start_ns = 6; /* the pid was used again */
	assert_int_not_equal(ft_owners_add_process(owners, &process), other);
	process.pid += 16384; /* another one in the same chain */
	assert_int_not_equal(ft_owners_add_process(owners, &process), other);
	assert_int_equal(ft_owners_count(owners), 4);
	assert_null(ft_owners_process(owners, FT_OWNER_KERNEL));
	assert_null(ft_owners_process(owners, 60000));
	ft_owners_free(owners);
}

/* An exit makes a new record; who has the old one keeps it as it was, even past the cache. */
static void test_exit_replaces_the_record(void **state)
{
	struct ft_process process = { .pid = 10, .name = "nc" };
	struct ft_owners *owners = ft_owners_new();
	const struct ft_process **before, **after;
	size_t count_before, count_after;
	uint16_t id = ft_owners_add_process(owners, &process);

	(void)state;
	before = ft_owners_list(owners, &count_before);
	ft_owners_exited(owners, 10, 7);
	ft_owners_exited(owners, 11, 7);
	after = ft_owners_list(owners, &count_after);
	ft_owners_free(owners);
	assert_int_equal(count_before, 1);
	assert_int_equal(count_after, 1);
	assert_int_equal(before[id - FT_OWNER_FIRST]->exited_ns, 0);
	assert_int_equal(after[id - FT_OWNER_FIRST]->exited_ns, 7);
	assert_string_equal(after[0]->name, "nc");
	put_list(before, count_before);
	put_list(after, count_after);
}

/* Gone ones are forgotten after a while, but not while a flow is theirs. */
static void test_reap(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_process process = { .name = "p" };
	uint16_t ids[3];
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		process.pid = i;
		ids[i] = ft_owners_add_process(owners, &process);
	}
	ft_owners_exited(owners, 0, SECOND);
	ft_owners_exited(owners, 1, SECOND);
	ft_owners_hold(owners, ids[1]);
	ft_owners_hold(owners, FT_OWNER_KERNEL);
	ft_owners_reap(owners, SECOND + FT_OWNER_KEEP_NS - 1);
	assert_int_equal(ft_owners_count(owners), 3);
	ft_owners_reap(owners, SECOND + FT_OWNER_KEEP_NS);
	assert_null(ft_owners_process(owners, ids[0]));
	assert_non_null(ft_owners_process(owners, ids[1]));
	assert_non_null(ft_owners_process(owners, ids[2]));
	ft_owners_release(owners, ids[1]);
	ft_owners_release(owners, FT_OWNER_UNKNOWN);
	ft_owners_reap(owners, SECOND + FT_OWNER_KEEP_NS);
	assert_null(ft_owners_process(owners, ids[1]));
	assert_non_null(ft_owners_process(owners, ids[2]));
	ft_owners_free(owners);
}

/* What an exec left behind goes too, once no flow is its own. */
static void test_reap_replaced(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_process process = { .pid = 5, .name = "sh" };
	uint16_t shell = ft_owners_add_process(owners, &process), child;

	(void)state;
	process.name = "ls";
	child = ft_owners_add_process(owners, &process);
	ft_owners_reap(owners, SECOND);
	assert_non_null(ft_owners_process(owners, shell));
	ft_owners_reap(owners, SECOND + FT_OWNER_KEEP_NS);
	assert_null(ft_owners_process(owners, shell));
	assert_non_null(ft_owners_process(owners, child));
	ft_owners_free(owners);
}

static void test_bound(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_process process = { .name = "p" };
	uint16_t held, id;
	int32_t i;

	(void)state;
	for (i = 0; i < FT_OWNER_MAX; i++) {
		process.pid = i;
		assert_int_not_equal(ft_owners_add_process(owners, &process), FT_OWNER_UNKNOWN);
	}
	process.pid = i;
	assert_int_equal(ft_owners_add_process(owners, &process), FT_OWNER_UNKNOWN);
	assert_int_equal(ft_owners_refused(owners), 1);
	/* The oldest of the gone ones make room; held ones don't. */
	process.pid = 100;
	held = ft_owners_add_process(owners, &process);
	ft_owners_hold(owners, held);
	for (i = 100; i < 110; i++)
		ft_owners_exited(owners, i, (uint64_t)i);
	for (i = 0; i < 9; i++) {
		process.pid = FT_OWNER_MAX + i;
		id = ft_owners_add_process(owners, &process);
		assert_int_not_equal(id, FT_OWNER_UNKNOWN);
		assert_int_not_equal(id, held);
	}
	process.pid = FT_OWNER_MAX + i;
	assert_int_equal(ft_owners_add_process(owners, &process), FT_OWNER_UNKNOWN);
	assert_int_equal(ft_owners_count(owners), FT_OWNER_MAX);
	assert_int_equal(ft_owners_process(owners, held)->pid, 100);
	ft_owners_free(owners);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_process_same_id),
		cmocka_unit_test(test_exit_replaces_the_record),
		cmocka_unit_test(test_reap),
		cmocka_unit_test(test_reap_replaced),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
