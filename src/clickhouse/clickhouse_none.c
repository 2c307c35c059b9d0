/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built without libcurl: the same symbols, which say so. */
#include "clickhouse/clickhouse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/nls.h"
#include "output/url.h"

static int none_open(const struct ft_output_config *config, struct ft_output **ret_output,
		     char *err, size_t err_size)
{
	(void)ret_output;
	return ft_export_absent(config->target, "libcurl", err, err_size);
}

const struct ft_output_ops ft_export_clickhouse = {
	.name = "clickhouse",
	.extension = "",
	.open = none_open,
	.write = ft_export_absent_write,
	.close = ft_export_absent_close,
};

const struct ft_source_ops ft_source_clickhouse;

const char *ft_clickhouse_library(void)
{
	return NULL;
}

bool ft_clickhouse_is(const char *target)
{
	return strncmp(target, "clickhouse://", 13) == 0 ||
	       strncmp(target, "clickhouses://", 14) == 0;
}

int ft_clickhouse_open(const char *target, struct ft_clickhouse **ret_clickhouse, char *err,
		       size_t err_size)
{
	(void)ret_clickhouse;
	return ft_export_absent(target, "libcurl", err, err_size);
}

void ft_clickhouse_close(struct ft_clickhouse *clickhouse)
{
	(void)clickhouse;
}

const char *ft_clickhouse_observer(const struct ft_clickhouse *clickhouse)
{
	(void)clickhouse;
	return "";
}
