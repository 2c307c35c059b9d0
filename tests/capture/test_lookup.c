/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that have to be waited for: while the one who knows them hangs, everything else goes on,
 * the row shows the number, and the name is there once it is told. Bounded, and nobody waits for
 * one that hangs for good.
 */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "capture/owner_source.h"
#include "capture/proc_info.h"
#include "core/table.h"

#define SECOND UINT64_C(1000000000)
#define UID 4200000042U /* of no local file */

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

/* ---- one who hangs until told */

struct slow {
	sem_t go;           /* an answer each */
	atomic_uint asked;  /* questions begun */
	atomic_uint released;
};

static void ask(void *arg, struct ft_lookup_answer *answer)
{
	struct slow *slow = arg;

	slow->asked++;
	while (sem_wait(&slow->go) < 0)
		;
	answer->found = answer->id % 2 == 0;
	snprintf(answer->name, sizeof(answer->name), "%s%u",
		 answer->kind == FT_LOOKUP_USER ? "user" : "group", answer->id % 1000);
	snprintf(answer->home, sizeof(answer->home), "/home/x");
}

static void released(void *arg)
{
	((struct slow *)arg)->released++;
}

static void start(struct slow *slow)
{
	memset(slow, 0, sizeof(*slow));
	sem_init(&slow->go, 0, 0);
}

/* Waits for a count, 30 s at most. */
static void wait_for(atomic_uint *count, unsigned wanted)
{
	for (int i = 0; i < 30000 && *count < wanted; i++)
		usleep(1000);
	assert_int_equal(*count, wanted);
}

static void wait_for_news(struct ft_lookup *lookup, struct ft_lookup_answer *answer)
{
	for (int i = 0; i < 30000; i++) {
		if (ft_lookup_news(lookup, answer))
			return;
		usleep(1000);
	}
	fail_msg("no news");
}

/* Asked once, not there; told once; there from then on. */
static void test_find(void **state)
{
	struct ft_lookup_answer answer;
	struct ft_lookup *lookup;
	struct slow slow;

	(void)state;
	start(&slow);
	lookup = ft_lookup_new(ask, released, &slow);
	for (int i = 0; i < 100; i++)
		assert_false(ft_lookup_find(lookup, FT_LOOKUP_USER, 10, "", &answer));
	assert_false(ft_lookup_find(lookup, FT_LOOKUP_GROUP, 10, "", &answer));
	wait_for(&slow.asked, 1);
	assert_false(ft_lookup_news(lookup, &answer));
	sem_post(&slow.go);
	wait_for_news(lookup, &answer);
	assert_string_equal(answer.name, "user10");
	assert_false(ft_lookup_news(lookup, &answer));
	assert_true(ft_lookup_find(lookup, FT_LOOKUP_USER, 10, "", &answer));
	assert_true(answer.found);
	assert_string_equal(answer.name, "user10");
	wait_for(&slow.asked, 2);
	sem_post(&slow.go);
	wait_for_news(lookup, &answer);
	assert_string_equal(answer.name, "group10");
	assert_int_equal(slow.asked, 2);
	ft_lookup_free(lookup);
	wait_for(&slow.released, 1);
}

/* Only so many are open at a time; the others are asked for when there is room. */
static void test_bound(void **state)
{
	struct ft_lookup_answer answer;
	struct ft_lookup *lookup;
	struct slow slow;
	unsigned told = 0;

	(void)state;
	start(&slow);
	lookup = ft_lookup_new(ask, released, &slow);
	for (unsigned round = 0; told < 3 * FT_LOOKUP_MAX && round < 3000; round++) {
		for (unsigned i = 0; i < 3 * FT_LOOKUP_MAX; i++)
			ft_lookup_find(lookup, FT_LOOKUP_USER, i, "", &answer);
		if (round == 0) { /* all hang: nothing was lost, nothing grew */
			wait_for(&slow.asked, 1);
			assert_false(ft_lookup_news(lookup, &answer));
			for (unsigned i = 0; i < 100 * FT_LOOKUP_MAX; i++)
				sem_post(&slow.go);
		}
		usleep(1000);
		while (ft_lookup_news(lookup, &answer))
			told++;
	}
	assert_true(told >= 3 * FT_LOOKUP_MAX);
	ft_lookup_free(lookup);
	wait_for(&slow.released, 1);
}

/* Nobody waits for one that hangs; it lets go of everything when it comes back. */
static void test_hangs(void **state)
{
	struct ft_lookup_answer answer;
	struct ft_lookup *lookup;
	struct slow slow;

	(void)state;
	start(&slow);
	lookup = ft_lookup_new(ask, released, &slow);
	assert_false(ft_lookup_find(lookup, FT_LOOKUP_USER, 1, "", &answer));
	wait_for(&slow.asked, 1);
	ft_lookup_free(lookup); /* returns while it hangs */
	assert_int_equal(slow.released, 0);
	sem_post(&slow.go);
	wait_for(&slow.released, 1);
	/* one that was never asked has no thread */
	lookup = ft_lookup_new(ask, released, &slow);
	ft_lookup_free(lookup);
	assert_int_equal(slow.released, 2);
}

/* ---- users */

static void test_users(void **state)
{
	struct ft_users users = { 0 };
	struct slow slow;
	struct ft_lookup_answer answer;
	char name[64];

	(void)state;
	start(&slow);
	users.names = ft_lookup_new(ask, released, &slow);
	ft_users_name(&users, 0, name, sizeof(name));
	assert_string_equal(name, "root"); /* of the local file */
	for (int i = 0; i < 10; i++) {
		ft_users_name(&users, UID, name, sizeof(name));
		assert_string_equal(name, "4200000042");
		ft_users_home(&users, UID, name, sizeof(name));
		assert_string_equal(name, "");
	}
	wait_for(&slow.asked, 1);
	sem_post(&slow.go);
	wait_for_news(users.names, &answer);
	ft_users_name(&users, UID, name, sizeof(name));
	assert_string_equal(name, "user42");
	ft_users_home(&users, UID, name, sizeof(name));
	assert_string_equal(name, "/home/x");
	/* nobody knows it: its number for good */
	ft_users_group(&users, UID + 1, name, sizeof(name));
	assert_string_equal(name, "4200000043");
	sem_post(&slow.go);
	wait_for_news(users.names, &answer);
	ft_users_group(&users, UID + 1, name, sizeof(name));
	assert_string_equal(name, "4200000043");
	assert_int_equal(slow.asked, 2);
	ft_lookup_free(users.names);
	wait_for(&slow.released, 1);
	ft_users_done(&users);
}

/* ---- records */

/* Processes whose users' names hang are found, counted and shown all the same; the name comes into
 * the record that is there, and the picture that was taken before keeps the number. */
static void test_source(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_owner_source *source = ft_owner_source_new(owners);
	struct ft_table_config config;
	struct ft_table *table;
	struct ft_process process = { .pid = 77, .uid = UID, .gid = UID, .start_ns = 1,
				      .name = "x", .user = "4200000042",
				      .group = "4200000042" };
	const struct ft_process *before;
	struct ft_users users = { 0 };
	struct slow slow;
	char name[64];
	uint16_t id;

	(void)state;
	ft_table_config_init(&config);
	table = ft_table_new(&config, owners);
	start(&slow);
	users.names = ft_owner_source_ask_by(source, ask, &slow);
	ft_users_name(&users, UID, name, sizeof(name));
	assert_string_equal(name, "4200000042");
	id = ft_owners_add_process(owners, &process);
	before = ft_process_take(ft_owners_process(owners, id));
	wait_for(&slow.asked, 1);
	for (int i = 0; i < 5; i++) { /* rounds, while it hangs */
		ft_owner_source_apply(source, table, NULL, clock_ns(), SECOND / 100, 10);
		assert_string_equal(ft_owners_process(owners, id)->user, "4200000042");
	}
	sem_post(&slow.go);
	for (int i = 0; i < 30000 && strcmp(ft_owners_process(owners, id)->user, "user42"); i++) {
		usleep(1000);
		ft_owner_source_apply(source, table, NULL, clock_ns(), SECOND / 100, 10);
	}
	assert_string_equal(ft_owners_process(owners, id)->user, "user42");
	assert_string_equal(ft_owners_process(owners, id)->group, "4200000042");
	assert_int_equal(ft_owners_process(owners, id)->pid, 77);
	assert_string_equal(before->user, "4200000042");
	ft_process_put(before);
	ft_table_free(table);
	ft_owner_source_free(source);
	ft_owners_free(owners);
	ft_users_done(&users);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_hangs),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
