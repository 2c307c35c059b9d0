/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a display filter over flows. Called for every flow of a snapshot whenever the filter or
 * the snapshot changes, so the toggles and what is in the key come first and no text is made
 * unless a test asks for text.
 *
 * A word is looked for in many texts, but a snapshot has few of them beside the addresses: a
 * run remembers the verdict on each owner, port, interface, protocol and state.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/addr.h"
#include "core/column_priv.h"
#include "core/event.h"
#include "core/filter_priv.h"
#include "core/health.h"
#include "core/names.h"
#include "core/socket.h"
#include "core/xalloc.h"

#define MEMO_ADDRESSES 4096 /* a power of two */
#define MEMOS_MAX 8 /* tests of one filter that remember; more are slow, not wrong */

/* Verdicts of one test: 0 = not asked yet, 1 = no, 2 = yes. */
struct memo {
	uint8_t owner[UINT16_MAX + 1];
	uint8_t port[2][UINT16_MAX + 1]; /* TCP, UDP */
	uint8_t iface[FT_MAX_IFACES + 1];
	uint8_t scope[FT_MAX_SCOPES];
	uint8_t protocol[UINT8_MAX + 1];
	uint8_t state[UINT8_MAX + 1]; /* state, ended << 4 */
	uint8_t number[UINT16_MAX + 1]; /* a port in decimal */
	struct {
		uint8_t addr[16];
		uint8_t verdict;
	} addresses[MEMO_ADDRESSES]; /* the last one that fell there */
};

struct ft_filter_run {
	const struct ft_filter *filter;
	const struct ft_snapshot *snapshot;
	struct memo *memos[MEMOS_MAX]; /* of the first tests that ask for texts, in order */
	uint8_t *memo_of;              /* by test: 1 + number, 0 = none */
};

/* What a test looks at. */
struct subject {
	const struct ft_snapshot *snapshot;
	const struct ft_flow_hot *hot;
	const struct ft_flow *flow;
	const struct ft_socket *socket; /* the flow stands for it; NULL = it is one */
	const struct ft_flow_event *event; /* hot and flow are its own; NULL = a flow */
	const struct ft_names *names;
	struct memo *memo; /* of this test; NULL = remember nothing */
};

/* True if the slot knows; *ret_yes is the verdict then. */
static inline bool known(const uint8_t *slot, bool *ret_yes)
{
	*ret_yes = slot && *slot == 2;
	return slot && *slot;
}

/* Notes a verdict, if there is a slot for it. */
static inline bool note(uint8_t *slot, bool yes)
{
	if (slot)
		*slot = yes ? 2 : 1;
	return yes;
}

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

/* Nanoseconds of the socket's smoothed round-trip time; -1 if none is known. */
static double rtt_of(const struct ft_snapshot *snapshot, const struct ft_flow_hot *hot)
{
	const struct ft_health *health = ft_flow_socket(snapshot, hot);
	uint64_t us;

	return health && ft_health_get(health, FT_NUMBER_rtt_us, &us) ? 1000 * (double)us : -1;
}

/* The same of a socket, of which only TCP's numbers are known. */
static double socket_field(const struct ft_socket *socket, uint8_t field)
{
	uint64_t value, more;

	if (field == FT_FIELD_RTT && ft_socket_get(socket, FT_NUMBER_rtt_us, &value))
		return 1000 * (double)value;
	if (field == FT_FIELD_BYTES && ft_socket_get(socket, FT_NUMBER_bytes_acked, &value) &&
	    ft_socket_get(socket, FT_NUMBER_bytes_received, &more))
		return (double)(value + more);
	return -1;
}

/* A number of a flow, as the filter counts; -1 = not known. */
static double field_of(const struct subject *subject, uint8_t field)
{
	const struct ft_flow_hot *hot = subject->hot;
	uint64_t end = subject->snapshot->end_ns, from = 0;

	if (subject->socket)
		return socket_field(subject->socket, field);
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
	case FT_FIELD_RTT:
		return rtt_of(subject->snapshot, hot);
	default:
		from = hot->last_ns;
		break;
	}
	return end > from ? (double)(end - from) : 0;
}

static bool match_compare(const struct ft_test *test, const struct subject *subject)
{
	double value;

	value = field_of(subject, test->field);
	if (value < 0)
		return false; /* what isn't known is neither small nor large */
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
static bool ask_owner(const struct ft_test *test, const struct ft_snapshot *snapshot,
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

/* The same, remembered. */
static bool match_owner(const struct ft_test *test, const struct subject *subject, uint16_t owner)
{
	uint8_t *slot = subject->memo ? &subject->memo->owner[owner] : NULL;
	bool yes;

	if (known(slot, &yes))
		return yes;
	return note(slot, ask_owner(test, subject->snapshot, owner));
}

static bool match_owners(const struct ft_test *test, const struct subject *subject)
{
	uint16_t owner[2];
	int count = owners_of(subject, owner);

	return match_owner(test, subject, owner[0]) ||
	       (count == 2 && match_owner(test, subject, owner[1]));
}

/* True if an interface's name is (or has) the word. */
static bool match_iface_name(const struct ft_test *test, const char *name)
{
	return test->kind == FT_TEST_IFACE ? strcasecmp(name, test->word) == 0
					   : has(name, test->word);
}

/* True if the scope, or an interface that carried the flow, has the name. */
static bool match_iface(const struct ft_test *test, const struct subject *subject)
{
	struct memo *memo = subject->memo;
	uint16_t scope = subject->flow->key.scope;
	uint8_t *slot = memo && scope < FT_MAX_SCOPES ? &memo->scope[scope] : NULL;
	bool yes;

	if (subject->socket)
		return subject->socket->iface[0] && match_iface_name(test, subject->socket->iface);
	if (!known(slot, &yes))
		yes = note(slot, match_iface_name(test, ft_snapshot_scope_name(subject->snapshot,
									       scope)));
	for (int dir = 0; dir < 2 && !yes; dir++) {
		const struct ft_snapshot_iface *iface =
			ft_snapshot_iface_of(subject->snapshot, subject->hot, dir);
		uint16_t number = subject->hot->iface_slot[dir];

		if (!iface)
			continue;
		slot = memo && number <= FT_MAX_IFACES ? &memo->iface[number] : NULL;
		if (!known(slot, &yes))
			yes = note(slot, match_iface_name(test, iface->name));
	}
	return yes;
}

/* True if a text of a few dozen bytes has the word; strstr's start-up costs more than this. */
static bool contains(const char *text, size_t length, const struct ft_test *test)
{
	char last = test->word[test->length - 1];

	for (size_t i = 0; i + test->length <= length; i++)
		if (text[i] == test->word[0] && text[i + test->length - 1] == last &&
		    memcmp(text + i, test->word, test->length) == 0)
			return true;
	return false;
}

/* True if address:port, written as numbers, has a word that may reach beyond the address. */
static bool match_address_port(const struct ft_test *test, const uint8_t addr[16], uint16_t port)
{
	char text[FT_ADDR_TEXT_MAX + 10];
	bool brackets = !ft_addr_is_v4(addr);
	size_t length;

	text[0] = '[';
	ft_addr_format(addr, text + brackets);
	length = strlen(text);
	if (brackets)
		text[length++] = ']';
	text[length++] = ':';
	ft_text_number(port, text + length, sizeof(text) - length);
	return contains(text, length + strlen(text + length), test);
}

/* True if the address has the word. Remembered by address: hosts come again and again. */
static bool match_address(const struct ft_test *test, struct memo *memo, const uint8_t addr[16])
{
	char text[FT_ADDR_TEXT_MAX];
	uint64_t half[2];
	size_t at = 0;
	bool yes;

	if (memo) {
		memcpy(half, addr, sizeof(half));
		at = (half[0] ^ half[1]) * 0x9e3779b97f4a7c15ULL >> 40 & (MEMO_ADDRESSES - 1);
		if (memo->addresses[at].verdict &&
		    memcmp(memo->addresses[at].addr, addr, 16) == 0)
			return memo->addresses[at].verdict == 2;
	}
	ft_addr_format(addr, text);
	yes = contains(text, strlen(text), test);
	if (memo) {
		memcpy(memo->addresses[at].addr, addr, 16);
		memo->addresses[at].verdict = yes ? 2 : 1;
	}
	return yes;
}

/* True if the end, written as numbers, has the word. */
static bool match_numbers(const struct ft_test *test, struct memo *memo, const uint8_t addr[16],
			  uint16_t port, bool ports)
{
	uint8_t *slot = memo ? &memo->number[port] : NULL;
	char text[8];
	bool yes;

	if (ft_addr_is_v4(addr) ? test->v4_like : test->v6_like) {
		if (ports && test->beyond)
			return match_address_port(test, addr, port);
		if (match_address(test, memo, addr))
			return true;
	}
	if (!ports || !test->port_like)
		return false;
	if (known(slot, &yes))
		return yes;
	ft_text_number(port, text, sizeof(text));
	return note(slot, contains(text, strlen(text), test));
}

/* True if the port's service name has the word. */
static bool match_service(const struct ft_test *test, const struct subject *subject, uint16_t port)
{
	uint8_t protocol = subject->flow->key.protocol, *slot = NULL;
	bool yes;

	if (subject->memo && (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP))
		slot = &subject->memo->port[protocol == IPPROTO_UDP][port];
	if (known(slot, &yes))
		return yes;
	return note(slot, has(ft_names_service(subject->names, port, protocol), test->word));
}

/* True if an end as it may be shown has the word: address:port, name, service. */
static bool match_end_text(const struct ft_test *test, const struct subject *subject, bool b)
{
	const struct ft_flow_key *key = &subject->flow->key;
	const uint8_t *addr = b ? key->addr_b : key->addr_a;
	uint16_t port = ntohs(b ? key->port_b_be : key->port_a_be);
	bool ports = ft_protocol_has_ports(key->protocol);

	if (match_numbers(test, subject->memo, addr, port, ports))
		return true;
	return subject->names && (has(ft_names_host(subject->names, addr, NULL), test->word) ||
				  (ports && match_service(test, subject, port)));
}

/* True if the protocol's or the state's name has the word. */
static bool match_kind(const struct ft_test *test, const struct subject *subject)
{
	const struct ft_flow_hot *hot = subject->hot;
	struct memo *memo = subject->memo;
	uint8_t *slot = memo ? &memo->protocol[subject->flow->key.protocol] : NULL;
	bool yes;

	if (!known(slot, &yes))
		yes = note(slot, has(ft_protocol_name(subject->flow->key.protocol), test->word));
	if (yes)
		return true;
	if (subject->socket)
		return has(ft_socket_state(subject->socket), test->word);
	slot = memo ? &memo->state[hot->state | hot->ended << 4] : NULL;
	if (!known(slot, &yes))
		yes = note(slot, has(ft_text_state(hot), test->word));
	return yes;
}

/* True if any column's text has the word. */
static bool match_word(const struct ft_test *test, const struct subject *subject)
{
	static const struct ft_show numbers;
	const struct ft_flow_key *key = &subject->flow->key;
	char text[FT_CELL_TEXT];

	if (match_kind(test, subject) || match_owners(test, subject) ||
	    match_iface(test, subject) || match_end_text(test, subject, false) ||
	    match_end_text(test, subject, true))
		return true;
	if (key->vlan_outer && has(ft_text_vlan(key->vlan_outer, key->vlan_inner, text,
						sizeof(text)), test->word))
		return true;
	return !subject->socket && !ft_protocol_has_ports(key->protocol) &&
	       has(ft_text_service(&numbers, subject->hot, text, sizeof(text)), test->word);
}

static const char *state_of(const struct subject *subject)
{
	return subject->socket ? ft_socket_state(subject->socket) : ft_text_state(subject->hot);
}

/* True if the event's name begins with the word. */
static bool match_event(const struct ft_test *test, const struct ft_flow_event *event)
{
	return event && strncasecmp(ft_event_kind_name((enum ft_event_kind)event->kind),
				    test->word, strlen(test->word)) == 0;
}

/* True if the event's name, or what is said of it, has the word. */
static bool match_event_word(const struct ft_test *test, const struct ft_flow_event *event)
{
	return event && (has(ft_event_kind_name((enum ft_event_kind)event->kind), test->word) ||
			 has(ft_close_name((enum ft_close)event->close), test->word) ||
			 (event->error && has(ft_event_error_name(event->error), test->word)));
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
	case FT_TEST_WAY:
		return test->low == FT_TEST_IN ? ft_flow_is_in(subject->flow)
					       : ft_flow_is_out(subject->flow);
	case FT_TEST_EVENT:
		return match_event(test, subject->event);
	case FT_TEST_STATE:
		return !subject->event &&
		       strncasecmp(state_of(subject), test->word, strlen(test->word)) == 0;
	case FT_TEST_COMPARE:
		return match_compare(test, subject);
	case FT_TEST_WORD:
		return match_word(test, subject) || match_event_word(test, subject->event);
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

/* Follows the program's jumps; run may be NULL. */
static bool match(const struct ft_filter *filter, struct subject subject,
		  struct ft_filter_run *run)
{
	const struct ft_filter_program *program = filter->program;
	uint16_t at;

	subject.flow = subject.hot->flow;
	if (filter->shown != FT_SHOW_ALL && !is_shown(filter->shown, &subject.flow->key))
		return false;
	if (!program)
		return true;
	subject.names = program->names;
	at = program->start;
	while (at < program->count) {
		const struct ft_test *test = &program->tests[at];

		if (run)
			subject.memo = run->memo_of[at] ? run->memos[run->memo_of[at] - 1] : NULL;
		at = match_test(test, &subject) ? test->yes : test->no;
	}
	return at == FT_FILTER_ACCEPT;
}

bool ft_filter_match(const struct ft_filter *filter, const struct ft_snapshot *snapshot,
		     const struct ft_flow_hot *flow)
{
	return match(filter, (struct subject){ .snapshot = snapshot, .hot = flow }, NULL);
}

/* The flow that stands for a socket, with its end as end a; the cold record is the caller's. */
static struct ft_flow_hot stand_in(const struct ft_socket *socket, struct ft_flow *cold)
{
	*cold = (struct ft_flow){
		.key = {
			.port_a_be = socket->local_port_be,
			.port_b_be = socket->remote_port_be,
			.protocol = socket->protocol,
			.ip_version = socket->ip_version,
			.scope = UINT16_MAX,
		},
		.local = FT_END_A,
		.initiator = FT_END_NONE,
		.path = FT_PATH_HOST,
	};
	memcpy(cold->key.addr_a, socket->local, sizeof(cold->key.addr_a));
	memcpy(cold->key.addr_b, socket->remote, sizeof(cold->key.addr_b));
	return (struct ft_flow_hot){
		.flow = cold,
		.owner = { socket->owner, FT_OWNER_FOREIGN },
	};
}

static bool match_socket(const struct ft_filter *filter, const struct ft_snapshot *snapshot,
			 const struct ft_socket *socket, struct ft_filter_run *run)
{
	struct ft_flow cold;
	struct ft_flow_hot hot = stand_in(socket, &cold);

	return match(filter, (struct subject){ .snapshot = snapshot, .hot = &hot,
					       .socket = socket }, run);
}

bool ft_filter_match_event(const struct ft_filter *filter, const struct ft_snapshot *snapshot,
			   const struct ft_flow_event *event)
{
	return match(filter, (struct subject){ .snapshot = snapshot, .hot = &event->hot,
					       .event = event }, NULL);
}

bool ft_filter_match_socket(const struct ft_filter *filter, const struct ft_snapshot *snapshot,
			    const struct ft_socket *socket)
{
	return match_socket(filter, snapshot, socket, NULL);
}

bool ft_filter_run_match_event(struct ft_filter_run *run, const struct ft_flow_event *event)
{
	return match(run->filter, (struct subject){ .snapshot = run->snapshot, .hot = &event->hot,
						    .event = event }, run);
}

bool ft_filter_run_match_socket(struct ft_filter_run *run, const struct ft_socket *socket)
{
	return match_socket(run->filter, run->snapshot, socket, run);
}

/* True for tests that look at texts. */
static bool asks_for_text(const struct ft_test *test)
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
	for (size_t i = 0; i < program->count && memos < MEMOS_MAX; i++) {
		if (!asks_for_text(&program->tests[i]))
			continue;
		run->memos[memos] = xcalloc(1, sizeof(*run->memos[memos]));
		run->memo_of[i] = ++memos;
	}
	return run;
}

bool ft_filter_run_match(struct ft_filter_run *run, const struct ft_flow_hot *flow)
{
	return match(run->filter, (struct subject){ .snapshot = run->snapshot, .hot = flow },
		     run);
}

/* NULL is fine. */
void ft_filter_run_free(struct ft_filter_run *run)
{
	if (!run)
		return;
	for (size_t i = 0; i < MEMOS_MAX; i++)
		free(run->memos[i]);
	free(run->memo_of);
	free(run);
}
