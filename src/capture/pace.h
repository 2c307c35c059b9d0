/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock of what is played: --speed. It begins where what is played begins, runs so many times
 * as fast as the clock on the wall, stands still while it is held, and can be set. Plain values;
 * whoever uses it says what time it is (CLOCK_MONOTONIC), so that tests need not wait.
 */
#ifndef FT_CAPTURE_PACE_H
#define FT_CAPTURE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define FT_PACE_NEVER UINT64_MAX
/* A longer silence than this is not waited for, at any speed. */
#define FT_PACE_SILENCE_NS (600 * UINT64_C(1000000000))
#define FT_PACE_SPEED_MAX 1e9

struct ft_pace {
	double speed; /* 0 = as fast as can be: there is no clock */
	bool begun, held;
	uint64_t played_ns, real_ns; /* it was so late here, when it was so late there */
};

static inline bool ft_pace_is_on(const struct ft_pace *pace)
{
	return pace->speed > 0;
}

/* It is played_ns there now; begins it. */
void ft_pace_set(struct ft_pace *pace, uint64_t played_ns, uint64_t real_ns);
void ft_pace_hold(struct ft_pace *pace, bool held, uint64_t real_ns);
/* How late it is there; 0 before the begin. */
uint64_t ft_pace_at(const struct ft_pace *pace, uint64_t real_ns);
/* How long until it is played_ns there; NEVER while it is held. */
uint64_t ft_pace_wait(const struct ft_pace *pace, uint64_t played_ns, uint64_t real_ns);
/* The same as poll has it: at least a millisecond if it is to wait at all, -1 for ever. */
int ft_pace_wait_ms(const struct ft_pace *pace, uint64_t played_ns, uint64_t real_ns);

#endif
