/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outputs of a run, several at once: stdout of batch, a recording, collectors. Each has a
 * queue and a thread of its own, so that a slow one waits for itself alone.
 *
 *   collector ──┬─► queue ─► thread ─► output (stdout)      FT_WRITER_ESSENTIAL
 *               ├─► queue ─► thread ─► output (recording)
 *               └─► queue ─► thread ─► output (collector)   FT_WRITER_MAY_MISS
 *
 * An output belongs to its thread from ft_writers_start until ft_writers_join. What it says in
 * `remark` (or why write failed) goes through its queue to the health line; a write that failed
 * is followed by others, so an output mends itself when it can. All but the threads' own work is
 * the main thread's.
 */
#ifndef FT_OUTPUT_WRITERS_H
#define FT_OUTPUT_WRITERS_H

#include "output/output.h"

#define FT_WRITERS_MAX 16

#define FT_WRITER_ESSENTIAL (1U << 0) /* its failure ends the run: nothing is written after it */
#define FT_WRITER_MAY_MISS (1U << 1)  /* it misses intervals rather than lengthen them */

struct ft_queue;
struct ft_writers;

struct ft_writers *ft_writers_new(void);
/*
 * Takes the output over, also on failure; what is put into its queue waits. `label` names it to the user
 * (a file, a URL; may have come from anywhere; "" = needs no name). -errno + sentence.
 */
int ft_writers_add(struct ft_writers *writers, struct ft_output *output, unsigned flags,
		   const char *label, char *err, size_t err_size);
/* Starts the threads, with the rights that the caller has now. -errno + sentence. */
int ft_writers_start(struct ft_writers *writers, char *err, size_t err_size);
size_t ft_writers_count(const struct ft_writers *writers);
/* For the collector: the queue of one of them, and its flags. */
struct ft_queue *ft_writers_queue(const struct ft_writers *writers, size_t i, unsigned *ret_flags);
/* Readable once an essential one failed, or all have ended; until that is heard. */
int ft_writers_fd(const struct ft_writers *writers);
void ft_writers_heard(struct ft_writers *writers);
/* Threads that have not ended. */
size_t ft_writers_running(const struct ft_writers *writers);

/* Nothing more will come: they write what is in their queues, and end. */
void ft_writers_close(struct ft_writers *writers);
/*
 * Waits for that and closes the outputs. The first failure: that of an essential one (-EPIPE: the
 * reader went away), else what another still had to complain about at its end. Call it once.
 */
int ft_writers_join(struct ft_writers *writers, char *err, size_t err_size);
/* Closes, joins if nobody did, frees. NULL is fine. */
void ft_writers_free(struct ft_writers *writers);

#endif
