/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built without json-c: the reading half's symbols, which say so. */
#include <errno.h>
#include <stdio.h>

#include "core/nls.h"
#include "core/owner.h"
#include "core/xalloc.h"
#include "recording/records_priv.h"

struct ft_records *ft_records_new(void)
{
	struct ft_records *records = xcalloc(1, sizeof(*records));

	records->owners = ft_owners_new();
	return records;
}

void ft_records_json_free(struct ft_records_json *json)
{
	(void)json;
}

int ft_records_feed(struct ft_records *records, const char *data, size_t size, char *err,
		    size_t err_size)
{
	(void)records;
	(void)data;
	(void)size;
	snprintf(err, err_size,
		 _("reading records needs json-c, and this flowtop was built without"));
	return -EOPNOTSUPP;
}

int ft_records_end(struct ft_records *records, char *err, size_t err_size)
{
	return ft_records_feed(records, "", 0, err, err_size);
}

const char *ft_records_library(void)
{
	return NULL;
}
