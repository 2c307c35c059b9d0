/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A snapshot as flowtop has them, which can be taken and put, from one that a test made by hand. */
#ifndef FT_TESTS_CORE_BOXED_H
#define FT_TESTS_CORE_BOXED_H

#include "core/snapshot.h"

/* A copy with one reference, the caller's; without sockets and events. Aborts if processes do not
 * keep their ids. */
struct ft_snapshot *boxed(const struct ft_snapshot *from);

#endif
