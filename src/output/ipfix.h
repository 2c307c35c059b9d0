/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPFIX messages by libfixbuf, made in memory: no sockets here. One transport session: what the
 * collector must know first (templates) is asked for by the caller, again and again over UDP.
 */
#ifndef FT_OUTPUT_IPFIX_H
#define FT_OUTPUT_IPFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/due.h"

struct ft_names;
struct ft_ipfix;

struct ft_ipfix_config {
	uint32_t domain;      /* observation domain */
	uint16_t message_max; /* bytes */
	bool biflow;          /* RFC 5103: one record for both directions, else one each */
	const struct ft_names *names; /* services; borrowed, may be NULL */
	/* Gets each message, with the number of records in it. */
	void (*emit)(void *arg, const void *message, size_t size, unsigned records);
	void *arg;
};

struct ft_ipfix *ft_ipfix_new(const struct ft_ipfix_config *config);
void ft_ipfix_free(struct ft_ipfix *ipfix); /* NULL is fine; what is not flushed is dropped */
/* The templates, in front of the records that come; sequence numbers go on. */
int ft_ipfix_templates(struct ft_ipfix *ipfix, uint64_t now_ns, char *err, size_t err_size);
/* One record; messages that become full are emitted. */
int ft_ipfix_add(struct ft_ipfix *ipfix, const struct ft_snapshot *snapshot,
		 const struct ft_due_record *record, char *err, size_t err_size);
/* Emits what is left. */
int ft_ipfix_flush(struct ft_ipfix *ipfix, char *err, size_t err_size);

#endif
