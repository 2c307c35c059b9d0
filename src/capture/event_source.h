/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that the kernel tells through BPF (bpf/event_*.bpf.c): what TCP sockets do, in all
 * network namespaces. Optional, as the owner programs whose storage they read. Opened by the
 * main thread, used by the collector thread; after the opening nothing here needs a privilege.
 */
#ifndef FT_CAPTURE_EVENT_SOURCE_H
#define FT_CAPTURE_EVENT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "capture/owner_source.h"
#include "core/event.h"

struct ft_event_source;

/* NULL if the kernel takes none; `why` has the sentence then. netns: tells only of the namespace
 * with this inode; 0 = of all. ring_bytes: 0 = FT_EVENT_RING_BYTES (tests). */
struct ft_event_source *ft_event_source_new(struct ft_owner_source *owners, uint32_t netns,
					    uint32_t ring_bytes, char *why, size_t why_size);
void ft_event_source_free(struct ft_event_source *source); /* takes NULL */

/* Reads what there is, finds the owners, and adds it to the ring. When nothing has happened it costs a
 * system call for each program, by which it asks what nested. NULL is fine. */
void ft_event_source_drain(struct ft_event_source *source, struct ft_events *events);

/* Readable when so much has come that it is time to read it. -1: NULL. */
int ft_event_source_fd(const struct ft_event_source *source);

/* What it cannot tell, and why; "" = nothing is missing. */
const char *ft_event_source_unseen(const struct ft_event_source *source);

/* --doctor: tries each program: 0 or -errno, and a sentence. Leaves nothing behind. */
void ft_event_source_probe_all(void (*report)(void *arg, const char *name, int result,
					      const char *why), void *arg);

#endif
