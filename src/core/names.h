/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of hosts and services, for showing only. Services and /etc/hosts are read once at
 * start (main); names that reverse DNS found are added by the UI thread when the resolver's
 * queue has answers. Owned and used by one thread; outputs get their own read-only copy of
 * the static part (ft_names_static). Bounded: oldest DNS names are dropped beyond
 * FT_NAMES_MAX. Names are raw bytes from outside: escape before showing.
 */
#ifndef FT_CORE_NAMES_H
#define FT_CORE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FT_NAMES_MAX 65536

enum ft_name_source { FT_NAME_NONE, FT_NAME_HOSTS, FT_NAME_DNS };
const char *ft_name_source_name(enum ft_name_source source); /* "hosts", "dns" */

struct ft_names;

/* Text of /etc/hosts and /etc/services (whole files, NUL-ended); NULL = nothing. */
struct ft_names *ft_names_new(const char *hosts_text, const char *services_text);
void ft_names_free(struct ft_names *names);

/* NULL if unknown; borrowed until the next add. */
const char *ft_names_host(const struct ft_names *names, const uint8_t addr[16],
			  enum ft_name_source *ret_source);
/* The named hosts one after the other: the address of the first from *at on, NULL behind the last.
 * *at is 0 at the start and moved behind it. */
const uint8_t *ft_names_next_host(const struct ft_names *names, size_t *at, const char **ret_name);
/* "https" for (443, 6); NULL if none. protocol 6, 17, 132, 33 only. */
const char *ft_names_service(const struct ft_names *names, uint16_t port, uint8_t protocol);
/* The same of ports that have a name: NULL behind the last. */
const char *ft_names_next_service(const struct ft_names *names, size_t *at, uint16_t *ret_port,
				  uint8_t *ret_protocol);
/* The other way, for the filter: addresses of a host name (aliases in the hosts file too), at
 * most `max`; how many there are. Case doesn't matter. */
size_t ft_names_addresses(const struct ft_names *names, const char *name, uint8_t (*ret_addr)[16],
			  size_t max);
/* Port of a service name or alias; protocol 0 = any. 0 or -ENOENT. */
int ft_names_port(const struct ft_names *names, const char *name, uint8_t protocol,
		  uint16_t *ret_port);
/* From the resolver; name NULL = it has none (remembered as asked). */
void ft_names_add_dns(struct ft_names *names, const uint8_t addr[16], const char *name);
/* True if DNS was asked or answered for it already. */
bool ft_names_known(const struct ft_names *names, const uint8_t addr[16]);

#endif
