/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --export ndjson:///PATH: the records of -o ndjson, of all panes, into a new file or a FIFO that
 * is there; ndjson+unix:///PATH: into a unix socket. Files are the calling user's, 0600, and never
 * overwritten.
 *
 *   json.c ──► stdio ──► put() ──► file     what an interval could not end is cut off again
 *                              └─► sink     FIFO, socket: the rest of the interval is dropped
 *
 * put() never fails towards json.c: an interval that did not get through is counted, and the next
 * one begins anew.
 */
#include "output/exporters.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/nls.h"
#include "core/xalloc.h"
#include "output/caller.h"
#include "output/outputs.h"
#include "output/sink.h"
#include "output/url.h"

#define BUFFER 65536

struct ndjson_output {
	struct ft_output base;
	struct ft_output *json; /* owned; writes into stream */
	FILE *stream;           /* owned; a cookie: put() */
	struct ft_sink *sink;   /* owned; NULL for a file */
	int fd;                 /* of a file, or -1 */
	off_t good;             /* of a file: the end of the last whole interval */
	int error;              /* of this interval */
	uint64_t lost;          /* intervals */
};

/* Into the file, whole; -errno. */
static int write_file(int fd, const char *data, size_t size)
{
	ssize_t written;

	while (size) {
		written = write(fd, data, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		data += written;
		size -= (size_t)written;
	}
	return 0;
}

/* What stdio hands on. */
static ssize_t put(void *cookie, const char *data, size_t size)
{
	struct ndjson_output *output = cookie;

	if (output->error == 0)
		output->error = output->sink ? ft_sink_send(output->sink, data, size) :
					       write_file(output->fd, data, size);
	return (ssize_t)size;
}

/* The health line's sentence. */
static void remark(struct ndjson_output *output)
{
	char *text = output->base.remark;
	size_t size = sizeof(output->base.remark);
	unsigned long long lost = output->lost;
	const char *why = output->error == -ESTALE ? _("the file was removed") :
			  output->error < 0	   ? strerror(-output->error) : NULL;

	text[0] = '\0';
	if (why)
		snprintf(text, size, _("%.60s; intervals lost: %llu"), why, lost);
	else if (lost)
		snprintf(text, size, _("intervals lost: %llu"), lost);
}

/* Where the file ends well. One that nobody can open any more holds nothing for anybody. */
static void mark_file(struct ndjson_output *output)
{
	struct stat status;

	if (output->error == 0 && fstat(output->fd, &status) == 0 && status.st_nlink == 0)
		output->error = -ESTALE;
	if (output->error == 0)
		output->good = lseek(output->fd, 0, SEEK_CUR);
	else if (ftruncate(output->fd, output->good) == 0)
		(void)lseek(output->fd, output->good, SEEK_SET);
}

/* One snapshot. */
static int ndjson_write(struct ft_output *base, const struct ft_snapshot *snapshot)
{
	struct ndjson_output *output = (struct ndjson_output *)base;
	const char *why;
	bool fresh;

	output->error = 0;
	if (output->sink && !ft_sink_ready(output->sink, snapshot->last, &fresh)) {
		output->error = ft_sink_error(output->sink, &why);
	} else {
		clearerr(output->stream);
		(void)output->json->ops->write(output->json, snapshot); /* ends with a flush */
	}
	if (!output->sink)
		mark_file(output);
	output->lost += output->error < 0;
	remark(output);
	return output->error;
}

/* Ends it. */
static int ndjson_close(struct ft_output *base)
{
	struct ndjson_output *output = (struct ndjson_output *)base;
	int ret = 0;

	if (output->json)
		(void)output->json->ops->close(output->json);
	if (output->stream)
		fclose(output->stream);
	ft_sink_free(output->sink);
	if (output->fd >= 0 && close(output->fd) < 0)
		ret = -errno;
	free(output);
	return ret;
}

/* A new file, or -errno; *ret_fifo instead if there is a FIFO. */
static int open_file(const char *path, bool *ret_fifo)
{
	struct ft_caller caller;
	struct stat there;
	int fd;

	ft_caller_init(&caller);
	ft_caller_enter(&caller);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		fd = -errno;
	*ret_fifo = fd == -EEXIST && stat(path, &there) == 0 && S_ISFIFO(there.st_mode);
	ft_caller_leave(&caller);
	ft_caller_done(&caller);
	return fd;
}

/* The place that the URL names. */
static int open_place(struct ndjson_output *output, const struct ft_url *url, char *err,
		      size_t err_size)
{
	static const char *const known[] = { NULL };
	bool fifo = false;

	if (ft_url_check(url, known, err, err_size) < 0)
		return -EINVAL;
	if (*url->host || url->port || !url->path[0] || !url->path[1]) {
		snprintf(err, err_size, _("URL \"%.128s\": it needs a path, as in %s:///PATH"),
			 url->text, url->scheme);
		return -EINVAL;
	}
	if (strcmp(url->scheme, "ndjson") != 0) {
		output->sink = ft_sink_new(FT_SINK_UNIX, url->path, 0);
		return 0;
	}
	output->fd = open_file(url->path, &fifo);
	if (fifo)
		output->sink = ft_sink_new(FT_SINK_FIFO, url->path, 0);
	if (fifo || output->fd >= 0)
		return 0;
	snprintf(err, err_size, "%.256s: %s", url->path, strerror(-output->fd));
	return output->fd;
}

/* The stream that json.c writes to. */
static void open_stream(struct ndjson_output *output)
{
	static const cookie_io_functions_t functions = { .write = put };

	output->stream = fopencookie(output, "w", functions);
	if (!output->stream)
		xalloc_die();
	setvbuf(output->stream, NULL, _IOFBF, BUFFER);
}

/* All panes' records. */
static int ndjson_open(const struct ft_output_config *config, struct ft_output **ret_output,
		       char *err, size_t err_size)
{
	struct ndjson_output *output;
	struct ft_output_config inner = *config;
	struct ft_url url;
	int ret = ft_url_parse(config->target, &url, err, err_size);

	if (ret < 0)
		return ret;
	output = xcalloc(1, sizeof(*output));
	output->base.ops = &ft_export_ndjson;
	output->fd = -1;
	ret = open_place(output, &url, err, err_size);
	if (ret == 0) {
		open_stream(output);
		inner.stream = output->stream;
		inner.target = NULL;
		ret = ft_output_ndjson.open(&inner, &output->json, err, err_size);
	}
	ft_url_done(&url);
	if (ret < 0)
		ndjson_close(&output->base);
	else
		*ret_output = &output->base;
	return ret;
}

const struct ft_output_ops ft_export_ndjson = {
	.name = "ndjson export",
	.extension = "",
	.open = ndjson_open,
	.write = ndjson_write,
	.close = ndjson_close,
};
