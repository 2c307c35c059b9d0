/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --until: an output that writes nothing, but ends the run (-ECANCELED) once a flow of an interval
 * holds what its filter says. It gets every interval, as all outputs do.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/filter.h"
#include "core/snapshot.h"
#include "core/xalloc.h"
#include "output/outputs.h"

struct until {
	struct ft_output base;
	const struct ft_filter *filter; /* borrowed */
};

static int until_open(const struct ft_output_config *config, struct ft_output **ret_output,
		      char *err, size_t err_size)
{
	struct until *until = xcalloc(1, sizeof(*until));

	(void)err;
	(void)err_size;
	until->base.ops = &ft_output_until;
	until->filter = config->query.filter;
	*ret_output = &until->base;
	return 0;
}

static int until_write(struct ft_output *output, const struct ft_snapshot *snapshot)
{
	const struct until *until = (const struct until *)output;
	struct ft_filter_run *run = ft_filter_run_new(until->filter, snapshot);
	bool holds = false;

	for (size_t i = 0; i < snapshot->row_count && !holds; i++)
		holds = ft_filter_run_match(run, &snapshot->rows[i]);
	ft_filter_run_free(run);
	return holds ? -ECANCELED : 0;
}

static int until_close(struct ft_output *output)
{
	free(output);
	return 0;
}

const struct ft_output_ops ft_output_until = {
	.name = "until",
	.extension = "",
	.open = until_open,
	.write = until_write,
	.close = until_close,
};
