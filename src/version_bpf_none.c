/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built without BPF. */
#include "version.h"

#include <stddef.h>

/* There is none. */
const char *ft_version_libbpf(void)
{
	return NULL;
}
