/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --export zmq://ADDRESS:PORT (binds) and zmq+connect://HOST:PORT: what ntopng takes by -i, the
 * second with a c behind the port. A publisher that knows its subscribers (XPUB, the same on the
 * wire): with nobody there nothing is told yet, so that flows that go on are told later. libzmq's
 * queue to each subscriber is bounded; one that is full is waited for a moment, then the event is
 * lost and counted.
 *
 * libzmq has threads of its own; they begin with the first snapshot, when rights have been given
 * up. What is wrong with an address to bind to is found out at once, by a socket of our own.
 */
#include "output/exporters.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <zmq.h>

#include "core/nls.h"
#include "core/xalloc.h"
#include "output/due.h"
#include "output/url.h"
#include "output/zmq_event.h"

#define SECOND 1000000000ULL
#define IDLE_DEFAULT 15
#define ACTIVE_DEFAULT 60
#define QUEUE_MAX 10000  /* messages of a subscriber */
#define LINGER_MS 2000   /* at the end, for what is in them */
#define PATIENCE_MS 2000 /* an interval, for full ones */

struct zmq_output {
	struct ft_output base;
	char *endpoint;         /* owned; as libzmq writes it */
	bool bind;              /* else: connect */
	void *context, *socket; /* owned; NULL before the first snapshot */
	struct ft_due *due;     /* owned */
	struct ft_json json;
	unsigned subscribers;
	unsigned patience;      /* ms left in this interval */
	uint64_t lost;          /* events */
};

/* Subscriptions come as messages: 1 or 0, and the topic. */
static void count_subscribers(struct zmq_output *output)
{
	char message[64];
	int size;

	while ((size = zmq_recv(output->socket, message, sizeof(message), ZMQ_DONTWAIT)) > 0) {
		if (message[0] == 1)
			output->subscribers++;
		else if (message[0] == 0 && output->subscribers)
			output->subscribers--;
	}
}

/* One part; a full queue is waited for while there is patience. -errno. */
static int send_part(struct zmq_output *output, const void *data, size_t size, int flags)
{
	static const struct timespec moment = { .tv_nsec = 1000000 };

	while (zmq_send(output->socket, data, size, flags | ZMQ_DONTWAIT) < 0) {
		if (errno != EAGAIN || output->patience == 0)
			return -errno;
		output->patience--;
		nanosleep(&moment, NULL);
	}
	return 0;
}

/* One event: its header, its JSON. */
static void send_event(struct zmq_output *output, const struct ft_snapshot *snapshot,
		       const struct ft_due_record *record)
{
	struct ft_zmq_header header;

	ft_json_reset(&output->json);
	ft_zmq_event(&output->json, snapshot, record);
	header = ft_zmq_header((uint32_t)output->json.used);
	/* The second part of a message never finds the queue full when the first did not. */
	if (send_part(output, &header, sizeof(header), ZMQ_SNDMORE) < 0 ||
	    send_part(output, output->json.data, output->json.used, 0) < 0)
		output->lost++;
}

/* The health line's sentence. */
static void remark(struct zmq_output *output)
{
	unsigned long long lost = output->lost + ft_due_missed(output->due);
	char *text = output->base.remark;
	size_t size = sizeof(output->base.remark);

	text[0] = '\0';
	if (!output->subscribers && lost)
		snprintf(text, size, _("nobody has subscribed; records lost: %llu"), lost);
	else if (!output->subscribers)
		snprintf(text, size, _("nobody has subscribed"));
	else if (lost)
		snprintf(text, size, _("records lost: %llu"), lost);
}

/* A socket with its bounds, bound or connected; -errno. */
static int open_socket(struct zmq_output *output)
{
	int queue = QUEUE_MAX, linger = LINGER_MS, on = 1, ret;

	if (!output->context)
		output->context = zmq_ctx_new();
	output->socket = output->context ? zmq_socket(output->context, ZMQ_XPUB) : NULL;
	if (!output->socket)
		return -errno;
	zmq_setsockopt(output->socket, ZMQ_SNDHWM, &queue, sizeof(queue));
	zmq_setsockopt(output->socket, ZMQ_LINGER, &linger, sizeof(linger));
	zmq_setsockopt(output->socket, ZMQ_IPV6, &on, sizeof(on));
	zmq_setsockopt(output->socket, ZMQ_XPUB_NODROP, &on, sizeof(on));
	/* Each of them is heard of, so that they can be counted. */
	zmq_setsockopt(output->socket, ZMQ_XPUB_VERBOSER, &on, sizeof(on));
	ret = output->bind ? zmq_bind(output->socket, output->endpoint) :
			     zmq_connect(output->socket, output->endpoint);
	if (ret == 0)
		return 0;
	ret = -errno;
	zmq_close(output->socket);
	output->socket = NULL;
	return ret;
}

/* One snapshot. */
static int zmq_write(struct ft_output *base, const struct ft_snapshot *snapshot)
{
	struct zmq_output *output = (struct zmq_output *)base;
	struct ft_due_record record;
	int ret = output->socket ? 0 : open_socket(output);

	if (ret == 0)
		count_subscribers(output);
	output->patience = PATIENCE_MS;
	ft_due_begin(output->due, snapshot);
	if (output->subscribers) {
		while (ft_due_next(output->due, &record))
			send_event(output, snapshot, &record);
	} else {
		ft_due_skip(output->due);
	}
	remark(output);
	if (ret < 0)
		snprintf(base->remark, sizeof(base->remark), "%.100s", zmq_strerror(-ret));
	return ret;
}

/* What is queued has a moment to leave. */
static int zmq_end(struct ft_output *base)
{
	struct zmq_output *output = (struct zmq_output *)base;

	if (output->socket)
		zmq_close(output->socket);
	if (output->context)
		zmq_ctx_term(output->context);
	free(output->endpoint);
	ft_due_free(output->due);
	ft_json_done(&output->json);
	free(output);
	return 0;
}

/* Whether an address can be bound to; -errno. */
static int try_to_bind(const char *host, uint16_t port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *list;
	int fd, on = 1, ret = 0;
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(strcmp(host, "*") ? host : NULL, service, &hints, &list) != 0)
		return -EADDRNOTAVAIL;
	fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, list->ai_addr, list->ai_addrlen) < 0 || listen(fd, 1) < 0)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	freeaddrinfo(list);
	return ret;
}

/* What the URL asks for. */
static int read_url(const struct ft_url *url, uint64_t *ret_idle, uint64_t *ret_active, char *err,
		    size_t err_size)
{
	static const char *const known[] = { "idle", "active", NULL };

	if (ft_url_check(url, known, err, err_size) < 0 ||
	    ft_url_number(url, "idle", 1, 86400, ret_idle, err, err_size) < 0 ||
	    ft_url_number(url, "active", 1, 86400, ret_active, err, err_size) < 0)
		return -EINVAL;
	if (url->port && (!*url->path || !strcmp(url->path, "/")) &&
	    (*url->host || !strcmp(url->scheme, "zmq")))
		return 0;
	snprintf(err, err_size,
		 _("URL \"%.128s\": it needs zmq://ADDRESS:PORT, or zmq+connect://HOST:PORT"),
		 url->text);
	return -EINVAL;
}

/* Looks whether it could bind; the rest comes with the first snapshot. */
static int zmq_begin(const struct ft_output_config *config, struct ft_output **ret_output,
		     char *err, size_t err_size)
{
	uint64_t idle = IDLE_DEFAULT, active = ACTIVE_DEFAULT;
	struct zmq_output *output;
	struct ft_url url;
	const char *host;
	bool bind;
	int ret = ft_url_parse(config->target, &url, err, err_size);

	if (ret < 0)
		return ret;
	ret = read_url(&url, &idle, &active, err, err_size);
	if (ret < 0)
		goto cleanup;
	host = *url.host ? url.host : "127.0.0.1";
	bind = !strcmp(url.scheme, "zmq");
	ret = bind ? try_to_bind(host, url.port) : 0;
	if (ret < 0) {
		snprintf(err, err_size, _("cannot listen: %.128s: %s"), url.text, strerror(-ret));
		goto cleanup;
	}
	output = xcalloc(1, sizeof(*output));
	output->base.ops = &ft_export_zmq;
	output->bind = bind;
	output->endpoint = xasprintf(strchr(host, ':') ? "tcp://[%s]:%u" : "tcp://%s:%u", host,
				     url.port);
	output->due = ft_due_new(idle * SECOND, active * SECOND, true);
	*ret_output = &output->base;
cleanup:
	ft_url_done(&url);
	return ret;
}

const struct ft_output_ops ft_export_zmq = {
	.name = "zmq",
	.extension = "",
	.open = zmq_begin,
	.write = zmq_write,
	.close = zmq_end,
};
