/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See lookup.h.
 *
 *   asker ── find ──► entry: WAITING ─► UNDER WAY ─► ANSWERED ── news ──► TOLD
 *                             └──── the thread ────┘            the asker; may be replaced
 *
 * Entries are few: they are searched one by one. All is under `lock` but the call itself. The
 * struct is freed by the last one that lets go of it, asker or thread.
 */
#include "capture/lookup.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "capture/thread.h"
#include "core/log.h"
#include "core/xalloc.h"

enum state { WAITING, UNDER_WAY, ANSWERED, TOLD };

struct entry {
	struct ft_lookup_answer answer;
	enum state state;
};

struct ft_lookup {
	void (*ask)(void *arg, struct ft_lookup_answer *answer);
	void (*release)(void *arg);
	void *arg;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	struct entry entries[FT_LOOKUP_MAX];
	size_t count, next; /* next: where to look for one that may be replaced */
	size_t untold;
	bool stop;
	bool started;
	unsigned holders;
};

struct ft_lookup *ft_lookup_new(void (*ask)(void *arg, struct ft_lookup_answer *answer),
				void (*release)(void *arg), void *arg)
{
	struct ft_lookup *lookup = xcalloc(1, sizeof(*lookup));

	lookup->ask = ask;
	lookup->release = release;
	lookup->arg = arg;
	lookup->holders = 1;
	pthread_mutex_init(&lookup->lock, NULL);
	pthread_cond_init(&lookup->wake, NULL);
	return lookup;
}

/* Lets go of it; the lock is held, and is not any more. */
static void let_go(struct ft_lookup *lookup)
{
	bool last = --lookup->holders == 0;

	pthread_mutex_unlock(&lookup->lock);
	if (!last)
		return;
	if (lookup->release)
		lookup->release(lookup->arg);
	pthread_cond_destroy(&lookup->wake);
	pthread_mutex_destroy(&lookup->lock);
	free(lookup);
}

void ft_lookup_free(struct ft_lookup *lookup)
{
	if (!lookup)
		return;
	pthread_mutex_lock(&lookup->lock);
	lookup->stop = true;
	pthread_cond_signal(&lookup->wake);
	let_go(lookup);
}

/* ---- the thread */

/* The first question that waits; NULL: none. */
static struct entry *find_waiting(struct ft_lookup *lookup)
{
	for (size_t i = 0; i < lookup->count; i++)
		if (lookup->entries[i].state == WAITING)
			return &lookup->entries[i];
	return NULL;
}

static void *run(void *arg)
{
	struct ft_lookup *lookup = arg;

	pthread_setname_np(pthread_self(), "flowtop-lookup");
	/* Who asks may be ahead of others (session.c); names can wait. */
	if (getpriority(PRIO_PROCESS, 0) < 0)
		(void)setpriority(PRIO_PROCESS, 0, 0);
	pthread_mutex_lock(&lookup->lock);
	while (!lookup->stop) {
		struct entry *entry = find_waiting(lookup);
		struct ft_lookup_answer answer;

		if (!entry) {
			pthread_cond_wait(&lookup->wake, &lookup->lock);
			continue;
		}
		entry->state = UNDER_WAY; /* it stays where it is */
		answer = entry->answer;
		pthread_mutex_unlock(&lookup->lock);
		lookup->ask(lookup->arg, &answer);
		pthread_mutex_lock(&lookup->lock);
		entry->answer = answer;
		entry->state = ANSWERED;
		lookup->untold++;
	}
	let_go(lookup);
	return NULL;
}

/* Starts the thread at first need; the lock is held. */
static void start(struct ft_lookup *lookup)
{
	pthread_t thread;
	int ret;

	if (lookup->started)
		return;
	lookup->started = true;
	lookup->holders++;
	ret = ft_thread_start(&thread, run, lookup);
	if (ret == 0) {
		pthread_detach(thread);
		return;
	}
	lookup->holders--;
	ft_log(FT_LOG_WARN, "no thread for look-ups: %s", strerror(-ret));
}

/* ---- the asker's side */

static bool is_about(const struct ft_lookup_answer *answer, enum ft_lookup_kind kind, uint32_t id,
		     const char *container_id)
{
	return answer->kind == kind && answer->id == id &&
	       strcmp(answer->container_id, container_id) == 0;
}

/* Room for a new question; NULL: all others are still open. */
static struct entry *make_room(struct ft_lookup *lookup)
{
	if (lookup->count < FT_LOOKUP_MAX)
		return &lookup->entries[lookup->count++];
	for (size_t i = 0; i < FT_LOOKUP_MAX; i++) {
		struct entry *entry = &lookup->entries[lookup->next++ % FT_LOOKUP_MAX];

		if (entry->state == TOLD)
			return entry;
	}
	return NULL;
}

bool ft_lookup_find(struct ft_lookup *lookup, enum ft_lookup_kind kind, uint32_t id,
		    const char *container_id, struct ft_lookup_answer *ret_answer)
{
	struct entry *entry = NULL;
	bool there = false;

	if (strlen(container_id) >= sizeof(entry->answer.container_id))
		return false;
	pthread_mutex_lock(&lookup->lock);
	for (size_t i = 0; i < lookup->count && !entry; i++)
		if (is_about(&lookup->entries[i].answer, kind, id, container_id))
			entry = &lookup->entries[i];
	if (entry) {
		there = entry->state == ANSWERED || entry->state == TOLD;
		if (there)
			*ret_answer = entry->answer;
	} else if ((entry = make_room(lookup))) {
		memset(entry, 0, sizeof(*entry));
		entry->answer.kind = kind;
		entry->answer.id = id;
		memcpy(entry->answer.container_id, container_id, strlen(container_id) + 1);
		entry->state = WAITING;
		start(lookup);
		pthread_cond_signal(&lookup->wake);
	}
	pthread_mutex_unlock(&lookup->lock);
	return there;
}

bool ft_lookup_news(struct ft_lookup *lookup, struct ft_lookup_answer *ret_answer)
{
	bool found = false;

	pthread_mutex_lock(&lookup->lock);
	for (size_t i = 0; lookup->untold > 0 && i < lookup->count && !found; i++) {
		struct entry *entry = &lookup->entries[i];

		if (entry->state != ANSWERED)
			continue;
		entry->state = TOLD;
		lookup->untold--;
		*ret_answer = entry->answer;
		found = true;
	}
	pthread_mutex_unlock(&lookup->lock);
	return found;
}
