/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One HTTP conversation with a ClickHouse server, by libcurl: one question at a time, none of
 * which blocks longer than asked for. Used by one thread; ft_client_wake alone by any.
 *
 * User and password go into requests and nowhere else: not into sentences, not into a log.
 */
#ifndef FT_CLICKHOUSE_CLIENT_H
#define FT_CLICKHOUSE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/url.h"

struct ft_client;

/* clickhouse://HOST:PORT or, encrypted, clickhouses://; copies what it needs. Connects to nobody.
 * -errno + sentence. */
int ft_client_new(const struct ft_url *url, struct ft_client **ret_client, char *err,
		  size_t err_size);
void ft_client_free(struct ft_client *client); /* NULL is fine */

struct ft_question {
	const char *body; /* SQL, and rows behind an INSERT; borrowed until the answer is there */
	size_t size;
	/* Names it to the server; NULL = need not be. With an id it goes over a connection of its
	 * own: over one that was used before, libcurl would send it a second time unasked if the
	 * server closes it. */
	const char *id;
	unsigned timeout_ms;
	/* Parts of a good answer; below 0 ends it with that. NULL: ft_client_answer has it. */
	int (*receive)(void *arg, const char *data, size_t size);
	void *arg;
};

enum ft_outcome {
	FT_OUTCOME_NONE,      /* it is not over */
	FT_OUTCOME_GOOD,
	FT_OUTCOME_NOT_SENT,  /* nobody there: it can't have been heard */
	FT_OUTCOME_REFUSED,   /* the server said no, in ft_client_error */
	FT_OUTCOME_UNKNOWN,   /* it may have been heard and done */
};

/* Only while nothing is asked. */
void ft_client_ask(struct ft_client *client, const struct ft_question *question);
/* Works on it for at most so long. */
enum ft_outcome ft_client_work(struct ft_client *client, unsigned wait_ms);
/* Ends the question without an answer. */
void ft_client_drop(struct ft_client *client);
/* From another thread: ft_client_work returns. */
void ft_client_wake(struct ft_client *client);

/* The answer (of a question without `receive`), bounded; NUL-ended. */
const char *ft_client_answer(const struct ft_client *client, size_t *ret_size);
/* Why it was not good: -errno and a sentence. */
int ft_client_error(const struct ft_client *client, const char **ret_why);

#endif
