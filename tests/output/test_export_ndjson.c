/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records into files and FIFOs: what is written, what is never overwritten, what a full disk does. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "moment.h"
#include "output/exporters.h"

static char folder[64], path[96], target[128];
static const struct ft_show show;

static struct ft_output_config config_for(const char *url)
{
	return (struct ft_output_config){ .observer = "here", .target = url,
					  .lists = 1U << FT_LIST_FLOWS, .query = { .show = &show } };
}

/* What -o ndjson prints of the moment; caller frees. */
static char *expected(size_t *ret_size)
{
	struct ft_output_config config = config_for(NULL);
	const struct ft_output_ops *ops = ft_output_find("ndjson");
	struct ft_output *output;
	char err[128], *text;

	config.stream = open_memstream(&text, ret_size);
	assert_int_equal(ops->open(&config, &output, err, sizeof(err)), 0);
	assert_int_equal(ops->write(output, moment()), 0);
	assert_int_equal(ops->close(output), 0);
	fclose(config.stream);
	return text;
}

/* Opens an exporter to the path. */
static int open_export(struct ft_output **ret_output, char err[256])
{
	struct ft_output_config config;

	snprintf(target, sizeof(target), "ndjson://%s", path);
	config = config_for(target);
	return ft_exporter_find(target)->ops->open(&config, ret_output, err, 256);
}

/* The file holds the moment so many times, and nothing else. */
static void expect_file(unsigned times)
{
	size_t size;
	char *text = expected(&size), *got = calloc(1, size * times + 2);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(got, 1, size * times + 1, file), size * times);
	for (unsigned i = 0; i < times; i++)
		assert_memory_equal(got + i * size, text, size);
	fclose(file);
	free(got);
	free(text);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/flowtop-ndjson-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/records", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void test_file(void **state)
{
	struct ft_output *output, *second = NULL;
	struct stat there;
	char err[256] = "";

	(void)state;
	assert_int_equal(open_export(&output, err), 0);
	assert_int_equal(stat(path, &there), 0);
	assert_int_equal(there.st_mode & 07777, 0600);
	assert_int_equal(open_export(&second, err), -EEXIST);
	assert_null(second);
	assert_non_null(strstr(err, path));
	for (int i = 0; i < 3; i++)
		assert_int_equal(output->ops->write(output, moment()), 0);
	assert_string_equal(output->remark, "");
	assert_int_equal(output->ops->close(output), 0);
	expect_file(3);
}

/* A link is no new file, wherever it leads. */
static void test_link(void **state)
{
	struct ft_output *output = NULL;
	char err[256] = "", elsewhere[128];

	(void)state;
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", folder);
	assert_int_equal(symlink(elsewhere, path), 0);
	assert_int_equal(open_export(&output, err), -EEXIST);
	assert_null(output);
	assert_int_equal(access(elsewhere, F_OK), -1);
}

/* As on a full disk: intervals are lost whole, counted, and later ones are written again. */
static void test_full(void **state)
{
	struct rlimit old, limit;
	struct ft_output *output;
	char err[256] = "";
	size_t size;
	int ret;

	(void)state;
	free(expected(&size));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(open_export(&output, err), 0);
	assert_int_equal(output->ops->write(output, moment()), 0);
	limit = old;
	limit.rlim_cur = size + size / 2;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ret = output->ops->write(output, moment());
	if (ret == 0)
		ret = 1;
	(void)output->ops->write(output, moment());
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(ret, -EFBIG);
	assert_string_equal(output->remark, "File too large; intervals lost: 2");
	expect_file(1);
	assert_int_equal(output->ops->write(output, moment()), 0);
	assert_string_equal(output->remark, "intervals lost: 2");
	assert_int_equal(output->ops->close(output), 0);
	expect_file(2);
}

/* Removed while it is written, with its directory: said, each time, and counted. */
static void test_removed(void **state)
{
	struct ft_output *output;
	char err[256] = "";

	(void)state;
	assert_int_equal(open_export(&output, err), 0);
	assert_int_equal(output->ops->write(output, moment()), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(output->ops->write(output, moment()), -ESTALE);
	assert_string_equal(output->remark, "the file was removed; intervals lost: 2");
	assert_int_equal(output->ops->close(output), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
}

/* Nobody reads, then somebody does, then goes. */
static void test_fifo(void **state)
{
	struct ft_snapshot last = *moment();
	struct ft_output *output;
	char err[256] = "", *text, *got;
	size_t size, used = 0;
	ssize_t n;
	int reader;

	(void)state;
	last.last = true; /* for a try at once */
	text = expected(&size);
	free(text);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(open_export(&output, err), 0);
	assert_int_equal(output->ops->write(output, moment()), -ENXIO);
	assert_non_null(strstr(output->remark, "intervals lost: 1"));
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	assert_int_equal(fcntl(reader, F_SETPIPE_SZ, 1 << 20) > 0, 1);
	assert_int_equal(output->ops->write(output, &last), 0);
	got = calloc(1, size * 2);
	while ((n = read(reader, got + used, size * 2 - used)) > 0)
		used += (size_t)n;
	assert_true(used > size / 2 && got[used - 1] == '\n');
	assert_int_equal(strncmp(got, "{\"type\":\"flow\"", 14), 0);
	close(reader);
	assert_int_equal(output->ops->write(output, &last), -EPIPE);
	assert_int_equal(output->ops->close(output), 0);
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_fifo, set_up, tear_down),
	};

	signal(SIGPIPE, SIG_IGN); /* as the program does */
	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
