/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --export ipfix://HOST:PORT (UDP) and ipfix+tcp://HOST:PORT: due.c says what, ipfix.c writes the
 * messages, sink.c sends them. While there is no connection nothing is told, so that what goes
 * on is told later; what ends meanwhile, and what was sent in vain, is counted on the health line.
 */
#include "output/exporters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/nls.h"
#include "core/xalloc.h"
#include "output/due.h"
#include "output/ipfix.h"
#include "output/sink.h"
#include "output/url.h"

#define SECOND 1000000000ULL
#define IDLE_DEFAULT 15
#define ACTIVE_DEFAULT 60
#define TEMPLATES_EVERY (30 * SECOND) /* over UDP: a collector may have been started anew */
#define UDP_MESSAGE_MAX 1400
#define TCP_MESSAGE_MAX 16384

struct ipfix_output {
	struct ft_output base;
	struct ft_ipfix_config config;
	struct ft_ipfix *ipfix; /* owned; NULL while there is no session */
	struct ft_due *due;     /* owned */
	struct ft_sink *sink;   /* owned */
	bool udp;
	uint64_t templates_ns;  /* when they were sent last; snapshot's time */
	uint64_t lost;          /* records that were sent in vain */
	int error;              /* of this interval */
};

/* A message is full. */
static void send_message(void *arg, const void *message, size_t size, unsigned records)
{
	struct ipfix_output *output = arg;
	int ret = ft_sink_send(output->sink, message, size);

	if (ret == 0)
		return;
	output->error = ret;
	output->lost += records;
}

/* A session with its templates, if there is a connection. */
static int prepare(struct ipfix_output *output, const struct ft_snapshot *snapshot, char *err,
		   size_t err_size)
{
	bool fresh;

	if (!ft_sink_ready(output->sink, snapshot->last, &fresh))
		return -ENOTCONN;
	if (fresh || !output->ipfix) {
		ft_ipfix_free(output->ipfix);
		output->ipfix = ft_ipfix_new(&output->config);
	} else if (!output->udp || snapshot->end_ns - output->templates_ns < TEMPLATES_EVERY) {
		return 0;
	}
	output->templates_ns = snapshot->end_ns;
	return ft_ipfix_templates(output->ipfix, snapshot->end_ns, err, err_size);
}

/* All that is due. */
static int send_due(struct ipfix_output *output, const struct ft_snapshot *snapshot, char *err,
		    size_t err_size)
{
	struct ft_due_record record;
	int ret = 0;

	while (ret == 0 && ft_due_next(output->due, &record)) {
		ret = ft_ipfix_add(output->ipfix, snapshot, &record, err, err_size);
		if (output->error < 0 && !output->udp)
			ret = output->error;
	}
	if (ret == 0)
		ret = ft_ipfix_flush(output->ipfix, err, err_size);
	return ret;
}

/* The health line's sentence. */
static void remark(struct ipfix_output *output, const char *err)
{
	unsigned long long lost = output->lost + ft_due_missed(output->due);
	const char *why = NULL;

	ft_sink_error(output->sink, &why);
	if (*err)
		why = err;
	output->base.remark[0] = '\0';
	if (why && lost)
		snprintf(output->base.remark, sizeof(output->base.remark),
			 _("%.60s; records lost: %llu"), why, lost);
	else if (why)
		snprintf(output->base.remark, sizeof(output->base.remark), "%.100s", why);
	else if (lost)
		snprintf(output->base.remark, sizeof(output->base.remark), _("records lost: %llu"),
			 lost);
}

/* One snapshot. */
static int ipfix_write(struct ft_output *base, const struct ft_snapshot *snapshot)
{
	struct ipfix_output *output = (struct ipfix_output *)base;
	char err[128] = "";
	const char *why;
	int ret;

	output->error = 0;
	ft_due_begin(output->due, snapshot);
	ret = prepare(output, snapshot, err, sizeof(err));
	if (ret == 0)
		ret = send_due(output, snapshot, err, sizeof(err));
	if (ret < 0)
		ft_due_skip(output->due);
	if (ret == -ENOTCONN && ft_sink_error(output->sink, &why) < 0)
		ret = ft_sink_error(output->sink, &why);
	remark(output, err);
	return ret < 0 ? ret : output->error;
}

/* Frees; all was sent with the last snapshot. */
static int ipfix_close(struct ft_output *base)
{
	struct ipfix_output *output = (struct ipfix_output *)base;

	ft_ipfix_free(output->ipfix);
	ft_due_free(output->due);
	ft_sink_free(output->sink);
	free(output);
	return 0;
}

/* What the URL asks for. */
static int read_url(const struct ft_url *url, struct ft_ipfix_config *config, uint64_t *ret_idle,
		    uint64_t *ret_active, char *err, size_t err_size)
{
	static const char *const known[] = { "idle", "active", "domain", "biflow", NULL };
	const char *biflow = ft_url_get(url, "biflow");
	uint64_t domain = 0;

	if (ft_url_need_peer(url, err, err_size) < 0 ||
	    ft_url_check(url, known, err, err_size) < 0 ||
	    ft_url_number(url, "idle", 1, 86400, ret_idle, err, err_size) < 0 ||
	    ft_url_number(url, "active", 1, 86400, ret_active, err, err_size) < 0 ||
	    ft_url_number(url, "domain", 0, UINT32_MAX, &domain, err, err_size) < 0)
		return -EINVAL;
	config->domain = (uint32_t)domain;
	config->biflow = !biflow || !strcmp(biflow, "yes");
	if (biflow && !config->biflow && strcmp(biflow, "no") != 0) {
		snprintf(err, err_size, _("URL \"%.128s\": biflow is yes or no"), url->text);
		return -EINVAL;
	}
	return 0;
}

/* Nothing is connected yet: who collects may come later. */
static int ipfix_open(const struct ft_output_config *config, struct ft_output **ret_output,
		      char *err, size_t err_size)
{
	uint64_t idle = IDLE_DEFAULT, active = ACTIVE_DEFAULT;
	struct ft_ipfix_config ipfix = { 0 };
	struct ipfix_output *output;
	struct ft_url url;
	int ret = ft_url_parse(config->target, &url, err, err_size);

	if (ret < 0)
		return ret;
	ret = read_url(&url, &ipfix, &idle, &active, err, err_size);
	if (ret < 0)
		goto cleanup;
	output = xcalloc(1, sizeof(*output));
	output->base.ops = &ft_export_ipfix;
	output->udp = strcmp(url.scheme, "ipfix+tcp") != 0;
	output->config = ipfix;
	output->config.message_max = output->udp ? UDP_MESSAGE_MAX : TCP_MESSAGE_MAX;
	output->config.names = config->query.show ? config->query.show->names : NULL;
	output->config.emit = send_message;
	output->config.arg = output;
	output->due = ft_due_new(idle * SECOND, active * SECOND, false);
	output->sink = ft_sink_new(output->udp ? FT_SINK_UDP : FT_SINK_TCP, url.host, url.port);
	*ret_output = &output->base;
cleanup:
	ft_url_done(&url);
	return ret;
}

const struct ft_output_ops ft_export_ipfix = {
	.name = "ipfix",
	.extension = "",
	.open = ipfix_open,
	.write = ipfix_write,
	.close = ipfix_close,
};
