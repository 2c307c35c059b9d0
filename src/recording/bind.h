/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values into a statement's parameters, one after the other. Texts and bytes are borrowed until
 * the statement has run.
 */
#ifndef FT_RECORDING_BIND_H
#define FT_RECORDING_BIND_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ft_binder {
	sqlite3_stmt *statement;
	int next;
};

static inline void ft_bind_int(struct ft_binder *to, uint64_t number)
{
	sqlite3_bind_int64(to->statement, ++to->next, (sqlite3_int64)number);
}

static inline void ft_bind_null(struct ft_binder *to)
{
	sqlite3_bind_null(to->statement, ++to->next);
}

void ft_bind_nulls(struct ft_binder *to, int count);
/* The number, or NULL. */
void ft_bind_if(struct ft_binder *to, bool there, uint64_t number);
/* Text of ours; NULL for NULL. */
void ft_bind_word(struct ft_binder *to, const char *word);
/* Bytes from outside: text if they are, NULL if there are none. */
void ft_bind_span(struct ft_binder *to, const char *bytes, size_t length);
void ft_bind_bytes(struct ft_binder *to, const char *bytes); /* ended by 0, or NULL */

#define FT_ADDRESS_SIZE 46
/* The address in the form of the file. */
const char *ft_address_text(const uint8_t addr[16], char text[FT_ADDRESS_SIZE]);

#endif
