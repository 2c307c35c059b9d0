/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines, whole, to one descriptor set at start; never to the terminal while the screen is
 * up. Thread-safe. What the user must see travels in the snapshot's health list instead.
 */
#ifndef FT_CORE_LOG_H
#define FT_CORE_LOG_H

#include <stdarg.h>

enum ft_log_level { FT_LOG_ERROR, FT_LOG_WARN, FT_LOG_INFO, FT_LOG_DEBUG };

void ft_log(enum ft_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void ft_vlog(enum ft_log_level level, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Lines above `level` are dropped; fd -1 (the default) drops all. fd is borrowed. */
void ft_log_to(int fd, enum ft_log_level level);

#endif
