/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See compare.h. Both files are read and closed before the difference is made. */
#include "recording/compare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/difference.h"
#include "core/moments.h"
#include "core/nls.h"
#include "core/xalloc.h"
#include "recording/recording.h"

/* One side: what was asked for, and what was found. */
struct side {
	char *path, *time; /* owned; time NULL = the last moment */
	struct ft_snapshot *snapshot;
	char observer[256];
};

/* FILE, or FILE@TIME. */
static void split(struct side *side, const char *what)
{
	const char *at = strrchr(what, '@');

	if (access(what, F_OK) == 0 || !at || at == what) {
		side->path = xstrdup(what);
		return;
	}
	side->path = xstrndup(what, (size_t)(at - what));
	side->time = xstrdup(at + 1);
}

static uint64_t time_of(const void *arg, size_t i)
{
	const struct ft_source *source = arg;

	return source->ops->time(source->arg, i);
}

/* The moment that is asked for; a time behind the last is the last. */
static int choose(const struct side *side, const struct ft_source *source, size_t count,
		  size_t *ret_place, char *err, size_t err_size)
{
	struct ft_wish wish;
	size_t place;

	*ret_place = count - 1;
	if (!side->time)
		return 0;
	if (ft_wish_parse(side->time, time_of(source, count - 1), &wish) < 0) {
		snprintf(err, err_size, _("\"%.64s\" is no time: 12:34, 12:34:56, "
					  "\"2026-11-21 12:34\", -5m"), side->time);
		return -EINVAL;
	}
	place = ft_wish_place(&wish, count - 1, count, time_of, source);
	if (place < count)
		*ret_place = place;
	return 0;
}

/* What the file cannot be compared by, if it can't. */
static int check(const struct side *side, char *err, size_t err_size)
{
	int fd, ret;

	if (ft_source_is(side->path))
		return 0;
	fd = open(side->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		ret = -errno;
		snprintf(err, err_size, "%.200s: %s", side->path, strerror(-ret));
		return ret;
	}
	close(fd);
	snprintf(err, err_size,
		 _("%.200s is neither a recording (-w) nor a snapshot in json or ndjson (-o); text, "
		   "csv and packets cannot be compared"), side->path);
	return -EBADMSG;
}

/* Finds the moment and reads it. */
static int read_side(struct side *side, char *err, size_t err_size)
{
	struct ft_source source = { NULL, NULL };
	const char *observer = "";
	size_t place;
	int ret = check(side, err, err_size);

	if (ret == 0)
		ret = ft_source_open(side->path, &source, &observer, err, err_size);
	if (!source.ops) /* untouched: it was not opened */
		return ret;
	snprintf(side->observer, sizeof(side->observer), "%s", observer);
	ret = choose(side, &source, source.ops->refresh(source.arg), &place, err, err_size);
	if (ret == 0)
		ret = source.ops->moment(source.arg, place, &side->snapshot, err, err_size);
	ft_source_close(&source);
	return ret;
}

/* True if both are moments of one recording. */
static bool is_one_recording(const struct side sides[2])
{
	struct stat of[2];

	return stat(sides[0].path, &of[0]) == 0 && stat(sides[1].path, &of[1]) == 0 &&
	       of[0].st_dev == of[1].st_dev && of[0].st_ino == of[1].st_ino &&
	       ft_recording_is(sides[0].path);
}

/* Both moments of one recording: it knows what was counted in between. */
static int read_one(struct side sides[2], char *err, size_t err_size)
{
	struct ft_recording *recording = NULL;
	struct ft_snapshot *snapshots[2];
	size_t place[2] = { 0, 0 }, count;
	int ret = ft_recording_open(sides[0].path, &recording, err, err_size);
	struct ft_source source = { &ft_source_recording, recording };
	bool back;

	if (ret < 0)
		return ret;
	count = ft_recording_refresh(recording);
	for (int i = 0; i < 2 && ret == 0; i++) {
		snprintf(sides[i].observer, sizeof(sides[i].observer), "%s",
			 ft_recording_observer(recording));
		ret = choose(&sides[i], &source, count, &place[i], err, err_size);
	}
	back = place[0] > place[1];
	if (ret == 0)
		ret = ft_recording_moments(recording, place[back], place[!back], snapshots, err,
					   err_size);
	for (int i = 0; i < 2 && ret == 0; i++)
		sides[i].snapshot = snapshots[back ? !i : i];
	ft_recording_close(recording);
	return ret;
}

/* Notes of both, each with its file's name; and that the hosts are not the same. */
static void join_notes(const struct side *before, struct side *after)
{
	const struct side *sides[] = { before, after };
	size_t most = before->snapshot->note_count + after->snapshot->note_count + 1, count = 0;
	char **notes = xcalloc(most + 1, sizeof(*notes));

	for (int i = 0; i < 2; i++) {
		const char *slash = strrchr(sides[i]->path, '/');

		for (size_t k = 0; k < sides[i]->snapshot->note_count; k++)
			notes[count++] = xasprintf("%s: %s", slash ? slash + 1 : sides[i]->path,
						   sides[i]->snapshot->notes[k]);
	}
	if (strcmp(before->observer, after->observer) != 0)
		notes[count++] = xasprintf(_("two hosts are compared: %s and %s"),
					   before->observer, after->observer);
	for (size_t k = 0; k < after->snapshot->note_count; k++)
		free(after->snapshot->notes[k]);
	free(after->snapshot->notes);
	after->snapshot->notes = notes;
	after->snapshot->note_count = count;
}

static void done_side(struct side *side)
{
	ft_snapshot_put(side->snapshot);
	free(side->path);
	free(side->time);
}

/* ---- the source */

static size_t source_refresh(void *source)
{
	(void)source;
	return 1;
}

static uint64_t source_time(const void *source, size_t i)
{
	const struct ft_snapshot *snapshot = source;

	(void)i;
	return snapshot->end_ns;
}

static int source_moment(void *source, size_t i, struct ft_snapshot **ret_snapshot, char *err,
			 size_t err_size)
{
	(void)i;
	(void)err;
	(void)err_size;
	ft_snapshot_take(source);
	*ret_snapshot = source;
	return 0;
}

static void source_close(void *source)
{
	ft_snapshot_put(source);
}

static const struct ft_source_ops source_difference = {
	.refresh = source_refresh,
	.time = source_time,
	.moment = source_moment,
	.filter = ft_source_filters_nothing,
	.trouble = ft_source_no_trouble,
	.cancel = ft_source_waits_for_nothing,
	.close = source_close,
};

int ft_compare_open(const char *before, const char *after, struct ft_source *ret_source,
		    char *observer, size_t observer_size, char *err, size_t err_size)
{
	struct side sides[2] = { { .path = NULL }, { .path = NULL } };
	char why[512] = "";
	int ret = 0;

	split(&sides[0], before);
	split(&sides[1], after);
	if (is_one_recording(sides))
		ret = read_one(sides, why, sizeof(why));
	for (int i = 0; i < 2 && ret == 0 && !sides[i].snapshot; i++)
		ret = read_side(&sides[i], why, sizeof(why));
	if (ret == 0) {
		join_notes(&sides[0], &sides[1]);
		*ret_source = (struct ft_source){
			&source_difference,
			ft_difference_new(sides[0].snapshot, sides[1].snapshot, false),
		};
		snprintf(observer, observer_size, "%s", sides[1].observer);
	} else {
		snprintf(err, err_size, "--diff: %s",
			 strncmp(why, "-r: ", 4) == 0 ? why + 4 : why);
	}
	done_side(&sides[0]);
	done_side(&sides[1]);
	return ret;
}
