/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writers: everything that is put is written, in order, by each; after a failure they go on
 * taking, tell by their descriptor, and say the error. Run under ThreadSanitizer too.
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
#include "output/writers.h"

#define COUNT 200

/* An output that remembers what it was given; fails at the snapshot `fail_at`. */
struct memory {
	struct ft_output base;
	uint64_t generations[COUNT];
	size_t count;
	size_t fail_at;
	bool mends; /* the failure is the only one */
	int closed, close_error;
};

static int memory_write(struct ft_output *output, const struct ft_snapshot *snapshot)
{
	struct memory *memory = (struct memory *)output;

	if (memory->fail_at && memory->count + 1 >= memory->fail_at) {
		memory->generations[memory->count++] = snapshot->generation;
		if (memory->mends)
			memory->fail_at = 0;
		return memory->mends || memory->count == memory->fail_at ? -EPIPE : -EIO;
	}
	memory->generations[memory->count++] = snapshot->generation;
	return 0;
}

static int memory_close(struct ft_output *output)
{
	struct memory *memory = (struct memory *)output;

	memory->closed++;
	return memory->close_error;
}

static const struct ft_output_ops memory_ops = { .name = "memory", .write = memory_write,
						 .close = memory_close };

/* Puts COUNT snapshots of an empty table into all queues, waiting while one is full. */
static void put_all(struct ft_writers *writers)
{
	static const struct ft_snapshot_info info = {
		.interval_ns = 1000000000, .backend = "", .backend_reason = "",
		.capture_filter = "", .owner_source = "", .progress = -1,
	};
	struct ft_table_config config;
	struct ft_owners *owners = ft_owners_new();
	struct ft_snapshot *snapshot;
	struct ft_table *table;
	char err[200] = "";
	unsigned flags;

	assert_int_equal(ft_writers_start(writers, err, sizeof(err)), 0);
	ft_table_config_init(&config);
	config.max_flows = 16;
	table = ft_table_new(&config, owners);
	for (size_t i = 0; i < COUNT; i++) {
		snapshot = ft_table_snapshot(table, &info, i + 1 == COUNT);
		for (size_t k = 0; k < ft_writers_count(writers); k++) {
			ft_snapshot_take(snapshot);
			while (!ft_queue_put(ft_writers_queue(writers, k, &flags), snapshot))
				poll(NULL, 0, 1);
		}
		ft_snapshot_put(snapshot);
	}
	ft_writers_close(writers);
	ft_table_free(table);
	ft_owners_free(owners);
}

/* True if the writers' descriptor becomes readable. */
static bool is_told(const struct ft_writers *writers)
{
	struct pollfd fd = { .fd = ft_writers_fd(writers), .events = POLLIN };

	return poll(&fd, 1, 30000) == 1;
}

static void add(struct ft_writers *writers, struct memory *memory, unsigned flags,
		const char *label)
{
	char err[200] = "";

	memory->base.ops = &memory_ops;
	assert_int_equal(ft_writers_add(writers, &memory->base, flags, label, err, sizeof(err)), 0);
}

static void assert_in_order(const struct memory *memory, size_t count)
{
	assert_int_equal(memory->count, count);
	for (size_t i = 1; i < count; i++)
		assert_int_equal(memory->generations[i], memory->generations[0] + i);
	assert_int_equal(memory->closed, 1);
}

static void all_in_order(void **state)
{
	struct ft_writers *writers = ft_writers_new();
	struct memory first = { .count = 0 }, second = { .count = 0 };
	char err[200] = "";

	(void)state;
	add(writers, &first, FT_WRITER_ESSENTIAL, "");
	add(writers, &second, FT_WRITER_MAY_MISS, "second");
	put_all(writers);
	assert_true(is_told(writers));
	assert_int_equal(ft_writers_join(writers, err, sizeof(err)), 0);
	assert_string_equal(err, "");
	assert_in_order(&first, COUNT);
	assert_in_order(&second, COUNT);
	ft_writers_free(writers);
}

static void the_first_failure_counts(void **state)
{
	struct ft_writers *writers = ft_writers_new();
	struct memory stops = { .fail_at = 10 }, other = { .count = 0 };
	char err[200] = "";

	(void)state;
	add(writers, &other, 0, "other");
	add(writers, &stops, FT_WRITER_ESSENTIAL, "");
	put_all(writers); /* does not hang: the writer still takes */
	assert_true(is_told(writers));
	assert_int_equal(ft_writers_join(writers, err, sizeof(err)), -EPIPE);
	assert_string_equal(err, "cannot write: Broken pipe");
	assert_in_order(&stops, 10); /* nothing is written after a failure */
	assert_in_order(&other, COUNT); /* and nobody else minds */
	ft_writers_free(writers);
}

/* What is not essential goes on after a failure, says it meanwhile, and may mend itself. */
static void others_go_on(void **state)
{
	struct ft_writers *writers = ft_writers_new();
	struct memory broken = { .fail_at = 10 }, mends = { .fail_at = 10, .mends = true };
	char err[200] = "", remark[FT_QUEUE_REMARK_MAX];
	unsigned flags;

	(void)state;
	snprintf(mends.base.remark, sizeof(mends.base.remark), "it is well");
	add(writers, &mends, 0, "mends");
	add(writers, &broken, 0, "bro\tken");
	put_all(writers);
	while (ft_writers_running(writers) > 0) {
		assert_true(is_told(writers));
		ft_writers_heard(writers);
	}
	ft_queue_read_remark(ft_writers_queue(writers, 0, &flags), remark);
	assert_string_equal(remark, "mends: it is well");
	ft_queue_read_remark(ft_writers_queue(writers, 1, &flags), remark);
	assert_string_equal(remark, "bro\\x09ken: Input/output error");
	assert_int_equal(ft_writers_join(writers, err, sizeof(err)), -EIO);
	assert_string_equal(err, "cannot write: bro\\x09ken: Input/output error");
	assert_in_order(&mends, COUNT);
	assert_in_order(&broken, COUNT);
	ft_writers_free(writers);
}

/* An end that could not be written is a failure too; too many outputs are refused. */
static void the_end_counts(void **state)
{
	struct ft_writers *writers = ft_writers_new();
	struct memory many[FT_WRITERS_MAX + 1] = { [3] = { .close_error = -ENOSPC } };
	char err[200] = "";

	(void)state;
	for (size_t i = 0; i < FT_WRITERS_MAX; i++)
		add(writers, &many[i], 0, "end");
	many[FT_WRITERS_MAX].base.ops = &memory_ops;
	assert_int_equal(ft_writers_add(writers, &many[FT_WRITERS_MAX].base, 0, "one more", err,
					sizeof(err)), -ENOSPC);
	assert_int_equal(many[FT_WRITERS_MAX].closed, 1);
	ft_writers_close(writers);
	assert_int_equal(ft_writers_join(writers, err, sizeof(err)), -ENOSPC);
	assert_string_equal(err, "cannot write: end: No space left on device");
	ft_writers_free(writers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_in_order),
		cmocka_unit_test(the_first_failure_counts),
		cmocka_unit_test(others_go_on),
		cmocka_unit_test(the_end_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
