/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolver against a name server of our own on loopback: it answers 10.0.0.x and
 * 2001:db8::x with a name, 10.9.0.x with "no such name", and says nothing to anything else.
 */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "capture/resolver.h"
#include "core/addr.h"

#define WAIT_MS 20000

static struct {
	int fd;
	pthread_t thread;
	struct sockaddr_in addr;
	char text[64]; /* "127.0.0.1:PORT" */
	atomic_int questions, silent;
} server;

/* "4.0.0.10.in-addr.arpa" of a question. */
static void read_question(const uint8_t *packet, size_t length, char *name, size_t size)
{
	size_t at = 12, to = 0;

	while (at < length && packet[at] && to + packet[at] + 2 < size) {
		memcpy(name + to, packet + at + 1, packet[at]);
		to += packet[at];
		name[to++] = '.';
		at += packet[at] + 1U;
	}
	name[to ? to - 1 : 0] = '\0';
}

/* Appends one answer, PTR "host-x.example." of the question's first label. */
static size_t append_answer(uint8_t *packet, size_t length, const char *question)
{
	static const uint8_t head[] = { 0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 60 };
	uint8_t label = (uint8_t)(5 + strcspn(question, "."));

	memcpy(packet + length, head, sizeof(head));
	length += sizeof(head);
	packet[length++] = 0;
	packet[length++] = (uint8_t)(1 + label + 1 + 7 + 1);
	packet[length++] = label;
	memcpy(packet + length, "host-", 5);
	memcpy(packet + length + 5, question, label - 5U);
	length += label;
	memcpy(packet + length, "\7example", 9);
	packet[7] = 1; /* one answer */
	return length + 9;
}

static void *serve(void *arg)
{
	(void)arg;
	for (;;) {
		struct sockaddr_in from;
		socklen_t from_length = sizeof(from);
		uint8_t packet[1024];
		char name[256];
		ssize_t length = recvfrom(server.fd, packet, 512, 0, (struct sockaddr *)&from,
					  &from_length);
		size_t reply = (size_t)length;

		if (length < 12) /* shorter than any question: the end */
			return NULL;
		atomic_fetch_add(&server.questions, 1);
		read_question(packet, (size_t)length, name, sizeof(name));
		/* the question ends at its type and class; an OPT record behind it is dropped */
		reply = 12 + strlen(name) + 2 + 4;
		packet[10] = packet[11] = 0;
		packet[2] |= 0x80;
		packet[3] = 0x80;
		if (strstr(name, ".0.9.10.in-addr.arpa")) {
			packet[3] |= 3;
		} else if (strstr(name, ".0.0.10.in-addr.arpa") || strstr(name, ".ip6.arpa")) {
			reply = append_answer(packet, reply, name);
		} else {
			atomic_fetch_add(&server.silent, 1);
			continue;
		}
		sendto(server.fd, packet, reply, 0, (struct sockaddr *)&from, from_length);
	}
}

static int set_up(void **state)
{
	socklen_t length = sizeof(server.addr);

	(void)state;
	memset(&server, 0, sizeof(server));
	server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	server.addr.sin_family = AF_INET;
	server.addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(server.fd, (struct sockaddr *)&server.addr, sizeof(server.addr)) < 0 ||
	    getsockname(server.fd, (struct sockaddr *)&server.addr, &length) < 0)
		return -1;
	snprintf(server.text, sizeof(server.text), "127.0.0.1:%u", ntohs(server.addr.sin_port));
	return pthread_create(&server.thread, NULL, serve, NULL);
}

static int tear_down(void **state)
{
	uint8_t end = 0;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	sendto(fd, &end, 1, 0, (struct sockaddr *)&server.addr, sizeof(server.addr));
	pthread_join(server.thread, NULL);
	close(fd);
	close(server.fd);
	return 0;
}

static struct ft_resolver *start(void)
{
	char err[128] = "";
	struct ft_resolver *resolver = ft_resolver_start_at(server.text, err, sizeof(err));

	assert_string_equal(err, "");
	assert_non_null(resolver);
	return resolver;
}

static void ask(struct ft_resolver *resolver, const char *text)
{
	uint8_t addr[16];

	assert_int_equal(ft_addr_parse(text, addr), 0);
	ft_resolver_ask(resolver, addr);
}

static struct ft_resolver_answer *next(struct ft_resolver *resolver)
{
	struct pollfd p = { .fd = ft_resolver_fd(resolver), .events = POLLIN };
	struct ft_resolver_answer *answer;

	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	answer = ft_resolver_take(resolver);
	assert_non_null(answer);
	return answer;
}

static void expect(struct ft_resolver *resolver, const char *addr, const char *name)
{
	struct ft_resolver_answer *answer;
	char text[FT_ADDR_TEXT_MAX];

	ask(resolver, addr);
	answer = next(resolver);
	assert_string_equal(ft_addr_format(answer->addr, text), addr);
	if (name)
		assert_string_equal(answer->name, name);
	else
		assert_null(answer->name);
	ft_resolver_answer_free(answer);
}

static void test_names(void **state)
{
	struct ft_resolver *resolver = start();

	(void)state;
	assert_null(ft_resolver_take(resolver));
	expect(resolver, "10.0.0.4", "host-4.example");
	expect(resolver, "2001:db8::a", "host-a.example");
	expect(resolver, "10.9.0.4", NULL);
	ft_resolver_stop(resolver);
	ft_resolver_stop(NULL);
}

/* More than are under way at a time: each gets its own answer. */
static void test_many(void **state)
{
	struct ft_resolver *resolver = start();
	bool seen[201] = { false };

	(void)state;
	for (int i = 1; i <= 200; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.0.0.%d", i);
		ask(resolver, text);
	}
	for (int i = 1; i <= 200; i++) {
		struct ft_resolver_answer *answer = next(resolver);
		unsigned int n = answer->addr[15];
		char name[32];

		assert_in_range(n, 1, 200);
		assert_false(seen[n]);
		seen[n] = true;
		snprintf(name, sizeof(name), "host-%u.example", n);
		assert_string_equal(answer->name, name);
		ft_resolver_answer_free(answer);
	}
	ft_resolver_stop(resolver);
}

/* Asked for ten times while it is under way: one question. And stopping doesn't wait for it. */
static void test_once(void **state)
{
	struct ft_resolver *resolver = start();

	(void)state;
	for (int i = 0; i < 10; i++)
		ask(resolver, "172.16.0.1");
	while (atomic_load(&server.silent) == 0)
		usleep(1000);
	for (int i = 0; i < 10; i++)
		ask(resolver, "172.16.0.1");
	expect(resolver, "10.0.0.1", "host-1.example");
	assert_in_range(atomic_load(&server.silent), 1, 2); /* and one try more, if we are slow */
	ft_resolver_stop(resolver);
}

/* Asked for again while its answer waits to be taken: one answer. */
static void test_untaken(void **state)
{
	struct ft_resolver *resolver = start();
	struct pollfd fd = { .fd = ft_resolver_fd(resolver), .events = POLLIN };

	(void)state;
	ask(resolver, "10.0.0.7");
	assert_int_equal(poll(&fd, 1, -1), 1);
	ask(resolver, "10.0.0.7");
	ask(resolver, "10.0.0.8");
	for (int i = 7; i <= 8; i++) {
		struct ft_resolver_answer *answer = next(resolver);

		assert_int_equal(answer->addr[15], i);
		ft_resolver_answer_free(answer);
	}
	expect(resolver, "10.0.0.7", "host-7.example"); /* by now it may be asked again */
	ft_resolver_stop(resolver);
}

/* Too many are not taken, and taken later. */
static void test_bound(void **state)
{
	struct ft_resolver *resolver = start();

	(void)state;
	for (int i = 0; i < 2000; i++) {
		char text[32];

		snprintf(text, sizeof(text), "172.%d.%d.1", 16 + i / 200, i % 200);
		ask(resolver, text);
	}
	while (atomic_load(&server.silent) < 16)
		usleep(1000);
	assert_in_range(atomic_load(&server.silent), 16, 32); /* tries included */
	ft_resolver_stop(resolver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_untaken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bound, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
