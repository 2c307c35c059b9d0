/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of hosts and services.
 *
 *   services   sorted by (protocol, port); names point into a private copy of the file
 *   aliases    every (name, address) of the hosts file, in its order, for name -> address
 *   hosts      slots found through an open-addressing index, one for an address; those of
 *              the hosts file come first and stay, behind them a ring of DNS answers in
 *              which the oldest gives way
 *
 * The files may be anything: what is no line of theirs is skipped.
 */
#include "core/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/addr.h"
#include "core/num.h"
#include "core/xalloc.h"

#define NAME_LENGTH_MAX 255
#define NO_SLOT UINT32_MAX

struct service {
	uint8_t protocol;
	bool alias;
	uint16_t port;
	uint32_t line;
	const char *name; /* points into services_text */
};

struct alias {
	uint8_t addr[16];
	const char *name; /* points into hosts_text */
};

struct host {
	uint8_t addr[16];
	enum ft_name_source source;
	char *name;        /* owned if from DNS, NULL if it has none; else into hosts_text */
};

struct ft_names {
	char *hosts_text, *services_text; /* private copies, cut into words */
	struct service *services;
	size_t service_count, service_room;
	struct alias *aliases;
	size_t alias_count, alias_room;
	struct host *hosts;
	size_t host_count, host_room;
	size_t static_count; /* of hosts: those of the hosts file */
	size_t oldest;       /* DNS answer that goes next once the ring is full */
	uint32_t *index;     /* 1 + slot, 0 = free; a power of two, at most half full */
	size_t index_size;
};

/* Word of a source in records. */
const char *ft_name_source_name(enum ft_name_source source)
{
	switch (source) {
	case FT_NAME_HOSTS:
		return "hosts";
	case FT_NAME_DNS:
		return "dns";
	case FT_NAME_NONE:
		break;
	}
	return NULL;
}

/* Makes room for one more element of an array that doubles. */
static void *grow(void *array, size_t count, size_t *room, size_t element)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	return xreallocarray(array, *room, element);
}

/* Ends the line at `at`; returns the start of the next one, NULL at the end of the text. */
static char *cut_line(char *at)
{
	char *end = strchr(at, '\n'), *comment;

	if (end)
		*end = '\0';
	comment = strchr(at, '#');
	if (comment)
		*comment = '\0';
	return end ? end + 1 : NULL;
}

/* ---- hosts */

/* Where the index starts to look for an address. */
static size_t home_of(const struct ft_names *names, const uint8_t addr[16])
{
	uint64_t half[2], hash = 0x9e3779b97f4a7c15ULL ^ (uintptr_t)names;

	memcpy(half, addr, sizeof(half));
	for (int i = 0; i < 2; i++) {
		hash = (hash ^ half[i]) * 0xff51afd7ed558ccdULL;
		hash ^= hash >> 32;
	}
	return (size_t)hash & (names->index_size - 1);
}

/* Slot of an address, or NO_SLOT. */
static uint32_t find_slot(const struct ft_names *names, const uint8_t addr[16])
{
	if (names->index_size == 0)
		return NO_SLOT;
	for (size_t i = home_of(names, addr); names->index[i];
	     i = (i + 1) & (names->index_size - 1)) {
		uint32_t slot = names->index[i] - 1;

		if (memcmp(names->hosts[slot].addr, addr, 16) == 0)
			return slot;
	}
	return NO_SLOT;
}

/* Enters a slot into an index that has room. */
static void index_put(struct ft_names *names, uint32_t slot)
{
	size_t i = home_of(names, names->hosts[slot].addr);

	while (names->index[i])
		i = (i + 1) & (names->index_size - 1);
	names->index[i] = slot + 1;
}

/* Takes a slot out of the index; what was pushed aside by it moves back. */
static void index_remove(struct ft_names *names, uint32_t slot)
{
	size_t mask = names->index_size - 1, hole, home, i;

	hole = home_of(names, names->hosts[slot].addr);
	while (names->index[hole] != slot + 1)
		hole = (hole + 1) & mask;
	for (i = (hole + 1) & mask; names->index[i]; i = (i + 1) & mask) {
		home = home_of(names, names->hosts[names->index[i] - 1].addr);
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			names->index[hole] = names->index[i];
			hole = i;
		}
	}
	names->index[hole] = 0;
}

/* Keeps the index at most half full. */
static void index_reserve(struct ft_names *names, size_t count)
{
	if (count * 2 <= names->index_size)
		return;
	free(names->index);
	names->index_size = names->index_size ? names->index_size * 2 : 256;
	names->index = xcalloc(names->index_size, sizeof(*names->index));
	for (size_t slot = 0; slot < names->host_count; slot++)
		index_put(names, (uint32_t)slot);
}

/* A new slot at the end. */
static void add_host(struct ft_names *names, const uint8_t addr[16], enum ft_name_source source,
		     char *name)
{
	struct host *host;

	names->hosts = grow(names->hosts, names->host_count, &names->host_room,
			    sizeof(*names->hosts));
	index_reserve(names, names->host_count + 1);
	host = &names->hosts[names->host_count];
	memcpy(host->addr, addr, 16);
	host->source = source;
	host->name = name;
	index_put(names, (uint32_t)names->host_count++);
}

/* One line of the hosts file: address, name, aliases. The first name of an address counts. */
static void parse_hosts_line(struct ft_names *names, char *line)
{
	char *rest, *word = strtok_r(line, " \t\r", &rest);
	uint8_t addr[16];

	if (!word || ft_addr_parse(word, addr) < 0)
		return;
	while ((word = strtok_r(NULL, " \t\r", &rest))) {
		if (strlen(word) > NAME_LENGTH_MAX || names->alias_count >= FT_NAMES_MAX)
			continue;
		names->aliases = grow(names->aliases, names->alias_count, &names->alias_room,
				      sizeof(*names->aliases));
		memcpy(names->aliases[names->alias_count].addr, addr, 16);
		names->aliases[names->alias_count++].name = word;
		if (find_slot(names, addr) == NO_SLOT)
			add_host(names, addr, FT_NAME_HOSTS, word);
	}
}

/* ---- services */

/* 0 for protocols without services. */
static uint8_t service_protocol(const char *name)
{
	static const struct {
		const char *name;
		uint8_t number;
	} table[] = { { "tcp", 6 }, { "udp", 17 }, { "sctp", 132 }, { "dccp", 33 } };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(name, table[i].name) == 0)
			return table[i].number;
	return 0;
}

/* One line of the services file: name, port/protocol, aliases. */
static void parse_services_line(struct ft_names *names, char *line, uint32_t number)
{
	char *rest, *name, *port_text, *slash, err[8];
	uint8_t protocol;
	uint64_t port;
	bool alias = false;

	name = strtok_r(line, " \t\r", &rest);
	port_text = name ? strtok_r(NULL, " \t\r", &rest) : NULL;
	slash = port_text ? strchr(port_text, '/') : NULL;
	if (!slash)
		return;
	*slash = '\0';
	protocol = service_protocol(slash + 1);
	if (!protocol || ft_num_u64("", port_text, 0, UINT16_MAX, &port, err, sizeof(err)) < 0)
		return;
	for (; name; name = strtok_r(NULL, " \t\r", &rest), alias = true) {
		if (strlen(name) > NAME_LENGTH_MAX || names->service_count >= FT_NAMES_MAX)
			continue;
		names->services = grow(names->services, names->service_count,
				       &names->service_room, sizeof(*names->services));
		names->services[names->service_count++] = (struct service){
			.protocol = protocol, .alias = alias, .port = (uint16_t)port,
			.line = number, .name = name,
		};
	}
}

/* Order by protocol and port, names before aliases, earlier lines first. */
static int compare_services(const void *a, const void *b)
{
	const struct service *x = a, *y = b;

	if (x->protocol != y->protocol)
		return x->protocol < y->protocol ? -1 : 1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	if (x->alias != y->alias)
		return x->alias ? 1 : -1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

/* ---- what others call */

/* Reads both texts into a new set of names. */
struct ft_names *ft_names_new(const char *hosts_text, const char *services_text)
{
	struct ft_names *names = xcalloc(1, sizeof(*names));
	uint32_t number = 0;

	names->hosts_text = xstrdup(hosts_text ? hosts_text : "");
	names->services_text = xstrdup(services_text ? services_text : "");
	for (char *line = names->hosts_text, *next; line; line = next) {
		next = cut_line(line);
		parse_hosts_line(names, line);
	}
	for (char *line = names->services_text, *next; line; line = next) {
		next = cut_line(line);
		parse_services_line(names, line, number++);
	}
	names->static_count = names->host_count;
	names->oldest = names->static_count;
	if (names->service_count > 0)
		qsort(names->services, names->service_count, sizeof(*names->services),
		      compare_services);
	return names;
}

/* Frees all; NULL is fine. */
void ft_names_free(struct ft_names *names)
{
	if (!names)
		return;
	for (size_t i = names->static_count; i < names->host_count; i++)
		free(names->hosts[i].name);
	free(names->hosts);
	free(names->index);
	free(names->aliases);
	free(names->services);
	free(names->hosts_text);
	free(names->services_text);
	free(names);
}

/* Name of an address. */
const char *ft_names_host(const struct ft_names *names, const uint8_t addr[16],
			  enum ft_name_source *ret_source)
{
	uint32_t slot = find_slot(names, addr);
	const struct host *host = slot == NO_SLOT ? NULL : &names->hosts[slot];

	if (ret_source)
		*ret_source = host && host->name ? host->source : FT_NAME_NONE;
	return host ? host->name : NULL;
}

/* Hosts in the order of their slots. */
const uint8_t *ft_names_next_host(const struct ft_names *names, size_t *at, const char **ret_name)
{
	while (*at < names->host_count) {
		const struct host *host = &names->hosts[(*at)++];

		if (!host->name)
			continue;
		*ret_name = host->name;
		return host->addr;
	}
	return NULL;
}

/* Name of a port: the first of the sorted entries that has both. */
const char *ft_names_service(const struct ft_names *names, uint16_t port, uint8_t protocol)
{
	uint32_t wanted = (uint32_t)protocol << 16 | port;
	size_t low = 0, high = names->service_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct service *service = &names->services[middle];

		if (((uint32_t)service->protocol << 16 | service->port) < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == names->service_count || names->services[low].alias ||
	    names->services[low].port != port || names->services[low].protocol != protocol)
		return NULL;
	return names->services[low].name;
}

/* Ports in the order of the table, of which the first entry of a port counts. */
const char *ft_names_next_service(const struct ft_names *names, size_t *at, uint16_t *ret_port,
				  uint8_t *ret_protocol)
{
	while (*at < names->service_count) {
		const struct service *service = &names->services[(*at)++];

		if (ft_names_service(names, service->port, service->protocol) != service->name)
			continue;
		*ret_port = service->port;
		*ret_protocol = service->protocol;
		return service->name;
	}
	return NULL;
}

/* Addresses of a name, those of the hosts file first. */
size_t ft_names_addresses(const struct ft_names *names, const char *name, uint8_t (*ret_addr)[16],
			  size_t max)
{
	size_t found = 0;

	for (size_t i = 0; i < names->alias_count; i++)
		if (strcasecmp(names->aliases[i].name, name) == 0 && found++ < max)
			memcpy(ret_addr[found - 1], names->aliases[i].addr, 16);
	for (size_t i = names->static_count; i < names->host_count; i++)
		if (names->hosts[i].name && strcasecmp(names->hosts[i].name, name) == 0 &&
		    found++ < max)
			memcpy(ret_addr[found - 1], names->hosts[i].addr, 16);
	return found;
}

/* Port of a name. */
int ft_names_port(const struct ft_names *names, const char *name, uint8_t protocol,
		  uint16_t *ret_port)
{
	for (size_t i = 0; i < names->service_count; i++) {
		const struct service *service = &names->services[i];

		if ((protocol == 0 || service->protocol == protocol) &&
		    strcasecmp(service->name, name) == 0) {
			*ret_port = service->port;
			return 0;
		}
	}
	return -ENOENT;
}

/* Takes an answer; the hosts file has precedence, a newer answer replaces an older one. */
void ft_names_add_dns(struct ft_names *names, const uint8_t addr[16], const char *name)
{
	char *copy = name && *name ? xstrndup(name, NAME_LENGTH_MAX) : NULL;
	uint32_t slot = find_slot(names, addr);

	if (slot != NO_SLOT && slot < names->static_count) {
		free(copy);
		return;
	}
	if (slot == NO_SLOT && names->host_count - names->static_count < FT_NAMES_MAX) {
		add_host(names, addr, FT_NAME_DNS, copy);
		return;
	}
	if (slot == NO_SLOT) {
		slot = (uint32_t)names->oldest;
		if (++names->oldest == names->host_count)
			names->oldest = names->static_count;
		index_remove(names, slot);
		memcpy(names->hosts[slot].addr, addr, 16);
		index_put(names, slot);
	}
	free(names->hosts[slot].name);
	names->hosts[slot].name = copy;
}

/* True if there is nothing to ask DNS for. */
bool ft_names_known(const struct ft_names *names, const uint8_t addr[16])
{
	return find_slot(names, addr) != NO_SLOT;
}
