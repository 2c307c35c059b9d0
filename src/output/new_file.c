/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See new_file.h. The file is made with the calling user's rights, so it is theirs, lies where they
 * may write, and follows no link of somebody else's.
 */
#include "output/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/nls.h"
#include "core/xalloc.h"
#include "output/caller.h"

#define SAME_SECOND_MAX 100

/* "flowtop-HOST-20261121T100000Z": the host's name without what has no place in file names. */
static char *stem_of(const char *observer, uint64_t end_ns)
{
	static const char harmless[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_.";
	time_t seconds = (time_t)(end_ns / 1000000000);
	struct tm utc;
	char time[32] = "", *stem, *host = xstrndup(observer, 64);

	for (char *at = host; *at; at++)
		if (!strchr(harmless, *at))
			*at = '_';
	if (gmtime_r(&seconds, &utc))
		strftime(time, sizeof(time), "%Y%m%dT%H%M%SZ", &utc);
	stem = xasprintf("flowtop-%s-%s", host, time);
	free(host);
	return stem;
}

/* A new file in an open directory; a second one in the same second gets a number. */
static int create_in(int dir, const char *stem, const char *extension, char **ret_name)
{
	char *name;
	int fd = -1;

	for (int i = 1; i < SAME_SECOND_MAX; i++) {
		name = i == 1 ? xasprintf("%s%s", stem, extension) :
				xasprintf("%s-%d%s", stem, i, extension);
		fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0) {
			*ret_name = name;
			return fd;
		}
		fd = -errno;
		free(name);
		if (fd != -EEXIST)
			break;
	}
	return fd;
}

int ft_new_file_here(const struct ft_caller *caller, const char *observer, uint64_t time_ns,
		     const char *extension, char **ret_path)
{
	char *cwd = getcwd(NULL, 0), *stem = stem_of(observer, time_ns), *name = NULL;
	const char *places[2] = { cwd, caller->home };
	int dir, fd = -ENOENT;

	for (int i = 0; i < 2; i++) {
		if (!places[i])
			continue;
		dir = open(i == 0 ? "." : places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0) {
			fd = -errno;
			continue;
		}
		fd = create_in(dir, stem, extension, &name);
		close(dir);
		if (fd >= 0) {
			/* The root's own name ends in a slash. */
			*ret_path = xasprintf("%s%s%s", places[i],
					      strcmp(places[i], "/") == 0 ? "" : "/", name);
			break;
		}
	}
	free(cwd);
	free(stem);
	free(name);
	return fd;
}

int ft_new_file_named(const char *what, const char *path, char *err, size_t err_size)
{
	struct ft_caller caller;
	int fd;

	ft_caller_init(&caller);
	ft_caller_enter(&caller);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		fd = -errno;
	ft_caller_leave(&caller);
	ft_caller_done(&caller);
	if (fd == -EEXIST)
		snprintf(err, err_size, _("%s: %.200s is there already; nothing is overwritten"),
			 what, path);
	else if (fd < 0)
		snprintf(err, err_size, "%s: %.200s: %s", what, path, strerror(-fd));
	return fd;
}
