/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of a display filter that look at texts, of up to 64 rows at once.
 *
 * A word is looked for in many texts, but a snapshot has few of them beside the addresses: the
 * verdict on each owner, interface, scope, protocol and state is remembered when it is first
 * asked for; what services' and hosts' names say is looked up, from the names, when the first rows come.
 * Addresses and ports are compared without being written: filter_digits.h.
 */
#include "core/filter_run.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/column.h"
#include "core/column_priv.h"
#include "core/filter_digits.h"
#include "core/names.h"
#include "core/rows.h"
#include "core/xalloc.h"

#define AHEAD_STEP 12 /* rows that are asked for in advance with a step of a word's */
#define NAMED_BITS 13 /* hosts are sorted by so many bits of their addresses' sums */

/* A verdict: 0 = not asked yet, 1 = no, 2 = yes. */
#define NO 1
#define YES 2

/* Verdicts of one test. */
struct ft_filter_memo {
	uint8_t owner[UINT16_MAX + 1];
	uint8_t iface[FT_MAX_IFACES + 1];
	uint8_t scope[FT_MAX_SCOPES + 1]; /* of a word: the name of who watches it too */
	uint8_t protocol[UINT8_MAX + 1];
	uint8_t state[UINT8_MAX + 1]; /* state | ended << 4 */
	uint8_t port[2][UINT16_MAX + 1]; /* of TCP, UDP: enum ft_digits_port, if ask_ports */
	bool learned;             /* the rest is filled: only words about flows need it */
	struct ft_digits *digits; /* of a word that numbers may have, else NULL */
	bool ask_ports;           /* a port, or the name of one, may have the word */
	bool named;               /* a host's name has the word */
	uint64_t named_at[(1U << NAMED_BITS) / 64]; /* where its address falls */
};

/* ---- owners, interfaces */

/* Verdicts that are not known yet: rarely, so out of the way of those that are. */
static __attribute__((noinline)) uint8_t
first_owner(const struct ft_filter_block *block, uint16_t owner)
{
	bool yes = ft_filter_owner(block->test, block->snapshot, owner);

	return block->memo->owner[owner] = yes ? YES : NO;
}

static inline uint8_t verdict_on_owner(const struct ft_filter_block *block, uint16_t owner)
{
	uint8_t verdict = block->memo->owner[owner];

	return verdict ? verdict : first_owner(block, owner);
}

/* True if the filter passes one of the owners that the flow counts for. */
static inline bool owners_match(const struct ft_filter_block *block, const struct ft_flow_hot *hot)
{
	uint16_t owner[2];
	int count = ft_flow_owners(hot, owner);
	uint8_t verdict = verdict_on_owner(block, owner[0]);

	if (count == 2)
		verdict |= verdict_on_owner(block, owner[1]);
	return verdict & YES;
}

/* Asks for `ahead` rows in advance with each row. */
static inline uint64_t match_owners_and_ask(const struct ft_filter_block *block, uint64_t set,
					    size_t ahead)
{
	uint64_t yes = 0;

	for_each_row(i, set) {
		yes |= ft_row_bit(owners_match(block, &block->rows[i]), i);
		ft_filter_ask_ahead(block->ahead, ahead);
	}
	return yes;
}

static uint64_t match_owners(const struct ft_filter_block *block, uint64_t set)
{
	return match_owners_and_ask(block, set, 0);
}

/* Asks about a scope, of a word also who watches it. */
static bool ask_scope(const struct ft_filter_block *block, uint16_t scope)
{
	const struct ft_snapshot *snapshot = block->snapshot;
	const struct ft_test *test = block->test;

	return ft_filter_iface_name(test, ft_snapshot_scope_name(snapshot, scope)) ||
	       (test->kind == FT_TEST_WORD && snapshot->observer_count &&
		ft_filter_has(ft_snapshot_observer(snapshot, scope), test->word));
}

/* Asks about an interface by its number; 0 is none. */
static bool ask_iface(const struct ft_filter_block *block, uint16_t number)
{
	const struct ft_snapshot *snapshot = block->snapshot;

	return number > 0 && number <= snapshot->iface_count &&
	       ft_filter_iface_name(block->test, snapshot->ifaces[number - 1].name);
}

static __attribute__((noinline)) uint8_t
first_scope(const struct ft_filter_block *block, uint16_t scope)
{
	uint8_t verdict = ask_scope(block, scope) ? YES : NO;

	if (scope <= FT_MAX_SCOPES)
		block->memo->scope[scope] = verdict;
	return verdict;
}

static __attribute__((noinline)) uint8_t
first_iface(const struct ft_filter_block *block, uint16_t number)
{
	uint8_t verdict = ask_iface(block, number) ? YES : NO;

	if (number <= FT_MAX_IFACES)
		block->memo->iface[number] = verdict;
	return verdict;
}

static inline uint8_t verdict_on_iface(const struct ft_filter_block *block, uint16_t number)
{
	uint8_t verdict = number <= FT_MAX_IFACES ? block->memo->iface[number] : 0;

	return verdict ? verdict : first_iface(block, number);
}

/* Scopes and interfaces that carried the flow; of a word also who watches. */
static uint64_t match_places(const struct ft_filter_block *block, uint64_t set)
{
	const struct ft_filter_memo *memo = block->memo;
	uint64_t yes = 0;

	for_each_row(i, set) {
		const struct ft_flow_hot *hot = &block->rows[i];
		uint16_t scope = hot->flow->key.scope;
		uint8_t verdict = scope <= FT_MAX_SCOPES ? memo->scope[scope] : 0;

		if (!verdict)
			verdict = first_scope(block, scope);
		verdict |= verdict_on_iface(block, hot->iface_slot[0]) |
			   verdict_on_iface(block, hot->iface_slot[1]);
		yes |= ft_row_bit(verdict & YES, i);
	}
	return yes;
}

/* ---- words */

/* Protocols and states. */
static uint64_t match_kinds(const struct ft_filter_block *block, uint64_t set)
{
	const char *word = block->test->word;
	struct ft_filter_memo *memo = block->memo;
	uint64_t yes = 0;

	for_each_row(i, set) {
		const struct ft_flow_hot *hot = &block->rows[i];
		uint8_t *protocol = &memo->protocol[hot->flow->key.protocol];
		uint8_t *state = &memo->state[hot->state | hot->ended << 4];

		if (!*protocol)
			*protocol = ft_filter_has(ft_protocol_name(hot->flow->key.protocol), word) ?
					    YES : NO;
		if (!*state)
			*state = ft_filter_has(ft_text_state(hot), word) ? YES : NO;
		yes |= ft_row_bit((*protocol | *state) & YES, i);
	}
	return yes;
}

/* What is known of a port, its service's name among it. */
static uint8_t ask_port(const struct ft_filter_block *block, uint16_t port, uint8_t protocol)
{
	const struct ft_names *names = block->names;
	const struct ft_digits *digits = block->memo->digits;
	uint8_t facts = digits ? ft_digits_port(digits, port) : FT_DIGITS_PORT;

	if (names && ft_filter_has(ft_names_service(names, port, protocol), block->test->word))
		facts |= FT_DIGITS_HAS;
	return facts;
}

/* The same; mostly it is known. */
static inline uint8_t facts_of_port(const struct ft_filter_block *block, __be16 port_be,
				    uint8_t protocol)
{
	uint16_t port = ntohs(port_be);

	if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP)
		return block->memo->port[protocol == IPPROTO_UDP][port];
	return ft_protocol_has_ports(protocol) ? ask_port(block, port, protocol) : 0;
}

/* Ends as numbers, and the services of their ports. */
static uint64_t match_numbers(const struct ft_filter_block *block, uint64_t set)
{
	struct ft_digits *digits = block->memo->digits;
	uint8_t facts[FT_FILTER_ROWS][2];
	uint64_t yes = 0;

	if (!block->memo->ask_ports)
		return digits ? ft_digits_match(digits, block->rows, set, NULL) : 0;
	for_each_row(i, set) {
		const struct ft_flow_key *key = &block->rows[i].flow->key;

		facts[i][0] = facts_of_port(block, key->port_a_be, key->protocol);
		facts[i][1] = facts_of_port(block, key->port_b_be, key->protocol);
		yes |= ft_row_bit((facts[i][0] | facts[i][1]) & FT_DIGITS_HAS, i);
	}
	return digits ? yes | ft_digits_match(digits, block->rows, set & ~yes, facts) : yes;
}

/* Where an address falls among those of hosts that have the word in their names. */
static inline unsigned named_place(const uint8_t addr[16])
{
	uint64_t half[2];

	memcpy(half, addr, sizeof(half));
	return (unsigned)((half[0] ^ half[1]) * 0x9e3779b97f4a7c15ULL >>
			  (64 - NAMED_BITS));
}

/* True if the name of the end's host has the word. Most ends fall where no such host does. */
static inline bool is_named(const struct ft_filter_block *block, const uint8_t addr[16])
{
	unsigned place = named_place(addr);

	return block->memo->named_at[place / 64] >> place % 64 & 1 &&
	       ft_filter_has(ft_names_host(block->names, addr, NULL), block->test->word);
}

/* Names of hosts. */
static uint64_t match_names(const struct ft_filter_block *block, uint64_t set)
{
	uint64_t yes = 0;

	if (!block->memo->named)
		return 0;
	for_each_row(i, set) {
		const struct ft_flow_key *key = &block->rows[i].flow->key;

		yes |= ft_row_bit(is_named(block, key->addr_a) || is_named(block, key->addr_b), i);
	}
	return yes;
}

/* What few flows have. */
static uint64_t match_rest(const struct ft_filter_block *block, uint64_t set)
{
	struct ft_subject subject = { .snapshot = block->snapshot, .names = block->names };
	uint64_t few = 0, yes = 0;

	for_each_row(i, set) {
		const struct ft_flow_key *key = &block->rows[i].flow->key;

		few |= ft_row_bit(key->vlan_outer || !ft_protocol_has_ports(key->protocol), i);
	}
	for_each_row(i, few) {
		subject.hot = &block->rows[i];
		subject.flow = subject.hot->flow;
		yes |= ft_row_bit(ft_filter_rest(block->test, &subject), i);
	}
	return yes;
}

/* What is known of all ports of TCP and UDP. */
static void learn_ports(struct ft_filter_memo *memo, const struct ft_names *names, const char *word)
{
	uint8_t protocol;
	uint16_t port;
	const char *name;
	size_t at = 0;

	if (memo->digits)
		memo->ask_ports = ft_digits_ask_ports(memo->digits);
	if (memo->ask_ports)
		ft_digits_all_ports(memo->digits, memo->port[0]);
	else
		memset(memo->port[0], FT_DIGITS_PORT, sizeof(memo->port[0]));
	memcpy(memo->port[1], memo->port[0], sizeof(memo->port[1]));
	while (names && (name = ft_names_next_service(names, &at, &port, &protocol))) {
		if (!ft_filter_has(name, word))
			continue;
		memo->ask_ports = true;
		if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP)
			memo->port[protocol == IPPROTO_UDP][port] |= FT_DIGITS_HAS;
	}
}

/* Marks where the addresses of hosts fall that have the word in their names. */
static void mark_named(struct ft_filter_memo *memo, const struct ft_names *names, const char *word)
{
	const uint8_t *addr;
	const char *name;
	size_t at = 0;

	while ((addr = ft_names_next_host(names, &at, &name))) {
		unsigned place = named_place(addr);

		if (!ft_filter_has(name, word))
			continue;
		memo->named = true;
		memo->named_at[place / 64] |= 1ULL << place % 64;
	}
}

static void learn(struct ft_filter_memo *memo, const struct ft_names *names,
		  const struct ft_test *test)
{
	memo->learned = true;
	memo->digits = ft_digits_new(test);
	learn_ports(memo, names, test->word);
	if (names)
		mark_named(memo, names, test->word);
}

/* Any column: what a step has found the next ones need not look at. */
static uint64_t match_word(const struct ft_filter_block *block, uint64_t set)
{
	static uint64_t (*const steps[])(const struct ft_filter_block *block, uint64_t set) = {
		match_kinds, match_owners, match_places, match_numbers, match_names, match_rest,
	};
	uint64_t yes = 0;

	if (!block->memo->learned)
		learn(block->memo, block->names, block->test);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && set & ~yes; i++) {
		yes |= steps[i](block, set & ~yes);
		ft_filter_ask_ahead(block->ahead, AHEAD_STEP);
	}
	return yes;
}

/* ---- what the run calls */

bool ft_filter_memo_helps(const struct ft_test *test)
{
	switch (test->kind) {
	case FT_TEST_IFACE:
	case FT_TEST_PROCESS:
	case FT_TEST_PID:
	case FT_TEST_USER:
	case FT_TEST_CONTAINER:
	case FT_TEST_WORD:
		return true;
	default:
		return false;
	}
}

uint64_t ft_filter_memo_match(const struct ft_filter_block *block, uint64_t set)
{
	switch (block->test->kind) {
	case FT_TEST_IFACE:
		return match_places(block, set);
	case FT_TEST_WORD:
		return match_word(block, set);
	default:
		return match_owners_and_ask(block, set, 1);
	}
}

/* Only what is said of owners is remembered. */
bool ft_filter_memo_match_one(const struct ft_filter_block *block,
			      const struct ft_subject *subject)
{
	switch (block->test->kind) {
	case FT_TEST_IFACE:
		return ft_filter_test(block->test, subject);
	case FT_TEST_WORD:
		return owners_match(block, subject->hot) ||
		       ft_filter_word_elsewhere(block->test, subject);
	default:
		return owners_match(block, subject->hot);
	}
}

struct ft_filter_memo *ft_filter_memo_new(void)
{
	return xcalloc(1, sizeof(struct ft_filter_memo));
}

void ft_filter_memo_free(struct ft_filter_memo *memo)
{
	if (!memo)
		return;
	ft_digits_free(memo->digits);
	free(memo);
}
