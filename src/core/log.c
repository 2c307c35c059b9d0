/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: each line is formatted on the caller's stack and leaves in one write(2), so that
 * lines of several threads never mix and no lock is needed. What is too long is cut and ends
 * in "...". Control characters become '?', because words of other processes and libraries pass
 * through here and somebody will look at the log in a terminal.
 */
#include "core/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static atomic_int log_fd = -1;
static atomic_int log_level = FT_LOG_ERROR;

static const char *const level_names[] = { "error", "warning", "info", "debug" };

/* "2025-01-31T12:00:00.123Z level: "; returns its length. */
static size_t put_prefix(char *line, size_t size, enum ft_log_level level)
{
	struct timespec now;
	struct tm utc;
	size_t used;
	int more;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	used = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
	more = snprintf(line + used, size - used, ".%03ldZ %s: ", now.tv_nsec / 1000000,
			level_names[level]);
	return used + (more > 0 ? (size_t)more : 0);
}

/* Formats one line and writes it whole. errno is left as it was. */
void ft_vlog(enum ft_log_level level, const char *format, va_list args)
{
	int fd = atomic_load_explicit(&log_fd, memory_order_relaxed);
	char line[LINE_MAX_BYTES];
	int saved_errno = errno;
	size_t used, i, start;
	ssize_t ignored;
	int length;

	if (fd < 0 || (int)level > atomic_load_explicit(&log_level, memory_order_relaxed))
		return;
	used = start = put_prefix(line, sizeof(line), level);
	length = vsnprintf(line + used, sizeof(line) - used, format, args);
	if (length > 0 && (size_t)length >= sizeof(line) - used) {
		used = sizeof(line) - 1;
		memcpy(line + used - 3, "...", 3);
	} else if (length > 0) {
		used += (size_t)length;
	}
	while (used > start && line[used - 1] == '\n')
		used--;
	for (i = start; i < used; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[used++] = '\n';
	ignored = write(fd, line, used);
	(void)ignored;
	errno = saved_errno;
}

/* One line; a newline at its end is not needed. */
void ft_log(enum ft_log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	ft_vlog(level, format, args);
	va_end(args);
}

/* Where lines go; the descriptor stays the caller's. */
void ft_log_to(int fd, enum ft_log_level level)
{
	atomic_store(&log_level, (int)level);
	atomic_store(&log_fd, fd);
}
