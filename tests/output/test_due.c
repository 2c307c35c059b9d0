/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a collector is told of flows, and when: every byte once, none twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "output/due.h"

#define SECOND 1000000000ULL
#define FLOWS 5000

static struct ft_flow cold[FLOWS];
static struct ft_flow_hot rows[FLOWS];
static struct ft_snapshot snapshot;

/* n flows from `first` on, as of a second. */
static void moment(unsigned first, unsigned n, uint64_t second)
{
	for (unsigned i = 0; i < n; i++) {
		cold[i] = (struct ft_flow){ .id = first + i, .first_ns = SECOND };
		rows[i] = (struct ft_flow_hot){ .flow = &cold[i], .last_ns = second * SECOND };
	}
	snapshot = (struct ft_snapshot){ .rows = rows, .row_count = n, .end_ns = second * SECOND };
}

/* A row's totals. */
static void count(unsigned row, uint64_t packets)
{
	rows[row].total[0] = (struct ft_counts){ packets, packets * 100, packets * 114 };
	rows[row].total[1] = (struct ft_counts){ packets / 2, packets * 10, packets * 14 };
}

/* The one record that is due; none: NULL. */
static const struct ft_due_record *only(struct ft_due *due)
{
	static struct ft_due_record record, other;

	ft_due_begin(due, &snapshot);
	if (!ft_due_next(due, &record))
		return NULL;
	assert_false(ft_due_next(due, &other));
	return &record;
}

/* Long flows tell every `active`, and each time only what is new. */
static void test_active(void **state)
{
	struct ft_due *due = ft_due_new(15 * SECOND, 60 * SECOND, false);
	const struct ft_due_record *record;

	(void)state;
	moment(1, 1, 10);
	count(0, 100);
	assert_null(only(due));
	moment(1, 1, 61);
	count(0, 200);
	record = only(due);
	assert_non_null(record);
	assert_int_equal(record->why, FT_DUE_ACTIVE);
	assert_int_equal(record->count[0].packets, 200);
	assert_int_equal(record->count[0].bytes, 20000);
	assert_int_equal(record->count[1].l2_bytes, 2800);
	assert_int_equal(record->start_ns, SECOND);
	assert_int_equal(record->end_ns, 61 * SECOND);
	moment(1, 1, 120);
	count(0, 250);
	assert_null(only(due));
	moment(1, 1, 121);
	count(0, 251);
	record = only(due);
	assert_non_null(record);
	assert_int_equal(record->count[0].packets, 51);
	assert_int_equal(record->start_ns, 61 * SECOND);
	ft_due_free(due);
}

/* A pause is told after `idle`, nothing new is not told again, the end is. */
static void test_idle_and_end(void **state)
{
	struct ft_due *due = ft_due_new(15 * SECOND, 60 * SECOND, false);
	const struct ft_due_record *record;

	(void)state;
	moment(1, 1, 10);
	count(0, 100);
	assert_null(only(due));
	snapshot.end_ns = 24 * SECOND;
	assert_null(only(due));
	snapshot.end_ns = 25 * SECOND;
	record = only(due);
	assert_non_null(record);
	assert_int_equal(record->why, FT_DUE_IDLE);
	assert_int_equal(record->end_ns, 10 * SECOND);
	snapshot.end_ns = 300 * SECOND;
	assert_null(only(due));
	moment(1, 1, 310);
	count(0, 101);
	rows[0].ended = FT_ENDED_FIN;
	record = only(due);
	assert_non_null(record);
	assert_int_equal(record->why, FT_DUE_ENDED);
	assert_int_equal(record->count[0].packets, 1);
	assert_null(only(due)); /* still shown as ended */
	count(0, 103);          /* a late packet */
	record = only(due);
	assert_non_null(record);
	assert_int_equal(record->count[0].packets, 2);
	assert_int_equal(ft_due_missed(due), 0);
	ft_due_free(due);
}

/* The last snapshot tells all. */
static void test_last(void **state)
{
	struct ft_due *due = ft_due_new(15 * SECOND, 60 * SECOND, false);
	struct ft_due_record record;
	uint64_t packets = 0;

	(void)state;
	moment(1, 3, 10);
	for (unsigned i = 0; i < 3; i++)
		count(i, 10 + i);
	snapshot.last = true;
	ft_due_begin(due, &snapshot);
	while (ft_due_next(due, &record)) {
		packets += record.count[0].packets;
		assert_int_equal(record.why, FT_DUE_ENDED);
	}
	assert_int_equal(packets, 33);
	ft_due_free(due);
}

/* A flow that is new is told of before what it counted, once, also if nobody listened at first. */
static void test_new(void **state)
{
	struct ft_due *due = ft_due_new(15 * SECOND, 60 * SECOND, true);
	struct ft_due_record record;

	(void)state;
	moment(1, 1, 10);
	count(0, 100);
	ft_due_begin(due, &snapshot);
	ft_due_skip(due);
	rows[0].ended = FT_ENDED_FIN;
	ft_due_begin(due, &snapshot);
	assert_true(ft_due_next(due, &record));
	assert_int_equal(record.why, FT_DUE_NEW);
	assert_int_equal(record.count[0].packets, 0);
	assert_int_equal(record.end_ns, SECOND);
	assert_true(ft_due_next(due, &record));
	assert_int_equal(record.why, FT_DUE_ENDED);
	assert_int_equal(record.count[0].packets, 100);
	assert_false(ft_due_next(due, &record));
	ft_due_begin(due, &snapshot);
	assert_false(ft_due_next(due, &record));
	ft_due_free(due);
}

/* While nobody listens nothing is told; what goes on is told later, what goes away is counted. */
static void test_skip(void **state)
{
	struct ft_due *due = ft_due_new(15 * SECOND, 60 * SECOND, false);
	const struct ft_due_record *record;

	(void)state;
	moment(1, 2, 10);
	count(0, 100);
	count(1, 7);
	rows[1].ended = FT_ENDED_RST;
	for (int i = 0; i < 3; i++) {
		ft_due_begin(due, &snapshot);
		ft_due_skip(due);
	}
	assert_int_equal(ft_due_missed(due), 0);
	moment(1, 1, 11); /* the second is gone */
	count(0, 110);
	ft_due_begin(due, &snapshot);
	ft_due_skip(due);
	assert_int_equal(ft_due_missed(due), 1);
	rows[0].ended = FT_ENDED_FIN;
	record = only(due);
	assert_non_null(record);
	assert_int_equal(record->count[0].packets, 110);
	moment(9, 0, 12); /* it has been told: no loss */
	assert_null(only(due));
	assert_int_equal(ft_due_missed(due), 1);
	ft_due_free(due);
}

/* Flows come and go by the thousand; what was told of each adds up to its totals. */
static void test_many(void **state)
{
	struct ft_due *due = ft_due_new(15 * SECOND, 3 * SECOND, false);
	uint64_t *told = calloc(200000, sizeof(*told));
	struct ft_due_record record;
	unsigned first = 1, last = 4900, n, ending;

	(void)state;
	assert_non_null(told);
	for (unsigned second = 2; second < 40; second++) {
		n = last - first;
		ending = second % 7 ? n / 3 : n - 40;
		moment(first, n, second);
		for (unsigned i = 0; i < n; i++) {
			/* The oldest have ended: the next moment is without them. */
			count(i, (uint64_t)second * (first + i) % 1000 + (uint64_t)1000 * second);
			if (i < ending)
				rows[i].ended = FT_ENDED_IDLE;
		}
		snapshot.last = second == 39;
		ft_due_begin(due, &snapshot);
		while (ft_due_next(due, &record)) {
			told[record.flow->flow->id] += record.count[0].packets;
			assert_int_equal(told[record.flow->flow->id],
					 record.flow->total[0].packets);
		}
		for (unsigned i = 0; i < n; i++)
			if (rows[i].ended || snapshot.last)
				assert_int_equal(told[first + i], rows[i].total[0].packets);
		first += ending;
		last += 1500;
	}
	free(told);
	ft_due_free(due);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_active), cmocka_unit_test(test_idle_and_end),
		cmocka_unit_test(test_last),   cmocka_unit_test(test_skip),
		cmocka_unit_test(test_many),   cmocka_unit_test(test_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
