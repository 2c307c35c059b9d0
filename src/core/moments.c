/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See moments.h. */
#include "core/moments.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/num.h"
#include "core/snapshot_own.h"
#include "core/xalloc.h"

#define SECOND UINT64_C(1000000000)

/* Takes one out. */
static void remove_at(struct ft_moments *past, size_t i)
{
	past->bytes -= past->moment[i].bytes;
	ft_snapshot_put(past->moment[i].snapshot);
	memmove(&past->moment[i], &past->moment[i + 1],
		(past->count - i - 1) * sizeof(past->moment[0]));
	past->count--;
}

/* The one whose absence shows least; never the newest. */
static size_t find_least(const struct ft_moments *past)
{
	uint64_t now = past->moment[past->count - 1].snapshot->end_ns;
	double least = 0;
	size_t found = 0;

	for (size_t i = 1; i + 1 < past->count; i++) {
		uint64_t before = past->moment[i - 1].snapshot->end_ns;
		uint64_t after = past->moment[i + 1].snapshot->end_ns;
		uint64_t age = now - past->moment[i].snapshot->end_ns;
		double gap = (double)(after - before) / ((double)age + 10 * (double)SECOND);

		if (found == 0 || gap < least) {
			least = gap;
			found = i;
		}
	}
	return found; /* two or fewer: the oldest */
}

void ft_moments_done(struct ft_moments *past)
{
	while (past->count > 0)
		remove_at(past, past->count - 1);
}

void ft_moments_add(struct ft_moments *past, const struct ft_snapshot *snapshot)
{
	size_t bytes = ft_snapshot_size(snapshot);

	if (bytes > FT_MOMENTS_BYTES / 4)
		return;
	/* The clock was set back: what was is no past any more. */
	if (past->count > 0 &&
	    past->moment[past->count - 1].snapshot->end_ns >= snapshot->end_ns)
		ft_moments_done(past);
	while (past->count > 0 &&
	       (past->count == FT_MOMENTS_MAX || past->bytes + bytes > FT_MOMENTS_BYTES))
		remove_at(past, find_least(past));
	past->moment[past->count++] = (struct ft_moments_moment){
		.snapshot = ft_snapshot_copy(snapshot),
		.bytes = bytes,
	};
	past->bytes += bytes;
}

/* The first moment of that time or later; count if there is none. */
static size_t first_from(uint64_t time_ns, size_t count,
			 uint64_t (*time_of)(const void *arg, size_t i), const void *arg)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (time_of(arg, middle) < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t ft_wish_place(const struct ft_wish *wish, size_t at, size_t count,
		     uint64_t (*time_of)(const void *arg, size_t i), const void *arg)
{
	uint64_t back = (uint64_t)-(wish->amount + 1) + 1, shown;

	if (count == 0 || wish->kind == FT_WISH_LIVE)
		return count;
	if (wish->kind == FT_WISH_STEPS) {
		if (wish->amount < 0)
			return back < at ? at - (size_t)back : 0;
		return (uint64_t)wish->amount < count - at ? at + (size_t)wish->amount : count;
	}
	if (wish->kind == FT_WISH_AT)
		return first_from(wish->amount < 0 ? 0 : (uint64_t)wish->amount, count, time_of,
				  arg);
	shown = time_of(arg, at < count ? at : count - 1);
	if (wish->amount < 0)
		return first_from(back < shown ? shown - back : 0, count, time_of, arg);
	return first_from(shown + (uint64_t)wish->amount, count, time_of, arg);
}

static uint64_t time_of_moment(const void *arg, size_t i)
{
	const struct ft_moments *past = arg;

	return past->moment[i].snapshot->end_ns;
}

const struct ft_snapshot *ft_moments_find(const struct ft_moments *past, uint64_t shown_ns,
				       const struct ft_wish *wish)
{
	size_t at = first_from(shown_ns, past->count, time_of_moment, past), place;

	place = ft_wish_place(wish, at, past->count, time_of_moment, past);
	/* The newest moment is the live one. */
	return place + 1 < past->count ? past->moment[place].snapshot : NULL;
}

void ft_moments_span(const struct ft_moments *past, struct ft_span_shown *ret_span)
{
	*ret_span = (struct ft_span_shown){ .count = past->count };
	if (past->count > 0) {
		ret_span->from_ns = past->moment[0].snapshot->end_ns;
		ret_span->to_ns = past->moment[past->count - 1].snapshot->end_ns;
	}
}

/* A day and a time, or a time of the day that day_ns lies in. */
static int parse_clock(const char *text, uint64_t day_ns, int64_t *ret_ns)
{
	static const char *const forms[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S",
					     "%Y-%m-%d %H:%M", "%H:%M:%S", "%H:%M" };
	time_t day = (time_t)(day_ns / SECOND), at;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm;
		const char *end;

		if (!localtime_r(&day, &tm))
			return -EINVAL;
		tm.tm_sec = 0;
		tm.tm_isdst = -1;
		end = strptime(text, forms[i], &tm);
		if (!end || *end)
			continue;
		at = mktime(&tm);
		if (at < 0 || (uint64_t)at > INT64_MAX / SECOND)
			return -EINVAL;
		*ret_ns = (int64_t)at * (int64_t)SECOND;
		return 0;
	}
	return -EINVAL;
}

int ft_wish_parse(const char *text, uint64_t day_ns, struct ft_wish *ret_wish)
{
	bool relative = text[0] == '-' || text[0] == '+';
	uint64_t ns;
	int64_t at;

	if (relative) {
		if (ft_num_duration(text + 1, &ns) < 0 || ns > INT64_MAX)
			return -EINVAL;
		*ret_wish = (struct ft_wish){ FT_WISH_TIME, text[0] == '-' ? -(int64_t)ns :
									     (int64_t)ns };
		return 0;
	}
	if (parse_clock(text, day_ns, &at) < 0)
		return -EINVAL;
	*ret_wish = (struct ft_wish){ FT_WISH_AT, at };
	return 0;
}
