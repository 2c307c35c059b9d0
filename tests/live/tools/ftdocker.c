/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers like Docker's daemon, for live tests: ftdocker SOCKET NAME IMAGE
 *
 * Says "ready", then each question that it gets, a line each; of every container it says that it
 * has this name and image. Only who may write to the socket, root, can connect. Ends with its
 * standard input.
 */
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECTIONS 8

static const char *name, *image;

/* Answers what came; false: the connection is over. */
static int answer(int fd)
{
	char text[2048], body[1024], *end;
	ssize_t got = recv(fd, text, sizeof(text) - 1, 0);
	int length;

	if (got <= 0)
		return 0;
	text[got] = '\0';
	end = strpbrk(text, "\r\n");
	if (end)
		*end = '\0';
	printf("%s\n", text);
	fflush(stdout);
	length = snprintf(body, sizeof(body), "{\"Name\":\"/%s\",\"Config\":{\"Image\":\"%s\"}}",
			  name, image);
	length = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n"
			  "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", length, body);
	return send(fd, text, (size_t)length, MSG_NOSIGNAL) == length;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct pollfd fds[CONNECTIONS + 2] = { { .fd = STDIN_FILENO, .events = POLLIN } };
	nfds_t count = 2;

	if (argc != 4 || strlen(argv[1]) >= sizeof(address.sun_path))
		errx(1, "SOCKET NAME IMAGE");
	name = argv[2];
	image = argv[3];
	memcpy(address.sun_path, argv[1], strlen(argv[1]));
	fds[1].events = POLLIN;
	fds[1].fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	umask(077);
	if (bind(fds[1].fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fds[1].fd, CONNECTIONS) < 0)
		err(1, "%s", argv[1]);
	puts("ready");
	fflush(stdout);
	while (poll(fds, count, -1) > 0 && !fds[0].revents) {
		for (nfds_t i = count - 1; i > 1; i--) {
			if (!fds[i].revents || answer(fds[i].fd))
				continue;
			close(fds[i].fd);
			fds[i] = fds[--count];
		}
		if (fds[1].revents && count < CONNECTIONS + 2) {
			fds[count].fd = accept4(fds[1].fd, NULL, NULL, SOCK_CLOEXEC);
			fds[count].revents = 0;
			fds[count++].events = POLLIN;
		}
	}
	return 0;
}
