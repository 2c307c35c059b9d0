/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What backends share: the answers to operations that most of them have no need of. */
#include "capture/backend.h"

int ft_backend_is_told(const struct ft_backend *backend)
{
	(void)backend;
	return -1;
}

void ft_backend_never_waits(struct ft_backend *backend)
{
	(void)backend;
}

uint64_t ft_backend_has_no_limit(struct ft_backend *backend, uint64_t until_ns)
{
	(void)backend;
	(void)until_ns;
	return 0;
}
