/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Docker's daemon says of a container: GET /containers/ID/json over its unix socket, which
 * only --docker-socket allows, since who may ask there may do anything. Nothing else is ever sent.
 * Opened before rights are given up: the connection is kept for as long as the daemon does; a new
 * one needs what rights are left. A question takes two seconds at most: ask on a thread that
 * may wait (lookup.h).
 */
#ifndef FT_CAPTURE_DOCKER_H
#define FT_CAPTURE_DOCKER_H

#include <stdbool.h>
#include <stddef.h>

#include "capture/container.h"

#define FT_DOCKER_TIMEOUT_MS 2000
#define FT_DOCKER_ANSWER_MAX (1U << 20)

struct ft_docker;

/* Connects. -errno and why. */
int ft_docker_open(const char *path, struct ft_docker **ret_docker, char *err, size_t err_size);
void ft_docker_close(struct ft_docker *docker); /* takes NULL */

/* Asks about a container by its whole id, 64 hex digits, and adds what is said of it. -ENOENT: it
 * knows none; -errno: no answer. */
int ft_docker_ask(struct ft_docker *docker, const char *id, struct ft_container *container);

#endif
