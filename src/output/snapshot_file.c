/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key w: one moment into a new file, flowtop-HOST-TIME.EXT, in the working directory, else in
 * the calling user's home. The file is made with that user's rights, so it is theirs, lies
 * where they may write, and follows no link of somebody else's; it is never an old file. One
 * that could not be written whole is taken away again.
 */
#include "output/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/nls.h"
#include "core/snapshot.h"
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

/* The working directory, else home. On success dir is open and path is where the file is. */
static int create(const struct ft_caller *caller, const char *stem, const char *extension,
		  int *ret_dir, char **ret_name, char **ret_path)
{
	char *cwd = getcwd(NULL, 0);
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
		fd = create_in(dir, stem, extension, ret_name);
		if (fd >= 0) {
			*ret_dir = dir;
			*ret_path = xasprintf("%s/%s", places[i], *ret_name);
			break;
		}
		close(dir);
	}
	free(cwd);
	return fd;
}

/* Writes the moment; closes the stream. */
static int write_moment(const struct ft_output_ops *ops, const struct ft_output_config *config,
			FILE *stream, const struct ft_snapshot *snapshot, char *err,
			size_t err_size)
{
	struct ft_output_config moment = *config;
	struct ft_output *output;
	int ret, end;

	moment.stream = stream;
	moment.one_moment = true;
	ret = ops->open(&moment, &output, err, err_size);
	if (ret < 0) {
		fclose(stream);
		return ret;
	}
	ret = ops->write(output, snapshot);
	end = ops->close(output);
	if (ret == 0)
		ret = end;
	if (fclose(stream) != 0 && ret == 0)
		ret = -errno;
	if (ret < 0)
		snprintf(err, err_size, _("cannot write the snapshot: %s"), strerror(-ret));
	return ret;
}

/* The whole act. */
int ft_output_snapshot_file(const struct ft_output_ops *ops, const struct ft_output_config *config,
			    const struct ft_snapshot *snapshot, char **ret_path, char *err,
			    size_t err_size)
{
	char *stem = stem_of(config->observer, snapshot->end_ns), *name = NULL, *path = NULL;
	struct ft_caller caller;
	FILE *stream;
	int dir = -1, fd, ret;

	ft_caller_init(&caller);
	ft_caller_enter(&caller);
	fd = create(&caller, stem, ops->extension, &dir, &name, &path);
	if (fd < 0) {
		ret = fd;
		snprintf(err, err_size, _("cannot create a snapshot file: %s"), strerror(-ret));
		goto cleanup;
	}
	stream = fdopen(fd, "w");
	if (!stream) {
		ret = -errno;
		close(fd);
	} else {
		ret = write_moment(ops, config, stream, snapshot, err, err_size);
	}
	if (ret < 0)
		unlinkat(dir, name, 0);
	close(dir);
	if (ret == 0) {
		*ret_path = path;
		path = NULL;
	}
cleanup:
	ft_caller_leave(&caller);
	ft_caller_done(&caller);
	free(stem);
	free(name);
	free(path);
	return ret;
}
