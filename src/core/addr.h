/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and ports as values: 16 bytes, IPv4 mapped into IPv6. */
#ifndef FT_CORE_ADDR_H
#define FT_CORE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FT_ADDR_TEXT_MAX 46

bool ft_addr_is_v4(const uint8_t addr[16]); /* mapped */
bool ft_addr_is_any(const uint8_t addr[16]); /* unspecified: ::, or 0.0.0.0 mapped */
bool ft_addr_is_multicast(const uint8_t addr[16]);
bool ft_addr_is_loopback(const uint8_t addr[16]);
/* RFC 5952 text without mapping ("10.0.0.1", "2001:db8::1"); returns text. */
char *ft_addr_format(const uint8_t addr[16], char text[FT_ADDR_TEXT_MAX]);
/* 0 or -EINVAL; whole string, no brackets, no zone. */
int ft_addr_parse(const char *text, uint8_t ret_addr[16]);

#endif
