/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See url.h; and what else needs no answer of a server. */
#include "clickhouse/url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "clickhouse/clickhouse.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define DATABASE_MAX 64

int ft_ch_url(const char *target, const char *const *known, struct ft_url *ret_url,
	      char **ret_database, char *err, size_t err_size)
{
	const char *name;
	int ret = ft_url_parse_login(target, ret_url, err, err_size);

	if (ret < 0)
		return ret;
	name = ret_url->path[0] ? ret_url->path + 1 : "";
	if (!ret_url->host[0] || !name[0] || strchr(name, '/') || strlen(name) > DATABASE_MAX) {
		snprintf(err, err_size, _("URL \"%.128s\": it needs %s://HOST:PORT/DATABASE"),
			 ret_url->text, ret_url->scheme);
		ret = -EINVAL;
	} else {
		ret = ft_url_check(ret_url, known, err, err_size);
	}
	if (ret < 0)
		ft_url_done(ret_url);
	else
		*ret_database = xstrdup(name);
	return ret;
}

bool ft_clickhouse_is(const char *target)
{
	return strncmp(target, "clickhouse://", 13) == 0 ||
	       strncmp(target, "clickhouses://", 14) == 0;
}

const char *ft_clickhouse_library(void)
{
	static char text[40];

	snprintf(text, sizeof(text), "libcurl %s", curl_version_info(CURLVERSION_NOW)->version);
	return text;
}
