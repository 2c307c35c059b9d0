/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See where.h. Each kind of test has a function that says it in SQL, or says that it can't. They
 * are the other half of core/filter_match.c: what one means, the other means too, and a test
 * holds them against each other.
 *
 * Texts are compared as ASCII, whose letters know no case; words with other bytes are left to
 * filter_match.c, since there the locale decides.
 */
#include "clickhouse/where.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/filter_priv.h"
#include "core/nls.h"
#include "core/rows.h"

#define SQL_MAX 65536 /* the server takes no query of more than four times that */

struct where {
	struct ft_sql *to;
	const struct ft_filter_program *program;
	bool newest;
	const char *prefix; /* of columns */
	uint64_t end_ns;
};

/* ---- pieces */

/* A column of the level. */
static void column(const struct where *where, const char *side, const char *name)
{
	ft_sql_printf(where->to, "`%s%s%s`", where->prefix, side, name);
}

static bool is_ascii(const char *word)
{
	for (; *word; word++)
		if ((unsigned char)*word >= 0x80)
			return false;
	return true;
}

/* The column has the word, or is the word. */
static void has(const struct where *where, const char *side, const char *name, const char *word)
{
	ft_sql_printf(where->to, "positionCaseInsensitive(");
	column(where, side, name);
	ft_sql_printf(where->to, ", ");
	ft_sql_text(where->to, word);
	ft_sql_printf(where->to, ") > 0");
}

static void is(const struct where *where, const char *side, const char *name, const char *word)
{
	ft_sql_printf(where->to, "lower(");
	column(where, side, name);
	ft_sql_printf(where->to, ") = ");
	ft_sql_text(where->to, word);
}

/* column IN ('a','b'), or 0 for no words. */
static void in_words(const struct where *where, const char *name, const char *const *words,
		     size_t count)
{
	if (count == 0) {
		ft_sql_printf(where->to, "0");
		return;
	}
	column(where, "", name);
	for (size_t i = 0; i < count; i++) {
		ft_sql_printf(where->to, i ? "," : " IN (");
		ft_sql_text(where->to, words[i]);
	}
	ft_sql_printf(where->to, ")");
}

/* ---- what is the same in all rows of a flow */

typedef void one_end(const struct where *where, const struct ft_test *test, const char *side);

/* The test at the ends that it asks about. */
static bool at_ends(const struct where *where, const struct ft_test *test, one_end *put)
{
	bool src = test->end == FT_TEST_SRC, dst = test->end == FT_TEST_DST;

	if (test->end == FT_TEST_LOCAL || test->end == FT_TEST_REMOTE) {
		put(where, test, test->end == FT_TEST_LOCAL ? "local_" : "remote_");
		return true;
	}
	if (src || dst) { /* the local end began it, if that isn't known */
		ft_sql_printf(where->to, "if(");
		column(where, "", "initiator");
		ft_sql_printf(where->to, " = 'remote', ");
		put(where, test, src ? "remote_" : "local_");
		ft_sql_printf(where->to, ", ");
		put(where, test, src ? "local_" : "remote_");
		ft_sql_printf(where->to, ")");
		return true;
	}
	put(where, test, "local_");
	ft_sql_printf(where->to, " OR ");
	put(where, test, "remote_");
	return true;
}

/* Sixteen bytes, as SQL. */
static void address(const struct where *where, const uint8_t addr[16])
{
	ft_sql_printf(where->to, "unhex('");
	for (int i = 0; i < 16; i++)
		ft_sql_printf(where->to, "%02x", addr[i]);
	ft_sql_printf(where->to, "')");
}

static void put_net(const struct where *where, const struct ft_test *test, const char *side)
{
	uint8_t low[16], high[16];

	for (unsigned i = 0; i < 16; i++) {
		unsigned bits = test->net.prefix <= i * 8 ? 0 : test->net.prefix - i * 8;
		uint8_t mask = bits >= 8 ? 0xff : (uint8_t)(0xff00U >> bits);

		low[i] = test->net.addr[i] & mask;
		high[i] = low[i] | (uint8_t)~mask;
	}
	ft_sql_printf(where->to, "(");
	column(where, side, "bytes");
	ft_sql_printf(where->to, " >= ");
	address(where, low);
	ft_sql_printf(where->to, " AND ");
	column(where, side, "bytes");
	ft_sql_printf(where->to, " <= ");
	address(where, high);
	ft_sql_printf(where->to, ")");
}

static bool say_net(const struct where *where, const struct ft_test *test)
{
	return at_ends(where, test, put_net);
}

static void put_port(const struct where *where, const struct ft_test *test, const char *side)
{
	ft_sql_printf(where->to, "(");
	column(where, side, "port");
	ft_sql_printf(where->to, " BETWEEN %u AND %u)", test->low, test->high);
}

static bool say_port(const struct where *where, const struct ft_test *test)
{
	const char *before = " IN (";

	column(where, "", "protocol");
	for (unsigned i = 0; i <= UINT8_MAX; i++)
		if (ft_protocol_has_ports((uint8_t)i)) {
			ft_sql_printf(where->to, "%s%u", before, i);
			before = ",";
		}
	ft_sql_printf(where->to, ") AND (");
	at_ends(where, test, put_port);
	ft_sql_printf(where->to, ")");
	return true;
}

static bool say_protocol(const struct where *where, const struct ft_test *test)
{
	column(where, "", "protocol");
	ft_sql_printf(where->to, " = %u", test->low);
	return true;
}

static bool say_ip(const struct where *where, const struct ft_test *test)
{
	column(where, "", "ip_version");
	ft_sql_printf(where->to, " = %u", test->low);
	return true;
}

static bool say_vlan(const struct where *where, const struct ft_test *test)
{
	column(where, "", "vlan");
	ft_sql_printf(where->to, " = %u", test->low);
	if (test->low) {
		ft_sql_printf(where->to, " OR ");
		column(where, "", "vlan_inner");
		ft_sql_printf(where->to, " = %u", test->low);
	}
	return true;
}

static bool say_iface(const struct where *where, const struct ft_test *test)
{
	if (!is_ascii(test->word))
		return false;
	ft_sql_printf(where->to, "lower(substring(");
	column(where, "", "interface");
	ft_sql_printf(where->to, ", 1, %d)) = ", IFNAMSIZ - 1);
	ft_sql_text(where->to, test->word);
	return true;
}

static bool say_observer(const struct where *where, const struct ft_test *test)
{
	if (!is_ascii(test->word))
		return false;
	is(where, "", "observer", test->word);
	return true;
}

static bool say_way(const struct where *where, const struct ft_test *test)
{
	column(where, "", "initiator");
	ft_sql_printf(where->to, " = '%s'", test->low == FT_TEST_IN ? "remote" : "local");
	return true;
}

/* No flow is an event. */
static bool say_event(const struct where *where, const struct ft_test *test)
{
	(void)test;
	ft_sql_printf(where->to, "0");
	return true;
}

/* ---- what the newest row decides */

/* An owner that is no process: the words that the grammar has for it. */
static bool names_pseudo(const char *owner, const char *word)
{
	if (strcmp(owner, "kernel") == 0)
		return strcasestr("kernel", word) || strcasestr(_("kernel"), word);
	if (strcmp(owner, "unknown") == 0)
		return strcasestr("unknown", word) || strcasestr(_("unknown"), word);
	return strcasestr("transit", word) || strcasestr(_("transit"), word);
}

/* The columns of an end's owner. */
struct owner_columns {
	const char *side, *process;
};

static void put_process(const struct where *where, const struct ft_test *test,
			const struct owner_columns *of)
{
	static const char *const pseudo[] = { "unknown", "kernel", "transit", "foreign" };

	ft_sql_printf(where->to, "if(");
	column(where, of->side, "owner");
	ft_sql_printf(where->to, " = 'process', ");
	has(where, "", of->process, test->word);
	ft_sql_printf(where->to, ", ");
	column(where, of->side, "owner");
	ft_sql_printf(where->to, " IN (''");
	for (size_t i = 0; i < sizeof(pseudo) / sizeof(pseudo[0]); i++)
		if (names_pseudo(pseudo[i], test->word))
			ft_sql_printf(where->to, ",'%s'", pseudo[i]);
	ft_sql_printf(where->to, "))");
}

static void put_pid(const struct where *where, const struct ft_test *test,
		    const struct owner_columns *of)
{
	column(where, of->side, "owner");
	ft_sql_printf(where->to, " = 'process' AND ");
	column(where, of->side, "pid");
	ft_sql_printf(where->to, " = %.0f", test->value);
}

static void put_user(const struct where *where, const struct ft_test *test,
		     const struct owner_columns *of)
{
	column(where, of->side, "owner");
	ft_sql_printf(where->to, " = 'process' AND (");
	is(where, of->side, "user", test->word);
	ft_sql_printf(where->to, " OR toString(");
	column(where, of->side, "uid");
	ft_sql_printf(where->to, ") = ");
	ft_sql_text(where->to, test->word);
	ft_sql_printf(where->to, ")");
}

static void put_container(const struct where *where, const struct ft_test *test,
			  const struct owner_columns *of)
{
	column(where, of->side, "owner");
	ft_sql_printf(where->to, " = 'process' AND (");
	has(where, of->side, "container", test->word);
	ft_sql_printf(where->to, " OR ");
	has(where, of->side, "unit", test->word);
	ft_sql_printf(where->to, ")");
}

/* The owner of the local end, on loopback either. */
static bool say_owner(const struct where *where, const struct ft_test *test)
{
	static const struct owner_columns local = { "", "process" };
	static const struct owner_columns remote = { "remote_", "remote_process_name" };
	void (*put)(const struct where *, const struct ft_test *, const struct owner_columns *) =
		test->kind == FT_TEST_PROCESS ? put_process : test->kind == FT_TEST_PID ? put_pid :
		test->kind == FT_TEST_USER ? put_user : put_container;

	if (test->kind != FT_TEST_PID && !is_ascii(test->word))
		return false;
	ft_sql_printf(where->to, "(");
	put(where, test, &local);
	ft_sql_printf(where->to, ") OR ");
	column(where, "", "path");
	ft_sql_printf(where->to, " = 'loopback' AND (");
	put(where, test, &remote);
	ft_sql_printf(where->to, ")");
	return true;
}

/* True if the name begins with the word. */
static bool begins(const char *name, const char *word)
{
	return strncasecmp(name, word, strlen(word)) == 0;
}

/* ft_text_state: why it ended, where that says more than its state. */
static bool say_state(const struct where *where, const struct ft_test *test)
{
	static const enum ft_end_reason reasons[] = { FT_ENDED_IDLE, FT_ENDED_EVICTED,
						      FT_ENDED_INTERFACE };
	const char *all[3], *ended[3], *states[FT_STATE_MAX];
	size_t ended_count = 0, state_count = 0;

	for (size_t i = 0; i < 3; i++) {
		all[i] = ft_end_reason_name(reasons[i]);
		if (begins(all[i], test->word))
			ended[ended_count++] = all[i];
	}
	for (int i = 0; i < FT_STATE_MAX; i++)
		if (begins(ft_state_name((enum ft_state)i), test->word))
			states[state_count++] = i == FT_STATE_NONE ? "" :
							 ft_state_name((enum ft_state)i);
	ft_sql_printf(where->to, "if(");
	in_words(where, "ended", all, 3);
	ft_sql_printf(where->to, ", ");
	in_words(where, "ended", ended, ended_count);
	ft_sql_printf(where->to, ", ");
	in_words(where, "state", states, state_count);
	ft_sql_printf(where->to, ")");
	return true;
}

/* The sum of both ways. */
static void put_total(const struct where *where, const char *what)
{
	ft_sql_printf(where->to, "toFloat64(");
	column(where, "total_tx_", what);
	ft_sql_printf(where->to, " + ");
	column(where, "total_rx_", what);
	ft_sql_printf(where->to, ")");
}

/* Nanoseconds from a column's moment on, to the end of the flow or the moment that is asked for. */
static void put_since(const struct where *where, const char *from, bool to_end)
{
	char now[40];

	snprintf(now, sizeof(now), "toUInt64(%llu)", (unsigned long long)where->end_ns);
	ft_sql_printf(where->to, "toFloat64(greatest(toInt64(");
	if (to_end) {
		ft_sql_printf(where->to, "if(");
		column(where, "", "ended");
		ft_sql_printf(where->to, " NOT IN ('', 'stop'), ");
		column(where, "", "last_ns");
		ft_sql_printf(where->to, ", %s)", now);
	} else {
		ft_sql_printf(where->to, "%s", now);
	}
	ft_sql_printf(where->to, ") - toInt64(");
	column(where, "", from);
	ft_sql_printf(where->to, "), 0))");
}

static bool say_compare(const struct where *where, const struct ft_test *test)
{
	static const char *const signs[] = {
		[FT_TEST_GT] = ">", [FT_TEST_GE] = ">=", [FT_TEST_LT] = "<", [FT_TEST_LE] = "<=",
		[FT_TEST_EQ] = "=",
	};

	switch (test->field) {
	case FT_FIELD_BYTES:
		put_total(where, "bytes");
		break;
	case FT_FIELD_PACKETS:
		put_total(where, "packets");
		break;
	case FT_FIELD_AGE:
		put_since(where, "first_ns", true);
		break;
	case FT_FIELD_IDLE:
		put_since(where, "last_ns", false);
		break;
	default: /* rates are summed here; of round-trip times rows say nothing */
		return false;
	}
	ft_sql_printf(where->to, " %s toFloat64(%.17g)", signs[test->cmp], test->value);
	return true;
}

/* ---- the tree */

struct saying {
	bool (*say)(const struct where *where, const struct ft_test *test);
	bool changes; /* in a flow's life: only its newest row tells */
};
static const struct saying sayings[] = {
	[FT_TEST_NET] = { say_net, false },
	[FT_TEST_PORT] = { say_port, false },
	[FT_TEST_PROTOCOL] = { say_protocol, false },
	[FT_TEST_IP] = { say_ip, false },
	[FT_TEST_VLAN] = { say_vlan, false },
	[FT_TEST_IFACE] = { say_iface, false },
	[FT_TEST_OBSERVER] = { say_observer, false },
	[FT_TEST_PROCESS] = { say_owner, true },
	[FT_TEST_PID] = { say_owner, true },
	[FT_TEST_USER] = { say_owner, true },
	[FT_TEST_CONTAINER] = { say_owner, true },
	[FT_TEST_STATE] = { say_state, true },
	[FT_TEST_WAY] = { say_way, false },
	[FT_TEST_EVENT] = { say_event, false },
	[FT_TEST_COMPARE] = { say_compare, true },
	[FT_TEST_WORD] = { NULL, false },
};

/* One test, or its contrary. */
static void put_test(const struct where *where, const struct ft_test *test, bool contrary)
{
	const struct saying *saying = &sayings[test->kind];
	size_t before = where->to->used;

	ft_sql_printf(where->to, contrary ? "NOT (" : "(");
	if (saying->say && (where->newest || !saying->changes) && saying->say(where, test)) {
		ft_sql_printf(where->to, ")");
		return;
	}
	where->to->used = before;
	ft_sql_printf(where->to, "1");
}

/* A node, or its contrary, which goes down to the tests: so that 1 for "can't say" is right in
 * both. */
static void put_node(const struct where *where, size_t index, bool contrary)
{
	const struct ft_node *nodes = where->program->nodes, *node = &nodes[index];

	if (node->kind == FT_NODE_TEST) {
		put_test(where, &where->program->tests[node->test], contrary);
		return;
	}
	if (node->kind == FT_NODE_NOT) {
		put_node(where, node->child - 1, !contrary);
		return;
	}
	ft_sql_printf(where->to, "(");
	for (size_t i = node->child; i; i = nodes[i - 1].before) {
		if (i != node->child)
			ft_sql_printf(where->to, (node->kind == FT_NODE_ALL) != contrary ? " AND " :
											   " OR ");
		put_node(where, i - 1, contrary);
	}
	ft_sql_printf(where->to, ")");
}

/* What the keys T U I O A V show. */
static void put_shown(const struct where *where, unsigned shown)
{
	static const struct {
		unsigned bit;
		const char *name, *values;
	} kinds[] = {
		{ FT_SHOW_V4, "ip_version", "= 4" },
		{ FT_SHOW_V6, "ip_version", "= 6" },
		{ FT_SHOW_TCP, "protocol", "= 6" },
		{ FT_SHOW_UDP, "protocol", "= 17" },
		{ FT_SHOW_ICMP, "protocol", "IN (1,58)" },
		{ FT_SHOW_OTHER, "protocol", "NOT IN (1,6,17,58)" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (shown & kinds[i].bit)
			continue;
		ft_sql_printf(where->to, " AND NOT (");
		column(where, "", kinds[i].name);
		ft_sql_printf(where->to, " %s)", kinds[i].values);
	}
}

void ft_ch_where(struct ft_sql *to, const struct ft_filter *filter, enum ft_ch_level level,
		 uint64_t end_ns)
{
	struct where where = {
		.to = to,
		.program = filter->program,
		.newest = level == FT_CH_NEWEST,
		.prefix = level == FT_CH_NEWEST ? "n_" : "",
		.end_ns = end_ns,
	};
	size_t before = to->used;

	if (where.program)
		put_node(&where, where.program->root, false);
	else
		ft_sql_printf(to, "1");
	put_shown(&where, filter->shown);
	if (to->used - before <= SQL_MAX)
		return;
	to->used = before;
	ft_sql_printf(to, "1");
}
