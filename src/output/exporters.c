/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of where --export can send. */
#include "output/exporters.h"

#include <errno.h>
#include <string.h>

#include "core/nls.h"
#include "output/url.h"

const struct ft_exporter ft_exporters[] = {
	{ "ipfix", "ipfix://HOST:PORT", N_("IPFIX over UDP"), &ft_export_ipfix },
	{ "ipfix+tcp", "ipfix+tcp://HOST:PORT", N_("IPFIX over TCP"), &ft_export_ipfix },
	{ "openmetrics", "openmetrics://:PORT", N_("a page for Prometheus"), &ft_export_metrics },
	{ "ndjson", "ndjson:///PATH", N_("NDJSON into a new file or a FIFO"), &ft_export_ndjson },
	{ "ndjson+unix", "ndjson+unix:///PATH", N_("NDJSON to a unix socket"), &ft_export_ndjson },
	{ "zmq", "zmq://:PORT", N_("ntopng's ZeroMQ events, to who subscribes"), &ft_export_zmq },
	{ "zmq+connect", "zmq+connect://HOST:PORT", N_("the same, to an ntopng that listens"),
	  &ft_export_zmq },
	{ NULL, NULL, NULL, NULL },
};

/* The forms that there are, for who typed none. */
static void say_forms(const char *target, char *err, size_t err_size)
{
	int n = snprintf(err, err_size, _("\"%.128s\" is none of:"), target);
	size_t used = n < 0 ? 0 : (size_t)n;

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
	struct ft_url url;

	if (!ft_exporter_find(target)) {
		say_forms(target, err, err_size);
		return -EINVAL;
	}
	if (ft_url_parse(target, &url, err, err_size) < 0)
		return -EINVAL;
	ft_url_done(&url);
	return 0;
}

int ft_export_absent(const char *target, const char *library, char *err, size_t err_size)
{
	snprintf(err, err_size, _("\"%.128s\": this flowtop was built without %s"), target, library);
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
