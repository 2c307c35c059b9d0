/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The value behind links.h. Notices only say that something changed; then everything is read
 * anew and the watched set worked out again (links_select.c), so there is one way to a state
 * and no lost notice matters. Two sockets: one for dumps, one for notices, opened first, so
 * that nothing falls between the first dump and the first notice.
 */
#include "capture/links.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/links_netlink.h"
#include "capture/links_select.h"
#include "core/fmt.h"
#include "core/log.h"
#include "core/nls.h"
#include "core/xalloc.h"

struct ft_links {
	int dump_fd, notice_fd;
	char **patterns; /* owned; names resolved to what the kernel calls them */
	size_t pattern_count;
	struct ft_link *links; /* owned */
	size_t link_count;
	struct ft_watch *watches; /* owned */
	size_t watch_count;
	struct ft_scope_names scopes;
	struct ft_addr_set addresses;
	bool watched_gone; /* a deletion among the notices was of a watched interface */
	bool stale;        /* there were notices, and what they are about could not be read */
};

/* Reads links and addresses. */
static int read_all(struct ft_links *links)
{
	struct ft_net *nets = NULL;
	struct ft_link *all = NULL;
	size_t net_count = 0, count = 0, i;
	int result = ft_netlink_links(links->dump_fd, &all, &count);

	if (result < 0)
		return result;
	result = ft_netlink_addresses(links->dump_fd, &nets, &net_count);
	if (result < 0) {
		free(all);
		return result;
	}
	for (i = 0; i < count; i++) { /* the links dump doesn't tell it */
		const struct ft_link *old = ft_links_find(links, all[i].ifindex);

		all[i].qdisc_drops = old ? old->qdisc_drops : 0;
	}
	free(links->links);
	links->links = all;
	links->link_count = count;
	if (net_count == links->addresses.count &&
	    (!net_count || memcmp(nets, links->addresses.nets, net_count * sizeof(*nets)) == 0)) {
		free(nets);
		return 0;
	}
	free(links->addresses.nets);
	links->addresses.nets = nets;
	links->addresses.count = net_count;
	links->addresses.generation++;
	return 0;
}

/* Works out the watched set; 1 if it differs from the last one. */
static int select_watched(struct ft_links *links, bool strict, char *err, size_t err_size)
{
	struct ft_watch *watches = NULL;
	size_t count = 0;
	int result = ft_links_select(links->links, links->link_count,
				     (const char *const *)links->patterns, links->pattern_count,
				     strict, &links->scopes, &watches, &count, err, err_size);

	if (result < 0)
		return result;
	result = count != links->watch_count ||
		 (count && memcmp(watches, links->watches, count * sizeof(*watches)) != 0);
	free(links->watches);
	links->watches = watches;
	links->watch_count = count;
	return result;
}

/* One -i word; another name of an interface (altname) becomes the one that the kernel uses. */
static char *resolve_pattern(const struct ft_links *links, const char *pattern)
{
	const struct ft_link *link;
	unsigned int ifindex;
	size_t i;

	for (i = 0; i < links->link_count; i++)
		if (strcmp(links->links[i].name, pattern) == 0)
			return xstrdup(pattern);
	ifindex = if_nametoindex(pattern);
	link = ifindex ? ft_links_find(links, ifindex) : NULL;
	return xstrdup(link ? link->name : pattern);
}

/* The interface of the default route; "any" if there is none. */
static int default_pattern(struct ft_links *links)
{
	const struct ft_link *link;
	uint32_t ifindex;
	int result = ft_netlink_default_route(links->dump_fd, &ifindex);

	if (result < 0)
		return result;
	link = ifindex ? ft_links_find(links, ifindex) : NULL;
	links->patterns = xcalloc(1, sizeof(*links->patterns));
	links->patterns[0] = xstrdup(link && ft_link_supported(link) ? link->name : "any");
	links->pattern_count = 1;
	return 0;
}

/* Takes the patterns of the configuration. */
static int set_patterns(struct ft_links *links, const struct ft_links_config *config)
{
	size_t i;

	if (config->pattern_count == 0)
		return default_pattern(links);
	links->patterns = xcalloc(config->pattern_count, sizeof(*links->patterns));
	for (i = 0; i < config->pattern_count; i++)
		links->patterns[i] = resolve_pattern(links, config->patterns[i]);
	links->pattern_count = config->pattern_count;
	return 0;
}

int ft_links_open(const struct ft_links_config *config, struct ft_links **ret_links, char *err,
		  size_t err_size)
{
	struct ft_links *links = xcalloc(1, sizeof(*links));
	int result;

	*err = '\0';
	links->dump_fd = links->notice_fd = -1;
	result = ft_netlink_open_notices(&links->notice_fd);
	if (result == 0)
		result = ft_netlink_open_dump(&links->dump_fd);
	if (result == 0)
		result = read_all(links);
	if (result == 0)
		result = set_patterns(links, config);
	if (result == 0)
		result = select_watched(links, true, err, err_size);
	if (result < 0) {
		if (!*err)
			snprintf(err, err_size, _("cannot read the interfaces: %s"),
				 strerror(-result));
		ft_links_close(links);
		return result;
	}
	*ret_links = links;
	return 0;
}

void ft_links_close(struct ft_links *links)
{
	size_t i;

	if (!links)
		return;
	if (links->notice_fd >= 0)
		close(links->notice_fd);
	if (links->dump_fd >= 0)
		close(links->dump_fd);
	for (i = 0; i < links->pattern_count; i++)
		free(links->patterns[i]);
	free(links->patterns);
	free(links->links);
	free(links->watches);
	free(links->addresses.nets);
	free(links);
}

int ft_links_fd(const struct ft_links *links)
{
	return links->notice_fd;
}

/* Notes that a watched interface was deleted: it may be back under the same number. */
static void note_gone(void *arg, uint32_t ifindex)
{
	struct ft_links *links = arg;
	size_t i;

	for (i = 0; i < links->watch_count; i++)
		if (links->watches[i].iface.ifindex == ifindex)
			links->watched_gone = true;
}

int ft_links_refresh(struct ft_links *links)
{
	char err[256];
	int result;

	if (!links->stale)
		links->watched_gone = false;
	result = ft_netlink_drain(links->notice_fd, note_gone, links);
	if (result < 0 || (result == 0 && !links->stale))
		return result;
	links->stale = true;
	result = read_all(links);
	if (result == 0)
		result = select_watched(links, false, err, sizeof(err));
	if (result < 0)
		return result;
	links->stale = false;
	return result || links->watched_gone;
}

const struct ft_watch *ft_links_watched(const struct ft_links *links, size_t *ret_count)
{
	*ret_count = links->watch_count;
	return links->watches;
}

const struct ft_link *ft_links_all(const struct ft_links *links, size_t *ret_count)
{
	*ret_count = links->link_count;
	return links->links;
}

const struct ft_link *ft_links_find(const struct ft_links *links, uint32_t ifindex)
{
	return ft_links_by_index(links->links, links->link_count, ifindex);
}

size_t ft_links_scope_count(const struct ft_links *links)
{
	return links->scopes.count;
}

const char *ft_links_scope_name(const struct ft_links *links, uint16_t scope)
{
	return scope < links->scopes.count ? links->scopes.names[scope] : "";
}

bool ft_links_scope_present(const struct ft_links *links, uint16_t scope)
{
	size_t i;

	for (i = 0; i < links->watch_count; i++)
		if (links->watches[i].iface.scope == scope)
			return true;
	return false;
}

size_t ft_links_scopes_used(const struct ft_links *links)
{
	size_t used = 0;

	for (size_t i = 0; i < links->scopes.count; i++)
		used += links->scopes.names[i][0] != '\0';
	return used;
}

void ft_links_release_scope(struct ft_links *links, uint16_t scope)
{
	if (scope >= links->scopes.count || ft_links_scope_present(links, scope))
		return;
	links->scopes.names[scope][0] = '\0';
	if (links->scopes.left_out > 0)
		links->stale = true; /* somebody waits for a number */
}

size_t ft_links_left_out(const struct ft_links *links)
{
	return links->scopes.left_out;
}

const struct ft_addr_set *ft_links_addresses(const struct ft_links *links)
{
	return &links->addresses;
}

int ft_links_read_stats(struct ft_links *links)
{
	struct ft_link *fresh = NULL;
	size_t count = 0, i;
	int result = ft_netlink_links(links->dump_fd, &fresh, &count);

	if (result < 0)
		return result;
	for (i = 0; i < links->link_count; i++) {
		struct ft_link *link = &links->links[i];
		const struct ft_link *now = ft_links_by_index(fresh, count, link->ifindex);

		if (!now)
			continue;
		link->stats_drops_rx = now->stats_drops_rx;
		link->stats_drops_tx = now->stats_drops_tx;
	}
	free(fresh);
	return ft_netlink_qdiscs(links->dump_fd, links->links, links->link_count);
}

/* What `any` makes of a link, in words. */
static const char *any_text(enum ft_any any)
{
	switch (any) {
	case FT_ANY_TAKEN:
		return _("watched by any");
	case FT_ANY_PORT:
		return _("any counts it for its bridge");
	case FT_ANY_SLAVE:
		return _("any watches its master");
	case FT_ANY_UPPER:
		return _("any watches its lower interface");
	case FT_ANY_VIRTUAL:
		return _("not in any: virtual");
	case FT_ANY_DOWN:
		return _("not in any: down");
	case FT_ANY_UNSUPPORTED:
	default:
		return _("neither Ethernet nor IP");
	}
}

/* Kind of a link, in a word. */
static const char *kind_text(const struct ft_link *link)
{
	if (link->kind[0])
		return link->kind;
	if (link->flags & IFF_LOOPBACK)
		return _("loopback");
	return ft_link_is_l3(link) ? _("L3") : _("device");
}

/* A text and spaces up to `width` cells, and one more. */
static void put_cell(FILE *out, const char *text, unsigned width)
{
	unsigned cells = ft_fmt_width(text);

	fprintf(out, "%s%*s ", text, cells < width ? (int)(width - cells) : 0, "");
}

/* A line of -D; the texts are escaped. */
static void put_line(FILE *out, const char *const text[6])
{
	static const unsigned widths[5] = { 5, 15, 10, 7, 15 };

	for (size_t i = 0; i < 5; i++)
		put_cell(out, text[i], widths[i]);
	fprintf(out, "%s\n", text[5]);
}

int ft_links_describe(const struct ft_links *links, char **ret_text)
{
	const char *const titles[6] = { _("INDEX"), _("NAME"), _("KIND"),
					_("STATE"), _("MASTER"), _("ANY") };
	char *text = NULL;
	size_t size = 0, i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -errno;
	put_line(out, titles);
	for (i = 0; i < links->link_count; i++) {
		const struct ft_link *link = &links->links[i];
		const struct ft_link *master = ft_links_find(links, link->master);
		char index[16], name[64], kind[64], above[64] = "-";

		ft_fmt_escape(link->name, strlen(link->name), false, name, sizeof(name));
		ft_fmt_escape(kind_text(link), strlen(kind_text(link)), false, kind, sizeof(kind));
		if (master)
			ft_fmt_escape(master->name, strlen(master->name), false, above,
				      sizeof(above));
		snprintf(index, sizeof(index), "%u", link->ifindex);
		put_line(out, (const char *const[6]){
			index, name, kind, link->flags & IFF_UP ? _("UP") : _("DOWN"), above,
			any_text(ft_links_any(links->links, links->link_count, link)) });
	}
	if (fclose(out) != 0) {
		free(text);
		return -errno;
	}
	*ret_text = text;
	return 0;
}
