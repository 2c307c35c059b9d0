/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line that adds up: which counter belongs to which term, and what records call it. One
 * table says both; a new counter is a new row. No term is computed from the others.
 */
#include "core/snapshot.h"

#include <string.h>

enum term { TERM_SEEN, TERM_NOT_IP, TERM_MALFORMED, TERM_LOST };

static const struct {
	const char *name;
	enum term term;
} counters[FT_C_MAX] = {
	[FT_C_SEEN] = { NULL, TERM_SEEN },
	[FT_C_NOT_IP_ARP] = { "arp", TERM_NOT_IP },
	[FT_C_NOT_IP_STP] = { "llc", TERM_NOT_IP },
	[FT_C_NOT_IP_LLDP] = { "lldp", TERM_NOT_IP },
	[FT_C_NOT_IP_PPPOE] = { "pppoe", TERM_NOT_IP },
	[FT_C_NOT_IP_MPLS] = { "mpls", TERM_NOT_IP },
	[FT_C_NOT_IP_EAPOL] = { "eapol", TERM_NOT_IP },
	[FT_C_NOT_IP_VLAN] = { "vlan", TERM_NOT_IP },
	[FT_C_NOT_IP_OTHER] = { "other", TERM_NOT_IP },
	[FT_C_BAD_ETHERNET] = { "ethernet", TERM_MALFORMED },
	[FT_C_BAD_IP_HEADER] = { "ip_header", TERM_MALFORMED },
	[FT_C_BAD_IP_LENGTH] = { "ip_length", TERM_MALFORMED },
	[FT_C_BAD_IPV6_EXT] = { "ipv6_extensions", TERM_MALFORMED },
	[FT_C_BAD_L4] = { "l4", TERM_MALFORMED },
	[FT_C_LOST_FULL] = { "log_full", TERM_LOST },
	[FT_C_LOST_BUSY] = { "busy", TERM_LOST },
	[FT_C_LOST_NOMEM] = { "no_memory", TERM_LOST },
	[FT_C_LOST_OTHER] = { "other", TERM_LOST },
	[FT_C_RING] = { "ring", TERM_LOST },
};

const char *ft_counter_name(enum ft_counter counter)
{
	return (unsigned int)counter < FT_C_MAX ? counters[counter].name : NULL;
}

/* True if the counter is part of a term. */
static bool is_term(enum ft_counter counter, enum term term)
{
	return (unsigned int)counter < FT_C_MAX && counters[counter].term == term;
}

bool ft_counter_is_not_ip(enum ft_counter counter)
{
	return is_term(counter, TERM_NOT_IP);
}

bool ft_counter_is_malformed(enum ft_counter counter)
{
	return is_term(counter, TERM_MALFORMED);
}

bool ft_counter_is_lost(enum ft_counter counter)
{
	return is_term(counter, TERM_LOST);
}

const char *ft_counter_term(enum ft_counter counter)
{
	const char *name = ft_counter_name(counter);

	/* "other" is a term of its own. */
	if (!name || strcmp(name, "other") != 0)
		return name;
	return ft_counter_is_not_ip(counter)	? "not_ip_other" :
	       ft_counter_is_malformed(counter) ? "malformed_other" : "lost_other";
}

/* Sum of a term's counters. */
static struct ft_tally sum_term(const struct ft_line *line, enum term term)
{
	struct ft_tally sum = { 0, 0 };
	unsigned int i;

	for (i = 0; i < FT_C_MAX; i++) {
		if (counters[i].term != term)
			continue;
		sum.packets += line->by.c[i].packets;
		sum.l2_bytes += line->by.c[i].l2_bytes;
	}
	return sum;
}

struct ft_tally ft_line_not_ip(const struct ft_line *line)
{
	return sum_term(line, TERM_NOT_IP);
}

struct ft_tally ft_line_malformed(const struct ft_line *line)
{
	return sum_term(line, TERM_MALFORMED);
}

struct ft_tally ft_line_lost(const struct ft_line *line)
{
	return sum_term(line, TERM_LOST);
}

bool ft_line_adds_up(const struct ft_line *line)
{
	struct ft_tally not_ip = ft_line_not_ip(line);
	struct ft_tally malformed = ft_line_malformed(line);
	struct ft_tally lost = ft_line_lost(line);

	return line->seen.packets == line->flows.packets + line->other.packets + not_ip.packets +
					     malformed.packets + lost.packets &&
	       line->seen.l2_bytes == line->flows.l2_bytes + line->other.l2_bytes +
					      not_ip.l2_bytes + malformed.l2_bytes + lost.l2_bytes;
}

/* sum += value. */
static void add_sum(struct ft_sum *sum, const struct ft_sum *value)
{
	sum->packets += value->packets;
	sum->bytes += value->bytes;
	sum->l2_bytes += value->l2_bytes;
}

void ft_line_add(struct ft_line *sum, const struct ft_line *line)
{
	unsigned int i;

	sum->seen.packets += line->seen.packets;
	sum->seen.l2_bytes += line->seen.l2_bytes;
	add_sum(&sum->flows, &line->flows);
	add_sum(&sum->other, &line->other);
	for (i = 0; i < FT_C_MAX; i++) {
		sum->by.c[i].packets += line->by.c[i].packets;
		sum->by.c[i].l2_bytes += line->by.c[i].l2_bytes;
	}
	sum->inexact |= line->inexact;
}

void ft_line_set_term(struct ft_line *line, const char *term, struct ft_sum sum)
{
	struct ft_tally tally = { sum.packets, sum.l2_bytes };

	if (strcmp(term, "flows") == 0) {
		line->flows = sum;
	} else if (strcmp(term, "other") == 0) {
		line->other = sum;
	} else if (strcmp(term, "seen") == 0) {
		line->seen = line->by.c[FT_C_SEEN] = tally;
	} else {
		for (int c = FT_C_SEEN + 1; c < FT_C_MAX; c++) {
			const char *name = ft_counter_term((enum ft_counter)c);

			if (name && strcmp(term, name) == 0)
				line->by.c[c] = tally;
		}
	}
}
