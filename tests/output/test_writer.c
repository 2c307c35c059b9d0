/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writer thread: everything that is put is written, in order; after a failure it goes on
 * taking, tells by its descriptor, and says the first error. Run under ThreadSanitizer too.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "capture/mailbox.h"
#include "core/table.h"
#include "core/snapshot.h"
#include "core/xalloc.h"
#include "output/output.h"

#define COUNT 200

/* An output that remembers what it was given; fails at the snapshot `fail_at`. */
struct memory {
	struct ft_output base;
	uint64_t generations[COUNT];
	size_t count;
	size_t fail_at;
};

static int memory_write(struct ft_output *output, const struct ft_snapshot *snapshot)
{
	struct memory *memory = (struct memory *)output;

	if (memory->fail_at && memory->count + 1 >= memory->fail_at)
		return memory->count++ + 1 == memory->fail_at ? -EPIPE : -EIO;
	memory->generations[memory->count++] = snapshot->generation;
	return 0;
}

static const struct ft_output_ops memory_ops = { .name = "memory", .write = memory_write };

static void drop(void *item)
{
	ft_snapshot_put(item);
}

/* Puts COUNT snapshots of an empty table, waiting while the queue is full. */
static void put_all(struct ft_queue *queue)
{
	static const struct ft_snapshot_info info = {
		.interval_ns = 1000000000, .backend = "", .backend_reason = "",
		.capture_filter = "", .owner_source = "", .progress = -1,
	};
	struct ft_table_config config;
	struct ft_owners *owners = ft_owners_new();
	struct ft_snapshot *snapshot;
	struct ft_table *table;

	ft_table_config_init(&config);
	config.max_flows = 16;
	table = ft_table_new(&config, owners);
	for (size_t i = 0; i < COUNT; i++) {
		snapshot = ft_table_snapshot(table, &info, i + 1 == COUNT);
		while (!ft_queue_put(queue, snapshot))
			poll(NULL, 0, 1);
	}
	ft_queue_close(queue);
	ft_table_free(table);
	ft_owners_free(owners);
}

/* True if the writer's descriptor becomes readable. */
static bool is_told(const struct ft_writer *writer)
{
	struct pollfd fd = { .fd = ft_writer_fd(writer), .events = POLLIN };

	return poll(&fd, 1, 30000) == 1;
}

static void all_in_order(void **state)
{
	struct ft_queue *queue = ft_queue_new(4, drop);
	struct memory memory = { .base = { .ops = &memory_ops } };
	struct ft_writer *writer = ft_writer_start(queue, &memory.base);

	(void)state;
	assert_non_null(writer);
	put_all(queue);
	assert_true(is_told(writer));
	assert_int_equal(ft_writer_join(writer), 0);
	assert_int_equal(memory.count, COUNT);
	for (size_t i = 1; i < COUNT; i++)
		assert_int_equal(memory.generations[i], memory.generations[0] + i);
	ft_queue_free(queue);
}

static void the_first_failure_counts(void **state)
{
	struct ft_queue *queue = ft_queue_new(4, drop);
	struct memory memory = { .base = { .ops = &memory_ops }, .fail_at = 10 };
	struct ft_writer *writer = ft_writer_start(queue, &memory.base);

	(void)state;
	assert_non_null(writer);
	put_all(queue); /* does not hang: the writer still takes */
	assert_true(is_told(writer));
	assert_int_equal(ft_writer_join(writer), -EPIPE);
	assert_int_equal(memory.count, 10); /* nothing is written after a failure */
	ft_queue_free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_in_order),
		cmocka_unit_test(the_first_failure_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
