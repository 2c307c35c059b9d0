/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a display filter over one flow. Called for every flow of a snapshot whenever the
 * filter or the snapshot changes, so the toggles and what is in the key come first and no
 * text is made unless a test asks for text.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/addr.h"
#include "core/column_priv.h"
#include "core/filter_priv.h"
#include "core/names.h"

/* What a test looks at. */
struct subject {
	const struct ft_snapshot *snapshot;
	const struct ft_flow_hot *hot;
	const struct ft_flow *flow;
	const struct ft_names *names;
};

/* Ends a test asks about: bit 0 end a, bit 1 end b. src is who began the flow, the local end
 * if that isn't known. */
static unsigned ends_of(const struct ft_flow *flow, uint8_t end)
{
	unsigned local = 1U << ft_flow_tx(flow);
	unsigned src = flow->initiator == FT_END_NONE ? local : 1U << flow->initiator;

	switch (end) {
	case FT_TEST_LOCAL:
		return local;
	case FT_TEST_REMOTE:
		return 3 ^ local;
	case FT_TEST_SRC:
		return src;
	case FT_TEST_DST:
		return 3 ^ src;
	default:
		return 3;
	}
}

static bool match_net(const struct ft_test *test, const struct ft_flow *flow)
{
	unsigned ends = ends_of(flow, test->end);

	return (ends & 1 && ft_net_contains(&test->net, flow->key.addr_a)) ||
	       (ends & 2 && ft_net_contains(&test->net, flow->key.addr_b));
}

static bool in_range(const struct ft_test *test, __be16 port_be)
{
	uint16_t port = ntohs(port_be);

	return port >= test->low && port <= test->high;
}

static bool match_port(const struct ft_test *test, const struct ft_flow *flow)
{
	unsigned ends = ends_of(flow, test->end);

	if (!ft_protocol_has_ports(flow->key.protocol))
		return false;
	return (ends & 1 && in_range(test, flow->key.port_a_be)) ||
	       (ends & 2 && in_range(test, flow->key.port_b_be));
}

/* A number of a flow, as the filter counts. */
static double field_of(const struct subject *subject, uint8_t field)
{
	const struct ft_flow_hot *hot = subject->hot;
	uint64_t end = subject->snapshot->end_ns, from = 0;

	switch (field) {
	case FT_FIELD_RATE:
		return 8 * ((double)hot->rate_bytes[0][0] + (double)hot->rate_bytes[0][1]);
	case FT_FIELD_BYTES:
		return (double)(hot->total[0].bytes + hot->total[1].bytes);
	case FT_FIELD_PACKETS:
		return (double)(hot->total[0].packets + hot->total[1].packets);
	case FT_FIELD_AGE:
		from = subject->flow->first_ns;
		end = hot->ended != FT_ENDED_NOT ? hot->last_ns : end;
		break;
	default:
		from = hot->last_ns;
		break;
	}
	return end > from ? (double)(end - from) : 0;
}

static bool match_compare(const struct ft_test *test, const struct subject *subject)
{
	double value;

	if (test->field == FT_FIELD_RTT)
		return false; /* what isn't known is neither small nor large */
	value = field_of(subject, test->field);
	switch (test->cmp) {
	case FT_TEST_GT:
		return value > test->value;
	case FT_TEST_GE:
		return value >= test->value;
	case FT_TEST_LT:
		return value < test->value;
	case FT_TEST_LE:
		return value <= test->value;
	default:
		return value == test->value;
	}
}

/* ---- texts */

/* True if word (lower case) is a part of text. */
static bool has(const char *text, const char *word)
{
	return text && strcasestr(text, word) != NULL;
}

/* Owners that a flow counts for: the local end's, on loopback both. */
static int owners_of(const struct subject *subject, uint16_t owner[2])
{
	int local = ft_flow_tx(subject->flow);

	owner[0] = ft_flow_owner(subject->hot, local);
	owner[1] = ft_flow_owner(subject->hot, !local);
	return subject->flow->path == FT_PATH_LOOPBACK ? 2 : 1;
}

/* The word a pseudo owner has in the grammar, whatever the screen's language. */
static const char *owner_word(uint16_t owner)
{
	switch (owner) {
	case FT_OWNER_KERNEL:
		return "kernel";
	case FT_OWNER_UNKNOWN:
		return "unknown";
	default:
		return "transit";
	}
}

/* True if the owner's name has the word. */
static bool owner_named(const struct ft_snapshot *snapshot, uint16_t owner, const char *word)
{
	const struct ft_process *process = ft_snapshot_process(snapshot, owner);
	char text[FT_CELL_TEXT];

	if (process)
		return has(process->name, word);
	if (has(owner_word(owner), word))
		return true;
	return has(ft_text_owner(snapshot, owner, false, text, sizeof(text)), word);
}

/* True for a user's whole name, or number. */
static bool is_user(const struct ft_process *process, const char *word)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", process->uid);
	return strcasecmp(process->user, word) == 0 || strcmp(number, word) == 0;
}

/* Tests about owners, one owner. */
static bool match_owner(const struct ft_test *test, const struct ft_snapshot *snapshot,
			uint16_t owner)
{
	const struct ft_process *process = ft_snapshot_process(snapshot, owner);

	switch (test->kind) {
	case FT_TEST_PROCESS:
		return owner_named(snapshot, owner, test->word);
	case FT_TEST_PID:
		return process && (double)process->pid == test->value;
	case FT_TEST_USER:
		return process && is_user(process, test->word);
	case FT_TEST_CONTAINER:
		return process &&
		       (has(process->container, test->word) || has(process->unit, test->word));
	default: /* any word */
		return owner_named(snapshot, owner, test->word) ||
		       (process &&
			(has(process->cmdline, test->word) || has(process->user, test->word) ||
			 has(process->container, test->word) || has(process->unit, test->word)));
	}
}

static bool match_owners(const struct ft_test *test, const struct subject *subject)
{
	uint16_t owner[2];
	int count = owners_of(subject, owner);

	return match_owner(test, subject->snapshot, owner[0]) ||
	       (count == 2 && match_owner(test, subject->snapshot, owner[1]));
}

/* True if a name of the interfaces that carried the flow is (or has) the word. */
static bool match_iface(const struct ft_test *test, const struct subject *subject)
{
	bool whole = test->kind == FT_TEST_IFACE;
	const char *name = ft_snapshot_scope_name(subject->snapshot, subject->flow->key.scope);

	for (int dir = -1; dir < 2; dir++) {
		if (dir >= 0) {
			const struct ft_snapshot_iface *iface =
				ft_snapshot_iface_of(subject->snapshot, subject->hot, dir);

			name = iface ? iface->name : NULL;
		}
		if (name && (whole ? strcasecmp(name, test->word) == 0 : has(name, test->word)))
			return true;
	}
	return false;
}

/* True if an end as it may be shown has the word: address:port, name, service. */
static bool match_end_text(const struct ft_test *test, const struct subject *subject, bool b)
{
	const struct ft_flow_key *key = &subject->flow->key;
	const uint8_t *addr = b ? key->addr_b : key->addr_a;
	uint16_t port = ntohs(b ? key->port_b_be : key->port_a_be);
	bool ports = ft_protocol_has_ports(key->protocol);
	char text[FT_ADDR_TEXT_MAX + 10], address[FT_ADDR_TEXT_MAX];

	if (test->address_like) {
		ft_addr_format(addr, address);
		if (!ports)
			snprintf(text, sizeof(text), "%s", address);
		else
			snprintf(text, sizeof(text), ft_addr_is_v4(addr) ? "%s:%u" : "[%s]:%u",
				 address, port);
		if (strstr(text, test->word))
			return true;
	}
	return subject->names &&
	       (has(ft_names_host(subject->names, addr, NULL), test->word) ||
		(ports && has(ft_names_service(subject->names, port, key->protocol), test->word)));
}

/* True if any column's text has the word. */
static bool match_word(const struct ft_test *test, const struct subject *subject)
{
	static const struct ft_show numbers;
	const struct ft_flow_key *key = &subject->flow->key;
	char text[FT_CELL_TEXT];

	if (has(ft_protocol_name(key->protocol), test->word) ||
	    has(ft_text_state(subject->hot), test->word) || match_owners(test, subject) ||
	    match_end_text(test, subject, false) || match_end_text(test, subject, true) ||
	    match_iface(test, subject))
		return true;
	if (key->vlan_outer && has(ft_text_vlan(key->vlan_outer, key->vlan_inner, text,
						sizeof(text)), test->word))
		return true;
	return !ft_protocol_has_ports(key->protocol) &&
	       has(ft_text_service(&numbers, subject->hot, text, sizeof(text)), test->word);
}

static bool match_test(const struct ft_test *test, const struct subject *subject)
{
	const struct ft_flow_key *key = &subject->flow->key;

	switch (test->kind) {
	case FT_TEST_NET:
		return match_net(test, subject->flow);
	case FT_TEST_PORT:
		return match_port(test, subject->flow);
	case FT_TEST_PROTOCOL:
		return key->protocol == test->low;
	case FT_TEST_IP:
		return key->ip_version == test->low;
	case FT_TEST_VLAN:
		return key->vlan_outer == test->low || (test->low && key->vlan_inner == test->low);
	case FT_TEST_IFACE:
		return match_iface(test, subject);
	case FT_TEST_STATE:
		return strncasecmp(ft_text_state(subject->hot), test->word,
				   strlen(test->word)) == 0;
	case FT_TEST_COMPARE:
		return match_compare(test, subject);
	case FT_TEST_WORD:
		return match_word(test, subject);
	default:
		return match_owners(test, subject);
	}
}

/* True if the keys T U I O A V show flows of this kind. */
static bool is_shown(unsigned shown, const struct ft_flow_key *key)
{
	unsigned version = key->ip_version == 4 ? FT_SHOW_V4 : FT_SHOW_V6;
	unsigned protocol = FT_SHOW_OTHER;

	switch (key->protocol) {
	case IPPROTO_TCP:
		protocol = FT_SHOW_TCP;
		break;
	case IPPROTO_UDP:
		protocol = FT_SHOW_UDP;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		protocol = FT_SHOW_ICMP;
		break;
	}
	return (shown & version) && (shown & protocol);
}

bool ft_filter_match(const struct ft_filter *filter, const struct ft_snapshot *snapshot,
		     const struct ft_flow_hot *flow)
{
	const struct ft_filter_program *program = filter->program;
	struct subject subject = { .snapshot = snapshot, .hot = flow, .flow = flow->flow };
	uint16_t at;

	if (filter->shown != FT_SHOW_ALL && !is_shown(filter->shown, &flow->flow->key))
		return false;
	if (!program)
		return true;
	subject.names = program->names;
	at = program->start;
	while (at < program->count)
		at = match_test(&program->tests[at], &subject) ? program->tests[at].yes
							       : program->tests[at].no;
	return at == FT_FILTER_ACCEPT;
}
