/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a URL of ours says, for both directions. */
#ifndef FT_CLICKHOUSE_URL_H
#define FT_CLICKHOUSE_URL_H

#include "clickhouse/client.h"

/* Reads it, refuses parameters that are not in the NULL-ended list; *ret_database: caller frees.
 * -EINVAL + sentence, then there is nothing to free. */
int ft_ch_url(const char *target, const char *const *known, struct ft_url *ret_url,
	      char **ret_database, char *err, size_t err_size);

#endif
