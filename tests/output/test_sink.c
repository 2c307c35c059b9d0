/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections to collectors that are there, that are not, and that go away. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "output/sink.h"

/* A socket on a port of the kernel's choice; a stream listens. */
static int open_peer(int type, uint16_t *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static void test_stream(void **state)
{
	char text[16] = "", big[65536];
	struct ft_sink *sink;
	const char *why = "x";
	uint16_t port;
	int listener = open_peer(SOCK_STREAM, &port), peer, ret;
	bool fresh;

	(void)state;
	sink = ft_sink_new(FT_SINK_TCP, "127.0.0.1", port);
	assert_int_equal(ft_sink_send(sink, "x", 1), -ENOTCONN);
	assert_true(ft_sink_ready(sink, false, &fresh));
	assert_true(fresh);
	assert_true(ft_sink_ready(sink, false, &fresh));
	assert_false(fresh);
	peer = accept(listener, NULL, NULL);
	assert_true(peer >= 0);
	assert_int_equal(ft_sink_send(sink, "hello", 5), 0);
	assert_int_equal(recv(peer, text, sizeof(text), 0), 5);
	assert_string_equal(text, "hello");
	assert_int_equal(ft_sink_error(sink, &why), 0);
	assert_null(why);
	/* It goes away: sooner or later sending says so, and then the connection is gone. */
	close(peer);
	close(listener);
	memset(big, 'x', sizeof(big));
	do
		ret = ft_sink_send(sink, big, sizeof(big));
	while (ret == 0);
	assert_true(ret == -EPIPE || ret == -ECONNRESET);
	assert_int_equal(ft_sink_error(sink, &why), ret);
	assert_non_null(why);
	assert_false(ft_sink_ready(sink, false, &fresh)); /* not at once again */
	assert_false(ft_sink_ready(sink, true, &fresh));  /* nobody is there */
	assert_int_equal(ft_sink_error(sink, &why), -ECONNREFUSED);
	ft_sink_free(sink);
}

static void test_datagrams(void **state)
{
	char text[16] = "";
	struct ft_sink *sink;
	const char *why;
	uint16_t port;
	int peer = open_peer(SOCK_DGRAM, &port);
	bool fresh;

	(void)state;
	sink = ft_sink_new(FT_SINK_UDP, "127.0.0.1", port);
	assert_true(ft_sink_ready(sink, false, &fresh));
	assert_int_equal(ft_sink_send(sink, "one", 3), 0);
	assert_int_equal(ft_sink_send(sink, "more", 4), 0);
	assert_int_equal(recv(peer, text, sizeof(text), 0), 3);
	assert_int_equal(recv(peer, text, sizeof(text), 0), 4);
	close(peer);
	/* The first is refused; the second says so, and goes out all the same. */
	assert_int_equal(ft_sink_send(sink, "x", 1), 0);
	assert_int_equal(ft_sink_send(sink, "x", 1), -ECONNREFUSED);
	assert_int_equal(ft_sink_error(sink, &why), -ECONNREFUSED);
	assert_true(ft_sink_ready(sink, false, &fresh));
	assert_false(fresh);
	ft_sink_free(sink);
}

static void test_path(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char folder[] = "/tmp/flowtop-sink-XXXXXX", text[8], long_path[200];
	struct ft_sink *sink;
	const char *why;
	int listener, peer;
	bool fresh;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", folder);
	sink = ft_sink_new(FT_SINK_UNIX, address.sun_path, 0);
	assert_false(ft_sink_ready(sink, true, &fresh));
	assert_int_equal(ft_sink_error(sink, &why), -ENOENT);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_true(ft_sink_ready(sink, true, &fresh));
	assert_int_equal(ft_sink_send(sink, "x", 1), 0);
	peer = accept(listener, NULL, NULL);
	assert_int_equal(recv(peer, text, sizeof(text), 0), 1);
	ft_sink_free(sink);
	assert_int_equal(recv(peer, text, sizeof(text), 0), 0);
	close(peer);
	close(listener);
	unlink(address.sun_path);
	rmdir(folder);
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	sink = ft_sink_new(FT_SINK_UNIX, long_path, 0);
	assert_false(ft_sink_ready(sink, true, &fresh));
	assert_int_equal(ft_sink_error(sink, &why), -ENAMETOOLONG);
	ft_sink_free(sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
