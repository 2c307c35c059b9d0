/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions whose answer may take long, asked on a thread of their own: names of users and groups
 * (a directory service over the network), containers (Docker's daemon). Who asks never waits: an
 * answer is there at a later call, and told once as news.
 *
 * At most FT_LOOKUP_MAX questions are open or remembered; what is asked beyond that waits with
 * who asks. The thread is started with the first question. A callee that hangs for good keeps
 * nobody from ending: thread and memory are left to it.
 */
#ifndef FT_CAPTURE_LOOKUP_H
#define FT_CAPTURE_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/container.h"

#define FT_LOOKUP_MAX 128

enum ft_lookup_kind { FT_LOOKUP_USER, FT_LOOKUP_GROUP, FT_LOOKUP_CONTAINER };

struct ft_lookup_answer {
	enum ft_lookup_kind kind;
	uint32_t id;       /* of a user or group */
	char container_id[65];
	bool found;
	char name[64];     /* of a user or group */
	char home[128];
	struct ft_container container; /* what is said of it */
};

struct ft_lookup;

/* ask fills in an answer; it runs on the thread. release is called when nobody will ask any more,
 * on either thread; both get arg. */
struct ft_lookup *ft_lookup_new(void (*ask)(void *arg, struct ft_lookup_answer *answer),
				void (*release)(void *arg), void *arg);
/* Doesn't wait for an answer under way. Takes NULL. */
void ft_lookup_free(struct ft_lookup *lookup);

/* The answer if there is one; else it is asked for, unless it is already, or too many are. */
bool ft_lookup_find(struct ft_lookup *lookup, enum ft_lookup_kind kind, uint32_t id,
		    const char *container_id, struct ft_lookup_answer *ret_answer);
/* An answer that has not been told yet; false: none. */
bool ft_lookup_news(struct ft_lookup *lookup, struct ft_lookup_answer *ret_answer);

#endif
