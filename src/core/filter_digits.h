/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A word of a display filter among numbers, without writing them: what address and port, written
 * as 10.0.0.1:443 or [2001:db8::1]:443, have it as a part. For a million rows a keystroke.
 *
 * The text is cut before the sign that only stands between the two, the colon behind IPv4 and the
 * bracket that closes IPv6. A word without it is a part of what is before or of the port, a word
 * with it goes from the end of the one to the beginning of the other.
 */
#ifndef FT_CORE_FILTER_DIGITS_H
#define FT_CORE_FILTER_DIGITS_H

#include <stdbool.h>
#include <stdint.h>

struct ft_digits;
struct ft_flow_hot;
struct ft_test;

/* What is known of a port, whatever the address. The first three are answers: an end with this
 * port has the word; the others say that the word may end here what it began in the address. */
enum ft_digits_port {
	FT_DIGITS_HAS = 1,         /* the port alone */
	FT_DIGITS_HAS_V6 = 2,      /* :port, where that can't be the cut */
	FT_DIGITS_PORT = 4,        /* there is a port at all: IPv6 stands in brackets */
	FT_DIGITS_GOES_ON_V4 = 8,  /* :port begins with what the word has from the cut on */
	FT_DIGITS_GOES_ON_V6 = 16, /* ]:port begins with that */
};

/* NULL for a word that no number has. The test (of a word) is borrowed. */
struct ft_digits *ft_digits_new(const struct ft_test *test);
void ft_digits_free(struct ft_digits *digits);
/* True if it matters what is known of ports. */
bool ft_digits_ask_ports(const struct ft_digits *digits);
/* A set of enum ft_digits_port. */
uint8_t ft_digits_port(const struct ft_digits *digits, uint16_t port);
/* The same of all ports. */
void ft_digits_all_ports(const struct ft_digits *digits, uint8_t ret_facts[UINT16_MAX + 1]);
/* Of a set of rows those of which an end has the word. `facts` is what is known of the ports of
 * the ends a and b of each, 0 where there is none; NULL where it doesn't matter. */
uint64_t ft_digits_match(struct ft_digits *digits, const struct ft_flow_hot *rows, uint64_t set,
			 const uint8_t (*facts)[2]);

#endif
