/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From "what interfaces are there" and "what did the user name" to "what is watched, as which
 * scope": the rules of bridges, slaves, uppers, `any` and globs, as a pure function. Private to
 * links*.c and its test.
 */
#ifndef FT_CAPTURE_LINKS_SELECT_H
#define FT_CAPTURE_LINKS_SELECT_H

#include "capture/links.h"

/* Numbers given to scopes' names; "" has none. One is given again only after it was released. */
struct ft_scope_names {
	char names[FT_MAX_SCOPES][IFNAMSIZ];
	size_t count;
	size_t left_out; /* at the last selection: interfaces for which no number was left */
};

/* What `any` makes of one interface; the text is for -D. */
enum ft_any {
	FT_ANY_TAKEN,        /* watched as a scope of its own */
	FT_ANY_PORT,         /* counted for its bridge */
	FT_ANY_SLAVE,        /* its bond or team is watched instead */
	FT_ANY_UPPER,        /* its lower interface is watched */
	FT_ANY_VIRTUAL,      /* carries nothing that isn't seen elsewhere */
	FT_ANY_DOWN,         /* a tunnel that isn't up */
	FT_ANY_UNSUPPORTED,  /* neither Ethernet nor IP */
};

/* True if the interface carries Ethernet frames or bare IP packets. */
bool ft_link_supported(const struct ft_link *link);
/* True if it has no link-layer header. */
bool ft_link_is_l3(const struct ft_link *link);

/* links is ordered by ifindex, here and below. */
const struct ft_link *ft_links_by_index(const struct ft_link *links, size_t count,
					uint32_t ifindex);

enum ft_any ft_links_any(const struct ft_link *links, size_t count, const struct ft_link *link);

/*
 * The watched set, ordered by ifindex; *ret_watches is owned by the caller. `strict` (at start)
 * refuses a name that is no interface (-ENODEV), one that can't be watched (-EINVAL) and a
 * master named with its slave (-EINVAL); later these are passed over, the master winning.
 * New scopes get numbers that are free.
 */
int ft_links_select(const struct ft_link *links, size_t count, const char *const *patterns,
		    size_t pattern_count, bool strict, struct ft_scope_names *scopes,
		    struct ft_watch **ret_watches, size_t *ret_count, char *err,
		    size_t err_size);

#endif
