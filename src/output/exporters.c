/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of where --export can send. */
#include "output/exporters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/nls.h"
#include "output/url.h"

const struct ft_exporter ft_exporters[] = {
	{ "ipfix", "ipfix://HOST:PORT", N_("IPFIX over UDP"), &ft_export_ipfix, false },
	{ "ipfix+tcp", "ipfix+tcp://HOST:PORT", N_("IPFIX over TCP"), &ft_export_ipfix, false },
	{ "openmetrics", "openmetrics://:PORT", N_("a page for Prometheus"), &ft_export_metrics,
	  false },
	{ "ndjson", "ndjson:///PATH", N_("NDJSON into a new file or a FIFO"), &ft_export_ndjson,
	  false },
	{ "ndjson+unix", "ndjson+unix:///PATH", N_("NDJSON to a unix socket"), &ft_export_ndjson,
	  false },
	{ "zmq", "zmq://:PORT", N_("ntopng's ZeroMQ events, to who subscribes"), &ft_export_zmq,
	  false },
	{ "zmq+connect", "zmq+connect://HOST:PORT", N_("the same, to an ntopng that listens"),
	  &ft_export_zmq, false },
	{ "clickhouse", "clickhouse://HOST:PORT/DATABASE", N_("rows into a ClickHouse database"),
	  &ft_export_clickhouse, true },
	{ "clickhouses", "clickhouses://HOST:PORT/DATABASE", N_("the same, encrypted"),
	  &ft_export_clickhouse, true },
	{ NULL, NULL, NULL, NULL, false },
};

/* The forms that there are, for who typed none. */
static void say_forms(const char *target, char *err, size_t err_size)
{
	char *public = ft_url_public(target);
	int n = snprintf(err, err_size, _("\"%.128s\" is none of:"), public);
	size_t used = n < 0 ? 0 : (size_t)n;

	free(public);
	for (size_t i = 0; ft_exporters[i].scheme && used < err_size; i++)
		used += (size_t)snprintf(err + used, err_size - used, " %s", ft_exporters[i].form);
}

const struct ft_exporter *ft_exporter_find(const char *target)
{
	size_t length = strcspn(target, ":");

	for (size_t i = 0; ft_exporters[i].scheme; i++)
		if (strlen(ft_exporters[i].scheme) == length &&
		    !strncmp(ft_exporters[i].scheme, target, length))
			return &ft_exporters[i];
	return NULL;
}

int ft_exporter_check(const char *target, char *err, size_t err_size)
{
	const struct ft_exporter *exporter = ft_exporter_find(target);
	struct ft_url url;
	int ret;

	if (!exporter) {
		say_forms(target, err, err_size);
		return -EINVAL;
	}
	if (exporter->login)
		ret = ft_url_parse_login(target, &url, err, err_size);
	else
		ret = ft_url_parse(target, &url, err, err_size);
	if (ret < 0)
		return ret;
	ft_url_done(&url);
	return 0;
}

int ft_export_absent(const char *target, const char *library, char *err, size_t err_size)
{
	char *public = ft_url_public(target);

	snprintf(err, err_size, _("\"%.128s\": this flowtop was built without %s"), public, library);
	free(public);
	return -EINVAL;
}

int ft_export_absent_write(struct ft_output *output, const struct ft_snapshot *snapshot)
{
	(void)output, (void)snapshot;
	return -EOPNOTSUPP;
}

int ft_export_absent_close(struct ft_output *output)
{
	(void)output;
	return -EOPNOTSUPP;
}
