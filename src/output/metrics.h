/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots as OpenMetrics text. Counters only grow; the sets of labels are bounded: interfaces as
 * many as there are scopes, protocols 256, processes by name at most FT_METRICS_NAMES_MAX, and all
 * later ones are one more, "(others)". No addresses and no ports: there is no end of them.
 */
#ifndef FT_OUTPUT_METRICS_H
#define FT_OUTPUT_METRICS_H

#include <stdio.h>

#include "core/snapshot.h"

#define FT_METRICS_NAMES_MAX 256

struct ft_metrics;
struct ft_metrics *ft_metrics_new(void);
void ft_metrics_free(struct ft_metrics *metrics); /* NULL is fine */
/* Adds what the snapshot's interval counted; each snapshot once. */
void ft_metrics_add(struct ft_metrics *metrics, const struct ft_snapshot *snapshot);
/* The whole exposition, as of a snapshot that was added. */
void ft_metrics_print(const struct ft_metrics *metrics, const struct ft_snapshot *snapshot,
		      FILE *stream);

#endif
