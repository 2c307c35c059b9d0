/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners by BPF, on sockets of our own: older ones, new ones, handed-on ones, of processes that are
 * gone, renamed or not of this family.
 */
#include <setjmp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "bpf/owner_abi.h"
#include "capture/owner_bpf.h"

static struct ft_owners *owners;
static struct ft_owner_bpf *source;
static struct ft_users users;
static int old_fd; /* a socket from before */

/* A process from before: has a socket, takes a new name when it is told to, ends at the next word. */
static struct {
	pid_t pid;
	int words, answers;
	uint64_t cookie;
} elder;

static uint64_t boot_ns(void)
{
	struct timespec real, boot;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return (uint64_t)(real.tv_sec - boot.tv_sec) * 1000000000 + (uint64_t)real.tv_nsec -
	       (uint64_t)boot.tv_nsec;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size), 0);
	return cookie;
}

/* Who owns it, as far as the kernel has told by now; NULL: nobody known. */
static const struct ft_process *owner_of(uint64_t cookie)
{
	ft_owner_bpf_drain(source);
	return ft_owners_process(owners, ft_owner_bpf_find(source, cookie));
}

static void assert_ours(const struct ft_process *process)
{
	assert_non_null(process);
	assert_int_equal(process->pid, getpid());
	assert_int_equal(process->ppid, getppid());
	assert_int_equal(process->uid, geteuid());
	assert_int_equal(process->gid, getegid());
	assert_true(strstr(process->exe, "test_owner_bpf") != NULL);
	assert_true(strstr(process->cmdline, "test_owner_bpf") != NULL);
	assert_true(process->netns > 0);
	assert_true(process->start_ns > 0);
}

static void start_elder(void)
{
	int words[2], answers[2];
	char word;

	assert_int_equal(pipe(words), 0);
	assert_int_equal(pipe(answers), 0);
	elder.pid = fork();
	if (elder.pid == 0) {
		uint64_t cookie = cookie_of(socket(AF_INET, SOCK_DGRAM, 0));

		close(words[1]);
		prctl(PR_SET_NAME, "ft elder");
		(void)!write(answers[1], &cookie, sizeof(cookie));
		(void)!read(words[0], &word, 1);
		prctl(PR_SET_NAME, "ft renamed");
		(void)!write(answers[1], &cookie, sizeof(cookie));
		(void)!read(words[0], &word, 1);
		_exit(0);
	}
	close(words[0]);
	close(answers[1]);
	elder.words = words[1];
	elder.answers = answers[0];
	assert_int_equal(read(elder.answers, &elder.cookie, 8), 8);
}

/* True once so many bytes are known of a socket; readings are not made all the time. */
static bool known_bytes(uint64_t cookie, uint64_t sent, uint64_t received)
{
	uint64_t s = 0, r = 0;

	for (int i = 0; i < 5000; i++) {
		ft_owner_bpf_read_bytes(source);
		ft_owner_bpf_drain(source);
		if (ft_owner_bpf_bytes(source, cookie, &s, &r) && s == sent && r == received)
			return true;
		usleep(1000);
	}
	print_message("%llu sent, %llu received\n", (unsigned long long)s, (unsigned long long)r);
	return false;
}

static void test_older(void **state)
{
	(void)state;
	assert_ours(owner_of(cookie_of(old_fd)));
	assert_true(ft_owner_bpf_complete(source));
}

/* What becomes of a process that had its socket before we came is told, too. */
static void test_elder(void **state)
{
	const struct ft_process *process = owner_of(elder.cookie);

	(void)state;
	assert_non_null(process);
	assert_int_equal(process->pid, elder.pid);
	assert_string_equal(process->name, "ft elder");
	assert_true(strstr(process->exe, "test_owner_bpf") != NULL);
	assert_true(strstr(process->cmdline, "test_owner_bpf") != NULL);
	assert_int_equal(write(elder.words, "r", 1), 1);
	assert_int_equal(read(elder.answers, &elder.cookie, 8), 8);
	process = owner_of(elder.cookie);
	assert_non_null(process);
	assert_string_equal(process->name, "ft renamed");
	assert_int_equal(process->exited_ns, 0);
	close(elder.words);
	assert_int_equal(waitpid(elder.pid, NULL, 0), elder.pid);
	process = owner_of(elder.cookie);
	assert_non_null(process);
	assert_string_equal(process->name, "ft renamed");
	assert_true(process->exited_ns > process->start_ns);
	close(elder.answers);
}

static void test_new(void **state)
{
	static const int kinds[][3] = {
		{ AF_INET, SOCK_STREAM, 0 }, { AF_INET6, SOCK_STREAM, 0 },
		{ AF_INET, SOCK_DGRAM, 0 }, { AF_INET, SOCK_RAW, 253 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int fd = socket(kinds[i][0], kinds[i][1], kinds[i][2]);

		assert_true(fd >= 0);
		assert_ours(owner_of(cookie_of(fd)));
		close(fd);
	}
}

/* Sockets that make no packets are none of ours. */
static void test_unix(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[0], "x", 1), 1);
	assert_null(owner_of(cookie_of(pair[0])));
	assert_int_equal(ft_owner_bpf_find(source, 0), FT_OWNER_UNKNOWN);
	assert_int_equal(ft_owner_bpf_find(NULL, 1), FT_OWNER_UNKNOWN);
	close(pair[0]);
	close(pair[1]);
}

/* A child uses our socket; then we do again. */
static void test_handed_on(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	const struct ft_process *process;
	char byte;
	pid_t pid;

	(void)state;
	assert_ours(owner_of(cookie_of(fd)));
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NAME, "ft child");
		(void)!recv(fd, &byte, 1, MSG_DONTWAIT);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	process = owner_of(cookie_of(fd));
	assert_non_null(process);
	assert_int_equal(process->pid, pid);
	assert_int_equal(process->ppid, getpid());
	assert_string_equal(process->name, "ft child");
	assert_true(process->exited_ns > 0);
	(void)!recv(fd, &byte, 1, MSG_DONTWAIT);
	assert_ours(owner_of(cookie_of(fd)));
	close(fd);
}

/* All is known of a process that was gone before anybody could look. */
static void test_short_life(void **state)
{
	const struct ft_process *process;
	uint64_t cookie = 0;
	int pipes[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		cookie = cookie_of(socket(AF_INET, SOCK_DGRAM, 0));
		(void)!write(pipes[1], &cookie, sizeof(cookie));
		_exit(0);
	}
	assert_int_equal(read(pipes[0], &cookie, sizeof(cookie)), sizeof(cookie));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	process = owner_of(cookie);
	assert_non_null(process);
	assert_int_equal(process->pid, pid);
	assert_int_equal(process->ppid, getpid());
	assert_true(strstr(process->cmdline, "test_owner_bpf") != NULL);
	assert_true(strstr(process->exe, "test_owner_bpf") != NULL);
	assert_true(process->exited_ns >= process->start_ns);
	close(pipes[0]);
	close(pipes[1]);
}

/* A new name makes a new record; a thread's is not the process'. */
static void test_names(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char before[16];

	(void)state;
	prctl(PR_GET_NAME, before);
	assert_string_equal(owner_of(cookie_of(fd))->name, before);
	prctl(PR_SET_NAME, "ft new name");
	assert_string_equal(owner_of(cookie_of(fd))->name, "ft new name");
	prctl(PR_SET_NAME, before);
	assert_string_equal(owner_of(cookie_of(fd))->name, before);
	close(fd);
}

/* What was written and read, to the byte: datagrams that are peeked at are read once. */
static void test_bytes(void **state)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int to = socket(AF_INET, SOCK_DGRAM, 0), from = socket(AF_INET, SOCK_DGRAM, 0);
	uint64_t cookie = cookie_of(to), sender = cookie_of(from), sent, received;
	socklen_t size = sizeof(name);
	char data[2000] = "";

	(void)state;
	if (!strstr(ft_owner_bpf_describe(source), "used,"))
		return; /* a kernel before 6.3 doesn't tell */
	assert_int_equal(bind(to, (struct sockaddr *)&name, size), 0);
	assert_int_equal(getsockname(to, (struct sockaddr *)&name, &size), 0);
	assert_int_equal(connect(from, (struct sockaddr *)&name, size), 0);
	ft_owner_bpf_drain(source);
	assert_false(ft_owner_bpf_bytes(source, cookie, &sent, &received));
	assert_int_equal(send(from, data, 1500, 0), 1500);
	assert_int_equal(write(from, data, 70), 70);
	assert_int_equal(recv(to, data, sizeof(data), MSG_PEEK), 1500);
	assert_int_equal(recv(to, data, sizeof(data), 0), 1500);
	assert_true(recv(to, data, sizeof(data), MSG_DONTWAIT) == 70);
	assert_true(recv(to, data, sizeof(data), MSG_DONTWAIT) < 0); /* an error is no bytes */
	assert_true(known_bytes(sender, 1570, 0));
	assert_true(known_bytes(cookie, 0, 1570));
	assert_ours(owner_of(cookie)); /* bytes don't make one forget whose it is */
	/* what comes last is told when it is closed */
	assert_int_equal(send(from, data, 30, 0), 30);
	close(from);
	close(to);
	assert_true(known_bytes(sender, 1600, 0));
	assert_ours(owner_of(sender));
	assert_false(ft_owner_bpf_bytes(source, 0, &sent, &received));
	assert_false(ft_owner_bpf_bytes(NULL, sender, &sent, &received));
}

/* A process that makes a socket and is gone. */
static void make_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(socket(AF_INET, SOCK_DGRAM, 0) < 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static bool is_readable(int fd, int timeout_ms)
{
	struct pollfd at = { .fd = fd, .events = POLLIN };

	return poll(&at, 1, timeout_ms) > 0;
}

/* Goes to sleep; the descriptor that ends that. */
static int doze(void)
{
	int fd = ft_owner_bpf_doze(source, true);

	assert_true(fd >= 0);
	do
		ft_owner_bpf_drain(source);
	while (is_readable(fd, 0));
	return fd;
}

/* Wakes who sleeps: a process that is new, once; and very much news, before it is too much. Nobody
 * else: other processes of this machine may come between, so that once is enough for that. */
static void test_doze(void **state)
{
	size_t made = 0, silent = 0;
	int fd = doze();

	(void)state;
	for (int round = 0; round < 3; round++) {
		make_process();
		assert_true(is_readable(fd, 10000));
		assert_true(ft_owner_bpf_drain(source));
	}
	/* A socket of a known process, and anything if we are awake. */
	for (int round = 0; round < 100 && silent < 2; round++) {
		fd = doze();
		close(socket(AF_INET, SOCK_DGRAM, 0));
		silent += !is_readable(fd, 0);
		assert_int_equal(ft_owner_bpf_doze(source, false), -1);
		make_process();
		silent += !is_readable(fd, 0);
		ft_owner_bpf_drain(source);
	}
	assert_true(silent >= 2);
	/* More than half of the ring's records, less than all. */
	fd = doze();
	while (!is_readable(fd, 0) && made < FT_OWNER_RING_BYTES / 56) {
		close(socket(AF_INET, SOCK_DGRAM, 0));
		made++;
	}
	assert_true(is_readable(fd, 10000));
	assert_int_equal(ft_owner_bpf_doze(source, false), -1);
	assert_int_equal(ft_owner_bpf_doze(NULL, true), -1);
	ft_owner_bpf_drain(source);
}

/* A new name that found no room in the ring is the process' all the same, and so is one after
 * that. */
static void test_lost_name(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint64_t cookie = cookie_of(fd);
	char before[16];

	(void)state;
	prctl(PR_GET_NAME, before);
	assert_string_equal(owner_of(cookie)->name, before);
	for (size_t i = 0; i < FT_OWNER_RING_BYTES / sizeof(struct ft_owner_socket); i++)
		close(socket(AF_INET, SOCK_DGRAM, 0));
	prctl(PR_SET_NAME, "ft lost name");
	assert_string_equal(owner_of(cookie)->name, "ft lost name");
	prctl(PR_SET_NAME, "ft next name");
	assert_string_equal(owner_of(cookie)->name, "ft next name");
	prctl(PR_SET_NAME, before);
	assert_ours(owner_of(cookie));
	close(fd);
}

static void count_report(void *arg, const char *name, int result, const char *why)
{
	unsigned int *count = arg;

	assert_true(name[0] && why[0]);
	assert_true(result <= 0);
	++*count;
}

static void test_probe(void **state)
{
	unsigned int count = 0;

	(void)state;
	ft_owner_bpf_probe_all(count_report, &count);
	assert_true(count >= 5);
	assert_true(strncmp(ft_owner_bpf_describe(source), "BPF (", 5) == 0);
	assert_non_null(ft_owner_bpf_maps(source));
	assert_null(ft_owner_bpf_maps(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_older), cmocka_unit_test(test_elder),
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_unix), cmocka_unit_test(test_handed_on),
		cmocka_unit_test(test_short_life), cmocka_unit_test(test_names),
		cmocka_unit_test(test_bytes), cmocka_unit_test(test_doze),
		cmocka_unit_test(test_lost_name), cmocka_unit_test(test_probe),
	};
	int failed;

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	old_fd = socket(AF_INET, SOCK_DGRAM, 0);
	start_elder();
	owners = ft_owners_new();
	source = ft_owner_bpf_new(owners, boot_ns(), &users);
	if (!source) {
		printf("1..0 # SKIP needs root with CAP_BPF\n");
		return 0;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ft_owner_bpf_free(source);
	ft_users_done(&users);
	ft_owners_free(owners);
	return failed;
}
