/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What confine.h promises holds from inside: each check applies a part in a child process and
 * then tries what must fail, and what must still work. Where the kernel or the build has not got
 * a part, it has to say so, and why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "confine.h"

static char dir[64], inside[96];

/* Runs a check in a child in which a part was applied; its exit status is the line that failed, 0
 * if none did. */
static int in_child(enum ft_confine_part part, const struct ft_confine_plan *plan,
		    int (*check)(void))
{
	char why[128];
	int status;
	pid_t child;

	child = fork();
	if (child == 0)
		_exit(ft_confine_apply(part, plan, why, sizeof(why)) == 0 ? check() : 255);
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* True if the part is here; else it has said why not. */
static bool is_here(enum ft_confine_part part)
{
	char why[128];

	if (ft_confine_try(part, why, sizeof(why)) == 0)
		return true;
	assert_true(strlen(why) > 0);
	print_message("%s: %s\n", ft_confine_name(part), why);
	return false;
}

#define CHECK(what)                                                                             \
	do {                                                                                    \
		if (!(what))                                                                    \
			return __LINE__ % 250 + 1;                                              \
	} while (0)

static void *add_one(void *arg)
{
	*(int *)arg += 1;
	return NULL;
}

/* Calls: programs, processes, namespaces, keys and foreign sockets are refused. */
static int check_calls(void)
{
	char *const words[] = { (char *)(uintptr_t)"true", NULL };
	char key = 'x';
	pthread_t thread;
	int fd, value = 1;

	CHECK(execv("/bin/true", words) < 0 && errno == EPERM);
	CHECK(SANITIZED || (fork() < 0 && errno == EPERM));
	CHECK(unshare(CLONE_NEWNS) < 0 && errno == EPERM);
	CHECK(SANITIZED || (syscall(SYS_ptrace, 0, 0, 0, 0) < 0 && errno == EPERM));
	CHECK(syscall(SYS_mount, "a", "/", "b", 0, NULL) < 0 && errno == EPERM);
	CHECK(setuid(12345) < 0 && errno == EPERM);
	CHECK(syscall(SYS_finit_module, -1, "", 0) < 0 && errno == EPERM);
	CHECK(ioctl(STDIN_FILENO, TIOCSTI, &key) < 0 && errno == EPERM);
	CHECK(syscall(SYS_ioctl, STDIN_FILENO, 1UL << 40 | TIOCSTI, &key) < 0 && errno == EPERM);
	CHECK(socket(AF_ALG, SOCK_SEQPACKET, 0) < 0 && errno == EAFNOSUPPORT);
	CHECK(socket(AF_VSOCK, SOCK_STREAM, 0) < 0 && errno == EAFNOSUPPORT);
	/* and this works as before */
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0);
	CHECK(close(fd) == 0);
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && read(fd, &key, 1) == 1);
	CHECK(pthread_create(&thread, NULL, add_one, &value) == 0);
	CHECK(pthread_join(thread, NULL) == 0 && value == 2);
	CHECK(kill(getpid(), 0) == 0);
	return 0;
}

static void test_calls(void **state)
{
	static const struct ft_confine_plan plan = { .live = true };

	(void)state;
	if (is_here(FT_CONFINE_CALLS))
		assert_int_equal(in_child(FT_CONFINE_CALLS, &plan, check_calls), 0);
}

/* The thread that reads: refused is what changes a file, by the call and by what open is asked for;
 * reading goes on, also of what Landlock would hide. 0 or where it failed. */
static void *read_only(void *arg)
{
	static const int refused[] = {
		O_WRONLY, O_RDWR, O_ACCMODE, O_RDONLY | O_CREAT, O_RDONLY | O_TRUNC,
		O_WRONLY | O_CREAT | O_EXCL,
	};
	char path[160], other[160], text[64];
	int *ret = arg, fd;

	snprintf(path, sizeof(path), "%s/old", inside);
	snprintf(other, sizeof(other), "%s/other", inside);
	*ret = __LINE__;
	if (ft_confine_reader(text, sizeof(text)) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		*ret = 10000 + (int)i;
		if (open(path, refused[i] | O_CLOEXEC, 0600) >= 0 || errno != EACCES)
			return NULL;
	}
	*ret = __LINE__;
	if (unlink(path) == 0 || rename(path, other) == 0 || mkdir(other, 0700) == 0 ||
	    truncate(path, 0) == 0 || chmod(path, 0) == 0 || link(path, other) == 0 ||
	    symlink(path, other) == 0)
		return NULL;
	*ret = __LINE__;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, 1) != 1 || close(fd) < 0)
		return NULL;
	*ret = __LINE__;
	snprintf(path, sizeof(path), "/proc/%d/fd/0", (int)getppid());
	if (readlink(path, text, sizeof(text)) <= 0)
		return NULL;
	*ret = 0;
	return NULL;
}

/* That thread alone: this one goes on writing. */
static int check_reader(void)
{
	char path[160];
	pthread_t thread;
	int ret = 0, fd;

	snprintf(path, sizeof(path), "%s/old", inside);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, "a", 1) == 1 && close(fd) == 0);
	CHECK(pthread_create(&thread, NULL, read_only, &ret) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	if (ret != 0)
		fprintf(stderr, "# the reader failed at %d\n", ret);
	CHECK(ret == 0);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0 && close(fd) == 0 && unlink(path) == 0);
	return 0;
}

static void test_reader(void **state)
{
	static const struct ft_confine_plan plan = { .live = true };

	(void)state;
	if (is_here(FT_CONFINE_CALLS))
		assert_int_equal(in_child(FT_CONFINE_CALLS, &plan, check_reader), 0);
}

/* Files: only the place can be written to. */
static int check_files(void)
{
	char *const words[] = { (char *)(uintptr_t)"true", NULL };
	char path[160], byte;
	int fd;

	snprintf(path, sizeof(path), "%s/new", dir);
	CHECK(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 && errno == EACCES);
	snprintf(path, sizeof(path), "%s/old", dir);
	CHECK(open(path, O_WRONLY | O_CLOEXEC) < 0 && errno == EACCES);
	CHECK(unlink(path) < 0 && errno == EACCES);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && read(fd, &byte, 1) == 1);
	CHECK(execv("/proc/self/exe", words) < 0 && errno == EACCES);
	snprintf(path, sizeof(path), "%s/new", inside);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, "a", 1) == 1);
	CHECK(unlink(path) == 0);
	CHECK(open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0);
	return 0;
}

static void test_files(void **state)
{
	const char *places[] = { inside, "", NULL, "/nowhere/at/all" };
	struct ft_confine_plan plan = { .live = true, .places = places, .place_count = 4 };

	(void)state;
	if (is_here(FT_CONFINE_FILES))
		assert_int_equal(in_child(FT_CONFINE_FILES, &plan, check_files), 0);
}

/* The set of effective capabilities. */
static unsigned long long effective(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long long set = ~0ULL;
	char line[256];

	while (status && fgets(line, sizeof(line), status))
		if (!strncmp(line, "CapEff:", 7))
			set = strtoull(line + 7, NULL, 16);
	if (status)
		fclose(status);
	return set;
}

/* All that the table names. */
static unsigned long long named(void)
{
	unsigned long long set = 0;

	for (size_t i = 0; i < ft_right_count; i++)
		set |= 1ULL << ft_rights[i].bit;
	return set;
}

/* What was there before, for the children. */
static unsigned long long before;

static int check_live(void)
{
	CHECK(effective() == (before & named()));
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	return 0;
}

static int check_file_mode(void)
{
	CHECK(effective() == 0);
	return 0;
}

/* Root by sudo ends; files are the caller's from then on. */
static int check_sudo(void)
{
	char path[160];
	struct stat st;
	int fd;

	CHECK(getuid() == 12321 && geteuid() == 12321 && getgid() == 23432);
	CHECK(effective() == (before & named()));
	CHECK(setuid(0) < 0);
	snprintf(path, sizeof(path), "%s/theirs", inside);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && fstat(fd, &st) == 0);
	CHECK(st.st_uid == 12321 && st.st_gid == 23432);
	CHECK(unlink(path) == 0);
	return 0;
}

static void test_rights(void **state)
{
	static const struct ft_confine_plan live = { .live = true }, file = { .live = false };

	(void)state;
	unsetenv("SUDO_UID");
	before = effective();
	if (!is_here(FT_CONFINE_RIGHTS))
		return;
	assert_int_equal(in_child(FT_CONFINE_RIGHTS, &live, check_live), 0);
	assert_int_equal(in_child(FT_CONFINE_RIGHTS, &file, check_file_mode), 0);
	if (geteuid() != 0)
		return;
	setenv("SUDO_UID", "12321", 1);
	setenv("SUDO_GID", "23432", 1);
	assert_int_equal(in_child(FT_CONFINE_RIGHTS, &live, check_sudo), 0);
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
}

/* All of it: the remark is empty, or names each part that is not here. */
static void test_all(void **state)
{
	char remark[256] = "x", why[128];
	struct ft_confine_plan plan = { .live = true };
	bool all = true;
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		ft_confine(&plan, ~0U, 0, remark, sizeof(remark));
		_exit(remark[0] != '\0');
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	for (int i = 0; i < FT_CONFINE_PARTS; i++)
		all &= ft_confine_try((enum ft_confine_part)i, why, sizeof(why)) == 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), all ? 0 : 1);
	/* What is only tried is told as well, and leaves us as we were. */
	ft_confine(&plan, 0, ~0U, remark, sizeof(remark));
	assert_int_equal(remark[0] != '\0', !all);
	assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	ft_confine(&plan, 0, 0, remark, sizeof(remark));
	assert_string_equal(remark, "");
}

static int make_files(void **state)
{
	char path[160];
	int fd;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/flowtop-confine-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(inside, sizeof(inside), "%s/inside", dir);
	snprintf(path, sizeof(path), "%s/old", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "a", 1) != 1 || close(fd) < 0)
		return -1;
	return mkdir(inside, 0700) || chmod(dir, 0755) || chmod(inside, 0777);
}

static int remove_files(void **state)
{
	char path[160];

	(void)state;
	snprintf(path, sizeof(path), "%s/old", dir);
	return unlink(path) || rmdir(inside) || rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
