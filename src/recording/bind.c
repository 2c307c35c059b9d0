/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See bind.h. */
#include "recording/bind.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/addr.h"
#include "output/utf8.h"

void ft_bind_nulls(struct ft_binder *to, int count)
{
	while (count-- > 0)
		ft_bind_null(to);
}

void ft_bind_if(struct ft_binder *to, bool there, uint64_t number)
{
	if (there)
		ft_bind_int(to, number);
	else
		ft_bind_null(to);
}

void ft_bind_word(struct ft_binder *to, const char *word)
{
	if (word)
		sqlite3_bind_text(to->statement, ++to->next, word, -1, SQLITE_STATIC);
	else
		ft_bind_null(to);
}

void ft_bind_span(struct ft_binder *to, const char *bytes, size_t length)
{
	if (length == 0)
		ft_bind_null(to);
	else if (ft_utf8_valid(bytes, length))
		sqlite3_bind_text(to->statement, ++to->next, bytes, (int)length, SQLITE_STATIC);
	else
		sqlite3_bind_blob(to->statement, ++to->next, bytes, (int)length, SQLITE_STATIC);
}

void ft_bind_bytes(struct ft_binder *to, const char *bytes)
{
	ft_bind_span(to, bytes, bytes ? strlen(bytes) : 0);
}

/* A number below 256 in decimal digits; where it ends. */
static char *put_octet(char *to, unsigned octet)
{
	if (octet >= 100)
		*to++ = (char)('0' + octet / 100);
	if (octet >= 10)
		*to++ = (char)('0' + octet / 10 % 10);
	*to++ = (char)('0' + octet % 10);
	return to;
}

/* inet_ntop takes a third of the time of a new flow for IPv4. */
const char *ft_address_text(const uint8_t addr[16], char text[FT_ADDRESS_SIZE])
{
	char *to = text;

	if (!ft_addr_is_v4(addr))
		return inet_ntop(AF_INET6, addr, text, FT_ADDRESS_SIZE);
	for (int i = 12; i < 16; i++) {
		to = put_octet(to, addr[i]);
		*to++ = i < 15 ? '.' : '\0';
	}
	return text;
}
