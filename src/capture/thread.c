/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See thread.h. */
#include "capture/thread.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/xalloc.h"

#define STACK_SIZE 65536

/* What a thread begins with; it frees it. */
struct beginning {
	void *(*run)(void *arg);
	void *arg;
	char stack[STACK_SIZE]; /* for handlers of signals */
};

/* The thread. */
static void *begin(void *arg)
{
	struct beginning *beginning = arg;
	stack_t stack = { .ss_sp = beginning->stack, .ss_size = STACK_SIZE }, before;
	void *result;

	sigaltstack(&stack, &before);
	result = beginning->run(beginning->arg);
	sigaltstack(&before, NULL); /* none, or a sanitizer's, which takes it away itself */
	free(beginning);
	return result;
}

int ft_thread_start(pthread_t *ret_thread, void *(*run)(void *arg), void *arg)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };
	struct beginning *beginning = xmalloc(sizeof(*beginning));
	sigset_t blocked, before;
	int ret;

	beginning->run = run;
	beginning->arg = arg;
	sigfillset(&blocked);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&blocked, faults[i]);
	pthread_sigmask(SIG_SETMASK, &blocked, &before);
	ret = pthread_create(ret_thread, NULL, begin, beginning);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret)
		free(beginning);
	return -ret;
}
