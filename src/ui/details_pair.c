/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of the details that tells where else the same conversation is seen: on other
 * interfaces, and on the other side of a translation of its addresses (NAT). Enter goes there.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/addr.h"
#include "core/nls.h"
#include "ui/pane.h"

#define END_MAX (FT_ADDR_TEXT_MAX + 10)
#define ENDS_MAX (2 * END_MAX + 4)

/* "10.0.0.1:80", "[2001:db8::1]:80", or the address alone where there are no ports. */
static void format_end(const struct ft_flow_key *key, int end, char *text, size_t size)
{
	const uint8_t *addr = end ? key->addr_b : key->addr_a;
	unsigned int port = ntohs(end ? key->port_b_be : key->port_a_be);
	char address[FT_ADDR_TEXT_MAX];

	ft_addr_format(addr, address);
	if (!ft_protocol_has_ports(key->protocol))
		snprintf(text, size, "%s", address);
	else if (ft_addr_is_v4(addr))
		snprintf(text, size, "%s:%u", address, port);
	else
		snprintf(text, size, "[%s]:%u", address, port);
}

/* Both ends, the one that is meant first. */
static const char *format_ends(const struct ft_flow_key *key, int first, char text[ENDS_MAX])
{
	char one[END_MAX], other[END_MAX];

	format_end(key, first, one, sizeof(one));
	format_end(key, !first, other, sizeof(other));
	snprintf(text, ENDS_MAX, "%s - %s", one, other);
	return text;
}

/* The names of the connection on both sides, whether flows of both are seen or not. */
static void add_nat(struct ft_text *text, const struct ft_nat *nat)
{
	char ends[ENDS_MAX];

	ft_text_pair(text, _("before NAT"), FT_STYLE_TEXT, "%s",
		     format_ends(&nat->key[0], nat->first[0], ends));
	ft_text_pair(text, _("after NAT"), FT_STYLE_TEXT, "%s",
		     format_ends(&nat->key[1], nat->first[1], ends));
}

void ft_details_pair(struct ft_text *text, const struct ft_snapshot *snapshot,
		     const struct ft_flow_hot *flow)
{
	const struct ft_flow_hot *places[FT_PLACES_MAX];
	size_t count = ft_snapshot_pairs(snapshot, flow, places, FT_PLACES_MAX);
	unsigned int side;
	const struct ft_nat *nat = ft_snapshot_nat(snapshot, flow, &side);
	char ends[ENDS_MAX];

	if (!nat && count == 0)
		return;
	ft_text_heading(text, count ? _("Also seen as (Enter goes there)") : _("Translated"));
	if (nat)
		add_nat(text, nat);
	for (size_t i = 0; i < count; i++) {
		const struct ft_flow_key *key = &places[i]->flow->key;

		ft_text_pair(text, i ? "" : _("seen on"), FT_STYLE_TEXT, "%s: %s, id %" PRIu64,
			     ft_snapshot_scope_name(snapshot, key->scope),
			     format_ends(key, ft_flow_tx(places[i]->flow), ends),
			     (uint64_t)places[i]->flow->id);
	}
}
