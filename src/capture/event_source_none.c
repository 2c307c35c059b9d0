/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event source of a build without BPF: it is never there. See event_source.h. */
#include "capture/event_source.h"

#include <errno.h>
#include <stdio.h>

#include "core/nls.h"

struct ft_event_source *ft_event_source_new(struct ft_owner_source *owners, uint32_t netns,
					    uint32_t ring_bytes, char *why, size_t why_size)
{
	(void)owners, (void)netns, (void)ring_bytes;
	snprintf(why, why_size, "%s", _("built without BPF"));
	return NULL;
}

void ft_event_source_free(struct ft_event_source *source)
{
	(void)source;
}

void ft_event_source_drain(struct ft_event_source *source, struct ft_events *events)
{
	(void)source, (void)events;
}

int ft_event_source_fd(const struct ft_event_source *source)
{
	(void)source;
	return -1;
}

const char *ft_event_source_unseen(const struct ft_event_source *source)
{
	(void)source;
	return "";
}

void ft_event_source_probe_all(void (*report)(void *arg, const char *name, int result,
					      const char *why), void *arg)
{
	report(arg, "BPF", -EOPNOTSUPP, _("not built in"));
}
