/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocation that never fails: when memory is out, the registered die hook runs (it restores
 * the terminal) and the process aborts with a sentence. No half-states anywhere.
 */
#ifndef FT_CORE_XALLOC_H
#define FT_CORE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *ptr, size_t size) __attribute__((returns_nonnull));
/* realloc of count * size with an overflow check. */
void *xreallocarray(void *ptr, size_t count, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *text, size_t max) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *format, ...)
	__attribute__((format(printf, 1, 2), malloc, returns_nonnull));

/* The end when memory is out; for allocators that don't go through malloc. */
_Noreturn void xalloc_die(void);

/* Called once, before abort, by whichever thread ran out; must be async-signal-safe. */
void xalloc_set_die_hook(void (*hook)(void));

#endif
