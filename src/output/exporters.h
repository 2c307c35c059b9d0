/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where --export can send, one file a kind. A kind that was not built in is another file with the
 * same symbol (export_NAME_none.c), whose open says so.
 */
#ifndef FT_OUTPUT_EXPORTERS_H
#define FT_OUTPUT_EXPORTERS_H

#include "output/output.h"

struct ft_exporter {
	const char *scheme; /* "ipfix+tcp" */
	const char *form;   /* "ipfix+tcp://HOST:PORT" */
	const char *help;   /* N_() */
	const struct ft_output_ops *ops;
	bool login; /* USER:PASSWORD@ may be in it */
};

extern const struct ft_exporter ft_exporters[]; /* ended by a scheme NULL */

/* The row of a URL's scheme, or NULL. */
const struct ft_exporter *ft_exporter_find(const char *target);
/* 0, or -EINVAL and a sentence if this is no URL of ours; what it names is not looked at. */
int ft_exporter_check(const char *target, char *err, size_t err_size);

/* For kinds that were not built in: says so, -EINVAL. The others are never called. */
int ft_export_absent(const char *target, const char *library, char *err, size_t err_size);
int ft_export_absent_write(struct ft_output *output, const struct ft_snapshot *snapshot);
int ft_export_absent_close(struct ft_output *output);

extern const struct ft_output_ops ft_export_clickhouse;
extern const struct ft_output_ops ft_export_ipfix;
extern const struct ft_output_ops ft_export_metrics;
extern const struct ft_output_ops ft_export_ndjson;
extern const struct ft_output_ops ft_export_zmq;

#endif
