/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules, in the order they are applied:
 *
 *  1. Each pattern picks interfaces: by its name, by glob, or `any`.
 *  2. A slave whose master is picked too gives way to it (named both by name: an error), and so
 *     does a vlan, macvlan ... picked by a pattern whose lower interface is picked: the same
 *     packets would count twice.
 *  3. What is left becomes scopes, numbered in the order of the patterns. A bridge is counted at
 *     its ports' ingress and its own egress, lo at its egress, all else both ways.
 */
#include "capture/links_select.h"

#include <errno.h>
#include <fnmatch.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fmt.h"
#include "core/log.h"
#include "core/nls.h"
#include "core/xalloc.h"

#ifndef ARPHRD_IP6GRE
#define ARPHRD_IP6GRE 823
#endif
#ifndef ARPHRD_RAWIP
#define ARPHRD_RAWIP 519
#endif

#define NEAR_NAMES 6 /* as many are listed when a name is no interface */

enum pick { PICK_NONE, PICK_PATTERN, PICK_NAME };

static bool kind_is(const struct ft_link *link, const char *kind)
{
	return strcmp(link->kind, kind) == 0;
}

static bool is_loopback(const struct ft_link *link)
{
	return link->flags & IFF_LOOPBACK;
}

static bool is_bridge(const struct ft_link *link)
{
	return kind_is(link, "bridge");
}

/* Sits on another interface and shows part of that one's packets again. */
static bool is_upper(const struct ft_link *link)
{
	static const char *const kinds[] = { "vlan", "macvlan", "macvtap", "ipvlan", "ipvtap",
					     "macsec", "dsa" };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kind_is(link, kinds[i]))
			return true;
	return false;
}

bool ft_link_is_l3(const struct ft_link *link)
{
	return link->type != ARPHRD_ETHER && link->type != ARPHRD_LOOPBACK;
}

bool ft_link_supported(const struct ft_link *link)
{
	switch (link->type) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
	case 0xfffe: /* ARPHRD_NONE: tun, wireguard */
	case ARPHRD_PPP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
	case ARPHRD_IP6GRE:
	case ARPHRD_RAWIP:
		return true;
	default:
		return false;
	}
}

const struct ft_link *ft_links_by_index(const struct ft_link *links, size_t count,
					uint32_t ifindex)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (links[middle].ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && links[low].ifindex == ifindex ? &links[low] : NULL;
}

/* The link's master; NULL if it has none. */
static const struct ft_link *master_of(const struct ft_link *links, size_t count,
				       const struct ft_link *link)
{
	return link->master ? ft_links_by_index(links, count, link->master) : NULL;
}

/*
 * Inside a container nothing is physical and its only way out is a veth; on a host veths lead to
 * containers, whose packets pass a physical interface or a bridge as well.
 */
static bool has_physical(const struct ft_link *links, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (links[i].physical)
			return true;
	return false;
}

enum ft_any ft_links_any(const struct ft_link *links, size_t count, const struct ft_link *link)
{
	const struct ft_link *master = master_of(links, count, link);
	const struct ft_link *lower;

	if (!ft_link_supported(link))
		return FT_ANY_UNSUPPORTED;
	if (master && is_bridge(master))
		return FT_ANY_PORT;
	if (master && (kind_is(master, "bond") || kind_is(master, "team")))
		return FT_ANY_SLAVE;
	if (is_loopback(link) || is_bridge(link) || kind_is(link, "bond") || kind_is(link, "team"))
		return FT_ANY_TAKEN;
	if (is_upper(link)) {
		lower = link->lower && !link->lower_foreign ?
			ft_links_by_index(links, count, link->lower) : NULL;
		if (!lower || lower == link)
			return FT_ANY_TAKEN;
		switch (ft_links_any(links, count, lower)) {
		case FT_ANY_TAKEN:
		case FT_ANY_PORT:
		case FT_ANY_SLAVE:
		case FT_ANY_UPPER:
			return FT_ANY_UPPER;
		default:
			return FT_ANY_TAKEN;
		}
	}
	if (ft_link_is_l3(link))
		return link->flags & IFF_UP ? FT_ANY_TAKEN : FT_ANY_DOWN;
	if (link->physical || (kind_is(link, "veth") && !has_physical(links, count)))
		return FT_ANY_TAKEN;
	return FT_ANY_VIRTUAL;
}

static bool is_glob(const char *pattern)
{
	return strpbrk(pattern, "*?[") != NULL;
}

/* True if the pattern picks this link. */
static bool matches(const struct ft_link *links, size_t count, const struct ft_link *link,
		    const char *pattern)
{
	if (strcmp(pattern, "any") == 0)
		return ft_links_any(links, count, link) == FT_ANY_TAKEN;
	if (is_glob(pattern))
		return ft_link_supported(link) && fnmatch(pattern, link->name, 0) == 0;
	return strcmp(pattern, link->name) == 0;
}

/* Single-character edits between two names. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[IFNAMSIZ + 1];
	size_t length = strnlen(b, IFNAMSIZ), i, j;

	for (j = 0; j <= length; j++)
		row[j] = (unsigned int)j;
	for (i = 0; a[i]; i++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)i + 1;
		for (j = 1; j <= length; j++) {
			unsigned int change = diagonal + (a[i] != b[j - 1]);

			diagonal = row[j];
			if (row[j - 1] + 1 < change)
				change = row[j - 1] + 1;
			row[j] = diagonal + 1 < change ? diagonal + 1 : change;
		}
	}
	return row[length];
}

/* "no interface X; there are ...", those with the nearest names first. */
static void no_such(const char *name, const struct ft_link *links, size_t count, char *err,
		    size_t err_size)
{
	char shown[64], list[NEAR_NAMES * (IFNAMSIZ * 4 + 2)] = "";
	bool *told = xcalloc(count + 1, sizeof(*told));
	size_t n, i, length = 0;

	for (n = 0; n < NEAR_NAMES && n < count; n++) {
		const struct ft_link *best = NULL;

		for (i = 0; i < count; i++)
			if (!told[i] && (!best || distance(name, links[i].name) <
						  distance(name, best->name)))
				best = &links[i];
		if (!best)
			break;
		told[best - links] = true;
		ft_fmt_escape(best->name, strlen(best->name), false, shown, sizeof(shown));
		length += (size_t)snprintf(list + length, sizeof(list) - length, "%s%s",
					   n ? ", " : "", shown);
	}
	free(told);
	ft_fmt_escape(name, strlen(name), false, shown, sizeof(shown));
	snprintf(err, err_size, _("no interface %s; there are %s%s"), shown,
		 *list ? list : _("none"), n < count ? ", ..." : "");
}

/* Step 1 for one pattern. */
static int pick_pattern(const struct ft_link *links, size_t count, const char *pattern,
			bool strict, enum pick *picks, char *err, size_t err_size)
{
	bool by_name = !is_glob(pattern) && strcmp(pattern, "any") != 0;
	bool found = false;
	char shown[64];
	size_t i;

	for (i = 0; i < count; i++) {
		if (!matches(links, count, &links[i], pattern))
			continue;
		found = true;
		if (!ft_link_supported(&links[i])) {
			if (!strict)
				continue;
			ft_fmt_escape(pattern, strlen(pattern), false, shown, sizeof(shown));
			snprintf(err, err_size, _("%s carries neither Ethernet nor IP"), shown);
			return -EINVAL;
		}
		if (by_name)
			picks[i] = PICK_NAME;
		else if (picks[i] == PICK_NONE)
			picks[i] = PICK_PATTERN;
	}
	if (!found && by_name && strict) {
		no_such(pattern, links, count, err, err_size);
		return -ENODEV;
	}
	return 0;
}

/* The nearest master above link that is picked; NULL if none. */
static const struct ft_link *picked_master(const struct ft_link *links, size_t count,
					   const struct ft_link *link, const enum pick *picks)
{
	const struct ft_link *master = master_of(links, count, link);
	int depth;

	for (depth = 0; master && depth < 8; depth++) {
		if (picks[master - links])
			return master;
		master = master_of(links, count, master);
	}
	return NULL;
}

/* True if link is an upper whose lower (or that one's master) is picked. */
static bool lower_picked(const struct ft_link *links, size_t count, const struct ft_link *link,
			 const enum pick *picks)
{
	const struct ft_link *lower;
	int depth;

	for (depth = 0; depth < 8 && is_upper(link) && !link->lower_foreign; depth++) {
		lower = ft_links_by_index(links, count, link->lower);
		if (!lower || lower == link)
			return false;
		if (picks[lower - links] || picked_master(links, count, lower, picks))
			return true;
		link = lower;
	}
	return false;
}

/* Step 2: writes into keep what may be watched. */
static int settle(const struct ft_link *links, size_t count, const enum pick *picks, bool strict,
		  bool *keep, char *err, size_t err_size)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const struct ft_link *master = picked_master(links, count, &links[i], picks);
		char a[64], b[64];

		keep[i] = picks[i] != PICK_NONE && !master &&
			  (picks[i] == PICK_NAME || !lower_picked(links, count, &links[i], picks));
		if (!master || !strict || picks[i] != PICK_NAME ||
		    picks[master - links] != PICK_NAME)
			continue;
		snprintf(err, err_size, _("%s belongs to %s: name one of them, or its packets "
					  "would count twice"),
			 ft_fmt_escape(links[i].name, strlen(links[i].name), false, a, sizeof(a)),
			 ft_fmt_escape(master->name, strlen(master->name), false, b, sizeof(b)));
		return -EINVAL;
	}
	return 0;
}

/* The number of a scope's name, a new one if need be; -1 when there are too many. */
static int scope_number(struct ft_scope_names *scopes, const char *name)
{
	size_t i, place = scopes->count;

	for (i = scopes->count; i-- > 0;) {
		if (strcmp(scopes->names[i], name) == 0)
			return (int)i;
		if (!scopes->names[i][0])
			place = i;
	}
	if (place == FT_MAX_SCOPES) {
		scopes->left_out++;
		ft_log(FT_LOG_WARN, "more than %d interfaces; %s is not watched", FT_MAX_SCOPES,
		       name);
		return -1;
	}
	snprintf(scopes->names[place], IFNAMSIZ, "%s", name);
	if (place == scopes->count)
		scopes->count++;
	return (int)place;
}

/* One row of the watched set. */
static struct ft_watch watch_of(const struct ft_link *link, int scope, unsigned int flags,
				bool vlan_aware)
{
	struct ft_watch watch;

	memset(&watch, 0, sizeof(watch)); /* compared as octets */
	watch.iface.ifindex = link->ifindex;
	watch.iface.scope = (uint16_t)scope;
	watch.iface.pvid = vlan_aware ? link->pvid : 0;
	watch.iface.flags = (uint8_t)(flags | (vlan_aware ? FT_IFACE_VLAN_AWARE : 0) |
				      (ft_link_is_l3(link) ? FT_IFACE_L3 : 0));
	snprintf(watch.name, sizeof(watch.name), "%s", link->name);
	return watch;
}

/* Step 3 for one interface: appends its rows. */
static size_t add_watches(const struct ft_link *links, size_t count, const struct ft_link *link,
			  int scope, struct ft_watch *watches)
{
	size_t n = 0, i;

	if (is_loopback(link)) {
		watches[n++] = watch_of(link, scope, FT_IFACE_COUNT_TX, false);
		return n;
	}
	if (!is_bridge(link)) {
		watches[n++] = watch_of(link, scope, FT_IFACE_COUNT_RX | FT_IFACE_COUNT_TX, false);
		return n;
	}
	watches[n++] = watch_of(link, scope, FT_IFACE_COUNT_TX, link->vlan_filtering);
	for (i = 0; i < count; i++)
		if (links[i].master == link->ifindex)
			watches[n++] = watch_of(&links[i], scope, FT_IFACE_COUNT_RX,
						link->vlan_filtering);
	return n;
}

static int compare_watches(const void *a, const void *b)
{
	const struct ft_watch *wa = a, *wb = b;

	return wa->iface.ifindex < wb->iface.ifindex ? -1 : wa->iface.ifindex > wb->iface.ifindex;
}

/* Step 3: scopes in the order of the patterns. Each interface is in one row at most. */
static size_t number_scopes(const struct ft_link *links, size_t count,
			    const char *const *patterns, size_t pattern_count, bool *keep,
			    struct ft_scope_names *scopes, struct ft_watch *watches)
{
	size_t n = 0, p, i;

	scopes->left_out = 0;
	for (p = 0; p < pattern_count; p++)
		for (i = 0; i < count; i++) {
			int scope;

			if (!keep[i] || !matches(links, count, &links[i], patterns[p]))
				continue;
			keep[i] = false;
			scope = scope_number(scopes, links[i].name);
			if (scope >= 0)
				n += add_watches(links, count, &links[i], scope, watches + n);
		}
	qsort(watches, n, sizeof(*watches), compare_watches);
	return n;
}

int ft_links_select(const struct ft_link *links, size_t count, const char *const *patterns,
		    size_t pattern_count, bool strict, struct ft_scope_names *scopes,
		    struct ft_watch **ret_watches, size_t *ret_count, char *err,
		    size_t err_size)
{
	enum pick *picks = xcalloc(count + 1, sizeof(*picks));
	bool *keep = xcalloc(count + 1, sizeof(*keep));
	int result = 0;
	size_t p;

	for (p = 0; p < pattern_count && result == 0; p++)
		result = pick_pattern(links, count, patterns[p], strict, picks, err, err_size);
	if (result == 0)
		result = settle(links, count, picks, strict, keep, err, err_size);
	if (result == 0) {
		/* a row per interface: ports appear for their bridge only */
		*ret_watches = xcalloc(count + 1, sizeof(**ret_watches));
		*ret_count = number_scopes(links, count, patterns, pattern_count, keep, scopes,
					   *ret_watches);
	}
	free(picks);
	free(keep);
	return result;
}
