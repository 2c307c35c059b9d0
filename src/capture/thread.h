/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a thread beside the main one begins. Signals that other processes or keys send are the
 * main thread's; those by which the kernel says that a thread itself is at fault stay
 * deliverable in it. Were they blocked, the kernel would kill at once, past the handler that
 * puts the terminal back. That handler wants a stack of its own, since the cause may be a full
 * one: each thread gets one.
 */
#ifndef FT_CAPTURE_THREAD_H
#define FT_CAPTURE_THREAD_H

#include <pthread.h>

/* 0 or -errno. */
int ft_thread_start(pthread_t *ret_thread, void *(*run)(void *arg), void *arg);

#endif
