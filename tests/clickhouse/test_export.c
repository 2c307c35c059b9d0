/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --export clickhouse:// against a server of the test's own, a thread on loopback, that misbehaves by
 * script: it takes rows and closes without an answer, closes without taking them, says no, says nothing.
 * Whatever it does, each row arrives once, or is counted as lost.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "clickhouse/clickhouse.h"
#include "clickhouse/schema.h"
#include "core/xalloc.h"
#include "tests/output/moment.h"

#define SECOND 1000000000ULL
#define CONNECTIONS 16
#define REQUEST_MAX (16U << 20)
#define PATIENCE 1200 /* intervals in which something has to be said */
#define LATE_S 12 /* longer than is waited for an answer at first */

/* What it does with the next INSERT; '.' for all others. */
enum manner {
	TAKE = '.',       /* as it should */
	MUTE = 'm',       /* takes the rows, closes without an answer */
	DEAF = 'd',       /* closes when it has read them, takes nothing */
	REFUSE = 'r',     /* says no */
	WEB = 'w',        /* is a web server that doesn't know the request */
	PAGE = 'p',       /* is one that has a page for every request */
	WORDS = 'o',      /* is something that refuses in plain words */
	BELOW = 'b',      /* is a ClickHouse server below which something failed */
	LENGTH = 'n',     /* says no at length */
	SILENT = 's',     /* takes nothing, says nothing, keeps the connection */
	LATE = 'l',       /* is at it for LATE_S, takes it if the other end is still there */
};

/* Never on a stack: the thread of a test that failed goes on, and would serve the next test's. */
struct server {
	pthread_t thread;
	int listener;
	uint16_t port;
	atomic_bool stop;
	atomic_uint intervals; /* rows of them, so far */
	/* the thread's, until it is joined */
	const char *script;
	bool there;         /* what it answers if it is asked for the last part */
	unsigned asked;     /* times that it was */
	unsigned rows[FT_CH_TABLES];
	unsigned inserts, tables;
	unsigned torn;      /* INSERTs of less than whole rows, or of intervals that lack some */
	bool strange;       /* its tables are others' */
	char login[64];     /* of the last request */
	struct connection {
		int fd;
		char *data;
		size_t used;
	} connection[CONNECTIONS];
};

static void reply(int fd, const char *status, const char *body, size_t size)
{
	char *head = xasprintf("HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", status, size);

	(void)!write(fd, head, strlen(head));
	(void)!write(fd, body, size);
	free(head);
}

/* What a health line has no room for in full, and what it has room for. */
#define LONG_NO                                                                              \
	"Table is in readonly mode since its session with the coordination service which it " \
	"tells of its parts has ended, and will not be made"
#define LENGTHY "Code: 242. DB::Exception: " LONG_NO " anew until somebody restarts it"

static void say(int fd, const char *body)
{
	reply(fd, "200 OK", body, strlen(body));
}

/* All columns of all tables. */
static void say_columns(const struct server *server, int fd)
{
	struct ft_sql rows = { NULL };

	for (int t = 0; t < FT_CH_TABLES; t++)
		for (size_t i = 0; i < ft_ch_tables[t].count; i++) {
			ft_tsv_text(&rows, ft_ch_tables[t].name);
			ft_tsv_next(&rows, false);
			ft_tsv_text(&rows, server->strange ? "strange" :
						     ft_ch_tables[t].columns[i].name);
			ft_tsv_next(&rows, false);
			ft_tsv_text(&rows, ft_ch_tables[t].columns[i].type);
			ft_tsv_next(&rows, true);
		}
	reply(fd, "200 OK", rows.data, rows.used);
	ft_sql_done(&rows);
}

/* Rows of an INSERT. */
static void count_rows(struct server *server, const char *body, size_t size)
{
	const unsigned traffic = server->rows[FT_CH_TRAFFIC];
	const char *rows = strchr(body, '\n');

	assert_non_null(rows);
	for (int t = 0; t < FT_CH_TABLES; t++) {
		char *start = xasprintf("INSERT INTO `flows`.%s (", ft_ch_tables[t].name);

		if (strncmp(body, start, strlen(start)) == 0)
			for (const char *at = rows + 1; (at = strchr(at, '\n')); at++) {
				server->rows[t]++;
				server->intervals += t == FT_CH_INTERVALS;
			}
		free(start);
	}
	if (strlen(body) != size || body[size - 1] != '\n' ||
	    (server->rows[FT_CH_TRAFFIC] - traffic) % MOMENT_PRINTED)
		server->torn++;
}

/* Waits for LATE_S; true if nobody has closed the connection meanwhile. */
static bool wait_late(int fd)
{
	struct pollfd other = { .fd = fd, .events = POLLIN };

	return poll(&other, 1, LATE_S * 1000) == 0;
}

/* An INSERT, by the script; false: the connection is closed. */
static bool insert(struct server *server, int fd, const char *body, size_t size)
{
	char manner = *server->script ? *server->script++ : TAKE;

	server->inserts++;
	if (manner == LATE)
		manner = wait_late(fd) ? TAKE : DEAF;
	if (manner == TAKE || manner == MUTE)
		count_rows(server, body, size);
	server->there = manner == TAKE || manner == MUTE; /* an answer may come too late */
	if (manner == TAKE)
		say(fd, "");
	else if (manner == REFUSE)
		reply(fd, "500 Internal Server Error", "Code: 252, e.displayText() = DB::Exception: "
						       "Too many parts, e.what() = DB::Exception", 84);
	else if (manner == WEB)
		reply(fd, "501 Unsupported method", "<!DOCTYPE HTML>\n<html></html>\n", 30);
	else if (manner == PAGE)
		reply(fd, "200 OK\r\nContent-Type: text/html; charset=utf-8", "It works!\n", 10);
	else if (manner == WORDS)
		reply(fd, "502 Bad Gateway", "nobody\n", 7);
	else if (manner == BELOW)
		reply(fd, "500 Internal Server Error", "Poco::Exception. Code: 1000, e.code() = 28, "
						       "No space left on device", 67);
	else if (manner == LENGTH)
		reply(fd, "500 Internal Server Error", LENGTHY, strlen(LENGTHY));
	return manner != DEAF && manner != MUTE;
}

/* One request; false: the connection is closed. */
static bool serve(struct server *server, int fd, const char *head, const char *body, size_t size)
{
	const char *login = strstr(head, "Authorization: Basic ");

	snprintf(server->login, sizeof(server->login), "%.*s",
		 login ? (int)strcspn(login, "\r") : 0, login ? login : "");
	if (strncmp(body, "INSERT", 6) == 0)
		return insert(server, fd, body, size);
	server->tables += strncmp(body, "CREATE TABLE", 12) == 0;
	if (strncmp(body, "SELECT table", 12) == 0)
		say_columns(server, fd);
	else if (strncmp(body, "SELECT count() FROM system.processes", 36) == 0)
		say(fd, "0\n");
	else if (strncmp(body, "SELECT count()", 14) == 0 && ++server->asked)
		say(fd, server->there ? "1\n" : "0\n");
	else
		say(fd, "");
	return true;
}

/* Takes what came; serves requests that are whole. */
static void take(struct server *server, struct connection *at)
{
	ssize_t got;
	char *body, *length;
	size_t whole, size;

	at->data = xrealloc(at->data, at->used + 65537);
	got = recv(at->fd, at->data + at->used, 65536, 0);
	if (got <= 0)
		goto gone;
	at->used += (size_t)got;
	at->data[at->used] = '\0';
	body = strstr(at->data, "\r\n\r\n");
	length = strstr(at->data, "Content-Length: ");
	if (!body || !length)
		return;
	body += 4;
	size = strtoul(length + 16, NULL, 10);
	whole = (size_t)(body - at->data) + size;
	if (at->used < whole)
		return;
	at->used = 0;
	if (serve(server, at->fd, at->data, body, size))
		return;
gone:
	close(at->fd);
	free(at->data);
	*at = (struct connection){ .fd = -1 };
}

static void *run(void *arg)
{
	struct server *server = arg;
	struct pollfd fds[CONNECTIONS + 1];

	while (!atomic_load(&server->stop)) {
		fds[CONNECTIONS] = (struct pollfd){ .fd = server->listener, .events = POLLIN };
		for (int i = 0; i < CONNECTIONS; i++)
			fds[i] = (struct pollfd){ .fd = server->connection[i].fd, .events = POLLIN };
		poll(fds, CONNECTIONS + 1, 50);
		for (int i = 0; i < CONNECTIONS; i++)
			if (fds[i].fd >= 0 && fds[i].revents)
				take(server, &server->connection[i]);
		for (int i = 0; fds[CONNECTIONS].revents && i < CONNECTIONS; i++)
			if (server->connection[i].fd < 0) {
				server->connection[i].fd = accept(server->listener, NULL, NULL);
				break;
			}
	}
	return NULL;
}

/* Listens; the thread comes with server_go, so that a server may be away for a while. */
static void server_open(struct server *server, const char *script)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);

	*server = (struct server){ .script = script };
	for (int i = 0; i < CONNECTIONS; i++)
		server->connection[i].fd = -1;
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
	server->port = ntohs(address.sin_port);
}

static void server_go(struct server *server)
{
	assert_int_equal(listen(server->listener, 16), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, run, server), 0);
}

static void server_close(struct server *server)
{
	atomic_store(&server->stop, true);
	pthread_join(server->thread, NULL);
	close(server->listener);
	for (int i = 0; i < CONNECTIONS; i++) {
		if (server->connection[i].fd >= 0)
			close(server->connection[i].fd);
		free(server->connection[i].data);
	}
	assert_int_equal(server->torn, 0);
}

static struct ft_output *open_output(const struct server *server, const char *login)
{
	char *target = xasprintf("clickhouse://%s127.0.0.1:%u/flows", login, server->port);
	struct ft_output_config config = { .target = target, .observer = "host" };
	struct ft_output *output = NULL;
	char err[300] = "";

	if (ft_export_clickhouse.open(&config, &output, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	free(target);
	return output;
}

/* Writes the moment as interval number n; what write said. */
static int write_one(struct ft_output *output, unsigned n, bool last)
{
	struct ft_snapshot snapshot = *moment();

	snapshot.generation = n;
	snapshot.end_ns += n * SECOND;
	snapshot.last = last;
	return output->ops->write(output, &snapshot);
}

/* The same, and something of the second that there is between intervals. */
static void write_next(struct ft_output *output, unsigned n)
{
	static const struct timespec pause = { .tv_nsec = 50000000 };

	write_one(output, n, false);
	nanosleep(&pause, NULL);
}

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/* The number behind a word of the remark; 0 if it isn't there. */
static unsigned long told(const struct ft_output *output, const char *word)
{
	const char *at = strstr(output->remark, word);

	return at ? strtoul(at + strlen(word), NULL, 10) : 0;
}

/* Scripts by INSERT, of which each table with rows takes one: processes, traffic, and so on. */
static const struct {
	const char *script;
	unsigned asked; /* at least so often it looks whether a part is there */
} scripts[] = {
	{ "", 0 },
	{ ".m", 1 },     /* traffic */
	{ "....m", 1 },
	{ "dm", 2 },
	{ "r", 1 },
};

static void test_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		uint64_t end = clock_ns() + 60 * SECOND;
		struct ft_output *output;
		static struct server server;
		unsigned n = 0;

		server_open(&server, scripts[i].script);
		server_go(&server);
		output = open_output(&server, "");
		/* Until all was tried and nothing waits. */
		do
			write_next(output, ++n);
		while ((n < 3 || output->remark[0] || *server.script) && clock_ns() < end);
		assert_int_equal(write_one(output, ++n, true), 0);
		assert_string_equal(output->remark, "");
		output->ops->close(output);
		server_close(&server);
		assert_int_equal(server.rows[FT_CH_INTERVALS], n);
		assert_int_equal(server.rows[FT_CH_HEALTH], n);
		assert_int_equal(server.rows[FT_CH_TRAFFIC], n * MOMENT_PRINTED);
		assert_int_equal(server.rows[FT_CH_LINES] % n, 0);
		assert_true(server.rows[FT_CH_PROCESSES] > 0 && server.rows[FT_CH_PROCESSES] < 9);
		assert_true(server.asked >= scripts[i].asked);
		assert_true(server.tables >= FT_CH_TABLES);
		assert_string_equal(server.login, "");
	}
}

/* A server, or a line to it, that needs longer than is waited for an answer gets what it needs: the
 * second time is long enough, and what comes then has not to be sent a third time. */
static void test_late(void **state)
{
	uint64_t end = clock_ns() + 120 * SECOND;
	struct ft_output *output;
	static struct server server;
	unsigned n = 0;

	(void)state;
	server_open(&server, "ll");
	server_go(&server);
	output = open_output(&server, "");
	do
		write_next(output, ++n);
	while ((n < 3 || output->remark[0] || *server.script) && clock_ns() < end);
	assert_int_equal(write_one(output, ++n, true), 0);
	output->ops->close(output);
	server_close(&server);
	assert_int_equal(server.asked, 1);
	assert_int_equal(server.rows[FT_CH_INTERVALS], n);
	assert_int_equal(server.rows[FT_CH_TRAFFIC], n * MOMENT_PRINTED);
}

/* User and password go where they belong, and nowhere else. */
static void test_login(void **state)
{
	struct ft_output *output;
	static struct server server;

	(void)state;
	server_open(&server, "rrrrrr");
	server_go(&server);
	output = open_output(&server, "ana:se%3acret@");
	for (unsigned n = 1; !output->remark[0] && n < PATIENCE; n++)
		write_next(output, n);
	assert_null(strstr(output->remark, "cret"));
	assert_non_null(strstr(output->remark, "Too many parts"));
	output->ops->close(output);
	server_close(&server);
	assert_string_equal(server.login, "Authorization: Basic YW5hOnNlOmNyZXQ="); /* ana:se:cret */
}

/* What isn't a ClickHouse server, or is one without a word of its own, and what is said of it. */
static const struct {
	const char *script, *words; /* at the remark's end, if not more is said */
} others[] = {
	{ "wwwwww", "this does not look like a ClickHouse server (HTTP status 501)" },
	{ "pppppp", "this does not look like a ClickHouse server (HTTP status 200)" },
	{ "oooooo", "this does not look like a ClickHouse server (HTTP status 502): nobody" },
	{ "bbbbbb", "Poco::Exception. Code: 1000, e.code() = 28, No space left on device" },
	{ "nnnnnn", LONG_NO " ...; intervals waiting: " },
};

static void test_another_server(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct ft_output *output;
		static struct server server;

		server_open(&server, others[i].script);
		server_go(&server);
		output = open_output(&server, "");
		for (unsigned n = 1; !output->remark[0] && n < PATIENCE; n++)
			write_next(output, n);
		if (!strstr(output->remark, others[i].words))
			fail_msg("%zu: %s", i, output->remark);
		assert_null(strchr(output->remark, '<'));
		assert_int_equal(strstr(output->remark, "look like") != NULL,
				 strstr(others[i].words, "look like") != NULL);
		output->ops->close(output);
		server_close(&server);
	}
}

/* A server whose tables are not ours gets nothing. */
static void test_strange(void **state)
{
	struct ft_output *output;
	static struct server server;
	unsigned n = 0;

	(void)state;
	server_open(&server, "");
	server.strange = true;
	server_go(&server);
	output = open_output(&server, "");
	for (; !output->remark[0] && n < PATIENCE; n++)
		write_next(output, n + 1);
	assert_non_null(strstr(output->remark, "another flowtop"));
	assert_int_equal(told(output, "waiting: "), n);
	output->ops->close(output);
	server_close(&server);
	assert_int_equal(server.inserts, 0);
}

/* What a server refuses again and again is given up, and counted; the rest arrives. What something in
 * its place refuses as often (a proxy, while the server starts anew) waits, and arrives. */
static void test_refused(void **state)
{
	enum { SERVER, PROXY, BOTH };
	static const char *const script[BOTH] = { "rrrrr", "ooooo" };
	struct ft_output *output[BOTH];
	static struct server server[BOTH];
	uint64_t end = clock_ns() + 120 * SECOND;
	unsigned n = 0, lost;

	(void)state;
	for (int i = 0; i < BOTH; i++) {
		server_open(&server[i], script[i]);
		server_go(&server[i]);
		output[i] = open_output(&server[i], "");
	}
	do {
		write_one(output[PROXY], ++n, false);
		write_next(output[SERVER], n);
	} while ((!told(output[SERVER], "lost: ") || strstr(output[SERVER]->remark, "waiting") ||
		  output[PROXY]->remark[0]) &&
		 clock_ns() < end);
	lost = (unsigned)told(output[SERVER], "lost: ");
	assert_true(lost > 0 && lost < n);
	n++;
	for (int i = 0; i < BOTH; i++) {
		assert_int_equal(write_one(output[i], n, true), 0);
		output[i]->ops->close(output[i]);
		server_close(&server[i]);
		if (i == PROXY)
			lost = 0;
		assert_int_equal(server[i].rows[FT_CH_INTERVALS], n - lost);
		assert_int_equal(server[i].rows[FT_CH_TRAFFIC], (n - lost) * MOMENT_PRINTED);
	}
	assert_true(server[PROXY].inserts > 5);
}

/* A server that is away: nothing waits for it; memory is bounded, what goes is counted; when it
 * comes, all that waits arrives. */
static void test_away(void **state)
{
	struct ft_output *output;
	static struct server server;
	unsigned long waiting, lost;
	unsigned n = 0;
	uint64_t start = clock_ns(), end;

	(void)state;
	server_open(&server, "");
	output = open_output(&server, "");
	while (!told(output, "lost: ") && n < 100000)
		assert_true(write_one(output, ++n, false) < 0);
	waiting = told(output, "waiting: ");
	lost = told(output, "lost: ");
	assert_true(waiting > 100 && lost > 0);
	assert_int_equal(waiting + lost, n);
	assert_true(clock_ns() - start < 60 * SECOND);
	server_go(&server);
	end = clock_ns() + 240 * SECOND;
	/* Until nothing waits: at the end there are only seconds for it. */
	do {
		write_next(output, ++n);
		lost = told(output, "lost: ");
	} while (server.intervals + lost < n && clock_ns() < end);
	write_one(output, ++n, true);
	output->ops->close(output);
	server_close(&server);
	assert_int_equal(server.rows[FT_CH_INTERVALS] + lost, n);
	assert_int_equal(server.rows[FT_CH_TRAFFIC], server.rows[FT_CH_INTERVALS] * MOMENT_PRINTED);
}

/* A server that says nothing does not hold up an interval, nor the end for long. */
static void test_silent(void **state)
{
	struct ft_output *output;
	static struct server server;
	uint64_t start;

	(void)state;
	server_open(&server, "ssssssss");
	server_go(&server);
	output = open_output(&server, "");
	start = clock_ns();
	write_one(output, 1, false);
	write_one(output, 2, false);
	assert_true(clock_ns() - start < 5 * SECOND); /* half of each second, and some */
	start = clock_ns();
	assert_true(write_one(output, 3, true) < 0);
	assert_true(clock_ns() - start < 9 * SECOND); /* END_MS, and some */
	assert_int_equal(told(output, "lost: "), 3);
	output->ops->close(output);
	server_close(&server);
	assert_int_equal(server.rows[FT_CH_TRAFFIC], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),    cmocka_unit_test(test_login),
		cmocka_unit_test(test_strange), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_another_server),
		cmocka_unit_test(test_away),    cmocka_unit_test(test_silent),
		cmocka_unit_test(test_late),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
