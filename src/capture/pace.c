/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See pace.h. */
#include "capture/pace.h"

#include <limits.h>

#define MS 1000000

void ft_pace_set(struct ft_pace *pace, uint64_t played_ns, uint64_t real_ns)
{
	pace->begun = true;
	pace->played_ns = played_ns;
	pace->real_ns = real_ns;
}

uint64_t ft_pace_at(const struct ft_pace *pace, uint64_t real_ns)
{
	double passed;

	if (!pace->begun || pace->held || real_ns <= pace->real_ns)
		return pace->played_ns;
	passed = (double)(real_ns - pace->real_ns) * pace->speed;
	/* Behind the end of time it stands still. */
	if (passed >= (double)(UINT64_MAX - pace->played_ns) / 2)
		return pace->played_ns + (UINT64_MAX - pace->played_ns) / 2;
	return pace->played_ns + (uint64_t)passed;
}

void ft_pace_hold(struct ft_pace *pace, bool held, uint64_t real_ns)
{
	if (held == pace->held)
		return;
	pace->played_ns = ft_pace_at(pace, real_ns);
	pace->real_ns = real_ns;
	pace->held = held;
}

uint64_t ft_pace_wait(const struct ft_pace *pace, uint64_t played_ns, uint64_t real_ns)
{
	uint64_t at = ft_pace_at(pace, real_ns);
	double wait;

	if (pace->held)
		return FT_PACE_NEVER;
	if (at >= played_ns)
		return 0;
	wait = (double)(played_ns - at) / pace->speed + 1;
	return wait < (double)INT64_MAX ? (uint64_t)wait : (uint64_t)INT64_MAX;
}

int ft_pace_wait_ms(const struct ft_pace *pace, uint64_t played_ns, uint64_t real_ns)
{
	uint64_t wait = ft_pace_wait(pace, played_ns, real_ns);

	if (wait == FT_PACE_NEVER)
		return -1;
	return wait / MS >= INT_MAX ? INT_MAX : (int)((wait + MS - 1) / MS);
}
