/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reverse DNS in a thread of its own (c-ares), only with --resolve or key n, only for
 * addresses of visible rows. The UI asks by queue and takes answers by queue.
 */
#ifndef FT_CAPTURE_RESOLVER_H
#define FT_CAPTURE_RESOLVER_H

#include <stdint.h>

struct ft_resolver;

struct ft_resolver_answer {
	uint8_t addr[16];
	char *name; /* NULL = it has none, owned */
};

/* NULL + sentence if c-ares cannot be set up. */
struct ft_resolver *ft_resolver_start(char *err, unsigned err_size);
/* The same, asking other servers than the system's ("127.0.0.1:5353,..."); for tests. */
struct ft_resolver *ft_resolver_start_at(const char *servers, char *err, unsigned err_size);
void ft_resolver_stop(struct ft_resolver *resolver); /* joins and frees; takes NULL */
/* Never waits; silently not taken if too many are waiting (ask again), or if this address has
 * been asked for and its answer was not taken yet. Of one thread, as taking is. */
void ft_resolver_ask(struct ft_resolver *resolver, const uint8_t addr[16]);
/* Next answer or NULL; caller frees with ft_resolver_answer_free. */
struct ft_resolver_answer *ft_resolver_take(struct ft_resolver *resolver);
void ft_resolver_answer_free(struct ft_resolver_answer *answer);
int ft_resolver_fd(const struct ft_resolver *resolver);

#endif
