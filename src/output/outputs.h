/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The formats, for the table in output.c; each is defined in the file of its name. */
#ifndef FT_OUTPUT_OUTPUTS_H
#define FT_OUTPUT_OUTPUTS_H

#include "output/output.h"

extern const struct ft_output_ops ft_output_text;
extern const struct ft_output_ops ft_output_json;
extern const struct ft_output_ops ft_output_ndjson;
extern const struct ft_output_ops ft_output_csv;
extern const struct ft_output_ops ft_output_until; /* no format: what --until asks */

extern const struct ft_output_ops ft_output_packets; /* -w FILE.pcapng, key x */

#endif
