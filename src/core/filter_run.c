/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a display filter over the many rows of a snapshot, whenever the filter or the snapshot
 * changes: up to a million at a key press. It says what filter_match.c says.
 *
 *   64 at a time  A set of rows is a word of 64 bits. Every test has the set of those that have
 *                 come to it; its answers split the set between the two tests (or answers) to go
 *                 on at. Those are always behind it, so one pass over the tests does for all 64,
 *                 and a row's way through the filter costs no branch that nobody can foresee.
 *   memory        Tests that look at texts remember what they said of each (filter_memo.c).
 *
 * Sockets and events come one by one, and are asked plainly but for their owners.
 */
#include "core/filter_run.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/column.h"
#include "core/event.h"
#include "core/rows.h"
#include "core/socket.h"
#include "core/xalloc.h"

#define MEMOS_MAX 8 /* tests of one filter that remember; more are slow, not wrong */

struct ft_filter_run {
	const struct ft_filter *filter;
	const struct ft_snapshot *snapshot;
	struct ft_filter_memo *memos[MEMOS_MAX]; /* of the first tests that ask for texts, in order */
	uint8_t *memo_of;              /* by test: 1 + number, 0 = none */
	uint64_t *waiting;             /* by test: rows that have come to it */
};

void ft_filter_ask_ahead(struct ft_filter_ahead *ahead, size_t count)
{
	for (; count > 0 && ahead->next < ahead->end; count--, ahead->next++) {
		const char *cold = (const char *)ahead->next->flow; /* it may lie anywhere */

		if (ahead->rows_end - ahead->next > FT_FILTER_ROWS) {
			const struct ft_flow_hot *later = ahead->next + FT_FILTER_ROWS;

			__builtin_prefetch(later);
			__builtin_prefetch((const char *)(later + 1) - 1);
		}
		__builtin_prefetch(cold);
		__builtin_prefetch(cold + sizeof(*ahead->next->flow) - 1);
	}
}

/* ---- what is in the key */

static uint64_t match_protocol(const struct ft_filter_block *block, uint64_t set)
{
	uint8_t protocol = (uint8_t)block->test->low;
	uint64_t yes = 0;

	for_each_row(i, set) {
		yes |= ft_row_bit(block->rows[i].flow->key.protocol == protocol, i);
		ft_filter_ask_ahead(block->ahead, 1);
	}
	return yes;
}

static uint64_t match_port(const struct ft_filter_block *block, uint64_t set)
{
	const struct ft_test *test = block->test;
	uint16_t width = (uint16_t)(test->high - test->low);
	uint64_t yes = 0;

	for_each_row(i, set) {
		const struct ft_flow *flow = block->rows[i].flow;
		unsigned ends = ft_filter_ends(flow, test->end);
		uint16_t a = (uint16_t)(ntohs(flow->key.port_a_be) - test->low);
		uint16_t b = (uint16_t)(ntohs(flow->key.port_b_be) - test->low);
		unsigned hit = (unsigned)(a <= width) | (unsigned)(b <= width) << 1;

		yes |= ft_row_bit((ends & hit) && ft_protocol_has_ports(flow->key.protocol), i);
		ft_filter_ask_ahead(block->ahead, 1);
	}
	return yes;
}

/* An address or a mask as two numbers. */
struct wide {
	uint64_t half[2];
};

static inline struct wide wide_of(const uint8_t addr[16])
{
	struct wide wide;

	memcpy(&wide, addr, sizeof(wide));
	return wide;
}

static inline bool in_net(const uint8_t addr[16], struct wide net, struct wide mask)
{
	struct wide wide = wide_of(addr);

	return (((wide.half[0] ^ net.half[0]) & mask.half[0]) |
		((wide.half[1] ^ net.half[1]) & mask.half[1])) == 0;
}

static uint64_t match_net(const struct ft_filter_block *block, uint64_t set)
{
	const struct ft_test *test = block->test;
	struct wide net = wide_of(test->net.addr), mask;
	uint8_t octets[16];
	uint64_t yes = 0;

	for (unsigned i = 0; i < 16; i++) {
		unsigned bits = test->net.prefix > 8 * i ? test->net.prefix - 8 * i : 0;

		octets[i] = bits >= 8 ? 0xff : (uint8_t)(0xff00 >> bits);
	}
	mask = wide_of(octets);
	for_each_row(i, set) {
		const struct ft_flow *flow = block->rows[i].flow;
		unsigned hit = (unsigned)in_net(flow->key.addr_a, net, mask) |
			       (unsigned)in_net(flow->key.addr_b, net, mask) << 1;

		yes |= ft_row_bit(ft_filter_ends(flow, test->end) & hit, i);
		ft_filter_ask_ahead(block->ahead, 1);
	}
	return yes;
}

/* ---- tests */

/* An amount compared. */
static uint64_t match_amount(const struct ft_filter_block *block, uint64_t set)
{
	const struct ft_test *test = block->test;
	uint64_t yes = 0;

	for_each_row(i, set) {
		double amount = ft_filter_amount(&block->rows[i], test->field);

		yes |= ft_row_bit(ft_filter_compares(test, amount), i);
		ft_filter_ask_ahead(block->ahead, 1);
	}
	return yes;
}

/* Any test, plainly. */
static uint64_t match_plain(const struct ft_filter_block *block, uint64_t set)
{
	struct ft_subject subject = { .snapshot = block->snapshot, .names = block->names };
	uint64_t yes = 0;

	for_each_row(i, set) {
		subject.hot = &block->rows[i];
		subject.flow = subject.hot->flow;
		yes |= ft_row_bit(ft_filter_test(block->test, &subject), i);
		ft_filter_ask_ahead(block->ahead, 1);
	}
	return yes;
}

/* The rows of a set for which the block's test holds. */
static uint64_t match_test(const struct ft_filter_block *block, uint64_t set)
{
	const struct ft_test *test = block->test;

	if (block->memo)
		return ft_filter_memo_match(block, set);
	switch (test->kind) {
	case FT_TEST_PROTOCOL:
		return match_protocol(block, set);
	case FT_TEST_PORT:
		return match_port(block, set);
	case FT_TEST_NET:
		return match_net(block, set);
	case FT_TEST_COMPARE:
		return test->field <= FT_FIELD_PACKETS ? match_amount(block, set)
						       : match_plain(block, set);
	default:
		return match_plain(block, set);
	}
}

/* Rows that the keys show. */
static uint64_t match_shown(const struct ft_filter_run *run, const struct ft_flow_hot *rows,
			    uint64_t set)
{
	uint64_t yes = 0;

	if (run->filter->shown == FT_SHOW_ALL)
		return set;
	for_each_row(i, set)
		yes |= ft_row_bit(ft_filter_shows(run->filter->shown, &rows[i].flow->key), i);
	return yes;
}

/* Sends rows on from a test. */
static void go_on(struct ft_filter_run *run, uint16_t target, uint64_t set, uint64_t *accepted)
{
	if (target < run->filter->program->count)
		run->waiting[target] |= set;
	else if (target == FT_FILTER_ACCEPT)
		*accepted |= set;
}

/* What number `at` of the tests needs to be asked. */
static struct ft_filter_block block_for(struct ft_filter_run *run, size_t at)
{
	return (struct ft_filter_block){
		.snapshot = run->snapshot, .names = run->filter->program->names,
		.test = &run->filter->program->tests[at],
		.memo = run->memo_of[at] ? run->memos[run->memo_of[at] - 1] : NULL,
	};
}

uint64_t ft_filter_run_match_rows(struct ft_filter_run *run, const struct ft_flow_hot *rows,
				  size_t count, size_t ahead)
{
	const struct ft_filter_program *program = run->filter->program;
	uint64_t set = match_shown(run, rows, UINT64_MAX >> (FT_FILTER_ROWS - count));
	struct ft_filter_ahead to_come = {
		.next = rows + count, .rows_end = rows + count + ahead,
		.end = rows + count + (ahead < FT_FILTER_ROWS ? ahead : FT_FILTER_ROWS),
	};
	uint64_t accepted = program ? 0 : set;

	if (program)
		run->waiting[program->start] = set;
	for (size_t at = 0; program && at < program->count; at++) {
		struct ft_filter_block block;
		uint64_t yes;

		set = run->waiting[at];
		if (!set)
			continue;
		run->waiting[at] = 0;
		block = block_for(run, at);
		block.rows = rows;
		block.ahead = &to_come;
		yes = match_test(&block, set);
		go_on(run, block.test->yes, yes, &accepted);
		go_on(run, block.test->no, set & ~yes, &accepted);
	}
	ft_filter_ask_ahead(&to_come, FT_FILTER_ROWS);
	return accepted;
}

bool ft_filter_run_match(struct ft_filter_run *run, const struct ft_flow_hot *flow)
{
	return ft_filter_run_match_rows(run, flow, 1, 0);
}

/* ---- sockets and events */

/* Follows the program's jumps. */
static bool match_one(struct ft_filter_run *run, const struct ft_subject *subject)
{
	const struct ft_filter_program *program = run->filter->program;
	uint16_t at;

	if (!ft_filter_shows(run->filter->shown, &subject->flow->key))
		return false;
	if (!program)
		return true;
	at = program->start;
	while (at < program->count) {
		const struct ft_filter_block block = block_for(run, at);
		bool yes = block.memo ? ft_filter_memo_match_one(&block, subject)
				      : ft_filter_test(block.test, subject);

		at = yes ? block.test->yes : block.test->no;
	}
	return at == FT_FILTER_ACCEPT;
}

/* Names that the filter knows. */
static const struct ft_names *names_of(const struct ft_filter_run *run)
{
	return run->filter->program ? run->filter->program->names : NULL;
}

bool ft_filter_run_match_event(struct ft_filter_run *run, const struct ft_flow_event *event)
{
	const struct ft_subject subject = {
		.snapshot = run->snapshot, .names = names_of(run), .hot = &event->hot,
		.flow = event->hot.flow, .event = event,
	};

	return match_one(run, &subject);
}

bool ft_filter_run_match_socket(struct ft_filter_run *run, const struct ft_socket *socket)
{
	struct ft_stand_in flow;
	const struct ft_subject subject = {
		.snapshot = run->snapshot, .names = names_of(run), .hot = &flow.hot,
		.flow = &flow.cold, .socket = socket,
	};

	ft_filter_stand_in(socket, &flow);
	return match_one(run, &subject);
}

/* ---- a run */

struct ft_filter_run *ft_filter_run_new(const struct ft_filter *filter,
					const struct ft_snapshot *snapshot)
{
	struct ft_filter_run *run = xcalloc(1, sizeof(*run));
	const struct ft_filter_program *program = filter->program;
	uint8_t memos = 0;

	run->filter = filter;
	run->snapshot = snapshot;
	if (!program)
		return run;
	run->memo_of = xcalloc(program->count, sizeof(*run->memo_of));
	run->waiting = xcalloc(program->count, sizeof(*run->waiting));
	for (size_t i = 0; i < program->count && memos < MEMOS_MAX; i++) {
		if (!ft_filter_memo_helps(&program->tests[i]))
			continue;
		run->memos[memos] = ft_filter_memo_new();
		run->memo_of[i] = ++memos;
	}
	return run;
}

/* NULL is fine. */
void ft_filter_run_free(struct ft_filter_run *run)
{
	if (!run)
		return;
	for (size_t i = 0; i < MEMOS_MAX; i++)
		ft_filter_memo_free(run->memos[i]);
	free(run->memo_of);
	free(run->waiting);
	free(run);
}
