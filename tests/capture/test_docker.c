/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is asked of Docker's daemon and what is taken from its answers: the parser of HTTP on whole
 * answers, on every begin of them and on broken ones; and the way to a daemon made here, which
 * keeps its connection, ends it, hangs, drips, sends garbage or without end.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "capture/docker.h"
#include "capture/http_answer.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define JSON "{\"Id\":\"x\",\"Name\":\"/web\",\"Config\":{\"Image\":\"nginx:1.25\",\"Labels\":" \
	     "{\"io.kubernetes.pod.name\":\"p\"}}}"

/* ---- HTTP */

static const struct {
	const char *text;
	bool closed;
	int ret;
	unsigned status;
	const char *body; /* joined */
	bool closes;
} answers[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcd", false, 1, 200, "ab", false },
	{ "HTTP/1.1 200 OK\ncontent-length:2\n\nab", false, 1, 200, "ab", false },
	{ "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false, 1, 404, "", false },
	{ "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", false, 1, 200, "a",
	  true },
	{ "HTTP/1.0 200 OK\r\n\r\nabc", true, 1, 200, "abc", true },
	{ "HTTP/1.0 200 OK\r\n\r\nabc", false, 0, 0, NULL, false },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n",
	  false, 1, 200, "abc", false },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
	  false, 1, 200, "0123456789", false },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n", false, 0, 0,
	  NULL, false },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", false,
	  -EBADMSG, 0, NULL, false },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", false, -EBADMSG, 0, NULL,
	  false },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", false,
	  -EBADMSG, 0, NULL, false },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\na", false, -EBADMSG, 0,
	  NULL, false },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\na", false, 0, 0, NULL,
	  false },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", false, -EBADMSG, 0,
	  NULL, false },
	{ "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", false, -EBADMSG, 0, NULL, false },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", false, 0, 0, NULL, false },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", true, -EBADMSG, 0, NULL, false },
	{ "HTTP/1.1 200 OK\r\nContent-Le", true, -EBADMSG, 0, NULL, false },
	{ "HTTP/2 200\r\n\r\n", false, -EBADMSG, 0, NULL, false },
	{ "HTTP/1.1 999 ?\r\n\r\n", false, -EBADMSG, 0, NULL, false },
	{ "SSH-2.0-OpenSSH_9.2\r\n", false, -EBADMSG, 0, NULL, false },
	{ "", false, 0, 0, NULL, false },
	{ "", true, -EBADMSG, 0, NULL, false },
};

static void test_http(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		size_t length = strlen(answers[i].text);
		char *text = malloc(length ? length : 1); /* exactly: a sanitizer sees one more */
		struct ft_http_answer answer = { 0 };
		int ret;

		memcpy(text, answers[i].text, length);
		ret = ft_http_answer_parse(text, length, answers[i].closed, &answer);
		if (ret != answers[i].ret || answer.status != answers[i].status ||
		    answer.closes != answers[i].closes)
			fail_msg("%s: %d %u", answers[i].text, ret, answer.status);
		if (ret == 1) {
			if (answer.chunked)
				answer.length = ft_http_answer_join(text + answer.body,
								    answer.length);
			assert_int_equal(answer.length, strlen(answers[i].body));
			assert_memory_equal(text + answer.body, answers[i].body, answer.length);
		}
		free(text);
	}
}

/* No begin of an answer is taken for a whole one, and none is refused. */
static void test_http_begins(void **state)
{
	(void)state;
	for (size_t i = 0; i < 8; i++) {
		size_t length = strlen(answers[i].text), whole = length;

		if (answers[i].ret != 1 || answers[i].closed)
			continue;
		while (whole > 0 && answers[i].body[0] && i == 0 && whole > length - 2)
			whole--; /* what lies behind the first one's body */
		for (size_t cut = 0; cut < whole; cut++) {
			char *text = malloc(cut ? cut : 1);
			struct ft_http_answer answer;

			memcpy(text, answers[i].text, cut);
			if (ft_http_answer_parse(text, cut, false, &answer) != 0)
				fail_msg("%zu of %s", cut, answers[i].text);
			free(text);
		}
	}
	/* headers without end */
	char *text = malloc(40000);
	struct ft_http_answer answer;

	memset(text, 'x', 40000);
	memcpy(text, "HTTP/1.1 200 OK\r\n", 17);
	assert_int_equal(ft_http_answer_parse(text, 40000, false, &answer), -EBADMSG);
	free(text);
}

/* ---- a daemon */

enum way { KEEP, CLOSE, OLD_CLOSE, CHUNKS, NOT_FOUND, GARBAGE, HUGE_ONE, HANG, DRIP, HANG_UP, WAYS };

static struct {
	char path[64];
	int listener;
	pthread_t thread;
	_Atomic enum way way;
	atomic_uint connections, questions, strange;
	atomic_bool stop;
	atomic_int served; /* the connection, -1 = none */
} daemon_of;

static void say(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Says more than anybody may want to hear. */
static void say_without_end(int fd)
{
	static char block[65536];

	memset(block, ' ', sizeof(block));
	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
	for (int i = 0; i < 64; i++)
		if (send(fd, block, sizeof(block), MSG_NOSIGNAL) < 0)
			return;
}

/* A byte now and then, never the last one. */
static void drip(int fd)
{
	struct timespec wait = { 0, 50000000 };

	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
	while (!daemon_of.stop && send(fd, " ", 1, MSG_NOSIGNAL) == 1)
		nanosleep(&wait, NULL);
}

/* Answers; false: the connection ends. */
static bool answer(int fd)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
	char text[1024];
	size_t half = sizeof(JSON) / 2, rest = sizeof(JSON) - 1 - half;
	enum way way = daemon_of.way; /* once: with the answer the test goes on to the next one */

	switch (way) {
	case KEEP:
	case CLOSE:
		snprintf(text, sizeof(text), "%sContent-Length: %zu\r\n\r\n%s", head,
			 sizeof(JSON) - 1, JSON);
		say(fd, text);
		return way == KEEP;
	case OLD_CLOSE:
		say(fd, "HTTP/1.0 200 OK\r\n\r\n" JSON);
		return false;
	case CHUNKS:
		snprintf(text, sizeof(text),
			 "%sTransfer-Encoding: chunked\r\n\r\n%zx\r\n%.*s\r\n%zx\r\n%s\r\n0\r\n\r\n",
			 head, half, (int)half, JSON, rest, JSON + half);
		say(fd, text);
		return true;
	case NOT_FOUND:
		say(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 14\r\n\r\n{\"message\":1}\n");
		return true;
	case GARBAGE:
		say(fd, "\001\002\003 what?\r\n\r\n");
		return true;
	case HUGE_ONE:
		say_without_end(fd);
		return false;
	case DRIP:
		drip(fd);
		return false;
	case HANG_UP:
		return false;
	case HANG:
	case WAYS:
	default:
		return true;
	}
}

/* Serves one connection after the other. */
static void *serve(void *arg)
{
	int fd;

	while ((fd = accept4(daemon_of.listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		static const char want[] = "GET /containers/" ID "/json HTTP/1.1\r\n";
		char text[1024];
		ssize_t got;

		daemon_of.connections++;
		daemon_of.served = fd;
		while ((got = recv(fd, text, sizeof(text), 0)) > 0) {
			daemon_of.questions++;
			if ((size_t)got < sizeof(want) - 1 ||
			    memcmp(text, want, sizeof(want) - 1) != 0)
				daemon_of.strange++;
			if (!answer(fd))
				break;
		}
		daemon_of.served = -1;
		close(fd);
	}
	return arg;
}

static int start_daemon(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)state;
	daemon_of.served = -1;
	snprintf(daemon_of.path, sizeof(daemon_of.path), "/tmp/ft-docker.%d", (int)getpid());
	unlink(daemon_of.path);
	strcpy(address.sun_path, daemon_of.path);
	daemon_of.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(daemon_of.listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(daemon_of.listener, 8), 0);
	return pthread_create(&daemon_of.thread, NULL, serve, NULL);
}

static int stop_daemon(void **state)
{
	(void)state;
	daemon_of.stop = true;
	shutdown(daemon_of.listener, SHUT_RDWR);
	shutdown(daemon_of.served, SHUT_RDWR); /* of a test that failed */
	pthread_join(daemon_of.thread, NULL);
	close(daemon_of.listener);
	unlink(daemon_of.path);
	return 0;
}

static struct ft_docker *open_it(void)
{
	struct ft_docker *docker = NULL;
	char err[256];

	assert_int_equal(ft_docker_open(daemon_of.path, &docker, err, sizeof(err)), 0);
	return docker;
}

/* Each way of answering, twice: what is said of a connection holds for the next one. */
static void test_ask(void **state)
{
	static const struct {
		enum way way;
		int ret;
	} rows[] = {
		{ KEEP, 0 }, { CLOSE, 0 }, { OLD_CLOSE, 0 }, { CHUNKS, 0 },
		{ NOT_FOUND, -ENOENT }, { GARBAGE, -EBADMSG }, { HUGE_ONE, -EMSGSIZE },
		{ HANG_UP, -EBADMSG },
	};
	struct ft_docker *docker = open_it();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		daemon_of.way = rows[i].way;
		for (int round = 0; round < 2; round++) {
			struct ft_container container = { 0 };
			int ret = ft_docker_ask(docker, ID, &container);

			if (ret != rows[i].ret)
				fail_msg("way %d: %s", rows[i].way, strerror(-ret));
			assert_string_equal(container.name, ret ? "" : "web");
			assert_string_equal(container.image, ret ? "" : "nginx:1.25");
			assert_string_equal(container.pod, ret ? "" : "p");
		}
	}
	assert_int_equal(daemon_of.strange, 0);
	ft_docker_close(docker);
}

/* A connection that is kept is used again: it is all that is left after rights are given up. */
static void test_kept(void **state)
{
	struct ft_docker *docker = open_it();
	struct ft_container container = { 0 };
	unsigned before;

	(void)state;
	daemon_of.way = KEEP;
	assert_int_equal(ft_docker_ask(docker, ID, &container), 0);
	before = daemon_of.connections;
	assert_int_equal(chmod(daemon_of.path, 0), 0);
	for (int i = 0; i < 5; i++) {
		memset(&container, 0, sizeof(container));
		daemon_of.way = i % 2 ? KEEP : CHUNKS;
		assert_int_equal(ft_docker_ask(docker, ID, &container), 0);
		assert_string_equal(container.name, "web");
	}
	assert_int_equal(daemon_of.connections, before);
	assert_int_equal(chmod(daemon_of.path, 0600), 0);
	ft_docker_close(docker);
}

/* One that says nothing, or never comes to an end, costs two seconds. */
static void test_slow(void **state)
{
	static const enum way ways[] = { HANG, DRIP };

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct ft_docker *docker = open_it();
		struct ft_container container = { 0 };

		daemon_of.way = ways[i];
		assert_int_equal(ft_docker_ask(docker, ID, &container), -ETIMEDOUT);
		daemon_of.way = KEEP;
		ft_docker_close(docker);
	}
}

/* Nothing but an id is ever put into a question. */
static void test_ids(void **state)
{
	static const char *const ids[] = { "", "web", ID "0", "../../info",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde/" };
	struct ft_docker *docker = open_it();
	struct ft_container container = { 0 };
	unsigned before = daemon_of.questions;

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_int_equal(ft_docker_ask(docker, ids[i], &container), -EINVAL);
	assert_int_equal(daemon_of.questions, before);
	ft_docker_close(docker);
}

static void test_open(void **state)
{
	struct ft_docker *docker = NULL;
	char longest[300], err[256];

	(void)state;
	assert_int_equal(ft_docker_open("/nonexistent/docker.sock", &docker, err, sizeof(err)),
			 -ENOENT);
	assert_non_null(strstr(err, "/nonexistent/docker.sock"));
	assert_int_equal(ft_docker_open("/proc/self/status", &docker, err, sizeof(err)), -ENOTSOCK);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(ft_docker_open(longest, &docker, err, sizeof(err)), -ENAMETOOLONG);
	assert_null(docker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_http_begins),
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_open),
	};

	return cmocka_run_group_tests(tests, start_daemon, stop_daemon);
}
