/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files in a build whose kernel headers are older than Landlock. */
#include "confine.h"

#include <errno.h>
#include <stdio.h>

#include "core/nls.h"

int ft_confine_files(const struct ft_confine_plan *plan, char *why, size_t why_size)
{
	(void)plan;
	snprintf(why, why_size, _("built without %s"), "linux/landlock.h");
	return -EOPNOTSUPP;
}
