/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of events made by hand, for tests of what shows them: one of each kind. */
#ifndef FT_TESTS_CORE_MADE_EVENTS_H
#define FT_TESTS_CORE_MADE_EVENTS_H

#include "core/event.h"

#define MADE_EVENTS 10

/* They end half a second before end_ns; owner is that of the ones out. The first is of flow_id.
 * `kept` of them are still in the ring, the others are lost to the bound, and seven to the kernel's
 * ring. A reference, the caller's. */
const struct ft_event_list *made_events(uint64_t end_ns, uint16_t owner, uint64_t flow_id,
					size_t kept);

#endif
