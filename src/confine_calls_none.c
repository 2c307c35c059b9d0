/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls in a build without libseccomp. */
#include "confine.h"

#include <errno.h>
#include <stdio.h>

#include "core/nls.h"

int ft_confine_calls(const struct ft_confine_plan *plan, char *why, size_t why_size)
{
	(void)plan;
	snprintf(why, why_size, _("built without %s"), "libseccomp");
	return -EOPNOTSUPP;
}

int ft_confine_reader(char *why, size_t why_size)
{
	return ft_confine_calls(NULL, why, why_size);
}
