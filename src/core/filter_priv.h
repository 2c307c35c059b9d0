/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that a display filter is parsed into, shared by the filter's files.
 *
 * A test looks at one thing of a flow and says where to go on, as in classic BPF: to another
 * test or to an answer. So matching needs no stack, and `and`, `or`, `not` cost nothing. The other
 * test is always behind this one: filter_run.c asks all tests in their order.
 */
#ifndef FT_CORE_FILTER_PRIV_H
#define FT_CORE_FILTER_PRIV_H

#include <stdatomic.h>

#include "core/filter.h"
#include "core/net.h"

#define FT_FILTER_ACCEPT 0xffffU
#define FT_FILTER_REJECT 0xfffeU
#define FT_FILTER_TESTS_MAX 1000
#define FT_FILTER_TEXT_MAX 4000 /* bytes of an expression */
#define FT_FILTER_DEPTH_MAX 64  /* parentheses and nots inside each other */

enum ft_test_kind {
	FT_TEST_NET,       /* net: an address of the end lies in it */
	FT_TEST_PORT,      /* low..high */
	FT_TEST_PROTOCOL,  /* low */
	FT_TEST_IP,        /* low: 4 or 6 */
	FT_TEST_VLAN,      /* low: outer or inner */
	FT_TEST_IFACE,     /* word: scope or bridge port */
	FT_TEST_OBSERVER,  /* word: whole name of the host that watched */
	FT_TEST_PROCESS,   /* word: part of an owner's name */
	FT_TEST_PID,       /* value */
	FT_TEST_USER,      /* word: whole name or uid */
	FT_TEST_CONTAINER, /* word: part of container or unit */
	FT_TEST_STATE,     /* word: start of the state's name */
	FT_TEST_WAY,       /* low: FT_TEST_IN or _OUT: which end began it */
	FT_TEST_EVENT,     /* word: start of an event's name */
	FT_TEST_COMPARE,   /* field, cmp, value */
	FT_TEST_WORD,      /* word: part of any column's text */
};

enum { FT_TEST_IN, FT_TEST_OUT };
enum ft_test_end { FT_TEST_EITHER, FT_TEST_SRC, FT_TEST_DST, FT_TEST_LOCAL, FT_TEST_REMOTE };
enum ft_test_cmp { FT_TEST_GT, FT_TEST_GE, FT_TEST_LT, FT_TEST_LE, FT_TEST_EQ };
enum ft_test_field {
	FT_FIELD_RATE,    /* bits a second, both ways, L3, over the shortest window */
	FT_FIELD_BYTES,   /* L3 bytes since first seen, both ways; `total` too */
	FT_FIELD_PACKETS, /* since first seen, both ways */
	FT_FIELD_AGE,     /* nanoseconds */
	FT_FIELD_IDLE,    /* nanoseconds */
	FT_FIELD_RTT,     /* nanoseconds, smoothed, of the flow's socket */
};

struct ft_test {
	uint8_t kind, end, cmp, field;
	/* WORD: may it be a part of an IPv4 address (and port), of an IPv6 one, of a port alone;
	 * has it a colon or bracket, which may be those between address and port? */
	bool v4_like, v6_like, port_like, beyond;
	uint16_t length;   /* of word */
	uint16_t yes, no;  /* where to go on */
	uint16_t low, high;
	struct ft_net net;
	double value;
	const char *word; /* lower case; points into the program's words */
};

/* The expression as a tree, for who says it in another language (clickhouse/where.c). Children are
 * chained from the last to the first, the order in which jumps are made. */
enum ft_node_kind { FT_NODE_TEST, FT_NODE_ALL, FT_NODE_ANY, FT_NODE_NOT };
struct ft_node {
	enum ft_node_kind kind;
	size_t test;   /* FT_NODE_TEST: index into tests */
	size_t child;  /* 1 + index, 0 = none */
	size_t before; /* 1 + index of the sibling to the left */
};

/* Immutable once parsed; shared by copies of the filter, on any thread. */
struct ft_filter_program {
	_Atomic unsigned references;
	const struct ft_names *names; /* borrowed */
	struct ft_test *tests;
	size_t count;
	uint16_t start;
	struct ft_node *nodes;
	size_t root; /* of nodes */
	char **words; /* owned */
	size_t word_count;
};

struct ft_filter {
	char *text;
	unsigned shown;
	struct ft_filter_program *program; /* a reference; NULL = everything */
};

/* filter.c: drops a reference; NULL is fine. */
void ft_filter_program_put(struct ft_filter_program *program);

#endif
