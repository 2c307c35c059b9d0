/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The past: which moment is asked for, and a bounded store of moments that live snapshots are
 * copied into. The same wishes move through it and through a recording.
 *
 * Bounds: FT_MOMENTS_MAX and FT_MOMENTS_BYTES, whichever is reached first. When there is no room
 * the moment goes whose absence shows least: the one with the smallest gap around it for its
 * age, so that the last seconds are all there and older ones thin out. Owned by one thread.
 */
#ifndef FT_CORE_MOMENTS_H
#define FT_CORE_MOMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FT_MOMENTS_MAX 600
#define FT_MOMENTS_BYTES (64UL << 20)

struct ft_snapshot;

enum ft_wish_kind {
	FT_WISH_STEPS, /* amount: moments, back if negative */
	FT_WISH_TIME,  /* amount: nanoseconds from the one shown */
	FT_WISH_AT,    /* amount: CLOCK_REALTIME */
	FT_WISH_LIVE,  /* the newest */
};
struct ft_wish {
	enum ft_wish_kind kind;
	int64_t amount;
};

/* What can be walked through. */
struct ft_span_shown {
	uint64_t from_ns, to_ns;
	size_t count;
};

struct ft_moments {
	struct ft_moments_moment {
		const struct ft_snapshot *snapshot; /* a copy of ours */
		size_t bytes;
	} moment[FT_MOMENTS_MAX];
	size_t count; /* oldest first */
	size_t bytes;
};

void ft_moments_done(struct ft_moments *past);
/* Copies a snapshot; one that takes more than a quarter of the room is left out. */
void ft_moments_add(struct ft_moments *past, const struct ft_snapshot *snapshot);
/* The moment that is wished for by who sees that of shown_ns; NULL: the live one (beyond the
 * newest, or there are none). Borrowed until the next add. */
const struct ft_snapshot *ft_moments_find(const struct ft_moments *past, uint64_t shown_ns,
				       const struct ft_wish *wish);
void ft_moments_span(const struct ft_moments *past, struct ft_span_shown *ret_span);

/* The place that a wish means among count moments, told by their times, from place `at`;
 * count = beyond the newest. */
size_t ft_wish_place(const struct ft_wish *wish, size_t at, size_t count,
		     uint64_t (*time_of)(const void *arg, size_t i), const void *arg);

/* "12:34", "12:34:56", "2026-11-21 12:34:56" (local time), "-5m", "+30s": relative ones are
 * FT_WISH_TIME. day_ns: a moment of the day meant where none is given. 0 or -EINVAL. */
int ft_wish_parse(const char *text, uint64_t day_ns, struct ft_wish *ret_wish);

#endif
