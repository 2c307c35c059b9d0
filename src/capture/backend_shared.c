/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What backends share: the answer to an operation that most of them have no need of. */
#include "capture/backend.h"

void ft_backend_never_waits(struct ft_backend *backend)
{
	(void)backend;
}
