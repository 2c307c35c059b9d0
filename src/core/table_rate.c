/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rates: exponentially decaying averages with time constants T = 2, 10 and 40 s, that don't start
 * from zero.
 *
 * An interval of d seconds in which a flow counted x a second (x = counted / d, with the
 * measured d) enters an average with weight 1 - exp(-d/T), and what was there decays by
 * exp(-d/T). A plain average of a flow that is one second old would show 39 % of its true rate
 * at T = 2 and 2.5 % at T = 40. So the sum of weights W that an average has seen is kept, and
 * the average is divided by it:
 *
 *	W' = W exp(-d/T) + (1 - exp(-d/T))            W = 0 before the first interval
 *	r' = (r W exp(-d/T) + x (1 - exp(-d/T))) / W'
 *
 * A new flow's rate is thus the mean over its life, an old one's (W -> 1) the plain average. W
 * depends on the intervals since a flow's birth alone, so it is kept once for all flows born in
 * one generation, and a row's rates cost two multiplications each in the pass that copies it.
 */
#include <math.h>

#include "core/table_priv.h"

const double ft_window_seconds[FT_WINDOWS] = { 2, 10, 40 };

/* From here on W counts as 1. */
#define FULL_WEIGHT 0.9995F

/* One interval more for one average: W, and the factors of the formula above. */
static void step(double *weight, double decay, double *ret_keep, double *ret_gain)
{
	double before = *weight * decay, after = before + 1 - decay;

	*ret_keep = after > 0 ? before / after : 1;
	*ret_gain = after > 0 ? (1 - decay) / after : 0;
	*weight = after;
}

/* The same for all windows of one generation. */
static void step_weight(struct ft_weight *entry, const double decay[FT_WINDOWS])
{
	double weight, keep, gain;
	int w;

	for (w = 0; w < FT_WINDOWS; w++) {
		weight = entry->weight[w];
		step(&weight, decay[w], &keep, &gain);
		entry->weight[w] = (float)weight;
		entry->keep[w] = (float)keep;
		entry->gain[w] = (float)gain;
	}
}

/* decay[w] = exp(-d/T) */
static void find_decay(double seconds, double ret_decay[FT_WINDOWS])
{
	int w;

	for (w = 0; w < FT_WINDOWS; w++)
		ret_decay[w] = exp(-seconds / ft_window_seconds[w]);
}

/* One interval for all generations, the one of table->generation being new in it. */
void ft_weights_step(struct ft_table *table, double seconds)
{
	struct ft_weight *newest = &table->weights[table->generation & (FT_WEIGHTS - 1)];
	double decay[FT_WINDOWS];
	uint64_t g;

	find_decay(seconds, decay);
	if (table->generation - table->oldest_weight >= FT_WEIGHTS)
		table->oldest_weight = table->generation - FT_WEIGHTS + 1;
	while (table->oldest_weight < table->generation &&
	       table->weights[table->oldest_weight & (FT_WEIGHTS - 1)].weight[FT_WINDOWS - 1] >
		       FULL_WEIGHT)
		table->oldest_weight++;
	*newest = (struct ft_weight){ .weight = { 0 } };
	for (g = table->oldest_weight; g <= table->generation; g++)
		step_weight(&table->weights[g & (FT_WEIGHTS - 1)], decay);
	table->steady = (struct ft_weight){ .weight = { 1, 1, 1 } };
	step_weight(&table->steady, decay);
}

/* The factors for a row by its birth's low bits. */
const struct ft_weight *ft_table_weight(const struct ft_table *table, uint32_t birth)
{
	uint32_t age = (uint32_t)table->generation - birth;

	if (age > table->generation - table->oldest_weight)
		return &table->steady;
	return &table->weights[birth & (FT_WEIGHTS - 1)];
}

/* One interval for a scope's own averages, from what it counted. */
void ft_scope_rates_step(struct ft_scope_state *scope, double seconds)
{
	double decay[FT_WINDOWS], keep, gain;
	int w, i;

	if (seconds <= 0)
		return;
	find_decay(seconds, decay);
	for (w = 0; w < FT_WINDOWS; w++) {
		step(&scope->weight[w], decay[w], &keep, &gain);
		for (i = 0; i < FT_RATES; i++)
			scope->rate[w][i] = scope->rate[w][i] * keep +
					    scope->counted[i] / seconds * gain;
	}
}
