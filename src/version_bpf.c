/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built with BPF: the libbpf that is loaded. */
#include "version.h"

#include <bpf/libbpf.h>
#include <stdio.h>

/* From the library itself, not from its header: they may differ. */
const char *ft_version_libbpf(void)
{
	static char text[32];

	snprintf(text, sizeof(text), "%s", libbpf_version_string());
	return text[0] == 'v' ? text + 1 : text;
}
