/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built without SQLite: the same symbols, which say so. */
#include "recording/recording.h"

#include <errno.h>
#include <stdio.h>

#include "core/nls.h"

static int say(char *err, size_t err_size)
{
	snprintf(err, err_size, _("recordings need SQLite, and this flowtop was built without"));
	return -EOPNOTSUPP;
}

static int none_open(const struct ft_output_config *config, struct ft_output **ret_output,
		     char *err, size_t err_size)
{
	(void)config;
	(void)ret_output;
	return say(err, err_size);
}

static int none_write(struct ft_output *output, const struct ft_snapshot *snapshot)
{
	(void)output;
	(void)snapshot;
	return -EOPNOTSUPP;
}

static int none_close(struct ft_output *output)
{
	(void)output;
	return -EOPNOTSUPP;
}

const struct ft_output_ops ft_output_recording = {
	.name = "recording",
	.extension = ".flow",
	.open = none_open,
	.write = none_write,
	.close = none_close,
};

const char *ft_recording_library(void)
{
	return NULL;
}

int ft_recording_open(const char *path, struct ft_recording **ret_recording, char *err,
		      size_t err_size)
{
	(void)path;
	(void)ret_recording;
	return say(err, err_size);
}

void ft_recording_close(struct ft_recording *recording)
{
	(void)recording;
}

const char *ft_recording_observer(const struct ft_recording *recording)
{
	(void)recording;
	return "";
}

size_t ft_recording_refresh(struct ft_recording *recording)
{
	(void)recording;
	return 0;
}

uint64_t ft_recording_time(const struct ft_recording *recording, size_t i)
{
	(void)recording;
	(void)i;
	return 0;
}

size_t ft_recording_find(const struct ft_recording *recording, uint64_t time_ns)
{
	(void)recording;
	(void)time_ns;
	return 0;
}

int ft_recording_moment(struct ft_recording *recording, size_t i, struct ft_snapshot **ret_snapshot,
			char *err, size_t err_size)
{
	(void)recording;
	(void)i;
	(void)ret_snapshot;
	return say(err, err_size);
}

int ft_recording_moments(struct ft_recording *recording, size_t earlier, size_t later,
			 struct ft_snapshot *ret_snapshots[2], char *err, size_t err_size)
{
	(void)recording;
	(void)earlier;
	(void)later;
	(void)ret_snapshots;
	return say(err, err_size);
}
