/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key w: a new file, private, whole, where the calling user may write; never an old one. The
 * test works in a directory of its own; what only root can show (sudo) is shown when it is root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/column.h"
#include "json_read.h"
#include "moment.h"
#include "output/output.h"

#define NOBODY 65534

static char place[] = "/tmp/flowtop-snapshot-XXXXXX";
static char home[64];

/* One snapshot; the path is the caller's. */
static int write_one(const char *format, const char *observer, char **path, char *err, size_t size)
{
	static const struct ft_show show = { .layer = 3 };
	struct ft_output_config config = { .observer = observer, .lists = FT_ON_FLOWS,
					   .query = { .show = &show } };

	*err = '\0';
	*path = NULL;
	return ft_output_snapshot_file(ft_output_find(format), &config, moment(), path, err, size);
}

static void a_new_private_file(void **state)
{
	char *first, *second, err[256], wanted[256];
	struct stat st;

	(void)state;
	assert_int_equal(write_one("text", "router1", &first, err, sizeof(err)), 0);
	assert_int_equal(write_one("text", "router1", &second, err, sizeof(err)), 0);
	snprintf(wanted, sizeof(wanted), "%s/flowtop-router1-20261121T100000Z.txt", place);
	assert_string_equal(first, wanted);
	snprintf(wanted, sizeof(wanted), "%s/flowtop-router1-20261121T100000Z-2.txt", place);
	assert_string_equal(second, wanted);
	assert_int_equal(lstat(first, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_uid, getuid());
	unlink(first);
	unlink(second);
	free(first);
	free(second);
}

static void all_rows_of_the_moment(void **state)
{
	static char text[65536];
	char *path, err[256];
	const char *at = text;
	struct leaves records;
	unsigned flows = 0;
	FILE *file;

	(void)state;
	assert_int_equal(write_one("ndjson", "router1", &path, err, sizeof(err)), 0);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	while (*at) {
		assert_true(json_read(&at, &records));
		flows += !strcmp(leaf_text(&records, "type"), "flow");
		leaves_done(&records);
		assert_int_equal(*at++, '\n');
	}
	assert_int_equal(flows, MOMENT_ROWS);
	unlink(path);
	free(path);
}

/* Talkers that are grouped by something else than their host. */
static void talkers_as_they_are_grouped(void **state)
{
	static const struct {
		enum ft_group_by by;
		const char *word; /* NULL: absent */
		bool address;
		const char *path, *value; /* of one of them */
	} rows[] = {
		{ FT_GROUP_HOST, NULL, true, "talker.address", "192.0.2.7" },
		{ FT_GROUP_NET, "network", true, "talker.address", "192.0.2.0" },
		{ FT_GROUP_NET, "network", true, "talker.prefix_length", "24" },
		{ FT_GROUP_NET, "network", true, "talker.prefix_length", "64" },
		{ FT_GROUP_PORT, "port", false, "talker.port", "443" },
		{ FT_GROUP_PORT, "port", false, "talker.protocol_name", "gre" },
		{ FT_GROUP_PROTOCOL, "protocol", false, "talker.protocol", "47" },
		{ FT_GROUP_USER, "user", false, "talker.user", "alice" },
		{ FT_GROUP_USER, "user", false, "talker.uid", "1000" },
		{ FT_GROUP_USER, "user", false, "talker.owner", "kernel" },
		{ FT_GROUP_IFACE, "interface", false, "talker.interface", "br0" },
		{ FT_GROUP_VLAN, "vlan", false, "talker.vlan[0]", "100" },
		{ FT_GROUP_VLAN, "vlan", false, "talker.vlan[1]", "20" },
		{ FT_GROUP_PROCESS, "process", false, "talker.process.pid", "812" },
		{ FT_GROUP_PROCESS, "process", false, "talker.process.name", "curl" },
		{ FT_GROUP_PROCESS, "process", false, "talker.owner", "unknown" },
	};
	static const struct ft_show show = { .layer = 3 };
	static char text[65536];
	char *path, err[256], got[32];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ft_output_config config = {
			.observer = "router1", .lists = FT_ON_TALKERS,
			.query = { .show = &show, .group_by = rows[i].by },
		};
		const char *at = text;
		struct leaves records;
		unsigned talkers = 0, found = 0;
		FILE *file;

		print_message("row %zu: %s is %s\n", i, rows[i].path, rows[i].value);
		assert_int_equal(ft_output_snapshot_file(ft_output_find("ndjson"), &config, moment(),
							 &path, err, sizeof(err)), 0);
		file = fopen(path, "r");
		assert_non_null(file);
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
		unlink(path);
		free(path);
		for (; *at; at++) {
			const struct leaf *leaf;

			assert_true(json_read(&at, &records));
			if (!strcmp(leaf_text(&records, "type"), "talker")) {
				talkers++;
				leaf = leaf_find(&records, "talker.by");
				assert_int_equal(leaf != NULL, rows[i].word != NULL);
				if (leaf)
					assert_string_equal(leaf->text, rows[i].word);
				assert_int_equal(leaf_find(&records, "talker.address") != NULL,
						 rows[i].address);
				leaf = leaf_find(&records, rows[i].path);
				if (leaf && leaf->kind == 'n')
					snprintf(got, sizeof(got), "%llu",
						 (unsigned long long)leaf->number);
				found += leaf && !strcmp(leaf->kind == 'n' ? got : leaf->text,
							 rows[i].value);
			}
			leaves_done(&records);
		}
		assert_true(talkers > 0);
		assert_true(found > 0);
	}
}

static void a_host_name_is_no_path(void **state)
{
	char *path, err[256];

	(void)state;
	assert_int_equal(write_one("csv", "../a b/\x1b[31m", &path, err, sizeof(err)), 0);
	assert_string_equal(path + strlen(place), "/flowtop-.._a_b___31m-20261121T100000Z.csv");
	unlink(path);
	free(path);
}

static void no_link_is_followed(void **state)
{
	char *path, err[256], name[128], target[128];
	struct stat st;

	(void)state;
	snprintf(target, sizeof(target), "%s/target", place);
	snprintf(name, sizeof(name), "%s/flowtop-router1-20261121T100000Z.json", place);
	assert_int_equal(symlink(target, name), 0);
	assert_int_equal(write_one("json", "router1", &path, err, sizeof(err)), 0);
	assert_string_not_equal(path, name);
	assert_int_equal(stat(target, &st), -1);
	unlink(path);
	unlink(name);
	free(path);
}

/* As sudo leaves it: root, with the caller in the environment. */
static void under_sudo_it_is_the_callers(void **state)
{
	char *path, err[256];
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		return; /* for everybody else: a_new_private_file */
	setenv("SUDO_UID", "65534", 1);
	setenv("SUDO_GID", "65534", 1);
	/* Nobody may not write here, and nobody's home is no directory: a sentence, no file. */
	assert_true(write_one("text", "router1", &path, err, sizeof(err)) < 0);
	assert_null(path);
	assert_non_null(strstr(err, "cannot create a snapshot file"));
	assert_int_equal(chmod(place, 0777), 0);
	assert_int_equal(write_one("text", "router1", &path, err, sizeof(err)), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, NOBODY);
	assert_int_equal(st.st_gid, NOBODY);
	assert_int_equal(chmod(place, 0700), 0);
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	unlink(path);
	free(path);
	/* We are ourselves again. */
	assert_int_equal(write_one("text", "router1", &path, err, sizeof(err)), 0);
	unlink(path);
	free(path);
}

static void home_when_the_directory_is_gone(void **state)
{
	char *path, err[256], gone[128];

	(void)state;
	snprintf(gone, sizeof(gone), "%s/gone", place);
	assert_int_equal(mkdir(gone, 0700), 0);
	assert_int_equal(chdir(gone), 0);
	assert_int_equal(rmdir(gone), 0);
	assert_int_equal(write_one("text", "router1", &path, err, sizeof(err)), 0);
	assert_memory_equal(path, home, strlen(home));
	unlink(path);
	free(path);
	assert_int_equal(chdir(place), 0);
}

/* Where the folder is the root, or home is if we may not write there: one slash. */
static void the_root_has_a_slash_already(void **state)
{
	char *path, err[256];

	(void)state;
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(write_one("text", "router1", &path, err, sizeof(err)), 0);
	unlink(path);
	assert_int_equal(path[0], '/');
	assert_null(strstr(path, "//"));
	free(path);
	assert_int_equal(chdir(place), 0);
}

static int make_place(void **state)
{
	(void)state;
	if (!mkdtemp(place) || chdir(place) < 0)
		return -1;
	unsetenv("SUDO_UID");
	snprintf(home, sizeof(home), "%s/home", place);
	setenv("HOME", home, 1);
	return mkdir(home, 0700);
}

static int remove_place(void **state)
{
	(void)state;
	return rmdir(home) | chdir("/") | rmdir(place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_private_file),
		cmocka_unit_test(all_rows_of_the_moment),
		cmocka_unit_test(talkers_as_they_are_grouped),
		cmocka_unit_test(a_host_name_is_no_path),
		cmocka_unit_test(no_link_is_followed),
		cmocka_unit_test(under_sudo_it_is_the_callers),
		cmocka_unit_test(home_when_the_directory_is_gone),
		cmocka_unit_test(the_root_has_a_slash_already),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
