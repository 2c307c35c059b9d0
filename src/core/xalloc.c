/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocation that never fails. Out of memory there is nothing sensible left to do: the hook
 * puts the terminal back, one sentence goes to stderr by write(2) (stdio may want memory), and
 * the process aborts. The hook runs once even if several threads run out at the same moment.
 */
#include "core/xalloc.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic(void (*)(void)) die_hook;

/* Restores the terminal through the hook, says why, aborts. */
_Noreturn void xalloc_die(void)
{
	static const char text[] = "flowtop: out of memory\n";
	void (*hook)(void) = atomic_exchange(&die_hook, NULL);
	ssize_t ignored;

	if (hook)
		hook();
	ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)ignored;
	abort();
}

/* malloc of at least one byte, so that NULL always means failure. */
void *xmalloc(size_t size)
{
	void *ptr = malloc(size ? size : 1);

	if (!ptr)
		xalloc_die();
	return ptr;
}

/* Zeroed; an overflowing product is out of memory. */
void *xcalloc(size_t count, size_t size)
{
	void *ptr = count && size ? calloc(count, size) : calloc(1, 1);

	if (!ptr)
		xalloc_die();
	return ptr;
}

/* Never frees: size 0 gives a block of one byte. */
void *xrealloc(void *ptr, size_t size)
{
	void *moved = realloc(ptr, size ? size : 1);

	if (!moved)
		xalloc_die();
	return moved;
}

/* realloc of count * size; an overflow is out of memory. */
void *xreallocarray(void *ptr, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		xalloc_die();
	return xrealloc(ptr, bytes);
}

/* A copy that the caller frees. */
char *xstrdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(xmalloc(size), text, size);
}

/* A copy of at most max bytes, always terminated. */
char *xstrndup(const char *text, size_t max)
{
	size_t length = strnlen(text, max);
	char *copy = xmalloc(length + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

/* Formatted text that the caller frees. */
char *xasprintf(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		xalloc_die();
	return text;
}

/* Set before threads start; NULL takes it away. */
void xalloc_set_die_hook(void (*hook)(void))
{
	atomic_store(&die_hook, hook);
}
