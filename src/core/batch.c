/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ticks of a producer to CLOCK_REALTIME; see batch.h. */
#include "core/batch.h"

struct ft_clock ft_clock_identity(void)
{
	return (struct ft_clock){ .tick0 = 0, .ns0 = 0, .tick1 = 0, .ns1 = 0 };
}

/* value * multiplier / divisor without overflow on the way. */
static uint64_t scale(uint64_t value, uint64_t multiplier, uint64_t divisor)
{
	return (uint64_t)((unsigned __int128)value * multiplier / divisor);
}

uint64_t ft_clock_ns(const struct ft_clock *clock, uint64_t tick)
{
	uint64_t ticks = clock->tick1 - clock->tick0;
	uint64_t ns = clock->ns1 - clock->ns0;
	uint64_t back;

	if (tick == 0)
		return 0;
	if (clock->tick1 <= clock->tick0 || clock->ns1 < clock->ns0)
		return clock->ns0 + (tick - clock->tick0);
	if (tick >= clock->tick0)
		return clock->ns0 + scale(tick - clock->tick0, ns, ticks);
	back = scale(clock->tick0 - tick, ns, ticks);
	return back < clock->ns0 ? clock->ns0 - back : 0;
}
