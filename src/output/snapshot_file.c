/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key w: one moment into a new file of the calling user's (new_file.h). One that could not be
 * written whole is taken away again.
 */
#include "output/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/nls.h"
#include "core/snapshot.h"
#include "output/caller.h"
#include "output/new_file.h"

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
	struct ft_caller caller;
	char *path = NULL;
	FILE *stream;
	int fd, ret;

	ft_caller_init(&caller);
	ft_caller_enter(&caller);
	fd = ft_new_file_here(&caller, config->observer, snapshot->end_ns, ops->extension, &path);
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
		unlink(path);
	if (ret == 0) {
		*ret_path = path;
		path = NULL;
	}
cleanup:
	ft_caller_leave(&caller);
	ft_caller_done(&caller);
	free(path);
	return ret;
}
