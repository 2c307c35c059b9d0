/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text to numbers: the whole string, in range, with a unit where one is allowed. */
#ifndef FT_CORE_NUM_H
#define FT_CORE_NUM_H

#include <stddef.h>
#include <stdint.h>

/* 0, or -EINVAL / -ERANGE with a sentence naming `what` ("-c: 12abc is not a number"). */
int ft_num_u64(const char *what, const char *text, uint64_t min, uint64_t max,
	       uint64_t *ret_value, char *err, size_t err_size);
int ft_num_double(const char *what, const char *text, double min, double max,
		  double *ret_value, char *err, size_t err_size);
/* With k M G T or Ki Mi Gi Ti behind: "1M" -> 1000000, "1.5Ki" -> 1536. -EINVAL if not so. */
int ft_num_scaled(const char *text, double *ret_value);
/* "250ms" "3s" "2m" "1h" "1d"; a bare number is seconds; to nanoseconds. */
int ft_num_duration(const char *text, uint64_t *ret_ns);
/* "2026-11-21T10:00:00.123456Z", as ft_fmt_time writes it (any digits of a fraction, at most nine,
 * or none), to CLOCK_REALTIME nanoseconds; from 1970 to 2261. 0 or -EINVAL. */
int ft_num_time(const char *text, uint64_t *ret_ns);

#endif
