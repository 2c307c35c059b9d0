/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capabilities in a build without libcap-ng. */
#include "confine.h"

#include <errno.h>
#include <stdio.h>

#include "core/nls.h"

int ft_confine_rights(const struct ft_confine_plan *plan, char *why, size_t why_size)
{
	(void)plan;
	snprintf(why, why_size, _("built without %s"), "libcap-ng");
	return -EOPNOTSUPP;
}
