/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has the kernel time the programs in it, on and off. That needs CAP_SYS_ADMIN at each beginning,
 * which flowtop gives up at its start: a process of its own keeps that right, and nothing else. It
 * hears one octet at a time from us alone, opens or closes one descriptor, and ends when we do,
 * however we end; with it the timing ends too.
 */
#ifndef FT_CAPTURE_COST_TIMER_H
#define FT_CAPTURE_COST_TIMER_H

#include <stdbool.h>

struct ft_cost_timer;

/* Before there are threads, and before rights are given up. NULL: it cannot be, *ret_error (an
 * errno) says why; then nothing is left running. */
struct ft_cost_timer *ft_cost_timer_new(int *ret_error);
void ft_cost_timer_free(struct ft_cost_timer *timer); /* takes NULL */
/* Times from now on, or no more: 0, or -errno. */
int ft_cost_timer_set(struct ft_cost_timer *timer, bool on);

/* The act itself: a descriptor, the kernel times programs as long as it is open; or -errno. */
int ft_cost_timer_open(void);

#endif
