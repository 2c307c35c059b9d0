/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --export openmetrics://HOST:PORT: a page for Prometheus and its like, by libmicrohttpd. HOST is
 * loopback if it is left out, * is every address. Whoever asks gets the text of the newest
 * snapshot, which the writer's thread made; libmicrohttpd's thread only hands it out:
 *
 *   writer's thread ──► page (counted references, under the lock) ──► libmicrohttpd's thread
 *
 * It answers GET and HEAD of /metrics and nothing else, to a bounded number of connections. The
 * socket listens from the start; libmicrohttpd's thread begins with the first snapshot: then rights
 * have been given up, and threads have those of the one that started them.
 */
#include "output/exporters.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "core/nls.h"
#include "core/xalloc.h"
#include "output/metrics.h"
#include "output/url.h"

#define CONNECTIONS_MAX 16
#define TIMEOUT 10 /* seconds, of a connection that says nothing */
#define CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* A text; freed by who lets go of it last. */
struct page {
	atomic_uint references;
	size_t size;
	char *text; /* owned; open_memstream's */
};

struct metrics_output {
	struct ft_output base;
	struct ft_metrics *metrics;  /* owned; the writer's */
	int fd;                      /* listens; -1: the daemon's by now */
	struct MHD_Daemon *daemon;   /* owned; NULL before the first snapshot */
	pthread_mutex_t lock;
	struct page *page;           /* a reference; under the lock; NULL before the first */
};

/* Lets go of a page. */
static void put_page(void *arg)
{
	struct page *page = arg;

	if (!page || atomic_fetch_sub(&page->references, 1) != 1)
		return;
	free(page->text);
	free(page);
}

/* The newest page with a reference, or NULL. */
static struct page *take_page(struct metrics_output *output)
{
	struct page *page;

	pthread_mutex_lock(&output->lock);
	page = output->page;
	if (page)
		atomic_fetch_add(&page->references, 1);
	pthread_mutex_unlock(&output->lock);
	return page;
}

/* Answers with a text of ours. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(text), (char *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result ret;

	if (!response)
		return MHD_NO;
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	ret = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return ret;
}

/* Answers with the page. */
static enum MHD_Result answer_page(struct MHD_Connection *connection, struct page *page)
{
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
		page->size, page->text, put_page, page);
	enum MHD_Result ret;

	if (!response) {
		put_page(page);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, CONTENT_TYPE);
	ret = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return ret;
}

/* A request; libmicrohttpd's thread. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *body,
				  size_t *body_size, void **request)
{
	static int begun;
	struct page *page;

	(void)version, (void)body;
	if (!*request) { /* called first with the head alone */
		*request = &begun;
		return MHD_YES;
	}
	if (*body_size) { /* nobody needs one */
		*body_size = 0;
		return MHD_YES;
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD\n");
	if (strcmp(path, "/metrics") != 0)
		return answer(connection, MHD_HTTP_NOT_FOUND, "see /metrics\n");
	page = take_page(arg);
	if (!page)
		return answer(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "nothing yet\n");
	return answer_page(connection, page);
}

/* Starts to answer; the socket is the daemon's then. 0 or -errno. */
static int start_daemon(struct metrics_output *output)
{
	output->daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC, 0, NULL, NULL, on_request, output,
		MHD_OPTION_LISTEN_SOCKET, output->fd, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT, MHD_OPTION_END);
	if (!output->daemon)
		return -EAGAIN;
	output->fd = -1;
	return 0;
}

/* One snapshot. */
static int metrics_write(struct ft_output *base, const struct ft_snapshot *snapshot)
{
	struct metrics_output *output = (struct metrics_output *)base;
	int ret = output->daemon ? 0 : start_daemon(output);
	struct page *page, *old;
	FILE *stream;

	if (ret < 0)
		return ret;
	page = xcalloc(1, sizeof(*page));
	stream = open_memstream(&page->text, &page->size);
	if (!stream)
		xalloc_die();
	atomic_init(&page->references, 1);
	ft_metrics_add(output->metrics, snapshot);
	ft_metrics_print(output->metrics, snapshot, stream);
	if (fclose(stream) != 0)
		xalloc_die();
	pthread_mutex_lock(&output->lock);
	old = output->page;
	output->page = page;
	pthread_mutex_unlock(&output->lock);
	put_page(old);
	return 0;
}

/* Stops answering, frees. */
static int metrics_close(struct ft_output *base)
{
	struct metrics_output *output = (struct metrics_output *)base;

	if (output->daemon)
		MHD_stop_daemon(output->daemon);
	if (output->fd >= 0)
		close(output->fd);
	put_page(output->page);
	pthread_mutex_destroy(&output->lock);
	ft_metrics_free(output->metrics);
	free(output);
	return 0;
}

/* The address to listen on; false if it is none. */
static bool make_address(const struct ft_url *url, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	const char *host = url->host;

	memset(address, 0, sizeof(*address));
	if (!*host || !strcmp(host, "localhost"))
		host = "127.0.0.1";
	v4->sin_port = htons(url->port);
	v4->sin_family = AF_INET;
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1)
		return true;
	v6->sin6_family = AF_INET6;
	return inet_pton(AF_INET6, !strcmp(host, "*") ? "::" : host, &v6->sin6_addr) == 1;
}

/* A socket that listens, so that a port that is taken has its sentence; -errno. */
static int listen_on(const struct sockaddr_storage *address)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), ret;
	int on = 1, off = 0;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (const struct sockaddr *)address,
		 address->ss_family == AF_INET ? sizeof(struct sockaddr_in) :
						 sizeof(struct sockaddr_in6)) == 0 &&
	    listen(fd, CONNECTIONS_MAX) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

/* Reads the URL; a socket, or -errno and a sentence. */
static int open_socket(const char *target, char *err, size_t err_size)
{
	static const char *const known[] = { NULL };
	struct sockaddr_storage address;
	struct ft_url url;
	int ret = ft_url_parse(target, &url, err, err_size);

	if (ret < 0)
		return ret;
	ret = ft_url_check(&url, known, err, err_size);
	if (ret == 0 && (!url.port || !make_address(&url, &address) ||
			 (*url.path && strcmp(url.path, "/metrics") != 0))) {
		snprintf(err, err_size,
			 _("URL \"%.128s\": behind :// comes ADDRESS:PORT, *:PORT or :PORT"),
			 url.text);
		ret = -EINVAL;
	}
	if (ret == 0) {
		ret = listen_on(&address);
		if (ret < 0)
			snprintf(err, err_size, _("cannot listen: %.128s: %s"), url.text,
				 strerror(-ret));
	}
	ft_url_done(&url);
	return ret;
}

/* Listens from now on. */
static int metrics_open(const struct ft_output_config *config, struct ft_output **ret_output,
			char *err, size_t err_size)
{
	struct metrics_output *output;
	int fd = open_socket(config->target, err, err_size);

	if (fd < 0)
		return fd;
	output = xcalloc(1, sizeof(*output));
	output->base.ops = &ft_export_metrics;
	output->metrics = ft_metrics_new();
	output->fd = fd;
	pthread_mutex_init(&output->lock, NULL);
	*ret_output = &output->base;
	return 0;
}

const struct ft_output_ops ft_export_metrics = {
	.name = "openmetrics",
	.extension = "",
	.open = metrics_open,
	.write = metrics_write,
	.close = metrics_close,
};
