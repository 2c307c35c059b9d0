/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces as the kernel tells them over rtnetlink, and what follows from them: which are
 * watched, as which scope, what counts on each. The one place that knows bridges, bonds,
 * uppers, PVIDs, `any` and globs.
 *
 * ft_links is a value that the collector thread owns and refreshes when the netlink socket
 * becomes readable; backends get it const and attach or detach as ft_watch says.
 *
 * Scopes keep their number: an interface that vanishes and comes back under its name gets its old
 * scope. Where interfaces come and go for long, numbers run out: then those of interfaces that are
 * gone are released, by who knows that nothing refers to them any more.
 */
#ifndef FT_CAPTURE_LINKS_H
#define FT_CAPTURE_LINKS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/flow_abi.h"
#include "core/net.h"

/* One interface, from RTM_NEWLINK. */
struct ft_link {
	uint32_t ifindex;
	uint32_t master; /* ifindex of bridge, bond, team, vrf; 0 = none */
	uint32_t lower;  /* IFLA_LINK: what a vlan, macvlan ... sits on; 0 = none */
	bool lower_foreign; /* IFLA_LINK_NETNSID present: lower is in another namespace */
	uint16_t type;   /* ARPHRD_* */
	uint32_t flags;  /* IFF_* */
	uint32_t mtu;
	uint16_t pvid;           /* bridge port or bridge with vlan_filtering; 0 = none */
	bool vlan_filtering;     /* of a bridge */
	bool physical;           /* hardware: names a bus device, or has no kind */
	char name[IFNAMSIZ];
	char kind[16]; /* IFLA_INFO_KIND: bridge, veth, vlan, ...; "" = none */
	uint64_t stats_drops_rx, stats_drops_tx; /* IFLA_STATS64 */
	uint64_t qdisc_drops;                    /* root qdisc's drops, RTM_GETQDISC */
};

/* One watched interface. */
struct ft_watch {
	struct ft_iface iface; /* as the kernel program wants it: ifindex, scope, pvid, flags */
	char name[IFNAMSIZ];
};

struct ft_links_config {
	const char *const *patterns; /* -i words: names, globs, "any"; borrowed */
	size_t pattern_count;        /* 0 = default: the one with the default route, else any */
};

struct ft_links; /* owned by the collector (or by main before the collector starts) */

/*
 * Opens the netlink socket and reads all interfaces and addresses. A pattern without a glob
 * that names no interface is an error (-ENODEV with a sentence that lists near names); so is
 * a master named together with its slave (-EINVAL).
 */
int ft_links_open(const struct ft_links_config *config, struct ft_links **ret_links, char *err,
		  size_t err_size);
void ft_links_close(struct ft_links *links);

/* Readable when something changed; owned by links. */
int ft_links_fd(const struct ft_links *links);

/*
 * Reads what changed. Returns 1 if the watched set changed (interfaces came, went, moved
 * between bridges, VLAN settings), 0 if not, -errno: then call it again later, also if nothing
 * is readable. Never blocks; a lost message (ENOBUFS) leads to a full re-read.
 */
int ft_links_refresh(struct ft_links *links);

/* The watched set now, ordered by ifindex; borrowed, valid until the next refresh. */
const struct ft_watch *ft_links_watched(const struct ft_links *links, size_t *ret_count);

/* All interfaces, ordered by ifindex; borrowed, valid until the next refresh. */
const struct ft_link *ft_links_all(const struct ft_links *links, size_t *ret_count);
const struct ft_link *ft_links_find(const struct ft_links *links, uint32_t ifindex);

/* Names of scopes by number (FT_MAX_SCOPES at most); a scope's name is its -i interface, "" where
 * a number is free. */
size_t ft_links_scope_count(const struct ft_links *links);
const char *ft_links_scope_name(const struct ft_links *links, uint16_t scope);
/* False while nothing of the scope exists (the interface vanished). */
bool ft_links_scope_present(const struct ft_links *links, uint16_t scope);

/* How many numbers have a scope. */
size_t ft_links_scopes_used(const struct ft_links *links);
/* Takes the number from a scope that is not present: the next new one may get it. */
void ft_links_release_scope(struct ft_links *links, uint16_t scope);

/* Interfaces that should be watched and are not: all numbers have a scope. */
size_t ft_links_left_out(const struct ft_links *links);

/* This machine's addresses and connected subnets; changes count as a new generation. */
const struct ft_addr_set *ft_links_addresses(const struct ft_links *links);

/* Re-reads statistics (drops of interfaces and qdiscs) of the watched ones. */
int ft_links_read_stats(struct ft_links *links);

/* Text of -D: interfaces, what each is, and what `any` takes; to `out`. */
int ft_links_describe(const struct ft_links *links, char **ret_text);

#endif
