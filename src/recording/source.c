/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files are sources of moments, by what they begin with; and databases, by their URL. */
#include "recording/source.h"

#include "clickhouse/clickhouse.h"
#include "recording/recording.h"
#include "recording/records.h"

bool ft_source_is(const char *path)
{
	return ft_clickhouse_is(path) || ft_recording_is(path) || ft_records_is(path);
}

bool ft_source_filters_nothing(void *source, const struct ft_filter *filter)
{
	(void)source;
	(void)filter;
	return false;
}

const char *ft_source_no_trouble(const void *source)
{
	(void)source;
	return "";
}

void ft_source_waits_for_nothing(void *source)
{
	(void)source;
}

int ft_source_open(const char *path, struct ft_source *ret_source, const char **ret_observer,
		   char *err, size_t err_size)
{
	struct ft_recording *recording;
	struct ft_clickhouse *clickhouse;
	struct ft_records *records;
	int ret;

	if (ft_clickhouse_is(path)) {
		ret = ft_clickhouse_open(path, &clickhouse, err, err_size);
		if (ret < 0)
			return ret;
		*ret_source = (struct ft_source){ &ft_source_clickhouse, clickhouse };
		*ret_observer = ft_clickhouse_observer(clickhouse);
		return 0;
	}
	if (ft_recording_is(path)) {
		ret = ft_recording_open(path, &recording, err, err_size);
		if (ret < 0)
			return ret;
		*ret_source = (struct ft_source){ &ft_source_recording, recording };
		*ret_observer = ft_recording_observer(recording);
		return 0;
	}
	ret = ft_records_open(path, &records, err, err_size);
	if (ret < 0)
		return ret;
	*ret_source = (struct ft_source){ &ft_source_records, records };
	*ret_observer = ft_records_observer(records);
	return 0;
}

void ft_source_close(struct ft_source *source)
{
	if (source->ops)
		source->ops->close(source->arg);
	*source = (struct ft_source){ NULL, NULL };
}
