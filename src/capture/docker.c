/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See docker.h. One question at a time: written, then read until the answer is whole, its bound
 * or the deadline is reached. After anything but a whole answer the connection is given up, since
 * what still comes would be taken for the next one's.
 */
#include "capture/docker.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "capture/clock.h"
#include "capture/http_answer.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define READ_SIZE 16384

struct ft_docker {
	struct sockaddr_un address;
	int fd; /* -1: not connected */
	char *text; /* owned: the answer, FT_DOCKER_ANSWER_MAX */
	size_t length;
};

static int64_t clock_ms(void)
{
	return (int64_t)(ft_clock_read(CLOCK_MONOTONIC) / 1000000);
}

static void disconnect(struct ft_docker *docker)
{
	if (docker->fd >= 0)
		close(docker->fd);
	docker->fd = -1;
}

/* 0 or -errno. A daemon that accepts nobody has a full queue: that is -EAGAIN, not a wait. */
static int reconnect(struct ft_docker *docker)
{
	disconnect(docker);
	docker->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (docker->fd < 0)
		return -errno;
	if (connect(docker->fd, (const struct sockaddr *)&docker->address,
		    sizeof(docker->address)) < 0) {
		int error = -errno;

		disconnect(docker);
		return error;
	}
	return 0;
}

int ft_docker_open(const char *path, struct ft_docker **ret_docker, char *err, size_t err_size)
{
	struct ft_docker *docker = xcalloc(1, sizeof(*docker));
	struct stat status;
	int ret;

	docker->fd = -1;
	docker->address.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(docker->address.sun_path)) {
		ret = -ENAMETOOLONG;
	} else {
		memcpy(docker->address.sun_path, path, strlen(path));
		ret = reconnect(docker);
	}
	/* A file refuses as a dead daemon's socket does: tell them apart. */
	if (ret == -ECONNREFUSED && stat(path, &status) == 0 && !S_ISSOCK(status.st_mode))
		ret = -ENOTSOCK;
	if (ret < 0) {
		snprintf(err, err_size, _("--docker-socket %.100s: %s"), path, strerror(-ret));
		ft_docker_close(docker);
		return ret;
	}
	docker->text = xmalloc(FT_DOCKER_ANSWER_MAX);
	*ret_docker = docker;
	return 0;
}

void ft_docker_close(struct ft_docker *docker)
{
	if (!docker)
		return;
	disconnect(docker);
	free(docker->text);
	free(docker);
}

/* Waits until the socket is ready; 0, -ETIMEDOUT or -errno. */
static int wait_for(const struct ft_docker *docker, short events, int64_t deadline)
{
	struct pollfd poll_fd = { .fd = docker->fd, .events = events };
	int64_t left = deadline - clock_ms();
	int ret;

	if (left <= 0)
		return -ETIMEDOUT;
	ret = poll(&poll_fd, 1, (int)left);
	if (ret < 0 && errno != EINTR)
		return -errno;
	return 0; /* too early is no harm: nothing waits for long on the socket itself */
}

static int send_question(struct ft_docker *docker, const char *id, int64_t deadline)
{
	char text[256];
	size_t length = (size_t)snprintf(text, sizeof(text),
					 "GET /containers/%.64s/json HTTP/1.1\r\n"
					 "Host: docker\r\nUser-Agent: flowtop\r\n\r\n", id);
	size_t sent = 0;

	while (sent < length) {
		ssize_t ret = send(docker->fd, text + sent, length - sent, MSG_NOSIGNAL);

		if (ret > 0) {
			sent += (size_t)ret;
			continue;
		}
		if (ret < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		ret = wait_for(docker, POLLOUT, deadline);
		if (ret < 0)
			return (int)ret;
	}
	return 0;
}

static int read_answer(struct ft_docker *docker, int64_t deadline,
		       struct ft_http_answer *ret_answer)
{
	docker->length = 0;
	for (;;) {
		size_t room = FT_DOCKER_ANSWER_MAX - docker->length;
		ssize_t got;
		int ret;

		if (room == 0)
			return -EMSGSIZE;
		got = recv(docker->fd, docker->text + docker->length,
			   room < READ_SIZE ? room : READ_SIZE, 0);
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (got > 0)
			docker->length += (size_t)got;
		if (got >= 0) {
			ret = ft_http_answer_parse(docker->text, docker->length, got == 0,
						   ret_answer);
			if (ret != 0)
				return ret < 0 ? ret : 0;
		}
		ret = wait_for(docker, POLLIN, deadline);
		if (ret < 0)
			return ret;
	}
}

/* Once, on the connection that there is. */
static int ask(struct ft_docker *docker, const char *id, int64_t deadline,
	       struct ft_http_answer *ret_answer)
{
	int ret = docker->fd < 0 ? -ENOTCONN : send_question(docker, id, deadline);

	if (ret == 0)
		ret = read_answer(docker, deadline, ret_answer);
	if (ret < 0 || ret_answer->closes)
		disconnect(docker);
	return ret;
}

int ft_docker_ask(struct ft_docker *docker, const char *id, struct ft_container *container)
{
	int64_t deadline = clock_ms() + FT_DOCKER_TIMEOUT_MS;
	struct ft_http_answer answer;
	int ret;

	if (!ft_container_is_id(id))
		return -EINVAL;
	ret = ask(docker, id, deadline, &answer);
	/* The daemon may have ended a connection that was kept, or all of them with itself. */
	if (ret < 0 && ret != -ETIMEDOUT && ret != -EMSGSIZE) {
		int again = reconnect(docker);

		ret = again < 0 ? again : ask(docker, id, deadline, &answer);
	}
	if (ret < 0)
		return ret;
	if (answer.chunked)
		answer.length = ft_http_answer_join(docker->text + answer.body, answer.length);
	if (answer.status != 200)
		return answer.status == 404 ? -ENOENT : -EBADMSG;
	ft_container_take_docker(docker->text + answer.body, answer.length, container);
	return 0;
}
