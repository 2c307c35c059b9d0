/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as JSON objects; shared by json.c and summary.c. */
#ifndef FT_OUTPUT_JSON_H
#define FT_OUTPUT_JSON_H

#include "output/json_writer.h"
#include "output/record.h"

/* One object of a list's record. */
void ft_json_record(struct ft_json *json, enum ft_list list, const struct ft_record *record);

/* The summary of a snapshot; `hidden` as ft_pick left it. */
void ft_json_summary(struct ft_json *json, const struct ft_output_config *config,
		     const struct ft_snapshot *snapshot, const struct ft_hidden *hidden);

#endif
