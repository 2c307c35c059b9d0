/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a test of a display filter asks of one flow, socket or event: filter_match.c answers
 * plainly; filter_run.c and filter_memo.c answer for many rows, and come here for what they don't
 * do in a quicker way.
 */
#ifndef FT_CORE_FILTER_MATCH_H
#define FT_CORE_FILTER_MATCH_H

#include "core/filter_priv.h"

/* What a test looks at. */
struct ft_subject {
	const struct ft_snapshot *snapshot;
	const struct ft_names *names;
	const struct ft_flow_hot *hot;
	const struct ft_flow *flow;
	const struct ft_socket *socket; /* the flow stands for it; NULL = it is one */
	const struct ft_flow_event *event; /* hot and flow are its own; NULL = a flow */
};

/* A socket as the flow that it would have, with its own end as end a. */
struct ft_stand_in {
	struct ft_flow cold;
	struct ft_flow_hot hot;
};
void ft_filter_stand_in(const struct ft_socket *socket, struct ft_stand_in *ret_flow);

/* True if the keys T U I O A V show flows of this kind. */
bool ft_filter_shows(unsigned shown, const struct ft_flow_key *key);
/* The answer of a test. */
bool ft_filter_test(const struct ft_test *test, const struct ft_subject *subject);

/* An amount that a row itself has: FT_FIELD_RATE, _BYTES, _PACKETS. */
static inline double ft_filter_amount(const struct ft_flow_hot *hot, uint8_t field)
{
	if (field == FT_FIELD_RATE)
		return 8 * ((double)hot->rate_bytes[0][0] + (double)hot->rate_bytes[0][1]);
	if (field == FT_FIELD_BYTES)
		return (double)(hot->total[0].bytes + hot->total[1].bytes);
	return (double)(hot->total[0].packets + hot->total[1].packets);
}

/* True if a comparison holds. */
static inline bool ft_filter_compares(const struct ft_test *test, double value)
{
	if (value < 0)
		return false; /* what isn't known is neither small nor large */
	switch (test->cmp) {
	case FT_TEST_GT:
		return value > test->value;
	case FT_TEST_GE:
		return value >= test->value;
	case FT_TEST_LT:
		return value < test->value;
	case FT_TEST_LE:
		return value <= test->value;
	default:
		return value == test->value;
	}
}

/* Parts of it. Ends a test asks about: bit 0 end a, bit 1 end b. */
unsigned ft_filter_ends(const struct ft_flow *flow, uint8_t end);
/* Tests about owners, one owner. */
bool ft_filter_owner(const struct ft_test *test, const struct ft_snapshot *snapshot,
		     uint16_t owner);
/* True if an interface's name is (or has) the word. */
bool ft_filter_iface_name(const struct ft_test *test, const char *name);
/* True if the flow's VLAN, or what a protocol without ports is about, has the word. */
bool ft_filter_rest(const struct ft_test *test, const struct ft_subject *subject);
/* True if anything but the names of its owners has the word. */
bool ft_filter_word_elsewhere(const struct ft_test *test, const struct ft_subject *subject);

/* True if the word (lower case) is a part of the text; of no text it is none. */
bool ft_filter_has(const char *text, const char *word);
/* The same of a text of a few dozen bytes of lower case. */
bool ft_filter_contains(const char *text, size_t length, const struct ft_test *test);

#endif
