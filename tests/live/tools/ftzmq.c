/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A subscriber as ntopng is one: ftzmq connect|bind ENDPOINT. Takes the topic "flow", checks each
 * header, and prints the JSON behind it, one event a line; ends on a message that is none.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <zmq.h>

struct header {
	char topic[32];
	uint32_t version, size;
};

/* One message of two parts; false if it is none. */
static int take(void *socket)
{
	static char json[65536];
	struct header header;
	int size, more = 0;
	size_t more_size = sizeof(more);

	size = zmq_recv(socket, &header, sizeof(header), 0);
	if (size != (int)sizeof(header) || header.version != 0 ||
	    strncmp(header.topic, "flow", sizeof(header.topic)) != 0)
		return 0;
	zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &more_size);
	if (!more)
		return 0;
	size = zmq_recv(socket, json, sizeof(json), 0);
	zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &more_size);
	if (more || size != (int)header.size || size >= (int)sizeof(json) ||
	    memchr(json, '\0', (size_t)size))
		return 0;
	printf("%.*s\n", size, json);
	return 1;
}

int main(int argc, char *argv[])
{
	void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_SUB);
	int on = 1;

	if (argc != 3) {
		fprintf(stderr, "usage: ftzmq connect|bind ENDPOINT\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	zmq_setsockopt(socket, ZMQ_IPV6, &on, sizeof(on));
	zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "flow", 4);
	if ((strcmp(argv[1], "bind") == 0 ? zmq_bind(socket, argv[2]) :
					    zmq_connect(socket, argv[2])) < 0) {
		fprintf(stderr, "ftzmq: %s: %s\n", argv[2], zmq_strerror(zmq_errno()));
		return 1;
	}
	while (take(socket))
		;
	fprintf(stderr, "ftzmq: a message that is no event\n");
	return 1;
}
