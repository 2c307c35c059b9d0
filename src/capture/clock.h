/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What time it is, by any of the kernel's clocks. For those who take samples and write them away; the
 * core has no clock of its own.
 */
#ifndef FT_CAPTURE_CLOCK_H
#define FT_CAPTURE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC, CLOCK_REALTIME ...: nanoseconds. */
static inline uint64_t ft_clock_read(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

#endif
