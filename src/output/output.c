/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of formats. */
#include "output/outputs.h"

#include <string.h>

const struct ft_output_ops *const ft_outputs[] = {
	&ft_output_text, &ft_output_json, &ft_output_ndjson, &ft_output_csv, NULL,
};

/* By name; NULL if there is none. */
const struct ft_output_ops *ft_output_find(const char *name)
{
	for (size_t i = 0; ft_outputs[i]; i++)
		if (!strcmp(ft_outputs[i]->name, name))
			return ft_outputs[i];
	return NULL;
}
