/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters at an interface's clsact hooks, as rtnetlink lists them: in the order they run. */
#ifndef FT_CAPTURE_TC_FILTERS_H
#define FT_CAPTURE_TC_FILTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ft_tc_filter {
	uint32_t preference;
	uint32_t handle;   /* 0: stands for the preference as such, not for a filter */
	uint16_t protocol; /* EtherType, host order */
	uint32_t program;  /* id; 0 if it is no BPF filter */
	char kind[16];
	char name[64]; /* of a BPF filter, as its loader called it */
};

/* Calls `each` for every filter; it returns false to end the list. 0 or -errno. */
int ft_tc_filters(uint32_t ifindex, bool egress,
		  bool (*each)(void *arg, const struct ft_tc_filter *filter), void *arg);

#endif
