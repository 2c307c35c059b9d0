/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scopes that come and go: what is said of them, and their numbers, of which there are few where a
 * container's interface follows the other. While enough of them are free, one that is gone keeps
 * its number, with its totals, for the day it comes back. When not, those gone longest give theirs
 * up, in three steps, each an interval after the other: all that they counted has been drained and
 * their flows were shown as ended; their flows leave the table; the table forgets them.
 */
#include "capture/collector_priv.h"
#include "core/nls.h"

#define SPARE (FT_MAX_SCOPES / 4) /* numbers that are to be free: so many may come at once */

void ft_scopes_compare(struct ft_collector *c)
{
	uint64_t until = ft_collector_mono() + FOR_A_MINUTE;

	for (uint16_t i = 0; i < c->picture.scope_count; i++) {
		const struct ft_snapshot_scope *was = &c->picture.scopes[i];
		bool present = ft_links_scope_present(c->links, i);

		if (was->present && !present) {
			ft_table_end_scope(c->table, i, c->batch_end_ns);
			c->scope_ends[i].gone = c->published + 1;
			ft_notes_say(&c->notes, FT_NOTE_SCOPE + i, NEVER,
				     _("%s vanished; it is watched again when it comes back"),
				     was->name);
		} else if (!was->present && present && was->name[0]) {
			ft_table_clear_scope(c->table, i, false);
			c->scope_ends[i] = (struct scope_end){ .gone = 0 };
			ft_notes_say(&c->notes, FT_NOTE_SCOPE + i, until,
				     _("%s came back"), was->name);
		}
	}
}

/* Gives up the numbers of those that are cleared; how many. */
static size_t release(struct ft_collector *c)
{
	bool forget[FT_MAX_SCOPES] = { false }, any = false;
	size_t released = 0;

	for (uint16_t i = 0; i < c->picture.scope_count; i++)
		any |= forget[i] = c->scope_ends[i].clearing;
	if (!any)
		return 0;
	ft_table_forget_scopes(c->table, forget);
	for (uint16_t i = 0; i < c->picture.scope_count; i++) {
		if (!forget[i])
			continue;
		ft_links_release_scope(c->links, i);
		ft_notes_drop(&c->notes, FT_NOTE_SCOPE + i);
		c->picture.scopes[i].name[0] = '\0';
		c->scope_ends[i] = (struct scope_end){ .gone = 0 };
		released++;
	}
	return released;
}

/* The one that has been gone longest, for an interval at least, and isn't cleared yet; -1: none. */
static int find_oldest(const struct ft_collector *c)
{
	int oldest = -1;

	for (uint16_t i = 0; i < c->picture.scope_count; i++) {
		const struct scope_end *end = &c->scope_ends[i];

		if (end->gone && !end->clearing && c->published > end->gone &&
		    (oldest < 0 || end->gone < c->scope_ends[oldest].gone))
			oldest = i;
	}
	return oldest;
}

void ft_scopes_settle(struct ft_collector *c)
{
	size_t wanted, used;
	int oldest;

	if (!c->links || ft_links_scopes_used(c->links) <= FT_MAX_SCOPES - SPARE)
		return;
	if (release(c) > 0 && ft_links_left_out(c->links) > 0)
		c->rewatch = true;
	used = ft_links_scopes_used(c->links);
	wanted = used > FT_MAX_SCOPES - SPARE ? used - (FT_MAX_SCOPES - SPARE) : 0;
	for (; wanted > 0 && (oldest = find_oldest(c)) >= 0; wanted--) {
		ft_table_clear_scope(c->table, (uint16_t)oldest, true);
		c->scope_ends[oldest].clearing = true;
	}
}
