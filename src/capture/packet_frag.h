/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What later fragments need of their first one: a bounded cache, the least recently used entry
 * giving way. Losing an entry costs the ports of a few packets (they are flagged), never a count.
 */
#ifndef FT_CAPTURE_PACKET_FRAG_H
#define FT_CAPTURE_PACKET_FRAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Directed, unlike a flow's key. Compared as octets: zero the whole before filling it. */
struct ft_frag_key {
	uint8_t src[16];
	uint8_t dst[16];
	uint32_t id;
	uint16_t scope;
	uint16_t vlan_outer;
	uint16_t vlan_inner;
	uint8_t protocol; /* IPv6: of the fragment header */
	uint8_t ip_version;
};

struct ft_frag_value {
	uint8_t protocol; /* of the transport header */
	uint8_t flags;    /* FT_ENTRY_EXTRA_* */
	uint16_t sport_be;
	uint16_t dport_be;
	uint32_t extra;
};

struct ft_frags;

struct ft_frags *ft_frags_new(size_t capacity); /* 1..65535 */
void ft_frags_free(struct ft_frags *frags);

/* Remembers what the first fragment said. `now` in nanoseconds, here and below. */
void ft_frags_put(struct ft_frags *frags, const struct ft_frag_key *key,
		  const struct ft_frag_value *value, uint64_t now);

/* What the first fragment said; `last` removes it. False: not known, or too old. */
bool ft_frags_get(struct ft_frags *frags, const struct ft_frag_key *key, bool last,
		  uint64_t now, struct ft_frag_value *ret_value);

#endif
