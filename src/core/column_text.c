/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts that cells are made of, raw, and what ranks and compares texts. The words are what
 * the display filter knows too, so only the pseudo owners are translated.
 */
#include "core/column_priv.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/addr.h"
#include "core/names.h"
#include "core/nls.h"

char *ft_text_copy(const char *text, char *buf, size_t size)
{
	size_t length = strnlen(text, size - 1);

	memcpy(buf, text, length);
	buf[length] = '\0';
	return buf;
}

char *ft_text_number(unsigned number, char *buf, size_t size)
{
	char digits[12];
	size_t at = sizeof(digits);

	digits[--at] = '\0';
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return ft_text_copy(digits + at, buf, size);
}

char *ft_text_host(const struct ft_show *show, const uint8_t addr[16], char *buf, size_t size)
{
	char text[FT_ADDR_TEXT_MAX];
	const char *name = NULL;

	if (!show->numeric_hosts && show->names)
		name = ft_names_host(show->names, addr, NULL);
	return ft_text_copy(name ? name : ft_addr_format(addr, text), buf, size);
}

char *ft_text_port(const struct ft_show *show, uint16_t port, uint8_t protocol, char *buf,
		   size_t size)
{
	const char *name = NULL;

	if (!show->numeric_ports && show->names)
		name = ft_names_service(show->names, port, protocol);
	if (name)
		return ft_text_copy(name, buf, size);
	return ft_text_number(port, buf, size);
}

char *ft_text_protocol(uint8_t protocol, char *buf, size_t size)
{
	const char *name = ft_protocol_name(protocol);

	if (name)
		return ft_text_copy(name, buf, size);
	return ft_text_number(protocol, buf, size);
}

char *ft_text_owner(const struct ft_snapshot *snapshot, uint16_t owner, bool command, char *buf,
		    size_t size)
{
	const struct ft_process *process = ft_snapshot_process(snapshot, owner);

	if (process)
		return ft_text_copy(command && process->cmdline[0] ? process->cmdline
								   : process->name, buf, size);
	switch (owner) {
	case FT_OWNER_KERNEL:
		return ft_text_copy(_("kernel"), buf, size);
	case FT_OWNER_TRANSIT:
	case FT_OWNER_FOREIGN:
		return ft_text_copy(_("transit"), buf, size);
	default:
		return ft_text_copy(_("unknown"), buf, size);
	}
}

const char *ft_text_state(const struct ft_flow_hot *flow)
{
	switch (flow->ended) {
	case FT_ENDED_IDLE:
	case FT_ENDED_EVICTED:
	case FT_ENDED_INTERFACE:
		return ft_end_reason_name((enum ft_end_reason)flow->ended);
	default:
		return ft_state_name((enum ft_state)flow->state);
	}
}

/* What an ICMP or ICMPv6 flow is about. */
static char *icmp_text(uint8_t protocol, unsigned type, char *buf, size_t size)
{
	static const struct {
		uint8_t protocol, type;
		const char *name;
	} types[] = {
		{ IPPROTO_ICMP, 3, "unreachable" },	   { IPPROTO_ICMP, 5, "redirect" },
		{ IPPROTO_ICMP, 8, "echo" },		   { IPPROTO_ICMP, 9, "router-adv" },
		{ IPPROTO_ICMP, 10, "router-sol" },	   { IPPROTO_ICMP, 11, "time-exceeded" },
		{ IPPROTO_ICMP, 12, "bad-parameter" },	   { IPPROTO_ICMP, 13, "timestamp" },
		{ IPPROTO_ICMPV6, 1, "unreachable" },	   { IPPROTO_ICMPV6, 2, "too-big" },
		{ IPPROTO_ICMPV6, 3, "time-exceeded" },	   { IPPROTO_ICMPV6, 4, "bad-parameter" },
		{ IPPROTO_ICMPV6, 128, "echo" },	   { IPPROTO_ICMPV6, 130, "mld-query" },
		{ IPPROTO_ICMPV6, 131, "mld-report" },	   { IPPROTO_ICMPV6, 133, "router-sol" },
		{ IPPROTO_ICMPV6, 134, "router-adv" },	   { IPPROTO_ICMPV6, 135, "neighbour-sol" },
		{ IPPROTO_ICMPV6, 136, "neighbour-adv" },  { IPPROTO_ICMPV6, 137, "redirect" },
		{ IPPROTO_ICMPV6, 143, "mldv2-report" },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].protocol == protocol && types[i].type == type)
			return ft_text_copy(types[i].name, buf, size);
	snprintf(buf, size, "type %u", type);
	return buf;
}

char *ft_text_service(const struct ft_show *show, const struct ft_flow_hot *flow, char *buf,
		      size_t size)
{
	const struct ft_flow_key *key = &flow->flow->key;
	uint16_t port = ft_flow_service_port(flow->flow);

	buf[0] = '\0';
	if (key->protocol == IPPROTO_ICMP || key->protocol == IPPROTO_ICMPV6)
		return icmp_text(key->protocol, ntohs(key->port_b_be) >> 8, buf, size);
	if (flow->entry_flags & FT_ENTRY_EXTRA_SPI)
		snprintf(buf, size, "spi 0x%x", flow->flow->extra);
	else if (flow->entry_flags & FT_ENTRY_EXTRA_GRE)
		snprintf(buf, size, "key 0x%x", flow->flow->extra);
	else if (port)
		ft_text_port(show, port, key->protocol, buf, size);
	else if (flow->entry_flags & FT_ENTRY_FRAGMENT)
		ft_text_copy("fragments", buf, size);
	return buf;
}

char *ft_text_vlan(uint32_t outer, uint32_t inner, char *buf, size_t size)
{
	buf[0] = '\0';
	if (inner)
		snprintf(buf, size, "%u.%u", outer, inner);
	else if (outer)
		snprintf(buf, size, "%u", outer);
	return buf;
}

uint64_t ft_rank_text(const char *text)
{
	uint64_t rank = 0;

	for (int i = 0; i < 7; i++) {
		rank = rank << 8 | (uint8_t)tolower((unsigned char)*text);
		text += *text != '\0';
	}
	return rank << 8 | (*text ? 1 : 0);
}

int ft_compare_text(const char *a, const char *b)
{
	int way = strcasecmp(a, b);

	return way != 0 ? way : strcmp(a, b);
}

uint64_t ft_rank_addr(const uint8_t addr[16], uint16_t port)
{
	uint64_t high;
	uint32_t v4;

	if (ft_addr_is_v4(addr)) {
		memcpy(&v4, addr + 12, sizeof(v4));
		return ((uint64_t)ntohl(v4) << 16 | port) << 1;
	}
	memcpy(&high, addr, sizeof(high));
	return 1ULL << 63 | be64toh(high) >> 2 << 1 | 1;
}

int ft_compare_addr(const uint8_t a[16], uint16_t port_a, const uint8_t b[16], uint16_t port_b)
{
	bool a4 = ft_addr_is_v4(a), b4 = ft_addr_is_v4(b);
	int way = a4 != b4 ? (a4 ? -1 : 1) : memcmp(a, b, 16);

	return way != 0 ? way : (port_a > port_b) - (port_a < port_b);
}

void ft_put_text(const char *raw, const struct ft_show *show, unsigned width, char *buf,
		 size_t size)
{
	char safe[4 * FT_CELL_TEXT];

	ft_fmt_escape(raw, strlen(raw), show->ascii, safe, sizeof(safe));
	ft_fmt_fit(safe, width, FT_ALIGN_LEFT, false, show->ascii, buf, size);
}
