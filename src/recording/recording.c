/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What needs no SQLite: whether a file may be a recording, what --keep says, and its place among the
 * sources of moments. */
#include "recording/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/num.h"
#include "core/xalloc.h"

#define SIZE_LEAST 1e6

/* One part of the list: what ends in a unit of time is an age. */
static int parse_part(const char *part, struct ft_recording_keep *keep)
{
	size_t length = strlen(part);
	double bytes;

	if (length == 0)
		return -EINVAL;
	if (strchr("smhd", part[length - 1]))
		return keep->age_ns ? -EINVAL : ft_num_duration(part, &keep->age_ns);
	if (keep->bytes > 0 || ft_num_scaled(part, &bytes) < 0 || !(bytes >= SIZE_LEAST) ||
	    bytes > 1e18)
		return -EINVAL;
	keep->bytes = (uint64_t)bytes;
	return 0;
}

int ft_recording_parse_keep(const char *text, struct ft_recording_keep *ret_keep)
{
	struct ft_recording_keep keep = { 0, 0 };
	char *copy = xstrdup(text), *comma = strchr(copy, ',');
	int ret;

	if (comma)
		*comma = '\0';
	ret = parse_part(copy, &keep);
	if (ret == 0 && comma)
		ret = parse_part(comma + 1, &keep);
	free(copy);
	if (ret == 0)
		*ret_keep = keep;
	return ret;
}

bool ft_recording_is(const char *path)
{
	static const char magic[16] = "SQLite format 3";
	char head[sizeof(magic)];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is;

	if (fd < 0)
		return false;
	is = pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	     memcmp(head, magic, sizeof(magic)) == 0;
	close(fd);
	return is;
}

/* ---- for the player */

static size_t source_refresh(void *source)
{
	return ft_recording_refresh(source);
}

static uint64_t source_time(const void *source, size_t i)
{
	return ft_recording_time(source, i);
}

static int source_moment(void *source, size_t i, struct ft_snapshot **ret_snapshot, char *err,
			 size_t err_size)
{
	return ft_recording_moment(source, i, ret_snapshot, err, err_size);
}

static void source_close(void *source)
{
	ft_recording_close(source);
}

const struct ft_source_ops ft_source_recording = {
	.refresh = source_refresh,
	.time = source_time,
	.moment = source_moment,
	.filter = ft_source_filters_nothing,
	.trouble = ft_source_no_trouble,
	.cancel = ft_source_waits_for_nothing,
	.close = source_close,
};
